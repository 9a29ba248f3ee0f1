/*
 * Names of actors in the API: of the node and a path such as core/leader/controllers, made legal (RFC 1123 subdomains), each once.
 *
 *     n1, core/leader/controllers/job  ->  n1.core.leader.controllers.job
 *
 * The same actors get the same names at every look: what is no letter, digit or dash becomes a dash; one that is too long keeps its
 * beginning and gets a hash of all of it; of several that would have one name those that came later get -2, -3, ... at their end.
 */
#ifndef DEPLOY_MAIN_ADMIN_ACTOR_NAME_H
#define DEPLOY_MAIN_ADMIN_ACTOR_NAME_H

#include "runtime/base/base.h"

struct actor_names {
	struct arena *arena; /* of the names */
	struct map taken;
};

struct actor_names actor_names_in(struct arena *arena);
void actor_names_fini(struct actor_names *names);
/* `path` is absent for the node itself. */
struct str actor_name(struct actor_names *names, struct str node, struct str path);

#endif
