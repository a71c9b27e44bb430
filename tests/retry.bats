# A link that dies, and what becomes of the request on it: sent again only
# where that does no harm, and never without being told.

# Formats are handed on; port, output and the like are set elsewhere.
# shellcheck disable=SC2154,SC2034,SC2030,SC2031

load helper/common
load helper/exchange
load helper/world

setup()
{
	common_setup
	start_broker
}

# A first exchange, so that the connection is not a fresh one.
warm()
{
	run -0 ask web /warm
	assert_output "$OK_HEARD"
	facts web links=1 exchanges=1 last=complete error= error-status=0
}

# one_of_two STEP: the second request on the first connection meets STEP, and
# whatever comes on later ones is answered
one_of_two()
{
	scripted a 'connection 1' "$REQUEST" "$OK" "$REQUEST" 'log heard' "$1" \
	    'connection 2+' "$REQUEST" 'log again' "$OK" loop
}

# ---- the peer closes

@test "a server that closes after each reply, and says so, goes unnoticed" {
	local n

	start_peer a http --close-after 1
	open_session web "http://localhost:$port"
	for n in 1 2 3 4 5; do
		run -0 ask web POST "/$n" "body $n"
		assert_line "connection $n request 1 path /$n"
		assert_line $'Connection: close\r'
		facts web last=complete error= error-status=0
	done
	run -0 request_send web POST /6 body
	assert_line 'connection 6 request 1 path /6'
	facts web links=6 exchanges=6 retried=0 uncertain=0 discarded=0 error=
	counted a '^request ' 6
}

@test "a server that closes after each reply without a word goes unnoticed" {
	local n

	start_peer a http --drop-after 1
	open_session web "http://localhost:$port"
	for n in 1 2 3 4 5; do
		run -0 ask web "/$n"
		assert_line "connection $n request 1 path /$n"
		facts web last=complete error= error-status=0
	done
	run -0 request_get web /6
	assert_line 'connection 6 request 1 path /6'
	facts web exchanges=6 uncertain=0 discarded=0
	counted a '^request ' 6
}

@test "a server that has closed an idle connection is called again" {
	scripted a 'connection 1' "$REQUEST" "$OK" close \
	    'connection 2+' "$REQUEST" 'log again' "$OK" loop
	open_session web "http://localhost:$port"
	run -0 ask web /1
	wait_status web state idle
	facts web error= error-status=0
	run -0 ask web POST /2 body
	assert_output "$OK_HEARD"
	facts web links=2 retried=0 uncertain=0 last=complete error=
	counted a 'log 2 again' 1
}

@test "the end of a connection is no news to somebody who waits at out" {
	scripted a 'connection 1' "$REQUEST" "$OK" close \
	    'connection 2+' "$REQUEST" "$OK" loop
	open_session web "http://localhost:$port"
	run -0 ask web /1
	background "$T/reader" cat "$FIFOD_DIR/web/out"
	wait_status web state idle
	run ! pid_gone "$BACKGROUND_PID"
	get web /2
	wait_pid "$BACKGROUND_PID"
	[ "$(cat "$T/reader")" = "$OK_HEARD" ]
}

# ---- it resets before a reply

@test "a GET whose reused connection is reset is sent again, and that is told" {
	one_of_two reset
	open_session web "http://localhost:$port"
	warm
	run -0 ask web /2
	assert_output "$OK_HEARD"
	facts web links=2 retried=1 uncertain=0 last=complete error= \
	    error-status=0
	counted a 'log 1 heard' 1
	counted a 'log 2 again' 1
	log_has web 'the request is sent again: .* before any byte'
}

@test "request's GET is sent again as well" {
	one_of_two reset
	open_session web "http://localhost:$port"
	warm
	run -0 --separate-stderr request_get web /2
	assert_output "$OK_HEARD"
	[ -z "$stderr" ]
	facts web links=2 retried=1
}

@test "a request is sent again once, not for ever" {
	scripted a 'connection 1' "$REQUEST" "$OK" 'connection *' "$REQUEST" \
	    'log heard' reset
	open_session web "http://localhost:$port"
	run -0 ask web /1
	run -0 ask web /2
	failure_is 502 receive
	facts web retried=1 uncertain=0 last=error error-status=56
	counted a 'heard' 2
}

@test "a POST is never sent twice: its client is told that it may have worked" {
	one_of_two reset
	open_session web "http://localhost:$port"
	warm
	run -0 ask web POST /2 body
	failure_is 502 uncertain
	facts web retried=0 uncertain=1 last=uncertain error-status=20 \
	    'error=the request was sent and may have been carried out: *'
	counted a 'heard|again' 1
	log_has web 'uncertain: the request was sent'
	run -0 ask web /3
	assert_output "$OK_HEARD"
	facts web last=complete error= error-status=0 uncertain=1
}

@test "request's POST is never sent twice: its exit status is 20" {
	one_of_two reset
	open_session web "http://localhost:$port"
	warm
	run -20 --separate-stderr request_send web POST /2 body
	assert_output ''
	[[ $stderr == "fifoctl: web: the request was sent and may have been"* ]]
	facts web retried=0 uncertain=1
	counted a 'heard|again' 1
}

@test "an end of file before the reply is as uncertain as a reset" {
	one_of_two close
	open_session web "http://localhost:$port"
	warm
	run -0 ask web POST /2 body
	failure_is 502 uncertain
	facts web retried=0 uncertain=1 last=uncertain error-status=20
	counted a 'heard|again' 1
}

@test "on a fresh connection nothing is sent again, not even a GET" {
	scripted a "$REQUEST" 'log heard' reset
	open_session web "http://localhost:$port"
	run -0 ask web /1
	failure_is 502 receive
	facts web retried=0 uncertain=0 last=error error-status=56
	run -56 --separate-stderr request_get web /2
	assert_output ''
	run -20 --separate-stderr request_send web POST /3 body
	assert_output ''
	facts web retried=0 uncertain=1
	counted a 'heard' 3
}

@test "a server that closes without a reply has given an empty one: 52" {
	scripted a "$REQUEST" close
	open_session web "http://localhost:$port"
	run -0 ask web /1
	failure_is 502 empty
	facts web last=error error-status=52
	run -52 --separate-stderr request_get web /2
	assert_output ''
}

# ---- retry=

@test "retry=never sends nothing again" {
	one_of_two reset
	open_session web "http://localhost:$port" retry=never
	warm
	run -0 ask web /2
	failure_is 502 receive
	facts web retried=0 uncertain=0 last=error
	counted a 'heard|again' 1
}

@test "retry=safe sends a GET again, and no PUT" {
	one_of_two reset
	open_session web "http://localhost:$port" retry=safe
	warm
	run -0 ask web /2
	assert_output "$OK_HEARD"
	facts web retried=1
	one_of_two reset
	open_session put "http://localhost:$port" retry=safe
	run -0 ask put /warm
	run -0 ask put PUT /2 body
	failure_is 502 receive
	facts put retried=0 uncertain=0 last=error
	counted a 'heard|again' 1
}

@test "retry=idempotent, the default, sends PUT and DELETE again, with body" {
	local method

	for method in PUT DELETE; do
		scripted a 'connection 1' "$REQUEST" "$OK" "$REQUEST" reset \
		    'connection 2+' "$REQUEST" 'exactly body' 'log again' "$OK"
		open_session "$method" "http://localhost:$port"
		run -0 ask "$method" /warm
		run -0 ask "$method" "$method" /2 body
		assert_output "$OK_HEARD"
		facts "$method" retried=1 uncertain=0
		counted a again 1
	done
}

@test "a body that was not kept is not sent again" {
	head -c 200000 /dev/zero >"$T/body"
	scripted a 'connection 1' "$REQUEST" "$OK" "$REQUEST" \
	    'expect-bytes 200000' reset 'connection 2+' 'log again'
	open_session web "http://localhost:$port"
	run -0 ask web /warm
	say web 'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n'
	cat "$T/body" >"$FIFOD_DIR/web/in"
	run -0 hear web
	failure_is 502 receive
	facts web retried=0 last=error
	run ! grep again "$T/peer.a.log"
}

@test "retry= can be set while the session stands" {
	one_of_two reset
	open_session web "http://localhost:$port"
	warm
	ctl set web retry=never
	run -0 ask web /2
	failure_is 502 receive
	facts web retried=0 option.retry=never
}

# ---- it resets within a reply

@test "a reset in mid-reply: the reader has what came, then its end" {
	scripted a "$REQUEST" \
	    'send HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf' \
	    "wait-file $T/go" reset 'connection 2' "$REQUEST" "$OK"
	open_session web "http://localhost:$port"
	get web /1
	background "$T/reader" cat "$FIFOD_DIR/web/out"
	wait_for_line "$T/reader" half
	: >"$T/go"
	wait_pid "$BACKGROUND_PID"
	[ "$(tail -n 1 "$T/reader")" = half ]
	facts web last=truncated error-status=18 retried=0 uncertain=0 \
	    'error=the reply was cut short after 42 bytes: *'
}

@test "a reset in mid-reply is exit status 18, with what came on output" {
	scripted a "$REQUEST" \
	    'send HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf' \
	    "wait-file $T/go" reset
	open_session web "http://localhost:$port"
	# shellcheck disable=SC2016
	background "$T/reader" sh -c 'printf "GET / HTTP/1.1\r\n\r\n" |
		"$1" request web' sh "$FIFOCTL"
	wait_for_line "$T/reader" half
	: >"$T/go"
	wait_pid "$BACKGROUND_PID"
	[ "$EXIT_STATUS" -eq 18 ]
	run cat "$T/reader"
	assert_line --partial 'cut short'
}

@test "a reply shorter than announced is truncated, at its end of file too" {
	start_peer a http
	open_session web "http://localhost:$port"
	run -0 ask web /short/5
	refute_output --partial Fifod-Error
	facts web last=truncated error-status=18
	run -18 --separate-stderr request_get web /short/5
	assert_output --partial 'HTTP/1.1 200 OK'
	run -0 ask web /3
	facts web last=complete error= error-status=0
}

# ---- it cannot be reached

@test "a refused connection is a 502 in out, and 7 of request" {
	start_peer a script --refuse
	run -7 open_session web "http://127.0.0.1:$port" backoff=0.1..0.2
	run -0 ask web /1
	failure_is 502 connect
	assert_output --partial refused
	facts web last=error error-status=7 'error=*refused*' uncertain=0
	run -7 --separate-stderr request_get web /2
	assert_output ''
	[[ $stderr == 'fifoctl: web: '*refused* ]]
	run -7 --separate-stderr request_send web POST /3 body
	assert_output ''
	facts web uncertain=0 exchanges=3
}

@test "HEAD's answer of the broker's own has no body" {
	start_peer a script --refuse
	run -7 open_session web "http://127.0.0.1:$port" backoff=0.1..0.2
	say web 'HEAD / HTTP/1.1\r\nHost: x\r\n\r\n'
	run -0 hear web
	failure_is 502 connect
	[ "${lines[-1]}" = $'\r' ]
}

@test "while it backs off nobody waits longer than that for the answer" {
	local began

	start_peer a script --refuse
	run -7 open_session web "http://127.0.0.1:$port" backoff=1..1
	wait_status web state backoff
	began=$(ms)
	run -0 ask web /1
	failure_is 502 connect
	(($(ms) - began < 5000))
}

@test "a server that comes back is found, and the next request is answered" {
	start_peer a script --refuse
	run -7 open_session web "http://127.0.0.1:$port" backoff=0.1..0.2
	run -0 ask web /1
	failure_is 502 connect
	make_way a
	start_peer b http -p "$port"
	run -0 ask web /2
	assert_line 'connection 1 request 1 path /2'
	facts web last=complete error= error-status=0 state=up
}

@test "a server that does not answer the call is a 504 after timeout-connect" {
	start_peer full script --no-accept --backlog 0
	background "$T/full" "$PEER" script -e stall --connect \
	    "127.0.0.1:$port"
	wait_for_line "$T/full" '^stall 1$'
	open_session web "http://127.0.0.1:$port" connect=on-demand \
	    timeout-connect=0.5
	run -0 ask web /1
	failure_is 504 timeout
	facts web last=error error-status=28 'error=*timeout-connect=0.5*'
	run -28 --separate-stderr request_get web /2
	assert_output ''
}

@test "a name that nobody knows is a 502 in out, and 6 of request" {
	stop_broker
	world_start
	start_broker
	run -6 open_session web http://no.such.name backoff=0.1..0.2
	run -0 ask web /1
	failure_is 502 resolve
	facts web last=error error-status=6 'error=no.such.name: *'
	run -6 --separate-stderr request_get web /2
	assert_output ''
	[[ $stderr == 'fifoctl: web: no.such.name: '* ]]
	facts web uncertain=0 retried=0
}

# ---- failed for good

@test "a certificate that is not right is 60, and the session has failed" {
	# shellcheck disable=SC2046
	start_peer a http $(tls wrongname)
	run -60 open_session web "https://localhost:$port" "ca=$CERTS/ca.pem"
	facts web state=failed error-status=60
	# Nothing was asked: the end of file at once.
	run -0 hear web
	assert_output ''
	run -60 --separate-stderr request_get web /1
	assert_output ''
	get web /2
	wait_status web last error
	run -0 hear web
	failure_is 502 certificate
	facts web state=failed last=error error-status=60
	counted a '^request' 0
}

@test "reconnect=never: the end of the connection ends the session" {
	scripted a "$REQUEST" "$OK" "wait-file $T/go" close
	open_session web "http://localhost:$port" reconnect=never
	run -0 ask web /1
	background "$T/reader" cat "$FIFOD_DIR/web/out"
	: >"$T/go"
	wait_pid "$BACKGROUND_PID"
	[ ! -s "$T/reader" ]
	facts web state=failed
	run -0 hear web
	assert_output ''
	run -0 hear web
	assert_output ''
	get web /2
	wait_status web last error
	run -0 hear web
	failure_is 502 receive
	run --separate-stderr request_get web /3
	assert_failure
	assert_output ''
	facts web links=1
}

@test "open brings a session that has failed back, and reconnect does" {
	scripted a "$REQUEST" "$OK" "wait-file $T/go" close
	open_session web "http://localhost:$port" reconnect=never
	run -0 ask web /1
	: >"$T/go"
	wait_status web state failed
	run -0 hear web
	rm "$T/go"
	open_session web "http://localhost:$port" reconnect=never
	facts web state=up
	run -0 ask web /2
	assert_output "$OK_HEARD"
	: >"$T/go"
	wait_status web state failed
	rm "$T/go"
	ctl reconnect web
	wait_status web state up
	run -0 ask web /3
	assert_output "$OK_HEARD"
	facts web last=complete error= error-status=0 links=3
}

@test "reconnect=always keeps a connection, asked for or not" {
	scripted a 'connection 1' "$REQUEST" "$OK" close \
	    'connection *' wait-eof
	open_session web "http://localhost:$port" reconnect=always
	run -0 ask web /1
	wait_peer a '^accept 2$'
	wait_status web state up
	facts web links=2 error=
}

# ---- asked for

@test "ctl reconnect changes the connection, and what was sent is told of" {
	scripted a "$REQUEST" 'log heard' wait-eof
	open_session web "http://localhost:$port"
	send web POST /1 body
	wait_peer a 'log 1 heard'
	echo reconnect >"$FIFOD_DIR/web/ctl"
	run -0 hear web
	failure_is 502 uncertain
	facts web last=uncertain error-status=20 uncertain=1
	wait_status web links 2
	counted a heard 1
}

@test "an untouched request goes over the new connection" {
	scripted a 'connection 1' wait-eof 'connection 2' "$REQUEST" "$OK"
	open_session web "http://localhost:$port"
	ctl reconnect web
	run -0 ask web POST /1 body
	assert_output "$OK_HEARD"
	facts web last=complete uncertain=0 retried=0 links=2
}
