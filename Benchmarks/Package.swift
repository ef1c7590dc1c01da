// swift-tools-version: 6.1
import PackageDescription

// The benchmarks' own program: it starts what is measured, watches members from outside, and does the statistics.
// It shares no code with what it measures, and depends on nothing but libcrypto.
let package = Package(
  name: "benchmarks",
  targets: [
    .systemLibrary(
      name: "CBench", path: "Sources/CBench", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .executableTarget(
      name: "bench", dependencies: ["CBench"], path: "Sources/bench",
      swiftSettings: [
        .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
      ]),
  ]
)
