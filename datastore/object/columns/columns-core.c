#include "datastore/object/columns/columns-private.h"
#include "datastore/schema/core.h"

/*
 * Kinds of the core group but pods, events and storage.
 */

#define LIST_MAX 3U /* endpoints that are shown */
#define ROLE_PREFIX STR("node-role.kubernetes.io/")
#define ROLE_LABEL STR("kubernetes.io/role")
#define LIMITS STR("limits.")

/* ---- ComponentStatus, ConfigMap ------------------------------------------------------------------------------ */

static const struct core_component_condition *healthy_of(const void *record)
{
	const struct core_component_status *component = record;

	for (uint32_t i = 0; i < component->conditions.len; i++)
		if (str_is(component->conditions.at[i].type, "Healthy"))
			return &component->conditions.at[i];
	return COLUMNS_OR_EMPTY(core_component_condition, NULL);
}

void columns_component(struct cell *cell, const void *record)
{
	const struct core_component_condition *healthy = healthy_of(record);

	columns_put(cell, healthy->type.len == 0            ? STR("Unknown")
			  : str_is(healthy->status, "True") ? STR("Healthy")
							    : STR("Unhealthy"));
}

void columns_component_message(struct cell *cell, const void *record)
{
	columns_put(cell, healthy_of(record)->message);
}

void columns_component_error(struct cell *cell, const void *record)
{
	columns_put(cell, healthy_of(record)->error);
}

void columns_config_map_data(struct cell *cell, const void *record)
{
	const struct core_config_map *map = record;

	columns_put_int(cell, (int64_t)map->data.len + map->binary_data.len);
}

/* ---- Endpoints -------------------------------------------------------------------------------------------------- */

/* As Go's net.JoinHostPort: IPv6 goes into brackets. */
static struct str host_port(struct cell *cell, struct str host, int32_t port)
{
	bool is_v6 = str_find_char(host, ':') >= 0;

	return arena_printf(cell->arena, "%s" STR_FMT "%s:%d", is_v6 ? "[" : "", STR_ARG(host),
			    is_v6 ? "]" : "", port);
}

static void add_subset(struct cell *cell, const struct core_endpoint_subset *subset,
		       struct columns_list *list)
{
	for (uint32_t i = 0; subset->ports.len == 0 && i < subset->addresses.len; i++)
		columns_list_add(list, subset->addresses.at[i].ip);
	for (uint32_t p = 0; p < subset->ports.len; p++)
		for (uint32_t i = 0; i < subset->addresses.len; i++)
			columns_list_add(list, host_port(cell, subset->addresses.at[i].ip,
							 subset->ports.at[p].port));
}

void columns_endpoints(struct cell *cell, const void *record)
{
	const struct core_endpoints *endpoints = record;
	struct columns_list list = columns_list_of(cell, ",", LIST_MAX);

	for (uint32_t i = 0; i < endpoints->subsets.len; i++)
		add_subset(cell, &endpoints->subsets.at[i], &list);
	/* Subsets without an address that is ready are something, though there is nothing to show. */
	columns_list_put(cell, &list, endpoints->subsets.len == 0 ? COLUMNS_NONE : STR(""));
}

/* ---- Node ---------------------------------------------------------------------------------------------------------- */

static const struct core_node_status *node_status(const void *record)
{
	return COLUMNS_OR_EMPTY(core_node_status, ((const struct core_node *)record)->status);
}

void columns_node_status(struct cell *cell, const void *record)
{
	const struct core_node *node = record;
	struct str ready =
	    columns_condition(&core_node_condition_type, &node_status(node)->conditions, "Ready");
	const char *word = ready.at == NULL        ? "Unknown"
			   : str_is(ready, "True") ? "Ready"
						   : "NotReady";
	bool is_closed = COLUMNS_OR_EMPTY(core_node_spec, node->spec)->unschedulable;

	columns_put_format(cell, "%s%s", word, is_closed ? ",SchedulingDisabled" : "");
}

void columns_node_roles(struct cell *cell, const void *record)
{
	const struct core_node *node = record;
	struct str_map labels = COLUMNS_OR_EMPTY(meta_object_meta, node->metadata)->labels;
	struct str_list roles = { arena_array(cell->arena, struct str, labels.len + 1), 0 };
	struct columns_list list = columns_list_of(cell, ",", 0);

	for (uint32_t i = 0; i < labels.len; i++) {
		struct str key = labels.at[i].key, role = STR("");

		if (str_starts(key, ROLE_PREFIX))
			role = str_slice(key, ROLE_PREFIX.len, key.len);
		else if (str_eq(key, ROLE_LABEL))
			role = labels.at[i].value;
		if (role.len > 0)
			roles.at[roles.len++] = role;
	}
	roles = columns_sorted(cell, roles);
	for (uint32_t i = 0; i < roles.len; i++)
		columns_list_add(&list, roles.at[i]);
	columns_list_put(cell, &list, COLUMNS_NONE);
}

static void put_address(struct cell *cell, const void *record, const char *type)
{
	struct core_node_address_list all = node_status(record)->addresses;

	for (uint32_t i = 0; i < all.len; i++) {
		if (!str_is(all.at[i].type, type))
			continue;
		columns_put(cell, all.at[i].address);
		return;
	}
	columns_put(cell, COLUMNS_NONE);
}

void columns_node_internal(struct cell *cell, const void *record)
{
	put_address(cell, record, "InternalIP");
}

void columns_node_external(struct cell *cell, const void *record)
{
	put_address(cell, record, "ExternalIP");
}

void columns_node_kernel(struct cell *cell, const void *record)
{
	const struct core_node_system_info *info =
	    COLUMNS_OR_EMPTY(core_node_system_info, node_status(record)->node_info);
	struct str kernel = columns_or(info->kernel_version, COLUMNS_UNKNOWN);

	if (info->architecture.len > 0)
		columns_put_format(cell, STR_FMT " (" STR_FMT ")", STR_ARG(kernel),
				   STR_ARG(info->architecture));
	else
		columns_put(cell, kernel);
}

/* ---- ResourceQuota ---------------------------------------------------------------------------------------------------- */

static void put_quota(struct cell *cell, const void *record, bool is_limits)
{
	const struct core_resource_quota *quota = record;
	const struct core_resource_quota_status *status =
	    COLUMNS_OR_EMPTY(core_resource_quota_status, quota->status);
	struct columns_list list = columns_list_of(cell, ", ", 0);

	for (uint32_t i = 0; i < status->hard.len; i++) {
		struct str name = status->hard.at[i].key;
		struct str used = columns_or(str_map_get(status->used, name), STR("0"));

		if (str_starts(name, LIMITS) == is_limits)
			columns_list_add(&list,
					 arena_printf(cell->arena, STR_FMT ": " STR_FMT "/" STR_FMT,
						      STR_ARG(name), STR_ARG(used),
						      STR_ARG(status->hard.at[i].value)));
	}
	columns_list_put(cell, &list, STR(""));
}

void columns_quota_requests(struct cell *cell, const void *record)
{
	put_quota(cell, record, false);
}

void columns_quota_limits(struct cell *cell, const void *record)
{
	put_quota(cell, record, true);
}

/* ---- Service ------------------------------------------------------------------------------------------------------------- */

static const struct core_service_spec *service_spec(const struct core_service *service)
{
	return COLUMNS_OR_EMPTY(core_service_spec, service->spec);
}

static void add_all(struct columns_list *list, struct str_list texts)
{
	for (uint32_t i = 0; i < texts.len; i++)
		columns_list_add(list, texts.at[i]);
}

/* The addresses that a load balancer gave, in order. */
static struct str_list balancer_addresses(struct cell *cell, const struct core_service *service)
{
	const struct core_load_balancer_status *status =
	    COLUMNS_OR_EMPTY(core_load_balancer_status,
			     COLUMNS_OR_EMPTY(core_service_status, service->status)->load_balancer);
	struct str_list out = { arena_array(cell->arena, struct str, status->ingress.len + 1), 0 };

	for (uint32_t i = 0; i < status->ingress.len; i++) {
		struct str address =
		    columns_or(status->ingress.at[i].ip, status->ingress.at[i].hostname);

		if (address.len > 0)
			out.at[out.len++] = address;
	}
	return columns_sorted(cell, out);
}

void columns_service_external(struct cell *cell, const void *record)
{
	const struct core_service *service = record;
	const struct core_service_spec *spec = service_spec(service);
	struct columns_list list = columns_list_of(cell, ",", 0);
	bool is_balancer = str_is(spec->type, "LoadBalancer");

	if (str_is(spec->type, "ExternalName")) {
		columns_put(cell, spec->external_name);
	} else if (is_balancer || str_is(spec->type, "ClusterIP") ||
		   str_is(spec->type, "NodePort")) {
		if (is_balancer)
			add_all(&list, balancer_addresses(cell, service));
		add_all(&list, spec->external_ips);
		columns_list_put(cell, &list, is_balancer ? STR("<pending>") : COLUMNS_NONE);
	} else {
		columns_put(cell, COLUMNS_UNKNOWN);
	}
}

void columns_service_ports(struct cell *cell, const void *record)
{
	struct core_service_port_list ports = service_spec(record)->ports;
	struct columns_list list = columns_list_of(cell, ",", 0);

	for (uint32_t i = 0; i < ports.len; i++) {
		const struct core_service_port *port = &ports.at[i];
		struct str text = port->node_port > 0
				      ? arena_printf(cell->arena, "%d:%d/" STR_FMT, port->port,
						     port->node_port, STR_ARG(port->protocol))
				      : arena_printf(cell->arena, "%d/" STR_FMT, port->port,
						     STR_ARG(port->protocol));

		columns_list_add(&list, text);
	}
	columns_list_put(cell, &list, COLUMNS_NONE);
}
