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
#define LOST_TICKS 2U /* a second */

/* A node whose agent cannot be reached. */
struct lost {
	struct mono since;
	uint32_t tick; /* that last saw its Node */
};

struct liveness {
	struct act *act;
	const char *relay;
	struct caches *caches; /* NULL: not yet */
	uint32_t tick;
	struct map lost; /* by tag: struct lost */
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

static struct str map_key(const uint64_t *tag)
{
	return str_of(tag, sizeof *tag);
}

static struct key lease_of(struct str node)
{
	return (struct key){ STR("kube-node-lease"), node };
}

/* ---- who cannot be reached -------------------------------------------------------------------------------------- */

static void lose(struct liveness *liveness, uint64_t tag)
{
	struct lost *lost;

	if (map_has(&liveness->lost, map_key(&tag)))
		return;
	lost = mem_new(struct lost);
	*lost = (struct lost){ act_now(liveness->act), liveness->tick };
	map_put(&liveness->lost, map_key(&tag), lost);
}

static void find_again(struct liveness *liveness, uint64_t tag)
{
	mem_free(map_remove(&liveness->lost, map_key(&tag)));
}

/* Those whose Node is gone are nobody's matter. */
static void forget_deleted(struct liveness *liveness)
{
	struct str key;
	void *value;

	for (uint32_t at = 0; map_next(&liveness->lost, &at, &key, &value);)
		if (((struct lost *)value)->tick != liveness->tick)
			mem_free(map_remove(&liveness->lost, key));
}

/* A lease that was written since speaks for its node: then only our own link to it is broken. */
static void judge(struct liveness *liveness, struct str node, struct lost *lost)
{
	struct mono now = act_now(liveness->act);

	lost->tick = liveness->tick;
	if (now.ns - lost->since.ns >= LIVENESS_LOST_MS * TIME_MS)
		caches_doubt(liveness->caches, &coordination_lease_type, lease_of(node),
			     lost->since);
}

/* ---- asking ------------------------------------------------------------------------------------------------------- */

static void ask(struct liveness *liveness, struct str node, struct str address)
{
	struct alive_ask ask = { .period_ms = LIVENESS_MS, .node = node };
	char name[ADDRESS_MAX];

	if (address.len == 0 || address.len >= sizeof name)
		return;
	memcpy(name, address.at, address.len);
	name[address.len] = 0;
	if (act_request(liveness->act,
			act_named(liveness->act, liveness->relay ? liveness->relay : name),
			&alive_ask_type, &ask, ANSWER_MS, tag_of(node)) != OK)
		lose(liveness, tag_of(node));
}

/* Each node has its turn once a period; those that are lost have theirs each second. */
static bool visit(void *arg, const struct object *object)
{
	struct liveness *liveness = arg;
	const struct meta_object_meta *meta = object_meta(object);
	uint64_t tag = tag_of(meta->name);
	struct lost *lost = map_get(&liveness->lost, map_key(&tag));
	bool is_turn = hash_str(meta->name) % SLICES == liveness->tick % SLICES;

	if (lost != NULL)
		judge(liveness, meta->name, lost);
	if (is_turn || (lost != NULL && liveness->tick % LOST_TICKS == 0))
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
	liveness->tick++;
	world.face->each(world.self, &core_node_type, STR_NONE, visit, liveness);
	forget_deleted(liveness);
	arena_free(arena);
}

/* No answer in time is not the same as nobody there: its machine may be busy, and its lease has the word. */
static void answered(struct liveness *liveness, const struct act_msg *msg)
{
	struct str node;

	if (msg->status == UNAVAILABLE || msg->status == GONE || msg->status == NOT_FOUND)
		lose(liveness, msg->tag);
	if (msg->status != OK || !ACT_IS(msg, alive_here))
		return;
	node = ACT_AS(msg, alive_here)->node;
	/* An agent speaks for its own node only. */
	if (msg->tag != tag_of(node) || caches_is_dead(liveness->caches))
		return;
	find_again(liveness, msg->tag);
	caches_confirm(liveness->caches, &coordination_lease_type, lease_of(node),
		       act_now(liveness->act));
}

/* ---- the actor ------------------------------------------------------------------------------------------------------ */

static void release_lost(void *arg)
{
	struct liveness *liveness = arg;
	struct str key;
	void *value;

	for (uint32_t at = 0; map_next(&liveness->lost, &at, &key, &value);)
		mem_free(value);
	map_fini(&liveness->lost);
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

	liveness->relay = args != NULL ? ((const struct liveness_args *)args)->relay : NULL;
	liveness->act = act;
	act_own(act, release_lost, liveness);
	return act_request(act, act_named(act, "caches"), &caches_subscribe_type, &wish,
			   SUBSCRIBE_MS, SUBSCRIBE_TAG);
}

const struct act_class liveness_class = {
	.name = "liveness", .state_size = sizeof(struct liveness), .init = init, .receive = receive
};
