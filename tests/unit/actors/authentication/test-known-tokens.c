#include "actors/authentication/known-tokens.h"

#include "runtime/base/base.h"
#include "tests/lib/test.h"

static void clear(void *arg)
{
	known_tokens_clear(arg);
}

static struct known_tokens *make_known(void)
{
	struct known_tokens *known = arena_new_of(test_arena(), struct known_tokens);

	arena_on_free(test_arena(), clear, known);
	return known;
}

static struct str token_of(uint32_t number)
{
	return arena_printf(test_arena(), "header.claims.%064u", number);
}

static struct account_claims claims_of(struct str text)
{
	struct account_claims claims = { 0 };

	CHECK_STATUS(account_claims_read(text, test_arena(), &claims), OK);
	return claims;
}

static struct account_claims simple_claims(uint32_t number)
{
	return claims_of(arena_printf(test_arena(), "{\"jti\":\"%u\"}", number));
}

TEST(a_known_token_has_what_was_read_from_it_and_owns_it)
{
	struct known_tokens *known = make_known();
	struct str text = arena_str(
	    test_arena(), STR("{\"iss\":\"i\",\"jti\":\"j\",\"aud\":[\"a\",\"b\"],\"exp\":7,"
			      "\"kubernetes.io\":{\"namespace\":\"n\",\"serviceaccount\":{\"name\":"
			      "\"s\",\"uid\":\"u\"},\"pod\":{\"name\":\"p\",\"uid\":\"q\"}}}"));
	struct str token = token_of(1), same = token_of(1);
	struct account_claims claims = claims_of(text);
	const struct known_token *one;

	CHECK(known_tokens_find(known, token) == NULL);
	known_tokens_add(known, token, &claims);
	memset((char *)(uintptr_t)text.at, 'x', text.len);
	memset((char *)(uintptr_t)token.at, 'x', token.len);
	one = known_tokens_find(known, same);
	CHECK(one != NULL);
	CHECK_STR(one->user.name, "system:serviceaccount:n:s");
	CHECK_STR(one->user.uid, "u");
	CHECK_STR(one->user.groups[1], "system:serviceaccounts:n");
	CHECK_STR(one->user.extra[0].values[0], "p");
	CHECK_STR(one->claims.audiences.at[1], "b");
	CHECK_EQ(one->claims.expires_s, 7);
	CHECK_STR(one->claims.pod.uid, "q");
	CHECK(one->claims.node.name.at == NULL);
}

/* Each byte of it: what differs in claims alone has the same signature at its end. */
TEST(a_token_is_known_by_all_its_bytes)
{
	struct known_tokens *known = make_known();
	struct account_claims claims = simple_claims(1);
	struct str token = token_of(1);

	known_tokens_add(known, token, &claims);
	for (uint32_t i = 0; i < token.len; i++) {
		struct str other = arena_str(test_arena(), token);

		((char *)(uintptr_t)other.at)[i] ^= 1;
		CHECK(known_tokens_find(known, other) == NULL);
	}
	CHECK(known_tokens_find(known, str_slice(token, 1, token.len)) == NULL);
	CHECK(known_tokens_find(known, STR("short")) == NULL);
	CHECK(known_tokens_find(known, STR_NONE) == NULL);
	CHECK(known_tokens_find(known, token) != NULL);
}

TEST(known_tokens_are_bounded_and_the_latest_are_known)
{
	struct known_tokens *known = make_known();
	uint32_t found = 0;

	for (uint32_t i = 0; i < 4 * KNOWN_TOKENS; i++) {
		struct account_claims claims = simple_claims(i);

		known_tokens_add(known, token_of(i), &claims);
		CHECK_STR(known_tokens_find(known, token_of(i))->claims.id,
			  arena_printf(test_arena(), "%u", i).at);
	}
	for (uint32_t i = 0; i < 4 * KNOWN_TOKENS; i++)
		found += known_tokens_find(known, token_of(i)) != NULL;
	CHECK(found > KNOWN_TOKENS / 2 && found <= KNOWN_TOKENS);
	known_tokens_clear(known);
	for (uint32_t i = 0; i < 4 * KNOWN_TOKENS; i++)
		CHECK(known_tokens_find(known, token_of(i)) == NULL);
}

TEST(what_is_larger_than_tokens_are_is_not_kept)
{
	struct known_tokens *known = make_known();
	struct account_claims claims = simple_claims(1);
	struct str large = str_of(arena_zalloc(test_arena(), KNOWN_TOKEN_BYTES_MAX + 1),
				  KNOWN_TOKEN_BYTES_MAX + 1);

	known_tokens_add(known, large, &claims);
	CHECK(known_tokens_find(known, large) == NULL);
	known_tokens_add(known, str_slice(large, 1, large.len), &claims);
	CHECK(known_tokens_find(known, str_slice(large, 1, large.len)) != NULL);
}
