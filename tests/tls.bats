# TLS: its options, how it begins, goes on and ends, and what of it is seen in
# the session's directory.  (Whom fifod believes: certificates.bats.)
#
# TLS_ROUNDS: so many rounds of the torture, 300 if it is not set.

load helper/common
load helper/tls

setup()
{
	common_setup
	start_broker
}

# ---- options

# The names in the run directory, hidden ones too.
rundir_names()
{
	(cd "$FIFOD_DIR" && find . ! -type s | sort)
}

# option_refused STATUS OPTION WORDS [KEY=VALUE]…: `open' with these is refused
# in one line that begins with OPTION, and leaves nothing
option_refused()
{
	run open_session bad tls://localhost:9 "${@:4}"
	[ "$status" -eq "$1" ] || fail "${*:4}: $status, not $1: $output"
	[ "${#lines[@]}" -eq 1 ] || fail "${*:4}: not one line: $output"
	# shellcheck disable=SC2053
	[[ $output == "fifoctl: bad: $2"* && $output == $3 ]] ||
	    fail "${*:4}: not '$2: $3' but: $output"
	assert_equal "$(rundir_names)" "$before"
}

@test "a malformed TLS option is refused by its name, and nothing is made" {
	local before long option value words

	before=$(rundir_names)
	printf -v long %0256d 0
	while IFS='|' read -r option value words; do
		option_refused 2 "$option" "*$words*" "$option=${value//LONG/$long}"
	done <<-END
	verify|maybe|
	verify-name|.example.org|name
	verify-name|two words|name
	verify-name|a/b|name
	verify-name|LONG|name
	sni|.example.org|name
	sni|a b|name
	sni|LONG|name
	alpn|h2,,http/1.1|h2,http/1.1
	alpn|h2,|h2,http/1.1
	alpn|LONG|255
	pin|0123456789abcdef|sha256//
	pin|md5//n0123456789012345678901234567890123456789012=|sha256//
	pin|sha256//AAAA|sha256//
	pin|sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA!|sha256//
	pin|sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=;|sha256//
	ocsp|maybe|no, staple
	tls-min|1.1|1.2
	tls-max|1.4|1.3
	tls-min|TLSv1.2|1.2
	ciphers|NO-SUCH-CIPHER|ciphers
	ciphers|TLS_NO_SUCH_SUITE|TLS_NO_SUCH_SUITE
	resume|perhaps|
	END
	ctl list
}

@test "TLS options that do not go together are refused by their names" {
	local before

	before=$(rundir_names)
	option_refused 2 tls-min '*tls-max=1.2*' tls-min=1.3 tls-max=1.2
	option_refused 2 key '*cert*' "key=$CERTS/client.key"
}

@test "an unknown option is refused, with the one that may be meant" {
	local before

	before=$(rundir_names)
	option_refused 2 '' '*tls-min*' tls-mim=1.2
}

@test "a file that cannot be used is refused by its option and its name" {
	local before option file words

	before=$(rundir_names)
	: >"$T/empty"
	echo garbage >"$T/garbage"
	mkdir "$T/directory"
	mkfifo "$T/fifo"
	{
		cat "$CERTS/ca.pem"
		sed '3,$d' "$CERTS/inter.pem"
		echo '!!!!'
	} >"$T/damaged"
	# Our own certificate goes before its key is looked at.
	while read -r option file words; do
		case $option in
		key) set -- "cert=$CERTS/client.pem" "keylog=$T/new" ;;
		keylog) set -- ;;
		*) set -- "keylog=$T/new" ;;
		esac
		file=${file/#CERTS/$CERTS}
		option_refused 1 "$option" "*${file##*/}*$words*" "$@" \
		    "$option=${file/#T\//$T/}"
	done <<-END
	ca T/missing No such file
	ca T/directory regular file
	ca T/fifo regular file
	ca T/empty no certificate
	ca T/garbage no certificate
	ca T/damaged damaged after 1 certificate
	ca CERTS/good.key no certificate
	crl T/missing No such file
	crl T/empty no revocation list
	crl CERTS/ca.pem no revocation list
	cert T/missing No such file
	cert T/garbage no certificate
	cert CERTS/client.pem no private key
	key T/missing No such file
	key T/empty no private key
	key T/fifo regular file
	key CERTS/badclient.key does not fit
	key CERTS/encrypted.key passphrase
	key CERTS/client.pem no private key
	keylog T/directory
	keylog T/missing/log No such file
	END
	[ ! -e "$T/new" ]
	ctl list
}

@test "a file that the user may not read is refused by its option" {
	require_root
	as_user true
	cp "$CERTS/ca.pem" "$USER_DIR/ca.pem"
	chmod 600 "$USER_DIR/ca.pem"
	run as_user "$FIFOCTL" open bad tls://localhost:9 -o ca=ca.pem
	as_user "$FIFOCTL" stop 2>/dev/null || true
	assert_equal "$status" 1
	assert_output "fifoctl: bad: ca: $USER_DIR/ca.pem: Permission denied"
	[ ! -e "$USER_DIR/run/bad" ]
}

@test "a bad TLS option in the configuration is named with file and line" {
	printf '%s\n' '# one' "open a tls://localhost:9 -o tls-min=1.1" \
	    >"$T/bad.conf"
	run ! "$FIFOD" -n -f "$T/bad.conf"
	assert_output --partial "$T/bad.conf:2: "
	assert_output --partial tls-min
	printf '%s\n' "open a tls://localhost:9 -o ca=$T/missing" \
	    >"$T/bad.conf"
	run ! "$FIFOD" -n -f "$T/bad.conf"
	assert_output --partial "$T/bad.conf:1: "
	assert_output --partial ca
	assert_output --partial "$T/missing"
}

@test "a file's name is taken from where fifoctl was called" {
	tls_peer a good
	cd "$CERTS"
	open_session a "tls://localhost:$port" ca=ca.pem
	assert_equal "$(status_of a option.ca)" "$(pwd)/ca.pem"
	assert_equal "$(status_of a verified)" yes
}

@test "a TLS option is not changed while the session stands" {
	local option

	tls_peer a good
	open_tls a
	for option in verify=no ca=/missing pin= tls-max=1.2 resume=no; do
		run -1 ctl set a "$option"
		assert_output --partial "${option%%=*}"
		assert_output --partial 'cannot be changed'
	done
	assert_equal "$(status_of a option.verify)" yes
	assert_equal "$(status_of a state)" up
}

@test "a file that an option names is read again when it has changed" {
	tls_peer a good
	cp "$CERTS/other.pem" "$T/ca.pem"
	refused 60 'signed by an unknown authority*' \
	    open_tls a "ca=$T/ca.pem"
	cp "$CERTS/ca.pem" "$T/ca.pem"
	open_tls a "ca=$T/ca.pem"
	assert_equal "$(status_of a verified)" yes
	# A session that stands meets the new list, too.
	cp "$CERTS/crl.pem" "$T/crl.pem"
	open_tls b "ca=$T/ca.pem" "crl=$T/crl.pem"
	cp "$CERTS/oldcrl.pem" "$T/crl.pem"
	ctl reconnect b || true
	wait_status b state failed
	assert_equal "$(status_of b error-status)" 60
	# One that is just being written is left alone.
	open_tls c "ca=$T/ca.pem"
	: >"$T/ca.pem"
	ctl reconnect c || true
	wait_status c state up
	assert_equal "$(status_of c verified)" yes
}

@test "keylog gets the secrets of every connection, for the owner alone" {
	tls_peer a good
	open_tls a "keylog=$T/keys" tls-min=1.3
	assert_equal "$(stat -c %a "$T/keys")" 600
	run -0 cat "$T/keys"
	assert_line --regexp '^CLIENT_TRAFFIC_SECRET_0 [0-9a-f]{64} [0-9a-f]+$'
	assert_line --regexp '^SERVER_TRAFFIC_SECRET_0 [0-9a-f]{64} [0-9a-f]+$'
	open_tls b "keylog=$T/keys" tls-max=1.2
	run -0 cat "$T/keys"
	assert_line --regexp '^CLIENT_TRAFFIC_SECRET_0 '
	assert_line --regexp '^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}$'
}

@test "ciphers says which, for TLS 1.2 and for 1.3" {
	local both=TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256

	both=$both:TLS_CHACHA20_POLY1305_SHA256:ECDHE-ECDSA-AES256-GCM-SHA384

	tls_peer a good
	open_tls three "ciphers=$both"
	assert_equal "$(status_of three tls)" 'TLSv1.3 TLS_AES_128_GCM_SHA256'
	open_tls two "ciphers=$both" tls-max=1.2
	assert_equal "$(status_of two tls)" \
	    'TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256'
	open_tls other ciphers=ECDHE-ECDSA-AES128-GCM-SHA256
	assert_regex "$(status_of other tls)" '^TLSv1\.3 '
	refused 35 'no cipher in common: peer takes none of those offered'\
' (see ciphers=)' open_tls none ciphers=ECDHE-RSA-AES128-GCM-SHA256 \
	    tls-max=1.2
}

@test "a peer that wants another key exchange group gets it" {
	s_server s -groups P-384
	open_tls a
	echo hello >&7
	assert_equal "$(read_out a 5)" hello
	run -0 cat "$T/s.log"
	assert_output --partial 'ServerHello'
	exec 7>&-
}

# ---- how it fails before it is up

@test "a peer that does not speak TLS is told by what it said" {
	start_peer a script --record "$T/heard" \
	    -e 'connection 1' -e 'send "220 mail.test ESMTP\r\n"' \
	    -e 'connection 2' -e 'expect-bytes 5' \
	    -e 'send "HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n"' \
	    -e 'connection 3' -e 'send "SSH-2.0-OpenSSH_9.2\r\n"' \
	    -e 'connection 4' -e 'send "\x00\x01\x02\x03\x04\x05\x06\x07"' \
	    -e 'connection *' -e wait-eof
	refused 35 'peer does not speak TLS (answered "220 mail.test ESMTP")' \
	    open_tls a
	refused 35 'peer does not speak TLS (answered "HTTP/1.1 400 Bad'\
' Request")' open_tls b
	refused 35 'peer does not speak TLS (answered "SSH-2.0-OpenSSH_9.2")' \
	    open_tls c
	refused 35 'peer does not speak TLS (answered "????????")' open_tls d
	# None of it is the peer's word to anybody.
	run -0 within 10 cat "$FIFOD_DIR/a/out"
	assert_output ''
}

@test "a handshake that stalls ends by timeout-connect" {
	local began=$SECONDS

	start_peer a script --record "$T/heard" \
	    -e 'connection 2' -e 'expect-bytes 5' \
	    -e 'send "\x16\x03\x03\x00\x7a\x02"' -e 'connection *' -e stall
	run -28 open_tls a timeout-connect=1 reconnect=on-demand
	assert_output --partial 'fifoctl: a: no connection within'
	assert_output --partial timeout-connect=1
	assert_output --partial handshake
	run -0 ctl status a
	assert_line error-status=28
	assert_line --regexp '^error=.*timeout-connect=1.*handshake'
	run -0 cat "$FIFOD_DIR/a/log"
	assert_output --partial timeout-connect=1
	# Half of a ServerHello is no better than none.
	run -28 open_tls b timeout-connect=1
	assert_output --partial handshake
	[ $((SECONDS - began)) -lt $((10 * TIMEOUT_SCALE)) ]
}

@test "a peer that closes or resets during the handshake is told so" {
	start_peer a script \
	    -e 'connection 1' -e 'expect-bytes 5' -e close \
	    -e 'connection 2' -e 'expect-bytes 5' -e reset \
	    -e 'connection 3' -e 'expect-bytes 5' \
	    -e 'send "\x16\x03\x03\x00\x7a\x02"' -e truncate
	refused 35 'peer closed the connection in the middle of the TLS'\
' handshake' open_tls a
	refused 35 '*in the middle of the TLS handshake*reset*' open_tls b
	refused 35 'peer closed the connection in the middle of the TLS'\
' handshake' open_tls c
}

@test "a fatal alert is told in words that a person can act on" {
	local number words n=0 steps=()

	while read -r number words; do
		n=$((n + 1))
		steps+=(-e "connection $n" -e 'expect-bytes 5' -e
		    "send \"\\x15\\x03\\x03\\x00\\x02\\x02\\x$number\"")
	done <<<"$alerts"
	start_peer a script "${steps[@]}" -e 'connection *' -e wait-eof
	n=0
	while read -r number words; do
		n=$((n + 1))
		refused 35 "$words" open_tls "a$n" alpn=h2
	done <<<"$alerts"
	[ "$n" -ge 8 ]
}

# The number of each alert (RFC 8446 6), and its words.
alerts='28 no cipher in common: peer takes none of those offered
46 peer offers at most TLSv1.1; tls-min is 1.2
47 no cipher in common: peer takes none of those offered
50 peer broke off with the TLS alert "internal error"
5a peer broke off with the TLS alert "user canceled"
70 peer knows no host called localhost (see sni=)
78 peer speaks none of alpn=h2
74 peer wants a client certificate (set cert= and key=)
2f peer broke off with the TLS alert "illegal parameter"'

@test "a session that failed comes up on reconnect, once its peer can" {
	start_peer a script --cert "$CERTS/good.pem" \
	    --key "$CERTS/good.key" -e 'connection 1' -e 'expect-bytes 5' \
	    -e 'send "\x15\x03\x03\x00\x02\x02\x28"' -e close \
	    -e 'connection 2+' -e starttls -e 'exactly waits' -e 'send yes' \
	    -e wait-eof
	open_tls a connect=on-demand
	printf waits >"$S/in"
	wait_status a state failed
	ctl reconnect a
	assert_equal "$(read_out a 3)" yes
	run -0 ctl status a
	assert_line state=up
	assert_line error=
	assert_line error-status=0
	assert_line queued=0
}

# ---- how it ends

@test "an end without close_notify is an error, and one with it is none" {
	local version

	for version in 1.2 1.3; do
		tls_peer "p${version#1.}" good --max "$version" -e 'send abc' \
		    -e 'connection 1' -e truncate -e 'connection 2' -e close
		open_tls "t$version" reconnect=never
		assert_equal "$(read_out "t$version" 3)" abc
		wait_status "t$version" state failed
		stands_failed "t$version" 56 'peer closed the connection'\
' without close_notify: the data may be truncated'
		open_tls "c$version" reconnect=on-demand
		assert_equal "$(read_out "c$version" 3)" abc
		wait_status "c$version" state idle
		run -0 ctl status "c$version"
		assert_line error=
		assert_line error-status=0
		run -0 cat "$FIFOD_DIR/c$version/log"
		assert_output --partial 'up -> idle: peer closed the connection'
		refute_output --partial truncated
	done
}

@test "a reader that meets the end of a truncated stream finds it said" {
	tls_peer a good -e 'expect go' -e 'send abc' -e truncate
	open_tls a on-close=eof reconnect=on-demand
	background "$T/got" within 10 sh -c 'cat <"$1/out"
		echo "/$(sed -n s/^error-status=//p "$1/status")"' sh "$S"
	printf go >"$S/in"
	wait_for_line "$T/got" /
	assert_equal "$(cat "$T/got")" abc/56
}

@test "a truncated connection is made again, and its end stays known" {
	tls_peer a good -e 'connection 1' -e 'send one' -e truncate \
	    -e 'connection 2' -e 'send two'
	open_tls a backoff=0.01..0.02
	assert_equal "$(read_out a 6)" onetwo
	run -0 cat "$FIFOD_DIR/a/log"
	assert_output --partial 'up -> backoff: peer closed the connection'\
' without close_notify'
	assert_equal "$(status_of a reconnects)" 1
}

@test "a reset is an error of its own" {
	tls_peer a good -e 'send abc' -e "wait-file $T/go" -e reset
	open_tls a reconnect=never
	assert_equal "$(read_out a 3)" abc
	: >"$T/go"
	wait_status a state failed
	run -0 ctl status a
	assert_line error-status=56
	assert_line --regexp '^error=.*reset'
}

@test "the peer is told of the end by close_notify, however it comes" {
	local n=0 name

	tls_peer a good
	for name in close now eof reconnect stop; do
		open_tls "$name" reconnect=on-demand
	done
	ctl close close
	ctl close now --now
	echo eof >"$FIFOD_DIR/eof/ctl"
	ctl reconnect reconnect
	wait_peer a '^accept 6'
	for n in 1 2 3 4; do
		wait_peer a "^(eof|truncated|reset) $n\$"
	done
	stop_broker
	for n in 5 6; do
		wait_peer a "^(eof|truncated|reset) $n\$"
	done
	run peer_log a
	refute_output --partial truncated
	refute_output --partial reset
}

@test "a half-close leaves the other direction open" {
	local version

	for version in 1.2 1.3; do
		tls_peer "p${version#1.}" good --max "$version" -e 'exactly ask' \
		    -e wait-eof -e 'log half' -e 'send answer'
		open_tls "a$version" reconnect=on-demand
		printf ask >"$S/in"
		echo eof >"$S/ctl"
		assert_equal "$(read_out "a$version" 6)" answer
		wait_peer "p${version#1.}" '^eof 1$'
		wait_status "a$version" state idle
		assert_equal "$(status_of "a$version" error)" ''
	done
}

@test "what waits in 'in' behind a half-close goes to the next connection" {
	tls_peer a good -e 'connection 1' -e wait-eof \
	    -e "wait-file $T/go" -e 'connection 2' -e 'exactly late' \
	    -e 'log both' -e wait-eof
	open_tls a reconnect=always backoff=0.01..0.02
	echo eof >"$S/ctl"
	wait_peer a '^eof 1$'
	printf late >"$S/in"
	never_within 1 status_is a queued 0
	: >"$T/go"
	wait_peer a '^log 2 both$'
}

# ---- what goes on inside

# resumes VERSION ARGUMENTS-OF-THE-PEER -- [KEY=VALUE]…: of a second connection
resumes()
{
	local arguments=(-e 'send x')

	nsessions=$((nsessions + 1))
	S=$FIFOD_DIR/r$nsessions
	version=$1
	shift
	while [ "$1" != -- ]; do
		arguments+=("$1")
		shift
	done
	shift
	tls_peer "r$nsessions" good --max "$version" "${arguments[@]}"
	open_tls "r$nsessions" "$@"
	assert_equal "$(status_of "r$nsessions" resumed)" no
	# A ticket goes before what the peer says.
	read_out "r$nsessions" 1
	ctl reconnect "r$nsessions"
	wait_peer "r$nsessions" '^handshake 2 '
	wait_status "r$nsessions" state up
	run -0 ctl status "r$nsessions"
	assert_line verified=yes
	assert_line --regexp "^tls=TLSv$version "
	resumed=$(status_of "r$nsessions" resumed)
	run peer_log "r$nsessions"
	assert_line --regexp "^handshake 2 .* resumed=$resumed "
}

@test "a connection made again resumes the TLS session" {
	local version

	for version in 1.2 1.3; do
		resumes "$version" --
		assert_equal "$resumed" yes
		run -0 cat "$S/log"
		assert_output --partial 'resumed, certificate of localhost'
		# And again.
		read_out "r$nsessions" 1
		ctl reconnect "r$nsessions"
		wait_peer "r$nsessions" '^handshake 3 .* resumed=yes '
	done
}

@test "a connection that was cut resumes the TLS session" {
	local version

	for version in 1.2 1.3; do
		tls_peer "p${version#1.}" good --max "$version" -e 'send x' \
		    -e 'connection 1' -e truncate -e 'connection 2' -e reset \
		    -e 'connection 3+'
		open_tls "a$version" backoff=0.01..0.02
		assert_equal "$(read_out "a$version" 2)" xx
		wait_peer "p${version#1.}" '^handshake 2 .* resumed=yes '
		assert_equal "$(read_out "a$version" 1)" x
		wait_peer "p${version#1.}" '^handshake 3 .* resumed=yes '
		assert_equal "$(status_of "a$version" verified)" yes
	done
}

@test "with resume=no each connection begins anew" {
	resumes 1.2 -- resume=no
	assert_equal "$resumed" no
	resumes 1.3 -- resume=no
	assert_equal "$resumed" no
}

@test "without a ticket a connection is made anew, and nothing is amiss" {
	resumes 1.3 --tickets 0 --
	assert_equal "$resumed" no
	assert_equal "$(status_of "r$nsessions" error)" ''
}

@test "a TLS session is resumed with the same options alone" {
	tls_peer a good -e 'send x'
	open_tls a
	read_out a 1
	open_tls a verify-name=example.test --replace
	wait_peer a '^handshake 2 .* resumed=no '
	read_out a 1
	ctl close a
	open_tls a verify-name=example.test
	wait_peer a '^handshake 3 .* resumed=no '
}

@test "tickets and key updates need no reader and never reach one" {
	tls_peer a good -e 'expect go' -e ticket -e ticket -e keyupdate \
	    -e ticket -e keyupdate -e keyupdate -e 'log sent' \
	    -e 'exactly more' -e keyupdate -e ticket -e 'send reply' \
	    -e keyupdate -e 'exactly last' -e 'send bye' -e close
	open_tls a reconnect=on-demand
	printf go >"$S/in"
	wait_peer a '^log 1 sent$'
	printf more >"$S/in"
	wait_peer a '^recv 1 4$'
	wait_status a bytes-out 5
	printf last >"$S/in"
	wait_status a state idle
	assert_equal "$(status_of a queued)" 8
	assert_equal "$(read_out a 8)" replybye
	assert_equal "$(status_of a error)" ''
}

@test "a key update that is asked for is answered before the next byte" {
	local n

	s_server s -tls1_3
	open_tls a
	for n in 1 2 3; do
		echo K >&7
		wait_until 10 key_updates '>>>' "$n"
		# It is told before it is on its way: what is behind it has come.
		echo "mark $n" >&7
		assert_equal "$(read_out a 7)" "mark $n"
		echo "line $n" >"$S/in"
		wait_for_line "$T/s.log" "^line $n\$"
		key_updates '<<<' "$n" || fail "$(cat "$T/s.log")"
	done
	echo hello >&7
	assert_equal "$(read_out a 5)" hello
	exec 7>&-
}

# key_updates DIRECTION N: the server has seen (<<<) or sent (>>>) so many
key_updates()
{
	[ "$(grep -ac "^$1 TLS 1.3, Handshake.*KeyUpdate" "$T/s.log")" -eq "$2" ]
}

@test "hundreds of tickets and key updates cost the stream nothing" {
	tls_peer a good -e 'expect go' -e keyupdate -e ticket \
	    -e "loop ${TLS_ROUNDS:=300}" -e 'log sent' -e 'send end'
	open_tls a
	# `loop' begins anew: each round is asked for.
	printf 'go%.0s' $(seq "$TLS_ROUNDS") >"$S/in"
	wait_peer a '^log 1 sent$' 30
	assert_equal "$(read_out a 3)" end
	assert_equal "$(status_of a links)" 1
	assert_equal "$(status_of a queued)" 0
}

@test "a renegotiation is refused and told so, and nothing of it is read" {
	s_server s -tls1_2
	open_tls a reconnect=never
	echo hello >&7
	assert_equal "$(read_out a 5)" hello
	echo R >&7
	wait_for_line "$T/s.log" '^<<< .*Alert.*no_renegotiation'
	refute grep -aq '^<<< .*ClientHello.*' <(sed '1,/Finished/d' "$T/s.log")
	# That server gives up then.
	wait_status a state failed
	run -0 ctl status a
	assert_line error-status=56
	assert_line 'error=peer broke off with the TLS alert "handshake failure"'
	exec 7>&-
}

@test "bytes that are not the peer's break the connection, unread" {
	local version

	for version in 2 3; do
		s_server "s$version" "-tls1_$version"
		open_tls "a$version" reconnect=never
		echo hello >&7
		assert_equal "$(read_out "a$version" 5)" hello
		# It writes a line past TLS (openssl-s_server(1)).
		echo P >&7
		wait_status "a$version" state failed
		run -0 ctl status "a$version"
		assert_line error-status=56
		assert_line --regexp '^error=a TLS record was damaged or forged'
		# Nobody has written anything that could be lost.
		assert_line uncertain=0
		assert_line discarded=0
		run -0 within 10 cat "$S/out"
		assert_output ''
		exec 7>&-
	done
}

@test "'out' carries the peer's bytes alone, through every misfortune" {
	start_peer a script --cert "$CERTS/good.pem" \
	    --key "$CERTS/good.key" \
	    -e 'connection 1' -e starttls -e 'send one' -e ticket \
	    -e keyupdate -e 'send ONE' -e truncate \
	    -e 'connection 2' -e 'expect-bytes 5' \
	    -e 'send "HTTP/1.0 400 Bad Request\r\n\r\n"' -e close \
	    -e 'connection 3' -e 'expect-bytes 5' \
	    -e 'send "\x15\x03\x03\x00\x02\x02\x28"' -e close \
	    -e 'connection 4' -e starttls -e 'send two' -e reset \
	    -e 'connection 5' -e starttls -e ticket -e 'send three'
	open_tls a backoff=0.01..0.02
	assert_equal "$(read_out a 6)" oneONE
	# Handshakes that fail after one was good are tried again.
	wait_peer a '^close 3$'
	assert_equal "$(read_out a 8)" twothree
	run -0 ctl status a
	assert_line bytes-out=14
	assert_line queued=0
}

@test "nothing leaves 'in' before the handshake is done" {
	start_peer a script --record "$T/heard.a" -e stall
	open_tls a connect=on-demand timeout-connect=0.5 reconnect=never
	printf 'secret %s\n' 1 2 3 >"$S/in"
	wait_peer a '^stall 1$'
	assert_equal "$(status_of a queued)" 27
	wait_status a state failed
	run -0 ctl status a
	assert_line error-status=28
	assert_line queued=27
	assert_line bytes-in=0
	refute grep -aq secret "$T/heard.a.1"
}

@test "a TLS session does not hear what another one is told" {
	local n

	tls_peer a good -e 'expect \n' -e 'send you:'
	for n in 1 2 3; do
		open_tls "a$n" tls-max=1.$((2 + n % 2))
	done
	for n in 3 1 2; do
		echo "I am $n" >"$FIFOD_DIR/a$n/in"
		assert_equal "$(read_out "a$n" 4)" you:
		wait_peer a "^recv $n 7$"
	done
	for n in 1 2 3; do
		assert_equal "$(cat "$T/heard.a.$n")" "I am $n"
	done
}
