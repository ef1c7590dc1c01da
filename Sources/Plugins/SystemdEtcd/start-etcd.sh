#!/bin/sh
# Starts this host's etcd member in its systemd unit: Quorate's service manager `systemd-etcd`. Quorate writes this file.
#
# systemd gives it the member's unit file and record as credentials (systemd.exec(5), LoadCredential=), since the user
# that etcd runs as cannot read Quorate's folder. It ends by being etcd. Exit status: 1 the member cannot be started, 78
# refused: the cluster was founded, and the member's data is gone; systemd does not try again then.
#
# shellcheck shell=sh
umask 077
LC_ALL=C
export LC_ALL
unit=${CREDENTIALS_DIRECTORY:?systemd gives no credentials}/member.unit
record=$CREDENTIALS_DIRECTORY/member.json
# The journal's priority of a line: an error.
problem() { printf '<3>quorate: %s\n' "$1" >&2; }

binary=
data=
format=
set --
while IFS= read -r line || [ -n "$line" ]; do
  case $line in
  format=*) format=${line#*=} ;;
  binary=*) binary=${line#*=} ;;
  data-dir=*) data=${line#*=} ;;
  argument=*) set -- "$@" "${line#*=}" ;;
  esac
done <"$unit"
[ "$format" = 1 ] || { problem "the member's unit file is none of format 1"; exit 1; }
if ! [ -f "$binary" ] || ! [ -x "$binary" ]; then
  problem "$binary is no program that the user $(id -un) can run; /home, /root and /tmp are hidden from this unit"
  exit 1
fi

has_data() {
  for file in "$1"/member/wal/*.wal; do
    [ -e "$file" ] && return 0
  done
  return 1
}
# Data that cannot be read must not be taken for none.
for folder in "$data" "$data/member" "$data/member/wal"; do
  if [ -d "$folder" ] && ! { [ -r "$folder" ] && [ -w "$folder" ] && [ -x "$folder" ]; }; then
    problem "$folder cannot be read and written by the user $(id -un) (chown -R $(id -un): $data)"
    exit 1
  fi
done
if grep -q '"clusterID"' -- "$record" 2>/dev/null && ! has_data "$data"; then
  problem "refused: the cluster was founded, and $data holds no data: starting would add an empty voter. Replace the member, or put its data back"
  exit 78
fi
if ! [ -d "$data" ]; then
  problem "$data is not there"
  exit 1
fi
# etcd refuses to start when a variable says otherwise than its flag.
for name in $(env | sed -n 's/^\(ETCD_[A-Z0-9_]*\)=.*/\1/p'); do
  [ "$name" = ETCD_UNSUPPORTED_ARCH ] || unset "$name"
done
unset CREDENTIALS_DIRECTORY
exec "$binary" "$@"
