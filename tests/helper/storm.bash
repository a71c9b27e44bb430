# A client of tests/faults_network.bats, a bash of its own:
#
#	bash storm.bash SESSION WHO ROUNDS
#
# It makes so many exchanges on a channel of its own, of which each has a path
# that no other has.  How one has ended is a line of $T/ended, "PATH KEYWORD",
# of which `answered' is its own reply, `cut' the beginning of it, and others
# are Fifod-Error's; what was wrong is one in $T/wrong.

set -u
SESSION=$1
WHO=$2

wrong()
{
	printf '%s: %d bytes: %.300q\n' "$1" "${#2}" "$2" >>"$T/wrong"
}

# keyword REPLY
keyword()
{
	local word=${1#*Fifod-Error: }

	echo "${word%%$'\r'*}"
}

# exchange DIR ROUND
exchange()
{
	local body reply path=/echo/$SESSION-$WHO-$2

	printf -v body "$path %.0s" {1..100}
	printf 'POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s' \
	    "$path" "${#body}" "$body" >"$1/in" || wrong "$path" in
	reply=$(cat <"$1/out") || wrong "$path" out
	case $reply in
	"HTTP/1.1 200 OK"*$'\n'"$body") echo "$path answered" ;;
	"HTTP/1.1 50"[234]" "*"Fifod-Error: "*)
		echo "$path $(keyword "$reply")" ;;
	"HTTP/1.1 200 OK"*) is_cut "$path" "$reply" "$body" ;;
	*) wrong "$path" "$reply" ;;
	esac >>"$T/ended"
}

# is_cut PATH REPLY BODY: of its own, what there is of it
is_cut()
{
	local part=${2#*$'\r\n\r\n'}

	[ "$part" != "$2" ] || part=
	if [[ $3 == "$part"* ]]; then
		echo "$1 cut"
	else
		wrong "$1" "$2"
	fi
}

dir=$("$FIFOCTL" -r "$FIFOD_DIR" channel "$SESSION" -p $$) || exit
for ((i = 1; i <= $3; i++)); do
	exchange "$dir" "$i"
done
