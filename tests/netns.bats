# Network namespaces, as ip-netns(8) makes them: netns=, bind= and device=.

# What `eval' and `sh -c' get is in '…'; output and status are set elsewhere.
# shellcheck disable=SC2016,SC2154

load helper/common
load helper/command
load helper/world

DATAGRAMS=${DATAGRAMS:-$(program_find datagrams)}

setup()
{
	common_setup
	NS=fifod-$$-$BATS_TEST_NUMBER
	NETS=()
	! is_portable || skip "this build has no network namespaces"
	require_root
	[ -x "$(command -v ip)" ] || skip "no ip(8)"
	net_add "$NS"
	start_broker
}

teardown()
{
	local ns

	common_teardown
	for ns in "${NETS[@]}"; do
		ip netns del "$ns" 2>/dev/null || true
		rm -rf "/etc/netns/$ns"
	done
	rmdir /etc/netns 2>/dev/null || true
}

# net_add NAME: a namespace, its loopback device up
net_add()
{
	run ip netns add "$1"
	[ "$status" -eq 0 ] || skip "no namespaces here: $output"
	NETS+=("$1")
	ip netns exec "$1" ip link set lo up
}

# inside COMMAND…: there
inside()
{
	ip netns exec "$NS" "$@" 3>&-
}

# echo_inside [ADDRESS]: an echo that exists in there only; sets port
echo_inside()
{
	printf '#!/bin/sh\nexec ip netns exec "%s" "%s" "$@"\n' "$NS" \
	    "$REAL_PEER" >"$T/inside-peer"
	chmod +x "$T/inside-peer"
	PEER=$T/inside-peer start_peer inside echo "$@"
}

REAL_PEER=${PEER:-$(program_find peer)}

@test "a server that exists only inside a namespace is reached with netns=" {
	# A port at which nobody listens outside.
	PEER=$REAL_PEER hold_port
	echo_inside -p "$port"
	open_session in "tcp://127.0.0.1:$port" "netns=$NS"
	echoes in hello
	refused 7 "connection refused" ctl open out "tcp://127.0.0.1:$port"
}

@test "a namespace is named by a path, too" {
	echo_inside
	open_session in "tcp://127.0.0.1:$port" "netns=/run/netns/$NS"
	echoes in hello
}

@test "the broker and its other sessions stay where they are" {
	echo_inside
	open_session in "tcp://127.0.0.1:$port" "netns=$NS"
	PEER=$REAL_PEER start_peer outside echo
	open_session out "tcp://127.0.0.1:$port"
	echoes in in
	echoes out out
	assert_equal "$(readlink "/proc/$BROKER_PID/ns/net")" \
	    "$(readlink /proc/self/ns/net)"
}

@test "datagrams are sent and received in a namespace" {
	background "$T/echo.log" ip netns exec "$NS" "$DATAGRAMS" echo \
	    udp:127.0.0.1:0
	wait_for_line "$T/echo.log" '^port '
	port=$(sed -n 's/^port //p' "$T/echo.log")
	open_session u "udp://127.0.0.1:$port" "netns=$NS"
	printf hello >"$S/in"
	run -0 within 10 cat <"$S/out"
	assert_output hello
}

@test "an abstract name of a unix socket belongs to its namespace" {
	background "$T/echo.log" ip netns exec "$NS" socat \
	    "ABSTRACT-LISTEN:$NS,fork" EXEC:cat
	wait_until 10 ip netns exec "$NS" \
	    grep -q " 00010000 .* @$NS\$" /proc/net/unix
	open_session in "unix:@$NS" "netns=$NS"
	echoes in there
	refused 7 "nobody listens there" ctl open out "unix:@$NS"
}

@test "a name is resolved as the namespace has it" {
	mkdir -p "/etc/netns/$NS"
	echo '127.0.0.77 only.inside.test' >"/etc/netns/$NS/hosts"
	echo_inside -l 127.0.0.77
	open_session in "tcp://only.inside.test:$port" "netns=$NS"
	echoes in resolved
	assert_equal "$(status_of in peer)" "127.0.0.77:$port"
	run ctl open out "tcp://only.inside.test:$port"
	assert_equal "$status" 6
}

@test "a name in a namespace that is not there is a reason" {
	refused 6 "localhost: netns=$NS-no: there is no such network namespace" \
	    ctl open s tcp://localhost:9 -o "netns=$NS-no"
}

@test "where a namespace's own files cannot be used no name is looked up" {
	mkdir -p "/etc/netns/$NS"
	# Nothing of the host's is hidden by this one, and nothing lost.
	ln -s "$T/nowhere" "/etc/netns/$NS/fifod-$$"
	echo_inside
	open_session a "tcp://localhost:$port" "netns=$NS"
	echoes a hello
	ln -s "$T/nowhere" "/etc/netns/$NS/hosts"
	refused 6 "localhost: netns=$NS: what is in /etc/netns/$NS cannot be \
seen in place of /etc: No such file or directory" \
	    ctl open b "tcp://localhost:$port" -o "netns=$NS"
	# Nor does a program run that would see those of the host.
	open_session c "exec:cat" "netns=$NS" --no-wait
	wait_for_line "$S/log" 'stderr: netns=.* cannot be seen in place of /etc'
}

@test "a filter that forbids mounts, as that of the unit, does not go unsaid" {
	command -v strace >/dev/null || skip "no strace"
	[ -z "${FIFOD_WRAPPER-}" ] || skip "fifod is wrapped already"
	mkdir -p "/etc/netns/$NS"
	stop_broker
	FIFOD_WRAPPER="strace -f -qq -o /dev/null -e signal=none \
-e trace=unshare -e inject=unshare:error=EPERM"
	start_broker
	echo_inside
	open_session a "tcp://localhost:$port" "netns=$NS"
	echo '127.0.0.1 localhost' >"/etc/netns/$NS/hosts"
	refused 6 "in place of /etc: Operation not permitted" \
	    ctl open b "tcp://localhost:$port" -o "netns=$NS"
}

@test "a namespace that is not there is a reason, and it is found when it is" {
	NS=$NS-later
	refused 7 "netns=$NS: there is no such network namespace" \
	    ctl open s tcp://127.0.0.1:9 -o "netns=$NS" -o backoff=0.05..0.2
	wait_status s state backoff
	ctl close s
	open_session s "tcp://127.0.0.1:9" "netns=$NS" backoff=0.05..0.2 \
	    --no-wait
	wait_status s error-status 7
	net_add "$NS"
	wait_for_line "$S/log" '127.0.0.1:9: connection refused'
}

@test "a namespace that is gone means no connection, and no other route" {
	# The same port outside is for nobody in there.
	PEER=$REAL_PEER start_peer outside script --record "$T/outside" \
	    -e wait-eof
	echo_inside -p "$port"
	inside_port=$port
	open_session s "tcp://127.0.0.1:$inside_port" "netns=$NS" \
	    backoff=0.05..0.2
	echoes s before
	ip netns del "$NS"
	stop_peer inside
	wait_until 10 log_says s "netns=$NS: there is no such network namespace"
	ctl reconnect s || true
	wait_status s error "127.0.0.1:$inside_port: netns=$NS: there is no \
such network namespace"
	# It comes back by itself when the namespace does.
	net_add "$NS"
	PEER=$T/inside-peer start_peer again echo -p "$inside_port"
	wait_status s state up
	echoes s after
	[ ! -e "$T/outside.1" ]
	! grep -q '^accept' "$T/peer.outside.log"
}

log_says()
{
	grep -qF -- "$2" "$FIFOD_DIR/$1/log"
}

@test "the FIFOs and sock are used from inside a namespace" {
	PEER=$REAL_PEER start_peer outside echo
	open_session s "tcp://127.0.0.1:$port"
	# It exists outside only, and is spoken to from in there.
	run -0 inside sh -c 'echo hello >"$1/in" && head -n 1 <"$1/out"' sh "$S"
	assert_output hello
	run -0 inside sh -c 'echo by-sock | socat -t 10 - "UNIX-CONNECT:$1"' \
	    sh "$S/sock"
	assert_output by-sock
	run -0 inside "$FIFOCTL" status s state
	assert_output up
}

@test "bind= and device= choose among the addresses of a namespace" {
	inside ip addr add 192.0.2.5/32 dev lo
	echo_inside -l 0.0.0.0
	open_session s "tcp://192.0.2.5:$port" "netns=$NS" bind=192.0.2.5
	echoes s bound
	run -0 status_of s local
	assert_output --regexp '^192\.0\.2\.5:'
	open_session d "tcp://127.0.0.1:$port" "netns=$NS" device=lo
	echoes d by-lo
	refused 7 "bind=192.0.2.6: " ctl open x "tcp://192.0.2.5:$port" \
	    -o "netns=$NS" -o bind=192.0.2.6
	refused 7 "device=dummy7: there is no such interface" \
	    ctl open y "tcp://192.0.2.5:$port" -o "netns=$NS" \
	    -o device=dummy7
	refused 7 "bind=192.0.2.5: " ctl open z "tcp://127.0.0.1:$port" \
	    -o bind=192.0.2.5
}

@test "a link that is cut in a namespace is a reason" {
	inside ip link add veth0 type veth peer name veth1 2>/dev/null ||
	    skip "no veth interfaces here"
	inside ip addr add 192.0.2.5/24 dev veth0
	refused 7 "192.0.2.9:7: Network is unreachable" \
	    ctl open s tcp://192.0.2.9:7 -o "netns=$NS"
}

@test "what is no name of a namespace is refused" {
	refused 2 "neither a name of ip-netns(8) nor an absolute path" \
	    ctl open s tcp://127.0.0.1:9 -o netns=a/b
	refused 2 "netns" ctl open s tcp://127.0.0.1:9 -o netns=
	: >"$T/file"
	refused 7 "not a network namespace" ctl open s tcp://127.0.0.1:9 \
	    -o "netns=$T/file"
}
