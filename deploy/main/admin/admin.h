/*
 * Administration: the actor `admin` of each core host, which knows its node and speaks for it.
 *
 * What it answers over HTTP (paths below). From the private socket in the data directory, by whoever may read that:
 *
 *     GET  /troupe/status[?output=text|json|yaml]    503 while the node is not ready, with the same body
 *     GET  /troupe/tree, /troupe/members             the same forms
 *     POST /troupe/kill        body: NODE/HOST[/ACTOR]; query: level=actor|host|stop, else by what the body names
 *     POST /troupe/tokens      query: role, description, ttl_s, single_use; answers the token
 *     GET  /troupe/tokens      DELETE /troupe/tokens/ID
 *     POST /troupe/leave       this node hands everything over and is no member any more
 *     POST /troupe/remove      body: NODE; query: force=1
 * and from everywhere, since it proves itself:
 *     POST /troupe/join        deploy/cluster/join.h
 *
 * It also brings its own store into the cluster, keeps the node's record current, says on standard output when the node is ready,
 * and is who sees the live resources `actors` and `members`. Each request is a task; whatever it asks has a limit of time.
 */
#ifndef DEPLOY_MAIN_ADMIN_ADMIN_H
#define DEPLOY_MAIN_ADMIN_ADMIN_H

#include "actors/server/live/live.h"
#include "deploy/main/host/process.h"

#define ADMIN_PLACE "/troupe/"

/*
 * From the admin of a node that leaves, to the one of another node: forget me. Answered with admin_forgotten when the node is no member
 * any more. The helper then asks the same of the one that left, until it answers: only after that goes what the links know it by.
 */
struct admin_forget {
	char name[64];
	uint64_t id;
};
ACT_TYPE_DECLARE(admin_forget);
struct admin_forgotten {
	enum status status;
};
ACT_TYPE_DECLARE(admin_forgotten);

/*
 * From the admin of whoever leads to that of any node: a fault of a ChaosPlan (admin-fault.c). Answered with inspect_faulted before it
 * is done; FORBIDDEN: the node was not started with --chaos.
 */
enum admin_fault_kind {
	ADMIN_KILL,
	ADMIN_PAUSE,
	ADMIN_PARTITION,
	ADMIN_ORDER,   /* one of its hosts', or of all: `order`; with no time, it is taken back */
	ADMIN_CORRUPT, /* a bit of its log, and its core ends */
};
#define ADMIN_FAULT_MS_MAX (3600U * 1000U)
struct admin_fault {
	enum admin_fault_kind kind;
	char path[160];            /* HOST or HOST/ACTOR; "": the node */
	uint32_t for_ms;           /* how long it lasts, if it does not end by itself */
	bool is_question;          /* only whether it would be done, and how often it has struck */
	struct faulty_order order; /* without to whom: */
	char to_node[64], to_host[64]; /* "": to everybody */
};
ACT_TYPE_DECLARE(admin_fault);

/*
 * From an actor of this host: the cluster was recovered elsewhere, without this node; set aside what it has and join `cluster` by `peer`
 * (NAME@IP:PORT). Answered with admin_rejoined before the hosts end; CONFLICT: it follows somebody.
 */
struct admin_rejoin {
	char cluster[sizeof(((struct node_identity *)0)->cluster)];
	char peer[256];
};
ACT_TYPE_DECLARE(admin_rejoin);
struct admin_rejoined {
	enum status status;
};
ACT_TYPE_DECLARE(admin_rejoined);
extern const struct act_type *const admin_types[];
extern const uint32_t admin_type_count;

/* args: the struct process. */
extern const struct act_class admin_class;

extern const struct live_source admin_lives[];
extern const uint32_t admin_live_count;

#endif
