/*
 * STARTTLS, a row a protocol: RFC 3207 (smtp), 2033 (lmtp), 3501 6.2.1 (imap),
 * 2595 4 (pop3), 4642 (nntp), 4217 4 (ftp), 5804 1.6 (sieve), 4511 4.14
 * (ldap), 6120 5 (xmpp), PostgreSQL's and MySQL's own, IRCv3 (irc).
 */
#include "transport/prelude.h"

#define LINES(word, shape, how)                                                \
	.name = word, .flags = PRELUDE_TLS | (how),                            \
	.begin = prelude_lines_begin, .answer = prelude_lines_answer,          \
	.verdict = shape

static const struct prelude_kind starttls_smtp = {
	LINES("smtp", prelude_lines_code, PRELUDE_GREETED),
	.text = "STARTTLS (RFC 3207), behind EHLO with our address.",
	.lines = (const struct prelude_line[]){
		{ NULL, "220" },
		{ "EHLO %\r\n", "250" },
		{ "STARTTLS\r\n", "220" },
		{ NULL, NULL },
	},
};

static const struct prelude_kind starttls_lmtp = {
	LINES("lmtp", prelude_lines_code, PRELUDE_GREETED),
	.text = "STARTTLS (RFC 2033, 3207), behind LHLO with our address.",
	.lines = (const struct prelude_line[]){
		{ NULL, "220" },
		{ "LHLO %\r\n", "250" },
		{ "STARTTLS\r\n", "220" },
		{ NULL, NULL },
	},
};

static const struct prelude_kind starttls_imap = {
	LINES("imap", prelude_lines_tagged, PRELUDE_GREETED),
	.text = "STARTTLS (RFC 3501).",
	.lines = (const struct prelude_line[]){
		{ NULL, "* OK" },
		{ "tls STARTTLS\r\n", "tls OK" },
		{ NULL, NULL },
	},
};

static const struct prelude_kind starttls_pop3 = {
	LINES("pop3", prelude_lines_plain, PRELUDE_GREETED),
	.text = "STLS (RFC 2595).",
	.lines = (const struct prelude_line[]){
		{ NULL, "+OK" },
		{ "STLS\r\n", "+OK" },
		{ NULL, NULL },
	},
};

/* Posting allowed or not (RFC 3977 5.1) is no matter here. */
static const struct prelude_kind starttls_nntp = {
	LINES("nntp", prelude_lines_code, PRELUDE_GREETED),
	.text = "STARTTLS (RFC 4642).",
	.lines = (const struct prelude_line[]){
		{ NULL, "200|201" },
		{ "STARTTLS\r\n", "382" },
		{ NULL, NULL },
	},
};

static const struct prelude_kind starttls_ftp = {
	LINES("ftp", prelude_lines_code, PRELUDE_GREETED),
	.text = "AUTH TLS (RFC 4217).",
	.lines = (const struct prelude_line[]){
		{ NULL, "220" },
		{ "AUTH TLS\r\n", "234" },
		{ NULL, NULL },
	},
};

static const struct prelude_kind starttls_sieve = {
	LINES("sieve", prelude_lines_sieve, 0),
	.text = "STARTTLS (RFC 5804); the server greets again under TLS.",
	.lines = (const struct prelude_line[]){
		{ NULL, "OK" },
		{ "STARTTLS\r\n", "OK" },
		{ NULL, NULL },
	},
};

static const struct prelude_kind starttls_irc = {
	LINES("irc", prelude_lines_irc, 0),
	.text = "STARTTLS, as servers of IRCv3 have it.",
	.lines = (const struct prelude_line[]){
		{ "STARTTLS\r\n", "670" },
		{ NULL, NULL },
	},
};

const struct prelude_kind *const prelude_starttls[] = {
	NULL, &starttls_smtp, &starttls_lmtp, &starttls_imap, &starttls_pop3,
	&starttls_nntp, &starttls_ftp, &starttls_sieve, &prelude_ldap,
	&prelude_postgres, &prelude_mysql, &prelude_xmpp, &starttls_irc,
};
const size_t prelude_nstarttls =
    sizeof(prelude_starttls) / sizeof(prelude_starttls[0]);
