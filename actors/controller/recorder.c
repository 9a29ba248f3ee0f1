#include "actors/controller/recorder.h"

#include <stdio.h>

#include "actors/client/api.h"
#include "actors/client/request.h"
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

struct recorder {
	const char *component, *user, *api;
	struct remembered at[RECORDER_MAX];
	uint32_t next; /* the oldest, when all are taken */
};

struct recorder *recorder_new(struct act *act, const char *component, const char *user,
			      const char *api)
{
	struct recorder *recorder = act_alloc(act, sizeof *recorder);

	recorder->component = component;
	recorder->user = user;
	recorder->api = api;
	return recorder;
}

static uint64_t hash_of(const struct meta_object_meta *about, const char *reason, struct str message)
{
	return hash_mix(hash_mix(hash_str(about->uid), hash_str(str_from(reason))),
			hash_str(message));
}

static struct remembered *remember(struct recorder *recorder, uint64_t hash)
{
	struct remembered *slot;

	for (uint32_t i = 0; i < RECORDER_MAX; i++)
		if (recorder->at[i].count > 0 && recorder->at[i].hash == hash)
			return &recorder->at[i];
	slot = &recorder->at[recorder->next];
	recorder->next = (recorder->next + 1) % RECORDER_MAX;
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
	object->kind = type->kind;
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

static struct api_call create_call(const struct recorder *recorder, const struct core_event *event)
{
	struct arena *arena = arena_new(0);
	struct api_call call = request_call(
	    "POST",
	    request_path(arena, &core_event_type, event->metadata->namespace, STR_NONE, NULL),
	    str_from(recorder->user));

	request_set_record(&call, &core_event_type, event);
	arena_free(arena);
	return call;
}

/* A repeat changes the count and the last time of the event that is there. */
static struct api_call count_call(const struct recorder *recorder, const struct core_event *event)
{
	struct arena *arena = arena_new(0);
	char at[TIME_TEXT];
	struct api_call call =
	    request_call("PATCH",
			 request_path(arena, &core_event_type, event->metadata->namespace,
				      event->metadata->name, NULL),
			 str_from(recorder->user));

	request_set_body(&call, STR("application/merge-patch+json"),
			 arena_printf(arena, "{\"count\":%d,\"lastTimestamp\":\"" STR_FMT "\"}",
				      event->count, STR_ARG(time_print(event->last_timestamp, at))));
	arena_free(arena);
	return call;
}

void recorder_write(struct recorder *recorder, struct act *act, const struct type *type,
		    const struct meta_object_meta *about, bool is_warning, const char *reason,
		    struct str message)
{
	struct remembered *slot = remember(recorder, hash_of(about, reason, message));
	struct arena *arena = arena_new(0);
	struct wall now = act_wall(act);
	struct core_event *event;
	struct api_call call;

	if (slot->count++ == 0) {
		slot->first = now;
		snprintf(slot->name, sizeof slot->name, STR_FMT ".%016jx",
			 STR_ARG(str_slice(about->name, 0, 236)), (uintmax_t)act_random(act));
	}
	event = make(recorder, arena, type, about, slot, now);
	event->type = is_warning ? STR("Warning") : STR("Normal");
	event->reason = str_from(reason);
	event->message = str_slice(message, 0, MESSAGE_MAX);
	call = slot->count == 1 ? create_call(recorder, event) : count_call(recorder, event);
	if (act_request(act, act_named(act, recorder->api), &api_call_type, &call, WRITE_MS,
			RECORDER_TAG) != OK)
		api_call_free(&call);
	arena_free(arena);
}
