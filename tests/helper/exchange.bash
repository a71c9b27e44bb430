# What the tests of exchanges share; loaded behind helper/common.

# What the functions below set is for the tests; formats are handed on.
# shellcheck disable=SC2034,SC2059,SC2154

# Steps of a scripted peer: a request of HTTP has come, and a reply to it.
REQUEST='expect \r\n\r\n'
OK='send HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n'
OK_HEARD=$'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok'

# scripted NAME STEP…: a peer of these steps; peer_more are its arguments
peer_more=()
scripted()
{
	local name=$1 step steps=()

	shift
	for step; do
		steps+=(-e "$step")
	done
	start_peer "$name" script "${peer_more[@]}" "${steps[@]}"
}

# counted NAME REGEX N: so many lines like that come to its log, no more
counted()
{
	local n

	wait_until 10 lines_came "$@" || true
	n=$(grep -Ec -- "$2" "$T/peer.$1.log") || true
	[ "$n" -eq "$3" ] || fail "$n lines like $2, not $3"
}

lines_came()
{
	[ "$(grep -Ec -- "$2" "$T/peer.$1.log")" -ge "$3" ]
}

# told_once NAME: no request of that peer's log has come there a second time
told_once()
{
	local twice

	twice=$(sed -n 's/^request [0-9]* [0-9]* POST //p' \
	    "$T/peer.$1.log" | sort | uniq -d)
	[ -z "$twice" ] || fail "came twice: $twice"
}

# say SESSION FORMAT [WORD…]: printf(1) to its `in'
say()
{
	printf "${@:2}" >"$FIFOD_DIR/$1/in" 3>&-
}

# hear SESSION: one `cat' of its `out'
hear()
{
	within 10 cat <"$FIFOD_DIR/$1/out" 3>&-
}

# get SESSION PATH; send SESSION METHOD PATH [BODY]: a request of HTTP
get()
{
	say "$1" 'GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n' "$2"
}

send()
{
	say "$1" '%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r
\r\n%s' "$2" "$3" "${#4}" "${4-}"
}

# ask SESSION WORDS…: `get', or `send' where there are more; then `hear'
ask()
{
	if [ $# -eq 2 ]; then
		get "$@"
	else
		send "$@"
	fi
	hear "$1"
}

# request SESSION FORMAT [WORD…]: by `fifoctl request'
request()
{
	printf "${@:2}" | within 20 "$FIFOCTL" request "$1" 3>&-
}

# request_get SESSION PATH [OPTION]…; request_send SESSION METHOD PATH [BODY]
request_get()
{
	printf 'GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n' "$2" |
	    within 20 "$FIFOCTL" request "$1" "${@:3}" 3>&-
}

request_send()
{
	request "$1" '%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r
\r\n%s' "$2" "$3" "${#4}" "${4-}"
}

# facts SESSION KEY=PATTERN…: so says `status'; how the newest exchange has
# ended stands in the file as well, from before its end of file
facts()
{
	local all pair line

	all=$(cat "$FIFOD_DIR/$1/status")
	for pair in "${@:2}"; do
		case ${pair%%=*} in
		last | error | error-status)
			fact_is "$pair" "$all" "$1/status" ;;
		esac
	done
	all=$(ctl status "$1")
	for pair in "${@:2}"; do
		fact_is "$pair" "$all" status
	done
}

fact_is()
{
	local line=$'\n'$2$'\n'

	line=${line##*$'\n'"${1%%=*}"=}
	line=${1%%=*}=${line%%$'\n'*}
	# shellcheck disable=SC2053
	[[ $line == $1 ]] || fail "$3: not $1 but $line"
}

# failure_is CODE KEYWORD: what run heard is an answer of the broker's own
failure_is()
{
	assert_line --index 0 --regexp "^HTTP/1.1 $1 "
	assert_line "Fifod-Error: $2"$'\r'
}

# many SESSION PATH N: so many requests of HTTP at once
many()
{
	local i

	for ((i = 1; i <= $3; i++)); do
		get "$1" "$2$i"
	done
}

# log_has SESSION REGEX
log_has()
{
	wait_for_line "$FIFOD_DIR/$1/log" "$2" 10
}

# size_is FILE BYTES
size_is()
{
	[ "$(stat -c %s "$1" 2>/dev/null)" = "$2" ]
}

# size_over FILE BYTES
size_over()
{
	[ "$(stat -c %s "$1" 2>/dev/null)" -gt "$2" ]
}
