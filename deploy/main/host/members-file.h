/*
 * DIR/members: where the other members of the datastore were when this node last heard, for the day on which its own store cannot say.
 *
 * One line, `NAME@IP:PORT,...`, as the peers of an identity; written anew when the members change, by one process of the node. It is
 * only a place to ask: what it says is never believed without an answer.
 */
#ifndef DEPLOY_MAIN_HOST_MEMBERS_FILE_H
#define DEPLOY_MAIN_HOST_MEMBERS_FILE_H

#include "runtime/actor/seams.h"
#include "runtime/base/base.h"

#define MEMBERS_FILE_MAX \
	(16U * KIB) /* members are few, and their names and addresses are bounded */

/* Both block. Empty when there is none, or none that can be read. */
struct str members_file_read(const struct seams_files *files, const char *folder,
			     struct arena *arena);
MUST_USE enum status members_file_write(const struct seams_files *files, const char *folder,
					struct str members);

#endif
