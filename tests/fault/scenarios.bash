# The scenarios of tests/faults: one function each, small and whole.  They run
# in a shell of their own, by $D (the run directory), ctl, and these:
#
#   try COMMAND…     it may fail, but says so: then that is the end
#   give NAME        what is on standard input goes to NAME's `in'
#   is WHAT FOUND WANTED   the bytes are right, or the session says why not
#
# A scenario that ends with 0 has succeeded; with 1 it was told what is wrong;
# with 99 something went wrong in silence.

SCENARIOS="tcp http tls exec pty listen each door front mkdir channel sock \
request record cut reload set tap udp dgram via starttls greeting merge attach \
metrics kill hand_over start"

# After these another engine is there than before.
RENEWED="kill hand_over"

# The peers that all share, and what a scenario needs of each.
peers_start()
{
	local tls=(--cert "$CERTS/good.pem" --key "$CERTS/good.key")
	local echo=(-e 'exactly hello\n' -e 'send hello\n' -e stall)

	peer echo "$PEER" echo -T 0
	peer http "$PEER" http -T 0
	peer tls "$PEER" http --tls "${tls[@]}" -T 0
	peer udp "$DATAGRAMS" echo udp:127.0.0.1:0
	peer dgram "$DATAGRAMS" echo "dgram:$W/dgram"
	peer greeting "$PEER" script -T 0 -e 'send hi\n' "${echo[@]}"
	peer socks "$PEER" script -T 0 -e 'exactly \x05\x01\x00' \
	    -e 'send \x05\x00' \
	    -e 'exactly \x05\x01\x00\x03\x0cexample.test\x00\x19' \
	    -e 'send \x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00' "${echo[@]}"
	peer starttls "$PEER" script -T 0 "${tls[@]}" \
	    -e 'exactly \x00\x00\x00\x08\x04\xd2\x16\x2f' -e 'send S' \
	    -e starttls "${echo[@]}"
}

LIMITS="-o timeout=2 -o timeout-connect=2 -o timeout-request=2 \
-o timeout-read=2"

silent()
{
	echo "in silence: $*" >&2
	exit 99
}

try()
{
	local status=0

	"$@" 2>"$W/err" || status=$?
	[ "$status" -ne 0 ] || return 0
	[ -s "$W/err" ] || silent "$* ends with $status"
	cat "$W/err" >&2
	exit 1
}

opened()
{
	# shellcheck disable=SC2086
	try ctl open "$@" $LIMITS
}

# Does the session, its log or the channel's status speak of a trouble?
told()
{
	local name=$1

	[ -d "$D/$name" ] || return 0
	ctl status "$name" 2>/dev/null |
	    grep -E '^(error|last)=.' | grep -Evq '=(none|complete)$' ||
	    grep -Eqs '^error=.|^last=(error|truncated|uncertain)' \
	    "$D/$name"/ch/*/status "$D/$name"/peers/*/status ||
	    sed 's/^[^ ]* //' "$D/$name/log" | grep -Eq "$TROUBLE"
}

TROUBLE='[Tt]oo many|cannot|fail|error|not |lost|refused|closed the|timed|removed|denied|space|busy|memory|descriptor|permitted|reset|[Bb]roken'

# is SESSION FOUND WANTED
is()
{
	[ "$2" != "$3" ] || return 0
	told "$1" || silent "$1: '$2', not '$3'"
	echo "$1: told why it is not '$3'" >&2
	exit 1
}

give()
{
	local in=$1

	[ -p "$in" ] || { told "${NAME:-s}" && exit 1
	    silent "$in is no FIFO"; }
	timeout 5 dd of="$in" bs=64k conv=notrunc status=none 2>/dev/null ||
	    { told "${NAME:-s}" && exit 1; silent "$in takes nothing"; }
}

# line FILE: one, or nothing within three seconds; then that is told, or not
line()
{
	local text=

	[ ! -p "$1" ] || read -rt 3 text <"$1"
	printf %s "$text"
}

whole()
{
	[ ! -p "$1" ] || timeout 5 cat <"$1"
}

hello_http()
{
	printf 'GET /size/3 HTTP/1.1\r\nHost: x\r\n\r\n'
}

# The first line of a reply; a 502 of the broker's is not the peer's.
first()
{
	local line

	IFS= read -r line
	cat >/dev/null
	printf %s "${line%$'\r'}"
}

unix_get()
{
	curl -sS -i -m 5 --unix-socket "$1" http://host/size/3 2>/dev/null \
	    >"$W/got"
	[ $? -ne 28 ] || echo stuck
	first <"$W/got"
}

# served SESSION FOUND WANTED: `is', of a client of a socket, which also knows
# by the end of its connection
served()
{
	[ -n "$2" ] || { echo "$1: its connection ended" >&2; exit 1; }
	is "$@"
}

scenario_tcp()
{
	opened s "tcp://127.0.0.1:$PORT_echo"
	echo hello | give "$D/s/in"
	is s "$(line "$D/s/out")" hello
	head -c 200000 /dev/zero | tr '\0' a | give "$D/s/in" &
	is s "$(timeout 5 head -c 200000 <"$D/s/out" | wc -c)" 200000
	try ctl close s
}

scenario_http()
{
	opened s "http://127.0.0.1:$PORT_http"
	hello_http | give "$D/s/in"
	is s "$(whole "$D/s/out" | first)" "HTTP/1.1 200 OK"
	hello_http | give "$D/s/in"
	is s "$(whole "$D/s/out" | first)" "HTTP/1.1 200 OK"
	try ctl close s
}

scenario_tls()
{
	opened s "https://localhost:$PORT_tls" -o "ca=$CERTS/ca.pem"
	hello_http | give "$D/s/in"
	is s "$(whole "$D/s/out" | first)" "HTTP/1.1 200 OK"
	try ctl close s
}

scenario_exec()
{
	opened s "exec:echo ready; cat"
	is s "$(line "$D/s/out")" ready
	echo hello | give "$D/s/in"
	is s "$(line "$D/s/out")" hello
	try ctl close s
}

scenario_pty()
{
	opened s "pty:stty -echo; echo ready; cat"
	is s "$(line "$D/s/out" | tr -d '\r')" ready
	try ctl close s --now
}

# listens SESSION: its address, asked for twice at most
listens()
{
	local at i

	for i in 1 2; do
		at=$(ctl status "$1" listening)
		[ -z "$at" ] || break
	done
	[ -n "$at" ] || { told "$1" && exit 1; silent "listens nowhere"; }
	printf %s "$at"
}

# calls ADDRESS WORD: says it, and prints a line of what comes back, nothing
# where the connection ended before, `stuck' where neither comes
calls()
{
	# shellcheck disable=SC2016
	timeout 5 bash -c 'exec 8<>"/dev/tcp/${1%:*}/${1##*:}" &&
	    echo "$2" >&8 && { read -rt 3 line <&8; status=$?; }
	    [ "${status:-1}" -le 128 ] || line=stuck; echo "$line"' \
	    - "$1" "$2" 2>/dev/null
}

scenario_listen()
{
	local at

	opened s tcp-listen://127.0.0.1:0 -o on-close=hold
	at=$(listens s) || exit
	echo answer | give "$D/s/in"
	is s "$(calls "$at" question)" answer
	is s "$(line "$D/s/out")" question
	try ctl close s --now
}

scenario_each()
{
	local at pid

	opened s tcp-listen://127.0.0.1:0 -o accept=each
	at=$(listens s) || exit
	calls "$at" question >"$W/answer" &
	pid=$!
	wait_for -e "$D/s/peers/1/out"
	is s "$(line "$D/s/peers/1/out")" question
	echo answer | give "$D/s/peers/1/in"
	wait "$pid"
	is s "$(cat "$W/answer")" answer
	try ctl close s --now
}

# wait_for TEST…: for two seconds at most
wait_for()
{
	local i

	for ((i = 0; i < 100; i++)); do
		test "$@" && return
		read -rt 0.02 <>"$W/never" || true
	done
	told s && exit 1
	silent "never: test $*"
}

# A relay: each client of the door has a connection of its own.
scenario_door()
{
	local at

	opened s "tcp://127.0.0.1:$PORT_echo" -o connections=each \
	    -o listen=tcp-listen://127.0.0.1:0
	at=$(listens s) || exit
	served s "$(calls "$at" hello)" hello
	served s "$(calls "$at" again)" again
	try ctl close s
}

# A door whose clients share a connection, by exchanges.
scenario_front()
{
	opened s "http://127.0.0.1:$PORT_http" -o "listen=unix-listen:$W/door"
	served s "$(unix_get "$W/door")" "HTTP/1.1 200 OK"
	try ctl close s
}

scenario_mkdir()
{
	opened s "http://127.0.0.1:$PORT_http"
	mkdir "$D/s/ch/a"
	wait_for -p "$D/s/ch/a/in"
	hello_http | give "$D/s/ch/a/in"
	is s "$(whole "$D/s/ch/a/out" | first)" "HTTP/1.1 200 OK"
	rm -rf "$D/s/ch/a"
	try ctl close s
}

scenario_channel()
{
	local d

	opened s "tcp://127.0.0.1:$PORT_echo"
	try ctl channel -p $$ s >"$W/dir"
	read -r d <"$W/dir" || silent "no directory is printed"
	echo hello | give "$d/in"
	is s "$(line "$d/out")" hello
	try ctl channel "--close=$d"
	try ctl close s
}

scenario_sock()
{
	opened s "http://127.0.0.1:$PORT_http"
	served s "$(unix_get "$D/s/sock")" "HTTP/1.1 200 OK"
	try ctl close s
}

scenario_request()
{
	opened s "http://127.0.0.1:$PORT_http"
	hello_http >"$W/request"
	try ctl request s <"$W/request" >"$W/reply"
	[ "$(first <"$W/reply")" = "HTTP/1.1 200 OK" ] ||
	    silent "not the reply: $(first <"$W/reply")"
	try ctl close s
}

scenario_record()
{
	rm -f "$W/record"
	opened s "tcp://127.0.0.1:$PORT_echo" -o "record=$W/record" \
	    -o record-sync=yes
	echo hello | give "$D/s/in"
	is s "$(line "$D/s/out")" hello
	try ctl close s
	[ "$(grep -c hello "$W/record")" -eq 2 ] || {
		grep -Eq "record" "$W/log" && exit 1
		silent "it is not recorded"
	}
}

# The log is cut over, and its two files have the newest lines with no gap.
scenario_cut()
{
	local i kept wanted

	opened s "tcp://127.0.0.1:$PORT_echo" -o log=4096
	for ((i = 10; i < 50; i++)); do
		echo "line-$i"
	done | NAME=s give "$D/s/ctl"
	# Two files are not looked at while one becomes the other.
	for ((i = 0; i < 100; i++)); do
		! grep -qs '"line-49"' "$D/s/log" || break
		read -rt 0.02 <>"$W/never" || true
	done
	kept=$(cat "$D/s/log.0" "$D/s/log" 2>/dev/null |
	    sed -n 's/.*"line-\([0-9]*\)".*/\1/p')
	wanted=$(seq "${kept%%$'\n'*}" 49)
	try ctl close s
	if grep -q 's: log cannot be written' "$W/log"; then
		# It is said once a second, and is to be said the next time.
		read -rt 1.1 <>"$W/never"
		exit 1
	fi
	if [ "$kept" != "$wanted" ] || [ "${kept%%$'\n'*}" -ge 20 ]; then
		silent "of lines 10 to 49 the log has ${kept//$'\n'/ }"
	fi
}

scenario_reload()
{
	echo "open f tcp://127.0.0.1:$PORT_echo" >"$W/conf"
	try ctl reload
	[ -p "$D/f/in" ] || silent "nothing was loaded"
	: >"$W/conf"
	try ctl reload
}

scenario_set()
{
	opened s "tcp://127.0.0.1:$PORT_echo" -d "$W/link"
	try ctl set s timeout=3
	[ "$(ctl status s option.timeout)" = 3 ] || silent "it is not set"
	echo 'set timeout=4' | give "$D/s/ctl"
	try ctl list >/dev/null
	try ctl reconnect s
	try ctl sync s -t 3
	try ctl log s >/dev/null
	try ctl close s
	[ ! -L "$W/link" ] || grep -q "link .* cannot be removed" "$W/log" ||
	    silent "the link stays"
}

scenario_tap()
{
	opened s "tcp://127.0.0.1:$PORT_echo"
	timeout 4 "$CTL" -r "$D" tap s >"$W/tapped" 2>"$W/tap.err" &
	echo hello | give "$D/s/in"
	is s "$(line "$D/s/out")" hello
	try ctl close s
	wait $!
	return 0
}

# echoes ENDPOINT OPTION…: a line goes there and comes back
echoes()
{
	opened s "$@"
	echo hello | give "$D/s/in"
	is s "$(line "$D/s/out" | tr -d '\r')" hello
	try ctl close s --now
}

scenario_udp() { echoes "udp://127.0.0.1:$PORT_udp" -o framing=datagram; }

scenario_dgram() { echoes "unix-dgram:$W/dgram" -o framing=datagram; }

scenario_via()
{
	echoes tcp://example.test:25 -o "via=socks5://127.0.0.1:$PORT_socks"
}

scenario_starttls()
{
	echoes "tls://localhost:$PORT_starttls" -o "ca=$CERTS/ca.pem" \
	    -o starttls=postgres
}

scenario_greeting()
{
	echoes "tcp://127.0.0.1:$PORT_greeting" \
	    -o 'on-connect=read -r word && [ "$word" = hi ]'
}

scenario_merge()
{
	local at

	opened s tcp-listen://127.0.0.1:0 -o accept=merge
	at=$(listens s) || exit
	calls "$at" question >"$W/answer" &
	is s "$(line "$D/s/out")" question
	echo answer | give "$D/s/in"
	wait $!
	is s "$(cat "$W/answer")" answer
	try ctl close s --now
}

scenario_attach()
{
	opened s "tcp://127.0.0.1:$PORT_echo" -o framing=line
	echo hello |
	    timeout 5 "$CTL" -r "$D" attach s >"$W/said.s" 2>/dev/null
	served s "$(head -n 1 "$W/said.s")" hello
	try ctl close s
}

scenario_metrics()
{
	opened s "tcp://127.0.0.1:$PORT_echo"
	try ctl metrics >"$W/metrics"
	grep -q '^fifod_' "$W/metrics" || silent "there are no metrics"
	timeout 4 "$CTL" -r "$D" watch s >"$W/watched" 2>&1 &
	try ctl close s
	wait $!
	return 0
}

# The session goes on in the next engine, which is known by its number.
goes_on()
{
	local former=$1 i

	for ((i = 0; i < 200; i++)); do
		now=$(ctl status s engine 2>/dev/null)
		[ -z "$now" ] || [ "$now" = "$former" ] || break
		read -rt 0.02 <>"$W/never" || true
	done
	echo again | give "$D/s/in"
	is s "$(line "$D/s/out")" again
	try ctl close s
}

scenario_kill()
{
	local engine

	opened s "tcp://127.0.0.1:$PORT_echo"
	engine=$(ctl status s engine)
	[ -n "$engine" ] || exit 1
	kill -KILL "$engine"
	goes_on "$engine"
}

scenario_hand_over()
{
	local engine

	opened s "tcp://127.0.0.1:$PORT_echo"
	engine=$(ctl status s engine)
	try ctl reload --exec
	goes_on "$engine"
}

starts() { "$CTL" -r "$W/start" "$@" 2>/dev/null; }

# A broker of its own, from its first call to its last.
scenario_start()
{
	local pid status=0 i

	rm -rf "$W/start"
	echo "open c tcp://127.0.0.1:$PORT_echo" >"$W/start.conf"
	FAULT_FILE=$W/fault LD_PRELOAD=$SHIM timeout -k 1 15 "$FIFOD" -F \
	    -f "$W/start.conf" -r "$W/start" >"$W/started" 2>&1 </dev/null &
	pid=$!
	for ((i = 0; i < 300; i++)); do
		kill -0 "$pid" 2>/dev/null || break
		starts list >"$W/list" && break
		read -rt 0.02 <>"$W/never" || true
	done
	starts stop
	wait "$pid" || status=$?
	grep -E "$REPORT|killed by" "$W/started" >&2 && exit 99
	[ "$status" -ne 124 ] || silent "it does not end"
	[ "$status" -ne 0 ] || return 0
	[ -s "$W/started" ] || silent "fifod ends without a word"
	return 1
}
