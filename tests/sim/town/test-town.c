/*
 * What people do with a cluster, from end to end: every controller, the scheduler and nodes with hollow pods.
 */
#include <stdio.h>
#include <time.h>

#include "tests/sim/town/town.h"

#define APPS "/apis/apps/v1/namespaces/default"
#define CORE "/api/v1/namespaces/default"
#define WEB                                                                                    \
	"{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: %d, " \
	"selector: "                                                                           \
	"{matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: "         \
	"{terminationGracePeriodSeconds: 1, containers: [{name: c, image: %s, ports: [{name: " \
	"http, containerPort: 8080}]}]}}}}"

static bool is_available(struct town *town, const void *arg)
{
	return town_is(town, APPS "/deployments/web", "status.availableReplicas", arg) &&
	       town_is(town, APPS "/deployments/web", "status.updatedReplicas", arg) &&
	       town_is(town, APPS "/deployments/web", "status.replicas", arg) &&
	       str_eq(town_value(town, APPS "/deployments/web", "status.observedGeneration"),
		      town_value(town, APPS "/deployments/web", "metadata.generation"));
}

static bool has_pods(struct town *town, const void *arg)
{
	return town_count(town, CORE "/pods") == *(const uint32_t *)arg;
}

static bool is_gone(struct town *town, const void *arg)
{
	return !town_exists(town, arg);
}

static void until_pods(struct town *town, uint32_t count)
{
	town_until(town, 60000, has_pods, &count);
}

TEST(a_town_comes_to_rest)
{
	struct town *town = town_open(1, 3);

	CHECK_EQ(town_forbidden(town), 0);
	town_check_quiet(town, 60000);
	CHECK(town_exists(town, CORE "/configmaps/kube-root-ca.crt"));
	town_close(town);
}

TEST(a_deployment_rolls_out_scales_and_rolls_back)
{
	struct town *town = town_open(2, 3);
	uint64_t first;

	town_create(town, WEB, 3, "a");
	town_until(town, 30000, is_available, "3");
	CHECK_EQ(town_count(town, CORE "/pods"), 3);
	CHECK(town_is(town, APPS "/deployments/web", "metadata.generation", "1"));
	town_check_quiet(town, 20000);
	town_patch(town, APPS "/deployments/web", "{\"spec\":{\"replicas\":6}}");
	town_until(town, 30000, is_available, "6");
	town_patch(town, APPS "/deployments/web",
		   "{\"spec\":{\"template\":{\"metadata\":{\"labels\":{\"v\":\"2\"}}}}}");
	town_until(town, 60000, is_available, "6");
	until_pods(town, 6);
	CHECK_EQ(town_count(town, APPS "/replicasets"), 2);
	CHECK_EQ(town_count(town, CORE "/pods?labelSelector=v%3D2"), 6);
	town_patch(town, APPS "/deployments/web",
		   "{\"spec\":{\"template\":{\"metadata\":{\"labels\":{\"v\":null}}}}}");
	town_until(town, 60000, is_available, "6");
	until_pods(town, 6);
	CHECK_EQ(town_count(town, APPS "/replicasets"), 2);
	CHECK_EQ(town_count(town, CORE "/pods?labelSelector=v%3D2"), 0);
	CHECK_STR(str_slice(town_ask(town, "GET", APPS "/deployments/web", NULL).body, 0, 0), "");
	town_patch(town, APPS "/deployments/web", "{\"spec\":{\"replicas\":0}}");
	until_pods(town, 0);
	first = town_revision(town);
	CHECK(first > 0);
	town_check_quiet(town, 60000);
	CHECK_EQ(town_forbidden(town), 0);
	town_close(town);
}

static bool has_endpoints(struct town *town, const void *arg)
{
	struct str list = town_ask(town, "GET",
				   "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
				   "?labelSelector=kubernetes.io%2Fservice-name%3Dweb",
				   NULL)
			      .body;
	uint32_t ready = 0;

	for (int64_t at; (at = str_find(list, STR("\"ready\":true"))) >= 0; ready++)
		list = str_slice(list, (uint32_t)at + 1, list.len);
	return ready == *(const uint32_t *)arg;
}

TEST(a_service_finds_its_pods)
{
	struct town *town = town_open(3, 2);
	uint32_t four = 4, two = 2;

	town_create(town, WEB, 4, "a");
	town_create(town, "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: "
			  "{app: web}, ports: [{port: 80, targetPort: http}]}}");
	town_until(town, 30000, has_endpoints, &four);
	CHECK(str_find(town_ask(town, "GET", CORE "/endpoints/web", NULL).body, STR("8080")) > 0);
	town_patch(town, APPS "/deployments/web", "{\"spec\":{\"replicas\":2}}");
	town_until(town, 30000, has_endpoints, &two);
	until_pods(town, 2);
	town_check_quiet(town, 20000);
	town_delete(town, CORE "/services/web", NULL);
	town_until(town, 20000, is_gone, CORE "/endpoints/web");
	town_run(town, 5000);
	CHECK_EQ(town_count(town, "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
				  "?labelSelector=kubernetes.io%2Fservice-name%3Dweb"),
		 0);
	CHECK_EQ(town_forbidden(town), 0);
	town_close(town);
}

TEST(what_is_deleted_takes_its_own_with_it_or_leaves_it)
{
	static const char *const policies[] = { "Background", "Foreground", "Orphan" };
	struct town *town = town_open(4, 2);

	for (int i = 0; i < 3; i++) {
		bool is_orphan = i == 2;

		town_create(town, WEB, 3, "a");
		town_until(town, 30000, is_available, "3");
		town_delete(town, APPS "/deployments/web", policies[i]);
		town_until(town, 30000, is_gone, APPS "/deployments/web");
		until_pods(town, is_orphan ? 3 : 0);
		CHECK_EQ(town_count(town, APPS "/replicasets"), is_orphan);
		town_check_quiet(town, 20000);
	}
	/* The next one of that name adopts what was left. */
	town_create(town, WEB, 3, "a");
	town_until(town, 30000, is_available, "3");
	CHECK_EQ(town_count(town, APPS "/replicasets"), 1);
	CHECK_EQ(town_count(town, CORE "/pods"), 3);
	CHECK_EQ(town_forbidden(town), 0);
	town_close(town);
}

TEST(a_namespace_that_is_deleted_is_emptied)
{
	struct town *town = town_open(5, 2);
	struct town_answer answer;

	town_create(town, "{apiVersion: v1, kind: Namespace, metadata: {name: a}}");
	town_run(town, 2000);
	town_create(
	    town,
	    "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: a}, spec: "
	    "{replicas: 5, selector: {matchLabels: {app: web}}, template: {metadata: {labels: "
	    "{app: web}}, spec: {terminationGracePeriodSeconds: 3, containers: [{name: c, "
	    "image: a}]}}}}\n"
	    "---\n{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: a}}\n"
	    "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: held, namespace: a, "
	    "finalizers: [example.com/hold]}}\n"
	    "---\n{apiVersion: v1, kind: Service, metadata: {name: s, namespace: a}, spec: "
	    "{selector: {app: web}, ports: [{port: 80}]}}");
	town_run(town, 10000);
	CHECK_EQ(town_count(town, "/api/v1/namespaces/a/pods"), 5);
	town_delete(town, "/api/v1/namespaces/a", NULL);
	answer = town_ask(town, "POST", "/api/v1/namespaces/a/secrets",
			  "{\"metadata\":{\"name\":\"late\"}}");
	printf("%d " STR_FMT "\n", answer.code, STR_ARG(answer.body));
	CHECK_EQ(answer.code, 403);
	town_run(town, 20000);
	answer = town_ask(town, "GET", "/api/v1/namespaces/a", NULL);
	CHECK_EQ(answer.code, 200);
	CHECK(str_find(answer.body, STR("Some content in the namespace has finalizers remaining: "
					"example.com/hold in 1 resource instances")) > 0);
	CHECK_EQ(town_count(town, "/api/v1/namespaces/a/pods"), 0);
	town_check_quiet(town, 20000);
	town_patch(town, "/api/v1/namespaces/a/configmaps/held",
		   "{\"metadata\":{\"finalizers\":null}}");
	town_until(town, 20000, is_gone, "/api/v1/namespaces/a");
	CHECK_EQ(town_count(town, "/api/v1/namespaces/a/secrets"), 0);
	town_check_quiet(town, 20000);
	CHECK_EQ(town_forbidden(town), 0);
	town_close(town);
}

TEST(a_rollout_survives_what_happens_to_the_processes)
{
	struct town *town = town_open(6, 3);

	town_create(town, WEB, 8, "a");
	town_run(town, 150);
	town_crash(town, TOWN_CONTROL);
	town_until(town, 60000, is_available, "8");
	town_patch(town, APPS "/deployments/web",
		   "{\"spec\":{\"template\":{\"metadata\":{\"labels\":{\"v\":\"2\"}}}}}");
	town_run(town, 400);
	town_crash(town, TOWN_NODES);
	town_run(town, 700);
	town_crash(town, TOWN_CONTROL);
	town_until(town, 120000, is_available, "8");
	until_pods(town, 8);
	CHECK_EQ(town_count(town, APPS "/replicasets"), 2);
	town_check_quiet(town, 30000);
	town_close(town);
}

static bool has_ended(struct town *town, const void *arg)
{
	return str_find(
		   town_ask(town, "GET", "/apis/batch/v1/namespaces/default/jobs/work", NULL).body,
		   STR("\"type\":\"Complete\",\"status\":\"True\"")) > 0 &&
	       arg == NULL;
}

TEST(a_job_runs_to_its_end_and_leaves_nothing_that_holds_its_pods)
{
	struct town *town = town_open(8, 2);
	const char *job = "/apis/batch/v1/namespaces/default/jobs/work";

	town_create(
	    town,
	    "{apiVersion: batch/v1, kind: Job, metadata: {name: work}, spec: {completions: 12, "
	    "parallelism: 5, manualSelector: true, selector: {matchLabels: {job: work}}, template: "
	    "{metadata: {labels: {job: work}}, spec: {restartPolicy: Never, containers: [{name: c, "
	    "image: a}]}}}}");
	town_until(town, 60000, has_ended, NULL);
	CHECK(town_is(town, job, "status.succeeded", "12"));
	CHECK_EQ(town_count(town, CORE "/pods"), 12);
	town_check_quiet(town, 20000);
	town_delete(town, job, "Background");
	until_pods(town, 0);
	town_check_quiet(town, 20000);
	CHECK_EQ(town_forbidden(town), 0);
	town_close(town);
}

static bool is_everywhere(struct town *town, const void *arg)
{
	const char *set = APPS "/daemonsets/d";

	return town_is(town, set, "status.numberAvailable", arg) &&
	       town_is(town, set, "status.updatedNumberScheduled", arg);
}

TEST(a_daemon_set_has_a_pod_on_every_node_and_updates_them)
{
	struct town *town = town_open(9, 3);

	town_create(town,
		    "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: d}, spec: {selector: "
		    "{matchLabels: {app: d}}, template: {metadata: {labels: {app: d}}, spec: "
		    "{terminationGracePeriodSeconds: 1, containers: [{name: c, image: a}]}}}}");
	town_until(town, 30000, is_everywhere, "3");
	town_check_quiet(town, 20000);
	town_patch(town, APPS "/daemonsets/d",
		   "{\"spec\":{\"template\":{\"metadata\":{\"labels\":{\"v\":\"2\"}}}}}");
	town_run(town, 500);
	town_until(town, 60000, is_everywhere, "3");
	until_pods(town, 3);
	CHECK_EQ(town_count(town, CORE "/pods?labelSelector=v%3D2"), 3);
	town_check_quiet(town, 20000);
	town_delete(town, APPS "/daemonsets/d", NULL);
	until_pods(town, 0);
	town_check_quiet(town, 20000);
	CHECK_EQ(town_forbidden(town), 0);
	town_close(town);
}

static bool is_whole(struct town *town, const void *arg)
{
	const char *set = APPS "/statefulsets/db";

	return town_is(town, set, "status.readyReplicas", arg) &&
	       town_is(town, set, "status.updatedReplicas", arg) &&
	       str_eq(town_value(town, set, "status.currentRevision"),
		      town_value(town, set, "status.updateRevision")) &&
	       str_eq(town_value(town, set, "status.observedGeneration"),
		      town_value(town, set, "metadata.generation"));
}

TEST(a_stateful_set_grows_updates_and_goes)
{
	struct town *town = town_open(10, 2);

	town_create(
	    town,
	    "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db}, spec: {replicas: 3, "
	    "serviceName: db, selector: {matchLabels: {app: db}}, template: {metadata: {labels: "
	    "{app: db}}, spec: {terminationGracePeriodSeconds: 1, containers: [{name: c, image: "
	    "a}]}}}}\n"
	    "---\n{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: db}, spec: "
	    "{maxUnavailable: 1, selector: {matchLabels: {app: db}}}}");
	town_until(town, 60000, is_whole, "3");
	CHECK(town_exists(town, CORE "/pods/db-2"));
	town_check_quiet(town, 20000);
	CHECK(town_is(town, "/apis/policy/v1/namespaces/default/poddisruptionbudgets/db",
		      "status.disruptionsAllowed", "1"));
	town_patch(
	    town, APPS "/statefulsets/db",
	    "{\"spec\":{\"replicas\":2,\"template\":{\"metadata\":{\"labels\":{\"v\":\"2\"}}}}}");
	town_until(town, 60000, is_whole, "2");
	until_pods(town, 2);
	CHECK_EQ(town_count(town, CORE "/pods?labelSelector=v%3D2"), 2);
	town_check_quiet(town, 20000);
	town_delete(town, APPS "/statefulsets/db", NULL);
	until_pods(town, 0);
	town_check_quiet(town, 20000);
	CHECK_EQ(town_forbidden(town), 0);
	town_close(town);
}

/* ---- what it costs ---------------------------------------------------------------------------------------------- */

#define DEPLOYMENTS 100
#define REPLICAS 10

static bool are_all_ready(struct town *town, const void *arg)
{
	struct str list = town_ask(town, "GET", APPS "/deployments", NULL).body;
	uint32_t ready = 0;

	(void)arg;
	for (int64_t at; (at = str_find(list, STR("\"availableReplicas\":10,"))) >= 0; ready++)
		list = str_slice(list, (uint32_t)at + 1, list.len);
	return ready == DEPLOYMENTS;
}

static int64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * TIME_S + now.tv_nsec;
}

/* A thousand pods of a hundred Deployments: the requests that it takes are counted, for time differs from machine to machine. */
TEST_SLOW(a_thousand_pods_cost_a_bounded_number_of_requests, 120)
{
	struct town *town = town_open(7, 12);
	uint64_t requests = town_requests(town), revision = town_revision(town);
	uint64_t began_ms = act_sim_now_ms(town_sim(town));
	int64_t began_ns = cpu_ns();

	for (int i = 0; i < DEPLOYMENTS; i++)
		town_create(
		    town,
		    "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d%d}, spec: "
		    "{replicas: "
		    "%d, selector: {matchLabels: {app: d%d}}, template: {metadata: {labels: {app: "
		    "d%d}}, spec: {containers: [{name: c, image: a}]}}}}",
		    i, REPLICAS, i, i);
	town_until(town, 120000, are_all_ready, NULL);
	printf("%ju ms of cluster time, %jd ms of cpu, %ju requests, %ju writes\n",
	       (uintmax_t)(act_sim_now_ms(town_sim(town)) - began_ms),
	       (intmax_t)((cpu_ns() - began_ns) / TIME_MS),
	       (uintmax_t)(town_requests(town) - requests),
	       (uintmax_t)(town_revision(town) - revision));
	/* Each pod is made, bound, reported twice and told of; what stands above it is told each time it changes. */
	CHECK(town_requests(town) - requests < 7 * DEPLOYMENTS * REPLICAS);
	CHECK(town_revision(town) - revision < 10 * DEPLOYMENTS * REPLICAS);
	CHECK(act_sim_now_ms(town_sim(town)) - began_ms < 3000);
	CHECK_EQ(town_count(town, CORE "/pods"), DEPLOYMENTS * REPLICAS);
	town_check_quiet(town, 20000);
	town_close(town);
}
