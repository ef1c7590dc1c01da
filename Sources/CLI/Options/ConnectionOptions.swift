internal import ArgumentParser
internal import Glibc

/// How a command reaches the hosts, and where passwords come from.
struct ConnectionOptions: ParsableArguments {
  @Option(
    name: .long,
    help: "How many seconds connecting to a host may take; the transport's own setting without it, or 10.")
  var connectTimeout: Double?

  @Flag(name: .long, help: "Ask for sudo's password once, on the terminal.")
  var askBecomePass = false

  @Option(name: .long, help: "Read sudo's password from this descriptor.")
  var becomePassFd: Int32?

  @Option(name: .long, help: "Read the private key's passphrase from this descriptor.")
  var keyPassFd: Int32?

  func validate() throws {
    if let connectTimeout, !(connectTimeout > 0 && connectTimeout <= 600) {
      throw ValidationError("--connect-timeout takes 1 to 600 seconds, not \(connectTimeout).")
    }
    for (name, descriptor) in [("--become-pass-fd", becomePassFd), ("--key-pass-fd", keyPassFd)] {
      if let descriptor, descriptor < 0 {
        throw ValidationError("\(name) takes a descriptor's number, not \(descriptor).")
      }
      if let descriptor, fcntl(descriptor, F_GETFD) < 0 {
        throw ValidationError(
          "\(name) \(descriptor): descriptor \(descriptor) is not open; open it by \(descriptor)<FILE.")
      }
    }
  }

  /// Nobody is asked.
  static var none: TerminalSecrets {
    TerminalSecrets(asksForBecomePassword: false, becomeDescriptor: nil, keyDescriptor: nil)
  }

  var secrets: TerminalSecrets {
    TerminalSecrets(asksForBecomePassword: askBecomePass, becomeDescriptor: becomePassFd, keyDescriptor: keyPassFd)
  }
}
