# framing=http: what each client gets from a server that is slow, wrong or
# gone in mid-reply, and from one that is right in a way that is easily cut
# wrongly.

# Formats are handed on; port, output and the like are set elsewhere.
# shellcheck disable=SC2154,SC2016,SC2034,SC2030,SC2031

load helper/common
load helper/exchange

setup()
{
	common_setup
	start_broker
}

# open_web [KEY=VALUE]…
open_web()
{
	open_session web "http://localhost:$port" "$@"
}

# ---- slow servers

@test "a server that stalls before its reply is a 504 within timeout" {
	scripted a "$REQUEST" 'log heard' wait-eof
	open_web timeout=0.5
	run -0 ask web /1
	failure_is 504 timeout
	facts web last=error error-status=28 uncertain=0 retried=0 \
	    'error=peer sent nothing for timeout=0.5 s'
	run -28 --separate-stderr request_get web /2
	assert_output ''
	[ "$stderr" = 'fifoctl: web: peer sent nothing for timeout=0.5 s' ]
	counted a heard 2
}

@test "a POST that a server does not answer may have worked, and that is told" {
	scripted a "$REQUEST" 'log heard' wait-eof
	open_web timeout=0.5
	run -0 ask web POST /1 body
	failure_is 504 timeout
	facts web last=uncertain error-status=28 uncertain=1
	run -28 --separate-stderr request_send web POST /2 body
	assert_output ''
	facts web uncertain=2
	counted a heard 2
}

@test "a server that stalls within its reply: what came, then the end of file" {
	scripted a "$REQUEST" \
	    'send HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf' wait-eof
	open_web timeout=2
	run -0 ask web /1
	[ "${lines[-1]}" = half ]
	refute_output --partial Fifod-Error
	facts web last=truncated error-status=28 uncertain=0 \
	    'error=*timeout=2 s in the middle of its reply'
	run -28 --separate-stderr request_get web /2
	[ "${lines[-1]}" = half ]
	[[ $stderr == *'in the middle of its reply' ]]
}

@test "timeout= is for the next byte and not for the whole: slow drips are well" {
	scripted a "$REQUEST" \
	    'send-slow 60 HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n'
	open_web timeout=2
	run -0 ask web /1
	assert_output "$OK_HEARD"
	facts web last=complete error= error-status=0
	run -0 --separate-stderr request_get web /2
	assert_output "$OK_HEARD"
}

@test "a connection whose reply came too late is not used again" {
	scripted a 'connection 1' "$REQUEST" "wait-file $T/go" "$OK" wait-eof \
	    'connection 2+' "$REQUEST" \
	    'send HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nmine\n'
	open_web timeout=0.5
	run -0 ask web /1
	failure_is 504 timeout
	ctl set web timeout=10
	: >"$T/go"
	run -0 ask web /2
	assert_line mine
	facts web links=2 last=complete error=
}

@test "timeout= can be set while the session stands" {
	scripted a "$REQUEST" wait-eof
	open_web
	echo set timeout=0.4 >"$FIFOD_DIR/web/ctl"
	wait_status web option.timeout 0.4
	run -0 ask web /1
	failure_is 504 timeout
	facts web 'error=peer sent nothing for timeout=0.4 s'
}

# ---- wrong servers

@test "garbage for a reply is a 502 that says at which byte" {
	scripted a 'connection 1' "$REQUEST" 'send hello there\r\n\r\n' \
	    wait-eof 'connection 2+' "$REQUEST" "$OK"
	open_web
	run -0 ask web /1
	failure_is 502 receive
	assert_line --partial 'byte 1: not HTTP'
	refute_output --partial hello
	facts web last=error error-status=56 'error=not a reply of framing=http: byte 1: *'
	run -0 ask web /2
	assert_output "$OK_HEARD"
	facts web links=2 last=complete error= error-status=0
}

@test "garbage for a reply is 56, and nothing on request's output" {
	scripted a "$REQUEST" 'send SSH-2.0-x\r\n' wait-eof
	open_web
	run -56 --separate-stderr request_get web /1
	assert_output ''
	[[ $stderr == *'not HTTP'* ]]
}

@test "a reply that breaks within its body is cut there" {
	scripted a "$REQUEST" 'send HTTP/1.1 200 OK\r
Transfer-Encoding: chunked\r\n\r\n5\r\nabcd\n\r\n' "wait-file $T/go" \
	    'send xyz\r\n' wait-eof
	open_web
	get web /1
	background "$T/reader" cat "$FIFOD_DIR/web/out"
	wait_for_line "$T/reader" abcd
	: >"$T/go"
	wait_pid "$BACKGROUND_PID"
	run cat "$T/reader"
	assert_line abcd
	refute_output --partial Fifod-Error
	facts web last=truncated error-status=56 \
	    'error=not a reply of framing=http: byte 58: no chunk size *'
}

@test "a reply with two lengths is refused, whatever is in it" {
	scripted a "$REQUEST" 'send HTTP/1.1 200 OK\r\nContent-Length: 3\r
Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n' wait-eof
	open_web
	run -0 ask web /1
	failure_is 502 receive
	facts web last=error error-status=56
}

@test "a reply that nobody asked for ends the connection, and is nobody's" {
	scripted a 'connection 1' "$REQUEST" "$OK" "wait-file $T/go" \
	    'send HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nevil\n' wait-eof \
	    'connection 2+' "$REQUEST" "$OK" loop
	open_web
	run -0 ask web /1
	assert_output "$OK_HEARD"
	: >"$T/go"
	wait_status web state idle
	facts web discarded=43
	log_has web 'peer sent 43 bytes that nobody asked for'
	run -0 ask web /2
	assert_output "$OK_HEARD"
	facts web links=2 last=complete error= error-status=0 uncertain=0
}

@test "a reply with another behind it is delivered alone" {
	scripted a 'connection 1' "$REQUEST" \
	    'send HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\nHTTP/1.1 200 '\
'OK\r\nContent-Length: 5\r\n\r\nevil\n' wait-eof \
	    'connection 2+' "$REQUEST" "$OK" loop
	open_web
	run -0 ask web /1
	assert_output "$OK_HEARD"
	run -0 ask web POST /2 body
	assert_output "$OK_HEARD"
	run -0 request_get web /3
	assert_output "$OK_HEARD"
	facts web links=2 discarded=43 uncertain=0 retried=0
}

@test "bytes before the first request end the connection too" {
	scripted a 'connection 1' "$OK" wait-eof \
	    'connection 2+' "$REQUEST" \
	    'send HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nmine\n' loop
	# Whether it was up for a moment is not ours to say.
	run open_web
	log_has web 'bytes that nobody asked for'
	run -0 ask web /1
	assert_line mine
	facts web links=2 last=complete
}

# ---- requests with a body

@test "a server that answers before the body was read ends the request" {
	head -c 500000 /dev/zero >"$T/body"
	scripted a 'connection 1' "$REQUEST" 'send HTTP/1.1 413 Too Large\r
Connection: close\r\nContent-Length: 4\r\n\r\nbig\n' "wait-file $T/go" \
	    'connection 2+' "$REQUEST" "$OK" loop
	open_web
	background "$T/writer" sh -c '{ printf "%s\r\n" "POST / HTTP/1.1" \
		"Content-Length: 500000" ""; cat "$1"; } >"$2"' sh \
	    "$T/body" "$FIFOD_DIR/web/in"
	run -0 hear web
	assert_line big
	wait_pid "$BACKGROUND_PID"
	[ "$EXIT_STATUS" -eq 0 ]
	facts web last=complete error= uncertain=0
	: >"$T/go"
	run -0 ask web /2
	assert_output "$OK_HEARD"
	facts web links=2 last=complete
}

@test "request takes an early answer for the answer" {
	scripted a "$REQUEST" 'send HTTP/1.1 413 Too Large\r
Connection: close\r\nContent-Length: 4\r\n\r\nbig\n' "wait-file $T/go"
	open_web
	background "$T/out" sh -c '{ printf "%s\r\n" "POST / HTTP/1.1" \
		"Content-Length: 5000000" ""; head -c 5000000 /dev/zero; } |
		"$1" request web' sh "$FIFOCTL"
	wait_pid "$BACKGROUND_PID"
	[ "$EXIT_STATUS" -eq 0 ]
	run cat "$T/out"
	assert_line big
}

@test "a body goes through at any length, once and in order" {
	"$PEER" random 3M 5 >"$T/body"
	scripted a "$REQUEST" 'expect-bytes 3M' "$OK"
	stop_peer a
	peer_more=(--record "$T/got")
	scripted a "$REQUEST" 'expect-bytes 3M' "$OK" loop
	open_web
	say web 'PUT / HTTP/1.1\r\nContent-Length: %d\r\n\r\n' 3145728
	cat "$T/body" >"$FIFOD_DIR/web/in"
	run -0 hear web
	assert_output "$OK_HEARD"
	tail -c 3145728 "$T/got.1" | cmp - "$T/body"
	{
		printf 'PUT / HTTP/1.1\r\nContent-Length: 3145728\r\n\r\n'
		cat "$T/body"
	} >"$T/request"
	"$FIFOCTL" request web <"$T/request" >"$T/out"
	[ "$(cat "$T/out")" = "$OK_HEARD" ]
	tail -c 3145728 "$T/got.1" | cmp - "$T/body"
	facts web links=1 exchanges=2 last=complete
}

@test "Expect: 100-continue: the 100 comes first, and the body after it" {
	local line

	start_peer a http
	open_web
	say web 'PUT /echo/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r
Expect: 100-continue\r\n\r\n'
	exec 8<"$FIFOD_DIR/web/out"
	read -rt 10 line <&8
	[ "$line" = $'HTTP/1.1 100 Continue\r' ]
	say web 'body\n'
	run -0 within 10 cat <&8
	exec 8<&-
	assert_line --index 1 $'HTTP/1.1 200 OK\r'
	assert_line body
	facts web exchanges=1 last=complete
	run -0 request web 'PUT /echo/ HTTP/1.1\r\nContent-Length: 5\r
Expect: 100-continue\r\n\r\nbody\n'
	assert_line --index 0 $'HTTP/1.1 100 Continue\r'
	assert_line body
	facts web exchanges=2 links=1
}

@test "a request written in pieces is one request, and two at once are two" {
	start_peer a http
	open_web
	exec 8>"$FIFOD_DIR/web/in"
	printf 'GET /pieces HT' >&8
	printf 'TP/1.1\r\nHost: ' >&8
	printf 'x\r\n' >&8
	never_within 1 grep -q request "$T/peer.a.log"
	printf '\r\n' >&8
	exec 8>&-
	run -0 hear web
	assert_line 'connection 1 request 1 path /pieces'
	say web 'GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n'
	run -0 hear web
	assert_line 'connection 1 request 2 path /1'
	run -0 hear web
	assert_line 'connection 1 request 3 path /2'
	facts web exchanges=3 links=1
}

# ---- replies that are cut in their own way

@test "HEAD, 204 and 304 have no body, and the next reply is the next one" {
	start_peer a http
	open_web
	say web 'HEAD /1 HTTP/1.1\r\n\r\n'
	run -0 hear web
	assert_line --regexp '^Content-Length: [1-9]'
	refute_output --partial connection
	run -0 ask web /status/204
	assert_line --index 0 --partial 204
	run -0 ask web /status/304
	assert_line --index 0 --partial 304
	run -0 request web 'HEAD /4 HTTP/1.1\r\n\r\n'
	refute_output --partial connection
	run -0 ask web /5
	assert_line 'connection 1 request 5 path /5'
	facts web links=1 exchanges=5 last=complete
}

@test "interim replies come before the one they announce" {
	scripted a "$REQUEST" 'send HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n' \
	    "$OK" loop
	open_web
	run -0 ask web /1
	assert_line --index 0 $'HTTP/1.1 103 Early Hints\r'
	assert_line ok
	run -0 ask web /2
	assert_line ok
	facts web links=1 exchanges=2
}

@test "a chunked reply is passed on as it is, and ends where it ends" {
	start_peer a http
	open_web
	run -0 ask web /chunked/200000
	assert_line $'Transfer-Encoding: chunked\r'
	[ "${lines[-2]}" = $'0\r' ]
	[ "${#output}" -gt 200000 ]
	run -0 ask web /2
	assert_line 'connection 1 request 2 path /2'
	facts web links=1 exchanges=2 last=complete
}

@test "a reply that ends with its connection is complete" {
	start_peer a http
	open_web
	run -0 ask web /until-close/100000
	[ "${#output}" -gt 100000 ]
	facts web last=complete error= error-status=0
	run -0 request_get web /until-close/100000
	[ "${#output}" -gt 100000 ]
	facts web exchanges=2 uncertain=0
}

@test "a reply larger than any pipe is passed on as it comes" {
	scripted a "$REQUEST" \
	    'send HTTP/1.1 200 OK\r\nContent-Length: 8388608\r\n\r\n' \
	    'send-random 8M 3' loop
	open_web
	"$PEER" random 8M 3 | sha256sum >"$T/sum"
	get web /1
	hear web | tail -c 8388608 | sha256sum | cmp - "$T/sum"
	request_get web /2 | tail -c 8388608 | sha256sum | cmp - "$T/sum"
	facts web links=1 exchanges=2 last=complete
}

@test "request -f: a reply of 400 and above is 22, and is not printed" {
	start_peer a http
	open_web
	run -22 --separate-stderr request_get web /status/404 -f
	assert_output ''
	[[ $stderr == *404* ]]
	run -0 request_get web /status/404
	assert_line --index 0 --partial 404
	run -0 request_get web /bytes/300000 -f
	[ "${#output}" -gt 300000 ]
	facts web exchanges=3
}

# ---- TLS

@test "a reply that ends with its connection is cut short without a close_notify" {
	# shellcheck disable=SC2207
	peer_more=($(tls good))
	scripted a "$REQUEST" 'send HTTP/1.1 200 OK\r\n\r\nhalf\n' truncate
	open_session web "https://localhost:$port" "ca=$CERTS/ca.pem"
	run -0 ask web /1
	assert_line half
	refute_output --partial Fifod-Error
	facts web last=truncated error-status=18
	run -18 --separate-stderr request_get web /2
	assert_line half
}

@test "a reply that ends with a close_notify is complete" {
	# shellcheck disable=SC2207
	peer_more=($(tls good))
	scripted a "$REQUEST" 'send HTTP/1.1 200 OK\r\n\r\nall\n' close
	open_session web "https://localhost:$port" "ca=$CERTS/ca.pem"
	run -0 ask web /1
	assert_line all
	facts web last=complete error= error-status=0
	run -0 request_get web /2
	assert_line all
}

@test "two requests cost one TLS handshake" {
	# shellcheck disable=SC2046
	start_peer a http $(tls good)
	open_session web "https://localhost:$port" "ca=$CERTS/ca.pem" \
	    connect=on-demand
	run -0 request_get web /1
	run -0 request_get web /2
	assert_line 'connection 1 request 2 path /2'
	counted a '^handshake' 1
}

# ---- tunnels

@test "101: from there on the client and the peer talk as they like" {
	scripted a "$REQUEST" 'send HTTP/1.1 101 Switching Protocols\r
Upgrade: x\r\n\r\nhello\n' 'exactly ping\n' 'send pong\n' 'exactly bye\n' \
	    wait-eof 'log ended'
	open_web
	start_peer client script --connect "$FIFOD_DIR/web/sock" \
	    -e 'send GET / HTTP/1.1\r\nUpgrade: x\r\n\r\n' -e 'expect hello\n' \
	    -e 'send ping\n' -e 'exactly pong\n' -e 'send bye\n' \
	    -e 'log done' -e half-close -e wait-eof
	wait_peer client 'log 1 done'
	wait_peer a 'log 1 ended'
	wait_peer client '^(eof|close) 1$'
	wait_status web channels 0
}

@test "CONNECT: a 2xx is a tunnel, and its end is the client's end" {
	scripted a "$REQUEST" 'send HTTP/1.1 200 Go on\r\n\r\n' \
	    'exactly ping\n' 'send pong\n' close
	open_web
	start_peer client script --connect "$FIFOD_DIR/web/sock" \
	    -e 'send CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n' \
	    -e 'expect \r\n\r\n' -e 'send ping\n' -e 'exactly pong\n' \
	    -e 'log done' -e wait-eof
	wait_peer client 'log 1 done'
	wait_peer client '^eof 1$'
}

@test "a CONNECT that is refused leaves the connection as it is" {
	scripted a "$REQUEST" 'send HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r
no\n' "$REQUEST" "$OK"
	open_web
	say web 'CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n'
	run -0 hear web
	assert_line no
	run -0 ask web /2
	assert_output "$OK_HEARD"
	facts web links=1 exchanges=2
}

@test "two curls through sock share a connection" {
	command -v curl >/dev/null || skip 'no curl'
	start_peer a http
	open_web
	run -0 curl -sS --unix-socket "$FIFOD_DIR/web/sock" http://x/1
	assert_line 'connection 1 request 1 path /1'
	run -0 curl -sS --unix-socket "$FIFOD_DIR/web/sock" \
	    -d "$(printf '%05000d' 0)" http://x/echo/2
	[ "${#output}" -eq 5000 ]
	facts web links=1
}

# ---- bad requests

@test "a broken request is a 400 for its own client, and never sent" {
	local text

	start_peer a http
	open_web
	run -0 ask web /1
	while IFS='|' read -r code text; do
		say web "$text"
		run -0 hear web
		failure_is "$code" request
		assert_line --regexp '^byte [0-9]+: '
		facts web last=error error-status=2 'error=byte *'
		run -2 --separate-stderr request web "$text"
		assert_output ''
	done <<-'END'
	400|GET\r\n\r\n
	400|hello\r\n\r\n
	400|GET / HTTP/2.0\r\n\r\n
	400| GET / HTTP/1.1\r\n\r\n
	400|GET / HTTP/1.1\r\nBad Name: x\r\n\r\n
	400|GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n
	400|POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n
	400|POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n
	400|POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n
	END
	run -0 ask web /2
	assert_line 'connection 1 request 2 path /2'
	facts web links=1 last=complete error= error-status=0
	counted a '^request' 2
}

@test "a head that has no end is a 431" {
	start_peer a http
	open_web
	{
		printf 'GET / HTTP/1.1\r\n'
		head -c 100000 /dev/zero | tr '\0' a
	} >"$FIFOD_DIR/web/in"
	run -0 hear web
	failure_is 431 request
	facts web last=error error-status=2
	run -0 ask web /2
	assert_line 'connection 1 request 1 path /2'
}

@test "the rest of a broken request is nothing new, though its answer is waited for" {
	local round

	{
		printf 'GET / HTTP/1.1\r\n'
		head -c 66000 /dev/zero | tr '\0' a
	} >"$T/broken"
	start_peer a http
	open_web
	for round in {1..20}; do
		background "$T/answer" cat "$FIFOD_DIR/web/out"
		cat "$T/broken" >"$FIFOD_DIR/web/in"
		wait_pid "$BACKGROUND_PID"
		assert_equal "$(head -n 1 "$T/answer")" \
		    $'HTTP/1.1 431 Request Header Fields Too Large\r'
		run -0 ask web "/$round"
		assert_line "connection 1 request $round path /$round"
	done
}

@test "the answer to a broken request waits for as long as it is written" {
	start_peer a http
	open_web
	background "$T/answer" cat "$FIFOD_DIR/web/out"
	{
		printf 'GET / HTTP/1.1\r\n'
		head -c 100000000 /dev/zero | tr '\0' a
	} >"$FIFOD_DIR/web/in"
	wait_pid "$BACKGROUND_PID"
	assert_equal "$(head -n 1 "$T/answer")" \
	    $'HTTP/1.1 431 Request Header Fields Too Large\r'
	run -0 ask web /1
	assert_line 'connection 1 request 1 path /1'
}

@test "discard drops the answer to a broken request, and later ones do not wait" {
	start_peer a http
	open_web backoff=0.1..0.2
	say web 'nonsense\r\n\r\n'
	wait_until 10 grep -q ' error: ' "$FIFOD_DIR/web/log"
	echo discard >"$FIFOD_DIR/web/ctl"
	wait_until 10 grep -q ' discarded ' "$FIFOD_DIR/web/log"
	run -0 ask web /1
	assert_line 'connection 1 request 1 path /1'
	stop_peer a
	run -0 within 10 bash -c 'printf "GET / HTTP/1.1\r\nHost: x\r\n\r\n" \
	    >"$FIFOD_DIR/web/in" && cat "$FIFOD_DIR/web/out"'
	assert_line --partial ' 502 '
}

@test "a request that has no end is a 408 after timeout-request, and gone" {
	start_peer a http
	open_web timeout-request=1
	say web 'GET /half HTT'
	run -0 hear web
	failure_is 408 timeout
	facts web last=error error-status=28 'error=*timeout-request=1 s*' \
	    discarded=13
	run -0 ask web /2
	assert_line 'connection 1 request 1 path /2'
	facts web links=1 last=complete error= error-status=0
	counted a '^request' 1
}

@test "timeout-request counts from the newest byte, not from the first" {
	start_peer a http
	open_web timeout-request=2
	start_peer client script --connect "$FIFOD_DIR/web/sock" \
	    -e 'send-slow 150 GET / HTTP/1.1\r\n\r\n' -e 'expect 200 OK' \
	    -e 'log done' -e wait-eof
	wait_peer client 'log 1 done'
	wait_status web exchanges 1
	facts web uncertain=0 discarded=0
}

@test "a body that does not come is uncertain: its head was sent" {
	{
		printf 'POST / HTTP/1.1\r\nContent-Length: 200000\r\n\r\n'
		head -c 100000 /dev/zero
	} >"$T/half"
	scripted a "$REQUEST" 'log heard' wait-eof
	open_web timeout-request=1
	cat "$T/half" >"$FIFOD_DIR/web/in"
	wait_peer a heard
	run -0 hear web
	failure_is 408 timeout
	facts web last=uncertain uncertain=1 error-status=28
	wait_peer a '^(eof|close|reset) 1$'
}

@test "standard input that ends too early is no request: 2" {
	start_peer a http
	open_web
	run -2 --separate-stderr request web 'GET / HTTP/1.1\r\n'
	assert_output ''
	[[ $stderr == *'not complete'* ]]
	run -2 --separate-stderr request web ''
	[[ $stderr == *'no request'* ]]
	run -2 --separate-stderr request web \
	    'GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n'
	assert_output ''
	[[ $stderr == *'more than one'* ]]
	run ! grep '^request' "$T/peer.a.log"
}

@test "crlf=yes: a request typed with LF is sent with CRLF, its body untouched" {
	peer_more=(--record "$T/got")
	scripted a "$REQUEST" 'exactly a\nb\n' "$OK"
	open_web crlf=yes
	say web 'POST / HTTP/1.1\nHost: x\r\nContent-Length: 4\n\na\nb\n'
	run -0 hear web
	assert_output "$OK_HEARD"
	printf 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\na\nb\n' |
	    cmp - "$T/got.1"
}

@test "crlf=no, the default: what is written is what is sent" {
	peer_more=(--record "$T/got")
	scripted a 'expect \n\n' "$OK"
	open_web
	say web '\n\r\nGET / HTTP/1.1\nHost: x\n\n'
	run -0 hear web
	assert_output "$OK_HEARD"
	printf 'GET / HTTP/1.1\nHost: x\n\n' | cmp - "$T/got.1"
}
