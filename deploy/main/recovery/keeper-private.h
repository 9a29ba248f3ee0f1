/*
 * What the files of the actor `keeper` share.
 *
 *   keeper.c           the actor, its pages
 *   keeper-copy.c      a copy of the database, for a backup
 *   keeper-schedule.c  backups by the clock, on the node that leads
 *   keeper-place.c     the folder or store elsewhere that they are kept in
 *   keeper-rejoin.c    a node whose cluster was recovered without it
 *   keeper-live.c      backups as objects of the API
 */
#ifndef DEPLOY_MAIN_RECOVERY_KEEPER_PRIVATE_H
#define DEPLOY_MAIN_RECOVERY_KEEPER_PRIVATE_H

#include "datastore/store/store.h"
#include "deploy/main/backup/backup.h"
#include "deploy/main/backup/s3.h"
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
	struct s3 s3;         /* its client is nil until it is needed */
	/* What there was when it was looked at last. */
	struct schedule_list seen;
	struct mono seen_at;
	bool has_seen;
};

/*
 * Asks the store of this node, in a task. The outcome is the store's, or that of asking; the message is borrowed until act_all_end(*all), which is
 * owed in either case.
 */
MUST_USE enum status keeper_ask_store(struct act *act, const struct act_type *type,
				      const void *body, uint32_t ms, struct act_all **all,
				      const struct act_msg **msg);
/* For tasks. The copy is the caller's to remove. */
MUST_USE enum status keeper_make_copy(struct act *act, const struct keeper *keeper, bool is_stale,
				      struct keeper_copy *out, struct fault *why);

/* 200, or why not in `out`. */
int keeper_rejoin(struct act *act, const struct keeper *keeper, struct str body, struct text *out);

/* Of this cluster; owes schedule_list_fini either way. */
MUST_USE enum status keeper_place_list(struct act *act, struct keeper *keeper,
				       struct schedule_list *out, struct fault *why);
/* Packs the copy, which is removed, puts it there under that name and tries it. */
MUST_USE enum status keeper_place_put(struct act *act, struct keeper *keeper,
				      const struct keeper_copy *copy,
				      const struct backup_contents *contents, const char *name,
				      struct fault *why);
/* Of what was seen, removes what is to go. */
MUST_USE enum status keeper_place_prune(struct act *act, struct keeper *keeper, uint32_t *out_gone,
					struct fault *why);

/* False: not about those. */
bool keeper_live_receive(struct act *act, struct keeper *keeper, const struct act_msg *msg);

void keeper_schedule_start(struct act *act, struct keeper *keeper);
/* False: not about those. */
bool keeper_schedule_receive(struct act *act, struct keeper *keeper, const struct act_msg *msg);
/* As text: what there is, what was made last, what went wrong. */
void keeper_schedule_tell(struct act *act, struct keeper *keeper, struct text *out);

#endif
