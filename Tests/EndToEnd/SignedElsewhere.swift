import Foundation
import Testing

/// The issuer `csr`: openssl signs, as the authority of somebody else.
@Suite(.serialized, .timeLimit(.minutes(3))) struct SignedElsewhere {
  /// A cluster on this machine whose certificates another authority signs.
  private struct Site {
    let laptop: Laptop

    init(_ laptop: Laptop) async throws {
      self.laptop = laptop
      var file = ClusterFile.laptop(ports: laptop.ports)
      file.spec += [
        "issuer: {plugin: csr, with: {folder: ./requests}}", "ca: {keyAt: issuer, certificate: ./authority/ca.crt}",
      ]
      try laptop.someone.write(file.text, to: "cluster.yaml")
      let made = try await laptop.someone.run(
        "sh", "-ec",
        """
        mkdir authority
        cd authority
        openssl ecparam -name prime256v1 -genkey -noout -out ca.key
        openssl req -x509 -new -key ca.key -subj /CN=company-ca -days 3650 -out ca.crt \
          -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign,cRLSign'
        """)
      try #require(made.status == 0, "\(made.everything)")
    }

    /// Signs requests by the commands that `REQUESTS.txt` gives.
    func sign(_ names: String = "") async throws {
      let signed = try await laptop.someone.run(
        "sh", "-ec",
        """
        cd requests
        sed -n 's/^  openssl/openssl/p' REQUESTS.txt | grep -- "$1" |
          sed 's:-CA ca.crt -CAkey ca.key:-CA ../authority/ca.crt -CAkey ../authority/ca.key:' >sign
        sh -e sign
        rm sign
        """, "sh", names)
      try #require(signed.status == 0, "\(signed.everything)")
    }

    func apply() async throws -> Program.Ending { try await laptop.someone.quorate("apply", "--yes") }

    /// Applies once nobody holds the lock: whoever was killed may leave it for a moment. The time limit bounds it.
    func applyUnlocked() async throws -> Program.Ending {
      while true {
        let ending = try await apply()
        try Task.checkCancellation()
        if !ending.errorOutput.contains("holds the lock") { return ending }
      }
    }

    /// Kills an apply as soon as it has written a text.
    func kill(when text: String) async throws {
      while true {
        let run = try laptop.someone.start(["apply", "--yes", "--output", "json"])
        let isThere = await run.wrote(text)
        run.signal(SIGKILL)
        _ = await run.ended()
        try Task.checkCancellation()
        if isThere { return }
      }
    }

    /// The keys that wait, by path.
    func waiting() throws -> [String: Data] {
      var keys: [String: Data] = [:]
      for member in 0..<3 {
        let folder = laptop.quorateFolder(member) + "/pending"
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] where name.hasSuffix(".key") {
          let path = "\(folder)/\(name)"
          let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
          #expect(mode == 0o600, "\(path)")
          keys[path] = try Data(contentsOf: URL(filePath: path))
        }
      }
      return keys
    }
  }

  @Test func `Requests are left to be signed; when they are, the run goes on with the same keys`() async throws {
    try await Laptop.scenario { laptop in
      let site = try await Site(laptop)
      let first = try await site.apply()
      #expect(first.status == 75, "\(first.everything)")
      #expect(first.errorOutput.contains("12 certificates are not issued yet"), "\(first.everything)")
      #expect(first.errorOutput.contains("infra0/server: awaiting "), "\(first.everything)")
      #expect(first.errorOutput.contains("no member was touched"), "\(first.everything)")
      let keys = try site.waiting()
      #expect(keys.count == 12)
      #expect(!FileManager.default.fileExists(atPath: laptop.root(0) + "/etc/kubernetes/pki/etcd/server.key"))

      let plan = try await laptop.someone.quorate("plan")
      #expect(plan.output.contains("server.crt  awaits "), "\(plan.output)")
      let status = try await laptop.someone.quorate("status")
      #expect(status.output.contains("certificate server: awaits "), "\(status.everything)")
      let verify = try await laptop.someone.quorate("verify")
      #expect(verify.output.contains("missing; awaits "), "\(verify.everything)")

      // Nothing is signed: nothing changes, and nothing is asked anew.
      #expect(try await site.apply().status == 75)
      #expect(try site.waiting() == keys)
      try await site.sign("infra0-")
      let partly = try await site.apply()
      #expect(partly.status == 75)
      #expect(partly.errorOutput.contains("8 certificates are not issued yet"), "\(partly.everything)")
      #expect(try site.waiting() == keys)
      // What was issued is not asked for again.
      for name in ["server", "peer", "healthcheck-client", "apiserver-etcd-client"] {
        try FileManager.default.removeItem(at: laptop.someone.folder.appending(path: "requests/infra0-\(name).crt"))
      }
      try await site.sign()
      let last = try await site.apply()
      #expect(last.status == 0, "\(last.everything)")
      #expect(last.output.contains("3 members are healthy"))
      for member in 0..<3 {
        let key = URL(filePath: laptop.root(member) + "/etc/kubernetes/pki/etcd/server.key")
        #expect(try Data(contentsOf: key) == keys[laptop.quorateFolder(member) + "/pending/server.key"])
      }
      #expect(try site.waiting().isEmpty)
      #expect(try await laptop.someone.quorate("plan", "--detailed-exit-code").status == 0)
    }
  }

  @Test func `What is signed otherwise than asked is refused by its file's name, and what waits stays`() async throws {
    try await Laptop.scenario { laptop in
      let site = try await Site(laptop)
      #expect(try await site.apply().status == 75)
      let keys = try site.waiting()
      try await site.sign()
      let ext = "requests/infra1-server.ext"
      let right = try laptop.someone.read(ext)
      let wrong = [
        (right.replacing("DNS:localhost", with: "DNS:localhost, DNS:elsewhere.example"), "SAN has elsewhere.example"),
        (right.replacing("CA:FALSE", with: "CA:TRUE"), "CA:TRUE"),
      ]
      for (text, fault) in wrong {
        try laptop.someone.write(text, to: ext)
        let signed = try await laptop.someone.run(
          "openssl", "x509", "-req", "-in", "requests/infra1-server.csr", "-CA", "authority/ca.crt", "-CAkey",
          "authority/ca.key", "-CAcreateserial", "-days", "365", "-extfile", ext, "-out", "requests/infra1-server.crt")
        try #require(signed.status == 0, "\(signed.everything)")
        let refused = try await site.apply()
        #expect(refused.status == 1, "\(refused.everything)")
        #expect(refused.errorOutput.contains("requests/infra1-server.crt: "), "\(refused.everything)")
        #expect(refused.errorOutput.contains(fault), "\(refused.everything)")
        #expect(try site.waiting() == keys)
      }
    }
  }

  @Test func `A run that is killed while it leaves the keys is followed by one that goes on`() async throws {
    try await Laptop.scenario { laptop in
      let site = try await Site(laptop)
      for line in ["\"survey-started\"", "\"stage-started\"", "\"certificate-pending\""] {
        try await site.kill(when: line)
      }
      let next = try await site.applyUnlocked()
      #expect(next.status == 75, "\(next.everything)")
      #expect(try site.waiting().count == 12)
      try await site.sign()
      try await site.kill(when: "\"certificates-issued\"")
      let last = try await site.applyUnlocked()
      #expect(last.status == 0, "\(last.everything)")
      #expect(try site.waiting().isEmpty)
      #expect(try await laptop.someone.quorate("plan", "--detailed-exit-code").status == 0)
    }
  }

  @Test func `A running cluster waits for a renewal untouched; a request that is not wanted any more is made anew`()
    async throws
  {
    try await Laptop.scenario { laptop in
      let site = try await Site(laptop)
      #expect(try await site.apply().status == 75)
      try await site.sign()
      try #require(try await site.apply().status == 0)
      let processes = try (0..<3).map(laptop.process)
      let pair = laptop.root(1) + "/etc/kubernetes/pki/etcd/server"
      let (certificate, key) = try (
        Data(contentsOf: URL(filePath: pair + ".crt")), Data(contentsOf: URL(filePath: pair + ".key"))
      )

      // Another name for a member: both of its serving certificates are asked for.
      let text = try laptop.someone.read("cluster.yaml")
      let named = { (name: String) in
        text.replacing("{name: infra1,", with: "{name: infra1, serverSANs: [\(name)], peerSANs: [\(name)],")
      }
      try laptop.someone.write(named("first.example"), to: "cluster.yaml")
      #expect(try await site.apply().status == 75)
      let waiting = try site.waiting()
      #expect(waiting.count == 2)
      // And another one, before that is signed.
      try laptop.someone.write(named("second.example"), to: "cluster.yaml")
      let anew = try await site.apply()
      #expect(anew.status == 75, "\(anew.everything)")
      #expect(try Set(site.waiting().keys) == Set(waiting.keys))
      #expect(try Set(site.waiting().values).isDisjoint(with: waiting.values))
      #expect(try laptop.someone.read("requests/infra1-server.ext").contains("second.example"))
      // What is in place is what was there.
      #expect(try Data(contentsOf: URL(filePath: pair + ".crt")) == certificate)
      #expect(try Data(contentsOf: URL(filePath: pair + ".key")) == key)
      #expect(try (0..<3).map(laptop.process) == processes)
      #expect(try await laptop.someone.quorate("health").status == 0)

      try await site.sign()
      let last = try await site.apply()
      #expect(last.status == 0, "\(last.everything)")
      #expect(try site.waiting().isEmpty)
      #expect(try await laptop.someone.quorate("plan", "--detailed-exit-code").status == 0)

      // Wanted again as it was, before anything is signed: what waits is removed.
      try laptop.someone.write(named("third.example"), to: "cluster.yaml")
      #expect(try await site.apply().status == 75)
      try laptop.someone.write(named("second.example"), to: "cluster.yaml")
      let undone = try await site.apply()
      #expect(undone.status == 0, "\(undone.everything)")
      #expect(try site.waiting().isEmpty)
    }
  }

  @Test func `A request that somebody changed on a host is not handed to the issuer`() async throws {
    try await Laptop.scenario { laptop in
      let site = try await Site(laptop)
      #expect(try await site.apply().status == 75)
      let folder = laptop.quorateFolder(0) + "/pending"
      let read = { (role: String) throws -> [String: Any] in
        let data = try Data(contentsOf: URL(filePath: "\(folder)/\(role).json"))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
      }
      var server = try read("server")
      server["csr"] = try read("healthcheck-client")["csr"]
      try JSONSerialization.data(withJSONObject: server).write(to: URL(filePath: "\(folder)/server.json"))
      let refused = try await site.apply()
      #expect(refused.status == 1, "\(refused.everything)")
      #expect(
        refused.errorOutput.contains("the request for server that waits on infra0 is not Quorate's"),
        "\(refused.everything)")
      // Something that is no request at all counts as none: it is asked anew.
      try Data("{".utf8).write(to: URL(filePath: "\(folder)/server.json"))
      #expect(try await site.apply().status == 75)
      #expect(try site.waiting().count == 12)
    }
  }
}
