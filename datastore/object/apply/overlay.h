/*
 * A configuration laid over an object in nobody's name: what apply makes of the two, without asking who owns what.
 *
 * For policies that change objects, and for apply itself. Everything is in the arena; the result shares what it can with both, which then must live as
 * long. Bounded by what was decoded.
 */
#ifndef DATASTORE_OBJECT_APPLY_OVERLAY_H
#define DATASTORE_OBJECT_APPLY_OVERLAY_H

#include "datastore/object/apply/fields.h"
#include "datastore/object/apply/record-merge.h"
#include "datastore/schema/type.h"

/*
 * `live` with what `json` says of it, without defaults. INVALID: the type has no such field or another value there, or the configuration replaces as a
 * whole what has no owner in parts; `*words` say it as upstream does.
 */
MUST_USE enum status overlay_apply(const struct type *type, const void *live, struct str json,
				   struct arena *arena, void **out, struct str *words);

/*
 * The merge alone; `live` may be NULL. `nulls` are fields that `said` makes null: those of them that say something are given back. What is empty by that
 * stays in `emptied` until record_merge_clear().
 */
void *overlay_merge(const struct type *type, const void *live, const void *said,
		    struct fields *nulls, struct record_merge_emptied *emptied);

#endif
