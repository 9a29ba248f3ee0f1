#include "actors/authorization/mechanisms.h"
#include "tests/unit/actors/server/http-rig.h"
#include "tests/unit/actors/server/rig.h"

#define MAPS "/api/v1/namespaces/default/configmaps"
#define RBAC "/apis/rbac.authorization.k8s.io/v1"

static struct authorizer authorizers[2];

static const struct server_config *with_rbac(void)
{
	static struct server_config config;

	authorizers[0] = authorization_node();
	authorizers[1] = authorization_rbac();
	config = (struct server_config){ .authorizers = authorizers, .authorizer_count = 2 };
	return &config;
}

static void let_alice_read_maps(struct rig *rig)
{
	CHECK_CODE(rig_post(rig, RBAC "/namespaces/default/roles",
			    "{\"metadata\":{\"name\":\"reader\"},\"rules\":[{\"apiGroups\":[\"\"],"
			    "\"resources\":[\"configmaps\"],\"verbs\":[\"get\",\"list\"]}]}"),
		   201);
	CHECK_CODE(rig_post(rig, RBAC "/namespaces/default/rolebindings",
			    "{\"metadata\":{\"name\":\"alice\"},\"roleRef\":{\"apiGroup\":"
			    "\"rbac.authorization.k8s.io\",\"kind\":\"Role\",\"name\":\"reader\"},"
			    "\"subjects\":[{\"kind\":\"User\",\"name\":\"alice\","
			    "\"apiGroup\":\"rbac.authorization.k8s.io\"}]}"),
		   201);
}

TEST(a_role_allows_what_it_says_to_who_is_bound_to_it)
{
	struct rig *rig = rig_open(with_rbac());

	let_alice_read_maps(rig);
	CHECK_CODE(rig_ask_of(rig, .method = "GET", .path = MAPS, .user = "alice"), 200);
	CHECK_FAILURE(
	    rig_ask_of(rig, .method = "GET", .path = MAPS, .user = "bob"), 403, "Forbidden",
	    "configmaps is forbidden: User \"bob\" cannot list resource \"configmaps\" in "
	    "API group \"\" in the namespace \"default\"");
	CHECK_FAILURE(rig_ask_of(rig, .method = "DELETE", .path = MAPS "/x", .user = "alice"), 403,
		      "Forbidden",
		      "configmaps \"x\" is forbidden: User \"alice\" cannot delete resource "
		      "\"configmaps\" in API group \"\" in the namespace \"default\"");
	CHECK_FAILURE(rig_ask_of(rig, .method = "GET", .path = "/api/v1/nodes", .user = "alice"),
		      403, "Forbidden",
		      "nodes is forbidden: User \"alice\" cannot list resource \"nodes\" in API "
		      "group \"\" at the cluster scope");
	rig_close(rig);
}

TEST(a_client_certificate_says_who_asks_over_http)
{
	struct http_rig *rig = http_rig_open(with_rbac());
	struct http_rig_answer answer;

	answer = http_rig_ask_of(rig, .path = MAPS, .user = "bob", .group = "devs");
	CHECK_HTTP(answer, 403);
	CHECK_AT(answer.body, "message",
		 "configmaps is forbidden: User \"bob\" cannot list resource \"configmaps\" in API "
		 "group \"\" in the namespace \"default\"");
	answer = http_rig_ask_of(rig, .path = MAPS, .user = "");
	CHECK_HTTP(answer, 403);
	CHECK_AT(answer.body, "message",
		 "configmaps is forbidden: User \"system:anonymous\" cannot list resource "
		 "\"configmaps\" in API group \"\" in the namespace \"default\"");
	CHECK_HTTP(http_rig_get(rig, MAPS), 200);
	http_rig_close(rig);
}
