import QuorateCore
import QuorateTesting

/// The answers of a host with a kubelet as its package leaves it, and what may be different on it.
struct KubeletHostAnswers {
  var version = "1.20.2"
  var unit = """
    LoadState=loaded
    ActiveState=activating
    UnitFileState=enabled
    NeedDaemonReload=no
    ExecStart={ path=/usr/bin/kubelet ; argv[]=/usr/bin/kubelet $KUBELET_ARGS ; ignore_errors=no ; pid=0 ; code=(null) }
    """
  var unitText = """
    # /lib/systemd/system/kubelet.service
    [Service]
    ExecStart=/usr/bin/kubelet
    # /etc/systemd/system/kubelet.service.d/10-kubeadm.conf
    ExecStart=
    ExecStart=/usr/bin/kubelet $KUBELET_ARGS
    """
  /// Arguments, a line each; nil: nothing runs.
  var process: String?
  var containerd: String? = "disabled_plugins = []\n  SystemdCgroup = true\n"
  var sockets = ["/run/containerd/containerd.sock"]
  var image: String? = "k8s.gcr.io/etcd:3.4.13-0\n"
  var manifests: [String]? = []
  var files: [String: String] = [:]
  var hasCgroupV2 = true
  var swaps = "Filename\tType\tSize\tUsed\tPriority\n"

  var answers: ProbeAnswers {
    func output(_ text: String?) -> ProbeAnswer {
      text.map { .command(status: 0, output: Array($0.utf8)) } ?? .command(status: 127, output: [])
    }
    var answers = ProbeAnswers([
      "systemd-kubelet.unit": output(unit), "systemd-kubelet.unit-text": output(unitText),
      "systemd-kubelet.process": output(process), "systemd-kubelet.version": output("Kubernetes v\(version)\n"),
      "systemd-kubelet.path": output("/usr/bin/kubelet\n"), "systemd-kubelet.containerd": output(containerd),
      "systemd-kubelet.image": output(image),
      "/etc/kubernetes/manifests/": .folder(manifests),
      "/proc/swaps": .file(ObservedFile(kind: .regular, content: Array(swaps.utf8))),
    ])
    for socket in sockets { answers.byKey[socket] = .file(ObservedFile(kind: .other)) }
    for (path, text) in files {
      answers.byKey[path] = .file(ObservedFile(kind: .regular, content: Array(text.utf8)))
    }
    if hasCgroupV2 { answers.byKey["/sys/fs/cgroup/cgroup.controllers"] = .file(ObservedFile(kind: .regular)) }
    return answers
  }
}
