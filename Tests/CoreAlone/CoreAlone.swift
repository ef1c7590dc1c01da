import QuorateCore

/// A program that uses QuorateCore and nothing else. `scripts/check` looks at the libraries that it needs.
@main
struct CoreAlone {
  static func main() {
    print(HostLayout(root: "/hosts/infra0").memberRecord)
  }
}
