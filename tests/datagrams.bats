# Datagrams: udp, unix-dgram and unix-seqpacket.

# What `eval' and `sh -c' get is in '…'; output and status are set elsewhere.
# shellcheck disable=SC2016,SC2154

load helper/common
load helper/command
load helper/exchange
load helper/world

DATAGRAMS=${DATAGRAMS:-$(program_find datagrams)}
# So many in the two tortures; 1000000 takes a minute or two each.
: "${DATAGRAM_ROUNDS:=20000}"

setup()
{
	common_setup
	start_broker
}

# datagrams NAME MODE ADDRESS…: such a peer; sets port
datagrams()
{
	local name=$1

	rm -f "$T/peer.$name.log"
	background "$T/peer.$name.log" "$DATAGRAMS" "${@:2}"
	DATAGRAMS_PID=$BACKGROUND_PID
	wait_for_line "$T/peer.$name.log" '^(port|ready)'
	port=$(sed -n '1s/^port //p' "$T/peer.$name.log")
}

# heard NAME LINE…: that is what the sink has got so far
heard()
{
	local name=$1

	shift
	wait_until 10 heard_now "$name" "$@" ||
	    fail "$(printf 'not: %s\n' "$@"; cat "$T/peer.$name.log")"
}

heard_now()
{
	[ "$(sed 1d "$T/peer.$1.log")" = "$(printf '%s\n' "${@:2}")" ]
}

# each KIND: an echo, and a session `e' with it
echo_session()
{
	case $1 in
	udp)
		datagrams echo echo udp:127.0.0.1:0
		open_session e "udp://127.0.0.1:$port" "${@:2}" ;;
	*)
		datagrams echo echo "${1#unix-}:$T/echo.sock"
		open_session e "$1:$T/echo.sock" "${@:2}" ;;
	esac
}

@test "what is written at once is one datagram, and each that comes one message" {
	local kind

	for kind in udp unix-dgram unix-seqpacket; do
		echo_session "$kind"
		printf one >"$S/in"
		run -0 hear e
		assert_output one
		printf 'two\nlines' >"$T/two"
		cat "$T/two" >"$S/in"
		run -0 hear e
		assert_output $'two\nlines'
		assert_equal "$(status_of e option.framing)" datagram
		ctl close e
		stop_pid "$DATAGRAMS_PID"
		rm -f "$T/echo.sock"
	done
}

@test "a datagram that nobody asked for is received" {
	datagrams burst burst udp:127.0.0.1:0 3 1
	open_session b "udp://127.0.0.1:$port"
	printf go >"$S/in"
	for number in 0 1 2; do
		run -0 hear b
		assert_output --regexp "^$number [0-9]+ "
	done
	assert_equal "$(status_of b lost)" 0
}

@test "datagrams are sent though nobody answers, and none is waited for" {
	datagrams sink sink udp:127.0.0.1:0
	open_session s "udp://127.0.0.1:$port" framing=datagram:line
	printf 'one\ntwo\nthree\n' >"$S/in"
	heard sink "4 one" "4 two" "6 three"
	assert_equal "$(status_of s last)" complete
	assert_equal "$(status_of s queued)" 0
}

@test "with framing=datagram:FRAMING that cuts what is written" {
	datagrams sink sink udp:127.0.0.1:0
	open_session s "udp://127.0.0.1:$port" framing=datagram:netstring
	printf '3:one,' >"$S/in"
	printf '5:a\nb\nc,2:xy,' >"$S/in"
	heard sink "6 3:one," "8 5:a" "5 2:xy,"
	open_session s "udp://127.0.0.1:$port" framing=datagram:idle:1000 \
	    --replace
	{ printf 'in '; printf 'two'; } >"$S/in"
	heard sink "6 3:one," "8 5:a" "5 2:xy," "6 in two"
	refused 2 "does not cut" ctl open t udp://127.0.0.1:1 \
	    -o framing=datagram:stream
}

@test "with bare=yes what cuts a datagram is not sent" {
	local row

	datagrams sink sink udp:127.0.0.1:0
	while IFS='|' read -r framing format; do
		open_session s "udp://127.0.0.1:$port" bare=yes --replace \
		    "framing=datagram:$framing"
		say s "$format"
	done <<-'END'
		line|one\n\ntwo\r\n
		nul|one\0two\0
		delim:END|oneENDtwoEND
		netstring|3:one,0:,3:two,
		length:u16be|\0\3one\0\3two
		length:u8,self|\4one\4two
	END
	heard sink "3 one" "3 two" "3 one" "3 two" "3 one" "3 two" \
	    "3 one" "3 two" "3 one" "3 two" "3 one" "3 two"
}

@test "crlf=yes is for datagrams, too" {
	datagrams sink sink udp:127.0.0.1:0
	open_session s "udp://127.0.0.1:$port" crlf=yes
	echo hello >"$S/in"
	heard sink $'7 hello\r'
}

@test "fifoctl request sends one datagram and prints the next that comes" {
	echo_session udp
	printf 'a\nb\n' >"$T/request"
	run -0 within 10 "$FIFOCTL" request e <"$T/request"
	assert_output $'a\nb'
	"$PEER" random 60000 3 >"$T/large"
	within 10 "$FIFOCTL" request e <"$T/large" >"$T/reply"
	cmp "$T/large" "$T/reply"
	for word in 1 2 3; do
		run -0 request e "$word"
		assert_output "$word"
	done
	# None of these was for anybody else.
	assert_equal "$(status_of e queued)" 0
}

@test "with another framing a request is a datagram, and so is its reply" {
	echo_session udp framing=line
	say e 'one\n'
	run -0 hear e
	assert_output one
	run -0 request e 'two\n'
	assert_output two
	ctl close e
	open_session e "udp://127.0.0.1:$port" framing=idle:50
	say e 'no end at all'
	run -0 hear e
	assert_output 'no end at all'
}

@test "a reply of a datagram that comes too late is nobody's" {
	datagrams sink sink udp:127.0.0.1:0
	open_session s "udp://127.0.0.1:$port" framing=line timeout=0.2
	say s 'one\n'
	run -0 hear s
	assert_output ""
	facts s last=uncertain error-status=28
}

@test "a datagram that is too long is refused, and no other" {
	datagrams sink sink udp:127.0.0.1:0
	open_session s "udp://127.0.0.1:$port"
	head -c 65508 /dev/zero >"$T/large"
	cat "$T/large" >"$S/in"
	wait_status s last error
	assert_equal "$(status_of s error)" "a datagram of 65508 bytes is too \
long for udp://HOST:PORT; it was not sent"
	assert_equal "$(status_of s state)" up
	head -c 65528 /dev/zero >"$T/large"
	cat "$T/large" >"$S/in"
	wait_until 10 status_is s discarded $((65508 + 65528))
	printf next >"$S/in"
	heard sink "4 next"
	head -c 300000 /dev/zero >"$T/large"
	cat "$T/large" >"$S/in"
	wait_until 10 status_is s discarded \
	    $((65508 + 65528 + 300000))
	run -2 within 10 "$FIFOCTL" request s <"$T/large"
	assert_output --partial "is too long for udp://HOST:PORT"
	# What was left of the long one is waited for, for a moment.
	wait_until 10 sh -c 'printf ok >"$1" && grep -q "^2 ok" "$2"' sh \
	    "$S/in" "$T/peer.sink.log"
	assert_equal "$(status_of s error)" ""
	assert_equal "$(grep -vc '^2 ok$' "$T/peer.sink.log")" 2
}

@test "the longest datagram passes both ways" {
	echo_session udp
	"$PEER" random 65507 4 >"$T/large"
	cat "$T/large" >"$S/in"
	hear e >"$T/reply"
	cmp "$T/large" "$T/reply"
}

@test "an unix socket's limit is told by its own words" {
	echo_session unix-dgram
	head -c 1000000 /dev/zero |
	    run -2 within 10 "$FIFOCTL" request e
	head -c 1000000 /dev/zero >"$T/large"
	run -2 within 10 "$FIFOCTL" request e <"$T/large"
	assert_output --partial "a datagram of 1000000 bytes is too long for \
unix-dgram:PATH; it was not sent"
	printf ok >"$S/in"
	run -0 hear e
	assert_output ok
}

@test "where nobody is, error and log say so, and the session goes on" {
	datagrams sink sink udp:127.0.0.1:0
	stop_pid "$DATAGRAMS_PID"
	open_session s "udp://127.0.0.1:$port"
	printf one >"$S/in"
	wait_status s error-status 7
	run -0 status_of s error
	assert_output --partial "127.0.0.1:$port: connection refused"
	assert_equal "$(status_of s state)" up
	datagrams echo echo "udp:127.0.0.1:$port"
	printf two >"$S/in"
	run -0 hear s
	assert_output two
	assert_equal "$(status_of s error)" ""
	log_has s 'the peer is there again'
}

@test "who waits for a reply is told at once that nobody is there" {
	datagrams sink sink udp:127.0.0.1:0
	stop_pid "$DATAGRAMS_PID"
	open_session s "udp://127.0.0.1:$port"
	run -7 request s one
	assert_output --partial "connection refused"
	open_session t "udp://127.0.0.1:$port" framing=line
	run -7 request t 'one\n'
	say t 'one\n'
	run -0 hear t
	assert_output ""
	facts t last=error error-status=7
}

@test "each address of a name has its turn" {
	[ -e /proc/net/if_inet6 ] || skip "no IPv6 here"
	stop_broker
	world_start
	printf '%s\n' '::1 both' '127.0.0.1 both' >>"$ETC/hosts"
	start_broker
	background "$T/peer.echo.log" "$T/world" "$DATAGRAMS" echo \
	    udp:127.0.0.1:0
	wait_for_line "$T/peer.echo.log" '^port '
	port=$(sed -n 's/^port //p' "$T/peer.echo.log")
	open_session s "udp://both:$port"
	assert_equal "$(status_of s peer)" "[::1]:$port"
	printf one >"$S/in"
	wait_status s peer "127.0.0.1:$port"
	printf two >"$S/in"
	run -0 hear s
	assert_output two
}

@test "an IPv6 address is dialled" {
	[ -e /proc/net/if_inet6 ] || skip "no IPv6 here"
	datagrams echo echo udp:::1:0
	open_session e "udp://[::1]:$port"
	printf six >"$S/in"
	run -0 hear e
	assert_output six
}

@test "bind= gives datagrams their source, and device= their interface" {
	datagrams echo echo udp:127.0.0.1:0
	open_session e "udp://127.0.0.1:$port" bind=127.0.0.5
	printf five >"$S/in"
	run -0 hear e
	assert_output five
	run -0 status_of e local
	assert_output --regexp '^127\.0\.0\.5:'
	[ "$(id -u)" -eq 0 ] || return 0
	open_session d "udp://127.0.0.1:$port" device=lo
	printf lo >"$S/in"
	run -0 hear d
	assert_output lo
	run -7 ctl open x "udp://127.0.0.1:$port" -o device=none0
	assert_output --partial "device=none0: there is no such interface"
}

@test "every channel gets each datagram" {
	local dir

	echo_session udp
	dir=$(ctl channel e)
	printf one >"$S/in"
	run -0 hear e
	assert_output one
	run -0 within 10 cat <"$dir/out"
	assert_output one
	printf two >"$dir/in"
	run -0 hear e
	assert_output two
	run -0 within 10 cat <"$dir/out"
	assert_output two
}

@test "who does not read holds up the others, or misses datagrams with slow=drop" {
	local dir word

	echo_session udp
	dir=$(ctl channel e)
	# `out' has one, and is to have two first.
	for word in one two; do
		printf %s "$word" >"$dir/in"
		run -0 within 10 cat <"$dir/out"
		assert_output "$word"
	done
	printf three >"$dir/in"
	never_within 1 status_is e bytes-out 11
	run -0 hear e
	assert_output one
	run -0 within 10 cat <"$dir/out"
	assert_output three
	ctl set e slow=drop
	for word in four five; do
		printf %s "$word" >"$dir/in"
		run -0 within 10 cat <"$dir/out"
		assert_output "$word"
	done
	run -0 hear e
	assert_output two
	log_has e 'does not read in time, and misses datagrams'
	assert_equal "$(status_of e discarded)" 13
}

@test "a client of sock that has half-closed still gets datagrams" {
	echo_session udp
	run -0 within 10 "$PEER" script -c "$S/sock" -e 'send hi' \
	    -e half-close -e 'expect hi'
	assert_line 'recv 1 2'
	wait_until 10 status_is e channels 0
}

@test "with delivery=stream there is no end of file between datagrams" {
	echo_session udp delivery=stream
	exec 8<"$S/out"
	for word in one two three; do
		echo "$word" >"$S/in"
		read -rt 10 -u 8 line
		assert_equal "$line" "$word"
	done
	exec 8<&-
}

# has_come SESSION: something, from its peer
has_come()
{
	[ "$(status_of "$1" bytes-out)" -gt 0 ]
}

@test "discard drops the datagrams that have come, so that the next is the answer" {
	datagrams burst burst udp:127.0.0.1:0 50
	open_session b "udp://127.0.0.1:$port"
	printf go >"$S/in"
	wait_for_line "$T/peer.burst.log" '^sent 50'
	# Some have come so far.
	wait_until 10 has_come b
	echo discard >"$S/ctl"
	log_has b 'discarded [1-9]'
	assert_equal "$(status_of b queued)" 0
}

@test "a datagram that is left half read is dropped when the next is asked for" {
	echo_session udp
	printf 'first\nrest\n' >"$T/two"
	cat "$T/two" >"$S/in"
	read -rt 10 line <"$S/out"
	assert_equal "$line" first
	printf 'second\n' >"$S/in"
	wait_until 10 status_is e bytes-in 18
	run -0 hear e
	assert_output second
	# One that is longer than `out' has room for is half written, too.
	open_session e "udp://127.0.0.1:$port" --replace pipe-size=4096
	{ echo first; head -c 60000 /dev/zero | tr '\0' x; } >"$T/large"
	cat "$T/large" >"$S/in"
	read -rt 10 line <"$S/out"
	assert_equal "$line" first
	printf 'second\n' >"$S/in"
	wait_until 10 status_is e bytes-in 60031
	run -0 hear e
	assert_output second
	assert_equal "$(status_of e discarded)" 60005
}

@test "a record has the datagrams of both directions" {
	echo_session udp record="$T/record"
	printf 'one\n' >"$S/in"
	run -0 hear e
	assert_output one
	ctl close e
	assert_equal "$(cut -d ' ' -f 2- "$T/record")" $'> one\n< one'
}

@test "an empty datagram says nothing, and ends nothing" {
	datagrams sink sink udp:127.0.0.1:0
	stop_pid "$DATAGRAMS_PID"
	open_session s "udp://127.0.0.1:$port" bind="127.0.0.1:0"
	local us

	us=$(status_of s local)
	run -0 socat -u OPEN:/dev/null,ignoreeof=0 \
	    "UDP4-SENDTO:$us,bind=127.0.0.1:$port,shut-null"
	printf 'full' | socat -u - "UDP4-SENDTO:$us,bind=127.0.0.1:$port"
	run -0 hear s
	assert_output full
	assert_equal "$(status_of s state)" up
}

@test "what nobody reads in time is lost by the kernel alone, and counted" {
	! is_portable || skip "only Linux counts them"
	datagrams burst burst udp:127.0.0.1:0 3000
	open_session b "udp://127.0.0.1:$port" receive-buffer=8K
	printf go >"$S/in"
	wait_for_line "$T/peer.burst.log" '^sent 3000'
	background "$T/read.log" "$DATAGRAMS" read "$S" 3
	wait_pid "$BACKGROUND_PID" 30
	got=$(sed -n 's/^whole \([0-9]*\) broken 0 twice 0$/\1/p' "$T/read.log")
	[ "$got" -gt 0 ]
	[ "$got" -lt 3000 ]
	assert_equal "$(($(status_of b lost) + got))" 3000
	ctl reconnect b
	assert_equal "$(($(status_of b lost) + got))" 3000
}

@test "unix-dgram: whoever does not read is waited for, and nothing is lost" {
	datagrams burst burst "dgram:$T/d.sock" 3000
	open_session b "unix-dgram:$T/d.sock"
	printf go >"$S/in"
	background "$T/read.log" "$DATAGRAMS" read "$S" 3
	wait_pid "$BACKGROUND_PID" 30
	assert_equal "$(cat "$T/read.log")" "whole 3000 broken 0 twice 0"
}

@test "a peer of unix-dgram that comes back is found again, nothing is lost" {
	datagrams sink sink "dgram:$T/d.sock"
	open_session s "unix-dgram:$T/d.sock" framing=datagram:line
	say s 'one\n'
	heard sink "4 one"
	stop_pid "$DATAGRAMS_PID"
	rm "$T/d.sock"
	say s 'two\n'
	wait_until 10 status_is s error-status 7
	datagrams sink sink "dgram:$T/d.sock"
	heard sink "4 two"
}

@test "framings that need a stream are refused, and datagrams over one" {
	refused 2 "carries datagrams" ctl open s udp://127.0.0.1:9 \
	    -o framing=stream
	refused 2 "is not spoken by datagrams" ctl open s udp://127.0.0.1:9 \
	    -o framing=smtp
	refused 2 "carries a stream" ctl open s tcp://127.0.0.1:9 \
	    -o framing=datagram
	refused 2 "framing=datagram has one" ctl open s udp://127.0.0.1:9 \
	    -o connections=2
	refused 2 "names no port" ctl open s udp://127.0.0.1
}

# udp_port PID: its socket's, in $T/port
udp_port()
{
	local inode

	inode=$(find "/proc/$1/fd" -lname 'socket:*' -printf '%l\n' |
	    sed -n 's/socket:\[\(.*\)\]/\1/p')
	awk -v inodes=" ${inode//$'\n'/ } " 'index(inodes, " " $10 " ") {
		print substr($2, 10) }' /proc/net/udp | sed 1q >"$T/port"
	[ -s "$T/port" ]
}

@test "socat speaks to a session by udp" {
	local port

	background "$T/socat.log" socat \
	    UDP4-RECVFROM:0,bind=127.0.0.1,fork EXEC:"head -c 9"
	wait_until 10 udp_port "$BACKGROUND_PID"
	port=$((16#$(cat "$T/port")))
	open_session s "udp://127.0.0.1:$port"
	for word in one two; do
		printf '%s' "$word......" >"$S/in"
		run -0 hear s
		assert_output "$word......"
	done
}

@test "ncat speaks to a session by udp" {
	background "$T/ncat.log" ncat -u -l 127.0.0.1 0 -e /bin/cat
	wait_until 10 udp_port "$BACKGROUND_PID"
	open_session s "udp://127.0.0.1:$((16#$(cat "$T/port")))"
	for word in one two; do
		printf %s "$word" >"$S/in"
		run -0 hear s
		assert_output "$word"
	done
}

# ---- torture

@test "of many datagrams of mixed size each comes as it was sent" {
	datagrams burst burst udp:127.0.0.1:0 "$DATAGRAM_ROUNDS" 8
	open_session b "udp://127.0.0.1:$port" receive-buffer=16M
	background "$T/read.log" "$DATAGRAMS" read "$S" 3
	printf go >"$S/in"
	wait_pid "$BACKGROUND_PID" $((60 + DATAGRAM_ROUNDS / 500))
	run -0 cat "$T/read.log"
	assert_output --regexp '^whole [0-9]+ broken 0 twice 0$'
	got=${output#whole }
	got=${got%% *}
	[ "$got" -gt 0 ]
	# What is missing the kernel has lost, and no more than it says.
	is_portable || assert_equal "$(($(status_of b lost) + got))" \
	    "$DATAGRAM_ROUNDS"
}

@test "of many datagrams of mixed size each is sent as it was cut" {
	datagrams count count udp:127.0.0.1:0
	open_session c "udp://127.0.0.1:$port" framing=datagram:line
	background "$T/write.log" sh -c 'exec "$1" write "$2" >"$3"' sh \
	    "$DATAGRAMS" "$DATAGRAM_ROUNDS" "$S/in"
	wait_pid "$BACKGROUND_PID" $((60 + DATAGRAM_ROUNDS / 500))
	wait_status c queued 0
	wait_status c last complete
	facts c last=complete discarded=0 queued=0
	# What was lost on the way was lost by the peer's kernel.
	wait_until 10 sh -c 'printf "end\n" >"$1" && grep -q ^whole "$2"' sh \
	    "$S/in" "$T/peer.count.log"
	run -0 sed -n '$p' "$T/peer.count.log"
	assert_output --regexp '^whole [0-9]+ broken 0 twice 0$'
}
