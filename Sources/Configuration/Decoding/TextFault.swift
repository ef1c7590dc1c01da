/// What is wrong with a text of a form.
struct TextFault: Equatable {
  /// The finding's code below `config.`.
  var code: String
  /// Continues a sentence that names the value: `which …`, `with …`.
  var what: String
  var why: String
  var fix: String

  init(_ code: String, _ what: String, why: String = "", fix: String = "") {
    self.code = code
    self.what = what
    self.why = why
    self.fix = fix
  }
}

/// A value as a message shows it: in backticks, shortened, on one line.
func shown(_ text: String) -> String {
  let scalars = text.unicodeScalars
  var result = String.UnicodeScalarView()
  for scalar in scalars.prefix(60) {
    if scalar.isInvisible {
      result.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
    } else {
      result.append(scalar)
    }
  }
  return "`" + String(result) + (scalars.count > 60 ? "…" : "") + "`"
}

extension Unicode.Scalar {
  /// Whether it is a control character, a line end, or something else that an editor does not show.
  var isInvisible: Bool {
    if isASCII { return value < 0x20 || value == 0x7F }
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: return true
    default: return false
    }
  }
}
