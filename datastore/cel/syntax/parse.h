/*
 * Parsing: from the text of an expression to its nodes, macros expanded.
 *
 * For datastore/cel. The grammar is that of the Common Expression Language (github.com/google/cel-spec, langdef.md), with optional selection and
 * Kubernetes' macros. Bounded by NODE_DEPTH_MAX and NODE_CODE_POINTS_MAX.
 */
#ifndef DATASTORE_CEL_SYNTAX_PARSE_H
#define DATASTORE_CEL_SYNTAX_PARSE_H

#include "datastore/cel/syntax/issue.h"
#include "datastore/cel/syntax/node.h"

/* `binds`: it may use cel.bind(). NULL: something is wrong, which is in the issues. The source is borrowed by the nodes. */
struct node *parse(struct str source, bool binds, struct issues *issues, struct arena *arena);

#endif
