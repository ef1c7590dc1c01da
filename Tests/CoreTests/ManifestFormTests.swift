import QuorateCore
import Testing

@Suite struct ManifestFormTests {
  private func plugin(_ id: String, _ kind: PluginKind, _ form: ManifestForm?) -> PluginDescriptor {
    PluginDescriptor(id: id, kind: kind, version: "1", summary: "", settings: SchemaObject(), manifestForm: form)
  }

  @Test func `A service manager runs what is of its form, and what does not say its form`() {
    let manager = plugin("kubelet", .serviceManager, .staticPod)
    #expect(manager.fits(plugin("w", .manifestWriter, .staticPod)))
    #expect(!manager.fits(plugin("w", .manifestWriter, .memberUnit)))
    #expect(!manager.fits(plugin("w", .manifestWriter, ManifestForm(rawValue: "own"))))
    #expect(manager.fits(plugin("w", .manifestWriter, nil)))
  }

  @Test func `The combinations that work are named, each once and in order`() {
    let plugins = [
      plugin("t", .transport, nil), plugin("b", .serviceManager, .memberUnit),
      plugin("a", .serviceManager, .staticPod), plugin("y", .manifestWriter, .staticPod),
      plugin("x", .manifestWriter, .staticPod), plugin("z", .manifestWriter, .memberUnit),
    ]
    #expect(PluginCombination.fitting(among: plugins).map(\.description) == ["a + x", "a + y", "b + z"])
  }
}
