/*
 * What a plan holds, for the code that sends it and for tests that print it. Only for this folder and tests/lib.
 */
#ifndef ACTORS_CONTROLLER_PLAN_PRIVATE_H
#define ACTORS_CONTROLLER_PLAN_PRIVATE_H

#include "actors/controller/plan.h"

#define PLAN_WRITES_MAX \
	512U /* as many as upstream's burst of a ReplicaSet; the rest is for the next call */
#define PLAN_EVENTS_MAX 32U /* upstream lets 25 about one object pass at once */
#define PLAN_AWAITS_MAX \
	96U /* more than the built-in kinds; the others are met again by the next call */

enum plan_verb { PLAN_CREATE, PLAN_UPDATE, PLAN_DELETE, PLAN_REQUEST, PLAN_ASK };

struct plan_write {
	enum plan_verb verb;
	const struct type *type;    /* NULL: PLAN_REQUEST */
	void *record;               /* CREATE, UPDATE: what to write */
	const void *original;       /* UPDATE: what it was cloned from; gone when it is sent */
	void *before;               /* UPDATE: a copy of that, when only what differs is sent */
	const char *subresource;    /* or NULL */
	struct str namespace, name; /* of DELETE */
	struct str uid;             /* DELETE: only this very object */
	enum plan_delete_how how;
	int64_t grace_s;
	const char *method;                  /* REQUEST */
	struct str path, content_type, body; /* the path also of ASK */
	bool is_done;                        /* the server has made it */
	bool is_unwatched;                   /* DELETE: done, but at which revision was not said */
	/* run.c: when it was sent, and how much. */
	struct mono asked;
	uint32_t asked_bytes;
};

struct plan_event {
	const struct type *type;
	const struct meta_object_meta *about;
	uint32_t after; /* so many writes come first */
	bool is_warning;
	const char *reason;
	struct str message;
};

struct plan_await {
	const struct type *type;
	uint64_t revision;
};

struct plan {
	struct arena *arena;
	struct plan_write *writes;
	uint32_t write_count, write_cap;
	struct plan_event *events;
	uint32_t event_count;
	struct plan_await *awaits;
	uint32_t await_count;
	bool is_cut;        /* more was wanted than PLAN_WRITES_MAX */
	int64_t again_ms;   /* -1: not asked for */
	uint32_t ask_count; /* of the writes; after plan_settle there are no others then */
	struct str memory;
	bool has_memory; /* plan_remember was called */
};

void plan_init(struct plan *plan, struct arena *arena);
/* Takes out updates that change nothing; what changes in one of `patches` (to NULL, at most `count`) will be sent as a patch. */
void plan_settle(struct plan *plan, const struct type *const *patches, uint32_t count);

#endif
