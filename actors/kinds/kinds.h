/*
 * The kinds that have hooks, one file each; kinds.c lists them.
 */
#ifndef ACTORS_KINDS_KINDS_H
#define ACTORS_KINDS_KINDS_H

#include "actors/kinds/kind.h"

#define KINDS_MAP(X)                           \
	X(namespace)                           \
	X(service)                             \
	X(pod)                                 \
	X(pod_template)                        \
	X(replication_controller)              \
	X(deployment)                          \
	X(replica_set)                         \
	X(stateful_set)                        \
	X(daemon_set)                          \
	X(controller_revision)                 \
	X(job)                                 \
	X(cron_job)                            \
	X(pod_disruption_budget)               \
	X(horizontal_pod_autoscaler)           \
	X(config_map)                          \
	X(secret)                              \
	X(service_account)                     \
	X(endpoints)                           \
	X(limit_range)                         \
	X(resource_quota)                      \
	X(node)                                \
	X(persistent_volume)                   \
	X(persistent_volume_claim)             \
	X(role)                                \
	X(cluster_role)                        \
	X(role_binding)                        \
	X(cluster_role_binding)                \
	X(lease)                               \
	X(event)                               \
	X(events_event)                        \
	X(chaos_plan)                          \
	X(priority_class)                      \
	X(runtime_class)                       \
	X(endpoint_slice)                      \
	X(ingress)                             \
	X(ingress_class)                       \
	X(network_policy)                      \
	X(ip_address)                          \
	X(service_cidr)                        \
	X(storage_class)                       \
	X(volume_attributes_class)             \
	X(csi_driver)                          \
	X(csi_node)                            \
	X(csi_storage_capacity)                \
	X(volume_attachment)                   \
	X(certificate_signing_request)         \
	X(cluster_trust_bundle)                \
	X(mutating_webhook_configuration)      \
	X(validating_webhook_configuration)    \
	X(api_service)                         \
	X(custom_resource_definition)          \
	X(flow_schema)                         \
	X(priority_level_configuration)        \
	X(validating_admission_policy)         \
	X(validating_admission_policy_binding) \
	X(mutating_admission_policy)           \
	X(mutating_admission_policy_binding)   \
	X(device_class)                        \
	X(device_taint_rule)                   \
	X(resource_claim)                      \
	X(resource_claim_template)             \
	X(resource_slice)                      \
	X(storage_version_migration)

#define X(name) extern const struct kind_rules kind_##name;
KINDS_MAP(X)
#undef X

#endif
