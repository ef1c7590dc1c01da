import FoundationEssentials

/// A manual page of `quorate` or one of its commands, in mdoc(7).
struct ManualPage {
  /// The date of the pages; they are looked through when the version changes.
  static let date = "November 24, 2026"

  private let program: CommandDescription
  /// nil: the page of the program itself.
  private let command: CommandDescription?

  init(_ program: CommandDescription, command: CommandDescription? = nil) {
    self.program = program
    self.command = command
  }

  /// All pages of a program.
  static func all(of program: CommandDescription) -> [ManualPage] {
    [ManualPage(program)] + flat(program).map { ManualPage(program, command: $0) }
  }

  /// The commands of a program; of one that only has commands of its own, those (`export certs`).
  private static func flat(_ program: CommandDescription) -> [CommandDescription] {
    (program.subcommands ?? []).filter { $0.commandName != "help" }.flatMap { command in
      let inner = flat(command)
      return inner.isEmpty
        ? [command]
        : inner.map { part in
          var part = part
          part.commandName = "\(command.commandName) \(part.commandName)"
          return part
        }
    }
  }

  private static func pageName(_ program: CommandDescription, _ command: CommandDescription) -> String {
    "\(program.commandName)-\(command.commandName.replacing(" ", with: "-"))"
  }

  /// The page's name: `quorate-apply`, `quorate-export-certs`.
  var name: String { command.map { Self.pageName(program, $0) } ?? program.commandName }

  /// The page.
  var text: String {
    var lines = [
      ".\\\" Written by: QUORATE_RECORD=1 swift test --filter ManualTests",
      ".Dd \(Self.date)", ".Dt \(name.uppercased()) 1", ".Os",
      ".Sh NAME", ".Nm \(name)", ".Nd \(Self.lowered((command ?? program).abstract ?? ""))",
    ]
    lines += synopsis + [".Sh DESCRIPTION"] + description
    if command == nil { lines += commands }
    lines += options
    lines += command == nil ? files + exitStatus : [".Sh EXIT STATUS", "As", ".Xr quorate 1", "says."]
    if command == nil { lines += examples }
    return (lines + seeAlso).joined(separator: "\n") + "\n"
  }

  private var synopsis: [String] {
    guard let command else { return [".Sh SYNOPSIS", ".Nm", ".Ar command", ".Op Ar option ..."] }
    var lines = [".Sh SYNOPSIS", ".Nm quorate \(command.commandName)"]
    for argument in Self.shown(command) {
      let value = (argument.valueName ?? "") + (argument.isRepeating ? " ..." : "")
      let names = argument.names ?? []
      switch (argument.kind, names.last) {
      case ("positional", _): lines.append("\(argument.isOptional ? ".Op Ar" : ".Ar") \(value)")
      case ("flag", let name?):
        let opposite = names.first { name.isOpposite(of: $0) }
        lines.append(".Op \(opposite.map { "Fl \($0.flag) | " } ?? "")Fl \(name.flag)")
      case (_, let name?): lines.append(".Op Fl \(name.flag) Ar \(value)")
      default: break
      }
    }
    return lines
  }

  private var description: [String] {
    let described = command ?? program
    let paragraphs = (described.discussion ?? "").components(separatedBy: "\n\n").filter {
      !$0.isEmpty && !$0.hasPrefix(Self.exitStatusMark)
    }
    return ([described.abstract ?? ""] + paragraphs).map(Self.sentences).joined(separator: [".Pp"]).map(\.self)
  }

  private var commands: [String] {
    var lines = [".Sh COMMANDS", ".Bl -tag -width Ds"]
    for command in Self.flat(program) {
      lines.append(".It Xr \(Self.pageName(program, command)) 1")
      lines += Self.sentences(command.abstract ?? "")
    }
    return lines + [".El"]
  }

  private var options: [String] {
    let shown = command.map(Self.shown) ?? []
    guard !shown.isEmpty else { return [] }
    var lines = [".Sh OPTIONS", ".Bl -tag -width Ds"]
    for argument in shown {
      let value = argument.valueName.map { " Ar \($0)\(argument.isRepeating ? " ..." : "")" } ?? ""
      if argument.kind == "positional" {
        lines.append(".It\(value)")
      } else {
        let names = (argument.names ?? []).map { "Fl \($0.flag)" }.joined(separator: " , ")
        lines.append(".It \(names)\(argument.kind == "flag" ? "" : value)")
      }
      lines += Self.sentences(argument.abstract ?? "")
      if let values = argument.allValues { lines.append("One of \(values.joined(separator: ", ")).") }
      if let value = argument.defaultValue { lines.append("The default is \(Self.escaped(value)).") }
    }
    return lines + [".El"]
  }

  private static let exitStatusMark = "Exit status: "

  /// `Exit status: 0 done, 1 failed, …` of the program's description, as a list.
  private var exitStatus: [String] {
    let paragraphs = (program.discussion ?? "").components(separatedBy: "\n\n")
    guard let text = paragraphs.first(where: { $0.hasPrefix(Self.exitStatusMark) }) else { return [] }
    let entries = text.dropFirst(Self.exitStatusMark.count).split { $0 == "." }.joined().components(separatedBy: ", ")
    var lines = [".Sh EXIT STATUS", ".Bl -tag -width Ds"]
    for entry in entries {
      let parts = entry.split(separator: " ", maxSplits: 1)
      lines += [".It \(parts.first ?? "")", Self.escaped(Self.capitalised(String(parts.last ?? ""))) + "."]
    }
    return lines + [".El"]
  }

  private var files: [String] {
    [
      ".Sh FILES", ".Bl -tag -width Ds",
      ".It Pa cluster.yaml", "The configuration, unless", ".Fl f", "names another.",
      ".It Pa $XDG_STATE_HOME/quorate/runs , Pa ~/.local/state/quorate/runs",
      "The journals of runs, one JSON object a line, without secrets.",
      ".It Pa ~/.ssh/known_hosts , Pa /etc/ssh/ssh_known_hosts",
      "The hosts' keys.", "A host whose key is not there, or is another one, is not used.",
      ".El",
    ]
  }

  private var examples: [String] {
    [
      ".Sh EXAMPLES", ".Bd -literal -offset indent",
      "quorate init infra0=10.0.0.6 infra1=10.0.0.7 infra2=10.0.0.8 \\-\\-user ubuntu",
      "quorate plan", "quorate apply", "quorate status", ".Ed",
    ]
  }

  private var seeAlso: [String] {
    let names = command == nil ? ["etcdctl"] : ["quorate"]
    return [".Sh SEE ALSO"] + names.map { ".Xr \($0) 1" }
  }

  /// What is shown of a command's arguments; a flag and its opposite (`--origins`, `--no-origins`) are one.
  private static func shown(_ command: CommandDescription) -> [CommandDescription.Argument] {
    var arguments: [CommandDescription.Argument] = []
    for argument in (command.arguments ?? []).filter({ $0.shouldDisplay }) {
      if argument.kind == "flag", let name = argument.names?.last, let before = arguments.last?.names,
        before.contains(where: { name.isOpposite(of: $0) })
      {
        arguments[arguments.count - 1].names = before + [name]
      } else {
        arguments.append(argument)
      }
    }
    return arguments
  }

  /// Each sentence on lines of its own, none longer than 80 characters, as mdoc wants it.
  private static func sentences(_ text: String) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(whereSeparator: \.isWhitespace) {
      if !line.isEmpty, line.count + word.count >= 78 {
        lines.append(escaped(line))
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
      guard word.hasSuffix(".") else { continue }
      lines.append(escaped(line))
      line = ""
    }
    return line.isEmpty ? lines : lines + [escaped(line)]
  }

  /// Text as roff takes it: a dash that can be copied, no accidental request at a line's beginning.
  private static func escaped(_ text: String) -> String {
    let text = text.replacing("\\", with: "\\e").replacing("--", with: "\\-\\-")
    return text.hasPrefix(".") || text.hasPrefix("'") ? "\\&" + text : text
  }

  private static func capitalised(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }

  /// A sentence as the second half of a line: no capital, no full stop.
  private static func lowered(_ text: String) -> String {
    var text = text
    while text.hasSuffix(".") { text.removeLast() }
    return escaped(text.prefix(1).lowercased() + text.dropFirst())
  }
}
