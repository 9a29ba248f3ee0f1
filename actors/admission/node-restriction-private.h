/*
 * What the files of the plug-in NodeRestriction share. Only for actors/admission.
 */
#ifndef ACTORS_ADMISSION_NODE_RESTRICTION_PRIVATE_H
#define ACTORS_ADMISSION_NODE_RESTRICTION_PRIVATE_H

#include "actors/admission/plugin.h"

/* ---- node-restriction.c -------------------------------------------------------------------------------- */

struct str node_restriction_quoted(const struct admission *a, struct str value); /* as Go does */
/* node "n1" <what> */
enum check node_restriction_deny(struct admission *a, struct str node, const char *what);
enum check node_restriction_deny_operation(struct admission *a);
const char *node_restriction_operation(enum admission_operation operation); /* CREATE */
bool node_restriction_is_same(const struct type *type, const char *member, const void *a,
			      const void *b);
/*
 * The object, held by the request. NULL: `check` is the answer, a refresh or 404, for it may have been written through another server
 * a moment ago.
 */
const struct object *node_restriction_find(struct admission *a, const struct type *type,
					   const char *resource, struct str namespace,
					   struct str name, enum check *check);

/* ---- what one resource is judged by; `node` asks ---------------------------------------------------------- */

enum check node_restriction_pods(struct admission *a, struct str node);
enum check node_restriction_token(struct admission *a, struct str node);

#endif
