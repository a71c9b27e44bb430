# For the tests of the two programs' own words; load after common.

# refused STATUS TEXT COMMAND…: it ends with STATUS, prints nothing on standard
# output, and on standard error one line of its own, with TEXT in it.
refused()
{
	local want=$1 text=$2

	shift 2
	run --separate-stderr "$@"
	if [ "$status" -eq "$want" ] && [ -z "$output" ] &&
	    [[ ${#stderr_lines[@]} -eq 1 && $stderr == fifo@(d|ctl):\ * &&
	    $stderr == *"$text"* ]]; then
		return
	fi
	printf '%q ' "$@"
	printf '\nstatus %d, not %d\nstandard output: %s\n' "$status" "$want" \
	    "$output"
	printf 'standard error, not one line with "%s":\n%s\n' "$text" "$stderr"
	return 1
}

# rundir_names DIR: what stands in a run directory but logs of closed sessions
rundir_names()
{
	(cd "$1" && find . -mindepth 1 -maxdepth 1 \
	    ! -name '.log-*' | sed 's|^\./||' | LC_ALL=C sort | tr '\n' ' ')
}

# What stands there while a broker runs that has the sessions NAME…
assert_sessions()
{
	assert_equal "$(rundir_names "$FIFOD_DIR")" ".control .pid ${*:+$* }"
}

# echoes SESSION TEXT: the peer of that session sends back what it got
echoes()
{
	local line

	printf '%s\n' "$2" >"$FIFOD_DIR/$1/in"
	read -rt 10 line <"$FIFOD_DIR/$1/out"
	assert_equal "$line" "$2"
}

# broker_of [RUNDIR]: the process id in its .pid, which teardown then ends
broker_of()
{
	local pid

	read -r pid <"${1:-$FIFOD_DIR}/.pid" || return
	pid_add "$pid" broker
	echo "$pid"
}

# The time a process has used so far, in ticks of a hundredth of a second.
ticks_of()
{
	local stat

	read -r stat <"/proc/$1/stat"
	# shellcheck disable=SC2086
	set -- ${stat##*) }
	echo $((${12} + ${13}))
}

# A session whose peer reads nothing before $T/go is there, and bytes for it.
start_stalled()
{
	start_peer stalled script --rcvbuf 4K -e "wait-file $T/go" \
	    -e wait-eof -r "$T/received"
	open_session stalled "tcp://127.0.0.1:$port"
	"$PEER" random 6M 1 >"$T/sent"
	# shellcheck disable=SC2016
	background "$T/writer" sh -c 'exec cat "$1" >"$2"' sh "$T/sent" \
	    "$S/in"
	WRITER_PID=$BACKGROUND_PID
	# As much as the sockets take has gone, and the rest waits.
	BYTES=0 LOOKS=0
	wait_until 10 bytes_stay
}

# That many looks in a row have seen the same number, though there is more: it
# is the peer that is waited for, and not the writer.
bytes_stay()
{
	local bytes waiting

	bytes=$(status_of stalled bytes-in)
	waiting=$("$(program_find pipe)" waiting "$S/in")
	LOOKS=$((bytes == BYTES && waiting > 4096 ? LOOKS + 1 : 0))
	BYTES=$bytes
	[ "$BYTES" -gt 0 ] && [ "$LOOKS" -ge 10 ]
}
