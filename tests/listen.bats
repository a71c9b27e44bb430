# The side that waits: peers connect to a session.

# What `sh -c' and `eval' get is in '…'.
# shellcheck disable=SC2016

load helper/common
load helper/world

setup()
{
	common_setup
	start_broker
}

# listen_session NAME ENDPOINT [KEY=VALUE]…: open it; sets S and port
listen_session()
{
	open_session "$@"
	port=$(status_of "$1" listening)
	port=${port##*:}
}

# sends TEXT…: a peer that says this and has gone
sends()
{
	printf '%s\n' "$@" | within 10 nc -N 127.0.0.1 "$port" 3>&-
}

# stays NAME: a peer that stays, says what is written to descriptor FD_NAME
# of this shell, and writes what it hears to $T/NAME.heard
stays()
{
	local fd

	mkfifo "$T/$1.says"
	(
		# The others' ends of what they say are not this one's.
		for fd in "${!FD_@}"; do
			eval "exec ${!fd}>&-"
		done
		exec nc -N 127.0.0.1 "$port" 3>&-
	) <"$T/$1.says" >"$T/$1.heard" 2>/dev/null 3>&- &
	pid_add $! "nc.$1"
	printf -v "PID_$1" %s $!
	exec {fd}>"$T/$1.says"
	printf -v "FD_$1" %s "$fd"
}

# tls_client [ARGUMENTS]: what is said to a tls-listen, by another program
tls_client()
{
	within 10 openssl s_client -quiet -no_ign_eof -connect \
	    "127.0.0.1:$port" -cert_chain "$CERTS/inter.pem" "$@" 2>&1 3>&-
}

# attach NAME: what is written to $T/type.NAME is typed, what is said is in
# $T/told.NAME
attach()
{
	"$FIFOCTL" -r "$FIFOD_DIR" attach "$1" <"$T/type.$1" >"$T/told.$1" \
	    2>&1 3>&- &
	pid_add $! "attach.$1"
}

peers_are()
{
	[ "$(cd "$S/peers" && echo *)" = "$1" ]
}

wait_peers()
{
	wait_until 10 peers_are "$1" && return
	echo "peers are $(ls "$S/peers"), not $1"
	return 1
}

logged()
{
	grep -q -- "$2" "$FIFOD_DIR/$1/log"
}

wait_logged()
{
	wait_for_line "$FIFOD_DIR/$1/log" "$2"
}

# ---- one at a time

@test "a session that waits is open at once, and says where it listens" {
	listen_session s tcp-listen://127.0.0.1:0
	status_is s state listening
	status_is s listening "127.0.0.1:$port"
	[ "$port" -gt 0 ]
	grep -qx "listening=127.0.0.1:$port" "$S/status"
}

@test "a peer that connects is the session's connection, until it has gone" {
	listen_session s tcp-listen://127.0.0.1:0
	stays a
	wait_status s state up
	echo question >&"$FD_a"
	run within 10 head -n 1 "$S/out"
	assert_output question
	echo answer >"$S/in"
	wait_for_line "$T/a.heard" '^answer$'
	[ "$(status_of s peers)" = 1 ]
	stop_pid "$PID_a"
	wait_status s state listening
	[ "$(status_of s links)" = 1 ]
}

@test "readers of 'out' meet the end of file when the peer has gone" {
	listen_session s tcp-listen://127.0.0.1:0
	sends one two &
	run within 10 cat "$S/out"
	assert_output $'one\ntwo'
	sends three &
	run within 10 cat "$S/out"
	assert_output three
}

@test "what nobody has read of a peer is not mixed with what the next says" {
	listen_session s tcp-listen://127.0.0.1:0
	sends one
	sends two &
	run within 10 cat "$S/out"
	assert_output one
	run within 10 cat "$S/out"
	assert_output two
}

@test "the next peer waits for the first one's end, and is not refused" {
	listen_session s tcp-listen://127.0.0.1:0
	stays a
	wait_status s state up
	stays b
	echo second >&"$FD_b"
	never_within 1 logged s ' up -> listening'
	echo first >&"$FD_a"
	run within 10 head -n 1 "$S/out"
	assert_output first
	stop_pid "$PID_a"
	wait_logged s ' up -> listening'
	wait_status s state up
	run within 10 head -n 1 "$S/out"
	assert_output second
}

@test "what is written while no peer is there waits for the next" {
	listen_session s tcp-listen://127.0.0.1:0
	echo waiting >"$S/in"
	status_is s state listening
	stays a
	wait_for_line "$T/a.heard" '^waiting$'
}

@test "a probe that connects and leaves never ends a listener, nor a reader" {
	local i
	listen_session s tcp-listen://127.0.0.1:0 reconnect=never
	background "$T/read" cat "$S/out"
	for i in {1..5}; do
		within 10 nc -z 127.0.0.1 "$port" 3>&-
	done
	wait_status s links 5
	wait_status s state listening
	sends real
	wait_pid "$BACKGROUND_PID"
	run cat "$T/read"
	assert_output real
}

@test "with reconnect=never a listener serves one peer, and no more" {
	hold_port
	listen_session s "tcp-listen://127.0.0.1:$port" reconnect=never
	sends last
	run within 10 cat "$S/out"
	assert_output last
	wait_status s state failed
	run sends more
	assert_failure
	ctl reconnect s
	wait_status s state listening
}

@test "the sockets stand while peers come and go, and over a reconnect" {
	local i
	listen_session s tcp-listen://127.0.0.1:0
	background "$T/all" sh -c 'while cat "$1"; do :; done' sh "$S/out"
	for i in {1..40}; do
		echo "$i" | within 10 nc -N 127.0.0.1 "$port" 3>&- || fail "$i"
	done
	ctl reconnect s
	status_is s listening "127.0.0.1:$port"
	sends 41
	wait_for_line "$T/all" '^41$'
	run sort -n "$T/all"
	assert_output "$(seq 41)"
}

@test "two consoles talk, one that waits and one that connects" {
	listen_session a tcp-listen://127.0.0.1:0
	open_session b "tcp://127.0.0.1:$port"
	wait_status a state up
	mkfifo "$T/type.a" "$T/type.b"
	attach a
	attach b
	exec 8>"$T/type.a" 9>"$T/type.b"
	wait_status a channels 1
	wait_status b channels 1
	echo 'hello, a' >&9
	wait_for_line "$T/told.a" '^hello, a$'
	echo 'hello, b' >&8
	wait_for_line "$T/told.b" '^hello, b$'
}

# ---- addresses

@test "without a host it waits at every address, of both families" {
	listen_session s tcp-listen://:0
	status_is s listening "[::]:$port"
	sends four
	run within 10 cat "$S/out"
	assert_output four
	echo six | within 10 nc -N ::1 "$port" 3>&- ||
	    skip 'there is no ::1 here'
	run within 10 cat "$S/out"
	assert_output six
}

@test "an address in use is told with the session that has it" {
	listen_session a tcp-listen://127.0.0.1:0
	run open_session b "tcp-listen://127.0.0.1:$port"
	assert_failure 7
	assert_output "fifoctl: b: 127.0.0.1:$port: the address is in use by \
session a (it will be tried again)"
	run open_session c "tcp-listen://:$port"
	assert_failure 7
	assert_output --partial 'in use by session a'
	status_is a state listening
}

@test "an address in use is told with the process that has it" {
	! is_portable || skip "only Linux says which"
	start_peer p echo
	run open_session b "tcp-listen://127.0.0.1:$port"
	assert_failure 7
	assert_output --partial "in use by pid $PEER_PID"
}

@test "a listener whose port becomes free takes it by itself" {
	hold_port
	listen_session a "tcp-listen://127.0.0.1:$port"
	run open_session b "tcp-listen://127.0.0.1:$port" backoff=0.05..0.1
	assert_failure 7
	status_is b state backoff
	ctl close a
	wait_status b state listening
	[ -z "$(status_of b error)" ]
	S=$FIFOD_DIR/b
	sends here
	run within 10 cat "$S/out"
	assert_output here
}

@test "a port that needs a right is refused with that word" {
	require_root
	[ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" -gt 99 ] ||
	    skip 'every port is free to all here'
	run as_user "$FIFOCTL" open low tcp-listen://127.0.0.1:99
	as_user "$FIFOCTL" stop
	assert_failure 7
	assert_output --partial 'ports below 1024 need the right to'
}

@test "a session waits in a network namespace, and nowhere else" {
	require_root
	! is_portable || skip "this build has no network namespaces"
	local ns=fifod-listen-$$
	ip netns add "$ns" 2>/dev/null || skip 'no namespace can be made'
	ip -n "$ns" link set lo up
	# A port at which nobody listens out here.
	hold_port
	listen_session s "tcp-listen://127.0.0.1:$port" "netns=$ns"
	run within 10 nc -zN 127.0.0.1 "$port" 3>&-
	local outside=$status
	echo inside |
	    within 10 ip netns exec "$ns" nc -N 127.0.0.1 "$port" 3>&-
	run within 10 cat "$S/out"
	ip netns del "$ns"
	assert_output inside
	[ "$outside" -ne 0 ]
}

@test "an address that is not of this host is refused with that word" {
	run open_session s tcp-listen://192.0.2.1:0
	assert_failure 7
	assert_output --partial '192.0.2.1:0: this is no address of ours'
}

@test "endpoints to wait at are of a form, and others are refused" {
	run open_session s tcp-listen://127.0.0.1
	assert_failure 2
	assert_output --partial 'names no port'
	run open_session s unix-listen://x:1
	assert_failure 2
	run open_session s tcp://127.0.0.1:1 accept=each
	assert_failure 2
	assert_output --partial 'to which no connections are made'
	run open_session s tcp-listen://127.0.0.1:0 framing=line
	assert_failure 2
	assert_output --partial 'a framing is for the side that asks'
	run open_session s tcp-listen://127.0.0.1:0 via=socks5://127.0.0.1:1
	assert_failure 2
	assert_output --partial 'for connections that we make'
	run open_session s tcp-listen://127.0.0.1:0 connections=each
	assert_failure 2
	assert_output --partial 'connections=each: '
	[ -z "$(ctl list)" ]
}

# ---- unix sockets

@test "a unix socket is a file with the session's mode, and goes with it" {
	open_session s "unix-listen:$T/s" mode=0660
	status_is s listening "$T/s"
	[ "$(stat -c %a "$T/s")" = 660 ]
	echo hello | within 10 socat -u - "UNIX-CONNECT:$T/s" 3>&-
	run within 10 cat "$S/out"
	assert_output hello
	ctl close s
	[ ! -e "$T/s" ]
}

@test "a relative path is the caller's, and @NAME is no file" {
	(cd "$T" && open_session s unix-listen:./rel)
	[ -S "$T/rel" ]
	! is_portable || skip "no abstract names in this build"
	open_session a "unix-listen:@fifod-test-$$"
	status_is a listening "@fifod-test-$$"
	echo hello |
	    within 10 socat -u - "ABSTRACT-CONNECT:fifod-test-$$" 3>&-
	run within 10 cat "$S/out"
	assert_output hello
}

@test "a file that nobody listens at any more is replaced, another is not" {
	open_session s "unix-listen:$T/s"
	kill_broker
	[ -S "$T/s" ]
	start_broker
	open_session s "unix-listen:$T/s"
	: >"$T/file"
	run open_session f "unix-listen:$T/file"
	assert_failure 7
	[ -f "$T/file" ]
	run open_session g "unix-listen:$T/s"
	assert_failure 7
	assert_output --partial 'in use by session s'
	status_is s state listening
}

@test "who has connected to a unix socket is known by its process" {
	! is_portable || skip "only Linux says which"
	open_session s "unix-listen:$T/s"
	background "$T/heard" socat -U - "UNIX-CONNECT:$T/s"
	wait_status s state up
	[ "$(status_of s peer)" = "pid $BACKGROUND_PID, uid $(id -u)" ]
}

# ---- virtual machines

@test "a session waits for virtual machines, and an address is one's own" {
	! is_portable || skip "no vsock in this build"
	run open_session s vsock-listen://:0
	[[ $output != *'has no'* ]] || skip 'there is no vsock here'
	assert_success
	[[ $(status_of s listening) == any:* ]]
	port=$(status_of s listening)
	run open_session t "vsock-listen://:${port##*:}"
	assert_failure 7
	assert_output --partial 'in use by session s'
	run open_session u vsock-listen://nobody:1
	assert_failure 2
	assert_output --partial '"nobody" is no CID'
}

# ---- datagrams

@test "datagrams of all who send some are messages, each with its end" {
	open_session s udp-listen://127.0.0.1:0
	status_is s state up
	port=$(status_of s listening)
	port=${port##*:}
	printf one | within 10 socat -u - "UDP:127.0.0.1:$port" 3>&-
	printf 'two\nlines\n' | within 10 socat -u - "UDP:127.0.0.1:$port" 3>&-
	run within 10 cat "$S/out"
	assert_output one
	run within 10 cat "$S/out"
	assert_output $'two\nlines'
}

@test "what is written goes to the one whose datagram came last" {
	open_session s udp-listen://127.0.0.1:0
	port=$(status_of s listening)
	port=${port##*:}
	printf early >"$S/in"
	wait_until 10 sh -c '"$1" -r "$2" status s error | grep -q "nobody was"' \
	    sh "$FIFOCTL" "$FIFOD_DIR"
	mkfifo "$T/ask"
	socat - "UDP:127.0.0.1:$port" <"$T/ask" >"$T/answer" 3>&- &
	pid_add $! socat
	exec 9>"$T/ask"
	echo question >&9
	run within 10 cat "$S/out"
	assert_output question
	echo answer >"$S/in"
	wait_for_line "$T/answer" '^answer$'
}

@test "an address for datagrams that is in use is told so, and taken later" {
	open_session s udp-listen://127.0.0.1:0
	port=$(status_of s listening)
	run open_session t "udp-listen://$port" backoff=0.05..0.1
	assert_failure 7
	assert_output --partial 'the address is in use'
	ctl close s
	wait_status t state up
}

# ---- TLS

@test "a TLS listener shows its certificate to those who connect" {
	listen_session s tls-listen://127.0.0.1:0 "cert=$CERTS/good.pem" \
	    "key=$CERTS/good.key" alpn=x,y
	echo hello | tls_client -CAfile "$CERTS/ca.pem" -verify_return_error \
	    -alpn z,y >"$T/client" &
	run within 10 cat "$S/out"
	assert_output hello
	wait_logged s 'no client certificate'
	ctl close s
}

@test "a TLS listener without a certificate is refused" {
	run open_session s tls-listen://127.0.0.1:0
	assert_failure 2
	assert_output --partial 'name it with cert='
}

@test "TLS talks with TLS, and tells of the connection on both sides" {
	listen_session s tls-listen://127.0.0.1:0 "cert=$CERTS/good.pem" \
	    "key=$CERTS/good.key" alpn=x,y
	open_session c "tls://127.0.0.1:$port" "ca=$CERTS/ca.pem" alpn=z,y
	wait_status s state up
	[[ $(status_of s tls) == TLSv1.3* ]]
	status_is s alpn-chosen y
	status_is c alpn-chosen y
	status_is s verified 'no (no ca=)'
	status_is c verified yes
	head -c 3000000 /dev/zero | tr '\0' x >"$FIFOD_DIR/c/in" &
	run within 10 sh -c 'head -c 3000000 "$1" | wc -c' sh "$FIFOD_DIR/s/out"
	assert_output 3000000
	echo back >"$FIFOD_DIR/s/in"
	run within 10 head -n 1 "$FIFOD_DIR/c/out"
	assert_output back
}

@test "with ca= a client must show a certificate that it vouches for" {
	listen_session s tls-listen://127.0.0.1:0 "cert=$CERTS/good.pem" \
	    "key=$CERTS/good.key" "ca=$CERTS/ca.pem"
	echo none | tls_client || true
	wait_status s error-status 60
	[[ $(status_of s error) == 'peer shows no certificate'* ]]
	echo bad | tls_client -cert "$CERTS/badclient.pem" \
	    -key "$CERTS/badclient.key" || true
	wait_logged s 'a-root-that-nobody-trusts'
	echo server | tls_client -cert "$CERTS/ip.pem" -key "$CERTS/ip.key" ||
	    true
	open_session c "tls://127.0.0.1:$port" "ca=$CERTS/ca.pem" \
	    "cert=$CERTS/client.pem" "key=$CERTS/client.key"
	wait_status s verified yes
	echo good >"$FIFOD_DIR/c/in"
	run within 10 head -n 1 "$FIFOD_DIR/s/out"
	assert_output good
	openssl x509 -noout -subject -in "$FIFOD_DIR/s/peer.pem" |
	    grep -q client
}

@test "verify-name= names the one client that is let in" {
	listen_session s tls-listen://127.0.0.1:0 "cert=$CERTS/good.pem" \
	    "key=$CERTS/good.key" "ca=$CERTS/ca.pem" verify-name=other.test
	open_session c "tls://127.0.0.1:$port" "ca=$CERTS/ca.pem" \
	    "cert=$CERTS/client.pem" "key=$CERTS/client.key" --no-wait
	wait_status s error-status 60
	never_within 1 status_is s state up
}

@test "a TLS session is resumed with the listener that began it" {
	listen_session s tls-listen://127.0.0.1:0 "cert=$CERTS/good.pem" \
	    "key=$CERTS/good.key"
	open_session c "tls://127.0.0.1:$port" "ca=$CERTS/ca.pem"
	wait_status s state up
	echo ticket >"$FIFOD_DIR/s/in"
	run within 10 head -n 1 "$FIFOD_DIR/c/out"
	ctl reconnect c
	wait_status c resumed yes
	wait_status s resumed yes
}

@test "who stalls in the handshake keeps the next one for timeout-connect" {
	listen_session s tls-listen://127.0.0.1:0 "cert=$CERTS/good.pem" \
	    "key=$CERTS/good.key" timeout-connect=3
	stays a
	wait_logged s ' -> handshake'
	echo next | tls_client >"$T/client" &
	run within 10 cat "$S/out"
	assert_output next
	wait_logged s 'no connection within timeout-connect'
}

@test "who does not speak TLS is told so in the log, and ends nothing" {
	listen_session s tls-listen://127.0.0.1:0 "cert=$CERTS/good.pem" \
	    "key=$CERTS/good.key"
	sends 'GET / HTTP/1.0' '' >"$T/answer" || true
	wait_status s error 'peer does not speak TLS (said "GET / HTTP/1.0")'
	status_is s state listening
}

# ---- each

@test "with accept=each a peer has a directory, which appears whole" {
	listen_session s tcp-listen://127.0.0.1:0 accept=each
	stays a
	wait_peers 1
	stays b
	wait_peers '1 2'
	[ "$(cd "$S/peers/1" && echo *)" = 'in out status' ]
	echo from-a >&"$FD_a"
	echo from-b >&"$FD_b"
	run within 10 head -n 1 "$S/peers/2/out"
	assert_output from-b
	run within 10 head -n 1 "$S/peers/1/out"
	assert_output from-a
	echo to-b >"$S/peers/2/in"
	wait_for_line "$T/b.heard" '^to-b$'
	[ ! -s "$T/a.heard" ]
	grep -q "^local=127.0.0.1:$port\$" "$S/peers/2/status"
	grep -q '^peer=127.0.0.1:' "$S/peers/2/status"
	[ "$(status_of s peers)" = 2 ]
	status_is s state listening
}

@test "a peer's directory goes when it has gone and its words were read" {
	listen_session s tcp-listen://127.0.0.1:0 accept=each
	sends one
	sends two
	wait_logged s 'peers/2: up -> closing'
	peers_are '1 2'
	run within 10 cat "$S/peers/1/out"
	assert_output one
	wait_peers 2
	run within 10 cat "$S/peers/2/out"
	assert_output two
	wait_peers '*'
}

@test "closing sends what was written to a peer first" {
	listen_session s tcp-listen://127.0.0.1:0 accept=each
	stays a
	wait_peers 1
	head -c 3000000 /dev/zero | tr '\0' z >"$S/peers/1/in" 3>&-
	ctl close s
	wait_until 10 sh -c '[ "$(wc -c <"$1")" -eq 3000000 ]' sh \
	    "$T/a.heard"
}

@test "what peers say, and are told, is in the session's one record" {
	listen_session s tcp-listen://127.0.0.1:0 accept=each \
	    "record=$T/record" record-sync=yes
	stays a
	wait_peers 1
	stays b
	wait_peers '1 2'
	echo from-a >&"$FD_a"
	echo from-b >&"$FD_b"
	run within 10 head -n 1 "$S/peers/1/out"
	assert_output from-a
	run within 10 head -n 1 "$S/peers/2/out"
	assert_output from-b
	ctl set s timeout-read=5
	echo to-a >"$S/peers/1/in"
	wait_for_line "$T/a.heard" '^to-a$'
	sed 's/^.*Z //' "$T/record" | sort >"$T/sorted"
	run cat "$T/sorted"
	assert_output $'<1 from-a\n<2 from-b\n>1 to-a'
}

@test "on-connect speaks with a peer before anybody else does" {
	listen_session s tcp-listen://127.0.0.1:0 accept=each \
	    on-connect='read -r name; echo "hello $name"; [ "$name" = b ]'
	stays a
	echo a >&"$FD_a"
	stays b
	echo b >&"$FD_b"
	wait_for_line "$T/a.heard" '^hello a$'
	wait_for_line "$T/b.heard" '^hello b$'
	wait_peers 1
	echo more >&"$FD_b"
	run within 10 head -n 1 "$S/peers/1/out"
	assert_output more
	wait_logged s 'turned away: on-connect'
}

@test "words that nobody reads are dropped after timeout-read" {
	listen_session s tcp-listen://127.0.0.1:0 accept=each timeout-read=0.3
	sends unread
	wait_logged s 'peers/1: closing -> closed'
	wait_logged s 'peers/1: .* 7 bytes are discarded'
	wait_peers '*'
}

@test "no more than max-peers are there at a time, and others wait" {
	listen_session s tcp-listen://127.0.0.1:0 accept=each max-peers=2
	stays a
	wait_peers 1
	stays b
	wait_peers '1 2'
	stays c
	never_within 1 test -e "$S/peers/3"
	stop_pid "$PID_a"
	wait_peers '2 3'
	ctl set s max-peers=3
	stays d
	wait_peers '2 3 4'
}

@test "where descriptors run out peers wait, and none is turned away" {
	local i
	stop_broker
	ulimit -n 100
	start_broker
	listen_session s tcp-listen://127.0.0.1:0 accept=each
	for i in {1..50}; do
		echo "$i" | within 30 nc -N 127.0.0.1 "$port" 3>&- &
	done
	wait_logged s 'no descriptor'
	for ((i = 0; i < 400; i++)); do
		cat "$S"/peers/*/out >>"$T/got" 2>/dev/null || true
		[ "$(wc -l <"$T/got")" -lt 50 ] || break
		read -rt 0.05 <>"$T/.never" || true
	done
	run sort -n "$T/got"
	assert_output "$(seq 50)"
	! logged s 'turned away'
}

@test "a peer that stalls in the handshake keeps no other one waiting" {
	listen_session s tls-listen://127.0.0.1:0 "cert=$CERTS/good.pem" \
	    "key=$CERTS/good.key" accept=each
	stays a
	wait_status s peers 1
	echo hello | tls_client >"$T/client" &
	wait_peers 1
	run within 10 cat "$S/peers/1/out"
	assert_output hello
}

@test "removing a peer's directory ends it, closing the session ends all" {
	listen_session s tcp-listen://127.0.0.1:0 accept=each
	stays a
	wait_peers 1
	stays b
	wait_peers '1 2'
	echo before >"$S/peers/2/in"
	wait_for_line "$T/b.heard" '^before$'
	# A name that is put back meanwhile, as after 0.1 s, keeps rm from it.
	wait_until 10 rm -rf "$S/peers/1"
	wait_logged s 'peers/1: up -> closed'
	wait_peers 2
	[ "$(status_of s peers)" = 1 ]
	ctl close s
	[ ! -e "$S" ]
}

# ---- merge

@test "with accept=merge the lines of all peers are whole in 'out'" {
	local i
	listen_session s tcp-listen://127.0.0.1:0 accept=merge
	background "$T/all" cat "$S/out"
	for i in {1..8}; do
		seq -f "$i.%g.$i" 5000 | within 20 nc -N 127.0.0.1 "$port" \
		    3>&- &
	done
	wait_until 20 sh -c '[ "$(wc -l <"$1")" -eq 40000 ]' sh "$T/all" ||
	    fail "$(wc -l <"$T/all") lines"
	for i in {1..8}; do
		grep "^$i\\." "$T/all" >"$T/one" || true
		seq -f "$i.%g.$i" 5000 | cmp - "$T/one"
	done
}

@test "half a line waits for its other half, and the others do not" {
	listen_session s tcp-listen://127.0.0.1:0 accept=merge
	background "$T/all" cat "$S/out"
	stays a
	stays b
	wait_status s peers 2
	printf 'half ' >&"$FD_a"
	printf 'whole\n' >&"$FD_b"
	wait_for_line "$T/all" '^whole$'
	printf 'line\n' >&"$FD_a"
	wait_for_line "$T/all" '^half line$'
	printf 'last' >&"$FD_a"
	exec {FD_a}>&-
	printf 'after\n' >&"$FD_b"
	wait_for_line "$T/all" '^last$'
	wait_for_line "$T/all" '^after$'
}

@test "what is written to 'in' goes to all, and to who comes later not" {
	listen_session s tcp-listen://127.0.0.1:0 accept=merge
	stays a
	stays b
	wait_status s peers 2
	echo all >"$S/in"
	wait_for_line "$T/a.heard" '^all$'
	wait_for_line "$T/b.heard" '^all$'
	stays c
	wait_status s peers 3
	echo now >"$S/in"
	wait_for_line "$T/c.heard" '^now$'
	[ "$(cat "$T/c.heard")" = now ]
}

# has_bytes FILE N: or more
has_bytes()
{
	[ "$(wc -c <"$1")" -ge "$2" ]
}

@test "a line that is too long is whole too, unless it stops in the middle" {
	listen_session s tcp-listen://127.0.0.1:0 accept=merge
	background "$T/all" cat "$S/out"
	stays a
	stays b
	wait_status s peers 2
	head -c 300000 /dev/zero | tr '\0' x >&"$FD_a"
	wait_until 10 has_bytes "$T/all" 1
	echo b >&"$FD_b"
	echo end >&"$FD_a"
	wait_for_line "$T/all" '^b$'
	run awk '{ print length }' "$T/all"
	assert_output $'300003\n1'
	head -c 100000 /dev/zero | tr '\0' y >&"$FD_a"
	wait_until 10 has_bytes "$T/all" 400006
	echo b >&"$FD_b"
	wait_until 10 sh -c '[ "$(wc -l <"$1")" -eq 4 ]' sh "$T/all"
	run awk '{ print length }' "$T/all"
	assert_output $'300003\n1\n100000\n1'
}

@test "a peer that does not read keeps the others no longer than timeout-read" {
	listen_session s tcp-listen://127.0.0.1:0 accept=merge timeout-read=2
	stays a
	within 20 sh -c 'exec nc 127.0.0.1 "$1" <"$2" | sleep 600' sh "$port" \
	    "$T/.never" >/dev/null 2>&1 3>&- &
	pid_add $! stuck
	wait_status s peers 2
	head -c 20000000 /dev/zero | tr '\0' 'z' >"$S/in" 3>&- &
	pid_add $! writer
	wait_logged s 'is let go'
	wait_until 10 sh -c '[ "$(wc -c <"$1")" -eq 20000000 ]' sh \
	    "$T/a.heard"
	[ "$(status_of s peers)" = 1 ]
}

@test "with slow=drop a peer that does not read misses bytes, and is told of" {
	listen_session s tcp-listen://127.0.0.1:0 accept=merge slow=drop
	stays a
	within 20 sh -c 'exec nc 127.0.0.1 "$1" <"$2" | sleep 600' sh "$port" \
	    "$T/.never" >/dev/null 2>&1 3>&- &
	pid_add $! stuck
	wait_status s peers 2
	head -c 20000000 /dev/zero | tr '\0' 'z' >"$S/in" 3>&- &
	pid_add $! writer
	wait_logged s 'misses bytes'
}

@test "a collector's reader goes on when all its peers have gone" {
	listen_session s tcp-listen://127.0.0.1:0 accept=merge
	background "$T/all" cat "$S/out"
	sends one
	wait_for_line "$T/all" '^one$'
	wait_status s state listening
	sends two
	wait_for_line "$T/all" '^two$'
	kill -0 "$BACKGROUND_PID"
}

@test "ncat and socat are heard as nc is" {
	listen_session s tcp-listen://127.0.0.1:0 accept=merge
	background "$T/all" cat "$S/out"
	echo by-nc | within 10 nc -N 127.0.0.1 "$port" 3>&-
	echo by-socat | within 10 socat -u - "TCP:127.0.0.1:$port" 3>&-
	wait_for_line "$T/all" '^by-nc$'
	wait_for_line "$T/all" '^by-socat$'
	command -v ncat >/dev/null || skip 'there is no ncat here'
	echo by-ncat | within 10 ncat --send-only 127.0.0.1 "$port" 3>&-
	wait_for_line "$T/all" '^by-ncat$'
}
