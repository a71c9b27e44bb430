# What a network does to a connection, and what a session makes of it.

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

# accepted NAME: how many connections that peer has had
accepted()
{
	grep -c '^accept ' "$T/peer.$1.log"
}

accepted_many()
{
	(($(accepted "$1") >= $2))
}

# delays SESSION: what the log says of each backoff, in tenths of a second
delays()
{
	sed -n 's/.* (again in \([0-9]*\)\.\([0-9]\) s)$/\1\2/p' \
	    "$FIFOD_DIR/$1/log" | sed 's/^0//'
}

delays_are()
{
	[ "$(delays "$1" | wc -l)" -ge "$2" ]
}

# between LOW VALUE HIGH
between()
{
	(($1 <= $2 && $2 <= $3)) || fail "$2 is not from $1 to $3"
}

# keepalive SESSION: `off', or the hundredths of a second to the next probe
keepalive()
{
	local us them line

	us=$(status_of "$1" local)
	them=$(status_of "$1" peer)
	printf -v us ':%04X' "${us##*:}"
	printf -v them ':%04X' "${them##*:}"
	line=$(awk -v us="$us" -v them="$them" '
	    substr($2, 9) == us && substr($3, 9) == them && $4 == "01" {
		print $6
	}' /proc/net/tcp)
	case $line in
	02:*) echo $((16#${line#*:})) ;;
	00:*) echo off ;;
	*) fail "no such connection: $line" ;;
	esac
}

# ---- a server goes and comes

@test "a server that restarts costs no reader and no writer anything" {
	hold_port
	start_peer a echo -p "$port"
	open_session s "tcp://127.0.0.1:$port" backoff=0.05..0.2
	background "$T/read" cat "$S/out"
	local reader=$BACKGROUND_PID
	exec 8>"$S/in"
	echo one >&8
	wait_for_line "$T/read" '^one$'
	stop_peer a
	wait_log s 'up -> backoff'
	echo two >&8
	start_peer b echo -p "$port"
	wait_for_line "$T/read" '^two$'
	echo three >&8
	exec 8>&-
	wait_for_line "$T/read" '^three$'
	kill -0 "$reader"
	run cat "$T/read"
	assert_output $'one\ntwo\nthree'
	[ "$(status_of s links)" -eq 2 ]
	[ "$(status_of s reconnects)" -eq 1 ]
	[ "$(status_of s discarded)" -eq 0 ]
	[ "$(status_of s uncertain)" -eq 0 ]
}

@test "bytes that wait in \`in' while there is no connection go to the next" {
	start_peer a script --refuse
	run open_session s "tcp://127.0.0.1:$port" backoff=0.1..0.2
	assert_failure 7
	echo waiting >"$S/in"
	never_within 1 grep -q waiting "$T/peer.a.log"
	[ "$(status_of s queued)" -eq 8 ]
	[ "$(status_of s bytes-in)" -eq 0 ]
	make_way a
	start_peer b script -p "$port" -r "$T/got" -e wait-eof
	wait_for_line "$T/got.1" '^waiting$'
	[ "$(status_of s bytes-in)" -eq 8 ]
	[ "$(status_of s queued)" -eq 0 ]
}

@test "a server that restarts ten times is found ten times" {
	local i
	hold_port
	start_peer a echo -p "$port"
	open_session s "tcp://127.0.0.1:$port" backoff=0.01..0.02
	background "$T/read" cat "$S/out"
	for i in {1..10}; do
		stop_peer a
		start_peer a echo -p "$port"
		wait_status s links "$((i + 1))"
		echo "after $i" >"$S/in"
		wait_for_line "$T/read" "^after $i\$"
	done
	[ "$(wc -l <"$T/read")" -eq 10 ]
	[ "$(status_of s reconnects)" -eq 10 ]
}

@test "a connection reset at once is told, and made again" {
	start_peer a script -e 'connection 1' -e reset -e 'connection 2+' \
	    -e 'send "here\n"' -e wait-eof
	open_session s "tcp://127.0.0.1:$port" --no-wait backoff=0.05..0.2
	run within 10 head -n 1 "$S/out"
	assert_output here
	# It may be seen by the connect(2) still.
	wait_log s '(connecting|up) -> backoff: .*reset'
	between 1 "$(status_of s links)" 2
}

@test "a connection reset in the middle of a reply loses none of what came" {
	start_peer a script -e 'connection 1' -e 'send "first\n"' \
	    -e "wait-file $T/go" -e reset \
	    -e 'connection 2' -e 'send "second\n"' -e wait-eof
	open_session s "tcp://127.0.0.1:$port" backoff=0.05..0.2
	background "$T/read" cat "$S/out"
	wait_for_line "$T/read" '^first$'
	: >"$T/go"
	wait_for_line "$T/read" '^second$'
	run cat "$T/read"
	assert_output $'first\nsecond'
	kill -0 "$BACKGROUND_PID"
	wait_log s 'up -> backoff: peer reset the connection'
}

@test "a connection reset while nothing happens is noticed" {
	start_peer a script -e 'connection 1' -e "wait-file $T/go" -e reset \
	    -e 'connection 2' -e wait-eof
	open_session s "tcp://127.0.0.1:$port" backoff=4..8
	: >"$T/go"
	wait_status s state backoff
	[ "$(status_of s error)" = "peer reset the connection" ]
	[ "$(status_of s error-status)" -eq 56 ]
	[ -n "$(status_of s error-since)" ]
	wait_status s links 2
}

@test "a peer that half-closes has closed" {
	start_peer a script -e half-close -e wait-eof -e 'log gone'
	open_session s "tcp://127.0.0.1:$port" reconnect=never --no-wait
	wait_peer a '^log 1 gone$'
	wait_status s state failed
	wait_log s 'up -> failed: peer closed the connection'
}

@test "a peer that says nothing keeps its connection" {
	start_peer a script -e "wait-file $T/go" -e 'send "late\n"' -e wait-eof
	open_session s "tcp://127.0.0.1:$port"
	never_within 1 grep -q ' up ->' "$S/log"
	: >"$T/go"
	run within 10 head -n 1 "$S/out"
	assert_output late
	[ "$(status_of s links)" -eq 1 ]
}

# ---- no connection comes of it

# No name server is asked for a label of more than 63 bytes (RFC 1035 2.3.4).
@test "a name that does not exist is 6" {
	local name
	printf -v name '%064d.test' 0
	run open_session s "tcp://$name:9" backoff=10..20
	assert_failure 6
	assert_output --regexp "^fifoctl: s: $name: .*"
	wait_status s state backoff
	[ "$(status_of s error-status)" -eq 6 ]
	wait_log s "resolving -> backoff: $name: "
}

@test "a refused connection is 7" {
	start_peer a script --refuse
	run open_session s "tcp://127.0.0.1:$port" backoff=10..20
	assert_failure 7
	assert_output --regexp \
	    "^fifoctl: s: 127\.0\.0\.1:$port: connection refused"
	wait_status s state backoff
	[ "$(status_of s error-status)" -eq 7 ]
	wait_log s '-> backoff: 127.*connection refused'
}

@test "a connection that nobody answers is 28 after timeout-connect" {
	local began
	start_full a
	began=$(ms)
	run open_session s "tcp://127.0.0.1:$port" timeout-connect=0.5 \
	    backoff=10..20
	assert_failure 28
	assert_output --partial timeout-connect=0.5
	between 500 "$(($(ms) - began))" $((8000 * TIMEOUT_SCALE))
	[ "$(status_of s state)" = backoff ]
	[ "$(status_of s error-status)" -eq 28 ]
	wait_log s '-> backoff: no connection within timeout-connect'
}

@test "a handshake that nobody answers is 28 after timeout-connect" {
	start_peer a script -e wait-eof
	run open_session s "tls://127.0.0.1:$port" timeout-connect=1 \
	    backoff=10..20
	assert_failure 28
	wait_log s 'handshake -> backoff: no connection within timeout-connect'
	wait_peer a '^close 1$'
}

@test "a name server that does not answer is 28 after timeout-connect" {
	stop_broker
	world_start
	start_broker
	sed -i 's/^hosts:.*/hosts: dns/' "$ETC/nsswitch.conf"
	echo 'nameserver 127.0.0.1' >"$ETC/resolv.conf"
	background "$T/mute" "$T/world" "$AID" mute 53
	wait_for_line "$T/mute" mute
	run open_session s tcp://mute.test:9 timeout-connect=0.5 \
	    backoff=10..20
	assert_failure 28
	wait_log s 'resolving -> backoff: no connection within'
	run children_pids
	assert_output ''
}

# ---- names with several addresses (RFC 8305)

# two_addresses: the name `two' is ::1 and 127.0.0.1, in a world of ours
two_addresses()
{
	stop_broker
	world_start
	start_broker
	printf '%s two\n' ::1 127.0.0.1 >>"$ETC/hosts"
	world grep -q '^0*1 ' /proc/net/if_inet6 || skip "no IPv6"
}

@test "an address that refuses is passed over" {
	two_addresses
	start_peer good echo
	open_session s "tcp://two:$port"
	[ "$(status_of s peer)" = "127.0.0.1:$port" ]
	wait_log s "connect: \[::1\]:$port: connection refused"
	[ "$(status_of s error)" = "" ]
}

@test "an address that does not answer is not waited for" {
	local began
	two_addresses
	start_full dead -l ::1
	start_peer good echo -p "$port"
	began=$(ms)
	open_session s "tcp://two:$port" timeout-connect=30
	between 200 "$(($(ms) - began))" $((10000 * TIMEOUT_SCALE))
	[ "$(status_of s peer)" = "127.0.0.1:$port" ]
	echo x >"$S/in"
	run within 10 head -n 1 "$S/out"
	assert_output x
}

@test "of two addresses that answer the first is taken, and only that" {
	two_addresses
	start_peer six echo -l ::1
	start_peer four echo -p "$port"
	open_session s "tcp://two:$port"
	[ "$(status_of s peer)" = "[::1]:$port" ]
	never_within 1 grep '^accept' "$T/peer.four.log"
}

@test "every address of a name is tried" {
	two_addresses
	printf '127.0.0.%s many\n' 1 2 3 4 5 6 7 >"$ETC/hosts"
	start_peer good echo -l 127.0.0.7
	open_session s "tcp://many:$port"
	[ "$(status_of s peer)" = "127.0.0.7:$port" ]
	[ "$(grep -c 'connect: 127.*refused' "$S/log")" -eq 6 ]
	stop_peer good
	wait_status s state backoff
	run ctl reconnect s
	assert_failure 7
	assert_output --partial refused
}

@test "family=inet and family=inet6 choose among the addresses" {
	two_addresses
	start_peer six echo -l ::1
	start_peer four echo -p "$port"
	open_session a "tcp://two:$port" family=inet
	[ "$(status_of a peer)" = "127.0.0.1:$port" ]
	open_session b "tcp://two:$port" family=inet6
	[ "$(status_of b peer)" = "[::1]:$port" ]
	ctl set b family=inet
	ctl reconnect b
	[ "$(status_of b peer)" = "127.0.0.1:$port" ]
	echo '127.0.0.1 four' >"$ETC/hosts"
	run open_session c "tcp://four:$port" family=inet6
	assert_failure 6
	run open_session d "tcp://[::1]:$port" family=inet
	assert_failure 6
	assert_output --partial "no address of this family"
}

@test "names work on a machine that has no network" {
	two_addresses
	start_peer four echo
	open_session a "tcp://localhost:$port"
	open_session b "tcp://localhost:$port" family=inet
	start_peer six echo -l ::1
	open_session c "tcp://localhost:$port" family=inet6
}

@test "a name is looked up anew for each connection" {
	two_addresses
	echo '127.0.0.1 moves' >"$ETC/hosts"
	start_peer a echo
	open_session s "tcp://moves:$port" backoff=0.1..0.2
	start_peer b echo -l 127.0.0.9 -p "$port"
	echo '127.0.0.9 moves' >"$ETC/hosts"
	stop_peer a
	wait_status s peer "127.0.0.9:$port"
}

@test "a port may be the name of a service" {
	two_addresses
	start_peer a echo
	echo "fifod-test $port/tcp" >"$ETC/services"
	open_session s tcp://127.0.0.1:fifod-test
	[ "$(status_of s peer)" = "127.0.0.1:$port" ]
	open_session t tcp://localhost:fifod-test
	[ "$(status_of t peer)" = "127.0.0.1:$port" ]
	run open_session u tcp://127.0.0.1:no-such-service
	assert_failure 2
	assert_output --partial 'port no-such-service is no number and no serv'
	run ctl status u
	assert_failure 4
}

@test "an IPv6 address stands in brackets" {
	start_peer a echo -l ::1 || skip "no IPv6"
	open_session s "tcp://[::1]:$port"
	[ "$(status_of s peer)" = "[::1]:$port" ]
	[[ $(status_of s local) == "[::1]:"* ]]
	echo x >"$S/in"
	run within 10 head -n 1 "$S/out"
	assert_output x
}

# ---- keepalive

@test "the kernel probes an idle connection, after keepalive-idle" {
	[ -r /proc/net/tcp ] || skip "no /proc/net/tcp"
	start_peer a script -e wait-eof
	open_session a "tcp://127.0.0.1:$port"
	between 5000 "$(keepalive a)" 6000
	open_session b "tcp://127.0.0.1:$port" keepalive-idle=20
	between 1000 "$(keepalive b)" 2000
	open_session c "tcp://127.0.0.1:$port" keepalive=no
	[ "$(keepalive c)" = off ]
	ctl set c keepalive=yes
	ctl reconnect c
	between 5000 "$(keepalive c)" 6000
}

@test "a peer that is gone without a word is noticed by keepalive" {
	stop_broker
	world_start
	start_broker
	start_peer a script -e wait-eof
	open_session s "tcp://127.0.0.1:$port" keepalive-idle=1 backoff=10..20
	world "$AID" lo down
	wait_status s state backoff 20
	[ -n "$(status_of s error)" ]
	[ "$(status_of s error-status)" -eq 56 ]
}

# ---- when a connection is made

@test "connect=on-demand makes no connection until a byte waits" {
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port" connect=on-demand
	[ "$(status_of s state)" = idle ]
	hold_reader "$S/out"
	hold_writer "$S/in"
	never_within 1 grep '^accept' "$T/peer.a.log"
	[ "$(status_of s state)" = idle ]
	echo x >"$S/in"
	stop_pid "$HELD_PID"
	wait_peer a '^accept 1$'
	wait_status s bytes-out 2
	[ "$(status_of s state)" = up ]
}

@test "reconnect=always makes the next connection at once" {
	start_peer a script -e 'connection 1' -e "wait-file $T/go" \
	    -e 'connection 2' -e wait-eof
	open_session s "tcp://127.0.0.1:$port" backoff=0.05..0.1
	: >"$T/go"
	wait_peer a '^accept 2$'
	wait_status s state up
}

@test "reconnect=on-demand makes the next one when a byte waits" {
	start_peer a script -e 'connection 1' -e 'send "one\n"' \
	    -e "wait-file $T/go" -e 'connection 2' -e 'expect x' \
	    -e 'send "two\n"' -e wait-eof
	open_session s "tcp://127.0.0.1:$port" reconnect=on-demand
	background "$T/read" cat "$S/out"
	wait_for_line "$T/read" '^one$'
	: >"$T/go"
	wait_status s state idle
	wait_log s 'up -> idle: peer closed the connection'
	never_within 1 grep '^accept 2$' "$T/peer.a.log"
	echo x >"$S/in"
	wait_for_line "$T/read" '^two$'
	[ "$(status_of s links)" -eq 2 ]
	wait_log s 'idle -> resolving: bytes wait in'
}

@test "reconnect=always, set while there is no connection, makes one" {
	start_peer a script -e 'connection 1' -e "wait-file $T/go" \
	    -e 'connection 2' -e wait-eof
	open_session s "tcp://127.0.0.1:$port" reconnect=on-demand backoff=0.1..2
	wait_status s state up
	: >"$T/go"
	wait_status s state idle
	ctl set s reconnect=always
	wait_peer a '^accept 2$'
}

@test "reconnect=on-demand does not try again by itself after a failure" {
	start_peer a script --refuse
	run open_session s "tcp://127.0.0.1:$port" reconnect=on-demand \
	    backoff=0.1..0.2
	assert_failure 7
	wait_status s state idle
	never_within 1 grep -q 'idle -> resolving: bytes' "$S/log"
	[ "$(grep -c -- '-> resolving' "$S/log")" -eq 1 ]
	echo x >"$S/in"
	wait_log s 'idle -> resolving: bytes wait in'
}

@test "reconnect=never fails, and only an order makes the next connection" {
	start_peer a script -e 'connection 1' -e "wait-file $T/go" \
	    -e 'connection 2' -e 'expect x' -e 'send "two\n"' -e wait-eof
	open_session s "tcp://127.0.0.1:$port" reconnect=never
	: >"$T/go"
	wait_status s state failed
	[ -n "$(status_of s error)" ]
	echo x >"$S/in"
	never_within 1 grep '^accept 2$' "$T/peer.a.log"
	[ "$(status_of s queued)" -eq 2 ]
	ctl reconnect s
	run within 10 head -n 1 "$S/out"
	assert_output two
}

# ---- backoff

@test "the delay doubles with each failure, up to the longest" {
	local d
	start_peer a script --refuse
	run open_session s "tcp://127.0.0.1:$port" backoff=0.1..0.8
	assert_failure 7
	wait_until 10 delays_are s 6
	mapfile -t d < <(delays s)
	between 0 "${d[0]}" 1
	between 1 "${d[1]}" 2
	between 2 "${d[2]}" 4
	between 4 "${d[3]}" 8
	between 4 "${d[4]}" 8
}

@test "the delays that the log tells of are those that are kept" {
	start_peer a script --refuse
	run open_session s "tcp://127.0.0.1:$port" backoff=0.2..0.8
	wait_until 10 delays_are s 3
	wait_until 10 eval '(($(grep -c -- "backoff -> res" "$S/log") >= 3))'
	run awk '
	function now() {
		split(substr($1, 12), t, "[:Z]")
		return t[1] * 3600 + t[2] * 60 + t[3]
	}
	/\(again in / {
		told = $0
		sub(/.*\(again in /, "", told)
		at = now()
	}
	/backoff -> resolving/ {
		kept = now() - at
		if (kept < 0)
			kept += 86400
		# Both times are cut to milliseconds.
		if (kept < told - 0.0015)
			print "told", told, "kept", kept
		n++
	}
	END { print (n >= 3) ? "looked" : "too few" }' "$S/log"
	assert_output looked
}

@test "the delays of many sessions differ" {
	local i
	start_peer a script --refuse
	for i in {1..20}; do
		open_session "s$i" "tcp://127.0.0.1:$port" --no-wait \
		    backoff=10..20
	done
	for i in {1..20}; do
		wait_until 10 delays_are "s$i" 1
		# A busy machine may have come to the next one by now.
		between 50 "$(delays "s$i" | sed 1q)" 100
		delays "s$i" | sed 1q >>"$T/delays"
	done
	(($(sort -u "$T/delays" | wc -l) >= 5))
}

@test "the delay begins anew after a connection that was of use" {
	local d
	start_peer a script -e 'connection 1' -e close -e 'connection 2' \
	    -e close -e 'connection 3' -e close -e 'connection 4' \
	    -e 'send x' -e "wait-file $T/go" -e 'connection 5' -e wait-eof
	open_session s "tcp://127.0.0.1:$port" --no-wait backoff=0.2..5
	wait_peer a '^accept 4$'
	wait_status s bytes-out 1
	: >"$T/go"
	wait_peer a '^accept 5$'
	mapfile -t d < <(delays s)
	[ "${#d[@]}" -eq 4 ]
	between 1 "${d[0]}" 2
	between 2 "${d[1]}" 4
	between 4 "${d[2]}" 8
	between 1 "${d[3]}" 2
}

@test "a server that accepts and closes at once is not hammered" {
	start_peer a script -e close
	open_session s "tcp://127.0.0.1:$port" --no-wait backoff=0.1..30
	never_within 2 accepted_many a 9
	wait_until 10 accepted_many a 3
}

@test "nor is it where bytes wait for it, with reconnect=on-demand" {
	start_peer a script -e close
	open_session s "tcp://127.0.0.1:$port" --no-wait \
	    reconnect=on-demand backoff=0.1..30
	background /dev/null sh -c 'exec yes >"$1"' sh "$S/in"
	never_within 2 accepted_many a 9
	wait_until 10 accepted_many a 2
}

# ---- to reconnect by order, in each state

# asked_many N: the log has told of N orders
asked_many()
{
	[ "$(grep -c -- '-> resolving: asked to reconnect' "$S/log")" -ge "$1" ]
}

# descriptors: how many the broker has open
descriptors()
{
	find "/proc/$(engine_pid)/fd" -type l | wc -l
}

@test "reconnect makes an idle session connect" {
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port" connect=on-demand
	ctl reconnect s
	[ "$(status_of s state)" = up ]
	wait_log s 'idle -> resolving: asked to reconnect'
}

@test "reconnect while resolving asks again" {
	stop_broker
	world_start
	start_broker
	sed -i 's/^hosts:.*/hosts: dns/' "$ETC/nsswitch.conf"
	echo 'nameserver 127.0.0.1' >"$ETC/resolv.conf"
	background "$T/mute" "$T/world" "$AID" mute 53
	wait_for_line "$T/mute" mute
	start_peer a echo
	open_session s "tcp://name.test:$port" --no-wait timeout-connect=60
	wait_status s state resolving
	echo reconnect >"$S/ctl"
	wait_log s 'resolving -> resolving: asked to reconnect'
	echo '127.0.0.1 name.test' >"$ETC/hosts"
	sed -i 's/^hosts:.*/hosts: files/' "$ETC/nsswitch.conf"
	ctl reconnect s
	[ "$(status_of s state)" = up ]
	wait_until 10 eval '[ -z "$(children_pids)" ]'
}

@test "reconnect while connecting begins anew" {
	start_full a
	open_session s "tcp://127.0.0.1:$port" --no-wait timeout-connect=60
	wait_status s state connecting
	echo reconnect >"$S/ctl"
	wait_log s 'connecting -> resolving: asked to reconnect'
	wait_status s state connecting
	[ "$(status_of s links)" -eq 0 ]
}

@test "reconnect while in the handshake begins anew" {
	start_peer a script -e wait-eof
	open_session s "tls://127.0.0.1:$port" --no-wait timeout-connect=60
	wait_status s state handshake
	echo reconnect >"$S/ctl"
	wait_log s 'handshake -> resolving: asked to reconnect'
	wait_peer a '^close 1$'
	wait_peer a '^accept 2$'
	wait_status s state handshake
}

@test "reconnect while up makes a new connection, and clients stay" {
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port"
	background "$T/read" cat "$S/out"
	exec 8>"$S/in"
	ctl reconnect s
	wait_peer a '^close 1$'
	[ "$(status_of s links)" -eq 2 ]
	echo x >&8
	wait_for_line "$T/read" '^x$'
	exec 8>&-
}

@test "reconnect while backing off waits no longer" {
	start_peer a script --refuse
	run open_session s "tcp://127.0.0.1:$port" backoff=100..200
	wait_status s state backoff
	run ctl reconnect s
	assert_failure 7
	make_way a
	start_peer b echo -p "$port"
	ctl reconnect s
	[ "$(status_of s state)" = up ]
}

@test "reconnect revives a session that has failed" {
	start_peer a script --refuse
	run open_session s "tcp://127.0.0.1:$port" reconnect=never
	assert_failure 7
	[ "$(status_of s state)" = failed ]
	make_way a
	start_peer b echo -p "$port"
	ctl reconnect s
	[ "$(status_of s state)" = up ]
	[ "$(status_of s error)" = "" ]
}

@test "reconnect does not keep a session from closing" {
	start_peer a script --rcvbuf 4K -e stall
	open_session s "tcp://127.0.0.1:$port"
	head -c 4000000 /dev/zero >"$S/in" 3>&- &
	pid_add $! head
	wait_until 10 eval '(($(status_of s queued) > 0))'
	background "$T/close" "$FIFOCTL" -r "$FIFOD_DIR" close s
	wait_status s state closing
	run ctl reconnect s
	assert_failure 1
	assert_output 'fifoctl: s: is closing'
	ctl close s --now
	wait_pid "$BACKGROUND_PID"
	[ "$EXIT_STATUS" -eq 0 ]
}

@test "reconnecting many times leaves no descriptor behind" {
	local i before
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port"
	ctl reconnect s
	before=$(descriptors)
	for i in {1..20}; do
		echo reconnect >"$S/ctl"
	done
	wait_until 10 asked_many 21
	wait_status s state up
	wait_until 5 eval '(($(descriptors) <= '"$before"'))'
}

# ---- what a broken connection has lost

# lossy ENDPOINT [OPTION…]: bytes stuck on the first link, which is then reset
lossy()
{
	local all=8000000 first second lost
	local endpoint=$1

	shift
	open_session s "$endpoint" backoff=4..8 "$@"
	background "$T/writer" sh -c 'head -c '$all' /dev/zero >"$1"' sh \
	    "$S/in"
	wait_until 10 eval '(($(status_of s bytes-in) > 0))'
	wait_stable s bytes-in
	[ "$(status_of s bytes-in)" -lt $all ]
	: >"$T/go"
	wait_status s state backoff
	run file_status s error
	assert_output --regexp 'peer reset the connection; .*not acknowledged'
	first=$(file_status s bytes-in)
	between 1 "$(file_status s uncertain)" "$first"
	between 0 "$(file_status s discarded)" $((1024 * 1024))
	wait_log s "[;,] $(file_status s uncertain) .*sent but not acknowledged"
	wait_pid "$BACKGROUND_PID" 20
	wait_status s queued 0
	[ "$(status_of s state)" = up ]
	second=$(($(status_of s bytes-in) - first))
	# Every byte that `in' took has one place.
	lost=$(status_of s discarded)
	[ $((first + lost + second)) -eq $all ] ||
	    fail "$first sent, $lost discarded, $second sent: not $all"
	wait_until 10 eval '[ "$(stat -c %s "$T/got.2")" -eq '$second' ]'
}

@test "what a broken connection has lost is told to the byte" {
	start_peer a script --rcvbuf 4K -r "$T/got" -e 'connection 1' \
	    -e "wait-file $T/go" -e reset -e 'connection 2' -e wait-eof
	lossy "tcp://127.0.0.1:$port"
}

@test "what a broken TLS connection has lost is told to the byte" {
	# shellcheck disable=SC2046
	start_peer a script $(tls good) --rcvbuf 4K -r "$T/got" \
	    -e 'connection 1' -e "wait-file $T/go" -e reset \
	    -e 'connection 2' -e wait-eof
	lossy "tls://localhost:$port" ca="$CERTS/ca.pem"
}

@test "a connection that ends with nothing on its way has lost nothing" {
	start_peer a script -e 'connection 1' -e 'expect ping\n' \
	    -e 'send "pong\n"' -e "wait-file $T/go" -e reset \
	    -e 'connection 2' -e wait-eof
	open_session s "tcp://127.0.0.1:$port" backoff=4..8
	echo ping >"$S/in"
	run within 10 head -n 1 "$S/out"
	assert_output pong
	: >"$T/go"
	wait_status s state backoff
	[ "$(status_of s uncertain)" -eq 0 ]
	[ "$(status_of s discarded)" -eq 0 ]
	[ "$(status_of s error)" = "peer reset the connection" ]
}

# ---- rest

# idle_sessions: of every kind that rests
idle_sessions()
{
	# shellcheck disable=SC2046
	start_peer b script $(tls good) -e wait-eof
	open_session secure "tls://localhost:$port" ca="$CERTS/ca.pem"
	start_peer a echo
	open_session demand "tcp://127.0.0.1:$port" connect=on-demand
	open_session plain "tcp://127.0.0.1:$port"
	open_session read "tcp://127.0.0.1:$port"
	hold_reader "$S/out"
	hold_writer "$S/in"
	# Much, so that its FIFOs are enlarged.
	background "$T/writer" sh -c '"$1" random 1000000 >"$2"' sh "$PEER" \
	    "$FIFOD_DIR/plain/in"
	run eval 'within 10 head -c 1000000 "$FIFOD_DIR/plain/out" | wc -c'
	assert_output 1000000
	start_peer c script --refuse
	run open_session over "tcp://127.0.0.1:$port" reconnect=never
	assert_failure 7
	# FIFOs that were enlarged are made small again, once.
	wait_until 10 quiet
}

# wakes: how often the broker has been given the processor
wakes()
{
	awk '/ctxt_switches/ { n += $2 } END { print n }' \
	    "/proc/$(engine_pid)/status"
}

wakes_since()
{
	(($(wakes) != $1))
}

# quiet: it has not been for a second
quiet()
{
	local before

	before=$(wakes)
	never_within 1 wakes_since "$before"
}

@test "an idle broker is never woken" {
	! is_portable || skip "the portable build looks at names by a timer"
	idle_sessions
	local before
	before=$(wakes)
	never_within 2 wakes_since "$before"
	# Proof that something would have been seen.
	ctl list >/dev/null
	wakes_since "$before"
}

@test "an idle broker makes no system call" {
	! is_portable || skip "the portable build looks at names by a timer"
	command -v strace >/dev/null || skip "no strace"
	idle_sessions
	background "$T/strace.err" strace -f -o "$T/strace" -p "$(engine_pid)"
	local tracer=$BACKGROUND_PID before
	wait_until 10 grep -q attached "$T/strace.err" ||
	    skip "strace may not: $(tail -n 1 "$T/strace.err")"
	# The attaching itself may end the wait once.
	wait_until 10 quiet
	before=$(wc -l <"$T/strace")
	never_within 2 eval '(($(wc -l <"$T/strace") > '"$before"'))'
	# Proof that something would have been seen.
	ctl list >/dev/null
	wait_until 5 eval '(($(wc -l <"$T/strace") > '"$before"'))'
	stop_pid "$tracer"
}
