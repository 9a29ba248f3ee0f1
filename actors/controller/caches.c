#include "actors/controller/caches.h"

#include "runtime/base/log.h"

#define SUBSCRIBERS_MAX 64U
#define DEFINITIONS (&apiextensions_custom_resource_definition_type)

struct state;

struct cache {
	struct informer *informer; /* NULL: the kind went */
	const struct type *type;
	const char *fields; /* a constant: only what they select; NULL: all */
	struct caches *caches;
	struct state *state; /* of the actor, who alone calls what uses it */
	bool is_of_definitions;
	VEC(struct act_ref) readers; /* the subscribers of this kind */
	uint64_t hurried;            /* its revision when somebody hurried it; 0: nobody waits */
	bool has_synced;             /* and the readers know it */
};

struct caches {
	uint32_t references;
	bool is_dead;
	struct cache at[CACHES_TYPES_MAX];
	uint32_t len;
	struct kinds *kinds;
	struct act *act; /* the actor's context while it handles a message; NULL between */
};

struct subscriber {
	struct act_ref who;
	uint64_t monitor;
	bool wants_everything;
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
ACT_TYPE(caches_hurry, .id = 0);
ACT_TYPE(caches_passed, .id = 0);

/* ---- the counted part -------------------------------------------------------------------------------- */

struct caches *caches_ref(struct caches *caches)
{
	caches->references++;
	return caches;
}

void caches_unref(struct caches *caches)
{
	if (caches == NULL || --caches->references > 0)
		return;
	kinds_free(caches->kinds);
	mem_free(caches);
}

bool caches_is_dead(const struct caches *caches)
{
	return caches->is_dead;
}

/*
 * The tables of built-in kinds are constants, so their addresses decide nearly always; else it is another version's, or the kind was looked at
 * in another way when the type was taken. Of a kind of which some are chosen, the whole type is for these.
 */
static struct cache *find(struct caches *caches, const struct type *type)
{
	for (uint32_t i = 0; i < caches->len; i++)
		if (caches->at[i].type == type)
			return &caches->at[i];
	for (uint32_t i = 0; i < caches->len; i++)
		if (caches->at[i].fields == NULL &&
		    str_eq(type_name(caches->at[i].type), type_name(type)) &&
		    str_eq(type_group(caches->at[i].type), type_group(type)))
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

	return cache != NULL && cache->informer != NULL && informer_has_synced(cache->informer);
}

bool caches_have_synced_everything(const struct caches *caches)
{
	const struct type *type;

	for (uint32_t i = 0; (type = kinds_at(caches->kinds, i)) != NULL; i++)
		if (kinds_stays(caches->kinds, type) && !caches_has_synced(caches, type))
			return false;
	return true;
}

uint64_t caches_revision(const struct caches *caches, const struct type *type)
{
	const struct cache *cache = find_const(caches, type);

	return cache && cache->informer ? informer_revision(cache->informer) : UINT64_MAX;
}

const struct object *caches_take(struct caches *caches, const struct type *type,
				 struct str namespace, struct str name)
{
	const struct cache *cache = caches->is_dead ? NULL : find(caches, type);

	return cache && cache->informer ? informer_take(cache->informer, namespace, name) : NULL;
}

/*
 * The world asks only for kinds that its controller named, so a missing cache is a bug of its row. NULL: there is nothing of that kind, since its
 * definition went.
 */
static struct informer *behind(void *self, const struct type *type)
{
	const struct cache *cache = find(self, type);

	assert(cache != NULL || (type->flags & TYPE_METADATA_ONLY) != 0);
	return cache ? cache->informer : NULL;
}

/* One that is made of an outline is the arena's. */
static const struct object *face_get(void *self, struct arena *arena, const struct type *type,
				     struct key key)
{
	const struct cache *cache = find(self, type);
	const struct informer *informer = behind(self, type);
	const struct object *object;

	if (informer == NULL)
		return NULL;
	/* Until a kind that is made whole has synced, outlines are shown. */
	if ((cache->type->flags & TYPE_METADATA_ONLY) == 0 && cache->has_synced)
		return informer_get(informer, key.namespace, key.name);
	object = informer_take(informer, key.namespace, key.name);
	if (object == NULL)
		return NULL;
	object_hold(arena, object);
	object_unref(object);
	return object;
}

static void face_each(void *self, const struct type *type, struct str namespace,
		      world_each_fn *each, void *arg)
{
	const struct informer *informer = behind(self, type);

	if (informer != NULL)
		informer_each(informer, namespace, each, arg);
}

static void face_by(void *self, const struct type *type, enum world_index index, struct str value,
		    world_each_fn *each, void *arg)
{
	const struct informer *informer = behind(self, type);

	if (informer != NULL)
		informer_by(informer, index, value, each, arg);
}

static uint64_t face_revision(void *self, const struct type *type)
{
	const struct informer *informer = behind(self, type);

	return informer ? informer_revision(informer) : UINT64_MAX;
}

static struct mono face_since(void *self, const struct type *type, struct key key)
{
	const struct informer *informer = behind(self, type);

	return informer ? informer_since(informer, key.namespace, key.name) : (struct mono){ 0 };
}

void caches_confirm(struct caches *caches, const struct type *type, struct key key, struct mono now)
{
	informer_confirm(behind(caches, type), key.namespace, key.name, now);
}

void caches_doubt(struct caches *caches, const struct type *type, struct key key, struct mono since)
{
	struct informer *informer = behind(caches, type);

	if (informer_since(informer, key.namespace, key.name).ns <= since.ns)
		informer_confirm(informer, key.namespace, key.name,
				 (struct mono){ since.ns - WORLD_DOUBT_MS * TIME_MS });
}

static const struct type *face_type(void *self, uint32_t index)
{
	const struct caches *caches = self;

	for (uint32_t i = 0; i < caches->len; i++)
		if (caches->at[i].fields == NULL && index-- == 0)
			return caches->at[i].type;
	return NULL;
}

static const struct type *face_kind(void *self, uint32_t index)
{
	return kinds_at(((const struct caches *)self)->kinds, index);
}

static const struct type *face_kind_named(void *self, struct str group, struct str kind)
{
	return kinds_named(((const struct caches *)self)->kinds, group, kind);
}

static const struct world_face face = { .get = face_get,
					.each = face_each,
					.by = face_by,
					.revision = face_revision,
					.since = face_since,
					.type = face_type,
					.kind = face_kind,
					.kind_named = face_kind_named };

struct world caches_world(struct caches *caches, struct arena *arena, struct wall now)
{
	assert(!caches->is_dead);
	return (struct world){ .face = &face, .self = caches, .arena = arena, .now = now };
}

/* ---- the actor ------------------------------------------------------------------------------------------ */

static void define(struct state *state, const struct object *object, bool is_gone);

static void changed(void *arg, enum informer_change change, const struct object *object,
		    const struct object *old)
{
	const struct cache *cache = arg;

	if (cache->is_of_definitions)
		define(cache->state, object, change == INFORMER_DELETED);
	/* Of a kind that is made whole what goes is told, too, while it has not synced again. */
	if (!cache->has_synced && change != INFORMER_DELETED)
		return;
	for (uint32_t i = 0; i < cache->readers.len; i++) {
		struct caches_change body = { change, object_ref(object), NULL };

		if (old != NULL)
			body.old = object_ref(old);
		act_cast(cache->caches->act, cache->readers.at[i], &caches_change_type, &body);
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

static struct str by_place(const struct object *object)
{
	return world_index_of(WORLD_BY_PLACE, object);
}

static struct str uncontrolled(const struct object *object)
{
	return world_index_of(WORLD_UNCONTROLLED, object);
}

static void make_indexes(struct cache *cache)
{
	informer_index(cache->informer, by_owner);
	informer_index(cache->informer, many_owners);
	/* The others are asked by whom the whole is shown. */
	if ((cache->type->flags & TYPE_METADATA_ONLY) != 0)
		return;
	informer_index(cache->informer, by_place);
	informer_index(cache->informer, uncontrolled);
}

static void start(struct state *state, struct act *act, struct cache *cache)
{
	cache->has_synced = false;
	cache->hurried = 0;
	cache->informer = informer_start(
	    act, &(struct informer_config){
		     .type = cache->type,
		     .user = str_from(state->args.user),
		     .field_selector = cache->fields != NULL ? str_from(cache->fields) : STR_NONE,
		     .api = state->args.api,
		     .on_event = changed,
		     .arg = cache });
	make_indexes(cache);
}

static enum status add_cache(struct state *state, struct act *act, const struct type *type,
			     const char *fields)
{
	struct caches *caches = state->caches;
	struct cache *cache = &caches->at[caches->len];

	if (caches->len == CACHES_TYPES_MAX)
		return BUSY;
	*cache = (struct cache){ .type = type,
				 .fields = fields,
				 .caches = caches,
				 .state = state,
				 .is_of_definitions = type == DEFINITIONS };
	caches->len++;
	start(state, act, cache);
	return OK;
}

static enum status add_reader(struct state *state, struct act *act, const struct type *type,
			      const char *fields, struct act_ref who)
{
	struct cache *cache = find(state->caches, type);

	if (cache == NULL || (fields != NULL && cache->type != type)) {
		TRY(add_cache(state, act, type, fields));
		cache = find(state->caches, type);
	}
	for (uint32_t i = 0; i < cache->readers.len; i++)
		if (act_ref_eq(cache->readers.at[i], who))
			return OK;
	vec_push(&cache->readers, who);
	return OK;
}

/* Somebody wants the whole of what was looked at for its metadata alone: one informer serves both. Its readers hear when it has synced again, and what went meanwhile. */
static enum status make_whole(struct state *state, struct act *act, const struct type *type)
{
	struct cache *cache = find(state->caches, type);
	const struct type *whole;

	if (cache == NULL || (cache->type->flags & TYPE_METADATA_ONLY) == 0)
		return OK;
	whole = kinds_whole(state->caches->kinds, cache->type);
	if (whole == NULL)
		return CONFLICT;
	cache->type = whole;
	cache->has_synced = false;
	cache->hurried = 0;
	informer_widen(cache->informer, act, whole);
	make_indexes(cache);
	return OK;
}

/* Whether another choice of this kind stands against this one: the objects of a cache are all of a kind, or those of one choice. */
static bool is_at_odds(const struct caches *caches, const struct type *type, const char *fields)
{
	const struct cache *cache = find_const(caches, type);

	return cache != NULL && cache->fields != NULL &&
	       (fields == NULL || strcmp(fields, cache->fields) != 0);
}

static enum status add_wanted(struct state *state, struct act *act, const struct type *type,
			      const char *fields, struct act_ref who)
{
	if (is_at_odds(state->caches, type, fields))
		return CONFLICT;
	if (fields == NULL)
		TRY(make_whole(state, act, type));
	return add_reader(state, act, type, fields, who);
}

/* One of everything. Nobody has wanted the whole of it so far, unless it says which kinds there are. */
static enum status add_of_everything(struct state *state, struct act *act, const struct type *type,
				     struct act_ref who)
{
	const struct cache *cache = find(state->caches, type);

	if ((cache == NULL || cache->fields != NULL) && type != DEFINITIONS)
		type = kinds_outline(state->caches->kinds, type);
	return add_reader(state, act, type, NULL, who);
}

/* ---- kinds that come and go ------------------------------------------------------------------------------ */

/* Its readers stay: those who want everything want it again. */
static void kind_went(struct state *state, struct act *act, const struct type *type)
{
	struct cache *cache = find(state->caches, type);

	if (cache == NULL || cache->informer == NULL)
		return;
	informer_stop(cache->informer, act);
	cache->informer = NULL;
}

static void kind_came(struct state *state, struct act *act, const struct type *type)
{
	struct cache *cache = find(state->caches, type);

	if (cache != NULL && cache->informer == NULL) {
		cache->type = type; /* perhaps of another version */
		start(state, act, cache);
	}
	for (uint32_t i = 0; i < state->subscriber_count; i++)
		if (state->subscribers[i].wants_everything &&
		    add_reader(state, act, type, NULL, state->subscribers[i].who) != OK)
			log_error("caches", "too many kinds", LOG_STR("kind", type_kind(type)));
}

static void kind_changed(void *arg, const struct type *type, bool is_there)
{
	struct state *state = arg;

	if (is_there)
		kind_came(state, state->caches->act, type);
	else
		kind_went(state, state->caches->act, type);
}

static void define(struct state *state, const struct object *object, bool is_gone)
{
	if (kinds_define(state->caches->kinds, object->record, is_gone, kind_changed, state) != OK)
		log_error("caches", "a definition is not looked at: too many kinds",
			  LOG_STR("definition", object_name(object)));
}

static enum status add_subscriber(struct state *state, struct act *act, const struct act_msg *msg)
{
	const struct caches_subscribe *wish = msg->body;
	struct subscriber *subscriber = &state->subscribers[state->subscriber_count];
	const struct type *type;

	if (state->subscriber_count == SUBSCRIBERS_MAX)
		return BUSY;
	for (uint32_t i = 0; i < wish->count; i++)
		TRY(add_wanted(state, act, wish->types[i], wish->fields[i], msg->from));
	for (uint32_t i = 0;
	     wish->wants_everything && (type = kinds_at(state->caches->kinds, i)) != NULL; i++)
		TRY(add_of_everything(state, act, type, msg->from));
	*subscriber =
	    (struct subscriber){ msg->from, act_monitor(act, msg->from), wish->wants_everything };
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

static void tell_synced(struct act *act, struct cache *cache)
{
	cache->has_synced = true;
	for (uint32_t i = 0; i < cache->readers.len; i++)
		act_cast(act, cache->readers.at[i], &caches_synced_type,
			 &(struct caches_synced){ cache->type });
}

static void hurry(struct state *state, struct act *act, const struct caches_hurry *wish)
{
	struct cache *cache = find(state->caches, wish->type);

	if (cache == NULL || cache->informer == NULL)
		return;
	cache->hurried = informer_revision(cache->informer);
	informer_hurry(cache->informer, act);
}

static void tell_passed(struct act *act, struct cache *cache)
{
	if (cache->informer == NULL || cache->hurried == 0 ||
	    informer_revision(cache->informer) <= cache->hurried)
		return;
	cache->hurried = 0;
	for (uint32_t i = 0; i < cache->readers.len; i++)
		act_cast(act, cache->readers.at[i], &caches_passed_type,
			 &(struct caches_passed){ cache->type });
}

static bool goes_to_informer(struct state *state, struct act *act, const struct act_msg *msg)
{
	for (uint32_t i = 0; i < state->caches->len; i++) {
		struct cache *cache = &state->caches->at[i];

		if (cache->informer == NULL || !informer_receive(cache->informer, act, msg))
			continue;
		if (!cache->has_synced && informer_has_synced(cache->informer))
			tell_synced(act, cache);
		tell_passed(act, cache);
		return true;
	}
	return false;
}

static void forget(struct caches *caches, struct act_ref who)
{
	for (uint32_t i = 0; i < caches->len; i++)
		for (uint32_t k = caches->at[i].readers.len; k-- > 0;)
			if (act_ref_eq(caches->at[i].readers.at[k], who))
				vec_remove(&caches->at[i].readers, k);
}

static bool is_end_of_subscriber(struct state *state, const struct act_msg *msg)
{
	if (msg->type == NULL || !ACT_IS(msg, act_down))
		return false;
	for (uint32_t i = 0; i < state->subscriber_count; i++)
		if (state->subscribers[i].monitor == ACT_AS(msg, act_down)->monitor) {
			forget(state->caches, state->subscribers[i].who);
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
	else if (msg->type != NULL && ACT_IS(msg, caches_hurry))
		hurry(state, act, msg->body);
	else if (!goes_to_informer(state, act, msg) && !is_end_of_subscriber(state, msg))
		verdict = msg->kind == ACT_PLAIN ? ACT_UNHANDLED : ACT_OK;
	state->caches->act = NULL;
	return verdict;
}

/* Also after a crash: the informers go, the counted part stays for those who still look at it. */
static void end(void *arg)
{
	struct caches *caches = arg;

	for (uint32_t i = 0; i < caches->len; i++) {
		if (caches->at[i].informer != NULL)
			informer_release(caches->at[i].informer);
		vec_fini(&caches->at[i].readers);
	}
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
	state->caches->kinds = kinds_new(&state->args.kinds);
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
