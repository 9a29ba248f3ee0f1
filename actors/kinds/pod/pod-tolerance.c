#include "actors/kinds/field/amount.h"
#include "actors/kinds/field/node-selector.h"
#include "actors/kinds/field/volume.h"
#include "actors/kinds/pod/pod-private.h"

/*
 * What a stored spec does that today's rules forbid, so that it may go on (upstream's GetValidationOptionsFromPodSpecAndMeta).
 */

/* A rule asked of the stored spec says what it has to say to nobody. */
struct probe {
	struct faults faults;
	struct path path;
	const struct pod_tolerance none;
};

static const struct path *begin(struct probe *probe)
{
	probe->faults.len = 0;
	probe->path = *PATH_ROOT(&probe->faults, "x");
	return &probe->path;
}

static bool has_bad_terms(struct probe *probe, struct core_pod_affinity_term_list required,
			  struct core_weighted_pod_affinity_term_list preferred)
{
	const struct path *at = PATH_ROOT(&probe->faults, "x");
	bool is_good = true;

	for (uint32_t i = 0; i < required.len && is_good; i++)
		is_good = rule_selector(at, required.at[i].label_selector, false) &&
			  rule_selector(at, required.at[i].namespace_selector, false);
	for (uint32_t i = 0; i < preferred.len && is_good; i++) {
		const struct core_pod_affinity_term *term = preferred.at[i].pod_affinity_term;

		is_good = rule_selector(at, term->label_selector, false) &&
			  rule_selector(at, term->namespace_selector, false);
	}
	return !is_good;
}

static bool has_bad_selectors(struct probe *probe, const struct core_affinity *affinity)
{
	const struct core_pod_affinity *with = affinity ? affinity->pod_affinity : NULL;
	const struct core_pod_anti_affinity *against = affinity ? affinity->pod_anti_affinity : NULL;

	return (with != NULL &&
		has_bad_terms(probe, with->required_during_scheduling_ignored_during_execution,
			      with->preferred_during_scheduling_ignored_during_execution)) ||
	       (against != NULL &&
		has_bad_terms(probe, against->required_during_scheduling_ignored_during_execution,
			      against->preferred_during_scheduling_ignored_during_execution));
}

static bool has_bad_node_values(const struct core_affinity *affinity)
{
	const struct core_node_affinity *nodes = affinity ? affinity->node_affinity : NULL;
	const struct core_node_selector *required =
	    nodes ? nodes->required_during_scheduling_ignored_during_execution : NULL;

	for (uint32_t i = 0; required != NULL && i < required->node_selector_terms.len; i++) {
		struct core_node_selector_requirement_list needs =
		    required->node_selector_terms.at[i].match_expressions;

		for (uint32_t j = 0; j < needs.len; j++)
			for (uint32_t k = 0; k < needs.at[j].values.len; k++)
				if (!name_is(NAME_LABEL_VALUE, needs.at[j].values.at[k]))
					return true;
	}
	return false;
}

static bool has_bad_spread(struct probe *probe, const struct core_pod_spec *spec)
{
	const struct path *at = PATH_ROOT(&probe->faults, "x");

	for (uint32_t i = 0; i < spec->topology_spread_constraints.len; i++)
		if (!rule_selector(at, spec->topology_spread_constraints.at[i].label_selector,
				   false))
			return true;
	return false;
}

static bool has_odd_pages(struct str_map amounts)
{
	for (uint32_t i = 0; i < amounts.len; i++)
		if (amount_is_huge_page(amounts.at[i].key) &&
		    !amount_is_even(amounts.at[i].key, amounts.at[i].value))
			return true;
	return false;
}

static bool is_bad_token(struct probe *probe, const struct core_projected_volume_source *source)
{
	for (uint32_t i = 0; source != NULL && i < source->sources.len; i++) {
		const struct core_service_account_token_projection *token =
		    source->sources.at[i].service_account_token;

		if (token != NULL && !volume_check_path_name(begin(probe), token->path))
			return true;
	}
	return false;
}

static void look_at_volumes(struct pod_tolerance *found, struct probe *probe,
			    struct core_volume_list volumes)
{
	for (uint32_t i = 0; i < volumes.len; i++) {
		const struct core_volume_source *source = volumes.at[i].volume_source;

		found->token_paths_anywhere |= is_bad_token(probe, source->projected);
		found->nameless_images |= source->image != NULL && source->image->reference.len == 0;
	}
}

static bool has_sys_admin(const struct core_security_context *context)
{
	const struct core_capabilities *capabilities = context ? context->capabilities : NULL;

	for (uint32_t i = 0; capabilities != NULL && i < capabilities->add.len; i++)
		if (str_is(capabilities->add.at[i], "CAP_SYS_ADMIN"))
			return !context->allow_privilege_escalation;
	return false;
}

static bool restarts_to_resize(const struct core_container *container)
{
	for (uint32_t i = 0; i < container->resize_policy.len; i++)
		if (str_is(container->resize_policy.at[i].restart_policy, "RestartContainer"))
			return true;
	return false;
}

static void look_at_containers(struct pod_tolerance *found, const struct core_pod_spec *spec)
{
	bool has_own_users = spec->has.host_users && !spec->host_users;
	struct pod_walk walk = pod_walk_of(spec);
	const struct core_container *container;

	found->users_with_host_network = has_own_users && spec->host_network;
	while ((container = pod_walk_next(&walk)) != NULL) {
		bool is_init = str_is(walk.member, "initContainers");

		if (container->resources != NULL)
			found->odd_huge_pages |= has_odd_pages(container->resources->limits) ||
						 has_odd_pages(container->resources->requests);
		found->unprivileged_sys_admin |= has_sys_admin(container->security_context);
		found->users_with_devices |= has_own_users && container->volume_devices.len > 0;
		found->restart_resize_of_init |=
		    is_init && !pod_is_sidecar(container) && restarts_to_resize(container);
	}
}

static bool compares(struct core_toleration_list tolerations)
{
	for (uint32_t i = 0; i < tolerations.len; i++)
		if (str_is(tolerations.at[i].operator, "Lt") ||
		    str_is(tolerations.at[i].operator, "Gt"))
			return true;
	return false;
}

/* The rules of sysctls and of merged keys, asked as they are. */
static bool has_faults(struct probe *probe, const struct core_pod_spec *spec,
		       void (*check)(const struct pod_check *check, const struct path *at),
		       const struct pod_tolerance *tolerance)
{
	struct pod_check of = { .spec = spec, .tolerance = tolerance };

	check(&of, begin(probe));
	return probe->faults.len > 0;
}

static void check_spread(const struct pod_check *check, const struct path *at)
{
	pod_check_spread(at, check->spec->topology_spread_constraints, check->tolerance);
}

/* Whether it has any fault that leaving one thing out takes away. */
static bool is_lifted(struct probe *probe, const struct core_pod_spec *spec,
		      void (*check)(const struct pod_check *check, const struct path *at),
		      struct pod_tolerance lifted)
{
	uint32_t strict;

	if (!has_faults(probe, spec, check, &probe->none))
		return false;
	strict = probe->faults.len;
	(void)has_faults(probe, spec, check, &lifted);
	return probe->faults.len < strict;
}

static bool has_bad_cost(struct probe *probe, const struct meta_object_meta *meta)
{
	static const char key[] = "controller.kubernetes.io/pod-deletion-cost";
	struct str_entry entry = { STR("controller.kubernetes.io/pod-deletion-cost"), STR_NONE };
	struct core_pod_spec nothing = { 0 };

	entry.value = meta ? str_map_get(meta->annotations, str_from(key)) : STR_NONE;
	if (entry.value.at == NULL)
		return false;
	pod_spec_check_annotations(begin(probe), (struct str_map){ &entry, 1 }, &nothing,
				   &probe->none);
	return probe->faults.len > 0;
}

struct pod_tolerance pod_tolerance_of(struct arena *arena, const struct core_pod_spec *old,
				      const struct meta_object_meta *old_meta, bool is_pod)
{
	struct pod_tolerance found = { .is_pod = is_pod };
	struct probe probe = { .faults = faults_in(arena) };

	if (old == NULL)
		return found;
	found.bad_deletion_cost = has_bad_cost(&probe, old_meta);
	found.bad_selector_values = has_bad_selectors(&probe, old->affinity);
	found.bad_node_values = has_bad_node_values(old->affinity);
	found.bad_spread_selectors = has_bad_spread(&probe, old);
	found.bad_match_label_keys = is_lifted(
	    &probe, old, check_spread, (struct pod_tolerance){ .bad_match_label_keys = true });
	found.host_sysctls = is_lifted(&probe, old, pod_check_security,
				       (struct pod_tolerance){ .host_sysctls = true });
	found.comparing_tolerations = compares(old->tolerations);
	found.odd_huge_pages = has_odd_pages(old->overhead);
	look_at_volumes(&found, &probe, old->volumes);
	look_at_containers(&found, old);
	return found;
}
