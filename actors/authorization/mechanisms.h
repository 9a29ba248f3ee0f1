/*
 * The authorizers of this folder, each as a value for the server's configuration.
 */
#ifndef ACTORS_AUTHORIZATION_MECHANISMS_H
#define ACTORS_AUTHORIZATION_MECHANISMS_H

#include "actors/authorization/authorizer.h"
#include "actors/authorization/webhook-condition.h"
#include "actors/client/outside-review.h"

/* Roles and their bindings, as rbac.authorization.k8s.io has them. */
struct authorizer authorization_rbac(void);

/* What a node (system:node:<name> in system:nodes) may do: its own objects, and what its pods refer to. */
struct authorizer authorization_node(void);

/* The same answer to everything. */
struct authorizer authorization_fixed(bool is_allowing);

struct metrics;

/* Another program. `review.place` is set; the rest of it is zero at first. */
struct webhook_rights {
	struct outside_review review;
	uint64_t allowed_ttl_ms, other_ttl_ms;
	bool denies_when_away; /* failurePolicy Deny; else it then has no opinion */
	bool is_beta;          /* the question is one of authorization.k8s.io/v1beta1 */
	const struct webhook_condition *conditions; /* of which none may be false for it to be asked */
	uint32_t condition_count;
	struct str name;         /* for metrics; absent: "default" */
	struct metrics *metrics; /* NULL: nothing is counted */
};
struct authorizer authorization_webhook(struct webhook_rights *rights);

#endif
