/*
 * The cluster that is moved away from: one file, a database of etcd's (a snapshot of `etcdctl snapshot save`, or a member's db) or one
 * of kine's, whichever its first bytes say; a folder of dqlite's (dqlite/dqlite.h); or an etcd that runs, as `etcd://HOST:PORT,...` (remote.h).
 *
 * Through the seam of files, blocking; it is never written to. Nothing in it is trusted. Outcomes with words: NOT_FOUND, FORBIDDEN, IO,
 * INVALID (it is something else), CORRUPT (it is damaged, and where).
 */
#ifndef DEPLOY_MAIN_MIGRATION_SOURCE_H
#define DEPLOY_MAIN_MIGRATION_SOURCE_H

#include "datastore/table/table.h"
#include "deploy/main/migration/remote.h"
#include "runtime/actor/seams.h"
#include "runtime/base/base.h"

struct source;

/* Reads all of it once. `keys` are for etcds that run; NULL: none. */
MUST_USE enum status source_open(const struct seams_files *files, const char *path,
				 const struct remote_keys *keys, struct source **out,
				 struct fault *why);
void source_close(TAKE struct source *source); /* NULL is fine */

const char *source_what(const struct source *source);  /* "a database of etcd's" */
uint64_t source_revision(const struct source *source); /* the latest */

/* Living keys in the order of their latest changes; borrowed for the call; what is not OK ends it. May be called again. */
typedef enum status source_row(void *arg, const struct table_row *row, struct fault *why);
MUST_USE enum status source_each(struct source *source, source_row *each, void *arg,
				 struct fault *why);

/* How long a lease of one of its rows lasts, in seconds; 0: it has ended. */
uint32_t source_lease_ttl_s(const struct source *source, uint64_t lease);

#endif
