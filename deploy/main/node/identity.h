/*
 * Becoming a node: from an empty data directory and a command line to keys, certificates and an identity on disk.
 *
 *     nothing there ──no --join──> a new cluster's authority and keys ──┐
 *               └──────--join────> ask a node named by the token ───────┴─> certificates renewed ─> kubeconfig
 *
 * For the root process, before it starts anything. The identity is written last: a start that was cut short begins again.
 */
#ifndef DEPLOY_MAIN_NODE_IDENTITY_H
#define DEPLOY_MAIN_NODE_IDENTITY_H

#include "deploy/cluster/pki.h"
#include "deploy/main/command/command.h"
#include "deploy/main/command/data-dir.h"

/* The directory is open; `out->service_address` is set. All refusals are in words, and nothing is left half done. */
MUST_USE enum status identity_settle(const struct data_dir *dir, const struct command_line *line,
				     struct arena *arena, struct node_identity *out,
				     struct fault *why);

/* Makes anew what is due where the node can sign, and saves it; `is_new`: saves in any case. */
MUST_USE enum status identity_refresh(const struct data_dir *dir, const struct node_identity *id,
				      struct wall now, struct arena *arena, struct pki *pki,
				      bool is_new, struct fault *why);

#endif
