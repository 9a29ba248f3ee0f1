#include "actors/authentication/token-memory.h"

#include <string.h>

struct token_digest token_digest_of(struct str token)
{
	struct token_digest digest;

	crypto_sha256(token, digest.at);
	return digest;
}

static struct token_digest *set_of(struct token_memory *memory, const struct token_digest *token)
{
	uint32_t number;

	memcpy(&number, token->at, sizeof number);
	return memory->sets[number % TOKEN_MEMORY_SETS];
}

/* Puts it first; what was before `place` moves back by one. */
static void put_first(struct token_digest *set, uint32_t place, const struct token_digest *token)
{
	memmove(&set[1], &set[0], place * sizeof *set);
	set[0] = *token;
}

bool token_memory_has(struct token_memory *memory, const struct token_digest *token)
{
	struct token_digest *set = set_of(memory, token);

	for (uint32_t i = 0; i < TOKEN_MEMORY_WAYS; i++) {
		if (memcmp(&set[i], token, sizeof *token) != 0)
			continue;
		put_first(set, i, token);
		return true;
	}
	return false;
}

void token_memory_add(struct token_memory *memory, const struct token_digest *token)
{
	put_first(set_of(memory, token), TOKEN_MEMORY_WAYS - 1, token);
}
