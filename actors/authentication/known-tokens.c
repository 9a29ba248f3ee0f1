#include "actors/authentication/known-tokens.h"

#include "runtime/base/base.h"
#include "runtime/base/hash.h"
#include "transport/tls/crypto.h"

#define TAIL_BYTES 32U /* of the signature: as hard to guess as a key */

static struct str tail_of(struct str token)
{
	return str_slice(token, token.len - TAIL_BYTES, token.len);
}

static bool can_be_kept(struct str token)
{
	return token.len >= TAIL_BYTES && token.len <= KNOWN_TOKEN_BYTES_MAX;
}

static uint32_t place_of(struct str token)
{
	return (uint32_t)(hash_str(tail_of(token)) % KNOWN_TOKENS);
}

/* How long the comparison of the rest takes is told to those alone who have the tail. */
static bool is_same(struct str one, struct str token)
{
	return crypto_equal(tail_of(one), tail_of(token)) && str_eq(one, token);
}

const struct known_token *known_tokens_find(const struct known_tokens *known, struct str token)
{
	const struct known_token *one;

	if (!can_be_kept(token))
		return NULL;
	one = &known->at[place_of(token)];
	return one->arena != NULL && is_same(one->token, token) ? one : NULL;
}

void known_tokens_add(struct known_tokens *known, struct str token,
		      const struct account_claims *claims)
{
	struct known_token *one;

	if (!can_be_kept(token))
		return;
	one = &known->at[place_of(token)];
	arena_free(one->arena);
	one->arena = arena_new_tight(0);
	one->token = arena_str(one->arena, token);
	one->claims = account_claims_copy(claims, one->arena);
	one->user = account_claims_user(&one->claims, one->arena);
}

void known_tokens_clear(struct known_tokens *known)
{
	for (uint32_t i = 0; i < KNOWN_TOKENS; i++)
		arena_free(known->at[i].arena);
	*known = (struct known_tokens){ 0 };
}
