#include "actors/controller/liveness.h"

#include "actors/client/alive.h"
#include "actors/controller/caches.h"
#include "datastore/schema/coordination.h"
#include "datastore/schema/core.h"
#include "datastore/schema/type.h"
#include "runtime/base/base.h"

#define SUBSCRIBE_MS 5000U
#define SUBSCRIBE_TAG 1ULL
#define SLICES 20U /* of a period: in each another part of the nodes is asked */
#define ANSWER_MS (LIVENESS_MS / 2)
#define ADDRESS_MAX 320U
#define LEASE_NAMESPACE STR("kube-node-lease")

struct liveness {
	struct act *act;
	struct caches *caches; /* NULL: not yet */
	uint32_t slice;
};

struct liveness_tick {
	char nothing;
};
static const ACT_TYPE(liveness_tick, .id = 0);

/* Tells answers apart, and who may give them. */
static uint64_t tag_of(struct str node)
{
	return hash_str(node) | 2;
}

static void ask(struct liveness *liveness, struct str node, struct str address)
{
	char name[ADDRESS_MAX];

	if (address.len == 0 || address.len >= sizeof name)
		return;
	memcpy(name, address.at, address.len);
	name[address.len] = 0;
	/* One that cannot be reached is silent, which is all there is to know. */
	if (act_request(liveness->act, act_named(liveness->act, name), &alive_ask_type,
			&(struct alive_ask){ LIVENESS_MS }, ANSWER_MS, tag_of(node)) != OK)
		return;
}

static bool visit(void *arg, const struct object *object)
{
	struct liveness *liveness = arg;
	const struct meta_object_meta *meta = object_meta(object);

	if (hash_str(meta->name) % SLICES == liveness->slice)
		ask(liveness, meta->name, str_map_get(meta->annotations, ALIVE_ANNOTATION));
	return true;
}

static void tick(struct liveness *liveness)
{
	struct arena *arena = arena_new(0);
	struct world world;

	if (caches_is_dead(liveness->caches))
		act_fail(liveness->act, "the caches have ended");
	world = caches_world(liveness->caches, arena, act_wall(liveness->act));
	liveness->slice = (liveness->slice + 1) % SLICES;
	world.face->each(world.self, &core_node_type, STR_NONE, visit, liveness);
	arena_free(arena);
}

static void answered(struct liveness *liveness, const struct act_msg *msg)
{
	struct key key = { LEASE_NAMESPACE, STR_NONE };

	if (msg->status != OK || !ACT_IS(msg, alive_here) || liveness->caches == NULL)
		return;
	key.name = ACT_AS(msg, alive_here)->node;
	/* An agent speaks for its own node only. */
	if (msg->tag == tag_of(key.name) && !caches_is_dead(liveness->caches))
		caches_confirm(liveness->caches, &coordination_lease_type, key,
			       act_now(liveness->act));
}

static void release_caches(void *caches)
{
	caches_unref(caches);
}

static void subscribed(struct liveness *liveness, const struct act_msg *msg)
{
	struct act *act = liveness->act;

	if (msg->status != OK)
		act_fail(act, "no caches: %s", status_text(msg->status));
	liveness->caches = caches_ref(ACT_AS(msg, caches_subscribed)->caches);
	act_own(act, release_caches, liveness->caches);
	act_every(act, LIVENESS_MS / SLICES, &liveness_tick_type, &(struct liveness_tick){ 0 });
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)act;
	if (msg->kind == ACT_ANSWER && msg->tag == SUBSCRIBE_TAG)
		subscribed(state, msg);
	else if (msg->kind == ACT_ANSWER)
		answered(state, msg);
	else if (ACT_IS(msg, liveness_tick))
		tick(state);
	/* Changes of nodes and leases are seen at the next tick. */
	return ACT_OK;
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct liveness *liveness = state;
	struct caches_subscribe wish = { .types = { &core_node_type, &coordination_lease_type },
					 .count = 2 };

	(void)args;
	liveness->act = act;
	return act_request(act, act_named(act, "caches"), &caches_subscribe_type, &wish,
			   SUBSCRIBE_MS, SUBSCRIBE_TAG);
}

const struct act_class liveness_class = {
	.name = "liveness", .state_size = sizeof(struct liveness), .init = init, .receive = receive
};
