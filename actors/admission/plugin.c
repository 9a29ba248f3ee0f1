#include "actors/admission/plugin.h"

#include <stdarg.h>

#include "actors/admission/plugins.h"

/* Upstream's order (its kubeapiserver/options/plugins.go); each new plug-in goes to its place in it. */
const struct plugin *const plugins[] = {
	&admission_namespace_auto_provision,
	&admission_namespace_lifecycle,
	&admission_namespace_exists,
	&admission_anti_affinity_topology,
	&admission_limit_ranger,
	&admission_service_account,
	&admission_node_restriction,
	&admission_taint_nodes_by_condition,
	&admission_always_pull_images,
	&admission_image_policy_webhook,
	&admission_pod_security,
	&admission_pod_node_selector,
	&admission_priority,
	&admission_default_toleration_seconds,
	&admission_pod_toleration_restriction,
	&admission_event_rate_limit,
	&admission_extended_resource_toleration,
	&admission_default_storage_class,
	&admission_storage_object_in_use_protection,
	&admission_owner_references_permission_enforcement,
	&admission_persistent_volume_claim_resize,
	&admission_runtime_class,
	&admission_certificate_subject_restriction,
	&admission_default_ingress_class,
	&admission_deny_service_external_ips,
	&admission_pod_topology_labels,
	&admission_node_declared_feature_validator,
	&admission_pod_resize_validator,
	&admission_mutating_admission_policy,
	&admission_mutating_webhook,
	&admission_validating_admission_policy,
	&admission_validating_webhook,
	&admission_always_deny,
};
const uint32_t plugin_count = sizeof plugins / sizeof plugins[0];

enum check admission_deny(struct admission *admission, const char *format, ...)
{
	va_list args;
	struct str why;

	va_start(args, format);
	why = arena_vprintf(admission->check.arena, format, args);
	va_end(args);
	admission->failure = failure_forbidden(admission->check.arena, admission->group,
					       admission->resource, admission->name, why);
	return CHECK_DENY;
}

void admission_warn(struct admission *admission, struct str text)
{
	struct str *grown;

	if (admission->warning_count == WARNINGS_MAX)
		return;
	for (uint32_t i = 0; i < admission->warning_count; i++)
		if (str_eq(admission->warnings[i], text))
			return;
	grown = arena_array(admission->check.arena, struct str, admission->warning_count + 1);
	if (admission->warning_count > 0)
		memcpy(grown, admission->warnings, admission->warning_count * sizeof *grown);
	grown[admission->warning_count++] = text;
	admission->warnings = grown;
}

void admission_annotate(struct admission *admission, struct str key, struct str value)
{
	if (str_map_get(admission->annotations, key).at == NULL)
		str_map_put(&admission->annotations, admission->check.arena, key, value);
}
