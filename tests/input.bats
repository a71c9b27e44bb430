# shellcheck disable=SC2030,SC2031
#
# Bad input is refused with one line that says what would be right; nothing
# half-made stays behind, and the other sessions run on.

load helper/common
load helper/command

# A session that must not notice anything.
setup()
{
	common_setup
	start_peer steady echo
	start_broker
	open_session steady "tcp://127.0.0.1:$port"
	PORT=$port
	STEADY=$(status_of steady engine)
}

# Nothing stays behind, and nothing has happened to what stood.
undisturbed()
{
	assert_sessions "$@" steady
	assert_equal "$(status_of steady engine)" "$STEADY"
	assert_equal "$(status_of steady links)" 1
	echoes steady "$RANDOM"
}

# bad STATUS TEXT COMMAND…: refused, and no control character is printed
bad()
{
	refused "$@"
	run ! grep -q '[[:cntrl:]]' <<<"$stderr"
	[ "${#stderr}" -lt 1000 ]
}

@test "an unknown option is refused, with the one that was meant" {
	bad 2 'a: conect: no such option (did you mean connect?)' \
	    open_session a "tcp://127.0.0.1:$PORT" conect=now
	bad 2 'a: frob: no such option' \
	    open_session a "tcp://127.0.0.1:$PORT" frob=1
	[[ $stderr == *'help options'* ]]
	bad 2 'a: "crlf" has no value; write crlf=VALUE' \
	    ctl open a "tcp://127.0.0.1:$PORT" -o crlf
	bad 2 'a: "=yes" has no option before the =' \
	    ctl open a "tcp://127.0.0.1:$PORT" -o =yes
	bad 2 'a: ' ctl open a "tcp://127.0.0.1:$PORT" -o ''
	[[ $stderr == *KEY=VALUE* ]]
	bad 2 'no such option' ctl open a "tcp://127.0.0.1:$PORT" \
	    -o $'\e[31m\n\x7f=1'
	bad 2 'a: option.crlf: no such option' \
	    open_session a "tcp://127.0.0.1:$PORT" option.crlf=yes
	undisturbed
}

@test "a value that an option cannot have is refused, with those it can" {
	local assignment text

	while IFS='|' read -r assignment text; do
		bad 2 "a: ${assignment%%=*}: $text" \
		    ctl open a "tls://127.0.0.1:$PORT" -o "$assignment"
	done <<-'END'
	crlf=|"" is neither yes nor no
	crlf=Yes|"Yes" is neither yes nor no
	crlf=1|"1" is neither yes nor no
	connect=soon|"soon" is neither now nor on-demand
	reconnect=|"" is none of on-demand, always, never
	timeout-connect=|"" is not a number of seconds from 0.1 to 3600
	timeout-connect=0|"0" is not a number of seconds from
	timeout-connect=-1|"-1" is not a number of seconds from
	timeout-connect=1e1|"1e1" is not a number of seconds from
	timeout-connect=inf|"inf" is not a number of seconds from
	timeout-connect=nan|"nan" is not a number of seconds from
	timeout-connect=0x5|"0x5" is not a number of seconds from
	timeout-connect= 5|" 5" is not a number of seconds from
	timeout-connect=5 |"5 " is not a number of seconds from
	timeout-connect=5s|"5s" is not a number of seconds from
	timeout-connect=99999999999999999999|"99999999999999999999" is not
	timeout-connect=3600.001|"3600.001" is not a number of seconds from
	backoff=1|"1" is not a range LOW..HIGH of seconds
	backoff=3..1|"3..1" has its greater end first
	backoff=..|".." is not a range
	backoff=1..2..3|"1..2..3" is not a range
	log=1|"1" is not a size in bytes (512, 64K, 1M)
	log=64k4|"64k4" is not a size
	log=999999999999G|"999999999999G" is not a size
	log=-1|"-1" is not a size
	mode=0999|"0999" is not an octal mode from
	mode=0777|"0777" is not an octal mode from
	mode=0466|"0466" is not an octal mode from
	mode=rw|"rw" is not an octal mode from
	tls-min=1.1|"1.1" is neither 1.2 nor 1.3
	verify=maybe|"maybe" is neither yes nor no
	pin=abc|sha256//BASE64 is wanted
	framing=lines|
	END
	undisturbed
}

@test "an unknown endpoint is refused, with the kinds there are" {
	local endpoint text

	while IFS='|' read -r endpoint text; do
		bad 2 "a: $text" ctl open a "$endpoint"
	done <<-'END'
	|an endpoint is empty; give one like tcp://HOST:PORT
	foo://127.0.0.1:9|"foo" is not a kind of endpoint; there are tcp, tls
	tcps://127.0.0.1:9|"tcps" is not a kind of endpoint
	127.0.0.1:9|"127.0.0.1:9" has no scheme (tcp://127.0.0.1:9, tls://127.0.0.1:9 ...)
	localhost:9|"localhost:9" has no scheme (tcp://localhost:9
	localhost|"localhost" has no scheme
	//localhost:9|"//localhost:9" has no scheme (like tcp://
	/run/socket|"/run/socket" has no scheme
	tcp:127.0.0.1:9|"tcp:127.0.0.1:9" is not of the form tcp://HOST:PORT
	tcp:/127.0.0.1:9|"tcp:/127.0.0.1:9" is not of the form tcp://HOST:PORT
	tcp://|"tcp://" has no host
	tcp:///|"tcp:///" has no host
	tcp://:9|"tcp://:9" has no host
	tcp://127.0.0.1|"tcp://127.0.0.1" names no port; write tcp://HOST:PORT
	tls://127.0.0.1|"tls://127.0.0.1" names no port; write tls://HOST:PORT
	tcp://127.0.0.1:9/path|"tcp://127.0.0.1:9/path": nothing may follow the port
	tcp://127.0.0.1:9?q|"tcp://127.0.0.1:9?q": nothing may follow the port
	tcp://::1:9|"::1:9" has more than one colon; an IPv6 address stands in brackets: [::1]:443
	tcp://[::1:9|"[::1:9": the [ is never closed
	tcp://[::1]9|"[::1]9": after ] comes a : and the port
	tcp://[127.0.0.1]:9|"127.0.0.1" is not an IPv6 address
	tcp://user@127.0.0.1:9|an endpoint has no user and no password
	tcp://two words:9|"two words:9" is no host
	END
	bad 2 'has a control character in it' ctl open a $'tcp://h\n:9'
	bad 2 'has a control character in it' ctl open a $'tcp://\e[31m:9'
	undisturbed
}

@test "an unknown port is refused" {
	local port

	for port in '' 65536 99999999999999999999 -1 +9 1x0x 9. 0x50 "$PORT,"; do
		bad 2 'a: ' ctl open a "tcp://127.0.0.1:$port"
		[[ $stderr == *port*service* ]] || fail "$stderr"
	done
	bad 2 'nothing can be reached at port 0' ctl open a tcp://127.0.0.1:0
	undisturbed
}

@test "a service that nobody knows is refused as a port is" {
	bad 2 'a: ' ctl open a tcp://127.0.0.1:no-such-service
	[[ $stderr == *no-such-service* ]]
	undisturbed
}

@test "a session's name is 1 to 64 letters, digits and . _ @ -" {
	local name long

	printf -v long '%064d' 0
	for name in '' . .. .a -a @a a/b /a ../a a/.. 'a b' $'a\nb' $'a\x01' \
	    $'\x7f' 'a*' 'a:b' 'ä' $'\xff' "0$long" "$(printf '%01000d' 0)"; do
		bad 2 "not a session's name: 1 to 64 letters, digits and \
. _ @ -" ctl open -- "$name" "tcp://127.0.0.1:$PORT"
		bad 2 "not a session's name" ctl log -- "$name"
	done
	undisturbed
	for name in "$long" _ 9 A.b_c@d-e a..b; do
		ctl open "$name" "tcp://127.0.0.1:$PORT"
		echoes "$name" hello
		ctl close "$name"
	done
	undisturbed
}

@test "a name that cannot be one is no session for the other commands" {
	local name

	for name in '' .. a/b $'a\nb\e' .control .log-steady; do
		bad 4 'no such session' ctl status -- "$name"
		bad 4 'no such session' ctl close -- "$name"
		bad 4 'no such session' ctl path -- "$name"
	done
	undisturbed
}

@test "a duplicate name is refused, and what stands stays" {
	bad 1 'steady: stands already and differs: endpoint is' \
	    ctl open steady tcp://127.0.0.1:9
	undisturbed
}

@test "a name that a file has is refused, and the file stays" {
	echo mine >"$FIFOD_DIR/a"
	bad 1 'a: something that is not a session is called a in the run '\
'directory: remove it' ctl open a "tcp://127.0.0.1:$PORT"
	assert_equal "$(cat "$FIFOD_DIR/a")" mine
	rm "$FIFOD_DIR/a"
	mkdir "$FIFOD_DIR/.new-a"
	echo mine >"$FIFOD_DIR/.new-a/file"
	bad 1 'a: ' ctl open a "tcp://127.0.0.1:$PORT"
	assert_equal "$(cat "$FIFOD_DIR"/*a/file "$FIFOD_DIR"/.*a/file \
	    2>/dev/null)" mine
}

# unreadable KEY: each way in which that option's file can be none
unreadable()
{
	local key=$1

	shift
	bad 1 "a: $key: $T/none: No such file or directory" \
	    open_session a "tls://127.0.0.1:$PORT" "$@" "$key=$T/none"
	bad 1 "a: $key: $T: not a regular file" \
	    open_session a "tls://127.0.0.1:$PORT" "$@" "$key=$T"
	bad 1 "a: $key: $T/pipe: not a regular file" within 5 "$FIFOCTL" \
	    open a "tls://127.0.0.1:$PORT" "${@/#/-o}" -o "$key=$T/pipe"
	bad 1 "a: $key: /dev/zero: not a regular file" within 5 "$FIFOCTL" \
	    open a "tls://127.0.0.1:$PORT" "${@/#/-o}" -o "$key=/dev/zero"
	bad 1 "a: $key: $T/empty: " \
	    open_session a "tls://127.0.0.1:$PORT" "$@" "$key=$T/empty"
	bad 1 "a: $key: $T/text: " \
	    open_session a "tls://127.0.0.1:$PORT" "$@" "$key=$T/text"
	undisturbed
}

@test "an unreadable key, certificate or list is refused, with its name" {
	mkfifo "$T/pipe"
	: >"$T/empty"
	printf 'this is no PEM\n-----BEGIN\n' >"$T/text"
	unreadable ca
	unreadable crl
	unreadable cert "key=$CERTS/client.key"
	unreadable key "cert=$CERTS/client.pem"
}

@test "a key that is not the certificate's is refused" {
	bad 1 'a: ' open_session a "tls://127.0.0.1:$PORT" \
	    cert="$CERTS/client.pem" key="$CERTS/good.key"
	bad 2 'a: key= without cert=' open_session a "tls://127.0.0.1:$PORT" \
	    key="$CERTS/client.key"
	bad 1 'a: key: ' within 5 "$FIFOCTL" open a "tls://127.0.0.1:$PORT" \
	    -o cert="$CERTS/client.pem" -o key="$CERTS/encrypted.key"
	undisturbed
}

@test "a key that others own and may not be read is refused" {
	require_root
	user_prepare
	install -m 600 "$CERTS/client.key" "$USER_DIR/secret.key"
	install -m 644 "$CERTS/client.pem" "$USER_DIR/client.pem"
	run as_user "$FIFOCTL" open b "tcp://127.0.0.1:$PORT"
	assert_success
	broker_of "$USER_DIR/run"
	bad 1 "a: key: $USER_DIR/secret.key: Permission denied" as_user \
	    "$FIFOCTL" open a "tls://127.0.0.1:$PORT" -o cert=client.pem \
	    -o key=secret.key
	assert_equal "$(rundir_names "$USER_DIR/run")" '.control .pid b '
}

@test "what was refused can be had when it is right" {
	start_peer a echo
	bad 2 'a: ' open_session a "tcp://127.0.0.1:$port" group=no-such-group
	bad 2 'a: ' open_session a "tcp://127.0.0.1" 
	bad 1 'a: ' open_session a "tcp://127.0.0.1:$port" -d "$T/fifod.conf"
	undisturbed
	open_session a "tcp://127.0.0.1:$port"
	echoes a hello
	bad 2 'a: ' ctl open a "tcp://127.0.0.1:$port" -o crlf=maybe --replace
	bad 1 'a: ' ctl open a "tls://127.0.0.1:$port" -o ca=/nonexistent \
	    --replace
	echoes a "still the same"
	assert_equal "$(status_of a links)" 1
	undisturbed a
}

@test "a malformed configuration file changes nothing, and is named" {
	printf '%s\n' 'open a tcp://127.0.0.1:9' 'open b tcp://h:1 -o x=1' \
	    >"$T/fifod.conf"
	bad 1 "$T/fifod.conf:2: b: x: no such option" ctl reload
	undisturbed
}

@test "words beyond every measure are refused" {
	local n many=()

	printf '%02000000d' 0 | tr 0 x >"$T/long"
	run --separate-stderr "$FIFOCTL" open a \
	    "tcp://$(head -c 100000 "$T/long"):9" --no-wait
	[ "$status" -ne 0 ] || ctl close a
	[ "${#stderr_lines[@]}" -le 1 ]
	bad 2 'not KEY=VALUE' ctl set steady "$(head -c 100000 "$T/long")"
	run --separate-stderr ctl status steady "$(head -c 100000 "$T/long")"
	assert_equal "$status" 2
	assert_equal "${#stderr_lines[@]}" 1
	for ((n = 0; n < 2000; n++)); do
		many+=(-ocrlf=no)
	done
	bad 2 '' ctl open a "tcp://127.0.0.1:$PORT" "${many[@]}"
	# More than a request may have in all: 1 MiB.
	many=()
	for ((n = 0; n < 11; n++)); do
		many+=("-okeylog=/$(head -c 100000 "$T/long")")
	done
	bad 2 '' ctl open a "tcp://127.0.0.1:$PORT" "${many[@]}"
	undisturbed
}

@test "a path in an option may be as long as a path can be" {
	local long

	long=/$(printf '%04000d' 0)
	ctl open a tcp://127.0.0.1:9 -o connect=on-demand -o "keylog=$long"
	assert_equal "$(ctl status a option.keylog)" "$long"
	ctl open a tcp://127.0.0.1:9 -o connect=on-demand -o "keylog=$long"
	refused 1 'keylog is /0' ctl open a tcp://127.0.0.1:9 -o connect=on-demand \
	    -o "keylog=${long}1"
	ctl close a
}

@test "a working directory that is gone is no reason to fail" {
	mkdir "$T/gone"
	cd "$T/gone"
	rmdir "$T/gone"
	ctl open a "tcp://127.0.0.1:$PORT"
	ctl close a
	bad 2 'a: -d: the path must be absolute here' \
	    ctl open a "tcp://127.0.0.1:$PORT" -d sess
	bad 2 'a: keylog: "x" is a relative path; give an absolute one' \
	    ctl open a "tcp://127.0.0.1:$PORT" -o keylog=x
	ctl open a "tcp://127.0.0.1:$PORT" -d "$T/sess"
	undisturbed a
}

# ---- the control socket

# said_by STEPS…: what the broker says to a client that does these
said_by()
{
	local steps=() step

	for step; do
		steps+=(-e "$step")
	done
	rm -f "$T"/said.*
	within 20 "$PEER" script -c "$FIFOD_DIR/.control" -r "$T/said" \
	    "${steps[@]}" >"$T/client" 2>&1 3>&- || true
	cat "$T"/said.* 2>/dev/null | tr -cd '[:print:]'
}

# A request: frame_of PROTOCOL CWD WORD…, as the peer's `send' wants it
frame_of()
{
	local body="" word length=0

	for word; do
		body+=$word'\0'
		length=$((length + ${#word} + 1))
	done
	printf 'send \\0\\0\\x%02x\\x%02x\\0\\0\\0\\x01%s' $((length / 256)) \
	    $((length % 256)) "$body"
}

@test "a request by hand is answered, as fifoctl's is" {
	run said_by "$(frame_of 1 / path steady)" wait-eof
	assert_output --partial "$FIFOD_DIR/steady"
}

@test "requests that are none are refused or dropped, each for itself" {
	run said_by "$(frame_of 2 / list)" wait-eof
	assert_output --partial 'the broker speaks another protocol'
	run said_by "$(frame_of 1 /)" wait-eof
	assert_output --partial 'malformed request'
	run said_by "$(frame_of)" wait-eof
	assert_output --partial 'malformed request'
	run said_by "$(frame_of 1 / frobnicate)" wait-eof
	assert_output --partial 'unknown command'
	run said_by "$(frame_of 1 / help)" wait-eof
	assert_output --partial 'fifoctl does that itself'
	run said_by "$(frame_of 1 / '')" wait-eof
	assert_output --partial 'unknown command'
	# No NUL at the end, another type, no length, one beyond all bounds.
	run said_by 'send \0\0\0\x04\0\0\0\x011\0/x' wait-eof
	assert_output --partial 'malformed request'
	run said_by 'send \0\0\0\x04\0\0\0\x031\0/\0' wait-eof
	assert_output --partial 'malformed request'
	run said_by 'send \0\0\0\0\0\0\0\x01' wait-eof
	assert_output --partial 'malformed request'
	said_by 'send \xff\xff\xff\xff\0\0\0\x01' wait-eof
	wait_for_line "$T/fifod.err" 'sends what is no request'
	said_by 'send GET / HTTP/1.1\r\n\r\n' wait-eof
	# Paths that are to be made absolute, but against nothing.
	run said_by "$(frame_of 1 here open a "tcp://127.0.0.1:$PORT" -d x)" \
	    wait-eof
	assert_output --partial 'the path must be absolute here'
	undisturbed
}

@test "garbage on the control socket ends its own connection alone" {
	local seed

	for ((seed = 1; seed <= 20 * ${TORTURE:-1}; seed++)); do
		said_by "send-random 3000 $seed" close
	done
	said_by "send-random 5000000 7" wait-eof
	undisturbed
}

@test "half a request is nothing, wherever it ends" {
	local frame n

	frame=$(frame_of 1 / close steady)
	said_by close
	for n in 1 7 8 9 15; do
		# Each \x00 is one byte: take whole ones.
		said_by "send $(printf '%s' "${frame#send }" |
		    grep -oE '\\x..|\\0|.' | head -n "$n" | tr -d '\n')" close
	done
	said_by "send-slow 1 \\0\\0\\0" half-close wait-eof
	undisturbed
}

@test "a request in single bytes is a request" {
	local frame

	frame=$(frame_of 1 / path steady)
	run said_by "send-slow 5 ${frame#send }" wait-eof
	assert_output --partial "$FIFOD_DIR/steady"
}

@test "a client that goes away cancels what it waits for, and no more" {
	background "$T/wait" "$FIFOCTL" wait steady idle
	stop_pid "$BACKGROUND_PID"
	background "$T/open" "$FIFOCTL" open a tcp://127.0.0.1:9 --wait=60
	wait_until 10 test -e "$FIFOD_DIR/a"
	stop_pid "$BACKGROUND_PID"
	# The session that it opened stands.
	undisturbed a
}

@test "two hundred idle control clients keep nobody waiting, and are told" {
	[ "$(ulimit -Hn)" = unlimited ] || [ "$(ulimit -Hn)" -ge 512 ] ||
	    skip "not enough descriptors"
	background "$T/idle" "$PEER" script -n 200 -c "$FIFOD_DIR/.control" \
	    -r "$T/said" -e wait-eof
	wait_for_line "$T/idle" '^connect 200$'
	run -0 within 3 "$FIFOCTL" list
	assert_output --partial steady
	echoes steady hello
	wait_pid "$BACKGROUND_PID" 20
	assert_equal "$(cat "$T"/said.* |
	    grep -ao 'waited too long for the request' | wc -l)" 200
	undisturbed
}

# listed N: so many sessions
listed()
{
	[ "$(ctl list | wc -l)" -eq "$1" ]
}

# many N ENDPOINT-AND-OPTIONS: so many sessions, with the longest of names
many()
{
	local n

	for ((n = 0; n < $1; n++)); do
		printf 'open s%063d %s\n' $n "$2"
	done >"$T/fifod.conf"
	ctl reload
	[ "$1" -gt 0 ] || wait_until 20 listed 1
}

@test "a client that does not read a long answer waits for itself alone" {
	many 300 'tcp://127.0.0.1:9 -o connect=on-demand'
	background "$T/stuck" "$PEER" script -c "$FIFOD_DIR/.control" \
	    --rcvbuf 4K -e "$(frame_of 1 / list --json)" -e stall
	wait_for_line "$T/stuck" '^stall'
	run -0 within 10 "$FIFOCTL" list --json
	[ "${#output}" -gt 200000 ]
	many 0
	run -0 within 10 "$FIFOCTL" list
	undisturbed
}

@test "a client that does not read what it watches is dropped" {
	local long

	# Its reason for each failure has hundreds of bytes.
	printf -v long '/%0250d' 0
	background "$T/stuck" "$PEER" script -c "$FIFOD_DIR/.control" \
	    --rcvbuf 4K -e "$(frame_of 1 / watch)" -e stall
	wait_for_line "$T/stuck" '^stall'
	# Some thousand changes of state a second.
	many 20 "tty:$T$long -o backoff=0.01..0.01"
	wait_for_line "$T/fifod.err" 'does not read its answer to .watch' 90
	many 0
	undisturbed
}

# ---- ctl

# told LINE-REGEX: the session's log says so
told()
{
	wait_for_line "$FIFOD_DIR/steady/log" "$1"
}

@test "a line in ctl that is no command is reported, and does nothing" {
	exec 8>"$FIFOD_DIR/steady/ctl"
	printf 'frobnicate now\n' >&8
	told 'ctl: "frobnicate" is not a command; there are reconnect, eof, '\
'discard, close and set KEY=VALUE'
	printf '\n  \n\t\n\r\n' >&8
	printf 'Close\nclosed\nCLOSE\n' >&8
	told '"CLOSE" is not a command'
	printf 'set\n' >&8
	told 'ctl: set: write set KEY=VALUE'
	printf 'set frob=1\nset crlf=maybe\nset tls-min=1.3\n' >&8
	told 'ctl: set: frob: no such option'
	told 'ctl: set: crlf: "maybe" is neither yes nor no'
	told 'ctl: set: tls-min cannot be changed'
	printf 'set keylog=x\n' >&8
	told 'ctl: set: keylog'
	printf '\033[31m\377\n' >&8
	exec 8>&-
	told '\[31m'
	run ! grep -q '[^[:print:]]' "$FIFOD_DIR/steady/log"
	undisturbed
}

@test "a line in ctl may come in pieces, and end as on other systems" {
	exec 8>"$FIFOD_DIR/steady/ctl"
	printf 'set cr' >&8
	printf 'lf=y' >&8
	never_within 1 status_is steady option.crlf yes
	printf 'es\r\n' >&8
	exec 8>&-
	wait_status steady option.crlf yes
	printf '  set   crlf=no\n' >"$FIFOD_DIR/steady/ctl"
	told 'ctl: "" is not|set crlf=no'
}

@test "a line in ctl that is too long is refused whole" {
	local n

	# Whatever stands at its end, and wherever the broker's reads end.
	for n in 4091 4096 6144 8192 65000 65536; do
		{ printf "%0${n}d" 0; printf 'close\n'; } \
		    >"$FIFOD_DIR/steady/ctl"
		{ printf "%0${n}d" 0; printf ' close\n'; } \
		    >"$FIFOD_DIR/steady/ctl"
	done
	told 'ctl: a line of more than 4096 bytes was refused'
	printf 'set crlf=yes\n' >"$FIFOD_DIR/steady/ctl"
	wait_status steady option.crlf yes
	ctl set steady crlf=no
	undisturbed
}

@test "NUL bytes and garbage in ctl do nothing" {
	local seed

	printf 'clo\0se\n\0\nclose\0\n\0close\n' >"$FIFOD_DIR/steady/ctl"
	for ((seed = 1; seed <= 10; seed++)); do
		"$PEER" random 3000 $seed >"$FIFOD_DIR/steady/ctl"
	done
	printf '\nset crlf=yes\n' >"$FIFOD_DIR/steady/ctl"
	wait_status steady option.crlf yes
	ctl set steady crlf=no
	undisturbed
}

@test "a writer of ctl that dies in a line leaves it to nobody else's" {
	printf 'clo' >"$FIFOD_DIR/steady/ctl"
	never_within 1 test ! -e "$FIFOD_DIR/steady"
	printf '\nset crlf=yes\n' >"$FIFOD_DIR/steady/ctl"
	wait_status steady option.crlf yes
	ctl set steady crlf=no
	undisturbed
}

@test "nothing that is said in ctl, status or log appears in out" {
	printf 'frobnicate\nset crlf=yes\nset crlf=no\n' \
	    >"$FIFOD_DIR/steady/ctl"
	told 'set crlf=no'
	exec 8<"$FIFOD_DIR/steady/out"
	run ! read -rt 0.3 -n 1 <&8
	exec 8<&-
	undisturbed
}

# ---- the environment and the command line of fifod

@test "fifod refuses words that mean nothing, and says which there are" {
	local words

	for words in -x more '-f' '-r' '-F -t -f x'; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr within 10 "$FIFOD" $words
		assert_output ''
		[[ $stderr == *'usage: fifod [-F'* ]]
	done
	for words in '-q list' '-r' '--frob'; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr within 10 "$FIFOCTL" $words
		assert_output ''
		[[ $stderr == *'usage: fifoctl [-r RUNDIR] COMMAND'* ]]
	done
	undisturbed
}

@test "an environment that makes no sense is no reason to fail" {
	local path

	ctl stop
	for path in x @ "$(printf '/%0200d' 0)" "$T/none"; do
		NOTIFY_SOCKET=$path start_broker
		stop_broker
		assert_equal "$EXIT_STATUS" 0
	done
	EVENT_NOEPOLL=1 LANG=xx_XX TZ=: POSIXLY_CORRECT=1 start_broker
	POSIXLY_CORRECT=1 open_session steady "tcp://127.0.0.1:$PORT" \
	    -o crlf=no
	echoes steady hello
}
