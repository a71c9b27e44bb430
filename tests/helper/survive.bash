# The shells of tests/survive.bats, each a bash of its own:
#
#	bash survive.bash KIND WHO SECONDS
#
# KIND is one of the functions below.  The session is `s' of $FIFOD_DIR, whose
# peer echoes the body; what was wrong is a line in $T/wrong, and each client's
# sum, "exchanges answered uncertain cut slowest", one in $T/sums.

set -u
S=$FIFOD_DIR/s
WHO=$2
ROUNDS=$3
END=$((SECONDS + $3))
answered=0 uncertain=0 cut=0 slowest=0

wrong()
{
	printf '%s: %s\n' "$WHO" "$1" >>"$T/wrong"
}

# is_cut REPLY BODY ROUND: it is a part of what it was to be
is_cut()
{
	local whole="Content-Length: ${#2}"$'\r\n\r\n'$2 part

	part=Content-Length${1#*Content-Length}
	[ "$part" != "Content-Length$1" ] || part=Content-Length
	if [[ ${#1} -lt 1280 && $whole == "$part"* ]]; then
		((++cut))
	else
		wrong "$(printf 'round %s: %d bytes: %.300q' "$3" "${#1}" \
		    "$1")"
	fi
}

# is_told DIR ROUND: how it ended; `none' says an engine that came later still
is_told()
{
	local last

	last=$(sed -n 's/^last=//p' "$1/status")
	case $last in
	truncated | uncertain | none) ;;
	*) wrong "round $2: cut short or uncertain, and last=$last" ;;
	esac
}

# exchange DIR ROUND: its reply, or an answer that says that it is uncertain
exchange()
{
	local body reply began=${EPOCHREALTIME/./} took

	printf -v body '%05d-%06d' "$WHO" "$2"
	printf -v body "$body%.0s" {1..100}
	printf 'POST /echo/%d-%d HTTP/1.1\r\nHost: x\r
Content-Length: %d\r\n\r\n%s' "$WHO" "$2" "${#body}" "$body" >"$1/in" ||
	    wrong "round $2: in: status $?"
	reply=$(cat <"$1/out") || wrong "round $2: out: status $?"
	took=$((${EPOCHREALTIME/./} - began))
	((took <= slowest)) || slowest=$took
	case $reply in
	"HTTP/1.1 200 OK"*$'\n'"$body") ((++answered)) ;;
	"HTTP/1.1 502 "*"Fifod-Error: uncertain"*) ((++uncertain)) && is_told "$1" "$2" ;;
	# Of a reply that it had begun to read only an end of file can tell.
	"HTTP/1.1 200 OK"*) is_cut "$reply" "$body" "$2" && is_told "$1" "$2" ;;
	*) wrong "$(printf 'round %s: %d bytes: %.300q' "$2" "${#reply}" \
	    "$reply")" ;;
	esac
}

sum()
{
	echo "$((answered + uncertain + cut)) $answered $uncertain $cut" \
	    "$slowest" >>"$T/sums"
}

# On a channel of its own.
private()
{
	local dir i

	until dir=$("$FIFOCTL" -r "$FIFOD_DIR" channel s -p $$ 2>/dev/null); do
		((SECONDS < END)) || return
	done
	for ((i = 1; SECONDS < END; i++)); do
		exchange "$dir" "$i"
	done
	sum
}

# counted, for tests/soak: so many exchanges instead of seconds; how many there
# were by now is in $T/count.WHO.
counted()
{
	local dir i n=$ROUNDS

	dir=$("$FIFOCTL" -r "$FIFOD_DIR" channel s -p $$) || return
	for ((i = 1; i <= n; i++)); do
		exchange "$dir" "$i"
		((i % 100)) || echo "$i" >"$T/count.$WHO"
	done
	echo "$n" >"$T/count.$WHO"
	sum
}

# On the default channel, one after the other.
locked()
{
	local i

	exec 9<"$S"
	for ((i = 1; SECONDS < END; i++)); do
		flock 9
		exchange "$S" "$i"
		flock -u 9
	done
	sum
}

"$1"
