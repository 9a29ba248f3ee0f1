#include "datastore/custom/rule/compile.h"

static struct str instead(struct arena *arena, struct str words)
{
	static const struct {
		const char *from, *to;
	} begins[] = { { "compilation failed: ", "messageExpression compilation failed: " },
		       { "program instantiation failed: ",
			 "messageExpression instantiation failed: " } };

	for (uint32_t i = 0; i < 2; i++) {
		struct str from = str_from(begins[i].from);
		struct str rest = str_slice(words, from.len, words.len);

		if (str_starts(words, from))
			return arena_printf(arena, "%s" STR_FMT, begins[i].to, STR_ARG(rest));
	}
	return words;
}

void compiled_rule_make(const struct apiextensions_validation_rule *source,
			const struct cel_type *self, struct arena *arena, struct compiled_rule *out)
{
	struct check_variable variables[] = { { STR("self"), self }, { STR("oldSelf"), self } };
	struct cel_environment environment = { .variables = variables, .count = 2 };
	struct cel_source rule = { .text = source->rule,
				   .environment = &environment,
				   .result = CEL_BOOL,
				   .wrong_result = "cel expression must evaluate to a bool",
				   .sizes = self };

	*out = (struct compiled_rule){ .source = source };
	if (source->has.optional_old_self && source->optional_old_self)
		variables[1].type = cel_type_optional(arena, self);
	if (str_trim(source->rule).len == 0 ||
	    cel_compile(&rule, arena, &out->rule, &out->wrong) != OK)
		return;
	out->uses_old_self = cel_uses(out->rule, COMPILE_OLD_SELF);
	if (source->message_expression.len == 0)
		return;
	rule.text = source->message_expression;
	rule.result = CEL_STRING;
	rule.wrong_result = "messageExpression must evaluate to a string";
	if (cel_compile(&rule, arena, &out->message, &out->message_wrong) != OK)
		out->message_wrong = instead(arena, out->message_wrong);
}

void compiled_rule_fini(struct compiled_rule *compiled)
{
	cel_free(compiled->rule);
	cel_free(compiled->message);
}
