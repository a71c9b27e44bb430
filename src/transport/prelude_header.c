/*
 * The PROXY header, versions 1 and 2 (HAProxy's proxy-protocol.txt): tells a
 * server behind a load balancer who has connected.  Nothing is answered.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "transport/prelude.h"

/* Addresses as the header has them: IPv4 is never dressed up as IPv6. */
struct header_end {
	int family;             /* AF_UNSPEC: neither */
	size_t size;
	uint8_t address[16];
	uint16_t port;          /* in network order */
};

static struct header_end
header_end(const struct sockaddr_storage *from)
{
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)from;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
	const uint8_t *bytes = in6->sin6_addr.s6_addr;
	struct header_end end = { .family = AF_UNSPEC };

	if (from->ss_family == AF_INET) {
		end.family = AF_INET;
		end.size = 4;
		end.port = in4->sin_port;
		memcpy(end.address, &in4->sin_addr, end.size);
	} else if (from->ss_family == AF_INET6) {
		end.family = AF_INET6;
		end.size = 16;
		end.port = in6->sin6_port;
		if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
			end.family = AF_INET;
			end.size = 4;
			bytes += 12;
		}
		memcpy(end.address, bytes, end.size);
	}
	return end;
}

const char *
prelude_address(const struct sockaddr_storage *address,
    char out[INET6_ADDRSTRLEN])
{
	struct header_end end = header_end(address);

	if (end.family == AF_UNSPEC)
		return NULL;
	return inet_ntop(end.family, end.address, out, INET6_ADDRSTRLEN);
}

static enum prelude_next
header_v1(struct prelude *p)
{
	struct header_end from = header_end(&p->ends->from);
	struct header_end to = header_end(&p->ends->to);
	char a[INET6_ADDRSTRLEN], b[INET6_ADDRSTRLEN], line[108];

	if (from.family == AF_UNSPEC || from.family != to.family) {
		prelude_say_text(p, "PROXY UNKNOWN\r\n");
		return PRELUDE_DONE;
	}
	snprintf(line, sizeof(line), "PROXY TCP%d %s %s %u %u\r\n",
	    from.family == AF_INET ? 4 : 6,
	    inet_ntop(from.family, from.address, a, sizeof(a)),
	    inet_ntop(to.family, to.address, b, sizeof(b)),
	    ntohs(from.port), ntohs(to.port));
	prelude_say_text(p, line);
	return PRELUDE_DONE;
}

/* Version 2, command PROXY, then the family with STREAM, and a length. */
static enum prelude_next
header_v2(struct prelude *p)
{
	static const uint8_t signature[] = { 0x0d, 0x0a, 0x0d, 0x0a, 0x00,
		0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a };
	struct header_end from = header_end(&p->ends->from);
	struct header_end to = header_end(&p->ends->to);
	uint8_t head[4] = { 0x21, 0x00, 0, 0 };

	if (from.family == to.family && from.family != AF_UNSPEC) {
		head[1] = from.family == AF_INET ? 0x11 : 0x21;
		head[3] = (uint8_t)(2 * from.size + 4);
	}
	prelude_say(p, signature, sizeof(signature));
	prelude_say(p, head, sizeof(head));
	if (head[3] == 0)
		return PRELUDE_DONE;
	prelude_say(p, from.address, from.size);
	prelude_say(p, to.address, to.size);
	prelude_say(p, &from.port, sizeof(from.port));
	prelude_say(p, &to.port, sizeof(to.port));
	return PRELUDE_DONE;
}

const struct prelude_kind prelude_header_v1 = {
	.name = "v1",
	.begin = header_v1,
};

const struct prelude_kind prelude_header_v2 = {
	.name = "v2",
	.begin = header_v2,
};
