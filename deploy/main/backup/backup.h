/*
 * A backup: what a cluster has to be made again from. A bundle of three kinds of files:
 *
 *     backup             what this is: cluster, node, when, revision, keys; text, format 1
 *     pki/<name>         the authorities' certificates and keys and the key of service account tokens, named as in a data directory
 *     table.db           the datastore's database at that revision
 *
 * What names of files it does not know, a reader leaves alone. Whoever has an unencrypted backup has the cluster: it is written 0600.
 *
 * Through the seam of files, blocking: from a verb or a job. It takes the room of the backup once more beside it while it is tried.
 */
#ifndef DEPLOY_MAIN_BACKUP_BACKUP_H
#define DEPLOY_MAIN_BACKUP_BACKUP_H

#include "deploy/cluster/pki.h"
#include "runtime/actor/seams.h"
#include "runtime/base/base.h"

#define BACKUP_PATH_MAX 1100U /* of a data directory and a name */
#define BACKUP_TEXT_MAX 64U

struct backup_contents {
	char cluster[BACKUP_TEXT_MAX], node[BACKUP_TEXT_MAX];
	struct wall made;
	uint64_t revision, keys;
};

/*
 * Packs that database and the cluster's keys into `path`, tries what was written (backup_try), and only then puts it in the place of
 * what was there. On failure nothing is left and what was there is as it was.
 */
MUST_USE enum status backup_write(const struct seams_files *files, const char *path,
				  struct str passphrase, const char *table_path,
				  const struct pki *pki, const struct backup_contents *contents,
				  struct fault *why);

/*
 * A trial restore: all of it is read, the database is put down at `scratch` (removed afterwards), opened and looked at, the keys too,
 * and held against what the backup says of itself. CORRUPT with words: it cannot be restored.
 */
MUST_USE enum status backup_try(const struct seams_files *files, const char *path,
				struct str passphrase, const char *scratch,
				struct backup_contents *out, struct fault *why);

/* The same, and the database stays at `table_path`, durable; the keys' texts are the arena's. */
MUST_USE enum status backup_unpack(const struct seams_files *files, const char *path,
				   struct str passphrase, const char *table_path,
				   struct arena *arena, struct pki *pki,
				   struct backup_contents *out, struct fault *why);

/* Chance for what opens a database outside of a host. */
const struct seams_random *backup_random(void);

#endif
