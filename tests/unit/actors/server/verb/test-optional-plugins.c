/*
 * Plug-ins that are asked only where an operator wants them, and those that ask a pod's node.
 */
#include "actors/admission/plugin.h"
#include "tests/unit/actors/server/rig.h"

#define PODS "/api/v1/namespaces/default/pods"
#define CONTAINER "\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]"

static struct rig *open_with(const char *name)
{
	static struct server_config config;
	struct rig *rig;

	config = (struct server_config){ 0 };
	for (uint32_t i = 0; i < plugin_count; i++)
		if (strcmp(plugins[i]->name, name) == 0)
			config.more_plugins = 1ULL << i;
	CHECK(config.more_plugins != 0 || name[0] == '\0');
	rig = rig_open(&config);
	CHECK_CODE(rig_post(rig, "/api/v1/namespaces/default/serviceaccounts",
			    "{\"metadata\":{\"name\":\"default\"}}"),
		   201);
	return rig;
}

static struct rig_answer make(struct rig *rig, const char *path, const char *spec)
{
	return rig_post(rig, path,
			rig_printf("{\"metadata\":{\"name\":\"p\"},\"spec\":{%s}}", spec).at);
}

static const struct {
	const char *plugin, *spec, *at,
	    *value; /* without a path: the value is why it is forbidden */
} pods[] = {
	{ "LimitPodHardAntiAffinityTopology",
	  CONTAINER
	  ",\"affinity\":{\"podAntiAffinity\":{"
	  "\"requiredDuringSchedulingIgnoredDuringExecution\":[{\"topologyKey\":\"zone\"}]}}",
	  NULL,
	  "affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey zone but only key "
	  "kubernetes.io/hostname is allowed" },
	{ "LimitPodHardAntiAffinityTopology",
	  CONTAINER ",\"affinity\":{\"podAntiAffinity\":{"
		    "\"requiredDuringSchedulingIgnoredDuringExecution\":[{\"topologyKey\":"
		    "\"kubernetes.io/hostname\"}]}}",
	  "metadata.name", "p" },
	{ "ExtendedResourceToleration",
	  "\"containers\":[{\"name\":\"c\",\"image\":\"i\",\"resources\":{\"limits\":{\"b.com/x\":"
	  "\"1\",\"a.com/y\":\"2\",\"cpu\":\"1\"}}}]",
	  "spec.tolerations[2]",
	  "{\"key\":\"a.com/y\",\"operator\":\"Exists\",\"effect\":\"NoSchedule\"}" },
	{ "", CONTAINER ",\"nodeSelector\":{\"a\":\"c\"}", "spec.nodeSelector", "{\"a\":\"c\"}" },
	{ "PodNodeSelector", CONTAINER ",\"nodeSelector\":{\"a\":\"c\"}", NULL,
	  "pod node label selector conflicts with its namespace node label selector" },
	{ "PodNodeSelector", CONTAINER ",\"nodeSelector\":{\"b\":\"c\"}", "spec.nodeSelector",
	  "{\"a\":\"b\",\"b\":\"c\",\"d\":\"\"}" },
};

TEST(what_operators_ask_for_of_pods)
{
	for (size_t i = 0; i < sizeof pods / sizeof pods[0]; i++) {
		struct rig *rig = open_with(pods[i].plugin);
		struct rig_answer answer;

		CHECK_CODE(
		    rig_patch(rig, "merge", "/api/v1/namespaces/default",
			      "{\"metadata\":{\"annotations\":{\"scheduler.alpha.kubernetes.io/"
			      "node-selector\":\"a=b, d=\"}}}"),
		    200);
		answer = make(rig, PODS, pods[i].spec);
		if (pods[i].at != NULL)
			CHECK_AT(answer.body, pods[i].at, pods[i].value);
		else
			CHECK_FAILURE(answer, 403, "Forbidden",
				      rig_printf("pods \"p\" is forbidden: %s", pods[i].value).at);
		rig_close(rig);
	}
}

TEST(a_selector_of_a_namespace_that_is_none_stops_its_pods)
{
	struct rig *rig = open_with("PodNodeSelector");

	CHECK_CODE(rig_patch(rig, "merge", "/api/v1/namespaces/default",
			     "{\"metadata\":{\"annotations\":{\"scheduler.alpha.kubernetes.io/"
			     "node-selector\":\"a\"}}}"),
		   200);
	CHECK_CODE(make(rig, PODS, CONTAINER), 500);
	rig_close(rig);
}

/* Annotations of the namespace, and what becomes of a pod's tolerations. */
static const struct {
	const char *given, *allowed, *spec;
	int code;
	const char *at, *value; /* or the message */
} tolerations[] = {
	{ "", "", CONTAINER, 201, "spec.tolerations[2]", NULL },
	{ "[{\\\"key\\\":\\\"a\\\",\\\"operator\\\":\\\"Exists\\\"}]", "",
	  CONTAINER ",\"tolerations\":[{\"key\":\"a\",\"operator\":\"Equal\",\"value\":\"b\"}]",
	  201, "spec.tolerations[2]", "{\"key\":\"a\",\"operator\":\"Exists\"}" },
	{ "", "",
	  "\"containers\":[{\"name\":\"c\",\"image\":\"i\",\"resources\":{\"requests\":{"
	  "\"cpu\":\"1m\"}}}]",
	  201, "spec.tolerations[2]",
	  "{\"key\":\"node.kubernetes.io/memory-pressure\",\"operator\":\"Exists\","
	  "\"effect\":\"NoSchedule\"}" },
	{ "", "[{\\\"key\\\":\\\"a\\\",\\\"operator\\\":\\\"Exists\\\"}]",
	  CONTAINER ",\"tolerations\":[{\"key\":\"b\",\"operator\":\"Exists\"}]", 500, NULL,
	  "pod tolerations (possibly merged with namespace default tolerations) conflict with its "
	  "namespace whitelist" },
	{ "no list", "", CONTAINER, 500, NULL, NULL },
	{ "", "no list", CONTAINER ",\"tolerations\":[{\"key\":\"b\",\"operator\":\"Exists\"}]",
	  500, NULL, NULL },
};

TEST(a_namespace_gives_and_allows_tolerations)
{
	for (size_t i = 0; i < sizeof tolerations / sizeof tolerations[0]; i++) {
		struct rig *rig = open_with("PodTolerationRestriction");
		struct rig_answer answer;

		CHECK_CODE(rig_patch(rig, "merge", "/api/v1/namespaces/default",
				     rig_printf("{\"metadata\":{\"annotations\":{\"scheduler.alpha."
						"kubernetes.io/defaultTolerations\":\"%s\","
						"\"scheduler.alpha.kubernetes.io/"
						"tolerationsWhitelist\":\"%s\"}}}",
						tolerations[i].given, tolerations[i].allowed)
					 .at),
			   200);
		answer = make(rig, PODS, tolerations[i].spec);
		CHECK_CODE(answer, tolerations[i].code);
		if (tolerations[i].at != NULL && tolerations[i].value != NULL)
			CHECK_AT(answer.body, tolerations[i].at, tolerations[i].value);
		else if (tolerations[i].value != NULL)
			CHECK_AT(answer.body, "message", tolerations[i].value);
		rig_close(rig);
	}
}

TEST(nothing_is_written_in_a_namespace_that_is_not_there)
{
	struct rig *rig = open_with("NamespaceExists");

	CHECK_FAILURE(
	    rig_post(rig, "/api/v1/namespaces/no/configmaps", "{\"metadata\":{\"name\":\"a\"}}"),
	    404, "NotFound", "namespaces \"no\" not found");
	CHECK_CODE(rig_post(rig, "/api/v1/namespaces/default/configmaps",
			    "{\"metadata\":{\"name\":\"a\"}}"),
		   201);
	rig_close(rig);
}

/* ---- what a pod's node can do ---------------------------------------------------------------------------------- */

static const struct {
	const char *node, *change, *why; /* NULL: it is done */
} resizes[] = {
	{ "", "\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":{\"cpu\":\"2\"}}}]",
	  NULL },
	{ "", "\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":{\"cpu\":\"5\"}}}]",
	  "node didn't have enough allocatable resources: cpu, requested: 5000, allocatable: "
	  "4000" },
	{ "",
	  "\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":{\"cpu\":\"4001m\","
	  "\"memory\":"
	  "\"2Gi\"}}}]",
	  "node didn't have enough allocatable resources: cpu, requested: 4001, allocatable: 4000; "
	  "memory, requested: 2147483648, allocatable: 1073741824" },
	{ "\"kubernetes.io/os\":\"windows\"",
	  "\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":{\"cpu\":\"2\"}}}]",
	  "pod resize is only supported on linux nodes, node \"n\" is \"windows\"" },
	{ "", "\"initContainers\":[{\"name\":\"b\",\"resources\":{\"requests\":{\"cpu\":\"2\"}}}]",
	  "pod update requires features InPlacePodVerticalScalingInitContainers which are not "
	  "available on node \"n\"" },
};

TEST(a_pod_is_resized_as_far_as_its_node_can_follow)
{
	for (size_t i = 0; i < sizeof resizes / sizeof resizes[0]; i++) {
		struct rig *rig = open_with("");
		struct rig_answer answer;

		CHECK_CODE(rig_post(rig, "/api/v1/nodes",
				    rig_printf("{\"metadata\":{\"name\":\"n\",\"labels\":{%s}},"
					       "\"status\":{\"allocatable\":{\"cpu\":\"4\","
					       "\"memory\":\"1Gi\"}}}",
					       resizes[i].node)
					.at),
			   201);
		CHECK_CODE(make(rig, PODS,
				"\"nodeName\":\"n\",\"initContainers\":[{\"name\":\"b\",\"image\":"
				"\"i\",\"resources\":{\"requests\":{\"cpu\":\"1\"}}}],"
				"\"containers\":[{\"name\":\"c\",\"image\":\"i\",\"resources\":{"
				"\"requests\":{\"cpu\":\"1\",\"memory\":\"1Mi\"}}}]"),
			   201);
		answer = rig_patch(rig, "strategic", PODS "/p/resize",
				   rig_printf("{\"spec\":{%s}}", resizes[i].change).at);
		if (resizes[i].why == NULL)
			CHECK_CODE(answer, 200);
		else
			CHECK_FAILURE(answer, 403, "Forbidden",
				      rig_printf("pods \"p\" is forbidden: %s", resizes[i].why).at);
		rig_close(rig);
	}
}
