/*
 * Namespaces: one that is being deleted is emptied of everything, and then let go.
 *
 * Pods go first: what they rely on stays until they have ended. Then every kind with objects in it is deleted as a
 * collection; what hinders that is told first. When the caches have shown nothing for a while the finalizer `kubernetes` goes, by the subresource
 * finalize, and with it the namespace.
 */
#include <stdlib.h>

#include "actors/controller/controller.h"
#include "actors/controller/plan.h"
#include "actors/controller/workload/condition.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"
#include "runtime/base/arena.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"

#define SETTLED_MS \
	1000 /* what was admitted before the deletion began has been written and seen by then */
#define LOOK_MS 1000
#define FINALIZERS_MAX 64U /* different ones that are told */

struct finalizer {
	struct str name;
	uint32_t count;
};

struct content {
	const struct world *world;
	struct plan *plan;
	struct str namespace;
	uint32_t objects;
	struct text remaining; /* `pods. has 3 resource instances, ...` */
	struct finalizer finalizers[FINALIZERS_MAX];
	uint32_t finalizer_count;
};

/* ---- conditions ------------------------------------------------------------------------------------------ */

static void set(const struct content *c, struct core_namespace_status *status, const char *type,
		const char *word, const char *reason, struct str message)
{
	condition_set(plan_arena(c->plan), &status->conditions, world_now(c->world),
		      core_namespace_condition, type, word, reason, message);
}

static void report_deletion(const struct content *c, struct core_namespace_status *status)
{
	static const char type[] = "NamespaceDeletionContentFailure";
	const struct world_failure *failure = world_failure(c->world);

	if (failure == NULL)
		set(c, status, type, "False", "ContentDeleted",
		    STR("All content successfully deleted, may be waiting on finalization"));
	else
		set(c, status, type, "True", "ContentDeletionFailed",
		    arena_printf(plan_arena(c->plan),
				 "Failed to delete all resource types, 1 remaining: " STR_FMT,
				 STR_ARG(failure->message)));
}

static void report_remaining(const struct content *c, struct core_namespace_status *status)
{
	static const char type[] = "NamespaceContentRemaining";

	if (c->objects == 0)
		set(c, status, type, "False", "ContentRemoved",
		    STR("All content successfully removed"));
	else
		set(c, status, type, "True", "SomeResourcesRemain",
		    arena_printf(plan_arena(c->plan), "Some resources are remaining: " STR_FMT,
				 STR_ARG(text_str(&c->remaining))));
}

static int by_name(const void *left, const void *right)
{
	return str_cmp(((const struct finalizer *)left)->name,
		       ((const struct finalizer *)right)->name);
}

static void report_finalizers(struct content *c, struct core_namespace_status *status)
{
	static const char type[] = "NamespaceFinalizersRemaining";
	struct text words = text_in(plan_arena(c->plan), 4 * KIB);

	if (c->finalizer_count == 0) {
		set(c, status, type, "False", "ContentHasNoFinalizers",
		    STR("All content-preserving finalizers finished"));
		return;
	}
	qsort(c->finalizers, c->finalizer_count, sizeof c->finalizers[0], by_name);
	for (uint32_t i = 0; i < c->finalizer_count; i++)
		text_printf(&words, "%s" STR_FMT " in %u resource instances", i ? ", " : "",
			    STR_ARG(c->finalizers[i].name), c->finalizers[i].count);
	set(c, status, type, "True", "SomeFinalizersRemain",
	    arena_printf(plan_arena(c->plan),
			 "Some content in the namespace has finalizers remaining: " STR_FMT,
			 STR_ARG(text_str(&words))));
}

static void report(struct content *c, struct core_namespace_status *status)
{
	status->phase = STR("Terminating");
	set(c, status, "NamespaceDeletionDiscoveryFailure", "False", "ResourcesDiscovered",
	    STR("All resources successfully discovered"));
	set(c, status, "NamespaceDeletionGroupVersionParsingFailure", "False",
	    "ParsedGroupVersions", STR("All legacy kube types successfully parsed"));
	report_deletion(c, status);
	report_remaining(c, status);
	report_finalizers(c, status);
}

/* ---- content ----------------------------------------------------------------------------------------------- */

static void count_finalizer(struct content *c, struct str name)
{
	for (uint32_t i = 0; i < c->finalizer_count; i++)
		if (str_eq(c->finalizers[i].name, name)) {
			c->finalizers[i].count++;
			return;
		}
	if (c->finalizer_count < FINALIZERS_MAX)
		c->finalizers[c->finalizer_count++] =
		    (struct finalizer){ arena_str(plan_arena(c->plan), name), 1 };
}

struct counting {
	struct content *content;
	uint32_t objects, living; /* the last: not on their way out yet */
};

static bool count_one(void *arg, const struct object *object)
{
	const struct meta_object_meta *meta = world_meta(object->type, object->record);
	struct counting *counting = arg;

	counting->objects++;
	counting->living += !meta->has.deletion_timestamp;
	for (uint32_t i = 0; i < meta->finalizers.len; i++)
		count_finalizer(counting->content, meta->finalizers.at[i]);
	return true;
}

/* Counts what of this kind is there; how many are not on their way out yet. */
static uint32_t count(struct content *c, const struct type *type)
{
	struct counting counting = { .content = c };

	world_each(c->world, type, c->namespace, count_one, &counting);
	if (counting.objects > 0)
		text_printf(&c->remaining, "%s" STR_FMT "." STR_FMT " has %u resource instances",
			    c->remaining.len > 0 ? ", " : "", STR_ARG(type_resource(type)),
			    STR_ARG(type_group(type)), counting.objects);
	c->objects += counting.objects;
	return counting.living;
}

static void delete_all(const struct content *c, const struct type *type)
{
	struct arena *arena = plan_arena(c->plan);
	struct str root = type_group(type).len == 0
			      ? STR("/api")
			      : arena_printf(arena, "/apis/" STR_FMT, STR_ARG(type_group(type)));
	struct str path = arena_printf(arena, STR_FMT "/" STR_FMT "/namespaces/" STR_FMT "/" STR_FMT,
				       STR_ARG(root), STR_ARG(type_version(type)),
				       STR_ARG(c->namespace), STR_ARG(type_resource(type)));

	plan_request(c->plan, "DELETE", path, STR("application/json"),
		     STR("{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\",\"propagationPolicy\":"
			 "\"Background\"}"));
}

static void empty_kind(struct content *c, const struct type *type)
{
	if (count(c, type) > 0)
		delete_all(c, type);
}

static void empty(struct content *c)
{
	const struct type *pods = world_kind_named(c->world, STR(""), STR("Pod")), *type;

	if (pods != NULL)
		empty_kind(c, pods);
	if (c->objects > 0)
		return;
	for (uint32_t i = 0; (type = world_kind(c->world, i)) != NULL; i++)
		if ((type->flags & TYPE_NAMESPACED) != 0 && type != pods)
			empty_kind(c, type);
}

/* ---- the end ------------------------------------------------------------------------------------------------ */

static void let_go(struct plan *plan, const struct core_namespace *namespace)
{
	struct core_namespace *edit =
	    plan_subresource_(plan, &core_namespace_type, namespace, "finalize");
	struct str_list *list = &edit->spec->finalizers;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < list->len; i++)
		if (!str_is(list->at[i], "kubernetes"))
			list->at[kept++] = list->at[i];
	list->len = kept;
}

/* Nothing is there, and nothing that was on its way when the deletion began may still come. */
static bool is_empty(const struct content *c, const struct core_namespace *namespace)
{
	const struct meta_object_meta *meta = namespace->metadata;
	int64_t since_ns = world_now(c->world).ns - meta->deletion_timestamp.ns;
	uint64_t revision = 0;
	bool has_seen = true;
	const struct type *type;

	if (c->objects > 0 || since_ns < SETTLED_MS * TIME_MS ||
	    str_to_u64(meta->resource_version, &revision) != OK)
		return false;
	for (uint32_t i = 0; (type = world_kind(c->world, i)) != NULL; i++)
		if ((type->flags & TYPE_NAMESPACED) != 0)
			has_seen &= plan_has_seen(c->plan, c->world, type, revision);
	return has_seen;
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct core_namespace *namespace = world_get(world, key, core_namespace);
	struct content content = { .world = world,
				   .plan = plan,
				   .namespace = key.name,
				   .remaining = text_in(plan_arena(plan), 4 * KIB) };
	struct core_namespace_status *status;

	if (namespace == NULL || !namespace->metadata->has.deletion_timestamp ||
	    namespace->spec->finalizers.len == 0)
		return OK;
	status = plan_status(plan, namespace, core_namespace)->status;
	empty(&content);
	report(&content, status);
	if (is_empty(&content, namespace))
		let_go(plan, namespace);
	else
		plan_again(plan, LOOK_MS);
	return OK;
}

/* A namespace is looked at again when something in it goes. */
static void content_wakes(const struct world *world, const struct object *object,
			  const struct object *old, struct wake *to)
{
	const struct core_namespace *namespace;
	struct key key = { STR(""), world_meta(object->type, object->record)->namespace };

	(void)old;
	if (key.name.len == 0)
		return;
	namespace = world_get(world, key, core_namespace);
	if (namespace != NULL && namespace->metadata->has.deletion_timestamp)
		wake_key(to, key.namespace, key.name);
}

const struct controller namespace_controller = {
	.name = "namespace",
	.account = "namespace-controller",
	.reconciles = &core_namespace_type,
	.reads_all = true,
	.wakes = content_wakes,
	.workers = 10,
	.reconcile = reconcile,
};
