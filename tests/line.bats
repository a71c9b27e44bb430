# Serial lines: a pair of terminals stands for the line.

# shellcheck disable=SC2016,SC2030,SC2031,SC2154,SC2034

load helper/common
load helper/exchange

setup()
{
	common_setup
	command -v socat >/dev/null || skip 'no socat'
	start_broker
}

# line_start: $T/near and $T/far are the two ends of one; LINE_PID
line_start()
{
	rm -f "$T/near" "$T/far"
	background "$T/line" socat "pty,raw,echo=0,link=$T/near" \
	    "pty,raw,echo=0,link=$T/far"
	LINE_PID=$BACKGROUND_PID
	wait_until 10 test -e "$T/near" -a -e "$T/far"
}

# A line that is ours alone (TIOCEXCL, ioctl_tty(2)) is looked at by root only.
settings()
{
	stty -F "$T/near" -a
}

@test "bytes pass a line both ways as they are" {
	line_start
	open_session s "tty:$T/near"
	head -c 50000 /dev/urandom >"$T/data"
	background "$T/reader" sh -c 'head -c 50000 <"$1" | cmp - "$2" &&
	    echo same' sh "$T/far" "$T/data"
	within 20 cat "$T/data" >"$S/in"
	wait_for_line "$T/reader" '^same$' 20
	background "$T/reader" sh -c 'head -c 50000 <"$1" | cmp - "$2" &&
	    echo same' sh "$S/out" "$T/data"
	within 20 cat "$T/data" >"$T/far"
	wait_for_line "$T/reader" '^same$' 20
	facts s state=up local="$T/near" peer="$T/near 9600 8N1" \
	    option.on-close=hold
}

@test "a modem is asked line by line" {
	line_start
	background "$T/modem" sh -c 'exec <>"$1" >&0
	    while read -r x; do echo "$x: OK"; done' sh "$T/far"
	open_session s "tty:$T/near" framing=line
	say s 'AT\n'
	run -0 hear s
	assert_output 'AT: OK'
}

@test "speed, bits, parity, stop bits and flow control are set" {
	require_root
	line_start
	open_session s "tty:$T/near" speed=115200 bits=7 parity=even stop=2 \
	    flow-control=xonxoff
	run -0 settings
	assert_output --partial 'speed 115200 baud'
	assert_output --partial ' cstopb'
	assert_output --regexp ' ixon ixoff'
	assert_output --partial -- '-icanon'
	assert_output --partial -- '-echo '
	facts s peer="$T/near 115200 7E2"
}

@test "the settings of a line change while it is up, and are given back" {
	require_root
	line_start
	stty -F "$T/near" 2400
	open_session s "tty:$T/near" flow-control=rtscts
	run -0 settings
	assert_output --partial 'speed 9600 baud'
	assert_output --partial ' crtscts'
	ctl set s speed=57600
	ctl set s flow-control=none
	run -0 settings
	assert_output --partial 'speed 57600 baud'
	assert_output --partial ' -crtscts'
	ctl close s
	run -0 settings
	assert_output --partial 'speed 2400 baud'
}

@test "a speed that no line has is refused" {
	run -2 open_session s tty:/dev/null speed=9601
	assert_output --partial '9601 is no speed of a serial line here'
}

@test "a device that is not there is one line of reason, and is found when it comes" {
	run -7 open_session s "tty:$T/near" backoff=0.1..0.2
	assert_output "fifoctl: s: $T/near: No such file or directory (it will be tried again)"
	facts s 'error=*: No such file or directory'
	line_start
	wait_status s state up
}

@test "what is no terminal is refused as one" {
	run -7 open_session s tty:/dev/null
	assert_output 'fifoctl: s: /dev/null: not a terminal (it will be tried again)'
	run -2 open_session t tty:ttyS0
	assert_output --partial 'write tty:/PATH'
}

@test "one line has one session" {
	line_start
	open_session s "tty:$T/near"
	run -7 open_session t "tty:$T/near"
	assert_output --regexp 'near: another program has '
	ctl close s
	ctl wait t up -t 20 || ctl reconnect t
	wait_status t state up
}

@test "a line that is pulled out ends the connection, and comes back" {
	line_start
	open_session s "tty:$T/near" backoff=0.1..0.2
	stop_pid "$LINE_PID"
	log_has s '-> backoff: .*near: the line was hung up'
	line_start
	wait_status s state up
	say s 'again\n'
	run -0 within 10 head -n 1 "$T/far"
	assert_output again
}
