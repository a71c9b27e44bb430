# Exchanges: each request has its reply, in the order of the requests, and
# what becomes of those that nobody reads, that wait, and that are given up.

# Formats are handed on; port, output and the like are set elsewhere.
# shellcheck disable=SC2154,SC2016,SC2034,SC2030,SC2031,SC2059

load helper/common
load helper/command
load helper/exchange
load helper/world

setup()
{
	common_setup
	start_broker
}

# open_lines [KEY=VALUE]…: to a peer that sends back each line
open_lines()
{
	start_peer a echo
	open_session s "tcp://localhost:$port" framing=line "$@"
}

# line SESSION TEXT: one exchange of lines by `in' and `out'
line()
{
	say "$1" '%s\n' "$2"
	hear "$1"
}

# private SESSION: a private channel; CHANNEL is its directory
private()
{
	CHANNEL=$(ctl channel "$1")
}

# ---- order

@test "replies that nobody has read yet are read in the order of the requests" {
	start_peer a http
	open_session web "http://localhost:$port"
	many web / 5
	for path in 1 2 3 4 5; do
		run -0 hear web
		assert_line --partial "path /$path"
	done
	facts web exchanges=5 last=complete discarded=0
}

@test "lines have lines for replies" {
	open_lines
	run -0 line s hello
	assert_output hello
	run -0 line s ''
	assert_output ''
	run -0 request s 'by request\n'
	assert_output 'by request'
	facts s exchanges=3 last=complete links=1
}

@test "pipeline=N: so many wait for their replies on one connection" {
	local n

	scripted a 'expect 1\n2\n3\n' 'log three' "wait-file $T/go" \
	    'send a\nb\nc\n' 'expect 4\n' 'send d\n' wait-eof
	open_session s "tcp://localhost:$port" framing=line pipeline=3
	say s '1\n2\n3\n4\n'
	wait_peer a 'three'
	never_within 1 status_is s bytes-in 8
	: >"$T/go"
	for n in a b c d; do
		run -0 hear s
		assert_output "$n"
	done
	facts s exchanges=4 links=1
}

@test "pipeline=1, the default: the next is sent when its forerunner is answered" {
	scripted a 'exactly 1\n' 'log one' "wait-file $T/go" 'send a\n' \
	    'exactly 2\n' 'send b\n' wait-eof
	open_session s "tcp://localhost:$port" framing=line
	say s '1\n2\n'
	wait_peer a 'one'
	[ "$(status_of s bytes-in)" -eq 2 ]
	: >"$T/go"
	run -0 hear s
	assert_output a
	run -0 hear s
	assert_output b
}

@test "of pipelined requests whose connection dies those never sent are sent" {
	scripted a 'connection 1' 'exactly 1\n2\n' reset \
	    'connection 2' 'log again' 'exactly 3\n' 'send c\n' wait-eof
	open_session s "tcp://localhost:$port" framing=line pipeline=2
	say s '1\n2\n3\n'
	wait_until 10 status_is s uncertain 2
	run -0 hear s
	assert_output ''
	run -0 hear s
	assert_output ''
	run -0 hear s
	assert_output c
	facts s uncertain=2 links=2 retried=0 last=complete
}

@test "a reply goes to the channel that asked, however many ask" {
	local n dirs=() pids=()

	start_peer a http
	open_session web "http://localhost:$port" connections=3
	for n in 1 2 3 4 5 6; do
		private web
		dirs+=("$CHANNEL")
		background "$T/client.$n" sh -c 'for i in 1 2 3 4 5 6 7 8; do
			printf "GET /%s HTTP/1.1\r\n\r\n" "$2/$i" >"$1/in"
			grep "path /$2/$i\$" <"$1/out" >>"$3" || exit 1
		done' sh "$CHANNEL" "$n" "$T/replies.$n"
		pids+=("$BACKGROUND_PID")
	done
	for n in "${pids[@]}"; do
		wait_pid "$n" 20
		[ "$EXIT_STATUS" -eq 0 ]
	done
	facts web exchanges=48 discarded=0
	[ "$(status_of web links)" -le 3 ]
	# One that came last and was not needed may not be accepted yet.
	wait_until 10 counted a '^accept ' "$(status_of web links)"
}

# ---- connections=

@test "connections=1, the default: all exchanges share one" {
	local n pids=()

	start_peer a http --delay 30
	open_session web "http://localhost:$port"
	for n in 1 2 3 4 5; do
		background "$T/client.$n" sh -c 'printf "GET /%d HTTP/1.1\r\n\r
\n" "$2" | "$1" request web' sh "$FIFOCTL" "$n"
		pids+=("$BACKGROUND_PID")
	done
	for n in 1 2 3 4 5; do
		wait_pid "${pids[$n - 1]}"
		[ "$EXIT_STATUS" -eq 0 ]
		grep -q "path /$n\$" "$T/client.$n"
	done
	facts web links=1 exchanges=5
}

@test "connections=N: as many as are wanted at once, and no more" {
	local n pids=()

	scripted a "$REQUEST" 'log heard' "wait-file $T/go" "$OK" loop
	open_session web "http://localhost:$port" connections=3
	for n in 1 2 3 4 5; do
		background "$T/client.$n" sh -c 'printf "GET /%d HTTP/1.1\r\n\r
\n" "$2" | "$1" request web' sh "$FIFOCTL" "$n"
		pids+=("$BACKGROUND_PID")
	done
	wait_peer a 'log 3 heard'
	never_within 1 grep -q 'accept 4' "$T/peer.a.log"
	: >"$T/go"
	for n in "${pids[@]}"; do
		wait_pid "$n"
		[ "$EXIT_STATUS" -eq 0 ]
	done
	facts web links=3 exchanges=5
	counted a heard 5
}

@test "connections=N: the next request in turn takes the first that is free" {
	start_peer a http
	open_session web "http://localhost:$port" connections=3
	run -0 ask web /1
	run -0 ask web /2
	run -0 request_get web /3
	assert_line 'connection 1 request 3 path /3'
	facts web links=1
}

@test "connections=N: where no further one is to be had, those there are do" {
	local n pids=()

	peer_more=(-n 1)
	scripted a "$REQUEST" 'log heard' "wait-file $T/go" "$OK" loop
	open_session web "http://localhost:$port" connections=2 backoff=0.2..0.2
	for n in 1 2; do
		background "$T/client.$n" sh -c 'printf "GET /%d HTTP/1.1\r\n\r
\n" "$2" | "$1" request web' sh "$FIFOCTL" "$n"
		pids+=("$BACKGROUND_PID")
		wait_peer a heard
	done
	log_has web refused
	run ! wait_until 1 pid_gone "$BACKGROUND_PID"
	# It is tried again, and not in a loop.
	[ "$(grep -c refused "$FIFOD_DIR/web/log")" -lt 100 ]
	: >"$T/go"
	for n in "${pids[@]}"; do
		wait_pid "$n"
		[ "$EXIT_STATUS" -eq 0 ]
	done
	[ "$(cat "$T/client.1" "$T/client.2")" = \
	    "$OK_HEARD"$'\n'"$OK_HEARD" ]
	facts web links=1 exchanges=2 uncertain=0 state=up
}

@test "connections=each: every channel has one of its own" {
	start_peer a http
	open_session web "http://localhost:$port" connections=each
	run -0 ask web /1
	assert_line 'connection 1 request 1 path /1'
	private web
	printf 'GET /2 HTTP/1.1\r\n\r\n' >"$CHANNEL/in"
	run -0 within 10 cat <"$CHANNEL/out"
	assert_line 'connection 2 request 1 path /2'
	run -0 ask web /3
	assert_line 'connection 1 request 2 path /3'
	run -0 request_get web /4
	assert_line 'connection 3 request 1 path /4'
	wait_peer a '^eof 3$|^close 3$'
	ctl channel "--close=$CHANNEL"
	wait_peer a '^eof 2$|^close 2$'
	facts web links=3 exchanges=4 state=up
}

# ---- how long a connection is used

@test "max-requests=N: a connection carries so many and is closed" {
	local n

	start_peer a http
	open_session web "http://localhost:$port" max-requests=2
	for n in 1 2 3 4 5; do
		run -0 ask web POST "/$n" body
		assert_line "connection $(((n + 1) / 2)) request $(((n + 1) % 2 +
		    1)) path /$n"
	done
	facts web links=3 exchanges=5 retried=0 uncertain=0 error=
}

@test "max-age=SEC: an older connection is not used again" {
	start_peer a http
	open_session web "http://localhost:$port" max-age=2 connect=on-demand
	run -0 ask web /1
	wait_until 10 older_than web 2000
	run -0 ask web POST /2 body
	assert_line 'connection 2 request 1 path /2'
	facts web links=2 retried=0 uncertain=0 error=
	log_has web 'older than max-age=2 s'
}

# older_than SESSION MS: since it entered its state
older_than()
{
	local since

	since=$(date -d "$(status_of "$1" since)" +%s%3N)
	(($(ms) - since > $2))
}

@test "idle=SEC: a connection without exchanges is closed, and called again" {
	start_peer a http
	open_session web "http://localhost:$port" idle=0.3 connect=on-demand
	run -0 ask web /1
	wait_status web state idle
	wait_peer a '^(eof|close) 1$'
	log_has web 'closed: idle for 0.3 s'
	run -0 ask web POST /2 body
	assert_line 'connection 2 request 1 path /2'
	facts web links=2 uncertain=0 retried=0 error=
}

@test "idle=SEC is no limit for an exchange" {
	start_peer a http
	open_session web "http://localhost:$port" idle=0.3 connect=on-demand
	run -0 ask web /delay/1000
	assert_line 'connection 1 request 1 path /delay/1000'
	facts web links=1
}

# ---- replies that nobody reads, or not whole

# leave SESSION: a reader takes the first line of the reply, and leaves
leave()
{
	local first

	read -rt 10 first <"$FIFOD_DIR/$1/out"
	[ "$first" = $'HTTP/1.1 200 OK\r' ]
}

# ask_again SESSION PATH: as `ask', by a client that does not overtake the
# broker on a busy machine: one that opens `out' before it has seen the request
# finds what the other has left
ask_again()
{
	get "$@"
	log_has "$1" 'the next request has begun'
	run -0 hear "$1"
}

@test "a reader that leaves in mid-reply costs the next one nothing" {
	start_peer a http
	open_session web "http://localhost:$port"
	get web /bytes/3000
	leave web
	ask_again web /2
	assert_line --index 0 $'HTTP/1.1 200 OK\r'
	assert_line 'connection 1 request 2 path /2'
	refute_line 'connection 1 request 1 path /bytes/3000'
	facts web links=1 last=complete
	[ "$(status_of web discarded)" -gt 3000 ]
	log_has web 'bytes of the reply before were not read, and are dropped'
}

@test "what is left of a reply still under way is read and dropped" {
	start_peer a http
	open_session web "http://localhost:$port"
	get web /bytes/1000000
	leave web
	ask_again web /2
	assert_line 'connection 1 request 2 path /2'
	facts web links=1 last=complete exchanges=2
}

@test "where too much is left of it, its connection is closed instead" {
	start_peer a http
	open_session web "http://localhost:$port"
	get web /bytes/30000000
	leave web
	ask_again web /2
	assert_line 'connection 2 request 1 path /2'
	facts web links=2 last=complete error=
}

@test "leftover=keep: the next reader has the rest first" {
	start_peer a http
	open_session web "http://localhost:$port" leftover=keep
	get web /bytes/3000
	leave web
	get web /2
	run -0 hear web
	assert_line 'connection 1 request 1 path /bytes/3000'
	refute_line --partial 'path /2'
	run -0 hear web
	assert_line 'connection 1 request 2 path /2'
	facts web discarded=0 links=1
}

@test "leftover= can be set while the session stands" {
	start_peer a http
	open_session web "http://localhost:$port" leftover=keep
	ctl set web leftover=discard
	get web /bytes/3000
	leave web
	ask_again web /2
	assert_line 'connection 1 request 2 path /2'
}

@test "a client of request that dies leaves its reply to nobody" {
	scripted a 'connection 1' "$REQUEST" 'log heard' "wait-file $T/go" \
	    'send HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhers\n' \
	    "$REQUEST" "$OK"
	open_session web "http://localhost:$port"
	background "$T/out" sh -c 'printf "GET / HTTP/1.1\r\n\r\n" |
		exec "$1" request web' sh "$FIFOCTL"
	wait_peer a heard
	pkill -KILL -P "$BACKGROUND_PID" fifoctl ||
	    kill -KILL "$BACKGROUND_PID"
	wait_pid "$BACKGROUND_PID" || true
	wait_until 10 status_is web channels 0
	: >"$T/go"
	run -0 ask web /2
	assert_output "$OK_HEARD"
	facts web links=1 discarded=43 last=complete
}

@test "a reader that has left before the reply came costs the next one nothing" {
	scripted a "$REQUEST" "wait-file $T/go" \
	    'send HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nlate\n' \
	    "$REQUEST" "$OK" wait-eof
	open_session web "http://localhost:$port"
	get web /late
	run -124 timeout 0.2 cat <"$FIFOD_DIR/web/out"
	: >"$T/go"
	# Nobody has touched it: it is the next one to be read.
	run -0 hear web
	assert_line late
	run -0 ask web /2
	assert_output "$OK_HEARD"
}

@test "timeout-read: a reply that is not read gives way to those that wait" {
	start_peer a http
	open_session web "http://localhost:$port" timeout-read=0.5
	get web /bytes/1200000
	hold_reader "$FIFOD_DIR/web/out"
	wait_until 10 status_is web bytes-in 48
	run -0 request_get web /2
	assert_line --regexp 'connection [12] request [12] path /2'
	facts web last=cancelled 'error=its reply was not read for *' \
	    error-status=130
	log_has web 'cancelled: its reply was not read for timeout-read=0.5 s'
	stop_pid "$HELD_PID"
}

@test "timeout-read is no limit where nobody waits" {
	start_peer a http
	open_session web "http://localhost:$port" timeout-read=0.3
	get web /bytes/3000000
	hold_reader "$FIFOD_DIR/web/out"
	run ! wait_until 1 grep -q cancelled "$FIFOD_DIR/web/log"
	stop_pid "$HELD_PID"
	facts web last=none
	hear web >"$T/out"
	size_over "$T/out" 3000000
	facts web last=complete links=1
}

@test "unread replies do not make the requests behind them fail" {
	start_peer a http
	open_session web "http://localhost:$port" timeout=2
	many web / 4
	run ! wait_until 3 grep -q 'error' "$FIFOD_DIR/web/log"
	for path in 1 2 3 4; do
		run -0 hear web
		assert_line --partial "path /$path"
	done
	facts web exchanges=4 last=complete error=
}

# ---- what is asked of a session

@test "ctl discard drops what was asked, what is half asked and what is unread" {
	start_peer a http
	open_session web "http://localhost:$port"
	many web /old/ 3
	wait_until 10 grep -q 'request 1 2' "$T/peer.a.log"
	say web 'GET /half HT'
	echo discard >"$FIFOD_DIR/web/ctl"
	log_has web 'discarded [0-9]+ bytes'
	run -0 ask web /new
	assert_line --index 0 $'HTTP/1.1 200 OK\r'
	assert_line --partial 'path /new'
	refute_line --partial old
	[ "$(status_of web discarded)" -gt 100 ]
	facts web last=complete error=
}

@test "closing finishes what is under way" {
	scripted a "$REQUEST" 'log heard' "wait-file $T/go" "$OK" wait-eof
	open_session web "http://localhost:$port"
	background "$T/out" sh -c 'printf "GET / HTTP/1.1\r\n\r\n" |
		"$1" request web' sh "$FIFOCTL"
	client=$BACKGROUND_PID
	wait_peer a heard
	background "$T/close" "$FIFOCTL" close web
	wait_status web state closing
	: >"$T/go"
	wait_pid "$client"
	[ "$EXIT_STATUS" -eq 0 ]
	[ "$(cat "$T/out")" = "$OK_HEARD" ]
	wait_pid "$BACKGROUND_PID"
	[ "$EXIT_STATUS" -eq 0 ]
	[ ! -e "$FIFOD_DIR/web" ]
}

@test "close --now ends it, and request tells what became of it" {
	scripted a "$REQUEST" 'log heard' wait-eof
	open_session web "http://localhost:$port"
	background "$T/out" sh -c 'printf "GET / HTTP/1.1\r\n\r\n" |
		"$1" request web' sh "$FIFOCTL"
	wait_peer a heard
	ctl close web --now
	wait_pid "$BACKGROUND_PID"
	[ "$EXIT_STATUS" -eq 130 ]
	[ "$(cat "$T/out")" = \
	    'fifoctl: web: cancelled before the reply was whole' ]
}

@test "close --now: a POST that was sent is uncertain, one that was not is 55" {
	local first second

	scripted a "$REQUEST" 'log heard' wait-eof
	open_session web "http://localhost:$port"
	background "$T/first" sh -c 'printf "POST / HTTP/1.1\r\n\r\n" |
		"$1" request web' sh "$FIFOCTL"
	first=$BACKGROUND_PID
	wait_peer a heard
	background "$T/second" sh -c 'printf "POST / HTTP/1.1\r\n\r\n" |
		"$1" request web' sh "$FIFOCTL"
	second=$BACKGROUND_PID
	# It is whole, and waits.
	wait_status web queued 19
	ctl close web --now
	wait_pid "$first"
	[ "$EXIT_STATUS" -eq 20 ]
	grep -q 'may have been carried out' "$T/first"
	wait_pid "$second"
	[ "$EXIT_STATUS" -eq 55 ]
	grep -q 'was not sent' "$T/second"
}

@test "request -t: it gives up in time and says whether it was sent" {
	scripted a "$REQUEST" 'log heard' wait-eof
	open_session web "http://localhost:$port"
	# Long enough for a busy machine to send it.
	run -28 --separate-stderr request_get web /1 -t 3
	assert_output ''
	[[ $stderr == *'the request was sent' ]]
	# The reply that is still to come is nobody's.
	facts web uncertain=0
	run -28 --separate-stderr request_get web /2 -t 0.4
	[[ $stderr == *'was not sent' ]]
	counted a heard 1
}

@test "options of a running session change what comes next" {
	start_peer a http
	open_session web "http://localhost:$port"
	ctl set web max-requests=1
	run -0 ask web /1
	run -0 ask web /2
	assert_line 'connection 2 request 1 path /2'
	ctl set web max-requests=0
	run -0 ask web /3
	run -0 ask web /4
	assert_line 'connection 3 request 2 path /4'
	ctl set web idle=0.3
	run -0 ask web /5
	wait_status web state idle
	refused 1 'framing cannot be changed while the session stands' \
	    ctl set web framing=line
	refused 1 'connections cannot be changed' ctl set web connections=2
	refused 2 'retry: "often" is none of never, safe, idempotent' \
	    ctl set web retry=often
	facts web option.framing=http option.retry=idempotent
}

@test "a value that does not fit is refused when the session is opened" {
	local text options

	start_peer a http
	while IFS='|' read -r options text; do
		# shellcheck disable=SC2086
		refused 2 "$text" open_session x "tcp://localhost:$port" \
		    $options
		[ ! -e "$FIFOD_DIR/x" ]
	done <<-'END'
	framing=prompt:(|no POSIX extended regular expression
	framing=prompt:|no REGEX; write prompt:REGEX
	framing=prompt|no REGEX; write prompt:REGEX
	framing=prompt:a*|matches where nothing is
	framing=prompt:\d>|is not of POSIX extended regular expressions
	framing=nonsense|"nonsense" is no framing; there are stream, line
	framing=line:3|line takes no argument
	framing=fixed|fixed:N
	framing=fixed:0|fixed:
	framing=fixed:x|fixed:
	framing=delim:|delim:
	framing=length:u24|length:
	framing=idle:0|idle:
	framing=http pipeline=2|pipeline=2: framing=http takes one request
	delivery=message|framing=stream has no messages
	connections=2|in a stream there is one, or each client has its own
	framing=line connections=0|"0" is neither a number from 1 to 1000 nor each
	framing=line connections=all|"all" is neither a number from 1 to 1000
	framing=line pipeline=0|"0" is not a whole number from 1 to 1000
	framing=line timeout=0|"0" is not a number of seconds from
	framing=line timeout=soon|"soon" is not a number of seconds
	framing=line max-message=1|"1" is not a size
	framing=line retry=always|is none of never, safe, idempotent
	framing=line leftover=drop|is neither discard nor keep
	framing=line delivery=line|is none of message, stream
	framing=line max-requests=-1|"-1" is not a whole number from
	END
	refused 2 'a path belongs into each request' \
	    open_session x "http://localhost:$port/path"
	refused 1 'framing=stream has no requests' sh -c '
		"$1" open s "tcp://localhost:$2" >/dev/null
		echo x | "$1" request s' sh "$FIFOCTL" "$port"
}

# ---- what status says, and when

@test "the status file is written before the end of file" {
	local n want

	scripted a 'connection 1' "$REQUEST" "$OK" "$REQUEST" \
	    'send HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf' close \
	    'connection 2' "$REQUEST" "$OK" "$REQUEST" \
	    'send HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf' close \
	    'connection 3+' "$REQUEST" "$OK" "$REQUEST" reset
	open_session web "http://localhost:$port" retry=never
	for n in complete truncated complete truncated complete error \
	    complete error complete error; do
		get web "/$n"
		cat <"$FIFOD_DIR/web/out" >"$T/out"
		want=$(sed -n 's/^last=//p' "$FIFOD_DIR/web/status")
		[ "$want" = "$n" ]
		[ "$(ctl status web last)" = "$n" ]
	done
}

@test "a private channel's status is of its own exchanges" {
	start_peer a http
	open_session web "http://localhost:$port"
	private web
	printf 'GET /short/4 HTTP/1.1\r\n\r\n' >"$CHANNEL/in"
	run -0 within 10 cat <"$CHANNEL/out"
	run -0 cat "$CHANNEL/status"
	assert_line last=truncated
	assert_line error-status=18
	assert_line --partial 'error=the reply was cut short'
	facts web last=none
	run -0 ask web /2
	facts web last=complete error= error-status=0 exchanges=2
	run -0 cat "$CHANNEL/status"
	assert_line last=truncated
}

# ---- framings without words of their own for a failure

@test "without a reply of its own for a failure a framing has the end of file" {
	scripted a 'connection 1' 'expect \n' reset 'connection 2' \
	    'expect \n' 'send half' reset 'connection 3' 'expect \n' wait-eof
	open_session s "tcp://localhost:$port" framing=line timeout=3 \
	    backoff=0.01..0.02
	run -0 line s one
	assert_output ''
	facts s last=uncertain error-status=20 uncertain=1
	run -0 line s two
	assert_output half
	facts s last=truncated error-status=18
	run -0 line s three
	assert_output ''
	facts s last=uncertain error-status=28 uncertain=2
}

@test "nothing is ever sent again in a framing that cannot know" {
	scripted a 'connection 1' 'exactly 1\n' 'send a\n' 'exactly 2\n' \
	    'log heard' reset 'connection 2+' 'expect \n' 'log again'
	open_session s "tcp://localhost:$port" framing=line retry=idempotent
	run -0 line s 1
	run -20 --separate-stderr request s '2\n'
	assert_output ''
	facts s retried=0 uncertain=1
	run ! grep -q again "$T/peer.a.log"
}

@test "a line longer than max-message is refused, and none of it is sent" {
	start_peer a echo --record "$T/got"
	open_session s "tcp://localhost:$port" framing=line max-message=100
	{
		head -c 300000 /dev/zero | tr '\0' x
		echo
	} >"$FIFOD_DIR/s/in"
	run -0 hear s
	assert_output ''
	facts s last=error error-status=2 \
	    'error=the request has no end within max-message*'
	run -0 line s short
	assert_output short
	facts s last=complete links=1
	[ "$(cat "$T/got.1")" = short ]
	run -2 --separate-stderr request s '%0200d\n' 0
	assert_output ''
	[ "$(cat "$T/got.1")" = short ]
}

@test "a line that is never finished is dropped after timeout-request" {
	start_peer a echo --record "$T/got"
	open_session s "tcp://localhost:$port" framing=line timeout-request=0.3
	say s 'half a li'
	run -0 hear s
	assert_output ''
	facts s last=error error-status=28 discarded=9
	run -0 line s whole
	assert_output whole
	[ "$(cat "$T/got.1")" = whole ]
}

@test "crlf=yes: each LF becomes CR LF, and one that has its CR stays" {
	start_peer a echo --record "$T/got"
	open_session s "tcp://localhost:$port" framing=line crlf=yes
	run -0 line s one
	assert_output $'one\r'
	run -0 line s $'two\r'
	assert_output $'two\r'
	printf 'one\r\ntwo\r\n' | cmp - "$T/got.1"
	ctl set s crlf=no
	run -0 line s three
	printf 'one\r\ntwo\r\nthree\n' | cmp - "$T/got.1"
}

@test "delivery=stream: replies follow each other without an end of file" {
	local one two

	open_lines delivery=stream
	exec 4<"$FIFOD_DIR/s/out"
	say s 'first\n'
	read -rt 10 one <&4
	say s 'second\nthird\n'
	read -rt 10 two <&4
	[ "$one $two" = 'first second' ]
	read -rt 10 two <&4
	[ "$two" = third ]
	run ! read -rt 0.3 two <&4
	exec 4<&-
	facts s exchanges=3 last=complete
}

@test "read, line after line, and cat may take turns" {
	local one

	open_lines
	for n in 1 2 3; do
		say s 'for read\n'
		read -rt 10 one <"$FIFOD_DIR/s/out"
		[ "$one" = 'for read' ]
		run -0 line s 'for cat'
		assert_output 'for cat'
	done
	facts s exchanges=6 discarded=0
}

@test "bytes that nobody asked for end the connection of lines too" {
	scripted a 'connection 1' 'exactly 1\n' 'send a\nevil\n' wait-eof \
	    'connection 2' 'exactly 2\n' 'send b\n' wait-eof
	open_session s "tcp://localhost:$port" framing=line
	run -0 line s 1
	assert_output a
	run -0 line s 2
	assert_output b
	facts s links=2 discarded=5 uncertain=0
}

# ---- each framing

@test "each framing cuts requests and replies in its own way" {
	local framing one two n=0

	start_peer a echo
	while IFS=' ' read -r framing one two; do
		n=$((n + 1))
		open_session "f$n" "tcp://localhost:$port" "framing=$framing"
		printf "$one$two" >"$FIFOD_DIR/f$n/in"
		hear "f$n" >"$T/one"
		hear "f$n" >"$T/two"
		printf "$one" | cmp - "$T/one"
		printf "$two" | cmp - "$T/two"
		printf "$two" | within 10 "$FIFOCTL" request "f$n" >"$T/two"
		printf "$two" | cmp - "$T/two"
		facts "f$n" exchanges=3 links=1 last=complete
	done <<-'END'
	line one\n two\n
	nul one\0 two\nlines\0
	delim:\n.\n one\n.\n two\nlines\n.\n
	fixed:4 1\0\n4 abcd
	netstring 3:one, 9:two\nlines,
	length:u8 \003one \000
	length:u16be \000\003one \000\000
	length:u32le \003\000\000\000one \000\000\000\000
	json {"a":[1,"}"]} {"b":{}}
	resp +one\r\n +two\r\n
	END
	[ "$n" -eq 10 ]
}

@test "framing=prompt: a reply ends with a prompt, and the greeting is no reply" {
	scripted a 'send welcome\n> ' 'expect \n' 'send one\ntwo\n> ' \
	    'expect \n' 'send three\n> ' wait-eof
	open_session s "tcp://localhost:$port" 'framing=prompt:^> $'
	run -0 line s ls
	assert_output $'one\ntwo\n> '
	run -0 line s ls
	assert_output $'three\n> '
	facts s exchanges=2 last=complete greeting=welcome
}

@test "framing=idle: a reply ends with silence" {
	scripted a 'expect \n' 'send one\ntwo\n' 'expect \n' 'send three\n' \
	    wait-eof
	open_session s "tcp://localhost:$port" framing=idle:200
	run -0 line s ls
	assert_output $'one\ntwo'
	run -0 line s ls
	assert_output three
	facts s exchanges=2 last=complete
}

@test "framing=pop3: RETR has a reply of many lines, where it is well" {
	scripted a 'send +OK hello\r\n' 'expect \r\n' 'send +OK\r\n' \
	    'expect \r\n' 'send +OK mail\r\nline\r\n..\r\n.\r\n' \
	    'expect \r\n' 'send -ERR none\r\n' wait-eof
	open_session s "tcp://localhost:$port" framing=pop3 crlf=yes
	run -0 line s 'USER x'
	assert_output $'+OK\r'
	run -0 line s 'RETR 1'
	assert_output $'+OK mail\r\nline\r\n..\r\n.\r'
	run -0 line s 'RETR 2'
	assert_output $'-ERR none\r'
	facts s exchanges=3 greeting='+OK hello'
}

@test "framing=smtp: a peer that greets with a no is not asked anything" {
	scripted a 'send 554 go away\r\n' 'log sent' wait-eof
	run open_session s "tcp://localhost:$port" framing=smtp crlf=yes
	log_has s 'peer refuses: 554 go away'
	run request s 'NOOP\n'
	assert_failure
	run ! grep -q '^recv' "$T/peer.a.log"
}

# ---- back-pressure

@test "a peer that takes nothing makes the writer of a large body wait" {
	scripted a 'expect \r\n\r\n' "wait-file $T/go" 'expect-bytes 8000000' \
	    "$OK"
	open_session web "http://localhost:$port"
	background "$T/writer" sh -c '{
		printf "PUT / HTTP/1.1\r\nContent-Length: 8000000\r\n\r\n"
		head -c 8000000 /dev/zero; } >"$1"' sh "$FIFOD_DIR/web/in"
	wait_until 10 size_stays
	run ! pid_gone "$BACKGROUND_PID"
	: >"$T/go"
	run -0 hear web
	assert_output "$OK_HEARD"
	wait_pid "$BACKGROUND_PID"
	[ "$EXIT_STATUS" -eq 0 ]
	facts web last=complete links=1
}

# What was sent has not grown for half a second.
size_stays()
{
	wait_stable web bytes-in
	[ "$(status_of web bytes-in)" -gt 0 ]
}

# ---- limits of time

@test "a request that was sent while replies waited to be read has its timeout, too" {
	# Whatever is said is kept, and nothing ever answered.
	scripted a 'expect a\nb\nc\n' wait-eof loop
	open_session s "tcp://localhost:$port" framing=line pipeline=3 \
	    timeout=0.5
	say s 'a\nb\nc\nd\n'
	# The fourth goes on the next connection, when three have failed.
	wait_peer a '^accept 2'
	for _ in a b c d; do
		run -0 hear s
		assert_output ''
	done
	facts s last=uncertain uncertain=4
}
