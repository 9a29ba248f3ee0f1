/*
 * How the core host ends in order: clients are told first, and what they have asked is finished.
 *
 * An actor that is asked by root_ending. The API server is not ready from then on, while it serves as before for `delay_ms`, so that who
 * spreads clients over servers looks elsewhere (upstream's --shutdown-delay-duration). Then watches end, connections are told GOAWAY, no new
 * ones are taken, and what is under way has `grace_ms` to be answered; at the same time the node hands over what it leads (`next` is asked).
 * Answered when all of that has ended, however it did.
 */
#ifndef DEPLOY_MAIN_HOST_FAREWELL_H
#define DEPLOY_MAIN_HOST_FAREWELL_H

#include "runtime/actor/act.h"

#define FAREWELL_GRACE_MS 10000U /* as long as a webhook may take that says nothing else */

struct farewell_args {
	const char *server, *http, *next; /* names of actors of this host */
	uint32_t delay_ms, grace_ms;
};

extern const struct act_class farewell_class;

/* How long it takes at most. */
uint32_t farewell_most_ms(const struct farewell_args *args);

#endif
