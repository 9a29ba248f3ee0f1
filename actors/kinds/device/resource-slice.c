#include "actors/kinds/device/device-capacity.h"
#include "actors/kinds/device/device-value.h"
#include "actors/kinds/field/node-selector.h"
#include "actors/kinds/kinds.h"
#include "actors/kinds/seen.h"
#include "datastore/object/record.h"
#include "datastore/schema/type.h"

/*
 * The ResourceSlice: devices of one pool, and on which nodes they are (upstream: apis/resource/validation, validateResourceSliceSpec).
 */

#define DEVICES_MAX 128U
#define COMPLEX_DEVICES_MAX 64U /* where one has taints or uses up counters */
#define ENTRIES_MAX 32U
#define VALUES_MAX 48U
#define TAINTS_MAX 16U
#define CONSUMPTIONS_MAX 2U
#define COUNTER_SETS_MAX 8U
#define SHOWN_MAX 4096U

static const struct resource_resource_slice_spec *spec_of(const void *object)
{
	return ((const struct resource_resource_slice *)object)->spec;
}

/* ---- on which nodes ------------------------------------------------------------------------------------------ */

/* The ways to say it that were used, for a fault: {`nodeName`, `allNodes`}. */
struct ways {
	struct text text;
	uint32_t count;
};

static void use(struct ways *ways, const char *name)
{
	text_printf(&ways->text, "%s`%s`", ways->count++ == 0 ? "{" : ", ", name);
}

static void use_flag(const struct path *at, struct ways *ways, const char *name, bool is_said,
		     bool is_true, const char *words)
{
	if (!is_said)
		return;
	if (is_true)
		use(ways, name);
	else
		path_fault(PATH_NAMED(at, str_from(name)), FAULT_INVALID, STR("false"), "%s", words);
}

static void use_name(const struct path *at, struct ways *ways, struct str name, const char *words)
{
	const struct path *here = PATH(at, "nodeName");

	if (name.at == NULL)
		return;
	if (name.len == 0) {
		path_invalid(here, name, words);
		return;
	}
	use(ways, "nodeName");
	rule_name(here, NAME_DNS_SUBDOMAIN, name);
}

static void use_selector(const struct path *at, struct ways *ways,
			 const struct core_node_selector *selector)
{
	if (selector == NULL)
		return;
	use(ways, "nodeSelector");
	node_selector_check(PATH(at, "nodeSelector"), selector, false);
}

/* `several`: what is said of more than one. */
static void check_ways(const struct path *at, struct ways *ways, const char *none,
		       const char *several)
{
	if (ways->count == 0)
		path_required(at, none);
	if (ways->count < 2)
		return;
	text_add_char(&ways->text, '}');
	path_invalid(at, text_str(&ways->text), several);
}

/* ---- selectors in faults: upstream shows its own struct ------------------------------------------------------- */

static void show_needs(const struct path *at, struct text *out,
		       struct core_node_selector_requirement_list needs)
{
	if (needs.at == NULL) {
		text_lit(out, "null");
		return;
	}
	text_add_char(out, '[');
	for (uint32_t i = 0; i < needs.len; i++) {
		struct str key = name_quoted(path_arena(at), needs.at[i].key);
		struct str operator= name_quoted(path_arena(at), needs.at[i].operator);
		struct str values = path_shown_list(at, needs.at[i].values);

		text_printf(
		    out, "%s{\"Key\":" STR_FMT ",\"Operator\":" STR_FMT ",\"Values\":" STR_FMT "}",
		    i > 0 ? "," : "", STR_ARG(key), STR_ARG(operator), STR_ARG(values));
	}
	text_add_char(out, ']');
}

static void check_one_term(const struct path *at, struct core_node_selector_term_list terms)
{
	struct text out = text_in(path_arena(at), SHOWN_MAX);

	if (terms.len == 1)
		return;
	text_add(&out, terms.at == NULL ? STR("null") : STR("["));
	for (uint32_t i = 0; i < terms.len; i++) {
		text_add(&out, i > 0 ? STR(",") : STR(""));
		text_lit(&out, "{\"MatchExpressions\":");
		show_needs(at, &out, terms.at[i].match_expressions);
		text_lit(&out, ",\"MatchFields\":");
		show_needs(at, &out, terms.at[i].match_fields);
		text_add_char(&out, '}');
	}
	if (terms.at != NULL)
		text_add_char(&out, ']');
	path_fault(at, FAULT_INVALID, text_str(&out), "must have exactly one node selector term");
}

/* ---- devices -------------------------------------------------------------------------------------------------- */

static uint64_t count_values(struct resource_device_attribute_map map)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < map.len; i++) {
		const struct resource_device_attribute *one = &map.at[i].value;
		uint64_t listed =
		    (uint64_t)one->ints.len + one->bools.len + one->strings.len + one->versions.len;

		count += listed > 0 ? listed : 1;
	}
	return count;
}

static void check_sizes(const struct path *at, const struct resource_device *device)
{
	uint64_t entries = (uint64_t)device->attributes.len + device->capacity.len;
	uint64_t values = count_values(device->attributes);

	if (entries > ENTRIES_MAX)
		path_invalid_number(at, (int64_t)entries,
				    "the total number of attributes and capacities must not exceed "
				    "32");
	if (values > VALUES_MAX)
		path_invalid_number(at, (int64_t)values,
				    "the total number of attribute values must not exceed 48");
}

static bool is_as_before(const struct resource_device *device, const struct resource_device *old,
			 const char *member)
{
	return old != NULL &&
	       record_equal_field(type_field(&resource_device_type, str_from(member)), device, old);
}

static void check_taints(const struct path *at, struct resource_device_taint_list taints)
{
	if (taints.len > TAINTS_MAX) {
		path_too_many(at, taints.len, TAINTS_MAX);
		return;
	}
	for (uint32_t i = 0; i < taints.len; i++)
		device_check_taint(PATH_AT(at, i), &taints.at[i]);
}

/* That it is said of which, and that their names are names, say marks. */
static void check_counters(const struct path *at, struct resource_counter_map counters)
{
	if (counters.len > DEVICE_COUNTERS_MAX)
		path_too_many(at, counters.len, DEVICE_COUNTERS_MAX);
}

static void check_nodes_of_device(const struct path *at, const struct resource_device *device,
				  bool is_per_device)
{
	static const char one[] = "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is "
				  "required when `perDeviceNodeSelection` is set to true in the "
				  "ResourceSlice spec";
	struct ways ways = { text_in(path_arena(at), SHOWN_MAX), 0 };

	if (!is_per_device) {
		if (device->node_name.at != NULL || device->node_selector != NULL ||
		    device->has.all_nodes)
			path_fault(at, FAULT_INVALID, STR("null"),
				   "`nodeName`, `nodeSelector` and `allNodes` can only be set if "
				   "`perDeviceNodeSelection` is set to true in the ResourceSlice "
				   "spec");
		return;
	}
	use_name(at, &ways, device->node_name, "must not be empty");
	use_selector(at, &ways, device->node_selector);
	use_flag(at, &ways, "allNodes", device->has.all_nodes, device->all_nodes,
		 "must be either unset or set to true");
	check_ways(at, &ways, one, one);
}

static void check_device(const struct path *at, const struct resource_device *device,
			 const struct resource_device *old, bool is_per_device)
{
	const struct path *consumes = PATH(at, "consumesCounters");

	rule_name(PATH(at, "name"), NAME_DNS_LABEL, device->name);
	check_sizes(at, device);
	device_check_attributes(PATH(at, "attributes"), device->attributes);
	if (!is_as_before(device, old, "capacity"))
		device_check_capacity(PATH(at, "capacity"), device->capacity,
				      device->allow_multiple_allocations);
	if (!is_as_before(device, old, "taints"))
		check_taints(PATH(at, "taints"), device->taints);
	for (uint32_t i = 0;
	     device->consumes_counters.len <= CONSUMPTIONS_MAX && i < device->consumes_counters.len;
	     i++)
		check_counters(PATH(PATH_AT(consumes, i), "counters"),
			       device->consumes_counters.at[i].counters);
	check_nodes_of_device(at, device, is_per_device);
	device_check_bindings(at, device->binding_conditions, device->binding_failure_conditions);
}

static uint32_t devices_max(struct resource_device_list devices)
{
	for (uint32_t i = 0; i < devices.len; i++)
		if (devices.at[i].taints.len > 0 || devices.at[i].consumes_counters.len > 0)
			return COMPLEX_DEVICES_MAX;
	return DEVICES_MAX;
}

static struct seen places_of(struct kind_change *change)
{
	struct seen places = seen_in(change->arena);

	for (uint32_t i = 0; change->old != NULL && i < spec_of(change->old)->devices.len; i++)
		seen_put(&places, spec_of(change->old)->devices.at[i].name, i);
	return places;
}

static void check_devices(struct kind_change *change, const struct path *at)
{
	const struct resource_resource_slice_spec *spec = spec_of(change->object);
	struct resource_device_list devices = spec->devices;
	struct seen before = places_of(change), names = seen_in(change->arena);

	if (devices.len > devices_max(devices)) {
		path_too_many(at, devices.len, devices_max(devices));
		return;
	}
	for (uint32_t i = 0; i < devices.len; i++) {
		int64_t place = seen_find(&before, devices.at[i].name);

		check_device(PATH_AT(at, i), &devices.at[i],
			     place >= 0 ? &spec_of(change->old)->devices.at[place] : NULL,
			     spec->per_device_node_selection);
	}
	for (uint32_t i = 0; i < devices.len; i++)
		if (!seen_add(&names, devices.at[i].name))
			path_duplicate(PATH_AT(at, i), devices.at[i].name);
}

/* ---- the slice -------------------------------------------------------------------------------------------------- */

static void check_pool(const struct path *at, const struct resource_resource_pool *pool)
{
	device_check_pool(PATH(at, "name"), pool->name);
	if (pool->resource_slice_count <= 0)
		path_invalid_number(PATH(at, "resourceSliceCount"), pool->resource_slice_count,
				    "must be greater than zero");
	if (pool->generation < 0)
		path_invalid_number(PATH(at, "generation"), pool->generation,
				    "must be greater than or equal to zero");
}

static void check_nodes(const struct path *at, const struct resource_resource_slice_spec *spec)
{
	static const char flag[] = "must be either unset or set to true";
	struct ways ways = { text_in(path_arena(at), SHOWN_MAX), 0 };

	use_name(at, &ways, spec->node_name, "must be either unset or set to a non-empty string");
	use_selector(at, &ways, spec->node_selector);
	if (spec->node_selector != NULL)
		check_one_term(PATH(PATH(at, "nodeSelector"), "nodeSelectorTerms"),
			       spec->node_selector->node_selector_terms);
	use_flag(at, &ways, "allNodes", spec->has.all_nodes, spec->all_nodes, flag);
	use_flag(at, &ways, "perDeviceNodeSelection", spec->has.per_device_node_selection,
		 spec->per_device_node_selection, flag);
	check_ways(at, &ways,
		   "exactly one of `nodeName`, `nodeSelector`, `allNodes`, "
		   "`perDeviceNodeSelection` is required",
		   "exactly one of `nodeName`, `nodeSelector`, `allNodes`, "
		   "`perDeviceNodeSelection` is required, but multiple fields are set");
}

static void check_unchanged(struct kind_change *change, const struct path *at)
{
	const struct resource_resource_slice_spec *spec = spec_of(change->object);
	const struct resource_resource_slice_spec *old = spec_of(change->old);
	const struct type *type = &resource_resource_slice_spec_type;

	rule_unchanged(PATH(PATH(at, "pool"), "name"), &resource_resource_pool_type, "name",
		       spec->pool, old->pool);
	rule_unchanged(PATH(at, "driver"), type, "driver", spec, old);
	rule_unchanged(PATH(at, "nodeName"), type, "nodeName", spec, old);
}

static bool has_capital(struct str text)
{
	for (uint32_t i = 0; i < text.len; i++)
		if (text.at[i] >= 'A' && text.at[i] <= 'Z')
			return true;
	return false;
}

static void validate(struct kind_change *change)
{
	const struct resource_resource_slice_spec *spec = spec_of(change->object);
	const struct path *at = PATH_ROOT(change->faults, "spec");

	device_check_driver(PATH(at, "driver"), spec->driver);
	check_pool(PATH(at, "pool"), spec->pool);
	if (change->old != NULL)
		check_unchanged(change, at);
	check_nodes(at, spec);
	if (spec->shared_counters.at != NULL && spec->devices.at != NULL)
		path_invalid(at, STR(""), "only one of `sharedCounters` or `devices` is allowed");
	check_devices(change, PATH(at, "devices"));
	for (uint32_t i = 0;
	     spec->shared_counters.len <= COUNTER_SETS_MAX && i < spec->shared_counters.len; i++)
		check_counters(PATH(PATH_AT(PATH(at, "sharedCounters"), i), "counters"),
			       spec->shared_counters.at[i].counters);
	if (has_capital(spec->driver)) {
		struct str driver = name_quoted(change->arena, spec->driver);

		kind_warn(change,
			  "spec.driver: driver names should be lowercase; " STR_FMT
			  " contains uppercase characters",
			  STR_ARG(driver));
	}
}

const struct kind_rules kind_resource_slice = {
	.group = "resource.k8s.io",
	.kind = "ResourceSlice",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.has_generation = true,
	.returns_deleted = true,
	.validate_create = validate,
	.validate_update = validate,
};
