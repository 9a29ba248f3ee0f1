/*
 * Liveness: what a leader measures about each member, smoothed so that roles do not flap.
 *
 * Fed by the replica on the leader with every answer, evaluated by roles.h. A new leader starts with a
 * clean sheet in which everybody has been alive until now. Suspect after 3 s of silence, dead after 10 s,
 * alive again only after 30 s of unbroken contact (no gap of 1 s). Latency: from sending entries to
 * the answer, so link and disk of the member together; 64 samples of the last 5 minutes.
 */
#ifndef DATASTORE_LOG_ROLE_LIVENESS_H
#define DATASTORE_LOG_ROLE_LIVENESS_H

#include "runtime/base/base.h"

#define LIVENESS_SAMPLES 64U
#define LIVENESS_GAP_MS 1000
#define LIVENESS_SUSPECT_MS 3000
#define LIVENESS_DEAD_MS 10000
#define LIVENESS_RETURN_MS 30000
#define LIVENESS_WINDOW_MS 300000

enum liveness_state { LIVENESS_ALIVE, LIVENESS_SUSPECT, LIVENESS_DEAD, LIVENESS_RETURNING };

struct liveness {
	enum liveness_state state;
	struct mono heard;    /* last answer */
	struct mono since;    /* start of unbroken contact */
	struct mono sent_at;  /* of the sample under way */
	uint64_t sent_index;  /* 0: no sample under way */
	uint32_t count, next; /* ring of samples */
	uint32_t sample_us[LIVENESS_SAMPLES];
	struct mono sample_at[LIVENESS_SAMPLES];
	uint32_t p95_us; /* of the samples that counted when the last one came */
	struct mono sampled;
};

void liveness_init(struct liveness *liveness, struct mono now);
void liveness_sent(struct liveness *liveness, uint64_t last_index, struct mono now);
void liveness_heard(struct liveness *liveness, uint64_t match_index, struct mono now);
void liveness_sample(struct liveness *liveness, uint32_t took_us, struct mono now);
/* Brings the state up to date; true if it changed. */
bool liveness_tick(struct liveness *liveness, struct mono now);
/* The 95th percentile as of the last sample; 0: fewer than 8 in the window then, or none in it now. */
uint32_t liveness_p95_us(const struct liveness *liveness, struct mono now);

#endif
