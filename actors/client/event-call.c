#include "actors/client/event-call.h"

static struct api_call create_call(const struct core_event *event, struct str user,
				   struct arena *arena)
{
	struct api_call call = request_call(
	    "POST",
	    request_path(arena, &core_event_type, event->metadata->namespace, STR_NONE, NULL), user);

	request_set_record(&call, &core_event_type, event);
	return call;
}

static struct api_call count_call(const struct core_event *event, struct str user,
				  struct arena *arena)
{
	char at[TIME_TEXT];
	struct api_call call =
	    request_call("PATCH",
			 request_path(arena, &core_event_type, event->metadata->namespace,
				      event->metadata->name, NULL),
			 user);

	request_set_body(&call, STR("application/merge-patch+json"),
			 arena_printf(arena, "{\"count\":%d,\"lastTimestamp\":\"" STR_FMT "\"}",
				      event->count, STR_ARG(time_print(event->last_timestamp, at))));
	return call;
}

struct api_call event_call(const struct core_event *event, const char *user)
{
	struct arena *arena = arena_new(0);
	struct api_call call = event->count == 1 ? create_call(event, str_from(user), arena)
						 : count_call(event, str_from(user), arena);

	arena_free(arena);
	return call;
}
