/*
 * What a person means by KIND/NAME: `deployment/web`, `deploy/web`, `widgets.example.com/one`.
 *
 * Kinds of the table are found by name, singular, kind or short name in any case, with `.group` behind it if that is needed; others in the
 * CustomResourceDefinitions. Pure.
 */
#ifndef DEPLOY_MAIN_HISTORY_TARGET_H
#define DEPLOY_MAIN_HISTORY_TARGET_H

#include "datastore/custom/value.h"
#include "runtime/base/base.h"

struct target {
	struct str group, version, plural, kind;
	struct str namespace, name;
	struct str key; /* where the store has it */
	struct str collection; /* where the API has its like: /apis/apps/v1/namespaces/default/deployments */
	bool is_secret; /* its values are not for the eye */
};

/* NOT_FOUND: no such kind in the table; it may be one of a definition. BAD_REQUEST with words. */
MUST_USE enum status target_find(struct str what, struct str namespace, struct arena *arena,
				 struct target *out, struct fault *why);
/* `definitions`: the list that the API gives. NOT_FOUND with words. */
MUST_USE enum status target_find_custom(struct str what, struct str namespace,
					const struct value *definitions, struct arena *arena,
					struct target *out, struct fault *why);

#endif
