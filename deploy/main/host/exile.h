/*
 * Exiles: hosts that actors have of their own since they took the common one down again and again (runtime/loop/root-exile.c).
 *
 * How many there are nobody knows in advance, so each says to the administrator of its node that it is there, every few seconds, for he
 * may have been started again. Who hears of one tells the links where it is; from then on it is asked, shown and killed as any other. It is
 * called as its host and its actor: control+job. One that does not answer stays known: its root starts it again.
 */
#ifndef DEPLOY_MAIN_HOST_EXILE_H
#define DEPLOY_MAIN_HOST_EXILE_H

#include "deploy/main/host/process.h"

#define EXILE_LIST_MAX 4U /* as many as a root makes */

struct exile_here {
	uint16_t host; /* its number */
	char name[PROCESS_NAME_MAX];
};
ACT_TYPE_DECLARE(exile_here);

struct exile_list {
	struct exile_here at[EXILE_LIST_MAX];
	uint32_t len;
};

/* In a host: says so, if it is one. */
void exile_say(struct act *act, const struct process *process);
/* In the administrator: keeps it in mind, and tells the links. */
void exile_learn(struct exile_list *list, struct act *act, const struct process *process,
		 const struct exile_here *here);
/* The hosts of a node that run actors, counted from 0: those of the layout, then exiles. NULL: there is no such. */
const char *exile_host_name(const struct exile_list *list, uint32_t at);

#endif
