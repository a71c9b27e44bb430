/*
 * What the shim and the tool that arms it share: a file that both have mapped.
 *
 * A fault is armed for one family of calls.  How a call is chosen:
 *
 *	nth	the Nth since it was armed
 *	from	the Nth and all that follow
 *	every	each Nth
 *	site	the first from a place in the program (its stack) that has not
 *		yet been failed; places are remembered until `forget'
 */
#ifndef TESTS_FAULT_H
#define TESTS_FAULT_H

#include <stdint.h>

#define FAULT_FRAMES 24
#define FAULT_SITES 65536       /* a power of two; it is never half full */

enum fault_family {
	FAULT_FILE,             /* a path is opened */
	FAULT_DESCRIPTOR,       /* any other way to a descriptor */
	FAULT_NET,              /* what is done to a socket */
	FAULT_DIRECTORY,        /* names and modes of files, their end on disk */
	FAULT_PROCESS,
	FAULT_READ,
	FAULT_WRITE,
	FAULT_WATCH,            /* inotify, epoll */
	FAULT_PIPE,             /* sizes of pipes, ioctl */
	FAULT_MEMORY,
	FAULT_FAMILIES
};

enum fault_mode { FAULT_NTH, FAULT_FROM, FAULT_EVERY, FAULT_SITE };

struct fault_control {
	_Atomic uint32_t armed;
	uint32_t family, mode;
	int32_t error;          /* errno; 0: short, one byte is moved */
	uint64_t n;
	_Atomic uint64_t calls; /* of the family since it was armed */
	_Atomic uint64_t fired;
	/* The last that fired. */
	char call[32];
	char module[FAULT_FRAMES][128];
	uint64_t offset[FAULT_FRAMES];
	uint32_t nframes;
	/* Hashes of the places that had their turn; 0 is free. */
	uint64_t sites[FAULT_SITES];
};

#endif
