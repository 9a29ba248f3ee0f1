#include "tests/unit/actors/server/rig.h"

#define PODS "/api/v1/namespaces/default/pods"
#define DEPLOYMENTS "/apis/apps/v1/namespaces/default/deployments"
#define ACCOUNTS "/api/v1/namespaces/default/serviceaccounts"

static void make_pod(struct rig *rig, const char *name, const char *meta)
{
	if (rig_get(rig, ACCOUNTS "/default").code == 404)
		CHECK_CODE(rig_post(rig, ACCOUNTS, "{\"metadata\":{\"name\":\"default\"}}"), 201);
	CHECK_CODE(
	    rig_post(rig, PODS,
		     rig_printf("{\"metadata\":{\"name\":\"%s\"%s},\"spec\":{\"containers\":["
				"{\"name\":\"c\",\"image\":\"i\"}]}}",
				name, meta)
			 .at),
	    201);
}

static struct str make_deployment(struct rig *rig)
{
	struct rig_answer answer = rig_post(
	    rig, DEPLOYMENTS,
	    "{\"metadata\":{\"name\":\"d\"},\"spec\":{\"replicas\":2,\"selector\":{\"matchLabels\":"
	    "{"
	    "\"a\":\"b\"}},\"template\":{\"metadata\":{\"labels\":{\"a\":\"b\"}},\"spec\":{"
	    "\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}},\"status\":{\"replicas\":7}}");

	CHECK_CODE(answer, 201);
	CHECK_AT(answer.body, "status", "{}");
	return answer.body;
}

/* ---- status --------------------------------------------------------------------------------------------- */

TEST(a_status_is_changed_by_its_own_path_and_nothing_else_is)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	make_deployment(rig);
	answer = rig_patch(rig, "merge", DEPLOYMENTS "/d/status",
			   "{\"spec\":{\"replicas\":9},\"status\":{\"replicas\":3}}");
	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "status.replicas", "3");
	CHECK_AT(answer.body, "spec.replicas", "2");
	CHECK_AT(answer.body, "metadata.generation", "1");
	answer = rig_patch(rig, "merge", DEPLOYMENTS "/d",
			   "{\"spec\":{\"replicas\":4},\"status\":{\"replicas\":8}}");
	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "status.replicas", "3");
	CHECK_AT(answer.body, "spec.replicas", "4");
	CHECK_AT(answer.body, "metadata.generation", "2");
	answer = rig_get(rig, DEPLOYMENTS "/d/status");
	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "kind", "Deployment");
	CHECK_CODE(rig_put(rig, DEPLOYMENTS "/nope/status", "{\"metadata\":{\"name\":\"nope\"}}"),
		   404);
	CHECK_CODE(rig_delete(rig, DEPLOYMENTS "/d/status", NULL), 405);
	rig_close(rig);
}

/* ---- scale ------------------------------------------------------------------------------------------------ */

TEST(a_scale_shows_how_many_there_are_and_are_wanted)
{
	struct rig *rig = rig_open(NULL);
	struct str deployment = make_deployment(rig);
	struct rig_answer answer = rig_get(rig, DEPLOYMENTS "/d/scale");

	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "kind", "Scale");
	CHECK_AT(answer.body, "apiVersion", "autoscaling/v1");
	CHECK_AT(answer.body, "metadata.name", "d");
	CHECK_AT(answer.body, "metadata.namespace", "default");
	CHECK(str_eq(rig_at(answer.body, "metadata.uid"), rig_at(deployment, "metadata.uid")));
	CHECK_EQ(rig_version(answer.body), rig_version(deployment));
	CHECK_AT(answer.body, "spec.replicas", "2");
	CHECK_AT(answer.body, "status", "{\"replicas\":0,\"selector\":\"a=b\"}");
	CHECK_FAILURE(rig_get(rig, DEPLOYMENTS "/nope/scale"), 404, "NotFound",
		      "deployments.apps \"nope\" not found");
	rig_close(rig);
}

TEST(a_scale_has_a_table)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	make_deployment(rig);
	answer = rig_ask_of(rig, .method = "GET", .path = DEPLOYMENTS "/d/scale",
			    .accept = "application/json;as=Table;v=v1;g=meta.k8s.io");
	CHECK_AT(answer.body, "kind", "Table");
	CHECK_AT(answer.body, "columnDefinitions[2].name", "Available");
	CHECK_AT(answer.body, "rows[0].cells[1]", "2");
	rig_close(rig);
}

TEST(a_scale_changes_how_many_are_wanted)
{
	struct rig *rig = rig_open(NULL);
	struct str deployment = make_deployment(rig);
	struct rig_answer answer =
	    rig_put(rig, DEPLOYMENTS "/d/scale",
		    "{\"metadata\":{\"name\":\"d\"},\"spec\":{\"replicas\":5}}");

	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "kind", "Scale");
	CHECK_AT(answer.body, "spec.replicas", "5");
	answer = rig_patch(rig, "merge", DEPLOYMENTS "/d/scale", "{\"spec\":{\"replicas\":6}}");
	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "spec.replicas", "6");
	answer = rig_get(rig, DEPLOYMENTS "/d");
	CHECK_AT(answer.body, "spec.replicas", "6");
	CHECK_AT(answer.body, "metadata.generation", "3");
	CHECK_FAILURE(
	    rig_put(rig, DEPLOYMENTS "/d/scale",
		    "{\"metadata\":{\"name\":\"d\"},\"spec\":{\"replicas\":-1}}"),
	    422, "Invalid",
	    "Scale.autoscaling \"d\" is invalid: spec.replicas: Invalid value: -1: must be "
	    "greater than or equal to 0");
	CHECK_CODE(rig_put(rig, DEPLOYMENTS "/d/scale",
			   rig_printf("{\"metadata\":{\"name\":\"d\",\"resourceVersion\":\"%ju\"},"
				      "\"spec\":{\"replicas\":1}}",
				      (uintmax_t)rig_version(deployment))
			       .at),
		   409);
	rig_close(rig);
}

TEST(the_selector_of_a_replication_controllers_scale_is_its_map)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	CHECK_CODE(
	    rig_post(rig, "/api/v1/namespaces/default/replicationcontrollers",
		     "{\"metadata\":{\"name\":\"rc\"},\"spec\":{\"replicas\":1,\"selector\":{\"a\":"
		     "\"b\",\"c\":\"d\"},\"template\":{\"metadata\":{\"labels\":{\"a\":\"b\",\"c\":"
		     "\"d\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}}}"),
	    201);
	answer = rig_get(rig, "/api/v1/namespaces/default/replicationcontrollers/rc/scale");
	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "status.selector", "a=b,c=d");
	rig_close(rig);
}

/* ---- binding ------------------------------------------------------------------------------------------------ */

TEST(a_binding_gives_a_pod_its_node_once)
{
	static const char body[] = "{\"metadata\":{\"name\":\"p\",\"annotations\":{\"k\":\"v\"}},"
				   "\"target\":{\"kind\":\"Node\",\"name\":\"n1\"}}";
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	make_pod(rig, "p", "");
	answer = rig_post(rig, PODS "/p/binding", body);
	CHECK_CODE(answer, 201);
	CHECK_STR(answer.body, "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},"
			       "\"status\":\"Success\",\"code\":201}");
	answer = rig_get(rig, PODS "/p");
	CHECK_AT(answer.body, "spec.nodeName", "n1");
	CHECK_AT(answer.body, "metadata.annotations.k", "v");
	CHECK_AT(answer.body, "status.conditions[0].type", "PodScheduled");
	CHECK_AT(answer.body, "status.conditions[0].status", "True");
	CHECK_FAILURE(rig_post(rig, PODS "/p/binding", body), 409, "Conflict",
		      "Operation cannot be fulfilled on pods/binding \"p\": pod p is already "
		      "assigned to node \"n1\"");
	rig_close(rig);
}

TEST(a_binding_that_is_wrong_is_refused)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	make_pod(rig, "p", "");
	CHECK_FAILURE(rig_post(rig, PODS "/p/binding",
			       "{\"metadata\":{\"name\":\"q\"},\"target\":{\"name\":\"n1\"}}"),
		      400, "BadRequest", "name in URL does not match name in Binding object");
	answer = rig_post(rig, PODS "/p/binding", "{\"metadata\":{\"name\":\"p\"},\"target\":{}}");
	CHECK_CODE(answer, 500);
	CHECK_AT(answer.body, "message", "target.name: Required value");
	CHECK_FAILURE(rig_post(rig, PODS "/q/binding",
			       "{\"metadata\":{\"name\":\"q\"},\"target\":{\"name\":\"n1\"}}"),
		      404, "NotFound", "pods \"q\" not found");
	answer = rig_post(rig, PODS "/p/binding",
			  "{\"metadata\":{\"name\":\"p\"},\"target\":{\"kind\":\"Pod\"}}");
	CHECK_CODE(answer, 500);
	CHECK_AT(answer.body, "message",
		 "[target.kind: Unsupported value: \"Pod\": supported values: \"Node\", "
		 "\"<empty>\", target.name: Required value]");
	CHECK_CODE(rig_post(rig, PODS "/p/binding",
			    "{\"metadata\":{\"name\":\"p\"},\"target\":{\"name\":\"N_1\"}}"),
		   500);
	answer = rig_post(rig, PODS "/p/binding",
			  "{\"metadata\":{\"name\":\"p\",\"uid\":\"other\"},\"target\":{\"name\":"
			  "\"n1\"}}");
	CHECK_CODE(answer, 409);
	CHECK(str_find(answer.body, STR("Precondition failed: UID in precondition: other")) > 0);
	answer = rig_post(rig, PODS "/p/binding",
			  "{\"metadata\":{\"name\":\"p\",\"resourceVersion\":\"1\"},\"target\":{"
			  "\"name\":\"n1\"}}");
	CHECK_CODE(answer, 409);
	CHECK(str_find(answer.body, STR("ResourceVersion in precondition: 1")) > 0);
	/* An id is nothing to this way in. */
	CHECK_CODE(rig_post(rig, "/api/v1/namespaces/default/bindings",
			    "{\"metadata\":{\"name\":\"p\",\"uid\":\"other\"},\"target\":{\"name\":"
			    "\"n1\"}}"),
		   201);
	CHECK_AT(rig_get(rig, PODS "/p").body, "spec.nodeName", "n1");
	rig_close(rig);
}

/* ---- eviction ---------------------------------------------------------------------------------------------- */

#define BUDGETS "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
#define EVICT "{\"metadata\":{\"name\":\"p\"}}"

static void make_running(struct rig *rig)
{
	make_pod(rig, "p", ",\"labels\":{\"app\":\"web\"}");
	CHECK_CODE(
	    rig_patch(rig, "merge", PODS "/p/status",
		      "{\"status\":{\"phase\":\"Running\",\"conditions\":[{\"type\":\"Ready\","
		      "\"status\":\"True\"}]}}"),
	    200);
}

static void make_budget(struct rig *rig, const char *name, int allowed)
{
	CHECK_CODE(
	    rig_post(rig, BUDGETS,
		     rig_printf("{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"minAvailable\":1,"
				"\"selector\":{\"matchLabels\":{\"app\":\"web\"}}}}",
				name)
			 .at),
	    201);
	CHECK_CODE(rig_patch(rig, "merge", rig_printf(BUDGETS "/%s/status", name).at,
			     rig_printf("{\"status\":{\"observedGeneration\":1,"
					"\"disruptionsAllowed\":%d,\"currentHealthy\":%d,"
					"\"desiredHealthy\":1,\"expectedPods\":2}}",
					allowed, allowed + 1)
				 .at),
		   200);
}

TEST(an_eviction_without_a_budget_deletes_the_pod)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	make_running(rig);
	answer = rig_post(rig, PODS "/p/eviction?dryRun=All", EVICT);
	CHECK_CODE(answer, 201);
	CHECK(rig_at(rig_get(rig, PODS "/p").body, "metadata.deletionTimestamp").at == NULL);
	answer = rig_post(rig, PODS "/p/eviction", EVICT);
	CHECK_CODE(answer, 201);
	CHECK_AT(answer.body, "status", "Success");
	answer = rig_get(rig, PODS "/p");
	CHECK(answer.code == 404 || rig_at(answer.body, "metadata.deletionTimestamp").at != NULL);
	CHECK_FAILURE(rig_post(rig, PODS "/q/eviction", "{\"metadata\":{\"name\":\"q\"}}"), 404,
		      "NotFound", "pods \"q\" not found");
	CHECK_FAILURE(rig_post(rig, PODS "/q/eviction", EVICT), 400, "BadRequest",
		      "name in URL does not match name in Eviction object");
	CHECK_CODE(rig_post(rig, PODS "/q/eviction",
			    "{\"metadata\":{\"name\":\"q\"},\"deleteOptions\":{"
			    "\"propagationPolicy\":\"All\"}}"),
		   422);
	rig_close(rig);
}

/* kubectl before 1.22 says so, to whatever server. */
TEST(an_eviction_may_be_of_the_older_version)
{
	struct rig *rig = rig_open(NULL);

	make_running(rig);
	CHECK_CODE(rig_post(rig, PODS "/p/eviction",
			    "{\"apiVersion\":\"policy/v1beta1\",\"kind\":\"Eviction\","
			    "\"metadata\":{\"name\":\"p\"}}"),
		   201);
	CHECK_CODE(rig_post(rig, PODS "/p/eviction",
			    "{\"apiVersion\":\"policy/v1beta2\",\"kind\":\"Eviction\","
			    "\"metadata\":{\"name\":\"p\"}}"),
		   400);
	rig_close(rig);
}

TEST(an_eviction_uses_up_what_its_budget_allows)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	make_running(rig);
	make_budget(rig, "b", 1);
	CHECK_CODE(rig_post(rig, PODS "/p/eviction", EVICT), 201);
	answer = rig_get(rig, BUDGETS "/b");
	CHECK_AT(answer.body, "status.disruptionsAllowed", "0");
	CHECK_EQ(rig_count(answer.body, "status.disruptedPods"), 1);
	rig_close(rig);
}

TEST(an_eviction_that_its_budget_does_not_allow_is_too_many)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	make_running(rig);
	make_budget(rig, "b", 0);
	answer = rig_post(rig, PODS "/p/eviction", EVICT);
	CHECK_FAILURE(answer, 429, "TooManyRequests",
		      "Cannot evict pod as it would violate the pod's disruption budget.");
	CHECK_AT(answer.body, "details.causes[0].reason", "DisruptionBudget");
	CHECK_AT(answer.body, "details.causes[0].message",
		 "The disruption budget b needs 1 healthy pods and has 1 currently");
	CHECK_CODE(rig_patch(rig, "merge", BUDGETS "/b", "{\"spec\":{\"minAvailable\":2}}"), 200);
	answer = rig_post(rig, PODS "/p/eviction", EVICT);
	CHECK_AT(answer.body, "details.causes[0].message",
		 "The disruption budget b is still being processed by the server.");
	CHECK_AT(answer.body, "details.retryAfterSeconds", "10");
	make_budget(rig, "c", 1);
	answer = rig_post(rig, PODS "/p/eviction", EVICT);
	CHECK_CODE(answer, 500);
	CHECK_AT(answer.body, "message",
		 "This pod has more than one PodDisruptionBudget, which the eviction subresource "
		 "does not support.");
	CHECK_CODE(rig_patch(rig, "merge", PODS "/p/status", "{\"status\":{\"phase\":\"Failed\"}}"),
		   200);
	CHECK_CODE(rig_post(rig, PODS "/p/eviction", EVICT), 201);
	rig_close(rig);
}
