import Glibc

/// The benchmarks' own program. `../../run` calls it:
///
/// - `bench measure [--healthy ADDRESS:PORT[@NAMESPACE]]... [--restarted] [--with ARGUMENT] [--timeout SECONDS] -- COMMAND...`
/// - `bench keys ALGORITHM COUNT`
/// - `bench report SAMPLES`
@main
enum BenchProgram {
  static func main() {
    let arguments = CommandLine.arguments.dropFirst()
    do {
      switch arguments.first {
      case "measure": try Measurement(arguments.dropFirst()).run()
      case "keys": try KeyGeneration(arguments.dropFirst()).run()
      case "report": exit(try Report(arguments.dropFirst()).print() ? 0 : 1)
      default: throw Failure("usage: bench measure|keys|report ...")
      }
    } catch {
      complain("\(error)")
      exit(64)
    }
  }
}

/// Prints a line to standard error.
func complain(_ text: String) {
  let line = "bench: \(text)\n"
  _ = write(2, line, line.utf8.count)
}

/// Why the program cannot go on.
struct Failure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// Seconds on a clock that nobody sets.
func monotonic() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
