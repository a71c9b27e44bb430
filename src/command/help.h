/*
 * Help, from the tables.
 */
#ifndef COMMAND_HELP_H
#define COMMAND_HELP_H

#include "command/command.h"

/* Print the help of a command. Returns 0. */
int help_command(const struct command *command);

#endif
