#include "actors/controller/recorder.h"

#include <stdio.h>

#include "actors/client/api.h"
#include "actors/client/event-call.h"
#include "datastore/object/record.h"
#include "datastore/schema/core.h"

#define WRITE_MS 10000U
#define MESSAGE_MAX 1024U /* upstream cuts notes there */

struct remembered {
	uint64_t hash; /* of what, about whom, why */
	int32_t count;
	struct wall first;
	char name[320];
};

/* Events that differ only in their message. */
struct alike {
	uint64_t hash;
	uint32_t messages;
	struct mono since;
};

/* Of one object: what may still be written about it. */
struct bucket {
	uint64_t hash;
	uint32_t tokens;
	struct mono refilled;
};

/*
 * Each table grows to RECORDER_MAX, since most recorders have nothing to say; from then on it is a ring, and `next` is
 * its oldest.
 */
struct recorder {
	const char *component, *user, *api;
	VEC(struct remembered) events;
	VEC(struct alike) alike;
	VEC(struct bucket) buckets;
	uint32_t next, next_alike, next_bucket;
};

static void forget_all(void *arg)
{
	struct recorder *recorder = arg;

	vec_fini(&recorder->events);
	vec_fini(&recorder->alike);
	vec_fini(&recorder->buckets);
}

struct recorder *recorder_new(struct act *act, const char *component, const char *user,
			      const char *api)
{
	struct recorder *recorder = act_alloc(act, sizeof *recorder);

	recorder->component = component;
	recorder->user = user;
	recorder->api = api;
	act_own(act, forget_all, recorder);
	return recorder;
}

/* A place in a table for something new: one more, or the oldest's. */
#define RECORDER_PLACE(table, next) \
	((table)->len < RECORDER_MAX ? vec_add(table) : &(table)->at[(*(next))++ % RECORDER_MAX])

/* One of an object that is not stored yet would be everybody's. */
static uint64_t hash_of_object(const struct type *type, const struct meta_object_meta *about)
{
	return hash_mix(hash_mix(hash_str(about->uid), hash_str(type_kind(type))),
			hash_mix(hash_str(about->namespace), hash_str(about->name))) |
	       1;
}

static bool may_pass(struct recorder *recorder, uint64_t hash, struct mono now)
{
	struct bucket *bucket = NULL;
	int64_t gained;

	for (uint32_t i = 0; i < recorder->buckets.len && bucket == NULL; i++)
		if (recorder->buckets.at[i].hash == hash)
			bucket = &recorder->buckets.at[i];
	if (bucket == NULL) {
		bucket = RECORDER_PLACE(&recorder->buckets, &recorder->next_bucket);
		*bucket = (struct bucket){ hash, RECORDER_BURST, now };
	}
	gained = (now.ns - bucket->refilled.ns) / (RECORDER_REFILL_S * TIME_S);
	bucket->refilled.ns += gained * RECORDER_REFILL_S * TIME_S;
	bucket->tokens += gained < RECORDER_BURST ? (uint32_t)gained : RECORDER_BURST;
	if (bucket->tokens > RECORDER_BURST)
		bucket->tokens = RECORDER_BURST;
	if (bucket->tokens == 0)
		return false;
	bucket->tokens--;
	return true;
}

/* One more message of the kind; true: there are too many to tell them one by one. */
static bool is_one_of_many(struct recorder *recorder, uint64_t hash, bool is_new, struct mono now)
{
	struct alike *alike = NULL;

	for (uint32_t i = 0; i < recorder->alike.len && alike == NULL; i++)
		if (recorder->alike.at[i].hash == hash)
			alike = &recorder->alike.at[i];
	if (alike == NULL) {
		alike = RECORDER_PLACE(&recorder->alike, &recorder->next_alike);
		*alike = (struct alike){ hash, 0, now };
	}
	if (now.ns - alike->since.ns > RECORDER_WINDOW_S * TIME_S)
		*alike = (struct alike){ hash, 0, now };
	alike->messages += is_new;
	return alike->messages > RECORDER_ALIKE;
}

static bool is_remembered(const struct recorder *recorder, uint64_t hash)
{
	for (uint32_t i = 0; i < recorder->events.len; i++)
		if (recorder->events.at[i].hash == hash)
			return true;
	return false;
}

static struct remembered *remember(struct recorder *recorder, uint64_t hash)
{
	struct remembered *slot;

	for (uint32_t i = 0; i < recorder->events.len; i++)
		if (recorder->events.at[i].hash == hash)
			return &recorder->events.at[i];
	slot = RECORDER_PLACE(&recorder->events, &recorder->next);
	*slot = (struct remembered){ .hash = hash };
	return slot;
}

static struct core_event *make(const struct recorder *recorder, struct arena *arena,
			       const struct type *type, const struct meta_object_meta *about,
			       const struct remembered *slot, struct wall now)
{
	struct core_event *event = record_new(&core_event_type, arena);
	struct core_object_reference *object;

	record_fill(&core_event_type, event, arena);
	event->metadata->name = str_from(slot->name);
	event->metadata->namespace = about->namespace.len > 0 ? about->namespace : STR("default");
	object = event->involved_object;
	object->kind = type_kind(type);
	object->api_version = type_api_version(type, arena);
	object->namespace = about->namespace;
	object->name = about->name;
	object->uid = about->uid;
	object->resource_version = about->resource_version;
	event->source->component = str_from(recorder->component);
	event->reporting_component = str_from(recorder->component);
	SET(event, first_timestamp, slot->first);
	SET(event, last_timestamp, now);
	SET(event, count, slot->count);
	return event;
}

static bool is_name_taken(const struct recorder *recorder, const struct remembered *slot)
{
	for (uint32_t i = 0; i < recorder->events.len; i++)
		if (&recorder->events.at[i] != slot &&
		    strcmp(recorder->events.at[i].name, slot->name) == 0)
			return true;
	return false;
}

/* It ends with the event's time, as upstream's: those of one second are then listed in the order in which they came. */
static void choose_name(const struct recorder *recorder, struct remembered *slot, struct str about)
{
	uint64_t number = (uint64_t)slot->first.ns;

	do
		snprintf(slot->name, sizeof slot->name, STR_FMT ".%016jx", STR_ARG(about),
			 (uintmax_t)number++);
	while (is_name_taken(recorder, slot));
}

static struct remembered *slot_for(struct recorder *recorder, const struct meta_object_meta *about,
				   uint64_t hash, struct wall at)
{
	struct remembered *slot = remember(recorder, hash);

	if (slot->count++ == 0) {
		slot->first = at;
		choose_name(recorder, slot, str_slice(about->name, 0, 236));
	}
	return slot;
}

static void send(const struct recorder *recorder, struct act *act, const struct core_event *event)
{
	struct api_call call = event_call(event, recorder->user);

	if (act_request(act, act_named(act, recorder->api), &api_call_type, &call, WRITE_MS,
			RECORDER_TAG) != OK)
		api_call_free(&call);
}

void recorder_write(struct recorder *recorder, struct act *act, const struct type *type,
		    const struct meta_object_meta *about, bool is_warning, const char *reason,
		    struct str message)
{
	recorder_write_at(recorder, act, act_wall(act), type, about, is_warning, reason, message);
}

void recorder_write_at(struct recorder *recorder, struct act *act, struct wall at,
		       const struct type *type, const struct meta_object_meta *about,
		       bool is_warning, const char *reason, struct str message)
{
	uint64_t object = hash_of_object(type, about);
	uint64_t alike = hash_mix(hash_mix(object, hash_str(str_from(reason))), is_warning) | 1;
	uint64_t hash = hash_mix(alike, hash_str(message));
	struct arena *arena;
	struct core_event *event;

	if (!may_pass(recorder, object, act_now(act)))
		return;
	arena = arena_new(0);
	if (is_one_of_many(recorder, alike, !is_remembered(recorder, hash), act_now(act))) {
		message = arena_printf(arena, "(combined from similar events): " STR_FMT,
				       STR_ARG(message));
		hash = alike;
	}
	event = make(recorder, arena, type, about, slot_for(recorder, about, hash, at), at);
	event->type = is_warning ? STR("Warning") : STR("Normal");
	event->reason = str_from(reason);
	event->message = str_slice(message, 0, MESSAGE_MAX);
	send(recorder, act, event);
	arena_free(arena);
}
