/*
 * Commons: long bytes that many have in common, kept once.
 *
 * One thread has the table and takes out of it; a reference may be given back on any thread. What nobody holds any more goes when the table
 * has doubled since it was last gone through, so that is what bounds it.
 */
#ifndef RUNTIME_BASE_COLLECTION_COMMON_H
#define RUNTIME_BASE_COLLECTION_COMMON_H

#include "runtime/base/collection/map.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"

struct common;

/* Zeroed: empty. */
struct commons {
	struct map by_hash; /* of two that are alike in that the later one */
	uint32_t sweep_at;  /* so many are gone through */
};

/* What was taken stays good. */
void commons_fini(struct commons *commons);
/* Whether they are worth it; of no commons nothing is. */
bool commons_wants(const struct commons *commons, struct str bytes);
/* A copy of the bytes, or the one that is there, with a reference. */
GIVE struct common *commons_take(struct commons *commons, struct str bytes);
uint32_t commons_len(const struct commons *commons);

struct str common_bytes(const struct common *common);
void common_unref(TAKE struct common *common); /* NULL is fine */

#endif
