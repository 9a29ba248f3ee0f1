/*
 * An etcd that runs: the keys of Kubernetes as they are at one revision, read in pages over its v3 API, whoever writes meanwhile. kine
 * answers the same.
 *
 * What comes is spooled to a file without a name in $TMPDIR, so memory holds an address for each key. A page that is too large is asked for
 * again with fewer keys; an endpoint that does not answer is passed over. Blocks; only a verb's main thread calls it.
 */
#ifndef DEPLOY_MAIN_MIGRATION_REMOTE_H
#define DEPLOY_MAIN_MIGRATION_REMOTE_H

#include "datastore/table/table.h"
#include "deploy/main/migration/remote-call.h"
#include "runtime/actor/seams.h"
#include "runtime/base/base.h"

struct remote;

/* "etcd://10.0.0.1:2379,10.0.0.2:2379": copies all. Outcomes as remote_call, and those of files. */
MUST_USE enum status remote_open(const struct seams_files *files, struct str places,
				 const struct remote_keys *keys, struct remote **out,
				 struct fault *why);
void remote_close(TAKE struct remote *remote); /* NULL is fine */

uint64_t remote_revision(const struct remote *remote);
/* As source_each and source_lease_ttl_s. */
typedef enum status remote_row(void *arg, const struct table_row *row, struct fault *why);
MUST_USE enum status remote_each(struct remote *remote, remote_row *each, void *arg,
				 struct fault *why);
uint32_t remote_lease_ttl_s(const struct remote *remote, uint64_t lease);

#endif
