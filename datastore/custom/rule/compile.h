/*
 * Compiling: one rule of a schema (x-kubernetes-validations) as programs.
 *
 * For rules, and for whoever takes definitions: what cannot be compiled has upstream's words.
 */
#ifndef DATASTORE_CUSTOM_RULE_COMPILE_H
#define DATASTORE_CUSTOM_RULE_COMPILE_H

#include "datastore/cel/cel.h"
#include "datastore/schema/apiextensions.h"

#define COMPILE_SELF 0U /* places of the variables */
#define COMPILE_OLD_SELF 1U

struct compiled_rule {
	const struct apiextensions_validation_rule *source;
	struct cel_program *rule;    /* NULL: `wrong` says why, or it is blank */
	struct cel_program *message; /* of messageExpression; NULL: the same, or there is none */
	struct str wrong, message_wrong;
	bool uses_old_self;
};

/* `self`: what the schema declares. Words are the arena's, which has to live as long. */
void compiled_rule_make(const struct apiextensions_validation_rule *source,
			const struct cel_type *self, struct arena *arena, struct compiled_rule *out);
void compiled_rule_fini(struct compiled_rule *compiled);

#endif
