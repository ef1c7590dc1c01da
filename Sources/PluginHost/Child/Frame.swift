internal import QuorateCore
internal import QuoratePluginMessages

/// What goes over the socket between this process and the child of a plugin. Both ends are the same program, so this is no
/// contract: it may change with every version.
///
/// On the wire: a head of nine 32 bit numbers (a mark, the form, the call in two halves, a code, and the sizes of what
/// follows), the name, the body, and each secret behind its length. Descriptors go beside the head. All numbers are
/// little-endian.
struct Frame: Sendable {
  /// What it says.
  enum Form: UInt32, Sendable {
    /// To the child: load this library (the body is a ``LoadOrder``).
    case load = 1
    /// To the child: `name` is asked; the body is the question, the code is the deadline in milliseconds.
    case call = 2
    /// To the child: nobody waits for this call.
    case cancel = 3
    /// To the child: destroy the instance and end.
    case close = 4
    /// From the child: an answer; the code is its status. To `load`: the body is a ``PluginIdentity``.
    case reply = 5
    /// From the child: a ``PluginFault``.
    case fault = 6
    /// From the child: a line of the log; the code is its level.
    case line = 7
    /// From the child: how far a call has come.
    case progress = 8
  }

  var form: Form
  var call: UInt64 = 0
  var code: UInt32 = 0
  var name = ""
  var message = PluginMessage()

  /// The first part of a frame, which says how long the others are.
  struct Head: Sendable, Hashable {
    static let count = 36
    static let mark: UInt32 = 0x3146_5051
    static let longestName = 256

    var form: Form
    var call: UInt64
    var code: UInt32
    var nameCount: Int
    var bodyCount: Int
    var secretCount: Int
    var descriptorCount: Int

    /// What a frame begins with.
    init(_ frame: Frame) {
      form = frame.form
      call = frame.call
      code = frame.code
      nameCount = frame.name.utf8.count
      bodyCount = frame.message.body.count
      secretCount = frame.message.secrets.count
      descriptorCount = frame.message.descriptors.count
    }

    /// Reads a head; nil where it is none, or promises more than is taken.
    init?(_ bytes: [UInt8]) {
      guard bytes.count == Self.count else { return nil }
      let numbers = stride(from: 0, to: Self.count, by: 4).map { start -> UInt32 in
        bytes[start..<start + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
      }
      guard numbers[0] == Self.mark, let form = Form(rawValue: numbers[1]) else { return nil }
      self.form = form
      call = UInt64(numbers[2]) | UInt64(numbers[3]) << 32
      code = numbers[4]
      nameCount = Int(numbers[5])
      bodyCount = Int(numbers[6])
      secretCount = Int(numbers[7])
      descriptorCount = Int(numbers[8])
      guard nameCount <= Self.longestName, bodyCount <= PluginLimits.message, secretCount <= PluginLimits.secrets,
        descriptorCount <= PluginLimits.descriptors
      else { return nil }
    }

    /// The head as it goes over the wire.
    var bytes: [UInt8] {
      let numbers: [UInt32] = [
        Self.mark, form.rawValue, UInt32(truncatingIfNeeded: call), UInt32(truncatingIfNeeded: call >> 32), code,
        UInt32(nameCount), UInt32(bodyCount), UInt32(secretCount), UInt32(descriptorCount),
      ]
      var bytes: [UInt8] = []
      for number in numbers { withUnsafeBytes(of: number.littleEndian) { bytes += $0 } }
      return bytes
    }
  }
}

/// What a child is told to load.
struct LoadOrder: Sendable, Codable {
  /// The library's file.
  var library: String
  /// What it is to be.
  var kind: PluginKind
  /// The version of Quorate.
  var hostVersion: String
  /// The most memory that the process may map, in bytes; 0: no limit.
  var memoryBytes: UInt64
  /// The most descriptors that it may have open; 0: no limit.
  var openFiles: UInt64
  /// Whether it may start programs.
  var mayStartPrograms: Bool
}
