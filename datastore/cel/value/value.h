/*
 * Values of CEL: what an expression works on and what comes of it.
 *
 * Any room of datastore/cel uses them. A value is small and passed by itself; what it points to is immutable and lives as long as the arena of its
 * evaluation, or as the record that it shows: lists, maps and objects are faces over what is there, and nothing is copied before it is asked for. An
 * error is a value, too: it goes through most functions as it is. One thread.
 */
#ifndef DATASTORE_CEL_VALUE_VALUE_H
#define DATASTORE_CEL_VALUE_VALUE_H

#include "datastore/cel/value/type.h"

struct cel_list;
struct cel_map;
struct quantity;

/* Within 0001-01-01 and 9999-12-31, as CEL has it. */
struct cel_moment {
	int64_t seconds;  /* since 1970 */
	int32_t nanos;    /* 0..999,999,999 */
	int32_t offset_s; /* from UTC, as it was written: only its text shows it */
};

struct cel_value {
	enum cel_kind kind;
	union {
		bool is_true;
		int64_t integer;  /* of durations: nanoseconds */
		uint64_t natural; /* CEL_UINT */
		double number;
		struct str text; /* strings, bytes, the words of errors */
		struct cel_moment moment;
		const struct cel_list *list;
		const struct cel_map *map; /* maps and objects */
		const struct cel_type *type;
		const struct cel_value *inner; /* of optionals; NULL: none */
		const void *opaque; /* of the kinds from CEL_QUANTITY on: the library's */
	};
};

/* Lists of records that are sets, or maps by some fields of their elements: they are the same in any order, and adding merges. */
enum cel_list_keyed { CEL_LIST_PLAIN, CEL_LIST_SET, CEL_LIST_MAP };

struct cel_list {
	struct cel_value (*item)(const struct cel_list *list, uint32_t i, struct arena *arena);
	const void *at;    /* what `item` reads */
	const void *extra; /* the same */
	uint32_t len;
	enum cel_list_keyed keyed;
	const struct str *keys; /* of CEL_LIST_MAP: names of fields */
	uint32_t key_count;
};

struct cel_map {
	/* By a key or, in objects, a field's name; false: there is none. `out` may be NULL. */
	bool (*get)(const struct cel_map *map, struct cel_value key, struct arena *arena,
		    struct cel_value *out);
	/* In the map's own order; `value` may be NULL. */
	void (*entry)(const struct cel_map *map, uint32_t i, struct arena *arena,
		      struct cel_value *key, struct cel_value *value);
	const struct cel_type *type; /* of objects */
	const void *at, *extra;
	uint32_t len;
};

#define CEL_VALUE_NULL ((struct cel_value){ .kind = CEL_NULL })
#define CEL_VALUE_NONE ((struct cel_value){ .kind = CEL_OPTIONAL })

static inline struct cel_value cel_bool(bool is_true)
{
	return (struct cel_value){ .kind = CEL_BOOL, .is_true = is_true };
}

static inline struct cel_value cel_int(int64_t integer)
{
	return (struct cel_value){ .kind = CEL_INT, .integer = integer };
}

static inline struct cel_value cel_double(double number)
{
	return (struct cel_value){ .kind = CEL_DOUBLE, .number = number };
}

/* An absent text is an empty one. */
static inline struct cel_value cel_string(struct str text)
{
	return (struct cel_value){ .kind = CEL_STRING, .text = text };
}

struct cel_value cel_value_error(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct cel_value cel_value_some(struct arena *arena, struct cel_value inner); /* optional.of */
/* The words that a function without a fitting overload gives. */
struct cel_value cel_value_no_overload(void);

/* The same value, whatever kind a number has. Bounded by LIMIT_NESTING; deeper is not equal. */
bool cel_value_equal(struct cel_value a, struct cel_value b, struct arena *arena);
/* -1, 0 or 1; false: the two have no order (other kinds, NaN). */
bool cel_value_order(struct cel_value a, struct cel_value b, int *out);
/* What size() says; 1 of all that has none. */
uint64_t cel_value_size(struct cel_value value);
const struct cel_type *cel_value_type(struct cel_value value); /* its own, without parameters */
bool cel_value_is_zero(struct cel_value value);
/* A double that is exactly this integer. */
bool cel_value_whole(double number, int64_t *out);

/* ---- lists and maps that are made ------------------------------------------------------------------------- */

struct cel_value cel_list_item(const struct cel_list *list, uint32_t i, struct arena *arena);
/* Of `len` values, borrowed. */
struct cel_value cel_list_make(struct arena *arena, const struct cel_value *at, uint32_t len);
/*
 * `list` and one more, in amortized constant time when nobody else went on from the same list; a shared list stays as it is. `hint` is not needed to
 * be right.
 */
struct cel_value cel_list_append(const struct cel_list *list, struct cel_value item,
				 struct arena *arena);
/* The one behind the other, without copying. */
struct cel_value cel_list_join(const struct cel_list *a, const struct cel_list *b,
			       struct arena *arena);

/* keyed.c: the same elements or keys, and those of equal keys the same. In a pass over both. */
bool cel_list_equal_keyed(const struct cel_list *a, const struct cel_list *b, struct arena *arena);
/* Those of `a`, of maps with what `b` has under the same key, then what only `b` has. Keyed as `a`. */
struct cel_value cel_list_merge(const struct cel_list *a, const struct cel_list *b,
				struct arena *arena);

/* An empty map that cel_map_insert() may go on from. */
struct cel_value cel_map_make(struct arena *arena);
/* Another map with one more entry, as cel_list_append; the key must not be there. */
struct cel_value cel_map_insert(const struct cel_map *map, struct cel_value key,
				struct cel_value value, struct arena *arena);
/* A number, bool or string. */
bool cel_map_is_key(struct cel_value key);

#endif
