#include "actors/node/agent.h"

#include <stdio.h>

#include "actors/controller/workload/pod.h"
#include "actors/node/node-object.h"
#include "datastore/schema/coordination.h"
#include "tests/lib/test.h"
#include "tests/unit/actors/node/node-rig.h"

static const struct agent_args args = { .node = "n1",
					.address = "127.0.0.1",
					.api = "api",
					.pod_range = "10.244.7.0/24",
					.facts = &node_rig_facts };

static void put_pod(struct api_lab *lab, const char *name, const char *more)
{
	api_lab_put(
	    lab, &core_pod_type,
	    arena_printf(test_arena(),
			 "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%s\","
			 "\"namespace\":\"default\"},\"spec\":{\"nodeName\":\"n1\","
			 "\"containers\":[{\"name\":\"app\",\"image\":\"nginx\"}]%s},"
			 "\"status\":{\"phase\":\"Pending\",\"qosClass\":\"BestEffort\","
			 "\"conditions\":[{\"type\":\"PodScheduled\",\"status\":\"True\"}]}}",
			 name, more)
		.at);
}

static const struct core_node_condition *node_condition(const struct core_node *node,
							const char *type)
{
	for (uint32_t i = 0; i < node->status->conditions.len; i++)
		if (str_is(node->status->conditions.at[i].type, type))
			return &node->status->conditions.at[i];
	return NULL;
}

TEST(a_node_registers_and_is_ready_with_a_lease)
{
	struct api_lab *lab = node_rig_open(&args);
	const struct core_node *node = api_lab_node(lab, "n1");

	CHECK(node != NULL);
	CHECK_STR(node_condition(node, "Ready")->status, "True");
	CHECK_STR(node_condition(node, "Ready")->reason, "KubeletReady");
	CHECK_STR(node_condition(node, "MemoryPressure")->status, "False");
	CHECK_STR(node->spec->pod_cidr, "10.244.7.0/24");
	CHECK_STR(node->status->node_info->container_runtime_version, "hollow://1.0.0");
	CHECK_STR(str_map_get(node->metadata->labels, STR("kubernetes.io/hostname")), "n1");
	CHECK_STR(str_map_get(node->status->capacity, STR("memory")), "8Gi");
	CHECK(api_lab_get(lab, &coordination_lease_type, "n1") != NULL);
	CHECK_STR(str_from(lab->fake.groups), "system:nodes");
	api_lab_close(lab);
}

TEST(an_existing_node_is_adopted_and_keeps_what_others_wrote)
{
	struct api_lab *lab = arena_new_of(test_arena(), struct api_lab);
	const struct core_node *node;

	api_lab_open(lab, &agent_class, &args);
	api_lab_put(lab, &core_node_type,
		    "{\"kind\":\"Node\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"n1\","
		    "\"labels\":{\"zone\":\"a\"}},\"spec\":{\"podCIDR\":\"10.244.9.0/24\","
		    "\"podCIDRs\":[\"10.244.9.0/24\"],\"unschedulable\":true}}");
	api_lab_run(lab, 1000);
	node = api_lab_node(lab, "n1");
	CHECK_STR(str_map_get(node->metadata->labels, STR("zone")), "a");
	CHECK_STR(str_map_get(node->metadata->labels, STR("kubernetes.io/os")), "linux");
	CHECK_STR(node->spec->pod_cidr, "10.244.9.0/24");
	CHECK(node->spec->unschedulable);
	CHECK_STR(node_condition(node, "Ready")->status, "True");
	put_pod(lab, "a", "");
	api_lab_run(lab, 500);
	CHECK(str_starts(api_lab_pod(lab, "a")->status->pod_ip, STR("10.244.9.")));
	api_lab_close(lab);
}

TEST(a_node_is_not_ready_until_it_has_a_range_of_addresses)
{
	struct api_lab *lab = arena_new_of(test_arena(), struct api_lab);
	struct agent_args without = args;
	struct core_node_condition ready;

	without.pod_range = NULL;
	api_lab_open(lab, &agent_class, &without);
	api_lab_run(lab, 1000);
	ready = *node_condition(api_lab_node(lab, "n1"), "Ready");
	CHECK_STR(ready.status, "False");
	CHECK_STR(ready.reason, "KubeletNotReady");
	api_lab_put(lab, &core_node_type,
		    "{\"kind\":\"Node\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"n1\"},"
		    "\"spec\":{\"podCIDR\":\"10.244.3.0/24\",\"podCIDRs\":[\"10.244.3.0/24\"]}}");
	api_lab_run(lab, 1000);
	CHECK_STR(node_condition(api_lab_node(lab, "n1"), "Ready")->status, "True");
	api_lab_close(lab);
}

TEST(a_bound_pod_becomes_running_and_ready_with_one_write)
{
	struct api_lab *lab = node_rig_open(&args);
	const struct core_pod *pod;
	const struct core_container_status *container;

	put_pod(lab, "a", "");
	api_lab_run(lab, 500);
	pod = api_lab_pod(lab, "a");
	CHECK_STR(pod->status->phase, "Running");
	CHECK(pod_is_ready(pod));
	CHECK_STR(pod->status->host_ip, "127.0.0.1");
	CHECK(str_starts(pod->status->pod_ip, STR("10.244.7.")));
	CHECK(str_eq(pod->status->pod_ips.at[0].ip, pod->status->pod_ip));
	CHECK_STR(pod->status->qos_class, "BestEffort");
	CHECK_STR(pod_condition(pod, "PodScheduled")->status, "True");
	CHECK_STR(pod_condition(pod, "Initialized")->status, "True");
	CHECK_STR(pod_condition(pod, "ContainersReady")->status, "True");
	CHECK_STR(pod_condition(pod, "PodReadyToStartContainers")->status, "True");
	container = &pod->status->container_statuses.at[0];
	CHECK(str_starts(container->container_id, STR("hollow://")));
	CHECK_EQ(container->container_id.len, sizeof "hollow://" - 1 + 64);
	CHECK(container->ready && container->started);
	CHECK(container->state->running->started_at.ns > 0);
	CHECK_EQ(lab->fake.status_writes, 1);
	api_lab_close(lab);
}

TEST(the_first_pod_is_told_that_it_is_simulated)
{
	struct api_lab *lab = node_rig_open(&args);
	uint32_t before = lab->fake.events;

	put_pod(lab, "a", "");
	api_lab_run(lab, 1);
	CHECK_EQ(lab->fake.events, before + 1);
	CHECK(str_starts(str_from(lab->fake.last_event), STR("HollowRuntime: ")));
	api_lab_run(lab, 500);
	CHECK_STR(str_from(lab->fake.last_event), "Started: Container started");
	api_lab_close(lab);
}

/* kubectl shows those of one second in the order of their names. */
TEST(names_of_events_are_in_the_order_in_which_they_came)
{
	struct api_lab *lab = node_rig_open(&args);

	put_pod(lab, "a", "");
	api_lab_run(lab, 500);
	CHECK(lab->fake.events >= 4);
	CHECK(!lab->fake.has_disordered_events);
	api_lab_close(lab);
}

TEST(a_deleted_pod_is_reported_as_over_and_then_removed)
{
	struct api_lab *lab = node_rig_open(&args);

	put_pod(lab, "a", "");
	api_lab_run(lab, 500);
	api_lab_delete(lab, "a", 30);
	api_lab_run(lab, 200);
	CHECK(api_lab_pod(lab, "a") == NULL);
	CHECK_EQ(lab->fake.status_writes, 2);
	CHECK_EQ(lab->fake.deletes, 1);
	api_lab_close(lab);
}

TEST(running_pods_stay_as_they_are_when_the_agent_restarts)
{
	struct api_lab *lab = node_rig_open(&args);
	int64_t revision, started;

	put_pod(lab, "a", "");
	api_lab_run(lab, 5000);
	revision = api_lab_get(lab, &core_pod_type, "a")->revision;
	started =
	    api_lab_pod(lab, "a")->status->container_statuses.at[0].state->running->started_at.ns;
	api_lab_kill(lab);
	api_lab_run(lab, 5000);
	CHECK_EQ(api_lab_get(lab, &core_pod_type, "a")->revision, revision);
	CHECK_EQ(
	    api_lab_pod(lab, "a")->status->container_statuses.at[0].state->running->started_at.ns,
	    started);
	put_pod(lab, "b", "");
	api_lab_run(lab, 500);
	CHECK(!str_eq(api_lab_pod(lab, "b")->status->pod_ip, api_lab_pod(lab, "a")->status->pod_ip));
	api_lab_delete(lab, "a", 0);
	api_lab_run(lab, 500);
	CHECK(api_lab_pod(lab, "a") == NULL);
	api_lab_close(lab);
}

/* One that is not taken over would never be said to have ended, and its pod never be over. */
TEST(containers_of_every_kind_are_taken_over_when_the_agent_restarts)
{
	struct api_lab *lab = node_rig_open(&args);

	put_pod(lab, "a",
		",\"initContainers\":[{\"name\":\"side\",\"image\":\"i\",\"restartPolicy\":"
		"\"Always\"}],"
		"\"ephemeralContainers\":[{\"name\":\"debugger\",\"image\":\"busybox\"}]");
	api_lab_run(lab, 5000);
	CHECK(api_lab_pod(lab, "a")->status->ephemeral_container_statuses.at[0].state->running !=
	      NULL);
	api_lab_kill(lab);
	api_lab_run(lab, 5000);
	api_lab_delete(lab, "a", 1);
	api_lab_run(lab, 2000);
	CHECK(api_lab_pod(lab, "a") == NULL);
	api_lab_close(lab);
}

TEST(a_hundred_pods_are_running_within_a_second_with_few_writes_at_once)
{
	struct api_lab *lab = node_rig_open(&args);
	char name[16];

	lab->fake.delay_ms = 5;
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "p%d", i);
		put_pod(lab, name, "");
	}
	api_lab_run(lab, 300);
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "p%d", i);
		CHECK_STR(api_lab_pod(lab, name)->status->phase, "Running");
	}
	CHECK_EQ(lab->fake.status_writes, 100);
	CHECK(lab->fake.most_under_way <= 32);
	api_lab_close(lab);
}

/* ---- what goes wrong --------------------------------------------------------------------------------------------- */

TEST(a_conflict_is_tried_again_from_the_fresh_object)
{
	struct api_lab *lab = node_rig_open(&args);

	lab->fake.delay_ms = 50;
	put_pod(lab, "a", "");
	api_lab_run(lab, 30); /* its status is on its way */
	put_pod(lab, "a", ",\"schedulingGates\":[]");
	lab->fake.fail_writes = 2;
	lab->fake.fail_code = 409;
	api_lab_run(lab, 2000);
	CHECK_STR(api_lab_pod(lab, "a")->status->phase, "Running");
	CHECK(pod_is_ready(api_lab_pod(lab, "a")));
	api_lab_close(lab);
}

TEST(what_cannot_be_written_is_tried_again_later_each_time)
{
	struct api_lab *lab = node_rig_open(&args);

	lab->fake.fail_writes = 1000;
	lab->fake.fail_code = 503;
	put_pod(lab, "a", "");
	api_lab_run(lab, 60000);
	CHECK(lab->fake.status_writes >= 10 && lab->fake.status_writes <= 40);
	lab->fake.fail_writes = 0;
	api_lab_run(lab, 5100);
	CHECK_STR(api_lab_pod(lab, "a")->status->phase, "Running");
	api_lab_close(lab);
}

TEST(a_server_that_says_nothing_is_asked_again)
{
	struct api_lab *lab = node_rig_open(&args);

	put_pod(lab, "a", "");
	lab->fake.is_silent = true;
	api_lab_run(lab, 20000);
	lab->fake.is_silent = false;
	CHECK_STR(api_lab_pod(lab, "a")->status->phase, "Pending");
	api_lab_run(lab, 16000);
	CHECK_STR(api_lab_pod(lab, "a")->status->phase, "Running");
	api_lab_close(lab);
}

TEST(what_another_made_of_a_status_is_put_right)
{
	struct api_lab *lab = node_rig_open(&args);
	struct object *object;

	put_pod(lab, "a", "");
	api_lab_run(lab, 500);
	/* As the node lifecycle controller, when it has not heard of the node. */
	object = object_edit(api_lab_get(lab, &core_pod_type, "a"));
	for (uint32_t i = 0; i < ((struct core_pod *)object->record)->status->conditions.len; i++) {
		struct core_pod_condition *c =
		    &((struct core_pod *)object->record)->status->conditions.at[i];

		if (str_is(c->type, "Ready"))
			c->status = STR("False");
	}
	api_lab_store(lab, object);
	api_lab_run(lab, 500);
	CHECK(pod_is_ready(api_lab_pod(lab, "a")));
	api_lab_close(lab);
}

TEST(a_pod_whose_object_vanishes_is_stopped_and_its_address_is_free)
{
	struct api_lab *lab = node_rig_open(&args);

	put_pod(lab, "a", "");
	api_lab_run(lab, 500);
	api_lab_remove(lab, "a");
	api_lab_run(lab, 500);
	CHECK(str_starts(str_from(lab->fake.last_event), STR("Killing: Stopping container app")));
	CHECK_EQ(lab->fake.deletes, 0);
	CHECK_EQ(lab->fake.status_writes, 1);
	api_lab_close(lab);
}

TEST(a_pod_made_again_under_its_name_is_another)
{
	struct api_lab *lab = node_rig_open(&args);
	struct str uid, address;

	put_pod(lab, "a", "");
	api_lab_run(lab, 500);
	address = arena_str(test_arena(), api_lab_pod(lab, "a")->status->pod_ip);
	uid = arena_str(test_arena(), object_uid(api_lab_get(lab, &core_pod_type, "a")));
	api_lab_remove(lab, "a");
	put_pod(lab, "a", "");
	api_lab_run(lab, 500);
	CHECK(!str_eq(uid, object_uid(api_lab_get(lab, &core_pod_type, "a"))));
	CHECK_STR(api_lab_pod(lab, "a")->status->phase, "Running");
	CHECK(!str_eq(api_lab_pod(lab, "a")->status->pod_ip, address));
	api_lab_close(lab);
}

TEST(a_pod_that_does_not_fit_is_failed_and_takes_nothing)
{
	struct api_lab *lab = node_rig_open(&args);
	const struct core_pod *pod;

	api_lab_put(lab, &core_pod_type,
		    "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"big\","
		    "\"namespace\":\"default\"},\"spec\":{\"nodeName\":\"n1\",\"containers\":[{"
		    "\"name\":\"app\",\"resources\":{\"requests\":{\"cpu\":\"5\"}}}]}}");
	api_lab_run(lab, 500);
	pod = api_lab_pod(lab, "big");
	CHECK_STR(pod->status->phase, "Failed");
	CHECK_STR(pod->status->reason, "OutOfcpu");
	CHECK_EQ(pod->status->container_statuses.len, 0);
	put_pod(lab, "a", "");
	api_lab_run(lab, 500);
	CHECK_STR(api_lab_pod(lab, "a")->status->phase, "Running");
	api_lab_delete(lab, "big", 0);
	api_lab_run(lab, 500);
	CHECK(api_lab_pod(lab, "big") == NULL);
	api_lab_close(lab);
}

TEST(a_watch_that_nobody_waits_for_is_ended)
{
	struct api_lab *lab = node_rig_open(&args);

	CHECK_EQ(lab->fake.cancels, 0);
	api_lab_stray(lab, 12345);
	api_lab_run(lab, 10);
	CHECK_EQ(lab->fake.cancels, 1);
	api_lab_close(lab);
}

/* ---- the node itself ---------------------------------------------------------------------------------------------- */

TEST(an_idle_node_renews_its_lease_and_writes_its_status_every_five_minutes)
{
	struct api_lab *lab = node_rig_open(&args);
	uint32_t node_writes = lab->fake.node_writes, renewals = lab->fake.lease_renewals;

	api_lab_run(lab, 3600 * 1000);
	CHECK(lab->fake.node_writes - node_writes >= 11);
	CHECK(lab->fake.node_writes - node_writes <= 12);
	CHECK(lab->fake.lease_renewals - renewals >= 350);
	CHECK(lab->fake.lease_renewals - renewals <= 370);
	CHECK_EQ(lab->fake.lease_creates, 1);
	api_lab_close(lab);
}

TEST(a_node_that_was_taken_for_dead_says_that_it_is_ready)
{
	struct api_lab *lab = node_rig_open(&args);
	struct object *object = object_edit(api_lab_get(lab, &core_node_type, "n1"));

	for (uint32_t i = 0; i < ((struct core_node *)object->record)->status->conditions.len; i++)
		((struct core_node *)object->record)->status->conditions.at[i].status =
		    STR("Unknown");
	api_lab_store(lab, object);
	api_lab_run(lab, 500);
	CHECK_STR(node_condition(api_lab_node(lab, "n1"), "Ready")->status, "True");
	CHECK_STR(node_condition(api_lab_node(lab, "n1"), "PIDPressure")->status, "False");
	api_lab_close(lab);
}

TEST(a_node_that_somebody_deleted_stays_deleted_until_the_agent_starts_anew)
{
	struct api_lab *lab = node_rig_open(&args);

	api_lab_remove_node(lab, "n1");
	api_lab_run(lab, 120 * 1000);
	CHECK(api_lab_node(lab, "n1") == NULL);
	api_lab_kill(lab);
	api_lab_run(lab, 2000);
	CHECK(api_lab_node(lab, "n1") != NULL);
	api_lab_close(lab);
}

TEST(a_server_that_is_silent_at_the_start_is_asked_until_it_answers)
{
	struct api_lab *lab = arena_new_of(test_arena(), struct api_lab);

	lab->fake.is_silent = true;
	api_lab_open(lab, &agent_class, &args);
	api_lab_run(lab, 60000);
	CHECK(api_lab_node(lab, "n1") == NULL);
	lab->fake.is_silent = false;
	api_lab_run(lab, 20000);
	CHECK_STR(node_condition(api_lab_node(lab, "n1"), "Ready")->status, "True");
	api_lab_close(lab);
}

TEST(a_range_that_cannot_be_used_leaves_the_node_not_ready)
{
	struct api_lab *lab = arena_new_of(test_arena(), struct api_lab);
	struct agent_args bad = args;

	bad.pod_range = "fd00::/64";
	api_lab_open(lab, &agent_class, &bad);
	api_lab_run(lab, 30000);
	CHECK_STR(node_condition(api_lab_node(lab, "n1"), "Ready")->status, "False");
	api_lab_close(lab);
}

TEST(an_unknown_runtime_is_refused)
{
	struct api_lab *lab = arena_new_of(test_arena(), struct api_lab);
	struct act_supervisor root = { .children = lab->children, .child_count = 1 };
	struct agent_args bad = args;

	bad.pods = "docker";
	lab->children[0] = (struct act_child){ .id = "agent", .class = &agent_class, .args = &bad };
	lab->config = (struct act_host_config){ .name = "lab", .root = &root };
	lab->sim = act_sim_new(1);
	CHECK_STATUS(act_sim_host(lab->sim, 1, &lab->config), NOT_IMPLEMENTED);
	act_sim_free(lab->sim);
}
