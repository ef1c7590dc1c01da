/// The four plugins of a run, made from the configuration.
public struct PluginSet: Sendable {
  /// Reaches the hosts.
  public var transport: any Transport
  /// Issues certificates.
  public var issuer: any CertIssuer
  /// Runs the members.
  public var serviceManager: any ServiceManager
  /// Describes the members.
  public var manifestWriter: any ManifestWriter

  /// Makes a set.
  public init(
    transport: any Transport, issuer: any CertIssuer, serviceManager: any ServiceManager,
    manifestWriter: any ManifestWriter
  ) {
    self.transport = transport
    self.issuer = issuer
    self.serviceManager = serviceManager
    self.manifestWriter = manifestWriter
  }

  /// What the plugins that a specification names say against their settings, each asked by itself; nothing is kept.
  ///
  /// - Parameters:
  ///   - spec: The specification; its settings were checked against the plugins' schemas.
  ///   - registrations: The plugins there are.
  ///   - context: What every plugin is given.
  public static func refusals(
    of spec: ClusterSpec, from registrations: [PluginRegistration], context: PluginContext
  ) -> [(kind: PluginKind, error: PluginError)] {
    let choices: [(PluginKind, PluginChoice)] = [
      (.transport, spec.transport), (.certIssuer, spec.issuer), (.serviceManager, spec.serviceManager),
      (.manifestWriter, spec.manifestWriter),
    ]
    return choices.compactMap { kind, choice in
      let found = registrations.first { $0.descriptor.kind == kind && $0.descriptor.id == choice.plugin }
      do throws(PluginError) {
        switch found?.make {
        case .transport(let make)?: _ = try make(choice.settings, context)
        case .certIssuer(let make)?: _ = try make(choice.settings, context)
        case .serviceManager(let make)?: _ = try make(choice.settings, context)
        case .manifestWriter(let make)?: _ = try make(choice.settings, context)
        case nil: break
        }
        return nil
      } catch { return (kind, error) }
    }
  }

  /// Makes the plugins that a specification names.
  ///
  /// - Parameters:
  ///   - spec: The specification; its settings were checked against the plugins' schemas.
  ///   - registrations: The plugins there are.
  ///   - context: What every plugin is given.
  /// - Throws: ``PluginError`` when one is unknown or refuses its settings, or when two do not fit (``ManifestForm``).
  public init(
    for spec: ClusterSpec, from registrations: [PluginRegistration], context: PluginContext
  ) throws(PluginError) {
    func find(_ choice: PluginChoice, _ kind: PluginKind) throws(PluginError) -> PluginRegistration {
      let ofKind = registrations.filter { $0.descriptor.kind == kind }
      guard let found = ofKind.first(where: { $0.descriptor.id == choice.plugin }) else {
        throw PluginError(
          plugin: choice.plugin, why: "there is no \(kind.rawValue) plugin of this name",
          fix: "use one of: \(ofKind.map(\.descriptor.id).sorted().joined(separator: ", "))")
      }
      return found
    }
    let (manager, writer) = (
      try find(spec.serviceManager, .serviceManager), try find(spec.manifestWriter, .manifestWriter)
    )
    guard manager.descriptor.fits(writer.descriptor) else {
      throw PluginError(
        plugin: writer.descriptor.id, why: "the service manager \(manager.descriptor.id) does not run what it writes",
        fix:
          "use one of: \(PluginCombination.fitting(among: registrations.map(\.descriptor)).map(\.description).joined(separator: ", "))"
      )
    }
    guard case .transport(let makeTransport) = try find(spec.transport, .transport).make,
      case .certIssuer(let makeIssuer) = try find(spec.issuer, .certIssuer).make,
      case .serviceManager(let makeServiceManager) = manager.make,
      case .manifestWriter(let makeManifestWriter) = writer.make
    else { throw PluginError(plugin: spec.transport.plugin, why: "a plugin is registered as a kind that it is not") }
    self.init(
      transport: try makeTransport(spec.transport.settings, context),
      issuer: try makeIssuer(spec.issuer.settings, context),
      serviceManager: try makeServiceManager(spec.serviceManager.settings, context),
      manifestWriter: try makeManifestWriter(spec.manifestWriter.settings, context))
  }
}
