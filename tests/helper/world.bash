# Loaded after common.bash, by tests that need a network of their own, or
# tests/aid.
#
# A world is a network namespace whose loopback device is all there is, and a
# mount namespace with an /etc of its own; `world_start' puts the broker that
# is started next, and the peers, into it.

# shellcheck disable=SC2034,SC2154

AID=${AID:-$(program_find aid)}

# The portable build looks at names from time to time; it is never quite idle.
is_portable()
{
	grep -q '^#define PORTABLE 1' "$BUILD/config.h" 2>/dev/null
}

# world_start: $ETC is its /etc; WORLD_PID holds it
world_start()
{
	require_root
	ETC=$T/etc
	mkdir "$ETC"
	cp -a /etc/passwd /etc/group /etc/ld.so.* "$ETC/"
	printf '%s\n' 'multi on' >"$ETC/host.conf"
	printf '%s\n' 'passwd: files' 'group: files' 'hosts: files' \
	    'services: files' >"$ETC/nsswitch.conf"
	printf '%s\n' '127.0.0.1 localhost' '::1 localhost' >"$ETC/hosts"
	: >"$ETC/services"
	: >"$ETC/resolv.conf"
	# The sleep is no wait: it is the process that holds the namespaces.
	# shellcheck disable=SC2016
	background "$T/world.out" unshare --mount --net sh -c '
		mount --bind "$1" /etc && "$2" lo up && echo made &&
		exec sleep 600' sh "$ETC" "$AID"
	WORLD_PID=$BACKGROUND_PID
	wait_until 10 world_settled
	grep -q '^made$' "$T/world.out" ||
	    skip "no namespaces here: $(tail -n 1 "$T/world.out")"
	printf '#!/bin/sh\nexec nsenter -t %s -m -n -- "$@"\n' "$WORLD_PID" \
	    >"$T/world"
	printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$T/world" "$PEER" \
	    >"$T/world-peer"
	chmod +x "$T/world" "$T/world-peer"
	FIFOD_WRAPPER="$T/world ${FIFOD_WRAPPER-}"
	PEER=$T/world-peer
}

world_settled()
{
	grep -q '^made$' "$T/world.out" || pid_gone "$WORLD_PID"
}

# world COMMAND…: there
world()
{
	"$T/world" "$@" 3>&-
}

# start_full NAME [ARGUMENTS]: a peer whose backlog is full, so that whoever
# calls it hears nothing; sets port
start_full()
{
	local name=$1 address=127.0.0.1 word last=

	for word; do
		[ "$last" != -l ] || address=$word
		last=$word
	done
	case $address in
	*:*) address=[$address] ;;
	esac
	start_peer "$name" script --no-accept --backlog 0 "${@:2}"
	background "$T/full.$name.0" "$PEER" script -e stall \
	    --connect "$address:$port"
	wait_for_line "$T/full.$name.0" '^stall 1$'
}

# ms: of the clock
ms()
{
	echo "$((${EPOCHREALTIME/./} / 1000))"
}

# file_status SESSION KEY: as `status_of', from the file
file_status()
{
	sed -n "s/^$2=//p" "$FIFOD_DIR/$1/status"
}

# wait_log SESSION REGEX [SECONDS]
wait_log()
{
	wait_for_line "$FIFOD_DIR/$1/log" "$2" "${3:-10}"
}

# wait_stable SESSION KEY: until a counter has not moved for half a second
wait_stable()
{
	STABLE=-1
	wait_until 20 still_since "$1" "$2"
}

still_since()
{
	local now

	now=$(status_of "$1" "$2")
	if [ "$now" != "$STABLE" ]; then
		STABLE=$now
		STABLE_MS=$(ms)
		return 1
	fi
	(($(ms) - STABLE_MS >= 500))
}
