#include <stdlib.h>

#include "base/why.h"
#include "tap.h"

static void
test_fail(void)
{
	struct why why = { FAULT_NONE, "" };
	char lots[1000];

	is_int(why_fail(&why, FAULT_TLS, "%s at %d", "no", 7), -1,
	    "failing returns -1");
	is_int(why.fault, FAULT_TLS, "and records the fault");
	is(why.text, "no at 7", "and the sentence");
	why_fail(&why, FAULT_USAGE, "second");
	is(why.text, "second", "a later reason replaces it");
	is_int(why.fault, FAULT_USAGE, "fault and all");

	memset(lots, 'x', sizeof(lots) - 1);
	lots[sizeof(lots) - 1] = '\0';
	why_fail(&why, FAULT_USAGE, "%s", lots);
	is_int(strlen(why.text), sizeof(why.text) - 1,
	    "a long sentence is cut");
	is_int(why_fail(NULL, FAULT_USAGE, "%s", "x"), -1,
	    "without a why it still returns -1");
	why_clear(&why);
	is_int(why.fault, FAULT_NONE, "a cleared reason is no fault");
	is(why.text, "", "and no sentence");
}

static void
test_prefix(void)
{
	struct why why = { FAULT_NONE, "" };
	char lots[1000];

	why_fail(&why, FAULT_CONNECT, "refused");
	is_int(why_prefix(&why, "%s:%d", "host", 80), -1, "prefix returns -1");
	is(why.text, "host:80: refused", "and stands before the sentence");
	is_int(why.fault, FAULT_CONNECT, "the fault stays");
	is_int(why_prefix(NULL, "x"), -1, "without a why: -1");

	memset(lots, 'y', sizeof(lots) - 1);
	lots[sizeof(lots) - 1] = '\0';
	why_prefix(&why, "%.200s", lots);
	is(why.text + 198, "yy: host:80: refused", "a long prefix fits whole");
	why_prefix(&why, "%s", lots);
	is_int(strlen(why.text), sizeof(why.text) - 1, "or is cut itself");
	is_int(strspn(why.text, "y"), sizeof(why.text) - 1,
	    "to nothing but its own text");
	why_fail(&why, FAULT_CONNECT, "%s", lots);
	why_prefix(&why, "web");
	ok(strncmp(why.text, "web: yyy", 8) == 0,
	    "a sentence that is full makes room for its prefix");
}

static void
test_rows(void)
{
	static const int faults[] = {
		FAULT_NONE, FAULT_REFUSED, FAULT_USAGE, FAULT_NO_BROKER,
		FAULT_NO_SESSION, FAULT_RESOLVE, FAULT_CONNECT, FAULT_TIMEOUT,
		FAULT_TLS, FAULT_RECEIVE, FAULT_CERTIFICATE, FAULT_CANCELLED,
	};
	char name[64];
	size_t i, j, found;

	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		found = 0;
		for (j = 0; j < fault_nrows; j++)
			found += fault_rows[j].fault == faults[i];
		snprintf(name, sizeof(name), "exit status %d is explained once",
		    faults[i]);
		is_int(found, 1, name);
	}
	for (j = 1; j < fault_nrows; j++)
		if (fault_rows[j].fault <= fault_rows[j - 1].fault)
			break;
	is_int(j, fault_nrows, "exit statuses are listed in order");
	for (j = 0; j < fault_nrows; j++)
		if (fault_rows[j].text == NULL ||
		    strchr(fault_rows[j].text, '\0')[-1] != '.')
			break;
	is_int(j, fault_nrows, "each in a sentence");
}

int
main(void)
{
	test_fail();
	test_prefix();
	test_rows();
	return tap_done();
}
