/*
 * EventRateLimit: who writes events faster than an operator wants is told to come again (upstream: plugin/pkg/admission/eventratelimit).
 *
 * Events of the group events.k8s.io are not counted, as upstream does not count them.
 */
#include "actors/admission/event-rate-limit.h"

#include "actors/admission/plugins.h"
#include "actors/client/failure.h"
#include "runtime/actor/act.h"
#include "runtime/base/collection/list.h"
#include "transport/tls/crypto.h"

#define HEADS 1024U

enum limit_type { LIMIT_SERVER, LIMIT_NAMESPACE, LIMIT_USER, LIMIT_SOURCE_AND_OBJECT, LIMIT_TYPES };
static const char *const type_names[] = { "Server", "Namespace", "User", "SourceAndObject" };

struct bucket {
	struct list link;    /* of all, the one used longest ago first */
	struct bucket *next; /* with the same head */
	uint8_t digest[CRYPTO_SHA256_BYTES];
	double tokens;
	struct mono seen;
};

struct limit {
	enum limit_type type;
	int32_t qps, burst;
	uint32_t count, max;
	struct list used;
	struct bucket *heads[HEADS];
};

struct event_limits {
	struct arena *arena;
	struct limit *at;
	uint32_t len;
};

/* ---- what is told ------------------------------------------------------------------------------------------ */

static enum status invalid(const char *where, uint32_t at, const char *field, int32_t value,
			   const char *words, struct fault *why)
{
	return fault_set(why, BAD_REQUEST, where, "%s: limits[%u].%s: Invalid value: %d: %s", where,
			 at, field, value, words);
}

static enum status read_limit(const struct eventratelimit_limit *from, const char *where,
			      uint32_t at, struct limit *out, struct fault *why)
{
	for (out->type = 0; out->type < LIMIT_TYPES; out->type++)
		if (str_is(from->type, type_names[out->type]))
			break;
	if (out->type == LIMIT_TYPES)
		return fault_set(why, BAD_REQUEST, where,
				 "%s: limits[%u].type: Unsupported value: \"" STR_FMT
				 "\": supported values: \"Namespace\", \"Server\", "
				 "\"SourceAndObject\", \"User\"",
				 where, at, STR_ARG(from->type));
	if (from->burst <= 0)
		return invalid(where, at, "burst", from->burst, "must be positive", why);
	if (from->qps <= 0)
		return invalid(where, at, "qps", from->qps, "must be positive", why);
	out->qps = from->qps;
	out->burst = from->burst;
	out->max = 1;
	if (out->type == LIMIT_SERVER)
		return OK;
	if (from->cache_size < 0)
		return invalid(where, at, "cacheSize", from->cache_size, "must not be negative",
			       why);
	if (from->cache_size > EVENT_BUCKETS_MAX)
		return invalid(where, at, "cacheSize", from->cache_size,
			       "must not be greater than 1048576 here", why);
	out->max = from->cache_size > 0 ? (uint32_t)from->cache_size : EVENT_BUCKETS_DEFAULT;
	return OK;
}

enum status event_limits_of(const struct eventratelimit_configuration *from, const char *where,
			    struct arena *arena, struct event_limits **out, struct fault *why)
{
	struct event_limits *limits = arena_new_of(arena, struct event_limits);

	if (from->limits.len == 0)
		return fault_set(why, BAD_REQUEST, where,
				 "%s: limits: Invalid value: null: must not be empty", where);
	*limits = (struct event_limits){ arena, arena_array(arena, struct limit, from->limits.len),
					 from->limits.len };
	memset(limits->at, 0, limits->len * sizeof *limits->at);
	for (uint32_t i = 0; i < limits->len; i++) {
		TRY(read_limit(&from->limits.at[i], where, i, &limits->at[i], why));
		list_init(&limits->at[i].used);
	}
	*out = limits;
	return OK;
}

/* ---- buckets ------------------------------------------------------------------------------------------------ */

static struct bucket **head_of(struct limit *limit, const uint8_t *digest)
{
	return &limit->heads[(digest[0] | (uint32_t)digest[1] << 8) % HEADS];
}

static void leave(struct limit *limit, struct bucket *bucket)
{
	struct bucket **at = head_of(limit, bucket->digest);

	while (*at != bucket)
		at = &(*at)->next;
	*at = bucket->next;
	list_remove(&bucket->link);
}

/* A new one, or the one used longest ago; full. */
static struct bucket *begin(struct limit *limit, struct arena *arena, struct mono now)
{
	struct bucket *bucket;

	if (limit->count < limit->max) {
		bucket = arena_new_of(arena, struct bucket);
		limit->count++;
	} else {
		bucket = list_item(limit->used.next, struct bucket, link);
		leave(limit, bucket);
	}
	bucket->tokens = limit->burst;
	bucket->seen = now;
	return bucket;
}

static struct bucket *bucket_of(struct limit *limit, struct str key, struct arena *arena,
				struct mono now)
{
	uint8_t digest[CRYPTO_SHA256_BYTES];
	struct bucket **head, *bucket;

	crypto_sha256(key, digest);
	head = head_of(limit, digest);
	for (bucket = *head; bucket != NULL; bucket = bucket->next)
		if (memcmp(bucket->digest, digest, sizeof digest) == 0)
			break;
	if (bucket != NULL) {
		list_remove(&bucket->link);
	} else {
		bucket = begin(limit, arena, now);
		memcpy(bucket->digest, digest, sizeof digest);
		bucket->next = *head;
		*head = bucket;
	}
	list_push(&limit->used, &bucket->link);
	return bucket;
}

static bool take(const struct limit *limit, struct bucket *bucket, struct mono now)
{
	bucket->tokens += (double)(now.ns - bucket->seen.ns) / (double)TIME_S * limit->qps;
	bucket->seen = now;
	if (bucket->tokens > limit->burst)
		bucket->tokens = limit->burst;
	if (bucket->tokens < 1)
		return false;
	bucket->tokens -= 1;
	return true;
}

/* ---- asking --------------------------------------------------------------------------------------------------- */

static struct str key_of(enum limit_type type, const struct event_writing *writing,
			 struct arena *arena)
{
	static const struct core_event_source nobody;
	static const struct core_object_reference nothing;
	const struct core_event_source *source = writing->event->source;
	const struct core_object_reference *about = writing->event->involved_object;

	source = source != NULL ? source : &nobody;
	about = about != NULL ? about : &nothing;
	switch (type) {
	case LIMIT_NAMESPACE: return writing->namespace;
	case LIMIT_USER: return writing->user;
	case LIMIT_SOURCE_AND_OBJECT:
		return arena_printf(arena, STR_FMT STR_FMT STR_FMT STR_FMT STR_FMT STR_FMT STR_FMT,
				    STR_ARG(source->component), STR_ARG(source->host),
				    STR_ARG(about->kind), STR_ARG(about->namespace),
				    STR_ARG(about->name), STR_ARG(about->uid),
				    STR_ARG(about->api_version));
	default: return STR("");
	}
}

struct str event_limits_ask(struct event_limits *limits, struct mono now,
			    const struct event_writing *writing, struct arena *arena)
{
	struct str all = STR_NONE;
	uint32_t refused = 0, count = 0; /* of two limits of one type the words are the same */

	for (uint32_t i = 0; i < limits->len; i++) {
		struct limit *limit = &limits->at[i];
		struct str key = key_of(limit->type, writing, arena);

		if (take(limit, bucket_of(limit, key, limits->arena, now), now) ||
		    (refused & 1U << limit->type))
			continue;
		refused |= 1U << limit->type;
		all = arena_printf(arena, STR_FMT "%slimit reached on type %s for key " STR_FMT,
				   STR_ARG(all), count++ > 0 ? ", " : "", type_names[limit->type],
				   STR_ARG(key));
	}
	return count > 1 ? arena_printf(arena, "[" STR_FMT "]", STR_ARG(all)) : all;
}

static enum check validate(struct admission *admission)
{
	struct event_writing writing = { .namespace = admission->namespace,
					 .user = admission->user->name,
					 .event = admission->object };
	struct arena *arena = admission->check.arena;
	struct str words;

	if (admission->event_limits == NULL || admission->type != &core_event_type ||
	    admission->is_dry_run)
		return CHECK_PASS;
	words = event_limits_ask(admission->event_limits, act_now(admission->check.act), &writing,
				 arena);
	if (words.at == NULL)
		return CHECK_PASS;
	admission->failure = failure_plain(
	    arena, 429, arena_printf(arena, "Too many requests: " STR_FMT, STR_ARG(words)));
	admission->failure->reason = STR("TooManyRequests");
	return CHECK_DENY;
}

const struct plugin admission_event_rate_limit = {
	.name = "EventRateLimit",
	.is_off = true,
	.operations = ADMISSION_CREATE | ADMISSION_UPDATE,
	.validate = validate,
};
