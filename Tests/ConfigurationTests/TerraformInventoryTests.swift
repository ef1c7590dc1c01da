import QuorateConfiguration
import QuorateCore
import Testing

@Suite struct TerraformInventoryTests {
  private func read(_ text: String, output: String? = nil) -> Inventory {
    TerraformInventory.read(
      file: "output.json", bytes: Array(text.utf8), output: output, surroundings: InventoryFixtures.surroundings)
  }

  @Test(arguments: [
    (
      #"{"etcd": {"sensitive": false, "type": ["list", "string"], "value": ["10.0.0.6", "10.0.0.7"]}}"#,
      "infra0 10.0.0.6\ninfra1 10.0.0.7\n"
    ),
    (#"{"ips": {"value": {"a": "10.0.0.6", "b": "10.0.0.7"}}}"#, "a 10.0.0.6\nb 10.0.0.7\n"),
    (
      #"{"ips": {"value": {"a": {"private_ip": "10.0.0.6", "public_ip": "192.0.2.6", "ssh_user": "core"}}}}"#,
      "a 10.0.0.6 ssh=192.0.2.6:22 user=core\n"
    ),
    (
      #"{"vms": {"value": [{"name": "n0", "ip": "10.0.0.6", "ssh_port": 2222}, {"tags": {"Name": "n1"}, "ip": "10.0.0.7"}]}}"#,
      "n0 10.0.0.6 ssh=:2222\nn1 10.0.0.7\n"
    ),
    (#"{"id": {"value": "vpc-1"}, "count": {"value": 3}, "ips": {"value": ["fd00::6"]}}"#, "infra0 fd00::6\n"),
    (#"{"one": {"value": "10.0.0.6"}}"#, "infra0 10.0.0.6\n"),
  ]) func `An output gives hosts`(_ json: String, _ hosts: String) {
    let inventory = read(json)
    #expect(InventoryFixtures.text(inventory) == hosts, "\(text(inventory.findings))")
  }

  private let state = """
    {"format_version": "1.0", "values": {
      "outputs": {"lb": {"sensitive": true, "value": "192.0.2.1"}},
      "root_module": {
        "resources": [
          {"mode": "data", "type": "aws_instance", "name": "old", "values": {"private_ip": "10.9.9.9"}},
          {"mode": "managed", "type": "aws_instance", "name": "etcd", "index": 0, "values": {"private_ip": "10.0.0.6"}},
          {"mode": "managed", "type": "aws_instance", "name": "etcd", "index": 1, "values": {"private_ip": "10.0.0.7"}}],
        "child_modules": [{"resources": [
          {"mode": "managed", "type": "x_vm", "name": "web", "index": "w", "values": {"network_ip": ["10.0.1.1"]}}]}]}}}
    """

  @Test func `A state's resources are hosts, chosen by their address`() {
    #expect(InventoryFixtures.text(read(state, output: "aws_instance.etcd")) == "etcd0 10.0.0.6\netcd1 10.0.0.7\n")
    #expect(InventoryFixtures.text(read(state, output: "x_vm.web")) == "w 10.0.1.1\n")
    #expect(InventoryFixtures.text(read(state, output: "lb")) == "infra0 192.0.2.1\n")
    #expect(
      text(read(state).findings) == """
        output.json:1:1: error: several outputs have addresses  [config.init.terraform.output]
          fix: choose one by --output-name: `lb` (1), `aws_instance.etcd` (2), `x_vm.web` (1)

        """)
    let raw = """
      {"version": 4, "outputs": {}, "resources": [{"mode": "managed", "type": "x", "name": "n", "module": "module.m",
       "instances": [{"index_key": "k", "attributes": {"ip": "10.0.0.6"}}]}]}
      """
    #expect(InventoryFixtures.text(read(raw)) == "k 10.0.0.6\n")
  }

  @Test func `What has no addresses, or a name that is not there, is told`() {
    #expect(text(read(#"{"id": {"value": "x"}}"#).findings).contains("no output has addresses"))
    #expect(text(read(#"{"ips": {"value": ["10.0.0.6"]}}"#, output: "ip").findings).contains("did you mean `ips`?"))
    #expect(text(read(#"{"id": {"value": "x"}}"#, output: "id").findings).contains("`id` has no address"))
    #expect(
      text(read(#"{"s": {"sensitive": true, "value": ["10.0.0.6"]}}"#).findings).contains("only when it is named"))
    #expect(text(read("[]").findings).contains("no output of Terraform"))
    let partly = read(#"{"v": {"value": [{"ip": "10.0.0.6"}, {"id": 1}]}}"#)
    #expect(text(partly.findings).contains("warning: 1 of `v` has no address, and is left out"))
    #expect(!read("{").findings.isEmpty && !read("").findings.isEmpty)
  }
}
