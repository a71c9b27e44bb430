/*
 * What the child that looks a name up answers, if anything may have become of
 * it: there are addresses, no more than there may be and none longer than its
 * place, or a sentence.
 */
#include <stdlib.h>

#include "fuzz.h"
#include "keeper/lookup.h"

static void
look_at(const struct keeper_addresses *addresses)
{
	static volatile uint8_t touched;
	const uint8_t *p;
	size_t i, j;

	must(addresses->n <= KEEPER_ADDRESSES);
	for (i = 0; i < addresses->n; i++) {
		p = (const uint8_t *)&addresses->at[i].address;
		must(addresses->at[i].length <=
		    sizeof(addresses->at[i].address));
		for (j = 0; j < sizeof(addresses->at[i].address); j++)
			touched = p[j];
		(void)touched;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lookup *l = lookup_parse(data, size);
	const struct why *why = &l->why;

	if (l->addresses.n > 0) {
		look_at(&l->addresses);
	} else {
		must(why->fault == FAULT_RESOLVE && why->text[0] != '\0');
		must(memchr(why->text, '\0', sizeof(why->text)) != NULL);
	}
	free(l);
	return 0;
}
