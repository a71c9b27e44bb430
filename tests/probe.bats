# fifoctl probe: what can be reached, by which addresses, and why not.

# Words of tests are expanded where they run; common.bash sets variables:
# shellcheck disable=SC2154
load helper/common
load helper/command
load helper/world

teardown()
{
	common_teardown
	[ -z "${NETNS-}" ] || ip netns del "$NETNS" 2>/dev/null || true
}

# probe STATUS ARGUMENTS…: it ends with that; no broker is started
probe()
{
	local want=$1

	shift
	run --separate-stderr within 20 "$FIFOCTL" -r "$FIFOD_DIR" probe "$@" \
	    3>&-
	[ "$status" -eq "$want" ] ||
	    fail "status $status, not $want: $output $stderr"
	[ ! -e "$FIFOD_DIR" ]
}

# has KEY VALUE: one of the lines about a certificate
has()
{
	grep -Eqx -- " +$1 +$2" <<<"$output" || fail "no $1 $2: $output"
}

# closed_port: sets closed to a port at which nobody listens
closed_port()
{
	start_peer none script --refuse
	closed=$port
}

@test "probe says that a port is open, sends nothing and does no harm to the listener" {
	start_peer a script -e wait-eof
	probe 0 "tcp://127.0.0.1:$port"
	[[ $output =~ ^127\.0\.0\.1:$port\ \ open\ \ [0-9.]+\ ms$ ]]
	wait_peer a '^eof 1'
	probe 0 "tcp://127.0.0.1:$port"
	wait_peer a '^eof 2'
	run ! grep -Eq '^(reset|read|data)' "$T/peer.a.log"
}

@test "probe tells refused, filtered and unreachable apart, in words" {
	closed_port
	probe 7 "tcp://127.0.0.1:$closed"
	[[ $output == "127.0.0.1:$closed  refused  "*"nothing listens there, its system says so: connection refused" ]]
	start_peer full script --no-accept --backlog 0
	# Until its queue is full, and the system drops what comes.
	full()
	{
		run "$FIFOCTL" probe -t 0.3 "tcp://127.0.0.1:$port"
		[ "$status" -eq 28 ]
	}
	for _ in 1 2 3; do
		hold_connection "$port"
	done
	wait_until 10 full
	[[ $output == "127.0.0.1:$port  filtered  "*'no answer within 0.3 s' ]]
	require_root
	! is_portable || skip "this build has no network namespaces"
	NETNS=fifod-probe-$$
	ip netns add "$NETNS" 2>/dev/null || skip "no network namespaces"
	probe 7 -o netns="$NETNS" tcp://192.0.2.1:9
	[[ $output == "192.0.2.1:9  unreachable  "* ]]
}

# hold_connection PORT: a client that connects and stays
hold_connection()
{
	background "$T/held" "$PEER" script --connect "127.0.0.1:$1" \
	    -e wait-eof
}

@test "probe tries a list of ports with ranges, and tells of them in their order" {
	closed_port
	start_peer a echo
	probe 0 "tcp://127.0.0.1:$closed,$port,1-3"
	assert_equal "$(sed 's/  [0-9].*//' <<<"$output")" \
	    "127.0.0.1:$closed  refused
127.0.0.1:$port  open
127.0.0.1:1  refused
127.0.0.1:2  refused
127.0.0.1:3  refused"
}

@test "probe of a thousand ports tells of each, and the one that listens lives" {
	# An address of our own: at 127.0.0.1 other tests listen, and some of
	# them count who calls.
	local host=127.7.$((BASHPID / 250 % 250)).$((BASHPID % 250 + 1)) first

	start_peer a echo -l "$host"
	first=$((port - port % 1000))
	probe 0 "tcp://$host:$first-$((first + 999))"
	assert_equal "${#lines[@]}" 1000
	assert_equal "$(cut -d ' ' -f 1 <<<"$output")" \
	    "$(seq -f "$host:%.0f" "$first" $((first + 999)))"
	grep -q "^$host:$port  open" <<<"$output"
	start_broker
	open_session a "tcp://$host:$port"
	echoes a 'still here'
}

@test "probe tries each address of a name" {
	world_start
	printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$T/world" "$FIFOCTL" \
	    >"$T/world-fifoctl"
	chmod +x "$T/world-fifoctl"
	FIFOCTL=$T/world-fifoctl
	start_peer a echo
	probe 0 "tcp://localhost:$port"
	grep -q "^127.0.0.1:$port  open" <<<"$output"
	grep -q "^\[::1\]:$port  refused" <<<"$output"
	probe 7 -o family=inet6 "tcp://localhost:$port"
	assert_equal "${#lines[@]}" 1
}

@test "probe shows TLS's version, the certificate and the days it has left" {
	# shellcheck disable=SC2046
	start_peer a http $(tls good)
	probe 0 "https://localhost:$port" -o ca="$CERTS/ca.pem"
	has tls 'TLSv1\.3 TLS_.*'
	has names '.*localhost.*'
	has issuer '.+'
	has valid-until '[0-9]{4}-[0-9]{2}-[0-9]{2}'
	has days-left '[0-9]+'
	has verified yes
	has handshake '[0-9.]+ ms'
	end=$(openssl x509 -noout -enddate -in "$CERTS/good.pem")
	days=$((($(date -d "${end#*=}" +%s) - $(date +%s)) / 86400))
	has days-left "$days"
	# Each address is expected to be the name that was given.
	probe 0 "tls://127.0.0.1:$port" -o ca="$CERTS/ca.pem" \
	    -o verify-name=localhost -o tls-max=1.2
	has tls 'TLSv1\.2 .*'
}

@test "probe shows a certificate that is not accepted, too, and why it is not" {
	# shellcheck disable=SC2046
	start_peer a http $(tls expired)
	probe 60 "tls://localhost:$port" -o ca="$CERTS/ca.pem"
	[[ ${lines[0]} == *:$port\ \ open\ * ]]
	has verified no
	has days-left '-[0-9]+'
	has error 'certificate expired on .*'
	probe 0 "tls://localhost:$port" -o verify=no
	has verified 'no \(verify=no\)'
	# shellcheck disable=SC2046
	start_peer b http $(tls good)
	probe 60 "tls://localhost:$port" -o ca="$CERTS/ca.pem" \
	    -o verify-name=elsewhere.example
	has error 'certificate is for .*, not elsewhere.example'
}

@test "probe of TLS where none is spoken, or nothing is said, is open and 35 or 28" {
	start_peer a script -e 'send hello, this is no TLS\r\n' -e wait-eof
	probe 35 "tls://127.0.0.1:$port"
	[[ ${lines[0]} == *:$port\ \ open\ * ]]
	start_peer b script -e wait-eof
	probe 28 -t 0.5 "tls://127.0.0.1:$port"
	[[ ${lines[0]} == *:$port\ \ open\ * ]]
	has error 'no answer within 0.5 s'
}

@test "probe --json prints an object a line" {
	# shellcheck disable=SC2046
	start_peer a http $(tls good)
	probe 0 --json "tls://127.0.0.1:$port,1" -o ca="$CERTS/ca.pem"
	assert_equal "${#lines[@]}" 2
	assert_equal "$(jq -r '.result + " " + .status + " " + (.verified // "-")' \
	    <<<"$output")" 'open 0 yes
refused 7 -'
}

@test "probe of a unix socket says open, refused or absent" {
	"$FIFOCTL" help endpoints | grep -q '^  unix:' || skip "no unix: yet"
	start_peer a script -l "$T/socket" -e wait-eof
	probe 0 "unix:$T/socket"
	[[ $output == "unix:$T/socket  open  "* ]]
	probe 7 "unix:$T/none"
	[[ $output == "unix:$T/none  absent  "* ]]
	kill -KILL "$PEER_PID"
	wait_until 5 pid_gone "$PEER_PID"
	probe 7 "unix:$T/socket"
	[[ $output == "unix:$T/socket  refused  "* ]]
}

@test "probe refuses what is no endpoint, and names what does not resolve" {
	refused 2 'tcp://127.0.0.1:9-5: "9-5" is no list of ports' \
	    ctl probe tcp://127.0.0.1:9-5
	refused 2 'no list of ports' ctl probe tcp://127.0.0.1:1-65536
	refused 2 'no list of ports' ctl probe tcp://127.0.0.1:1,,2
	refused 2 '"gopher" is not a kind of endpoint' ctl probe gopher://h:1
	refused 1 'ca: /nowhere: No such file' \
	    ctl probe tls://127.0.0.1:1 -o ca=/nowhere
	refused 6 'tcp://nowhere.invalid:1: nowhere.invalid: ' \
	    ctl probe tcp://nowhere.invalid:1
}
