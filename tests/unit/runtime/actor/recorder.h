/*
 * A recorder: an actor that writes down what it gets, and the messages that it knows.
 */
#ifndef TESTS_UNIT_RUNTIME_ACTOR_RECORDER_H
#define TESTS_UNIT_RUNTIME_ACTOR_RECORDER_H

#include "runtime/actor/act.h"

struct note {
	int64_t n;
};
ACT_TYPE_DECLARE(note);
/* Counts how often it was dropped. */
struct parcel {
	int *dropped;
};
ACT_TYPE_DECLARE(parcel);
/* Answered by a note of n + 1. */
struct question {
	int64_t n;
};
ACT_TYPE_DECLARE(question);

/* What a test says to the recorder, and what that has seen: -1 for what is no note, -2 for a failed answer. */
struct record {
	int64_t seen[64];
	uint32_t count;
	enum status status[64];
	bool is_stopped, is_answering;
	enum act_verdict verdict;
	uint64_t tag;
	struct act_ticket ticket;
	struct act_down down;
};

/* Its argument is a struct record, which outlives it. */
struct recorder {
	struct record *record;
};
extern const struct act_class recorder;

/* For manual_enter: asks an actor a question with so much time. */
struct asking {
	struct act_ref to;
	uint32_t timeout_ms;
	uint64_t tag;
	enum status status;
};
void recorder_ask(struct act *act, void *state, void *arg);

#endif
