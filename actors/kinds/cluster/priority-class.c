#include "actors/kinds/kinds.h"
#include "actors/kinds/rule.h"
#include "datastore/schema/core.h"
#include "datastore/schema/scheduling.h"

/*
 * The PriorityClass (upstream: apis/scheduling/validation). That at most one is the default says admission, which sees them all.
 */

#define USER_VALUE_MAX 1000000000 /* above are those of the system */

/* Why a class with a name of the system's is none of them; absent: it is. */
static struct str system_fault(struct arena *arena, const struct scheduling_priority_class *class)
{
	static const struct {
		const char *name;
		int32_t value;
	} known[] = {
		{ "system-node-critical", 2000001000 },
		{ "system-cluster-critical", 2000000000 },
	};
	struct str name = class->metadata->name;

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		if (!str_is(name, known[i].name))
			continue;
		if (class->value != known[i].value)
			return arena_printf(arena, "value of %s PriorityClass must be %d",
					    known[i].name, known[i].value);
		return class->global_default
			   ? arena_printf(arena, "globalDefault of %s PriorityClass must be false",
					  known[i].name)
			   : STR_NONE;
	}
	return arena_printf(arena, STR_FMT " is not a known system priority class", STR_ARG(name));
}

static void check_value(struct kind_change *change, const struct scheduling_priority_class *class)
{
	const struct path *name = PATH(PATH_ROOT(change->faults, "metadata"), "name");
	struct str why;

	if (!str_starts(class->metadata->name, STR("system-"))) {
		if (class->value > USER_VALUE_MAX)
			path_fault(PATH_ROOT(change->faults, "value"), FAULT_FORBIDDEN, STR_NONE,
				   "maximum allowed value of a user defined priority is %d",
				   USER_VALUE_MAX);
		return;
	}
	why = system_fault(change->arena, class);
	if (why.at != NULL)
		path_fault(name, FAULT_FORBIDDEN, STR_NONE,
			   "priority class names with 'system-' prefix are reserved for system "
			   "use only. error: " STR_FMT,
			   STR_ARG(why));
}

static void validate_create(struct kind_change *change)
{
	const struct scheduling_priority_class *class = change->object;
	const struct path *policy = PATH_ROOT(change->faults, "preemptionPolicy");

	check_value(change, class);
	if (class->preemption_policy.at == NULL ||
	    !rule_needed(policy, class->preemption_policy, "") ||
	    str_is(class->preemption_policy, "PreemptLowerPriority") ||
	    str_is(class->preemption_policy, "Never"))
		return;
	path_not_supported(policy, class->preemption_policy, "\"PreemptLowerPriority\", \"Never\"");
}

static void validate_update(struct kind_change *change)
{
	const struct scheduling_priority_class *class = change->object, *old = change->old;

	if (class->value != old->value)
		path_forbidden(PATH_ROOT(change->faults, "value"),
			       "may not be changed in an update.");
	rule_unchanged(PATH_ROOT(change->faults, "preemptionPolicy"), change->type,
		       "preemptionPolicy", class, old);
}

const struct kind_rules kind_priority_class = {
	.group = "scheduling.k8s.io",
	.kind = "PriorityClass",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.has_generation = true,
	.validate_create = validate_create,
	.validate_update = validate_update,
};
