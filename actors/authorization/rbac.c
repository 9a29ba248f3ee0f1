/*
 * Role-based access control: a request is allowed if a rule of a role that is bound to its user, one of the user's groups or its
 * service account says so. Cluster role bindings count everywhere, role bindings in their namespace. There are
 * no rules that deny (Kubernetes reference, "Using RBAC Authorization").
 *
 * Bindings are walked for each request: a cluster has some sixty, and most requests are decided by the first few.
 */
#include "actors/authorization/rbac.h"
#include "actors/authorization/authorizer.h"
#include "actors/authorization/mechanisms.h"
#include "actors/client/user.h"
#include "datastore/object/object.h"
#include "runtime/base/arena.h"
#include "runtime/base/str.h"

#define SERVICE_ACCOUNT "system:serviceaccount:"

/* ---- who ----------------------------------------------------------------------------------------------- */

static bool is_account(const struct user *user, struct str namespace, struct str name)
{
	struct str rest = user->name;

	if (!str_starts(rest, STR(SERVICE_ACCOUNT)))
		return false;
	rest = str_slice(rest, sizeof SERVICE_ACCOUNT - 1, rest.len);
	return rest.len == namespace.len + 1 + name.len && str_starts(rest, namespace) &&
	       rest.at[namespace.len] == ':' && str_ends(rest, name);
}

/* A service account subject without a namespace is one of the binding's own. */
static bool is_subject(const struct rbac_subject *subject, const struct user *user,
		       struct str namespace)
{
	if (str_is(subject->kind, "User"))
		return str_eq(subject->name, user->name);
	if (str_is(subject->kind, "Group"))
		return user_is_in(user, subject->name);
	if (str_is(subject->kind, "ServiceAccount"))
		return is_account(user, subject->namespace.len > 0 ? subject->namespace : namespace,
				  subject->name);
	return false;
}

static const struct rbac_subject *find_subject(struct rbac_subject_list subjects,
					       const struct user *user, struct str namespace)
{
	for (uint32_t i = 0; i < subjects.len; i++)
		if (is_subject(&subjects.at[i], user, namespace))
			return &subjects.at[i];
	return NULL;
}

/* ---- what -------------------------------------------------------------------------------------------------- */

static bool has(struct str_list list, struct str word)
{
	for (uint32_t i = 0; i < list.len; i++)
		if (str_is(list.at[i], "*") || str_eq(list.at[i], word))
			return true;
	return false;
}

/* "pods", "pods/log", "*", and "*" followed by a slash and a subresource. */
static bool has_resource(struct str_list list, const struct attributes *a)
{
	for (uint32_t i = 0; i < list.len; i++) {
		struct str rest = list.at[i], resource = str_cut(&rest, '/');

		if (str_is(list.at[i], "*"))
			return true;
		if (!str_eq(rest, a->subresource))
			continue;
		if (str_eq(resource, a->resource) ||
		    (str_is(resource, "*") && a->subresource.len > 0))
			return true;
	}
	return false;
}

static bool has_name(struct str_list list, struct str name)
{
	if (list.len == 0)
		return true;
	for (uint32_t i = 0; i < list.len; i++)
		if (name.len > 0 && str_eq(list.at[i], name))
			return true;
	return false;
}

/* A trailing star stands for whatever follows. */
static bool has_path(struct str_list list, struct str path)
{
	for (uint32_t i = 0; i < list.len; i++) {
		struct str pattern = list.at[i];

		if (str_eq(pattern, path) ||
		    (str_ends(pattern, STR("*")) &&
		     str_starts(path, str_slice(pattern, 0, pattern.len - 1))))
			return true;
	}
	return false;
}

static bool allows(const struct rbac_policy_rule *rule, const struct attributes *a)
{
	if (!has(rule->verbs, a->verb))
		return false;
	if (!a->is_resource)
		return has_path(rule->non_resource_urls, a->path);
	return has(rule->api_groups, a->group) && has_resource(rule->resources, a) &&
	       has_name(rule->resource_names, a->name);
}

/* ---- bindings ------------------------------------------------------------------------------------------------ */

/* Called with each list of rules that is bound to the user; false ends the walk. */
typedef bool rules_fn(void *arg, struct rbac_policy_rule_list rules, const struct object *binding,
		      const struct rbac_role_ref *role, const struct rbac_subject *subject);

struct walk {
	const struct check_context *check;
	const struct user *user;
	rules_fn *found;
	void *arg;
	bool goes_on;
};

enum status rbac_granted(const struct check_context *check, const struct rbac_role_ref *ref,
			 struct str namespace, struct rbac_policy_rule_list *out)
{
	const struct object *object;

	if (ref != NULL && str_is(ref->kind, "ClusterRole")) {
		object = check_get(check, &rbac_cluster_role_type, STR_NONE, ref->name);
		if (object != NULL)
			*out = ((const struct rbac_cluster_role *)object->record)->rules;
	} else if (ref != NULL && str_is(ref->kind, "Role")) {
		object = check_get(check, &rbac_role_type, namespace, ref->name);
		if (object != NULL)
			*out = ((const struct rbac_role *)object->record)->rules;
	} else {
		return BAD_REQUEST;
	}
	return object != NULL ? OK : NOT_FOUND;
}

/* A binding to a role that is not there grants nothing. */
static struct rbac_policy_rule_list rules_of(const struct check_context *check,
					     const struct rbac_role_ref *ref, struct str namespace)
{
	struct rbac_policy_rule_list rules = { 0 };

	return rbac_granted(check, ref, namespace, &rules) == OK
		   ? rules
		   : (struct rbac_policy_rule_list){ 0 };
}

static bool visit_cluster_binding(void *arg, const struct object *object)
{
	const struct rbac_cluster_role_binding *binding = object->record;
	struct walk *walk = arg;
	const struct rbac_subject *subject = find_subject(binding->subjects, walk->user, STR(""));

	if (subject != NULL)
		walk->goes_on =
		    walk->found(walk->arg, rules_of(walk->check, binding->role_ref, STR_NONE),
				object, binding->role_ref, subject);
	return walk->goes_on;
}

static bool visit_binding(void *arg, const struct object *object)
{
	const struct rbac_role_binding *binding = object->record;
	struct walk *walk = arg;
	struct str namespace = object_namespace(object);
	const struct rbac_subject *subject = find_subject(binding->subjects, walk->user, namespace);

	if (subject != NULL)
		walk->goes_on =
		    walk->found(walk->arg, rules_of(walk->check, binding->role_ref, namespace),
				object, binding->role_ref, subject);
	return walk->goes_on;
}

static void each_rules(const struct check_context *check, const struct user *user,
		       struct str namespace, rules_fn *found, void *arg)
{
	struct walk walk = { check, user, found, arg, true };
	const struct reader *reader = check->reader;

	reader->each(reader->self, &rbac_cluster_role_binding_type, STR_NONE, visit_cluster_binding,
		     &walk);
	if (walk.goes_on && namespace.len > 0)
		reader->each(reader->self, &rbac_role_binding_type, namespace, visit_binding, &walk);
}

/* ---- the authorizer ------------------------------------------------------------------------------------------ */

struct decision {
	const struct attributes *attributes;
	struct arena *arena;
	struct str reason;
	bool is_allowed, wants_reason;
};

/* ClusterRoleBinding "a" of ClusterRole "r" to ServiceAccount "s/ns"; a RoleBinding is "a/ns". */
static struct str reason_of(struct arena *arena, const struct object *binding,
			    const struct rbac_role_ref *role, const struct rbac_subject *subject)
{
	struct str namespace = object_namespace(binding), kind = type_kind(binding->type);
	struct str name = object_name(binding);
	bool is_account = str_is(subject->kind, "ServiceAccount");

	return arena_printf(arena,
			    "RBAC: allowed by " STR_FMT " \"" STR_FMT "%s" STR_FMT "\" of " STR_FMT
			    " \"" STR_FMT "\" to " STR_FMT " \"" STR_FMT "%s" STR_FMT "\"",
			    STR_ARG(kind), STR_ARG(name), namespace.len ? "/" : "",
			    STR_ARG(namespace), STR_ARG(role->kind), STR_ARG(role->name),
			    STR_ARG(subject->kind), STR_ARG(subject->name), is_account ? "/" : "",
			    is_account ? (int)subject->namespace.len : 0, subject->namespace.at);
}

static bool decide(void *arg, struct rbac_policy_rule_list rules, const struct object *binding,
		   const struct rbac_role_ref *role, const struct rbac_subject *subject)
{
	struct decision *decision = arg;

	for (uint32_t i = 0; i < rules.len && !decision->is_allowed; i++)
		decision->is_allowed = allows(&rules.at[i], decision->attributes);
	if (decision->is_allowed && decision->wants_reason)
		decision->reason = reason_of(decision->arena, binding, role, subject);
	return !decision->is_allowed;
}

static enum check check(const struct authorizer *authorizer, struct authorization *authorization)
{
	struct decision decision = { &authorization->attributes, authorization->check.arena,
				     STR_NONE, false, authorization->wants_reason };

	(void)authorizer;
	each_rules(&authorization->check, authorization->attributes.user,
		   authorization->attributes.is_resource ? authorization->attributes.namespace
							 : STR_NONE,
		   decide, &decision);
	if (decision.is_allowed) {
		authorization->reason = decision.reason;
		return CHECK_ALLOW;
	}
	/* A binding written through another server a moment ago may not have come here yet. */
	return authorization->check.is_fresh ? CHECK_PASS : check_refresh(&authorization->check);
}

static bool collect(void *arg, struct rbac_policy_rule_list rules, const struct object *binding,
		    const struct rbac_role_ref *role, const struct rbac_subject *subject)
{
	(void)binding;
	(void)role;
	(void)subject;
	for (uint32_t i = 0; i < rules.len; i++) {
		const struct rbac_policy_rule *r = &rules.at[i];

		authorizer_rules_add(
		    arg, (struct authorizer_rule){ .verbs = r->verbs.at,
						   .groups = r->api_groups.at,
						   .resources = r->resources.at,
						   .resource_names = r->resource_names.at,
						   .paths = r->non_resource_urls.at,
						   .verb_count = r->verbs.len,
						   .group_count = r->api_groups.len,
						   .resource_count = r->resources.len,
						   .resource_name_count = r->resource_names.len,
						   .path_count = r->non_resource_urls.len });
	}
	return true;
}

static void list_rules(const struct authorizer *authorizer, struct check_context *context,
		       const struct user *user, struct str namespace, struct authorizer_rules *out)
{
	(void)authorizer;
	each_rules(context, user, namespace, collect, out);
}

/* ---- all that a user holds ------------------------------------------------------------------------------------- */

struct held {
	struct arena *arena;
	struct rbac_policy_rule_list rules;
};

static bool hold(void *arg, struct rbac_policy_rule_list rules, const struct object *binding,
		 const struct rbac_role_ref *role, const struct rbac_subject *subject)
{
	struct held *held = arg;
	struct rbac_policy_rule_list *all = &held->rules;

	(void)binding;
	(void)role;
	(void)subject;
	if (rules.len == 0)
		return true;
	all->at = arena_grow(held->arena, all->at, all->len * sizeof *all->at,
			     (all->len + rules.len) * sizeof *all->at);
	memcpy(&all->at[all->len], rules.at, rules.len * sizeof *all->at);
	all->len += rules.len;
	return true;
}

struct rbac_policy_rule_list rbac_held(const struct check_context *check, const struct user *user,
				       struct str namespace)
{
	struct held held = { .arena = check->arena };

	each_rules(check, user, namespace, hold, &held);
	return held.rules;
}

struct authorizer authorization_rbac(void)
{
	return (struct authorizer){ .name = "RBAC", .check = check, .rules = list_rules };
}
