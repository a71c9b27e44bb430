# Loaded by every bats file (`load helper/common').  A file that has a setup
# or teardown of its own calls common_setup and common_teardown in it.
#
# What a test finds:
#   $FIFOD $FIFOCTL $PEER   the programs of the build directory
#   $T                      a directory of this test alone
#   $FIFOD_DIR              its run directory, $T/run (made by the broker)
#   $T/fifod.conf           what start_broker reads, empty at first
#   $CERTS                  what tests/makecerts makes, see there
#   $HOME                   an empty one
#
# FIFOD_WRAPPER (valgrind, strace …) goes before fifod; the waits below are
# then longer, as with TIMEOUT_SCALE=N.  valgrind sees the engine, and with it
# nearly everything, only with --trace-children=yes.

# What the functions below set is for the tests.
# shellcheck disable=SC2034

bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert

TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=$(cd "${ABS_BUILDDIR:-${top_builddir:-$TESTS/..}}" && pwd)

# program_find NAME: prints where it was built, or the name alone
program_find()
{
	local dir

	for dir in "$BUILD" "$BUILD/src" "$BUILD/src/main" "$BUILD/tests"; do
		if [ -f "$dir/$1" ] && [ -x "$dir/$1" ]; then
			echo "$dir/$1"
			return
		fi
	done
	echo "$1"
}

FIFOD=${FIFOD:-$(program_find fifod)}
FIFOCTL=${FIFOCTL:-$(program_find fifoctl)}
PEER=${PEER:-$(program_find peer)}
export FIFOD FIFOCTL PEER
: "${TIMEOUT_SCALE:=${FIFOD_WRAPPER:+6}}"
: "${TIMEOUT_SCALE:=1}"

setup()
{
	common_setup
}

teardown()
{
	common_teardown
}

common_setup()
{
	T=$BATS_TEST_TMPDIR
	export T FIFOD_DIR=$T/run HOME=$T/home LC_ALL=C
	unset XDG_CONFIG_HOME XDG_RUNTIME_DIR http_proxy https_proxy all_proxy
	mkdir -p "$HOME"
	mkfifo "$T/.never"
	: >"$T/.pids"
	: >"$T/fifod.conf"
	BROKER_PID=
	USER_DIR=
	if [ -w "$BUILD/tests" ]; then
		CERTS=${CERTS:-$BUILD/tests/certs}
	fi
	export CERTS=${CERTS:-$BATS_RUN_TMPDIR/certs}
	[ "$CERTS/.complete" -nt "$TESTS/makecerts" ] ||
	    sh "$TESTS/makecerts" "$CERTS" 3>&-
}

# Peers and stuck clients first: what the broker drains ends with them.
common_teardown()
{
	if [ -z "${BATS_TEST_COMPLETED-}" ] && [ -z "${BATS_TEST_SKIPPED-}" ]
	then
		evidence_print
	fi
	fifod_pids >"$T/.fifods"
	recorded_stop '*' broker
	recorded_stop broker
	detached_stop
	[ ! -s "$T/.user" ] || rm -rf "$(cat "$T/.user")"
}

# recorded_stop WHAT [EXCEPT]: those that pid_add wrote down, as patterns
recorded_stop()
{
	local pid began what

	while read -r pid began what; do
		# shellcheck disable=SC2053
		if [[ $what == $1 && $what != "${2-}" &&
		    $(pid_began "$pid") == "$began" ]]; then
			stop_pid "$pid"
		fi
	done <"$T/.pids"
}

# For the output of a test that failed.
evidence_print()
{
	local file

	for file in "$T"/fifod.err "$T"/fifod.out "$FIFOD_DIR"/*/status \
	    "$FIFOD_DIR"/*/log "$T"/peer.*; do
		[ -s "$file" ] || continue
		echo "--- ${file#"$T"/}"
		tail -n 60 "$file"
	done
}

# The keepers and engines that the sessions' status files name.
fifod_pids()
{
	local pid comm

	cat "$FIFOD_DIR"/*/status 2>/dev/null |
	    sed -n 's/^\(keeper\|engine\)=\([0-9][0-9]*\)$/\2/p' | sort -u |
	    while read -r pid; do
		comm=
		read -r comm 2>/dev/null <"/proc/$pid/comm" || continue
		case $comm in
		*fifod* | valgrind* | memcheck*) echo "$pid" ;;
		esac
	done
}

# A broker that `fifoctl open' started is nobody's child.
detached_stop()
{
	local pid

	[ -d "$FIFOD_DIR" ] || return 0
	timeout 20 "$FIFOCTL" -r "$FIFOD_DIR" stop >/dev/null 2>&1 </dev/null \
	    3>&- || true
	while read -r pid; do
		if ! wait_until 5 pid_gone "$pid"; then
			echo "fifod ($pid) outlived \`fifoctl stop': killed"
			kill -KILL "$pid" 2>/dev/null || true
		fi
	done <"$T/.fifods"
}

# ---- waiting

# wait_until SECONDS COMMAND…: 0 as soon as it succeeds, 1 after SECONDS
wait_until()
{
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000 * TIMEOUT_SCALE))

	shift
	until "$@" >/dev/null 2>&1; do
		((${EPOCHREALTIME/./} < end)) || return 1
		# Nobody ever writes there: a pause without a fork.
		read -rt 0.02 <>"$T/.never" || true
	done
}

# never_within SECONDS COMMAND…: 0 if it does not succeed in that time, which is
# not longer for a slow broker: what is to come later has its time, too
never_within()
{
	local TIMEOUT_SCALE=1

	! wait_until "$@"
}

# wait_for_line FILE REGEX [SECONDS]
wait_for_line()
{
	wait_until "${3:-10}" grep -Eq -- "$2" "$1" && return
	echo "no line like $2 in $1:"
	cat "$1" || true
	return 1
}

# within SECONDS PROGRAM…: its status, or 124 after SECONDS
within()
{
	local seconds=$1

	shift
	timeout -k 2 "$((seconds * TIMEOUT_SCALE))" "$@"
}

# ---- processes: everything started in the background is written down

# pid_add PID WHAT: teardown ends it
pid_add()
{
	echo "$1 $(pid_began "$1") $2" >>"$T/.pids"
}

# When a process began (proc(5), field 22): one that is gone and whose number
# is another's by now must not be hit.
pid_began()
{
	local stat

	read -r stat 2>/dev/null <"/proc/$1/stat" || stat=
	# shellcheck disable=SC2086
	set -- ${stat##*) }
	echo "${20:--}"
}

pid_gone()
{
	local state

	kill -0 "$1" 2>/dev/null || return 0
	# A zombie whose parent does not look is gone, too.
	state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" \
	    2>/dev/null) || return 0
	[ "$state" = Z ]
}

# stop_pid PID [SECONDS]: TERM, then KILL; EXIT_STATUS is how it ended
stop_pid()
{
	EXIT_STATUS=0
	kill -TERM "$1" 2>/dev/null || true
	if ! wait_until "${2:-10}" pid_gone "$1"; then
		echo "process $1 outlived SIGTERM: killed"
		kill -KILL "$1" 2>/dev/null || true
	fi
	wait "$1" 2>/dev/null || EXIT_STATUS=$?
}

# wait_pid PID [SECONDS]: waits for a child of ours; EXIT_STATUS
wait_pid()
{
	EXIT_STATUS=0
	wait_until "${2:-10}" pid_gone "$1" || return 1
	wait "$1" 2>/dev/null || EXIT_STATUS=$?
}

# background OUTPUT COMMAND…: its output goes to OUTPUT; BACKGROUND_PID is
# the command's own, after as_user too
background()
{
	local output=$1

	shift
	if [ "$1" = as_user ]; then
		user_prepare
		set -- user_exec "${@:2}"
	fi
	"$@" >"$output" 2>&1 </dev/null 3>&- &
	BACKGROUND_PID=$!
	pid_add "$BACKGROUND_PID" background
}

# ---- the broker

# start_broker [ARGUMENTS]: returns when it answers; BROKER_PID
start_broker()
{
	case " $* " in
	*" -f "*) ;;
	*) set -- -f "$T/fifod.conf" "$@" ;;
	esac
	# It makes system calls of its own from within the engine.
	case ${FIFOD_WRAPPER-} in
	*valgrind*) set -- -X "$@" ;;
	esac
	# shellcheck disable=SC2086
	${FIFOD_WRAPPER-} "$FIFOD" -F -r "$FIFOD_DIR" "$@" \
	    >>"$T/fifod.out" 2>>"$T/fifod.err" </dev/null 3>&- &
	BROKER_PID=$!
	pid_add "$BROKER_PID" broker
	wait_until 20 broker_settled || fail "fifod does not answer"
	! pid_gone "$BROKER_PID" || fail "fifod ended: $(cat "$T/fifod.err")"
}

broker_settled()
{
	pid_gone "$BROKER_PID" || ctl list
}

# engine_pid: the broker's other process; BROKER_PID is the keeper
engine_pid()
{
	pgrep -P "$BROKER_PID" -f 'fifod.*engine'
}

# survivors: start_broker, one whose sessions outlive its engine
survivors()
{
	start_broker
	pgrep -P "$(engine_pid)" >/dev/null ||
	    skip "nothing outlives an engine here"
}

# children_pids: programs and look-ups of the broker
children_pids()
{
	pgrep -P "$BROKER_PID" | grep -vx "$(engine_pid)"
}

# kill_broker: both processes, before either can do anything about it (a stopped
# engine would go on when the keeper's death makes an orphan of it)
kill_broker()
{
	local engine

	engine=$(engine_pid)
	kill -STOP "$BROKER_PID"
	kill -KILL "$engine" "$BROKER_PID"
	wait_until 10 pid_gone "$BROKER_PID"
	wait_until 10 pid_gone "$engine"
	wait "$BROKER_PID" 2>/dev/null || true
}

stop_broker()
{
	stop_pid "$BROKER_PID" "$@"
	BROKER_PID=
}

# descriptors PID: how many it has
descriptors()
{
	local fds=(/proc/"$1"/fd/*)

	echo "${#fds[@]}"
}

# descriptors_at_rest PID: N; that of the last control client goes a moment
# after the client has
descriptors_at_rest()
{
	N='' N_LOOKS=0
	wait_until 20 descriptors_stay "$1"
}

descriptors_stay()
{
	local n

	n=$(descriptors "$1")
	N_LOOKS=$((n == ${N:--1} ? N_LOOKS + 1 : 0))
	N=$n
	[ "$N_LOOKS" -ge 10 ]
}

# no_more_descriptors PID N: than before
no_more_descriptors()
{
	[ "$(descriptors "$1")" -le "$2" ]
}

# ctl COMMAND…: fifoctl of this test's run directory
ctl()
{
	"$FIFOCTL" -r "$FIFOD_DIR" "$@" 3>&-
}

# open_session NAME ENDPOINT [KEY=VALUE | OPTION]…: S is its directory; a
# KEY=VALUE gets its -o, everything else is passed on as it is
open_session()
{
	local name=$1 endpoint=$2 word last=
	local words=()

	shift 2
	for word; do
		case $last:$word in
		-[dor]:* | *:-*) words+=("$word") ;;
		*=*) words+=(-o "$word") ;;
		*) words+=("$word") ;;
		esac
		last=$word
	done
	S=$FIFOD_DIR/$name
	ctl open "$name" "$endpoint" "${words[@]}"
}

# status_of SESSION KEY: one bare value
status_of()
{
	ctl status "$1" "$2"
}

# status_is SESSION KEY VALUE; wait_status SESSION KEY VALUE [SECONDS]
status_is()
{
	[ "$(status_of "$1" "$2" 2>/dev/null)" = "$3" ]
}

wait_status()
{
	wait_until "${4:-10}" status_is "$1" "$2" "$3" && return
	echo "$1: $2 is '$(status_of "$1" "$2")', not '$3'"
	return 1
}

# door SESSION [N]: the Nth address that it listens at
door()
{
	status_of "$1" listening | sed -n "${2:-1}p"
}

# door_port SESSION [N]: its port alone
door_port()
{
	local address

	address=$(door "$@")
	echo "${address##*:}"
}

# http_get SESSION PATH: one exchange by `in' and `out'
http_get()
{
	printf 'GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n' "$2" \
	    >"$FIFOD_DIR/$1/in" 3>&-
	within 10 cat <"$FIFOD_DIR/$1/out" 3>&-
}

# ---- the peer

# start_peer NAME MODE [ARGUMENTS]: returns when it listens; sets port (and
# PORT_NAME), PEER_PID (and PEER_PID_NAME); with --connect as soon as it called
start_peer()
{
	local name=$1 log=$T/peer.$1.log

	shift
	rm -f "$log"
	"$PEER" "$@" >"$log" 2>"$T/peer.$name.err" </dev/null 3>&- &
	PEER_PID=$!
	pid_add "$PEER_PID" "peer.$name"
	wait_until 10 peer_settled "$log" "$PEER_PID" || true
	[ -s "$log" ] ||
	    fail "peer $name did not start: $(cat "$T/peer.$name.err")"
	port=$(sed -n '1s/^port //p' "$log")
	printf -v "PORT_$name" %s "$port"
	printf -v "PEER_PID_$name" %s "$PEER_PID"
}

peer_settled()
{
	[ -s "$1" ] || pid_gone "$2"
}

# make_way NAME: whoever is told may listen at the port of that peer, which
# refuses; Linux lets it keep the port, so that it is given to no third one
# (SO_REUSEADDR in socket(7))
make_way()
{
	[ "$(uname -s)" = Linux ] || stop_peer "$1"
}

# hold_port: sets port to one of which that is true already, until the test
# ends: peers started with it (-p) come and go there
hold_port()
{
	start_peer held script --refuse
	make_way held
}

# stop_peer NAME [SECONDS]
stop_peer()
{
	local pid=PEER_PID_$1

	stop_pid "${!pid}" "${2:-10}"
}

# peer_log NAME: its events so far; wait_peer NAME REGEX [SECONDS]: for one
peer_log()
{
	cat "$T/peer.$1.log"
}

wait_peer()
{
	wait_for_line "$T/peer.$1.log" "$2" "${3:-10}"
}

# tls NAME: the peer's arguments for TLS with that certificate, unquoted:
#     start_peer web http $(tls good)
tls()
{
	echo "--tls --cert $CERTS/$1.pem --key $CERTS/$1.key"
}

# ---- clients that hold a FIFO and do nothing

# hold_reader PATH, hold_writer PATH: HELD_PID; `stop_pid' lets go
hold_reader()
{
	hold_open '<' "$1"
}

hold_writer()
{
	hold_open '>' "$1"
}

hold_open()
{
	local mark=$T/.held.$RANDOM$RANDOM

	# The sleep is no wait: it is the process that holds descriptor 9.
	sh -c "exec 9$1\"\$1\" && : >\"\$2\" && exec sleep 600" \
	    sh "$2" "$mark" >/dev/null 2>&1 </dev/null 3>&- &
	HELD_PID=$!
	pid_add "$HELD_PID" hold
	wait_until 10 test -e "$mark" || fail "$2 does not open"
}

# ---- users

require_root()
{
	[ "$(id -u)" -eq 0 ] || skip "only as root"
}

# as_user COMMAND…: as nobody, with a HOME and FIFOD_DIR in $USER_DIR
as_user()
{
	user_prepare
	(user_exec "$@" 3>&-)
}

# It is setpriv and not runuser because no process then stands between us and
# the command.
user_exec()
{
	case $1 in
	"$FIFOD" | "$FIFOCTL" | "$PEER")
		set -- "$USER_DIR/bin/${1##*/}" "${@:2}" ;;
	esac
	cd "$USER_DIR" &&
	    exec setpriv --reuid=nobody --regid=nogroup --clear-groups \
	    env -i PATH="$USER_DIR/bin:$PATH" LC_ALL=C HOME="$USER_DIR" \
	    FIFOD_DIR="$USER_DIR/run" "$@"
}

# The build directory may be out of nobody's reach: copies.
user_prepare()
{
	local program

	if [ -z "$USER_DIR" ] && [ -s "$T/.user" ]; then
		read -r USER_DIR <"$T/.user"
	fi
	[ -z "$USER_DIR" ] || return 0
	USER_DIR=$(mktemp -d /tmp/fifod-user.XXXXXX)
	echo "$USER_DIR" >"$T/.user"
	mkdir "$USER_DIR/bin"
	for program in "$FIFOD" "$FIFOCTL" "$PEER"; do
		[ ! -x "$program" ] || cp "$program" "$USER_DIR/bin/"
	done
	chown -R nobody:nogroup "$USER_DIR"
}
