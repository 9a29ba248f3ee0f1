/*
 * Distances: how constant tables point without pointers.
 *
 * A program may be loaded anywhere, so every pointer in its constant data is written when it starts, and a page that
 * was written belongs to one process alone: half a megabyte of tables in each process of a node. What holds distances
 * stays as it is in the file, and all processes share it. A distance is counted from the first byte of the constant
 * table of its kind (schema_types and its like in type.h); what is made at run time lies elsewhere, which a distance can
 * say too. 0 is nothing: each table begins with an item that stands for it.
 *
 * They are copied freely. Only tables hold them; the accessors of type.h give what is there. A table of fields and types is dense:
 * they stand at every fourth byte.
 */
#ifndef DATASTORE_SCHEMA_DISTANCE_H
#define DATASTORE_SCHEMA_DISTANCE_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/base/str.h"

struct distance {
	int64_t bytes; /* 0: NULL */
} __attribute__((packed, aligned(4)));
struct text_distance {
	int64_t bytes; /* 0: absent */
	uint32_t len;
} __attribute__((packed, aligned(4)));

extern const char schema_text[]; /* the bytes of all constant texts, each with a NUL behind it */

/*
 * A compiler that sees which table a distance begins at may take what is there for constant, and load it before it is
 * stored: of what is made at run time that is wrong. So it is not shown.
 */
static inline uintptr_t distance_begin(const void *table)
{
	__asm__("" : "+r"(table));
	return (uintptr_t)table;
}

/* Of one that is not 0. */
static inline const void *distance_go(struct distance distance, const void *table)
{
	return (const void *)(distance_begin(table) + (uintptr_t)distance.bytes);
}

static inline const void *distance_end(struct distance distance, const void *table)
{
	return distance.bytes == 0 ? NULL : distance_go(distance, table);
}

static inline struct str distance_text(struct text_distance distance)
{
	return (struct str){ distance_end((struct distance){ distance.bytes }, schema_text),
			     distance.len };
}

/* `at` may be NULL. */
static inline struct distance distance_to(const void *at, const void *table)
{
	return (struct distance){ at == NULL ? 0
					     : (int64_t)((uintptr_t)at - distance_begin(table)) };
}

static inline struct text_distance distance_to_text(struct str text)
{
	return (struct text_distance){ distance_to(text.at, schema_text).bytes, text.len };
}

#endif
