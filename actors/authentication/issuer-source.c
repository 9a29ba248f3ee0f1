#include "actors/authentication/issuer-source.h"

#include "runtime/base/log.h"
#include "transport/wire/json.h"

struct waiting {
	struct list link;
	struct waiter *waiter;
};

/* ---- who waits ------------------------------------------------------------------------------------------------ */

static void leave(void *arg)
{
	list_remove(&((struct waiting *)arg)->link);
}

static void wait(struct issuer_source *source, struct check_context *check)
{
	struct waiting *waiting = arena_new_of(check->arena, struct waiting);

	waiting->waiter = check->waiter;
	waiting->waiter->on_cancel = leave;
	waiting->waiter->arg = waiting;
	list_push(&source->waiters, &waiting->link);
}

/* Whoever comes while they are run waits for the next fetch, so only those of now are taken. */
static void wake(struct issuer_source *source)
{
	struct list woken;

	list_init(&woken);
	while (!list_is_empty(&source->waiters)) {
		struct list *link = source->waiters.next;

		list_remove(link);
		list_push(&woken, link);
	}
	/* One that is run may end another, which then leaves this list by itself. */
	while (!list_is_empty(&woken)) {
		struct waiting *waiting = list_item(woken.next, struct waiting, link);
		struct waiter *waiter = waiting->waiter;

		list_remove(&waiting->link);
		waiter->on_cancel = NULL;
		waiter->resume(waiter);
	}
}

/* ---- fetching ---------------------------------------------------------------------------------------------------- */

static void came(void *arg);

static void end_work(struct issuer_source *source)
{
	arena_free(source->work);
	source->work = NULL;
	source->call = NULL;
	source->is_listing = false;
}

/* The place may be another by now: the document is asked for it next time. */
static void fail(struct issuer_source *source, enum status status, struct str words)
{
	fault_set(&source->why, status, "", "oidc: keys of " STR_FMT ": " STR_FMT,
		  STR_ARG(source->issuer), STR_ARG(words));
	if (source->failures == 0)
		log_error("authentication", "an issuer's keys cannot be fetched",
			  LOG_FAULT(&source->why));
	if (source->failures < 16)
		source->failures++;
	source->key_url = STR_NONE;
	end_work(source);
	wake(source);
}

/* False: it has come to nothing already. */
static bool fetch(struct issuer_source *source, struct str url)
{
	const struct outside_post get = {
		.place = { .url = url, .authorities = source->authorities },
		.is_get = true,
		.timeout_ms = ISSUER_SOURCE_TIMEOUT_MS,
		.answer_max_bytes = ISSUER_SOURCE_BYTES_MAX,
		.done = came,
		.arg = source,
	};

	source->call = source->outside->post(source->outside->self, source->work, &get);
	return !source->call->is_done;
}

static struct str member_text(struct str text, struct arena *arena, const char *wanted)
{
	struct json in = json_of(text);
	struct str name, found = STR_NONE;

	if (json_peek(&in) != JSON_OBJECT)
		return STR_NONE;
	for (json_enter(&in); json_member(&in, arena, &name);)
		if (!str_is(name, wanted) || json_peek(&in) != JSON_STRING ||
		    !json_string(&in, arena, &found))
			json_skip(&in, NULL);
	return json_end(&in, NULL) == OK ? found : STR_NONE;
}

/* The document has to be the issuer's own: whoever answers there could be somebody else's provider. */
static void take_document(struct issuer_source *source, struct str text)
{
	struct str issuer = member_text(text, source->work, "issuer");
	struct str url = member_text(text, source->work, "jwks_uri");

	if (!str_eq(issuer, source->issuer)) {
		fail(source, INVALID, STR("the discovery document is another issuer's"));
		return;
	}
	if (!str_starts(url, STR("https://"))) {
		fail(source, INVALID, STR("the discovery document names no jwks_uri of https"));
		return;
	}
	source->key_url = url;
	source->is_listing = true;
	if (!fetch(source, url))
		fail(source, source->call->status, source->call->words);
}

static void take_keys(struct issuer_source *source, struct str text)
{
	struct arena *arena = arena_new(0);
	struct issuer_keys keys;
	struct fault why = { 0 };

	if (issuer_keys_read(text, arena, &keys, &why) != OK) {
		arena_free(arena);
		fail(source, INVALID, str_from(why.text));
		return;
	}
	if (source->failures > 0 || source->arena == NULL || keys.stamp != source->keys.stamp)
		log_info("authentication", "an issuer's keys count",
			 LOG_STR("issuer", source->issuer), LOG_U64("keys", keys.count));
	source->key_url = arena_str(arena, source->key_url);
	arena_free(source->arena);
	source->arena = arena;
	source->keys = keys;
	source->fetched = source->now;
	source->failures = 0;
	source->why = (struct fault){ .status = OK };
	end_work(source);
	wake(source);
}

static void came(void *arg)
{
	struct issuer_source *source = arg;
	const struct outside_call *call = source->call;

	if (call->status != OK)
		fail(source, call->status, call->words);
	else if (source->is_listing)
		take_keys(source, call->body);
	else
		take_document(source, call->body);
}

/* What was under way went with the server that has ended; nothing of it comes any more. */
static void meet(struct issuer_source *source, const struct check_context *check)
{
	struct act_ref server = act_self(check->act);

	if (!act_ref_eq(source->server, server)) {
		if (source->work != NULL)
			source->key_url = STR_NONE;
		end_work(source);
		list_init(&source->waiters);
		source->server = server;
	}
	source->now = check->now;
	source->outside = check->outside;
}

static bool is_due(const struct issuer_source *source)
{
	uint64_t pause = ISSUER_SOURCE_AGAIN_MS;

	for (uint32_t i = 1; i < source->failures && pause < ISSUER_SOURCE_FAILED_MS_MAX; i++)
		pause *= 2;
	if (pause > ISSUER_SOURCE_FAILED_MS_MAX)
		pause = ISSUER_SOURCE_FAILED_MS_MAX;
	/* A clock that was set back makes nobody wait for the time it shows. */
	return source->tried.ns == 0 || source->now.ns < source->tried.ns ||
	       source->now.ns - source->tried.ns >= (int64_t)pause * TIME_MS;
}

static void begin(struct issuer_source *source)
{
	struct str url = source->key_url.len > 0 ? source->key_url : source->discovery;

	if (source->call != NULL || source->outside == NULL || !is_due(source))
		return;
	source->tried = source->now;
	source->work = arena_new(0);
	source->is_listing = source->key_url.len > 0;
	source->key_url = arena_str(source->work, source->key_url);
	if (!fetch(source, source->is_listing ? source->key_url : url))
		fail(source, source->call->status, source->call->words);
}

/* ---- the face ------------------------------------------------------------------------------------------------------- */

const struct issuer_keys *issuer_source_keys(struct issuer_source *source,
					     struct check_context *check)
{
	int64_t age;

	meet(source, check);
	if (source->arena == NULL)
		return NULL;
	age = source->now.ns - source->fetched.ns;
	if (age < 0 || age > ISSUER_SOURCE_STALE_MS * (int64_t)TIME_MS)
		begin(source);
	return &source->keys;
}

enum check issuer_source_wait(struct issuer_source *source, struct check_context *check)
{
	meet(source, check);
	begin(source);
	if (source->call == NULL)
		return CHECK_PASS;
	wait(source, check);
	return CHECK_WAIT;
}

bool issuer_source_is_busy(const struct issuer_source *source)
{
	return source->call != NULL;
}

void issuer_source_fini(struct issuer_source *source)
{
	end_work(source);
	arena_free(source->arena);
	source->arena = NULL;
}
