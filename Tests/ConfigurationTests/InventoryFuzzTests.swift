import Foundation
import QuorateConfiguration
import QuorateCore
import Testing

/// Whatever stands in a file, reading it ends, and either hosts or an error come out.
@Suite struct InventoryFuzzTests {
  private struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      return mixed ^ (mixed >> 31)
    }
  }

  enum Form: CaseIterable, Sendable { case ansibleINI, ansibleYAML, terraform, sshConfig, kubeadm }

  private static let rounds =
    ProcessInfo.processInfo.environment["QUORATE_FUZZ_TEXTS"].flatMap(Int.init) ?? 1500

  private static func seeds(_ form: Form) -> [String] {
    switch form {
    case .ansibleINI:
      [
        "[etcd]\ninfra[0:2] ansible_host=10.0.0.6 ansible_port=22 ansible_user='a b' ansible_ssh_common_args='-J b'\n[etcd:vars]\nansible_become=yes\n"
          + "[all:children]\netcd\nweb\n[web]\nnode-[a:c]:2222 ip=fd00::6\n# end\n"
      ]
    case .ansibleYAML:
      [
        "all:\n  vars: {ansible_user: x}\n  children:\n    etcd:\n      hosts:\n        infra[0:1]: {ip: 10.0.0.6}\n"
          + "        b: {ansible_host: 10.0.0.7, ansible_port: 23}\n      children: {more: {hosts: {c: }}}\n",
        #"{"_meta": {"hostvars": {"a": {"ip": "10.0.0.6"}}}, "etcd": {"hosts": ["a", "b"], "children": ["x"]}}"#,
      ]
    case .terraform:
      [
        #"{"etcd": {"sensitive": false, "value": [{"name": "a", "private_ip": "10.0.0.6", "public_ip": "1.2.3.4"}]}}"#,
        #"{"values": {"outputs": {}, "root_module": {"resources": [{"type": "a", "name": "b", "values": {"ip": "10.0.0.6"}}]}}}"#,
        #"{"version": 4, "resources": [{"mode": "managed", "type": "a", "name": "b", "instances": [{"attributes": {"ip": "::2"}}]}]}"#,
      ]
    case .sshConfig:
      [
        "Include conf.d/*\nHost infra0 infra1 !x\n  HostName 10.0.0.6\n  Port=22\n  User \"a b\"\nMatch all\n  IdentityFile ~/k\n  ProxyJump a,b@c:22\n"
          + "Host *\n  ProxyJump none\n"
      ]
    case .kubeadm:
      [
        "apiVersion: kubeadm.k8s.io/v1beta3\nkind: InitConfiguration\nnodeRegistration: {name: infra0}\n---\n"
          + "apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\netcd:\n  local:\n    serverCertSANs: [10.0.0.6, a.b]\n"
          + "    extraArgs:\n      initial-cluster: infra0=https://10.0.0.6:2380,infra1=https://[fd00::7]:2380\n"
          + "      listen-client-urls: https://10.0.0.6:2379\n      quota-backend-bytes: \"1\"\n"
      ]
    }
  }

  private static let morsels = [
    "[", "]", "{", "}", "[0:", ":9]", "[999999999999:]", "=", "=\"", "'", "\"", "#", ";", "\\", "\n", "\r", "\t", " ",
    ",",
    ":", "---\n", "*", "!", "?", "%h", "{{ x }}", "~/", "Include *\n", "Host ", "Match all\n", "10.0.0.6", "fd00::1",
    "[::1]",
    "https://", "null", "-1", "99999", ":children]\n", ":vars]\n", "etcd", "é", "🦊", "\u{0}", "\u{202E}", "&a ", "*a",
    "!!x ",
  ].map { Array($0.utf8) }

  private static func mutate(_ bytes: [UInt8], _ dice: inout Dice) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...8, using: &dice) {
      let place = Int.random(in: 0...bytes.count, using: &dice)
      let length = min(Int.random(in: 0...16, using: &dice), bytes.count - place)
      switch Int.random(in: 0..<5, using: &dice) {
      case 0: bytes.insert(UInt8.random(in: 0...255, using: &dice), at: place)
      case 1: bytes.removeSubrange(place..<place + length)
      case 2: bytes.insert(contentsOf: morsels.randomElement(using: &dice) ?? [], at: place)
      case 3: bytes.replaceSubrange(place..<place + length, with: morsels.randomElement(using: &dice) ?? [])
      default:
        let source = Int.random(in: 0...bytes.count - length, using: &dice)
        bytes.insert(contentsOf: bytes[source..<source + length], at: place)
      }
    }
    return bytes
  }

  private static func read(_ form: Form, _ bytes: [UInt8]) -> Inventory {
    let surroundings = InventoryFixtures.surroundings
    return switch form {
    case .ansibleINI: AnsibleInventory.read(file: "h.ini", bytes: bytes, group: nil, surroundings: surroundings)
    case .ansibleYAML: AnsibleInventory.read(file: "h.yaml", bytes: bytes, group: nil, surroundings: surroundings)
    case .terraform: TerraformInventory.read(file: "o.json", bytes: bytes, output: nil, surroundings: surroundings)
    case .sshConfig: SSHConfigInventory.read(file: "c", bytes: bytes, patterns: "*", surroundings: surroundings)
    case .kubeadm: KubeadmInventory.read([.init(name: "k.yaml", bytes: bytes)], surroundings: surroundings)
    }
  }

  @Test(arguments: Form.allCases) func `Whatever is written, hosts or an error come out`(_ form: Form) {
    var dice = Dice(state: 20_261_124)
    for _ in 0..<Self.rounds {
      let seed = Array((Self.seeds(form).randomElement(using: &dice) ?? "").utf8)
      let bytes = Self.mutate(seed, &dice)
      let inventory = Self.read(form, bytes)
      let isFaulty = inventory.findings.contains { $0.severity == .error }
      if inventory.hosts.isEmpty, !isFaulty {
        Issue.record("nothing came of \(String(decoding: bytes, as: UTF8.self))")
        return
      }
      // What is taken makes a file, or findings say why it does not.
      let outcome = StarterConfiguration(inventory: inventory).make(checkedBy: KnownPlugins.loader)
      if outcome.text == nil, !outcome.findings.contains(where: { $0.severity == .error }) {
        Issue.record("no file came of \(String(decoding: bytes, as: UTF8.self))")
        return
      }
    }
  }

  @Test func `Texts that are made to take long do not`() {
    let wide = "[etcd]\n" + (0..<20_000).map { "h\($0) a=b\n" }.joined()
    let deep = (0..<400).map { "[g\($0):children]\ng\($0 + 1)\n" }.joined() + "[g400]\nx ansible_host=10.0.0.6\n"
    let includes = String(repeating: "Include conf.d/*\n", count: 2_000)
    let stars = "Host infra0\n  HostName 10.0.0.6\nHost " + String(repeating: "*a", count: 20_000) + "\n"
    for (form, text) in [
      (Form.ansibleINI, wide), (.ansibleINI, deep), (.sshConfig, includes), (.sshConfig, stars),
      (.ansibleINI, "[etcd]\n" + String(repeating: "[0:9]", count: 10_000)),
      (.terraform, String(repeating: "[", count: 100_000)),
      (.kubeadm, String(repeating: "---\na: 1\n", count: 4_000)),
    ] {
      let inventory = Self.read(form, Array(text.utf8))
      #expect(!inventory.hosts.isEmpty || !inventory.findings.isEmpty)
    }
  }
}
