/*
 * Exporting: the keys of a cluster, as a table has them, as a snapshot of etcd's: what `etcdctl snapshot save` would make of an etcd with
 * the same keys, values and revisions, for `etcdutl snapshot restore`. Only keys of Kubernetes (survey_is_taken) are in it.
 *
 * Through the seam of files, blocking. The table is a copy that nobody has open, or that of a node that does not run. Memory: the keys.
 */
#ifndef DEPLOY_MAIN_MIGRATION_EXPORT_H
#define DEPLOY_MAIN_MIGRATION_EXPORT_H

#include "runtime/actor/seams.h"
#include "runtime/base/base.h"

struct exported {
	uint64_t revision, keys, bytes;
};

/* Written beside `path` (0600), read again as etcd would, and only then put in its place; on failure nothing is left. */
MUST_USE enum status export_write(const struct seams_files *files, const char *table,
				  const char *path, struct exported *out, struct fault *why);

#endif
