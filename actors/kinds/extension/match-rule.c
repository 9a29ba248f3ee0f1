#include "actors/kinds/extension/match-rule.h"

#include "actors/kinds/seen.h"
#include "datastore/object/name.h"

#define CONDITIONS_MAX 64U

/* A star says all: beside it nothing else makes sense. */
static void check_star(const struct path *at, struct str_list list, const char *words)
{
	if (list.len > 1 && str_list_has(list, STR("*")))
		path_fault(at, FAULT_INVALID, path_shown_list(at, list), "%s", words);
}

static void check_operations(const struct path *at, struct str_list operations)
{
	if (operations.len == 0)
		path_required(at, "");
	check_star(at, operations, "if '*' is present, must not specify other operations");
	for (uint32_t i = 0; i < operations.len; i++) {
		struct str word = operations.at[i];

		if (!str_is(word, "*") && !str_is(word, "CREATE") && !str_is(word, "UPDATE") &&
		    !str_is(word, "DELETE") && !str_is(word, "CONNECT"))
			path_not_supported(
			    PATH_AT(at, i), word,
			    "\"*\", \"CONNECT\", \"CREATE\", \"DELETE\", \"UPDATE\"");
	}
}

/* What a list of resources has said so far. */
struct told {
	struct seen resources;    /* r of r/\* */
	struct seen subresources; /* s of *\/s */
	bool has_all;             /* *\/\* */
	bool has_star;            /* * */
	bool has_plain;           /* of the last without a slash: it is no star; as upstream */
};

static void check_part(const struct path *at, struct str resource, struct told *told)
{
	struct str rest = resource, first = str_cut(&rest, '/');
	struct str shown = name_quoted(path_arena(at), resource);

	if (seen_has(&told->resources, first))
		path_fault(at, FAULT_INVALID, shown,
			   "if '" STR_FMT "/*' is present, must not specify " STR_FMT,
			   STR_ARG(first), STR_ARG(resource));
	if (seen_has(&told->subresources, rest))
		path_fault(at, FAULT_INVALID, shown,
			   "if '*/" STR_FMT "' is present, must not specify " STR_FMT,
			   STR_ARG(rest), STR_ARG(resource));
	if (str_is(rest, "*"))
		seen_add(&told->resources, first);
	if (str_is(first, "*"))
		seen_add(&told->subresources, rest);
}

static void check_resource(const struct path *at, struct str resource, struct told *told)
{
	if (resource.len == 0) {
		path_required(at, "");
		return;
	}
	told->has_all |= str_is(resource, "*/*");
	told->has_star |= str_is(resource, "*");
	if (str_find_char(resource, '/') < 0)
		told->has_plain = !str_is(resource, "*");
	else
		check_part(at, resource, told);
}

static void check_resources(const struct path *at, struct str_list resources)
{
	struct told told = { seen_in(path_arena(at)), seen_in(path_arena(at)), false, false, false };

	if (resources.len == 0)
		path_required(at, "");
	for (uint32_t i = 0; i < resources.len; i++)
		check_resource(PATH_AT(at, i), resources.at[i], &told);
	if (resources.len > 1 && told.has_all)
		path_fault(at, FAULT_INVALID, path_shown_list(at, resources),
			   "if '*/*' is present, must not specify other resources");
	if (told.has_star && told.has_plain)
		path_fault(at, FAULT_INVALID, path_shown_list(at, resources),
			   "if '*' is present, must not specify other resources without "
			   "subresources");
}

static void check_rule(const struct path *at, const struct admissionregistration_rule *rule)
{
	const struct path *groups = PATH(at, "apiGroups"), *versions = PATH(at, "apiVersions");

	if (rule->api_groups.len == 0)
		path_required(groups, "");
	check_star(groups, rule->api_groups, "if '*' is present, must not specify other API groups");
	if (rule->api_versions.len == 0)
		path_required(versions, "");
	check_star(versions, rule->api_versions,
		   "if '*' is present, must not specify other API versions");
	for (uint32_t i = 0; i < rule->api_versions.len; i++)
		if (rule->api_versions.at[i].len == 0)
			path_required(PATH_AT(versions, i), "");
	check_resources(PATH(at, "resources"), rule->resources);
	if (rule->scope.at != NULL && !str_is(rule->scope, "*") &&
	    !str_is(rule->scope, "Cluster") && !str_is(rule->scope, "Namespaced"))
		path_not_supported(PATH(at, "scope"), rule->scope,
				   "\"*\", \"Cluster\", \"Namespaced\"");
}

void match_rule_check(const struct path *at,
		      const struct admissionregistration_rule_with_operations *rule)
{
	check_operations(PATH(at, "operations"), rule->operations);
	check_rule(at, rule->rule);
}

void match_rule_check_expression(const struct path *at, struct policy *policy, struct str text,
				 enum policy_result result, bool has_authorizer)
{
	struct cel_program *program;
	struct str words;

	if (str_trim(text).len > 0 &&
	    policy_compile(policy, text, result, has_authorizer, &program, &words) != OK)
		path_invalid(at, text, words.at);
}

void match_rule_check_conditions(const struct path *at,
				 struct admissionregistration_match_condition_list conditions,
				 bool has_params)
{
	struct policy policy = policy_in(path_arena(at), has_params, false);
	struct seen seen = seen_in(path_arena(at));

	if (conditions.len > CONDITIONS_MAX)
		path_too_many(at, conditions.len, CONDITIONS_MAX);
	for (uint32_t i = 0; i < conditions.len; i++) {
		const struct path *here = PATH_AT(at, i);
		struct str expression = str_trim(conditions.at[i].expression);

		rule_needed(PATH(here, "expression"), expression, "");
		match_rule_check_expression(PATH(here, "expression"), &policy, expression,
					    POLICY_BOOL, true);
		rule_needed_name(PATH(here, "name"), NAME_LABEL_KEY, conditions.at[i].name, "");
		if (conditions.at[i].name.len > 0 && !seen_add(&seen, conditions.at[i].name))
			path_duplicate(PATH(here, "name"), conditions.at[i].name);
	}
}
