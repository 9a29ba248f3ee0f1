/*
 * A data folder of dqlite's, read: the database that a MicroK8s keeps in it, as one file of SQLite's.
 *
 * dqlite agrees upon pages by raft. Its folder holds a snapshot of the whole (`snapshot-TERM-INDEX-TIME` and its `.meta`), closed segments of
 * the log (`FIRST-LAST`), and open ones (`open-N`), whose entries follow the last closed one. The latest snapshot and all entries behind it
 * give the database as its last writer knew it; one that was killed may have an end that is torn, which is cut. What was not agreed upon when the last
 * node stopped counts as agreed, as it does for dqlite when it is recovered from one node.
 *
 * Nothing in it is trusted. Outcomes with words: NOT_FOUND, IO, INVALID (it is something else, or too old), CORRUPT.
 */
#ifndef DEPLOY_MAIN_MIGRATION_DQLITE_DQLITE_H
#define DEPLOY_MAIN_MIGRATION_DQLITE_DQLITE_H

#include "runtime/actor/seams.h"
#include "runtime/base/base.h"

#define DQLITE_DATABASE "k8s" /* what MicroK8s calls it */

/* Has the folder what each of dqlite's has? */
bool dqlite_is_folder(const struct seams_files *files, const char *folder);

/* Makes the file at `path`, which is not there yet; removes it again if it cannot. */
MUST_USE enum status dqlite_unpack(const struct seams_files *files, const char *folder,
				   const char *path, struct fault *why);

#endif
