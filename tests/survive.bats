# The engine is killed again and again under clients that are not to notice.
#
# SURVIVE_SECONDS (6), SURVIVE_CLIENTS (5) of each kind.

# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154
load helper/common

setup()
{
	common_setup
	for_secs=${SURVIVE_SECONDS:-6} CLIENTS=${SURVIVE_CLIENTS:-5}
}

# The keeper's child, but for programs and look-ups.
engine()
{
	pgrep -P "$KEEPER" -f '^fifod: engine'
}

# One every 50 ms, as long as the clients are there.
kill_engines()
{
	local end=$((SECONDS + for_secs)) pid n=0

	while ((SECONDS < end)); do
		read -rt 0.05 <>"$T/.never" || true
		pid=$(engine) || continue
		[ -z "$pid" ] || ! kill -KILL "$pid" 2>/dev/null || ((++n))
	done
	echo "$n" >"$T/kills"
}

@test "no client meets more of a killed engine than an answer that says so" {
	local i kind pids=()

	start_peer a http
	open_session s "http://127.0.0.1:$port" timeout=20
	KEEPER=$(status_of s keeper)
	for ((i = 1; i <= CLIENTS; i++)); do
		for kind in private locked; do
			background "$T/said.$kind.$i" bash \
			    "$TESTS/helper/survive.bash" "$kind" \
			    "$i$([ $kind = private ] || echo 00)" "$for_secs"
			pids+=("$BACKGROUND_PID")
		done
	done
	kill_engines
	for i in "${pids[@]}"; do
		wait "$i" || true
	done
	[ ! -e "$T/wrong" ] || fail "$(head -n 20 "$T/wrong")"
	assert_equal "$(wc -l <"$T/sums")" $((2 * CLIENTS))
	awk -v kills="$(cat "$T/kills")" '{ n += $1; ok += $2; not += $3
	    cut += $4; if ($5 > slow) slow = $5 } END {
		printf "# %d engines killed, %d exchanges: %d answered, %d " \
		    "uncertain, %d cut short; the slowest took %d ms\n",
		    kills, n, ok, not, cut, slow / 1000 }' "$T/sums" >&3
}
