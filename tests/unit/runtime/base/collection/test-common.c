#include "runtime/base/collection/common.h"

#include "runtime/base/base.h"
#include "tests/lib/test.h"

#define LONG_LEN 100U

/* Bytes that are worth it, and no others of the same number. */
static struct str make_bytes(uint32_t number)
{
	struct str made = arena_printf(test_arena(), "%0*u", (int)LONG_LEN, number);

	CHECK_EQ(made.len, LONG_LEN);
	return made;
}

TEST(equal_bytes_are_there_once)
{
	struct commons commons = { 0 };
	struct common *a = commons_take(&commons, make_bytes(1));
	struct common *b = commons_take(&commons, make_bytes(1));
	struct common *c = commons_take(&commons, make_bytes(2));

	CHECK(a == b);
	CHECK(a != c);
	CHECK(str_eq(common_bytes(a), make_bytes(1)));
	CHECK_EQ(commons_len(&commons), 2);
	commons_fini(&commons);
	CHECK(str_eq(common_bytes(c), make_bytes(2)));
	common_unref(a);
	common_unref(b);
	common_unref(c);
	common_unref(NULL);
}

TEST(only_long_bytes_are_worth_it)
{
	struct commons commons = { 0 };

	CHECK(commons_wants(&commons, make_bytes(1)));
	CHECK(!commons_wants(&commons, STR("{\"f:data\":{}}")));
	CHECK(!commons_wants(NULL, make_bytes(1)));
}

TEST(what_nobody_holds_goes_and_what_somebody_holds_stays)
{
	struct commons commons = { 0 };
	struct common *held = commons_take(&commons, make_bytes(0));

	for (uint32_t i = 1; i < 10000; i++) {
		common_unref(commons_take(&commons, make_bytes(i)));
		CHECK(commons_len(&commons) <= 512);
	}
	CHECK(commons_take(&commons, make_bytes(0)) == held);
	common_unref(held);
	common_unref(held);
	commons_fini(&commons);
}
