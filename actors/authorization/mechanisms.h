/*
 * The authorizers of this folder, each as a value for the server's configuration.
 */
#ifndef ACTORS_AUTHORIZATION_MECHANISMS_H
#define ACTORS_AUTHORIZATION_MECHANISMS_H

#include "actors/authorization/authorizer.h"
#include "actors/client/outside-review.h"

/* Roles and their bindings, as rbac.authorization.k8s.io has them. */
struct authorizer authorization_rbac(void);

/* What a node (system:node:<name> in system:nodes) may do: its own objects, and what its pods refer to. */
struct authorizer authorization_node(void);

/* Another program, asked last. `review.place` is set; the rest of it is zero at first. */
struct webhook_rights {
	struct outside_review review;
	uint64_t allowed_ttl_ms, other_ttl_ms;
};
struct authorizer authorization_webhook(struct webhook_rights *rights);

#endif
