/*
 * format(): a text with places for values, `%s`, `%.3f`.
 *
 * For the library, and for the checker, which looks at formats that are constant. The words of what is wrong are upstream's.
 */
#ifndef DATASTORE_CEL_LIBRARY_SPRINT_H
#define DATASTORE_CEL_LIBRARY_SPRINT_H

#include "datastore/cel/library/function.h"

struct cel_value sprint_call(struct cel_call *call, const struct cel_value *args);

/* The next clause at or behind `*at`, which is moved behind it: its letter, and its precision, 6 without one. */
struct sprint_clause {
	char letter; /* 0: there is none any more */
	uint32_t precision;
	struct str words; /* what is wrong with it; absent: nothing */
};
struct sprint_clause sprint_next(struct str format, uint32_t *at, struct arena *arena);
/* Why a clause cannot show a value of this kind; absent: it can. */
struct str sprint_refuses(char letter, enum cel_kind kind, struct str type_name,
			  struct arena *arena);

#endif
