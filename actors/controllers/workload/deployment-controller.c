/*
 * Deployments: keeps one ReplicaSet per pod template and moves replicas from the old ones to the current one at the
 * pace that the strategy allows.
 *
 *     Deployment --owns--> ReplicaSet (one per template hash) --owns--> Pod
 *
 * Everything here is a function of the objects it is shown. The arithmetic of a rollout stands in rollout.h; here is what
 * becomes of it: sets made, scaled and removed.
 */
#include <stdlib.h>

#include "actors/controller/controller.h"
#include "actors/controller/plan.h"
#include "actors/controller/workload/owner.h"
#include "actors/controller/workload/pod.h"
#include "actors/controller/workload/rollout.h"
#include "actors/controller/workload/template.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/apps.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/str.h"

#define HISTORY STR("deployment.kubernetes.io/revision-history")
#define HISTORY_MAX 2000U /* bytes; upstream's maxRevHistoryLengthInChars */

/* ---- annotations of sets ---------------------------------------------------------------------------------- */

static int64_t revision_of(const struct meta_object_meta *meta)
{
	return rollout_number(meta, ROLLOUT_REVISION);
}

static int64_t next_revision(const struct rollout *r)
{
	int64_t highest = 0;

	for (uint32_t i = 0; i < r->set_count; i++)
		if (r->sets[i] != r->current && revision_of(r->sets[i]->metadata) > highest)
			highest = revision_of(r->sets[i]->metadata);
	return highest + 1;
}

static void put_number(struct plan *plan, struct str_map *map, struct str key, int64_t number)
{
	str_map_put(map, plan_arena(plan), key,
		    arena_printf(plan_arena(plan), "%jd", (intmax_t)number));
}

/* What the sets have for themselves, and kubectl's own copy of the Deployment. */
static bool is_copied(struct str key)
{
	static const char *const kept[] = { "kubectl.kubernetes.io/last-applied-configuration",
					    "deployment.kubernetes.io/revision",
					    "deployment.kubernetes.io/revision-history",
					    "deployment.kubernetes.io/desired-replicas",
					    "deployment.kubernetes.io/max-replicas",
					    "deprecated.deployment.rollback.to" };

	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
		if (str_is(key, kept[i]))
			return false;
	return true;
}

/* It was current before, under another number: that one is kept, and the oldest are forgotten when it gets too long. */
static void keep_history(struct plan *plan, struct str_map *map, struct str old)
{
	struct str history = str_map_get(*map, HISTORY);

	if (history.len > 0)
		history = arena_printf(plan_arena(plan), STR_FMT "," STR_FMT, STR_ARG(history),
				       STR_ARG(old));
	else
		history = arena_str(plan_arena(plan), old);
	while (history.len > HISTORY_MAX && str_find_char(history, ',') >= 0)
		str_cut(&history, ',');
	str_map_put(map, plan_arena(plan), HISTORY, history);
}

/* The current set bears its Deployment's annotations and a revision above all others'. */
static void annotate(struct plan *plan, const struct rollout *r, struct meta_object_meta *set)
{
	struct str_map from = r->deployment->metadata->annotations;
	struct str old = str_map_get(set->annotations, ROLLOUT_REVISION);

	for (uint32_t i = 0; i < from.len; i++)
		if (is_copied(from.at[i].key))
			str_map_put(&set->annotations, plan_arena(plan),
				    arena_str(plan_arena(plan), from.at[i].key),
				    arena_str(plan_arena(plan), from.at[i].value));
	if (revision_of(set) >= next_revision(r))
		return;
	if (old.len > 0)
		keep_history(plan, &set->annotations, old);
	put_number(plan, &set->annotations, ROLLOUT_REVISION, next_revision(r));
}

static void annotate_size(struct plan *plan, const struct rollout *r, struct meta_object_meta *set)
{
	put_number(plan, &set->annotations, ROLLOUT_DESIRED, r->wanted);
	put_number(plan, &set->annotations, ROLLOUT_MOST, r->wanted + r->surge);
}

/* ---- scaling ------------------------------------------------------------------------------------------------ */

static void scale(struct plan *plan, const struct rollout *r, const struct apps_replica_set *set,
		  int32_t to)
{
	struct apps_replica_set *edit;

	if (set->spec->replicas == to)
		return;
	edit = plan_edit(plan, set, apps_replica_set);
	SET(edit->spec, replicas, to);
	annotate_size(plan, r, edit->metadata);
	plan_event(plan, &apps_deployment_type, r->deployment->metadata, false, "ScalingReplicaSet",
		   "Scaled %s replica set " STR_FMT " from %d to %d",
		   to > set->spec->replicas ? "up" : "down", STR_ARG(set->metadata->name),
		   set->spec->replicas, to);
}

/* Grows the current set into the surge, then shrinks old ones as far as enough pods can serve: sick pods first. */
static void roll(struct plan *plan, const struct rollout *r)
{
	int32_t grown = rollout_grown(r);
	int32_t *left;

	if (grown != r->current->spec->replicas) {
		scale(plan, r, r->current, grown);
		return;
	}
	left = arena_array(plan_arena(plan), int32_t, r->set_count + 1);
	rollout_shrink(r, left);
	for (uint32_t i = 0; i < r->set_count; i++)
		if (r->sets[i] != r->current)
			scale(plan, r, r->sets[i], left[i]);
}

static bool has_active_old(const struct rollout *r)
{
	for (uint32_t i = 0; i < r->set_count; i++)
		if (r->sets[i] != r->current && r->sets[i]->spec->replicas > 0)
			return true;
	return false;
}

static void empty_old(struct plan *plan, const struct rollout *r)
{
	for (uint32_t i = 0; i < r->set_count; i++)
		if (r->sets[i] != r->current)
			scale(plan, r, r->sets[i], 0);
}

/* More or fewer are wanted in the middle of a rollout, or while it is paused: every set gets its share. */
static void spread(struct plan *plan, const struct rollout *r)
{
	int32_t *shares = arena_array(plan_arena(plan), int32_t, r->set_count + 1);

	rollout_spread(r, shares);
	for (uint32_t i = 0; i < r->set_count; i++) {
		scale(plan, r, r->sets[i], shares[i]);
		/* Also one that keeps its size was scaled for this wish, or it would be tried for ever. */
		if (shares[i] > 0)
			annotate_size(plan, r,
				      plan_edit(plan, r->sets[i], apps_replica_set)->metadata);
	}
}

/* ---- the current set ------------------------------------------------------------------------------------------ */

static void label(struct plan *plan, struct str_map *map, struct str hash)
{
	str_map_put(map, plan_arena(plan), STR(TEMPLATE_HASH), hash);
}

static int32_t first_replicas(const struct rollout *r)
{
	if (str_is(r->deployment->spec->strategy->type, "Recreate"))
		return r->wanted;
	return template_least(r->wanted, template_most(0, r->wanted + r->surge - r->total));
}

/* The name is taken by a set of another template, or of another Deployment: count it and try the next hash. */
static bool collides(const struct world *world, struct plan *plan, const struct apps_deployment *d,
		     struct str name)
{
	struct key key = { d->metadata->namespace, name };
	struct apps_deployment_status *status;

	if (world_get(world, key, apps_replica_set) == NULL)
		return false;
	status = plan_status(plan, d, apps_deployment)->status;
	SET(status, collision_count, d->status->collision_count + 1);
	return true;
}

static void create_current(const struct world *world, struct plan *plan, struct rollout *r,
			   struct rollout_news *news)
{
	const struct apps_deployment *d = r->deployment;
	struct arena *arena = plan_arena(plan);
	struct str hash = template_hash(arena, d->spec->template, d->status->collision_count);
	struct str name =
	    arena_printf(arena, STR_FMT "-" STR_FMT, STR_ARG(d->metadata->name), STR_ARG(hash));
	struct apps_replica_set *set;

	if (collides(world, plan, d, name))
		return;
	set = plan_new_child(plan, d, apps_deployment, name, apps_replica_set);
	set->spec->selector = plan_copy(plan, d->spec->selector, meta_label_selector);
	label(plan, &set->spec->selector->match_labels, hash);
	set->spec->template = plan_copy(plan, d->spec->template, core_pod_template_spec);
	label(plan, &MAKE(set->spec->template->metadata, arena)->labels, hash);
	set->metadata->labels = set->spec->template->metadata->labels;
	SET(set->spec, min_ready_seconds, d->spec->min_ready_seconds);
	SET(set->spec, replicas, first_replicas(r));
	annotate(plan, r, set->metadata);
	annotate_size(plan, r, set->metadata);
	if (set->spec->replicas > 0)
		plan_event(plan, &apps_deployment_type, d->metadata, false, "ScalingReplicaSet",
			   "Scaled up replica set " STR_FMT " from 0 to %d", STR_ARG(name),
			   set->spec->replicas);
	r->total += set->spec->replicas;
	news->created = name;
}

/* Nothing new before the last old pod is gone. */
static void recreate(const struct world *world, struct plan *plan, struct rollout *r,
		     struct rollout_news *news)
{
	if (has_active_old(r))
		empty_old(plan, r);
	else if (!r->has_old_pods && r->current == NULL)
		create_current(world, plan, r, news);
	else if (!r->has_old_pods)
		scale(plan, r, r->current, r->wanted);
}

static void keep_current_annotated(struct plan *plan, const struct rollout *r)
{
	struct apps_replica_set *edit;

	if (r->current == NULL)
		return;
	edit = plan_edit(plan, r->current, apps_replica_set);
	annotate(plan, r, edit->metadata);
	SET(edit->spec, min_ready_seconds, r->deployment->spec->min_ready_seconds);
}

/* ---- history -------------------------------------------------------------------------------------------------- */

static int by_revision(const void *left, const void *right)
{
	const struct apps_replica_set *a = *(const struct apps_replica_set *const *)left;
	const struct apps_replica_set *b = *(const struct apps_replica_set *const *)right;
	int64_t first = revision_of(a->metadata), second = revision_of(b->metadata);

	return first != second ? (first > second) - (first < second)
			       : str_cmp(a->metadata->name, b->metadata->name);
}

/* Old sets are kept for undoing, as many as revisionHistoryLimit says; those above it go once they are empty, oldest first. */
static void forget_history(const struct world *world, struct plan *plan, const struct rollout *r)
{
	const struct apps_replica_set **old =
	    arena_array(world_arena(world), const struct apps_replica_set *, r->set_count + 1);
	int32_t limit = r->deployment->spec->revision_history_limit;
	uint32_t count = 0;

	for (uint32_t i = 0; i < r->set_count; i++)
		if (r->sets[i] != r->current && !r->sets[i]->metadata->has.deletion_timestamp)
			old[count++] = r->sets[i];
	qsort(old, count, sizeof *old, by_revision);
	for (uint32_t i = 0; (int64_t)i < (int64_t)count - limit; i++)
		if (rollout_is_idle(r, old[i]))
			plan_delete(plan, old[i], apps_replica_set);
}

static bool is_complete(const struct rollout *r)
{
	return r->current != NULL && r->current->status->replicas == r->wanted &&
	       r->pods == r->wanted && r->available == r->wanted;
}

/* ---- the whole ------------------------------------------------------------------------------------------------ */

/* The Deployment bears the current set's revision. It travels with the status: no change of the Deployment's own. */
static void keep_revision(struct plan *plan, const struct rollout *r, struct apps_deployment *edit,
			  const struct rollout_news *news)
{
	int64_t revision = next_revision(r);

	if (r->current == NULL && news->created.len == 0)
		return;
	if (r->current != NULL && revision_of(r->current->metadata) > revision)
		revision = revision_of(r->current->metadata);
	if (revision_of(r->deployment->metadata) != revision)
		put_number(plan, &edit->metadata->annotations, ROLLOUT_REVISION, revision);
}

static void advance(const struct world *world, struct plan *plan, struct rollout *r,
		    struct rollout_news *news)
{
	bool is_recreating = str_is(r->deployment->spec->strategy->type, "Recreate");

	keep_current_annotated(plan, r);
	if (r->deployment->spec->paused || rollout_is_scaling(r))
		spread(plan, r);
	else if (is_recreating)
		recreate(world, plan, r, news);
	else if (r->current == NULL)
		create_current(world, plan, r, news);
	else
		roll(plan, r);
	if (r->deployment->spec->paused || is_complete(r))
		forget_history(world, plan, r);
}

static bool is_everything(const struct meta_label_selector *selector)
{
	return selector == NULL ||
	       (selector->match_labels.len == 0 && selector->match_expressions.len == 0);
}

static const char *create_error(const struct world *world, struct plan *plan)
{
	const struct world_failure *failure = world_failure(world);

	if (failure == NULL || !failure->is_create)
		return NULL;
	return arena_printf(plan_arena(plan), "Failed to create new replica set: " STR_FMT,
			    STR_ARG(failure->message))
	    .at;
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct apps_deployment *d = world_get(world, key, apps_deployment);
	struct rollout_news news = { STR_NONE, NULL };
	struct apps_deployment *edit;
	struct rollout r;

	if (d == NULL)
		return OK;
	edit = plan_status(plan, d, apps_deployment);
	if (is_everything(d->spec->selector)) {
		plan_event(
		    plan, &apps_deployment_type, d->metadata, true, "SelectingAll",
		    "This deployment is selecting all pods. A non-empty selector is required.");
		SET(edit->status, observed_generation, d->metadata->generation);
		return OK;
	}
	news.create_error = create_error(world, plan);
	if (news.create_error != NULL)
		plan_event(plan, &apps_deployment_type, d->metadata, true, "ReplicaSetCreateError",
			   "%s", news.create_error);
	rollout_observe(&r, world, plan, d);
	if (!d->metadata->has.deletion_timestamp) {
		advance(world, plan, &r, &news);
		keep_revision(plan, &r, edit, &news);
	}
	rollout_report(&r, world, plan, edit->status, &news);
	return OK;
}

/* ---- what wakes it -------------------------------------------------------------------------------------------- */

/* Recreate goes on when the last pod of the old sets has gone, which their own numbers do not tell. */
static void pod_wakes(const struct world *world, const struct object *object,
		      const struct object *old, struct wake *to)
{
	const struct core_pod *pod = object->record;
	const struct meta_owner_reference *owner = owner_of(pod->metadata);
	const struct apps_replica_set *set;

	(void)old;
	if (owner == NULL || !str_is(owner->kind, "ReplicaSet") || pod_is_active(pod))
		return;
	set = world_get(world, ((struct key){ pod->metadata->namespace, owner->name }),
			apps_replica_set);
	owner = set ? owner_of(set->metadata) : NULL;
	if (owner != NULL)
		wake_key(to, set->metadata->namespace, owner->name);
}

static const struct meta_label_selector *selector_of(const void *deployment)
{
	return ((const struct apps_deployment *)deployment)->spec->selector;
}

static void set_wakes(const struct world *world, const struct object *object,
		      const struct object *old, struct wake *to)
{
	const struct apps_replica_set *set = object->record;

	(void)old;
	owner_wake_adopters(world, set->metadata, &apps_deployment_type, selector_of, to);
}

const struct controller deployment_controller = {
	.name = "deployment",
	.account = "deployment-controller",
	.reconciles = &apps_deployment_type,
	.owns = { &apps_replica_set_type },
	.triggers = { { &core_pod_type, pod_wakes }, { &apps_replica_set_type, set_wakes } },
	.workers = 16,
	.reconcile = reconcile,
};
