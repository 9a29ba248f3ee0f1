#include "actors/server/audit/audit.h"
#include "actors/server/verb/select.h"
#include "actors/server/verb/watch-private.h"

#define TIMEOUT_MIN_S 1800U /* upstream's --min-request-timeout */

struct watch *request_watch(const struct request *r)
{
	return r->steps == &watch_steps ? r->work : NULL;
}

/* With all that it needs of what was asked. */
static struct watch *make_watch(struct request *r)
{
	struct arena *arena = arena_new_in(&r->server->watch_slab);
	struct watch *watch = arena_new_of(arena, struct watch);

	watch->arena = arena;
	watch->request = r;
	watch->to = request_outlet(r);
	watch->as = respond_view_of(r);
	watch->as.include_object = arena_str(arena, r->options.include_object);
	if (r->resource->row->is_namespaced)
		watch->namespace = arena_str(arena, r->route.namespace);
	watch->name = arena_str(arena, r->route.name);
	watch->labels = selector_copy(&r->options.labels, arena);
	watch->fields = selector_copy(&r->options.fields, arena);
	watch->wants_bookmarks = r->options.wants_bookmarks;
	watch->cache = r->resource->cache;
	watch->began = r->began;
	return watch;
}

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
	struct watch *watch = make_watch(r);
	int64_t seconds = r->options.timeout_seconds;
	struct mono now = act_now(server->act);

	if (seconds <= 0)
		seconds = lifetime_s(server);
	watch->cursor = cursor;
	watch->after = after;
	watch->revision = after;
	watch->ends.ns = now.ns + seconds * TIME_S;
	watch->bookmark_at = watch_next_bookmark(server);
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
	watch->to = request_outlet(r); /* it may be another door's now */
	watch->flow = flow_take(r);
	watch->counted = flow_watch_begin(server, r);
	audit_start(r);
}

void watch_settle(struct watch *watch)
{
	struct request *r = watch->request;

	if (r->audit != NULL || r->door->settle == NULL)
		return;
	r->is_standing = false; /* it is the watch that does, and is counted at its end */
	r->is_measured = true;
	server_request_free(r);
	watch->request = NULL;
	watch->to.peer = r->door->settle(r, watch, watch->arena);
}

/* Errors of a watch come as its only event: clients look for them there. */
static enum next watch_fail(struct request *r, struct failure *failure, int32_t code)
{
	struct outlet to;

	r->answer.code = 200;
	r->answer.content_type = negotiate_type(&r->form, true);
	r->door->begin(r);
	to = request_outlet(r);
	watch_say_failure(&to, failure);
	r->door->end(&to, code);
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
