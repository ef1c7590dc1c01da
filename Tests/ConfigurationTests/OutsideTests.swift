import Foundation
import QuorateConfiguration
import QuorateCore
import Testing

@Suite struct OutsideTests {
  private func findings(_ text: String, environment: String? = nil) -> String {
    ConfigurationTests.text(load(text, environment: environment).findings)
  }

  private func cluster(_ more: String, hosts: String? = nil) throws -> ClusterSpec {
    let loaded = load(document(more, hosts: hosts))
    return try #require(loaded.spec, "\(ConfigurationTests.text(loaded.findings))")
  }

  @Test func `A reference is the whole of a value, or a part of it`() throws {
    let spec = try cluster(
      """
      transport: {plugin: ssh, with: {user: "${env:USER_NAME}", identityFile: "/keys/${env:STAGE}-${file:token}/id"}}
      """)
    #expect(spec.transport.settings["user"] == .string("operator"))
    #expect(spec.transport.settings["identityFile"] == .string("/keys/prod-s3cret/id"))
  }

  @Test func `Numbers, truth values and lengths of time may come from elsewhere, in quotes or without`() throws {
    let spec = try cluster(
      """
      allowEvenMembers: ${env:YES}
      ca:
        validity: ${env:VALIDITY}
      transport:
        plugin: ${env:TRANSPORT}
        with:
          port: "${env:PORT}"
          agent: ${env:YES}
      """)
    #expect(spec.allowEvenMembers)
    #expect(spec.authority.validitySeconds == 175_200 * 3600)
    #expect(spec.transport.settings["port"] == .integer(2222))
    #expect(spec.transport.settings["agent"] == .boolean(true))
  }

  @Test func `What comes from elsewhere is text where text must stand, whatever it looks like`() throws {
    let spec = try cluster("etcd: {imageTag: '${env:PORT}', extraArgs: {listen: '${env:YES}'}}")
    #expect(spec.imageTag == "2222")
    #expect(spec.extraArguments == [EtcdArgument(name: "listen", value: "true")])
  }

  @Test func `A default holds where a variable is not set or empty`() throws {
    let spec = try cluster(
      """
      etcd: {extraArgs: {a: "${env:MISSING:-1}", b: "${env:EMPTY:-2}", c: "${env:PORT:-3}", d: "x${env:EMPTY:-}y"}}
      """)
    #expect(spec.extraArguments.map(\.value) == ["1", "2", "2222", "xy"])
  }

  @Test func `Two dollar signs are one, and no reference`() throws {
    let spec = try cluster(#"etcd: {extraArgs: {a: "$${env:X}", b: "$5 $$ {} $", c: "$${${env:PORT}}"}}"#)
    #expect(spec.extraArguments.map(\.value) == ["${env:X}", "$5 $$ {} $", "${2222}"])
  }

  @Test func `A file's last line end is not part of its value`() throws {
    let spec = try cluster("etcd: {extraArgs: {a: '${file:token}', b: '${file:~/windows}'}}")
    #expect(spec.extraArguments.map(\.value) == ["s3cret", "dos"])
  }

  @Test func `Hosts and plugins may be named by what comes from elsewhere, and merged by it`() throws {
    let text =
      document(
        "transport: {plugin: '${env:TRANSPORT}', with: {user: a}}",
        hosts: """
          - {name: "${env:STAGE}-0", address: 10.0.0.6}
          - {name: prod-1, address: 10.0.0.7}
          - {name: prod-2, address: 10.0.0.8}
          """) + """
        environments:
          other:
            hosts: [{name: prod-0, address: 10.1.0.6}, {name: "${env:STAGE}-1", address: 10.1.0.7}]
            transport: {plugin: ssh, with: {port: 23}}
        """
    let loaded = load(text, environment: "other")
    let spec = try #require(loaded.spec, "\(ConfigurationTests.text(loaded.findings))")
    #expect(spec.hosts.map { "\($0.name) \($0.address)" } == ["prod-0 10.1.0.6", "prod-1 10.1.0.7", "prod-2 10.0.0.8"])
    #expect(spec.transport.settings == .object(["user": .string("a"), "port": .integer(23)]))
  }

  @Test func `What is missing is told with its place and what to do, all of it at once`() {
    #expect(
      findings(
        document(
          """
          etcd:
            version: ${env:VERSON}
            dataFolder: /var/${env:STAGE}/${env:LOST}/${file:none}
            extraArgs: {a: "${file:~/gone}", b: "${file:/folder}", c: "${file:/latin}"}
          """)) == """
          cluster.yaml:11:14: error: `spec.etcd.version` takes `${env:VERSON}`, and the variable `VERSON` is not set  [config.outside.variable]
            fix: did you mean `VERSION`? set it (`export VERSON=…`), or write a default: `${env:VERSON:-VALUE}`
          cluster.yaml:12:35: error: `spec.etcd.dataFolder` takes `${env:LOST}`, and the variable `LOST` is not set  [config.outside.variable]
            fix: set it (`export LOST=…`), or write a default: `${env:LOST:-VALUE}`
          cluster.yaml:12:47: error: `spec.etcd.dataFolder` takes `${file:none}`, the file `/srv/clusters/none`, which does not exist  [config.outside.file]
            why: a relative path starts from the configuration file's folder
            fix: write the file, or correct the path
          cluster.yaml:13:21: error: `spec.etcd.extraArgs.a` takes `${file:~/gone}`, which does not exist  [config.outside.file]
            fix: write the file, or correct the path
          cluster.yaml:13:42: error: `spec.etcd.extraArgs.b` takes `${file:/folder}`, which is a folder  [config.outside.file]
            fix: name a file in it
          cluster.yaml:13:64: error: `spec.etcd.extraArgs.c` takes `${file:/latin}`, which is not UTF-8  [config.outside.encoding]
            why: a byte there belongs to no character
            fix: write text there

          """)
  }

  @Test func `A value that does not fit says where it comes from`() {
    #expect(
      findings(
        document(
          """
          apiserverClient: ${env:STAGE}
          allowEvenMembers: "${env:PORT}"
          transport: {plugin: ssh, with: {port: "${env:STAGE}", connectTimeout: "${env:PORT}", user: "${env:EMPTY}"}}
          """))
          == """
          cluster.yaml:10:20: error: `spec.apiserverClient` is `prod` (from `${env:STAGE}`); one of `every`, `first`, `none` must stand here  [config.value]
            fix: write one of them
          cluster.yaml:11:21: error: `spec.allowEvenMembers` is `2222` (from `${env:PORT}`); `true` or `false` must stand here  [config.type]
            fix: write `true` or `false`
          cluster.yaml:12:41: error: `spec.transport.with.port` is `prod` (from `${env:STAGE}`); a whole number from 1 to 65535 must stand here  [config.type]
            fix: write the number
          cluster.yaml:12:73: error: `spec.transport.with.connectTimeout` is `2222` (from `${env:PORT}`), which has no unit  [config.duration]
            fix: write the unit: `2222h` for hours, `2222s` for seconds
          cluster.yaml:12:94: error: `spec.transport.with.user` is empty: `${env:EMPTY}`  [config.login-name]
            fix: write the login name

          """.replacing("[config.login-name]", with: "[config.empty]"))
  }

  @Test(arguments: [
    "apiserverClient: '${file:token}'", "etcd: {version: '${file:token}'}", "ca: {validity: 'x${file:token}'}",
    "transport: {plugin: ssh, with: {port: '${file:token}', agent: '${file:token}'}}",
    "allowEvenMembers: '${file:token}'",
    "hosts: [{name: 'a_${file:token}', address: '${file:token}', sans: ['${file:token}_']}]",
  ]) func `What a file holds is not shown where it does not fit`(_ more: String) {
    let text = findings(
      more.hasPrefix("hosts") ? document().replacing("hosts:", with: "x:") + "  \(more)\n" : document(more))
    #expect(text.contains("what a file holds is not shown") && !text.contains("s3cret"), "\(text)")
  }

  @Test func `A reference that cannot be read is told, whichever environment is chosen`() {
    let more = """
      etcd:
        extraArgs:
          a: ${HOME}
          b: ${env:A B}
          c: ${evn:HOME}
          d: ${file:}
          e: ${env:HOME
          f: ${HOME:-/root}
          g: ${file:~root/x}
      """
    let text = findings(document(more))
    for fix in [
      "fix: write `${env:HOME}`, or `$${` for the text `${` itself", "`A B` is no variable's name",
      "fix: did you mean `${env:HOME}`?", "names no file", "has `${` without `}`", "fix: write `${env:HOME:-/root}`",
      "names another user's home folder",
    ] {
      #expect(text.contains(fix), "\(fix)\n\(text)")
    }
    let overlay = document() + "environments: {other: {etcd: {extraArgs: {a: \"${HOME}\"}}}}\n"
    #expect(
      findings(overlay).contains("cluster.yaml:10:47: error: `environments.other.etcd.extraArgs.a` has `${HOME}`"))
  }

  @Test func `What is not in effect need not be there`() throws {
    let text =
      document("transport: {plugin: ssh, with: {user: '${env:MISSING}'}}") + """
        environments:
          given: {transport: {with: {user: ubuntu}}}
          other: {transport: {with: {user: "${env:LOST}"}}}
        """
    let loaded = load(text, environment: "given")
    #expect(loaded.findings.isEmpty, "\(ConfigurationTests.text(loaded.findings))")
    #expect(loaded.spec?.transport.settings["user"] == .string("ubuntu"))
    #expect(findings(text).contains("MISSING") && !findings(text).contains("LOST"))
  }

  @Test func `A reference without quotes between brackets is explained`() {
    #expect(
      findings(document("transport: {plugin: ssh, with: {user: ${env:USER_NAME}}}")).contains(
        "error: `${` stands without quotes between brackets"))
  }
}

@Suite struct SecretTests {
  private func issuer(_ key: String) -> String {
    document("issuer: {plugin: cfssl, with: {server: 'https://ca:8888', authKey: \(key)}}")
  }

  private func text(_ secret: SecretBytes) -> String { secret.withBytes { String(decoding: $0, as: UTF8.self) } }

  @Test func `A secret travels as bytes, and is equal by where it comes from`() throws {
    let loaded = load(issuer("'${file:token}'"))
    #expect(loaded.findings.isEmpty, "\(ConfigurationTests.text(loaded.findings))")
    let value = try #require(loaded.spec?.issuer.settings["authKey"])
    #expect(text(try #require(value.secret)) == "s3cret")
    #expect(value.string == nil)
    #expect(value == .secret(SecretSetting(source: "${file:/srv/clusters/token}", bytes: nil)))
  }

  @Test func `Parts around a reference belong to the secret`() throws {
    let value = try #require(load(issuer("'op:${env:STAGE}'")).spec?.issuer.settings["authKey"])
    #expect(text(try #require(value.secret)) == "op:prod")
    #expect("\(value)".contains("prod") == false)
  }

  @Test func `A secret in the file is warned of, and shown nowhere`() {
    let loaded = load(issuer("hunter2"))
    #expect(loaded.spec != nil)
    #expect(
      ConfigurationTests.text(loaded.findings) == """
        cluster.yaml:10:70: warning: `spec.issuer.with.authKey` is a secret, and it is written in the configuration  [config.secret.literal]
          why: whoever can read the file, or its history, has it
          fix: take it from a file or a variable: `${file:PATH}`, `${env:NAME}`

        """)
    for yaml in [loaded.effective?.yaml(), loaded.effective.map { "\($0.settings())" }] {
      #expect(yaml?.contains("hunter2") == false && yaml?.contains("(secret)") == true)
    }
  }

  @Test(arguments: ["[hunter2]", "{a: hunter2}", "'${hunter2}'", "'${env:hunter2 }'"])
  func `A faulty secret is not shown in its finding`(_ key: String) {
    let loaded = load(issuer(key))
    #expect(loaded.spec == nil)
    #expect(!ConfigurationTests.text(loaded.findings).contains("hunter2"))
  }

  @Test func `A saved specification holds no secret, and reads it again`() throws {
    let spec = try #require(load(issuer("'${file:token}'")).spec)
    let saved = try JSONEncoder().encode(spec)
    #expect(!String(decoding: saved, as: UTF8.self).contains("s3cret"))
    let decoded = try JSONDecoder().decode(ClusterSpec.self, from: saved)
    #expect(decoded == spec && decoded.issuer.settings["authKey"].secret == nil)
    let (complete, findings) = KnownPlugins.loader.readingSecrets(of: decoded)
    #expect(findings.isEmpty)
    #expect(text(try #require(complete.issuer.settings["authKey"].secret)) == "s3cret")
  }

  @Test(arguments: ["hunter2", "'hunter2${env:STAGE}'"])
  func `A secret that the configuration has itself does not go into a saved plan`(_ key: String) throws {
    let spec = try #require(load(issuer(key)).spec)
    let saved = try JSONEncoder().encode(spec)
    #expect(!String(decoding: saved, as: UTF8.self).contains("hunter2"))
    let decoded = try JSONDecoder().decode(ClusterSpec.self, from: saved)
    let findings = ConfigurationTests.text(KnownPlugins.loader.readingSecrets(of: decoded).findings)
    #expect(findings.contains("the plan does not hold `spec.issuer.with.authKey`"))
  }

  @Test func `An empty secret is none`() {
    #expect(
      ConfigurationTests.text(load(issuer("'${env:EMPTY}'")).findings).contains("`spec.issuer.with.authKey` is empty"))
  }

  @Test func `The printed configuration refers to a secret, and reads back`() throws {
    let loaded = load(issuer("'${env:STAGE}'"))
    let yaml = try #require(loaded.effective?.yaml())
    #expect(yaml.contains("authKey: \"${env:STAGE}\""))
    #expect(yaml.contains("# (secret) ${env:STAGE} at cluster.yaml:10"))
    #expect(load(yaml).spec?.issuer.settings["authKey"] == loaded.spec?.issuer.settings["authKey"])
    #expect(!yaml.contains("\"prod"))
  }
}
