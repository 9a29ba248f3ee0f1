#include "actors/server/cache/late.h"

#include "actors/server/cache/feed-private.h"
#include "actors/server/server-private.h"
#include "datastore/schema/admissionregistration.h"
#include "datastore/schema/core.h"
#include "runtime/base/log.h"

#define RETRY_MS 100U

/* Those that neither authentication nor authorization nor the rules of other kinds look at; late_admit knows the exceptions. */
static const struct str prefixes[] = {
	{ "/registry/configmaps/", 21 },  { "/registry/controllerrevisions/", 30 },
	{ "/registry/events/", 17 },      { "/registry/jobs/", 15 },
	{ "/registry/replicasets/", 22 },
};

struct late_retry {
	char nothing;
};
static const ACT_TYPE(late_retry, .id = 0);

/* The first key behind all that begin with the prefix: '0' follows '/'. */
static struct str end_of(struct arena *arena, struct str prefix)
{
	return arena_printf(arena, STR_FMT "0", STR_ARG(str_slice(prefix, 0, prefix.len - 1)));
}

/* ---- filling ------------------------------------------------------------------------------------------------- */

bool late_begins(struct server *server, const struct store_range_answer *answer, struct str *out)
{
	struct str first = answer->rows[0].key, last = answer->rows[answer->row_count - 1].key;
	struct cache *cache = resources_cache_of(server->resources, first);

	if (cache == NULL || !answer->more)
		return false;
	for (uint32_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		if (!str_starts(first, prefixes[i]) || !str_starts(last, prefixes[i]))
			continue;
		cache_put_off(cache);
		*out = end_of(server->feed.arena, prefixes[i]);
		return true;
	}
	return false;
}

static void retry_later(struct server *server)
{
	server->late.is_asking = false;
	act_after(server->act, RETRY_MS, &late_retry_type, &(struct late_retry){ 0 });
}

/* What it asks goes with the message: who asks may have begun anew before the store reads it. */
static void ask(struct server *server)
{
	struct late *late = &server->late;
	struct store_range range = late->asked;

	late->is_held = false;
	late->is_asking = true;
	range.arena = arena_new(0);
	range.key = arena_str(range.arena, range.key);
	range.end = arena_str(range.arena, range.end);
	range.is_serializable = feed_is_leaderless(server);
	if (act_request(server->act, server->feed.store, &store_range_type, &range, FEED_STORE_MS,
			FEED_TAG_LATE) == OK)
		return;
	arena_free(range.arena);
	retry_later(server);
}

static void ask_after(struct server *server, struct str after)
{
	struct late *late = &server->late;
	struct arena *arena = arena_new(0);
	struct str prefix = cache_prefix(late->filling);

	late->asked = (struct store_range){ .key = after.at ? feed_key_after(arena, after) : prefix,
					    .end = end_of(arena, prefix),
					    .revision = server->feed.fill_revision };
	arena_free(late->arena);
	late->arena = arena;
	ask(server);
}

/* What somebody waits for is first. */
static struct cache *choose(struct server *server)
{
	struct cache *cache;
	uint32_t at = 0;

	list_each (&server->late.waiting, link) {
		const struct request *r = list_item(link, struct request, wait_link);

		if (r->resource->cache != NULL && cache_is_late(r->resource->cache))
			return r->resource->cache;
	}
	while ((cache = resources_next_cache(server->resources, &at)) != NULL)
		if (cache_is_late(cache))
			return cache;
	return NULL;
}

void late_fill(struct server *server)
{
	struct late *late = &server->late;

	request_run_all(&late->waiting);
	late->count = 0;
	late->filling = choose(server);
	if (late->filling != NULL)
		ask_after(server, STR_NONE);
}

void late_stop(struct server *server)
{
	struct late *late = &server->late;

	act_request_cancel(server->act, FEED_TAG_LATE);
	late->is_asking = late->is_held = false;
	late->filling = NULL;
	arena_free(late->arena);
	late->arena = NULL;
}

void late_go_on(struct server *server)
{
	if (server->late.is_held)
		ask(server);
}

static void come(struct server *server)
{
	struct late *late = &server->late;

	log_info("api", "a cache is filled late", LOG_STR("prefix", cache_prefix(late->filling)),
		 LOG_U64("objects", late->count));
	cache_come(late->filling);
	late_stop(server);
	late_fill(server);
}

static void page_came(struct server *server, const struct act_msg *msg)
{
	struct late *late = &server->late;
	const struct store_range_answer *answer = msg->body;
	enum status status = store_outcome(msg);

	late->is_asking = false;
	if (status == EXPIRED)
		feed_lose(server, status_text(status));
	else if (status != OK)
		retry_later(server);
	if (status != OK)
		return;
	late->is_held = feed_hold_rows(server, answer);
	if (late->is_held)
		return;
	for (uint32_t i = 0; i < answer->row_count; i++)
		feed_take_row(server, &answer->rows[i]);
	late->count += answer->row_count;
	if (answer->more && answer->row_count > 0)
		ask_after(server, answer->rows[answer->row_count - 1].key);
	else
		come(server);
}

bool late_receive(struct server *server, const struct act_msg *msg)
{
	const struct late *late = &server->late;

	if (msg->kind == ACT_ANSWER && msg->tag == FEED_TAG_LATE)
		page_came(server, msg);
	else if (!ACT_IS(msg, late_retry))
		return false;
	else if (late->filling != NULL && !late->is_asking && !late->is_held)
		ask(server);
	return true;
}

/* ---- requests ------------------------------------------------------------------------------------------------- */

static enum next wait(struct request *r)
{
	list_push(&r->server->late.waiting, &r->wait_link);
	return WAIT;
}

static enum next ask_own(struct request *r)
{
	struct arena *arena = request_store_arena(r);
	struct store_range range = { .arena = arena, .revision = r->server->feed.fill_revision };

	range.key = arena_str(arena, write_key(r, r->route.name));
	range.is_serializable = feed_is_leaderless(r->server);
	r->is_late_asked = true;
	r->store_operation = "get";
	return request_ask(r, &store_range_type, &range);
}

static enum next own_came(struct request *r)
{
	struct server *server = r->server;
	const struct act_msg *msg = r->store_answer;
	const struct store_range_answer *answer = msg->body;

	r->store_answer = NULL;
	r->is_late_asked = false;
	/* Filled anew meanwhile: what that revision had is not what is to be added to. */
	if (!cache_is_late(r->resource->cache))
		return NEXT;
	if (store_outcome(msg) != OK || answer->revision != server->feed.fill_revision ||
	    server->feed.state != FEED_WATCHING || feed_hold_rows(server, answer))
		return wait(r);
	for (uint32_t i = 0; i < answer->row_count; i++)
		feed_take_row(server, &answer->rows[i]);
	r->is_late_seen = true;
	return NEXT;
}

/* One that makes an object looks at none, but to say whether it would. */
static bool is_blind(const struct request *r)
{
	return r->steps == &create_steps && !request_is_dry_run(r);
}

enum next late_look(struct request *r)
{
	const struct cache *cache = r->resource->cache;

	if (r->is_late_asked && r->store_answer != NULL)
		return own_came(r);
	if (cache == NULL || !cache_is_late(cache) || r->is_late_seen || is_blind(r))
		return NEXT;
	if (r->route.name.len == 0 || r->steps == &watch_steps ||
	    r->server->feed.state != FEED_WATCHING)
		return wait(r);
	if (cache_knows(cache, write_key(r, r->route.name)))
		return NEXT;
	return ask_own(r);
}

/* ---- admission -------------------------------------------------------------------------------------------------- */

/* Who is asked whether parameters of policies are late. */
struct params {
	struct server *server;
	bool are_late;
};

static void look_for(struct params *params, const struct admissionregistration_param_kind *kind)
{
	const struct reader *reader = &params->server->reader;
	const struct type *type =
	    kind != NULL ? reader->kind(reader->self, kind->api_version, kind->kind) : NULL;
	const struct resource *resource =
	    type != NULL ? resources_find_type(params->server->resources, type) : NULL;

	params->are_late |=
	    resource != NULL && resource->cache != NULL && cache_is_late(resource->cache);
}

static bool look_validating(void *arg, const struct object *object)
{
	const struct admissionregistration_validating_admission_policy *policy = object->record;

	if (policy->spec != NULL)
		look_for(arg, policy->spec->param_kind);
	return true;
}

static bool look_mutating(void *arg, const struct object *object)
{
	const struct admissionregistration_mutating_admission_policy *policy = object->record;

	if (policy->spec != NULL)
		look_for(arg, policy->spec->param_kind);
	return true;
}

/* Policies have parameters of any kind; the Secret of a token gets the authority out of a ConfigMap. */
enum next late_admit(struct request *r)
{
	struct server *server = r->server;
	const struct reader *reader = &server->reader;
	struct params params = { server, r->type == &core_secret_type };

	if (server->late.filling == NULL || !r->is_mutating)
		return NEXT;
	reader->each(reader->self, &admissionregistration_validating_admission_policy_type,
		     STR_NONE, look_validating, &params);
	reader->each(reader->self, &admissionregistration_mutating_admission_policy_type, STR_NONE,
		     look_mutating, &params);
	return params.are_late ? wait(r) : NEXT;
}
