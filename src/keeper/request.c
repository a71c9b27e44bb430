#include <stddef.h>

#include "keeper/request.h"

const char *const request_texts[NREQUESTS] = {
	[REQUEST_HELLO] = "The first question: are we of one version?",
	[REQUEST_READY] =
	    "The engine answers: whoever waits for the broker is told.",
	[REQUEST_HAND_OVER] = "Is there a program that can take over?  Then "
	    "our end is for its sake.",
	[REQUEST_TELL] =
	    "The service manager is told that it reloads, stops or lives, and "
	    "a line of status.",
	[REQUEST_OPEN] =
	    "Open a file that an option names, to read or to add to it.",
	[REQUEST_ROTATE] = "Rename a record to make room for the next.",
	[REQUEST_DIRECTORY] = "Open the directory of a record, to sync it.",
	[REQUEST_MKDIR] = "Make a directory in one that is open.",
	[REQUEST_GROUP] = "The number of a group, found in a child.",
	[REQUEST_USER] = "The number of a user, found in a child.",
	[REQUEST_SERVICE] = "The port of a service, found in a child.",
	[REQUEST_SHARE] = "Make the run directory 0711 or 0700.",
	[REQUEST_SYMLINK] = "Make a symbolic link, as of a session's -d.",
	[REQUEST_SYMLINK_REMOVE] = "Remove it, while it still points there.",
	[REQUEST_SOCKET] =
	    "A socket of a family that endpoints name, in its namespace, "
	    "on its device, bound to its address.",
	[REQUEST_LISTEN] = "One that listens.",
	[REQUEST_LISTEN_SHARE] =
	    "Mode and group of a UNIX-domain socket's file, which "
	    "is the keeper's user's.",
	[REQUEST_LISTEN_SWEEP] = "Remove such a file that nobody listens at.",
	[REQUEST_TERMINAL_PAIR] = "A pseudo-terminal.",
	[REQUEST_TERMINAL_OPEN] = "Open a terminal; what is none is closed again.",
	[REQUEST_PROGRAM] = "Start a program by sh(1), as the keeper's user.",
	[REQUEST_LOOK_UP] = "Look up a name, in a child without capabilities.",
	[REQUEST_CHILD_END] =
	    "End one of these two: those alone that this broker has "
	    "started.",
	[REQUEST_HOME_NEW] =
	    "Keep directory, umask and environment for programs.",
	[REQUEST_HOME_AGAIN] = "Are those of the last engine still there?",
	[REQUEST_HOME_END] = "Forget them.",
	[REQUEST_HOLD] =
	    "Hold descriptors and a few words for the next engine.",
	[REQUEST_LET_GO] = "Hold them no more.",
	[REQUEST_TAKE] = "Give what the last engine left.",
};
