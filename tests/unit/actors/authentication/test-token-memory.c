#include "actors/authentication/token-memory.h"

#include "runtime/base/base.h"
#include "tests/lib/test.h"

/* A digest of the test's own making: the first four bytes choose the set. */
static struct token_digest digest_in_set(uint32_t set, uint8_t number)
{
	struct token_digest digest = { { 0 } };

	memcpy(digest.at, &set, sizeof set);
	digest.at[31] = number;
	return digest;
}

static struct token_memory *make_memory(void)
{
	return arena_new_of(test_arena(), struct token_memory);
}

TEST(a_token_is_known_once_it_was_added)
{
	struct token_memory *memory = make_memory();
	struct token_digest one = token_digest_of(STR("one")), two = token_digest_of(STR("two"));

	CHECK(!token_memory_has(memory, &one));
	token_memory_add(memory, &one);
	CHECK(token_memory_has(memory, &one));
	CHECK(!token_memory_has(memory, &two));
}

TEST(of_many_tokens_the_least_recently_used_is_forgotten)
{
	struct token_memory *memory = make_memory();
	struct token_digest tokens[TOKEN_MEMORY_WAYS + 1];

	for (uint32_t i = 0; i <= TOKEN_MEMORY_WAYS; i++)
		tokens[i] = digest_in_set(7, (uint8_t)i);
	for (uint32_t i = 0; i < TOKEN_MEMORY_WAYS; i++)
		token_memory_add(memory, &tokens[i]);
	CHECK(token_memory_has(memory, &tokens[0]));
	token_memory_add(memory, &tokens[TOKEN_MEMORY_WAYS]);
	CHECK(!token_memory_has(memory, &tokens[1]));
	CHECK(token_memory_has(memory, &tokens[0]));
	CHECK(token_memory_has(memory, &tokens[2]));
	CHECK(token_memory_has(memory, &tokens[TOKEN_MEMORY_WAYS]));
}

TEST(tokens_of_other_sets_are_left_alone)
{
	struct token_memory *memory = make_memory();
	struct token_digest kept = digest_in_set(1, 0);

	token_memory_add(memory, &kept);
	for (uint32_t i = 0; i < 2 * TOKEN_MEMORY_WAYS; i++) {
		struct token_digest other = digest_in_set(2, (uint8_t)i);

		token_memory_add(memory, &other);
	}
	CHECK(token_memory_has(memory, &kept));
}
