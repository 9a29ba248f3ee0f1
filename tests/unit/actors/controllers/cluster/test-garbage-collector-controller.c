#include "actors/controllers/controllers.h"
#include "datastore/schema/apiextensions.h"
#include "datastore/schema/apps.h"
#include "datastore/schema/core.h"
#include "tests/unit/actors/controllers/scene.h"

#define GC (&garbage_collector_controller)
#define OWNER(kind, name, uid)                                            \
	"{apiVersion: apps/v1, kind: " kind ", name: " name ", uid: " uid \
	", controller: true, blockOwnerDeletion: true}"
#define GOING "deletionTimestamp: '" SCENE_NOW "', deletionGracePeriodSeconds: 0"

static void add_set(struct scene *scene, const char *name, const char *meta)
{
	scene_add(
	    scene,
	    "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: %s, %s}, spec: {selector: "
	    "{matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: "
	    "[]}}}}",
	    name, meta);
}

static void add_pod(struct scene *scene, const char *name, const char *owners)
{
	scene_add(scene,
		  "{apiVersion: v1, kind: Pod, metadata: {name: %s, ownerReferences: [%s]}, spec: "
		  "{containers: []}}",
		  name, owners);
}

TEST(an_object_goes_when_its_last_owner_has_gone)
{
	struct scene scene = scene_open();

	add_set(&scene, "rs", "");
	add_pod(&scene, "p", OWNER("ReplicaSet", "rs", "ReplicaSet-rs"));
	CHECK_PLAN(&scene, GC, ",Pod,default/p", "");
	scene_remove(&scene, &apps_replica_set_type, "default/rs");
	CHECK_PLAN(&scene, GC, ",Pod,default/p", "delete v1 Pod default/p\n");
	/* Another of the same name is another. */
	add_set(&scene, "rs", "uid: other");
	CHECK_PLAN(&scene, GC, ",Pod,default/p", "delete v1 Pod default/p\n");
}

TEST(an_object_keeps_its_solid_owners_and_loses_the_others)
{
	struct scene scene = scene_open();

	add_set(&scene, "solid", "");
	add_set(&scene, "waits", "finalizers: [foregroundDeletion], " GOING);
	add_pod(
	    &scene, "p",
	    OWNER("ReplicaSet", "gone", "gone") ", {apiVersion: apps/v1, kind: ReplicaSet, name: "
						"solid, uid: ReplicaSet-solid}, {apiVersion: "
						"apps/v1, kind: ReplicaSet, name: waits, uid: "
						"ReplicaSet-waits}");
	scene.hide = "metadata.ownerReferences[0] metadata.ownerReferences[1].apiVersion "
		     "metadata.ownerReferences[2].apiVersion";
	CHECK_PLAN(&scene, GC, ",Pod,default/p",
		   "update v1 Pod default/p\n"
		   "  metadata.ownerReferences[1].kind: ReplicaSet -> -\n"
		   "  metadata.ownerReferences[1].name: solid -> -\n"
		   "  metadata.ownerReferences[1].uid: ReplicaSet-solid -> -\n"
		   "  metadata.ownerReferences[2].kind: ReplicaSet -> -\n"
		   "  metadata.ownerReferences[2].name: waits -> -\n"
		   "  metadata.ownerReferences[2].uid: ReplicaSet-waits -> -\n");
	scene_apply(&scene, scene_reconcile(&scene, GC, ",Pod,default/p"));
	CHECK_EQ(scene_get(&scene, "default/p", core_pod)->metadata->owner_references.len, 1);
	CHECK_STR(scene_get(&scene, "default/p", core_pod)->metadata->owner_references.at[0].name,
		  "solid");
}

TEST(that_an_owner_is_absent_is_believed_only_of_a_cache_that_is_new_enough)
{
	struct scene scene = scene_open();

	add_pod(&scene, "p", OWNER("ReplicaSet", "rs", "ReplicaSet-rs"));
	scene.lag = 1;
	CHECK_PLAN(&scene, GC, ",Pod,default/p", "await ReplicaSet 101\n");
	scene.lag = 0;
	CHECK_PLAN(&scene, GC, ",Pod,default/p", "delete v1 Pod default/p\n");
}

TEST(owners_that_nobody_can_look_up_are_left_alone)
{
	struct scene scene = scene_open();

	add_pod(&scene, "p", "{apiVersion: example.com/v1, kind: Thing, name: t, uid: t}");
	CHECK_PLAN(&scene, GC, ",Pod,default/p", "");
	/* Something of the cluster cannot be owned by something in a namespace. */
	scene_add(&scene,
		  "{apiVersion: v1, kind: Node, metadata: {name: n1, ownerReferences: [" OWNER(
		      "ReplicaSet", "rs", "gone") "]}}");
	CHECK_PLAN(&scene, GC, ",Node,/n1", "");
	/* But the other way round it can. */
	scene_add(
	    &scene,
	    "{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: l, "
	    "ownerReferences: [{apiVersion: v1, kind: Node, name: n1, uid: Node-n1}, {apiVersion: "
	    "v1, kind: Node, name: n2, uid: Node-n2}]}}");
	scene.hide = "metadata.ownerReferences";
	CHECK_PLAN(&scene, GC, "coordination.k8s.io,Lease,default/l",
		   "update coordination.k8s.io/v1 Lease default/l\n");
}

TEST(an_owner_that_waits_makes_its_dependents_wait_for_theirs)
{
	struct scene scene = scene_open();

	scene_add(&scene, "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, finalizers: "
			  "[foregroundDeletion], " GOING
			  "}, spec: {selector: {matchLabels: {a: b}}, template: "
			  "{metadata: {labels: {a: b}}, spec: {containers: []}}}}");
	add_set(&scene, "rs", "ownerReferences: [" OWNER("Deployment", "d", "Deployment-d") "]");
	CHECK_PLAN(&scene, GC, "apps,ReplicaSet,default/rs",
		   "delete apps/v1 ReplicaSet default/rs\n");
	add_pod(&scene, "p", OWNER("ReplicaSet", "rs", "ReplicaSet-rs"));
	CHECK_PLAN(&scene, GC, "apps,ReplicaSet,default/rs",
		   "delete apps/v1 ReplicaSet default/rs foreground\n");
	/* The Deployment waits for what blocks it. */
	CHECK_PLAN(&scene, GC, "apps,Deployment,default/d", "");
	scene_remove(&scene, &apps_replica_set_type, "default/rs");
	CHECK_PLAN(&scene, GC, "apps,Deployment,default/d",
		   "update apps/v1 Deployment default/d\n"
		   "  metadata.finalizers[0]: foregroundDeletion -> -\n");
	add_set(&scene, "rs",
		"ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: d, uid: "
		"Deployment-d}]");
	CHECK_PLAN(&scene, GC, "apps,Deployment,default/d",
		   "update apps/v1 Deployment default/d\n"
		   "  metadata.finalizers[0]: foregroundDeletion -> -\n");
}

TEST(two_that_wait_for_each_other_come_loose)
{
	struct scene scene = scene_open();

	add_set(&scene, "a",
		"finalizers: [foregroundDeletion], " GOING
		", ownerReferences: [" OWNER("ReplicaSet", "b", "ReplicaSet-b") "]");
	add_set(&scene, "b", "ownerReferences: [" OWNER("ReplicaSet", "a", "ReplicaSet-a") "]");
	CHECK_PLAN(&scene, GC, "apps,ReplicaSet,default/b",
		   "update apps/v1 ReplicaSet default/b\n"
		   "  metadata.ownerReferences[0].blockOwnerDeletion: true -> false\n"
		   "delete apps/v1 ReplicaSet default/b foreground\n");
	scene_settle(&scene, (const struct controller *const[]){ GC, NULL });
	CHECK_EQ(scene_count(&scene, &apps_replica_set_type), 0);
}

TEST(orphans_are_let_go_before_their_owner_goes)
{
	struct scene scene = scene_open();

	add_set(&scene, "rs", "finalizers: [orphan], " GOING);
	add_pod(&scene, "p", OWNER("ReplicaSet", "rs", "ReplicaSet-rs"));
	scene.hide = "metadata.ownerReferences";
	CHECK_PLAN(&scene, GC, "apps,ReplicaSet,default/rs",
		   "update v1 Pod default/p\n"
		   "update apps/v1 ReplicaSet default/rs\n"
		   "  metadata.finalizers[0]: orphan -> -\n");
	/* As long as one may not have been seen the owner stays. */
	scene.lag = 5;
	CHECK_EQ(scene_reconcile(&scene, GC, "apps,ReplicaSet,default/rs")->write_count, 1);
	CHECK(scene_reconcile(&scene, GC, "apps,ReplicaSet,default/rs")->await_count > 30);
	scene.lag = 0;
	scene_settle(&scene, (const struct controller *const[]){ GC, NULL });
	CHECK_EQ(scene_count(&scene, &apps_replica_set_type), 0);
	CHECK_EQ(scene_count(&scene, &core_pod_type), 1);
	CHECK_EQ(scene_get(&scene, "default/p", core_pod)->metadata->owner_references.len, 0);
}

TEST(the_finalizers_of_an_object_decide_how_it_goes)
{
	struct scene scene = scene_open();

	add_set(&scene, "a",
		"finalizers: [orphan], ownerReferences: [" OWNER("Deployment", "d", "d") "]");
	add_set(&scene, "b",
		"finalizers: [foregroundDeletion], ownerReferences: [" OWNER("Deployment", "d",
									     "d") "]");
	CHECK_PLAN(&scene, GC, "apps,ReplicaSet,default/a",
		   "delete apps/v1 ReplicaSet default/a orphan\n");
	CHECK_PLAN(&scene, GC, "apps,ReplicaSet,default/b",
		   "delete apps/v1 ReplicaSet default/b foreground\n");
}

TEST(a_change_wakes_whom_it_concerns)
{
	struct scene scene = scene_open();

	add_set(&scene, "rs", "finalizers: [foregroundDeletion], " GOING);
	add_pod(&scene, "p", OWNER("ReplicaSet", "rs", "ReplicaSet-rs"));
	add_pod(&scene, "q", "");
	CHECK_STR(scene_wakes(&scene, GC, &core_pod_type, "default/p"),
		  ",Pod,default/p apps,ReplicaSet,default/rs ");
	CHECK_STR(scene_wakes(&scene, GC, &core_pod_type, "default/q"), "");
	CHECK_STR(scene_wakes(&scene, GC, &apps_replica_set_type, "default/rs"),
		  "apps,ReplicaSet,default/rs ,Pod,default/p ");
}

TEST(a_whole_tree_goes_in_every_way)
{
	static const char *const ways[] = { "", "finalizers: [foregroundDeletion], " GOING };
	static const struct controller *const list[] = { GC, NULL };

	for (int way = 0; way < 2; way++) {
		struct scene scene = scene_open();

		scene_add(
		    &scene,
		    "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, %s}, spec: "
		    "{selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, "
		    "spec: {containers: []}}}}",
		    ways[way]);
		add_set(&scene, "rs",
			"ownerReferences: [" OWNER("Deployment", "d", "Deployment-d") "]");
		for (int i = 0; i < 5; i++)
			add_pod(&scene, arena_printf(scene.arena, "p%d", i).at,
				OWNER("ReplicaSet", "rs", "ReplicaSet-rs"));
		if (way == 0)
			scene_remove(&scene, &apps_deployment_type, "default/d");
		scene_settle(&scene, list);
		CHECK_EQ(scene.len, 0);
		CHECK_EQ(scene.refused, 0);
	}
}

#define WIDGETS                                                                                   \
	"{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: " \
	"widgets.example.com}, spec: {group: example.com, scope: Namespaced, names: {plural: "    \
	"widgets, singular: widget, kind: Widget, listKind: WidgetList}, versions: [{name: v1, "  \
	"served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}, status: "     \
	"{conditions: [{type: Established, status: 'True', lastTransitionTime: '" SCENE_NOW "', " \
	"reason: r, message: m}]}}"
#define BY_WIDGET                                                           \
	"{apiVersion: example.com/v1, kind: Widget, name: w, uid: Widget-w" \
	", controller: true, blockOwnerDeletion: true}"

TEST(kinds_of_definitions_own_and_are_owned_like_all_others)
{
	struct scene scene = scene_open();

	/* Before it is defined nobody can tell. */
	add_pod(&scene, "p", BY_WIDGET);
	CHECK_PLAN(&scene, GC, ",Pod,default/p", "");
	scene_add(&scene, WIDGETS);
	CHECK_PLAN(&scene, GC, ",Pod,default/p", "delete v1 Pod default/p\n");
	scene_add(&scene, "{apiVersion: example.com/v1, kind: Widget, metadata: {name: w, "
			  "ownerReferences: [" OWNER("ReplicaSet", "rs", "gone") "]}}");
	CHECK_PLAN(&scene, GC, ",Pod,default/p", "");
	CHECK_PLAN(&scene, GC, "example.com,Widget,default/w",
		   "delete example.com/v1 Widget default/w\n");
	/* One that is not of its schema would lose what is not looked at: what changes in it is sent alone. */
	scene_add(&scene, "{apiVersion: example.com/v1, kind: Widget, metadata: {name: w, "
			  "finalizers: [foregroundDeletion], " GOING "}}");
	CHECK_PLAN(&scene, GC, "example.com,Widget,default/w", "");
	scene_remove(&scene, &core_pod_type, "default/p");
	CHECK_PLAN(&scene, GC, "example.com,Widget,default/w",
		   "update example.com/v1 Widget default/w\n"
		   "  metadata.finalizers[0]: foregroundDeletion -> -\n");
}

TEST(what_was_owned_by_a_kind_goes_when_its_definition_has_gone)
{
	struct scene scene = scene_open();

	scene_add(&scene, WIDGETS);
	add_pod(&scene, "p", BY_WIDGET);
	scene_remove(&scene, &apiextensions_custom_resource_definition_type, "/widgets.example.com");
	CHECK_PLAN(&scene, GC, ",Pod,default/p", "delete v1 Pod default/p\n");
}
