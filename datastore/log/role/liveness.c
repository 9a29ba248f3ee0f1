#include "datastore/log/role/liveness.h"

#include <stdlib.h>

#define SAMPLES_NEEDED 8U /* fewer say nothing about a 95th percentile */

void liveness_init(struct liveness *liveness, uint32_t dead_ms, struct mono now)
{
	*liveness = (struct liveness){ .state = LIVENESS_ALIVE,
				       .dead_ms = dead_ms ? dead_ms : LIVENESS_DEAD_MS,
				       .heard = now,
				       .since = now };
}

static int64_t ms_between(struct mono from, struct mono to)
{
	return (to.ns - from.ns) / TIME_MS;
}

static int compare_us(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
	return (left > right) - (left < right);
}

static uint32_t p95_us(const struct liveness *liveness, struct mono now)
{
	uint32_t sorted[LIVENESS_SAMPLES];
	uint32_t count = 0;
	for (uint32_t i = 0; i < liveness->count; i++)
		if (ms_between(liveness->sample_at[i], now) <= LIVENESS_WINDOW_MS)
			sorted[count++] = liveness->sample_us[i];
	if (count < SAMPLES_NEEDED)
		return 0;
	qsort(sorted, count, sizeof *sorted, compare_us);
	return sorted[(count * 95 - 1) / 100];
}

/* It is asked for much more often than a sample comes. */
void liveness_sample(struct liveness *liveness, uint32_t took_us, struct mono now)
{
	liveness->sample_us[liveness->next] = took_us;
	liveness->sample_at[liveness->next] = now;
	liveness->next = (liveness->next + 1) % LIVENESS_SAMPLES;
	if (liveness->count < LIVENESS_SAMPLES)
		liveness->count++;
	liveness->p95_us = p95_us(liveness, now);
	liveness->sampled = now;
}

void liveness_sent(struct liveness *liveness, uint64_t last_index, struct mono now)
{
	if (liveness->sent_index != 0)
		return; /* one sample at a time: a busy link would only fill the ring faster */
	liveness->sent_index = last_index;
	liveness->sent_at = now;
}

void liveness_heard(struct liveness *liveness, uint64_t match_index, struct mono now)
{
	if (ms_between(liveness->heard, now) > LIVENESS_GAP_MS)
		liveness->since = now;
	liveness->heard = now;
	liveness->is_link_lost = false;
	if (liveness->sent_index == 0 || match_index < liveness->sent_index)
		return;
	int64_t took_us = (now.ns - liveness->sent_at.ns) / TIME_US;
	liveness_sample(liveness, took_us < UINT32_MAX ? (uint32_t)took_us : UINT32_MAX, now);
	liveness->sent_index = 0;
}

void liveness_lost(struct liveness *liveness)
{
	liveness->is_link_lost = true;
}

void liveness_welcome(struct liveness *liveness, struct mono now)
{
	liveness->state = LIVENESS_ALIVE;
	liveness->since = now;
}

static struct mono not_after(int64_t ns, struct mono now)
{
	return (struct mono){ ns < now.ns ? ns : now.ns };
}

void liveness_excuse(struct liveness *liveness, int64_t away_ns, struct mono now)
{
	liveness->heard = not_after(liveness->heard.ns + away_ns, now);
	liveness->since = not_after(liveness->since.ns + away_ns, now);
	liveness->sent_index = 0; /* what was measured over it is no measure */
}

static enum liveness_state judge(const struct liveness *liveness, struct mono now)
{
	int64_t silent_ms = ms_between(liveness->heard, now);
	if (silent_ms >= liveness->dead_ms)
		return LIVENESS_DEAD;
	if (liveness->state == LIVENESS_DEAD || liveness->state == LIVENESS_RETURNING) {
		/* Back from the dead: trusted only when it stays. */
		if (silent_ms <= LIVENESS_GAP_MS &&
		    ms_between(liveness->since, now) >= LIVENESS_RETURN_MS)
			return LIVENESS_ALIVE;
		return silent_ms <= LIVENESS_GAP_MS ? LIVENESS_RETURNING : liveness->state;
	}
	return silent_ms >= liveness->dead_ms / 2 || liveness->is_link_lost ? LIVENESS_SUSPECT
									    : LIVENESS_ALIVE;
}

bool liveness_is_quiet(const struct liveness *liveness, struct mono now)
{
	return liveness->is_link_lost || ms_between(liveness->heard, now) > LIVENESS_QUIET_MS;
}

struct mono liveness_due(const struct liveness *liveness)
{
	int64_t ms = liveness->state == LIVENESS_ALIVE ? liveness->dead_ms / 2 : liveness->dead_ms;
	if (liveness->state == LIVENESS_DEAD)
		return (struct mono){ INT64_MAX };
	return (struct mono){ liveness->heard.ns + ms * TIME_MS };
}

bool liveness_tick(struct liveness *liveness, struct mono now)
{
	enum liveness_state before = liveness->state;
	liveness->state = judge(liveness, now);
	/* What was sent before a silence is not a measure of anything. */
	if (liveness->state == LIVENESS_DEAD)
		liveness->sent_index = 0;
	return liveness->state != before;
}

uint32_t liveness_p95_us(const struct liveness *liveness, struct mono now)
{
	return ms_between(liveness->sampled, now) <= LIVENESS_WINDOW_MS ? liveness->p95_us : 0;
}
