/*
 * What the files of the actor `keeper` share.
 *
 *   keeper.c           the actor, its pages
 *   keeper-copy.c      a copy of the database, for a backup
 *   keeper-schedule.c  backups by the clock, on the node that leads
 */
#ifndef DEPLOY_MAIN_RECOVERY_KEEPER_PRIVATE_H
#define DEPLOY_MAIN_RECOVERY_KEEPER_PRIVATE_H

#include "datastore/store/store.h"
#include "deploy/main/backup/backup.h"
#include "deploy/main/recovery/keeper.h"
#include "runtime/actor/act.h"

#define KEEPER_ASK_MS 15000U

struct keeper {
	const struct keeper_args *args;
	struct process *process;
	/* Backups by the clock. */
	bool is_making;
	struct backup_contents last; /* that this process made; revision 0: none */
	char last_path[BACKUP_PATH_MAX];
	struct fault failure; /* of the latest try; "": it went well */
};

/* For tasks. The copy is the caller's to remove. */
MUST_USE enum status keeper_make_copy(struct act *act, const struct keeper *keeper, bool is_stale,
				      struct keeper_copy *out, struct fault *why);

/* 200, or why not in `out`. */
int keeper_rejoin(struct act *act, const struct keeper *keeper, struct str body, struct text *out);

void keeper_schedule_start(struct act *act, struct keeper *keeper);
/* False: not about those. */
bool keeper_schedule_receive(struct act *act, struct keeper *keeper, const struct act_msg *msg);
/* As text: what there is, what was made last, what went wrong. */
void keeper_schedule_tell(struct act *act, struct keeper *keeper, struct text *out);

#endif
