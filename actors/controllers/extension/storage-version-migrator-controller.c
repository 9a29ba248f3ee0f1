/*
 * StorageVersionMigrations: all objects of a resource are written once more, so that they lie in the version and under the encryption key that are the
 * ones to write with now. Upstream's three controllers of storageversionmigrator in one.
 *
 *     (new) ──the oldest of its resource──> Running ──resourceVersion: objects up to here──> all written ──> Succeeded or Failed ──> Running: False
 *
 * An object is touched by a patch that names its version and changes nothing: the server writes it if it lies there in any other way than it would put it now. Who
 * was changed later needs none. OBJECTS_A_TURN a turn in the order of their names, and the message of Running says how far it is, so that another leader goes
 * on there. A definition is marked while it goes on, and knows only the version that is stored now when all has gone well.
 */
#include <stdlib.h>

#include "actors/controller/controller.h"
#include "actors/controller/plan.h"
#include "actors/controller/workload/condition.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/apiextensions.h"
#include "datastore/schema/storagemigration.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"

#define OBJECTS_A_TURN 100U
#define KNOWN_MS 60000 /* a resource that is not served then will not be: upstream's */
#define LOOK_MS 1000
#define LAST "; last " /* of Running's message: the key of the object behind which to go on */

typedef const struct storagemigration_storage_version_migration migration;
typedef struct storagemigration_storage_version_migration_status migration_status;
typedef const struct apiextensions_custom_resource_definition crd;

struct migrating {
	const struct world *world;
	struct plan *plan;
	migration *at;
};

static const struct meta_condition *find(migration *m, const char *type)
{
	return m->status != NULL ? condition_find(&m->status->conditions, type, meta_condition)
				 : NULL;
}

static bool is_true(migration *m, const char *type)
{
	const struct meta_condition *found = find(m, type);

	return found != NULL && str_is(found->status, "True");
}

static bool is_over(migration *m)
{
	return is_true(m, "Succeeded") || is_true(m, "Failed");
}

static bool is_rival(migration *a, migration *b)
{
	return a != b && str_eq(a->spec->resource->group, b->spec->resource->group) &&
	       str_eq(a->spec->resource->resource, b->spec->resource->resource);
}

static migration_status *edit(const struct migrating *m)
{
	return MAKE(plan_status(m->plan, m->at, storagemigration_storage_version_migration)->status,
		    plan_arena(m->plan));
}

static void set(const struct migrating *m, const char *type, const char *status, const char *reason,
		struct str message)
{
	condition_set(plan_arena(m->plan), &edit(m)->conditions, world_now(m->world),
		      meta_condition, type, status, reason, message);
}

static void fail(const struct migrating *m, struct str message)
{
	set(m, "Failed", "True", "StorageVersionMigrationFailed", message);
}

/* ---- the definition ------------------------------------------------------------------------------------------- */

static crd *definition_of(const struct migrating *m)
{
	const struct meta_group_resource *resource = m->at->spec->resource;
	struct str name = arena_printf(world_arena(m->world), STR_FMT "." STR_FMT,
				       STR_ARG(resource->resource), STR_ARG(resource->group));

	return world_get(m->world, ((struct key){ STR(""), name }),
			 apiextensions_custom_resource_definition);
}

static struct apiextensions_custom_resource_definition_status *
mark(const struct migrating *m, crd *definition, const char *status, const char *reason,
     struct str message)
{
	struct apiextensions_custom_resource_definition_status *to =
	    MAKE(plan_status(m->plan, definition, apiextensions_custom_resource_definition)->status,
		 plan_arena(m->plan));

	condition_set(plan_arena(m->plan), &to->conditions, world_now(m->world),
		      apiextensions_custom_resource_definition_condition, "StorageMigrating",
		      status, reason, message);
	for (uint32_t i = 0; i < to->conditions.len; i++)
		if (str_is(to->conditions.at[i].type, "StorageMigrating"))
			SET(&to->conditions.at[i], observed_generation,
			    definition->metadata->generation);
	return to;
}

/* Versions that somebody may have stored since it began stay, and so do all when it has failed. */
static void finish_definition(const struct migrating *m, crd *definition)
{
	const struct apiextensions_custom_resource_definition_condition *found =
	    definition->status != NULL
		? condition_find(&definition->status->conditions, "StorageMigrating",
				 apiextensions_custom_resource_definition_condition)
		: NULL;
	bool is_same =
	    found != NULL && found->observed_generation == definition->metadata->generation;
	struct apiextensions_custom_resource_definition_status *to;

	if (!is_true(m->at, "Succeeded")) {
		(void)mark(m, definition, "False", "MigrationFailed",
			   STR("The migration has failed"));
		return;
	}
	to = mark(m, definition, "False", "MigrationSucceeded",
		  is_same ? STR("The migration has succeeded and the stored versions have been "
				"updated")
			  : STR("The migration has succeeded but the stored versions have not been "
				"updated due to a generation mismatch"));
	for (uint32_t i = 0; is_same && i < definition->spec->versions.len; i++)
		if (definition->spec->versions.at[i].storage) {
			to->stored_versions.at = arena_new_of(plan_arena(m->plan), struct str);
			to->stored_versions.at[0] =
			    arena_str(plan_arena(m->plan), definition->spec->versions.at[i].name);
			to->stored_versions.len = 1;
		}
}

/* ---- whose turn it is ----------------------------------------------------------------------------------------- */

static bool is_first(const struct migrating *m)
{
	struct records all =
	    world_list(m->world, STR_NONE, storagemigration_storage_version_migration);

	for (uint32_t i = 0; i < all.len; i++) {
		migration *other = record_at(all, i, storagemigration_storage_version_migration);
		int64_t age =
		    m->at->metadata->creation_timestamp.ns - other->metadata->creation_timestamp.ns;

		if (!is_rival(m->at, other))
			continue;
		if (is_true(other, "Running"))
			return false;
		if (!is_over(other) &&
		    (age > 0 ||
		     (age == 0 && str_cmp(other->metadata->name, m->at->metadata->name) < 0)))
			return false;
	}
	return true;
}

static void begin(const struct migrating *m)
{
	crd *definition = definition_of(m);

	if (definition != NULL)
		(void)mark(m, definition, "True", "MigrationRunning",
			   arena_printf(plan_arena(m->plan), "Migration " STR_FMT " is running",
					STR_ARG(m->at->metadata->name)));
	set(m, "Running", "True", "MigrationRunning", STR("The migration is running"));
}

static void end(const struct migrating *m)
{
	crd *definition = definition_of(m);

	if (definition != NULL)
		finish_definition(m, definition);
	set(m, "Running", "False", "MigrationCompleted", STR("Migration completed"));
}

/* ---- objects --------------------------------------------------------------------------------------------------- */

static const struct type *type_of(const struct migrating *m)
{
	const struct meta_group_resource *resource = m->at->spec->resource;
	const struct type *type;

	for (uint32_t i = 0; (type = world_kind(m->world, i)) != NULL; i++)
		if (str_eq(type_group(type), resource->group) &&
		    str_eq(type_resource(type), resource->resource))
			return type;
	return NULL;
}

static int by_name(const void *a, const void *b)
{
	const struct meta_object_meta *x = *(const struct meta_object_meta *const *)a;
	const struct meta_object_meta *y = *(const struct meta_object_meta *const *)b;
	int order = str_cmp(x->namespace, y->namespace);

	return order != 0 ? order : str_cmp(x->name, y->name);
}

/* Those that nobody has changed since, in the order of their names. */
struct candidates {
	const struct meta_object_meta **at;
	uint32_t len, total;
};

static struct candidates candidates_of(const struct migrating *m, const struct type *type,
				       uint64_t revision)
{
	struct records all = world_list_(m->world, type, STR_NONE);
	struct candidates out = {
		.at = arena_array(world_arena(m->world), const struct meta_object_meta *,
				  all.len + 1),
		.total = all.len,
	};
	uint64_t own;

	for (uint32_t i = 0; i < all.len; i++) {
		const struct meta_object_meta *meta = world_meta(type, all.at[i]);

		if (str_to_u64(meta->resource_version, &own) == OK && own <= revision)
			out.at[out.len++] = meta;
	}
	if (out.len > 1)
		qsort(out.at, out.len, sizeof *out.at, by_name);
	return out;
}

/* How many are done, as Running's message tells. */
static uint32_t done_of(const struct migrating *m, const struct candidates *objects)
{
	struct str message = find(m->at, "Running")->message, name;
	int64_t last = str_find(message, STR(LAST));
	struct meta_object_meta behind = { 0 };
	const struct meta_object_meta *key = &behind;
	uint32_t done = 0;

	if (last < 0)
		return 0;
	name = str_slice(message, (uint32_t)last + (uint32_t)sizeof LAST - 1, message.len);
	behind.namespace = str_cut(&name, '/');
	behind.name = name;
	while (done < objects->len && by_name(&objects->at[done], &key) <= 0)
		done++;
	return done;
}

static void touch(const struct migrating *m, const struct type *type,
		  const struct meta_object_meta *object)
{
	struct arena *arena = plan_arena(m->plan);
	struct str path =
	    arena_printf(arena, "/api%s" STR_FMT "/" STR_FMT, type_group(type).len > 0 ? "s/" : "",
			 STR_ARG(type_group(type)), STR_ARG(type_version(type)));
	struct str version = type_api_version(type, arena);

	if (object->namespace.len > 0)
		path = arena_printf(arena, STR_FMT "/namespaces/" STR_FMT, STR_ARG(path),
				    STR_ARG(object->namespace));
	path = arena_printf(arena,
			    STR_FMT "/" STR_FMT "/" STR_FMT
				    "?fieldManager=storage-version-migrator-controller",
			    STR_ARG(path), STR_ARG(type_resource(type)), STR_ARG(object->name));
	plan_request(m->plan, "PATCH", path, STR("application/merge-patch+json"),
		     arena_printf(arena,
				  "{\"kind\":\"" STR_FMT "\",\"apiVersion\":\"" STR_FMT
				  "\",\"metadata\":{\"resourceVersion\":\"" STR_FMT "\"}}",
				  STR_ARG(type_kind(type)), STR_ARG(version),
				  STR_ARG(object->resource_version)));
}

static struct str running_words(const struct migrating *m, uint32_t left, uint32_t total)
{
	struct arena *arena = plan_arena(m->plan);

	if (total == 0)
		return STR("The migration is running");
	return left > 0
		   ? arena_printf(arena, "The migration is running, %u/%u objects not yet migrated",
				  left, total)
		   : arena_printf(arena, "The migration is running, %u objects verified migrated",
				  total);
}

static void report(const struct migrating *m, struct str message)
{
	set(m, "Running", "True", "MigrationRunning", message);
}

static struct str with_last(const struct migrating *m, struct str message,
			    const struct candidates *objects, uint32_t done)
{
	if (done == 0)
		return message;
	return arena_printf(plan_arena(m->plan), STR_FMT LAST STR_FMT "/" STR_FMT, STR_ARG(message),
			    STR_ARG(objects->at[done - 1]->namespace),
			    STR_ARG(objects->at[done - 1]->name));
}

static bool is_passing(enum status status)
{
	return status == BUSY || status == UNAVAILABLE || status == TIMEOUT || status == INTERNAL ||
	       status == CANCELLED;
}

/* What an object could not be written for, in the turn before; true: nothing is written in this one. */
static bool tell_failure(const struct migrating *m, const struct candidates *objects, uint32_t done)
{
	const struct world_failure *failure = world_failure(m->world);
	struct str message = running_words(m, objects->len - done, objects->total);
	struct arena *arena = plan_arena(m->plan);

	/* Of a status, or of an object that has gone. */
	if (failure == NULL || failure->type != NULL || failure->status == NOT_FOUND)
		return false;
	if (!is_passing(failure->status)) {
		report(m, message);
		fail(m,
		     arena_printf(arena,
				  "%u/%u not yet migrated. migration encountered unhandled "
				  "error: " STR_FMT,
				  objects->len - done, objects->total, STR_ARG(failure->message)));
		return true;
	}
	message = arena_printf(arena, STR_FMT "; transient error: " STR_FMT, STR_ARG(message),
			       STR_ARG(failure->message));
	message = with_last(m, message, objects, done);
	if (str_eq(message, find(m->at, "Running")->message))
		return false;
	report(m, message);
	plan_again(m->plan, LOOK_MS);
	return true;
}

static void go_on(const struct migrating *m, const struct type *type, uint64_t revision)
{
	struct candidates objects = candidates_of(m, type, revision);
	uint32_t done = done_of(m, &objects);

	if (tell_failure(m, &objects, done))
		return;
	for (uint32_t i = 0; done < objects.len && i < OBJECTS_A_TURN; i++)
		touch(m, type, objects.at[done++]);
	if (done < objects.len) {
		report(m, with_last(m, running_words(m, objects.len - done, objects.total),
				    &objects, done));
		return;
	}
	report(m, running_words(m, 0, objects.total));
	set(m, "Succeeded", "True", "StorageVersionMigrationSucceeded", STR("Migration completed"));
}

static void run(const struct migrating *m)
{
	const struct type *type = type_of(m);
	int64_t age_ns = world_now(m->world).ns - m->at->metadata->creation_timestamp.ns;
	uint64_t revision;

	if (type == NULL) {
		if (age_ns < KNOWN_MS * TIME_MS)
			plan_again(m->plan, LOOK_MS);
		else
			fail(m, STR("resource does not exist in discovery"));
		return;
	}
	/* All revisions are of one row of numbers: what was there when this became Running is older than that. */
	if (m->at->status->resource_version.len == 0)
		edit(m)->resource_version =
		    arena_str(plan_arena(m->plan), m->at->metadata->resource_version);
	else if (str_to_u64(m->at->status->resource_version, &revision) == OK &&
		 plan_has_seen(m->plan, m->world, type, revision))
		go_on(m, type, revision);
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	struct migrating m = { world, plan,
			       world_get(world, key, storagemigration_storage_version_migration) };

	if (m.at == NULL)
		return OK;
	if (is_true(m.at, "Running") && is_over(m.at))
		end(&m);
	else if (is_true(m.at, "Running"))
		run(&m);
	else if (!is_over(m.at) && is_first(&m))
		begin(&m);
	return OK;
}

/* One that ends may be what another waits for. */
static void rivals_wake(const struct world *world, const struct object *object,
			const struct object *old, struct wake *to)
{
	struct records all = world_list(world, STR_NONE, storagemigration_storage_version_migration);
	migration *changed = object->record;

	(void)old;
	for (uint32_t i = 0; i < all.len; i++) {
		migration *other = record_at(all, i, storagemigration_storage_version_migration);

		if (is_rival(changed, other) &&
		    !str_eq(other->metadata->name, changed->metadata->name))
			wake_key(to, STR(""), other->metadata->name);
	}
}

const struct controller storage_version_migrator_controller = {
	.name = "storage-version-migrator",
	.account = "storage-version-migrator-controller",
	.reconciles = &storagemigration_storage_version_migration_type,
	.triggers = { { &storagemigration_storage_version_migration_type, rivals_wake } },
	.reads = { &apiextensions_custom_resource_definition_type },
	.patches = { &apiextensions_custom_resource_definition_type },
	.reads_all = true,
	.workers = 1, /* of one resource only one at a time */
	.reconcile = reconcile,
};
