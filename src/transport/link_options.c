/*
 * What the options say of any link, and what is done of it before one is
 * made.
 */
#include <net/if.h>
#include <string.h>

#include "keeper/netns.h"
#include "transport/link.h"
#include "transport/via.h"
#include "transport/way.h"

static int
link_check_bind(const char *value, struct why *why)
{
	struct keeper_address at;

	return keeper_address(value, AF_UNSPEC, &at, why);
}

static int
link_check_device(const char *value, struct why *why)
{
	if (strlen(value) < IF_NAMESIZE && strchr(value, '/') == NULL)
		return 0;
	return why_fail(why, FAULT_USAGE, "\"%.40s\" is no name of an "
	    "interface", value);
}

int
link_check_netns(const char *value, struct why *why)
{
	if (value[0] != '/' && strchr(value, '/') != NULL)
		return why_fail(why, FAULT_USAGE, "\"%.60s\" is neither a "
		    "name of ip-netns(8) nor an absolute path", value);
	return netns_available(why);
}

const struct option_row link_option_rows[11] = {
	{ .name = "timeout-connect",
	    .type = OPTION_TIME,
	    .offset = offsetof(struct link_options, timeout_connect),
	    .min = 100,
	    .max = 3600000,
	    .value = "15",
	    .live = true,
	    .text = "Give up when resolving, connecting and the handshake "
		    "together take longer than this." },
	{ .name = "family",
	    .type = OPTION_CHOICE,
	    .offset = offsetof(struct link_options, family),
	    .choices = "any|inet|inet6",
	    .value = "any",
	    .live = true,
	    .text = "Use only IPv4 (inet) or IPv6 (inet6) addresses." },
	{ .name = "keepalive",
	    .type = OPTION_BOOL,
	    .offset = offsetof(struct link_options, keepalive),
	    .value = "yes",
	    .live = true,
	    .text = "Have the kernel probe an idle connection, so that a dead "
		    "peer is noticed; from the next connection on." },
	{ .name = "keepalive-idle",
	    .type = OPTION_TIME,
	    .offset = offsetof(struct link_options, keepalive_idle),
	    .min = 1000,
	    .max = 32767000,
	    .value = "60",
	    .live = true,
	    .text = "Probe after so long without a byte; five probes, an "
		    "eighth of it apart, must fail." },
	{ .name = "bind",
	    .type = OPTION_STRING,
	    .offset = offsetof(struct link_options, place.bind),
	    .check = link_check_bind,
	    .never_empty = true,
	    .live = true,
	    .text = "Connect from this address of ours, with or without a "
		    "port: 192.0.2.1, [2001:db8::1]:99; from the next "
		    "connection on." },
	{ .name = "device",
	    .type = OPTION_STRING,
	    .offset = offsetof(struct link_options, place.device),
	    .check = link_check_device,
	    .never_empty = true,
	    .live = true,
	    .text = "Connect by this network interface and no other; from the "
		    "next connection on." },
	{ .name = "netns",
	    .type = OPTION_STRING,
	    .offset = offsetof(struct link_options, place.netns),
	    .check = link_check_netns,
	    .available = netns_available,
	    .never_empty = true,
	    .text = "Resolve and connect in this network namespace and in no "
		    "other: a name of ip-netns(8), or the path of a namespace "
		    "file." },
	{ .name = "receive-buffer",
	    .type = OPTION_SIZE,
	    .offset = offsetof(struct link_options, receive_buffer),
	    .min = 4096,
	    .max = 1024 * 1024 * 1024,
	    .value = "1M",
	    .live = true,
	    .text = "Of datagrams, how many bytes the kernel keeps that are "
		    "not yet read, as far as it lets us "
		    "(net.core.rmem_max); from the next connection on." },
	{ .name = "via",
	    .type = OPTION_STRING,
	    .offset = offsetof(struct link_options, via),
	    .check = via_check,
	    .never_empty = true,
	    .text = "Reach the endpoint over these proxies, in this order and "
		    "with commas between: socks5://HOST:PORT, "
		    "socks5h://HOST:PORT (the same), socks4a://HOST:PORT, "
		    "http://HOST:PORT (CONNECT), each with USER@ before HOST "
		    "if it wants one." },
	{ .name = "via-auth",
	    .type = OPTION_PATH,
	    .offset = offsetof(struct link_options, via_auth),
	    .never_empty = true,
	    .text = "File with a line USER:PASSWORD for each proxy of via, in "
		    "their order, an empty one where it wants none; read "
		    "before each connection." },
	{ .name = "proxy-protocol",
	    .type = OPTION_CHOICE,
	    .offset = offsetof(struct link_options, proxy_protocol),
	    .choices = "no|v1|v2",
	    .value = "no",
	    .text = "Begin the connection with a PROXY header of this "
		    "version, which names both its ends; with "
		    "connections=each, the client of a front door and whom "
		    "it has called." },
};

int
link_prepare(const struct transport *t, struct dial *dial, struct why *why)
{
	if (way_prepare(t, dial, why) == -1)
		return -1;
	return t->prepare == NULL ? 0 : t->prepare(dial, why);
}

void
link_forget(const struct transport *t, struct dial *dial)
{
	way_forget(dial);
	if (t != NULL && t->forget != NULL)
		t->forget(dial);
}
