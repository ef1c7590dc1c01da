import Foundation
import Testing

/// Three members on this machine, without root: what runs everywhere.
@Suite(.serialized, .timeLimit(.minutes(3))) struct LaptopScenarios {
  @Test func `Three members are made, healthy, and a second apply changes nothing`() async throws {
    try await Laptop.scenario { laptop in
      let first = try await laptop.someone.quorate("apply", "--yes")
      #expect(first.status == 0, "\(first.everything)")
      #expect(first.output.contains("3 members are healthy"))
      for member in 0..<3 {
        let health = try await laptop.etcdctl(member, ["endpoint", "health"])
        #expect(health.status == 0, "\(health.everything)")
      }
      let processes = try (0..<3).map(laptop.process)
      let second = try await laptop.someone.quorate("apply", "--yes")
      #expect(second.status == 0)
      #expect(second.output.contains("No changes: laptop is as the configuration describes it."))
      let plan = try await laptop.someone.quorate("plan", "--detailed-exit-code")
      #expect(plan.status == 0)
      #expect(try (0..<3).map(laptop.process) == processes)
      #expect(try await laptop.someone.quorate("health").status == 0)
      #expect(try await laptop.someone.quorate("verify").output.contains("files are as they should be."))
      #expect(try await laptop.someone.quorate("runs").output.split(separator: "\n").count == 2)
    }
  }

  @Test func `A member that is killed is started again by its supervisor`() async throws {
    try await Laptop.scenario { laptop in
      try #require(try await laptop.someone.quorate("apply", "--yes").status == 0)
      let killed = try #require(try laptop.process(1))
      kill(killed, SIGKILL)
      // Health is asked until it is there again; the time limit bounds it.
      while try await laptop.someone.quorate("health").status != 0 { try Task.checkCancellation() }
      #expect(try laptop.process(1) != killed)
      let plan = try await laptop.someone.quorate("plan", "--detailed-exit-code")
      #expect(plan.status == 0, "\(plan.everything)")
    }
  }

  @Test func `What a reboot of the laptop leaves is told by status, and apply starts the members again`() async throws {
    try await Laptop.scenario { laptop in
      try #require(try await laptop.someone.quorate("apply", "--yes").status == 0)
      var ended: [pid_t] = []
      for member in 0..<3 {
        // No signal that anybody could act on; and the supervisor first, lest it start the member again.
        for process in [try laptop.supervisor(member), try laptop.process(member)].compactMap(\.self) {
          kill(process, SIGKILL)
          ended.append(process)
        }
        let boot = laptop.quorateFolder(member) + "/supervisor.pid"
        let fields = try String(contentsOfFile: boot, encoding: .utf8).split(separator: " ").dropLast().joined(
          separator: " ")
        try Data("\(fields) 00000000-0000-0000-0000-000000000000\n".utf8).write(to: URL(filePath: boot))
      }
      try #require(ended.count == 6)
      for process in ended { try await laptop.awaitEnd(of: process) }
      let status = try await laptop.someone.quorate("status")
      #expect(status.status == 1)
      #expect(status.errorOutput.contains("infra0, infra1, infra2: the member does not run"), "\(status.everything)")
      #expect(status.errorOutput.contains("the host was started again since"), "\(status.everything)")
      #expect(status.errorOutput.contains("quorate apply starts it"), "\(status.everything)")
      let apply = try await laptop.someone.quorate("apply", "--yes")
      #expect(apply.status == 0, "\(apply.everything)")
      #expect(try await laptop.someone.quorate("health").status == 0)
      #expect(try await laptop.someone.quorate("plan", "--detailed-exit-code").status == 0)
    }
  }

  @Test func `A member whose supervisor was killed gets another one, and goes on`() async throws {
    try await Laptop.scenario { laptop in
      try #require(try await laptop.someone.quorate("apply", "--yes").status == 0)
      let (supervisor, member) = (try #require(try laptop.supervisor(1)), try #require(try laptop.process(1)))
      kill(supervisor, SIGKILL)
      try await laptop.awaitEnd(of: supervisor)
      let status = try await laptop.someone.quorate("status")
      #expect(status.status == 0, "\(status.everything)")
      #expect(status.errorOutput.contains("infra1: the member runs, and its supervisor does not"))
      let apply = try await laptop.someone.quorate("apply", "--yes")
      #expect(apply.status == 0, "\(apply.everything)")
      #expect(try laptop.process(1) == member)
      let watcher = try #require(try laptop.supervisor(1))
      #expect(watcher != supervisor)
      #expect(try await laptop.someone.quorate("plan", "--detailed-exit-code").status == 0)
      let again = try await laptop.someone.quorate("status")
      #expect(!again.errorOutput.contains("supervisor"), "\(again.everything)")
    }
  }

  @Test func `A member whose data is gone is not started as an empty voter`() async throws {
    try await Laptop.scenario { laptop in
      try #require(try await laptop.someone.quorate("apply", "--yes").status == 0)
      try await laptop.stop(2)
      try FileManager.default.removeItem(atPath: laptop.root(2) + "/var/lib/etcd/member")
      let apply = try await laptop.someone.quorate("apply", "--yes")
      #expect(apply.status == 1)
      #expect(apply.errorOutput.contains("infra2: the member has lost its data"))
      #expect(apply.errorOutput.contains("now: nothing was changed on any host"))
      let start = try await laptop.someone.run(
        "sh", laptop.quorateFolder(2) + "/supervise.sh", "start", laptop.quorateFolder(2) + "/member.unit")
      #expect(start.status == 3, "\(start.everything)")
      #expect(try laptop.process(2) == nil)
    }
  }

  @Test func `A saved plan is refused when a host has changed since`() async throws {
    try await Laptop.scenario { laptop in
      let someone = laptop.someone
      try #require(try await someone.quorate("plan", "--out", "saved.plan").status == 0)
      try FileManager.default.createDirectory(
        atPath: laptop.root(0) + "/etc/kubernetes", withIntermediateDirectories: true)
      try Data("mine\n".utf8).write(to: URL(filePath: laptop.root(0) + "/etc/kubernetes/kubeadmcfg.yaml"))
      let apply = try await someone.quorate("apply", "--yes", "--plan", "saved.plan")
      #expect(apply.status == 1)
      #expect(apply.errorOutput.contains("infra0"))
      #expect(apply.errorOutput.contains("now: nothing was changed on any host"), "\(apply.everything)")
      #expect(
        try String(contentsOfFile: laptop.root(0) + "/etc/kubernetes/kubeadmcfg.yaml", encoding: .utf8) == "mine\n")
      #expect(!FileManager.default.fileExists(atPath: laptop.root(1) + "/etc"))
    }
  }

  @Test func `A saved plan is carried out as it was shown, and holds no key`() async throws {
    try await Laptop.scenario { laptop in
      let someone = laptop.someone
      let plan = try await someone.quorate("plan", "--out", "saved.plan")
      try #require(plan.status == 0)
      let saved = try someone.read("saved.plan")
      #expect(!saved.contains("PRIVATE KEY"))
      let token = try #require(plan.output.firstMatch(of: /token (\S+)/)?.output.1)
      let apply = try await someone.quorate("apply", "--yes", "--plan", "saved.plan")
      #expect(apply.status == 0, "\(apply.everything)")
      #expect(try String(contentsOfFile: laptop.quorateFolder(0) + "/member.unit", encoding: .utf8).contains(token))
      let again = try await someone.quorate("apply", "--yes", "--plan", "saved.plan")
      #expect(again.status == 1, "\(again.everything)")
    }
  }

  @Test func `An environment lies over the rest of the configuration`() async throws {
    try await Laptop.scenario { laptop in
      var file = ClusterFile(
        hosts: [
          "{name: infra0, address: 10.0.0.6}", "{name: infra1, address: 10.0.0.7}", "{name: infra2, address: 10.0.0.8}",
        ],
        spec: [
          "transport: {plugin: ssh, with: {user: ubuntu}}", "serviceManager: {plugin: systemd-kubelet}",
          "manifestWriter: {plugin: static-pod}",
        ])
      let overlay = ClusterFile.laptop(ports: laptop.ports)
      file.rest = """
        environments:
          laptop:
            hosts:
        \(overlay.hosts.map { "      - \($0)" }.joined(separator: "\n"))
        \(overlay.spec.map { "    " + $0 }.joined(separator: "\n"))

        """
      try laptop.someone.write(file.text, to: "cluster.yaml")
      let apply = try await laptop.someone.quorate("apply", "--yes", "-e", "laptop")
      #expect(apply.status == 0, "\(apply.everything)")
      #expect(apply.output.contains("Next: quorate status -e laptop"))
      #expect(try await laptop.someone.quorate("health", "--environment", "laptop").status == 0)
    }
  }

  @Test func `Without a yes nothing is carried out`() async throws {
    try await Laptop.scenario { laptop in
      let apply = try await laptop.someone.quorate("apply")
      #expect(apply.status == 1)
      #expect(apply.errorOutput.contains("the plan was not confirmed"))
      #expect(!FileManager.default.fileExists(atPath: laptop.root(0) + "/etc"))
    }
  }

  @Test(arguments: [
    "locked", "\"certificates-issued\"", "\"stage-started\",\"stage\":\"founding\"",
    "\"stage-started\",\"stage\":\"hardening\"", "\"host-finished\",\"stage\":\"hardening\"",
  ])
  func `An operator who is killed in the middle applies again and has a healthy cluster`(_ moment: String) async throws
  {
    try await Laptop.scenario { laptop in
      let killed = try laptop.someone.start(["apply", "--yes", "--output", "json"])
      #expect(await killed.wrote(moment))
      killed.signal(SIGKILL)
      #expect(await killed.ended().status == 128 + SIGKILL)
      let apply = try await laptop.someone.quorate("apply", "--yes")
      #expect(apply.status == 0, "\(apply.everything)")
      #expect(try await laptop.someone.quorate("plan", "--detailed-exit-code").status == 0)
      #expect(try await laptop.someone.quorate("health").status == 0)
      let runs = try await laptop.someone.quorate("runs").output.split(separator: "\n")
      #expect(runs.first?.contains("did not end") == true)
      #expect(runs.last?.contains("done") == true)
    }
  }
}
