#include "deploy/main/api/plugin-options.h"

#include "actors/admission/plugin.h"

/* Upstream's that are no plug-ins here but part of what is done in any case: they may be asked for. */
static const char steady[] = "CertificateApproval|CertificateSigning|ClusterTrustBundleAttest|"
			     "NodeDeclaredFeatureValidator|PodResizeValidator|ResourceQuota";

/* And that do nothing here: they may be named in both. */
static const char moot[] = "AlwaysAdmit|PodGroupProtection";

static bool find(struct str name, uint32_t *out)
{
	for (*out = 0; *out < plugin_count; (*out)++)
		if (str_is(name, plugins[*out]->name))
			return true;
	return false;
}

static enum status read_list(const char *option, const char *list, bool takes_steady, uint64_t *out,
			     struct fault *why)
{
	struct str rest = str_from(list);
	uint32_t index;

	*out = 0;
	while (rest.len > 0) {
		struct str name = str_trim(str_cut(&rest, ','));

		if (find(name, &index))
			*out |= 1ULL << index;
		else if (!str_is_among(name, moot, '|') &&
			 (!takes_steady || !str_is_among(name, steady, '|')))
			return fault_set(why, BAD_REQUEST, option,
					 "--%s: \"" STR_FMT
					 "\" is no plug-in of admission here; one is %s",
					 option, STR_ARG(name), plugins[0]->name);
	}
	return OK;
}

enum status plugin_options_load(const char *enabled, const char *disabled, uint64_t *out_more,
				uint64_t *out_idle, struct fault *why)
{
	uint64_t more, idle;

	assert(plugin_count <= 64);
	TRY(read_list("enable-admission-plugins", enabled, true, &more, why));
	TRY(read_list("disable-admission-plugins", disabled, false, &idle, why));
	for (uint32_t i = 0; i < plugin_count; i++)
		if (more & idle & 1ULL << i)
			return fault_set(why, BAD_REQUEST, "enable-admission-plugins",
					 "%s in enable-admission-plugins and "
					 "disable-admission-plugins overlapped",
					 plugins[i]->name);
	*out_more = more;
	*out_idle = idle;
	return OK;
}
