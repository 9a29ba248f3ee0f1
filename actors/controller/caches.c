#include "actors/controller/caches.h"

#include "runtime/base/log.h"

#define SUBSCRIBERS_MAX 64U

struct cache {
	struct informer *informer;
	const struct type *type;
	struct caches *caches;
	bool has_synced; /* and the subscribers know it */
};

struct caches {
	uint32_t references;
	bool is_dead;
	struct cache at[CACHES_TYPES_MAX];
	uint32_t len;
	struct act *act; /* the actor's context while it handles a message; NULL between */
	struct subscriber *subscribers;
	uint32_t *subscriber_count;
};

struct subscriber {
	struct act_ref who;
	uint64_t monitor;
	const struct type *types[CACHES_WANTED_MAX];
	uint32_t type_count;
};

struct state {
	struct caches *caches;
	struct caches_args args;
	struct subscriber subscribers[SUBSCRIBERS_MAX];
	uint32_t subscriber_count;
};

static void drop_subscribed(void *body)
{
	caches_unref(((struct caches_subscribed *)body)->caches);
}

static void drop_change(void *body)
{
	struct caches_change *change = body;

	object_unref(change->object);
	object_unref(change->old);
}

ACT_TYPE(caches_subscribe, .id = 0);
ACT_TYPE(caches_subscribed, .id = 0, .drop = drop_subscribed);
ACT_TYPE(caches_change, .id = 0, .drop = drop_change);
ACT_TYPE(caches_synced, .id = 0);

/* ---- the counted part -------------------------------------------------------------------------------- */

struct caches *caches_ref(struct caches *caches)
{
	caches->references++;
	return caches;
}

void caches_unref(struct caches *caches)
{
	if (caches != NULL && --caches->references == 0)
		mem_free(caches);
}

bool caches_is_dead(const struct caches *caches)
{
	return caches->is_dead;
}

static struct cache *find(struct caches *caches, const struct type *type)
{
	for (uint32_t i = 0; i < caches->len; i++)
		if (str_eq(caches->at[i].type->name, type->name) &&
		    str_eq(caches->at[i].type->group, type->group))
			return &caches->at[i];
	return NULL;
}

static const struct cache *find_const(const struct caches *caches, const struct type *type)
{
	return find((struct caches *)(uintptr_t)caches, type);
}

bool caches_has_synced(const struct caches *caches, const struct type *type)
{
	const struct cache *cache = find_const(caches, type);

	return cache != NULL && informer_has_synced(cache->informer);
}

uint64_t caches_revision(const struct caches *caches, const struct type *type)
{
	const struct cache *cache = find_const(caches, type);

	return cache ? informer_revision(cache->informer) : UINT64_MAX;
}

const struct object *caches_get(struct caches *caches, const struct type *type,
				struct str namespace, struct str name)
{
	const struct cache *cache = caches->is_dead ? NULL : find(caches, type);

	return cache ? informer_get(cache->informer, namespace, name) : NULL;
}

/* The world asks only for kinds that its controller named, so a missing cache is a bug of its row. */
static const struct cache *known(void *self, const struct type *type)
{
	const struct cache *cache = find(self, type);

	assert(cache != NULL);
	return cache;
}

static const struct object *face_get(void *self, const struct type *type, struct key key)
{
	return informer_get(known(self, type)->informer, key.namespace, key.name);
}

static void face_each(void *self, const struct type *type, struct str namespace,
		      world_each_fn *each, void *arg)
{
	informer_each(known(self, type)->informer, namespace, each, arg);
}

static void face_by(void *self, const struct type *type, enum world_index index, struct str value,
		    world_each_fn *each, void *arg)
{
	informer_by(known(self, type)->informer, index, value, each, arg);
}

static uint64_t face_revision(void *self, const struct type *type)
{
	return informer_revision(known(self, type)->informer);
}

static const struct type *face_type(void *self, uint32_t index)
{
	const struct caches *caches = self;

	return index < caches->len ? caches->at[index].type : NULL;
}

static const struct world_face face = { .get = face_get,
					.each = face_each,
					.by = face_by,
					.revision = face_revision,
					.type = face_type };

struct world caches_world(struct caches *caches, struct arena *arena, struct wall now)
{
	assert(!caches->is_dead);
	return (struct world){ &face, caches, arena, now };
}

/* ---- the actor ------------------------------------------------------------------------------------------ */

static bool wants(const struct subscriber *subscriber, const struct type *type)
{
	for (uint32_t i = 0; i < subscriber->type_count; i++)
		if (str_eq(subscriber->types[i]->name, type->name) &&
		    str_eq(subscriber->types[i]->group, type->group))
			return true;
	return false;
}

static void changed(void *arg, enum informer_change change, const struct object *object,
		    const struct object *old)
{
	const struct cache *cache = arg;
	struct caches *caches = cache->caches;

	for (uint32_t i = 0; i < *caches->subscriber_count; i++) {
		struct caches_change body = { change, object, old };

		if (!wants(&caches->subscribers[i], cache->type))
			continue;
		object_ref(object);
		if (old != NULL)
			object_ref(old);
		act_cast(caches->act, caches->subscribers[i].who, &caches_change_type, &body);
	}
}

static struct str by_owner(const struct object *object)
{
	return world_index_of(WORLD_BY_OWNER, object);
}

static struct str many_owners(const struct object *object)
{
	return world_index_of(WORLD_MANY_OWNERS, object);
}

static struct str by_node(const struct object *object)
{
	return world_index_of(WORLD_BY_NODE, object);
}

static enum status add_cache(struct state *state, struct act *act, const struct type *type)
{
	struct caches *caches = state->caches;
	struct cache *cache = &caches->at[caches->len];

	if (caches->len == CACHES_TYPES_MAX)
		return BUSY;
	*cache = (struct cache){ .type = type, .caches = caches };
	cache->informer =
	    informer_start(act, &(struct informer_config){ .type = type,
							   .user = str_from(state->args.user),
							   .api = state->args.api,
							   .on_event = changed,
							   .arg = cache });
	informer_index(cache->informer, by_owner);
	informer_index(cache->informer, many_owners);
	informer_index(cache->informer, by_node);
	caches->len++;
	return OK;
}

static enum status add_subscriber(struct state *state, struct act *act, const struct act_msg *msg)
{
	const struct caches_subscribe *wish = msg->body;
	struct subscriber *subscriber = &state->subscribers[state->subscriber_count];

	if (state->subscriber_count == SUBSCRIBERS_MAX)
		return BUSY;
	for (uint32_t i = 0; i < wish->count; i++)
		if (find(state->caches, wish->types[i]) == NULL)
			TRY(add_cache(state, act, wish->types[i]));
	*subscriber = (struct subscriber){ .who = msg->from, .type_count = wish->count };
	memcpy(subscriber->types, wish->types, wish->count * sizeof wish->types[0]);
	subscriber->monitor = act_monitor(act, msg->from);
	state->subscriber_count++;
	return OK;
}

static void subscribe(struct state *state, struct act *act, const struct act_msg *msg)
{
	struct caches_subscribed answer;
	enum status status = add_subscriber(state, act, msg);

	if (status != OK) {
		(void)act_refuse(act, msg, status);
		return;
	}
	answer.caches = caches_ref(state->caches);
	if (act_reply(act, msg, &caches_subscribed_type, &answer) != OK)
		caches_unref(answer.caches);
}

static void tell_synced(struct state *state, struct act *act, struct cache *cache)
{
	cache->has_synced = true;
	for (uint32_t i = 0; i < state->subscriber_count; i++)
		if (wants(&state->subscribers[i], cache->type))
			act_cast(act, state->subscribers[i].who, &caches_synced_type,
				 &(struct caches_synced){ cache->type });
}

static bool goes_to_informer(struct state *state, struct act *act, const struct act_msg *msg)
{
	for (uint32_t i = 0; i < state->caches->len; i++) {
		struct cache *cache = &state->caches->at[i];

		if (!informer_receive(cache->informer, act, msg))
			continue;
		if (!cache->has_synced && informer_has_synced(cache->informer))
			tell_synced(state, act, cache);
		return true;
	}
	return false;
}

static bool is_end_of_subscriber(struct state *state, const struct act_msg *msg)
{
	if (msg->type == NULL || !ACT_IS(msg, act_down))
		return false;
	for (uint32_t i = 0; i < state->subscriber_count; i++)
		if (state->subscribers[i].monitor == ACT_AS(msg, act_down)->monitor) {
			state->subscribers[i] = state->subscribers[--state->subscriber_count];
			return true;
		}
	return false;
}

static enum act_verdict receive(struct act *act, void *arg, const struct act_msg *msg)
{
	struct state *state = arg;
	enum act_verdict verdict = ACT_OK;

	state->caches->act = act;
	if (msg->type != NULL && ACT_IS(msg, caches_subscribe))
		subscribe(state, act, msg);
	else if (!goes_to_informer(state, act, msg) && !is_end_of_subscriber(state, msg))
		verdict = msg->kind == ACT_PLAIN ? ACT_UNHANDLED : ACT_OK;
	state->caches->act = NULL;
	return verdict;
}

/* Also after a crash: the informers go, the counted part stays for those who still look at it. */
static void end(void *arg)
{
	struct caches *caches = arg;

	for (uint32_t i = 0; i < caches->len; i++)
		informer_release(caches->at[i].informer);
	caches->len = 0;
	caches->is_dead = true;
	caches_unref(caches);
}

static enum status init(struct act *act, void *arg, const void *args)
{
	struct state *state = arg;

	state->args = *(const struct caches_args *)args;
	state->caches = mem_new(struct caches);
	state->caches->references = 1;
	state->caches->subscribers = state->subscribers;
	state->caches->subscriber_count = &state->subscriber_count;
	act_own(act, end, state->caches);
	return OK;
}

const struct act_class caches_class = {
	.name = "caches",
	.state_size = sizeof(struct state),
	.init = init,
	.receive = receive,
	.on_full = ACT_FULL_CRASH,
};
