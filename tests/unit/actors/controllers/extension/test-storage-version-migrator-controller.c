#include "actors/controllers/controllers.h"
#include "datastore/schema/apiextensions.h"
#include "datastore/schema/core.h"
#include "datastore/schema/meta.h"
#include "datastore/schema/storagemigration.h"
#include "tests/unit/actors/controllers/scene.h"

#define MIGRATOR &storage_version_migrator_controller
#define MIGRATION storagemigration_storage_version_migration
#define RUNNING \
	"conditions: [{type: Running, status: 'True', reason: MigrationRunning, message: '%s'}]"

static void add(struct scene *scene, const char *name, const char *resource, const char *created,
		const char *status)
{
	scene_add(
	    scene,
	    "{apiVersion: storagemigration.k8s.io/v1, kind: StorageVersionMigration, metadata: "
	    "{name: %s, creationTimestamp: '%s'}, spec: {resource: "
	    "{group: '', resource: %s}}, status: {%s}}",
	    name, created, resource, status);
}

/* What was added before is older than it. */
static void add_running(struct scene *scene, const char *resource, const char *message)
{
	add(scene, "m", resource, "2026-01-02T03:00:00Z",
	    arena_printf(test_arena(), "resourceVersion: '%ju', " RUNNING,
			 (uintmax_t)scene->revision, message)
		.at);
}

static struct str condition(struct scene *scene, const char *key, const char *type)
{
	const struct MIGRATION *m =
	    scene_get(scene, key, storagemigration_storage_version_migration);

	for (uint32_t i = 0; m->status != NULL && i < m->status->conditions.len; i++)
		if (str_is(m->status->conditions.at[i].type, type))
			return arena_printf(test_arena(), STR_FMT " " STR_FMT " " STR_FMT,
					    STR_ARG(m->status->conditions.at[i].status),
					    STR_ARG(m->status->conditions.at[i].reason),
					    STR_ARG(m->status->conditions.at[i].message));
	return STR("");
}

static void add_maps(struct scene *scene, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		scene_add(scene, "{apiVersion: v1, kind: ConfigMap, metadata: {name: c%03u}}", i);
}

/* Applies what a turn writes to the migration; patches of objects are left out, as if they had changed nothing. */
static uint32_t turn(struct scene *scene, const char *key)
{
	struct plan *plan = scene_reconcile(scene, MIGRATOR, key);
	uint32_t kept = 0, patches = 0;

	for (uint32_t i = 0; i < plan->write_count; i++) {
		if (plan->writes[i].verb == PLAN_REQUEST)
			patches++;
		else
			plan->writes[kept++] = plan->writes[i];
	}
	plan->write_count = kept;
	scene_apply(scene, plan);
	return patches;
}

TEST(of_a_resource_the_oldest_migration_runs_and_the_next_when_it_is_over)
{
	struct scene scene = scene_open();

	add(&scene, "b", "configmaps", "2026-01-02T03:00:00Z", "");
	add(&scene, "a", "configmaps", "2026-01-02T03:00:01Z", "");
	add(&scene, "c", "secrets", "2026-01-02T03:00:02Z", "");
	scene_apply(&scene, scene_reconcile(&scene, MIGRATOR, "/a"));
	scene_apply(&scene, scene_reconcile(&scene, MIGRATOR, "/b"));
	scene_apply(&scene, scene_reconcile(&scene, MIGRATOR, "/c"));
	CHECK_STR(condition(&scene, "/a", "Running"), "");
	CHECK_STR(condition(&scene, "/b", "Running"),
		  "True MigrationRunning The migration is running");
	CHECK_STR(condition(&scene, "/c", "Running"),
		  "True MigrationRunning The migration is running");
	CHECK_STR(
	    scene_wakes(&scene, MIGRATOR, &storagemigration_storage_version_migration_type, "/b"),
	    "/a ");
	for (uint32_t i = 0; i < 3; i++)
		scene_apply(&scene, scene_reconcile(&scene, MIGRATOR, "/b"));
	CHECK_STR(condition(&scene, "/b", "Running"),
		  "False MigrationCompleted Migration completed");
	CHECK_STR(condition(&scene, "/b", "Succeeded"),
		  "True StorageVersionMigrationSucceeded Migration completed");
	scene_apply(&scene, scene_reconcile(&scene, MIGRATOR, "/a"));
	CHECK_STR(condition(&scene, "/a", "Running"),
		  "True MigrationRunning The migration is running");
}

TEST(objects_that_are_older_than_the_migration_are_touched)
{
	struct scene scene = scene_open();

	scene_add(&scene, "{apiVersion: v1, kind: ConfigMap, metadata: {name: old}}");
	add_running(&scene, "configmaps", "The migration is running");
	scene_add(&scene, "{apiVersion: v1, kind: ConfigMap, metadata: {name: new}}");
	scene.hide = "status";
	CHECK_PLAN(&scene, MIGRATOR, "/m",
		   "request PATCH /api/v1/namespaces/default/configmaps/"
		   "old?fieldManager=storage-version-migrator-controller\n");
	(void)turn(&scene, "/m");
	CHECK_STR(condition(&scene, "/m", "Running"),
		  "True MigrationRunning The migration is running, 2 objects verified migrated");
}

TEST(many_objects_take_several_turns_whoever_makes_them)
{
	struct scene scene = scene_open();

	add_maps(&scene, 250);
	add_running(&scene, "configmaps", "The migration is running");
	CHECK_EQ(turn(&scene, "/m"), 100);
	CHECK_STR(
	    condition(&scene, "/m", "Running"),
	    "True MigrationRunning The migration is running, 150/250 objects not yet migrated; "
	    "last default/c099");
	CHECK_EQ(turn(&scene, "/m"), 100);
	CHECK_EQ(turn(&scene, "/m"), 50);
	CHECK_STR(condition(&scene, "/m", "Running"),
		  "True MigrationRunning The migration is running, 250 objects verified migrated");
	CHECK_EQ(turn(&scene, "/m"), 0);
	CHECK_STR(condition(&scene, "/m", "Running"),
		  "False MigrationCompleted Migration completed");
}

static const struct {
	enum status status;
	const char *running, *failed;
} failures[] = {
	{ FORBIDDEN, "True MigrationRunning The migration is running, 3/3 objects not yet migrated",
	  "True StorageVersionMigrationFailed 3/3 not yet migrated. migration encountered "
	  "unhandled "
	  "error: words" },
	{ UNAVAILABLE,
	  "True MigrationRunning The migration is running, 3/3 objects not yet migrated; transient "
	  "error: words",
	  "" },
	{ NOT_FOUND, "True MigrationRunning The migration is running, 3 objects verified migrated",
	  "" },
};

TEST(what_an_object_cannot_be_written_for_ends_it_unless_it_may_pass)
{
	for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
		struct scene scene = scene_open();
		struct world_failure failure = { .status = failures[i].status,
						 .message = STR("words") };

		add_maps(&scene, 3);
		add_running(&scene, "configmaps", "The migration is running");
		scene.failure = &failure;
		(void)turn(&scene, "/m");
		CHECK_STR(condition(&scene, "/m", "Running"), failures[i].running);
		CHECK_STR(condition(&scene, "/m", "Failed"), failures[i].failed);
	}
}

TEST(a_resource_that_is_not_served_has_a_minute_to_come)
{
	struct scene scene = scene_open();

	add(&scene, "m", "nones", "2026-01-02T03:04:00Z",
	    arena_printf(test_arena(), RUNNING, "The migration is running").at);
	CHECK_PLAN(&scene, MIGRATOR, "/m", "again 1000 ms\n");
	scene_pass(&scene, 60);
	(void)turn(&scene, "/m");
	CHECK_STR(condition(&scene, "/m", "Failed"),
		  "True StorageVersionMigrationFailed resource does not exist in discovery");
}

/* ---- definitions ------------------------------------------------------------------------------------------------ */

static struct str stored(struct scene *scene)
{
	const struct apiextensions_custom_resource_definition *crd =
	    scene_get(scene, "/as.example.com", apiextensions_custom_resource_definition);
	const struct apiextensions_custom_resource_definition_status *status = crd->status;
	struct str out = STR("");

	for (uint32_t i = 0; i < status->stored_versions.len; i++)
		out = arena_printf(test_arena(), STR_FMT STR_FMT " ", STR_ARG(out),
				   STR_ARG(status->stored_versions.at[i]));
	for (uint32_t i = 0; i < status->conditions.len; i++)
		if (str_is(status->conditions.at[i].type, "StorageMigrating"))
			out = arena_printf(test_arena(), STR_FMT STR_FMT " " STR_FMT " " STR_FMT,
					   STR_ARG(out), STR_ARG(status->conditions.at[i].status),
					   STR_ARG(status->conditions.at[i].reason),
					   STR_ARG(status->conditions.at[i].message));
	return out;
}

static void add_definition(struct scene *scene, const char *more)
{
	scene_add(
	    scene,
	    "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: "
	    "{name: as.example.com, generation: 3}, spec: {group: example.com, scope: Namespaced, "
	    "names: {plural: as, singular: a, kind: A, listKind: AList}, versions: [{name: v1, "
	    "served: true, storage: false}, {name: v2, served: true, storage: true}]}, status: "
	    "{storedVersions: [v1, v2]%s}}",
	    more);
}

static const struct {
	const char *condition; /* how it ended */
	const char *generation, *stored;
} ends[] = {
	{ "Succeeded", "3",
	  "v2 False MigrationSucceeded The migration has succeeded and the stored versions have "
	  "been "
	  "updated" },
	{ "Succeeded", "2",
	  "v1 v2 False MigrationSucceeded The migration has succeeded but the stored versions have "
	  "not "
	  "been updated due to a generation mismatch" },
	{ "Failed", "3", "v1 v2 False MigrationFailed The migration has failed" },
};

#define OF_DEFINITION                                                                        \
	"{apiVersion: storagemigration.k8s.io/v1, kind: StorageVersionMigration, metadata: " \
	"{name: "                                                                            \
	"m}, spec: {resource: {group: example.com, resource: as}}, status: {%s}}"

TEST(a_definition_knows_only_the_version_that_all_objects_have_been_moved_to)
{
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		struct scene scene = scene_open();

		add_definition(&scene, "");
		scene_add(&scene, OF_DEFINITION, "");
		(void)turn(&scene, "/m");
		CHECK_STR(stored(&scene), "v1 v2 True MigrationRunning Migration m is running");
		add_definition(&scene,
			       arena_printf(test_arena(),
					    ", conditions: [{type: StorageMigrating, status: "
					    "'True', observedGeneration: %s}]",
					    ends[i].generation)
				   .at);
		scene_add(&scene, OF_DEFINITION,
			  arena_printf(test_arena(),
				       "conditions: [{type: Running, status: 'True'}, {type: %s, "
				       "status: 'True'}]",
				       ends[i].condition)
			      .at);
		(void)turn(&scene, "/m");
		CHECK_STR(stored(&scene), ends[i].stored);
	}
}
