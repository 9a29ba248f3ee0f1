#include "deploy/cluster/join.h"
#include "tests/lib/authority.h"
#include "tests/lib/test.h"
#include "transport/tls/certificate-key.h"

/* A cluster, a token for it and a machine that wants in. */
struct scene {
	struct pki pki;
	struct token_record record;
	struct token token;
	struct certificate_key *key;
	struct join join;
	struct join_cluster cluster;
};

static const struct join_member members[] = {
	{ 1, { "node-a", 6 }, { "10.0.0.1", 8 }, 6443, 6444, { "voter", 5 } },
	{ 2, { "node-b", 6 }, { "10.0.0.2", 8 }, 6443, 6444, { "standby", 7 } },
};

static void free_key(void *key)
{
	certificate_key_free(key);
}

static struct str request_by(struct certificate_key *key)
{
	struct certificate_wish wish = { .common_name = STR("whatever"),
					 .usage = CERTIFICATE_CLIENT };
	struct str pem;

	CHECK_STATUS(certificate_request(&wish, key, test_arena(), &pem, NULL), OK);
	return pem;
}

static struct scene *make_scene(const char *token_role, const char *role, bool is_single_use)
{
	static const struct str address = { "10.0.0.1:6443", 13 };
	struct scene *scene = arena_new_of(test_arena(), struct scene);
	struct certificate_info ca;
	struct token_wish wish = { .role = str_from(token_role),
				   .is_single_use = is_single_use,
				   .addresses = &address,
				   .addresses_count = 1,
				   .authority_fingerprint = ca.fingerprint };
	struct str text;

	CHECK_STATUS(pki_create(AUTHORITY_NOW, false, test_arena(), &scene->pki, NULL), OK);
	CHECK_STATUS(certificate_read(scene->pki.ca.certificate_pem, test_arena(), &ca, NULL), OK);
	CHECK_STATUS(token_create(&wish, AUTHORITY_NOW, test_arena(), &text, &scene->record, NULL),
		     OK);
	CHECK_STATUS(token_parse(text, &scene->token, NULL), OK);
	scene->key = certificate_key_new();
	arena_on_free(test_arena(), free_key, scene->key);
	scene->join = (struct join){ .node_name = STR("node-c"),
				     .role = str_from(role),
				     .address = STR("10.0.0.3"),
				     .api_port = 6443,
				     .link_port = 6444,
				     .names = { STR("node-c.example.org"), STR("192.168.0.3") },
				     .names_count = 2,
				     .certificate_request_pem = request_by(scene->key) };
	scene->cluster = (struct join_cluster){
		.id = STR("c0ffee"), .node = 3, .members = members, .members_count = 2
	};
	return scene;
}

static struct str ask(struct scene *scene)
{
	struct str body;

	CHECK_STATUS(join_request(&scene->join, &scene->token, test_arena(), &body, NULL), OK);
	return body;
}

static enum status admit(struct scene *scene, struct str body, struct fault *why)
{
	struct join join;

	TRY(join_read(body, &join, why));
	return join_admit(&join, &scene->record, AUTHORITY_NOW, why);
}

static enum status go_through(struct scene *scene, struct join_answer *out, struct fault *why)
{
	struct str answer;
	struct join join;

	TRY(join_read(ask(scene), &join, why));
	TRY(join_admit(&join, &scene->record, AUTHORITY_NOW, why));
	TRY(join_answer(&join, &scene->pki, &scene->cluster, AUTHORITY_NOW, test_arena(), &answer,
			why));
	return join_accept(answer, &scene->token, scene->key, AUTHORITY_NOW, test_arena(), out, why);
}

TEST(a_control_plane_node_gets_its_certificate_the_keys_and_the_members)
{
	struct scene *scene = make_scene("auto", "auto", false);
	struct certificate_info info;
	struct join_answer answer;

	CHECK_STATUS(go_through(scene, &answer, NULL), OK);
	CHECK_STR(answer.cluster_id, "c0ffee");
	CHECK_EQ(answer.node, 3);
	CHECK_EQ(answer.members_count, 2);
	CHECK_STR(answer.members[1].name, "node-b");
	CHECK_EQ(answer.members[1].link_port, 6444);
	CHECK_STR(answer.members[1].role, "standby");
	CHECK(str_eq(answer.pki.ca.key_pem, scene->pki.ca.key_pem));
	CHECK(str_eq(answer.pki.service_account_key_pem, scene->pki.service_account_key_pem));
	CHECK_STATUS(certificate_read(answer.pki.node.certificate_pem, test_arena(), &info, NULL),
		     OK);
	CHECK_STR(info.common_name, "system:node:node-c"); /* not what the request wished */
	CHECK(certificate_has_name(&info, STR("node-c.node.troupe.internal")));
	CHECK(certificate_has_name(&info, STR("10.0.0.3")));
	CHECK(certificate_has_name(&info, STR("192.168.0.3")));
	CHECK(certificate_has_name(&info, STR("node-c.example.org")));
}

TEST(a_worker_and_a_witness_get_no_keys)
{
	static const char *const roles[] = { "worker", "witness" };

	for (size_t i = 0; i < 2; i++) {
		struct scene *scene = make_scene(roles[i], roles[i], false);
		struct join_answer answer;

		CHECK_STATUS(go_through(scene, &answer, NULL), OK);
		CHECK(answer.pki.ca.key_pem.at == NULL);
		CHECK(answer.pki.front_proxy_ca.key_pem.at == NULL);
		CHECK(answer.pki.service_account_key_pem.at == NULL);
		CHECK(answer.pki.front_proxy_ca.certificate_pem.len > 0);
	}
}

TEST(a_changed_byte_anywhere_in_a_request_is_noticed)
{
	struct scene *scene = make_scene("auto", "auto", false);
	struct str body = ask(scene);
	char *bytes = arena_copy(test_arena(), body.at, body.len);

	CHECK_STATUS(admit(scene, body, NULL), OK);
	for (uint32_t i = 0; i < body.len; i++) {
		bytes[i] ^= 1;
		CHECK(admit(scene, str_of(bytes, body.len), NULL) != OK);
		bytes[i] ^= 1;
	}
	for (uint32_t len = 0; len < body.len; len += 7)
		CHECK(admit(scene, str_of(bytes, len), NULL) != OK);
}

TEST(bad_tokens_are_refused_in_words)
{
	struct scene *scene = make_scene("auto", "auto", false),
		     *other = make_scene("auto", "auto", false);
	struct str body = ask(scene);
	struct wall later = { AUTHORITY_NOW.ns + 2 * AUTHORITY_DAY };
	struct fault unknown, wrong, why;
	struct join join;

	CHECK_STATUS(join_read(body, &join, NULL), OK);
	CHECK_STATUS(join_admit(&join, NULL, AUTHORITY_NOW, &unknown), UNAUTHORIZED);
	CHECK_STATUS(join_admit(&join, &other->record, AUTHORITY_NOW, &wrong), UNAUTHORIZED);
	CHECK(strcmp(unknown.text, wrong.text) == 0); /* nobody learns which ids there are */
	CHECK_STATUS(join_admit(&join, &scene->record, later, &why), GONE);
	CHECK(strstr(why.text, "expired at") != NULL);
	scene = make_scene("worker", "auto", false);
	CHECK_STATUS(admit(scene, ask(scene), &why), FORBIDDEN);
	CHECK(strstr(why.text, "lets in a worker") != NULL);
}

TEST(a_single_use_token_lets_one_node_in_however_often_it_asks)
{
	struct scene *scene = make_scene("auto", "auto", true);
	struct fault why;

	CHECK_STATUS(admit(scene, ask(scene), NULL), OK);
	CHECK_STR(scene->record.used_by, "node-c");
	CHECK_STATUS(admit(scene, ask(scene), NULL), OK);
	scene->join.node_name = STR("node-d");
	scene->join.names_count = 0;
	CHECK_STATUS(admit(scene, ask(scene), &why), GONE);
	CHECK(strstr(why.text, "\"node-c\" used it") != NULL);
}

TEST(what_a_node_may_not_call_itself)
{
	static const struct {
		const char *node, *address, *name, *words;
	} cases[] = {
		{ "Node", "10.0.0.3", NULL, "no name for a node" },
		{ "", "10.0.0.3", NULL, "no name for a node" },
		{ "-a", "10.0.0.3", NULL, "no name for a node" },
		{ "a.b", "10.0.0.3", NULL, "no name for a node" },
		{ "a,b", "10.0.0.3", NULL, "no name for a node" },
		{ "node-c", "host", NULL, "no IP address" },
		{ "node-c", "", NULL, "no IP address" },
		{ "node-c", "10.0.0.3", "kubernetes.default.svc", "nor a name of this node" },
		{ "node-c", "10.0.0.3", "node-a", "nor a name of this node" },
		{ "node-c", "10.0.0.3", "node-cc", "nor a name of this node" },
		{ "node-c", "10.0.0.3", "node-c.node.troupe.internal", "nor a name of this node" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scene *scene = make_scene("auto", "auto", false);
		struct fault why = { 0 };

		scene->join.node_name = str_from(cases[i].node);
		scene->join.address = str_from(cases[i].address);
		scene->join.names[0] = str_from(cases[i].name);
		scene->join.names_count = cases[i].name != NULL;
		CHECK_STATUS(admit(scene, ask(scene), &why), INVALID);
		CHECK(strstr(why.text, cases[i].words) != NULL);
	}
}

TEST(the_joiner_believes_only_the_cluster_of_its_token)
{
	struct scene *scene = make_scene("auto", "auto", false),
		     *other = make_scene("auto", "auto", false);
	struct join_answer answer;
	struct fault why;
	struct str body;
	struct join join;

	CHECK_STATUS(join_read(ask(scene), &join, NULL), OK);
	CHECK_STATUS(join_answer(&join, &other->pki, &other->cluster, AUTHORITY_NOW, test_arena(),
				 &body, NULL),
		     OK);
	CHECK_STATUS(join_accept(body, &scene->token, scene->key, AUTHORITY_NOW, test_arena(),
				 &answer, &why),
		     INVALID);
	CHECK(strstr(why.text, "not the one that made the token") != NULL);
	/* The right cluster, but a certificate for another's key. */
	CHECK_STATUS(join_answer(&join, &scene->pki, &scene->cluster, AUTHORITY_NOW, test_arena(),
				 &body, NULL),
		     OK);
	CHECK_STATUS(join_accept(body, &scene->token, other->key, AUTHORITY_NOW, test_arena(),
				 &answer, NULL),
		     INVALID);
	for (uint32_t len = 0; len < body.len; len += 11)
		CHECK(join_accept(str_slice(body, 0, len), &scene->token, scene->key, AUTHORITY_NOW,
				  test_arena(), &answer, NULL) != OK);
}

TEST(a_request_that_its_key_did_not_sign_gets_no_certificate)
{
	struct scene *scene = make_scene("auto", "auto", false);
	struct str body;
	struct join join;

	scene->join.certificate_request_pem =
	    STR("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n");
	CHECK_STATUS(join_read(ask(scene), &join, NULL), OK);
	CHECK(join_answer(&join, &scene->pki, &scene->cluster, AUTHORITY_NOW, test_arena(), &body,
			  NULL) != OK);
}
