#include "actors/node/events.h"

#include "actors/client/api.h"
#include "actors/client/event-call.h"
#include "datastore/object/record.h"
#include "datastore/schema/core.h"

#define WRITE_MS 10000U
#define NAME_MAX_BYTES 236U /* of the object's, so that the event's is a name too */
#define MESSAGE_MAX 1024U   /* upstream cuts there */

void events_init(struct events *events, struct act *act, const char *node, const char *user,
		 const char *api)
{
	*events = (struct events){ .node = node,
				   .user = user,
				   .api = api,
				   .tokens = EVENTS_BURST,
				   .filled = act_now(act) };
}

static bool take_token(struct events *events, struct act *act)
{
	int64_t earned = (act_now(act).ns - events->filled.ns) / (TIME_S / EVENTS_PER_S);

	if (earned > 0) {
		int64_t tokens = events->tokens + earned;

		events->tokens = tokens < EVENTS_BURST ? (uint32_t)tokens : EVENTS_BURST;
		events->filled = act_now(act);
	}
	if (events->tokens == 0)
		return false;
	events->tokens--;
	return true;
}

/* Its name ends with its time, as upstream's: events of one second are then listed in the order in which they came. */
static uint64_t next_number(struct events *events, struct act *act)
{
	uint64_t now = (uint64_t)act_wall(act).ns;

	events->last_number = now > events->last_number ? now : events->last_number + 1;
	return events->last_number;
}

/* The one that this repeats, else the place of the oldest with a name of its own. */
static struct events_seen *remember(struct events *events, struct act *act, uint64_t hash)
{
	struct events_seen *seen;

	for (uint32_t i = 0; i < EVENTS_REMEMBERED; i++)
		if (events->seen[i].hash == hash)
			return &events->seen[i];
	seen = &events->seen[events->next];
	events->next = (events->next + 1) % EVENTS_REMEMBERED;
	*seen = (struct events_seen){ .hash = hash, .number = next_number(events, act) };
	return seen;
}

static struct core_object_reference *reference(struct arena *arena, const struct events_about *about)
{
	struct core_object_reference *to = arena_new_of(arena, struct core_object_reference);

	to->kind = type_kind(about->type);
	to->api_version = type_api_version(about->type, arena);
	to->namespace = about->meta->namespace;
	to->name = about->meta->name;
	to->uid = about->meta->uid;
	to->resource_version = about->meta->resource_version;
	if (about->container.len > 0)
		to->field_path =
		    arena_printf(arena, "spec.containers{" STR_FMT "}", STR_ARG(about->container));
	return to;
}

static struct core_event *make(const struct events *events, struct arena *arena,
			       const struct events_about *about, const struct events_seen *seen,
			       struct wall now)
{
	struct core_event *event = record_new(&core_event_type, arena);
	struct str name = str_slice(about->meta->name, 0, NAME_MAX_BYTES);

	record_fill(&core_event_type, event, arena);
	event->metadata->name =
	    arena_printf(arena, STR_FMT ".%016jx", STR_ARG(name), (uintmax_t)seen->number);
	event->metadata->namespace =
	    about->meta->namespace.len > 0 ? about->meta->namespace : STR("default");
	event->involved_object = reference(arena, about);
	event->source->component = STR("kubelet");
	event->source->host = str_from(events->node);
	event->reporting_component = event->source->component;
	event->reporting_instance = event->source->host;
	SET(event, first_timestamp, now);
	SET(event, last_timestamp, now);
	SET(event, count, seen->count);
	return event;
}

void events_write(struct events *events, struct act *act, const struct events_about *about,
		  bool is_warning, const char *reason, struct str message)
{
	uint64_t hash = hash_mix(hash_mix(hash_str(about->meta->uid), hash_str(str_from(reason))),
				 hash_mix(hash_str(message), hash_str(about->container)));
	struct arena *arena;
	struct events_seen *seen;
	struct core_event *event;
	struct api_call call;

	if (!take_token(events, act)) {
		events->dropped++;
		return;
	}
	arena = arena_new(0);
	seen = remember(events, act, hash | 1);
	seen->count++;
	event = make(events, arena, about, seen, act_wall(act));
	event->type = is_warning ? STR("Warning") : STR("Normal");
	event->reason = str_from(reason);
	event->message = str_slice(message, 0, MESSAGE_MAX);
	call = event_call(event, events->user);
	if (act_request(act, act_named(act, events->api), &api_call_type, &call, WRITE_MS,
			EVENTS_TAG) != OK) {
		api_call_free(&call);
		events->dropped++;
	}
	arena_free(arena);
}
