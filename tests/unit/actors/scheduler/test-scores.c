#include "datastore/schema/apps.h"
#include "tests/lib/test.h"
#include "tests/unit/actors/scheduler/records.h"
#include "tests/unit/actors/scheduler/trial.h"

#define ASKING(requests)                                                                           \
	"{\"spec\":{\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":{" requests "}}}]" \
	"}}"

TEST(resources_score_what_is_left)
{
	struct trial *trial = trial_new();

	trial_node(trial, "a", "{}");
	trial_node(trial, "b", "{}");
	trial_node(trial, "c", "{\"status\":{\"allocatable\":{\"cpu\":\"8\",\"memory\":\"8Gi\"}}}");
	trial_placed(trial, "b", ASKING("\"cpu\":\"2\",\"memory\":\"2Gi\""));
	/* a: (75 + 75) / 2; b: (25 + 50) / 2; c: (87 + 75) / 2 */
	CHECK_STR(trial_scores(trial, CRITERION_NODE_RESOURCES_FIT,
			       ASKING("\"cpu\":\"1\",\"memory\":\"2Gi\"")),
		  "a=75 b=37 c=81");
	/* A container that asks for nothing counts as 100m and 200Mi: (97 + 97) / 2, (47 + 72) / 2, (98 + 97) / 2. */
	CHECK_STR(trial_scores(trial, CRITERION_NODE_RESOURCES_FIT, ASKING("")), "a=97 b=59 c=97");
}

TEST(balance_scores_shares_that_come_together)
{
	struct trial *trial = trial_new();

	trial_node(trial, "even", "{}");
	trial_node(trial, "cpu", "{}");
	trial_node(trial, "memory", "{}");
	trial_placed(trial, "cpu", ASKING("\"cpu\":\"2\""));
	trial_placed(trial, "memory", ASKING("\"memory\":\"4Gi\""));
	/* even: 100 before, 75 after; cpu: 75 before, 50 after; memory: 75 before, 100 after. */
	CHECK_STR(trial_scores(trial, CRITERION_NODE_RESOURCES_BALANCED_ALLOCATION,
			       ASKING("\"cpu\":\"2\"")),
		  "even=62 cpu=62 memory=87");
	CHECK_STR(trial_scores(trial, CRITERION_NODE_RESOURCES_BALANCED_ALLOCATION, ASKING("")),
		  "none");
}

#define SOFT_TAINT(key) "{\"key\":\"" key "\",\"effect\":\"PreferNoSchedule\"}"

TEST(soft_taints_make_nodes_worse)
{
	struct trial *trial = trial_new();

	trial_node(trial, "none", "{}");
	trial_node(trial, "one", "{\"spec\":{\"taints\":[" SOFT_TAINT("a") "]}}");
	trial_node(trial, "two",
		   "{\"spec\":{\"taints\":[" SOFT_TAINT("a") "," SOFT_TAINT("b") "]}}");
	CHECK_STR(trial_scores(trial, CRITERION_TAINT_TOLERATION, "{\"spec\":{}}"),
		  "none=100 one=50 two=0");
	CHECK_STR(trial_scores(trial, CRITERION_TAINT_TOLERATION,
			       "{\"spec\":{\"tolerations\":[{\"operator\":\"Exists\"}]}}"),
		  "none=100 one=100 two=100");
}

#define PREFER(weight, key)                                                            \
	"{\"weight\":" weight ",\"preference\":{\"matchExpressions\":[{\"key\":\"" key \
	"\",\"operator\":\"Exists\"}]}}"

TEST(preferred_nodes_score_the_weights_of_the_terms_they_match)
{
	struct trial *trial = trial_new();

	trial_node(trial, "none", "{}");
	trial_node(trial, "x", "{\"metadata\":{\"labels\":{\"x\":\"\"}}}");
	trial_node(trial, "xy", "{\"metadata\":{\"labels\":{\"x\":\"\",\"y\":\"\"}}}");
	CHECK_STR(trial_scores(trial, CRITERION_NODE_AFFINITY,
			       "{\"spec\":{\"affinity\":{\"nodeAffinity\":{"
			       "\"preferredDuringSchedulingIgnoredDuringExecution\":[" PREFER(
				   "2", "x") "," PREFER("6", "y") "]}}}}"),
		  "none=0 x=25 xy=100");
	CHECK_STR(trial_scores(trial, CRITERION_NODE_AFFINITY, "{\"spec\":{}}"), "none");
}

#define ZONE(zone) "{\"metadata\":{\"labels\":{\"topology.kubernetes.io/zone\":\"" zone "\"}}}"
#define APP(app) "\"metadata\":{\"labels\":{\"app\":\"" app "\"}}"
#define TERM(app)                                                                               \
	"{\"topologyKey\":\"topology.kubernetes.io/zone\",\"labelSelector\":{\"matchLabels\":{" \
	"\"app\":\"" app "\"}}}"
#define LIKING(app)                                                               \
	"\"podAffinity\":{\"preferredDuringSchedulingIgnoredDuringExecution\":[{" \
	"\"weight\":10,\"podAffinityTerm\":" TERM(app) "}]}"
#define DISLIKING(app)                                                                \
	"\"podAntiAffinity\":{\"preferredDuringSchedulingIgnoredDuringExecution\":[{" \
	"\"weight\":5,\"podAffinityTerm\":" TERM(app) "}]}"

static struct trial *make_zones(void)
{
	struct trial *trial = trial_new();

	trial_node(trial, "a1", ZONE("a"));
	trial_node(trial, "b1", ZONE("b"));
	trial_node(trial, "c1", ZONE("c"));
	return trial;
}

TEST(affinity_scores_what_both_sides_prefer)
{
	struct trial *trial = make_zones();

	CHECK_STR(trial_scores(trial, CRITERION_INTER_POD_AFFINITY, "{" APP("web") "}"), "none");
	trial_placed(trial, "a1", "{" APP("db") "}");
	trial_placed(trial, "b1", "{" APP("noisy") "}");
	/* a: 10, b: -5, c: 0 */
	CHECK_STR(
	    trial_scores(trial, CRITERION_INTER_POD_AFFINITY,
			 "{\"spec\":{\"affinity\":{" LIKING("db") "," DISLIKING("noisy") "}}}"),
	    "a1=100 b1=0 c1=33");
	/* A placed pod's preferences count for the one that comes; what it requires counts 1. */
	trial_placed(trial, "c1", "{\"spec\":{\"affinity\":{" LIKING("web") "}}}");
	trial_placed(trial, "b1",
		     "{" APP("web") ",\"spec\":{\"affinity\":{\"podAffinity\":{"
				    "\"requiredDuringSchedulingIgnoredDuringExecution\":[" TERM(
					"web") "]}}}}");
	CHECK_STR(trial_scores(trial, CRITERION_INTER_POD_AFFINITY, "{" APP("web") "}"),
		  "a1=0 b1=10 c1=100");
}

TEST(spreading_scores_the_emptier_places)
{
	struct trial *trial = make_zones();
	const char *soft = "{" APP(
	    "web") ",\"spec\":{\"topologySpreadConstraints\":[{\"maxSkew\":1,"
		   "\"topologyKey\":\"topology.kubernetes.io/zone\",\"whenUnsatisfiable\":"
		   "\"ScheduleAnyway\",\"labelSelector\":{\"matchLabels\":{\"app\":\"web\"}}}]}}";

	CHECK_STR(trial_scores(trial, CRITERION_POD_TOPOLOGY_SPREAD, "%s", soft),
		  "a1=100 b1=100 c1=100");
	trial_placed(trial, "a1", "{" APP("web") "}");
	trial_placed(trial, "a1", "{" APP("web") "}");
	trial_placed(trial, "b1", "{" APP("web") "}");
	trial_node(trial, "lost", "{}");
	/* 2 and 1 times ln 5, rounded: 3, 2 and 0; most 3, least 0. A node without the key gets nothing. */
	CHECK_STR(trial_scores(trial, CRITERION_POD_TOPOLOGY_SPREAD, "%s", soft),
		  "a1=0 b1=33 c1=100 lost=0");
}

TEST(pods_of_a_set_or_service_spread_over_hosts_and_zones_by_themselves)
{
	struct trial *trial = trial_new();
	const char *pod = "{\"metadata\":{\"labels\":{\"app\":\"web\"},\"ownerReferences\":[{"
			  "\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"name\":\"rs\","
			  "\"uid\":\"u\",\"controller\":true}]}}";

	trial_node(trial, "a", "{\"metadata\":{\"labels\":{\"kubernetes.io/hostname\":\"a\"}}}");
	trial_node(trial, "b", "{\"metadata\":{\"labels\":{\"kubernetes.io/hostname\":\"b\"}}}");
	trial_placed(trial, "a", "{" APP("web") "}");
	trial_placed(trial, "a", "{" APP("web") "}");
	CHECK_STR(trial_scores(trial, CRITERION_POD_TOPOLOGY_SPREAD, "%s", pod), "none");
	trial_object(trial, &apps_replica_set_type,
		     "{\"metadata\":{\"name\":\"rs\"},\"spec\":{\"selector\":{\"matchLabels\":{"
		     "\"app\":\"web\"}}}}");
	/* hosts: 2 * ln 4 + 2 = 4.77, rounded 5, and 2; no zones. */
	CHECK_STR(trial_scores(trial, CRITERION_POD_TOPOLOGY_SPREAD, "%s", pod), "a=40 b=100");
	CHECK_STR(trial_run(trial, "%s", pod), "b");
	trial_object(trial, &core_service_type,
		     "{\"metadata\":{\"name\":\"s\"},\"spec\":{\"selector\":{\"app\":\"alone\"}}}");
	CHECK_STR(trial_scores(trial, CRITERION_POD_TOPOLOGY_SPREAD, "{" APP("alone") "}"),
		  "a=100 b=100");
}

#define IMAGE(name, size) "{\"names\":[\"" name "\"],\"sizeBytes\":" size "}"

TEST(images_that_are_there_score_by_their_size)
{
	struct trial *trial = trial_new();
	const char *pod = "{\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"big\"}]}}";

	trial_node(trial, "a", "{}");
	CHECK_STR(trial_scores(trial, CRITERION_IMAGE_LOCALITY, "%s", pod), "none");
	trial_node(trial, "b", "{\"status\":{\"images\":[" IMAGE("big:latest", "2048000000") "]}}");
	/* Half the nodes have it, so half its size counts: 976 of 1000 MiB. */
	CHECK_STR(trial_scores(trial, CRITERION_IMAGE_LOCALITY, "%s", pod), "a=0 b=97");
	trial_node(trial, "b", "{}");
	CHECK_STR(trial_scores(trial, CRITERION_IMAGE_LOCALITY, "%s", pod), "none");
}

TEST(equals_are_drawn_by_chance)
{
	struct trial *trial = trial_new();
	uint32_t first = 0;

	trial_node(trial, "a", "{}");
	trial_node(trial, "b", "{}");
	for (uint64_t seed = 0; seed < 100; seed++) {
		struct cycle cycle;

		cycle_init(&cycle, test_arena(), trial->snapshot, &trial->world,
			   records_pod("{\"spec\":{}}"), seed * 7919);
		first += str_is(cycle_run(&cycle)->name, "a");
	}
	CHECK(first > 25 && first < 75);
}
