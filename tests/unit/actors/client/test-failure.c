#include "actors/client/failure.h"

#include "tests/lib/test.h"

TEST(what_the_store_says_is_told_with_a_code_that_says_whether_to_try_again)
{
	static const struct {
		enum status status;
		int32_t code, retry_after_s;
		const char *words;
	} cases[] = {
		{ UNAVAILABLE, 503, 1, "no leader right now" },
		{ GONE, 503, 1, "is gone" },
		{ FULL, 503, 1, "the datastore takes no writes: its leader's disk is full" },
		{ BUSY, 429, 1, "a limit was reached" },
		{ TIMEOUT, 504, 0, "Timeout: the datastore did not answer in time" },
		{ TOO_LARGE, 413, 0, "Request entity too large: larger than the limit" },
		{ IO, 500, 0, "Internal error occurred: the disk or network refused" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct failure *failure = failure_of(test_arena(), cases[i].status, NULL);

		CHECK_EQ(failure->code, cases[i].code);
		CHECK_EQ(failure->retry_after_s, cases[i].retry_after_s);
		CHECK_STR(failure->message, cases[i].words);
	}
}
