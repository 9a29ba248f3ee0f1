#include "actors/kinds/field/amount.h"
#include "actors/kinds/field/ip.h"
#include "actors/kinds/field/toleration.h"
#include "actors/kinds/kinds.h"
#include "actors/kinds/path.h"
#include "actors/kinds/rule.h"
#include "actors/kinds/seen.h"
#include "datastore/object/json.h"
#include "datastore/object/name.h"
#include "datastore/object/record.h"
#include "datastore/schema/core.h"
#include "datastore/schema/type.h"

/*
 * The Node. It comes with its status, since who makes it knows. Some paths of faults are not where the field is: those are upstream's.
 */

#define TAINTS STR("scheduler.alpha.kubernetes.io/taints")
#define AVOID_PODS STR("scheduler.alpha.kubernetes.io/preferAvoidPods")
#define NESTED_MAX 65536U
#define FEATURE_BYTES_MAX 253U

static struct core_node *new_of(const struct kind_change *change)
{
	return change->object;
}

static const struct core_node *old_of(const struct kind_change *change)
{
	return change->old;
}

/* ---- before rules: configurations that nobody reads any more --------------------------------------------------------------- */

static void prepare_create(struct kind_change *change)
{
	new_of(change)->spec->config_source = NULL;
	new_of(change)->status->config = NULL;
}

static void prepare_update(struct kind_change *change)
{
	if (old_of(change)->spec->config_source == NULL)
		new_of(change)->spec->config_source = NULL;
}

static void prepare_status(struct kind_change *change)
{
	kind_prepare_status(change);
	if (old_of(change)->status->config == NULL && new_of(change)->status != NULL)
		new_of(change)->status->config = NULL;
}

/* ---- annotations ------------------------------------------------------------------------------------------------------------ */

/* A list of taints from before there was a field. */
static void check_old_taints(const struct path *at, struct str value)
{
	struct text json = text_in(path_arena(at), value.len + NESTED_MAX);
	void *record = NULL;
	struct fault why = { 0 };

	text_printf(&json, "{\"taints\":" STR_FMT "}", STR_ARG(value));
	if (json_decode(&core_node_spec_type, text_str(&json), path_arena(at),
			(struct json_options){ 0 }, &record, &why) != OK)
		path_fault(at, FAULT_INVALID, name_quoted(path_arena(at), TAINTS), "%s", why.text);
	else
		toleration_check_taints(PATH_NAMED(at, TAINTS),
					((struct core_node_spec *)record)->taints);
}

static void check_avoided(const struct path *at, const struct core_prefer_avoid_pods_entry *entry)
{
	const struct path *signature = PATH(at, "PodSignature");
	const struct meta_owner_reference *owner =
	    entry->pod_signature ? entry->pod_signature->pod_controller : NULL;

	if (owner == NULL)
		path_required(signature, "");
	else if (!owner->controller)
		path_fault(PATH(PATH(signature, "PodController"), "Controller"), FAULT_INVALID,
			   STR("false"), "must point to a controller");
}

static void check_avoid_pods(const struct path *at, struct str value)
{
	const struct core_avoid_pods *avoided;
	void *record = NULL;
	struct fault why = { 0 };

	if (json_decode(&core_avoid_pods_type, value, path_arena(at), (struct json_options){ 0 },
			&record, &why) != OK) {
		path_fault(PATH(at, "AvoidPods"), FAULT_INVALID,
			   name_quoted(path_arena(at), AVOID_PODS), "%s", why.text);
		return;
	}
	avoided = record;
	for (uint32_t i = 0; i < avoided->prefer_avoid_pods.len; i++)
		check_avoided(PATH_AT(PATH_NAMED(at, AVOID_PODS), i),
			      &avoided->prefer_avoid_pods.at[i]);
}

static void check_annotations(const struct path *at, struct str_map annotations)
{
	struct str taints = str_map_get(annotations, TAINTS);
	struct str avoided = str_map_get(annotations, AVOID_PODS);

	if (taints.len > 0)
		check_old_taints(at, taints);
	if (avoided.len > 0)
		check_avoid_pods(at, avoided);
}

/* ---- status -------------------------------------------------------------------------------------------------------------------- */

static void check_amounts(const struct path *at, struct str_map amounts)
{
	for (uint32_t i = 0; i < amounts.len; i++)
		amount_check(PATH_NAMED(at, amounts.at[i].key), amounts.at[i].key,
			     amounts.at[i].value);
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* MyFeature/mySubFeature */
static bool is_feature(struct str name)
{
	struct str rest = name;

	if (name.len == 0 || name.at[0] < 'A' || name.at[0] > 'Z')
		return false;
	while (rest.at != NULL) {
		struct str part = str_cut(&rest, '/');

		if (part.len == 0 || !is_letter(part.at[0]))
			return false;
		for (uint32_t i = 0; i < part.len; i++)
			if (!is_letter(part.at[i]) && (part.at[i] < '0' || part.at[i] > '9'))
				return false;
	}
	return true;
}

static void check_feature(const struct path *at, struct str name)
{
	struct str shown = name_quoted(path_arena(at), name);

	if (name.len > FEATURE_BYTES_MAX)
		path_fault(at, FAULT_INVALID, shown,
			   "invalid feature name " STR_FMT ": must be no more than %u characters",
			   STR_ARG(shown), FEATURE_BYTES_MAX);
	else if (!is_feature(name))
		path_fault(at, FAULT_INVALID, shown,
			   "invalid feature name " STR_FMT
			   ": must start with an UpperCamelCase segment, with subsequent segments "
			   "separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and "
			   "contain only alphanumeric characters and slashes",
			   STR_ARG(shown));
}

static void check_features(const struct path *at, struct str_list features)
{
	for (uint32_t i = 0; i < features.len; i++) {
		const struct path *next = PATH_AT(at, i + 1);
		int order;

		check_feature(PATH_AT(at, i), features.at[i]);
		if (i + 1 == features.len)
			break;
		order = str_cmp(features.at[i], features.at[i + 1]);
		if (order == 0)
			path_duplicate(next, features.at[i + 1]);
		else if (order > 0)
			path_invalid(next, features.at[i + 1], "list must be sorted alphabetically");
	}
}

static void check_addresses(const struct path *at, struct core_node_address_list addresses)
{
	struct seen seen = seen_in(path_arena(at));

	for (uint32_t i = 0; i < addresses.len; i++) {
		struct str shown =
		    arena_printf(path_arena(at), "{\"Type\":" STR_FMT ",\"Address\":" STR_FMT "}",
				 STR_ARG(name_quoted(path_arena(at), addresses.at[i].type)),
				 STR_ARG(name_quoted(path_arena(at), addresses.at[i].address)));

		if (!seen_add(&seen, shown))
			path_fault(PATH_AT(at, i), FAULT_DUPLICATE, shown, "%s", "");
	}
}

/* ---- configurations, of nodes that had them -------------------------------------------------------------------------------------- */

static void check_source(const struct path *at, const struct core_node_config_source *source,
			 bool is_status)
{
	const struct core_config_map_node_config_source *map = source ? source->config_map : NULL;
	const struct path *here = PATH(at, "configMap");

	if (source == NULL)
		return;
	if (map == NULL) {
		path_fault(at, FAULT_INVALID, STR("{\"ConfigMap\":null}"),
			   "exactly one reference subfield must be non-nil");
		return;
	}
	if (is_status) {
		rule_needed(PATH(here, "uid"), map->uid, "");
		rule_needed(PATH(here, "resourceVersion"), map->resource_version, "");
	}
	if (!is_status && map->uid.len > 0)
		path_forbidden(PATH(here, "uid"), "uid must not be set in spec");
	if (!is_status && map->resource_version.len > 0)
		path_forbidden(PATH(here, "resourceVersion"),
			       "resourceVersion must not be set in spec");
	rule_needed_name(PATH(here, "namespace"), NAME_DNS_LABEL, map->namespace, "");
	rule_needed_name(PATH(here, "name"), NAME_DNS_SUBDOMAIN, map->name, "");
	rule_needed_name(PATH(here, "kubeletConfigKey"), NAME_CONFIG_KEY, map->kubelet_config_key,
			 "");
}

static void check_configs(const struct path *at, const struct core_node_config_status *config)
{
	if (config == NULL)
		return;
	check_source(PATH(at, "assigned"), config->assigned, true);
	check_source(PATH(at, "active"), config->active, true);
	check_source(PATH(at, "lastKnownGood"), config->last_known_good, true);
}

/* ---- addresses of pods ------------------------------------------------------------------------------------------------------------ */

static void check_families(const struct path *at, struct str_list ranges)
{
	struct ip_range range[2];
	bool are_two = ranges.len == 2;

	if (ranges.len < 2)
		return;
	for (uint32_t i = 0; i < ranges.len; i++) {
		struct ip_range parsed;

		if (!ip_range_parse(ranges.at[i], &parsed)) {
			path_fault(at, FAULT_INTERNAL, STR_NONE,
				   "invalid PodCIDRs. failed to check with dual stack with "
				   "error:invalid CIDR[%u]: <nil> (invalid CIDR address: " STR_FMT
				   ")",
				   i, STR_ARG(ranges.at[i]));
			are_two = false;
			break;
		}
		if (i < 2)
			range[i] = parsed;
	}
	if (!are_two || range[0].address.is_v6 == range[1].address.is_v6)
		path_fault(at, FAULT_INVALID, path_shown_list(at, ranges),
			   "may specify no more than one CIDR for each IP family");
}

static void check_new_ranges(const struct path *at, struct str_list ranges)
{
	for (uint32_t i = 0; i < ranges.len; i++)
		ip_check_legacy_range(PATH_AT(at, i), ranges.at[i], (struct str_list){ 0 });
	check_families(at, ranges);
}

static void check_old_ranges(const struct path *at, struct str_list now, struct str_list old)
{
	static const char words[] = "node updates may not change podCIDR except from \"\" to valid";

	if (old.len > 0 && now.len != old.len) {
		path_forbidden(at, words);
		return;
	}
	for (uint32_t i = 0; i < old.len; i++)
		if (!str_eq(now.at[i], old.at[i]))
			path_forbidden(at, words);
}

static void check_provider(const struct path *at, struct str now, struct str old)
{
	if (old.len > 0 && !str_eq(now, old))
		path_fault(at, FAULT_INVALID, STR("null"), "field cannot be %s once set",
			   now.len > 0 ? "modified" : "cleared");
}

/* ---- all of it ----------------------------------------------------------------------------------------------------------------------- */

static void check_status(const struct path *at, const struct core_node_status *status)
{
	check_amounts(PATH(at, "capacity"), status->capacity);
	check_amounts(PATH(at, "allocatable"), status->allocatable);
}

/* Upstream's ValidateNode. */
static void check_node(struct kind_change *change)
{
	const struct core_node *node = new_of(change);
	const struct path *metadata = PATH_ROOT(change->faults, "metadata");
	const struct path *status = PATH_ROOT(change->faults, "status");
	const struct core_node_swap_status *swap =
	    node->status->node_info ? node->status->node_info->swap : NULL;

	check_annotations(PATH(metadata, "annotations"), node->metadata->annotations);
	toleration_check_taints(PATH(metadata, "taints"), node->spec->taints);
	check_status(status, node->status);
	if (swap != NULL && swap->has.capacity && swap->capacity <= 0)
		path_invalid_number(PATH(PATH(metadata, "nodeSwapStatus"), "capacity"),
				    swap->capacity, "must be greater than zero");
	check_features(PATH(status, "declaredFeatures"), node->status->declared_features);
	check_new_ranges(PATH(PATH_ROOT(change->faults, "spec"), "podCIDRs"), node->spec->pod_cidrs);
}

/* Upstream's ValidateNodeUpdate: that some of it is said a second time, its users know. */
static void check_change(struct kind_change *change)
{
	const struct core_node *node = new_of(change), *old = old_of(change);
	const struct path *metadata = PATH_ROOT(change->faults, "metadata");
	const struct path *spec = PATH_ROOT(change->faults, "spec");
	const struct path *status = PATH_ROOT(change->faults, "status");

	check_annotations(PATH(metadata, "annotations"), node->metadata->annotations);
	check_status(status, node->status);
	check_features(PATH(status, "declaredFeatures"), node->status->declared_features);
	check_addresses(PATH(status, "addresses"), node->status->addresses);
	check_old_ranges(PATH(spec, "podCIDRs"), node->spec->pod_cidrs, old->spec->pod_cidrs);
	check_provider(PATH(spec, "providerID"), node->spec->provider_id, old->spec->provider_id);
	check_source(PATH(spec, "configSource"), node->spec->config_source, false);
	check_configs(PATH(status, "config"), node->status->config);
	toleration_check_taints(PATH(metadata, "taints"), node->spec->taints);
	if (!str_eq(node->spec->external_id, old->spec->external_id))
		path_forbidden(PATH(spec, "externalID"), "may not be updated");
}

static void warn(struct kind_change *change)
{
	const struct core_node_spec *spec = new_of(change)->spec;
	const struct path *at = PATH(PATH_ROOT(change->faults, "spec"), "podCIDRs");

	if (spec->config_source != NULL)
		kind_warn(change, "spec.configSource: the feature is removed");
	if (spec->external_id.len > 0)
		kind_warn(change, "spec.externalID: this field is deprecated, and is unused by "
				  "Kubernetes");
	for (uint32_t i = 0; i < spec->pod_cidrs.len; i++) {
		struct str words[2];
		uint32_t count = ip_range_warnings(change->arena, path_text(PATH_AT(at, i)),
						   spec->pod_cidrs.at[i], words);

		for (uint32_t j = 0; j < count; j++)
			kind_warn_text(change, words[j]);
	}
}

static void validate_create(struct kind_change *change)
{
	check_node(change);
	warn(change);
}

static void validate_update(struct kind_change *change)
{
	check_node(change);
	check_change(change);
	warn(change);
}

static const struct kind_subresource subresources[] = {
	{ "status", prepare_status, check_change },
};

const struct kind_rules kind_node = {
	.group = "",
	.kind = "Node",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.keeps_status = true,
	.prepare_create = prepare_create,
	.prepare_update = prepare_update,
	.validate_create = validate_create,
	.validate_update = validate_update,
	.subresources = subresources,
	.subresource_count = 1,
};
