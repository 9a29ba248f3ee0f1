/*
 * The world: what a controller may look at, the caches of one host at one moment.
 *
 * Reads are pointer reads; everything given out is frozen and borrowed until reconcile returns. Informers
 * are shared by all controllers of a host (one cache a kind, however many ask).
 */
#ifndef ACTORS_CONTROLLER_WORLD_H
#define ACTORS_CONTROLLER_WORLD_H

#include "datastore/object/object.h"
#include "datastore/schema/meta.h"
#include "datastore/schema/type.h"
#include "runtime/base/base.h"

struct world;
struct wake;

struct key {
	struct str namespace, name;
};

/* The kinds of everything (kinds.h), those of definitions included, for controllers that read all; NULL past the last. */
const struct type *world_kind(const struct world *world, uint32_t index);
/* One of them by name, also one whose definition went, of which nothing is there; NULL: it is not known here. */
const struct type *world_kind_named(const struct world *world, struct str group, struct str kind);

/* Records of one kind, borrowed from the world. */
struct records {
	const void *const *at;
	uint32_t len;
};

/* Virtual in simulation and in tests. */
struct wall world_now(const struct world *world);
/* For lists and results of this call; freed when reconcile returns. */
struct arena *world_arena(const struct world *world);

/* Of the controller's row. */
const void *world_arg(const struct world *world);

/* For who looks at many and keeps none: they are there until `each` returns, which ends the walk by false. Absent namespace: all. */
typedef bool world_each_fn(void *arg, const struct object *object);
void world_each(const struct world *world, const struct type *type, struct str namespace,
		world_each_fn *each, void *arg);

const void *world_get_(const struct world *world, const struct type *type, struct key key);
struct records world_list_(const struct world *world, const struct type *type, struct str namespace);
struct records world_owned_(const struct world *world, const struct type *type,
			    const struct meta_object_meta *owner);
/* Of a namespace those that no owner controls and whose labels the selector matches: for adopting them. By index. */
struct records world_adoptable_(const struct world *world, const struct type *type,
				struct str namespace, const struct meta_label_selector *selector);
/* By index: pods of a node, CustomResourceDefinitions of a group. */
struct records world_pods_on(const struct world *world, struct str node);
struct records world_definitions_of(const struct world *world, struct str group);

/* The kind is named once and the result has its type; the cast cannot disagree with the table. */
#define world_get(world, key, T) ((const struct T *)world_get_((world), &T##_type, (key)))
#define world_list(world, namespace, T) \
	world_list_((world), &T##_type, (namespace)) /* absent namespace: all */
/* Of the objects of a namespace those whose labels the selector matches; one that is absent or cannot be read matches none. */
struct records world_matching_(const struct world *world, const struct type *type,
			       struct str namespace, const struct meta_label_selector *selector);
/* The same with a plain map, which matches nothing when it is empty. */
struct records world_labelled_(const struct world *world, const struct type *type,
			       struct str namespace, struct str_map labels);
bool world_selects(const struct meta_label_selector *selector, struct str_map labels);
/* Everything of this kind up to here has been seen. */
uint64_t world_revision(const struct world *world, const struct type *type);
/*
 * How long an object has been shown as it is, by our own clock: what others write into their objects may be of clocks that
 * differ. Begins anew when the caches do, and for a lease when its node has said that it is there. A lease whose node is known to
 * be out of reach is doubtful (liveness.h): WORLD_DOUBT_MS more than it has been so. -1: there is no such object.
 */
#define WORLD_DOUBT_MS (86400LL * 1000)
int64_t world_unchanged_ms(const struct world *world, const struct type *type, struct key key);
/* Whoever names this uid among its owners, of any cached kind, controlling or not: objects, since their kinds differ. */
struct objects {
	const struct object *const *at;
	uint32_t len;
};
struct objects world_dependents(const struct world *world, struct str uid);
/* The metadata of a record of any kind; the second of one that a plan gave to be changed. */
const struct meta_object_meta *world_meta(const struct type *type, const void *record);
struct meta_object_meta *world_meta_edit(const struct type *type, void *record);
/* Whether two records of a kind mean the same. */
bool world_same_(const struct type *type, const void *a, const void *b);
const struct object *world_object(const struct world *world, const struct type *type,
				  struct key key);

/*
 * What the writes of this key's last turn failed with, so that status and events can tell; NULL: there was no such turn, or
 * all were made. Conflicts are not told: the next turn sees why.
 */
struct world_failure {
	const struct type *type; /* of what was to be written */
	bool is_create;          /* else it was changed or deleted */
	bool is_delete;
	enum status status;
	struct str message; /* the server's */
};
const struct world_failure *world_failure(const struct world *world);

/*
 * What the API server answered to plan_ask in this turn; NULL: that has not been asked. What has no Status of its own is told by its
 * code alone: "code 404".
 */
struct world_answer {
	struct str path;
	enum status status;
	struct str message; /* with a failure */
	const void *record; /* else */
};
const struct world_answer *world_answer(const struct world *world, struct str path);
/* As plan_remember of the key's last turn had it, aligned; absent: nothing, as after every start of the controller. */
struct str world_memory(const struct world *world);

#define world_owned(world, owner, T) world_owned_((world), &T##_type, (owner)->metadata)
#define world_matching(world, namespace, T, selector) \
	world_matching_((world), &T##_type, (namespace), (selector))
#define world_labelled(world, namespace, T, labels) \
	world_labelled_((world), &T##_type, (namespace), (labels))
#define world_same(a, b, T) world_same_(&T##_type, (a), (b))
#define record_at(records, i, T) ((const struct T *)(records).at[i])

#endif
