# Many shells at once over one connection, with long requests, and killed at
# random: every reply is its own.
#
# TORTURE_CLIENTS (50) shells make TORTURE_ROUNDS (20) exchanges each.

# Scripts that are handed on, variables that common.bash sets, tests that are
# subshells:
# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154
load helper/common
load helper/world

setup()
{
	common_setup
	CLIENTS=${TORTURE_CLIENTS:-50}
	ROUNDS=${TORTURE_ROUNDS:-20}
}

# all_at_once CLIENT…: so many of each, in the background, to their end
all_at_once()
{
	local i kind pids=()

	: >"$T/done"
	for ((i = 1; i <= CLIENTS; i++)); do
		for kind; do
			background "$T/said.$kind.$i" bash \
			    "$TESTS/helper/torture.bash" "$kind" "$i" \
			    "$FRAMING" "$ROUNDS"
			pids+=("$BACKGROUND_PID")
		done
	done
	for i in "${pids[@]}"; do
		wait "$i" || true
	done
	[ ! -e "$T/wrong" ] || fail "$(head -n 20 "$T/wrong")"
	assert_equal "$(wc -l <"$T/done")" $((CLIENTS * $#))
}

descriptors()
{
	find "/proc/$(engine_pid)/fd" -mindepth 1 | wc -l
}

descriptors_are()
{
	[ "$(descriptors)" -eq "$1" ]
}

# torture FRAMING ENDPOINT OPTION…: the session; BEFORE is what it holds idle
torture()
{
	FRAMING=$1
	open_session s "$2" "${@:3}"
	# The caller has its answer before the broker has hung up on it.
	descriptors_at_rest "$(engine_pid)"
	BEFORE=$N
}

# Nothing of those that were killed has stayed.
nothing_stays()
{
	wait_status s channels 0 30
	wait_until 10 descriptors_are "$BEFORE" ||
	    fail "$BEFORE descriptors before, $(descriptors) after"
	assert_equal "$(ls -A "$S/ch")" ''
	# And the next one is served.
	CLIENTS=1 ROUNDS=1 all_at_once client
}

# ---- private channels

@test "fifty shells over one HTTP connection: every reply is its own" {
	start_broker
	start_peer s http -q
	torture http "http://127.0.0.1:$port"
	all_at_once client
	assert_equal "$(status_of s exchanges)" $((CLIENTS * ROUNDS))
	status_is s links 1
	status_is s discarded 0
	nothing_stays
}

@test "fifty shells over one pipelined connection: every reply is its own" {
	start_broker
	start_peer s echo -q
	torture netstring "tcp://127.0.0.1:$port" framing=netstring pipeline=10
	all_at_once client
	assert_equal "$(status_of s exchanges)" $((CLIENTS * ROUNDS))
	status_is s links 1
	nothing_stays
}

@test "shells that are killed at random harm no other, and nothing of them stays" {
	start_broker
	start_peer s http -q
	torture http "http://127.0.0.1:$port"
	CLIENTS=$((CLIENTS / 2))
	all_at_once client victims
	status_is s links 1
	nothing_stays
}

@test "shells killed at random on a pipelined connection harm no other" {
	start_broker
	start_peer s echo -q
	torture netstring "tcp://127.0.0.1:$port" framing=netstring pipeline=10
	CLIENTS=$((CLIENTS / 2))
	all_at_once client victims
	status_is s links 1
	nothing_stays
}

# ---- fifoctl request

@test "fifoctl requests, some of them killed: every reply is its own" {
	start_broker
	start_peer s http -q
	torture http "http://127.0.0.1:$port"
	CLIENTS=$((CLIENTS / 2))
	all_at_once requester killed client
	status_is s links 1
	nothing_stays
}

# ---- the default channel

@test "twenty shells share the default channel under flock, each its own reply" {
	start_broker
	start_peer s http -q
	torture http "http://127.0.0.1:$port"
	CLIENTS=$(((CLIENTS + 4) / 5))
	all_at_once locked locked_lines
	assert_equal "$(status_of s exchanges)" $((CLIENTS * ROUNDS * 2))
	status_is s links 1
	status_is s discarded 0
	nothing_stays
}

@test "clients of every habit take turns at one session, and each gets its own" {
	local slots

	slots=$(program_find torture_slots)
	start_broker
	background "$T/peer.log" "$slots" -l "$T/port"
	wait_until 10 test -s "$T/port"
	torture netstring "tcp://127.0.0.1:$(cat "$T/port")" framing=netstring
	run -0 within 100 "$slots" -d "$S" -n 5000 -c 3 -j 1
	assert_output --partial 'early-eof 0 lost 0 misplaced 0'
	status_is s links 1
}
