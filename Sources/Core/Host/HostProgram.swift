/// The one program that runs on hosts (`program.sh`), and how it travels: the command line is a constant; the
/// program and everything it works on come on standard input.
enum HostProgram {
  /// Reads the program's length and the program from its input, and runs it with what follows as its input.
  static let command = FixedCommand(
    shell: #"IFS= read -r n && eval "$(dd bs=$n count=1 iflag=fullblock 2>/dev/null)""#)

  /// The program's text without comments and indentation.
  static let text: [UInt8] = {
    let source = String(decoding: PackageResources.program_sh, as: UTF8.self)
    let lines = source.split(separator: "\n", omittingEmptySubsequences: false).compactMap { line -> Substring? in
      let stripped = line.drop { $0 == " " }
      return stripped.isEmpty || stripped.hasPrefix("#") ? nil : stripped
    }
    return Array(lines.joined(separator: "\n").utf8)
  }()

  /// The beginning of every input: length, program, and the word that marks the beginning of its answer.
  static func envelope(nonce: String) -> [UInt8] { Array("\(text.count)\n".utf8) + text + Array("\(nonce)\n".utf8) }
}
