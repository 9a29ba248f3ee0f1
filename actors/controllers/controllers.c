#include "actors/controllers/controllers.h"

/* Those that others wait for come first: a pod is admitted only where its namespace has an account. */
const struct controller *const controllers[] = {
	&service_account_controller,
	&root_ca_controller,
	&cluster_role_aggregation_controller,
	&custom_resource_definition_controller,
	&namespace_controller,
	&node_ipam_controller,
	&node_lifecycle_controller,
	&taint_eviction_controller,
	&deployment_controller,
	&replica_set_controller,
	&replication_controller,
	&daemon_set_controller,
	&stateful_set_controller,
	&disruption_controller,
	&job_controller,
	&cron_job_controller,
	&ttl_after_finished_controller,
	&endpoint_slice_controller,
	&endpoints_controller,
	&endpoint_slice_mirroring_controller,
	&garbage_collector_controller,
	&pod_garbage_controller,
	&resource_quota_controller,
	NULL,
};
