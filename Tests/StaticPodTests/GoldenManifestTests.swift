import Glibc
import QuorateCore
import QuorateTesting
import Testing

/// The committed manifests: those of a real kubeadm 1.20.2, and those of later versions, derived from kubeadm's
/// sources (`Golden/README.md`).
@Suite struct GoldenManifestTests {
  @Test(arguments: GoldenManifest.all(kubernetes: Version(1, 20, 2)))
  func `The files are those of a real kubeadm 1.20.2`(_ golden: GoldenManifest) async throws {
    let (configuration, manifest) = try await golden.files()
    let name = "kubeadm-1.20.2/\(golden.name)"
    #expect(try await GoldenManifest.golden("\(name).kubeadmcfg.yaml") == configuration)
    #expect(try await GoldenManifest.golden("\(name).etcd.yaml") == manifest)
  }

  /// Versions at which the manifest changed, and every minor version from 1.28 on.
  static let derived = [
    Version(1, 20, 8), Version(1, 22, 0), Version(1, 23, 7), Version(1, 24, 0), Version(1, 25, 0), Version(1, 26, 7),
    Version(1, 27, 0), Version(1, 28, 0), Version(1, 29, 0), Version(1, 30, 0), Version(1, 31, 0), Version(1, 32, 0),
    Version(1, 33, 6), Version(1, 34, 2), Version(1, 35, 0), Version(1, 36, 0), Version(1, 37, 0),
  ]

  @Test func `Every version that is said to be recorded is`() {
    let minors = KubernetesRelease.knownMinors.filter { minor in
      KubernetesRelease(Version(1, minor, 0))?.evidence == .recorded
    }
    #expect(Set(minors).isSubset(of: Set(Self.derived.map(\.minor))))
  }

  @Test(arguments: derived, ["new", "ipv6-existing"])
  func `The files of a later version are as derived from its sources`(
    _ version: Version, _ name: String
  ) async throws {
    let golden = try #require(GoldenManifest.all(kubernetes: version).first { $0.name == name })
    let (configuration, manifest) = try await golden.files()
    let file = "derived-\(version)/\(name)"
    if getenv("QUORATE_RECORD") != nil {
      try await GoldenManifest.record(configuration, as: "\(file).kubeadmcfg.yaml")
      try await GoldenManifest.record(manifest, as: "\(file).etcd.yaml")
    }
    #expect(try await GoldenManifest.golden("\(file).kubeadmcfg.yaml") == configuration)
    #expect(try await GoldenManifest.golden("\(file).etcd.yaml") == manifest)
  }
}
