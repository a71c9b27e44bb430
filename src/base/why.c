#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/why.h"

const struct fault_row fault_rows[] = {
	{ FAULT_NONE, "Done." },
	{ FAULT_REFUSED, "Refused: the request is understood and will not be "
	    "done; the message says why." },
	{ FAULT_USAGE, "Usage: an unknown command, option or endpoint, or a "
	    "malformed value." },
	{ FAULT_NO_BROKER, "No broker is running in this run directory." },
	{ FAULT_NO_SESSION, "No session of this name." },
	{ FAULT_RESOLVE, "The peer's name could not be resolved." },
	{ FAULT_CONNECT, "The peer could not be connected to." },
	{ FAULT_PARTIAL, "The reply was cut short; what came of it is on "
	    "standard output." },
	{ FAULT_UNCERTAIN, "Uncertain: the request was sent, and no reply "
	    "came; do not repeat it blindly." },
	{ FAULT_REPLY, "The reply says that it did not work: HTTP's 400 and "
	    "above, with -f." },
	{ FAULT_TIMEOUT, "A time limit ran out." },
	{ FAULT_TLS, "The TLS handshake failed." },
	{ FAULT_EMPTY, "The peer closed the connection without a reply." },
	{ FAULT_UNSENT, "The request was not sent; it is safe to repeat it." },
	{ FAULT_RECEIVE, "The connection broke while receiving." },
	{ FAULT_CERTIFICATE, "The peer's certificate was not accepted." },
	{ FAULT_CANCELLED, "Cancelled by an interrupt (^C); what was already "
	    "done stays done." },
};
const size_t fault_nrows = sizeof(fault_rows) / sizeof(fault_rows[0]);

int
why_fail(struct why *why, enum fault fault, const char *fmt, ...)
{
	va_list ap;

	if (why == NULL)
		return -1;
	why->fault = fault;
	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	return -1;
}

int
why_prefix(struct why *why, const char *fmt, ...)
{
	char before[sizeof(why->text)], after[sizeof(why->text)];
	va_list ap;

	if (why == NULL)
		return -1;
	va_start(ap, fmt);
	vsnprintf(before, sizeof(before), fmt, ap);
	va_end(ap);
	strlcpy(after, why->text, sizeof(after));
	if (strlcpy(why->text, before, sizeof(why->text)) <
	    sizeof(why->text) &&
	    strlcat(why->text, ": ", sizeof(why->text)) < sizeof(why->text))
		strlcat(why->text, after, sizeof(why->text));
	return -1;
}

void
why_clear(struct why *why)
{
	why->fault = FAULT_NONE;
	why->text[0] = '\0';
}
