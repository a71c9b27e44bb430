#include "base/metric.h"
#include "transport/trace.h"
#include "tap.h"

static const char *
word(int i)
{
	static const char *const words[] = { "up", "down", NULL };

	return words[i];
}

/* A family with one session's samples of `text', as one string. */
static const char *
family(const struct metric *m, const char *session, const char *text,
    bool older)
{
	static char out[2048];
	const struct metric_family f = { m, "x_", "It is \"so\".", older };
	char copy[256];
	struct buf b;

	buf_init(&b, 0);
	snprintf(copy, sizeof(copy), "%s", text);
	metric_head(&b, &f);
	metric_samples(&b, &f, session, copy);
	snprintf(out, sizeof(out), "%.*s", (int)buf_length(&b),
	    (const char *)buf_peek(&b));
	buf_clear(&b);
	return out;
}

static void
test_types(void)
{
	const struct metric gauge = { METRIC_GAUGE, "g", NULL, NULL, NULL };
	const struct metric counter = { METRIC_COUNTER, "in_bytes", "bytes",
		NULL, NULL };
	const struct metric lines = { METRIC_COUNTER, "c", NULL, "how", NULL };
	const struct metric set = { METRIC_STATESET, "s", NULL, NULL, word };
	const struct metric info = { METRIC_INFO, "i", NULL, NULL, NULL };

	is(family(&gauge, NULL, "1.5", false),
	    "# TYPE x_g gauge\n# HELP x_g It is \\\"so\\\".\nx_g 1.5\n",
	    "a gauge without a session");
	is(family(&gauge, "a", "", false),
	    "# TYPE x_g gauge\n# HELP x_g It is \\\"so\\\".\n",
	    "no text is no sample");
	is(family(&counter, "a", "7", false),
	    "# TYPE x_in_bytes counter\n# UNIT x_in_bytes bytes\n"
	    "# HELP x_in_bytes It is \\\"so\\\".\n"
	    "x_in_bytes_total{session=\"a\"} 7\n", "a counter with its unit");
	is(family(&counter, "a", "7", true),
	    "# TYPE x_in_bytes_total counter\n"
	    "# HELP x_in_bytes_total It is \\\"so\\\".\n"
	    "x_in_bytes_total{session=\"a\"} 7\n", "the same, older");
	is(family(&lines, "a", "well 3\nbadly 0", false),
	    "# TYPE x_c counter\n# HELP x_c It is \\\"so\\\".\n"
	    "x_c_total{session=\"a\",how=\"well\"} 3\n"
	    "x_c_total{session=\"a\",how=\"badly\"} 0\n",
	    "a sample for each line");
	is(family(&set, "a", "down", false),
	    "# TYPE x_s stateset\n# HELP x_s It is \\\"so\\\".\n"
	    "x_s{session=\"a\",x_s=\"up\"} 0\n"
	    "x_s{session=\"a\",x_s=\"down\"} 1\n", "a set of states");
	is(family(&info, NULL, "one 1 and more\ntwo \n", false),
	    "# TYPE x_i info\n# HELP x_i It is \\\"so\\\".\n"
	    "x_i_info{one=\"1 and more\",two=\"\"} 1\n", "an info");
}

static void
test_escapes(void)
{
	const struct metric info = { METRIC_INFO, "i", NULL, NULL, NULL };

	is(strrchr(family(&info, NULL, "k a\"b\\c\033\377", false), 'x'),
	    "x_i_info{k=\"a\\\"b\\\\\\\\c\\\\^[\\\\M^?\"} 1\n",
	    "what vis(3) leaves is escaped");
}

static void
test_trace(void)
{
	struct trace t = { .us = { [TRACE_RESOLVE] = 1040,
	    [TRACE_CONNECT] = 49, [TRACE_HANDSHAKE] = 10250 } };
	char text[128];
	int64_t all;

	is(trace_text(&t, text, sizeof(text)),
	    "11.3 ms: resolve 1.0, handshake 10.2",
	    "steps that took no time are left out");
	t = (struct trace){ .step = TRACE_NSTEPS };
	is(trace_text(&t, text, sizeof(text)), "0.0 ms",
	    "none may have taken any");
	trace_begin(&t, TRACE_CONNECT);
	trace_enter(&t, TRACE_HANDSHAKE);
	trace_enter(&t, TRACE_CONNECT);
	is_int(t.step, TRACE_HANDSHAKE, "a step that is over stays so");
	is_int(t.us[TRACE_RESOLVE], 0, "what was not begun took no time");
	all = trace_end(&t);
	is_int(all, t.us[TRACE_CONNECT] + t.us[TRACE_HANDSHAKE],
	    "the whole is its steps");
	trace_enter(NULL, TRACE_CONNECT);
}

int
main(void)
{
	test_types();
	test_escapes();
	test_trace();
	return tap_done();
}
