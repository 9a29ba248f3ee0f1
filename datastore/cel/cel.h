/*
 * CEL: expressions over records, in the Common Expression Language as Kubernetes v1.37 uses it.
 *
 * Whoever judges by expressions (rules of definitions, policies, match conditions) compiles each once and evaluates it often. An environment is the
 * variables and their types; a program is an expression checked against them. Compiling says what is wrong in upstream's words and with the place; a
 * program says beforehand how much it may cost at most, and ends when it costs more than it may. Programs are pure. One thread each; no state but
 * patterns that were compiled.
 *
 * Values are those of value/value.h: a caller shows its records through faces (struct cel_list, struct cel_map), so that nothing is converted that an
 * expression does not look at.
 *
 * Not here, as upstream has them not either: math, base64. Time zones are known by their offsets, not by the names of a database.
 */
#ifndef DATASTORE_CEL_CEL_H
#define DATASTORE_CEL_CEL_H

#include "datastore/cel/check/check.h"
#include "datastore/cel/check/estimate.h"
#include "datastore/cel/value/value.h"
#include "runtime/base/status.h"

#define CEL_CALL_COST_MAX 1000000U    /* upstream's PerCallLimit: about 0.1 s there */
#define CEL_OBJECT_COST_MAX 10000000U /* RuntimeCELCostBudget: all rules of one object */
#define CEL_EVALUATE_BYTES_MAX (64U * 1024U * 1024U) /* of one evaluation's arena */

struct cel_environment {
	const struct check_variable *variables;
	uint32_t count;
	bool binds;          /* cel.bind(), which only expressions over devices have */
	bool makes_messages; /* Object and JSONPatch (value/message.h), jsonpatch.escapeKey() */
};

struct cel_program;

/*
 * INVALID: `*words` (the arena's) say why: `compilation failed: ERROR: <input>:1:5: ...`. `result`: what the expression has to give, or CEL_DYN for
 * anything; `wrong_result` is what is said else.
 */
struct cel_source {
	struct str text; /* copied */
	const struct cel_environment *environment;
	enum cel_kind result;
	const char *wrong_result;
	const struct cel_type *sizes; /* where paths begin that the estimate knows sizes of; NULL: none */
};
MUST_USE enum status cel_compile(const struct cel_source *source, struct arena *arena,
				 GIVE struct cel_program **out, struct str *words);
void cel_free(TAKE struct cel_program *program); /* NULL is fine */

/* The most that an evaluation may cost, whatever the variables hold; UINT64_MAX: no bound is known. */
uint64_t cel_max_cost(const struct cel_program *program);
const struct cel_type *cel_result_type(const struct cel_program *program);
size_t cel_size(const struct cel_program *program); /* bytes that it takes */
bool cel_uses(const struct cel_program *program,
	      uint32_t variable); /* by its place in the environment */
/* Whether it selects this field of a variable anywhere: claims.email, has(claims.email), claims.?email. */
bool cel_selects(const struct cel_program *program, struct str variable, struct str field);

/* `values` by their places in the environment. `*cost` is added to. An error is a value of kind CEL_ERROR. */
struct cel_value cel_evaluate(struct cel_program *program, const struct cel_value *values,
			      struct arena *arena, uint64_t *cost);
/* Whether an error says that a limit was reached. */
bool cel_is_over(struct cel_value error);

#endif
