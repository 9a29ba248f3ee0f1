/*
 * What the claims of a token come to: who that is, and whether this issuer's tokens may say so.
 *
 * Of a jwt entry of an AuthenticationConfiguration: claimMappings, claimValidationRules and userValidationRules. Read once, with every expression
 * compiled; applying is pure and bounded by CEL's limits. Order and words are upstream's.
 */
#ifndef ACTORS_AUTHENTICATION_ISSUER_RULES_H
#define ACTORS_AUTHENTICATION_ISSUER_RULES_H

#include "actors/client/user.h"
#include "datastore/cel/cel.h"
#include "datastore/custom/value.h"
#include "datastore/schema/apiserver.h"
#include "runtime/base/base.h"

/* A claim with a prefix, or an expression; neither: nothing. */
struct issuer_mapping {
	struct str claim, prefix;
	struct str text; /* of the expression */
	struct cel_program *program;
	struct str key; /* of extra */
};

struct issuer_rule {
	struct str claim,
	    value; /* the claim has to have this value; absent: the expression has to be true */
	struct str text, message;
	struct cel_program *program;
};

struct issuer_rules {
	struct issuer_mapping username, groups, uid;
	struct issuer_mapping *extra;
	struct issuer_rule *claims, *users;
	uint32_t extra_count, claim_count, user_count;
};

/* BAD_REQUEST with words that begin with the field, which stands below `at`. All of it is the arena's. */
MUST_USE enum status issuer_rules_read(const struct apiserver_jwt_authenticator *from,
				       struct str at, struct arena *arena, struct issuer_rules *out,
				       struct fault *why);
/* UNAUTHORIZED with words: the claims are not enough. `claims` is a map; what *out has may point into it. */
MUST_USE enum status issuer_rules_apply(const struct issuer_rules *rules, const struct value *claims,
					struct arena *arena, struct user *out, struct fault *why);

#endif
