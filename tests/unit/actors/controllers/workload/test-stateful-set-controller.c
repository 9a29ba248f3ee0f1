#include "actors/controllers/controllers.h"
#include "datastore/schema/apps.h"
#include "datastore/schema/core.h"
#include "tests/unit/actors/controllers/scene-private.h"

#define SS (&stateful_set_controller)
#define KEY "default/db"
#define CLAIMS                                                                                  \
	"volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], " \
	"resources: {requests: {storage: 1Gi}}}}]"

static void add_set(struct scene *scene, const char *image, int replicas, const char *spec)
{
	scene_add(
	    scene,
	    "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db}, spec: {replicas: %d, "
	    "serviceName: db, selector: {matchLabels: {app: db}}, template: {metadata: {labels: "
	    "{app: db}}, spec: {containers: [{name: c, image: %s}]}}, %s}, status: {}}",
	    replicas, image, spec);
}

/* Another template or number; its status stays. */
static void change_set(struct scene *scene, const char *image, int replicas)
{
	const struct object **old =
	    scene_find(scene, &apps_stateful_set_type, STR("default"), STR("db"));
	struct object *object = object_edit(*old);
	struct apps_stateful_set *set = object->record;

	set->spec->template->spec->containers.at[0].image = str_from(image);
	SET(set->spec, replicas, replicas);
	object_meta(object)->generation++;
	scene_put(scene, object);
}

static uint32_t round_of(struct scene *scene)
{
	return scene_round(scene, (const struct controller *const[]){ SS, NULL });
}

static const struct apps_stateful_set_status *status_of(const struct scene *scene)
{
	return scene_get(scene, KEY, apps_stateful_set)->status;
}

/* "db-0 db-1", of those that are not being deleted. */
static struct str pods_of(const struct scene *scene)
{
	struct text out = text_in(scene->arena, KIB);

	for (int i = 0; i < 10; i++) {
		const struct core_pod *pod =
		    scene_get(scene, arena_printf(scene->arena, "default/db-%d", i).at, core_pod);

		if (pod != NULL && !pod->metadata->has.deletion_timestamp)
			text_printf(&out, "%sdb-%d", out.len ? " " : "", i);
	}
	return text_str(&out);
}

static void run(struct scene *scene, int rounds)
{
	for (int i = 0; i < rounds; i++) {
		round_of(scene);
		scene_run_pods(scene);
		scene_pass(scene, 1);
	}
	round_of(scene);
}

TEST(pods_are_made_in_order_and_each_waits_for_those_before_it)
{
	struct scene scene = scene_open();

	add_set(&scene, "a", 3, CLAIMS);
	for (int i = 0; i < 3; i++)
		round_of(&scene);
	CHECK_STR(pods_of(&scene), "db-0");
	scene_run_pods(&scene);
	for (int i = 0; i < 3; i++)
		round_of(&scene);
	CHECK_STR(pods_of(&scene), "db-0 db-1");
	run(&scene, 4);
	CHECK_STR(pods_of(&scene), "db-0 db-1 db-2");
	CHECK_EQ(status_of(&scene)->ready_replicas, 3);
	CHECK_EQ(status_of(&scene)->current_replicas, 3);
	CHECK_EQ(scene_count(&scene, &core_persistent_volume_claim_type), 3);
	CHECK_EQ(round_of(&scene), 0);
	CHECK_EQ(scene.refused, 0);
}

TEST(a_pod_knows_its_number_its_host_and_its_claims)
{
	struct scene scene = scene_open();

	scene.hide = "status events";
	scene.show = "metadata.labels spec.hostname spec.subdomain spec.volumes";
	add_set(&scene, "a", 1, "ordinals: {start: 5}, " CLAIMS);
	round_of(&scene);
	CHECK(scene_get(&scene, "default/db-5", core_pod) != NULL);
	CHECK(scene_get(&scene, "default/data-db-5", core_persistent_volume_claim) != NULL);
	CHECK_STR(scene_get(&scene, "default/db-5", core_pod)->spec->hostname, "db-5");
	CHECK_STR(scene_get(&scene, "default/db-5", core_pod)->spec->subdomain, "db");
	CHECK_STR(str_map_get(scene_get(&scene, "default/db-5", core_pod)->metadata->labels,
			      STR("apps.kubernetes.io/pod-index")),
		  "5");
	CHECK_STR(str_map_get(scene_get(&scene, "default/db-5", core_pod)->metadata->labels,
			      STR("statefulset.kubernetes.io/pod-name")),
		  "db-5");
	CHECK_STR(scene_get(&scene, "default/db-5", core_pod)
		      ->spec->volumes.at[0]
		      .volume_source->persistent_volume_claim->claim_name,
		  "data-db-5");
}

TEST(a_parallel_set_does_not_wait)
{
	struct scene scene = scene_open();

	add_set(&scene, "a", 3, "podManagementPolicy: Parallel");
	round_of(&scene);
	CHECK_STR(pods_of(&scene), "db-0 db-1 db-2");
	change_set(&scene, "a", 0);
	round_of(&scene);
	CHECK_STR(pods_of(&scene), "");
}

TEST(a_set_shrinks_from_its_end)
{
	struct scene scene = scene_open();

	add_set(&scene, "a", 3, CLAIMS);
	run(&scene, 6);
	change_set(&scene, "a", 1);
	round_of(&scene);
	CHECK_STR(pods_of(&scene), "db-0 db-1");
	round_of(&scene); /* the one that ends is waited for */
	CHECK_STR(pods_of(&scene), "db-0 db-1");
	run(&scene, 4);
	CHECK_STR(pods_of(&scene), "db-0");
	CHECK_EQ(scene_count(&scene, &core_persistent_volume_claim_type), 3);
	CHECK_EQ(round_of(&scene), 0);
}

TEST(claims_go_with_their_pod_or_their_set_if_that_is_wanted)
{
	struct scene scene = scene_open();
	const struct core_persistent_volume_claim *claim;

	add_set(
	    &scene, "a",
	    2, "persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete, whenScaled: Delete}, " CLAIMS);
	run(&scene, 5);
	claim = scene_get(&scene, "default/data-db-1", core_persistent_volume_claim);
	CHECK_STR(claim->metadata->owner_references.at[0].kind, "StatefulSet");
	change_set(&scene, "a", 1);
	round_of(&scene);
	claim = scene_get(&scene, "default/data-db-1", core_persistent_volume_claim);
	CHECK_EQ(claim->metadata->owner_references.len, 2);
	CHECK_STR(claim->metadata->owner_references.at[1].name, "db-1");
}

static struct str revision_at(const struct scene *scene, const char *pod)
{
	return str_map_get(scene_get(scene, pod, core_pod)->metadata->labels,
			   STR("controller-revision-hash"));
}

TEST(an_update_goes_from_the_end_one_by_one)
{
	struct scene scene = scene_open();
	struct str first;

	add_set(&scene, "a", 3, "");
	run(&scene, 6);
	first = status_of(&scene)->current_revision;
	change_set(&scene, "b", 3);
	round_of(&scene);
	CHECK_STR(pods_of(&scene), "db-0 db-1");
	CHECK(str_eq(status_of(&scene)->current_revision, first));
	CHECK(!str_eq(status_of(&scene)->update_revision, first));
	run(&scene, 12);
	CHECK_STR(pods_of(&scene), "db-0 db-1 db-2");
	CHECK(str_eq(status_of(&scene)->current_revision, status_of(&scene)->update_revision));
	CHECK_EQ(status_of(&scene)->updated_replicas, 3);
	for (int i = 0; i < 3; i++)
		CHECK(str_eq(revision_at(&scene, arena_printf(scene.arena, "default/db-%d", i).at),
			     status_of(&scene)->update_revision));
	CHECK_EQ(round_of(&scene), 0);
	CHECK_EQ(scene.refused, 0);
}

TEST(a_partition_keeps_those_below_it_as_they_are)
{
	struct scene scene = scene_open();
	struct str first;

	add_set(&scene, "a", 3, "updateStrategy: {rollingUpdate: {partition: 2}}");
	run(&scene, 6);
	first = status_of(&scene)->current_revision;
	change_set(&scene, "b", 3);
	run(&scene, 8);
	CHECK(str_eq(revision_at(&scene, "default/db-0"), first));
	CHECK(str_eq(revision_at(&scene, "default/db-1"), first));
	CHECK(!str_eq(revision_at(&scene, "default/db-2"), first));
	CHECK_EQ(status_of(&scene)->updated_replicas, 1);
	CHECK_EQ(status_of(&scene)->current_replicas, 2);
	/* One that is lost below it comes back as it was. */
	scene_remove(&scene, &core_pod_type, "default/db-0");
	run(&scene, 3);
	CHECK(str_eq(revision_at(&scene, "default/db-0"), first));
	CHECK_STR(scene_get(&scene, "default/db-0", core_pod)->spec->containers.at[0].image, "a");
}

TEST(more_may_be_unavailable_if_that_is_said)
{
	struct scene scene = scene_open();

	add_set(&scene, "a", 4, "updateStrategy: {rollingUpdate: {maxUnavailable: 2}}");
	run(&scene, 8);
	change_set(&scene, "b", 4);
	round_of(&scene);
	CHECK_STR(pods_of(&scene), "db-0 db-1");
}

TEST(a_pod_that_failed_is_made_again)
{
	struct scene scene = scene_open();
	struct object *object;

	add_set(&scene, "a", 1, "");
	run(&scene, 3);
	object = object_edit(*scene_find(&scene, &core_pod_type, STR("default"), STR("db-0")));
	((struct core_pod *)object->record)->status->phase = STR("Failed");
	scene_put(&scene, object);
	round_of(&scene);
	CHECK_STR(pods_of(&scene), "");
	run(&scene, 3);
	CHECK_STR(pods_of(&scene), "db-0");
	CHECK_EQ(status_of(&scene)->ready_replicas, 1);
}

TEST(on_delete_updates_only_what_somebody_deletes)
{
	struct scene scene = scene_open();

	add_set(&scene, "a", 2, "updateStrategy: {type: OnDelete}");
	run(&scene, 5);
	change_set(&scene, "b", 2);
	run(&scene, 3);
	CHECK_EQ(status_of(&scene)->updated_replicas, 0);
	scene_remove(&scene, &core_pod_type, "default/db-0");
	run(&scene, 3);
	CHECK_EQ(status_of(&scene)->updated_replicas, 1);
}

/* Who deletes it with --cascade=orphan takes its revisions away from it; it would make another for each. */
TEST(a_set_that_is_being_deleted_makes_no_revisions)
{
	struct scene scene = scene_open();
	const struct object **old;
	struct object *object;

	add_set(&scene, "a", 1, "podManagementPolicy: Parallel");
	old = scene_find(&scene, &apps_stateful_set_type, STR("default"), STR("db"));
	object = object_edit(*old);
	SET(object_meta(object), deletion_timestamp, ((struct wall){ TIME_S }));
	scene_put(&scene, object);
	run(&scene, 2);
	CHECK_EQ(scene_count(&scene, &apps_controller_revision_type), 0);
	CHECK_STR(pods_of(&scene), "");
}
