import QuorateCore
import QuorateTesting
import Testing
import UnitFile

@Suite struct UnitFileTests {
  @Test func `A path that is not absolute is refused`() {
    #expect(throws: PluginError.self) { try UnitFile(etcd: "bin/etcd") }
  }
}
