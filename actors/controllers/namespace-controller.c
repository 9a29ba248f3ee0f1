/*
 * Namespaces: one that is being deleted is emptied of everything, and then let go.
 *
 * Every kind with objects in it is deleted as a collection. When the caches have shown nothing for a while the finalizer
 * `kubernetes` goes, by the subresource finalize, and with it the namespace.
 */
#include "actors/controller/controller.h"
#include "actors/controller/plan.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"
#include "runtime/base/arena.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"

#define SETTLED_MS \
	1000 /* what was admitted before the deletion began has been written and seen by then */
#define LOOK_MS 1000

struct content {
	uint32_t objects, finalizing;   /* in all; those that wait for finalizers */
	struct text remaining, waiting; /* `pods. has 3 resource instances, ...` */
};

/* ---- conditions ------------------------------------------------------------------------------------------ */

static void set_condition(const struct world *world, struct plan *plan,
			  struct core_namespace_status *status, const char *type, bool is_true,
			  const char *reason, struct str message)
{
	struct core_namespace_condition *at = NULL, *grown;
	struct str word = is_true ? STR("True") : STR("False");

	for (uint32_t i = 0; i < status->conditions.len; i++)
		if (str_is(status->conditions.at[i].type, type))
			at = &status->conditions.at[i];
	if (at == NULL) {
		grown = arena_array(plan_arena(plan), struct core_namespace_condition,
				    status->conditions.len + 1);
		if (status->conditions.len > 0)
			memcpy(grown, status->conditions.at, status->conditions.len * sizeof *grown);
		at = &grown[status->conditions.len++];
		status->conditions.at = grown;
	}
	if (!str_eq(at->status, word))
		SET(at, last_transition_time, world_now(world));
	at->type = str_from(type);
	at->status = word;
	at->reason = str_from(reason);
	at->message = message;
}

static void report(const struct world *world, struct plan *plan,
		   const struct core_namespace *namespace, const struct content *content)
{
	struct core_namespace_status *status = plan_status(plan, namespace, core_namespace)->status;
	bool remains = content->objects > 0, waits = content->finalizing > 0;

	status->phase = STR("Terminating");
	set_condition(world, plan, status, "NamespaceDeletionDiscoveryFailure", false,
		      "ResourcesDiscovered", STR("All resources successfully discovered"));
	set_condition(world, plan, status, "NamespaceDeletionGroupVersionParsingFailure", false,
		      "ParsedGroupVersions", STR("All legacy kube types successfully parsed"));
	set_condition(world, plan, status, "NamespaceDeletionContentFailure", false,
		      "ContentDeleted",
		      STR("All content successfully deleted, may be waiting on finalization"));
	set_condition(world, plan, status, "NamespaceContentRemaining", remains,
		      remains ? "SomeResourcesRemain" : "ContentRemoved",
		      remains
			  ? arena_printf(plan_arena(plan), "Some resources are remaining: " STR_FMT,
					 STR_ARG(text_str(&content->remaining)))
			  : STR("All content successfully removed"));
	set_condition(
	    world, plan, status, "NamespaceFinalizersRemaining", waits,
	    waits ? "SomeFinalizersRemain" : "ContentHasNoFinalizers",
	    waits ? arena_printf(plan_arena(plan),
				 "Some content in the namespace has finalizers remaining: " STR_FMT,
				 STR_ARG(text_str(&content->waiting)))
		  : STR("All content-preserving finalizers finished"));
}

/* ---- content ----------------------------------------------------------------------------------------------- */

static void mention(struct text *out, const struct type *type, uint32_t count)
{
	if (out->len > 0)
		text_lit(out, ", ");
	text_printf(out, STR_FMT "." STR_FMT " has %u resource instances", STR_ARG(type->resource),
		    STR_ARG(type->group), count);
}

static void delete_all(struct plan *plan, const struct type *type, struct str namespace)
{
	struct str root = type->group.len == 0 ? STR("/api")
					       : arena_printf(plan_arena(plan), "/apis/" STR_FMT,
							      STR_ARG(type->group));
	struct str path = arena_printf(
	    plan_arena(plan), STR_FMT "/" STR_FMT "/namespaces/" STR_FMT "/" STR_FMT, STR_ARG(root),
	    STR_ARG(type->version), STR_ARG(namespace), STR_ARG(type->resource));

	plan_request(plan, "DELETE", path, STR("application/json"),
		     STR("{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\",\"propagationPolicy\":"
			 "\"Background\"}"));
}

/* Deletes what of this kind is not on its way out yet, and counts what is there. */
static void empty_kind(const struct world *world, struct plan *plan, const struct type *type,
		       struct str namespace, struct content *content)
{
	struct records records = world_list_(world, type, namespace);
	uint32_t living = 0, finalizing = 0;

	for (uint32_t i = 0; i < records.len; i++) {
		const struct meta_object_meta *meta = world_meta(type, records.at[i]);

		living += !meta->has.deletion_timestamp;
		finalizing += meta->has.deletion_timestamp && meta->finalizers.len > 0;
	}
	if (living > 0)
		delete_all(plan, type, namespace);
	if (records.len > 0)
		mention(&content->remaining, type, records.len);
	if (finalizing > 0)
		mention(&content->waiting, type, finalizing);
	content->objects += records.len;
	content->finalizing += finalizing;
}

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

static bool has_settled(const struct world *world, const struct core_namespace *namespace)
{
	int64_t since = world_now(world).ns - namespace->metadata->deletion_timestamp.ns;

	return since >= SETTLED_MS * TIME_MS;
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct core_namespace *namespace = world_get(world, key, core_namespace);
	struct content content = { .remaining = text_in(plan_arena(plan), 4 * KIB),
				   .waiting = text_in(plan_arena(plan), 4 * KIB) };
	const struct type *type;

	if (namespace == NULL || !namespace->metadata->has.deletion_timestamp)
		return OK;
	for (uint32_t i = 0; (type = controller_kind(i)) != NULL; i++)
		if ((type->flags & TYPE_NAMESPACED) != 0)
			empty_kind(world, plan, type, key.name, &content);
	if (content.objects == 0 && has_settled(world, namespace) &&
	    namespace->spec->finalizers.len > 0) {
		let_go(plan, namespace);
		return OK;
	}
	report(world, plan, namespace, &content);
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
