#include "actors/controller/storage/volume-match.h"
#include "actors/scheduler/criterion.h"
#include "actors/scheduler/scheduler-private.h"
#include "actors/scheduler/volumes.h"
#include "datastore/schema/core.h"

#define WAIT_NS (600 * TIME_S) /* upstream's bindTimeoutSeconds */

/* One claim that was given a volume, or for which one is being provisioned. Names are in the pod's arena. */
struct awaited {
	struct str claim, volume; /* volume is absent while it is to be provisioned */
	bool is_seen; /* the cache has our word: if that goes away again, whoever had to act has given up */
};

static struct str namespace_of(const struct volume_wait *wait)
{
	return pod_info_meta(wait->pod)->namespace;
}

/* ---- beginning ------------------------------------------------------------------------------------------------ */

static void add_wait(struct scheduler *scheduler, struct act *act, struct pod_info *pod,
		     struct str node, const struct volume_choice *choices, uint32_t count)
{
	struct volume_wait wait = { .pod = pod_info_ref(pod),
				    .node = arena_str(pod->arena, node),
				    .until = { act_now(act).ns + WAIT_NS },
				    .claims = arena_array(pod->arena, struct awaited, count),
				    .count = count };

	for (uint32_t i = 0; i < count; i++) {
		wait.claims[i].claim = arena_str(pod->arena, object_name(choices[i].claim));
		if (choices[i].volume != NULL)
			wait.claims[i].volume =
			    arena_str(pod->arena, object_name(choices[i].volume));
		scheduler_add_errand(scheduler, &(struct errand){ .kind = ERRAND_CLAIM,
								  .pod = pod,
								  .claim = choices[i].claim,
								  .volume = choices[i].volume,
								  .node = node });
	}
	vec_push(&scheduler->waits, wait);
}

enum status scheduler_await_volumes(struct scheduler *scheduler, struct act *act,
				    struct queued *item, const struct node_info *node,
				    const struct cycle *cycle)
{
	const struct volume_needs *needs = cycle->state[CRITERION_VOLUME_BINDING];
	struct volume_choice *choices =
	    arena_array(cycle->arena, struct volume_choice, needs->unbound_count);

	if (scheduler->waits.len >= VOLUME_WAITS_MAX ||
	    !volumes_choose(needs, node->node, &cycle->taken_volumes, cycle->world, choices))
		return BUSY;
	add_wait(scheduler, act, item->pod, node->name, choices, needs->unbound_count);
	return OK;
}

/* ---- waiting ---------------------------------------------------------------------------------------------------- */

/* Whether the claim says what we wrote: on itself, or on the volume. */
static bool has_our_word(const struct volume_wait *wait, const struct awaited *awaited,
			 const struct core_persistent_volume_claim *claim, const struct world *world)
{
	const struct core_persistent_volume *volume;

	if (awaited->volume.len == 0)
		return str_eq(str_map_get(claim->metadata->annotations, VOLUMES_SELECTED_NODE),
			      wait->node);
	volume =
	    world_get(world, ((struct key){ STR_NONE, awaited->volume }), core_persistent_volume);
	return volume != NULL && volume_match_is_for(volume, claim->metadata);
}

static bool is_bound(struct volume_wait *wait, struct awaited *awaited, const struct world *world)
{
	struct key key = { namespace_of(wait), awaited->claim };
	const struct core_persistent_volume_claim *claim =
	    world_get(world, key, core_persistent_volume_claim);

	if (claim == NULL) {
		wait->failure = "a claim is gone";
		return false;
	}
	if (volume_match_is_bound(claim))
		return true;
	if (has_our_word(wait, awaited, claim, world))
		awaited->is_seen = true;
	else if (awaited->is_seen)
		wait->failure = "a volume could not be provisioned or bound";
	return false;
}

static bool is_all_bound(struct volume_wait *wait, const struct world *world, struct mono now)
{
	bool is_all = true;

	for (uint32_t i = 0; i < wait->count; i++)
		is_all &= is_bound(wait, &wait->claims[i], world);
	if (!is_all && wait->failure == NULL && now.ns >= wait->until.ns)
		wait->failure = "timed out waiting for the condition";
	return is_all;
}

/* The queue's item, if it still is this pod. */
static struct queued *item_of(struct scheduler *scheduler, const struct volume_wait *wait)
{
	struct queued *item = pod_queue_find(scheduler->queue, wait->pod->key);

	if (item == NULL || item->place != POD_OUT ||
	    !str_eq(object_uid(item->pod->object), object_uid(wait->pod->object)))
		return NULL;
	return item;
}

static void give_up(struct scheduler *scheduler, struct act *act, struct queued *item,
		    const struct volume_wait *wait)
{
	struct arena *arena = arena_new(0);

	snapshot_forget(scheduler->snapshot, wait->pod);
	scheduler_wake(scheduler, act, &(struct news){ .kinds = NEWS_POD_GONE, .pod = wait->pod });
	scheduler_failed(scheduler, act, item,
			 arena_printf(arena,
				      "running PreBind plugin \"VolumeBinding\": binding volumes: "
				      "%s",
				      wait->failure));
	arena_free(arena);
}

/* True: it is over. */
static bool check(struct scheduler *scheduler, struct act *act, struct volume_wait *wait,
		  const struct world *world)
{
	struct queued *item = item_of(scheduler, wait);
	bool is_all;

	if (item == NULL)
		return true; /* gone; its room went with it */
	if (writer_room(&scheduler->writer) == 0)
		return false; /* an answer brings us back */
	is_all = is_all_bound(wait, world, act_now(act));
	if (wait->failure != NULL)
		give_up(scheduler, act, item, wait);
	else if (is_all)
		scheduler_bind(scheduler, act, item, wait->pod, wait->node);
	return is_all || wait->failure != NULL;
}

void scheduler_check_waits(struct scheduler *scheduler, struct act *act)
{
	struct arena *arena;
	struct world world;

	if (scheduler->waits.len == 0)
		return;
	arena = arena_new(0);
	world = caches_world(scheduler->caches, arena, act_wall(act));
	for (uint32_t i = 0; i < scheduler->waits.len;) {
		struct pod_info *pod = scheduler->waits.at[i].pod;

		if (!check(scheduler, act, &scheduler->waits.at[i], &world)) {
			i++;
			continue;
		}
		vec_remove(&scheduler->waits, i);
		pod_info_unref(pod);
	}
	arena_free(arena);
}

/* ---- looking in --------------------------------------------------------------------------------------------------- */

void scheduler_volume_failed(struct scheduler *scheduler, const struct pod_info *pod)
{
	for (uint32_t i = 0; i < scheduler->waits.len; i++)
		if (scheduler->waits.at[i].pod == pod)
			scheduler->waits.at[i].failure = "a claim or volume could not be written";
}

struct mono scheduler_waits_due(const struct scheduler *scheduler)
{
	struct mono due = { INT64_MAX };

	for (uint32_t i = 0; i < scheduler->waits.len; i++)
		if (scheduler->waits.at[i].until.ns < due.ns)
			due = scheduler->waits.at[i].until;
	return due;
}

struct str_list scheduler_taken_volumes(const struct scheduler *scheduler, struct arena *arena)
{
	struct str_list names = { 0 };

	for (uint32_t i = 0; i < scheduler->waits.len; i++)
		for (uint32_t j = 0; j < scheduler->waits.at[i].count; j++) {
			struct str name = scheduler->waits.at[i].claims[j].volume;

			if (name.len == 0)
				continue;
			names.at = arena_grow(arena, names.at, names.len * sizeof name,
					      (names.len + 1) * sizeof name);
			names.at[names.len++] = name;
		}
	return names;
}

void scheduler_drop_waits(struct scheduler *scheduler)
{
	for (uint32_t i = 0; i < scheduler->waits.len; i++)
		pod_info_unref(scheduler->waits.at[i].pod);
	vec_fini(&scheduler->waits);
}
