#include "command/limit.h"

const struct limit_row limit_rows[] = {
	{ "Sessions of a broker", "limit sessions=65536",
	    "open is refused, and so is the line of a file (1)." },
	{ "What outlives an engine", "131071 sessions, connections, channels, "
	    "clients and sockets that are listened at, in all",
	    "What comes beyond them ends with the engine, which the broker's "
	    "log says once; reload --exec is refused (1) meanwhile." },
	{ "A session that outlives an engine", "16 KiB of endpoint and options",
	    "It stands, and would end with the engine; the broker's log says "
	    "so." },
	{ "Descriptors", "the broker's limit of open files",
	    "While fewer than 32 are left, open and channel are refused (1); "
	    "clients and peers wait to be accepted, which is tried again "
	    "each second.  What stands runs on." },
	{ "Memory", "the limit of its addresses, ulimit -v",
	    "A reserve of 1 MiB is used up first.  While it is gone, open, "
	    "channel, request and clients are refused (1) or wait, and bytes "
	    "are taken a second later; what stands runs on.  When the reserve "
	    "does not suffice either, the broker says so and ends." },
	{ "The disk of the run directory", "its space, and its files",
	    "open and channel are refused (1).  What stands runs on; status "
	    "stays as it was, which the broker's log says once, and is written again "
	    "within a second of there being room; lines of log are lost." },
	{ "Bytes on their way, in all", "limit buffers=1G",
	    "No more are taken from whoever sends, until a buffer has become "
	    "free, which is looked at each second.  Requests that wait count "
	    "where requests are taken; TLS may hold once more." },
	{ "Commands at a time", "limit clients=1000",
	    "A further fifoctl is refused (1).  One that does not send its "
	    "command within 5 seconds is refused, too (2)." },
	{ "A command", "1024 words, and 1 MiB with the directory",
	    "It is refused (2)." },
	{ "Sessions that run programs", "65536",
	    "open is refused (1)." },
	{ "The environment of programs", "1 MiB",
	    "open is refused (1)." },
	{ "An answer to fifoctl", "1 MiB waits to be read",
	    "The command is cut off.  tap misses what would be more than "
	    "512 KiB, and says how much." },
	{ "The configuration file", "4 MiB",
	    "It is not read, and nothing is changed." },
	{ "A name", "64 characters",
	    "It is refused (2); a directory in ch is left alone, which log "
	    "says." },
	{ "The value of an option", "4095 bytes",
	    "It is refused (2)." },
	{ "The path of sock", "107 bytes",
	    "There is no sock; log says so." },
	{ "Proxies of a session, via", "8",
	    "It is refused (2)." },
	{ "Channels of a session", "max-channels=1000",
	    "channel and request are refused (1); a directory in ch is "
	    "removed, and log says why; clients of sock wait to be accepted."
	    },
	{ "Clients of listen", "max-clients=0, any number",
	    "Further ones wait to be accepted." },
	{ "Peers of a session that listens", "max-peers=256",
	    "Further ones wait to be accepted." },
	{ "Those who wait to be accepted",
	    "4096 of an address, 128 of sock; net.core.somaxconn",
	    "The system refuses them, or lets them try again." },
	{ "Connections of a session", "connections=1, at most 1000",
	    "Requests wait in a queue, their channels' FIFOs fill up." },
	{ "Bytes of a stream",
	    "264 KiB a direction, and with TLS once more",
	    "Whoever sends waits." },
	{ "Bytes of a client with connections=each", "64 KiB a direction, or "
	    "a pipe of 256 KiB; 128 pipes in all",
	    "Whoever sends waits; without a pipe they are copied." },
	{ "Requests of a channel that wait", "64 KiB, or 4096 of them, with "
	    "those sent, and those that failed, whose replies are not read",
	    "No more are taken from it; one that is longer is sent as it "
	    "comes, and never again." },
	{ "Requests that wait for their replies, of a connection",
	    "pipeline=1", "The next ones wait in the queue." },
	{ "A request whose length is not said first, and a datagram",
	    "max-message=1M",
	    "It is refused: error says so, http answers 413." },
	{ "A reply that nobody reads", "timeout-read=60",
	    "Where another channel waits for the connection it is dropped, or "
	    "the connection closed where more than 1 MiB is left." },
	{ "Parts of a message of HTTP", "a line 16 KiB, a head 64 KiB and 128 "
	    "fields, trailers 16 KiB, 16 heads before the final one",
	    "A request is refused with 400 or 431; the connection of a reply "
	    "is closed, and its reader told (502)." },
	{ "Values inside values", "json 512, resp 15",
	    "The message is refused; the connection of a reply is closed." },
	{ "A line of ctl", "4096 bytes", "It is dropped; log says so." },
	{ "Lines that a program writes to its standard error",
	    "100 a second", "Further ones are counted in log." },
	{ "log", "log=64K", "It becomes log.0 and is begun anew." },
	{ "Logs of sessions that have ended", "64, up to 127 for a while",
	    "The oldest are removed." },
	{ "record", "record-max=0, record-keep=4",
	    "It is renamed, and begun anew; the oldest is removed." },
};
const size_t limit_nrows = sizeof(limit_rows) / sizeof(limit_rows[0]);
