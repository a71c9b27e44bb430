# starttls=: in clear until the server agrees, then TLS, and not one byte of
# what was said in clear is believed.

# Words are split on purpose; port and the like are set elsewhere, and tests
# are subshells.
# shellcheck disable=SC2086,SC2154,SC2030,SC2031

load helper/common
load helper/exchange

setup()
{
	common_setup
	peer_more=(--cert "$CERTS/good.pem" --key "$CERTS/good.key")
	start_broker
}

# What servers of each protocol say, and what they are to be told, up to the
# handshake: DIALOGUE of NAME
dialogue()
{
	case $1 in
	smtp) DIALOGUE=('send 220-hi\r\n220 ESMTP\r\n'
	    'exactly EHLO [127.0.0.1]\r\n'
	    'send 250-hi\r\n250-STARTTLS\r\n250 SIZE\r\n'
	    'exactly STARTTLS\r\n' 'send 220 2.0.0 go\r\n') ;;
	lmtp) DIALOGUE=('send 220 hi\r\n' 'exactly LHLO [127.0.0.1]\r\n'
	    'send 250-hi\r\n250 STARTTLS\r\n' 'exactly STARTTLS\r\n'
	    'send 220 go\r\n') ;;
	imap) DIALOGUE=('send * OK hi\r\n' 'exactly tls STARTTLS\r\n'
	    'send tls OK go\r\n') ;;
	pop3) DIALOGUE=('send +OK hi\r\n' 'exactly STLS\r\n' 'send +OK\r\n') ;;
	nntp) DIALOGUE=('send 200 hi\r\n' 'exactly STARTTLS\r\n'
	    'send 382 go\r\n') ;;
	ftp) DIALOGUE=('send 220 hi\r\n' 'exactly AUTH TLS\r\n'
	    'send 234 go\r\n') ;;
	sieve) DIALOGUE=('send "STARTTLS"\r\nOK "hi"\r\n'
	    'exactly STARTTLS\r\n' 'send OK\r\n') ;;
	irc) DIALOGUE=('exactly STARTTLS\r\n'
	    'send :x NOTICE * :wait\r\n:x 670 * :go\r\n') ;;
	ldap) DIALOGUE=(
	    'exactly \x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037'
	    'send \x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00') ;;
	postgres) DIALOGUE=('exactly \x00\x00\x00\x08\x04\xd2\x16\x2f'
	    'send S') ;;
	mysql) DIALOGUE=(
	    'send \x14\x00\x00\x00\n8.0\x00\x01\x00\x00\x00abcdefgh\x00\x00\x08'
	    'expect-bytes 36') ;;
	xmpp) DIALOGUE=("expect  to='localhost' version='1.0'>"
	    "send <?xml version='1.0'?><stream:stream id='1'><stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>"
	    "exactly <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
	    "send <proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>") ;;
	esac
}
PROTOCOLS='smtp lmtp imap pop3 nntp ftp sieve ldap postgres mysql xmpp irc'

# open_tls NAME [KEY=VALUE]…: to localhost:$port
open_tls()
{
	open_session "$1" "tls://localhost:$port" "ca=$CERTS/ca.pem" "${@:2}"
}

# refused STATUS WORDS [KEY=VALUE]…: the session is, and nothing that the peer
# has said is in `out'; it has heard nothing that was in `in'
refused()
{
	run "-$1" open_tls bad "${@:3}"
	[ "${#lines[@]}" -eq 1 ] || fail "not one line: $output"
	assert_output "fifoctl: bad: $2"
	run -0 ctl status bad
	assert_line "error-status=$1"
	assert_line "error=${2% (it will be tried again)}"
	assert_line bytes-out=0
	assert_line 'tls='
	run -0 grep -F "${2% (it will be tried again)}" "$FIFOD_DIR/bad/log"
	ctl close bad --now
	ctl wait bad closed
}

@test "each protocol is asked for TLS in its own words" {
	local name

	for name in $PROTOCOLS; do
		dialogue $name
		scripted $name "${DIALOGUE[@]}" starttls 'exactly hi\n' \
		    'send there\n' stall
		open_tls $name starttls=$name
		assert_equal "$(status_of $name verified)" yes
		assert_equal "$(status_of $name bytes-in)" 0
		echo hi >"$S/in"
		read -rt 10 line <"$S/out"
		assert_equal "$line" there
		stop_peer $name
	done
}

@test "every protocol that help names has its test" {
	run -0 ctl help options
	assert_output --partial "starttls="
	local word

	for word in $PROTOCOLS; do
		assert_output --regexp "\\b$word\\b"
	done
	run -2 open_session bad tls://localhost:1 starttls=gopher
	assert_output --partial "none of no, ${PROTOCOLS// /, }"
}

@test "starttls without TLS is refused" {
	run -2 open_session bad tcp://localhost:1 starttls=smtp
	assert_output 'fifoctl: bad: starttls=smtp: tcp:// has no TLS to start; write tls://'
	run -2 open_session bad http://localhost:1 starttls=smtp
	assert_output --partial 'has no TLS to start'
}

@test "what comes in clear behind the server's agreement refuses the link" {
	local name

	for name in $PROTOCOLS; do
		dialogue $name
		DIALOGUE[-1]=${DIALOGUE[-1]/#send */${DIALOGUE[-1]}injected\\r\\n}
		[ $name != mysql ] ||
		    DIALOGUE=("${DIALOGUE[0]}injected" 'expect-bytes 36')
		scripted $name "${DIALOGUE[@]}" starttls wait-eof
		refused 35 "starttls=$name: more came before TLS than the server's answer: it is not to be trusted" \
		    starttls=$name
		stop_peer $name
	done
}

@test "what comes in clear a little later is never delivered either" {
	dialogue smtp
	scripted smtp "${DIALOGUE[@]}" 'pause 100' 'send 250 injected\r\n' \
	    starttls wait-eof
	run -35 open_tls bad starttls=smtp
	run -0 ctl status bad
	assert_line bytes-out=0
	assert_line state=failed
}

@test "a server that refuses is quoted" {
	local name steps words last

	while IFS='|' read -r name words steps; do
		IFS=+ read -ra steps <<<"$steps"
		scripted $name "${steps[@]}" wait-eof
		refused 35 "starttls=$name: $words" starttls=$name
		stop_peer $name
	done <<-'END'
	smtp|the server said: 454 4.7.0 TLS not available|send 220 hi\r\n+expect EHLO+send 250 hi\r\n+expect STARTTLS+send 454 4.7.0 TLS not available\r\n
	smtp|the server said: 554 go away|send 554 go away\r\n
	smtp|the server said: 421 4.3.2 busy|send 421-4.3.2 very\r\n421 4.3.2 busy\r\n
	smtp|the server said: 502 what|send 220 hi\r\n+expect EHLO+send 502 what\r\n
	smtp|the server said: SSH-2.0-x|send SSH-2.0-x\r\n
	lmtp|the server said: 500 no|send 220 hi\r\n+expect LHLO+send 500 no\r\n
	imap|the server said: tls NO not now|send * OK hi\r\n+expect STARTTLS+send tls NO not now\r\n
	imap|the server said: * PREAUTH in|send * PREAUTH in\r\n
	pop3|the server said: -ERR no|send \x2bOK hi\r\n+expect STLS+send -ERR no\r\n
	nntp|the server said: 580 no|send 200 hi\r\n+expect STARTTLS+send 580 no\r\n
	ftp|the server said: 534 no|send 220 hi\r\n+expect AUTH TLS+send 534 no\r\n
	sieve|the server said: NO "no"|send OK\r\n+expect STARTTLS+send NO "no"\r\n
	irc|the server said: :x 691 * :no|expect STARTTLS+send :x 691 * :no\r\n
	ldap|the server said: no|expect 1.3.6+send \x30\x0e\x02\x01\x01\x78\x09\x0a\x01\x34\x04\x00\x04\x02no
	ldap|the server refuses: LDAP result 2, it does not know StartTLS|expect 1.3.6+send \x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00
	postgres|the server does not speak TLS|expect-bytes 8+send N
	mysql|the server does not speak TLS|send \x14\x00\x00\x00\n8.0\x00\x01\x00\x00\x00abcdefgh\x00\x00\x00
	mysql|the server said: Too many connections|send \x17\x00\x00\x00\xff\x10\x04Too many connections
	xmpp|the server does not offer STARTTLS|send <stream:stream><stream:features></stream:features>
	xmpp|the server said: <host-unknown/>|send <stream:stream><stream:error><host-unknown/></stream:error>
	END
}

@test "a server that talks without an end is cut off" {
	scripted smtp 'send 220-x\r\n' 'loop 300' wait-eof
	refused 35 'starttls=smtp: its answer has more than 200 lines' \
	    starttls=smtp
	stop_peer smtp
	scripted imap "send $(printf 'x%.0s' $(seq 5000))" wait-eof
	refused 35 'starttls=imap: its answer has a line of more than 4096 bytes' \
	    starttls=imap
}

@test "a connection lost before TLS is a network's failure, and is tried again" {
	scripted smtp 'connection 1' 'send 220 hi\r\n' close 'connection 2' \
	    'send 220 hi\r\n' 'expect EHLO' reset
	run -56 open_tls s starttls=smtp backoff=60..60
	assert_output 'fifoctl: s: starttls=smtp: closed the connection (it will be tried again)'
	assert_equal "$(status_of s state)" backoff
	run -56 ctl reconnect s
	assert_output --partial 'starttls=smtp: Connection reset by peer'
	stop_peer smtp
}

@test "a session is up by itself when its server speaks again" {
	dialogue smtp
	scripted smtp 'connection 1' 'send 220 hi\r\n' close 'connection 2+' \
	    "${DIALOGUE[@]}" starttls stall
	run -56 open_tls s starttls=smtp backoff=0.05..0.1
	wait_status s state up
}

@test "a server that says nothing costs no more than timeout-connect" {
	scripted smtp stall
	refused 28 'no connection within timeout-connect=1 s: still handshake: starttls=smtp does not answer (it will be tried again)' \
	    starttls=smtp timeout-connect=1
	stop_peer smtp
	scripted smtp 'send 220 h' stall
	refused 28 'no connection within timeout-connect=1 s: still handshake: starttls=smtp does not answer (it will be tried again)' \
	    starttls=smtp timeout-connect=1
}

@test "the certificate is verified as without starttls" {
	dialogue smtp
	peer_more=(--cert "$CERTS/expired.pem" --key "$CERTS/expired.key")
	scripted smtp "${DIALOGUE[@]}" starttls wait-eof
	run -60 open_tls s starttls=smtp
	assert_output --partial expired
	assert_equal "$(status_of s bytes-out)" 0
}

@test "a script's bytes wait until TLS is up" {
	dialogue smtp
	scripted smtp "${DIALOGUE[@]:0:3}" "wait-file $T/go" \
	    "${DIALOGUE[@]:3}" starttls 'exactly QUIT\r\n' 'send 221 bye\r\n' \
	    stall
	open_tls s starttls=smtp --no-wait
	printf 'QUIT\r\n' >"$S/in"
	: >"$T/go"
	read -rt 10 line <"$S/out"
	assert_equal "$line" $'221 bye\r'
}

@test "with a framing no greeting is waited for that was heard already" {
	dialogue smtp
	scripted smtp "${DIALOGUE[@]}" starttls 'exactly EHLO me\r\n' \
	    'send 250-hi\r\n250 ok\r\n' 'exactly NOOP\r\n' 'send 250 ok\r\n' \
	    stall
	open_tls s starttls=smtp framing=smtp
	run -0 request s 'EHLO me\r\n'
	assert_output $'250-hi\r\n250 ok\r'
	run -0 request s 'NOOP\r\n'
	assert_output $'250 ok\r'
}

@test "a server that greets again under TLS is heard" {
	dialogue sieve
	scripted sieve "${DIALOGUE[@]}" starttls \
	    'send "SASL" "PLAIN"\r\nOK "again"\r\n' stall
	open_tls s starttls=sieve
	read -rt 10 line <"$S/out"
	assert_equal "$line" $'"SASL" "PLAIN"\r'
}

@test "xmpp is asked for the name that the certificate is for" {
	peer_more+=(--record "$T/heard")
	scripted xmpp 'expect version' 'send <stream:stream><stream:error><x/>' \
	    wait-eof
	run -35 open_tls s starttls=xmpp verify-name=example.test
	run -0 cat "$T/heard.1"
	assert_output --partial "to='example.test'"
}

@test "starttls goes over a proxy as well, and behind the PROXY header" {
	dialogue smtp
	scripted all 'expect \r\n\r\n' 'send HTTP/1.1 200 OK\r\n\r\n' \
	    'exactly PROXY TCP4 127.0.0.1 127.0.0.1 ' 'expect \r\n' \
	    "${DIALOGUE[@]}" starttls 'send there\n' stall
	open_session s tls://example.test:25 "ca=$CERTS/ca.pem" \
	    "via=http://127.0.0.1:$port" proxy-protocol=v1 starttls=smtp
	read -rt 10 line <"$S/out"
	assert_equal "$line" there
}

@test "what a client sends behind its request for TLS is not waited for" {
	# MySQL's request has no answer but the handshake.
	dialogue mysql
	scripted mysql "${DIALOGUE[0]}" "wait-file $T/go" \
	    "${DIALOGUE[1]}" starttls 'send there\n' stall
	open_tls s starttls=mysql --no-wait
	wait_status s state handshake
	: >"$T/go"
	read -rt 10 line <"$S/out"
	assert_equal "$line" there
}

@test "a resumed connection begins in clear again" {
	dialogue smtp
	scripted smtp "${DIALOGUE[@]}" starttls 'exactly hi\n' 'send ho\n' stall
	open_tls s starttls=smtp
	echo hi >"$S/in"
	read -rt 10 line <"$S/out"
	ctl reconnect s
	wait_status s links 2
	wait_peer smtp '^handshake 2 .* resumed=yes'
}

# ---- servers that others have written

need()
{
	[ -x "$1" ] || command -v "$1" >/dev/null || skip "no $1"
}

server_settled()
{
	pid_gone "$SERVER_PID" || (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null
}

# start_server COMMAND…: PORT stands for $port, which is kept for it
start_server()
{
	local try

	for try in 1 2 3 4 5; do
		peer_more=()
		hold_port
		background "$T/server.log" "${@//PORT/$port}"
		SERVER_PID=$BACKGROUND_PID
		wait_until 20 server_settled && ! pid_gone "$SERVER_PID" &&
		    return
	done
	fail "the server does not start ($try): $(tail "$T/server.log")"
}

# serve CONFIGURATION COMMAND…: by $T/server.cfg.lua (Prosody wants that
# name), in which HERE is the port
serve()
{
	printf '%s\n' "$1" >"$T/server.in"
	shift
	# shellcheck disable=SC2016
	start_server sh -c 'sed "s|HERE|$1|" "$2/server.in" >"$2/server.cfg.lua"
	    shift 2
	    exec "$@"' sh PORT "$T" "$@"
}

# start_mail PROTOCOL: nginx's mail proxy, which has nothing behind it
start_mail()
{
	local module=/usr/lib/nginx/modules/ngx_mail_module.so

	need nginx
	[ -e $module ] || skip "no $module"
	serve "load_module $module;
daemon off;
master_process off;
pid $T/nginx.pid;
error_log stderr;
events { worker_connections 64; }
mail {
	server_name localhost;
	auth_http 127.0.0.1:1/;
	ssl_certificate $CERTS/good.pem;
	ssl_certificate_key $CERTS/good.key;
	starttls only;
	server {
		listen 127.0.0.1:HERE;
		protocol $1;
		smtp_auth none;
	}
}" nginx -p "$T" -c "$T/server.cfg.lua"
}

@test "nginx starts TLS in SMTP" {
	start_mail smtp
	open_tls s starttls=smtp framing=smtp
	run -0 request s 'EHLO me\r\n'
	assert_output --partial '250'
	refute_output --partial STARTTLS
}

@test "nginx starts TLS in IMAP" {
	start_mail imap
	open_tls s starttls=imap
	printf 'a CAPABILITY\r\n' >"$S/in"
	read -rt 10 line <"$S/out"
	assert_equal "$line" $'* CAPABILITY IMAP4 IMAP4rev1 UIDPLUS AUTH=PLAIN\r'
}

@test "nginx starts TLS in POP3" {
	start_mail pop3
	open_tls s starttls=pop3 framing=pop3
	run -0 request s 'CAPA\r\n'
	assert_output --partial 'SASL'
	refute_output --partial STLS
}

# nobodys: DIR for a server that will not run as root, and AS runs it as nobody
nobodys()
{
	DIR=$T AS=()
	if [ "$(id -u)" -eq 0 ]; then
		user_prepare
		DIR=$USER_DIR
		AS=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
	fi
	cp "$CERTS/good.pem" "$CERTS/good.key" "$DIR"
	chmod 600 "$DIR/good.key"
	[ ${#AS[@]} -eq 0 ] || chown nobody:nogroup "$DIR"/good.*
}

@test "PostgreSQL starts TLS" {
	local bin

	bin=$(echo /usr/lib/postgresql/*/bin)
	bin=${bin##* }
	need "$bin/postgres"
	nobodys
	"${AS[@]}" env LC_ALL=C "$bin/initdb" -D "$DIR/data" -U nobody \
	    -A trust -N >"$T/initdb.log" 2>&1 3>&- || fail "$(cat "$T/initdb.log")"
	start_server "${AS[@]}" "$bin/postgres" -D "$DIR/data" -p PORT \
	    -k "$DIR" -h 127.0.0.1 -c ssl=on -c fsync=off \
	    -c "ssl_cert_file=$DIR/good.pem" -c "ssl_key_file=$DIR/good.key"
	# It listens before it can serve, and says so under TLS.
	wait_for_line "$T/server.log" 'ready to accept connections' 20
	open_tls s starttls=postgres
	# The startup message: protocol 3.0, user nobody, database postgres.
	printf '\0\0\0\47\0\3\0\0user\0nobody\0database\0postgres\0\0' \
	    >"$S/in"
	# AuthenticationOk.
	assert_equal "$(within 10 head -c 9 "$S/out" | od -An -tx1)" \
	    ' 52 00 00 00 08 00 00 00 00'
}

@test "MariaDB starts TLS" {
	need /usr/sbin/mariadbd
	nobodys
	"${AS[@]}" mkdir "$DIR/data"
	start_server "${AS[@]}" /usr/sbin/mariadbd --no-defaults \
	    --datadir="$DIR/data" --tmpdir="$DIR" --skip-innodb \
	    --default-storage-engine=Aria --skip-grant-tables --skip-networking=0 \
	    --bind-address=127.0.0.1 --port=PORT --socket="$DIR/my" \
	    --pid-file="$DIR/my.pid" --ssl-cert="$DIR/good.pem" \
	    --ssl-key="$DIR/good.key" --lc-messages-dir=/usr/share/mysql
	open_tls s starttls=mysql
	# The rest of our answer to the greeting, as user x; all may log in.
	printf '\43\0\0\2\205\256\7\0\0\0\0\1\41%b%b' \
	    "$(printf '\\0%.0s' $(seq 23))" 'x\0\0' >"$S/in"
	# An OK: seven bytes, the third of the conversation.
	assert_equal "$(within 10 head -c 5 "$S/out" | od -An -tx1)" \
	    ' 07 00 00 03 00'
}

@test "Dovecot starts TLS in IMAP, LMTP and ManageSieve" {
	local imap lmtp protocol

	need dovecot
	require_root
	[ -e /usr/lib/dovecot/managesieve-login ] || skip "no managesieve"
	[ -e /usr/lib/dovecot/lmtp ] || skip "no lmtp"
	# Three ports.
	hold_port
	imap=$port
	hold_port
	lmtp=$port
	# Its sockets' names have to be short.
	user_prepare
	serve "base_dir = $USER_DIR/run
state_dir = $USER_DIR/run
log_path = /dev/stderr
protocols = imap lmtp sieve
listen = 127.0.0.1
ssl = yes
ssl_cert = <$CERTS/good.pem
ssl_key = <$CERTS/good.key
default_internal_user = nobody
default_internal_group = nogroup
default_login_user = nobody
service imap-login {
  inet_listener imap {
    port = $imap
  }
  inet_listener imaps {
    port = 0
  }
}
service lmtp {
  inet_listener lmtp {
    port = $lmtp
    ssl = no
  }
}
service managesieve-login {
  inet_listener sieve {
    port = HERE
  }
}
passdb {
  driver = static
}" dovecot -F -c "$T/server.cfg.lua"
	open_tls sieve starttls=sieve
	read -rt 10 line <"$S/out"
	assert_equal "${line%% *}" '"IMPLEMENTATION"'
	port=$imap
	open_tls imap starttls=imap
	printf 'a NOOP\r\n' >"$S/in"
	read -rt 10 line <"$S/out"
	assert_equal "${line:0:4}" 'a OK'
	port=$lmtp
	open_tls lmtp starttls=lmtp framing=smtp
	run -0 request lmtp 'LHLO me\r\n'
	assert_line $'250-8BITMIME\r'
}

@test "OpenLDAP starts TLS" {
	local slapd=/usr/sbin/slapd

	need $slapd
	serve "TLSCertificateFile $CERTS/good.pem
TLSCertificateKeyFile $CERTS/good.key" \
	    $slapd -f "$T/server.cfg.lua" -h ldap://127.0.0.1:PORT -d 0
	open_tls s starttls=ldap
	# An anonymous bind, and its success.
	printf '\060\014\002\001\002\140\007\002\001\003\004\000\200\000' >"$S/in"
	assert_equal "$(within 10 head -c 14 "$S/out" | od -An -v -tx1)" \
	    ' 30 0c 02 01 02 61 07 0a 01 00 04 00 04 00'
}

@test "Prosody starts TLS" {
	need prosody
	serve "data_path = '$T'
pidfile = '$T/prosody.pid'
run_as_root = true
modules_enabled = { 'tls' }
modules_disabled = { 's2s' }
c2s_ports = { HERE }
c2s_interfaces = { '127.0.0.1' }
log = { error = '*console' }
VirtualHost 'localhost'
ssl = { key = '$CERTS/good.key'; certificate = '$CERTS/good.pem' }" \
	    prosody --config "$T/server.cfg.lua" -F
	open_tls s starttls=xmpp
	printf '%s' "<stream:stream to='localhost' version='1.0'" \
	    " xmlns='jabber:client'" \
	    " xmlns:stream='http://etherx.jabber.org/streams'>" >"$S/in"
	read -rt 10 -d '>' line <"$S/out"
	assert_equal "$line" "<?xml version='1.0'?"
}

@test "vsftpd starts TLS" {
	need vsftpd
	mkdir -m 555 "$T/nothing"
	serve "listen=YES
listen_address=127.0.0.1
listen_port=HERE
background=NO
run_as_launching_user=YES
anonymous_enable=YES
ssl_enable=YES
allow_anon_ssl=YES
rsa_cert_file=$CERTS/good.pem
rsa_private_key_file=$CERTS/good.key
secure_chroot_dir=$T/nothing
ssl_ciphers=HIGH" vsftpd "$T/server.cfg.lua"
	open_tls s starttls=ftp framing=smtp
	run -0 request s 'USER anonymous\r\n'
	assert_output $'331 Please specify the password.\r'
}

# ---- the manual

# server_at VARIABLE: where the one is that was started last
server_at()
{
	printf -v "$1" %s "$port"
}

@test "the example of ways out in fifod-session(7) is a script that runs" {
	local page=$BUILD/share/man/fifod-session.7 mail socks http

	[ -e "$page" ] || skip "the manual pages are not built here"
	need microsocks
	need ncat
	start_mail smtp
	server_at mail
	start_server microsocks -i 127.0.0.1 -p PORT
	server_at socks
	start_server ncat -l 127.0.0.1 PORT -k --proxy-type http \
	    --proxy-auth alice:secret
	server_at http
	sed -n '/^\.Sh WAYS OUT/,/^\.Sh/p' "$page" |
	    sed -n '/^\.Bd -literal/,/^\.Ed/p' | sed -e '/^\.[BE]d/d' \
	    -e 's/\\e/\\/g' -e "s/mail\.example\.org:587/localhost:$mail/" \
	    -e "s/127\.0\.0\.1:1080/127.0.0.1:$socks/" \
	    -e "s/proxy\.example\.org:3128/127.0.0.1:$http/" >"$T/example"
	grep -q "via=.*$socks.*$http" "$T/example"
	cd "$T"
	stop_broker
	export SSL_CERT_FILE=$CERTS/ca.pem
	start_broker
	PATH=${FIFOCTL%/*}:$PATH run -0 within 30 sh -eu "$T/example" 3>&-
	assert_output --partial '250'
}
