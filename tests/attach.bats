# Talking by hand: fifoctl attach, on a terminal and in a pipe.

# shellcheck disable=SC2016,SC2030,SC2031,SC2094

load helper/common

TALK=${TALK:-$(program_find talk)}
TTY=${TTY:-$(program_find tty)}

setup()
{
	common_setup
	export TERM=xterm FIFOD_HISTORY=$T/history
	unset EDITRC LINES COLUMNS
}

# start_talk MODE [ARGUMENTS]: a session with a peer of that mode; the words
# that talk with it are in "${ATTACH[@]}"
start_talk()
{
	start_broker
	start_peer a "$@"
	open_session talk "tcp://127.0.0.1:$port" on-close=eof
	ATTACH=("$FIFOCTL" -r "$FIFOD_DIR" attach talk)
}

# start_socket MODE [ARGUMENTS]: the same without a broker between them
start_socket()
{
	start_peer a "$@" -l "$T/sock"
	ATTACH=("$TALK" -p 'talk> ' "$T/sock")
}

# at_terminal [OPTION | STEP]...: talk there as tests/tty says; an OPTION is
# passed on with its value behind an `='
at_terminal()
{
	local word words=()

	for word; do
		case $word in
		-*) words+=("${word%%=*}" "${word#*=}") ;;
		*) words+=(-e "$word") ;;
		esac
	done
	"$TTY" -T $((20 * TIMEOUT_SCALE)) "${words[@]}" "${ATTACH[@]}" 3>&-
}

# stands: the session is there, and nobody talks to it any more
stands()
{
	wait_status talk channels 0
	status_is talk state up
}

# go_when PATTERN: makes $T/go once that stands in $T/shown; GO_PID
go_when()
{
	: >"$T/shown"
	(wait_until 20 grep -q "$1" "$T/shown" && : >"$T/go") 3>&- &
	GO_PID=$!
	pid_add "$GO_PID" go
}

# $T/shown has not grown for so many looks.
shown_stays()
{
	local size

	size=$(stat -c %s "$T/shown")
	LOOKS=$((size == SIZE ? LOOKS + 1 : 0))
	SIZE=$size
	[ "$SIZE" -gt 10000 ] && [ "$LOOKS" -ge 20 ]
}

# as_a_pipe: standard input and output are what they are
as_a_pipe()
{
	within 60 "${ATTACH[@]}" 3>&-
}

# ---- on a terminal

@test "on a terminal a line is edited, and sent by Enter" {
	start_talk script -e 'expect hello\n' -e 'send "world\n"' -e wait-eof
	run -0 at_terminal 'expect talk> ' 'send heXo\x02\x7fll\r' \
	    'expect world' 'expect talk> ' eof
	wait_peer a '^recv 1 6$'
}

@test "^D on an empty line leaves, and what was typed is sent before" {
	start_talk script -e 'exactly one\ntwo\n' -e 'log got' -e wait-eof
	run -0 at_terminal 'expect talk> ' 'send one\r' 'expect talk> ' \
	    'send two\r' 'expect talk> ' eof
	wait_peer a '^log 1 got$'
	stands
}

@test "lines for a peer that does not read them wait, and none is lost" {
	local lines

	lines=$(printf "%0999d\\\\r" {1..100})
	start_talk script -e "wait-file $T/go" -e wait-eof -r "$T/heard"
	: >"$T/shown"
	SIZE=0 LOOKS=0
	(wait_until 50 shown_stays && : >"$T/go") 3>&- &
	GO_PID=$!
	pid_add "$GO_PID" go
	FIFOD_HISTORY='' at_terminal -T=60 'expect talk> ' "send $lines" \
	    "send $lines" "send $lines" "send $lines" 'send end\r' \
	    'expect end\r\n' 'expect talk> ' eof >"$T/shown"
	wait "$GO_PID"
	wait_until 20 grep -qx end "$T/heard.1"
	assert_equal "$(stat -c %s "$T/heard.1")" 400004
	assert_equal "$(tail -n 1 "$T/heard.1")" end
}

@test "^D within a line deletes what is under the cursor" {
	start_talk script -e 'exactly ac\n' -e 'log got' -e wait-eof
	run -0 at_terminal 'expect talk> ' 'send abc\x02\x02\x04\r' \
	    'expect talk> ' eof
	wait_peer a '^log 1 got$'
}

@test "^C drops the line, and leaves with 130 where there is none twice" {
	start_talk script -e 'exactly kept\n' -e 'log got' -e wait-eof
	run -130 at_terminal 'expect talk> ' 'send dropped' 'expect dropped' \
	    'send \x03' 'expect ^C' 'expect talk> ' 'send kept\r' \
	    'expect talk> ' 'send \x03' 'expect again' 'expect talk> ' \
	    'send \x03'
	wait_peer a '^log 1 got$'
	stands
}

@test "a key between two ^C is a reason to stay" {
	start_talk script -e wait-eof
	run -0 at_terminal 'expect talk> ' 'send \x03' 'expect again' \
	    'expect talk> ' 'send x' 'expect x' 'send \x03' 'expect ^C' \
	    'expect talk> ' 'send y' 'expect y' 'send \x7f\x03' 'expect ^C' \
	    'expect talk> ' eof
}

@test "what the peer says is shown as it comes, above the line being typed" {
	start_talk script -e 'expect first\n' -e "wait-file $T/go" \
	    -e 'send "from the peer\n"' -e 'exactly second\n' -e 'log got' \
	    -e wait-eof
	go_when sec
	at_terminal 'expect talk> ' 'send first\r' 'expect talk> ' \
	    'send sec' 'expect from the peer' 'expect talk> sec' \
	    'send ond\r' 'expect talk> ' eof >"$T/shown"
	wait "$GO_PID"
	wait_peer a '^log 1 got$'
}

@test "a line that is longer than the screen is wide is drawn again below" {
	start_talk script -e "wait-file $T/go" -e 'send "said\n"' \
	    -e 'expect Z\n' -e 'log got' -e wait-eof
	go_when YY
	# The prompt and 42 characters: from the third row, up by two.
	at_terminal -s=10x20 'expect talk> ' \
	    'send 0123456789012345678901234567890123456789YY' \
	    'expect YY' 'expect \e[2A\r\e[Jsaid\r\n' 'expect talk> 01' \
	    'expect YY' 'send Z\r' 'expect talk> ' eof >"$T/shown"
	wait "$GO_PID"
	wait_peer a '^log 1 got$'
}

@test "a line that the peer has begun stands before the one being typed" {
	start_talk script -e 'exactly \n' -e 'send "login: "' -e 'exactly me\n' \
	    -e 'send "Pass"' -e "wait-file $T/go" -e 'send "word: "' \
	    -e 'exactly x\n' -e 'log got' -e wait-eof
	go_when Pass
	at_terminal 'expect talk> ' 'send \r' 'expect login: ' 'send me\r' 'expect Pass' \
	    'expect \r\e[JPassword: ' 'send x\r' 'expect talk> ' eof \
	    >"$T/shown"
	wait "$GO_PID"
	wait_peer a '^log 1 got$'
}

@test "a line that the peer writes anew by \\r is shown in its last state" {
	start_talk script -e 'exactly \n' -e 'send "10%"' -e 'exactly a\n' \
	    -e 'send "\r20%\r30%"' -e 'exactly b\n' -e 'send "\r\nend\n"' \
	    -e wait-eof
	run -0 at_terminal 'expect talk> ' 'send \r' 'expect 10%' 'send a\r' \
	    'expect 30%' 'send b\r' 'expect end' 'expect talk> ' eof
	refute_output --partial '20%'
}

@test "the peer's control characters are shown and not obeyed, UTF-8 passes" {
	start_talk script -e 'exactly \n' -e 'send "\x1b]0;title\x07 \x9b1m \x00\x7f h\xc3\xa4\xe2\x82\xac \xc2\x9b \xff\xc3"' \
	    -e 'send "\xa4 end\tx\n"' -e wait-eof
	run -0 at_terminal 'expect talk> ' 'send \r' 'expect end x' eof
	assert_output --partial \
	    '^[]0;title^G \M^[1m ^@^? hä€ \M-B\M^[ \M^?ä end x'
	refute_output --partial $'\e]'
	refute_output --partial $'\x07'
}

@test "a terminal gets no control characters from a pipe either" {
	start_socket script -e 'exactly x' -e 'send "\x1b]0;t\x07ä\n"' -e close
	ATTACH=(sh -c 'printf x | "$@"' sh "${ATTACH[@]}")
	run -0 at_terminal 'expect talk: closed'
	assert_output --partial '^[]0;t^Gä'
	refute_output --partial $'\e]'
}

@test "^Z stops, and the line is there again afterwards" {
	start_talk script -e 'exactly hello\n' -e 'log got' -e wait-eof
	printf 'exec %q attach talk\n' "$FIFOCTL" >"$T/talk"
	ATTACH=(env PS1='$ ' bash --norc --noprofile -i)
	run -7 at_terminal 'expect $ ' "send sh $T/talk\\r" 'expect talk> ' \
	    'send hel' 'expect hel' 'send \x1a' 'expect Stopped' 'expect $ ' \
	    'send stty -a | tr ";" "\\n" | grep -o -- "-*icanon"\r' \
	    'expect \ricanon' 'expect $ ' 'send fg\r' 'expect talk> hel' \
	    'send lo\r' 'expect talk> ' eof 'expect $ ' 'send exit 7\r'
	wait_peer a '^log 1 got$'
}

@test "the terminal is as before, also after SIGTERM, SIGHUP and SIGQUIT" {
	local signal

	start_talk script -e wait-eof
	for signal in 15 1 3; do
		run "-$((128 + signal))" at_terminal 'expect talk> ' \
		    'send x' 'expect x' "signal $signal"
	done
	stands
}

@test "a terminal that is taken away ends it" {
	start_talk script -e wait-eof
	run at_terminal 'expect talk> ' 'send x' 'expect x' close
	[ "$status" -eq 129 ] || [ "$status" -eq 0 ]
	stands
}

@test "the end of the session ends it, and drops the line being typed" {
	start_talk script -e 'exactly x\n' -e "wait-file $T/go" \
	    -e 'send "bye\nunfini"' -e close
	go_when abc
	at_terminal 'expect talk> ' 'send x\r' 'expect talk> ' 'send abc' \
	    'expect closed this channel' >"$T/shown"
	wait "$GO_PID"
	run sed 's/.*\x1b\[J//; s/\r//' "$T/shown"
	assert_line bye
	assert_line unfini
}

@test "the window's size may change while a line is typed" {
	start_talk script -e 'exactly 0123456789012345678901234567890123456789\n' \
	    -e 'log got' -e wait-eof
	run -0 at_terminal -s=24x80 'expect talk> ' \
	    'send 01234567890123456789012345678901234567' \
	    'expect 01234567890123456789012345678901234567' 'size 24 20' \
	    'expect talk> 01234567890123' 'size 24 100' \
	    'expect talk> 01234567890123456789012345678901234567' \
	    'send 89\r' 'expect talk> ' eof
	wait_peer a '^log 1 got$'
}

@test "many lines typed at once are sent as they are" {
	start_talk script -e "exactly $(printf 'line %d\\n' {1..200})" \
	    -e 'log got' -e wait-eof
	run -0 at_terminal 'expect talk> ' \
	    "send $(printf 'line %d\\r' {1..200})" 'expect line 200\r\n' \
	    'expect talk> ' eof
	wait_peer a '^log 1 got$'
}

# ---- the history

@test "the history keeps what was typed for the next time, for its user alone" {
	start_talk script -e 'expect one\n' -e wait-eof
	run -0 at_terminal 'expect talk> ' 'send one\r' 'expect talk> ' \
	    'send  secret\r' 'expect talk> ' 'send two\r' 'expect talk> ' eof
	assert_equal "$(stat -c %a "$T/history")" 600
	run -0 cat "$T/history"
	refute_output --partial secret
	run -0 at_terminal 'expect talk> ' 'send \x10' 'expect two' \
	    'send \e[A' 'expect one' 'send \r' 'expect talk> ' eof
	assert_equal "$(tail -n +2 "$T/history" | paste -sd' ')" \
	    'one two one'
}

@test "the history is ~/.fifod_history where FIFOD_HISTORY names no other" {
	unset FIFOD_HISTORY
	start_talk script -e wait-eof
	run -0 at_terminal 'expect talk> ' 'send x\r' 'expect talk> ' eof
	run -0 cat "$HOME/.fifod_history"
	assert_line x
	FIFOD_HISTORY='' run -0 at_terminal 'expect talk> ' 'send y\r' \
	    'expect talk> ' eof
	run -0 cat "$HOME/.fifod_history"
	refute_line y
}

@test "a history that cannot be had is no error, and a foreign file stays" {
	start_talk script -e wait-eof
	echo mine >"$T/foreign"
	mkfifo "$T/fifo"
	chmod 644 "$T/foreign" "$T/fifo"
	for FIFOD_HISTORY in "$T/nowhere/x" "$T" "$T/foreign" "$T/fifo"; do
		run -0 at_terminal 'expect talk> ' 'send x\r' \
		    'expect talk> ' eof
	done
	assert_equal "$(cat "$T/foreign")" mine
	assert_equal "$(stat -c %a "$T/foreign" "$T/fifo" | paste -sd' ')" \
	    '644 644'
}

# ---- a terminal that edits nothing

@test "where TERM is dumb the lines are the terminal's own" {
	start_talk script -e 'exactly hello\n' -e 'send "wo\x07rld\n"' \
	    -e wait-eof
	TERM=dumb run -0 at_terminal 'send hello\r' 'expect wo^Grld' eof
	refute_output --partial 'talk>'
}

@test "with standard output elsewhere the lines are the terminal's own" {
	start_talk script -e 'exactly hello\n' -e 'send "wo\x07rld\n"' \
	    -e 'log said' -e wait-eof
	ATTACH=(sh -c '"$1" attach talk >"$2"' sh "$FIFOCTL" "$T/out")
	run -0 at_terminal 'send hello\r' 'expect hello' eof
	refute_output --partial 'wo'
}

# ---- in a pipe

@test "in a pipe it is bytes in and bytes out" {
	start_socket script -e 'exactly a\x00\xff\x04b' \
	    -e 'send "\x00\x1b\xff\r\n"' -e close
	printf 'a\0\377\4b' | as_a_pipe >"$T/out" 2>"$T/err"
	assert_equal "$(od -An -tx1 "$T/out")" ' 00 1b ff 0d 0a'
	assert_equal "$(cat "$T/err")" 'talk: closed'
}

@test "the end of standard input is passed on, and replies come to their end" {
	start_socket script -e wait-eof -e 'send late\n' -e "wait-file $T/go" \
	    -e 'send later\n' -e close
	printf 'x\n' | as_a_pipe >"$T/out" 2>"$T/err" &
	wait_for_line "$T/out" '^late$'
	: >"$T/go"
	wait "$!"
	assert_equal "$(paste -sd' ' "$T/out")" 'late later'
}

@test "standard input may be a file, /dev/null or closed" {
	start_socket echo
	echo hello >"$T/in"
	run -0 as_a_pipe <"$T/in"
	assert_line hello
	run -0 as_a_pipe </dev/null
	assert_output 'talk: closed'
}

@test "megabytes pass in both directions at once" {
	start_socket echo
	"$PEER" random 20M 5 >"$T/in"
	as_a_pipe <"$T/in" 2>/dev/null | cmp - "$T/in"
	"$PEER" random 20M 5 | as_a_pipe 2>/dev/null | cmp - "$T/in"
	as_a_pipe <"$T/in" >"$T/out" 2>/dev/null
	cmp "$T/in" "$T/out"
}

@test "a peer that has said all is still sent the rest of standard input" {
	start_socket script -e 'send all\n' -e half-close -e 'expect END' \
	    -e 'log got' -e wait-eof
	(echo one && wait_for_line "$T/out" '^all$' &&
	    "$PEER" random 1M 1 && echo END) |
	    as_a_pipe >"$T/out" 2>"$T/err"
	wait_peer a '^log 1 got$'
	assert_equal "$(cat "$T/out" "$T/err" | paste -sd' ')" \
	    'all talk: closed'
}

@test "who reads its output may be who writes its input" {
	start_socket duplex 3M 9 --end half-close
	mkfifo "$T/there" "$T/back"
	# Alone: nobody else may hold its output.
	"${ATTACH[@]}" >"$T/there" <"$T/back" 2>/dev/null 3>&- &
	pid_add "$!" talk
	within 60 cat <"$T/there" >"$T/back" 3>&-
	wait "$!"
	wait_peer a '^close 1$'
	local sum

	sum=$(sed -n 's/^sent 1 3145728 //p' "$T/peer.a.log")
	run peer_log a
	assert_line "sum 1 3145728 $sum"
}

@test "a reader that goes away ends it, as SIGPIPE does" {
	start_socket source 1M --end hold
	mkfifo "$T/nothing"
	exec 7<>"$T/nothing"
	as_a_pipe <"$T/nothing" 2>/dev/null | head -c 1 >/dev/null || true
	[ "${PIPESTATUS[0]}" -eq 141 ]
	wait_peer a '^reset 1$'
}

@test "where the session ends before it has taken all, the status is 56" {
	start_socket script -e "wait-file $T/go" -e reset
	# What does not fit into the pipe was taken.
	run -56 eval '("$PEER" random 100K 1 && : >"$T/go" &&
	    "$PEER" random 4M 1) 2>/dev/null | as_a_pipe'
	assert_output --partial 'talk: closed: '
}

@test "a standard output that takes nothing is an error" {
	[ -w /dev/full ] || skip "no /dev/full"
	start_socket script -e 'send x' -e wait-eof
	run -1 eval 'as_a_pipe </dev/null >/dev/full'
	assert_output 'talk: error: standard output: No space left on device'
}
