/*
 * Plug-ins of admission that an operator goes without, or wants beside the usual ones.
 */
#include "deploy/main/api/plugin-options.h"

#include "actors/admission/plugin.h"
#include "tests/lib/test.h"

static bool has(uint64_t bits, const char *name)
{
	for (uint32_t i = 0; i < plugin_count; i++)
		if (strcmp(plugins[i]->name, name) == 0)
			return bits >> i & 1;
	return false;
}

TEST(plug_ins_are_named_as_upstream_does_and_an_unknown_name_is_refused)
{
	struct fault why = { 0 };
	uint64_t bits = 1, more = 1;

	CHECK_STATUS(plugin_options_load(NULL, NULL, &more, &bits, &why), OK);
	CHECK(bits == 0 && more == 0);
	CHECK_STATUS(plugin_options_load("AlwaysPullImages,ResourceQuota",
					 "ServiceAccount, NamespaceLifecycle", &more, &bits, &why),
		     OK);
	CHECK(has(more, "AlwaysPullImages") && __builtin_popcountll(more) == 1);
	CHECK(has(bits, "ServiceAccount") && has(bits, "NamespaceLifecycle") &&
	      __builtin_popcountll(bits) == 2);
	CHECK_STATUS(plugin_options_load(NULL, "serviceaccount", &more, &bits, &why), BAD_REQUEST);
	CHECK_STR(str_from(why.text), "--disable-admission-plugins: \"serviceaccount\" is no "
				      "plug-in of admission here; one is NamespaceAutoProvision");
	CHECK_STATUS(plugin_options_load("AlwaysAdmit", "AlwaysAdmit,PodGroupProtection", &more,
					 &bits, &why),
		     OK);
	CHECK(more == 0 && bits == 0);
	CHECK_STATUS(plugin_options_load(NULL, "ResourceQuota", &more, &bits, &why), BAD_REQUEST);
	CHECK_STATUS(plugin_options_load("Priority", "Priority", &more, &bits, &why), BAD_REQUEST);
	CHECK_STR(str_from(why.text), "Priority in enable-admission-plugins and "
				      "disable-admission-plugins overlapped");
}

TEST(those_that_are_off_upstream_are_off_here)
{
	uint32_t off = 0;

	for (uint32_t i = 0; i < plugin_count; i++)
		off += plugins[i]->is_off;
	CHECK_EQ(off, 12);
}
