# The tests' own peer does what it is told: plain, over TLS, in every mode.

load helper/common

# Everything that comes from the peer, after saying $1 (as printf's format).
# The write end stays open until it has ended.
talk()
{
	exec 9<>"/dev/tcp/127.0.0.1/$port" || return
	# shellcheck disable=SC2059
	printf "${1-}" >&9
	within 10 cat <&9 3>&-
	exec 9>&-
}

s_client()
{
	openssl s_client -connect "127.0.0.1:$port" -CAfile "$CERTS/ca.pem" \
	    -verify_return_error -servername localhost -quiet "$@" \
	    2>"$T/s_client.err" 3>&-
}

@test "a script expects, sends, and closes" {
	start_peer a script -e 'expect hello\r\n' -e 'send "a\tb\x21\n"' \
	    -e 'log done'
	run talk 'well hello\r\nand more'
	assert_output $'a\tb!'
	wait_peer a '^close 1$'
	run peer_log a
	assert_line --index 1 'accept 1'
	assert_line --index 2 'recv 1 12'
	assert_line --index 3 'log 1 done'
}

@test "a script waits for a file, so that a test can order events" {
	start_peer a script -e 'send x' -e "wait-file $T/go" -e 'send y'
	background "$T/out" talk
	wait_for_line "$T/out" '^x$'
	never_within 1 grep y "$T/out"
	: >"$T/go"
	wait_for_line "$T/out" '^xy$'
}

@test "a script tells its first connection from the later ones" {
	start_peer a script -e 'connection 1' -e 'send first' \
	    -e 'connection 2+' -e 'send later' -e 'connection *' -e 'send !'
	run talk
	assert_output 'first!'
	run talk
	assert_output 'later!'
	run talk
	assert_output 'later!'
}

@test "a script loops until the end of file" {
	start_peer a script -e 'expect x' -e 'send y' -e loop
	start_peer b script --connect "127.0.0.1:$port" -e 'send xxx' \
	    -e 'exactly yyy' -e half-close -e wait-eof
	wait_peer b '^recv 1 3$'
	wait_peer a '^close 1$'
	wait_peer b '^eof 1$'
}

@test "a reset is seen as one, and a half-close as none" {
	start_peer a script -e 'connection 1' -e 'expect x' -e reset \
	    -e 'connection 2' -e half-close -e 'expect x' -e 'log alive'
	start_peer b script --connect "127.0.0.1:$PORT_a" -e 'send x' \
	    -e wait-eof
	wait_peer b '^reset 1$'
	start_peer c script --connect "127.0.0.1:$PORT_a" -e wait-eof \
	    -e 'send x'
	wait_peer a '^log 2 alive$'
}

@test "a peer that stalls keeps the connection and reads nothing" {
	start_peer a script --rcvbuf 4K -e stall
	start_peer b source 16M --connect "127.0.0.1:$port"
	wait_peer a '^stall 1$'
	never_within 1 grep -q sent "$T/peer.b.log"
}

@test "a refused port is refused, and nobody else gets it" {
	start_peer a script --refuse
	run -1 talk
	assert_output --partial refused
}

@test "the peer ends after -n connections, and on SIGTERM" {
	start_peer a script -n 1 -e 'send x'
	run talk
	wait_pid "$PEER_PID"
	[ "$EXIT_STATUS" -eq 0 ]
	start_peer b echo
	stop_peer b
	[ "$EXIT_STATUS" -eq 0 ]
}

@test "http keeps a connection alive and numbers its requests" {
	start_peer a http --close-after 2 -b 10
	run talk 'GET /a HTTP/1.1\r\n\r\nPOST /b HTTP/1.1\r\n'\
'Content-Length: 2\r\n\r\nab'
	assert_line 'connection 1 request 1 path /a'
	assert_line 'connection 1 request 2 path /b'
	assert_line '.........'
	assert_line $'Connection: close\r'
	run peer_log a
	assert_line 'request 1 2 POST /b'
}

@test "http answers HEAD, 204, chunked, short and echo as they are asked" {
	start_peer a http
	run talk 'HEAD / HTTP/1.0\r\n\r\n'
	assert_line $'Content-Length: 30\r'
	refute_output --partial 'connection 1 request'
	run talk 'GET /status/204 HTTP/1.0\r\n\r\n'
	refute_output --partial Content-Length
	run talk 'GET /chunked/3 HTTP/1.0\r\n\r\n'
	assert_line $'3\r'
	assert_line $'0\r'
	run talk 'GET /short/1 HTTP/1.1\r\n\r\n'
	assert_line $'Content-Length: 38\r'
	run talk 'POST /echo/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n'\
'2\r\nab\r\n0\r\n\r\n'
	assert_line ab
}

@test "sink and source agree on the sum of the same random bytes" {
	start_peer a sink
	start_peer b source 300K 7 --connect "127.0.0.1:$port"
	wait_peer b '^close 1$'
	wait_peer a '^close 1$'
	local sum
	sum=$("$PEER" random 300K 7 | sha256sum)
	run peer_log a
	assert_line "sum 1 307200 ${sum%% *}"
	run peer_log b
	assert_line "sent 1 307200 ${sum%% *}"
}

@test "echo gives back a duplex stream, over TLS too" {
	local arguments
	for arguments in "" "$(tls good)"; do
		# shellcheck disable=SC2086
		start_peer a echo $arguments
		start_peer b duplex 3M 9 --connect "127.0.0.1:$port" \
		    ${arguments:+--tls --ca $CERTS/ca.pem}
		wait_peer b '^close 1$'
		run peer_log b
		[ "$(grep -c "$(sed -n 's/^sum 1 //p' "$T/peer.b.log")" \
		    "$T/peer.b.log")" -eq 2 ]
		stop_peer a
	done
}

@test "a unix socket and ::1 are listened on" {
	start_peer a echo -l "$T/sock"
	start_peer b duplex 1K --connect "$T/sock"
	wait_peer b '^sum 1 1024'
	stop_peer a
	[ ! -e "$T/sock" ]
	"$PEER" echo -l ::1 -T 1 >/dev/null 2>&1 || [ $? -eq 124 ] ||
	    skip "no IPv6"
	start_peer c echo -l ::1
	start_peer d duplex 1K --connect "[::1]:$port"
	wait_peer d '^sum 1 1024'
}

@test "a handshake says version, resumption, ALPN and server name" {
	# shellcheck disable=SC2046
	start_peer a http $(tls good) --alpn h2,http/1.1 --max 1.2
	printf 'GET / HTTP/1.0\r\n\r\n' |
	    s_client -alpn http/1.1 -sess_out "$T/session" | grep connection
	printf 'GET / HTTP/1.0\r\n\r\n' |
	    s_client -alpn http/1.1 -sess_in "$T/session" | grep connection
	run peer_log a
	assert_output --regexp \
	    'handshake 1 TLSv1.2 resumed=no alpn=http/1.1 sni=localhost '
	assert_output --regexp 'handshake 2 TLSv1.2 resumed=yes '
}

@test "TLS 1.3 tickets and key updates come in mid-stream" {
	# shellcheck disable=SC2046
	start_peer a script $(tls good) -e 'expect x' -e 'send a' -e ticket \
	    -e 'send b' -e keyupdate -e 'send c'
	run s_client -ign_eof <<<x
	assert_output abc
	run peer_log a
	assert_line 'ticket 1'
	assert_line 'keyupdate 1'
}

@test "a truncated TLS stream has no close_notify, a closed one has" {
	# shellcheck disable=SC2046
	start_peer a script $(tls good) -e 'send x' \
	    -e 'connection 1' -e truncate
	start_peer b sink --connect "127.0.0.1:$port" --tls
	wait_peer b '^truncated 1$'
	start_peer c sink --connect "127.0.0.1:$PORT_a" --tls
	wait_peer c '^eof 1$'
}

@test "starttls makes the handshake in mid-script" {
	start_peer a script --cert "$CERTS/good.pem" --key "$CERTS/good.key" \
	    -e 'send "220 x\r\n"' -e 'expect EHLO' -e 'expect \n' \
	    -e 'send "250 STARTTLS\r\n"' -e 'expect STARTTLS\r\n' \
	    -e 'send "220 go\r\n"' -e starttls -e 'exactly bye' -e 'send ok'
	run s_client -starttls smtp -ign_eof <<<bye
	assert_line --partial ok
}

@test "a client certificate is demanded and named" {
	# shellcheck disable=SC2046
	start_peer a script $(tls good) --client-ca "$CERTS/ca.pem" -e 'send x'
	run s_client -ign_eof -cert "$CERTS/client.pem" \
	    -cert_chain "$CERTS/client.pem" -key "$CERTS/client.key" </dev/null
	assert_output x
	run s_client -ign_eof </dev/null
	refute_output x
	run peer_log a
	assert_output --regexp 'handshake 1 .* peer=client'
	wait_peer a '^handshake-failed 2'
}

@test "each bad certificate is bad in the way its name says" {
	local name why
	while read -r name why; do
		run -2 openssl verify -CAfile "$CERTS/ca.pem" -untrusted \
		    "$CERTS/inter.pem" -CRLfile "$CERTS/crl.pem" \
		    -crl_check_all -verify_hostname example.test \
		    "$CERTS/$name.pem"
		assert_output --partial "$why"
	done <<-END
	expired certificate has expired
	notyet certificate is not yet valid
	selfsigned self-signed certificate
	unknownroot unable to get local issuer certificate
	wrongname hostname mismatch
	revoked certificate revoked
	ip hostname mismatch
	END
	openssl verify -CAfile "$CERTS/ca.pem" -untrusted "$CERTS/inter.pem" \
	    -CRLfile "$CERTS/crl.pem" -crl_check_all \
	    -verify_hostname localhost "$CERTS/good.pem"
}

@test "a stapled OCSP response reaches the client" {
	# shellcheck disable=SC2046
	start_peer a script $(tls good) --staple "$CERTS/good.ocsp"
	run openssl s_client -connect "127.0.0.1:$port" -status </dev/null
	assert_line --partial 'Cert Status: good'
}

@test "a held FIFO is let go by stop_pid" {
	mkfifo "$T/fifo"
	exec 8<>"$T/fifo"
	hold_reader "$T/fifo"
	exec 8>&-
	exec 8>"$T/fifo"
	stop_pid "$HELD_PID"
	run ! eval 'echo x >&8'
}
