#include "actors/server/outside/conversions.h"

#include "actors/client/uid.h"
#include "actors/server/outside/callers.h"
#include "actors/server/outside/conversion-review.h"
#include "actors/server/server-private.h"
#include "datastore/object/json.h"
#include "runtime/base/mem.h"

#define CALL_OBJECTS 256U
#define CALL_BYTES (2U * MIB) /* of what was counted before the last one */
#define CONVERT_MS 30000U     /* upstream's */
#define PORT 443
#define RECORDS_MAX 2U /* of a request in admission: an object as it is, and as it was */

/* Source and type: what a result is found by. */
struct key {
	const struct object *source;
	const struct type *to;
};

struct converted {
	struct list link; /* the oldest first */
	struct key key;   /* a reference of the source, and of the set of the type */
	struct mono made;
	bool is_pending;
	const struct object *result; /* a reference; NULL: it failed */
	char *failed;
};

struct conversions {
	struct server *server;
	struct map by_key;
	struct list all, askers, questions;
	uint32_t count;
};

/* One question to the webhook, about entries that wait for it. */
struct question {
	struct list link;
	struct conversions *conversions;
	struct arena *arena; /* its own: who asked first may go first */
	struct converted **entries;
	const struct object **objects;
	uint32_t count;
	const struct type *to;
	struct str version, uid;
	struct outside_call *call;
};

static struct str key_of(const struct key *key)
{
	return str_of(key, sizeof *key);
}

/* ---- what is remembered ------------------------------------------------------------------------------------- */

static void forget(struct conversions *conversions, struct converted *entry)
{
	struct type_set *set = entry->key.to->set;

	(void)map_remove(&conversions->by_key, key_of(&entry->key));
	list_remove(&entry->link);
	conversions->count--;
	object_unref(entry->key.source);
	object_unref(entry->result);
	type_set_unref(set);
	mem_free(entry->failed);
	mem_free(entry);
}

static bool is_old(const struct conversions *conversions, const struct converted *entry)
{
	struct mono now = act_now(conversions->server->act);

	return now.ns - entry->made.ns > LIMIT_CONVERTED_MS * (int64_t)TIME_MS;
}

/* Those at the head are the oldest. */
static void trim(struct conversions *conversions)
{
	list_each (&conversions->all, link) {
		struct converted *entry = list_item(link, struct converted, link);

		if (entry->is_pending)
			continue;
		if (!is_old(conversions, entry) && conversions->count <= LIMIT_CONVERTED)
			return;
		forget(conversions, entry);
	}
}

static struct converted *find(const struct conversions *conversions, const struct object *source,
			      const struct type *to)
{
	struct key key = { source, to };

	return map_get(&conversions->by_key, key_of(&key));
}

static struct converted *remember(struct conversions *conversions, const struct object *source,
				  const struct type *to)
{
	struct converted *entry = mem_new(struct converted);

	entry->key = (struct key){ object_ref(source), to };
	type_set_ref(to->set);
	entry->made = act_now(conversions->server->act);
	entry->is_pending = true;
	list_push(&conversions->all, &entry->link);
	conversions->count++;
	(void)map_put(&conversions->by_key, key_of(&entry->key), entry);
	return entry;
}

/* ---- who waits ------------------------------------------------------------------------------------------------- */

bool conversion_is_due(const struct custom_set *set, const struct object *object,
		       const struct type *to)
{
	return set != NULL && custom_set_converts(set) &&
	       (object->type != to || object->origin != NULL);
}

/* Of the version already, though the cache has it in another. */
static const struct object *as_it_is(const struct object *object, const struct type *to)
{
	return object->origin != NULL && object->origin->type == to ? object->origin : NULL;
}

/* False: one of them is still to come. */
static bool gather(struct conversions *conversions, struct conversion *asker, struct arena *arena)
{
	for (uint32_t i = 0; i < asker->count; i++) {
		struct converted *entry;

		if (asker->results[i] != NULL)
			continue;
		entry = find(conversions, asker->objects[i], asker->to);
		if (entry == NULL || entry->is_pending)
			return false;
		if (entry->result == NULL) {
			asker->failed = arena_str(arena, str_from(entry->failed));
			return true;
		}
		asker->results[i] = object_hold(arena, entry->result);
	}
	return true;
}

struct waiting {
	struct conversion asker; /* first */
	struct arena *arena;
};

static void tell(struct conversions *conversions)
{
	struct list due;

	list_init(&due);
	list_each (&conversions->askers, link) {
		struct waiting *waiting = list_item(link, struct waiting, asker.link);

		if (!gather(conversions, &waiting->asker, waiting->arena))
			continue;
		list_remove(link);
		list_push(&due, link);
	}
	/* Whoever is told may end others who wait. */
	while (!list_is_empty(&due)) {
		struct conversion *asker = list_item(due.next, struct conversion, link);

		list_remove(&asker->link);
		asker->is_done = true;
		asker->done(asker->arg);
	}
}

void conversion_drop(struct conversion *conversion)
{
	if (conversion != NULL)
		list_remove(&conversion->link);
}

/* ---- questions ------------------------------------------------------------------------------------------------- */

static void settle(struct question *q, struct str failed, const struct object *const *results)
{
	for (uint32_t i = 0; i < q->count; i++) {
		struct converted *entry = q->entries[i];

		entry->is_pending = false;
		entry->made = act_now(q->conversions->server->act);
		if (failed.at == NULL) {
			entry->result = results[i];
			continue;
		}
		entry->failed = mem_alloc(failed.len + 1);
		memcpy(entry->failed, failed.at, failed.len);
		entry->failed[failed.len] = '\0';
	}
}

static struct str call_words(const struct question *q)
{
	const struct type *from =
	    q->objects[0]->origin != NULL ? q->objects[0]->origin->type : q->objects[0]->type;
	struct str version = type_api_version(from, q->arena);

	return arena_printf(q->arena,
			    "conversion webhook for " STR_FMT ", Kind=" STR_FMT " failed: " STR_FMT,
			    STR_ARG(version), STR_ARG(type_kind(from)), STR_ARG(q->call->words));
}

static void take_answer(struct question *q)
{
	const struct object **results = arena_array(q->arena, const struct object *, q->count);
	struct str words = STR_NONE;

	if (q->call->status != OK)
		words = call_words(q);
	else if (conversion_review_read(q->call->body, q->version, q->uid, q->to, q->objects,
					q->count, results, &words, q->arena) != OK)
		assert(words.at != NULL);
	settle(q, words, results);
	/* A failure is for who asked: whoever comes later asks again. */
	tell(q->conversions);
	for (uint32_t i = 0; words.at != NULL && i < q->count; i++)
		forget(q->conversions, q->entries[i]);
	trim(q->conversions);
}

static void answered(void *arg)
{
	struct question *q = arg;

	take_answer(q);
	list_remove(&q->link);
	arena_free(q->arena);
}

static struct outside_place place_of(const struct apiextensions_webhook_client_config *client)
{
	struct outside_place place = { .authorities = client->ca_bundle.len > 0 ? client->ca_bundle
										: STR_NONE };

	if (client->service == NULL) {
		place.url = client->url;
		return place;
	}
	place.namespace = client->service->namespace;
	place.service = client->service->name;
	place.path = client->service->path;
	place.port = client->service->has.port ? client->service->port : PORT;
	return place;
}

static struct question *question_new(struct conversions *conversions, const struct type *to)
{
	struct arena *arena = arena_new(0);
	struct question *q = arena_new_of(arena, struct question);

	*q = (struct question){ .conversions = conversions, .arena = arena, .to = to };
	list_push(&conversions->questions, &q->link);
	q->entries = arena_array(arena, struct converted *, CALL_OBJECTS);
	q->objects = arena_array(arena, const struct object *, CALL_OBJECTS);
	return q;
}

static void ask(struct question *q, const struct custom_set *set)
{
	const struct apiextensions_custom_resource_definition *definition = set->definition->record;
	const struct apiextensions_webhook_conversion *webhook =
	    definition->spec->conversion->webhook;
	struct server *server = q->conversions->server;
	const struct outside *outside = callers_face(server->callers);
	struct outside_post post = { .place = place_of(webhook->client_config),
				     .timeout_ms = CONVERT_MS,
				     .answer_max_bytes = LIMIT_CONVERSION_BYTES,
				     .done = answered,
				     .arg = q };
	q->version = conversion_review_version(webhook->conversion_review_versions);
	q->uid = uid_new(server->act, q->arena);
	if (q->version.at == NULL) {
		q->call = arena_new_of(q->arena, struct outside_call);
		q->call->is_done = true;
		q->call->status = INVALID;
		q->call->words = STR("no supported conversion review versions");
		return;
	}
	post.body = conversion_review_ask(q->version, q->uid, q->to, q->objects, q->count, q->arena);
	q->call = outside->post(outside->self, q->arena, &post);
}

/* Those that nobody has asked for yet. */
static void ask_for(struct conversions *conversions, const struct conversion *asker,
		    const struct custom_set *set)
{
	struct question *q = NULL;
	uint32_t bytes = 0;

	for (uint32_t i = 0; i <= asker->count; i++) {
		bool is_end = i == asker->count;
		const struct object *object = is_end ? NULL : asker->objects[i];

		if (q != NULL && (is_end || q->count == CALL_OBJECTS || bytes > CALL_BYTES)) {
			ask(q, set);
			if (q->call->is_done)
				answered(q);
			q = NULL;
			bytes = 0;
		}
		if (is_end || asker->results[i] != NULL ||
		    find(conversions, object, asker->to) != NULL)
			continue;
		if (q == NULL)
			q = question_new(conversions, asker->to);
		q->entries[q->count] = remember(conversions, object, asker->to);
		q->objects[q->count++] = object;
		bytes += object_bytes(object, FORMAT_JSON, q->arena).len;
	}
}

static void nothing(void *arg)
{
	(void)arg;
}

struct conversion *conversion_begin(struct server *server, struct arena *arena,
				    struct custom_set *set, const struct object *const *objects,
				    uint32_t count, const struct type *to, void (*done)(void *arg),
				    void *arg)
{
	struct conversions *conversions = server->conversions;
	struct waiting *waiting = arena_new_of(arena, struct waiting);
	struct conversion *asker = &waiting->asker;

	waiting->arena = arena;
	*asker = (struct conversion){ .count = count, .to = to, .arg = arg };
	list_init(&asker->link);
	asker->objects = arena_array(arena, const struct object *, count);
	asker->results = arena_array(arena, const struct object *, count);
	for (uint32_t i = 0; i < count; i++) {
		const struct object *is = as_it_is(objects[i], to);

		asker->objects[i] = object_hold(arena, objects[i]);
		asker->results[i] = is != NULL                               ? is
				    : conversion_is_due(set, objects[i], to) ? NULL
									     : objects[i];
	}
	/* Among those who wait before anything is asked: a failure may come at once, and is not remembered. */
	list_push(&conversions->askers, &asker->link);
	asker->done = nothing;
	ask_for(conversions, asker, set);
	if (!asker->is_done && gather(conversions, asker, arena)) {
		list_remove(&asker->link);
		asker->is_done = true;
	}
	asker->done = done;
	return asker;
}

/* ---- for requests -------------------------------------------------------------------------------------------------- */

static void resume(void *arg)
{
	request_run(arg);
}

static struct custom_set *set_of(const struct request *r)
{
	return r->resource->custom != NULL ? r->resource->custom->set : NULL;
}

static enum next finish(struct request *r, const struct object **objects)
{
	struct conversion *conversion = r->conversion;

	if (!conversion->is_done)
		return WAIT;
	r->conversion = NULL;
	if (conversion->failed.at != NULL)
		return request_fail(r, failure_plain(r->arena, 500, conversion->failed));
	memcpy(objects, conversion->results, conversion->count * sizeof *objects);
	return NEXT;
}

enum next conversion_step(struct request *r, const struct object **objects, uint32_t count,
			  const struct type *to)
{
	struct custom_set *set = set_of(r);
	bool is_due = false;

	if (r->conversion != NULL) {
		assert(r->conversion->count == count);
		return finish(r, objects);
	}
	if (set == NULL || !custom_set_converts(set))
		return NEXT;
	for (uint32_t i = 0; i < count && !is_due; i++)
		is_due = conversion_is_due(set, objects[i], to);
	if (!is_due)
		return NEXT;
	r->conversion = conversion_begin(r->server, r->arena, set, objects, count, to, resume, r);
	return finish(r, objects);
}

/* NULL: it is none of the type's, which `why` says. */
static const struct object *object_of(struct request *r, const struct type *type,
				      const void *record, struct fault *why)
{
	struct text json = text_in(r->arena, LIMIT_RECORD_BYTES);
	const struct object *held;
	struct object *made;

	json_encode(type, record, &json);
	if (object_decode(type, FORMAT_JSON, text_str(&json), &made, why) != OK)
		return NULL;
	object_freeze(made, 0);
	held = object_hold(r->arena, made);
	object_unref(made);
	return held;
}

enum next conversion_store(struct request *r)
{
	struct custom_set *set = set_of(r);
	const struct object *object = NULL;
	struct fault why = { 0 };
	enum next next;

	if (set == NULL || !custom_set_converts(set) || r->type == r->resource->stored ||
	    r->converted != NULL)
		return NEXT;
	if (r->conversion == NULL) {
		object = object_of(r, r->type, r->record, &why);
		if (object == NULL)
			return request_fail(r, failure_internal(r->arena, "%s", why.text));
	}
	next = conversion_step(r, &object, 1, r->resource->stored);
	if (next == NEXT)
		r->converted = object->record;
	return next;
}

enum check conversion_records(struct request *r, const struct type *from,
			      const void *const *records, uint32_t count, const struct type *to,
			      const void **out, struct str *failed)
{
	const struct object *objects[RECORDS_MAX];
	struct conversion *conversion = r->conversion;
	struct fault why = { 0 };

	assert(count <= RECORDS_MAX);
	/* Who was asked for may have gone meanwhile. */
	if (conversion != NULL && (conversion->to != to || conversion->count != count)) {
		conversion_drop(conversion);
		conversion = NULL;
	}
	for (uint32_t i = 0; conversion == NULL && i < count; i++) {
		objects[i] = object_of(r, from, records[i], &why);
		if (objects[i] == NULL) {
			*failed = arena_str(r->arena, str_from(why.text));
			return CHECK_PASS;
		}
	}
	if (conversion == NULL)
		conversion =
		    conversion_begin(r->server, r->arena, set_of(r), objects, count, to, resume, r);
	r->conversion = conversion->is_done ? NULL : conversion;
	if (!conversion->is_done)
		return CHECK_WAIT;
	*failed = conversion->failed;
	for (uint32_t i = 0; failed->at == NULL && i < count; i++)
		out[i] = conversion->results[i]->record;
	return CHECK_PASS;
}

/* ---- life ----------------------------------------------------------------------------------------------------------- */

struct conversions *conversions_new(struct server *server)
{
	struct conversions *conversions = mem_new(struct conversions);

	conversions->server = server;
	list_init(&conversions->all);
	list_init(&conversions->askers);
	list_init(&conversions->questions);
	return conversions;
}

void conversions_tick(struct conversions *conversions)
{
	trim(conversions);
}

/* What is under way ends with the server's actor. */
void conversions_free(struct conversions *conversions)
{
	list_each (&conversions->questions, link)
		arena_free(list_item(link, struct question, link)->arena);
	list_each (&conversions->all, link)
		forget(conversions, list_item(link, struct converted, link));
	map_fini(&conversions->by_key);
	mem_free(conversions);
}
