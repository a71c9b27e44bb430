#include "session/record.h"

#define RECORD_ROW(field) .offset = offsetof(struct record_options, field)

const struct option_row record_option_rows[6] = {
	{ .name = "record",
	    .type = OPTION_PATH,
	    RECORD_ROW(path),
	    .live = true,
	    .text = "Write what passes to this file, behind what is in it. "
		    "It has all bytes in clear, passwords too, and is made "
		    "with mode 0600." },
	{ .name = "record-format",
	    .type = OPTION_CHOICE,
	    RECORD_ROW(format),
	    .choices = "text|hex|raw",
	    .value = "text",
	    .live = true,
	    .text = "How: lines with time and direction (text), as hexdump -C "
		    "with both (hex), or the bytes alone (raw)." },
	{ .name = "record-direction",
	    .type = OPTION_CHOICE,
	    RECORD_ROW(direction),
	    .choices = "both|in|out",
	    .value = "both",
	    .live = true,
	    .text = "What goes to the peer (in), what comes from it (out), or "
		    "both." },
	{ .name = "record-max",
	    .type = OPTION_SIZE,
	    RECORD_ROW(max),
	    .min = 0,
	    .max = (int64_t)1 << 40,
	    .value = "0",
	    .live = true,
	    .text = "When it has become larger than this, it is renamed to "
		    "PATH.0, that to PATH.1 and so on, and begun anew; 0 is "
		    "no limit." },
	{ .name = "record-keep",
	    .type = OPTION_INT,
	    RECORD_ROW(keep),
	    .min = 1,
	    .max = 999,
	    .value = "4",
	    .live = true,
	    .text = "So many older files are kept, PATH.0 the newest." },
	{ .name = "record-sync",
	    .type = OPTION_BOOL,
	    RECORD_ROW(sync),
	    .value = "no",
	    .live = true,
	    .text = "No byte goes on before it is on disk (fdatasync), so "
		    "that the record has the last one whatever happens." },
};
