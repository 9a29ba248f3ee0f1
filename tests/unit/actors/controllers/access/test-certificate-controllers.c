/*
 * Requests for certificates: what is signed, for how long, what has failed for good, and when they go.
 */
#include "actors/controllers/controllers.h"
#include "datastore/schema/authorization.h"
#include "datastore/schema/certificates.h"
#include "tests/unit/actors/controllers/scene.h"
#include "transport/tls/certificate.h"
#include "transport/wire/base64.h"

#define CLIENT "kubernetes.io/kube-apiserver-client"
#define NODE "kubernetes.io/kube-apiserver-client-kubelet"
#define SERVING "kubernetes.io/kubelet-serving"
#define APPROVED "{type: Approved, status: 'True', lastUpdateTime: '2026-01-02T03:04:00Z'}"
#define DAY_S 86400

/* Keys are made once a test. */
struct office {
	struct scene scene;
	struct certificate_authority authority;
	struct certificate_key *authority_key, *key;
	struct controller signing;
};

static struct office office_open(void)
{
	struct office office = { .scene = scene_open() };
	struct certificate_wish wish = { .common_name = STR("kubernetes"),
					 .usage = CERTIFICATE_AUTHORITY };

	wish.not_before = (struct wall){ office.scene.now.ns - DAY_S * TIME_S };
	wish.not_after = (struct wall){ office.scene.now.ns + 800 * DAY_S * TIME_S };
	office.authority_key = certificate_key_new();
	office.key = certificate_key_new();
	CHECK_STATUS(certificate_self_signed(&wish, office.authority_key, test_arena(),
					     &office.authority.certificate_pem, NULL),
		     OK);
	office.authority.key = office.authority_key;
	office.signing = certificate_signing_controller;
	return office;
}

static void office_close(struct office *office)
{
	certificate_key_free(office->authority_key);
	certificate_key_free(office->key);
}

static struct str encoded(struct str text)
{
	struct text out = text_in(test_arena(), 64 * KIB);

	base64_encode(BASE64_STANDARD, text, &out);
	return text_str(&out);
}

/* What somebody asks for: a name, a group, other names by commas, and further members of the spec. */
static void ask(struct office *office, const char *name, const char *group, const char *others,
		const char *spec, const char *conditions)
{
	struct str groups[] = { str_from(group) }, names[4], rest = str_from(others), pem, text;
	struct certificate_wish wish = { .common_name = str_from(name),
					 .organizations = groups,
					 .organizations_count = 1,
					 .names = names,
					 .usage = CERTIFICATE_CLIENT };

	while (rest.len > 0)
		names[wish.names_count++] = str_cut(&rest, ',');
	CHECK_STATUS(certificate_request(&wish, office->key, test_arena(), &pem, NULL), OK);
	text = encoded(pem);
	scene_add(&office->scene,
		  "{apiVersion: certificates.k8s.io/v1, kind: CertificateSigningRequest, metadata: "
		  "{name: c}, spec: {request: " STR_FMT ", %s}, status: {conditions: [%s]}}",
		  STR_ARG(text), spec, conditions);
}

static const struct certificates_certificate_signing_request_status *turn(struct office *office)
{
	struct plan *plan;

	office->signing.arg = &office->authority;
	plan = scene_reconcile(&office->scene, &office->signing, "/c");
	scene_apply(&office->scene, plan);
	return scene_get(&office->scene, "/c", certificates_certificate_signing_request)->status;
}

/* ---- approval ------------------------------------------------------------------------------------------------- */

#define USAGES "usages: [digital signature, client auth]"

static const struct {
	const char *name, *user, *others, *conditions, *refused; /* of the turn before; or NULL */
	const char *subresource;                                 /* NULL: it is not approved */
} approvals[] = {
	{ "system:node:n", "system:node:n", "", "", NULL, "selfnodeclient" },
	{ "system:node:n", "system:bootstrap:a", "", "", NULL, "nodeclient" },
	{ "system:node:n", "system:node:n", "", "",
	  "subject access review was not approved: selfnodeclient", "nodeclient" },
	{ "system:node:n", "system:node:n", "", "",
	  "subject access review was not approved: nodeclient", "selfnodeclient" },
	{ "system:node:n", "system:node:n", "a.b", "", NULL, NULL },
	{ "n", "n", "", "", NULL, NULL },
	{ "system:node:n", "system:node:n", "", APPROVED, NULL, NULL },
	{ "system:node:n", "system:node:n", "", "{type: Denied, status: 'True'}", NULL, NULL },
};

TEST(a_node_s_request_is_approved_if_who_asks_may_have_it)
{
	for (size_t i = 0; i < sizeof approvals / sizeof approvals[0]; i++) {
		struct office office = office_open();
		struct world_failure failure = {
			.type = &authorization_subject_access_review_type,
			.is_create = true,
			.status = FORBIDDEN,
			.message = str_from(approvals[i].refused ? approvals[i].refused : ""),
		};

		ask(&office, approvals[i].name, "system:nodes", approvals[i].others,
		    arena_printf(test_arena(), "signerName: '" NODE "', username: '%s', " USAGES,
				 approvals[i].user)
			.at,
		    approvals[i].conditions);
		office.scene.failure = approvals[i].refused ? &failure : NULL;
		office.scene.show = "spec";
		CHECK_STR(
		    scene_print(
			&office.scene,
			scene_reconcile(&office.scene, &certificate_approving_controller, "/c")),
		    approvals[i].subresource == NULL
			? ""
			: arena_printf(
			      test_arena(),
			      "create authorization.k8s.io/v1 SubjectAccessReview \n"
			      "  spec.resourceAttributes.verb: create\n"
			      "  spec.resourceAttributes.group: certificates.k8s.io\n"
			      "  spec.resourceAttributes.version: *\n"
			      "  spec.resourceAttributes.resource: certificatesigningrequests\n"
			      "  spec.resourceAttributes.subresource: %s\n"
			      "  spec.user: %s\n"
			      "update approval of certificates.k8s.io/v1 "
			      "CertificateSigningRequest c\n"
			      "  status.conditions[Approved]: - -> True/AutoApproved: Auto "
			      "approving %skubelet client certificate after "
			      "SubjectAccessReview.\n",
			      approvals[i].subresource, approvals[i].user,
			      approvals[i].subresource[0] == 's' ? "self " : "")
			      .at);
		office_close(&office);
	}
}

/* ---- signatures -------------------------------------------------------------------------------------------------- */

TEST(what_was_approved_gets_a_certificate_of_what_was_asked_for)
{
	static const struct {
		const char *name, *group, *others, *spec;
		unsigned usage;
		int64_t life_s;
	} cases[] = {
		{ "jane", "devs", "", "signerName: " CLIENT ", usages: [client auth]",
		  CERTIFICATE_CLIENT, 365 * DAY_S - 300 },
		{ "jane", "devs", "jane@example.com,a.example.com",
		  "signerName: " CLIENT ", expirationSeconds: 3600, usages: [client auth, digital "
		  "signature]",
		  CERTIFICATE_CLIENT, 3600 },
		{ "jane", "devs", "",
		  "signerName: " CLIENT ", expirationSeconds: 100, usages: [client auth]",
		  CERTIFICATE_CLIENT, 600 },
		{ "jane", "devs", "",
		  "signerName: " CLIENT ", expirationSeconds: 99999999, usages: [client auth]",
		  CERTIFICATE_CLIENT, 365 * DAY_S - 300 },
		{ "system:node:n1", "system:nodes", "",
		  "signerName: " NODE
		  ", usages: [client auth, digital signature, key encipherment]",
		  CERTIFICATE_CLIENT, 365 * DAY_S - 300 },
		{ "system:node:n1", "system:nodes", "n1,10.0.0.1",
		  "signerName: " SERVING
		  ", expirationSeconds: 86400, usages: [server auth, digital "
		  "signature]",
		  CERTIFICATE_SERVER, DAY_S - 300 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct office office = office_open();
		const struct certificates_certificate_signing_request_status *status;
		struct certificate_info info;

		ask(&office, cases[i].name, cases[i].group, cases[i].others, cases[i].spec,
		    APPROVED);
		status = turn(&office);
		CHECK_STATUS(certificate_verify(status->certificate,
						office.authority.certificate_pem, cases[i].usage,
						office.scene.now, NULL),
			     OK);
		CHECK_STATUS(certificate_fits_key(status->certificate, office.key, NULL), OK);
		CHECK_STATUS(certificate_read(status->certificate, test_arena(), &info, NULL), OK);
		CHECK_STR(info.common_name, cases[i].name);
		CHECK_EQ(info.organizations_count, 1);
		CHECK_STR(info.organizations[0], cases[i].group);
		CHECK_EQ(info.usage, cases[i].usage);
		CHECK_EQ(info.dns_names_count + info.addresses_count + info.emails_count,
			 cases[i].others[0] != '\0' ? 2 : 0);
		CHECK_EQ(info.not_before.ns, office.scene.now.ns - 300 * TIME_S);
		CHECK_EQ(info.not_after.ns, office.scene.now.ns + cases[i].life_s * TIME_S);
		CHECK_EQ(scene_reconcile(&office.scene, &office.signing, "/c")->write_count, 0);
		office_close(&office);
	}
}

TEST(what_does_not_keep_its_signers_rules_has_failed_for_good)
{
	static const struct {
		const char *name, *group, *others, *spec, *words;
	} cases[] = {
		{ "jane", "devs", "", "signerName: " CLIENT ", usages: [digital signature]",
		  "missing required usage for client certificate: client auth" },
		{ "jane", "devs", "", "signerName: " CLIENT ", usages: [client auth, server auth]",
		  "invalid usage for client certificate: server auth" },
		{ "jane", "devs", "", "signerName: " NODE ", usages: [client auth]",
		  "subject organization is not system:nodes" },
		{ "jane", "system:nodes", "",
		  "signerName: " NODE ", usages: [client auth, digital signature]",
		  "subject common name does not begin with system:node:" },
		{ "system:node:a", "system:nodes", "", "signerName: " NODE ", usages: [client auth]",
		  "usages did not match [client auth digital signature key encipherment]" },
		{ "system:node:a", "system:nodes", "a",
		  "signerName: " NODE ", usages: [client auth]",
		  "DNS subjectAltNames are not allowed" },
		{ "system:node:a", "system:nodes", "10.0.0.1",
		  "signerName: " NODE ", usages: [client auth]",
		  "IP subjectAltNames are not allowed" },
		{ "system:node:a", "system:nodes", "a://b",
		  "signerName: " NODE ", usages: [client auth]",
		  "URI subjectAltNames are not allowed" },
		{ "system:node:a", "system:nodes", "a@b",
		  "signerName: " NODE ", usages: [client auth]",
		  "Email subjectAltNames are not allowed" },
		{ "system:node:a", "system:nodes", "",
		  "signerName: " SERVING ", usages: [server auth, digital signature]",
		  "DNS or IP subjectAltName is required" },
		{ "system:node:a", "system:nodes", "a,a@b",
		  "signerName: " SERVING ", usages: [server auth, digital signature]",
		  "Email subjectAltNames are not allowed" },
		{ "system:node:a", "system:nodes", "a,a://b",
		  "signerName: " SERVING ", usages: [server auth, digital signature]",
		  "URI subjectAltNames are not allowed" },
		{ "system:node:a", "system:nodes", "a",
		  "signerName: " SERVING ", usages: [server auth]",
		  "usages did not match [digital signature key encipherment server auth]" },
		{ "a", "system:nodes", "a",
		  "signerName: " SERVING ", usages: [server auth, digital signature]",
		  "subject common name does not begin with system:node:" },
		{ "a", "devs", "a",
		  "signerName: " SERVING ", usages: [server auth, digital signature]",
		  "subject organization is not system:nodes" },
	};
	struct office office = office_open();

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct certificates_certificate_signing_request_status *status;

		ask(&office, cases[i].name, cases[i].group, cases[i].others, cases[i].spec,
		    APPROVED);
		status = turn(&office);
		CHECK_EQ(status->certificate.len, 0);
		CHECK_EQ(status->conditions.len, 2);
		CHECK_STR(status->conditions.at[1].type, "Failed");
		CHECK_STR(status->conditions.at[1].reason, "SignerValidationFailure");
		CHECK_STR(status->conditions.at[1].message, cases[i].words);
		CHECK_EQ(scene_reconcile(&office.scene, &office.signing, "/c")->write_count, 0);
	}
	office_close(&office);
}

TEST(what_is_not_approved_or_anothers_matter_is_left_alone)
{
	static const char *const conditions[] = { "", "{type: Denied, status: 'True'}",
						  APPROVED ", {type: Failed, status: 'True'}",
						  APPROVED ", {type: Denied, status: 'True'}" };
	struct office office = office_open();

	for (size_t i = 0; i < sizeof conditions / sizeof conditions[0]; i++) {
		ask(&office, "jane", "devs", "", "signerName: " CLIENT ", usages: [client auth]",
		    conditions[i]);
		CHECK_EQ(turn(&office)->certificate.len, 0);
		CHECK_EQ(office.scene.writes, 0);
	}
	ask(&office, "jane", "devs", "", "signerName: a.io/b, usages: [client auth]", APPROVED);
	CHECK_EQ(turn(&office)->certificate.len, 0);
	ask(&office, "jane", "devs", "", "signerName: " CLIENT ", usages: [client auth]", APPROVED);
	office.authority.key = NULL; /* a node that may not sign */
	CHECK_EQ(turn(&office)->certificate.len, 0);
	CHECK_EQ(office.scene.writes, 0);
	office_close(&office);
}

/* ---- the cleaner ---------------------------------------------------------------------------------------------------- */

TEST(requests_that_nobody_needs_any_more_go)
{
	static const struct {
		const char *created, *condition;
		bool is_issued;
		const char *plan;
	} cases[] = {
		{ "2026-01-02T03:00:00Z", "", false, "again 86155001 ms\n" },
		{ "2026-01-01T03:04:04Z", "", false,
		  "delete certificates.k8s.io/v1 CertificateSigningRequest c\n" },
		{ "2026-01-01T00:00:00Z",
		  "{type: Approved, status: 'True', lastUpdateTime: '2026-01-02T02:04:06Z'}", true,
		  "again 1001 ms\n" },
		{ "2026-01-01T00:00:00Z",
		  "{type: Approved, status: 'True', lastUpdateTime: '2026-01-02T02:04:04Z'}", true,
		  "delete certificates.k8s.io/v1 CertificateSigningRequest c\n" },
		{ "2026-01-01T00:00:00Z",
		  "{type: Approved, status: 'True', lastUpdateTime: '2026-01-02T02:04:04Z'}", false,
		  "again 82799001 ms\n" },
		{ "2026-01-02T03:00:00Z",
		  "{type: Denied, status: 'True', lastUpdateTime: '2026-01-02T02:04:04Z'}", false,
		  "delete certificates.k8s.io/v1 CertificateSigningRequest c\n" },
		{ "2026-01-02T03:00:00Z",
		  "{type: Failed, status: 'True', lastUpdateTime: '2026-01-02T03:04:04Z'}", false,
		  "again 3599001 ms\n" },
		{ "2026-01-01T00:00:00Z",
		  "{type: Mine, status: 'True', lastUpdateTime: '2026-01-01T02:04:04Z'}", false,
		  "" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scene scene = scene_open();

		scene_add(
		    &scene,
		    "{apiVersion: certificates.k8s.io/v1, kind: CertificateSigningRequest, "
		    "metadata: {name: c, creationTimestamp: '%s'}, spec: {signerName: a.io/b, "
		    "usages: [client auth]}, status: {conditions: [%s]%s}}",
		    cases[i].created, cases[i].condition,
		    cases[i].is_issued ? ", certificate: eA==" : "");
		CHECK_PLAN(&scene, &certificate_cleaner_controller, "/c", cases[i].plan);
	}
}

TEST(a_request_goes_when_its_certificate_is_over)
{
	struct office office = office_open();

	ask(&office, "jane", "devs", "",
	    "signerName: " CLIENT ", expirationSeconds: 600, usages: [client auth]", APPROVED);
	turn(&office);
	scene_pass(&office.scene, 601);
	CHECK_PLAN(&office.scene, &certificate_cleaner_controller, "/c",
		   "delete certificates.k8s.io/v1 CertificateSigningRequest c\n");
	office_close(&office);
}
