# What the tests of TLS share; loaded behind helper/common.

# What the functions below set is for the tests; output and lines are run's.
# shellcheck disable=SC2034,SC2154

# tls_peer NAME CERT [ARGUMENTS]: one that says nothing of its own accord and
# writes down all that it is told in $T/heard.*
tls_peer()
{
	local name=$1 cert=$2

	shift 2
	# shellcheck disable=SC2046
	start_peer "$name" script $(tls "$cert") --record "$T/heard.$name" \
	    "$@" -e wait-eof
}

# Not one byte that was for a peer has reached one.
unheard()
{
	local file

	for file in "$T"/heard.*; do
		[ ! -s "$file" ] || fail "$file: $(cat "$file")"
	done
}

# open_tls NAME [KEY=VALUE | OPTION]…: to localhost:$port; ca= is $CERTS/ca.pem
open_tls()
{
	local name=$1

	shift
	open_session "$name" "tls://localhost:$port" "ca=$CERTS/ca.pem" "$@"
}

# refused STATUS WORDS COMMAND NAME …: it ends with STATUS and one line of
# WORDS (a pattern), and the session NAME stands as failed, with the same words
refused()
{
	local status_wanted=$1 words=$2 name=$4

	run "-$status_wanted" "${@:3}"
	[ "${#lines[@]}" -eq 1 ] || fail "not one line: $output"
	why=${output#"fifoctl: $name: "}
	# shellcheck disable=SC2053
	[[ $output == "fifoctl: $name: "* && $why == $words ]] ||
	    fail "not '$words' but: $output"
	stands_failed "$name" "$status_wanted" "$why"
}

# stands_failed NAME STATUS WHY: in status, its file, log and syslog
stands_failed()
{
	local fact

	run -0 ctl status "$1"
	for fact in state=failed "error-status=$2" "error=$3" tls= verified= \
	    peer=; do
		assert_line "$fact"
	done
	run -0 cat "$FIFOD_DIR/$1/status"
	for fact in state=failed "error-status=$2" "error=$3" tls= \
	    verified=; do
		assert_line "$fact"
	done
	run -0 cat "$FIFOD_DIR/$1/log"
	assert_output --partial " -> failed: $3"
	run -0 cat "$T/fifod.err"
	assert_output --partial "$1: "
	assert_output --partial "$3"
}

# refuses CERT WORDS [KEY=VALUE]…: a peer with that certificate, under TLS 1.2
# and 1.3 alike, is refused with 60 and told nothing; peer_more are arguments
# of the peer, host is what is dialled
refuses()
{
	local cert=$1 words=$2 version

	shift 2
	for version in 1.2 1.3; do
		next_peer "$cert" "$version"
		refused 60 "$words" open_session "$session" "$endpoint" \
		    "ca=$CERTS/ca.pem" "$@"
		unheard
		stop_peer "$session"
	done
}

# accepts CERT [KEY=VALUE]…: it is up and verified, with the same two
accepts()
{
	local cert=$1 version

	shift
	for version in 1.2 1.3; do
		next_peer "$cert" "$version"
		open_session "$session" "$endpoint" "ca=$CERTS/ca.pem" "$@"
		run -0 ctl status "$session"
		assert_line state=up
		assert_line verified=yes
		assert_line --regexp "^tls=TLSv$version [A-Z0-9_-]+\$"
		assert_line error=
		assert_line error-status=0
		stop_peer "$session"
	done
}

nsessions=0
peer_more=()
host=localhost

# The next peer with that certificate: its endpoint, and a session's name.
next_peer()
{
	nsessions=$((nsessions + 1))
	session=s$nsessions
	tls_peer "$session" "$1" --max "$2" "${peer_more[@]}"
	endpoint=tls://$host:$port
}

# pin_of CERT: its public key as pin= wants it
pin_of()
{
	printf 'sha256//%s\n' "$(openssl x509 -in "$CERTS/$1.pem" -noout \
	    -pubkey | openssl pkey -pubin -outform DER |
	    openssl dgst -sha256 -binary | openssl base64)"
}

# s_server NAME [ARGUMENTS]: openssl's own, which shows each message of TLS in
# $T/NAME.log; what is written to descriptor 7 is its standard input; sets port
s_server()
{
	local name=$1

	shift
	mkfifo "$T/$name.in"
	exec 7<>"$T/$name.in"
	openssl s_server -accept 127.0.0.1:0 -msg -cert "$CERTS/good.pem" \
	    -cert_chain "$CERTS/good.pem" -key "$CERTS/good.key" "$@" \
	    <"$T/$name.in" >"$T/$name.log" 2>&1 3>&- 7>&- &
	pid_add $! "$name"
	wait_for_line "$T/$name.log" '^ACCEPT '
	port=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' "$T/$name.log" | sed 1q)
}

# read_out NAME BYTES: so many bytes of its `out'
read_out()
{
	within 10 head -c "$2" <"$FIFOD_DIR/$1/out" 3>&-
}
