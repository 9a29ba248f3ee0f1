#include "datastore/custom/policy/policy.h"

#include <assert.h>

#include "datastore/cel/value/message.h"
#include "datastore/custom/rule/view.h"
#include "runtime/base/limits.h"

/* ---- what is known of requests and namespaces ------------------------------------------------------------------ */

static const struct cel_type a_string = { .kind = CEL_STRING };
static const struct cel_type a_bool = { .kind = CEL_BOOL };
static const struct cel_type an_int = { .kind = CEL_INT };
static const struct cel_type a_dyn = { .kind = CEL_DYN };
static const struct cel_type a_timestamp = { .kind = CEL_TIMESTAMP };
static const struct cel_type strings = { .kind = CEL_LIST, .param = &a_string };
static const struct cel_type labels = { .kind = CEL_MAP, .param = &a_string, .value = &a_string };
static const struct cel_type extras = { .kind = CEL_MAP, .param = &a_string, .value = &strings };

#define NAME(literal)                        \
	{                                    \
		literal, sizeof(literal) - 1 \
	}
/* Fields by name. */
#define OBJECT(variable, type_name, fields_)                               \
	static const struct cel_type variable = { .kind = CEL_OBJECT,      \
						  .name = NAME(type_name), \
						  .fields = fields_,       \
						  .field_count = sizeof fields_ / sizeof *fields_ }

static const struct cel_field kind_fields[] = { { NAME("group"), &a_string },
						{ NAME("kind"), &a_string },
						{ NAME("version"), &a_string } };
OBJECT(kind_type, "kubernetes.GroupVersionKind", kind_fields);
static const struct cel_field resource_fields[] = { { NAME("group"), &a_string },
						    { NAME("resource"), &a_string },
						    { NAME("version"), &a_string } };
OBJECT(resource_type, "kubernetes.GroupVersionResource", resource_fields);
static const struct cel_field user_fields[] = { { NAME("extra"), &extras },
						{ NAME("groups"), &strings },
						{ NAME("uid"), &a_string },
						{ NAME("username"), &a_string } };
OBJECT(user_type, "kubernetes.UserInfo", user_fields);
static const struct cel_field request_fields[] = {
	{ NAME("dryRun"), &a_bool },
	{ NAME("kind"), &kind_type },
	{ NAME("name"), &a_string },
	{ NAME("namespace"), &a_string },
	{ NAME("operation"), &a_string },
	{ NAME("options"), &a_dyn },
	{ NAME("requestKind"), &kind_type },
	{ NAME("requestResource"), &resource_type },
	{ NAME("requestSubResource"), &a_string },
	{ NAME("resource"), &resource_type },
	{ NAME("subResource"), &a_string },
	{ NAME("userInfo"), &user_type },
};
OBJECT(request_type, "kubernetes.AdmissionRequest", request_fields);
static const struct cel_field metadata_fields[] = {
	{ NAME("UID"), &a_string },
	{ NAME("annotations"), &labels },
	{ NAME("creationTimestamp"), &a_timestamp },
	{ NAME("deletionGracePeriodSeconds"), &an_int },
	{ NAME("deletionTimestamp"), &a_timestamp },
	{ NAME("finalizers"), &strings },
	{ NAME("generateName"), &a_string },
	{ NAME("generation"), &an_int },
	{ NAME("labels"), &labels },
	{ NAME("name"), &a_string },
	{ NAME("namespace"), &a_string },
	{ NAME("resourceVersion"), &a_string },
};
OBJECT(metadata_type, "kubernetes.NamespaceMetadata", metadata_fields);
static const struct cel_field spec_fields[] = { { NAME("finalizers"), &strings } };
OBJECT(spec_type, "kubernetes.NamespaceSpec", spec_fields);
static const struct cel_field condition_fields[] = {
	{ NAME("lastTransitionTime"), &a_timestamp },
	{ NAME("message"), &a_string },
	{ NAME("reason"), &a_string },
	{ NAME("status"), &a_string },
	{ NAME("type"), &a_string },
};
OBJECT(condition_type, "kubernetes.NamespaceCondition", condition_fields);
static const struct cel_type conditions = { .kind = CEL_LIST, .param = &condition_type };
static const struct cel_field status_fields[] = { { NAME("conditions"), &conditions },
						  { NAME("phase"), &a_string } };
OBJECT(status_type, "kubernetes.NamespaceStatus", status_fields);
static const struct cel_field namespace_fields[] = { { NAME("metadata"), &metadata_type },
						     { NAME("spec"), &spec_type },
						     { NAME("status"), &status_type } };
OBJECT(namespace_type, "kubernetes.Namespace", namespace_fields);

/* ---- compiling --------------------------------------------------------------------------------------------------- */

struct policy policy_in(struct arena *arena, bool has_params, bool has_variables)
{
	return (struct policy){ .arena = arena,
				.has_params = has_params,
				.has_variables = has_variables };
}

/* `variables` is an object whose fields are those that were added. */
static const struct cel_type *find_variable(const struct cel_type *type, struct str name,
					    struct arena *arena)
{
	const struct policy *policy = type->source;

	(void)arena;
	for (uint32_t i = 0; i < policy->variable_count; i++)
		if (str_eq(policy->variables[i].name, name))
			return policy->variables[i].type;
	return NULL;
}

static void set_environment(const struct policy *policy, bool has_authorizer,
			    const struct cel_type *variables,
			    struct check_variable out[POLICY_PLACES])
{
	const struct policy_types *types = policy->types;
	const struct cel_type *object =
	    types != NULL && types->object != NULL ? types->object : &a_dyn;
	const struct cel_type *params =
	    types != NULL && types->params != NULL ? types->params : &a_dyn;

	memset(out, 0, POLICY_PLACES * sizeof *out);
	out[POLICY_OBJECT] = (struct check_variable){ STR("object"), object };
	out[POLICY_OLD_OBJECT] = (struct check_variable){ STR("oldObject"), object };
	out[POLICY_REQUEST] = (struct check_variable){ STR("request"), &request_type };
	out[POLICY_NAMESPACE] = (struct check_variable){ STR("namespaceObject"), &namespace_type };
	if (policy->has_variables)
		out[POLICY_VARIABLES] = (struct check_variable){ STR("variables"), variables };
	if (policy->has_params)
		out[POLICY_PARAMS] = (struct check_variable){ STR("params"), params };
	if (!has_authorizer)
		return;
	out[POLICY_AUTHORIZER] =
	    (struct check_variable){ STR("authorizer"), cel_type_of(CEL_AUTHORIZER) };
	if (types != NULL) /* upstream's type checker has none */
		return;
	out[POLICY_REQUEST_RESOURCE] = (struct check_variable){ STR("authorizer.requestResource"),
								cel_type_of(CEL_RESOURCE_CHECK) };
}

static void give_back(void *program)
{
	cel_free(program);
}

static bool makes_messages(enum policy_result result)
{
	return result == POLICY_CONFIGURATION || result == POLICY_PATCH;
}

static bool is_message(const struct cel_type *type, const char *name)
{
	return type->kind == CEL_OBJECT && str_is(type->name, name);
}

static bool is_wanted(enum policy_result result, const struct cel_type *type)
{
	switch (result) {
	case POLICY_BOOL: return type->kind == CEL_BOOL;
	case POLICY_STRING: return type->kind == CEL_STRING;
	case POLICY_STRING_OR_NULL: return type->kind == CEL_STRING || type->kind == CEL_NULL;
	case POLICY_ANY: return true;
	case POLICY_CONFIGURATION: return is_message(type, CEL_MESSAGE_OBJECT);
	case POLICY_PATCH:
		return type->kind == CEL_LIST && is_message(type->param, CEL_MESSAGE_JSON_PATCH);
	}
	return false;
}

static struct str unwanted(struct arena *arena, enum policy_result result,
			   const struct cel_type *type)
{
	static const char *const wanted[] = { [POLICY_BOOL] = "bool",
					      [POLICY_STRING] = "string",
					      [POLICY_STRING_OR_NULL] = "one of [string null_type]",
					      [POLICY_ANY] = "",
					      [POLICY_CONFIGURATION] = CEL_MESSAGE_OBJECT,
					      [POLICY_PATCH] = "list(" CEL_MESSAGE_JSON_PATCH ")" };
	struct text out = text_in(arena, 8192);

	text_printf(&out, "must evaluate to %s but got ", wanted[result]);
	cel_type_write(type, &out);
	return text_str(&out);
}

enum status policy_compile(struct policy *policy, struct str text, enum policy_result result,
			   bool has_authorizer, struct cel_program **out, struct str *words)
{
	struct cel_type *variables = arena_new_of(policy->arena, struct cel_type);
	struct check_variable places[POLICY_PLACES];
	struct cel_environment environment = { .variables = places,
					       .count = POLICY_PLACES,
					       .makes_messages = makes_messages(result) };
	struct cel_source source = { .text = text, .environment = &environment, .result = CEL_DYN };
	struct cel_program *program;

	*variables = (struct cel_type){ .kind = CEL_OBJECT,
					.name = STR("kubernetes.variables"),
					.find = find_variable,
					.source = policy };
	set_environment(policy, has_authorizer, variables, places);
	TRY(cel_compile(&source, policy->arena, &program, words));
	arena_on_free(policy->arena, give_back, program);
	policy->bytes += cel_size(program);
	if (!is_wanted(result, cel_result_type(program))) {
		*words = unwanted(policy->arena, result, cel_result_type(program));
		return INVALID;
	}
	*out = program;
	return OK;
}

/* What others know of a variable: kinds that upstream does not declare are anything. */
static const struct cel_type *declared(const struct cel_type *type, struct arena *arena,
				       uint32_t depth)
{
	if (depth == LIMIT_NESTING)
		return &a_dyn;
	switch (type->kind) {
	case CEL_NULL:
	case CEL_BOOL:
	case CEL_INT:
	case CEL_UINT:
	case CEL_DOUBLE:
	case CEL_STRING:
	case CEL_BYTES:
	case CEL_TIMESTAMP:
	case CEL_DURATION: return cel_type_of(type->kind);
	case CEL_LIST: return cel_type_list(arena, declared(type->param, arena, depth + 1));
	case CEL_MAP:
		return cel_type_map(arena, declared(type->param, arena, depth + 1),
				    declared(type->value, arena, depth + 1));
	default: return &a_dyn;
	}
}

static void append_variable(struct policy *policy, struct policy_variable variable)
{
	if (policy->variable_count == policy->variable_cap) {
		uint32_t cap = policy->variable_cap == 0 ? 8 : policy->variable_cap * 2;

		policy->variables =
		    arena_grow(policy->arena, policy->variables,
			       policy->variable_cap * sizeof variable, cap * sizeof variable);
		policy->variable_cap = cap;
	}
	policy->variables[policy->variable_count++] = variable;
}

enum status policy_add_variable(struct policy *policy, struct str name, struct str text,
				struct str *words)
{
	struct policy_variable variable = { .name = name };

	TRY(policy_compile(policy, text, POLICY_ANY, true, &variable.program, words));
	variable.type = declared(cel_result_type(variable.program), policy->arena, 0);
	append_variable(policy, variable);
	return OK;
}

void policy_assume_variable(struct policy *policy, struct str name)
{
	append_variable(policy, (struct policy_variable){ .name = name, .type = &a_dyn });
}

/* ---- evaluation --------------------------------------------------------------------------------------------------- */

struct policy_run {
	const struct policy *policy;
	struct arena *arena;
	struct cel_value values[POLICY_PLACES];
	struct cel_value *known; /* of variables; CEL_DYN: not asked for yet */
	struct cel_map map;
	uint64_t cost; /* of variables */
};

static struct cel_value variable_value(struct policy_run *run, uint32_t i)
{
	/* Those before it are all that it can ask for, so that nothing goes round. */
	if (run->known[i].kind == CEL_DYN)
		run->known[i] = cel_evaluate(run->policy->variables[i].program, run->values,
					     run->arena, &run->cost);
	return run->known[i];
}

static bool get_variable(const struct cel_map *map, struct cel_value key, struct arena *arena,
			 struct cel_value *out)
{
	struct policy_run *run = (struct policy_run *)(uintptr_t)map->at;

	(void)arena;
	for (uint32_t i = 0; i < run->policy->variable_count; i++)
		if (key.kind == CEL_STRING && str_eq(run->policy->variables[i].name, key.text)) {
			if (out != NULL)
				*out = variable_value(run, i);
			return true;
		}
	return false;
}

static void entry_of_variables(const struct cel_map *map, uint32_t i, struct arena *arena,
			       struct cel_value *key, struct cel_value *value)
{
	struct policy_run *run = (struct policy_run *)(uintptr_t)map->at;

	(void)arena;
	*key = cel_string(run->policy->variables[i].name);
	if (value != NULL)
		*value = variable_value(run, i);
}

static struct cel_value shown(const struct value *value, struct arena *arena)
{
	return value != NULL ? view_value(value, NULL, arena) : CEL_VALUE_NULL;
}

struct policy_run *policy_run_new(const struct policy *policy, const struct policy_input *input,
				  struct arena *arena)
{
	struct policy_run *run = arena_new_of(arena, struct policy_run);

	run->policy = policy;
	run->arena = arena;
	run->values[POLICY_OBJECT] = shown(input->object, arena);
	run->values[POLICY_OLD_OBJECT] = shown(input->old_object, arena);
	run->values[POLICY_REQUEST] = shown(input->request, arena);
	run->values[POLICY_NAMESPACE] = shown(input->namespace_object, arena);
	run->values[POLICY_PARAMS] = shown(input->params, arena);
	run->values[POLICY_AUTHORIZER] = input->authorizer;
	run->values[POLICY_REQUEST_RESOURCE] = input->request_resource;
	run->known = arena_array(arena, struct cel_value, policy->variable_count);
	for (uint32_t i = 0; i < policy->variable_count; i++)
		run->known[i].kind = CEL_DYN;
	run->map = (struct cel_map){ .get = get_variable,
				     .entry = entry_of_variables,
				     .type = cel_type_of(CEL_OBJECT),
				     .at = run,
				     .len = policy->variable_count };
	run->values[POLICY_VARIABLES] = (struct cel_value){ .kind = CEL_OBJECT, .map = &run->map };
	return run;
}

struct cel_value policy_run_evaluate(struct policy_run *run, struct cel_program *program,
				     uint64_t *cost)
{
	struct cel_value out = cel_evaluate(program, run->values, run->arena, cost);

	*cost += run->cost;
	run->cost = 0;
	return out;
}
