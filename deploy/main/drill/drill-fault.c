#include "deploy/main/drill/drill-fault.h"

#include <string.h>

#include "deploy/main/command/json-look.h"

static const struct drill_fault faults[] = {
	{ "pause", "Pause", "Host" },
	{ "partition", "Partition", "Node" },
	{ "drop", "Drop", "Link" },
	{ "delay", "Delay", "Link" },
	{ "duplicate", "Duplicate", "Link" },
	{ "slow-fsync", "SlowFsync", "Disk" },
	{ "full-disk", "FullDisk", "Disk" },
	{ "clock-skew", "ClockSkew", "Host" },
	{ "corrupt-segment", "CorruptSegment", "Disk" },
};

const struct drill_fault *drill_fault_find(const char *name)
{
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
		if (strcmp(name, faults[i].name) == 0)
			return &faults[i];
	return NULL;
}

bool drill_fault_is_of(const struct drill_fault *fault, const char *host)
{
	return strcmp(fault->level, "Disk") != 0 || strcmp(host, "core") == 0;
}

/* The datastore's links go to other nodes, the controllers' to the API on their own. */
static struct str target_of(const struct drill_fault *fault, struct str node, const char *host,
			    struct arena *arena)
{
	if (strcmp(fault->level, "Host") == 0)
		return arena_printf(arena, STR_FMT ".%s", STR_ARG(node), host);
	if (strcmp(fault->level, "Link") == 0 && strcmp(host, "core") == 0)
		return arena_printf(arena, STR_FMT ".to.*", STR_ARG(node));
	if (strcmp(fault->level, "Link") == 0)
		return arena_printf(arena, STR_FMT ".%s.to.core", STR_ARG(node), host);
	return node;
}

struct str drill_fault_plan(const struct drill_fault *fault, struct str node, const char *host,
			    int64_t seconds, struct arena *arena)
{
	struct str target = target_of(fault, node, host, arena);

	return arena_printf(arena,
			    "{\"apiVersion\":\"troupe.internal/v1\",\"kind\":\"ChaosPlan\","
			    "\"metadata\":{\"name\":\"" DRILL_PLAN "\"},\"spec\":{\"fault\":\"%s\","
			    "\"target\":{\"level\":\"%s\",\"names\":[\"" STR_FMT "\"]},"
			    "\"faultSeconds\":%jd}}",
			    fault->fault, fault->level, STR_ARG(target), (intmax_t)seconds);
}

struct reading {
	struct arena *arena;
	struct drill_plan *plan;
};

static void read_condition(void *arg, struct str condition)
{
	struct reading *reading = arg;

	if (str_is(json_look(reading->arena, condition, "status"), "False"))
		reading->plan->why = json_look(reading->arena, condition, "message");
}

static void read_count(void *arg, struct str count)
{
	struct reading *reading = arg;

	reading->plan->struck += (uint64_t)json_look_i64(reading->arena, count, "struck");
}

struct drill_plan drill_fault_read(struct str text, struct arena *arena)
{
	struct drill_plan plan = { 0 };
	struct reading reading = { arena, &plan };
	struct str phase = json_look(arena, text, "status.phase");

	plan.target = json_look(arena, text, "status.lastInjection.target");
	plan.is_done = plan.target.at != NULL;
	plan.is_over = str_is(phase, "Completed");
	plan.is_refused = str_is(phase, "Refused");
	json_look_each(arena, text, "status.conditions", read_condition, &reading);
	json_look_each(arena, text, "status.injected", read_count, &reading);
	return plan;
}
