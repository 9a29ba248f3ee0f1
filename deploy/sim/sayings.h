/*
 * What the actors of a simulated world say: how often each event was logged, and all of it, with the virtual time and the node, in a
 * file (1: on standard error). One at a time, for the log is the process's.
 */
#ifndef DEPLOY_SIM_SAYINGS_H
#define DEPLOY_SIM_SAYINGS_H

#include <stdio.h>

#include "runtime/base/base.h"
#include "runtime/sim/sim.h"

struct sayings {
	struct act_sim *sim;
	struct map counts; /* by event */
	struct map names;  /* of nodes, by number */
	FILE *out;         /* NULL: not shown */
};

void sayings_open(struct sayings *sayings, struct act_sim *sim, const char *path);
/* How a node is called; else "n" and its number. The name is borrowed. */
void sayings_name(struct sayings *sayings, uint32_t node, const char *name);
void sayings_close(struct sayings *sayings);
/* At INFO and above: "store: leads". */
uint32_t sayings_count(const struct sayings *sayings, const char *event);

#endif
