/*
 * Answers about files, directories and terminals.
 */
#include <errno.h>
#include <string.h>

#include "keeper/answer.h"
#include "keeper/direct.h"

int
answer_open(struct message *in, struct message *out, struct why *why)
{
	const char *path = message_text(in), *what;
	bool append = message_number(in) != 0;

	what = message_text(in);
	if (!message_whole(in) || path == NULL || what == NULL)
		return ANSWER_BAD;
	return answer_give(out, direct_open(path, append, what, why));
}

int
answer_rotate(struct message *in, struct message *out, struct why *why)
{
	const char *path = message_text(in), *what;
	uint64_t keep = message_number(in);

	(void)out;
	what = message_text(in);
	if (!message_whole(in) || path == NULL || what == NULL || keep < 1 ||
	    keep > 10000)
		return ANSWER_BAD;
	return direct_rotate(path, (int)keep, what, why);
}

int
answer_directory(struct message *in, struct message *out, struct why *why)
{
	const char *path = message_text(in);

	(void)why;
	if (!message_whole(in) || path == NULL)
		return ANSWER_BAD;
	return answer_give(out, direct_directory(path));
}

/* In the directory, and nowhere else. */
static bool
name_is_plain(const char *name)
{
	return name != NULL && name[0] != '\0' && strchr(name, '/') == NULL &&
	    strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

int
answer_mkdir(struct message *in, struct message *out, struct why *why)
{
	const char *name = message_text(in);
	uint64_t mode = message_number(in), gid = message_number(in);

	if (!message_whole(in) || !name_is_plain(name) || mode > 0777)
		return ANSWER_BAD;
	return answer_give(out, direct_mkdir(in->fds[0], name, (mode_t)mode,
	    (gid_t)gid, why));
}

int
answer_group(struct message *in, struct message *out, struct why *why)
{
	const char *name = message_text(in);
	gid_t gid;

	if (!message_whole(in) || name == NULL)
		return ANSWER_BAD;
	if (direct_group(name, &gid, why) == -1)
		return ANSWER_REFUSED;
	message_put_number(out, gid);
	return 0;
}

int
answer_user(struct message *in, struct message *out, struct why *why)
{
	const char *name = message_text(in);
	uid_t uid;

	(void)why;
	if (!message_whole(in) || name == NULL)
		return ANSWER_BAD;
	if (direct_user(name, &uid) == -1)
		return ANSWER_REFUSED;
	message_put_number(out, uid);
	return 0;
}

int
answer_service(struct message *in, struct message *out, struct why *why)
{
	const char *name = message_text(in), *protocol = message_text(in);

	(void)why;
	if (!message_whole(in) || name == NULL || protocol == NULL)
		return ANSWER_BAD;
	message_put_number(out, direct_service(name, protocol));
	return 0;
}

int
answer_symlink(struct message *in, struct message *out, struct why *why)
{
	const char *target = message_text(in), *path = message_text(in);
	const char *rundir = message_text(in);

	(void)out;
	if (!message_whole(in) || target == NULL || path == NULL ||
	    rundir == NULL)
		return ANSWER_BAD;
	return direct_symlink(target, path, rundir, why);
}

int
answer_symlink_remove(struct message *in, struct message *out,
    struct why *why)
{
	const char *target = message_text(in), *path = message_text(in);

	(void)out;
	if (!message_whole(in) || target == NULL || path == NULL)
		return ANSWER_BAD;
	return direct_symlink_remove(target, path) == 0 ? 0 :
	    why_fail(why, FAULT_REFUSED, "%s: %s", path, strerror(errno));
}

int
answer_terminal_pair(struct message *in, struct message *out,
    struct why *why)
{
	int ours, theirs;

	if (!message_whole(in))
		return ANSWER_BAD;
	if (direct_terminal_pair(&ours, &theirs, why) == -1)
		return ANSWER_REFUSED;
	message_give(out, ours);
	message_give(out, theirs);
	return 0;
}

int
answer_terminal_open(struct message *in, struct message *out,
    struct why *why)
{
	const char *path = message_text(in);

	if (!message_whole(in) || path == NULL)
		return ANSWER_BAD;
	return answer_give(out, direct_terminal_open(path, why));
}
