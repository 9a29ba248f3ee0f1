/*
 * Deployments: keeps one ReplicaSet per pod template and moves replicas from the old ones to the current one at the
 * pace that the strategy allows.
 *
 *     Deployment --owns--> ReplicaSet (one per template hash) --owns--> Pod
 *
 * Everything here is a function of the objects it is shown. The arithmetic of a rollout stands in rollout.h; here is what
 * becomes of it: sets made, scaled and removed, and the status that tells about it.
 */
#include "actors/controller/controller.h"
#include "actors/controller/plan.h"
#include "actors/controller/pod.h"
#include "actors/controller/rollout.h"
#include "actors/controller/template.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/apps.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/str.h"

#define REVISION STR("deployment.kubernetes.io/revision")
#define DESIRED STR("deployment.kubernetes.io/desired-replicas")
#define MAX_REPLICAS STR("deployment.kubernetes.io/max-replicas")
#define LAST_APPLIED STR("kubectl.kubernetes.io/last-applied-configuration")

/* ---- annotations of sets ---------------------------------------------------------------------------------- */

static int64_t revision_of(const struct meta_object_meta *meta)
{
	int64_t revision = 0;

	(void)!str_to_i64(str_map_get(meta->annotations, REVISION), &revision);
	return revision;
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

/* A set bears its Deployment's annotations (but for kubectl's own copy of it), its revision and what it was scaled for. */
static void annotate(struct plan *plan, const struct rollout *r, struct meta_object_meta *set,
		     bool is_current)
{
	struct str_map from = r->deployment->metadata->annotations;

	put_number(plan, &set->annotations, DESIRED, r->wanted);
	put_number(plan, &set->annotations, MAX_REPLICAS, r->wanted + r->surge);
	if (!is_current)
		return;
	for (uint32_t i = 0; i < from.len; i++)
		if (!str_eq(from.at[i].key, LAST_APPLIED) && !str_eq(from.at[i].key, REVISION))
			str_map_put(&set->annotations, plan_arena(plan),
				    arena_str(plan_arena(plan), from.at[i].key),
				    arena_str(plan_arena(plan), from.at[i].value));
	if (revision_of(set) < next_revision(r))
		put_number(plan, &set->annotations, REVISION, next_revision(r));
}

/* ---- writes ------------------------------------------------------------------------------------------------- */

static void scale(struct plan *plan, const struct rollout *r, const struct apps_replica_set *set,
		  int32_t to)
{
	struct apps_replica_set *edit;

	if (set->spec->replicas == to)
		return;
	edit = plan_edit(plan, set, apps_replica_set);
	SET(edit->spec, replicas, to);
	annotate(plan, r, edit->metadata, set == r->current);
	plan_event(plan, &apps_deployment_type, r->deployment->metadata, false, "ScalingReplicaSet",
		   "Scaled %s replica set " STR_FMT " from %d to %d",
		   to > set->spec->replicas ? "up" : "down", STR_ARG(set->metadata->name),
		   set->spec->replicas, to);
}

static void label(struct plan *plan, struct str_map *map, struct str hash)
{
	str_map_put(map, plan_arena(plan), STR(TEMPLATE_HASH), hash);
}

static int32_t first_replicas(const struct rollout *r)
{
	if (str_is(r->deployment->spec->strategy->type, "Recreate"))
		return r->old_pods > 0 ? 0 : r->wanted;
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

static void create_current(const struct world *world, struct plan *plan, const struct rollout *r)
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
	set->spec->selector = template_selector_clone(arena, d->spec->selector);
	label(plan, &set->spec->selector->match_labels, hash);
	set->spec->template = template_clone(arena, d->spec->template);
	label(plan, &MAKE(set->spec->template->metadata, arena)->labels, hash);
	set->metadata->labels = template_map_clone(arena, set->spec->template->metadata->labels);
	SET(set->spec, min_ready_seconds, d->spec->min_ready_seconds);
	SET(set->spec, replicas, first_replicas(r));
	annotate(plan, r, set->metadata, true);
	if (set->spec->replicas > 0)
		plan_event(plan, &apps_deployment_type, d->metadata, false, "ScalingReplicaSet",
			   "Scaled up replica set " STR_FMT " from 0 to %d", STR_ARG(name),
			   set->spec->replicas);
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

/* Nothing new before the last old pod is gone. */
static void recreate(struct plan *plan, const struct rollout *r)
{
	for (uint32_t i = 0; i < r->set_count; i++)
		if (r->sets[i] != r->current)
			scale(plan, r, r->sets[i], 0);
	if (r->old_pods == 0)
		scale(plan, r, r->current, r->wanted);
}

/* More or fewer are wanted in the middle of a rollout, or while it is paused: every set gets its share. */
static void spread(struct plan *plan, const struct rollout *r)
{
	int32_t *shares = arena_array(plan_arena(plan), int32_t, r->set_count + 1);

	rollout_spread(r, shares);
	for (uint32_t i = 0; i < r->set_count; i++)
		scale(plan, r, r->sets[i], shares[i]);
}

/* Whether the wish has changed since the sets were last scaled for it. */
static bool is_scaling(const struct rollout *r)
{
	for (uint32_t i = 0; i < r->set_count; i++) {
		int64_t desired;

		if (r->sets[i]->spec->replicas > 0 &&
		    str_to_i64(str_map_get(r->sets[i]->metadata->annotations, DESIRED), &desired) ==
			OK &&
		    desired != r->wanted)
			return true;
	}
	return false;
}

/* Old sets without pods are kept for undoing, the newest revisionHistoryLimit of them. */
static void forget_history(struct plan *plan, const struct rollout *r)
{
	int32_t limit = r->deployment->spec->revision_history_limit;
	uint32_t idle = 0, removed = 0;

	for (uint32_t i = 0; i < r->set_count; i++)
		idle += rollout_is_idle(r, r->sets[i]);
	for (uint32_t i = 0; i < r->set_count && (int64_t)idle - removed > limit; i++) {
		if (!rollout_is_idle(r, r->sets[i]))
			continue;
		plan_delete(plan, r->sets[i], apps_replica_set);
		removed++;
	}
}

static void keep_current_annotated(struct plan *plan, const struct rollout *r)
{
	struct apps_replica_set *edit;

	if (r->current == NULL)
		return;
	edit = plan_edit(plan, r->current, apps_replica_set);
	annotate(plan, r, edit->metadata, true);
	SET(edit->spec, min_ready_seconds, r->deployment->spec->min_ready_seconds);
}

static void keep_revision(struct plan *plan, const struct rollout *r)
{
	int64_t revision = r->current ? template_most((int32_t)revision_of(r->current->metadata),
						      (int32_t)next_revision(r))
				      : next_revision(r);

	if (revision_of(r->deployment->metadata) != revision)
		put_number(plan,
			   &plan_edit(plan, r->deployment, apps_deployment)->metadata->annotations,
			   REVISION, revision);
}

/* ---- status --------------------------------------------------------------------------------------------------- */

static const struct apps_deployment_condition *find_condition(const struct apps_deployment *d,
							      const char *type)
{
	for (uint32_t i = 0; i < d->status->conditions.len; i++)
		if (str_is(d->status->conditions.at[i].type, type))
			return &d->status->conditions.at[i];
	return NULL;
}

/* Changes or adds one; nothing moves when status and reason are as before. */
static void set_condition(const struct world *world, struct plan *plan,
			  const struct apps_deployment *d, struct apps_deployment_status *status,
			  const char *type, bool is_true, const char *reason, struct str message)
{
	const struct apps_deployment_condition *old = find_condition(d, type);
	struct str word = is_true ? STR("True") : STR("False");
	struct apps_deployment_condition *at = NULL, *grown;

	if (old != NULL && str_eq(old->status, word) && str_is(old->reason, reason) &&
	    str_eq(old->message, message))
		return;
	for (uint32_t i = 0; i < status->conditions.len; i++)
		if (str_is(status->conditions.at[i].type, type))
			at = &status->conditions.at[i];
	if (at == NULL) {
		grown = arena_array(plan_arena(plan), struct apps_deployment_condition,
				    status->conditions.len + 1);
		if (status->conditions.len > 0)
			memcpy(grown, status->conditions.at, status->conditions.len * sizeof *grown);
		at = &grown[status->conditions.len++];
		status->conditions.at = grown;
	}
	if (old == NULL || !str_eq(old->status, word))
		SET(at, last_transition_time, world_now(world));
	SET(at, last_update_time, world_now(world));
	at->type = str_from(type);
	at->status = word;
	at->reason = str_from(reason);
	at->message = message;
}

static void report_available(const struct world *world, struct plan *plan, const struct rollout *r,
			     struct apps_deployment_status *status)
{
	bool is_available = r->available >= r->wanted - r->unavailable;

	set_condition(world, plan, r->deployment, status, "Available", is_available,
		      is_available ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
		      is_available ? STR("Deployment has minimum availability.")
				   : STR("Deployment does not have minimum availability."));
}

static bool is_complete(const struct rollout *r)
{
	return r->current != NULL && r->current->status->replicas == r->wanted &&
	       r->old_pods == 0 && r->current->status->available_replicas == r->wanted &&
	       r->available >= r->wanted &&
	       r->deployment->status->observed_generation >= r->deployment->metadata->generation;
}

static bool has_progressed(const struct rollout *r, const struct apps_deployment_status *status)
{
	const struct apps_deployment_status *old = r->deployment->status;

	return status->updated_replicas > old->updated_replicas ||
	       status->ready_replicas > old->ready_replicas ||
	       status->available_replicas > old->available_replicas ||
	       status->replicas - status->updated_replicas < old->replicas - old->updated_replicas;
}

static struct str about_set(struct plan *plan, const struct rollout *r, const char *words)
{
	struct str name = r->current ? r->current->metadata->name : r->deployment->metadata->name;

	return arena_printf(plan_arena(plan), "%s \"" STR_FMT "\" %s",
			    r->current ? "ReplicaSet" : "Deployment", STR_ARG(name), words);
}

/* How long until the deadline; negative: it has passed, or there is none to wait for (INT64_MIN). */
static int64_t deadline_ms(const struct world *world, const struct rollout *r)
{
	const struct apps_deployment_condition *progress =
	    find_condition(r->deployment, "Progressing");
	int32_t seconds = r->deployment->spec->progress_deadline_seconds;

	if (progress == NULL || !r->deployment->spec->has.progress_deadline_seconds ||
	    seconds == INT32_MAX)
		return INT64_MAX;
	return (progress->last_update_time.ns + seconds * TIME_S - world_now(world).ns) / TIME_MS;
}

static void report_progress(const struct world *world, struct plan *plan, const struct rollout *r,
			    struct apps_deployment_status *status)
{
	const struct apps_deployment *d = r->deployment;
	const struct apps_deployment_condition *old = find_condition(d, "Progressing");
	int64_t left_ms = deadline_ms(world, r);
	bool is_timed_out = old != NULL && str_is(old->reason, "ProgressDeadlineExceeded");

	if (d->spec->progress_deadline_seconds == INT32_MAX)
		return;
	if (d->spec->paused) {
		set_condition(world, plan, d, status, "Progressing", true, "DeploymentPaused",
			      STR("Deployment is paused"));
	} else if (is_complete(r)) {
		set_condition(world, plan, d, status, "Progressing", true, "NewReplicaSetAvailable",
			      about_set(plan, r, "has successfully progressed."));
	} else if (r->current == NULL) {
		set_condition(world, plan, d, status, "Progressing", true, "NewReplicaSetCreated",
			      about_set(plan, r, "is progressing."));
	} else if (old == NULL || has_progressed(r, status) ||
		   (old != NULL && (str_is(old->reason, "NewReplicaSetAvailable") ||
				    str_is(old->reason, "DeploymentPaused")))) {
		set_condition(world, plan, d, status, "Progressing", true, "ReplicaSetUpdated",
			      about_set(plan, r, "is progressing."));
		if (old != NULL)
			for (uint32_t i = 0; i < status->conditions.len; i++)
				if (str_is(status->conditions.at[i].type, "Progressing"))
					SET(&status->conditions.at[i], last_update_time,
					    world_now(world));
	} else if (left_ms <= 0 || is_timed_out) {
		set_condition(world, plan, d, status, "Progressing", false,
			      "ProgressDeadlineExceeded",
			      about_set(plan, r, "has timed out progressing."));
	} else if (left_ms != INT64_MAX) {
		plan_again(plan, left_ms + 1);
	}
}

static void report(const struct world *world, struct plan *plan, const struct rollout *r)
{
	struct apps_deployment_status *status =
	    plan_status(plan, r->deployment, apps_deployment)->status;

	SET(status, observed_generation, r->deployment->metadata->generation);
	SET(status, replicas, r->pods);
	SET(status, updated_replicas, r->current ? r->current->status->replicas : 0);
	SET(status, ready_replicas, r->ready);
	SET(status, available_replicas, r->available);
	SET(status, unavailable_replicas, template_most(0, r->total - r->available));
	report_available(world, plan, r, status);
	report_progress(world, plan, r, status);
}

/* ---- the whole ------------------------------------------------------------------------------------------------ */

static void advance(const struct world *world, struct plan *plan, const struct rollout *r)
{
	bool is_recreating = str_is(r->deployment->spec->strategy->type, "Recreate");

	if (r->current == NULL)
		create_current(world, plan, r);
	else if (is_recreating)
		recreate(plan, r);
	else if (is_scaling(r))
		spread(plan, r);
	else
		roll(plan, r);
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct apps_deployment *d = world_get(world, key, apps_deployment);
	struct rollout r;

	if (d == NULL)
		return OK;
	rollout_observe(&r, world, d);
	if (!d->metadata->has.deletion_timestamp) {
		if (d->spec->paused)
			spread(plan, &r);
		else
			advance(world, plan, &r);
		if (!d->spec->paused) {
			keep_current_annotated(plan, &r);
			keep_revision(plan, &r);
		}
		forget_history(plan, &r);
	}
	report(world, plan, &r);
	return OK;
}

/* The pods of its sets decide when a Recreate may go on. */
static void pod_wakes(const struct world *world, const struct object *object,
		      const struct object *old, struct wake *to)
{
	const struct core_pod *pod = object->record;
	const struct apps_replica_set *set;

	(void)old;
	for (uint32_t i = 0; i < pod->metadata->owner_references.len; i++) {
		struct key key = { pod->metadata->namespace,
				   pod->metadata->owner_references.at[i].name };

		if (!str_is(pod->metadata->owner_references.at[i].kind, "ReplicaSet") ||
		    pod_is_active(pod) || (set = world_get(world, key, apps_replica_set)) == NULL ||
		    set->metadata->owner_references.len == 0)
			continue;
		wake_key(to, set->metadata->namespace, set->metadata->owner_references.at[0].name);
	}
}

const struct controller deployment_controller = {
	.name = "deployment",
	.account = "deployment-controller",
	.reconciles = &apps_deployment_type,
	.owns = { &apps_replica_set_type },
	.triggers = { { &core_pod_type, pod_wakes } },
	.workers = 16,
	.reconcile = reconcile,
};
