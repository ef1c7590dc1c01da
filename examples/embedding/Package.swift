// swift-tools-version: 6.1
import PackageDescription

// A program of its own that drives Quorate. Outside this repository, name it by URL instead of by path.
let package = Package(
  name: "embedding",
  dependencies: [.package(name: "quorate", path: "../..")],
  targets: [
    .executableTarget(
      name: "embedding",
      dependencies: [
        .product(name: "QuorateCore", package: "quorate"),
        .product(name: "QuorateConfiguration", package: "quorate"),
        .product(name: "QuorateBundle", package: "quorate"),
      ])
  ]
)
