/// The shell scripts behind ``TestHost``.
enum TestHostFiles {
  /// Makes keys, and as root users, in the folder `$1`.
  static let script = #"""
    cd "$1"
    for type in ed25519 ecdsa rsa; do ssh-keygen -q -t $type -N '' -C host -f host_$type; done
    ssh-keygen -q -t ed25519 -N '' -C other -f other_ed25519
    ssh-keygen -q -t ed25519 -N '' -C tester -f id_ed25519
    ssh-keygen -q -t ed25519 -N 'open sesame' -C tester -f id_ed25519_encrypted
    for bits in 256 384 521; do ssh-keygen -q -t ecdsa -b $bits -N '' -C tester -f id_ecdsa_$bits; done
    ssh-keygen -q -t ecdsa -b 256 -m PEM -N '' -C tester -f id_ecdsa_pem
    ssh-keygen -q -t ecdsa -b 256 -m PEM -N 'open sesame' -C tester -f id_ecdsa_pem_encrypted
    ssh-keygen -q -t ecdsa -b 256 -m PKCS8 -N '' -C tester -f id_ecdsa_pkcs8
    ssh-keygen -q -t ecdsa -b 256 -N 'open sesame' -C tester -f id_ecdsa_encrypted
    ssh-keygen -q -t rsa -b 2048 -N '' -C tester -f id_rsa
    ssh-keygen -q -t rsa -b 2048 -m PEM -N '' -C tester -f id_rsa_pem
    ssh-keygen -q -t ed25519 -N '' -C stranger -f stranger
    ssh-keygen -q -t ed25519 -N '' -C authority -f authority
    ssh-keygen -q -t ed25519 -N '' -C tester -f certified
    ssh-keygen -q -s authority -I tester -n plain,"$(id -un)" -V -1d:+30d certified.pub
    cat id_*.pub > authorized_keys
    mkdir bare
    ln -s /bin/sh bare/sh
    mkdir bashonly
    for name in sh bash cat grep sleep; do ln -s "$(command -v $name)" bashonly/; done
    chmod 644 authorized_keys
    touch known_hosts
    [ -n "$2" ] || exit 0
    mkdir etc home
    grep -E '^(root|daemon|nobody|sshd|_?ssh[a-z]*):' /etc/passwd > etc/passwd
    grep -q '^sshd:' etc/passwd || echo 'sshd:x:105:65534::/run/sshd:/usr/sbin/nologin' >> etc/passwd
    cp /etc/group etc/group
    echo 'root:*:19000:0:99999:7:::' > etc/shadow
    hash=$(openssl passwd -6 'correct horse')
    number=23000
    user() {
      number=$((number + 1))
      echo "$1:x:$number:65534::$1-home:$2" | sed "s|$1-home|$PWD/home/$1|" >> etc/passwd
      echo "$1:$3:19000:0:99999:7:::" >> etc/shadow
      mkdir home/$1
    }
    user plain /bin/sh '*'
    user banner /bin/bash '*'
    user csh /bin/tcsh '*'
    user fish /usr/bin/fish '*'
    user shut /usr/sbin/nologin '*'
    user flood /bin/bash '*'
    for name in free:/bin/bash asked:/bin/sh askedfish:/usr/bin/fish askedcsh:/bin/tcsh askedbanner:/bin/bash cached:/bin/sh \
      once:/bin/sh barred:/bin/sh terminal:/bin/sh; do
      user ${name%%:*} ${name#*:} "$hash"
    done
    noise='echo "Welcome to the machine"; echo "do not panic" >&2'
    for name in banner askedbanner; do
      printf '%s\numask 077\nprintf "no newline at the end"\n' "$noise" > home/$name/.bashrc
    done
    printf 'echo "Welcome to csh"\numask 077\n' > home/csh/.cshrc
    cp home/csh/.cshrc home/askedcsh/.cshrc
    for name in fish askedfish; do
      mkdir -p home/$name/.config/fish
      printf '%s\n' 'echo "Welcome to fish"; echo "glub" >&2; umask 077' > home/$name/.config/fish/config.fish
    done
    printf 'while :; do echo noise noise noise noise noise noise noise noise noise; done\n' > home/flood/.bashrc
    for name in home/*; do chown -R ${name#home/} $name 2>/dev/null || chown -R $(grep "^${name#home/}:" etc/passwd |
      cut -d: -f3) $name; done
    cat > etc/sudoers <<'END'
    Defaults env_reset, use_pty, lecture = always
    Defaults secure_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    Defaults:cached timestamp_type = global
    Defaults:once passwd_tries = 1
    Defaults:terminal requiretty
    root, asked, askedfish, askedcsh, askedbanner, cached, once ALL = (ALL) ALL
    free, terminal ALL = (ALL) NOPASSWD: ALL
    END
    chown 0:0 etc/sudoers etc/shadow
    chmod 440 etc/sudoers
    chmod 640 etc/shadow
    mkdir etc/skel run
    """#

  /// Runs sshd with the configuration `$2` until standard input ends; the log goes to `$3`.
  static let supervisor = #"""
    trap : INT TERM HUP
    if [ -n "$4" ]; then
      for file in passwd shadow group sudoers; do mount --bind "$1/etc/$file" /etc/$file || exit; done
      mount -t tmpfs -o mode=755 tmpfs /run && mkdir -p /run/sshd /run/sudo || exit
    fi
    mkdir -p "$1/servers" && : > "$1/servers/$$" && exec 3> "$3" || exit
    [ -z "$5" ] || { mount --bind /tmp /tmp && mount -o "remount,bind,$5" /tmp; } || exit
    /usr/sbin/sshd -D -e -f "$2" 2>&3 3>&- < /dev/null &
    server=$!
    while read -r _ || [ $? -gt 128 ]; do :; done
    kill $server
    wait $server
    [ -z "$5" ] || umount -l /tmp
    rm -f "$1/servers/$$"
    rmdir "$1/servers" 2> /dev/null && rm -rf "$1"
    :
    """#

  /// Waits until a port answers.
  static let waiter = #"""
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
      grep -q "Server listening" "$2" 2> /dev/null && exit 0
      grep -q "Address already in use" "$2" 2> /dev/null && break
      sleep 0.1
    done
    cat "$2"
    exit 1
    """#
}
