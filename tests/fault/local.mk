# A fault at every call: tests/faults, see README here.  What the shim needs
# only some systems have; where it cannot be made its tests are skipped.
check_PROGRAMS += tests/fault/arm
tests_fault_arm_SOURCES = tests/fault/arm.c tests/fault/fault.h

check_DATA += tests/fault/shim.so
tests/fault/shim.so: $(top_srcdir)/tests/fault/shim.c \
		$(top_srcdir)/tests/fault/fault.h
	$(AM_V_CCLD)$(MKDIR_P) tests/fault && { $(CC) -std=gnu11 -O2 -g \
		-Wall -Wextra -fPIC -shared -o $@ \
		$(top_srcdir)/tests/fault/shim.c || echo "no tests/faults"; }

EXTRA_DIST += tests/faults tests/fault/README tests/fault/scenarios.bash \
	tests/fault/shim.c
CLEANFILES += tests/fault/shim.so

# make faults [FAULTS='tcp memory:ENOMEM']: all of it takes half an hour.
faults: all $(check_PROGRAMS) $(check_DATA)
	$(top_srcdir)/tests/faults -b $(abs_top_builddir) $(FAULTS)

.PHONY: faults
