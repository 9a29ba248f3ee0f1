#include "deploy/main/relay.h"

#include <stdio.h>

#include "actors/client/alive.h"
#include "deploy/main/process.h"

#define NAME_MAX_BYTES 96U

struct relay {
	const struct process *process;
};

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	const struct relay *relay = state;
	const char *self = relay->process->identity.name;
	char name[NAME_MAX_BYTES];
	struct str node;

	if (!ACT_IS(msg, alive_ask) || msg->kind != ACT_REQUEST)
		return ACT_UNHANDLED;
	node = ACT_AS(msg, alive_ask)->node;
	if (str_is(node, self))
		snprintf(name, sizeof name, "agent@%s/node", self);
	else
		snprintf(name, sizeof name, "relay@" STR_FMT, STR_ARG(node));
	act_forward(act, msg, act_named(act, name));
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
