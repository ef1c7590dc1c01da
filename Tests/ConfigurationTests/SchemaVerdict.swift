import Foundation

/// As much of JSON Schema (draft 2020-12) as the generated schema uses. A keyword that is not known here is a fault of
/// the schema, so that nothing in it goes untested.
struct SchemaVerdict {
  private(set) var faults: [String] = []

  init(_ instance: Any, against schema: [String: Any]) { check(instance, schema, at: "") }

  private mutating func check(_ instance: Any, _ schema: [String: Any], at path: String) {
    for (keyword, value) in schema.sorted(by: { $0.key < $1.key }) {
      switch (keyword, value) {
      case ("$schema", _), ("title", _), ("description", _), ("format", _), ("then", _), ("else", _): break
      case ("type", _):
        let types = (value as? [String]) ?? [value as? String ?? ""]
        if !types.contains(where: { Self.isA($0, instance) }) { faults.append("\(path): type is none of \(types)") }
      case ("enum", let values as [Any]):
        if !values.contains(where: { Self.equal($0, instance) }) { faults.append("\(path): not in enum") }
      case ("const", _): if !Self.equal(value, instance) { faults.append("\(path): not the constant") }
      case ("minimum", let minimum as Int):
        if let number = instance as? Int, number < minimum { faults.append("\(path): below minimum") }
      case ("maximum", let maximum as Int):
        if let number = instance as? Int, number > maximum { faults.append("\(path): above maximum") }
      case ("pattern", let pattern as String):
        if let text = instance as? String, text.range(of: pattern, options: .regularExpression) == nil {
          faults.append("\(path): does not match \(pattern)")
        }
      case ("items", let items as [String: Any]):
        for (index, element) in (instance as? [Any] ?? []).enumerated() {
          check(element, items, at: "\(path)[\(index)]")
        }
      case ("properties", let properties as [String: [String: Any]]):
        guard let object = instance as? [String: Any] else { break }
        for (name, inner) in properties { if let member = object[name] { check(member, inner, at: "\(path).\(name)") } }
      case ("additionalProperties", _):
        guard let object = instance as? [String: Any] else { break }
        let known = (schema["properties"] as? [String: Any] ?? [:]).keys
        for (name, member) in object where !known.contains(name) {
          if let inner = value as? [String: Any] {
            check(member, inner, at: "\(path).\(name)")
          } else if value as? Bool == false {
            faults.append("\(path): unknown key \(name)")
          }
        }
      case ("required", let names as [String]):
        guard let object = instance as? [String: Any] else { break }
        for name in names where object[name] == nil { faults.append("\(path): \(name) is missing") }
      case ("anyOf", let choices as [[String: Any]]):
        if !choices.contains(where: { SchemaVerdict(instance, against: $0).faults.isEmpty }) {
          faults.append("\(path): fits none of anyOf")
        }
      case ("allOf", let parts as [[String: Any]]): for part in parts { check(instance, part, at: path) }
      case ("if", let condition as [String: Any]):
        let branch = SchemaVerdict(instance, against: condition).faults.isEmpty ? "then" : "else"
        if let rules = schema[branch] as? [String: Any] { check(instance, rules, at: path) }
      default: faults.append("\(path): the schema has \(keyword): \(value)")
      }
    }
  }

  private static func isA(_ type: String, _ instance: Any) -> Bool {
    switch type {
    case "object": instance is [String: Any]
    case "array": instance is [Any]
    case "string": instance is String
    case "boolean": instance is Bool
    case "integer": instance is Int && !(instance is Bool)
    case "number": (instance is Int || instance is Double) && !(instance is Bool)
    case "null": instance is NSNull
    default: false
    }
  }

  private static func equal(_ left: Any, _ right: Any) -> Bool {
    if left is NSNull { return right is NSNull }
    guard let left = left as? String, let right = right as? String else { return false }
    return left == right
  }
}
