# The cookbook's recipes: what stands there is what runs here.  Ports are
# others, and so are example.org, collector and far, which are this host.

# Scripts that are handed on, variables that common.bash sets, tests that are
# subshells:
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2153,SC2154
load helper/common
load helper/world

COOKBOOK=$TESTS/../share/doc/cookbook

setup()
{
	common_setup
	PATH=$(dirname "$FIFOCTL"):$PATH
	cd "$T" || return
	# What is written there, and what it is here: sed(1).
	SWAP=(-e '')
	start_broker
}

# swap TEXT WITH: from now on, in all recipes
swap()
{
	SWAP+=(-e "s|$1|$2|g")
}

# recipe N BLOCK: the lines of the Nth recipe that are run, a block of them
recipe()
{
	awk -v n="$1." -v wanted="$2" '
		$1 == n && /^[0-9]/ { here = 1; next }
		/^[0-9]+\. / { here = 0 }
		here && /^\t/ {
			block += !inside
			inside = 1
			if (block == wanted) {
				print substr($0, 2)
				found = 1
			}
		}
		!/^\t/ { inside = 0 }
		END { exit !found }' "$COOKBOOK" >"$T/recipe" ||
	    fail "recipe $1 has no block $2"
	sed "${SWAP[@]}" "$T/recipe"
}

# cook N BLOCK: run it, as a user would type it
cook()
{
	recipe "$1" "$2" >"$T/script"
	within 30 bash "$T/script" 3>&-
}

# fetch URL: its body
fetch()
{
	curl -sS --max-time 20 --noproxy '*' "$@" 3>&-
}

here()
{
	command -v "$1" >/dev/null || skip "no $1 here"
}

@test "1: each client of a relay has a connection, and none is refused" {
	hold_port
	start_peer back http --close-after 1 -p "$port"
	swap :5000 ":$port"
	swap :6000 127.0.0.1:0
	cook 1 1
	local front
	front=$(door_port front)
	seq 200 | within 60 xargs -P 20 -I N curl -sS --noproxy '*' \
	    -o /dev/null -w '%{http_code}\n' "http://127.0.0.1:$front/N" \
	    >"$T/codes" 3>&-
	assert_equal "$(sort "$T/codes" | uniq -c | tr -d ' ')" 200200
	# Restarted while a client is there: it waits.
	stop_peer back
	background "$T/late" curl -sS --noproxy '*' "http://127.0.0.1:$front/"
	local client=$BACKGROUND_PID
	never_within 1 pid_gone "$client"
	start_peer again http -p "$port"
	wait_pid "$client" 20
	assert_equal "$EXIT_STATUS" 0
}

@test "1: four connections serve everybody, whatever the server closes" {
	start_peer back http --close-after 3
	swap :5000 ":$port"
	swap :6001 127.0.0.1:0
	cook 1 2
	seq 200 | within 60 xargs -P 20 -I N curl -sS --noproxy '*' \
	    -o /dev/null -w '%{http_code}\n' \
	    "http://127.0.0.1:$(door_port pool)/N" >"$T/codes" 3>&-
	assert_equal "$(sort "$T/codes" | uniq -c | tr -d ' ')" 200200
}

@test "2: two terminals, a job and curl ask over one TLS connection" {
	# shellcheck disable=SC2046
	start_peer web http $(tls good)
	echo "default ca=$CERTS/ca.pem" >"$T/fifod.conf"
	swap 'https://example.org' \
	    "https://localhost:$port -o ca=$CERTS/ca.pem"
	swap 'http://example.org/' http://localhost/
	cook 2 1 >"$T/one"
	grep -q 'connection 1 request 1 path /one' "$T/one"
	cook 2 2 >"$T/two"
	grep -q 'connection 1 request 2 path /two' "$T/two"
	run -0 cook 2 3
	assert_output --partial notAfter
	run -0 cook 2 4
	assert_line --partial 'connection 1 request 3 path /three'
	assert_line --partial 'connection 1 request 4 path /four'
}

@test "3: bc answers a line with a line" {
	here bc
	run -0 cook 3 1
	assert_output 1024
}

@test "3: sqlite3 answers up to its prompt" {
	here sqlite3
	run -0 cook 3 2
	assert_line --regexp '(^| )8$'
}

# start_sshd: for whoever we are, and a configuration of ssh that goes there
start_sshd()
{
	local sshd

	here ssh-keygen
	sshd=$(PATH=$PATH:/usr/sbin command -v sshd) || skip "no sshd here"
	[ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd
	ssh-keygen -q -t ed25519 -N '' -f "$T/host"
	ssh-keygen -q -t ed25519 -N '' -f "$T/mine"
	cp "$T/mine.pub" "$T/allowed"
	# It takes no port 0: one that was free a moment ago, until it has one.
	for ((tries = 0; tries < 10; tries++)); do
		start_peer port echo
		stop_peer port
		cat >"$T/sshd_config" <<-END
			ListenAddress 127.0.0.1:$port
			HostKey $T/host
			AuthorizedKeysFile $T/allowed
			PidFile none
			StrictModes no
			UsePAM no
			PermitRootLogin yes
		END
		background "$T/sshd.log" "$sshd" -D -e -f "$T/sshd_config"
		wait_until 10 sshd_settled "$BACKGROUND_PID"
		! grep -q 'Server listening' "$T/sshd.log" || break
	done
	cat >"$T/ssh_config" <<-END
		Host example.org
		HostName 127.0.0.1
		Port $port
		IdentityFile $T/mine
		IdentitiesOnly yes
		StrictHostKeyChecking no
		UserKnownHostsFile /dev/null
		LogLevel ERROR
	END
}

sshd_settled()
{
	grep -q 'Server listening' "$T/sshd.log" || pid_gone "$1"
}

@test "3: a shell on another host is asked over one connection" {
	start_sshd
	ssh -F "$T/ssh_config" example.org true 3>&- 2>/dev/null ||
	    skip "whoever we are, we cannot log in"
	swap 'ssh example.org' "ssh -F $T/ssh_config example.org"
	run -0 cook 3 3
	assert_output Linux
}

@test "4: the lines of all senders come in one out, and in the record" {
	here nc
	swap tcp-listen://:8080 tcp-listen://127.0.0.1:0
	cook 4 1
	port=$(door_port log)
	swap collector:8080 "127.0.0.1:$port"
	local n
	for n in 1 2 3 4 5; do
		echo "nc $n" | within 10 nc -N 127.0.0.1 "$port" 3>&-
	done
	cook 4 2
	within 10 sh -c 'while read -r line; do
		echo "$line"; [ "$line" != recipe ] || exit 0
	    done <log/out' >"$T/all" 3>&-
	for n in 1 2 3 4 5; do
		grep -qx "nc $n" "$T/all"
	done
	wait_for_line seen '^[0-9a-f]* .*\|nc 1'
	wait_for_line seen '^< 20..-..-..T.* bytes at '
}

@test "5: sync answers for the last line that strace wrote" {
	here strace
	swap tcp-listen://:8080 tcp-listen://127.0.0.1:0
	cook 5 2
	swap collector:8080 "127.0.0.1:$(door_port log)"
	swap 'out/in program' 'out/in true'
	cook 5 1
	wait_for_line seen '\+\+\+ exited with 0 \+\+\+'
}

@test "6: the request of wget is read, and answered by hand" {
	here wget
	swap tcp-listen://127.0.0.1:8080 tcp-listen://127.0.0.1:0
	# The port is known once it listens.
	swap '^wget' 'port=$(fifoctl status spy listening); wget'
	swap 'http://127.0.0.1:8080' 'http://$port'
	run -0 cook 6 1
	assert_line --index 0 $'GET /path/to/file HTTP/1.1\r'
}

@test "6: a front door is looked at while its clients speak" {
	here wget
	start_peer back http
	swap 127.0.0.1:5000 "127.0.0.1:$port"
	swap listen=127.0.0.1:8081 listen=127.0.0.1:0
	swap '^wget' 'port=$(fifoctl status server listening); wget'
	swap http://127.0.0.1:8081 'http://$port'
	# It ends with the broker.
	swap 'timeout 5' 'timeout 60'
	# The tap is there before the wget that counts comes.
	swap '>seen.txt &' '>seen.txt \& until grep -q /first seen.txt; do wget -q -O /dev/null "http://$(fifoctl status server listening)/first"; done'
	cook 6 2
	wait_for_line seen.txt 'GET / HTTP/1.1'
}

@test "7: everybody has the same answer, at the same time" {
	swap :8080 127.0.0.1:0
	cook 7 1
	seq 30 | within 60 xargs -P 10 -I N curl -sS --noproxy '*' \
	    -o /dev/null -w '%{http_code}\n' \
	    "http://127.0.0.1:$(door_port none)/N" >"$T/codes" 3>&-
	assert_equal "$(sort "$T/codes" | uniq -c | tr -d ' ')" 30404
}

@test "8: a tunnel by TLS lets those in who have a certificate" {
	start_peer back http
	swap 127.0.0.1:5000 "127.0.0.1:$port"
	swap tls-listen://:8443 tls-listen://127.0.0.1:0
	swap far.pem "$CERTS/good.pem"
	swap far.key "$CERTS/good.key"
	swap here.pem "$CERTS/client.pem"
	swap here.key "$CERTS/client.key"
	swap ca.pem "$CERTS/ca.pem"
	swap "$CERTS/$CERTS/" "$CERTS/"
	cook 8 1
	swap far:8443 "localhost:$(door_port gate)"
	swap 127.0.0.1:8080 127.0.0.1:0
	cook 8 2
	run -0 fetch "http://127.0.0.1:$(door_port tunnel)/through"
	assert_output --partial 'path /through'
	run ! fetch "http://127.0.0.1:$(door_port gate)/"
}

@test "9: a server that exists in a namespace alone is reached from outside" {
	require_root
	! is_portable || skip "this build has no network namespaces"
	ip netns add "fifod-$$" 2>/dev/null || skip "no network namespaces here"
	echo "fifod-$$" >"$T/netns"
	ip -n "fifod-$$" link set lo up
	PEER_HERE=$PEER
	printf '#!/bin/sh\nexec ip netns exec fifod-%s "%s" "$@"\n' $$ \
	    "$PEER" >"$T/inside"
	chmod +x "$T/inside"
	PEER=$T/inside start_peer back http
	swap :5000 ":$port"
	swap netns=blue "netns=fifod-$$"
	swap 127.0.0.1:8080 127.0.0.1:0
	cook 9 1
	run -0 fetch "http://127.0.0.1:$(door_port blue)/inside"
	assert_output --partial 'path /inside'
	run -0 fetch --unix-socket ./blue http://localhost/file
	assert_output --partial 'path /file'
	# Out here that port may be somebody else's.
	run fetch "http://127.0.0.1:$port/not-$$"
	run ! grep "/not-$$" "$T/peer.back.log"
	# No namespace, no connection, and no other way either.
	stop_peer back
	ip netns del "fifod-$$"
	run fetch "http://127.0.0.1:$(door_port blue)/"
	[ "$status" -ne 0 ]
	[[ $(status_of blue error) == *"netns=fifod-$$"* ]]
}

@test "10: the first job starts the broker, and all share a connection" {
	stop_broker
	# shellcheck disable=SC2046
	start_peer web http $(tls good)
	swap 'https://example.org' \
	    "https://localhost:$port -o ca=$CERTS/ca.pem"
	recipe 10 1 >"$T/job"
	local n
	for n in 1 2 3; do
		run -0 within 30 env -i PATH="$PATH" FIFOD_DIR="$FIFOD_DIR" \
		    sh "$T/job" 3>&-
		assert_line --partial "connection 1 request $n path /status"
	done
}

@test "11: two consoles talk, and one that leaves ends nothing" {
	swap tcp-listen://:7000 tcp-listen://127.0.0.1:0
	swap '127.0.0.1:7000' '$(fifoctl status here listening)'
	cook 11 1
	echo hello | within 10 "$FIFOCTL" attach there >/dev/null 3>&- || true
	read -r -t 10 line <"$FIFOD_DIR/here/out"
	assert_equal "$line" hello
	wait_status here state up
	echo 'hello yourself' >"$FIFOD_DIR/here/in"
	read -r -t 10 line <"$FIFOD_DIR/there/out"
	assert_equal "$line" 'hello yourself'
}

@test "12: why it does not connect is said" {
	run -7 cook 12 1
	assert_output --partial 'connection refused'
	ctl open log tcp-listen://127.0.0.1:0
	swap tcp-listen://:8080 "tcp-listen://$(door log)"
	run -7 cook 12 3
	assert_output --partial 'in use by session log'
}

@test "12: a range of ports and a certificate are looked at, and nobody is hurt" {
	# shellcheck disable=SC2046
	start_peer web http $(tls good)
	swap tls://example.org:443 \
	    "tls://localhost:$port -o ca=$CERTS/ca.pem"
	ctl open log tcp-listen://127.0.0.1:0
	local one
	one=$(door_port log)
	swap 8080-8083 "$one-$one"
	run -0 cook 12 2
	assert_line --partial "127.0.0.1:$one  open"
	assert_line --regexp 'TLSv1\.3'
	assert_line --partial days
	wait_status log state listening
}

teardown()
{
	common_teardown
	[ ! -s "$T/netns" ] || ip netns del "$(cat "$T/netns")" 2>/dev/null ||
	    true
}
