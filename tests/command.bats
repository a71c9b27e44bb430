# fifoctl(1): every command, what it prints, how it ends.

# shellcheck disable=SC2016,SC2001,SC2030,SC2031

load helper/common
load helper/command

# A host name that no name server is asked for: a label is at most 63 bytes.
NOWHERE=$(printf '%064d' 0).invalid

COMMANDS="open close list status path log set reconnect wait watch tap sync
    probe reload stop request channel attach metrics help version"

# nobody_listens: port is one that refuses, at which nobody listens but whom
# we start with it, for as long as the test lasts
nobody_listens()
{
	start_peer refuses script --refuse
}

# idle NAME: a session that stands and does nothing
idle()
{
	open_session "$1" tcp://127.0.0.1:9 connect=on-demand
}

# ---- the words

@test "fifoctl help lists every command, and explains each" {
	local command

	run -0 "$FIFOCTL" help
	assert_line --index 0 'usage: fifoctl [-r RUNDIR] COMMAND ...'
	for command in $COMMANDS; do
		run -0 "$FIFOCTL" help
		assert_line --regexp "^  $command( |\$)"
		run -0 --separate-stderr "$FIFOCTL" help "$command"
		assert_line --index 0 --regexp "^usage: (fifoctl )?$command( |\$)"
		[ "${#lines[@]}" -ge 2 ]
		assert_equal "$stderr" ''
		local by_help=$output
		run -0 "$FIFOCTL" "$command" --help
		assert_output "$by_help"
	done
	run -0 "$FIFOCTL" help
	# Those, and no others.
	[ "$(grep -c '^  [a-z]' <<<"$output")" -eq "$(wc -w <<<"$COMMANDS")" ]
	local all=$output
	run -0 "$FIFOCTL" --help
	assert_output "$all"
	run -0 "$FIFOCTL" -h
	assert_output "$all"
}

@test "fifoctl help names the options of each command" {
	run -0 "$FIFOCTL" help open
	for word in --directory=DIR --option=KEY=VALUE --wait=SEC --no-wait \
	    --replace; do
		assert_output --partial -- "$word"
	done
	run -0 "$FIFOCTL" help wait
	assert_output --partial -- --timeout=SEC
	run -0 "$FIFOCTL" help close
	assert_output --partial -- --now
	run -0 "$FIFOCTL" help log
	assert_output --partial -- --follow
	run -0 "$FIFOCTL" help list
	assert_output --partial -- --json
	run -0 "$FIFOCTL" help status
	assert_output --partial -- --json
}

@test "fifoctl help options lists every option with its default" {
	idle a
	run -0 "$FIFOCTL" help options
	local help=$output
	run -0 ctl status a
	local n=0
	while IFS='=' read -r key value; do
		[[ $key == option.* ]] || continue
		n=$((n + 1))
		case $key in
		option.connect) value=now ;;
		# These are decided when it is opened.
		option.framing) value= ;;
		option.delivery | option.reconnect | option.on-close) value=auto ;;
		esac
		grep -Eq "^  ${key#option.}=$value( |\$)" <<<"$help" ||
		    fail "help options lacks ${key#option.}=$value"
	done <<<"$output"
	[ "$n" -ge 20 ]
	assert_equal "$(grep -Ec '^  [a-z-]+=' <<<"$help")" "$n"
}

@test "fifoctl help endpoints lists the kinds of endpoints" {
	run -0 "$FIFOCTL" help endpoints
	assert_line --partial tcp://HOST:PORT
	assert_line --partial tls://HOST:PORT
}

@test "fifoctl help ways lists the kinds of proxies and of STARTTLS" {
	run -0 "$FIFOCTL" help ways
	assert_line '  socks5://[USER@]HOST:PORT'
	assert_line '  http://[USER@]HOST:PORT'
	assert_line '  smtp'
	assert_line '  postgres'
}

@test "fifoctl help exit lists the exit statuses" {
	run -0 "$FIFOCTL" help exit
	for n in 0 1 2 3 4 6 7 28 35 60 130; do
		assert_line --regexp "^ +$n +[A-Z].*"
	done
}

@test "help for what is not there says what there is" {
	refused 2 'help: unknown command "opne": did you mean open?' \
	    "$FIFOCTL" help opne
	refused 2 'unknown command "zzzzzz": fifoctl help lists them' \
	    "$FIFOCTL" help zzzzzz
	refused 2 'one word too many' "$FIFOCTL" help open close
}

@test "version says which one it is" {
	run -0 "$FIFOCTL" version
	assert_output --regexp '^fifoctl [0-9]+\.[0-9]+'
	local version=${output#fifoctl }
	run -0 "$FIFOCTL" --version
	assert_output "fifoctl $version"
	run -0 "$FIFOD" -V
	assert_output "fifod $version"
}

@test "words that mean nothing are 2, and a broker is not started for them" {
	run -2 --separate-stderr "$FIFOCTL"
	assert_output ''
	[[ ${stderr_lines[0]} == usage:* ]]
	refused 2 'unknown command "frobnicate"' ctl frobnicate
	refused 2 'unknown command "lst": did you mean list?' ctl lst
	refused 2 'open: a word is missing: fifoctl open NAME ENDPOINT' ctl open
	refused 2 'open: a word is missing' ctl open a
	refused 2 'open: "b" is one word too many: fifoctl open NAME ENDPOINT' \
	    ctl open a tcp://127.0.0.1:9 b
	refused 2 'open: unknown option --repalce: did you mean --replace?' \
	    ctl open a tcp://127.0.0.1:9 --repalce
	refused 2 'open: unknown option -z' ctl open a tcp://127.0.0.1:9 -z
	refused 2 'open: -o KEY=VALUE: its value is missing' \
	    ctl open a tcp://127.0.0.1:9 -o
	refused 2 '--wait=SEC' ctl open a tcp://127.0.0.1:9 --wait
	refused 2 --wait ctl open a tcp://127.0.0.1:9 --wait=soon
	refused 2 --wait ctl open a tcp://127.0.0.1:9 --wait=-1
	refused 2 '--no-wait takes no value' ctl open a tcp://127.0.0.1:9 \
	    --no-wait=1
	refused 2 '--wait and --no-wait together' ctl open a \
	    tcp://127.0.0.1:9 --wait=1 --no-wait
	refused 2 'wait: a word is missing: fifoctl wait NAME STATE' ctl wait a
	refused 2 '"nice" is not a state; there are idle, resolving, ' \
	    ctl wait a nice
	refused 2 -t ctl wait a up -t soon
	for command in close status path log set reconnect wait; do
		refused 2 "$command: a word is missing: fifoctl $command NAME" \
		    ctl $command
	done
	for command in list reload stop version; do
		refused 2 "$command: \"x\" is one word too many" ctl $command x
	done
	refused 2 'list: unknown option --jsn: did you mean --json?' \
	    ctl list --jsn
	[ ! -e "$FIFOD_DIR" ]
}

@test "options stand before, between and after the other words" {
	open_session a tcp://127.0.0.1:9 -o connect=on-demand
	ctl open -o connect=on-demand a tcp://127.0.0.1:9
	ctl open a -oconnect=on-demand tcp://127.0.0.1:9
	ctl open a --option=connect=on-demand -- tcp://127.0.0.1:9
	ctl open --option connect=on-demand -- a tcp://127.0.0.1:9
	POSIXLY_CORRECT=1 ctl open a tcp://127.0.0.1:9 -o connect=on-demand
	# The last one counts.
	ctl open a tcp://127.0.0.1:9 -o connect=now -o connect=on-demand
}

@test "where no broker runs that is 3, and nothing is made" {
	local words

	for words in list 'status a' 'status a state' 'path a' 'close a' \
	    'set a crlf=yes' 'reconnect a' 'wait a up' 'watch' 'watch a' \
	    'log a' reload; do
		# shellcheck disable=SC2086
		refused 3 "no broker runs in $FIFOD_DIR" ctl $words
	done
	[ ! -e "$FIFOD_DIR" ]
	mkdir -m 700 "$FIFOD_DIR"
	refused 3 "no broker runs in $FIFOD_DIR" ctl list
	assert_equal "$(rundir_names "$FIFOD_DIR")" ''
}

@test "a name that no session has is 4" {
	local words

	idle a
	for words in 'status b' 'status b state' 'status b --json' 'path b' \
	    'close b' 'close b --now' 'set b crlf=yes' 'reconnect b' \
	    'wait b up' 'watch b' 'log b'; do
		# shellcheck disable=SC2086
		refused 4 "b: no such session" ctl $words
	done
}

@test "output that cannot be written is not 0" {
	[ -c /dev/full ] || skip "no /dev/full"
	idle a
	for words in list 'list --json' 'status a' 'path a' 'log a' help \
	    'help options' version; do
		# shellcheck disable=SC2086
		run -1 --separate-stderr sh -c '"$FIFOCTL" "$@" >/dev/full' sh \
		    $words
		[ "${#stderr_lines[@]}" -eq 1 ]
		[[ $stderr == *'No space left on device'* ]]
	done
}

# ---- open

@test "open returns when the session is up, and says nothing" {
	start_peer a echo
	run -0 open_session a "tcp://127.0.0.1:$port"
	assert_output ''
	assert_equal "$(status_of a state)" up
	echoes a hello
}

@test "the same open again is 0, and changes nothing" {
	start_peer a echo
	open_session a "tcp://127.0.0.1:$port" crlf=no timeout-connect=5
	run -0 open_session a "tcp://127.0.0.1:$port" timeout-connect=5.0
	assert_output ''
	# It is what it was opened with that counts.
	ctl set a crlf=yes
	open_session a "tcp://127.0.0.1:$port" timeout-connect=5
	assert_equal "$(status_of a links)" 1
	assert_equal "$(status_of a option.crlf)" yes
}

@test "an open that differs is 1, and names each key, old and new" {
	start_peer a echo
	start_peer b echo
	open_session a "tcp://127.0.0.1:$PORT_a" crlf=yes
	refused 1 "a: stands already and differs: endpoint is \
tcp://127.0.0.1:$PORT_a, not tcp://127.0.0.1:$PORT_b; timeout-connect is 15, \
not 5; pin is empty, not " open_session a "tcp://127.0.0.1:$PORT_b" \
	    timeout-connect=5 crlf=yes \
	    pin=sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
	refused 1 'crlf is yes, not no (--replace changes it)' \
	    open_session a "tcp://127.0.0.1:$PORT_a"
	assert_equal "$(status_of a links)" 1
	assert_equal "$(status_of a endpoint)" "tcp://127.0.0.1:$PORT_a"
}

@test "--replace changes what can be changed without a new connection" {
	start_peer a echo
	open_session a "tcp://127.0.0.1:$port"
	hold_reader "$S/out"
	open_session a "tcp://127.0.0.1:$port" crlf=yes --replace
	assert_equal "$(status_of a option.crlf)" yes
	assert_equal "$(status_of a links)" 1
	run peer_log a
	refute_line 'accept 2'
	open_session a "tcp://127.0.0.1:$port" crlf=yes
}

@test "--replace opens anew where it must" {
	start_peer a echo
	start_peer b echo
	open_session a "tcp://127.0.0.1:$PORT_a"
	open_session a "tcp://127.0.0.1:$PORT_b" keepalive=no --replace
	assert_equal "$(status_of a endpoint)" "tcp://127.0.0.1:$PORT_b"
	assert_equal "$(status_of a option.keepalive)" no
	wait_peer b '^accept 1$'
	wait_peer a '^close 1$'
	echoes a hello
	assert_sessions a
}

@test "--replace of what is not there opens it" {
	start_peer a echo
	open_session a "tcp://127.0.0.1:$port" --replace
	assert_equal "$(status_of a state)" up
}

@test "a host that does not resolve is 6, and the session stands" {
	refused 6 "a: $NOWHERE: " open_session a "tcp://$NOWHERE:9" \
	    backoff=60..60
	assert_equal "$(status_of a state)" backoff
	assert_equal "$(status_of a error-status)" 6
}

@test "a refused connection is 7, and the session stands and tries again" {
	nobody_listens
	refused 7 "a: 127.0.0.1:$port: connection refused (it will be tried \
again)" open_session a "tcp://127.0.0.1:$port"
	assert_sessions a
	[ "$(status_of a error)" = "127.0.0.1:$port: connection refused" ]
	start_peer a echo -p "$port"
	wait_status a state up
}

@test "no connection in timeout-connect is 28, and the session stands" {
	start_peer a script -e stall
	refused 28 "a: no connection within timeout-connect=2 s: still \
handshake" open_session a "tls://127.0.0.1:$port" timeout-connect=2
	assert_sessions a
}

@test "a handshake that fails is 35, and the session stands as failed" {
	start_peer a echo
	refused 35 'a: ' open_session a "tls://127.0.0.1:$port"
	assert_equal "$(status_of a state)" failed
	assert_equal "$(status_of a error-status)" 35
}

@test "a certificate that is not accepted is 60, and the session is failed" {
	# shellcheck disable=SC2046
	start_peer a script $(tls unknownroot) -e wait-eof
	refused 60 'a: ' open_session a "tls://localhost:$port" \
	    ca="$CERTS/ca.pem"
	assert_equal "$(status_of a state)" failed
	assert_equal "$(status_of a error-status)" 60
}

@test "the same open again tries a failed session again" {
	# shellcheck disable=SC2046
	start_peer a echo $(tls good)
	cp "$CERTS/otherca.pem" "$T/ca.pem" 2>/dev/null ||
	    cp "$CERTS/selfsigned.pem" "$T/ca.pem"
	refused 60 'a: ' open_session a "tls://localhost:$port" ca="$T/ca.pem"
	refused 60 'a: ' open_session a "tls://localhost:$port" ca="$T/ca.pem"
	assert_sessions a
	run ctl log a
	assert_equal "$(grep -c 'failed -> resolving' <<<"$output")" 1
}

@test "reconnect=never makes the first failure the last, and open says so" {
	nobody_listens
	refused 7 "a: 127.0.0.1:$port: connection refused" \
	    open_session a "tcp://127.0.0.1:$port" reconnect=never
	[[ $stderr != *'again'* ]]
	assert_equal "$(status_of a state)" failed
}

@test "--wait waits over failed attempts until the session is up" {
	nobody_listens
	background "$T/open" "$FIFOCTL" open a "tcp://127.0.0.1:$port" \
	    --wait=20 -o backoff=0.05..0.1
	wait_until 10 grep -q '^state=backoff' "$FIFOD_DIR/a/status"
	start_peer a echo -p "$port"
	wait_pid "$BACKGROUND_PID" 20
	assert_equal "$EXIT_STATUS" 0
	assert_equal "$(cat "$T/open")" ''
	assert_equal "$(status_of a state)" up
}

@test "--wait ends with 28 after its time, with the last reason" {
	nobody_listens
	refused 28 "a: not up in time: 127.0.0.1:$port: connection refused" \
	    open_session a "tcp://127.0.0.1:$port" --wait=2 \
	    backoff=0.05..0.1
	assert_sessions a
}

@test "--wait does not wait for what will not come" {
	start_peer a echo
	refused 35 'a: ' within 10 "$FIFOCTL" open a "tls://127.0.0.1:$port" \
	    --wait=60
}

@test "--no-wait returns at once" {
	start_peer a script -e stall
	run -0 open_session a "tls://127.0.0.1:$port" --no-wait
	assert_output ''
	run ctl status a state
	assert_output --regexp '^(resolving|connecting|handshake)$'
}

@test "connect=on-demand connects when a byte waits in \`in'" {
	start_peer a echo
	open_session a "tcp://127.0.0.1:$port" connect=on-demand
	assert_equal "$(status_of a state)" idle
	run peer_log a
	refute_line 'accept 1'
	echoes a hello
	assert_equal "$(status_of a links)" 1
}

# ---- open -d

@test "-d makes a symbolic link, which goes with the session" {
	start_peer a echo
	cd "$T"
	open_session a "tcp://127.0.0.1:$port" -d ./sess
	[ -L sess ]
	assert_equal "$(readlink sess)" "$FIFOD_DIR/a"
	echo hello >sess/in
	read -rt 10 line <sess/out
	assert_equal "$line" hello
	# The same in other words.
	open_session a "tcp://127.0.0.1:$port" -d "$T/sess/"
	open_session a "tcp://127.0.0.1:$port"
	ctl close a
	[ ! -L sess ]
}

@test "-d may be asked for later, too, but not for another place" {
	start_peer a echo
	open_session a "tcp://127.0.0.1:$port"
	open_session a "tcp://127.0.0.1:$port" -d "$T/sess"
	[ -p "$T/sess/in" ]
	refused 1 "directory is $T/sess, not $T/other" \
	    open_session a "tcp://127.0.0.1:$port" -d "$T/other"
	[ ! -L "$T/other" ]
	ctl close a
	[ ! -L "$T/sess" ]
}

@test "-d is refused where something exists, and nothing stays behind" {
	local kind

	start_peer a echo
	idle other
	for kind in file directory fifo link dangling; do
		case $kind in
		file) echo mine >"$T/sess" ;;
		directory) mkdir "$T/sess" ;;
		fifo) mkfifo "$T/sess" ;;
		link) ln -s "$T" "$T/sess" ;;
		dangling) ln -s "$T/nowhere" "$T/sess" ;;
		esac
		refused 1 "a: $T/sess exists and is not a stale link of ours" \
		    open_session a "tcp://127.0.0.1:$port" -d "$T/sess"
		wait_until 10 test ! -e "$FIFOD_DIR/a"
		assert_sessions other
		[ "$kind" != file ] || assert_equal "$(cat "$T/sess")" mine
		[ "$kind" != dangling ] ||
		    assert_equal "$(readlink "$T/sess")" "$T/nowhere"
		rm -r "$T/sess"
	done
	refused 1 "a: $T/missing/sess: No such file or directory" \
	    open_session a "tcp://127.0.0.1:$port" -d "$T/missing/sess"
	refused 1 "a: $T/fifod.conf/sess: Not a directory" \
	    open_session a "tcp://127.0.0.1:$port" -d "$T/fifod.conf/sess"
	refused 2 'a: -d: an empty path' \
	    open_session a "tcp://127.0.0.1:$port" -d ''
	wait_until 10 test ! -e "$FIFOD_DIR/a"
	assert_sessions other
}

@test "-d replaces a stale link of ours, but not a live session's" {
	start_peer a echo
	start_broker
	open_session a "tcp://127.0.0.1:$port" -d "$T/sess"
	kill_broker
	start_broker
	[ -L "$T/sess" ]
	[ ! -e "$T/sess" ]
	open_session b "tcp://127.0.0.1:$port" -d "$T/sess"
	assert_equal "$(readlink "$T/sess")" "$FIFOD_DIR/b"
	refused 1 "c: $T/sess exists" \
	    open_session c "tcp://127.0.0.1:$port" -d "$T/sess"
	assert_equal "$(readlink "$T/sess")" "$FIFOD_DIR/b"
}

@test "close leaves a link that is not ours any more" {
	start_peer a echo
	open_session a "tcp://127.0.0.1:$port" -d "$T/a"
	open_session b "tcp://127.0.0.1:$port" -d "$T/b"
	rm "$T/a" "$T/b"
	ln -s "$T/home" "$T/a"
	echo mine >"$T/b"
	ctl close a
	ctl close b
	assert_equal "$(readlink "$T/a")" "$T/home"
	assert_equal "$(cat "$T/b")" mine
}

# ---- list, status, path

@test "list prints name, state and endpoint, in the order of the names" {
	start_peer a echo
	start_broker
	run -0 ctl list
	assert_output ''
	idle zeta
	open_session b "tcp://127.0.0.1:$port"
	idle a.long-name_1@x
	run -0 ctl list
	assert_equal "${#lines[@]}" 3
	assert_line --index 0 --regexp \
	    '^a\.long-name_1@x +idle +tcp://127\.0\.0\.1:9$'
	assert_line --index 1 --regexp "^b +up +tcp://127\.0\.0\.1:$port\$"
	assert_line --index 2 --regexp '^zeta +idle +'
}

@test "list --json is an array with all facts of each session" {
	command -v jq >/dev/null || skip "no jq"
	start_broker
	run -0 ctl list --json
	run -0 jq -c . <<<"$output"
	assert_output '[]'
	idle a
	idle b
	run -0 ctl list --json
	local json=$output
	run -0 jq -r '.[] | .name + " " + .state + " " + ."option.connect"' \
	    <<<"$json"
	assert_output $'a idle on-demand\nb idle on-demand'
}

@test "status prints key=value lines, and one bare value of a key" {
	start_peer a echo
	open_session a "tcp://127.0.0.1:$port" keepalive=no
	echoes a hello
	run -0 ctl status a
	local all=$output key value
	for key in name endpoint state since local peer tls verified \
	    alpn-chosen links bytes-in bytes-out queued reconnects uncertain \
	    discarded keeper engine sandbox error error-since option.crlf \
	    option.keepalive; do
		grep -q "^$key=" <<<"$all" || fail "no $key in status"
	done
	while IFS='=' read -r key value; do
		run -0 ctl status a "$key"
		assert_output "$value"
	done <<<"$all"
	assert_equal "$(status_of a option.keepalive)" no
	assert_equal "$(status_of a bytes-in)" 6
	assert_equal "$(status_of a peer)" "127.0.0.1:$port"
	refused 2 'a: there is no fact "stat": did you mean state?' \
	    ctl status a stat
	refused 2 'a: there is no fact "option.foo"' ctl status a option.foo
}

@test "the status file has the same keys as the command" {
	start_peer a echo
	open_session a "tcp://127.0.0.1:$port"
	run -0 ctl status a
	assert_equal "$(sed 's/=.*//' "$FIFOD_DIR/a/status")" \
	    "$(sed 's/=.*//' <<<"$output")"
	assert_equal "$(grep -E '^(name|state|peer|engine)=' \
	    "$FIFOD_DIR/a/status")" \
	    "$(grep -E '^(name|state|peer|engine)=' <<<"$output")"
}

@test "status --json is one object, whatever bytes a value has" {
	command -v jq >/dev/null || skip "no jq"
	local odd=$'/k "\'\\ \t\n\x01 ü=$(x)'

	open_session a tcp://127.0.0.1:9 connect=on-demand "keylog=$odd"
	run -0 ctl status a --json
	local json=$output
	jq -e 'type == "object"' <<<"$json"
	assert_equal "$(jq -r '."option.keylog"' <<<"$json")" "$odd"
	assert_equal "$(jq -r .name <<<"$json")" a
	# As a line it stays one.
	run -0 ctl status a option.keylog
	assert_equal "${#lines[@]}" 1
	assert_equal "$(grep -c '^option.keylog=' "$FIFOD_DIR/a/status")" 1
	refused 2 'KEY and --json together' ctl status a state --json
}

@test "bytes that are no UTF-8 leave the JSON what it is" {
	command -v jq >/dev/null || skip "no jq"
	open_session a tcp://127.0.0.1:9 connect=on-demand $'keylog=/\xff\xc3'
	run -0 ctl status a --json
	jq -e '."option.keylog" | startswith("/")' <<<"$output"
	run -0 ctl list --json
	jq -e 'length == 1' <<<"$output"
	printf '%s' "$output" | iconv -f UTF-8 -t UTF-8 >/dev/null
}

@test "path prints the session's directory" {
	idle a
	run -0 ctl path a
	assert_output "$FIFOD_DIR/a"
	[ -p "$output/in" ]
	cd "$T"
	run -0 "$FIFOCTL" -r ./run path a
	assert_equal "$(cd "$output" && pwd -P)" "$(cd "$FIFOD_DIR/a" && pwd -P)"
}

# ---- log

@test "log prints what happened, the newest last, and in words" {
	nobody_listens
	open_session a "tcp://127.0.0.1:$port" reconnect=never || true
	run -0 ctl log a
	assert_line --index 0 --regexp \
	    "^[0-9]{4}-[0-9-]+T[0-9:.]+Z opened: tcp://127.0.0.1:$port\$"
	assert_line --regexp 'idle -> resolving'
	assert_line --index $((${#lines[@]} - 1)) --regexp \
	    "connecting -> failed: 127.0.0.1:$port: connection refused\$"
}

@test "log shows the last closed session of a name, and after the broker" {
	idle a
	ctl set a crlf=yes
	ctl close a
	run -0 ctl log a
	assert_line --partial 'set crlf=yes'
	assert_line --partial '-> closed'
	run -3 ctl list
	# A new one's is shown from then on.
	idle a
	run -0 ctl log a
	refute_line --partial 'set crlf=yes'
}

@test "logs of closed sessions are kept, the newest ones, within bounds" {
	local n kept

	for ((n = 1; n <= 300; n++)); do
		echo "open s$n tcp://127.0.0.1:9 -o connect=on-demand"
	done >"$T/fifod.conf"
	start_broker
	: >"$T/fifod.conf"
	ctl reload
	wait_until 10 test ! -e "$FIFOD_DIR/s300"
	open_session last tcp://127.0.0.1:9 connect=on-demand
	ctl close last
	run -0 ctl log last
	assert_line --partial '-> closed'
	kept=$(find "$FIFOD_DIR" -name '.log-*' | wc -l)
	[ "$kept" -ge 10 ]
	[ "$kept" -lt 300 ]
}

@test "log -f goes on with each line, until the session has ended" {
	idle a
	background "$T/out" "$FIFOCTL" log -f a
	wait_for_line "$T/out" opened
	ctl set a crlf=yes
	wait_for_line "$T/out" 'set crlf=yes'
	ctl close a
	wait_pid "$BACKGROUND_PID"
	assert_equal "$EXIT_STATUS" 0
	run cat "$T/out"
	assert_line --index $((${#lines[@]} - 1)) --partial '-> closed'
}

@test "a log that is cut over loses no line of log -f" {
	local n

	open_session a tcp://127.0.0.1:9 connect=on-demand log=4096
	background "$T/out" "$FIFOCTL" log -f a
	wait_for_line "$T/out" opened
	for ((n = 0; n < 100; n++)); do
		echo "line-$n" >"$FIFOD_DIR/a/ctl"
		wait_for_line "$FIFOD_DIR/a/log" "\"line-$n\""
	done
	[ -e "$FIFOD_DIR/a/log.0" ]
	[ "$(stat -c %s "$FIFOD_DIR/a/log")" -le 5000 ]
	run -0 ctl log a
	assert_line --partial '"line-99"'
	[ "$(wc -c <<<"$output")" -gt 4096 ]
	wait_for_line "$T/out" '"line-99"'
	ctl close a
	wait_pid "$BACKGROUND_PID"
	assert_equal "$(grep -c '"line-[0-9]*"' "$T/out")" 100
}

@test "a log that is deleted is no end of log -f" {
	open_session a tcp://127.0.0.1:9 connect=on-demand
	background "$T/out" "$FIFOCTL" log -f a
	wait_for_line "$T/out" opened
	rm "$FIFOD_DIR/a/log"
	never_within 1 pid_gone "$BACKGROUND_PID"
	run -0 ctl log a
	assert_output ''
	echo again >"$FIFOD_DIR/a/ctl"
	wait_for_line "$T/out" '"again"'
	ctl close a
	wait_pid "$BACKGROUND_PID"
	assert_equal "$EXIT_STATUS" 0
}

# ---- set

@test "set changes a live option, which counts from then on" {
	start_peer a script -r "$T/received" -e wait-eof
	open_session a "tcp://127.0.0.1:$port"
	echo one >"$S/in"
	wait_until 10 grep -q one "$T/received.1"
	run -0 ctl set a crlf=yes
	assert_output ''
	assert_equal "$(status_of a option.crlf)" yes
	wait_until 10 grep -q '^option.crlf=yes$' "$S/status"
	echo two >"$S/in"
	wait_until 10 grep -q two "$T/received.1"
	assert_equal "$(cat "$T/received.1")" $'one\ntwo\r'
}

@test "set mode changes the files that stand" {
	idle a
	ctl set a mode=0660
	assert_equal "$(stat -c %a "$FIFOD_DIR/a/in" "$FIFOD_DIR/a/out")" \
	    $'660\n660'
}

@test "set of what cannot change is 1 and says what can be done" {
	start_peer a echo
	open_session a "tcp://127.0.0.1:$port"
	refused 1 "a: tls-min cannot be changed while the session stands: \
open it again with --replace" ctl set a tls-min=1.3
	assert_equal "$(status_of a option.tls-min)" 1.2
}

@test "set of what means nothing is 2, and changes nothing" {
	idle a
	refused 2 'a: clrf: no such option (did you mean crlf?)' \
	    ctl set a clrf=yes
	refused 2 'a: crlf: "maybe" is neither yes nor no' ctl set a crlf=maybe
	refused 2 '"crlf" is not KEY=VALUE' ctl set a crlf
	assert_equal "$(status_of a option.crlf)" no
}

# ---- reconnect

@test "reconnect drops the connection and makes a new one" {
	start_peer a echo
	open_session a "tcp://127.0.0.1:$port"
	hold_reader "$S/out"
	run -0 ctl reconnect a
	assert_output ''
	wait_peer a '^close 1$'
	assert_equal "$(status_of a links)" 2
	assert_equal "$(status_of a reconnects)" 1
	assert_equal "$(status_of a state)" up
	run ! pid_gone "$HELD_PID"
}

@test "reconnect tries what has failed, and ends with its number" {
	start_peer b echo
	nobody_listens
	start_peer a script -e stall -p "$port"
	open_session a "tcp://127.0.0.1:$PORT_a"
	stop_peer a
	refused 7 'a: 127.0.0.1:' ctl reconnect a
	refused 35 'b: ' open_session b "tls://127.0.0.1:$PORT_b"
	refused 35 'b: ' ctl reconnect b
	assert_equal "$(status_of b state)" failed
}

# ---- wait and watch

@test "wait returns when the session is in that state" {
	start_peer a echo
	open_session a "tcp://127.0.0.1:$port" connect=on-demand
	run -0 within 10 "$FIFOCTL" wait a idle
	assert_output ''
	background "$T/wait" "$FIFOCTL" wait a up
	never_within 1 pid_gone "$BACKGROUND_PID"
	echoes a hello
	wait_pid "$BACKGROUND_PID"
	assert_equal "$EXIT_STATUS" 0
}

@test "wait -t ends with 28, and says what the state is" {
	idle a
	refused 28 'a: not up in time: it is idle' \
	    within 10 "$FIFOCTL" wait a up -t 0.1
	refused 28 'a: not closed in time: it is idle' \
	    within 10 "$FIFOCTL" wait a closed --timeout=0.1
	run -0 within 10 "$FIFOCTL" wait a idle -t 0
}

@test "a session that has failed ends every wait at once, with its number" {
	start_peer a echo
	open_session a "tls://127.0.0.1:$port" || true
	refused 35 'a: has failed: ' within 10 "$FIFOCTL" wait a up
	run -0 within 10 "$FIFOCTL" wait a failed
}

@test "wait closed waits until the directory is gone" {
	idle a
	background "$T/wait" "$FIFOCTL" wait a closed
	never_within 1 pid_gone "$BACKGROUND_PID"
	echo close >"$FIFOD_DIR/a/ctl"
	wait_pid "$BACKGROUND_PID"
	assert_equal "$EXIT_STATUS" 0
	[ ! -e "$FIFOD_DIR/a" ]
	# Also where there is no broker any more, and without any before.
	run -0 within 10 "$FIFOCTL" wait a closed
	run -0 within 10 "$FIFOCTL" wait never closed
}

@test "a wait for another state ends with 4 when the session is closed" {
	idle a
	idle b
	background "$T/wait" "$FIFOCTL" wait a up
	never_within 1 pid_gone "$BACKGROUND_PID"
	ctl close a
	wait_pid "$BACKGROUND_PID"
	assert_equal "$EXIT_STATUS" 4
	assert_equal "$(cat "$T/wait")" 'fifoctl: a: was closed'
}

@test "SIGINT ends a wait with 130, and the session stays" {
	idle a
	run env --default-signal=INT timeout --preserve-status -s INT 1 \
	    "$FIFOCTL" wait a up
	assert_equal "$status" 130
	assert_output ''
	assert_equal "$(status_of a state)" idle
}

@test "a wait says it when the broker ends" {
	start_broker
	idle a
	background "$T/wait" "$FIFOCTL" wait a up
	never_within 1 pid_gone "$BACKGROUND_PID"
	kill_broker
	wait_pid "$BACKGROUND_PID"
	assert_equal "$EXIT_STATUS" 3
	assert_equal "$(wc -l <"$T/wait")" 1
	grep '^fifoctl: .*broker' "$T/wait"
}

@test "watch NAME prints each state, until the session has ended" {
	start_peer a echo
	open_session a "tcp://127.0.0.1:$port" connect=on-demand
	idle b
	background "$T/watch" "$FIFOCTL" watch a
	wait_for_line "$T/watch" '^a idle$'
	echoes a hello
	wait_for_line "$T/watch" '^a up$'
	ctl close b
	ctl close a
	wait_pid "$BACKGROUND_PID"
	assert_equal "$EXIT_STATUS" 0
	run cat "$T/watch"
	assert_line --index $((${#lines[@]} - 1)) 'a closed'
	refute_line --partial b
}

@test "watch prints all sessions, those that come later too, with reasons" {
	nobody_listens
	start_broker
	idle a
	background "$T/watch" "$FIFOCTL" watch
	wait_for_line "$T/watch" '^a idle$'
	open_session b "tcp://127.0.0.1:$port" reconnect=never || true
	wait_for_line "$T/watch" \
	    "^b failed 127.0.0.1:$port: connection refused\$"
	ctl close a
	wait_for_line "$T/watch" '^a closed$'
	run ! pid_gone "$BACKGROUND_PID"
}

@test "a watch whose reader has gone is gone, too" {
	start_broker
	idle a
	run -0 within 10 bash -c '"$FIFOCTL" watch | head -n 1'
	assert_output 'a idle'
	ctl list
}

# ---- close and stop

@test "close returns when the directory is gone" {
	start_peer a echo
	start_broker
	open_session a "tcp://127.0.0.1:$port"
	idle b
	run -0 ctl close a
	assert_output ''
	assert_sessions b
	wait_peer a '^close 1$'
}

@test "close sends first what is in \`in'" {
	start_broker
	start_stalled
	stop_pid "$WRITER_PID"
	background "$T/close" "$FIFOCTL" close stalled
	wait_until 10 status_is stalled state closing
	run ! pid_gone "$BACKGROUND_PID"
	: >"$T/go"
	wait_pid "$BACKGROUND_PID"
	assert_equal "$EXIT_STATUS" 0
	assert_equal "$(cat "$T/close")" ''
	wait_peer stalled '^eof 1$'
	cmp -n "$(stat -c %s "$T/received.1")" "$T/sent" "$T/received.1"
	[ ! -e "$FIFOD_DIR/stalled" ]
	run ctl log stalled
	refute_output --partial 'not sent'
}

@test "close --now does not, says so in the log, and cuts a close short" {
	start_broker
	start_stalled
	background "$T/close" "$FIFOCTL" close stalled
	wait_until 10 status_is stalled state closing
	run -0 within 6 "$FIFOCTL" close --now stalled
	[ ! -e "$FIFOD_DIR/stalled" ]
	wait_pid "$BACKGROUND_PID"
	run -0 ctl log stalled
	assert_output --regexp '[0-9]+ bytes .*not sent'
}

@test "stop closes all sessions, and returns when the broker has ended" {
	start_peer a sink
	start_broker
	open_session a "tcp://127.0.0.1:$port"
	idle b
	printf '%09999d' 0 >"$FIFOD_DIR/a/in"
	run -0 ctl stop
	assert_output ''
	assert_equal "$(rundir_names "$FIFOD_DIR")" ''
	flock -n "$FIFOD_DIR" true
	wait_peer a '^sum 1 9999 '
	wait_pid "$BROKER_PID"
	assert_equal "$EXIT_STATUS" 0
}

@test "stop --now waits for no peer" {
	start_broker
	start_stalled
	run -0 within 6 "$FIFOCTL" stop --now
	wait_pid "$BROKER_PID"
	assert_equal "$EXIT_STATUS" 0
}

@test "stop where no broker runs is 0" {
	run -0 ctl stop
	assert_output ''
	[ ! -e "$FIFOD_DIR" ]
	mkdir -m 700 "$FIFOD_DIR"
	run -0 ctl stop
	run -0 ctl stop --now
}

@test "reload of a broker without a configuration file is 1" {
	idle a
	refused 1 'reload: this broker has no configuration file' ctl reload
}

# ---- completions

completion()
{
	COMPLETION=$BUILD/share/completions/$1
	[ -e "$COMPLETION" ] || skip "$1 is not built here"
	command -v "$2" >/dev/null || skip "no $2"
}

# complete_bash LINE: what bash would offer at its end
complete_bash()
{
	PATH=${FIFOCTL%/*}:$PATH bash -c '
		. "$1"
		compopt() { :; }
		COMP_LINE=$2 COMP_POINT=${#2}
		f=$(complete -p fifoctl | sed "s/.* -F \([^ ]*\).*/\1/")
		$f fifoctl
		printf "%s\n" "${COMPREPLY[@]}"' bash "$COMPLETION" "$1" 3>&-
}

@test "bash completes commands, sessions, options, values, states and facts" {
	completion fifoctl.bash bash
	bash -n "$COMPLETION"
	run -0 complete_bash 'fifoctl '
	for command in $COMMANDS; do
		assert_line "$command"
	done
	run -0 complete_bash 'fifoctl re'
	assert_equal "$(sort <<<"$output")" $'reconnect\nreload\nrequest'
	run -0 complete_bash 'fifoctl open a tcp://h:1 -o timeout-c'
	assert_output 'timeout-connect='
	run -0 complete_bash 'fifoctl open a tcp://h:1 -o crlf='
	assert_equal "$(sort <<<"$output")" $'no\nyes'
	run -0 complete_bash 'fifoctl open a ht'
	assert_equal "$(sort <<<"$output")" $'http://\nhttps://'
	run -0 complete_bash 'fifoctl open a tcp://h:1 --re'
	assert_output --replace
	idle one
	idle two
	run -0 complete_bash 'fifoctl status '
	assert_output $'one\ntwo'
	run -0 complete_bash 'fifoctl status o'
	assert_output one
	local dir=$FIFOD_DIR
	FIFOD_DIR='' run -0 complete_bash "fifoctl -r $dir status t"
	assert_output two
	run -0 complete_bash 'fifoctl status one bytes-'
	assert_output $'bytes-in\nbytes-out'
	run -0 complete_bash 'fifoctl wait one clos'
	assert_equal "$(sort <<<"$output")" $'closed\nclosing'
	run -0 complete_bash 'fifoctl set one crl'
	assert_line 'crlf='
	run -0 complete_bash 'fifoctl help end'
	assert_output endpoints
}

@test "the zsh completion is sound and knows every command and option" {
	completion _fifoctl zsh
	zsh -n "$COMPLETION"
	run cat "$COMPLETION"
	assert_line --index 0 '#compdef fifoctl'
	for command in $COMMANDS; do
		assert_line --partial "'$command:"
	done
	assert_output --partial ' timeout-connect='
}

@test "fish completes commands, sessions and options" {
	completion fifoctl.fish fish
	fish -n "$COMPLETION"
	complete_fish()
	{
		PATH=${FIFOCTL%/*}:$PATH within 20 fish -N -c \
		    'source $argv[1]; complete -C $argv[2]' \
		    "$COMPLETION" "$1" 3>&- | sed 's/\t.*//'
	}
	run -0 complete_fish 'fifoctl '
	for command in $COMMANDS; do
		assert_line "$command"
	done
	idle one
	run -0 complete_fish 'fifoctl status o'
	assert_line one
	run -0 complete_fish 'fifoctl open a tcp://h:1 -o timeout-'
	assert_line 'timeout-connect='
	run -0 complete_fish 'fifoctl open a tcp://h:1 --re'
	assert_line -- --replace
}
