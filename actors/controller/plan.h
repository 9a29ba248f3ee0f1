/*
 * A plan: the writes one reconcile wants, in order. Nothing is sent while it is made.
 *
 * Records made here are cleared or cloned into the plan's arena and may be filled until reconcile returns; what they point
 * to must be the plan's too, or constant: the world's records are gone by the time a write is sent.
 * The framework sends them in order (creates of one call in doubling batches that stop at the first
 * failure), against the revision of what was read. At most PLAN_WRITES_MAX; past that the rest waits for the next call.
 */
#ifndef ACTORS_CONTROLLER_PLAN_H
#define ACTORS_CONTROLLER_PLAN_H

#include "actors/controller/world.h"
#include "datastore/schema/meta.h"
#include "datastore/schema/type.h"
#include "runtime/base/base.h"

struct plan;
struct authorization_subject_access_review_spec;

enum plan_delete_how { PLAN_BACKGROUND, PLAN_FOREGROUND, PLAN_ORPHAN };

struct arena *plan_arena(struct plan *plan);
/* A deep copy of any record of the world, to be put into one of the plan. */
void *plan_copy_(struct plan *plan, const struct type *type, const void *record);

/* A new object: empty but for metadata.name and namespace. */
void *plan_new_(struct plan *plan, const struct type *type, struct str namespace, struct str name);
/* The same in the owner's namespace, with the owner's controlling reference. An absent name asks for generateName = owner's name + "-". */
void *plan_new_child_(struct plan *plan, const struct type *type, const struct type *owner_type,
		      const struct meta_object_meta *owner, struct str name);
/* A clone to change: written as an update if it then differs. The second call for the same object gives the same clone. */
void *plan_edit_(struct plan *plan, const struct type *type, const void *record);
/* The same, written through the status subresource. */
void *plan_status_(struct plan *plan, const struct type *type, const void *record);
/* A write through another subresource, e.g. finalize of a namespace or binding of a pod. */
void *plan_subresource_(struct plan *plan, const struct type *type, const void *record,
			const char *subresource);
void plan_delete_(struct plan *plan, const struct type *type, const struct meta_object_meta *object,
		  enum plan_delete_how how, int64_t grace_s); /* grace < 0: the object's own */
/* A write of raw request form for what has no record here (garbage collector: any resource): path, verb, content type, body. */
void plan_request(struct plan *plan, const char *verb, struct str path, struct str content_type,
		  struct str body);

/*
 * The writes behind it are made only if the user may do this: the server is asked (SubjectAccessReview). Else the plan has failed, with FORBIDDEN, of the type
 * of the review.
 */
void plan_review(struct plan *plan, const struct authorization_subject_access_review_spec *spec);

/*
 * An event about an object. It tells of the writes that were planned before it, so it is written when they have been
 * made, and not at all if one of them fails. Repeats are counted and many like it are joined, see recorder.h.
 */
void plan_event(struct plan *plan, const struct type *type, const struct meta_object_meta *about,
		bool is_warning, const char *reason, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
/*
 * What the caches do not hold is read from the API server, and the key is looked at again, within the same turn, with what it answered
 * (world_answer). A plan that asks is made of nothing else: whatever else it says is passed over. At most PLAN_ASKS_MAX reads a plan.
 */
#define PLAN_ASKS_MAX 64U
void plan_ask(struct plan *plan, struct str path, const struct type *type);
/* What this key's next turn is told, if this one's writes are made; absent: nothing, and nothing is kept. At most PLAN_MEMORY_MAX. */
#define PLAN_MEMORY_MAX (16U * KIB)
void plan_remember(struct plan *plan, struct str bytes);
/* Look again after so long even if nothing changes. */
void plan_again(struct plan *plan, int64_t after_ms);
/* Look again when the cache of that kind has seen everything up to the revision; it is asked to hurry. */
void plan_await(struct plan *plan, const struct type *type, uint64_t revision);
/* Whether it has; if not the plan awaits it. */
bool plan_has_seen(struct plan *plan, const struct world *world, const struct type *type,
		   uint64_t revision);

#define plan_new(plan, namespace, name, T) \
	((struct T *)plan_new_((plan), &T##_type, (namespace), (name)))
#define plan_new_child(plan, owner, O, name, T) \
	((struct T *)plan_new_child_((plan), &T##_type, &O##_type, (owner)->metadata, (name)))
#define plan_edit(plan, record, T) ((struct T *)plan_edit_((plan), &T##_type, (record)))
#define plan_status(plan, record, T) ((struct T *)plan_status_((plan), &T##_type, (record)))
#define plan_copy(plan, record, T) ((struct T *)plan_copy_((plan), &T##_type, (record)))
#define plan_delete(plan, record, T) \
	plan_delete_((plan), &T##_type, (record)->metadata, PLAN_BACKGROUND, -1)

#endif
