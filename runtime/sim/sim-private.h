/*
 * What the files of this folder share: the world, its events, its nodes, hosts and sessions.
 *
 * Everything that happens is an event at a virtual time; two at the same time happen in the order in which they were
 * made. Nothing here depends on addresses, on the machine's clock or on a hash's seed.
 */
#ifndef RUNTIME_SIM_SIM_PRIVATE_H
#define RUNTIME_SIM_SIM_PRIVATE_H

#include "runtime/actor/act-host.h"
#include "runtime/base/chance.h"
#include "runtime/base/collection/list.h"
#include "runtime/base/collection/vec.h"
#include "runtime/sim/sim.h"
#include "runtime/sim/volume.h"

enum sim_event_kind {
	SIM_EVENT_TURN,    /* a host runs what is ready */
	SIM_EVENT_PUMP,    /* messages of one direction of a session arrive */
	SIM_EVENT_DETECT,  /* a partition has lasted long enough to break a session */
	SIM_EVENT_LOST,    /* one end learns that its session broke */
	SIM_EVENT_JOB,     /* a job runs and is done */
	SIM_EVENT_RESTART, /* a host is to be up again */
	SIM_EVENT_STRIKE,  /* a fault of a list begins */
	SIM_EVENT_RELIEF,  /* and ends */
};

struct sim_event {
	int64_t at_ns;
	uint64_t sequence;
	enum sim_event_kind kind;
	uint32_t a;      /* what the kind says: an end, the index of a fault */
	uint64_t number; /* it happens only if this is still so: turn, session, job, life, calm */
	void *object;    /* host, session or node; they live as long as the world */
};

struct sim_node {
	uint32_t number;
	struct act_sim *sim;
	struct volume *disk;
	struct volume_view *view; /* the test's own */
	int64_t skew_ns;
	struct act_sim_disk usual, present; /* as it was told, and under the faults of now */
	bool is_paused, is_buried;
};

struct sim_worker {
	struct list link;
	int64_t free_at_ns; /* when its last job will be done */
};

struct sim_job {
	struct list link;
	uint64_t number;
	struct seams_job *job;
};

/* A host that another was told of. */
struct sim_known {
	uint32_t node;
	uint16_t host;
	char node_name[64], host_name[64];
};

struct sim_host {
	struct act_sim *sim;
	struct sim_node *node;
	struct act_host_config config;
	struct act_host *host;    /* NULL: down */
	bool is_killed;           /* by itself: it ends with its turn */
	struct volume_view *view; /* of its present or last life */
	uint16_t epoch;
	int64_t turn_at_ns; /* the turn that counts; INT64_MAX: none */
	struct list jobs, workers;
	VEC(struct sim_known) known; /* in this life; empty: it finds everybody by numbers */
};

/* An end's view: CLOSED, OPEN, or LOSING (it broke, and this end has not been told). */
enum sim_end_state { SIM_CLOSED, SIM_OPEN, SIM_LOSING };

struct sim_parcel {
	struct sim_parcel *next;
	int64_t at_ns;
	uint32_t len;
	char bytes[];
};

/* Between two hosts; direction i is from end i to the other. */
struct sim_session {
	struct sim_host *ends[2];
	enum sim_end_state state[2];
	uint16_t epochs[2];
	uint64_t number;
	struct sim_parcel *first[2], *last[2];
	int64_t last_at_ns[2];
};

struct sim_asked {
	const struct act_branch *branch;
	uint64_t asked, taken;
};

struct sim_pair {
	uint32_t from, to;
};

struct act_sim {
	int64_t now_ns;
	uint64_t sequence, events, hash;
	uint32_t running; /* the node whose host runs; 0: none */
	struct chance chance;
	struct sim_event *heap;
	uint32_t heap_len, heap_cap;
	VEC(struct sim_node *) nodes;
	VEC(struct sim_host *) hosts;
	VEC(struct sim_session *) sessions;
	VEC(struct sim_pair) partitions; /* one way each */
	struct act_sim_net usual, net;   /* as it was told, and under the faults of now */
	VEC(struct act_sim_fault) faults;
	struct act_sim_tally tally;
	struct act_sim_rot rot;
	uint32_t min_up;
	bool is_buggifying;
	VEC(struct sim_asked) asked;
	uint64_t calm_number, job_number;
};

#define SIM_TURN_NS 1000 /* what a turn takes: a host that is always busy still lets time pass */

void sim_push(struct act_sim *sim, int64_t delay_ns, struct sim_event event);
void sim_mix(struct act_sim *sim, uint64_t fact);
uint64_t sim_below(struct act_sim *sim, uint64_t n); /* 0 to n - 1; n of 0 gives 0 */
int64_t sim_between_us(struct act_sim *sim, uint32_t min_us, uint32_t max_us); /* in ns */
struct sim_node *sim_node_of(struct act_sim *sim, uint32_t number);            /* made if need be */
struct sim_host *sim_host_find(const struct act_sim *sim, uint32_t node, uint16_t number);
void sim_host_wake(struct sim_host *host);

void sim_host_kill(struct sim_host *host);

/* link.c */
void sim_link_seam(struct sim_host *host, struct seams_link *out);
void sim_link_host_died(struct sim_host *host, bool is_silent); /* silent: nobody sends a reset */
void sim_link_partitioned(struct act_sim *sim, uint32_t from, uint32_t to);
void sim_link_healed(struct act_sim *sim);
void sim_link_pump(struct act_sim *sim, const struct sim_event *event);
void sim_link_detect(struct act_sim *sim, const struct sim_event *event);
void sim_link_lost(struct act_sim *sim, const struct sim_event *event);
void sim_link_free(struct sim_session *session);
bool sim_is_cut(const struct act_sim *sim, uint32_t from, uint32_t to);

bool sim_branch(struct act_sim *sim, const struct act_branch *branch); /* branch.c */

/* damage.c */
void sim_node_stress(struct sim_node *node); /* its disk is as `present` says */

/* fault.c */
void sim_fault_strike(struct act_sim *sim, const struct sim_event *event);
void sim_fault_relieve(struct act_sim *sim, const struct sim_event *event);

#endif
