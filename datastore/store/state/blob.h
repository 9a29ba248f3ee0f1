/*
 * A blob: counted, immutable bytes; how one value is in the index, in watch events and in answers at once.
 *
 * Anybody in the same host may hold one: blob_ref to keep it, blob_unref to let it go. Counting is
 * not atomic: references move on the loop only, a job borrows what its starter holds. At most
 * LIMIT_OBJECT_BYTES long, checked by whoever takes bytes from outside.
 */
#ifndef DATASTORE_STORE_STATE_BLOB_H
#define DATASTORE_STORE_STATE_BLOB_H

#include "runtime/base/arena.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"

struct blob {
	uint32_t refs;
	uint32_t len;
	char at[];
};

GIVE struct blob *blob_new(struct str bytes); /* copies; one reference */
struct blob *blob_ref(struct blob *blob);     /* NULL gives NULL */
void blob_unref(TAKE struct blob *blob);      /* NULL is fine */
struct str blob_str(const struct blob *blob); /* NULL gives the absent string */

/* Takes a reference that ends with the arena. */
struct blob *blob_hold(struct arena *arena, struct blob *blob);
/* The same for many, none of them NULL; the array lies in the arena. */
void blob_hold_all(struct arena *arena, struct blob *const *blobs, uint32_t count);

#endif
