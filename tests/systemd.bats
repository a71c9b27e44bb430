# fifod(8), SYSTEMD: what the service manager is told, and the units.

# shellcheck disable=SC2016,SC2030,SC2031

load helper/common
load helper/command

# gram_start PATH: what is sent to it is in $T/gram
gram_start()
{
	local gram

	gram=$(program_find gram)
	[ "$gram" != gram ] || skip "tests/gram is not built"
	background "$T/gram" "$gram" "$1"
	GRAM_PID=$BACKGROUND_PID
	wait_for_line "$T/gram" '^ready$'
	export NOTIFY_SOCKET=$1
}

# The words of what was told, in order, without their values, repetitions and
# the descriptors that are to be kept.
told()
{
	sed '/^FDSTORE/d; s/=.*//' "$T/gram" | uniq | tr '\n' ' '
}

# told_times REGEX N: so many lines of what was told are like that
told_times()
{
	[ "$(grep -cE -- "$1" "$T/gram")" -eq "$2" ]
}

# told_at_least: the same, of what comes again and again
told_at_least()
{
	[ "$(grep -cE -- "$1" "$T/gram")" -ge "$2" ]
}

# ---- what it is told

@test "systemd is told of READY, RELOADING and STOPPING, and how things are" {
	gram_start "$T/notify"
	start_broker
	wait_for_line "$T/gram" '^STATUS=0 sessions$'
	kill -HUP "$BROKER_PID"
	wait_for_line "$T/gram" '^RELOADING=1 MONOTONIC_USEC=[0-9]+$'
	wait_until 10 told_times '^READY=1$' 2
	stop_broker
	wait_until 10 told_times '^STOPPING=1$' 1
	assert_equal "$(told)" 'ready READY STATUS RELOADING READY STOPPING '
}

@test "fifoctl reload is told as SIGHUP is, with the time, and to its end" {
	local times

	gram_start "$T/notify"
	start_broker
	run -0 ctl reload
	wait_until 10 told_times '^READY=1$' 2
	# A file that is wrong changes nothing, and systemd waits for nothing.
	echo nonsense >"$T/fifod.conf"
	run -1 ctl reload
	wait_until 10 told_times '^READY=1$' 3
	times=$(sed -n 's/^RELOADING=1 MONOTONIC_USEC=//p' "$T/gram")
	assert_equal "$(wc -l <<<"$times")" 2
	assert_equal "$(sort -nu <<<"$times")" "$times"
}

@test "fifoctl stop is told as SIGTERM is, and once" {
	gram_start "$T/notify"
	start_broker
	run -0 ctl stop
	wait_pid "$BROKER_PID"
	wait_until 10 told_times '^STOPPING=1$' 1
	assert_equal "$(told)" 'ready READY STATUS STOPPING '
}

@test "systemd is told that the broker stops while it still drains" {
	gram_start "$T/notify"
	start_broker
	start_stalled
	kill -TERM "$BROKER_PID"
	wait_for_line "$T/gram" '^STOPPING=1'
	run ! pid_gone "$BROKER_PID"
	: >"$T/go"
	wait_pid "$BROKER_PID"
}

@test "the status line counts sessions, those that failed and those that wait" {
	gram_start "$T/notify"
	start_peer good echo
	start_peer bad script --refuse
	start_broker
	open_session a "tcp://127.0.0.1:$PORT_good"
	wait_for_line "$T/gram" '^STATUS=1 session$'
	run -7 open_session b "tcp://127.0.0.1:$PORT_bad" reconnect=never
	wait_for_line "$T/gram" '^STATUS=2 sessions, 1 failed$'
	run -7 open_session c "tcp://127.0.0.1:$PORT_bad" reconnect=always \
	    backoff=60..60
	wait_for_line "$T/gram" \
	    '^STATUS=3 sessions, 1 failed, 1 to be tried again$'
	run -0 ctl close b
	run -0 ctl close c
	wait_for_line "$T/gram" '^STATUS=1 session$'
	run -0 ctl close a
	wait_until 10 told_times '^STATUS=0 sessions$' 2
}

@test "the status line is told when it changes, and not at each change" {
	local n

	gram_start "$T/notify"
	for n in {1..100}; do
		echo "open s$n exec:cat -o framing=line"
	done >"$T/fifod.conf"
	start_broker
	wait_for_line "$T/gram" '^STATUS=100 sessions$'
	wait_until 20 wait_status s100 state up
	# A request is no change, and neither is a new link.
	run -0 ctl reconnect s1
	echo x | ctl request s1
	: >"$T/fifod.conf"
	run -0 ctl reload
	wait_for_line "$T/gram" '^STATUS=0 sessions$' 20
	[ "$(grep -c '^STATUS' "$T/gram")" -le 12 ]
	told_times '^STATUS=100 sessions$' 1
}

@test "systemd's socket may be an abstract one, and may be gone" {
	gram_start "@fifod-test-$$-$RANDOM"
	start_broker
	wait_for_line "$T/gram" '^READY=1$'
	stop_pid "$GRAM_PID"
	run -0 ctl reload
	stop_broker
	start_broker
	run -0 ctl list
}

# ---- the watchdog

@test "where systemd asks for it, WATCHDOG=1 comes twice in that time" {
	local began took

	gram_start "$T/notify"
	export WATCHDOG_USEC=400000
	began=${EPOCHREALTIME/./}
	start_broker
	wait_until 20 told_at_least '^WATCHDOG=1$' 11
	took=$((${EPOCHREALTIME/./} - began))
	[ "$took" -ge 2000000 ]
	[ "$took" -lt $((6000000 * TIMEOUT_SCALE)) ]
	assert_regex "$(told)" '^ready READY '
}

@test "a broker that hangs says nothing, and says so again when it goes on" {
	local engine n

	gram_start "$T/notify"
	export WATCHDOG_USEC=200000
	start_broker
	open_session a exec:cat framing=line
	engine=$(status_of a engine)
	kill -STOP "$engine"
	wait_until 10 grep -q '^State:.*T' "/proc/$engine/status"
	n=$(grep -c '^WATCHDOG=1$' "$T/gram")
	# What was on its way.
	never_within 1 told_at_least '^WATCHDOG=1$' $((n + 3))
	kill -CONT "$engine"
	wait_until 10 told_at_least '^WATCHDOG=1$' $((n + 3))
}

@test "nobody is told WATCHDOG=1 who did not ask for it" {
	local of

	gram_start "$T/notify"
	for of in WATCHDOG_USEC= WATCHDOG_USEC=0 WATCHDOG_USEC=-1 \
	    WATCHDOG_USEC=x WATCHDOG_USEC=99999999999999999999 \
	    "WATCHDOG_USEC=1000 WATCHDOG_PID=1" \
	    "WATCHDOG_USEC=1000 WATCHDOG_PID=x"; do
		# shellcheck disable=SC2086
		(export $of && start_broker)
		run -0 ctl reload
		run -0 ctl stop
	done
	wait_until 10 told_times '^STOPPING=1$' 7
	told_times '^WATCHDOG' 0
	(
		unset NOTIFY_SOCKET
		export WATCHDOG_USEC=1000
		start_broker
	)
	run -0 ctl list
}

@test "the engine that takes another's place tells systemd what that one told" {
	local engine n

	gram_start "$T/notify"
	export WATCHDOG_USEC=200000
	start_broker
	open_session a exec:cat framing=line
	wait_for_line "$T/gram" '^STATUS=1 session$'
	engine=$(status_of a engine)
	kill -KILL "$engine"
	wait_until 10 told_times '^READY=1$' 2
	n=$(grep -c '^WATCHDOG=1$' "$T/gram")
	wait_until 10 told_at_least '^WATCHDOG=1$' $((n + 5))
	[ "$(grep -n '^STATUS=' "$T/gram" | tail -n 1 | cut -d : -f 1)" -gt \
	    "$(grep -n '^READY=1$' "$T/gram" | tail -n 1 | cut -d : -f 1)" ]
	! pid_gone "$BROKER_PID"
}

@test "a keeper that waits before the next engine says that it is alive" {
	gram_start "$T/notify"
	export WATCHDOG_USEC=200000
	cp "$FIFOD" "$T/fifod"
	FIFOD=$T/fifod start_broker
	mv "$T/fifod" "$T/away"
	kill -KILL "$(engine_pid)"
	wait_for_line "$T/fifod.err" 'in a row, started again in 1\.6 s'
	N=$(grep -c '^WATCHDOG=1$' "$T/gram")
	# Each of those that are tried meanwhile is told of once.
	wait_until 10 eval '(($(grep -c "^WATCHDOG=1$" "$T/gram") >= N + 10))'
	mv "$T/away" "$T/fifod"
	wait_until 20 told_times '^READY=1$' 2
	# It is the engine's to say again.
	kill -STOP "$(engine_pid)"
	N=$(grep -c '^WATCHDOG=1$' "$T/gram")
	never_within 1 told_times '^WATCHDOG=1$' $((N + 3))
	kill -CONT "$(engine_pid)"
}

# ---- who is not the service

@test "systemd's engine dies with its keeper, whatever it is about" {
	local engine

	[ -x "$(program_find confined)" ] || skip "this build has no sandbox"
	gram_start "$T/notify"
	start_broker
	engine=$(engine_pid)
	# The kernel would continue it where its group is an orphan.
	background "$T/joined" "$(program_find aid)" join "$engine"
	wait_for_line "$T/joined" '^joined$'
	kill -STOP "$engine"
	pid_add "$engine" engine
	kill -KILL "$BROKER_PID"
	wait_until 10 pid_gone "$engine"
}

@test "a session's program cannot be taken for the service" {
	gram_start "$T/notify"
	export WATCHDOG_USEC=60000000
	echo "open s 'exec:env; echo .; cat'" >"$T/fifod.conf"
	start_broker
	wait_status s state up
	within 10 sed -n '/^\.$/q;p' <"$FIFOD_DIR/s/out" >"$T/environment"
	grep -q '^HOME=' "$T/environment"
	run grep -e NOTIFY -e WATCHDOG "$T/environment"
	assert_output ''
}

@test "a broker that a service's script starts is not that service" {
	gram_start "$T/notify"
	export WATCHDOG_USEC=1000
	open_session s exec:cat framing=line
	broker_of >/dev/null
	assert_equal "$(echo hello | ctl request s)" hello
	run -0 ctl close s
	wait_until 10 test ! -e "$FIFOD_DIR/.pid"
	assert_equal "$(told)" 'ready '
}

# ---- the journal

@test "in the journal each line has its priority" {
	start_peer bad script --refuse
	: >"$T/fifod.err"
	export JOURNAL_STREAM
	JOURNAL_STREAM=$(stat -c %d:%i "$T/fifod.err")
	start_broker
	run -7 open_session s "tcp://127.0.0.1:$port" reconnect=never
	run -0 ctl close s
	echo nonsense >"$T/fifod.conf"
	kill -HUP "$BROKER_PID"
	wait_for_line "$T/fifod.err" nonsense
	stop_broker
	run cat "$T/fifod.err"
	assert_line --regexp '^<6>fifod [0-9.]+, run directory '
	assert_line --regexp '^<4>.*nonsense'
	assert_line --regexp '^<4>s: .* -> failed: .*refused'
	assert_line --regexp '^<6>s: .* -> closed'
	refute_line --regexp '^fifod: '
	# Another standard error than the journal's is for people.
	JOURNAL_STREAM=1:1
	: >"$T/fifod.conf"
	: >"$T/fifod.err"
	start_broker
	run cat "$T/fifod.err"
	assert_line --regexp '^fifod: fifod [0-9.]+, run directory '
	refute_output --partial '<6>'
}

# ---- the units

require_analyze()
{
	command -v systemd-analyze >/dev/null || skip "no systemd-analyze"
	[ -e "$BUILD/share/systemd/fifod.service" ] ||
	    skip "the units are not built here"
}

# units_here: the units in $T/units, with programs and pages that are there
units_here()
{
	local unit

	mkdir -p "$T/units/user"
	for unit in fifod.service fifod@.service user/fifod.service; do
		sed -e '/^Documentation=/d' \
		    -e "s|^\(Exec[A-Za-z]*=\)[^ ]*/fifod |\1$FIFOD |" \
		    -e "s|^\(Exec[A-Za-z]*=\)[^ ]*/fifoctl |\1$FIFOCTL |" \
		    "$BUILD/share/systemd/$unit" >"$T/units/$unit"
	done
}

@test "systemd understands every line of the units" {
	local unit

	require_analyze
	units_here
	cd "$T/units"
	for unit in fifod.service fifod@.service user/fifod.service; do
		run -0 systemd-analyze verify "./$unit"
		assert_output ''
	done
	# It would have said so.
	sed -i 's/^Restart=/Restarts=/' fifod.service
	run systemd-analyze verify ./fifod.service
	assert_output --partial Restarts
}

@test "the units say how root's and a user's broker are confined, and no less" {
	local unit most

	require_analyze
	units_here
	cd "$T/units"
	while read -r unit most; do
		run systemd-analyze security --offline=yes \
		    --threshold="$most" "./$unit"
		[ "$status" -eq 0 ] || fail "$unit: ${lines[-1]}"
	done <<-'END'
	fifod.service 42
	fifod@.service 26
	user/fifod.service 68
	END
	sed -i '/^CapabilityBoundingSet/d' fifod.service
	run ! systemd-analyze security --offline=yes --threshold=42 \
	    ./fifod.service
}

@test "each unit's commands are those that were built" {
	[ -e "$BUILD/share/systemd/fifod.service" ] ||
	    skip "the units are not built here"
	local unit

	for unit in fifod.service fifod@.service user/fifod.service; do
		run grep -E '@[a-z]+@' "$BUILD/share/systemd/$unit"
		assert_output ''
		run grep -cE '^Exec(Start|Reload)=/.*/(fifod -F|fifoctl reload)$' \
		    "$BUILD/share/systemd/$unit"
		assert_output 2
	done
}

# filter_calls UNIT: the system calls that its filter allows
filter_calls()
{
	{
		systemd-analyze syscall-filter
		echo
		echo @unit
		sed -n 's/^SystemCallFilter=//p' "$1" | tr ' ' '\n' |
		    sed 's/^/    /'
	} | awk '
	/^@/ { set = $1; next }
	/^    [a-z@_0-9]/ { of[set] = of[set] " " $1 }
	function expand(set, n, i, word) {
		n = split(of[set], word, " ")
		for (i = 1; i <= n; i++)
			if (word[i] ~ /^@/) expand(word[i])
			else print word[i]
	}
	END { expand("@default"); expand("@unit") }' | sort -u
}

@test "fifod and its programs make no system call that the units' filter denies" {
	require_analyze
	command -v strace >/dev/null || skip "no strace"
	[ -z "${FIFOD_WRAPPER-}" ] || skip "fifod is wrapped already"
	local unit line

	FIFOD_WRAPPER="strace -f -qq -e signal=none -o $T/trace"
	start_peer web http --tls --cert "$CERTS/good.pem" \
	    --key "$CERTS/good.key"
	start_peer door echo
	start_broker
	open_session web "https://localhost:$PORT_web" "ca=$CERTS/ca.pem" \
	    "record=$T/record" record-sync=yes
	http_get web / >"$T/reply"
	printf 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n' | ctl request web
	open_session calc 'exec:while read -r x; do echo "$x"; done' \
	    framing=line
	echo 1 | ctl request calc
	open_session terminal pty:cat framing=line
	open_session door "tcp://127.0.0.1:$PORT_door" connections=each \
	    listen=127.0.0.1:0
	exec 9<>"/dev/tcp/127.0.0.1/$(door_port door)"
	echo hello >&9
	read -rt 20 line <&9
	exec 9<&-
	assert_equal "$line" hello
	ctl channel web >/dev/null
	run -0 ctl reload
	run -0 ctl stop
	wait_pid "$BROKER_PID" 20
	sed -n 's/^[0-9]* *\([a-z_0-9]*\)(.*/\1/p' "$T/trace" | sort -u \
	    >"$T/called"
	[ "$(wc -l <"$T/called")" -gt 50 ]
	for unit in fifod.service fifod@.service user/fifod.service; do
		filter_calls "$BUILD/share/systemd/$unit" >"$T/allowed"
		[ "$(wc -l <"$T/allowed")" -gt 200 ]
		run comm -23 "$T/called" "$T/allowed"
		assert_output ''
	done
}
