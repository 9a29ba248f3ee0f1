/*
 * What a fault costs, as whoever leads the datastore sees it: how long writes, reads and controllers keep a client waiting.
 *
 * For a task of the actor `admin`. Each round writes a key and reads it, and changes a Deployment without pods (kube-system/chaos-<uid>,
 * owned by the plan) or looks whether its controller has noticed. A try that fails counts until one succeeds. The longest wait of each is
 * kept, so where nothing was away it is what a request takes.
 */
#ifndef DEPLOY_MAIN_ADMIN_CHAOS_MEASURE_H
#define DEPLOY_MAIN_ADMIN_CHAOS_MEASURE_H

#include "datastore/object/object.h"
#include "deploy/main/admin/admin-private.h"

/* The words are those of status.outages. */
#define CHAOS_MEASURED_MAP(X)     \
	X(CHAOS_WRITES, "Writes") \
	X(CHAOS_READS, "Reads")   \
	X(CHAOS_CONTROLLERS, "Controllers")

enum chaos_measured {
#define X(name, text) name,
	CHAOS_MEASURED_MAP(X)
#undef X
	    CHAOS_MEASURED
};

const char *chaos_measured_name(enum chaos_measured what);

/* A success may be slow, or come after tries that failed: both keep a client waiting from the first of those on. */
struct chaos_gap {
	struct mono since; /* when the first try began that has not succeeded; 0: none has failed */
	int64_t worst_ms;
	uint64_t successes;
};

struct chaos_measure {
	struct act *act;
	const struct process *process;
	struct arena *arena;
	struct str pulse, plan_name, plan_uid;
	uint32_t turn;  /* so that each change is one */
	int64_t wanted; /* the generation that is to be noticed; 0: none */
	struct chaos_gap gaps[CHAOS_MEASURED];
};

/* Of that plan; nothing is asked yet. */
struct chaos_measure chaos_measure_of(struct act *act, const struct process *process,
				      const struct object *plan, struct arena *arena);
/* One try of each. True: all of them work. */
bool chaos_measure_once(struct chaos_measure *measure);
/* The plan is over: what was written for it goes. */
void chaos_measure_clean(struct chaos_measure *measure);

#endif
