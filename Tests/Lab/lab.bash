# shellcheck shell=bash
# What the lab's verbs have in common: names, folders, cgroups, the network and a host's power. Sourced, not run.

set -euo pipefail

LAB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CACHE=${QUORATE_LAB_CACHE:-/var/tmp/quorate-lab}
NAME=${QUORATE_LAB_NAME:-quorate}
NET=${QUORATE_LAB_NET:-10.77.0}

# The hosts' system. Its archive has the sources of Kubernetes 1.20.2 and an etcd of the same line (3.4).
SUITE=bookworm
# shellcheck disable=SC2034 # for those who source this
BASE=$CACHE/cache/base-$SUITE

# One lab's own state. It has no other: everything outside this folder carries the lab's name.
RUN=$CACHE/run
[ "$NAME" = quorate ] || RUN=$CACHE/run-$NAME

OPERATOR=$NAME-operator   # network namespace: where Quorate itself runs, at $NET.1
SWITCH=$NAME-switch       # network namespace: the bridge that everybody is plugged into
CGROUP=$NAME-lab          # under every cgroup hierarchy

die() {
  echo "lab: $*" >&2
  exit 1
}

[[ $NAME =~ ^[a-z][a-z0-9]{0,15}$ ]] || die "QUORATE_LAB_NAME must be a short lower-case word, not '$NAME'"
[[ $NET =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || die "QUORATE_LAB_NET must be the first three numbers of a /24, not '$NET'"
# folders in it are removed with all that they hold: it must be the lab's alone
[[ $CACHE =~ ^/[^/]+/[^/]+ ]] || die "QUORATE_LAB_CACHE must be a folder for the lab alone, not '$CACHE'"
[ "$EUID" = 0 ] || die "needs root: network namespaces, mounts and cgroups are made"

# stopwatch: sets $started; elapsed: the seconds since, like 3.14
stopwatch() { started=${EPOCHREALTIME/[.,]/}; }
elapsed() {
  local microseconds=$((${EPOCHREALTIME/[.,]/} - started))
  printf '%d.%02d' $((microseconds / 1000000)) $((microseconds / 10000 % 100))
}

# One verb at a time may change a lab. Descriptor 9 is the lock; whatever outlives the verb must close it.
lock_lab() {
  mkdir -p "$CACHE"
  exec 9>"$CACHE/$NAME.lock"
  flock --exclusive --timeout 120 9 || die "another verb has been at work on lab '$NAME' for two minutes"
}

# --- hosts -----------------------------------------------------------------------------------------------------------

# Every host of the lab that is up, powered or not: host0 host1 ...
hosts() { [ ! -e "$RUN/hosts" ] || cat "$RUN/hosts"; }

is_on() { [ -n "$(cgroup_pids "$CGROUP/$1")" ]; }

address_of() { echo "$NET.$((11 + ${1#host}))"; }

require_host() {
  hosts | grep -qx -- "${1:-}" || die "'${1:-}' is no host of lab '$NAME': $(hosts | tr '\n' ' ')"
}

# host_pid1 HOST: the process that the host itself sees as number 1; fails if the host is off.
host_pid1() {
  local pid
  for pid in $(cgroup_pids "$CGROUP/$1"); do
    if grep -qsP '^NSpid:\t\d+\t1$' "/proc/$pid/status"; then
      echo "$pid"
      return
    fi
  done
  return 1
}

# inside HOST CMD...: as root in the host, without its network or sshd.
inside() {
  local pid
  pid=$(host_pid1 "$1") || die "$1 is off"
  nsenter --target "$pid" --mount --uts --ipc --net --pid --cgroup --root --wd -- "${@:2}"
}

# operator CMD...: on the operator's network. Not "ip netns exec", which hides the cgroups, so that no verb would work there.
operator() { nsenter --net="/run/netns/$OPERATOR" -- "$@"; }
ssh_to() { operator ssh -F "$RUN/ssh_config" "$@"; }

# --- cgroups ---------------------------------------------------------------------------------------------------------
# The same subtree under every hierarchy, be they v1 controllers (and an empty v2 beside them) or v2 alone. It is also the
# register of what belongs to the lab: a process cannot leave it, and no file with a number in it can go stale.

cgroup_hierarchies() { awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' /proc/self/mounts; }

# cgroup_create PATH: with all that lie above it.
cgroup_create() {
  local hierarchy group name
  for hierarchy in $(cgroup_hierarchies); do
    group=$hierarchy
    for name in ${1//\// }; do
      cgroup_delegate "$group"
      group+=/$name
      mkdir -p "$group"
      if [ -e "$group/cpuset.cpus" ] && [ -e "$group/cgroup.clone_children" ]; then
        # v1: a cpuset begins without processors and takes no process before it has some
        cat "$hierarchy/cpuset.cpus" > "$group/cpuset.cpus"
        cat "$hierarchy/cpuset.mems" > "$group/cpuset.mems"
        echo 1 > "$group/cgroup.clone_children"
      fi
    done
  done
}

# cgroup_delegate GROUP: lets the groups below have all controllers. Only v2 asks for that, and only of groups without
# processes, the true root excepted. The root that a container sees may have some: they move into a leaf beside the lab, as
# images that run containers inside a container do it.
cgroup_delegate() {
  local controllers controller pid
  controllers=$(cat "$1/cgroup.controllers" 2>/dev/null || true)
  [ -n "$controllers" ] || return 0
  if [ -e "$1/cgroup.type" ] && [ -n "$(cat "$1/cgroup.procs")" ]; then
    mkdir -p "$1/beside-the-lab"
    while read -r pid; do
      echo "$pid" > "$1/beside-the-lab/cgroup.procs" || true
    done < <(cat "$1/cgroup.procs") 2>/dev/null
  fi
  for controller in $controllers; do
    echo "+$controller" > "$1/cgroup.subtree_control" || true
  done 2>/dev/null
}

# cgroup_enter PATH: the calling shell, and so all it starts.
cgroup_enter() {
  local hierarchy
  for hierarchy in $(cgroup_hierarchies); do
    echo "$BASHPID" > "$hierarchy/$1/cgroup.procs"
  done
}

cgroup_pids() {
  local hierarchy
  for hierarchy in $(cgroup_hierarchies); do
    [ ! -d "$hierarchy/$1" ] || find "$hierarchy/$1" -name cgroup.procs -exec cat {} + 2>/dev/null || true
  done | sort -un
}

# cgroup_kill PATH: every process in it, by number, until there is none.
cgroup_kill() {
  local pids attempt
  for attempt in {1..200}; do
    pids=$(cgroup_pids "$1")
    [ -n "$pids" ] || return 0
    # shellcheck disable=SC2086 # a list
    kill -KILL $pids 2>/dev/null || true
    sleep 0.02
  done
  echo "lab: after $attempt attempts still alive in $1: $(tr '\n' ' ' <<< "$pids")" >&2
  return 1
}

# cgroup_remove PATH [MINDEPTH]: the empty groups; with MINDEPTH 1 only those below PATH.
cgroup_remove() {
  local hierarchy attempt
  for hierarchy in $(cgroup_hierarchies); do
    for attempt in {1..50}; do
      [ -d "$hierarchy/$1" ] || break
      find "$hierarchy/$1" -mindepth "${2:-0}" -depth -type d -exec rmdir {} + 2>/dev/null && break
      [ "$attempt" -lt 50 ] || echo "lab: cannot remove $hierarchy/$1" >&2
      sleep 0.02
    done
  done
}

# --- network ---------------------------------------------------------------------------------------------------------
# Everything happens in namespaces of the lab's own; the machine's network is not touched.
#
#   operator: eth0 (.1) ── operator ┐
#   host0:   eth0 (.11) ── host0 ───┤ bridge, all in the switch's namespace
#   host1:   eth0 (.12) ── host1 ───┘

network_create() {
  ip netns add "$SWITCH"
  ip netns add "$OPERATOR"
  ip -n "$SWITCH" -batch - <<END
link add bridge type bridge
link set bridge up
link add operator type veth peer name eth0 netns $OPERATOR
link set operator master bridge up
END
  ip -n "$OPERATOR" -batch - <<END
link set lo up
address add $NET.1/24 dev eth0
link set eth0 up
END
}

# network_connect HOST: a namespace made anew, so that a rule or an address set by a test ends with the host's power. Its
# hardware address stays the same: the others remember it for half a minute.
network_connect() {
  local address mac
  address=$(address_of "$1")
  # shellcheck disable=SC2046,SC2183 # the address's four numbers
  mac=$(printf '02:00:%02x:%02x:%02x:%02x' $(tr . ' ' <<< "$address"))
  network_disconnect "$1"
  ip netns add "$NAME-$1"
  ip -n "$SWITCH" -batch - <<END
link add $1 type veth peer name eth0 address $mac netns $NAME-$1
link set $1 master bridge up
END
  # kubelet 1.20 asks the cloud's metadata address when it starts. "Unreachable" is what a machine outside a cloud says at
  # once; silence would cost each start six seconds more.
  ip -n "$NAME-$1" -batch - <<END
link set lo up
address add $address/24 dev eth0
link set eth0 up
route add default via $NET.1
route add unreachable 169.254.169.254/32
END
}

# network_disconnect HOST: a host without power does not answer, not even to say that nobody is there.
network_disconnect() {
  ip -n "$SWITCH" link delete "$1" 2>/dev/null || true
  ip netns delete "$NAME-$1" 2>/dev/null || true
}

# unwire: the operator's cable goes straight into the bridge.
unwire() {
  cgroup_kill "$CGROUP/wire"
  cgroup_remove "$CGROUP/wire"
  ip -n "$SWITCH" link delete wire 2>/dev/null || true
  ip -n "$SWITCH" link set operator master bridge
}

networks() { ip netns list | awk '{ print $1 }' | grep -xE "$NAME-(operator|switch|host[0-9]+)" || true; }

network_remove() {
  local namespace
  for namespace in $(networks); do
    ip netns delete "$namespace" || true
  done
}

# --- power -----------------------------------------------------------------------------------------------------------

# power_on HOST: returns at once; await_login says when the host can be used.
power_on() {
  cgroup_create "$CGROUP/$1/power"
  cgroup_create "$CGROUP/$1/machine"
  setsid "$LAB/internal/host" "$1" </dev/null >>"$RUN/$1/console.log" 2>&1 9>&- &
}

# power_cut HOST...: what a pulled plug does to processes: all gone, none asked, and no peer hears of it.
power_cut() {
  local host pids=
  for host; do
    network_disconnect "$host"
    pids+=" $(host_pid1 "$host" || true)"
  done
  # With its process 1 the kernel ends all of a host's processes, and nspawn can still tidy up behind it.
  # shellcheck disable=SC2086 # a list
  [ -z "${pids// /}" ] || kill -KILL $pids 2>/dev/null || true
  for host; do
    await_off "$host" 3 || cgroup_kill "$CGROUP/$host"
    cgroup_remove "$CGROUP/$host"
  done
}

# await_off HOST SECONDS
await_off() {
  local attempt
  for ((attempt = 0; attempt < $2 * 50; attempt++)); do
    is_on "$1" || return 0
    sleep 0.02
  done
  return 1
}

# await_login HOST...: until sshd lets the user in and containerd answers.
await_login() {
  local host waiting=() status=0
  for host; do
    await_one_login "$host" 9>&- &
    waiting+=("$!")
  done
  for host in "${waiting[@]}"; do
    wait "$host" || status=1
  done
  return "$status"
}

await_one_login() {
  local deadline=$((SECONDS + 40)) log=$RUN/$1/login.log
  # A look for sshd's greeting is cheap, a login is not: first the one, then the other.
  # shellcheck disable=SC2016 # for the inner shell
  until operator timeout --foreground 5 bash -c 'exec 3<>"/dev/tcp/$0/22" && read -r -u 3' "$(address_of "$1")" 2>/dev/null
  do
    await_a_bit "$1" "$deadline" 0.1 || return 1
  done
  until ssh_to -n -o BatchMode=yes -o ConnectTimeout=5 "$1" "sudo ctr version >/dev/null" 2>"$log"; do
    await_a_bit "$1" "$deadline" 0.15 "$log" || return 1
  done
}

# await_a_bit HOST DEADLINE SECONDS [LOG]
await_a_bit() {
  if [ "$SECONDS" -lt "$2" ] && is_on "$1"; then
    sleep "$3"
  else
    {
      echo "lab: $1 does not let its user in; the end of what there is to read:"
      tail -n 20 "$RUN/$1/console.log" "${@:4}"
      ! is_on "$1" || inside "$1" journalctl --no-pager --priority warning --lines 20
    } >&2
    return 1
  fi
}

# blank HOST: the disk of a host that was never booted. Its ssh host keys stay what they were.
blank() {
  local disk=$RUN/$1/disk database
  rm -rf --one-file-system "$disk"
  mkdir -p "$disk"/{root,upper/etc/ssh,work,kubelet}
  echo "$1" > "$disk/upper/etc/hostname"
  cp "$RUN/etc-hosts" "$disk/upper/etc/hosts"
  cp "$RUN/$1/keys"/ssh_host_* "$disk/upper/etc/ssh/"
  cp "$RUN/known_hosts" "$disk/upper/etc/ssh/ssh_known_hosts"
  sha256sum <<< "$NAME $1" | cut -c1-32 > "$disk/upper/etc/machine-id"
  # containerd's store comes with the images in it. Blobs and unpacked layers are never written to and so can be shared;
  # the databases are.
  cp --archive --link "$RUN/template/containerd" "$disk/containerd"
  find "$disk/containerd" -name '*.db' | while read -r database; do
    cp --preserve "$database" "$database.own"
    mv "$database.own" "$database"
  done
}

# --- the whole lab ---------------------------------------------------------------------------------------------------

# Up, even if some of its hosts are switched off; not so what is left of a lab whose machine was restarted.
is_up() { [ -e "$RUN/up" ] && [ -n "$(cgroup_pids "$CGROUP")" ]; }

# What exists of the lab, one a line; nothing when it is down. Found by its name, whatever the run folder says.
inventory() {
  local pid namespace hierarchy
  for pid in $(cgroup_pids "$CGROUP"); do
    echo "process $pid ($({ tr '\0' ' ' < "/proc/$pid/cmdline" | cut -c1-80; } 2>/dev/null))"
  done
  for namespace in $(networks); do
    echo "network namespace $namespace"
  done
  for hierarchy in $(cgroup_hierarchies); do
    [ ! -d "$hierarchy/$CGROUP" ] || echo "cgroup $hierarchy/$CGROUP"
  done
  awk -v below="$RUN/" 'index($2, below) == 1 { print "mount " $2 }' /proc/self/mounts
  [ ! -e "$RUN" ] || echo "folder $RUN"
}

# Takes apart whatever there is, also what a killed verb left behind.
tear_down() {
  local host
  # shellcheck disable=SC2046 # a list
  power_cut $(hosts)
  cgroup_kill "$CGROUP" || true
  cgroup_remove "$CGROUP"
  for host in $(networks); do
    [ "$host" != "$OPERATOR" ] || [ -z "$(ip netns pids "$host")" ] ||
      echo "lab: not of the lab, but still in its operator's network: processes $(ip netns pids "$host" | tr '\n' ' ')" >&2
  done
  network_remove
  rm -rf --one-file-system "$RUN"
}
