# make bench [BENCH='-q rtt']: figures, beside fifod's peers; never part of
# make check.
BENCH_TOOLS = tests/bench/await tests/bench/bulk tests/bench/far \
	tests/bench/framer tests/bench/many tests/bench/process \
	tests/bench/prototype tests/bench/relays tests/bench/rtt \
	tests/bench/server tests/bench/start
EXTRA_PROGRAMS += $(BENCH_TOOLS)
CLEANFILES += $(BENCH_TOOLS)

tests_bench_await_SOURCES = tests/bench/await.c tests/bench/bench.h
tests_bench_await_LDADD = $(LIBBSD_LIBS)
tests_bench_bulk_SOURCES = tests/bench/bulk.c tests/bench/bench.h
tests_bench_bulk_LDADD = $(LIBBSD_LIBS)
tests_bench_far_SOURCES = tests/bench/far.c tests/bench/bench.h
tests_bench_far_LDADD = $(LIBBSD_LIBS)
tests_bench_framer_SOURCES = tests/bench/framer.c tests/bench/bench.h
tests_bench_framer_LDADD = src/libfifod.a $(LIBBSD_LIBS)
tests_bench_many_SOURCES = tests/bench/many.c tests/bench/bench.h
tests_bench_many_LDADD = $(LIBBSD_LIBS)
tests_bench_process_SOURCES = tests/bench/process.c tests/bench/bench.h
tests_bench_process_LDADD = $(LIBBSD_LIBS)
tests_bench_prototype_SOURCES = tests/bench/prototype.c tests/bench/bench.h
tests_bench_prototype_LDADD = $(LIBBSD_LIBS) $(OPENSSL_LIBS)
tests_bench_relays_SOURCES = tests/bench/relays.c tests/bench/bench.h
tests_bench_relays_LDADD = $(LIBBSD_LIBS)
tests_bench_rtt_SOURCES = tests/bench/rtt.c tests/bench/bench.h
tests_bench_rtt_LDADD = $(LIBBSD_LIBS)
tests_bench_server_SOURCES = tests/bench/server.c tests/bench/bench.h
tests_bench_server_LDADD = $(LIBBSD_LIBS) $(OPENSSL_LIBS)
tests_bench_start_SOURCES = tests/bench/start.c tests/bench/bench.h
tests_bench_start_LDADD = $(LIBBSD_LIBS)

EXTRA_DIST += tests/bench/README tests/bench/bench tests/bench/lib.sh \
	tests/bench/exchange.sh tests/bench/relay.sh tests/bench/shell \
	tests/bench/targets tests/bench/table.awk \
	tests/bench/adapters/fifod.sh tests/bench/adapters/nc.sh \
	tests/bench/adapters/ncat.sh tests/bench/adapters/prototype.sh \
	tests/bench/adapters/s_client.sh tests/bench/adapters/socat.sh \
	tests/bench/adapters/stunnel.sh

bench: fifod fifoctl $(BENCH_TOOLS)
	BUILD='$(abs_builddir)' CC='$(CC)' $(SHELL) \
		$(srcdir)/tests/bench/bench $(BENCH)

.PHONY: bench
