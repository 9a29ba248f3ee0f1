/*
 * Importing: an empty data directory becomes that of a new cluster's first node, with the keys of an old cluster, values unchanged.
 *
 * As with a backup that is restored (restore-folder.h) the cluster is a new one, its revisions go on far above the old ones, and what is
 * in the directory counts only once all of it is there. Leases begin anew; those that had ended leave their keys without one.
 *
 * Through the seam of files, blocking.
 */
#ifndef DEPLOY_MAIN_MIGRATION_IMPORT_H
#define DEPLOY_MAIN_MIGRATION_IMPORT_H

#include "deploy/cluster/pki.h"
#include "deploy/main/migration/source.h"
#include "deploy/main/migration/survey.h"
#include "deploy/main/recovery/restore-folder.h"

/* Counts all of it. */
MUST_USE enum status import_survey(struct source *source, struct survey *survey, struct fault *why);

/*
 * The new cluster's authorities and key of service accounts: made, but for what is taken over: `service_account_key` is a PEM file; `folder`
 * has files as kubeadm names them (ca.crt, ca.key; front-proxy-ca.* and sa.key if they are there). NULL: neither. INVALID with words.
 */
MUST_USE enum status import_keys(const struct seams_files *files, const char *service_account_key,
				 const char *folder, struct wall now, struct arena *arena,
				 struct pki *out, struct fault *why);

struct imported {
	uint64_t revision; /* at which the new cluster begins */
	char cluster[RESTORE_CLUSTER_BYTES];
};

/* Whoever calls it holds the directory. CONFLICT: there is something in it. */
MUST_USE enum status import_run(const struct seams_files *files, struct source *source,
				const struct pki *pki, const char *folder, struct imported *out,
				struct fault *why);

#endif
