internal import CSRIssuer
internal import KubeadmWriter
internal import LocalTransport
internal import OpenSSHTransport
internal import OpenSSLIssuer
internal import ProcessSupervisor
public import QuorateCore
internal import SSHTransport
internal import StaticPod
internal import SystemdEtcd
internal import SystemdKubelet
internal import UnitFile

/// The plugins that come with Quorate, one line each.
public enum BundledPlugins {
  /// All of them, of every kind.
  public static let all: [PluginRegistration] = [
    OpenSSLIssuer.registration,
    CSRIssuer.registration,
    LocalTransport.registration,
    SSHTransport.registration,
    OpenSSHTransport.registration,
    ProcessSupervisor.registration,
    SystemdKubelet.registration,
    SystemdEtcd.registration,
    StaticPod.registration,
    KubeadmWriter.registration,
    UnitFile.registration,
  ]
}
