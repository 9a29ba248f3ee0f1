#include "deploy/cluster/token.h"
#include "tests/lib/authority.h"
#include "tests/lib/test.h"

static const struct str addresses[] = { { "10.0.0.1:6443", 13 }, { "[fd00::2]:6443", 14 } };
static const uint8_t fingerprint[CRYPTO_SHA256_BYTES] = { 1, 2, 3, 250 };

static struct token_wish make_wish(void)
{
	return (struct token_wish){ .addresses = addresses,
				    .addresses_count = 2,
				    .authority_fingerprint = fingerprint };
}

static struct str make_token(struct token_wish wish, struct token_record *record)
{
	struct str text;

	CHECK_STATUS(token_create(&wish, AUTHORITY_NOW, test_arena(), &text, record, NULL), OK);
	return text;
}

TEST(a_token_says_where_and_whom_and_its_record_keeps_no_secret)
{
	struct token_record record;
	struct str text = make_token(make_wish(), &record), bytes;
	uint8_t key[CRYPTO_SHA256_BYTES];
	struct token token;

	CHECK_STATUS(
	    token_parse(arena_printf(test_arena(), " " STR_FMT "\n", STR_ARG(text)), &token, NULL),
	    OK);
	CHECK(str_eq(token.id, record.id));
	CHECK_EQ(token.addresses_count, 2);
	CHECK_STR(token.addresses[1], "[fd00::2]:6443");
	CHECK(memcmp(token.authority_fingerprint, fingerprint, sizeof fingerprint) == 0);
	token_key(token.secret, key);
	CHECK(memcmp(key, record.key, sizeof key) == 0);
	bytes = token_record_encode(&record, test_arena());
	CHECK(str_find(bytes, token.secret) < 0);
	CHECK_STR(record.role, "auto");
	CHECK_EQ(record.expires.ns, AUTHORITY_NOW.ns + TOKEN_TTL_S * TIME_S);
	CHECK(!str_eq(make_token(make_wish(), &record), text));
}

TEST(a_record_reads_back_and_a_damaged_one_is_noticed)
{
	struct token_wish wish = make_wish();
	struct token_record record, again;
	struct str bytes;

	wish.role = STR("worker");
	wish.description = STR("for the lab");
	wish.is_single_use = true;
	make_token(wish, &record);
	token_use(&record, STR("node-b"), AUTHORITY_NOW);
	bytes = token_record_encode(&record, test_arena());
	CHECK_STATUS(token_record_decode(bytes, &again), OK);
	CHECK(str_eq(again.id, record.id));
	CHECK(memcmp(again.key, record.key, sizeof again.key) == 0);
	CHECK_STR(again.role, "worker");
	CHECK_STR(again.description, "for the lab");
	CHECK_EQ(again.created.ns, record.created.ns);
	CHECK_EQ(again.expires.ns, record.expires.ns);
	CHECK(again.is_single_use);
	CHECK_STR(again.used_by, "node-b");
	CHECK_EQ(again.used_at.ns, AUTHORITY_NOW.ns);
	for (uint32_t len = 0; len < bytes.len; len++)
		CHECK_STATUS(token_record_decode(str_slice(bytes, 0, len), &again), CORRUPT);
}

TEST(what_is_no_token_is_refused_and_the_part_is_named)
{
#define ID "abc123"
#define SECRET "0123456789abcdef0123456789abcdef"
#define PRINT "AQID-gAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "", "begins with troupe1." },
		{ "abc123.0123456789abcdef", "begins with troupe1." },
		{ "troupe2." ID "." SECRET "." PRINT ".a:1", "begins with troupe1." },
		{ "troupe1", "second part" },
		{ "troupe1.ABC123." SECRET "." PRINT ".a:1", "second part" },
		{ "troupe1." ID "." PRINT ".a:1", "third part" },
		{ "troupe1." ID "." SECRET "x." PRINT ".a:1", "third part" },
		{ "troupe1." ID "." SECRET ".short.a:1", "fourth part" },
		{ "troupe1." ID "." SECRET "." PRINT, "no address" },
		{ "troupe1." ID "." SECRET "." PRINT ".", "no HOST:PORT" },
		{ "troupe1." ID "." SECRET "." PRINT ".a", "no HOST:PORT" },
		{ "troupe1." ID "." SECRET "." PRINT ".a:1,", "no HOST:PORT" },
		{ "troupe1." ID "." SECRET "." PRINT ".a:1 b:2", "no HOST:PORT" },
		{ "troupe1." ID "." SECRET "." PRINT ".a/b:1", "no HOST:PORT" },
		{ "troupe1." ID "." SECRET "." PRINT
		  ".a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1",
		  "more than 16" },
	};
	struct token token;
	struct fault why;

	CHECK_STATUS(token_parse(STR("troupe1." ID "." SECRET "." PRINT ".a.b.c:1"), &token, NULL),
		     OK);
	CHECK_STR(token.addresses[0], "a.b.c:1");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		CHECK_STATUS(token_parse(str_from(cases[i].text), &token, &why), INVALID);
		CHECK(strstr(why.text, cases[i].words) != NULL);
	}
}

TEST(impossible_wishes_are_refused)
{
	struct str bad = STR("no port"), text;
	struct token_record record;
	struct token_wish wish = make_wish();

	wish.role = STR("king");
	CHECK_STATUS(token_create(&wish, AUTHORITY_NOW, test_arena(), &text, &record, NULL),
		     INVALID);
	wish = make_wish();
	wish.addresses = &bad;
	wish.addresses_count = 1;
	CHECK_STATUS(token_create(&wish, AUTHORITY_NOW, test_arena(), &text, &record, NULL),
		     INVALID);
	wish.addresses_count = 0;
	CHECK_STATUS(token_create(&wish, AUTHORITY_NOW, test_arena(), &text, &record, NULL),
		     INVALID);
}

TEST(a_token_ends_by_time_or_by_use)
{
	struct token_wish wish = make_wish();
	struct token_record record;
	struct wall later = { AUTHORITY_NOW.ns + 2 * AUTHORITY_DAY };
	struct fault why;

	make_token(wish, &record);
	CHECK_STATUS(token_admits(&record, STR("a"), AUTHORITY_NOW, NULL), OK);
	CHECK_STATUS(token_admits(&record, STR("a"), later, &why), GONE);
	CHECK(strstr(why.text, "expired at 2026-01-02T00:00:00Z") != NULL);
	CHECK(token_is_expired(&record, later));
	wish.ttl_s = -1;
	make_token(wish, &record);
	CHECK_STATUS(token_admits(&record, STR("a"), later, NULL), OK);
	wish.is_single_use = true;
	make_token(wish, &record);
	token_use(&record, STR("a"), AUTHORITY_NOW);
	CHECK_STATUS(token_admits(&record, STR("a"), later, NULL), OK); /* its answer was lost */
	CHECK_STATUS(token_admits(&record, STR("b"), later, &why), GONE);
	CHECK(strstr(why.text, "\"a\" used it at") != NULL);
}
