/*
 * Roles as those who write them are judged by: what a user was given, and what a role would give.
 *
 * For the server's check against escalation. Both read the caches of the context, as the authorizer does; the rules are borrowed
 * from there and good until the activation ends. Whether the one covers the other says rbac-cover.h.
 */
#ifndef ACTORS_AUTHORIZATION_RBAC_H
#define ACTORS_AUTHORIZATION_RBAC_H

#include "actors/client/check.h"
#include "actors/client/user.h"
#include "datastore/schema/rbac.h"

/* Of all roles that are bound to the user for the whole cluster and, if one is named, in the namespace. */
struct rbac_policy_rule_list rbac_held(const struct check_context *check, const struct user *user,
				       struct str namespace);

/* NOT_FOUND: there is no such role. BAD_REQUEST: the reference is to no kind of role. `namespace` is that of a Role. */
MUST_USE enum status rbac_granted(const struct check_context *check, const struct rbac_role_ref *ref,
				  struct str namespace, struct rbac_policy_rule_list *out);

#endif
