#include "actors/controller/workload/pod.h"
#include "actors/scheduler/criterion.h"
#include "actors/scheduler/scheduler-private.h"
#include "actors/scheduler/snapshot/nominator.h"
#include "datastore/object/record.h"
#include "datastore/schema/core.h"
#include "datastore/schema/storage.h"
#include "runtime/base/log.h"

/* ---- news ------------------------------------------------------------------------------------------------- */

static bool news_helps(const struct queued *item, const struct news *news)
{
	for (uint32_t i = 0; i < CRITERION_COUNT; i++)
		if ((item->rejected_by >> i & 1) && (criteria[i]->wakes & news->kinds) &&
		    (criteria[i]->helps == NULL || criteria[i]->helps(item->pod, news)))
			return true;
	return false;
}

static bool helps(void *arg, const struct queued *item)
{
	return news_helps(item, arg);
}

void scheduler_wake(struct scheduler *scheduler, struct act *act, const struct news *news)
{
	struct news copy = *news;

	if (news->kinds != 0 && scheduler->has_started)
		pod_queue_wake(scheduler->queue, helps, &copy, act_now(act));
}

/* ---- nodes ------------------------------------------------------------------------------------------------ */

static void node_set(struct scheduler *scheduler, struct act *act, const struct object *object)
{
	struct node_info *node = snapshot_node(scheduler->snapshot, object_name(object));
	const struct object *old = node && node->object ? object_ref(node->object) : NULL;
	struct news news = { .kinds = NEWS_NODE_ADDED };

	if (old != NULL) {
		news.old_node = old->record;
		news.kinds = news_of_node(object->record, old->record);
	}
	if (snapshot_set_node(scheduler->snapshot, object)) {
		news.node = snapshot_node(scheduler->snapshot, object_name(object));
		scheduler_wake(scheduler, act, &news);
	}
	object_unref(old);
}

static void node_changed(struct scheduler *scheduler, struct act *act,
			 const struct caches_change *change)
{
	if (change->change != INFORMER_DELETED) {
		node_set(scheduler, act, change->object);
		return;
	}
	snapshot_remove_node(scheduler->snapshot, object_name(change->object));
	scheduler_wake(scheduler, act, &(struct news){ .kinds = NEWS_NODE_GONE });
}

/* ---- pods on nodes ----------------------------------------------------------------------------------------- */

static bool is_ours(const struct core_pod *pod)
{
	struct str name = pod->spec->scheduler_name;

	return name.len == 0 || str_is(name, SCHEDULER_NAME);
}

static bool has_promise(const struct scheduler *scheduler, struct str key)
{
	return nominator_node(snapshot_nominator(scheduler->snapshot), key).at != NULL;
}

/* A waiting pod is over: placed, gone, or no longer ours. */
static void leave_queue(struct scheduler *scheduler, struct str key)
{
	struct queued *item = pod_queue_find(scheduler->queue, key);

	nominator_remove(snapshot_nominator(scheduler->snapshot), key);
	if (item != NULL)
		pod_queue_remove(scheduler->queue, item);
}

static void pod_gone(struct scheduler *scheduler, struct act *act, struct str key)
{
	struct queued *item = pod_queue_find(scheduler->queue, key);
	struct pod_info *pod = snapshot_pod(scheduler->snapshot, key);

	if (pod == NULL && item != NULL && has_promise(scheduler, key))
		pod = item->pod; /* the place that it was promised is free */
	if (pod != NULL)
		pod_info_ref(pod);
	leave_queue(scheduler, key);
	snapshot_remove_pod(scheduler->snapshot, key);
	if (pod != NULL)
		scheduler_wake(scheduler, act, &(struct news){ .kinds = NEWS_POD_GONE, .pod = pod });
	pod_info_unref(pod);
}

static void pod_placed(struct scheduler *scheduler, struct act *act, const struct object *object)
{
	struct pod_info *pod = pod_info_new(object, RESOURCES_USED);
	struct pod_info *old = snapshot_pod(scheduler->snapshot, pod->key);
	struct news news = { .kinds = NEWS_POD_ADDED, .pod = pod };

	if (old != NULL) {
		pod_info_ref(old);
		news.old_pod = old;
		if (!old->is_assumed)
			news.kinds = news_of_pod(pod, old);
	}
	leave_queue(scheduler, pod->key);
	snapshot_set_pod(scheduler->snapshot, pod);
	scheduler_wake(scheduler, act, &news);
	pod_info_unref(old);
	pod_info_unref(pod);
}

/* ---- pods that wait ------------------------------------------------------------------------------------------ */

static void enqueue(struct scheduler *scheduler, struct act *act, struct pod_info *pod)
{
	enum status status = pod_queue_add(scheduler->queue, pod, act_now(act));

	if (status == OK)
		nominator_update(snapshot_nominator(scheduler->snapshot), pod, NULL);
	if (status != BUSY)
		return;
	if (!scheduler->is_short)
		log_warn("scheduler", "queue is full", LOG_U64("pods", POD_QUEUE_MAX));
	scheduler->is_short = true;
}

static void requeue(struct scheduler *scheduler, struct act *act, struct queued *item,
		    struct pod_info *pod)
{
	struct pod_info *old = pod_info_ref(item->pod);
	struct news news = { .kinds = NEWS_SELF, .pod = pod, .old_pod = old };

	pod_queue_replace(scheduler->queue, item, pod, act_now(act));
	if (item->place != POD_OUT)
		nominator_update(snapshot_nominator(scheduler->snapshot), pod, old);
	/* Our own condition comes back as a change too: that must not wake it. */
	if (!record_equal(&core_pod_spec_type, pod->pod->spec, old->pod->spec) ||
	    news_of_pod(pod, old) != 0)
		if (news_helps(item, &news))
			pod_queue_wake_one(scheduler->queue, item, act_now(act));
	pod_info_unref(old);
}

static void pod_waits(struct scheduler *scheduler, struct act *act, const struct object *object)
{
	struct pod_info *pod = pod_info_new(object, RESOURCES_WANTED);
	struct queued *item = pod_queue_find(scheduler->queue, pod->key);
	const struct pod_info *placed = snapshot_pod(scheduler->snapshot, pod->key);

	if (item != NULL && !str_eq(object_uid(item->pod->object), object_uid(object))) {
		leave_queue(scheduler, pod->key);
		item = NULL;
	}
	if (item != NULL && item->pod->object->revision <= object->revision)
		requeue(scheduler, act, item, pod);
	/* News from before its binding, which has been answered: the cache is about to tell. */
	else if (item == NULL &&
		 (placed == NULL || !str_eq(object_uid(placed->object), object_uid(object))))
		enqueue(scheduler, act, pod);
	pod_info_unref(pod);
}

static void gone(struct scheduler *scheduler, struct act *act, const struct object *object)
{
	struct arena *arena = arena_new(0);

	pod_gone(scheduler, act, pod_info_key(object, arena));
	arena_free(arena);
}

static void pod_set(struct scheduler *scheduler, struct act *act, const struct object *object)
{
	const struct core_pod *pod = object->record;

	if (!pod_is_finished(pod) && pod->spec->node_name.len > 0)
		pod_placed(scheduler, act, object);
	else if (pod_is_active(pod) && is_ours(pod))
		pod_waits(scheduler, act, object);
	else
		gone(scheduler, act, object);
}

/* ---- all kinds -------------------------------------------------------------------------------------------------- */

static bool is_kind(const struct type *type, const struct type *kind)
{
	return str_eq(type_kind(type), type_kind(kind)) &&
	       str_eq(type_group(type), type_group(kind));
}

static bool is_of_volumes(const struct type *type)
{
	return is_kind(type, &core_persistent_volume_claim_type) ||
	       is_kind(type, &core_persistent_volume_type) ||
	       is_kind(type, &storage_storage_class_type);
}

void scheduler_changed(struct scheduler *scheduler, struct act *act,
		       const struct caches_change *change)
{
	const struct type *type = change->object->type;
	bool is_gone = change->change == INFORMER_DELETED;

	if (!scheduler->has_started)
		return;
	if (is_kind(type, &core_pod_type) && is_gone)
		gone(scheduler, act, change->object);
	else if (is_kind(type, &core_pod_type))
		pod_set(scheduler, act, change->object);
	else if (is_kind(type, &core_node_type))
		node_changed(scheduler, act, change);
	else if (is_of_volumes(type) && !is_gone)
		scheduler_wake(scheduler, act,
			       &(struct news){ .kinds = NEWS_VOLUMES, .object = change->object });
	else
		return;
	scheduler_go_on(scheduler, act);
}

struct loading {
	struct scheduler *scheduler;
	struct act *act;
};

static bool load_node(void *arg, const struct object *object)
{
	struct loading *loading = arg;

	node_set(loading->scheduler, loading->act, object);
	return true;
}

static bool load_pod(void *arg, const struct object *object)
{
	struct loading *loading = arg;

	pod_set(loading->scheduler, loading->act, object);
	return true;
}

void scheduler_load(struct scheduler *scheduler, struct act *act, bool is_pods_only)
{
	struct loading loading = { scheduler, act };
	struct arena *arena = arena_new(0);
	struct world world = caches_world(scheduler->caches, arena, act_wall(act));

	if (!is_pods_only)
		world.face->each(world.self, &core_node_type, STR_NONE, load_node, &loading);
	world.face->each(world.self, &core_pod_type, STR_NONE, load_pod, &loading);
	arena_free(arena);
}
