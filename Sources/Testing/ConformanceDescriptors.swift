internal import QuorateCore
internal import Glibc
internal import Synchronization

/// A pipe for a check; its ends are closed with it.
final class ConformancePipe: Sendable {
  private let ends: Mutex<(read: Int32, write: Int32)>

  init() throws {
    var pair: [Int32] = [-1, -1]
    try expect(pipe(&pair) == 0, "no pipe")
    for end in pair { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    ends = Mutex((pair[0], pair[1]))
  }

  deinit {
    closeReadEnd()
    closeWriteEnd()
  }

  var readEnd: Int32 { ends.withLock { $0.read } }
  var writeEnd: Int32 { ends.withLock { $0.write } }

  func closeReadEnd() {
    ends.withLock {
      if $0.read >= 0 { close($0.read) }
      $0.read = -1
    }
  }

  func closeWriteEnd() {
    ends.withLock {
      if $0.write >= 0 { close($0.write) }
      $0.write = -1
    }
  }

  /// Writes a few bytes, which fit.
  func write(_ bytes: [UInt8]) { _ = bytes.withUnsafeBytes { Glibc.write(writeEnd, $0.baseAddress, $0.count) } }

  /// Reads a line, on a thread of its own.
  func readLine() async -> String {
    await ConformanceThread.value { [self] in
      var line: [UInt8] = []
      var byte: UInt8 = 0
      while read(readEnd, &byte, 1) == 1, byte != 10 { line.append(byte) }
      return String(decoding: line, as: UTF8.self)
    }
  }

  /// Writes a number of bytes on a thread of its own, and closes the write end.
  func feed(count: Int) {
    DetachedThread.start { [self] in
      var left = count
      let chunk = [UInt8](repeating: 42, count: 65_536)
      while left > 0 {
        let written = Glibc.write(writeEnd, chunk, min(left, chunk.count))
        guard written > 0 else { break }
        left -= written
      }
      closeWriteEnd()
    }
  }

  /// Reads a number of bytes on a thread of its own; the first megabyte slowly.
  ///
  /// - Returns: How many came.
  func drain(count: Int) async -> Int {
    await ConformanceThread.value { [self] in
      var total = 0
      var chunk = [UInt8](repeating: 0, count: 65_536)
      while total < count {
        if total < 1 << 20 { poll(nil, 0, 10) }
        let received = read(readEnd, &chunk, chunk.count)
        guard received > 0 else { break }
        total += received
      }
      return total
    }
  }

  /// Reads what comes, on a thread of its own, until the write end is closed.
  func drainToEnd() {
    DetachedThread.start { [self] in
      var chunk = [UInt8](repeating: 0, count: 65_536)
      while read(readEnd, &chunk, chunk.count) > 0 {}
    }
  }

  /// An unlinked file with a content, at its beginning.
  static func unlinkedFile(_ bytes: [UInt8]) throws -> Int32 {
    var template = Array("/tmp/quorate-XXXXXX".utf8CString)
    let file = mkstemp(&template)
    try expect(file >= 0, "no temporary file")
    unlink(template)
    _ = fcntl(file, F_SETFD, FD_CLOEXEC)
    _ = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
    lseek(file, 0, SEEK_SET)
    return file
  }
}

/// A TCP server that sends back what it gets, on a thread of its own.
final class ConformanceListener: Sendable {
  let port: UInt16
  private let descriptor: Mutex<Int32>

  init(address: String) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    inet_pton(AF_INET, address, &name.sin_addr)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(listener, address, size) == 0 && listen(listener, 64) == 0 && getsockname(listener, address, &size) == 0
      }
    }
    port = UInt16(bigEndian: name.sin_port)
    descriptor = Mutex(listener)
    try expect(status, "no listener on \(address)")
    DetachedThread.start {
      while true {
        let peer = accept(listener, nil, nil)
        guard peer >= 0 else { return }
        _ = fcntl(peer, F_SETFD, FD_CLOEXEC)
        DetachedThread.start { Self.echo(peer) }
      }
    }
  }

  deinit { stop() }

  /// Closes the port.
  func stop() {
    descriptor.withLock {
      if $0 >= 0 {
        shutdown($0, Int32(SHUT_RDWR))
        close($0)
      }
      $0 = -1
    }
  }

  private static func echo(_ peer: Int32) {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(peer, &chunk, chunk.count)
      guard count > 0 else { break }
      var sent = 0
      while sent < count {
        let written = chunk[sent..<count].withUnsafeBytes { send(peer, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        guard written > 0 else { break }
        sent += written
      }
    }
    close(peer)
  }

  /// Sends bytes, ends the sending, and reads until the other side ends.
  static func exchange(_ descriptor: Int32, _ bytes: [UInt8]) async -> [UInt8] {
    DetachedThread.start {
      var sent = 0
      while sent < bytes.count {
        let count = bytes[sent...].withUnsafeBytes {
          send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        guard count > 0 else { break }
        sent += count
      }
      shutdown(descriptor, Int32(SHUT_WR))
    }
    return await ConformanceThread.value {
      var answer: [UInt8] = []
      var chunk = [UInt8](repeating: 0, count: 65_536)
      while true {
        let count = read(descriptor, &chunk, chunk.count)
        guard count > 0 else { return answer }
        answer += chunk[..<count]
      }
    }
  }
}

/// A call that blocks, on a thread of its own; where there is none, in place.
enum ConformanceThread {
  static func value<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await DetachedThread.value(of: body) ?? body()
  }
}

/// The growth of this process's memory during a check. Other checks run beside it, so the bound is a wide one; what
/// it must catch is a transport that keeps all of a large transfer.
struct ConformanceMemory {
  private let begin = Self.resident(reset: true)

  func check() throws {
    let growth = Self.resident(reset: false) - begin
    try expect(growth < 320 << 20, "the process grew by \(growth >> 20) MB")
  }

  /// The largest resident size since the last reset, in bytes.
  private static func resident(reset: Bool) -> Int {
    if reset, let file = fopen("/proc/self/clear_refs", "w") {
      fputs("5", file)
      fclose(file)
    }
    guard let file = fopen("/proc/self/status", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, 256, file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      if text.hasPrefix("VmHWM:") { return (Int(text.filter(\.isNumber)) ?? 0) << 10 }
    }
    return 0
  }
}
