/*
 * A bench for the rules of kinds: objects in as JSON with ' for ", faults and resulting fields out as text.
 *
 * Lives in the arena of the running test. What the rules read of other objects is what kind_lab_add put there.
 */
#ifndef TESTS_UNIT_ACTORS_KINDS_KIND_LAB_H
#define TESTS_UNIT_ACTORS_KINDS_KIND_LAB_H

#include "actors/kinds/kind.h"
#include "tests/lib/test.h"

struct kind_lab {
	const struct type *type;
	const struct kind_rules *rules;
	struct reader reader;
	VEC(const struct object *) objects;
	struct waiter waiter;
	struct check_context check;
	struct faults faults;
	struct user user;
	struct kind_change change; /* of the last call */
};

struct kind_lab *kind_lab(const struct type *type);
void *kind_lab_record(const struct type *type, const char *json);
void kind_lab_add(struct kind_lab *lab, const struct type *type, const char *json);

/*
 * What a create, or an update from `base` to `base` with the patch, has to say: "" if nothing, else a line for each fault, as
 * `spec.port: Invalid value: 0: must be ...`; a failure is `code message`. `patch` is a JSON merge patch, or NULL.
 */
struct str kind_lab_create(struct kind_lab *lab, const char *base, const char *patch);
struct str kind_lab_update(struct kind_lab *lab, const char *subresource, const char *base,
			   const char *patch);
/* What goes with the object when it is deleted: kind_lab_writes. */
struct str kind_lab_delete(struct kind_lab *lab, const char *base);

struct str kind_lab_value(const struct kind_lab *lab, const char *path); /* of the result */
struct str kind_lab_warnings(const struct kind_lab *lab);                /* a line each */
struct str kind_lab_writes(const struct kind_lab *lab); /* `+key` or `-key`, a line each */

/* Cases of which each is one create or update. */
struct kind_case {
	const char *patch, *faults;
};
void kind_lab_creates(const struct type *type, const char *base, const struct kind_case *cases,
		      size_t count);
void kind_lab_updates(const struct type *type, const char *subresource, const char *base,
		      const struct kind_case *cases, size_t count);
/* Creates without a fault; the text is that of their warnings. */
void kind_lab_warns(const struct type *type, const char *base, const struct kind_case *cases,
		    size_t count);
#define KIND_CREATES(type, base, cases) \
	kind_lab_creates(type, base, cases, sizeof(cases) / sizeof((cases)[0]))
#define KIND_UPDATES(type, subresource, base, cases) \
	kind_lab_updates(type, subresource, base, cases, sizeof(cases) / sizeof((cases)[0]))

#define KIND_WARNS(type, base, cases) \
	kind_lab_warns(type, base, cases, sizeof(cases) / sizeof((cases)[0]))

#endif
