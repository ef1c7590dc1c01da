import QuorateBundle
import QuorateCore

@testable import quorate

/// The plugins that a scenario chooses, a line of the configuration each.
struct PluginChoices: Sendable, CustomStringConvertible {
  var transport: String
  var serviceManager: String
  var manifestWriter: String

  init(_ transport: String, _ serviceManager: String, _ manifestWriter: String) {
    self.transport = transport
    self.serviceManager = serviceManager
    self.manifestWriter = manifestWriter
  }

  /// The guide's.
  static let guide = PluginChoices("ssh", "systemd-kubelet", "static-pod")
  /// Hosts without a kubelet.
  static let ownUnit = PluginChoices("ssh", "systemd-etcd", "unit-file")

  /// Every way in which a cluster is made on the lab's hosts, those whose plugins are there.
  static let all = [
    PluginChoices("ssh", "systemd-kubelet", "static-pod"),
    PluginChoices("ssh", "systemd-kubelet", "kubeadm"),
    PluginChoices("ssh", "systemd-etcd", "unit-file"),
    PluginChoices("openssh", "systemd-kubelet", "static-pod"),
    PluginChoices("openssh", "systemd-kubelet", "kubeadm"),
    PluginChoices("openssh", "systemd-etcd", "unit-file"),
  ].filter(\.areThere)

  private var areThere: Bool {
    let known = Set(BundledPlugins.all.map { "\($0.descriptor.kind.rawValue) \($0.descriptor.id)" })
    return known.isSuperset(of: [
      "transport \(transport)", "serviceManager \(serviceManager)", "manifestWriter \(manifestWriter)",
    ])
  }

  var description: String { "\(transport), \(serviceManager) + \(manifestWriter)" }
}
