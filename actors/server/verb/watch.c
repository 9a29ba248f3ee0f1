#include "actors/server/audit/audit.h"
#include "actors/server/outside/conversions.h"
#include "actors/server/verb/select.h"
#include "actors/server/verb/watch-private.h"
#include "datastore/object/record.h"

#define BOOKMARK_MS 60000U /* about as often as upstream */
#define CONVERT_AHEAD 64U  /* objects of one question */

struct watch *watch_of_link(struct list *link)
{
	return list_item(link, struct watch, cache_link);
}

struct watch *watch_of_server_link(struct list *link)
{
	return list_item(link, struct watch, server_link);
}

const struct outlet *watch_outlet(const struct watch *watch)
{
	return &watch->to;
}

bool watch_is_near(const struct watch *watch)
{
	return watch->to.door->is_near;
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
	struct server *server = watch->to.server;

	list_remove(&watch->cache_link);
	list_remove(&watch->server_link);
	cache_snapshot_unref(watch->snapshot);
	forget_converted(watch);
	flow_end(server, watch->flow);
	flow_watch_end(server, watch->counted);
	server->watch_count--;
	if (watch->request != NULL) {
		measure_answered(watch->request);
		watch->request->work = NULL;
	} else {
		measure_watch_over(&watch->to, watch->began);
	}
	arena_free(watch->arena);
}

void watch_abandon(struct watch *watch)
{
	cache_snapshot_unref(watch->snapshot);
	forget_converted(watch);
	if (watch->request == NULL)
		watch->to.door->lose(&watch->to);
	arena_free(watch->arena);
}

void watch_cancel(struct watch *watch)
{
	if (watch->request != NULL) {
		request_cancel(watch->request);
		return;
	}
	watch->to.door->leave(&watch->to);
	watch_gone(watch);
}

void watch_close(struct watch *watch, int32_t code)
{
	if (watch->request != NULL) {
		watch->request->is_answered = true;
		audit_end(watch->request);
	}
	watch->to.door->end(&watch->to, code);
	watch_cancel(watch);
}

void watch_say_failure(const struct outlet *to, const struct failure *failure)
{
	struct text out = text_new(LIMIT_OBJECT_BYTES);

	failure_encode(failure, to->format, &out);
	to->door->event_bytes(to, "ERROR", text_str(&out), 0, false);
	text_fini(&out);
}

static void watch_expire(struct watch *watch)
{
	struct arena *arena = arena_new(0);

	measure_watcher_dropped(&watch->to);
	watch_say_failure(&watch->to, failure_expired(arena, "too old resource version"));
	arena_free(arena);
	watch_close(watch, 410);
}

/* It cannot go on, and its peer hears why. */
static void say_failed(struct watch *watch, struct str failed)
{
	struct arena *arena = arena_new(0);

	watch_say_failure(&watch->to, failure_plain(arena, 500, arena_str(arena, failed)));
	arena_free(arena);
}

/* ---- events --------------------------------------------------------------------------------------------- */

static bool is_for(const struct watch *watch, const struct object *object)
{
	if (object == NULL)
		return false;
	if (watch->namespace.len > 0 && !str_eq(object_namespace(object), watch->namespace))
		return false;
	if (watch->name.len > 0 && !str_eq(object_name(object), watch->name))
		return false;
	return select_matches_both(&watch->labels, &watch->fields, object,
				   watch->to.server->scratch);
}

/* In another version of the kind, if that was asked for. */
static bool send_object(struct watch *watch, enum cache_change change, const struct object *object)
{
	static const char *const names[] = { "ADDED", "MODIFIED", "DELETED" };
	const struct door *door = watch->to.door;
	struct text out;
	bool has_room;

	if (watch->as.form.view == VIEW_OBJECT && watch->as.resource->type == object->type)
		return door->event(&watch->to, change, object);
	out = text_new(LIMIT_RESPONSE_BYTES);
	if (respond_view(&watch->as, object, !watch->has_columns, &out) != OK) {
		text_fini(&out);
		return true;
	}
	watch->has_columns = true;
	has_room = door->event_bytes(&watch->to, names[change], text_str(&out),
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
	const struct custom_resource *custom = watch->as.resource->custom;

	if (custom == NULL || custom->set == NULL || !custom_set_converts(custom->set) ||
	    (watch->as.form.view != VIEW_OBJECT && watch->as.form.view != VIEW_TABLE))
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
	const struct type *to = watch->as.resource->type;
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
	const struct type *type = watch->as.resource->type;
	const struct object *ahead[CONVERT_AHEAD], *found;
	uint32_t count;

	*failed = STR_NONE;
	if (!conversion_is_due(set, object, type))
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
	watch->conversion = conversion_begin(watch->to.server, watch->converting, set, ahead, count,
					     type, converted, watch);
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
	struct str failed;
	const struct object *shown = as_shown(watch, object, &failed);

	if (shown != NULL) {
		send(watch, change, shown);
		return SENT;
	}
	if (watch->is_converting)
		return SENT_NOT;
	say_failed(watch, failed);
	return SENT_NEVER;
}

/* Somebody who sees a part no longer sees it. */
static enum sent send_left(struct watch *watch, const struct cache_event *event)
{
	struct str failed;
	const struct object *shown = as_shown(watch, event->old, &failed), *last;

	if (shown == NULL && watch->is_converting)
		return SENT_NOT;
	if (shown == NULL) {
		say_failed(watch, failed);
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

struct mono watch_next_bookmark(const struct server *server)
{
	uint32_t ms = server->config->bookmark_ms ? server->config->bookmark_ms : BOOKMARK_MS;

	return (struct mono){ act_now(server->act).ns + ms * TIME_MS };
}

static void send_bookmark(struct watch *watch, uint64_t revision, bool is_initial_end)
{
	const struct outlet *to = &watch->to;
	const struct type *type = watch->as.resource->type;
	struct arena *arena = arena_new(0);
	void *record = record_new(type, arena);
	struct meta_object_meta *meta;
	struct text out = text_new(LIMIT_OBJECT_BYTES);

	record_fill(type, record, arena);
	meta = record_meta(type, record);
	meta->resource_version = arena_printf(arena, "%ju", (uintmax_t)revision);
	if (is_initial_end)
		str_map_put(&meta->annotations, arena, STR("k8s.io/initial-events-end"),
			    STR("true"));
	if (respond_view_record(&watch->as, type, record, false, &out) == OK &&
	    !to->door->event_bytes(to, "BOOKMARK", text_str(&out), revision, is_initial_end))
		watch->is_stalled = true;
	watch->revision = revision;
	watch->bookmark_at = watch_next_bookmark(to->server);
	text_fini(&out);
	arena_free(arena);
}

static uint64_t shown_to(const struct watch *watch)
{
	return server_shown(watch->to.server, watch->as.resource);
}

/* False: its peer cannot be reached, the watch is over. */
static bool flush(struct watch *watch)
{
	bool is_reached = watch->to.door->flush(&watch->to);

	if (!is_reached)
		watch_close(watch, 410);
	return is_reached;
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
	enum sent sent = SENT;

	if (watch->is_stalled || watch->is_converting)
		return;
	if (watch->snapshot != NULL || watch->owes_initial_end)
		sent = send_initial(watch);
	if (sent == SENT) {
		flow_end(watch->to.server, watch->flow);
		watch->flow = NULL;
		sent = send_events(watch);
	}
	if (sent == SENT_OVER)
		return;
	arena_reset(watch->to.server->scratch);
	if (sent == SENT_NEVER)
		watch_close(watch, 500);
	else
		flush(watch);
}

void watch_writable(struct watch *watch)
{
	if (!flush(watch))
		return;
	watch->is_stalled = false;
	watch_pump(watch);
}

void watch_progress(struct watch *watch)
{
	uint64_t shown = shown_to(watch);

	/* One that is behind hears more anyway, and asks again if that was not enough. */
	if (watch->is_stalled || watch->snapshot != NULL ||
	    watch->cursor < cache_next(watch->cache) || shown <= watch->revision)
		return;
	send_bookmark(watch, shown, false);
	flush(watch);
}

ACT_BRANCH(ends_early, 10, "an API server ends a watch before its time");
ACT_BRANCH(seems_behind, 10, "an API server gives up a watch as if it had fallen behind");

void watch_tick(struct watch *watch, struct mono now)
{
	struct act *act = watch->to.server->act;
	uint64_t shown = shown_to(watch);
	bool is_ending = watch->ends.ns - now.ns <= 2 * TIME_S;

	if (!watch->is_stalled && watch->wants_bookmarks && watch->snapshot == NULL &&
	    watch->cursor == cache_next(watch->cache) && shown > watch->revision &&
	    (is_ending || now.ns >= watch->bookmark_at.ns)) {
		send_bookmark(watch, shown, false);
		if (!flush(watch))
			return;
	}
	if (now.ns >= watch->ends.ns || act_buggify(act, &ends_early))
		watch_close(watch, 200);
	else if ((watch->is_stalled && watch->cursor < cache_oldest(watch->cache)) ||
		 act_buggify(act, &seems_behind))
		watch_expire(watch);
}
