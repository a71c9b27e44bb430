/*
 * The broker as a service: what the service manager is told while it runs, a
 * line about its sessions and that it is alive.  Of the moments between,
 * READY, RELOADING and STOPPING, each is told where it is.
 */
#ifndef COMMAND_SERVICE_H
#define COMMAND_SERVICE_H

/*
 * From now on, after READY=1: STATUS= at each change, and WATCHDOG=1 as often
 * as is asked for.  Nothing, and no timer, where nobody wants to know.
 */
void service_begin(void);
/* Before the broker is freed; without a beginning, too. */
void service_end(void);

#endif
