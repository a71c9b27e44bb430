# Unix sockets and vsock, against other programs.

# What `eval' and `sh -c' get is in '…'; output and status are set elsewhere.
# shellcheck disable=SC2016,SC2154

load helper/common
load helper/command
load helper/world

setup()
{
	common_setup
	start_broker
}

# serve NAME ADDRESS [COMMAND]: socat there, an echo unless told otherwise
serve()
{
	background "$T/$1.log" socat "$2" "${3:-EXEC:cat}"
}

# is_socket PATH: somebody listens there (__SO_ACCEPTCON in its row)
is_socket()
{
	grep -q " 00010000 .* $1\$" /proc/net/unix
}

# is_abstract NAME: the same
is_abstract()
{
	is_socket "@$1"
}

require_abstract()
{
	! is_portable || skip "no abstract names in this build"
}

@test "a session speaks to a unix socket as to any other peer" {
	serve echo "UNIX-LISTEN:$T/echo.sock,fork"
	wait_until 10 is_socket "$T/echo.sock"
	open_session u "unix:$T/echo.sock"
	echoes u "one"
	echoes u "two"
	assert_equal "$(status_of u state)" up
	run -0 status_of u peer
	assert_output --regexp "^$T/echo\.sock \(.*uid $(id -u)\)\$"
}

@test "many bytes pass a unix socket unchanged, and a half-close, too" {
	serve echo "UNIX-LISTEN:$T/echo.sock,fork"
	wait_until 10 is_socket "$T/echo.sock"
	open_session u "unix:$T/echo.sock" on-close=eof reconnect=never
	"$PEER" random 3M 5 >"$T/sent"
	background "$T/got.err" sh -c 'exec cat <"$1" >"$2"' sh "$S/out" \
	    "$T/got"
	cat "$T/sent" >"$S/in"
	echo eof >"$S/ctl"
	wait_pid "$BACKGROUND_PID" 20
	cmp "$T/sent" "$T/got"
}

@test "http is spoken to a unix socket with framing=http" {
	start_peer web http -l "$T/web.sock"
	open_session web "unix:$T/web.sock" framing=http
	run -0 http_get web /
	assert_line --index 0 --regexp '^HTTP/1.1 200 '
}

@test "a path is taken from the caller's directory" {
	serve echo "UNIX-LISTEN:$T/echo.sock,fork"
	wait_until 10 is_socket "$T/echo.sock"
	cd "$T"
	open_session u unix:echo.sock
	assert_equal "$(status_of u endpoint)" "unix:$T/echo.sock"
	echoes u "from here"
	open_session u unix:./echo.sock
	cd /
	refused 1 "endpoint" ctl open u unix:echo.sock
}

@test "an abstract name is reached, and told" {
	require_abstract
	serve echo "ABSTRACT-LISTEN:fifod-$$,fork"
	wait_until 10 is_abstract "fifod-$$"
	open_session u "unix:@fifod-$$"
	echoes u "there"
	run -0 status_of u peer
	assert_output --partial "@fifod-$$"
}

@test "each reason why a unix socket cannot be reached has its words" {
	local long=$T/$(printf 'x%.0s' {1..120}) what

	refused 2 "a unix socket needs a path" ctl open a unix:
	refused 2 "and a unix socket's may be 107" ctl open a "unix:$long"
	refused 2 "has no host" ctl open a unix://host/x
	refused 7 "$T/none: there is no such socket" ctl open a "unix:$T/none"
	serve old "UNIX-LISTEN:$T/old,unlink-close=0"
	wait_until 10 is_socket "$T/old"
	stop_pid "$BACKGROUND_PID"
	refused 7 "$T/old: connection refused: nobody listens there" \
	    ctl open b "unix:$T/old"
	serve packets "UNIX-LISTEN:$T/packets,type=5,fork"
	wait_until 10 is_socket "$T/packets"
	refused 7 "$T/packets: this socket is of another type" \
	    ctl open c "unix:$T/packets"
	for what in a b c; do
		run -0 ctl status "$what" state
		assert_output --regexp '^(backoff|connecting|resolving)$'
	done
}

@test "a unix socket that appears later is found by itself" {
	refused 7 "no such socket" ctl open u "unix:$T/echo.sock"
	serve echo "UNIX-LISTEN:$T/echo.sock,fork"
	wait_status u state up
	echoes u "at last"
}

@test "a full backlog of a unix socket is waited for, within timeout-connect" {
	start_peer full script -l "$T/full.sock" --no-accept --backlog 0
	background "$T/first.log" socat -u PIPE:"$T/.never" \
	    "UNIX-CONNECT:$T/full.sock"
	wait_until 10 grep -q "$T/full.sock" /proc/net/unix
	ctl open one "unix:$T/full.sock" --no-wait
	run ctl open two "unix:$T/full.sock" -o timeout-connect=0.5
	case $status in
	0) skip "this kernel's backlog is longer" ;;
	28) assert_output --partial "no connection within timeout-connect" ;;
	*) fail "$status: $output" ;;
	esac
}

# ---- vsock

@test "vsock is there, or the reason is told, by open and by help" {
	run ctl open v vsock://local:4000000000
	case $status in
	2) assert_output --regexp "vsock://CID:PORT: .*vsock" ;;
	7) assert_output --partial "vsock://local:4000000000" ;;
	*) fail "$status: $output" ;;
	esac
	if [ "$status" -eq 2 ]; then
		run -0 "$FIFOCTL" help endpoints
		assert_output --partial "Not on this system:"
	fi
}

@test "an address of vsock is a number or a name, and a port of 32 bits" {
	run ctl open first vsock://local:1
	[ "$status" -ne 2 ] || skip "$output"
	refused 2 "is no CID" ctl open v vsock://nowhere:1
	refused 2 "is no port of vsock" ctl open v vsock://host:http
	refused 2 "is no port of vsock" ctl open v vsock://host:4294967295
	refused 2 "any is nobody" ctl open v vsock://any:1
	refused 2 "not of the form" ctl open v vsock://host
}

@test "a session speaks to a peer on vsock" {
	local port=$((50000 + $$ % 10000))

	[ -e /dev/vsock ] || skip "no /dev/vsock here"
	socat -h 2>/dev/null | grep -qi vsock || skip "socat has no vsock"
	serve echo "VSOCK-LISTEN:$port,fork"
	wait_until 2 ctl open v "vsock://local:$port" ||
	    skip "no loopback of vsock here (vsock_loopback)"
	echoes v "hello"
}

@test "help says what is not available on this system, and why" {
	run -0 "$FIFOCTL" help options
	if is_portable; then
		output=$(tr -s ' \n' ' ' <<<"$output")
		assert_output --partial "Not on this system: network \
namespaces are Linux's; this build has none."
		refused 2 "this build has none" ctl open s tcp://127.0.0.1:9 \
		    -o netns=x
		refused 2 "abstract names" ctl open s unix:@x
		refused 2 "vsock is Linux's" ctl open s vsock://host:1
		run -0 "$FIFOCTL" help endpoints
		assert_output --partial "Not on this system: vsock is Linux's"
	else
		refute_output --partial "Not on this system"
	fi
}
