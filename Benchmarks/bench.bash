# shellcheck shell=bash
# What the cases have in common: building, recording, the lab. Sourced, not run.

set -euo pipefail

BENCHMARKS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
REPOSITORY=$(dirname "$BENCHMARKS")
LAB=$REPOSITORY/Tests/Lab

# A lab of its own beside the tests'.
export QUORATE_LAB_NAME=${QUORATE_LAB_NAME:-bench} QUORATE_LAB_NET=${QUORATE_LAB_NET:-10.78.0}

die() {
  echo "bench: $*" >&2
  exit 64
}

say() { echo "bench: $*" >&2; }

# build_all: release builds of what is measured and of what measures. QUORATE names another binary to measure.
build_all() {
  command -v swift >/dev/null || die "swift is not in PATH; sudo drops it: sudo env \"PATH=\$PATH\" Benchmarks/run"
  say "building"
  swift build --package-path "$BENCHMARKS" --configuration release >&2
  BENCH=$(swift build --package-path "$BENCHMARKS" --configuration release --show-bin-path)/bench
  local folder
  folder=$(swift build --package-path "$REPOSITORY" --configuration release --show-bin-path)
  # shellcheck disable=SC2034 # cases/certificates runs it
  CERTIFICATES=$folder/certificate-benchmark
  QUORATE=${QUORATE:-}
  [ -n "$QUORATE" ] || {
    swift build --package-path "$REPOSITORY" --configuration release --product quorate >&2
    QUORATE=$folder/quorate
  }
  [ -x "$QUORATE" ] || die "$QUORATE cannot be run"
  # shellcheck disable=SC2154 # "run" sets it
  [[ " ${cases[*]} " != *" certificates "* ]] ||
    swift build --package-path "$REPOSITORY" --configuration release --product certificate-benchmark >&2
}

# begin: a folder for this benchmark; journals and all else that quorate keeps go there too.
begin() {
  WORK=$(mktemp -d "${TMPDIR:-/tmp}/quorate-bench.XXXXXX")
  trap end EXIT
  trap 'exit 130' INT TERM HUP
  export XDG_STATE_HOME=$WORK/state
  mkdir -p "$REPOSITORY/.build/benchmarks"
  SAMPLES=$REPOSITORY/.build/benchmarks/$(date +%Y%m%d-%H%M%S).tsv
  : > "$SAMPLES"
  LOG=${SAMPLES%.tsv}.log
  : > "$LOG"
  BUSY=-
}

end() {
  local status=$?
  trap - EXIT
  ! declare -F stop_members >/dev/null || stop_members
  [ -z "${LAB_IS_UP:-}" ] || [ -n "$keep" ] || "$LAB/down" >&2
  [ "$status" = 0 ] || [ ! -s "$LOG" ] || say "what was said meanwhile is in $LOG"
  rm -rf "$WORK"
  exit "$status"
}

# times USUAL QUICK: how often, for this case.
times() {
  if [ -n "$runs" ]; then echo "$runs"; elif [ -n "$quick" ]; then echo "$2"; else echo "$1"; fi
}

# --- measuring -------------------------------------------------------------------------------------------------------

# processor_time: BUSY and ALL, in ticks since the machine's start.
processor_time() {
  awk '$1 == "cpu" { all = $2 + $3 + $4 + $5 + $6 + $7 + $8 + $9; print all - $5 - $6, all }' /proc/stat
}

# settle: waits until the machine is quiet, 15 seconds at most, and notes how much of it was in use at the end.
settle() {
  local attempt before after most=15
  [ -z "$quick" ] || most=2
  for attempt in $(seq "$most"); do
    before=$(processor_time)
    sleep 1
    after=$(processor_time)
    BUSY=$(awk -v before="$before" -v after="$after" 'BEGIN {
      split(before, b); split(after, a); printf "%.0f", 100 * (a[1] - b[1]) / (a[2] - b[2]) }')
    [ "$BUSY" -gt 12 ] || break
    [ "$attempt" -lt "$most" ] || say "the machine is not quiet: $BUSY % of its processors are in use by others"
  done
}

# record CASE SERIES METRIC VALUE
record() {
  local load
  read -r load _ < /proc/loadavg
  printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "$load" "$BUSY" >> "$SAMPLES"
}

# measure OPTION... -- COMMAND...: sets MEASURED, lines of "name value"; fails when the command does.
measure() { measure_with "$BENCH" measure "$@"; }

measure_with() {
  MEASURED=$("$@" 2>>"$LOG") || {
    tail -n 5 "$LOG" >&2
    die "what was measured did not become healthy; see $LOG"
  }
  [ "$(measured status)" = 0 ] || {
    tail -n 20 "$LOG" >&2
    die "${*: -3} ended with status $(measured status); see $LOG"
  }
}

measured() { awk -v name="$1" '$1 == name { print $NF }' <<< "$MEASURED"; }

# record_cost CASE SERIES: wall, processor time and memory of what was measured last.
record_cost() {
  record "$1" "$2" wall "$(measured wall)"
  record "$1" "$2" cpu "$(awk '$1 == "user" || $1 == "system" { sum += $2 } END { print sum }' <<< "$MEASURED")"
  record "$1" "$2" memory "$(measured memory)"
}

# stage_seconds FILE STAGE: what `quorate apply --output json` says that a stage took.
stage_seconds() {
  sed -n 's/^{"type":"stage-finished".*"stage":"'"$2"'".*"seconds":\([0-9.e-]*\).*/\1/p' "$1"
}

# --- the lab ---------------------------------------------------------------------------------------------------------

need_lab() {
  [ -z "${LAB_IS_UP:-}" ] || return 0
  "$LAB/up" >&2
  LAB_IS_UP=yes
  LAB_CACHE=${QUORATE_LAB_CACHE:-/var/tmp/quorate-lab}
  LAB_RUN=$LAB_CACHE/run
  [ "$QUORATE_LAB_NAME" = quorate ] || LAB_RUN=$LAB_CACHE/run-$QUORATE_LAB_NAME
  HOSTS=(host0 host1 host2)
  MEMBERS=()
  local host
  for host in "${HOSTS[@]}"; do
    MEMBERS+=(--healthy "127.0.0.1:2381@/run/netns/$QUORATE_LAB_NAME-$host")
  done
  cat > "$WORK/lab.yaml" <<END
apiVersion: quorate/v1
kind: EtcdCluster
metadata: {name: bench}
spec:
  kubernetesVersion: v1.20.2
  hosts:
    - {name: infra0, address: $QUORATE_LAB_NET.11}
    - {name: infra1, address: $QUORATE_LAB_NET.12}
    - {name: infra2, address: $QUORATE_LAB_NET.13}
  transport:
    plugin: ssh
    with: {user: ubuntu, identityFile: $LAB_CACHE/id_ed25519, knownHosts: $LAB_RUN/known_hosts, become: sudo}
  serviceManager: {plugin: systemd-kubelet}
  manifestWriter: {plugin: static-pod}
END
}

blank_hosts() { "$LAB/reset" >>"$LOG"; }

# measure_on_lab OPTION... -- COMMAND...: the command runs where the operator is.
measure_on_lab() { measure_with "$LAB/run" "$BENCH" measure "$@"; }

apply_on_lab() {
  measure_on_lab "$@" -- "$QUORATE" apply --yes --output json -f "$WORK/lab.yaml"
}

# --- three members on this machine, without root ---------------------------------------------------------------------

# laptop_cluster ALGORITHM: a new cluster.yaml in a new folder, $LAPTOP, for `local` and `process`.
laptop_cluster() {
  local number
  LAPTOP=$WORK/laptop
  rm -rf "$LAPTOP"
  mkdir "$LAPTOP"
  LAPTOP_MEMBERS=()
  {
    cat <<END
apiVersion: quorate/v1
kind: EtcdCluster
metadata: {name: bench}
spec:
  kubernetesVersion: v1.20.2
  hosts:
END
    for number in 0 1 2; do
      echo "    - {name: infra$number, address: 127.0.0.1, root: ./infra$number," \
        "ports: {client: 234${number}0, peer: 234${number}1, metrics: 234${number}2}}"
    done
    cat <<END
  transport: {plugin: local}
  issuer: {plugin: openssl, with: {keyAlgorithm: $1}}
  serviceManager: {plugin: process}
  manifestWriter: {plugin: unit-file}
END
  } > "$LAPTOP/cluster.yaml"
  for number in 0 1 2; do LAPTOP_MEMBERS+=(--healthy "127.0.0.1:234${number}2"); done
}

# apply_on_laptop OPTION...: leaves what was said in $LAPTOP/apply.json.
apply_on_laptop() {
  local mark
  mark=$(wc -l < "$LOG")
  measure "$@" -- "$QUORATE" apply --yes --output json -f "$LAPTOP/cluster.yaml"
  tail -n "+$((mark + 1))" "$LOG" > "$LAPTOP/apply.json"
}

# stop_members: ends what apply_on_laptop started.
stop_members() {
  local unit
  for unit in "${LAPTOP:-/nonexistent}"/infra*/etc/kubernetes/quorate/member.unit; do
    [ ! -e "$unit" ] || sh "${unit%/*}/supervise.sh" stop "$unit" &
  done
  wait
}
