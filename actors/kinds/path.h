/*
 * Paths: where in an object a rule looks, and what it has to say there.
 *
 * On the way down a path is a chain on the stack, so that an object without a fault costs no text; only a fault writes
 * it out (spec.containers[0].name, metadata.labels[a.b/c]). PATH, PATH_AT and PATH_KEY make the next link; it lives as long as the
 * block it is made in. Those who say something give false, to stand behind `return`; the words are upstream's.
 */
#ifndef ACTORS_KINDS_PATH_H
#define ACTORS_KINDS_PATH_H

#include "datastore/schema/type.h"
#include "runtime/base/base.h"

struct path {
	const struct path *up; /* NULL: this is the first step */
	enum { PATH_MEMBER, PATH_INDEX, PATH_IN_KEY } kind;
	struct str step; /* a member's name or a map's key; "" as a first step prints as [] */
	uint32_t index;
	struct faults *faults; /* of the first step */
};

#define PATH_ROOT(to, member) (&(struct path){ .step = STR(member), .faults = (to) })
#define PATH(parent, member) (&(struct path){ .up = (parent), .step = STR(member) })
#define PATH_AT(parent, i) (&(struct path){ .up = (parent), .kind = PATH_INDEX, .index = (i) })
#define PATH_KEY(parent, key) (&(struct path){ .up = (parent), .kind = PATH_IN_KEY, .step = (key) })
/* A member whose name is known at run time only. */
#define PATH_NAMED(parent, name) (&(struct path){ .up = (parent), .step = (name) })

struct faults *path_faults(const struct path *at);
struct arena *path_arena(const struct path *at);
struct str path_text(const struct path *at);

/* `words` may be "". */
bool path_required(const struct path *at, const char *words);
bool path_forbidden(const struct path *at, const char *words);
bool path_invalid(const struct path *at, struct str value, const char *words); /* shown in quotes */
bool path_invalid_number(const struct path *at, int64_t value, const char *words);
bool path_duplicate(const struct path *at, struct str value);
bool path_not_found(const struct path *at, struct str value);
bool path_too_long(const struct path *at, uint32_t max_bytes);
bool path_too_many(const struct path *at, uint32_t len, uint32_t max);
/* Not one of the values, which are listed as given: `"A", "B"`. */
bool path_not_supported(const struct path *at, struct str value, const char *quoted_values);
/* One for each line of `words`, each of which follows `said`. */
bool path_invalid_lines(const struct path *at, struct str value, struct str said, struct str words);
/* Any of them, the value shown as it is: [], {"a":"b"}, null, 7. Absent: no value is shown. */
bool path_fault(const struct path *at, enum fault_kind kind, struct str shown, const char *format,
		...) __attribute__((format(printf, 4, 5)));

/* How a value that is no string or number is shown. */
struct str path_shown_list(const struct path *at,
			   struct str_list list);                     /* ["a","b"]; absent: null */
struct str path_shown_map(const struct path *at, struct str_map map); /* {"a":"b"} */
struct str path_shown_record(const struct path *at, const struct type *type, const void *record);
struct str path_shown_field(const struct path *at, const struct type *type, const char *member,
			    const void *record);

#endif
