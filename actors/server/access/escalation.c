#include "actors/authorization/rbac-cover.h"
#include "actors/authorization/rbac.h"
#include "actors/server/server-private.h"
#include "datastore/object/name.h"
#include "datastore/object/record.h"
#include "datastore/schema/rbac.h"

/*
 * Escalation: nobody gives away rights that he does not have.
 *
 * A role may grant what its writer holds himself; more only if he may `escalate` it. A binding may name a role that grants no
 * more than its writer holds; another only if he may `bind` it. Judged when admission has completed the object and before the
 * rules of its kind, as upstream's storage of rbac.authorization.k8s.io does (registry/rbac: policybased, ConfirmNoEscalation).
 */

/* What is asked about one write. */
struct grant {
	struct str verb, group, resource, name, namespace; /* of the right that lets it pass */
	const struct rbac_role_ref *role;   /* of a binding; NULL: the object is the role */
	struct rbac_policy_rule_list rules; /* of a role */
	bool gathers;                       /* now or before: what others say becomes its rules */
};

static bool gathers(const struct type *type, const void *record)
{
	const struct rbac_cluster_role *role = record;

	return record != NULL && type == &rbac_cluster_role_type &&
	       role->aggregation_rule != NULL &&
	       role->aggregation_rule->cluster_role_selectors.len > 0;
}

static void ask_role(struct request *r, struct rbac_policy_rule_list rules, struct grant *out)
{
	*out = (struct grant){ .verb = STR("escalate"),
			       .group = r->route.group,
			       .resource = r->route.resource,
			       .name = r->route.name,
			       .namespace = r->route.namespace,
			       .rules = rules,
			       .gathers = gathers(r->type, r->record) ||
					  (r->live != NULL && gathers(r->type, r->live->record)) };
}

static void ask_binding(struct request *r, const struct rbac_role_ref *role, struct grant *out)
{
	static const struct rbac_role_ref none;

	*out = (struct grant){ .verb = STR("bind"),
			       .role = role != NULL ? role : &none,
			       .namespace = r->route.namespace };
	out->group = out->role->api_group;
	out->name = out->role->name;
	/* Of another kind there is nothing to bind: the resource stays absent. */
	if (str_is(out->role->kind, "ClusterRole"))
		out->resource = STR("clusterroles");
	else if (str_is(out->role->kind, "Role"))
		out->resource = STR("roles");
}

/* false: an object of any other kind, which grants nothing. */
static bool grant_of(struct request *r, struct grant *out)
{
	if (r->type == &rbac_role_type)
		ask_role(r, ((const struct rbac_role *)r->record)->rules, out);
	else if (r->type == &rbac_cluster_role_type)
		ask_role(r, ((const struct rbac_cluster_role *)r->record)->rules, out);
	else if (r->type == &rbac_role_binding_type)
		ask_binding(r, ((const struct rbac_role_binding *)r->record)->role_ref, out);
	else if (r->type == &rbac_cluster_role_binding_type)
		ask_binding(r, ((const struct rbac_cluster_role_binding *)r->record)->role_ref, out);
	else
		return false;
	return true;
}

/* ---- words ----------------------------------------------------------------------------------------------- */

static struct str quoted_groups(struct request *r)
{
	struct text out = text_in(r->arena, LIMIT_HEADER_BYTES);

	text_add_char(&out, '[');
	for (uint32_t i = 0; i < r->user.group_count; i++) {
		if (i > 0)
			text_add_char(&out, ' ');
		text_add(&out, name_quoted(r->arena, r->user.groups[i]));
	}
	text_add_char(&out, ']');
	return text_str(&out);
}

static enum next forbid(struct request *r, struct str why)
{
	return request_fail(r, failure_forbidden(r->arena, request_group(r), request_resource(r),
						 record_meta(r->type, r->record)->name, why));
}

static enum next forbid_missing(struct request *r, struct str missing)
{
	struct str user = name_quoted(r->arena, r->user.name), groups = quoted_groups(r);

	return forbid(r, request_printf(r,
					"user " STR_FMT " (groups=" STR_FMT
					") is attempting to grant RBAC permissions not currently "
					"held:\n" STR_FMT,
					STR_ARG(user), STR_ARG(groups), STR_ARG(missing)));
}

/* ---- the check ------------------------------------------------------------------------------------------- */

static enum next judge_rules(struct request *r, const struct grant *grant,
			     struct rbac_policy_rule_list wanted)
{
	struct check_context check = request_context(r);
	struct rbac_policy_rule_list held = rbac_held(&check, &r->user, r->route.namespace);
	struct str missing = STR_NONE;
	enum status status = rbac_cover_missing(r->arena, held, wanted, &missing);
	bool is_more = missing.at != NULL, is_gathering = grant->gathers && !rbac_cover_all(held);

	if (status != OK)
		return forbid(
		    r, request_printf(r,
				      "its rules have more than %u combinations of group, "
				      "resource, verb and name to be compared with those held",
				      RBAC_COVER_PIECES_MAX));
	if (!is_more && !is_gathering)
		return NEXT;
	/* What was given to him a moment ago, through another server, may not have come here yet. */
	if (!r->is_fresh)
		return request_refresh(r);
	if (is_more)
		return forbid_missing(r, missing);
	return forbid(r, STR("must have cluster-admin privileges to use the aggregationRule"));
}

static enum next no_role(struct request *r, const struct grant *grant)
{
	if (!r->is_fresh)
		return request_refresh(r);
	return request_fail(r, failure_not_found(r->arena, STR("rbac.authorization.k8s.io"),
						 grant->resource, grant->role->name));
}

static enum next judge_binding(struct request *r, const struct grant *grant)
{
	struct check_context check = request_context(r);
	struct str kind = name_quoted(r->arena, grant->role->kind);
	struct rbac_policy_rule_list wanted;

	switch (rbac_granted(&check, grant->role, r->route.namespace, &wanted)) {
	case OK: return judge_rules(r, grant, wanted);
	case NOT_FOUND: return no_role(r, grant);
	default:
		return request_fail(
		    r, failure_plain(r->arena, 500,
				     request_printf(r, "unsupported role reference kind: " STR_FMT,
						    STR_ARG(kind))));
	}
}

enum next escalation_check(struct request *r)
{
	struct access_verdict verdict = { 0 };
	struct attributes attributes;
	struct grant grant;

	if (!grant_of(r, &grant) || user_is_in(&r->user, GROUP_MASTERS) || write_is_upkeep(r))
		return NEXT;
	attributes = (struct attributes){ .user = &r->user,
					  .verb = grant.verb,
					  .is_resource = true,
					  .group = grant.group,
					  .version = STR("*"),
					  .resource = grant.resource,
					  .namespace = grant.namespace,
					  .name = grant.name };
	if (grant.resource.at != NULL && access_ask(r, &attributes, false, &verdict) == WAIT)
		return WAIT;
	access_reset(r);
	if (verdict.is_allowed)
		return NEXT;
	return grant.role != NULL ? judge_binding(r, &grant) : judge_rules(r, &grant, grant.rules);
}
