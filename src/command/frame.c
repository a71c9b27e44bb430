#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/endian.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "command/frame.h"

int
frame_append(struct buf *b, enum frame_type type, const void *data, size_t n)
{
	uint8_t *p = buf_reserve(b, FRAME_HEADER + n);

	if (p == NULL)
		return -1;
	be32enc(p, (uint32_t)n);
	be32enc(p + 4, type);
	if (n > 0)
		memcpy(p + FRAME_HEADER, data, n);
	buf_commit(b, FRAME_HEADER + n);
	return 0;
}

int
frame_peek(const struct buf *b, struct frame *f)
{
	const uint8_t *p = buf_peek(b);
	size_t have = buf_length(b);

	if (have < FRAME_HEADER)
		return 0;
	f->length = be32dec(p);
	f->type = be32dec(p + 4);
	f->data = p + FRAME_HEADER;
	if (f->length > FRAME_MAX)
		return -1;
	return have - FRAME_HEADER >= f->length;
}

void
frame_drain(struct buf *b, const struct frame *f)
{
	buf_drain(b, FRAME_HEADER + f->length);
}

static int
frame_string(struct buf *b, const char *s)
{
	return buf_append(b, s, strlen(s) + 1);
}

int
frame_request(struct buf *b, const char *cwd, char *const *argv)
{
	struct buf body;
	int i, rv = -1;

	buf_init(&body, FRAME_MAX);
	if (frame_string(&body, FRAME_PROTOCOL) == -1 ||
	    frame_string(&body, cwd) == -1)
		goto out;
	for (i = 0; argv[i] != NULL; i++)
		if (frame_string(&body, argv[i]) == -1)
			goto out;
	rv = frame_append(b, FRAME_REQUEST, buf_peek(&body),
	    buf_length(&body));
out:
	buf_clear(&body);
	return rv;
}

/* There is no other way to ask for it. */
static mode_t
frame_umask(void)
{
	mode_t mask = umask(077);

	umask(mask);
	return mask;
}

int
frame_home(struct buf *b)
{
	struct buf body;
	char mask[16];
	int i, rv;

	buf_init(&body, FRAME_MAX);
	snprintf(mask, sizeof(mask), "%o", (unsigned)frame_umask());
	rv = frame_string(&body, mask);
	for (i = 0; rv == 0 && environ[i] != NULL; i++)
		rv = frame_string(&body, environ[i]);
	if (rv == 0)
		rv = frame_append(b, FRAME_HOME, buf_peek(&body),
		    buf_length(&body));
	buf_clear(&body);
	return rv;
}

static int
frame_count(const struct frame *f)
{
	size_t i, n = 0;

	if (f->type != FRAME_REQUEST || f->length == 0 ||
	    f->data[f->length - 1] != '\0')
		return -1;
	for (i = 0; i < f->length; i++)
		n += f->data[i] == '\0';
	return n > FRAME_WORDS ? -1 : (int)n;
}

int
frame_words(const struct frame *f, char **text, char ***words)
{
	int i, n = frame_count(f);
	char *p;

	if (n == -1)
		return -1;
	*text = xcalloc(f->length, 1);
	*words = xcalloc((size_t)n + 1, sizeof(**words));
	memcpy(*text, f->data, f->length);
	for (p = *text, i = 0; i < n; i++, p += strlen(p) + 1)
		(*words)[i] = p;
	return n;
}

int
frame_exit(const struct frame *f)
{
	uint32_t status;

	if (f->type != FRAME_EXIT || f->length != 4)
		return -1;
	status = be32dec(f->data);
	return status > 255 ? -1 : (int)status;
}
