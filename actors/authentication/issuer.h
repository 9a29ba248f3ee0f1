/*
 * Tokens of other issuers: JSON Web Tokens as OpenID Connect providers sign them (upstream: AuthenticationConfiguration, --oidc-*).
 *
 * A set is what a configuration says of its issuers; it is constant but for what each issuer's source keeps. Which set counts is changed only on the loop of
 * the server; the one before stays until nobody waits for it. A token of an issuer that is not among them goes to the next mechanism, and so does one that
 * is not good: another may know it.
 */
#ifndef ACTORS_AUTHENTICATION_ISSUER_H
#define ACTORS_AUTHENTICATION_ISSUER_H

#include "actors/authentication/authenticator.h"
#include "actors/authentication/issuer-rules.h"
#include "actors/authentication/issuer-source.h"
#include "actors/authentication/token-memory.h"
#include "runtime/trace/metrics.h"

#define ISSUERS_MAX 64U /* upstream's */

struct issuer {
	struct str url;
	struct str_list audiences; /* a token has to name one of them */
	struct str algorithms; /* with a bar between, absent: all that are known (transport/tls/jwt.h) */
	struct issuer_rules rules;
	struct issuer_source source;
	struct metrics_histogram *good, *bad; /* NULL: nothing was counted yet */
};

struct issuer_set {
	struct issuer *at;
	uint32_t count;
};

/* What an operator says beside the record, where it is not a file of this kind. */
struct issuer_limits {
	struct str_list own;   /* the cluster's own issuers: nobody else is called so */
	struct str algorithms; /* as in struct issuer */
};

/* BAD_REQUEST with words that begin with the field: jwt[0].issuer.url. All of it is the arena's. */
MUST_USE enum status issuer_set_read(const struct apiserver_jwt_authenticator_list *list,
				     const struct issuer_limits *limits, struct arena *arena,
				     struct issuer_set *out, struct fault *why);
bool issuer_set_is_busy(const struct issuer_set *set);
/* Ends what its sources have; not one that is busy. */
void issuer_set_fini(struct issuer_set *set);

struct issuers {
	struct issuer_set *set;    /* that counts now */
	struct str_list audiences; /* the API server's own */
	struct metrics *metrics;   /* NULL: nothing is counted */
	struct token_memory memory;
};
struct authenticator authentication_issuers(struct issuers *issuers);

#endif
