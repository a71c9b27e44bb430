load helper/common

# A choice of what tests/faults does, which says how it judges; `make faults'
# does all of it.

strike()
{
	[ -e "$BUILD/tests/fault/shim.so" ] || skip "there is no shim"
	[ -z "${FIFOD_WRAPPER-}" ] || skip "not under another program"
	run within 100 "$TESTS/faults" -b "$BUILD" -c "$CERTS" "$@" 3>&-
	assert_success
	assert_output --partial ' 0 findings'
}

@test "a file or descriptor that is not had costs one command, in words, and leaves nothing" {
	strike -n 12 tcp mkdir file:EMFILE descriptor:EMFILE
}

@test "a watch that is not had delays, and stops nothing" {
	strike -n 6 http watch:ENOSPC
}

@test "a full disk costs one command, in words, and leaves nothing" {
	strike -n 15 request directory:ENOSPC
}

@test "a log that cannot be opened or cut over keeps its lines" {
	strike -n 20 cut file:EACCES file:EMFILE
}

@test "a want of memory that passes costs at most what was asked" {
	strike -n 20 http memory:ENOMEM
}

@test "bytes that come and go one by one are the same bytes" {
	strike -n 5 http tls read:short write:short
}

@test "a connection that breaks anywhere is told" {
	strike -n 5 tcp http read:ECONNRESET write:EPIPE
}

@test "a keeper that wants memory for a moment goes on" {
	strike -k -n 6 tcp exec memory:ENOMEM
}

@test "a keeper that is refused a call says so, and lives" {
	strike -k -n 8 tcp exec descriptor:EMFILE process:EAGAIN net:ENOBUFS
}

@test "an engine that takes over meets a fault, and a session goes on or says why not" {
	survivors
	strike -n 6 kill hand_over file:EMFILE read:EIO
}

@test "a broker that meets a fault at its start ends by itself, in words" {
	strike -n 10 start file:EMFILE directory:EIO
}
