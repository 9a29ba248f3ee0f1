#include "actors/kinds/kinds.h"
#include "actors/kinds/rule.h"
#include "datastore/object/name.h"
#include "datastore/schema/troupe.h"

/*
 * The ChaosPlan of troupe.internal. What is named in the schema and not done by anybody yet is refused here, so that a plan never
 * waits for nothing. A spec is for good: what was counted is about that one.
 */

#define NAMES_MAX 64U
#define NAME_BYTES_MAX 253U
#define DAY_S 86400
#define FAULT_S_MAX 600 /* longer is no fault that comes and goes, but a machine that is gone */

static const struct {
	const char *fault, *levels[2];
} supported[] = {
	{ "Kill", { "Actor", "Host" } },
	{ "Pause", { "Host", NULL } },
	{ "Partition", { "Node", NULL } },
};

static bool is_among(const char *const levels[2], struct str level)
{
	return str_is(level, levels[0]) || (levels[1] != NULL && str_is(level, levels[1]));
}

static void check_fault(const struct path *spec, const struct troupe_chaos_plan_spec *plan)
{
	const struct path *fault = PATH(spec, "fault"), *target = PATH(spec, "target");
	const struct path *level = PATH(target, "level");
	struct str wanted = plan->target != NULL ? plan->target->level : STR_NONE;
	bool is_level = rule_needed_one_of(level, wanted, &troupe_chaos_level_values);

	if (!rule_needed_one_of(fault, plan->fault, &troupe_chaos_fault_values))
		return;
	for (size_t i = 0; i < sizeof supported / sizeof supported[0]; i++) {
		if (!str_is(plan->fault, supported[i].fault))
			continue;
		if (is_level && !is_among(supported[i].levels, wanted))
			path_fault(level, FAULT_INVALID, name_quoted(path_arena(level), wanted),
				   "%s takes %s%s%s", supported[i].fault, supported[i].levels[0],
				   supported[i].levels[1] ? " or " : "",
				   supported[i].levels[1] ? supported[i].levels[1] : "");
		return;
	}
	path_invalid(fault, plan->fault, "is not supported yet: Kill, Pause and Partition are");
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
