#include "deploy/main/node/relay.h"

#include <stdio.h>

#include "actors/client/alive.h"
#include "deploy/main/host/process.h"

struct relay {
	const struct process *process;
};

/* "agent@n1/node": the agent itself on its own node, else that node's relay. False: no such address. */
static bool next_hop(const struct relay *relay, struct str agent, char out[ALIVE_NAME_BYTES])
{
	struct str rest = agent, node;
	int len;

	(void)str_cut(&rest, '@');
	node = str_cut(&rest, '/');
	if (node.len == 0)
		return false;
	if (str_is(node, relay->process->identity.name))
		len = snprintf(out, ALIVE_NAME_BYTES, STR_FMT, STR_ARG(agent));
	else
		len = snprintf(out, ALIVE_NAME_BYTES, "relay@" STR_FMT, STR_ARG(node));
	return len > 0 && (uint32_t)len < ALIVE_NAME_BYTES;
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	char to[ALIVE_NAME_BYTES];

	if (!ACT_IS(msg, alive_ask) || msg->kind != ACT_REQUEST)
		return ACT_UNHANDLED;
	if (!next_hop(state, str_from(ACT_AS(msg, alive_ask)->agent), to) ||
	    act_forward(act, msg, act_named(act, to)) != OK)
		act_refuse(act, msg, GONE);
	return ACT_OK;
}

static enum status init(struct act *act, void *state, const void *args)
{
	(void)act;
	((struct relay *)state)->process = args;
	return OK;
}

const struct act_class relay_class = {
	.name = "relay", .state_size = sizeof(struct relay), .init = init, .receive = receive
};
