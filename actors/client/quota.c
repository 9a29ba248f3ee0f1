#include "actors/client/quota.h"

#include "datastore/schema/type.h"

#define OF_CLASS ".storageclass.storage.k8s.io/"

/* ---- amounts --------------------------------------------------------------------------------------------- */

struct quota_uses quota_uses_in(struct arena *arena)
{
	return (struct quota_uses){ .arena = arena };
}

const struct quota_use *quota_find(const struct quota_uses *uses, struct str name)
{
	for (uint32_t i = 0; i < uses->len; i++)
		if (str_eq(uses->at[i].name, name))
			return &uses->at[i];
	return NULL;
}

static struct quota_use *place_of(struct quota_uses *uses, struct str name)
{
	struct quota_use *found = (struct quota_use *)(uintptr_t)quota_find(uses, name);

	if (found != NULL)
		return found;
	uses->at = arena_grow(uses->arena, uses->at, uses->len * sizeof *uses->at,
			      (uses->len + 1) * sizeof *uses->at);
	uses->at[uses->len] = (struct quota_use){ .name = name };
	return &uses->at[uses->len++];
}

void quota_add(struct quota_uses *to, struct str name, struct quantity amount)
{
	struct quota_use *place = place_of(to, name);

	place->amount = quantity_add(place->amount, amount);
}

static void add_count(struct quota_uses *to, struct str name, int64_t count)
{
	quota_add(to, name, quantity_from(count, QUANTITY_DECIMAL));
}

static void raise_to(struct quota_uses *to, const struct quota_uses *other)
{
	for (uint32_t i = 0; i < other->len; i++) {
		struct quota_use *place = place_of(to, other->at[i].name);

		if (quantity_cmp(place->amount, other->at[i].amount) < 0)
			place->amount = other->at[i].amount;
	}
}

static void add_all(struct quota_uses *to, const struct quota_uses *more)
{
	for (uint32_t i = 0; i < more->len; i++)
		quota_add(to, more->at[i].name, more->at[i].amount);
}

void quota_add_map(struct quota_uses *to, struct str_map amounts)
{
	for (uint32_t i = 0; i < amounts.len; i++)
		quota_add(to, amounts.at[i].key, quantity_of(amounts.at[i].value));
}

/* ---- pods ------------------------------------------------------------------------------------------------ */

static struct str_map amounts_of(const struct core_resource_requirements *resources, bool is_limits)
{
	if (resources == NULL)
		return (struct str_map){ 0 };
	return is_limits ? resources->limits : resources->requests;
}

/* An init container runs beside the sidecars before it; a sidecar also beside the containers. */
static void add_init_containers(struct quota_uses *to, struct core_container_list list,
				bool is_limits)
{
	struct quota_uses sidecars = quota_uses_in(to->arena), most = quota_uses_in(to->arena);

	for (uint32_t i = 0; i < list.len; i++) {
		struct str_map amounts = amounts_of(list.at[i].resources, is_limits);
		struct quota_uses one = quota_uses_in(to->arena);

		if (str_is(list.at[i].restart_policy, "Always")) {
			quota_add_map(to, amounts);
			quota_add_map(&sidecars, amounts);
			raise_to(&most, &sidecars);
		} else {
			quota_add_map(&one, amounts);
			add_all(&one, &sidecars);
			raise_to(&most, &one);
		}
	}
	raise_to(to, &most);
}

/* What is asked for the pod as a whole stands in the place of what its containers ask for. */
struct quota_uses quota_pod_amounts(const struct core_pod_spec *spec, bool is_limits,
				    struct arena *arena)
{
	struct quota_uses total = quota_uses_in(arena);
	struct str_map whole = amounts_of(spec->resources, is_limits);

	for (uint32_t i = 0; i < spec->containers.len; i++)
		quota_add_map(&total, amounts_of(spec->containers.at[i].resources, is_limits));
	add_init_containers(&total, spec->init_containers, is_limits);
	for (uint32_t i = 0; i < whole.len; i++)
		place_of(&total, whole.at[i].key)->amount = quantity_of(whole.at[i].value);
	return total;
}

static struct quota_uses total_of(const struct core_pod_spec *spec, bool is_limits,
				  struct arena *arena)
{
	struct quota_uses total = quota_pod_amounts(spec, is_limits, arena);

	for (uint32_t i = 0; i < spec->overhead.len; i++)
		if (!is_limits || quota_find(&total, spec->overhead.at[i].key) != NULL)
			quota_add(&total, spec->overhead.at[i].key,
				  quantity_of(spec->overhead.at[i].value));
	return total;
}

static bool is_basic(struct str name)
{
	return str_is(name, "cpu") || str_is(name, "memory") || str_is(name, "ephemeral-storage");
}

static bool is_huge(struct str name)
{
	return str_starts(name, STR("hugepages-"));
}

static bool is_extended(struct str name)
{
	return str_find_char(name, '/') >= 0 && str_find(name, STR("kubernetes.io/")) < 0;
}

static void add_compute(struct quota_uses *to, const struct core_pod_spec *spec)
{
	struct quota_uses requests = total_of(spec, false, to->arena);
	struct quota_uses limits = total_of(spec, true, to->arena);

	add_count(to, STR("pods"), 1);
	for (uint32_t i = 0; i < requests.len; i++) {
		const struct quota_use *use = &requests.at[i];
		struct str name = use->name;

		if (is_basic(name) || is_huge(name))
			quota_add(to, name, use->amount);
		if (is_basic(name) || is_huge(name) || is_extended(name))
			quota_add(to, arena_printf(to->arena, "requests." STR_FMT, STR_ARG(name)),
				  use->amount);
	}
	for (uint32_t i = 0; i < limits.len; i++) {
		struct str name = limits.at[i].name;

		if (is_basic(name))
			quota_add(to, arena_printf(to->arena, "limits." STR_FMT, STR_ARG(name)),
				  limits.at[i].amount);
	}
}

/* Ended, or gone but for the word of a node that is lost: it must not keep others from starting. */
static bool has_ended(const struct core_pod *pod, struct wall now)
{
	const struct meta_object_meta *meta = pod->metadata;
	struct str phase = pod->status != NULL ? pod->status->phase : STR_NONE;

	if (str_is(phase, "Succeeded") || str_is(phase, "Failed"))
		return true;
	return meta->has.deletion_timestamp && meta->has.deletion_grace_period_seconds &&
	       now.ns > meta->deletion_timestamp.ns + meta->deletion_grace_period_seconds * TIME_S;
}

/* ---- the others -------------------------------------------------------------------------------------------- */

static int64_t count_node_ports(const struct core_service_spec *spec)
{
	int64_t count = 0;

	for (uint32_t i = 0; i < spec->ports.len; i++)
		count += spec->ports.at[i].node_port != 0;
	return count;
}

static void add_service(struct quota_uses *to, const struct core_service_spec *spec)
{
	bool is_balanced = str_is(spec->type, "LoadBalancer");
	bool has_only_named = is_balanced && spec->has.allocate_load_balancer_node_ports &&
			      !spec->allocate_load_balancer_node_ports;

	add_count(to, STR("services"), 1);
	if (is_balanced)
		add_count(to, STR("services.loadbalancers"), 1);
	if (is_balanced || str_is(spec->type, "NodePort"))
		add_count(to, STR("services.nodeports"),
			  has_only_named ? count_node_ports(spec) : spec->ports.len);
}

static void add_claim(struct quota_uses *to, const struct core_persistent_volume_claim *claim)
{
	struct str class = claim->spec->storage_class_name;
	struct str asked = claim->spec->resources != NULL
			       ? str_map_get(claim->spec->resources->requests, STR("storage"))
			       : STR_NONE;
	struct quantity storage = quantity_of(asked);
	struct quantity granted = quantity_of(
	    claim->status != NULL ? str_map_get(claim->status->allocated_resources, STR("storage"))
				  : STR_NONE);

	if (quantity_cmp(granted, storage) > 0)
		storage = granted;
	add_count(to, STR("persistentvolumeclaims"), 1);
	if (asked.at != NULL)
		quota_add(to, STR("requests.storage"), storage);
	if (class.len == 0)
		return;
	add_count(to,
		  arena_printf(to->arena, STR_FMT OF_CLASS "persistentvolumeclaims", STR_ARG(class)),
		  1);
	if (asked.at != NULL)
		quota_add(
		    to, arena_printf(to->arena, STR_FMT OF_CLASS "requests.storage", STR_ARG(class)),
		    storage);
}

/* Those that had a name in quotas before everything could be counted. */
static bool is_named_by_resource(const struct type *type)
{
	static const char *const resources[] = { "configmaps", "secrets", "replicationcontrollers",
						 "resourcequotas" };

	for (size_t i = 0; i < sizeof resources / sizeof *resources; i++)
		if (type_group(type).len == 0 && str_is(type_resource(type), resources[i]))
			return true;
	return false;
}

/* count/deployments.apps, count/pods */
static bool is_count_of(const struct type *type, struct str name)
{
	struct str rest = name;

	if (!str_starts(name, STR("count/")))
		return false;
	rest = str_slice(name, sizeof "count/" - 1, name.len);
	if (!str_starts(rest, type_resource(type)))
		return false;
	rest = str_slice(rest, type_resource(type).len, rest.len);
	return type_group(type).len == 0
		   ? rest.len == 0
		   : rest.len == type_group(type).len + 1 && rest.at[0] == '.' &&
			 str_ends(rest, type_group(type));
}

static struct str count_name(const struct type *type, struct arena *arena)
{
	return arena_printf(arena, "count/" STR_FMT "%s" STR_FMT, STR_ARG(type_resource(type)),
			    type_group(type).len > 0 ? "." : "", STR_ARG(type_group(type)));
}

struct quota_uses quota_uses_of(const struct type *type, const void *record, struct wall now,
				struct arena *arena)
{
	struct quota_uses uses = quota_uses_in(arena);

	add_count(&uses, count_name(type, arena), 1);
	if (is_named_by_resource(type))
		add_count(&uses, type_resource(type), 1);
	else if (type == &core_service_type)
		add_service(&uses, ((const struct core_service *)record)->spec);
	else if (type == &core_persistent_volume_claim_type)
		add_claim(&uses, record);
	else if (type == &core_pod_type && !has_ended(record, now))
		add_compute(&uses, ((const struct core_pod *)record)->spec);
	return uses;
}

static bool is_of_pods(struct str name)
{
	struct str rest = name;
	bool is_request = str_starts(name, STR("requests.")),
	     is_limit = str_starts(name, STR("limits."));

	if (is_request || is_limit)
		str_cut(&rest, '.');
	if (is_limit)
		return is_basic(rest);
	return str_is(name, "pods") || is_basic(rest) || is_huge(rest) ||
	       (is_request && is_extended(rest));
}

bool quota_is_of(const struct type *type, struct str name)
{
	if (is_count_of(type, name) ||
	    (is_named_by_resource(type) && str_eq(name, type_resource(type))))
		return true;
	if (type == &core_pod_type)
		return is_of_pods(name);
	if (type == &core_service_type)
		return str_is(name, "services") || str_is(name, "services.loadbalancers") ||
		       str_is(name, "services.nodeports");
	if (type == &core_persistent_volume_claim_type)
		return str_is(name, "persistentvolumeclaims") || str_is(name, "requests.storage") ||
		       str_find(name, STR(OF_CLASS)) > 0;
	return false;
}

/* ---- scopes -------------------------------------------------------------------------------------------------- */

static bool asks(struct core_container_list list)
{
	for (uint32_t i = 0; i < list.len; i++) {
		const struct core_resource_requirements *resources = list.at[i].resources;
		struct str_map lists[] = { amounts_of(resources, false),
					   amounts_of(resources, true) };

		for (int l = 0; l < 2; l++)
			for (uint32_t k = 0; k < lists[l].len; k++)
				if ((str_is(lists[l].at[k].key, "cpu") ||
				     str_is(lists[l].at[k].key, "memory")) &&
				    !quantity_is_zero(quantity_of(lists[l].at[k].value)))
					return true;
	}
	return false;
}

static bool is_best_effort(const struct core_pod_spec *spec)
{
	return !asks(spec->containers) && !asks(spec->init_containers) &&
	       amounts_of(spec->resources, false).len == 0 &&
	       amounts_of(spec->resources, true).len == 0;
}

static bool reaches_out(struct core_pod_affinity_term_list terms)
{
	for (uint32_t i = 0; i < terms.len; i++)
		if (terms.at[i].namespaces.len > 0 || terms.at[i].namespace_selector != NULL)
			return true;
	return false;
}

static bool reaches_out_weighted(struct core_weighted_pod_affinity_term_list terms)
{
	for (uint32_t i = 0; i < terms.len; i++)
		if (reaches_out(
			(struct core_pod_affinity_term_list){ terms.at[i].pod_affinity_term, 1 }))
			return true;
	return false;
}

static bool has_far_affinity(const struct core_affinity *affinity)
{
	const struct core_pod_affinity *near = affinity != NULL ? affinity->pod_affinity : NULL;
	const struct core_pod_anti_affinity *far =
	    affinity != NULL ? affinity->pod_anti_affinity : NULL;

	return (near != NULL &&
		(reaches_out(near->required_during_scheduling_ignored_during_execution) ||
		 reaches_out_weighted(near->preferred_during_scheduling_ignored_during_execution))) ||
	       (far != NULL &&
		(reaches_out(far->required_during_scheduling_ignored_during_execution) ||
		 reaches_out_weighted(far->preferred_during_scheduling_ignored_during_execution)));
}

static bool has_value(struct str value, struct str relation, struct str_list values)
{
	bool is_in = false;

	if (str_is(relation, "Exists"))
		return value.len > 0;
	if (str_is(relation, "DoesNotExist"))
		return value.len == 0;
	for (uint32_t i = 0; i < values.len; i++)
		is_in |= str_eq(values.at[i], value);
	return str_is(relation, "In") ? is_in : !is_in;
}

static bool takes_pod(struct str scope, struct str relation, struct str_list values,
		      const struct core_pod *pod)
{
	const struct core_pod_spec *spec = pod->spec;
	bool is_terminating = spec->has.active_deadline_seconds;

	if (str_is(scope, "Terminating"))
		return is_terminating;
	if (str_is(scope, "NotTerminating"))
		return !is_terminating;
	if (str_is(scope, "BestEffort"))
		return is_best_effort(spec);
	if (str_is(scope, "NotBestEffort"))
		return !is_best_effort(spec);
	if (str_is(scope, "PriorityClass"))
		return has_value(spec->priority_class_name, relation, values);
	return str_is(scope, "CrossNamespacePodAffinity") && has_far_affinity(spec->affinity);
}

static bool takes(struct str scope, struct str relation, struct str_list values,
		  const struct type *type, const void *record)
{
	const struct core_persistent_volume_claim *claim = record;

	if (type == &core_pod_type)
		return takes_pod(scope, relation, values, record);
	return type == &core_persistent_volume_claim_type &&
	       str_is(scope, "VolumeAttributesClass") &&
	       has_value(claim->spec->volume_attributes_class_name, relation, values);
}

bool quota_takes(const struct core_resource_quota *quota, const struct type *type,
		 const void *record)
{
	const struct core_scope_selector *selector = quota->spec->scope_selector;

	for (uint32_t i = 0; i < quota->spec->scopes.len; i++)
		if (!takes(quota->spec->scopes.at[i], STR("Exists"), (struct str_list){ 0 }, type,
			   record))
			return false;
	for (uint32_t i = 0; selector != NULL && i < selector->match_expressions.len; i++) {
		const struct core_scoped_resource_selector_requirement *need =
		    &selector->match_expressions.at[i];

		if (!takes(need->scope_name, need->operator, need->values, type, record))
			return false;
	}
	return true;
}
