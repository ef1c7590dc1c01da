internal import QuorateCore

/// The host's own kubeadm, run as a probe where nothing that it writes reaches the host.
///
/// It runs in a mount namespace of its own, and there in a root of its own: an empty tmpfs with the host's programs and
/// libraries in it, read-only. So the manifests folder and the data folder that it makes are in memory, whether or not
/// the host has them, and both are gone when it ends. It is fed our own kubeadmcfg.yaml, once for each state of the
/// cluster; the token, which nobody knows before the survey, is a placeholder in both (``token``).
struct KubeadmRun {
  static let id = "kubeadm.manifests"

  /// Stands for the cluster's token. A token is written like this one: plain, on a line of its own.
  static let token = "quorate-puts-the-token-here"

  /// The most bytes of a manifest that are taken.
  static let limit = 65_536

  /// Finds kubeadm and leaves for a mount namespace. $1: what is run there, with kubeadm's path as its $0.
  private static let outside = [
    "exec 2>&1", "k=$(command -v kubeadm) && k=$(readlink -f -- \"$k\") || exit 127", "i=$1", "shift",
    "exec unshare --mount --propagation private -- sh -c \"$i\" \"$k\" \"$@\"",
  ].joined(separator: "; ")

  /// Makes the root below /run, where every host has a folder, and runs kubeadm in it. $1: how many lines each
  /// configuration has; then the lines of both.
  ///
  /// It answers `inside` when the root stands, and for each state a line with its name and the manifest's length, and
  /// the manifest.
  private static let inside = [
    "set -e", "mount -t tmpfs -o size=32m,mode=0700,nosuid,nodev quorate /run",
    "for d in /usr /lib /lib32 /lib64 /libx32 /bin /sbin; do "
      + "if [ -L $d ]; then cp -P $d /run$d; elif [ -d $d ]; then mkdir /run$d; mount -o bind,ro $d /run$d; fi; done",
    "if ! [ -e \"/run$0\" ]; then mkdir -p \"/run${0%/*}\"; true >\"/run$0\"; mount -o bind,ro \"$0\" \"/run$0\"; fi",
    "echo inside", "n=$1", "shift",
    "for s in new existing; do rm -rf /run/etc; i=0; "
      + "while [ $i -lt $n ]; do printf '%s\\n' \"$1\"; shift; i=$((i + 1)); done >/run/kubeadmcfg.yaml; "
      + "o=$(chroot /run \"$0\" init phase etcd local --config /kubeadmcfg.yaml 2>&1) || { printf '%s\\n' \"$o\"; exit 1; }; "
      + "f=/run/etc/kubernetes/manifests/etcd.yaml; echo $s $(wc -c <$f); cat $f; done",
  ].joined(separator: "; ")

  /// The probe; nil where no configuration can be written for the member.
  static func probe(for member: MemberContext) -> Probe? {
    guard let release = KubernetesRelease(member.kubernetesVersion) else { return nil }
    let configurations = [MemberPhase.founding, .existing].map { phase in
      var member = member
      member.phase = phase
      member.token = token
      let configuration = KubeadmConfiguration(of: member, release: release, kubeadm: release.version)
      return configuration.text.split(separator: "\n").map(String.init)
    }
    guard let count = configurations.first?.count, configurations.allSatisfy({ $0.count == count }) else { return nil }
    // An argument with a line break could not be sent; such a member is refused by what its findings say.
    guard configurations.joined().allSatisfy(ManagedFlags.isValue) else { return nil }
    return .command(
      id: id,
      HostCommand(
        ["sh", "-c", outside, "quorate", inside, "\(count)"] + configurations.flatMap(\.self), timeoutSeconds: 30,
        summary: "kubeadm init phase etcd local, where nothing on the host changes"))
  }

  /// What became of it.
  enum Outcome: Equatable {
    /// The manifest for each state.
    case manifests([MemberPhase: String])
    /// It was not run: what the host said.
    case notRun(String)
    /// kubeadm ended with an error: what it said.
    case failed(String)
  }

  /// Reads what the host answered. It is somebody else's text: what does not fit is an error.
  static func outcome(in answers: ProbeAnswers) -> Outcome {
    guard case .command(let status, let bytes)? = answers.byKey[id] else { return .notRun("the host was not asked") }
    let mark = Array("inside\n".utf8)
    guard bytes.starts(with: mark) else { return .notRun(said(bytes, status: status)) }
    var rest = bytes.dropFirst(mark.count)
    guard status == 0 else { return .failed(said(Array(rest), status: status)) }
    var manifests: [MemberPhase: String] = [:]
    for phase in [MemberPhase.founding, .existing] {
      guard let end = rest.firstIndex(of: 10) else { return .failed("its answer ends early") }
      let words = String(decoding: rest[..<end], as: UTF8.self).split(separator: " ")
      rest = rest[(end + 1)...]
      guard words.count == 2, words[0] == phase.rawValue, let length = Int(words[1]), (1...limit).contains(length),
        length <= rest.count, let text = String(validating: rest.prefix(length), as: UTF8.self),
        text.split(separator: "\n").allSatisfy({ ManagedFlags.isValue(String($0)) })
      else { return .failed("its answer cannot be understood") }
      manifests[phase] = text
      rest = rest.dropFirst(length)
    }
    return .manifests(manifests)
  }

  /// The end of what was said, on one line, and without anything that a terminal would take for a command.
  private static func said(_ bytes: [UInt8], status: Int32) -> String {
    let lines = String(decoding: bytes.suffix(4096), as: UTF8.self).split(whereSeparator: \.isNewline)
      .map { String(String.UnicodeScalarView($0.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F })) }
      .filter { !$0.isEmpty && !$0.hasPrefix("To see the stack trace") }
    let how =
      switch status {
      case 124, 137: "it did not end in time"
      case 127: "a program that is needed is not there"
      default: "it ended with status \(status)"
      }
    return lines.isEmpty ? how : lines.suffix(4).joined(separator: "; ")
  }
}
