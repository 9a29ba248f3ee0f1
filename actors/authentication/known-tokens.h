/*
 * The service account tokens that ask most, whole, beside what was read from each, so that they are not taken apart for each request.
 *
 * What is here is what the bytes of a token say and that a key of this cluster has signed them: facts that stay. Its times, and whether what it is bound to still is,
 * are judged anew each time. Only who has been found good is added, so strangers displace nobody. Bounded: KNOWN_TOKENS, each of KNOWN_TOKEN_BYTES_MAX;
 * of two at one place the later stays. Whoever changes the keys clears it. All zero to begin; belongs to one authenticator; one thread.
 */
#ifndef ACTORS_AUTHENTICATION_KNOWN_TOKENS_H
#define ACTORS_AUTHENTICATION_KNOWN_TOKENS_H

#include "actors/authentication/account-claims.h"

#define KNOWN_TOKENS 128U
#define KNOWN_TOKEN_BYTES_MAX 4096U /* usual ones have 1 KiB */

struct known_token {
	struct arena *arena; /* NULL: nobody is here */
	struct str token;
	struct account_claims claims;
	struct user user;
};

struct known_tokens {
	struct known_token at[KNOWN_TOKENS];
};

/* NULL: it is not known. Borrowed until the next one is added. */
const struct known_token *known_tokens_find(const struct known_tokens *known, struct str token);
void known_tokens_add(struct known_tokens *known, struct str token,
		      const struct account_claims *claims);
void known_tokens_clear(struct known_tokens *known);

#endif
