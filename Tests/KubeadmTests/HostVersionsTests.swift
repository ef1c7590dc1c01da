import QuorateTesting
import Testing

@testable import QuorateCore

@Suite struct HostVersionsTests {
  @Test func `Hosts that agree decide the version`() {
    let versions = HostVersions([("infra0", Version(1, 20, 2)), ("infra1", Version(1, 20, 2))])
    #expect(versions.version == Version(1, 20, 2))
    #expect(versions.findings == [])
  }

  @Test func `Hosts that differ are refused, each with its version`() {
    let versions = HostVersions([("infra0", Version(1, 20, 2)), ("infra1", nil), ("infra2", Version(1, 20, 4))])
    #expect(versions.version == nil)
    #expect(versions.findings.map(\.code) == ["kubernetes.versions-differ"])
    #expect(
      versions.findings.first?.what == "the hosts' kubeadm are of different versions: infra0 v1.20.2, infra2 v1.20.4")
  }

  @Test func `Hosts without kubeadm follow the others, and are named`() {
    let versions = HostVersions([("infra0", nil), ("infra1", Version(1, 31, 3)), ("infra2", nil)])
    #expect(versions.version == Version(1, 31, 3))
    #expect(versions.findings.map(\.severity) == [.note])
    #expect(versions.findings.first?.what.contains("infra0, infra2") == true)
  }

  @Test func `No kubeadm at all, or one that is not known, is refused with what to do`() {
    let none = HostVersions([("infra0", nil)])
    #expect(none.version == nil && none.findings.first?.fix.contains("set kubernetesVersion") == true)
    let unknown = HostVersions([("infra0", Version(1, 99, 0))])
    #expect(unknown.version == nil && unknown.findings.first?.what.contains("v1.99.0") == true)
  }

  @Test func `Only versions that nobody compared and nobody recorded carry a warning`() throws {
    for minor in KubernetesRelease.knownMinors {
      let release = try #require(KubernetesRelease(Version(1, minor, 1)))
      #expect((release.evidenceFinding != nil) == (21...27).contains(minor), "1.\(minor)")
    }
  }
}
