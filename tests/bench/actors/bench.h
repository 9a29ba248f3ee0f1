/*
 * What the benches of this folder share: a table of them, and what one is given and gives back.
 *
 * A bench runs on a host of its own on the real loop, with all bounds, counters and run times on. `start` runs in the host's root
 * actor; the last of the actors it made calls bench_done. Two schedulers are two hosts, each a thread with its own copy of the bench.
 */
#ifndef TESTS_BENCH_ACTORS_BENCH_H
#define TESTS_BENCH_ACTORS_BENCH_H

#include "runtime/base/base.h"
#include "runtime/loop/loop.h"

struct bench_run {
	struct loop *loop;
	uint64_t count; /* how often */
	uint64_t width; /* of how many actors, where that can be chosen */
	struct mono began, ended;
	int64_t cpu_ns; /* of the thread, from began to ended */
	double value;   /* of a BENCH_VALUE */
};

enum bench_unit {
	BENCH_MILLIONS, /* a second, of `each` for one of `count` */
	BENCH_NS,       /* for one of `count` */
	BENCH_VALUE,    /* what start or an actor put into `value` */
};

struct bench {
	const char *name;
	enum bench_unit unit;
	uint32_t each; /* messages, say, for one of `count`; times `width` if it is one of each actor */
	bool is_each_of_width;
	void (*start)(struct act *act, void *state, void *run);
};

/* Messages between actors that stay alive. */
void bench_ping_pong(struct act *act, void *state, void *run);
void bench_counting(struct act *act, void *state, void *run);
void bench_fan_in(struct act *act, void *state, void *run);
void bench_keyed(struct act *act, void *state, void *run);
void bench_ring(struct act *act, void *state, void *run);
void bench_big(struct act *act, void *state, void *run);
/* Tasks. */
void bench_ask(struct act *act, void *state, void *run);
void bench_task(struct act *act, void *state, void *run);
void bench_parked(struct act *act, void *state, void *run);
/* Lives. */
void bench_fork_join(struct act *act, void *state, void *run);
void bench_spawn(struct act *act, void *state, void *run);
void bench_idle(struct act *act, void *state, void *run);
void bench_million(struct act *act, void *state, void *run);
void bench_restart(struct act *act, void *state, void *run);

void bench_begin(struct bench_run *run); /* what went before is not measured */
void bench_done(struct bench_run *run);  /* the loop ends after this turn */
struct mono bench_now(void);
uint64_t bench_resident_bytes(void);

struct act_ref bench_spawn_of(struct act *act, const struct act_class *class, const void *args);
/* A send that a bench relies on: bounds are on, so a bench that overruns one is wrong. */
#define bench_tell(act, to, T, ...) bench_must(act_tell((act), (to), T, __VA_ARGS__))
void bench_must(enum status status);

#endif
