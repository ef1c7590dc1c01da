#!/bin/sh
# Starts one etcd member as a child process and keeps it running: Quorate's service manager `process`. Quorate writes
# this file. Needs: sh, coreutils, grep, sed; Linux's /proc; setsid (util-linux) or nohup.
#
#   sh supervise.sh start UNIT      supervises in the background; does nothing where a supervisor runs
#   sh supervise.sh stop UNIT       ends the supervisor and the member
#   sh supervise.sh restart UNIT    stop, then start
#   sh supervise.sh run UNIT        supervises in the foreground, until SIGTERM
#
# UNIT is the member's unit file. Beside it are supervisor.pid, member.pid and rotator.pid (process, start time, boot),
# member.state, and member.log, which is cut at 16 MiB with one older copy. Exit status: 0 done, 1 failed, 2 wrong
# usage, 3 refused: the cluster was founded, and the member's data is gone.
#
# shellcheck shell=sh
umask 077
LC_ALL=C
export LC_ALL
[ $# -eq 2 ] || { echo "usage: sh supervise.sh start|stop|restart|run UNIT" >&2; exit 2; }
unit=$2
folder=${unit%/*}
log=$folder/member.log
log_limit=${QUORATE_LOG_LIMIT:-16777216}
member=
is_child=
sleeper=

say() { printf '%s quorate: %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*" >>"$log"; }
state() { printf '%s\n' "$*" >"$folder/member.state.new" && mv -f -- "$folder/member.state.new" "$folder/member.state"; }
nap() { sleep 0.1 2>/dev/null || sleep 1; }

# When a process started, in clock ticks since the boot: with its number, the identity of a process.
started() {
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  # The name in parentheses may hold anything; what follows it are fields.
  # shellcheck disable=SC2086
  set -- ${line##*) }
  [ "$1" != Z ] && printf '%s\n' "${20}"
}
boot() { cat /proc/sys/kernel/random/boot_id 2>/dev/null; }
note() { printf '%s %s %s\n' "$2" "$(started "$2")" "$(boot)" >"$1.new" && mv -f -- "$1.new" "$1"; }

# Whether the process that a pid file names still runs, and is the same one. Sets pid.
alive() {
  pid=
  { read -r pid since booted <"$1"; } 2>/dev/null || return 1
  case $pid in '' | *[!0-9]*) return 1 ;; esac
  [ -n "$since" ] && [ "$(started "$pid")" = "$since" ] && [ "$booted" = "$(boot)" ]
}

# Reads the unit, checks it, and with "start" starts etcd.
member_from_unit() {
  action=$1
  binary=
  data=
  record=
  format=
  set --
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in
    format=*) format=${line#*=} ;;
    binary=*) binary=${line#*=} ;;
    data-dir=*) data=${line#*=} ;;
    record=*) record=${line#*=} ;;
    argument=*) set -- "$@" "${line#*=}" ;;
    esac
  done <"$unit"
  [ "$format" = 1 ] || { problem="$unit is no unit file of format 1"; return 1; }
  [ -x "$binary" ] || { problem="$binary is no program"; return 1; }
  if grep -q '"clusterID"' -- "$record" 2>/dev/null && ! has_data "$data"; then
    problem="the cluster was founded, and $data holds no data: starting would add an empty voter. Replace the member, or put its data back"
    return 3
  fi
  [ "$action" = start ] || return 0
  "$binary" "$@" </dev/null >>"$log" 2>&1 &
  member=$!
  is_child=1
  note "$folder/member.pid" "$member"
  state "running $member"
}
has_data() {
  for file in "$1"/member/wal/*.wal; do
    [ -e "$file" ] && return 0
  done
  return 1
}

# Cuts the log while etcd has it open; it is opened for appending, so it goes on at the new end.
rotate() {
  trap 'kill -KILL "$!" 2>/dev/null; wait "$!" 2>/dev/null; exit 0' TERM
  while [ -d "/proc/$1" ]; do
    sleep 20 &
    wait "$!"
    size=$(wc -c <"$log" 2>/dev/null) || continue
    [ "$size" -le "$log_limit" ] || { cp -f -- "$log" "$log.1" && : >"$log"; }
  done
}

# SECONDS PROCESS: kills a process that is still there after a time.
kill_after() {
  trap 'kill -KILL "$!" 2>/dev/null; wait "$!" 2>/dev/null; exit 0' TERM
  sleep "$1" &
  wait "$!"
  kill -KILL "$2" 2>/dev/null
}

end_member() {
  [ -n "$member" ] || return 0
  kill -TERM "$member" 2>/dev/null
  kill_after 20 "$member" &
  killer=$!
  if [ -n "$is_child" ]; then
    wait "$member" 2>/dev/null
  else
    while alive "$folder/member.pid"; do nap; done
  fi
  kill -TERM "$killer" 2>/dev/null
  wait "$killer" 2>/dev/null
  member=
}

# Ends the process that cuts the log, also that of a supervisor that was killed.
end_rotator() {
  ! alive "$folder/rotator.pid" || kill -TERM "$pid" 2>/dev/null
  rm -f -- "$folder/rotator.pid"
}

# STATUS STATE
leave() {
  trap '' TERM INT HUP
  [ -z "$sleeper" ] || kill -KILL "$sleeper" 2>/dev/null
  end_member
  end_rotator
  wait
  state "$2"
  rm -f -- "$folder/member.pid" "$folder/supervisor.pid"
  exit "$1"
}

handle_signals() { trap 'say "asked to stop"; leave 0 stopped' TERM INT HUP; }

pause() {
  sleep "$1" &
  sleeper=$!
  wait "$sleeper"
  sleeper=
}

run() {
  ! alive "$folder/supervisor.pid" || exit 0
  note "$folder/supervisor.pid" "$$" || exit 1
  cd / || exit 1
  # etcd refuses to start when a variable says otherwise than its flag.
  for name in $(env | sed -n 's/^\(ETCD_[A-Z0-9_]*\)=.*/\1/p'); do
    [ "$name" = ETCD_UNSUPPORTED_ARCH ] || unset "$name"
  done
  # shellcheck disable=SC3045 # where the shell has no such limit, the inherited one stays
  { limit=$(ulimit -H -n) && ulimit -n "$limit"; } 2>/dev/null
  handle_signals
  end_rotator
  if alive "$folder/member.pid"; then
    # An earlier supervisor was killed; its member goes on, and is watched until it ends.
    member=$pid
    is_child=
    say "found the member running as process $member"
    state "running $member"
    while alive "$folder/member.pid"; do pause 1; done
    say "the member ended"
    member=
  fi
  rotate "$$" </dev/null >/dev/null 2>&1 &
  note "$folder/rotator.pid" "$!"
  delay=1
  while :; do
    begun=$(date +%s)
    # No signal between the start of etcd and the note of its number.
    stopping=
    trap 'stopping=1' TERM INT HUP
    member_from_unit start
    status=$?
    handle_signals
    [ -z "$stopping" ] || { say "asked to stop"; leave 0 stopped; }
    if [ "$status" -eq 3 ]; then
      say "refused: $problem"
      echo "$problem" >&2
      leave 3 "refused: $problem"
    elif [ "$status" -ne 0 ]; then
      say "cannot start etcd: $problem"
      state "failing: $problem"
    else
      wait "$member"
      status=$?
      member=
      rm -f -- "$folder/member.pid"
      say "etcd ended with status $status; it is started again in $delay s"
      state "failing: etcd ended with status $status"
    fi
    [ $(($(date +%s) - begun)) -lt 60 ] || delay=1
    pause "$delay"
    delay=$((delay * 2))
    [ "$delay" -le 30 ] || delay=30
  done
}

start() {
  ! alive "$folder/supervisor.pid" || return 0
  if ! alive "$folder/member.pid"; then
    member_from_unit check
    status=$?
    [ "$status" -eq 0 ] || { echo "$problem" >&2; say "not started: $problem"; state "refused: $problem"; exit "$status"; }
  fi
  background="nohup"
  ! command -v setsid >/dev/null || background="setsid"
  "$background" sh "$0" run "$unit" </dev/null >/dev/null 2>&1 &
  tries=100
  until alive "$folder/supervisor.pid"; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || { echo "the supervisor did not start; see $log" >&2; exit 1; }
    nap
  done
}

stop() {
  if alive "$folder/supervisor.pid"; then
    kill -TERM "$pid"
    tries=300
    while alive "$folder/supervisor.pid"; do
      tries=$((tries - 1))
      [ "$tries" -gt 0 ] || { echo "the supervisor, process $pid, does not end" >&2; exit 1; }
      nap
    done
  fi
  if alive "$folder/member.pid"; then
    member=$pid
    end_member
    rm -f -- "$folder/member.pid"
    state stopped
  fi
  end_rotator
}

case $1 in
start) start ;;
stop) stop ;;
restart) stop && start ;;
run) run ;;
*) echo "usage: sh supervise.sh start|stop|restart|run UNIT" >&2; exit 2 ;;
esac
