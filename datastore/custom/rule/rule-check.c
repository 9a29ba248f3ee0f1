#include "datastore/custom/list-type.h"
#include "datastore/custom/rule/rule-private.h"
#include "datastore/custom/rule/view.h"
#include "datastore/object/name.h"
#include "runtime/base/limits.h"

#define MESSAGE_BYTES_MAX 5120U /* upstream's MaxEvaluatedMessageExpressionSizeBytes */
#define FAULT_TEXT_MAX (16U * KIB)

/* The way to a value: a chain on the stack, with the value that was there before. */
struct place {
	const struct place *up;
	struct str name; /* absent: an element */
	uint32_t index;
	bool is_key; /* of a map */
	const struct value *value, *old;
	/* The old value is that of the same member or key. Where it is not, what is around decides whether all is as it was. */
	bool is_correlated;
};

struct asking {
	const struct rule_task *task;
	uint64_t cost;
	bool is_over; /* nothing more is asked */
};

/* ---- where, and what is shown ------------------------------------------------------------------------------------------ */

static void write_path(struct text *out, const struct place *at)
{
	if (at->up == NULL)
		return;
	write_path(out, at->up);
	if (at->name.at == NULL)
		text_printf(out, "[%u]", at->index);
	else if (at->is_key)
		text_printf(out, "[" STR_FMT "]", STR_ARG(at->name));
	else
		text_printf(out, "%s" STR_FMT, out->len > 0 ? "." : "", STR_ARG(at->name));
}

/* The path of the value, and below it what the rule itself says. */
static struct str path_of(const struct asking *a, const struct place *at, struct str below)
{
	struct text out = text_in(a->task->faults->arena, FAULT_TEXT_MAX);

	text_add(&out, a->task->base);
	write_path(&out, at);
	if (below.len > 0)
		text_printf(&out, "%s" STR_FMT, out.len > 0 ? "." : "", STR_ARG(below));
	return out.len > 0 ? text_str(&out) : STR("<nil>");
}

static struct str shown_type(const struct asking *a, const struct rule_node *node)
{
	return name_quoted(a->task->faults->arena, node->schema->type);
}

/* Of objects and lists none is shown. */
static struct str shown_value(const struct asking *a, const struct place *at)
{
	if (at->value->kind == VALUE_MAP || at->value->kind == VALUE_LIST)
		return STR_NONE;
	return value_shown(at->value, a->task->faults->arena);
}

static struct str rule_words(const struct compiled_rule *rule)
{
	return str_trim(rule->source->message.len > 0 ? rule->source->message : rule->source->rule);
}

static void say(struct asking *a, const struct rule_node *node, const struct place *at,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

/* About the rule and not about the object: the value is the schema's type. */
static void say(struct asking *a, const struct rule_node *node, const struct place *at,
		const char *format, ...)
{
	va_list args;
	struct str words;

	va_start(args, format);
	words = arena_vprintf(a->task->faults->arena, format, args);
	va_end(args);
	faults_add(a->task->faults, FAULT_INVALID, path_of(a, at, STR_NONE), shown_type(a, node),
		   STR_FMT, STR_ARG(words));
}

static void give_up(struct asking *a, const struct rule_node *node, const struct place *at)
{
	a->is_over = true;
	say(a, node, at,
	    "validation failed due to running out of cost budget, no further validation rules "
	    "will be run");
}

/* ---- what fails as it was ------------------------------------------------------------------------------------------------ */

static bool is_as_it_was(const struct place *at)
{
	while (at != NULL && !at->is_correlated)
		at = at->up;
	return at != NULL && at->old != NULL && value_equal(at->value, at->old);
}

static enum fault_kind kind_of(struct str reason)
{
	if (str_is(reason, "FieldValueForbidden"))
		return FAULT_FORBIDDEN;
	if (str_is(reason, "FieldValueRequired"))
		return FAULT_REQUIRED;
	if (str_is(reason, "FieldValueDuplicate"))
		return FAULT_DUPLICATE;
	return FAULT_INVALID;
}

static void add_fault(struct asking *a, const struct compiled_rule *rule, const struct place *at,
		      enum fault_kind kind, struct str path, struct str value, struct str words)
{
	struct faults apart = faults_in(a->task->faults->arena), *to = a->task->faults;
	bool warns = a->task->is_ratcheted && !rule->uses_old_self && is_as_it_was(at);

	if (warns)
		to = &apart;
	if (kind == FAULT_DUPLICATE)
		words = STR("");
	if (kind == FAULT_FORBIDDEN || kind == FAULT_REQUIRED)
		value = STR_NONE;
	faults_add(to, kind, path, value, STR_FMT, STR_ARG(words));
	if (warns && apart.len > 0)
		a->task->warn(a->task->arg,
			      arena_printf(a->task->faults->arena, STR_FMT ": " STR_FMT,
					   STR_ARG(apart.at[0].field),
					   STR_ARG(apart.at[0].message)));
}

/* ---- messages -------------------------------------------------------------------------------------------------------------- */

static bool is_message(struct cel_value value, struct str *out)
{
	if (value.kind != CEL_STRING)
		return false;
	*out = str_trim(value.text);
	return out->len > 0 && out->len <= MESSAGE_BYTES_MAX && str_find_char(*out, '\n') < 0;
}

/* The words of messageExpression, else of message, else of the rule. false: the limits are spent, which was said. */
static bool message_of(struct asking *a, const struct compiled_rule *rule, const struct place *at,
		       struct str path, const struct rule_node *node,
		       const struct cel_value *variables, struct arena *scratch, struct str *out)
{
	struct arena *arena = a->task->faults->arena;
	const char *over =
	    "messageExpression evaluation failed due to running out of cost budget, no further "
	    "validation rules will be run";
	struct cel_value value;
	uint64_t cost = 0;

	*out = rule->source->message.len > 0
		   ? str_trim(rule->source->message)
		   : arena_printf(arena, "failed rule: " STR_FMT, STR_ARG(rule_words(rule)));
	if (rule->message == NULL)
		return true;
	value = cel_evaluate(rule->message, variables, scratch, &cost);
	if (a->cost + cost <= CEL_OBJECT_COST_MAX && !cel_is_over(value)) {
		a->cost += cost;
		is_message(value, out);
		return true;
	}
	if (a->cost + cost <= CEL_OBJECT_COST_MAX)
		over = arena_printf(arena,
				    "no further validation rules will be run due to call cost "
				    "exceeds limit for messageExpression: " STR_FMT,
				    STR_ARG(name_quoted(arena, rule->source->message_expression)))
			   .at;
	add_fault(a, rule, at, FAULT_INVALID, path, shown_type(a, node), str_from(over));
	a->is_over = true;
	return false;
}

/* ---- one rule ---------------------------------------------------------------------------------------------------------------- */

static void say_error(struct asking *a, const struct rule_node *node, const struct place *at,
		      const struct compiled_rule *rule, struct cel_value error)
{
	struct str words = rule_words(rule);

	if (str_starts(error.text, STR("no such overload"))) {
		say(a, node, at,
		    "'" STR_FMT "': call arguments did not match a supported operator, function or "
		    "macro signature for rule: " STR_FMT,
		    STR_ARG(error.text), STR_ARG(words));
	} else if (cel_is_over(error)) {
		say(a, node, at,
		    "'" STR_FMT "': no further validation rules will be run due to call cost "
		    "exceeds limit for rule: " STR_FMT,
		    STR_ARG(error.text), STR_ARG(words));
		a->is_over = true;
	} else {
		say(a, node, at, STR_FMT " evaluating rule: " STR_FMT, STR_ARG(error.text),
		    STR_ARG(words));
	}
}

static bool is_optional_old(const struct compiled_rule *rule)
{
	return rule->source->has.optional_old_self && rule->source->optional_old_self;
}

static void set_variables(const struct rule_node *node, const struct place *at,
			  const struct compiled_rule *rule, struct arena *arena,
			  struct cel_value out[2])
{
	struct cel_value old = CEL_VALUE_NULL;

	out[COMPILE_SELF] = view_value(at->value, node->schema, arena);
	if (at->old != NULL)
		old = view_value(at->old, node->schema, arena);
	if (is_optional_old(rule))
		old = at->old != NULL ? cel_value_some(arena, old) : CEL_VALUE_NONE;
	out[COMPILE_OLD_SELF] = old;
}

static void ask_rule(struct asking *a, const struct rule_node *node, const struct place *at,
		     uint32_t which)
{
	const struct compiled_rule *rule = &node->rules[which];
	struct arena *arena = arena_new(0);
	struct cel_value variables[2], value;
	struct str path, words;
	uint64_t cost = 0;

	set_variables(node, at, rule, arena, variables);
	value = cel_evaluate(rule->rule, variables, arena, &cost);
	if (a->cost + cost > CEL_OBJECT_COST_MAX) {
		give_up(a, node, at);
		goto out;
	}
	a->cost += cost;
	if (value.kind == CEL_ERROR) {
		say_error(a, node, at, rule, value);
		goto out;
	}
	if (value.kind == CEL_BOOL && value.is_true)
		goto out;
	path = path_of(a, at, node->paths[which]);
	if (message_of(a, rule, at, path, node, variables, arena, &words))
		add_fault(a, rule, at, kind_of(rule->source->reason), path, shown_value(a, at),
			  arena_str(a->task->faults->arena, words));
out:
	arena_free(arena);
}

static void ask_rules(struct asking *a, const struct rule_node *node, const struct place *at)
{
	for (uint32_t i = 0; i < node->rule_count && !a->is_over; i++) {
		const struct compiled_rule *rule = &node->rules[i];

		if (a->cost >= CEL_OBJECT_COST_MAX)
			give_up(a, node, at);
		else if (rule->wrong.at != NULL)
			say(a, node, at, "rule compile error: " STR_FMT, STR_ARG(rule->wrong));
		else if (rule->rule != NULL &&
			 (!rule->uses_old_self || at->old != NULL || is_optional_old(rule)))
			ask_rule(a, node, at, i);
	}
}

/* ---- all below -------------------------------------------------------------------------------------------------------------------- */

static void ask(struct asking *a, const struct rule_node *node, const struct place *at);

/* Members of maps belong together by name, unless the map says otherwise. */
static bool is_correlatable(schema_props *schema)
{
	struct str type = schema->x_kubernetes_map_type;

	return type.at == NULL || str_is(type, "granular") || str_is(type, "atomic");
}

static const struct rule_node *node_of(const struct rule_node *node, struct str name)
{
	for (uint32_t i = 0; i < node->member_count; i++)
		if (str_eq(node->members[i].name, name))
			return &node->members[i].node;
	return NULL;
}

static void ask_members(struct asking *a, const struct rule_node *node, const struct place *at)
{
	bool has_old =
	    at->old != NULL && at->old->kind == VALUE_MAP && is_correlatable(node->schema);

	for (uint32_t i = 0; i < at->value->len && !a->is_over; i++) {
		const struct value_member *member = &at->value->members[i];
		const struct rule_node *inner =
		    node->values != NULL ? node->values : node_of(node, member->name);
		struct place place = { .up = at,
				       .name = member->name,
				       .is_key = node->values != NULL,
				       .value = &member->value };

		if (inner == NULL)
			continue;
		if (has_old)
			place.old = value_member(at->old, member->name);
		place.is_correlated = place.old != NULL;
		ask(a, inner, &place);
	}
}

/* Elements belong together by key, where the list is a map. */
static void ask_items(struct asking *a, const struct rule_node *node, const struct place *at)
{
	struct list_type_index index = { 0 };
	bool has_old = at->old != NULL && at->old->kind == VALUE_LIST &&
		       str_is(node->schema->x_kubernetes_list_type, "map");

	if (has_old)
		list_type_index(node->schema, at->old, a->task->faults->arena, &index);
	for (uint32_t i = 0; i < at->value->len && !a->is_over; i++) {
		struct place place = { .up = at, .index = i, .value = &at->value->items[i] };

		if (has_old)
			place.old = list_type_find(&index, place.value);
		place.is_correlated = place.old != NULL;
		ask(a, node->items, &place);
	}
	list_type_forget(&index);
}

/* A null is what is around it to judge. */
static void ask(struct asking *a, const struct rule_node *node, const struct place *at)
{
	struct place with_old = *at;

	if (at->value->kind == VALUE_NULL)
		return;
	if (at->old != NULL && at->old->kind == VALUE_NULL)
		with_old.old = NULL;
	ask_rules(a, node, &with_old);
	if (a->is_over)
		return;
	if (at->value->kind == VALUE_LIST && node->items != NULL)
		ask_items(a, node, &with_old);
	if (at->value->kind == VALUE_MAP)
		ask_members(a, node, &with_old);
}

void rule_set_check(const struct rule_task *task)
{
	struct asking a = { .task = task, .cost = *task->cost };
	struct place root = { .value = task->value,
			      .old = task->old,
			      .is_correlated = task->old != NULL };

	if (task->set->root != NULL)
		ask(&a, task->set->root, &root);
	*task->cost = a.cost;
}
