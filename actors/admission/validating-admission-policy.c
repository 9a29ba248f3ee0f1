/*
 * ValidatingAdmissionPolicy: what the cluster's own policies say about a request, in CEL.
 *
 * A policy is asked where it and one of its bindings match, once for each of the binding's parameters. All are asked, and the first that denies
 * decides. Policies are compiled for each request that they match.
 */
#include "actors/admission/plugins.h"
#include "actors/admission/policy-match.h"
#include "actors/admission/policy-show.h"
#include "datastore/object/selector.h"

#define MESSAGE_BYTES_MAX 5120U

typedef const struct admissionregistration_validating_admission_policy policy_record;
typedef const struct admissionregistration_validating_admission_policy_spec policy_spec;
typedef const struct admissionregistration_validating_admission_policy_binding binding_record;

struct asking {
	struct admission *admission;
	struct policy_input input;
	bool is_shown; /* the input is there */
	policy_record *record;
	binding_record *binding; /* the one that is asked for; NULL: none yet */
	struct policy policy;    /* compiled for the record */
	struct cel_program **conditions, **validations, **messages;
	struct str *wrong;    /* of each validation that does not compile */
	struct str wrong_all; /* of what all need: variables, conditions */
	bool is_compiled;
	struct str reason, message; /* of the first that denies; absent: none does */
};

static policy_spec *spec_of(const struct asking *a)
{
	return a->record->spec;
}

static bool ignores_failures(const struct asking *a)
{
	return str_is(spec_of(a)->failure_policy, "Ignore");
}

/* ---- what comes of it ---------------------------------------------------------------------------------------------- */

static void deny(struct asking *a, struct str reason, struct str words)
{
	struct arena *arena = a->admission->check.arena;
	struct str policy = a->record->metadata->name;

	if (a->message.at != NULL)
		return;
	a->reason = reason;
	if (a->binding == NULL)
		a->message = arena_printf(
		    arena, "ValidatingAdmissionPolicy '" STR_FMT "' denied request: " STR_FMT,
		    STR_ARG(policy), STR_ARG(words));
	else
		a->message = arena_printf(arena,
					  "ValidatingAdmissionPolicy '" STR_FMT
					  "' with binding '" STR_FMT "' denied request: " STR_FMT,
					  STR_ARG(policy), STR_ARG(a->binding->metadata->name),
					  STR_ARG(words));
}

/* The policy cannot be asked: whatever its binding wants done. */
static void misconfigured(struct asking *a, struct str words)
{
	if (!ignores_failures(a))
		deny(a, STR_NONE, words);
}

static bool has_action(const struct asking *a, const char *action)
{
	struct str_list actions = a->binding->spec->validation_actions;

	for (uint32_t i = 0; i < actions.len; i++)
		if (str_is(actions.at[i], action))
			return true;
	return false;
}

static void failed(struct asking *a, struct str reason, struct str words)
{
	struct arena *arena = a->admission->check.arena;

	if (has_action(a, "Warn"))
		admission_warn(
		    a->admission,
		    arena_printf(arena,
				 "Validation failed for ValidatingAdmissionPolicy '" STR_FMT
				 "' with binding '" STR_FMT "': " STR_FMT,
				 STR_ARG(a->record->metadata->name),
				 STR_ARG(a->binding->metadata->name), STR_ARG(words)));
	if (has_action(a, "Deny"))
		deny(a, reason, words);
}

/* An expression could not be evaluated. */
static void erred(struct asking *a, struct str words)
{
	if (!ignores_failures(a))
		failed(a, STR_NONE, words);
}

/* ---- compiling ------------------------------------------------------------------------------------------------------- */

static void compile_validations(struct asking *a)
{
	struct arena *arena = a->admission->check.arena;
	policy_spec *spec = spec_of(a);

	a->validations = arena_array(arena, struct cel_program *, spec->validations.len);
	a->messages = arena_array(arena, struct cel_program *, spec->validations.len);
	a->wrong = arena_array(arena, struct str, spec->validations.len);
	for (uint32_t i = 0; i < spec->validations.len; i++) {
		const struct admissionregistration_validation *v = &spec->validations.at[i];
		struct str ignored;

		if (policy_compile(&a->policy, v->expression, POLICY_BOOL, true, &a->validations[i],
				   &a->wrong[i]) != OK ||
		    v->message_expression.len == 0)
			continue;
		if (policy_compile(&a->policy, v->message_expression, POLICY_STRING, false,
				   &a->messages[i], &ignored) != OK)
			a->messages[i] = NULL;
	}
}

/* Conditions see neither the variables nor whoever asks for them. */
static void compile_conditions(struct asking *a)
{
	struct arena *arena = a->admission->check.arena;
	policy_spec *spec = spec_of(a);
	struct policy plain = policy_in(arena, spec->param_kind != NULL, false);

	a->conditions = arena_array(arena, struct cel_program *, spec->match_conditions.len);
	for (uint32_t i = 0; i < spec->match_conditions.len && a->wrong_all.at == NULL; i++)
		if (policy_compile(&plain, spec->match_conditions.at[i].expression, POLICY_BOOL,
				   true, &a->conditions[i], &a->wrong_all) != OK)
			a->conditions[i] = NULL;
}

static void compile(struct asking *a)
{
	policy_spec *spec = spec_of(a);
	struct str words = STR_NONE;

	if (a->is_compiled)
		return;
	a->is_compiled = true;
	a->policy = policy_in(a->admission->check.arena, spec->param_kind != NULL, true);
	for (uint32_t i = 0; i < spec->variables.len; i++)
		if (policy_add_variable(&a->policy, spec->variables.at[i].name,
					spec->variables.at[i].expression, &words) != OK &&
		    a->wrong_all.at == NULL)
			a->wrong_all = words;
	compile_conditions(a);
	compile_validations(a);
}

/* ---- one run ----------------------------------------------------------------------------------------------------------- */

/* false: it does not run, either by its conditions or since one of them cannot be evaluated. */
static bool meets_conditions(struct asking *a, struct policy_run *run)
{
	struct admissionregistration_match_condition_list list = spec_of(a)->match_conditions;
	struct arena *arena = a->admission->check.arena;
	struct str words = STR_NONE;
	uint64_t cost = 0;

	for (uint32_t i = 0; i < list.len; i++) {
		struct cel_value value = policy_run_evaluate(run, a->conditions[i], &cost);

		if (value.kind == CEL_BOOL && !value.is_true)
			return false;
		if (value.kind != CEL_BOOL && words.at == NULL)
			words = arena_printf(arena,
					     "expression '" STR_FMT "' resulted in error: " STR_FMT,
					     STR_ARG(list.at[i].expression), STR_ARG(value.text));
		if (cost > POLICY_MATCH_COST_MAX)
			words =
			    STR("validation failed due to running out of cost budget, no further "
				"validation rules will be run");
	}
	if (words.at == NULL)
		return true;
	erred(a, words);
	return false;
}

static struct str message_of(struct asking *a, struct policy_run *run, uint32_t i, uint64_t *cost)
{
	const struct admissionregistration_validation *v = &spec_of(a)->validations.at[i];
	struct arena *arena = a->admission->check.arena;
	struct cel_value value;
	struct str words;

	if (a->messages[i] != NULL && *cost < CEL_OBJECT_COST_MAX) {
		value = policy_run_evaluate(run, a->messages[i], cost);
		words = value.kind == CEL_STRING ? str_trim(value.text) : STR("");
		if (words.len > 0 && words.len <= MESSAGE_BYTES_MAX &&
		    str_find_char(words, '\n') < 0)
			return words;
	}
	if (str_trim(v->message).len > 0)
		return str_trim(v->message);
	words = str_trim(v->expression);
	return arena_printf(arena, "failed expression: " STR_FMT, STR_ARG(words));
}

static void ask_validation(struct asking *a, struct policy_run *run, uint32_t i, uint64_t *cost)
{
	const struct admissionregistration_validation *v = &spec_of(a)->validations.at[i];
	struct arena *arena = a->admission->check.arena;
	struct cel_value value;

	if (a->validations[i] == NULL) {
		erred(a, arena_printf(arena, "compilation error: " STR_FMT, STR_ARG(a->wrong[i])));
		return;
	}
	value = policy_run_evaluate(run, a->validations[i], cost);
	if (*cost > CEL_OBJECT_COST_MAX)
		erred(a, STR("validation failed due to running out of cost budget, no further "
			     "validation rules will be run"));
	else if (value.kind == CEL_ERROR)
		erred(a, arena_printf(arena, "expression '" STR_FMT "' resulted in error: " STR_FMT,
				      STR_ARG(v->expression), STR_ARG(value.text)));
	else if (value.kind != CEL_BOOL || !value.is_true)
		failed(a, v->reason.len > 0 ? v->reason : STR("Invalid"),
		       message_of(a, run, i, cost));
}

/* With one parameter; NULL: none. */
static void ask_with(struct asking *a, const struct value *params)
{
	struct arena *arena = a->admission->check.arena;
	struct policy_run *run;
	uint64_t cost = 0;

	compile(a);
	if (a->wrong_all.at != NULL) {
		erred(a, a->wrong_all);
		return;
	}
	if (!a->is_shown)
		policy_show(a->admission, &a->input);
	a->is_shown = true;
	a->input.params = params;
	run = policy_run_new(&a->policy, &a->input, arena);
	if (!meets_conditions(a, run))
		return;
	for (uint32_t i = 0; i < spec_of(a)->validations.len && cost <= CEL_OBJECT_COST_MAX; i++)
		ask_validation(a, run, i, &cost);
}

/* ---- parameters ----------------------------------------------------------------------------------------------------------- */

struct params {
	struct asking *asking;
	const struct type *type;
	struct selector selector;
	uint32_t found;
};

static bool ask_selected(void *arg, const struct object *object)
{
	struct params *params = arg;

	if (!selector_matches_labels(&params->selector, object_meta(object)->labels))
		return true;
	params->found++;
	ask_with(params->asking,
		 policy_show_record(params->asking->admission, params->type, object->record));
	return true;
}

static void ask_each(struct params *params, const struct admissionregistration_param_ref *ref,
		     struct str namespace)
{
	struct asking *a = params->asking;
	const struct reader *reader = a->admission->check.reader;
	const struct object *object;

	if (ref->name.len > 0) {
		object = check_get(&a->admission->check, params->type, namespace, ref->name);
		params->selector = SELECTOR_ALL;
		if (object != NULL)
			ask_selected(params, object);
		return;
	}
	if (selector_from_label_selector(ref->selector, a->admission->check.arena,
					 &params->selector, NULL) == OK)
		reader->each(reader->self, params->type, namespace, ask_selected, params);
}

static void ask_with_params(struct asking *a, const struct admissionregistration_param_ref *ref)
{
	const struct admissionregistration_param_kind *kind = spec_of(a)->param_kind;
	struct arena *arena = a->admission->check.arena;
	const struct reader *reader = a->admission->check.reader;
	struct params params = { .asking = a,
				 .type = reader->kind(reader->self, kind->api_version, kind->kind) };
	struct str namespace = ref->namespace.len > 0 ? ref->namespace : a->admission->namespace;

	if (params.type == NULL) {
		misconfigured(
		    a, arena_printf(arena,
				    "failed to configure binding: failed to find resource "
				    "referenced by paramKind: '" STR_FMT ", Kind=" STR_FMT "'",
				    STR_ARG(kind->api_version), STR_ARG(kind->kind)));
		return;
	}
	if (params.type->flags & TYPE_CLUSTER) {
		if (ref->namespace.len > 0) {
			misconfigured(a, STR("failed to configure binding: paramRef.namespace must "
					     "not be provided for a cluster-scoped `paramKind`"));
			return;
		}
		namespace = STR("");
	} else if (namespace.len == 0) {
		misconfigured(a,
			      STR("failed to configure binding: cannot use namespaced paramRef in "
				  "policy binding that matches cluster-scoped resources"));
		return;
	}
	ask_each(&params, ref, namespace);
	if (params.found == 0 && !str_is(ref->parameter_not_found_action, "Allow"))
		misconfigured(a, STR("failed to configure binding: no params found for policy "
				     "binding with `Deny` parameterNotFoundAction"));
}

/* ---- policies and bindings ---------------------------------------------------------------------------------------------------- */

static bool ask_binding(void *arg, const struct object *object)
{
	struct asking *a = arg;
	binding_record *binding = object->record;

	if (!str_eq(binding->spec->policy_name, a->record->metadata->name) ||
	    !policy_match(a->admission, binding->spec->match_resources))
		return true;
	a->binding = binding;
	if (spec_of(a)->param_kind != NULL && binding->spec->param_ref != NULL)
		ask_with_params(a, binding->spec->param_ref);
	else
		ask_with(a, NULL);
	a->binding = NULL;
	return true;
}

static bool ask_policy(void *arg, const struct object *object)
{
	struct asking *a = arg;
	const struct reader *reader = a->admission->check.reader;

	a->record = object->record;
	if (!policy_match(a->admission, spec_of(a)->match_constraints))
		return true;
	a->is_compiled = false;
	a->wrong_all = STR_NONE;
	reader->each(reader->self, &admissionregistration_validating_admission_policy_binding_type,
		     STR_NONE, ask_binding, a);
	return true;
}

static int32_t code_of(struct str reason)
{
	if (str_is(reason, "Forbidden"))
		return 403;
	if (str_is(reason, "Unauthorized"))
		return 401;
	return str_is(reason, "RequestEntityTooLarge") ? 413 : 422;
}

static enum check validate(struct admission *admission)
{
	struct asking a = { .admission = admission };
	const struct reader *reader = admission->check.reader;
	struct failure *failure;

	if (policy_match_is_exempt(admission))
		return CHECK_PASS;
	reader->each(reader->self, &admissionregistration_validating_admission_policy_type,
		     STR_NONE, ask_policy, &a);
	if (a.message.at == NULL)
		return CHECK_PASS;
	failure = failure_forbidden(admission->check.arena, admission->group, admission->resource,
				    admission->name, a.message);
	failure->reason = a.reason.len > 0 ? a.reason : STR("Invalid");
	failure->code = code_of(failure->reason);
	failure_cause_add(failure, admission->check.arena, STR_NONE, a.message, STR_NONE);
	admission->failure = failure;
	return CHECK_DENY;
}

const struct plugin admission_validating_admission_policy = {
	.name = "ValidatingAdmissionPolicy",
	.operations = ADMISSION_ALL,
	.validate = validate,
};
