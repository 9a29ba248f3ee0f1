/*
 * A scene: a world made of a few short YAML texts, for tests of one controller.
 *
 *     struct scene scene = scene_open();
 *     scene_add(&scene, "{apiVersion: v1, kind: Node, metadata: {name: n1}}");
 *     CHECK_PLAN(&scene, &node_lifecycle_controller, "/n1", "update v1 Node n1\n  spec.unschedulable: - -> true\n");
 *
 * What a text leaves out is filled in: defaults, namespace default, uid "<kind>-<name>", age one hour, generation 1. Plans
 * are printed with one line a write and one a value that it changes; of what is created only the values under `show`.
 * scene_apply does to the world what the API server would, so that reconciling goes on until nothing is left to do.
 * Everything lives in the test's arena.
 */
#ifndef TESTS_UNIT_ACTORS_CONTROLLERS_SCENE_H
#define TESTS_UNIT_ACTORS_CONTROLLERS_SCENE_H

#include "actors/controller/controller.h"
#include "actors/controller/kinds.h"
#include "actors/controller/plan-private.h"
#include "tests/lib/test.h"

#define SCENE_NOW "2026-01-02T03:04:05Z"

#define SCENE_ANSWERS_MAX 16U

struct scene {
	struct arena *arena;
	struct wall now;
	const struct object **objects; /* in the order they came */
	uint32_t len, cap;
	struct kinds *kinds; /* of everything; a CustomResourceDefinition among the objects adds its own */
	struct map *places;  /* kind and key -> index in objects + 1 */
	uint64_t revision;   /* of the last write */
	int64_t unchanged_s; /* since when everything is as it is */
	uint64_t lag;        /* how far the caches of all kinds are behind */
	uint64_t names;      /* generated so far */
	const char *show; /* paths of created objects that are printed: "spec.replicas metadata.labels" */
	const char *
	    hide; /* paths that are never printed; "status": writes through it; "events"; "again" */
	const struct world_failure *failure; /* what the next plan is told of its last turn; or NULL */
	struct str memory; /* of the key that was reconciled last, when its plan was applied */
	struct world_answer answers[SCENE_ANSWERS_MAX]; /* to what plans ask */
	uint32_t answer_count;
	uint32_t writes;  /* applied so far */
	uint32_t refused; /* of them those that the server would have refused */
};

struct scene scene_open(void);
/* Adds or replaces the objects of a YAML stream. */
void scene_add(struct scene *scene, const char *format, ...) __attribute__((format(printf, 2, 3)));
void scene_remove(struct scene *scene, const struct type *type, const char *key);
void scene_pass(struct scene *scene, int64_t seconds);
/* By "namespace/name"; NULL: there is none. */
const void *scene_get_(const struct scene *scene, const struct type *type, const char *key);
#define scene_get(scene, key, T) ((const struct T *)scene_get_((scene), &T##_type, (key)))
uint32_t scene_count(const struct scene *scene, const struct type *type);

/*
 * What the API server says to a plan that asks, in place of what it said before: with OK a record of that type in YAML, else the words of
 * the failure. What has no answer is "code 404".
 */
void scene_answer(struct scene *scene, const char *path, const struct type *type,
		  enum status status, const char *text);
/* One reconcile, with what it asks. The key is "namespace/name", "/name" for kinds of the cluster. */
struct plan *scene_reconcile(struct scene *scene, const struct controller *controller,
			     const char *key);
struct str scene_print(const struct scene *scene, const struct plan *plan);
void scene_apply(struct scene *scene, struct plan *plan);

/* The keys that a change of an object wakes, besides its own: "a/b c/d ". */
struct str scene_wakes(struct scene *scene, const struct controller *controller,
		       const struct type *type, const char *key);

/* Runs the controllers over all their keys, round by round, until none writes anything; how many rounds wrote. Fails past 200. */
uint32_t scene_settle(struct scene *scene, const struct controller *const *controllers);
/* One such round: how many writes there were. */
uint32_t scene_round(struct scene *scene, const struct controller *const *controllers);
/* What the scheduler and the nodes would do: pods are bound to n1, run and are ready; those being deleted go. How many. */
uint32_t scene_run_pods(struct scene *scene);

#define CHECK_PLAN(scene, controller, key, text) \
	scene_check(__FILE__, __LINE__, (scene), (controller), (key), (text))
void scene_check(const char *file, int line, struct scene *scene,
		 const struct controller *controller, const char *key, const char *text);

#endif
