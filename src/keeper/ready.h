/*
 * Word to the service manager, sd_notify(3): one datagram to the socket that
 * $NOTIFY_SOCKET names; nothing where there is none.
 */
#ifndef KEEPER_READY_H
#define KEEPER_READY_H

/* One assignment: "READY=1", "STOPPING=1". */
void ready_tell(const char *state);
/* RELOADING=1 with the time that Type=notify-reload wants. */
void ready_tell_reloading(void);

#endif
