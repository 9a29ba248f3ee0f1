/*
 * One pod's life on this node, as a machine that only decides; the agent does what it says and tells it what happened.
 *
 *     NEW ──admitted──> PREPARING ──sandbox──> INITIALIZING ──init containers done──> RUNNING
 *      │                    │                        │                                   │
 *      │ refused            └────────────────────────┴─────────────────┬─────────────────┘
 *      │                               deleted, vanished, overruled, too old, failed for good, all ended
 *      v                                                               v
 *    ENDED <──────────────────────── sandbox gone ──────────────── STOPPING
 *
 *     a container:  WAITING ──asked──> STARTING ──runs──> RUNS ──ended──> ENDED ──to be started again──> WAITING
 *                      └──── <──failed──── ┘                └──asked to stop──> STOPS ──> ENDED
 *
 * Containers leave WAITING only in INITIALIZING and RUNNING; nothing is started in STOPPING; in ENDED nothing runs and nothing will.
 * Time comes with each call, so a test needs no clock. Bounded by the pod's containers; failures back off by upstream's rule: ten seconds,
 * doubling to five minutes, forgotten after ten good minutes, and the first time at once.
 */
#ifndef ACTORS_NODE_POD_POD_MACHINE_H
#define ACTORS_NODE_POD_POD_MACHINE_H

#include "actors/node/pod/container.h"
#include "actors/node/pod/runtime.h"
#include "datastore/object/object.h"
#include "runtime/base/base.h"

enum pod_state {
	POD_NEW,
	POD_PREPARING,
	POD_INITIALIZING,
	POD_RUNNING,
	POD_STOPPING,
	POD_ENDED,
};

enum container_state {
	CONTAINER_WAITING,
	CONTAINER_STARTING,
	CONTAINER_RUNS,
	CONTAINER_STOPS,
	CONTAINER_ENDED,
};

/* How one run of a container went. */
struct container_run {
	struct wall started, finished;
	int32_t exit_code;
	char id[RUNTIME_ID_MAX];
	char reason[RUNTIME_REASON_MAX];
	char message[RUNTIME_MESSAGE_MAX];
};

struct pod_container {
	enum container_state state;
	bool is_started, is_ready; /* of the run that is on */
	int32_t restarts;
	uint32_t failures;      /* in a row, for the back-off */
	struct mono not_before; /* in WAITING: when it may be started */
	struct container_run run;
	struct container_run *last; /* the one before; NULL: none */
	char image_id[2 * RUNTIME_ID_MAX];
	char waits[RUNTIME_REASON_MAX]; /* why starting failed: ErrImagePull; "": it has not */
	char waits_message[RUNTIME_MESSAGE_MAX];
};

struct moment {
	struct mono mono;
	struct wall wall;
};

struct pod_machine {
	enum pod_state state;
	const struct object *object; /* newest seen; owned */
	struct runtime_pod runtime;
	struct arena *arena; /* containers and their last runs */
	struct pod_container *containers;
	uint32_t count, capacity;
	struct wall started;    /* status.startTime */
	struct mono not_before; /* in PREPARING: when the sandbox may be tried again */
	uint32_t failures;
	bool is_asked;     /* for the sandbox, or for its end */
	bool is_vanished;  /* its object has gone without us */
	bool is_refused;   /* by admission */
	bool is_settled;   /* it was found at its end: its status is what it is */
	uint64_t grace_ms; /* what containers were last asked to stop within */
	char address[RUNTIME_REASON_MAX];
	char overruled[RUNTIME_REASON_MAX]; /* the final phase that somebody else gave it; "": nobody has */
	char reason[RUNTIME_REASON_MAX]; /* of the status, when not the containers decide: OutOfcpu, DeadlineExceeded */
	char message[RUNTIME_MESSAGE_MAX];
};

GIVE struct pod_machine *pod_machine_new(const struct object *object, uint64_t number,
					 struct moment now);
void pod_machine_free(TAKE struct pod_machine *machine);
const struct core_pod *pod_machine_pod(const struct pod_machine *machine);

/* Goes on from what the pod's status says: for pods found at the agent's start. True: it had begun, so the runtime must adopt it. */
bool pod_machine_resume(struct pod_machine *machine);
/* The runtime knows nothing of it after all: what ran has ended, and policy decides. */
void pod_machine_lost(struct pod_machine *machine, struct moment now);

void pod_machine_refuse(struct pod_machine *machine, struct str reason, struct str message);
/* A newer version. One whose phase another has made final is stopped and keeps that phase, as with the kubelet. */
void pod_machine_see(struct pod_machine *machine, const struct object *object);
void pod_machine_vanish(struct pod_machine *machine);
void pod_machine_take(struct pod_machine *machine, const struct runtime_event *event,
		      struct moment now);

enum pod_step_kind {
	POD_SANDBOX_START,
	POD_SANDBOX_STOP,
	POD_CONTAINER_START,
	POD_CONTAINER_STOP,
};

struct pod_step {
	enum pod_step_kind kind;
	uint32_t place;
	uint64_t grace_ms;
};

/* What has to be done now; the machine takes it for asked. False: nothing until something happens. */
bool pod_machine_next(struct pod_machine *machine, struct moment now, struct pod_step *out);
/* How long until pod_machine_next may have something by time alone; -1: never. */
int64_t pod_machine_wait_ms(const struct pod_machine *machine, struct moment now);

/* Pending, Running, Succeeded or Failed. */
struct str pod_machine_phase(const struct pod_machine *machine);
/* Whether a container that waits does so for its back-off. */
bool pod_machine_backs_off(const struct pod_container *container);
/* How long its present back-off is. */
uint32_t pod_machine_backoff_s(uint32_t failures);

#endif
