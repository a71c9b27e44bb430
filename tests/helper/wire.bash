# Loaded after common.bash, by tests of what a network does to packets: the
# broker is at one end of tests/wire, peers at the other, 192.0.2.2.

# shellcheck disable=SC2034,SC2154

WIRE=${WIRE:-$(program_find wire)}

# wire_start: what is started next is at its ends, the broker and the peers
wire_start()
{
	require_root
	[ -x "$WIRE" ] || skip "this build has no tests/wire"
	mkfifo "$T/wire.in"
	background "$T/wire.out" "$WIRE" "$T/wire.in"
	WIRE_PID=$BACKGROUND_PID WIRE_N=0
	wait_until 10 wire_settled
	grep -q '^ready ' "$T/wire.out" ||
	    skip "no wire can be here: $(tail -n 1 "$T/wire.out")"
	read -r _ WIRE_LEFT WIRE_RIGHT <"$T/wire.out"
	printf '#!/bin/sh\nexec nsenter "--net=%s" -- "%s" "$@"\n' \
	    "$WIRE_RIGHT" "$PEER" >"$T/wire-peer"
	chmod +x "$T/wire-peer"
	PEER=$T/wire-peer
	FIFOD_WRAPPER="nsenter --net=$WIRE_LEFT -- ${FIFOD_WRAPPER-}"
}

wire_settled()
{
	grep -q '^ready ' "$T/wire.out" || pid_gone "$WIRE_PID"
}

# wire WORD NUMBER…: it does so when this returns
wire()
{
	echo "$*" >"$T/wire.in"
	WIRE_N=$((WIRE_N + 1))
	wait_until 10 wire_has_answered || fail "wire $*: $(cat "$T/wire.out")"
}

wire_has_answered()
{
	[ "$(grep -c '^ok ' "$T/wire.out")" -ge "$WIRE_N" ]
}

# wire_counts WORD: how many it has lost, reset, and so on
wire_counts()
{
	wire count 1
	sed -n "s/^passed.* $1 \([0-9]*\).*/\1/p" "$T/wire.out" | tail -n 1
}

# far_peer NAME MODE [ARGUMENTS]: a peer at the other end
far_peer()
{
	start_peer "$@" -l 192.0.2.2
	FAR=192.0.2.2:$port
}
