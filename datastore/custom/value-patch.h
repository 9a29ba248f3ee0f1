/*
 * Patches of values: JSON Patch (RFC 6902) and merge patch (RFC 7386) over a tree, for objects whose types cannot hold all that a patch
 * may say.
 *
 * Like datastore/object/patch, with the same words: INVALID when an operation does not apply, BAD_REQUEST for a patch that is none, TOO_LARGE
 * for too many operations. The tree is the caller's own and in an undefined but sound state after a failure. Values of the patch become part of it.
 */
#ifndef DATASTORE_CUSTOM_VALUE_PATCH_H
#define DATASTORE_CUSTOM_VALUE_PATCH_H

#include "datastore/custom/value.h"
#include "runtime/base/fault.h"
#include "runtime/base/status.h"

MUST_USE enum status value_patch_json(struct value *value, struct str patch, struct arena *arena,
				      struct fault *why);
MUST_USE enum status value_patch_merge(struct value *value, struct str patch, struct arena *arena,
				       struct fault *why);

#endif
