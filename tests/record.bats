# Looking on: the record of a session, fifoctl tap, and fifoctl sync.
#
# RECORD_KILLS (10) is how often the broker is killed in one test.

# Words of tests are expanded where they run; common.bash sets variables:
# shellcheck disable=SC2016,SC2154
load helper/common
load helper/command
load helper/exchange

setup()
{
	common_setup
	REC=$T/record
	DISK=
	TIME='[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z'
}

teardown()
{
	common_teardown
	[ -z "$DISK" ] || umount "$DISK"
}

# untimed FILE: its lines, with T for each time
untimed()
{
	sed -E "s/$TIME/T/" "$1"
}

# said SESSION TEXT: to `in', and the echo of it has come back
said()
{
	printf '%s\n' "$2" >"$FIFOD_DIR/$1/in" 3>&-
	within 10 head -c $((${#2} + 1)) <"$FIFOD_DIR/$1/out" >/dev/null 3>&-
}

record_has()
{
	grep -q -- "$1" "$REC"
}

# ---- formats

@test "a record in text has a line for each line, with time and direction" {
	start_peer echo echo
	start_broker
	open_session a "tcp://127.0.0.1:$port" record="$REC"
	said a 'one'
	said a 'tab	back\slash'
	ctl close a
	assert_equal "$(untimed "$REC")" 'T > one
T < one
T > tab\tback\\slash
T < tab\tback\\slash'
	assert_equal "$(stat -c %a "$REC")" 600
}

@test "a line of the record that ends in a backslash has no newline yet" {
	start_peer echo echo
	start_broker
	open_session a "tcp://127.0.0.1:$port" record="$REC" \
	    record-direction=in
	printf 'no end' >"$S/in"
	wait_until 10 record_has 'no end'
	printf ' but here\nand\0' >"$S/in"
	wait_until 10 record_has 'and'
	ctl close a
	assert_equal "$(untimed "$REC")" 'T > no end but here
T > and\000\'
}

@test "a record in hex is what hexdump -C prints, under time, direction and place" {
	command -v hexdump >/dev/null || skip "no hexdump"
	start_peer echo echo
	start_broker
	open_session a "tcp://127.0.0.1:$port" record="$REC" \
	    record-format=hex
	"$PEER" random 1000 7 >"$T/bytes"
	cat "$T/bytes" >"$S/in"
	within 10 head -c 1000 <"$S/out" >/dev/null
	wait_until 10 eval '[ "$(grep -c "^[<>]" "$REC")" -ge 2 ]'
	ctl close a
	sed -n '/^>/,/^</p' "$REC" | sed '/^[<>]/d' >"$T/dump"
	hexdump -C "$T/bytes" | sed '$d' >"$T/want"
	cmp "$T/want" "$T/dump"
	untimed "$REC" | grep -qx '> T 1000 bytes at 0'
	untimed "$REC" | grep -q '^< T .* at 0$'
}

@test "a raw record of one direction is its bytes, each of them" {
	start_peer sink sink
	start_broker
	"$PEER" random 3M 5 >"$T/bytes"
	open_session a "tcp://127.0.0.1:$port" record="$REC" \
	    record-format=raw record-direction=in
	cat "$T/bytes" >"$S/in"
	ctl sync -t 10 a
	cmp "$T/bytes" "$REC"
	assert_equal "$(status_of a recorded)" 3145728
	assert_equal "$(status_of a unrecorded)" 0
	ctl close a
}

@test "bytes are exact both ways while they are recorded" {
	start_peer duplex duplex 8M 3 --end hold
	start_broker
	open_session a "tcp://127.0.0.1:$port" record="$REC" record-sync=yes \
	    record-format=raw record-direction=out
	background "$T/writer" sh -c '"$1" random 8M 3 >"$2"' sh "$PEER" \
	    "$S/in"
	"$PEER" random 8M 3 >"$T/bytes"
	within 60 head -c 8M <"$S/out" >"$T/got"
	cmp "$T/bytes" "$T/got"
	cmp "$T/bytes" "$REC"
	ctl close --now a
}

@test "with a framing the record has the requests and replies of all channels" {
	start_peer web http
	start_broker
	open_session web "http://127.0.0.1:$port" record="$REC" \
	    record-sync=yes connections=4
	for n in 1 2 3; do
		ask web "/page$n" >/dev/null
	done
	printf 'GET /other HTTP/1.1\r\nHost: h\r\n\r\n' | ctl request web \
	    >/dev/null
	ctl close web
	for n in 1 2 3; do
		untimed "$REC" | grep -Fqx "T > GET /page$n HTTP/1.1\\r"
	done
	untimed "$REC" | grep -Fqx 'T > GET /other HTTP/1.1\r'
	assert_equal "$(untimed "$REC" | grep -Fcx 'T < HTTP/1.1 200 OK\r')" 4
}

@test "a large request that is sent as it comes is recorded once" {
	start_peer web http
	start_broker
	open_session web "http://127.0.0.1:$port" record="$REC" \
	    record-sync=yes record-format=raw record-direction=in
	"$PEER" random 700K 2 >"$T/body"
	{
		printf 'POST / HTTP/1.1\r\nHost: h\r\n'
		printf 'Content-Length: 716800\r\n\r\n'
		cat "$T/body"
	} >"$T/request"
	ctl request web <"$T/request" >/dev/null
	cmp "$T/request" "$REC"
}

@test "the record of a session with a directory for each peer tells them apart" {
	start_broker
	open_session a tcp-listen://127.0.0.1:0 accept=each record="$REC" \
	    record-sync=yes
	at=$(status_of a listening)
	for n in 1 2; do
		start_peer "p$n" script --connect "$at" -e "send I am $n\n" \
		    -e wait-eof -r "$T/got$n"
		wait_until 10 test -p "$S/peers/$n/in"
		echo "you are $n" >"$S/peers/$n/in"
	done
	run -0 within 10 "$FIFOCTL" -r "$FIFOD_DIR" sync a
	for n in 1 2; do
		assert_equal "$(within 10 head -n 1 <"$S/peers/$n/out")" \
		    "I am $n"
	done
	ctl close --now a
	assert_equal "$(untimed "$REC" | sort)" 'T <1 I am 1
T <2 I am 2
T >1 you are 1
T >2 you are 2'
}

@test "what a front door relays is recorded, too, and on disk first" {
	start_peer echo echo
	start_broker
	open_session a "tcp://127.0.0.1:$port" connections=each \
	    listen=127.0.0.1:0 record="$REC" record-sync=yes
	at=$(status_of a listening)
	start_peer client script --connect "${at##* }" -e 'send hello\n' \
	    -e 'expect hello\n' -e close
	wait_peer client '^close 1'
	wait_until 10 record_has '< hello'
	record_has '> hello'
}

# ---- the file

@test "a record is added to, and set begins, changes and ends it" {
	start_peer echo echo
	start_broker
	echo 'was here' >"$REC"
	open_session a "tcp://127.0.0.1:$port"
	said a 'before'
	ctl set a record="$REC"
	said a 'during'
	ctl set a record="$T/other"
	said a 'elsewhere'
	ctl set a record=
	said a 'after'
	assert_equal "$(untimed "$REC")" 'was here
T > during
T < during'
	assert_equal "$(untimed "$T/other")" 'T > elsewhere
T < elsewhere'
}

@test "a record that cannot be written is refused when it is opened, with the reason" {
	start_peer echo echo
	start_broker
	refused 1 "a: record: $T/none/x: No such file or directory" \
	    ctl open a "tcp://127.0.0.1:$port" -o record="$T/none/x"
	assert_sessions
	open_session a "tcp://127.0.0.1:$port" record="$REC"
	refused 1 "record: $T: Is a directory" ctl set a record="$T"
	assert_equal "$(status_of a option.record)" "$REC"
	said a 'goes on'
	record_has '> goes on'
}

@test "with record-max a record is renamed to PATH.0, PATH.1 and so on, and no line is lost" {
	local n

	start_peer sink sink
	start_broker
	open_session a "tcp://127.0.0.1:$port" record="$REC" \
	    record-direction=in record-max=1000 record-keep=3
	for n in {1..100}; do
		printf 'this is line %s\n' "$n" >"$S/in"
		wait_until 10 record_has "line $n\$"
	done
	[ ! -e "$REC.3" ]
	cat "$REC.2" "$REC.1" "$REC.0" "$REC" >"$T/all"
	untimed "$T/all" | sed 's/.* //' >"$T/numbers"
	# The last ones, in their order, without a hole.
	seq "$(head -n 1 "$T/numbers")" 100 | cmp - "$T/numbers"
	[ "$(wc -l <"$T/numbers")" -gt 60 ]
}

@test "a record that was renamed by another is begun anew within a second" {
	start_peer sink sink
	start_broker
	open_session a "tcp://127.0.0.1:$port" record="$REC"
	echo 'first' >"$S/in"
	wait_until 10 record_has 'first'
	mv "$REC" "$REC.old"
	again()
	{
		echo 'again' >"$S/in" && record_has 'again'
	}
	wait_until 10 again
	grep -q 'first' "$REC.old"
}

@test "when the disk is full that is noted once and counted, and the session runs on" {
	require_root
	mkdir "$T/disk"
	mount -t tmpfs -o size=64k none "$T/disk" 2>/dev/null ||
	    skip "no tmpfs can be mounted"
	DISK=$T/disk
	REC=$DISK/record
	start_peer echo echo
	start_broker
	open_session a "tcp://127.0.0.1:$port" record="$REC" record-sync=yes
	said a 'at first'
	head -c 1M /dev/zero >"$DISK/fill" 2>/dev/null || true
	"$PEER" random 40K 1 | base64 -w 60 >"$T/bytes"
	cat "$T/bytes" >"$S/in"
	within 10 head -c "$(stat -c %s "$T/bytes")" <"$S/out" >"$T/got"
	cmp "$T/bytes" "$T/got"
	said a 'nowhere'
	[ "$(status_of a unrecorded)" -gt 0 ]
	[[ $(status_of a record-error) == *'No space left on device'* ]]
	assert_equal "$(status_of a state)" up
	assert_equal "$(grep -c 'is not recorded' "$S/log")" 1
	rm "$DISK/fill"
	resumes()
	{
		said a 'room again' && record_has '> room again'
	}
	wait_until 10 resumes
	assert_equal "$(status_of a record-error)" ''
	grep -Eq "$TIME ! [0-9]+ bytes were not recorded: .*No space" "$REC"
	grep -q 'goes on; [0-9]* bytes were not recorded' "$S/log"
	ctl close a
}

@test "a record on a device that takes nothing is trouble of the record alone" {
	start_peer echo echo
	start_broker
	open_session a "tcp://127.0.0.1:$port" record=/dev/full \
	    record-sync=yes
	said a 'hello'
	assert_equal "$(status_of a unrecorded)" 12
	assert_equal "$(status_of a recorded)" 0
	ctl set a record="$REC"
	said a 'now'
	record_has '> now'
	assert_equal "$(status_of a record-error)" ''
}

# ---- on disk

# traced: each thread of the engine is
traced()
{
	! grep -q '^TracerPid:.0' /proc/"$(engine_pid)"/task/*/status
}

@test "with record-sync a byte is on disk before it is sent or delivered" {
	command -v strace >/dev/null || skip "no strace"
	start_peer echo echo
	start_broker
	open_session a "tcp://127.0.0.1:$port" record="$REC" record-sync=yes
	background "$T/strace.err" strace -f -qq -s 64 -o "$T/strace" \
	    -e trace=write,sendto,fdatasync -p "$(engine_pid)"
	STRACE_PID=$BACKGROUND_PID
	wait_until 10 traced || skip "strace may not"
	said a 'remember me'
	stop_pid "$STRACE_PID"
	# In the order in which each has ended.
	grep -oE 'write\([0-9]+, "[^"]*Z [<>] remember me|fdatasync\([0-9]+\) += 0|fdatasync resumed>\) += 0|sendto\([0-9]+, "remember me|write\([0-9]+, "remember me' \
	    "$T/strace" | sed -E 's/\(.*Z ([<>]) .*/ \1/
		s/\(.*remember.*/ on/
		s/(\(| resumed).*//' >"$T/order"
	assert_equal "$(cat "$T/order")" 'write >
fdatasync
sendto on
write <
fdatasync
write on'
}

@test "with record-sync the last line that the peer got is in the record when the broker is killed" {
	local n

	start_peer sink sink -r "$T/received"
	for ((n = 1; n <= ${RECORD_KILLS:-10}; n++)); do
		start_broker
		open_session a "tcp://127.0.0.1:$port" record="$REC" \
		    record-sync=yes
		printf 'a line of no. %s\n' "$n" >"$S/in"
		wait_until 10 grep -q "no. $n\$" "$T/received.$n"
		kill_broker
		# A sync that is under way has its end first.
		wait_until 10 flock -n "$FIFOD_DIR" true
		record_has "> a line of no. $n\$"
	done
	assert_equal "$(wc -l <"$REC")" $((n - 1))
}

@test "record-sync holds back its own session and no other" {
	command -v strace >/dev/null || skip "no strace"
	start_peer echo echo
	start_broker
	open_session slow "tcp://127.0.0.1:$port" record="$REC" \
	    record-sync=yes
	open_session fast "tcp://127.0.0.1:$port"
	# A disk that takes four seconds.
	background "$T/strace.err" strace -f -qq -o /dev/null \
	    -e trace=fdatasync -e inject=fdatasync:delay_enter=4000000 \
	    -p "$(engine_pid)"
	STRACE_PID=$BACKGROUND_PID
	wait_until 10 traced || skip "strace may not"
	echo 'held back' >"$FIFOD_DIR/slow/in"
	wait_until 10 record_has 'held back'
	said fast 'at once'
	assert_equal "$(status_of slow bytes-in)" 0
	wait_until 20 eval '[ "$(status_of slow bytes-in)" -eq 10 ]'
	stop_pid "$STRACE_PID"
}

# ---- tap

# tapped OUTPUT [ARGUMENTS]: a tap of session a that looks on by now
tapped()
{
	local output=$1

	shift
	background "$output" "$FIFOCTL" -r "$FIFOD_DIR" tap "$@" a
	TAP_PID=$BACKGROUND_PID
	# It has asked when its connection is accepted and read: what is said
	# until then it does not show.
	sees()
	{
		said a '.' && [ -s "$output" ]
	}
	wait_until 10 sees
}

@test "tap prints what passes from now on, both directions marked, until the session has ended" {
	start_peer echo echo
	start_broker
	open_session a "tcp://127.0.0.1:$port"
	said a 'not this'
	tapped "$T/tap"
	said a 'hello'
	ctl close a
	wait_pid "$TAP_PID"
	assert_equal "$EXIT_STATUS" 0
	assert_equal "$(untimed "$T/tap" | tail -n 2)" 'T > hello
T < hello'
	run ! grep -q 'not this' "$T/tap"
}

@test "any number of taps look on, in text, hex and raw, one direction or both" {
	local pid taps=()

	start_peer echo echo
	start_broker
	open_session a "tcp://127.0.0.1:$port"
	tapped "$T/hex" -x
	taps+=("$TAP_PID")
	tapped "$T/in" -d in
	taps+=("$TAP_PID")
	tapped "$T/raw" -r -d out
	taps+=("$TAP_PID")
	said a 'hello'
	ctl close a
	for pid in "${taps[@]}"; do
		wait_pid "$pid"
	done
	grep -Eq '^0000[0-9a-f]{4}  68 65 6c 6c 6f 0a  .*\|hello\.\|$' "$T/hex"
	assert_equal "$(untimed "$T/in" | tail -n 1)" 'T > hello'
	run ! grep -q '<' "$T/in"
	assert_equal "$(tail -n 1 "$T/raw")" 'hello'
	run ! grep -q '[<>]' "$T/raw"
}

@test "tap shows the exchanges of a session with a framing" {
	start_peer web http
	start_broker
	open_session a "http://127.0.0.1:$port"
	background "$T/tap" "$FIFOCTL" -r "$FIFOD_DIR" tap a
	sees()
	{
		ask a /x >/dev/null && [ -s "$T/tap" ]
	}
	wait_until 10 sees
	ask a /page >/dev/null
	ctl close a
	wait_pid "$BACKGROUND_PID"
	untimed "$T/tap" | grep -Fqx 'T > GET /page HTTP/1.1\r'
	untimed "$T/tap" | grep -Fqx 'T < HTTP/1.1 200 OK\r'
}

@test "a tap that is not read holds up nothing, and is told how much it has missed" {
	start_peer sink sink
	start_broker
	open_session a "tcp://127.0.0.1:$port"
	mkfifo "$T/pipe"
	# shellcheck disable=SC2094
	exec 7<>"$T/pipe"
	background "$T/none" sh -c 'exec "$1" tap a >"$2"' sh "$FIFOCTL" \
	    "$T/pipe"
	sees()
	{
		echo . >"$S/in" && read -rt 0.05 -u 7
	}
	wait_until 10 sees
	within 20 "$PEER" random 16M 9 >"$S/in"
	ctl sync -t 20 a
	# Now it is read: what came last is that much was missed.
	background "$T/tap" cat "$T/pipe"
	wait_until 20 grep -Eq \
	    '! [0-9]+ bytes to the peer were missed: not read in time' "$T/tap"
	exec 7>&-
	ctl close a
}

@test "tap refuses words that mean nothing, and names the session that is not there" {
	refused 2 '-d: "up" is neither in, out nor both' ctl tap -d up a
	refused 2 '-x and -r together' ctl tap -x -r a
	start_broker
	refused 4 'a: no such session' ctl tap a
}

# ---- sync

@test "sync returns when the peer's system has acknowledged what was written" {
	start_peer sink sink 3M
	start_broker
	open_session a "tcp://127.0.0.1:$port"
	"$PEER" random 3M 1 >"$S/in"
	run -0 within 20 "$FIFOCTL" -r "$FIFOD_DIR" sync a
	assert_equal "$(status_of a bytes-in)" 3145728
	assert_equal "$(status_of a queued)" 0
}

@test "sync gives up with 28 when the peer does not take it in time" {
	start_broker
	start_stalled
	refused 28 'stalled: ' ctl sync -t 0.3 stalled
	[[ $stderr == *' bytes have not arrived in time: it is up' ]]
	touch "$T/go"
	run -0 within 20 "$FIFOCTL" -r "$FIFOD_DIR" sync stalled
	wait_pid "$WRITER_PID"
	run -0 within 20 "$FIFOCTL" -r "$FIFOD_DIR" sync stalled
	assert_equal "$(status_of stalled bytes-in)" 6291456
}

@test "what our system has sent and the peer's has not acknowledged is waited for" {
	start_broker
	start_peer deaf script --rcvbuf 4K -e "wait-file $T/go" -e wait-eof
	open_session a "tcp://127.0.0.1:$port"
	"$PEER" random 200K 1 >"$S/in"
	wait_until 10 eval '[ "$(status_of a bytes-in)" -eq 204800 ]'
	assert_equal "$(status_of a queued)" 0
	refused 28 'bytes have not arrived in time' ctl sync -t 0.3 a
	touch "$T/go"
	run -0 within 20 "$FIFOCTL" -r "$FIFOD_DIR" sync a
}

@test "sync waits for every peer that shares a session" {
	start_broker
	open_session a tcp-listen://127.0.0.1:0 accept=merge
	at=$(status_of a listening)
	start_peer good script --connect "$at" -e wait-eof
	start_peer deaf script --connect "$at" --rcvbuf 4K \
	    -e "wait-file $T/go" -e wait-eof
	wait_until 10 eval '[[ $(status_of a peer) == *more ]]'
	"$PEER" random 200K 1 >"$S/in"
	wait_until 10 eval '[ "$(status_of a queued)" -eq 0 ]'
	refused 28 'bytes have not arrived in time' ctl sync -t 0.3 a
	touch "$T/go"
	run -0 within 20 "$FIFOCTL" -r "$FIFOD_DIR" sync a
}

@test "sync ends with 20 when the connection is lost with bytes that were not acknowledged" {
	start_broker
	start_stalled
	background "$T/sync" "$FIFOCTL" -r "$FIFOD_DIR" sync stalled
	SYNC_PID=$BACKGROUND_PID
	# It has asked, and sleeps until the answer comes.
	wait_until 10 grep -q '^State:.S' "/proc/$SYNC_PID/status"
	never_within 1 pid_gone "$SYNC_PID"
	kill -KILL "$PEER_PID"
	wait_pid "$SYNC_PID"
	assert_equal "$EXIT_STATUS" 20
	grep -Eqx 'fifoctl: stalled: [0-9]+ bytes were sent, and the connection ended before the peer acknowledged them' \
	    "$T/sync"
}

@test "sync waits for a peer that is away, and for no longer than it is told" {
	hold_port
	start_peer gone sink -p "$port"
	start_broker
	open_session a "tcp://127.0.0.1:$port" backoff=0.05..0.1
	stop_peer gone
	wait_until 10 eval '[ "$(status_of a state)" != up ]'
	echo 'wait for it' >"$S/in"
	refused 28 'a: 12 bytes have not arrived in time' ctl sync -t 0.3 a
	background "$T/sync" "$FIFOCTL" -r "$FIFOD_DIR" sync a
	SYNC_PID=$BACKGROUND_PID
	start_peer back sink -p "$port" -r "$T/received"
	wait_pid "$SYNC_PID"
	assert_equal "$EXIT_STATUS" 0
	wait_until 10 grep -qx 'wait for it' "$T/received.1"
}

@test "sync over TLS waits for the records, too" {
	# shellcheck disable=SC2046
	start_peer secure sink $(tls good) -r "$T/received"
	start_broker
	open_session a "tls://localhost:$port" ca="$CERTS/ca.pem"
	"$PEER" random 1M 4 >"$S/in"
	run -0 within 20 "$FIFOCTL" -r "$FIFOD_DIR" sync a
	assert_equal "$(status_of a bytes-in)" 1048576
}

@test "sync of a session with a framing returns when its requests are sent" {
	scripted web "$REQUEST" "wait-file $T/go" "$OK" wait-eof
	start_broker
	open_session a "http://127.0.0.1:$port"
	run -0 within 10 "$FIFOCTL" -r "$FIFOD_DIR" sync a
	get a /
	run -0 within 10 "$FIFOCTL" -r "$FIFOD_DIR" sync a
	printf 'GET / HT' >"$S/in"
	refused 28 'bytes have not arrived' ctl sync -t 0.3 a
	touch "$T/go"
}

@test "after strace -o sess/in and sync the last line of the trace has left the host" {
	command -v strace >/dev/null || skip "no strace"
	start_peer sink sink -r "$T/received"
	start_broker
	open_session a "tcp://127.0.0.1:$port"
	strace -o "$S/in" true 3>&- || skip "strace may not"
	run -0 within 10 "$FIFOCTL" -r "$FIFOD_DIR" sync a
	# It is with the peer's system, though not with the peer for certain.
	wait_until 10 grep -qx '+++ exited with 0 +++' "$T/received.1"
}
