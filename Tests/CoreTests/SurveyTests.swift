import Testing

@testable import QuorateCore

@Suite struct SurveyTests {
  @Test func `A folder is asked for its names although it is also asked for as a file`() {
    let survey = Survey([
      .file(path: "/manifests", limit: 0), .folder(path: "/manifests"), .folder(path: "/manifests"),
      .file(path: "/manifests", limit: 10),
    ])
    #expect(survey.probes == [.file(path: "/manifests", limit: 10), .folder(path: "/manifests")])
    let answers = ProbeAnswers([
      "/manifests": .file(ObservedFile(kind: .folder)), Probe.folder(path: "/manifests").key: .folder(["etcd.yaml"]),
    ])
    #expect(answers.file("/manifests").kind == .folder)
    #expect(answers.folder("/manifests") == ["etcd.yaml"])
  }
}
