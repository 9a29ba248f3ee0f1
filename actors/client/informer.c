#include "actors/client/informer.h"

#include "actors/client/api.h"
#include "actors/client/request.h"
#include "actors/client/shelf/shelf.h"
#include "datastore/object/proto-envelope.h"
#include "runtime/base/log.h"
#include "transport/http/url.h"

#define CALL_MS 10000U   /* until the server has said whether the watch stands */
#define RETRY_MIN_MS 50U /* after a lost link the next leader's server answers within this order */
#define RETRY_MAX_MS 5000U /* what a server that stays away costs */
/* Custom resources have no protobuf. */
#define ACCEPT_METADATA                                                                        \
	STR("application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1," \
	    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")
#define TOLD_AFTER 6U /* refusals in a row, 2 to 3 s: a new cluster has its roles by then */

/*
 *   ASKING ──200──> LISTING ──initial end──> WATCHING
 *     │ ^             │                         │
 *     v └──timer──────┴──────closed, lost───────┘
 *   WAITING                (410: the next watch lists again)
 */
enum phase { ASKING, LISTING, WATCHING, WAITING };

struct informer {
	struct informer_config config;
	struct arena *arena; /* strings of the config */
	struct shelf *objects;
	struct shelf *before; /* shown until `objects` are listed; NULL: these are shown */
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

static void tell(const struct informer *informer, enum informer_change change,
		 const struct object *object, const struct object *old)
{
	if (informer->config.on_event != NULL)
		informer->config.on_event(informer->config.arg, change, object, old);
}

/* An object that is not newer than ours says nothing: a repeated list has many. */
static void put(struct informer *informer, const struct object *object)
{
	const struct object *old;

	if (!shelf_put(informer->objects, object, (uint32_t)informer->lists, informer->now, &old))
		return;
	if (informer->before == NULL)
		tell(informer, old == NULL ? INFORMER_ADDED : INFORMER_CHANGED, object, old);
	object_unref(old);
}

static void drop(struct informer *informer, const struct object *last)
{
	const struct object *old =
	    shelf_remove(informer->objects, object_namespace(last), object_name(last));

	if (old != NULL)
		tell(informer, INFORMER_DELETED, last, old);
	object_unref(old);
}

static void is_gone(void *arg, const struct object *last)
{
	tell(arg, INFORMER_DELETED, last, last);
}

static bool tell_if_gone(void *arg, const struct object *last)
{
	const struct informer *informer = arg;

	if (!shelf_has(informer->objects, object_namespace(last), object_name(last)))
		is_gone(arg, last);
	return true;
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
	if (config->type->flags & TYPE_METADATA_ONLY)
		call.accept = ACCEPT_METADATA;
	else if (config->type->flags & TYPE_JSON_ONLY)
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

/* Told from what was shown so far, once the list is. */
static void show_listed(struct informer *informer)
{
	struct shelf *before = informer->before;

	informer->before = NULL;
	shelf_each(before, STR_NONE, tell_if_gone, informer);
	shelf_free(before);
}

static void listed(struct informer *informer)
{
	/* What the new list did not have is gone. */
	shelf_sweep(informer->objects, (uint32_t)informer->lists, is_gone, informer);
	informer->phase = WATCHING;
	informer->has_synced = true;
	if (informer->before != NULL)
		show_listed(informer);
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
	if (object_decode_lean(informer->config.type,
			       proto_envelope_is(event->object) ? FORMAT_PROTO : FORMAT_JSON,
			       event->object, &read, NULL) != OK)
		return false;
	object = object_settle(read, (int64_t)event->revision, NULL);
	if (event->kind == API_DELETED)
		drop(informer, object);
	else
		put(informer, object);
	object_unref(object);
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
	informer->objects = shelf_new(config->type);
	ask(informer, act);
	return informer;
}

void informer_release(void *arg)
{
	struct informer *informer = arg;

	if (informer->before != NULL)
		shelf_free(informer->before);
	shelf_free(informer->objects);
	arena_free(informer->arena);
	mem_free(informer);
}

static void end_watch(struct informer *informer, struct act *act)
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
	informer->monitor = 0;
}

void informer_stop(struct informer *informer, struct act *act)
{
	end_watch(informer, act);
	informer_release(informer);
}

void informer_widen(struct informer *informer, struct act *act, const struct type *whole)
{
	assert(informer->before == NULL && (informer->config.type->flags & TYPE_METADATA_ONLY) != 0);
	end_watch(informer, act);
	informer->before = informer->objects;
	informer->objects = shelf_new(whole);
	informer->config.type = whole;
	informer->has_synced = false;
	list_again(informer);
	ask(informer, act);
}

/* ---- reading ------------------------------------------------------------------------------------------ */

static const struct shelf *shown(const struct informer *informer)
{
	return informer->before != NULL ? informer->before : informer->objects;
}

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
	return shelf_len(shown(informer));
}

const struct object *informer_get(const struct informer *informer, struct str namespace,
				  struct str name)
{
	return shelf_get(shown(informer), namespace, name);
}

const struct object *informer_take(const struct informer *informer, struct str namespace,
				   struct str name)
{
	return shelf_take(shown(informer), namespace, name);
}

struct mono informer_since(const struct informer *informer, struct str namespace, struct str name)
{
	const struct mono *since = shelf_since(shown(informer), namespace, name);

	return since != NULL ? *since : (struct mono){ 0 };
}

void informer_confirm(struct informer *informer, struct str namespace, struct str name,
		      struct mono at)
{
	struct mono *since = shelf_since(shown(informer), namespace, name);

	if (since != NULL)
		*since = at;
}

void informer_each(const struct informer *informer, struct str namespace, informer_each_fn *each,
		   void *arg)
{
	shelf_each(shown(informer), namespace, each, arg);
}

uint32_t informer_index(struct informer *informer, informer_index_fn *value_of)
{
	return shelf_index(informer->objects, value_of);
}

void informer_by(const struct informer *informer, uint32_t index, struct str value,
		 informer_each_fn *each, void *arg)
{
	shelf_by(shown(informer), index, value, each, arg);
}
