/*
 * The book of a wood: every life of an actor, and what it sent, asked, watches, owns and has under way. Only for tests/sim/wood/wood.c.
 */
#ifndef TESTS_SIM_WOOD_WOOD_BOOK_H
#define TESTS_SIM_WOOD_WOOD_BOOK_H

#include "runtime/base/base.h"
#include "tests/sim/wood/wood.h"

#define BOOK_KEYS 4U
#define BOOK_TIMEOUT_MS 2000U /* of a request, at most */

enum { TREE_REJECTS, TREE_DROPS, TREE_CRASHES, TREE_COALESCES, TREE_KINDS };

struct tree_args {
	struct wood *wood;
	uint32_t depth, kind;
	uint32_t parent; /* a life; 0: a supervisor's */
};

/* Something owned: released by the life's end, newest first, or by hand. */
struct thing {
	struct book *book;
	struct thing *older;
	uint32_t life;
};

struct life {
	uint32_t number, parent;
	struct act_ref ref;
	struct thing *newest;
	bool has_stopped, has_ended, is_host_dead;
	enum act_reason why; /* as its stop was told */
	uint32_t open;       /* requests */
};

struct monitor {
	uint32_t watcher, target;
	uint64_t id;
	bool is_over, is_due;
};

struct query {
	uint32_t asker;
	int64_t until_ns;
	bool is_over;
};

struct errand {
	struct book *book;
	uint32_t life, runs;
	bool is_over;
};

/* What was sent by one life to another, and what arrived last, of each key. */
struct pair {
	uint64_t sent, received[BOOK_KEYS];
};

struct book {
	struct act_sim *sim;
	struct arena *arena;
	VEC(struct life *) lives; /* the first is nobody */
	VEC(struct monitor) monitors;
	VEC(struct query) queries;
	VEC(struct errand *) errands;
	struct map pairs;
	struct wood_counts counts;
};

void book_open(struct book *book, struct act_sim *sim);
void book_close(struct book *book);

uint32_t book_born(struct book *book, struct act_ref ref, uint32_t parent);
void book_stops(struct book *book, uint32_t life, enum act_reason why);
struct life *book_life(const struct book *book, uint32_t number);

struct thing *book_thing(struct book *book, uint32_t life);
struct thing *book_newest_thing(struct book *book, uint32_t life);
/* The oldest thing of a life is its first: with it the life ends. */
void book_released(struct thing *thing);

uint64_t book_sent(struct book *book, uint32_t from, uint32_t to);
void book_received(struct book *book, uint32_t from, uint32_t life, uint32_t to, uint32_t key,
		   uint64_t number);

uint64_t book_asks(struct book *book, uint32_t life, struct mono now, uint32_t timeout_ms);
void book_answered(struct book *book, uint32_t life, uint64_t number, struct mono now);
void book_check_asker(struct book *book, uint32_t life, struct mono now);

uint32_t book_watches(struct book *book, uint32_t watcher, uint64_t id, uint32_t target);
struct monitor *book_monitor(struct book *book, uint32_t number);
uint32_t book_down(struct book *book, uint32_t watcher, const struct act_down *down);

struct errand *book_errand(struct book *book, uint32_t life);
void book_errand_over(struct errand *errand);

/* What is under way is to have come when the end is checked. */
void book_expect(struct book *book);
void book_check_end(struct book *book);

#endif
