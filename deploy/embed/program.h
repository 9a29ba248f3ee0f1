/*
 * A program of several processes: each a host with actors of its own, links between all.
 *
 * main says in every process the same: which hosts there are and what runs in them. The process that was called is the first host and
 * starts the others, which are this very program with one word more; what crashes one of them is its own trouble, and it is started again.
 */
#ifndef DEPLOY_EMBED_PROGRAM_H
#define DEPLOY_EMBED_PROGRAM_H

#include "runtime/actor/act.h"

#pragma GCC visibility push(default)

#define ACT_PROGRAM_HOSTS_MAX 16U

struct act_program_host {
	const char *name; /* the actor x in it is "x@local/NAME" to the others (act_whereis, act_named) */
	const struct act_child *children;
	uint32_t child_count;
};

struct act_program {
	/* Of sockets and of what is known about earlier lives; made if missing; a short path. */
	const char *folder;
	const struct act_program_host *hosts; /* the first is the process that is called */
	uint32_t host_count;
	const struct act_type *const *types; /* of all messages that go from host to host */
	uint32_t type_count;
};

/* Of the host that this process is; NULL: the first. */
const char *act_program_host_name(int argc, char **argv);

/*
 * Runs this process's host until it is stopped. SIGTERM, SIGINT or act_program_stop end the others first, in order; act_host_stop ends the first alone,
 * and the others, which do not outlive it, are killed. The exit code: 0 as asked, 1 a failure, of which stderr has the words.
 */
int act_program_run(const struct act_program *program, int argc, char **argv);
/* Of the first host. Any thread. */
void act_program_stop(struct act_host *host);

#pragma GCC visibility pop

#endif
