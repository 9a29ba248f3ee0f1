/*
 * Controllers: pure functions from what the cache shows to what should be written.
 *
 * A controller is a row: which kind it reconciles, what wakes it, and one function
 * `reconcile(world, key, plan)`. The framework (runner.c, one actor per controller) keeps the caches, turns
 * events into keys, never runs one key twice at once, sends the plan in order, retries CONFLICT from fresh state, backs
 * off on failures, and does not run a key again before the cache has passed the revision of the key's own
 * writes: with one revision for the whole store that replaces "expectations". What depends on the result
 * of a write happens in the next call, which sees it. Level-triggered: a key may run at any time and must then do only what is still missing.
 *
 * Controllers act only on the node that leads the datastore; their writes carry that leader's term, so a deposed one is refused.
 */
#ifndef ACTORS_CONTROLLER_CONTROLLER_H
#define ACTORS_CONTROLLER_CONTROLLER_H

#include "actors/controller/plan.h"
#include "actors/controller/world.h"
#include "datastore/schema/meta.h"
#include "datastore/schema/type.h"
#include "runtime/base/base.h"

/* What else wakes a key of this controller besides the object itself and what it owns. */
struct trigger {
	const struct type *type;
	/* Adds the keys that a change of `object` concerns (plan-free, no writes): trigger_wake(to, key). */
	void (*wakes)(const struct world *world, const struct object *object,
		      const struct object *old, struct wake *to);
	bool is_asked_at_start; /* about every object that is there when the controller starts */
	const char *
	    fields; /* only objects that this field selector chooses are cached and wake; NULL: all */
};

#define CONTROLLER_TRIGGERS_MAX 6
#define CONTROLLER_OWNS_MAX 4
#define CONTROLLER_READS_MAX 8
#define CONTROLLER_PATCHES_MAX 2

struct controller {
	const char *name; /* "deployment"; the user is system:serviceaccount:kube-system:<account> */
	const char *account; /* service account upstream's bootstrap roles name: deployment-controller */
	const struct type *reconciles; /* kind of the keys; its events wake its own key */
	const struct type *owns[CONTROLLER_OWNS_MAX]; /* their controlling owner's key is woken */
	struct trigger triggers[CONTROLLER_TRIGGERS_MAX]; /* other kinds */
	const struct type *reads[CONTROLLER_READS_MAX];   /* cached, but wake nothing */
	/* Kinds that its role may patch but not update: what a plan changes in them is sent as a patch. */
	const struct type *patches[CONTROLLER_PATCHES_MAX];
	/*
	 * The kinds of everything (kinds.h), also those that come later: garbage collector, namespaces. Of those that no row wants by name only who
	 * the objects are, who owns them, what holds them and whether they are on their way out.
	 */
	bool reads_all;
	/* With reads_all: called with every change of any kind, in place of triggers. */
	void (*wakes)(const struct world *world, const struct object *object,
		      const struct object *old, struct wake *to);
	uint32_t workers;   /* keys whose plans may be under way at once; 0: 5 */
	uint32_t resync_ms; /* all keys again after so long; 0: never */
	enum status (*reconcile)(const struct world *world, struct key key, struct plan *plan);
	const void *arg; /* world_arg gives it back: for rows that are made at run time */
};

void wake_key(struct wake *to, struct str namespace, struct str name);

/* Every controller of this program, in the order of start (actors/controllers/controllers.c). */
extern const struct controller *const controllers[]; /* ends in NULL */

/*
 * The actor of one controller. `args` is a struct runner_args. It crashes when the caches end, and comes back with the next
 * ones; it ends normally when the datastore says that its term is over: whoever started it hears of the next leader.
 */
struct runner_args {
	const struct controller *controller;
	const char *api;         /* registered name of the API server to talk to */
	uint64_t term;           /* of the leader we act for; writes carry it */
	struct figures *figures; /* where it counts; NULL: nowhere */
};
extern const struct act_class controller_class;

#endif
