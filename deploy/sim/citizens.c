#include "deploy/sim/citizens.h"

#include <stdio.h>

uint64_t citizen_below(struct act *act, uint64_t n)
{
	return n ? act_random(act) % n : 0;
}

struct api_call citizen_call_new(const char *method, struct str path, struct str body)
{
	static const struct str masters[] = { { "system:masters", 14 } };
	struct api_call call = api_call_new();

	call.user = STR("admin");
	call.groups = masters;
	call.group_count = 1;
	call.method = arena_str(call.arena, str_from(method));
	call.path = arena_str(call.arena, path);
	call.body = arena_str(call.arena, body);
	return call;
}

struct act_ref citizen_server(struct act *act, const struct citizen *citizen, uint32_t machine)
{
	char name[32];

	snprintf(name, sizeof name, "api@n%u%s", machine, citizen->is_apart ? "/api" : "");
	return act_named(act, name);
}

enum status citizen_call(struct act *act, const struct citizen *citizen, uint32_t machine,
			 struct api_call *call, uint32_t timeout_ms, uint64_t tag)
{
	enum status status;

	if (machine == 0)
		machine = 1 + (uint32_t)citizen_below(act, citizen->machines);
	status = act_request(act, citizen_server(act, citizen, machine), &api_call_type, call,
			     timeout_ms, tag);
	if (status != OK)
		api_call_free(call);
	return status;
}
