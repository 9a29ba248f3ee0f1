#include "datastore/cel/cel.h"

#include <assert.h>

#include "datastore/cel/evaluate/evaluate.h"
#include "datastore/cel/syntax/parse.h"
#include "datastore/schema/pattern.h"
#include "runtime/base/mem.h"

struct cel_program {
	struct arena *arena; /* its nodes and constants */
	struct node *root;
	struct map patterns;
	bool *is_used;
	uint32_t variable_count;
	uint64_t max_cost;
};

static enum status fail(struct arena *arena, struct str *words, const char *before, struct str what)
{
	*words = arena_printf(arena, "%s" STR_FMT, before, STR_ARG(what));
	return INVALID;
}

static enum status compile(struct cel_program *program, const struct cel_source *source,
			   struct arena *arena, struct str *words)
{
	struct str text = arena_str(program->arena, source->text), wrong;
	struct issues issues = { .arena = arena };
	struct check_scope scope = { .variables = source->environment->variables,
				     .count = source->environment->count,
				     .makes_messages = source->environment->makes_messages,
				     .is_used = program->is_used };

	program->root = parse(text, source->environment->binds, &issues, program->arena);
	if (issues.len == 0)
		check_types(program->root, &scope, &issues, program->arena);
	if (issues.len == 0)
		check_literals(program->root, &issues, arena);
	if (issues.len > 0)
		return fail(arena, words, "compilation failed: ", issues_shown(&issues, text));
	if (source->result != CEL_DYN && program->root->type->kind != source->result)
		return fail(arena, words, source->wrong_result, STR(""));
	program->max_cost =
	    estimate_cost(program->root,
			  source->sizes != NULL ? source->sizes : cel_type_of(CEL_DYN), arena)
		.max;
	wrong = evaluate_constants(program->root, program->arena);
	return wrong.at == NULL ? OK : fail(arena, words, "program instantiation failed: ", wrong);
}

enum status cel_compile(const struct cel_source *source, struct arena *arena,
			struct cel_program **out, struct str *words)
{
	struct cel_program *program = mem_new(struct cel_program);
	enum status status;

	program->arena = arena_new_tight(0);
	program->variable_count = source->environment->count;
	program->is_used = arena_array(program->arena, bool, program->variable_count + 1U);
	status = compile(program, source, arena, words);
	if (status != OK)
		cel_free(program);
	else
		*out = program;
	return status;
}

void cel_free(struct cel_program *program)
{
	struct str text;
	void *pattern;

	if (program == NULL)
		return;
	for (uint32_t at = 0; map_next(&program->patterns, &at, &text, &pattern);)
		pattern_free(pattern);
	map_fini(&program->patterns);
	arena_free(program->arena);
	mem_free(program);
}

uint64_t cel_max_cost(const struct cel_program *program)
{
	return program->max_cost;
}

const struct cel_type *cel_result_type(const struct cel_program *program)
{
	return program->root->type;
}

size_t cel_size(const struct cel_program *program)
{
	return arena_size(program->arena);
}

bool cel_uses(const struct cel_program *program, uint32_t variable)
{
	assert(variable < program->variable_count);
	return program->is_used[variable];
}

static bool selects(const struct node *node, struct str variable, struct str field)
{
	const struct node_fold *fold = node->fold;

	if (node->kind == NODE_SELECT && node->target->kind == NODE_IDENT &&
	    str_eq(node->target->name, variable) && str_eq(node->name, field))
		return true;
	if (node->target != NULL && selects(node->target, variable, field))
		return true;
	for (uint32_t i = 0; i < node->arg_count; i++)
		if (selects(node->args[i], variable, field))
			return true;
	return fold != NULL &&
	       (selects(fold->range, variable, field) || selects(fold->init, variable, field) ||
		selects(fold->condition, variable, field) || selects(fold->step, variable, field) ||
		selects(fold->result, variable, field));
}

bool cel_selects(const struct cel_program *program, struct str variable, struct str field)
{
	return selects(program->root, variable, field);
}

struct cel_value cel_evaluate(struct cel_program *program, const struct cel_value *values,
			      struct arena *arena, uint64_t *cost)
{
	struct evaluate_task task = { .root = program->root,
				      .variables = values,
				      .arena = arena,
				      .patterns = &program->patterns,
				      .max_cost = CEL_CALL_COST_MAX,
				      .max_bytes = CEL_EVALUATE_BYTES_MAX };
	uint64_t taken = 0;
	struct cel_value out = evaluate(&task, &taken);

	*cost += taken;
	return out;
}

bool cel_is_over(struct cel_value error)
{
	return error.kind == CEL_ERROR && str_starts(error.text, STR("operation cancelled: "));
}
