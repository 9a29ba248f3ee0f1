/*
 * Defaults under a condition: what a value depends on that is not in its own line of the schema.
 *
 * One row a type, in the files default-*.c; default.c lists the files' tables and calls the rows on the way down.
 * `before` sees the record as it was sent, `after` with the plain defaults of its own fields; messages below have none yet.
 */
#ifndef DATASTORE_OBJECT_DEFAULTS_DEFAULT_PRIVATE_H
#define DATASTORE_OBJECT_DEFAULTS_DEFAULT_PRIVATE_H

#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/str.h"

struct default_rule {
	struct str prefix, name; /* absent: the end of the table */
	void (*before)(void *record, struct arena *arena);
	void (*after)(void *record, struct arena *arena);
};

#define DEFAULT_RULE(prefix, name, before, after)                                         \
	{                                                                                 \
		{ prefix, sizeof(prefix) - 1 }, { name, sizeof(name) - 1 }, before, after \
	}
#define DEFAULT_END                                  \
	{                                            \
		{ NULL, 0 }, { NULL, 0 }, NULL, NULL \
	}

extern const struct default_rule default_pod[];
extern const struct default_rule default_core[];
extern const struct default_rule default_workload[];
extern const struct default_rule default_other[];

/* Sets a string that is absent or empty. */
static inline void default_str(struct str *at, struct str value)
{
	if (at->len == 0)
		*at = value;
}

/* The number in a field that may be a string or a number. */
static inline struct int_or_string default_number(int32_t number)
{
	return (struct int_or_string){ .number = number };
}

static inline struct int_or_string default_text(struct str text)
{
	return (struct int_or_string){ .is_string = true, .string = text };
}

/* Puts into `to` what it lacks of `from`; an absent map becomes an empty one. */
void default_entries(struct str_map *to, struct str_map from, struct arena *arena);

#endif
