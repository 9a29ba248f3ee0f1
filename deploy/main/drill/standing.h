/*
 * How the cluster stands, as a node says in JSON (admin.h): what `troupe demo` and `troupe drill` look at. Pure; any thread.
 */
#ifndef DEPLOY_MAIN_DRILL_STANDING_H
#define DEPLOY_MAIN_DRILL_STANDING_H

#include "runtime/base/base.h"

#define STANDING_MEMBERS_MAX 64U /* further ones are not seen */

struct standing_member {
	struct str name, role;
	struct str api; /* "IP:PORT"; absent unless the answer was that of /troupe/members */
	bool is_alive;
};

struct standing {
	struct str leader; /* absent: nobody */
	int64_t term;
	uint32_t tolerance, voters; /* voters: that are alive */
	bool is_ready;              /* reads and writes */
	struct standing_member members[STANDING_MEMBERS_MAX];
	uint32_t member_count;
};

/* From the answer of /troupe/status or /troupe/members; texts are the arena's. What it does not say stays 0. */
struct standing standing_of(struct arena *arena, struct str answer);
/* NULL: there is none of that name. */
const struct standing_member *standing_member(const struct standing *standing, struct str name);

/* From the answer of /troupe/tree: the process that a node's host is ("core"); 0: none, or it does not answer. */
int64_t standing_pid(struct arena *arena, struct str tree, struct str node, const char *host);

#endif
