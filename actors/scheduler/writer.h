/*
 * The writer: the scheduler's requests to the API server that are under way, a bounded number at once.
 *
 * Bindings, conditions of pods that found no node, and the removal of victims. Each takes a slot until its answer; without a free one
 * the scheduler decides nothing further. Every write carries the leader's term. Belongs to the scheduler's actor.
 */
#ifndef ACTORS_SCHEDULER_WRITER_H
#define ACTORS_SCHEDULER_WRITER_H

#include "actors/scheduler/snapshot/pod-info.h"
#include "runtime/actor/act.h"
#include "runtime/base/base.h"

#define WRITER_SLOTS 64U

enum write_kind {
	WRITE_FREE,
	WRITE_BINDING,
	WRITE_STATUS,
	WRITE_DISRUPTION,
	WRITE_EVICTION,
	WRITE_VOLUME
};

struct write {
	enum write_kind kind;
	uint32_t number; /* tells answers to an earlier write in this slot apart */
	struct wall sent;
	struct pod_info *pod;       /* a reference */
	struct str node;            /* of BINDING and EVICTION; in the pod's arena */
	struct pod_info *preemptor; /* of EVICTION: a reference to the one it has to go for */
};

struct writer {
	const char *api;
	uint64_t term;
	struct write slots[WRITER_SLOTS];
	uint32_t busy;
};

void writer_init(struct writer *writer, struct act *act, const char *api, uint64_t term);
uint32_t writer_room(const struct writer *writer);

/* All need room (asserted). Not OK: nothing was sent. */
MUST_USE enum status writer_bind(struct writer *writer, struct act *act, struct pod_info *pod,
				 struct str node);

/* What is to be said on a pod. */
struct writer_status {
	const char *reason; /* why PodScheduled is False; NULL: the condition stays as it is */
	struct str message;
	bool has_nominated; /* status.nominatedNodeName is to be that; empty: none */
	struct str nominated;
};
MUST_USE enum status writer_tell(struct writer *writer, struct act *act, struct pod_info *pod,
				 const struct writer_status *status);

/* Asks a victim to go: says so on it, then deletes it. Two requests in one slot: writer_goes_on() sends the second. */
MUST_USE enum status writer_evict(struct writer *writer, struct act *act, struct pod_info *victim,
				  struct pod_info *preemptor, struct str node);
/* After the first answer of an eviction was a success. False: this write is at its end. */
bool writer_goes_on(struct writer *writer, struct act *act, struct write *write);

/* Binds a volume to a claim, or without one asks for it to be provisioned near the node; for a pod that is to run there. */
MUST_USE enum status writer_claim(struct writer *writer, struct act *act, struct pod_info *pod,
				  const struct object *claim, const struct object *volume,
				  struct str node);

/* The write that an answer is to, to be given back by writer_end; NULL: none of ours. */
struct write *writer_answered(struct writer *writer, const struct act_msg *msg);
void writer_end(struct writer *writer, struct write *write);

#endif
