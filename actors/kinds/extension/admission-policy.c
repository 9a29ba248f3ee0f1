#include "actors/kinds/extension/match-rule.h"
#include "actors/kinds/kinds.h"
#include "actors/kinds/rule.h"
#include "actors/kinds/seen.h"
#include "datastore/object/name.h"
#include "datastore/schema/admissionregistration.h"

/*
 * ValidatingAdmissionPolicy, MutatingAdmissionPolicy and what binds them (upstream: apis/admissionregistration/validation). Expressions
 * compile. Whether the writer may read the parameters is asked by the server.
 */

#define ANNOTATIONS_MAX 20U
#define VALUE_MAX 5120U

/* ---- parts that both have -------------------------------------------------------------------------------- */

static struct str lower(struct arena *arena, struct str s)
{
	char *at = arena_cstr(arena, s);

	for (uint32_t i = 0; i < s.len; i++)
		if (at[i] >= 'A' && at[i] <= 'Z')
			at[i] = (char)(at[i] - 'A' + 'a');
	return str_of(at, s.len);
}

static void check_api_version(const struct path *at, struct str text)
{
	struct str rest = text, group = STR(""), words;

	if (!rule_needed(at, text, ""))
		return;
	if (str_find_char(text, '/') >= 0)
		group = str_cut(&rest, '/');
	if (str_find_char(rest, '/') >= 0) {
		path_invalid(at, text,
			     arena_printf(path_arena(at),
					  "unexpected GroupVersion string: " STR_FMT, STR_ARG(text))
				 .at);
		return;
	}
	words = group.len > 0 ? rule_words(at, NAME_DNS_SUBDOMAIN, group, ",") : STR("");
	if (words.len > 0)
		path_invalid(at, group, words.at);
	if (rest.len == 0) {
		path_invalid(at, text, "version must be specified");
		return;
	}
	words = rule_words(at, NAME_DNS1035_LABEL, rest, ",");
	if (words.len > 0)
		path_invalid(at, rest, words.at);
}

static void check_param_kind(const struct path *at,
			     const struct admissionregistration_param_kind *kind)
{
	struct str words;

	if (kind == NULL)
		return;
	check_api_version(PATH(at, "apiVersion"), kind->api_version);
	if (!rule_needed(PATH(at, "kind"), kind->kind, ""))
		return;
	words = rule_words(at, NAME_DNS1035_LABEL, lower(path_arena(at), kind->kind), ",");
	if (words.len > 0)
		path_fault(PATH(at, "kind"), FAULT_INVALID, name_quoted(path_arena(at), kind->kind),
			   "may have mixed case, but should otherwise match: " STR_FMT,
			   STR_ARG(words));
}

static void check_named_rule(const struct path *at,
			     const struct admissionregistration_named_rule_with_operations *rule)
{
	struct seen seen = seen_in(path_arena(at));

	for (uint32_t i = 0; i < rule->resource_names.len; i++) {
		const struct path *here = PATH_AT(PATH(at, "resourceNames"), i);

		rule_name(here, NAME_PATH_SEGMENT, rule->resource_names.at[i]);
		if (!seen_add(&seen, rule->resource_names.at[i]))
			path_duplicate(here, rule->resource_names.at[i]);
	}
	match_rule_check(at, rule->rule_with_operations);
}

static void check_resources(const struct path *at,
			    const struct admissionregistration_match_resources *match)
{
	if (match == NULL)
		return;
	rule_needed_one_of(PATH(at, "matchPolicy"), match->match_policy,
			   &admissionregistration_match_policy_type_values);
	if (match->namespace_selector == NULL)
		path_required(PATH(at, "namespaceSelector"), "");
	rule_selector(PATH(at, "namespaceSelector"), match->namespace_selector, false);
	if (match->object_selector == NULL)
		path_required(PATH(at, "objectSelector"), "");
	rule_selector(PATH(at, "objectSelector"), match->object_selector, false);
	for (uint32_t i = 0; i < match->resource_rules.len; i++)
		check_named_rule(PATH_AT(PATH(at, "resourceRules"), i),
				 &match->resource_rules.at[i]);
	for (uint32_t i = 0; i < match->exclude_resource_rules.len; i++)
		check_named_rule(PATH_AT(PATH(at, "excludeResourceRules"), i),
				 &match->exclude_resource_rules.at[i]);
}

/* Without a rule it would not be known what the expressions are about. */
static void check_constraints(const struct path *at,
			      const struct admissionregistration_match_resources *match)
{
	if (match == NULL) {
		path_required(at, "");
		return;
	}
	check_resources(at, match);
	if (match->resource_rules.len == 0)
		path_required(PATH(at, "resourceRules"), "");
}

static bool is_blank(struct str text)
{
	return str_trim(text).len == 0;
}

/* `policy`: what they are added to. */
static void check_variables(const struct path *at, struct admissionregistration_variable_list list,
			    struct policy *policy)
{
	struct str words;

	for (uint32_t i = 0; i < list.len; i++) {
		const struct path *here = PATH_AT(at, i);

		if (is_blank(list.at[i].name))
			path_required(PATH(here, "name"), "name is not specified");
		else if (!name_is(NAME_C_IDENTIFIER, list.at[i].name))
			path_invalid(PATH(here, "name"), list.at[i].name,
				     "must be a valid CEL identifier");
		if (is_blank(list.at[i].expression))
			path_required(PATH(here, "expression"), "expression is not specified");
		else if (policy_add_variable(policy, list.at[i].name, list.at[i].expression,
					     &words) != OK) {
			path_invalid(PATH(here, "expression"), list.at[i].expression, words.at);
			/* It is there for the others, whatever it would have been. */
			policy_assume_variable(policy, list.at[i].name);
		}
	}
}

/* ---- ValidatingAdmissionPolicy ----------------------------------------------------------------------------- */

static bool has_line_breaks(struct str text)
{
	return str_find_char(text, '\n') >= 0 || str_find_char(text, '\r') >= 0;
}

static void check_validation(const struct path *at,
			     const struct admissionregistration_validation *v, struct policy *policy)
{
	struct str message = str_trim(v->message);

	if (is_blank(v->expression))
		path_required(PATH(at, "expression"), "expression is not specified");
	match_rule_check_expression(PATH(at, "expression"), policy, v->expression, POLICY_BOOL,
				    true);
	if (v->message_expression.len > 0 && is_blank(v->message_expression))
		path_invalid(PATH(at, "messageExpression"), v->message_expression,
			     "must be non-empty if specified");
	match_rule_check_expression(PATH(at, "messageExpression"), policy, v->message_expression,
				    POLICY_STRING, false);
	if (v->message.len > 0 && message.len == 0)
		path_invalid(PATH(at, "message"), v->message, "must be non-empty if specified");
	else if (has_line_breaks(message))
		path_invalid(PATH(at, "message"), v->message, "must not contain line breaks");
	if (v->reason.at != NULL && !str_is(v->reason, "Forbidden") &&
	    !str_is(v->reason, "Invalid") && !str_is(v->reason, "RequestEntityTooLarge"))
		path_not_supported(PATH(at, "reason"), v->reason,
				   "\"Forbidden\", \"Invalid\", \"RequestEntityTooLarge\"");
}

/* Read without the blanks around it, and shown with them. */
static void check_value(const struct path *at, struct str expression, struct policy *policy)
{
	struct cel_program *program;
	struct str words;

	if (policy_compile(policy, str_trim(expression), POLICY_STRING_OR_NULL, true, &program,
			   &words) != OK)
		path_invalid(at, expression, words.at);
}

static void check_annotations(const struct path *at,
			      struct admissionregistration_audit_annotation_list list,
			      struct str policy, struct policy *compiled)
{
	struct seen keys = seen_in(path_arena(at));

	if (list.len > ANNOTATIONS_MAX)
		path_fault(at, FAULT_INVALID, arena_printf(path_arena(at), "%u", list.len),
			   "must not have more than 20 auditAnnotations");
	for (uint32_t i = 0; i < list.len; i++) {
		const struct path *key = PATH(PATH_AT(at, i), "key");
		const struct path *value = PATH(PATH_AT(at, i), "valueExpression");
		struct str whole = arena_printf(path_arena(at), STR_FMT "/" STR_FMT,
						STR_ARG(policy), STR_ARG(list.at[i].key));
		struct str words = rule_words(key, NAME_LABEL_KEY, whole, "\n");

		if (policy.len == 0)
			path_invalid(key, list.at[i].key, "requires metadata.name be non-empty");
		else if (words.len > 0)
			path_invalid_lines(key, whole, STR(""), words);
		if (is_blank(list.at[i].value_expression))
			path_required(value, "valueExpression is not specified");
		else if (str_trim(list.at[i].value_expression).len > VALUE_MAX)
			path_required(value, "must not exceed 5120 bytes in length");
		else
			check_value(value, list.at[i].value_expression, compiled);
		if (!seen_add(&keys, list.at[i].key))
			path_duplicate(key, list.at[i].key);
	}
}

static void validate_validating(struct kind_change *change)
{
	static const char needs_one[] =
	    "validations or auditAnnotations must contain at least one item";
	const struct admissionregistration_validating_admission_policy *policy = change->object;
	const struct admissionregistration_validating_admission_policy_spec *spec = policy->spec;
	const struct path *at = PATH_ROOT(change->faults, "spec");
	const struct path *validations = PATH(at, "validations");
	const struct path *annotations = PATH(at, "auditAnnotations");
	/* Where there are no variables upstream knows none of the name either. */
	struct policy compiled =
	    policy_in(change->arena, spec->param_kind != NULL, spec->variables.len > 0);

	rule_needed_one_of(PATH(at, "failurePolicy"), spec->failure_policy,
			   &admissionregistration_failure_policy_type_values);
	check_param_kind(PATH(at, "paramKind"), spec->param_kind);
	check_constraints(PATH(at, "matchConstraints"), spec->match_constraints);
	match_rule_check_conditions(PATH(at, "matchConditions"), spec->match_conditions,
				    spec->param_kind != NULL);
	check_variables(PATH(at, "variables"), spec->variables, &compiled);
	if (spec->validations.len == 0 && spec->audit_annotations.len == 0) {
		path_required(validations, needs_one);
		path_required(annotations, needs_one);
	}
	for (uint32_t i = 0; i < spec->validations.len; i++)
		check_validation(PATH_AT(validations, i), &spec->validations.at[i], &compiled);
	check_annotations(annotations, spec->audit_annotations, policy->metadata->name, &compiled);
}

static void validate_validating_status(struct kind_change *change)
{
	const struct admissionregistration_validating_admission_policy *policy = change->object;
	const struct path *at = PATH_ROOT(change->faults, "status");

	rule_conditions(PATH(at, "conditions"), policy->status->conditions);
}

static const struct kind_subresource subresources[] = {
	{ "status", kind_prepare_status_alone, validate_validating_status },
};

const struct kind_rules kind_validating_admission_policy = {
	.group = "admissionregistration.k8s.io",
	.kind = "ValidatingAdmissionPolicy",
	.has_any_finalizer = true,
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.has_generation = true,
	.needs_resource_version = true,
	.validate_create = validate_validating,
	.validate_update = validate_validating,
	.subresources = subresources,
	.subresource_count = 1,
};

/* ---- MutatingAdmissionPolicy --------------------------------------------------------------------------------- */

static void check_expression(const struct path *at, struct str expression, struct policy *policy,
			     enum policy_result result)
{
	if (rule_needed(at, str_trim(expression), ""))
		match_rule_check_expression(at, policy, str_trim(expression), result, true);
}

static void check_mutation(const struct path *at, const struct admissionregistration_mutation *m,
			   struct policy *policy)
{
	const struct path *apply = PATH(at, "applyConfiguration"), *patch = PATH(at, "jsonPatch");
	bool is_apply = str_is(m->patch_type, "ApplyConfiguration");

	if (!rule_needed_one_of(PATH(at, "patchType"), m->patch_type,
				&admissionregistration_patch_type_values))
		return;
	if (is_apply && m->apply_configuration == NULL)
		path_required(apply, "must be specified when patchType is ApplyConfiguration");
	else if (is_apply)
		check_expression(PATH(apply, "expression"), m->apply_configuration->expression,
				 policy, POLICY_CONFIGURATION);
	if (!is_apply && m->json_patch == NULL)
		path_required(patch, "must be specified when patchType is JSONPatch");
	else if (!is_apply)
		check_expression(PATH(patch, "expression"), m->json_patch->expression, policy,
				 POLICY_PATCH);
	if (!is_apply && m->apply_configuration != NULL)
		path_invalid(apply, STR("{applyConfiguration}"),
			     "must not be specified when patchType is JSONPatch");
	if (is_apply && m->json_patch != NULL)
		path_invalid(patch, STR("{jsonPatch}"),
			     "must not be specified when patchType is ApplyConfiguration");
}

/* What is going cannot be changed any more. Upstream does not say of which rule it is. */
static void check_operations(const struct path *at,
			     const struct admissionregistration_match_resources *match)
{
	const struct path *operations = PATH(PATH(at, "resourceRules"), "operations");

	for (uint32_t i = 0; match != NULL && i < match->resource_rules.len; i++) {
		struct str_list list = match->resource_rules.at[i].rule_with_operations->operations;

		for (uint32_t k = 0; k < list.len; k++)
			if (!str_is(list.at[k], "*") && !str_is(list.at[k], "CONNECT") &&
			    !str_is(list.at[k], "CREATE") && !str_is(list.at[k], "UPDATE"))
				path_not_supported(operations, list.at[k],
						   "\"*\", \"CONNECT\", \"CREATE\", \"UPDATE\"");
	}
}

static void validate_mutating(struct kind_change *change)
{
	const struct admissionregistration_mutating_admission_policy *policy = change->object;
	const struct admissionregistration_mutating_admission_policy_spec *spec = policy->spec;
	const struct path *at = PATH_ROOT(change->faults, "spec");
	struct policy compiled = policy_in(change->arena, spec->param_kind != NULL, true);

	rule_needed_one_of(PATH(at, "failurePolicy"), spec->failure_policy,
			   &admissionregistration_failure_policy_type_values);
	check_param_kind(PATH(at, "paramKind"), spec->param_kind);
	check_constraints(PATH(at, "matchConstraints"), spec->match_constraints);
	check_operations(PATH(at, "matchConstraints"), spec->match_constraints);
	match_rule_check_conditions(PATH(at, "matchConditions"), spec->match_conditions,
				    spec->param_kind != NULL);
	check_variables(PATH(at, "variables"), spec->variables, &compiled);
	if (spec->mutations.len == 0)
		path_required(PATH(at, "mutations"), "mutations must contain at least one item");
	for (uint32_t i = 0; i < spec->mutations.len; i++)
		check_mutation(PATH_AT(PATH(at, "mutations"), i), &spec->mutations.at[i], &compiled);
	rule_needed_one_of(PATH(at, "reinvocationPolicy"), spec->reinvocation_policy,
			   &admissionregistration_reinvocation_policy_type_values);
}

const struct kind_rules kind_mutating_admission_policy = {
	.group = "admissionregistration.k8s.io",
	.kind = "MutatingAdmissionPolicy",
	.has_any_finalizer = true,
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.has_generation = true,
	.needs_resource_version = true,
	.validate_create = validate_mutating,
	.validate_update = validate_mutating,
};

/* ---- bindings -------------------------------------------------------------------------------------------------- */

static void check_param_ref(const struct path *at, const struct admissionregistration_param_ref *ref)
{
	static const char either[] = "name and selector are mutually exclusive";
	bool is_both;

	if (ref == NULL)
		return;
	is_both = ref->name.len > 0 && ref->selector != NULL;
	if (ref->name.len > 0)
		rule_name(PATH(at, "name"), NAME_PATH_SEGMENT, ref->name);
	if (is_both)
		path_forbidden(PATH(at, "name"), either);
	rule_selector(PATH(at, "selector"), ref->selector, false);
	if (is_both)
		path_forbidden(PATH(at, "selector"), either);
	if (ref->name.len == 0 && ref->selector == NULL)
		path_required(at, "one of name or selector must be specified");
	if (rule_needed(PATH(at, "parameterNotFoundAction"), ref->parameter_not_found_action, "") &&
	    !str_is(ref->parameter_not_found_action, "Deny") &&
	    !str_is(ref->parameter_not_found_action, "Allow"))
		path_not_supported(PATH(at, "parameterNotFoundAction"),
				   ref->parameter_not_found_action, "\"Deny\", \"Allow\"");
}

static void check_actions(const struct path *at, struct str_list actions)
{
	struct seen seen = seen_in(path_arena(at));

	for (uint32_t i = 0; i < actions.len; i++) {
		rule_one_of(PATH_AT(at, i), actions.at[i],
			    &admissionregistration_validation_action_values);
		if (!seen_add(&seen, actions.at[i]))
			path_duplicate(PATH_AT(at, i), actions.at[i]);
	}
	if (seen_has(&seen, STR("Deny")) && seen_has(&seen, STR("Warn")))
		path_fault(
		    at, FAULT_INVALID, path_shown_list(at, actions),
		    "must not contain both Deny and Warn (repeating the same validation "
		    "failure information in the API response and headers serves no purpose)");
	if (actions.len == 0)
		path_required(at, "at least one validation action is required");
}

static void validate_validating_binding(struct kind_change *change)
{
	const struct admissionregistration_validating_admission_policy_binding_spec *spec =
	    ((const struct admissionregistration_validating_admission_policy_binding *)change->object)
		->spec;
	const struct path *at = PATH_ROOT(change->faults, "spec");

	rule_needed_name(PATH(at, "policyName"), NAME_DNS_SUBDOMAIN, spec->policy_name, "");
	check_param_ref(PATH(at, "paramRef"), spec->param_ref);
	check_resources(PATH(at, "matchResources"), spec->match_resources);
	check_actions(PATH(at, "validationActions"), spec->validation_actions);
}

const struct kind_rules kind_validating_admission_policy_binding = {
	.group = "admissionregistration.k8s.io",
	.kind = "ValidatingAdmissionPolicyBinding",
	.has_any_finalizer = true,
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.has_generation = true,
	.needs_resource_version = true,
	.validate_create = validate_validating_binding,
	.validate_update = validate_validating_binding,
};

static void validate_mutating_binding(struct kind_change *change)
{
	const struct admissionregistration_mutating_admission_policy_binding_spec *spec =
	    ((const struct admissionregistration_mutating_admission_policy_binding *)change->object)
		->spec;
	const struct path *at = PATH_ROOT(change->faults, "spec");

	rule_needed_name(PATH(at, "policyName"), NAME_DNS_SUBDOMAIN, spec->policy_name, "");
	check_param_ref(PATH(at, "paramRef"), spec->param_ref);
	check_resources(PATH(at, "matchResources"), spec->match_resources);
	check_operations(PATH(at, "matchResources"), spec->match_resources);
}

const struct kind_rules kind_mutating_admission_policy_binding = {
	.group = "admissionregistration.k8s.io",
	.kind = "MutatingAdmissionPolicyBinding",
	.has_any_finalizer = true,
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.has_generation = true,
	.needs_resource_version = true,
	.validate_create = validate_mutating_binding,
	.validate_update = validate_mutating_binding,
};
