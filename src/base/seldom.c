#include "base/loop.h"
#include "base/seldom.h"

#define SELDOM_MS 1000

bool
seldom_may(struct seldom *s, uint64_t *untold)
{
	int64_t now = loop_now_ms();

	if (s->told_ms != 0 && now - s->told_ms < SELDOM_MS) {
		s->untold++;
		return false;
	}
	*untold = s->untold;
	s->untold = 0;
	s->told_ms = now;
	return true;
}
