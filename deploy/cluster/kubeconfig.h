/*
 * A kubeconfig: how kubectl finds and is known to a cluster.
 *
 * Pure text with everything embedded, so that the file works wherever it is copied to. kubectl takes one server per cluster
 * entry; with several addresses each gets an entry and a context of its own (`troupe`, `troupe-2`, ...), the first is current.
 */
#ifndef DEPLOY_CLUSTER_KUBECONFIG_H
#define DEPLOY_CLUSTER_KUBECONFIG_H

#include "deploy/cluster/pki.h"
#include "runtime/actor/seams.h"
#include "runtime/base/base.h"

#define KUBECONFIG_SERVERS_MAX 16U

struct kubeconfig {
	struct str cluster;        /* the entry's name; absent: "troupe" */
	const struct str *servers; /* "10.0.0.1:6443", at least one */
	uint32_t servers_count;
	struct str ca_pem;
	struct str user;        /* the entry's name; absent: "kubernetes-admin" */
	struct pki_leaf client; /* or: */
	struct str token;
};

/* INVALID with words when there is no server, too many, or one is no HOST:PORT. */
MUST_USE enum status kubeconfig_text(const struct kubeconfig *config, struct arena *arena,
				     struct str *out, struct fault *why);
/* The same into a file (0600), replacing it in one step. */
MUST_USE enum status kubeconfig_write(const struct seams_files *files, const char *path,
				      const struct kubeconfig *config, struct arena *arena,
				      struct fault *why);

#endif
