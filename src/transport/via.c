#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/words.h"
#include "base/xalloc.h"
#include "keeper/keeper.h"
#include "transport/via.h"

const struct prelude_kind *const via_kinds[] = { &prelude_socks5,
	&prelude_socks5h, &prelude_socks4a, &prelude_http, NULL };

/* A file of more lines than there may be proxies is another file. */
#define VIA_FILE_MAX (VIA_MAX * 2 * (VIA_LOGIN_MAX + 2))

uint16_t
via_port(const char *port)
{
	const char *flaw = NULL;
	long long n = strtonum(port, 1, 65535, &flaw);

	if (flaw == NULL)
		return (uint16_t)n;
	return keeper_service(port, "tcp");
}

/* --- the list --- */

static int
via_unknown(const char *scheme, struct why *why)
{
	char known[160] = "";
	size_t i;

	for (i = 0; via_kinds[i] != NULL; i++) {
		strlcat(known, i > 0 ? ", " : "", sizeof(known));
		strlcat(known, via_kinds[i]->usage, sizeof(known));
	}
	return why_fail(why, FAULT_USAGE, "\"%.20s\" is no kind of proxy; "
	    "there are %s", scheme, known);
}

static int
hop_kind(struct via_hop *hop, struct why *why)
{
	size_t i;

	for (i = 0; via_kinds[i] != NULL; i++) {
		if (strcmp(hop->url.scheme, via_kinds[i]->name) == 0) {
			hop->kind = via_kinds[i];
			return 0;
		}
	}
	return via_unknown(hop->url.scheme, why);
}

static int
hop_check(const struct via_hop *hop, struct why *why)
{
	const struct url *u = &hop->url;

	if (u->host == NULL || u->port == NULL || (u->rest[0] != '\0' &&
	    strcmp(u->rest, "/") != 0))
		return why_fail(why, FAULT_USAGE, "\"%.80s\": write %s",
		    u->text, hop->kind->usage);
	if (via_port(u->port) == 0)
		return why_fail(why, FAULT_USAGE, "\"%.80s\": nothing can be "
		    "reached at port %.40s", u->text, u->port);
	return 0;
}

/* Take USER@ out of `text', which is our copy. */
static int
hop_user(struct via_hop *hop, char *text, struct why *why)
{
	char *place = strstr(text, "://"), *at;

	if (place == NULL || (at = strrchr(place += 3, '@')) == NULL)
		return 0;
	*at = '\0';
	/* Repeating it would give it away. */
	if (strchr(place, ':') != NULL)
		return why_fail(why, FAULT_USAGE, "a password is not for "
		    "everybody's eyes: put USER:PASSWORD into a file, and "
		    "name that with via-auth=");
	if (*place == '\0' || strlen(place) > VIA_LOGIN_MAX)
		return why_fail(why, FAULT_USAGE, "a user has 1 to %d "
		    "characters", VIA_LOGIN_MAX);
	hop->user = xstrdup(place);
	memmove(place, at + 1, strlen(at + 1) + 1);
	return 0;
}

static int
hop_parse(struct via_hop *hop, const char *text, size_t n, struct why *why)
{
	char *copy = xasprintf("%.*s", (int)n, text);
	int fine = hop_user(hop, copy, why);

	if (fine == 0)
		fine = url_parse(&hop->url, copy, why);
	if (fine == 0)
		fine = hop_kind(hop, why);
	if (fine == 0)
		fine = hop_check(hop, why);
	free(copy);
	return fine;
}

struct via *
via_new(const char *text, struct why *why)
{
	struct via *v;
	const char *comma;
	size_t n = 1;

	for (comma = text; (comma = strchr(comma, ',')) != NULL; comma++)
		n++;
	if (n > VIA_MAX) {
		why_fail(why, FAULT_USAGE, "there are at most %d proxies in a "
		    "row", VIA_MAX);
		return NULL;
	}
	v = xcalloc(1, sizeof(*v) + n * sizeof(v->hop[0]));
	for (;; text += n + 1) {
		n = strcspn(text, ",");
		if (hop_parse(&v->hop[v->n++], text, n, why) == -1)
			goto fail;
		if (text[n] == '\0')
			return v;
	}

fail:
	via_free(v);
	return NULL;
}

void
via_free(struct via *v)
{
	size_t i;

	if (v == NULL)
		return;
	for (i = 0; i < v->n; i++) {
		url_clear(&v->hop[i].url);
		free(v->hop[i].user);
	}
	free(v);
}

int
via_check(const char *text, struct why *why)
{
	struct via *v = via_new(text, why);

	via_free(v);
	return v == NULL ? -1 : 0;
}

/* --- who we are --- */

/* The whole of a small file, with a NUL behind it; NULL + why. */
static char *
logins_read(const char *path, struct why *why)
{
	int fd = keeper_open(path, false, "via-auth", why);
	char *text;
	ssize_t n;

	if (fd == -1)
		return NULL;
	text = xcalloc(1, VIA_FILE_MAX + 1);
	n = read(fd, text, VIA_FILE_MAX);
	close(fd);
	if (n >= 0 && n < VIA_FILE_MAX)
		return text;
	freezero(text, VIA_FILE_MAX + 1);
	why_fail(why, FAULT_REFUSED, "via-auth: %.100s: %s", path,
	    n == -1 ? "cannot be read" : "is longer than lines of "
	    "USER:PASSWORD could make it");
	return NULL;
}

/* One line for one hop. */
static int
login_parse(struct via_login *login, char *line, struct why *why)
{
	char *password;

	line[strcspn(line, "\r")] = '\0';
	if (*line == '\0')
		return 0;
	password = strchr(line, ':');
	if (password == NULL || password == line)
		return why_fail(why, FAULT_REFUSED, "USER:PASSWORD is wanted");
	*password++ = '\0';
	if (login->given && strcmp(login->user, line) != 0)
		return why_fail(why, FAULT_REFUSED, "it is for another user "
		    "than via= names");
	if (strlcpy(login->user, line, sizeof(login->user)) >=
	    sizeof(login->user) ||
	    strlcpy(login->password, password, sizeof(login->password)) >=
	    sizeof(login->password))
		return why_fail(why, FAULT_REFUSED, "a user and a password "
		    "have at most %d bytes each", VIA_LOGIN_MAX);
	login->given = true;
	return 0;
}

/* Whatever the sentence says of a line, it says which. */
static int
logins_parse(struct via_login *logins, size_t n, char *text, struct why *why)
{
	char *line;
	size_t i;

	for (i = 0; (line = strsep(&text, "\n")) != NULL; i++) {
		if (i < n && login_parse(&logins[i], line, why) == -1)
			return why_prefix(why, "line %zu", i + 1);
		if (i >= n && line[strspn(line, "\r")] != '\0')
			return why_fail(why, FAULT_REFUSED, "line %zu: via= "
			    "has only %zu prox%s", i + 1, n,
			    n == 1 ? "y" : "ies");
	}
	return 0;
}

struct via_login *
via_logins(const struct via *v, const char *path, struct why *why)
{
	struct via_login *logins = xcalloc(v->n, sizeof(*logins));
	char *text;
	size_t i;
	int fine = -1;

	for (i = 0; i < v->n; i++) {
		logins[i].given = v->hop[i].user != NULL;
		if (logins[i].given)
			strlcpy(logins[i].user, v->hop[i].user,
			    sizeof(logins[i].user));
	}
	if (path == NULL)
		return logins;
	text = logins_read(path, why);
	if (text != NULL) {
		fine = logins_parse(logins, v->n, text, why);
		freezero(text, VIA_FILE_MAX + 1);
		if (fine == -1)
			why_prefix(why, "via-auth: %.100s", path);
	}
	if (fine == 0)
		return logins;
	via_logins_free(v, logins);
	return NULL;
}

void
via_logins_free(const struct via *v, struct via_login *logins)
{
	if (logins != NULL)
		freezero(logins, v->n * sizeof(*logins));
}
