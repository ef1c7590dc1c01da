import Glibc
import QuorateCore
import QuorateTesting
import StaticPod
import Testing

@testable import KubeadmWriter

enum RealKubeadm {
  /// The folder of a real kubeadm: of `QUORATE_KUBEADM`, or the lab's.
  static let folder: String? = {
    guard geteuid() == 0 else { return nil }
    let cache = getenv("QUORATE_LAB_CACHE").map { String(cString: $0) } ?? "/var/tmp/quorate-lab"
    let path = getenv("QUORATE_KUBEADM").map { String(cString: $0) } ?? cache + "/bin/kubeadm"
    return access(path, X_OK) == 0 ? path.lastIndex(of: "/").map { String(path[..<$0]) } : nil
  }()
}

/// The probe as hosts run it, on this machine: with a real kubeadm, as root.
@Suite(.enabled(if: RealKubeadm.folder != nil, "no kubeadm, or not root")) struct RealKubeadmTests {
  private func answer(_ probe: Probe, _ before: [String] = []) async throws -> ProbeAnswer {
    guard case .command(_, let command) = probe else { throw CancellationError() }
    let search = "PATH=\(try #require(RealKubeadm.folder)):/usr/sbin:/usr/bin:/sbin:/bin"
    let result = await LocalProgram.run(["env", search] + before + command.arguments)
    return .command(status: result.status, output: result.output)
  }

  @Test func `What it writes is what static-pod writes, to the byte, and the host is as before`() async throws {
    let folders = ["/etc/kubernetes", "/var/lib/etcd", "/srv/etcd data", "/srv/quorate"]
    let before = folders.map { access($0, F_OK) }
    var version: Version?
    for (name, fixture) in MemberFixture.all() {
      let answers = try await ProbeAnswers([HostKubeadm.probe.key: answer(HostKubeadm.probe)])
      version = HostKubeadm.version(in: answers)
      guard fixture.kubernetesVersion == version else { continue }
      var all = answers
      all.byKey[KubeadmRun.id] = try await answer(try #require(KubeadmRun.probe(for: fixture)))
      // kubeadm advertises no loopback address.
      guard !fixture.host.address.isLoopback else {
        let reply = try await KubeadmWriter().manifest(for: fixture, answers: all)
        #expect(reply.findings.map(\.code) == ["kubeadm.failed"], "\(name)")
        continue
      }
      for phase in [MemberPhase.founding, .existing] {
        var member = fixture
        member.phase = phase
        let theirs = try await KubeadmWriter().manifest(for: member, answers: all)
        let ours = try await StaticPod().manifest(for: member, answers: all)
        #expect(theirs.findings == [], "\(name)")
        #expect(theirs.manifest == ours.manifest, "\(name)")
        #expect(theirs.configuration == ours.configuration, "\(name)")
        #expect(theirs.manifest.count == 1)
      }
    }
    #expect(version != nil)
    #expect(folders.map { access($0, F_OK) } == before)
    let mounts = await LocalProgram.run(["grep", "-c", "^quorate ", "/proc/mounts"])
    #expect(mounts.text == "0\n")
  }

  @Test func `A kubeadm that objects is quoted`() async throws {
    let member = try #require(MemberFixture.member(kubernetes: Version(1, 31, 0)))
    let answers = try await ProbeAnswers([KubeadmRun.id: answer(try #require(KubeadmRun.probe(for: member)))])
    guard case .failed(let why) = KubeadmRun.outcome(in: answers) else { throw CancellationError() }
    #expect(why.contains("v1beta4"), "\(why)")
  }

  @Test func `Who may not make a mount namespace is told so`() async throws {
    let member = try #require(MemberFixture.member())
    let answers = try await ProbeAnswers([
      KubeadmRun.id: answer(
        try #require(KubeadmRun.probe(for: member)), ["setpriv", "--reuid=65534", "--clear-groups"])
    ])
    guard case .notRun(let why) = KubeadmRun.outcome(in: answers) else { throw CancellationError() }
    #expect(why.contains("unshare"), "\(why)")
  }
}
