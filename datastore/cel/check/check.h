/*
 * Checking: the types of an expression's parts, and which functions they mean.
 *
 * For datastore/cel. The rules are those of the language's definition (langdef.md, "Gradual type checking") as cel-go v0.29 has them, its words too. A
 * type that cannot be known is dyn, and then the evaluation looks at what is there.
 */
#ifndef DATASTORE_CEL_CHECK_CHECK_H
#define DATASTORE_CEL_CHECK_CHECK_H

#include "datastore/cel/syntax/issue.h"
#include "datastore/cel/syntax/node.h"

struct check_variable {
	struct str name;
	const struct cel_type *type;
};

struct check_scope {
	const struct check_variable *variables;
	uint32_t count;
	bool makes_messages; /* value/message.h; and it may call what else mutations have */
	bool *is_used;       /* of each variable; or NULL */
};

/* Writes types and meanings into the nodes. Without issues all of them are right. */
void check_types(struct node *root, const struct check_scope *scope, struct issues *issues,
		 struct arena *arena);

/* literal.c: what can be known of constants: formats, times, patterns, literals of one type. After check_types() found nothing wrong. */
void check_literals(const struct node *root, struct issues *issues, struct arena *arena);

#endif
