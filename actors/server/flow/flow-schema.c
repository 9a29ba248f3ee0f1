#include "actors/server/flow/flow-schema.h"

#include "datastore/schema/flowcontrol.h"
#include "datastore/schema/type.h"

#define ACCOUNT_PREFIX STR("system:serviceaccount:")

/* A star counts only where it stands alone. */
static bool is_all(struct str_list list)
{
	return list.len == 1 && str_is(list.at[0], "*");
}

static bool has(struct str_list list, struct str value)
{
	return is_all(list) || str_list_has(list, value);
}

/* ---- who ------------------------------------------------------------------------------------------------------ */

static bool is_account(const struct flowcontrol_service_account_subject *account, struct str name)
{
	struct str namespace;

	if (!str_starts(name, ACCOUNT_PREFIX))
		return false;
	name = str_slice(name, ACCOUNT_PREFIX.len, name.len);
	namespace = str_cut(&name, ':');
	return str_eq(namespace, account->namespace) && name.len > 0 &&
	       (str_is(account->name, "*") || str_eq(name, account->name));
}

static bool is_user(struct str wanted, const struct user *user)
{
	return str_is(wanted, "*") || str_eq(wanted, user->name);
}

static bool is_subject(const struct flowcontrol_subject *subject, const struct user *user)
{
	if (subject->group != NULL)
		return str_is(subject->group->name, "*") || user_is_in(user, subject->group->name);
	if (subject->user != NULL)
		return is_user(subject->user->name, user);
	return subject->service_account != NULL && is_account(subject->service_account, user->name);
}

static bool is_asker(const struct flowcontrol_policy_rules_with_subjects *rule,
		     const struct user *user)
{
	for (uint32_t i = 0; i < rule->subjects.len; i++)
		if (is_subject(&rule->subjects.at[i], user))
			return true;
	return false;
}

/* ---- what ----------------------------------------------------------------------------------------------------- */

/* "pods/status" names a part. */
static bool is_resource(struct str wanted, const struct route *route)
{
	struct str rest = wanted, name = str_cut(&rest, '/');

	return str_eq(name, route->resource) &&
	       (route->subresource.len > 0 ? str_eq(rest, route->subresource) : rest.at == NULL);
}

static bool has_resource(struct str_list resources, const struct route *route)
{
	if (is_all(resources))
		return true;
	for (uint32_t i = 0; i < resources.len; i++)
		if (is_resource(resources.at[i], route))
			return true;
	return false;
}

static bool is_about_resource(const struct flowcontrol_resource_policy_rule *rule,
			      const struct route *route)
{
	if (!has(rule->verbs, route->verb_name) || !has(rule->api_groups, route->group) ||
	    !has_resource(rule->resources, route))
		return false;
	return route->namespace.len > 0 ? has(rule->namespaces, route->namespace)
					: rule->cluster_scope;
}

/* "/healthz", or "/apis/" and all below by "/apis/" with a star. */
static bool is_path(struct str wanted, struct str path)
{
	if (str_is(wanted, "*") || str_eq(wanted, path))
		return true;
	return str_ends(wanted, STR("/*")) && str_starts(path, str_slice(wanted, 0, wanted.len - 1));
}

static bool is_about_path(const struct flowcontrol_non_resource_policy_rule *rule,
			  const struct flow_asked *asked)
{
	if (!has(rule->verbs, asked->route->verb_name))
		return false;
	for (uint32_t i = 0; i < rule->non_resource_urls.len; i++)
		if (is_path(rule->non_resource_urls.at[i], asked->path))
			return true;
	return false;
}

static bool is_about(const struct flowcontrol_policy_rules_with_subjects *rule,
		     const struct flow_asked *asked)
{
	if (asked->route->is_resource) {
		for (uint32_t i = 0; i < rule->resource_rules.len; i++)
			if (is_about_resource(&rule->resource_rules.at[i], asked->route))
				return true;
		return false;
	}
	for (uint32_t i = 0; i < rule->non_resource_rules.len; i++)
		if (is_about_path(&rule->non_resource_rules.at[i], asked))
			return true;
	return false;
}

bool flow_schema_matches(const struct flowcontrol_flow_schema_spec *spec,
			 const struct flow_asked *asked)
{
	for (uint32_t i = 0; i < spec->rules.len; i++)
		if (is_asker(&spec->rules.at[i], asked->user) && is_about(&spec->rules.at[i], asked))
			return true;
	return false;
}

struct str flow_schema_distinguisher(const struct flowcontrol_flow_schema_spec *spec,
				     const struct flow_asked *asked)
{
	struct str namespace = asked->route->namespace;

	if (spec->distinguisher_method == NULL)
		return STR("");
	if (str_is(spec->distinguisher_method->type, "ByUser"))
		return asked->user->name;
	return namespace.at != NULL ? namespace : STR("");
}
