#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"
#include "tests/unit/actors/controllers/scene.h"

static const struct {
	uint32_t nodes;
	const char *said, *wanted; /* of the node that is looked at */
} cases[] = {
	{ 1, NULL, "0" },    { 100, NULL, "0" },   { 101, NULL, "15" },  { 101, "0", "15" },
	{ 95, "15", "15" },  { 89, "15", "0" },    { 460, "30", "30" },  { 460, "15", "15" },
	{ 501, "15", "30" }, { 501, "300", "30" }, { 501, "odd", "30" }, { 1, "300", "0" },
};

TEST(the_more_nodes_there_are_the_longer_each_may_keep_what_it_read)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scene scene = scene_open();
		const char *said = cases[i].said, *wanted = cases[i].wanted;
		struct plan *plan;

		for (uint32_t n = 1; n < cases[i].nodes; n++)
			scene_add(&scene, "{apiVersion: v1, kind: Node, metadata: {name: n%u}}", n);
		scene_add(
		    &scene,
		    "{apiVersion: v1, kind: Node, metadata: {name: it, annotations: {%s%s%s}}}",
		    said ? "node.alpha.kubernetes.io/ttl: '" : "", said ? said : "",
		    said ? "'" : "");
		plan = scene_reconcile(&scene, &ttl_controller, "/it");
		if (said != NULL && strcmp(said, wanted) == 0) {
			CHECK_EQ(plan->write_count, 0);
			continue;
		}
		CHECK_STR(scene_print(&scene, plan), "request PATCH /api/v1/nodes/it\n");
		CHECK_STR(plan->writes[0].body,
			  arena_printf(test_arena(),
				       "{\"metadata\":{\"annotations\":{"
				       "\"node.alpha.kubernetes.io/ttl\":\"%s\"}}}",
				       wanted)
			      .at);
	}
}
