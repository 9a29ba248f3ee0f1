/*
 * Aggregated cluster roles: the rules of a role with an aggregation rule are those of all roles that it selects, in the
 * order of its selectors and of the roles' names, each rule once.
 */
#include "actors/controller/controller.h"
#include "actors/controller/plan.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/rbac.h"

/* A rule of the world and where it goes. */
struct gathered {
	const struct rbac_policy_rule **at;
	uint32_t len, cap;
};

static void add_rule(const struct world *world, struct gathered *g,
		     const struct rbac_policy_rule *rule)
{
	for (uint32_t i = 0; i < g->len; i++)
		if (world_same(g->at[i], rule, rbac_policy_rule))
			return;
	if (g->len == g->cap) {
		uint32_t cap = g->cap ? g->cap * 2 : 64;

		g->at = arena_grow(world_arena(world), g->at, g->cap * sizeof *g->at,
				   cap * sizeof *g->at);
		g->cap = cap;
	}
	g->at[g->len++] = rule;
}

static void gather(const struct world *world, struct gathered *g,
		   const struct rbac_cluster_role *role, const struct meta_label_selector *selector)
{
	struct records roles = world_matching(world, STR_NONE, rbac_cluster_role, selector);

	for (uint32_t i = 0; i < roles.len; i++) {
		const struct rbac_cluster_role *other = record_at(roles, i, rbac_cluster_role);

		for (uint32_t r = 0; other != role && r < other->rules.len; r++)
			add_rule(world, g, &other->rules.at[r]);
	}
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct rbac_cluster_role *role = world_get(world, key, rbac_cluster_role);
	struct rbac_policy_rule_list *rules;
	struct gathered g = { 0 };

	if (role == NULL || role->aggregation_rule == NULL)
		return OK;
	for (uint32_t i = 0; i < role->aggregation_rule->cluster_role_selectors.len; i++)
		gather(world, &g, role, &role->aggregation_rule->cluster_role_selectors.at[i]);
	rules = &plan_edit(plan, role, rbac_cluster_role)->rules;
	rules->at = arena_array(plan_arena(plan), struct rbac_policy_rule, g.len + 1);
	rules->len = g.len;
	for (uint32_t i = 0; i < g.len; i++)
		rules->at[i] = *plan_copy(plan, g.at[i], rbac_policy_rule);
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
