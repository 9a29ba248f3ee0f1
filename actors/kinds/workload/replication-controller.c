#include "actors/kinds/kinds.h"
#include "actors/kinds/workload/workload.h"
#include "datastore/object/record.h"
#include "datastore/schema/core.h"

/*
 * The ReplicationController: the elder brother of the ReplicaSet, whose selector is a map and may change.
 */

#define NOT_CONVERTIBLE STR("non-convertible.kubernetes.io")

static struct core_replication_controller *new_of(const struct kind_change *change)
{
	return change->object;
}

static const struct core_replication_controller *old_of(const struct kind_change *change)
{
	return change->old;
}

static void prepare(struct kind_change *change)
{
	if (new_of(change)->spec->template != NULL)
		pod_spec_drop(change, new_of(change)->spec->template->metadata);
}

static void check_template(struct kind_change *change, const struct path *at)
{
	const struct core_replication_controller_spec *spec = new_of(change)->spec;
	const struct core_pod_template_spec *template = spec->template;
	struct pod_tolerance tolerance = pod_tolerance_of_template(
	    change->arena, change->old ? old_of(change)->spec->template : NULL);
	const struct path *labels = PATH(PATH(at, "metadata"), "labels");

	if (template == NULL) {
		path_required(at, "");
		return;
	}
	if (!str_map_has_all(template->metadata->labels, spec->selector))
		path_fault(labels, FAULT_INVALID, path_shown_map(labels, template->metadata->labels),
			   "`selector` does not match template `labels`");
	pod_spec_check_template(at, template, &tolerance);
	workload_check_endless(at, template->spec, "ReplicationController");
}

/* How many and how soon is for the marks of the schema. */
static void check_spec(struct kind_change *change, const struct path *at)
{
	if (new_of(change)->spec->selector.len == 0)
		path_required(PATH(at, "selector"), "");
	check_template(change, PATH(at, "template"));
}

static void validate_create(struct kind_change *change)
{
	check_spec(change, PATH_ROOT(change->faults, "spec"));
	workload_warn_of_name(change);
	if (new_of(change)->spec->template != NULL)
		workload_warn_of_template(change, new_of(change)->spec->template);
}

/* Somebody noted what a newer selector could say and this one cannot: it has to stay as it is. */
static void check_conversion(struct kind_change *change, const struct path *at)
{
	struct str_map annotations = old_of(change)->metadata->annotations;
	const struct path *selector = PATH(at, "selector");
	const struct field *field =
	    type_field(&core_replication_controller_spec_type, STR("selector"));

	for (uint32_t i = 0; i < annotations.len; i++) {
		struct str rest = annotations.at[i].key, prefix = str_cut(&rest, '/');

		if (!str_starts(prefix, NOT_CONVERTIBLE) || rest.at == NULL ||
		    str_find_char(rest, '/') >= 0)
			continue;
		if (str_find(rest, STR("selector")) < 0)
			path_fault(&(struct path){ .step = rest, .faults = change->faults },
				   FAULT_NOT_FOUND,
				   name_quoted(change->arena, annotations.at[i].value),
				   "unknown non-convertible field");
		else if (!record_equal_field(field, new_of(change)->spec, old_of(change)->spec))
			path_fault(selector, FAULT_INVALID,
				   path_shown_map(selector, new_of(change)->spec->selector),
				   "cannot update non-convertible selector");
	}
}

static void validate_update(struct kind_change *change)
{
	const struct core_pod_template_spec *old = old_of(change)->spec->template;
	const struct path *at = PATH_ROOT(change->faults, "spec");

	check_spec(change, at);
	check_conversion(change, at);
	/* Of the template as it was, which is what upstream says. */
	if (old != NULL && kind_is_new_generation(change))
		workload_warn_of_template(change, old);
}

static void validate_status(struct kind_change *change)
{
	static const char *const counts[] = { "replicas", "fullyLabeledReplicas", "readyReplicas",
					      "availableReplicas", "observedGeneration" };
	const struct type *type = &core_replication_controller_status_type;
	const struct core_replication_controller_status *now = new_of(change)->status;
	const struct path *at = PATH_ROOT(change->faults, "status");

	workload_check_counts(at, type, now, counts, 5);
	workload_check_available(at, type, now, "fullyLabeledReplicas");
}

static const struct kind_subresource subresources[] = {
	{ "status", NULL, validate_status },
};

const struct kind_rules kind_replication_controller = {
	.group = "",
	.kind = "ReplicationController",
	.check_name = metadata_name_is_marked,
	.has_generation = true,
	.garbage = KIND_GARBAGE_ORPHAN,
	.prepare_create = prepare,
	.prepare_update = prepare,
	.validate_create = validate_create,
	.validate_update = validate_update,
	.subresources = subresources,
	.subresource_count = 1,
};
