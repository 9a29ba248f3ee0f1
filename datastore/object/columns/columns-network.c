#include "datastore/object/columns/columns-private.h"
#include "datastore/schema/discovery.h"
#include "datastore/schema/networking.h"

/*
 * Endpoint slices, ingresses and addresses.
 */

#define LIST_MAX 3U
#define DEFAULT_ANNOTATION STR("ingressclass.kubernetes.io/is-default-class")

void columns_slice_ports(struct cell *cell, const void *record)
{
	struct discovery_endpoint_port_list ports =
	    ((const struct discovery_endpoint_slice *)record)->ports;
	struct columns_list list = columns_list_of(cell, ",", LIST_MAX);

	for (uint32_t i = 0; i < ports.len; i++) {
		struct str name = ports.at[i].name.at != NULL ? ports.at[i].name : STR("*");

		columns_list_add(&list, ports.at[i].has.port
					    ? arena_printf(cell->arena, "%d", ports.at[i].port)
					    : name);
	}
	columns_list_put(cell, &list, COLUMNS_UNSET);
}

void columns_slice_endpoints(struct cell *cell, const void *record)
{
	struct discovery_endpoint_list endpoints =
	    ((const struct discovery_endpoint_slice *)record)->endpoints;
	struct columns_list list = columns_list_of(cell, ",", LIST_MAX);

	for (uint32_t i = 0; i < endpoints.len; i++)
		for (uint32_t a = 0; a < endpoints.at[i].addresses.len; a++)
			columns_list_add(&list, endpoints.at[i].addresses.at[a]);
	columns_list_put(cell, &list, COLUMNS_UNSET);
}

static const struct networking_ingress_spec *ingress_spec(const void *record)
{
	return COLUMNS_OR_EMPTY(networking_ingress_spec,
				((const struct networking_ingress *)record)->spec);
}

/* Upstream's count of what is left is of rules, with or without a host. */
void columns_ingress_hosts(struct cell *cell, const void *record)
{
	struct networking_ingress_rule_list rules = ingress_spec(record)->rules;
	struct columns_list list = columns_list_of(cell, ",", 0);
	bool is_cut = false;

	for (uint32_t i = 0; i < rules.len; i++) {
		is_cut |= list.count == LIST_MAX;
		if (!is_cut && rules.at[i].host.len > 0)
			columns_list_add(&list, rules.at[i].host);
	}
	if (is_cut)
		text_printf(&list.text, " + %u more...", rules.len - LIST_MAX);
	columns_list_put(cell, &list, STR("*"));
}

void columns_ingress_address(struct cell *cell, const void *record)
{
	const struct networking_ingress *ingress = record;
	struct networking_ingress_load_balancer_ingress_list from =
	    COLUMNS_OR_EMPTY(
		networking_ingress_load_balancer_status,
		COLUMNS_OR_EMPTY(networking_ingress_status, ingress->status)->load_balancer)
		->ingress;
	struct str_list addresses = { arena_array(cell->arena, struct str, from.len + 1), 0 };
	struct columns_list list = columns_list_of(cell, ",", 0);

	for (uint32_t i = 0; i < from.len; i++) {
		struct str address = columns_or(from.at[i].ip, from.at[i].hostname);

		if (address.len > 0)
			addresses.at[addresses.len++] = address;
	}
	addresses = columns_sorted(cell, addresses);
	for (uint32_t i = 0; i < addresses.len; i++)
		columns_list_add(&list, addresses.at[i]);
	columns_list_put(cell, &list, STR(""));
}

void columns_ingress_ports(struct cell *cell, const void *record)
{
	columns_put(cell, ingress_spec(record)->tls.len > 0 ? STR("80, 443") : STR("80"));
}

void columns_ingress_class_name(struct cell *cell, const void *record)
{
	const struct meta_object_meta *meta = COLUMNS_OR_EMPTY(
	    meta_object_meta, ((const struct networking_ingress_class *)record)->metadata);
	bool is_default = str_is(str_map_get(meta->annotations, DEFAULT_ANNOTATION), "true");

	columns_put_format(cell, STR_FMT "%s", STR_ARG(meta->name), is_default ? " (default)" : "");
}

/* kind[.group]/name */
void columns_ingress_class_parameters(struct cell *cell, const void *record)
{
	const struct networking_ingress_class_parameters_reference *parameters =
	    COLUMNS_OR_EMPTY(networking_ingress_class_spec,
			     ((const struct networking_ingress_class *)record)->spec)
		->parameters;

	if (parameters == NULL)
		columns_put(cell, COLUMNS_NONE);
	else
		columns_put_format(cell, STR_FMT "%s" STR_FMT "/" STR_FMT, STR_ARG(parameters->kind),
				   parameters->api_group.at != NULL ? "." : "",
				   STR_ARG(parameters->api_group), STR_ARG(parameters->name));
}

/* resource[.group][/namespace]/name */
void columns_address_parent(struct cell *cell, const void *record)
{
	const struct networking_parent_reference *parent =
	    COLUMNS_OR_EMPTY(networking_ip_address_spec,
			     ((const struct networking_ip_address *)record)->spec)
		->parent_ref;

	if (parent == NULL)
		columns_put(cell, COLUMNS_NONE);
	else
		columns_put_format(cell, STR_FMT "%s" STR_FMT "%s" STR_FMT "/" STR_FMT,
				   STR_ARG(parent->resource), parent->group.len > 0 ? "." : "",
				   STR_ARG(parent->group), parent->namespace.len > 0 ? "/" : "",
				   STR_ARG(parent->namespace), STR_ARG(parent->name));
}
