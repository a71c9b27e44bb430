# What others have said is told in printable characters, wherever it is told;
# and what is secret is told nowhere.

# What is in '…' is for scripts; port is set elsewhere.
# shellcheck disable=SC2016,SC2154,SC2034

load helper/common
load helper/command
load helper/exchange
load helper/world

setup()
{
	common_setup
	start_broker
}

# An order to a terminal (C0, and C1 in both spellings), bytes that are no
# UTF-8, and no end of a line that could be forged: for printf(1) of a program,
# and for a scripted peer.
EVIL='\033]0;x\007\2332J\302\2332J\377\300\200'
EVIL_SENT='\x1b]0;x\x07\x9b2J\xc2\x9b2J\xff\xc0\x80'

# printable FILE…: has nothing but printable ASCII and newlines in it
printable()
{
	local file

	for file; do
		! grep -q $'[^[:print:]\t]' "$file" || fail \
		    "$file: $(grep $'[^[:print:]\t]' "$file" | head -n 3 | od -c)"
	done
}

# A JSON text may have other letters, but nothing that a terminal obeys.
harmless()
{
	jq -e . >"$T/jq" <"$1" || fail "no JSON: $(cat "$1")"
	iconv -f UTF-8 -t UTF-8 "$1" >"$T/iconv"
	run ! grep -q $'[\x01-\x09\x0b-\x1f\x7f]' "$1"
	run ! grep -q $'\xc2[\x80-\x9f]' "$1"
}

# told: everything that is written or printed of all sessions
told()
{
	local name

	while read -r name _; do
		printable "$FIFOD_DIR/$name/log" "$FIFOD_DIR/$name/status"
		ctl status "$name" >"$T/told.status"
		ctl status "$name" error >>"$T/told.status"
		ctl status "$name" greeting >>"$T/told.status"
		ctl log "$name" >>"$T/told.status"
		ctl status "$name" --json >"$T/told.json"
		printable "$T/told.status"
		harmless "$T/told.json"
	done < <(ctl list)
	ctl list >"$T/told.list"
	ctl list --json >"$T/told.json"
	ctl metrics >"$T/told.metrics"
	within 1 "$FIFOCTL" watch >"$T/told.watch" 3>&- || true
	background "$T/told.watched" "$FIFOCTL" watch --json
	wait_until 10 test -s "$T/told.watched"
	stop_pid "$BACKGROUND_PID"
	printable "$T/told.list" "$T/told.metrics" "$T/told.watch" \
	    "$T/fifod.err"
	harmless "$T/told.json"
	harmless "$T/told.watched"
}

# opened_with [WORDS] STATUS SESSION ENDPOINT …: what open says is printable, too
opened_with()
{
	local words=$1 status_wanted=$2

	shift 2
	open_session "$@" >"$T/open.out" 2>&1 || [ $? -eq "$status_wanted" ] ||
	    fail "$(cat "$T/open.out")"
	printable "$T/open.out"
	[ -z "$words" ] || grep -q -- "$words" "$T/open.out" ||
	    fail "$(cat "$T/open.out")"
}

# ---- nothing is told raw

@test "what a program says on standard error is told in printable characters" {
	opened_with '' 7 s "exec:printf '$EVIL' >&2; exit 3" reconnect=never
	wait_status s state failed
	told
	grep -q 'exit status 3: ' "$T/told.status" "$S/log"
	grep -q 'stderr: \\^\[\]0;x\\a' "$S/log"
	# And where the broker answers in its place.
	opened_with '' 7 h "exec:printf '$EVIL' >&2; exit 3" framing=http \
	    backoff=0.1..0.2
	log_has h 'exit status 3: '
	get h /
	hear h | tr -d '\r' >"$T/answer"
	grep -q '^HTTP/1.1 502 ' "$T/answer"
	grep -q 'exit status 3: ' "$T/answer"
	printable "$T/answer"
}

@test "so is a banner, whether it welcomes or refuses" {
	scripted a "send 220 $EVIL_SENT hello\\r\\n" stall
	open_session s "tcp://127.0.0.1:$port" framing=smtp
	wait_until 10 grep -q 'greeting: 220 ' "$S/log"
	told
	scripted b "send 554 $EVIL_SENT go away\\r\\n" stall
	# It may be up before the banner has come.
	opened_with '' 7 t "tcp://127.0.0.1:$port" framing=smtp
	wait_until 10 grep -q 'peer refuses: 554 ' "$S/log"
	told
}

@test "so is what a proxy answers, and in the broker's own 502, too" {
	scripted a 'expect \r\n\r\n' \
	    "send HTTP/1.1 403 $EVIL_SENT no\\r\\n\\r\\n" close
	opened_with 'proxy http://' 7 s http://peer.test:80 \
	    "via=http://127.0.0.1:$port" backoff=0.1..0.2
	told
	get s /
	hear s >"$T/answer"
	tr -d '\r' <"$T/answer" >"$T/answer.lines"
	grep -q '^HTTP/1.1 502 ' "$T/answer.lines"
	printable "$T/answer.lines"
	printf 'GET / HTTP/1.1\r\nHost: h\r\n\r\n' |
	    "$FIFOCTL" request s >"$T/request" 2>&1 3>&- || true
	printable "$T/request"
}

@test "so are a server's words before TLS" {
	scripted a "send 220 hello\\r\\n" 'expect EHLO' \
	    "send 250-x\\r\\n250 STARTTLS\\r\\n" 'expect STARTTLS' \
	    "send 454 $EVIL_SENT\\r\\n" close
	opened_with starttls=smtp 35 s "tls://127.0.0.1:$port" \
	    starttls=smtp verify=no
	told
}

@test "so is what no reply begins with" {
	scripted a "$REQUEST" "send $EVIL_SENT\\r\\n\\r\\n" stall
	open_session s "http://127.0.0.1:$port"
	ask s / >"$T/answer"
	tr -d '\r' <"$T/answer" >"$T/answer.lines"
	printable "$T/answer.lines"
	told
}

@test "the reason of a reply is the client's alone" {
	local no="send HTTP/1.1 404 $EVIL_SENT\\r\\nContent-Length: 0\\r\\n\\r\\n"
	scripted a "$REQUEST" "$no" "$REQUEST" "$no" stall
	open_session s "http://127.0.0.1:$port"
	ask s / >"$T/answer"
	grep -q $'\e\\]0;x' "$T/answer"
	told
	run ! grep -rqE ' 404 |0;x' "$S/log" "$S/status"
	# What -f says of it on standard error is printable.
	run -22 --separate-stderr request_get s / -f
	printf '%s\n' "$stderr" >"$T/words"
	grep -q . "$T/words"
	printable "$T/words"
}

@test "so are the names in a certificate" {
	local evil
	# shellcheck disable=SC2059
	evil=$(printf 'x\033[2J\nstate=up\302\2332J')
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -days 3000 -utf8 -subj "/O=$evil/CN=$evil" -keyout "$T/evil.key" \
	    -out "$T/evil.pem" 2>"$T/req.err"
	start_peer a http --tls --cert "$T/evil.pem" --key "$T/evil.key"
	opened_with . 60 s "https://localhost:$port"
	open_session t "https://localhost:$port" verify=no
	told
	run ! grep -r '^state=up' "$FIFOD_DIR/s/status" "$FIFOD_DIR/s/log"
	grep -c . "$FIFOD_DIR/t/peer.pem"
	printable "$FIFOD_DIR/t/peer.pem"
	"$FIFOCTL" probe "tls://localhost:$port" >"$T/probe" 2>&1 3>&- || true
	printable "$T/probe"
	"$FIFOCTL" probe --json "tls://localhost:$port" >"$T/probe.json" \
	    2>"$T/probe.err" 3>&- || true
	harmless "$T/probe.json"
}

@test "so are the operator's own words, when they are repeated" {
	local evil
	# shellcheck disable=SC2059
	evil=$(printf "$EVIL" | tr -d '\300\200')
	open_session s "unix:$T/$(printf '\377\302\233')" --no-wait
	ctl open "$evil" tcp://h:1 >"$T/words" 2>&1 || true
	ctl open t "tcp://$evil:1" >>"$T/words" 2>&1 || true
	ctl open t "$evil" >>"$T/words" 2>&1 || true
	ctl status "$evil" >>"$T/words" 2>&1 || true
	ctl status s "$evil" >>"$T/words" 2>&1 || true
	ctl set s "$evil=1" >>"$T/words" 2>&1 || true
	ctl set s "timeout=$evil" >>"$T/words" 2>&1 || true
	ctl wait s "$evil" >>"$T/words" 2>&1 || true
	ctl "$evil" >>"$T/words" 2>&1 || true
	"$FIFOCTL" -r "$T/$evil" list >>"$T/words" 2>&1 3>&- || true
	"$FIFOD" -F -r "$T/$evil/$evil/no" >>"$T/words" 2>&1 3>&- || true
	"$FIFOD" -n -f "$T/$evil" >>"$T/words" 2>&1 3>&- || true
	[ "$(grep -c . "$T/words")" -ge 12 ]
	printable "$T/words"
	told
}

# ---- what is secret is told nowhere

# kept WORD: it is in nothing that the broker has written, prints, or shows to
# others of its processes
kept()
{
	local name pid

	ctl list >"$T/kept"
	ctl list --json >>"$T/kept"
	ctl metrics >>"$T/kept"
	while read -r name _; do
		ctl status "$name" >>"$T/kept"
		ctl log "$name" >>"$T/kept"
	done < <(ctl list)
	run ! grep -a "$1" "$T/kept" "$T/fifod.err"
	find "$FIFOD_DIR" -type f -exec grep -al "$1" {} + >"$T/found" || true
	run cat "$T/found"
	assert_output ''
	for pid in "$BROKER_PID" $(pgrep -P "$BROKER_PID" || true); do
		run ! grep -aq "$1" "/proc/$pid/cmdline"
	done
}

@test "the environment that programs are given is told nowhere" {
	API_TOKEN=s3cret open_session s \
	    'exec:echo "${#API_TOKEN} letters"; exec cat'
	run -0 within 10 head -n 1 "$S/out"
	assert_output '6 letters'
	API_TOKEN=s3cret ctl status s >/dev/null
	kept s3cret
}

@test "what on-connect says to the peer is in no log, record or tap" {
	echo s3cret >"$T/password"
	scripted a 'send password: ' 'expect s3cret\n' 'send welcome\n' \
	    'expect hello\n' 'send heard\n' stall
	open_session s "tcp://127.0.0.1:$port" record="$T/record" \
	    on-connect="head -c 10 >/dev/null; cat $T/password; read -r w"
	say s 'hello\n'
	run -0 within 10 head -n 1 "$S/out"
	assert_output heard
	kept s3cret
	grep -q '> hello' "$T/record"
	run ! grep -E 's3cret|password|welcome' "$T/record"
}

@test "a proxy's password is told nowhere, whatever becomes of it" {
	printf 'bob:s3cret\n' >"$T/auth"
	scripted proxy 'expect \r\n\r\n' \
	    'send HTTP/1.1 407 No\r\n\r\n' close
	run -7 open_session s tcp://peer.test:25 \
	    "via=http://127.0.0.1:$port" "via-auth=$T/auth" \
	    reconnect=never record="$T/record"
	kept s3cret
	kept "$(printf bob:s3cret | base64)"
	[[ $output != *s3cret* ]]
	run ! grep s3cret "$T/record"
	# Nor where it was given in a place that is not for it.
	run -2 open_session t tcp://peer.test:25 \
	    via=http://bob:s3cret@127.0.0.1:1
	[[ $output != *s3cret* ]]
}

@test "a password in an endpoint is refused, and not repeated" {
	local endpoint
	for endpoint in https://bob:s3cret@h tcp://bob:s3cret@h:1 \
	    tls://bob:s3cret@h:1 udp://s3cret@h:1; do
		refused 2 'leave out what stands before the @' \
		    "$FIFOCTL" open s "$endpoint"
		[[ $stderr != *s3cret* ]]
		refused 2 'leave out what stands before the @' \
		    "$FIFOCTL" probe "$endpoint"
		[[ $stderr != *s3cret* ]]
	done
	echo 'open s https://bob:s3cret@h' >"$T/fifod.conf"
	run ctl reload
	[[ $output == *'leave out'* && $output != *s3cret* ]]
	kept s3cret
}

@test "the secrets of TLS are in the file of keylog and in no other" {
	# shellcheck disable=SC2046
	start_peer a http --tls --cert "$CERTS/good.pem" \
	    --key "$CERTS/good.key"
	open_session s "https://localhost:$port" ca="$CERTS/ca.pem" \
	    keylog="$T/keys"
	ask s / >/dev/null
	local secret
	secret=$(awk '$1 !~ /^#/ { print $NF; exit }' "$T/keys")
	[ "${#secret}" -ge 32 ]
	kept "$secret"
	[ "$(stat -c %a "$T/keys")" = 600 ]
}

@test "the broker leaves no core file, and its programs may" {
	local pid
	stop_broker
	ulimit -Sc 4096 || skip "no core files are allowed here"
	start_broker
	open_session s 'exec:grep "^Max core" /proc/self/limits; exec cat'
	pid=$(status_of s engine)
	run -0 grep '^Max core file size' "/proc/$pid/limits"
	assert_output --regexp '^Max core file size +[01] '
	# Its user may look into it.
	[ "$(stat -c %u "/proc/$pid/environ")" = "$(id -u)" ]
	# The address sanitizer takes them from everybody.
	! grep -aq __asan_init "$FIFOD" ||
	    skip "not with the address sanitizer"
	run -0 within 10 head -n 1 "$S/out"
	assert_output "$(grep '^Max core' "/proc/$BASHPID/limits")"
}

@test "who else is on the system sees nothing of a session" {
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port" record="$T/record"
	echoes s hello
	find "$FIFOD_DIR" ! -type l -perm /077 >"$T/open"
	# Its process id is told.
	run cat "$T/open"
	assert_output "$FIFOD_DIR/.pid"
	[ "$(stat -c %a "$FIFOD_DIR")" = 700 ]
	[ "$(stat -c %a "$T/record")" = 600 ]
}
