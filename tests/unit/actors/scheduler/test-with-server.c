#include "actors/controller/caches.h"
#include "actors/scheduler/scheduler.h"
#include "tests/lib/test.h"
#include "tests/unit/actors/server/rig.h"

/* The scheduler against the real API server and the real store. */

static struct rig *open_rig(void)
{
	static const struct caches_args caches = { .api = "api",
						   .user = "system:kube-controller-manager" };
	static const struct scheduler_args scheduler = { "api", 2, NULL };
	const struct act_child children[] = {
		{ .id = "caches", .class = &caches_class, .args = &caches },
		{ .id = "scheduler", .class = &scheduler_class, .args = &scheduler },
	};

	struct rig *rig = rig_open_with(NULL, children, 2);

	CHECK_CODE(rig_post(rig, "/api/v1/namespaces/default/serviceaccounts",
			    "{\"metadata\":{\"name\":\"default\"}}"),
		   201);
	CHECK_CODE(rig_post(rig, "/apis/scheduling.k8s.io/v1/priorityclasses",
			    "{\"metadata\":{\"name\":\"high\"},\"value\":1000}"),
		   201);
	return rig;
}

static void put_node(struct rig *rig, const char *name, const char *cpu)
{
	CHECK_CODE(
	    rig_post(rig, "/api/v1/nodes",
		     arena_printf(test_arena(),
				  "{\"metadata\":{\"name\":\"%s\"},\"status\":{\"allocatable\":{"
				  "\"cpu\":\"%s\",\"memory\":\"8Gi\",\"pods\":\"110\"}}}",
				  name, cpu)
			 .at),
	    201);
	/* What makes it ready is not here. */
	CHECK_CODE(rig_patch(rig, "merge", arena_printf(test_arena(), "/api/v1/nodes/%s", name).at,
			     "{\"spec\":{\"taints\":null}}"),
		   200);
}

static void put_pod(struct rig *rig, const char *name, const char *cpu, const char *class)
{
	CHECK_CODE(
	    rig_post(rig, "/api/v1/namespaces/default/pods",
		     arena_printf(
			 test_arena(),
			 "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"priorityClassName\":\"%s\","
			 "\"containers\":[{\"name\":\"c\",\"image\":\"i\",\"resources\":{"
			 "\"requests\":{\"cpu\":\"%s\"}}}]}}",
			 name, class, cpu)
			 .at),
	    201);
}

static struct str pod_at(struct rig *rig, const char *name, const char *path)
{
	struct rig_answer answer =
	    rig_get(rig, arena_printf(test_arena(), "/api/v1/namespaces/default/pods/%s", name).at);

	return answer.code == 200 ? rig_at(answer.body, path) : STR("");
}

static bool is_asked_to_go(struct rig *rig, const char *name)
{
	return pod_at(rig, name, "metadata.name").len == 0 ||
	       pod_at(rig, name, "metadata.deletionTimestamp").len > 0;
}

TEST(the_real_server_takes_bindings_conditions_and_evictions)
{
	struct rig *rig = open_rig();
	bool is_first;

	put_node(rig, "n1", "2");
	put_pod(rig, "a", "2", "");
	rig_run(rig, 1000);
	CHECK_STR(pod_at(rig, "a", "spec.nodeName"), "n1");
	CHECK_STR(pod_at(rig, "a", "status.conditions[0].type"), "PodScheduled");
	CHECK_STR(pod_at(rig, "a", "status.conditions[0].status"), "True");
	put_pod(rig, "b", "1", "");
	rig_run(rig, 1000);
	CHECK_STR(pod_at(rig, "b", "spec.nodeName"), "");
	CHECK_STR(pod_at(rig, "b", "status.conditions[0].reason"), "Unschedulable");
	CHECK_STR(
	    pod_at(rig, "b", "status.conditions[0].message"),
	    "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: "
	    "1 No preemption victims found for incoming pod.");
	CHECK_STR(pod_at(rig, "b", "spec.containers[0].image"), "i");
	put_node(rig, "n2", "2");
	rig_run(rig, 3000);
	CHECK_STR(pod_at(rig, "b", "spec.nodeName"), "n2");
	put_pod(rig, "c", "2", "high");
	rig_run(rig, 1000);
	/* One of two equals has been asked to go, which is for chance to say; a node agent would see to the rest. */
	is_first = is_asked_to_go(rig, "a");
	CHECK(is_first != is_asked_to_go(rig, "b"));
	(void)rig_delete(rig,
			 is_first ? "/api/v1/namespaces/default/pods/a"
				  : "/api/v1/namespaces/default/pods/b",
			 "{\"gracePeriodSeconds\":0}");
	rig_run(rig, 3000);
	CHECK_STR(pod_at(rig, "c", "spec.nodeName"), is_first ? "n1" : "n2");
	rig_close(rig);
}

TEST(the_real_server_shows_events_of_both_kinds)
{
	struct rig *rig = open_rig();
	struct str events;

	put_pod(rig, "a", "1", "");
	rig_run(rig, 1000);
	put_node(rig, "n1", "2");
	rig_run(rig, 1000);
	events = rig_get(rig, "/api/v1/namespaces/default/events").body;
	CHECK(str_find(events, STR("no nodes available to schedule pods")) > 0);
	CHECK(str_find(events, STR("Successfully assigned default/a to n1")) > 0);
	CHECK(str_find(events, STR("default-scheduler")) > 0);
	rig_close(rig);
}
