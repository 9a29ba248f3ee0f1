/*
 * Two versions of an object: which fields differ, and who changed them. Pure.
 *
 * Bookkeeping (metadata.managedFields, resourceVersion, generation) counts as nothing. Elements of lists are held against each other by
 * their `name` where all have one, else by their place. Who it was is what managed fields say: those of the entries that are new.
 */
#ifndef DEPLOY_MAIN_HISTORY_DIFFERENCE_H
#define DEPLOY_MAIN_HISTORY_DIFFERENCE_H

#include "datastore/custom/value.h"

#define DIFFERENCE_FIELDS_MAX 64U
#define DIFFERENCE_SHOWN_MAX 60U /* of a value, in characters */

struct difference_field {
	struct str path;    /* spec.template.spec.containers[web].image */
	struct str was, is; /* as JSON, cut; absent: it was not there */
};

struct difference {
	struct difference_field fields[DIFFERENCE_FIELDS_MAX];
	uint32_t count;
	uint32_t more; /* that found no room */
};

/* Either may be NULL: it was not there. `hides` shows no values, of secrets. */
void difference_find(const struct value *was, const struct value *is, bool hides,
		     struct arena *arena, struct difference *out);
/* "kubectl-client-side-apply, kubelet (status)"; empty: nobody says so. */
struct str difference_by(const struct value *was, const struct value *is, struct arena *arena);

#endif
