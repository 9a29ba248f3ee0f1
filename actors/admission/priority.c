/*
 * Priority: a pod's priority class becomes a number, and there is at most one class that counts by default.
 */
#include "actors/admission/plugin.h"
#include "actors/admission/plugins.h"
#include "datastore/schema/core.h"
#include "datastore/schema/scheduling.h"
#include "runtime/base/arena.h"
#include "runtime/base/str.h"

/* ---- pods --------------------------------------------------------------------------------------------- */

/* Of several default classes the lowest counts: the harm that a race of two writers can do is the smallest. */
static bool visit_default(void *arg, const struct object *object)
{
	const struct scheduling_priority_class *class = object->record;
	const struct scheduling_priority_class **best = arg;

	if (class->global_default && (*best == NULL || class->value < (*best)->value))
		*best = class;
	return true;
}

static const struct scheduling_priority_class *default_class(const struct check_context *check)
{
	const struct scheduling_priority_class *best = NULL;

	check->reader->each(check->reader->self, &scheduling_priority_class_type, STR_NONE,
			    visit_default, (void *)&best);
	return best;
}

static enum check find_class(struct admission *admission, struct str name,
			     const struct scheduling_priority_class **out)
{
	const struct object *object =
	    check_get(&admission->check, &scheduling_priority_class_type, STR_NONE, name);

	if (object != NULL) {
		*out = object->record;
		return CHECK_PASS;
	}
	if (!admission->check.is_fresh)
		return check_refresh(&admission->check);
	return admission_deny(admission, "no PriorityClass with name " STR_FMT " was found",
			      STR_ARG(name));
}

/* What the class says is written down; what the pod says must agree with it. */
static enum check set_priority(struct admission *admission, struct core_pod_spec *spec,
			       const struct scheduling_priority_class *class)
{
	int32_t priority = class ? class->value : 0;
	struct str policy = class && class->preemption_policy.len > 0 ? class->preemption_policy
								      : STR("PreemptLowerPriority");

	if (spec->has.priority && spec->priority != priority)
		return admission_deny(
		    admission,
		    "the integer value of priority (%d) must not be provided in pod spec; priority "
		    "admission controller computed %d from the given PriorityClass name",
		    spec->priority, priority);
	if (spec->preemption_policy.len > 0 && !str_eq(spec->preemption_policy, policy))
		return admission_deny(admission,
				      "the string value of PreemptionPolicy (" STR_FMT
				      ") must not be provided in pod spec; priority admission "
				      "controller computed " STR_FMT
				      " from the given PriorityClass name",
				      STR_ARG(spec->preemption_policy), STR_ARG(policy));
	SET(spec, priority, priority);
	spec->preemption_policy = arena_str(admission->check.arena, policy);
	return CHECK_PASS;
}

static enum check mutate_pod(struct admission *admission)
{
	struct core_pod_spec *spec = ((struct core_pod *)admission->object)->spec;
	const struct core_pod *old = admission->old;
	const struct scheduling_priority_class *class = NULL;
	enum check found = CHECK_PASS;

	/* A bound pod keeps what it was given, though the class may have changed. */
	if (admission->operation == ADMISSION_UPDATE) {
		if (!spec->has.priority && old->spec->has.priority)
			SET(spec, priority, old->spec->priority);
		if (spec->preemption_policy.len == 0)
			spec->preemption_policy = old->spec->preemption_policy;
		return CHECK_PASS;
	}
	if (spec->priority_class_name.len == 0) {
		class = default_class(&admission->check);
		if (class != NULL)
			spec->priority_class_name =
			    arena_str(admission->check.arena, class->metadata->name);
	} else {
		found = find_class(admission, spec->priority_class_name, &class);
	}
	return found == CHECK_PASS ? set_priority(admission, spec, class) : found;
}

static enum check mutate(struct admission *admission)
{
	if (admission->group.len > 0 || !str_is(admission->resource, "pods") ||
	    admission->subresource.len > 0 || admission->operation == ADMISSION_DELETE)
		return CHECK_PASS;
	return mutate_pod(admission);
}

/* ---- classes ------------------------------------------------------------------------------------------- */

static enum check validate(struct admission *admission)
{
	const struct scheduling_priority_class *class = admission->object, *other;

	if (!str_is(admission->group, "scheduling.k8s.io") ||
	    !str_is(admission->resource, "priorityclasses") ||
	    admission->operation == ADMISSION_DELETE || !class->global_default)
		return CHECK_PASS;
	other = default_class(&admission->check);
	if (other == NULL || str_eq(other->metadata->name, class->metadata->name))
		return CHECK_PASS;
	return admission_deny(admission,
			      "PriorityClass " STR_FMT
			      " is already marked as globalDefault; only one default can exist",
			      STR_ARG(other->metadata->name));
}

const struct plugin admission_priority = {
	.name = "Priority",
	.operations = ADMISSION_CREATE | ADMISSION_UPDATE | ADMISSION_DELETE,
	.mutate = mutate,
	.validate = validate,
};
