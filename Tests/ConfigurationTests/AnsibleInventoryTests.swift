import QuorateConfiguration
import QuorateCore
import Testing

@Suite struct AnsibleInventoryTests {
  private func read(_ text: String, file: String = "hosts.ini", group: String? = nil) -> Inventory {
    AnsibleInventory.read(
      file: file, bytes: Array(text.utf8), group: group, surroundings: InventoryFixtures.surroundings)
  }

  @Test func `Groups, ranges and variables of an INI inventory are followed`() {
    let inventory = read(
      """
      # the hosts
      bastion ansible_host=192.0.2.1

      [infra]
      infra[0:2] ansible_port=2222   # comment
      [infra:vars]
      ansible_user = 'ubuntu'
      ansible_ssh_private_key_file=~/.ssh/id_infra
      [etcd:children]
      infra
      more
      [more]
      node-[a:c:2].example.com
      [more:vars]
      ansible_user=root
      [all:vars]
      ansible_user=nobody
      ansible_become=true
      """)
    #expect(inventory.become == "sudo")
    // Names that do not resolve here.
    #expect(text(inventory.findings).contains("hosts.ini:5:1: error: `infra0` is a name that does not resolve here"))
    let resolved = read(
      """
      [etcd]
      infra[0:1] ansible_port=2222
      infra9:23 ansible_host=10.0.0.9 ansible_user="a"
      [etcd:vars]
      ansible_user=ubuntu
      [infra]
      infra0 ansible_host=10.0.0.6 ansible_ssh_user=x
      infra1 ip=10.0.0.7 ansible_host=192.0.2.7 ansible_port=22
      """)
    #expect(
      InventoryFixtures.text(resolved) == """
        infra0 10.0.0.6 ssh=:2222 user=ubuntu
        infra1 10.0.0.7 ssh=192.0.2.7:22 user=ubuntu
        infra9 10.0.0.9 ssh=:23 user=a

        """)
  }

  @Test func `A YAML inventory says the same`() throws {
    let inventory = read(
      """
      ---
      all:
        vars: {ansible_user: ubuntu, ansible_become: yes, http_port: 80}
        children:
          etcd:
            hosts:
              infra0: {ansible_host: 10.0.0.6}
              infra1:
                ansible_host: 10.0.0.7
                ansible_port: 2222
                ansible_become_password: !vault |
                  $ANSIBLE_VAULT;1.1;AES256
              etcd0.example.com: {etcd_member_name: infra2}
          web: {hosts: {web1: }}
      """, file: "hosts.yaml")
    #expect(
      InventoryFixtures.text(inventory) == """
        infra0 10.0.0.6 user=ubuntu
        infra1 10.0.0.7 ssh=:2222 user=ubuntu

        """)
    #expect(
      text(inventory.findings) == """
        hosts.yaml:3:64: note: left out, as they do not say how to reach a host: `http_port`  [config.init.ansible.variables]
        hosts.yaml:11:36: warning: `ansible_become_password` is left out  [config.init.ansible.secret]
          why: a password is never part of the configuration
          fix: give it with --ask-become-pass or --become-pass-fd
        hosts.yaml:13:9: note: `etcd0.example.com` is 10.0.0.6  [config.init.resolved]
          why: etcd listens on addresses
        hosts.yaml:13:9: error: `infra0` and `infra2` have the same address 10.0.0.6  [config.init.repeated-address]
          why: members on one machine need ports and roots of their own
          fix: correct it, or write the file by hand

        """)
  }

  @Test func `A jump host is taken over, and variables beside the inventory are told of`() {
    let inventory = read("[etcd]\na ansible_host=10.0.0.6 ansible_ssh_common_args='-o ProxyJump=ops@bastion'\n")
    #expect(inventory.hosts.map(\.jump) == [["ops@bastion"]])
    #expect(inventory.findings.isEmpty)
    let beside = read("[etcd]\na ansible_host=10.0.0.6\n", file: "ansible/hosts.ini")
    #expect(
      text(beside.findings) == """
        ansible/hosts.ini:1:1: warning: `group_vars` beside the inventory is not read  [config.init.ansible.variables]
          why: only the inventory's own variables are
          fix: let Ansible put all together: `ansible-inventory -i ansible/hosts.ini --list >all.json`, and take all.json

        """)
  }

  @Test func `The list of ansible-inventory is read`() {
    let inventory = read(
      """
      {"_meta": {"hostvars": {"infra0": {"ansible_host": "10.0.0.6"}, "infra1": {"ansible_host": "10.0.0.7"}}},
       "all": {"children": ["ungrouped", "etcd"]}, "etcd": {"hosts": ["infra0", "infra1"]}}
      """, file: "list.json")
    #expect(InventoryFixtures.text(inventory) == "infra0 10.0.0.6\ninfra1 10.0.0.7\n")
  }

  @Test func `A file without a name's end is told from its first line`() {
    #expect(
      InventoryFixtures.text(read("all:\n  hosts:\n    a: {ansible_host: 10.0.0.6}\n", file: "hosts")) == "a 10.0.0.6\n"
    )
    #expect(InventoryFixtures.text(read("a ansible_host=10.0.0.6\n", file: "hosts")) == "a 10.0.0.6\n")
  }

  @Test func `A group is chosen by its name, or where there is one`() {
    let several = "[a]\nx ansible_host=10.0.0.6\n[b]\ny ansible_host=10.0.0.7\n"
    #expect(
      text(read(several).findings) == """
        hosts.ini:1:1: error: the inventory has several groups, and none is named `etcd`  [config.init.ansible.group]
          fix: choose one by --group: the groups are `a`, `b`

        """)
    #expect(InventoryFixtures.text(read(several, group: "b")) == "y 10.0.0.7\n")
    #expect(text(read("[etdc]\nx\n", group: "etcd").findings).contains("did you mean `etdc`?"))
    #expect(InventoryFixtures.text(read("[only]\nx ansible_host=10.0.0.6\n")) == "x 10.0.0.6\n")
  }

  @Test func `What is not understood is told, and secrets are not shown`() {
    let inventory = read(
      """
      [etcd]
      infra0 ansible_host=10.0.0.6 ansible_password=hunter2 ansible_ssh_common_args='-J bastion -v'
      infra_1 ansible_host=10.0.0.7 ansible_connection=local ansible_become_method=su
      infra2 ansible_host="{{ lookup('env', 'X') }}" oddity
      [etcd:what]
      x
      [web:children]
      nobody
      """)
    let findings = text(inventory.findings)
    for sentence in [
      "hosts.ini:4:48: error: `oddity` behind a host is no variable", "hosts.ini:5:1: error: the section `[etcd:what]`",
      "hosts.ini:8:1: error: the group `nobody` is not in the inventory",
    ] {
      #expect(findings.contains(sentence), "\(findings)")
    }
    let rest = text(
      read(
        """
        [etcd]
        infra0 ansible_host=10.0.0.6 ansible_password=hunter2 ansible_ssh_common_args='-J bastion -v'
        infra_1 ansible_host=10.0.0.7 ansible_connection=local ansible_become_method=su
        infra2 ansible_host="{{ lookup('env', 'X') }}" ip=10.0.0.8 ansible_port=0
        """
      ).findings)
    for sentence in [
      "hosts.ini:2:30: warning: `ansible_password` is left out", "warning: `ansible_ssh_common_args` is left out",
      "note: `infra_1` becomes the member `infra-1`", "`ansible_connection` is `local`, which is left out",
      "`ansible_become_method` is `su`", "the variable for the login of `infra2` is left out",
      "the port of `infra2` is `0`, which is none",
    ] {
      #expect(rest.contains(sentence), "\(sentence)\n\(rest)")
    }
    #expect(!rest.contains("hunter2"))
  }

  @Test(arguments: [
    ("[etcd]\ninfra[0:9999999]\n", "which is none"), ("[etcd]\ninfra[2:0]\n", "which is none"),
    ("[etcd]\na[0:999]b[0:999]\n", "stands for more than 2000 hosts"), ("[etcd]\ninfra[0\n", "has `[` without `]`"),
    ("[a:children]\nb\n[b:children]\na\n", "is a part of itself"),
    ("[etcd]\ntwo.example.com\n", "has several addresses"),
    ("[etcd]\nself.example.com\n", "resolves to the loopback address 127.0.1.1"), ("[etcd]\n", "has no host"),
    ("[etcd]\na ansible_host=10.0.0.1\nA ansible_host=10.0.0.2\n", "two hosts would be named `a`"),
    ("[etcd:vars]\nx\n", "is no variable"),
  ]) func `What cannot stand is refused with its place`(_ content: String, _ sentence: String) {
    let inventory = read(content)
    #expect(text(inventory.findings).contains(sentence), "\(text(inventory.findings))")
    #expect(inventory.findings.contains { $0.severity == .error && $0.position != nil })
  }
}
