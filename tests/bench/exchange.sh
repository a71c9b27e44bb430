# shellcheck shell=bash disable=SC2034,SC2153	# variables are shared
# exchange.sh: figures of sessions whose framing cuts messages, where a reply is
# followed by its end of file.

CURL=(curl -s --noproxy '*')

# trip_measure FIGURE COMPETITOR COMMAND...: what it prints is the figure
trip_measure()
{
	local figure=$1 name=$2 value

	shift 2
	if value=$(bounded "$@"); then
		record "$figure" "$name" "$value"
	else
		failed "$figure of $name"
	fi
}

# script_measure FIGURE WAY N PROTOCOL COMPETITOR: a shell's round trips
script_measure()
{
	relay_start "$5" "$4" || return 0
	trip_measure "$1" "$5" "$HERE/shell" "$2" "$3" "$IN" "$OUT"
	adapter_stop
}

shell_measure()
{
	local name

	script_measure shell.exchange fifo "$SHELL_TRIPS" http fifod
	trip_measure shell.exchange devtcp \
	    "$HERE/shell" tcp "$SHELL_TRIPS" "$HOST" "${PORTS[http]}"
	script_measure shell.exchange fifo "$SHELL_TRIPS" tcp prototype

	script_measure shell.tls fifo "$SHELL_TRIPS" https fifod
	if peer_here curl; then
		trip_measure shell.tls curl "$HERE/shell" run "$SLOW_TRIPS" \
		    "${CURL[@]}" --cacert "$CERT" \
		    "https://$HOST:${PORTS[https]}/50"
	fi

	script_measure shell.lines lines "$SHELL_TRIPS" http fifod
	for name in nc socat; do
		script_measure shell.lines lines "$SLOW_TRIPS" tcp "$name"
	done
}

# All on one CPU.  Each with its likes: FIFOs opened anew each time, a socket
# that is held, a whole process.
exchange_measure()
{
	local name relay

	for name in fifod/http prototype/tcp; do
		relay_start "${name%/*}" "${name#*/}" || continue
		trip_measure exchange.fifo "${name%/*}" "$BIN/rtt" \
		    -w 100 -n "$TRIPS" -r "${TRIP[@]}" "$IN" "$OUT"
		adapter_stop
	done

	"$BIN/prototype" -u "$SCRATCH/sock" rw "${PORTS[tcp]}" &
	relay=$!
	if broker_start 1 http "${PORTS[http]}"; then
		exchange_session "$SCRATCH/run/s1/sock"
	else
		failed "$GROUP: no broker"
	fi
	trip_measure exchange.sock prototype "$BIN/rtt" \
	    -w 100 -n "$TRIPS" "$SCRATCH/sock"
	pid_end "$relay"
	rm "$SCRATCH/sock"
	if peer_here curl; then
		trip_measure exchange.request curl "$BIN/process" \
		    -n "$PROCESSES" /dev/null 50 \
		    "${CURL[@]}" "http://$HOST:${PORTS[http]}/50"
	fi
	broker_stop
}

# exchange_session SOCK
exchange_session()
{
	local length request

	trip_measure exchange.sock fifod "$BIN/rtt" -w 100 -n "$TRIPS" "$1"
	printf 'GET /50 HTTP/1.1\r\nHost: localhost\r\n\r\n' \
	    >"$SCRATCH/request"
	request=("$BUILD/fifoctl" -r "$SCRATCH/run" request s1)
	length=$("${request[@]}" <"$SCRATCH/request" | wc -c)
	trip_measure exchange.request fifod "$BIN/process" -n "$PROCESSES" \
	    "$SCRATCH/request" "$length" "${request[@]}"
	peer_here curl || return 0
	trip_measure exchange.request curl-sock "$BIN/process" \
	    -n "$PROCESSES" /dev/null 50 \
	    "${CURL[@]}" --unix-socket "$1" http://localhost/50
}

# many_fifod FIGURE N PROTOCOL OPTIONS [many's...]
many_fifod()
{
	local figure=$1 count=$2 protocol=$3

	BROKER_OPTIONS=$4
	shift 4
	if broker_start "$count" "$protocol" "${PORTS[$protocol]}"; then
		trip_measure "$figure" fifod "$BIN/many" "$@" -n "$count" \
		    -t "$SPAN" "$SCRATCH/run/s"
		broker_stop
	else
		failed "$figure: no broker"
	fi
	BROKER_OPTIONS=''
}

# many_relays FIGURE N [many's...]
many_relays()
{
	local figure=$1 count=$2 relay

	shift 2
	: >"$SCRATCH/relays"
	"$BIN/relays" -n "$count" "$SCRATCH/r" "${PORTS[tcp]}" \
	    >"$SCRATCH/relays" &
	relay=$!
	until grep -q ready "$SCRATCH/relays"; do
		kill -0 "$relay" 2>/dev/null || break
		sleep 0.02
	done
	trip_measure "$figure" relay "$BIN/many" "$@" -n "$count" -t "$SPAN" \
	    "$SCRATCH/r"
	pid_end "$relay"
	rm -rf "$SCRATCH"/r[0-9]*
}

many_measure()
{
	many_fifod many.held 100 http '-o delivery=stream'
	many_relays many.held 100
	many_fifod many.reopened 100 http '' -r -e
	many_relays many.reopened 100 -r
	many_fifod many.stream 100 tcp ''
}

# channels_make SESSION N: as a script does it, without any program
channels_make()
{
	local i

	for ((i = 1; i <= $2; i++)); do
		mkdir "$1/ch/c$i" || return 1
	done
	for ((i = 1; i <= $2; i++)); do
		until [ -p "$1/ch/c$i/in" ]; do
			kill -0 "$BROKER_PID" 2>/dev/null || return 1
			sleep 0.01
		done
	done
}

# 50 clients of one session of 10 connections
pool_measure()
{
	local session=$SCRATCH/run/s1 wrk

	BROKER_OPTIONS='-o connections=10'
	if broker_start 1 http "${PORTS[http]}"; then
		trip_measure pool.sock fifod "$BIN/many" -u -n 50 -t "$SPAN" \
		    "$session/sock"
		if PATIENCE=20 channels_make "$session" 50; then
			trip_measure pool.fifo fifod "$BIN/many" -r -e -n 50 \
			    -t "$SPAN" "$session/ch/c"
		else
			failed "$GROUP: no channels"
		fi
		broker_stop
	else
		failed "$GROUP: no broker"
	fi
	BROKER_OPTIONS=''
	peer_here wrk || return 0
	wrk=$(bounded wrk -t 1 -c 10 -d "$SPAN" \
	    "http://$HOST:${PORTS[http]}/50" |
	    awk '/^Requests\/sec:/ { print $2 }')
	record pool.sock wrk "$wrk"
	record pool.fifo wrk "$wrk"
}

# --- a place that is 25 ms away, there and back

far_configure()
{
	cat <<-END
		ip link set lo up && ip address add $2/24 dev $1 &&
		ip link set $1 up &&
		ip route replace 10.99.0.0/24 dev $1 congctl cubic
	END
}

far_start()
{
	SERVER_UNDER=("$BIN/far" near away 12.5
	    sh -c "$(far_configure away "$FAR_HOST") && exec \"\$@\"" sh)
	HOST=$FAR_HOST
	server_restart
	sh -c "$(far_configure near 10.99.0.1)"
}

far_stop()
{
	server_stop
	SERVER_UNDER=() HOST=127.0.0.1
}

far_measure()
{
	if [ -z "${BENCH_NAMESPACE:-}" ] || [ ! -w /dev/net/tun ]; then
		absent far 'it wants root and /dev/net/tun'
		return 0
	fi
	far_start || { failed 'far: no line'; far_stop; return 0; }
	if relay_start fifod https; then
		trip_measure far.exchange fifod "$BIN/rtt" -n "$SLOW_TRIPS" \
		    "${TRIP[@]}" "$IN" "$OUT"
		adapter_stop
	fi
	trip_measure far.exchange direct "$BIN/rtt" -n "$SLOW_TRIPS" \
	    -t "$HOST" "${PORTS[tcp]}"
	if peer_here curl; then
		trip_measure far.exchange curl "$BIN/process" \
		    -n "$SLOW_TRIPS" /dev/null 50 "${CURL[@]}" \
		    --cacert "$CERT" "https://$HOST:${PORTS[https]}/50"
	fi
	far_stop
}

# Its own rounds are enough for its own figure, and the others' for the medians.
framer_measure()
{
	local name value

	if [ ! -x "$BIN/framer" ]; then
		failed "$GROUP: make tests/bench/framer builds it"
		return
	fi
	while read -r name value _; do
		record "framer.${name#http-}" fifod "$value"
	done < <(bounded "$BIN/framer" -t "$SPAN" || failed "$GROUP")
}
