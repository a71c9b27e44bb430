#include <string.h>
#include <strings.h>

#include "framing/until.h"

size_t
until_byte(const uint8_t *data, size_t size, uint8_t byte, bool *found)
{
	const uint8_t *at = memchr(data, byte, size);

	*found = at != NULL;
	return at == NULL ? size : (size_t)(at - data) + 1;
}

size_t
until_end(struct framer *f, const uint8_t *data, size_t size, uint8_t byte)
{
	bool found;
	size_t taken = until_byte(data, size, byte, &found);

	if (found)
		f->phase = FRAMER_END;
	return taken;
}

size_t
until_left(struct framer *f, size_t size)
{
	size_t taken = size < f->left ? size : (size_t)f->left;

	f->left -= taken;
	if (f->left == 0)
		f->phase = FRAMER_END;
	return taken;
}

/* Keep what there is room for, and a zero byte after it. */
static void
line_keep(struct until_line *line, const uint8_t *data, size_t size)
{
	size_t room = sizeof(line->text) - 1 - line->length;

	if (size > room) {
		line->cut = true;
		size = room;
	}
	memcpy(line->text + line->length, data, size);
	line->length += (uint8_t)size;
}

/* The LF, the CR before it, and blanks: they are no argument. */
static void
line_trim(struct until_line *line)
{
	while (line->length > 0 &&
	    strchr(" \t\r\n", line->text[line->length - 1]) != NULL)
		line->text[--line->length] = '\0';
}

size_t
until_line(struct until_line *line, const uint8_t *data, size_t size,
    bool *found)
{
	size_t taken = until_byte(data, size, '\n', found);

	line_keep(line, data, taken);
	if (*found)
		line_trim(line);
	return taken;
}

const char *
until_argument(const struct until_line *line, const char *word)
{
	size_t length = strlen(word);

	if (strncasecmp(line->text, word, length) != 0)
		return NULL;
	if (strchr(" \t", line->text[length]) == NULL)
		return NULL;
	return line->text + length + strspn(line->text + length, " \t");
}
