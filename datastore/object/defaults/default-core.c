#include "datastore/object/defaults/default-private.h"
#include "datastore/schema/core.h"

/* Upstream's default of ClientIPConfig, 3 hours. */
#define AFFINITY_SECONDS 10800

static void set_affinity(struct core_service_spec *spec, struct arena *arena)
{
	if (str_is(spec->session_affinity, "None")) {
		spec->session_affinity_config = NULL;
		return;
	}
	if (!str_is(spec->session_affinity, "ClientIP"))
		return;
	struct core_session_affinity_config *config = spec->session_affinity_config;
	if (config != NULL && config->client_ip != NULL && config->client_ip->has.timeout_seconds)
		return;
	config = arena_new_of(arena, struct core_session_affinity_config);
	SET(MAKE(config->client_ip, arena), timeout_seconds, AFFINITY_SECONDS);
	spec->session_affinity_config = config;
}

static void set_traffic(struct core_service_spec *spec)
{
	bool is_balancer = str_is(spec->type, "LoadBalancer");
	bool is_node_port = str_is(spec->type, "NodePort");
	bool is_cluster = str_is(spec->type, "ClusterIP");
	bool is_external = is_balancer || is_node_port || (is_cluster && spec->external_ips.len > 0);

	if (is_external)
		default_str(&spec->external_traffic_policy, STR("Cluster"));
	if ((is_balancer || is_node_port || is_cluster) && spec->internal_traffic_policy.at == NULL)
		spec->internal_traffic_policy = STR("Cluster");
	if (is_balancer && !spec->has.allocate_load_balancer_node_ports)
		SET(spec, allocate_load_balancer_node_ports, true);
}

static void set_target_ports(struct core_service_port_list ports)
{
	for (uint32_t i = 0; i < ports.len; i++) {
		struct int_or_string target = ports.at[i].target_port;
		bool is_nothing = target.is_string ? target.string.len == 0 : target.number == 0;
		if (is_nothing)
			SET(&ports.at[i], target_port, default_number(ports.at[i].port));
	}
}

static void after_service_spec(void *record, struct arena *arena)
{
	struct core_service_spec *spec = record;

	set_affinity(spec, arena);
	set_traffic(spec);
	set_target_ports(spec->ports);
}

static void after_service(void *record, struct arena *arena)
{
	struct core_service *service = record;
	bool is_balancer = service->spec != NULL && str_is(service->spec->type, "LoadBalancer");

	(void)arena;
	if (!is_balancer || service->status == NULL || service->status->load_balancer == NULL)
		return;
	struct core_load_balancer_ingress_list ingress = service->status->load_balancer->ingress;
	for (uint32_t i = 0; i < ingress.len; i++)
		if (ingress.at[i].ip.len > 0 && ingress.at[i].ip_mode.at == NULL)
			ingress.at[i].ip_mode = STR("VIP");
}

static void after_limit_range_item(void *record, struct arena *arena)
{
	struct core_limit_range_item *item = record;

	if (!str_is(item->type, "Container"))
		return;
	default_entries(&item->default_, item->max, arena);
	default_entries(&item->default_request, item->default_, arena);
	default_entries(&item->default_request, item->min, arena);
}

/* What a volume of the cluster gets and one inside an attachment does not. */
static void after_persistent_volume(void *record, struct arena *arena)
{
	struct core_persistent_volume *volume = record;
	struct core_persistent_volume_spec *spec = MAKE(volume->spec, arena);

	default_str(&spec->persistent_volume_reclaim_policy, STR("Retain"));
	if (spec->volume_mode.at == NULL)
		spec->volume_mode = STR("Filesystem");
}

static void after_replication_controller(void *record, struct arena *arena)
{
	struct core_replication_controller *controller = record;
	struct core_replication_controller_spec *spec = MAKE(controller->spec, arena);
	bool has_labels = spec->template != NULL && spec->template->metadata != NULL &&
			  spec->template->metadata->labels.len > 0;

	if (!has_labels)
		return;
	struct str_map labels = spec->template->metadata->labels;
	struct meta_object_meta *meta = MAKE(controller->metadata, arena);
	if (spec->selector.len == 0)
		spec->selector = labels;
	if (meta->labels.len == 0)
		meta->labels = labels;
}

static void after_namespace(void *record, struct arena *arena)
{
	struct core_namespace *namespace = record;
	struct meta_object_meta *meta = MAKE(namespace->metadata, arena);

	if (meta->name.len > 0)
		str_map_put(&meta->labels, arena, STR("kubernetes.io/metadata.name"), meta->name);
}

static void after_node_status(void *record, struct arena *arena)
{
	struct core_node_status *status = record;

	(void)arena;
	if (status->allocatable.at == NULL)
		status->allocatable = status->capacity;
}

/* The first range of addresses has a field of its own from the time when there was only one. */
static void after_node_spec(void *record, struct arena *arena)
{
	struct core_node_spec *spec = record;
	struct str_list *ranges = &spec->pod_cidrs;

	if (spec->pod_cidr.len > 0 && (ranges->len == 0 || !str_eq(ranges->at[0], spec->pod_cidr))) {
		ranges->at = arena_new_of(arena, struct str);
		ranges->at[0] = spec->pod_cidr;
		ranges->len = 1;
	}
	if (ranges->len > 0)
		spec->pod_cidr = ranges->at[0];
}

/* What came as text is kept as data; its own field is for sending only. */
static void before_secret(void *record, struct arena *arena)
{
	struct core_secret *secret = record;
	struct str_map text = secret->string_data;

	if (text.len == 0)
		return;
	default_entries(&text, secret->data, arena);
	secret->data = text;
	secret->string_data = (struct str_map){ 0 };
}

const struct default_rule default_core[] = {
	DEFAULT_RULE("core", "LimitRangeItem", NULL, after_limit_range_item),
	DEFAULT_RULE("core", "Namespace", NULL, after_namespace),
	DEFAULT_RULE("core", "NodeSpec", NULL, after_node_spec),
	DEFAULT_RULE("core", "NodeStatus", NULL, after_node_status),
	DEFAULT_RULE("core", "PersistentVolume", NULL, after_persistent_volume),
	DEFAULT_RULE("core", "ReplicationController", NULL, after_replication_controller),
	DEFAULT_RULE("core", "Secret", before_secret, NULL),
	DEFAULT_RULE("core", "Service", NULL, after_service),
	DEFAULT_RULE("core", "ServiceSpec", NULL, after_service_spec),
	DEFAULT_END,
};
