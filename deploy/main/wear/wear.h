/*
 * Wear: the actor `wear` of each core host, which knows how much that host, log and database, writes to its disk.
 *
 * It looks each minute at what the kernel has counted. Beyond a budget for a day it says so: once in the log, as an event of the Node, and in
 * `troupe status` as long as it is so. A process knows of its own life only.
 */
#ifndef DEPLOY_MAIN_WEAR_WEAR_H
#define DEPLOY_MAIN_WEAR_WEAR_H

#include "deploy/main/command/command.h"
#include "deploy/main/host/process.h"
#include "runtime/actor/act.h"
#include "runtime/trace/metrics.h"

/* For the tables of commands. */
#define WEAR_OPTION                                                                             \
	NUMBER_OPTION("write-budget-mib", "N", "0",                                             \
		      "warns when log and database write more than that to the disk in a day; " \
		      "0: never")

/* To the actor of a node, a request; answered with wear_told. */
struct wear_ask {
	char nothing;
};
ACT_TYPE_DECLARE(wear_ask);

struct wear_told {
	uint64_t day_bytes;    /* of the last day, or as long as covers_s */
	uint64_t rate_bytes;   /* what that comes to in a day */
	uint64_t covers_s;     /* 0: nobody counts here */
	uint64_t budget_bytes; /* of a day; 0: none */
};
ACT_TYPE_DECLARE(wear_told);

extern const struct act_type *const wear_types[];
extern const uint32_t wear_type_count;

struct wear_args {
	struct process *process;
	uint64_t budget_bytes;
};
extern const struct act_class wear_class; /* args: struct wear_args */

/* The counter itself as a metric of this host; `files` lives as long as that. */
void wear_measure(struct metrics *metrics, const struct seams_files *files);

bool wear_is_over(const struct wear_told *told);

#endif
