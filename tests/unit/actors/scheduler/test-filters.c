#include "datastore/schema/storage.h"
#include "tests/lib/test.h"
#include "tests/unit/actors/scheduler/records.h"
#include "tests/unit/actors/scheduler/trial.h"

#define CONTAINER(requests) \
	"\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":{" requests "}}}]"

/* A node of that JSON called n, and a pod of that JSON: "n", or why not after "0/1 nodes are available: ". */
struct case_of_one {
	const char *node, *pod, *expected;
};

static void check_cases(const struct case_of_one *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct trial *trial = trial_new();
		struct str result;

		trial_node(trial, "n", "%s", cases[i].node);
		result = trial_run(trial, "%s", cases[i].pod);
		if (str_starts(result, STR("0/1 nodes are available: ")))
			result = str_slice(result, 25, result.len);
		if (!str_is(result, cases[i].expected))
			test_fail(__FILE__, __LINE__, "case %zu: \"" STR_FMT "\" is not \"%s\"", i,
				  STR_ARG(result), cases[i].expected);
	}
}
#define CHECK_CASES(cases) check_cases(cases, sizeof(cases) / sizeof *(cases))

TEST(cordoned_nodes_take_only_pods_that_tolerate_it)
{
	static const struct case_of_one cases[] = {
		{ "{\"spec\":{\"unschedulable\":true}}", "{\"spec\":{}}",
		  "1 node(s) were unschedulable." },
		{ "{\"spec\":{\"unschedulable\":true}}",
		  "{\"spec\":{\"tolerations\":[{\"key\":\"node.kubernetes.io/unschedulable\","
		  "\"operator\":\"Exists\",\"effect\":\"NoSchedule\"}]}}",
		  "n" },
	};

	CHECK_CASES(cases);
}

#define TAINTED(effect) \
	"{\"spec\":{\"taints\":[{\"key\":\"k\",\"value\":\"v\",\"effect\":\"" effect "\"}]}}"
#define TOLERATING(toleration) "{\"spec\":{\"tolerations\":[{" toleration "}]}}"

TEST(taints_keep_pods_away_that_do_not_tolerate_them)
{
	static const struct case_of_one cases[] = {
		{ TAINTED("NoSchedule"), "{\"spec\":{}}", "1 node(s) had untolerated taint(s)." },
		{ TAINTED("NoExecute"), "{\"spec\":{}}", "1 node(s) had untolerated taint(s)." },
		{ TAINTED("PreferNoSchedule"), "{\"spec\":{}}", "n" },
		{ TAINTED("NoSchedule"), TOLERATING("\"key\":\"k\",\"value\":\"v\""), "n" },
		{ TAINTED("NoSchedule"), TOLERATING("\"key\":\"k\",\"value\":\"w\""),
		  "1 node(s) had untolerated taint(s)." },
		{ TAINTED("NoSchedule"), TOLERATING("\"operator\":\"Exists\""), "n" },
		{ TAINTED("NoSchedule"), TOLERATING("\"operator\":\"Exists\",\"key\":\"k\""), "n" },
		{ TAINTED("NoSchedule"),
		  TOLERATING("\"operator\":\"Exists\",\"key\":\"k\",\"effect\":\"NoExecute\""),
		  "1 node(s) had untolerated taint(s)." },
	};

	CHECK_CASES(cases);
}

#define LABELLED "{\"metadata\":{\"labels\":{\"disk\":\"ssd\",\"cores\":\"8\"}}}"
#define SELECTING(expression)                                                          \
	"{\"spec\":{\"affinity\":{\"nodeAffinity\":{"                                  \
	"\"requiredDuringSchedulingIgnoredDuringExecution\":{\"nodeSelectorTerms\":[{" \
	"\"matchExpressions\":[{" expression "}]}]}}}}}"
#define NAMING(fields)                                                                 \
	"{\"spec\":{\"affinity\":{\"nodeAffinity\":{"                                  \
	"\"requiredDuringSchedulingIgnoredDuringExecution\":{\"nodeSelectorTerms\":[{" \
	"\"matchFields\":[" fields "]}]}}}}}"
#define NO_MATCH "1 node(s) didn't match Pod's node affinity/selector."

TEST(node_affinity_means_nodes_by_label_and_name)
{
	static const struct case_of_one cases[] = {
		{ LABELLED, "{\"spec\":{\"nodeSelector\":{\"disk\":\"ssd\"}}}", "n" },
		{ LABELLED, "{\"spec\":{\"nodeSelector\":{\"disk\":\"hdd\"}}}", NO_MATCH },
		{ LABELLED, "{\"spec\":{\"nodeSelector\":{\"gpu\":\"\"}}}", NO_MATCH },
		{ LABELLED,
		  SELECTING("\"key\":\"disk\",\"operator\":\"In\",\"values\":[\"x\",\"ssd\"]"),
		  "n" },
		{ LABELLED, SELECTING("\"key\":\"gpu\",\"operator\":\"In\",\"values\":[\"a\"]"),
		  NO_MATCH },
		{ LABELLED, SELECTING("\"key\":\"gpu\",\"operator\":\"NotIn\",\"values\":[\"a\"]"),
		  "n" },
		{ LABELLED,
		  SELECTING("\"key\":\"disk\",\"operator\":\"NotIn\",\"values\":[\"ssd\"]"),
		  NO_MATCH },
		{ LABELLED, SELECTING("\"key\":\"disk\",\"operator\":\"Exists\""), "n" },
		{ LABELLED, SELECTING("\"key\":\"disk\",\"operator\":\"DoesNotExist\""), NO_MATCH },
		{ LABELLED, SELECTING("\"key\":\"cores\",\"operator\":\"Gt\",\"values\":[\"7\"]"),
		  "n" },
		{ LABELLED, SELECTING("\"key\":\"cores\",\"operator\":\"Gt\",\"values\":[\"8\"]"),
		  NO_MATCH },
		{ LABELLED, SELECTING("\"key\":\"cores\",\"operator\":\"Lt\",\"values\":[\"9\"]"),
		  "n" },
		{ LABELLED, SELECTING("\"key\":\"disk\",\"operator\":\"Lt\",\"values\":[\"9\"]"),
		  NO_MATCH },
		{ LABELLED, SELECTING("\"key\":\"disk\",\"operator\":\"Like\",\"values\":[\"s\"]"),
		  NO_MATCH },
		{ "{}", NAMING("{\"key\":\"metadata.name\",\"operator\":\"In\",\"values\":[\"n\"]}"),
		  "n" },
		{ "{}",
		  NAMING("{\"key\":\"metadata.name\",\"operator\":\"NotIn\",\"values\":[\"n\"]}"),
		  NO_MATCH },
		{ "{}", NAMING("{\"key\":\"metadata.name\",\"operator\":\"In\",\"values\":[\"m\"]}"),
		  "1 node(s) didn't satisfy plugin(s) [NodeAffinity]." },
		{ "{}",
		  NAMING("{\"key\":\"metadata.name\",\"operator\":\"In\",\"values\":[\"m\"]},"
			 "{\"key\":\"metadata.name\",\"operator\":\"In\",\"values\":[\"n\"]}"),
		  "pod affinity terms conflict." },
	};

	CHECK_CASES(cases);
}

TEST(a_pod_that_names_its_node_is_checked_there_alone)
{
	struct trial *trial = trial_new();

	trial_node(trial, "a", "{}");
	trial_node(trial, "b", "{\"status\":{\"allocatable\":{\"cpu\":\"1\"}}}");
	trial_node(trial, "c", "{}");
	CHECK_STR(trial_run(trial, "{\"spec\":{\"affinity\":{\"nodeAffinity\":{"
				   "\"requiredDuringSchedulingIgnoredDuringExecution\":{"
				   "\"nodeSelectorTerms\":[{\"matchFields\":[{"
				   "\"key\":\"metadata.name\",\"operator\":\"In\","
				   "\"values\":[\"b\"]}]}]}}}," CONTAINER("\"cpu\":\"2\"") "}}"),
		  "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) "
		  "[NodeAffinity].");
}

TEST(room_is_what_is_left_of_what_the_node_can_give)
{
	static const struct case_of_one cases[] = {
		{ "{}", "{\"spec\":{" CONTAINER("\"cpu\":\"4\",\"memory\":\"8Gi\"") "}}", "n" },
		{ "{}", "{\"spec\":{" CONTAINER("\"cpu\":\"4001m\"") "}}", "1 Insufficient cpu." },
		{ "{}", "{\"spec\":{" CONTAINER("\"memory\":\"9Gi\",\"cpu\":\"5\"") "}}",
		  "1 Insufficient cpu, 1 Insufficient memory." },
		{ "{}", "{\"spec\":{" CONTAINER("\"ephemeral-storage\":\"1\"") "}}",
		  "1 Insufficient ephemeral-storage." },
		{ "{}", "{\"spec\":{" CONTAINER("\"nvidia.com/gpu\":\"1\"") "}}",
		  "1 Insufficient nvidia.com/gpu." },
		{ "{\"status\":{\"allocatable\":{\"nvidia.com/gpu\":\"2\"}}}",
		  "{\"spec\":{" CONTAINER("\"nvidia.com/gpu\":\"2\"") "}}", "n" },
		{ "{\"status\":{\"allocatable\":{\"pods\":\"0\"}}}", "{\"spec\":{}}",
		  "1 Too many pods." },
		/* A name without a domain is no resource that nodes could lack. */
		{ "{}", "{\"spec\":{" CONTAINER("\"magic\":\"1\"") "}}", "n" },
	};

	CHECK_CASES(cases);
}

TEST(what_is_kept_of_a_pod_is_what_it_asks_for_and_not_how_that_was_summed_up)
{
	const struct pod_info *plain =
	    records_pod("{\"spec\":{" CONTAINER("\"cpu\":\"100m\",\"memory\":\"64Mi\"") "}}");
	const struct pod_info *rich =
	    records_pod("{\"spec\":{" CONTAINER("\"cpu\":\"1\",\"example.com/gpu\":\"2\"") "}}");

	CHECK(arena_size(plain->arena) <= 512);
	CHECK_EQ(plain->request.cpu_milli, 100);
	CHECK_EQ(plain->request.memory_bytes, 64 << 20);
	CHECK_EQ(plain->request.scalar_count, 0);
	CHECK_EQ(resources_scalar(&rich->request, STR("example.com/gpu")), 2);
}

TEST(room_counts_init_containers_sidecars_overhead_and_the_pods_own_requests)
{
	static const struct case_of_one cases[] = {
		/* One after another, not together: the greater counts. */
		{ "{}",
		  "{\"spec\":{\"initContainers\":[{\"name\":\"i\",\"resources\":{\"requests\":{"
		  "\"cpu\":\"4\"}}}]," CONTAINER("\"cpu\":\"3\"") "}}",
		  "n" },
		/* A sidecar runs beside the containers. */
		{ "{}",
		  "{\"spec\":{\"initContainers\":[{\"name\":\"i\",\"restartPolicy\":\"Always\","
		  "\"resources\":{\"requests\":{\"cpu\":\"2\"}}}]," CONTAINER("\"cpu\":\"3\"") "}}",
		  "1 Insufficient cpu." },
		/* And beside init containers that come later. */
		{ "{}",
		  "{\"spec\":{\"initContainers\":[{\"name\":\"i\",\"restartPolicy\":\"Always\","
		  "\"resources\":{\"requests\":{\"cpu\":\"2\"}}},{\"name\":\"j\",\"resources\":{"
		  "\"requests\":{\"cpu\":\"3\"}}}]," CONTAINER("\"cpu\":\"1\"") "}}",
		  "1 Insufficient cpu." },
		{ "{}",
		  "{\"spec\":{\"overhead\":{\"cpu\":\"1\"}," CONTAINER("\"cpu\":\"3500m\"") "}}",
		  "1 Insufficient cpu." },
		{ "{}",
		  "{\"spec\":{\"resources\":{\"requests\":{\"cpu\":\"1\"}}," CONTAINER(
		      "\"cpu\":\"8\"") "}}",
		  "n" },
	};

	CHECK_CASES(cases);
}

TEST(pods_on_a_node_count_what_the_kubelet_has_granted_while_they_are_resized)
{
	struct trial *trial = trial_new();

	trial_node(trial, "n", "{}");
	trial_placed(
	    trial, "n",
	    "{\"spec\":{" CONTAINER("\"cpu\":\"1\"") "},\"status\":{\"containerStatuses\":[{"
						     "\"name\":\"c\",\"allocatedResources\":{"
						     "\"cpu\":\"3\"},\"resources\":{"
						     "\"requests\":{\"cpu\":\"2\"}}}]}}");
	CHECK_STR(trial_run(trial, "{\"spec\":{" CONTAINER("\"cpu\":\"1\"") "}}"), "n");
	CHECK_STR(trial_run(trial, "{\"spec\":{" CONTAINER("\"cpu\":\"1001m\"") "}}"),
		  "0/1 nodes are available: 1 Insufficient cpu.");
}

#define PORTS(ports) "{\"spec\":{\"containers\":[{\"name\":\"c\",\"ports\":[" ports "]}]}}"

TEST(ports_of_the_node_are_taken_once)
{
	static const struct {
		const char *placed, *pod;
		bool fits;
	} cases[] = {
		{ PORTS("{\"containerPort\":1,\"hostPort\":80}"),
		  PORTS("{\"containerPort\":1,\"hostPort\":80}"), false },
		{ PORTS("{\"containerPort\":1,\"hostPort\":80}"),
		  PORTS("{\"containerPort\":1,\"hostPort\":81}"), true },
		{ PORTS("{\"containerPort\":80}"), PORTS("{\"containerPort\":80}"), true },
		{ PORTS("{\"containerPort\":1,\"hostPort\":80,\"protocol\":\"UDP\"}"),
		  PORTS("{\"containerPort\":1,\"hostPort\":80}"), true },
		{ PORTS("{\"containerPort\":1,\"hostPort\":80,\"hostIP\":\"127.0.0.1\"}"),
		  PORTS("{\"containerPort\":1,\"hostPort\":80,\"hostIP\":\"127.0.0.2\"}"), true },
		{ PORTS("{\"containerPort\":1,\"hostPort\":80,\"hostIP\":\"127.0.0.1\"}"),
		  PORTS("{\"containerPort\":1,\"hostPort\":80}"), false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct trial *trial = trial_new();

		trial_node(trial, "n", "{}");
		trial_placed(trial, "n", "%s", cases[i].placed);
		CHECK_STR(trial_run(trial, "%s", cases[i].pod),
			  cases[i].fits
			      ? "n"
			      : "0/1 nodes are available: 1 node(s) didn't have free ports "
				"for the requested pod ports.");
	}
}

/* ---- volumes ------------------------------------------------------------------------------------------------- */

#define WITH_CLAIM                                                            \
	"{\"spec\":{\"volumes\":[{\"name\":\"v\",\"persistentVolumeClaim\":{" \
	"\"claimName\":\"data\"}}]}}"
#define CLAIM(more) "{\"metadata\":{\"name\":\"data\"" more "}"
#define BOUND                                                                   \
	CLAIM(",\"annotations\":{\"pv.kubernetes.io/bind-completed\":\"yes\"}") \
	",\"spec\":{\"volumeName\":\"pv1\"},\"status\":{\"phase\":\"Bound\"}}"

TEST(a_pod_waits_for_its_claims_and_goes_where_its_volumes_are)
{
	static const struct {
		const char *claim, *volume, *expected;
	} cases[] = {
		{ NULL, NULL, "persistentvolumeclaim \"data\" not found." },
		{ CLAIM("") ",\"status\":{\"phase\":\"Pending\"}}", NULL,
		  "pod has unbound immediate PersistentVolumeClaims." },
		{ CLAIM("") ",\"spec\":{\"volumeName\":\"x\"},\"status\":{\"phase\":\"Lost\"}}",
		  NULL,
		  "persistentvolumeclaim \"data\" bound to non-existent persistentvolume \"x\"." },
		{ CLAIM(",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"") "}", NULL,
		  "persistentvolumeclaim \"data\" is being deleted." },
		{ BOUND, NULL,
		  "1 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)." },
		{ BOUND, "{\"metadata\":{\"name\":\"pv1\"}}", "n" },
		{ BOUND,
		  "{\"metadata\":{\"name\":\"pv1\"},\"spec\":{\"nodeAffinity\":{\"required\":{"
		  "\"nodeSelectorTerms\":[{\"matchExpressions\":[{\"key\":\"z\",\"operator\":"
		  "\"In\",\"values\":[\"a\"]}]}]}}}}",
		  "1 node(s) didn't match PersistentVolume's node affinity." },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct trial *trial = trial_new();
		struct str result;

		trial_node(trial, "n", "{}");
		trial_object(trial, &storage_storage_class_type,
			     "{\"metadata\":{\"name\":\"late\"},\"volumeBindingMode\":"
			     "\"WaitForFirstConsumer\"}");
		if (cases[i].claim != NULL)
			trial_object(trial, &core_persistent_volume_claim_type, "%s",
				     cases[i].claim);
		if (cases[i].volume != NULL)
			trial_object(trial, &core_persistent_volume_type, "%s", cases[i].volume);
		result = trial_run(trial, WITH_CLAIM);
		if (str_starts(result, STR("0/1 nodes are available: ")))
			result = str_slice(result, 25, result.len);
		CHECK_STR(result, cases[i].expected);
	}
}

TEST(a_claim_for_one_pod_alone_is_used_by_one)
{
	struct trial *trial = trial_new();

	trial_node(trial, "n", "{}");
	trial_node(trial, "m", "{}");
	trial_object(trial, &core_persistent_volume_type, "{\"metadata\":{\"name\":\"pv1\"}}");
	trial_object(
	    trial, &core_persistent_volume_claim_type,
	    CLAIM(
		",\"annotations\":{\"pv.kubernetes.io/bind-completed\":\"yes\"}") ",\"spec\":{"
										  "\"volumeName\":"
										  "\"pv1\","
										  "\"accessModes\":"
										  "[\"ReadWriteOnce"
										  "Pod\"]}}");
	CHECK_EQ(trial_run(trial, WITH_CLAIM).len, 1);
	trial_placed(trial, "n", WITH_CLAIM);
	CHECK_STR(
	    trial_run(trial, WITH_CLAIM),
	    "0/2 nodes are available: 2 node(s) unavailable due to PersistentVolumeClaim with "
	    "ReadWriteOncePod access mode already in-use by another pod.");
	CHECK(trial_helps(CRITERION_VOLUME_RESTRICTIONS, records_pod(WITH_CLAIM),
			  (struct news){ .kinds = NEWS_POD_GONE, .pod = records_pod(WITH_CLAIM) }));
	CHECK(!trial_helps(CRITERION_VOLUME_RESTRICTIONS, records_pod(WITH_CLAIM),
			   (struct news){ .kinds = NEWS_POD_GONE, .pod = records_pod("{}") }));
}

#define LATE_CLASS(more) \
	"{\"metadata\":{\"name\":\"late\"},\"volumeBindingMode\":\"WaitForFirstConsumer\"" more "}"
#define LATE_CLAIM(more)                                                             \
	"{\"metadata\":{\"name\":\"data\"},\"spec\":{\"storageClassName\":\"late\"," \
	"\"accessModes\":["                                                          \
	"\"ReadWriteOnce\"],\"resources\":{\"requests\":{\"storage\":\"5Gi\"}}" more "}}"
#define VOLUME(more)                                                                       \
	"{\"metadata\":{\"name\":\"pv1\",\"labels\":{\"kind\":\"fast\"}},\"spec\":{"       \
	"\"storageClassName\":\"late\",\"accessModes\":[\"ReadWriteOnce\"],\"capacity\":{" \
	"\"storage\":\"10Gi\"}" more "},\"status\":{\"phase\":\"Available\"}}"
#define NO_VOLUME "1 node(s) didn't find available persistent volumes to bind."

TEST(claims_that_wait_for_their_consumer_find_a_volume_or_a_provisioner_on_the_node)
{
	static const struct {
		const char *class, *claim, *volume, *expected;
	} cases[] = {
		{ LATE_CLASS(",\"provisioner\":\"p\""), LATE_CLAIM(""), NULL, "n" },
		{ LATE_CLASS(",\"provisioner\":\"kubernetes.io/no-provisioner\""), LATE_CLAIM(""),
		  NULL, NO_VOLUME },
		{ LATE_CLASS(",\"provisioner\":\"p\",\"allowedTopologies\":[{"
			     "\"matchLabelExpressions\":[{\"key\":\"z\",\"values\":[\"a\"]}]}]"),
		  LATE_CLAIM(""), NULL, NO_VOLUME },
		{ LATE_CLASS(""), LATE_CLAIM(""), VOLUME(""), "n" },
		{ LATE_CLASS(""), LATE_CLAIM(",\"volumeMode\":\"Block\""), VOLUME(""), NO_VOLUME },
		{ LATE_CLASS(""), LATE_CLAIM(",\"selector\":{\"matchLabels\":{\"kind\":\"slow\"}}"),
		  VOLUME(""), NO_VOLUME },
		{ LATE_CLASS(""), LATE_CLAIM(",\"selector\":{\"matchLabels\":{\"kind\":\"fast\"}}"),
		  VOLUME(""), "n" },
		{ LATE_CLASS(""), LATE_CLAIM(""),
		  VOLUME(",\"claimRef\":{\"name\":\"other\",\"namespace\":\"default\"}"),
		  NO_VOLUME },
		{ LATE_CLASS(""), LATE_CLAIM(""),
		  VOLUME(",\"claimRef\":{\"name\":\"data\",\"namespace\":\"default\"}"), "n" },
		{ LATE_CLASS(""), LATE_CLAIM(""),
		  VOLUME(",\"nodeAffinity\":{\"required\":{\"nodeSelectorTerms\":[{"
			 "\"matchExpressions\":[{\"key\":\"z\",\"operator\":\"Exists\"}]}]}}"),
		  NO_VOLUME },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct trial *trial = trial_new();
		struct str result;

		trial_node(trial, "n", "{}");
		trial_object(trial, &storage_storage_class_type, "%s", cases[i].class);
		trial_object(trial, &core_persistent_volume_claim_type, "%s", cases[i].claim);
		if (cases[i].volume != NULL)
			trial_object(trial, &core_persistent_volume_type, "%s", cases[i].volume);
		result = trial_run(trial, WITH_CLAIM);
		if (str_starts(result, STR("0/1 nodes are available: ")))
			result = str_slice(result, 25, result.len);
		if (!str_is(result, cases[i].expected))
			test_fail(__FILE__, __LINE__, "case %zu: \"" STR_FMT "\" is not \"%s\"", i,
				  STR_ARG(result), cases[i].expected);
	}
}

/* ---- the whole ------------------------------------------------------------------------------------------------- */

TEST(the_message_counts_reasons_over_all_nodes_in_order)
{
	struct trial *trial = trial_new();

	for (int i = 0; i < 3; i++)
		trial_node(trial, arena_printf(test_arena(), "tainted%d", i).at,
			   TAINTED("NoSchedule"));
	for (int i = 0; i < 12; i++)
		trial_node(trial, arena_printf(test_arena(), "small%d", i).at, "{}");
	CHECK_STR(trial_run(trial, "{\"spec\":{" CONTAINER("\"cpu\":\"5\"") "}}"),
		  "0/15 nodes are available: 12 Insufficient cpu, 3 node(s) had untolerated "
		  "taint(s).");
	CHECK_STR(trial_run(trial_new(), "{\"spec\":{}}"), "no nodes available to schedule pods");
}

TEST(big_clusters_are_looked_at_only_until_enough_nodes_are_found)
{
	struct trial *trial = trial_new();
	struct pod_info *pod = records_pod("{\"spec\":{}}");
	struct arena *arena = test_arena();
	bool is_seen[1000] = { false };

	for (int i = 0; i < 1000; i++)
		trial_node(trial, arena_printf(arena, "n%d", i).at, "{}");
	for (int round = 0; round < 3; round++) {
		struct cycle cycle;

		cycle_init(&cycle, arena, trial->snapshot, &trial->world, pod, 1);
		CHECK(cycle_run(&cycle) != NULL);
		CHECK_EQ(cycle.looked_at, 420); /* 50 - 1000 / 125 percent */
		for (uint32_t i = 0; i < cycle.feasible_count; i++)
			is_seen[cycle.feasible[i]->index] = true;
	}
	for (int i = 0; i < 1000; i++)
		CHECK(is_seen[i]);
}
