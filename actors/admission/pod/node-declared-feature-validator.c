/*
 * NodeDeclaredFeatureValidator: a pod is not changed in a way that its node has not said it can follow (upstream:
 * plugin/pkg/admission/nodedeclaredfeatures, and what component-helpers/nodedeclaredfeatures infers of updates).
 */
#include "actors/admission/plugins.h"
#include "actors/admission/pod/pod-plugin.h"
#include "datastore/object/quantity.h"
#include "datastore/object/record.h"
#include "runtime/base/text.h"

static bool is_same(const struct core_resource_requirements *a,
		    const struct core_resource_requirements *b)
{
	return a == b ||
	       (a != NULL && b != NULL && record_equal(&core_resource_requirements_type, a, b));
}

static bool resizes_pod(const struct core_pod_spec *spec, const struct core_pod_spec *old)
{
	return !is_same(spec->resources, old->resources);
}

static bool resizes_init(const struct core_pod_spec *spec, const struct core_pod_spec *old)
{
	for (uint32_t i = 0; i < old->init_containers.len && i < spec->init_containers.len; i++)
		if (!str_is(old->init_containers.at[i].restart_policy, "Always") &&
		    !is_same(spec->init_containers.at[i].resources,
			     old->init_containers.at[i].resources))
			return true;
	return false;
}

static struct str size_in_memory(const struct core_volume *volume)
{
	const struct core_volume_source *source = volume->volume_source;

	if (source == NULL || source->empty_dir == NULL ||
	    !str_is(source->empty_dir->medium, "Memory"))
		return STR_NONE;
	return source->empty_dir->size_limit;
}

static bool resizes_volume(const struct core_pod_spec *spec, const struct core_pod_spec *old)
{
	for (uint32_t i = 0; old->volumes.len == spec->volumes.len && i < old->volumes.len; i++) {
		struct str now = size_in_memory(&spec->volumes.at[i]);
		struct str before = size_in_memory(&old->volumes.at[i]);

		if (str_eq(spec->volumes.at[i].name, old->volumes.at[i].name) && now.len > 0 &&
		    before.len > 0 && quantity_cmp(quantity_of(now), quantity_of(before)) != 0)
			return true;
	}
	return false;
}

/* In upstream's order, which is that of its words. */
static const struct {
	const char *name;
	bool (*is_needed)(const struct core_pod_spec *spec, const struct core_pod_spec *old);
} features[] = {
	{ "InPlacePodLevelResourcesVerticalScaling", resizes_pod },
	{ "InPlacePodVerticalScalingInitContainers", resizes_init },
	{ "InPlacePodVerticalScalingMemoryBackedVolumes", resizes_volume },
};

static bool declares(const struct core_node *node, const char *name)
{
	for (uint32_t i = 0; node->status != NULL && i < node->status->declared_features.len; i++)
		if (str_is(node->status->declared_features.at[i], name))
			return true;
	return false;
}

static enum check judge(struct admission *admission, uint32_t needed)
{
	const struct core_pod *pod = admission->object;
	const struct object *node =
	    check_get(&admission->check, &core_node_type, STR_NONE, pod->spec->node_name);
	struct text missing = text_in(admission->check.arena, 512);
	struct str words;

	if (node == NULL && !admission->check.is_fresh)
		return check_refresh(&admission->check);
	if (node == NULL)
		return admission_deny(admission, "node \"" STR_FMT "\" not found",
				      STR_ARG(pod->spec->node_name));
	for (uint32_t i = 0; i < sizeof features / sizeof features[0]; i++)
		if ((needed >> i & 1) && !declares(node->record, features[i].name))
			text_printf(&missing, "%s%s", text_str(&missing).len > 0 ? ", " : "",
				    features[i].name);
	words = text_str(&missing);
	return words.len == 0 ? CHECK_PASS
			      : admission_deny(admission,
					       "pod update requires features " STR_FMT
					       " which are not available on node \"" STR_FMT "\"",
					       STR_ARG(words), STR_ARG(pod->spec->node_name));
}

static enum check validate(struct admission *admission)
{
	const struct core_pod *pod = admission->object, *old = admission->old;
	uint32_t needed = 0;

	if ((!pod_plugin_concerns(admission, "") && !pod_plugin_concerns(admission, "resize")) ||
	    pod->spec->node_name.len == 0 || pod->metadata->generation == old->metadata->generation)
		return CHECK_PASS;
	for (uint32_t i = 0; i < sizeof features / sizeof features[0]; i++)
		needed |= (uint32_t)features[i].is_needed(pod->spec, old->spec) << i;
	return needed == 0 ? CHECK_PASS : judge(admission, needed);
}

const struct plugin admission_node_declared_feature_validator = {
	.name = "NodeDeclaredFeatureValidator",
	.operations = ADMISSION_UPDATE,
	.validate = validate,
};
