#include "actors/admission/webhook/hook.h"

#include "actors/admission/policy-match.h"
#include "actors/admission/policy-show.h"
#include "actors/admission/policy/policy-judge.h"
#include "datastore/custom/policy/policy.h"

#define TIMEOUT_S 10 /* upstream's default */

/* ---- who there is ------------------------------------------------------------------------------------------ */

struct gathering {
	struct arena *arena;
	struct hook_list out;
	uint32_t cap;
};

static struct hook *add(struct gathering *g)
{
	if (g->out.len == g->cap) {
		uint32_t cap = g->cap > 0 ? g->cap * 2 : 8;

		g->out.at = arena_grow(g->arena, g->out.at, g->cap * sizeof *g->out.at,
				       cap * sizeof *g->out.at);
		g->cap = cap;
	}
	return &g->out.at[g->out.len++];
}

static struct str id_of(const struct object *configuration, struct str name, struct arena *arena)
{
	struct str of = object_name(configuration);

	return arena_printf(arena, STR_FMT "/" STR_FMT, STR_ARG(of), STR_ARG(name));
}

/* Both kinds of webhook have the same members. */
#define READ(out, in, of, arena)                                                                   \
	(*(out) = (struct hook){                                                                   \
	     .object = (of),                                                                       \
	     .name = (in)->name,                                                                   \
	     .configuration = object_name(of),                                                     \
	     .id = id_of((of), (in)->name, (arena)),                                               \
	     .client = (in)->client_config,                                                        \
	     .rules = (in)->rules,                                                                 \
	     .conditions = (in)->match_conditions,                                                 \
	     .namespaces = (in)->namespace_selector,                                               \
	     .objects = (in)->object_selector,                                                     \
	     .versions = (in)->admission_review_versions,                                          \
	     .ignores_failures = str_is((in)->failure_policy, "Ignore"),                           \
	     .is_equivalent = str_is((in)->match_policy, "Equivalent"),                            \
	     .has_no_side_effects =                                                                \
		 str_is((in)->side_effects, "None") || str_is((in)->side_effects, "NoneOnDryRun"), \
	     .timeout_ms = 1000U * (uint32_t)((in)->has.timeout_seconds ? (in)->timeout_seconds    \
									: TIMEOUT_S),              \
	 })

static bool add_mutating(void *arg, const struct object *object)
{
	struct gathering *g = arg;
	const struct admissionregistration_mutating_webhook_configuration *in =
	    object_hold(g->arena, object)->record;

	for (uint32_t i = 0; i < in->webhooks.len; i++) {
		struct hook *hook = add(g);

		READ(hook, &in->webhooks.at[i], object, g->arena);
		hook->wants_again = str_is(in->webhooks.at[i].reinvocation_policy, "IfNeeded");
		hook->is_mutating = true;
	}
	return true;
}

static bool add_validating(void *arg, const struct object *object)
{
	struct gathering *g = arg;
	const struct admissionregistration_validating_webhook_configuration *in =
	    object_hold(g->arena, object)->record;

	for (uint32_t i = 0; i < in->webhooks.len; i++)
		READ(add(g), &in->webhooks.at[i], object, g->arena);
	return true;
}

static struct hook_list gather(const struct admission *admission, const struct type *type,
			       bool (*visit)(void *arg, const struct object *object))
{
	const struct reader *reader = admission->check.reader;
	struct gathering g = { .arena = admission->check.arena };

	if (!policy_match_is_exempt(admission))
		reader->each(reader->self, type, STR_NONE, visit, &g);
	for (uint32_t i = 0; i < g.out.len; i++) {
		const struct hook *last = i > 0 ? &g.out.at[i - 1] : NULL;

		g.out.at[i].index = i;
		if (last != NULL && last->object == g.out.at[i].object)
			g.out.at[i].first_condition = last->first_condition + last->conditions.len;
	}
	return g.out;
}

struct hook_list hook_list_mutating(const struct admission *admission)
{
	return gather(admission, &admissionregistration_mutating_webhook_configuration_type,
		      add_mutating);
}

struct hook_list hook_list_validating(const struct admission *admission)
{
	return gather(admission, &admissionregistration_validating_webhook_configuration_type,
		      add_validating);
}

/* ---- whether it is asked -------------------------------------------------------------------------------------- */

typedef struct admissionregistration_match_condition_list conditions_fn(const void *webhooks,
									uint32_t i);

/* Of all its webhooks, behind one another: upstream's webhooks have no other expressions. */
static void compile(const void *webhooks, uint32_t len, conditions_fn *conditions,
		    struct policy_compiled *compiled)
{
	uint32_t count = 0, done = 0;

	for (uint32_t i = 0; i < len; i++)
		count += conditions(webhooks, i).len;
	compiled->conditions = policy_cache_array(compiled, count);
	for (uint32_t i = 0; i < len; i++) {
		policy_cache_compile_conditions(compiled, conditions(webhooks, i),
						&compiled->conditions[done]);
		done += conditions(webhooks, i).len;
	}
}

static struct admissionregistration_match_condition_list mutating_conditions(const void *webhooks,
									     uint32_t i)
{
	return ((const struct admissionregistration_mutating_webhook *)webhooks)[i].match_conditions;
}

static struct admissionregistration_match_condition_list validating_conditions(const void *webhooks,
									       uint32_t i)
{
	return ((const struct admissionregistration_validating_webhook *)webhooks)[i].match_conditions;
}

static void compile_mutating(const void *record, struct policy_compiled *compiled)
{
	const struct admissionregistration_mutating_webhook_configuration *in = record;

	compile(in->webhooks.at, in->webhooks.len, mutating_conditions, compiled);
}

static void compile_validating(const void *record, struct policy_compiled *compiled)
{
	const struct admissionregistration_validating_webhook_configuration *in = record;

	compile(in->webhooks.at, in->webhooks.len, validating_conditions, compiled);
}

static bool meets_conditions(const struct hook *hook, const struct admission *admission,
			     struct str *words)
{
	const struct policy_sort sort = {
		.compile = hook->is_mutating ? compile_mutating : compile_validating,
	};
	const struct policy_terms terms = { .object = hook->object };
	struct arena *arena = admission->check.arena;
	const struct policy_compiled *compiled;
	struct policy_input input;

	if (hook->conditions.len == 0)
		return true;
	compiled = policy_cache_get(admission->policies, &sort, &terms, arena);
	policy_show(admission, &input);
	return policy_judge_conditions(policy_run_new(&compiled->policy, &input, arena),
				       &compiled->conditions[hook->first_condition],
				       hook->conditions, arena, words);
}

enum hook_match hook_match(const struct hook *hook, struct admission *admission,
			   const struct admission **view)
{
	struct str words;

	if (!policy_match_selectors(admission, hook->namespaces, hook->objects))
		return HOOK_PASSES;
	switch (policy_match_rules(admission, hook->rules, hook->is_equivalent, view)) {
	case CHECK_WAIT: return HOOK_WAITS;
	case CHECK_DENY: return HOOK_REFUSES;
	default: break;
	}
	if (*view == NULL)
		return HOOK_PASSES;
	if (meets_conditions(hook, *view, &words))
		return HOOK_MATCHES;
	if (words.at == NULL || hook->ignores_failures)
		return HOOK_PASSES;
	(void)admission_deny(admission, STR_FMT, STR_ARG(words));
	return HOOK_REFUSES;
}
