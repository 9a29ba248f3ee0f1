#include "datastore/custom/policy/type-check.h"

#include <stdlib.h>

#include "datastore/custom/policy/policy.h"
#include "datastore/custom/policy/record-type.h"
#include "datastore/custom/rule/declare.h"
#include "datastore/schema/apiextensions.h"

#define KINDS_PER_RULE 10 /* upstream's maxTypesToCheck */
#define KINDS_MAX 64

typedef const struct apiextensions_custom_resource_definition definition;

struct checked_kind {
	struct str group, version, kind;
	struct policy_types types;
};

struct type_checking {
	struct arena *arena;
	struct type_check_definitions definitions;
	struct checked_kind kinds[KINDS_MAX];
	uint32_t kind_count;
	uint32_t left; /* that the rule may still name */
	bool has_params;
	const struct cel_type *params;
	struct admissionregistration_expression_warning_list warnings;
};

/* ---- kinds --------------------------------------------------------------------------------------------------------- */

/* `group` may be absent in a rule's resource, which then is of any. */
struct wanted_kind {
	struct str group, version, resource, kind;
	bool is_any_group;
};

static bool is_wanted(const struct wanted_kind *wanted, struct str group, struct str resource,
		      struct str kind)
{
	if (!wanted->is_any_group && !str_eq(wanted->group, group))
		return false;
	return wanted->resource.at != NULL ? str_eq(wanted->resource, resource)
					   : str_eq(wanted->kind, kind);
}

typedef void found_fn(struct type_checking *c, struct str group, struct str version,
		      struct str kind, const struct cel_type *type);

static void find_built_in(struct type_checking *c, const struct wanted_kind *wanted, found_fn *found)
{
	uint32_t count;
	const struct type *types = type_all(&count);

	for (uint32_t i = 0; i < count; i++)
		if ((types[i].flags & (TYPE_KIND | TYPE_LIST)) == TYPE_KIND &&
		    type_resource(&types[i]).len > 0 &&
		    str_eq(type_version(&types[i]), wanted->version) &&
		    is_wanted(wanted, type_group(&types[i]), type_resource(&types[i]),
			      type_kind(&types[i])))
			found(c, type_group(&types[i]), wanted->version, type_kind(&types[i]),
			      record_type(&types[i], c->arena));
}

static const struct cel_type *defined_type(struct type_checking *c, definition *d,
					   struct str version)
{
	for (uint32_t i = 0; i < d->spec->versions.len; i++) {
		const struct apiextensions_custom_resource_definition_version *v =
		    &d->spec->versions.at[i];
		int64_t min_bytes;

		if (str_eq(v->name, version) && v->served && v->schema != NULL &&
		    v->schema->open_api_v3_schema != NULL)
			return declare_type(v->schema->open_api_v3_schema, true, c->arena,
					    &min_bytes);
	}
	return NULL;
}

static void find_defined(struct type_checking *c, const struct wanted_kind *wanted, found_fn *found)
{
	for (uint32_t i = 0; i < c->definitions.len; i++) {
		definition *d = c->definitions.at[i];
		const struct cel_type *type;

		if (d->spec->names == NULL ||
		    !is_wanted(wanted, d->spec->group, d->spec->names->plural, d->spec->names->kind))
			continue;
		type = defined_type(c, d, wanted->version);
		if (type != NULL)
			found(c, d->spec->group, wanted->version, d->spec->names->kind, type);
	}
}

static void add_kind(struct type_checking *c, struct str group, struct str version, struct str kind,
		     const struct cel_type *type)
{
	if (c->left == 0 || c->kind_count == KINDS_MAX)
		return;
	c->left--;
	for (uint32_t i = 0; i < c->kind_count; i++)
		if (str_eq(c->kinds[i].group, group) && str_eq(c->kinds[i].version, version) &&
		    str_eq(c->kinds[i].kind, kind))
			return;
	c->kinds[c->kind_count++] =
	    (struct checked_kind){ group, version, kind, { .object = type } };
}

static bool has_star(struct str_list list)
{
	for (uint32_t i = 0; i < list.len; i++)
		if (str_find_char(list.at[i], '*') >= 0)
			return true;
	return false;
}

static void add_resource(struct type_checking *c, struct str group, struct str version,
			 struct str resource)
{
	struct wanted_kind wanted = { .group = group,
				      .version = version,
				      .resource = resource,
				      .is_any_group = group.len == 0 };

	if (str_find_char(resource, '*') >= 0 || str_find_char(resource, '/') >= 0)
		return;
	find_built_in(c, &wanted, add_kind);
	find_defined(c, &wanted, add_kind);
}

static void add_rule(struct type_checking *c, const struct admissionregistration_rule *rule)
{
	if (has_star(rule->api_groups) || has_star(rule->api_versions))
		return;
	c->left = KINDS_PER_RULE;
	for (uint32_t g = 0; g < rule->api_groups.len; g++)
		for (uint32_t v = 0; v < rule->api_versions.len; v++)
			for (uint32_t r = 0; r < rule->resources.len; r++)
				add_resource(c, rule->api_groups.at[g], rule->api_versions.at[v],
					     rule->resources.at[r]);
}

static int by_name(const void *a, const void *b)
{
	const struct checked_kind *x = a, *y = b;
	int order = str_cmp(x->group, y->group);

	if (order == 0)
		order = str_cmp(x->version, y->version);
	return order != 0 ? order : str_cmp(x->kind, y->kind);
}

static void set_params(struct type_checking *c, struct str group, struct str version,
		       struct str kind, const struct cel_type *type)
{
	(void)group, (void)version, (void)kind;
	c->params = type;
}

static void find_params(struct type_checking *c, const struct admissionregistration_param_kind *of)
{
	struct str version, group;
	struct wanted_kind wanted;

	if (of == NULL)
		return;
	version = of->api_version;
	group = str_cut(&version, '/');
	if (version.at == NULL) {
		version = group;
		group = STR("");
	}
	c->has_params = true;
	wanted = (struct wanted_kind){ .group = group, .version = version, .kind = of->kind };
	find_built_in(c, &wanted, set_params);
	find_defined(c, &wanted, set_params);
}

/* ---- expressions --------------------------------------------------------------------------------------------------- */

/* What is wrong with it for one kind; absent: nothing. */
static struct str fault_of(struct type_checking *c, const struct policy_types *types,
			   struct admissionregistration_variable_list variables, struct str text)
{
	static const char before[] = "compilation failed: ";
	struct policy policy = policy_in(c->arena, c->has_params, true);
	struct cel_program *program;
	struct str words;

	policy.types = types;
	for (uint32_t i = 0; i < variables.len; i++)
		if (policy_add_variable(&policy, variables.at[i].name, variables.at[i].expression,
					&words) != OK)
			policy_assume_variable(&policy, variables.at[i].name);
	if (policy_compile(&policy, text, POLICY_ANY, true, &program, &words) == OK ||
	    !str_starts(words, STR("compilation failed: ")))
		return STR_NONE;
	return str_slice(words, sizeof before - 1, words.len);
}

static void check_expression(struct type_checking *c, struct str text, struct str place,
			     struct admissionregistration_variable_list variables)
{
	struct text out = text_in(c->arena, 1U << 20);
	struct admissionregistration_expression_warning *warning;

	for (uint32_t i = 0; i < c->kind_count; i++) {
		const struct checked_kind *kind = &c->kinds[i];
		struct str fault = fault_of(c, &kind->types, variables, text);

		if (fault.at != NULL)
			text_printf(&out,
				    "%s" STR_FMT "/" STR_FMT ", Kind=" STR_FMT ": " STR_FMT "\n",
				    text_str(&out).len > 0 ? "\n" : "", STR_ARG(kind->group),
				    STR_ARG(kind->version), STR_ARG(kind->kind), STR_ARG(fault));
	}
	if (text_str(&out).len == 0)
		return;
	warning = &c->warnings.at[c->warnings.len++];
	warning->field_ref = place;
	warning->warning = text_str(&out);
}

struct admissionregistration_expression_warning_list
type_check(const struct admissionregistration_validating_admission_policy_spec *spec,
	   struct type_check_definitions definitions, struct arena *arena)
{
	const struct admissionregistration_match_resources *match = spec->match_constraints;
	struct type_checking c = { .arena = arena, .definitions = definitions };

	c.warnings.at = arena_array(arena, struct admissionregistration_expression_warning,
				    2 * spec->validations.len + 1);
	find_params(&c, spec->param_kind);
	for (uint32_t i = 0; match != NULL && i < match->resource_rules.len; i++) {
		const struct admissionregistration_rule_with_operations *with =
		    match->resource_rules.at[i].rule_with_operations;

		if (with != NULL && with->rule != NULL)
			add_rule(&c, with->rule);
	}
	qsort(c.kinds, c.kind_count, sizeof *c.kinds, by_name);
	for (uint32_t i = 0; i < c.kind_count; i++)
		c.kinds[i].types.params = c.params;
	for (uint32_t i = 0; i < spec->validations.len; i++) {
		const struct admissionregistration_validation *v = &spec->validations.at[i];

		check_expression(&c, v->expression,
				 arena_printf(arena, "spec.validations[%u].expression", i),
				 spec->variables);
		if (v->message_expression.len > 0)
			check_expression(
			    &c, v->message_expression,
			    arena_printf(arena, "spec.validations[%u].messageExpression", i),
			    spec->variables);
	}
	return c.warnings;
}
