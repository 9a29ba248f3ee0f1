#include "actors/scheduler/snapshot/snapshot.h"

#include "actors/scheduler/snapshot/images.h"
#include "actors/scheduler/snapshot/nominator.h"

struct snapshot {
	struct map nodes; /* by name: struct node_info */
	struct map pods;  /* by key: struct pod_info, counted by its node */
	VEC(struct node_info *) order;
	bool is_order_stale;
	uint32_t start;
	uint32_t with[POD_LISTS]; /* pods in each kind of list, on all nodes */
	struct images *images;
	struct nominator *nominator;
};

struct snapshot *snapshot_new(void)
{
	struct snapshot *snapshot = mem_new(struct snapshot);

	snapshot->images = images_new();
	snapshot->nominator = nominator_new();
	return snapshot;
}

void snapshot_free(struct snapshot *snapshot)
{
	uint32_t at = 0;
	struct str key;
	void *node;

	if (snapshot == NULL)
		return;
	map_fini(&snapshot->pods);
	while (map_next(&snapshot->nodes, &at, &key, &node))
		node_info_free(node);
	map_fini(&snapshot->nodes);
	vec_fini(&snapshot->order);
	images_free(snapshot->images);
	nominator_free(snapshot->nominator);
	mem_free(snapshot);
}

struct node_info *snapshot_node(const struct snapshot *snapshot, struct str name)
{
	return map_get(&snapshot->nodes, name);
}

static struct node_info *node_of(struct snapshot *snapshot, struct str name)
{
	struct node_info *node = map_get(&snapshot->nodes, name);

	if (node == NULL) {
		node = node_info_new(name);
		map_put(&snapshot->nodes, name, node);
	}
	return node;
}

/* A node that is neither there nor named by a pod is forgotten. */
static void drop_if_empty(struct snapshot *snapshot, struct node_info *node)
{
	if (node->object != NULL || node_info_pods(node)->len > 0)
		return;
	map_remove(&snapshot->nodes, node->name);
	node_info_free(node);
}

/* Whether the node belongs elsewhere in the order than before: not for each heartbeat. */
static bool moves(const struct node_info *node, const struct object *object)
{
	const struct core_node *next = object->record;
	struct arena *arena;
	bool is_other;

	if (node->object == NULL)
		return true;
	arena = arena_new(0);
	is_other = !str_eq(node_info_zone(node->node, arena), node_info_zone(next, arena));
	arena_free(arena);
	return is_other;
}

bool snapshot_set_node(struct snapshot *snapshot, const struct object *object)
{
	struct node_info *node = node_of(snapshot, object_name(object));

	if (node->object != NULL && object->revision < node->object->revision)
		return false;
	if (moves(node, object))
		snapshot->is_order_stale = true;
	images_move(snapshot->images, node, object->record);
	node_info_set(node, object);
	return true;
}

void snapshot_remove_node(struct snapshot *snapshot, struct str name)
{
	struct node_info *node = map_get(&snapshot->nodes, name);

	if (node == NULL || node->object == NULL)
		return;
	images_move(snapshot->images, node, NULL);
	node_info_set(node, NULL);
	node->index = NODE_NOWHERE;
	snapshot->is_order_stale = true;
	drop_if_empty(snapshot, node);
}

/* ---- pods ---------------------------------------------------------------------------------------------- */

struct pod_info *snapshot_pod(const struct snapshot *snapshot, struct str key)
{
	return map_get(&snapshot->pods, key);
}

static void count(struct snapshot *snapshot, const struct pod_info *pod, int32_t sign)
{
	for (uint32_t i = 0; i < POD_LISTS; i++)
		if (pod_info_is_in(pod, (enum pod_list)i))
			snapshot->with[i] += (uint32_t)sign;
}

static void put_pod(struct snapshot *snapshot, struct pod_info *pod, struct node_info *node)
{
	node_info_add(node, pod);
	count(snapshot, pod, 1);
	map_put(&snapshot->pods, pod->key, pod);
}

void snapshot_remove_pod(struct snapshot *snapshot, struct str key)
{
	struct pod_info *pod = map_remove(&snapshot->pods, key);
	struct node_info *node;

	if (pod == NULL)
		return;
	node = pod->node;
	count(snapshot, pod, -1);
	node_info_remove(node, pod);
	drop_if_empty(snapshot, node);
}

void snapshot_set_pod(struct snapshot *snapshot, struct pod_info *pod)
{
	struct pod_info *old = map_get(&snapshot->pods, pod->key);

	if (old != NULL && !old->is_assumed && pod->object->revision < old->object->revision)
		return;
	snapshot_remove_pod(snapshot, pod->key);
	put_pod(snapshot, pod, node_of(snapshot, pod->pod->spec->node_name));
}

void snapshot_assume(struct snapshot *snapshot, struct pod_info *pod, struct node_info *node)
{
	assert(!map_has(&snapshot->pods, pod->key));
	pod->is_assumed = true;
	put_pod(snapshot, pod, node);
}

void snapshot_forget(struct snapshot *snapshot, struct pod_info *pod)
{
	if (map_get(&snapshot->pods, pod->key) == pod && pod->is_assumed)
		snapshot_remove_pod(snapshot, pod->key);
	pod->is_assumed = false;
}

bool snapshot_has(const struct snapshot *snapshot, enum pod_list list)
{
	return snapshot->with[list] > 0;
}

struct nominator *snapshot_nominator(const struct snapshot *snapshot)
{
	return snapshot->nominator;
}

const struct images *snapshot_images(const struct snapshot *snapshot)
{
	return snapshot->images;
}

/* ---- order --------------------------------------------------------------------------------------------- */

struct zone {
	VEC(struct node_info *) nodes;
};

static void gather_zones(struct snapshot *snapshot, struct map *zones, struct arena *arena)
{
	uint32_t at = 0;
	struct str name;
	void *value;

	while (map_next(&snapshot->nodes, &at, &name, &value)) {
		struct node_info *node = value;
		struct zone *zone;
		struct str key;

		if (node->object == NULL)
			continue;
		key = node_info_zone(node->node, arena);
		zone = map_get(zones, key);
		if (zone == NULL) {
			zone = arena_new_of(arena, struct zone);
			map_put(zones, key, zone);
		}
		vec_push(&zone->nodes, node);
	}
}

/* One round takes the n-th node of each zone; false: no zone has so many. */
static bool take_round(struct snapshot *snapshot, const struct map *zones, uint32_t n)
{
	bool is_any = false;
	uint32_t at = 0;
	struct str key;
	void *value;

	while (map_next(zones, &at, &key, &value)) {
		const struct zone *zone = value;

		if (n >= zone->nodes.len)
			continue;
		zone->nodes.at[n]->index = snapshot->order.len;
		vec_push(&snapshot->order, zone->nodes.at[n]);
		is_any = true;
	}
	return is_any;
}

static void sort_nodes(struct snapshot *snapshot)
{
	struct arena *arena = arena_new(0);
	struct map zones = { 0 };
	uint32_t at = 0;
	struct str key;
	void *zone;

	vec_clear(&snapshot->order);
	gather_zones(snapshot, &zones, arena);
	for (uint32_t n = 0; take_round(snapshot, &zones, n); n++)
		;
	while (map_next(&zones, &at, &key, &zone))
		vec_fini(&((struct zone *)zone)->nodes);
	map_fini(&zones);
	arena_free(arena);
	snapshot->is_order_stale = false;
}

struct snapshot_nodes snapshot_nodes(struct snapshot *snapshot)
{
	if (snapshot->is_order_stale)
		sort_nodes(snapshot);
	return (struct snapshot_nodes){ snapshot->order.at, snapshot->order.len };
}

uint32_t snapshot_start(const struct snapshot *snapshot)
{
	return snapshot->order.len ? snapshot->start % snapshot->order.len : 0;
}

void snapshot_advance(struct snapshot *snapshot, uint32_t nodes_looked_at)
{
	if (snapshot->order.len > 0)
		snapshot->start = (snapshot_start(snapshot) + nodes_looked_at) % snapshot->order.len;
}
