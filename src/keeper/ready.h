/*
 * Word to the service manager, sd_notify(3): one datagram to the socket that
 * $NOTIFY_SOCKET names; nothing where there is none.
 */
#ifndef KEEPER_READY_H
#define KEEPER_READY_H

#include <stdbool.h>
#include <stdint.h>

/* Is there a service manager that wants to hear of us? */
bool ready_wanted(void);
/* Assignments, a line each: "READY=1", "STOPPING=1", "STATUS=in words". */
void ready_tell(const char *state);
/* The same with a descriptor. */
void ready_tell_with(const char *state, int fd);
/* RELOADING=1 with the time that Type=notify-reload wants. */
void ready_tell_reloading(void);
/*
 * How often it wants to hear WATCHDOG=1: half of $WATCHDOG_USEC, as
 * sd_watchdog_enabled(3) advises, in milliseconds; 0: it does not.
 * $WATCHDOG_PID, where it is set, names us.
 */
int64_t ready_watchdog_ms(void);
/* In a child: it is not the service, and has nothing to tell. */
void ready_forget(void);

#endif
