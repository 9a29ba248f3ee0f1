#include "actors/kinds/kinds.h"
#include "actors/kinds/path.h"
#include "actors/kinds/rule.h"
#include "datastore/schema/rbac.h"

/*
 * RoleBinding and ClusterRoleBinding (upstream: apis/rbac/validation, ValidateRoleBinding, ValidateClusterRoleBinding).
 */

#define RBAC "rbac.authorization.k8s.io"

static void check_role(const struct path *at, const struct rbac_role_ref *role, bool is_namespaced)
{
	bool is_known =
	    str_is(role->kind, "ClusterRole") || (is_namespaced && str_is(role->kind, "Role"));

	if (!str_is(role->api_group, RBAC))
		path_not_supported(PATH(at, "apiGroup"), role->api_group, "\"" RBAC "\"");
	if (!is_known)
		path_not_supported(PATH(at, "kind"), role->kind,
				   is_namespaced ? "\"Role\", \"ClusterRole\"" : "\"ClusterRole\"");
	rule_needed_name(PATH(at, "name"), NAME_PATH_SEGMENT, role->name, "");
}

static void check_account(const struct path *at, const struct rbac_subject *subject,
			  bool is_namespaced)
{
	if (subject->name.len > 0)
		rule_name(PATH(at, "name"), NAME_DNS_SUBDOMAIN, subject->name);
	if (subject->api_group.len > 0)
		path_not_supported(PATH(at, "apiGroup"), subject->api_group, "\"\"");
	if (!is_namespaced && subject->namespace.len == 0)
		path_required(PATH(at, "namespace"), "");
}

static void check_subject(const struct path *at, const struct rbac_subject *subject,
			  bool is_namespaced)
{
	rule_needed(PATH(at, "name"), subject->name, "");
	if (str_is(subject->kind, "ServiceAccount"))
		check_account(at, subject, is_namespaced);
	else if (!str_is(subject->kind, "User") && !str_is(subject->kind, "Group"))
		path_not_supported(PATH(at, "kind"), subject->kind,
				   "\"ServiceAccount\", \"User\", \"Group\"");
	else if (!str_is(subject->api_group, RBAC))
		path_not_supported(PATH(at, "apiGroup"), subject->api_group, "\"" RBAC "\"");
}

static void check(struct kind_change *change, const struct rbac_role_ref *role,
		  struct rbac_subject_list subjects, bool is_namespaced)
{
	const struct path *at = PATH_ROOT(change->faults, "subjects");

	check_role(PATH_ROOT(change->faults, "roleRef"), role, is_namespaced);
	for (uint32_t i = 0; i < subjects.len; i++)
		check_subject(PATH_AT(at, i), &subjects.at[i], is_namespaced);
}

/* Whom a binding names may change, what it gives them may not: else who may edit it could grant another role. */
static void check_fixed(struct kind_change *change)
{
	if (change->old != NULL)
		rule_unchanged(PATH_ROOT(change->faults, "roleRef"), change->type, "roleRef",
			       change->object, change->old);
}

static void validate_role_binding(struct kind_change *change)
{
	const struct rbac_role_binding *binding = change->object;

	check(change, binding->role_ref, binding->subjects, true);
	check_fixed(change);
}

static void validate_cluster_role_binding(struct kind_change *change)
{
	const struct rbac_cluster_role_binding *binding = change->object;

	check(change, binding->role_ref, binding->subjects, false);
	check_fixed(change);
}

const struct kind_rules kind_role_binding = {
	.group = RBAC,
	.kind = "RoleBinding",
	.name_syntax = NAME_PATH_SEGMENT,
	.allows_create_on_update = true,
	.validate_create = validate_role_binding,
	.validate_update = validate_role_binding,
};

const struct kind_rules kind_cluster_role_binding = {
	.group = RBAC,
	.kind = "ClusterRoleBinding",
	.name_syntax = NAME_PATH_SEGMENT,
	.allows_create_on_update = true,
	.validate_create = validate_cluster_role_binding,
	.validate_update = validate_cluster_role_binding,
};
