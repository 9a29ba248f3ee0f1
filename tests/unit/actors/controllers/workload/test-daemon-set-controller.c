#include "actors/controllers/controllers.h"
#include "datastore/schema/apps.h"
#include "datastore/schema/core.h"
#include "tests/unit/actors/controllers/scene-private.h"

#define DS (&daemon_set_controller)
#define KEY "default/d"

static void add_set(struct scene *scene, const char *image, const char *template, const char *spec)
{
	scene_add(scene,
		  "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: d}, spec: {selector: "
		  "{matchLabels: {app: d}}, template: {metadata: {labels: {app: d}}, spec: "
		  "{containers: [{name: c, image: %s}], %s}}, %s}}",
		  image, template, spec);
}

static void add_node(struct scene *scene, const char *name, const char *labels, const char *spec)
{
	scene_add(scene,
		  "{apiVersion: v1, kind: Node, metadata: {name: %s, labels: {%s}}, spec: {%s}}",
		  name, labels, spec);
}

static void settle(struct scene *scene)
{
	scene_settle(scene, (const struct controller *const[]){ DS, NULL });
}

static const struct apps_daemon_set_status *status_of(const struct scene *scene)
{
	return scene_get(scene, KEY, apps_daemon_set)->status;
}

/* Pods are bound where they are meant for, run and serve; those being deleted go. */
static void run_pods(struct scene *scene)
{
	scene_run_pods(scene);
	for (uint32_t i = 0; i < scene->len; i++) {
		struct core_pod *pod = scene->objects[i]->record;
		const struct core_node_selector *required;

		if (!str_is(type_kind(scene->objects[i]->type), "Pod") ||
		    pod->spec->affinity == NULL)
			continue;
		required = pod->spec->affinity->node_affinity
			       ->required_during_scheduling_ignored_during_execution;
		pod->spec->node_name =
		    required->node_selector_terms.at[0].match_fields.at[0].values.at[0];
	}
}

TEST(every_node_that_fits_gets_one_pod)
{
	struct scene scene = scene_open();

	scene.show = "metadata.labels spec.affinity";
	scene.hide = "status again";
	add_set(&scene, "a", "nodeSelector: {disk: ssd}", "");
	add_node(&scene, "n1", "disk: ssd", "");
	add_node(&scene, "n2", "disk: hdd", "");
	add_node(&scene, "n3", "disk: ssd", "taints: [{key: x, effect: NoSchedule}]");
	CHECK_PLAN(&scene, DS, KEY,
		   "create apps/v1 ControllerRevision default/d-67d97dd7b4\n"
		   "  metadata.labels.app: d\n"
		   "  metadata.labels.controller-revision-hash: 67d97dd7b4\n"
		   "create v1 Pod default/d-*\n"
		   "  metadata.labels.app: d\n"
		   "  metadata.labels.controller-revision-hash: 67d97dd7b4\n"
		   "  metadata.labels.pod-template-generation: 1\n"
		   "  spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
		   "nodeSelectorTerms[0].matchFields[0].key: metadata.name\n"
		   "  spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
		   "nodeSelectorTerms[0].matchFields[0].operator: In\n"
		   "  spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
		   "nodeSelectorTerms[0].matchFields[0].values[0]: n1\n"
		   "event Normal SuccessfulCreate DaemonSet d: Created pod: d-jdqlb\n");
}

TEST(nodes_that_come_go_and_change_are_followed)
{
	struct scene scene = scene_open();

	add_set(&scene, "a", "", "");
	add_node(&scene, "n1", "", "");
	add_node(
	    &scene, "n2",
	    "", "unschedulable: true, taints: [{key: node.kubernetes.io/unschedulable, effect: NoSchedule}]");
	settle(&scene);
	run_pods(&scene);
	settle(&scene);
	CHECK_EQ(status_of(&scene)->desired_number_scheduled, 2);
	CHECK_EQ(status_of(&scene)->number_available, 2);
	CHECK_EQ(status_of(&scene)->updated_number_scheduled, 2);
	add_node(&scene, "n3", "", "");
	CHECK_STR(scene_wakes(&scene, DS, &core_node_type, "/n3"), "default/d ");
	settle(&scene);
	CHECK_EQ(scene_count(&scene, &core_pod_type), 3);
	/* One that may not come may stay; one that is driven out goes. */
	add_node(&scene, "n1", "", "taints: [{key: x, effect: NoSchedule}]");
	settle(&scene);
	CHECK_EQ(scene_count(&scene, &core_pod_type), 3);
	CHECK_EQ(status_of(&scene)->number_misscheduled, 1);
	add_node(&scene, "n1", "", "taints: [{key: x, effect: NoExecute}]");
	settle(&scene);
	run_pods(&scene);
	settle(&scene);
	CHECK_EQ(scene_count(&scene, &core_pod_type), 2);
	CHECK_EQ(scene.refused, 0);
}

TEST(an_update_keeps_enough_pods_serving_and_ends)
{
	static const struct {
		const char *pace;
		uint32_t least, most;
	} cases[] = { { "{maxUnavailable: 1}", 3, 4 },
		      { "{maxUnavailable: 2}", 2, 4 },
		      { "{maxUnavailable: 0, maxSurge: 1}", 4, 5 },
		      { "{maxUnavailable: 0, maxSurge: 50%}", 4, 6 } };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scene scene = scene_open();
		const char *spec = arena_printf(scene.arena,
						"revisionHistoryLimit: 1, updateStrategy: "
						"{rollingUpdate: %s}",
						cases[i].pace)
				       .at;

		for (int n = 0; n < 4; n++)
			add_node(&scene, arena_printf(scene.arena, "n%d", n).at, "", "");
		add_set(&scene, "a", "", spec);
		settle(&scene);
		run_pods(&scene);
		settle(&scene);
		add_set(&scene, "b", "", spec);
		for (int round = 0; round < 30; round++) {
			uint32_t living = 0, serving = 0;

			scene_round(&scene, (const struct controller *const[]){ DS, NULL });
			for (uint32_t k = 0; k < scene.len; k++) {
				const struct core_pod *pod = scene.objects[k]->record;

				if (!str_is(type_kind(scene.objects[k]->type), "Pod") ||
				    pod->metadata->has.deletion_timestamp)
					continue;
				living++;
				serving += pod->status->conditions.len > 0;
			}
			CHECK(living <= cases[i].most);
			CHECK(serving >= cases[i].least);
			run_pods(&scene);
			scene_pass(&scene, 1);
		}
		CHECK_EQ(scene_count(&scene, &core_pod_type), 4);
		CHECK_EQ(status_of(&scene)->updated_number_scheduled, 4);
		CHECK_EQ(status_of(&scene)->number_available, 4);
		CHECK_EQ(scene_count(&scene, &apps_controller_revision_type), 2);
		CHECK_EQ(scene.refused, 0);
	}
}

TEST(on_delete_waits_for_somebody_to_delete)
{
	struct scene scene = scene_open();

	add_node(&scene, "n1", "", "");
	add_set(&scene, "a", "", "updateStrategy: {type: OnDelete}");
	settle(&scene);
	run_pods(&scene);
	settle(&scene);
	add_set(&scene, "b", "", "updateStrategy: {type: OnDelete}");
	settle(&scene);
	CHECK_EQ(status_of(&scene)->updated_number_scheduled, 0);
	CHECK_EQ(status_of(&scene)->number_available, 1);
}

TEST(a_template_that_comes_back_is_the_newest_revision_again)
{
	struct scene scene = scene_open();
	int64_t highest = 0;

	add_set(&scene, "a", "", "");
	settle(&scene);
	add_set(&scene, "b", "", "");
	settle(&scene);
	add_set(&scene, "a", "", "");
	settle(&scene);
	CHECK_EQ(scene_count(&scene, &apps_controller_revision_type), 2);
	for (uint32_t i = 0; i < scene.len; i++) {
		const struct apps_controller_revision *revision = scene.objects[i]->record;

		if (str_is(type_kind(scene.objects[i]->type), "ControllerRevision") &&
		    revision->revision > highest) {
			highest = revision->revision;
			CHECK(str_find(revision->data, STR("\"image\":\"a\"")) > 0 || highest < 3);
		}
	}
	CHECK_EQ(highest, 3);
}
