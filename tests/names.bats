# The names of a session: what is in its directory, who may use it, and what
# becomes of it when somebody meddles.
#
# ROUNDS=N is how often a directory is made to come and go.

# What `eval' and `sh -c' get is in '…'; port and status are set elsewhere.
# shellcheck disable=SC2016,SC2154

load helper/common
load helper/world

setup()
{
	common_setup
	start_broker
	start_peer a echo
	ECHO=tcp://127.0.0.1:$port
	S=$FIFOD_DIR/s
}

# works: the session carries bytes by its names
works()
{
	local word=works$RANDOM name=${S##*/}

	[ -p "$S/in" ] && [ -p "$S/out" ] && [ -p "$S/ctl" ]
	echo "$word" >"$S/in"
	run within 10 head -n 1 "$S/out"
	assert_output "$word"
	echo "set log=5K" >"$S/ctl"
	wait_status "$name" option.log 5K
	ctl set "$name" log=64K
}

# put_back WHAT: they are FIFOs again, and both log and error say so
put_back()
{
	local fifo

	for fifo in in out ctl; do
		wait_until 10 test -p "$S/$fifo"
		wait_log s " $fifo: $1; the FIFO was put back"
	done
	[[ $(status_of s error) == ???*": $1"* ]]
	[ -n "$(status_of s error-since)" ]
	works
}

# replace COMMAND…: puts what COMMAND makes of $T/it in each FIFO's place
replace()
{
	local fifo

	for fifo in in out ctl; do
		rm -f "$T/it"
		"$@"
		mv -fT "$T/it" "$S/$fifo"
	done
}

# stopped COMMAND…: while the broker stands still
stopped()
{
	kill -STOP "$(engine_pid)"
	"$@"
	kill -CONT "$(engine_pid)"
}

mode_of()
{
	stat -c %a "$1"
}

mode_is()
{
	[ "$(mode_of "$1")" = "$2" ]
}

# ---- meddling with one of them

@test "a FIFO that is deleted is put back and noted" {
	open_session s "$ECHO"
	rm "$S/in"
	wait_until 10 test -p "$S/in"
	[[ $(status_of s error) == "in: it had been deleted; "* ]]
	rm "$S/out" "$S/ctl"
	put_back 'it had been deleted'
	[ "$(status_of s links)" -eq 1 ]
}

@test "a FIFO that is moved away is put back and noted" {
	open_session s "$ECHO"
	mkdir "$T/elsewhere"
	mv "$S/in" "$S/out" "$S/ctl" "$T/elsewhere"
	put_back 'it had been deleted'
}

@test "a regular file in the place of a FIFO is removed, its bytes unsent" {
	open_session s "$ECHO"
	file() { echo close >"$T/it"; }
	stopped replace file
	put_back 'a regular file in its place was removed'
	# One word has gone and come, and no order was carried out.
	[ "$(status_of s bytes-in)" -eq "$(status_of s bytes-out)" ]
	[ "$(status_of s state)" = up ]
	run ! grep -q ' -> closing' "$S/log"
}

@test "bytes written to a file that took the name are never sent" {
	start_peer b script -r "$T/got" -e wait-eof
	open_session s "tcp://127.0.0.1:$port"
	echo secret >"$T/file"
	stopped mv -f "$T/file" "$S/in"
	wait_until 10 test -p "$S/in"
	echo public >"$S/in"
	wait_for_line "$T/got.1" public
	run cat "$T/got.1"
	assert_output public
}

@test "a symbolic link in the place of a FIFO is removed, not followed" {
	open_session s "$ECHO"
	echo untouched >"$T/victim"
	stopped replace ln -s "$T/victim" "$T/it"
	put_back 'a symbolic link in its place was removed'
	run cat "$T/victim"
	assert_output untouched
}

@test "another FIFO in the place of a FIFO is removed" {
	open_session s "$ECHO"
	stopped replace mkfifo "$T/it"
	put_back 'another FIFO in its place was removed'
}

# What is in it is somebody's.
@test "a directory in the place of a FIFO is left alone, and that is said" {
	open_session s "$ECHO"
	taken() { rm "$S/in" && mkdir "$S/in" && : >"$S/in/mine"; }
	stopped taken
	wait_log s ' in: .*Is a directory'
	[[ $(status_of s error) == "in: "*"Is a directory"* ]]
	run grep -c 'put back' "$S/log"
	assert_output 1
	refute grep -q 'was put back' "$S/log"
	[ -e "$S/in/mine" ]
	[ "$(status_of s state)" = up ]
	rm -r "$S/in"
	wait_until 10 test -p "$S/in"
	works
}

@test "clients that have a FIFO open do not notice that its name was gone" {
	open_session s "$ECHO"
	background "$T/read" cat "$S/out"
	exec 8>"$S/in"
	echo one >&8
	wait_for_line "$T/read" '^one$'
	rm "$S/in" "$S/out"
	wait_until 10 test -p "$S/in"
	wait_until 10 test -p "$S/out"
	echo two >&8
	wait_for_line "$T/read" '^two$'
	echo three >"$S/in"
	wait_for_line "$T/read" '^three$'
	exec 8>&-
}

@test "a FIFO deleted again and again is put back again and again" {
	local i
	open_session s "$ECHO"
	! is_portable || skip "takes two seconds each in the portable build"
	for i in {1..50}; do
		rm -f "$S/in" "$S/out" "$S/ctl"
		wait_until 10 test -p "$S/in"
		wait_until 10 test -p "$S/out"
		wait_until 10 test -p "$S/ctl"
	done
	works
	run find "$S" -name '.*.new'
	assert_output ''
}

@test "what is moved over out right after a reply is removed, each time" {
	local round rounds=20

	! is_portable || rounds=3
	open_session s "$ECHO" framing=line
	for ((round = 1; round <= rounds; round++)); do
		echo "$round" >"$S/in"
		run -0 within 10 cat "$S/out"
		assert_output "$round"
		echo regular >"$T/it"
		mv -f "$T/it" "$S/out"
		wait_until 10 test -p "$S/out"
	done
	works
}

@test "status and log that are deleted come back at the next change" {
	open_session s "$ECHO"
	rm "$S/status" "$S/log"
	ctl set s crlf=yes
	[ "$(file_status s option.crlf)" = yes ]
	[ "$(file_status s name)" = s ]
	wait_log s 'set crlf=yes'
	mode_is "$S/status" 600
	mode_is "$S/log" 600
}

@test "a peer.pem that is deleted comes back with the next connection" {
	# shellcheck disable=SC2046
	start_peer b script $(tls good) -e wait-eof
	open_session s "tls://localhost:$port" ca="$CERTS/ca.pem"
	mode_is "$S/peer.pem" 600
	cp "$S/peer.pem" "$T/before"
	rm "$S/peer.pem"
	ctl reconnect s
	cmp "$S/peer.pem" "$T/before"
	openssl x509 -in "$S/peer.pem" -noout
}

@test "a symbolic link in the place of status, log or peer.pem is not followed" {
	# shellcheck disable=SC2046
	start_peer b script $(tls good) -e wait-eof
	open_session s "tls://localhost:$port" ca="$CERTS/ca.pem"
	echo untouched >"$T/victim"
	ln -sf "$T/victim" "$S/status"
	ln -sf "$T/victim" "$S/log"
	ln -sf "$T/victim" "$S/peer.pem"
	ln -sf "$T/victim" "$S/.status.new"
	ctl reconnect s
	run cat "$T/victim"
	assert_output untouched
	[ ! -L "$S/status" ]
	[ "$(file_status s state)" = up ]
	[ ! -L "$S/peer.pem" ]
	[ ! -L "$S/log" ]
	wait_log s '-> up'
}

@test "a FIFO in the place of log or status does not stop the broker" {
	open_session s "$ECHO"
	rm "$S/log" "$S/status"
	mkfifo "$S/log" "$S/status"
	if ! within 10 "$FIFOCTL" -r "$FIFOD_DIR" set s crlf=yes; then
		kill_broker
		rm "$S/log" "$S/status"
		fail "the broker stands still"
	fi
	wait_log s 'set crlf=yes'
	[ "$(file_status s option.crlf)" = yes ]
}

# ---- the whole directory

# ended: the session is gone, and the broker has said why
ended()
{
	wait_until 10 eval '[ -z "$(ctl list)" ]' ||
	    fail "it stands: $(ctl list; ls -la "$S")"
	run ctl status s
	assert_failure 4
	[ ! -e "$S" ]
	run grep '^fifod: s: ' "$T/fifod.err"
	assert_output --partial 'directory was removed'
	wait_peer a '^close 1$'
}

@test "a session whose directory is removed ends, and that is said" {
	open_session s "$ECHO"
	background "$T/read" cat "$S/out"
	echo x >"$S/in"
	wait_for_line "$T/read" x
	# A name that is put back meanwhile, as after 0.1 s, keeps rm from it.
	wait_until 10 rm -rf "$S"
	ended
	# Whoever waited there meets the end.
	wait_pid "$BACKGROUND_PID"
	[ "$EXIT_STATUS" -eq 0 ]
	open_session s "$ECHO"
	works
}

@test "removed in one go, too" {
	open_session s "$ECHO"
	stopped rm -rf "$S"
	ended
	open_session s "$ECHO"
	works
}

@test "a session whose directory is moved away ends, and that is said" {
	open_session s "$ECHO"
	mv "$S" "$T/elsewhere"
	ended
	open_session s "$ECHO"
	works
}

@test "a directory that took the place of a session's is left alone" {
	open_session s "$ECHO"
	taken()
	{
		mv "$S" "$T/elsewhere" && mkdir "$S" && : >"$S/mine" &&
		    mkfifo "$S/in"
	}
	stopped taken
	wait_until 10 eval '[ -z "$(ctl list)" ]' || fail "it stands"
	[ -e "$S/mine" ]
	[ -p "$S/in" ]
	run open_session s "$ECHO"
	assert_failure 1
	rm -r "$S"
	open_session s "$ECHO"
	works
}

@test "a broker that \`open' started ends with its run directory" {
	local pid
	stop_broker
	open_session s "$ECHO"
	open_session t "$ECHO"
	pid=$(status_of s keeper)
	# In one go, for files are still made there.
	kill -STOP "$pid"
	rm -rf "$FIFOD_DIR"
	kill -CONT "$pid"
	wait_until 10 pid_gone "$pid" || {
		kill -KILL "$pid"
		fail "it stands"
	}
	open_session s "$ECHO"
	works
}

@test "other sessions go on when one loses its directory" {
	open_session t "$ECHO"
	open_session s "$ECHO"
	stopped rm -rf "$S"
	wait_until 10 eval '[ "$(ctl list | wc -l)" -eq 1 ]'
	S=$FIFOD_DIR/t
	works
}

@test "a directory appears whole and disappears whole" {
	local i rounds=${ROUNDS:-200} began=$SECONDS
	background "$T/whole" "$AID" whole "$S" "$T/end"
	local looker=$BACKGROUND_PID
	# Fewer where they take long: a test has its time, too.
	for ((i = 0; i < rounds; i++)); do
		[ -n "${ROUNDS-}" ] || [ $((SECONDS - began)) -lt 40 ] || break
		ctl open s "$ECHO"
		ctl close s
	done
	: >"$T/end"
	wait_pid "$looker"
	run cat "$T/whole"
	assert_output --regexp '^seen [1-9][0-9]* absent [1-9][0-9]* half 0$'
	run ls -A "$FIFOD_DIR"
	assert_output $'.control\n.log-s\n.pid'
}

@test "a directory disappears whole, with clients in it" {
	local i held
	background "$T/whole" "$AID" whole "$S" "$T/end"
	for ((i = 0; i < 10; i++)); do
		ctl open s "$ECHO"
		hold_reader "$S/out"
		held=$HELD_PID
		hold_writer "$S/in"
		ctl close s --now
		[ ! -e "$S" ]
		stop_pid "$held"
		stop_pid "$HELD_PID"
	done
	: >"$T/end"
	wait_for_line "$T/whole" ' half 0$'
}

@test "files that are not ours stay when a session is closed, and that is said" {
	open_session s "$ECHO"
	echo mine >"$S/notes"
	mkdir "$S/deep"
	ctl close s
	run ls -A "$S"
	assert_output $'deep\nnotes'
	run cat "$S/notes"
	assert_output mine
	run grep '^fifod: s: ' "$T/fifod.err"
	assert_output --partial 'holds files that are not ours and stays'
	run open_session s "$ECHO"
	assert_failure 1
	rm -r "$S"
	open_session s "$ECHO"
}

# ---- who may

@test "nobody else may use a session, whatever the umask" {
	local mask file old
	# shellcheck disable=SC2046
	start_peer b script $(tls good) -e wait-eof
	old=$(umask)
	for mask in 000 077 277; do
		stop_broker
		rm -rf "$FIFOD_DIR"
		umask "$mask"
		start_broker
		open_session s "tls://localhost:$port" ca="$CERTS/ca.pem"
		ctl reconnect s
		umask "$old"
		mode_is "$FIFOD_DIR" 700
		mode_is "$S" 700
		for file in in out ctl status log peer.pem; do
			mode_is "$S/$file" 600
		done
		for file in "$S"/.[a-z]* "$FIFOD_DIR/.control"; do
			mode_is "$file" 600
		done
	done
}

# shared_rundir: a run directory that others can reach, for the broker
shared_rundir()
{
	local dir

	require_root
	stop_broker
	dir=$(mktemp -d /tmp/fifod-user.XXXXXX)
	echo "$dir" >"$T/.user"
	chmod 711 "$dir"
	export FIFOD_DIR=$dir/run
	S=$FIFOD_DIR/s
	start_broker
}

# as USER GROUP COMMAND…: the shell's COMMAND, with $1 the session's directory
as()
{
	(cd / && exec timeout 10 setpriv --reuid="$1" --regid="$2" \
	    --clear-groups sh -c "$3" sh "$S" 3>&-)
}

@test "group= and mode=0660 let the group in, and nobody else" {
	shared_rundir
	mode_is "$FIFOD_DIR" 700
	open_session s "$ECHO" mode=0660 group=nogroup
	mode_is "$FIFOD_DIR" 711
	mode_is "$S" 710
	[ "$(stat -c %G "$S")" = nogroup ]
	local file
	for file in in out ctl; do
		[ "$(stat -c '%a %G' "$S/$file")" = "660 nogroup" ]
	done
	for file in status log; do
		[ "$(stat -c '%a %G' "$S/$file")" = "640 nogroup" ]
	done
	run as nobody nogroup 'echo hello >"$1/in" && head -n 1 "$1/out"'
	assert_output hello
	run as nobody nogroup 'grep ^state= "$1/status"'
	assert_output state=up
	run as nobody nogroup 'grep -c . "$1/log" && echo "set crlf=yes" >"$1/ctl"'
	assert_success
	wait_status s option.crlf yes
	for file in 'ls "$1"' 'rm -f "$1/in"' ': >"$1/x"' 'ls "$1/.."' \
	    'echo x >"$1/status"' 'mv "$1" "$1.x"'; do
		run as nobody nogroup "$file"
		assert_failure
	done
	for file in 'echo x >"$1/in"' 'head -c 1 "$1/out"' 'cat "$1/status"' \
	    'cat "$1/log"' 'echo close >"$1/ctl"' 'ls "$1"' 'cd "$1"'; do
		run as daemon daemon "$file"
		assert_failure
		refute [ "$status" -eq 124 ]
	done
	ctl close s
	mode_is "$FIFOD_DIR" 700
}

@test "the log and status of a group stay the group's when they are made anew" {
	shared_rundir
	open_session s "$ECHO" mode=0660 group=nogroup
	rm "$S/log" "$S/status"
	ctl reconnect s
	[ "$(stat -c '%a %G' "$S/log")" = "640 nogroup" ]
	[ "$(stat -c '%a %G' "$S/status")" = "640 nogroup" ]
	rm "$S/in"
	wait_until 10 test -p "$S/in"
	[ "$(stat -c '%a %G' "$S/in")" = "660 nogroup" ]
}

@test "mode=0666 lets everybody in" {
	shared_rundir
	open_session s "$ECHO" mode=0666
	mode_is "$FIFOD_DIR" 711
	mode_is "$S" 711
	run as daemon daemon 'echo hello >"$1/in" && head -n 1 "$1/out" &&
	    grep ^state= "$1/status" && grep -c "" "$1/log" >/dev/null'
	assert_output $'hello\nstate=up'
	ctl close s
	mode_is "$FIFOD_DIR" 700
}

@test "the run directory is open while any session is shared" {
	open_session s "$ECHO" mode=0666
	open_session t "$ECHO" mode=0660 group="$(id -gn)"
	open_session u "$ECHO"
	mode_is "$FIFOD_DIR" 711
	ctl close s
	mode_is "$FIFOD_DIR" 711
	ctl set u mode=0666
	ctl close t
	mode_is "$FIFOD_DIR" 711
	ctl set u mode=0600
	mode_is "$FIFOD_DIR" 700
	[ "$(mode_of "$FIFOD_DIR/u")" = 700 ]
}

@test "set mode= changes what is there" {
	local file
	open_session s "$ECHO"
	ctl set s mode=0666
	for file in in out ctl; do
		mode_is "$S/$file" 666
	done
	for file in status log; do
		mode_is "$S/$file" 644
	done
	mode_is "$S" 711
	ctl set s mode=0600
	for file in in out ctl status log; do
		mode_is "$S/$file" 600
	done
	mode_is "$S" 700
}

@test "an end of file does not change who may read" {
	start_peer b script -e 'send x' -e wait-eof -e "wait-file $T/go"
	open_session s "tcp://127.0.0.1:$port" mode=0660 \
	    group="$(id -gn)" on-close=eof
	background "$T/read" cat "$S/out"
	wait_for_line "$T/read" x
	: >"$T/go"
	ctl reconnect s
	mode_is "$S/out" 660
}

# ---- what the files say

@test "status is replaced as a whole: nobody ever reads half of it" {
	local i
	open_session s "$ECHO"
	background "$T/torn" "$AID" torn "$S/status" "$T/end"
	local looker=$BACKGROUND_PID
	for ((i = 0; i < 30; i++)); do
		ctl set s crlf=yes
		ctl reconnect s
		ctl set s crlf=no
	done
	: >"$T/end"
	wait_pid "$looker"
	run cat "$T/torn"
	assert_output --regexp \
	    '^read [1-9][0-9]+ torn 0 versions [1-9][0-9]+$'
}

@test "status has one line a fact, however odd the value" {
	local odd=$'odd \t\n\033[31m\377 "\\n" name'
	cp "$CERTS/ca.pem" "$T/$odd"
	open_session s "$ECHO" ca="$T/$odd" mode=0666
	run ! grep -qv '^[a-z][a-z0-9.-]*=[ -~]*$' "$S/status"
	run file_status s option.ca
	assert_output --partial '/odd \t\n'
	assert_output --partial '"\\n" name'
	run status_of s option.ca
	assert_output "$(file_status s option.ca)"
	# The same facts, whether asked or read.
	ctl status s | cut -d= -f1 >"$T/asked"
	cut -d= -f1 "$S/status" | diff - "$T/asked"
	run eval 'sort "$T/asked" | uniq -d'
	assert_output ''
}

@test "log shows nothing raw that a client wrote" {
	open_session s "$ECHO"
	printf 'bad\033]0;x\007\377\r\n' >"$S/ctl"
	wait_log s 'is not a command'
	run ! grep -qv '^[ -~]*$' "$S/log"
	run ! grep -qv '^[ -~]*$' "$T/fifod.err"
}

@test "every line of log begins with the time, in UTC" {
	open_session s "$ECHO"
	ctl reconnect s
	run ! grep -Evq \
	    '^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-9:]{8}\.[0-9]{3}Z .' "$S/log"
	sort -cs -k 1,1 "$S/log"
}

@test "log is cut over to log.0 at log=SIZE, and no line is lost" {
	local i
	open_session s "$ECHO" log=4K
	for ((i = 1; i <= 100; i++)); do
		printf 'wrong%03d\n' "$i"
	done >"$S/ctl"
	wait_until 10 grep -q wrong100 "$S/log"
	[ -f "$S/log.0" ]
	(($(stat -c %s "$S/log.0") >= 4096))
	(($(stat -c %s "$S/log.0") < 4096 + 512))
	(($(stat -c %s "$S/log") < 4096 + 512))
	mode_is "$S/log" 600
	mode_is "$S/log.0" 600
	# Two files of 4 KiB hold the newest lines, one after the other.
	cat "$S/log.0" "$S/log" | grep -o 'wrong[0-9]*' >"$T/kept"
	run tail -n 1 "$T/kept"
	assert_output wrong100
	run eval 'uniq -c "$T/kept" | grep -vc " 1 "'
	assert_output 0
	sort -c "$T/kept"
	ctl log s | grep -o 'wrong[0-9]*' | diff "$T/kept" -
}

# log_missed: how often there was no log, until $T/stop is there
log_missed()
{
	local missed=0

	while [ ! -e "$T/stop" ]; do
		[ -e "$S/log" ] || missed=$((missed + 1))
	done
	echo "$missed"
}

@test "at no moment of a cut is there no log" {
	local i

	open_session s "$ECHO" log=4K
	background "$T/missed" log_missed
	for ((i = 1; i <= 9999; i++)); do
		printf 'wrong%04d\n' "$i"
	done >"$S/ctl"
	wait_until 60 grep -q wrong9999 "$S/log"
	: >"$T/stop"
	wait_pid "$BACKGROUND_PID"
	assert_equal "$(cat "$T/missed")" 0
}

@test "fifoctl log shows a session that is closed, until it is opened again" {
	open_session s "$ECHO"
	ctl close s
	run ctl log s
	assert_success
	assert_line --partial 'opened: tcp://'
	assert_line --partial '-> closed'
	open_session s "$ECHO" crlf=yes
	run ctl log s
	refute_output --partial closed
	stop_broker
	run ctl log s
	assert_success
	assert_line --partial '-> closed'
	run ctl log never
	assert_failure 4
}

@test "a closed session leaves nothing but its log" {
	open_session s "$ECHO"
	works
	# A keeper that died while it wrote a status has left it.
	: >"$S/.status.failed"
	ctl close s
	run ls -A "$FIFOD_DIR"
	assert_output $'.control\n.log-s\n.pid'
	mode_is "$FIFOD_DIR/.log-s" 600
}

@test "what a killed broker has left is swept by the next" {
	open_session s "$ECHO"
	open_session t "$ECHO"
	: >"$FIFOD_DIR/s/.status.failed"
	: >"$FIFOD_DIR/t/mine"
	mkdir "$FIFOD_DIR/other"
	mkfifo "$FIFOD_DIR/other/in"
	kill_broker
	start_broker
	run ls -A "$FIFOD_DIR"
	assert_output $'.control\n.log-s\n.log-t\n.pid\nother\nt'
	[ -e "$FIFOD_DIR/t/mine" ]
	[ -p "$FIFOD_DIR/other/in" ]
	run cat "$T/fifod.err"
	assert_output --partial \
	    't: left by an earlier broker, cannot be removed whole'
	run ctl list
	assert_output ''
}
