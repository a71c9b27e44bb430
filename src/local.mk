# The lists: each is source list and table in one.  To add a member, write its
# file and add its name here.
TRANSPORTS = src/transport/tcp.c src/transport/tls.c src/transport/unix.c \
	src/transport/unix_dgram.c src/transport/unix_seqpacket.c \
	src/transport/udp.c src/transport/vsock.c src/transport/exec.c \
	src/transport/pty.c src/transport/tty.c src/transport/tcp_listen.c \
	src/transport/tls_listen.c src/transport/unix_listen.c \
	src/transport/udp_listen.c src/transport/vsock_listen.c
FRAMINGS = src/framing/stream.c src/framing/line.c src/framing/nul.c \
	src/framing/delim.c src/framing/fixed.c src/framing/netstring.c \
	src/framing/length.c src/framing/json.c src/framing/idle.c \
	src/framing/prompt.c src/framing/smtp.c src/framing/pop3.c \
	src/framing/resp.c src/framing/http.c src/framing/datagram.c
COMMANDS = src/command/open.c src/command/close.c src/command/list.c \
	src/command/status.c src/command/path.c src/command/log.c \
	src/command/set.c src/command/reconnect.c src/command/wait.c \
	src/command/watch.c src/command/tap.c src/command/sync.c \
	src/command/probe.c src/command/reload.c src/command/stop.c \
	src/command/request.c src/command/channel.c src/command/attach.c \
	src/command/metrics.c src/command/help.c src/command/version.c

# NAME of each src/FLOOR/NAME.c, as WORD(NAME) in a header.
TABLE = $(AM_V_GEN)$(MKDIR_P) src && table() { \
		word=$$1; shift; \
		for file; do echo "$$word($$(basename $$file .c))"; done; \
	} && table

src/transport_list.h: $(top_srcdir)/src/local.mk
	$(TABLE) TRANSPORT $(TRANSPORTS) >$@
src/framing_list.h: $(top_srcdir)/src/local.mk
	$(TABLE) FRAMING $(FRAMINGS) >$@
src/command_list.h: $(top_srcdir)/src/local.mk
	$(TABLE) COMMAND $(COMMANDS) >$@
src/transport/transport.$(OBJEXT): src/transport_list.h
src/framing/framing.$(OBJEXT): src/framing_list.h
src/command/command.$(OBJEXT): src/command_list.h
BUILT_SOURCES += src/transport_list.h src/framing_list.h src/command_list.h
CLEANFILES += src/transport_list.h src/framing_list.h src/command_list.h

noinst_LIBRARIES += src/libfifod.a
src_libfifod_a_SOURCES = \
	src/base/buf.c src/base/buf.h src/base/chunk.c src/base/chunk.h \
	src/base/ledger.c src/base/ledger.h \
	src/base/log.c src/base/log.h src/base/loop.c src/base/loop.h \
	src/base/metric.c src/base/metric.h src/base/usage.h \
	src/base/number.c src/base/number.h src/base/option.c \
	src/base/option.h src/base/option_type.c src/base/option_type.h \
	src/base/seldom.c src/base/seldom.h src/base/sync.c src/base/sync.h \
	src/base/transcript.c src/base/transcript.h src/base/url.c \
	src/base/url.h src/base/why.c src/base/why.h src/base/words.c \
	src/base/words.h src/base/xalloc.c src/base/xalloc.h \
	src/keeper/held_file.c src/keeper/held_file.h src/keeper/store.c \
	src/keeper/store.h src/keeper/try.c src/keeper/accept.c \
	src/keeper/anchor.h src/keeper/answer.c src/keeper/answer.h \
	src/keeper/answer_files.c src/keeper/answer_things.c \
	src/keeper/ask.c src/keeper/ask.h src/keeper/ask_child.c \
	src/keeper/ask_files.c src/keeper/ask_socket.c \
	src/keeper/children.c src/keeper/direct.c src/keeper/direct.h \
	src/keeper/failed.c src/keeper/failed.h src/keeper/hearing.c \
	src/keeper/hearing.h src/keeper/held.c src/keeper/held.h \
	src/keeper/hold.c src/keeper/hold.h src/keeper/holder.h \
	src/keeper/home.c src/keeper/homes.c src/keeper/keep.c \
	src/keeper/keep.h src/keeper/keeper.h src/keeper/lookup.c \
	src/keeper/lookup.h src/keeper/memory.c src/keeper/memory.h \
	src/keeper/message.c src/keeper/message.h src/keeper/name.c \
	src/keeper/netns.h \
	src/keeper/ready.c src/keeper/ready.h src/keeper/recall.c \
	src/keeper/request.c src/keeper/request.h \
	src/keeper/resolve.c src/keeper/rotate.c \
	src/keeper/rundir.c src/keeper/sandbox.c src/keeper/sandbox.h \
	src/keeper/sandbox_internal.h src/keeper/socket.c src/keeper/spawn.c \
	src/keeper/spawn.h src/keeper/terminal.c src/keeper/terminal.h \
	src/keeper/user.c src/keeper/user.h \
	src/keeper/verdict.c src/transport/child.c \
	src/transport/child.h src/transport/child_options.c \
	src/transport/dgram.c src/transport/dgram.h src/transport/hub.c \
	src/transport/hub.h src/transport/link.c src/transport/link.h \
	src/transport/link_driver.c src/transport/link_internal.h \
	src/transport/link_options.c \
	src/transport/listener.c src/transport/listener.h \
	src/transport/login.c src/transport/login.h src/transport/prelude.c \
	src/transport/prelude.h src/transport/prelude_database.c \
	src/transport/prelude_header.c src/transport/prelude_http.c \
	src/transport/prelude_ldap.c src/transport/prelude_lines.c \
	src/transport/prelude_socks.c src/transport/prelude_starttls.c \
	src/transport/prelude_xmpp.c src/transport/sock.c \
	src/transport/sock.h src/transport/tls.h src/transport/tls_bio.c \
	src/transport/tls_ciphers.c src/transport/tls_context.c \
	src/transport/tls_facts.c src/transport/tls_files.c \
	src/transport/tls_internal.h src/transport/tls_ocsp.c \
	src/transport/tls_options.c src/transport/tls_stream.c \
	src/transport/tls_verdict.c src/transport/tls_verify.c \
	src/transport/tls_words.c src/transport/transport.c \
	src/transport/transport.h src/transport/trace.c \
	src/transport/trace.h src/transport/unix_dial.c \
	src/transport/unix_dial.h src/transport/via.c src/transport/via.h \
	src/transport/vsock.h src/transport/way.c src/transport/way.h \
	src/transport/way_options.c src/channel/channel.c \
	src/channel/channel.h src/channel/channel_fifo.c \
	src/channel/channel_socket.c src/channel/channel_stdio.c \
	src/channel/delivery.c src/channel/delivery.h \
	src/channel/directory.c src/channel/directory.h src/channel/fifo.c \
	src/channel/fifo.h src/channel/notice.h src/channel/owner.h \
	src/channel/pair.c src/channel/pair.h src/channel/slot.c \
	src/channel/slots.c src/channel/slots.h src/channel/slots_heir.c \
	src/channel/slots_internal.h src/channel/slots_told.c \
	src/channel/slots_turn.c src/channel/slots_untold.c \
	src/channel/slots_write.c src/channel/stage.c src/channel/stage.h \
	src/framing/argument.c src/framing/argument.h \
	src/framing/dot.c src/framing/dot.h src/framing/expression.c \
	src/framing/expression.h src/framing/framing.c \
	src/framing/framing.h src/framing/http_chunk.c \
	src/framing/http_fields.c src/framing/http_internal.h \
	src/framing/http_line.c src/framing/http_start.c src/framing/until.c \
	src/framing/until.h src/session/access.c src/session/access.h \
	src/session/ctl.c src/session/ctl.h src/session/dial.c \
	src/session/dial.h src/session/dialogue.c src/session/door.c \
	src/session/door.h src/session/door_address.c \
	src/session/door_address.h src/session/door_internal.h \
	src/session/door_open.c src/session/door_options.c \
	src/session/door_tls.c src/session/exchange.c src/session/exchange.h \
	src/session/fan.c src/session/fan.h src/session/flow.c \
	src/session/heir.c src/session/heir.h \
	src/session/flow.h src/session/imply.c src/session/intake.c \
	src/session/join.c src/session/join.h src/session/late.c \
	src/session/listen.c src/session/listen.h src/session/log.c \
	src/session/measures.c \
	src/session/mirror.c \
	src/session/mirror.h src/session/names.c src/session/names.h \
	src/session/option_table.c src/session/peers.c src/session/peers.h \
	src/session/pool.c src/session/post.c src/session/private.c \
	src/session/private.h src/session/private_ch.c \
	src/session/private_directory.c src/session/private_internal.h \
	src/session/private_open.c src/session/pump.c src/session/pump.h \
	src/session/record.c src/session/record.h \
	src/session/record_options.c src/session/relay.c src/session/relay.h \
	src/session/relay_dial.c \
	src/session/relay_internal.h src/session/relay_pipe.c \
	src/session/relay_pipe.h src/session/relay_pump.c \
	src/session/reply.c src/session/retry.c src/session/retry.h \
	src/session/session.c src/session/session.h \
	src/session/session_close.c src/session/session_internal.h \
	src/session/session_open.c src/session/sock.c \
	src/session/sock.h src/session/state.c src/session/state.h \
	src/session/status.c src/session/status.h \
	src/session/status_rows.c src/session/wire.c \
	src/session/wire_end.c src/session/wire_send.c \
	src/session/written.c src/session/written.h src/command/attempt.c \
	src/command/attempt.h src/command/broker.c src/command/broker.h \
	src/command/call.c src/command/call.h src/command/client.c \
	src/command/client.h src/command/command.c src/command/command.h \
	src/command/conf.c src/command/conf.h src/command/conf_file.c \
	src/command/conf_file.h src/command/control.c src/command/control.h \
	src/command/facts.c src/command/facts.h src/command/metrics.h \
	src/command/metrics_rows.c src/command/frame.c \
	src/command/frame.h src/command/handover.c src/command/handover.h \
	src/command/help.h src/command/limit.c src/command/limit.h \
	src/command/limit_rows.c src/command/will.c src/command/will.h \
	src/command/plan.c \
	src/command/plan.h src/command/probe.h src/command/probe_report.c \
	src/command/probe_report.h src/command/probing.c \
	src/command/service.c src/command/service.h src/command/start.c \
	src/command/start.h $(TRANSPORTS) $(FRAMINGS) $(COMMANDS)

# What a kernel does better than POSIX is a file beside the portable one.
if PORTABLE
src_libfifod_a_SOURCES += src/base/usage_generic.c src/channel/fifo_generic.c \
	src/channel/notice_generic.c src/channel/owner_generic.c \
	src/keeper/holder_generic.c \
	src/keeper/memory_generic.c \
	src/keeper/netns_generic.c \
	src/transport/dgram_generic.c src/transport/unix_generic.c \
	src/transport/vsock_generic.c
else
src_libfifod_a_SOURCES += src/base/usage_linux.c src/channel/fifo_linux.c \
	src/channel/notice_linux.c src/channel/owner_linux.c \
	src/keeper/holder_linux.c \
	src/keeper/memory_linux.c \
	src/keeper/netns_linux.c \
	src/transport/dgram_linux.c src/transport/unix_linux.c \
	src/transport/vsock_linux.c
endif
EXTRA_DIST += src/base/usage_generic.c src/base/usage_linux.c \
	src/channel/fifo_generic.c src/channel/notice_generic.c \
	src/channel/owner_generic.c src/channel/fifo_linux.c \
	src/channel/notice_linux.c src/channel/owner_linux.c \
	src/keeper/holder_generic.c \
	src/keeper/memory_generic.c src/keeper/netns_generic.c \
	src/keeper/holder_linux.c \
	src/keeper/memory_linux.c \
	src/keeper/netns_linux.c \
	src/transport/dgram_generic.c src/transport/unix_generic.c \
	src/transport/vsock_generic.c src/transport/dgram_linux.c \
	src/transport/unix_linux.c src/transport/vsock_linux.c

# What outlives an engine.
if ANCHOR
src_libfifod_a_SOURCES += src/keeper/anchor_linux.c
else
src_libfifod_a_SOURCES += src/keeper/anchor_generic.c
endif
EXTRA_DIST += src/keeper/anchor_generic.c src/keeper/anchor_linux.c

# How the engine is confined: a file a mechanism, or the one that has none.
if SANDBOX
src_libfifod_a_SOURCES += src/keeper/sandbox_landlock.c \
	src/keeper/sandbox_linux.c src/keeper/sandbox_rights.c \
	src/keeper/sandbox_seccomp.c
if INSTRUMENTED
src_libfifod_a_SOURCES += src/keeper/sandbox_instrumented.c
else
src_libfifod_a_SOURCES += src/keeper/sandbox_strict.c
endif
else
src_libfifod_a_SOURCES += src/keeper/sandbox_none.c
endif
EXTRA_DIST += src/keeper/sandbox_instrumented.c \
	src/keeper/sandbox_landlock.c src/keeper/sandbox_linux.c \
	src/keeper/sandbox_none.c src/keeper/sandbox_rights.c \
	src/keeper/sandbox_seccomp.c src/keeper/sandbox_strict.c

FIFOD_LIBS = src/libfifod.a $(LIBBSD_LIBS) $(LIBEVENT_LIBS) $(OPENSSL_LIBS) \
	$(SECCOMP_LIBS)

sbin_PROGRAMS += fifod
fifod_SOURCES = src/main/fifod.c src/main/fifod.h src/main/engine.c
fifod_LDADD = $(FIFOD_LIBS)

bin_PROGRAMS += fifoctl
# Without OpenSSL: tls_none.c is there before the library's tls.c is looked for.
fifoctl_SOURCES = src/main/fifoctl.c src/transport/tls_none.c \
	src/command/talk.c src/command/talk.h \
	src/command/talk_edit.c src/command/talk_history.c \
	src/command/talk_internal.h src/command/talk_screen.c \
	src/command/talk_spell.c src/command/talk_tty.c
fifoctl_LDADD = src/libfifod.a $(LIBBSD_LIBS) $(LIBEVENT_LIBS) \
	$(LIBEDIT_LIBS)

# Prints the tables for the manual and the completions; not installed.
noinst_PROGRAMS += src/main/tables
src_main_tables_SOURCES = src/main/tables.c src/main/tables.h \
	src/main/tables_mdoc.c src/main/tables_shell.c
src_main_tables_LDADD = $(FIFOD_LIBS)
