internal import QuorateCore

/// Lays one part of a document over another. Each value keeps the place where it is written.
///
/// Mappings are merged key by key, lists of named entries by name, any other list is replaced; `null` removes a key;
/// another plugin drops the first one's settings.
enum Overlay {
  static func merge(_ base: ConfigurationNode, with overlay: ConfigurationNode, as type: SchemaType)
    -> ConfigurationNode
  {
    switch (type, base.content, overlay.content) {
    case (.object(let object), .mapping(let below), .mapping(let above)):
      return merge(base, below, above) { object[$0]?.type }
    case (.map(let element), .mapping(let below), .mapping(let above)):
      return merge(base, below, above) { _ in element }
    case (.plugin, .mapping(let below), .mapping(let above)):
      if let chosen = overlay["plugin"]?.value.text, chosen != base["plugin"]?.value.text {
        return ConfigurationNode(
          position: overlay.position, content: .mapping(above.filter { !$0.value.isNull }), size: overlay.size)
      }
      return merge(base, below, above) { _ in free }
    case (.list(let element), .list(let below), .list(let above)) where SettingsDecoder.isNamed(element):
      return mergeNamed(base, below, above, as: element)
    case (_, .mapping(let below), .mapping(let above)):
      return merge(base, below, above) { _ in free }
    default:
      return overlay
    }
  }

  /// What no schema describes: its mappings are merged all the same.
  private static let free = SchemaType.scalar(form: TextForm.text)

  private static func merge(
    _ base: ConfigurationNode, _ below: [ConfigurationNode.Entry], _ above: [ConfigurationNode.Entry],
    type: (String) -> SchemaType?
  ) -> ConfigurationNode {
    var entries: [ConfigurationNode.Entry?] = below
    var indices: [String: Int] = [:]
    for (index, entry) in below.enumerated() { indices[entry.key] = index }
    for entry in above {
      switch (indices[entry.key], entry.value.isNull) {
      case (let index?, true): entries[index] = nil
      case (let index?, false):
        let merged = entries[index].map { merge($0.value, with: entry.value, as: type(entry.key) ?? free) }
        entries[index] = ConfigurationNode.Entry(
          key: entry.key, keyPosition: entry.keyPosition, value: merged ?? entry.value)
      case (nil, true): break
      case (nil, false): entries.append(entry)
      }
    }
    return node(base, entries.compactMap { $0 })
  }

  private static func node(_ base: ConfigurationNode, _ entries: [ConfigurationNode.Entry]) -> ConfigurationNode {
    ConfigurationNode(
      position: base.position, content: .mapping(entries), size: entries.reduce(1) { $0 + 1 + $1.value.size })
  }

  private static func mergeNamed(
    _ base: ConfigurationNode, _ below: [ConfigurationNode], _ above: [ConfigurationNode], as element: SchemaType
  ) -> ConfigurationNode {
    var elements = below
    var indices: [String: Int] = [:]
    for (index, node) in below.enumerated() {
      if let name = node["name"]?.value.text, indices[name] == nil { indices[name] = index }
    }
    for entry in above {
      if let name = entry["name"]?.value.text, let index = indices[name] {
        elements[index] = merge(elements[index], with: entry, as: element)
      } else {
        if let name = entry["name"]?.value.text { indices[name] = elements.count }
        elements.append(entry)
      }
    }
    return ConfigurationNode(
      position: base.position, content: .list(elements), size: elements.reduce(1) { $0 + $1.size })
  }
}
