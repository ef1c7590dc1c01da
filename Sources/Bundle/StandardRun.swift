public import QuorateCore
internal import QuorateEtcd
internal import QuoratePKI

extension ClusterRun.Settings {
  /// Settings with OpenSSL for keys and certificates and libcurl for etcd, as the command `quorate` has them.
  ///
  /// - Parameters:
  ///   - spec: What the user wants.
  ///   - plugins: Who does it.
  ///   - wallClock: Seconds since 1970.
  ///   - holder: Who runs this, for the lock.
  ///   - acceptsDowntime: Whether a cluster of one or two members may be interrupted.
  ///   - connectSeconds: How long one attempt to connect may take; nil: what the transport's own setting says.
  ///   - report: Takes what happens.
  public static func standard(
    spec: ClusterSpec, plugins: PluginSet, wallClock: @escaping @Sendable () -> Double, holder: String,
    acceptsDowntime: Bool = false, connectSeconds: Double? = nil,
    report: @escaping @Sendable (RunEvent) -> Void = { _ in }
  ) -> ClusterRun.Settings {
    ClusterRun.Settings(
      spec: spec, plugins: plugins, toolkit: OpenSSLToolkit(), etcdClients: EtcdClient.factory, wallClock: wallClock,
      holder: holder, acceptsDowntime: acceptsDowntime, connectSeconds: connectSeconds, report: report)
  }
}
