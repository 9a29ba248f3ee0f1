#include "deploy/main/node/relay.h"

#include <stdio.h>

#include "actors/client/alive.h"
#include "deploy/main/host/process.h"
#include "runtime/sim/sim.h"
#include "tests/lib/test.h"

/* Two nodes: the asker's core host on n1; on n2 a core host and one with an agent. As in the real layout only core hosts know others. */
struct answer_seen {
	uint32_t here, gone, late;
	char node[ALIVE_NAME_BYTES];
};

struct asker {
	struct answer_seen *seen;
};

struct asker_go {
	char agent[ALIVE_NAME_BYTES];
};
static const ACT_TYPE(asker_go, .id = 0);

static enum act_verdict asker_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct answer_seen *seen = ((struct asker *)state)->seen;

	if (ACT_IS(msg, asker_go)) {
		struct alive_ask question = { .period_ms = 10000 };

		memcpy(question.agent, ACT_AS(msg, asker_go)->agent, sizeof question.agent);
		CHECK_STATUS(act_request(act, act_named(act, "relay"), &alive_ask_type, &question,
					 2 * ALIVE_ANSWER_MS, 7),
			     OK);
	} else if (msg->kind == ACT_ANSWER && msg->status == OK) {
		seen->here++;
		memcpy(seen->node, ACT_AS(msg, alive_here)->node, sizeof seen->node);
	} else if (msg->kind == ACT_ANSWER && msg->status != OK && msg->status != TIMEOUT) {
		seen->gone++;
	} else if (msg->kind == ACT_ANSWER) {
		seen->late++;
	}
	return ACT_OK;
}

static enum status asker_init(struct act *act, void *state, const void *args)
{
	(void)act;
	((struct asker *)state)->seen = (struct answer_seen *)(uintptr_t)args;
	return OK;
}

static const struct act_class asker_class = { .name = "asker",
					      .state_size = sizeof(struct asker),
					      .init = asker_init,
					      .receive = asker_receive };

static enum act_verdict stub_receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)state;
	(void)act_reply_of(act, msg, alive_here, .node = "n2");
	return ACT_OK;
}

static const struct act_class stub_class = { .name = "stub", .receive = stub_receive };

static void go(struct act *act, void *state, void *arg)
{
	struct asker_go message = { .agent = "" };

	(void)state;
	snprintf(message.agent, sizeof message.agent, "%s", (const char *)arg);
	CHECK_STATUS(act_send(act, act_named(act, "asker"), &asker_go_type, &message), OK);
}

static void ask_for(struct act_sim *sim, const char *agent)
{
	struct act_host *host = act_sim_host_of(sim, 1, 1);

	CHECK(act_host_enter(host, act_host_root(host), go, (void *)(uintptr_t)agent));
	act_sim_run_for(sim, 2 * ALIVE_ANSWER_MS, NULL, NULL);
}

TEST(a_question_reaches_an_agent_on_another_node_by_relays)
{
	static struct process processes[2];
	struct answer_seen seen = { .here = 0 };
	const struct act_child first[] = {
		{ .id = "relay", .class = &relay_class, .args = &processes[0] },
		{ .id = "asker", .class = &asker_class, .args = &seen },
	};
	const struct act_child second[] = {
		{ .id = "relay", .class = &relay_class, .args = &processes[1] },
	};
	const struct act_child third[] = { { .id = "agent", .class = &stub_class } };
	const struct act_supervisor roots[] = { { .children = first, .child_count = 2 },
						{ .children = second, .child_count = 1 },
						{ .children = third, .child_count = 1 } };
	const struct act_host_config configs[] = {
		{ .name = "core",
		  .host = 1,
		  .root = &roots[0],
		  .types = alive_types,
		  .type_count = alive_type_count },
		{ .name = "core",
		  .host = 1,
		  .root = &roots[1],
		  .types = alive_types,
		  .type_count = alive_type_count },
		{ .name = "node",
		  .host = 3,
		  .root = &roots[2],
		  .types = alive_types,
		  .type_count = alive_type_count },
	};
	struct act_sim *sim = act_sim_new(3);

	memcpy(processes[0].identity.name, "n1", 3);
	memcpy(processes[1].identity.name, "n2", 3);
	CHECK_STATUS(act_sim_host(sim, 1, &configs[0]), OK);
	CHECK_STATUS(act_sim_host(sim, 2, &configs[1]), OK);
	CHECK_STATUS(act_sim_host(sim, 2, &configs[2]), OK);
	ask_for(sim, "agent@n2/3");
	CHECK_EQ(seen.here, 1);
	CHECK_STR(str_from(seen.node), "n2");
	ask_for(sim, "nobody@n2/3");
	CHECK_EQ(seen.gone, 1);
	ask_for(sim, "no address");
	CHECK_EQ(seen.gone, 2);
	ask_for(sim, "agent@n9/3");
	CHECK_EQ(seen.gone, 3);
	act_sim_crash(sim, 2);
	ask_for(sim, "agent@n2/3");
	ask_for(sim, "agent@n2/3");
	CHECK_EQ(seen.here, 1);
	CHECK(seen.gone >= 4);
	act_sim_free(sim);
}
