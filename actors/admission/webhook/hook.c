#include "actors/admission/webhook/hook.h"

#include "actors/admission/policy-condition.h"
#include "actors/admission/policy-match.h"

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

/* Both kinds of webhook have the same members. */
#define READ(out, in, of, arena)                                                                   \
	(*(out) = (struct hook){                                                                   \
	     .name = (in)->name,                                                                   \
	     .configuration = (of),                                                                \
	     .id = arena_printf((arena), STR_FMT "/" STR_FMT, STR_ARG(of), STR_ARG((in)->name)),   \
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
	const struct admissionregistration_mutating_webhook_configuration *in =
	    object_hold(((struct gathering *)arg)->arena, object)->record;
	struct gathering *g = arg;

	for (uint32_t i = 0; i < in->webhooks.len; i++) {
		struct hook *hook = add(g);

		READ(hook, &in->webhooks.at[i], in->metadata->name, g->arena);
		hook->wants_again = str_is(in->webhooks.at[i].reinvocation_policy, "IfNeeded");
		hook->is_mutating = true;
	}
	return true;
}

static bool add_validating(void *arg, const struct object *object)
{
	const struct admissionregistration_validating_webhook_configuration *in =
	    object_hold(((struct gathering *)arg)->arena, object)->record;
	struct gathering *g = arg;

	for (uint32_t i = 0; i < in->webhooks.len; i++)
		READ(add(g), &in->webhooks.at[i], in->metadata->name, g->arena);
	return true;
}

static struct hook_list gather(const struct admission *admission, const struct type *type,
			       bool (*visit)(void *arg, const struct object *object))
{
	const struct reader *reader = admission->check.reader;
	struct gathering g = { .arena = admission->check.arena };

	if (!policy_match_is_exempt(admission))
		reader->each(reader->self, type, STR_NONE, visit, &g);
	for (uint32_t i = 0; i < g.out.len; i++)
		g.out.at[i].index = i;
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

enum hook_match hook_match(const struct hook *hook, struct admission *admission,
			   const struct admission **view)
{
	struct str words;

	if (!policy_match_selectors(admission, hook->namespaces, hook->objects))
		return HOOK_PASSES;
	*view = policy_match_rules(admission, hook->rules, hook->is_equivalent);
	if (*view == NULL)
		return HOOK_PASSES;
	switch (policy_condition_ask(*view, hook->conditions, &words)) {
	case POLICY_CONDITION_MET: return HOOK_MATCHES;
	case POLICY_CONDITION_UNMET: return HOOK_PASSES;
	case POLICY_CONDITION_UNKNOWN: break;
	}
	if (hook->ignores_failures)
		return HOOK_PASSES;
	(void)admission_deny(admission, STR_FMT, STR_ARG(words));
	return HOOK_REFUSES;
}
