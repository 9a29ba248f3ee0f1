/*
 * Which tokens have been found to be signed by the keys at hand, so that this is computed once and not for each request.
 *
 * A signature is a fact about bytes: remembering it makes nobody's token live longer, since its times and what it is bound
 * to are judged anew each time. Only good tokens are remembered, by their SHA-256, so that strangers cannot displace them;
 * of many the least recently used are forgotten. Whoever changes the keys begins with an empty memory (all zero).
 * Belongs to one authenticator; one thread.
 */
#ifndef ACTORS_AUTHENTICATION_TOKEN_MEMORY_H
#define ACTORS_AUTHENTICATION_TOKEN_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/str.h"
#include "transport/tls/crypto.h"

#define TOKEN_MEMORY_SETS \
	1024U /* with the ways: as many tokens as a large cluster has pods that ask */
#define TOKEN_MEMORY_WAYS 4U

struct token_digest {
	uint8_t at[CRYPTO_SHA256_BYTES];
};

struct token_memory {
	struct token_digest sets[TOKEN_MEMORY_SETS][TOKEN_MEMORY_WAYS]; /* the latest used first */
};

struct token_digest token_digest_of(struct str token);
bool token_memory_has(struct token_memory *memory, const struct token_digest *token);
void token_memory_add(struct token_memory *memory, const struct token_digest *token);

#endif
