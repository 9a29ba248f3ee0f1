/*
 * A drill's fault that is more than SIGKILL: the ChaosPlan by which it is asked for, and what that plan's status says. Pure; any thread.
 *
 * The words are those of ChaosFault in kebab case. Who is hurt is a node of the drill: its process, its disk, all of it, or one of the
 * links on which it sends. neverBelowQuorum stays on, and nodes that were not started with --chaos refuse.
 */
#ifndef DEPLOY_MAIN_DRILL_DRILL_FAULT_H
#define DEPLOY_MAIN_DRILL_DRILL_FAULT_H

#include "runtime/base/base.h"

#define DRILL_FAULTS                                                      \
	"kill|pause|partition|drop|delay|duplicate|slow-fsync|full-disk|" \
	"clock-skew|corrupt-segment"
#define DRILL_PLAN "troupe-drill" /* its name */

struct drill_fault {
	const char *name;  /* slow-fsync */
	const char *fault; /* SlowFsync */
	const char *level; /* Host, Node, Link, Disk */
};

/* What its status says; texts are the arena's. */
struct drill_plan {
	bool is_done;      /* it was done, or is about to be */
	bool is_over;      /* and what it cost is known */
	bool is_refused;   /* for good */
	struct str target; /* as its level calls it; absent: none yet */
	struct str why;    /* it is refused, or has to wait; absent: neither */
	uint64_t struck;   /* frames, syncs, writes that were hit */
};

/* NULL: a plain kill, or none of ours. */
const struct drill_fault *drill_fault_find(const char *name);
/* Whether it can be done to that host ("core", "control"): only core writes to a disk. */
bool drill_fault_is_of(const struct drill_fault *fault, const char *host);
/* The plan as JSON. */
struct str drill_fault_plan(const struct drill_fault *fault, struct str node, const char *host,
			    int64_t seconds, struct arena *arena);
/* From the plan as a node shows it; what it does not say stays 0. */
struct drill_plan drill_fault_read(struct str plan, struct arena *arena);

#endif
