internal import Glibc

/// The container images that a host needs, and which of them it has.
public struct HostImages: Sendable, Codable, Hashable {
  /// An image.
  public struct Image: Sendable, Codable, Hashable {
    /// Its name, with repository and tag.
    public var name: String
    /// Whether it is on the host; nil: the host was not asked.
    public var isPresent: Bool?

    /// Makes a value.
    public init(name: String, isPresent: Bool? = nil) {
      self.name = name
      self.isPresent = isPresent
    }
  }

  /// The host's name.
  public var host: String
  /// The images, those of the manifest first.
  public var images: [Image]

  /// Makes a value.
  public init(host: String, images: [Image]) {
    self.host = host
    self.images = images
  }

  /// The names of those that are known to be missing.
  public var missing: [String] { images.filter { $0.isPresent == false }.map(\.name) }
}

extension ClusterRun {
  /// What each host needs, as the plugins say that describe and run its member.
  ///
  /// - Parameter survey: What the hosts answered; nil: from the configuration alone.
  /// - Throws: ``PluginError`` when a plugin cannot go on.
  public func requiredImages(_ survey: SurveyResult?) async throws(PluginError) -> [HostImages] {
    var required: [HostImages] = []
    for host in settings.spec.hosts {
      if let survey, survey.observed[host.name] == nil { continue }
      let answers = survey?.observed[host.name]?.answers ?? ProbeAnswers()
      // No image's name depends on the token.
      let context = context(of: host, token: "images", phase: .existing)
      let manifest = try await settings.plugins.manifestWriter.manifest(for: context, answers: answers)
      let service = try await settings.plugins.serviceManager.service(for: context, answers: answers)
      let names = manifest.images + service.images.filter { !manifest.images.contains($0) }
      required.append(HostImages(host: host.name, images: names.map { HostImages.Image(name: $0) }))
    }
    return required
  }

  /// Asks the connected hosts which of the images they have.
  ///
  /// - Parameters:
  ///   - required: What each of them needs.
  ///   - program: The program that manages images there (`ctr`, `docker`, `podman`); nil: it is found.
  /// - Returns: The same with answers, and a failure for each host that could not answer.
  public func presentImages(
    _ required: [HostImages], program: String? = nil
  ) async -> (images: [HostImages], failures: [RunFailure]) {
    let hosts = hosts(of: required)
    let results = await forEachHost(hosts) { [sessions] host -> Result<HostImages, RunFailure> in
      guard let session = sessions[host.name], var own = required.first(where: { $0.host == host.name }) else {
        return .failure(RunFailure.notConnected(host))
      }
      guard !own.images.isEmpty else { return .success(own) }
      do {
        let store = try await Self.store(session, program)
        for index in own.images.indices { own.images[index].isPresent = store.images.contains(own.images[index].name) }
        return .success(own)
      } catch { return .failure(Self.failure(error, on: host)) }
    }
    return (results.compactMap { try? $0.get() }, results.failures())
  }

  /// Brings an archive of images to hosts and imports it there, under the lock; all hosts at once. Then looks whether
  /// what each needs is there.
  ///
  /// - Parameters:
  ///   - archive: A file on this machine, as `docker save` or `ctr images export` writes it. It is streamed, and never
  ///     rests on a host's disk as such.
  ///   - required: What each of the hosts needs.
  ///   - program: The program that imports there (`ctr`, `docker`, `podman`); nil: it is found.
  /// - Returns: What each host that took it has now, and a failure for each other.
  public func loadImages(
    _ archive: String, for required: [HostImages], program: String? = nil
  ) async -> (images: [HostImages], failures: [RunFailure]) {
    let (holder, clock, report) = (settings.holder, settings.wallClock, settings.report)
    let results = await forEachHost(hosts(of: required)) { [sessions] host -> Result<HostImages, RunFailure> in
      guard let session = sessions[host.name], var own = required.first(where: { $0.host == host.name }) else {
        return .failure(RunFailure.notConnected(host))
      }
      let start = clock()
      do {
        let file = try ImageArchive(archive)
        defer { file.close() }
        let before = try await Self.store(session, program)
        let progress = Task {
          for await sent in file.progress() { report(.imagesSent(host: host.name, sent: sent, total: file.size)) }
        }
        defer { progress.cancel() }
        var answer = try await session.perform(
          [
            .holding(file: host.layout.lockFile, holder: holder),
            .importImages(before.program, archive: .descriptor(file.descriptor), count: file.size),
            .command(ImageStore.listing(before.program)),
          ], timeoutSeconds: 3600)
        defer { answer.wipe() }
        let store = try Self.store(answer.replies.last)
        for index in own.images.indices { own.images[index].isPresent = store.images.contains(own.images[index].name) }
        report(.imagesLoaded(host: host.name, seconds: clock() - start))
        return .success(own)
      } catch { return .failure(Self.failure(error, on: host)) }
    }
    return (results.compactMap { try? $0.get() }, results.failures())
  }

  private func hosts(of required: [HostImages]) -> [HostSpec] {
    settings.spec.hosts.filter { host in required.contains { $0.host == host.name } }
  }

  private static func store(_ session: HostSession, _ program: String?) async throws -> ImageStore {
    let answer = try await session.perform(
      [.command(ImageStore.listing(program.flatMap(ImageStore.Program.init(rawValue:))))], timeoutSeconds: 60)
    return try store(answer.replies.last)
  }

  private static func store(_ reply: HostReply?) throws -> ImageStore {
    guard case .command(let status, let output)? = reply else {
      throw ImageStore.Unusable(why: "the host did not answer")
    }
    return try ImageStore(status: status, output: output)
  }

  private static func failure(_ error: any Error, on host: HostSpec) -> RunFailure {
    if let error = error as? ImageStore.Unusable {
      return RunFailure(
        host: host.name, code: "images.no-runtime", what: "the images on \(host.name) cannot be looked at",
        why: error.why, fix: "install or start the container runtime, or name its program by --runtime")
    }
    var failure = RunFailure(error, doing: "load images on", host: host)
    if failure.code == "host.import" {
      failure.fix = "check the archive: it must be one that `docker save` or `ctr images export` wrote, not compressed"
    }
    return failure
  }
}

/// An archive on this machine, on its way to one host.
public struct ImageArchive: Sendable {
  let descriptor: Int32
  let size: Int

  /// Opens it.
  ///
  /// - Throws: ``RunFailure`` when it cannot be read.
  init(_ path: String) throws(RunFailure) {
    func failure(_ why: String) -> RunFailure {
      RunFailure(
        code: "images.archive", what: "cannot read \(path)", why: why,
        fix: "give the path of an archive that `docker save` or `ctr images export` wrote")
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(String(cString: strerror(errno))) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 else {
      Glibc.close(descriptor)
      throw failure("it is no regular file, or an empty one")
    }
    self.descriptor = descriptor
    size = Int(status.st_size)
  }

  /// Whether there is an archive at a path.
  ///
  /// - Throws: ``RunFailure`` when it cannot be read.
  public static func check(_ path: String) throws(RunFailure) { try ImageArchive(path).close() }

  func close() { _ = Glibc.close(descriptor) }

  /// How many bytes were read of it, from 0, whenever another twentieth was, until it is all; looked at every tenth of a
  /// second. Whoever reads moves the descriptor's offset.
  func progress() -> AsyncStream<Int> {
    let (descriptor, size) = (descriptor, size)
    return AsyncStream { continuation in
      let watching = Task {
        var told = 0
        continuation.yield(0)
        while !Task.isCancelled {
          let sent = Int(lseek(descriptor, 0, SEEK_CUR))
          if sent - told >= max(1, size / 20) || sent == size && told < size {
            told = sent
            continuation.yield(sent)
          }
          guard sent < size, (try? await Task.sleep(for: .milliseconds(100))) != nil else { break }
        }
        continuation.finish()
      }
      continuation.onTermination = { _ in watching.cancel() }
    }
  }
}
