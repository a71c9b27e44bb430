# Manual pages, completions, the example configuration.  The tables in the
# pages are the programs' own: src/main/tables prints them.  Whoever builds for
# another machine gives one that runs on this: make TABLES=/where/it/is.
TABLES = ./src/main/tables$(EXEEXT)

man_MANS = share/man/fifoctl.1 share/man/fifod.conf.5 \
	share/man/fifod-framing.7 share/man/fifod-security.7 \
	share/man/fifod-session.7 share/man/fifod.8
man_templates = share/man/fifoctl.1.in share/man/fifod.conf.5.in \
	share/man/fifod-framing.7.in share/man/fifod-security.7.in \
	share/man/fifod-session.7.in share/man/fifod.8.in

MAN_FILL = $(AM_V_GEN)$(MKDIR_P) share/man && \
	$(AWK) -v tables='$(TABLES)' -v sysconfdir='$(sysconfdir)' \
	-f $(srcdir)/share/man/fill.awk
man_needs = src/main/tables$(EXEEXT) $(srcdir)/share/man/fill.awk

share/man/fifoctl.1: share/man/fifoctl.1.in $(man_needs)
	$(MAN_FILL) $(srcdir)/share/man/fifoctl.1.in >$@.new && mv $@.new $@
share/man/fifod.conf.5: share/man/fifod.conf.5.in $(man_needs)
	$(MAN_FILL) $(srcdir)/share/man/fifod.conf.5.in >$@.new && mv $@.new $@
share/man/fifod-framing.7: share/man/fifod-framing.7.in $(man_needs)
	$(MAN_FILL) $(srcdir)/share/man/fifod-framing.7.in >$@.new && \
		mv $@.new $@
share/man/fifod-session.7: share/man/fifod-session.7.in $(man_needs)
	$(MAN_FILL) $(srcdir)/share/man/fifod-session.7.in >$@.new && \
		mv $@.new $@
share/man/fifod-security.7: share/man/fifod-security.7.in $(man_needs)
	$(MAN_FILL) $(srcdir)/share/man/fifod-security.7.in >$@.new && \
		mv $@.new $@
share/man/fifod.8: share/man/fifod.8.in $(man_needs)
	$(MAN_FILL) $(srcdir)/share/man/fifod.8.in >$@.new && mv $@.new $@

# The conventional places; a file's name there need not be its name here.
bashcompdir = $(datadir)/bash-completion/completions
zshcompdir = $(datadir)/zsh/site-functions
fishcompdir = $(datadir)/fish/vendor_completions.d
zshcomp_DATA = share/completions/_fifoctl
fishcomp_DATA = share/completions/fifoctl.fish
noinst_DATA = share/completions/fifoctl.bash

COMPLETION = $(AM_V_GEN)$(MKDIR_P) share/completions && $(TABLES)

share/completions/fifoctl.bash: src/main/tables$(EXEEXT)
	$(COMPLETION) bash >$@.new && mv $@.new $@
share/completions/_fifoctl: src/main/tables$(EXEEXT)
	$(COMPLETION) zsh >$@.new && mv $@.new $@
share/completions/fifoctl.fish: src/main/tables$(EXEEXT)
	$(COMPLETION) fish >$@.new && mv $@.new $@

install-data-local: share/completions/fifoctl.bash
	$(MKDIR_P) '$(DESTDIR)$(bashcompdir)'
	$(INSTALL_DATA) share/completions/fifoctl.bash \
		'$(DESTDIR)$(bashcompdir)/fifoctl'

uninstall-local:
	rm -f '$(DESTDIR)$(bashcompdir)/fifoctl'

# Units of systemd: made everywhere, installed where configure knows where to.
systemd_system_units = share/systemd/fifod.service \
	share/systemd/fifod@.service
systemd_user_units = share/systemd/user/fifod.service
systemd_templates = share/systemd/fifod.service.in \
	share/systemd/fifod@.service.in share/systemd/user/fifod.service.in
noinst_DATA += $(systemd_system_units) $(systemd_user_units)
if SYSTEM_UNITS
systemdsystemunit_DATA = $(systemd_system_units)
endif
if USER_UNITS
systemduserunit_DATA = $(systemd_user_units)
endif

UNIT_FILL = $(AM_V_GEN)$(MKDIR_P) share/systemd/user && \
	$(SED) -e 's|@sbindir[@]|$(sbindir)|' -e 's|@bindir[@]|$(bindir)|' \
	-e 's|@sysconfdir[@]|$(sysconfdir)|'

share/systemd/fifod.service: share/systemd/fifod.service.in
	$(UNIT_FILL) $(srcdir)/share/systemd/fifod.service.in >$@.new && \
		mv $@.new $@
share/systemd/fifod@.service: share/systemd/fifod@.service.in
	$(UNIT_FILL) $(srcdir)/share/systemd/fifod@.service.in >$@.new && \
		mv $@.new $@
share/systemd/user/fifod.service: share/systemd/user/fifod.service.in
	$(UNIT_FILL) $(srcdir)/share/systemd/user/fifod.service.in >$@.new && \
		mv $@.new $@

dist_doc_DATA = README NEWS share/fifod.conf.example share/doc/SECURITY \
	share/doc/cookbook

EXTRA_DIST += $(man_templates) share/man/fill.awk $(systemd_templates) \
	src/README contrib/check contrib/debian contrib/deps.sh contrib/fuzz \
	contrib/install-deps contrib/package contrib/quickstart contrib/tree.sh
CLEANFILES += $(man_MANS) $(zshcomp_DATA) $(fishcomp_DATA) $(noinst_DATA)

# What mandoc(1) has to say about the pages, which should be nothing; that ours
# refer to each other before they are installed does not count.
check-man: $(man_MANS)
	@! $(MANDOC) -T lint -W style $(man_MANS) 2>&1 | \
		grep -v -e 'referenced manual not found' -e 'mandoc.db lacks'

.PHONY: check-man
