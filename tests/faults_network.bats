# What a network does (loss, cuts, resets), and what a system does (clocks
# that are set, processes that are stopped, disks that are full).

# Words of tests are expanded where they run; common.bash sets variables:
# shellcheck disable=SC2016,SC2059,SC2153,SC2154
load helper/common
load helper/exchange
load helper/wire

setup()
{
	common_setup
	DISK=
	STOPPED=
}

# The broker before the wire: it waits until its last bytes have gone.
teardown()
{
	[ -z "$STOPPED" ] || engine_go
	if [ -n "${BATS_TEST_COMPLETED-}" ] && [ -n "$BROKER_PID" ]; then
		stop_broker
	fi
	common_teardown
	[ -z "$DISK" ] || umount "$DISK"
}

# open_far NAME SCHEME [KEY=VALUE]…: a session with the newest far peer
open_far()
{
	local more=()

	case $2 in
	tls | https) more=("ca=$CERTS/ca.pem" verify-name=localhost) ;;
	esac
	open_session "$1" "$2://$FAR" "${more[@]}" "${@:3}"
}

# storm_clients SESSION CLIENTS ROUNDS: and waits for their end
storm_clients()
{
	local i pids=()

	for ((i = 1; i <= $2; i++)); do
		background "$T/client.$1.$i" bash "$TESTS/helper/storm.bash" \
		    "$1" "$i" "$3"
		pids+=("$BACKGROUND_PID")
	done
	for i in "${pids[@]}"; do
		wait_pid "$i" 30 || fail "a client has not come to its end"
	done
	[ ! -e "$T/wrong" ] || fail "$(head -n 20 "$T/wrong")"
	assert_equal "$(grep -c "^/echo/$1-" "$T/ended")" $(($2 * $3))
}

# ended SESSION KEYWORD: how many have
ended()
{
	grep -c "^/echo/$1-[0-9]*-[0-9]* \($2\)\$" "$T/ended"
}

# What was answered has come there, and what was not sent has not.
ends_are_true()
{
	local path how

	while read -r path how; do
		case $how in
		answered | cut) came "$1" "$path" || fail "$path: $how" ;;
		unsent | connect | resolve)
			! came "$1" "$path" || fail "$path: $how" ;;
		esac
	done < <(grep "^/echo/$2-" "$T/ended")
}

# came PEER PATH
came()
{
	grep -q "^request [0-9]* [0-9]* POST $2\$" "$T/peer.$1.log"
}

# ---- loss

@test "where packets are lost and overtake each other every exchange has its own reply" {
	local scheme

	wire_start
	far_peer plain http
	start_broker
	open_far http http connections=3 timeout=30
	# shellcheck disable=SC2046
	far_peer secret http $(tls good)
	open_far https https connections=3 timeout=30
	wire loss 20 reorder 20 twice 5 seed 7
	for scheme in http https; do
		storm_clients "$scheme" 3 5
		assert_equal "$(ended "$scheme" answered)" 15
	done
	told_once plain
	told_once secret
	[ "$(wire_counts lost)" -gt 20 ]
}

# streams_exactly NAME SCHEME BYTES: there and back, at once
streams_exactly()
{
	open_far "$1" "$2"
	"$PEER" random "$3" 5 >"$T/sent.$1"
	background "$T/writer.$1" sh -c 'exec cat "$1" >"$2"' sh \
	    "$T/sent.$1" "$S/in"
	within 30 head -c "$3" <"$S/out" >"$T/got.$1" 3>&-
	cmp "$T/sent.$1" "$T/got.$1"
	assert_equal "$(status_of "$1" links)" 1
}

@test "where packets are lost and overtake each other a stream loses no byte" {
	wire_start
	start_broker
	wire loss 20 reorder 20 twice 5 seed 8
	far_peer plain echo
	streams_exactly plain tcp 60000
	# shellcheck disable=SC2046
	far_peer secret echo $(tls good)
	streams_exactly secret tls 60000
	[ "$(wire_counts lost)" -gt 20 ]
	[ "$(wire_counts late)" -gt 20 ]
}

# ---- a cut, and that it heals

# ms: of a clock that is not set
ms()
{
	echo "$((${EPOCHREALTIME/./} / 1000))"
}

@test "whoever waits for a peer that is cut off is told within timeout, and status says so" {
	local began

	wire_start
	start_broker
	far_peer web http
	open_far web http timeout=1 connect=now
	far_peer echo echo
	open_far line tcp framing=line timeout=1
	ask web /before | grep -q '^HTTP/1.1 200'
	wire cut 1
	began=$(ms)
	send web POST /echo/lost hello
	say line 'hello\n'
	run -0 hear web
	failure_is 504 timeout
	facts web last=uncertain error-status=28
	run -0 hear line
	assert_output ''
	facts line last=uncertain error-status=28
	[ $(($(ms) - began)) -lt $((10000 * TIMEOUT_SCALE)) ]
	# Nothing was sent of this one, and nothing is.
	run -0 ask web POST /echo/unsent hello
	failure_is 504 unsent
	log_has web 'timeout'
}

@test "a peer whose replies are lost has got each request once" {
	wire_start
	start_broker
	far_peer web http
	open_far web http timeout=3
	ask web /before | grep -q '^HTTP/1.1 200'
	wire deaf 1
	run -0 ask web POST /echo/heard hello
	failure_is 504 timeout
	facts web last=uncertain
	wait_until 10 came web /echo/heard
	wire deaf 0
	run -0 ask web POST /echo/next hello
	assert_line --index 0 --regexp '^HTTP/1.1 200'
	told_once web
	counted web '^request .* POST /echo/heard$' 1
}

@test "when a cut has healed a session is up by itself, and nothing was sent twice" {
	wire_start
	start_broker
	far_peer web http
	open_far web http timeout=1 timeout-connect=0.5 reconnect=always \
	    backoff=0.1..0.3
	far_peer echo echo
	open_far stream tcp
	wire cut 1
	run -0 ask web POST /echo/first hello
	failure_is 504 timeout
	# A stream has no time limit: its bytes wait for better times.
	say stream 'held up\n'
	wait_status web state backoff
	wait_status web state connecting
	wire cut 0
	wait_status web state up
	run -0 ask web POST /echo/second hello
	assert_line --index 0 --regexp '^HTTP/1.1 200'
	told_once web
	read -rt 20 line <"$FIFOD_DIR/stream/out"
	assert_equal "$line" 'held up'
	assert_equal "$(status_of stream links)" 1
	assert_equal "$(status_of stream error)" ''
}

# ---- resets

# storm SESSION SCHEME EVERY [PEER'S ARGUMENTS]
storm()
{
	wire_start
	start_broker
	far_peer a http "${@:4}"
	open_far "$1" "$2" connections=2 timeout=5 backoff=0.05..0.1
	wire storm "$3" seed 3
	storm_clients "$1" 4 10
	wire calm 1
	told_once a
	ends_are_true a "$1"
	[ "$(wire_counts reset)" -ge 10 ]
	[ "$(ended "$1" answered)" -gt 0 ]
	[ "$(ended "$1" '[^a].*')" -gt 0 ]
	# And then it is over.
	wait_until 10 is_over "$1"
}

is_over()
{
	ask "$1" /after | grep -q '^HTTP/1.1 200'
}

@test "in a storm of resets an exchange ends in its reply or is told, and is not sent twice" {
	storm web http 9
}

@test "in a storm of resets an exchange over TLS ends in its reply or is told, and is not sent twice" {
	# shellcheck disable=SC2046
	storm web https 19 $(tls good)
}

@test "bytes of a stream that a reset has cost are told, and it is up again" {
	wire_start
	start_broker
	far_peer a echo
	open_far s tcp backoff=0.05..0.1
	for i in 1 2 3; do
		wait_status s state up
		# The last packet of the handshake is not to be struck.
		wait_until 10 lines_came a '^accept ' "$i"
		wire storm 1 seed "$i"
		say s 'hello\n'
		wait_until 10 has_broken "$i"
		wire calm 1
	done
	wait_status s state up
	assert_equal "$(status_of s uncertain)" 18
	assert_equal "$(status_of s links)" 4
	say s 'and on\n'
	read -rt 10 line <"$S/out"
	assert_equal "$line" 'and on'
}

# has_broken N: so many connections of `s' that were up
has_broken()
{
	[ "$(grep -c ' up -> ' "$S/log")" -ge "$1" ]
}

# ---- clocks

# clock_start: FIFOD_WRAPPER has a wall clock of its own
clock_start()
{
	[ -e "$BUILD/tests/clock.so" ] || skip "there is no clock to set"
	[ -z "${FIFOD_WRAPPER-}" ] || skip "not under another program"
	printf '\0\0\0\0\0\0\0\0' >"$T/clock"
	export ASAN_OPTIONS=verify_asan_link_order=0:${ASAN_OPTIONS-}
	FIFOD_WRAPPER="env LD_PRELOAD=$BUILD/tests/clock.so CLOCK_FILE=$T/clock"
}

# clock_set BYTES: by so many seconds wrong, as printf(1) writes them
clock_set()
{
	printf "$1" | dd of="$T/clock" conv=notrunc status=none
}

A_YEAR_ON='\200\063\341\001\0\0\0\0'
A_YEAR_BACK='\200\314\036\376\377\377\377\377'

# year_of SESSION: when its state began
year_of()
{
	status_of "$1" since | cut -c 1-4
}

@test "a wall clock that is set forth or back ends no wait and makes none longer" {
	local began wrong

	clock_start
	start_broker
	scripted web "$REQUEST" 'pause 700' "$OK" "$REQUEST" stall
	for wrong in "$A_YEAR_ON" "$A_YEAR_BACK"; do
		open_session web "http://127.0.0.1:$port" timeout=2
		get web /answered
		wait_peer web '^recv'
		clock_set "$wrong"
		run -0 hear web
		assert_output "$OK_HEARD"
		began=$(ms)
		get web /stalled
		counted web '^recv' 2
		clock_set '\0\0\0\0\0\0\0\0'
		run -0 hear web
		failure_is 504 timeout
		[ $(($(ms) - began)) -ge 1900 ]
		[ $(($(ms) - began)) -lt $((10000 * TIMEOUT_SCALE)) ]
		ctl close web
		stop_peer web
		scripted web "$REQUEST" 'pause 700' "$OK" "$REQUEST" stall
	done
	# It was another clock indeed.
	clock_set "$A_YEAR_ON"
	open_session web "http://127.0.0.1:$port"
	assert_equal "$(year_of web)" "$(date -u -d '+365 days' +%Y)"
}

# state_seconds SESSION: for so many it has been in its state
state_seconds()
{
	ctl metrics | sed -n 's/^fifod_session_state_seconds{session="'"$1"'"} //p'
}

@test "how long a session has been in its state no wall clock can change" {
	local wrong seconds

	clock_start
	start_broker
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port"
	for wrong in "$A_YEAR_ON" "$A_YEAR_BACK"; do
		clock_set "$wrong"
		seconds=$(state_seconds s)
		[[ $seconds =~ ^[0-9]+\.[0-9]+$ ]] || fail "$seconds"
		[ "${seconds%.*}" -lt $((600 * TIMEOUT_SCALE)) ]
	done
}

@test "a delay before the next attempt is as long whatever the wall clock does" {
	clock_start
	start_broker
	hold_port
	open_session s "tcp://127.0.0.1:$port" reconnect=always \
	    backoff=1..1 || true
	wait_status s state backoff
	clock_set "$A_YEAR_BACK"
	start_peer a echo -p "$port"
	wait_status s state up 5
	clock_set "$A_YEAR_ON"
	say s 'hello\n'
	read -rt 10 line <"$S/out"
	assert_equal "$line" hello
	assert_equal "$(status_of s links)" 1
}

# ---- an engine that stands still

# engine_stop: until engine_go, or the test's end
engine_stop()
{
	STOPPED=$(engine_pid)
	kill -STOP "$STOPPED"
}

engine_go()
{
	kill -CONT "$STOPPED"
	STOPPED=
}

@test "clients of an engine that is stopped wait, and are served when it goes on" {
	local engine line reader list

	start_broker
	start_peer echo echo
	open_session s "tcp://127.0.0.1:$port"
	scripted web "$REQUEST" "wait-file $T/go" "$OK" wait-eof
	open_session web "http://127.0.0.1:$port" timeout=3
	engine=$(engine_pid)
	get web /
	wait_peer web '^recv'
	engine_stop
	: >"$T/go"
	background "$T/got" cat "$S/out"
	reader=$BACKGROUND_PID
	background "$T/list" "$FIFOCTL" -r "$FIFOD_DIR" list
	list=$BACKGROUND_PID
	say s 'hello\n'
	# Longer than timeout: it is the broker that was late, not the peer.
	never_within 4 pid_gone "$reader"
	[ ! -s "$T/list" ]
	engine_go
	wait_pid "$reader"
	assert_equal "$EXIT_STATUS" 0
	wait_pid "$list"
	assert_equal "$EXIT_STATUS" 0
	assert_equal "$(cat "$T/got")" "$OK_HEARD"
	read -rt 10 line <"$FIFOD_DIR/s/out"
	assert_equal "$line" hello
	assert_equal "$(engine_pid)" "$engine"
}

@test "a broker that was stopped takes what has come, before it looks at what is late" {
	local i

	start_broker
	scripted web "$REQUEST" "wait-file $T/go" "$OK" wait-eof
	open_session web "http://127.0.0.1:$port" timeout=6 connections=40
	for ((i = 1; i <= 40; i++)); do
		mkdir "$S/ch/$i"
	done
	for ((i = 1; i <= 40; i++)); do
		wait_until 10 test -p "$S/ch/$i/in"
	done
	for ((i = 1; i <= 40; i++)); do
		get "web/ch/$i" /
	done
	counted web '^recv' 40
	engine_stop
	: >"$T/go"
	never_within 7 test -e "$T/nothing"
	engine_go
	for ((i = 1; i <= 40; i++)); do
		assert_equal "$(hear "web/ch/$i")" "$OK_HEARD"
	done
}

# ---- disks

# disk_mount OPTIONS: the run directory is to be on it
disk_mount()
{
	require_root
	mkdir "$T/disk"
	mount -t tmpfs -o "$1,mode=0755" none "$T/disk" 2>/dev/null ||
	    skip "no tmpfs can be mounted"
	DISK=$T/disk
	export FIFOD_DIR=$DISK/run
}

# stands SESSION: it does what it did
stands()
{
	say "$1" 'hello\n'
	run -0 hear "$1"
	assert_output hello
}

# turned_away WORDS COMMAND…: one line with these
turned_away()
{
	run -1 --separate-stderr "${@:2}"
	[ "${#stderr_lines[@]}" -eq 1 ] || fail "not one line: $stderr"
	[[ $stderr == *"$1"* ]] || fail "not '$1' but: $stderr"
}

# survives_full FILL ROOM: FILL takes what the disk has, ROOM gives it back
survives_full()
{
	hold_port
	start_peer a echo -p "$port"
	start_broker
	open_session a "tcp://127.0.0.1:$port" framing=line
	stands a
	"$1" 2>/dev/null || true
	stands a
	turned_away 'No space left on device' open_session b \
	    "tcp://127.0.0.1:$port"
	turned_away 'No space left on device' ctl channel a
	[ ! -e "$FIFOD_DIR/b" ]
	# What the file cannot say the broker does.
	stop_peer a
	wait_status a state idle
	wait_for_line "$T/fifod.err" 'a: status cannot be written: No space'
	grep -q '^state=up$' "$FIFOD_DIR/a/status"
	"$2"
	wait_until 10 grep -q '^state=idle$' "$FIFOD_DIR/a/status"
	start_peer a echo -p "$port"
	stands a
	open_session b "tcp://127.0.0.1:$port" framing=line
	stands b
	assert_equal "$(grep -c 'a: status cannot be written' \
	    "$T/fifod.err")" 1
}

fill_blocks()
{
	head -c 1M /dev/zero >"$DISK/fill"
}

fill_files()
{
	local i

	for ((i = 0; i < 100; i++)); do
		: >"$DISK/fill.$i" || return
	done
}

empty()
{
	rm "$DISK"/fill*
}

@test "on a full disk sessions stand, it is told, and new ones are refused in words" {
	disk_mount size=64k
	survives_full fill_blocks empty
}

@test "where no file can be made sessions stand, it is told, and new ones are refused in words" {
	disk_mount size=1m,nr_inodes=100
	survives_full fill_files empty
}
