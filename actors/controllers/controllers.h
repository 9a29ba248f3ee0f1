/*
 * The controllers of this folder; controllers.c lists them for whoever starts them.
 */
#ifndef ACTORS_CONTROLLERS_CONTROLLERS_H
#define ACTORS_CONTROLLERS_CONTROLLERS_H

#include "actors/controller/controller.h"

extern const struct controller custom_resource_definition_controller, api_service_controller,
    storage_version_migrator_controller;
extern const struct controller namespace_controller, service_account_controller, root_ca_controller,
    deployment_controller, replica_set_controller, replication_controller, job_controller,
    daemon_set_controller, stateful_set_controller, cron_job_controller, disruption_controller,
    ttl_after_finished_controller, garbage_collector_controller, endpoints_controller,
    endpoint_slice_controller, endpoint_slice_mirroring_controller, node_ipam_controller,
    node_lifecycle_controller, taint_eviction_controller, pod_garbage_controller,
    cluster_role_aggregation_controller, resource_quota_controller,
    validating_admission_policy_controller, pvc_protection_controller, pv_protection_controller,
    vac_protection_controller, certificate_cleaner_controller, service_cidr_controller,
    flow_control_controller, ttl_controller, ephemeral_volume_controller,
    certificate_approving_controller, volume_binder_controller, resource_claim_controller,
    horizontal_pod_autoscaler_controller;
/* Of a copy of this row `arg` is the authority that signs, a struct certificate_authority; without one nothing is signed. */
extern const struct controller certificate_signing_controller;

#endif
