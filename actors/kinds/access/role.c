#include "actors/kinds/kinds.h"
#include "actors/kinds/path.h"
#include "actors/kinds/rule.h"
#include "datastore/schema/rbac.h"

/*
 * Role and ClusterRole (upstream: apis/rbac/validation, ValidateRole, ValidateClusterRole). Whether the writer may grant what they say is
 * judged before, by the server.
 */

static void check_rule(const struct path *at, const struct rbac_policy_rule *rule,
		       bool is_namespaced)
{
	const struct path *urls = PATH(at, "nonResourceURLs");
	struct str shown;

	if (rule->verbs.len == 0)
		path_required(PATH(at, "verbs"), "verbs must contain at least one value");
	if (rule->non_resource_urls.len > 0) {
		shown = path_shown_list(urls, rule->non_resource_urls);
		if (is_namespaced)
			path_fault(urls, FAULT_INVALID, shown,
				   "namespaced rules cannot apply to non-resource URLs");
		if (rule->api_groups.len > 0 || rule->resources.len > 0 ||
		    rule->resource_names.len > 0)
			path_fault(urls, FAULT_INVALID, shown,
				   "rules cannot apply to both regular resources and non-resource "
				   "URLs");
		return;
	}
	if (rule->api_groups.len == 0)
		path_required(PATH(at, "apiGroups"),
			      "resource rules must supply at least one api group");
	if (rule->resources.len == 0)
		path_required(PATH(at, "resources"),
			      "resource rules must supply at least one resource");
}

static void check_rules(struct kind_change *change, struct rbac_policy_rule_list rules,
			bool is_namespaced)
{
	const struct path *at = PATH_ROOT(change->faults, "rules");

	for (uint32_t i = 0; i < rules.len; i++)
		check_rule(PATH_AT(at, i), &rules.at[i], is_namespaced);
}

static void validate_role(struct kind_change *change)
{
	check_rules(change, ((const struct rbac_role *)change->object)->rules, true);
}

/* ---- aggregation -------------------------------------------------------------------------------------------- */

static bool has_bad_selector(const struct kind_change *change)
{
	struct faults faults = faults_in(change->arena);
	const struct rbac_cluster_role *old = change->old;

	for (uint32_t i = 0;
	     old->aggregation_rule != NULL && i < old->aggregation_rule->cluster_role_selectors.len;
	     i++)
		if (!rule_selector(PATH_ROOT(&faults, "x"),
				   &old->aggregation_rule->cluster_role_selectors.at[i], false))
			return true;
	return false;
}

static void validate_cluster_role(struct kind_change *change)
{
	const struct rbac_cluster_role *role = change->object;
	const struct path *at =
	    PATH(PATH_ROOT(change->faults, "aggregationRule"), "clusterRoleSelectors");
	bool allows_bad_values = change->old != NULL && has_bad_selector(change);
	struct meta_label_selector_list selectors;

	check_rules(change, role->rules, false);
	if (role->aggregation_rule == NULL)
		return;
	selectors = role->aggregation_rule->cluster_role_selectors;
	if (selectors.len == 0)
		path_required(at, "at least one clusterRoleSelector required if aggregationRule is "
				  "non-nil");
	for (uint32_t i = 0; i < selectors.len; i++)
		rule_selector(PATH_AT(at, i), &selectors.at[i], allows_bad_values);
}

const struct kind_rules kind_role = {
	.group = "rbac.authorization.k8s.io",
	.kind = "Role",
	.name_syntax = NAME_PATH_SEGMENT,
	.allows_create_on_update = true,
	.validate_create = validate_role,
	.validate_update = validate_role,
};

const struct kind_rules kind_cluster_role = {
	.group = "rbac.authorization.k8s.io",
	.kind = "ClusterRole",
	.name_syntax = NAME_PATH_SEGMENT,
	.allows_create_on_update = true,
	.validate_create = validate_cluster_role,
	.validate_update = validate_cluster_role,
};
