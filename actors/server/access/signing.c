#include "actors/server/server-private.h"
#include "datastore/object/record.h"
#include "datastore/schema/certificates.h"
#include "datastore/schema/type.h"

/*
 * Signing: who approves requests for certificates, signs them or attests what a signer's authorities are needs a right for that signer
 * beside the right to write the object (upstream's plug-ins CertificateApproval, CertificateSigning and ClusterTrustBundleAttest).
 */

#define GROUP STR("certificates.k8s.io")

struct signing {
	const char *verb;  /* of the right; NULL: the write needs none */
	const char *words; /* upstream's, before the signer's name */
	struct str signer;
};

static const struct certificates_certificate_signing_request_status *status_of(const void *record)
{
	return ((const struct certificates_certificate_signing_request *)record)->status;
}

static bool changes_status(const struct request *r)
{
	return !record_equal(&certificates_certificate_signing_request_status_type,
			     status_of(r->record), status_of(r->live->record));
}

/* The signer is the stored one's: what is sent may name another. */
static struct signing of_request(const struct request *r)
{
	const struct certificates_certificate_signing_request *csr;
	struct signing signing = { 0 };

	if (r->live == NULL)
		return signing;
	csr = r->live->record;
	signing.signer = csr->spec->signer_name;
	if (str_is(r->route.subresource, "approval")) {
		signing.verb = "approve";
		signing.words = "user not permitted to approve requests with signerName";
	} else if (str_is(r->route.subresource, "status") && changes_status(r)) {
		signing.verb = "sign";
		signing.words = "user not permitted to sign requests with signerName";
	}
	return signing;
}

static struct signing of_bundle(struct request *r)
{
	const struct certificates_cluster_trust_bundle *bundle = r->record;
	struct signing signing = { .words = "user not permitted to attest for signerName",
				   .signer = bundle->spec->signer_name };

	if (signing.signer.len > 0 && !write_is_upkeep(r))
		signing.verb = "attest";
	return signing;
}

/* For this signer, and then for all of its domain: example.com/\*. */
static enum next ask(struct request *r, const struct signing *signing, bool *out_is_allowed)
{
	struct attributes attributes = { .user = &r->user,
					 .verb = str_from(signing->verb),
					 .is_resource = true,
					 .group = GROUP,
					 .version = STR("*"),
					 .resource = STR("signers"),
					 .name = signing->signer };
	struct access_verdict verdict;
	struct str rest = signing->signer, domain = str_cut(&rest, '/');

	/* If it waits, it is run again from the first, which then is answered at once. */
	for (uint32_t i = 0; i < 2 && !*out_is_allowed; i++) {
		if (i == 1)
			attributes.name = request_printf(r, STR_FMT "/*", STR_ARG(domain));
		if (access_ask(r, &attributes, false, &verdict) == WAIT)
			return WAIT;
		access_reset(r);
		*out_is_allowed = verdict.is_allowed;
	}
	return NEXT;
}

enum next signing_check(struct request *r)
{
	struct signing signing = { 0 };
	bool is_allowed = false;

	if (r->type == &certificates_certificate_signing_request_type)
		signing = of_request(r);
	else if (r->type == &certificates_cluster_trust_bundle_type)
		signing = of_bundle(r);
	if (signing.verb == NULL)
		return NEXT;
	if (ask(r, &signing, &is_allowed) == WAIT)
		return WAIT;
	if (is_allowed)
		return NEXT;
	return request_fail(r,
			    failure_forbidden(r->arena, request_group(r), request_resource(r),
					      record_meta(r->type, r->record)->name,
					      request_printf(r, "%s \"" STR_FMT "\"", signing.words,
							     STR_ARG(signing.signer))));
}
