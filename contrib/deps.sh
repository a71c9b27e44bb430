# shellcheck shell=sh
# What has to be installed, and installing what is missing of it.  Read by
# install-deps, quickstart and check.
#
# A line is WHAT-FOR, a thing that is there when the package is (a command, a
# pkg-config module with .pc behind it, or a path), and Debian's package.
deps_table()
{
	cat <<'END'
build   cc                              gcc
build   /usr/include/stdio.h            libc6-dev
build   make                            make
build   awk                             mawk
build   autoconf                        autoconf
build   automake                        automake
build   pkg-config                      pkg-config
build   libbsd-overlay.pc               libbsd-dev
build   libevent_core.pc                libevent-dev
build   libedit.pc                      libedit-dev
build   openssl.pc                      libssl-dev
build   libseccomp.pc                   libseccomp-dev
build   /usr/include/linux/landlock.h   linux-libc-dev
demo    openssl                         openssl
demo    timeout                         coreutils
test    bats                            bats
test    /usr/lib/bats/bats-support      bats-support
test    /usr/lib/bats/bats-assert       bats-assert
test    openssl                         openssl
test    jq                              jq
test    flock                           util-linux
test    setpriv                         util-linux
test    nsenter                         util-linux
test    mount                           mount
test    timeout                         coreutils
test    xargs                           findutils
test    ps                              procps
test    strace                          strace
test    /usr/sbin/sshd                  openssh-server
test    ssh                             openssh-client
test    mandoc                          mandoc
test    shellcheck                      shellcheck
test    curl                            curl
test    nginx                           nginx-light
test    /usr/lib/nginx/modules/ngx_mail_module.so libnginx-mod-mail
test    /usr/sbin/slapd                 slapd
test    /usr/lib/dovecot/imap           dovecot-imapd
test    /usr/lib/dovecot/lmtp           dovecot-lmtpd
test    /usr/lib/dovecot/managesieve    dovecot-managesieved
test    prosody                         prosody
test    vsftpd                          vsftpd
test    ncat                            ncat
test    microsocks                      microsocks
test    redis-server                    redis-server
test    bc                              bc
test    sqlite3                         sqlite3
test    wget                            wget
test    hexdump                         bsdextrautils
test    nc                              netcat-openbsd
test    socat                           socat
test    ip                              iproute2
test    /usr/bin/python3                python3
test    /usr/lib/python3/dist-packages/prometheus_client python3-prometheus-client
valgrind valgrind                       valgrind
package dpkg-buildpackage               dpkg-dev
package dh                              debhelper
package /usr/share/doc/build-essential  build-essential
package lintian                         lintian
package tar                             tar
package xz                              xz-utils
dist    tar                             tar
dist    xz                              xz-utils
fuzz    clang                           clang
fuzz    /usr/share/doc/libclang-rt-14-dev libclang-rt-14-dev
coverage gcovr                          gcovr
END
}

# deps_have THING
deps_have()
{
	case $1 in
	*.pc) pkg-config --exists "${1%.pc}" 2>/dev/null ;;
	/*) [ -e "$1" ] ;;
	*) command -v "$1" >/dev/null 2>&1 ;;
	esac
}

# deps_missing WHAT-FOR...: prints the packages, each once
deps_missing()
{
	deps_table | while read -r for thing package; do
		case " $* " in
		*" $for "*) deps_have "$thing" || echo "$package" ;;
		esac
	done | sort -u
}

# deps_apt ARGUMENTS: apt-get as root, quiet, asking nothing.  Servers among
# the packages are for the tests: none is started as a service of the system.
deps_apt()
{
	# shellcheck disable=SC2016
	set -- env DEBIAN_FRONTEND=noninteractive sh -c '
		policy=/usr/sbin/policy-rc.d
		if [ ! -e $policy ]; then
			trap "rm -f $policy" EXIT
			trap "exit 1" HUP INT TERM
			printf "#!/bin/sh\nexit 101\n" >$policy
			chmod 755 $policy
		fi
		apt-get -q -y -o DPkg::Lock::Timeout=120 "$@"' sh "$@"
	[ "$(id -u)" -eq 0 ] || set -- sudo -n "$@"
	"$@" </dev/null
}

# May we install at all?
deps_may()
{
	command -v apt-get >/dev/null 2>&1 || return 1
	[ "$(id -u)" -eq 0 ] || sudo -n true >/dev/null 2>&1
}

# deps_install WHAT-FOR...: 0 when all is there; else says what is not
deps_install()
{
	deps_packages=$(deps_missing "$@" | tr '\n' ' ')
	[ -n "$deps_packages" ] || return 0
	if ! deps_may; then
		echo "missing, and not ours to install: $deps_packages" >&2
		echo "as root: apt-get install $deps_packages" >&2
		return 1
	fi
	echo "installing $deps_packages"
	# shellcheck disable=SC2086
	deps_output=$(deps_apt install --no-install-recommends \
	    $deps_packages 2>&1) ||
	    deps_output=$(deps_apt update 2>&1 && deps_apt install \
	    --no-install-recommends $deps_packages 2>&1) || {
		printf '%s\n' "$deps_output" >&2
		return 1
	}
	deps_packages=$(deps_missing "$@" | tr '\n' ' ')
	[ -n "$deps_packages" ] || return 0
	echo "still missing after the installation: $deps_packages" >&2
	return 1
}
