#include "actors/admission/policy-match.h"

#include "datastore/object/record.h"
#include "datastore/object/selector.h"
#include "datastore/schema/core.h"

static bool has(struct str_list list, struct str wanted)
{
	for (uint32_t i = 0; i < list.len; i++)
		if (str_is(list.at[i], "*") || str_eq(list.at[i], wanted))
			return true;
	return false;
}

bool policy_match_is_exempt(const struct admission *admission)
{
	struct str group = admission->group, resource = admission->resource;

	if (str_is(group, "admissionregistration.k8s.io"))
		return true;
	if (str_is(group, "authentication.k8s.io"))
		return str_is(resource, "selfsubjectreviews") || str_is(resource, "tokenreviews");
	return str_is(group, "authorization.k8s.io");
}

/* ---- rules ---------------------------------------------------------------------------------------------------------- */

static bool is_operation(const struct admission *admission, struct str_list operations)
{
	switch (admission->operation) {
	case ADMISSION_CREATE: return has(operations, STR("CREATE"));
	case ADMISSION_UPDATE: return has(operations, STR("UPDATE"));
	case ADMISSION_DELETE: return has(operations, STR("DELETE"));
	case ADMISSION_CONNECT: return has(operations, STR("CONNECT"));
	}
	return false;
}

/* `pods`, `pods/status`, `pods` and all below it as `pods/` and a star; a star alone is all without subresources. */
static bool is_resource(const struct admission *admission, struct str_list resources)
{
	for (uint32_t i = 0; i < resources.len; i++) {
		struct str sub = resources.at[i], main = str_cut(&sub, '/');
		bool is_any_sub = sub.at != NULL && str_is(sub, "*");

		if (!str_is(main, "*") && !str_eq(main, admission->resource))
			continue;
		if (is_any_sub || str_eq(sub, admission->subresource))
			return true;
	}
	return false;
}

static bool is_namespaced(const struct admission *admission)
{
	return admission->namespace.len > 0 &&
	       !(admission->group.len == 0 && str_is(admission->resource, "namespaces"));
}

static bool is_scope(const struct admission *admission, struct str scope)
{
	if (scope.len == 0 || str_is(scope, "*"))
		return true;
	return str_is(scope, "Namespaced") == is_namespaced(admission);
}

static bool is_named(const struct admission *admission, struct str_list names)
{
	if (names.len == 0)
		return true;
	for (uint32_t i = 0; i < names.len; i++)
		if (str_eq(names.at[i], admission->name))
			return true;
	return false;
}

static bool is_rule(const struct admission *admission,
		    const struct admissionregistration_named_rule_with_operations *named)
{
	const struct admissionregistration_rule_with_operations *with = named->rule_with_operations;
	const struct admissionregistration_rule *rule = with != NULL ? with->rule : NULL;

	return rule != NULL && is_operation(admission, with->operations) &&
	       has(rule->api_groups, admission->group) &&
	       has(rule->api_versions, admission->version) &&
	       is_resource(admission, rule->resources) && is_scope(admission, rule->scope) &&
	       is_named(admission, named->resource_names);
}

static bool is_any_rule(const struct admission *admission,
			struct admissionregistration_named_rule_with_operations_list rules)
{
	for (uint32_t i = 0; i < rules.len; i++)
		if (is_rule(admission, &rules.at[i]))
			return true;
	return false;
}

/* ---- selectors -------------------------------------------------------------------------------------------------------- */

static bool is_empty(const struct meta_label_selector *selector)
{
	return selector == NULL ||
	       (selector->match_labels.len == 0 && selector->match_expressions.len == 0);
}

static bool selects(const struct admission *admission, const struct meta_label_selector *selector,
		    struct str_map labels)
{
	struct selector parsed;

	return selector_from_label_selector(selector, admission->check.arena, &parsed, NULL) == OK &&
	       selector_matches_labels(&parsed, labels);
}

static bool selects_record(const struct admission *admission,
			   const struct meta_label_selector *selector, const void *record)
{
	const struct meta_object_meta *meta =
	    record != NULL ? record_meta(admission->type, record) : NULL;

	return meta != NULL && selects(admission, selector, meta->labels);
}

static bool is_object_selected(const struct admission *admission,
			       const struct meta_label_selector *selector)
{
	return is_empty(selector) || selects_record(admission, selector, admission->object) ||
	       selects_record(admission, selector, admission->old);
}

/* A namespace is judged by its own labels, what is in it by those of the namespace. */
static bool is_namespace_selected(const struct admission *admission,
				  const struct meta_label_selector *selector)
{
	bool is_itself = admission->group.len == 0 && str_is(admission->resource, "namespaces");
	const struct object *namespace;

	if (is_empty(selector))
		return true;
	if (is_itself && admission->object != NULL && admission->subresource.len == 0)
		return selects_record(admission, selector, admission->object);
	if (!is_itself && admission->namespace.len == 0)
		return true;
	namespace = check_get(&admission->check, &core_namespace_type, STR(""),
			      is_itself ? admission->name : admission->namespace);
	return namespace != NULL && selects(admission, selector, object_meta(namespace)->labels);
}

bool policy_match(const struct admission *admission,
		  const struct admissionregistration_match_resources *match)
{
	if (match == NULL)
		return true;
	if (!is_namespace_selected(admission, match->namespace_selector) ||
	    !is_object_selected(admission, match->object_selector) ||
	    is_any_rule(admission, match->exclude_resource_rules))
		return false;
	return match->resource_rules.len == 0 || is_any_rule(admission, match->resource_rules);
}
