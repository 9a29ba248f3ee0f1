/*
 * Flow control: what every cluster has is made, put back and told apart from what is the user's.
 */
#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"
#include "datastore/schema/flowcontrol.h"
#include "tests/unit/actors/controllers/scene.h"

static const struct controller *const both[] = { &flow_control_controller, NULL };

/* A level as every cluster has it, but for what `metadata` and `shares` say. */
static void add_level(struct scene *scene, const char *name, const char *metadata, int shares)
{
	scene_add(
	    scene,
	    "{apiVersion: flowcontrol.apiserver.k8s.io/v1, kind: PriorityLevelConfiguration, "
	    "metadata: {name: %s, %s}, spec: {type: Limited, limited: {nominalConcurrencyShares: "
	    "%d, lendablePercent: 90, limitResponse: {type: Queue, queuing: {queues: 128, "
	    "handSize: 6, queueLengthLimit: 50}}}}}",
	    name, metadata, shares);
}

static void add_schema(struct scene *scene, const char *name, const char *metadata,
		       const char *level)
{
	scene_add(
	    scene,
	    "{apiVersion: flowcontrol.apiserver.k8s.io/v1, kind: FlowSchema, metadata: {name: "
	    "%s, %s}, spec: {priorityLevelConfiguration: {name: %s}, matchingPrecedence: 77}}",
	    name, metadata, level);
}

static void run(struct scene *scene, const char *key)
{
	scene_apply(scene, scene_reconcile(scene, &flow_control_controller, key));
}

static void run_all(struct scene *scene)
{
	struct str keys;

	scene_add(scene, "{apiVersion: v1, kind: Namespace, metadata: {name: kube-system}}");
	keys = scene_wakes(scene, &flow_control_controller, &core_namespace_type, "/kube-system");
	while (keys.len > 0) {
		struct str key = str_trim(str_cut(&keys, ' '));

		if (key.len > 0)
			run(scene, arena_cstr(scene->arena, key));
	}
}

static const struct flowcontrol_flow_schema_condition *dangling(struct scene *scene, const char *key)
{
	const struct flowcontrol_flow_schema *schema =
	    scene_get(scene, key, flowcontrol_flow_schema);

	CHECK(schema != NULL && schema->status != NULL && schema->status->conditions.len == 1);
	return &schema->status->conditions.at[0];
}

TEST(what_every_cluster_has_is_made)
{
	struct scene scene = scene_open();
	const struct flowcontrol_flow_schema *schema;
	const struct flowcontrol_priority_level_configuration *level;

	run_all(&scene);
	CHECK_EQ(scene_count(&scene, &flowcontrol_priority_level_configuration_type), 8);
	CHECK_EQ(scene_count(&scene, &flowcontrol_flow_schema_type), 11);
	level = scene_get(&scene, "/workload-low", flowcontrol_priority_level_configuration);
	CHECK_EQ(level->spec->limited->nominal_concurrency_shares, 100);
	CHECK_EQ(level->spec->limited->lendable_percent, 90);
	CHECK_EQ(level->spec->limited->limit_response->queuing->queues, 128);
	CHECK_STR(
	    str_map_get(level->metadata->annotations, STR("apf.kubernetes.io/autoupdate-spec")),
	    "true");
	level = scene_get(&scene, "/exempt", flowcontrol_priority_level_configuration);
	CHECK_STR(level->spec->type, "Exempt");
	CHECK(level->spec->limited == NULL);
	schema = scene_get(&scene, "/system-node-high", flowcontrol_flow_schema);
	CHECK_STR(schema->spec->rules.at[0].resource_rules.at[0].api_groups.at[0], "");
	CHECK_STR(schema->spec->rules.at[0].resource_rules.at[0].resources.at[1], "nodes/status");
	CHECK_STR(schema->spec->rules.at[0].resource_rules.at[1].resources.at[0], "leases");
	CHECK_STR(schema->spec->distinguisher_method->type, "ByUser");
	scene_settle(&scene, both);
	CHECK_STR(dangling(&scene, "/exempt")->status, "False");
	CHECK_STR(dangling(&scene, "/service-accounts")->message,
		  "This FlowSchema references the PriorityLevelConfiguration object named "
		  "\"workload-low\" and it exists");
	CHECK_EQ(scene_settle(&scene, both), 0);
	CHECK_EQ(scene.refused, 0);
}

TEST(a_suggested_level_is_put_back_as_long_as_it_is_nobodys)
{
	static const struct {
		const char *metadata;
		int shares;
		const char *annotation;
	} cases[] = {
		{ "annotations: {apf.kubernetes.io/autoupdate-spec: 'true'}, generation: 3", 100,
		  "true" },
		{ "annotations: {apf.kubernetes.io/autoupdate-spec: 'T'}, generation: 3", 100,
		  "true" },
		{ "annotations: {apf.kubernetes.io/autoupdate-spec: 'false'}, generation: 1", 7,
		  "false" },
		{ "annotations: {apf.kubernetes.io/autoupdate-spec: what}, generation: 1", 100,
		  "true" },
		{ "generation: 1", 100, "true" },
		{ "generation: 2", 7, "false" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scene scene = scene_open();
		const struct flowcontrol_priority_level_configuration *level;

		add_level(&scene, "workload-low", cases[i].metadata, 7);
		run(&scene, "/workload-low");
		level = scene_get(&scene, "/workload-low", flowcontrol_priority_level_configuration);
		CHECK_EQ(level->spec->limited->nominal_concurrency_shares, cases[i].shares);
		CHECK_STR(str_map_get(level->metadata->annotations,
				      STR("apf.kubernetes.io/autoupdate-spec")),
			  cases[i].annotation);
	}
}

TEST(what_the_exempt_level_counts_for_is_the_users)
{
	struct scene scene = scene_open();

	scene_add(
	    &scene,
	    "{apiVersion: flowcontrol.apiserver.k8s.io/v1, kind: PriorityLevelConfiguration, "
	    "metadata: {name: exempt, annotations: {apf.kubernetes.io/autoupdate-spec: 'true'}}, "
	    "spec: {type: Exempt, exempt: {nominalConcurrencyShares: 9, lendablePercent: 10}}}");
	scene_add(&scene,
		  "{apiVersion: flowcontrol.apiserver.k8s.io/v1, kind: FlowSchema, "
		  "metadata: {name: exempt}, spec: {priorityLevelConfiguration: {name: exempt}, "
		  "matchingPrecedence: 1}}");
	run(&scene, "/exempt");
	CHECK_EQ(scene_get(&scene, "/exempt", flowcontrol_priority_level_configuration)
		     ->spec->exempt->nominal_concurrency_shares,
		 9);
	CHECK_EQ(scene_get(&scene, "/exempt", flowcontrol_flow_schema)->spec->rules.len, 1);
}

TEST(what_is_left_of_another_release_goes_and_what_is_the_users_stays)
{
	struct scene scene = scene_open();

	add_schema(&scene, "old", "annotations: {apf.kubernetes.io/autoupdate-spec: 'true'}",
		   "exempt");
	add_schema(&scene, "mine", "annotations: {apf.kubernetes.io/autoupdate-spec: 'false'}",
		   "exempt");
	add_level(&scene, "old", "annotations: {apf.kubernetes.io/autoupdate-spec: 'true'}", 5);
	add_level(&scene, "mine", "generation: 1", 5);
	run(&scene, "/old");
	run(&scene, "/mine");
	CHECK(scene_get(&scene, "/old", flowcontrol_flow_schema) == NULL);
	CHECK(scene_get(&scene, "/old", flowcontrol_priority_level_configuration) == NULL);
	CHECK(scene_get(&scene, "/mine", flowcontrol_flow_schema) != NULL);
	CHECK_EQ(scene_get(&scene, "/mine", flowcontrol_priority_level_configuration)
		     ->spec->limited->nominal_concurrency_shares,
		 5);
}

TEST(a_schema_says_whether_its_level_is_there)
{
	struct scene scene = scene_open();

	add_schema(&scene, "mine", "generation: 1", "later");
	run(&scene, "/mine");
	CHECK_STR(dangling(&scene, "/mine")->status, "True");
	CHECK_STR(dangling(&scene, "/mine")->reason, "NotFound");
	CHECK_STR(dangling(&scene, "/mine")->message,
		  "This FlowSchema references the PriorityLevelConfiguration object named "
		  "\"later\" but there is no such object");
	add_level(&scene, "later", "generation: 1", 5);
	CHECK_STR(scene_wakes(&scene, &flow_control_controller,
			      &flowcontrol_priority_level_configuration_type, "/later"),
		  "/later /mine ");
	run(&scene, "/mine");
	CHECK_STR(dangling(&scene, "/mine")->status, "False");
	CHECK_STR(dangling(&scene, "/mine")->reason, "Found");
}
