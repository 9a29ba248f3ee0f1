/*
 * Who asked for a change: what the node's audit log says of it, if there is one.
 *
 * The store knows no users, and managed fields name programs. Events of the audit log name both the user and the revision that came of the
 * request, so they are looked for when somebody asks, and nothing is written for it. Known is what this node's API server was asked for and
 * its policy tells of, as far back as the last TRAIL_BYTES_MAX of the file go.
 */
#ifndef DEPLOY_MAIN_HISTORY_TRAIL_H
#define DEPLOY_MAIN_HISTORY_TRAIL_H

#include "deploy/main/history/chronicle.h"
#include "deploy/main/history/target.h"
#include "runtime/actor/seams.h"

#define TRAIL_BYTES_MAX (64U * MIB)

struct trail {
	const struct target *target;
	struct chronicle_version *versions; /* whose `user` is filled where it is known */
	uint32_t count;
	struct arena *arena;
};

/* One line of the log. Pure; what is no event is passed over. */
void trail_line(const struct trail *trail, struct str line);

/* Blocks, through the seam of files. A log that cannot be read says nothing. */
void trail_read(const struct trail *trail, const struct seams_files *files, const char *path);

#endif
