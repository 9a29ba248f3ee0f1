/*
 * What stands behind a world: a face over caches, or over a few records in a test. Only for this folder and tests/lib.
 */
#ifndef ACTORS_CONTROLLER_WORLD_PRIVATE_H
#define ACTORS_CONTROLLER_WORLD_PRIVATE_H

#include "actors/controller/world.h"

/*
 * BY_OWNER: the controlling owner's uid, else the first owner's. MANY_OWNERS: "+" for objects with several. BY_PLACE: a pod's
 * node, a definition's group. UNCONTROLLED: the namespace of objects of namespaces that no owner controls.
 */
enum world_index { WORLD_BY_OWNER, WORLD_MANY_OWNERS, WORLD_BY_PLACE, WORLD_UNCONTROLLED };
#define WORLD_MANY STR("+")

struct world_face {
	/* Borrowed at least as long as the arena lasts. What the walks show may be gone when `each` returns. */
	const struct object *(*get)(void *self, struct arena *arena, const struct type *type,
				    struct key key);
	void (*each)(void *self, const struct type *type, struct str namespace, world_each_fn *each,
		     void *arg);
	uint64_t (*revision)(void *self, const struct type *type);
	/* Since when it has been shown as it is; 0: it is not there. */
	struct mono (*since)(void *self, const struct type *type, struct key key);
	/* The kinds that are cached; NULL past the last. */
	const struct type *(*type)(void *self, uint32_t index);
	/* The kinds of everything (kinds.h). */
	const struct type *(*kind)(void *self, uint32_t index);
	const struct type *(*kind_named)(void *self, struct str group, struct str kind);
	void (*by)(void *self, const struct type *type, enum world_index index, struct str value,
		   world_each_fn *each, void *arg);
};

struct world {
	const struct world_face *face;
	void *self;
	struct arena *arena;
	struct wall now;
	struct mono clock;                   /* the same moment, by the clock that never jumps */
	const struct world_failure *failure; /* or NULL */
	const void *arg;                     /* the controller's */
	const struct world_answer *answers;  /* of this turn */
	uint32_t answer_count;
	struct str memory;
};

/* The value by which an object is found in an index; absent: in none. */
struct str world_index_of(enum world_index index, const struct object *object);

/* Where trigger functions put keys. */
struct wake {
	void (*add)(void *arg, struct str namespace, struct str name);
	void *arg;
};

#endif
