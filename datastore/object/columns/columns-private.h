/*
 * Computed cells: the functions that columns.c lists, and what they write with.
 *
 * Each writes one JSON value. A record may lack any of its messages: they read through COLUMNS_OR_EMPTY.
 */
#ifndef DATASTORE_OBJECT_COLUMNS_COLUMNS_PRIVATE_H
#define DATASTORE_OBJECT_COLUMNS_COLUMNS_PRIVATE_H

#include "datastore/object/columns/columns.h"
#include "datastore/object/record.h"
#include "datastore/schema/meta.h"

struct cell {
	struct text *out;
	struct arena *arena; /* of the row */
	const struct columns_view *view;
	struct str json; /* the record, once a path asked for it */
};

#define COLUMNS_OR_EMPTY(T, pointer) ((const struct T *)record_or_empty(&T##_type, (pointer)))
#define COLUMNS_NONE STR("<none>")
#define COLUMNS_UNSET STR("<unset>")
#define COLUMNS_UNKNOWN STR("<unknown>")

void columns_put(struct cell *cell, struct str s);
void columns_put_int(struct cell *cell, int64_t n);
void columns_put_bool(struct cell *cell, bool value);
void columns_put_format(struct cell *cell, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

struct str columns_or(struct str s, struct str otherwise); /* the second when the first is empty */
/* How long ago, as people say it; "<unknown>" of never. */
struct str columns_age(const struct cell *cell, struct wall at);
bool columns_is_deleting(const struct meta_object_meta *meta);

/* The status of the first condition of this type in a list of conditions; absent: there is none. */
struct str columns_condition(const struct type *element, const void *list, const char *type);

/* A list of texts of which the first few are shown: "a,b,c + 2 more...". */
struct columns_list {
	struct text text;
	const char *separator;
	uint32_t shown, count, max; /* max 0: all */
};
struct columns_list columns_list_of(struct cell *cell, const char *separator, uint32_t max);
void columns_list_add(struct columns_list *list, struct str s);
/* Writes the cell; `nothing` when no text was added. */
void columns_list_put(struct cell *cell, struct columns_list *list, struct str nothing);
/* The texts in order and each once. */
struct str_list columns_sorted(struct cell *cell, struct str_list list);

/* columns-custom.c: the cell of a CELL_PATH. */
void columns_put_path(struct cell *cell, const struct columns *columns,
		      const struct column_row *row, const void *record);

/* columns-troupe.c */
column_fn columns_actor_rate, columns_actor_p99, columns_actor_memory, columns_member_role,
    columns_chaos_injected, columns_chaos_worst;

/* columns-pod.c */
column_fn columns_pod_ready, columns_pod_status, columns_pod_restarts, columns_pod_gates;

/* columns-core.c */
column_fn columns_component, columns_component_message, columns_component_error,
    columns_config_map_data, columns_endpoints, columns_node_status, columns_node_roles,
    columns_node_internal, columns_node_external, columns_node_kernel, columns_quota_requests,
    columns_quota_limits, columns_service_external, columns_service_ports;

/* columns-event.c */
column_fn columns_event_last, columns_event_first, columns_event_object, columns_event_source,
    columns_event_message, columns_event_count;

/* columns-storage.c */
column_fn columns_volume_modes, columns_volume_status, columns_volume_claim, columns_volume_class,
    columns_claim_status, columns_claim_capacity, columns_claim_modes, columns_claim_class,
    columns_driver_tokens, columns_storage_class_name;
/* The default class of a list: the newest of those that say so; of the same age the first by name. */
struct str columns_default_class(const void *const *classes, uint32_t count);

/* columns-workload.c */
column_fn columns_revision_controller, columns_cron_suspend, columns_job_status,
    columns_job_completions, columns_job_duration, columns_autoscaler_targets;

/* columns-network.c */
column_fn columns_slice_ports, columns_slice_endpoints, columns_ingress_hosts,
    columns_ingress_address, columns_ingress_ports, columns_ingress_class_name,
    columns_ingress_class_parameters, columns_address_parent;

/* columns-cluster.c */
column_fn columns_mutating_parameter, columns_validating_parameter, columns_definition_versions,
    columns_definition_established, columns_api_service_available, columns_request_duration,
    columns_request_condition, columns_pod_request_state, columns_flow_missing,
    columns_binding_users, columns_binding_groups, columns_binding_accounts,
    columns_cluster_binding_users, columns_cluster_binding_groups, columns_cluster_binding_accounts,
    columns_resource_claim_state, columns_migration_resource, columns_migration_status;

#endif
