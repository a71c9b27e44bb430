/* Resets that are taken for real. */
#include <string.h>

#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>

#include "wire.h"

#define RESET_SIZE (sizeof(struct iphdr) + sizeof(struct tcphdr))

/* What one packet of TCP is, to whoever wants to end its connection. */
struct segment {
	struct iphdr ip;
	struct tcphdr tcp;
	uint32_t next;          /* the number behind what it carries */
};

static int
segment_parse(struct segment *g, const uint8_t *packet, size_t size)
{
	size_t head, all;

	if (size < RESET_SIZE)
		return -1;
	memcpy(&g->ip, packet, sizeof(g->ip));
	head = g->ip.ihl * 4u;
	all = ntohs(g->ip.tot_len);
	if (g->ip.version != 4 || g->ip.protocol != IPPROTO_TCP ||
	    all > size || head + sizeof(g->tcp) > all)
		return -1;
	memcpy(&g->tcp, packet + head, sizeof(g->tcp));
	if (g->tcp.rst || head + g->tcp.doff * 4u > all)
		return -1;
	g->next = ntohl(g->tcp.seq) + (uint32_t)(all - head -
	    g->tcp.doff * 4u) + g->tcp.syn + g->tcp.fin;
	return 0;
}

/* RFC 1071; of an even number of bytes. */
static uint32_t
sum_add(uint32_t sum, const void *data, size_t size)
{
	const uint8_t *at = data;

	for (size_t i = 0; i < size; i += 2)
		sum += (uint32_t)at[i] << 8 | at[i + 1];
	return sum;
}

static uint16_t
sum_end(uint32_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static size_t
reset_write(struct iphdr *ip, struct tcphdr *tcp, uint8_t *out)
{
	uint32_t sum;

	ip->ihl = sizeof(*ip) / 4;
	ip->tot_len = htons(RESET_SIZE);
	ip->frag_off = 0;
	ip->check = 0;
	ip->check = sum_end(sum_add(0, ip, sizeof(*ip)));
	tcp->doff = sizeof(*tcp) / 4;
	tcp->rst = tcp->ack = 1;
	/* The two addresses, and the rest of the pseudo header. */
	sum = sum_add(IPPROTO_TCP + sizeof(*tcp), &ip->saddr, 8);
	tcp->check = sum_end(sum_add(sum, tcp, sizeof(*tcp)));
	memcpy(out, ip, sizeof(*ip));
	memcpy(out + sizeof(*ip), tcp, sizeof(*tcp));
	return RESET_SIZE;
}

size_t
reset_back(const uint8_t *packet, size_t size, uint8_t *out)
{
	struct tcphdr tcp = { 0 };
	struct segment g;
	struct iphdr ip;

	if (segment_parse(&g, packet, size) == -1)
		return 0;
	ip = g.ip;
	ip.saddr = g.ip.daddr;
	ip.daddr = g.ip.saddr;
	tcp.source = g.tcp.dest;
	tcp.dest = g.tcp.source;
	tcp.seq = g.tcp.ack ? g.tcp.ack_seq : 0;
	tcp.ack_seq = htonl(g.next);
	return reset_write(&ip, &tcp, out);
}

size_t
reset_ahead(const uint8_t *packet, size_t size, int seen, uint8_t *out)
{
	struct tcphdr tcp = { 0 };
	struct segment g;

	if (segment_parse(&g, packet, size) == -1)
		return 0;
	tcp.source = g.tcp.source;
	tcp.dest = g.tcp.dest;
	tcp.seq = seen ? htonl(g.next) : g.tcp.seq;
	tcp.ack_seq = g.tcp.ack_seq;
	return reset_write(&g.ip, &tcp, out);
}
