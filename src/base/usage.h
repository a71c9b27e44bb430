/*
 * What the process uses of the system, where the system tells.
 */
#ifndef BASE_USAGE_H
#define BASE_USAGE_H

#include <stdint.h>

/*
 * In the process that will ask, before it is confined: what is asked is
 * opened now.
 */
void usage_init(void);
void usage_end(void);
/* Bytes of memory that it has; -1: unknown. */
int64_t usage_resident(void);
/* Descriptors that it has open; -1: unknown. */
int64_t usage_descriptors(void);

#endif
