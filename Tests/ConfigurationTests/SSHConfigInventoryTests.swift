import QuorateConfiguration
import QuorateCore
import Testing

@Suite struct SSHConfigInventoryTests {
  private func read(_ text: String, _ patterns: String = "infra*") -> Inventory {
    SSHConfigInventory.read(
      file: "config", bytes: Array(text.utf8), patterns: patterns, surroundings: InventoryFixtures.surroundings)
  }

  @Test func `The first option that is given for a host holds`() {
    let inventory = read(
      """
      # hosts
      User=before
      Host infra0 infra0.short
        HostName 10.0.0.6
        Port 2222
      Host infra1 !infra9
        HostName "10.0.0.7"
        User late
        IdentityFile ~/.ssh/id_1
      Host infra?
        Port 23
        IdentityFile ~/.ssh/id
      Host web
        HostName 10.0.0.99
      """)
    #expect(
      InventoryFixtures.text(inventory) == """
        infra0 10.0.0.6 ssh=:2222 user=before key=~/.ssh/id
        infra1 10.0.0.7 ssh=:23 user=before key=~/.ssh/id_1

        """, "\(text(inventory.findings))")
  }

  @Test func `Included files count where they stand`() {
    let inventory = read(
      """
      Include conf.d/*
      Host infra0
        HostName 10.0.0.6
      """)
    #expect(InventoryFixtures.text(inventory) == "infra1 10.0.0.7 user=second\ninfra0 10.0.0.6 user=third\n")
    let within = read("Host infra1\n  Include conf.d/a.conf\n  Port 24\nHost infra0\n  HostName 10.0.0.6\n")
    #expect(InventoryFixtures.text(within) == "infra1 10.0.0.7 ssh=:24 user=second\ninfra0 10.0.0.6\n")
  }

  @Test func `What cannot be taken over is told`() {
    let inventory = read(
      """
      Host infra0
        HostName 10.0.0.6
        ProxyJump bastion
        IdentityFile ~/.ssh/%h
      Match exec "true"
        User x
      Host infra1
        HostName nowhere.example.com
        Port none
      """)
    #expect(
      text(inventory.findings) == """
        config:4:3: warning: `IdentityFile` is `~/.ssh/%h`, which is left out  [config.init.ssh-config.left-out]
          why: it has a token in it
          fix: set `identityFile` in the transport's settings
        config:5:1: warning: this `Match` and what is below it is left out  [config.init.ssh-config.match]
          why: only `Match all` says by itself which hosts it is for
          fix: check what it says of your hosts
        config:8:3: error: `nowhere.example.com` is a name that does not resolve here  [config.init.unresolved]
          why: etcd advertises and listens on IP addresses only
          fix: write the address of `infra1` there
        config:9:3: error: the port of `infra1` is `none`, which is none  [config.init.ssh-config.port]
          fix: write a number from 1 to 65535

        """)
    #expect(text(read("Host web\n", "wbe").findings).contains("did you mean `web`? its hosts are `web`"))
    #expect(text(read("Host *\n  User x\n").findings).contains("it has no `Host` with a name of its own"))
  }

  @Test func `Hosts on the way are written where the transport knows them, with what the configuration says of them`() {
    let inventory = read(
      """
      Host bastion
        HostName 192.0.2.1
        Port 2200
        User ops
      Host infra0
        HostName 10.0.0.6
        ProxyJump bastion,fd00::1,other@gate:22
      """)
    #expect(inventory.hosts.map(\.jump) == [["ops@192.0.2.1:2200", "[fd00::1]", "other@gate"]])
    // The transport of these tests has no such setting.
    let plain = StarterConfiguration(inventory: inventory).make(checkedBy: KnownPlugins.loader)
    #expect(text(plain.findings).contains("config:6:3: warning: the way over `ops@192.0.2.1:2200`, `[fd00::1]`"))
    #expect(plain.text?.contains("jump") == false)
    let ssh = PluginDescriptor(
      id: "ssh", kind: .transport, version: "1.0.0", summary: "Over SSH.",
      settings: SchemaObject([
        SchemaKey("become", .oneOf(["none", "sudo"]), "How."),
        SchemaKey("jump", .list(of: .string(form: TextForm.text)), "Hosts on the way."),
      ]))
    var loader = KnownPlugins.loader
    loader.plugins = loader.plugins.filter { $0.id != "ssh" } + [ssh]
    let written = StarterConfiguration(inventory: inventory).make(checkedBy: loader).text
    #expect(
      written?.contains("with: {jump: [\"ops@192.0.2.1:2200\", \"[fd00::1]\", other@gate], become: sudo}") == true)
  }

  @Test func `Keys that differ from host to host are told, and left to the agent`() {
    let inventory = read(
      "Host infra0\n  HostName 10.0.0.6\n  IdentityFile ~/.ssh/a\nHost infra1\n  HostName 10.0.0.7\n  IdentityFile ~/.ssh/b\n"
        + "Host infra2\n  HostName 10.0.0.8\n  User root\n")
    let outcome = StarterConfiguration(inventory: inventory).make(checkedBy: KnownPlugins.loader)
    #expect(text(outcome.findings).contains("the hosts' private keys differ, and are left out: `~/.ssh/a`, `~/.ssh/b`"))
    #expect(outcome.text?.contains("- {name: infra2, address: 10.0.0.8, ssh: {user: root}}") == true)
    #expect(outcome.text?.contains("with: {become: sudo}") == true)
  }

  @Test func `A name that resolves is where to log in, and its address the member's`() {
    let inventory = read("Host infra0\n  HostName etcd0.example.com\n")
    #expect(InventoryFixtures.text(inventory) == "infra0 10.0.0.6 ssh=etcd0.example.com:22\n")
    #expect(text(inventory.findings).contains("note: `etcd0.example.com` is 10.0.0.6"))
  }
}
