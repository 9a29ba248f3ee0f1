#include "tests/unit/actors/server/rig.h"

#define PODS "/api/v1/namespaces/default/pods"
#define LOG PODS "/p/log"
#define ACCOUNTS "/api/v1/namespaces/default/serviceaccounts"
#define RUNNING                                                                                  \
	"{\"status\":{\"phase\":\"Running\",\"containerStatuses\":[{\"name\":\"app\",\"image\":" \
	"\"nginx\","                                                                             \
	"\"imageID\":\"\",\"ready\":true,\"restartCount\":1,\"containerID\":\"hollow://"         \
	"2\",\"state\":"                                                                         \
	"{\"running\":{\"startedAt\":\"2026-01-02T03:04:05Z\"}},\"lastState\":{\"terminated\":{" \
	"\"exitCode\":3,\"containerID\":\"hollow://1\",\"startedAt\":\"2026-01-02T03:04:01Z\","  \
	"\"finishedAt\":\"2026-01-02T03:04:04Z\"}}}]}}"
#define STARTED \
	"container app started: the hollow runtime only pretends, nothing of image nginx runs\n"
#define ENDED "container app ended with exit code 3\n"

static void make_pod(struct rig *rig, const char *node, const char *containers)
{
	CHECK_CODE(rig_post(rig, ACCOUNTS, "{\"metadata\":{\"name\":\"default\"}}"), 201);
	CHECK_CODE(rig_post(rig, "/api/v1/nodes", "{\"metadata\":{\"name\":\"n1\"}}"), 201);
	CHECK_CODE(
	    rig_patch(rig, "merge", "/api/v1/nodes/n1/status",
		      "{\"status\":{\"nodeInfo\":{\"containerRuntimeVersion\":\"hollow://1\"}}}"),
	    200);
	CHECK_CODE(
	    rig_post(rig, PODS,
		     rig_printf("{\"metadata\":{\"name\":\"p\"},\"spec\":{\"nodeName\":\"%s\","
				"\"containers\":[%s]}}",
				node, containers)
			 .at),
	    201);
}

static void make_running(struct rig *rig)
{
	make_pod(rig, "n1", "{\"name\":\"app\",\"image\":\"nginx\"}");
	CHECK_CODE(rig_patch(rig, "merge", PODS "/p/status", RUNNING), 200);
}

static void check_log(struct rig *rig, const char *query, const char *text)
{
	struct rig_answer answer = rig_get(rig, rig_printf(LOG "%s", query).at);

	CHECK_CODE(answer, 200);
	CHECK_STR(answer.type, "text/plain");
	CHECK_STR(answer.body, text);
}

TEST(a_simulated_container_says_that_it_is_one)
{
	struct rig *rig = rig_open(NULL);

	make_running(rig);
	check_log(rig, "", STARTED);
	check_log(rig, "?container=app&timestamps=true", "2026-01-02T03:04:05.000000000Z " STARTED);
	check_log(rig, "?previous=true", STARTED ENDED);
	rig_close(rig);
}

TEST(a_log_is_cut_as_asked)
{
	struct rig *rig = rig_open(NULL);

	make_running(rig);
	check_log(rig, "?previous=true&tailLines=1", ENDED);
	check_log(rig, "?previous=true&tailLines=0", "");
	check_log(rig, "?previous=true&tailLines=9", STARTED ENDED);
	check_log(rig, "?limitBytes=9", "container");
	check_log(rig, "?limitBytes=9999", STARTED);
	check_log(rig, "?previous=true&sinceTime=2026-01-02T03:04:02Z", ENDED);
	check_log(rig, "?sinceTime=2027-01-02T03:04:02Z", "");
	rig_close(rig);
}

/* By a message there is nobody to stream to. */
TEST(who_follows_by_message_gets_what_there_is)
{
	struct rig *rig = rig_open(NULL);

	make_running(rig);
	check_log(rig, "?follow=true", STARTED);
	rig_close(rig);
}

TEST(options_of_a_log_that_make_no_sense_are_invalid)
{
	static const struct {
		const char *query, *message;
	} cases[] = {
		{ "tailLines=-1",
		  "tailLines: Invalid value: -1: must be greater than or equal to 0" },
		{ "limitBytes=0", "limitBytes: Invalid value: 0: must be greater than 0" },
		{ "sinceSeconds=0", "sinceSeconds: Invalid value: 0: must be greater than 0" },
		{ "sinceSeconds=5&sinceTime=2026-01-02T03:04:02Z",
		  "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified" },
		{ "stream=Both", "stream: Unsupported value: \"Both\": supported values: \"All\", "
				 "\"Stderr\", \"Stdout\"" },
	};
	struct rig *rig = rig_open(NULL);

	make_running(rig);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct rig_answer answer = rig_get(rig, rig_printf(LOG "?%s", cases[i].query).at);

		CHECK_CODE(answer, 422);
		CHECK(str_find(rig_at(answer.body, "message"), str_from(cases[i].message)) > 0);
	}
	CHECK_FAILURE(rig_get(rig, LOG "?tailLines=many"), 400, "BadRequest",
		      "strconv.ParseInt: parsing "
		      "\"many\": invalid syntax");
	CHECK_CODE(rig_get(rig, LOG "?sinceTime=yesterday"), 400);
	rig_close(rig);
}

TEST(a_container_that_has_no_log_yet_is_told_so)
{
	struct rig *rig = rig_open(NULL);

	CHECK_FAILURE(rig_get(rig, PODS "/q/log"), 404, "NotFound", "pods \"q\" not found");
	make_pod(rig, "n1", "{\"name\":\"app\",\"image\":\"nginx\"}");
	CHECK_FAILURE(rig_get(rig, LOG), 400, "BadRequest",
		      "container \"app\" in pod \"p\" is not available");
	CHECK_CODE(
	    rig_patch(rig, "merge", PODS "/p/status",
		      "{\"status\":{\"containerStatuses\":[{\"name\":\"app\",\"image\":\"nginx\","
		      "\"imageID\":\"\",\"ready\":false,\"restartCount\":0,\"state\":{\"waiting\":{"
		      "\"reason\":\"ContainerCreating\"}}}]}}"),
	    200);
	CHECK_FAILURE(rig_get(rig, LOG), 400, "BadRequest",
		      "container \"app\" in pod \"p\" is waiting to start: ContainerCreating");
	CHECK_FAILURE(rig_get(rig, LOG "?previous=true"), 400, "BadRequest",
		      "previous terminated container \"app\" in pod \"p\" not found");
	rig_close(rig);
}

TEST(a_pod_without_a_node_has_no_log)
{
	struct rig *rig = rig_open(NULL);

	make_pod(rig, "", "{\"name\":\"app\",\"image\":\"nginx\"}");
	CHECK_CODE(rig_get(rig, LOG), 204);
	rig_close(rig);
}

TEST(which_container_is_meant_must_be_clear)
{
	struct rig *rig = rig_open(NULL);

	make_pod(rig, "n1", "{\"name\":\"a\",\"image\":\"x\"},{\"name\":\"b\",\"image\":\"x\"}");
	CHECK_FAILURE(rig_get(rig, LOG), 400, "BadRequest",
		      "a container name must be specified for pod p, choose one of: [a b]");
	CHECK_FAILURE(rig_get(rig, LOG "?container=c"), 400, "BadRequest",
		      "container c is not valid for pod p");
	CHECK_FAILURE(rig_get(rig, PODS "/p/exec?command=ls"), 400, "BadRequest",
		      "a container name must be specified for pod p, choose one of: [a b]");
	rig_close(rig);
}

TEST(nobody_gets_into_a_simulated_pod)
{
	struct rig *rig = rig_open(NULL);

	make_running(rig);
	CHECK_FAILURE(rig_post(rig, PODS "/p/exec?command=ls", ""), 501, "NotImplemented",
		      "pod p is simulated: the hollow runtime of node n1 runs nothing that one "
		      "could execute a command in");
	CHECK_FAILURE(rig_get(rig, PODS "/p/attach"), 501, "NotImplemented",
		      "pod p is simulated: the hollow runtime of node n1 runs nothing that one "
		      "could attach to");
	CHECK_FAILURE(rig_get(rig, PODS "/p/portforward"), 501, "NotImplemented",
		      "pod p is simulated: the hollow runtime of node n1 runs nothing that one "
		      "could forward a port to");
	CHECK_FAILURE(rig_get(rig, PODS "/q/exec"), 404, "NotFound", "pods \"q\" not found");
	rig_close(rig);
}

TEST(nobody_gets_into_a_pod_without_a_node)
{
	struct rig *rig = rig_open(NULL);

	make_pod(rig, "", "{\"name\":\"app\",\"image\":\"nginx\"}");
	CHECK_FAILURE(rig_get(rig, PODS "/p/exec?command=ls"), 400, "BadRequest",
		      "pod p does not have a host assigned");
	rig_close(rig);
}
