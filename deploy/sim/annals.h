/*
 * The annals: what every replica of a simulated cluster says has happened, revision by revision, and the objects that come of it.
 *
 * A witness beside each store (witness.c) writes into them. A contradiction fails the test at once, after the very step that made it:
 *   - a term has one leader;
 *   - a replica tells each revision once and in order, without a gap, and all tell the same: what was written, when it was
 *     created, its version, its lease (so their logs agree as far as they are applied);
 *   - an object keeps its uid as long as it exists, no other has it, now or ever, and a version counts by one;
 *   - a pod that was bound stays on its node, and has an address that no other has that is not going;
 * The world is what the newest revision that anybody told makes of it.
 */
#ifndef DEPLOY_SIM_ANNALS_H
#define DEPLOY_SIM_ANNALS_H

#include "datastore/object/object.h"
#include "datastore/store/store.h"
#include "runtime/base/base.h"

#define ANNALS_REPLICAS 16U

struct annals;

struct annals *annals_new(void);
void annals_free(struct annals *annals);

/* The store of that replica says that it leads this term. */
void annals_lead(struct annals *annals, uint32_t replica, uint64_t term);
/* Its next events are those after this revision: it is asked for them, or has no older ones. */
void annals_skip(struct annals *annals, uint32_t replica, uint64_t revision);
void annals_tell(struct annals *annals, uint32_t replica, const struct store_events *events);

/* The last revision that a replica has told of; it goes on from there in its next life. */
uint64_t annals_told(const struct annals *annals, uint32_t replica);
uint64_t annals_revision(const struct annals *annals);
uint64_t annals_terms(const struct annals *annals); /* that had a leader */
/* The last revision at which something other than leases of nodes and events changed. */
uint64_t annals_changed(const struct annals *annals);
struct str annals_changed_key(const struct annals *annals); /* what did; borrowed */

/* Whether there is anything at this key of the store. */
bool annals_has(const struct annals *annals, struct str key);
/* Every object of a type, or of all types if it is NULL, in no order; false from `each` ends it. */
void annals_each(const struct annals *annals, const struct type *type,
		 bool (*each)(void *arg, const struct object *object), void *arg);
/* NULL: there is none. By kind and name; namespace "" for those that have none. */
const struct object *annals_find(const struct annals *annals, const struct type *type,
				 struct str namespace, struct str name);
const struct object *annals_of_uid(const struct annals *annals, struct str uid);

#endif
