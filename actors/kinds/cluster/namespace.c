#include "actors/kinds/kinds.h"
#include "actors/kinds/path.h"
#include "actors/kinds/rule.h"
#include "datastore/object/record.h"
#include "datastore/schema/core.h"
#include "datastore/schema/type.h"

/*
 * Namespaces: a delete only says that they are to go. They go when who empties them has taken its name off
 * spec.finalizers, by way of the subresource finalize.
 */

#define FINALIZER STR("kubernetes")
#define NAME_LABEL STR("kubernetes.io/metadata.name")

static void take_own_name(struct core_namespace *namespace, struct arena *arena)
{
	str_map_put(&namespace->metadata->labels, arena, NAME_LABEL, namespace->metadata->name);
}

static void prepare_create(struct kind_change *change)
{
	struct core_namespace *namespace = change->object;
	struct str_list *list = &namespace->spec->finalizers;
	struct str *at;

	MAKE(namespace->status, change->arena)->phase = STR("Active");
	take_own_name(namespace, change->arena);
	if (str_list_has(*list, FINALIZER))
		return;
	at = arena_array(change->arena, struct str, list->len + 1);
	if (list->len > 0)
		memcpy(at, list->at, list->len * sizeof *at);
	at[list->len] = FINALIZER;
	list->at = at;
	list->len++;
}

static void prepare_update(struct kind_change *change)
{
	struct core_namespace *namespace = change->object;
	const struct core_namespace *old = change->old;

	namespace->spec->finalizers = old->spec->finalizers;
	take_own_name(namespace, change->arena);
}

static void finalize_prepare(struct kind_change *change)
{
	struct core_namespace *namespace = change->object;
	const struct core_namespace *old = change->old;

	namespace->status = old->status;
}

/* A name that nobody's domain stands before has to be one of ours. */
static void check_finalizers(struct kind_change *change, bool has_index)
{
	const struct core_namespace *namespace = change->object;
	const struct path *list = PATH(PATH_ROOT(change->faults, "spec"), "finalizers");

	for (uint32_t i = 0; i < namespace->spec->finalizers.len; i++) {
		struct str name = namespace->spec->finalizers.at[i];
		const struct path *at = has_index ? PATH_AT(list, i) : list;

		rule_name(at, NAME_LABEL_KEY, name);
		if (str_find_char(name, '/') < 0 && !str_eq(name, FINALIZER) &&
		    !str_is(name, "orphan") && !str_is(name, "foregroundDeletion"))
			path_invalid(at, name,
				     "name is neither a standard finalizer name nor is it fully "
				     "qualified");
	}
}

static void validate(struct kind_change *change)
{
	check_finalizers(change, false);
}

static void finalize_validate(struct kind_change *change)
{
	check_finalizers(change, true);
}

static void status_validate(struct kind_change *change)
{
	const struct core_namespace *namespace = change->object;
	bool is_ending = namespace->metadata->has.deletion_timestamp;
	const struct path *at = PATH(PATH_ROOT(change->faults, "status"), "Phase");

	if (is_ending && !str_is(namespace->status->phase, "Terminating"))
		path_invalid(at, namespace->status->phase,
			     "may only be 'Terminating' if `deletionTimestamp` is not empty");
	if (!is_ending && !str_is(namespace->status->phase, "Active"))
		path_invalid(at, namespace->status->phase,
			     "may only be 'Active' if `deletionTimestamp` is empty");
}

static bool outlives(const void *object)
{
	return ((const struct core_namespace *)object)->spec->finalizers.len > 0;
}

static void mark(void *object, struct arena *arena)
{
	struct core_namespace *namespace = object;

	MAKE(namespace->status, arena)->phase = STR("Terminating");
}

static const struct kind_subresource subresources[] = {
	{ .name = "status", .validate = status_validate },
	{ .name = "finalize", .prepare = finalize_prepare, .validate = finalize_validate },
};

const struct kind_rules kind_namespace = {
	.group = "",
	.kind = "Namespace",
	.name_syntax = NAME_DNS_LABEL,
	.returns_deleted = true,
	.precondition = "Precondition failed",
	.outlives = outlives,
	.is_marked_whole = true,
	.mark = mark,
	.prepare_create = prepare_create,
	.prepare_update = prepare_update,
	.validate_create = validate,
	.validate_update = validate,
	.subresources = subresources,
	.subresource_count = 2,
};
