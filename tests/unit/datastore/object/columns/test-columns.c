#include "datastore/object/columns/columns.h"

#include "datastore/object/json.h"
#include "datastore/object/record.h"
#include "datastore/schema/resource-row.h"
#include "runtime/base/base.h"
#include "tests/lib/test.h"
#include "transport/wire/json.h"

#define NOW "2026-03-01T12:00:00Z"

/* An object as its author or controllers would leave it, and what `kubectl get -o wide` shows of it. */
struct example {
	const char *api_version, *kind;
	const char *json;
	const char *cells;
};

static struct wall now(void)
{
	struct wall at = { 0 };

	CHECK_STATUS(time_parse(STR(NOW), &at), OK);
	return at;
}

static const struct type *type_for(const char *api_version, const char *kind)
{
	const struct type *type = type_find_api(str_from(api_version), str_from(kind));

	CHECK(type != NULL);
	return type;
}

static void *read(const struct type *type, const char *json)
{
	struct fault why = { 0 };
	void *record = NULL;

	if (json_decode(type, str_from(json), test_arena(), (struct json_options){ 0 }, &record,
			&why) != OK)
		test_fail(__FILE__, __LINE__, "%s: %s", json, why.text);
	return record;
}

/* With < and > as people write them: our JSON escapes them, as Go's does. */
static struct str plain(struct str json)
{
	struct text out = text_in(test_arena(), MIB);
	struct str rest = json;

	while (rest.len > 0) {
		bool is_less = str_starts(rest, STR("\\u003c"));
		bool is_escaped = is_less || str_starts(rest, STR("\\u003e"));

		text_add_char(&out, is_less ? '<' : is_escaped ? '>' : rest.at[0]);
		rest = str_slice(rest, is_escaped ? 6 : 1, rest.len);
	}
	return text_str(&out);
}

static struct str cells_in(const struct type *type, const void *record,
			   const struct columns_view *view)
{
	struct text out = text_in(test_arena(), MIB);
	struct columns columns;

	columns_of(type, &columns);
	columns_write_cells(&columns, record, view, test_arena(), &out);
	CHECK(json_is_valid(text_str(&out)));
	return plain(text_str(&out));
}

static void check_all(const struct example *examples, size_t count)
{
	struct columns_view view = { .now = now() };

	for (size_t i = 0; i < count; i++) {
		const struct type *type = type_for(examples[i].api_version, examples[i].kind);

		CHECK_STR(cells_in(type, read(type, examples[i].json), &view), examples[i].cells);
	}
}
#define CHECK_ALL(examples) check_all(examples, sizeof(examples) / sizeof(examples)[0])

#define META(name) \
	"\"metadata\":{\"name\":\"" name "\",\"creationTimestamp\":\"2026-03-01T11:55:00Z\"}"

TEST(a_pod_shows_what_its_containers_add_up_to)
{
	static const struct example examples[] = {
		{ "v1", "Pod",
		  "{" META(
		      "web") ",\"spec\":{\"nodeName\":\"n1\",\"containers\":[{\"name\":\"a\"}]},"
			     "\"status\":{\"phase\":\"Running\",\"podIPs\":[{\"ip\":\"10.0.0.7\"}],"
			     "\"containerStatuses\":["
			     "{\"name\":\"a\",\"ready\":true,\"restartCount\":0,\"state\":{"
			     "\"running\":{}}}]}}",
		  "[\"web\",\"1/"
		  "1\",\"Running\",\"0\",\"5m\",\"10.0.0.7\",\"n1\",\"<none>\",\"<none>\"]" },
		{ "v1", "Pod",
		  "{" META(
		      "crash") ",\"spec\":{\"containers\":[{\"name\":\"a\"},{\"name\":\"b\"}]},"
			       "\"status\":{\"phase\":\"Running\",\"containerStatuses\":["
			       "{\"name\":\"a\",\"restartCount\":2,\"state\":{\"waiting\":{"
			       "\"reason\":\"CrashLoopBackOff\"}},"
			       "\"lastState\":{\"terminated\":{\"exitCode\":1,\"finishedAt\":"
			       "\"2026-03-01T11:56:50Z\"}}},"
			       "{\"name\":\"b\",\"ready\":true,\"restartCount\":1,\"state\":{"
			       "\"running\":{}},"
			       "\"lastState\":{\"terminated\":{\"exitCode\":1,\"finishedAt\":"
			       "\"2026-03-01T11:56:00Z\"}}}]}}",
		  "[\"crash\",\"1/2\",\"CrashLoopBackOff\",\"3 (3m10s "
		  "ago)\",\"5m\",\"<none>\",\"<none>\","
		  "\"<none>\",\"<none>\"]" },
		{ "v1", "Pod",
		  "{" META(
		      "init") ",\"spec\":{\"initContainers\":[{\"name\":\"i\"},{\"name\":\"j\"}],"
			      "\"containers\":[{\"name\":\"a\"}]},\"status\":{\"phase\":"
			      "\"Pending\",\"initContainerStatuses\":["
			      "{\"name\":\"i\",\"restartCount\":0,\"state\":{\"terminated\":{"
			      "\"exitCode\":0}}},"
			      "{\"name\":\"j\",\"restartCount\":4,\"state\":{\"running\":{}}}],"
			      "\"containerStatuses\":["
			      "{\"name\":\"a\",\"restartCount\":0,\"state\":{\"waiting\":{"
			      "\"reason\":\"PodInitializing\"}}}]}}",
		  "[\"init\",\"0/1\",\"Init:1/"
		  "2\",\"4\",\"5m\",\"<none>\",\"<none>\",\"<none>\",\"<none>\"]" },
		{ "v1", "Pod",
		  "{" META("init") ",\"spec\":{\"initContainers\":[{\"name\":\"i\"}],"
				   "\"containers\":[{\"name\":\"a\"}]},"
				   "\"status\":{\"phase\":\"Pending\",\"initContainerStatuses\":[{"
				   "\"name\":\"i\","
				   "\"state\":{\"waiting\":{\"reason\":\"ErrImagePull\"}}}]}}",
		  "[\"init\",\"0/"
		  "1\",\"Init:ErrImagePull\",\"0\",\"5m\",\"<none>\",\"<none>\",\"<none>\",\"<none>"
		  "\"]" },
		{ "v1", "Pod",
		  "{" META("init") ",\"spec\":{\"initContainers\":[{\"name\":\"i\"}],"
				   "\"containers\":[{\"name\":\"a\"}]},"
				   "\"status\":{\"phase\":\"Pending\",\"initContainerStatuses\":[{"
				   "\"name\":\"i\","
				   "\"state\":{\"terminated\":{\"exitCode\":3}}}]}}",
		  "[\"init\",\"0/"
		  "1\",\"Init:ExitCode:3\",\"0\",\"5m\",\"<none>\",\"<none>\",\"<none>\",\"<none>"
		  "\"]" },
		{ "v1", "Pod",
		  "{" META("sidecar") ",\"spec\":{\"initContainers\":[{\"name\":\"s\","
				      "\"restartPolicy\":\"Always\"}],"
				      "\"containers\":[{\"name\":\"a\"}]},\"status\":{\"phase\":"
				      "\"Running\",\"initContainerStatuses\":["
				      "{\"name\":\"s\",\"ready\":true,\"started\":true,"
				      "\"restartCount\":1,\"state\":{\"running\":{}}}],"
				      "\"containerStatuses\":[{\"name\":\"a\",\"ready\":true,"
				      "\"restartCount\":1,\"state\":{\"running\":{}}}]}}",
		  "[\"sidecar\",\"2/"
		  "2\",\"Running\",\"2\",\"5m\",\"<none>\",\"<none>\",\"<none>\",\"<none>\"]" },
		{ "v1", "Pod",
		  "{\"metadata\":{\"name\":\"going\",\"deletionTimestamp\":\"2026-03-01T12:00:"
		  "10Z\"},"
		  "\"spec\":{\"containers\":[{\"name\":\"a\"}]},\"status\":{\"phase\":\"Running\"}"
		  "}",
		  "[\"going\",\"0/"
		  "1\",\"Terminating\",\"0\",\"<unknown>\",\"<none>\",\"<none>\",\"<none>\",\"<"
		  "none>\"]" },
		{ "v1", "Pod",
		  "{\"metadata\":{\"name\":\"lost\",\"deletionTimestamp\":\"2026-03-01T12:00:10Z\"}"
		  ","
		  "\"spec\":{\"containers\":[{\"name\":\"a\"}]},\"status\":{\"phase\":\"Running\","
		  "\"reason\":\"NodeLost\"}}",
		  "[\"lost\",\"0/"
		  "1\",\"Unknown\",\"0\",\"<unknown>\",\"<none>\",\"<none>\",\"<none>\",\"<none>"
		  "\"]" },
		{ "v1", "Pod",
		  "{" META(
		      "mixed") ",\"spec\":{\"containers\":[{\"name\":\"a\"},{\"name\":\"b\"}]},"
			       "\"status\":{\"phase\":\"Running\",\"containerStatuses\":["
			       "{\"name\":\"a\",\"state\":{\"terminated\":{\"exitCode\":0,"
			       "\"reason\":\"Completed\"}}},"
			       "{\"name\":\"b\",\"ready\":true,\"state\":{\"running\":{}}}]}}",
		  "[\"mixed\",\"1/"
		  "2\",\"NotReady\",\"0\",\"5m\",\"<none>\",\"<none>\",\"<none>\",\"<none>\"]" },
		{ "v1", "Pod",
		  "{" META(
		      "failed") ",\"spec\":{\"containers\":[{\"name\":\"a\"},{\"name\":\"b\"}]},"
				"\"status\":{\"phase\":\"Failed\",\"containerStatuses\":["
				"{\"name\":\"a\",\"state\":{\"terminated\":{\"exitCode\":0,"
				"\"reason\":\"Completed\"}}},"
				"{\"name\":\"b\",\"state\":{\"terminated\":{\"exitCode\":137,"
				"\"signal\":9}}}]}}",
		  "[\"failed\",\"0/"
		  "2\",\"Signal:9\",\"0\",\"5m\",\"<none>\",\"<none>\",\"<none>\",\"<none>\"]" },
		{ "v1", "Pod",
		  "{" META("gated") ",\"spec\":{\"readinessGates\":[{\"conditionType\":\"x/"
				    "a\"},{\"conditionType\":\"x/b\"}],"
				    "\"containers\":[{\"name\":\"a\"}]},\"status\":{\"phase\":"
				    "\"Pending\",\"nominatedNodeName\":\"n2\","
				    "\"conditions\":[{\"type\":\"PodScheduled\",\"status\":"
				    "\"False\",\"reason\":\"SchedulingGated\"},"
				    "{\"type\":\"x/b\",\"status\":\"True\"}]}}",
		  "[\"gated\",\"0/"
		  "1\",\"SchedulingGated\",\"0\",\"5m\",\"<none>\",\"<none>\",\"n2\",\"1/2\"]" },
		{ "v1", "Pod",
		  "{}", "[\"\",\"0/0\",\"\",\"0\",\"<unknown>\",\"<none>\",\"<none>\",\"<none>\",\"<none>\"]" },
	};

	CHECK_ALL(examples);
}

TEST(a_service_shows_where_it_is_reached)
{
	static const struct example examples[] = {
		{ "v1", "Service",
		  "{" META("a") ",\"spec\":{\"type\":\"ClusterIP\",\"clusterIPs\":[\"10.96.0.1\"],"
				"\"ports\":["
				"{\"port\":443,\"protocol\":\"TCP\"},{\"port\":53,\"protocol\":"
				"\"UDP\",\"nodePort\":30053}],"
				"\"selector\":{\"app\":\"web\",\"tier\":\"x\"}}}",
		  "[\"a\",\"ClusterIP\",\"10.96.0.1\",\"<none>\",\"443/TCP,53:30053/"
		  "UDP\",\"5m\",\"app=web,tier=x\"]" },
		{ "v1", "Service",
		  "{" META(
		      "b") ",\"spec\":{\"type\":\"LoadBalancer\",\"externalIPs\":[\"1.1.1.1\"]},"
			   "\"status\":{\"loadBalancer\":{\"ingress\":[{\"hostname\":\"z.example\"}"
			   ",{\"ip\":\"9.9.9.9\"}]}}}",
		  "[\"b\",\"LoadBalancer\",\"<none>\",\"9.9.9.9,z.example,1.1.1.1\",\"<none>\","
		  "\"5m\",\"<none>\"]" },
		{ "v1", "Service", "{" META("c") ",\"spec\":{\"type\":\"LoadBalancer\"}}",
		  "[\"c\",\"LoadBalancer\",\"<none>\",\"<pending>\",\"<none>\",\"5m\",\"<none>"
		  "\"]" },
		{ "v1", "Service",
		  "{" META(
		      "d") ",\"spec\":{\"type\":\"ExternalName\",\"externalName\":\"x.example\"}}",
		  "[\"d\",\"ExternalName\",\"<none>\",\"x.example\",\"<none>\",\"5m\",\"<none>"
		  "\"]" },
		{ "v1", "Endpoints",
		  "{" META("e") ",\"subsets\":[{\"addresses\":[{\"ip\":\"10.0.0.1\"},{\"ip\":"
				"\"fd00::2\"},"
				"{\"ip\":\"10.0.0.3\"},{\"ip\":\"10.0.0.4\"}],\"ports\":[{\"port\":"
				"80}]}]}",
		  "[\"e\",\"10.0.0.1:80,[fd00::2]:80,10.0.0.3:80 + 1 more...\",\"5m\"]" },
		{ "v1", "Endpoints", "{" META("e") "}", "[\"e\",\"<none>\",\"5m\"]" },
		{ "discovery.k8s.io/v1", "EndpointSlice",
		  "{" META("s") ",\"addressType\":\"IPv4\",\"ports\":[{\"port\":80},{\"name\":"
				"\"all\"},{}],"
				"\"endpoints\":[{\"addresses\":[\"10.0.0.1\"]},{\"addresses\":["
				"\"10.0.0.2\"]}]}",
		  "[\"s\",\"IPv4\",\"80,all,*\",\"10.0.0.1,10.0.0.2\",\"5m\"]" },
		{ "discovery.k8s.io/v1", "EndpointSlice", "{" META("s") ",\"addressType\":\"IPv4\"}",
		  "[\"s\",\"IPv4\",\"<unset>\",\"<unset>\",\"5m\"]" },
		{ "networking.k8s.io/v1", "Ingress",
		  "{" META(
		      "i") ",\"spec\":{\"ingressClassName\":\"x\",\"tls\":[{}],\"rules\":[{"
			   "\"host\":\"a\"},{},"
			   "{\"host\":\"b\"},{\"host\":\"c\"},{\"host\":\"d\"}]},"
			   "\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"9.9.9.9\"}]}}}",
		  "[\"i\",\"x\",\"a,b,c + 2 more...\",\"9.9.9.9\",\"80, 443\",\"5m\"]" },
		{ "networking.k8s.io/v1", "Ingress", "{" META("i") "}",
		  "[\"i\",\"<none>\",\"*\",\"\",\"80\",\"5m\"]" },
		{ "networking.k8s.io/v1", "IngressClass",
		  "{\"metadata\":{\"name\":\"x\",\"annotations\":{\"ingressclass.kubernetes.io/"
		  "is-default-class\":\"true\"}},"
		  "\"spec\":{\"controller\":\"c\",\"parameters\":{\"apiGroup\":\"g\",\"kind\":"
		  "\"K\",\"name\":\"n\"}}}",
		  "[\"x (default)\",\"c\",\"K.g/n\",\"<unknown>\"]" },
		{ "networking.k8s.io/v1", "IPAddress",
		  "{" META("10.96.0.1") ",\"spec\":{\"parentRef\":{\"resource\":\"services\","
					"\"namespace\":\"default\","
					"\"name\":\"kubernetes\"}}}",
		  "[\"10.96.0.1\",\"services/default/kubernetes\"]" },
		{ "networking.k8s.io/v1", "NetworkPolicy",
		  "{" META("p") ",\"spec\":{\"podSelector\":{}}}", "[\"p\",\"<none>\",\"5m\"]" },
	};

	CHECK_ALL(examples);
}

TEST(workloads_show_how_far_they_are)
{
	static const struct example examples[] = {
		{ "apps/v1", "Deployment",
		  "{" META("d") ",\"spec\":{\"replicas\":3,\"selector\":{\"matchLabels\":{\"app\":"
				"\"d\"}},"
				"\"template\":{\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":"
				"\"x:1\"},{\"name\":\"b\",\"image\":\"y\"}]}}},"
				"\"status\":{\"readyReplicas\":2,\"updatedReplicas\":3,"
				"\"availableReplicas\":1}}",
		  "[\"d\",\"2/3\",3,1,\"5m\",\"a,b\",\"x:1,y\",\"app=d\"]" },
		{ "apps/v1", "Deployment", "{" META("d") ",\"spec\":{\"replicas\":0}}",
		  "[\"d\",\"0/0\",0,0,\"5m\",\"\",\"\",\"\"]" },
		{ "apps/v1", "Deployment",
		  "{" META("d") ",\"spec\":{\"selector\":{\"matchExpressions\":[{\"key\":\"a\","
				"\"operator\":\"Like\"}]}}}",
		  "[\"d\",\"0/0\",0,0,\"5m\",\"\",\"\",\"<invalid>\"]" },
		{ "apps/v1", "ReplicaSet",
		  "{" META("r") ",\"spec\":{\"replicas\":2,\"selector\":{\"matchExpressions\":[{"
				"\"key\":\"a\","
				"\"operator\":\"In\",\"values\":[\"x\",\"y\"]}]}},\"status\":{"
				"\"replicas\":2,\"readyReplicas\":1}}",
		  "[\"r\",2,2,1,\"5m\",\"\",\"\",\"a in (x,y)\"]" },
		{ "apps/v1", "StatefulSet",
		  "{" META("s") ",\"spec\":{\"replicas\":1,\"template\":{\"spec\":{\"containers\":["
				"{\"name\":\"a\","
				"\"image\":\"x\"}]}}},\"status\":{\"readyReplicas\":1}}",
		  "[\"s\",\"1/1\",\"5m\",\"a\",\"x\"]" },
		{ "apps/v1", "DaemonSet",
		  "{" META("ds") ",\"spec\":{\"selector\":{\"matchLabels\":{\"a\":\"b\"}},"
				 "\"template\":{\"spec\":{"
				 "\"nodeSelector\":{\"disk\":\"ssd\"}}}},\"status\":{"
				 "\"desiredNumberScheduled\":4,"
				 "\"currentNumberScheduled\":3,\"numberReady\":2,"
				 "\"updatedNumberScheduled\":1}}",
		  "[\"ds\",4,3,2,1,0,\"disk=ssd\",\"5m\",\"\",\"\",\"a=b\"]" },
		{ "apps/v1", "ControllerRevision",
		  "{\"metadata\":{\"name\":\"cr\",\"ownerReferences\":[{\"apiVersion\":\"apps/"
		  "v1\",\"kind\":\"StatefulSet\","
		  "\"name\":\"s\",\"controller\":true}]},\"revision\":3}",
		  "[\"cr\",\"statefulset.apps/s\",3,\"<unknown>\"]" },
		{ "v1", "ReplicationController",
		  "{" META("rc") ",\"spec\":{\"replicas\":1,\"selector\":{\"a\":\"b\"}}}",
		  "[\"rc\",1,0,0,\"5m\",\"\",\"\",\"a=b\"]" },
		{ "batch/v1", "Job",
		  "{" META("j") ",\"spec\":{\"completions\":3,\"parallelism\":1},\"status\":{"
				"\"succeeded\":1,"
				"\"startTime\":\"2026-03-01T11:58:30Z\"}}",
		  "[\"j\",\"Running\",\"1/3\",\"90s\",\"5m\",\"\",\"\",\"<none>\"]" },
		{ "batch/v1", "Job",
		  "{" META("j") ",\"spec\":{\"parallelism\":2},\"status\":{\"succeeded\":1,"
				"\"startTime\":\"2026-03-01T11:00:00Z\","
				"\"completionTime\":\"2026-03-01T11:00:10Z\",\"conditions\":[{"
				"\"type\":\"Complete\",\"status\":\"True\"}]}}",
		  "[\"j\",\"Complete\",\"1/1 of 2\",\"10s\",\"5m\",\"\",\"\",\"<none>\"]" },
		{ "batch/v1", "Job",
		  "{\"metadata\":{\"name\":\"j\",\"deletionTimestamp\":\"2026-03-01T11:00:00Z\"},"
		  "\"status\":{\"conditions\":["
		  "{\"type\":\"Suspended\",\"status\":\"True\"}]}}",
		  "[\"j\",\"Terminating\",\"0/1\",\"\",\"<unknown>\",\"\",\"\",\"<none>\"]" },
		{ "batch/v1", "Job",
		  "{" META("j") ",\"status\":{\"conditions\":[{\"type\":\"Suspended\",\"status\":"
				"\"True\"}]}}",
		  "[\"j\",\"Suspended\",\"0/1\",\"\",\"5m\",\"\",\"\",\"<none>\"]" },
		{ "batch/v1", "CronJob",
		  "{" META("c") ",\"spec\":{\"schedule\":\"* * * * "
				"*\",\"timeZone\":\"Etc/UTC\",\"suspend\":false},"
				"\"status\":{\"active\":[{\"name\":\"c-1\"}],\"lastScheduleTime\":"
				"\"2026-03-01T11:59:15Z\"}}",
		  "[\"c\",\"* * * * "
		  "*\",\"Etc/UTC\",\"False\",1,\"45s\",\"5m\",\"\",\"\",\"<none>\"]" },
		{ "batch/v1", "CronJob", "{" META("c") ",\"spec\":{\"schedule\":\"@daily\"}}",
		  "[\"c\",\"@daily\",\"<none>\",\"<unset>\",0,\"<none>\",\"5m\",\"\",\"\",\"<none>"
		  "\"]" },
		{ "policy/v1", "PodDisruptionBudget",
		  "{" META("b") ",\"spec\":{\"minAvailable\":\"50%\"},\"status\":{"
				"\"disruptionsAllowed\":2}}",
		  "[\"b\",\"50%\",\"N/A\",2,\"5m\"]" },
		{ "policy/v1", "PodDisruptionBudget",
		  "{" META("b") ",\"spec\":{\"maxUnavailable\":0}}",
		  "[\"b\",\"N/A\",\"0\",0,\"5m\"]" },
	};

	CHECK_ALL(examples);
}

#define CPU(target, more)                                                                          \
	"{\"type\":\"Resource\",\"resource\":{\"name\":\"cpu\",\"target\":{\"type\":\"x\"," target \
	"}}}" more

TEST(an_autoscaler_shows_what_is_measured_and_what_is_wanted)
{
	static const struct example examples[] = {
		{ "autoscaling/v2", "HorizontalPodAutoscaler",
		  "{" META(
		      "h") ",\"spec\":{\"scaleTargetRef\":{\"kind\":\"Deployment\",\"name\":\"d\"},"
			   "\"minReplicas\":2,"
			   "\"maxReplicas\":5,\"metrics\":[" CPU(
			       "\"averageUtilization\":80",
			       "") "]},"
				   "\"status\":{\"currentReplicas\":3,\"currentMetrics\":[{"
				   "\"type\":\"Resource\",\"resource\":{"
				   "\"name\":\"cpu\",\"current\":{\"averageUtilization\":20}}}]}}",
		  "[\"h\",\"Deployment/d\",\"cpu: 20%/80%\",\"2\",5,3,\"5m\"]" },
		{ "autoscaling/v2", "HorizontalPodAutoscaler",
		  "{" META("h") ",\"spec\":{\"scaleTargetRef\":{\"kind\":\"D\",\"name\":\"d\"},"
				"\"maxReplicas\":5,\"metrics\":[" CPU(
				    "\"averageValue\":\"500m\"",
				    ",") "{\"type\":\"External\",\"external\":{\"metric\":{"
					 "\"name\":\"q\"},\"target\":{\"averageValue\":\"2\"}}},"
					 "{\"type\":\"Pods\",\"pods\":{\"target\":{"
					 "\"averageValue\":\"3\"}}}]},"
					 "\"status\":{\"currentMetrics\":[{\"type\":\"\"},{"
					 "\"type\":\"External\",\"external\":{\"current\":"
					 "{\"averageValue\":\"1500m\"}}}]}}",
		  "[\"h\",\"D/d\",\"cpu: <unknown>/500m, 1500m/2 (avg) + 1 "
		  "more...\",\"<unset>\",5,0,\"5m\"]" },
		{ "autoscaling/v2", "HorizontalPodAutoscaler",
		  "{" META("h") ",\"spec\":{\"maxReplicas\":1}}",
		  "[\"h\",\"/\",\"<none>\",\"<unset>\",1,0,\"5m\"]" },
		{ "autoscaling/v1", "Scale",
		  "{" META("s") ",\"spec\":{\"replicas\":3},\"status\":{\"replicas\":2}}",
		  "[\"s\",3,2,\"5m\"]" },
	};

	CHECK_ALL(examples);
}

TEST(what_the_cluster_is_made_of_shows_its_state)
{
	static const struct example examples[] = {
		{ "v1", "Node",
		  "{\"metadata\":{\"name\":\"n\",\"creationTimestamp\":\"2026-02-01T12:00:00Z\","
		  "\"labels\":{"
		  "\"kubernetes.io/role\":\"b\",\"node-role.kubernetes.io/"
		  "control-plane\":\"\",\"node-role.kubernetes.io/\":\"\"}},"
		  "\"spec\":{\"unschedulable\":true},\"status\":{\"conditions\":[{\"type\":"
		  "\"Ready\",\"status\":\"True\"}],"
		  "\"addresses\":[{\"type\":\"Hostname\",\"address\":\"n\"},{\"type\":"
		  "\"InternalIP\",\"address\":\"10.1.1.1\"}],"
		  "\"nodeInfo\":{\"kubeletVersion\":\"v1.37.0\",\"osImage\":\"Debian\","
		  "\"kernelVersion\":\"6.1\","
		  "\"architecture\":\"amd64\",\"containerRuntimeVersion\":\"hollow://1\"}}}",
		  "[\"n\",\"Ready,SchedulingDisabled\",\"b,control-plane\",\"28d\",\"v1.37.0\","
		  "\"10.1.1.1\",\"<none>\","
		  "\"Debian\",\"6.1 (amd64)\",\"hollow://1\"]" },
		{ "v1", "Node",
		  "{" META("n") ",\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":"
				"\"Unknown\"}]}}",
		  "[\"n\",\"NotReady\",\"<none>\",\"5m\",\"\",\"<none>\",\"<none>\",\"<unknown>\","
		  "\"<unknown>\",\"<unknown>\"]" },
		{ "v1", "Node", "{" META("n") "}",
		  "[\"n\",\"Unknown\",\"<none>\",\"5m\",\"\",\"<none>\",\"<none>\",\"<unknown>\","
		  "\"<unknown>\",\"<unknown>\"]" },
		{ "v1", "Namespace", "{" META("ns") ",\"status\":{\"phase\":\"Active\"}}",
		  "[\"ns\",\"Active\",\"5m\"]" },
		{ "v1", "Secret",
		  "{" META("s") ",\"type\":\"Opaque\",\"data\":{\"a\":\"\",\"b\":\"eA==\"}}",
		  "[\"s\",\"Opaque\",2,\"5m\"]" },
		{ "v1", "ConfigMap",
		  "{" META("c") ",\"data\":{\"a\":\"\"},\"binaryData\":{\"b\":\"eA==\"}}",
		  "[\"c\",2,\"5m\"]" },
		{ "v1", "ServiceAccount", "{" META("sa") "}", "[\"sa\",\"5m\"]" },
		{ "v1", "ResourceQuota",
		  "{" META("q") ",\"status\":{\"hard\":{\"limits.cpu\":\"2\",\"pods\":\"10\","
				"\"requests.cpu\":\"1\"},"
				"\"used\":{\"pods\":\"3\"}}}",
		  "[\"q\",\"pods: 3/10, requests.cpu: 0/1\",\"limits.cpu: 0/2\",\"5m\"]" },
		{ "v1", "ComponentStatus",
		  "{" META("etcd") ",\"conditions\":[{\"type\":\"Healthy\",\"status\":\"True\","
				   "\"message\":\"ok\"}]}",
		  "[\"etcd\",\"Healthy\",\"ok\",\"\"]" },
		{ "v1", "LimitRange", "{" META("l") "}", "[\"l\",\"2026-03-01T11:55:00Z\"]" },
		{ "rbac.authorization.k8s.io/v1", "Role", "{" META("r") "}",
		  "[\"r\",\"2026-03-01T11:55:00Z\"]" },
		{ "rbac.authorization.k8s.io/v1", "RoleBinding",
		  "{" META(
		      "rb") ",\"roleRef\":{\"kind\":\"Role\",\"name\":\"r\"},\"subjects\":[{"
			    "\"kind\":\"User\",\"name\":\"u\"},"
			    "{\"kind\":\"User\",\"name\":\"v\"},{\"kind\":\"Group\",\"name\":\"g\"}"
			    ","
			    "{\"kind\":\"ServiceAccount\",\"namespace\":\"n\",\"name\":\"a\"}]}",
		  "[\"rb\",\"Role/r\",\"5m\",\"u, v\",\"g\",\"n/a\"]" },
		{ "rbac.authorization.k8s.io/v1", "ClusterRoleBinding",
		  "{" META("rb") ",\"roleRef\":{\"kind\":\"ClusterRole\",\"name\":\"r\"}}",
		  "[\"rb\",\"ClusterRole/r\",\"5m\",\"\",\"\",\"\"]" },
		{ "coordination.k8s.io/v1", "Lease",
		  "{" META("l") ",\"spec\":{\"holderIdentity\":\"me\"}}", "[\"l\",\"me\",\"5m\"]" },
		{ "scheduling.k8s.io/v1", "PriorityClass",
		  "{" META("p") ",\"value\":1000,\"preemptionPolicy\":\"Never\"}",
		  "[\"p\",1000,false,\"5m\",\"Never\"]" },
		{ "certificates.k8s.io/v1", "CertificateSigningRequest",
		  "{" META(
		      "c") ",\"spec\":{\"signerName\":\"s\",\"username\":\"u\","
			   "\"expirationSeconds\":86400},\"status\":{"
			   "\"certificate\":\"eA==\",\"conditions\":[{\"type\":\"Approved\"}]}}",
		  "[\"c\",\"5m\",\"s\",\"u\",\"24h\",\"Approved,Issued\"]" },
		{ "apiregistration.k8s.io/v1", "APIService", "{" META("a") "}",
		  "[\"a\",\"Local\",\"Unknown\",\"5m\"]" },
		{ "apiregistration.k8s.io/v1", "APIService",
		  "{" META("a") ",\"spec\":{\"service\":{\"namespace\":\"n\",\"name\":\"s\"}},"
				"\"status\":{\"conditions\":["
				"{\"type\":\"Available\",\"status\":\"False\",\"reason\":"
				"\"Missing\"}]}}",
		  "[\"a\",\"n/s\",\"False (Missing)\",\"5m\"]" },
		{ "apiextensions.k8s.io/v1", "CustomResourceDefinition",
		  "{" META("c") ",\"spec\":{\"group\":\"g\",\"scope\":\"Namespaced\",\"names\":{"
				"\"kind\":\"K\","
				"\"shortNames\":[\"k\"]},\"versions\":[{\"name\":\"v2\",\"served\":"
				"true,\"storage\":true},{\"name\":\"v1\",\"served\":true}]}}",
		  "[\"c\",\"Namespaced\",\"v1,v2(storage)\",\"2026-03-01T11:55:00Z\",\"g\",\"K\","
		  "\"k\",false]" },
		{ "flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration",
		  "{" META("p") ",\"spec\":{\"type\":\"Limited\",\"limited\":{"
				"\"nominalConcurrencyShares\":5,"
				"\"limitResponse\":{\"type\":\"Reject\"}}}}",
		  "[\"p\",\"Limited\",5,\"<none>\",\"<none>\",\"<none>\",\"5m\"]" },
		{ "flowcontrol.apiserver.k8s.io/v1", "FlowSchema",
		  "{" META("f") ",\"spec\":{\"priorityLevelConfiguration\":{\"name\":\"p\"},"
				"\"matchingPrecedence\":7}}",
		  "[\"f\",\"p\",7,\"<none>\",\"5m\",\"?\"]" },
		{ "admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy",
		  "{" META("v") ",\"spec\":{\"validations\":[{},{}],\"paramKind\":{\"apiVersion\":"
				"\"v1\",\"kind\":\"K\"}}}",
		  "[\"v\",2,\"v1/K\",\"5m\"]" },
		{ "admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding",
		  "{" META("v") ",\"spec\":{\"policyName\":\"p\",\"paramRef\":{\"name\":\"x\"}}}",
		  "[\"v\",\"p\",\"*/x\",\"5m\"]" },
		{ "resource.k8s.io/v1", "ResourceClaim",
		  "{" META(
		      "r") ",\"status\":{\"allocation\":{},\"reservedFor\":[{\"name\":\"p\"}]}}",
		  "[\"r\",\"allocated,reserved\",\"5m\"]" },
	};

	CHECK_ALL(examples);
}

TEST(an_event_shows_when_what_and_who_in_both_of_its_forms)
{
	static const struct example examples[] = {
		{ "v1", "Event",
		  "{" META("e") ",\"type\":\"Normal\",\"reason\":\"Started\",\"involvedObject\":{"
				"\"kind\":\"Pod\",\"name\":\"p\","
				"\"fieldPath\":\"spec.containers{a}\"},\"source\":{\"component\":"
				"\"kubelet\",\"host\":\"n\"},"
				"\"message\":\" "
				"hello\\n\",\"firstTimestamp\":\"2026-03-01T11:50:00Z\","
				"\"lastTimestamp\":\"2026-03-01T11:59:00Z\","
				"\"count\":4}",
		  "[\"60s\",\"Normal\",\"Started\",\"pod/p\",\"spec.containers{a}\",\"kubelet, "
		  "n\",\"hello\",\"10m\",4,\"e\"]" },
		{ "v1", "Event",
		  "{" META("e") ",\"eventTime\":\"2026-03-01T11:50:00.000000Z\","
				"\"reportingComponent\":\"sched\"}",
		  "[\"10m\",\"\",\"\",\"\",\"\",\"sched\",\"\",\"10m\",1,\"e\"]" },
		{ "v1", "Event",
		  "{" META(
		      "e") ",\"eventTime\":\"2026-03-01T11:50:00.000000Z\",\"series\":{\"count\":9,"
			   "\"lastObservedTime\":\"2026-03-01T11:59:58.000000Z\"}}",
		  "[\"2s\",\"\",\"\",\"\",\"\",\"\",\"\",\"10m\",9,\"e\"]" },
	};

	CHECK_ALL(examples);
}

TEST(volumes_and_claims_show_size_and_state)
{
	static const struct example examples[] = {
		{ "v1", "PersistentVolume",
		  "{" META("pv") ",\"spec\":{\"capacity\":{\"storage\":\"5Gi\"},\"accessModes\":["
				 "\"ReadWriteMany\","
				 "\"ReadWriteOnce\"],\"persistentVolumeReclaimPolicy\":\"Retain\","
				 "\"storageClassName\":\"fast\","
				 "\"claimRef\":{\"namespace\":\"n\",\"name\":\"c\"},\"volumeMode\":"
				 "\"Filesystem\"},\"status\":{\"phase\":\"Bound\"}}",
		  "[\"pv\",\"5Gi\",\"RWO,RWX\",\"Retain\",\"Bound\",\"n/"
		  "c\",\"fast\",\"<unset>\",\"\",\"5m\",\"Filesystem\"]" },
		{ "v1", "PersistentVolumeClaim",
		  "{" META("c") ",\"spec\":{\"volumeName\":\"pv\",\"storageClassName\":\"fast\"},"
				"\"status\":{\"phase\":\"Bound\","
				"\"capacity\":{\"storage\":\"5Gi\"},\"accessModes\":["
				"\"ReadWriteOncePod\"]}}",
		  "[\"c\",\"Bound\",\"pv\",\"5Gi\",\"RWOP\",\"fast\",\"<unset>\",\"5m\",\"<unset>"
		  "\"]" },
		{ "v1", "PersistentVolumeClaim",
		  "{\"metadata\":{\"name\":\"c\",\"deletionTimestamp\":\"2026-03-01T11:50:00Z\","
		  "\"annotations\":{"
		  "\"volume.beta.kubernetes.io/"
		  "storage-class\":\"old\"}},\"spec\":{\"storageClassName\":\"fast\"},"
		  "\"status\":{\"phase\":\"Pending\"}}",
		  "[\"c\",\"Terminating\",\"\",\"\",\"\",\"old\",\"<unset>\",\"<unknown>\",\"<"
		  "unset>\"]" },
		{ "storage.k8s.io/v1", "StorageClass", "{" META("s") ",\"provisioner\":\"p\"}",
		  "[\"s\",\"p\",\"Delete\",\"Immediate\",false,\"5m\"]" },
		{ "storage.k8s.io/v1", "CSIDriver",
		  "{" META("d") ",\"spec\":{\"volumeLifecycleModes\":[\"Persistent\"]}}",
		  "[\"d\",true,false,false,\"<unset>\",false,\"Persistent\",\"5m\"]" },
		{ "storage.k8s.io/v1", "CSINode", "{" META("n") ",\"spec\":{\"drivers\":[{},{}]}}",
		  "[\"n\",2,\"5m\"]" },
		{ "storage.k8s.io/v1", "VolumeAttachment",
		  "{" META("a") ",\"spec\":{\"attacher\":\"d\",\"nodeName\":\"n\",\"source\":{"
				"\"persistentVolumeName\":\"pv\"}},"
				"\"status\":{\"attached\":true}}",
		  "[\"a\",\"d\",\"pv\",\"n\",true,\"5m\"]" },
	};

	CHECK_ALL(examples);
}

TEST(a_list_of_storage_classes_marks_the_newest_default)
{
	const struct type *type = type_for("storage.k8s.io/v1", "StorageClass");
#define DEFAULT_CLASS(name, time)                                            \
	"{\"metadata\":{\"name\":\"" name "\",\"creationTimestamp\":\"" time \
	"\",\"annotations\":{"                                               \
	"\"storageclass.kubernetes.io/is-default-class\":\"true\"}},\"provisioner\":\"p\"}"
	const void *records[] = {
		read(type, DEFAULT_CLASS("old", "2026-02-01T00:00:00Z")),
		read(type, DEFAULT_CLASS("b", "2026-03-01T00:00:00Z")),
		read(type, DEFAULT_CLASS("a", "2026-03-01T00:00:00Z")),
		read(type, "{" META("z") ",\"provisioner\":\"p\"}"),
	};
	struct columns_view view = { .now = now() };
	uint32_t order[] = { 0, 1, 2, 3 };
	struct columns columns;

	columns_of(type, &columns);
	columns_arrange(&columns, records, 4, order, &view);
	CHECK_STR(view.chosen, "a");
	CHECK_STR(cells_in(type, records[2], &view),
		  "[\"a (default)\",\"p\",\"Delete\",\"Immediate\",false,\"12h\"]");
	CHECK_STR(cells_in(type, records[1], &view),
		  "[\"b\",\"p\",\"Delete\",\"Immediate\",false,\"12h\"]");
}

TEST(flow_schemas_are_shown_in_the_order_in_which_they_match)
{
	const struct type *type = type_for("flowcontrol.apiserver.k8s.io/v1", "FlowSchema");
	const void *records[] = {
		read(type, "{" META("b") ",\"spec\":{\"matchingPrecedence\":9}}"),
		read(type, "{" META("c") ",\"spec\":{\"matchingPrecedence\":1}}"),
		read(type, "{" META("a") ",\"spec\":{\"matchingPrecedence\":9}}"),
	};
	struct columns_view view = { .now = now() };
	uint32_t order[] = { 0, 1, 2 };
	struct columns columns;

	columns_of(type, &columns);
	columns_arrange(&columns, records, 3, order, &view);
	CHECK_EQ(order[0], 1);
	CHECK_EQ(order[1], 2);
	CHECK_EQ(order[2], 0);
}

TEST(a_pod_that_ended_says_so_beside_its_cells)
{
	const struct type *type = type_for("v1", "Pod");
	struct text out = text_in(test_arena(), KIB);
	struct columns columns;

	columns_of(type, &columns);
	CHECK(!columns_write_conditions(&columns,
					read(type, "{\"status\":{\"phase\":\"Running\"}}"), &out));
	CHECK_EQ(out.len, 0);
	CHECK(columns_write_conditions(&columns,
				       read(type, "{\"status\":{\"phase\":\"Succeeded\"}}"), &out));
	CHECK_STR(text_str(&out),
		  "[{\"type\":\"Completed\",\"status\":\"True\",\"reason\":\"Succeeded\","
		  "\"message\":\"All containers ended well.\"}]");
}

TEST(an_actor_shows_amounts_as_people_read_them)
{
	static const struct example examples[] = {
		{ "troupe.internal/v1", "Actor",
		  "{" META("n1.core.store") ",\"spec\":{\"node\":\"n1\",\"host\":\"core\","
					    "\"path\":\"store\",\"class\":\"store\"},"
					    "\"status\":{\"state\":\"Running\",\"restarts\":2,"
					    "\"lastReason\":\"killed\",\"startTime\":"
					    "\"2026-03-01T11:55:00Z\"},\"usage\":{\"mailbox\":1,"
					    "\"mailboxHigh\":32,\"messages\":4711,"
					    "\"messagesPerSecond\":12.5,"
					    "\"runP99Nanoseconds\":1572864,"
					    "\"memoryBytes\":4312}}",
		  "[\"n1.core.store\",\"n1\",\"core\",\"Running\",2,\"killed\",\"1/32\",\"12\","
		  "\"1.6ms\",\"4Ki\",\"5m\",\"store\",4711,\"store\"]" },
		{ "troupe.internal/v1", "Actor",
		  "{" META("n1.core") ",\"spec\":{\"node\":\"n1\",\"host\":\"core\","
				      "\"class\":\"host\"},\"status\":{\"state\":\"Running\"},"
				      "\"usage\":{\"messagesPerSecond\":0.5,"
				      "\"runP99Nanoseconds\":512,\"memoryBytes\":26214400}}",
		  "[\"n1.core\",\"n1\",\"core\",\"Running\",0,\"-\",\"0/0\",\"0.5\",\"0.5us\","
		  "\"25Mi\",\"<unknown>\",\"host\",0,\"-\"]" },
		{ "troupe.internal/v1", "Actor",
		  "{" META("n2") ",\"spec\":{\"node\":\"n2\",\"class\":\"node\"},"
				 "\"status\":{\"state\":\"Silent\"},"
				 "\"usage\":{\"runP99Nanoseconds\":2000000000,"
				 "\"memoryBytes\":512}}",
		  "[\"n2\",\"n2\",\"-\",\"Silent\",0,\"-\",\"0/0\",\"0.0\",\"2.0s\",\"512\","
		  "\"<unknown>\",\"node\",0,\"-\"]" },
		{ "troupe.internal/v1", "Member",
		  "{" META("n1") ",\"spec\":{\"address\":\"127.0.0.1:6444\"},\"status\":{"
				 "\"role\":\"Voter\",\"leader\":true,\"alive\":true}}",
		  "[\"n1\",\"Leader\",\"127.0.0.1:6444\",true,0]" },
		{ "troupe.internal/v1", "Member",
		  "{" META("n2") ",\"status\":{\"role\":\"Standby\",\"lagEntries\":7}}",
		  "[\"n2\",\"Standby\",\"\",false,7]" },
	};

	check_all(examples, sizeof examples / sizeof examples[0]);
}

TEST(definitions_say_name_type_format_and_which_are_wide)
{
	struct text out = text_in(test_arena(), 4 * KIB);
	struct columns columns;

	columns_of(type_for("discovery.k8s.io/v1", "EndpointSlice"), &columns);
	columns_write_definitions(&columns, &out);
	CHECK(json_is_valid(text_str(&out)));
	CHECK(str_starts(text_str(&out),
			 STR("[{\"name\":\"Name\",\"type\":\"string\",\"format\":\"name\","
			     "\"description\":\"Its name\",\"priority\":0},{\"name\":")));
}

TEST(another_version_has_the_columns_of_the_one_that_is_stored)
{
	struct columns columns;

	columns_of(type_for("events.k8s.io/v1", "Event"), &columns);
	CHECK_STR(columns.type->prefix, "core");
	CHECK_EQ(columns.len, 10);
	columns_of(type_for("autoscaling/v1", "HorizontalPodAutoscaler"), &columns);
	CHECK_STR(columns.type->version, "v2");
}

TEST(a_custom_resource_has_the_columns_that_its_definition_names)
{
	const struct type *type =
	    type_for("v1", "Pod"); /* any type will do: paths go through its JSON */
	const struct type *version_type =
	    type_named(STR("apiextensions"), STR("CustomResourceDefinitionVersion"));
	struct columns_view view = { .now = now() };
	struct text out = text_in(test_arena(), 4 * KIB);
	struct columns columns;

	columns_of_custom(
	    type,
	    read(version_type,
		 "{\"name\":\"v1\",\"additionalPrinterColumns\":["
		 "{\"name\":\"Phase\",\"type\":\"string\",\"jsonPath\":\".status.phase\"},"
		 "{\"name\":\"Ready\",\"type\":\"string\",\"priority\":1,"
		 "\"jsonPath\":\".status.conditions[?(@.type==\\\"Ready\\\")].status\"},"
		 "{\"name\":\"Grace\",\"type\":\"integer\",\"jsonPath\":\".spec."
		 "terminationGracePeriodSeconds\"},"
		 "{\"name\":\"Host\",\"type\":\"boolean\",\"jsonPath\":\".spec.hostNetwork\"},"
		 "{\"name\":\"Labels\",\"type\":\"string\",\"jsonPath\":\".metadata.labels\"},"
		 "{\"name\":\"Wrong\",\"type\":\"integer\",\"jsonPath\":\".metadata.name\"},"
		 "{\"name\":\"None\",\"type\":\"string\",\"jsonPath\":\".spec.nodeName\"},"
		 "{\"name\":\"Bad\",\"type\":\"date\",\"jsonPath\":\".metadata.name\"},"
		 "{\"name\":\"Age\",\"type\":\"date\",\"jsonPath\":\".metadata.creationTimestamp\"}"
		 "]}"),
	    test_arena(), &columns);
	columns_write_cells(
	    &columns,
	    read(
		type,
		"{\"metadata\":{\"name\":\"s\",\"labels\":{\"a\":\"b\"},"
		"\"creationTimestamp\":\"2026-03-01T11:55:00Z\"},\"spec\":{\"hostNetwork\":true,"
		"\"terminationGracePeriodSeconds\":7},\"status\":{\"phase\":\"Up\",\"conditions\":["
		"{\"type\":\"Other\",\"status\":\"False\"},{\"type\":\"Ready\",\"status\":\"True\"}"
		"]}}"),
	    &view, test_arena(), &out);
	CHECK_STR(plain(text_str(&out)), "[\"s\",\"Up\",\"True\",7,true,\"{\\\"a\\\":\\\"b\\\"}\","
					 "null,null,\"<invalid>\",\"5m\"]");
	text_clear(&out);
	columns_write_definitions(&columns, &out);
	CHECK(
	    str_find(text_str(&out), STR("{\"name\":\"Ready\",\"type\":\"string\",\"format\":\"\","
					 "\"description\":\"\",\"priority\":1}")) > 0);
}

TEST(a_custom_resource_without_columns_shows_its_age)
{
	const struct type *type = type_for("v1", "Pod");
	struct apiextensions_custom_resource_definition_version version = { 0 };
	struct columns_view view = { .now = now() };
	struct text out = text_in(test_arena(), KIB);
	struct columns columns;

	columns_of_custom(type, &version, test_arena(), &columns);
	columns_write_cells(&columns, read(type, "{" META("s") "}"), &view, test_arena(), &out);
	CHECK_STR(text_str(&out), "[\"s\",\"5m\"]");
}

static void check_path(const struct type *type, const struct column_row *row, struct str path)
{
	struct record_place place;

	if (record_field(type, NULL, path, &place) != OK)
		test_fail(__FILE__, __LINE__, STR_FMT ": no " STR_FMT, STR_ARG(type->name),
			  STR_ARG(path));
	if (row->form == CELL_AGE)
		CHECK_EQ(place.field->kind, KIND_TIME);
	if (row->form == CELL_COUNT || row->form == CELL_JOIN || row->form == CELL_LABELS)
		CHECK(place.field->shape != SHAPE_ONE);
	if (row->form == CELL_SELECTOR)
		CHECK_STR(place.field->type->name, "LabelSelector");
	if (row->member.at != NULL)
		CHECK_EQ(type_field(place.field->type, row->member)->kind, KIND_STRING);
}

static void check_row(const struct type *type, const struct column_row *row)
{
	struct str rest = row->cell;

	CHECK(row->name.len > 0 && row->description.len > 0);
	if (row->form == CELL_COMPUTED)
		return;
	if (row->form != CELL_TEXT) {
		check_path(type, row, row->cell);
		return;
	}
	for (str_cut(&rest, '{'); rest.at != NULL; str_cut(&rest, '{'))
		check_path(type, row, str_cut(&rest, '}'));
}

TEST(every_row_of_the_table_is_of_a_type_that_has_it)
{
	for (uint32_t i = 0; i + 1 < column_kind_count; i++) {
		const struct type *type = type_named(column_kinds[i].prefix, column_kinds[i].name);
		struct columns columns;

		CHECK(type != NULL);
		columns_of(type, &columns);
		for (uint32_t c = 0; c < columns.len; c++) {
			check_row(columns.type, &columns.rows[c]);
			CHECK_EQ(columns.rows[c].form == CELL_COMPUTED, columns.computed[c] != NULL);
		}
	}
}

TEST(every_kind_that_is_served_has_columns_and_an_empty_object_has_cells)
{
	struct columns_view view = { .now = now() };

	for (uint32_t i = 0; i < resource_row_count; i++) {
		const struct resource_row *row = &resource_rows[i];
		const struct type *type = type_find(row->group, row->version, row->kind);
		struct columns columns;

		columns_of(type, &columns);
		CHECK(columns.len >= 2);
		if (type_field(type, STR("metadata")) != NULL)
			cells_in(columns.type, record_new(columns.type, test_arena()), &view);
	}
}
