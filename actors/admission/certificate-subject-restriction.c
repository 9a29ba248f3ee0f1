/*
 * CertificateSubjectRestriction: nobody asks by a certificate to become a master (upstream: plugin/pkg/admission/certificates/subjectrestriction).
 */
#include "actors/admission/plugin.h"
#include "actors/admission/plugins.h"
#include "actors/client/user.h"
#include "datastore/schema/certificates.h"
#include "transport/tls/certificate.h"

static enum check validate(struct admission *admission)
{
	const struct certificates_certificate_signing_request *csr = admission->object;
	struct certificate_info info;
	struct fault why = { 0 };

	if (!str_is(admission->group, "certificates.k8s.io") ||
	    !str_is(admission->resource, "certificatesigningrequests") ||
	    admission->subresource.len > 0 ||
	    !str_is(csr->spec->signer_name, "kubernetes.io/kube-apiserver-client"))
		return CHECK_PASS;
	if (certificate_request_read(csr->spec->request, admission->check.arena, &info, &why) != OK)
		return admission_deny(admission, "failed to parse CSR: %s", why.text);
	for (uint32_t i = 0; i < info.organizations_count; i++)
		if (str_eq(info.organizations[i], GROUP_MASTERS))
			return admission_deny(
			    admission,
			    "use of kubernetes.io/kube-apiserver-client signer with system:masters "
			    "group is not allowed");
	return CHECK_PASS;
}

const struct plugin admission_certificate_subject_restriction = {
	.name = "CertificateSubjectRestriction",
	.operations = ADMISSION_CREATE,
	.validate = validate,
};
