/*
 * The desk: in the host that has the doors, where actors of the core host answer pages.
 *
 * An actor that gets http_asked for the places below and asks who answers them there (page_ask, asked-page.h); what that says is the answer.
 * While the core host is away the answer is 503 with words, at once; there are at most LIMIT_TASKS questions under way, each for DESK_ASK_MS.
 */
#ifndef DEPLOY_MAIN_HOST_DESK_H
#define DEPLOY_MAIN_HOST_DESK_H

#include "deploy/main/host/process.h"
#include "transport/http/server.h"

#define DESK_ASK_MS 600000U /* who answers has narrower limits of its own */

struct desk_args {
	const struct process *process;
	const struct http_place *places; /* by whom of the core host they are answered */
	uint32_t place_count;
};

extern const struct act_class desk_class;

#endif
