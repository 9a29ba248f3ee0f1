#include "actors/scheduler/snapshot/nominator.h"

struct promise {
	struct pod_info *pod;
	struct place *place;
};

/* A node that is promised to at least one pod. */
struct place {
	struct node_pods pods;
	char *name;
	uint32_t name_len;
};

struct nominator {
	struct map promises; /* by the pod's key */
	struct map places;   /* by the node's name */
};

struct nominator *nominator_new(void)
{
	return mem_new(struct nominator);
}

void nominator_free(struct nominator *nominator)
{
	uint32_t at = 0;
	struct str key;
	void *promise;

	while (map_next(&nominator->promises, &at, &key, &promise))
		nominator_remove(nominator, key);
	map_fini(&nominator->promises);
	map_fini(&nominator->places);
	mem_free(nominator);
}

bool nominator_is_empty(const struct nominator *nominator)
{
	return nominator->promises.len == 0;
}

static struct place *place_of(struct nominator *nominator, struct str node)
{
	struct place *place = map_get(&nominator->places, node);

	if (place != NULL)
		return place;
	place = mem_new(struct place);
	place->name = mem_copy(node.at, node.len);
	place->name_len = node.len;
	map_put(&nominator->places, node, place);
	return place;
}

static void leave(struct nominator *nominator, struct place *place, const struct pod_info *pod)
{
	uint32_t i = 0;

	while (place->pods.at[i] != pod)
		i++;
	vec_remove(&place->pods, i);
	if (place->pods.len > 0)
		return;
	map_remove(&nominator->places, str_of(place->name, place->name_len));
	vec_fini(&place->pods);
	mem_free(place->name);
	mem_free(place);
}

void nominator_remove(struct nominator *nominator, struct str key)
{
	struct promise *promise = map_remove(&nominator->promises, key);

	if (promise == NULL)
		return;
	leave(nominator, promise->place, promise->pod);
	pod_info_unref(promise->pod);
	mem_free(promise);
}

void nominator_set(struct nominator *nominator, struct pod_info *pod, struct str node)
{
	struct promise *promise;

	pod_info_ref(pod); /* it may be the one that is taken out */
	nominator_remove(nominator, pod->key);
	if (node.len > 0) {
		promise = mem_new(struct promise);
		promise->pod = pod_info_ref(pod);
		promise->place = place_of(nominator, node);
		vec_push(&promise->place->pods, pod);
		map_put(&nominator->promises, pod->key, promise);
	}
	pod_info_unref(pod);
}

static struct str said_by(const struct pod_info *pod)
{
	return pod && pod->pod->status ? pod->pod->status->nominated_node_name : STR_NONE;
}

void nominator_update(struct nominator *nominator, struct pod_info *pod, const struct pod_info *old)
{
	struct str said = said_by(pod), before = said_by(old);
	struct arena *arena;

	if (!str_eq(said, before)) {
		nominator_set(nominator, pod, said);
		return;
	}
	if (nominator_is_empty(nominator))
		return;
	arena = arena_new(0);
	nominator_set(nominator, pod, arena_str(arena, nominator_node(nominator, pod->key)));
	arena_free(arena);
}

struct str nominator_node(const struct nominator *nominator, struct str key)
{
	const struct promise *promise = map_get(&nominator->promises, key);

	return promise ? str_of(promise->place->name, promise->place->name_len) : STR_NONE;
}

struct node_pods nominator_pods(const struct nominator *nominator, struct str node)
{
	const struct place *place = map_get(&nominator->places, node);

	return place ? place->pods : (struct node_pods){ 0 };
}
