#include "actors/client/informer.h"

#include "actors/client/api.h"
#include "actors/client/request.h"
#include "runtime/base/collection/tree.h"
#include "runtime/base/log.h"
#include "transport/http/url.h"

#define CALL_MS 10000U   /* until the server has said whether the watch stands */
#define RETRY_MIN_MS 50U /* after a lost link the next leader's server answers within this order */
#define RETRY_MAX_MS 5000U /* what a server that stays away costs */
#define TOLD_AFTER 6U      /* refusals in a row, 2 to 3 s: a new cluster has its roles by then */
#define KEY_MAX 600U       /* namespace, a slash and a name, each at most 253 bytes */

/*
 *   ASKING ──200──> LISTING ──initial end──> WATCHING
 *     │ ^             │                         │
 *     v └──timer──────┴──────closed, lost───────┘
 *   WAITING                (410: the next watch lists again)
 */
enum phase { ASKING, LISTING, WATCHING, WAITING };

/* One object, in the tree by its key and in the buckets of its indexes. */
struct entry {
	const struct object *object;
	struct list links[INFORMER_INDEXES_MAX];
	bool is_linked[INFORMER_INDEXES_MAX];
	uint64_t seen;     /* number of the list that last had it */
	struct mono since; /* it is as it is now */
};

struct informer {
	struct informer_config config;
	struct arena *arena; /* strings of the config */
	struct tree *objects;
	informer_index_fn *value_of[INFORMER_INDEXES_MAX];
	struct map buckets[INFORMER_INDEXES_MAX]; /* value -> struct list of entries; empty ones go */
	uint32_t index_count;
	enum phase phase;
	uint64_t watch;    /* number of the watch under way; also the tag of its request */
	uint64_t monitor;  /* of the server, while a watch stands */
	uint64_t timer;    /* to ask again */
	uint64_t revision; /* all up to here was seen */
	uint64_t lists;    /* lists begun */
	uint32_t failures; /* in a row */
	struct mono now;   /* of the message that is worked off */
	bool is_listing;   /* this watch began with initial events */
	bool has_synced;
};

struct informer_retry {
	uint64_t watch;
};
static const ACT_TYPE(informer_retry, .id = 0);

/* ---- the cache -------------------------------------------------------------------------------------- */

static struct str key_of(struct str namespace, struct str name, char out[KEY_MAX])
{
	uint32_t len = namespace.len + 1 + name.len;

	assert(len <= KEY_MAX);
	if (namespace.len > 0)
		memcpy(out, namespace.at, namespace.len);
	out[namespace.len] = '/';
	memcpy(out + namespace.len + 1, name.at, name.len);
	return str_of(out, len);
}

static void unlink_entry(struct informer *informer, struct entry *entry)
{
	for (uint32_t i = 0; i < informer->index_count; i++) {
		struct str value;
		struct list *bucket;

		if (!entry->is_linked[i])
			continue;
		value = informer->value_of[i](entry->object);
		bucket = map_get(&informer->buckets[i], value);
		list_remove(&entry->links[i]);
		entry->is_linked[i] = false;
		if (bucket != NULL && list_is_empty(bucket)) {
			map_remove(&informer->buckets[i], value);
			mem_free(bucket);
		}
	}
}

static void link_entry(struct informer *informer, struct entry *entry)
{
	for (uint32_t i = 0; i < informer->index_count; i++) {
		struct str value = informer->value_of[i](entry->object);
		struct list *bucket;

		if (value.at == NULL)
			continue;
		bucket = map_get(&informer->buckets[i], value);
		if (bucket == NULL) {
			bucket = mem_new(struct list);
			list_init(bucket);
			map_put(&informer->buckets[i], value, bucket);
		}
		list_push(bucket, &entry->links[i]);
		entry->is_linked[i] = true;
	}
}

static void tell(const struct informer *informer, enum informer_change change,
		 const struct object *object, const struct object *old)
{
	if (informer->config.on_event != NULL)
		informer->config.on_event(informer->config.arg, change, object, old);
}

/* Takes over the reference. An object that is not newer than ours says nothing: a repeated list has many. */
static void put(struct informer *informer, const struct object *object)
{
	char buffer[KEY_MAX];
	struct str key = key_of(object_namespace(object), object_name(object), buffer);
	struct entry *entry = tree_get(informer->objects, key);
	const struct object *old;

	if (entry == NULL) {
		entry = mem_new(struct entry);
		entry->object = object;
		entry->seen = informer->lists;
		entry->since = informer->now;
		tree_put(informer->objects, key, entry);
		link_entry(informer, entry);
		tell(informer, INFORMER_ADDED, object, NULL);
		return;
	}
	entry->seen = informer->lists;
	if (object->revision <= entry->object->revision) {
		object_unref(object);
		return;
	}
	old = entry->object;
	unlink_entry(informer, entry);
	entry->object = object;
	entry->since = informer->now;
	link_entry(informer, entry);
	tell(informer, INFORMER_CHANGED, object, old);
	object_unref(old);
}

static void drop(struct informer *informer, struct str key, const struct object *last)
{
	struct entry *entry = tree_remove(informer->objects, key);

	if (entry == NULL)
		return;
	unlink_entry(informer, entry);
	tell(informer, INFORMER_DELETED, last ? last : entry->object, entry->object);
	object_unref(entry->object);
	mem_free(entry);
}

static void drop_object(struct informer *informer, const struct object *last)
{
	char buffer[KEY_MAX];

	drop(informer, key_of(object_namespace(last), object_name(last), buffer), last);
}

/* What the new list did not have is gone. A removal ends the walk, so it begins again behind the key. */
static void drop_unseen(struct informer *informer)
{
	struct tree_cursor cursor = tree_from(informer->objects, STR(""));
	char last[KEY_MAX];
	struct str key;
	void *value;

	while (tree_step(&cursor, &key, &value)) {
		if (((struct entry *)value)->seen == informer->lists)
			continue;
		assert(key.len <= sizeof last);
		memcpy(last, key.at, key.len);
		key = str_of(last, key.len);
		drop(informer, key, NULL);
		cursor = tree_from(informer->objects, key);
	}
}

static void forget_all(struct informer *informer)
{
	struct tree_cursor cursor = tree_from(informer->objects, STR(""));
	struct str key;
	void *value;

	while (tree_step(&cursor, &key, &value)) {
		object_unref(((struct entry *)value)->object);
		mem_free(value);
	}
	tree_free(informer->objects);
	for (uint32_t i = 0; i < informer->index_count; i++) {
		for (uint32_t at = 0; map_next(&informer->buckets[i], &at, &key, &value);)
			mem_free(value);
		map_fini(&informer->buckets[i]);
	}
}

/* ---- asking ------------------------------------------------------------------------------------------ */

static void wait_and_retry(struct informer *informer, struct act *act)
{
	uint64_t most = (uint64_t)RETRY_MIN_MS << (informer->failures < 7 ? informer->failures : 7);

	if (informer->monitor != 0)
		act_demonitor(act, informer->monitor);
	informer->monitor = 0;
	if (most > RETRY_MAX_MS)
		most = RETRY_MAX_MS;
	informer->failures++;
	informer->phase = WAITING;
	informer->timer =
	    act_after(act, most / 2 + act_random(act) % (most / 2 + 1), &informer_retry_type,
		      &(struct informer_retry){ informer->watch });
}

static void add_selector(struct text *path, const char *name, struct str selector)
{
	if (selector.len == 0)
		return;
	text_printf(path, "&%s=", name);
	url_encode(path, selector, false);
}

static struct api_call watch_call(const struct informer *informer)
{
	const struct informer_config *config = &informer->config;
	struct arena *arena = arena_new(0);
	struct text path = text_in(arena, 4 * KIB);
	struct api_call call;

	text_add(&path, request_path(arena, config->type, config->namespace, STR_NONE, NULL));
	text_lit(&path, "?watch=1&allowWatchBookmarks=true");
	if (informer->is_listing)
		text_lit(&path, "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan");
	else
		text_printf(&path, "&resourceVersion=%ju", (uintmax_t)informer->revision);
	add_selector(&path, "labelSelector", config->label_selector);
	add_selector(&path, "fieldSelector", config->field_selector);
	call = request_call("GET", text_str(&path), config->user);
	if (config->type->flags & TYPE_JSON_ONLY)
		call.accept = API_TYPE_JSON;
	call.watch = informer->watch;
	arena_free(arena);
	return call;
}

ACT_BRANCH(lists_again, 50, "an informer lists again where it could go on watching");

static void ask(struct informer *informer, struct act *act)
{
	struct api_call call;
	enum status sent;

	informer->watch = act_random(act) | 1;
	if (act_buggify(act, &lists_again))
		informer->revision = 0;
	informer->is_listing = informer->revision == 0;
	if (informer->is_listing)
		informer->lists++;
	informer->phase = ASKING;
	call = watch_call(informer);
	sent = act_request(act, act_named(act, informer->config.api), &api_call_type, &call,
			   CALL_MS, informer->watch);
	if (sent == OK)
		return;
	api_call_free(&call);
	wait_and_retry(informer, act);
}

/* The next watch begins with a list; what we have stays until it is complete. */
static void list_again(struct informer *informer)
{
	informer->revision = 0;
}

static void answered(struct informer *informer, struct act *act, const struct act_msg *msg)
{
	const struct api_answer *answer = msg->body;
	struct fault why = { 0 };

	if (msg->status != OK || !ACT_IS(msg, api_answer)) {
		wait_and_retry(informer, act);
		return;
	}
	if (answer->code >= 400) {
		enum status outcome = request_outcome(answer, &why);

		if (outcome == GONE || outcome == EXPIRED)
			list_again(informer);
		else if (informer->failures == TOLD_AFTER)
			log_warn("informer", "watch refused",
				 LOG_STR("kind", type_name(informer->config.type)),
				 LOG_STATUS(outcome), LOG_FAULT(&why));
		wait_and_retry(informer, act);
		return;
	}
	informer->phase = informer->is_listing ? LISTING : WATCHING;
	informer->monitor = act_monitor(act, msg->from);
}

/* ---- events ------------------------------------------------------------------------------------------ */

static void listed(struct informer *informer)
{
	drop_unseen(informer);
	informer->phase = WATCHING;
	informer->has_synced = true;
}

static enum format form_of(const struct informer *informer)
{
	return informer->config.type->flags & TYPE_JSON_ONLY ? FORMAT_JSON : FORMAT_PROTO;
}

/* False: an object that cannot be read. The cache is then no picture of the server: list again. */
static bool take_event(struct informer *informer, const struct api_event *event)
{
	struct object *read = NULL;
	const struct object *object;

	if (event->kind == API_BOOKMARK) {
		informer->revision = event->revision;
		if (event->is_initial_end && informer->phase == LISTING)
			listed(informer);
		return true;
	}
	if (event->kind == API_ERROR)
		return false;
	if (object_decode_lean(informer->config.type, form_of(informer), event->object, &read,
			       NULL) != OK)
		return false;
	object = object_settle(read, (int64_t)event->revision, NULL);
	if (event->kind == API_DELETED) {
		drop_object(informer, object);
		object_unref(object);
	} else {
		put(informer, object);
	}
	/* Events of the initial list come in the order of keys, so only its end tells the revision. */
	if (informer->phase == WATCHING)
		informer->revision = event->revision;
	return true;
}

static void events_came(struct informer *informer, struct act *act, const struct act_msg *msg)
{
	const struct api_events *events = msg->body;

	informer->failures = 0;
	informer->now = act_now(act);
	for (uint32_t i = 0; i < events->count; i++) {
		if (take_event(informer, &events->events[i]))
			continue;
		act_cast(act, msg->from, &api_cancel_type, &(struct api_cancel){ informer->watch });
		list_again(informer);
		wait_and_retry(informer, act);
		return;
	}
	act_cast(act, msg->from, &api_more_type, &(struct api_more){ informer->watch });
}

static void closed(struct informer *informer, struct act *act, const struct api_closed *closed)
{
	if (closed->code == 410 || !informer->has_synced || informer->phase == LISTING)
		list_again(informer);
	wait_and_retry(informer, act);
}

static void lost(struct informer *informer, struct act *act)
{
	informer->monitor = 0;
	if (informer->phase == LISTING)
		list_again(informer);
	wait_and_retry(informer, act);
}

static bool is_standing(const struct informer *informer)
{
	return informer->phase == LISTING || informer->phase == WATCHING;
}

bool informer_receive(struct informer *informer, struct act *act, const struct act_msg *msg)
{
	if (msg->kind == ACT_ANSWER && msg->tag == informer->watch) {
		if (informer->phase == ASKING)
			answered(informer, act, msg);
		return true;
	}
	if (msg->type == NULL || msg->body == NULL)
		return false;
	if (ACT_IS(msg, api_events) && ACT_AS(msg, api_events)->watch == informer->watch) {
		if (is_standing(informer))
			events_came(informer, act, msg);
		return true;
	}
	if (ACT_IS(msg, api_closed) && ACT_AS(msg, api_closed)->watch == informer->watch) {
		if (is_standing(informer))
			closed(informer, act, msg->body);
		return true;
	}
	if (ACT_IS(msg, act_down) && ACT_AS(msg, act_down)->monitor == informer->monitor &&
	    informer->monitor != 0) {
		lost(informer, act);
		return true;
	}
	if (ACT_IS(msg, informer_retry) && ACT_AS(msg, informer_retry)->watch == informer->watch) {
		if (informer->phase == WAITING)
			ask(informer, act);
		return true;
	}
	return false;
}

void informer_hurry(struct informer *informer, struct act *act)
{
	if (informer->phase == WATCHING)
		act_cast(act, act_named(act, informer->config.api), &api_progress_type,
			 &(struct api_progress){ informer->watch });
}

/* ---- life -------------------------------------------------------------------------------------------- */

struct informer *informer_start(struct act *act, const struct informer_config *config)
{
	struct informer *informer = mem_new(struct informer);

	informer->arena = arena_new(0);
	informer->config = *config;
	informer->config.namespace = arena_str(informer->arena, config->namespace);
	informer->config.label_selector = arena_str(informer->arena, config->label_selector);
	informer->config.field_selector = arena_str(informer->arena, config->field_selector);
	informer->config.user = arena_str(informer->arena, config->user);
	informer->config.api = arena_cstr(informer->arena, str_from(config->api));
	informer->objects = tree_new();
	ask(informer, act);
	return informer;
}

void informer_release(void *arg)
{
	struct informer *informer = arg;

	forget_all(informer);
	arena_free(informer->arena);
	mem_free(informer);
}

void informer_stop(struct informer *informer, struct act *act)
{
	if (is_standing(informer))
		act_cast(act, act_named(act, informer->config.api), &api_cancel_type,
			 &(struct api_cancel){ informer->watch });
	if (informer->phase == ASKING)
		act_request_cancel(act, informer->watch);
	if (informer->phase == WAITING)
		act_cancel(act, informer->timer);
	if (informer->monitor != 0)
		act_demonitor(act, informer->monitor);
	informer_release(informer);
}

/* ---- reading ------------------------------------------------------------------------------------------ */

bool informer_has_synced(const struct informer *informer)
{
	return informer->has_synced;
}

uint64_t informer_revision(const struct informer *informer)
{
	return informer->revision;
}

uint32_t informer_len(const struct informer *informer)
{
	return (uint32_t)tree_len(informer->objects);
}

static struct entry *find(const struct informer *informer, struct str namespace, struct str name)
{
	char buffer[KEY_MAX];

	if (namespace.len + name.len + 1 > KEY_MAX)
		return NULL;
	return tree_get(informer->objects, key_of(namespace, name, buffer));
}

const struct object *informer_get(const struct informer *informer, struct str namespace,
				  struct str name)
{
	const struct entry *entry = find(informer, namespace, name);

	return entry ? entry->object : NULL;
}

struct mono informer_since(const struct informer *informer, struct str namespace, struct str name)
{
	const struct entry *entry = find(informer, namespace, name);

	return entry ? entry->since : (struct mono){ 0 };
}

void informer_confirm(struct informer *informer, struct str namespace, struct str name,
		      struct mono at)
{
	struct entry *entry = find(informer, namespace, name);

	if (entry != NULL)
		entry->since = at;
}

void informer_each(const struct informer *informer, struct str namespace, informer_each_fn *each,
		   void *arg)
{
	char buffer[KEY_MAX];
	struct str prefix =
	    namespace.at && namespace.len < KEY_MAX ? key_of(namespace, STR(""), buffer) : STR("");
	struct tree_cursor cursor = tree_from(informer->objects, prefix);
	struct str key;
	void *value;

	while (tree_step(&cursor, &key, &value))
		if (!str_starts(key, prefix) || !each(arg, ((const struct entry *)value)->object))
			return;
}

uint32_t informer_index(struct informer *informer, informer_index_fn *value_of)
{
	assert(informer->index_count < INFORMER_INDEXES_MAX && tree_len(informer->objects) == 0);
	informer->value_of[informer->index_count] = value_of;
	return informer->index_count++;
}

void informer_by(const struct informer *informer, uint32_t index, struct str value,
		 informer_each_fn *each, void *arg)
{
	struct list *bucket;

	assert(index < informer->index_count);
	bucket = map_get(&informer->buckets[index], value);
	if (bucket == NULL)
		return;
	list_each (bucket, link) {
		/* The first link of its entry, whichever this one is. */
		struct list *first = link - index;

		if (!each(arg, list_item(first, struct entry, links)->object))
			return;
	}
}
