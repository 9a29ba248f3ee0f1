/*
 * Which policies are asked about a request: those that match it, by each of their bindings that does, with each parameter of that.
 *
 * For the plug-ins of policies. Both kinds say what matters here in the same words; a plug-in's policy_sort reads them out of its records. Upstream's
 * CollectParams, and what leads to it.
 */
#ifndef ACTORS_ADMISSION_POLICY_POLICY_WALK_H
#define ACTORS_ADMISSION_POLICY_POLICY_WALK_H

#include "actors/admission/plugin.h"
#include "datastore/custom/value.h"
#include "datastore/schema/admissionregistration.h"

#define WALK_RUNS_MAX 10000U /* parameters of all bindings: each is an evaluation */

/* Of a policy; all of it is borrowed from its record. */
struct policy_terms {
	const struct object *object;
	struct str name;
	const struct admissionregistration_match_resources *match;
	const struct admissionregistration_param_kind *param_kind;
	struct admissionregistration_variable_list variables;
	struct admissionregistration_match_condition_list conditions;
	bool ignores_failures;
};

/* Of a binding. */
struct policy_bond {
	const struct object *object;
	const void *record;
	struct str name, policy_name;
	const struct admissionregistration_match_resources *match;
	const struct admissionregistration_param_ref *param_ref;
};

/* One policy by one binding with one parameter. */
struct policy_ask {
	struct policy_terms terms;
	struct policy_bond bond;
	struct equivalent as;       /* how the policy knows the request: policy_match */
	const struct object *param; /* NULL: none */
	const struct value *params; /* the same as expressions see it */
};

struct policy_compiled;

struct policy_sort {
	const struct type *policies, *bindings;
	/* Everything but the object. */
	void (*read)(const void *record, struct policy_terms *out);
	void (*read_bond)(const void *record, struct policy_bond *out);
	/* What only this kind has of expressions: policy-cache.h. */
	void (*compile)(const void *record, struct policy_compiled *compiled);
	void (*ask)(void *arg, const struct policy_ask *ask);
	/* It cannot be asked: `words` say why. */
	void (*misconfigured)(void *arg, const struct policy_ask *ask, struct str words);
	const char *unconverted; /* how the words begin that say why the request cannot be shown to it */
};

/* The specs of both kinds have these members, in types of their own. */
#define POLICY_WALK_TERMS(spec, out)                                                \
	do {                                                                        \
		(out)->match = (spec)->match_constraints;                           \
		(out)->param_kind = (spec)->param_kind;                             \
		(out)->variables = (spec)->variables;                               \
		(out)->conditions = (spec)->match_conditions;                       \
		(out)->ignores_failures = str_is((spec)->failure_policy, "Ignore"); \
	} while (0)
#define POLICY_WALK_BOND(spec, out)                       \
	do {                                              \
		(out)->policy_name = (spec)->policy_name; \
		(out)->match = (spec)->match_resources;   \
		(out)->param_ref = (spec)->param_ref;     \
	} while (0)

/*
 * In order of the policies' names, then of the bindings'. Objects and what they say are borrowed until the call into the plug-in returns. WAIT: nobody was asked
 * yet, for the request is being converted to what some of them want to be shown: to stand behind `return`.
 */
enum check policy_walk(const struct policy_sort *sort, struct admission *admission, void *arg);

#endif
