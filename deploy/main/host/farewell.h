/*
 * How the hosts that serve clients end in order: clients are told first, and what they have asked is finished. The root tells all hosts to
 * end at once; where the API has one of its own the core host, which that needs, waits for it.
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
	/*
	 * Names of actors. NULL: `server` and `http`, the API is in another host, whose `first` is waited for, if that is ending, too; `next`,
	 * this host leads nothing.
	 */
	const char *server, *http, *next, *first;
	uint32_t delay_ms, grace_ms;
};

extern const struct act_class farewell_class;

/* From the core host to that of the API: answered when that has ended in order, or if it is not about to end. */
struct farewell_ask {
	char nothing;
};
ACT_TYPE_DECLARE(farewell_ask);
extern const struct act_type *const farewell_types[];
extern const uint32_t farewell_type_count;

/* How long it takes at most. */
uint32_t farewell_most_ms(const struct farewell_args *args);

#endif
