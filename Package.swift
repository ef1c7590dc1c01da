// swift-tools-version: 6.1
import PackageDescription

// Sources/<folder> is the module Quorate<folder>; a bundled plugin is Sources/Plugins/<name>, one line below, and
// one line in Sources/Bundle/BundledPlugins.swift.

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// A module of the framework, in a folder of its own below Sources.
func module(
  _ folder: String, needs: [Target.Dependency] = [], exclude: [String] = [], resources: [Resource] = []
) -> Target {
  .target(
    name: "Quorate\(folder)", dependencies: needs, path: "Sources/\(folder)", exclude: exclude, resources: resources,
    swiftSettings: settings)
}

/// A plugin that comes with Quorate. It may use Core, PKI, Etcd and its own C module; never another plugin.
func plugin(
  _ name: String, needs: [Target.Dependency] = [], exclude: [String] = [], resources: [Resource] = []
) -> Target {
  .target(
    name: name, dependencies: ["QuorateCore"] + needs, path: "Sources/Plugins/\(name)", exclude: exclude,
    resources: resources, swiftSettings: settings)
}

/// A C library of the system, with its module map and shim below the Swift module that uses it.
func library(_ name: String, in folder: String, pkgConfig: String, package: String) -> Target {
  .systemLibrary(name: name, path: "Sources/\(folder)/\(name)", pkgConfig: pkgConfig, providers: [.apt([package])])
}

func tests(
  _ name: String, at path: String? = nil, needs: [Target.Dependency], resources: [Resource] = []
) -> Target {
  .testTarget(name: "\(name)Tests", dependencies: needs, path: path, resources: resources, swiftSettings: settings)
}

let bundled: [Target] = [
  plugin("LocalTransport", needs: ["QuorateProcesses"]),
  plugin("OpenSSHTransport", needs: ["QuorateProcesses"]),
  plugin("SSHTransport", needs: ["CLibSSH2"], exclude: ["CLibSSH2"]),
  plugin("OpenSSLIssuer", needs: ["QuoratePKI"]),
  plugin("CSRIssuer", needs: ["QuoratePKI"]),
  plugin("SystemdKubelet"),
  plugin("SystemdEtcd", resources: [.embedInCode("start-etcd.sh")]),
  plugin("ProcessSupervisor", resources: [.embedInCode("supervise.sh")]),
  plugin("StaticPod"),
  plugin("KubeadmWriter"),
  plugin("UnitFile"),
]

let package = Package(
  name: "quorate",
  products: [
    .library(name: "QuorateCore", targets: ["QuorateCore"]),
    .library(name: "QuoratePluginKit", targets: ["QuoratePluginKit"]),
    .library(name: "QuoratePluginHost", targets: ["QuoratePluginHost"]),
    .library(name: "QuoratePKI", targets: ["QuoratePKI"]),
    .library(name: "QuorateTesting", targets: ["QuorateTesting"]),
    .library(name: "QuorateConfiguration", targets: ["QuorateConfiguration"]),
    .library(name: "QuorateBundle", targets: ["QuorateBundle"]),
    .executable(name: "quorate", targets: ["quorate"]),
    .library(name: "swift-issuer", type: .dynamic, targets: ["SwiftIssuer"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: bundled + [
    module("Core", resources: [.embedInCode("Host/program.sh")]),
    module("Processes", needs: ["QuorateCore", "CSpawn"], exclude: ["CSpawn"]),
    module("Configuration", needs: ["QuorateCore", .product(name: "Yams", package: "Yams")]),
    module("PKI", needs: ["QuorateCore", "COpenSSL", "CMemoryWiping"], exclude: ["COpenSSL", "CMemoryWiping"]),
    .target(name: "CMemoryWiping", dependencies: ["COpenSSL"], path: "Sources/PKI/CMemoryWiping"),
    module("Etcd", needs: ["QuorateCore", "CCurl", "COpenSSL"], exclude: ["CCurl"]),
    .systemLibrary(name: "CPluginABI", path: "Sources/CPluginABI/include"),
    module("PluginMessages", needs: ["QuorateCore"]),
    module("PluginKit", needs: ["QuorateCore", "QuoratePluginMessages", "CPluginABI"]),
    module(
      "PluginHost", needs: ["QuorateCore", "QuoratePluginMessages", "CPluginABI", "CPluginProcess"],
      exclude: ["CPluginProcess"]),
    .target(name: "CPluginProcess", path: "Sources/PluginHost/CPluginProcess"),
    module("Testing", needs: ["QuorateCore"]),
    module("Bundle", needs: bundled.map { .byName(name: $0.name) } + ["QuorateCore", "QuoratePKI", "QuorateEtcd"]),
    library("COpenSSL", in: "PKI", pkgConfig: "libcrypto", package: "libssl-dev"),
    library("CCurl", in: "Etcd", pkgConfig: "libcurl", package: "libcurl4-openssl-dev"),
    .systemLibrary(name: "CSpawn", path: "Sources/Processes/CSpawn"),
    library("CLibSSH2", in: "Plugins/SSHTransport", pkgConfig: "libssh2", package: "libssh2-1-dev"),
    .executableTarget(
      name: "quorate",
      dependencies: [
        "QuorateCore", "QuorateConfiguration", "QuorateBundle", "QuoratePKI", "QuoratePluginHost",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Sources/CLI", swiftSettings: settings),
    .executableTarget(
      name: "certificate-benchmark", dependencies: ["QuorateCore", "QuoratePKI", "OpenSSLIssuer", "COpenSSL"],
      path: "Benchmarks/Certificates", swiftSettings: settings),
    tests("LocalTransport", needs: ["LocalTransport", "QuorateProcesses", "QuorateCore", "QuorateTesting"]),
    tests("SSHTransport", needs: ["SSHTransport", "SSHTestHost", "QuorateCore", "QuorateTesting"]),
    tests("OpenSSHTransport", needs: ["OpenSSHTransport", "SSHTestHost", "QuorateCore", "QuorateTesting"]),
    // No test: the sshd, the cable and the secrets that the tests of both ssh transports share.
    .target(
      name: "SSHTestHost", dependencies: ["QuorateCore", "QuorateTesting"], path: "Tests/SSHTestHost",
      swiftSettings: settings),
    tests("Core", needs: ["QuorateCore", "QuorateTesting"]),
    tests("Kubeadm", needs: ["QuorateCore", "QuorateTesting"]),
    tests("StaticPod", needs: ["StaticPod", "QuorateCore", "QuorateTesting"], resources: [.copy("Golden")]),
    tests("KubeadmWriter", needs: ["KubeadmWriter", "StaticPod", "QuorateCore", "QuorateTesting"]),
    tests("ProcessSupervisor", needs: ["ProcessSupervisor", "QuorateCore", "QuorateTesting"]),
    tests("SystemdKubelet", needs: ["SystemdKubelet", "QuorateCore", "QuorateTesting"]),
    tests("SystemdEtcd", needs: ["SystemdEtcd", "QuorateCore", "QuorateTesting"]),
    tests("UnitFile", needs: ["UnitFile", "QuorateCore", "QuorateTesting"]),
    tests(
      "Configuration",
      needs: ["QuorateCore", "QuorateConfiguration", "QuorateBundle", .product(name: "Yams", package: "Yams")],
      resources: [.copy("Cases")]),
    tests("PKI", needs: ["QuoratePKI", "QuorateCore", "COpenSSL"], resources: [.copy("Fixtures")]),
    tests("OpenSSLIssuer", needs: ["OpenSSLIssuer", "QuoratePKI", "QuorateCore", "QuorateTesting"]),
    tests("CSRIssuer", needs: ["CSRIssuer", "OpenSSLIssuer", "QuoratePKI", "QuorateCore", "QuorateTesting"]),
    // An example, and what the tests load: a plugin as an author writes it.
    .target(
      name: "SwiftIssuer", dependencies: ["QuoratePluginKit", "QuoratePKI"], path: "examples/plugins/swift-issuer",
      swiftSettings: settings),
    tests(
      "PluginHost",
      needs: [
        "quorate", "QuoratePluginHost", "QuoratePluginMessages", "QuorateCore", "QuoratePKI", "OpenSSLIssuer",
        "QuorateTesting",
      ], resources: [.copy("Plugins")]),
    tests("CLI", needs: ["quorate", "QuorateTesting"], resources: [.copy("Cases")]),
    tests("EndToEnd", at: "Tests/EndToEnd", needs: ["quorate", "QuorateBundle", "QuorateCore", "QuorateTesting"]),
    // No test: a program whose libraries `scripts/check` looks at.
    .executableTarget(
      name: "CoreAlone", dependencies: ["QuorateCore"], path: "Tests/CoreAlone", swiftSettings: settings),
    tests("Etcd", needs: ["QuorateCore", "QuorateEtcd", "COpenSSL"]),
  ]
)
