# The sandbox of the engine: what is tried from inside.

load helper/common
load helper/command

CONFINED=${CONFINED:-$(program_find confined)}

setup()
{
	common_setup
	ROOM=$T/room
	mkdir "$ROOM"
}

teardown()
{
	common_teardown
	rm -f /tmp/fifod-confined /tmp/fifod-confined.sock
}

# ---- the mechanisms

# need MECHANISM…: of the kernel and the build; a build with sanitizers or for
# coverage is confined less
need()
{
	local what have

	[ -x "$CONFINED" ] || skip "this build has no sandbox"
	have=$("$CONFINED" "$ROOM" name build 2>/dev/null)
	for what; do
		[[ $have == *"$what"* ]] || skip "not here: $what"
	done
}

# tried RESULT ATTEMPT…: each of them comes to that
tried()
{
	local result=$1 attempt

	shift
	for attempt; do
		run "$CONFINED" "$ROOM" "$attempt"
		assert_output "$attempt $result"
	done
}

@test "the engine runs no program: it dies of it" {
	need seccomp
	tried SIGSYS exec
}

@test "the engine has no children" {
	need seccomp strict
	tried EPERM fork clone-namespace
}

@test "the engine looks at no other process, and signals none" {
	need seccomp strict
	tried SIGSYS ptrace write-memory
	tried EPERM kill-keeper
}

@test "the engine does not become another user, nor sees another world" {
	need seccomp
	tried SIGSYS setuid unshare mount chroot
}

@test "the engine stays away from the kernel's corners" {
	need seccomp
	tried SIGSYS bpf io-uring key
	tried EPERM unknown
}

@test "the engine makes sockets of its own kind only" {
	need seccomp
	tried EPERM packet netlink raw inet
}

@test "a socket that the engine was given goes out, and does not listen" {
	need landlock
	tried ECONNREFUSED connect
	tried EACCES listen-tcp
}

@test "the engine makes no code, and no limit higher" {
	need seccomp strict
	tried EPERM code code-later limit dumpable
}

# limit_of PID WHAT: the soft and the hard one
limit_of()
{
	sed -n "s/^Max $2  *\([^ ]*\)  *\([^ ]*\) .*/\1 \2/p" \
	    "/proc/$1/limits"
}

@test "the engine locks no memory, and has no queues and no priority" {
	local what

	need seccomp
	start_broker
	for what in "locked memory" "msgqueue size" "nice priority" \
	    "realtime priority"; do
		assert_equal "$what: $(limit_of "$(engine_pid)" "$what")" \
		    "$what: 0 0"
	done
	# Its threads run, and a program of a session has what the broker has.
	open_session s 'exec:while read -r x; do ulimit -l; done' framing=line \
	    "record=$T/record" record-sync=yes
	assert_equal "$(echo hello | ctl request s)" "$(ulimit -l)"
}

@test "the engine types nothing into a terminal" {
	need seccomp
	tried EPERM push-input
}

@test "the engine reads no file that is not the sessions'" {
	need landlock strict
	tried EACCES read-outside list-outside read-memory
	[ ! -d /etc/ssl/private ] || tried EACCES read-key
}

@test "the engine writes no file outside of the run directory" {
	need landlock
	tried EACCES write-outside unix-outside
	[ ! -e /tmp/fifod-confined ]
}

@test "the engine leaves the run directory by no path and no link" {
	need landlock strict
	echo secret >"$T/outside"
	ln -s "$T/outside" "$ROOM/link"
	tried EACCES escape escape-link
}

@test "the engine takes no file out of the run directory, nor in" {
	need landlock
	: >"$ROOM/file"
	: >"$T/outside"
	tried EACCES move-out link-out
	tried EXDEV link-in
	[ -e "$ROOM/file" ]
}

@test "the engine makes no symbolic links, devices or set-user-ID programs" {
	need seccomp
	: >"$ROOM/file"
	tried EPERM symlink device set-id chown
}

@test "the engine leaves no core file with keys in it" {
	need strict
	tried EFBIG core
}

@test "what the engine has to do it does" {
	need seccomp
	tried 'done' fifo directory unix-inside thread null time
}

@test "a file that is named to it is read, and its neighbours are not" {
	need landlock strict
	run "$CONFINED" -r /etc/passwd "$ROOM" read-outside list-outside
	assert_line 'read-outside done'
	assert_line 'list-outside EACCES'
}

# ---- kernels that have less

@test "without Landlock system calls are confined, and it is said" {
	need seccomp landlock
	run --separate-stderr "$CONFINED" -l landlock "$CONFINED" "$ROOM" \
	    name exec netlink
	assert_output "$(printf '%s\n' seccomp 'exec SIGSYS' 'netlink EPERM')"
	assert_regex "$stderr" 'confined by seccomp alone: landlock: '
}

@test "without seccomp files are confined, and it is said" {
	need seccomp landlock strict
	run --separate-stderr "$CONFINED" -l seccomp "$CONFINED" "$ROOM" \
	    name write-outside exec
	assert_output "$(printf '%s\n' landlock 'write-outside EACCES' \
	    'exec EACCES')"
	assert_regex "$stderr" 'confined by landlock alone: seccomp: '
}

@test "without either the engine runs, and it is said" {
	need seccomp landlock
	run --separate-stderr "$CONFINED" -l seccomp,landlock "$CONFINED" \
	    "$ROOM" name fifo
	assert_output "$(printf '%s\n' none 'fifo done')"
	assert_regex "$stderr" 'is not confined: seccomp: .*; landlock: '
}

# ---- the broker

# of PID KEY: what proc(5) says of it, numbers of capabilities without zeros
of()
{
	sed -n "s/^$2:[[:space:]]*0*\(.\)/\1/p" "/proc/$1/status"
}

@test "the anchor, which has open what the engine has, does next to nothing" {
	local anchor

	start_broker
	anchor=$(pgrep -P "$(engine_pid)") || skip "there is none here"
	grep -q '^NoNewPrivs:.1' "/proc/$anchor/status"
	grep -q '^Seccomp:.2' "/proc/$anchor/status"
	run -0 grep '^CapEff:' "/proc/$anchor/status"
	assert_output "$(grep '^CapEff:' "/proc/$(engine_pid)/status")"
}

@test "what looks up names writes nothing, runs nothing and is nobody else" {
	local attempt

	need landlock strict
	for attempt in write-outside exec fifo directory; do
		run "$CONFINED" -n "$ROOM" "$attempt"
		assert_output "$attempt EACCES"
	done
	for attempt in mount chroot raw; do
		run "$CONFINED" -n "$ROOM" "$attempt"
		assert_output "$attempt EPERM"
	done
	run "$CONFINED" -n "$ROOM" read-outside
	assert_output 'read-outside done'
}

@test "status says how the engine is confined, and it is" {
	need seccomp landlock
	start_broker
	start_peer a echo
	open_session a "tcp://127.0.0.1:$port"
	echoes a hello
	assert_equal "$(status_of a sandbox)" seccomp+landlock
	engine=$(status_of a engine)
	assert_equal "$(of "$engine" NoNewPrivs)" 1
	assert_equal "$(of "$engine" Seccomp)" 2
	assert_equal "$(of "$engine" CapInh)" 0
	# CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_SYS_RESOURCE
	[[ $(of "$engine" CapPrm) == @(0|b|100000b) ]]
	assert_equal "$(of "$engine" CapEff)" "$(of "$engine" CapPrm)"
	run ! grep 'not confined\|alone' "$T/fifod.err"
}

@test "SSL_CERT_DIR is a list of directories, and the engine reads them" {
	command -v openssl >/dev/null || skip "no openssl"
	mkdir "$T/none" "$T/some"
	cp "$CERTS/ca.pem" "$T/some/"
	openssl rehash "$T/some"
	SSL_CERT_DIR=$T/none:$T/some start_broker
	# shellcheck disable=SC2046
	start_peer a echo $(tls good)
	open_session a "tls://localhost:$port"
	echoes a hello
	assert_equal "$(status_of a verified)" yes
}

@test "of root's capabilities the keeper has those that it uses" {
	need seccomp
	require_root
	start_broker
	# Where root itself has CAP_SYS_RESOURCE or not.
	[[ $(of "$BROKER_PID" CapPrm) == @(28242f|128242f) ]]
	assert_equal "$(of "$BROKER_PID" CapEff)" "$(of "$BROKER_PID" CapPrm)"
}

@test "programs of a session are not confined" {
	need seccomp
	start_broker
	open_session a 'exec:cat /proc/self/status' on-close=eof
	run cat "$S/out" 3>&-
	for key in CapEff CapBnd NoNewPrivs Seccomp; do
		assert_output --partial "$(grep "^$key:" /proc/self/status)"
	done
}

@test "with -X the engine is not confined, which is told" {
	start_broker -X
	open_session a tcp://127.0.0.1:9 -o connect=on-demand
	assert_equal "$(status_of a sandbox)" none
	wait_for_line "$T/fifod.err" 'the engine is not confined'
}

@test "a kernel that lacks a mechanism is told in status and in the log" {
	need seccomp landlock
	FIFOD_WRAPPER="$CONFINED -l landlock" start_broker
	start_peer a echo
	open_session a "tcp://127.0.0.1:$port"
	echoes a hello
	assert_equal "$(status_of a sandbox)" seccomp
	wait_for_line "$T/fifod.err" 'confined by seccomp alone: landlock: '
}

@test "a kernel that has no mechanism runs a broker all the same" {
	need seccomp landlock
	FIFOD_WRAPPER="$CONFINED -l landlock,seccomp" start_broker
	start_peer a echo
	open_session a "tcp://127.0.0.1:$port"
	echoes a hello
	assert_equal "$(status_of a sandbox)" none
	wait_for_line "$T/fifod.err" 'the engine is not confined: '
}

@test "an engine that is killed for what it tried is logged, and another comes" {
	need seccomp
	echo 'open a tcp://127.0.0.1:9 -o connect=on-demand' >"$T/fifod.conf"
	start_broker
	first=$(status_of a engine)
	kill -SYS "$first"
	wait_for_line "$T/fifod.err" 'engine: killed by SIGSYS'
	wait_until 10 another_engine "$first"
	assert_regex "$(status_of a sandbox)" seccomp
}

another_engine()
{
	local now

	now=$(status_of a engine) && [ "$now" != "$1" ]
}

# ---- another user

# A place that is root's, and programs that nobody can run.
other_prepare()
{
	require_root
	user_prepare
	mkdir "$USER_DIR/place"
	chown root:root "$USER_DIR" "$USER_DIR/place"
	chmod 755 "$USER_DIR" "$USER_DIR/place"
	FIFOD=$USER_DIR/bin/fifod
	FIFOD_DIR=$USER_DIR/place/run
	: >"$USER_DIR/place/conf"
}

# As root, for nobody.
start_other()
{
	other_prepare
	start_broker -u nobody -f "$USER_DIR/place/conf"
}

@test "fifod -u: keeper, engine, files and programs are the user's" {
	start_other
	start_peer a echo
	open_session a "tcp://127.0.0.1:$port"
	echoes a hello
	for pid in $(status_of a keeper) $(status_of a engine); do
		assert_equal "$(ps -o user= -p "$pid")" nobody
	done
	for file in . in out ctl status sock; do
		assert_equal "$(stat -c %U "$S/$file")" nobody
	done
	open_session b 'exec:id -un; echo $HOME; cat /proc/self/status' \
	    on-close=eof
	run cat "$S/out" 3>&-
	assert_line nobody
	assert_line --regexp 'CapPrm:.*0000000000000000'
	assert_line --regexp 'CapAmb:.*0000000000000000'
	refute_line /root
}

@test "fifod -u: of root's rights the keeper has three, and the engine none" {
	need seccomp
	start_other
	open_session a tcp://127.0.0.1:9 connect=on-demand
	# CAP_NET_BIND_SERVICE, CAP_NET_RAW, CAP_SYS_ADMIN
	assert_equal "$(of "$(status_of a keeper)" CapPrm)" 202400
	# In force only where they are used.
	assert_equal "$(of "$(status_of a keeper)" CapEff)" 0
	assert_equal "$(of "$(status_of a engine)" CapPrm)" 0
}

@test "fifod -u: a port below 1024 is listened at, and root's files stay shut" {
	need seccomp
	start_other
	open_session a tcp-listen://127.0.0.1:99 ||
	    assert_equal "$(status_of a state)" failed
	run status_of a error
	refute_output --partial 'ports below 1024'
	echo secret >"$USER_DIR/place/key"
	chmod 600 "$USER_DIR/place/key"
	refused 1 'Operation not permitted' ctl open c tcp://127.0.0.1:9 \
	    -o group=daemon -o connect=on-demand
	refused 1 'Permission denied' ctl open b tls://127.0.0.1:9 \
	    -o "ca=$USER_DIR/place/key" -o connect=on-demand
}

@test "fifod -u takes a user's number, too" {
	other_prepare
	start_broker -u "$(id -u nobody)" -f "$USER_DIR/place/conf"
	assert_equal "$(ps -o user= -p "$BROKER_PID")" nobody
}

@test "user= in the configuration file is the same as -u" {
	other_prepare
	printf '%s\n' 'user=nobody' \
	    'open a tcp://127.0.0.1:9 -o connect=on-demand' \
	    >"$USER_DIR/place/conf"
	start_broker -f "$USER_DIR/place/conf"
	assert_equal "$(ps -o user= -p "$(status_of a keeper)")" nobody
	assert_equal "$(ps -o user= -p "$(status_of a engine)")" nobody
	sed -i 's/^user=.*/user=daemon/' "$USER_DIR/place/conf"
	run ctl reload
	assert_output --partial 'user= is another: that takes effect when'
}

@test "user= names one user that there is, once" {
	printf '%s\n' user=no-such-user 'user=root' user=root 'user=' \
	    >"$T/fifod.conf"
	run -2 "$FIFOD" -n -f "$T/fifod.conf"
	assert_line --partial 'fifod.conf:1: user=no-such-user: there is no'
	assert_line --partial 'fifod.conf:3: user=root: is said already'
	assert_line --partial 'fifod.conf:4: user=: the name of one user'
	assert_equal "${#lines[@]}" 3
}

@test "fifod -u is for root, and for users that there are" {
	refused 1 'there is no such user' "$FIFOD" -F -r "$FIFOD_DIR" \
	    -u no-such-user
	[ ! -e "$FIFOD_DIR" ]
	if [ "$(id -u)" -eq 0 ]; then
		refused 1 'only root' as_user "$FIFOD" -F -u root
	else
		refused 1 'only root' "$FIFOD" -F -r "$FIFOD_DIR" -u root
	fi
}

@test "root visits another's broker only where root alone put its directory" {
	start_other
	open_session a tcp://127.0.0.1:9 connect=on-demand
	ctl list | grep '^a '
	chmod 777 "$USER_DIR/place"
	refused 1 'belongs to nobody' ctl list
	chmod 755 "$USER_DIR/place"
}
