/*
 * Patches of records of any type, those of definitions too.
 *
 * What contradicts its schema has no place in a record of a custom resource, so there a patch goes over its JSON; else it is datastore/object/patch
 * that does it.
 */
#ifndef DATASTORE_CUSTOM_RECORD_PATCH_H
#define DATASTORE_CUSTOM_RECORD_PATCH_H

#include "datastore/object/patch/patch.h"

/* As patch_apply(), but that a JSON patch may pass through what the type has no field for. FORBIDDEN: it would make another kind or version of it. */
MUST_USE enum status record_patch(enum patch_form form, const struct type *type, void *record,
				  struct str patch, struct arena *arena, struct json_strict *strict,
				  struct fault *why);
/* The same over its JSON whatever the type: what the type has no field for may come and go, and `strict` gets what is left of it. */
MUST_USE enum status record_patch_tree(enum patch_form form, const struct type *type, void *record,
				       struct str patch, struct arena *arena,
				       struct json_strict *strict, struct fault *why);

#endif
