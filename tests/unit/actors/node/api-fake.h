/*
 * An API server that a test plays with: nodes, pods, leases and events, in memory, by the messages of actors/client/api.h.
 *
 * It keeps the promises that clients build on (revisions, conflicts, initial events, one answer a call) and nothing else: no admission, no
 * defaults, no authorization. Runs in a simulated host beside the actor under test.
 */
#ifndef TESTS_UNIT_ACTORS_NODE_API_FAKE_H
#define TESTS_UNIT_ACTORS_NODE_API_FAKE_H

#include "datastore/object/object.h"
#include "datastore/schema/core.h"
#include "runtime/sim/sim.h"

#define API_FAKE_OBJECTS 4096U
#define API_FAKE_WATCHES 512U

struct api_fake_watch {
	struct act_ref who;
	uint64_t number;
	const struct type *type;
	char selector[128]; /* field=value, of metadata.name or spec.nodeName */
};

struct api_fake {
	const struct object *objects[API_FAKE_OBJECTS];
	uint32_t len;
	uint64_t revision;
	struct api_fake_watch watches[API_FAKE_WATCHES];
	uint32_t watch_count;
	/* What it was asked, counted. */
	uint32_t node_writes, status_writes, deletes, lease_renewals, lease_creates, events;
	uint32_t under_way, most_under_way; /* answers held back by `delay_ms` */
	uint32_t conflicts, cancels;
	/* What it does to whoever asks. */
	uint32_t delay_ms;    /* before it answers a write */
	uint32_t fail_writes; /* the next so many writes of pods get this code */
	int32_t fail_code;
	bool is_silent; /* says nothing at all */
	char last_event[256];
	char last_event_number[20]; /* how its name ends */
	bool has_disordered_events; /* names that do not rise */
	char groups[64];            /* of the last call */
};

extern const struct act_class api_fake_class; /* args: struct api_fake */

/* A simulated host with the fake and some actors beside it. */
#define API_LAB_CHILDREN 8U
struct api_lab {
	struct act_sim *sim;
	struct api_fake fake;
	struct act_child children[API_LAB_CHILDREN];
	struct act_supervisor root;
	struct act_host_config config;
};

/* One actor, called agent. */
void api_lab_open(struct api_lab *lab, const struct act_class *class, const void *args);
void api_lab_open_with(struct api_lab *lab, const struct act_child *children, uint32_t count);
void api_lab_close(struct api_lab *lab);
void api_lab_run(struct api_lab *lab, uint64_t ms);
/* One more actor, beside those of the supervisor. */
void api_lab_spawn(struct api_lab *lab, const struct act_class *class, const void *args);
/* Sends the agent an event of a watch that it did not ask for, as far as it knows. */
void api_lab_stray(struct api_lab *lab, uint64_t watch);
/* Ends the actor `agent` without a word; its supervisor starts it again, unless it is temporary. */
void api_lab_kill(struct api_lab *lab);

/* What others do to the objects. JSON; the object gets a uid and a revision. */
void api_lab_put(struct api_lab *lab, const struct type *type, const char *json);
/* As kubectl delete: the pod is to go within so many seconds. */
void api_lab_delete(struct api_lab *lab, const char *name, int64_t grace_s);
/* As kubectl delete --force: the object is gone. */
void api_lab_remove(struct api_lab *lab, const char *name);
void api_lab_remove_node(struct api_lab *lab, const char *name);
/* Stores what was made by object_edit. */
void api_lab_store(struct api_lab *lab, TAKE struct object *object);
const struct object *api_lab_get(const struct api_lab *lab, const struct type *type,
				 const char *name);
const struct core_pod *api_lab_pod(const struct api_lab *lab, const char *name);
const struct core_node *api_lab_node(const struct api_lab *lab, const char *name);

#endif
