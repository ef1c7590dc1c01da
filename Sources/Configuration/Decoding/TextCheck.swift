internal import QuorateCore

/// Checks a text against the form its key has.
enum TextCheck {
  /// What is wrong with a text; nil: nothing.
  static func fault(in text: String, form: String) -> TextFault? {
    if let scalar = text.unicodeScalars.first(where: \.isInvisible) {
      return invisible(scalar)
    }
    if known.contains(form) {
      if text.isEmpty { return TextFault("empty", "which is empty", fix: "write the \(form)") }
      if text.allSatisfy(\.isWhitespace) { return TextFault("blank", "which is blank", fix: "write the \(form)") }
    }
    switch form {
    case TextForm.name: return NameCheck.label(text)
    case TextForm.loginName: return NameCheck.login(text)
    case ConfigurationForm.pluginName: return NameCheck.plugin(text)
    case TextForm.ipAddress: return AddressCheck.address(text)
    case TextForm.hostName: return AddressCheck.hostName(text)
    case TextForm.subjectAlternativeName: return AddressCheck.subjectAlternativeName(text)
    case TextForm.url: return AddressCheck.url(text)
    case TextForm.path: return PathCheck.path(text)
    case TextForm.absolutePath: return PathCheck.absolute(text)
    case ConfigurationForm.dataFolder: return PathCheck.dataFolder(text)
    case ConfigurationForm.kubernetesVersion: return VersionCheck.kubernetes(text)
    case ConfigurationForm.etcdVersion: return VersionCheck.etcd(text)
    case ConfigurationForm.imageRepository: return ImageCheck.repository(text)
    case ConfigurationForm.imageTag: return ImageCheck.tag(text)
    default: return nil
    }
  }

  static func invisible(_ scalar: Unicode.Scalar) -> TextFault {
    let name =
      switch scalar {
      case "\n", "\r": "a line break"
      case "\t": "a tab"
      case "\0": "a NUL character"
      default: "the invisible character \(scalar.notation)"
      }
    return TextFault(
      "control-character", "with \(name) in it", why: "it would change the meaning of what Quorate writes",
      fix: "remove it")
  }

  /// The forms that are checked; their texts may not be empty.
  private static let known: Set<String> = [
    TextForm.name, TextForm.loginName, TextForm.ipAddress, TextForm.hostName, TextForm.subjectAlternativeName,
    TextForm.url, TextForm.path, TextForm.absolutePath, ConfigurationForm.pluginName,
    ConfigurationForm.dataFolder, ConfigurationForm.kubernetesVersion, ConfigurationForm.etcdVersion,
    ConfigurationForm.imageRepository, ConfigurationForm.imageTag,
  ]
}

extension Character {
  /// Whether it is one of a-z, A-Z, 0-9.
  var isASCIIAlphanumeric: Bool { isASCII && (isLetter || isNumber) }
}
