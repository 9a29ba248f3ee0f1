#include "actors/authentication/mechanisms.h"
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

/* ---- nodes ----------------------------------------------------------------------------------------------- */

#define PODS "/api/v1/namespaces/default/pods"
#define SECRETS "/api/v1/namespaces/default/secrets"

static struct rig_answer as_node(struct rig *rig, const char *method, const char *path,
				 const char *body)
{
	return rig_ask_of(rig, .method = method, .path = path, .body = body,
			  .user = "system:node:n1", .group = "system:nodes");
}

TEST(a_node_reads_what_its_pods_refer_to_and_changes_its_own)
{
	struct rig *rig = rig_open(with_rbac());

	CHECK_CODE(rig_post(rig, "/api/v1/namespaces/default/serviceaccounts",
			    "{\"metadata\":{\"name\":\"default\"}}"),
		   201);
	CHECK_CODE(rig_post(rig, SECRETS, "{\"metadata\":{\"name\":\"mine\"}}"), 201);
	CHECK_CODE(rig_post(rig, SECRETS, "{\"metadata\":{\"name\":\"other\"}}"), 201);
	CHECK_CODE(rig_post(rig, PODS,
			    "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"nodeName\":\"n1\","
			    "\"containers\":[{\"name\":\"c\",\"image\":\"i\"}],\"volumes\":[{"
			    "\"name\":\"v\",\"secret\":{\"secretName\":\"mine\"}}]}}"),
		   201);
	CHECK_CODE(as_node(rig, "POST", "/api/v1/nodes", "{\"metadata\":{\"name\":\"n1\"}}"), 201);
	CHECK_CODE(rig_post(rig, "/api/v1/nodes", "{\"metadata\":{\"name\":\"n2\"}}"), 201);
	CHECK_CODE(as_node(rig, "GET", SECRETS "/mine", NULL), 200);
	CHECK_FAILURE(as_node(rig, "GET", SECRETS "/other", NULL), 403, "Forbidden",
		      "secrets \"other\" is forbidden: User \"system:node:n1\" cannot get resource "
		      "\"secrets\" in API group \"\" in the namespace \"default\": no relationship "
		      "found between node 'n1' and this object");
	CHECK_CODE(as_node(rig, "GET", SECRETS, NULL), 403);
	/* Its own pods and node, and nobody else's. */
	CHECK_CODE(as_node(rig, "GET", PODS, NULL), 403);
	CHECK_CODE(as_node(rig, "GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn2", NULL), 403);
	CHECK_CODE(as_node(rig, "GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn1", NULL), 200);
	CHECK_CODE(
	    as_node(rig, "GET",
		    "/api/v1/pods?fieldSelector=status.phase%21%3DFailed,spec.nodeName%3D%3Dn1",
		    NULL),
	    200);
	CHECK_CODE(as_node(rig, "GET", PODS "/p", NULL), 200);
	CHECK_CODE(rig_post(rig, PODS,
			    "{\"metadata\":{\"name\":\"q\"},\"spec\":{\"nodeName\":\"n2\","
			    "\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}"),
		   201);
	CHECK_CODE(as_node(rig, "GET", PODS "/q", NULL), 403);
	CHECK_CODE(as_node(rig, "GET", "/api/v1/nodes", NULL), 403);
	CHECK_CODE(as_node(rig, "GET", "/api/v1/nodes/n1", NULL), 200);
	CHECK_CODE(as_node(rig, "GET", "/api/v1/nodes/n2", NULL), 403);
	CHECK_CODE(as_node(rig, "GET", "/api/v1/nodes?fieldSelector=metadata.name%3Dn1", NULL), 200);
	CHECK_CODE(as_node(rig, "GET",
			   "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n2",
			   NULL),
		   403);
	CHECK_CODE(as_node(rig, "GET", "/apis/storage.k8s.io/v1/csinodes/n2", NULL), 403);
	/* One who leaves out its taints would change them. */
	CHECK_CODE(
	    as_node(rig, "PUT", "/api/v1/nodes/n1/status", "{\"metadata\":{\"name\":\"n1\"}}"), 403);
	CHECK_CODE(as_node(rig, "PUT", "/api/v1/nodes/n1/status",
			   "{\"metadata\":{\"name\":\"n1\"},\"spec\":{\"taints\":[{\"key\":\"node."
			   "kubernetes.io/not-ready\",\"effect\":\"NoSchedule\"}]}}"),
		   200);
	CHECK_CODE(
	    as_node(rig, "PUT", "/api/v1/nodes/n2/status", "{\"metadata\":{\"name\":\"n2\"}}"), 403);
	CHECK_CODE(as_node(rig, "DELETE", PODS "/p", NULL), 200);
	rig_close(rig);
}

/* ---- credentials over HTTP ---------------------------------------------------------------------------------- */

#define ISSUER "https://kubernetes.default.svc"

TEST(a_service_account_shows_its_token_over_http)
{
	struct certificate_key *key = certificate_key_new();
	const struct certificate_key *keys[] = { key };
	static struct service_account_tokens tokens;
	static struct str own = { ISSUER, sizeof ISSUER - 1 };
	const struct authenticator authenticator = authentication_service_account(&tokens);
	struct server_config config = *with_rbac();
	struct http_rig_answer answer;
	struct http_rig *rig;
	const char *token;

	tokens.issuers = tokens.audiences = (struct str_list){ &own, 1 };
	tokens.keys = keys;
	tokens.key_count = 1;
	config.authenticators = &authenticator;
	config.authenticator_count = 1;
	config.issuer = STR(ISSUER);
	config.signing_key = key;
	rig = http_rig_open(&config);
	CHECK_HTTP(http_rig_post(rig, "/api/v1/namespaces/default/serviceaccounts",
				 "{\"metadata\":{\"name\":\"sa\"}}"),
		   201);
	answer = http_rig_post(rig, "/api/v1/namespaces/default/serviceaccounts/sa/token",
			       "{\"spec\":{}}");
	CHECK_HTTP(answer, 201);
	token = arena_cstr(test_arena(), rig_at(answer.body, "status.token"));
	answer = http_rig_ask_of(rig, .path = MAPS, .user = "", .token = token);
	CHECK_HTTP(answer, 403);
	CHECK_AT(answer.body, "message",
		 "configmaps is forbidden: User \"system:serviceaccount:default:sa\" cannot list "
		 "resource \"configmaps\" in API group \"\" in the namespace \"default\"");
	CHECK_STR(http_header_get(answer.headers, STR("x-content-type-options")), "nosniff");
	CHECK_HTTP(http_rig_ask_of(rig, .path = MAPS, .user = "", .token = token), 403);
	answer = http_rig_ask_of(rig, .path = MAPS, .user = "", .token = "nonsense");
	CHECK_HTTP(answer, 401);
	CHECK_AT(answer.body, "reason", "Unauthorized");
	CHECK_AT(answer.body, "message", "Unauthorized");
	answer = http_rig_ask_of(rig, .path = "/healthz", .user = "");
	CHECK_HTTP(answer, 403); /* no role lets strangers look: the cluster's own does */
	CHECK_HTTP(http_rig_ask_of(rig, .method = "DELETE",
				   .path = "/api/v1/namespaces/default/serviceaccounts/sa"),
		   200);
	CHECK_HTTP(http_rig_ask_of(rig, .path = MAPS, .user = "", .token = token), 401);
	CHECK_HTTP(http_rig_post(rig, "/api/v1/namespaces/default/serviceaccounts",
				 "{\"metadata\":{\"name\":\"sa\"}}"),
		   201);
	CHECK_HTTP(http_rig_ask_of(rig, .path = MAPS, .user = "", .token = token), 401);
	http_rig_close(rig);
	certificate_key_free(key);
}

/* ---- acting as somebody else -------------------------------------------------------------------------------- */

static struct http_rig_answer as_other(struct http_rig *rig, const char *user, const char *name,
				       const char *value)
{
	return http_rig_ask_of(rig, .method = "POST",
			       .path = "/apis/authentication.k8s.io/v1/selfsubjectreviews",
			       .body = STR("{}"), .user = user, .name = name, .value = value);
}

TEST(a_master_may_act_as_anybody)
{
	struct http_rig *rig = http_rig_open(with_rbac());
	struct http_rig_answer answer =
	    http_rig_ask_of(rig, .path = MAPS, .name = "impersonate-user", .value = "bob");

	CHECK_HTTP(answer, 403);
	CHECK_AT(answer.body, "message",
		 "configmaps is forbidden: User \"bob\" cannot list resource \"configmaps\" in API "
		 "group \"\" in the namespace \"default\"");
	answer = http_rig_ask_of(rig, .path = MAPS, .name = "impersonate-user",
				 .value = "system:serviceaccount:default:sa");
	CHECK_HTTP(answer, 403);
	answer = as_other(rig, NULL, "impersonate-group", "x");
	CHECK_HTTP(answer, 400);
	answer = as_other(rig, "alice", "impersonate-user", "bob");
	CHECK_HTTP(answer, 403);
	CHECK_AT(answer.body, "message",
		 "users \"bob\" is forbidden: User \"alice\" cannot impersonate resource \"users\" "
		 "in API group \"\" at the cluster scope");
	http_rig_close(rig);
}

TEST(an_update_that_creates_needs_the_right_to_create)
{
	static const char lease[] = "{\"metadata\":{\"name\":\"l\"},\"spec\":{}}";
	const char *path = "/apis/coordination.k8s.io/v1/namespaces/default/leases/l";
	struct rig *rig = rig_open(with_rbac());

	CHECK_CODE(rig_post(rig, RBAC "/namespaces/default/roles",
			    "{\"metadata\":{\"name\":\"r\"},\"rules\":[{\"apiGroups\":["
			    "\"coordination.k8s.io\"],\"resources\":[\"leases\"],\"verbs\":["
			    "\"update\"]}]}"),
		   201);
	CHECK_CODE(rig_post(rig, RBAC "/namespaces/default/rolebindings",
			    "{\"metadata\":{\"name\":\"alice\"},\"roleRef\":{\"apiGroup\":"
			    "\"rbac.authorization.k8s.io\",\"kind\":\"Role\",\"name\":\"r\"},"
			    "\"subjects\":[{\"kind\":\"User\",\"name\":\"alice\","
			    "\"apiGroup\":\"rbac.authorization.k8s.io\"}]}"),
		   201);
	CHECK_FAILURE(rig_ask_of(rig, .method = "PUT", .path = path, .body = lease, .user = "alice"),
		      403, "Forbidden",
		      "leases.coordination.k8s.io \"l\" is forbidden: User \"alice\" cannot create "
		      "resource \"leases\" in API group \"coordination.k8s.io\" in the namespace "
		      "\"default\"");
	CHECK_CODE(rig_put(rig, path, lease), 201);
	rig_close(rig);
}
