/*
 * ConversionReview: how a webhook is asked to convert custom resources, and what it may answer.
 *
 * Pure functions, for conversions.c. Of what comes back only labels, annotations and what is no metadata are taken; all else has to be what
 * it was. Upstream's apiextensions-apiserver/pkg/apiserver/conversion.
 */
#ifndef ACTORS_SERVER_OUTSIDE_CONVERSION_REVIEW_H
#define ACTORS_SERVER_OUTSIDE_CONVERSION_REVIEW_H

#include "datastore/object/object.h"
#include "runtime/base/fault.h"

/* v1 or v1beta1, the first of the list that is known; absent: none. */
struct str conversion_review_version(struct str_list versions);

/* The objects are of one definition; each is asked about in the version that it is kept in. */
struct str conversion_review_ask(struct str version, struct str uid, const struct type *to,
				 const struct object *const *objects, uint32_t count,
				 struct arena *arena);

/* Objects of `to` in `out`, one for each, frozen; each a reference of the caller's. BAD_REQUEST with upstream's words: none is made. */
MUST_USE enum status conversion_review_read(struct str body, struct str version, struct str uid,
					    const struct type *to,
					    const struct object *const *objects, uint32_t count,
					    const struct object **out, struct str *words,
					    struct arena *arena);

#endif
