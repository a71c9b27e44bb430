/*
 * Preludes, replayed in pieces of every size: what is said, what is made of
 * each answer, and that not one byte behind the answer is taken.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "tap.h"
#include "transport/prelude.h"
#include "transport/via.h"

#define TURNS 6

/* What is said, and what the other side says to it. */
struct turn {
	const char *say;
	size_t nsay;
	const char *reply;
	size_t nreply;
};
#define T(say, reply) { say, sizeof(say) - 1, reply, sizeof(reply) - 1 }

struct talk {
	const char *name;
	const struct prelude_kind *kind;
	const char *starttls;           /* instead of kind */
	const char *host;
	const char *user, *password;
	const char *why;                /* NULL: it goes well */
	struct turn turns[TURNS];
};

#define S5 .kind = &prelude_socks5, .host = "example.org"
#define S5_HELLO T("\5\1\0", "\5\0")
#define S5_ASK "\5\1\0\3\13example.org\0\120"
#define S4 .kind = &prelude_socks4a
#define HTTP .kind = &prelude_http, .host = "example.org"
#define HTTP_ASK "CONNECT example.org:80 HTTP/1.1\r\n"                         \
	"Host: example.org:80\r\n\r\n"
#define EHLO "EHLO [192.0.2.1]\r\n"
#define LDAP_ASK "\x30\x1d\2\1\1\x77\x18\x80\x16" "1.3.6.1.4.1.1466.20037"
#define XMPP_ASK "<?xml version='1.0'?><stream:stream xmlns='jabber:client'"   \
	" xmlns:stream='http://etherx.jabber.org/streams' to='example.org'"    \
	" version='1.0'>"
#define XMPP_TLS "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define XMPP_HEAD "<?xml version='1.0'?>\n<stream:stream from='example.org' "  \
	"id='1' version='1.0'>"
#define XMPP_OFFER XMPP_HEAD "<stream:features><starttls xmlns='urn:ietf:"     \
	"params:xml:ns:xmpp-tls'><required/></starttls></stream:features>"
#define MYSQL_REQUEST "\40\0\0\1\x85\xae\x7f\0\0\0\0\1\x21"                    \
	"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

static const struct talk talks[] = {
	{ "socks5 asks by name", S5, .turns = {
		S5_HELLO,
		T(S5_ASK, "\5\0\0\1\177\0\0\1\4\70") } },
	{ "socks5 asks by an IPv4 address", .kind = &prelude_socks5,
	    .host = "192.0.2.9", .turns = {
		S5_HELLO,
		T("\5\1\0\1\300\0\2\11\0\120", "\5\0\0\1\0\0\0\0\0\0") } },
	{ "socks5 asks by an IPv6 address, and is told one",
	    .kind = &prelude_socks5h, .host = "::1", .turns = {
		S5_HELLO,
		T("\5\1\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\120",
		    "\5\0\0\4" "0123456789abcdef\0\0") } },
	{ "socks5 is told a name", S5, .turns = {
		S5_HELLO,
		T(S5_ASK, "\5\0\0\3\3abc\0\0") } },
	{ "socks5 is told an empty name", S5, .turns = {
		S5_HELLO,
		T(S5_ASK, "\5\0\0\3\0\0\0") } },
	{ "socks5 logs in", S5, .user = "bob", .password = "s3cret",
	    .turns = {
		T("\5\2\0\2", "\5\2"),
		T("\1\3bob\6s3cret", "\1\0"),
		T(S5_ASK, "\5\0\0\1\0\0\0\0\0\0") } },
	{ "socks5 need not log in", S5, .user = "bob", .password = "",
	    .turns = {
		T("\5\2\0\2", "\5\0"),
		T(S5_ASK, "\5\0\0\1\0\0\0\0\0\0") } },
	{ "socks5: a wrong password", S5, .user = "bob", .password = "",
	    .why = "it does not accept the user and password", .turns = {
		T("\5\2\0\2", "\5\2"),
		T("\1\3bob\0", "\1\1") } },
	{ "socks5: no user", S5,
	    .why = "it wants a user and a password (via-auth=)", .turns = {
		T("\5\1\0", "\5\377") } },
	{ "socks5: a user too many", S5, .user = "bob", .password = "x",
	    .why = "it takes no user and password", .turns = {
		T("\5\2\0\2", "\5\377") } },
	{ "socks5: GSSAPI, which was not offered", S5,
	    .why = "it wants a way to log in that was not offered (1)",
	    .turns = { T("\5\1\0", "\5\1") } },
	{ "socks5: a password where none was offered", S5,
	    .why = "it wants a way to log in that was not offered (2)",
	    .turns = { T("\5\1\0", "\5\2") } },
	{ "socks5: garbage", S5, .why = "this is no SOCKS5 proxy: it began "
	    "with 0x4854", .turns = {
		T("\5\1\0", "HTTP/1.1 400 Bad Request\r\n") } },
	{ "socks5: garbage later", S5, .why = "it said: ????",
	    .turns = { S5_HELLO, T(S5_ASK, "\0\0\0\0") } },
	{ "socks5: no type of address", S5, .why = "it said: ????",
	    .turns = { S5_HELLO, T(S5_ASK, "\5\0\0\2") } },
	{ "socks5: code 1", S5, .why = "example.org:80: the proxy has failed "
	    "in general",
	    .turns = { S5_HELLO, T(S5_ASK, "\5\1\0\1") } },
	{ "socks5: code 2", S5, .why = "example.org:80: forbidden by the "
	    "proxy's rules",
	    .turns = { S5_HELLO, T(S5_ASK, "\5\2\0\1") } },
	{ "socks5: code 3", S5, .why = "example.org:80: network unreachable",
	    .turns = { S5_HELLO, T(S5_ASK, "\5\3\0\1") } },
	{ "socks5: code 4", S5, .why = "example.org:80: host unreachable, or "
	    "its name unknown",
	    .turns = { S5_HELLO, T(S5_ASK, "\5\4\0\1") } },
	{ "socks5: code 5", S5, .why = "example.org:80: connection refused",
	    .turns = { S5_HELLO, T(S5_ASK, "\5\5\0\1") } },
	{ "socks5: code 6", S5, .why = "example.org:80: too far away: its TTL "
	    "has expired",
	    .turns = { S5_HELLO, T(S5_ASK, "\5\6\0\1") } },
	{ "socks5: code 7", S5, .why = "example.org:80: the proxy does not "
	    "connect for others",
	    .turns = { S5_HELLO, T(S5_ASK, "\5\7\0\1") } },
	{ "socks5: code 8", S5, .why = "example.org:80: the proxy does not "
	    "know this type of address",
	    .turns = { S5_HELLO, T(S5_ASK, "\5\10\0\1") } },
	{ "socks5: code 99", S5, .why = "example.org:80: refused with the code "
	    "99, which means nothing",
	    .turns = { S5_HELLO, T(S5_ASK, "\5\143\0\1") } },

	{ "socks4a asks by name", S4, .host = "example.org", .turns = {
		T("\4\1\0\120\0\0\0\1\0example.org\0",
		    "\0\132\0\0\0\0\0\0") } },
	{ "socks4a asks by address, and says who we are", S4,
	    .host = "192.0.2.9", .user = "bob", .turns = {
		T("\4\1\0\120\300\0\2\11bob\0", "\0\132\1\2\3\4\5\6") } },
	{ "socks4a: code 91", S4, .host = "::1",
	    .why = "[::1]:80: refused or failed", .turns = {
		T("\4\1\0\120\0\0\0\1\0::1\0", "\0\133\0\0\0\0\0\0") } },
	{ "socks4a: code 92", S4, .host = "x",
	    .why = "x:80: refused: the proxy finds no identd here", .turns = {
		T("\4\1\0\120\0\0\0\1\0x\0", "\0\134\0\0\0\0\0\0") } },
	{ "socks4a: code 93", S4, .host = "x",
	    .why = "x:80: refused: our identd names another user", .turns = {
		T("\4\1\0\120\0\0\0\1\0x\0", "\0\135\0\0\0\0\0\0") } },
	{ "socks4a: code 0", S4, .host = "x", .why = "x:80: refused with the "
	    "code 0, which means nothing", .turns = {
		T("\4\1\0\120\0\0\0\1\0x\0", "\0\0\0\0\0\0\0\0") } },
	{ "socks4a: garbage", S4, .host = "x", .why = "it said: ?abcdefg",
	    .turns = {
		T("\4\1\0\120\0\0\0\1\0x\0", "\5abcdefg") } },

	{ "http asks, and takes the head", HTTP, .turns = {
		T(HTTP_ASK, "HTTP/1.1 200 Connection established\r\n"
		    "Content-Length: 5\r\nVia: x\r\n\r\n") } },
	{ "http takes a head without fields", HTTP, .turns = {
		T(HTTP_ASK, "HTTP/1.0 200\r\n\r\n") } },
	{ "http takes any 2xx, and bare line feeds", HTTP, .turns = {
		T(HTTP_ASK, "HTTP/1.1 204 x\nA: b\n\n") } },
	{ "http passes interim answers over", HTTP, .turns = {
		T(HTTP_ASK, "HTTP/1.1 100 Continue\r\nA: b\r\n\r\n"
		    "HTTP/1.1 103 Early Hints\r\n\r\n"
		    "HTTP/1.1 200 OK\r\n\r\n") } },
	{ "http asks for an IPv6 address", .kind = &prelude_http,
	    .host = "::1", .turns = {
		T("CONNECT [::1]:80 HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
		    "HTTP/1.1 200 OK\r\n\r\n") } },
	{ "http logs in", HTTP, .user = "Aladdin", .password = "open sesame",
	    .turns = {
		T("CONNECT example.org:80 HTTP/1.1\r\nHost: example.org:80\r\n"
		    "Proxy-Authorization: Basic "
		    "QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n",
		    "HTTP/1.1 200 OK\r\n\r\n") } },
	{ "http: no user", HTTP,
	    .why = "it wants a user and a password (via-auth=)", .turns = {
		T(HTTP_ASK, "HTTP/1.1 407 Proxy Authentication Required\r\n"
		    "Proxy-Authenticate: Basic\r\n\r\n") } },
	{ "http: a wrong password", HTTP, .user = "a", .password = "b",
	    .why = "it does not accept the user and password", .turns = {
		T("CONNECT example.org:80 HTTP/1.1\r\nHost: example.org:80\r\n"
		    "Proxy-Authorization: Basic YTpi\r\n\r\n",
		    "HTTP/1.1 407 no\r\n\r\n") } },
	{ "http: 403", HTTP, .why = "it said: HTTP/1.1 403 Forbidden",
	    .turns = { T(HTTP_ASK, "HTTP/1.1 403 Forbidden\r\n\r\n") } },
	{ "http: 502", HTTP, .why = "it said: HTTP/1.1 502 Bad ?Gateway",
	    .turns = { T(HTTP_ASK, "HTTP/1.1 502 Bad \33Gateway\r\n") } },
	{ "http: 302", HTTP, .why = "it said: HTTP/1.1 302 Found",
	    .turns = { T(HTTP_ASK, "HTTP/1.1 302 Found\r\n") } },
	{ "http: 101", HTTP, .why = "it said: HTTP/1.1 101 Switching",
	    .turns = { T(HTTP_ASK, "HTTP/1.1 101 Switching\r\n") } },
	{ "http: garbage", HTTP, .why = "it said: SSH-2.0-OpenSSH_9.2",
	    .turns = { T(HTTP_ASK, "SSH-2.0-OpenSSH_9.2\r\n") } },
	{ "http: 2000", HTTP, .why = "it said: HTTP/1.1 2000 OK",
	    .turns = { T(HTTP_ASK, "HTTP/1.1 2000 OK\r\n") } },
	{ "http: 20", HTTP, .why = "it said: HTTP/1.1 20 OK",
	    .turns = { T(HTTP_ASK, "HTTP/1.1 20 OK\r\n") } },
	{ "http: version 2", HTTP, .why = "it said: HTTP/2 200",
	    .turns = { T(HTTP_ASK, "HTTP/2 200\r\n") } },

	{ "the PROXY header, version 1", .kind = &prelude_header_v1,
	    .turns = {
		T("PROXY TCP4 192.0.2.1 192.0.2.2 1000 25\r\n", "") } },
	{ "the PROXY header, version 2", .kind = &prelude_header_v2,
	    .turns = {
		T("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\14"
		    "\300\0\2\1\300\0\2\2\3\350\0\31", "") } },

	{ "smtp", .starttls = "smtp", .turns = {
		T("", "220-mail.example.org\r\n220-more\r\n220 ESMTP\r\n"),
		T(EHLO, "250-hi\r\n250-PIPELINING\r\n250 STARTTLS\r\n"),
		T("STARTTLS\r\n", "220 2.0.0 Ready\r\n") } },
	{ "smtp, short and with bare line feeds", .starttls = "smtp",
	    .turns = { T("", "220\n"), T(EHLO, "250\n"),
		T("STARTTLS\r\n", "220\n") } },
	{ "smtp: refused", .starttls = "smtp",
	    .why = "the server said: 454 4.7.0 TLS not available",
	    .turns = { T("", "220 hi\r\n"), T(EHLO, "250 hi\r\n"),
		T("STARTTLS\r\n", "454 4.7.0 TLS not available\r\n") } },
	{ "smtp: unknown", .starttls = "smtp",
	    .why = "the server said: 502 unknown",
	    .turns = { T("", "220 hi\r\n"), T(EHLO, "250 hi\r\n"),
		T("STARTTLS\r\n", "502 unknown\r\n") } },
	{ "smtp: busy", .starttls = "smtp",
	    .why = "the server said: 421 too busy",
	    .turns = { T("", "421-come\r\n421 too busy\r\n") } },
	{ "smtp: not our number in front", .starttls = "smtp",
	    .why = "the server said: 2200 x",
	    .turns = { T("", "2200 x\r\n") } },
	{ "smtp: garbage", .starttls = "smtp",
	    .why = "the server said: ????",
	    .turns = { T("", "\26\3\1\0\n") } },
	{ "lmtp", .starttls = "lmtp", .turns = {
		T("", "220 hi\r\n"), T("LHLO [192.0.2.1]\r\n", "250 hi\r\n"),
		T("STARTTLS\r\n", "220 go\r\n") } },
	{ "imap", .starttls = "imap", .turns = {
		T("", "* OK [CAPABILITY IMAP4rev1] hi\r\n"),
		T("tls STARTTLS\r\n", "* CAPABILITY x\r\ntls ok go\r\n") } },
	{ "imap: refused", .starttls = "imap",
	    .why = "the server said: tls BAD what", .turns = {
		T("", "* ok hi\r\n"),
		T("tls STARTTLS\r\n", "tls BAD what\r\n") } },
	{ "imap: logged in already", .starttls = "imap",
	    .why = "the server said: * PREAUTH hi", .turns = {
		T("", "* PREAUTH hi\r\n") } },
	{ "imap: bye", .starttls = "imap",
	    .why = "the server said: * BYE later", .turns = {
		T("", "* OK\r\n"), T("tls STARTTLS\r\n",
		    "* BYE later\r\n") } },
	{ "pop3", .starttls = "pop3", .turns = {
		T("", "+OK hi\r\n"), T("STLS\r\n", "+OK go\r\n") } },
	{ "pop3: refused", .starttls = "pop3",
	    .why = "the server said: -ERR no", .turns = {
		T("", "+OK hi\r\n"), T("STLS\r\n", "-ERR no\r\n") } },
	{ "nntp", .starttls = "nntp", .turns = {
		T("", "201 hi\r\n"), T("STARTTLS\r\n", "382 go\r\n") } },
	{ "nntp: refused", .starttls = "nntp",
	    .why = "the server said: 580 no", .turns = {
		T("", "200 hi\r\n"), T("STARTTLS\r\n", "580 no\r\n") } },
	{ "ftp", .starttls = "ftp", .turns = {
		T("", "220-hi\r\n 220 is\r\nno end\r\n220 but this\r\n"),
		T("AUTH TLS\r\n", "234 go\r\n") } },
	{ "ftp: refused", .starttls = "ftp",
	    .why = "the server said: 530 first log in", .turns = {
		T("", "220 hi\r\n"),
		T("AUTH TLS\r\n", "530 first log in\r\n") } },
	{ "sieve", .starttls = "sieve", .turns = {
		T("", "\"IMPLEMENTATION\" \"x\"\r\n\"STARTTLS\"\r\n"
		    "OK \"hi\"\r\n"),
		T("STARTTLS\r\n", "ok\r\n") } },
	{ "sieve: refused", .starttls = "sieve",
	    .why = "the server said: NO \"x\"", .turns = {
		T("", "OK\r\n"), T("STARTTLS\r\n", "NO \"x\"\r\n") } },
	{ "sieve: bye", .starttls = "sieve",
	    .why = "the server said: BYE", .turns = { T("", "BYE\r\n") } },
	{ "irc", .starttls = "irc", .turns = {
		T("STARTTLS\r\n", ":x NOTICE * :*** Looking up\r\n"
		    ":x 670 * :STARTTLS successful\r\n") } },
	{ "irc: refused", .starttls = "irc",
	    .why = "the server said: :x 691 * :no", .turns = {
		T("STARTTLS\r\n", ":x 691 * :no\r\n") } },
	{ "irc: closed", .starttls = "irc",
	    .why = "the server said: ERROR :Closing Link", .turns = {
		T("STARTTLS\r\n", "ERROR :Closing Link\r\n") } },

	{ "postgres", .starttls = "postgres", .turns = {
		T("\0\0\0\10\4\322\26\57", "S") } },
	{ "postgres: none", .starttls = "postgres",
	    .why = "the server does not speak TLS", .turns = {
		T("\0\0\0\10\4\322\26\57", "N") } },
	{ "postgres: an error", .starttls = "postgres",
	    .why = "the server knows no TLS, and says that it is an error",
	    .turns = { T("\0\0\0\10\4\322\26\57", "E\0\0\0\14") } },
	{ "postgres: garbage", .starttls = "postgres",
	    .why = "the server said: ?",
	    .turns = { T("\0\0\0\10\4\322\26\57", "\26\3") } },
	{ "mysql", .starttls = "mysql", .turns = {
		T("", "\24\0\0\0\n8.0\0\1\0\0\0abcdefgh\0\0\10"),
		T(MYSQL_REQUEST, "") } },
	{ "mysql: none", .starttls = "mysql",
	    .why = "the server does not speak TLS", .turns = {
		T("", "\24\0\0\0\n8.0\0\1\0\0\0abcdefgh\0\377\367") } },
	{ "mysql: cut short", .starttls = "mysql",
	    .why = "the server said: ?8.0?????abcdefgh?",
	    .turns = {
		T("", "\22\0\0\0\n8.0\0\1\0\0\0abcdefgh\0") } },
	{ "mysql: too many", .starttls = "mysql",
	    .why = "the server said: Too many",
	    .turns = { T("", "\13\0\0\0\377\20\4Too many") } },
	{ "mysql: too long", .starttls = "mysql",
	    .why = "the server said: ????",
	    .turns = { T("", "\377\377\377\0") } },

	{ "ldap", .starttls = "ldap", .turns = {
		T(LDAP_ASK, "\x30\x0c\2\1\1\x78\7\x0a\1\0\4\0\4\0") } },
	{ "ldap, with lengths of more bytes, and a name", .starttls = "ldap",
	    .turns = {
		T(LDAP_ASK, "\x30\x82\0\x28\2\1\1\x78\x81\x22\x0a\1\0\4\0\4"
		    "\x81\2ok\x8a\x16" "1.3.6.1.4.1.1466.20037") } },
	{ "ldap: refused", .starttls = "ldap", .why = "the server said: no",
	    .turns = {
		T(LDAP_ASK, "\x30\x0e\2\1\1\x78\x09\x0a\1\x34\4\0\4\2no") } },
	{ "ldap: refused in silence", .starttls = "ldap",
	    .why = "the server refuses: LDAP result 2, it does not know "
	    "StartTLS", .turns = {
		T(LDAP_ASK, "\x30\x0c\2\1\1\x78\7\x0a\1\2\4\0\4\0") } },
	{ "ldap: hangs up", .starttls = "ldap", .why = "the server refuses: "
	    "LDAP result 52, TLS is unavailable", .turns = {
		T(LDAP_ASK, "\x30\x0c\2\1\0\x78\7\x0a\1\x34\4\0\4\0") } },
	{ "ldap: the answer to another", .starttls = "ldap",
	    .why = "the server answers what was not asked", .turns = {
		T(LDAP_ASK, "\x30\x0c\2\1\2\x78\7\x0a\1\0\4\0\4\0") } },
	{ "ldap: longer inside than outside", .starttls = "ldap",
	    .why = "the server's answer is no LDAP response to StartTLS",
	    .turns = {
		T(LDAP_ASK, "\x30\x0c\2\1\1\x78\x08\x0a\1\0\4\0\4\0") } },
	{ "ldap: no result", .starttls = "ldap",
	    .why = "the server's answer is no LDAP result", .turns = {
		T(LDAP_ASK, "\x30\x0c\2\1\1\x78\7\x0a\1\0\4\0\4\1") } },
	{ "ldap: garbage", .starttls = "ldap", .why = "the server said: 22",
	    .turns = { T(LDAP_ASK, "220 hi\r\n") } },
	{ "ldap: without an end", .starttls = "ldap",
	    .why = "the server said: 0?",
	    .turns = { T(LDAP_ASK, "\x30\x80") } },
	{ "ldap: too long", .starttls = "ldap",
	    .why = "the server said: ??",
	    .turns = { T(LDAP_ASK, "\x30\x82\xff\xff") } },

	{ "xmpp", .starttls = "xmpp", .turns = {
		T(XMPP_ASK, XMPP_OFFER),
		T(XMPP_TLS, "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'"
		    "/>") } },
	{ "xmpp, with an end to its tag", .starttls = "xmpp", .turns = {
		T(XMPP_ASK, XMPP_OFFER),
		T(XMPP_TLS, "\n<proceed xmlns='x'></proceed>") } },
	{ "xmpp: no offer", .starttls = "xmpp",
	    .why = "the server does not offer STARTTLS", .turns = {
		T(XMPP_ASK, XMPP_HEAD "<stream:features><auth/>"
		    "</stream:features>") } },
	{ "xmpp: no features", .starttls = "xmpp",
	    .why = "the server does not offer STARTTLS", .turns = {
		T(XMPP_ASK, XMPP_HEAD "<stream:features/>") } },
	{ "xmpp: refused", .starttls = "xmpp",
	    .why = "the server said: <failure xmlns='x'/>", .turns = {
		T(XMPP_ASK, XMPP_OFFER), T(XMPP_TLS,
		    "<failure xmlns='x'/></stream:stream>") } },
	{ "xmpp: an error", .starttls = "xmpp",
	    .why = "the server said: <host-unknown xmlns='x'/>", .turns = {
		T(XMPP_ASK, XMPP_HEAD "<stream:error>"
		    "<host-unknown xmlns='x'/></stream:error>") } },
	{ "xmpp: another language", .starttls = "xmpp",
	    .why = "the server said: <html>", .turns = {
		T(XMPP_ASK, "<html><head>") } },
};

static struct prelude_ends ends;

static const struct prelude_kind *
kind_of(const struct talk *t)
{
	size_t i;

	for (i = 1; i < prelude_nstarttls; i++)
		if (t->starttls != NULL &&
		    strcmp(prelude_starttls[i]->name, t->starttls) == 0)
			return prelude_starttls[i];
	return t->kind;
}

/* What was said is what was to be said; then it is on its way. */
static bool
said(struct prelude *p, const struct turn *turn)
{
	bool same = p->nsay == turn->nsay &&
	    memcmp(p->say, turn->say, p->nsay) == 0;

	if (!same)
		printf("# said: %.*s\n", (int)p->nsay, (char *)p->say);
	p->nsay = 0;
	return same;
}

/*
 * One reply in pieces; each piece that was not taken whole is looked at
 * again.  What is left of it, in *left.
 */
static enum prelude_next
hear(struct prelude *p, const char *reply, size_t n, size_t piece,
    size_t *left)
{
	enum prelude_next next = PRELUDE_MORE;
	size_t at = 0, size, used;

	while (at < n && next == PRELUDE_MORE && p->nsay == 0) {
		size = n - at < piece ? n - at : piece;
		/* In memory of its own, so that a sanitizer sees its end. */
		uint8_t *copy = xcalloc(1, size);

		memcpy(copy, reply + at, size);
		next = prelude_take(p, copy, size, &used);
		free(copy);
		if (used == 0 || used > size)
			return PRELUDE_FAILED;
		at += used;
	}
	*left = n - at;
	return next;
}

/* The next reply; behind the last one stands what is not the prelude's. */
static enum prelude_next
turn_over(struct prelude *p, const struct turn *turn, size_t piece,
    size_t *left)
{
	char *reply = xcalloc(1, turn->nreply + 4);
	enum prelude_next next;
	bool last = turn + 1 == &turn[TURNS] || turn[1].say == NULL ||
	    turn[1].nreply == 0;

	memcpy(reply, turn->reply, turn->nreply);
	memcpy(reply + turn->nreply, "REST", 4);
	next = hear(p, reply, turn->nreply + (last ? 4 : 0), piece, left);
	free(reply);
	return next;
}

static bool
talk_over(const struct talk *t, size_t piece)
{
	struct prelude *p = xcalloc(1, sizeof(*p));
	enum prelude_next next;
	size_t i, left = 4;
	bool fine = true;

	p->kind = kind_of(t);
	p->host = t->host != NULL ? t->host : "example.org";
	p->port = 80;
	p->user = t->user;
	p->password = t->password;
	p->ends = &ends;
	next = prelude_begin(p);
	for (i = 0; fine && i < TURNS && t->turns[i].say != NULL; i++) {
		fine = said(p, &t->turns[i]);
		if (next == PRELUDE_MORE && t->turns[i].nreply > 0)
			next = turn_over(p, &t->turns[i], piece, &left);
	}
	if (t->why == NULL)
		fine = fine && next == PRELUDE_DONE && left == 4;
	else
		fine = fine && next == PRELUDE_FAILED &&
		    strcmp(p->why, t->why) == 0;
	if (!fine)
		printf("# in pieces of %zu: %d, %zu left: %s\n", piece, next,
		    left, p->why);
	free(p);
	return fine;
}

static void
test_talks(void)
{
	size_t i, piece;
	bool fine;

	for (i = 0; i < sizeof(talks) / sizeof(talks[0]); i++) {
		fine = true;
		for (piece = 1; fine && piece < 260; piece++)
			fine = talk_over(&talks[i], piece);
		ok(fine, talks[i].name);
	}
}

static void
end_set(struct sockaddr_storage *to, const char *address, int port)
{
	struct sockaddr_in *in4 = (struct sockaddr_in *)to;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)to;

	memset(to, 0, sizeof(*to));
	if (inet_pton(AF_INET, address, &in4->sin_addr) == 1) {
		to->ss_family = AF_INET;
		in4->sin_port = htons((uint16_t)port);
	} else if (inet_pton(AF_INET6, address, &in6->sin6_addr) == 1) {
		to->ss_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)port);
	}
}

static void
test_ends(const char *from, const char *to, const char *header)
{
	static const char first[] = "\r\n\r\n\0\r\nQUIT\n\x21";
	struct prelude p = { .kind = &prelude_header_v1, .ends = &ends };

	end_set(&ends.from, from, 65535);
	end_set(&ends.to, to, 1);
	prelude_begin(&p);
	p.say[p.nsay] = '\0';
	is((char *)p.say, header, from);
	p = (struct prelude){ .kind = &prelude_header_v2, .ends = &ends };
	prelude_begin(&p);
	ok(memcmp(p.say, first, 13) == 0 && p.nsay == 16 + (size_t)p.say[15] &&
	    p.say[15] == (strstr(header, "TCP4") ? 12 :
	    strstr(header, "TCP6") ? 36 : 0), "... and in version 2");
}

static void
test_limits(void)
{
	struct prelude *p = xcalloc(1, sizeof(*p));
	uint8_t lots[PRELUDE_UNIT * 2];
	char long_name[256] = "";
	size_t used, i;
	enum prelude_next next = PRELUDE_MORE;

	memset(lots, 'x', sizeof(lots));
	p->kind = &prelude_http;
	p->host = "h";
	prelude_begin(p);
	is_int(prelude_take(p, lots, PRELUDE_UNIT, &used), PRELUDE_MORE,
	    "a line may be long");
	is_int(prelude_take(p, lots, 1, &used), PRELUDE_FAILED, "... so long");
	is(p->why, "its answer has a line of more than 4096 bytes",
	    "... and it says so");

	memset(p, 0, sizeof(*p));
	p->kind = &prelude_http;
	p->host = "h";
	prelude_begin(p);
	prelude_take(p, (const uint8_t *)"HTTP/1.1 200 OK\r\n", 17, &used);
	for (i = 0; next == PRELUDE_MORE && i < 10000; i++)
		next = prelude_take(p, (const uint8_t *)"A: b\r\n", 6, &used);
	is(p->why, "its answer has more than 200 lines",
	    "an answer has no end of lines");

	memset(p, 0, sizeof(*p));
	memset(long_name, 'n', 255);
	p->kind = &prelude_socks5;
	p->host = p->user = p->password = long_name;
	prelude_begin(p);
	p->nsay = 0;
	next = prelude_take(p, (const uint8_t *)"\5\2", 2, &used);
	is_int(p->nsay, 1 + 2 * 256, "a user and a password of 255 bytes fit");
	p->nsay = 0;
	next = prelude_take(p, (const uint8_t *)"\1\0", 2, &used);
	is_int(p->nsay, 4 + 1 + 255 + 2, "and a name of 255 bytes");
	is_int(next, PRELUDE_MORE, "and all is well");
	p->kind = &prelude_http;
	p->nsay = 0;
	is_int(prelude_begin(p), PRELUDE_MORE, "in HTTP as well");
	free(p);
}

static void
test_words(void)
{
	const char *word = PRELUDE_STARTTLS;
	size_t i, n;

	for (i = 0; i < prelude_nstarttls; i++) {
		n = strcspn(word, "|");
		ok(i == 0 ? strncmp(word, "no", n) == 0 :
		    strlen(prelude_starttls[i]->name) == n &&
		    strncmp(word, prelude_starttls[i]->name, n) == 0,
		    i == 0 ? "starttls=no" : prelude_starttls[i]->name);
		word += n + (word[n] == '|');
	}
	is(word, "", "the option and the table have the same words");
}

static void
test_via(void)
{
	struct why why = { 0 };
	struct via *v;

	v = via_new("socks5://bob@[::1]:1080,http://p.example:8080/,"
	    "socks4a://a@b@10.0.0.1:9", &why);
	if (!ok(v != NULL && v->n == 3, "three proxies"))
		return;
	is(v->hop[0].url.host, "::1", "an IPv6 address");
	is(v->hop[0].user, "bob", "its user");
	is(v->hop[0].url.text, "socks5://[::1]:1080", "is not told on");
	is(v->hop[1].user, NULL, "one without a user");
	is(v->hop[2].user, "a@b", "a user with an @");
	ok(v->hop[2].kind == &prelude_socks4a, "its kind");
	via_free(v);
	is_int(via_check("http://u:s3cret@h:1", &why), -1,
	    "a password is refused");
	ok(strstr(why.text, "s3cret") == NULL, "and not repeated");
	is_int(via_check("http://h:no-such-service", &why), -1,
	    "a service that nobody knows is refused");
	is_int(via_check("", &why), -1, "nothing is no proxy");
	is_int(via_check("http://h:1,", &why), -1, "nor is it the last one");
}

int
main(void)
{
	end_set(&ends.from, "192.0.2.1", 1000);
	end_set(&ends.to, "192.0.2.2", 25);
	test_talks();
	test_ends("192.0.2.1", "10.0.0.1",
	    "PROXY TCP4 192.0.2.1 10.0.0.1 65535 1\r\n");
	test_ends("2001:db8::1", "::1",
	    "PROXY TCP6 2001:db8::1 ::1 65535 1\r\n");
	test_ends("::ffff:192.0.2.1", "10.0.0.1",
	    "PROXY TCP4 192.0.2.1 10.0.0.1 65535 1\r\n");
	test_ends("::1", "10.0.0.1", "PROXY UNKNOWN\r\n");
	test_ends("none", "none", "PROXY UNKNOWN\r\n");
	test_limits();
	test_words();
	test_via();
	return tap_done();
}
