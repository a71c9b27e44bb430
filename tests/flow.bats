# The bytes of a session: exact both ways, in as few segments as they can be,
# waiting where nobody takes them, and never dropped in silence.
#
# FLOW_MIB (256) is how many MiB each connection carries each way in the
# first test.

# Scripts that are handed on, variables that common.bash sets, tests that are
# subshells:
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load helper/common

setup()
{
	common_setup
	EXACT=$(program_find exact)
	PIPE=$(program_find pipe)
	MIB=${FLOW_MIB:-256}
}

size_is()
{
	[ "$(stat -c %s "$1" 2>/dev/null)" = "$2" ]
}

waiting()
{
	"$PIPE" waiting "$S/$1"
}

waiting_is()
{
	[ "$(waiting "$1")" -eq "$2" ]
}

waiting_is_over()
{
	[ "$(waiting "$1")" -gt "$2" ]
}

# steady SESSION KEY: it has been the same ten times in a row; STEADY
steady()
{
	STEADY='' STEADY_TIMES=0
	wait_until 20 steady_look "$1" "$2" || fail "$1: $2 never rests"
}

steady_look()
{
	local now

	now=$(status_of "$1" "$2")
	[ "$now" = "$STEADY" ] || STEADY_TIMES=0
	STEADY=$now
	[ $((STEADY_TIMES += 1)) -gt 10 ]
}

# exact_write DIR BYTES SEED, exact_read: in the background; EXACT_PID
exact_write()
{
	background "$T/write.${1##*/}" sh -c 'exec "$1" write "$2" "$3" >"$4"' \
	    sh "$EXACT" "$2" "$3" "$1/in"
	EXACT_PID=$BACKGROUND_PID
}

exact_read()
{
	background "$T/read.${1##*/}" sh -c 'exec "$1" read "$2" "$3" <"$4"' \
	    sh "$EXACT" "$2" "$3" "$1/out"
	EXACT_PID=$BACKGROUND_PID
}

# Memory of the broker that is its own, in KiB; of one that is wrapped none.
memory()
{
	[ -z "${FIFOD_WRAPPER-}" ] || { echo 0; return; }
	awk '/^RssAnon/ { print $2 }' "/proc/$(status_of "$1" engine)/status"
}

# ---- exactness

# exactly BYTES SESSION…: each carries the peer's bytes (seed 1) and ours (2),
# at once; the peer of session x is named x
exactly()
{
	local bytes=$1 s pids=()

	shift
	for s; do
		exact_read "$FIFOD_DIR/$s" "$bytes" 1
		pids+=("$EXACT_PID")
		exact_write "$FIFOD_DIR/$s" "$bytes" 2
		pids+=("$EXACT_PID")
	done
	for s in "${pids[@]}"; do
		wait_pid "$s" 100 || fail "stuck: $(cat "$T"/read.* "$T"/write.*)"
		[ "$EXIT_STATUS" -eq 0 ] || fail "$(cat "$T"/read.* "$T"/write.*)"
	done
	for s; do
		read -r _ bytes sum <"$T/write.$s"
		wait_peer "$s" "^sum 1 $bytes $sum\$"
		wait_peer "$s" "^sent 1 $bytes "
		status_is "$s" bytes-in "$bytes"
		status_is "$s" bytes-out "$bytes"
		status_is "$s" queued 0
		status_is "$s" links 1
	done
}

@test "every byte arrives once and in its place, both ways, on tcp and tls" {
	start_broker
	start_peer plain duplex "${MIB}M" 1
	open_session plain "tcp://127.0.0.1:$port" reconnect=never
	# shellcheck disable=SC2046
	start_peer secret duplex "${MIB}M" 1 $(tls good)
	open_session secret "tls://127.0.0.1:$port" reconnect=never \
	    ca="$CERTS/ca.pem"
	exactly "${MIB}M" plain secret
}

@test "a peer that sends and takes three bytes at a time is served as well" {
	start_broker
	start_peer plain duplex 99991 1 --chunk 3
	open_session plain "tcp://127.0.0.1:$port" reconnect=never
	# shellcheck disable=SC2046
	start_peer secret duplex 99991 1 --chunk 3 $(tls good)
	open_session secret "tls://127.0.0.1:$port" reconnect=never \
	    ca="$CERTS/ca.pem"
	exactly 99991 plain secret
}

@test "all 256 bytes pass as they are, and none of them is a command" {
	local i
	for ((i = 0; i < 256; i++)); do
		printf '%b' "\\x$(printf %02x "$i")"
	done >"$T/bytes"
	printf 'close\neof\ndiscard\nset crlf=yes\n\0\377' >>"$T/bytes"
	start_broker
	start_peer plain echo --record "$T/plain"
	open_session plain "tcp://127.0.0.1:$port"
	# shellcheck disable=SC2046
	start_peer secret echo --record "$T/secret" $(tls good)
	open_session secret "tls://127.0.0.1:$port" ca="$CERTS/ca.pem"
	local s
	for s in plain secret; do
		background "$T/out.$s" sh -c 'exec cat <"$1"' sh \
		    "$FIFOD_DIR/$s/out"
		cat "$T/bytes" >"$FIFOD_DIR/$s/in"
		wait_until 10 cmp "$T/bytes" "$T/out.$s"
		cmp "$T/bytes" "$T/$s.1"
	done
}

# ---- crlf

@test "crlf=yes makes LF CRLF, leaves CRLF alone, and changes nothing else" {
	# Everything that can stand before, behind and between, at any place
	# of any buffer: words of a, CR and LF.
	"$PEER" random 399993 7 | tr '\000-\377' \
	    "$(printf 'aaa\r\n%.0s' $(seq 51))a" >"$T/sent"
	printf '\r\r\n\n\r\n\na' >>"$T/sent"
	# Here a CR is the last of everything that is cut at an even place.
	yes $'\r' | head -n 200000 >>"$T/sent"
	sed -e 's/\r$//' -e 's/$/\r/' "$T/sent" >"$T/right"
	start_broker
	start_peer plain sink --record "$T/plain"
	open_session plain "tcp://127.0.0.1:$port" crlf=yes
	# shellcheck disable=SC2046
	start_peer secret sink --record "$T/secret" $(tls good)
	open_session secret "tls://127.0.0.1:$port" crlf=yes \
	    ca="$CERTS/ca.pem"
	local s
	for s in plain secret; do
		cat "$T/sent" >"$FIFOD_DIR/$s/in"
		wait_until 10 cmp "$T/right" "$T/$s.1" ||
		    cmp "$T/right" "$T/$s.1"
		status_is $s bytes-in "$(stat -c %s "$T/right")"
	done
}

@test "crlf=yes knows a CR that was written alone, long before its LF" {
	start_broker
	start_peer server sink --record "$T/got"
	open_session a "tcp://127.0.0.1:$port" crlf=yes
	printf 'a\r' >"$S/in"
	wait_until 10 size_is "$T/got.1" 2
	printf '\nb\n\n' >"$S/in"
	wait_until 10 size_is "$T/got.1" 8
	printf 'c' >"$S/in"
	wait_until 10 size_is "$T/got.1" 9
	printf '\n' >"$S/in"
	wait_until 10 size_is "$T/got.1" 11
	printf 'a\r\nb\r\n\r\nc\r\n' | cmp - "$T/got.1"
	ctl set a crlf=no
	printf 'd\n' >"$S/in"
	wait_until 10 size_is "$T/got.1" 13
	printf 'a\r\nb\r\n\r\nc\r\nd\n' | cmp - "$T/got.1"
}

# ---- pieces

# frozen COMMAND…: the broker sees only what has come of it
frozen()
{
	kill -STOP "$ENGINE"
	wait_until 10 grep -q '^State:.T' "/proc/$ENGINE/status"
	"$@"
	kill -CONT "$ENGINE"
}

# The lines as bash writes them, one write(2) each.
request()
{
	printf '%s\r\n' 'GET / HTTP/1.1' 'Host: localhost' '' >"$S/in"
}

@test "what was written in pieces and is in the pipe leaves as one segment" {
	start_broker
	start_peer plain script -e 'expect x' -e segments -e 'send "y\n"' \
	    -e 'expect \r\n\r\n' -e segments -e 'send "z\n"' -e wait-eof
	open_session plain "tcp://127.0.0.1:$port"
	# shellcheck disable=SC2046
	start_peer secret script $(tls good) -e 'expect x' -e segments \
	    -e 'send "y\n"' -e 'expect \r\n\r\n' -e segments -e 'send "z\n"' \
	    -e wait-eof
	open_session secret "tls://127.0.0.1:$port" ca="$CERTS/ca.pem"
	local before after
	ENGINE=$(status_of plain engine)
	for session in plain secret; do
		S=$FIFOD_DIR/$session
		echo x >"$S/in"
		read -rt 10 <"$S/out"
		frozen request
		read -rt 10 <"$S/out"
		read -r before after < <(sed -n 's/^segments 1 //p' \
		    "$T/peer.$session.log" | xargs)
		[ -n "$after" ] || skip "segments cannot be counted here"
		[ "$after" -eq $((before + 1)) ]
	done
}

@test "pieces that were written before the connection was leave as one, too" {
	start_broker
	start_peer server script -e 'expect \r\n\r\n' -e segments \
	    -e 'send "z\n"' -e wait-eof
	open_session a "tcp://127.0.0.1:$port" connect=on-demand
	ENGINE=$(status_of a engine)
	frozen request
	read -rt 10 <"$S/out"
	grep -q ^segments "$T/peer.server.log" ||
	    skip "segments cannot be counted here"
	wait_peer server '^segments 1 1$'
}

# exchange N PAUSE: a request of three writes, so many seconds apart, on
# descriptors 5 and 6
exchange()
{
	local line

	for line in "GET /$1 HTTP/1.1" 'Host: localhost' ''; do
		printf '%s\r\n' "$line" >&5
		[ -z "$2" ] || read -rt "$2" <>"$T/.never" || true
	done
	while read -rt 10 -u 6 line; do
		[ "$line" != "connection 1 request $1 path /$1" ] || return 0
	done
	fail "no answer to request $1"
}

@test "a request of three writes does not wait for delayed acknowledgements" {
	local began i n=0 round slow
	start_broker
	start_peer server http
	# Who may goes before the others of a busy machine.
	renice -n -19 -p "$BASHPID" "$(engine_pid)" "$PEER_PID" \
	    >"$T/renice" 2>&1 || true
	open_session a "tcp://127.0.0.1:$port"
	exec 5>"$S/in" 6<"$S/out"
	# A busy machine makes many of them slow, but in its calm moments not.
	for ((round = 1; round <= 40; round++)); do
		slow=0
		# At once, and so that each of them is sent alone.
		for ((i = 1; i <= 20; i++)); do
			began=${EPOCHREALTIME/./}
			exchange $((n += 1)) "$( ((i % 2)) || echo 0.001)"
			# With Nagle's algorithm it is 40 ms and more (tcp(7)).
			: $((slow += ${EPOCHREALTIME/./} - began > 38000 *
			    TIMEOUT_SCALE))
		done
		[ "$slow" -ge 5 ] || break
	done
	exec 5>&- 6<&-
	[ "$slow" -lt 5 ] ||
	    fail "$slow of 20 took more than 38 ms, in each of the rounds"
	wait_peer server "^request 1 $n GET /$n\$"
}

# ---- without a connection

@test "what is written while there is no connection waits, and goes first" {
	local i
	start_broker
	start_peer nobody script --refuse
	run open_session a "tcp://127.0.0.1:$port" backoff=0.02..0.05
	S=$FIFOD_DIR/a
	for i in 1 2 3 4 5; do
		echo "line $i" >"$S/in"
	done
	waiting_is in 35
	# Attempts come and go, the bytes stay.
	i=$(grep -c 'connecting -> backoff' "$S/log")
	wait_until 10 failed_over $((i + 3))
	waiting_is in 35
	status_is a queued 35
	# The first one holds the port until the second one has it.
	start_peer server sink -p "$port" --record "$T/got"
	echo "line 6" >"$S/in"
	wait_until 20 size_is "$T/got.1" 42
	printf 'line %d\n' 1 2 3 4 5 6 | cmp - "$T/got.1"
	status_is a discarded 0
	status_is a uncertain 0
}

failed_over()
{
	[ "$(grep -c 'connecting -> backoff' "$S/log")" -ge "$1" ]
}

@test "nothing is taken from in before the peer is known to be the right one" {
	start_broker
	start_peer mute script -e stall
	open_session a "tls://127.0.0.1:$port" ca="$CERTS/ca.pem" --no-wait
	exact_write "$S" 1M 1
	wait_status a state handshake
	wait_until 10 waiting_is_over in 4096
	# Whatever else is asked of it meanwhile.
	ctl set a timeout-connect=20
	steady a queued
	status_is a queued "$(waiting in)"
	status_is a bytes-in 0
	# shellcheck disable=SC2046
	start_peer wrong sink $(tls wrongname) --record "$T/got"
	run open_session b "tls://127.0.0.1:$port" ca="$CERTS/ca.pem" \
	    connect=on-demand
	S=$FIFOD_DIR/b
	echo secret >"$S/in"
	wait_status b state failed
	waiting_is in 7
	[ ! -s "$T/got.1" ]
}

@test "a byte in in makes the connection, with connect=on-demand" {
	local line
	start_broker
	start_peer server script -e 'expect \n' -e 'send "answer\n"' -e close
	open_session a "tcp://127.0.0.1:$port" connect=on-demand \
	    reconnect=on-demand
	for i in 1 2 3; do
		status_is a state idle
		status_is a links $((i - 1))
		echo question >"$S/in"
		read -rt 10 line <"$S/out"
		[ "$line" = answer ]
		wait_status a state idle
	done
	[ "$(grep -c ^accept "$T/peer.server.log")" -eq 3 ]
}

@test "after a break the next connection goes on with the byte that waited" {
	local way scheme arguments first lost read taken
	start_broker
	"$PEER" random 8M 5 | tr '\n' x >"$T/all"
	# Without a LF crlf=yes changes nothing, but the way the bytes take.
	for way in tcp:no tcp:yes tls:no; do
		scheme=${way%:*}
		arguments=
		[ "$scheme" = tcp ] || arguments=$(tls good)
		rm -f "$T/go" "$T/got".*
		# The first takes 100 000 bytes and resets; what was on its
		# way to it is counted, what still waits is not touched.
		# shellcheck disable=SC2086
		start_peer server script $arguments -e 'connection 1' \
		    -e 'expect-bytes 100000' -e "wait-file $T/go" -e reset \
		    -e 'connection 2' -e 'log second' -e wait-eof \
		    --record "$T/got" --rcvbuf 8K
		open_session a "$scheme://127.0.0.1:$port" crlf=${way#*:} \
		    backoff=0.01..0.05 ca="$CERTS/ca.pem"
		background "$T/write" sh -c 'exec cat <"$1" >"$2"' sh \
		    "$T/all" "$S/in"
		wait_peer server '^recv 1 100000$'
		wait_until 10 waiting_is_over in 32768
		# No more fits: neither into the connection, nor the FIFO.
		steady a bytes-in
		: >"$T/go"
		wait_peer server '^log 2 second$'
		wait_pid "$BACKGROUND_PID" 60
		[ "$EXIT_STATUS" -eq 0 ]
		lost=$(status_of a discarded)
		[ $way = tcp:no ] || [ "$lost" -gt 0 ]
		lost=$((lost + $(status_of a uncertain)))
		ctl close a
		wait_peer server '^eof 2$' 30
		first=$((8388608 - $(stat -c %s "$T/got.2")))
		[ "$first" -gt 100000 ]
		tail -c +$((first + 1)) "$T/all" | cmp - "$T/got.2"
		read=$(stat -c %s "$T/got.1")
		cmp -n "$read" "$T/all" "$T/got.1"
		# Those between are counted, and no others: what is neither
		# is what the peer read, and a buffer of its system.  TLS
		# makes bytes a few more.
		taken=$((first - lost))
		[ $taken -ge $((read - lost / 100)) ] && [ $taken -le 200000 ] ||
		    fail "$way: $read read, $lost counted, $first is next"
		[ "$scheme" = tls ] || [ $taken -ge "$read" ]
	done
}

# ---- the ends of a connection

@test "eof in ctl half-closes behind what was written, and replies still come" {
	local session
	start_broker
	start_peer plain script -e 'expect last\n' -e wait-eof \
	    -e 'send "answer\n"' -e "wait-file $T/go" -e 'send "more\n"'
	open_session plain "tcp://127.0.0.1:$port" on-close=eof \
	    reconnect=never
	# shellcheck disable=SC2046
	start_peer secret script $(tls good) -e 'expect last\n' -e wait-eof \
	    -e 'send "answer\n"' -e "wait-file $T/go" -e 'send "more\n"'
	open_session secret "tls://127.0.0.1:$port" on-close=eof \
	    reconnect=never ca="$CERTS/ca.pem"
	ENGINE=$(status_of plain engine)
	for session in plain secret; do
		S=$FIFOD_DIR/$session
		rm -f "$T/go"
		background "$T/out" sh -c 'exec cat <"$1"' sh "$S/out"
		# Both wait when it looks: the bytes go first.
		frozen last_words
		wait_peer $session '^recv 1 8005$'
		wait_peer $session '^eof 1$'
		wait_for_line "$T/out" answer
		# Not the peer's end: what is written now is not for it.
		echo late >"$S/in"
		: >"$T/go"
		wait_pid "$BACKGROUND_PID"
		printf 'answer\nmore\n' | cmp - "$T/out"
		waiting_is in 5
		run ! grep -E '^(reset|truncated) 1' "$T/peer.$session.log"
	done
}

last_words()
{
	echo eof >"$S/ctl"
	{ head -c 8000 /dev/zero; echo last; } >"$S/in"
}

@test "eof behind more than the connection can take loses nothing of it" {
	local got
	start_broker
	start_peer server script --rcvbuf 8K --record "$T/got" \
	    -e "wait-file $T/go" -e wait-eof -e 'send "answer\n"'
	open_session a "tcp://127.0.0.1:$port"
	exact_write "$S" 64M 3
	wait_until 10 waiting_is_over in 32768
	steady a bytes-in
	kill -KILL "$EXACT_PID"
	wait_until 10 pid_gone "$EXACT_PID"
	echo eof >"$S/ctl"
	steady a bytes-in
	: >"$T/go"
	read -rt 20 <"$S/out"
	waiting_is in 0
	got=$(stat -c %s "$T/got.1")
	status_is a bytes-in "$got"
	"$EXACT" read "$got" 3 <"$T/got.1"
}

@test "without a connection eof is refused, and the log says so" {
	start_broker
	start_peer server echo
	open_session a "tcp://127.0.0.1:$port" connect=on-demand
	echo eof >"$S/ctl"
	wait_for_line "$S/log" 'no connection'
	echo x >"$S/in"
	read -rt 10 <"$S/out"
	status_is a links 1
}

@test "what a peer said before it closed is delivered to the last byte" {
	local i
	# Nobody reads yet: some of it waits in out, the rest in our end of
	# the connection.  Then a write meets the closed end.
	start_broker
	start_peer server script -e 'expect x' -e 'connection 1' \
	    -e 'send-random 60000 4' -e 'connection 2' -e 'log late' -e wait-eof
	open_session a "tcp://127.0.0.1:$port" pipe-size=8K \
	    reconnect=on-demand
	echo x >"$S/in"
	wait_peer server '^close 1$'
	steady a bytes-out
	for i in 1 2 3; do
		echo "to a peer that is gone" >"$S/in"
		steady a bytes-in
	done
	exact_read "$S" 60000 4
	wait_pid "$EXACT_PID" || fail "only $(status_of a bytes-out) bytes"
	[ "$EXIT_STATUS" -eq 0 ] || fail "$(cat "$T/read.a")"
}

@test "urgent bytes come in their place, in the midst of many" {
	start_broker
	start_peer a script -e "wait-file $T/go" -e 'send-random 300000 1' \
	    -e 'send-urgent !' -e 'send-random 300000 1' -e 'send-urgent ?' \
	    -e 'send-random 100 1' -e half-close -e wait-eof
	open_session a "tcp://127.0.0.1:$port" reconnect=never on-close=eof
	background "$T/got" cat "$S/out"
	touch "$T/go"
	wait_pid "$BACKGROUND_PID" 20
	{
		"$PEER" random 300000 1
		printf '!'
		"$PEER" random 300000 1
		printf '?'
		"$PEER" random 100 1
	} >"$T/want"
	cmp "$T/want" "$T/got"
}

@test "a session whose peer is gone closes at once, though nobody reads" {
	local began
	start_broker
	start_peer flood source 64M
	open_session a "tcp://127.0.0.1:$port"
	exact_write "$S" 64M 1
	wait_until 10 waiting_is_over in 4096
	wait_until 10 waiting_is_over out 4096
	steady a bytes-out
	kill -KILL "$PEER_PID"
	wait_until 5 pid_gone "$PEER_PID"
	began=${EPOCHREALTIME/./}
	within 20 "$FIFOCTL" -r "$FIFOD_DIR" close a
	wait_until 20 test ! -e "$S"
	# The 10 s are for peers that may still take something.
	[ $((${EPOCHREALTIME/./} - began)) -lt $((6000000 * TIMEOUT_SCALE)) ]
}

@test "a proper end of a TLS connection is answered by one" {
	start_broker
	# shellcheck disable=SC2046
	start_peer server script $(tls good) -e 'connection 1' -e 'expect x' \
	    -e half-close -e wait-eof -e 'connection 2' -e 'log again'
	open_session a "tls://127.0.0.1:$port" ca="$CERTS/ca.pem" \
	    backoff=0.01..0.05
	echo x >"$S/in"
	wait_peer server '^log 2 again$'
	# Of two connections that two threads tell of.
	wait_peer server '^(eof|truncated|reset) 1$'
	grep -qx 'eof 1' "$T/peer.server.log"
	run ! grep '^truncated' "$T/peer.server.log"
}

# ---- discard

@test "discard drops what waits, both ways, and says how much" {
	local line
	start_broker
	start_peer server script -e 'send "old\n"' -e "wait-file $T/one" \
	    -e 'send "new\n"' -e wait-eof --record "$T/got"
	open_session a "tcp://127.0.0.1:$port"
	wait_until 10 waiting_is out 4
	echo discard >"$S/ctl"
	wait_status a discarded 4
	waiting_is out 0
	: >"$T/one"
	read -rt 10 line <"$S/out"
	[ "$line" = new ]
	start_peer nobody script --refuse
	open_session b "tcp://127.0.0.1:$port" --no-wait backoff=60..60
	echo request >"$S/in"
	waiting_is in 8
	echo discard >"$S/ctl"
	wait_status b discarded 8
	waiting_is in 0
	grep -q 'discarded 8 bytes' "$S/log"
}

@test "discard drops what an earlier connection has left, so the next is read" {
	local line
	start_broker
	start_peer server script -e 'connection 1' -e 'send "old\n"' -e close \
	    -e 'connection 2+' -e 'send "new\n"' -e wait-eof
	open_session a "tcp://127.0.0.1:$port" on-close=eof \
	    backoff=0.01..0.05 --no-wait
	wait_status a links 2
	waiting_is out 4
	echo discard >"$S/ctl"
	wait_until 10 grep -q discarded "$S/log"
	read -rt 10 line <"$S/out"
	[ "$line" = new ]
	wait_status a discarded 4
}

# ---- back-pressure

@test "a reader that never reads stops the peer, and costs no memory" {
	local before other
	start_broker
	start_peer flood source 256M 6 --end half-close
	start_peer server echo
	open_session other "tcp://127.0.0.1:$port"
	other=$S
	before=$(memory other)
	open_session a "tcp://127.0.0.1:$PORT_flood" reconnect=never
	hold_reader "$S/out"
	wait_until 10 waiting_is_over out 32768
	# The kernel's buffers fill; then nothing moves any more.
	steady a bytes-out
	run ! grep -q '^sent' "$T/peer.flood.log"
	[ "$(status_of a bytes-out)" -lt 8388608 ]
	[ $(($(memory other) - before)) -lt 8192 ]
	# Others are not affected, nor is the other direction.
	echo hello >"$other/in"
	read -rt 10 line <"$other/out"
	[ "$line" = hello ]
	# Every byte is still there for one who reads.
	stop_pid "$HELD_PID"
	exact_read "$S" 256M 6
	wait_pid "$EXACT_PID" 60
	[ "$EXIT_STATUS" -eq 0 ] || fail "$(cat "$T/read.a")"
	wait_peer flood '^sent 1 268435456 '
	[ $(($(memory other) - before)) -lt 8192 ]
}

@test "a peer that does not read makes writers wait, and nobody else" {
	local before other arguments scheme line
	start_broker
	start_peer server echo
	open_session other "tcp://127.0.0.1:$port"
	other=$S
	before=$(memory other)
	for scheme in tcp tls; do
		arguments=
		[ "$scheme" = tcp ] || arguments=$(tls good)
		rm -f "$T/go" "$T/on"
		# shellcheck disable=SC2086
		start_peer slow script --rcvbuf 8K --record "$T/got" \
		    $arguments -e "wait-file $T/go" -e 'send "still here\n"' \
		    -e "wait-file $T/on" -e 'expect-bytes 64M'
		open_session a "$scheme://127.0.0.1:$port" ca="$CERTS/ca.pem" \
		    reconnect=never
		exact_write "$S" 64M 8
		wait_until 10 waiting_is_over in 32768
		steady a bytes-in
		run ! pid_gone "$EXACT_PID"
		[ "$(status_of a bytes-in)" -lt 33554432 ]
		[ $(($(memory other) - before)) -lt 8192 ]
		# The other direction, and others.
		: >"$T/go"
		read -rt 10 line <"$S/out"
		[ "$line" = "still here" ]
		echo hello >"$other/in"
		read -rt 10 line <"$other/out"
		[ "$line" = hello ]
		: >"$T/on"
		wait_pid "$EXACT_PID" 60
		[ "$EXIT_STATUS" -eq 0 ]
		wait_peer slow '^recv 1 67108864$' 60
		"$EXACT" read 64M 8 <"$T/got.1"
		ctl close a
	done
}

# ---- the size of the pipes

pipe_size_is()
{
	[ "$("$PIPE" size "$S/$1")" -eq "$2" ]
}

pipe_size_over()
{
	[ "$("$PIPE" size "$S/$1")" -gt "$2" ]
}

sizes_known()
{
	! grep -q '^#define PORTABLE' "$BUILD/config.h" ||
	    skip "pipes keep their size in this build"
	[ "$("$PIPE" size "$S/in")" -gt 0 ] ||
	    skip "pipes keep their size on this system"
}

@test "idle FIFOs have two pages, are enlarged by use, and shrink again" {
	local fifo
	start_broker
	start_peer server echo
	open_session a "tcp://127.0.0.1:$port" pipe-size=256K
	sizes_known
	for fifo in in out ctl; do
		pipe_size_is $fifo 8192
	done
	# Small things do not count.
	echo hello >"$S/in"
	read -rt 10 <"$S/out"
	pipe_size_is in 8192
	# More than all sockets between hold: it waits until it is read.
	exact_write "$S" 32M 1
	wait_until 10 pipe_size_is in 262144
	wait_until 10 pipe_size_is out 262144
	# Never while there is something in it.
	steady a bytes-in
	never_within 2 pipe_size_is out 8192
	exact_read "$S" 32M 1
	wait_pid "$EXACT_PID" 20
	[ "$EXIT_STATUS" -eq 0 ]
	wait_until 10 pipe_size_is in 8192
	wait_until 10 pipe_size_is out 8192
	# And again.
	exact_write "$S" 32M 2
	wait_until 10 pipe_size_over in 8192
	exact_read "$S" 32M 2
	wait_pid "$EXACT_PID" 20
	[ "$EXIT_STATUS" -eq 0 ]
}

@test "an ordinary user's last session is enlarged as the first one is" {
	local i
	require_root
	start_peer server script -e "wait-file $T/go" -e wait-eof
	user_prepare
	for ((i = 1; i <= 500; i++)); do
		echo "open s$i tcp://127.0.0.1:$port -o connect=on-demand"
	done >"$USER_DIR/conf"
	background "$T/fifod.err" as_user "$FIFOD" -F -f conf
	S=$USER_DIR/run/s500
	wait_until 60 test -e "$S"
	sizes_known
	# 1500 pipes of 64 KiB would have been too many.
	exact_write "$S" 64M 1
	wait_until 10 pipe_size_is in 1048576
	: >"$T/go"
	wait_pid "$EXACT_PID" 20
	[ "$EXIT_STATUS" -eq 0 ]
}
