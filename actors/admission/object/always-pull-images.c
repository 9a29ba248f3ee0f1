/*
 * AlwaysPullImages: each image is fetched anew, by who may fetch it (upstream: plugin/pkg/admission/alwayspullimages). Off unless asked for.
 *
 * What is fetched is judged by its pull secrets only when it is: on a shared node a private image would be anybody's who knows its name.
 */
#include "actors/admission/plugin.h"
#include "actors/admission/plugins.h"
#include "datastore/schema/core.h"

#define ALWAYS STR("Always")

/* Of the pod as a whole: others come by subresources, which are not looked at. */
static struct core_container *container_at(const struct core_pod_spec *spec, uint32_t at)
{
	uint32_t first = spec->init_containers.len;

	if (at < first)
		return &spec->init_containers.at[at];
	return at - first < spec->containers.len ? &spec->containers.at[at - first] : NULL;
}

static bool has_image(const struct core_pod *pod, struct str image)
{
	const struct core_container *one;

	for (uint32_t i = 0; (one = container_at(pod->spec, i)) != NULL; i++)
		if (str_eq(one->image, image))
			return true;
	return false;
}

/* An update that brings no image is let through, or no old pod could be changed any more. */
static bool is_concerned(const struct admission *admission)
{
	const struct core_pod *pod = admission->object;
	const struct core_container *one;

	if (admission->group.len > 0 || !str_is(admission->resource, "pods") ||
	    admission->subresource.len > 0)
		return false;
	if (admission->old == NULL)
		return true;
	for (uint32_t i = 0; (one = container_at(pod->spec, i)) != NULL; i++)
		if (!has_image(admission->old, one->image))
			return true;
	return false;
}

static enum check mutate(struct admission *admission)
{
	const struct core_pod *pod = admission->object;
	struct core_container *one;

	for (uint32_t i = 0; is_concerned(admission) && (one = container_at(pod->spec, i)) != NULL;
	     i++)
		one->image_pull_policy = ALWAYS;
	return CHECK_PASS;
}

static enum check validate(struct admission *admission)
{
	const struct core_pod *pod = admission->object;
	uint32_t first = is_concerned(admission) ? pod->spec->init_containers.len : 0;
	const struct core_container *one;

	for (uint32_t i = 0; is_concerned(admission) && (one = container_at(pod->spec, i)) != NULL;
	     i++)
		if (!str_eq(one->image_pull_policy, ALWAYS))
			return admission_deny(
			    admission,
			    "spec.%s[%u].imagePullPolicy: Unsupported value: \"" STR_FMT
			    "\": supported values: \"Always\"",
			    i < first ? "initContainers" : "containers", i < first ? i : i - first,
			    STR_ARG(one->image_pull_policy));
	return CHECK_PASS;
}

const struct plugin admission_always_pull_images = {
	.name = "AlwaysPullImages",
	.is_off = true,
	.operations = ADMISSION_CREATE | ADMISSION_UPDATE,
	.mutate = mutate,
	.validate = validate,
};
