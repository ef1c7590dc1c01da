internal import QuorateCore

/// Finds where in the document a key is known.
enum SchemaIndex {
  /// The paths of the mappings that have a key of a name, in the document's order.
  static func paths(of name: String, in schema: ConfigurationSchema) -> [String] {
    var found: [String] = []
    func search(_ object: SchemaObject, _ path: String) {
      if !path.isEmpty, object[name] != nil { found.append(path) }
      for key in object.keys where key.name != "environments" && key.name != "pipelines" {
        visit(key.type, path.isEmpty ? key.name : "\(path).\(key.name)")
      }
    }
    func visit(_ type: SchemaType, _ path: String) {
      switch type {
      case .object(let object): search(object, path)
      case .list(let element): visit(element, "\(path)[]")
      case .plugin(let kind):
        for plugin in schema.plugins(of: kind) {
          search(schema.settings(of: plugin), "\(path).with")
        }
      default: break
      }
    }
    search(schema.document, "")
    return found
  }
}
