#include "actors/kinds/kinds.h"
#include "actors/kinds/rule.h"
#include "datastore/object/name.h"
#include "datastore/schema/troupe.h"

/*
 * The ChaosPlan of troupe.internal. What a fault does not have is refused here, so that a plan never does less than it says. A spec is for
 * good: what was counted is about that one.
 */

#define NAMES_MAX 64U
#define NAME_BYTES_MAX 253U
#define DAY_S 86400
#define DAY_MS (1000LL * DAY_S)
#define FAULT_S_MAX 600 /* longer is no fault that comes and goes, but a machine that is gone */
#define DELAY_MS_MAX 60000
#define MILLION 1000000

static const struct faulty {
	const char *fault, *levels[2];
	bool has_rate, has_delay, has_skew;
} faults[] = {
	{ .fault = "Kill", .levels = { "Actor", "Host" } },
	{ .fault = "Pause", .levels = { "Host" } },
	{ .fault = "Partition", .levels = { "Node" } },
	{ .fault = "Drop", .levels = { "Link" }, .has_rate = true },
	{ .fault = "Delay", .levels = { "Link" }, .has_rate = true, .has_delay = true },
	{ .fault = "Duplicate", .levels = { "Link" }, .has_rate = true },
	{ .fault = "SlowFsync", .levels = { "Disk" }, .has_rate = true, .has_delay = true },
	{ .fault = "FullDisk", .levels = { "Disk" } },
	{ .fault = "ClockSkew", .levels = { "Host", "Node" }, .has_skew = true },
	{ .fault = "CorruptSegment", .levels = { "Disk" } },
};

static const struct faulty *find(struct str fault)
{
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
		if (str_is(fault, faults[i].fault))
			return &faults[i];
	return NULL;
}

static bool is_among(const char *const levels[2], struct str level)
{
	return str_is(level, levels[0]) || (levels[1] != NULL && str_is(level, levels[1]));
}

static void check_level(const struct path *target, const struct faulty *fault, struct str level)
{
	const struct path *at = PATH(target, "level");

	if (!rule_needed_one_of(at, level, &troupe_chaos_level_values) || fault == NULL ||
	    is_among(fault->levels, level))
		return;
	path_fault(at, FAULT_INVALID, name_quoted(path_arena(at), level), "%s takes %s%s%s",
		   fault->fault, fault->levels[0], fault->levels[1] ? " or " : "",
		   fault->levels[1] ? fault->levels[1] : "");
}

/* A number that is there must be one of this fault's, and within bounds. */
static void check_number(const struct path *at, const struct faulty *fault, bool is_its,
			 const char *whose, int64_t value, int64_t min, int64_t max)
{
	if (is_its)
		rule_range(at, value, min, max);
	else
		path_fault(at, FAULT_INVALID, arena_printf(path_arena(at), "%jd", (intmax_t)value),
			   "means nothing for %s; it is for %s", fault->fault, whose);
}

static void check_fault(const struct path *spec, const struct troupe_chaos_plan_spec *plan)
{
	const struct faulty *fault = find(plan->fault);

	(void)rule_needed_one_of(PATH(spec, "fault"), plan->fault, &troupe_chaos_fault_values);
	check_level(PATH(spec, "target"), fault,
		    plan->target != NULL ? plan->target->level : STR_NONE);
	if (fault == NULL)
		return;
	if (plan->has.per_million)
		check_number(PATH(spec, "perMillion"), fault, fault->has_rate,
			     "Drop, Delay, Duplicate and SlowFsync", plan->per_million, 1, MILLION);
	if (plan->has.delay_milliseconds)
		check_number(PATH(spec, "delayMilliseconds"), fault, fault->has_delay,
			     "Delay and SlowFsync", plan->delay_milliseconds, 1, DELAY_MS_MAX);
	if (plan->has.skew_milliseconds)
		check_number(PATH(spec, "skewMilliseconds"), fault, fault->has_skew, "ClockSkew",
			     plan->skew_milliseconds, -DAY_MS, DAY_MS);
	if (strcmp(fault->fault, "CorruptSegment") == 0 && plan->has.never_below_quorum &&
	    !plan->never_below_quorum)
		path_fault(PATH(spec, "neverBelowQuorum"), FAULT_INVALID, STR("false"),
			   "a log that is corrupt comes back from the others only: "
			   "CorruptSegment is done where they are a majority without it");
}

static bool is_pattern(struct str name)
{
	for (uint32_t i = 0; i < name.len; i++) {
		char c = name.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
		      c == '*' || c == '?'))
			return false;
	}
	return name.len > 0 && name.len <= NAME_BYTES_MAX;
}

static void check_target(const struct path *at, const struct troupe_chaos_target *target)
{
	if (target->names.len > NAMES_MAX)
		path_too_many(PATH(at, "names"), target->names.len, NAMES_MAX);
	for (uint32_t i = 0; i < target->names.len && i < NAMES_MAX; i++)
		if (!is_pattern(target->names.at[i]))
			path_invalid(PATH_AT(PATH(at, "names"), i), target->names.at[i],
				     "must be a name as of an actor, 1 to 253 of a-z, 0-9, '-' and "
				     "'.', with '*' for any text and '?' for any letter");
	rule_selector(PATH(at, "selector"), target->selector, false);
}

static void validate(struct kind_change *change)
{
	const struct troupe_chaos_plan *plan = change->object;
	const struct path *at = PATH_ROOT(change->faults, "spec");
	const struct troupe_chaos_plan_spec *spec = plan->spec;

	if (spec == NULL) {
		path_required(at, "");
		return;
	}
	check_fault(at, spec);
	if (spec->target != NULL)
		check_target(PATH(at, "target"), spec->target);
	if (spec->has.every_seconds)
		rule_range(PATH(at, "everySeconds"), spec->every_seconds, 1, DAY_S);
	if (spec->has.fault_seconds)
		rule_range(PATH(at, "faultSeconds"), spec->fault_seconds, 1, FAULT_S_MAX);
	if (spec->has.duration_seconds)
		rule_range(PATH(at, "durationSeconds"), spec->duration_seconds, 1, INT32_MAX);
}

static void validate_update(struct kind_change *change)
{
	rule_unchanged(PATH_ROOT(change->faults, "spec"), change->type, "spec", change->object,
		       change->old);
}

static void validate_status(struct kind_change *change)
{
	const struct troupe_chaos_plan *plan = change->object;
	const struct path *at = PATH_ROOT(change->faults, "status");

	if (plan->status == NULL)
		return;
	rule_conditions(PATH(at, "conditions"), plan->status->conditions);
	if (plan->status->phase.at != NULL)
		rule_one_of(PATH(at, "phase"), plan->status->phase, &troupe_chaos_phase_values);
}

static const struct kind_subresource subresources[] = {
	{ "status", NULL, validate_status },
};

const struct kind_rules kind_chaos_plan = {
	.group = "troupe.internal",
	.kind = "ChaosPlan",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.has_generation = true,
	.validate_create = validate,
	.validate_update = validate_update,
	.subresources = subresources,
	.subresource_count = 1,
};
