/*
 * The kinds that the controllers of everything (garbage collector, namespaces, quota) look at: one list a host.
 *
 * In the order of discovery the built-in ones that are served, then those that the program brought, then those of
 * CustomResourceDefinitions, which come when their definition is established and go with it. Of the last, and of those of the first that nobody
 * wants whole (kinds_outline), the type has nothing but metadata (TYPE_METADATA_ONLY), and of that who an object is, who owns it, what holds it
 * and whether it is on its way out: no controller of everything looks at more, what a plan changes in it is sent as a patch, and a new
 * schema is no new kind. A kind that went keeps its type and place, since somebody may have it in a plan, and takes them again.
 *
 * Used by the caches (caches.h), who hear of definitions first; controllers ask the world (world_kind).
 */
#ifndef ACTORS_CONTROLLER_KINDS_H
#define ACTORS_CONTROLLER_KINDS_H

#include "datastore/schema/apiextensions.h"
#include "datastore/schema/resource-row.h"
#include "datastore/schema/type.h"
#include "runtime/base/base.h"

#define KINDS_MAX 352U /* some 70 built-in ones, and definitions */

struct kinds;

/* Borrowed as long as the kinds. */
struct kinds_config {
	bool (*is_served)(const struct resource_row *row); /* of the built-in ones; NULL: all */
	const struct type *const *own;                     /* that the program brings */
	uint32_t own_count;
};

GIVE struct kinds *kinds_new(const struct kinds_config *config);
void kinds_free(TAKE struct kinds *kinds); /* NULL is fine */

/* NULL past the last. One that went is skipped. */
const struct type *kinds_at(const struct kinds *kinds, uint32_t index);
/* Whether it is none of a definition: it is there for good. */
bool kinds_stays(const struct kinds *kinds, const struct type *type);
/*
 * From now on the kind of this type is looked at for its metadata alone, or whole again. Gives its type now; somebody may still have the other.
 * NULL: the whole of it is not known here.
 */
const struct type *kinds_outline(struct kinds *kinds, const struct type *type);
const struct type *kinds_whole(struct kinds *kinds, const struct type *type);
/* Also one that went: nothing is there of it. NULL: it has never been one. */
const struct type *kinds_named(const struct kinds *kinds, struct str group, struct str kind);

/* What a definition changed: a kind came or went. */
typedef void kinds_change_fn(void *arg, const struct type *type, bool is_there);
/* This is how the definition is now; `is_gone`: how it was at last. BUSY: KINDS_MAX are known, this one is left out. */
MUST_USE enum status kinds_define(struct kinds *kinds,
				  const struct apiextensions_custom_resource_definition *definition,
				  bool is_gone, kinds_change_fn *changed, void *arg);

#endif
