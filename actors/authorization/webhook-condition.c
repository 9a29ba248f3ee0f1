#include "actors/authorization/webhook-condition.h"

#include "datastore/custom/policy/policy.h"
#include "datastore/custom/policy/record-type.h"
#include "datastore/custom/rule/view.h"
#include "datastore/custom/value.h"
#include "datastore/schema/authorization.h"

static void give_back(void *program)
{
	cel_free(program);
}

enum status webhook_condition_compile(struct str text, struct arena *arena,
				      struct webhook_condition *out, struct str *words)
{
	const struct check_variable request = {
		STR("request"), record_type(&authorization_subject_access_review_spec_type, arena)
	};
	const struct cel_environment environment = { .variables = &request, .count = 1 };
	const struct cel_source source = { .text = text,
					   .environment = &environment,
					   .result = CEL_BOOL,
					   .wrong_result = "must evaluate to bool" };
	struct str said;

	if (cel_compile(&source, arena, &out->program, &said) != OK) {
		*words = arena_str(
		    arena, str_cut(&said, '\n')); /* the other lines draw what this one says */
		return INVALID;
	}
	arena_on_free(arena, give_back, out->program);
	out->text = text;
	return OK;
}

enum webhook_condition_verdict webhook_condition_ask(const struct webhook_condition *conditions,
						     uint32_t count, struct str review,
						     struct arena *arena, struct str *words)
{
	struct value tree;
	const struct value *spec;
	struct cel_value request;
	uint64_t cost = 0;

	*words = STR_NONE;
	if (count == 0)
		return WEBHOOK_CONDITION_MET;
	spec = value_parse(review, arena, &tree) == OK ? value_member(&tree, STR("spec")) : NULL;
	request = spec != NULL ? view_value(spec, NULL, arena) : CEL_VALUE_NULL;
	for (uint32_t i = 0; i < count; i++) {
		struct cel_value said =
		    cost > POLICY_MATCH_COST_MAX
			? cel_value_error(arena, "out of cost budget")
			: cel_evaluate(conditions[i].program, &request, arena, &cost);

		if (said.kind == CEL_BOOL && !said.is_true)
			return WEBHOOK_CONDITION_UNMET;
		if (said.kind != CEL_BOOL && words->at == NULL)
			*words = arena_printf(
			    arena, "cel evaluation error: expression '" STR_FMT "': " STR_FMT,
			    STR_ARG(conditions[i].text), STR_ARG(said.text));
	}
	return words->at == NULL ? WEBHOOK_CONDITION_MET : WEBHOOK_CONDITION_UNKNOWN;
}
