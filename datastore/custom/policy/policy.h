/*
 * Policies: expressions of admission policies and match conditions, what they see, and what comes of them.
 *
 * The rules of policies compile with it, admission evaluates. Expressions see `object` and `oldObject` as they are in JSON, `request`,
 * `namespaceObject`, `params`, `variables` (each evaluated when it is first asked for) and `authorizer`. Programs live as long as the policy's arena.
 */
#ifndef DATASTORE_CUSTOM_POLICY_POLICY_H
#define DATASTORE_CUSTOM_POLICY_POLICY_H

#include "datastore/cel/cel.h"
#include "datastore/custom/value.h"
#include "datastore/schema/admissionregistration.h"

#define POLICY_MATCH_COST_MAX 2500000U /* RuntimeCELCostBudgetMatchConditions */

/* Places of the variables; those that an expression may not use have no name there. */
enum policy_place {
	POLICY_OBJECT,
	POLICY_OLD_OBJECT,
	POLICY_REQUEST,
	POLICY_NAMESPACE,
	POLICY_VARIABLES,
	POLICY_PARAMS,
	POLICY_AUTHORIZER,
	POLICY_REQUEST_RESOURCE, /* authorizer.requestResource */
	POLICY_PLACES
};

struct policy_variable {
	struct str name;
	const struct cel_type *type;
	struct cel_program *program;
};

/* What is known beforehand of the kind that is judged, to check types by; NULL is dyn. */
struct policy_types {
	const struct cel_type *object, *params;
};

struct policy {
	struct arena *arena;              /* programs are freed with it */
	const struct policy_types *types; /* NULL: nothing is known, as for programs that will run */
	bool has_params, has_variables;
	struct policy_variable *variables;
	uint32_t variable_count, variable_cap;
	size_t bytes; /* of all programs beside the arena */
};

/* What an expression has to give. */
enum policy_result {
	POLICY_BOOL,
	POLICY_STRING,
	POLICY_STRING_OR_NULL,
	POLICY_ANY,
	POLICY_CONFIGURATION, /* Object{...}: see mutation.h for what comes of these two */
	POLICY_PATCH,         /* [JSONPatch{...}] */
};

struct policy policy_in(struct arena *arena, bool has_params, bool has_variables);
/* INVALID with words of upstream. */
MUST_USE enum status policy_compile(struct policy *policy, struct str text,
				    enum policy_result result, bool has_authorizer,
				    struct cel_program **out, struct str *words);
/* The next of `variables`: those behind it see it. */
MUST_USE enum status policy_add_variable(struct policy *policy, struct str name, struct str text,
					 struct str *words);
/* One of any type that is only checked by, never evaluated. */
void policy_assume_variable(struct policy *policy, struct str name);

/* ---- evaluation --------------------------------------------------------------------------------------------- */

/* What one request shows; NULL is null. */
struct policy_input {
	const struct value *object, *old_object, *request, *namespace_object, *params;
	struct cel_value authorizer, request_resource; /* CEL_NULL: none */
};

struct policy_run;

/* For one request and one parameter; lives in the arena. */
struct policy_run *policy_run_new(const struct policy *policy, const struct policy_input *input,
				  struct arena *arena);
/* An error value where there is no other. `*cost` is added to, with that of variables that were asked for. */
struct cel_value policy_run_evaluate(struct policy_run *run, struct cel_program *program,
				     uint64_t *cost);

#endif
