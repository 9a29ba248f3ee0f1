#include "tests/lib/test.h"
#include "tests/unit/actors/scheduler/records.h"
#include "tests/unit/actors/scheduler/trial.h"

/* What wakes a pod that was rejected. Each row: who rejected, the pod, what happened, whether it helps. */

#define CPU(cpu)                                                                                 \
	"{\"spec\":{\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":{\"cpu\":\"" cpu \
	"\"}}}]}}"
#define NODE_CPU(cpu) "{\"status\":{\"allocatable\":{\"cpu\":\"" cpu "\"}}}"
#define TAINT "{\"spec\":{\"taints\":[{\"key\":\"k\",\"effect\":\"NoSchedule\"}]}}"
#define CORDON "{\"spec\":{\"unschedulable\":true}}"
#define LABEL(value) "{\"metadata\":{\"labels\":{\"zone\":\"" value "\"}}}"
#define APP(app) "{\"metadata\":{\"labels\":{\"app\":\"" app "\"}}}"
#define TERM                                                                             \
	"\"requiredDuringSchedulingIgnoredDuringExecution\":[{\"topologyKey\":\"zone\"," \
	"\"labelSelector\":{\"matchLabels\":{\"app\":\"db\"}}}]"
#define NEAR "{\"spec\":{\"affinity\":{\"podAffinity\":{" TERM "}}}}"
#define AWAY "{\"spec\":{\"affinity\":{\"podAntiAffinity\":{" TERM "}}}}"
#define SPREAD                                                                                 \
	"{\"spec\":{\"topologySpreadConstraints\":[{\"maxSkew\":1,\"topologyKey\":\"zone\","   \
	"\"whenUnsatisfiable\":\"DoNotSchedule\",\"labelSelector\":{\"matchLabels\":{\"app\":" \
	"\"db\"}}}]}}"
#define PORT(port)                                                                    \
	"{\"spec\":{\"containers\":[{\"name\":\"c\",\"ports\":[{\"containerPort\":1," \
	"\"hostPort\":" port "}]}]}}"

TEST(news_of_nodes_wakes_those_whom_it_helps)
{
	static const struct {
		enum criterion_id criterion;
		const char *pod, *old, *now; /* old NULL: the node came */
		bool helps;
	} cases[] = {
		{ CRITERION_NODE_RESOURCES_FIT, CPU("2"), NULL, NODE_CPU("4"), true },
		{ CRITERION_NODE_RESOURCES_FIT, CPU("8"), NULL, NODE_CPU("4"), false },
		{ CRITERION_NODE_RESOURCES_FIT, CPU("2"), NODE_CPU("1"), NODE_CPU("2"), true },
		{ CRITERION_NODE_RESOURCES_FIT, CPU("2"), NODE_CPU("3"), NODE_CPU("2"), false },
		{ CRITERION_TAINT_TOLERATION, "{}", NULL, "{}", true },
		{ CRITERION_TAINT_TOLERATION, "{}", NULL, TAINT, false },
		{ CRITERION_TAINT_TOLERATION, "{}", TAINT, "{}", true },
		{ CRITERION_TAINT_TOLERATION, "{}", "{}", TAINT, false },
		{ CRITERION_NODE_UNSCHEDULABLE, "{}", CORDON, "{}", true },
		{ CRITERION_NODE_UNSCHEDULABLE, "{}", "{}", CORDON, false },
		{ CRITERION_NODE_UNSCHEDULABLE, "{}", NULL, CORDON, false },
		{ CRITERION_NODE_AFFINITY, "{\"spec\":{\"nodeSelector\":{\"zone\":\"a\"}}}", NULL,
		  LABEL("a"), true },
		{ CRITERION_NODE_AFFINITY, "{\"spec\":{\"nodeSelector\":{\"zone\":\"a\"}}}",
		  LABEL("b"), LABEL("a"), true },
		{ CRITERION_NODE_AFFINITY, "{\"spec\":{\"nodeSelector\":{\"zone\":\"a\"}}}",
		  LABEL("a"), LABEL("b"), false },
		{ CRITERION_NODE_PORTS, PORT("80"), NULL, "{}", true },
		{ CRITERION_INTER_POD_AFFINITY, NEAR, NULL, LABEL("a"), true },
		{ CRITERION_INTER_POD_AFFINITY, NEAR, NULL, "{}", false },
		{ CRITERION_INTER_POD_AFFINITY, NEAR, LABEL("a"), LABEL("b"), true },
		{ CRITERION_INTER_POD_AFFINITY, NEAR, LABEL("a"), "{}", false },
		{ CRITERION_INTER_POD_AFFINITY, AWAY, NULL, "{}", true },
		{ CRITERION_INTER_POD_AFFINITY, AWAY, LABEL("a"), "{}", true },
		{ CRITERION_INTER_POD_AFFINITY, AWAY, "{}", LABEL("a"), false },
		{ CRITERION_POD_TOPOLOGY_SPREAD, SPREAD, NULL, LABEL("a"), true },
		{ CRITERION_POD_TOPOLOGY_SPREAD, SPREAD, NULL, "{}", false },
		{ CRITERION_POD_TOPOLOGY_SPREAD, SPREAD, "{}", LABEL("a"), true },
		{ CRITERION_POD_TOPOLOGY_SPREAD, SPREAD, LABEL("a"), LABEL("b"), true },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct trial *trial = trial_new();
		struct news news = { .kinds = NEWS_NODE_ADDED };

		trial_node(trial, "now", "%s", cases[i].now);
		news.node = trial_node_info(trial, "now");
		if (cases[i].old != NULL) {
			trial_node(trial, "old", "%s", cases[i].old);
			news.old_node = trial_node_info(trial, "old")->node;
			news.kinds = news_of_node(news.node->node, news.old_node);
		}
		if (trial_helps(cases[i].criterion, records_pod("%s", cases[i].pod), news) !=
		    cases[i].helps)
			test_fail(__FILE__, __LINE__, "case %zu helps: %d", i, !cases[i].helps);
	}
}

TEST(news_of_pods_wakes_those_whom_it_helps)
{
	static const struct {
		enum criterion_id criterion;
		const char *pod;
		uint32_t kinds; /* 0: what changed from old to now */
		const char *old, *now;
		bool helps;
	} cases[] = {
		{ CRITERION_NODE_RESOURCES_FIT, CPU("2"), NEWS_POD_GONE, NULL, CPU("1"), true },
		{ CRITERION_NODE_RESOURCES_FIT, CPU("2"), NEWS_POD_ADDED, NULL, CPU("1"), false },
		{ CRITERION_NODE_RESOURCES_FIT, CPU("2"), 0, CPU("2"), CPU("1"), true },
		{ CRITERION_NODE_RESOURCES_FIT, CPU("2"), 0, CPU("1"), CPU("2"), false },
		{ CRITERION_NODE_PORTS, PORT("80"), NEWS_POD_GONE, NULL, PORT("80"), true },
		{ CRITERION_NODE_PORTS, PORT("80"), NEWS_POD_GONE, NULL, PORT("81"), false },
		{ CRITERION_TAINT_TOLERATION, "{}", NEWS_POD_GONE, NULL, "{}", false },
		{ CRITERION_INTER_POD_AFFINITY, NEAR, NEWS_POD_ADDED, NULL, APP("db"), true },
		{ CRITERION_INTER_POD_AFFINITY, NEAR, NEWS_POD_ADDED, NULL, APP("web"), false },
		{ CRITERION_INTER_POD_AFFINITY, NEAR, 0, APP("web"), APP("db"), true },
		{ CRITERION_INTER_POD_AFFINITY, AWAY, 0, APP("db"), APP("web"), true },
		{ CRITERION_INTER_POD_AFFINITY, AWAY, NEWS_POD_GONE, NULL, APP("db"), true },
		{ CRITERION_INTER_POD_AFFINITY, AWAY, NEWS_POD_GONE, NULL, APP("web"), false },
		{ CRITERION_INTER_POD_AFFINITY, APP("db"), NEWS_POD_GONE, NULL, AWAY, true },
		{ CRITERION_POD_TOPOLOGY_SPREAD, SPREAD, NEWS_POD_ADDED, NULL, APP("db"), true },
		{ CRITERION_POD_TOPOLOGY_SPREAD, SPREAD, NEWS_POD_GONE, NULL, APP("web"), false },
		{ CRITERION_POD_TOPOLOGY_SPREAD, SPREAD, NEWS_POD_GONE, NULL,
		  "{\"metadata\":{\"namespace\":\"other\",\"labels\":{\"app\":\"db\"}}}", false },
		{ CRITERION_POD_TOPOLOGY_SPREAD, SPREAD, 0, APP("db"), APP("web"), true },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct news news = { .kinds = cases[i].kinds,
				     .pod = records_pod("%s", cases[i].now) };

		if (cases[i].old != NULL) {
			news.old_pod = records_pod("%s", cases[i].old);
			news.kinds = news_of_pod(news.pod, news.old_pod);
		}
		if (trial_helps(cases[i].criterion, records_pod("%s", cases[i].pod), news) !=
		    cases[i].helps)
			test_fail(__FILE__, __LINE__, "case %zu helps: %d", i, !cases[i].helps);
	}
}
