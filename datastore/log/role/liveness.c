#include "datastore/log/role/liveness.h"

#define SAMPLES_NEEDED 8U /* fewer say nothing about a 95th percentile */
#define LONGEST (LIVENESS_SAMPLES / 20 + 1)

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

/* Of so many samples one in twenty is longer: those are kept in order, the shortest first, and the rest is passed over. */
static uint32_t p95_us(const struct liveness *liveness, struct mono now)
{
	uint32_t longest[LONGEST], kept = 0, count = 0;

	for (uint32_t i = 0; i < liveness->count; i++) {
		uint32_t us = liveness->sample_us[i], at;

		if (ms_between(liveness->sample_at[i], now) > LIVENESS_WINDOW_MS)
			continue;
		count++;
		if (kept == LONGEST && us <= longest[0])
			continue;
		if (kept < LONGEST) {
			for (at = kept++; at > 0 && longest[at - 1] > us; at--)
				longest[at] = longest[at - 1];
			longest[at] = us;
			continue;
		}
		for (at = 0; at + 1 < LONGEST && longest[at + 1] < us; at++)
			longest[at] = longest[at + 1];
		longest[at] = us;
	}
	return count < SAMPLES_NEEDED ? 0 : longest[kept - 1 - count / 20];
}

/* All of them count, and the one that comes takes the place of one that was shorter than it, and is not longer itself. */
static bool keeps_p95(const struct liveness *liveness, uint32_t took_us, struct mono now)
{
	uint32_t oldest = liveness->next;
	return liveness->count == LIVENESS_SAMPLES &&
	       ms_between(liveness->sample_at[oldest], now) <= LIVENESS_WINDOW_MS &&
	       liveness->sample_us[oldest] < liveness->p95_us && took_us <= liveness->p95_us;
}

/* It is asked for much more often than a sample comes, and changes with few of them. */
void liveness_sample(struct liveness *liveness, uint32_t took_us, struct mono now)
{
	bool is_kept = keeps_p95(liveness, took_us, now);
	liveness->sample_us[liveness->next] = took_us;
	liveness->sample_at[liveness->next] = now;
	liveness->next = (liveness->next + 1) % LIVENESS_SAMPLES;
	if (liveness->count < LIVENESS_SAMPLES)
		liveness->count++;
	if (!is_kept)
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
