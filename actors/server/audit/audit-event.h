/*
 * Events of audit.k8s.io/v1, made of requests. For audit.c.
 */
#ifndef ACTORS_SERVER_AUDIT_AUDIT_EVENT_H
#define ACTORS_SERVER_AUDIT_AUDIT_EVENT_H

#include "actors/audit/audit-policy.h"
#include "actors/server/audit/audit.h"

struct audit_state {
	struct audit_decision decision;
	struct user user; /* before it spoke for another */
	struct wall received;
	struct str request_object; /* JSON; absent: what was sent is JSON itself, or nothing */
	bool is_known;             /* who asks */
	bool is_told;              /* the last event is on its way, or was */
	uint32_t sink;             /* the next that is told */
	bool is_telling;           /* of the answer: one that blocks is waited for */
	bool has_failed;           /* one that is strict has not taken it */
};

/* One line of JSON, the arena's. Too large: without its objects, and it says so. */
struct str audit_event_line(struct request *r, const struct audit_state *state,
			    enum audit_stage stage, struct arena *arena);
/* JSON of an object or a list without metadata.managedFields; what is no such is given back. */
struct str audit_event_without_managers(struct str json, struct arena *arena);

#endif
