#include "actors/controllers/access/node-certificate.h"

bool node_certificate_uses(struct str_list usages, const char *usage)
{
	for (uint32_t i = 0; i < usages.len; i++)
		if (str_is(usages.at[i], usage))
			return true;
	return false;
}

bool node_certificate_usages(struct str_list usages, const char *purpose)
{
	for (uint32_t i = 0; i < usages.len; i++)
		if (!str_is(usages.at[i], purpose) && !str_is(usages.at[i], "digital signature") &&
		    !str_is(usages.at[i], "key encipherment"))
			return false;
	return node_certificate_uses(usages, purpose) &&
	       node_certificate_uses(usages, "digital signature");
}

bool node_certificate_is_of_nodes(const struct certificate_info *info)
{
	return info->organizations_count == 1 && str_is(info->organizations[0], "system:nodes");
}

struct str node_certificate_refuse(const struct certificate_info *info, struct str_list usages)
{
	if (!node_certificate_is_of_nodes(info))
		return STR("subject organization is not system:nodes");
	if (info->dns_names_count > 0)
		return STR("DNS subjectAltNames are not allowed");
	if (info->emails_count > 0)
		return STR("Email subjectAltNames are not allowed");
	if (info->addresses_count > 0)
		return STR("IP subjectAltNames are not allowed");
	if (info->uris_count > 0)
		return STR("URI subjectAltNames are not allowed");
	if (!str_starts(info->common_name, STR(NODE_CERTIFICATE_PREFIX)))
		return STR("subject common name does not begin with system:node:");
	if (!node_certificate_usages(usages, "client auth"))
		return STR("usages did not match [client auth digital signature key encipherment]");
	return STR_NONE;
}
