#include "actors/kinds/reset.h"

#include "runtime/base/base.h"

/* Paths with spaces between them. */
static const struct exception {
	const char *group, *kind, *subresource, *paths;
} exceptions[] = {
	{ "", "Namespace", "finalize", "status" },
	{ "", "Pod", "status", "spec metadata.deletionTimestamp metadata.ownerReferences" },
	{ "admissionregistration.k8s.io", "ValidatingAdmissionPolicy", "status", "metadata spec" },
	{ "apiregistration.k8s.io", "APIService", "status", "metadata spec" },
	{ "apps", "Deployment", "status", "metadata.labels spec" },
	{ "certificates.k8s.io", "CertificateSigningRequest", "", "spec status" },
	{ "certificates.k8s.io", "CertificateSigningRequest", "approval",
	  "spec status.certificate" },
	{ "certificates.k8s.io", "CertificateSigningRequest", "status", "spec status.conditions" },
	{ "certificates.k8s.io", "PodCertificateRequest", "status", "metadata spec" },
	{ "flowcontrol.apiserver.k8s.io", "FlowSchema", "status", "metadata spec" },
	{ "flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration", "status", "metadata spec" },
	{ "networking.k8s.io", "ServiceCIDR", "status", "metadata spec" },
	{ "resource.k8s.io", "DeviceTaintRule", "status", "metadata spec" },
	{ "resource.k8s.io", "ResourceClaim", "status", "metadata spec" },
	{ "scheduling.k8s.io", "PodGroup", "status", "metadata spec" },
	{ "storage.k8s.io", "VolumeAttachment", "status", "metadata spec" },
	{ "storagemigration.k8s.io", "StorageVersionMigration", "status", "metadata spec" },
};

static struct fields fields_of(const char *paths, struct arena *arena)
{
	struct str rest = str_from(paths);
	struct fields set = { 0 };

	while (rest.at != NULL)
		set = fields_union(arena, set, fields_of_path(str_cut(&rest, ' '), arena));
	return set;
}

struct fields kind_resets(const struct type *type, struct str subresource, bool has_status,
			  struct arena *arena)
{
	for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++)
		if (str_is(subresource, exceptions[i].subresource) &&
		    str_is(type_kind(type), exceptions[i].kind) &&
		    str_is(type_group(type), exceptions[i].group))
			return fields_of(exceptions[i].paths, arena);
	if (subresource.len == 0 && has_status)
		return fields_of("status", arena);
	if (str_is(subresource, "status"))
		return fields_of(type->set != NULL ? "metadata spec" : "spec", arena);
	return (struct fields){ 0 };
}
