/*
 * Patches: changes to a record that come as JSON, in the three forms of the Kubernetes API.
 *
 * A patch is applied by walking its tokens over the record with the type's table at hand; the record must be one that
 * is being built, and is in an undefined but sound state when a patch fails half-way: throw it away. Bounded by
 * LIMIT_PATCH_OPERATIONS, LIMIT_NESTING and the size of what was decoded before.
 *
 *   PATCH_JSON       RFC 6902; INVALID when an operation does not apply, its words being those of clients' usual library
 *   PATCH_MERGE      RFC 7386
 *   PATCH_STRATEGIC  merge patch by the table's merge keys, with $patch, $retainKeys, $setElementOrder and
 *                    $deleteFromPrimitiveList (Kubernetes' "strategic merge patch"); types without a Go origin have none
 */
#ifndef DATASTORE_OBJECT_PATCH_PATCH_H
#define DATASTORE_OBJECT_PATCH_PATCH_H

#include "datastore/object/json.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/fault.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"

enum patch_form { PATCH_JSON, PATCH_MERGE, PATCH_STRATEGIC };

/*
 * BAD_REQUEST: the patch is no JSON of its form; INVALID: it does not apply; TOO_LARGE: too many operations. Unknown and
 * duplicate members of the patch go to `strict` unless that is NULL.
 */
MUST_USE enum status patch_apply(enum patch_form form, const struct type *type, void *record,
				 struct str patch, struct arena *arena, struct json_strict *strict,
				 struct fault *why);

/*
 * The merge patch that makes the second record of the first, `{}` if they are equal. Lists that differ are in it as a whole; of maps
 * and messages only what differs. Both have types with fields, not custom-made ones without.
 */
struct str patch_between(const struct type *type, const void *from, const void *to,
			 struct arena *arena);

#endif
