/*
 * A string by value: a pointer and a length. Absent is `at == NULL`, empty is `len == 0`; JSON needs both.
 *
 * Bytes are borrowed: whoever made them says how long they live. Bytes that an arena made also end in
 * NUL, literals too; a slice does not. Comparing and searching never look past `len`.
 */
#ifndef RUNTIME_BASE_STR_H
#define RUNTIME_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "runtime/base/status.h"

#pragma GCC visibility push(default)

struct str {
	const char *at;
	uint32_t len;
};

#define STR(literal) ((struct str){ "" literal, sizeof(literal) - 1 })
#define STR_NONE ((struct str){ NULL, 0 })
#define STR_FMT "%.*s"
#define STR_ARG(s) (int)(s).len, (s).at

struct str str_from(const char *text);         /* NULL gives the absent string */
struct str str_of(const void *at, size_t len); /* at most UINT32_MAX bytes, asserted */
bool str_eq(struct str a, struct str b);       /* absent equals empty */
bool str_is(struct str a, const char *text);
/* One of the words, which stand in one text with that character between them: str_is_among(s, "set|map", '|'). */
bool str_is_among(struct str a, const char *words, char between);
/* The same of an array of them: STR_IS_ONE_OF(name, names). */
bool str_is_one_of(struct str a, const char *const *words, size_t count);
#define STR_IS_ONE_OF(a, words) str_is_one_of((a), (words), sizeof(words) / sizeof((words)[0]))
int str_cmp(struct str a, struct str b);        /* byte order; a prefix sorts first */
bool str_eq_nocase(struct str a, struct str b); /* ASCII only */
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
int64_t str_find(struct str s, struct str needle);              /* offset, or -1 */
int64_t str_find_char(struct str s, char c);                    /* offset, or -1 */
int64_t str_find_last(struct str s, char c);                    /* offset, or -1 */
struct str str_slice(struct str s, uint32_t from, uint32_t to); /* [from, to), clamped */
struct str str_trim(struct str s);                              /* ASCII white space at both ends */

/*
 * Splits at the first `separator`: returns what stands before it and leaves what follows in `*rest`;
 * without one returns everything and makes `*rest` absent. Loop while rest->at != NULL.
 */
struct str str_cut(struct str *rest, char separator);

/* Whole string, decimal, range checked; else INVALID and *out untouched. */
MUST_USE enum status str_to_i64(struct str s, int64_t *out);
MUST_USE enum status str_to_u64(struct str s, uint64_t *out);
MUST_USE enum status str_to_double(struct str s, double *out);

#pragma GCC visibility pop

#endif
