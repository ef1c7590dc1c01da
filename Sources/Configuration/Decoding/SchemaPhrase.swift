internal import QuorateCore

/// What a type is called in messages and on the reference page.
enum SchemaPhrase {
  /// What must stand somewhere: `a list`.
  static func expectation(_ type: SchemaType) -> String {
    switch type {
    case .string(TextForm.text): "text"
    case .string(let form): "text (\(form))"
    case .scalar: "text, a number or a truth value"
    case .oneOf(let words): "one of " + words.map { "`\($0)`" }.joined(separator: ", ")
    case .integer(let minimum, let maximum): "a whole number from \(minimum) to \(maximum)"
    case .boolean: "`true` or `false`"
    case .duration: "a length of time (`8760h`)"
    case .list: "a list"
    case .object, .map: "a mapping"
    case .plugin: "a mapping"
    case .anyOf(let types): types.map(expectation).joined(separator: ", or ")
    }
  }

  /// How to write it.
  static func hint(_ type: SchemaType) -> String {
    switch type {
    case .list: "begin each entry with `- `"
    case .object(let object):
      object.keys.isEmpty
        ? "write `{}`" : "its keys are " + object.keys.map { "`\($0.name)`" }.joined(separator: ", ")
    case .map(of: .scalar): "write `NAME: VALUE`, a line each"
    case .map: "write names with their values below"
    case .plugin: "write `{plugin: NAME, with: {…}}`"
    default: ""
    }
  }

  /// The type's column on the reference page.
  static func column(_ type: SchemaType) -> String {
    switch type {
    case .string(let form): form
    case .scalar(let form): form == ConfigurationForm.argument ? "text, number or truth value" : form
    case .oneOf(let words): words.map { "`\($0)`" }.joined(separator: ", ")
    case .integer(let minimum, let maximum): "number, \(minimum) to \(maximum)"
    case .boolean: "`true`, `false`"
    case .duration: "length of time"
    case .list(let element): "list of " + plural(element)
    case .object: "mapping"
    case .map(let element): "mapping from names to " + plural(element)
    case .plugin: "plugin"
    case .anyOf(let types): types.map(column).joined(separator: " or ")
    }
  }

  private static func plural(_ type: SchemaType) -> String {
    switch type {
    case .object, .plugin: "mappings"
    case .list(let element): "lists of " + plural(element)
    case .anyOf(let types): types.map(plural).joined(separator: " or ")
    case .string(TextForm.ipAddress): "IP addresses"
    case .string(TextForm.text), .scalar(TextForm.text): "texts"
    case .scalar: "text, numbers or truth values"
    case .string(let form): form + "s"
    default: column(type)
    }
  }
}
