/*
 * A runtime: what really runs pods on this node, as the agent sees it.
 *
 * The agent decides what runs and in which order (pod-machine.h); a runtime does it and says so by events. It makes
 * sandboxes, a pod's share of the machine with its address, and runs containers in them. Calls never wait and never call back
 * from within: every outcome is an event, delivered from a later message to the agent. A call about something that
 * has gone meanwhile does nothing. `hollow` (hollow.h) only pretends.
 *
 * Everything belongs to the agent's actor: a runtime uses its context, its timers and its messages, and is freed with it.
 */
#ifndef ACTORS_NODE_POD_RUNTIME_H
#define ACTORS_NODE_POD_RUNTIME_H

#include "datastore/schema/core.h"
#include "runtime/actor/act.h"
#include "runtime/base/base.h"

#define RUNTIME_ID_MAX 88U     /* a scheme and 64 hexadecimal digits */
#define RUNTIME_REASON_MAX 48U /* one word for programs: Completed, ErrImagePull */
#define RUNTIME_MESSAGE_MAX 256U

/*
 * A pod as a runtime is told of it; the agent owns it and keeps it from sandbox_start (or adopt) to RUNTIME_SANDBOX_GONE. Containers
 * are known by their place (container.h).
 */
struct runtime_pod {
	uint64_t number; /* never used again in the agent's life */
	const struct core_pod *pod;
	void *private; /* the runtime's own; NULL at first and after RUNTIME_SANDBOX_GONE */
};

enum runtime_what {
	RUNTIME_SANDBOX_READY, /* `address` is the pod's */
	RUNTIME_SANDBOX_FAILED, /* it could not be made: `reason`, `message`; the agent tries again */
	RUNTIME_SANDBOX_GONE,   /* with all containers in it */
	RUNTIME_CONTAINER_RUNS,    /* `id`, `image_id`, `at` */
	RUNTIME_CONTAINER_FAILED,  /* it could not be started: `reason`, `message` */
	RUNTIME_CONTAINER_STARTED, /* its startup probe has passed, or it has none */
	RUNTIME_CONTAINER_READY,   /* its readiness probe passes, or it has none */
	RUNTIME_CONTAINER_UNREADY,
	RUNTIME_CONTAINER_ENDED, /* `exit_code`, `reason`, `message`, `at` */
};

struct runtime_event {
	enum runtime_what what;
	uint64_t pod; /* its number */
	uint32_t place;
	int32_t exit_code;
	struct wall at;
	struct str address;
	struct str id, image_id;
	struct str reason, message;
};

struct runtime_config {
	struct act *act;
	/* Strings in an event are borrowed for the call. */
	void (*happened)(void *arg, const struct runtime_event *event);
	/* The pod of a number, or NULL when the agent no longer knows it. */
	struct runtime_pod *(*find)(void *arg, uint64_t number);
	void *arg;
	struct str host_address; /* of pods in the host's network */
};

struct runtime {
	const char *name;    /* "hollow" */
	const char *version; /* as in nodeInfo: hollow://<version> */
	const char *
	    image_note; /* what to say about the image of a container that starts, with one %.*s for it */
	bool is_simulated;
	/* The addresses of pods (spec.podCIDR); may be told again with the same range. INVALID: no such range. */
	enum status (*set_range)(struct runtime *self, struct str range);
	/* False: why pods cannot have addresses yet, for the node's Ready condition. */
	bool (*is_network_ready)(const struct runtime *self, struct str *why);
	void (*sandbox_start)(struct runtime *self, struct runtime_pod *pod);
	/* Ends what still runs in it, at once. RUNTIME_SANDBOX_GONE follows always, also if there was none. */
	void (*sandbox_stop)(struct runtime *self, struct runtime_pod *pod);
	void (*container_start)(struct runtime *self, struct runtime_pod *pod, uint32_t place);
	/* Asked again with a shorter time, the shorter one counts. */
	void (*container_stop)(struct runtime *self, struct runtime_pod *pod, uint32_t place,
			       uint64_t grace_ms);
	/* After a restart of the agent: takes the pod over as it runs, according to its status. False: it does not run here. */
	bool (*adopt)(struct runtime *self, struct runtime_pod *pod);
	/* The agent ends or the pod is over: frees what `private` holds, and nothing else. Pods themselves run on. */
	void (*forget)(struct runtime *self, struct runtime_pod *pod);
	/* True when the message was one of the runtime's own. */
	bool (*receive)(struct runtime *self, const struct act_msg *msg);
};

#endif
