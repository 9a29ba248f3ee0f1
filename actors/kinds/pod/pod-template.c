#include "actors/kinds/kinds.h"
#include "actors/kinds/pod/pod-private.h"
#include "datastore/object/record.h"

/*
 * Templates of pods: inside Deployments, Jobs and the like, and the PodTemplate, which is nothing else.
 */

void pod_spec_check_template(const struct path *at, const struct core_pod_template_spec *template,
			     const struct pod_tolerance *tolerance)
{
	const struct meta_object_meta *meta = template->metadata;
	const struct path *annotations = PATH(at, "annotations");

	rule_labels(PATH(at, "labels"), meta->labels);
	rule_annotations(annotations, meta->annotations);
	pod_spec_check_annotations(annotations, meta->annotations, template->spec, tolerance);
	pod_spec_check(PATH(at, "spec"), template->spec, NULL, tolerance);
	pod_spec_check_profiles(PATH(at, "spec"), meta, template->spec);
	if (template->spec->ephemeral_containers.len > 0)
		path_forbidden(PATH(PATH(at, "spec"), "ephemeralContainers"),
			       "ephemeral containers not allowed in pod template");
}

void pod_spec_warn_template(struct kind_change *change, const struct path *at,
			    const struct core_pod_template_spec *template)
{
	pod_spec_warn(change, PATH(at, "spec"), PATH(at, "metadata"), template->spec,
		      template->metadata, false);
}

struct pod_tolerance pod_tolerance_of_template(struct arena *arena,
					       const struct core_pod_template_spec *old)
{
	return pod_tolerance_of(arena, old ? old->spec : NULL, old ? old->metadata : NULL, false);
}

/* ---- PodTemplate ------------------------------------------------------------------------------------------------------------ */

static struct core_pod_template_spec *template_of(const void *object)
{
	return ((const struct core_pod_template *)object)->template;
}

static void template_prepare_create(struct kind_change *change)
{
	pod_spec_drop(change, template_of(change->object)->metadata);
}

static void template_prepare_update(struct kind_change *change)
{
	struct meta_object_meta *meta = ((struct core_pod_template *)change->object)->metadata;

	pod_spec_drop(change, template_of(change->object)->metadata);
	if (!record_equal(&core_pod_template_spec_type, template_of(change->object),
			  template_of(change->old)))
		SET(meta, generation, meta->generation + 1);
}

static void template_validate(struct kind_change *change)
{
	const struct path *at = PATH_ROOT(change->faults, "template");
	const struct core_pod_template_spec *old = change->old ? template_of(change->old) : NULL;
	struct pod_tolerance tolerance = pod_tolerance_of_template(change->arena, old);

	pod_spec_check_template(at, template_of(change->object), &tolerance);
	if (old == NULL ||
	    !record_equal(&core_pod_template_spec_type, template_of(change->object), old))
		pod_spec_warn_template(change, at, template_of(change->object));
}

const struct kind_rules kind_pod_template = {
	.group = "",
	.kind = "PodTemplate",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.has_generation = true,
	.returns_deleted = true,
	.prepare_create = template_prepare_create,
	.prepare_update = template_prepare_update,
	.validate_create = template_validate,
	.validate_update = template_validate,
};
