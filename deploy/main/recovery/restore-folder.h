/*
 * A data directory with a cluster's state and keys and no node yet: how it is filled, in steps that may be cut short.
 *
 *     DIR/restoring ─ DIR/store/table.db ─ DIR/pki ─ all durable ─ renamed to DIR/restored ─ `troupe up` makes the node
 *
 * One that is cut short can be run again; until it is done `up` refuses the directory. The cluster is a new one, with another id.
 *
 * Through the seam of files, blocking. Whoever calls holds the directory.
 */
#ifndef DEPLOY_MAIN_RECOVERY_RESTORE_FOLDER_H
#define DEPLOY_MAIN_RECOVERY_RESTORE_FOLDER_H

#include "datastore/table/table.h"
#include "deploy/cluster/pki.h"

/* More than any cluster writes between a backup and its end: 2,000 a second for six days. */
#define RESTORE_REVISIONS UINT64_C(1000000000)
#define RESTORE_CLUSTER_BYTES 64U

/* CONFLICT: there is something in it. `out_cluster`: the new cluster's id. */
MUST_USE enum status restore_folder_begin(const struct seams_files *files, const char *folder,
					  char out_cluster[RESTORE_CLUSTER_BYTES],
					  struct fault *why);
/* Where the table belongs, in the arena. */
const char *restore_folder_table(const char *folder, struct arena *arena);
/* What the table must stand for: far above the revision it was taken at, all compacted. */
struct table_mark restore_folder_mark(uint64_t revision, uint64_t chain);
/* Once the table is there: the rest. */
MUST_USE enum status restore_folder_finish(const struct seams_files *files, const char *folder,
					   const struct pki *pki, struct fault *why);

/* A new cluster's id. */
void restore_folder_cluster(char out[RESTORE_CLUSTER_BYTES]);

#endif
