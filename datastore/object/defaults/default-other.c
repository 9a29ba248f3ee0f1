#include "datastore/object/defaults/default-private.h"
#include "datastore/schema/apiextensions.h"
#include "datastore/schema/autoscaling.h"
#include "datastore/schema/autoscaling_v2.h"
#include "datastore/schema/networking.h"
#include "datastore/schema/rbac.h"
#include "datastore/schema/resource.h"

/* Upstream's default of an autoscaler without a metric. */
#define TARGET_CPU_PERCENT 80

static void after_autoscaler(void *record, struct arena *arena)
{
	struct autoscaling_horizontal_pod_autoscaler *autoscaler = record;
	struct autoscaling_horizontal_pod_autoscaler_spec *spec = MAKE(autoscaler->spec, arena);
	/* The other metrics of an autoscaler of version 2, seen as version 1. */
	struct str metrics = autoscaler->metadata == NULL
				 ? STR_NONE
				 : str_map_get(autoscaler->metadata->annotations,
					       STR("autoscaling.alpha.kubernetes.io/metrics"));

	if (!spec->has.target_cpu_utilization_percentage && metrics.at == NULL)
		SET(spec, target_cpu_utilization_percentage, TARGET_CPU_PERCENT);
}

static void set_policies(struct autoscaling_v2_hpa_scaling_rules *rules, uint32_t count,
			 struct arena *arena)
{
	struct autoscaling_v2_hpa_scaling_policy *at =
	    arena_array(arena, struct autoscaling_v2_hpa_scaling_policy, 2);

	if (rules->policies.at != NULL)
		return;
	/* Doubling every 15 seconds, or 4 pods if that is more; downwards without bounds. */
	for (uint32_t i = 0; i < count; i++) {
		bool is_percent = i == count - 1;
		at[i].type = is_percent ? STR("Percent") : STR("Pods");
		SET(&at[i], value, is_percent ? 100 : 4);
		SET(&at[i], period_seconds, 15);
	}
	rules->policies = (struct autoscaling_v2_hpa_scaling_policy_list){ at, count };
}

static void after_behavior(void *record, struct arena *arena)
{
	struct autoscaling_v2_horizontal_pod_autoscaler_behavior *behavior = record;

	/* Both are there: they have defaults of their own. */
	set_policies(behavior->scale_up, 2, arena);
	set_policies(behavior->scale_down, 1, arena);
	if (!behavior->scale_up->has.stabilization_window_seconds)
		SET(behavior->scale_up, stabilization_window_seconds, 0);
}

static void after_network_policy_spec(void *record, struct arena *arena)
{
	struct networking_network_policy_spec *spec = record;

	if (spec->policy_types.len > 0)
		return;
	struct str *types = arena_array(arena, struct str, 2);
	types[0] = STR("Ingress");
	types[1] = STR("Egress");
	spec->policy_types = (struct str_list){ types, spec->egress.len > 0 ? 2 : 1 };
}

static void after_subject(void *record, struct arena *arena)
{
	struct rbac_subject *subject = record;

	(void)arena;
	if (str_is(subject->kind, "User") || str_is(subject->kind, "Group"))
		default_str(&subject->api_group, STR("rbac.authorization.k8s.io"));
}

static void after_exact_request(void *record, struct arena *arena)
{
	struct resource_exact_device_request *request = record;

	(void)arena;
	if (str_is(request->allocation_mode, "ExactCount") && request->count == 0)
		SET(request, count, 1);
}

static void after_sub_request(void *record, struct arena *arena)
{
	struct resource_device_sub_request *request = record;

	(void)arena;
	if (str_is(request->allocation_mode, "ExactCount") && request->count == 0)
		SET(request, count, 1);
}

static void after_definition(void *record, struct arena *arena)
{
	struct apiextensions_custom_resource_definition *definition = record;
	struct apiextensions_custom_resource_definition_spec *spec = MAKE(definition->spec, arena);
	struct apiextensions_custom_resource_definition_names *names = MAKE(spec->names, arena);
	struct apiextensions_custom_resource_definition_status *status =
	    MAKE(definition->status, arena);

	default_str(&names->singular, arena_lower(arena, names->kind));
	if (names->kind.len > 0)
		default_str(&names->list_kind,
			    arena_printf(arena, STR_FMT "List", STR_ARG(names->kind)));
	for (uint32_t i = 0; i < spec->versions.len && status->stored_versions.len == 0; i++) {
		if (!spec->versions.at[i].storage)
			continue;
		struct str *name = arena_new_of(arena, struct str);
		*name = spec->versions.at[i].name;
		status->stored_versions = (struct str_list){ name, 1 };
	}
}

const struct default_rule default_other[] = {
	DEFAULT_RULE("apiextensions", "CustomResourceDefinition", NULL, after_definition),
	DEFAULT_RULE("autoscaling", "HorizontalPodAutoscaler", NULL, after_autoscaler),
	DEFAULT_RULE("autoscaling_v2", "HorizontalPodAutoscalerBehavior", NULL, after_behavior),
	DEFAULT_RULE("networking", "NetworkPolicySpec", NULL, after_network_policy_spec),
	DEFAULT_RULE("rbac", "Subject", NULL, after_subject),
	DEFAULT_RULE("resource", "DeviceSubRequest", NULL, after_sub_request),
	DEFAULT_RULE("resource", "ExactDeviceRequest", NULL, after_exact_request),
	DEFAULT_END,
};
