# fifod.conf(5): the configuration file, fifod -n, and reload.

# shellcheck disable=SC2016,SC1003,SC2012

load helper/common
load helper/command

# conf LINE…: what the file now says
conf()
{
	printf '%s\n' "$@" >"$T/fifod.conf"
}

checked()
{
	run -0 "$FIFOD" -n -f "$T/fifod.conf"
	assert_output ''
}

# wrong LINE TEXT: fifod -n and fifod itself say that about this file, at that
# line, in one line, and start nothing.
wrong()
{
	refused 2 "fifod: $T/fifod.conf${1:+:$1}: " \
	    "$FIFOD" -n -f "$T/fifod.conf"
	[[ $stderr == *": "*"$2"* ]] || fail "not said: $2: $stderr"
}

# option_is SESSION KEY VALUE
option_is()
{
	assert_equal "$(status_of "$1" "option.$2")" "$3"
}

@test "a file of open commands makes sessions" {
	start_peer a echo
	conf "open a tcp://127.0.0.1:$port" \
	    "open b tcp://127.0.0.1:$port -o crlf=yes -o connect=on-demand" \
	    "open -d $T/sess c tcp://127.0.0.1:$port"
	checked
	start_broker
	wait_status a state up
	assert_equal "$(status_of b state)" idle
	option_is b crlf yes
	assert_equal "$(readlink "$T/sess")" "$FIFOD_DIR/c"
	echoes a hello
	assert_sessions a b c
}

@test "a peer that cannot be reached keeps nothing else from starting" {
	start_peer a echo
	start_peer b script --refuse
	conf "open b tcp://127.0.0.1:$PORT_b" "open a tcp://127.0.0.1:$PORT_a"
	start_broker
	wait_status a state up
	wait_status b error-status 7
}

@test "blank lines, comments and a missing last line end mean nothing" {
	start_peer a echo
	printf '%s' "# open x tcp://h
	   # and this \\
	  	
open a	tcp://127.0.0.1:$port   # not 'this

#open y tcp://h:1
open b  tcp://127.0.0.1:$port" >"$T/fifod.conf"
	checked
	start_broker
	assert_sessions a b
}

@test "an empty file is a file" {
	: >"$T/fifod.conf"
	checked
	conf '# nothing'
	checked
}

@test "words are split as by sh, without expansion" {
	cat >"$T/fifod.conf" <<-'END'
	default connect=on-demand
	open q1 'tcp://127.0.0.1:9' -o 'keylog=/a b "c" $d #e \'
	open q2 "tcp://127.0.0.1:9" -o "keylog=/a 'b' \"c\" \\ \$d `e` *"
	open q3 tcp://127.0.0.1:9 -o keylog=/a\ \'b\"\#c\\d
	open q4 tcp://127.0.0.1:9 -o key"lo"g=/'a'b"c"d#e
	open q5 t'cp'"://"127.0.0.1:9 -o 'keylog=/~/$HOME/*'
	open q6 tcp://127.0.0.1:9 -o keylog= -o ''keylog=/x""
	END
	checked
	start_broker
	# Values are shown with a backslash doubled.
	option_is q1 keylog '/a b "c" $d #e \\'
	option_is q2 keylog '/a '\''b'\'' "c" \\ \\$d `e` *'
	option_is q3 keylog '/a '\''b"#c\\d'
	option_is q4 keylog '/abcd#e'
	option_is q5 keylog '/~/$HOME/*'
	option_is q6 keylog '/x'
}

@test "a backslash at a line's end continues it, even within a word" {
	cat >"$T/fifod.conf" <<-'END'
	default connect=\
	on-demand
	open a \
	    tcp://127.0.0.1:9 \
	    -o crlf=y\
	es \

	open b tcp://127.0.0.1:9 # a comment goes on in no line \
	open c "tcp://127.\
	0.0.1:9"
	open d tcp://127.0.0.1:9 -o keylog=/\ #\
	x
	END
	checked
	start_broker
	assert_sessions a b c d
	option_is a crlf yes
	assert_equal "$(status_of c endpoint)" tcp://127.0.0.1:9
	option_is d keylog '/ #x'
}

@test "default counts for the lines after it, and -o before it" {
	conf 'default connect=on-demand' 'open a tcp://127.0.0.1:9' \
	    'default crlf=yes timeout-connect=3' 'open b tcp://127.0.0.1:9' \
	    'open c tcp://127.0.0.1:9 -o crlf=no' \
	    'default crlf=no' 'open d tcp://127.0.0.1:9'
	checked
	start_broker
	option_is a crlf no
	option_is b crlf yes
	option_is b timeout-connect 3
	option_is c crlf no
	option_is c timeout-connect 3
	option_is d crlf no
	option_is d timeout-connect 3
	# Not for what is opened by hand.
	open_session e tcp://127.0.0.1:9 connect=on-demand
	option_is e timeout-connect 15
}

@test "each kind of mistake is reported with file and line" {
	local line text

	while IFS='|' read -r line text; do
		conf '# first' "$line" 'open z tcp://127.0.0.1:9'
		wrong 2 "$text"
	done <<-'END'
	opne a tcp://127.0.0.1:9|"opne" is not a command for a file: there are open, default, limit and user=
	include other.conf|"include" is not a command for a file
	close a|"close" is not a command for a file: there are open, default, limit and user=
	stop|"stop" is not a command for a file
	set a crlf=yes|"set" is not a command for a file
	open|open: a word is missing: fifoctl open NAME ENDPOINT
	open a|open: a word is missing
	open a tcp://127.0.0.1:9 more|"more" is one word too many
	open a tcp://127.0.0.1:9 -o|-o KEY=VALUE: its value is missing
	open a tcp://127.0.0.1:9 -z|unknown option -z
	open a tcp://127.0.0.1:9 --opton=crlf=no|unknown option --opton=crlf=no: did you mean --option?
	open a tcp://127.0.0.1:9 --wait=3|--wait has no meaning in a file
	open a tcp://127.0.0.1:9 --no-wait|--no-wait has no meaning in a file
	open a tcp://127.0.0.1:9 --replace|--replace has no meaning in a file
	open a tcp://127.0.0.1:9 --help|
	open a tcp://127.0.0.1:9 -d sess|-d: the path must be absolute here
	open a tcp://127.0.0.1:9 -o clrf=yes|clrf: no such option (did you mean crlf?)
	open a tcp://127.0.0.1:9 -o crlf|"crlf" has no value; write crlf=VALUE
	open a tcp://127.0.0.1:9 -o crlf=maybe|crlf: "maybe" is neither yes nor no
	open a tcp://127.0.0.1:9 -o keylog=x|keylog: "x" is a relative path; give an absolute one
	open a gopher://127.0.0.1:9|"gopher" is not a kind of endpoint; there are tcp, tls
	open a tcp://127.0.0.1|names no port; write tcp://HOST:PORT
	open a tcp://127.0.0.1:70000|"70000" is neither a port from 0 to 65535
	open a tcp://127.0.0.1:0|nothing can be reached at port 0
	open ../a tcp://127.0.0.1:9|not a session's name
	open '' tcp://127.0.0.1:9|not a session's name
	open a 'tcp://127.0.0.1:9|the ' begins a quote that never ends
	open a "tcp://127.0.0.1:9|the " begins a quote that never ends
	default|default: KEY=VALUE is missing
	default crlf|default: "crlf" has no value
	default crlf=3|default: crlf: "3" is neither yes nor no
	default frob=3|default: frob: no such option
	open a tls://127.0.0.1:9 -o ca=/nonexistent/ca.pem|ca: /nonexistent/ca.pem: No such file or directory
	open a tcp://127.0.0.1:9 -o group=no-such-group|group: no group is called no-such-group
	END
}

@test "a name that is opened twice is reported, with the other line" {
	conf 'open a tcp://127.0.0.1:9' '' 'open b tcp://127.0.0.1:9' \
	    'open a tcp://127.0.0.1:9'
	wrong 4 'a is opened on line 1 already'
}

@test "a line that goes on is reported by its first one" {
	conf 'open a tcp://127.0.0.1:9 \' '' '# 3' 'open b \' ' h:9 \' \
	    ' -o crlf=no' 'open c'
	run -2 "$FIFOD" -n -f "$T/fifod.conf"
	assert_equal "${#lines[@]}" 2
	assert_line --index 0 --partial "$T/fifod.conf:4: "
	assert_line --index 1 --partial "$T/fifod.conf:7: "
	# A backslash at the very end continues nothing.
	printf 'open a tcp://127.0.0.1:9 \\' >"$T/fifod.conf"
	wrong 1 ''
}

@test "all mistakes of a file are reported, and nothing is applied" {
	local i

	start_peer a echo
	conf "open a tcp://127.0.0.1:$port" 'open b' 'frob' \
	    "open c tcp://127.0.0.1:$port" 'default x=y' 'open d h'
	for i in -n -F ''; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr within 10 "$FIFOD" $i \
		    -r "$FIFOD_DIR" -f "$T/fifod.conf"
		assert_output ''
		assert_equal "$(sed -n \
		    "s|^fifod: $T/fifod.conf:\([0-9]*\): .*|\1|p" \
		    <<<"$stderr" | tr '\n' ' ')" '2 3 5 6 '
		[ ! -e "$FIFOD_DIR" ] || assert_equal "$(rundir_names "$FIFOD_DIR")" ''
	done
	run peer_log a
	refute_line 'accept 1'
}

@test "a file that is no text, or no file, or cannot be read, is refused" {
	printf 'open a tcp://127.0.0.1:9\0\n' >"$T/fifod.conf"
	wrong '' 'not a text: it has a NUL byte'
	rm "$T/fifod.conf"
	wrong '' ''
	[[ $stderr == *'No such file or directory' ]]
	mkdir "$T/fifod.conf"
	wrong '' ''
	[[ $stderr == *'not a regular file' ]]
	rmdir "$T/fifod.conf"
	mkfifo "$T/fifod.conf"
	wrong '' ''
	rm "$T/fifod.conf"
	head -c 5M /dev/zero | tr '\0' '#' >"$T/fifod.conf"
	wrong '' ''
}

@test "a file that may not be read is refused" {
	require_root
	conf 'open a tcp://127.0.0.1:9'
	user_prepare
	install -m 600 "$T/fifod.conf" "$USER_DIR/fifod.conf"
	refused 2 'Permission denied' as_user "$FIFOD" -n -f fifod.conf
}

@test "bytes of every kind in a file are no more than a mistake" {
	local seed

	for seed in 1 2 3 4 5; do
		"$PEER" random 20K $seed | tr -d '\0' >"$T/fifod.conf"
		run -2 within 10 "$FIFOD" -n -f "$T/fifod.conf"
		[[ $output == "fifod: $T/fifod.conf:"* ]]
		# No control character reaches the terminal.
		run ! grep -q '[[:cntrl:]]' <<<"$output"
	done
}

@test "fifod -n starts nothing, and disturbs no broker that runs" {
	start_peer a echo
	conf "open a tcp://127.0.0.1:$port"
	checked
	[ ! -e "$FIFOD_DIR" ]
	start_broker
	wait_status a state up
	run -0 "$FIFOD" -n -r "$FIFOD_DIR" -f "$T/fifod.conf"
	assert_output ''
	assert_equal "$(status_of a links)" 1
}

@test "fifod -n reads the files that options name" {
	conf "open a tls://127.0.0.1:9 -o ca=$CERTS/ca.pem \
-o cert=$CERTS/client.pem -o key=$CERTS/client.key"
	checked
	conf "open a tls://127.0.0.1:9 -o ca=$CERTS/client.key"
	wrong 1 'ca: '
	conf "open a tls://127.0.0.1:9 -o cert=$CERTS/client.pem \
-o key=$CERTS/good.key"
	wrong 1 ''
}

@test "an ordinary user's file is ~/.config/fifod/fifod.conf" {
	local -a who=()
	local home=$HOME fifod=$FIFOD

	if [ "$(id -u)" -eq 0 ]; then
		user_prepare
		home=$USER_DIR
		fifod=$home/bin/fifod
		who=(as_user)
	fi
	mkdir -p "$home/.config/fifod" "$home/xdg/fifod"
	echo one >"$home/.config/fifod/fifod.conf"
	echo two >"$home/xdg/fifod/fifod.conf"
	chmod -R go+rX "$home/.config" "$home/xdg"
	refused 2 "$home/.config/fifod/fifod.conf:1: \"one\" is not a command" \
	    "${who[@]}" "$FIFOD" -n
	refused 2 "$home/xdg/fifod/fifod.conf:1: \"two\" is not a command" \
	    "${who[@]}" env XDG_CONFIG_HOME="$home/xdg" "$fifod" -n
}

# ---- reload

@test "reload opens what is new and closes what is gone" {
	start_peer a echo
	conf "open a tcp://127.0.0.1:$port" "open b tcp://127.0.0.1:$port"
	start_broker
	wait_status a state up
	wait_status b state up
	conf "open c tcp://127.0.0.1:$port -d $T/sess" \
	    "open b tcp://127.0.0.1:$port"
	run -0 ctl reload
	assert_output ''
	wait_status c state up
	wait_until 10 test ! -e "$FIFOD_DIR/a"
	assert_sessions b c
	assert_equal "$(status_of b links)" 1
	[ -p "$T/sess/in" ]
	conf
	ctl reload
	wait_until 10 test ! -e "$FIFOD_DIR/b"
	wait_until 10 test ! -e "$FIFOD_DIR/c"
	wait_until 10 test ! -L "$T/sess"
	# A broker with a file stays without a session.
	ctl list
}

@test "reload without a difference changes nothing" {
	start_peer a echo
	conf "default crlf=yes" "open a tcp://127.0.0.1:$port -o keepalive=no"
	start_broker
	wait_status a state up
	# In other words and another order.
	conf "# now" "open a 'tcp://127.0.0.1:$port' -o keepalive=no \\" \
	    "-o crlf=yes"
	run -0 ctl reload
	assert_output ''
	ctl reload
	kill -HUP "$BROKER_PID"
	echo hello >"$FIFOD_DIR/a/in"
	read -rt 10 line <"$FIFOD_DIR/a/out"
	assert_equal "$line" $'hello\r'
	assert_equal "$(status_of a links)" 1
}

@test "reload changes a live option on the standing connection" {
	start_peer a echo
	conf "open a tcp://127.0.0.1:$port" "open b tcp://127.0.0.1:$port"
	start_broker
	wait_status a state up
	hold_reader "$FIFOD_DIR/a/out"
	conf "default crlf=yes" "open a tcp://127.0.0.1:$port" \
	    "open b tcp://127.0.0.1:$port -o crlf=no"
	run -0 ctl reload
	option_is a crlf yes
	option_is b crlf no
	assert_equal "$(status_of a links)" 1
	# And back, where the line says nothing any more.
	conf "open a tcp://127.0.0.1:$port" "open b tcp://127.0.0.1:$port"
	ctl reload
	option_is a crlf no
}

@test "reload opens anew where another option or endpoint wants it" {
	start_peer a echo
	start_peer b echo
	conf "open a tcp://127.0.0.1:$PORT_a" "open b tcp://127.0.0.1:$PORT_a"
	start_broker
	wait_status a state up
	wait_status b state up
	conf "open a tcp://127.0.0.1:$PORT_b" \
	    "open b tcp://127.0.0.1:$PORT_a -o tls-min=1.3"
	run -0 ctl reload
	wait_status a endpoint "tcp://127.0.0.1:$PORT_b"
	wait_status b option.tls-min 1.3
	wait_status a state up
	wait_status b state up
	wait_peer a '^close 1$'
	wait_peer a '^close 2$'
	echoes a hello
	echoes b hello
}

@test "a session that reload closes is drained first" {
	start_broker
	conf
	start_peer stalled script --rcvbuf 4K -e "wait-file $T/go" -e wait-eof \
	    -r "$T/received"
	conf "open s tcp://127.0.0.1:$port"
	ctl reload
	wait_status s state up
	"$PEER" random 40K 1 >"$T/sent"
	cat "$T/sent" >"$FIFOD_DIR/s/in"
	conf
	ctl reload
	# It may come back before it has gone.
	conf "open s tcp://127.0.0.1:$port"
	ctl reload
	: >"$T/go"
	wait_peer stalled '^eof 1$'
	cmp "$T/sent" "$T/received.1"
	wait_peer stalled '^accept 2$'
	wait_status s state up
}

@test "reload adds and takes away the link of -d" {
	start_peer a echo
	conf "open a tcp://127.0.0.1:$port"
	start_broker
	wait_status a state up
	conf "open a tcp://127.0.0.1:$port -d $T/sess"
	ctl reload
	[ -p "$T/sess/in" ]
	conf "open a tcp://127.0.0.1:$port -d $T/other"
	ctl reload
	wait_until 10 test -p "$T/other/in"
	wait_until 10 test ! -L "$T/sess"
	conf "open a tcp://127.0.0.1:$port"
	ctl reload
	wait_until 10 test ! -L "$T/other"
}

@test "a link that was made by hand stays at reload" {
	start_peer a echo
	conf "open a tcp://127.0.0.1:$port"
	start_broker
	wait_status a state up
	open_session a "tcp://127.0.0.1:$port" -d "$T/sess"
	ctl reload
	[ -p "$T/sess/in" ]
	assert_equal "$(status_of a links)" 1
}

@test "reload closes nothing for a link that cannot be made" {
	start_peer a echo
	conf "open a tcp://127.0.0.1:$port"
	start_broker
	wait_status a state up
	conf "open a tcp://127.0.0.1:$port -d $T/fifod.conf -o tls-min=1.3"
	run --separate-stderr ctl reload
	[[ $stderr == *"fifod.conf:1: a: $T/fifod.conf exists"* ]]
	assert_equal "$(status_of a links)" 1
	echoes a hello
}

@test "reload of a file with mistakes says them all and changes nothing" {
	start_peer a echo
	conf "open a tcp://127.0.0.1:$port" "open b tcp://127.0.0.1:$port"
	start_broker
	wait_status a state up
	conf "open c tcp://127.0.0.1:$port" 'opne d' \
	    "open a tcp://127.0.0.1:$port -o crlf=yes" 'open e'
	run -1 --separate-stderr ctl reload
	assert_output ''
	assert_equal "${#stderr_lines[@]}" 2
	[[ ${stderr_lines[0]} == "fifoctl: $T/fifod.conf:2: \"opne\" is not a command"* ]]
	[[ ${stderr_lines[1]} == "fifoctl: $T/fifod.conf:4: open: a word is"* ]]
	assert_sessions a b
	option_is a crlf no
	echoes a hello
	# By SIGHUP it goes to the log.
	kill -HUP "$BROKER_PID"
	wait_for_line "$T/fifod.err" "^fifod: $T/fifod.conf:4: open: a word"
	assert_sessions a b
	rm "$T/fifod.conf"
	run -1 --separate-stderr ctl reload
	assert_equal "${#stderr_lines[@]}" 1
	[[ $stderr == "fifoctl: $T/fifod.conf: "*'No such file or directory' ]]
	assert_sessions a b
	# And a right one is taken again.
	conf "open c tcp://127.0.0.1:$port"
	ctl reload
	wait_status c state up
}

@test "sessions opened by hand stay, and a name taken by hand is reported" {
	start_peer a echo
	start_peer b echo
	conf "open a tcp://127.0.0.1:$PORT_a"
	start_broker
	open_session hand "tcp://127.0.0.1:$PORT_b"
	open_session other "tcp://127.0.0.1:$PORT_b"
	conf '#' "open hand tcp://127.0.0.1:$PORT_a" \
	    "open new tcp://127.0.0.1:$PORT_a"
	run --separate-stderr ctl reload
	assert_output ''
	assert_equal "${#stderr_lines[@]}" 1
	[[ $stderr == "fifoctl: $T/fifod.conf:2: hand: was opened by hand, and \
stays"* ]]
	assert_equal "$(status_of hand endpoint)" "tcp://127.0.0.1:$PORT_b"
	assert_equal "$(status_of hand links)" 1
	wait_status new state up
	wait_until 10 test ! -e "$FIFOD_DIR/a"
	assert_sessions hand new other
	# When it is free, the file has it.
	ctl close hand
	run -0 ctl reload
	assert_output ''
	wait_status hand endpoint "tcp://127.0.0.1:$PORT_a"
	wait_status hand state up
}

@test "a session of the file that was closed by hand is back after reload" {
	start_peer a echo
	conf "open a tcp://127.0.0.1:$port"
	start_broker
	wait_status a state up
	ctl close a
	assert_sessions
	ctl reload
	wait_status a state up
	ctl close a
	open_session a "tcp://127.0.0.1:$port"
	# It is the hand's now.
	conf
	ctl reload
	assert_equal "$(status_of a state)" up
}

@test "a session of the file may be opened by hand, too, if it is the same" {
	start_peer a echo
	conf "open a tcp://127.0.0.1:$port -o crlf=yes"
	start_broker
	wait_status a state up
	open_session a "tcp://127.0.0.1:$port" crlf=yes
	refused 1 'crlf is yes, not no' open_session a "tcp://127.0.0.1:$port"
	assert_equal "$(status_of a links)" 1
}

@test "hundreds of reloads leave no descriptor behind" {
	[ -e /proc/self/fd ] || skip "no /proc"
	local round before

	start_peer a echo
	conf "open a tcp://127.0.0.1:$port" "open b tcp://127.0.0.1:$port"
	cp "$T/fifod.conf" "$T/two"
	conf "open a tcp://127.0.0.1:$port"
	cp "$T/fifod.conf" "$T/one"
	start_broker
	wait_status a state up
	before=$(ls "/proc/$(engine_pid)/fd" | wc -l)
	for ((round = 0; round < 50 * ${TORTURE:-1}; round++)); do
		cp "$T/two" "$T/fifod.conf"
		ctl reload
		cp "$T/one" "$T/fifod.conf"
		ctl reload
	done
	wait_until 10 test ! -e "$FIFOD_DIR/b"
	wait_until 10 fds_are "$before"
	assert_equal "$(status_of a links)" 1
}

fds_are()
{
	[ "$(ls "/proc/$(engine_pid)/fd" | wc -l)" -le "$1" ]
}
