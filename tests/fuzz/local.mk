# libFuzzer targets, one an area; ./configure CC=clang --enable-fuzzers, then
# `tests/fuzz/fuzz_url -max_total_time=30` and so on.
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_framing tests/fuzz/fuzz_http \
	tests/fuzz/fuzz_prelude tests/fuzz/fuzz_url tests/fuzz/fuzz_words

tests_fuzz_fuzz_framing_SOURCES = tests/fuzz/fuzz_framing.c
tests_fuzz_fuzz_framing_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_framing_LDADD = src/libfifod.a $(LIBBSD_LIBS)
tests_fuzz_fuzz_http_SOURCES = tests/fuzz/fuzz_http.c
tests_fuzz_fuzz_http_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_http_LDADD = src/libfifod.a $(LIBBSD_LIBS)
tests_fuzz_fuzz_prelude_SOURCES = tests/fuzz/fuzz_prelude.c
tests_fuzz_fuzz_prelude_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_prelude_LDADD = src/libfifod.a $(LIBBSD_LIBS) \
	$(LIBEVENT_LIBS)
tests_fuzz_fuzz_url_SOURCES = tests/fuzz/fuzz_url.c
tests_fuzz_fuzz_url_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_url_LDADD = src/libfifod.a $(LIBBSD_LIBS)
tests_fuzz_fuzz_words_SOURCES = tests/fuzz/fuzz_words.c
tests_fuzz_fuzz_words_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_words_LDADD = src/libfifod.a $(LIBBSD_LIBS)
endif
