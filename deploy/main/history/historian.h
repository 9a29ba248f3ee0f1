/*
 * The historian: the actor `historian` of each core host, whom `troupe history` and `troupe undo` ask.
 *
 * Over HTTP, from the private socket in the data directory, by whoever may read that:
 *
 *     GET  /troupe/past/history?what=KIND/NAME[&namespace=NS][&limit=N][&output=text|json|yaml]
 *     GET  /troupe/past/object?...&at=REV[&output=yaml|json]      the object as it was then
 *     POST /troupe/past/undo?...[&to=REV][&yes=1]                 what would change; with yes it is done
 *
 * Which versions there are it learns from the store, what was in them from the API server, by lists at exactly that revision. Each request
 * is a task; whatever it asks has a limit of time.
 */
#ifndef DEPLOY_MAIN_HISTORY_HISTORIAN_H
#define DEPLOY_MAIN_HISTORY_HISTORIAN_H

#include "deploy/main/host/process.h"

#define HISTORIAN_PLACE "/troupe/past/"
#define HISTORIAN_VERSIONS_MAX 200U

struct historian_args {
	const struct process *process;
	const char *audit_path; /* of the node's audit log, which knows users; NULL: there is none */
};

extern const struct act_class historian_class;

#endif
