/*
 * Selecting: which objects a list, a watch or a deletecollection means, and which field selectors a kind offers.
 *
 * Label selectors work for all; field selectors only on the fields of the table here, which is upstream's.
 */
#ifndef ACTORS_SERVER_VERB_SELECT_H
#define ACTORS_SERVER_VERB_SELECT_H

#include "actors/server/options.h"
#include "datastore/object/object.h"

/* BAD_REQUEST with upstream's words for the first field that the kind does not offer. `type` NULL: names only. */
MUST_USE enum status select_check(const struct type *type, const struct selector *fields,
				  struct fault *why);

/* `scratch` is reset by the caller when it likes. */
bool select_matches(const struct options *options, const struct object *object,
		    struct arena *scratch);
bool select_matches_both(const struct selector *labels, const struct selector *fields,
			 const struct object *object, struct arena *scratch);
/* Whether the options select at all: without, remainingItemCount can be told. */
bool select_is_all(const struct options *options);

#endif
