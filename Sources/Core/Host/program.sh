# Quorate's program on a host. It is sent with every command, reads operations from its standard input and answers
# each on its standard output. An operation is its name, the number of its arguments, and one argument a line; the
# bytes of a file follow their operation directly. An answer line begins with the operation's number. The first
# operation that fails ends the program: what was done is what was answered.
#
# Values are read as data and used as "$1"; none becomes part of this text. Needs: sh, coreutils; flock (util-linux)
# for changes; bash for HTTP; curl or openssl to speak to etcd.
#
# shellcheck shell=sh disable=SC2015,SC2016,SC3013
umask 077
LC_ALL=C
PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
export LC_ALL PATH
set -f
n=0
stage=
self=
started=
instance=
unseen=
marker='%f|%u|%g|%U|%G|%s|%i|%z|%n'
IFS= read -r nonce || exit 96
printf 'quorate %s\n' "$nonce"
reply() { printf '%s %s\n' "$n" "$*"; }
# An answer with text: its length in bytes, and the text behind the line.
answer() { printf '%s %s %s\n%s\n' "$n" "$1" "${#2}" "$2"; }
failed() { answer failed "$1"; exit 1; }
# GET of a path from a plain HTTP listener of this host.
get() {
  timeout 5 bash -c 'exec 3<>"/dev/tcp/$0/$1" && printf "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n" "$2" >&3 && cat <&3' \
    "$1" "$2" "$3" </dev/null 2>/dev/null
}
# One POST to a member: endpoint, path, body, certificate, key, CA. The answer's last line is "#" and the HTTP status.
post() {
  said=$(printf 'POST %s HTTP/1.0\r\nHost: %s\r\nContent-Length: %s\r\n\r\n%s' "$2" "$1" "${#3}" "$3" |
    timeout 5 openssl s_client -quiet -verify_quiet -verify_return_error -connect "$1" -cert "$4" -key "$5" -CAfile "$6" 2>/dev/null)
  code=${said#HTTP/1.? }
  [ "$code" != "$said" ] || { printf '\n#0\n'; return; }
  printf '%s\n#%s\n' "$(printf %s "$said" | tr -d '\r' | sed '1,/^$/d')" "${code%% *}"
}
while IFS= read -r op && [ "$op" != end ]; do
  n=$((n + 1))
  IFS= read -r count || exit 96
  set --
  while [ "$count" -gt 0 ]; do
    IFS= read -r argument || exit 96
    set -- "$@" "$argument"
    count=$((count - 1))
  done
  case $op in
  files) # LIMIT PATH...: what is there, and the content of regular files of at most LIMIT bytes
    limit=$1
    shift
    listing=$(stat -c "$marker" -- "$@" 2>/dev/null)
    answer stats "$listing"
    set --
    while IFS= read -r line; do
      rest=${line#*|*|*|*|*|}
      size=${rest%%|*}
      path=${rest#*|*|*|}
      case $line in
      8???\|*)
        if [ "$limit" = 0 ] || [ "$size" -gt "$limit" ]; then
          continue
        elif ! [ -r "$path" ]; then
          reply unread "$path"
        elif [ "$size" -gt 0 ]; then
          set -- "$@" "$path"
        else # the kernel's own files have no size
          text=$(cat -- "$path" 2>/dev/null)
          printf '%s text %s %s\n%s\n' "$n" "${#text}" "$path" "$text"
        fi
        ;;
      esac
    done <<END
$listing
END
    # All contents in one piece, as long as the sizes say; the nonce behind them shows that none changed meanwhile.
    reply contents
    [ $# = 0 ] || cat -- "$@" 2>/dev/null
    printf '\n%s\n' "$nonce"
    ;;
  folder) # PATH: the names in it
    if [ -d "$1" ]; then
      answer names "$(ls -1A -- "$1" 2>/dev/null)"
    else
      reply none
    fi
    ;;
  command) # SECONDS ARGUMENT...: runs a command that changes nothing
    limit=$1
    shift
    output=$(timeout -k 2 "$limit" "$@" </dev/null 2>/dev/null; echo "|$?")
    answer "status ${output##*|}" "${output%|*}"
    ;;
  http) # HOST PORT PATH
    if command -v bash >/dev/null; then answer answer "$(get "$1" "$2" "$3")"; else reply unavailable bash; fi
    ;;
  etcd) # ENDPOINT CERTIFICATE KEY CA (PATH BODY)...: requests to a member on one connection
    endpoint=$1 certificate=$2 key=$3 authority=$4
    shift 4
    if ! [ -r "$key" ] || ! [ -r "$certificate" ]; then
      reply unavailable "no client certificate"
    elif command -v curl >/dev/null; then
      # The arguments are rebuilt behind a mark: for each pair, one transfer on the same connection.
      set -- "$@" :
      separator=
      while [ "$1" != : ]; do
        set -- "$@" ${separator:+--next} --silent --noproxy '*' --connect-timeout 2 --max-time 5 --cert "$certificate" --key "$key" \
          --cacert "$authority" --write-out '\n#%{http_code}\n' --data-binary "$2" "https://$endpoint$1"
        separator=1
        shift 2
      done
      shift
      answer answers "$(curl "$@" 2>/dev/null)"
    elif command -v openssl >/dev/null; then
      answer answers "$(while [ $# -gt 1 ]; do
        post "$endpoint" "$1" "$2" "$certificate" "$key" "$authority"
        shift 2
      done)"
    else
      reply unavailable "neither curl nor openssl"
    fi
    ;;
  lock) # FILE HOLDER: holds the lock until the input ends or is silent for 30 seconds
    mkdir -p -- "${1%/*}" || failed "cannot make ${1%/*}"
    command -v flock >/dev/null || failed "there is no flock (package util-linux)"
    true 2>/dev/null >>"$1" || failed "cannot write $1"
    exec 9>>"$1"
    flock -n 9 || { answer held "$(cat -- "$1.holder" 2>/dev/null)"; exit 0; }
    # A program of an earlier holder may still be changing things: its shared lock says so.
    exec 8>>"$1.running"
    flock -w 20 8 || { answer held "$(cat -- "$1.holder" 2>/dev/null)"; exit 0; }
    printf '%s\n' "$2" >"$1.holder.new" && mv -f -- "$1.holder.new" "$1.holder" || failed "cannot write $1.holder"
    exec 8>&-
    reply locked
    while [ "$(timeout 30 dd bs=1 count=1 2>/dev/null)" = . ]; do :; done
    rm -f -- "$1.holder"
    exit 0
    ;;
  holding) # FILE HOLDER: whether this run still holds the lock; shares it for as long as this program runs
    true 2>/dev/null >>"$1.running" || failed "cannot write $1.running"
    exec 8>>"$1.running"
    flock -s -n 8 || failed "the lock is being taken by somebody else"
    [ "$(cat -- "$1.holder" 2>/dev/null)" = "$2" ] || failed "this run no longer holds the lock"
    reply ok
    ;;
  expect) # COUNT PATH... LINE...: that nothing changed since the survey
    count=$1
    shift
    lines=
    paths=$count
    while [ "$paths" -gt 0 ]; do
      set -- "$@" "$1"
      shift
      paths=$((paths - 1))
    done
    while [ $# -gt "$count" ]; do
      lines="$lines$1
"
      shift
    done
    actual=$(stat -c "$marker" -- "$@" 2>/dev/null; echo .)
    [ "$actual" = "$lines." ] || failed "changed since the survey, expected:
${lines}found:
${actual%.}"
    reply ok
    ;;
  stage) # FOLDER: where files wait before they are renamed into place
    stage=$1
    [ -n "$self" ] || self=$(id -un):$(id -gn)
    # What is kept there of an earlier commit is in place; what is staged now is not ready before its own.
    mkdir -p -- "$stage" && rm -f -- "$stage/ready" && true 2>/dev/null >"$stage/list" || failed "cannot make $stage"
    reply ok
    ;;
  makefolder) # PATH MODE OWNER
    if ! [ -d "$1" ]; then
      mkdir -p -- "$1" || failed "cannot make $1"
      [ "$3" = - ] || [ "$3" = "$self" ] || chown "$3" -- "$1" || failed "cannot give $1 to $3"
    fi
    chmod "$2" -- "$1" || failed "cannot set the mode of $1"
    reply ok
    ;;
  put) # INDEX BYTES MODE UMASK OWNER PATH, then the bytes: stages a file. With the umask it is born with its mode.
    umask "$4"
    if [ "$2" -gt 0 ]; then
      dd bs="$2" count=1 iflag=fullblock of="$stage/$1" 2>/dev/null || failed "cannot write $stage/$1"
    else
      true 2>/dev/null >"$stage/$1" || failed "cannot write $stage/$1"
    fi
    umask 077
    [ "$5" = - ] || [ "$5" = "$self" ] || chown "$5" -- "$stage/$1" || failed "cannot give $stage/$1 to $5"
    case $3 in *[1357]*) chmod "$3" -- "$stage/$1" || failed "cannot set the mode of $stage/$1" ;; esac
    printf '%s %s %s\n' "$1" "$2" "$6" >>"$stage/list" || failed "cannot write $stage/list"
    reply ok
    ;;
  commit | resume) # STAGE keep|clear: renames what is staged into place, in order; kept copies allow a "resume"
    stage=$1 keep=$2
    set --
    if [ "$op" = resume ]; then
      [ -e "$stage/ready" ] || failed "nothing is ready in $stage"
    else
      names=
      folders=
      sizes=
      # The folders, each once, are the arguments.
      while read -r index size path; do
        names="$names $index"
        sizes="$sizes$size
"
        [ "${path%/*}" = "$folders" ] || set -- "$@" "${path%/*}"
        folders=${path%/*}
      done <"$stage/list"
      # The names are numbers.
      # shellcheck disable=SC2086
      [ "$(cd -- "$stage" && stat -c %s $names; echo .)" = "$sizes." ] || failed "cannot write to $stage: is the disk full?"
      device=$(stat -c %d -- "$stage")
      ! stat -c %d -- "$@" | grep -qvxF -e "$device" || failed "$stage is not on the file system of: $*"
      # shellcheck disable=SC2086
      (cd -- "$stage" && sync $names list) || failed "cannot sync $stage"
      true 2>/dev/null >"$stage/ready" || failed "cannot write $stage/ready"
      sync -- "$stage" 2>/dev/null
    fi
    while read -r index size path; do
      # Gone from here, or a link to it: it is in place already, from the run that was interrupted.
      if ! [ -e "$stage/$index" ] || [ "$stage/$index" -ef "$path" ]; then
        continue
      elif [ "$keep" = keep ]; then
        ln -f -- "$stage/$index" "$stage/$index.new" && mv -f -T -- "$stage/$index.new" "$path" || failed "cannot place $path"
      else
        mv -f -T -- "$stage/$index" "$path" || failed "cannot place $path"
      fi
    done <"$stage/list"
    [ $# = 0 ] || sync -- "$@" 2>/dev/null
    [ "$keep" = keep ] || rm -rf -- "$stage"
    reply ok
    ;;
  discard) # FOLDER always|seen: removes staged copies; "seen": unless a certificate of theirs could not be looked for
    if [ "$2" = seen ] && [ -n "$unseen" ]; then
      reply ok
      continue
    fi
    rm -rf -- "$1" || failed "cannot remove $1"
    reply ok
    ;;
  setattributes) # MODE OWNER PATH
    [ "$2" = - ] || chown -h "$2" -- "$3" || failed "cannot give $3 to $2"
    chmod "$1" -- "$3" || failed "cannot set the mode of $3"
    reply ok
    ;;
  remove) # PATH
    rm -f -- "$1" || failed "cannot remove $1"
    reply ok
    ;;
  execute) # SECONDS ARGUMENT...
    limit=$1
    shift
    output=$(timeout -k 5 "$limit" "$@" </dev/null 2>&1 8>&- 9>&-; echo "|$?")
    answer "status ${output##*|}" "${output%|*}"
    [ "${output##*|}" = 0 ] || exit 1
    ;;
  import) # BYTES ctr|docker|podman, then the bytes: an archive of images, straight into the container runtime
    size=$1
    case $2 in
    ctr) set -- ctr --namespace k8s.io images import - ;;
    *) set -- "$2" load ;;
    esac
    output=$(head -c "$size" | "$@" 2>&1 8>&- 9>&-; echo "|$?")
    [ "${output##*|}" = 0 ] || failed "$1 does not take the archive: ${output%|*}"
    reply ok
    ;;
  mark) # HOST PORT [ARGUMENT...]: remembers, for "await ... restarted", what the command prints; else since when the member runs
    host=$1 port=$2
    shift 2
    started=
    instance=
    [ $# = 0 ] || instance=$(timeout 10 "$@" </dev/null 2>/dev/null)
    if [ -n "$instance" ]; then
      reply ok
      continue
    fi
    set -- "$host" "$port"
    tries=0
    while [ -z "$started" ] && [ "$tries" -lt 5 ]; do
      tries=$((tries + 1))
      started=$(get "$1" "$2" /metrics | grep -m 1 '^process_start_time_seconds')
      # Where nobody listens there is nothing to remember. A member that is slow must not be taken for one that is down:
      # it would seem to have restarted at once.
      [ -n "$started" ] || timeout 5 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" </dev/null 2>/dev/null || tries=down
      [ "$tries" != down ] || break
    done
    [ -n "$started" ] || [ "$tries" = down ] || failed "the member on $1 port $2 does not say since when it runs"
    reply ok
    ;;
  await) # HOST PORT SECONDS any|restarted [ARGUMENT...]: until the member answers alone that it is healthy, and is another one
    before=
    [ "$4" = any ] || before=${started:-none}
    host=$1 port=$2 limit=$3
    shift 4
    output=$(timeout -k 2 "$limit" bash -c '
      ask() { { exec 3<>"/dev/tcp/$host/$port"; } 2>/dev/null && printf "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n" "$1" >&3; }
      # A member that ends closes what it has just accepted.
      trap "" PIPE
      host=$0 port=$1 before=$2 was=$3 last="nobody listens on $0 port $1"
      shift 3
      trap "echo \"\$last\"; exit 1" TERM
      # Whether the one that answers is not the one of before. Where the service manager tells them apart, none of those
      # may be there any more: a kubelet may start the old pod once again beside the new one.
      isanother() {
        if [ -n "$was" ]; then
          now=$("$@" 2>/dev/null </dev/null) && [ -n "$now" ] && ! grep -qxF -e "$was" <<<"$now"
        else
          ask /metrics && now=$(grep -m 1 "^process_start_time_seconds" <&3)
          exec 3>&-
          [ "$now" != "$before" ] && [ -n "$now" ]
        fi
      }
      while :; do
        if ask /health; then
          body=
          while IFS= read -r -t 5 line <&3 || [ -n "$line" ]; do body=$line; line=; done
          exec 3>&-
          case $body in
          *"\"health\":\"true\""*)
            [ -n "$before" ] || exit 0
            ! isanother "$@" || exit 0
            # A change that means nothing to the kubelet (a comment in a manifest) restarts nothing. It looks at a
            # changed file at once, and at all of them every 20 seconds; a pod has 30 seconds to end.
            [ "$SECONDS" -lt 90 ] || exit 0
            last="the member was not restarted" ;;
          *) last="the member says: $body" ;;
          esac
        fi
        sleep 0.05
      done' "$host" "$port" "$before" "$instance" "$@" </dev/null 2>/dev/null; echo "|$?")
    [ "${output##*|}" = 0 ] || failed "not healthy after $limit s: ${output%|*}"
    reply ok
    ;;
  served) # ENDPOINT CERTIFICATE SECONDS: until who listens there shows this certificate in the handshake
    if ! command -v openssl >/dev/null; then
      unseen=yes
      reply unavailable openssl
      continue
    fi
    # Shown with the pair itself, which every member trusts: etcd would log an error for a client without one.
    timeout -k 2 "$3" sh -c '
      wanted=$(openssl x509 -noout -fingerprint -sha256 -in "$1" 2>/dev/null)
      while :; do
        shown=$(timeout 5 openssl s_client -connect "$0" -cert "$1" -key "${1%.crt}.key" </dev/null 2>/dev/null |
          openssl x509 -noout -fingerprint -sha256 2>/dev/null)
        if [ -n "$shown" ] && [ "$shown" = "$wanted" ]; then exit 0; fi
        sleep 0.1
      done' "$1" "$2" </dev/null 2>/dev/null || failed "after $3 s, $1 does not show the certificate in $2"
    reply ok
    ;;
  *) failed "unknown operation $op" ;;
  esac
done
printf 'end\n'
