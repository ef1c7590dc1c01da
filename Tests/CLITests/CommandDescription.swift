import Foundation

/// What the command says of itself (`--experimental-dump-help` of swift-argument-parser).
struct CommandDescription: Decodable {
  struct Argument: Decodable {
    struct Name: Decodable {
      var kind: String
      var name: String

      /// The name behind its first dash, as mdoc's `Fl` wants it.
      var flag: String { kind == "short" ? name : "\\-" + name.replacingOccurrences(of: "-", with: "\\-") }

      /// Whether it switches off what the other one switches on.
      func isOpposite(of other: Name) -> Bool { name == "no-" + other.name }
    }

    var kind: String
    var names: [Name]?
    var valueName: String?
    var abstract: String?
    var defaultValue: String?
    var allValues: [String]?
    var isOptional: Bool
    var isRepeating: Bool
    var shouldDisplay: Bool
  }

  var commandName: String
  var abstract: String?
  var discussion: String?
  var arguments: [Argument]?
  var subcommands: [CommandDescription]?

  /// The description of the whole program.
  init(json: String) throws {
    struct Tool: Decodable { var command: CommandDescription }
    self = try JSONDecoder().decode(Tool.self, from: Data(json.utf8)).command
  }
}
