/*
 * The probe: a client that never stops. Several times a second it writes to every node and reads from it, it watches what is written,
 * and it changes a Deployment without pods and looks when controllers have noticed.
 *
 * For an actor with a task: `troupe demo` and `troupe drill`. A write that was answered 201 is acknowledged, and has to be there at
 * the end; nothing is tried twice. What is measured is the longest time without a success, less the period in which one tries.
 * Bounds: PROBE_NODES_MAX, PROBE_WRITES_MAX to each, two seconds of tries that wait. Everything is in one namespace, which its
 * user makes and deletes.
 */
#ifndef DEPLOY_MAIN_DRILL_PROBE_H
#define DEPLOY_MAIN_DRILL_PROBE_H

#include "runtime/actor/act.h"
#include "transport/http/client.h"

#define PROBE_NODES_MAX 16U
#define PROBE_WRITES_MAX 65536U

/* The longest that a client was kept waiting. */
struct probe_outage {
	int64_t writes_ms, reads_ms, controllers_ms, watch_ms;
};

struct probe_gap {
	struct mono last; /* success, or the mark */
	int64_t longest_ms;
	uint64_t count; /* of successes since the mark */
};

struct probe_node {
	struct act_ref api; /* a client */
	bool is_lost;       /* for good: nobody asks it any more, and it does not count */
	uint32_t sent, waiting;
	struct probe_gap writes, reads;
};

struct probe {
	/* Set before probe_begin. */
	struct act *act;
	const char *namespace; /* that there is */
	uint32_t period_ms;
	struct probe_node nodes[PROBE_NODES_MAX];
	uint32_t count;

	uint8_t acknowledged[PROBE_NODES_MAX][PROBE_WRITES_MAX / 8];
	uint64_t acknowledged_count;
	bool is_on;
	struct http_call *watch;
	uint32_t watch_node;
	struct probe_gap watched;
	/* Controllers: a Deployment without pods is changed again and again, and seen to be noticed. */
	struct probe_gap noticed;
	int64_t wanted_generation; /* 0: none is being waited for */
	uint32_t turn, reads;
};

/* In the task. Each that can fail says why. */
MUST_USE bool probe_begin(struct probe *probe, struct fault *why);
void probe_end(struct probe *probe); /* whatever is under way is answered or too late */
/* Acknowledged writes that the cluster does not have, asked of this node. */
MUST_USE bool probe_count_lost(struct probe *probe, uint32_t node, uint64_t *out_lost,
			       struct fault *why);

/* True: the message was the probe's. */
bool probe_receive(struct probe *probe, const struct act_msg *msg);

void probe_mark(struct probe *probe); /* from here on gaps are counted anew */
struct probe_outage probe_outage(const struct probe *probe);
/* Whether every node that is not lost has written and read, and controllers have noticed, after this moment. */
bool probe_has_succeeded(const struct probe *probe, struct mono since);

#endif
