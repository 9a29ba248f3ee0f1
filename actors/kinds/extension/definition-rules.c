#include <math.h>
#include <stdio.h>

#include "actors/kinds/extension/definition-schema.h"
#include "datastore/cel/cel.h"
#include "datastore/cel/value/escape.h"
#include "datastore/cel/value/type.h"
#include "datastore/custom/props.h"
#include "datastore/custom/rule/compile.h"
#include "datastore/custom/rule/declare.h"
#include "datastore/custom/value.h"
#include "runtime/base/limits.h"

/*
 * Rules of schemas (x-kubernetes-validations): that they compile, and that all objects that the schema allows can be judged by them at a bounded cost
 * (apiextensions-apiserver: apis/apiextensions/validation).
 */

#define COST_MAX 10000000ULL        /* StaticEstimatedCostLimit: of one expression */
#define TOTAL_COST_MAX 100000000ULL /* StaticEstimatedCRDCostLimit: of all of a version */
#define DEAREST 4U
#define DEPTH_MAX (2 * LIMIT_NESTING)

struct dear {
	struct str path;
	uint64_t cost;
};

struct judging {
	struct arena *arena;
	uint64_t total;
	struct dear dearest[DEAREST]; /* the dearest first */
	uint32_t dear_count;
};

/* What is known of a node by what is around it. */
struct surrounding {
	const struct cel_type *type; /* NULL: unknown, or not seen */
	bool is_root, in_rules;      /* in_rules: here or above are some */
	bool is_bounded;
	uint64_t count;                  /* how often it is there at most */
	const struct path *uncorrelated; /* where old values stop to belong together; NULL: nowhere */
	uint32_t depth;
};

static uint64_t multiply(uint64_t a, uint64_t b)
{
	uint64_t out;

	return __builtin_mul_overflow(a, b, &out) ? UINT64_MAX : out;
}

/* ---- costs --------------------------------------------------------------------------------------------------------- */

static struct str too_dear(struct arena *arena, const char *what, uint64_t cost, uint64_t max)
{
	double factor = (double)cost / (double)max;
	char times[40] = "more than 100x";

	if (factor < 1.5)
		snprintf(times, sizeof times, "%fx", factor);
	else if (factor <= 100)
		snprintf(times, sizeof times, "%.1fx", factor);
	return arena_printf(
	    arena,
	    "%s exceeds budget by factor of %s (try simplifying the rule, or adding "
	    "maxItems, maxProperties, and maxLength where arrays, maps, and strings "
	    "are declared)",
	    what, times);
}

/* Adds to the total, and keeps the dearest of those that are a hundredth of what all may cost. */
static void observe(struct judging *j, const struct path *at, uint64_t cost)
{
	struct dear one = { .cost = cost };
	uint32_t place = j->dear_count;

	j->total = j->total + cost < cost ? UINT64_MAX : j->total + cost;
	if (cost < TOTAL_COST_MAX / 100)
		return;
	while (place > 0 && j->dearest[place - 1].cost < cost)
		place--;
	if (place == DEAREST)
		return;
	one.path = path_text(at);
	if (j->dear_count < DEAREST)
		j->dear_count++;
	for (uint32_t i = j->dear_count - 1; i > place; i--)
		j->dearest[i] = j->dearest[i - 1];
	j->dearest[place] = one;
}

static void judge_cost(struct judging *j, const struct path *at, const char *what, uint64_t cost)
{
	if (cost > COST_MAX)
		path_forbidden(at, too_dear(j->arena, what, cost, COST_MAX).at);
	observe(j, at, cost);
}

/* ---- rules --------------------------------------------------------------------------------------------------------- */

static void write_string(struct text *out, struct str text)
{
	value_write(&(struct value){ .kind = VALUE_STRING, .text = text }, out);
}

/* As upstream shows the whole rule: its own struct as JSON. */
static struct str shown_rule(struct arena *arena, const struct apiextensions_validation_rule *rule)
{
	struct text out = text_in(arena, 64 * KIB);

	text_lit(&out, "{\"Rule\":");
	write_string(&out, rule->rule);
	text_lit(&out, ",\"Message\":");
	write_string(&out, rule->message);
	text_lit(&out, ",\"MessageExpression\":");
	write_string(&out, rule->message_expression);
	text_lit(&out, ",\"Reason\":");
	if (rule->reason.at != NULL)
		write_string(&out, rule->reason);
	else
		text_lit(&out, "null");
	text_lit(&out, ",\"FieldPath\":");
	write_string(&out, rule->field_path);
	text_printf(&out, ",\"OptionalOldSelf\":%s}",
		    !rule->has.optional_old_self ? "null"
		    : rule->optional_old_self    ? "true"
						 : "false");
	return text_str(&out);
}

static void judge_old_self(const struct path *at, const struct compiled_rule *rule,
			   const struct path *uncorrelated)
{
	struct arena *arena = path_arena(at);

	if (rule->uses_old_self && uncorrelated != NULL) {
		struct str within = path_text(uncorrelated);

		path_invalid(PATH(at, "rule"), rule->source->rule,
			     arena_printf(arena,
					  "oldSelf cannot be used on the uncorrelatable portion of "
					  "the schema within " STR_FMT,
					  STR_ARG(within))
				 .at);
	} else if (!rule->uses_old_self && rule->source->has.optional_old_self) {
		path_fault(PATH(at, "optionalOldSelf"), FAULT_INVALID,
			   rule->source->optional_old_self ? STR("true") : STR("false"), "%s",
			   "may not be set if oldSelf is not used in rule");
	}
}

static void judge_rule(struct judging *j, const struct path *at,
		       const struct apiextensions_validation_rule *source,
		       const struct surrounding *around, int64_t min_bytes)
{
	uint64_t count = around->is_bounded ? around->count
					    : (uint64_t)(DECLARE_REQUEST_BYTES / (min_bytes + 1));
	struct compiled_rule rule;

	compiled_rule_make(source, around->type, j->arena, &rule);
	if (rule.rule != NULL)
		judge_cost(j, PATH(at, "rule"), "estimated rule cost",
			   multiply(cel_max_cost(rule.rule), count));
	if (rule.wrong.at != NULL)
		path_fault(PATH(at, "rule"), FAULT_INVALID, shown_rule(j->arena, source), STR_FMT,
			   STR_ARG(rule.wrong));
	if (rule.message_wrong.at != NULL)
		path_fault(PATH(at, "messageExpression"), FAULT_INVALID,
			   shown_rule(j->arena, source), STR_FMT, STR_ARG(rule.message_wrong));
	else if (rule.message != NULL)
		judge_cost(j, PATH(at, "messageExpression"), "estimated messageExpression cost",
			   cel_max_cost(rule.message));
	judge_old_self(at, &rule, around->uncorrelated);
	compiled_rule_fini(&rule);
}

/* ---- all nodes --------------------------------------------------------------------------------------------------------- */

static void judge_node(struct judging *j, const struct path *at, schema_props *schema,
		       struct surrounding around);

/* How often what is within is there, for each that it is within of. */
static struct surrounding within(const struct surrounding *around, schema_props *schema)
{
	struct surrounding inner = *around;
	bool is_list = str_is(schema->type, "array");
	bool is_map = str_is(schema->type, "object") && schema->additional_properties != NULL;
	int64_t max = is_list ? schema->max_items : schema->max_properties;

	inner.is_root = false;
	inner.depth++;
	inner.type = NULL;
	if (!is_list && !is_map)
		return inner;
	if (is_list ? !schema->has.max_items : !schema->has.max_properties)
		inner.is_bounded = false;
	inner.count = multiply(inner.count, max < 0 ? 0 : (uint64_t)max);
	return inner;
}

static void judge_properties(struct judging *j, const struct path *at, schema_props *schema,
			     const struct surrounding *around)
{
	struct surrounding inner = within(around, schema);
	struct str map_type = schema->x_kubernetes_map_type;
	struct str escaped;

	if (map_type.at != NULL && !str_is(map_type, "granular") && !str_is(map_type, "atomic"))
		inner.uncorrelated = at;
	for (uint32_t i = 0; i < schema->properties.len; i++) {
		struct str name = schema->properties.at[i].key;

		inner.type = NULL;
		if (around->type != NULL && around->type->kind == CEL_OBJECT &&
		    escape_name(name, j->arena, &escaped))
			inner.type = cel_type_field(around->type, escaped, j->arena);
		judge_node(j, PATH_KEY(PATH(at, "properties"), name),
			   &schema->properties.at[i].value, inner);
	}
}

static void judge_parts(struct judging *j, const struct path *at, schema_props *schema,
			const struct surrounding *around)
{
	struct surrounding inner = within(around, schema);
	const struct cel_type *type = around->type;

	if (props_values(schema) != NULL) {
		inner.type = type != NULL && type->kind == CEL_MAP ? type->value : NULL;
		judge_node(j, PATH(at, "additionalProperties"), props_values(schema), inner);
	}
	judge_properties(j, at, schema, around);
	if (props_items(schema) == NULL)
		return;
	inner.type = type != NULL && type->kind == CEL_LIST ? type->param : NULL;
	if (!str_is(schema->x_kubernetes_list_type, "map"))
		inner.uncorrelated = at;
	judge_node(j, PATH(at, "items"), props_items(schema), inner);
}

static void judge_node(struct judging *j, const struct path *at, schema_props *schema,
		       struct surrounding around)
{
	struct apiextensions_validation_rule_list rules = schema->x_kubernetes_validations;
	const struct cel_type *own;
	int64_t min_bytes = 0;

	if (around.depth > DEPTH_MAX)
		return;
	around.in_rules |= rules.len > 0;
	/* Nobody needs the type of what has no rules above it. */
	if (around.in_rules && (around.type == NULL || rules.len > 0)) {
		own = declare_type(schema, around.is_root || schema->x_kubernetes_embedded_resource,
				   j->arena, &min_bytes);
		if (around.type == NULL)
			around.type = own;
	}
	judge_parts(j, at, schema, &around);
	if (rules.len > 0 && around.type == NULL)
		path_fault(PATH(at, "x-kubernetes-validations"), FAULT_INTERNAL, STR_NONE, "%s",
			   "internal error: failed to construct type information for "
			   "x-kubernetes-validations rules: unable to convert structural schema to "
			   "CEL declarations");
	for (uint32_t i = 0; i < rules.len && around.type != NULL; i++)
		judge_rule(j, PATH_AT(PATH(at, "x-kubernetes-validations"), i), &rules.at[i],
			   &around, min_bytes);
}

void definition_schema_check_rules(const struct path *at, schema_props *schema)
{
	struct judging j = { .arena = path_arena(at) };

	judge_node(&j, at, schema,
		   (struct surrounding){ .is_root = true, .is_bounded = true, .count = 1 });
	if (j.total <= TOTAL_COST_MAX)
		return;
	for (uint32_t i = 0; i < j.dear_count; i++)
		faults_add(path_faults(at), FAULT_FORBIDDEN, j.dearest[i].path, STR_NONE, "%s",
			   "contributed to estimated rule cost total exceeding cost limit for "
			   "entire OpenAPIv3 schema");
	path_forbidden(at, too_dear(j.arena,
				    "x-kubernetes-validations estimated rule cost total for entire "
				    "OpenAPIv3 schema",
				    j.total, TOTAL_COST_MAX)
			       .at);
}
