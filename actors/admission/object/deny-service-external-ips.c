/*
 * DenyServiceExternalIPs: no Service gets an external address that it had not (upstream: plugin/pkg/admission/denyserviceexternalips). Off unless asked for.
 */
#include "actors/admission/plugin.h"
#include "actors/admission/plugins.h"
#include "datastore/schema/core.h"

static bool has(const struct core_service *service, struct str address)
{
	for (uint32_t i = 0; service != NULL && i < service->spec->external_ips.len; i++)
		if (str_eq(service->spec->external_ips.at[i], address))
			return true;
	return false;
}

static enum check validate(struct admission *admission)
{
	const struct core_service *service = admission->object;

	if (admission->group.len > 0 || !str_is(admission->resource, "services") ||
	    admission->subresource.len > 0)
		return CHECK_PASS;
	for (uint32_t i = 0; i < service->spec->external_ips.len; i++)
		if (!has(admission->old, service->spec->external_ips.at[i]))
			return admission_deny(
			    admission, "Use of external IPs is denied by admission control.");
	return CHECK_PASS;
}

const struct plugin admission_deny_service_external_ips = {
	.name = "DenyServiceExternalIPs",
	.is_off = true,
	.operations = ADMISSION_CREATE | ADMISSION_UPDATE,
	.validate = validate,
};
