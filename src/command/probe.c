#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "command/client.h"
#include "command/probe.h"
#include "command/start.h"
#include "transport/transport.h"

#define PROBE_TIMEOUT_MS 5000

enum { PROBE_OPTION = 'o', PROBE_TIMEOUT = 't', PROBE_JSON = 256 };

/* --- the words --- */

/* "20-25" or "80", up to a comma; the length, or 0: it is neither. */
static size_t
probe_range(const char *text, int *first, int *last)
{
	char *end;
	long n;

	n = strtol(text, &end, 10);
	if (end == text || text[0] < '0' || text[0] > '9' || n > 65535)
		return 0;
	*first = *last = (int)n;
	if (*end == '-') {
		text = end + 1;
		n = strtol(text, &end, 10);
		if (end == text || text[0] < '0' || text[0] > '9' ||
		    n > 65535 || n < *first)
			return 0;
		*last = (int)n;
	}
	return *end == ',' || *end == '\0' ? strlen(text) - strlen(end) + 1 :
	    0;
}

static int
probe_ranges(struct probe_target *t, const char *ports, struct why *why)
{
	const char *p = ports;

	for (;;) {
		if (t->nranges == PROBE_RANGES)
			return why_fail(why, FAULT_USAGE, "more than %d ranges "
			    "of ports", PROBE_RANGES);
		if (probe_range(p, &t->ranges[t->nranges].first,
		    &t->ranges[t->nranges].last) == 0)
			return why_fail(why, FAULT_USAGE, "\"%.40s\" is no "
			    "list of ports: as 22,80 or 20-25", ports);
		t->nranges++;
		p = strchr(p, ',');
		if (p == NULL)
			return 0;
		p++;
	}
}

/*
 * Where the ports of scheme://HOST:PORTS stand, and how long that is; NULL:
 * there is none, or not more than one.
 */
static const char *
probe_ports(const char *text, size_t *length)
{
	const char *p = strstr(text, "://");

	if (p == NULL)
		return NULL;
	p += 3;
	if (*p == '[')
		p += strcspn(p, "]");
	p += strcspn(p, ":/");
	if (*p != ':')
		return NULL;
	*length = strcspn(++p, "/");
	if (strspn(p, "0123456789,-") != *length ||
	    strcspn(p, ",-") >= *length)
		return NULL;
	return p;
}

/* The URL has the first port alone. */
static int
probe_url(struct probe_target *t, const char *text, struct why *why)
{
	size_t length;
	const char *ports = probe_ports(text, &length);
	char *one, *list;
	int parsed;

	if (ports == NULL)
		return url_parse(&t->url, text, why);
	list = xasprintf("%.*s", (int)length, ports);
	parsed = probe_ranges(t, list, why);
	free(list);
	if (parsed == -1)
		return -1;
	one = xasprintf("%.*s%d%s", (int)(ports - text), text,
	    t->ranges[0].first, ports + length);
	parsed = url_parse(&t->url, one, why);
	free(one);
	return parsed;
}

/* What can be probed without doing anything to it but connecting. */
static int
probe_transport(struct probe_target *t, struct why *why)
{
	static const char *const harmless[] = { "tcp", "tls", "unix",
		"vsock" };
	size_t i;

	t->transport = session_transport(t->url.scheme, why);
	if (t->transport == NULL ||
	    transport_check(t->transport, &t->url, why) == -1)
		return -1;
	for (i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if (strcmp(harmless[i], t->transport->name) == 0)
			return 0;
	return why_fail(why, FAULT_USAGE, "%s: only what is connected to can "
	    "be probed: tcp, tls, unix, vsock, http and https",
	    t->transport->name);
}

static int
probe_options(struct probe_target *t, const struct command_args *args,
    const char *cwd, struct why *why)
{
	size_t i;

	option_init(option_groups, &t->options);
	for (i = 0; i < args->ngiven; i++)
		if (args->given[i].option->code == PROBE_OPTION &&
		    option_assign(option_groups, &t->options,
		    args->given[i].value, cwd, why) == -1)
			return -1;
	return 0;
}

int
probe_parse(struct probe_target *t, const struct command_args *args,
    const char *cwd, struct why *why)
{
	t->timeout_ms = PROBE_TIMEOUT_MS;
	t->json = command_value(args, PROBE_JSON) != NULL;
	if (command_seconds(args, PROBE_TIMEOUT, &t->timeout_ms, why) == 0 &&
	    probe_options(t, args, cwd, why) == 0 &&
	    probe_url(t, args->operands[0], why) == 0 &&
	    session_imply(&t->url, &t->options, why) == 0 &&
	    probe_transport(t, why) == 0)
		return 0;
	probe_clear(t);
	return -1;
}

void
probe_clear(struct probe_target *t)
{
	url_clear(&t->url);
	option_clear(option_groups, &t->options);
	memset(t, 0, sizeof(*t));
}

bool
probe_has_option(const struct probe_target *t, const char *name)
{
	const struct option_group *group;
	const struct option_row *row = option_find(option_groups, name,
	    &group, NULL);
	char text[OPTION_TEXT_MAX + 1];

	return row != NULL && option_text(group, row, &t->options, text,
	    sizeof(text))[0] != '\0';
}

/* --- fifoctl's part --- */

/* Become `fifod --probe`; returns only where that fails. */
static int
probe_exec(const struct client *client)
{
	char **argv = xcalloc((size_t)client->argc + 3, sizeof(*argv));
	char *path = start_path();
	struct why why;
	int i;

	argv[0] = path;
	argv[1] = (char *)(uintptr_t)"--probe";
	for (i = 0; i < client->argc; i++)
		argv[i + 2] = client->argv[i];
	execv(path, argv);
	why_fail(&why, FAULT_REFUSED, "%s: %s", path, strerror(errno));
	free(argv);
	free(path);
	return client_fail("probe", &why);
}

/* What stands before an @ may be a password: it is not repeated. */
static const char *
probe_who(const char *endpoint)
{
	return strstr(endpoint, "://") != NULL &&
	    strchr(endpoint, '@') != NULL ? "probe" : endpoint;
}

static int
probe_local(struct client *client, const struct command_args *args)
{
	char *cwd = client_cwd();
	struct probe_target t = { 0 };
	struct why why = { 0 };
	int status;

	status = probe_parse(&t, args, cwd, &why) == -1 ?
	    client_fail(probe_who(args->operands[0]), &why) : -1;
	probe_clear(&t);
	free(cwd);
	return status != -1 ? status : probe_exec(client);
}

static const struct command_option probe_command_options[] = {
	{ PROBE_OPTION, "option", "KEY=VALUE",
	    "An option of sessions, as for open; may be repeated." },
	{ PROBE_TIMEOUT, "timeout", "SEC", "Give up an attempt after SEC "
	    "seconds; the default is 5." },
	{ PROBE_JSON, "json", NULL, "Print a JSON object a line instead." },
	{ 0 }
};

const struct command command_probe = {
	.name = "probe",
	.usage = "ENDPOINT",
	.text = "Tell whether an endpoint can be reached, and by which "
		"addresses; its port may be a list with ranges, as 22,80-89. "
		"It needs no broker.",
	.min = 1,
	.max = 1,
	.options = probe_command_options,
	.local = probe_local,
};
