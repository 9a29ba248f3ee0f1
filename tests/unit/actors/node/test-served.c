/*
 * The agent against the real API server and datastore, with the controllers that make a node useful, in virtual time.
 */
#include "actors/authorization/mechanisms.h"
#include "actors/controller/caches.h"
#include "actors/controller/controller.h"
#include "actors/controller/liveness.h"
#include "actors/controllers/controllers.h"
#include "actors/node/agent.h"
#include "tests/unit/actors/server/rig.h"

static const struct facts facts = { .cpus = 4,
				    .memory_bytes = 8ULL * 1024 * MIB,
				    .storage_bytes = 100ULL * 1024 * MIB,
				    .machine_id = "m",
				    .system_uuid = "s",
				    .boot_id = "b",
				    .kernel = "k",
				    .os_image = "o",
				    .architecture = "amd64" };
static const struct agent_args agent = {
	.node = "n1", .address = "192.0.2.9", .api = "api", .self = "agent", .facts = &facts
};
static const struct caches_args caches = { .api = "api", .user = "system:kube-controller-manager" };
static const struct liveness_args direct = { NULL };
static const struct runner_args ipam = { &node_ipam_controller, "api", 0, NULL };
static const struct runner_args lifecycle = { &node_lifecycle_controller, "api", 0, NULL };

/* Controllers may do everything here: what is tested is what a node may do. */
static enum check controllers_may(const struct authorizer *authorizer,
				  struct authorization *authorization)
{
	struct str user = authorization->attributes.user->name;

	(void)authorizer;
	return str_is(user, "system:kube-controller-manager") ||
		       str_starts(user, STR("system:serviceaccount:kube-system:"))
		   ? CHECK_ALLOW
		   : CHECK_PASS;
}

static struct rig *make_rig(void)
{
	static struct authorizer authorizers[2];
	static const struct act_child children[] = {
		{ .id = "caches", .class = &caches_class, .args = &caches },
		{ .id = "liveness", .class = &liveness_class, .args = &direct },
		{ .id = "node-ipam", .class = &controller_class, .args = &ipam },
		{ .id = "node-lifecycle", .class = &controller_class, .args = &lifecycle },
		{ .id = "agent", .class = &agent_class, .args = &agent },
	};
	struct server_config config = { .node = STR("n1"),
					.authorizers = authorizers,
					.authorizer_count = 2 };
	struct rig *rig;

	authorizers[0] = authorization_node();
	authorizers[1] = (struct authorizer){ .name = "controllers", .check = controllers_may };
	rig = rig_open_with(&config, children, sizeof children / sizeof children[0]);
	CHECK_CODE(
	    rig_post(rig, "/api/v1/namespaces", "{\"metadata\":{\"name\":\"kube-node-lease\"}}"),
	    201);
	CHECK_CODE(rig_post(rig, "/api/v1/namespaces/default/serviceaccounts",
			    "{\"metadata\":{\"name\":\"default\"}}"),
		   201);
	rig_run(rig, 30 * 1000);
	return rig;
}

#define PODS "/api/v1/namespaces/default/pods"

static struct rig_answer post_pod(struct rig *rig, const char *name, const char *spec)
{
	return rig_post(rig, PODS,
			rig_printf("{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"nodeName\":\"n1\","
				   "\"tolerations\":[{\"operator\":\"Exists\"}],%s"
				   "\"containers\":[{\"name\":\"app\",\"image\":\"nginx\"}]}}",
				   name, spec)
			    .at);
}

static struct str pod(struct rig *rig, const char *name)
{
	return rig_get(rig, rig_printf(PODS "/%s", name).at).body;
}

TEST(a_node_that_registers_gets_a_range_and_loses_its_taint)
{
	struct rig *rig = make_rig();
	struct str node = rig_get(rig, "/api/v1/nodes/n1").body;

	CHECK_AT(node, "spec.podCIDR", "10.244.0.0/24");
	CHECK_EQ(rig_count(node, "spec.taints"), 0);
	CHECK_AT(node, "status.conditions[3].type", "Ready");
	CHECK_AT(node, "status.conditions[3].status", "True");
	CHECK_AT(node, "status.nodeInfo.containerRuntimeVersion", "hollow://1.0.0");
	CHECK_CODE(
	    rig_get(rig, "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1"), 200);
	rig_close(rig);
}

TEST(an_idle_node_hardly_writes_to_the_datastore)
{
	struct rig *rig = make_rig();
	uint64_t before, after;

	CHECK_CODE(post_pod(rig, "a", ""), 201);
	rig_run(rig, 10 * 1000);
	before = rig_version(rig_get(rig, PODS).body);
	rig_run(rig, 3600 * 1000);
	after = rig_version(rig_get(rig, PODS).body);
	/* Twelve statuses and twelve leases. */
	CHECK(after - before >= 20 && after - before <= 24);
	rig_close(rig);
}

TEST(a_pod_runs_and_goes_by_the_rules_of_the_real_server)
{
	struct rig *rig = make_rig();
	struct str body;

	CHECK_CODE(post_pod(rig, "a", ""), 201);
	rig_run(rig, 1000);
	body = pod(rig, "a");
	CHECK_AT(body, "status.phase", "Running");
	CHECK(str_starts(rig_at(body, "status.podIP"), STR("10.244.0.")));
	CHECK_AT(body, "status.hostIP", "192.0.2.9");
	CHECK_AT(body, "status.containerStatuses[0].ready", "true");
	CHECK_CODE(rig_delete(rig, PODS "/a", "{}"), 200);
	rig_run(rig, 1000);
	CHECK_CODE(rig_get(rig, PODS "/a"), 404);
	rig_close(rig);
}

TEST(containers_that_fail_are_restarted_by_the_rules_of_the_real_server)
{
	struct rig *rig = make_rig();
	struct str body;

	CHECK_CODE(
	    rig_post(rig, PODS,
		     "{\"metadata\":{\"name\":\"b\",\"annotations\":{"
		     "\"troupe.internal/hollow-exit\":\"1s\","
		     "\"troupe.internal/hollow-exit-code\":\"3\"}},\"spec\":{\"nodeName\":\"n1\","
		     "\"initContainers\":[{\"name\":\"first\",\"image\":\"i\"}],"
		     "\"restartPolicy\":\"Always\",\"containers\":[{\"name\":\"app\","
		     "\"image\":\"i\"}]}}"),
	    201);
	rig_run(rig, 15 * 1000);
	body = pod(rig, "b");
	CHECK_AT(body, "status.initContainerStatuses[0].state.waiting.reason", "CrashLoopBackOff");
	CHECK_AT(body, "status.initContainerStatuses[0].restartCount", "2");
	CHECK_AT(body, "status.phase", "Pending");
	CHECK_CODE(post_pod(rig, "c", "\"restartPolicy\":\"Never\","), 201);
	rig_run(rig, 3000);
	CHECK_AT(pod(rig, "c"), "status.phase", "Succeeded");
	CHECK_AT(pod(rig, "c"), "status.containerStatuses[0].state.terminated.exitCode", "0");
	rig_close(rig);
}

TEST(pods_run_on_when_the_server_crashes)
{
	struct rig *rig = make_rig();
	struct str before;

	CHECK_CODE(post_pod(rig, "a", ""), 201);
	rig_run(rig, 1000);
	before = pod(rig, "a");
	rig_kill_server(rig);
	rig_run(rig, 10 * 1000);
	CHECK_EQ(rig_version(pod(rig, "a")), rig_version(before));
	CHECK_CODE(post_pod(rig, "d", ""), 201);
	rig_run(rig, 2000);
	CHECK_AT(pod(rig, "d"), "status.phase", "Running");
	rig_close(rig);
}
