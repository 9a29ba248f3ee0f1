#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"
#include "tests/unit/actors/controllers/scene.h"

#define NS (&namespace_controller)
#define QUIET                                                                                      \
	"{type: NamespaceDeletionDiscoveryFailure, status: 'False', reason: ResourcesDiscovered, " \
	"message: All resources successfully discovered}, {type: "                                 \
	"NamespaceDeletionGroupVersionParsingFailure, status: 'False', reason: "                   \
	"ParsedGroupVersions, message: All legacy kube types successfully parsed}, {type: "        \
	"NamespaceDeletionContentFailure, status: 'False', reason: ContentDeleted, message: "      \
	"'All content successfully deleted, may be waiting on finalization'}"
#define EMPTY                                                                                 \
	QUIET ", {type: NamespaceContentRemaining, status: 'False', reason: ContentRemoved, " \
	      "message: All content successfully removed}, {type: "                           \
	      "NamespaceFinalizersRemaining, status: 'False', reason: "                       \
	      "ContentHasNoFinalizers, message: All content-preserving finalizers finished}"

/* One that is being deleted since `age` seconds before the scene's now. */
static void add_namespace(struct scene *scene, const char *since, const char *conditions)
{
	scene_add(
	    scene,
	    "{apiVersion: v1, kind: Namespace, metadata: {name: a, deletionTimestamp: "
	    "'2026-01-02T%sZ'}, spec: {finalizers: [kubernetes]}, status: {phase: Terminating, "
	    "conditions: [%s]}}",
	    since, conditions);
}

TEST(a_living_namespace_is_left_alone)
{
	struct scene scene = scene_open();

	scene_add(&scene, "{apiVersion: v1, kind: Namespace, metadata: {name: a}}");
	CHECK_PLAN(&scene, NS, "/a", "");
	CHECK_PLAN(&scene, NS, "/b", "");
}

TEST(pods_go_first_then_everything_else)
{
	struct scene scene = scene_open();

	scene.hide = "status";
	add_namespace(&scene, "03:04:00", "");
	scene_add(
	    &scene,
	    "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: a}, spec: {containers: "
	    "[]}}\n"
	    "---\n{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: b}, spec: "
	    "{containers: []}}\n"
	    "---\n{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: a}}\n"
	    "---\n{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: r, namespace: a}, spec: "
	    "{selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: "
	    "{containers: []}}}}");
	CHECK_PLAN(&scene, NS, "/a",
		   "request DELETE /api/v1/namespaces/a/pods\n"
		   "again 1000 ms\n");
	scene_remove(&scene, &core_pod_type, "a/p");
	CHECK_PLAN(&scene, NS, "/a",
		   "request DELETE /api/v1/namespaces/a/secrets\n"
		   "request DELETE /apis/apps/v1/namespaces/a/replicasets\n"
		   "again 1000 ms\n");
}

TEST(what_remains_is_told)
{
	struct scene scene = scene_open();

	add_namespace(&scene, "03:04:00", QUIET);
	scene_add(
	    &scene,
	    "{apiVersion: v1, kind: ConfigMap, metadata: {name: x, namespace: a, finalizers: [g, "
	    "f], "
	    "deletionTimestamp: '" SCENE_NOW "'}}\n"
	    "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: w, namespace: a, finalizers: "
	    "[f], "
	    "deletionTimestamp: '" SCENE_NOW "'}}\n"
	    "---\n{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: r, namespace: a}, spec: "
	    "{selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: "
	    "{containers: []}}}}");
	CHECK_PLAN(
	    &scene, NS, "/a",
	    "update status of v1 Namespace a\n"
	    "  status.conditions[NamespaceContentRemaining]: - -> True/SomeResourcesRemain: Some "
	    "resources are remaining: configmaps. has 2 resource instances, replicasets.apps has "
	    "1 resource instances\n"
	    "  status.conditions[NamespaceFinalizersRemaining]: - -> True/SomeFinalizersRemain: "
	    "Some content in the namespace has finalizers remaining: f in 2 resource instances, "
	    "g in 1 resource instances\n"
	    "request DELETE /apis/apps/v1/namespaces/a/replicasets\n"
	    "again 1000 ms\n");
	scene.failure = &(struct world_failure){ .status = FORBIDDEN, .message = STR("no") };
	scene.hide = "status.conditions[NamespaceContentRemaining] "
		     "status.conditions[NamespaceFinalizersRemaining]";
	CHECK_PLAN(
	    &scene, NS, "/a",
	    "update status of v1 Namespace a\n"
	    "  status.conditions[NamespaceDeletionContentFailure]: False/ContentDeleted: All "
	    "content successfully deleted, may be waiting on finalization -> "
	    "True/ContentDeletionFailed: Failed to delete all resource types, 1 remaining: no\n"
	    "request DELETE /apis/apps/v1/namespaces/a/replicasets\n"
	    "again 1000 ms\n");
}

TEST(an_empty_namespace_is_let_go_when_nothing_can_come_any_more)
{
	struct scene scene = scene_open();
	const struct plan *plan;

	add_namespace(&scene, "03:04:05", EMPTY);
	CHECK_PLAN(&scene, NS, "/a", "again 1000 ms\n");
	scene_pass(&scene, 1);
	scene.lag = 1;
	plan = scene_reconcile(&scene, NS, "/a");
	CHECK_EQ(plan->write_count, 0);
	CHECK(plan->await_count > 20);
	scene.lag = 0;
	CHECK_PLAN(&scene, NS, "/a",
		   "update finalize of v1 Namespace a\n"
		   "  spec.finalizers[0]: kubernetes -> -\n");
	scene_apply(&scene, scene_reconcile(&scene, NS, "/a"));
	CHECK_EQ(scene_count(&scene, &core_namespace_type), 0);
}

TEST(finalizers_of_others_stay)
{
	struct scene scene = scene_open();

	scene.hide = "status";
	scene_add(&scene,
		  "{apiVersion: v1, kind: Namespace, metadata: {name: a, deletionTimestamp: "
		  "'2026-01-02T03:04:00Z'}, spec: {finalizers: [example.com/f, kubernetes]}}");
	CHECK_PLAN(&scene, NS, "/a",
		   "update finalize of v1 Namespace a\n"
		   "  spec.finalizers[1]: kubernetes -> -\n");
}

TEST(what_goes_wakes_its_namespace_only_if_that_goes_too)
{
	struct scene scene = scene_open();

	add_namespace(&scene, "03:04:00", "");
	scene_add(&scene, "{apiVersion: v1, kind: Namespace, metadata: {name: b}}\n"
			  "---\n{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: a}}\n"
			  "---\n{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: b}}");
	CHECK_STR(scene_wakes(&scene, NS, &core_secret_type, "a/s"), "/a ");
	CHECK_STR(scene_wakes(&scene, NS, &core_secret_type, "b/s"), "");
	CHECK_STR(scene_wakes(&scene, NS, &core_namespace_type, "/a"), "");
}

TEST(objects_of_kinds_of_definitions_go_with_their_namespace)
{
	struct scene scene = scene_open();

	scene.hide = "status";
	scene_add(&scene,
		  "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: "
		  "{name: widgets.example.com}, spec: {group: example.com, scope: Namespaced, "
		  "names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList}, "
		  "versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: "
		  "{type: object}}}]}, status: {conditions: [{type: Established, status: 'True', "
		  "lastTransitionTime: '" SCENE_NOW "', reason: r, message: m}]}}");
	add_namespace(&scene, "03:04:00", "");
	scene_add(&scene,
		  "{apiVersion: example.com/v1, kind: Widget, metadata: {name: w, namespace: a}}");
	CHECK_PLAN(&scene, NS, "/a",
		   "request DELETE /apis/example.com/v1/namespaces/a/widgets\n"
		   "again 1000 ms\n");
}
