/*
 * A shelf: the objects of one informer by namespace and name, and by what its indexes say of them.
 *
 * For informer.c. Of a kind of which only the metadata is looked at (TYPE_METADATA_ONLY) each lies there as an outline and is an object again
 * for as long as somebody looks at it; of all others the objects themselves lie there. What is given out is counted or, where it says so,
 * borrowed until the call returns. Nothing may be put while it is walked. Bounded by the number of objects.
 */
#ifndef ACTORS_CLIENT_SHELF_SHELF_H
#define ACTORS_CLIENT_SHELF_SHELF_H

#include "datastore/object/object.h"
#include "runtime/base/base.h"

#define SHELF_INDEXES_MAX 4U

struct shelf;

/* As informer_each and informer_index have them. */
typedef bool shelf_each_fn(void *arg, const struct object *object); /* false ends the walk */
typedef struct str shelf_index_fn(const struct object *object);

GIVE struct shelf *shelf_new(const struct type *type);
void shelf_free(TAKE struct shelf *shelf);
uint32_t shelf_len(const struct shelf *shelf);
/* Made before anything is put; its number. */
uint32_t shelf_index(struct shelf *shelf, shelf_index_fn *value_of);

/*
 * The object was seen by that list, and takes its place if it is newer than what is there. False: it is not. `out_old` is what was there; NULL:
 * nothing.
 */
bool shelf_put(struct shelf *shelf, const struct object *object, uint32_t list, struct mono now,
	       GIVE const struct object **out_old);
/* What was there; NULL: nothing. */
GIVE const struct object *shelf_remove(struct shelf *shelf, struct str namespace, struct str name);
/* Takes away those that this list has not seen. Each is told when it has gone, in order of keys, and borrowed. */
typedef void shelf_gone_fn(void *arg, const struct object *last);
void shelf_sweep(struct shelf *shelf, uint32_t list, shelf_gone_fn *gone, void *arg);

bool shelf_has(const struct shelf *shelf, struct str namespace, struct str name);
/* NULL: it is not there. The first borrows until the next change, and is for objects alone. */
const struct object *shelf_get(const struct shelf *shelf, struct str namespace, struct str name);
GIVE const struct object *shelf_take(const struct shelf *shelf, struct str namespace,
				     struct str name);
/* Since when it has been as it is; NULL: it is not there, or an outline, of which that is not known. */
struct mono *shelf_since(const struct shelf *shelf, struct str namespace, struct str name);
/* As informer_each and informer_by have it. */
void shelf_each(const struct shelf *shelf, struct str namespace, shelf_each_fn *each, void *arg);
void shelf_by(const struct shelf *shelf, uint32_t index, struct str value, shelf_each_fn *each,
	      void *arg);

#endif
