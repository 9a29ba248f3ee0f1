#include "actors/kinds/field/amount.h"
#include "actors/kinds/field/ip.h"
#include "actors/kinds/pod/pod-private.h"
#include "datastore/object/quantity.h"
#include "datastore/object/record.h"

/*
 * What a node may say of a pod (upstream's ValidatePodStatusUpdate). The spec is the stored one; a container that has ended stays so
 * unless its policy lets it start again.
 */

#define HEALTH_MESSAGE_MAX 1024U
#define NOT_ALIVE "may not be transitioned to non-terminated state"

static const struct core_pod_status *status_of(const void *pod)
{
	static const struct core_pod_status none;
	const struct core_pod_status *status = ((const struct core_pod *)pod)->status;

	return status ? status : &none;
}

/* ---- conditions and names ------------------------------------------------------------------------------------------------ */

static void check_conditions(const struct path *at, struct core_pod_condition_list list)
{
	for (uint32_t i = 0; i < list.len; i++) {
		const struct core_pod_condition *condition = &list.at[i];
		const struct path *here = PATH_AT(at, i);

		if (condition->observed_generation < 0)
			path_invalid_number(PATH(here, "observedGeneration"),
					    condition->observed_generation,
					    "must be a non-negative integer");
		if (!str_is(condition->type, "PodScheduled") && !str_is(condition->type, "Ready") &&
		    !str_is(condition->type, "Initialized"))
			rule_name(PATH(here, "Type"), NAME_LABEL_KEY, condition->type);
	}
}

static void check_nominated(struct kind_change *change, const struct path *at)
{
	struct str now = status_of(change->object)->nominated_node_name;
	const struct core_pod *old = change->old;

	if (now.len == 0 || str_eq(now, status_of(old)->nominated_node_name))
		return;
	rule_name(at, NAME_DNS_SUBDOMAIN, now);
	if (old->spec->node_name.len > 0)
		path_forbidden(at, "may not be set on pods that are already bound to a node");
}

/* ---- ends of containers ----------------------------------------------------------------------------------------------------- */

static bool matches_code(const struct core_container_restart_rule_on_exit_codes *codes,
			 int32_t exit_code)
{
	bool is_listed = false;

	for (uint32_t i = 0; i < codes->values.len; i++)
		is_listed = is_listed || codes->values.at[i] == exit_code;
	return str_is(codes->operator, "In") ? is_listed
					     : str_is(codes->operator, "NotIn") && !is_listed;
}

static bool policy_restarts(struct str policy, int32_t exit_code)
{
	if (str_is(policy, "OnFailure"))
		return exit_code != 0;
	return !str_is(policy, "Never");
}

static bool may_restart(const struct core_container *container, const struct core_pod_spec *spec,
			int32_t exit_code)
{
	struct core_container_restart_rule_list rules = container->restart_policy_rules;

	if (container->restart_policy.at == NULL)
		return policy_restarts(spec->restart_policy, exit_code);
	for (uint32_t i = 0; i < rules.len; i++)
		if (rules.at[i].exit_codes != NULL &&
		    matches_code(rules.at[i].exit_codes, exit_code))
			return true;
	return policy_restarts(container->restart_policy, exit_code);
}

static bool can_restart_all(const struct core_pod_spec *spec)
{
	struct pod_walk walk = pod_walk_of(spec);
	const struct core_container *container;

	while ((container = pod_walk_next(&walk)) != NULL) {
		if (str_is(walk.member, "ephemeralContainers"))
			return false;
		for (uint32_t i = 0; i < container->restart_policy_rules.len; i++)
			if (str_is(container->restart_policy_rules.at[i].action,
				   "RestartAllContainers"))
				return true;
	}
	return false;
}

static struct seen places_of_statuses(struct arena *arena, struct core_container_status_list list)
{
	struct seen places = seen_in(arena);

	for (uint32_t i = 0; i < list.len; i++)
		seen_put(&places, list.at[i].name, i);
	return places;
}

static struct seen places_of(struct arena *arena, struct core_container_list list)
{
	struct seen places = seen_in(arena);

	for (uint32_t i = 0; i < list.len; i++)
		seen_put(&places, list.at[i].name, i);
	return places;
}

static const struct core_container_state_terminated *
end_of(const struct core_container_status *status)
{
	return status->state ? status->state->terminated : NULL;
}

/* `containers` NULL: ephemeral ones, which never start again. */
static void check_ends(struct kind_change *change, const struct path *at,
		       struct core_container_status_list now, struct core_container_status_list old,
		       const struct core_container_list *containers)
{
	const struct core_pod_spec *spec = ((const struct core_pod *)change->old)->spec;
	struct seen statuses = places_of_statuses(change->arena, now);
	struct seen places = seen_in(change->arena);

	if (containers != NULL)
		places = places_of(change->arena, *containers);
	for (uint32_t i = 0; i < old.len; i++) {
		const struct core_container_state_terminated *end = end_of(&old.at[i]);
		int64_t status = seen_find(&statuses, old.at[i].name), place;

		if (end == NULL || status < 0 || end_of(&now.at[status]) != NULL)
			continue;
		place = seen_find(&places, old.at[i].name);
		if (place < 0 || !may_restart(&containers->at[place], spec, end->exit_code))
			path_forbidden(PATH(PATH_AT(at, i), "state"), NOT_ALIVE);
	}
}

static void check_all_ends(struct kind_change *change, const struct path *at)
{
	const struct core_pod_spec *spec = ((const struct core_pod *)change->old)->spec;
	const struct core_pod_status *now = status_of(change->object), *old = status_of(change->old);

	if (!can_restart_all(spec)) {
		check_ends(change, PATH(at, "containerStatuses"), now->container_statuses,
			   old->container_statuses, &spec->containers);
		check_ends(change, PATH(at, "initContainerStatuses"), now->init_container_statuses,
			   old->init_container_statuses, &spec->init_containers);
	}
	check_ends(change, PATH(at, "ephemeralContainerStatuses"),
		   now->ephemeral_container_statuses, old->ephemeral_container_statuses, NULL);
}

/* ---- claims -------------------------------------------------------------------------------------------------------------------- */

static void check_claims(struct kind_change *change, const struct path *at)
{
	struct core_pod_resource_claim_status_list list =
	    status_of(change->object)->resource_claim_statuses;
	struct core_pod_resource_claim_list claims =
	    ((const struct core_pod *)change->object)->spec->resource_claims;
	struct seen known = seen_in(change->arena), names = seen_in(change->arena);

	for (uint32_t i = 0; i < claims.len; i++)
		seen_add(&known, claims.at[i].name);
	for (uint32_t i = 0; i < list.len; i++) {
		const struct path *here = PATH_AT(at, i);

		if (!seen_has(&known, list.at[i].name))
			path_invalid(PATH(here, "name"), list.at[i].name,
				     "must match the name of an entry in `spec.resourceClaims`");
		if (!seen_add(&names, list.at[i].name))
			path_duplicate(PATH(here, "name"), list.at[i].name);
		if (list.at[i].resource_claim_name.at != NULL)
			rule_name(PATH(here, "resourceClaimName"), NAME_DNS_SUBDOMAIN,
				  list.at[i].resource_claim_name);
	}
}

static void check_mapping(const struct path *list, uint32_t i,
			  const struct core_container_extended_resource_request *mapping,
			  const struct core_container *container, struct seen *triples)
{
	const struct path *at = PATH_AT(PATH(list, "requestMappings"), i);

	if (container == NULL)
		path_invalid(PATH(at, "containerName"), mapping->container_name,
			     "must match the name of an entry in spec.initContainers.name or "
			     "spec.containers.name");
	else if (container->resources == NULL ||
		 str_map_get(container->resources->requests, mapping->resource_name).at == NULL)
		path_invalid(PATH(at, "resourceName"), mapping->resource_name,
			     "must match the extended resource name of an entry in "
			     "spec.initContainers.resources.requests or "
			     "spec.containers.resources.requests");
	rule_name(PATH(list, "requestName"), NAME_DNS_LABEL, mapping->request_name);
	if (seen_add(triples,
		     arena_printf(path_arena(at), STR_FMT "\n" STR_FMT "\n" STR_FMT,
				  STR_ARG(mapping->container_name), STR_ARG(mapping->resource_name),
				  STR_ARG(mapping->request_name))))
		return;
	path_duplicate(PATH(at, "containerName"), mapping->container_name);
	path_duplicate(PATH(at, "resourceName"), mapping->resource_name);
	path_duplicate(PATH(at, "requestName"), mapping->request_name);
}

static const struct core_container *find(const struct core_pod_spec *spec, const struct seen *init,
					 const struct seen *regular, struct str name)
{
	int64_t place = seen_find(regular, name);

	if (place >= 0)
		return &spec->containers.at[place];
	place = seen_find(init, name);
	return place >= 0 ? &spec->init_containers.at[place] : NULL;
}

static void check_extended(struct kind_change *change, const struct path *at)
{
	const struct core_pod_extended_resource_claim_status *claim =
	    status_of(change->object)->extended_resource_claim_status;
	const struct core_pod_spec *spec = ((const struct core_pod *)change->object)->spec;
	struct seen init, regular, triples = seen_in(change->arena);

	if (claim == NULL)
		return;
	if (claim->request_mappings.len == 0)
		path_required(PATH(at, "requestMappings"),
			      "at least one request mapping is required");
	init = places_of(change->arena, spec->init_containers);
	regular = places_of(change->arena, spec->containers);
	for (uint32_t i = 0; i < claim->request_mappings.len; i++)
		check_mapping(
		    at, i, &claim->request_mappings.at[i],
		    find(spec, &init, &regular, claim->request_mappings.at[i].container_name),
		    &triples);
	rule_needed_name(PATH(at, "resourceClaimName"), NAME_DNS_SUBDOMAIN,
			 claim->resource_claim_name, "");
}

/* ---- addresses ------------------------------------------------------------------------------------------------------------------- */

static void check_families(const struct path *at, struct str_list ips, struct str shown)
{
	static const char words[] = "may specify no more than one IP for each IP family";

	if (ips.len < 2)
		return;
	for (uint32_t i = 0; i < ips.len && i < 2; i++)
		if (!ip_is(ips.at[i]))
			path_fault(at, FAULT_INTERNAL, STR_NONE,
				   "failed to check for dual stack with error:invalid IP: " STR_FMT,
				   STR_ARG(ips.at[i]));
	if (ips.len > 2 || ip_is_v6(ips.at[0]) == ip_is_v6(ips.at[1]))
		path_fault(at, FAULT_INVALID, shown, "%s", words);
}

static struct str_list pod_ips(struct arena *arena, struct core_pod_ip_list list)
{
	struct str_list ips = { arena_array(arena, struct str, list.len + 1), list.len };

	for (uint32_t i = 0; i < list.len; i++)
		ips.at[i] = list.at[i].ip;
	return ips;
}

static struct str_list host_ips(struct arena *arena, struct core_host_ip_list list)
{
	struct str_list ips = { arena_array(arena, struct str, list.len + 1), list.len };

	for (uint32_t i = 0; i < list.len; i++)
		ips.at[i] = list.at[i].ip;
	return ips;
}

static void warn_of(struct kind_change *change, const struct path *at, struct str_list ips)
{
	for (uint32_t i = 0; i < ips.len; i++)
		kind_warn_text(change, ip_warning(change->arena,
						  path_text(PATH(PATH_AT(at, i), "ip")), ips.at[i]));
}

static void check_pod_ips(struct kind_change *change, const struct path *at)
{
	const struct core_pod_status *now = status_of(change->object);
	struct str_list ips = pod_ips(change->arena, now->pod_ips);
	struct str_list old = pod_ips(change->arena, status_of(change->old)->pod_ips);
	struct str shown =
	    ips.len > 0 ? path_shown_field(at, &core_pod_status_type, "podIPs", now) : STR("null");

	for (uint32_t i = 0; i < ips.len; i++)
		ip_check_legacy(PATH_AT(at, i), ips.at[i], old);
	check_families(at, ips, shown);
	if ((now->pod_ip.len > 0) != (ips.len > 0))
		path_fault(at, FAULT_INVALID, shown,
			   "podIP and podIPs must either both be set or both be unset");
	else if (ips.len > 0 && !str_eq(now->pod_ip, ips.at[0]))
		path_invalid(PATH(PATH_AT(at, 0), "ip"), ips.at[0], "must be equal to `podIP`");
	warn_of(change, at, ips);
}

static void check_host_ips(struct kind_change *change, const struct path *at)
{
	const struct core_pod_status *now = status_of(change->object);
	struct str_list ips = host_ips(change->arena, now->host_ips);
	struct str_list old = host_ips(change->arena, status_of(change->old)->host_ips);

	if (ips.len == 0)
		return;
	if (!str_eq(now->host_ip, ips.at[0]))
		path_invalid(PATH(PATH_AT(at, 0), "ip"), ips.at[0], "must be equal to `hostIP`");
	for (uint32_t i = 0; i < ips.len; i++)
		ip_check_legacy(PATH_AT(at, i), ips.at[i], old);
	check_families(at, ips, path_shown_field(at, &core_pod_status_type, "hostIPs", now));
	warn_of(change, at, ips);
}

/* ---- single containers ------------------------------------------------------------------------------------------------------------- */

static void check_user(const struct path *at, const struct core_container_user *user,
		       bool is_windows)
{
	const struct core_linux_container_user *of_linux = user ? user->linux_ : NULL;

	if (of_linux == NULL)
		return;
	if (is_windows) {
		path_forbidden(at, "cannot be set for a windows pod");
		return;
	}
	rule_range(PATH(at, "uid"), of_linux->uid, 0, UINT32_MAX);
	rule_range(PATH(at, "gid"), of_linux->gid, 0, INT32_MAX);
	for (uint32_t i = 0; i < of_linux->supplemental_groups.len; i++)
		rule_range(PATH_AT(PATH(at, "supplementalGroups"), i),
			   of_linux->supplemental_groups.at[i], 0, INT32_MAX);
}

static void check_health(const struct path *at, struct core_resource_health_list list)
{
	struct seen ids = seen_in(path_arena(at));

	for (uint32_t i = 0; i < list.len; i++) {
		const struct core_resource_health *health = &list.at[i];
		const struct path *here = PATH_AT(at, i);

		rule_one_of(PATH(here, "health"), health->health,
			    &core_resource_health_status_values);
		if (health->message.at != NULL && rule_needed(PATH(here, "message"), health->message,
							      "must be non-empty if specified"))
			rule_at_most_bytes(PATH(here, "message"), health->message,
					   HEALTH_MESSAGE_MAX);
		if (!seen_add(&ids, health->resource_id))
			path_duplicate(PATH(here, "resourceID"), health->resource_id);
	}
}

/* claim:name, or claim:name/request */
static bool is_own_claim(const struct core_container *container, struct str name)
{
	struct core_resource_claim_list claims = { 0 };
	struct str rest = str_slice(name, sizeof("claim:") - 1, name.len);
	struct str claim = str_cut(&rest, '/');

	if (container->resources != NULL)
		claims = container->resources->claims;
	for (uint32_t i = 0; i < claims.len; i++)
		if (str_eq(claims.at[i].name, claim) && str_eq(claims.at[i].request, rest))
			return true;
	return false;
}

/* A claim that was made for the extended resources of this container. */
static bool is_extended_claim(const struct core_pod_status *status,
			      const struct core_container *container, struct str name)
{
	const struct core_pod_extended_resource_claim_status *made =
	    status->extended_resource_claim_status;
	struct str rest = str_slice(name, sizeof("claim:") - 1, name.len);
	struct str claim = str_cut(&rest, '/');

	if (made == NULL || !str_eq(made->resource_claim_name, claim))
		return false;
	for (uint32_t i = 0; i < made->request_mappings.len; i++) {
		const struct core_container_extended_resource_request *mapping =
		    &made->request_mappings.at[i];

		if (str_eq(mapping->container_name, container->name) &&
		    str_eq(mapping->request_name, rest) && container->resources != NULL &&
		    !quantity_is_zero(quantity_of(
			str_map_get(container->resources->requests, mapping->resource_name))))
			return true;
	}
	return false;
}

static void check_allocated(const struct path *at, const struct core_pod_status *status,
			    const struct core_container *container,
			    struct core_resource_status_list list)
{
	for (uint32_t i = 0; i < list.len; i++) {
		struct str name = list.at[i].name;
		const struct path *here = PATH_AT(at, i);
		bool is_claim = str_starts(name, STR("claim:"));

		if (container != NULL && is_claim && !is_own_claim(container, name) &&
		    !is_extended_claim(status, container, name))
			path_invalid(PATH(here, "name"), name,
				     "must match one of the container's resource claims as "
				     "'claim:<claimName>/<requestName>' when "
				     "container.resources.claims[*].request is set or "
				     "'claim:<claimName>' when it is empty");
		if (container != NULL && !is_claim &&
		    (container->resources == NULL ||
		     str_map_get(container->resources->requests, name).at == NULL))
			path_invalid(PATH(here, "name"), name,
				     "must match one of the container's resource requests");
		check_health(PATH(here, "resources"), list.at[i].resources);
	}
}

static void check_list(struct kind_change *change, const struct path *at,
		       struct core_container_status_list list,
		       const struct core_container_list *containers)
{
	const struct core_pod_spec *spec = ((const struct core_pod *)change->object)->spec;
	bool is_windows = spec->os != NULL && str_is(spec->os->name, "windows");
	struct seen places = seen_in(change->arena);

	if (containers != NULL)
		places = places_of(change->arena, *containers);
	for (uint32_t i = 0; i < list.len; i++) {
		const struct path *here = PATH_AT(at, i);
		const struct path *allocated = PATH(here, "allocatedResourcesStatus");
		int64_t place = seen_find(&places, list.at[i].name);

		check_user(PATH(PATH(here, "user"), "linux"), list.at[i].user, is_windows);
		if (containers != NULL)
			check_allocated(allocated, status_of(change->object),
					place >= 0 ? &containers->at[place] : NULL,
					list.at[i].allocated_resources_status);
		else if (list.at[i].allocated_resources_status.len > 0)
			path_forbidden(allocated, "must not be specified in container status");
	}
}

/* ---- health of volumes --------------------------------------------------------------------------------------------------------------- */

static void check_volume_health(struct kind_change *change, const struct path *at)
{
	struct core_pod_volume_health_list list = status_of(change->object)->volume_health;
	struct core_volume_list volumes = ((const struct core_pod *)change->object)->spec->volumes;
	struct seen names = seen_in(change->arena);

	for (uint32_t i = 0; i < volumes.len; i++)
		seen_add(&names, volumes.at[i].name);
	for (uint32_t i = 0; i < list.len; i++) {
		struct core_volume_health_condition_list conditions = list.at[i].health_conditions;
		const struct path *here = PATH_AT(at, i);

		if (list.at[i].name.len > 0 && !seen_has(&names, list.at[i].name))
			path_not_found(PATH(here, "name"), list.at[i].name);
		for (uint32_t j = 0; j < conditions.len; j++)
			if (conditions.at[j].reason.len > 0)
				rule_name(
				    PATH(PATH_AT(PATH(here, "healthConditions"), j), "reason"),
				    NAME_CONDITION_REASON, conditions.at[j].reason);
	}
}

void pod_check_status(struct kind_change *change)
{
	const struct path *at = PATH_ROOT(change->faults, "status");
	const struct core_pod *pod = change->object;
	const struct core_pod_status *now = status_of(pod), *old = status_of(change->old);
	struct pod_tolerance tolerance = pod_tolerance_of(
	    change->arena, pod->spec, ((const struct core_pod *)change->old)->metadata, true);

	pod_check_annotation_change(change);
	pod_spec_check_annotations(PATH(PATH_ROOT(change->faults, "metadata"), "annotations"),
				   pod->metadata->annotations, pod->spec, &tolerance);
	check_conditions(PATH(at, "conditions"), now->conditions);
	check_nominated(change, PATH(at, "nominatedNodeName"));
	if (now->observed_generation < 0)
		path_invalid_number(PATH(at, "observedGeneration"), now->observed_generation,
				    "must be a non-negative integer");
	if (!str_eq(now->qos_class, old->qos_class))
		path_invalid(PATH(at, "qosClass"), now->qos_class, "field is immutable");
	check_all_ends(change, at);
	check_claims(change, PATH(at, "resourceClaimStatuses"));
	check_extended(change, PATH(at, "extendedResourceClaimStatus"));
	check_volume_health(change, PATH(at, "volumeHealth"));
	check_pod_ips(change, PATH(at, "podIPs"));
	check_host_ips(change, PATH(at, "hostIPs"));
	check_list(change, PATH(at, "containerStatuses"), now->container_statuses,
		   &pod->spec->containers);
	check_list(change, PATH(at, "initContainerStatuses"), now->init_container_statuses,
		   &pod->spec->init_containers);
	check_list(change, PATH(at, "ephemeralContainerStatuses"),
		   now->ephemeral_container_statuses, NULL);
}
