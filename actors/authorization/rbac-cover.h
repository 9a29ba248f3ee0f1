/*
 * Whether rules of roles cover others. Pure; anybody who has two lists may ask.
 */
#ifndef ACTORS_AUTHORIZATION_RBAC_COVER_H
#define ACTORS_AUTHORIZATION_RBAC_COVER_H

#include "datastore/schema/rbac.h"
#include "runtime/base/base.h"

#define RBAC_COVER_PIECES_MAX 16384U /* some 50 ms beside a hundred rules held */

/*
 * What of `wanted` is not in `held`, as upstream writes it: `{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}`, a line for
 * each resource, sorted. Absent: nothing is missing. TOO_LARGE: the rules have more combinations of group, resource, verb and name than
 * are compared one by one.
 */
MUST_USE enum status rbac_cover_missing(struct arena *arena, struct rbac_policy_rule_list held,
					struct rbac_policy_rule_list wanted, struct str *out);

/* Whether every right there is, on resources and on paths, is held. */
bool rbac_cover_all(struct rbac_policy_rule_list held);

#endif
