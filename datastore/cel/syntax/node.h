/*
 * Nodes: an expression as a tree. The parser makes it, the checker writes types and meanings into it, the evaluation reads it.
 *
 * For the rooms of datastore/cel. A tree lies in one arena and is NODE_DEPTH_MAX deep at most, so that walking it needs no other bound. A node may
 * hang at two places (a macro uses its target twice): both mean the same.
 */
#ifndef DATASTORE_CEL_SYNTAX_NODE_H
#define DATASTORE_CEL_SYNTAX_NODE_H

#include "datastore/cel/value/value.h"

#define NODE_DEPTH_MAX 250U          /* upstream's recursion limit */
#define NODE_WEIGHT_MAX 400000U      /* macros in macros double what they are about */
#define NODE_CODE_POINTS_MAX 100000U /* upstream's limit of an expression */

enum node_kind {
	NODE_LITERAL,
	NODE_IDENT,
	NODE_SELECT,
	NODE_CALL, /* operators, too: `_+_` */
	NODE_LIST,
	NODE_MAP,    /* args: key, value, key, value */
	NODE_STRUCT, /* a message; args: the name of a field as a literal, its value, and so on */
	NODE_FOLD,
};

struct node;
struct cel_function;

/* A comprehension: what macros are made of. With an empty range it binds a name: `accu` is what `init` gives. */
struct node_fold {
	struct str name, second, accu; /* second: absent in those of one variable */
	struct node *range, *init, *condition, *step, *result;
	bool is_bind;
};

enum node_meaning {
	NODE_VARIABLE,   /* of the environment; `slot` is its place */
	NODE_LOCAL,      /* of a fold around it; `slot` counts from the outermost */
	NODE_NAMES_TYPE, /* `literal` is the type */
};

struct node {
	enum node_kind kind;
	uint32_t at; /* byte in the source that faults point at */
	uint16_t depth;
	uint32_t weight;  /* nodes below, those that hang at two places counted twice */
	bool is_test;     /* of a selection: has() */
	bool is_optional; /* of a selection or index: `?.` and `[?]` */
	bool is_absolute; /* of an identifier: with a leading dot */
	struct cel_value literal;
	struct str name;     /* identifier, field, function */
	struct node *target; /* of selections and member functions, else NULL */
	struct node **args;
	uint8_t *optional; /* per element or entry: with `?`; NULL: none */
	uint32_t arg_count;
	struct node_fold *fold;

	/* Written by the checker. */
	const struct cel_type *type;
	enum node_meaning meaning;
	uint32_t slot;
	const struct cel_function *const *functions; /* that fit the arguments' types */
	const struct cel_signature *signatures;      /* of these */
	uint32_t function_count;

	/* Written by the estimate: check/estimate.h. */
	struct estimate_node *estimate;
};

#endif
