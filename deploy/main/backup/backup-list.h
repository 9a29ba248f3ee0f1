/*
 * The backups that a node knows of, as its keeper tells them to others: for `troupe status` and `kubectl get backups`.
 */
#ifndef DEPLOY_MAIN_BACKUP_BACKUP_LIST_H
#define DEPLOY_MAIN_BACKUP_BACKUP_LIST_H

#include "runtime/actor/act.h"
#include "runtime/base/base.h"

#define BACKUP_LIST_MAX 200U /* the newest of them */

/* To the actor `keeper` of a node, a request; answered with backup_list. */
struct backup_list_ask {
	char nothing;
};
ACT_TYPE_DECLARE(backup_list_ask);

struct backup_list_row {
	struct str name, place;
	uint64_t made_s, size_bytes;
};

struct backup_list {
	struct arena *arena;
	bool is_scheduled;            /* this node makes them while it leads */
	struct str failure;           /* of the latest try; empty: none */
	struct backup_list_row *rows; /* the newest first */
	uint32_t count;
};
ACT_TYPE_DECLARE(backup_list);

extern const struct act_type *const backup_list_types[];
extern const uint32_t backup_list_type_count;

/*
 * In a task: asks the keepers of those nodes; what several name is one row. The arena is the caller's. `self`: which of them is this one.
 */
void backup_list_gather(struct act *act, const struct str *nodes, uint32_t count, struct str self,
			struct arena *arena, uint32_t timeout_ms, struct backup_list *out);

#endif
