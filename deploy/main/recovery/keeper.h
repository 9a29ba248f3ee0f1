/*
 * The keeper: the actor `keeper` of each core host, whom the verbs of recovery ask.
 *
 * Over HTTP, from the private socket in the data directory, by whoever may read that:
 *
 *     POST /troupe/recovery/copy[?stale=1]   a copy of the database beside this node's others; answers struct keeper_copy as lines
 *     GET  /troupe/recovery/backups          those that are made by the clock, as text
 * and from everywhere, by whoever shows a certificate of group system:masters:
 *     GET  /troupe/recovery/survivor         what this member has, as lines (survivor.h)
 *     POST /troupe/recovery/rejoin           body: struct keeper_rejoin as lines; the cluster was recovered without this node, which joins it anew
 *
 * It is also who sees the live resource `backups`. Each request is a task; whatever it asks has a limit of time.
 */
#ifndef DEPLOY_MAIN_RECOVERY_KEEPER_H
#define DEPLOY_MAIN_RECOVERY_KEEPER_H

#include "deploy/main/backup/schedule.h"
#include "deploy/main/host/process.h"

#define KEEPER_PLACE "/troupe/recovery/"
#define KEEPER_COPY_MS 600000U /* of a large database on a slow disk */

struct keeper_copy {
	char path[DATA_PATH_MAX + 64]; /* the asker removes it */
	uint64_t revision, keys;
};
/* CORRUPT: these are no such lines. */
MUST_USE enum status keeper_copy_read(struct str lines, struct keeper_copy *out);

/* Said to the others by who recovers: from which cluster, to which, by whom. */
struct keeper_rejoin {
	char from[64], to[64];
	char peer[256]; /* NAME@IP:PORT of its links */
};
void keeper_rejoin_write(const struct keeper_rejoin *rejoin, struct text *out);

struct keeper_args {
	struct process *process;
	struct schedule schedule;
};

/* args: struct keeper_args. Backups by the clock are made by whoever leads. */
extern const struct act_class keeper_class;

#endif
