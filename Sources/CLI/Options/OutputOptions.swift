internal import ArgumentParser

/// How a command answers.
struct OutputOptions: ParsableArguments {
  @Option(name: .long, help: "How to print: text, or json with one object a line.")
  var output = Console.Format.text

  var console: Console { Console(format: output) }
}

extension Console.Format: ExpressibleByArgument, CaseIterable {
  static let allCases: [Console.Format] = [.text, .json]
}
