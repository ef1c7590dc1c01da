/// The forms of text that only Quorate's own part of the configuration has, besides Core's `TextForm`.
enum ConfigurationForm {
  static let kubernetesVersion = "Kubernetes version"
  static let etcdVersion = "etcd version"
  static let imageRepository = "image repository"
  static let imageTag = "image tag"
  static let dataFolder = "data folder"
  static let pluginName = "plugin name"
  static let argument = "argument"
}
