/*
 * A process of a node: what every host needs before its own actors begin.
 *
 *     process_load    who we are, our keys, our place on disk
 *     (the host's file fills in what its actors are told)
 *     process_run     loop, links, actors; until the root or a signal ends them
 *
 * Hosts of a node have fixed numbers and names; `core` is the one that other nodes mean by `x@node`.
 */
#ifndef DEPLOY_MAIN_HOST_PROCESS_H
#define DEPLOY_MAIN_HOST_PROCESS_H

#include "actors/client/check.h"
#include "deploy/cluster/pki.h"
#include "deploy/main/command/command.h"
#include "deploy/main/command/data-dir.h"
#include "runtime/faulty/faulty.h"
#include "runtime/loop/loop.h"
#include "runtime/loop/root.h"
#include "transport/peer/peer.h"
#include "transport/tls/context.h"

enum process_host { PROCESS_ROOT, PROCESS_CORE, PROCESS_CONTROL, PROCESS_NODE, PROCESS_API };
#define PROCESS_HOSTS 5
#define PROCESS_EXILES 16 /* number of the first host that an actor has of its own */

#define PROCESS_NAME_MAX 40U

const char *process_host_name(enum process_host host); /* "core" */

struct process {
	struct data_dir dir;
	struct node_identity identity;
	enum process_host host;
	struct arena *arena; /* of the whole life */
	struct pki pki;
	struct root_life life;
	struct str front_proxies_pem; /* whose certificates the API's clients may show too; absent: none */
	bool has_other_proxies; /* and clients are not told of them yet, or the operator has other certificates */
	/* What the operator says of how the API's door is secured; NULL: nothing. It borrows of `arena`. */
	void (*secure)(void *arg, struct tls_config *config, struct arena *arena);
	void *secure_arg;
	struct tls_context *api_tls, *etcd_tls, *link_client, *link_server;
	struct loop *loop;
	struct peer *peer;
	char name[PROCESS_NAME_MAX]; /* "control"; of an actor's own host "control+job" */
	char log_prefix[112];
	const struct act_type *const *types; /* that cross its border, for process_run */
	uint32_t type_count;
	bool has_no_pods;      /* this node was started without a host for pods */
	bool is_isolated;      /* the API server has a host of its own (layout.h) */
	bool has_chaos;        /* faults of ChaosPlans may be done here */
	struct faulty *faulty; /* and by this; NULL: not to this process's disk, clock and links */
	/* What moves when an actor takes its host down again and again: those that are not here (a,b), or the one that is alone here; NULL: nobody moved. */
	const char *without, *only;
	const struct service_setting *services; /* control host; NULL: upstream's */
	struct figures *figures;                /* the same: what its actors count; NULL: nothing */
	const char *
	    controllers; /* control host: which of them work, as controller-list.h reads it; NULL: all */
};

/* Whether an actor of this host runs in this process. */
bool process_has(const struct process *process, const char *actor);

/* Whether this node was started with that host: a witness has but its core. */
bool process_has_host(const struct process *process, enum process_host host);

/* The number by which links know a node: a hash of its name, so that nobody has to hand numbers out. Never 0. */
uint32_t process_node_number(struct str name);

/* "IP:PORT" in the process's arena. */
struct str process_address(struct process *process, uint16_t port);

/* How the host is called, in trees and by links: process_host_name, and its actor if it has but one. */
const char *process_name(const struct process *process);
/* An actor of one of this node's hosts, which is called so. */
struct act_ref process_actor(struct act *act, const struct process *process, const char *actor,
			     const char *host_name);
/* The node's API server, in whichever host that is. */
struct act_ref process_api(struct act *act, const struct process *process);
/* The names of both, in the process's arena: "api", or "api@n1/api" from another host; "admin", "admin@n1/core". */
const char *process_api_name(const struct process *process);
const char *process_core_name(const struct process *process, const char *actor);

/* Reads the data directory and the keys, renewing what is due, and takes over what the root gave. */
MUST_USE enum status process_load(struct process *process, const struct command_line *line,
				  enum process_host host, struct fault *why);

/* New connections are made with these from now on, those that stand go on. `process->pki` stays as it is: others borrow of it. */
MUST_USE enum status process_use_keys(struct process *process, const struct pki *keys,
				      struct fault *why);

/* Loads in advance, while nobody waits for it, what process_load then takes over if it is still so: for a spare host. */
void process_warm(const char *data_dir);

/* What starts a host's actors, and starts them again; one that gives up ends the process. */
struct act_supervisor process_root(const struct act_child *children, uint32_t count);

/*
 * Runs the actors under a root supervisor of its own: first the links, then `children`, last the heart. Returns the exit code.
 */
int process_run(struct process *process, const struct act_child *children, uint32_t count);

#endif
