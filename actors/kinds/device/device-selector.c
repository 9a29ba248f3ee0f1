#include "actors/kinds/device/device-selector.h"

#include "datastore/cel/cel.h"
#include "datastore/cel/value/type.h"
#include "datastore/object/name.h"

/*
 * Expressions over a device (upstream: dynamic-resource-allocation/cel). What a driver says of its devices has no type before it is there,
 * but it has limits, and so has what an expression may cost.
 */

#define EXPRESSION_BYTES_MAX (10U * KIB)
#define COST_MAX 1000000U
#define SELECTORS_MAX 32U
#define ENTRIES_MAX 32U
#define DOMAIN_MAX 63U
#define ID_MAX 32U
#define VALUE_MAX 64U

#define NAME(literal)                        \
	{                                    \
		literal, sizeof(literal) - 1 \
	}

static const struct cel_type a_domain = { .kind = CEL_STRING, .max_size = DOMAIN_MAX };
static const struct cel_type an_id = { .kind = CEL_STRING, .max_size = ID_MAX };
static const struct cel_type a_bool = { .kind = CEL_BOOL, .max_size = 1 };
static const struct cel_type a_value = { .kind = CEL_DYN, .max_size = VALUE_MAX };
static const struct cel_type an_amount = { .kind = CEL_QUANTITY, .max_size = VALUE_MAX };

#define MAP(variable, key, of)                                                            \
	static const struct cel_type variable = {                                         \
		.kind = CEL_MAP, .param = &(key), .value = &(of), .max_size = ENTRIES_MAX \
	}
MAP(values, an_id, a_value);
MAP(attributes, a_domain, values);
MAP(amounts, an_id, an_amount);
MAP(capacity, a_domain, amounts);

static const struct cel_field fields[] = {
	{ NAME("allowMultipleAllocations"), &a_bool },
	{ NAME("attributes"), &attributes },
	{ NAME("capacity"), &capacity },
	{ NAME("driver"), &a_domain },
};
static const struct cel_type a_device = { .kind = CEL_OBJECT,
					  .name = NAME("kubernetes.DRADevice"),
					  .fields = fields,
					  .field_count = sizeof fields / sizeof *fields };
static const struct check_variable variables[] = { { NAME("device"), &a_device } };
static const struct cel_environment environment = { .variables = variables,
						    .count = 1,
						    .binds = true };

static void check_result(const struct path *at, struct str expression,
			 const struct cel_program *program)
{
	const struct cel_type *type = cel_result_type(program);
	struct text shown = text_in(path_arena(at), EXPRESSION_BYTES_MAX);

	if (type->kind == CEL_BOOL || type->kind == CEL_DYN) {
		if (cel_max_cost(program) > COST_MAX)
			path_forbidden(at, "too complex, exceeds cost limit");
		return;
	}
	cel_type_write(type, &shown);
	path_fault(at, FAULT_INVALID, name_quoted(path_arena(at), expression),
		   "must evaluate to bool or the unknown type, not " STR_FMT,
		   STR_ARG(text_str(&shown)));
}

static void check_expression(const struct path *at, struct str expression)
{
	const struct cel_source source = { .text = expression,
					   .environment = &environment,
					   .result = CEL_DYN,
					   .sizes = &a_device };
	struct cel_program *program;
	struct str words;

	if (expression.len > EXPRESSION_BYTES_MAX) {
		path_too_long(at, EXPRESSION_BYTES_MAX);
		return;
	}
	if (cel_compile(&source, path_arena(at), &program, &words) != OK) {
		path_fault(at, FAULT_INVALID, name_quoted(path_arena(at), expression), STR_FMT,
			   STR_ARG(words));
		return;
	}
	check_result(at, expression, program);
	cel_free(program);
}

/* How many are too many says a mark; then nothing is said of each. */
void device_check_selectors(const struct path *at, struct resource_device_selector_list selectors,
			    bool is_stored)
{
	for (uint32_t i = 0; selectors.len <= SELECTORS_MAX && i < selectors.len; i++) {
		const struct path *cel = PATH(PATH_AT(at, i), "cel");

		if (selectors.at[i].cel == NULL)
			path_required(cel, "");
		else if (!is_stored)
			check_expression(PATH(cel, "expression"), selectors.at[i].cel->expression);
	}
}
