internal import ArgumentParser

/// How a plan is carried out.
struct ExecutionOptions: ParsableArguments {
  @Flag(name: .shortAndLong, help: "Do not ask.")
  var yes = false

  @Flag(name: .long, help: "Show what changes inside files; secrets are never shown.")
  var diff = false

  @Flag(name: .long, help: "Accept that a cluster of one or two members stops while one of them is changed.")
  var acceptDowntime = false
}
