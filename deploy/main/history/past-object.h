/*
 * An old version of an object as it would be written today. Pure.
 *
 * What the server makes is left out (uid, generation, timestamps, managedFields, status); where the object still lives, it names the version
 * that it is to take the place of, so that a change that comes between is not lost.
 */
#ifndef DEPLOY_MAIN_HISTORY_PAST_OBJECT_H
#define DEPLOY_MAIN_HISTORY_PAST_OBJECT_H

#include "datastore/custom/value.h"
#include "runtime/base/base.h"

/* `now` NULL: it is not there any more, and is made again. CONFLICT with words: what cannot be. */
MUST_USE enum status past_object(const struct value *past, const struct value *now,
				 struct str api_version, struct str kind, struct arena *arena,
				 struct text *out, struct fault *why);

#endif
