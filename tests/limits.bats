load helper/common
load helper/exchange

# The bounds that fifod-session(7) lists under LIMITS, each at its edge; those
# of messages are in the vectors of their framings.

# What a broker under a limit says: one line, exit status 1.
turned_away()
{
	local words=$1

	shift
	run -1 --separate-stderr "$@"
	[ "${#stderr_lines[@]}" -eq 1 ] || fail "not one line: $stderr"
	# shellcheck disable=SC2053
	[[ $stderr == $words ]] || fail "not '$words' but: $stderr"
}

@test "beyond limit sessions= open is refused, and one that is closed makes room" {
	start_peer a echo
	start_broker -l sessions=2
	open_session a "tcp://127.0.0.1:$port" framing=line
	open_session b "tcp://127.0.0.1:$port" framing=line
	turned_away '*there are 2 sessions, as many as limit sessions=2 allows*' \
	    open_session c "tcp://127.0.0.1:$port"
	run -0 request a 'hello\n'
	assert_output hello
	ctl close b
	open_session c "tcp://127.0.0.1:$port"
}

@test "limit lines of the file hold, also when they have changed, and -l is stronger" {
	start_peer a echo
	echo 'limit sessions=1' >"$T/fifod.conf"
	start_broker -l clients=8
	open_session a "tcp://127.0.0.1:$port"
	turned_away '*limit sessions=1 *' open_session b "tcp://127.0.0.1:$port"
	echo 'limit sessions=2 clients=100' >"$T/fifod.conf"
	ctl reload
	open_session b "tcp://127.0.0.1:$port"
	turned_away '*limit sessions=2 *' open_session c "tcp://127.0.0.1:$port"
	watchers 8
	turned_away '*limit clients=8 *' ctl list
}

@test "a limit that is none is said, with what would be right" {
	run -2 "$FIFOD" -n -l session=1
	assert_output --partial 'did you mean sessions'
	run -2 "$FIFOD" -n -l sessions=0
	assert_output --partial '1 to 1000000'
	echo 'limit buffers=much' >"$T/fifod.conf"
	run -2 "$FIFOD" -n -f "$T/fifod.conf"
	assert_output --partial 'fifod.conf:1: limit: buffers'
}

# watcher I: a command that stays
watcher()
{
	background "$T/watch.$1" "$FIFOCTL" -r "$FIFOD_DIR" watch
	eval "WATCH_$1=$BACKGROUND_PID"
}

# watchers N: so many that are served
watchers()
{
	local i

	for ((i = 1; i <= $1; i++)); do
		watcher "$i"
	done
	wait_until 10 refuses_list "$1" || fail 'all are served'
}

# refuses_list N: a list that was served may have cost a watcher its place
refuses_list()
{
	local i pid

	for ((i = 1; i <= $1; i++)); do
		pid=WATCH_$i
		! pid_gone "${!pid}" || watcher "$i"
	done
	! ctl list
}

@test "beyond limit clients= a command is refused, and those that are served go on" {
	start_peer a echo
	start_broker -l clients=8
	open_session a "tcp://127.0.0.1:$port" framing=line
	watchers 8
	turned_away '*the broker serves 8 commands now, as many as limit clients=8 allows' \
	    ctl list
	say a 'hello\n'
	assert_equal "$(hear a)" hello
	# shellcheck disable=SC2153
	stop_pid "$WATCH_1"
	wait_until 10 ctl close a
	wait_for_line "$T/watch.2" 'a.*closed'
}

@test "with limit buffers= bytes wait until a buffer is free, and none is lost" {
	start_peer source source 4000000 7
	start_peer echo echo
	start_broker -l buffers=300K
	open_session stuck "tcp://127.0.0.1:$PORT_source" pipe-size=8K \
	    reconnect=never
	open_session b "tcp://127.0.0.1:$PORT_echo" framing=line
	# Half a line of it is in the only buffer, and nobody reads on.
	within 10 head -c 100 <"$FIFOD_DIR/stuck/out" >"$T/first"
	open_session h "tcp://127.0.0.1:$PORT_echo" framing=line
	say b 'hello\n'
	say h 'hello\n'
	before=$(ticks)
	never_within 1 test -s "$T/rest"
	# It rests meanwhile.
	[ $(($(ticks) - before)) -le 5 ] || fail "it does not rest"
	within 20 cat <"$FIFOD_DIR/stuck/out" >"$T/rest" 3>&- &
	pid_add $! cat
	assert_equal "$(hear h)" hello
	assert_equal "$(hear b)" hello
	wait_until 20 sized 4000000 "$T/first" "$T/rest"
	"$PEER" random 4000000 7 | cmp - <(cat "$T/first" "$T/rest")
}

# Of processor time, hundredths of a second.
ticks()
{
	local stat

	read -r stat <"/proc/$(engine_pid)/stat"
	# shellcheck disable=SC2086
	set -- ${stat##*) }
	echo $((${12} + ${13}))
}

# sized BYTES FILE…
sized()
{
	[ "$(cat "${@:2}" | wc -c)" -eq "$1" ]
}

@test "beyond max-channels= channels and requests are refused, and clients of sock wait" {
	start_peer a http
	start_broker
	open_session a "http://127.0.0.1:$port" max-channels=2
	ctl channel a
	two=$(ctl channel a)
	turned_away '*it has 2 channels, as many as max-channels=2 allows*' \
	    ctl channel a
	turned_away '*max-channels=2 *' request_get a /
	mkdir "$S/ch/mine"
	wait_until 10 test ! -e "$S/ch/mine"
	log_has a 'ch/mine: closed: it has 2 channels, as many as max-'
	background "$T/sock" curl -sS -i --unix-socket "$S/sock" \
	    http://host/size/3
	curl=$BACKGROUND_PID
	log_has a 'sock: clients wait: it has 2 channels'
	run -0 http_get a /size/3
	ctl channel "--close=$two"
	wait_pid "$curl" 10
	assert_equal "$EXIT_STATUS" 0
	grep -q '^HTTP/1.1 200' "$T/sock"
	ctl set a max-channels=3
	ctl channel a
	ctl channel a
}

# It is a channel, or was refused and is gone.
settled_channel()
{
	[ -p "$1/in" ] || [ ! -e "$1" ]
}

# The broker may have so many descriptors more than it has.
descriptors_left()
{
	local engine

	engine=$(engine_pid)
	descriptors_at_rest "$engine"
	prlimit --pid "$engine" "--nofile=$((N + $1)):"
}

@test "without descriptors new work is refused in words, and what stands runs on" {
	[ -z "${FIFOD_WRAPPER-}" ] || skip "not under another program"
	start_peer a http
	start_peer echo echo
	start_broker
	open_session a "http://127.0.0.1:$PORT_a"
	open_session b "tcp://127.0.0.1:$PORT_echo" framing=line
	mkdir "$S/ch/one"
	wait_until 10 test -p "$S/ch/one/in"
	descriptors_left 20
	turned_away '*too few descriptors left*' open_session c \
	    "tcp://127.0.0.1:$PORT_echo"
	turned_away '*too few descriptors left*' ctl channel a
	run -0 request_get a /size/3
	say b 'hello\n'
	assert_equal "$(hear b)" hello
	descriptors_left 1
	printf 'hello\n' >"$FIFOD_DIR/b/ch/one/in"
	assert_equal "$(within 10 cat <"$FIFOD_DIR/b/ch/one/out")" hello
	# What it cannot look at it does not take for gone.
	mkdir "$FIFOD_DIR/b/ch/two"
	never_within 2 test ! -p "$FIFOD_DIR/b/ch/one/in"
	prlimit --pid "$(engine_pid)" --nofile=1000:
	wait_until 20 settled_channel "$FIFOD_DIR/b/ch/two"
	[ -p "$FIFOD_DIR/b/ch/one/in" ]
	run -0 http_get a /size/3
	open_session c "tcp://127.0.0.1:$PORT_echo"
}

# answers: how many requests have failed so far
answers()
{
	grep -c 'error: 127.0.0.1:1: ' "$T/fifod.err"
}

# As many looks in a row, and none of them has seen one more.
answers_stay()
{
	local n

	n=$(answers)
	LOOKS=$((n > 0 && n == ANSWERS ? LOOKS + 1 : 0)) ANSWERS=$n
	[ "$LOOKS" -ge 10 ]
}

# unread LEAST MOST: that many of those asked without end are answered
unread()
{
	ANSWERS=0 LOOKS=0
	wait_until 20 answers_stay
	[ "$ANSWERS" -ge "$1" ] && [ "$ANSWERS" -le "$2" ] ||
	    fail "$ANSWERS answers wait"
}

@test "of 4096 requests whose answers nobody reads no more are taken, until they are" {
	start_broker
	ctl open s tcp://127.0.0.1:1 --no-wait -o framing=line \
	    -o reconnect=never
	wait_status s state failed
	background "$T/writer" sh -c 'exec yes "" >"$1"' sh "$FIFOD_DIR/s/in"
	unread 3500 4096
	before=$ANSWERS
	for ((i = 1; i <= 400; i++)); do
		hear s >/dev/null
	done
	unread "$((before + 100))" "$((before + 700))"
}

@test "limit buffers= counts requests that wait, too, and none is lost" {
	start_peer a echo
	start_broker -l buffers=600K
	open_session t "tcp://127.0.0.1:$port" framing=line
	ctl open s tcp://127.0.0.1:1 --no-wait -o framing=line \
	    -o reconnect=never
	wait_status s state failed
	background "$T/writer" sh -c 'exec yes "" >"$1"' sh "$FIFOD_DIR/s/in"
	unread 3500 4096
	say t 'hello\n'
	never_within 1 status_is t queued 0
	ctl close s
	assert_equal "$(hear t)" hello
}

# The broker may have so many KiB of addresses more than it has.
memory_left()
{
	local kib engine

	engine=$(engine_pid)
	kib=$(sed -n 's/^VmSize:[[:space:]]*\([0-9]*\) kB/\1/p' \
	    "/proc/$engine/status")
	prlimit --pid "$engine" "--as=$(((kib + $1) * 1024)):"
}

fill_up()
{
	local i

	for ((i = 1; i <= 4000; i++)); do
		ctl open "s$i" exec:cat -o connect=on-demand \
		    >"$T/said" 2>&1 || return 0
	done
	return 1
}

# all_taken FD: nothing waits in it
all_taken()
{
	! read -r -t 0 -u "$1"
}

@test "without memory new work is refused in words, and what stands runs on" {
	if grep -q asan "/proc/self/maps" || ldd "$FIFOD" | grep -q libasan ||
	    [ -n "${FIFOD_WRAPPER-}" ]; then
		skip "the sanitizers take all addresses"
	fi
	start_peer a http
	start_peer echo echo
	start_broker
	open_session a "http://127.0.0.1:$PORT_a"
	open_session b "tcp://127.0.0.1:$PORT_echo" framing=line
	run -0 http_get a /size/3
	memory_left 2048
	fill_up || fail "there is no end of memory"
	grep -q 'no memory left' "$T/said" || fail "$(cat "$T/said")"
	turned_away '*no memory left*' ctl open c exec:cat
	run -0 http_get a /size/3
	# One that comes in parts, as bash writes it, has nothing else to wait for.
	exec 8<>"$FIFOD_DIR/a/in"
	printf 'GET /size/3 HTTP/1.1\r\n' >&8
	wait_until 5 all_taken 8
	printf 'Host: localhost\r\n\r\n' >&8
	exec 8>&-
	run -0 hear a
	# Nor has one behind a reply that somebody has begun to read and left.
	say a 'GET /size/3000000 HTTP/1.1\r\nHost: localhost\r\n\r\n'
	head -n1 <"$FIFOD_DIR/a/out" >"$T/part"
	run -0 http_get a /size/3
	say b 'hello\n'
	assert_equal "$(hear b)" hello
	run -0 ctl list
	prlimit --pid "$(engine_pid)" --as=unlimited:
	ctl open c exec:cat -o connect=on-demand
}

# letters N: so many
letters()
{
	printf "%0$1d" 0 | tr 0 a
}

@test "what just fits is taken, and one more is refused in words" {
	start_broker
	idle='exec:cat -o connect=on-demand'
	# shellcheck disable=SC2086
	ctl open "$(letters 64)" $idle
	# shellcheck disable=SC2086
	run -2 ctl open "$(letters 65)" $idle
	assert_output --partial '1 to 64 letters'
	# shellcheck disable=SC2086
	ctl open value $idle -o "sni=$(letters 253)"
	# shellcheck disable=SC2086
	run -2 ctl open long $idle -o "prompt=$(letters 4096)"
	# shellcheck disable=SC2086
	ctl open n $idle -o connections=1000 -o framing=line
	# shellcheck disable=SC2086
	run -2 ctl open m $idle -o connections=1001 -o framing=line
	assert_output --partial '1 to 1000'
	proxies=$(printf 'socks5://127.0.0.1:%d,' 1 2 3 4 5 6 7 8)
	ctl open eight tcp://127.0.0.1:9 -o connect=on-demand \
	    -o "via=${proxies%,}"
	run -2 ctl open nine tcp://127.0.0.1:9 -o connect=on-demand \
	    -o "via=${proxies}socks5://127.0.0.1:9"
	assert_output --partial 8
	assert_equal "$(ctl list | wc -l)" 4
}

# environment N COMMAND…: with so many variables of 128 KiB each
environment()
{
	local i value words=()

	value=$(letters 131000)
	for ((i = 1; i <= $1; i++)); do
		words+=("MUCH_$i=$value")
	done
	run env "${words[@]}" "${@:2}"
}

@test "an environment of 1 MiB is kept for programs, and what is longer is not" {
	start_broker
	environment 7 "$FIFOCTL" open a 'exec:echo ${#MUCH_7}'
	assert_success
	assert_equal "$(hear a)" 131000
	environment 9 "$FIFOCTL" open b exec:cat
	assert_failure 1
	assert_output --partial \
	    'the environment is too long to be passed on: it has over 1048576'
	# Who runs nothing passes nothing on.
	environment 9 "$FIFOCTL" open c tcp://127.0.0.1:9 -o connect=on-demand
	assert_success
}

# gives_way SESSION BYTES: an unread reply of so many, to one that waits
gives_way()
{
	open_session "$1" "http://127.0.0.1:$port" timeout-read=0.3 \
	    pipe-size=8K
	get "$1" "/bytes/$2"
	hold_reader "$FIFOD_DIR/$1/out"
	log_has "$1" ' -> up'
	run -0 request_get "$1" /size/3
	log_has "$1" 'cancelled: its reply was not read for timeout-read=0.3 s'
	stop_pid "$HELD_PID"
}

@test "an unread reply is dropped, and where 1 MiB is left the connection closed" {
	start_peer a http
	start_broker
	gives_way drops 900000
	run ! grep 'more is left of a reply' "$FIFOD_DIR/drops/log"
	counted a '^accept' 1
	gives_way closes 3000000
	log_has closes 'closed: more is left of a reply that nobody waits for'
	counted a '^accept' 3
}

@test "a configuration file of 4 MiB is read, one byte more is not" {
	local full=$((4 * 1024 * 1024))

	{
		echo 'open a exec:cat -o connect=on-demand'
		yes '# so many lines'
	} | head -c "$full" >"$T/fifod.conf"
	run "$FIFOD" -n -f "$T/fifod.conf"
	[ "$status" -eq 0 ] || fail "$output"
	printf '#' >>"$T/fifod.conf"
	run -2 "$FIFOD" -n -f "$T/fifod.conf"
	assert_output --partial 'it is longer than 4194304 bytes'
}

@test "the logs of the 64 sessions that ended last are kept" {
	local i

	start_broker
	for ((i = 1; i <= 128; i++)); do
		ctl open "s$i" exec:cat -o connect=on-demand
		ctl close "s$i"
	done
	logs=("$FIFOD_DIR"/.log-*)
	assert_equal "${#logs[@]}" 64
	[ -e "$FIFOD_DIR/.log-s128" ]
	[ ! -e "$FIFOD_DIR/.log-s64" ]
}

@test "every limit of fifoctl help limits stands in the manual" {
	run -0 ctl help limits
	assert_line --regexp '^  sessions=65536 '
	assert_line --partial 'Channels of a session: max-channels=1000'
	for page in fifod.8 fifod-session.7; do
		[ -e "$BUILD/share/man/$page" ] || skip 'no manual pages here'
	done
	while IFS= read -r line; do
		grep -Fq -- "${line#  }" "$BUILD/share/man/fifod-session.7" ||
		    fail "not in fifod-session(7): $line"
	done < <(ctl help limits | sed '1,/^All bounds/d' | grep '^  [A-Za-z]')
	grep -q '^.It Cm sessions' "$BUILD/share/man/fifod.8"
}
