/*
 * The writer: the scheduler's requests to the API server that are under way, a bounded number at once.
 *
 * Bindings, conditions of pods that found no node, and the removal of victims. Each takes a slot until its answer; without a free one
 * the scheduler decides nothing further. Every write carries the leader's term. Belongs to the scheduler's actor.
 */
#ifndef ACTORS_SCHEDULER_WRITER_H
#define ACTORS_SCHEDULER_WRITER_H

#include "actors/scheduler/pod-info.h"
#include "runtime/actor/act.h"
#include "runtime/base/base.h"

#define WRITER_SLOTS 64U

enum write_kind { WRITE_FREE, WRITE_BINDING, WRITE_CONDITION };

struct write {
	enum write_kind kind;
	uint32_t number;      /* tells answers to an earlier write in this slot apart */
	struct pod_info *pod; /* a reference */
	struct str node;      /* of BINDING; in the pod's arena */
};

struct writer {
	const char *api;
	uint64_t term;
	struct write slots[WRITER_SLOTS];
	uint32_t busy;
};

void writer_init(struct writer *writer, struct act *act, const char *api, uint64_t term);
uint32_t writer_room(const struct writer *writer);

/* Both need room (asserted). Not OK: nothing was sent. */
MUST_USE enum status writer_bind(struct writer *writer, struct act *act, struct pod_info *pod,
				 struct str node);
/* Condition PodScheduled is False, for that reason. */
MUST_USE enum status writer_refuse(struct writer *writer, struct act *act, struct pod_info *pod,
				   const char *reason, struct str message);

/* The write that an answer is to, to be given back by writer_end; NULL: none of ours. */
struct write *writer_answered(struct writer *writer, const struct act_msg *msg);
void writer_end(struct writer *writer, struct write *write);

#endif
