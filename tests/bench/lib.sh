# shellcheck shell=bash disable=SC2034	# some variables are for others
# lib.sh: what the driver and the adapters share.  Every process that is
# started here is ended here, by its own pid.

HOST=127.0.0.1
SERVER_PID='' PORT='' IN='' OUT='' PIDS='' COMMAND=() FILTER_PID=''
PAGE=$(getconf PAGESIZE)

say()
{
	printf 'bench: %s\n' "$*" >&2
}

# A figure could not be measured: the rest goes on, the exit status tells.
failed()
{
	say "not measured: $*"
	: >"$RESULTS/failed"
}

# record FIGURE COMPETITOR VALUE
record()
{
	printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$ROUND" "$3" >>"$RAW"
}

# bounded COMMAND...: of our clients, so that no peer can hang the run
bounded()
{
	timeout --foreground "${PATIENCE:-120}" "$@"
}

# pid_end PID: by TERM, after ten seconds by KILL
pid_end()
{
	local i

	kill "$1" 2>/dev/null || return 0
	for ((i = 0; i < 500; i++)); do
		kill -0 "$1" 2>/dev/null || break
		sleep 0.02
	done
	if kill -9 "$1" 2>/dev/null; then
		say "process $1 did not end on SIGTERM"
	fi
	wait "$1" 2>/dev/null || true
}

# The process and all that it has started, which are blamed for its CPU time
# and memory.
pid_tree()
{
	local child

	printf '%s ' "$1"
	# shellcheck disable=SC2013	# words it is: "children" is one line
	for child in $(cat "/proc/$1/task/"*/children 2>/dev/null); do
		pid_tree "$child"
	done
}

# KiB of proportional set size: private memory, and a share of what is shared
pids_memory()
{
	local pid

	for pid; do
		cat "/proc/$pid/smaps_rollup" || return 1
	done | awk '/^Pss:/ { sum += $2 } END { print sum }'
}

# How often the threads of these processes were given a CPU.  One that was not
# has made no system call.
pids_runs()
{
	local pid

	for pid; do
		cat "/proc/$pid/task/"*/schedstat || return 1
	done | awk '{ sum += $3 } END { print sum }'
}

# --- the server, the peer of every figure

certificate_make()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
	    -nodes -days 2 -subj /CN=localhost \
	    -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' \
	    -keyout "$SCRATCH/key.pem" -out "$CERT" 2>/dev/null
}

# server_start tcp|tls: sets PORT
server_start()
{
	local plain tls line

	: >"$SCRATCH/ports"
	"$BIN/server" "$CERT" "$SCRATCH/key.pem" >>"$SCRATCH/ports" &
	SERVER_PID=$!
	until read -r line <"$SCRATCH/ports" && [ -n "$line" ]; do
		kill -0 "$SERVER_PID" 2>/dev/null || return 1
		sleep 0.01
	done
	read -r plain tls <<<"$line"
	case $1 in
	tcp) PORT=$plain ;;
	tls) PORT=$tls ;;
	esac
}

server_stop()
{
	[ -z "$SERVER_PID" ] || pid_end "$SERVER_PID"
	SERVER_PID=''
}

# --- peers: adapters/NAME.sh defines three functions
#
# adapter_start PROTOCOL PORT	sets IN, OUT and PIDS (what does the relaying)
# adapter_stop
# adapter_command PROTOCOL PORT	only peers that are filters, COMMAND <IN >OUT:
#				says command_is COMMAND...

adapter_use()
{
	# shellcheck disable=SC1090
	. "$HERE/adapters/$1.sh"
}

command_is()
{
	COMMAND=("$@")
}

# For adapters of filters: the FIFOs are held open, so that no client's coming
# and going ends the filter.
filter_start()
{
	IN=$SCRATCH/in OUT=$SCRATCH/out
	rm -f "$IN" "$OUT"
	mkfifo "$IN" "$OUT"
	exec {HOLD_IN}<>"$IN" {HOLD_OUT}<>"$OUT"
	adapter_command "$@"
	"${COMMAND[@]}" <"$IN" >"$OUT" 2>>"$RESULTS/stderr" \
	    {HOLD_IN}>&- {HOLD_OUT}>&- &
	FILTER_PID=$! PIDS=$!
}

filter_stop()
{
	[ -n "$FILTER_PID" ] || return 0
	pid_end "$FILTER_PID"
	FILTER_PID=''
	exec {HOLD_IN}>&- {HOLD_OUT}>&-
}

# relay_start NAME PROTOCOL: up and proven by a first exchange, else failed
relay_start()
{
	adapter_use "$1"
	if adapter_start "$2" "$PORT" &&
	    PATIENCE=10 bounded "$BIN/rtt" -n 1 "$IN" "$OUT" >/dev/null; then
		return 0
	fi
	failed "$1 over $2: it relays nothing"
	adapter_stop
	return 1
}

# --- fifod: one broker, sessions s1 to sN, all from a configuration file

BROKER_PID='' BROKER_CAPACITY=''
BROKER_AS=()	# who runs it: a command in front of fifod

# broker_configure N PROTOCOL PORT
broker_configure()
{
	rm -rf "$SCRATCH/run"
	mkdir "$SCRATCH/run"
	chmod 0700 "$SCRATCH/run"
	[ ${#BROKER_AS[@]} = 0 ] || chown nobody "$SCRATCH/run"
	awk -v n="$1" -v peer="$2://$HOST:$3" \
	    -v options="$([ "$2" = tcp ] || printf '%s' "-o ca=$CERT")" \
	    'BEGIN {
		for (i = 1; i <= n; i++)
			printf "open s%d %s %s\n", i, peer, options
	}' >"$SCRATCH/fifod.conf"
}

broker_command()
{
	command_is "${BROKER_AS[@]}" "$BUILD/fifod" -F \
	    -f "$SCRATCH/fifod.conf" -r "$SCRATCH/run"
}

# broker_start N PROTOCOL PORT: returns when all sessions are up, and sets
# BROKER_CAPACITY to the bytes that a FIFO of the last session holds
broker_start()
{
	[ -x "$BUILD/fifod" ] || return 1
	broker_configure "$@"
	broker_command
	"${COMMAND[@]}" </dev/null >/dev/null 2>>"$RESULTS/stderr" &
	BROKER_PID=$!
	BROKER_CAPACITY=$("$BIN/await" -p "$BROKER_PID" -t 120 \
	    "$SCRATCH/run" "$1") || { broker_stop; return 1; }
}

broker_stop()
{
	[ -z "$BROKER_PID" ] || pid_end "$BROKER_PID"
	BROKER_PID=''
}

# --- the machine

# A namespace of our own: nothing else on its loopback, and cubic there, as
# stock kernels have it (bbr, where it is the default, paces loopback to half).
namespace_prepare()
{
	local net

	ip link set lo up
	for net in 127.0.0.0/8 127.0.0.1; do
		ip route replace local "$net" dev lo table local proto kernel \
		    scope host src 127.0.0.1 congctl cubic ||
		    say 'warning: no cubic here; bulk figures will differ'
	done
}

machine_describe()
{
	date
	uname -srm
	nproc
	sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | sort | uniq -c
	openssl version
	socat -V | sed -n 2p
	dpkg-query -W bash ncat netcat-openbsd socat stunnel4 2>/dev/null
}

# programs_make: what is older than its source, unless make(1) did it
programs_make()
{
	local name

	mkdir -p "$BIN" || return 1
	for name in await bulk prototype rtt server start; do
		[ "$BIN/$name" -nt "$HERE/$name.c" ] &&
		    [ "$BIN/$name" -nt "$HERE/bench.h" ] && continue
		# shellcheck disable=SC2086
		${CC:-cc} -std=c11 -D_GNU_SOURCE \
		    ${CFLAGS:--O2 -Wall -Wextra} \
		    -o "$BIN/$name" "$HERE/$name.c" -lssl -lcrypto || return 1
	done
}
