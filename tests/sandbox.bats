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
	have=$("$CONFINED" "$ROOM" name 2>/dev/null)
	for what; do
		case $what in
		strict)
			[ "$("$CONFINED" "$ROOM" core 2>/dev/null)" = \
			    'core EFBIG' ] || skip "a build for tests" ;;
		*) [[ $have == *"$what"* ]] || skip "no $what here" ;;
		esac
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
