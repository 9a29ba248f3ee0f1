/*
 * A process with one side of links, for tests that kill, stop and restart it.
 *
 * nng does not survive a fork, so all processes of a test are made before its first side is opened; each waits until it is started.
 * It knows what it was given in its configuration and learns one friend. Only tests/ may include this.
 */
#ifndef TESTS_LIB_LINK_PROCESS_H
#define TESTS_LIB_LINK_PROCESS_H

#include <sys/types.h>

#include "transport/peer/peer.h"

enum link_manner {
	LINK_READS,   /* and does nothing else */
	LINK_FLOODS,  /* sends to the friend without end */
	LINK_ANSWERS, /* with the first LINK_ANSWER_BYTES of each message */
};

#define LINK_ANSWER_BYTES 4U

struct link_process {
	pid_t pid;
	int orders, reports; /* pipes to and from it */
	struct mono listens_at;
	char address[64]; /* for other nodes; empty: none */
};

/* Forks; `config` is as for link_side_open, what it points at is shared. It ends with the test. */
struct link_process link_process_new(const struct peer_config *config);
/* Opens its side at `listen` (NULL: as configured) and returns when it listens. */
void link_process_start(struct link_process *process, const char *listen,
			const struct seams_place *friend, enum link_manner manner);
void link_process_kill(struct link_process *process); /* SIGKILL, and waits for its end */

#endif
