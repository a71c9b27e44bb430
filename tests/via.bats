# Ways out: proxies, in a row and of every temper, and the PROXY header.

# Words are split on purpose, formats handed on; port and the like are set
# elsewhere, and tests are subshells.
# shellcheck disable=SC2086,SC2154,SC2030,SC2031

load helper/common
load helper/exchange
load helper/tls
load helper/world

setup()
{
	common_setup
	start_broker
}

teardown()
{
	common_teardown
	[ ! -s "$T/ns" ] || ip netns del "$(cat "$T/ns")"
}

# The endpoint of scripted proxies: nobody here could resolve it.
ENDPOINT=tcp://example.test:25

# What SOCKS5 says for it, without a login, and what a proxy answers.
HELLO='exactly \x05\x01\x00'
HELLO_OK='send \x05\x00'
ASK='exactly \x05\x01\x00\x03\x0cexample.test\x00\x19'
ASK_OK='send \x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00'
CONNECT='expect CONNECT example.test:25 HTTP/1.1\r\nHost: example.test:25\r\n\r\n'

need()
{
	command -v "$1" >/dev/null || skip "no $1"
}

# start_proxy NAME COMMAND…: PORT stands for $port, which is kept for it
start_proxy()
{
	local name=$1 try

	shift
	for try in 1 2 3 4 5; do
		hold_port
		background "$T/$name.log" "${@//PORT/$port}"
		PROXY_PID=$BACKGROUND_PID
		wait_until 10 proxy_settled && ! pid_gone "$PROXY_PID" &&
		    return
	done
	fail "$name does not start ($try): $(tail "$T/$name.log")"
}

proxy_settled()
{
	pid_gone "$PROXY_PID" || (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null
}

# Two real ones: SOCKS5 of microsocks, HTTP of ncat; SOCKS and HTTP
start_socks()
{
	need microsocks
	start_proxy socks microsocks -i 127.0.0.1 -p PORT "$@"
	SOCKS=127.0.0.1:$port
}

start_http()
{
	need ncat
	start_proxy http ncat -l 127.0.0.1 PORT -k --proxy-type http "$@"
	HTTP=127.0.0.1:$port
}

# echoes SESSION: it is connected with one that sends back what it is told
echoes()
{
	local line

	printf 'hello %s\n' "$1" >"$FIFOD_DIR/$1/in"
	read -rt 10 line <"$FIFOD_DIR/$1/out"
	assert_equal "$line" "hello $1"
}

# refuses STATUS WORDS SCHEME [OPTION]…: the session to ENDPOINT by the proxy
# at $port is told WORDS, everywhere, and tries again by itself
refuses()
{
	local words=$2

	run "-$1" open_session bad "$ENDPOINT" \
	    "via=$3://127.0.0.1:$port" backoff=60..60 "${@:4}"
	[ "${#lines[@]}" -eq 1 ] || fail "not one line: $output"
	words=${words/PROXY/proxy $3://127.0.0.1:$port}
	assert_output "fifoctl: bad: $words (it will be tried again)"
	run -0 ctl status bad
	assert_line state=backoff
	assert_line "error-status=$1"
	assert_line "error=$words"
	run -0 cat "$FIFOD_DIR/bad/log"
	assert_output --partial "$words"
	ctl close bad --now
	ctl wait bad closed
}

# refused_by SCHEME WORDS STEP…: a scripted proxy with these steps
refused_by()
{
	scripted proxy "${@:3}"
	refuses 7 "PROXY: $2" "$1" "${options[@]}"
	stop_peer proxy
}
options=()

# ---- options

@test "a list of proxies that means nothing is refused by what would be right" {
	local value words before

	before=$(ls -A "$FIFOD_DIR")
	while IFS='|' read -r value words; do
		run -2 open_session bad "$ENDPOINT" "via=$value"
		[ "${#lines[@]}" -eq 1 ] || fail "not one line: $output"
		assert_output --regexp "^fifoctl: bad: via: .*$words"
		refute_output --partial s3cret
	done <<-END
	|an empty value
	proxy.example:1080|no scheme
	https://proxy.example:443|"https" is no kind of proxy; there are socks5://.*http://
	socks4://proxy.example:1080|socks4a://
	socks5://proxy.example|write socks5://\[USER@\]HOST:PORT
	http://proxy.example:80/path|write http://
	http://proxy.example:0|port 0
	http://proxy.example:65536|port
	http://proxy.example:no-such-service|port no-such-service
	socks5://bob:s3cret@proxy.example:1080|via-auth=
	socks5://@proxy.example:1080|a user has
	bob@socks5://proxy.example:1080|"bob@socks5
	socks5://::1:1080|\[::1\]
	socks5://a:1,|empty
	socks5://a:1,,socks5://b:1|empty
	$(printf 'http://a:1,%.0s' 1 2 3 4 5 6 7 8)http://a:1|at most 8
	END
	assert_equal "$(ls -A "$FIFOD_DIR")" "$before"
}

@test "options that do not go together are refused by their names" {
	: >"$T/auth"
	run -2 open_session bad "$ENDPOINT" "via-auth=$T/auth"
	assert_output --partial 'via-auth= without via='
	run -2 open_session bad 'tcp://[fe80::1%lo]:25' via=socks5://h:1
	assert_output --partial 'a proxy does not know the interface in fe80'
	run -2 open_session bad "$ENDPOINT" proxy-protocol=v3
	assert_output --partial 'none of no, v1, v2'
}

@test "a file of passwords that cannot be used is refused, and not quoted" {
	local text words

	run -1 open_session bad "$ENDPOINT" via=socks5://h:1 \
	    "via-auth=$T/missing"
	assert_output "fifoctl: bad: via-auth: $T/missing: No such file or directory"
	while IFS='|' read -r text words; do
		printf "$text" >"$T/auth"
		run -1 open_session bad "$ENDPOINT" \
		    via=socks5://alice@h:1,http://h:2 "via-auth=$T/auth"
		assert_output "fifoctl: bad: via-auth: $T/auth: $words"
	done <<-END
	s3cret\n|line 1: USER:PASSWORD is wanted
	:s3cret\n|line 1: USER:PASSWORD is wanted
	bob:s3cret\n|line 1: it is for another user than via= names
	\n$(printf %0256d 0):x\n|line 2: a user and a password have at most 255 bytes each
	\nx:$(printf %0256d 0)\n|line 2: a user and a password have at most 255 bytes each
	\n\nbob:s3cret\n|line 3: via= has only 2 proxies
	END
	head -c 100000 /dev/zero | tr '\0' x >"$T/auth"
	run -1 open_session bad "$ENDPOINT" via=socks5://h:1 \
	    "via-auth=$T/auth"
	assert_output --partial 'longer than'
}

# ---- by what they are asked

@test "socks5 is asked for the endpoint by its name, and the connection is plain" {
	scripted proxy "$HELLO" "$HELLO_OK" "$ASK" "$ASK_OK" 'exactly hi\n' \
	    'send there\n' stall
	open_session s "$ENDPOINT" "via=socks5://127.0.0.1:$port"
	echo hi >"$S/in"
	read -rt 10 line <"$S/out"
	assert_equal "$line" there
	run -0 cat "$S/log"
	assert_output --partial "proxy socks5://127.0.0.1:$port: connected to example.test:25"
	assert_equal "$(status_of s peer)" "127.0.0.1:$port"
	assert_equal "$(status_of s error)" ''
}

@test "bytes right behind the answer of a proxy are the peer's" {
	scripted proxy "$HELLO" "$HELLO_OK" "$ASK" "$ASK_OK"'HELLO\n' stall
	open_session s "$ENDPOINT" "via=socks5://127.0.0.1:$port"
	read -rt 10 line <"$S/out"
	assert_equal "$line" HELLO
	scripted http "$CONNECT" \
	    'send HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nHELLO\n' stall
	open_session h "$ENDPOINT" "via=http://127.0.0.1:$port"
	read -rt 10 line <"$S/out"
	assert_equal "$line" HELLO
	scripted four 'exactly \x04\x01\x00\x19\x00\x00\x00\x01\x00example.test\x00' \
	    'send \x00\x5a\x00\x00\x00\x00\x00\x00HELLO\n' stall
	open_session f "$ENDPOINT" "via=socks4a://127.0.0.1:$port"
	read -rt 10 line <"$S/out"
	assert_equal "$line" HELLO
}

@test "an answer may come a byte at a time" {
	local steps

	peer_more=(--chunk 1 --delay 1)
	scripted proxy "$HELLO" 'send-slow 5 \x05\x00' "$ASK" \
	    'send-slow 5 \x05\x00\x00\x03\x03abc\x00\x00HELLO\n' stall
	open_session s "$ENDPOINT" "via=socks5://127.0.0.1:$port"
	read -rt 10 line <"$S/out"
	assert_equal "$line" HELLO
	scripted http "$CONNECT" 'send-slow 5 HTTP/1.0 200\r\nX: y\r\n\r\nHELLO\n' stall
	open_session h "$ENDPOINT" "via=http://127.0.0.1:$port"
	read -rt 10 line <"$S/out"
	assert_equal "$line" HELLO
	peer_more=()
}

@test "an address goes to socks5 as what it is, IPv4 or IPv6" {
	scripted four "$HELLO" "$HELLO_OK" \
	    'exactly \x05\x01\x00\x01\xc0\x00\x02\x09\x00\x19' "$ASK_OK" stall
	open_session four tcp://192.0.2.9:25 "via=socks5h://127.0.0.1:$port"
	scripted six "$HELLO" "$HELLO_OK" \
	    'exactly \x05\x01\x00\x04\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x19' \
	    "$ASK_OK" stall
	open_session six 'tcp://[2001:db8::1]:25' "via=socks5://127.0.0.1:$port"
	scripted http 'expect CONNECT [2001:db8::1]:25 HTTP/1.1\r\n' \
	    'send HTTP/1.1 200 OK\r\n\r\n' stall
	open_session http 'tcp://[2001:db8::1]:25' "via=http://127.0.0.1:$port"
}

@test "a name of 255 bytes and a service's name reach the proxy" {
	local name

	name=$(printf 'n%.0s' $(seq 250)).test
	scripted proxy "$HELLO" "$HELLO_OK" \
	    'exactly \x05\x01\x00\x03\xff'"$name"'\x00\x19' "$ASK_OK" stall
	open_session s "tcp://$name:smtp" "via=socks5://127.0.0.1:$port"
	scripted http "expect CONNECT $name:25 HTTP/1.1\r\nHost: $name:25\r\n" \
	    'send HTTP/1.1 200 OK\r\n\r\n' stall
	open_session h "tcp://$name:smtp" "via=http://127.0.0.1:$port"
}

@test "an interim answer of a proxy is no answer" {
	scripted proxy "$CONNECT" 'send HTTP/1.1 100 Continue\r\n\r\n' \
	    'send HTTP/1.1 102 Processing\r\nA: b\r\n\r\n' \
	    'send HTTP/1.1 200 OK\r\n\r\nHELLO\n' stall
	open_session s "$ENDPOINT" "via=http://127.0.0.1:$port"
	read -rt 10 line <"$S/out"
	assert_equal "$line" HELLO
}

# ---- who we are

@test "user and password come from a file, and are in no file of ours" {
	printf 'bob:s3cret word\n' >"$T/auth"
	scripted proxy 'exactly \x05\x02\x00\x02' 'send \x05\x02' \
	    'exactly \x01\x03bob\x0bs3cret word' 'send \x01\x00' \
	    "$ASK" "$ASK_OK" stall
	open_session s "$ENDPOINT" "via=socks5://127.0.0.1:$port" \
	    "via-auth=$T/auth"
	scripted http 'expect \r\nProxy-Authorization: Basic Ym9iOnMzY3JldCB3b3Jk\r\n\r\n' \
	    'send HTTP/1.1 200 OK\r\n\r\n' stall
	open_session h "$ENDPOINT" "via=http://bob@127.0.0.1:$port" \
	    "via-auth=$T/auth"
	run ! grep -r s3cret "$FIFOD_DIR" "$T/fifod.err"
	run ! grep -r Ym9i "$FIFOD_DIR" "$T/fifod.err"
	ctl status s >"$T/told"
	ctl status h >>"$T/told"
	run ! grep s3cret "$T/told"
	# Nor is it in argv, or kept in the broker once it has been said.
	run ! grep -aq s3cret "/proc/$BROKER_PID/cmdline"
}

@test "the file is read again before each connection" {
	printf 'bob:old\n' >"$T/auth"
	scripted proxy 'exactly \x05\x02\x00\x02' 'send \x05\x02' \
	    'exactly \x01\x03bob\x03' 'connection 1' 'exactly old' \
	    'send \x01\x01' close 'connection 2+' 'exactly new' \
	    'send \x01\x00' "$ASK" "$ASK_OK" stall
	run -7 open_session s "$ENDPOINT" "via=socks5://127.0.0.1:$port" \
	    "via-auth=$T/auth" backoff=0.5..0.5
	assert_output --partial 'it does not accept the user and password'
	printf 'bob:new\n' >"$T/auth"
	wait_status s state up
}

@test "a user without a password goes to socks4a and http" {
	scripted four 'exactly \x04\x01\x00\x19\x00\x00\x00\x01bob\x00example.test\x00' \
	    'send \x00\x5a\x00\x00\x00\x00\x00\x00' stall
	open_session four "$ENDPOINT" "via=socks4a://bob@127.0.0.1:$port"
	scripted http 'expect Basic Ym9iOg==\r\n\r\n' \
	    'send HTTP/1.1 200 OK\r\n\r\n' stall
	open_session http "$ENDPOINT" "via=http://bob@127.0.0.1:$port"
}

# ---- refusals

@test "what socks5 refuses is told in words" {
	local code words

	while IFS='|' read -r code words; do
		refused_by socks5 "example.test:25: $words" "$HELLO" \
		    "$HELLO_OK" "$ASK" \
		    "send \\x05\\x$code\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00"
	done <<-END
	01|the proxy has failed in general
	02|forbidden by the proxy's rules
	03|network unreachable
	04|host unreachable, or its name unknown
	05|connection refused
	06|too far away: its TTL has expired
	07|the proxy does not connect for others
	08|the proxy does not know this type of address
	77|refused with the code 119, which means nothing
	END
}

@test "a proxy that wants to know who we are, and does not believe it, is told of" {
	refused_by socks5 'it wants a user and a password (via-auth=)' \
	    "$HELLO" 'send \x05\xff' wait-eof
	refused_by socks5 'it wants a way to log in that was not offered (1)' \
	    "$HELLO" 'send \x05\x01' wait-eof
	refused_by http 'it wants a user and a password (via-auth=)' \
	    "$CONNECT" 'send HTTP/1.1 407 Who?\r\n\r\n' wait-eof
	echo bob:wrong >"$T/auth"
	options=("via-auth=$T/auth")
	refused_by socks5 'it does not accept the user and password' \
	    'exactly \x05\x02\x00\x02' 'send \x05\x02' \
	    'exactly \x01\x03bob\x05wrong' 'send \x01\x01' wait-eof
	refused_by socks5 'it takes no user and password' \
	    'exactly \x05\x02\x00\x02' 'send \x05\xff' wait-eof
	refused_by http 'it does not accept the user and password' \
	    'expect \r\n\r\n' 'send HTTP/1.1 407 Who?\r\n\r\n' wait-eof
}

@test "what socks4a and http refuse is told in words" {
	local code words

	while IFS='|' read -r code words; do
		refused_by socks4a "example.test:25: $words" \
		    'expect example.test\x00' \
		    "send \\x00\\x$code\\x00\\x00\\x00\\x00\\x00\\x00"
	done <<-END
	5b|refused or failed
	5c|refused: the proxy finds no identd here
	5d|refused: our identd names another user
	END
	for words in '403 Forbidden' '502 Bad Gateway' '404 Not Found' \
	    '301 Moved' '503 Later' '101 Switching Protocols'; do
		refused_by http "it said: HTTP/1.1 $words" "$CONNECT" \
		    "send HTTP/1.1 $words\\r\\nA: b\\r\\n\\r\\n" wait-eof
	done
}

@test "one that is no proxy is told of by what it says" {
	refused_by socks5 'this is no SOCKS5 proxy: it began with 0x5353' \
	    'send SSH-2.0-x\r\n' wait-eof
	refused_by socks4a 'it said: SSH-2.0-' 'send SSH-2.0-x\r\n' wait-eof
	refused_by http 'it said: SSH-2.0-?x' 'send SSH-2.0-\ex\r\n' wait-eof
	refused_by socks5 'it said: ????' "$HELLO" "$HELLO_OK" "$ASK" \
	    'send \x00\x00\x00\x00' wait-eof
	refused_by http 'it said: HTTP/2 200' 'send HTTP/2 200\r\n' wait-eof
}

@test "a proxy that talks without an end is cut off" {
	refused_by http 'its answer has a line of more than 4096 bytes' \
	    'send HTTP/1.1 200 ' 'send '"$(printf 'x%.0s' $(seq 5000))" wait-eof
	refused_by http 'its answer has more than 200 lines' \
	    'send HTTP/1.1 200 OK\r\n' 'send A: b\r\n' 'loop 300' wait-eof
	refused_by http 'its answer has more than 200 lines' \
	    'send HTTP/1.1 100 Continue\r\n\r\n' 'loop 300' wait-eof
}

@test "a proxy that hangs up is told of, at each step" {
	refused_by socks5 'closed the connection' close
	refused_by socks5 'closed the connection' "$HELLO" 'send \x05' close
	refused_by socks5 'closed the connection' "$HELLO" "$HELLO_OK" \
	    "$ASK" 'send \x05\x00\x00\x01\x00' close
	refused_by http 'closed the connection' "$CONNECT" \
	    'send HTTP/1.1 200 OK\r\n' close
	refused_by http 'Connection reset by peer' "$CONNECT" reset
	refused_by socks4a 'closed the connection' 'expect test\x00' close
}

@test "a proxy that says nothing costs no more than timeout-connect" {
	local steps

	for steps in "$HELLO" "$HELLO,$HELLO_OK,$ASK"; do
		IFS=, read -ra steps <<<"$steps"
		scripted proxy "${steps[@]}" stall
		refuses 28 "no connection within timeout-connect=1 s: still connecting: PROXY does not answer" \
		    socks5 timeout-connect=1
		stop_peer proxy
	done
}

@test "a proxy that is not there, or has no address, is called a proxy" {
	start_peer gone script --refuse
	run -7 open_session bad "$ENDPOINT" "via=socks5://127.0.0.1:$port"
	assert_output "fifoctl: bad: proxy 127.0.0.1:$port: connection refused (it will be tried again)"
	run -6 open_session none "$ENDPOINT" via=http://proxy.invalid:1
	assert_output --regexp '^fifoctl: none: proxy proxy.invalid: '
}

@test "a session is up by itself when its proxy is there again" {
	scripted proxy 'connection 1' "$HELLO" close 'connection 2' "$HELLO" \
	    "$HELLO_OK" "$ASK" 'send \x05\x05\x00\x01' close 'connection 3+' \
	    "$HELLO" "$HELLO_OK" "$ASK" "$ASK_OK" stall
	run -7 open_session s "$ENDPOINT" "via=socks5://127.0.0.1:$port" \
	    backoff=0.05..0.1
	wait_status s state up
	assert_equal "$(status_of s error)" ''
}

# ---- in a row

@test "proxies in a row are asked for one another, each in its own words" {
	printf '\nalice:pw\n' >"$T/auth"
	scripted proxy "$HELLO" "$HELLO_OK" \
	    'exactly \x05\x01\x00\x03\x0bsecond.test\x1f\x90' "$ASK_OK" \
	    'exactly CONNECT third.test:9 HTTP/1.1\r\nHost: third.test:9\r\nProxy-Authorization: Basic YWxpY2U6cHc=\r\n\r\n' \
	    'send HTTP/1.1 200 OK\r\nX: y\r\n\r\n' \
	    'exactly \x04\x01\x00\x19\x00\x00\x00\x01\x00example.test\x00' \
	    'send \x00\x5a\x00\x00\x00\x00\x00\x00HELLO\n' stall
	open_session s "$ENDPOINT" \
	    "via=socks5://127.0.0.1:$port,http://second.test:8080,socks4a://third.test:9" \
	    "via-auth=$T/auth"
	read -rt 10 line <"$S/out"
	assert_equal "$line" HELLO
	run -0 cat "$S/log"
	assert_output --partial 'proxy http://second.test:8080: connected to third.test:9'
	assert_output --partial 'proxy socks4a://third.test:9: connected'
}

@test "the proxy in the middle that refuses is the one that is named" {
	scripted proxy "$HELLO" "$HELLO_OK" \
	    'exactly \x05\x01\x00\x03\x0bsecond.test\x1f\x90' "$ASK_OK" \
	    'expect \r\n\r\n' 'send HTTP/1.1 502 Bad Gateway\r\n\r\n' wait-eof
	run -7 open_session s "$ENDPOINT" \
	    "via=socks5://127.0.0.1:$port,http://second.test:8080"
	assert_output --partial \
	    's: proxy http://second.test:8080: it said: HTTP/1.1 502 Bad Gateway'
}

@test "answers of all proxies at once are each one's own" {
	scripted proxy "$HELLO" "$HELLO_OK" \
	    'exactly \x05\x01\x00\x03\x0bsecond.test\x1f\x90' \
	    'send \x05\x00\x00\x01\x00\x00\x00\x00\x00\x00HTTP/1.1 200 OK\r\n\r\n\x00\x5a\x00\x00\x00\x00\x00\x00HELLO\n' \
	    stall
	open_session s "$ENDPOINT" \
	    "via=socks5://127.0.0.1:$port,http://second.test:8080,socks4a://third.test:9"
	read -rt 10 line <"$S/out"
	assert_equal "$line" HELLO
}

# ---- what goes through

@test "TLS over a proxy is that of the endpoint, its name and all" {
	peer_more=(--cert "$CERTS/good.pem" --key "$CERTS/good.key")
	scripted proxy "$HELLO" "$HELLO_OK" "$ASK" "$ASK_OK" starttls \
	    'exactly hi\n' 'send there\n' stall
	open_session s "tls://example.test:25" "ca=$CERTS/ca.pem" \
	    "via=socks5://127.0.0.1:$port"
	assert_equal "$(status_of s verified)" yes
	wait_peer proxy '^handshake 1 .* sni=example.test '
	echo hi >"$S/in"
	read -rt 10 line <"$S/out"
	assert_equal "$line" there
	stop_peer proxy
	scripted proxy "$HELLO" "$HELLO_OK" \
	    'exactly \x05\x01\x00\x03\x0aother.test\x00\x19' "$ASK_OK" starttls
	run -60 open_session other "tls://other.test:25" "ca=$CERTS/ca.pem" \
	    "via=socks5://127.0.0.1:$port"
	peer_more=()
}

@test "exchanges go over proxies, on as many connections as they need" {
	start_peer web http
	local web=$port

	start_socks
	open_session web "http://localhost:$web" "via=socks5://$SOCKS"
	run -0 http_get web /one
	assert_output --partial '200 OK'
	run -0 http_get web /two
	assert_output --partial '200 OK'
	assert_equal "$(status_of web links)" 1
}

@test "microsocks and ncat are such proxies, alone and in a row" {
	start_peer echo echo
	local echo=$port

	start_socks -u bob -P 'pass word'
	start_http --proxy-auth alice:secret
	printf 'bob:pass word\n' >"$T/socks"
	printf 'alice:secret\n' >"$T/http"
	printf 'alice:secret\nbob:pass word\n' >"$T/both"
	open_session socks "tcp://localhost:$echo" "via=socks5://$SOCKS" \
	    "via-auth=$T/socks"
	echoes socks
	open_session http "tcp://localhost:$echo" "via=http://alice@$HTTP" \
	    "via-auth=$T/http"
	echoes http
	open_session both "tcp://127.0.0.1:$echo" \
	    "via=http://$HTTP,socks5h://$SOCKS" "via-auth=$T/both"
	echoes both
	# Passwords that are wrong, and a port where nobody listens.
	run -7 open_session bad "tcp://localhost:$echo" "via=socks5://$SOCKS" \
	    "via-auth=$T/http"
	assert_output --partial 'it does not accept the user and password'
	run -7 open_session bad2 "tcp://localhost:$echo" "via=http://$HTTP" \
	    "via-auth=$T/socks"
	assert_output --partial 'it does not accept the user and password'
	hold_port
	run -7 open_session bad3 "tcp://localhost:$port" "via=socks5://$SOCKS" \
	    "via-auth=$T/socks"
	assert_output --partial "localhost:$port: connection refused"
}

@test "many bytes over a proxy are exact, and are spliced as without one" {
	need strace
	start_peer sink sink
	local sink=$port

	start_socks
	open_session s "tcp://127.0.0.1:$sink" "via=socks5://$SOCKS"
	background "$T/strace.err" strace -f -e trace=splice -o "$T/strace" \
	    -p "$(engine_pid)"
	wait_until 10 grep -q attached "$T/strace.err" ||
	    skip "strace may not: $(tail -n 1 "$T/strace.err")"
	"$PEER" random 8M 7 >"$T/bytes"
	cat "$T/bytes" >"$S/in"
	echo eof >"$S/ctl"
	wait_peer sink '^sum 1 8388608 '
	assert_equal "$(sed -n 's/^sum 1 8388608 //p' "$T/peer.sink.log")" \
	    "$(sha256sum <"$T/bytes" | cut -d ' ' -f 1)"
	if grep -q '^#define PORTABLE 1' "$BUILD/config.h"; then
		skip 'the portable build has no splice'
	fi
	grep -q 'splice(.* = [1-9]' "$T/strace"
}

# ---- where the first proxy is reached from

@test "bind is about the connection to the first proxy" {
	scripted proxy "$HELLO" "$HELLO_OK" "$ASK" "$ASK_OK" stall
	open_session s "$ENDPOINT" "via=socks5://127.0.0.1:$port" \
	    bind=127.0.0.77
	assert_equal "$(status_of s local | cut -d : -f 1)" 127.0.0.77
}

@test "netns is where the first proxy is reached from, and only there" {
	local ns=fifod-via-$$ name=$PEER

	require_root
	! is_portable || skip "this build has no network namespaces"
	need ip
	ip netns add $ns 2>/dev/null || skip "no network namespaces here"
	echo "$ns" >"$T/ns"
	ip netns exec $ns ip link set lo up
	printf '#!/bin/sh\nexec ip netns exec %s "%s" "$@"\n' $ns "$PEER" \
	    >"$T/peer-there"
	chmod +x "$T/peer-there"
	# A port at which nobody listens here.
	hold_port
	peer_more=(-p "$port")
	PEER=$T/peer-there
	scripted proxy "$HELLO" "$HELLO_OK" "$ASK" "$ASK_OK" 'send there\n' stall
	open_session s "$ENDPOINT" "via=socks5://127.0.0.1:$port" netns=$ns
	read -rt 10 line <"$S/out"
	assert_equal "$line" there
	PEER=$name
	run -7 open_session bad "$ENDPOINT" "via=socks5://127.0.0.1:$port"
	assert_output --partial 'connection refused'
}

# ---- the PROXY header

@test "the PROXY header comes first, and names both ends" {
	scripted one 'expect \r\n' 'exactly hi\n' 'send there\n' stall
	peer_more=(--record "$T/one")
	stop_peer one
	scripted one 'expect \r\n' 'send there\n' 'expect hi\n' stall
	open_session one "tcp://127.0.0.1:$port" proxy-protocol=v1
	echo hi >"$S/in"
	read -rt 10 line <"$S/out"
	assert_equal "$line" there
	wait_peer one '^recv 1 3'
	local us=$(status_of one local)

	assert_equal "$(cat "$T/one.1")" "PROXY TCP4 127.0.0.1 127.0.0.1 ${us##*:} $port"$'\r\nhi'

	peer_more=(--record "$T/two")
	scripted two 'expect-bytes 28' 'send there\n' stall
	open_session two "tcp://127.0.0.1:$port" proxy-protocol=v2
	read -rt 10 line <"$S/out"
	assert_equal "$line" there
	us=$(status_of two local)
	assert_equal "$(od -An -v -tx1 "$T/two.1" | tr -d ' \n')" \
	    "0d0a0d0a000d0a515549540a2111000c7f0000017f000001$(printf %04x%04x "${us##*:}" "$port")"

	peer_more=(--record "$T/six" --listen ::1)
	scripted six 'expect \r\n' 'send there\n' stall
	open_session six "tcp://[::1]:$port" proxy-protocol=v1
	read -rt 10 line <"$S/out"
	us=$(status_of six local)
	assert_equal "$(cat "$T/six.1")" "PROXY TCP6 ::1 ::1 ${us##*:} $port"$'\r'
}

@test "the PROXY header goes to the endpoint, behind proxies and before TLS" {
	peer_more=(--cert "$CERTS/good.pem" --key "$CERTS/good.key")
	scripted proxy "$HELLO" "$HELLO_OK" "$ASK" "$ASK_OK" \
	    'exactly PROXY TCP4 127.0.0.1 127.0.0.1 ' 'expect \r\n' starttls \
	    'send there\n' stall
	open_session s tls://example.test:25 "ca=$CERTS/ca.pem" \
	    "via=socks5://127.0.0.1:$port" proxy-protocol=v1
	read -rt 10 line <"$S/out"
	assert_equal "$line" there
}

@test "the PROXY header names the client of a relay, and whom it has called" {
	local door us line

	peer_more=(--record "$T/heard")
	scripted backend 'expect hi\n' 'send there\n' wait-eof
	open_session relay "tcp://127.0.0.1:$port" connections=each \
	    connect=on-demand listen=127.0.0.1:0 proxy-protocol=v1
	door=$(status_of relay listening)
	exec 5<>"/dev/tcp/127.0.0.1/${door##*:}"
	us=$(awk -v socket="$(readlink /proc/self/fd/5)" \
	    'socket == "socket:[" $10 "]" { us = substr($2, 10) }
	    END { print us }' /proc/net/tcp)
	echo hi >&5
	read -rt 10 line <&5
	exec 5>&-
	assert_equal "$line" there
	assert_equal "$(cat "$T/heard.1")" \
	    "PROXY TCP4 127.0.0.1 127.0.0.1 $((16#$us)) ${door##*:}"$'\r\nhi'
}

@test "the PROXY header names the client of an exchange's own connection" {
	need curl
	local door

	peer_more=(--record "$T/heard")
	scripted backend "$REQUEST" "$OK" wait-eof
	open_session relay "http://127.0.0.1:$port" connections=each \
	    connect=on-demand listen=127.0.0.1:0 proxy-protocol=v1
	door=$(status_of relay listening)
	run -0 within 10 curl -s --local-port 20000-29999 "http://$door/" 3>&-
	assert_output ok
	run -0 head -n 1 "$T/heard.1"
	assert_output --regexp "^PROXY TCP4 127.0.0.1 127.0.0.1 2[0-9]{4} ${door##*:}"
}

@test "nginx believes the PROXY header, of either version" {
	need nginx
	mkdir "$T/www"
	start_proxy nginx sh -c 'sed "s|PORT|$1|" >"$2/nginx.conf" <<-END
		daemon off;
		master_process off;
		pid $2/nginx.pid;
		error_log stderr;
		events { worker_connections 64; }
		http {
			access_log off;
			client_body_temp_path $2/body;
			proxy_temp_path $2/proxy;
			fastcgi_temp_path $2/fastcgi;
			uwsgi_temp_path $2/uwsgi;
			scgi_temp_path $2/scgi;
			server {
				listen 127.0.0.1:PORT proxy_protocol;
				location / {
					return 200 \$proxy_protocol_addr:\$proxy_protocol_port;
				}
			}
		}
	END
	exec nginx -p "$2" -c "$2/nginx.conf"' sh PORT "$T"
	local version us

	for version in v1 v2; do
		open_session $version "http://127.0.0.1:$port" \
		    proxy-protocol=$version
		us=$(status_of $version local)
		run -0 http_get $version /
		assert_output --partial "$us"
	done
}
