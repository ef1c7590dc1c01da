public import QuorateCore
internal import QuoratePKI

/// The issuer `csr`: it issues nothing itself. Signing requests are put into a folder of the operator's; whoever keeps the
/// CA signs them there, whenever that is, and a later run takes the certificates up.
///
/// A request is known by its file: while the one of the same name holds the same request, its certificate is awaited. So
/// nothing is lost when a run ends in the middle, and a new request takes the place of an older one.
public struct CSRIssuer: CertIssuer {
  /// How this plugin is named, configured and made.
  public static let registration = PluginRegistration(
    descriptor: PluginDescriptor(
      id: "csr", kind: .certIssuer, version: "1.0.0",
      summary: "Leaves signing requests in a folder and goes on when somebody has put the certificates there.",
      settings: SchemaObject([
        SchemaKey(
          "folder", .string(form: "path"), required: true, example: "./requests",
          "A folder on the operator's machine, one for each cluster; it is made where there is none. A run writes "
            + "`NAME.csr` and what each must say there, ends with exit status 75, and awaits `NAME.crt`."),
        SchemaKey(
          "keyAlgorithm", .oneOf(KeyAlgorithm.allCases.map(\.rawValue)), default: KeyAlgorithm.ecdsaP256.rawValue,
          "Algorithm and size of every key, with kubeadm's names."),
        SchemaKey(
          "validity", .duration, default: "8760h",
          "How long a member's certificates may be valid, from the run that takes them up. A shorter validity is taken "
            + "too."),
      ]),
      keepsAuthorityKey: true, needsAuthorityCertificate: true),
    make: .certIssuer { (settings, context) throws(PluginError) in
      guard let folder = settings["folder"].string, !folder.isEmpty else {
        throw PluginError(plugin: "csr", why: "no folder is named", fix: "add `folder: ./requests`", setting: "folder")
      }
      return CSRIssuer(
        folder: folder.hasPrefix("/")
          ? folder : context.baseFolder + "/" + (folder.hasPrefix("./") ? String(folder.dropFirst(2)) : folder))
    })

  private let folder: String
  private let toolkit: OpenSSLToolkit

  /// Makes an issuer.
  ///
  /// - Parameter folder: Where requests are left, an absolute path.
  public init(folder: String) {
    self.folder = folder
    toolkit = OpenSSLToolkit()
  }

  /// Makes an issuer.
  ///
  /// - Parameters:
  ///   - folder: Where requests are left, an absolute path.
  ///   - clock: What time it is, for checking what comes back.
  public init(folder: String, clock: @escaping @Sendable () -> Instant) {
    self.folder = folder
    toolkit = OpenSSLToolkit(clock: clock)
  }

  /// Names the CA that is brought; makes none.
  public func authority(_ request: AuthorityRequest) async throws(PluginError) -> AuthorityReply {
    guard let existing = request.existing else {
      throw PluginError(
        plugin: "csr", why: "there is no CA, and this issuer makes none",
        fix: "name the certificate of the CA that will sign: `ca: {keyAt: issuer, certificate: ./ca.crt}`")
    }
    guard try toolkit.parse(certificate: existing.certificate).isAuthority == true else {
      throw PluginError(
        plugin: "csr", why: "the CA's certificate is no CA's: its basicConstraints do not say CA:TRUE",
        fix: "give the certificate of the CA that signs the requests")
    }
    return AuthorityReply(material: AuthorityMaterial(certificate: existing.certificate), isNew: false)
  }

  /// Takes up what is signed by now, and leaves the other requests to be signed.
  public func issue(_ batch: IssueBatch) async throws(PluginError) -> [IssueReply] {
    let (folder, toolkit) = (folder, toolkit)
    return try await WorkThreads.run { () throws(PluginError) in
      let files = RequestFolder(folder, toolkit: toolkit)
      try files.prepare()
      var replies: [IssueReply] = []
      var pending: [(name: String, request: IssueRequest)] = []
      for request in batch.requests {
        guard let name = RequestFolder.name(of: request.id) else {
          replies.append(
            IssueReply(
              id: request.id, answer: .refused(why: "its name cannot be that of a file", retryable: false)))
          continue
        }
        let answer = try files.answer(to: request, name: name, authority: batch.authority.certificate)
        if case .pending = answer { pending.append((name, request)) }
        replies.append(IssueReply(id: request.id, answer: answer))
      }
      try files.describe(pending, authority: try toolkit.parse(certificate: batch.authority.certificate))
      return replies
    }
  }
}
