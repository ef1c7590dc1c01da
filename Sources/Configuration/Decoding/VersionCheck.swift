internal import QuorateCore

/// Versions of Kubernetes and etcd, and image names.
enum VersionCheck {
  /// The etcd minor versions whose flags are known.
  static let etcdMinors = 4...7

  static func kubernetes(_ text: String) -> TextFault? {
    if let fault = numbers(text, code: "kubernetes-version", example: "v1.20.2") { return fault }
    guard let version = Version(text), KubernetesRelease(version) != nil else {
      return TextFault(
        "kubernetes-version", "which is not known",
        why: "what kubeadm does is known for \(KubernetesRelease.knownRangeText)", fix: "write one of these versions")
    }
    return nil
  }

  static func etcd(_ text: String) -> TextFault? {
    if let fault = numbers(text, code: "etcd-version", example: "3.5.24") { return fault }
    guard let version = Version(text), version.major == 3, etcdMinors.contains(version.minor) else {
      return TextFault(
        "etcd-version", "which is not known",
        why: "etcd's flags are known for 3.\(etcdMinors.lowerBound) to 3.\(etcdMinors.upperBound)",
        fix: "write one of these versions")
    }
    return nil
  }

  private static func numbers(_ text: String, code: String, example: String) -> TextFault? {
    let body = text.hasPrefix("v") ? text.dropFirst() : Substring(text)
    let core = body.prefix { $0 != "-" && $0 != "+" }
    guard let version = Version(String(core)) else {
      return TextFault(code, "which is no version", fix: "write three numbers: `\(example)`")
    }
    if core.count != body.count {
      return TextFault(
        code, "with `\(body.dropFirst(core.count).prefix(30))` behind the three numbers",
        why: "only releases are known; an image's tag is set by `imageTag`",
        fix: "write `\(text.hasPrefix("v") ? "v" : "")\(version)`")
    }
    if core.filter({ $0 == "." }).count < 2 {
      return TextFault(
        code, "which names no patch release",
        why: "each host would have to guess the third number, and all must run the same",
        fix: "write all three numbers: `\(text).0`, or the patch you run")
    }
    return nil
  }
}

/// The parts of an image's name (the distribution project's `reference` grammar).
enum ImageCheck {
  static func repository(_ text: String) -> TextFault? {
    if text.contains("://") {
      return TextFault(
        "image-repository", "which has a scheme", why: "a repository is named without one",
        fix: "remove it: `registry.k8s.io`")
    }
    var parts = text.split(separator: "/", omittingEmptySubsequences: false)
    var isFine = text.utf8.count <= 200
    if let host = parts.first, parts.count > 1 || host.contains(".") || host.contains(":") {
      let halves = host.split(separator: ":", omittingEmptySubsequences: false)
      isFine =
        isFine && halves.count <= 2 && DNSName.isSubdomain(halves[0].lowercased())
        && (halves.count == 1
          || (1...5).contains(halves[1].count) && halves[1].allSatisfy { $0.isASCII && $0.isNumber })
      parts.removeFirst()
    }
    isFine = isFine && parts.allSatisfy(isComponent)
    return isFine
      ? nil
      : TextFault(
        "image-repository", "which is no image repository",
        why: "one is made of a host, perhaps a port, and lower-case names between slashes, without tag",
        fix: "write it as `registry.example.com:5000/mirror`")
  }

  static func tag(_ text: String) -> TextFault? {
    let isFine =
      text.utf8.count <= 128 && text.first.map { $0.isASCIIAlphanumeric || $0 == "_" } == true
      && text.allSatisfy { $0.isASCIIAlphanumeric || "_.-".contains($0) }
    return isFine
      ? nil
      : TextFault(
        "image-tag", "which is no image tag", why: "one is made of letters, digits and `_ . -`, at most 128",
        fix: "write it as `3.4.13-0`")
  }

  private static func isComponent(_ text: Substring) -> Bool {
    guard let first = text.first, let last = text.last else { return false }
    return text.allSatisfy { $0.isASCIIAlphanumeric && !$0.isUppercase || "._-".contains($0) }
      && first.isASCIIAlphanumeric && last.isASCIIAlphanumeric
  }
}
