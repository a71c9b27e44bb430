# shellcheck shell=bash disable=SC2034	# some variables are for others
# lib.sh: what the driver and the adapters share.  Every process that is
# started here is ended here, by its own pid.

HOST=127.0.0.1 FAR_HOST=10.99.0.2
SERVER_PID='' IN='' OUT='' PIDS='' COMMAND=() FILTER_PID=''
SERVER_UNDER=()		# who runs the server: a command in front of it
declare -A PORTS=()	# of the server, by protocol
TRIP=()			# how rtt asks this relay, -r or -e
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

# A peer, or a NAME, that this machine cannot have: said once, and no failure.
absent()
{
	! grep -q "^absent	$1	" "$RAW" || return 0
	say "left out: $1: $2"
	printf 'absent\t%s\t0\t1\n' "$1" >>"$RAW"
}

# peer_here NAME: can it be run?
peer_here()
{
	local program=$1

	case $1 in
	fifod | prototype) return 0 ;;
	s_client) program=openssl ;;
	stunnel) command -v stunnel4 >/dev/null && return 0 ;;
	esac
	command -v "$program" >/dev/null && return 0
	absent "$1" "no $program on this machine"
	return 1
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
	    -addext "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:$FAR_HOST" \
	    -keyout "$SCRATCH/key.pem" -out "$CERT" 2>/dev/null
}

# nginx_configure: a server that is as quick as it can be, and answers as ours.
# It cannot choose its ports, so that it wants a network of its own.
nginx_configure()
{
	local body

	body=$(awk 'BEGIN { for (i = 0; i < 50; i++)
		printf "%c", 97 + int(i * 131 / 8) % 26 }')
	cat >"$SCRATCH/nginx.conf" <<-END
		daemon off; master_process off; pid $SCRATCH/nginx.pid;
		error_log $RESULTS/stderr crit;
		events { worker_connections 4096; }
		http {
			access_log off; default_type text/plain;
			client_body_temp_path $SCRATCH/n1;
			proxy_temp_path $SCRATCH/n2;
			fastcgi_temp_path $SCRATCH/n3;
			uwsgi_temp_path $SCRATCH/n4;
			scgi_temp_path $SCRATCH/n5;
			keepalive_requests 1000000000; keepalive_timeout 3600s;
			keepalive_time 24h;
			server {
				listen $HOST:8080; listen $HOST:8443 ssl;
				ssl_certificate $CERT;
				ssl_certificate_key $SCRATCH/key.pem;
				ssl_protocols TLSv1.3;
				location / { return 200 $body; }
			}
		}
	END
}

nginx_start()
{
	nginx_configure
	nginx -c "$SCRATCH/nginx.conf" -p "$SCRATCH/" 2>>"$RESULTS/stderr" &
	SERVER_PID=$!
	until (exec 9<>"/dev/tcp/$HOST/8443") 2>/dev/null; do
		kill -0 "$SERVER_PID" 2>/dev/null || return 1
		sleep 0.02
	done
	PORTS=([tcp]=8080 [http]=8080 [tls]=8443 [https]=8443)
}

# server_start: on HOST; sets PORTS
server_start()
{
	local plain tls line

	if [ "${SERVER:-}" = nginx ] && [ ${#SERVER_UNDER[@]} = 0 ]; then
		nginx_start
		return
	fi
	: >"$SCRATCH/ports"
	"${SERVER_UNDER[@]}" "$BIN/server" -a "$HOST" "$CERT" \
	    "$SCRATCH/key.pem" >>"$SCRATCH/ports" &
	SERVER_PID=$!
	until read -r line <"$SCRATCH/ports" && [ -n "$line" ]; do
		kill -0 "$SERVER_PID" 2>/dev/null || return 1
		sleep 0.01
	done
	read -r plain tls <<<"$line"
	PORTS=([tcp]=$plain [http]=$plain [tls]=$tls [https]=$tls)
}

server_stop()
{
	[ -z "$SERVER_PID" ] || pid_end "$SERVER_PID"
	SERVER_PID=''
}

# --- peers: adapters/NAME.sh defines three functions
#
# adapter_start PROTOCOL PORT	sets IN, OUT and PIDS (what does the relaying),
#				and TRIP where it is not asked by plain rtt
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
	peer_here "$1" || return 1
	adapter_use "$1"
	TRIP=()
	if adapter_start "$2" "${PORTS[$2]}" &&
	    PATIENCE=10 bounded "$BIN/rtt" -n 1 "${TRIP[@]}" "$IN" "$OUT" \
	    >/dev/null; then
		return 0
	fi
	failed "$1 over $2: it relays nothing"
	adapter_stop
	return 1
}

# --- fifod: one broker, sessions s1 to sN, all from a configuration file

BROKER_PID='' BROKER_CAPACITY=''
BROKER_AS=()		# who runs it: a command in front of fifod
BROKER_OPTIONS=''	# of its sessions

# broker_configure N PROTOCOL PORT
broker_configure()
{
	local options=$BROKER_OPTIONS

	case $2 in
	tls | https) options="$options -o ca=$CERT" ;;
	esac
	rm -rf "$SCRATCH/run"
	mkdir "$SCRATCH/run"
	chmod 0700 "$SCRATCH/run"
	[ ${#BROKER_AS[@]} = 0 ] || chown nobody "$SCRATCH/run"
	awk -v n="$1" -v peer="$2://$HOST:$3" \
	    -v options="$options" \
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
	dpkg-query -W bash curl ncat netcat-openbsd socat stunnel4 wrk \
	    2>/dev/null
}

# programs_make: what is older than its source, unless make(1) did it
programs_make()
{
	local name

	mkdir -p "$BIN" || return 1
	if [ ! "$BIN/crowd" -nt "$HERE/../crowd.c" ]; then
		${CC:-cc} -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra \
		    -o "$BIN/crowd" "$HERE/../crowd.c" || return 1
	fi
	for name in await bulk far many process prototype relays rtt server \
	    start; do
		[ "$BIN/$name" -nt "$HERE/$name.c" ] &&
		    [ "$BIN/$name" -nt "$HERE/bench.h" ] && continue
		# shellcheck disable=SC2086
		${CC:-cc} -std=c11 -D_GNU_SOURCE \
		    ${CFLAGS:--O2 -Wall -Wextra} \
		    -o "$BIN/$name" "$HERE/$name.c" -lssl -lcrypto || return 1
	done
}
