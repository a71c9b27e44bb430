#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "keeper/direct.h"
#include "keeper/held_file.h"
#include "keeper/memory.h"
#include "keeper/store.h"

/*
 * Two files take turns: when much of the one is of no use any more, what is
 * held is written to the other, which is whole before it counts.
 */
#define FILE_FORMAT "fifod-held-1"
#define FILE_WASTE ((size_t)256 * 1024)
#define FILE_NAME 32
/* Before the number of a home: nothing that is held can have such a key. */
#define FILE_HOME "home/"
#define FILE_FD_NAME (KEEPER_HELD_KEY + 16)

struct file_head {
	char format[16];
	uint64_t turn;          /* the higher one counts; 0: it is not whole */
	uint64_t generation;
};

/* Followed by the key, with its NUL, and the bytes. */
struct file_record {
	uint32_t key, bytes;
	uint16_t nfds;
	uint16_t put;           /* 0: dropped */
};

static struct {
	int fd;                 /* -1: there is no store */
	struct file_head head;
	size_t size, used;      /* of it, what still counts */
} file = { .fd = -1 };

static void
file_name(uint64_t turn, char out[FILE_NAME])
{
	snprintf(out, FILE_NAME, "held-%d", (int)(turn % 2));
}

static void
file_fd_name(const char *key, size_t i, char out[FILE_FD_NAME])
{
	snprintf(out, FILE_FD_NAME, "fd%zu-%s", i, key);
}

static void
file_tell_head(void)
{
	(void)!pwrite(file.fd, &file.head, sizeof(file.head), 0);
}

/* --- writing --- */

static size_t
file_record_size(const struct keeper_held *what)
{
	return sizeof(struct file_record) + strlen(what->key) + 1 + what->n;
}

static void
file_append(const struct keeper_held *what, bool put)
{
	struct file_record r = { .key = (uint32_t)strlen(what->key) + 1,
		.bytes = put ? (uint32_t)what->n : 0,
		.nfds = (uint16_t)what->nfds, .put = put };
	off_t end;

	if (memory_write(file.fd, &r, sizeof(r)) == 0 &&
	    memory_write(file.fd, what->key, r.key) == 0 &&
	    memory_write(file.fd, what->bytes, r.bytes) == 0) {
		file.size += sizeof(r) + r.key + r.bytes;
		return;
	}
	log_warn("what is held may not outlive the keeper");
	/* Half a record is the last one, or all behind it is lost. */
	end = (off_t)(sizeof(file.head) + file.size);
	(void)!ftruncate(file.fd, end);
	lseek(file.fd, end, SEEK_SET);
}

static struct keeper_held
file_home(uint64_t number, const char *bytes, size_t n, char key[FILE_NAME])
{
	snprintf(key, FILE_NAME, FILE_HOME "%ju", (uintmax_t)number);
	return (struct keeper_held){ .key = key, .bytes = bytes, .n = n };
}

static void
file_append_home(uint64_t number, const char *bytes, size_t n)
{
	char key[FILE_NAME];
	const struct keeper_held what = file_home(number, bytes, n, key);

	file_append(&what, true);
}

/* A fresh one, of what is held now. */
static void
file_renew(void)
{
	char name[FILE_NAME], former[FILE_NAME];
	struct keeper_held what = { 0 };
	uint64_t turn = file.head.turn + 1;
	int fd = memory_file("held");

	if (fd == -1)
		return;
	file_name(file.head.turn, former);
	file_name(turn, name);
	if (file.fd != -1)
		close(file.fd);
	file.fd = fd;
	file.head.turn = 0;
	file.size = 0;
	(void)!write(fd, &file.head, sizeof(file.head));
	while (held_next(what.key, &what))
		file_append(&what, true);
	direct_home_each(file_append_home);
	file.used = file.size;
	file.head.turn = turn;
	file_tell_head();
	store_put(name, fd);
	store_drop(former);
}

void
held_file_put(const struct keeper_held *what)
{
	char name[FILE_FD_NAME];
	size_t i;

	if (file.fd == -1)
		return;
	for (i = 0; i < what->nfds; i++) {
		file_fd_name(what->key, i, name);
		store_put(name, what->fds[i]);
	}
	file_append(what, true);
	file.used += file_record_size(what);
}

void
held_file_drop(const struct keeper_held *what)
{
	size_t i, n = file_record_size(what);
	char name[FILE_FD_NAME];

	if (file.fd == -1)
		return;
	file_append(what, false);
	for (i = 0; i < what->nfds; i++) {
		file_fd_name(what->key, i, name);
		store_drop(name);
	}
	/* One that a fresh file had no room for was not counted. */
	file.used -= n < file.used ? n : file.used;
	if (file.size > 2 * file.used + FILE_WASTE)
		file_renew();
}

void
held_file_home_put(uint64_t number, const char *bytes, size_t n)
{
	char key[FILE_NAME];
	const struct keeper_held what = file_home(number, bytes, n, key);

	held_file_put(&what);
}

void
held_file_home_drop(uint64_t number, size_t n)
{
	char key[FILE_NAME];
	const struct keeper_held what = file_home(number, NULL, n, key);

	held_file_drop(&what);
}

void
held_file_generation(unsigned generation)
{
	file.head.generation = generation;
	if (file.fd != -1)
		file_tell_head();
}

/* --- reading, at the start --- */

struct file_image {
	int fd;
	struct file_head head;
	char *bytes;            /* all behind the head */
	size_t n;
};

static bool
image_read(struct file_image *image, const char *name)
{
	struct stat st;

	memset(image, 0, sizeof(*image));
	image->fd = store_take(name);
	if (image->fd == -1 || fstat(image->fd, &st) == -1 ||
	    pread(image->fd, &image->head, sizeof(image->head), 0) !=
	    (ssize_t)sizeof(image->head) ||
	    strcmp(image->head.format, FILE_FORMAT) != 0 ||
	    image->head.turn == 0)
		return false;
	image->n = (size_t)st.st_size - sizeof(image->head);
	image->bytes = xcalloc(1, image->n + 1);
	return pread(image->fd, image->bytes, image->n,
	    sizeof(image->head)) == (ssize_t)image->n;
}

static void
image_clear(struct file_image *image)
{
	if (image->fd != -1)
		close(image->fd);
	free(image->bytes);
}

/* Its descriptors are in the store; without all of them it is nothing. */
static void
image_put(const char *key, const char *bytes, const struct file_record *r)
{
	int fds[KEEPER_HELD_FDS];
	struct keeper_held what = { .key = key, .bytes = bytes,
		.n = r->bytes, .fds = fds };
	char name[FILE_FD_NAME];

	for (; what.nfds < r->nfds; what.nfds++) {
		file_fd_name(key, what.nfds, name);
		fds[what.nfds] = store_take(name);
		if (fds[what.nfds] == -1)
			break;
	}
	if (what.nfds == r->nfds) {
		held_put(&what);
		return;
	}
	while (what.nfds > 0)
		close(fds[--what.nfds]);
}

/*
 * The record at `at', of which no length is believed.  False: there is none
 * that is whole.
 */
static bool
image_record(const struct file_image *image, size_t at, struct file_record *r)
{
	const char *key;

	if (image->n - at < sizeof(*r))
		return false;
	memcpy(r, image->bytes + at, sizeof(*r));
	key = image->bytes + at + sizeof(*r);
	return image->n - at - sizeof(*r) >= (size_t)r->key + r->bytes &&
	    r->key > 0 && key[r->key - 1] == '\0';
}

/* What was put and dropped since is not looked for in the store. */
static bool
image_has_later(const struct file_image *image, size_t at, const char *key)
{
	struct file_record r;

	for (; image_record(image, at, &r); at += sizeof(r) + r.key + r.bytes)
		if (strcmp(image->bytes + at + sizeof(r), key) == 0)
			return true;
	return false;
}

static void
image_home(const char *key, const char *bytes, const struct file_record *r)
{
	uint64_t number = (uint64_t)strtonum(key + strlen(FILE_HOME), 1,
	    INT64_MAX, NULL);

	if (r->put && number > 0)
		direct_home_put(number, bytes, r->bytes);
	else
		direct_home_end(number);
}

/* The last one may be half a record: that was never held. */
static void
image_replay(const struct file_image *image)
{
	struct file_record r;
	const char *key;
	size_t at = 0, end;

	for (; image_record(image, at, &r); at = end) {
		key = image->bytes + at + sizeof(r);
		end = at + sizeof(r) + r.key + r.bytes;
		if (strncmp(key, FILE_HOME, strlen(FILE_HOME)) == 0)
			image_home(key, key + r.key, &r);
		else if (!r.put)
			held_drop(key);
		else if (held_key_is_sound(key) &&
		    r.nfds <= KEEPER_HELD_FDS &&
		    r.bytes <= KEEPER_HELD_BYTES &&
		    (r.nfds == 0 || !image_has_later(image, end, key)))
			image_put(key, key + r.key, &r);
	}
}

unsigned
held_file_begin(void)
{
	struct file_image images[2];
	bool whole[2];
	int i, which;

	if (!store_begin())
		return 0;
	whole[0] = image_read(&images[0], "held-0");
	whole[1] = image_read(&images[1], "held-1");
	which = whole[1] && (!whole[0] ||
	    images[1].head.turn > images[0].head.turn);
	strlcpy(file.head.format, FILE_FORMAT, sizeof(file.head.format));
	if (whole[which]) {
		file.head = images[which].head;
		file.head.generation++;
		image_replay(&images[which]);
	}
	for (i = 0; i < 2; i++)
		image_clear(&images[i]);
	file_renew();
	store_forget();
	return (unsigned)file.head.generation;
}
