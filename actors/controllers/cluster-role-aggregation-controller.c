/*
 * Aggregated cluster roles: the rules of a role with an aggregation rule are those of all roles that it selects.
 */
#include "actors/controller/controller.h"
#include "actors/controller/plan.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/rbac.h"

static bool selects(const struct rbac_cluster_role *role, const struct rbac_cluster_role *other)
{
	const struct rbac_aggregation_rule *rule = role->aggregation_rule;

	for (uint32_t i = 0; i < rule->cluster_role_selectors.len; i++)
		if (world_selects(&rule->cluster_role_selectors.at[i], other->metadata->labels))
			return true;
	return false;
}

static uint32_t count_rules(const struct rbac_cluster_role *role, struct records roles)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < roles.len; i++) {
		const struct rbac_cluster_role *other = record_at(roles, i, rbac_cluster_role);

		if (other != role && selects(role, other))
			count += other->rules.len;
	}
	return count;
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct rbac_cluster_role *role = world_get(world, key, rbac_cluster_role);
	struct records roles = world_list(world, STR_NONE, rbac_cluster_role);
	struct rbac_policy_rule_list rules = { 0 };
	uint32_t count;

	if (role == NULL || role->aggregation_rule == NULL)
		return OK;
	count = count_rules(role, roles);
	rules.at = arena_array(plan_arena(plan), struct rbac_policy_rule, count + 1);
	for (uint32_t i = 0; i < roles.len; i++) {
		const struct rbac_cluster_role *other = record_at(roles, i, rbac_cluster_role);

		if (other == role || !selects(role, other))
			continue;
		if (other->rules.len > 0)
			memcpy(&rules.at[rules.len], other->rules.at,
			       other->rules.len * sizeof *rules.at);
		rules.len += other->rules.len;
	}
	/* The plan is encoded before anything of the world goes, so the rules may be shared until then. */
	plan_edit(plan, role, rbac_cluster_role)->rules = rules;
	return OK;
}

static void role_wakes(const struct world *world, const struct object *object,
		       const struct object *old, struct wake *to)
{
	struct records roles = world_list(world, STR_NONE, rbac_cluster_role);
	const struct rbac_cluster_role *changed = object->record;

	(void)old;
	for (uint32_t i = 0; i < roles.len; i++) {
		const struct rbac_cluster_role *role = record_at(roles, i, rbac_cluster_role);

		if (role != changed && role->aggregation_rule != NULL)
			wake_key(to, STR(""), role->metadata->name);
	}
}

const struct controller cluster_role_aggregation_controller = {
	.name = "clusterrole-aggregation",
	.account = "clusterrole-aggregation-controller",
	.reconciles = &rbac_cluster_role_type,
	.triggers = { { &rbac_cluster_role_type, role_wakes } },
	.reconcile = reconcile,
};
