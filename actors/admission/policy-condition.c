#include "actors/admission/policy-condition.h"

#include "actors/admission/policy-show.h"

#define WORDS_MAX (64U * KIB)

struct asking {
	struct arena *arena;
	struct policy policy;
	struct policy_run *run;
	uint64_t cost;
	struct text words; /* of all that could not be evaluated, as upstream joins them */
	uint32_t failures;
};

static void add_failure(struct asking *asking, struct str words)
{
	if (asking->failures++ > 0)
		text_lit(&asking->words, ", ");
	text_add(&asking->words, words);
}

/* False: it says no. */
static bool ask(struct asking *asking, struct str expression)
{
	struct cel_program *program;
	struct cel_value value;
	struct str wrong;

	if (policy_compile(&asking->policy, expression, POLICY_BOOL, true, &program, &wrong) != OK) {
		add_failure(asking, arena_printf(asking->arena, "compilation error: " STR_FMT,
						 STR_ARG(wrong)));
		return true;
	}
	value = policy_run_evaluate(asking->run, program, &asking->cost);
	if (asking->cost > POLICY_MATCH_COST_MAX)
		add_failure(asking, STR("validation failed due to running out of cost budget, no "
					"further validation rules will be run"));
	else if (value.kind != CEL_BOOL)
		add_failure(asking,
			    arena_printf(asking->arena,
					 "expression '" STR_FMT "' resulted in error: " STR_FMT,
					 STR_ARG(expression), STR_ARG(value.text)));
	return value.kind != CEL_BOOL || value.is_true;
}

enum policy_condition
policy_condition_ask(const struct admission *admission,
		     struct admissionregistration_match_condition_list conditions, struct str *words)
{
	struct arena *arena = admission->check.arena;
	struct asking asking = { .arena = arena,
				 .policy = policy_in(arena, false, false),
				 .words = text_in(arena, WORDS_MAX) };
	struct policy_input input;

	if (conditions.len == 0)
		return POLICY_CONDITION_MET;
	policy_show(admission, &input);
	asking.run = policy_run_new(&asking.policy, &input, arena);
	for (uint32_t i = 0; i < conditions.len && asking.cost <= POLICY_MATCH_COST_MAX; i++)
		if (!ask(&asking, conditions.at[i].expression))
			return POLICY_CONDITION_UNMET;
	if (asking.failures == 0)
		return POLICY_CONDITION_MET;
	*words = asking.failures == 1
		     ? text_str(&asking.words)
		     : arena_printf(arena, "[" STR_FMT "]", STR_ARG(text_str(&asking.words)));
	return POLICY_CONDITION_UNKNOWN;
}
