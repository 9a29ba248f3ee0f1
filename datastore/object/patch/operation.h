/*
 * Operations of a JSON patch (RFC 6902) before they are applied to anything: read, named, and the words when they do not apply.
 *
 * Records and trees follow the pointers each in their own way; what a patch looks like and what its user is told is the same.
 * The words are those of the library that upstream's API server applies patches with, since clients compare them.
 */
#ifndef DATASTORE_OBJECT_PATCH_OPERATION_H
#define DATASTORE_OBJECT_PATCH_OPERATION_H

#include "runtime/base/arena.h"
#include "runtime/base/fault.h"
#include "runtime/base/str.h"

/* Of a merge patch that is a list. */
#define PATCH_IS_ARRAY                                                              \
	"error decoding patch: json: cannot unmarshal array into Go value of type " \
	"map[string]interface {}"

struct operation {
	struct str name, path, from;
	struct str value; /* raw JSON; absent if not given */
};

struct operation_list {
	struct operation *at;
	uint32_t len;
};

/* BAD_REQUEST: no list of objects; INVALID: one has no path; TOO_LARGE: over LIMIT_PATCH_OPERATIONS. Raw values lie in `raw`. */
MUST_USE enum status operation_read(struct str raw, struct arena *arena, struct operation_list *out,
				    struct fault *why);

/* Cuts the next reference token off a pointer's rest, ~1 and ~0 turned back into / and ~ (RFC 6901, section 4). */
struct str operation_token(struct str *rest, struct arena *arena);
/* A pointer to something has to begin with a slash; the empty one names the whole. */
bool operation_is_pointer(struct str path);

bool operation_is_known(const struct operation *op);
bool operation_has_from(const struct operation *op); /* move and copy */

/* What `path` of the operation names is not there. All of these set a fault and return its status. */
MUST_USE enum status operation_missing(const struct operation *op, struct str path,
				       struct fault *why);
MUST_USE enum status operation_no_index(const struct operation *op, struct str path, uint32_t index,
					struct fault *why);
MUST_USE enum status operation_no_key(const struct operation *op, struct str path, struct str key,
				      struct fault *why);
MUST_USE enum status operation_unknown(const struct operation *op, struct fault *why);
MUST_USE enum status operation_not_equal(const struct operation *op, struct fault *why);
bool operation_is_failed_test(const struct fault *why); /* by the last: all before it fit */
MUST_USE enum status operation_not_replaced(const struct operation *op, struct fault *why);
/* `copied` bytes so far by all operations of a patch: INVALID beyond LIMIT_BODY_BYTES. */
MUST_USE enum status operation_check_copied(uint64_t copied, struct fault *why);

#endif
