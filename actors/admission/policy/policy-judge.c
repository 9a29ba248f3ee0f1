#include "actors/admission/policy/policy-judge.h"

#define WORDS_BYTES_MAX (256U * KIB)
#define OUT_OF_BUDGET                                                          \
	STR("validation failed due to running out of cost budget, no further " \
	    "validation rules will be run")

static struct str error_of(struct arena *arena, struct str text, struct cel_value value)
{
	return arena_printf(arena, "expression '" STR_FMT "' resulted in error: " STR_FMT,
			    STR_ARG(text), STR_ARG(value.text));
}

bool policy_judge_evaluate(struct policy_run *run, struct cel_program *program, struct str text,
			   struct arena *arena, uint64_t *cost, struct cel_value *out,
			   struct str *words)
{
	*out = policy_run_evaluate(run, program, cost);
	if (*cost > CEL_OBJECT_COST_MAX)
		*words = OUT_OF_BUDGET;
	else if (out->kind == CEL_ERROR)
		*words = error_of(arena, text, *out);
	else
		return true;
	return false;
}

/* All of them in brackets when there are several. */
static struct str gathered(struct arena *arena, struct text *errors, uint32_t count)
{
	if (count < 2)
		return text_str(errors);
	return arena_printf(arena, "[" STR_FMT "]", STR_ARG(text_str(errors)));
}

/* Of one that gave neither true nor false. */
static struct str condition_error(struct arena *arena, const struct policy_expression *condition,
				  struct str text, struct cel_value value)
{
	if (condition->program == NULL)
		return arena_printf(arena, "compilation error: " STR_FMT, STR_ARG(condition->wrong));
	return error_of(arena, text, value);
}

bool policy_judge_conditions(struct policy_run *run, const struct policy_expression *compiled,
			     struct admissionregistration_match_condition_list list,
			     struct arena *arena, struct str *words)
{
	struct text errors = text_in(arena, WORDS_BYTES_MAX);
	struct cel_value value = { 0 };
	uint32_t error_count = 0;
	uint64_t cost = 0;

	*words = STR_NONE;
	for (uint32_t i = 0; i < list.len; i++) {
		const struct policy_expression *condition = &compiled[i];

		if (condition->program != NULL) {
			value = policy_run_evaluate(run, condition->program, &cost);
			if (cost > POLICY_MATCH_COST_MAX) {
				*words = OUT_OF_BUDGET;
				return false;
			}
			if (value.kind == CEL_BOOL && !value.is_true)
				return false;
			if (value.kind == CEL_BOOL)
				continue;
		}
		text_add(&errors, error_count++ > 0 ? STR(", ") : STR(""));
		text_add(&errors, condition_error(arena, condition, list.at[i].expression, value));
	}
	if (error_count > 0)
		*words = gathered(arena, &errors, error_count);
	return error_count == 0;
}
