# on-connect: a script that logs in, on every fresh connection.

# What is in '…' is for the scripts; port and the like are set elsewhere.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154,SC2034

load helper/common
load helper/exchange

setup()
{
	common_setup
	start_broker
}

# Asks for a password, and then echoes.
GATE=('send login: ' 'expect secret\n' 'send welcome\n')
LOGIN='head -c 7 >/dev/null; echo secret; read -r word && [ "$word" = welcome ]'

@test "a script logs in before any byte of a client" {
	scripted a "${GATE[@]}" 'expect hello\n' 'send heard\n' stall
	open_session s "tcp://127.0.0.1:$port" on-connect="$LOGIN" \
	    connect=on-demand
	say s 'hello\n'
	run -0 within 10 head -n 1 "$S/out"
	assert_output heard
	facts s state=up links=1
	log_has s 'on-connect: done'
}

@test "a script logs in over TLS" {
	read -ra peer_more <<<"$(tls good)"
	scripted a "${GATE[@]}" 'expect hello\n' 'send heard\n' stall
	open_session s "tls://localhost:$port" ca="$CERTS/ca.pem" \
	    on-connect="$LOGIN"
	say s 'hello\n'
	run -0 within 10 head -n 1 "$S/out"
	assert_output heard
	facts s verified=yes*
}

@test "what the peer sends behind the dialogue is the session's, every byte" {
	scripted a 'send login: ' 'expect secret\n' \
	    'send welcome\none\ntwo\n' 'send-random 200000 7' stall
	open_session s "tcp://127.0.0.1:$port" on-connect="$LOGIN"
	wait_status s state up
	run -0 within 10 sh -c 'head -c 8 "$1"' sh "$S/out"
	assert_output $'one\ntwo'
	background "$T/rest" sh -c 'head -c 200000 <"$1" | wc -c' sh "$S/out"
	wait_for_line "$T/rest" '^200000$' 10
	facts s bytes-out=200008
}

@test "the script runs again on each connection, before what waits in in" {
	scripted a 'connection 1' "${GATE[@]}" 'expect one\n' close \
	    'connection 2+' "${GATE[@]}" 'expect two\n' 'send heard two\n' \
	    stall
	open_session s "tcp://127.0.0.1:$port" on-connect="$LOGIN" \
	    backoff=0.1..0.2
	say s 'one\n'
	log_has s '-> backoff'
	say s 'two\n'
	run -0 within 10 head -n 1 "$S/out"
	assert_output 'heard two'
	facts s links=2
}

@test "a script that fails closes the connection: its status and words are the reason" {
	scripted a "${GATE[@]}" stall
	run -7 open_session s "tcp://127.0.0.1:$port" backoff=5..30 \
	    on-connect='echo "wrong password" >&2; exit 3'
	assert_output 'fifoctl: s: on-connect: exit status 3: wrong password (it will be tried again)'
	facts s state=backoff links=0 \
	    'error=on-connect: exit status 3: wrong password'
	log_has s 'on-connect: wrong password$'
	wait_peer a '^(eof|reset)'
}

@test "a script is missing: 127, tried again" {
	scripted a stall loop
	run -7 open_session s "tcp://127.0.0.1:$port" on-connect=no-such-script
	assert_output --partial 'on-connect: exit status 127: sh: 1: no-such-script: not found'
}

@test "a script has as long as timeout-connect, and is ended then" {
	scripted a stall
	run -28 open_session s "tcp://127.0.0.1:$port" timeout-connect=1 \
	    backoff=20..30 on-connect='exec sleep 300'
	assert_output --partial 'no connection within timeout-connect=1 s'
	run -0 sed -n 's/.*on-connect: started: pid //p' "$FIFOD_DIR/s/log"
	wait_until 10 pid_gone "$output"
}

@test "a peer that hangs up on the script is one reason" {
	scripted a 'send no' close
	run -7 open_session s "tcp://127.0.0.1:$port" backoff=5..30 \
	    on-connect='read -r x || { echo "no greeting: $x" >&2; exit 1; }'
	assert_output --partial 'on-connect: exit status 1: no greeting: no'
}

@test "close ends a script that is at work" {
	scripted a stall
	open_session s "tcp://127.0.0.1:$port" on-connect='exec sleep 300' \
	    --no-wait
	log_has s 'on-connect: started: pid'
	pid=$(sed -n 's/.*on-connect: started: pid //p' "$S/log")
	ctl close s
	wait_until 10 pid_gone "$pid"
}

@test "every connection of a pool is logged in on" {
	local i

	scripted a "${GATE[@]}" 'expect \n' 'log asked' "wait-file $T/go" \
	    'send answer\n' stall
	open_session s "tcp://127.0.0.1:$port" framing=line connections=3 \
	    on-connect="$LOGIN"
	for i in 1 2 3; do
		background "$T/r$i" sh -c 'echo $2 | "$1" request s' sh \
		    "$FIFOCTL" "$i"
	done
	for i in 1 2 3; do
		wait_peer a "log $i asked"
	done
	: >"$T/go"
	for i in 1 2 3; do
		wait_for_line "$T/r$i" '^answer$' 10
	done
	facts s links=3
}

@test "the script's words are in the opener's directory and environment" {
	scripted a 'expect word\n' 'send ok\n' stall
	mkdir "$T/here"
	printf 'echo "$WORD"; read -r x; pwd >where\n' >"$T/here/script"
	cd "$T/here"
	WORD=word open_session s "tcp://127.0.0.1:$port" \
	    on-connect='. ./script'
	cd /
	[ "$(cat "$T/here/where")" = "$T/here" ]
}

@test "on-connect is the opener's alone to say" {
	scripted a stall
	open_session s "tcp://127.0.0.1:$port"
	echo "set on-connect=touch $T/wrong" >"$S/ctl"
	log_has s 'on-connect cannot be changed'
}

@test "redis wants a password, and gets it on each connection" {
	command -v redis-server >/dev/null || skip 'no redis-server'
	hold_port
	background "$T/redis" redis-server --port "$port" --bind 127.0.0.1 \
	    --save '' --requirepass sesame --dir "$T"
	wait_for_line "$T/redis" 'Ready to accept connections' 20
	open_session r "tcp://127.0.0.1:$port" framing=resp \
	    on-connect='printf "AUTH sesame\r\n"; read -r ok; [ "${ok%?}" = +OK ]'
	say r 'INCR counter\r\n'
	run -0 hear r
	assert_output $':1\r'
	ctl reconnect r
	say r 'INCR counter\r\n'
	run -0 hear r
	assert_output $':2\r'
	run -7 open_session w "tcp://127.0.0.1:$port" framing=resp \
	    on-connect='printf "AUTH wrong\r\n"; read -r ok; [ "${ok%?}" = +OK ] ||
	    { echo "$ok" >&2; exit 1; }'
	assert_output --partial 'on-connect: exit status 1: -WRONGPASS'
}

@test "a greeting that the script has read is not waited for" {
	scripted a 'send 220 there\r\n' 'expect EHLO' \
	    'send 250-one\r\n250 two\r\n' 'expect NOOP\r\n' \
	    'send 250 ok\r\n' stall
	open_session m "tcp://127.0.0.1:$port" framing=smtp \
	    on-connect='read -r x; echo EHLO me; read -r x; read -r x'
	say m 'NOOP\r\n'
	run -0 hear m
	assert_output $'250 ok\r'
}

@test "the examples of logging in run" {
	printf sesame >"$T/secret"
	printf '\0me\0sesame' >"$T/plain"
	peer_more=()
	scripted a 'expect AUTH sesame\r\n' 'send +OK\r\n' stall
	redis=$port
	read -ra peer_more <<<"$(tls good)"
	scripted b 'send 220 there\r\n' 'expect EHLO client\r\n' \
	    'send 250-one\r\n250-two\r\n250 three\r\n' \
	    'expect AUTH PLAIN AG1lAHNlc2FtZQ==\r\n' 'send 235 yes\r\n' stall
	awk '/^\.S[hs] / { here = $0 == ".Sh LOGGING IN" }
	    /^\.Ed/ { on = 0 } on { print } /^\.Bd -literal/ && here { on = 1 }' \
	    "$TESTS/../share/man/fifod-session.7.in" | sed -e 's/\\e/\\/g' \
	    -e "s|example.org:6379|127.0.0.1:$redis|" \
	    -e "s|example.org:465|localhost:$port|" \
	    -e "s|framing=line|& -o ca=$CERTS/ca.pem|" >"$T/example"
	cd "$T"
	PATH=${FIFOCTL%/*}:$PATH run -0 within 20 sh -eu ./example
	wait_status store state up
	wait_status mail state up
}
