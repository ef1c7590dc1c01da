/// An alarm that stands (etcd `rpc.proto`, `AlarmMember`).
public struct EtcdAlarm: Sendable, Codable, Hashable {
  /// What an alarm is about, by etcd's own name.
  public enum Kind: Sendable, Codable, Hashable, RawRepresentable {
    /// The database has reached its quota: writes are refused until space is made and the alarm is disarmed.
    case noSpace
    /// A member's data was found unlike the others'.
    case corrupt
    /// A kind that this program does not know.
    case other(String)

    /// Makes a kind from etcd's name.
    public init(rawValue: String) {
      switch rawValue {
      case "NOSPACE": self = .noSpace
      case "CORRUPT": self = .corrupt
      default: self = .other(rawValue)
      }
    }

    /// etcd's name: `NOSPACE`, `CORRUPT`.
    public var rawValue: String {
      switch self {
      case .noSpace: "NOSPACE"
      case .corrupt: "CORRUPT"
      case .other(let name): name
      }
    }
  }

  /// What it is about.
  public var kind: Kind
  /// The member that it was raised for; nil where the answer names none.
  public var memberID: EtcdID?

  /// Makes an alarm.
  public init(_ kind: Kind, memberID: EtcdID?) {
    self.kind = kind
    self.memberID = memberID
  }
}
