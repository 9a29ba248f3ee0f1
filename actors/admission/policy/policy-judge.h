/*
 * Asking what was compiled: one expression, and whether all conditions are met; in upstream's words where that cannot be said.
 *
 * For the plug-ins of policies and webhooks. The arena is the request's.
 */
#ifndef ACTORS_ADMISSION_POLICY_POLICY_JUDGE_H
#define ACTORS_ADMISSION_POLICY_POLICY_JUDGE_H

#include "actors/admission/policy/policy-cache.h"

/* False: there is no value, and `*words` say why. `*cost` is that of all expressions so far, at most CEL_OBJECT_COST_MAX. */
bool policy_judge_evaluate(struct policy_run *run, struct cel_program *program, struct str text,
			   struct arena *arena, uint64_t *cost, struct cel_value *out,
			   struct str *words);

/* False without words: one is not met, whatever goes wrong with those before it. `compiled` are those of the list. */
bool policy_judge_conditions(struct policy_run *run, const struct policy_expression *compiled,
			     struct admissionregistration_match_condition_list list,
			     struct arena *arena, struct str *words);

#endif
