/*
 * The options and modes, as tables: they drive parsing and `peer help'.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

#define LIFETIME_S 600

struct peer_options opt = { .address = "127.0.0.1", .end = "close",
	.backlog = 4096, .lifetime_s = LIFETIME_S,
	.tickets = TICKETS_DEFAULT };

static const struct peer_mode modes[] = {
	{ "script", script_run, "", "what -e and -f say, from the start for"
	    " each connection" },
	{ "http", http_run, "", "an HTTP/1.1 server that keeps connections"
	    " alive" },
	{ "echo", echo_run, "", "sends back what it receives" },
	{ "sink", sink_run, "[BYTES]", "discards; prints `sum ID BYTES"
	    " SHA256' at the end" },
	{ "source", source_run, "BYTES [SEED]", "sends bytes, prints `sent ID"
	    " BYTES SHA256'" },
	{ "duplex", duplex_run, "BYTES [SEED]", "both at once, BYTES each"
	    " way" },
	{ "random", NULL, "BYTES [SEED]", "no peer: writes the bytes of"
	    " source to standard output" },
};

enum type { FLAG, NUMBER, TEXT, CALL };

static const struct row {
	const char *name;
	char letter;
	enum type type;
	void *to;
	void (*call)(const char *);
	const char *text;
} rows[] = {
	{ "step", 'e', CALL, NULL, script_add, "one step of the script" },
	{ "file", 'f', CALL, NULL, script_add_file, "a file of steps" },
	{ "listen", 'l', TEXT, &opt.address, NULL,
	    "address, /PATH or @NAME (127.0.0.1)" },
	{ "port", 'p', NUMBER, &opt.port, NULL, "port (0: any free one)" },
	{ "connect", 'c', TEXT, &opt.connect, NULL,
	    "call HOST:PORT, /PATH or @NAME instead of listening" },
	{ "connections", 'n', NUMBER, &opt.connections, NULL,
	    "end after so many connections" },
	{ "lifetime", 'T', NUMBER, &opt.lifetime_s, NULL,
	    "end after so many seconds (600; 0: never)" },
	{ "quiet", 'q', FLAG, &opt.quiet, NULL, "print no events" },
	{ "record", 'r', TEXT, &opt.record, NULL,
	    "write what connection ID receives to RECORD.ID" },
	{ "refuse", 0, FLAG, &opt.refuse, NULL,
	    "hold the port, refuse connections" },
	{ "no-accept", 0, FLAG, &opt.no_accept, NULL,
	    "listen, never accept" },
	{ "backlog", 0, NUMBER, &opt.backlog, NULL, "of listen(2)" },
	{ "rcvbuf", 0, NUMBER, &opt.rcvbuf, NULL, "SO_RCVBUF" },
	{ "sndbuf", 0, NUMBER, &opt.sndbuf, NULL, "SO_SNDBUF" },
	{ "tls", 't', FLAG, &opt.tls, NULL, "TLS from the first byte" },
	{ "cert", 0, TEXT, &opt.cert, NULL, "certificate chain, PEM" },
	{ "key", 0, TEXT, &opt.key, NULL, "private key, PEM" },
	{ "client-ca", 0, TEXT, &opt.client_ca, NULL,
	    "demand a client certificate of this CA" },
	{ "ca", 0, TEXT, &opt.ca, NULL, "verify the server (--connect)" },
	{ "sni", 0, TEXT, &opt.sni, NULL, "server name (--connect)" },
	{ "min", 0, TEXT, &opt.tls_min, NULL, "lowest TLS version, 1.0-1.3" },
	{ "max", 0, TEXT, &opt.tls_max, NULL, "highest TLS version" },
	{ "alpn", 0, TEXT, &opt.alpn, NULL,
	    "protocols, as h2,http/1.1; no overlap is a fatal alert" },
	{ "staple", 0, TEXT, &opt.staple, NULL, "OCSP response, DER" },
	{ "tickets", 0, NUMBER, &opt.tickets, NULL,
	    "tickets after a handshake; 0 disables resumption" },
	{ "chunk", 0, NUMBER, &opt.chunk, NULL,
	    "most bytes of one read or write" },
	{ "delay", 0, NUMBER, &opt.delay_ms, NULL,
	    "milliseconds before each reply, or after each chunk" },
	{ "end", 0, TEXT, &opt.end, NULL,
	    "of source, sink, duplex: close, half-close (then wait for the"
	    " end), hold" },
	{ "padding", 'b', NUMBER, &opt.padding, NULL,
	    "bytes behind the first line of each http body" },
	{ "ticket-every", 0, NUMBER, &opt.ticket_every, NULL,
	    "a TLS 1.3 ticket behind each Nth http reply" },
	{ "close-after", 0, NUMBER, &opt.close_after, NULL,
	    "the Nth http reply says Connection: close" },
	{ "drop-after", 0, NUMBER, &opt.drop_after, NULL,
	    "close behind the Nth http reply without saying so" },
};

#define ROWS (sizeof rows / sizeof rows[0])
#define MODES (sizeof modes / sizeof modes[0])

int
number_parse(const char *s, uint64_t *n)
{
	static const char units[] = "KMG";
	const char *unit;
	char *end;

	if (*s < '0' || *s > '9')
		return -1;
	errno = 0;
	*n = strtoull(s, &end, 10);
	if (errno != 0)
		return -1;
	if (*end == '\0')
		return 0;
	unit = strchr(units, *end);
	if (unit == NULL || end[1] != '\0')
		return -1;
	*n <<= 10 * (unit - units + 1);
	return 0;
}

static void
usage_print(FILE *f)
{
	fputs("usage: peer MODE [OPERANDS] [OPTIONS]\n\n", f);
	for (size_t i = 0; i < MODES; i++)
		fprintf(f, "  %-7s %-13s %s\n", modes[i].name,
		    modes[i].operands, modes[i].text);
	fputc('\n', f);
	for (size_t i = 0; i < ROWS; i++)
		fprintf(f, "  %c%c%c --%-13s %-3s %s\n",
		    rows[i].letter ? '-' : ' ',
		    rows[i].letter ? rows[i].letter : ' ',
		    rows[i].letter ? ',' : ' ', rows[i].name,
		    rows[i].type == FLAG ? "" :
		    rows[i].type == NUMBER ? "N" : "S", rows[i].text);
}

static void
row_apply(const struct row *r, const char *value)
{
	switch (r->type) {
	case FLAG:
		*(bool *)r->to = true;
		break;
	case NUMBER:
		if (number_parse(value, r->to) == -1)
			die("--%s: %s is no number", r->name, value);
		break;
	case TEXT:
		*(const char **)r->to = value;
		break;
	case CALL:
		r->call(value);
		break;
	}
}

/* BYTES and SEED, where they stand without an option. */
static void
operands_apply(int argc, char **argv, const struct peer_mode *mode)
{
	uint64_t *to[] = { &opt.bytes, &opt.seed };

	if (argc > (mode->operands[0] == '\0' ? 0 : 2))
		die("%s: not understood: %s", mode->name, argv[0]);
	for (int i = 0; i < argc; i++)
		if (number_parse(argv[i], to[i]) == -1)
			die("%s is no number", argv[i]);
}

static void
rows_parse(int argc, char **argv, const struct peer_mode *mode)
{
	struct option longs[ROWS + 1] = { 0 };
	char shorts[2 * ROWS + 1] = "", *s = shorts;
	int found, index;

	for (size_t i = 0; i < ROWS; i++) {
		longs[i].name = rows[i].name;
		longs[i].has_arg = rows[i].type != FLAG;
		/* What getopt_long(3) returns is the row's own number. */
		longs[i].val = 256 + i;
		if (rows[i].letter == 0)
			continue;
		*s++ = rows[i].letter;
		if (rows[i].type != FLAG)
			*s++ = ':';
	}
	while ((found = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (found == '?')
			exit(2);
		for (index = 0; found < 256; index++)
			if (rows[index].letter == found)
				found = 256 + index;
		row_apply(&rows[found - 256], optarg);
	}
	operands_apply(argc - optind, argv + optind, mode);
	if (strcmp(opt.end, "close") != 0 &&
	    strcmp(opt.end, "half-close") != 0 && strcmp(opt.end, "hold") != 0)
		die("--end: %s: not close, half-close or hold", opt.end);
}

static const struct peer_mode *
mode_find(const char *name)
{
	for (size_t i = 0; i < MODES; i++)
		if (strcmp(modes[i].name, name) == 0)
			return &modes[i];
	usage_print(strcmp(name, "help") == 0 ? stdout : stderr);
	exit(strcmp(name, "help") == 0 ? 0 : 2);
}

const struct peer_mode *
options_parse(int argc, char **argv)
{
	const struct peer_mode *mode = mode_find(argc > 1 ? argv[1] : "");

	rows_parse(argc - 1, argv + 1, mode);
	return mode;
}
