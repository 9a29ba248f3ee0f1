/*
 * ValidatingAdmissionPolicy: what the cluster's own policies say about a request, in CEL.
 *
 * All that match are asked, and the first that denies decides.
 */
#include "actors/admission/plugins.h"
#include "actors/admission/policy-match.h"
#include "actors/admission/policy-show.h"
#include "actors/admission/policy/policy-judge.h"
#include "transport/wire/json.h"

#define MESSAGE_BYTES_MAX 5120U
#define ANNOTATION_BYTES_MAX 10240U /* upstream's maxAuditAnnotationValueLength */
#define FAILURES_MAX 50U            /* and its maxValidationFailures */
#define FAILURES_BYTES_MAX (FAILURES_MAX * 2 * MESSAGE_BYTES_MAX)

typedef const struct admissionregistration_validating_admission_policy policy_record;
typedef const struct admissionregistration_validating_admission_policy_binding binding_record;
typedef const struct admissionregistration_validation validation;

struct asking {
	struct admission *admission;
	struct policy_view view;
	struct policy_input input; /* of the view */
	const struct policy_ask *ask;
	const struct policy_compiled *compiled;
	struct str reason, message; /* of the first that denies; absent: none does */
	struct text failures;       /* for the audit log: a list in JSON without its end */
	uint32_t failure_count;
};

/* ---- what comes of it ---------------------------------------------------------------------------------------------- */

static void deny(struct asking *a, struct str reason, struct str words)
{
	if (a->message.at != NULL)
		return;
	a->reason = reason;
	a->message =
	    arena_printf(a->admission->check.arena,
			 "ValidatingAdmissionPolicy '" STR_FMT "' with binding '" STR_FMT
			 "' denied request: " STR_FMT,
			 STR_ARG(a->ask->terms.name), STR_ARG(a->ask->bond.name), STR_ARG(words));
}

/* The policy cannot be asked: whatever its binding wants done. */
static void misconfigured(void *arg, const struct policy_ask *ask, struct str words)
{
	struct asking *a = arg;

	a->ask = ask;
	if (!ask->terms.ignores_failures)
		deny(a, STR_NONE, words);
}

static bool has_action(const struct asking *a, const char *action)
{
	binding_record *binding = a->ask->bond.record;
	struct str_list actions = binding->spec->validation_actions;

	for (uint32_t i = 0; i < actions.len; i++)
		if (str_is(actions.at[i], action))
			return true;
	return false;
}

/* What a binding wants in the audit log is there with all that it wants done about it. */
static void note_failure(struct asking *a, uint32_t index, struct str words)
{
	binding_record *binding = a->ask->bond.record;
	struct str_list actions = binding->spec->validation_actions;
	struct text *out = &a->failures;

	if (++a->failure_count > FAILURES_MAX)
		return;
	text_add_char(out, a->failure_count == 1 ? '[' : ',');
	text_lit(out, "{\"message\":");
	json_write_string(out, words);
	text_lit(out, ",\"policy\":");
	json_write_string(out, a->ask->terms.name);
	text_lit(out, ",\"binding\":");
	json_write_string(out, a->ask->bond.name);
	text_printf(out, ",\"expressionIndex\":%u,\"validationActions\":[", index);
	for (uint32_t i = 0; i < actions.len; i++) {
		text_add(out, i > 0 ? STR(",") : STR(""));
		json_write_string(out, actions.at[i]);
	}
	text_lit(out, "]}");
}

static void failed(struct asking *a, uint32_t index, struct str reason, struct str words)
{
	if (has_action(a, "Audit"))
		note_failure(a, index, words);
	if (has_action(a, "Warn"))
		admission_warn(
		    a->admission,
		    arena_printf(a->admission->check.arena,
				 "Validation failed for ValidatingAdmissionPolicy '" STR_FMT
				 "' with binding '" STR_FMT "': " STR_FMT,
				 STR_ARG(a->ask->terms.name), STR_ARG(a->ask->bond.name),
				 STR_ARG(words)));
	if (has_action(a, "Deny"))
		deny(a, reason, words);
}

/* An expression could not be evaluated. */
static void erred(struct asking *a, uint32_t index, struct str words)
{
	if (!a->ask->terms.ignores_failures)
		failed(a, index, STR_NONE, words);
}

/* ---- one run ----------------------------------------------------------------------------------------------------------- */

static struct str message_of(struct asking *a, validation *v, struct policy_run *run, uint32_t i,
			     uint64_t *cost)
{
	struct cel_program *program = a->compiled->messages[i].program;
	struct cel_value value;
	struct str words;

	if (program != NULL && *cost < CEL_OBJECT_COST_MAX) {
		value = policy_run_evaluate(run, program, cost);
		words = value.kind == CEL_STRING ? str_trim(value.text) : STR("");
		if (words.len > 0 && words.len <= MESSAGE_BYTES_MAX &&
		    str_find_char(words, '\n') < 0)
			return words;
	}
	if (str_trim(v->message).len > 0)
		return str_trim(v->message);
	words = str_trim(v->expression);
	return arena_printf(a->admission->check.arena, "failed expression: " STR_FMT,
			    STR_ARG(words));
}

static void ask_validation(struct asking *a, validation *v, struct policy_run *run, uint32_t i,
			   uint64_t *cost)
{
	const struct policy_expression *expression = &a->compiled->expressions[i];
	struct arena *arena = a->admission->check.arena;
	struct cel_value value;
	struct str words;

	if (expression->program == NULL) {
		erred(
		    a, i,
		    arena_printf(arena, "compilation error: " STR_FMT, STR_ARG(expression->wrong)));
		return;
	}
	if (!policy_judge_evaluate(run, expression->program, v->expression, arena, cost, &value,
				   &words))
		erred(a, i, words);
	else if (value.kind != CEL_BOOL || !value.is_true)
		failed(a, i, v->reason.len > 0 ? v->reason : STR("Invalid"),
		       message_of(a, v, run, i, cost));
}

/* A word about the request for the audit log, one for each key and policy; bindings that say different ones are both heard. */
static void annotate(struct asking *a, struct str key, struct str value)
{
	struct arena *arena = a->admission->check.arena;
	struct str name =
	    arena_printf(arena, STR_FMT "/" STR_FMT, STR_ARG(a->ask->terms.name), STR_ARG(key));
	struct str said = str_map_get(a->admission->annotations, name);

	value = arena_str(arena, str_slice(value, 0, ANNOTATION_BYTES_MAX));
	if (said.at == NULL)
		str_map_put(&a->admission->annotations, arena, name, value);
	else if (!str_eq(said, value) && said.len < ANNOTATION_BYTES_MAX)
		str_map_put(
		    &a->admission->annotations, arena, name,
		    arena_printf(arena, STR_FMT ", " STR_FMT, STR_ARG(said), STR_ARG(value)));
}

static void ask_annotation(struct asking *a, const struct admissionregistration_audit_annotation *v,
			   struct policy_run *run, uint32_t i, uint64_t *cost)
{
	const struct policy_expression *expression = &a->compiled->annotations[i];
	struct cel_value value;
	struct str words;

	if (expression->program == NULL)
		erred(a, i, expression->wrong);
	else if (!policy_judge_evaluate(run, expression->program, v->value_expression,
					a->admission->check.arena, cost, &value, &words))
		erred(a, i, words);
	else if (value.kind == CEL_STRING && str_trim(value.text).len > 0)
		annotate(a, v->key, str_trim(value.text));
}

static const struct policy_sort sort;

static void ask_one(void *arg, const struct policy_ask *ask)
{
	struct asking *a = arg;
	policy_record *record = ask->terms.object->record;
	struct arena *arena = a->admission->check.arena;
	struct policy_run *run;
	struct str words;
	uint64_t cost = 0;

	a->ask = ask;
	a->compiled = policy_cache_get(a->admission->policies, &sort, &ask->terms, arena);
	if (a->compiled->wrong.at != NULL) {
		erred(a, 0, a->compiled->wrong);
		return;
	}
	if (policy_view_by(&a->view, a->admission, &ask->as))
		policy_show(a->view.admission, &a->input);
	a->input.params = ask->params;
	run = policy_run_new(&a->compiled->policy, &a->input, arena);
	if (!policy_judge_conditions(run, a->compiled->conditions, ask->terms.conditions, arena,
				     &words)) {
		if (words.at != NULL)
			erred(a, 0, words);
		return;
	}
	for (uint32_t i = 0; i < record->spec->validations.len && cost <= CEL_OBJECT_COST_MAX; i++)
		ask_validation(a, &record->spec->validations.at[i], run, i, &cost);
	for (uint32_t i = 0; i < record->spec->audit_annotations.len && cost <= CEL_OBJECT_COST_MAX;
	     i++)
		ask_annotation(a, &record->spec->audit_annotations.at[i], run, i, &cost);
}

/* ---- the kind ------------------------------------------------------------------------------------------------------------ */

static void read_policy(const void *record, struct policy_terms *out)
{
	POLICY_WALK_TERMS(((policy_record *)record)->spec, out);
}

static void read_bond(const void *record, struct policy_bond *out)
{
	POLICY_WALK_BOND(((binding_record *)record)->spec, out);
}

static void compile(const void *record, struct policy_compiled *compiled)
{
	struct admissionregistration_validation_list list =
	    ((policy_record *)record)->spec->validations;
	struct admissionregistration_audit_annotation_list annotations =
	    ((policy_record *)record)->spec->audit_annotations;

	compiled->expressions = policy_cache_array(compiled, list.len);
	compiled->messages = policy_cache_array(compiled, list.len);
	compiled->annotations = policy_cache_array(compiled, annotations.len);
	for (uint32_t i = 0; i < annotations.len; i++)
		policy_cache_compile(compiled, annotations.at[i].value_expression,
				     POLICY_STRING_OR_NULL, true, &compiled->annotations[i]);
	for (uint32_t i = 0; i < list.len; i++) {
		policy_cache_compile(compiled, list.at[i].expression, POLICY_BOOL, true,
				     &compiled->expressions[i]);
		if (list.at[i].message_expression.len > 0)
			policy_cache_compile(compiled, list.at[i].message_expression, POLICY_STRING,
					     false, &compiled->messages[i]);
	}
}

static const struct policy_sort sort = {
	.policies = &admissionregistration_validating_admission_policy_type,
	.bindings = &admissionregistration_validating_admission_policy_binding_type,
	.read = read_policy,
	.read_bond = read_bond,
	.compile = compile,
	.ask = ask_one,
	.misconfigured = misconfigured,
	.unconverted = "failed to configure binding: failed to convert object version",
};

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
	struct asking a = { .admission = admission,
			    .failures = text_in(admission->check.arena, FAILURES_BYTES_MAX) };
	struct failure *failure;

	if (policy_walk(&sort, admission, &a) == CHECK_WAIT)
		return CHECK_WAIT;
	text_add_char(&a.failures, ']');
	if (a.failure_count > 0)
		admission_annotate(admission,
				   STR("validation.policy.admission.k8s.io/validation_failure"),
				   text_str(&a.failures));
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
