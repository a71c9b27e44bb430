# What can be seen of a session without strace: each move, by watch --json;
# where the time of a connection went, in log; and what a full disk does to it.

# What `eval' and `sh -c' get is in '…'; port is set elsewhere.
# shellcheck disable=SC2016,SC2154

load helper/common
load helper/command
load helper/exchange
load helper/tls
load helper/world

setup()
{
	common_setup
	DISK=
}

teardown()
{
	common_teardown
	[ -z "$DISK" ] || umount "$DISK"
}

# moves [FILTER]: of $T/watch, by jq
moves()
{
	jq -r "${1-"\"\\(.session) \\(.from) \\(.to)\""}" <"$T/watch"
}

# watched REGEX: there is a move like that
watched()
{
	wait_until 10 moved "$1" || fail "$(cat "$T/watch")"
}

moved()
{
	moves | grep -Eq "$1"
}

# steps SESSION [N]: the words behind the Nth "up:" of its log
steps()
{
	sed -n 's/.* up: .* in \([0-9.]* ms.*\)/\1/p' "$FIFOD_DIR/$1/log" |
	    sed -n "${2:-1}p"
}

# ---- watch --json

# watch_json: it watches already, as the session `there' tells
watch_json()
{
	open_session there exec:cat
	background "$T/watch" "$FIFOCTL" watch --json
	watched '^there null up$'
}

@test "watch --json prints an object for each move, with its reason, at once" {
	start_broker
	start_peer a echo
	watch_json
	open_session s "tcp://127.0.0.1:$port"
	stop_peer a
	watched '^s up (idle|backoff)$'
	ctl close s
	watched ' closed$'
	run -0 moves
	assert_line --index 1 's closed idle'
	assert_line --index 2 's idle resolving'
	assert_line --index 3 's resolving connecting'
	assert_line --index 4 's connecting up'
	# Each goes on from where the one before has ended.
	moves 'select(.session == "s") | "\(.from) \(.to)"' |
	    awk 'NR > 1 && $1 != last { exit 1 } { last = $2 }'
	run -0 moves 'select(.session == "s" and .to == "up").reason'
	assert_output --regexp "^127\.0\.0\.1:$port, in [0-9.]+ ms"
	run -0 moves 'keys_unsorted | join(" ")'
	assert_line --index 0 'time session from to reason error error-status'
	run -0 moves .time
	assert_line --index 0 --regexp '^20[0-9-]+T[0-9:]{8}\.[0-9]{3}Z$'
}

@test "watch --json tells an error with the number that it has everywhere" {
	start_broker
	start_peer a script --refuse
	watch_json
	run -7 open_session s "tcp://127.0.0.1:$port" reconnect=never
	watched '^s connecting failed$'
	run -0 moves 'select(.to == "failed") | .error, ."error-status"'
	assert_output "127.0.0.1:$port: connection refused
7"
}

@test "watch --json begins with what stands, from null, and NAME ends it" {
	start_broker
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port"
	open_session t "tcp://127.0.0.1:$port"
	background "$T/watch" "$FIFOCTL" watch --json s
	watched '^s null up$'
	ctl close t
	ctl close --now s
	wait_pid "$BACKGROUND_PID"
	[ "$EXIT_STATUS" -eq 0 ]
	run -0 moves
	assert_output 's null up
s up closed'
}

@test "watch has every one of many sessions, and nobody is dropped for it" {
	local i
	for ((i = 0; i < 400; i++)); do
		echo "open s$i tcp://127.0.0.1:9 -o connect=on-demand"
	done >"$T/fifod.conf"
	start_broker
	background "$T/watch" "$FIFOCTL" watch --json
	wait_until 10 eval '[ "$(wc -l <"$T/watch")" -ge 400 ]'
	[ "$(moves .session | sort -u | wc -l)" = 400 ]
	background "$T/words" "$FIFOCTL" watch
	wait_until 10 eval '[ "$(grep -c " idle$" "$T/words")" = 400 ]'
}

@test "what a peer says is JSON in watch, whatever it is" {
	start_broker
	open_session s "exec:printf '\\033[2J\"\\\\\\377\\302\\2331m' >&2; exit 3" \
	    --no-wait reconnect=never connect=on-demand
	background "$T/watch" "$FIFOCTL" watch --json s
	watched '^s null idle$'
	# Who lives for 150 ms counts as up.
	ctl reconnect s || [ $? -eq 7 ]
	watched ' failed$'
	run ! grep -q $'[\x01-\x09\x0b-\x1f\x7f]' "$T/watch"
	run ! grep -q $'\xc2[\x80-\x9f]' "$T/watch"
	iconv -f UTF-8 -t UTF-8 "$T/watch" >/dev/null
	run -0 moves 'select(.to == "failed").error'
	assert_output --partial $'exit status 3: \e[2J"\\'
}

# ---- where the time went

@test "log says how long resolving, connecting and the handshake took" {
	start_broker
	# shellcheck disable=SC2046
	start_peer a http $(tls good)
	open_session s "https://localhost:$port" ca="$CERTS/ca.pem"
	run -0 steps s
	assert_output --regexp \
	    '^[0-9]+\.[0-9] ms: (resolve [0-9.]+, )?(connect [0-9.]+, )?handshake [0-9]+\.[0-9]$'
	# The steps are the whole, but for what was rounded.
	steps s | awk '{ gsub(/[a-z:,]/, ""); sum = 0
		for (i = 2; i <= NF; i++) sum += $i
		exit !(sum <= $1 + 0.3 && sum >= $1 - 0.5) }'
	assert_equal "$(status_of s up-in)" "$(steps s | cut -d' ' -f1)"
}

@test "what takes long is what log says of it" {
	start_broker
	scripted a 'pause 300' "send 220 mail\\r\\n" 'expect EHLO' stall
	start_peer slow script -e 'pause 2000' -e 'send hello\n' -e stall
	open_session s "tcp://127.0.0.1:$port" \
	    on-connect='read -r hello && [ "$hello" = hello ]'
	run -0 steps s
	assert_output --regexp '^[0-9]{3,}\.[0-9] ms: .*on-connect [0-9]{3,}\.[0-9]$'
}

@test "a proxy's time is told by itself" {
	start_broker
	scripted proxy 'expect CONNECT peer.test:25 ' 'pause 200' \
	    'send HTTP/1.1 200 OK\r\n\r\n' stall
	open_session s tcp://peer.test:25 "via=http://127.0.0.1:$port"
	run -0 steps s
	assert_output --regexp ' ms: .*proxy [0-9]{3,}\.[0-9]$'
}

@test "a program has no name to be resolved" {
	start_broker
	open_session s exec:cat
	run -0 steps s
	assert_output --regexp '^[0-9.]+ ms: connect [0-9.]+$'
}

@test "the first byte of the first reply is timed, once a connection" {
	start_broker
	scripted a 'connection 1' "$REQUEST" 'pause 200' "$OK" "$REQUEST" \
	    "$OK" "$REQUEST" "$OK" stall 'connection 2+' "$REQUEST" "$OK" stall
	open_session s "http://127.0.0.1:$port"
	ask s /1
	ask s /2
	ask s /3
	run -0 grep -c 'first byte' "$S/log"
	assert_output 1
	run -0 grep 'first byte' "$S/log"
	assert_output --regexp \
	    'first byte of the first reply after [0-9]{3,}\.[0-9] ms$'
	ctl reconnect s
	wait_status s state up
	ask s /4
	run -0 grep -c 'first byte' "$S/log"
	assert_output 2
}

@test "each connection of a pool has its own line" {
	start_broker
	scripted a "$REQUEST" "wait-file $T/go" "$OK" stall
	open_session s "http://127.0.0.1:$port" connections=2
	background "$T/one" sh -c 'printf "GET / HTTP/1.1\r\nHost: h\r\n\r\n" |
	    "$FIFOCTL" request s'
	wait_until 10 eval '[ "$(status_of s bytes-in)" -gt 0 ]'
	background "$T/two" sh -c 'printf "GET / HTTP/1.1\r\nHost: h\r\n\r\n" |
	    "$FIFOCTL" request s'
	wait_status s links 2
	: >"$T/go"
	grep -Eq ' one more connection: 127.0.0.1:[0-9]+, in [0-9.]+ ms' \
	    "$S/log"
}

@test "each address that was tried is in log, and why it was not taken" {
	world_start
	printf '%s\n' '::1 two' '127.0.0.1 two' >"$ETC/hosts"
	start_broker
	start_peer good echo
	open_session s "tcp://two:$port"
	grep -q "connect: \[::1\]:$port: connection refused" "$S/log"
	grep -q " up: 127.0.0.1:$port, in " "$S/log"
	start_full dead -l ::1
	start_peer beside echo -p "$port"
	open_session t "tcp://two:$port" timeout-connect=30
	grep -q "connect: \[::1\]:$port: no answer yet, 127.0.0.1:$port is tried, too" \
	    "$S/log"
	steps t | awk '{ exit !($1 >= 240) }'
}

# ---- a full disk

# room: the run directory is on a disk of its own, which `fill' fills
room()
{
	require_root
	mkdir "$T/disk"
	mount -t tmpfs -o size=256k none "$T/disk" 2>/dev/null ||
	    skip "no tmpfs can be mounted"
	DISK=$T/disk
	export FIFOD_DIR=$DISK/run
}

fill()
{
	head -c 1M /dev/zero >"$DISK/fill" 2>/dev/null || true
	local n=1
	# What a block has left at its end is free for files that have it.
	while ((n < 64)) && head -c 4096 /dev/zero >"$DISK/fill.$n" 2>/dev/null
	do
		n=$((n + 1))
	done
}

@test "when the disk is full the log has a gap, syslog says so, and all goes on" {
	local i
	room
	start_broker
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port" log=1M
	fill
	# More lines than what is left of the log's last block.
	for ((i = 0; i < 60; i++)); do
		printf 'no such command %03d %0200d\n' "$i" 0
	done >"$S/ctl"
	wait_for_line "$T/fifod.err" \
	    's: log cannot be written.*No space left on device'
	echoes s 'on it goes'
	assert_equal "$(status_of s state)" up
	# It is told seldom.
	[ "$(grep -c 'log cannot be written' "$T/fifod.err")" -le 10 ]
	rm "$DISK"/fill*
	logged_again()
	{
		echo discard >"$S/ctl" && tail -n 1 "$S/log" | grep discarded
	}
	wait_until 10 logged_again
	# What is there are whole lines.
	run ! grep -Ev '^20[0-9T:.-]+Z [^ ].*' "$S/log"
	run ! grep -E 'Z .*20[0-9]{2}-[0-9]{2}-[0-9]{2}T' "$S/log"
	ctl close s
}

@test "a log that is cut over on a full disk stays one" {
	local i
	room
	start_broker
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port" log=4K
	fill
	for ((i = 0; i < 100; i++)); do
		printf 'wrong%03d\n' "$i"
	done >"$S/ctl"
	wait_for_line "$T/fifod.err" 'log cannot be written'
	echoes s hello
	rm "$DISK"/fill*
	ctl reconnect s
	reconnected()
	{
		ctl log s | grep 'asked to reconnect'
	}
	wait_until 10 reconnected
	(($(stat -c %s "$S/log") < 4096 + 512))
	run ! grep -Ev '^20[0-9T:.-]+Z [^ ].*' "$S/log"
	ctl close s
}

@test "a session is opened, used and closed while the disk is full" {
	room
	start_broker
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port"
	fill
	ctl reconnect s
	wait_until 10 eval '[ "$(status_of s links)" = 2 ]'
	echoes s hello
	# What needs a file is refused in words, or works without it.
	run open_session t "tcp://127.0.0.1:$port"
	[ "$status" -eq 0 ] || assert_output --partial 'No space left'
	echoes s 'on it goes'
	ctl close s
	[ ! -e "$S" ]
}
