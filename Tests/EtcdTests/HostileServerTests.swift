import Foundation
import Glibc
import QuorateCore
import QuorateEtcd
import Testing

/// Whatever answers on a port: the client ends with an error, in time, and goes on.
@Suite(.timeLimit(.minutes(2))) struct HostileServerTests {
  private func withAuthority(_ body: (TestAuthority) async throws -> Void) async throws {
    let folder = try TestAuthority.makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let authority = try await TestAuthority(in: folder)
    try await authority.issue("server")
    try await authority.issue("client", names: "DNS:client")
    try await body(authority)
  }

  private func client(
    _ port: UInt16, _ authority: TestAuthority, timeoutSeconds: Double = 5
  ) throws -> EtcdClient {
    EtcdClient(
      endpoint: NetworkEndpoint(address: .loopbackV4, port: port), credentials: try authority.credentials("client"),
      timeoutSeconds: timeoutSeconds
    ) { () throws(TransportError) in try Sockets.connect(to: port) }
  }

  @Test func `Where nothing listens the member is unreachable, in the transport's words`() async throws {
    try await withAuthority { authority in
      let port = try Sockets.freePorts(1)[0]
      let client = try client(port, authority)
      let error = await #expect(throws: EtcdError.self) { try await client.status() }
      #expect(error?.code == .unreachable && error?.why == "connection refused" && error?.isRetryable == true)
      let host = HostSpec(name: "infra0", address: .loopbackV4)
      #expect(await client.observe(host).health == .unreachable("connection refused"))
      await client.close()
    }
  }

  @Test(arguments: [
    ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", EtcdError.Code.notEtcd),
    ("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", .notEtcd), ("\0\0\0\0\0\0\0\0", .notEtcd),
    ("\u{16}\u{3}\u{1}", .connectionLost), ("", .connectionLost),
  ])
  func `Bytes that are not TLS end in an error that says what is wrong`(text: String, code: EtcdError.Code) async throws
  {
    try await withAuthority { authority in
      let server = try RawServer(saying: Array(text.utf8))
      let client = try client(server.port, authority)
      let error = await #expect(throws: EtcdError.self) { try await client.status() }
      #expect(error?.code == code)
      await client.close()
      server.stop()
    }
  }

  @Test func `Random bytes instead of TLS never stop the program`() async throws {
    try await withAuthority { authority in
      var random = SystemRandomNumberGenerator()
      for _ in 0..<50 {
        let bytes = (0..<Int.random(in: 1...2000, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
        }
        let server = try RawServer(saying: bytes)
        let client = try client(server.port, authority)
        await #expect(throws: EtcdError.self) { try await client.status() }
        await client.close()
        server.stop()
      }
    }
  }

  @Test func `A server that accepts and is silent costs the time limit and no more`() async throws {
    try await withAuthority { authority in
      let server = try RawServer(saying: [], thenWaits: true)
      let client = try client(server.port, authority, timeoutSeconds: 0.2)
      let error = await #expect(throws: EtcdError.self) { try await client.status() }
      #expect(error?.code == .timedOut && error?.why == "no answer within 200 milliseconds")
      await client.close()
      server.stop()
    }
  }

  @Test func `A call that is cancelled in the middle ends at once, and so does one that waits behind it`() async throws
  {
    try await withAuthority { authority in
      let server = try RawServer(saying: [], thenWaits: true)
      let connected = AsyncStream.makeStream(of: Void.self)
      let port = server.port
      let client = EtcdClient(
        endpoint: NetworkEndpoint(address: .loopbackV4, port: port), credentials: try authority.credentials("client"),
        timeoutSeconds: 3600
      ) { () throws(TransportError) in
        connected.continuation.yield()
        return try Sockets.connect(to: port)
      }
      let first = Task { try await client.status() }
      for await _ in connected.stream { break }
      let second = Task { try await client.status() }
      second.cancel()
      first.cancel()
      for task in [first, second] {
        let error = await #expect(throws: EtcdError.self) { try await task.value }
        #expect(error?.code == .cancelled)
      }
      await client.close()
      server.stop()
    }
  }

  @Test func `Closing a client ends the call under way`() async throws {
    try await withAuthority { authority in
      let server = try RawServer(saying: [], thenWaits: true)
      let connected = AsyncStream.makeStream(of: Void.self)
      let port = server.port
      let client = EtcdClient(
        endpoint: NetworkEndpoint(address: .loopbackV4, port: port), credentials: try authority.credentials("client"),
        timeoutSeconds: 3600
      ) { () throws(TransportError) in
        connected.continuation.yield()
        return try Sockets.connect(to: port)
      }
      let call = Task { try await client.status() }
      for await _ in connected.stream { break }
      await client.close()
      let error = await #expect(throws: EtcdError.self) { try await call.value }
      #expect(error?.code == .cancelled)
      server.stop()
    }
  }

  @Test(arguments: [
    ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", EtcdError.Code.notEtcd),
    ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", .notEtcd),
    ("HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nNot Found", .notEtcd),
    ("HTTP/1.1 302 Found\r\nLocation: https://example.org/\r\nContent-Length: 0\r\n\r\n", .notEtcd),
    ("hello\r\n", .notEtcd),
    (
      "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 38\r\n\r\n{\"code\":14,\"message\":\"etcdserver: x\"}\r\n",
      .refused
    ),
  ])
  func `An answer that is not etcd's, inside TLS, is told from one that is`(
    text: String, code: EtcdError.Code
  ) async throws {
    try await withAuthority { authority in
      let file = "\(authority.folder)/answer"
      try Data(text.utf8).write(to: URL(fileURLWithPath: file))
      let server = try await TLSServer.start("server", in: authority, sending: file)
      let client = server.client(try authority.credentials("client"))
      let error = await #expect(throws: EtcdError.self) { try await client.status() }
      #expect(error?.code == code, "\(String(describing: error))")
      await client.close()
      await server.stop()
    }
  }

  @Test func `A change whose answer broke off may have happened, and a read has changed nothing`() async throws {
    try await withAuthority { authority in
      let file = "\(authority.folder)/answer"
      try Data("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".utf8).write(to: URL(fileURLWithPath: file))
      for isChange in [true, false] {
        let server = try await TLSServer.start("server", in: authority, sending: file)
        let client = server.client(try authority.credentials("client"))
        let error = await #expect(throws: EtcdError.self) {
          if isChange { try await client.put([1], at: [1]) } else { _ = try await client.get([1]) }
        }
        #expect(error?.code == .connectionLost && error?.mayHaveHappened == isChange, "\(String(describing: error))")
        await client.close()
        await server.stop()
      }
    }
  }

  @Test func `An endless answer is cut off at the limit, and endless headers are too`() async throws {
    try await withAuthority { authority in
      let start = Data("HTTP/1.1 200 OK\r\n\r\n".utf8)
      let endless = Data(repeating: UInt8(ascii: "x"), count: 40 << 20)
      let header = Data("HTTP/1.1 200 OK\r\n".utf8)
      let line = Data("X-Filler: \(String(repeating: "y", count: 1000))\r\n".utf8)
      let headers = header + (0..<2000).flatMap { _ in line }
      for bytes in [start + endless, headers] {
        let file = "\(authority.folder)/answer"
        try bytes.write(to: URL(fileURLWithPath: file))
        let server = try await TLSServer.start("server", in: authority, sending: file)
        let client = server.client(try authority.credentials("client"))
        let error = await #expect(throws: EtcdError.self) { try await client.status() }
        #expect(error?.code == .answerTooLarge, "\(String(describing: error))")
        await client.close()
        await server.stop()
      }
    }
  }

  @Test(arguments: [
    "HTTP/1.1 200 OK\r\n\r\n{\"result\":{\"blob\":\"AAAA\"}}\n",
    "HTTP/1.1 200 OK\r\n\r\n{\"result\":{\"blob\":\"!!!!\"}}\n",
    "HTTP/1.1 200 OK\r\n\r\n{\"result\":{\"blob\":\"AAAA\",\"remaining_bytes\":\"-5\"}}\n",
    "HTTP/1.1 200 OK\r\n\r\nhello\n", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n{}\n",
    "HTTP/1.1 200 OK\r\n\r\n{\"error\":{\"grpc_code\":14,\"message\":\"etcdserver: no leader\"}}\n",
  ])
  func `A stream that is no snapshot is no snapshot`(_ text: String) async throws {
    try await withAuthority { authority in
      let file = "\(authority.folder)/answer"
      try Data(text.utf8).write(to: URL(fileURLWithPath: file))
      let server = try await TLSServer.start("server", in: authority, sending: file)
      let client = server.client(try authority.credentials("client"))
      let target = open("/dev/null", O_WRONLY | O_CLOEXEC)
      let task = Task { try await client.snapshot(to: target) }
      // The server keeps the connection open when it has nothing more to say; its end is the stream's.
      _ = await server.process.waitForLine { $0.contains("CIPHER is") }
      await server.stop()
      let error = await #expect(throws: EtcdError.self) { try await task.value }
      let codes: [EtcdError.Code] = [.snapshotFailed, .connectionLost, .refused]
      #expect(error.map { codes.contains($0.code) } == true, "\(String(describing: error))")
      close(target)
      await client.close()
    }
  }
}
