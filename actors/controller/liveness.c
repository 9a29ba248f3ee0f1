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
#define TICK_MS (LIVENESS_MS / SLICES)
#define FIRST_TICK_MS 50U /* the first round takes a second */
#define LOST_TICKS 2U     /* a second */

/* A node with an agent that is asked. */
struct known {
	struct mono asked; /* last */
	struct mono lost;  /* since when its agent is out of reach; 0: it is not */
	uint32_t tick;     /* that last saw its Node */
	bool has_answered; /* ever, to us */
};

struct liveness {
	struct act *act;
	const char *relay;     /* NULL: none */
	struct caches *caches; /* NULL: not yet */
	uint32_t tick;
	struct map known; /* by tag: struct known */
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

static struct known *know(struct liveness *liveness, uint64_t tag)
{
	struct known *known = map_get(&liveness->known, map_key(&tag));

	if (known == NULL) {
		known = mem_new(struct known);
		map_put(&liveness->known, map_key(&tag), known);
	}
	return known;
}

/* Those whose Node is gone are nobody's matter. */
static void forget_deleted(struct liveness *liveness)
{
	struct str key;
	void *value;

	for (uint32_t at = 0; map_next(&liveness->known, &at, &key, &value);)
		if (((struct known *)value)->tick != liveness->tick)
			mem_free(map_remove(&liveness->known, key));
}

static void lose(struct known *known)
{
	if (known->lost.ns == 0)
		known->lost = known->asked;
}

/* A lease that was written since speaks for its node: then only our own link to it is broken. */
static void judge(struct liveness *liveness, struct str node, const struct known *known)
{
	struct mono now = act_now(liveness->act);
	int64_t ms = known->has_answered ? LIVENESS_LOST_MS : LIVENESS_STRANGE_MS;

	if (known->lost.ns != 0 && now.ns - known->lost.ns >= ms * TIME_MS)
		caches_doubt(liveness->caches, &coordination_lease_type, lease_of(node),
			     known->lost);
}

/* ---- asking ------------------------------------------------------------------------------------------------------- */

static void ask(struct liveness *liveness, struct known *known, struct str node, struct str agent)
{
	struct alive_ask question = { .period_ms = LIVENESS_MS };
	const char *to = liveness->relay ? liveness->relay : question.agent;

	if (agent.len >= sizeof question.agent)
		return;
	memcpy(question.agent, agent.at, agent.len);
	known->asked = act_now(liveness->act);
	if (act_request(liveness->act, act_named(liveness->act, to), &alive_ask_type, &question,
			ALIVE_ANSWER_MS, tag_of(node)) != OK)
		lose(known);
}

/* Each node has its turn once a period; those that are lost have theirs each second. */
static bool visit(void *arg, const struct object *object)
{
	struct liveness *liveness = arg;
	const struct meta_object_meta *meta = object_meta(object);
	struct str address = str_map_get(meta->annotations, ALIVE_ANNOTATION);
	bool is_turn = hash_str(meta->name) % SLICES == liveness->tick % SLICES;
	struct known *known;

	if (address.len == 0)
		return true;
	known = know(liveness, tag_of(meta->name));
	known->tick = liveness->tick;
	judge(liveness, meta->name, known);
	if (is_turn || (known->lost.ns != 0 && liveness->tick % LOST_TICKS == 0))
		ask(liveness, known, meta->name, address);
	return true;
}

static void tick(struct liveness *liveness)
{
	struct arena *arena;
	struct world world;

	if (caches_is_dead(liveness->caches))
		act_fail(liveness->act, "the caches have ended");
	arena = arena_new(0);
	world = caches_world(liveness->caches, arena, act_wall(liveness->act));
	liveness->tick++;
	world.face->each(world.self, &core_node_type, STR_NONE, visit, liveness);
	forget_deleted(liveness);
	arena_free(arena);
	/* A new leader wants to know about all of them soon: who has gone may have gone with the old one. */
	if (liveness->tick < SLICES)
		act_after(liveness->act, FIRST_TICK_MS, &liveness_tick_type,
			  &(struct liveness_tick){ 0 });
	else if (liveness->tick == SLICES)
		act_every(liveness->act, TICK_MS, &liveness_tick_type, &(struct liveness_tick){ 0 });
}

/*
 * No answer in time is not the same as nobody there: a machine may be busy, and its lease has the word. But one that has
 * never answered us may have gone before our links knew it.
 */
static bool is_out_of_reach(const struct known *known, enum status status)
{
	return status == GONE || status == NOT_FOUND || (status == TIMEOUT && !known->has_answered);
}

static void answered(struct liveness *liveness, const struct act_msg *msg)
{
	struct known *known = map_get(&liveness->known, map_key(&msg->tag));
	struct str node;

	if (known == NULL || caches_is_dead(liveness->caches))
		return;
	if (is_out_of_reach(known, msg->status))
		lose(known);
	if (msg->status != OK || !ACT_IS(msg, alive_here))
		return;
	node = str_from(ACT_AS(msg, alive_here)->node);
	/* An agent speaks for its own node only. */
	if (msg->tag != tag_of(node))
		return;
	known->lost.ns = 0;
	known->has_answered = true;
	caches_confirm(liveness->caches, &coordination_lease_type, lease_of(node),
		       act_now(liveness->act));
}

/* ---- the actor ------------------------------------------------------------------------------------------------------ */

static void release_known(void *arg)
{
	struct liveness *liveness = arg;
	struct str key;
	void *value;

	for (uint32_t at = 0; map_next(&liveness->known, &at, &key, &value);)
		mem_free(value);
	map_fini(&liveness->known);
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
	act_after(act, FIRST_TICK_MS, &liveness_tick_type, &(struct liveness_tick){ 0 });
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

	liveness->act = act;
	liveness->relay = args ? ((const struct liveness_args *)args)->relay : NULL;
	act_own(act, release_known, liveness);
	return act_request(act, act_named(act, "caches"), &caches_subscribe_type, &wish,
			   SUBSCRIBE_MS, SUBSCRIBE_TAG);
}

const struct act_class liveness_class = {
	.name = "liveness", .state_size = sizeof(struct liveness), .init = init, .receive = receive
};
