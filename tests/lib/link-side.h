/*
 * One end of links for tests: a peer on a loop of its own, whose owner is a list of what arrived.
 *
 * Several sides live in one thread: link_side_run gives all of them their turns until a condition holds. Only tests/ may include this.
 */
#ifndef TESTS_LIB_LINK_SIDE_H
#define TESTS_LIB_LINK_SIDE_H

#include "runtime/base/base.h"
#include "runtime/loop/loop.h"
#include "tests/lib/test.h"
#include "transport/peer/peer.h"

/* A test twice: over links that the loop carries, and over nng's. */
#define LINK_TEST(name)                \
	static void both_##name(void); \
	TEST(name)                     \
	{                              \
		both_##name();         \
	}                              \
	TEST(name##_over_nng)          \
	{                              \
		link_side_use_nng();   \
		both_##name();         \
	}                              \
	static void both_##name(void)

/* Sides opened from now on are carried by nng. */
void link_side_use_nng(void);
bool link_side_is_over_nng(void);

struct link_side {
	struct peer *peer;
	struct seams_link link;
	struct seams_peer self;
	/* What arrived, oldest first. A kept message is its body without the header; benches only count. */
	bool is_counting;
	VEC(struct str) bodies;
	VEC(struct seams_peer) froms;
	VEC(struct seams_peer) losses;
	uint32_t losses_at; /* how many bodies had arrived at the first loss */
	uint64_t messages, bytes;
	/* NULL or called for each message, after it was counted. */
	void (*received)(struct link_side *side, struct seams_peer from, struct str body);
	struct loop *loop;
};

/* What a side is opened with when nothing else is said: node 1, its host's socket in test_folder(), quick heartbeats, and
   patience with silence: a busy machine makes its own. */
struct peer_config link_side_config(uint16_t host, uint16_t epoch);

/* Fills the owner, clock and chance of `config`. */
MUST_USE enum status link_side_open(struct link_side *side, struct peer_config config,
				    struct fault *why);
void link_side_close(struct link_side *side);

MUST_USE enum status link_side_send(struct link_side *side, struct seams_peer to, struct str body);
/* The state of the link to a host; PEER_IDLE if there is none. */
enum peer_state link_side_state(struct link_side *side, struct seams_peer of);
struct peer_stats link_side_stats(struct link_side *side);

/* Gives the sides turns until `until(arg)` holds or the time is over: then false. */
bool link_side_run(struct link_side *const *sides, uint32_t count, bool (*until)(void *arg),
		   void *arg, uint32_t timeout_ms);

#endif
