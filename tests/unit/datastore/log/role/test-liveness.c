#include "datastore/log/role/liveness.h"

#include <stdlib.h>

#include "tests/lib/test.h"

static enum liveness_state state_at(struct liveness *liveness, int64_t ms)
{
	liveness_tick(liveness, (struct mono){ ms * TIME_MS });
	return liveness->state;
}

TEST(silence_makes_suspect_then_dead_and_only_half_a_minute_of_contact_trusted)
{
	struct liveness liveness;
	int64_t ms = 5000;
	liveness_init(&liveness, 0, (struct mono){ ms * TIME_MS });
	CHECK_EQ(state_at(&liveness, ms + 800), LIVENESS_ALIVE);
	CHECK_EQ(liveness_due(&liveness).ns, (ms + 850) * TIME_MS);
	CHECK_EQ(state_at(&liveness, ms + 850), LIVENESS_SUSPECT);
	CHECK_EQ(liveness_due(&liveness).ns, (ms + LIVENESS_DEAD_MS) * TIME_MS);
	CHECK_EQ(state_at(&liveness, ms + LIVENESS_DEAD_MS), LIVENESS_DEAD);
	CHECK_EQ(liveness_due(&liveness).ns, INT64_MAX);
	ms += 9000;
	for (int64_t since = ms; ms < since + LIVENESS_RETURN_MS; ms += 150) {
		liveness_heard(&liveness, 0, (struct mono){ ms * TIME_MS });
		CHECK_EQ(state_at(&liveness, ms), LIVENESS_RETURNING);
	}
	liveness_heard(&liveness, 0, (struct mono){ ms * TIME_MS });
	CHECK_EQ(state_at(&liveness, ms), LIVENESS_ALIVE);
	liveness_lost(&liveness);
	CHECK_EQ(state_at(&liveness, ms), LIVENESS_SUSPECT);
	liveness_heard(&liveness, 0, (struct mono){ (ms + 10) * TIME_MS });
	CHECK_EQ(state_at(&liveness, ms + 10), LIVENESS_ALIVE);
}

TEST(a_leader_that_was_away_itself_takes_nobody_for_dead)
{
	struct liveness liveness;
	liveness_init(&liveness, 0, (struct mono){ 0 });
	liveness_excuse(&liveness, 9000 * TIME_MS, (struct mono){ 9300 * TIME_MS });
	CHECK_EQ(state_at(&liveness, 9300), LIVENESS_ALIVE);
	CHECK_EQ(state_at(&liveness, 9000 + LIVENESS_DEAD_MS), LIVENESS_DEAD);
}

static int compare_us(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

TEST(one_in_twenty_acknowledgements_may_take_longer_than_the_95th_percentile)
{
	for (uint32_t count = 1; count <= 2 * LIVENESS_SAMPLES; count++) {
		struct liveness liveness;
		struct mono now = { TIME_S };
		uint32_t us[2 * LIVENESS_SAMPLES], kept, want;

		liveness_init(&liveness, 0, now);
		for (uint32_t i = 0; i < count; i++) {
			us[i] = i * 7919 % 101; /* some of them twice */
			liveness_sample(&liveness, us[i], now);
		}
		kept = count < LIVENESS_SAMPLES ? count : LIVENESS_SAMPLES;
		qsort(us + count - kept, kept, sizeof us[0], compare_us);
		want = us[count - kept + (kept * 95 - 1) / 100];
		CHECK_EQ(liveness.p95_us, kept < 8 ? 0 : want);
	}
}
