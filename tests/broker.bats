# fifod(8): the run directory, the lock, the ways to start and to end.
#
# TORTURE=N makes the repeated tests N times as long; SESSIONS=N is how many
# one broker holds (500).

# shellcheck disable=SC2016,SC2030,SC2031

load helper/common
load helper/command

: "${TORTURE:=1}" "${SESSIONS:=500}"

# A place that nobody may enter, too: not beneath bats' own directory.
open_place()
{
	user_prepare
	PLACE=$USER_DIR/place
	mkdir -m 755 "$PLACE"
}

# fifod in the background, with what it writes in $output
fifod_here()
{
	run within 10 "$FIFOD" -r "$FIFOD_DIR" -f "$T/fifod.conf"
	[ ! -e "$FIFOD_DIR/.pid" ] || BROKER_PID=$(broker_of)
}

# ---- the run directory

@test "-r comes before FIFOD_DIR" {
	mkdir "$T/a"
	cd "$T/a"
	FIFOD_DIR=$T/b run -0 within 10 "$FIFOD" -r "$T/c" -f "$T/fifod.conf"
	broker_of "$T/c"
	[ ! -e "$T/b" ]
	FIFOD_DIR=$T/c run -0 "$FIFOCTL" list
	FIFOD_DIR=$T/b run -0 "$FIFOCTL" -r "$T/c" list
	FIFOD_DIR=$T/b run -3 "$FIFOCTL" list
	assert_output "fifoctl: no broker runs in $T/b"
	FIFOD_DIR=../c run -0 "$FIFOCTL" list
}

@test "a relative -r is meant from where fifoctl was called" {
	mkdir -m 700 "$FIFOD_DIR"
	cd "$T"
	ctl_here()
	{
		"$FIFOCTL" -r run "$@"
	}
	# None runs there yet: it is asked, started and asked again.
	ctl_here open a tcp://127.0.0.1:9 -o connect=on-demand
	assert_sessions a
	FIFOD_DIR=run run -0 "$FIFOCTL" path a
	assert_output "$FIFOD_DIR/a"
	run -0 ctl_here log a
	assert_line --partial opened
	ctl_here stop
}

@test "without both it is /run/fifod for root and /tmp/fifod-UID for others" {
	local path

	path=/tmp/fifod-$(id -u)
	[ "$(id -u)" -ne 0 ] || path=/run/fifod
	unset FIFOD_DIR
	run "$FIFOCTL" list
	[ "$status" -ne 0 ] || skip "a broker runs in $path"
	refused 3 "no broker runs in $path" "$FIFOCTL" list
	FIFOD_DIR='' refused 3 "no broker runs in $path" "$FIFOCTL" list
}

@test "a user whom nothing knows, with an empty environment, has a broker" {
	require_root
	local uid=$((60000 + RANDOM % 5000)) dir
	local -a him
	dir=/tmp/fifod-$uid
	[ ! -e "$dir" ] || skip "somebody uses $dir"
	user_prepare
	chmod 755 "$USER_DIR"
	him=(setpriv "--reuid=$uid" --regid=nogroup --clear-groups env -i)
	"$PEER" echo >"$T/peer.a.log" 2>&1 3>&- </dev/null &
	pid_add $! peer.a
	wait_for_line "$T/peer.a.log" '^port '
	echo "$dir" >>"$T/foreign"
	run -0 within 20 "${him[@]}" "$USER_DIR/bin/fifoctl" open a \
	    "tcp://127.0.0.1:$(sed -n 's/^port //p' "$T/peer.a.log")" 3>&-
	assert_output ''
	assert_equal "$(stat -c '%a %u' "$dir")" "700 $uid"
	assert_equal "$(stat -c '%a %u' "$dir/a" "$dir/a/in")" \
	    $'700 '"$uid"$'\n600 '"$uid"
	FIFOD_DIR=$dir echoes a "hello"
	run -0 "${him[@]}" "$USER_DIR/bin/fifoctl" stop
	rm -r "$dir"
}

@test "the run directory is made for its owner alone, whatever the umask" {
	local mask

	for mask in 000 022 077; do
		(umask $mask && start_broker)
		assert_equal "$(stat -c %a "$FIFOD_DIR")" 700
		assert_equal "$(stat -c %a "$FIFOD_DIR/.control")" 600
		ctl stop
		rm -r "$FIFOD_DIR"
	done
}

@test "a run directory in a directory with the setgid bit is as good" {
	mkdir "$T/group"
	chmod 2775 "$T/group"
	FIFOD_DIR=$T/group/run
	start_broker
	ctl list
}

stands_there()
{
	stat -c '%F %a %u' "$FIFOD_DIR" 2>/dev/null || true
	[ "$FIFOD_DIR" = / ] || ls -A "$FIFOD_DIR" "$T/to" 2>/dev/null || true
}

# refused_there TEXT: by both programs, and nothing is made or changed
refused_there()
{
	local before

	before=$(stands_there)
	refused 1 "$1" within 10 "$FIFOD" -F -r "$FIFOD_DIR"
	refused 1 "$1" within 10 "$FIFOD" -r "$FIFOD_DIR"
	refused 1 "$1" ctl open a tcp://127.0.0.1:9
	[ "$2" = made-by-open ] || refused 1 "$1" ctl list
	assert_equal "$(stands_there)" "$before"
}

@test "a run directory that is a symbolic link is refused" {
	mkdir -m 700 "$T/to"
	ln -s "$T/to" "$FIFOD_DIR"
	refused_there "$FIFOD_DIR is a symbolic link" ''
	rm "$FIFOD_DIR"
	ln -s "$T/nowhere" "$FIFOD_DIR"
	refused_there "$FIFOD_DIR is a symbolic link" made-by-open
	[ ! -e "$T/nowhere" ]
}

@test "somebody else's run directory is refused, with his name" {
	local owner=root

	FIFOD_DIR=/
	if [ "$(id -u)" -eq 0 ]; then
		owner=nobody
		# Where others than root could have put it, too.
		mkdir -m 777 "$T/open"
		FIFOD_DIR=$T/open/run
		mkdir -m 700 "$FIFOD_DIR"
		chown nobody "$FIFOD_DIR"
	fi
	refused_there "$FIFOD_DIR belongs to $owner" ''
	refused_there 'with -r' ''
}

@test "a run directory that lets others in is refused" {
	local mode

	mkdir "$FIFOD_DIR"
	for mode in 777 770 750 755 701 710; do
		chmod $mode "$FIFOD_DIR"
		refused_there "$mode, which lets others in: make it 0700" ''
	done
}

@test "a run directory whose own directory is missing is refused" {
	FIFOD_DIR=$T/missing/run
	refused_there "(the directory above it is missing)" made-by-open
	[ ! -e "$T/missing" ]
}

@test "a file or a FIFO where the run directory should be is refused" {
	: >"$FIFOD_DIR"
	refused_there "$FIFOD_DIR: is not a directory" ''
	rm "$FIFOD_DIR"
	mkfifo "$FIFOD_DIR"
	refused_there "$FIFOD_DIR: is not a directory" ''
	[ -p "$FIFOD_DIR" ]
}

@test "an empty -r, as from an unset variable, is refused" {
	refused 2 '-r' within 10 "$FIFOCTL" -r '' list
	# What it says of that only: no broker may begin in the default one.
	mkdir -p "$T/conf/fifod"
	refused 2 '-r' within 10 "$FIFOD" -r '' -f "$T/nothing.conf"
}

@test "a run directory's path may be longer than a socket's" {
	local part

	printf -v part '%0120d' 0
	mkdir -p "$T/$part/$part"
	FIFOD_DIR=$T/$part/$part/run
	start_peer a echo
	start_broker
	open_session a "tcp://127.0.0.1:$port" -d "$T/sess"
	echoes a hello
	assert_equal "$(ctl path a)" "$FIFOD_DIR/a"
	[ -p "$T/sess/in" ]
	ctl close a
	[ ! -L "$T/sess" ]
	ctl stop
	assert_equal "$(rundir_names "$FIFOD_DIR")" ''
}

# ---- one broker for one directory

@test "a second broker on a run directory is refused, and named is the first" {
	start_peer a echo
	start_broker
	open_session a "tcp://127.0.0.1:$port"
	refused 1 "another broker runs in $FIFOD_DIR already: process \
$BROKER_PID" within 10 "$FIFOD" -F -r "$FIFOD_DIR"
	refused 1 "process $BROKER_PID" within 10 "$FIFOD" -r "$FIFOD_DIR"
	echoes a "still here"
}

@test "of many brokers that start at once on one directory, one runs" {
	local n=0 i pids=()

	for i in 1 2 3 4 5 6; do
		within 10 "$FIFOD" -r "$FIFOD_DIR" -f "$T/fifod.conf" \
		    >"$T/out.$i" 2>&1 </dev/null 3>&- &
		pids+=($!)
	done
	for i in 1 2 3 4 5 6; do
		if wait "${pids[i - 1]}"; then
			n=$((n + 1))
		else
			assert_equal $? 1
			grep 'another broker runs' "$T/out.$i"
		fi
	done
	assert_equal "$n" 1
	ctl list
}

@test "what a killed broker left is swept by the next one" {
	start_peer a echo
	start_broker
	open_session a "tcp://127.0.0.1:$port" -d "$T/sess"
	open_session b "tcp://127.0.0.1:$port"
	kill_broker
	assert_sessions a b
	refused 3 "no broker runs in $FIFOD_DIR" ctl list
	start_broker
	assert_sessions
	assert_equal "$(cat "$FIFOD_DIR/.pid")" "$BROKER_PID"
	run ctl list
	assert_output ''
	open_session a "tcp://127.0.0.1:$port" -d "$T/sess"
	echoes a hello
	[ -p "$T/sess/in" ]
}

@test "fifoctl open starts a broker over what a killed one left" {
	start_peer a echo
	start_broker
	open_session a "tcp://127.0.0.1:$port" -d "$T/sess"
	kill_broker
	open_session a "tcp://127.0.0.1:$port" -d "$T/sess"
	echoes a hello
	assert_sessions a
}

@test "the sweep leaves alone what is not the broker's" {
	mkdir -m 700 "$FIFOD_DIR" "$FIFOD_DIR/mine" "$T/elsewhere"
	mkfifo "$T/elsewhere/.in" "$T/elsewhere/in" "$FIFOD_DIR/mine/in"
	echo text >"$FIFOD_DIR/notes"
	mkfifo "$FIFOD_DIR/pipe"
	ln -s "$T/elsewhere" "$FIFOD_DIR/link"
	start_peer a echo
	start_broker
	open_session a "tcp://127.0.0.1:$port"
	echo keep >"$FIFOD_DIR/a/file"
	mkdir "$FIFOD_DIR/a/in.d"
	kill_broker
	start_broker
	assert_sessions a link mine notes pipe
	assert_equal "$(rundir_names "$FIFOD_DIR/a")" 'file in.d '
	assert_equal "$(cat "$FIFOD_DIR/a/file" "$FIFOD_DIR/notes")" \
	    $'keep\ntext'
	assert_equal "$(rundir_names "$T/elsewhere")" '.in in '
	[ -p "$FIFOD_DIR/mine/in" ]
	wait_for_line "$T/fifod.err" 'a: .*files that are not ours'
	# It has the name, and open says so.
	refused 1 'a: something that is not a session is called a' \
	    open_session a "tcp://127.0.0.1:$port"
	refused 1 'called link' open_session link "tcp://127.0.0.1:$port"
	assert_sessions a link mine notes pipe
}

@test "at its end a broker leaves nothing of its own behind" {
	start_peer a echo
	start_broker
	open_session a "tcp://127.0.0.1:$port" -d "$T/sess"
	echo keep >"$FIFOD_DIR/notes"
	stop_broker
	assert_equal "$EXIT_STATUS" 0
	assert_equal "$(rundir_names "$FIFOD_DIR")" 'notes '
	[ ! -L "$T/sess" ]
}

# ---- starting

@test "fifod ends with 0 when its control socket answers" {
	local round

	for ((round = 0; round < 5 * TORTURE; round++)); do
		fifod_here
		assert_success
		assert_output ''
		run -0 ctl list
		run -0 ctl stop
	done
}

@test "fifod says why it cannot answer, does not end with 0, and is gone" {
	mkdir -p "$FIFOD_DIR/.control/x"
	chmod 700 "$FIFOD_DIR"
	refused 1 "$FIFOD_DIR/.control: " within 10 "$FIFOD" -r "$FIFOD_DIR" \
	    -f "$T/fifod.conf"
	refused 1 "$FIFOD_DIR/.control: " within 10 "$FIFOD" -F \
	    -r "$FIFOD_DIR" -f "$T/fifod.conf"
	flock -n "$FIFOD_DIR" true
	refused 1 "the broker cannot be started: $FIFOD_DIR/.control: " \
	    ctl open a tcp://127.0.0.1:9
	flock -n "$FIFOD_DIR" true
}

# detached PID: holds nothing of whoever started it
detached()
{
	local fd

	for fd in 0 1 2; do
		assert_equal "$(readlink "/proc/$1/fd/$fd")" /dev/null
	done
	assert_equal "$(readlink "/proc/$1/cwd")" /
	assert_equal "$(ps -o sid= -p "$1" | tr -d ' ')" "$1"
	assert_equal "$(ps -o tty= -p "$1" | tr -d ' ')" '?'
	run tr '\0' ' ' <"/proc/$1/cmdline"
	assert_output --regexp '^fifod: (engine|keeper)'
}

@test "a broker in the background holds nothing of whoever started it" {
	[ -e /proc/self/fd ] || skip "no /proc"
	cd "$T"
	# Its end of the pipe would be held open, and cat go on waiting.
	exec 8>"$T/lock"
	flock 8
	run within 10 sh -c '"$FIFOD" -r "$FIFOD_DIR" -f fifod.conf 2>&1 | cat'
	assert_success
	detached "$(broker_of)"
	# What a script holds is let go when the script does.
	exec 8>&-
	flock -n "$T/lock" true
}

@test "nor does one that fifoctl open started, in \$(...), a pipe or cron" {
	[ -e /proc/self/fd ] || skip "no /proc"
	start_peer a echo
	exec 8>"$T/lock"
	flock 8
	run within 10 sh -c 'x=$("$FIFOCTL" open a "$1" 2>&1); echo "<$x>"' \
	    sh "tcp://127.0.0.1:$port"
	assert_output '<>'
	detached "$(broker_of)"
	run within 10 sh -c '"$FIFOCTL" open b "$1" 2>&1 | cat' \
	    sh "tcp://127.0.0.1:$port"
	assert_success
	exec 8>&-
	flock -n "$T/lock" true
	# As cron and inetd do it: nothing is open.
	ctl stop
	within 10 sh -c '"$FIFOCTL" open c "$1" <&- >&- 2>&-' \
	    sh "tcp://127.0.0.1:$port"
	detached "$(broker_of)"
	echoes c hello
}

@test "a broker whose descriptors 0 to 2 are closed writes to nobody's" {
	[ -e /proc/self/fd ] || skip "no /proc"
	start_peer a echo
	"$FIFOD" -F -r "$FIFOD_DIR" -f "$T/fifod.conf" <&- >&- 2>&- 3>&- &
	BROKER_PID=$!
	pid_add "$BROKER_PID" broker
	wait_until 10 ctl list
	for fd in 0 1 2; do
		assert_equal "$(readlink "/proc/$BROKER_PID/fd/$fd")" /dev/null
	done
	open_session a "tcp://127.0.0.1:$port"
	echoes a hello
	open_session b tcp://127.0.0.1:nothing || true
	echoes a "$(printf '%01000d' 0)"
}

@test "with -F fifod stays, and says on standard error what happens" {
	start_broker
	[ "$(ps -o ppid= -p "$BROKER_PID")" -eq $$ ]
	open_session a tcp://127.0.0.1:9 -o connect=on-demand
	ctl close a
	wait_for_line "$T/fifod.err" '^fifod: a: .*closed'
	stop_broker
	assert_equal "$EXIT_STATUS" 0
	[ ! -s "$T/fifod.out" ]
}

@test "-v says more" {
	start_broker -v
	open_session a tcp://127.0.0.1:9 -o connect=on-demand
	wait_for_line "$T/fifod.err" '^fifod: a: opened'
}

@test ".pid has the broker's process id for as long as it runs" {
	start_broker
	assert_equal "$(cat "$FIFOD_DIR/.pid")" "$BROKER_PID"
	stop_broker
	[ ! -e "$FIFOD_DIR/.pid" ]
	fifod_here
	ps -o args= -p "$BROKER_PID" | grep fifod
	ctl stop
	[ ! -e "$FIFOD_DIR/.pid" ]
}

# ---- ending

@test "SIGTERM lets what is in \`in' reach the peer" {
	start_peer a sink
	start_peer b sink
	start_broker
	open_session a "tcp://127.0.0.1:$PORT_a"
	open_session b "tcp://127.0.0.1:$PORT_b" -o connect=now
	"$PEER" random 300K 5 >"$T/data"
	cat "$T/data" >"$FIFOD_DIR/a/in"
	cat "$T/data" >"$FIFOD_DIR/b/in"
	stop_broker
	assert_equal "$EXIT_STATUS" 0
	local sum
	sum=$(sha256sum <"$T/data")
	wait_peer a "^sum 1 307200 ${sum%% *}"
	wait_peer b "^sum 1 307200 ${sum%% *}"
}

@test "SIGTERM waits for a peer that is slow, and ends then" {
	start_broker
	start_stalled
	stop_pid "$WRITER_PID"
	kill -TERM "$BROKER_PID"
	wait_until 10 grep -q '^state=closing' "$FIFOD_DIR/stalled/status"
	never_within 1 pid_gone "$BROKER_PID"
	: >"$T/go"
	wait_pid "$BROKER_PID"
	assert_equal "$EXIT_STATUS" 0
	wait_peer stalled '^eof 1$'
	# What the writer got rid of before it was stopped, to the last byte.
	local n
	n=$(stat -c %s "$T/received.1")
	[ "$n" -gt 65536 ]
	cmp -n "$n" "$T/sent" "$T/received.1"
	run ctl log stalled
	refute_output --partial 'not sent'
}

@test "a second SIGTERM ends it at once, and the log says what was not sent" {
	start_broker
	start_stalled
	kill -TERM "$BROKER_PID"
	never_within 1 pid_gone "$BROKER_PID"
	kill -TERM "$BROKER_PID"
	wait_pid "$BROKER_PID" 6
	assert_equal "$EXIT_STATUS" 0
	assert_equal "$(rundir_names "$FIFOD_DIR")" ''
	run ctl log stalled
	assert_output --regexp '[0-9]+ bytes .*not sent'
}

@test "SIGINT ends it as SIGTERM does" {
	start_peer a echo
	start_broker
	open_session a "tcp://127.0.0.1:$port"
	kill -INT "$BROKER_PID"
	wait_pid "$BROKER_PID"
	assert_equal "$EXIT_STATUS" 0
	assert_equal "$(rundir_names "$FIFOD_DIR")" ''
}

@test "while it drains, a session to be opened waits for the next broker" {
	start_broker
	start_stalled
	kill -TERM "$BROKER_PID"
	wait_until 10 grep -q '^state=closing' "$FIFOD_DIR/stalled/status"
	start_peer a echo
	background "$T/open" "$FIFOCTL" open a "tcp://127.0.0.1:$port"
	never_within 1 pid_gone "$BACKGROUND_PID"
	: >"$T/go"
	wait_pid "$BROKER_PID"
	wait_pid "$BACKGROUND_PID"
	assert_equal "$EXIT_STATUS" 0
	broker_of
	echoes a hello
}

@test "SIGHUP makes it read the configuration file again" {
	start_peer a echo
	cd "$T"
	echo "open a tcp://127.0.0.1:$port" >here.conf
	run within 10 "$FIFOD" -f here.conf
	assert_success
	BROKER_PID=$(broker_of)
	wait_status a state up
	echo "open b tcp://127.0.0.1:$port" >here.conf
	kill -HUP "$BROKER_PID"
	wait_status b state up
	wait_until 10 test ! -e "$FIFOD_DIR/a"
}

@test "SIGHUP does no harm to a broker without a configuration file" {
	start_peer a echo
	open_session a "tcp://127.0.0.1:$port"
	kill -HUP "$(broker_of)"
	echoes a hello
}

@test "a run directory that somebody moves away does not keep it from ending" {
	start_peer a echo
	start_broker
	open_session a "tcp://127.0.0.1:$port"
	mv "$FIFOD_DIR" "$T/moved"
	FIFOD_DIR=$T/moved echoes a hello
	stop_broker
	assert_equal "$EXIT_STATUS" 0
	assert_equal "$(rundir_names "$T/moved")" ''
}

# ---- who may speak to it

@test "the control socket refuses other users" {
	require_root
	open_place
	FIFOD_DIR=$PLACE/run
	start_broker
	open_session a tcp://127.0.0.1:9 -o connect=on-demand
	refused 1 "$FIFOD_DIR: Permission denied" as_user "$FIFOCTL" \
	    -r "$FIFOD_DIR" list
	# Even where somebody has let them in.
	chmod 755 "$FIFOD_DIR"
	refused 1 "$FIFOD_DIR belongs to root" as_user "$FIFOCTL" \
	    -r "$FIFOD_DIR" list
	chmod 666 "$FIFOD_DIR/.control"
	as_user "$PEER" script -c "$FIFOD_DIR/.control" -r "$USER_DIR/said" \
	    -e wait-eof
	grep -a 'this broker belongs to another user' "$USER_DIR/said.1"
	as_user "$PEER" script -c "$FIFOD_DIR/.control" \
	    -e 'send \0\0\0\x0c\0\0\0\x011\0/\0close\0a\0' -e wait-eof
	wait_for_line "$T/fifod.err" 'another user'
	chmod 711 "$FIFOD_DIR"
	run ctl list
	assert_output --partial 'a  idle'
}

@test "the broker's own words do as its owner says, sent by hand" {
	start_broker
	open_session a tcp://127.0.0.1:9 -o connect=on-demand
	"$PEER" script -c "$FIFOD_DIR/.control" \
	    -e 'send \0\0\0\x0c\0\0\0\x011\0/\0close\0a\0' -e wait-eof
	wait_until 10 test ! -e "$FIFOD_DIR/a"
}

# ---- limits

@test "descriptors that run out are said, and cost the others nothing" {
	[ -z "${FIFOD_WRAPPER-}" ] || skip "not under another program"
	local n

	start_peer a echo
	FIFOD_WRAPPER="prlimit --nofile=120:120 ${FIFOD_WRAPPER-}" start_broker
	for ((n = 1; n < 100; n++)); do
		open_session "s$n" "tcp://127.0.0.1:$port" 2>"$T/err" &&
		    continue
		# The one of the client before may have been there still.
		descriptors_at_rest "$(engine_pid)"
		open_session "s$n" "tcp://127.0.0.1:$port" 2>"$T/err" || break
	done
	[ "$n" -gt 3 ]
	[ "$n" -lt 100 ]
	refused 1 "s$n: the broker has too few descriptors left for another \
session: Too many open files (its limit is 120, with $((n - 1)) sessions open)" \
	    open_session "s$n" "tcp://127.0.0.1:$port"
	[ ! -e "$FIFOD_DIR/s$n" ]
	echoes s1 hello
	echoes "s$((n - 1))" hello
	# A standing session needs none of the others' to come back.
	ctl reconnect s1
	echoes s1 again
	ctl close s2
	open_session "s$n" "tcp://127.0.0.1:$port"
	echoes "s$n" hello
}

@test "control clients that take all descriptors are told, and no CPU time" {
	[ -e /proc/self/stat ] || skip "no /proc"
	local before

	start_peer a echo
	FIFOD_WRAPPER="prlimit --nofile=80:80 ${FIFOD_WRAPPER-}" start_broker
	open_session a "tcp://127.0.0.1:$port"
	before=$(ticks_of "$(engine_pid)")
	background "$T/idle" "$PEER" script -n 70 -c "$FIFOD_DIR/.control" \
	    -r "$T/said" -e wait-eof
	wait_for_line "$T/fifod.err" \
	    'control client cannot be accepted: Too many open files'
	echoes a hello
	wait_until 10 eval \
	    'grep -aq "the broker has no descriptors left" "$T"/said.*'
	never_within 1 pid_gone "$BROKER_PID"
	stop_pid "$BACKGROUND_PID"
	wait_until 30 eval 'ctl list >>"$T/list" 2>&1' || fail "$(cat "$T/list")"
	echoes a hello
	[ $(($(ticks_of "$(engine_pid)") - before)) -lt \
	    $((50 * TIMEOUT_SCALE)) ]
}

@test "hundreds of sessions run in one broker" {
	local i

	[ "$(ulimit -Hn)" = unlimited ] ||
	    [ "$(ulimit -Hn)" -ge $((8 * SESSIONS)) ] ||
	    skip "not enough descriptors for $SESSIONS sessions"
	start_peer a echo
	for ((i = 1; i <= SESSIONS; i++)); do
		echo "open s$i tcp://127.0.0.1:$port"
	done >"$T/fifod.conf"
	TIMEOUT_SCALE=$((3 * TIMEOUT_SCALE)) start_broker
	wait_until 60 all_up
	for i in 1 $((SESSIONS / 2)) "$SESSIONS"; do
		echoes "s$i" "I am $i"
	done
	stop_broker 20
	assert_equal "$EXIT_STATUS" 0
	assert_equal "$(rundir_names "$FIFOD_DIR")" ''
}

all_up()
{
	[ "$(ctl list | grep -c ' up ')" -eq "$SESSIONS" ]
}

# ---- a broker for one shell

@test "a broker that fifoctl open started goes when its last session does" {
	local pid

	start_peer a echo
	open_session a "tcp://127.0.0.1:$port"
	pid=$(broker_of)
	open_session b "tcp://127.0.0.1:$port"
	assert_equal "$(broker_of)" "$pid"
	ctl close a
	never_within 1 pid_gone "$pid"
	echo close >"$FIFOD_DIR/b/ctl"
	wait_until 10 pid_gone "$pid"
	assert_equal "$(rundir_names "$FIFOD_DIR")" ''
	run -3 ctl list
}

@test "it goes, too, when its only session never came to be" {
	local pid

	start_peer a echo
	refused 1 'a: ' open_session a "tls://127.0.0.1:$port" \
	    ca=/nonexistent/ca.pem
	# It may be gone already, or go while we look.
	pid=$(broker_of 2>/dev/null) || pid=
	[ -z "$pid" ] || wait_until 15 pid_gone "$pid"
	assert_equal "$(rundir_names "$FIFOD_DIR")" ''
}

@test "a broker that was started as fifod stays" {
	start_peer a echo
	start_broker
	open_session a "tcp://127.0.0.1:$port"
	ctl close a
	never_within 1 pid_gone "$BROKER_PID"
	ctl list
}

@test "two opens at once, where no broker runs, find the same one" {
	local round a b

	start_peer a echo
	for ((round = 0; round < 20 * TORTURE; round++)); do
		ctl open a "tcp://127.0.0.1:$port" &
		a=$!
		ctl open b "tcp://127.0.0.1:$port" &
		b=$!
		wait "$a"
		wait "$b"
		assert_sessions a b
		assert_equal "$(status_of a engine)" "$(status_of b engine)"
		ctl stop
	done
}

@test "the same open twice at once makes one session" {
	local round a b

	start_peer a echo
	for ((round = 0; round < 10 * TORTURE; round++)); do
		ctl open a "tcp://127.0.0.1:$port" &
		a=$!
		ctl open a "tcp://127.0.0.1:$port" &
		b=$!
		wait "$a"
		wait "$b"
		assert_sessions a
		assert_equal "$(status_of a links)" 1
		ctl stop
	done
}

@test "an open finds a broker while the last session of another one closes" {
	local round pid

	start_peer a echo
	open_session a "tcp://127.0.0.1:$port"
	for ((round = 0; round < 10 * TORTURE; round++)); do
		ctl close a &
		pid=$!
		open_session b "tcp://127.0.0.1:$port"
		wait "$pid"
		ctl close b &
		pid=$!
		open_session a "tcp://127.0.0.1:$port"
		wait "$pid"
	done
	assert_sessions a
	echoes a hello
}

@test "an ordinary user has a broker of his own" {
	require_root
	user_prepare
	local port_user

	background "$T/peer.log" as_user "$PEER" echo
	wait_for_line "$T/peer.log" '^port '
	port_user=$(sed -n 's/^port //p' "$T/peer.log")
	# XDG_RUNTIME_DIR is not there, and HOME need not be.
	run -0 as_user env -u HOME "$USER_DIR/bin/fifoctl" open a \
	    "tcp://127.0.0.1:$port_user"
	broker_of "$USER_DIR/run"
	assert_equal "$(stat -c '%U %a' "$USER_DIR/run")" 'nobody 700'
	run -0 as_user sh -c 'echo hello >run/a/in; read -r x <run/a/out
	    echo "$x"'
	assert_output hello
	run -0 as_user "$FIFOCTL" close a
	wait_until 10 test ! -e "$USER_DIR/run/.pid"
}
