#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake_direct.h"
#include "fuzz.h"

/* Every byte of it can be read, up to its end. */
static void
look_at_text(const char *text)
{
	static volatile size_t length;

	if (text != NULL)
		length = strlen(text);
	(void)length;
}

static void
look_at_place(const struct keeper_place *place)
{
	look_at_text(place->netns);
	look_at_text(place->device);
	look_at_text(place->bind);
}

static void
look_at_address(const struct keeper_address *at)
{
	must(at->length <= sizeof(at->address));
	must(socket_family_is_plain(at->address.ss_family));
}

static int
refuse(struct why *why)
{
	errno = EPERM;
	return why_fail(why, FAULT_REFUSED, "no");
}

/* What is asked for by a long name is not there. */
static int
give_or_refuse(const char *path, struct why *why)
{
	must(path != NULL);
	return strlen(path) < 8 ? open("/dev/null", O_RDWR | O_CLOEXEC) :
	    refuse(why);
}

int
__wrap_direct_open(const char *path, bool append, const char *what,
    struct why *why)
{
	(void)append;
	must(what != NULL);
	look_at_text(what);
	return give_or_refuse(path, why);
}

int
__wrap_direct_symlink(const char *target, const char *path,
    const char *rundir, struct why *why)
{
	must(target != NULL && path != NULL && rundir != NULL);
	look_at_text(target);
	look_at_text(path);
	look_at_text(rundir);
	return refuse(why);
}

int
__wrap_direct_symlink_remove(const char *target, const char *path)
{
	must(target != NULL && path != NULL);
	look_at_text(target);
	return *path == '/' ? 0 : -1;
}

int
__wrap_direct_try(const char *path, struct why *why)
{
	must(strcmp(path, "/fifod") == 0);
	return refuse(why);
}

int
__wrap_direct_rotate(const char *path, int keep, const char *what,
    struct why *why)
{
	must(path != NULL && what != NULL && keep > 0);
	look_at_text(path);
	return refuse(why);
}

int
__wrap_direct_directory(const char *path)
{
	struct why why;

	return give_or_refuse(path, &why);
}

int
__wrap_direct_socket(int family, int type, const struct keeper_place *place,
    struct why *why)
{
	must(socket_family_is_plain(family) && type > 0);
	look_at_place(place);
	return refuse(why);
}

int
__wrap_direct_listen(const struct keeper_address *at, int type,
    const struct keeper_place *place, struct why *why)
{
	must(type > 0);
	look_at_address(at);
	look_at_place(place);
	return refuse(why);
}

void
__wrap_direct_listen_share(const struct keeper_address *at, mode_t mode,
    gid_t gid)
{
	(void)gid;
	look_at_address(at);
	must(at->address.ss_family == AF_UNIX && mode <= 0777);
}

void
__wrap_direct_listen_sweep(const struct keeper_address *at, int type)
{
	must(type > 0);
	look_at_address(at);
}

int
__wrap_direct_terminal_pair(int *ours, int *theirs, struct why *why)
{
	*ours = give_or_refuse("", why);
	*theirs = give_or_refuse("", why);
	return 0;
}

int
__wrap_direct_terminal_open(const char *path, struct why *why)
{
	return give_or_refuse(path, why);
}

static int
give_child(struct direct_child *out, int ended_fd, struct why *why)
{
	*out = (struct direct_child){ .number = 1, .pid = 1,
		.said_fd = give_or_refuse("", why), .ended_fd = ended_fd };
	return 0;
}

int
__wrap_direct_program(const struct direct_program *program,
    struct direct_child *out, struct why *why)
{
	must(program->command != NULL && fcntl(program->fd, F_GETFD) != -1);
	look_at_text(program->netns);
	return strlen(program->command) < 8 &&
	    (program->home == 0 || home_find(program->home) != NULL) ?
	    give_child(out, give_or_refuse("", why), why) : refuse(why);
}

int
__wrap_direct_look_up(const struct keeper_look_up *what,
    struct direct_child *out, struct why *why)
{
	look_at_text(what->host);
	look_at_text(what->port);
	look_at_text(what->netns);
	return what->host != NULL ? give_child(out, -1, why) : refuse(why);
}

void
__wrap_direct_child_end(uint64_t number, int fd)
{
	(void)number;
	if (fd != -1)
		close(fd);
}

int
__wrap_direct_mkdir(int dir_fd, const char *name, mode_t mode, gid_t gid,
    struct why *why)
{
	struct stat st;

	(void)gid;
	must(name != NULL && *name != '\0' && strchr(name, '/') == NULL);
	must(strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
	must(mode <= 0777 && fstat(dir_fd, &st) == 0);
	return give_or_refuse(name, why);
}
