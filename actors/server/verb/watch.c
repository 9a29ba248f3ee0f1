#include "actors/server/audit/audit.h"
#include "actors/server/outside/conversions.h"
#include "actors/server/server-private.h"
#include "actors/server/verb/select.h"
#include "datastore/object/record.h"

#define TIMEOUT_MIN_S 1800U /* upstream's --min-request-timeout */
#define BOOKMARK_MS 60000U  /* about as often as upstream */

/*
 * A watch that stands: first the objects that were there (a shared snapshot), then events of the ring from `cursor` on. It
 * holds no queue of its own: when its peer does not take more it stands still, and when the ring has gone past it, it is over.
 */
struct watch {
	struct request *request;
	struct list cache_link, server_link;
	struct cache *cache;
	struct cache_snapshot *snapshot; /* initial events still to be sent; NULL: none */
	uint32_t position;
	uint64_t cursor;
	uint64_t after;    /* events up to this revision are not for it */
	uint64_t revision; /* what its peer knows */
	uint64_t initial_revision;
	bool owes_initial_end;
	bool is_stalled;
	bool has_columns; /* of a table: said once */
	struct mono ends, bookmark_at;
	/* Custom resources that a webhook converts: those that come next, or came last. */
	struct conversion *conversion;
	struct arena *converting; /* of the above */
	bool is_converting;       /* it stands still until they are there */
};

#define CONVERT_AHEAD 64U /* objects of one question */

struct watch *watch_of_link(struct list *link)
{
	return list_item(link, struct watch, cache_link);
}

struct watch *watch_of_server_link(struct list *link)
{
	return list_item(link, struct watch, server_link);
}

struct request *watch_request(const struct watch *watch)
{
	return watch->request;
}

bool watch_is_near(const struct watch *watch)
{
	return watch->request->door->is_near;
}

struct watch *request_watch(const struct request *r)
{
	return r->steps == &watch_steps ? r->work : NULL;
}

/* ---- its end ------------------------------------------------------------------------------------------- */

static void forget_converted(struct watch *watch)
{
	conversion_drop(watch->conversion);
	arena_free(watch->converting);
	watch->conversion = NULL;
	watch->converting = NULL;
	watch->is_converting = false;
}

void watch_gone(struct watch *watch)
{
	struct request *r = watch->request;

	list_remove(&watch->cache_link);
	list_remove(&watch->server_link);
	cache_snapshot_unref(watch->snapshot);
	watch->snapshot = NULL;
	forget_converted(watch);
	r->server->watch_count--;
	measure_answered(r);
	r->work = NULL;
}

void watch_abandon(struct watch *watch)
{
	cache_snapshot_unref(watch->snapshot);
	forget_converted(watch);
}

void watch_close(struct watch *watch, int32_t code)
{
	struct request *r = watch->request;

	watch_gone(watch);
	r->is_answered = true;
	audit_end(r);
	r->door->end(r, code);
	request_cancel(r);
}

static void say_failure(struct request *r, struct failure *failure)
{
	struct text out = text_in(r->arena, LIMIT_OBJECT_BYTES);

	failure_encode(failure, r->form.format, &out);
	r->door->event_bytes(r, "ERROR", text_str(&out), 0, false);
}

static void watch_expire(struct watch *watch)
{
	struct request *r = watch->request;

	measure_watcher_dropped(r);
	say_failure(r, failure_expired(r->arena, "too old resource version"));
	watch_close(watch, 410);
}

/* ---- events --------------------------------------------------------------------------------------------- */

static bool is_for(const struct watch *watch, const struct object *object)
{
	struct request *r = watch->request;
	struct str namespace = r->route.namespace;

	if (object == NULL)
		return false;
	if (namespace.len > 0 && r->resource->row->is_namespaced &&
	    !str_eq(object_namespace(object), namespace))
		return false;
	if (r->route.name.len > 0 && !str_eq(object_name(object), r->route.name))
		return false;
	return select_matches(&r->options, object, r->server->scratch);
}

/* In another version of the kind, if that was asked for. */
static bool send_object(struct watch *watch, enum cache_change change, const struct object *object)
{
	static const char *const names[] = { "ADDED", "MODIFIED", "DELETED" };
	struct request *r = watch->request;
	struct text out;
	bool has_room;

	if (r->form.view == VIEW_OBJECT && r->resource->type == object->type)
		return r->door->event(r, change, object);
	out = text_new(LIMIT_RESPONSE_BYTES);
	if (respond_view(r, &r->form, object, !watch->has_columns, &out) != OK) {
		text_fini(&out);
		return true;
	}
	watch->has_columns = true;
	has_room = r->door->event_bytes(r, names[change], text_str(&out),
					(uint64_t)object->revision, false);
	text_fini(&out);
	return has_room;
}

static void send(struct watch *watch, enum cache_change change, const struct object *object)
{
	watch->revision = (uint64_t)object->revision;
	if (!send_object(watch, change, object))
		watch->is_stalled = true;
}

/* ---- conversion by a webhook -------------------------------------------------------------------------------- */

static struct custom_set *converting_set(const struct watch *watch)
{
	const struct request *r = watch->request;
	const struct custom_resource *custom = r->resource->custom;

	if (custom == NULL || custom->set == NULL || !custom_set_converts(custom->set) ||
	    (r->form.view != VIEW_OBJECT && r->form.view != VIEW_TABLE))
		return NULL;
	return custom->set;
}

static void converted(void *arg)
{
	struct watch *watch = arg;

	watch->is_converting = false;
	watch_pump(watch);
}

/* What comes next, this one first, as far as it has to be converted. */
static uint32_t look_ahead(struct watch *watch, const struct custom_set *set,
			   const struct object *first, const struct object **out)
{
	const struct type *to = watch->request->resource->type;
	uint32_t count = 0;

	out[count++] = first;
	for (uint32_t i = watch->position + 1;
	     watch->snapshot != NULL && i < watch->snapshot->len && count < CONVERT_AHEAD; i++)
		if (is_for(watch, watch->snapshot->objects[i]) &&
		    conversion_is_due(set, watch->snapshot->objects[i], to))
			out[count++] = watch->snapshot->objects[i];
	for (uint64_t at = watch->cursor + 1;
	     watch->snapshot == NULL && at < cache_next(watch->cache) && count < CONVERT_AHEAD;
	     at++) {
		const struct cache_event *event = cache_event(watch->cache, at);

		if (event != NULL && is_for(watch, event->object) &&
		    conversion_is_due(set, event->object, to))
			out[count++] = event->object;
	}
	return count;
}

static const struct object *find_converted(const struct watch *watch, const struct object *object)
{
	const struct conversion *conversion = watch->conversion;

	for (uint32_t i = 0; conversion != NULL && i < conversion->count; i++)
		if (conversion->objects[i] == object)
			return conversion->results[i];
	return NULL;
}

/* As its peer is shown it; NULL: it is not there yet, or never (`failed`). */
static const struct object *as_shown(struct watch *watch, const struct object *object,
				     struct str *failed)
{
	struct custom_set *set = converting_set(watch);
	struct request *r = watch->request;
	const struct object *ahead[CONVERT_AHEAD], *found;
	uint32_t count;

	*failed = STR_NONE;
	if (!conversion_is_due(set, object, r->resource->type))
		return object;
	found = find_converted(watch, object);
	if (found != NULL)
		return found;
	if (watch->conversion != NULL && watch->conversion->failed.at != NULL) {
		*failed = watch->conversion->failed;
		return NULL;
	}
	count = look_ahead(watch, set, object, ahead);
	forget_converted(watch);
	watch->converting = arena_new(0);
	watch->conversion = conversion_begin(r->server, watch->converting, set, ahead, count,
					     r->resource->type, converted, watch);
	watch->is_converting = !watch->conversion->is_done;
	*failed = watch->conversion->failed;
	return watch->is_converting ? NULL : find_converted(watch, object);
}

/* ---- one after the other --------------------------------------------------------------------------------------- */

enum sent {
	SENT,
	SENT_NOT,   /* now: it goes on later */
	SENT_NEVER, /* and its peer was told why */
	SENT_OVER,  /* the watch has gone */
};

static enum sent send_as_shown(struct watch *watch, enum cache_change change,
			       const struct object *object)
{
	struct request *r = watch->request;
	struct str failed;
	const struct object *shown = as_shown(watch, object, &failed);

	if (shown != NULL) {
		send(watch, change, shown);
		return SENT;
	}
	if (watch->is_converting)
		return SENT_NOT;
	say_failure(r, failure_plain(r->arena, 500, arena_str(r->arena, failed)));
	return SENT_NEVER;
}

/* Somebody who sees a part no longer sees it. */
static enum sent send_left(struct watch *watch, const struct cache_event *event)
{
	struct request *r = watch->request;
	struct str failed;
	const struct object *shown = as_shown(watch, event->old, &failed), *last;

	if (shown == NULL && watch->is_converting)
		return SENT_NOT;
	if (shown == NULL) {
		say_failure(r, failure_plain(r->arena, 500, arena_str(r->arena, failed)));
		return SENT_NEVER;
	}
	last = cache_deleted(shown, event->revision);
	send(watch, CACHE_DELETED, last);
	object_unref(last);
	return SENT;
}

/* What an event means for those who see a part: entering it is ADDED, leaving it DELETED. */
static enum sent send_event(struct watch *watch, const struct cache_event *event)
{
	bool was = event->old != NULL && is_for(watch, event->old);
	bool is = event->change != CACHE_DELETED && is_for(watch, event->object);

	if (is)
		return send_as_shown(watch, was ? CACHE_MODIFIED : CACHE_ADDED, event->object);
	if (!was)
		return SENT;
	return event->change == CACHE_DELETED ? send_as_shown(watch, CACHE_DELETED, event->object)
					      : send_left(watch, event);
}

static int64_t bookmark_ns(const struct server *server)
{
	uint32_t ms = server->config->bookmark_ms ? server->config->bookmark_ms : BOOKMARK_MS;

	return ms * TIME_MS;
}

static void send_bookmark(struct watch *watch, uint64_t revision, bool is_initial_end)
{
	struct request *r = watch->request;
	struct arena *arena = arena_new(0);
	void *record = record_new(r->type, arena);
	struct meta_object_meta *meta;
	struct text out = text_new(LIMIT_OBJECT_BYTES);

	record_fill(r->type, record, arena);
	meta = record_meta(r->type, record);
	meta->resource_version = arena_printf(arena, "%ju", (uintmax_t)revision);
	if (is_initial_end)
		str_map_put(&meta->annotations, arena, STR("k8s.io/initial-events-end"),
			    STR("true"));
	if (respond_view_record(r, &r->form, r->type, record, false, &out) == OK &&
	    !r->door->event_bytes(r, "BOOKMARK", text_str(&out), revision, is_initial_end))
		watch->is_stalled = true;
	watch->revision = revision;
	watch->bookmark_at.ns = act_now(r->server->act).ns + bookmark_ns(r->server);
	text_fini(&out);
	arena_free(arena);
}

/* SENT: there is no more of it. */
static enum sent send_initial(struct watch *watch)
{
	struct cache_snapshot *snapshot = watch->snapshot;

	while (snapshot != NULL && watch->position < snapshot->len && !watch->is_stalled) {
		const struct object *object = snapshot->objects[watch->position];
		enum sent sent = SENT;

		if (is_for(watch, object))
			sent = send_as_shown(watch, CACHE_ADDED, object);
		if (sent != SENT)
			return sent;
		watch->position++;
	}
	if (watch->is_stalled)
		return SENT_NOT;
	cache_snapshot_unref(snapshot);
	watch->snapshot = NULL;
	watch->revision = watch->initial_revision;
	if (watch->owes_initial_end) {
		watch->owes_initial_end = false;
		send_bookmark(watch, watch->initial_revision, true);
	}
	return watch->is_stalled ? SENT_NOT : SENT;
}

static enum sent send_events(struct watch *watch)
{
	while (!watch->is_stalled && watch->cursor < cache_next(watch->cache)) {
		const struct cache_event *event = cache_event(watch->cache, watch->cursor);
		enum sent sent = SENT;

		if (event == NULL) {
			watch_expire(watch);
			return SENT_OVER;
		}
		if (event->revision > watch->after)
			sent = send_event(watch, event);
		if (sent != SENT)
			return sent;
		watch->cursor++;
	}
	return SENT;
}

void watch_pump(struct watch *watch)
{
	struct request *r = watch->request;
	enum sent sent = SENT;

	if (watch->is_stalled || watch->is_converting)
		return;
	if (watch->snapshot != NULL || watch->owes_initial_end)
		sent = send_initial(watch);
	if (sent == SENT)
		sent = send_events(watch);
	if (sent == SENT_OVER)
		return;
	arena_reset(r->server->scratch);
	if (sent == SENT_NEVER)
		watch_close(watch, 500);
	else if (!r->door->flush(r))
		watch_close(watch, 410);
}

void watch_writable(struct request *r)
{
	struct watch *watch = request_watch(r);

	if (watch == NULL)
		return;
	if (!r->door->flush(r)) {
		watch_close(watch, 410);
		return;
	}
	watch->is_stalled = false;
	watch_pump(watch);
}

void watch_progress(struct request *r)
{
	struct watch *watch = request_watch(r);
	uint64_t shown = request_shown(r);

	/* One that is behind hears more anyway, and asks again if that was not enough. */
	if (watch == NULL || watch->is_stalled || watch->snapshot != NULL ||
	    watch->cursor < cache_next(watch->cache) || shown <= watch->revision)
		return;
	send_bookmark(watch, shown, false);
	if (!r->door->flush(r))
		watch_close(watch, 410);
}

ACT_BRANCH(ends_early, 10, "an API server ends a watch before its time");
ACT_BRANCH(seems_behind, 10, "an API server gives up a watch as if it had fallen behind");

void watch_tick(struct watch *watch, struct mono now)
{
	struct request *r = watch->request;
	uint64_t shown = request_shown(r);
	bool is_ending = watch->ends.ns - now.ns <= 2 * TIME_S;

	if (!watch->is_stalled && r->options.wants_bookmarks && watch->snapshot == NULL &&
	    watch->cursor == cache_next(watch->cache) && shown > watch->revision &&
	    (is_ending || now.ns >= watch->bookmark_at.ns)) {
		send_bookmark(watch, shown, false);
		if (!r->door->flush(r)) {
			watch_close(watch, 410);
			return;
		}
	}
	if (now.ns >= watch->ends.ns || act_buggify(r->server->act, &ends_early))
		watch_close(watch, 200);
	else if ((watch->is_stalled && watch->cursor < cache_oldest(watch->cache)) ||
		 act_buggify(r->server->act, &seems_behind))
		watch_expire(watch);
}

/* ---- its beginning ------------------------------------------------------------------------------------------ */

/* Before whom: those that are near stand first, so that they are found without looking at all others. */
static struct list *place_among(const struct watch *watch, struct list *watchers)
{
	if (!watch_is_near(watch))
		return watchers;
	list_each (watchers, link) {
		if (!watch_is_near(watch_of_link(link)))
			return link;
	}
	return watchers;
}

/* Of one that names none: all that began together do not end together. */
static int64_t lifetime_s(const struct server *server)
{
	uint32_t least = server->config->watch_min_s ? server->config->watch_min_s : TIMEOUT_MIN_S;

	return least + (int64_t)(act_random(server->act) % least);
}

static void open_watch(struct request *r, bool has_initial, uint64_t cursor, uint64_t after)
{
	struct server *server = r->server;
	struct watch *watch = arena_new_of(r->arena, struct watch);
	int64_t seconds = r->options.timeout_seconds;
	struct mono now = act_now(server->act);

	if (seconds <= 0)
		seconds = lifetime_s(server);
	watch->request = r;
	watch->cache = r->resource->cache;
	watch->cursor = cursor;
	watch->after = after;
	watch->revision = after;
	watch->ends.ns = now.ns + seconds * TIME_S;
	watch->bookmark_at.ns = now.ns + bookmark_ns(server);
	if (has_initial) {
		struct str namespace =
		    r->resource->row->is_namespaced ? r->route.namespace : STR("");

		watch->snapshot = cache_snapshot(watch->cache, namespace);
		watch->cursor = cache_next(watch->cache);
		watch->initial_revision = request_shown(r);
		watch->after = watch->initial_revision;
		watch->owes_initial_end =
		    r->options.wants_bookmarks && r->options.send_initial_events == OPTION_TRUE;
	}
	list_push(place_among(watch, cache_watchers(watch->cache)), &watch->cache_link);
	list_push(&server->watches, &watch->server_link);
	server->watch_count++;
	measure_stands(r);
	r->work = watch;
	r->answer.code = 200;
	r->answer.content_type = negotiate_type(&r->form, true);
	r->door->begin(r);
	audit_start(r);
}

/* Errors of a watch come as its only event: clients look for them there. */
static enum next watch_fail(struct request *r, struct failure *failure, int32_t code)
{
	r->answer.code = 200;
	r->answer.content_type = negotiate_type(&r->form, true);
	r->door->begin(r);
	say_failure(r, failure);
	r->door->end(r, code);
	r->is_answered = true;
	return DONE;
}

/* Where it begins: what `resourceVersion` and `sendInitialEvents` say together. */
static enum next watch_read(struct request *r)
{
	struct options *options = &r->options;
	struct str version = options->resource_version;
	bool is_any = version.len == 0 || str_is(version, "0");
	bool has_initial;
	uint64_t revision = 0, cursor;

	if (is_any && options->send_initial_events == OPTION_UNSET &&
	    options->resource_version_match.len == 0)
		options->send_initial_events = OPTION_TRUE;
	has_initial = options->send_initial_events == OPTION_TRUE;
	if (!is_any && str_to_u64(version, &revision) != OK)
		return request_fail(r, failure_plain(r->arena, 500, request_version_words(r)));
	if (version.len == 0 && !r->is_fresh)
		return request_refresh(r);
	if (has_initial || is_any) {
		if (revision > request_shown(r))
			return request_wait_revision(r, revision);
		open_watch(r, has_initial, cache_next(r->resource->cache), request_shown(r));
		return NEXT;
	}
	if (!cache_find(r->resource->cache, revision, &cursor))
		return watch_fail(
		    r,
		    failure_expired(
			r->arena,
			arena_cstr(r->arena, request_printf(r, "too old resource version: %ju (%ju)",
							    (uintmax_t)revision,
							    (uintmax_t)request_shown(r)))),
		    410);
	open_watch(r, false, cursor, revision);
	return NEXT;
}

static enum next watch_check(struct request *r)
{
	struct fault why = { 0 };

	if (r->form.view == VIEW_PARTIAL_LIST)
		return request_fail(r, failure_not_acceptable(r->arena, NEGOTIATE_OFFERED));
	if (select_check(r->type, &r->options.fields, &why) != OK)
		return request_fail(r, failure_bad_request(r->arena, "%s", why.text));
	return NEXT;
}

/* What is there already leaves at once, in the step that ends the request's way. */
static enum next watch_begin(struct request *r)
{
	watch_pump(r->work);
	return NEXT;
}

const struct verb_steps watch_steps = {
	.name = "watch",
	.decode = watch_check,
	.read = watch_read,
	.persist = watch_begin,
};
