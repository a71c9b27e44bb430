# Framings: what fifod-framing(7) shows, as it stands there.

load helper/common

PAGES=$TESTS/../share/man

# example PAGE SECTION [N]: the Nth .Bd -literal block of a section, as a
# reader sees it; in the place of the addresses, those of our peers: $port and,
# where nobody is to answer, $PORT_nobody; and in the place of the shortest
# silence one that a busy machine does not make by itself
example()
{
	awk -v section="$2" -v want="${3:-1}" '
	/^\.S[hs] / { here = $2 == section || $0 == ".Sh " section; n = 0 }
	/^\.Ed/ { on = 0 }
	on
	/^\.Bd -literal/ && here { on = want == "all" || ++n == want }
	' "$PAGES/$1.in" | sed -e 's/\\e/\\/g; s/\\&//g' \
	    -e "s|tcp://example\.org:[0-9]*|tcp://127.0.0.1:$port|" \
	    -e "s|http://example\.org|http://127.0.0.1:$port|" \
	    -e "s|http://localhost:9|http://127.0.0.1:${PORT_nobody-}|" \
	    -e "s|tls://example\.org:443|tls://localhost:${PORT_web-}|" \
	    -e "s|https://example\.org|https://localhost:${PORT_web-}|" \
	    -e 's|idle:200 |idle:2000 |'
}

# shows SECTION [N]: run it; $output is what it prints
shows()
{
	[ -n "$BROKER_PID" ] || start_broker
	example fifod-framing.7 "$@" >"$T/example"
	[ -s "$T/example" ] || fail "no example ${2-} in section $1"
	cd "$T"
	PATH=${FIFOCTL%/*}:$PATH run -0 within 20 sh -eu "$T/example" 3>&-
}

# answers REQUEST REPLY…: a peer that expects the one and sends the other; each
# has C escapes
answers()
{
	local steps=()

	while [ $# -gt 0 ]; do
		steps+=(-e "expect \"$1\"" -e "send \"$2\"")
		shift 2
	done
	start_peer it script "${GREETING[@]}" "${steps[@]}" -e wait-eof
}

# framings: the name of each
framings()
{
	"$FIFOCTL" help framings | sed -n 's/^  \([a-z0-9]\{1,\}\).*/\1/p'
}

# ---- the examples

@test "stream: bytes go both ways as they come, and nothing is cut" {
	start_peer it echo
	shows stream
	assert_output hello
}

@test "line: a request and a reply are a line each" {
	answers '6*7\n' '42\n'
	shows line
	assert_output 42
}

@test "nul: messages end with a zero byte" {
	answers 'first\0' 'second\0'
	shows nul
	assert_output second
}

@test "delim: messages end with a string" {
	answers 'look up\nfifo\n.\n' 'first in,\nfirst out\n.\n'
	shows delim
	assert_output $'first in,\nfirst out\n.'
}

@test "fixed: every request and every reply has N bytes" {
	answers 'READ 007' '007=0042'
	shows fixed
	assert_output 007=0042
}

@test "netstring: a number, a colon, the bytes and a comma" {
	answers '20:get user@example.org,' '2:ok,'
	shows netstring
	assert_output 2:ok,
}

@test "length: a binary number and as many bytes as it says" {
	answers '\x00\x05hello' '\x00\x07welcome'
	shows length
	assert_output welcome
}

@test "json: a message is one JSON value" {
	answers '"ping"}' '{"id": 1, "result": "pong"}'
	shows json
	assert_output '{"id": 1, "result": "pong"}'
}

@test "idle: a message ends when nothing has followed for a while" {
	start_peer it script -e 'expect CURVE?\n' -e 'send 1,2,' \
	    -e 'pause 50' -e 'send "3\n"' -e wait-eof
	shows idle
	assert_output 1,2,3
}

@test "prompt: a reply ends with a prompt" {
	GREETING=(-e 'send "Welcome\n$ "')
	answers 'uptime\n' 'up 3 days\n$ '
	shows prompt
	assert_output $'up 3 days\n$ '
	assert_equal "$(status_of shell greeting)" Welcome
}

@test "smtp: replies begin with three digits, and DATA takes a text" {
	GREETING=(-e 'send "220 mail.example.org\r\n"')
	answers 'EHLO client.example.org\r\n' \
	    '250-mail.example.org\r\n250 8BITMIME\r\n' \
	    'MAIL FROM:<me@example.org>\r\n' '250 sender ok\r\n' \
	    'RCPT TO:<you@example.org>\r\n' '250 recipient ok\r\n' \
	    'DATA\r\n' '354 go on\r\n' \
	    'Subject: hello\r\n\r\nHow are you?\r\n.\r\n' '250 queued\r\n' \
	    'QUIT\r\n' '221 bye\r\n'
	shows smtp
	assert_equal "${output//$'\r'/}" '250-mail.example.org
250 8BITMIME
250 sender ok
250 recipient ok
354 go on
250 queued
221 bye'
	assert_equal "$(status_of mail greeting)" '220 mail.example.org'
}

@test "pop3: a reply +OK to RETR goes on up to a line of a single dot" {
	GREETING=(-e 'send "+OK ready\r\n"')
	answers 'USER me\r\n' '+OK\r\n' 'PASS secret\r\n' '+OK one message\r\n' \
	    'RETR 1\r\n' '+OK\r\nSubject: hello\r\n\r\n..\r\n.\r\n' \
	    'QUIT\r\n' '+OK bye\r\n'
	shows pop3
	assert_equal "${output//$'\r'/}" '+OK
+OK one message
+OK
Subject: hello

..
.
+OK bye'
}

@test "resp: a request is an array of strings or a line" {
	answers 'SET greeting hello\n' '+OK\r\n' \
	    '*2\r\n$3\r\nGET\r\n$8\r\ngreeting\r\n' '$5\r\nhello\r\n'
	shows resp
	assert_equal "${output//$'\r'/}" $'+OK\n$5\nhello'
}

@test "http: a message is a head and the body that it announces" {
	start_peer it http
	shows http
	assert_line 'connection 1 request 1 path /'
	assert_line 'connection 1 request 2 path /form'
}

@test "http: the broker tells of a failure, and of its step" {
	start_peer nobody script --refuse
	shows http 2
	assert_output 'no answer: connect'
}

# script PAGE: all its EXAMPLES are one; in $T, with an echo server, a web
# server, and a broker that is started by the script; $output is what it prints
script()
{
	# shellcheck disable=SC2046
	start_peer web http $(tls good)
	start_peer echo echo
	example "$1" EXAMPLES all >"$T/example"
	cd "$T"
	export SSL_CERT_FILE=$CERTS/ca.pem
	PATH=${FIFOD%/*}:${FIFOCTL%/*}:$PATH run -0 within 60 \
	    sh -eu "$T/example" 3>&-
}

@test "the examples of fifod-session(7) are a script that runs" {
	command -v curl >/dev/null || skip "no curl"
	script fifod-session.7
	assert_line --partial 'connection 1 request 1 path /'
	assert_line --partial 'connection 1 request 2 path /news'
	assert_line --partial 'connection 1 request 6 path /'
	assert_line last=complete
	assert_line 'one, two'
	assert_line 'question 3'
	assert_line 'my turn'
	assert_line state=up
	refute_line --partial 'no answer'
}

@test "the examples of fifoctl(1) are a script that runs" {
	script fifoctl.1
	assert_line hello
	assert_line --partial 'connection 1 request 1 path /'
	assert_line --partial 'connection 1 request 2 path /news'
	assert_line connected
}

@test "the examples of fifod(8) are a script that runs" {
	script fifod.8
	assert_output hello
}

@test "the example of fifod.conf(5) is a configuration file" {
	port=7
	example fifod.conf.5 EXAMPLES >"$T/example"
	run -0 "$FIFOD" -n -f "$T/example" -r "$FIFOD_DIR"
}

# ---- the page

@test "every framing has a section in fifod-framing(7), with an example" {
	local name n=0

	while read -r name; do
		[ -n "$(example fifod-framing.7 "$name")" ] ||
		    fail "no example of $name"
		n=$((n + 1))
	done < <(framings)
	[ "$n" -ge 14 ]
}

@test "shellcheck has nothing to say about the examples" {
	command -v shellcheck >/dev/null || skip "no shellcheck"
	local name

	for name in $(framings) 'http 2'; do
		# shellcheck disable=SC2086
		example fifod-framing.7 $name >"$T/example"
		# What Redis reads has a $ of its own.
		run shellcheck -s sh -e SC2016 "$T/example"
		assert_output ''
	done
}

# ---- the tables

@test "help framings explains each framing and its argument" {
	run -0 "$FIFOCTL" help framings
	assert_line '  line'
	assert_line '  delim:STRING'
	assert_line '  length:u8|u16be|u16le|u32be|u32le[,self]'
	assert_line '  http'
	run -0 "$FIFOCTL" help
	assert_output --partial framings
}

@test "the shells complete the framings" {
	local file=$BUILD/share/completions/fifoctl.bash

	[ -e "$file" ] || skip "the completions are not built here"
	run -0 grep -F 'framing) echo' "$file"
	assert_output --partial ' line '
	assert_output --partial ' prompt: '
	assert_output --partial ' length:u16be length:u16le '
	run -0 grep -F 'topics) echo' "$file"
	assert_output --partial ' framings '
}

# ---- what the page says beside

@test "two requests in one write are two, and their replies wait in order" {
	start_peer it echo
	start_broker
	open_session it "tcp://127.0.0.1:$port" framing=line
	printf 'one\ntwo\n' >"$S/in"
	run -0 within 10 cat "$S/out"
	assert_output one
	run -0 within 10 cat "$S/out"
	assert_output two
}

@test "read takes a line of a reply and leaves the rest for the next read" {
	local n line

	answers 'who\n' 'a\nb\n.\n' 'where\n' 'c\n.\n'
	start_broker
	open_session it "tcp://127.0.0.1:$port" 'framing=delim:\n.\n'
	# shellcheck disable=SC2059
	for n in 'who\n.\n:a:b:.' 'where\n.\n:c:.'; do
		printf "${n%%:*}" >"$S/in"
		for line in $(tr : ' ' <<<"${n#*:}"); do
			IFS= read -rt 10 REPLY <"$S/out"
			assert_equal "$REPLY" "$line"
		done
	done
}

@test "a reply that was begun and left is dropped by the next request" {
	answers 'one\n' 'first\n' 'two\n' 'second\n'
	start_broker
	open_session it "tcp://127.0.0.1:$port" framing=line
	echo one >"$S/in"
	run -0 within 10 dd bs=1 count=2 status=none if="$S/out"
	assert_output fi
	echo two >"$S/in"
	# Who opens it before the broker has seen the request has the rest.
	wait_for_line "$S/log" '4 bytes of the reply before were not read'
	run -0 within 10 cat "$S/out"
	assert_output second
	assert_equal "$(status_of it discarded)" 4
}

@test "with leftover=keep such a reply stays" {
	answers 'one\n' 'first\n' 'two\n' 'second\n'
	start_broker
	open_session it "tcp://127.0.0.1:$port" framing=line leftover=keep
	echo one >"$S/in"
	run -0 within 10 dd bs=1 count=2 status=none if="$S/out"
	echo two >"$S/in"
	run -0 within 10 cat "$S/out"
	assert_output rst
	run -0 within 10 cat "$S/out"
	assert_output second
}

@test "an unfinished request does not become the beginning of the next one" {
	start_peer it echo
	start_broker
	open_session it "tcp://127.0.0.1:$port" framing=line timeout-request=0.2
	printf 'half' >"$S/in"
	run -0 within 10 cat "$S/out"
	assert_output ''
	assert_equal "$(status_of it last)" error
	assert_equal "$(status_of it error-status)" 28
	echo whole >"$S/in"
	run -0 within 10 cat "$S/out"
	assert_output whole
	assert_equal "$(status_of it last)" complete
}

@test "a framing or an argument that makes no sense is refused by open" {
	local framing

	start_broker
	for framing in lines line:1 delim 'delim:\q' fixed fixed:0 fixed:x \
	    length:u64 idle idle:-1 prompt 'prompt:(' 'prompt:x*'; do
		run -2 ctl open it tcp://127.0.0.1:1 -o "framing=$framing"
		assert_output --partial 'fifoctl: it: '
		assert_equal "${#lines[@]}" 1
		run -0 ctl list
		assert_output ''
	done
}

@test "delivery=stream puts no end of file between replies" {
	local line

	start_peer it echo
	start_broker
	open_session it "tcp://127.0.0.1:$port" framing=line delivery=stream
	exec 4<"$S/out"
	for word in one two three; do
		echo "$word" >"$S/in"
		read -rt 10 line <&4
		assert_equal "$line" "$word"
	done
	exec 4<&-
}

@test "bytes that nobody asked for end the connection, and reach nobody" {
	start_peer it script -e 'expect "one\n"' -e 'send "first\nextra\n"' \
	    -e wait-eof -e close
	start_broker
	open_session it "tcp://127.0.0.1:$port" framing=line
	echo one >"$S/in"
	run -0 within 10 cat "$S/out"
	assert_output first
	wait_peer it '^eof 1$'
	assert_equal "$(status_of it discarded)" 6
	grep -q '6 bytes that nobody asked for' "$S/log"
	echo one >"$S/in"
	run -0 within 10 cat "$S/out"
	assert_output first
	assert_equal "$(status_of it links)" 2
}
