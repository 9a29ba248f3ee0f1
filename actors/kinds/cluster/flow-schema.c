#include "actors/kinds/field/condition.h"
#include "actors/kinds/kinds.h"
#include "actors/kinds/rule.h"
#include "datastore/object/json.h"
#include "datastore/object/name.h"
#include "datastore/object/record.h"
#include "datastore/schema/flowcontrol.h"
#include "datastore/schema/type.h"

/*
 * The FlowSchema: which requests go by which priority level (upstream: apis/flowcontrol/validation, ValidateFlowSchema).
 */

#define PRECEDENCE_MAX 10000
#define ALL STR("*")
#define EVERYTHING                                                                           \
	"\"resourceRules\":[{\"verbs\":[\"*\"],\"apiGroups\":[\"*\"],\"resources\":[\"*\"]," \
	"\"clusterScope\":true,\"namespaces\":[\"*\"]}],\"nonResourceRules\":[{\"verbs\":["  \
	"\"*\"],\"nonResourceURLs\":[\"*\"]}]"

/* Two are what the server falls back upon: they are as they are. */
static const struct {
	const char *name, *spec;
} fixed[] = {
	{ "exempt",
	  "{\"priorityLevelConfiguration\":{\"name\":\"exempt\"},\"matchingPrecedence\":1,"
	  "\"rules\":[{"
	  "\"subjects\":[{\"kind\":\"Group\",\"group\":{\"name\":\"system:masters\"}}]," EVERYTHING
	  "}]}" },
	{ "catch-all",
	  "{\"priorityLevelConfiguration\":{\"name\":\"catch-all\"},\"matchingPrecedence\":10000,"
	  "\"distinguisherMethod\":{\"type\":\"ByUser\"},\"rules\":[{\"subjects\":[{\"kind\":"
	  "\"Group\","
	  "\"group\":{\"name\":\"system:unauthenticated\"}},{\"kind\":\"Group\",\"group\":{"
	  "\"name\":"
	  "\"system:authenticated\"}}]," EVERYTHING "}]}" },
};

static void check_fixed(const struct path *at, struct str name,
			const struct flowcontrol_flow_schema_spec *spec)
{
	const struct type *type = &flowcontrol_flow_schema_spec_type;
	void *wanted;

	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
		if (!str_is(name, fixed[i].name) ||
		    json_decode(type, str_from(fixed[i].spec), path_arena(at),
				(struct json_options){ 0 }, &wanted, NULL) != OK)
			continue;
		if (!record_equal(type, spec, wanted))
			path_fault(at, FAULT_INVALID, path_shown_record(at, type, spec),
				   "spec of '%s' must equal the fixed value", fixed[i].name);
	}
}

/* ---- subjects -------------------------------------------------------------------------------------------- */

static void check_account(const struct path *at,
			  const struct flowcontrol_service_account_subject *account)
{
	if (account == NULL) {
		path_required(at,
			      "serviceAccount is required when subject kind is 'ServiceAccount'");
		return;
	}
	if (rule_needed(PATH(at, "name"), account->name, "") && !str_eq(account->name, ALL))
		rule_name(PATH(at, "name"), NAME_DNS_SUBDOMAIN, account->name);
	rule_needed_name(PATH(at, "namespace"), NAME_DNS_LABEL, account->namespace,
			 "must specify namespace for service account");
}

/* The member of its kind must be there, the others must not. */
static void check_subject(const struct path *at, const struct flowcontrol_subject *s)
{
	bool is_user = str_is(s->kind, "User"), is_group = str_is(s->kind, "Group");
	bool is_account = str_is(s->kind, "ServiceAccount");
	const struct path *user = PATH(at, "user"), *group = PATH(at, "group");
	const struct path *account = PATH(at, "serviceAccount");

	if (!is_user && !is_group && !is_account) {
		path_not_supported(PATH(at, "kind"), s->kind,
				   "\"Group\", \"ServiceAccount\", \"User\"");
		return;
	}
	if (is_account)
		check_account(account, s->service_account);
	else if (is_user && s->user == NULL)
		path_required(user, "user is required when subject kind is 'User'");
	else if (is_group && s->group == NULL)
		path_required(group, "group is required when subject kind is 'Group'");
	else
		rule_needed(PATH(is_user ? user : group, "name"),
			    is_user ? s->user->name : s->group->name, "");
	if (!is_user && s->user != NULL)
		path_forbidden(user, "user is forbidden when subject kind is not 'User'");
	if (!is_group && s->group != NULL)
		path_forbidden(group, "group is forbidden when subject kind is not 'Group'");
	if (!is_account && s->service_account != NULL)
		path_forbidden(
		    account,
		    "serviceAccount is forbidden when subject kind is not 'ServiceAccount'");
}

/* ---- rules ----------------------------------------------------------------------------------------------- */

/* Not empty, and a star stands alone; true: each of them is to be looked at. */
static bool check_list(const struct path *at, struct str_list list, const char *needed,
		       const char *others)
{
	if (list.len == 0)
		return path_required(at, needed);
	if (!str_list_has(list, ALL))
		return true;
	if (list.len > 1)
		path_fault(at, FAULT_INVALID, path_shown_list(at, list),
			   "if '*' is present, must not specify other %s", others);
	return false;
}

static void check_verbs(const struct path *at, struct str_list verbs)
{
	static const char *const known[] = { "create", "delete", "deletecollection", "get",  "list",
					     "patch",  "proxy",  "update",           "watch" };

	if (!check_list(at, verbs, "verbs must contain at least one value", "verbs"))
		return;
	for (uint32_t i = 0; i < verbs.len; i++) {
		bool is_known = false;

		for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
			is_known |= str_is(verbs.at[i], known[k]);
		if (is_known)
			continue;
		path_fault(
		    at, FAULT_NOT_SUPPORTED, path_shown_list(at, verbs),
		    "supported values: \"create\", \"delete\", \"deletecollection\", \"get\", "
		    "\"list\", \"patch\", \"proxy\", \"update\", \"watch\"");
		return;
	}
}

static void check_resource_rule(const struct path *at,
				const struct flowcontrol_resource_policy_rule *rule)
{
	const struct path *namespaces = PATH(at, "namespaces");

	check_verbs(PATH(at, "verbs"), rule->verbs);
	check_list(PATH(at, "apiGroups"), rule->api_groups,
		   "resource rules must supply at least one api group", "api groups");
	check_list(PATH(at, "resources"), rule->resources,
		   "resource rules must supply at least one resource", "resources");
	if (rule->namespaces.len == 0 && rule->cluster_scope)
		return;
	if (!check_list(namespaces, rule->namespaces,
			"resource rules that are not cluster scoped must supply at least one "
			"namespace",
			"namespaces"))
		return;
	for (uint32_t i = 0; i < rule->namespaces.len; i++)
		rule_name(PATH_AT(namespaces, i), NAME_DNS_LABEL, rule->namespaces.at[i]);
}

/* What is wrong first is said, and nothing else. */
static const char *path_words(struct str path)
{
	int64_t star = str_find_char(path, '*');

	if (path.len == 0)
		return "must not be empty";
	if (str_is(path, "/"))
		return NULL;
	if (!str_starts(path, STR("/")))
		return "must start with slash";
	if (str_find_char(path, ' ') >= 0)
		return "must not contain white-space";
	if (str_find(path, STR("//")) >= 0)
		return "must not contain double slash";
	if (star >= 0 && (star != (int64_t)path.len - 1 || !str_ends(path, STR("/*"))))
		return "wildcard can only do suffix matching";
	return NULL;
}

static void check_other_rule(const struct path *at,
			     const struct flowcontrol_non_resource_policy_rule *rule)
{
	const struct path *urls = PATH(at, "nonResourceURLs");

	check_verbs(PATH(at, "verbs"), rule->verbs);
	if (!check_list(urls, rule->non_resource_urls,
			"nonResourceURLs must contain at least one value", "non-resource URLs"))
		return;
	for (uint32_t i = 0; i < rule->non_resource_urls.len; i++) {
		const char *words = path_words(rule->non_resource_urls.at[i]);

		if (words != NULL)
			path_invalid(PATH_AT(urls, i), rule->non_resource_urls.at[i], words);
	}
}

static void check_rules(const struct path *at,
			const struct flowcontrol_policy_rules_with_subjects *rules)
{
	const struct path *subjects = PATH(at, "subjects");

	if (rules->subjects.len == 0)
		path_required(subjects, "subjects must contain at least one value");
	for (uint32_t i = 0; i < rules->subjects.len; i++)
		check_subject(PATH_AT(subjects, i), &rules->subjects.at[i]);
	if (rules->resource_rules.len == 0 && rules->non_resource_rules.len == 0)
		path_required(
		    at, "at least one of resourceRules and nonResourceRules has to be non-empty");
	for (uint32_t i = 0; i < rules->resource_rules.len; i++)
		check_resource_rule(PATH_AT(PATH(at, "resourceRules"), i),
				    &rules->resource_rules.at[i]);
	for (uint32_t i = 0; i < rules->non_resource_rules.len; i++)
		check_other_rule(PATH_AT(PATH(at, "nonResourceRules"), i),
				 &rules->non_resource_rules.at[i]);
}

/* ---- the schema --------------------------------------------------------------------------------------------- */

static void validate(struct kind_change *change)
{
	const struct flowcontrol_flow_schema *schema = change->object;
	const struct flowcontrol_flow_schema_spec *spec = schema->spec;
	const struct path *at = PATH_ROOT(change->faults, "spec");
	const struct path *precedence = PATH(at, "matchingPrecedence");
	int32_t value = spec->matching_precedence;

	if (value <= 0)
		path_invalid_number(precedence, value, "must be a positive value");
	if (value > PRECEDENCE_MAX)
		path_invalid_number(precedence, value, "must not be greater than 10000");
	if (value == 1 && !str_is(schema->metadata->name, "exempt"))
		path_invalid_number(precedence, value,
				    "only the schema named 'exempt' may have matchingPrecedence 1");
	if (spec->distinguisher_method != NULL)
		rule_one_of(PATH(PATH(at, "distinguisherMethod"), "type"),
			    spec->distinguisher_method->type,
			    &flowcontrol_flow_distinguisher_method_type_values);
	rule_needed_name(PATH(PATH(at, "priorityLevelConfiguration"), "name"), NAME_DNS_SUBDOMAIN,
			 spec->priority_level_configuration->name,
			 "must reference a priority level");
	for (uint32_t i = 0; i < spec->rules.len; i++)
		check_rules(PATH_AT(PATH(at, "rules"), i), &spec->rules.at[i]);
	check_fixed(at, schema->metadata->name, spec);
}

static const struct kind_subresource subresources[] = {
	{ "status", kind_prepare_status_alone, condition_check_types },
};

const struct kind_rules kind_flow_schema = {
	.group = "flowcontrol.apiserver.k8s.io",
	.kind = "FlowSchema",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.has_generation = true,
	.validate_create = validate,
	.validate_update = validate,
	.subresources = subresources,
	.subresource_count = 1,
};
