# The lists: each is source list and table in one.  To add a member, write its
# file and add its name here.
TRANSPORTS = src/transport/tcp.c src/transport/tls.c
COMMANDS = src/command/open.c src/command/close.c src/command/list.c \
	src/command/status.c src/command/path.c src/command/log.c \
	src/command/set.c src/command/reconnect.c src/command/wait.c \
	src/command/watch.c src/command/reload.c src/command/stop.c \
	src/command/help.c src/command/version.c

# NAME of each src/FLOOR/NAME.c, as WORD(NAME) in a header.
TABLE = $(AM_V_GEN)$(MKDIR_P) src && table() { \
		word=$$1; shift; \
		for file; do echo "$$word($$(basename $$file .c))"; done; \
	} && table

src/transport_list.h: $(top_srcdir)/src/local.mk
	$(TABLE) TRANSPORT $(TRANSPORTS) >$@
src/command_list.h: $(top_srcdir)/src/local.mk
	$(TABLE) COMMAND $(COMMANDS) >$@
src/transport/transport.$(OBJEXT): src/transport_list.h
src/command/command.$(OBJEXT): src/command_list.h
BUILT_SOURCES += src/transport_list.h src/command_list.h
CLEANFILES += src/transport_list.h src/command_list.h

noinst_LIBRARIES += src/libfifod.a
src_libfifod_a_SOURCES = \
	src/base/buf.c src/base/buf.h src/base/chunk.c src/base/chunk.h \
	src/base/log.c src/base/log.h src/base/loop.c src/base/loop.h \
	src/base/number.c src/base/number.h src/base/option.c \
	src/base/option.h src/base/option_type.c src/base/option_type.h \
	src/base/url.c src/base/url.h src/base/why.c src/base/why.h \
	src/base/words.c src/base/words.h src/base/xalloc.c src/base/xalloc.h \
	src/keeper/direct.c src/keeper/keeper.h src/keeper/ready.c \
	src/keeper/ready.h src/keeper/resolve.c src/keeper/rundir.c \
	src/transport/link.c src/transport/link.h src/transport/sock.c \
	src/transport/sock.h src/transport/tls.h src/transport/tls_bio.c \
	src/transport/tls_context.c src/transport/tls_files.c \
	src/transport/tls_internal.h src/transport/tls_ocsp.c \
	src/transport/tls_options.c src/transport/tls_stream.c \
	src/transport/tls_verdict.c src/transport/tls_verify.c \
	src/transport/tls_words.c src/transport/transport.c \
	src/transport/transport.h src/channel/channel.c src/channel/channel.h \
	src/channel/delivery.c src/channel/delivery.h src/channel/directory.c \
	src/channel/directory.h src/channel/fifo.c src/channel/fifo.h \
	src/channel/notice.h src/session/ctl.c src/session/ctl.h \
	src/session/dial.c src/session/dial.h src/session/flow.c \
	src/session/flow.h src/session/names.c src/session/names.h \
	src/session/option_table.c src/session/pump.c src/session/pump.h \
	src/session/retry.c src/session/retry.h src/session/session.c \
	src/session/session.h src/session/state.c src/session/state.h \
	src/session/status.c src/session/status.h src/command/attempt.c \
	src/command/attempt.h src/command/broker.c src/command/broker.h \
	src/command/call.c src/command/call.h src/command/client.c \
	src/command/client.h src/command/command.c src/command/command.h \
	src/command/conf.c src/command/conf.h src/command/conf_file.c \
	src/command/conf_file.h src/command/control.c src/command/control.h \
	src/command/facts.c src/command/facts.h src/command/frame.c \
	src/command/frame.h src/command/help.h src/command/plan.c \
	src/command/plan.h src/command/start.c src/command/start.h \
	$(TRANSPORTS) $(COMMANDS)

# What a kernel does better than POSIX is a file beside the portable one.
if PORTABLE
src_libfifod_a_SOURCES += src/channel/fifo_generic.c \
	src/channel/notice_generic.c
else
src_libfifod_a_SOURCES += src/channel/fifo_linux.c src/channel/notice_linux.c
endif
EXTRA_DIST += src/channel/fifo_generic.c src/channel/notice_generic.c \
	src/channel/fifo_linux.c src/channel/notice_linux.c

FIFOD_LIBS = src/libfifod.a $(LIBBSD_LIBS) $(LIBEVENT_LIBS) $(OPENSSL_LIBS)

sbin_PROGRAMS += fifod
fifod_SOURCES = src/main/fifod.c
fifod_LDADD = $(FIFOD_LIBS)

bin_PROGRAMS += fifoctl
fifoctl_SOURCES = src/main/fifoctl.c
fifoctl_LDADD = $(FIFOD_LIBS)

# Prints the tables for the manual and the completions; not installed.
noinst_PROGRAMS += src/main/tables
src_main_tables_SOURCES = src/main/tables.c src/main/tables.h \
	src/main/tables_mdoc.c src/main/tables_shell.c
src_main_tables_LDADD = $(FIFOD_LIBS)
