# The FIFOs of a session: opening them never waits, and their clients come,
# go and die as they like without costing anybody else a byte.
#
# FIFO_ROUNDS (100) is how many rounds the tests with SIGKILL make,
# FIFO_RESTARTS (50) how often the server is restarted.

# Scripts that are handed on, variables that common.bash sets, tests that are
# subshells:
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load helper/common

setup()
{
	common_setup
	EXACT=$(program_find exact)
	PIPE=$(program_find pipe)
	ROUNDS=${FIFO_ROUNDS:-100}
	RESTARTS=${FIFO_RESTARTS:-50}
}

# pause MS: at most so long, by chance; not waiting for anything
pause()
{
	local ms

	printf -v ms '0.%03d' $((RANDOM % ($1 + 1)))
	read -rt "$ms" <>"$T/.never" || true
}

# kill_hard PID…: SIGKILL, and they are gone
kill_hard()
{
	kill -KILL "$@" 2>/dev/null || true
	# The shell is not to tell of each that it was killed.
	wait "$@" 2>/dev/null || true
}

# count FILE REGEX
count()
{
	grep -Ec -- "$2" "$1" || true
}

count_is()
{
	[ "$(count "$1" "$2")" -eq "$3" ]
}

size_is()
{
	[ "$(stat -c %s "$1")" -eq "$2" ]
}

# looked: the broker has seen by now what readers of `out' have done (without
# inotify(7) it looks twenty times a second).  Until then it takes whoever
# has it open for the one who read the last byte.
looked()
{
	never_within 1 false
}

# wait_failed SESSION: a refusal is told by status and exit status alike
wait_failed()
{
	wait_status "$1" state failed
}

# read_end PATH [SECONDS]: reads it to its end, as cat does
read_end()
{
	# The redirection is within the limit, too.
	within "${2:-10}" sh -c 'exec cat <"$1"' sh "$1" 3>&-
}

# ---- opening

# opens SESSION: every way to open its FIFOs comes back at once
opens()
{
	local way

	for way in ': <"$1/out"' ': >"$1/in"' ': >"$1/ctl"' ': <"$1/in"' \
	    'exec 3<"$1/out" 4>"$1/in"' 'exec 4>"$1/in" 3<"$1/out"' \
	    'exec 3<>"$1/in" 4<>"$1/out"' ': <"$1/out"; : <"$1/out"' \
	    'exec 3>"$1/in" 4>"$1/in" 5<"$1/out" 6<"$1/out"'; do
		within 10 bash -c "$way" bash "$FIFOD_DIR/$1" 3>&- ||
		    fail "$1: $way: $?"
	done
}

@test "opening in, out or ctl never waits, in any order and in any state" {
	start_broker
	start_peer server echo
	open_session up "tcp://127.0.0.1:$port"
	open_session idle "tcp://127.0.0.1:$port" connect=on-demand
	start_peer nobody script --refuse
	open_session backoff "tcp://127.0.0.1:$port" --no-wait backoff=60..60
	wait_status backoff state backoff
	start_peer closer script -e close
	open_session failed "tcp://127.0.0.1:$port" --no-wait reconnect=never
	wait_failed failed
	start_peer mute script -e stall
	open_session handshake "tls://127.0.0.1:$port" --no-wait
	wait_status handshake state handshake
	# This one neither reads nor stops to send: both FIFOs are full.
	start_peer flood source 64M
	open_session full "tcp://127.0.0.1:$port"
	background "$T/write" sh -c 'exec "$1" write 64M 1 >"$2"' sh \
	    "$EXACT" "$FIFOD_DIR/full/in"
	wait_until 10 full "$FIFOD_DIR/full"
	local session
	for session in up idle backoff failed handshake full; do
		opens "$session"
	done
	status_is idle links 0
}

full()
{
	[ "$("$PIPE" waiting "$1/in")" -gt 4096 ] &&
	    [ "$("$PIPE" waiting "$1/out")" -gt 4096 ]
}

@test "read -t gives up in time where nothing has come" {
	start_broker
	start_peer server script -e 'expect x' -e 'send y\n' -e wait-eof
	open_session a "tcp://127.0.0.1:$port"
	run within 10 bash -c 'read -rt 0.1 <"$1"' bash "$S/out"
	[ "$status" -gt 128 ]
	echo x >"$S/in"
	within 10 bash -c 'read -rt 5 line <"$1" && [ "$line" = y ]' bash \
	    "$S/out"
}

# ---- coming and going

@test "a thousand writers and readers come and go and leave no trace" {
	local i engine before
	start_broker
	start_peer server echo
	open_session a "tcp://127.0.0.1:$port"
	engine=$(status_of a engine)
	descriptors_at_rest "$engine"
	before=$N
	for ((i = 0; i < 1000; i++)); do
		: >"$S/in"
		: <"$S/out"
	done
	background "$T/out" sed 1000q "$S/out"
	for ((i = 0; i < 1000; i++)); do
		echo "line $i" >"$S/in"
	done
	wait_pid "$BACKGROUND_PID" 20
	for ((i = 0; i < 1000; i++)); do
		echo "line $i"
	done | cmp - "$T/out"
	wait_until 10 no_more_descriptors "$engine" "$before"
	status_is a links 1
	status_is a error ''
}

@test "lines that several writers write at once are neither mixed nor lost" {
	local i pids=() line
	start_broker
	start_peer server sink --record "$T/record"
	open_session a "tcp://127.0.0.1:$port"
	printf -v line '%01000d' 0
	# One write(2) a line, and less than PIPE_BUF (pipe(7)).
	for i in 1 2 3 4 5; do
		background "$T/write.$i" bash -c 'for ((n = 1000; n < 1200; n++))
			do echo "$1 $n ${3::RANDOM % 1000}." >"$2" || exit; done' \
		    bash "$i" "$S/in" "$line"
		pids+=("$BACKGROUND_PID")
	done
	for i in "${pids[@]}"; do
		wait_pid "$i" 60
		[ "$EXIT_STATUS" -eq 0 ]
	done
	ctl close a
	wait_peer server '^sum 1 '
	run ! grep -Evx '[1-5] 1[0-9]{3} 0*\.' "$T/record.1"
	for i in 1 2 3 4 5; do
		sed -n "s/^$i \([0-9]*\) .*/\1/p" "$T/record.1" >"$T/got.$i"
		seq 1000 1199 | cmp - "$T/got.$i"
	done
}

@test "a writer killed in a large write leaves its first part and no more" {
	local i
	start_broker
	# A slow peer and one write(2) of more than all buffers together: each
	# of the writers is killed while it waits for room.
	start_peer server sink --record "$T/record" --rcvbuf 8K --chunk 16K \
	    --delay 1
	open_session a "tcp://127.0.0.1:$port" pipe-size=64K
	seq 1000000 2100000 >"$T/lines"
	for ((i = 1; i <= 10; i++)); do
		background "$T/dd" sh -c 'exec dd bs=16M if="$1" >"$2"' sh \
		    "$T/lines" "$S/in"
		wait_until 10 waiting_is_over "$S/in" 4096
		pause 20
		kill_hard "$BACKGROUND_PID"
		within 10 sh -c 'printf "\nend %d\n" "$1" >"$2"' sh $i "$S/in"
	done
	ctl close a
	wait_peer server '^sum 1 ' 20
	# Every line in its place, the last of each perhaps cut short.
	awk '
	$1 == "end" {
		if ($2 != ++ends || n == 0 || n > 1100000) exit 1
		n = 0
		next
	}
	$0 != "" && index(1000000 + n++, $0) != 1 { exit 1 }
	END { if (ends != 10) { print NR ": " $0; exit 1 } }
	' "$T/record.1"
}

waiting_is_over()
{
	[ "$("$PIPE" waiting "$1")" -gt "$2" ]
}

@test "what comes while nobody reads waits for whoever reads next" {
	local i line
	start_broker
	start_peer server script -e 'connection 1' -e 'send "1\n2\n3\n"' \
	    -e 'wait-file '"$T/go" -e close \
	    -e 'connection 2' -e 'send "4\n5\n"' -e wait-eof
	open_session a "tcp://127.0.0.1:$port" backoff=0.01..0.05
	wait_until 10 waiting_is_over "$S/out" 5
	# Readers that read nothing take nothing with them.
	for ((i = 0; i < 20; i++)); do
		hold_reader "$S/out"
		kill_hard "$HELD_PID"
		[ "$("$PIPE" waiting "$S/out")" -eq 6 ]
	done
	read -r line <"$S/out"
	[ "$line" = 1 ]
	: >"$T/go"
	wait_status a links 2
	for i in 2 3 4 5; do
		read -rt 10 line <"$S/out"
		[ "$line" = "$i" ]
	done
}

@test "two readers share the bytes, and each byte goes to exactly one" {
	local i pids=()
	start_broker
	start_peer server source 32M 3 --end hold
	open_session a "tcp://127.0.0.1:$port" connect=on-demand \
	    on-close=eof reconnect=never
	for i in 1 2; do
		background "$T/share.$i" sh -c 'exec cat <"$1"' sh "$S/out"
		pids+=("$BACKGROUND_PID")
		# It has opened it.
		wait_until 10 grep -qx cat "/proc/$BACKGROUND_PID/comm"
	done
	ctl reconnect a
	wait_status a bytes-out 33554432 20
	stop_peer server
	for i in "${pids[@]}"; do
		wait_pid "$i"
		[ "$EXIT_STATUS" -eq 0 ]
	done
	"$EXACT" merge 32M 3 "$T/share.1" "$T/share.2"
	# Else it was no test of two.
	[ -s "$T/share.1" ]
	[ -s "$T/share.2" ]
}

# ---- the article

# ask PATH: as the article writes it, one write a line
ask()
{
	printf '%s\r\n' "GET $1 HTTP/1.1" 'Host: localhost' '' >"$S/in"
}

# answer_start FIFO: a process that hands on what it reads, line by line,
# and goes on to read; READER_PID
answer_start()
{
	bash -c 'while read -r line; do echo "$line"; done <"$1" >"$2"' bash \
	    "$S/out" "$1" </dev/null 3>&- 7>&- &
	READER_PID=$!
	pid_add "$READER_PID" reader
}

# answer_wait PATTERN: until a line like that came on descriptor 7; LINE
answer_wait()
{
	while read -rt 10 -u 7 LINE; do
		# shellcheck disable=SC2053
		[[ $LINE == $1 ]] && return
	done
	fail "no answer like $1 in 10 s"
}

@test "every reader is killed, tickets come, and the connection goes on" {
	local i head='HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'
	for ((i = 1; i <= ROUNDS; i++)); do
		printf '%s\n' 'expect \r\n\r\n'
		printf 'send "%s%04d\\n"\n' "$head" "$i"
		echo "wait-file $T/go.$i"
		echo ticket
		echo keyupdate
	done >"$T/script"
	echo wait-eof >>"$T/script"
	# shellcheck disable=SC2046
	start_peer web script $(tls good) -f "$T/script"
	start_broker
	open_session web "tls://localhost:$port" ca="$CERTS/ca.pem"
	mkfifo "$T/answers"
	exec 7<>"$T/answers"
	for ((i = 1; i <= ROUNDS; i++)); do
		ask "/$i"
		answer_start "$T/answers"
		answer_wait "$(printf '%04d' "$i")"
		kill_hard "$READER_PID"
		: >"$T/go.$i"
		wait_until 10 count_is "$T/peer.web.log" '^keyupdate 1$' "$i" ||
		    fail "no KeyUpdate $i"
	done
	exec 7>&-
	status_is web links 1
	status_is web state up
	status_is web verified yes
	[ "$(count "$T/peer.web.log" '^recv 1 ')" -eq "$ROUNDS" ]
	[ "$(count "$T/peer.web.log" '^ticket 1$')" -eq "$ROUNDS" ]
	# The connection's own answers to the KeyUpdates are in order, too.
	run ! grep -E 'failed|error|accept 2' "$T/peer.web.log"
}

# Clients that are killed at any moment; a request is one write(2), so that
# none of them leaves half of one.
# shellcheck disable=SC2034
victim_writer='exec env printf "GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n" \
    "$1" >"$2/in"'
# shellcheck disable=SC2034
victim_reader='while read -r line; do :; done <"$2/out"'

@test "clients killed at any moment harm neither the connection nor others" {
	local i pids who script number=0
	# shellcheck disable=SC2046
	start_peer web http $(tls good) --ticket-every 1
	start_broker
	open_session web "tls://localhost:$port" ca="$CERTS/ca.pem"
	for ((i = 1; i <= ROUNDS; i++)); do
		pids=()
		for who in writer:v writer:w reader:x; do
			script=victim_${who%:*}
			background /dev/null bash -c "${!script}" bash \
			    "${who#*:}$i" "$S"
			pids+=("$BACKGROUND_PID")
		done
		pause 15
		kill_hard "${pids[@]}"
		# Whatever these have left comes first, then this answer.
		ask "/survivor-$i"
		exec 7<"$S/out"
		answer_wait "connection 1 request * path /survivor-$i"
		exec 7<&-
		LINE=${LINE#connection 1 request }
		[ "${LINE%% *}" -gt "$number" ]
		number=${LINE%% *}
	done
	status_is web links 1
	status_is web error ''
	status_is web queued 0
	sed -n 's/^request 1 [0-9]* GET //p' "$T/peer.web.log" >"$T/paths"
	[ "$(wc -l <"$T/paths")" -eq "$number" ]
	grep survivor "$T/paths" >"$T/survivors"
	printf '/survivor-%d\n' $(seq "$ROUNDS") | cmp - "$T/survivors"
	# Nothing was sent twice, nothing was lost between.
	[ -z "$(sort "$T/paths" | uniq -d)" ]
	[ "$number" -gt "$ROUNDS" ]
	status_is web bytes-in "$(awk '$1 == "recv" { n += $3 }
		END { print n }' "$T/peer.web.log")"
	# It comes behind the reply.
	wait_until 10 count_is "$T/peer.web.log" '^ticket 1$' "$number"
	run ! grep -E 'bad-request|failed|error|accept 2' "$T/peer.web.log"
}

# ---- the connection comes and goes

# Four shells, each of which tells what it was not to see.
writer='trap "echo SIGPIPE" PIPE
[ "$1" = once ] && exec 3>"$2"
n=10000
until [ -e "$3" ]; do
	: $((n += 1))
	if [ "$1" = once ]; then
		echo "$1 $n $n" >&3 || echo "write: $?"
	else
		echo "$1 $n $n" >"$2" || echo "write: $?"
	fi
	read -rt 0.001 <>"$4"
done'
reader='[ "$1" = once ] && exec 4<"$2"
until [ -e "$3" ]; do
	if [ "$1" = once ]; then
		read -rt 0.1 -u 4 line
	else
		read -rt 0.1 line <"$2"
	fi
	case $? in
	0) : $((n += 1)) ;;
	1) echo "end of file" ;;
	esac
done
[ $((n)) -gt 10 ] || echo "only $((n)) lines"'

# gone_or_fed PID: it is gone, else one line more.  bash waits for a byte until
# its time is up, and then reads: what was there may have gone to another.
gone_or_fed()
{
	pid_gone "$1" && return
	echo >"$S/in"
	return 1
}

@test "a server restarts fifty times, and no client meets EOF or SIGPIPE" {
	local i way pids=()
	start_broker
	hold_port
	start_peer server echo -p "$port" --record "$T/record.0"
	open_session a "tcp://127.0.0.1:$port" backoff=0.01..0.03
	for way in once again; do
		background "$T/writer.$way" bash -c "$writer" bash $way \
		    "$S/in" "$T/stop" "$T/.never"
		pids+=("$BACKGROUND_PID")
		background "$T/reader.$way" bash -c "$reader" bash $way \
		    "$S/out" "$T/stop"
		pids+=("$BACKGROUND_PID")
	done
	for ((i = 1; i <= RESTARTS; i++)); do
		if ((i % 2)); then
			kill_hard "$PEER_PID_server"
		else
			stop_peer server
		fi
		start_peer server echo -p "$port" --record "$T/record.$i"
		wait_peer server '^accept 1$'
	done
	: >"$T/stop"
	for i in "${pids[@]}"; do
		wait_until 10 gone_or_fed "$i" || fail "a client hangs"
		wait_pid "$i"
	done
	cat "$T"/writer.* "$T"/reader.* >"$T/complaints"
	[ ! -s "$T/complaints" ] || fail "$(sort "$T/complaints" | uniq -c)"
	[ "$(status_of a links)" -gt "$RESTARTS" ]
	# What arrived whole came once and in order.
	for way in once again; do
		for ((i = 0; i <= RESTARTS; i++)); do
			cat "$T/record.$i.1" 2>/dev/null
			echo
		done | awk -v way=$way '
		NF == 3 && $1 == way && $2 == $3 && length($2) == 5 {
			if ($2 <= last) { print "line", $2, last; exit 1 }
			last = $2; n++
		}
		END { if (n < 100) { print n + 0, "lines"; exit 1 } }'
	done
}

@test "on-close=hold: a lost connection is no end of file" {
	local i
	start_broker
	start_peer server script -e 'send x\n' \
	    -e 'connection 1' -e close -e 'connection 2' -e close \
	    -e 'connection 3' -e close -e 'connection 4' -e close \
	    -e 'connection 5+' -e 'send last\n' -e wait-eof
	open_session a "tcp://127.0.0.1:$port" backoff=0.01..0.02 --no-wait
	background "$T/out" sh -c 'exec cat <"$1"' sh "$S/out"
	wait_for_line "$T/out" last
	run ! pid_gone "$BACKGROUND_PID"
	size_is "$T/out" 15
	# Nor is a second, third, … one for those who come while it is away.
	start_peer nobody script --refuse
	open_session b "tcp://127.0.0.1:$port" --no-wait backoff=60..60
	wait_status b state backoff
	for i in 1 2 3; do
		run read -rt 0.05 <"$S/out"
		[ "$status" -gt 128 ]
	done
}

@test "on-close=eof: a reader meets the end after the connection's last byte" {
	start_broker
	start_peer server script -e 'connection 1' -e 'send one\ntwo' \
	    -e "wait-file $T/go" -e close \
	    -e 'connection 2' -e 'send three\n' -e wait-eof
	open_session a "tcp://127.0.0.1:$port" on-close=eof \
	    backoff=0.01..0.05
	background "$T/out" sh -c 'exec cat <"$1"' sh "$S/out"
	wait_until 10 size_is "$T/out" 7
	never_within 0 pid_gone "$BACKGROUND_PID"
	: >"$T/go"
	wait_pid "$BACKGROUND_PID"
	[ "$(cat "$T/out")" = $'one\ntwo' ]
	background "$T/out" sh -c 'exec cat <"$1"' sh "$S/out"
	wait_for_line "$T/out" three
	never_within 1 pid_gone "$BACKGROUND_PID"
	[ "$(cat "$T/out")" = three ]
}

@test "on-close=eof: who comes later has the bytes and the end, unmixed" {
	local line
	start_broker
	start_peer server script -e 'connection 1' -e 'send-random 300K 1' \
	    -e close -e 'connection 2' -e 'send-random 200K 2' -e close \
	    -e 'connection 3' -e 'send three\n' -e wait-eof
	open_session a "tcp://127.0.0.1:$port" on-close=eof \
	    backoff=0.01..0.05 --no-wait
	wait_peer server '^close 1$'
	"$PEER" random 300K 1 >"$T/one"
	"$PEER" random 200K 2 >"$T/two"
	read_end "$S/out" | cmp - "$T/one"
	read_end "$S/out" | cmp - "$T/two"
	looked
	read -rt 10 line <"$S/out"
	[ "$line" = three ]
	# Those bytes are read, their connection stands: no end is due.
	run read -rt 0.3 <"$S/out"
	[ "$status" -gt 128 ]
}

@test "on-close=eof: a reader that takes the last line and goes owes nothing" {
	local i line
	start_broker
	start_peer server script -e 'connection 1' -e 'send "1\n2\n3\n"' \
	    -e close -e 'connection 2' -e "wait-file $T/go" -e 'send "4\n"' \
	    -e wait-eof
	open_session a "tcp://127.0.0.1:$port" on-close=eof \
	    backoff=0.01..0.05 --no-wait
	wait_status a links 2
	for i in 1 2 3; do
		read -rt 10 line <"$S/out"
		[ "$line" = "$i" ]
	done
	looked
	run read -rt 0.2 <"$S/out"
	[ "$status" -gt 128 ]
	: >"$T/go"
	read -rt 10 line <"$S/out"
	[ "$line" = 4 ]
}

@test "a failed session gives every reader what is left, and the end at once" {
	local i line
	start_broker
	start_peer server script -e 'connection 1' -e 'send "some\n"' \
	    -e "wait-file $T/go" -e close \
	    -e 'connection 2' -e 'send "again\n"' -e wait-eof
	open_session a "tcp://127.0.0.1:$port" reconnect=never
	# The one that was there when it failed …
	background "$T/out" sh -c 'exec cat <"$1"' sh "$S/out"
	wait_for_line "$T/out" some
	: >"$T/go"
	wait_pid "$BACKGROUND_PID"
	wait_failed a
	# … and each that comes later.
	for ((i = 0; i < 20; i++)); do
		run read_end "$S/out" 5
		assert_success
		assert_output ''
	done
	ctl reconnect a
	wait_status a state up
	read -rt 10 line <"$S/out"
	[ "$line" = again ]
	run read -rt 0.2 <"$S/out"
	[ "$status" -gt 128 ]
}

@test "on-close=eof: the end stands between two connections by reconnect, too" {
	start_broker
	start_peer server script -e 'connection 1' -e 'send "one\n"' -e close \
	    -e 'connection 2' -e 'send "two\n"' -e close
	open_session a "tcp://127.0.0.1:$port" on-close=eof reconnect=never \
	    --no-wait
	wait_failed a
	ctl reconnect a
	wait_peer server '^close 2$'
	[ "$(read_end "$S/out")" = one ]
	[ "$(read_end "$S/out")" = two ]
	wait_failed a
}

@test "a session whose peer is not trusted has readers end at once, too" {
	local i
	# shellcheck disable=SC2046
	start_peer web http $(tls unknownroot)
	start_broker
	run -60 open_session a "tls://localhost:$port" ca="$CERTS/ca.pem"
	S=$FIFOD_DIR/a
	status_is a state failed
	for ((i = 0; i < 5; i++)); do
		run read_end "$S/out" 5
		assert_success
		assert_output ''
	done
	# What was written for it waits: it was not sent to that peer.
	echo secret >"$S/in"
	[ "$("$PIPE" waiting "$S/in")" -eq 7 ]
	run ! grep -E '^recv' "$T/peer.web.log"
}

@test "many readers of a failed session at once: each has its end" {
	local i pids=()
	start_broker
	start_peer server script -e close
	open_session a "tcp://127.0.0.1:$port" --no-wait reconnect=never
	wait_failed a
	# Open and read until the end: status 1 is the end of file.
	for i in 1 2 3 4; do
		background "$T/reader.$i" within 60 bash -c '
		for ((i = 0; i < $2; i++)); do
			read -rt 10 line <"$1"
			[ $? -eq 1 ] || echo "$i: $?"
		done' bash "$S/out" $((ROUNDS * 5))
		pids+=("$BACKGROUND_PID")
	done
	for i in "${pids[@]}"; do
		wait_pid "$i" 70
		[ "$EXIT_STATUS" -eq 0 ] || fail "a reader: $EXIT_STATUS"
	done
	cat "$T"/reader.* >"$T/complaints"
	[ ! -s "$T/complaints" ] || fail "$(head "$T/complaints")"
}

@test "only the session's end is an end to those who wait at its FIFOs" {
	local writer_pid reader_pid
	start_broker
	start_peer server script -e 'send "rest\n"' -e stall
	open_session a "tcp://127.0.0.1:$port"
	background "$T/writer" sh -c 'exec "$1" write 64M 1 >"$2"' sh \
	    "$EXACT" "$S/in"
	writer_pid=$BACKGROUND_PID
	hold_reader "$S/out"
	background "$T/reader" sh -c 'exec cat <"$1"' sh "$S/out"
	reader_pid=$BACKGROUND_PID
	wait_for_line "$T/reader" rest
	wait_until 10 waiting_is_over "$S/in" 4096
	run ! pid_gone "$writer_pid"
	run ! pid_gone "$reader_pid"
	ctl close a --now
	wait_pid "$writer_pid"
	# EPIPE
	[ "$EXIT_STATUS" -eq 4 ]
	wait_pid "$reader_pid"
	[ "$EXIT_STATUS" -eq 0 ]
	[ ! -e "$S" ]
	run ! eval ': >"$S/in"'
	[ ! -e "$S/in" ]
}
