# Servers that others have written: nginx, redis-server, bc, SMTP.

# Formats are handed on; port, output and the like are set elsewhere.
# shellcheck disable=SC2154,SC2016,SC2034,SC2030,SC2031

load helper/common
load helper/exchange

setup()
{
	common_setup
	start_broker
}

need()
{
	command -v "$1" >/dev/null || skip "no $1"
}

# start_server NAME PROGRAM…: PORT stands for the port; SERVER_PID
start_server()
{
	local name=$1 try

	shift
	for try in 1 2 3 4 5; do
		hold_port
		background "$T/$name.log" "${@//PORT/$port}"
		SERVER_PID=$BACKGROUND_PID
		wait_until 10 server_settled && ! pid_gone "$SERVER_PID" &&
		    return
	done
	fail "$name does not start ($try): $(tail "$T/$name.log")"
}

server_settled()
{
	pid_gone "$SERVER_PID" || (: <>"/dev/tcp/127.0.0.1/$port")
}

# ---- nginx

# start_nginx [SECONDS]: so long an idle connection is kept
start_nginx()
{
	need nginx
	mkdir "$T/www"
	echo home >"$T/www/index.html"
	head -c 3000000 /dev/zero | tr '\0' x >"$T/www/big"
	start_server nginx sh -c 'sed "s|PORT|$1|" >"$2/nginx.conf" <<-END
		daemon off;
		master_process off;
		pid $2/nginx.pid;
		error_log stderr;
		events { worker_connections 64; }
		http {
			access_log $2/access;
			client_body_temp_path $2/body;
			proxy_temp_path $2/proxy;
			fastcgi_temp_path $2/fastcgi;
			uwsgi_temp_path $2/uwsgi;
			scgi_temp_path $2/scgi;
			keepalive_requests 3;
			keepalive_timeout $3;
			client_max_body_size 100k;
			server {
				listen 127.0.0.1:PORT;
				root $2/www;
				location /post { return 200 "posted\n"; }
			}
		}
	END
	exec nginx -p "$2" -c "$2/nginx.conf"' sh PORT "$T" "${1:-60}"
	open_session web "http://127.0.0.1:$port"
}

@test "nginx closes a connection after three requests, and nobody notices" {
	local n

	start_nginx
	for n in 1 2 3 4 5 6 7 8; do
		run -0 ask web "/?$n"
		assert_line --index 0 $'HTTP/1.1 200 OK\r'
		assert_line home
		facts web last=complete error= error-status=0
	done
	facts web links=3 exchanges=8 uncertain=0 retried=0 discarded=0
	for n in 1 2 3 4 5 6 7 8; do
		wait_for_line "$T/access" "GET /\\?$n "
		[ "$(grep -c "GET /?$n " "$T/access")" -eq 1 ]
	done
}

@test "nginx closes an idle connection, and the next POST is sent once" {
	start_nginx 1
	run -0 ask web POST /post?1 body
	assert_line posted
	wait_status web state idle
	run -0 ask web POST /post?2 body
	assert_line posted
	facts web links=2 uncertain=0 retried=0 last=complete
	wait_for_line "$T/access" 'POST /post\?2 '
	[ "$(grep -c 'POST /post?2 ' "$T/access")" -eq 1 ]
}

@test "nginx: HEAD, 404, 304, ranges and large bodies end where they end" {
	start_nginx
	say web 'HEAD /big HTTP/1.1\r\nHost: x\r\n\r\n'
	run -0 hear web
	assert_line $'Content-Length: 3000000\r'
	run -0 ask web /none
	assert_line --index 0 --partial 404
	run -0 ask web /big
	[ "${#output}" -gt 3000000 ]
	say web 'GET /big HTTP/1.1\r\nHost: x\r\nRange: bytes=0-9\r\n\r\n'
	run -0 hear web
	[ "${lines[-1]}" = xxxxxxxxxx ]
	say web 'GET / HTTP/1.1\r\nHost: x\r\nIf-Modified-Since: %s\r\n\r\n' \
	    'Fri, 01 Jan 2100 00:00:00 GMT'
	run -0 hear web
	assert_line --index 0 --partial 200
	run -0 request_get web /
	assert_line home
	facts web exchanges=6 links=2 error= uncertain=0
}

@test "nginx answers a body that is too large before it has read it" {
	start_nginx
	head -c 1000000 /dev/zero >"$T/large"
	say web 'POST /post HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r
\r\n'
	cat "$T/large" >"$FIFOD_DIR/web/in"
	run -0 hear web
	assert_line --index 0 --partial 413
	facts web last=complete uncertain=0
	run -0 ask web /
	assert_line home
}

# ---- redis-server

start_redis()
{
	need redis-server
	mkdir "$T/redis"
	start_server redis redis-server --port PORT --bind 127.0.0.1 \
	    --dir "$T/redis" --save ''
	open_session r "tcp://127.0.0.1:$port" framing=resp "$@"
}

# redis FORMAT [WORD…]: one exchange
redis()
{
	say r "$@"
	hear r
}

@test "redis: what is SET is what is got, and an error is a reply too" {
	start_redis
	run -0 redis 'PING\r\n'
	assert_output $'+PONG\r'
	run -0 redis '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5\r\nhello\r\n'
	assert_output $'+OK\r'
	run -0 redis 'GET a\r\n'
	assert_output $'$5\r\nhello\r'
	run -0 redis 'GET none\r\n'
	assert_output $'$-1\r'
	run -0 redis 'NONSENSE\r\n'
	assert_output --regexp '^-ERR unknown command'
	run -0 request r 'INCR n\r\n'
	assert_output $':1\r'
	facts r exchanges=6 links=1 last=complete error= uncertain=0
}

@test "redis: nested arrays are one reply" {
	start_redis
	run -0 redis 'EVAL "return {1,{2,{3,\x27x\x27}},\x27y\x27}" 0\r\n'
	assert_output $'*3\r\n:1\r\n*2\r\n:2\r\n*2\r\n:3\r\n$1\r\nx\r\n$1\r\ny\r'
	run -0 redis 'LRANGE none 0 -1\r\n'
	assert_output $'*0\r'
	run -0 redis 'PING\r\n'
	assert_output $'+PONG\r'
}

@test "redis: large bulks go through whole, both ways" {
	start_redis max-message=8M
	"$PEER" random 5M 9 >"$T/bulk"
	{
		printf '*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$5242880\r\n'
		cat "$T/bulk"
		printf '\r\n'
	} >"$FIFOD_DIR/r/in"
	run -0 hear r
	assert_output $'+OK\r'
	say r 'GET big\r\n'
	hear r >"$T/out"
	size_is "$T/out" $((5242880 + 12))
	tail -c +11 "$T/out" | head -c 5242880 | cmp - "$T/bulk"
	facts r exchanges=2 links=1 last=complete
}

@test "redis: pipelined commands are answered in their order" {
	local n

	start_redis pipeline=50
	for n in {1..50}; do
		printf 'ECHO %d\r\n' "$n"
	done >"$FIFOD_DIR/r/in"
	for n in {1..50}; do
		[ "$(hear r)" = $'$'"${#n}"$'\r\n'"$n"$'\r' ]
	done
	facts r exchanges=50 links=1
}

@test "redis goes and comes back" {
	start_redis backoff=0.05..0.1
	run -0 redis 'PING\r\n'
	stop_pid "$SERVER_PID"
	wait_status r state idle
	run -0 redis 'PING\r\n'
	assert_output ''
	facts r last=error error-status=7
	background "$T/redis2.log" redis-server --port "$port" --bind \
	    127.0.0.1 --dir "$T/redis" --save ''
	wait_until 10 server_settled
	wait_until 10 eval '[ "$(redis "PING\r\n")" = $'"'+PONG\r'"' ]'
	facts r last=complete error=
}

# ---- bc, by a peer that is a program


@test "bc: a line is a question, and a line is its answer" {
	need bc
	need socat
	start_server bc socat TCP-LISTEN:PORT,bind=127.0.0.1,fork,reuseaddr \
	    'EXEC:bc -l'
	open_session b "tcp://127.0.0.1:$port" framing=line
	say b '6 * 7\n'
	run -0 hear b
	assert_output 42
	say b '2 ^ 64\n'
	run -0 hear b
	assert_output 18446744073709551616
	run -0 request b 'scale=3; 1/8\n'
	assert_output .125
	facts b exchanges=3 links=1 last=complete
}

# ---- SMTP

start_smtp()
{
	[ -x /usr/bin/python3 ] || skip 'no /usr/bin/python3'
	/usr/bin/python3 -W ignore -c 'import smtpd' 2>/dev/null ||
	    skip 'this python3 has no smtpd'
	start_server smtp env PYTHONUNBUFFERED=1 /usr/bin/python3 -W ignore \
	    -m smtpd -n -c DebuggingServer 127.0.0.1:PORT
	open_session mail "tcp://127.0.0.1:$port" framing=smtp crlf=yes
}

# smtp FORMAT CODE: one exchange, answered so
smtp()
{
	say mail "$1"
	run -0 hear mail
	[[ ${lines[-1]} == "$2 "* ]] || fail "not $2: $output"
}

@test "smtp: a mail goes out by printf and cat" {
	start_smtp
	[[ $(status_of mail greeting) == 220* ]]
	smtp 'EHLO localhost\n' 250
	[ "${#lines[@]}" -gt 1 ]
	smtp 'MAIL FROM:<a@example.org>\n' 250
	smtp 'RCPT TO:<b@example.org>\n' 250
	smtp 'DATA\n' 354
	smtp 'Subject: test\n\nfirst\n..\nEHLO is no command here\n.\n' 250
	smtp 'NONSENSE\n' 500
	smtp 'QUIT\n' 221
	wait_for_line "$T/smtp.log" '^b.first|^first'
	grep -q 'EHLO is no command here' "$T/smtp.log"
	facts mail exchanges=7 links=1 error= uncertain=0
	# QUIT has ended the connection; the next one makes another.
	smtp 'NOOP\n' 250
	facts mail links=2
}
