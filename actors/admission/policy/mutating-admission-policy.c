/*
 * MutatingAdmissionPolicy: what the cluster's own policies make of an object, in CEL.
 *
 * Who is asked is settled before anything changes; then one after the other, each sees what those before it made. When anything has changed all plug-ins
 * are asked once more, and of these policies those that wish it and have run already. Between two policies it may wait, for a custom resource to be converted
 * to the version that the next one wants to see.
 */
#include "actors/admission/plugins.h"
#include "actors/admission/policy-match.h"
#include "actors/admission/policy-show.h"
#include "actors/admission/policy/policy-judge.h"
#include "datastore/custom/policy/mutation.h"
#include "datastore/object/record.h"

typedef const struct admissionregistration_mutating_admission_policy policy_record;
typedef const struct admissionregistration_mutating_admission_policy_binding binding_record;
typedef const struct admissionregistration_mutation mutation_record;

/* Who wishes to be asked again, and has run: kept from the first round to the second. */
struct ran {
	struct str *at;
	uint32_t count, cap;
};

struct mutating {
	struct admission *admission;
	struct arena *arena;
	struct ran *ran;
	struct policy_view view;
	struct policy_input input; /* of the view */
	struct policy_ask *asks;
	uint32_t ask_count, ask_cap, at; /* asks before `at` are done */
	bool is_ahead; /* a webhook has to convert what the view shows before it is the object */
	struct str *errors; /* of policies that do not ignore theirs; the first decides */
	uint32_t error_count, error_cap;
	struct str reason;       /* of the first */
	struct failure *failure; /* ends the request, whatever else was wrong */
};

/* Room for one more of `size` bytes at the end. */
static void *room(struct arena *arena, void *at, uint32_t count, uint32_t *cap, size_t size)
{
	uint32_t more = *cap == 0 ? 4 : *cap * 2;

	if (count < *cap)
		return at;
	at = arena_grow(arena, at, *cap * size, more * size);
	*cap = more;
	return at;
}

static void collect(void *arg, const struct policy_ask *ask)
{
	struct mutating *m = arg;

	/* They may be asked later than now. */
	if (m->admission->type->set != NULL) {
		(void)object_hold(m->arena, ask->terms.object);
		(void)object_hold(m->arena, ask->bond.object);
		if (ask->param != NULL)
			(void)object_hold(m->arena, ask->param);
	}
	m->asks = room(m->arena, m->asks, m->ask_count, &m->ask_cap, sizeof *ask);
	m->asks[m->ask_count++] = *ask;
}

/* ---- what is wrong --------------------------------------------------------------------------------------------------- */

static void add_error(struct mutating *m, const struct policy_ask *ask, struct str reason,
		      struct str words)
{
	if (ask->terms.ignores_failures)
		return;
	if (m->error_count == 0)
		m->reason = reason;
	m->errors = room(m->arena, m->errors, m->error_count, &m->error_cap, sizeof *m->errors);
	m->errors[m->error_count++] =
	    ask->bond.name.len > 0
		? arena_printf(m->arena,
			       "policy '" STR_FMT "' with binding '" STR_FMT
			       "' denied request: " STR_FMT,
			       STR_ARG(ask->terms.name), STR_ARG(ask->bond.name), STR_ARG(words))
		: arena_printf(m->arena, "policy \"" STR_FMT "\" denied request: " STR_FMT,
			       STR_ARG(ask->terms.name), STR_ARG(words));
}

static void misconfigured(void *arg, const struct policy_ask *ask, struct str words)
{
	const struct mutating *m = arg;
	struct policy_ask about = *ask;

	/* Of whom it is converted for upstream names the policy only. */
	if (policy_match_failed(m->admission, &ask->as).at != NULL)
		about.bond.name = STR_NONE;
	add_error(arg, &about, STR("Forbidden"), words);
}

static void invalid(struct mutating *m, const struct policy_ask *ask, struct str words)
{
	add_error(m, ask, STR("Invalid"), words);
}

static struct failure *failure_of_errors(const struct mutating *m)
{
	const struct admission *a = m->admission;
	struct failure *failure =
	    failure_forbidden(m->arena, a->group, a->resource, a->name, m->errors[0]);

	failure->message = m->errors[0];
	failure->reason = m->reason;
	for (uint32_t i = 0; i < m->error_count; i++)
		failure_cause_add(failure, m->arena, STR_NONE, m->errors[i], STR_NONE);
	return failure;
}

/* ---- one mutation ------------------------------------------------------------------------------------------------------ */

static struct str text_of(mutation_record *mutation)
{
	if (mutation->json_patch != NULL)
		return mutation->json_patch->expression;
	return mutation->apply_configuration != NULL ? mutation->apply_configuration->expression
						     : STR("");
}

static bool is_patch(mutation_record *mutation)
{
	return str_is(mutation->patch_type, "JSONPatch");
}

/* The object is another one from here on: `record` is in the words of the view. */
static void replace(struct mutating *m, const void *record)
{
	struct equivalent as = m->view.as;
	struct admission *a = m->admission;
	const struct type *from = m->view.admission->type;
	const struct reader *reader = a->check.reader;

	if (as.is_outside && from != a->type) {
		if (record_equal(from, record, m->view.admission->object))
			return;
		memcpy(m->view.admission->object, record, from->size);
		m->input.object = policy_show_object(m->view.admission, m->view.admission->object);
		m->is_ahead = a->wants_again = true;
		return;
	}
	if (from != a->type)
		record = reader->convert(reader->self, from, record, a->type, m->arena);
	if (record_equal(a->type, record, a->object))
		return;
	memcpy(a->object, record, a->type->size);
	policy_match_changed(a, NULL);
	m->view = (struct policy_view){ 0 };
	(void)policy_view_by(&m->view, a, &as);
	m->input.object = policy_show_object(m->view.admission, m->view.admission->object);
	a->wants_again = true;
}

static enum status make(struct mutating *m, mutation_record *said, struct cel_value value,
			void **out, struct str *words)
{
	const struct admission *a = m->view.admission;
	struct mutation mutation = { a->type, a->object, m->arena, a->check.now };

	if (is_patch(said))
		return mutation_patch(&mutation, value, out, words);
	return mutation_configure(&mutation, value, out, words);
}

static void mutate_by(struct mutating *m, const struct policy_ask *ask,
		      const struct policy_compiled *compiled, mutation_record *said, uint32_t i)
{
	const struct policy_expression *expression = &compiled->expressions[i];
	struct policy_run *run = policy_run_new(&compiled->policy, &m->input, m->arena);
	struct cel_value value;
	enum status status;
	struct str words;
	uint64_t cost = 0;
	void *record;

	if (expression->program == NULL) {
		invalid(m, ask, expression->wrong);
		return;
	}
	if (!policy_judge_evaluate(run, expression->program, text_of(said), m->arena, &cost, &value,
				   &words)) {
		invalid(m, ask, words);
		return;
	}
	status = make(m, said, value, &record, &words);
	if (status == OK)
		replace(m, record);
	else if (status == INTERNAL)
		m->failure = failure_internal(m->arena, STR_FMT, STR_ARG(words));
	else
		invalid(m, ask, words);
}

/* ---- one policy ---------------------------------------------------------------------------------------------------------- */

/* By which it is known in the second round. */
static struct str key_of(const struct mutating *m, const struct policy_ask *ask)
{
	struct str space = STR(""), name = STR("");

	if (ask->param != NULL) {
		space = object_namespace(ask->param);
		name = object_name(ask->param);
	}
	return arena_printf(m->arena, STR_FMT "/" STR_FMT "/" STR_FMT "/" STR_FMT,
			    STR_ARG(ask->terms.name), STR_ARG(ask->bond.name), STR_ARG(space),
			    STR_ARG(name));
}

static bool has_run(const struct ran *ran, struct str key)
{
	for (uint32_t i = 0; i < ran->count; i++)
		if (str_eq(ran->at[i], key))
			return true;
	return false;
}

static void remember(struct mutating *m, struct str key)
{
	struct ran *ran = m->ran;

	if (m->admission->is_again)
		return;
	ran->at = room(m->arena, ran->at, ran->count, &ran->cap, sizeof key);
	ran->at[ran->count++] = key;
}

static bool meets_conditions(struct mutating *m, const struct policy_ask *ask,
			     const struct policy_compiled *compiled)
{
	struct policy_run *run = policy_run_new(&compiled->policy, &m->input, m->arena);
	struct str words = compiled->wrong;

	if (words.at == NULL && policy_judge_conditions(run, compiled->conditions,
							ask->terms.conditions, m->arena, &words))
		return true;
	if (words.at != NULL)
		invalid(m, ask, words);
	return false;
}

/* PASS: the object is what was made of it in other words. */
static enum check settle(struct mutating *m)
{
	struct str failed = STR_NONE;
	enum check check;

	if (!m->is_ahead)
		return CHECK_PASS;
	check = policy_match_take(m->admission, m->view.admission, &failed);
	if (check == CHECK_DENY)
		m->failure = failure_internal(m->arena, "failed to convert object: " STR_FMT,
					      STR_ARG(failed));
	m->is_ahead = check == CHECK_WAIT;
	return check;
}

/* PASS: the policy can be asked. */
static enum check prepare(struct mutating *m, const struct policy_ask *ask)
{
	enum check check = CHECK_PASS;
	struct str failed;

	if (m->is_ahead && m->view.as.type != ask->as.type)
		check = settle(m);
	if (check == CHECK_PASS && !m->is_ahead)
		check = policy_match_prepare(m->admission, &ask->as);
	if (check != CHECK_PASS)
		return check;
	failed = policy_match_failed(m->admission, &ask->as);
	if (failed.at == NULL)
		return CHECK_PASS;
	m->failure = failure_internal(m->arena, STR_FMT, STR_ARG(failed));
	return CHECK_DENY;
}

static const struct policy_sort sort;

static void ask_one(struct mutating *m, const struct policy_ask *ask)
{
	policy_record *record = ask->terms.object->record;
	struct admissionregistration_mutation_list list = record->spec->mutations;
	bool is_again = str_is(record->spec->reinvocation_policy, "IfNeeded");
	const struct policy_compiled *compiled;

	if (m->admission->is_again && !(is_again && has_run(m->ran, key_of(m, ask))))
		return;
	if (policy_view_by(&m->view, m->admission, &ask->as))
		policy_show(m->view.admission, &m->input);
	m->input.params = ask->params;
	compiled = policy_cache_get(m->admission->policies, &sort, &ask->terms, m->arena);
	if (!meets_conditions(m, ask, compiled))
		return;
	for (uint32_t i = 0; i < list.len && m->failure == NULL && m->admission->object != NULL; i++)
		mutate_by(m, ask, compiled, &list.at[i], i);
	if (is_again)
		remember(m, key_of(m, ask));
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
	struct admissionregistration_mutation_list list = ((policy_record *)record)->spec->mutations;

	compiled->expressions = policy_cache_array(compiled, list.len);
	for (uint32_t i = 0; i < list.len; i++)
		policy_cache_compile(compiled, text_of(&list.at[i]),
				     is_patch(&list.at[i]) ? POLICY_PATCH : POLICY_CONFIGURATION,
				     true, &compiled->expressions[i]);
}

static const struct policy_sort sort = {
	.policies = &admissionregistration_mutating_admission_policy_type,
	.bindings = &admissionregistration_mutating_admission_policy_binding_type,
	.read = read_policy,
	.read_bond = read_bond,
	.compile = compile,
	.ask = collect,
	.misconfigured = misconfigured,
	.unconverted = "failed to configure policy",
};

/* WAIT: who is to be asked is not known yet. */
static enum check begin(struct admission *admission, struct mutating *m)
{
	*m = (struct mutating){ .admission = admission, .arena = admission->check.arena };
	if (policy_walk(&sort, admission, m) == CHECK_WAIT)
		return CHECK_WAIT;
	if (m->ask_count > 0) {
		if (admission->memory == NULL)
			admission->memory = arena_new_of(m->arena, struct ran);
		m->ran = admission->memory;
	}
	return CHECK_PASS;
}

static enum check ask_all(struct mutating *m)
{
	for (; m->at < m->ask_count && m->failure == NULL; m->at++) {
		enum check check = prepare(m, &m->asks[m->at]);

		if (check != CHECK_PASS)
			return check;
		ask_one(m, &m->asks[m->at]);
	}
	return m->failure != NULL || m->error_count > 0 ? CHECK_DENY : settle(m);
}

static enum check mutate(struct admission *admission)
{
	struct mutating now, *m = admission->check.state;

	if (m == NULL) {
		m = &now;
		if (begin(admission, m) == CHECK_WAIT)
			return CHECK_WAIT;
	}
	if (ask_all(m) == CHECK_WAIT) {
		if (m == &now)
			admission->check.state = arena_copy(m->arena, m, sizeof *m);
		return CHECK_WAIT;
	}
	if (m->failure == NULL && m->error_count > 0)
		m->failure = failure_of_errors(m);
	admission->failure = m->failure;
	return m->failure != NULL ? CHECK_DENY : CHECK_PASS;
}

const struct plugin admission_mutating_admission_policy = {
	.name = "MutatingAdmissionPolicy",
	.operations = ADMISSION_CREATE | ADMISSION_UPDATE | ADMISSION_CONNECT,
	.mutate = mutate,
};
