# shellcheck shell=bash disable=SC2034	# some variables are for others
# relay.sh: relays, a link for each client, beside socat and nginx; the crowd
# of tests/crowd.c is both clients and server.  Part of the driver.

CROWD_PID='' RELAY_PID='' RELAY_PORT=''

# crowd_start: the server; sets PORTS[crowd]
crowd_start()
{
	local line

	: >"$SCRATCH/ports"
	"$BIN/crowd" serve >"$SCRATCH/ports" &
	CROWD_PID=$!
	until read -r _ line <"$SCRATCH/ports" && [ -n "$line" ]; do
		kill -0 "$CROWD_PID" 2>/dev/null || return 1
		sleep 0.01
	done
	PORTS[crowd]=$line
}

crowd_stop()
{
	[ -z "$CROWD_PID" ] || pid_end "$CROWD_PID"
	CROWD_PID=''
}

# It takes a connection.
port_answers()
{
	(exec 9<>"/dev/tcp/$HOST/$1") 2>/dev/null
}

relay_fifod()
{
	rm -rf "$SCRATCH/run"
	printf 'open s1 tcp://%s:%s -o connections=each -o listen=%s:%s\n' \
	    "$HOST" "${PORTS[crowd]}" "$HOST" "$RELAY_PORT" \
	    >"$SCRATCH/fifod.conf"
	mkdir -m 0700 "$SCRATCH/run"
	broker_command
}

relay_socat()
{
	command_is socat \
	    "TCP-LISTEN:$RELAY_PORT,fork,reuseaddr,backlog=4096,bind=$HOST" \
	    "TCP:$HOST:${PORTS[crowd]}"
}

NGINX_STREAM=/usr/lib/nginx/modules/ngx_stream_module.so

# One worker, which is the process itself.
relay_nginx()
{
	cat >"$SCRATCH/nginx.conf" <<-END
		load_module $NGINX_STREAM;
		daemon off; master_process off; pid $SCRATCH/nginx.pid;
		error_log $RESULTS/stderr crit;
		events { worker_connections 16384; }
		stream {
			server {
				listen $HOST:$RELAY_PORT backlog=4096;
				proxy_half_close on;
				proxy_pass $HOST:${PORTS[crowd]};
			}
		}
	END
	command_is nginx -c "$SCRATCH/nginx.conf" -p "$SCRATCH/"
}

# front_start NAME: returns when it takes clients; sets RELAY_PORT, RELAY_PID
front_start()
{
	local i

	peer_here "$1" || return 1
	if [ "$1" = nginx ] && [ ! -e "$NGINX_STREAM" ]; then
		absent nginx 'no stream module (libnginx-mod-stream)'
		return 1
	fi
	# A port that was free: a server that we end at once had it.
	: >"$SCRATCH/port"
	"$BIN/crowd" serve >"$SCRATCH/port" &
	i=$!
	until grep -q . "$SCRATCH/port"; do sleep 0.01; done
	read -r _ RELAY_PORT <"$SCRATCH/port"
	pid_end $i 2>/dev/null
	"relay_$1"
	"${COMMAND[@]}" </dev/null >/dev/null 2>>"$RESULTS/stderr" &
	RELAY_PID=$!
	for ((i = 0; i < 500; i++)); do
		! port_answers "$RELAY_PORT" || return 0
		kill -0 "$RELAY_PID" 2>/dev/null || break
		sleep 0.02
	done
	failed "relay: $1 takes no client"
	front_stop
	return 1
}

front_stop()
{
	[ -z "$RELAY_PID" ] || pid_end "$RELAY_PID"
	RELAY_PID=''
}

# By the difference of many to a few.
relay_memory()
{
	local pids before after

	pids=$(pid_tree "$RELAY_PID")
	"$BIN/crowd" hold 20 "$RELAY_PORT" </dev/null >/dev/null
	sleep 0.5
	# shellcheck disable=SC2086
	before=$(pids_memory $pids)
	coproc HOLD { exec "$BIN/crowd" hold "$PAIRS" "$RELAY_PORT"; }
	read -r -t 60 _ <&"${HOLD[0]}"
	sleep 0.5
	# shellcheck disable=SC2086
	after=$(pids_memory $pids)
	record relay.memory "$1" "$(awk -v a="$before" -v b="$after" \
	    -v n="$PAIRS" 'BEGIN { print (b - a) / n }')"
	exec {HOLD[1]}>&-
	wait "$HOLD_PID" 2>/dev/null
}

# As many at a time as makes each of them quickest: socat has a process each.
relay_short()
{
	local rate lost n=50

	[ "$1" != socat ] || n=20
	read -r rate lost < <(bounded "$BIN/crowd" short $n "$SPAN" \
	    "$RELAY_PORT")
	record relay.short "$1" "${rate:-0}"
	[ "$lost" = 0 ] || failed "relay: of $1 ${lost:-all} were lost"
}

# Far more at a time than there are processors: none may be lost.
relay_crowd()
{
	local rate lost

	read -r rate lost < <(bounded "$BIN/crowd" short 2000 $((SPAN * 5)) \
	    "$RELAY_PORT")
	record relay.crowd "$1" "${rate:-0}"
	[ "$lost" = 0 ] || failed "relay: of 2000 clients ${lost:-all} were lost"
}

relay_bulk()
{
	local way rate

	for way in up down; do
		if rate=$(bounded "$BIN/crowd" $way "$MIB" "$RELAY_PORT"); then
			record relay.$way "$1" \
			    "$(awk -v r="$rate" 'BEGIN { print r / 1024 }')"
		else
			failed "relay: $way of $1"
		fi
	done
}

relay_measure()
{
	local name

	crowd_start || { failed 'relay: no server'; return; }
	for name in fifod nginx socat; do
		front_start "$name" || continue
		relay_bulk "$name"
		relay_short "$name"
		if [ "$name" = fifod ] && [ "$ROUND" = 1 ]; then
			relay_memory "$name"
			relay_crowd "$name"
		fi
		front_stop
	done
	crowd_stop
}
