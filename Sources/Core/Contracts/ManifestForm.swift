/// What a manifest is: what a ``ManifestWriter`` writes and a ``ServiceManager`` runs. Both say it in their descriptors, so
/// that two which do not fit are refused before a host is reached.
public struct ManifestForm: Sendable, Codable, Hashable, RawRepresentable {
  /// The form's name.
  public var rawValue: String

  /// Makes a form; a plugin may have one of its own.
  public init(rawValue: String) { self.rawValue = rawValue }

  /// A pod's manifest in the kubelet's manifests folder (``HostLayout/staticPodManifest``).
  public static let staticPod = ManifestForm(rawValue: "static-pod")
  /// A ``MemberUnit`` at ``HostLayout/memberUnit``.
  public static let memberUnit = ManifestForm(rawValue: "member-unit")
}

/// A service manager and a manifest writer, side by side.
public struct PluginCombination: Sendable, Hashable, CustomStringConvertible {
  /// The service manager's id.
  public var serviceManager: String
  /// The manifest writer's id.
  public var manifestWriter: String

  /// Makes a combination.
  public init(serviceManager: String, manifestWriter: String) {
    self.serviceManager = serviceManager
    self.manifestWriter = manifestWriter
  }

  /// `systemd-kubelet + static-pod`.
  public var description: String { "\(serviceManager) + \(manifestWriter)" }

  /// The combinations that work, by name.
  public static func fitting(among plugins: [PluginDescriptor]) -> [PluginCombination] {
    let writers = plugins.filter { $0.kind == .manifestWriter }.sorted { $0.id < $1.id }
    return plugins.filter { $0.kind == .serviceManager }.sorted { $0.id < $1.id }.flatMap { manager in
      writers.filter(manager.fits).map {
        PluginCombination(serviceManager: manager.id, manifestWriter: $0.id)
      }
    }
  }
}

extension PluginDescriptor {
  /// Whether a service manager runs what a manifest writer writes. Where one of them does not say its form, nobody knows
  /// better than the user.
  public func fits(_ other: PluginDescriptor) -> Bool {
    guard let manifestForm, let form = other.manifestForm else { return true }
    return manifestForm == form
  }
}
