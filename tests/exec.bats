# Programs as the peer, behind a socket or a terminal of their own.

# What is in '…' is for the programs; port and the like are set elsewhere.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154,SC2034

load helper/common
load helper/exchange
load helper/world

setup()
{
	common_setup
	start_broker
}

# pid_of SESSION: of the program that is its peer now
pid_of()
{
	local peer

	peer=$(status_of "$1" peer)
	[ -n "${peer#pid }" ] && echo "${peer#pid }"
}

# has_pid SESSION
has_pid()
{
	pid_of "$1" >/dev/null
}

# log_counts SESSION REGEX N: so many lines, or more
log_counts()
{
	[ "$(grep -Ec -- "$2" "$FIFOD_DIR/$1/log")" -ge "$3" ]
}

# ---- exec

@test "a program is asked line by line: bc behind two FIFOs" {
	open_session calc 'exec:bc -l' framing=line
	say calc '2^10\n'
	run -0 hear calc
	assert_output 1024
	say calc 'scale=3; 1/3\n'
	run -0 hear calc
	assert_output .333
	facts calc state=up links=1 exchanges=2 exit=
}

@test "what a program says in a stream ends with an end of file" {
	open_session once 'exec:read x; echo "$x and more"; echo last' \
	    reconnect=never
	say once 'hello\n'
	run -0 hear once
	assert_output $'hello and more\nlast'
	facts once option.on-close=eof exit=0
}

@test "a program that ends at once with 0 has done its work: open is 0" {
	local n

	for n in 1 2 3 4 5 6 7 8; do
		open_session "s$n" "exec:echo $n" reconnect=never
		run -0 hear "s$n"
		assert_output "$n"
	done
}

@test "half-close is the end of a program's standard input" {
	open_session s exec:sort reconnect=never
	say s 'c\na\nb\n'
	echo eof >"$S/ctl"
	run -0 hear s
	assert_output $'a\nb\nc'
	wait_status s state failed
	facts s exit=0 'error=exit status 0'
}

@test "a program runs in the directory, environment and umask of fifoctl open" {
	mkdir "$T/here"
	cd "$T/here"
	umask 027
	WORD='a b  c' open_session s \
	    'exec:pwd; echo "$WORD"; umask; : >made; cat' framing=stream
	umask 022
	cd /
	run -0 within 10 head -n 3 "$S/out"
	assert_output "$T/here"$'\na b  c\n0027'
	wait_until 10 test -e "$T/here/made"
	[ "$(stat -c %a "$T/here/made")" = 640 ]
	# The broker's own are no part of what is compared.
	open_session s 'exec:pwd; echo "$WORD"; umask; : >made; cat'
}

@test "a program of the configuration file runs in the broker's own directory" {
	stop_broker
	echo "open s 'exec:pwd; cat'" >"$T/fifod.conf"
	start_broker
	run -0 within 10 head -n 1 "$FIFOD_DIR/s/out"
	assert_output /
}

@test "a program has every signal, and no descriptor of the broker" {
	start_peer a echo
	open_session other "tcp://127.0.0.1:$port"
	open_session s 'exec:ls -l /proc/self/fd; cat /proc/self/status; cat'
	wait_until 10 grep -q 'started: pid' "$S/log"
	run -0 within 10 sed '/^SigCgt/q' "$S/out"
	assert_line 'SigBlk:'$'\t'0000000000000000
	# 32 and 33 are the C library's own, which it lets nobody touch.
	assert_line --regexp '^SigIgn:.*[08]0000000$'
	assert_line --regexp ' 0 -> socket:'
	assert_line --regexp ' 1 -> socket:'
	assert_line --regexp ' 2 -> pipe:'
	# 3 is the directory that ls reads.
	refute_line --regexp ' ([4-9]|[0-9][0-9]) -> '
	[ "$(grep -c ' -> ' <<<"$output")" -eq 4 ]
}

@test "a program dies of SIGPIPE as it does in a shell" {
	open_session s 'exec:(yes; echo "yes: $?" >&2) | head -n 1; cat'
	run -0 within 10 head -n 1 "$S/out"
	assert_output y
	log_has s 'stderr: yes: 141$'
}

@test "what a program says on standard error is in log" {
	open_session s 'exec:echo one >&2; printf "two\033[m\n" >&2; cat'
	log_has s 'stderr: one$'
	log_has s 'stderr: two\\\^\[\[m$'
	say s 'hello\n'
	run -0 within 10 head -n 1 "$S/out"
	assert_output hello
}

@test "with stderr=out it is in out" {
	open_session s 'exec:echo wrong >&2; cat' stderr=out
	run -0 within 10 head -n 1 "$S/out"
	assert_output wrong
}

@test "a flood on standard error is counted, not told" {
	open_session s 'exec:seq 100000 >&2; echo said; sleep 1; echo x >&2; cat'
	run -0 within 20 head -n 1 "$S/out"
	assert_output said
	log_has s '\([0-9]+ lines left out\)$'
	[ "$(cat "$S"/log* | wc -l)" -lt 1000 ]
}

@test "ten million bytes go through a program and come back" {
	open_session s exec:cat
	head -c 10000000 /dev/urandom >"$T/data"
	background "$T/reader" sh -c 'head -c 10000000 <"$1" | cmp - "$2" &&
	    echo same' sh "$S/out" "$T/data"
	within 20 cat "$T/data" >"$S/in"
	wait_for_line "$T/reader" '^same$' 20
	facts s bytes-in=10000000 bytes-out=10000000
}

# ---- what can be wrong

# hurry: a broker whose programs do not wait for the others on a busy machine:
# one that ends "at once" does so within 150 ms
hurry()
{
	stop_broker
	FIFOD_WRAPPER="nice -n -19 ${FIFOD_WRAPPER-}" start_broker
}

# ends_at_once NAME ENDPOINT [OPTION…]: the program does so; it is opened up to
# five times, where the machine is too busy for that yet
ends_at_once()
{
	local i

	for i in 1 2 3 4 5; do
		run open_session "$@"
		[ "$status" -eq 0 ] || break
		ctl close "$1" --now
	done
	assert_equal "$status" 7
}

@test "a missing program is 127 of the shell, in one line, at once" {
	hurry
	ends_at_once s exec:no-such-program backoff=5..30
	assert_output 'fifoctl: s: exit status 127: sh: 1: no-such-program: not found (it will be tried again)'
	facts s state=backoff exit=127 \
	    'error=exit status 127: sh: 1: no-such-program: not found'
	log_has s '-> backoff: exit status 127: .*not found'
}

@test "a program that is not executable is 126, and is found once it is" {
	printf '#!/bin/sh\nexec cat\n' >"$T/tool"
	hurry
	ends_at_once s "exec:$T/tool" backoff=0.1..0.2
	assert_output --partial 'exit status 126: '
	assert_output --partial 'Permission denied'
	chmod +x "$T/tool"
	S=$FIFOD_DIR/s
	wait_status s state up
	say s 'hello\n'
	run -0 within 10 head -n 1 "$S/out"
	assert_output hello
}

@test "a program that ends at once is started ever more rarely" {
	open_session s 'exec:echo again' on-close=hold backoff=0.2..30 \
	    --no-wait
	wait_until 10 log_counts s '-> backoff' 2
	wait_until 20 log_counts s '-> backoff.*again in [1-9]' 1
	run grep -c 'started: pid' "$S/log"
	[ "$output" -lt 8 ]
}

@test "a program that has lasted is started again soon, as reconnect says" {
	open_session s 'exec:echo begun; read x; exit 4' on-close=hold
	run -0 within 10 head -n 1 "$S/out"
	# The sleep is what the program lasts.
	never_within 1 false
	say s '\n'
	wait_status s reconnects 1
	facts s state=up exit=4
	log_has s '-> backoff: exit status 4 \(again in 0\.[01] s\)$'
}

@test "the signal that killed a program is told" {
	open_session s 'exec:exec cat' reconnect=never
	kill -KILL "$(pid_of s)"
	wait_status s state failed
	facts s exit=SIGKILL 'error=killed by SIGKILL'
}

@test "what a program leaves behind does not hold its session up" {
	open_session s 'exec:sleep 300 & echo $!; read x; exit 2' \
	    reconnect=never
	read -r left <"$S/out"
	say s '\n'
	wait_status s state failed
	facts s exit=2
	wait_until 10 pid_gone "$left"
}

@test "a program that closes its output and runs on is told to end" {
	open_session s 'exec:exec sh -c "sleep 300 <&- >&-" <&- >&-' --no-wait \
	    reconnect=never
	log_has s 'closed its output and runs on'
	wait_status s state failed
	run -0 sed -n 's/.*started: pid //p' "$S/log"
	wait_until 10 pid_gone "$output"
}

@test "close lets a program end by itself" {
	open_session s "exec:cat >$T/got; echo whole >>$T/got"
	say s 'some\n'
	ctl close s
	wait_for_line "$T/got" '^whole$'
	run -0 cat "$T/got"
	assert_output $'some\nwhole'
}

@test "close lets a program of a terminal end by itself, too" {
	open_session s "pty:cat >$T/got; sleep 1; echo whole; echo whole >>$T/got"
	say s 'some\n'
	ctl close s
	wait_for_line "$T/got" '^whole$'
	run -0 cat "$T/got"
	assert_output $'some\nwhole'
}

@test "close lets each program of a pool end by itself, too" {
	open_session s "exec:while read -r x; do echo \$x; done; echo whole >$T/got" \
	    framing=line
	say s 'one\n'
	run -0 hear s
	ctl close s
	wait_for_line "$T/got" '^whole$'
}

@test "close --now ends a program, and one that does not want to as well" {
	open_session s 'exec:trap "" HUP TERM; echo up; while :; do sleep 300; done'
	run -0 within 10 head -n 1 "$S/out"
	pid=$(pid_of s)
	open_session t 'exec:exec sleep 300'
	other=$(pid_of t)
	ctl close t --now
	wait_until 10 pid_gone "$other"
	ctl close s --now
	run ! pid_gone "$pid"
	wait_until 10 pid_gone "$pid"
}

@test "no program outlives its broker" {
	open_session s 'exec:trap "" HUP TERM; echo up; while :; do sleep 300; done'
	run -0 within 10 head -n 1 "$S/out"
	pid=$(pid_of s)
	open_session t 'pty:exec sleep 300'
	other=$(pid_of t)
	stop_broker 20
	pid_gone "$pid"
	pid_gone "$other"
}

@test "reconnect ends the program and starts it anew" {
	open_session s 'exec:exec cat'
	pid=$(pid_of s)
	ctl reconnect s
	wait_until 10 pid_gone "$pid"
	wait_status s state up
	[ "$(pid_of s)" != "$pid" ]
	say s 'hello\n'
	run -0 within 10 head -n 1 "$S/out"
	assert_output hello
}

@test "an exec: without a command is refused" {
	run -2 open_session s 'exec:'
	assert_output --partial 'names no command; write exec:COMMAND'
	run -2 open_session s 'exec://cat'
	assert_output --partial 'write exec:COMMAND'
}

@test "exchanges wait for a program that is started on demand, and again" {
	open_session s 'exec:read x; echo "<$x>"' framing=line connect=on-demand
	say s 'one\n'
	run -0 hear s
	assert_output '<one>'
	log_has s 'has ended: exit status 0'
	say s 'two\n'
	run -0 hear s
	assert_output '<two>'
	facts s links=2 exchanges=2 last=complete
}

# lines_are FILE N
lines_are()
{
	[ "$(wc -l <"$1")" -eq "$2" ]
}

@test "three programs answer at once with connections=3" {
	local i

	# Each answers when all three have been asked.
	cat >"$T/program" <<-END
		while read x; do
			echo "\$\$" >>$T/asked
			until [ -e $T/go ]; do sleep 0.1; done
			echo "\$x \$\$"
		done
	END
	open_session s "exec:exec sh $T/program" framing=line connections=3
	for i in 1 2 3; do
		background "$T/r$i" sh -c 'echo $2 | "$1" request s' sh \
		    "$FIFOCTL" "$i"
	done
	wait_until 10 lines_are "$T/asked" 3
	: >"$T/go"
	for i in 1 2 3; do
		wait_for_line "$T/r$i" "^$i [0-9]+\$" 10
	done
	[ "$(cut -d' ' -f2 "$T"/r[123] | sort -u | wc -l)" -eq 3 ]
}

@test "a program runs in the session's network namespace, or not at all" {
	require_root
	! is_portable || skip 'the portable build knows no namespaces'
	background "$T/ns" unshare --net sh -c 'echo made; exec sleep 300'
	wait_for_line "$T/ns" '^made$' || skip 'no namespaces here'
	space=$BACKGROUND_PID
	hurry
	open_session s 'exec:readlink /proc/self/ns/net; cat' \
	    netns="/proc/$space/ns/net"
	run -0 within 10 head -n 1 "$S/out"
	assert_output "$(readlink "/proc/$space/ns/net")"
	ends_at_once t exec:cat netns=no-such-one
	assert_output --partial 'exit status 126: netns=no-such-one: there is no such network namespace'
}

# ---- pty

@test "a program that wants a terminal has one" {
	open_session s 'pty:tty; stty size; cat' on-close=hold
	run -0 within 10 head -n 2 "$S/out"
	assert_line --index 0 --regexp '^/dev/(pts/|tty)'
	assert_line --index 0 "$(status_of s local)"
	assert_line --index 1 '24 80'
	say s 'not echoed\n'
	run -0 within 10 head -n 1 "$S/out"
	assert_output 'not echoed'
}

@test "python3 -i is asked behind FIFOs" {
	[ -x /usr/bin/python3 ] || skip 'no python3'
	open_session py 'pty:/usr/bin/python3 -i' 'framing=prompt:^>>> $'
	say py 'print(6*7)\n'
	run -0 hear py
	assert_output $'42\n>>> '
	say py '1/0\n'
	run -0 hear py
	assert_output '>>> '
	log_has py 'stderr: ZeroDivisionError: division by zero$'
	facts py links=1 exchanges=2
}

@test "a shell's prompt comes with stderr=out" {
	PS1='ready> ' ENV='' open_session s 'pty:sh -i' stderr=out \
	    'framing=prompt:^ready> $'
	say s 'echo $((6*7)); tty >/dev/null && echo terminal\n'
	run -0 hear s
	assert_output $'42\nterminal\nready> '
}

@test "set window=100x30 resizes the terminal, and the program is told" {
	open_session s 'pty:trap "stty size" WINCH; echo up; while :; do read x; done' \
	    on-close=hold window=90x20
	run -0 within 10 head -n 1 "$S/out"
	ctl set s window=100x30
	say s '\n'
	run -0 within 10 head -n 1 "$S/out"
	assert_output '30 100'
	run -2 ctl set s window=wide
	assert_output --partial '"wide" is not COLUMNSxROWS'
}

@test "half-close of a terminal is the end of file that it knows" {
	open_session s 'pty:cat; echo after' reconnect=never
	say s 'half a line'
	echo eof >"$S/ctl"
	run -0 hear s
	assert_output 'half a lineafter'
	facts s exit=0
}

@test "control characters are signals, unless the terminal is raw" {
	open_session s \
	    'pty:trap "echo interrupted" INT; echo up; while :; do read x; done' \
	    on-close=hold
	run -0 within 10 head -n 1 "$S/out"
	say s '\003'
	run -0 within 10 head -n 1 "$S/out"
	assert_output interrupted
	open_session r 'pty:echo up; exec cat' terminal=raw on-close=hold
	run -0 within 10 head -n 1 "$S/out"
	head -c 100000 /dev/urandom >"$T/data"
	background "$T/reader" sh -c 'head -c 100000 <"$1" | cmp - "$2" &&
	    echo same' sh "$S/out" "$T/data"
	within 20 cat "$T/data" >"$S/in"
	wait_for_line "$T/reader" '^same$' 20
}

@test "terminal=echo is what a screen shows" {
	open_session s 'pty:echo up; exec cat' terminal=echo on-close=hold
	run -0 within 10 head -n 1 "$S/out"
	assert_output $'up\r'
	say s 'word\n'
	run -0 within 10 head -n 2 "$S/out"
	assert_output $'word\r\nword\r'
}

@test "the end of a terminal's program is a plain end" {
	open_session s 'pty:echo said; exit 3' reconnect=never --no-wait
	run -0 hear s
	assert_output said
	wait_status s state failed
	facts s exit=3 'error=exit status 3'
}

@test "the examples of programs and terminals run" {
	command -v socat >/dev/null || skip 'no socat'
	[ -x /usr/bin/python3 ] || skip 'no python3'
	background "$T/line" socat "pty,raw,echo=0,link=$T/near" \
	    "pty,raw,echo=0,link=$T/far"
	wait_until 10 test -e "$T/near" -a -e "$T/far"
	background "$T/far.out" sh -c 'exec <>"$1" >&0; read -r x
	    echo "$x OK"; exec sleep 300' sh "$T/far"
	awk '/^\.S[hs] / { here = $0 == ".Sh PROGRAMS AND TERMINALS" }
	    /^\.Ed/ { on = 0 } on { print } /^\.Bd -literal/ && here { on = 1 }' \
	    "$TESTS/../share/man/fifod-session.7.in" |
	    sed -e 's/\\e/\\/g' -e "s|/dev/ttyS0|$T/near|" >"$T/example"
	cd "$T"
	PATH=${FIFOCTL%/*}:$PATH run -0 within 20 sh -eu ./example
	assert_line --index 0 apple
	assert_line 1024
	assert_line 42
	assert_line --partial $'AT\r OK'
}

# ---- behind a front door

# door_open COMMAND [OPTION]…: port
door_open()
{
	open_session d "exec:$1" connections=each listen=127.0.0.1:0 "${@:2}"
	port=$(status_of d listening)
	port=${port##*:}
}

@test "a canned answer to every client: a program behind a front door" {
	local n

	command -v curl >/dev/null || skip 'no curl'
	printf 'HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\nConnection: close\r\n\r\ngone\n' \
	    >"$T/404"
	door_open "cat $T/404"
	for n in 1 2 3 4 5 6; do
		background "$T/c$n" curl -s -w '%{http_code}\n' \
		    "http://127.0.0.1:$port/$n"
	done
	for n in 1 2 3 4 5 6; do
		wait_for_line "$T/c$n" '^404$'
		run -0 head -n 1 "$T/c$n"
		assert_output gone
	done
	wait_until 10 status_is d channels 0
	log_has d 'has ended: exit status 0$'
}

@test "a program behind a front door that does not read costs nobody else" {
	local n

	door_open 'echo "$$ of all"; exec >&- <&-; exec sleep 0.2'
	background "$T/stuck" sh -c 'yes | socat -u - "tcp:127.0.0.1:$1"' sh \
	    "$port"
	for n in 1 2 3; do
		run -0 within 10 socat -u "tcp:127.0.0.1:$port" -
		assert_output --regexp '^[0-9]+ of all$'
	done
	wait_until 10 pid_gone "$BACKGROUND_PID"
	# Every program that was started has ended.
	wait_until 10 log_counts d 'has ended' 4
}

@test "an echo of lines, a program a client, half-close kept" {
	door_open 'while read -r x; do echo "<$x>"; done; echo last; exit 3'
	run -0 within 10 sh -c 'printf "a\nb\n" |
	    socat -t 5 - "tcp:127.0.0.1:$1"' sh "$port"
	assert_output $'<a>\n<b>\nlast'
	run -0 "$FIFOCTL" probe "tcp://127.0.0.1:$port"
}
