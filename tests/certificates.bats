# Whom fifod believes to be the peer: each certificate with its verdict, and
# the words that tell a person what to do about it.

load helper/common
load helper/tls

setup()
{
	common_setup
	start_broker
}

@test "a good certificate is verified, and status and log say so" {
	accepts good
	run -0 cat "$FIFOD_DIR/s2/log"
	assert_output --partial 'certificate of localhost by'\
' fifod-test-intermediate until 2049-01-01, verified'
	assert_output --partial ' -> up: 127.0.0.1:'
	refute_output --partial failed
}

@test "a wildcard stands for one whole label" {
	accepts wildcard verify-name=www.example.test
	refuses wildcard \
	    'certificate is for \*.example.test, not a.b.example.test' \
	    verify-name=a.b.example.test
	refuses wildcard 'certificate is for \*.example.test, not example.test' \
	    verify-name=example.test
}

@test "a wildcard for part of a label stands for nothing" {
	refuses partial \
	    'certificate is for w\*.example.test, not www.example.test' \
	    verify-name=www.example.test
}

@test "an address is looked for among the certificate's addresses" {
	host=127.0.0.1
	accepts ip
	refuses wrongname 'certificate is for other.test, not 127.0.0.1'
	refuses good 'certificate is for localhost, example.test, 127.0.0.1,'\
' ::1, not 127.0.0.2' verify-name=127.0.0.2
	host=localhost
	refuses ip 'certificate is for 127.0.0.1, ::1, not localhost'
	accepts ip verify-name=::1
}

@test "an IPv6 address is looked for among the certificate's addresses" {
	[ -e /proc/net/if_inet6 ] && grep -q ' lo$' /proc/net/if_inet6 ||
	    skip "no IPv6"
	peer_more=(-l ::1)
	host='[::1]'
	accepts ip
	refuses wrongname 'certificate is for other.test, not ::1'
}

@test "an expired certificate is refused with the date and the clock" {
	refuses expired 'certificate expired on 2021-01-01 (the clock here'\
' says 20??-??-?? ??:?? UTC)'
}

@test "a certificate that is not valid yet is refused with the date" {
	refuses notyet 'certificate is not valid before 2045-01-01 (the clock'\
' here says 20??-??-?? ??:?? UTC)'
}

@test "a self-signed certificate is refused, unless it is given as ca=" {
	refuses selfsigned \
	    'certificate is self-signed; give it as ca= to trust it'
	accepts selfsigned "ca=$CERTS/selfsigned.pem"
}

@test "a self-signed certificate given as ca= still has to fit the name" {
	refuses selfsigned 'certificate is for *, not elsewhere.test' \
	    "ca=$CERTS/selfsigned.pem" verify-name=elsewhere.test
	refuses good '*unknown authority*' "ca=$CERTS/selfsigned.pem"
}

@test "a certificate of an unknown root is refused, sent along or not" {
	refuses unknownroot 'signed by an unknown authority:'\
' a-root-that-nobody-trusts; give its root as ca='
	refuses good \
	    'signed by an unknown authority: fifod-test-root; give its root as ca=' \
	    "ca=$CERTS/other.pem"
	accepts unknownroot "ca=$CERTS/other.pem"
}

@test "a certificate for another name is refused with both names" {
	refuses wrongname 'certificate is for other.test, not localhost'
}

@test "a name in the subject alone is not looked at" {
	refuses cnonly 'certificate has no subjectAltName, only CN=localhost,'\
' which is not looked at'
}

# own NAME CN [ARGUMENTS]: a self-signed certificate of the test's own
own()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -days 3000 -subj "/CN=$2" -keyout "$T/$1.key" -out "$T/$1.pem" \
	    "${@:3}" 2>"$T/req.err"
	peer_more=(--cert "$T/$1.pem" --key "$T/$1.key")
}

@test "a certificate of many names is told by its first ones" {
	local names

	names=$(printf ',DNS:host%d.example.test' {1..60})
	own many many -addext "subjectAltName=${names#,}"
	refuses good 'certificate is for host1.example.test,'\
' host2.example.test* and [0-9]* more, not localhost' "ca=$T/many.pem"
	[ "${#why}" -lt 236 ]
}

@test "a certificate cannot write into the log or onto a terminal" {
	own odd $'odd\e[2J\nstate=up\tverified=yes\r'
	refuses good 'certificate has no subjectAltName,'\
' only CN=odd?\[2J?state=up?verified=yes?, which is not looked at' \
	    "ca=$T/odd.pem"
	refute grep -q '^state=up' "$FIFOD_DIR"/*/status "$FIFOD_DIR"/*/log \
	    "$T/fifod.err"
	# A pattern's question mark would match the character itself.
	refute grep -q $'[^[:print:]\t]' "$FIFOD_DIR"/*/status \
	    "$FIFOD_DIR"/*/log "$T/fifod.err"
	[[ $why != *[![:print:]]* ]]
	open_session a "$endpoint" verify=no || true
	refute grep -q $'[^[:print:]]' "$FIFOD_DIR/a/log"
}

@test "a missing intermediate is named, and may be given as ca=" {
	refuses nochain 'the server did not send an intermediate certificate:'\
' fifod-test-intermediate is missing*'
	cat "$CERTS/ca.pem" "$CERTS/inter.pem" >"$T/both.pem"
	accepts nochain "ca=$T/both.pem"
}

@test "a certificate signed by one that is no authority is refused" {
	cat "$CERTS/underleaf.pem" "$CERTS/inter.pem" >"$T/chain.pem"
	peer_more=(--cert "$T/chain.pem")
	refuses underleaf '*may not sign others (basicConstraints)'
}

@test "a certificate that is not made for servers is refused" {
	refuses client \
	    'certificate is not made for servers (extendedKeyUsage)' \
	    verify-name=client
}

@test "a weak key and a weak digest are refused" {
	refuses weak '*key too weak*1024 bits*'
	refuses sha1 '*weak digest*'
}

@test "a certificate on the revocation list is refused" {
	refuses revoked \
	    'certificate was revoked on 20??-??-?? (no reason given)' \
	    "crl=$CERTS/crl.pem"
	accepts good "crl=$CERTS/crl.pem"
	accepts revoked
}

@test "a revocation list that is missing or too old refuses the peer" {
	refuses good 'crl= has no revocation list by fifod-test-intermediate,'\
' which signed the certificate' "crl=$CERTS/rootcrl.pem"
	refuses good 'crl=: the revocation list by fifod-test-intermediate'\
' expired on 2021-01-01' "crl=$CERTS/oldcrl.pem"
}

@test "a stapled OCSP response that says good is fine" {
	peer_more=(--staple "$CERTS/good.ocsp")
	accepts good ocsp=require
	accepts good ocsp=staple
}

@test "a stapled OCSP response that says revoked refuses the peer" {
	peer_more=(--staple "$CERTS/revoked.ocsp")
	refuses revoked 'certificate was revoked on 20??-??-?? (no reason'\
' given), says OCSP' ocsp=require
	refuses revoked 'certificate was revoked on *, says OCSP' ocsp=staple
	accepts revoked ocsp=no
}

@test "no OCSP response at all is refused by ocsp=require alone" {
	refuses good 'the server stapled no OCSP response (ocsp=require)' \
	    ocsp=require
	accepts good ocsp=staple
}

@test "an OCSP response that is old, forged, foreign or garbage is refused" {
	peer_more=(--staple "$CERTS/old.ocsp")
	refuses good 'the OCSP response *2021-01-01' ocsp=staple
	peer_more=(--staple "$CERTS/forged.ocsp")
	refuses good "the OCSP response is not signed by the certificate's"\
' issuer' ocsp=staple
	peer_more=(--staple "$CERTS/good.ocsp")
	refuses revoked 'the OCSP response is about another certificate' \
	    ocsp=staple
	echo garbage >"$T/garbage"
	peer_more=(--staple "$T/garbage")
	refuses good 'the OCSP response is malformed' ocsp=staple
}

@test "without ca= the system's authorities are trusted, and no others" {
	tls_peer a good
	refused 60 'signed by an unknown authority: fifod-test-root*' \
	    open_session a "tls://localhost:$port"
	unheard
	stop_broker
	# openssl-env(7): where the system's are, said from outside.
	SSL_CERT_FILE=$CERTS/ca.pem start_broker
	open_session b "tls://localhost:$port"
	assert_equal "$(status_of b verified)" yes
	# ca= stands in their place, not beside them.
	refused 60 'signed by an unknown authority: fifod-test-root*' \
	    open_session c "tls://localhost:$port" "ca=$CERTS/other.pem"
}

@test "verify-name is the name that counts, sni the one that is asked for" {
	tls_peer a good
	refused 60 'certificate is for *, not elsewhere.test' \
	    open_tls a verify-name=elsewhere.test
	wait_peer a '^handshake-failed 1'
	open_tls b verify-name=example.test
	wait_peer a '^handshake 2 .* sni=localhost '
	open_tls c sni=asked.test
	wait_peer a '^handshake 3 .* sni=asked.test '
	assert_equal "$(status_of c verified)" yes
	open_session d "tls://127.0.0.1:$port" "ca=$CERTS/ca.pem" \
	    sni=example.test
	wait_peer a '^handshake 4 .* sni=example.test '
	unheard
}

@test "sni=- asks for no name, as a numeric address does" {
	s_server s -tlsextdebug
	open_tls a sni=-
	open_session b "tls://127.0.0.1:$port" "ca=$CERTS/ca.pem" --no-wait
	ctl close a
	wait_status b state up
	refute grep -a 'extension "server name"' "$T/s.log"
	open_tls c --no-wait
	ctl close b
	wait_status c state up
	grep -a 'extension "server name"' "$T/s.log"
	exec 7>&-
}

@test "a name that no certificate can be for is refused" {
	tls_peer a good
	run open_tls a verify-name=.test
	[[ $status -eq 1 || $status -eq 2 ]]
	assert_output --partial verify-name
	[ ! -e "$FIFOD_DIR/a" ]
}

@test "a pin has to match as well as the certificate" {
	accepts good "pin=$(pin_of good)"
	accepts good "pin=$(pin_of client);$(pin_of good)"
	refuses good "pin does not match: the server's key is $(cat \
	    "$CERTS/good.pin")" "pin=$(pin_of client)"
	refuses expired 'certificate expired on *' "pin=$(pin_of expired)"
	refuses good "pin does not match: *" "pin=$(pin_of inter)"
}

@test "a pin is looked at with verify=no too" {
	local version

	refuses wrongname "pin does not match: *key is $(pin_of wrongname)" \
	    verify=no "pin=$(pin_of good)"
	for version in 1.2 1.3; do
		tls_peer "p${version#1.}" wrongname --max "$version"
		open_tls "a$version" verify=no "pin=$(pin_of wrongname)"
		assert_equal "$(status_of "a$version" verified)" "pin only"
	done
}

@test "verify=no takes any certificate, and status and log say so" {
	local cert

	for cert in expired notyet selfsigned unknownroot wrongname cnonly \
	    nochain revoked; do
		tls_peer "$cert" "$cert"
		open_tls "$cert" verify=no "crl=$CERTS/crl.pem" ocsp=require
		run -0 ctl status "$cert"
		assert_line state=up
		assert_line "verified=no (verify=no)"
		assert_line option.verify=no
		run -0 cat "$FIFOD_DIR/$cert/log"
		assert_output --partial 'not verified'
	done
}

@test "what was taken with verify=no is looked at again with verify=yes" {
	tls_peer a wrongname -e 'send x'
	open_tls a verify=no
	read_out a 1
	refused 60 'certificate is for other.test, not localhost' \
	    open_tls a --replace
	wait_peer a '^handshake-failed 2'
	run peer_log a
	refute_line --partial resumed=yes
	unheard
}

@test "a peer that wants a client certificate gets the one of cert= and key=" {
	local version

	for version in 1.2 1.3; do
		tls_peer "p${version#1.}" good --max "$version" \
		    --client-ca "$CERTS/ca.pem" -e 'expect x' -e 'send y'
		open_tls "a$version" "cert=$CERTS/client.pem" \
		    "key=$CERTS/client.key"
		wait_peer "p${version#1.}" '^handshake 1 .* peer=client$'
		cat "$CERTS/client.key" "$CERTS/client.pem" >"$T/one.pem"
		open_tls "b$version" "cert=$T/one.pem"
		wait_peer "p${version#1.}" '^handshake 2 .* peer=client$'
		echo x >"$FIFOD_DIR/b$version/in"
		assert_equal "$(read_out "b$version" 1)" y
		assert_equal "$(status_of "b$version" error)" ''
	done
}

@test "a peer that gets no client certificate, or a bad one, is understood" {
	local missing='peer wants a client certificate (set cert= and key=)'
	local unknown='peer refuses our certificate (cert=): its authority is'\
' not known there'

	tls_peer a good --max 1.2 --client-ca "$CERTS/ca.pem"
	refused 35 "$missing" open_tls a
	refused 35 "$unknown" open_tls b \
	    "cert=$CERTS/badclient.pem" "key=$CERTS/badclient.key"
	unheard
	# Under TLS 1.3 the peer says so when the handshake is over for us:
	# open may have returned by then.
	tls_peer c good --client-ca "$CERTS/ca.pem"
	run open_tls c
	[[ $status -eq 35 || $status -eq 0 ]]
	wait_status c state failed
	stands_failed c 35 "$missing"
	run open_tls d "cert=$CERTS/badclient.pem" "key=$CERTS/badclient.key"
	[[ $status -eq 35 || $status -eq 0 ]]
	wait_status d state failed
	stands_failed d 35 "$unknown"
	never_within 1 grep -q '^accept 3' "$T/peer.c.log"
	unheard
}

@test "TLS 1.2 and 1.3 are spoken, what is older is not" {
	tls_peer two good --min 1.2 --max 1.2
	open_tls two
	run -0 ctl status two tls
	assert_output --regexp '^TLSv1\.2 ECDHE-[A-Z0-9-]+$'
	refused 35 'peer offers at most TLSv1.2; tls-min is 1.3' \
	    open_tls two3 tls-min=1.3
	tls_peer three good --min 1.3
	open_tls three
	run -0 ctl status three tls
	assert_output --regexp '^TLSv1\.3 TLS_[A-Z0-9_]+$'
	refused 35 'peer requires TLSv1.3 and tls-max is 1.2' \
	    open_tls three2 tls-max=1.2
	tls_peer one good --max 1.1
	refused 35 'peer offers at most TLSv1.1; tls-min is 1.2' open_tls one
	refused 35 'peer offers at most *; tls-min is 1.3' \
	    open_tls one3 tls-min=1.3
	unheard
}

@test "tls-min and tls-max choose the version where the peer speaks both" {
	tls_peer a good
	open_tls a tls-max=1.2
	assert_regex "$(status_of a tls)" '^TLSv1\.2 '
	open_tls b tls-min=1.3
	assert_regex "$(status_of b tls)" '^TLSv1\.3 '
}

@test "the protocol of ALPN is agreed on, or the peer is refused" {
	local version

	for version in 1.2 1.3; do
		tls_peer "p${version#1.}" good --alpn h2,http/1.1 \
		    --max "$version"
		open_tls "a$version" alpn=http/1.1
		assert_equal "$(status_of "a$version" alpn-chosen)" http/1.1
		open_tls "b$version" alpn=spdy/3,h2
		assert_equal "$(status_of "b$version" alpn-chosen)" h2
		refused 35 'peer speaks none of alpn=imap,xmpp' \
		    open_tls "c$version" alpn=imap,xmpp
		open_tls "d$version"
		assert_equal "$(status_of "d$version" alpn-chosen)" ''
	done
	# A peer without ALPN ignores it (RFC 7301 3.1).
	tls_peer none good
	open_tls none alpn=h2
	assert_equal "$(status_of none alpn-chosen)" ''
	unheard
}

@test "what waits in 'in' stays there while the certificate is refused" {
	local cert

	for cert in expired wrongname good; do
		tls_peer "$cert" "$cert" --staple "$CERTS/revoked.ocsp"
		open_tls "$cert" connect=on-demand ocsp=staple
		assert_equal "$(status_of "$cert" state)" idle
		printf secret >"$FIFOD_DIR/$cert/in"
		wait_status "$cert" state failed
		run -0 ctl status "$cert"
		assert_line error-status=60
		assert_line queued=6
		assert_line bytes-in=0
		wait_peer "$cert" '^handshake-failed 1|^handshake 1'
		wait_peer "$cert" '^close 1'
		unheard
		run -0 within 5 head -c 6 "$FIFOD_DIR/$cert/in"
		assert_output secret
	done
}

@test "a peer that was refused is asked again by open and reconnect alone" {
	tls_peer a expired
	refused 60 'certificate expired on *' open_tls a
	never_within 1 grep -q '^accept 2' "$T/peer.a.log"
	refused 60 'certificate expired on *' open_tls a
	wait_peer a '^accept 2'
	run ctl reconnect a
	wait_peer a '^accept 3'
	wait_status a state failed
	assert_equal "$(status_of a error-status)" 60
	# A reader is not left waiting for what cannot come.
	run -0 within 5 cat "$FIFOD_DIR/a/out"
	assert_output ''
}

@test "a session that was refused comes up when the reason is gone" {
	tls_peer a unknownroot
	refused 60 'signed by an unknown authority*' open_tls a
	open_tls a "ca=$CERTS/other.pem" --replace
	run -0 ctl status a
	assert_line state=up
	assert_line verified=yes
	assert_line error=
	assert_line error-status=0
	assert_line error-since=
}

# chain FILE: its certificates, one fingerprint a line
chain()
{
	local n=0

	while openssl x509 -noout -fingerprint -sha256; do
		n=$((n + 1))
	done <"$1" 2>/dev/null
	[ "$n" -gt 0 ]
}

@test "peer.pem is the chain that the peer has shown" {
	local version

	for version in 1.2 1.3; do
		tls_peer "p${version#1.}" good --max "$version"
		open_tls "a$version"
		wait_until 10 test -s "$FIFOD_DIR/a$version/peer.pem"
		run -0 chain "$FIFOD_DIR/a$version/peer.pem"
		assert_equal "${#lines[@]}" 2
		assert_output "$(chain "$CERTS/good.pem")"
		assert_equal "$(stat -c %a "$FIFOD_DIR/a$version/peer.pem")" 600
	done
	# A group may read it, no more.
	open_tls b mode=0660
	wait_until 10 test -s "$FIFOD_DIR/b/peer.pem"
	assert_equal "$(stat -c %a "$FIFOD_DIR/b/peer.pem")" 640
}

@test "peer.pem is there to be looked at when the peer was refused" {
	local version

	for version in 1.2 1.3; do
		tls_peer "p${version#1.}" expired --max "$version"
		refused 60 'certificate expired on *' open_tls "a$version"
		assert_equal "$(chain "$FIFOD_DIR/a$version/peer.pem")" \
		    "$(chain "$CERTS/expired.pem")"
	done
}

@test "peer.pem is replaced when another certificate is shown" {
	hold_port
	tls_peer a good -e 'send x' -p "$port"
	open_tls a
	read_out a 1
	# A session that is resumed has shown the same one.
	ctl reconnect a
	wait_status a resumed yes
	assert_equal "$(chain "$FIFOD_DIR/a/peer.pem")" \
	    "$(chain "$CERTS/good.pem")"
	stop_peer a
	tls_peer b revoked -p "$port"
	ctl reconnect a
	wait_status a state up
	wait_peer b '^handshake [0-9]+ .* resumed=no'
	same()
	{
		[ "$(chain "$FIFOD_DIR/a/peer.pem")" = \
		    "$(chain "$CERTS/revoked.pem")" ]
	}
	wait_until 10 same
}

@test "a session that is resumed is refused once its certificate is" {
	hold_port
	tls_peer a good -e 'send x' -p "$port"
	open_tls a
	read_out a 1
	stop_peer a
	tls_peer b expired -p "$port"
	ctl reconnect a || true
	wait_status a state failed
	assert_equal "$(status_of a error-status)" 60
	unheard
}
