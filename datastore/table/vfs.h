/*
 * SQLite's view of the file-system seam, so that a simulated disk is below the database too.
 *
 * One per table; its connections share locks and the index of the write-ahead log in memory, since no
 * other process may open the database (who opens a table holds its folder). Any thread, as SQLite wants it.
 */
#ifndef DATASTORE_TABLE_VFS_H
#define DATASTORE_TABLE_VFS_H

#include "runtime/actor/seams.h"
#include "runtime/base/status.h"

struct vfs;

GIVE struct vfs *vfs_new(const struct seams_files *files, const struct seams_random *random);
/*
 * For databases whose last commits may be lost with the process, but for what a checkpoint covered (vfs-log.h). Their connections share an index
 * of the log, so they are not in SQLite's exclusive mode.
 */
void vfs_keep_logs_in_memory(struct vfs *vfs);
void vfs_free(TAKE struct vfs *vfs);         /* after all connections are closed */
const char *vfs_name(const struct vfs *vfs); /* for sqlite3_open_v2 */

#endif
