/*
 * Faults of a host's own disk, clock and links, laid over the seams that it was given.
 *
 * For whoever opens a host that may be hurt on purpose: faulty_lay wraps the files and the clock before the host opens, links are
 * handed it and ask faulty_fate. One order of a kind holds at a time, a newer one takes its place. An order is over when its time
 * is, when one of no time takes its place, and with the process: nothing is kept anywhere. Orders are given, and fates asked for,
 * on the host's thread; files and clock may be used by any.
 *
 * Each fault stays within what its seam promises: a dropped frame takes its connection with it, a full disk still takes what was
 * reserved, only the wall clock is skewed. While there is no order, a call costs one load more than without.
 */
#ifndef RUNTIME_FAULTY_FAULTY_H
#define RUNTIME_FAULTY_FAULTY_H

#include "runtime/actor/seams.h"
#include "runtime/base/base.h"

struct faulty;

/* What may be ordered; `value` is in the last words. The names are those of the simulator (runtime/sim/sim.h) where it has the fault. */
#define FAULTY_KIND_MAP(X)                                                                      \
	X(FAULTY_DROP, "drop")           /* frames are lost, each with its connection */        \
	X(FAULTY_DELAY, "delay")         /* frames arrive later, in order: us */                \
	X(FAULTY_DUPLICATE, "duplicate") /* frames are sent twice */                            \
	X(FAULTY_SLOW_DISK, "slow-disk") /* syncs take longer: us */                            \
	X(FAULTY_FULL_DISK, "full-disk") /* nothing grows: only what has its room is written */ \
	X(FAULTY_SKEW, "skew")           /* the wall clock is off: ms, either way */

enum faulty_kind {
#define X(name, text) name,
	FAULTY_KIND_MAP(X)
#undef X
	    FAULTY_KINDS
};

const char *faulty_kind_name(enum faulty_kind kind); /* "drop" */

#define FAULTY_MS_MAX (3600U * 1000U) /* of an order: longer is a machine that is gone */
#define FAULTY_US_MAX (60 * 1000 * 1000)
#define FAULTY_SKEW_MS_MAX (366LL * 24 * 3600 * 1000)
#define FAULTY_MILLION 1000000U
#define FAULTY_ANY_HOST UINT32_MAX

struct faulty_order {
	enum faulty_kind kind;
	uint32_t for_ms;      /* 0: that kind is over */
	uint32_t per_million; /* of frames, or of syncs; of the others it means nothing */
	int64_t value;
	/* Of links: to whom. Node 0: to everybody; host FAULTY_ANY_HOST: to each of the node. */
	uint32_t node, host;
};

/* `pause` blocks the calling thread, for SLOW_DISK. */
GIVE struct faulty *faulty_new(void (*pause)(uint64_t us));
void faulty_free(TAKE struct faulty *faulty); /* when nobody uses the seams any more; NULL is fine */
/* Puts itself before the clock and the files of `seams`. Once. */
void faulty_lay(struct faulty *faulty, struct seams *seams);

/* INVALID: a number is outside of the bounds above. */
MUST_USE enum status faulty_begin(struct faulty *faulty, const struct faulty_order *order,
				  struct fault *why);

struct faulty_info {
	bool is_ordered; /* also when its time is over and nobody has taken it back */
	bool is_on;
	uint32_t left_ms; /* of its time, rounded up; 0: it is not on */
	uint64_t struck; /* frames, syncs, refused writes; reads of a skewed clock; since the host began */
};
struct faulty_info faulty_look(const struct faulty *faulty, enum faulty_kind kind);

/* What becomes of one frame to that host. */
struct faulty_fate {
	bool is_dropped, is_doubled;
	uint32_t delay_us;
};
bool faulty_hurts_links(const struct faulty *faulty);
struct faulty_fate faulty_fate(struct faulty *faulty, struct seams_peer to);

#endif
