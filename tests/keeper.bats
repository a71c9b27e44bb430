# fifod's two processes: who does what, and what happens at a death.

load helper/common
load helper/command
load helper/exchange

AID=$(program_find aid)

title_of()
{
	tr "\0" " " <"/proc/$1/cmdline" | sed "s/[ .]*\$//"
}

# engine_kill [SIGNAL]: and it is gone
engine_kill()
{
	ENGINE=$(engine_pid)
	kill "-${1:-KILL}" "$ENGINE"
	wait_until 10 pid_gone "$ENGINE"
}

another_engine()
{
	local now

	now=$(engine_pid) && [ -n "$now" ] && [ "$now" != "$ENGINE" ]
}

# ---- two processes

@test "a broker is two processes, and their titles say which is which" {
	[ -z "${FIFOD_WRAPPER-}" ] || skip "not under another program"
	[ -e /proc/self/cmdline ] || skip "no /proc"
	start_broker
	assert_equal "$(title_of "$BROKER_PID")" "fifod: keeper"
	assert_equal "$(title_of "$(engine_pid)")" "fifod: engine"
	open_session s exec:cat
	assert_equal "$(status_of s keeper)" "$BROKER_PID"
	assert_equal "$(status_of s engine)" "$(engine_pid)"
	assert_equal "$(cat "$FIFOD_DIR/.pid")" "$BROKER_PID"
}

@test "the engine has its own descriptors and no others" {
	[ -e /proc/self/fd ] || skip "no /proc"
	exec 7<"$T/fifod.conf"
	start_broker
	exec 7<&-
	run find "/proc/$(engine_pid)/fd" -lname "$T/fifod.conf"
	assert_output ''
	assert_equal "$(readlink "/proc/$(engine_pid)/fd/4")" "$FIFOD_DIR"
}

@test "programs are the keeper's children, the engine has none" {
	start_broker
	open_session s exec:cat
	run -0 children_pids
	assert_equal "$(status_of s peer)" "pid $output"
	# But one, which shares its descriptors and does nothing.
	for pid in $(pgrep -P "$(engine_pid)"); do
		assert_equal "$(title_of "$pid")" "fifod: anchor"
	done
}

# lines_pass N DIR: one after the other, read from an `out' that stays
lines_pass()
{
	local i line in

	exec {in}>"$2/in"
	for ((i = 1; i <= $1; i++)); do
		echo "line $i" >&"$in"
		read -rt 10 line <"$2/out"
		assert_equal "$line" "line $i"
	done
	exec {in}>&-
}

# replies_pass N SESSION: each to its end of file
replies_pass()
{
	local i

	for ((i = 1; i <= $1; i++)); do
		[[ $(http_get "$2" /hello) == 'HTTP/1.1 200'* ]]
	done
}

# client_passes N: the same on a connection to sock
client_passes()
{
	local i line

	for ((i = 1; i <= $1; i++)); do
		echo "line $i" >&"${CLIENT[1]}"
		read -rt 10 line <&"${CLIENT[0]}"
		assert_equal "$line" "line $i"
	done
}

@test "while exchanges go on, the keeper sleeps" {
	[ -z "${FIFOD_WRAPPER-}" ] || skip "not under another program"
	command -v strace >/dev/null || skip "no strace"
	local private
	start_peer a http
	# shellcheck disable=SC2046
	start_peer b echo $(tls good)
	start_broker
	open_session web "http://127.0.0.1:$PORT_a"
	open_session secret "tls://localhost:$PORT_b" "ca=$CERTS/ca.pem" \
	    framing=line
	open_session s exec:cat framing=line
	private=$(ctl channel s -p "$$")
	coproc CLIENT { socat - "UNIX-CONNECT:$S/sock" 3>&-; }
	pid_add "$CLIENT_PID" client
	client_passes 1
	background "$T/strace.err" strace -f -o "$T/strace" -p "$BROKER_PID"
	wait_until 10 grep -q attached "$T/strace.err" ||
	    skip "strace may not: $(tail -n 1 "$T/strace.err")"
	lines_pass 1000 "$S"
	lines_pass 100 "$private"
	client_passes 100
	lines_pass 100 "$FIFOD_DIR/secret"
	replies_pass 100 web
	# What it was in when strace came is all.
	[ "$(wc -l <"$T/strace")" -le 1 ] || fail "$(tail -n 20 "$T/strace")"
	# It would have been seen.
	open_session t exec:cat
	wait_until 5 eval '(($(wc -l <"$T/strace") > 1))'
}

# ---- the engine dies

@test "a keeper that is stopped stops no session, not one with a record either" {
	start_peer a echo
	start_broker
	open_session s "tcp://127.0.0.1:$port" "record=$T/record"
	echoes s one
	kill -STOP "$BROKER_PID"
	# Once a second it is looked at what has become of the record.
	never_within 2 false
	within 5 bash -c 'echo two >"$1/in" && read -r line <"$1/out"' sh "$S"
	kill -CONT "$BROKER_PID"
}

@test "an engine that is killed is started again, and the broker answers" {
	start_broker
	engine_kill
	run -0 ctl list
	another_engine
	grep 'engine: killed by SIGKILL, started again' "$T/fifod.err"
	run ! pid_gone "$BROKER_PID"
	open_session s exec:cat
	assert_equal "$(status_of s keeper)" "$BROKER_PID"
	assert_equal "$(status_of s engine)" "$(engine_pid)"
}

@test "sessions of the configuration file are there again" {
	echo 'open s exec:cat' >"$T/fifod.conf"
	start_broker
	engine_kill
	wait_until 10 another_engine
	wait_status s state up
	[ "$(status_of s engine)" != "$ENGINE" ]
}

@test "a configuration file that is wrong by then does not end the broker" {
	echo 'open s exec:cat' >"$T/fifod.conf"
	start_broker
	echo 'open' >"$T/fifod.conf"
	engine_kill
	run -0 ctl list
	echo 'open t exec:cat' >"$T/fifod.conf"
	ctl reload
	wait_status t state up
}

@test "an engine that is killed again and again is no crash, if it was ready" {
	local i
	start_broker
	for i in {1..10}; do
		engine_kill
		run -0 ctl list
	done
	run ! grep 'in a row' "$T/fifod.err"
}

@test "an engine that crashes again and again is started after longer rests" {
	local i
	start_broker
	for i in {1..5}; do
		wait_until 10 ctl list
		engine_kill USR1
	done
	wait_for_line "$T/fifod.err" 'SIGUSR1, 3 times in a row.* in 0\.1 s'
	wait_for_line "$T/fifod.err" 'SIGUSR1, 4 times in a row.* in 0\.2 s'
	wait_for_line "$T/fifod.err" 'SIGUSR1, 5 times in a row.* in 0\.4 s'
	run -0 ctl list
	run ! pid_gone "$BROKER_PID"
}

@test "a program that is not there any more is waited for, as a crash is" {
	cp "$FIFOD" "$T/fifod"
	FIFOD=$T/fifod start_broker
	mv "$T/fifod" "$T/away"
	engine_kill
	wait_for_line "$T/fifod.err" 'exit status 127, 3 times in a row'
	# A command that comes meanwhile is answered when an engine lives.
	background "$T/list" "$FIFOCTL" list
	mv "$T/away" "$T/fifod"
	wait_pid "$BACKGROUND_PID" 20
	assert_equal "$EXIT_STATUS" 0
}

@test "an engine that never starts is the end of the broker, and is told" {
	cp "$FIFOD" "$T/fifod"
	chmod 0711 "$T/fifod"
	FIFOD=$T/fifod start_broker
	rm "$T/fifod"
	engine_kill
	wait_for_line "$T/fifod.err" '3 times in a row'
	stop_broker
	assert_equal "$EXIT_STATUS" 0
}

@test "programs of an engine that died are told to end, when they had time to" {
	start_broker
	open_session a "exec:sleep 600"
	local pids
	open_session b "exec:cat; echo ended >$T/b"
	run children_pids
	assert_equal "${#lines[@]}" 2
	pids=("${lines[@]}")
	engine_kill
	wait_until 5 test -s "$T/b"
	wait_until 10 pid_gone "${pids[0]}"
	wait_until 10 pid_gone "${pids[1]}"
}

@test "at its limit of descriptors the keeper refuses, and can start an engine" {
	[ -z "${FIFOD_WRAPPER-}" ] || skip "not under another program"
	[ -e /proc/self/fd ] || skip "no /proc"
	command -v prlimit >/dev/null || skip "no prlimit"
	local n
	start_broker
	open_session s exec:cat framing=line
	n=$(find "/proc/$BROKER_PID/fd" -mindepth 1 | wc -l)
	prlimit --pid "$BROKER_PID" --nofile="$((n + 16)):"
	run open_session t exec:cat
	assert_failure
	assert_output --partial 'Too many open files'
	echo word >"$FIFOD_DIR/s/in"
	run within 5 cat "$FIFOD_DIR/s/out"
	assert_output word
	engine_kill
	run -0 within 10 "$FIFOCTL" -r "$FIFOD_DIR" list
}

# ---- the keeper dies

@test "an engine whose keeper died ends, and the next open finds a new broker" {
	start_peer a echo
	start_broker
	open_session s "tcp://127.0.0.1:$port"
	ENGINE=$(engine_pid)
	kill -KILL "$BROKER_PID"
	wait_until 10 pid_gone "$ENGINE"
	run -0 open_session s "tcp://127.0.0.1:$port"
	[ "$(status_of s keeper)" != "$BROKER_PID" ]
}

# ---- what an engine may not

@test "a question that makes no sense is the end of the engine that asked" {
	[ -x "$AID" ] || skip "tests/aid is not built"
	start_broker
	ENGINE=$(engine_pid)
	run "$AID" ask "$ENGINE" 7777
	[ "$status" -ne 77 ] || skip "one process cannot be another here"
	assert_success
	wait_until 10 another_engine
	wait_for_line "$T/fifod.err" 'engine: it put a question without meaning'
	run -0 ctl list
}

@test "a question at the wrong time, or without what it needs, is one as well" {
	[ -x "$AID" ] || skip "tests/aid is not built"
	start_broker
	ENGINE=$(engine_pid)
	# The first and the fourth of request.h: hello again, open of nothing.
	run "$AID" ask "$ENGINE" 0
	[ "$status" -ne 77 ] || skip "one process cannot be another here"
	wait_until 10 another_engine
	wait_for_line "$T/fifod.err" '"hello" at a time when it may not: killed'
	wait_until 10 ctl list
	run "$AID" ask "$(engine_pid)" 3
	wait_for_line "$T/fifod.err" '"open" wrongly: killed'
	run -0 ctl list
}

@test "what an engine leaves that was caught at it is not believed" {
	[ -x "$AID" ] || skip "tests/aid is not built"
	echo 'open a tcp://127.0.0.1:9 -o connect=on-demand' >"$T/fifod.conf"
	start_broker
	open_session b tcp://127.0.0.1:9 connect=on-demand
	ctl set a timeout=7
	ENGINE=$(engine_pid)
	run "$AID" ask "$ENGINE" 7777
	[ "$status" -ne 77 ] || skip "one process cannot be another here"
	assert_success
	wait_for_line "$T/fifod.err" 'what it left is not believed'
	wait_until 10 another_engine
	# As the file has it, and nothing of what was by hand.
	wait_until 10 ctl status a
	assert_equal "$(status_of a option.timeout)" 60
	run -4 ctl status b
	[ ! -e "$FIFOD_DIR/b" ]
}

@test "fifoctl reaches the broker though the engine has taken its socket away" {
	[ -x "$AID" ] || skip "tests/aid is not built"
	start_broker
	ENGINE=$(engine_pid)
	rm "$FIFOD_DIR/.control"
	run "$AID" ask "$ENGINE" 7777
	[ "$status" -ne 77 ] || skip "one process cannot be another here"
	wait_until 10 another_engine
	wait_until 10 ctl list
}

# ---- signals

@test "a second signal ends an engine that does not end by itself" {
	start_broker
	ENGINE=$(engine_pid)
	kill -STOP "$ENGINE"
	kill -TERM "$BROKER_PID"
	run ! wait_until 1 pid_gone "$BROKER_PID"
	kill -TERM "$BROKER_PID"
	wait_pid "$BROKER_PID" 20
	pid_gone "$ENGINE"
	grep 'engine: it does not end: killed' "$T/fifod.err"
}

@test "a broker that ends without its engine leaves no session behind" {
	start_broker
	open_session s tcp://127.0.0.1:9 connect=on-demand
	ENGINE=$(engine_pid)
	kill -STOP "$ENGINE"
	kill -TERM "$BROKER_PID"
	kill -KILL "$ENGINE"
	wait_pid "$BROKER_PID"
	assert_equal "$EXIT_STATUS" 1
	[ ! -e "$FIFOD_DIR/s" ]
	[ ! -e "$FIFOD_DIR/.control" ]
}

@test "SIGTERM to either process ends the broker" {
	start_broker
	kill -TERM "$(engine_pid)"
	wait_pid "$BROKER_PID"
	assert_equal "$EXIT_STATUS" 0
	start_broker
	kill -TERM "$BROKER_PID"
	wait_pid "$BROKER_PID"
	assert_equal "$EXIT_STATUS" 0
}

@test "an interrupt of the terminal is one signal to the engine, not two" {
	start_broker
	[ "$(ps -o pgid= -p "$(engine_pid)")" -ne \
	    "$(ps -o pgid= -p "$BROKER_PID")" ]
}

@test "SIGHUP to the keeper has the engine read the configuration file" {
	start_broker
	echo 'open s exec:cat' >"$T/fifod.conf"
	kill -HUP "$BROKER_PID"
	wait_status s state up
}

# ---- commands that a death cuts off

@test "a request that an engine's death cuts off is uncertain" {
	start_peer a script -e 'expect GET' -e stall
	start_broker
	open_session s "http://127.0.0.1:$port"
	printf 'GET / HTTP/1.1\r\nHost: a\r\n\r\n' >"$T/request"
	"$FIFOCTL" request s <"$T/request" >"$T/out" 2>"$T/err" 3>&- &
	pid_add $! background
	BACKGROUND_PID=$!
	wait_peer a '^stall'
	engine_kill
	wait_pid "$BACKGROUND_PID"
	assert_equal "$EXIT_STATUS" 20
	assert_equal "$(wc -l <"$T/err")" 1
	grep "^fifoctl: s: the broker's engine died.*not known" "$T/err"
	[ ! -s "$T/out" ]
}

@test "a request that was not sent when an engine died can be sent again" {
	start_peer a http
	start_broker
	open_session s "http://127.0.0.1:$port"
	mkfifo "$T/request"
	exec {hold}<>"$T/request"
	printf 'GET / HTTP/1.1\r\nHost:' >&"$hold"
	"$FIFOCTL" request s <"$T/request" >"$T/out" 2>"$T/err" 3>&- \
	    {hold}>&- &
	pid_add $! background
	BACKGROUND_PID=$!
	# What there is of it has been taken.
	wait_until 10 eval '! read -rt 0 -u "$hold"'
	engine_kill
	wait_pid "$BACKGROUND_PID"
	assert_equal "$EXIT_STATUS" 55
	grep "^fifoctl: s: the broker's engine died before the request was sent" \
	    "$T/err"
	[ ! -s "$T/out" ]
	exec {hold}>&-
}

@test "what can be asked again without harm is, by itself" {
	echo 'open s tcp://127.0.0.1:9 -o connect=on-demand' >"$T/fifod.conf"
	start_broker
	background "$T/wait" "$FIFOCTL" wait s failed -t 60
	wait=$BACKGROUND_PID
	background "$T/tap" "$FIFOCTL" tap s
	tap=$BACKGROUND_PID
	background "$T/watch" "$FIFOCTL" watch
	wait_for_line "$T/watch" '^s idle'
	for i in 2 3 4; do
		wait_until 10 engine_kill
		wait_until 10 another_engine
		wait_until 10 eval '(($(grep -c "^s idle" "$T/watch") == i))'
	done
	run ! pid_gone "$BACKGROUND_PID"
	run ! pid_gone "$wait"
	# By then it has asked again.
	never_within 1 pid_gone "$tap"
	ctl close s
	wait_pid "$tap"
	assert_equal "$EXIT_STATUS" 0
	wait_pid "$wait"
	assert_equal "$EXIT_STATUS" 4
}

@test "what cannot is told not to be known" {
	start_broker
	start_stalled
	background "$T/close" "$FIFOCTL" close stalled
	wait_until 10 eval '[ "$(status_of stalled state)" = closing ]'
	engine_kill
	wait_pid "$BACKGROUND_PID"
	assert_equal "$EXIT_STATUS" 1
	grep "^fifoctl: stalled: the broker's engine died" "$T/close"
}
