/*
 * A host that a test drives by hand: time moves when it says so, jobs run when the host is stepped.
 */
#ifndef TESTS_UNIT_RUNTIME_ACTOR_MANUAL_H
#define TESTS_UNIT_RUNTIME_ACTOR_MANUAL_H

#include "runtime/actor/act-host.h"

struct manual {
	struct act_host *host;
	int64_t now_ns;
	struct seams_job *jobs, *jobs_tail;
	uint32_t jobs_held;  /* jobs are kept back while it is not 0 */
	struct manual *peer; /* the other end of its link */
	bool is_cut;
	uint32_t opened, closed; /* workers */
};

/* Opens a host with these children under one supervisor, or none. */
void manual_open(struct manual *manual, const struct act_supervisor *root);
/* The same without children, in the given life of the host of a given node; others are numbered from 1. */
void manual_open_as(struct manual *manual, uint32_t node, uint16_t epoch);
void manual_close(struct manual *manual);
/* Runs until nothing is ready, then moves the clock by so much, timer by timer. */
void manual_run(struct manual *manual, uint64_t ms);
/* Runs `fn` in the root actor. */
void manual_enter(struct manual *manual, void (*fn)(struct act *act, void *state, void *arg),
		  void *arg);
/* Spawns a child of the root actor. */
struct act_ref manual_spawn(struct manual *manual, const struct act_class *class, const void *args);
void manual_send(struct manual *manual, struct act_ref to, const struct act_type *type,
		 const void *body);
/* Joins two hosts (nodes 1 and 2) by a link that delivers at once, and cuts it. */
void manual_join(struct manual *a, struct manual *b);
void manual_cut(struct manual *a, struct manual *b);
#define manual_tell(manual, to, T, ...) \
	manual_send((manual), (to), &T##_type, &(struct T){ __VA_ARGS__ })

#endif
