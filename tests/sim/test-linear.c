#include "deploy/sim/linear.h"
#include "tests/lib/test.h"

#define NEVER LINEAR_NEVER
#define R(called, returned, value)                             \
	{                                                      \
		LINEAR_READ, called, returned, value, 0, false \
	}
#define W(called, returned, value)                              \
	{                                                       \
		LINEAR_WRITE, called, returned, value, 0, false \
	}
#define S(called, returned, expected, value)                          \
	{                                                             \
		LINEAR_SWAP, called, returned, value, expected, false \
	}
#define REFUSED(called, returned, expected, value)                   \
	{                                                            \
		LINEAR_SWAP, called, returned, value, expected, true \
	}

struct history {
	const char *what;
	bool is_linear;
	uint32_t count;
	struct linear_op ops[6];
};

TEST(histories_are_told_apart)
{
	static const struct history cases[] = {
		{ "nothing", true, 0, { { 0 } } },
		{ "what was written is read", true, 2, { W(1, 2, 5), R(3, 4, 5) } },
		{ "what was there before a write is read after it",
		  false,
		  2,
		  { W(1, 2, 5), R(3, 4, 0) } },
		{ "a read beside a write sees either",
		  true,
		  3,
		  { W(1, 9, 5), R(2, 3, 0), R(4, 5, 5) } },
		{ "a read beside a write goes back",
		  false,
		  3,
		  { W(1, 9, 5), R(2, 3, 5), R(4, 5, 0) } },
		{ "two writes at once, either last", true, 3, { W(1, 4, 5), W(2, 3, 6), R(5, 6, 5) } },
		{ "a write that never returned happened", true, 2, { W(1, NEVER, 5), R(8, 9, 5) } },
		{ "a write that never returned did not happen",
		  true,
		  2,
		  { W(1, NEVER, 5), R(8, 9, 0) } },
		{ "a write that never returned comes and goes",
		  false,
		  3,
		  { W(1, NEVER, 5), R(2, 3, 5), R(8, 9, 0) } },
		{ "nobody wrote what is read", false, 2, { W(1, 2, 5), R(3, 4, 7) } },
		{ "a swap of what is there", true, 3, { W(1, 2, 5), S(3, 4, 5, 6), R(5, 6, 6) } },
		{ "a swap of what is not there", false, 2, { W(1, 2, 5), S(3, 4, 7, 6) } },
		{ "two swaps of the same", false, 3, { W(1, 2, 5), S(3, 6, 5, 6), S(4, 5, 5, 7) } },
		{ "a swap that is rightly refused", true, 2, { W(1, 2, 5), REFUSED(3, 4, 7, 6) } },
		{ "a swap that is wrongly refused", false, 2, { W(1, 2, 5), REFUSED(3, 4, 5, 6) } },
		{ "refused because of a write beside it",
		  true,
		  3,
		  { W(1, 2, 5), W(3, 6, 8), REFUSED(4, 5, 5, 6) } },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (linear_check(cases[i].ops, cases[i].count, 0) != cases[i].is_linear)
			test_fail(__FILE__, __LINE__, "%s", cases[i].what);
}

/* Ten writers at once, again and again: the search must not try all orders of all of them. */
TEST(long_histories_with_much_at_once_are_decided)
{
	static struct linear_op ops[1000];
	uint32_t count = 0;

	for (uint32_t round = 0; round < 90; round++) {
		int64_t begin = round * 100;
		for (uint32_t i = 0; i < 10; i++)
			ops[count++] =
			    (struct linear_op)W(begin + i, begin + 50 + i, round * 16 + i + 1);
		ops[count++] = (struct linear_op)R(begin + 60, begin + 70, round * 16 + 7);
	}
	CHECK(linear_check(ops, count, 0));
	ops[count - 1].value = 3; /* of the first round */
	CHECK(!linear_check(ops, count, 0));
}
