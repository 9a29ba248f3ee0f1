/*
 * LimitPodHardAntiAffinityTopology: no pod keeps others off more than its own node (upstream: plugin/pkg/admission/antiaffinity).
 */
#include "actors/admission/plugins.h"
#include "actors/admission/pod/pod-plugin.h"

#define HOSTNAME "kubernetes.io/hostname"

static enum check validate(struct admission *admission)
{
	const struct core_pod *pod = admission->object;
	const struct core_affinity *affinity;
	struct core_pod_affinity_term_list terms;

	if (!pod_plugin_concerns(admission, ""))
		return CHECK_PASS;
	affinity = pod->spec->affinity;
	if (affinity == NULL || affinity->pod_anti_affinity == NULL)
		return CHECK_PASS;
	terms = affinity->pod_anti_affinity->required_during_scheduling_ignored_during_execution;
	for (uint32_t i = 0; i < terms.len; i++)
		if (!str_is(terms.at[i].topology_key, HOSTNAME))
			return admission_deny(admission,
					      "affinity.PodAntiAffinity.RequiredDuringScheduling "
					      "has TopologyKey " STR_FMT " but only key " HOSTNAME
					      " is allowed",
					      STR_ARG(terms.at[i].topology_key));
	return CHECK_PASS;
}

const struct plugin admission_anti_affinity_topology = {
	.name = "LimitPodHardAntiAffinityTopology",
	.operations = ADMISSION_CREATE | ADMISSION_UPDATE,
	.is_off = true,
	.validate = validate,
};
