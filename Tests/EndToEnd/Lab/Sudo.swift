import Foundation
import Testing

extension OnTheLab {
  /// Becoming root on the hosts.
  @Suite struct Sudo {
    @Test func `A password that sudo asks for is enough, and is seen nowhere`() async throws {
      let someone = try await Lab.blank(.lab(user: "pwuser"))
      let watch = ProcessWatch(for: Canary("s3cret"))
      let apply = try await someone.quorate("apply", "--yes", "--become-pass-fd", "3", secrets: ["s3cret\n"])
      let seen = watch.end()
      #expect(apply.status == 0, "\(apply.everything)")
      #expect(seen.found.isEmpty, "\(seen.found)")
      #expect(seen.processes > 100)
      #expect(!apply.everything.contains("s3cret"))
      #expect(!someone.journals.contains("s3cret"))
      // Where the lab itself sets the users up, the word is there before the run.
      #expect(try await Canary("s3cret").places().allSatisfy { $0.hasSuffix("/etc/shadow") })
    }

    @Test func `A wrong password is reported as exactly that, at once`() async throws {
      let someone = try await Lab.blank(.lab(user: "pwuser"))
      let plan = try await someone.quorate("plan", "--become-pass-fd", "3", secrets: ["wr0ngw0rd\n"])
      #expect(plan.status == 1, "\(plan.everything)")
      #expect(plan.errorOutput.contains("the sudo password of pwuser is wrong"))
      #expect(!plan.everything.contains("wr0ngw0rd"))
      for host in Lab.hosts {
        // One attempt a host: nobody is locked out by a tool that tries again.
        let attempts = try await host.shell(
          "journalctl -q --no-pager -t sudo | grep -c 'authentication failure;' || true")
        #expect(attempts.trimmingCharacters(in: .whitespacesAndNewlines) == "1", "\(host.name): \(attempts)")
      }
    }

    @Test func `A password that is missing is asked for by the error`() async throws {
      let someone = try await Lab.blank(.lab(user: "pwuser"))
      let plan = try await someone.quorate("plan")
      #expect(plan.status == 1, "\(plan.everything)")
      #expect(plan.errorOutput.contains("--ask-become-pass"))
    }

    @Test func `A password that nobody asks for is not sent`() async throws {
      let someone = try await Lab.blank(.lab(user: "nopw"))
      let watch = ProcessWatch(for: Canary("s3cret"))
      let apply = try await someone.quorate("apply", "--yes", "--become-pass-fd", "3", secrets: ["s3cret\n"])
      #expect(watch.end().found.isEmpty)
      #expect(apply.status == 0, "\(apply.everything)")
      #expect(try await Canary("s3cret").places().allSatisfy { $0.hasSuffix("/etc/shadow") })
    }
  }
}
