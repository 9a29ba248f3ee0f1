#include "tests/unit/actors/server/access/alice.h"
#include "transport/tls/certificate.h"
#include "transport/wire/base64.h"

#define CSRS "/apis/certificates.k8s.io/v1/certificatesigningrequests"
#define BUNDLES "/apis/certificates.k8s.io/v1/clustertrustbundles"

static const char *request(const char *name, const char *signer, const char *common_name,
			   const struct str *organization)
{
	struct certificate_wish wish = { .common_name = str_from(common_name),
					 .organizations = organization,
					 .organizations_count = organization != NULL,
					 .usage = CERTIFICATE_CLIENT };
	struct certificate_key *key = certificate_key_new();
	struct text out = text_in(test_arena(), MIB);
	struct str pem = STR(""), text;

	CHECK_STATUS(certificate_request(&wish, key, test_arena(), &pem, NULL), OK);
	certificate_key_free(key);
	base64_encode(BASE64_STANDARD, pem, &out);
	text = text_str(&out);
	return rig_printf("{'metadata':{'name':'%s'},'spec':{'request':'" STR_FMT
			  "','signerName':'%s','usages':['client auth']}}",
			  name, STR_ARG(text), signer)
	    .at;
}

/* Alice may write everything of certificates, and `rule` of signers. */
static struct rig *open_with_alice(const char *rule)
{
	struct rig *rig = alice_open(
	    rig_printf("{'apiGroups':['certificates.k8s.io'],'resources':["
		       "'certificatesigningrequests','certificatesigningrequests/approval',"
		       "'certificatesigningrequests/status','clustertrustbundles'],'verbs':['*']},"
		       "{'apiGroups':['certificates.k8s.io'],'resources':['signers'],%s}",
		       rule)
		.at);

	CHECK_CODE(rig_as(rig, NULL, "POST", CSRS, request("c", "a.io/b", "jane", NULL)), 201);
	return rig;
}

#define APPROVED "{'status':{'conditions':[{'type':'Approved','status':'True'}]}}"
#define FAILED "{'status':{'conditions':[{'type':'Failed','status':'True'}]}}"

TEST(who_approves_needs_the_right_for_the_signer)
{
	struct rig *rig = open_with_alice("'verbs':['sign'],'resourceNames':['a.io/b']");

	CHECK_FAILURE(rig_as(rig, "alice", "PATCH", CSRS "/c/approval", APPROVED), 403, "Forbidden",
		      "certificatesigningrequests.certificates.k8s.io \"c\" is forbidden: user not "
		      "permitted to approve requests with signerName \"a.io/b\"");
	CHECK_CODE(rig_as(rig, NULL, "PATCH", CSRS "/c/approval", APPROVED), 200);
	rig_close(rig);
	rig = open_with_alice("'verbs':['approve'],'resourceNames':['a.io/b']");
	CHECK_CODE(rig_as(rig, "alice", "PATCH", CSRS "/c/approval", APPROVED), 200);
	rig_close(rig);
}

TEST(a_right_may_be_for_all_signers_of_a_domain)
{
	struct rig *rig = open_with_alice("'verbs':['approve'],'resourceNames':['a.io/*']");

	CHECK_CODE(rig_as(rig, "alice", "PATCH", CSRS "/c/approval", APPROVED), 200);
	CHECK_CODE(rig_as(rig, NULL, "POST", CSRS, request("d", "b.io/b", "jane", NULL)), 201);
	CHECK_CODE(rig_as(rig, "alice", "PATCH", CSRS "/d/approval", APPROVED), 403);
	rig_close(rig);
}

TEST(who_signs_needs_the_right_for_the_signer)
{
	struct rig *rig = open_with_alice("'verbs':['approve'],'resourceNames':['a.io/b']");

	CHECK_FAILURE(rig_as(rig, "alice", "PATCH", CSRS "/c/status", FAILED), 403, "Forbidden",
		      "certificatesigningrequests.certificates.k8s.io \"c\" is forbidden: user not "
		      "permitted to sign requests with signerName \"a.io/b\"");
	/* Nothing of the status changes. */
	CHECK_CODE(
	    rig_as(rig, "alice", "PATCH", CSRS "/c/status", "{'metadata':{'labels':{'a':'b'}}}"),
	    200);
	rig_close(rig);
	rig = open_with_alice("'verbs':['sign'],'resourceNames':['a.io/b']");
	CHECK_CODE(rig_as(rig, "alice", "PATCH", CSRS "/c/status", FAILED), 200);
	rig_close(rig);
}

static const char *bundle(void)
{
	const struct certificate_wish wish = { .common_name = STR("ca"),
					       .usage = CERTIFICATE_AUTHORITY,
					       .not_after = { 1000 * TIME_S } };
	struct certificate_key *key = certificate_key_new();
	struct text out = text_in(test_arena(), MIB);
	struct str pem = STR(""), text;

	CHECK_STATUS(certificate_self_signed(&wish, key, test_arena(), &pem, NULL), OK);
	certificate_key_free(key);
	for (uint32_t i = 0; i < pem.len; i++) {
		if (pem.at[i] == '\n')
			text_lit(&out, "\\n");
		else
			text_add_char(&out, pem.at[i]);
	}
	text = text_str(&out);
	return rig_printf("{'metadata':{'name':'a.io:b:x'},'spec':{'signerName':'a.io/"
			  "b','trustBundle':'" STR_FMT "'}}",
			  STR_ARG(text))
	    .at;
}

TEST(who_names_the_authorities_of_a_signer_needs_the_right_for_it)
{
	struct rig *rig = open_with_alice("'verbs':['sign'],'resourceNames':['a.io/b']");

	CHECK_FAILURE(rig_as(rig, "alice", "POST", BUNDLES, bundle()), 403, "Forbidden",
		      "clustertrustbundles.certificates.k8s.io \"a.io:b:x\" is forbidden: user not "
		      "permitted to attest for signerName \"a.io/b\"");
	CHECK_CODE(rig_as(rig, NULL, "POST", BUNDLES, bundle()), 201);
	CHECK_CODE(rig_as(rig, "alice", "PATCH", BUNDLES "/a.io:b:x",
			  "{'metadata':{'finalizers':['x/y']}}"),
		   200);
	CHECK_CODE(
	    rig_as(rig, "alice", "PATCH", BUNDLES "/a.io:b:x", "{'metadata':{'labels':{'x':'y'}}}"),
	    403);
	rig_close(rig);
	rig = open_with_alice("'verbs':['attest'],'resourceNames':['a.io/b']");
	CHECK_CODE(rig_as(rig, "alice", "POST", BUNDLES, bundle()), 201);
	rig_close(rig);
}

TEST(nobody_asks_by_a_certificate_to_become_a_master)
{
	struct rig *rig = open_with_alice("'verbs':['sign']");
	const struct str masters = STR("system:masters"), devs = STR("devs");
	const char *signer = "kubernetes.io/kube-apiserver-client";

	CHECK_FAILURE(rig_as(rig, "alice", "POST", CSRS, request("m", signer, "jane", &masters)),
		      403, "Forbidden",
		      "certificatesigningrequests.certificates.k8s.io \"m\" is forbidden: use of "
		      "kubernetes.io/kube-apiserver-client signer with system:masters group is not "
		      "allowed");
	CHECK_CODE(rig_as(rig, "alice", "POST", CSRS, request("d", signer, "jane", &devs)), 201);
	CHECK_CODE(rig_as(rig, "alice", "POST", CSRS, request("o", "a.io/b", "jane", &masters)),
		   201);
	rig_close(rig);
}

TEST(a_node_asks_for_a_certificate_of_its_own)
{
	struct rig *rig = rig_open(NULL);
	const char *signers[] = { "kubernetes.io/kubelet-serving",
				  "kubernetes.io/kube-apiserver-client-kubelet" };

	for (int i = 0; i < 2; i++) {
		const char *name = i == 0 ? "s" : "c";

		CHECK_FAILURE(
		    rig_ask_of(rig, .method = "POST", .path = CSRS,
			       .body = rig_json(request(name, signers[i], "system:node:n2", NULL)),
			       .user = "system:node:n1", .group = "system:nodes"),
		    403, "Forbidden",
		    rig_printf("certificatesigningrequests.certificates.k8s.io \"%s\" is "
			       "forbidden: can only create a node CSR with "
			       "CN=system:node:n1",
			       name)
			.at);
		CHECK_CODE(
		    rig_ask_of(rig, .method = "POST", .path = CSRS,
			       .body = rig_json(request(name, signers[i], "system:node:n1", NULL)),
			       .user = "system:node:n1", .group = "system:nodes"),
		    201);
	}
	rig_close(rig);
}
