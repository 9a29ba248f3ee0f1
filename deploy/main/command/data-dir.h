/*
 * The data directory: where a node keeps its log, state, keys and who it is.
 *
 *     DIR/lock              held by the root process as long as it lives
 *     DIR/lock-hosts        held by the root and every host it started: free when the last of them has ended
 *     DIR/node              who this node is (struct node_identity), format 1
 *     DIR/pki/              certificates and keys
 *     DIR/log/  DIR/state.db  the datastore
 *     DIR/admin.kubeconfig
 *     DIR/restored          the state is of a backup and waits for its first node; `restoring`: not all of it is there
 *     RUN/api.sock, RUN/<host>.ipc   sockets; RUN is DIR/run, or a short folder when DIR's path is too long for one
 *
 * Only the root process opens it for writing; verbs such as `status` look at it. Everything in it is
 * private to its owner (0700, 0600).
 */
#ifndef DEPLOY_MAIN_COMMAND_DATA_DIR_H
#define DEPLOY_MAIN_COMMAND_DATA_DIR_H

#include "runtime/actor/seams.h"
#include "runtime/base/base.h"

#define DATA_PATH_MAX 1024
#define DATA_DIR_WAIT_MS 5000U
#define DATA_RUN_MAX 80 /* a Unix socket's path has 108 bytes, the file name within is the rest */

struct data_dir {
	char path[DATA_PATH_MAX];
	char run[DATA_RUN_MAX];
	int lock, lock_hosts; /* file descriptors, -1: not held; hosts inherit the second */
};

/* An etcd that keeps the data in place of the node's own datastore; all empty: none. */
struct datastore_place {
	char url[512];                     /* "etcd://HOST:PORT,..." */
	char ca[256], cert[256], key[256]; /* files; empty: none */
};

/* A node's identity: made by the first start, never changed but for the addresses, also the datastore's. */
struct node_identity {
	char cluster[64]; /* the cluster's id, hexadecimal */
	char name[64];    /* the node's name, a DNS label or subdomain */
	char address[64]; /* IP other nodes reach it at */
	uint32_t node;    /* number in references and of the datastore's member */
	uint16_t api_port, link_port;
	bool is_first; /* it made the cluster: its datastore begins with itself as the only member */
	char role[16]; /* auto, worker, witness */
	struct datastore_place datastore;
	char service_address[46]; /* of the service `kubernetes`; not kept: it follows the options */
	char peers[1024]; /* links of other control-plane nodes when it joined: NAME@IP:PORT,... */
};

static inline bool data_dir_is_witness(const struct node_identity *identity)
{
	return identity->role[0] == 'w' && identity->role[1] == 'i';
}

/* "IP:PORT" of the node, or "[IP]:PORT". */
struct str data_dir_address(const struct node_identity *identity, uint16_t port,
			    struct arena *arena);

/* The directory that `--data-dir` names, else $TROUPE_DATA_DIR, else /var/lib/troupe as root, else the user's XDG state directory. */
MUST_USE enum status data_dir_find(const char *given, struct data_dir *out, struct fault *why);

/* Makes it if needed, proves that it can be written and takes the locks. BUSY: another root has it, or hosts of one that was killed
 * have not ended within DATA_DIR_WAIT_MS (two that write one log would damage it). If not OK nothing is held. */
MUST_USE enum status data_dir_open(struct data_dir *dir, struct fault *why);
void data_dir_close(struct data_dir *dir);

/* NOT_FOUND without words: a new node. */
MUST_USE enum status data_dir_read_identity(const struct seams_files *files,
					    const struct data_dir *dir, struct node_identity *out,
					    struct fault *why);
/* Written to a new file, synced, renamed; durable when it is OK. */
MUST_USE enum status data_dir_write_identity(const struct seams_files *files,
					     const struct data_dir *dir,
					     const struct node_identity *identity,
					     struct fault *why);

#endif
