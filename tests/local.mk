# tests: the peer, unit tests, bats files; `make check' runs them by tests/run.
#
# A unit test is a program that prints TAP, in check_PROGRAMS and UNIT_TESTS
# (tests/unit/local.mk); a bats file is one word in BATS_FILES.
# `make check CHECK=tests/foo.bats' runs that alone; JOBS=1 one file at a time;
# FIFOD_WRAPPER=valgrind as it says in tests/helper/common.bash.

UNIT_TESTS =
BATS_FILES = \
	tests/certificates.bats \
	tests/tls.bats \
	tests/names.bats \
	tests/network.bats \
	tests/states.bats \
	tests/broker.bats \
	tests/command.bats \
	tests/conf.bats \
	tests/house.bats \
	tests/limits.bats \
	tests/faults.bats \
	tests/faults_network.bats \
	tests/input.bats \
	tests/keeper.bats \
	tests/fifo.bats \
	tests/flow.bats \
	tests/exec.bats \
	tests/line.bats \
	tests/package.bats \
	tests/login.bats \
	tests/listen.bats \
	tests/attach.bats \
	tests/channel.bats \
	tests/cookbook.bats \
	tests/door.bats \
	tests/exchange.bats \
	tests/framing.bats \
	tests/http.bats \
	tests/probe.bats \
	tests/record.bats \
	tests/retry.bats \
	tests/sandbox.bats \
	tests/torture.bats \
	tests/starttls.bats \
	tests/via.bats \
	tests/servers.bats \
	tests/survive.bats \
	tests/datagrams.bats \
	tests/netns.bats \
	tests/metrics.bats \
	tests/observe.bats \
	tests/secrets.bats \
	tests/sockets.bats \
	tests/systemd.bats \
	tests/smoke_peer.bats

check_PROGRAMS += tests/aid tests/gram tests/peer

tests_gram_SOURCES = tests/gram.c

# From within the sandbox.
if SANDBOX
check_PROGRAMS += tests/confined
endif
tests_confined_SOURCES = tests/confined.c tests/confined.h \
	tests/confined_attempts.c
tests_confined_LDADD = src/libfifod.a $(LIBBSD_LIBS) $(SECCOMP_LIBS) -lpthread

tests_aid_SOURCES = tests/aid.c

# What happens to packets, for which it takes Linux.
if !PORTABLE
check_PROGRAMS += tests/wire
endif
tests_wire_SOURCES = tests/wire.c tests/wire.h tests/wire_reset.c \
	tests/wire_side.c

# A wall clock that is set; where it cannot be made its tests are skipped.
check_DATA = tests/clock.so
tests/clock.so: $(top_srcdir)/tests/clock.c
	$(AM_V_CCLD)$(MKDIR_P) tests && { $(CC) -std=gnu11 -O2 -g -Wall \
		-Wextra -fPIC -shared -o $@ $(top_srcdir)/tests/clock.c || \
		echo "no clock to set"; }
EXTRA_DIST += tests/clock.c
CLEANFILES += tests/clock.so

tests_peer_SOURCES = \
	tests/peer.c tests/peer.h \
	tests/peer_connection.c \
	tests/peer_flow.c \
	tests/peer_http.c \
	tests/peer_options.c \
	tests/peer_script.c tests/peer_script.h \
	tests/peer_script_parse.c \
	tests/peer_socket.c \
	tests/peer_tls.c
tests_peer_LDADD = $(OPENSSL_LIBS) -lpthread

# Replays the vectors of the framings.
check_PROGRAMS += tests/replay
UNIT_TESTS += tests/replay
tests_replay_SOURCES = tests/replay.c tests/unit/tap.h
tests_replay_LDADD = src/libfifod.a $(LIBBSD_LIBS)

# A terminal, and what fifoctl attach is, alone.
check_PROGRAMS += tests/talk tests/tty
tests_tty_SOURCES = tests/tty.c
tests_tty_LDADD = $(LIBBSD_LIBS)
tests_talk_SOURCES = tests/talk.c src/command/talk.c src/command/talk.h \
	src/command/talk_edit.c src/command/talk_history.c \
	src/command/talk_internal.h src/command/talk_screen.c \
	src/command/talk_spell.c src/command/talk_tty.c
tests_talk_LDADD = src/libfifod.a $(LIBBSD_LIBS) $(LIBEDIT_LIBS)

# One reply a read, a hundred thousand times, with more to do than processors.
check_PROGRAMS += tests/torture_slots
UNIT_TESTS += tests/torture
tests_torture_slots_SOURCES = tests/torture_slots.c
tests_torture_slots_LDADD = src/libfifod.a $(LIBBSD_LIBS) $(LIBEVENT_LIBS)

# Peers that speak datagrams, and both ends of a torture with them.
check_PROGRAMS += tests/datagrams
tests_datagrams_SOURCES = tests/datagrams.c

# A service manager with a store of descriptors.
check_PROGRAMS += tests/manager
tests_manager_SOURCES = tests/manager.c

# A crowd at a front door, and its server; the bench uses it, too.
check_PROGRAMS += tests/crowd
tests_crowd_SOURCES = tests/crowd.c

# Clients that a shell cannot be.
check_PROGRAMS += tests/exact tests/pipe
tests_exact_SOURCES = tests/exact.c
tests_exact_LDADD = $(OPENSSL_LIBS)
tests_pipe_SOURCES = tests/pipe.c

EXTRA_DIST += \
	$(BATS_FILES) \
	tests/helper/command.bash \
	tests/helper/common.bash \
	tests/helper/exchange.bash \
	tests/helper/storm.bash \
	tests/helper/tls.bash \
	tests/helper/survive.bash \
	tests/helper/torture.bash \
	tests/helper/wire.bash \
	tests/helper/world.bash \
	tests/makecerts \
	tests/vectors \
	tests/run \
	tests/soak \
	tests/torture

include tests/unit/local.mk
include tests/fuzz/local.mk
include tests/fault/local.mk

BATS = bats
CHECK = $(UNIT_TESTS) $(BATS_FILES)
CHECK_ENV = ABS_BUILDDIR='$(abs_top_builddir)' BATS='$(BATS)' \
	BATSFLAGS='$(BATSFLAGS)' srcdir='$(srcdir)'

# So that the summary is the last line: MAKE_HOST is set by GNU make alone,
# which alone says "Leaving directory".
AM_MAKEFLAGS = $(MAKE_HOST:%=--no-print-directory)

check-local: check-run

check-run:
	@$(CHECK_ENV) $(SHELL) $(top_srcdir)/tests/run -s $(top_srcdir) \
		$(CHECK)

# The bats files by bats itself: one after the other, its own output.
check-bats: all $(check_PROGRAMS)
	@set --; for file in $(BATS_FILES); do \
		set -- "$$@" $(top_srcdir)/$$file; \
	done; \
	$(CHECK_ENV) $(BATS) $(BATSFLAGS) "$$@"

clean-local: clean-certs

clean-certs:
	rm -rf tests/certs

.PHONY: check-run check-bats clean-certs
