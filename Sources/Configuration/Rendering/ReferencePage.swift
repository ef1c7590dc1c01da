internal import QuorateCore

extension ConfigurationSchema {
  /// The reference page of the configuration, Markdown; it ends with a line end.
  public var referencePage: String { ReferencePageWriter(schema: self).page }
}

/// Writes a description as a page.
private struct ReferencePageWriter {
  let schema: ConfigurationSchema

  var page: String {
    var sections = [Self.introduction]
    sections.append("## The file\n\n" + table(schema.document))
    // What has the same keys as something before is told by its name; what is below it is not told again.
    var told: [(title: String, object: SchemaObject)] = []
    var repeated: [String] = []
    for (title, object) in objects(below: schema.document, path: "") {
      guard !repeated.contains(where: title.hasPrefix) else { continue }
      if let before = told.first(where: { $0.object == object }) {
        sections.append("### `\(title)`\n\nIt has the keys of `\(before.title)`.")
        repeated.append(title + ".")
        repeated.append(title + "[")
      } else {
        sections.append("### `\(title)`\n\n" + table(object))
        told.append((title, object))
      }
    }
    sections.append(Self.environments)
    sections.append(Self.outside)
    sections.append(Self.origins)
    sections.append(flags)
    for kind in [PluginKind.transport, .certIssuer, .serviceManager, .manifestWriter] {
      sections.append(plugins(of: kind))
    }
    sections.append(Self.forms)
    return sections.joined(separator: "\n\n") + "\n"
  }

  private static let introduction = """
    # The configuration

    <!-- Generated from the description that `quorate validate` and `quorate schema` use. Do not edit: run
         `QUORATE_RECORD=1 swift test --filter ReferencePage`. -->

    A cluster is described by one YAML file, `cluster.yaml` unless `-f FILE` names another. `quorate init` writes one,
    `quorate validate` checks it and prints every finding with its place, `quorate schema` prints a JSON Schema for
    editors.

    ```yaml
    apiVersion: quorate/v1
    kind: EtcdCluster
    metadata: {name: prod}
    spec:
      kubernetesVersion: v1.20.2
      hosts:
        - {name: infra0, address: 10.0.0.6}
        - {name: infra1, address: 10.0.0.7}
        - {name: infra2, address: 10.0.0.8}
      transport: {plugin: ssh, with: {user: ubuntu}}
    ```

    The file is YAML 1.2 in UTF-8, one document, at most 1 MiB. Unknown and repeated keys are errors. Anchors and
    aliases work; merge keys (`<<`) and tags of your own do not. What YAML reads as a number or a truth value (`1.20`,
    `true`) must stand in quotes where text is wanted. A key with nothing behind it is as good as absent.
    """

  private static let environments = """
    ## Environments

    Under `environments.NAME` stand the keys of `spec`, and `metadata` and `pipelines` beside them. `--environment NAME`
    lays them over the rest of the file; without it they are checked all the same.

    ```yaml
    environments:
      laptop:
        hosts:
          - {name: infra0, address: 127.0.0.1, root: ./infra0, ports: {client: 12379, peer: 12380, metrics: 12381}}
          - {name: infra1, address: 127.0.0.1, root: ./infra1, ports: {client: 22379, peer: 22380, metrics: 22381}}
          - {name: infra2, address: 127.0.0.1, root: ./infra2, ports: {client: 32379, peer: 32380, metrics: 32381}}
        transport: {plugin: local}
        serviceManager: {plugin: process}
        manifestWriter: {plugin: unit-file}
    ```

    - Mappings are merged key by key, and `null` removes a key.
    - Hosts are merged by `name`; a new name adds a host.
    - Any other list, and any other value, replaces the one below it.
    - Another `plugin` drops the settings under the first one's `with`; the same plugin's are merged.
    """

  private static let outside = """
    ## Values from outside of the file

    Behind a key, and in a list, a value may be taken from elsewhere, whole or in part:

    | | |
    |---|---|
    | `${env:NAME}` | the environment variable `NAME`; an error where it is not set |
    | `${env:NAME:-DEFAULT}` | the same, and `DEFAULT` where it is not set or empty |
    | `${file:PATH}` | the content of a file, at most 64 KiB of UTF-8, without its last line end; a relative path starts from the configuration file's folder, `~/` from your home |
    | `$${` | the text `${` itself |

    ```yaml
    spec:
      etcd:
        dataFolder: /var/lib/etcd-${env:STAGE:-test}
        extraArgs: {quota-backend-bytes: "${env:QUOTA}"}
    ```

    - As a whole, it takes the type of its place: `${env:PORT}` is a number where one must stand.
    - Between `{` and `}` it needs quotes, since YAML reads a brace there: `{port: "${env:PORT}"}`.
    - In a command of a pipeline, `${HOME}` for a shell to read is written `$${HOME}`.
    - What is not in effect is not read: an environment that is not chosen, or a value that another one is laid over.
    - A **secret** setting (the tables say so) is never printed: not in a finding, a plan, the journal or
      `quorate config`. Take it from a file or a variable; written in the file, it is warned of. A saved plan holds where a
      secret comes from, and `quorate apply --plan` reads it again.
    - Other settings are no secrets, wherever they come from: they end in files on the hosts, and plans show those.
    """

  private static let origins = """
    ## Where values come from

    `quorate config`, with `--environment NAME` or without, prints the configuration as it takes effect, and behind each
    value where it comes from:

    ```yaml
    - name: infra0              # cluster.yaml:7
      address: 127.0.0.1        # environment laptop at cluster.yaml:24
    user: ubuntu                # ${env:LOGIN} at cluster.yaml:15
    become: none                # default
    # version: what kubernetesVersion says  # default
    ```

    What is printed is a configuration again, for the same folder. `--no-defaults` leaves out what is not written,
    `--no-origins` the comments; `--output json` prints an object for each value with its path, value and origin:
    `configuration`, `environment`, `env`, `file` or `default`.
    """

  /// The extra arguments that are refused.
  private var flags: String {
    let names = ManagedFlag.all.keys.sorted().map { "`\($0)`" }.joined(separator: ", ")
    return """
      ## Flags that Quorate manages

      They are refused under `extraArgs`, as Quorate sets them itself or they would work against one it sets: \(names).
      """
  }

  private static let forms = """
    ## Forms of values

    - **name**: an RFC 1123 label: 1 to 63 of a-z, 0-9 and `-`, with a letter or digit at each end.
    - **IP address**: IPv4 or IPv6, without brackets, port, zone or prefix length: `10.0.0.6`, `fd00::1`.
    - **host name**: an IP address or a DNS name, without user and port.
    - **SAN**: an IP address, a DNS name in lower case, or `*.` and a DNS name.
    - **login name**: letters, digits and `_ . - @ + \\`, not beginning with `-`.
    - **path**: a path on your machine. A relative one starts from the configuration file's folder, `~/` from your home.
    - **data folder**: an absolute path on the host, etcd's alone: not `/`, `/var` or another shared folder, not inside
      `/etc/kubernetes`.
    - **length of time**: as Go writes it, in hours, minutes and seconds: `8760h`, `1h30m`, `90s`. Days and years are no
      units, as their length varies.
    """

  private func table(_ object: SchemaObject) -> String {
    guard !object.keys.isEmpty else { return "It has no keys." }
    let rows = object.keys.map { key in
      let state = key.isRequired ? "required" : key.defaultText.map(Self.code) ?? ""
      let example = key.example.map { " Example: `\($0)`." } ?? ""
      let type = SchemaPhrase.column(key.type) + (key.isSecret ? ", secret" : "")
      return "| `\(key.name)` | \(Self.escaped(type)) | \(Self.escaped(state)) | "
        + "\(Self.escaped(key.summary + example)) |"
    }
    return "| key | value | default | meaning |\n|---|---|---|---|\n" + rows.joined(separator: "\n")
  }

  /// The mappings below a mapping, each with its path.
  private func objects(below object: SchemaObject, path: String) -> [(String, SchemaObject)] {
    object.keys.flatMap { key -> [(String, SchemaObject)] in
      self.objects(in: key.type, path: path.isEmpty ? key.name : "\(path).\(key.name)")
    }
  }

  private func objects(in type: SchemaType, path: String) -> [(String, SchemaObject)] {
    switch type {
    // An environment has the keys of `spec`, which are described there.
    case .object(let object): path == "environments.NAME" ? [] : [(path, object)] + objects(below: object, path: path)
    case .list(let element): objects(in: element, path: "\(path)[]")
    case .map(let element): objects(in: element, path: "\(path).NAME")
    case .anyOf(let types): types.flatMap { objects(in: $0, path: path) }
    default: []
    }
  }

  private func plugins(of kind: PluginKind) -> String {
    var lines = [
      "## `spec.\(kind.key)`: \(kind.phrase)",
      "A mapping of two keys: `plugin` names it, `with` holds its settings. The default is "
        + "`\(DefaultPlugin.name(kind))`.",
    ]
    if kind == .certIssuer {
      lines.append(
        "Every issuer has these settings under `with`:\n\n" + table(SchemaObject(ConfigurationSchema.certificateKeys)))
    }
    for plugin in schema.plugins(of: kind) {
      // What says the same as for every issuer is not said again.
      let own = plugin.settings.keys.filter { key in
        !(kind == .certIssuer
          && ConfigurationSchema.certificateKeys.contains {
            $0.name == key.name && $0.type == key.type && $0.defaultText == key.defaultText
          })
      }
      lines.append("### `\(plugin.id)`\n\n\(plugin.summary)")
      if !own.isEmpty { lines.append(table(SchemaObject(own))) }
      for (path, object) in objects(below: plugin.settings, path: "with") {
        lines.append("#### `\(path)`\n\n" + table(object))
      }
    }
    return lines.joined(separator: "\n\n")
  }

  /// A default in backticks, unless it is a phrase that brings its own, or words.
  private static func code(_ text: String) -> String {
    text.contains("`") || text.contains(" ") && !text.hasPrefix("{") ? text : "`\(text)`"
  }

  private static func escaped(_ text: String) -> String {
    String(text.flatMap { $0 == "|" ? "\\|" : $0 == "\n" ? " " : String($0) })
  }
}
