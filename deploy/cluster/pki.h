/*
 * The keys and certificates of a cluster, and those of one node of it.
 *
 * Pure but for pki_load and pki_save, which go through the seam of files (so they block: call them from a job or before the loop runs).
 * Texts are PEM and live in the caller's arena. A control-plane node holds the cluster's keys and can sign; a worker holds only the public half.
 *
 *     <folder>/ca.crt ca.key              the cluster's authority
 *              front-proxy-ca.crt .key    who signs for requests that the API server passes on (aggregation)
 *              sa.key                     signs service account tokens
 *              apiserver.crt .key         serves the API
 *              node.crt .key              this node: links, kubelet port, client of the API
 *              front-proxy-client.crt .key
 *              apiserver-kubelet-client.crt .key   what the API server shows to kubelets
 *              admin.crt .key             what admin.kubeconfig shows
 */
#ifndef DEPLOY_CLUSTER_PKI_H
#define DEPLOY_CLUSTER_PKI_H

#include "runtime/actor/seams.h"
#include "runtime/base/base.h"
#include "transport/tls/certificate.h"

#define PKI_AUTHORITY_DAYS 3650 /* as kubeadm: longer than anybody keeps a cluster as it is */
#define PKI_LEAF_DAYS \
	365 /* as kubeadm; renewed at two thirds, so a node may be off for four months */
#define PKI_BACKDATE_S 600 /* clocks of other machines may be behind by this much */
#define PKI_NAMES_MAX 64U  /* names and addresses of one node */

struct pki_leaf {
	struct str certificate_pem, key_pem;
};

struct pki {
	struct pki_leaf ca, front_proxy_ca; /* key_pem absent on a worker */
	struct str service_account_key_pem; /* the same */
	struct pki_leaf api_server, node, front_proxy_client, kubelet_client, admin;
};

/* Whom a node's certificates are for. */
struct pki_node {
	struct str name;         /* the node's name in Kubernetes */
	const struct str *names; /* further DNS names and addresses under which it is reached */
	uint32_t names_count;
	bool is_alone; /* it is the whole cluster and its API all there is: no links, no kubelet, nothing is passed on (embedded ones) */
	struct str service_address; /* first address of the service range, 10.96.0.1; absent: that one */
};

/* A new cluster: authorities and the service account key; no leaves yet. One that `is_alone` passes nothing on, so it has no front-proxy authority. */
MUST_USE enum status pki_create(struct wall now, bool is_alone, struct arena *arena,
				struct pki *out, struct fault *why);

/*
 * Makes those leaves of `pki` (of one that is alone: the API server's and the administrator's) anew that are absent or in the last third of their life, are for other names than `node` has, or come from another authority.
 * `*changed` says whether there were any. Needs the authority's keys for all but what is fresh: FORBIDDEN on a worker whose node certificate is due (it asks a control-plane node, join.h).
 */
MUST_USE enum status pki_refresh(struct pki *pki, const struct pki_node *node, struct wall now,
				 struct arena *arena, bool *changed, struct fault *why);

/* The certificate of another node for the public key or request it sent: CN system:node:<name>, O system:nodes, SAN <name>.node.troupe.internal and its names. */
MUST_USE enum status pki_issue_node(const struct pki *pki, const struct pki_node *node,
				    struct str public_pem, struct wall now, struct arena *arena,
				    struct str *out_pem, struct fault *why);

/* A client certificate of a person or component: `kubernetes-admin`, `system:masters`. */
MUST_USE enum status pki_issue_client(const struct pki *pki, struct str name, struct str group,
				      struct wall now, struct arena *arena, struct pki_leaf *out,
				      struct fault *why);

/* Two thirds of its life are over, or it cannot be read. */
bool pki_is_due(struct str certificate_pem, struct wall now);
/* When the first leaf becomes due; 0 if there is none: for a timer and a status line. */
struct wall pki_next_due(const struct pki *pki);

/* The certificate and, behind it, the authority: what a server shows so that a joining node finds the authority it was told of. */
struct str pki_chain(const struct pki *pki, const struct pki_leaf *leaf, struct arena *arena);

/*
 * What is not there stays absent, and so does a leaf whose certificate and key do not fit (a renewal was cut short). NOT_FOUND if even
 * ca.crt is missing. INVALID with words: an authority's files do not fit, a file is no key.
 */
MUST_USE enum status pki_load(const struct seams_files *files, const char *folder,
			      struct arena *arena, struct pki *out, struct fault *why);
/* The folder holds what `pki` does, byte by byte, and nothing of it besides: cheaper than loading it, since no key is looked into. */
bool pki_is_saved(const struct seams_files *files, const char *folder, const struct pki *pki);
/* Each file is written anew beside the old one (0600), synced and renamed; what is absent or unchanged is left alone. The folder is made (0700). */
MUST_USE enum status pki_save(const struct seams_files *files, const char *folder,
			      const struct pki *pki, struct fault *why);

#endif
