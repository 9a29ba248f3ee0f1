/*
 * Server-side apply: a configuration becomes part of an object, in the name of a manager who then owns what it says.
 *
 * What somebody else owns and would get another value is a conflict, unless it is forced; what the manager owned alone and no longer says
 * goes. One step of the table of steps that the API server goes through; everything is in the arena of the request.
 */
#ifndef DATASTORE_OBJECT_APPLY_APPLY_H
#define DATASTORE_OBJECT_APPLY_APPLY_H

#include "datastore/object/apply/managed.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/fault.h"
#include "runtime/base/status.h"

/* The annotation in which kubectl keeps what it applied by itself. */
#define APPLY_LAST_ANNOTATION STR("kubectl.kubernetes.io/last-applied-configuration")

struct apply {
	const struct type *type;
	const void *live; /* as upstream's server holds it; NULL: the object is new */
	const void *said; /* the configuration as it was decoded, without defaults */
	struct str said_json;
	struct str manager, api_version, subresource;
	bool is_forced;
	struct fields resets;
	struct wall now;
	managed_convert_fn *convert;
	void *convert_arg;
};

struct apply_conflict {
	struct str with; /* "kubectl" using apps/v1 */
	struct str path;
};
struct apply_outcome {
	void *record; /* without defaults; metadata.managedFields as it has to be */
	struct apply_conflict *conflicts;
	uint32_t conflict_count;
};

/*
 * CONFLICT: `out` has the conflicts, by owner. INVALID: the configuration has elements that cannot be told apart; BAD_REQUEST: what the
 * object says of its owners cannot be read.
 */
MUST_USE enum status apply_run(const struct apply *apply, struct arena *arena,
			       struct apply_outcome *out, struct fault *why);

/* `Apply failed with 1 conflict: conflict with "kubectl" using apps/v1: .spec.replicas` */
struct str apply_conflict_text(const struct apply_outcome *outcome, struct arena *arena);

#endif
