import QuorateTesting
import Testing

@testable import QuorateCore

@Suite struct ExportingTests {
  private func files(key: String = "key\n", certificate: String = "certificate\n") -> ClientFiles {
    ClientFiles(
      authority: Array("ca\n".utf8), certificate: Array(certificate.utf8), key: SecretBytes(Array(key.utf8)),
      notAfter: Instant(secondsSinceEpoch: 0))
  }

  @Test func `Files are placed as below pki, the key for its owner alone, and left alone the second time`() async throws
  {
    try await TemporaryFolder.with { folder in
      let target = folder.path + "/pki"
      let first = try OperatorFiles().place(files(), in: target, replacing: false)
      #expect(first.map(\.change) == [.added, .added, .added])
      #expect(try folder.read("pki/etcd/ca.crt") == Array("ca\n".utf8))
      #expect(try folder.mode("pki/apiserver-etcd-client.key") == 0o600)
      #expect(try folder.mode("pki/apiserver-etcd-client.crt") == 0o644)
      #expect(try folder.mode("pki") == 0o700)
      let second = try OperatorFiles().place(files(), in: target, replacing: false)
      #expect(second.map(\.change) == [.unchanged, .unchanged, .unchanged])
    }
  }

  @Test func `Another file is not overwritten without a word, and a pair is replaced as a pair`() async throws {
    try await TemporaryFolder.with { folder in
      let target = folder.path + "/pki"
      _ = try OperatorFiles().place(files(), in: target, replacing: false)
      let other = files(certificate: "another\n")
      let failure = #expect(throws: RunFailure.self) {
        try OperatorFiles().place(other, in: target, replacing: false)
      }
      #expect(failure?.code == "export.different")
      #expect(failure?.what.contains("apiserver-etcd-client.crt") == true)
      #expect(try folder.read("pki/apiserver-etcd-client.crt") == Array("certificate\n".utf8))
      let placed = try OperatorFiles().place(other, in: target, replacing: true)
      #expect(placed.map(\.change) == [.unchanged, .replaced, .replaced])
      #expect(try folder.read("pki/apiserver-etcd-client.crt") == Array("another\n".utf8))
    }
  }

  @Test func `A readable key is closed, and nothing half written stays behind`() async throws {
    try await TemporaryFolder.with { folder in
      let target = folder.path + "/pki"
      _ = try OperatorFiles().place(files(), in: target, replacing: false)
      try folder.write("pki/apiserver-etcd-client.key", "key\n", mode: 0o644)
      let placed = try OperatorFiles().place(files(), in: target, replacing: false)
      #expect(placed.map(\.change) == [.unchanged, .mode, .unchanged])
      #expect(try folder.mode("pki/apiserver-etcd-client.key") == 0o600)
      // A place that cannot be written: a folder is in the certificate's way.
      #expect(throws: RunFailure.self) {
        try OperatorFiles().place(files(), in: folder.path + "/none/pki", replacing: false)
      }
      #expect(folder.names() == ["pki"])
    }
  }

  @Test func `An answer about images is read, and nonsense is refused`() throws {
    let store = try ImageStore(status: 0, output: Array("ctr\nk8s.gcr.io/etcd:3.4.13-0\nk8s.gcr.io/pause:3.2\n".utf8))
    #expect(store.program == .ctr)
    #expect(store.images == ["k8s.gcr.io/etcd:3.4.13-0", "k8s.gcr.io/pause:3.2"])
    #expect(throws: ImageStore.Unusable.self) {
      try ImageStore(status: 1, output: Array("ctr\nctr: permission denied\n".utf8))
    }
    // Whatever a host says, it is read or refused.
    var state: UInt64 = 11
    for _ in 0..<3000 {
      let noise = (0..<Int(state % 60)).map { _ -> UInt8 in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 40)
      }
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let answer = (state & 1 == 0 ? Array("ctr\n".utf8) : []) + noise
      if let store = try? ImageStore(status: Int32(state >> 62), output: answer) { #expect(store.program == .ctr) }
    }
    for (status, output) in [(127, "no container runtime listens\n"), (0, ""), (0, "rm\nx\n"), (1, "ctr\n")]
      as [(Int32, String)]
    {
      #expect(throws: ImageStore.Unusable.self) { try ImageStore(status: status, output: Array(output.utf8)) }
    }
  }
}
