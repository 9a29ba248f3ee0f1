/*
 * The plug-ins of this folder and its rooms, as plugin.c orders them.
 */
#ifndef ACTORS_ADMISSION_PLUGINS_H
#define ACTORS_ADMISSION_PLUGINS_H

#include "actors/admission/plugin.h"

extern const struct plugin admission_namespace_auto_provision;
extern const struct plugin admission_namespace_lifecycle;
extern const struct plugin admission_namespace_exists;
extern const struct plugin admission_anti_affinity_topology;
extern const struct plugin admission_limit_ranger;
extern const struct plugin admission_service_account;
extern const struct plugin admission_node_restriction;
extern const struct plugin admission_taint_nodes_by_condition;
extern const struct plugin admission_always_pull_images;
extern const struct plugin admission_image_policy_webhook;
extern const struct plugin admission_pod_security;
extern const struct plugin admission_pod_node_selector;
extern const struct plugin admission_priority;
extern const struct plugin admission_default_toleration_seconds;
extern const struct plugin admission_pod_toleration_restriction;
extern const struct plugin admission_event_rate_limit;
extern const struct plugin admission_extended_resource_toleration;
extern const struct plugin admission_default_storage_class;
extern const struct plugin admission_storage_object_in_use_protection;
extern const struct plugin admission_owner_references_permission_enforcement;
extern const struct plugin admission_persistent_volume_claim_resize;
extern const struct plugin admission_runtime_class;
extern const struct plugin admission_certificate_subject_restriction;
extern const struct plugin admission_default_ingress_class;
extern const struct plugin admission_deny_service_external_ips;
extern const struct plugin admission_pod_topology_labels;
extern const struct plugin admission_node_declared_feature_validator;
extern const struct plugin admission_pod_resize_validator;
extern const struct plugin admission_mutating_admission_policy;
extern const struct plugin admission_mutating_webhook;
extern const struct plugin admission_validating_admission_policy;
extern const struct plugin admission_validating_webhook;
extern const struct plugin admission_always_deny;

#endif
