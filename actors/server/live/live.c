#include "actors/server/live/live.h"

#include "actors/server/server-private.h"
#include "datastore/object/record.h"
#include "runtime/base/log.h"

#define TAG_LIVE 700U         /* and the place among the resources; requests' begin behind */
#define AHEAD_MAX_MS 86400000 /* clocks of servers differ by less than a day */
#define AGAIN_MS 20U /* between two tries to reach who sees, whose host is being started again */
#define PREFIX STR("/")

struct live_again {
	struct live *live;
};
static const ACT_TYPE(live_again, .id = 0);

struct live {
	const struct live_source *source;
	const struct type *type;
	const struct field *figures; /* NULL: none */
	struct cache *cache;
	uint64_t revision;
	struct list asking;  /* requests that wait for the look under way */
	struct list joining; /* those that came later and share the next one */
	bool is_asking, has_looked;
	bool is_lost; /* who sees did not answer the last time, which is logged once */
	struct mono used, looked, figures_at;
	int64_t away_ns; /* since when who sees is away; 0: he is there */
};

/* ---- a resource ----------------------------------------------------------------------------------------- */

struct live *live_new(const struct live_source *source, const struct type *type)
{
	struct live *live = mem_new(struct live);

	live->source = source;
	live->type = type;
	if (source->figures != NULL)
		live->figures = type_field(type, str_from(source->figures));
	assert((live->figures != NULL) == (source->figures != NULL));
	live->cache = cache_new(PREFIX, type);
	list_init(&live->asking);
	list_init(&live->joining);
	return live;
}

void live_free(struct live *live)
{
	if (live == NULL)
		return;
	cache_free(live->cache);
	mem_free(live);
}

struct cache *live_cache(const struct live *live)
{
	return live->cache;
}

uint64_t live_revision(const struct live *live)
{
	return live->revision;
}

static uint64_t next_revision(const struct live *live, struct wall wall)
{
	uint64_t clock = (uint64_t)(wall.ns / TIME_MS);

	return clock > live->revision ? clock : live->revision + 1;
}

bool live_reach(struct live *live, struct wall now, uint64_t revision)
{
	if (revision > (uint64_t)(now.ns / TIME_MS) + AHEAD_MAX_MS)
		return false;
	if (revision > live->revision)
		live->revision = revision;
	return true;
}

/* ---- what was seen becomes what is shown -------------------------------------------------------------------- */

static struct str key_of(struct arena *arena, const struct object *object)
{
	return arena_printf(arena, "/" STR_FMT, STR_ARG(object_name(object)));
}

static void freeze(struct object *object, uint64_t revision)
{
	object_meta(object)->resource_version =
	    arena_printf(object_arena(object), "%ju", (uintmax_t)revision);
	object_freeze(object, (int64_t)revision);
}

/* Everything at once, the first time: whoever watches from before has to list again. */
static void fill(struct live *live, struct live_seen *seen, struct wall wall)
{
	struct arena *arena = arena_new(0);
	uint64_t revision = next_revision(live, wall);

	for (uint32_t i = 0; i < seen->len; i++) {
		freeze(seen->objects[i], revision);
		cache_fill(live->cache, key_of(arena, seen->objects[i]), seen->objects[i]);
	}
	seen->len = 0;
	cache_filled(live->cache, revision);
	live->revision = revision;
	live->has_looked = true;
	arena_free(arena);
}

/* What has come and is not frozen yet, beside what is shown: but for the version, and for figures when those do not count. */
static bool is_same(const struct live *live, const struct object *shown, struct object *now,
		    bool with_figures)
{
	struct meta_object_meta *meta = object_meta(now);
	void **figures = live->figures ? field_at(live->figures, now->record) : NULL;
	void *mine = figures ? *figures : NULL;
	bool is_so;

	meta->resource_version = object_meta((struct object *)(uintptr_t)shown)->resource_version;
	if (figures != NULL && !with_figures)
		*figures = *(void **)field_at(live->figures, shown->record);
	is_so = record_equal(live->type, shown->record, now->record);
	if (figures != NULL)
		*figures = mine;
	return is_so;
}

struct compare {
	struct live *live;
	struct map now; /* names -> themselves */
	struct arena *arena;
	VEC(struct str) gone; /* keys */
};

static bool note_gone(void *arg, struct str key, const struct object *object)
{
	struct compare *compare = arg;

	(void)key;
	if (!map_has(&compare->now, object_name(object)))
		vec_push(&compare->gone, key_of(compare->arena, object));
	return true;
}

static void set(struct server *server, struct live *live, struct str key,
		const struct object *object, uint64_t revision)
{
	cache_set(live->cache, key, object, revision, act_now(server->act));
	live->revision = revision;
}

/* Only differences are events, each with a version of its own. */
static void compare(struct server *server, struct live *live, struct live_seen *seen,
		    bool with_figures)
{
	struct compare compare = { .live = live, .arena = arena_new(0) };
	struct wall wall = act_wall(server->act);

	for (uint32_t i = 0; i < seen->len; i++) {
		struct object *object = seen->objects[i];
		struct str name = arena_str(compare.arena, object_name(object));
		const struct object *shown = cache_get(live->cache, STR_NONE, name);
		struct str key = key_of(compare.arena, object);
		uint64_t revision;

		map_put(&compare.now, name, object);
		if (shown != NULL && is_same(live, shown, object, with_figures)) {
			object_unref(object);
			continue;
		}
		/* Another one under the same name: who waits for the end of the first has to hear of it. */
		if (shown != NULL && !str_eq(object_uid(shown), object_uid(object)))
			set(server, live, key, NULL, next_revision(live, wall));
		revision = next_revision(live, wall);
		freeze(object, revision);
		set(server, live, key, object, revision);
	}
	seen->len = 0;
	cache_each(live->cache, STR_NONE, STR_NONE, note_gone, &compare);
	for (uint32_t i = 0; i < compare.gone.len; i++)
		set(server, live, compare.gone.at[i], NULL, next_revision(live, wall));
	vec_fini(&compare.gone);
	map_fini(&compare.now);
	arena_free(compare.arena);
}

static void take(struct server *server, struct live *live, struct live_seen *seen)
{
	struct mono now = act_now(server->act);
	bool with_figures = !list_is_empty(&live->asking) ||
			    now.ns - live->figures_at.ns >= LIMIT_LIVE_FIGURES_MS * TIME_MS;

	if (with_figures)
		live->figures_at = now;
	if (live->has_looked)
		compare(server, live, seen, with_figures);
	else
		fill(live, seen, act_wall(server->act));
}

/* ---- looking ------------------------------------------------------------------------------------------------- */

static uint64_t tag_of(const struct server *server, const struct live *live)
{
	uint32_t i = 0;

	while (resources_at(server->resources, i)->live != live)
		i++;
	return TAG_LIVE + i;
}

static enum status look(struct server *server, struct live *live)
{
	struct live_ask ask = { live->type };
	enum status status =
	    act_request(server->act, act_named(server->act, live->source->actor), &live_ask_type,
			&ask, LIMIT_LIVE_ASK_MS, tag_of(server, live));

	live->looked = act_now(server->act);
	live->is_asking = status == OK;
	return status;
}

/* Who sees is in a host of his own, which is being started again: true, those who wait do so until he is back, or as long as he may take to answer. */
static bool look_again(struct server *server, struct live *live, enum status status)
{
	int64_t now_ns = act_now(server->act).ns;

	if (!server->config->is_apart ||
	    (status != UNAVAILABLE && status != GONE && status != NOT_FOUND))
		return false;
	live->away_ns = live->away_ns ? live->away_ns : now_ns;
	if (now_ns - live->away_ns >= LIMIT_LIVE_ASK_MS * TIME_MS)
		return false;
	live->is_asking = true;
	act_after(server->act, AGAIN_MS, &live_again_type, &(struct live_again){ live });
	return true;
}

/* OK: somebody looks, or will. */
static enum status look_or_wait(struct server *server, struct live *live)
{
	enum status status = look(server, live);

	return status == OK || look_again(server, live, status) ? OK : status;
}

/* Those who wait go on, and find whether somebody has looked. */
static void wake(struct live *live, enum status status)
{
	live->away_ns = 0;
	list_each (&live->asking, link) {
		struct request *r = list_item(link, struct request, wait_link);

		r->live_look = status == OK ? LIVE_LOOKED : LIVE_UNKNOWN;
		r->is_fresh = true;
	}
	request_run_all(&live->asking);
}

static void look_for_joining(struct server *server, struct live *live)
{
	enum status status;

	if (live->is_asking || list_is_empty(&live->joining))
		return;
	while (!list_is_empty(&live->joining)) {
		struct list *link = live->joining.next;

		list_remove(link);
		list_push(&live->asking, link);
	}
	status = look_or_wait(server, live);
	if (status != OK)
		wake(live, status);
}

enum next live_refresh(struct request *r)
{
	struct server *server = r->server;
	struct live *live = r->resource->live;
	bool is_late = live->is_asking;

	live->used = act_now(server->act);
	if (r->live_look == LIVE_LOOKED)
		return NEXT;
	if (r->live_look == LIVE_UNKNOWN || (!is_late && look_or_wait(server, live) != OK))
		return request_fail(r,
				    failure_unavailable(r->arena, "who sees this does not answer"));
	/* A look under way may have passed by already what this one has to see. */
	list_push(is_late ? &live->joining : &live->asking, &r->wait_link);
	return WAIT;
}

static void answered(struct server *server, struct live *live, const struct act_msg *msg)
{
	live->is_asking = false;
	if (!list_is_empty(&live->asking) && look_again(server, live, msg->status))
		return;
	if (msg->status == OK)
		take(server, live, msg->body);
	else if (!live->is_lost)
		log_warn("api", "who sees a live resource does not answer",
			 LOG_CSTR("resource", live->source->resource), LOG_STATUS(msg->status));
	live->is_lost = msg->status != OK;
	list_each (cache_watchers(live->cache), link)
		watch_pump(watch_of_link(link));
	wake(live, msg->status);
	look_for_joining(server, live);
}

static void again(struct server *server, struct live *live)
{
	enum status status = look_or_wait(server, live);

	if (status != OK)
		wake(live, status);
}

bool live_receive(struct server *server, const struct act_msg *msg)
{
	struct live *live;

	if (ACT_IS(msg, live_again)) {
		again(server, ACT_AS(msg, live_again)->live);
		return true;
	}
	if (msg->kind != ACT_ANSWER || msg->tag < TAG_LIVE ||
	    msg->tag - TAG_LIVE >= resources_len(server->resources))
		return false;
	live = resources_at(server->resources, (uint32_t)(msg->tag - TAG_LIVE))->live;
	if (live == NULL)
		return false;
	answered(server, live, msg);
	return true;
}

static void forget(struct live *live)
{
	cache_filled(live->cache, live->revision);
	live->has_looked = false;
}

void live_tick(struct server *server, struct mono now)
{
	for (uint32_t i = 0; i < resources_len(server->resources); i++) {
		struct live *live = resources_at(server->resources, i)->live;

		if (live == NULL || live->is_asking || !live->has_looked)
			continue;
		if (!list_is_empty(cache_watchers(live->cache))) {
			live->used = now;
			if (now.ns - live->looked.ns >= LIMIT_LIVE_LOOK_MS * TIME_MS)
				(void)look(server, live);
		} else if (now.ns - live->used.ns > LIMIT_LIVE_KEEP_MS * TIME_MS) {
			forget(live);
		}
	}
}

/* ---- delete ------------------------------------------------------------------------------------------------------ */

static enum next refuse(struct request *r, const struct live_deleted *deleted)
{
	struct fault why = { 0 };

	if (deleted->status == NOT_FOUND)
		return request_not_found(r);
	if (deleted->status == FORBIDDEN)
		return request_fail(r, failure_forbidden(r->arena, request_group(r),
							 request_resource(r), r->route.name,
							 str_from(deleted->words)));
	if (deleted->status == CONFLICT)
		return request_fail(r, failure_conflict(r->arena, request_group(r),
							request_resource(r), r->route.name,
							str_from(deleted->words)));
	(void)!fault_set(&why, deleted->status, "", "%s", deleted->words);
	return request_fail_status(r, deleted->status, deleted->words[0] ? &why : NULL);
}

enum next live_delete(struct request *r)
{
	struct act *act = r->server->act;
	struct live_delete wish;
	const struct live_deleted *deleted;

	if (r->store_answer == NULL) {
		wish.object = object_ref(r->live);
		if (act_request(act, act_named(act, r->resource->live->source->actor),
				&live_delete_type, &wish, LIMIT_LIVE_ASK_MS, r->tag) != OK) {
			object_unref(wish.object);
			return request_fail(
			    r, failure_unavailable(r->arena, "who does this does not answer"));
		}
		r->is_at_store = true;
		return WAIT;
	}
	if (r->store_answer->status != OK)
		return request_fail_status(r, r->store_answer->status, NULL);
	deleted = r->store_answer->body;
	if (deleted->status != OK)
		return refuse(r, deleted);
	if (deleted->words[0])
		request_warn(r, arena_str(r->arena, str_from(deleted->words)));
	r->steps->answer(r);
	if (deleted->ends_us)
		r->answer.failure->uid = STR_NONE;
	return DONE;
}
