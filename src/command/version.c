/*
 * version: of fifoctl.
 */
#include <stdio.h>

#include "command/client.h"

static int
version_local(struct client *client, const struct command_args *args)
{
	(void)client;
	(void)args;
	printf("fifoctl %s\n", PACKAGE_VERSION);
	return FAULT_NONE;
}

const struct command command_version = {
	.name = "version",
	.usage = "",
	.text = "Print the version.",
	.local = version_local,
};
