# Fuzz targets, one an area.  As they are built here they play their corpus,
# tests/fuzz/corpus/NAME, as unit tests; after ./configure CC=clang
# --enable-fuzzers they are libFuzzer's, see contrib/fuzz.  To add one: a file,
# its two lines below, its name in FUZZ_TARGETS, and a corpus.
FUZZ_TARGETS = tests/fuzz/fuzz_framing tests/fuzz/fuzz_http \
	tests/fuzz/fuzz_prelude tests/fuzz/fuzz_url tests/fuzz/fuzz_words \
	tests/fuzz/fuzz_frame tests/fuzz/fuzz_conf tests/fuzz/fuzz_ctl \
	tests/fuzz/fuzz_access tests/fuzz/fuzz_door tests/fuzz/fuzz_transcript \
	tests/fuzz/fuzz_tls tests/fuzz/fuzz_answer tests/fuzz/fuzz_command \
	tests/fuzz/fuzz_session tests/fuzz/fuzz_spell tests/fuzz/fuzz_asked \
	tests/fuzz/fuzz_held tests/fuzz/fuzz_holder tests/fuzz/fuzz_left
FUZZ_LIBS = src/libfifod.a $(LIBBSD_LIBS) $(LIBEVENT_LIBS) $(OPENSSL_LIBS) \
	$(FUZZ_ENGINE)

if FUZZERS
FUZZ_MAIN =
noinst_PROGRAMS += $(FUZZ_TARGETS)
else
FUZZ_MAIN = tests/fuzz/fuzz.h tests/fuzz/fuzz_main.c tests/unit/tap.h
check_PROGRAMS += $(FUZZ_TARGETS)
UNIT_TESTS += $(FUZZ_TARGETS)
endif
EXTRA_DIST += tests/COVERAGE tests/fuzz/README tests/fuzz/corpus \
	tests/fuzz/fuzz.h tests/fuzz/fuzz_main.c

tests_fuzz_fuzz_framing_SOURCES = tests/fuzz/fuzz_framing.c $(FUZZ_MAIN)
tests_fuzz_fuzz_framing_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_http_SOURCES = tests/fuzz/fuzz_http.c $(FUZZ_MAIN)
tests_fuzz_fuzz_http_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_prelude_SOURCES = tests/fuzz/fuzz_prelude.c $(FUZZ_MAIN)
tests_fuzz_fuzz_prelude_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_url_SOURCES = tests/fuzz/fuzz_url.c $(FUZZ_MAIN)
tests_fuzz_fuzz_url_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_words_SOURCES = tests/fuzz/fuzz_words.c $(FUZZ_MAIN)
tests_fuzz_fuzz_words_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_frame_SOURCES = tests/fuzz/fuzz_frame.c $(FUZZ_MAIN)
tests_fuzz_fuzz_frame_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_conf_SOURCES = tests/fuzz/fuzz_conf.c $(FUZZ_MAIN)
tests_fuzz_fuzz_conf_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_ctl_SOURCES = tests/fuzz/fuzz_ctl.c $(FUZZ_MAIN)
tests_fuzz_fuzz_ctl_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_access_SOURCES = tests/fuzz/fuzz_access.c $(FUZZ_MAIN)
tests_fuzz_fuzz_access_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_door_SOURCES = tests/fuzz/fuzz_door.c $(FUZZ_MAIN)
tests_fuzz_fuzz_door_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_transcript_SOURCES = tests/fuzz/fuzz_transcript.c $(FUZZ_MAIN)
tests_fuzz_fuzz_transcript_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_tls_SOURCES = tests/fuzz/fuzz_tls.c $(FUZZ_MAIN)
tests_fuzz_fuzz_tls_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_answer_SOURCES = tests/fuzz/fuzz_answer.c $(FUZZ_MAIN)
tests_fuzz_fuzz_answer_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_command_SOURCES = tests/fuzz/fuzz_command.c $(FUZZ_MAIN)
tests_fuzz_fuzz_command_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_session_SOURCES = tests/fuzz/fuzz_session.c \
	tests/fuzz/scene.h tests/fuzz/scene_client.c tests/fuzz/scene_peer.c \
	tests/fuzz/world.h tests/fuzz/world.c $(FUZZ_MAIN)
tests_fuzz_fuzz_session_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_spell_SOURCES = tests/fuzz/fuzz_spell.c \
	src/command/talk_spell.c $(FUZZ_MAIN)
tests_fuzz_fuzz_spell_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_asked_SOURCES = tests/fuzz/fuzz_asked.c \
	tests/fuzz/fake_direct.h tests/fuzz/fake_direct.c \
	tests/fuzz/world.h tests/fuzz/world.c $(FUZZ_MAIN)
tests_fuzz_fuzz_asked_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_held_SOURCES = tests/fuzz/fuzz_held.c $(FUZZ_MAIN)
tests_fuzz_fuzz_held_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_holder_SOURCES = tests/fuzz/fuzz_holder.c $(FUZZ_MAIN)
tests_fuzz_fuzz_holder_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_left_SOURCES = tests/fuzz/fuzz_left.c \
	tests/fuzz/fake_direct.h tests/fuzz/fake_direct.c \
	tests/fuzz/world.h tests/fuzz/world.c $(FUZZ_MAIN)
tests_fuzz_fuzz_left_LDADD = $(FUZZ_LIBS)

# Files that they open hold what the input says.
WRAP_OPEN = -Wl,--wrap=keeper_open
tests_fuzz_fuzz_conf_LDFLAGS = $(AM_LDFLAGS) $(WRAP_OPEN)
tests_fuzz_fuzz_tls_LDFLAGS = $(AM_LDFLAGS) $(WRAP_OPEN)

# What is asked of the system is looked at, and not done.
DIRECT_WRAP = -Wl,--wrap=direct_
FAKE_DIRECT = $(DIRECT_WRAP)open $(DIRECT_WRAP)symlink \
	$(DIRECT_WRAP)symlink_remove $(DIRECT_WRAP)try $(DIRECT_WRAP)rotate \
	$(DIRECT_WRAP)directory $(DIRECT_WRAP)socket $(DIRECT_WRAP)listen \
	$(DIRECT_WRAP)listen_share $(DIRECT_WRAP)listen_sweep \
	$(DIRECT_WRAP)terminal_pair $(DIRECT_WRAP)terminal_open \
	$(DIRECT_WRAP)program $(DIRECT_WRAP)look_up $(DIRECT_WRAP)child_end
tests_fuzz_fuzz_asked_LDFLAGS = $(AM_LDFLAGS) $(FAKE_DIRECT) \
	$(DIRECT_WRAP)mkdir
tests_fuzz_fuzz_left_LDFLAGS = $(AM_LDFLAGS) $(FAKE_DIRECT) \
	-Wl,--wrap=keeper_take -Wl,--wrap=anchor_fetch -Wl,--wrap=anchor_end

# The service manager and /proc are the input.
tests_fuzz_fuzz_held_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=ready_wanted \
	-Wl,--wrap=ready_tell -Wl,--wrap=ready_tell_with \
	-Wl,--wrap=memory_file
tests_fuzz_fuzz_holder_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fopen \
	-Wl,--wrap=opendir
