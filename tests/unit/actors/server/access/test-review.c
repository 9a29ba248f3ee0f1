#include "actors/authentication/mechanisms.h"
#include "actors/authorization/mechanisms.h"
#include "tests/unit/actors/server/rig.h"
#include "transport/tls/jwt.h"
#include "transport/wire/base64.h"

#define RBAC "/apis/rbac.authorization.k8s.io/v1"
#define AUTHZ "/apis/authorization.k8s.io/v1"
#define AUTHN "/apis/authentication.k8s.io/v1"
#define ACCOUNTS "/api/v1/namespaces/default/serviceaccounts"
#define ISSUER "https://kubernetes.default.svc"

static struct authorizer authorizers[2];
static struct authenticator authenticators[1];
static struct service_account_tokens tokens;
static struct str own = { ISSUER, sizeof ISSUER - 1 };
static struct certificate_key *key;
static const struct certificate_key *keys[1];

static void free_key(void *arg)
{
	certificate_key_free(arg);
}

static struct rig *open_whole(void)
{
	static struct server_config config;
	struct rig *rig;

	key = certificate_key_new();
	arena_on_free(test_arena(), free_key, key);
	keys[0] = key;
	tokens.issuers = tokens.audiences = (struct str_list){ &own, 1 };
	tokens.keys = keys;
	tokens.key_count = 1;
	authorizers[0] = authorization_node();
	authorizers[1] = authorization_rbac();
	authenticators[0] = authentication_service_account(&tokens);
	config = (struct server_config){ .authorizers = authorizers,
					 .authorizer_count = 2,
					 .authenticators = authenticators,
					 .authenticator_count = 1,
					 .issuer = STR(ISSUER),
					 .signing_key = key,
					 .verifying_keys = keys,
					 .verifying_key_count = 1 };
	rig = rig_open(&config);
	CHECK_CODE(
	    rig_post(rig, RBAC "/clusterroles",
		     "{\"metadata\":{\"name\":\"reader\"},\"rules\":[{\"apiGroups\":[\"\"],"
		     "\"resources\":[\"pods\"],\"verbs\":[\"get\",\"list\"]},"
		     "{\"nonResourceURLs\":[\"/version\"],\"verbs\":[\"get\"]},"
		     "{\"apiGroups\":[\"authorization.k8s.io\",\"authentication.k8s.io\"],"
		     "\"resources\":[\"selfsubjectaccessreviews\",\"selfsubjectrulesreviews\","
		     "\"selfsubjectreviews\"],\"verbs\":[\"create\"]}]}"),
	    201);
	CHECK_CODE(rig_post(rig, RBAC "/clusterrolebindings",
			    "{\"metadata\":{\"name\":\"alice\"},\"roleRef\":{\"apiGroup\":"
			    "\"rbac.authorization.k8s.io\",\"kind\":\"ClusterRole\",\"name\":"
			    "\"reader\"},\"subjects\":[{\"kind\":\"User\",\"name\":\"alice\","
			    "\"apiGroup\":\"rbac.authorization.k8s.io\"}]}"),
		   201);
	return rig;
}

static struct rig_answer ask(struct rig *rig, const char *path, const char *user, const char *body)
{
	return rig_ask_of(rig, .method = "POST", .path = path, .body = body, .user = user);
}

TEST(who_am_i)
{
	struct rig *rig = open_whole();
	struct rig_answer answer = ask(rig, AUTHN "/selfsubjectreviews", "alice", "{}");

	CHECK_CODE(answer, 201);
	CHECK_AT(answer.body, "kind", "SelfSubjectReview");
	CHECK_AT(answer.body, "status.userInfo",
		 "{\"username\":\"alice\",\"groups\":[\"system:authenticated\"]}");
	rig_close(rig);
}

TEST(can_i)
{
	static const struct {
		const char *what, *allowed;
	} cases[] = {
		{ "\"resourceAttributes\":{\"verb\":\"list\",\"resource\":\"pods\",\"namespace\":"
		  "\"default\"}",
		  "true" },
		{ "\"resourceAttributes\":{\"verb\":\"delete\",\"resource\":\"pods\"}", "false" },
		{ "\"resourceAttributes\":{\"verb\":\"list\",\"resource\":\"pods\",\"group\":"
		  "\"x\"}",
		  "false" },
		{ "\"nonResourceAttributes\":{\"path\":\"/version\",\"verb\":\"get\"}", "true" },
		{ "\"nonResourceAttributes\":{\"path\":\"/metrics\",\"verb\":\"get\"}", "false" },
	};
	struct rig *rig = open_whole();
	struct rig_answer answer;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		answer = ask(rig, AUTHZ "/selfsubjectaccessreviews", "alice",
			     rig_printf("{\"spec\":{%s}}", cases[i].what).at);
		CHECK_CODE(answer, 201);
		CHECK_AT(answer.body, "kind", "SelfSubjectAccessReview");
		CHECK_AT(answer.body, "status.allowed", cases[i].allowed);
	}
	CHECK(str_starts(rig_at(ask(rig, AUTHZ "/selfsubjectaccessreviews", "alice",
				    rig_printf("{\"spec\":{%s}}", cases[0].what).at)
				    .body,
				"status.reason"),
			 STR("RBAC: allowed by ClusterRoleBinding \"alice\" of ClusterRole "
			     "\"reader\" to User \"alice\"")));
	answer = rig_post(rig, AUTHZ "/selfsubjectaccessreviews",
			  rig_printf("{\"spec\":{%s}}", cases[1].what).at);
	CHECK_AT(answer.body, "status.allowed", "true");
	CHECK_FAILURE(ask(rig, AUTHZ "/selfsubjectaccessreviews", "alice", "{\"spec\":{}}"), 422,
		      "Invalid",
		      ".authorization.k8s.io \"\" is invalid: spec: Invalid "
		      "value: null: exactly one of nonResourceAttributes or resourceAttributes "
		      "must be specified");
	CHECK_FAILURE(
	    rig_post(rig, AUTHZ "/subjectaccessreviews",
		     "{\"spec\":{\"resourceAttributes\":{\"fieldSelector\":{},\"labelSelector\":{"
		     "\"requirements\":[{\"key\":\"a\",\"operator\":\"In\"}]}},"
		     "\"nonResourceAttributes\":{\"path\":\"/\",\"verb\":\"get\"}}}"),
	    422, "Invalid",
	    ".authorization.k8s.io \"\" is invalid: [spec: Invalid value: "
	    "{\"Path\":\"/\",\"Verb\":\"get\"}: exactly one of nonResourceAttributes or "
	    "resourceAttributes must be specified, spec.user: Invalid value: \"\": at least one of "
	    "user or group must be specified, spec.resourceAttributes.fieldSelector.requirements: "
	    "Required value: when spec.resourceAttributes.fieldSelector is specified, requirements "
	    "or rawSelector is required, "
	    "spec.resourceAttributes.labelSelector.requirements[0].values: Required value: must be "
	    "specified when `operator` is 'In' or 'NotIn']");
	rig_close(rig);
}

TEST(can_they)
{
	struct rig *rig = open_whole();
	struct rig_answer answer =
	    rig_post(rig, AUTHZ "/subjectaccessreviews",
		     "{\"spec\":{\"user\":\"alice\",\"resourceAttributes\":{\"verb\":\"get\","
		     "\"resource\":\"pods\"}}}");

	CHECK_CODE(answer, 201);
	CHECK_AT(answer.body, "status.allowed", "true");
	answer = rig_post(rig, AUTHZ "/subjectaccessreviews",
			  "{\"spec\":{\"groups\":[\"system:masters\"],\"resourceAttributes\":{"
			  "\"verb\":\"get\",\"resource\":\"secrets\"}}}");
	CHECK_AT(answer.body, "status.allowed", "true");
	answer = rig_post(rig, AUTHZ "/namespaces/default/localsubjectaccessreviews",
			  "{\"metadata\":{\"namespace\":\"default\"},\"spec\":{\"user\":\"bob\","
			  "\"resourceAttributes\":{\"namespace\":\"default\",\"verb\":\"get\","
			  "\"resource\":\"pods\"}}}");
	CHECK_CODE(answer, 201);
	CHECK_AT(answer.body, "status.allowed", "false");
	CHECK_CODE(rig_post(rig, AUTHZ "/namespaces/default/localsubjectaccessreviews",
			    "{\"spec\":{\"user\":\"bob\",\"resourceAttributes\":{\"namespace\":"
			    "\"other\",\"verb\":\"get\",\"resource\":\"pods\"}}}"),
		   422);
	CHECK_CODE(rig_post(rig, AUTHZ "/subjectaccessreviews",
			    "{\"spec\":{\"resourceAttributes\":{\"verb\":\"get\"}}}"),
		   422);
	CHECK_CODE(ask(rig, AUTHZ "/subjectaccessreviews", "alice", "{}"), 403);
	rig_close(rig);
}

TEST(what_may_i)
{
	struct rig *rig = open_whole();
	struct rig_answer answer = ask(rig, AUTHZ "/selfsubjectrulesreviews", "alice",
				       "{\"spec\":{\"namespace\":\"default\"}}");

	CHECK_CODE(answer, 201);
	CHECK_AT(answer.body, "status.incomplete", "false");
	CHECK_EQ(rig_count(answer.body, "status.resourceRules"), 2);
	CHECK_AT(answer.body, "status.resourceRules[0]",
		 "{\"verbs\":[\"get\",\"list\"],\"apiGroups\":[\"\"],\"resources\":[\"pods\"]}");
	CHECK_AT(answer.body, "status.nonResourceRules[0]",
		 "{\"verbs\":[\"get\"],\"nonResourceURLs\":[\"/version\"]}");
	CHECK_FAILURE(ask(rig, AUTHZ "/selfsubjectrulesreviews", "alice", "{\"spec\":{}}"), 400,
		      "BadRequest", "no namespace on request");
	rig_close(rig);
}

/* ---- tokens ------------------------------------------------------------------------------------------------ */

static struct str token_of(struct rig *rig, const char *spec)
{
	struct rig_answer answer =
	    rig_post(rig, ACCOUNTS "/sa/token", rig_printf("{\"spec\":{%s}}", spec).at);

	CHECK_CODE(answer, 201);
	CHECK_AT(answer.body, "kind", "TokenRequest");
	CHECK_AT(answer.body, "metadata.name", "sa");
	return rig_at(answer.body, "status.token");
}

static void make_account(struct rig *rig)
{
	CHECK_CODE(rig_post(rig, ACCOUNTS, "{\"metadata\":{\"name\":\"sa\"}}"), 201);
}

TEST(a_token_is_asked_for_and_reviewed)
{
	struct rig *rig = open_whole();
	struct rig_answer answer;
	struct str token;
	struct jwt jwt;

	make_account(rig);
	token = token_of(rig, "\"audiences\":[\"" ISSUER "\"]");
	CHECK_STATUS(jwt_read(token, test_arena(), &jwt, NULL), OK);
	CHECK_STATUS(jwt_verify(&jwt, key, NULL), OK);
	CHECK_AT(jwt.claims, "sub", "system:serviceaccount:default:sa");
	CHECK_AT(jwt.claims, "iss", ISSUER);
	CHECK_AT(jwt.claims, "aud", "[\"" ISSUER "\"]");
	CHECK_AT(jwt.claims, "[kubernetes.io].serviceaccount.name", "sa");
	CHECK_EQ(rig_number(jwt.claims, "exp") - rig_number(jwt.claims, "iat"), 3600);
	answer = rig_post(rig, AUTHN "/tokenreviews",
			  rig_printf("{\"spec\":{\"token\":\"" STR_FMT "\"}}", STR_ARG(token)).at);
	CHECK_CODE(answer, 201);
	CHECK_AT(answer.body, "status.authenticated", "true");
	CHECK_AT(answer.body, "status.user.username", "system:serviceaccount:default:sa");
	CHECK_AT(answer.body, "status.user.groups",
		 "[\"system:serviceaccounts\",\"system:serviceaccounts:default\"]");
	CHECK_AT(answer.body, "status.audiences", "[\"" ISSUER "\"]");
	rig_close(rig);
}

TEST(a_token_ends_with_its_account_and_its_time)
{
	struct rig *rig = open_whole();
	struct str token, body;
	struct rig_answer answer;

	make_account(rig);
	token = token_of(rig, "\"expirationSeconds\":600");
	body = rig_printf("{\"spec\":{\"token\":\"" STR_FMT "\"}}", STR_ARG(token));
	CHECK_AT(rig_post(rig, AUTHN "/tokenreviews", body.at).body, "status.authenticated", "true");
	rig_run(rig, 700000);
	answer = rig_post(rig, AUTHN "/tokenreviews", body.at);
	CHECK(rig_at(answer.body, "status.authenticated").at == NULL);
	CHECK_AT(answer.body, "status.error", "[invalid bearer token, the token has expired]");
	token = token_of(rig, "");
	body = rig_printf("{\"spec\":{\"token\":\"" STR_FMT "\"}}", STR_ARG(token));
	CHECK_AT(rig_post(rig, AUTHN "/tokenreviews", body.at).body, "status.authenticated", "true");
	CHECK_CODE(rig_delete(rig, ACCOUNTS "/sa", NULL), 200);
	answer = rig_post(rig, AUTHN "/tokenreviews", body.at);
	CHECK(rig_at(answer.body, "status.authenticated").at == NULL);
	make_account(rig);
	answer = rig_post(rig, AUTHN "/tokenreviews", body.at);
	CHECK(rig_at(answer.body, "status.authenticated").at == NULL);
	rig_close(rig);
}

#define SECRETS "/api/v1/namespaces/default/secrets"
#define OF_ACCOUNT                                                                       \
	"\"type\":\"kubernetes.io/service-account-token\",\"metadata\":{\"name\":\"t\"," \
	"\"annotations\":{\"kubernetes.io/service-account.name\":\"sa\"}}"

/* What is in base64 at a path. */
static struct str decoded_at(struct str json, const char *path)
{
	struct str out = STR("");

	CHECK_STATUS(base64_decode(BASE64_STANDARD, rig_at(json, path), test_arena(), &out, NULL),
		     OK);
	return out;
}

TEST(a_secret_for_an_account_has_its_token_as_long_as_it_is_there)
{
	struct rig *rig = open_whole();
	struct rig_answer answer;
	struct str token, body;

	answer = rig_post(rig, SECRETS, "{" OF_ACCOUNT "}");
	CHECK_CODE(answer, 201);
	CHECK(rig_at(answer.body, "data.token").at == NULL);
	make_account(rig);
	CHECK_CODE(
	    rig_post(rig, "/api/v1/namespaces/default/configmaps",
		     "{\"metadata\":{\"name\":\"kube-root-ca.crt\"},\"data\":{\"ca.crt\":\"x\"}}"),
	    201);
	answer = rig_put(rig, SECRETS "/t", "{" OF_ACCOUNT "}");
	CHECK_CODE(answer, 200);
	token = decoded_at(answer.body, "data.token");
	CHECK_STR(decoded_at(answer.body, "data.namespace"), "default");
	CHECK_STR(decoded_at(answer.body, "data[ca.crt]"), "x");
	CHECK(rig_at(answer.body, "metadata.annotations[kubernetes.io/service-account.uid]").len >
	      0);
	body = rig_printf("{\"spec\":{\"token\":\"" STR_FMT "\"}}", STR_ARG(token));
	answer = rig_post(rig, AUTHN "/tokenreviews", body.at);
	CHECK_AT(answer.body, "status.authenticated", "true");
	CHECK_AT(answer.body, "status.user.username", "system:serviceaccount:default:sa");
	CHECK_STR(
	    decoded_at(rig_patch(rig, "merge", SECRETS "/t", "{\"data\":{\"more\":\"eA==\"}}").body,
		       "data.token"),
	    arena_cstr(test_arena(), token));
	CHECK_CODE(rig_delete(rig, SECRETS "/t", NULL), 200);
	answer = rig_post(rig, AUTHN "/tokenreviews", body.at);
	CHECK(rig_at(answer.body, "status.authenticated").at == NULL);
	answer = rig_post(rig, SECRETS "?dryRun=All", "{" OF_ACCOUNT "}");
	CHECK_CODE(answer, 201);
	CHECK(rig_at(answer.body, "data.token").at == NULL);
	rig_close(rig);
}

TEST(a_token_like_one_that_was_good_is_not)
{
	struct rig *rig = open_whole();
	struct rig_answer answer;
	struct str token, body;
	char *other;

	make_account(rig);
	token = token_of(rig, "");
	other = arena_alloc(test_arena(), token.len + 1U);
	memcpy(other, token.at, token.len);
	other[token.len] = 0;
	body = rig_printf("{\"spec\":{\"token\":\"" STR_FMT "\"}}", STR_ARG(token));
	CHECK_AT(rig_post(rig, AUTHN "/tokenreviews", body.at).body, "status.authenticated", "true");
	other[token.len - 10] = other[token.len - 10] == 'A' ? 'B' : 'A';
	body = rig_printf("{\"spec\":{\"token\":\"%s\"}}", other);
	for (int i = 0; i < 2; i++) { /* a bad one is not remembered as good either */
		answer = rig_post(rig, AUTHN "/tokenreviews", body.at);
		CHECK(rig_at(answer.body, "status.authenticated").at == NULL);
		CHECK_AT(answer.body, "status.error",
			 "[invalid bearer token, no key of this cluster signed the token]");
	}
	rig_close(rig);
}

TEST(a_token_is_bound_to_a_pod_of_its_account)
{
	struct rig *rig = open_whole();
	struct str token;
	struct jwt jwt;

	make_account(rig);
	CHECK_CODE(
	    rig_post(rig, "/api/v1/namespaces/default/pods",
		     "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"serviceAccountName\":\"sa\","
		     "\"nodeName\":\"n1\",\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}"),
	    201);
	token = token_of(rig, "\"expirationSeconds\":3607,\"boundObjectRef\":{\"kind\":\"Pod\","
			      "\"apiVersion\":\"v1\",\"name\":\"p\"}");
	CHECK_STATUS(jwt_read(token, test_arena(), &jwt, NULL), OK);
	CHECK_AT(jwt.claims, "[kubernetes.io].pod.name", "p");
	CHECK_AT(jwt.claims, "[kubernetes.io].node", "{\"name\":\"n1\"}");
	CHECK_EQ(rig_number(jwt.claims, "exp") - rig_number(jwt.claims, "iat"), 31536000);
	CHECK_EQ(rig_number(jwt.claims, "[kubernetes.io].warnafter") -
		     rig_number(jwt.claims, "iat"),
		 3607);
	CHECK_CODE(rig_post(rig, ACCOUNTS, "{\"metadata\":{\"name\":\"other\"}}"), 201);
	CHECK_FAILURE(
	    rig_post(rig, ACCOUNTS "/other/token",
		     "{\"spec\":{\"boundObjectRef\":{\"kind\":\"Pod\",\"apiVersion\":"
		     "\"v1\",\"name\":\"p\"}}}"),
	    400, "BadRequest",
	    "cannot bind token for serviceaccount \"other\" to pod running with different "
	    "serviceaccount name.");
	CHECK_FAILURE(rig_post(rig, ACCOUNTS "/sa/token",
			       "{\"spec\":{\"boundObjectRef\":{\"kind\":\"Pod\",\"apiVersion\":"
			       "\"v1\",\"name\":\"q\"}}}"),
		      404, "NotFound", "pods \"q\" not found");
	CHECK_CODE(rig_post(rig, ACCOUNTS "/sa/token",
			    "{\"spec\":{\"boundObjectRef\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\","
			    "\"name\":\"p\",\"uid\":\"x\"}}}"),
		   409);
	rig_close(rig);
}

/* Whether it is good for this audience (NULL: the server's own), by the server's own words. */
static bool is_taken(struct rig *rig, struct str token, const char *audience)
{
	struct rig_answer answer =
	    rig_post(rig, AUTHN "/tokenreviews",
		     rig_printf("{\"spec\":{\"token\":\"" STR_FMT "\",\"audiences\":[\"%s\"]}}",
				STR_ARG(token), audience ? audience : ISSUER)
			 .at);

	CHECK_CODE(answer, 201);
	return str_is(rig_at(answer.body, "status.authenticated"), "true");
}

TEST(a_token_that_was_taken_is_refused_as_soon_as_what_it_is_bound_to_is_gone)
{
	static const struct {
		const char *list, *object, *bound;
	} rows[] = {
		{ "/api/v1/namespaces/default/pods",
		  "{\"metadata\":{\"name\":\"x\"},\"spec\":{\"serviceAccountName\":\"sa\","
		  "\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}",
		  "\"boundObjectRef\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"name\":\"x\"}" },
		{ SECRETS, "{\"metadata\":{\"name\":\"x\"}}",
		  "\"boundObjectRef\":{\"kind\":\"Secret\",\"apiVersion\":\"v1\",\"name\":\"x\"}" },
		{ "/api/v1/nodes", "{\"metadata\":{\"name\":\"x\"}}",
		  "\"boundObjectRef\":{\"kind\":\"Node\",\"apiVersion\":\"v1\",\"name\":\"x\"}" },
	};
	struct rig *rig = open_whole();

	make_account(rig);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct str path = rig_printf("%s/x", rows[i].list);
		struct str token, free;

		CHECK_CODE(rig_post(rig, rows[i].list, rows[i].object), 201);
		token = token_of(rig, rows[i].bound);
		free = token_of(rig, "");
		for (int j = 0; j < 3; j++)
			CHECK(is_taken(rig, token, NULL) && is_taken(rig, free, NULL));
		CHECK(!is_taken(rig, token, "another"));
		CHECK_CODE(rig_delete(rig, path.at, "{\"gracePeriodSeconds\":0}"), 200);
		CHECK(!is_taken(rig, token, NULL));
		/* Another of that name is not the one. */
		CHECK_CODE(rig_post(rig, rows[i].list, rows[i].object), 201);
		CHECK(!is_taken(rig, token, NULL));
		CHECK(is_taken(rig, free, NULL));
	}
	rig_close(rig);
}

TEST(a_token_that_was_taken_is_refused_as_soon_as_other_keys_count)
{
	struct rig *rig = open_whole();
	struct certificate_key *other = certificate_key_new();
	struct str token;

	arena_on_free(test_arena(), free_key, other);
	make_account(rig);
	token = token_of(rig, "");
	CHECK(is_taken(rig, token, NULL) && is_taken(rig, token, NULL));
	keys[0] = other;
	authentication_service_account_forget(&tokens);
	CHECK(!is_taken(rig, token, NULL));
	keys[0] = key;
	CHECK(is_taken(rig, token, NULL));
	rig_close(rig);
}

/* The claims of one with the signature of another. */
TEST(a_token_with_other_claims_than_the_one_that_was_taken_is_refused)
{
	struct rig *rig = open_whole();
	struct str one, two, start, end;
	uint32_t dots = 0, at = 0;

	make_account(rig);
	one = token_of(rig, "");
	two = token_of(rig, "\"expirationSeconds\":600");
	CHECK(is_taken(rig, one, NULL) && is_taken(rig, two, NULL));
	for (; dots < 2; at++)
		dots += two.at[at] == '.';
	end = str_slice(two, at, two.len);
	for (at = 0, dots = 0; dots < 2; at++)
		dots += one.at[at] == '.';
	start = str_slice(one, 0, at);
	one = rig_printf(STR_FMT STR_FMT, STR_ARG(start), STR_ARG(end));
	CHECK(!is_taken(rig, one, NULL));
	CHECK(is_taken(rig, two, NULL));
	rig_close(rig);
}

TEST(a_token_request_that_is_wrong_is_refused)
{
	struct rig *rig = open_whole();

	make_account(rig);
	CHECK_FAILURE(rig_post(rig, ACCOUNTS "/sa/token", "{\"spec\":{\"expirationSeconds\":60}}"),
		      422, "Invalid",
		      "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: "
		      "Invalid value: 60: may not specify a duration less than 10 minutes");
	CHECK_FAILURE(rig_post(rig, ACCOUNTS "/nope/token", "{\"spec\":{}}"), 404, "NotFound",
		      "serviceaccounts \"nope\" not found");
	CHECK_CODE(
	    rig_post(rig, ACCOUNTS "/sa/token", "{\"metadata\":{\"name\":\"x\"},\"spec\":{}}"), 422);
	CHECK_FAILURE(rig_post(rig, AUTHN "/tokenreviews", "{\"spec\":{}}"), 400, "BadRequest",
		      "token is required for TokenReview in authentication");
	CHECK_AT(rig_post(rig, AUTHN "/tokenreviews", "{\"spec\":{\"token\":\"x\"}}").body,
		 "status", "{\"user\":{},\"error\":\"invalid bearer token\"}");
	rig_close(rig);
}
