/*
 * The options of front doors.
 */
#include <stddef.h>

#include "session/access.h"
#include "session/door.h"
#include "session/door_address.h"
#include "transport/link.h"

#define DOOR_ROW(field) .offset = offsetof(struct door_options, field)

static int
door_check_one(const char *text, void *arg, struct why *why)
{
	struct url url = { 0 };
	bool fine = door_address_parse(&url, text, why) != NULL;

	(void)arg;
	url_clear(&url);
	return fine ? 0 : -1;
}

static int
door_check_listen(const char *value, struct why *why)
{
	return door_address_each(value, door_check_one, NULL, why);
}

static int
door_check_access(const char *value, struct why *why)
{
	struct access access;

	if (access_parse(&access, value, NULL, why) == -1)
		return -1;
	access_clear(&access);
	return 0;
}

const struct option_row door_option_rows[9] = {
	{ .name = "listen",
	    .type = OPTION_ENDPOINTS,
	    DOOR_ROW(listen),
	    .value = "",
	    .check = door_check_listen,
	    .live = true,
	    .text = "Also listen here, and give each client that connects a "
		    "channel: one or more of tcp-listen://ADDR:PORT, "
		    "ADDR:PORT, :PORT, PORT, tls-listen://ADDR:PORT, "
		    "unix-listen:PATH, separated by commas; see "
		    "fifod-session(7)." },
	{ .name = "listen-cert",
	    .type = OPTION_PATH,
	    DOOR_ROW(cert),
	    .never_empty = true,
	    .text = "File of the certificate, and of those up to its issuer, "
		    "that clients of tls-listen are shown; else cert." },
	{ .name = "listen-key",
	    .type = OPTION_PATH,
	    DOOR_ROW(key),
	    .never_empty = true,
	    .text = "File of its private key; else the same file." },
	{ .name = "listen-ca",
	    .type = OPTION_PATH,
	    DOOR_ROW(ca),
	    .never_empty = true,
	    .text = "Let in only those clients of tls-listen whose "
		    "certificate is signed by one of this file." },
	{ .name = "listen-netns",
	    .type = OPTION_STRING,
	    DOOR_ROW(netns),
	    .check = link_check_netns,
	    .never_empty = true,
	    .text = "Listen in this network namespace and in no other; netns "
		    "is where the session connects." },
	{ .name = "allow",
	    .type = OPTION_STRING,
	    DOOR_ROW(allow),
	    .check = door_check_access,
	    .never_empty = true,
	    .live = true,
	    .text = "Let in at listen only these: 10.0.0.0/8, 2001:db8::1, "
		    "uid:NAME at unix-listen, separated by commas; the longest "
		    "network that fits decides, here or in deny." },
	{ .name = "deny",
	    .type = OPTION_STRING,
	    DOOR_ROW(deny),
	    .check = door_check_access,
	    .never_empty = true,
	    .live = true,
	    .text = "Turn these away, as allow lets them in." },
	{ .name = "max-clients",
	    .type = OPTION_INT,
	    DOOR_ROW(max_clients),
	    .min = 0,
	    .max = 1000000,
	    .value = "0",
	    .live = true,
	    .text = "The most clients of listen at a time; more wait until "
		    "one has left. 0: as many as there are descriptors for." },
	{ .name = "hold",
	    .type = OPTION_TIME,
	    DOOR_ROW(hold),
	    .min = 0,
	    .max = 3600000,
	    .value = "0",
	    .live = true,
	    .text = "In a stream with connections=each: how long a client is "
		    "kept waiting for a peer that cannot be reached, which is "
		    "tried again meanwhile; 0: closed at once." },
};
