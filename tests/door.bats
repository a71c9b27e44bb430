# Front doors: listen=, and relays, one a client.

# Scripts that are handed on, variables that common.bash sets, tests that are
# subshells:
# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154
load helper/common
load helper/command
load helper/world

setup()
{
	common_setup
	CROWD=$(program_find crowd)
}

# open_relay NAME [PORT] KEY=VALUE…: a relay to the peer started last
open_relay()
{
	open_session "$1" "tcp://127.0.0.1:${port}" connections=each \
	    listen=127.0.0.1:0 "${@:2}"
}

# client NAME ADDRESS STEP…: tests/peer calls there; its events are in
# $T/NAME.events, what it reads in $T/NAME.1; CLIENT_PID
client()
{
	local name=$1 address=$2 words=()

	shift 2
	while [ $# -gt 0 ]; do
		words+=(-e "$1")
		shift
	done
	background "$T/$name.events" "$PEER" script -c "$address" \
	    -r "$T/$name" "${words[@]}"
	CLIENT_PID=$BACKGROUND_PID
}

client_said()
{
	wait_for_line "$T/$1.events" "$2"
}

# start_crowd [PORT]: the server that a crowd wants; sets port
start_crowd()
{
	: >"$T/crowd.log"
	background "$T/crowd.log" "$CROWD" serve "$@"
	CROWD_PID=$BACKGROUND_PID
	wait_for_line "$T/crowd.log" '^port '
	port=$(sed -n 's/^port //p' "$T/crowd.log")
}

# ---- where

@test "listen opens further sockets, and status says which; port 0 picks one" {
	start_broker
	start_peer echo echo
	open_session s "tcp://127.0.0.1:$port" \
	    "listen=127.0.0.1:0, unix-listen:$T/door" 
	[[ $(door s) == 127.0.0.1:* || $(door s 2) == 127.0.0.1:* ]]
	[ -S "$T/door" ]
	assert_equal "$(stat -c %a "$T/door")" 600
	client one "$T/door" 'send hello\n' 'expect hello\n'
	wait_pid "$CLIENT_PID"
	assert_equal "$(cat "$T/one.1")" hello
}

@test "listen takes ADDR:PORT, :PORT, PORT and endpoints, and says what is wrong with others" {
	local bad

	start_broker
	start_peer echo echo
	for bad in nonsense 127.0.0.1 127.0.0.1:99999 udp-listen://:5 tcp://127.0.0.1:5 \
	    unix-listen: unix-listen:; do
		refused 2 listen ctl open s "tcp://127.0.0.1:$port" \
		    -o "listen=$bad"
	done
	open_session s "tcp://127.0.0.1:$port" "listen=[::1]:0 0 :0"
	run -0 door s 1
	[ -n "$output" ]
	[ -n "$(door s 3)" ]
}

@test "the file of a door goes with it, and a stale one is replaced" {
	start_broker
	start_peer echo echo
	open_session s "tcp://127.0.0.1:$port" "listen=unix-listen:$T/door"
	kill_broker
	[ -S "$T/door" ]
	start_broker
	open_session s "tcp://127.0.0.1:$port" "listen=unix-listen:$T/door"
	ctl close s
	[ ! -e "$T/door" ]
}

@test "an address in use is told with the session that has it, and tried again" {
	start_broker
	start_peer echo echo
	open_relay one
	local taken

	taken=$(door one)
	run -7 --separate-stderr ctl open two "tcp://127.0.0.1:$port" \
	    -o connections=each -o "listen=$taken"
	[[ $stderr == *"in use by session one"* ]]
	[[ $(status_of two error) == *"in use by session one"* ]]
	ctl close one
	wait_status two listening "$taken"
	wait_status two error ''
}

@test "an address in use is told with the process that has it" {
	! is_portable || skip "this build does not look into /proc"
	start_broker
	start_peer echo echo
	run -7 --separate-stderr ctl open s "tcp://127.0.0.1:$port" \
	    -o connections=each -o "listen=127.0.0.1:$port"
	[[ $stderr == *"in use by pid $PEER_PID "* ]]
}

@test "set listen= opens and closes doors while the session stands" {
	start_broker
	start_peer echo echo
	open_relay s
	local first

	first=$(door s)
	client one "$first" 'send a\n' 'expect a\n' "wait-file $T/go" \
	    'send b\n' 'expect b\n'
	client_said one '^recv 1 '
	ctl set s "listen=$first,unix-listen:$T/door"
	wait_until 10 test -S "$T/door"
	[[ $(status_of s listening) == *"$first"* ]]
	ctl set s listen=
	wait_status s listening ''
	[ ! -e "$T/door" ]
	: >"$T/go"
	wait_pid "$CLIENT_PID"
	assert_equal "$EXIT_STATUS" 0
	assert_equal "$(cat "$T/one.1")" $'a\nb'
}

# ---- each client is a channel

@test "a client of a door is a channel: it has its own replies" {
	start_broker
	start_peer web http
	open_session web "http://127.0.0.1:$port" listen=127.0.0.1:0
	local at

	at=$(door web)
	run -0 within 10 curl -sS "http://$at/one" "http://$at/two"
	assert_line 'connection 1 request 1 path /one'
	assert_line 'connection 1 request 2 path /two'
	run -0 within 10 curl -sS --unix-socket "$S/sock" http://h/three
	assert_line 'connection 1 request 3 path /three'
	status_is web links 1
	status_is web accepted 1
}

@test "a client of a door of a stream gets a copy of what the peer says" {
	start_broker
	start_peer talk script -e 'expect hello\n' -e 'send all\n' -e stall
	open_session s "tcp://127.0.0.1:$port" listen=127.0.0.1:0
	client one "$(door s)" 'expect all\n'
	wait_status s channels 1
	client two "$(door s)" 'send hello\n' 'expect all\n'
	wait_pid "$CLIENT_PID"
	client_said one '^recv 1 4'
}

@test "a pool keeps connections to a server alive for 200 clients at once" {
	start_broker
	start_peer web http
	open_session web "http://127.0.0.1:$port" connections=4 \
	    listen=127.0.0.1:0
	local at

	at=$(door web)
	seq 200 | within 60 xargs -P 50 -I % curl -sS -o "$T/%.out" \
	    "http://$at/%"
	assert_equal "$(cat "$T"/*.out | grep -c '^connection')" 200
	[ "$(status_of web links)" -le 4 ]
	wait_status web channels 0
}

@test "a pool serves 200 clients at once from a server that closes after each reply" {
	start_broker
	start_peer web http --close-after 1
	open_session web "http://127.0.0.1:$port" connections=8 \
	    listen=127.0.0.1:0
	local at

	at=$(door web)
	seq 200 | within 60 xargs -P 50 -I % curl -sS -f -o "$T/%.out" \
	    "http://$at/%"
	assert_equal "$(cat "$T"/*.out | grep -c '^connection')" 200
}

# ---- relays

@test "with connections=each in a stream each client has a link of its own" {
	start_broker
	start_peer echo echo
	open_relay s
	status_is s links 0
	client one "$(door s)" 'send one\n' 'expect one\n' "wait-file $T/go"
	client_said one '^recv 1 '
	client two "$(door s)" 'send two\n' 'expect two\n' "wait-file $T/go"
	client_said two '^recv 1 '
	client three "$S/sock" 'send three\n' 'expect three\n' \
	    "wait-file $T/go"
	client_said three '^recv 1 '
	status_is s links 3
	status_is s channels 3
	: >"$T/go"
	wait_status s channels 0
	assert_equal "$(cat "$T/two.1")" two
	assert_equal "$(cat "$T/three.1")" three
}

# both_ways ADDRESS [ARGUMENTS]: each end gets what the other has sent
both_ways()
{
	start_peer both duplex 20M 7 -p "$port"
	within 60 "$PEER" duplex 20M 8 -c "$@" >"$T/out"
	wait_peer both '^sum'
	assert_equal "$(sed -n 's/^sum 1 //p' "$T/out")" \
	    "$(sed -n 's/^sent 1 //p' "$T/peer.both.log")"
	assert_equal "$(sed -n 's/^sent 1 //p' "$T/out")" \
	    "$(sed -n 's/^sum 1 //p' "$T/peer.both.log")"
	stop_peer both
	wait_status s channels 0
}

@test "nothing but the bytes passes through a relay, both ways at once" {
	start_broker
	hold_port
	open_session s "tcp://127.0.0.1:$port" connections=each \
	    "listen=unix-listen:$T/door"
	ctl set s "listen=unix-listen:$T/door,127.0.0.1:0"
	wait_until 10 eval '[ -n "$(door s 2)" ]'
	both_ways "$T/door"
	both_ways "$S/sock"
	both_ways "$(door s 2)"
}

@test "nothing but the bytes passes through a relay of TLS, either side" {
	start_broker
	hold_port
	open_tls s "tcp://127.0.0.1:$port" connections=each
	both_ways "$(door s)" --tls --ca "$CERTS/ca.pem" --sni localhost
	ctl close s
	start_peer both duplex 20M 7 $(tls good)
	open_session s "tls://localhost:$port" connections=each \
	    "ca=$CERTS/ca.pem" listen=127.0.0.1:0
	within 60 "$PEER" duplex 20M 8 -c "$(door s)" >"$T/out"
	wait_peer both '^sent'
	assert_equal "$(sed -n 's/^sum 1 //p' "$T/out")" \
	    "$(sed -n 's/^sent 1 //p' "$T/peer.both.log")"
}

@test "a half-close passes through a relay, and the other way stays" {
	start_broker
	start_peer count script -e wait-eof -e 'send answer\n' -e close
	open_relay s
	client one "$(door s)" 'send question\n' half-close wait-eof
	wait_pid "$CLIENT_PID"
	assert_equal "$(cat "$T/one.1")" answer
	client_said one '^eof 1$'
	wait_peer count '^eof 1$'
}

@test "a half-close of the peer passes through a relay, and the other way stays" {
	start_broker
	start_peer talk script -e 'send all\n' -e half-close -e 'expect more\n'
	open_relay s
	client one "$(door s)" 'expect all\n' wait-eof 'send more\n'
	wait_pid "$CLIENT_PID"
	wait_peer talk '^recv 1 5$'
	client_said one '^eof 1$'
}

@test "nc with its input at an end gets the whole answer through a relay" {
	command -v nc >/dev/null || skip "no nc"
	start_broker
	start_peer count script -e wait-eof -e 'send-random 300000 4' -e close
	open_relay s
	run -0 bash -c 'echo question | timeout 20 nc -N 127.0.0.1 "$1" | wc -c' \
	    bash "$(door_port s)"
	assert_output 300000
}

@test "a reset of the peer is a reset of the client, after the bytes before it" {
	start_broker
	start_peer rude script -e 'send partial\n' -e 'expect go\n' -e reset
	open_relay s
	client one "$(door s)" 'expect partial\n' 'send go\n' wait-eof
	client_said one '^reset 1$'
	assert_equal "$(cat "$T/one.1")" partial
	wait_status s channels 0
}

@test "a reset of the client is a reset of the peer" {
	start_broker
	start_peer calm script -e 'expect hello\n' -e wait-eof
	open_relay s
	client one "$(door s)" 'send hello\n' "wait-file $T/go" reset
	wait_peer calm '^recv 1 '
	: >"$T/go"
	wait_peer calm '^reset 1$'
	wait_status s channels 0
}

@test "a client that does not read makes the peer wait, and its bytes are all there" {
	start_broker
	start_peer much source 30M 5 
	open_relay s
	client slow "$(door s)" "wait-file $T/go" wait-eof
	wait_status s channels 1
	BYTES=0 LOOKS=0
	wait_until 20 bytes_rest s bytes-out
	[ "$BYTES" -lt $((30 * 1024 * 1024)) ]
	: >"$T/go"
	wait_pid "$CLIENT_PID" 30
	assert_equal "$(stat -c %s "$T/slow.1")" $((30 * 1024 * 1024))
}

# bytes_rest SESSION FACT: that many looks in a row have seen the same number
bytes_rest()
{
	local bytes

	bytes=$(status_of "$1" "$2")
	LOOKS=$((bytes == BYTES ? LOOKS + 1 : 0))
	BYTES=$bytes
	[ "$BYTES" -gt 0 ] && [ "$LOOKS" -ge 10 ]
}

@test "a client that comes and leaves without a word costs nothing" {
	start_broker
	start_peer echo echo
	open_relay s
	local before i

	descriptors_at_rest "$(engine_pid)"
	before=$N
	for i in 1 2 3 4 5; do
		: <"/dev/tcp/127.0.0.1/$(door_port s)"
	done
	wait_status s accepted 5
	wait_status s channels 0
	wait_until 10 no_more_descriptors "$(engine_pid)" "$before"
	wait_status s state idle
}

@test "a client whose peer cannot be reached is closed at once, the door stands, and the next one is served" {
	start_broker
	hold_port
	open_relay s
	local at peer=$port

	at=$(door s)
	run -56 within 10 curl -sS "http://$at/" || [ "$status" -ne 28 ]
	[ "$status" -ne 0 ]
	wait_status s unserved 1
	[[ $(status_of s error) == *refused* ]]
	wait_log s 'a client was closed: 127.0.0.1:.* refused'
	start_peer web http -p "$peer"
	run -0 within 10 curl -sS "http://$at/again"
	assert_line --partial 'path /again'
	status_is s unserved 1
}

@test "with hold a client waits for a peer that comes back, and no longer" {
	start_broker
	hold_port
	open_relay s hold=20
	local at peer=$port pid

	at=$(door s)
	background "$T/held" curl -sS --max-time 30 "http://$at/held"
	pid=$BACKGROUND_PID
	wait_status s channels 1
	start_peer web http -p "$peer"
	wait_pid "$pid" 25
	assert_equal "$EXIT_STATUS" 0
	grep -q 'path /held' "$T/held"
	status_is s unserved 0
	ctl set s hold=0.2
	stop_peer web
	run within 10 curl -sS "http://$at/"
	[ "$status" -ne 0 ] && [ "$status" -ne 124 ]
	wait_status s unserved 1
}

@test "200 clients at once reach a server that closes after each reply" {
	start_broker
	start_peer web http --close-after 1
	open_relay s
	local at

	at=$(door s)
	seq 200 | within 60 xargs -P 200 -I % curl -sS -f -o "$T/%.out" \
	    "http://$at/%"
	assert_equal "$(cat "$T"/*.out | grep -c '^connection')" 200
	wait_status s channels 0
	status_is s links 200
	status_is s unserved 0
}

@test "client after client is served, by whatever program" {
	start_broker
	start_peer web http
	open_relay s
	local at turn

	at=$(door s)
	for turn in 1 2 3; do
		run -0 within 10 curl -sS "http://$at/curl$turn"
		assert_line --partial "path /curl$turn"
	done
	if command -v wget >/dev/null; then
		run -0 within 10 wget -q -O - "http://$at/wget"
		assert_line --partial 'path /wget'
	fi
	if command -v ncat >/dev/null; then
		run -0 bash -c 'printf "GET /ncat HTTP/1.0\r\n\r\n" |
		    timeout 10 ncat 127.0.0.1 "$1"' bash "$(door_port s)"
		assert_line --partial 'path /ncat'
	fi
}

@test "a server that is restarted under load loses those that it served, and no client is refused with hold" {
	start_broker
	hold_port
	start_crowd "$port"
	open_relay s hold=10 timeout-connect=10
	local pid

	background "$T/load" "$CROWD" short 20 3 "$(door_port s)"
	pid=$BACKGROUND_PID
	wait_until 10 served s 50
	stop_pid "$CROWD_PID"
	start_crowd "$port"
	wait_pid "$pid" 20
	# What was half said to the server that ended is lost, not more.
	read -r _ lost <"$T/load"
	[ "$lost" -le 20 ]
	status_is s unserved 0
	wait_status s channels 0
}

served()
{
	[ "$(status_of "$1" links)" -ge "$2" ]
}

@test "a crowd of relays at once: no connection is refused and none fails" {
	start_broker
	start_crowd
	open_relay s
	run -0 within 60 "$CROWD" short "${CROWD_N:-300}" \
	    "${CROWD_SECONDS:-2}" "$(door_port s)"
	[[ $output == *' 0' ]]
	status_is s unserved 0
	wait_status s channels 0
}

@test "relays that are still hold little memory" {
	start_broker
	start_crowd
	open_relay s
	local before after n=500

	"$CROWD" hold 20 "$(door_port s)" </dev/null
	wait_status s channels 0
	before=$(awk '/^Pss_Anon:/ { print $2 }' \
	    "/proc/$(engine_pid)/smaps_rollup")
	mkfifo "$T/stay"
	"$CROWD" hold $n "$(door_port s)" <"$T/stay" >"$T/held" 3>&- &
	pid_add $! hold
	exec 9>"$T/stay"
	wait_for_line "$T/held" "^held $n"
	wait_status s channels $n
	after=$(awk '/^Pss_Anon:/ { print $2 }' \
	    "/proc/$(engine_pid)/smaps_rollup")
	exec 9>&-
	echo "$((after - before)) KiB for $n"
	[ -n "${FIFOD_WRAPPER-}" ] || [ "$((after - before))" -le $((6 * n)) ]
	wait_status s channels 0
}

@test "the FIFOs of a session of relays have a link of their own, made on demand" {
	start_broker
	start_peer echo echo
	open_relay s
	client one "$(door s)" 'send one\n' 'expect one\n'
	client_said one '^recv 1 '
	# A client's link is not one of theirs, to be kept up or made again.
	ctl set s timeout-connect=7
	status_is s state idle
	echoes s hello
	status_is s links 2
	status_is s reconnects 0
	mkdir "$S/ch/x"
	wait_until 10 grep -q 'ch/x: .*sock and listen' "$S/log"
}

@test "closing a session lets its relays finish; --now resets them" {
	start_broker
	start_peer echo echo
	open_relay s
	client one "$(door s)" 'send a\n' 'expect a\n' "wait-file $T/go" \
	    'send b\n' 'expect b\n'
	client_said one '^recv 1 '
	background "$T/close" "$FIFOCTL" close s
	wait_status s state closing
	: >"$T/go"
	wait_pid "$CLIENT_PID"
	assert_equal "$(cat "$T/one.1")" $'a\nb'
	wait_until 10 gone_is "$S"
	open_relay s
	client two "$(door s)" 'send a\n' 'expect a\n' wait-eof
	client_said two '^recv 1 '
	ctl close --now s
	client_said two '^reset 1$'
}

gone_is()
{
	[ ! -e "$1" ]
}

@test "each client has a program of its own with exec: behind a door" {
	start_broker
	open_session s 'exec:tr a-z A-Z; echo said >&2' connections=each \
	    listen=127.0.0.1:0
	client one "$(door s)" 'send one\n' half-close wait-eof
	client two "$(door s)" 'send two\n' half-close wait-eof
	client_said one '^eof 1$'
	client_said two '^eof 1$'
	assert_equal "$(cat "$T/one.1")" ONE
	assert_equal "$(cat "$T/two.1")" TWO
	wait_until 10 grep -q said "$S/log"
	wait_status s channels 0
}

@test "the same answer for every client is a program that reads nothing" {
	start_broker
	printf 'HTTP/1.0 404 Not Found\r\nContent-Length: 5\r\n\r\nnone\n' \
	    >"$T/404"
	open_session s "exec:cat $T/404" connections=each listen=127.0.0.1:0
	local turn

	for turn in 1 2 3; do
		run -0 within 10 curl -sS -o "$T/body" -w '%{http_code}' \
		    "http://$(door s)/$turn"
		assert_output 404
		assert_equal "$(cat "$T/body")" none
	done
}

@test "a record has what passes through relays" {
	start_broker
	start_peer echo echo
	open_relay s "record=$T/record" record-sync=yes
	client one "$(door s)" 'send hello\n' 'expect hello\n'
	wait_pid "$CLIENT_PID"
	assert_equal "$(cat "$T/one.1")" hello
	wait_until 10 recorded 2
}

recorded()
{
	[ "$(grep -c hello "$T/record")" -eq "$1" ]
}

@test "with proxy-protocol the peer hears of the client, not of us" {
	start_broker
	start_peer hears script -r "$T/heard" -e wait-eof
	open_relay s proxy-protocol=v1
	client one "$(door s)" 'send hi\n' half-close wait-eof
	wait_peer hears '^eof 1$'
	run -0 head -n 1 "$T/heard.1"
	assert_output --regexp \
	    "^PROXY TCP4 127.0.0.1 127.0.0.1 [0-9]+ $(door_port s)"
}

@test "connections=each is for peers of a stream that we connect to" {
	start_broker
	refused 2 'connections=each' ctl open s tcp-listen://127.0.0.1:0 \
	    -o connections=each
	refused 2 'connections=' ctl open s udp://127.0.0.1:9 \
	    -o connections=each
}

# ---- TLS

# open_tls NAME ENDPOINT KEY=VALUE…
open_tls()
{
	open_session "$@" listen=tls-listen://127.0.0.1:0 \
	    "listen-cert=$CERTS/good.pem" "listen-key=$CERTS/good.key"
}

@test "a tls-listen door takes TLS in front of a peer without it" {
	start_broker
	start_peer web http
	open_tls s "tcp://127.0.0.1:$port" connections=each
	run -0 within 10 curl -sS --cacert "$CERTS/ca.pem" \
	    --resolve "good.test:$(door_port s):127.0.0.1" \
	    "https://localhost:$(door_port s)/bytes/300000" -o "$T/body" \
	    --connect-to "::127.0.0.1:"
	[ "$(stat -c %s "$T/body")" -gt 300000 ]
}

@test "a tls-listen door stands before a pool, too" {
	start_broker
	start_peer web http
	open_tls s "http://127.0.0.1:$port"
	run -0 within 10 curl -sS --cacert "$CERTS/ca.pem" \
	    "https://localhost:$(door_port s)/one" \
	    --connect-to "::127.0.0.1:" \
	    "https://localhost:$(door_port s)/two"
	assert_line 'connection 1 request 1 path /one'
	assert_line 'connection 1 request 2 path /two'
	wait_status s channels 0
}

@test "with listen-ca a tls-listen door lets in whoever shows a certificate of it" {
	start_broker
	start_peer web http
	open_tls s "tcp://127.0.0.1:$port" connections=each \
	    "listen-ca=$CERTS/ca.pem"
	run -0 within 10 curl -sS --cacert "$CERTS/ca.pem" \
	    --cert "$CERTS/client.pem" --key "$CERTS/client.key" \
	    --connect-to "::127.0.0.1:" "https://localhost:$(door_port s)/in"
	assert_line --partial 'path /in'
	run within 10 curl -sS --cacert "$CERTS/ca.pem" \
	    --connect-to "::127.0.0.1:" "https://localhost:$(door_port s)/out"
	[ "$status" -ne 0 ]
	wait_status s refused 1
	status_is s links 1
}

@test "a client that stalls in its handshake keeps no other waiting" {
	start_broker
	start_peer web http
	open_tls s "tcp://127.0.0.1:$port" connections=each \
	    timeout-connect=3
	client mute "$(door s)" wait-eof
	run -0 within 10 curl -sS --cacert "$CERTS/ca.pem" \
	    --connect-to "::127.0.0.1:" "https://localhost:$(door_port s)/in"
	assert_line --partial 'path /in'
	wait_until 10 grep -q 'no handshake within' "$S/log"
	client_said mute '^(eof|reset) 1$'
}

@test "a tls-listen door without a certificate says so" {
	start_broker
	start_peer web http
	refused 2 'give listen-cert= and listen-key=' \
	    ctl open s "tcp://127.0.0.1:$port" \
	    -o connections=each -o listen=tls-listen://127.0.0.1:0
}

# ---- who

@test "deny turns clients away at once, and they are counted and noted" {
	start_broker
	start_peer echo echo
	open_relay s deny=127.0.0.0/8
	client one "$(door s)" wait-eof
	client_said one '^(eof|reset) 1$'
	wait_status s refused 1
	status_is s links 0
	wait_log s '127.0.0.1:.*turned away'
	ctl set s deny=10.0.0.0/8
	client two "$(door s)" 'send a\n' 'expect a\n'
	wait_pid "$CLIENT_PID"
	assert_equal "$(cat "$T/two.1")" a
}

@test "the longest network of allow and deny decides" {
	start_broker
	start_peer echo echo
	open_relay s allow=127.0.0.1 deny=127.0.0.0/8
	client one "$(door s)" 'send a\n' 'expect a\n'
	wait_pid "$CLIENT_PID"
	assert_equal "$(cat "$T/one.1")" a
	status_is s refused 0
}

@test "allow knows the user at a unix socket" {
	start_broker
	start_peer echo echo
	local other=nobody

	[ "$(id -un)" != nobody ] || other=daemon
	open_session s "tcp://127.0.0.1:$port" connections=each \
	    "listen=unix-listen:$T/door" "allow=uid:$other"
	client one "$T/door" wait-eof
	client_said one '^(eof|reset) 1$'
	wait_status s refused 1
	ctl set s "allow=uid:$(id -u)"
	client two "$T/door" 'send a\n' 'expect a\n'
	wait_pid "$CLIENT_PID"
	assert_equal "$(cat "$T/two.1")" a
}

@test "allow and deny say what is wrong with them" {
	start_broker
	refused 2 10.0.0.1/8 ctl open s tcp://127.0.0.1:1 -o allow=10.0.0.1/8
	refused 2 nowhere ctl open s tcp://127.0.0.1:1 -o deny=nowhere
}

@test "more than max-clients wait, and are not refused" {
	start_broker
	start_peer echo echo
	open_relay s max-clients=1
	client one "$(door s)" 'send a\n' 'expect a\n' "wait-file $T/go"
	client_said one '^recv 1 '
	client two "$(door s)" 'send b\n' 'expect b\n'
	client_said two '^connect 1'
	never_within 1 client_said_now two '^recv 1 '
	status_is s accepted 1
	: >"$T/go"
	wait_pid "$CLIENT_PID"
	assert_equal "$(cat "$T/two.1")" b
	status_is s accepted 2
}

client_said_now()
{
	grep -Eq "$2" "$T/$1.events"
}

@test "without descriptors clients wait for a second, and then it goes on" {
	[ -z "${FIFOD_WRAPPER-}" ] || skip "not under another program"
	start_broker
	start_crowd
	open_relay s hold=30
	prlimit --pid "$(engine_pid)" --nofile=60:20000
	background "$T/many" "$CROWD" short 40 1 "$(door_port s)"
	wait_until 10 grep -q 'no descriptor' "$S/log"
	prlimit --pid "$(engine_pid)" --nofile=20000:20000
	wait_pid "$BACKGROUND_PID" 20
	assert_equal "$EXIT_STATUS" 0
	[[ $(cat "$T/many") == *' 0' ]]
}

# ---- namespaces

require_netns()
{
	! is_portable || skip "this build has no network namespaces"
}

netns_make()
{
	require_root
	require_netns
	NETNS=fifod-$$-$RANDOM
	ip netns add "$NETNS" 2>/dev/null || skip "no network namespaces here"
	ip -n "$NETNS" link set lo up
}

netns_end()
{
	[ -z "${NETNS-}" ] || ip netns del "$NETNS" 2>/dev/null || true
}

teardown()
{
	common_teardown
	netns_end
}

@test "one session can dial in one namespace and listen in another" {
	netns_make
	start_broker
	start_peer web http
	open_session s "tcp://127.0.0.1:$port" connections=each \
	    listen=127.0.0.1:0 "listen-netns=$NETNS"
	run -0 ip netns exec "$NETNS" timeout 10 curl -sS "http://$(door s)/in"
	assert_line --partial 'path /in'
	# Out here that port may be somebody else's.
	run curl -sS --max-time 5 "http://$(door s)/out-$NETNS"
	run ! grep "/out-$NETNS" "$T/peer.web.log"
	status_is s accepted 1
}

@test "a server that only a namespace has is reached from outside" {
	netns_make
	start_broker
	background "$T/inner.log" ip netns exec "$NETNS" "$PEER" http
	wait_for_line "$T/inner.log" '^port '
	port=$(sed -n 's/^port //p' "$T/inner.log")
	open_session s "tcp://127.0.0.1:$port" connections=each \
	    "netns=$NETNS" listen=127.0.0.1:0
	run -0 within 10 curl -sS "http://$(door s)/out"
	assert_line --partial 'path /out'
	run -0 within 10 curl -sS --unix-socket "$S/sock" http://h/sock
	assert_line --partial 'path /sock'
}

@test "a namespace that is not there means no door, and none anywhere else" {
	require_netns
	start_broker
	start_peer web http
	run -7 --separate-stderr ctl open s "tcp://127.0.0.1:$port" \
	    -o connections=each -o listen=127.0.0.1:0 \
	    -o listen-netns=no-such-namespace
	[[ $stderr == *"no such network namespace"* ]]
	status_is s listening ''
}
