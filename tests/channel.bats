# Private channels, the socket `sock', and fifoctl request.

# Scripts that are handed on, variables that common.bash sets, tests that are
# subshells:
# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154
load helper/common
load helper/command
load helper/world

setup()
{
	common_setup
	PIPE=$(program_find pipe)
}

# start_web NAME [PEER ARGUMENTS]: a session with an HTTP server
start_web()
{
	start_peer "$1" http "${@:2}"
	open_session "$1" "http://127.0.0.1:$port"
}

# start_lines NAME: a session with a peer that sends each line back
start_lines()
{
	start_peer "$1" echo
	open_session "$1" "tcp://127.0.0.1:$port" framing=line "${@:2}"
}

# get PATH [FIELD]: a request
get()
{
	printf 'GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n' "$1" "${2:+$2$'\r\n'}"
}

# answer PATH: a step of a scripted peer: a reply that looks like those of the
# HTTP server, and has some length
answer()
{
	printf 'send "HTTP/1.1 200 OK\\r\\nContent-Length: 121\\r\\n\\r\\n'
	printf 'path %-115s\\n"' "$1"
}

# asked DIR PATH: one exchange by a channel's FIFOs
asked()
{
	get "$2" >"$1/in"
	within 10 cat <"$1/out"
}

# said DIR TEXT: a line there comes back as one reply
said()
{
	echo "$2" >"$1/in"
	assert_equal "$(within 10 cat <"$1/out")" "$2"
}

# gone PATH: there is no such thing (any more)
gone()
{
	[ ! -e "$1" ]
}

# made ID: mkdir makes it a channel; C is its directory
made()
{
	C=$S/ch/$1
	mkdir "$C"
	wait_until 10 [ -p "$C/in" ]
}

# lines_are FILE NUMBER: it has so many
lines_are()
{
	[ "$(wc -l <"$1")" -eq "$2" ]
}

# on_sock NAME STEP…: a client of $S/sock as tests/peer plays it; its events
# go to $T/NAME.events, what it reads to $T/NAME.1; CLIENT_PID
on_sock()
{
	local name=$1 words=()

	shift
	while [ $# -gt 0 ]; do
		words+=(-e "$1")
		shift
	done
	background "$T/$name.events" "$PEER" script -c "$S/sock" \
	    -r "$T/$name" "${words[@]}"
	CLIENT_PID=$BACKGROUND_PID
}

client_said()
{
	wait_for_line "$T/$1.events" "$2"
}

# ---- ch/ID by fifoctl channel

@test "fifoctl channel makes a private channel and prints its directory" {
	start_broker
	start_web web
	run -0 ctl channel web
	C=$output
	[[ $C == "$S"/ch/* ]]
	[ -p "$C/in" ]
	[ -p "$C/out" ]
	[ -f "$C/status" ]
	run -0 asked "$C" /a
	assert_line --partial 'request 1 path /a'
	run -0 asked "$C" /b
	assert_line --partial 'request 2 path /b'
	wait_peer web '^accept 1'
	status_is web links 1
}

@test "each private channel gets its own replies, whatever the others ask" {
	start_broker
	start_web web
	local a b

	a=$(ctl channel web)
	b=$(ctl channel web)
	get /of-b >"$b/in"
	get /of-a >"$a/in"
	get /own >"$S/in"
	run -0 within 10 cat <"$a/out"
	assert_line --partial 'path /of-a'
	run -0 within 10 cat <"$S/out"
	assert_line --partial 'path /own'
	run -0 within 10 cat <"$b/out"
	assert_line --partial 'path /of-b'
	status_is web links 1
}

@test "a channel made with -p ends with that process, and with no other" {
	[ -z "${FIFOD_WRAPPER-}" ] || skip "not under another program"
	start_broker
	start_lines lines
	background "$T/owner" sleep 600
	C=$(ctl channel lines -p "$BACKGROUND_PID")
	local other

	other=$(ctl channel lines)
	grep -qx "owner=$BACKGROUND_PID" "$C/status"
	said "$C" one
	said "$other" two
	stop_pid "$BACKGROUND_PID"
	wait_until 10 gone "$C"
	said "$other" three
	[ -p "$other/in" ]
}

@test "the owner of a channel must be a process that is there" {
	start_broker
	start_lines lines
	sh -c 'exit 0' &
	local pid=$!

	wait "$pid"
	refused 1 "process $pid cannot be its owner" \
	    ctl channel lines -p "$pid"
	refused 2 'no process id' ctl channel lines -p zero
	refused 2 'no process id' ctl channel lines -p 0
	refused 4 'no such session' ctl channel other
	run ls -A "$S/ch"
	assert_output ''
}

@test "channel --close ends a channel, by any path that leads to it" {
	start_broker
	start_lines lines -d "$T/sess"
	local a b

	a=$(ctl channel lines)
	b=$(ctl channel lines)
	run -0 ctl channel "--close=$a"
	wait_until 10 gone "$a"
	said "$b" still
	cd "$T" || return
	run -0 ctl channel --close "sess/ch/${b##*/}"
	wait_until 10 gone "$b"
	refused 1 'is not the directory of a channel' ctl channel --close "$a"
	refused 1 'is not the directory of a channel' ctl channel --close "$S"
	refused 2 'write channel NAME' ctl channel
	refused 2 'write channel NAME' ctl channel lines --close "$b"
	said "$S" own
}

@test "a run directory that is reached by a symbolic link has channels, too" {
	mkdir "$T/real"
	ln -s real "$T/link"
	FIFOD_DIR=$T/link/run
	start_broker
	start_lines lines
	C=$(ctl channel lines)
	said "$C" there
	run -0 ctl channel "--close=$C"
	wait_until 10 gone "$C"
}

@test "what was asked on a channel that ends is answered to nobody else" {
	start_broker
	start_peer web script -e 'expect \r\n\r\n' -e "wait-file $T/go" \
	    -e "$(answer /void)" -e 'expect /mine ' -e 'expect \r\n\r\n' \
	    -e "$(answer /mine)" -e wait-eof
	open_session web "http://127.0.0.1:$port"
	local a b

	a=$(ctl channel web)
	b=$(ctl channel web)
	get /void >"$a/in"
	wait_peer web '^recv 1 '
	ctl channel "--close=$a"
	wait_until 10 gone "$a"
	: >"$T/go"
	run -0 asked "$b" /mine
	assert_line --partial 'path /mine'
	refute_output --partial /void
	status_is web links 1
	[ "$(status_of web discarded)" -gt 100 ]
}

# ---- ch/ID by mkdir

@test "mkdir in ch makes a channel, its in comes last" {
	start_broker
	start_web web
	mkdir "$S/ch/mine"
	until [ -p "$S/ch/mine/in" ]; do
		read -rt 0.01 <>"$T/.never" || true
	done
	[ -p "$S/ch/mine/out" ]
	[ -f "$S/ch/mine/status" ]
	run -0 asked "$S/ch/mine" /x
	assert_line --partial 'path /x'
	grep -qx 'channel=mine' "$S/ch/mine/status"
	grep -qx 'last=complete' "$S/ch/mine/status"
}

@test "a directory whose name is none for a channel stays empty, and is noted" {
	start_broker
	start_lines lines
	mkdir "$S/ch/a b" "$S/ch/.hidden" "$S/ch/-x"
	wait_log lines "ch/a.*b: not a channel's name"
	wait_log lines "ch/-x: not a channel's name"
	made fine
	made fine2
	said "$C" hello
	run find "$S/ch/a b" "$S/ch/-x" "$S/ch/.hidden" -mindepth 1
	assert_output ''
	# Each is noted once, not whenever another channel is made.
	run -0 grep -c "not a channel's name" "$S/log"
	assert_output 2
}

@test "a regular file where a FIFO belongs gives way, its bytes are not sent" {
	start_broker
	start_lines lines
	mkdir "$T/half"
	echo early >"$T/half/in"
	mv "$T/half" "$S/ch/half"
	C=$S/ch/half
	wait_until 10 [ -p "$C/in" ]
	wait_log lines 'ch/half: in was there before its FIFO.*6 bytes were not'
	grep -q '^error=in was no FIFO' "$C/status"
	said "$C" late
	assert_equal "$(status_of lines bytes-in)" 5
}

@test "a FIFO of a channel that is deleted or replaced is put back and noted" {
	start_broker
	start_lines lines
	made mine
	rm "$C/in"
	wait_until 10 [ -p "$C/in" ]
	wait_log lines 'ch/mine: in: .*the FIFO was put back'
	said "$C" one
	# At once after a reply, when the names have been exchanged by us.
	echo regular >"$T/regular"
	mv -f "$T/regular" "$C/out"
	wait_until 10 [ -p "$C/out" ]
	wait_log lines 'ch/mine: out: .*the FIFO was put back'
	wait_until 10 grep -q '^error=out: ' "$C/status"
	said "$C" two
	mv "$C/in" "$C/moved"
	wait_until 10 [ -p "$C/in" ]
	said "$C" three
}

@test "rm -r of its directory ends a channel, and a new one may have its name" {
	start_broker
	start_lines lines
	made mine
	said "$C" one
	rm -r "$C"
	# At once, so that it may even have the same inode.
	mkdir "$C"
	wait_log lines 'ch/mine: closed: its directory was removed'
	wait_until 10 [ -p "$C/in" ]
	said "$C" two
	mv "$C" "$S/elsewhere"
	mkdir "$C"
	wait_until 10 [ -p "$C/in" ]
	said "$C" three
	assert_equal "$(grep -c 'ch/mine: closed: ' "$S/log")" 2
}

@test "rm -r of a channel's directory is not fought, whenever it comes" {
	! is_portable || skip "the portable build looks at names by a timer"
	local round

	start_broker
	start_lines lines
	for round in {80..104} {80..104}; do
		mkdir "$S/ch/r$round"
		wait_until 10 [ -p "$S/ch/r$round/in" ]
		# The broker looks at the names so long after they were touched.
		: >"$S/ch/r$round/in"
		mkdir "$S/ch/r$round/x"
		rmdir "$S/ch/r$round/x"
		read -rt "0.$(printf %03d "$round")" <>"$T/.never" || true
		rm -r "$S/ch/r$round"
		wait_until 10 gone "$S/ch/r$round"
	done
}

@test "the end of the session ends its channels, and nothing of them stays" {
	start_broker
	start_lines lines
	made mine
	local other

	other=$(ctl channel lines)
	within 10 cat <"$C/out" >"$T/eof" &
	pid_add $! cat
	local reader=$!

	# Its out is open by then.
	wait_until 10 test -e "$T/eof"
	hold_writer "$other/in"
	ctl close lines
	wait_until 10 gone "$S"
	wait_pid "$reader"
	assert_equal "$EXIT_STATUS" 0
	assert_sessions
}

@test "files of others keep a channel's directory, and are never removed" {
	start_broker
	start_lines lines
	made mine
	echo kept >"$C/notes"
	run ctl channel "--close=$C"
	wait_until 10 gone "$C/in"
	wait_log lines 'ch/mine: holds files that are not ours, and stays'
	assert_equal "$(cat "$C/notes")" kept
	# It is a channel no more, also when others are made beside it.
	made other
	said "$C" hello
	[ ! -e "$S/ch/mine/in" ]
	rm -r "$S/ch/mine"
	made mine
	said "$C" again
}

@test "mode and group are those of the session for its channels, too" {
	require_root
	start_broker
	start_peer lines echo
	open_session lines "tcp://127.0.0.1:$port" framing=line mode=0660 \
	    group=nogroup
	C=$(ctl channel lines)
	assert_equal "$(stat -c '%a %G' "$C")" '710 nogroup'
	assert_equal "$(stat -c '%a %G' "$C/in")" '660 nogroup'
	assert_equal "$(stat -c '%a %G' "$C/out")" '660 nogroup'
	assert_equal "$(stat -c '%a %G' "$C/status")" '640 nogroup'
	assert_equal "$(stat -c '%a %G' "$S/sock")" '660 nogroup'
	assert_equal "$(stat -c '%a %G' "$S/ch")" '730 nogroup'
	ctl set lines mode=0600
	assert_equal "$(stat -c %a "$C/in" "$C/out" | sort -u)" 600
	assert_equal "$(stat -c %a "$S/sock")" 600
	assert_equal "$(stat -c %a "$S/ch")" 710
	ctl set lines mode=0660
	assert_equal "$(stat -c %a "$S/sock")" 660
}

@test "a member of the group makes a channel by mkdir, and it is his" {
	require_root
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$T" 2>/dev/null || true
	FIFOD_DIR=$(mktemp -d /tmp/fifod-group.XXXXXX)
	echo "$FIFOD_DIR" >"$T/.user"
	chmod 755 "$FIFOD_DIR"
	FIFOD_DIR=$FIFOD_DIR/run
	start_broker
	start_peer lines echo
	open_session lines "tcp://127.0.0.1:$port" framing=line mode=0660 \
	    group=nogroup
	setpriv --reuid=nobody --regid=nogroup --clear-groups \
	    sh -c 'mkdir "$1" && i=0 &&
		until [ -p "$1/in" ]; do
			i=$((i + 1)); [ $i -lt 1000 ] && sleep 0.01 || exit 1
		done
		echo his >"$1/in" && cat <"$1/out"' sh "$S/ch/his" >"$T/his"
	assert_equal "$(cat "$T/his")" his
}

# ---- sock

@test "two curl --unix-socket runs cost one TLS handshake, each its own reply" {
	command -v curl >/dev/null || skip "no curl"
	start_broker
	# shellcheck disable=SC2046
	start_peer web http $(tls good)
	open_session web "https://127.0.0.1:$port" ca="$CERTS/ca.pem" \
	    verify-name=localhost
	run -0 within 10 curl -sS --unix-socket "$S/sock" http://host/one
	assert_output 'connection 1 request 1 path /one'
	run -0 within 10 curl -sS --unix-socket "$S/sock" http://host/two
	assert_output 'connection 1 request 2 path /two'
	run -0 within 10 curl -sS -d "$(printf %020000d 7)" \
	    --unix-socket "$S/sock" http://host/echo/
	assert_output "$(printf %020000d 7)"
	status_is web links 1
	assert_equal "$(grep -c '^accept' "$T/peer.web.log")" 1
}

@test "a half-close on sock is exact: the whole reply comes, then the end" {
	start_broker
	start_web web
	on_sock one 'send "GET /bytes/100000 HTTP/1.1\r\nHost: x\r\n\r\n"' \
	    half-close wait-eof
	wait_pid "$CLIENT_PID"
	client_said one '^eof 1$'
	head -n 1 "$T/one.1" | grep -qx $'HTTP/1.1 200 OK\r'
	assert_equal "$(sed '1,/^\r$/d' "$T/one.1" | wc -c)" \
	    $((100000 + $(grep -a '^connection 1 request' "$T/one.1" | wc -c)))
	status_is web links 1
	wait_status web channels 0
}

@test "a client of sock stays for as many exchanges as it likes" {
	start_broker
	start_web web
	on_sock one 'send "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"' \
	    'expect path /a\n' "wait-file $T/go" \
	    'send "GET /b HTTP/1.1\r\nHost: x\r\n\r\nGET /c HTTP/1.1\r\n"' \
	    'send "Host: x\r\n\r\n"' 'expect path /b\n' 'expect path /c\n'
	client_said one '^recv 1 '
	wait_status web channels 1
	get /own >"$S/in"
	run -0 within 10 cat <"$S/out"
	assert_line --partial 'request 2 path /own'
	: >"$T/go"
	wait_pid "$CLIENT_PID"
	wait_status web channels 0
	status_is web exchanges 4
	status_is web links 1
}

@test "a client of sock that hangs up in mid-request disturbs nobody" {
	start_broker
	start_web web
	on_sock half 'send "POST /half HTTP/1.1\r\nContent-Length: 9\r\n\r\n1"' \
	    "wait-file $T/go" close
	wait_status web channels 1
	: >"$T/go"
	wait_pid "$CLIENT_PID"
	wait_status web channels 0
	on_sock next 'send "GET /next HTTP/1.1\r\nHost: x\r\n\r\n"' \
	    half-close wait-eof
	wait_pid "$CLIENT_PID"
	grep -aq 'request 1 path /next' "$T/next.1"
	status_is web links 1
	run ! grep /half "$T/peer.web.log"
}

@test "a request on sock that half-closes before its end is answered with 400" {
	start_broker
	start_web web
	on_sock half 'send "POST /half HTTP/1.1\r\nContent-Length: 9\r\n\r\n1"' \
	    half-close wait-eof
	wait_pid "$CLIENT_PID"
	head -n 1 "$T/half.1" | grep -q '^HTTP/1.1 400 '
	grep -aq $'^Fifod-Error: request\r' "$T/half.1"
	wait_status web channels 0
	run ! grep /half "$T/peer.web.log"
}

@test "the reply to a client of sock that left while waiting goes to nobody" {
	start_broker
	start_peer web script -e 'expect \r\n\r\n' -e "wait-file $T/left" \
	    -e "$(answer /late)" -e 'expect /next ' -e 'expect \r\n\r\n' \
	    -e "$(answer /next)" -e wait-eof
	open_session web "http://127.0.0.1:$port"
	on_sock gone 'send "GET /late HTTP/1.1\r\nHost: x\r\n\r\n"' \
	    "wait-file $T/go" close
	wait_peer web '^recv 1 '
	: >"$T/go"
	wait_pid "$CLIENT_PID"
	wait_status web channels 0
	: >"$T/left"
	on_sock next 'send "GET /next HTTP/1.1\r\nHost: x\r\n\r\n"' \
	    half-close wait-eof
	wait_pid "$CLIENT_PID"
	grep -aq 'path /next' "$T/next.1"
	run ! grep -aq /late "$T/next.1"
	status_is web links 1
	[ "$(status_of web discarded)" -gt 100 ]
}

@test "a client of sock that leaves in mid-reply costs no connection" {
	start_broker
	start_web web
	on_sock gone 'send "GET /bytes/900000 HTTP/1.1\r\nHost: x\r\n\r\n"' \
	    'expect-bytes 1000' "wait-file $T/go" close
	client_said gone '^recv 1 1000$'
	on_sock next 'send "GET /next HTTP/1.1\r\nHost: x\r\n\r\n"' \
	    half-close wait-eof
	wait_status web channels 2
	: >"$T/go"
	wait_pid "$CLIENT_PID"
	grep -aq 'request 2 path /next' "$T/next.1"
	head -n 1 "$T/next.1" | grep -qx $'HTTP/1.1 200 OK\r'
	status_is web links 1
	# All but what it had read, and what was in its socket.
	[ "$(status_of web discarded)" -gt 0 ] || fail "nothing was discarded"
}

@test "so much of a reply is not read for nobody: its connection is closed" {
	start_broker
	start_web web
	on_sock gone 'send "GET /bytes/90000000 HTTP/1.1\r\nHost: x\r\n\r\n"' \
	    'expect-bytes 1000' close
	wait_pid "$CLIENT_PID"
	on_sock next 'send "GET /next HTTP/1.1\r\nHost: x\r\n\r\n"' \
	    half-close wait-eof
	wait_pid "$CLIENT_PID"
	grep -aq 'connection 2 request 1 path /next' "$T/next.1"
	status_is web links 2
}

@test "a client of sock that resets its connection is one that has left" {
	start_broker
	start_lines lines
	on_sock gone 'send a\nb\n' 'expect a\n' reset
	wait_pid "$CLIENT_PID"
	wait_status lines channels 0
	made mine
	said "$C" still
	status_is lines links 1
}

@test "the end of the session ends the connections on sock" {
	start_broker
	start_web web
	on_sock one 'send "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"' \
	    'expect path /a\n' wait-eof
	client_said one '^recv 1 '
	ctl close web
	client_said one '^eof 1$'
	[ ! -e "$S" ]
}

@test "a client of sock that reads nothing holds up only itself" {
	start_broker
	start_peer web http
	open_session web "http://127.0.0.1:$port" connections=2
	on_sock stuck 'send "GET /bytes/9000000 HTTP/1.1\r\nHost: x\r\n\r\n"' \
	    "wait-file $T/go" close
	wait_peer web '^request 1 1 '
	run -0 asked "$S" /own
	assert_line --partial 'path /own'
	made mine
	run -0 asked "$C" /mine
	assert_line --partial 'path /mine'
	: >"$T/go"
	wait_pid "$CLIENT_PID"
}

@test "on a connection shared with others an unread reply gives way in time" {
	start_broker
	start_peer web http
	open_session web "http://127.0.0.1:$port" timeout-read=0.3
	on_sock stuck 'send "GET /bytes/900000 HTTP/1.1\r\nHost: x\r\n\r\n"' \
	    "wait-file $T/go" wait-eof
	wait_peer web '^request 1 1 '
	run -0 asked "$S" /own
	assert_line --partial 'request 2 path /own'
	wait_log web 'sock: cancelled: '
	: >"$T/go"
	wait_pid "$CLIENT_PID"
	[ "$(wc -c <"$T/stuck.1")" -lt 900000 ]
}

@test "where its path would be too long there is no sock, and open says so" {
	local long

	long=$(printf '%0100d' 0)
	FIFOD_DIR=$T/$long
	start_broker
	start_peer lines echo
	run -0 --separate-stderr open_session lines "tcp://127.0.0.1:$port" \
	    framing=line
	assert_equal "$output" ''
	[[ $stderr == *'no sock'* ]]
	S=$FIFOD_DIR/lines
	[ ! -e "$S/sock" ]
	said "$S" hello
	made mine
	said "$C" there
}

@test "a path of 107 bytes has a sock, one of 108 has none" {
	local room

	room=$((107 - ${#T} - 7))
	[ "$room" -gt 1 ] || skip "the directory's name is too long already"
	FIFOD_DIR=$T/$(printf '%0*d' "$((room - 1))" 0)
	start_broker
	start_peer lines echo
	open_session a "tcp://127.0.0.1:$port" framing=line
	assert_equal "${#S}" 102
	[ -S "$S/sock" ]
	on_sock one 'send x\n' half-close wait-eof
	wait_pid "$CLIENT_PID"
	assert_equal "$(cat "$T/one.1")" x
	run -0 --separate-stderr open_session ab "tcp://127.0.0.1:$port" \
	    framing=line
	[[ $stderr == *'no sock'* ]]
	[ ! -e "$FIFOD_DIR/ab/sock" ]
}

# ---- fifoctl request

# request NAME [OPTION]…: its standard input is the request
request()
{
	within 20 "$FIFOCTL" request "$@" 3>&-
}

@test "fifoctl request sends standard input and prints the reply, nothing else" {
	start_broker
	start_web web
	get /a >"$T/a"
	request web <"$T/a" >"$T/reply"
	printf 'HTTP/1.1 200 OK\r\nServer: peer\r\nContent-Type: text/plain\r
Content-Length: 36\r\n\r\nconnection 1 request 1 path /a\n' >"$T/want"
	sed -i 's/36/31/' "$T/want"
	cmp "$T/reply" "$T/want"
	# By a pipe, in and out, and a reply of several buffers.
	get /bytes/3000000 | request web | cat >"$T/reply"
	assert_equal "$(sed '1,/^\r$/d' "$T/reply" | wc -c)" 3000043
}

@test "two fifoctl requests cost one TLS handshake" {
	start_broker
	# shellcheck disable=SC2046
	start_peer web http $(tls good)
	open_session web "https://127.0.0.1:$port" ca="$CERTS/ca.pem" \
	    verify-name=localhost
	get /a | request web | grep -q 'request 1 path /a'
	get /b | request web | grep -q 'request 2 path /b'
	assert_equal "$(grep -c '^handshake ' "$T/peer.web.log")" 1
}

@test "a request may come in pieces, by a pipe, a file, a socket or a terminal" {
	start_broker
	start_web web
	printf 'POST /echo/ HTTP/1.1\r\nContent-Length: 8\r\n\r\n' >"$T/head"
	(
		cat "$T/head"
		wait_until 10 [ -e "$T/go" ]
		printf body
		wait_until 10 [ -e "$T/more" ]
		printf body
	) 3>&- | request web >"$T/reply" &
	pid_add $! pieces
	local pid=$!

	wait_status web channels 1
	: >"$T/go"
	wait_status web channels 1
	: >"$T/more"
	wait_pid "$pid"
	assert_equal "$(tail -n 1 "$T/reply")" bodybody
	run -0 sh -c 'cat "$1" - | "$2" request web' sh "$T/head" \
	    "$FIFOCTL" <<<bodybod
	assert_line bodybod
	get /file >"$T/file"
	exec 5<>"$T/file"
	run -0 request web <&5
	exec 5>&-
	assert_line --partial 'path /file'
}

@test "on a terminal the request is typed, and the reply is seen" {
	local tty

	tty=$(program_find tty)
	[ -x "$tty" ] || skip "no tests/tty"
	start_broker
	start_lines lines
	run -0 "$tty" -T 20 -e 'send hello\r' -e 'expect hello\r\nhello\r\n' \
	    "$FIFOCTL" request lines
}

@test "where there is no request, request is refused with exit status 2" {
	start_broker
	start_web web
	refused 2 'there was no request on standard input' \
	    request web </dev/null
	: >"$T/empty"
	refused 2 'there was no request' request web <"$T/empty"
	refused 2 'there was no request' sh -c '"$FIFOCTL" request web <&-'
	printf '\r\n\r\n' >"$T/blank"
	refused 2 'there was no request' request web <"$T/blank"
	refused 1 'is a directory' request web <"$T"
	status_is web exchanges 0
	status_is web channels 0
}

@test "more than one request on standard input is refused, nothing is sent" {
	start_broker
	start_web web
	(get /one && get /two) >"$T/two"
	refused 2 'more than one request' request web <"$T/two"
	run ! grep -q '^request' "$T/peer.web.log"
	# What may follow a request is no second one.
	(get /one && printf '\r\n\n') >"$T/one"
	run -0 request web <"$T/one"
	assert_line --partial 'request 1 path /one'
}

@test "a request without its end is refused, nothing is sent" {
	start_broker
	start_web web
	printf 'POST /x HTTP/1.1\r\nContent-Length: 9\r\n\r\n1' >"$T/half"
	refused 2 'not complete' request web <"$T/half"
	printf 'nonsense\r\n\r\n' >"$T/bad"
	refused 2 '' request web <"$T/bad"
	run ! grep -q '^request' "$T/peer.web.log"
	get /good | request web | grep -q 'connection 1 request 1 '
}

@test "SIGINT cancels a request, and its reply is not the next one's" {
	local signal steps=()

	for signal in INT TERM KILL; do
		steps+=(-e 'expect GET /void ' -e 'expect \r\n\r\n'
		    -e "log heard $signal" -e "wait-file $T/go.$signal"
		    -e "$(answer /void)" -e "expect GET /after-$signal "
		    -e 'expect \r\n\r\n' -e "$(answer "/after-$signal")")
	done
	start_broker
	start_peer web script "${steps[@]}" -e wait-eof
	open_session web "http://127.0.0.1:$port"
	get /void >"$T/void"
	for signal in INT TERM KILL; do
		background "$T/out.$signal" sh -c \
		    'exec env --default-signal=INT "$1" request web <"$2"' \
		    sh "$FIFOCTL" "$T/void"
		wait_peer web "heard $signal"
		kill -"$signal" "$BACKGROUND_PID"
		wait_pid "$BACKGROUND_PID"
		assert_equal "$EXIT_STATUS" $((128 + $(kill -l "$signal")))
		wait_status web channels 0
		assert_equal "$(cat "$T/out.$signal")" ''
		: >"$T/go.$signal"
		get "/after-$signal" | request web >"$T/next"
		assert_equal "$(wc -l <"$T/next")" 4
		grep -q "path /after-$signal" "$T/next"
	done
	status_is web links 1
}

@test "request -t gives up in time with exit status 28, and says what was sent" {
	start_broker
	start_peer web script -e 'expect \r\n\r\n' -e "wait-file $T/go" \
	    -e "$(answer /slow)" -e 'expect \r\n\r\n' -e "$(answer /next)" \
	    -e wait-eof
	open_session web "http://127.0.0.1:$port"
	get /slow >"$T/slow"
	# Long enough for a busy machine to send it.
	refused 28 'the request was sent' request web -t 3 <"$T/slow"
	printf 'GET / HTTP/1.1\r\n' >"$T/half"
	hold_writer "$T/.never"
	refused 28 'the request was not sent' request web -t 0.3 <"$T/.never"
	refused 2 '' request web -t never <"$T/half"
	: >"$T/go"
	get /next | request web -t 10 | grep -q 'path /next'
}

@test "request -f: a reply of 400 and above is exit status 22 and not printed" {
	start_broker
	start_web web
	get /status/404 >"$T/404"
	refused 22 'the reply says 404' request web -f <"$T/404"
	run -0 request web <"$T/404"
	assert_line --index 0 $'HTTP/1.1 404 Not Found\r'
	get /status/399 >"$T/399"
	run -0 request web -f <"$T/399"
	assert_line --index 0 --partial 'HTTP/1.1 399'
	get /bytes/300000 >"$T/large"
	run -0 request web -f <"$T/large"
	assert_line --partial 'path /bytes/300000'
	status_is web links 1
}

@test "request on a session that cannot do it is refused with a reason" {
	start_broker
	start_peer stream echo
	open_session stream "tcp://127.0.0.1:$port"
	refused 1 'framing=stream has no requests' request stream </dev/null
	refused 4 'no such session' request other </dev/null
}

@test "the exit status of request is the truth about the network" {
	start_broker
	start_peer gone script --refuse
	open_session web "http://127.0.0.1:$port" connect=on-demand
	get / >"$T/get"
	printf 'POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n1' >"$T/post"
	refused 7 '' request web <"$T/get"
	# A fresh session each, for the last one rests now.
	start_peer mute script -e 'expect \r\n\r\n' -e stall
	open_session mute "http://127.0.0.1:$port" timeout=0.3
	refused 28 'nothing for timeout' request mute <"$T/get"
	start_peer closes script -e 'expect \r\n\r\n' -e close
	open_session closes "http://127.0.0.1:$port"
	refused 52 '' request closes <"$T/get"
	start_peer post script -e 'expect \r\n\r\n1' -e close
	open_session post "http://127.0.0.1:$port"
	refused 20 'may have been carried out' request post <"$T/post"
	start_peer resets script -e 'expect \r\n\r\n' -e reset
	open_session resets "http://127.0.0.1:$port"
	refused 56 '' request resets <"$T/get"
	start_peer short script -e 'expect \r\n\r\n' \
	    -e 'send "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"' \
	    -e close
	open_session short "http://127.0.0.1:$port"
	run -18 --separate-stderr request short <"$T/get"
	assert_output --partial half
	[[ $stderr == 'fifoctl: short: the reply was cut short'* ]]
	start_peer bad script -e 'expect \r\n\r\n' -e 'send "nonsense\r\n\r\n"'
	open_session bad "http://127.0.0.1:$port"
	refused 56 'not a reply of framing' request bad <"$T/get"
}

@test "a request whose certificate is refused is 60, and never the broker's 502" {
	start_broker
	# shellcheck disable=SC2046
	start_peer web http $(tls good)
	run ! open_session web "https://127.0.0.1:$port" ca="$CERTS/ca.pem" \
	    verify-name=other.example
	get / >"$T/get"
	refused 60 '' request web <"$T/get"
}

@test "the end of the session cancels a request, which is exit status 130" {
	start_broker
	start_web web
	get /delay/60000 >"$T/slow"
	background "$T/out" sh -c 'exec "$1" request web <"$2"' sh "$FIFOCTL" \
	    "$T/slow"
	local pid=$BACKGROUND_PID

	wait_status web channels 1
	wait_peer web '^request 1 1 '
	ctl close web --now
	wait_pid "$pid"
	assert_equal "$EXIT_STATUS" 130
	assert_equal "$(grep -vc '^fifoctl: web: .' "$T/out")" 0
	lines_are "$T/out" 1
}

@test "standard output of a request may be a file, a pipe, or closed" {
	start_broker
	start_web web
	get /bytes/300000 >"$T/get"
	request web <"$T/get" >"$T/file"
	assert_equal "$(wc -c <"$T/file")" \
	    $((300000 + $(head -n 6 "$T/file" | wc -c)))
	echo first >"$T/append"
	request web <"$T/get" >>"$T/append"
	assert_equal "$(head -n 1 "$T/append")" first
	assert_equal "$(wc -c <"$T/append")" $((6 + $(wc -c <"$T/file")))
	refused 1 'standard output is not open for writing' \
	    sh -c '"$FIFOCTL" request web <"$1" >&-' sh "$T/get"
	request web <"$T/get" >/dev/null
	# A reader that leaves cancels it, as SIGPIPE would.
	request web <"$T/get" 2>"$T/err" | head -c 10 >"$T/ten"
	assert_equal "${PIPESTATUS[0]}" 130
	assert_equal "$(cat "$T/ten")" 'HTTP/1.1 2'
	wait_status web channels 0
	get /next | request web | grep -q 'path /next'
	status_is web links 1
}

@test "a full disk under standard output cancels the request and says why" {
	[ -w /dev/full ] || skip "no /dev/full"
	start_broker
	start_web web
	get / >"$T/get"
	refused 130 'No space left' sh -c '"$1" request web <"$2" >/dev/full' \
	    sh "$FIFOCTL" "$T/get"
	get /next | request web | grep -q 'path /next'
}

@test "requests leave no descriptor behind in the broker" {
	start_broker
	start_web web
	get / >"$T/get"
	request web <"$T/get" >"$T/out"
	local before

	descriptors_at_rest "$(engine_pid)"
	before=$N
	request web <"$T/get" >"$T/out"
	request web <"$T" || true
	request web <&- || true
	request web <"$T/get" >&- || true
	hold_writer "$T/.never"
	request web -t 0.1 <"$T/.never" || true
	wait_until 10 no_more_descriptors "$(engine_pid)" "$before"
}

@test "discard in ctl cancels requests and what clients of sock have asked" {
	start_broker
	start_peer web script -r "$T/heard" -e 'expect \r\n\r\n' \
	    -e "wait-file $T/go" -e "$(answer /slow)" -e 'expect \r\n\r\n' \
	    -e "$(answer /next)" -e wait-eof
	open_session web "http://127.0.0.1:$port"
	get /slow >"$T/slow"
	request web <"$T/slow" >"$T/out" 2>"$T/err" &
	pid_add $! request
	local sent=$!

	wait_peer web '^recv 1 '
	request web <"$T/slow" >"$T/out2" 2>"$T/err2" &
	pid_add $! request
	local waits=$!

	on_sock one 'send "GET /sock HTTP/1.1\r\nHost: x\r\n\r\n"' \
	    'expect \r\n\r\n' wait-eof
	wait_status web channels 3
	# Both are whole, and wait.
	wait_status web queued 62
	echo discard >"$S/ctl"
	wait_pid "$waits"
	assert_equal "$EXIT_STATUS" 130
	# What was sent ends with its reply, which nobody gets.
	: >"$T/go"
	wait_pid "$sent"
	assert_equal "$EXIT_STATUS" 130
	assert_equal "$(cat "$T/err" "$T/err2" | sort -u)" \
	    'fifoctl: web: its reply was discarded, as asked'
	assert_equal "$(cat "$T/out" "$T/out2")" ''
	client_said one '^recv 1 '
	head -n 1 "$T/one.1" | grep -q '^HTTP/1.1 503 '
	get /next | request web | grep -q 'path /next'
	run ! grep -a /sock "$T/heard.1"
	status_is web links 1
}

# ---- streams

# start_stream NAME OPTION… -- PEER MODE…: a session without messages
start_stream()
{
	local name=$1 options=()

	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	start_peer "$name" "${@:2}"
	open_session "$name" "tcp://127.0.0.1:$port" "${options[@]}"
}

# line_of DIR: the next line of its out
line_of()
{
	local line

	read -rt 10 line <"$1/out"
	echo "$line"
}

@test "in a stream a private channel gets all that the peer says from then on" {
	start_broker
	start_stream a -- script -e 'send "first\n"' -e "wait-file $T/go" \
	    -e 'send "second\n"' -e 'send "third\n"' -e stall
	assert_equal "$(line_of "$S")" first
	local other

	made mine
	other=$(ctl channel a)
	on_sock one wait-eof
	wait_status a channels 3
	: >"$T/go"
	assert_equal "$(line_of "$C")" second
	assert_equal "$(line_of "$C")" third
	assert_equal "$(line_of "$other")" second
	assert_equal "$(line_of "$S")" second
	assert_equal "$(line_of "$S")" third
	assert_equal "$(line_of "$other")" third
	ctl close a --now
	wait_pid "$CLIENT_PID"
	assert_equal "$(cat "$T/one.1")" $'second\nthird'
}

@test "in a stream each of many channels gets its copy exactly, at its pace" {
	local exact dirs=() d pids=() n=3000000

	exact=$(program_find exact)
	start_broker
	start_stream a -- script -e 'expect go\n' -e "send-random $n 1" -e stall
	for d in 1 2 3; do
		made "$d"
		dirs+=("$C")
	done
	for d in "$S" "${dirs[@]}"; do
		background "$T/read.${d##*/}" sh -c \
		    'exec "$1" read "$2" 1 <"$3/out"' sh "$exact" "$n" "$d"
		pids+=("$BACKGROUND_PID")
	done
	echo go >"$C/in"
	for d in "${pids[@]}"; do
		wait_pid "$d" 60
		assert_equal "$EXIT_STATUS" 0
	done
	status_is a discarded 0
}

@test "in a stream what channels write joins, each write whole" {
	start_broker
	start_stream a -- sink -r "$T/got"
	made mine
	local i

	on_sock one 'send "sock 1\n"' "wait-file $T/go"
	for i in 1 2 3 4 5 6 7 8 9; do
		echo "own $i" >"$S/in"
		echo "mine $i" >"$C/in"
	done
	wait_until 10 lines_are "$T/got.1" 19
	assert_equal "$(grep -c '^own .$' "$T/got.1")" 9
	assert_equal "$(grep '^mine' "$T/got.1" | tr -dc 0-9)" 123456789
	assert_equal "$(grep -c '^sock 1$' "$T/got.1")" 1
	: >"$T/go"
	wait_pid "$CLIENT_PID"
	wait_status a channels 1
}

size_is()
{
	[ "$(stat -c %s "$1")" -eq "$2" ]
}

@test "with slow=block the peer waits for a channel that does not read" {
	start_broker
	start_stream a -- script -e 'expect go\n' -e 'send-random 20000000 1' \
	    -e 'log sent' -e stall
	made mine
	cat <"$S/out" >"$T/own" &
	pid_add $! cat
	local own=$! mine

	echo go >"$S/in"
	wait_stable a bytes-out
	[ "$(status_of a bytes-out)" -lt 20000000 ]
	run ! grep -q '^log 1 sent' "$T/peer.a.log"
	status_is a discarded 0
	cat <"$C/out" >"$T/mine" &
	pid_add $! cat
	mine=$!
	wait_status a bytes-out 20000000 30
	# That counts what is in `out'; what is for the other may come after.
	wait_until 30 size_is "$T/mine" 20000000
	wait_until 10 size_is "$T/own" 20000000
	ctl close a --now
	wait_pid "$own"
	wait_pid "$mine"
	"$PEER" random 20000000 1 | cmp - "$T/mine"
	cmp "$T/own" "$T/mine"
}

@test "with slow=drop a channel that does not read misses bytes, and it is noted" {
	start_broker
	start_stream a slow=drop -- script -e 'expect go\n' \
	    -e 'send-random 4194304 1' -e 'send "end\n"' -e 'expect more\n' \
	    -e 'send "last\n"' -e stall
	made mine
	echo go >"$C/in"
	head -c 4194308 <"$S/out" >"$T/own"
	"$PEER" random 4194304 1 >"$T/want"
	echo end >>"$T/want"
	cmp "$T/own" "$T/want"
	wait_log a 'ch/mine: .*misses bytes'
	[ "$(status_of a discarded)" -gt 1000000 ]
	# What it has is the beginning; then it is in time again.
	wait_stable a bytes-out
	local n

	n=$("$PIPE" waiting "$C/out")
	head -c "$n" <"$C/out" | cmp - <(head -c "$n" "$T/want")
	echo more >"$C/in"
	assert_equal "$(line_of "$C")" last
	wait_log a 'ch/mine: reads again; it has missed [0-9]+ bytes'
	assert_equal "$(sed -n 's/.* has missed \([0-9]*\) .*/\1/p' "$S/log")" \
	    "$(status_of a discarded)"
}

@test "in a stream a client of sock may half-close, and still hears the peer" {
	start_broker
	start_stream a -- script -e 'expect bye\n' -e "wait-file $T/go" \
	    -e 'send "heard\n"' -e stall
	local before

	descriptors_at_rest "$(engine_pid)"
	before=$N
	on_sock one 'send "bye\n"' half-close 'expect heard\n' close
	wait_peer a '^recv 1 4$'
	: >"$T/go"
	wait_pid "$CLIENT_PID"
	client_said one '^recv 1 6$'
	wait_status a channels 0
	wait_until 10 no_more_descriptors "$(engine_pid)" "$before"
}

@test "in a stream a client of sock that has left is noticed without a byte" {
	start_broker
	start_stream a -- script -e stall
	local before

	descriptors_at_rest "$(engine_pid)"
	before=$N
	on_sock one "wait-file $T/go" close
	on_sock two half-close "wait-file $T/go" close
	wait_status a channels 2
	: >"$T/go"
	wait_status a channels 0
	wait_until 10 no_more_descriptors "$(engine_pid)" "$before"
}

@test "with on-close=eof every channel of a stream meets the end of file" {
	start_broker
	start_stream a on-close=eof reconnect=on-demand -- script \
	    -e 'expect x\n' -e 'send "answer\n"' -e close
	made mine
	on_sock one wait-eof
	wait_status a channels 2
	within 10 cat <"$C/out" >"$T/mine" &
	pid_add $! cat
	local mine=$!

	within 10 cat <"$S/out" >"$T/own" &
	pid_add $! cat
	local own=$!

	echo x >"$C/in"
	wait_pid "$mine"
	assert_equal "$EXIT_STATUS" 0
	wait_pid "$own"
	wait_pid "$CLIENT_PID"
	client_said one '^eof 1$'
	assert_equal "$(cat "$T/mine" "$T/own" "$T/one.1")" \
	    $'answer\nanswer\nanswer'
	# Its FIFOs are there for the next connection, which its byte makes.
	echo x >"$C/in"
	within 10 cat <"$C/out" >"$T/again"
	assert_equal "$(cat "$T/again")" answer
}

@test "with on-close=hold the channels of a stream outlive its connections" {
	local line

	start_broker
	start_stream a backoff=0.1..0.2 -- script -e 'send "hello\n"' \
	    -e 'expect x\n' -e close
	# Or it would be the new channels' first, too.
	read -rt 10 line <"$S/out"
	made mine
	on_sock one 'expect hello\n' 'expect hello\n' half-close wait-eof
	wait_status a channels 2
	exec 5<"$C/out"
	echo x >"$C/in"
	read -rt 10 line <&5
	assert_equal "$line" hello
	echo x >"$S/in"
	read -rt 10 line <&5
	assert_equal "$line" hello
	exec 5<&-
	client_said one '^half-close 1$'
}

@test "a session that has failed gives every channel the end of file at once" {
	start_broker
	start_stream a reconnect=never -- script -e 'expect x\n' -e close
	made mine
	on_sock one wait-eof
	wait_status a channels 2
	echo x >"$C/in"
	wait_status a state failed
	run -0 within 10 cat <"$C/out"
	run -0 within 10 cat <"$C/out"
	wait_pid "$CLIENT_PID"
	on_sock two wait-eof
	wait_pid "$CLIENT_PID"
	client_said two '^eof 1$'
	made late
	run -0 within 10 cat <"$C/out"
}

@test "a new channel makes the connection, and so does a byte in one" {
	start_broker
	start_stream a connect=on-demand reconnect=on-demand backoff=0.01..0.1 \
	    -- script -e 'send "hello\n"' -e 'expect x\n' -e close
	status_is a links 0
	made mine
	assert_equal "$(line_of "$C")" hello
	echo x >"$C/in"
	wait_status a state idle
	status_is a links 1
	echo y >"$C/in"
	assert_equal "$(line_of "$C")" hello
	echo x >"$C/in"
	wait_status a state idle
	status_is a links 2
	on_sock one 'expect hello\n' 'send x\n' wait-eof
	client_said one '^recv 1 6$'
	wait_status a state idle
	status_is a links 3
}

@test "what a channel of a stream has sent arrives before the session closes" {
	start_broker
	start_stream a -- sink -r "$T/got" --rcvbuf 4K --delay 5 --chunk 65536
	made mine
	background "$T/writer" sh -c 'exec "$1" random 500000 1 >"$2/in"' \
	    sh "$PEER" "$C"
	wait_pid "$BACKGROUND_PID" 30
	ctl close a
	wait_until 20 gone "$S"
	wait_peer a '^sum 1 500000 '
	"$PEER" random 500000 1 | cmp - "$T/got.1"
}

# ---- many

# wakes: how often the broker has been given the processor
wakes()
{
	awk '/ctxt_switches/ { n += $2 } END { print n }' \
	    "/proc/$(engine_pid)/status"
}

wakes_since()
{
	(($(wakes) != $1))
}

@test "a thousand private channels: each works, and idle ones cost no wake-up" {
	! is_portable || skip "the portable build looks at names by a timer"
	start_broker
	start_lines lines
	local i before

	mkdir "$S"/ch/{1..1000}
	wait_status lines channels 1000 30
	[ -p "$S/ch/1000/in" ]
	for i in {1..1000}; do
		echo "$i" >"$S/ch/$i/in"
	done
	for i in {1..1000}; do
		read -rt 10 line <"$S/ch/$i/out"
		[ "$line" = "$i" ]
	done
	wait_status lines exchanges 1000
	status_is lines links 1
	# Their status files have just been written.
	wait_until 20 quiet
	before=$(wakes)
	never_within 1 wakes_since "$before"
	# Proof that something would have been seen.
	said "$S/ch/500" again
	wakes_since "$before"
	ctl close lines
	wait_until 20 gone "$S"
	assert_sessions
}

# quiet: it has not been for a second
quiet()
{
	local before

	before=$(wakes)
	never_within 1 wakes_since "$before"
}

@test "a thousand channels of a stream cost no wake-up while idle" {
	! is_portable || skip "the portable build looks at names by a timer"
	start_broker
	start_peer a echo
	open_session a "tcp://127.0.0.1:$port"
	mkdir "$S"/ch/{1..1000}
	wait_status a channels 1000 30
	echo hello >"$S/ch/7/in"
	local i before

	for i in 1 7 1000; do
		assert_equal "$(line_of "$S/ch/$i")" hello
	done
	wait_until 20 quiet
	before=$(wakes)
	never_within 1 wakes_since "$before"
	rm -r "$S"/ch/*
	wait_status a channels 0 20
	run ls -A "$S/ch"
	assert_output ''
}

@test "connections=each gives each channel a connection of its own" {
	start_broker
	start_peer web http
	open_session web "http://127.0.0.1:$port" connections=each
	local a b

	a=$(ctl channel web)
	b=$(ctl channel web)
	run -0 asked "$a" /a
	assert_line --partial 'request 1 path /a'
	run -0 asked "$b" /b
	assert_line --partial 'request 1 path /b'
	run -0 asked "$a" /again
	assert_line --partial 'request 2 path /again'
	ctl channel "--close=$a"
	wait_peer web '^eof [12]$'
	run -0 asked "$b" /again
	assert_line --partial 'request 2 path /again'
}

@test "as an ordinary user, with far more than 1024 pipes, channels still work" {
	require_root
	local channels=600

	background "$T/peer.log" as_user "$PEER" echo
	wait_for_line "$T/peer.log" '^port '
	port=$(sed -n 's/^port //p' "$T/peer.log")
	[ "$(ulimit -Hn)" -ge 4096 ] || skip "too few descriptors"
	background "$T/fifod.err" as_user "$FIFOD" -F
	BROKER_PID=$BACKGROUND_PID
	FIFOD_DIR=$USER_DIR/run
	wait_until 20 as_user "$FIFOCTL" list
	as_user "$FIFOCTL" open a "tcp://127.0.0.1:$port" -o framing=netstring
	as_user sh -c 'mkdir $(seq -f run/a/ch/%g 1 "$1")' sh "$channels"
	wait_until 30 eval '[ "$(as_user "$FIFOCTL" status a channels)" -eq '"$channels"' ]'
	[ "$(find "/proc/$(engine_pid)/fd" -lname 'pipe:*' -o -lname '*/in' -o \
	    -lname '*/.*out*' -o -lname '*/.in' | wc -l)" -gt 1024 ]
	as_user sh -c '
		body=$(printf %020000d 5)
		for i in "$@"; do
			printf "20000:%s," "$body" >run/a/ch/$i/in &
			[ "$(cat run/a/ch/$i/out)" = "20000:$body," ] || exit 1
			printf 4:four, >run/a/ch/$i/in
			[ "$(cat run/a/ch/$i/out)" = 4:four, ] || exit 1
		done' sh 1 2 300 599 600
	assert_equal "$(as_user "$FIFOCTL" status a exchanges)" 10
	as_user "$FIFOCTL" stop
}

@test "a request in pieces is given up only so long after the last of them" {
	start_broker
	start_peer web http
	open_session web "http://127.0.0.1:$port" timeout-request=4
	made mine
	run -0 asked "$C" /first
	local i

	printf 'GET /pieces HTTP/1.1\r\n' >"$C/in"
	# Far less between two than it may be, in all more.
	for i in 1 2 3 4; do
		read -rt 1.1 <>"$T/.never" || true
		printf 'X-Piece: %d\r\n' "$i" >"$C/in"
	done
	printf 'Host: x\r\n\r\n' >"$C/in"
	run -0 within 10 cat <"$C/out"
	assert_line --partial 'path /pieces'
	# And that it is given up then.
	ctl set web timeout-request=1
	printf 'GET /never HTTP/1.1\r\n' >"$C/in"
	run -0 within 10 cat <"$C/out"
	assert_line --index 0 --partial 'HTTP/1.1 408'
	grep -q '^last=error' "$C/status"
}

@test "a directory made in ch of a stream with connections=each goes, and is noted once" {
	start_peer echo echo
	open_session relay "tcp://127.0.0.1:$port" connections=each
	mkdir "$S/ch/mine"
	wait_until 10 test ! -e "$S/ch/mine"
	wait_for_line "$S/log" 'ch/mine: closed: with connections=each'
	assert_equal "$(grep -c 'ch/mine' "$S/log")" 1
	status_is relay state idle || status_is relay state up
}
