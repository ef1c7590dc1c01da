internal import LocalTransport
internal import OpenSSLIssuer
internal import ProcessSupervisor
internal import QuorateCore
internal import SSHTransport
internal import StaticPod
internal import SystemdKubelet
internal import UnitFile

/// The plugins that come with Quorate, one line each.
enum BundledPlugins {
  static let all: [PluginRegistration] = [
    OpenSSLIssuer.registration,
    LocalTransport.registration,
    SSHTransport.registration,
    ProcessSupervisor.registration,
    SystemdKubelet.registration,
    StaticPod.registration,
    UnitFile.registration,
  ]
}
