#include "tests/unit/actors/server/rig.h"

#define PODS "/api/v1/namespaces/default/pods"
#define CLASSES "/apis/node.k8s.io/v1/runtimeclasses"

static struct rig *open_with_class(const char *fields)
{
	struct rig *rig = rig_open(NULL);

	CHECK_CODE(rig_post(rig, "/api/v1/namespaces/default/serviceaccounts",
			    "{\"metadata\":{\"name\":\"default\"}}"),
		   201);
	CHECK_CODE(
	    rig_post(rig, CLASSES,
		     rig_printf("{\"metadata\":{\"name\":\"k\"},\"handler\":\"h\"%s}", fields).at),
	    201);
	return rig;
}

static struct rig_answer make_pod(struct rig *rig, const char *spec)
{
	return rig_post(rig, PODS "?dryRun=All",
			rig_printf("{\"metadata\":{\"name\":\"p\"},\"spec\":{%s\"containers\":[{"
				   "\"name\":\"c\",\"image\":\"i\"}]}}",
				   spec)
			    .at);
}

TEST(a_pod_of_a_class_that_is_not_there_is_forbidden)
{
	struct rig *rig = open_with_class("");

	CHECK_CODE(make_pod(rig, "\"runtimeClassName\":\"k\","), 201);
	CHECK_FAILURE(make_pod(rig, "\"runtimeClassName\":\"no\","), 403, "Forbidden",
		      "pods \"p\" is forbidden: pod rejected: RuntimeClass \"no\" not found");
	CHECK_CODE(rig_delete(rig, CLASSES "/k", NULL), 200);
	CHECK_FAILURE(make_pod(rig, "\"runtimeClassName\":\"k\","), 403, "Forbidden",
		      "pods \"p\" is forbidden: pod rejected: RuntimeClass \"k\" not found");
	rig_close(rig);
}

TEST(a_pod_costs_what_its_class_says_and_nothing_else)
{
	struct rig *rig = open_with_class(",\"overhead\":{\"podFixed\":{\"cpu\":\"250m\"}}");
	struct rig_answer answer = make_pod(rig, "\"runtimeClassName\":\"k\",");

	CHECK_CODE(answer, 201);
	CHECK_AT(answer.body, "spec.overhead", "{\"cpu\":\"250m\"}");
	CHECK_CODE(make_pod(rig, "\"runtimeClassName\":\"k\",\"overhead\":{\"cpu\":\"0.25\"},"),
		   201);
	CHECK_FAILURE(make_pod(rig, "\"runtimeClassName\":\"k\",\"overhead\":{\"cpu\":\"1\"},"),
		      403, "Forbidden",
		      "pods \"p\" is forbidden: pod rejected: Pod's Overhead doesn't match "
		      "RuntimeClass's defined Overhead");
	CHECK_FAILURE(
	    make_pod(rig, "\"overhead\":{\"cpu\":\"1\"},"), 403, "Forbidden",
	    "pods \"p\" is forbidden: pod rejected: Pod Overhead set without corresponding "
	    "RuntimeClass defined Overhead");
	rig_close(rig);
}

TEST(a_pod_goes_where_the_nodes_of_its_class_are)
{
	struct rig *rig = open_with_class(
	    ",\"scheduling\":{\"nodeSelector\":{\"a\":\"1\"},\"tolerations\":[{\"key\":\"x\","
	    "\"operator\":\"Exists\"}]}");
	struct rig_answer answer = make_pod(
	    rig,
	    "\"runtimeClassName\":\"k\",\"nodeSelector\":{\"b\":\"2\"},\"tolerations\":[{\"key\":"
	    "\"x\",\"operator\":\"Equal\",\"value\":\"y\"}],");

	CHECK_CODE(answer, 201);
	CHECK_AT(answer.body, "spec.nodeSelector", "{\"a\":\"1\",\"b\":\"2\"}");
	CHECK_EQ(rig_count(answer.body, "spec.tolerations"), 3);
	CHECK_AT(answer.body, "spec.tolerations[2]", "{\"key\":\"x\",\"operator\":\"Exists\"}");
	CHECK_FAILURE(
	    make_pod(rig, "\"runtimeClassName\":\"k\",\"nodeSelector\":{\"a\":\"2\"},"), 403,
	    "Forbidden",
	    "pods \"p\" is forbidden: conflict: runtimeClass.scheduling.nodeSelector[a] = 1; "
	    "pod.spec.nodeSelector[a] = 2");
	rig_close(rig);
}
