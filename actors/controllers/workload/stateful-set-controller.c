/*
 * StatefulSets: pods with a number each, their names, hosts and volumes their own.
 *
 *     web-0, web-1, ...   made in order and removed from the end, each waiting until those before it serve, unless
 *                         podManagementPolicy is Parallel
 *
 * An update removes pods of the old revision from the end on, down to the partition, and they come back new.
 */
#include "actors/controller/controller.h"
#include "actors/controller/plan.h"
#include "actors/controller/workload/owner.h"
#include "actors/controller/workload/pod.h"
#include "actors/controller/workload/revision.h"
#include "actors/controller/workload/template.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/apps.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/str.h"

#define HASH STR("controller.kubernetes.io/hash")
#define POD_NAME STR("statefulset.kubernetes.io/pod-name")
#define POD_INDEX STR("apps.kubernetes.io/pod-index")
#define ORDINALS_MAX 100000

struct work {
	const struct world *world;
	struct plan *plan;
	const struct apps_stateful_set *set;
	struct revisions revisions;
	struct str current, update; /* names of revisions */
	const struct core_pod_template_spec *current_template;
	const struct core_pod **replicas;  /* by ordinal from the first on; NULL: there is none */
	const struct core_pod **condemned; /* beyond the last, the highest first */
	int32_t count, condemned_count;
	bool is_ordered;
};

/* ---- ordinals ----------------------------------------------------------------------------------------------- */

static int32_t first_ordinal(const struct apps_stateful_set *set)
{
	return set->spec->ordinals ? set->spec->ordinals->start : 0;
}

/* -1: it is not called as one of the set's. */
static int32_t ordinal_of(const struct apps_stateful_set *set, const struct core_pod *pod)
{
	struct str name = pod->metadata->name, own = set->metadata->name;
	int64_t ordinal;

	if (name.len <= own.len + 1 || !str_starts(name, own) || name.at[own.len] != '-' ||
	    str_to_i64(str_slice(name, own.len + 1, name.len), &ordinal) != OK || ordinal < 0 ||
	    ordinal > INT32_MAX)
		return -1;
	return (int32_t)ordinal;
}

static void sort_pods(struct work *w, struct records pods)
{
	struct arena *arena = world_arena(w->world);
	int32_t first = first_ordinal(w->set);

	w->count = w->set->spec->replicas < ORDINALS_MAX ? w->set->spec->replicas : ORDINALS_MAX;
	w->replicas = arena_array(arena, const struct core_pod *, w->count + 1);
	w->condemned = arena_array(arena, const struct core_pod *, pods.len + 1);
	for (uint32_t i = 0; i < pods.len; i++) {
		const struct core_pod *pod = record_at(pods, i, core_pod);
		int32_t ordinal = ordinal_of(w->set, pod), at = w->condemned_count;

		if (ordinal >= first && ordinal < first + w->count) {
			w->replicas[ordinal - first] = pod;
		} else if (ordinal >= 0) {
			for (; at > 0 && ordinal_of(w->set, w->condemned[at - 1]) < ordinal; at--)
				w->condemned[at] = w->condemned[at - 1];
			w->condemned[at] = pod;
			w->condemned_count++;
		}
	}
}

/* ---- what a pod is ------------------------------------------------------------------------------------------ */

static bool is_ending(const struct core_pod *pod)
{
	return pod->metadata->has.deletion_timestamp;
}

static bool is_ready(const struct core_pod *pod)
{
	return str_is(pod->status->phase, "Running") && pod_is_ready(pod);
}

static bool is_available(const struct work *w, const struct core_pod *pod)
{
	int64_t wait_ms;
	bool is_so = is_ready(pod) && pod_is_available(pod, w->set->spec->min_ready_seconds,
						       world_now(w->world), &wait_ms);

	if (is_ready(pod) && !is_so && wait_ms > 0)
		plan_again(w->plan, wait_ms);
	return is_so;
}

static struct str revision_of(const struct core_pod *pod)
{
	return str_map_get(pod->metadata->labels, REVISION_HASH);
}

/* ---- claims ------------------------------------------------------------------------------------------------- */

static struct str claim_name(const struct work *w, const struct core_persistent_volume_claim *like,
			     struct str number)
{
	return arena_printf(plan_arena(w->plan), STR_FMT "-" STR_FMT "-" STR_FMT,
			    STR_ARG(like->metadata->name), STR_ARG(w->set->metadata->name),
			    STR_ARG(number));
}

static bool deletes(const struct work *w, bool when_scaled)
{
	const struct apps_stateful_set_persistent_volume_claim_retention_policy *policy =
	    w->set->spec->persistent_volume_claim_retention_policy;

	return policy != NULL &&
	       str_is(when_scaled ? policy->when_scaled : policy->when_deleted, "Delete");
}

/* An owner with whom the claim goes. */
static void own(const struct work *w, struct meta_object_meta *claim, struct str version,
		struct str kind, const struct meta_object_meta *owner)
{
	struct arena *arena = plan_arena(w->plan);
	struct meta_owner_reference_list *list = &claim->owner_references;
	struct meta_owner_reference *grown =
	    arena_array(arena, struct meta_owner_reference, list->len + 1);

	for (uint32_t i = 0; i < list->len; i++) {
		if (str_eq(list->at[i].uid, owner->uid))
			return;
		grown[i] = list->at[i];
	}
	grown[list->len] = (struct meta_owner_reference){ .api_version = version,
							  .kind = kind,
							  .name = arena_str(arena, owner->name),
							  .uid = arena_str(arena, owner->uid) };
	*list = (struct meta_owner_reference_list){ grown, list->len + 1 };
}

static void make_claims(const struct work *w, struct str number)
{
	const struct core_persistent_volume_claim_items *like =
	    &w->set->spec->volume_claim_templates;
	struct arena *arena = plan_arena(w->plan);

	for (uint32_t i = 0; i < like->len; i++) {
		struct key key = { w->set->metadata->namespace,
				   claim_name(w, &like->at[i], number) };
		struct str_map match = w->set->spec->selector->match_labels;
		struct core_persistent_volume_claim *made;

		if (world_get(w->world, key, core_persistent_volume_claim) != NULL)
			continue;
		made = plan_new(w->plan, key.namespace, key.name, core_persistent_volume_claim);
		made->spec = plan_copy(w->plan, like->at[i].spec, core_persistent_volume_claim_spec);
		made->metadata->labels = template_map_clone(arena, like->at[i].metadata->labels);
		made->metadata->annotations =
		    template_map_clone(arena, like->at[i].metadata->annotations);
		for (uint32_t l = 0; l < match.len; l++)
			str_map_put(&made->metadata->labels, arena,
				    arena_str(arena, match.at[l].key),
				    arena_str(arena, match.at[l].value));
		if (deletes(w, false))
			own(w, made->metadata, STR("apps/v1"), STR("StatefulSet"), w->set->metadata);
		plan_event(w->plan, &apps_stateful_set_type, w->set->metadata, false,
			   "SuccessfulCreate",
			   "create Claim " STR_FMT " Pod " STR_FMT "-" STR_FMT
			   " in StatefulSet " STR_FMT " success",
			   STR_ARG(key.name), STR_ARG(w->set->metadata->name), STR_ARG(number),
			   STR_ARG(w->set->metadata->name));
	}
}

/* When the set shrinks the claims of a pod go with it, if that is wanted. */
static void tie_claims(const struct work *w, const struct core_pod *pod)
{
	const struct core_persistent_volume_claim_items *like =
	    &w->set->spec->volume_claim_templates;
	struct str number = arena_printf(plan_arena(w->plan), "%d", ordinal_of(w->set, pod));

	for (uint32_t i = 0; i < like->len && deletes(w, true); i++) {
		struct key key = { w->set->metadata->namespace,
				   claim_name(w, &like->at[i], number) };
		const struct core_persistent_volume_claim *claim =
		    world_get(w->world, key, core_persistent_volume_claim);

		if (claim != NULL)
			own(w, plan_edit(w->plan, claim, core_persistent_volume_claim)->metadata,
			    STR("v1"), STR("Pod"), pod->metadata);
	}
}

/* ---- pods --------------------------------------------------------------------------------------------------- */

static void mount_claims(const struct work *w, struct core_pod_spec *spec, struct str number)
{
	const struct core_persistent_volume_claim_items *like =
	    &w->set->spec->volume_claim_templates;
	struct arena *arena = plan_arena(w->plan);
	struct core_volume_list volumes = {
		arena_array(arena, struct core_volume, like->len + spec->volumes.len + 1), 0
	};

	for (uint32_t i = 0; i < like->len; i++) {
		struct core_volume *volume = &volumes.at[volumes.len++];

		volume->name = arena_str(arena, like->at[i].metadata->name);
		volume->volume_source = arena_new_of(arena, struct core_volume_source);
		volume->volume_source->persistent_volume_claim =
		    arena_new_of(arena, struct core_persistent_volume_claim_volume_source);
		volume->volume_source->persistent_volume_claim->claim_name =
		    claim_name(w, &like->at[i], number);
	}
	for (uint32_t v = 0; v < spec->volumes.len; v++) {
		bool is_claim = false;

		for (uint32_t i = 0; i < like->len; i++)
			is_claim |= str_eq(spec->volumes.at[v].name, like->at[i].metadata->name);
		if (!is_claim)
			volumes.at[volumes.len++] = spec->volumes.at[v];
	}
	if (volumes.len > 0)
		spec->volumes = volumes;
}

/* Below the partition pods come back as they were. */
static bool is_old_wanted(const struct work *w, int32_t index)
{
	const struct apps_stateful_set_update_strategy *strategy = w->set->spec->update_strategy;
	int32_t below = w->set->status->current_replicas;

	if (!str_is(strategy->type, "RollingUpdate") || w->current_template == NULL)
		return false;
	if (strategy->rolling_update != NULL)
		below = strategy->rolling_update->partition;
	return index < below;
}

static void make_pod(const struct work *w, int32_t index)
{
	struct arena *arena = plan_arena(w->plan);
	bool is_old = is_old_wanted(w, index);
	struct str number = arena_printf(arena, "%d", first_ordinal(w->set) + index);
	struct str name = arena_printf(arena, STR_FMT "-" STR_FMT, STR_ARG(w->set->metadata->name),
				       STR_ARG(number));
	const struct core_pod_template_spec *like =
	    is_old ? w->current_template : w->set->spec->template;
	struct core_pod *pod;

	make_claims(w, number);
	pod = template_pod(w->world, w->plan, &apps_stateful_set_type, w->set->metadata, like, 0);
	pod->metadata->name = name;
	pod->metadata->generate_name =
	    arena_printf(arena, STR_FMT "-", STR_ARG(w->set->metadata->name));
	str_map_put(&pod->metadata->labels, arena, POD_NAME, name);
	str_map_put(&pod->metadata->labels, arena, POD_INDEX, number);
	str_map_put(&pod->metadata->labels, arena, REVISION_HASH,
		    arena_str(arena, is_old ? w->current : w->update));
	pod->spec->hostname = name;
	pod->spec->subdomain = arena_str(arena, w->set->spec->service_name);
	mount_claims(w, pod->spec, number);
	plan_event(w->plan, &apps_stateful_set_type, w->set->metadata, false, "SuccessfulCreate",
		   "create Pod " STR_FMT " in StatefulSet " STR_FMT " successful", STR_ARG(name),
		   STR_ARG(w->set->metadata->name));
}

static void remove_pod(const struct work *w, const struct core_pod *pod)
{
	plan_delete(w->plan, pod, core_pod);
	plan_event(w->plan, &apps_stateful_set_type, w->set->metadata, false, "SuccessfulDelete",
		   "delete Pod " STR_FMT " in StatefulSet " STR_FMT " successful",
		   STR_ARG(pod->metadata->name), STR_ARG(w->set->metadata->name));
}

/* ---- steps ---------------------------------------------------------------------------------------------------- */

static void recreate(const struct work *w, const struct core_pod *pod)
{
	bool has_failed = str_is(pod->status->phase, "Failed");

	if (is_ending(pod))
		return;
	plan_event(w->plan, &apps_stateful_set_type, w->set->metadata, has_failed,
		   has_failed ? "RecreatingFailedPod" : "RecreatingTerminatedPod",
		   "StatefulSet " STR_FMT "/" STR_FMT " is recreating %s Pod " STR_FMT,
		   STR_ARG(w->set->metadata->namespace), STR_ARG(w->set->metadata->name),
		   has_failed ? "failed" : "terminated", STR_ARG(pod->metadata->name));
	remove_pod(w, pod);
}

/* False: the next one has to wait for this one. */
static bool fill_place(const struct work *w, int32_t index)
{
	const struct core_pod *pod = w->replicas[index];

	if (pod == NULL) {
		make_pod(w, index);
		return !w->is_ordered;
	}
	if (pod_is_finished(pod)) {
		recreate(w, pod);
		return !w->is_ordered;
	}
	if (str_is(pod->status->phase, "Pending"))
		make_claims(w,
			    arena_printf(plan_arena(w->plan), "%d", first_ordinal(w->set) + index));
	return !w->is_ordered || (!is_ending(pod) && is_available(w, pod));
}

/* Whether all that stay serve, or the one that goes is the first that does not. */
static bool is_first_sick(const struct work *w, const struct core_pod *pod)
{
	for (int32_t i = 0; i < w->count; i++)
		if (w->replicas[i] == NULL || !is_available(w, w->replicas[i]))
			return false;
	for (int32_t i = w->condemned_count; i-- > 0;)
		if (!is_available(w, w->condemned[i]))
			return w->condemned[i] == pod;
	return true;
}

static bool condemn(const struct work *w, const struct core_pod *pod)
{
	if (is_ending(pod))
		return !w->is_ordered;
	if (w->is_ordered && !is_available(w, pod) && !is_first_sick(w, pod))
		return false;
	tie_claims(w, pod);
	remove_pod(w, pod);
	return !w->is_ordered;
}

static int32_t max_unavailable(const struct work *w)
{
	const struct apps_rolling_update_stateful_set_strategy *rolling =
	    w->set->spec->update_strategy->rolling_update;
	int32_t most = 1;

	if (rolling != NULL &&
	    (rolling->max_unavailable.is_string || rolling->max_unavailable.number > 0))
		most = template_scaled(rolling->max_unavailable, w->count, false);
	return most > 0 ? most : 1;
}

static void update_pods(const struct work *w)
{
	const struct apps_stateful_set_update_strategy *strategy = w->set->spec->update_strategy;
	int32_t least = strategy->rolling_update ? strategy->rolling_update->partition : 0;
	int32_t room = max_unavailable(w);

	if (!str_is(strategy->type, "RollingUpdate"))
		return;
	for (int32_t i = 0; i < w->count; i++)
		room -= w->replicas[i] == NULL || is_ending(w->replicas[i]) ||
			!is_available(w, w->replicas[i]);
	for (int32_t i = w->count; i-- > least && room > 0;) {
		const struct core_pod *pod = w->replicas[i];

		if (pod == NULL || is_ending(pod) || str_eq(revision_of(pod), w->update))
			continue;
		remove_pod(w, pod);
		room--;
	}
}

static void advance(const struct work *w)
{
	for (int32_t i = 0; i < w->count; i++)
		if (!fill_place(w, i))
			return;
	for (int32_t i = 0; i < w->condemned_count; i++)
		if (!condemn(w, w->condemned[i]))
			return;
	update_pods(w);
}

/* ---- the status ------------------------------------------------------------------------------------------------- */

static void count_pod(const struct work *w, const struct core_pod *pod,
		      struct apps_stateful_set_status *status)
{
	if (pod == NULL || pod_is_finished(pod))
		return;
	status->replicas++;
	status->ready_replicas += is_ready(pod);
	status->available_replicas += is_available(w, pod);
	if (is_ending(pod))
		return;
	status->current_replicas += str_eq(revision_of(pod), w->current);
	status->updated_replicas += str_eq(revision_of(pod), w->update);
}

static void report(struct work *w, struct apps_stateful_set_status *status)
{
	const struct apps_stateful_set_spec *spec = w->set->spec;
	struct arena *arena = plan_arena(w->plan);

	SET(status, replicas, 0);
	SET(status, ready_replicas, 0);
	SET(status, available_replicas, 0);
	SET(status, current_replicas, 0);
	SET(status, updated_replicas, 0);
	for (int32_t i = 0; i < w->count; i++)
		count_pod(w, w->replicas[i], status);
	for (int32_t i = 0; i < w->condemned_count; i++)
		count_pod(w, w->condemned[i], status);
	if (str_is(spec->update_strategy->type, "RollingUpdate") &&
	    status->updated_replicas == spec->replicas && status->replicas == spec->replicas &&
	    status->ready_replicas == spec->replicas) {
		w->current = w->update;
		SET(status, current_replicas, status->updated_replicas);
	}
	status->current_revision = arena_str(arena, w->current);
	status->update_revision = arena_str(arena, w->update);
	SET(status, observed_generation, w->set->metadata->generation);
	SET(status, collision_count,
	    w->set->status->collision_count + (w->revisions.has_collided ? 1 : 0));
}

static void report_failure(const struct work *w)
{
	const struct world_failure *failure = world_failure(w->world);

	if (failure != NULL && (failure->is_create || failure->is_delete))
		plan_event(w->plan, &apps_stateful_set_type, w->set->metadata, true,
			   failure->is_create ? "FailedCreate" : "FailedDelete",
			   "%s %s in StatefulSet " STR_FMT " failed error: " STR_FMT,
			   failure->is_create ? "create" : "delete",
			   failure->type == &core_pod_type ? "Pod" : "Claim",
			   STR_ARG(w->set->metadata->name), STR_ARG(failure->message));
}

/* ---- the whole ---------------------------------------------------------------------------------------------------- */

static void look_at_revisions(struct work *w)
{
	const struct apps_stateful_set *set = w->set;
	struct revision_owner owner = { &apps_stateful_set_type,      set->metadata,
					set->spec->selector,          set->spec->template,
					set->status->collision_count, HASH };

	revision_look(w->world, w->plan, &owner, &w->revisions);
	w->update = w->revisions.current_name;
	w->current = w->update;
	for (uint32_t i = 0; i < w->revisions.len; i++)
		if (str_eq(w->revisions.at[i]->metadata->name, set->status->current_revision)) {
			w->current = w->revisions.at[i]->metadata->name;
			w->current_template = revision_template(w->world, w->revisions.at[i]);
		}
}

static bool is_live(void *arg, const struct apps_controller_revision *revision)
{
	const struct work *w = arg;
	struct str name = revision->metadata->name;

	if (str_eq(name, w->current) || str_eq(name, w->set->status->current_revision))
		return true;
	for (int32_t i = 0; i < w->count; i++)
		if (w->replicas[i] != NULL && str_eq(revision_of(w->replicas[i]), name))
			return true;
	for (int32_t i = 0; i < w->condemned_count; i++)
		if (str_eq(revision_of(w->condemned[i]), name))
			return true;
	return false;
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct apps_stateful_set *set = world_get(world, key, apps_stateful_set);
	struct work *w = arena_new_of(world_arena(world), struct work);
	struct owner_claim claim;
	struct apps_stateful_set_status *status;

	if (set == NULL)
		return OK;
	*w = (struct work){ .world = world,
			    .plan = plan,
			    .set = set,
			    .is_ordered = !str_is(set->spec->pod_management_policy, "Parallel") };
	status = plan_status(plan, set, apps_stateful_set)->status;
	look_at_revisions(w);
	claim = (struct owner_claim){ .owner_type = &apps_stateful_set_type,
				      .owner = set->metadata,
				      .selector = set->spec->selector,
				      .type = &core_pod_type };
	sort_pods(w, owner_claim(world, plan, &claim));
	report(w, status);
	report_failure(w);
	if (set->metadata->has.deletion_timestamp)
		return OK;
	if (!w->revisions.has_collided)
		advance(w);
	revision_forget(plan, &w->revisions, set->spec->revision_history_limit, is_live, w);
	return OK;
}

static const struct meta_label_selector *selector_of(const void *set)
{
	return ((const struct apps_stateful_set *)set)->spec->selector;
}

static void pod_wakes(const struct world *world, const struct object *object,
		      const struct object *old, struct wake *to)
{
	const struct core_pod *pod = object->record;

	(void)old;
	owner_wake_adopters(world, pod->metadata, &apps_stateful_set_type, selector_of, to);
}

const struct controller stateful_set_controller = {
	.name = "statefulset",
	.account = "statefulset-controller",
	.reconciles = &apps_stateful_set_type,
	.owns = { &core_pod_type, &apps_controller_revision_type },
	.triggers = { { &core_pod_type, pod_wakes } },
	.reads = { &core_persistent_volume_claim_type },
	.reconcile = reconcile,
};
