# The states of a session, how they are told, and what `ctl' can do to them.

# What `eval' and `sh -c' get is in '…'; port and status are set elsewhere.
# shellcheck disable=SC2016,SC2154

load helper/common
load helper/world

setup()
{
	common_setup
	start_broker
	S=$FIFOD_DIR/s
}

# told STATE: by the file, the broker, the list, watch, wait and the log
told()
{
	wait_status s state "$1"
	ctl wait s "$1" -t 10
	[ "$(file_status s state)" = "$1" ]
	[ "$(status_of s state)" = "$1" ]
	run ctl list
	assert_output --regexp "^s +$1 "
	background "$T/told" "$FIFOCTL" -r "$FIFOD_DIR" watch s
	wait_for_line "$T/told" "^s $1( |\$)"
	stop_pid "$BACKGROUND_PID"
	[ "$1" = idle ] || wait_log s "[a-z] -> $1(:|\$)"
	run file_status s since
	assert_output --regexp \
	    '^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-9:]{8}\.[0-9]{3}Z$'
}

# at_least KEY N: the fact is N or more
at_least()
{
	(($(status_of s "$1") >= $2))
}

# stuck: s is up to a peer that reads nothing, and its `in' is full
stuck()
{
	start_peer a script --rcvbuf 4K -r "$T/got" -e "wait-file $T/go" \
	    -e wait-eof
	open_session s "tcp://127.0.0.1:$port"
	background "$T/writer" sh -c 'head -c 8000000 /dev/zero >"$1"' sh \
	    "$S/in"
	WRITER=$BACKGROUND_PID
	wait_until 10 at_least bytes-in 1
	wait_stable s bytes-in
	! pid_gone "$WRITER"
	at_least queued 1
}

# ---- each of them

@test "idle is a session without a connection" {
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port" connect=on-demand
	told idle
	[ -z "$(file_status s peer)" ]
}

@test "resolving is a session whose name server has not answered" {
	stop_broker
	world_start
	start_broker
	sed -i 's/^hosts:.*/hosts: dns/' "$ETC/nsswitch.conf"
	echo 'nameserver 127.0.0.1' >"$ETC/resolv.conf"
	background "$T/mute" "$T/world" "$AID" mute 53
	wait_for_line "$T/mute" mute
	open_session s tcp://name.test:9 --no-wait timeout-connect=100
	told resolving
	run ctl close s
	assert_success
	run children_pids
	assert_output ''
}

@test "connecting is a session whose peer has not answered" {
	start_full a
	open_session s "tcp://127.0.0.1:$port" --no-wait timeout-connect=100
	told connecting
}

@test "handshake is a session whose peer has said nothing of TLS" {
	start_peer a script -e wait-eof
	open_session s "tls://127.0.0.1:$port" --no-wait timeout-connect=100
	told handshake
	[ -z "$(file_status s peer)" ]
}

@test "up is a session with a connection" {
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port"
	told up
	[ "$(file_status s peer)" = "127.0.0.1:$port" ]
	[[ $(file_status s local) == 127.0.0.1:* ]]
	[ -z "$(file_status s error)" ]
	[ -z "$(file_status s error-since)" ]
}

@test "backoff is a session that will try again" {
	start_peer a script --refuse
	run open_session s "tcp://127.0.0.1:$port" backoff=100..200
	assert_failure 7
	told backoff
	run cat "$T/told"
	assert_output --partial refused
	run file_status s error-since
	assert_output --regexp '^20.*Z$'
	[ "$(file_status s error-status)" -eq 7 ]
}

@test "closing is a session that has bytes to send yet" {
	stuck
	background "$T/close" "$FIFOCTL" -r "$FIFOD_DIR" close s
	told closing
	: >"$T/go"
	wait_pid "$BACKGROUND_PID" || true
	ctl wait s closed -t 10
}

@test "failed is a session that will not try again by itself" {
	start_peer a script --refuse
	run open_session s "tcp://127.0.0.1:$port" reconnect=never
	assert_failure 7
	told failed
	run cat "$T/told"
	assert_output --partial refused
	[ -n "$(file_status s error)" ]
	[ -n "$(file_status s error-since)" ]
}

@test "what a second try would meet again is failed, whatever reconnect says" {
	# shellcheck disable=SC2046
	start_peer a script $(tls selfsigned) -e wait-eof
	run open_session s "tls://localhost:$port" ca="$CERTS/ca.pem" \
	    reconnect=always
	assert_failure 60
	told failed
	[ "$(file_status s error-status)" -eq 60 ]
	never_within 1 grep -q '^accept 2$' "$T/peer.a.log"
}

@test "closed is when the directory is gone" {
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port"
	background "$T/waited" "$FIFOCTL" -r "$FIFOD_DIR" wait s closed
	background "$T/watched" "$FIFOCTL" -r "$FIFOD_DIR" watch s
	local watcher=$BACKGROUND_PID
	wait_for_line "$T/watched" '^s up$'
	ctl close s
	[ ! -e "$S" ]
	wait_pid "$watcher"
	[ "$EXIT_STATUS" -eq 0 ]
	run tail -n 1 "$T/watched"
	assert_output 's closed'
	ctl wait s closed
	run ctl wait s up
	assert_failure 4
	stop_broker
	ctl wait s closed
	run ctl wait s up
	assert_failure 3
}

# ---- wait and watch

@test "wait ends when the state is reached" {
	start_peer a script --refuse
	run open_session s "tcp://127.0.0.1:$port" backoff=0.1..0.2
	background "$T/waited" "$FIFOCTL" -r "$FIFOD_DIR" wait s up
	never_within 1 pid_gone "$BACKGROUND_PID"
	make_way a
	start_peer b echo -p "$port"
	wait_pid "$BACKGROUND_PID"
	[ "$EXIT_STATUS" -eq 0 ]
	[ ! -s "$T/waited" ]
}

@test "wait -t gives up with 28 and says how it is" {
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port"
	run ctl wait s idle -t 0.2
	assert_failure 28
	assert_output 'fifoctl: s: not idle in time: it is up'
}

@test "a session that fails ends every wait, with its number" {
	start_peer a script -e "wait-file $T/go" -e reset
	open_session s "tcp://127.0.0.1:$port" reconnect=never
	background "$T/waited" "$FIFOCTL" -r "$FIFOD_DIR" wait s idle
	never_within 1 pid_gone "$BACKGROUND_PID"
	: >"$T/go"
	wait_pid "$BACKGROUND_PID"
	[ "$EXIT_STATUS" -eq 56 ]
	run cat "$T/waited"
	assert_output 'fifoctl: s: has failed: peer reset the connection'
	run ctl wait s up
	assert_failure 56
	ctl wait s failed
}

@test "a session that fails because the peer closed ends a wait, too" {
	start_peer a script -e "wait-file $T/go"
	open_session s "tcp://127.0.0.1:$port" reconnect=never
	background "$T/waited" "$FIFOCTL" -r "$FIFOD_DIR" wait s idle
	: >"$T/go"
	wait_pid "$BACKGROUND_PID"
	[ "$EXIT_STATUS" -eq 56 ]
	run cat "$T/waited"
	assert_output 'fifoctl: s: has failed: peer closed the connection'
	[ "$(status_of s error)" = 'peer closed the connection' ]
}

@test "a session that is closed ends a wait for anything else with 4" {
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port"
	background "$T/waited" "$FIFOCTL" -r "$FIFOD_DIR" wait s idle
	never_within 1 pid_gone "$BACKGROUND_PID"
	ctl close s
	wait_pid "$BACKGROUND_PID"
	[ "$EXIT_STATUS" -eq 4 ]
}

@test "watch tells each state as it comes, and of all sessions" {
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port" connect=on-demand
	background "$T/one" "$FIFOCTL" -r "$FIFOD_DIR" watch s
	background "$T/all" "$FIFOCTL" -r "$FIFOD_DIR" watch
	wait_for_line "$T/one" '^s idle$'
	wait_for_line "$T/all" '^s idle$'
	open_session t "tcp://127.0.0.1:$port" connect=on-demand
	ctl reconnect s
	ctl close s
	wait_for_line "$T/one" '^s closed$'
	wait_for_line "$T/all" '^s closed$'
	run cat "$T/one"
	assert_line --index 0 's idle'
	assert_line 's resolving'
	assert_line 's up'
	assert_line 's closed'
	refute_line --regexp '^t '
	run cat "$T/all"
	assert_line 't idle'
}

# ---- what status says, and when

@test "since is when the state began, error-since when the failure was" {
	local since error
	start_peer a script --refuse
	run open_session s "tcp://127.0.0.1:$port" backoff=100..200
	since=$(file_status s since)
	error=$(file_status s error-since)
	[[ ! $error > $since ]]
	# Neither moves by itself, or with an option.
	ctl set s crlf=yes
	[ "$(file_status s since)" = "$since" ]
	[ "$(file_status s error-since)" = "$error" ]
	run ctl reconnect s
	[[ $(file_status s since) > $since ]]
	[[ $(file_status s error-since) > $error ]]
}

@test "status is replaced before readers meet the end that it tells of" {
	local i
	start_peer a script -e 'send hello' -e close
	# No connection but by order: the state stays until it was read.
	open_session s "tcp://127.0.0.1:$port" --no-wait on-close=eof \
	    connect=on-demand backoff=1000..2000
	background "$T/ends" "$AID" after eof "$S/out" "$S/status" 40
	for i in {1..40}; do
		ctl reconnect s || true
		wait_until 10 eval '(($(wc -l <"$T/ends") >= '"$i"'))'
	done
	wait_pid "$BACKGROUND_PID"
	[ "$EXIT_STATUS" -eq 0 ]
	[ "$(wc -l <"$T/ends")" -eq 40 ]
	run grep -c '^up$' "$T/ends"
	assert_output 0
}

@test "status says up before the first byte of a connection is in \`out'" {
	local i
	start_peer a script -e 'send x' -e wait-eof
	open_session s "tcp://127.0.0.1:$port" connect=on-demand
	background "$T/firsts" "$AID" after byte "$S/out" "$S/status" 40
	for i in {1..40}; do
		ctl reconnect s
		wait_until 10 eval '(($(wc -l <"$T/firsts") >= '"$i"'))'
	done
	run sort -u "$T/firsts"
	assert_output up
}

@test "the file says up when open and reconnect return" {
	local i
	start_peer a echo
	for i in {1..20}; do
		open_session "s$i" "tcp://127.0.0.1:$port"
		[ "$(file_status "s$i" state)" = up ]
		ctl reconnect "s$i"
		[ "$(file_status "s$i" links)" -eq 2 ]
	done
}

@test "counters count every byte, every connection and every return" {
	local i
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port"
	background "$T/read" cat "$S/out"
	for i in 1 2 3; do
		"$PEER" random 1234567 "$i" >"$S/in"
		wait_status s bytes-out $((i * 1234567)) 20
		[ "$(status_of s bytes-in)" -eq $((i * 1234567)) ]
		[ "$(status_of s links)" -eq "$i" ]
		[ "$(status_of s reconnects)" -eq $((i - 1)) ]
		ctl reconnect s
	done
	[ "$(status_of s discarded)" -eq 0 ]
	[ "$(status_of s uncertain)" -eq 0 ]
	wait_status s queued 0
	# The file has them as of the last change of state.
	[ "$(file_status s bytes-in)" -eq 3703701 ]
	[ "$(file_status s links)" -eq 4 ]
	wait_until 10 eval '(($(stat -c %s "$T/read") == 3703701))'
}

@test "bytes that crlf adds are counted as bytes sent" {
	start_peer a script -r "$T/got" -e wait-eof
	open_session s "tcp://127.0.0.1:$port" crlf=yes
	printf 'one\ntwo\r\nthree' >"$S/in"
	wait_status s bytes-in 15
	wait_for_line "$T/got.1" three
	run cat -A "$T/got.1"
	assert_output $'one^M$\ntwo^M$\nthree'
}

@test "attempts that fail are no connections" {
	start_peer a script --refuse
	run open_session s "tcp://127.0.0.1:$port" backoff=0.05..0.1
	wait_until 10 eval '(($(grep -c refused "$S/log") > 4))'
	[ "$(status_of s links)" -eq 0 ]
	[ "$(status_of s reconnects)" -eq 0 ]
	make_way a
	start_peer b echo -p "$port"
	wait_status s links 1
	[ "$(status_of s reconnects)" -eq 0 ]
}

# ---- ctl

@test "reconnect in ctl makes a new connection" {
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port"
	echo reconnect >"$S/ctl"
	wait_status s links 2
	wait_log s 'up -> resolving: asked to reconnect'
}

@test "eof in ctl half-closes, after what waits in \`in'" {
	start_peer a script -r "$T/got" -e wait-eof -e 'send "still here\n"' \
	    -e "wait-file $T/go"
	open_session s "tcp://127.0.0.1:$port"
	"$PEER" random 100000 1 >"$S/in"
	echo eof >"$S/ctl"
	wait_peer a '^eof 1$'
	"$PEER" random 100000 1 | cmp - "$T/got.1"
	run within 10 head -n 1 "$S/out"
	assert_output 'still here'
	[ "$(status_of s state)" = up ]
	wait_log s 'end of file sent to the peer'
	# What comes after it is for the next connection.
	echo next >"$S/in"
	never_within 1 at_least bytes-in 100001
	: >"$T/go"
	wait_status s links 2
	wait_for_line "$T/got.2" '^next$'
}

@test "eof in ctl half-closes TLS, too" {
	# shellcheck disable=SC2046
	start_peer a script $(tls good) -r "$T/got" -e wait-eof \
	    -e 'send "still here\n"' -e "wait-file $T/go"
	open_session s "tls://localhost:$port" ca="$CERTS/ca.pem"
	echo x >"$S/in"
	echo eof >"$S/ctl"
	wait_peer a '^eof 1$'
	run within 10 head -n 1 "$S/out"
	assert_output 'still here'
}

@test "eof without a connection is refused, and log says so" {
	start_peer a script --refuse
	run open_session s "tcp://127.0.0.1:$port" backoff=100..200
	echo eof >"$S/ctl"
	wait_log s 'ctl: eof: there is no connection .*: the session is backoff'
}

@test "discard in ctl drops what waits, both ways, and counts it" {
	start_peer a script -e 'send 12345' -e "wait-file $T/go" \
	    -e 'connection 2' -r "$T/got" -e wait-eof
	open_session s "tcp://127.0.0.1:$port" reconnect=never
	wait_status s bytes-out 5
	: >"$T/go"
	wait_status s state failed
	echo 'never sent' >"$S/in"
	wait_status s queued 16
	echo discard >"$S/ctl"
	wait_status s queued 0
	wait_log s 'discarded 16 bytes'
	[ "$(status_of s discarded)" -eq 16 ]
	ctl reconnect s
	echo sent >"$S/in"
	wait_for_line "$T/got.2" sent
	run cat "$T/got.2"
	assert_output sent
}

@test "discard drops what a peer does not read, and the connection goes on" {
	local lost
	stuck
	echo discard >"$S/ctl"
	wait_until 10 at_least discarded 1
	discarded_all()
	{
		echo discard >"$S/ctl"
		pid_gone "$WRITER"
	}
	wait_until 30 discarded_all
	echo discard >"$S/ctl"
	wait_status s queued 0
	lost=$(status_of s discarded)
	[ $(($(status_of s bytes-in) + lost)) -eq 8000000 ]
	: >"$T/go"
	echo after >"$S/in"
	wait_until 20 eval 'tail -c 6 "$T/got.1" | grep -q "^after$"'
	[ $(($(stat -c %s "$T/got.1") + lost)) -eq 8000006 ]
	[ "$(status_of s links)" -eq 1 ]
}

@test "close in ctl closes" {
	start_peer a sink
	open_session s "tcp://127.0.0.1:$port"
	"$PEER" random 100000 1 >"$S/in"
	echo close >"$S/ctl"
	ctl wait s closed -t 10
	[ ! -e "$S" ]
	wait_peer a '^sum 1 100000 '
}

@test "set in ctl changes an option" {
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port"
	echo 'set crlf=yes' >"$S/ctl"
	wait_status s option.crlf yes
	wait_log s 'set crlf=yes'
	[ "$(file_status s option.crlf)" = yes ]
}

@test "ctl says in log what it does not understand" {
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port"
	printf '%s\n' 'jump' 'set' 'set crlf' 'set =1' 'set nosuch=1' \
	    'set crlf=perhaps' 'set connect=now' 'Reconnect' \
	    'set timeout-connect=-1' 'status' >"$S/ctl"
	wait_log s 'ctl: "status" is not a command; there are reconnect, eof,'
	wait_log s 'ctl: "jump" is not a command'
	wait_log s 'ctl: "Reconnect" is not a command'
	[ "$(grep -c 'ctl: set: write set KEY=VALUE' "$S/log")" -eq 3 ]
	wait_log s 'ctl: set: .*nosuch'
	wait_log s 'ctl: set: .*perhaps.*'
	wait_log s 'ctl: set: connect cannot be changed'
	wait_log s 'ctl: set: .*timeout-connect'
	# It was also said aloud.
	grep -q '^fifod: s: ctl: "jump" is not a command' "$T/fifod.err"
	[ "$(status_of s links)" -eq 1 ]
	[ "$(status_of s option.crlf)" = no ]
}

@test "what ctl's commands do not take is refused" {
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port"
	printf '%s\n' 'close later' 'eof now' 'discard in' 'reconnect soon' \
	    >"$S/ctl"
	wait_log s 'ctl: reconnect: '
	[ "$(status_of s links)" -eq 1 ]
	[ "$(status_of s state)" = up ]
	run grep -c 'end of file sent\|discarded' "$S/log"
	assert_output 0
}

@test "a command may come in pieces, with CR LF, or with blanks around it" {
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port"
	exec 8>"$S/ctl"
	printf 'set cr' >&8
	never_within 1 grep -q ctl: "$S/log"
	printf 'lf=yes\nset' >&8
	wait_status s option.crlf yes
	printf ' crlf=no\r\n' >&8
	wait_status s option.crlf no
	printf '\n\r\n  set   crlf=yes\n' >&8
	wait_status s option.crlf yes
	exec 8>&-
	run grep -c ctl: "$S/log"
	assert_output 0
}

@test "a line that is too long is refused whole, and nothing but it" {
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port"
	{
		printf '%6144s' ''
		printf 'set crlf=yes\nset keepalive=no\n'
	} >"$S/ctl"
	wait_status s option.keepalive no
	[ "$(status_of s option.crlf)" = no ]
	wait_log s 'ctl: a line of more than 4096 bytes was refused'
	run grep -c 'was refused' "$S/log"
	assert_output 1
}

@test "many writers of ctl do not get in each other's way" {
	local i
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port" log=1M
	for i in {1..20}; do
		background "$T/writer$i" sh -c '
			for n in 1 2 3 4 5 6 7 8 9 10; do
				echo "order-$2-$n" >"$1"
			done' sh "$S/ctl" "$i"
	done
	wait_until 20 eval '(($(grep -c "order-.*not a command" "$S/log") == 200))'
	[ "$(grep -o 'order-[0-9]*-[0-9]*' "$S/log" | sort -u | wc -l)" \
	    -eq 200 ]
}

@test "what follows close in ctl is not carried out" {
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port"
	# In one write(2): bash's own would meet a ctl that is closed.
	env printf 'close\nreconnect\nset crlf=yes\n' >"$S/ctl"
	ctl wait s closed -t 10
	never_within 1 grep '^accept 2$' "$T/peer.a.log"
	kill -0 "$BROKER_PID"
}

# ---- to close

@test "close sends what is in \`in' first" {
	start_peer a sink --delay 5 --rcvbuf 16K
	open_session s "tcp://127.0.0.1:$port"
	"$PEER" random 1000000 3 >"$S/in"
	ctl close s
	wait_peer a '^sum 1 1000000 '
	run peer_log a
	assert_output --partial \
	    "$("$PEER" random 1000000 3 | sha256sum | cut -d' ' -f1)"
	run ctl log s
	refute_output --partial 'not sent'
}

@test "close over TLS sends what is in \`in' first" {
	# shellcheck disable=SC2046
	start_peer a sink $(tls good) --delay 5 --rcvbuf 16K
	open_session s "tls://localhost:$port" ca="$CERTS/ca.pem"
	"$PEER" random 1000000 3 >"$S/in"
	ctl close s
	wait_peer a '^sum 1 1000000 '
	wait_peer a '^eof 1$'
}

@test "close waits 10 s for a peer that does not read, then says what is lost" {
	local began took
	stuck
	began=$(ms)
	run ctl close s
	took=$(($(ms) - began))
	assert_success
	((took >= 9000 && took < 15000 * TIMEOUT_SCALE))
	[ ! -e "$S" ]
	run ctl log s
	assert_output --regexp '[1-9][0-9]* bytes in .in. were not sent'
	assert_output --regexp \
	    '[1-9][0-9]* (bytes )?(were )?sent but not acknowledged'
	run cat "$T/fifod.err"
	assert_output --regexp 's: [1-9][0-9]* bytes in .in. were not sent'
	run ctl list
	assert_output ''
}

@test "close --now waits for nobody" {
	local began
	stuck
	began=$(ms)
	ctl close s --now
	(($(ms) - began < 5000 * TIMEOUT_SCALE))
	run ctl log s
	assert_output --regexp '[1-9][0-9]* bytes in .in. were not sent'
	# The writer is let go.
	wait_pid "$WRITER"
	[ "$EXIT_STATUS" -ne 124 ]
}

@test "close --now ends a close that waits" {
	stuck
	background "$T/close" "$FIFOCTL" -r "$FIFOD_DIR" close s
	wait_status s state closing
	ctl close s --now
	wait_pid "$BACKGROUND_PID"
	[ "$EXIT_STATUS" -eq 0 ]
}

@test "a session without a connection is closed at once, and log says what waits" {
	local began
	start_peer a script --refuse
	run open_session s "tcp://127.0.0.1:$port" backoff=100..200
	echo 12345 >"$S/in"
	began=$(ms)
	ctl close s
	(($(ms) - began < 5000 * TIMEOUT_SCALE))
	run ctl log s
	assert_output --partial "6 bytes in \`in' were not sent"
}

@test "a peer that goes while a session is closing ends it" {
	stuck
	background "$T/close" "$FIFOCTL" -r "$FIFOD_DIR" close s
	wait_status s state closing
	stop_peer a
	wait_pid "$BACKGROUND_PID" 8
	[ "$EXIT_STATUS" -eq 0 ]
	run ctl log s
	assert_output --partial 'not sent'
	[ "$(grep -c '^accept' "$T/peer.a.log")" -eq 1 ]
}

@test "the same name can be opened while it closes, and is when it is gone" {
	stuck
	background "$T/close" "$FIFOCTL" -r "$FIFOD_DIR" close s
	local closer=$BACKGROUND_PID
	wait_status s state closing
	start_peer b echo
	background "$T/open" "$FIFOCTL" -r "$FIFOD_DIR" open s \
	    "tcp://127.0.0.1:$port"
	never_within 1 pid_gone "$BACKGROUND_PID"
	: >"$T/go"
	wait_pid "$BACKGROUND_PID"
	[ "$EXIT_STATUS" -eq 0 ]
	wait_pid "$closer"
	wait_status s peer "127.0.0.1:$port"
}

@test "readers meet their end when the session is closed, after its last byte" {
	start_peer a script -e 'send "last words\n"' -e wait-eof
	open_session s "tcp://127.0.0.1:$port"
	wait_status s bytes-out 11
	background "$T/read" cat "$S/out"
	wait_for_line "$T/read" 'last words'
	ctl close s
	wait_pid "$BACKGROUND_PID"
	[ "$EXIT_STATUS" -eq 0 ]
}

@test "readers of a session that has failed meet their end, early and late" {
	start_peer a script -e 'send "last words\n"' -e "wait-file $T/go"
	open_session s "tcp://127.0.0.1:$port" reconnect=never
	background "$T/read" cat "$S/out"
	wait_for_line "$T/read" 'last words'
	: >"$T/go"
	wait_pid "$BACKGROUND_PID"
	[ "$EXIT_STATUS" -eq 0 ]
	[ "$(status_of s state)" = failed ]
	local i
	for i in 1 2 3; do
		run within 10 cat "$S/out"
		assert_success
		assert_output ''
	done
}
