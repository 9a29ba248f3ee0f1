/*
 * What `kubectl get -o wide` shows of each kind, by example.
 */
#include "tests/lib/test.h"
#include "tests/unit/datastore/object/columns/cells.h"

TEST(a_pod_shows_what_its_containers_add_up_to)
{
	static const struct cells_example examples[] = {
		{ "v1", "Pod",
		  "{" CELLS_META(
		      "web") ",\"spec\":{\"nodeName\":\"n1\",\"containers\":[{\"name\":\"a\"}]},"
			     "\"status\":{\"phase\":\"Running\",\"podIPs\":[{\"ip\":\"10.0.0.7\"}],"
			     "\"containerStatuses\":["
			     "{\"name\":\"a\",\"ready\":true,\"restartCount\":0,\"state\":{"
			     "\"running\":{}}}]}}",
		  "[\"web\",\"1/"
		  "1\",\"Running\",\"0\",\"5m\",\"10.0.0.7\",\"n1\",\"<none>\",\"<none>\"]" },
		{ "v1", "Pod",
		  "{" CELLS_META(
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
		  "{" CELLS_META(
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
		  "{" CELLS_META(
		      "init") ",\"spec\":{\"initContainers\":[{\"name\":\"i\"}],"
			      "\"containers\":[{\"name\":\"a\"}]},"
			      "\"status\":{\"phase\":\"Pending\",\"initContainerStatuses\":[{"
			      "\"name\":\"i\","
			      "\"state\":{\"waiting\":{\"reason\":\"ErrImagePull\"}}}]}}",
		  "[\"init\",\"0/"
		  "1\",\"Init:ErrImagePull\",\"0\",\"5m\",\"<none>\",\"<none>\",\"<none>\",\"<none>"
		  "\"]" },
		{ "v1", "Pod",
		  "{" CELLS_META(
		      "init") ",\"spec\":{\"initContainers\":[{\"name\":\"i\"}],"
			      "\"containers\":[{\"name\":\"a\"}]},"
			      "\"status\":{\"phase\":\"Pending\",\"initContainerStatuses\":[{"
			      "\"name\":\"i\","
			      "\"state\":{\"terminated\":{\"exitCode\":3}}}]}}",
		  "[\"init\",\"0/"
		  "1\",\"Init:ExitCode:3\",\"0\",\"5m\",\"<none>\",\"<none>\",\"<none>\",\"<none>"
		  "\"]" },
		{ "v1", "Pod",
		  "{" CELLS_META(
		      "sidecar") ",\"spec\":{\"initContainers\":[{\"name\":\"s\","
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
		  "{" CELLS_META(
		      "mixed") ",\"spec\":{\"containers\":[{\"name\":\"a\"},{\"name\":\"b\"}]},"
			       "\"status\":{\"phase\":\"Running\",\"containerStatuses\":["
			       "{\"name\":\"a\",\"state\":{\"terminated\":{\"exitCode\":0,"
			       "\"reason\":\"Completed\"}}},"
			       "{\"name\":\"b\",\"ready\":true,\"state\":{\"running\":{}}}]}}",
		  "[\"mixed\",\"1/"
		  "2\",\"NotReady\",\"0\",\"5m\",\"<none>\",\"<none>\",\"<none>\",\"<none>\"]" },
		{ "v1", "Pod",
		  "{" CELLS_META(
		      "failed") ",\"spec\":{\"containers\":[{\"name\":\"a\"},{\"name\":\"b\"}]},"
				"\"status\":{\"phase\":\"Failed\",\"containerStatuses\":["
				"{\"name\":\"a\",\"state\":{\"terminated\":{\"exitCode\":0,"
				"\"reason\":\"Completed\"}}},"
				"{\"name\":\"b\",\"state\":{\"terminated\":{\"exitCode\":137,"
				"\"signal\":9}}}]}}",
		  "[\"failed\",\"0/"
		  "2\",\"Signal:9\",\"0\",\"5m\",\"<none>\",\"<none>\",\"<none>\",\"<none>\"]" },
		{ "v1", "Pod",
		  "{" CELLS_META(
		      "gated") ",\"spec\":{\"readinessGates\":[{\"conditionType\":\"x/"
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

	CELLS_CHECK_ALL(examples);
}

TEST(a_service_shows_where_it_is_reached)
{
	static const struct cells_example examples[] = {
		{ "v1", "Service",
		  "{" CELLS_META(
		      "a") ",\"spec\":{\"type\":\"ClusterIP\",\"clusterIPs\":[\"10.96.0.1\"],"
			   "\"ports\":["
			   "{\"port\":443,\"protocol\":\"TCP\"},{\"port\":53,\"protocol\":"
			   "\"UDP\",\"nodePort\":30053}],"
			   "\"selector\":{\"app\":\"web\",\"tier\":\"x\"}}}",
		  "[\"a\",\"ClusterIP\",\"10.96.0.1\",\"<none>\",\"443/TCP,53:30053/"
		  "UDP\",\"5m\",\"app=web,tier=x\"]" },
		{ "v1", "Service",
		  "{" CELLS_META(
		      "b") ",\"spec\":{\"type\":\"LoadBalancer\",\"externalIPs\":[\"1.1.1.1\"]},"
			   "\"status\":{\"loadBalancer\":{\"ingress\":[{\"hostname\":\"z.example\"}"
			   ",{\"ip\":\"9.9.9.9\"}]}}}",
		  "[\"b\",\"LoadBalancer\",\"<none>\",\"9.9.9.9,z.example,1.1.1.1\",\"<none>\","
		  "\"5m\",\"<none>\"]" },
		{ "v1", "Service", "{" CELLS_META("c") ",\"spec\":{\"type\":\"LoadBalancer\"}}",
		  "[\"c\",\"LoadBalancer\",\"<none>\",\"<pending>\",\"<none>\",\"5m\",\"<none>"
		  "\"]" },
		{ "v1", "Service",
		  "{" CELLS_META(
		      "d") ",\"spec\":{\"type\":\"ExternalName\",\"externalName\":\"x.example\"}}",
		  "[\"d\",\"ExternalName\",\"<none>\",\"x.example\",\"<none>\",\"5m\",\"<none>"
		  "\"]" },
		{ "v1", "Endpoints",
		  "{" CELLS_META(
		      "e") ",\"subsets\":[{\"addresses\":[{\"ip\":\"10.0.0.1\"},{\"ip\":"
			   "\"fd00::2\"},"
			   "{\"ip\":\"10.0.0.3\"},{\"ip\":\"10.0.0.4\"}],\"ports\":[{\"port\":"
			   "80}]}]}",
		  "[\"e\",\"10.0.0.1:80,[fd00::2]:80,10.0.0.3:80 + 1 more...\",\"5m\"]" },
		{ "v1", "Endpoints", "{" CELLS_META("e") "}", "[\"e\",\"<none>\",\"5m\"]" },
		{ "discovery.k8s.io/v1", "EndpointSlice",
		  "{" CELLS_META(
		      "s") ",\"addressType\":\"IPv4\",\"ports\":[{\"port\":80},{\"name\":"
			   "\"all\"},{}],"
			   "\"endpoints\":[{\"addresses\":[\"10.0.0.1\"]},{\"addresses\":["
			   "\"10.0.0.2\"]}]}",
		  "[\"s\",\"IPv4\",\"80,all,*\",\"10.0.0.1,10.0.0.2\",\"5m\"]" },
		{ "discovery.k8s.io/v1", "EndpointSlice",
		  "{" CELLS_META("s") ",\"addressType\":\"IPv4\"}",
		  "[\"s\",\"IPv4\",\"<unset>\",\"<unset>\",\"5m\"]" },
		{ "networking.k8s.io/v1", "Ingress",
		  "{" CELLS_META(
		      "i") ",\"spec\":{\"ingressClassName\":\"x\",\"tls\":[{}],\"rules\":[{"
			   "\"host\":\"a\"},{},"
			   "{\"host\":\"b\"},{\"host\":\"c\"},{\"host\":\"d\"}]},"
			   "\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"9.9.9.9\"}]}}}",
		  "[\"i\",\"x\",\"a,b,c + 2 more...\",\"9.9.9.9\",\"80, 443\",\"5m\"]" },
		{ "networking.k8s.io/v1", "Ingress", "{" CELLS_META("i") "}",
		  "[\"i\",\"<none>\",\"*\",\"\",\"80\",\"5m\"]" },
		{ "networking.k8s.io/v1", "IngressClass",
		  "{\"metadata\":{\"name\":\"x\",\"annotations\":{\"ingressclass.kubernetes.io/"
		  "is-default-class\":\"true\"}},"
		  "\"spec\":{\"controller\":\"c\",\"parameters\":{\"apiGroup\":\"g\",\"kind\":"
		  "\"K\",\"name\":\"n\"}}}",
		  "[\"x (default)\",\"c\",\"K.g/n\",\"<unknown>\"]" },
		{ "networking.k8s.io/v1", "IPAddress",
		  "{" CELLS_META("10.96.0.1") ",\"spec\":{\"parentRef\":{\"resource\":\"services\","
					      "\"namespace\":\"default\","
					      "\"name\":\"kubernetes\"}}}",
		  "[\"10.96.0.1\",\"services/default/kubernetes\"]" },
		{ "networking.k8s.io/v1", "NetworkPolicy",
		  "{" CELLS_META("p") ",\"spec\":{\"podSelector\":{}}}",
		  "[\"p\",\"<none>\",\"5m\"]" },
	};

	CELLS_CHECK_ALL(examples);
}

TEST(workloads_show_how_far_they_are)
{
	static const struct cells_example examples[] = {
		{ "apps/v1", "Deployment",
		  "{" CELLS_META(
		      "d") ",\"spec\":{\"replicas\":3,\"selector\":{\"matchLabels\":{\"app\":"
			   "\"d\"}},"
			   "\"template\":{\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":"
			   "\"x:1\"},{\"name\":\"b\",\"image\":\"y\"}]}}},"
			   "\"status\":{\"readyReplicas\":2,\"updatedReplicas\":3,"
			   "\"availableReplicas\":1}}",
		  "[\"d\",\"2/3\",3,1,\"5m\",\"a,b\",\"x:1,y\",\"app=d\"]" },
		{ "apps/v1", "Deployment", "{" CELLS_META("d") ",\"spec\":{\"replicas\":0}}",
		  "[\"d\",\"0/0\",0,0,\"5m\",\"\",\"\",\"\"]" },
		{ "apps/v1", "Deployment",
		  "{" CELLS_META(
		      "d") ",\"spec\":{\"selector\":{\"matchExpressions\":[{\"key\":\"a\","
			   "\"operator\":\"Like\"}]}}}",
		  "[\"d\",\"0/0\",0,0,\"5m\",\"\",\"\",\"<invalid>\"]" },
		{ "apps/v1", "ReplicaSet",
		  "{" CELLS_META(
		      "r") ",\"spec\":{\"replicas\":2,\"selector\":{\"matchExpressions\":[{"
			   "\"key\":\"a\","
			   "\"operator\":\"In\",\"values\":[\"x\",\"y\"]}]}},\"status\":{"
			   "\"replicas\":2,\"readyReplicas\":1}}",
		  "[\"r\",2,2,1,\"5m\",\"\",\"\",\"a in (x,y)\"]" },
		{ "apps/v1", "StatefulSet",
		  "{" CELLS_META(
		      "s") ",\"spec\":{\"replicas\":1,\"template\":{\"spec\":{\"containers\":["
			   "{\"name\":\"a\","
			   "\"image\":\"x\"}]}}},\"status\":{\"readyReplicas\":1}}",
		  "[\"s\",\"1/1\",\"5m\",\"a\",\"x\"]" },
		{ "apps/v1", "DaemonSet",
		  "{" CELLS_META("ds") ",\"spec\":{\"selector\":{\"matchLabels\":{\"a\":\"b\"}},"
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
		  "{" CELLS_META("rc") ",\"spec\":{\"replicas\":1,\"selector\":{\"a\":\"b\"}}}",
		  "[\"rc\",1,0,0,\"5m\",\"\",\"\",\"a=b\"]" },
		{ "batch/v1", "Job",
		  "{" CELLS_META("j") ",\"spec\":{\"completions\":3,\"parallelism\":1},\"status\":{"
				      "\"succeeded\":1,"
				      "\"startTime\":\"2026-03-01T11:58:30Z\"}}",
		  "[\"j\",\"Running\",\"1/3\",\"90s\",\"5m\",\"\",\"\",\"<none>\"]" },
		{ "batch/v1", "Job",
		  "{" CELLS_META(
		      "j") ",\"spec\":{\"parallelism\":2},\"status\":{\"succeeded\":1,"
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
		  "{" CELLS_META(
		      "j") ",\"status\":{\"conditions\":[{\"type\":\"Suspended\",\"status\":"
			   "\"True\"}]}}",
		  "[\"j\",\"Suspended\",\"0/1\",\"\",\"5m\",\"\",\"\",\"<none>\"]" },
		{ "batch/v1", "CronJob",
		  "{" CELLS_META(
		      "c") ",\"spec\":{\"schedule\":\"* * * * "
			   "*\",\"timeZone\":\"Etc/UTC\",\"suspend\":false},"
			   "\"status\":{\"active\":[{\"name\":\"c-1\"}],\"lastScheduleTime\":"
			   "\"2026-03-01T11:59:15Z\"}}",
		  "[\"c\",\"* * * * "
		  "*\",\"Etc/UTC\",\"False\",1,\"45s\",\"5m\",\"\",\"\",\"<none>\"]" },
		{ "batch/v1", "CronJob", "{" CELLS_META("c") ",\"spec\":{\"schedule\":\"@daily\"}}",
		  "[\"c\",\"@daily\",\"<none>\",\"<unset>\",0,\"<none>\",\"5m\",\"\",\"\",\"<none>"
		  "\"]" },
		{ "policy/v1", "PodDisruptionBudget",
		  "{" CELLS_META("b") ",\"spec\":{\"minAvailable\":\"50%\"},\"status\":{"
				      "\"disruptionsAllowed\":2}}",
		  "[\"b\",\"50%\",\"N/A\",2,\"5m\"]" },
		{ "policy/v1", "PodDisruptionBudget",
		  "{" CELLS_META("b") ",\"spec\":{\"maxUnavailable\":0}}",
		  "[\"b\",\"N/A\",\"0\",0,\"5m\"]" },
	};

	CELLS_CHECK_ALL(examples);
}

#define CPU(target, more)                                                                          \
	"{\"type\":\"Resource\",\"resource\":{\"name\":\"cpu\",\"target\":{\"type\":\"x\"," target \
	"}}}" more

TEST(an_autoscaler_shows_what_is_measured_and_what_is_wanted)
{
	static const struct cells_example examples[] = {
		{ "autoscaling/v2", "HorizontalPodAutoscaler",
		  "{" CELLS_META(
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
		  "{" CELLS_META(
		      "h") ",\"spec\":{\"scaleTargetRef\":{\"kind\":\"D\",\"name\":\"d\"},"
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
		  "{" CELLS_META("h") ",\"spec\":{\"maxReplicas\":1}}",
		  "[\"h\",\"/\",\"<none>\",\"<unset>\",1,0,\"5m\"]" },
		{ "autoscaling/v1", "Scale",
		  "{" CELLS_META("s") ",\"spec\":{\"replicas\":3},\"status\":{\"replicas\":2}}",
		  "[\"s\",3,2,\"5m\"]" },
	};

	CELLS_CHECK_ALL(examples);
}

TEST(what_the_cluster_is_made_of_shows_its_state)
{
	static const struct cells_example examples[] = {
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
		  "{" CELLS_META("n") ",\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":"
				      "\"Unknown\"}]}}",
		  "[\"n\",\"NotReady\",\"<none>\",\"5m\",\"\",\"<none>\",\"<none>\",\"<unknown>\","
		  "\"<unknown>\",\"<unknown>\"]" },
		{ "v1", "Node", "{" CELLS_META("n") "}",
		  "[\"n\",\"Unknown\",\"<none>\",\"5m\",\"\",\"<none>\",\"<none>\",\"<unknown>\","
		  "\"<unknown>\",\"<unknown>\"]" },
		{ "v1", "Namespace", "{" CELLS_META("ns") ",\"status\":{\"phase\":\"Active\"}}",
		  "[\"ns\",\"Active\",\"5m\"]" },
		{ "v1", "Secret",
		  "{" CELLS_META("s") ",\"type\":\"Opaque\",\"data\":{\"a\":\"\",\"b\":\"eA==\"}}",
		  "[\"s\",\"Opaque\",2,\"5m\"]" },
		{ "v1", "ConfigMap",
		  "{" CELLS_META("c") ",\"data\":{\"a\":\"\"},\"binaryData\":{\"b\":\"eA==\"}}",
		  "[\"c\",2,\"5m\"]" },
		{ "v1", "ServiceAccount", "{" CELLS_META("sa") "}", "[\"sa\",\"5m\"]" },
		{ "v1", "ResourceQuota",
		  "{" CELLS_META("q") ",\"status\":{\"hard\":{\"limits.cpu\":\"2\",\"pods\":\"10\","
				      "\"requests.cpu\":\"1\"},"
				      "\"used\":{\"pods\":\"3\"}}}",
		  "[\"q\",\"pods: 3/10, requests.cpu: 0/1\",\"limits.cpu: 0/2\",\"5m\"]" },
		{ "v1", "ComponentStatus",
		  "{" CELLS_META(
		      "etcd") ",\"conditions\":[{\"type\":\"Healthy\",\"status\":\"True\","
			      "\"message\":\"ok\"}]}",
		  "[\"etcd\",\"Healthy\",\"ok\",\"\"]" },
		{ "v1", "LimitRange", "{" CELLS_META("l") "}", "[\"l\",\"2026-03-01T11:55:00Z\"]" },
		{ "rbac.authorization.k8s.io/v1", "Role", "{" CELLS_META("r") "}",
		  "[\"r\",\"2026-03-01T11:55:00Z\"]" },
		{ "rbac.authorization.k8s.io/v1", "RoleBinding",
		  "{" CELLS_META(
		      "rb") ",\"roleRef\":{\"kind\":\"Role\",\"name\":\"r\"},\"subjects\":[{"
			    "\"kind\":\"User\",\"name\":\"u\"},"
			    "{\"kind\":\"User\",\"name\":\"v\"},{\"kind\":\"Group\",\"name\":\"g\"}"
			    ","
			    "{\"kind\":\"ServiceAccount\",\"namespace\":\"n\",\"name\":\"a\"}]}",
		  "[\"rb\",\"Role/r\",\"5m\",\"u, v\",\"g\",\"n/a\"]" },
		{ "rbac.authorization.k8s.io/v1", "ClusterRoleBinding",
		  "{" CELLS_META("rb") ",\"roleRef\":{\"kind\":\"ClusterRole\",\"name\":\"r\"}}",
		  "[\"rb\",\"ClusterRole/r\",\"5m\",\"\",\"\",\"\"]" },
		{ "coordination.k8s.io/v1", "Lease",
		  "{" CELLS_META("l") ",\"spec\":{\"holderIdentity\":\"me\"}}",
		  "[\"l\",\"me\",\"5m\"]" },
		{ "scheduling.k8s.io/v1", "PriorityClass",
		  "{" CELLS_META("p") ",\"value\":1000,\"preemptionPolicy\":\"Never\"}",
		  "[\"p\",1000,false,\"5m\",\"Never\"]" },
		{ "certificates.k8s.io/v1", "CertificateSigningRequest",
		  "{" CELLS_META(
		      "c") ",\"spec\":{\"signerName\":\"s\",\"username\":\"u\","
			   "\"expirationSeconds\":86400},\"status\":{"
			   "\"certificate\":\"eA==\",\"conditions\":[{\"type\":\"Approved\"}]}}",
		  "[\"c\",\"5m\",\"s\",\"u\",\"24h\",\"Approved,Issued\"]" },
		{ "apiregistration.k8s.io/v1", "APIService", "{" CELLS_META("a") "}",
		  "[\"a\",\"Local\",\"Unknown\",\"5m\"]" },
		{ "apiregistration.k8s.io/v1", "APIService",
		  "{" CELLS_META(
		      "a") ",\"spec\":{\"service\":{\"namespace\":\"n\",\"name\":\"s\"}},"
			   "\"status\":{\"conditions\":["
			   "{\"type\":\"Available\",\"status\":\"False\",\"reason\":"
			   "\"Missing\"}]}}",
		  "[\"a\",\"n/s\",\"False (Missing)\",\"5m\"]" },
		{ "apiextensions.k8s.io/v1", "CustomResourceDefinition",
		  "{" CELLS_META(
		      "c") ",\"spec\":{\"group\":\"g\",\"scope\":\"Namespaced\",\"names\":{"
			   "\"kind\":\"K\","
			   "\"shortNames\":[\"k\"]},\"versions\":[{\"name\":\"v2\",\"served\":"
			   "true,\"storage\":true},{\"name\":\"v1\",\"served\":true}]}}",
		  "[\"c\",\"Namespaced\",\"v1,v2(storage)\",\"2026-03-01T11:55:00Z\",\"g\",\"K\","
		  "\"k\",false]" },
		{ "flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration",
		  "{" CELLS_META("p") ",\"spec\":{\"type\":\"Limited\",\"limited\":{"
				      "\"nominalConcurrencyShares\":5,"
				      "\"limitResponse\":{\"type\":\"Reject\"}}}}",
		  "[\"p\",\"Limited\",5,\"<none>\",\"<none>\",\"<none>\",\"5m\"]" },
		{ "flowcontrol.apiserver.k8s.io/v1", "FlowSchema",
		  "{" CELLS_META("f") ",\"spec\":{\"priorityLevelConfiguration\":{\"name\":\"p\"},"
				      "\"matchingPrecedence\":7}}",
		  "[\"f\",\"p\",7,\"<none>\",\"5m\",\"?\"]" },
		{ "admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy",
		  "{" CELLS_META(
		      "v") ",\"spec\":{\"validations\":[{},{}],\"paramKind\":{\"apiVersion\":"
			   "\"v1\",\"kind\":\"K\"}}}",
		  "[\"v\",2,\"v1/K\",\"5m\"]" },
		{ "admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding",
		  "{" CELLS_META(
		      "v") ",\"spec\":{\"policyName\":\"p\",\"paramRef\":{\"name\":\"x\"}}}",
		  "[\"v\",\"p\",\"*/x\",\"5m\"]" },
		{ "resource.k8s.io/v1", "ResourceClaim",
		  "{" CELLS_META(
		      "r") ",\"status\":{\"allocation\":{},\"reservedFor\":[{\"name\":\"p\"}]}}",
		  "[\"r\",\"allocated,reserved\",\"5m\"]" },
	};

	CELLS_CHECK_ALL(examples);
}

TEST(an_event_shows_when_what_and_who_in_both_of_its_forms)
{
	static const struct cells_example examples[] = {
		{ "v1", "Event",
		  "{" CELLS_META(
		      "e") ",\"type\":\"Normal\",\"reason\":\"Started\",\"involvedObject\":{"
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
		  "{" CELLS_META("e") ",\"eventTime\":\"2026-03-01T11:50:00.000000Z\","
				      "\"reportingComponent\":\"sched\"}",
		  "[\"10m\",\"\",\"\",\"\",\"\",\"sched\",\"\",\"10m\",1,\"e\"]" },
		{ "v1", "Event",
		  "{" CELLS_META(
		      "e") ",\"eventTime\":\"2026-03-01T11:50:00.000000Z\",\"series\":{\"count\":9,"
			   "\"lastObservedTime\":\"2026-03-01T11:59:58.000000Z\"}}",
		  "[\"2s\",\"\",\"\",\"\",\"\",\"\",\"\",\"10m\",9,\"e\"]" },
	};

	CELLS_CHECK_ALL(examples);
}

TEST(volumes_and_claims_show_size_and_state)
{
	static const struct cells_example examples[] = {
		{ "v1", "PersistentVolume",
		  "{" CELLS_META(
		      "pv") ",\"spec\":{\"capacity\":{\"storage\":\"5Gi\"},\"accessModes\":["
			    "\"ReadWriteMany\","
			    "\"ReadWriteOnce\"],\"persistentVolumeReclaimPolicy\":\"Retain\","
			    "\"storageClassName\":\"fast\","
			    "\"claimRef\":{\"namespace\":\"n\",\"name\":\"c\"},\"volumeMode\":"
			    "\"Filesystem\"},\"status\":{\"phase\":\"Bound\"}}",
		  "[\"pv\",\"5Gi\",\"RWO,RWX\",\"Retain\",\"Bound\",\"n/"
		  "c\",\"fast\",\"<unset>\",\"\",\"5m\",\"Filesystem\"]" },
		{ "v1", "PersistentVolumeClaim",
		  "{" CELLS_META(
		      "c") ",\"spec\":{\"volumeName\":\"pv\",\"storageClassName\":\"fast\"},"
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
		{ "storage.k8s.io/v1", "StorageClass", "{" CELLS_META("s") ",\"provisioner\":\"p\"}",
		  "[\"s\",\"p\",\"Delete\",\"Immediate\",false,\"5m\"]" },
		{ "storage.k8s.io/v1", "CSIDriver",
		  "{" CELLS_META("d") ",\"spec\":{\"volumeLifecycleModes\":[\"Persistent\"]}}",
		  "[\"d\",true,false,false,\"<unset>\",false,\"Persistent\",\"5m\"]" },
		{ "storage.k8s.io/v1", "CSINode",
		  "{" CELLS_META("n") ",\"spec\":{\"drivers\":[{},{}]}}", "[\"n\",2,\"5m\"]" },
		{ "storage.k8s.io/v1", "VolumeAttachment",
		  "{" CELLS_META(
		      "a") ",\"spec\":{\"attacher\":\"d\",\"nodeName\":\"n\",\"source\":{"
			   "\"persistentVolumeName\":\"pv\"}},"
			   "\"status\":{\"attached\":true}}",
		  "[\"a\",\"d\",\"pv\",\"n\",true,\"5m\"]" },
	};

	CELLS_CHECK_ALL(examples);
}

TEST(an_actor_shows_amounts_as_people_read_them)
{
	static const struct cells_example examples[] = {
		{ "troupe.internal/v1", "Actor",
		  "{" CELLS_META(
		      "n1.core.store") ",\"spec\":{\"node\":\"n1\",\"host\":\"core\","
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
		  "{" CELLS_META(
		      "n1.core") ",\"spec\":{\"node\":\"n1\",\"host\":\"core\","
				 "\"class\":\"host\"},\"status\":{\"state\":\"Running\"},"
				 "\"usage\":{\"messagesPerSecond\":0.5,"
				 "\"runP99Nanoseconds\":512,\"memoryBytes\":26214400}}",
		  "[\"n1.core\",\"n1\",\"core\",\"Running\",0,\"-\",\"0/0\",\"0.5\",\"0.5us\","
		  "\"25Mi\",\"<unknown>\",\"host\",0,\"-\"]" },
		{ "troupe.internal/v1", "Actor",
		  "{" CELLS_META("n2") ",\"spec\":{\"node\":\"n2\",\"class\":\"node\"},"
				       "\"status\":{\"state\":\"Silent\"},"
				       "\"usage\":{\"runP99Nanoseconds\":2000000000,"
				       "\"memoryBytes\":512}}",
		  "[\"n2\",\"n2\",\"-\",\"Silent\",0,\"-\",\"0/0\",\"0.0\",\"2.0s\",\"512\","
		  "\"<unknown>\",\"node\",0,\"-\"]" },
		{ "troupe.internal/v1", "Member",
		  "{" CELLS_META("n1") ",\"spec\":{\"address\":\"127.0.0.1:6444\"},\"status\":{"
				       "\"role\":\"Voter\",\"leader\":true,\"alive\":true,"
				       "\"reason\":\"there are too few voters\"}}",
		  "[\"n1\",\"Leader\",\"127.0.0.1:6444\",true,0,\"there are too few voters\","
		  "\"<unknown>\",\"-\"]" },
		{ "troupe.internal/v1", "Member",
		  "{" CELLS_META("n2") ",\"status\":{\"role\":\"Standby\",\"lagEntries\":7}}",
		  "[\"n2\",\"Standby\",\"\",false,7,\"-\",\"<unknown>\",\"-\"]" },
		{ "troupe.internal/v1", "Forecast",
		  "{" CELLS_META(
		      "n3") ",\"status\":{\"mayStop\":true,\"reason\":\"it has no vote\"}}",
		  "[\"n3\",true,\"it has no vote\"]" },
	};

	CELLS_CHECK_ALL(examples);
}
