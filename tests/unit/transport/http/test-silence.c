#include "transport/http/silence.h"

#include "tests/lib/test.h"

static struct mono at(int64_t ms)
{
	return (struct mono){ (1000000 + ms) * TIME_MS };
}

TEST(a_peer_that_says_nothing_is_pinged_and_then_lost)
{
	struct silence silence = { 0 };
	struct mono heard = at(0);

	CHECK_EQ(silence_judge(&silence, heard, at(30000)), SILENCE_FINE);
	CHECK_EQ(silence_judge(&silence, heard, at(30001)), SILENCE_PING);
	CHECK_EQ(silence_judge(&silence, heard, at(31000)), SILENCE_FINE);
	CHECK_EQ(silence_judge(&silence, heard, at(45001)), SILENCE_FINE);
	CHECK_EQ(silence_judge(&silence, heard, at(45002)), SILENCE_LOST);
}

TEST(a_peer_that_answers_a_ping_is_pinged_again_when_it_is_silent_again)
{
	struct silence silence = { 0 };

	CHECK_EQ(silence_judge(&silence, at(0), at(31000)), SILENCE_PING);
	CHECK_EQ(silence_judge(&silence, at(31002), at(32000)), SILENCE_FINE);
	/* Nobody looked for long: its answer came all the same. */
	CHECK_EQ(silence_judge(&silence, at(31002), at(80000)), SILENCE_PING);
	CHECK_EQ(silence_judge(&silence, at(31002), at(95000)), SILENCE_FINE);
	CHECK_EQ(silence_judge(&silence, at(31002), at(95001)), SILENCE_LOST);
}

/* A machine that slept for an hour: the peer was asked just now. */
TEST(a_peer_is_not_lost_for_the_time_in_which_we_did_not_run)
{
	struct silence silence = { 0 };

	CHECK_EQ(silence_judge(&silence, at(0), at(3600000)), SILENCE_PING);
	CHECK_EQ(silence_judge(&silence, at(0), at(3601000)), SILENCE_FINE);
	CHECK_EQ(silence_judge(&silence, at(3601500), at(3602000)), SILENCE_FINE);
}
