# The engine is killed again and again under clients that are not to notice.
#
# SURVIVE_SECONDS (6), SURVIVE_CLIENTS (5) of each kind.

# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154
load helper/common
load helper/exchange

setup()
{
	common_setup
	for_secs=${SURVIVE_SECONDS:-6} CLIENTS=${SURVIVE_CLIENTS:-5}
}

# kill_engine [SIGNAL]: and another one answers
kill_engine()
{
	ENGINE=$(engine_pid)
	kill "-${1:-KILL}" "$ENGINE"
	wait_until 10 eval '[ "$(status_of s engine)" -ne "$ENGINE" ]'
}

# One every 50 ms, as long as the clients are there.
kill_engines()
{
	local end=$((SECONDS + for_secs)) pid n=0

	while ((SECONDS < end)); do
		read -rt 0.05 <>"$T/.never" || true
		pid=$(engine_pid) || continue
		[ -z "$pid" ] || ! kill -KILL "$pid" 2>/dev/null || ((++n))
	done
	echo "$n" >"$T/kills"
}

@test "no client meets more of a killed engine than an answer that says so" {
	local i kind pids=() timeout=20

	survivors
	start_peer a http
	open_session s "http://127.0.0.1:$port" "timeout=$timeout"
	for ((i = 1; i <= CLIENTS; i++)); do
		for kind in private locked; do
			background "$T/said.$kind.$i" bash \
			    "$TESTS/helper/survive.bash" "$kind" \
			    "$i$([ $kind = private ] || echo 00)" "$for_secs"
			pids+=("$BACKGROUND_PID")
		done
	done
	kill_engines
	for i in "${pids[@]}"; do
		wait "$i" || true
	done
	[ ! -e "$T/wrong" ] || fail "$(head -n 20 "$T/wrong")"
	assert_equal "$(wc -l <"$T/sums")" $((2 * CLIENTS))
	told_once a
	awk -v kills="$(cat "$T/kills")" -v most="$timeout" '{
	    n += $1; ok += $2; not += $3; cut += $4; if ($5 > slow) slow = $5
	} END {
		printf "# %d engines killed, %d exchanges: %d answered, %d " \
		    "uncertain, %d cut short; the slowest took %d ms\n",
		    kills, n, ok, not, cut, slow / 1000
		exit !(ok > 0 && kills > 0 && slow <= most * 1e6) }' \
	    "$T/sums" >&3
}

# ---- what goes on

@test "readers that were blocked stay so, and are then served" {
	survivors
	start_peer a http
	open_session s "http://127.0.0.1:$port"
	background "$T/one" cat "$S/out"
	wait_until 10 eval 'fuser "$S/out" 2>/dev/null | grep -qw "$BACKGROUND_PID"'
	kill_engine
	kill_engine
	get s /hello
	wait_pid "$BACKGROUND_PID"
	grep -q '^HTTP/1.1 200' "$T/one"
}

@test "bytes that wait in the FIFOs are still there" {
	local line

	survivors
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port"
	printf 'one\ntwo\n' >"$S/in"
	wait_until 10 eval '[ "$(status_of s queued)" -eq 8 ]'
	kill_engine
	exec 5<"$S/out"
	read -rt 10 line <&5
	assert_equal "$line" one
	read -rt 10 line <&5
	assert_equal "$line" two
}

@test "a plain connection on which nothing is under way goes on" {
	survivors
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port"
	kill_engine
	wait_status s state up
	printf 'hello\n' >"$S/in"
	read -rt 10 line <"$S/out"
	assert_equal "$line" hello
	counted a '^accept' 1
	facts s links=1 connected=1 reconnects=0
	ctl reconnect s
	facts s links=2 connected=1 reconnects=1
}

@test "a connection of exchanges at rest goes on" {
	survivors
	start_peer a http
	open_session s "http://127.0.0.1:$port"
	get s /hello
	hear s >/dev/null
	kill_engine
	get s /hello
	run -0 hear s
	assert_line --index 0 --regexp '^HTTP/1.1 200'
	counted a '^accept' 1
	facts s links=1 connected=1 reconnects=0
}

@test "an exchange under way ends as uncertain, and the next is its own" {
	survivors
	scripted a "$REQUEST" stall
	open_session s "http://127.0.0.1:$port" timeout=30
	get s /first
	wait_peer a '^recv'
	kill_engine
	run -0 hear s
	assert_output --partial 'Fifod-Error: uncertain'
	assert_equal "$(status_of s last)" uncertain
	assert_equal "$(status_of s uncertain)" 1
	stop_peer a
	scripted b "$REQUEST" "$OK"
	ctl close s
	open_session s "http://127.0.0.1:$port"
	get s /second
	run -0 hear s
	assert_output "$OK_HEARD"
}

@test "of requests that waited none is lost without a word" {
	survivors
	scripted a 'expect 1\n' stall
	open_session s "tcp://127.0.0.1:$port" framing=line timeout=60
	yes 1 | head -n 5000 >"$S/in"
	WAITING=0 LOOKS=0
	wait_until 20 waiting_stays
	kill_engine
	wait_status s uncertain "$((5000 - WAITING / 2))"
	assert_equal "$(status_of s queued)" "$WAITING"
}

# Many looks in a row have seen the same number of bytes in the FIFO.
waiting_stays()
{
	local n

	n=$("$(program_find pipe)" waiting "$S/in")
	LOOKS=$((n > 0 && n == WAITING ? LOOKS + 1 : 0)) WAITING=$n
	[ "$LOOKS" -ge 10 ]
}

@test "a reply that had begun to be read ends, and is told to be cut short" {
	local line

	survivors
	scripted a "$REQUEST" \
	    'send HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf' stall
	open_session s "http://127.0.0.1:$port"
	get s /first
	exec 5<"$S/out"
	read -rt 10 line <&5
	assert_equal "$line" $'HTTP/1.1 200 OK\r'
	kill_engine
	run -0 within 10 cat <&5
	assert_output $'Content-Length: 9\r\n\r\nhalf'
	exec 5<&-
	facts s last=truncated "error=the broker's engine died in the middle*"
}

@test "what was taken of a request is not glued to the next" {
	survivors
	start_peer a http
	open_session s "http://127.0.0.1:$port"
	exec 5>"$S/in"
	printf 'POST /echo/ HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n123' >&5
	wait_until 10 eval '[ "$(status_of s queued)" -gt 50 ]'
	kill_engine
	printf '456789' >&5
	exec 5>&-
	run -0 hear s
	assert_output --partial 'Fifod-Error: uncertain'
	get s /hello
	run -0 hear s
	assert_line --index 0 --regexp '^HTTP/1.1 200'
}

@test "a reply that was delivered whole is read whole, to its end of file" {
	survivors
	start_peer a http
	open_session s "http://127.0.0.1:$port"
	get s /hello
	wait_until 10 eval '[ "$(status_of s last)" = complete ]'
	kill_engine
	run -0 hear s
	assert_line --index 0 --regexp '^HTTP/1.1 200'
	get s /hello
	run -0 hear s
	assert_line --index 0 --regexp '^HTTP/1.1 200'
}

# hears_two HOW: one reply that HOW finds unread, and the one after it
hears_two()
{
	local before

	before=$(status_of s exchanges)
	echo a >"$S/in"
	wait_until 10 eval '[ "$(status_of s exchanges)" -gt "$before" ]'
	"$@"
	echo b >"$S/in"
	wait_until 10 eval '[ "$(status_of s bytes-in)" -ge 2 ]'
	run -0 hear s
	assert_output a
	run -0 hear s
	assert_output b
}

@test "an unread reply and the next have an end of file each" {
	local i

	survivors
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port" framing=line
	for i in 1 2 3 4 5; do
		hears_two kill_engine
		hears_two ctl reload --exec
	done
}

@test "an answer that says so and the next reply have an end of file each" {
	survivors
	start_peer a http
	open_session s "http://127.0.0.1:$port"
	get s /delay/60000
	wait_peer a '^request'
	kill_engine
	get s /hello
	wait_until 10 eval '[ "$(status_of s bytes-in)" -gt 0 ]'
	run -0 hear s
	assert_line --index 0 --regexp '^HTTP/1.1 502'
	refute_output --partial '200 OK'
	run -0 hear s
	assert_line --index 0 --regexp '^HTTP/1.1 200'
}

@test "private channels go on, and end with their owner as before" {
	local dir

	survivors
	start_peer a http
	open_session s "http://127.0.0.1:$port"
	background "$T/owner" cat "$T/.never"
	dir=$(ctl channel s -p "$BACKGROUND_PID")
	kill_engine
	[ -p "$dir/in" ]
	printf 'GET /hello HTTP/1.1\r\nHost: x\r\n\r\n' >"$dir/in"
	run -0 within 10 cat "$dir/out"
	assert_line --index 0 --regexp '^HTTP/1.1 200'
	stop_pid "$BACKGROUND_PID"
	wait_until 10 eval '[ ! -e "$dir" ]'
}

@test "clients of sock that wait for nothing go on" {
	survivors
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port" framing=line
	background "$T/nc" sh -c 'exec socat - "UNIX-CONNECT:$1" 0<>"$2"' sh \
	    "$S/sock" "$T/.never"
	wait_status s channels 1
	kill_engine
	assert_equal "$(status_of s channels)" 1
}

# reply_of N: on CLIENT's standard output is the peer's Nth reply, whole
reply_of()
{
	local line

	read -rt 10 line <&"${CLIENT[0]}"
	assert_equal "$line" $'HTTP/1.1 200 OK\r'
	while read -rt 10 line <&"${CLIENT[0]}" && [ "$line" != $'\r' ]; do
		:
	done
	read -rt 10 line <&"${CLIENT[0]}"
	[[ $line == *" request $1 "* ]] || fail "$line is not number $1"
}

@test "a client of sock that had its replies has only those" {
	local i

	survivors
	start_peer a http
	open_session s "http://127.0.0.1:$port"
	coproc CLIENT { socat - "UNIX-CONNECT:$S/sock" 3>&-; }
	pid_add "$CLIENT_PID" client
	for i in 1 2 3 4; do
		[ "$i" -ne 3 ] || kill_engine
		printf 'GET /x HTTP/1.1\r\nHost: x\r\n\r\n' \
		    >&"${CLIENT[1]}"
		reply_of "$i"
	done
	counted a '^accept' 1
}

@test "a relayed connection on which nothing is under way goes on" {
	local line

	survivors
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port" connections=each \
	    connect=on-demand listen=127.0.0.1:0
	port=$(status_of s listening)
	exec 5<>"/dev/tcp/127.0.0.1/${port##*:}"
	echo one >&5
	read -rt 10 line <&5
	assert_equal "$line" one
	kill_engine
	echo two >&5
	read -rt 10 line <&5
	assert_equal "$line" two
	assert_equal "$(status_of s channels)" 1
	exec 5>&-
	wait_status s channels 0
	counted a '^accept' 1
}

@test "front doors and listeners stand at the same ports" {
	local door at

	survivors
	start_peer a http
	open_session s "http://127.0.0.1:$port" listen=127.0.0.1:0
	door=$(status_of s listening)
	open_session l tcp-listen://127.0.0.1:0
	at=$(status_of l listening)
	kill_engine
	wait_until 10 eval '[ "$(status_of s listening)" = "$door" ]'
	wait_until 10 eval '[ "$(status_of l listening)" = "$at" ]'
	run -0 within 10 curl -s "http://$door/hello"
}

@test "options that were set, links and the file's sessions are as they were" {
	survivors
	start_peer a echo
	echo "open f tcp://127.0.0.1:$port -o timeout=7" >"$T/fifod.conf"
	ctl reload
	ctl open s "tcp://127.0.0.1:$port" -d "$T/link"
	ctl set s crlf=yes
	kill_engine
	assert_equal "$(status_of s option.crlf)" yes
	assert_equal "$(status_of f option.timeout)" 7
	ctl open s "tcp://127.0.0.1:$port" -d "$T/link"
	: >"$T/fifod.conf"
	ctl reload
	wait_until 10 eval '! ctl status f 2>/dev/null'
	ctl close s
	[ ! -e "$T/link" ]
}

@test "what a stream's engine had in its hands is told of" {
	survivors
	peer_more=(--rcvbuf 4096)
	scripted a stall
	open_session s "tcp://127.0.0.1:$port" crlf=yes
	background "$T/dd" sh -c 'head -c 40000000 /dev/zero >"$1"' sh "$S/in"
	wait_until 10 eval '[ "$(status_of s bytes-in)" -gt 0 ]'
	N=-1 LOOKS=0
	wait_until 20 eval 'M=$N N=$(status_of s bytes-in)
		LOOKS=$((M == N ? LOOKS + 1 : 0)); ((LOOKS >= 10))'
	kill_engine
	run -0 ctl status s error
	assert_output --regexp '^engine-lost [0-9]+: '
	stop_pid "$BACKGROUND_PID"
}

@test "a link that was removed meanwhile is none of anybody's business" {
	survivors
	start_peer a echo
	ctl open s "tcp://127.0.0.1:$port" -d "$T/link"
	rm "$T/link"
	mkdir "$T/link"
	kill_engine
	wait_status s state up
	kill_engine
	wait_status s state up
	ctl close s
	[ -d "$T/link" ]
}

@test "an end of file that was owed still is" {
	survivors
	open_session s "exec:echo said" reconnect=on-demand
	wait_until 10 eval '[ "$(status_of s bytes-out)" -eq 5 ]'
	wait_until 10 eval '[ "$(status_of s state)" != up ]'
	kill_engine
	run -0 within 10 cat "$S/out"
	assert_output said
}

@test "what is not to be made again is not made again" {
	survivors
	open_session s "exec:echo run >>$T/runs; cat" reconnect=never
	wait_until 10 test -s "$T/runs"
	kill_engine
	wait_status s state failed
	kill_engine
	wait_status s state failed
	run -0 within 10 cat "$S/out"
	assert_output ""
	assert_equal "$(wc -l <"$T/runs")" 1
}

@test "a private channel whose owner ended with the engine is gone" {
	local dir

	survivors
	start_peer a http
	open_session s "http://127.0.0.1:$port"
	background "$T/owner" cat "$T/.never"
	dir=$(ctl channel s -p "$BACKGROUND_PID")
	kill -STOP "$BROKER_PID"
	ENGINE=$(engine_pid)
	kill -KILL "$ENGINE"
	stop_pid "$BACKGROUND_PID"
	kill -CONT "$BROKER_PID"
	wait_until 10 eval '[ ! -e "$dir" ]'
	never_within 1 test -e "$dir"
}

@test "a record that cannot be opened is trouble, and not the session's end" {
	survivors
	mkdir "$T/records"
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port" "record=$T/records/s" \
	    record-sync=yes
	printf 'a line without its end' >"$S/in"
	wait_until 10 grep -q '> a line without its end' "$T/records/s"
	mv "$T/records" "$T/elsewhere"
	kill_engine
	echo hello >"$S/in"
	wait_until 10 eval 'read -rt 5 line <"$S/out" &&
	    [ "${line%hello}" != "$line" ]'
	grep 'what passes is not recorded' "$S/log"
	mv "$T/elsewhere" "$T/records"
	wait_until 10 eval 'echo again >"$S/in"
		grep -q " < again" "$T/records/s"'
	grep '^[^ ]* ! [0-9]* bytes were not recorded' "$T/records/s"
}

@test "a line of a record that an engine left open is not glued to the next" {
	survivors
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port" "record=$T/record"
	printf 'no newline' >"$S/in"
	wait_until 10 grep -q '< no newline' "$T/record"
	kill_engine
	echo after >"$S/in"
	wait_until 10 grep -q ' < after$' "$T/record"
	grep -Fx -A1 -- "$(grep '< no newline' "$T/record")" "$T/record"
	grep -q '< no newline\\$' "$T/record"
	run ! grep -q 'newline.*after' "$T/record"
}

# peer_connect: PEER_FD, to the listener s
peer_connect()
{
	listening=$(status_of s listening)
	exec {PEER_FD}<>"/dev/tcp/127.0.0.1/${listening##*:}"
}

# peer_goes_on N FD: both ways
peer_goes_on()
{
	local line

	say "s/peers/$1" 'to %s\n' "$1"
	read -rt 10 line <&"$2"
	assert_equal "$line" "to $1"
	echo "from $1" >&"$2"
	read -rt 10 line <"$S/peers/$1/out"
	assert_equal "$line" "from $1"
}

@test "peers of accept=each go on, with what of theirs is unread" {
	local first second line how

	survivors
	open_session s tcp-listen://127.0.0.1:0 accept=each
	peer_connect
	first=$PEER_FD
	wait_until 10 eval '[ -d "$S/peers/1" ]'
	peer_connect
	second=$PEER_FD
	wait_until 10 eval '[ -d "$S/peers/2" ]'
	for how in kill_engine 'ctl reload --exec' kill_engine; do
		echo unread >&"$first"
		$how
		read -rt 10 line <"$S/peers/1/out"
		assert_equal "$line" unread
		peer_goes_on 1 "$first"
		peer_goes_on 2 "$second"
	done
	assert_equal "$(status_of s listening)" "$listening"
	run ! grep 'ended with the engine' "$S/log"
	# One ends as it would, and the next has a number of its own.
	exec {first}>&-
	wait_until 10 eval '[ ! -e "$S/peers/1" ]'
	peer_connect
	wait_until 10 eval '[ -d "$S/peers/3" ]'
	peer_goes_on 3 "$PEER_FD"
	exec {second}>&- {PEER_FD}>&-
}

@test "a peer that has left is read to its end by the next engine, too" {
	survivors
	open_session s tcp-listen://127.0.0.1:0 accept=each
	peer_connect
	wait_until 10 eval '[ -d "$S/peers/1" ]'
	echo 'last words' >&"$PEER_FD"
	exec {PEER_FD}>&-
	wait_until 10 grep 'peers/1: .*-> closing' "$S/log"
	kill_engine
	run -0 hear s/peers/1
	assert_output 'last words'
	wait_until 10 eval '[ ! -e "$S/peers/1" ]'
}

@test "peers over TLS end with the engine, when what they said is read" {
	survivors
	open_session s tls-listen://127.0.0.1:0 accept=each \
	    "cert=$CERTS/good.pem" "key=$CERTS/good.key"
	listening=$(status_of s listening)
	ctl open c "tls://localhost:${listening##*:}" -o "ca=$CERTS/ca.pem"
	wait_until 10 eval '[ -d "$FIFOD_DIR/s/peers/1" ]'
	say c 'words\n'
	wait_until 10 eval '[ "$(status_of c bytes-in)" = 6 ]'
	S=$FIFOD_DIR/s
	kill_engine
	wait_until 10 grep 'peers/1: .*-> closing' "$S/log"
	run -0 hear s/peers/1
	assert_output words
	wait_until 10 eval '[ ! -e "$S/peers/1" ]'
}

# ---- engines that crash

# holds_open PID PATH
holds_open()
{
	fuser "$2" 2>/dev/null | grep -qw "$1"
}

@test "one that aborts or faults costs no more than one that is killed" {
	local signal line n=0

	survivors
	start_peer a http
	start_peer b echo
	open_session stream "tcp://127.0.0.1:$PORT_b"
	open_session s "http://127.0.0.1:$PORT_a"
	for signal in ABRT SEGV; do
		# What waits stays, in the FIFOs and for them,
		say stream 'unread\n'
		wait_status stream queued 7
		background "$T/reply.$signal" cat "$S/out"
		wait_until 10 holds_open "$BACKGROUND_PID" "$S/out"
		kill_engine "$signal"
		read -rt 10 line <"$FIFOD_DIR/stream/out"
		assert_equal "$line" unread
		get s /hello
		wait_pid "$BACKGROUND_PID"
		grep -q '^HTTP/1.1 200' "$T/reply.$signal"
		# ... and what was under way is uncertain.
		get s /delay/60000
		counted a '^request .*/delay' $((++n))
		kill_engine "$signal"
		run -0 hear s
		assert_output --partial 'Fifod-Error: uncertain'
		assert_equal "$(status_of s last)" uncertain
		assert_equal "$(http_get s /hello | head -n 1)" \
		    $'HTTP/1.1 200 OK\r'
		counted a '^request .*/delay' "$n"
	done
	counted b '^accept' 1
	grep 'engine: killed by SIGABRT' "$T/fifod.err"
}

# ---- engines that crash again and again

# crash_engine: one that was ready
crash_engine()
{
	wait_until 10 ctl list
	ENGINE=$(engine_pid)
	kill -USR1 "$ENGINE"
	wait_until 10 pid_gone "$ENGINE"
}

fifos()
{
	stat -c '%n %i' "$FIFOD_DIR"/{s,web}/{in,out,ctl}
}

@test "a crash loop is told in status, and leaves the FIFOs and their clients" {
	local i before reply heard writer pid name

	survivors
	start_peer b http
	ctl open web "http://127.0.0.1:$port"
	hold_port
	run -7 open_session s "tcp://127.0.0.1:$port" reconnect=always
	S=$FIFOD_DIR/s
	before=$(fifos)
	background "$T/reply" cat "$FIFOD_DIR/web/out"
	reply=$BACKGROUND_PID
	background "$T/heard" head -c 200000 "$S/out"
	heard=$BACKGROUND_PID
	background "$T/writer" sh -c 'exec head -c 200000 /dev/zero >"$1"' \
	    sh "$S/in"
	writer=$BACKGROUND_PID
	wait_until 10 holds_open "$reply" "$FIFOD_DIR/web/out"
	wait_until 10 holds_open "$heard" "$S/out"
	wait_until 10 holds_open "$writer" "$S/in"
	for i in {1..8}; do
		crash_engine
	done
	# The next one is due in 3.2 s; that it does not come, the keeper rests.
	for name in s web; do
		wait_until 10 grep -q '^error=the engine has died 8 times' \
		    "$FIFOD_DIR/$name/status"
	done
	kill -STOP "$BROKER_PID"
	for name in s web; do
		grep -qx state=failed "$FIFOD_DIR/$name/status"
		grep -x 'error=the engine has died 8 times in a row.*SIGUSR1' \
		    "$FIFOD_DIR/$name/status"
	done
	assert_equal "$(fifos)" "$before"
	for pid in "$reply" "$heard" "$writer"; do
		run ! pid_gone "$pid"
	done
	kill -CONT "$BROKER_PID"
	start_peer a echo -p "$port"
	wait_pid "$writer" 20
	assert_equal "$EXIT_STATUS" 0
	wait_pid "$heard" 20
	size_is "$T/heard" 200000
	get web /hello
	wait_pid "$reply"
	grep -q '^HTTP/1.1 200' "$T/reply"
	assert_equal "$(fifos | grep -v web/out)" \
	    "$(grep -v web/out <<<"$before")"
	status_is s state up
	status_is s error ''
}

# ---- another program takes over

@test "reload --exec has another engine take over, and nothing is lost" {
	local i line pid

	survivors
	start_peer a echo
	start_peer b http
	ctl open s "tcp://127.0.0.1:$PORT_a"
	ctl open web "http://127.0.0.1:$PORT_b"
	S=$FIFOD_DIR/s
	ENGINE=$(engine_pid)
	# A line after the other, all the while.
	background "$T/lines" bash -c 'exec 5>"$1/in" 6<"$1/out"
		for ((i = 1; i <= 2000; i++)); do
			echo "line $i" >&5
			read -rt 20 line <&6
			[ "$line" = "line $i" ] || { echo "$i: $line"; exit 1; }
		done
		echo all' bash "$S"
	pid=$BACKGROUND_PID
	background "$T/gets" bash -c 'for ((i = 1; i <= 100; i++)); do
			printf "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n" >"$1/in"
			reply=$(cat "$1/out")
			[[ $reply == "HTTP/1.1 200"* ]] || { echo "$reply"; exit 1; }
		done
		echo all' bash "$FIFOD_DIR/web"
	for i in 1 2 3 4 5; do
		ctl reload --exec
	done
	wait_pid "$pid" 60 || true
	wait_pid "$BACKGROUND_PID" 60 || true
	assert_equal "$(cat "$T/lines")" all
	assert_equal "$(cat "$T/gets")" all
	[ "$(engine_pid)" -ne "$ENGINE" ]
	counted a '^accept' 1
	assert_equal "$(status_of web uncertain)" 0
}

@test "reload --exec does nothing while something is under way for too long" {
	survivors
	scripted a "$REQUEST" stall
	open_session s "http://127.0.0.1:$port"
	get s /first
	wait_peer a '^recv'
	ENGINE=$(engine_pid)
	run -28 ctl reload --exec -t 0.2
	assert_output --partial "s: something is still under way"
	assert_equal "$(engine_pid)" "$ENGINE"
}

@test "reload --exec does nothing where a session could not be taken over" {
	survivors
	cp "$CERTS/ca.pem" "$T/ca.pem"
	# shellcheck disable=SC2046
	start_peer a echo $(tls good)
	open_session s "tls://localhost:$port" "ca=$T/ca.pem"
	ENGINE=$(engine_pid)
	mv "$T/ca.pem" "$T/elsewhere"
	run -1 ctl reload --exec
	assert_output --partial "s: ca: "
	assert_equal "$(engine_pid)" "$ENGINE"
	mv "$T/elsewhere" "$T/ca.pem"
	run -0 ctl reload --exec
	[ "$(engine_pid)" -ne "$ENGINE" ]
}

@test "reload --exec does nothing where nothing would outlive the engine" {
	survivors
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port"
	ENGINE=$(engine_pid)
	anchor=$(pgrep -P "$ENGINE")
	assert_equal "$(status_of s anchor)" "$anchor"
	ctl metrics | grep -x 'fifod_anchor 1'
	kill -KILL "$anchor"
	wait_for_line "$T/fifod.err" 'the anchor is gone'
	wait_until 10 grep -qx anchor= "$S/status"
	assert_equal "$(status_of s anchor)" ''
	ctl metrics | grep -x 'fifod_anchor 0'
	run -1 ctl reload --exec
	assert_output --partial 'nothing outlives this engine'
	assert_equal "$(engine_pid)" "$ENGINE"
	# Nor is anything left of it in the table of processes.
	wait_until 10 eval '! pgrep -P "$ENGINE"'
	kill_engine
	wait_until 10 eval '[ -n "$(status_of s anchor)" ]'
	run -0 ctl reload --exec
}

@test "reload --exec does nothing where no program could take over" {
	survivors
	stop_broker
	cp "$FIFOD" "$T/fifod"
	FIFOD=$T/fifod start_broker
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port"
	ENGINE=$(engine_pid)
	printf '#!/bin/sh\nexit 0\n' >"$T/other"
	chmod +x "$T/other"
	mv "$T/other" "$T/fifod"
	run -1 ctl reload --exec
	assert_output --partial "is no fifod that this broker could go on with"
	rm "$T/fifod"
	run -1 ctl reload --exec
	assert_output --partial "cannot be started"
	assert_equal "$(engine_pid)" "$ENGINE"
	echo hello >"$S/in"
	read -rt 10 line <"$S/out"
	assert_equal "$line" hello
}

# ---- the keeper dies, and a service manager starts another

# managed: a broker under a service manager; KEEPER is its keeper
managed()
{
	survivors
	stop_broker
	background "$T/manager" "$(program_find manager)" "$T/notify" \
	    "$FIFOD" -F -r "$FIFOD_DIR"
	MANAGER_PID=$BACKGROUND_PID
	keeper_is_ready 1
}

# keeper_is_ready N: the Nth one
keeper_is_ready()
{
	wait_until 20 eval '(($(grep -c "READY=1\|told MAINPID=" "$T/manager") >= '"$1"'))'
	KEEPER=$(sed -n 's/^started //p' "$T/manager" | tail -n 1)
	BROKER_PID=$KEEPER
}

# The beginning of a program that says more to each line.
SAY='while read -r x; do echo "$x'

@test "after a keeper's death programs run where their sessions were opened" {
	local want

	managed
	mkdir "$T/app"
	# shellcheck disable=SC2016
	(
		cd "$T/app"
		umask 027
		TOKEN=secret ctl open s "exec:$SAY"' $(pwd -P) $TOKEN $(umask)"; done' \
		    -o framing=line
		TOKEN=other ctl open gone 'exec:cat' -o framing=line
	)
	want="$(cd "$T/app" && pwd -P) secret 0027"
	assert_equal "$(echo 1 | ctl request s)" "1 $want"
	ctl close gone
	kill -KILL "$KEEPER"
	keeper_is_ready 2
	assert_equal "$(echo 2 | ctl request s)" "2 $want"
	# What was opened since has a place of its own.
	TOKEN=third ctl open later "exec:$SAY"' $TOKEN"; done' -o framing=line
	kill -KILL "$KEEPER"
	keeper_is_ready 3
	assert_equal "$(echo 3 | ctl request s)" "3 $want"
	assert_equal "$(echo 3 | ctl request later)" "3 third"
	run grep -a lost "$T/manager"
	assert_output ''
}

@test "where a keeper has lost the environment of a session no program runs" {
	managed
	TOKEN=secret ctl open s "exec:$SAY"' $TOKEN"; done' -o framing=line
	# The manager hands the next one what it did before there were homes.
	kill -USR1 "$MANAGER_PID"
	wait_for_line "$T/manager" '^homes are lost$'
	kill -KILL "$KEEPER"
	keeper_is_ready 2
	run ! ctl request s <<<1
	wait_status s error-status 7
	run -0 status_of s error
	assert_output --partial 'the environment that it was to run in are lost'
	grep -q 's: the directory and the environment .* are lost' \
	    "$T/manager"
}

@test "a keeper that is killed is followed by one that holds the same" {
	local line engine

	managed
	start_peer a echo
	start_peer b http
	ctl open s "tcp://127.0.0.1:$PORT_a"
	ctl open web "http://127.0.0.1:$PORT_b"
	S=$FIFOD_DIR/s
	background "$T/one" cat "$FIFOD_DIR/web/out"
	exec 5>"$S/in" 6<"$S/out"
	echo one >&5
	read -rt 10 line <&6
	assert_equal "$line" one
	engine=$(engine_pid)
	kill -KILL "$KEEPER"
	keeper_is_ready 2
	wait_until 10 pid_gone "$engine"
	echo two >&5
	read -rt 10 line <&6
	assert_equal "$line" two
	counted a '^accept' 1
	get web /hello
	wait_pid "$BACKGROUND_PID"
	grep -q '^HTTP/1.1 200' "$T/one"
	assert_equal "$(status_of s keeper)" "$KEEPER"
	# Once more, and both at once.
	kill -STOP "$KEEPER"
	kill -KILL "$(engine_pid)" "$KEEPER"
	keeper_is_ready 3
	echo three >&5
	read -rt 10 line <&6
	assert_equal "$line" three
	counted a '^accept' 1
	# Of all engines and keepers so far, an anchor, a ledger and a file are
	# left, of which the units let systemd keep a few.
	wait_until 10 eval '(($(grep -c "^stored" "$T/manager") -
	    $(grep -c "^dropped" "$T/manager") == 3))'
	kill -TERM "$MANAGER_PID"
	wait_pid "$MANAGER_PID"
	[ ! -e "$S" ]
}
