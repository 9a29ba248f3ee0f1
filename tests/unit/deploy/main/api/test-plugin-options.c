/*
 * Plug-ins of admission that an operator goes without.
 */
#include "deploy/main/api/plugin-options.h"

#include "actors/admission/plugin.h"
#include "tests/lib/test.h"

TEST(plug_ins_are_named_as_upstream_does_and_an_unknown_name_is_refused)
{
	struct fault why = { 0 };
	uint64_t bits = 1;

	CHECK_STATUS(plugin_options_load(NULL, &bits, &why), OK);
	CHECK(bits == 0);
	CHECK_STATUS(plugin_options_load("ServiceAccount, NamespaceLifecycle", &bits, &why), OK);
	for (uint32_t i = 0; i < plugin_count; i++)
		CHECK((bits >> i & 1) == (strcmp(plugins[i]->name, "ServiceAccount") == 0 ||
					  strcmp(plugins[i]->name, "NamespaceLifecycle") == 0));
	CHECK_STATUS(plugin_options_load("serviceaccount", &bits, &why), BAD_REQUEST);
	CHECK_STR(str_from(why.text), "--disable-admission-plugins: \"serviceaccount\" is no "
				      "plug-in of admission here; one is NamespaceLifecycle");
}
