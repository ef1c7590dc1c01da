import Foundation
import QuorateTesting
import Testing

/// quorate_plugin.h is all that an author in C needs, with any compiler.
@Suite struct HeaderTests {
  @Test(arguments: [
    ["cc", "-std=c11", "-x", "c"], ["gcc", "-std=c17", "-x", "c"], ["clang", "-std=c11", "-x", "c"],
    ["g++", "-std=c++11", "-x", "c++"], ["clang++", "-std=c++20", "-x", "c++"],
  ])
  func `The header compiles by itself, without a warning`(_ compiler: [String]) async throws {
    guard await LocalProgram.run(["sh", "-c", "command -v \(compiler[0])"]).status == 0 else { return }
    let include = CompiledPlugin.repository.appending(path: "Sources/CPluginABI/include").path
    let source = """
      #include "quorate_plugin.h"
      const quorate_descriptor *quorate_plugin(void) { return 0; }
      """
    let result = await LocalProgram.run(
      compiler + ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-I\(include)", "-"],
      input: Array((source + "\n").utf8))
    #expect(result.status == 0, "\(result.errorText)")
  }

  @Test func `What Swift reads of the tables is what C writes`() async throws {
    // The places of ABI 1.0 on 64 bit machines, for good: they may be added to, never moved.
    let source = """
      #include "quorate_plugin.h"
      #define AT(type, field, place) _Static_assert(offsetof(type, field) == place, #field)
      AT(quorate_descriptor, magic, 0); AT(quorate_descriptor, struct_size, 8); AT(quorate_descriptor, abi_major, 12);
      AT(quorate_descriptor, abi_minor, 14); AT(quorate_descriptor, id, 16); AT(quorate_descriptor, version, 24);
      AT(quorate_descriptor, summary, 32); AT(quorate_descriptor, lowest_host, 40); AT(quorate_descriptor, kinds, 48);
      AT(quorate_descriptor, functions, 56);
      AT(quorate_functions, userdata, 8); AT(quorate_functions, create, 16); AT(quorate_functions, destroy, 24);
      AT(quorate_functions, call, 32); AT(quorate_functions, cancel, 40);
      AT(quorate_call, id, 8); AT(quorate_call, function, 16); AT(quorate_call, message, 24);
      AT(quorate_call, secrets, 40); AT(quorate_call, descriptors, 48); AT(quorate_call, secret_count, 56);
      AT(quorate_call, descriptor_count, 60); AT(quorate_call, deadline_ms, 64);
      AT(quorate_reply, status, 4); AT(quorate_reply, message, 8); AT(quorate_reply, secrets, 24);
      AT(quorate_reply, descriptors, 32); AT(quorate_reply, secret_count, 40); AT(quorate_reply, descriptor_count, 44);
      AT(quorate_host, abi_major, 4); AT(quorate_host, abi_minor, 6); AT(quorate_host, version, 8);
      AT(quorate_host, context, 16); AT(quorate_host, reply, 24); AT(quorate_host, log, 32);
      AT(quorate_host, progress, 40);
      """
    let include = CompiledPlugin.repository.appending(path: "Sources/CPluginABI/include").path
    let result = await LocalProgram.run(
      ["cc", "-std=c11", "-fsyntax-only", "-I\(include)", "-x", "c", "-"], input: Array((source + "\n").utf8))
    #expect(result.status == 0, "\(result.errorText)")
  }
}
