# The shells of tests/torture.bats, each a bash of its own:
#
#	bash torture.bash KIND WHO FRAMING ROUNDS
#
# KIND is one of the functions below whose comment says so.  The session is `s'
# of $FIFOD_DIR; what was wrong is a line in $T/wrong, and who has come to his
# end one in $T/done.

set -u
S=$FIFOD_DIR/s
WHO=$2 FRAMING=$3 ROUNDS=$4
RANDOM=$WHO

# ---- a client, as a script would be one

# body WHO ROUND: BODY is 20 000 bytes that are nobody else's
body()
{
	local word

	printf -v word '%05d-%04d' "$1" "$2"
	printf -v BODY "$word%.0s" {1..2000}
}

# A request and its reply are told apart by the session's framing: $FRAMING.
# bash writes them in pieces of 4096 bytes.
write_http()
{
	printf 'POST /echo/ HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s' \
	    "${#BODY}" "$1"
}

write_netstring()
{
	printf '%d:%s%s' "${#BODY}" "$1" "${2-,}"
}

# is_own_FRAMING REPLY: it answers what was asked last
is_own_http()
{
	[[ ${1:0:15} == "HTTP/1.1 200 OK" && ${1: -20001} == $'\n'$BODY ]]
}

is_own_netstring()
{
	[ "$1" = "${#BODY}:$BODY," ]
}

# wrong WHO WHAT REPLY
wrong()
{
	printf '%s: %s: %d bytes: %.200q\n' "$1" "$2" "${#3}" "$3" \
	    >>"$T/wrong"
}

# exchange DIR WHO ROUND: one, read to its end of file
exchange()
{
	local reply

	body "$2" "$3"
	"write_$FRAMING" "$BODY" >"$1/in"
	reply=$(cat <"$1/out")
	"is_own_$FRAMING" "$reply" || wrong "$2" "round $3" "$reply"
}

# client WHO: as many exchanges as there are rounds, on a channel of its own
client()
{
	local dir i me=$BASHPID

	dir=$("$FIFOCTL" -r "$FIFOD_DIR" channel s -p "$me") || return
	for ((i = 1; i <= ROUNDS; i++)); do
		exchange "$dir" "$1" "$i"
	done
	echo "$1" >>"$T/done"
}

# victim WHO: the same, and it never comes to its end
victim()
{
	local dir i me=$BASHPID

	dir=$("$FIFOCTL" -r "$FIFOD_DIR" channel s -p "$me") || return
	for ((i = RANDOM % 3; i > 0; i--)); do
		exchange "$dir" "$1" "$i"
	done
	body "$1" 9999
	case $((RANDOM % 4)) in
	0)	# in mid-request
		"write_$FRAMING" "${BODY:0:RANDOM % 20000}" '' >"$dir/in"
		;;
	1)	# between request and reply
		"write_$FRAMING" "$BODY" >"$dir/in"
		;;
	2)	# in mid-reply
		"write_$FRAMING" "$BODY" >"$dir/in"
		head -c $((RANDOM % 20000 + 1)) <"$dir/out" >/dev/null
		;;
	3)	# anywhere
		wait_killer "$me" &
		while :; do
			exchange "$dir" "$1" 1
		done
		;;
	esac
	kill -KILL "$me"
}

# wait_killer PID: after a while that nobody can foresee
wait_killer()
{
	read -rt "0.$((RANDOM % 9))" <>"$T/.never" || true
	kill -KILL "$1"
}

# victims WHO: one after the other
victims()
{
	local i

	for ((i = 1; i <= (ROUNDS + 3) / 4; i++)); do
		(victim "$1") 2>/dev/null
	done
	echo "$1" >>"$T/done"
}

# ---- fifoctl request

# requester WHO: as client
requester()
{
	local i reply

	for ((i = 1; i <= (ROUNDS + 1) / 2; i++)); do
		body "$1" "$i"
		reply=$("write_$FRAMING" "$BODY" |
		    "$FIFOCTL" -r "$FIFOD_DIR" request s) ||
			wrong "$1" "round $i, status $?" "$reply"
		"is_own_$FRAMING" "$reply" || wrong "$1" "round $i" "$reply"
	done
	echo "$1" >>"$T/done"
}

# killed WHO: requests that are killed at random
killed()
{
	local i

	body "$1" 9999
	"write_$FRAMING" "$BODY" >"$T/request.$1"
	for ((i = 1; i <= (ROUNDS + 3) / 4; i++)); do
		"$FIFOCTL" -r "$FIFOD_DIR" request s <"$T/request.$1" \
		    >/dev/null 2>&1 &
		read -rt "0.0$((RANDOM % 30))" <>"$T/.never" || true
		kill -KILL $! 2>/dev/null || true
	done
	wait
	echo "$1" >>"$T/done"
}

# ---- the default channel

# locked WHO: a client that shares it with others, one after the other
locked()
{
	local i

	exec 9<"$S"
	for ((i = 1; i <= ROUNDS; i++)); do
		flock 9
		exchange "$S" "$1" "$i"
		flock -u 9
	done
	echo "$1" >>"$T/done"
}

# locked_lines WHO: the same by `read', which leaves before the end of file
locked_lines()
{
	local i line length

	exec 9<"$S"
	for ((i = 1; i <= ROUNDS; i++)); do
		body "$1" "$i"
		flock 9
		write_http "$BODY" >"$S/in"
		length=0
		exec 8<"$S/out"
		while read -ru 8 line && [ "$line" != $'\r' ]; do
			[[ $line != Content-Length:* ]] ||
			    length=$(tr -dc 0-9 <<<"$line")
		done
		read -ru 8 -N "$length" line
		exec 8<&-
		flock -u 9
		[ "$line" = "$BODY" ] || wrong "$1" "line $i" "$line"
	done
	echo "$1" >>"$T/done"
}

"$1" "$WHO"
