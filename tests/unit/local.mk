# Tests of one file each, without a broker; they print TAP.
UNITS = tests/unit/test_answer tests/unit/test_buf tests/unit/test_option \
	tests/unit/test_url tests/unit/test_why tests/unit/test_words \
	tests/unit/test_framing tests/unit/test_http tests/unit/test_slots \
	tests/unit/test_prelude tests/unit/test_access \
	tests/unit/test_transcript tests/unit/test_metric tests/unit/test_hold \
	tests/unit/test_ledger tests/unit/test_relay_pipe
check_PROGRAMS += $(UNITS)
UNIT_TESTS += $(UNITS)

tests_unit_test_answer_SOURCES = tests/unit/test_answer.c tests/unit/tap.h
tests_unit_test_answer_LDADD = src/libfifod.a $(LIBBSD_LIBS) $(LIBEVENT_LIBS)
tests_unit_test_buf_SOURCES = tests/unit/test_buf.c tests/unit/tap.h
tests_unit_test_buf_LDADD = src/libfifod.a $(LIBBSD_LIBS)
tests_unit_test_option_SOURCES = tests/unit/test_option.c tests/unit/tap.h
tests_unit_test_option_LDADD = src/libfifod.a $(LIBBSD_LIBS)
tests_unit_test_url_SOURCES = tests/unit/test_url.c tests/unit/tap.h
tests_unit_test_url_LDADD = src/libfifod.a $(LIBBSD_LIBS)
tests_unit_test_why_SOURCES = tests/unit/test_why.c tests/unit/tap.h
tests_unit_test_why_LDADD = src/libfifod.a $(LIBBSD_LIBS)
tests_unit_test_words_SOURCES = tests/unit/test_words.c tests/unit/tap.h
tests_unit_test_words_LDADD = src/libfifod.a $(LIBBSD_LIBS)
tests_unit_test_framing_SOURCES = tests/unit/test_framing.c tests/unit/tap.h
tests_unit_test_framing_LDADD = src/libfifod.a $(LIBBSD_LIBS)
tests_unit_test_http_SOURCES = tests/unit/test_http.c tests/unit/tap.h
tests_unit_test_http_LDADD = src/libfifod.a $(LIBBSD_LIBS)
tests_unit_test_slots_SOURCES = tests/unit/test_slots.c tests/unit/tap.h
tests_unit_test_slots_LDADD = src/libfifod.a $(LIBBSD_LIBS) $(LIBEVENT_LIBS)
tests_unit_test_transcript_SOURCES = tests/unit/test_transcript.c \
	tests/unit/tap.h
tests_unit_test_transcript_LDADD = src/libfifod.a $(LIBBSD_LIBS)
tests_unit_test_prelude_SOURCES = tests/unit/test_prelude.c tests/unit/tap.h
tests_unit_test_prelude_LDADD = src/libfifod.a $(LIBBSD_LIBS) $(LIBEVENT_LIBS)
tests_unit_test_hold_SOURCES = tests/unit/test_hold.c tests/unit/tap.h
tests_unit_test_hold_LDADD = src/libfifod.a $(LIBBSD_LIBS) $(LIBEVENT_LIBS)
tests_unit_test_ledger_SOURCES = tests/unit/test_ledger.c tests/unit/tap.h
tests_unit_test_ledger_LDADD = src/libfifod.a $(LIBBSD_LIBS) $(LIBEVENT_LIBS)
tests_unit_test_relay_pipe_SOURCES = tests/unit/test_relay_pipe.c \
	tests/unit/tap.h
tests_unit_test_relay_pipe_LDADD = src/libfifod.a $(LIBBSD_LIBS)
tests_unit_test_access_SOURCES = tests/unit/test_access.c tests/unit/tap.h
tests_unit_test_access_LDADD = src/libfifod.a $(LIBBSD_LIBS) $(LIBEVENT_LIBS)
tests_unit_test_metric_SOURCES = tests/unit/test_metric.c tests/unit/tap.h
tests_unit_test_metric_LDADD = src/libfifod.a $(LIBBSD_LIBS)
