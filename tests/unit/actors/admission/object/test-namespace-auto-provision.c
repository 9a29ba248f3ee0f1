/*
 * Plug-ins that make a namespace, or refuse everything, where an operator asks for that.
 */
#include "actors/admission/plugins.h"
#include "tests/unit/actors/server/rig.h"

#define MAP "{'metadata':{'name':'m'}}"

static struct rig *open_rig(const char *plugin)
{
	struct server_config config = { .more_plugins = 0 };

	for (uint32_t i = 0; i < plugin_count; i++)
		if (strcmp(plugins[i]->name, plugin) == 0)
			config.more_plugins |= 1ULL << i;
	CHECK(config.more_plugins != 0);
	return rig_open(arena_copy(test_arena(), &config, sizeof config));
}

TEST(a_namespace_comes_to_be_with_what_is_made_in_it)
{
	struct rig *rig = open_rig("NamespaceAutoProvision");
	struct rig_answer answer;

	CHECK_CODE(rig_as(rig, NULL, "POST", "/api/v1/namespaces/new/configmaps?dryRun=All", MAP),
		   404);
	CHECK_CODE(rig_get(rig, "/api/v1/namespaces/new"), 404);
	answer = rig_as(rig, NULL, "POST", "/api/v1/namespaces/new/configmaps", MAP);
	CHECK_CODE(answer, 201);
	answer = rig_get(rig, "/api/v1/namespaces/new");
	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "status.phase", "Active");
	CHECK_AT(answer.body, "spec.finalizers[0]", "kubernetes");
	/* Of two at once neither fails, whoever makes it. */
	{
		struct rig_request request = { .method = "POST",
					       .path = "/api/v1/namespaces/two/configmaps",
					       .body = rig_json("{'metadata':{'generateName':"
								"'m'}}") };
		uint32_t one = rig_begin(rig, &request), other = rig_begin(rig, &request);

		CHECK_CODE(rig_finish(rig, one), 201);
		CHECK_CODE(rig_finish(rig, other), 201);
	}
	/* Nothing else makes one. */
	CHECK_CODE(rig_delete(rig, "/api/v1/namespaces/none/configmaps/m", NULL), 404);
	CHECK_CODE(rig_get(rig, "/api/v1/namespaces/none"), 404);
	rig_close(rig);
}

TEST(a_namespace_that_cannot_be_made_is_why_nothing_is)
{
	struct rig *rig = open_rig("NamespaceAutoProvision");
	struct rig_answer answer =
	    rig_as(rig, NULL, "POST", "/api/v1/namespaces/Not.One/configmaps", MAP);

	CHECK_CODE(answer, 403);
	CHECK(str_find(answer.body, STR("Namespace \\\"Not.One\\\" is invalid")) > 0);
	rig_close(rig);
}

TEST(nothing_is_written_where_everything_is_denied)
{
	struct admission admission = { .check = { .arena = test_arena() },
				       .resource = STR("pods"),
				       .name = STR("x") };

	CHECK_EQ(admission_always_deny.mutate(&admission), CHECK_DENY);
	CHECK_STR(admission.failure->message,
		  "pods \"x\" is forbidden: admission control is denying all modifications");
	CHECK_EQ(admission_always_deny.validate(&admission), CHECK_DENY);
}
