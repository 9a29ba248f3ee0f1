#include "actors/node/agent.h"

#include <stdio.h>

#include "actors/client/api.h"
#include "actors/client/request.h"
#include "actors/node/agent-private.h"
#include "actors/node/pod/hollow.h"
#include "runtime/base/log.h"

/* ---- calls -------------------------------------------------------------------------------------------- */

enum status agent_call(struct agent *agent, struct api_call *call, uint64_t tag)
{
	enum status sent = act_request(agent->act, act_named(agent->act, agent->args->api),
				       &api_call_type, call, AGENT_CALL_MS, tag);

	if (sent != OK)
		api_call_free(call);
	return sent;
}

/* ---- the runtime --------------------------------------------------------------------------------------------------- */

static bool is_known(const char *pods)
{
	return pods == NULL || str_is(str_from(pods), "auto") || str_is(str_from(pods), "hollow");
}

static void open_runtime(struct agent *agent)
{
	agent->runtime =
	    hollow_new(&(struct runtime_config){ .act = agent->act,
						 .happened = pods_happened,
						 .find = pods_runtime,
						 .arg = agent,
						 .host_address = str_from(agent->args->address) });
	log_warn("node", "pods on this node are simulated", LOG_CSTR("node", agent->args->node),
		 LOG_CSTR("runtime", agent->runtime->name));
}

/* Events of a watch that was given up before the server said that it stands: nobody else would end it. */
static bool is_stray(struct agent *agent, const struct act_msg *msg)
{
	if (!ACT_IS(msg, api_events))
		return false;
	act_cast(agent->act, msg->from, &api_cancel_type,
		 &(struct api_cancel){ ACT_AS(msg, api_events)->watch });
	return true;
}

/* ---- the actor ------------------------------------------------------------------------------------------------------ */

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct agent *agent = state;
	bool is_known_one = (msg->kind == ACT_ANSWER && msg->tag == EVENTS_TAG) ||
			    registration_receive(agent, msg) || pods_receive(agent, msg) ||
			    reports_receive(agent, msg) ||
			    agent->runtime->receive(agent->runtime, msg) || is_stray(agent, msg);

	(void)act;
	reports_flush(agent);
	return is_known_one ? ACT_OK : ACT_UNHANDLED;
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct agent *agent = state;

	agent->act = act;
	agent->args = args;
	list_init(&agent->dirty);
	snprintf(agent->user, sizeof agent->user, "system:node:%s", agent->args->node);
	events_init(&agent->events, act, agent->args->node, agent->user, agent->args->api);
	if (!is_known(agent->args->pods)) {
		log_error("node", "no such runtime for pods", LOG_CSTR("pods", agent->args->pods));
		return NOT_IMPLEMENTED;
	}
	open_runtime(agent);
	act_own(act, pods_release, agent);
	registration_start(agent);
	return OK;
}

const struct act_class agent_class = {
	.name = "agent", .state_size = sizeof(struct agent), .init = init, .receive = receive
};
