/*
 * Liveness: what a leader measures about each member, smoothed so that roles do not flap.
 *
 *     ALIVE ──half of dead_ms in silence, or its link broke──> SUSPECT ──dead_ms in silence──> DEAD
 *       ^ ^─────────────────────────── heard ──────────────────────┘                            │ heard
 *       └──────────── 30 s of contact without a gap of 1 s ──────── RETURNING <─────────────────┘
 *
 * Fed by the replica on the leader with every answer, evaluated by roles.h. A new leader starts with a clean sheet in which
 * everybody has been alive until now. Nothing here looks at a clock: liveness_tick() is called at liveness_due() and after
 * what happened. Time in which the leader itself was away is nobody's silence (liveness_excuse). Latency: from sending
 * entries to the answer, so link and disk of the member together; 64 samples of the last 5 minutes.
 */
#ifndef DATASTORE_LOG_ROLE_LIVENESS_H
#define DATASTORE_LOG_ROLE_LIVENESS_H

#include "runtime/base/base.h"

#define LIVENESS_SAMPLES 64U
#define LIVENESS_GAP_MS 1000
#define LIVENESS_QUIET_MS 350 /* some heartbeats */
#define LIVENESS_DEAD_MS 1700 /* so that who is killed is declared dead within 2 s */
#define LIVENESS_RETURN_MS 30000
#define LIVENESS_WINDOW_MS 300000

enum liveness_state { LIVENESS_ALIVE, LIVENESS_SUSPECT, LIVENESS_DEAD, LIVENESS_RETURNING };

struct liveness {
	enum liveness_state state;
	uint32_t dead_ms;
	bool is_link_lost;    /* since it was last heard */
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

/* dead_ms 0: LIVENESS_DEAD_MS. */
void liveness_init(struct liveness *liveness, uint32_t dead_ms, struct mono now);
void liveness_sent(struct liveness *liveness, uint64_t last_index, struct mono now);
void liveness_heard(struct liveness *liveness, uint64_t match_index, struct mono now);
void liveness_sample(struct liveness *liveness, uint32_t took_us, struct mono now);
void liveness_lost(struct liveness *liveness);
/* It said that it would stop for a moment, and is back as it said: nothing that has to prove itself first. */
void liveness_welcome(struct liveness *liveness, struct mono now);
void liveness_excuse(struct liveness *liveness, int64_t away_ns, struct mono now);
/* Brings the state up to date, after each of the calls above and when it is due; true if it changed. */
bool liveness_tick(struct liveness *liveness, struct mono now);
/* Nothing was heard for some heartbeats, or its link broke: whatever its state, it may be gone. */
bool liveness_is_quiet(const struct liveness *liveness, struct mono now);
/* When the state changes if nothing is heard; INT64_MAX: it does not. */
struct mono liveness_due(const struct liveness *liveness);
/* The 95th percentile as of the last sample; 0: fewer than 8 in the window then, or none in it now. */
uint32_t liveness_p95_us(const struct liveness *liveness, struct mono now);

#endif
