/*
 * The state of a node agent, shared by the files of this folder that make it up.
 */
#ifndef ACTORS_NODE_AGENT_PRIVATE_H
#define ACTORS_NODE_AGENT_PRIVATE_H

#include "actors/client/api.h"
#include "actors/client/informer.h"
#include "actors/node/agent.h"
#include "actors/node/events.h"
#include "actors/node/node-object.h"
#include "actors/node/pod/fit.h"
#include "actors/node/pod/pod-machine.h"
#include "actors/node/pod/runtime.h"

/* Answers are told apart by their tags: a mark, and for reports the number of the pod. */
#define AGENT_TAG_MASK 0xff00000000000000ULL
#define AGENT_TAG_NODE 0x6100000000000000ULL
#define AGENT_TAG_LEASE 0x6200000000000000ULL
#define AGENT_TAG_POD 0x6300000000000000ULL
#define AGENT_CALL_MS 15000U

/*
 *     READING ──facts read──> LISTING ──the node is there──> REGISTERED ──it is deleted──> DELETED
 *                               └────absent────> CREATING ──────┘
 */
enum registration_state {
	REGISTRATION_READING,
	REGISTRATION_LISTING,
	REGISTRATION_CREATING,
	REGISTRATION_REGISTERED,
	REGISTRATION_DELETED,
};

struct registration {
	enum registration_state state;
	struct informer *informer; /* of this one node */
	struct node_object_config config;
	struct facts facts;
	bool is_asked; /* a write of the node is under way */
	bool is_lease_asked;
	struct mono renewed;     /* when the lease was last written */
	struct mono heard_until; /* somebody who judges nodes asks us, and will again before */
	bool has_no_lease;       /* it has to be created */
	uint64_t written;        /* revision of our last write; the informer must have passed it */
	struct mono reported;    /* when the status was last written */
	bool is_report_due;      /* that failed */
	bool is_ready;           /* said so last */
	char bad_range[64];      /* that has been complained of */
	uint64_t retry;          /* timer; 0: none */
	uint32_t failures;
};

/* A pod of this node. */
struct agent_pod {
	struct pod_machine *machine;
	struct list dirty; /* in line to be reported */
	uint64_t timer;    /* for the machine; 0: none */
	uint64_t hold;     /* timer until which its report is held back; 0: none */
	uint64_t written;  /* revision of our last write */
	uint32_t failures; /* of reports in a row */
	bool is_counted;   /* in `use` */
	bool is_asked;     /* a write is under way */
	bool is_deleting;  /* that write, or the last one, is its deletion */
	bool is_due;       /* something may have changed since the write under way was made */
};

struct agent {
	struct act *act;
	const struct agent_args *args;
	char user[280];
	struct registration registration;
	struct runtime *runtime;
	struct informer *informer; /* of pods; NULL until registered */
	struct map pods;           /* by uid: struct agent_pod */
	struct map numbers;        /* the same by number */
	uint64_t next_number;
	struct fit_use use;
	struct list dirty; /* pods to be reported, oldest first */
	uint32_t reports;  /* under way */
	struct events events;
	bool has_warned; /* that pods are only simulated */
};

static inline struct moment agent_now(const struct agent *agent)
{
	return (struct moment){ act_now(agent->act), act_wall(agent->act) };
}

/* Sends a call to the API server; takes the call over in any case. */
MAY_IGNORE enum status agent_call(struct agent *agent, struct api_call *call, uint64_t tag);
/* The node's object as last seen; NULL before it is registered. */
const struct core_node *agent_node(const struct agent *agent);

/* registration.c */
void registration_start(struct agent *agent);
/* True: the message was one of its own. */
bool registration_receive(struct agent *agent, const struct act_msg *msg);

/* pods.c */
void pods_start(struct agent *agent); /* once registered; later calls do nothing */
bool pods_receive(struct agent *agent, const struct act_msg *msg);
struct agent_pod *pods_find(const struct agent *agent, uint64_t number);
void pods_happened(void *arg, const struct runtime_event *event);
struct runtime_pod *pods_runtime(void *arg, uint64_t number);
void pods_release(void *agent);

/* reports.c */
void reports_mark(struct agent *agent, struct agent_pod *pod);
void reports_forget(struct agent *agent, struct agent_pod *pod);
bool reports_receive(struct agent *agent, const struct act_msg *msg);
/* Sends what may be sent; at the end of each message. */
void reports_flush(struct agent *agent);

#endif
