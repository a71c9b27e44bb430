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

# The words of what was told, in order, without their values and repetitions.
told()
{
	sed 's/=.*//' "$T/gram" | uniq | tr '\n' ' '
}

# told_times REGEX N: so many lines of what was told are like that
told_times()
{
	[ "$(grep -cE -- "$1" "$T/gram")" -eq "$2" ]
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
	assert_equal "$(told)" 'ready READY STATUS RELOADING READY STOPPING '
}

@test "fifoctl reload is told as SIGHUP is, with the time, and to its end" {
	local times

	gram_start "$T/notify"
	start_broker
	run -0 ctl reload
	told_times '^READY=1$' 2
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
	assert_equal "$(told)" 'ready READY STATUS STOPPING '
	told_times '^STOPPING=1$' 1
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
	wait_until 20 told_times '^WATCHDOG=1$' 11
	took=$((${EPOCHREALTIME/./} - began))
	[ "$took" -ge 2000000 ]
	[ "$took" -lt $((6000000 * TIMEOUT_SCALE)) ]
	assert_equal "$(sed -n '2s/=.*//p' "$T/gram")" READY
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
	never_within 1 told_times '^WATCHDOG=1$' $((n + 3))
	kill -CONT "$engine"
	wait_until 10 told_times '^WATCHDOG=1$' $((n + 3))
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

# ---- who is not the service

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
	: >"$T/fifod.err"
	export JOURNAL_STREAM
	JOURNAL_STREAM=$(stat -c %d:%i "$T/fifod.err")
	start_broker
	echo nonsense >"$T/fifod.conf"
	kill -HUP "$BROKER_PID"
	wait_for_line "$T/fifod.err" nonsense
	stop_broker
	run cat "$T/fifod.err"
	assert_line --regexp '^<6>fifod [0-9.]+, run directory '
	assert_line --regexp '^<4>.*nonsense'
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
