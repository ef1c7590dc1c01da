/// The container images of a host, in whatever store its kubelet's runtime has.
struct ImageStore: Sendable, Hashable {
  /// A program that imports images into a runtime's store.
  enum Program: String, Sendable, Hashable {
    /// containerd's own, in the kubelet's namespace.
    case ctr
    /// With cri-dockerd.
    case docker
    /// It shares its store with CRI-O.
    case podman
  }

  /// The program that imports.
  var program: Program
  /// The names of the images there.
  var images: Set<String>

  /// Finds the runtime as the service manager `systemd-kubelet` does, and lists its images: the program's name, and an
  /// image a line. 127, with the reason, where there is none. $1: the program, where the user names it.
  private static let listText = [
    "exec 2>&1", "t=$1",
    "if [ -z \"$t\" ]; then if [ -S /run/cri-dockerd.sock ]; then t=docker; elif [ -S /run/containerd/containerd.sock ]; "
      + "then t=ctr; elif [ -S /run/crio/crio.sock ]; then t=podman; else "
      + "echo \"no container runtime listens on its usual socket\"; exit 127; fi; fi",
    "command -v $t >/dev/null || { echo \"there is no program $t, which imports images into this runtime\"; exit 127; }",
    "echo $t",
    "case $t in ctr) exec ctr --namespace k8s.io images ls -q;; "
      + "*) exec $t images --format \"{{.Repository}}:{{.Tag}}\";; esac",
  ].joined(separator: "; ")

  /// The command whose answer ``init(_:)`` reads.
  static func listing(_ program: Program?) -> HostCommand {
    HostCommand(["sh", "-c", listText, "quorate", program?.rawValue ?? ""], summary: "list the container images")
  }

  /// Reads the answer.
  ///
  /// - Throws: ``Unusable`` when the host has no such store.
  init(status: Int32, output: [UInt8]) throws(Unusable) {
    let lines = String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
    guard let program = lines.first.flatMap(Program.init(rawValue:)), status == 0 else {
      let said = lines.filter { Program(rawValue: $0) == nil }.prefix(3)
        .map { String(String.UnicodeScalarView($0.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F })) }
      let what = lines.first.flatMap(Program.init(rawValue:)).map { "\($0.rawValue) ended" } ?? "it ended"
      throw Unusable(why: said.isEmpty ? "\(what) with status \(status)" : said.joined(separator: "; "))
    }
    self.program = program
    images = Set(lines.dropFirst())
  }

  /// Why a host's images cannot be listed.
  struct Unusable: Error { var why: String }
}
