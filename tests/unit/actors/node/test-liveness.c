#include "actors/controller/liveness.h"

#include "actors/client/alive.h"
#include "actors/controller/caches.h"
#include "actors/controller/controller.h"
#include "actors/controller/workload/pod.h"
#include "actors/controllers/controllers.h"
#include "actors/node/agent.h"
#include "tests/lib/test.h"
#include "tests/unit/actors/node/node-rig.h"

static const struct agent_args reachable = NODE_RIG_ARGS("10.244.7.0/24", .self = "agent");
static const struct caches_args caches = { .api = "api", .user = "system:kube-controller-manager" };
static const struct liveness_args direct = { NULL };
static const struct runner_args lifecycle = { &node_lifecycle_controller, "api", 0, NULL };

/* The controllers' side and an agent, which does not come back when it is killed. */
static struct api_lab *make_lab(const struct agent_args *agent)
{
	struct api_lab *lab = arena_new_of(test_arena(), struct api_lab);
	const struct act_child children[] = {
		{ .id = "caches", .class = &caches_class, .args = &caches },
		{ .id = "liveness", .class = &liveness_class, .args = &direct },
		{ .id = "node-lifecycle", .class = &controller_class, .args = &lifecycle },
		{ .id = "agent", .class = &agent_class, .args = agent, .restart = ACT_TEMPORARY },
	};

	api_lab_open_with(lab, children, sizeof children / sizeof children[0]);
	api_lab_run(lab, 60 * 1000);
	return lab;
}

static struct str readiness(const struct api_lab *lab)
{
	const struct core_node *node = api_lab_node(lab, "n1");

	for (uint32_t i = 0; i < node->status->conditions.len; i++)
		if (str_is(node->status->conditions.at[i].type, "Ready"))
			return node->status->conditions.at[i].status;
	return STR_NONE;
}

TEST(a_node_that_is_asked_stays_ready_without_renewing_its_lease)
{
	struct api_lab *lab = make_lab(&reachable);
	uint32_t renewals = lab->fake.lease_renewals, writes = lab->fake.node_writes;

	CHECK_STR(readiness(lab), "True");
	CHECK_EQ(api_lab_node(lab, "n1")->spec->taints.len, 0);
	api_lab_run(lab, 3600 * 1000);
	CHECK_STR(readiness(lab), "True");
	CHECK(lab->fake.lease_renewals - renewals <= 12);
	CHECK(lab->fake.node_writes - writes <= 12);
	api_lab_close(lab);
}

TEST(a_node_that_cannot_be_asked_lives_by_its_lease)
{
	struct agent_args unreachable = reachable;
	struct api_lab *lab;
	uint32_t renewals;

	unreachable.self = NULL;
	lab = make_lab(&unreachable);
	renewals = lab->fake.lease_renewals;
	api_lab_run(lab, 600 * 1000);
	CHECK_STR(readiness(lab), "True");
	CHECK(lab->fake.lease_renewals - renewals >= 55);
	api_lab_close(lab);
}

static void put_pod(struct api_lab *lab)
{
	api_lab_put(
	    lab, &core_pod_type,
	    "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"a\",\"namespace\":"
	    "\"default\"},\"spec\":{\"nodeName\":\"n1\",\"containers\":[{\"name\":\"app\"}]}}");
	api_lab_run(lab, 1000);
	CHECK(pod_is_ready(api_lab_pod(lab, "a")));
}

TEST(a_node_whose_agent_is_out_of_reach_is_unknown_within_twenty_seconds)
{
	struct api_lab *lab = make_lab(&reachable);

	put_pod(lab);
	api_lab_kill(lab);
	api_lab_run(lab, 9 * 1000);
	CHECK_STR(readiness(lab), "True");
	api_lab_run(lab, 17 * 1000);
	CHECK_STR(readiness(lab), "Unknown");
	CHECK(!pod_is_ready(api_lab_pod(lab, "a")));
	api_lab_close(lab);
}

TEST(a_node_that_cannot_be_asked_and_is_silent_is_unknown_after_the_grace_period)
{
	struct agent_args unreachable = reachable;
	struct api_lab *lab;

	unreachable.self = NULL;
	lab = make_lab(&unreachable);
	put_pod(lab);
	api_lab_run(lab, 100 * 1000);
	api_lab_kill(lab);
	api_lab_run(lab, 38 * 1000);
	CHECK_STR(readiness(lab), "True");
	api_lab_run(lab, 23 * 1000);
	CHECK_STR(readiness(lab), "Unknown");
	CHECK(!pod_is_ready(api_lab_pod(lab, "a")));
	api_lab_close(lab);
}

TEST(a_node_that_is_only_out_of_our_reach_lives_by_its_lease)
{
	struct agent_args lost = reachable;
	struct api_lab *lab;

	lost.self = "nobody";
	lab = make_lab(&lost);
	api_lab_run(lab, 100 * 1000);
	CHECK_STR(readiness(lab), "True");
	api_lab_run(lab, 600 * 1000);
	CHECK_STR(readiness(lab), "True");
	api_lab_kill(lab);
	api_lab_run(lab, 61 * 1000);
	CHECK_STR(readiness(lab), "Unknown");
	api_lab_close(lab);
}

TEST(a_node_that_is_wrongly_taken_for_dead_says_so_at_once_and_is_believed)
{
	struct api_lab *lab = make_lab(&reachable);
	uint32_t writes = lab->fake.node_writes, renewals = lab->fake.lease_renewals;
	struct object *object = object_edit(api_lab_get(lab, &core_node_type, "n1"));

	for (uint32_t i = 0; i < ((struct core_node *)object->record)->status->conditions.len; i++)
		((struct core_node *)object->record)->status->conditions.at[i].status =
		    STR("Unknown");
	api_lab_store(lab, object);
	api_lab_run(lab, 100);
	CHECK_STR(readiness(lab), "True");
	CHECK_EQ(lab->fake.lease_renewals - renewals, 1);
	api_lab_run(lab, 120 * 1000);
	CHECK_STR(readiness(lab), "True");
	/* The status, and the taints that came and went. */
	CHECK(lab->fake.node_writes - writes <= 4);
	api_lab_close(lab);
}

/* An agent of another node that speaks for n1. */
static enum act_verdict impostor_receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)state;
	(void)act_reply_of(act, msg, alive_here, .node = "n1");
	return ACT_OK;
}

static const struct act_class impostor_class = { .name = "impostor", .receive = impostor_receive };

TEST(an_agent_speaks_for_its_own_node_only)
{
	struct api_lab *lab = arena_new_of(test_arena(), struct api_lab);
	const struct act_child children[] = {
		{ .id = "caches", .class = &caches_class, .args = &caches },
		{ .id = "liveness", .class = &liveness_class, .args = &direct },
		{ .id = "node-lifecycle", .class = &controller_class, .args = &lifecycle },
		{ .id = "agent", .class = &agent_class, .args = &reachable, .restart = ACT_TEMPORARY },
		{ .id = "impostor", .class = &impostor_class },
	};

	api_lab_open_with(lab, children, sizeof children / sizeof children[0]);
	api_lab_run(lab, 60 * 1000);
	api_lab_put(lab, &core_node_type,
		    "{\"kind\":\"Node\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"n2\","
		    "\"annotations\":{\"troupe.internal/agent\":\"impostor\"}}}");
	api_lab_kill(lab);
	api_lab_run(lab, 61 * 1000);
	CHECK_STR(readiness(lab), "Unknown");
	api_lab_close(lab);
}
