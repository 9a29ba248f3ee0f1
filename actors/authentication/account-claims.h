/*
 * What a service account token says: its claims, and who shows it by them.
 *
 * Nothing in it is to be believed before the token's signature was found good; what it is bound to has to be looked for each time.
 */
#ifndef ACTORS_AUTHENTICATION_ACCOUNT_CLAIMS_H
#define ACTORS_AUTHENTICATION_ACCOUNT_CLAIMS_H

#include <stdint.h>

#include "actors/client/user.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"

struct account_bound {
	struct str name, uid; /* absent name: not bound to one */
};

struct account_claims {
	struct str issuer, id, namespace;
	struct str_list audiences;
	int64_t expires_s, not_before_s, issued_s; /* 0: not said */
	struct account_bound account, pod, secret, node;
};

/* Of a token's payload; may point into it. INVALID: it is no JSON object. */
MUST_USE enum status account_claims_read(struct str text, struct arena *arena,
					 struct account_claims *out);
/* With all that it points to. */
struct account_claims account_claims_copy(const struct account_claims *claims, struct arena *arena);
/* Borrows from the claims. */
struct user account_claims_user(const struct account_claims *claims, struct arena *arena);

#endif
