/*
 * DaemonSets: one pod on each node that fits.
 *
 * Pods are made for a node by an affinity to its name and bound by the scheduler. An update deletes old pods as far as
 * maxUnavailable allows, or makes new ones beside them as far as maxSurge does; what is missing is then made by the
 * next call.
 */
#include <stdlib.h>

#include "actors/controller/controller.h"
#include "actors/controller/node-selector.h"
#include "actors/controller/plan.h"
#include "actors/controller/taint.h"
#include "actors/controller/workload/owner.h"
#include "actors/controller/workload/pod.h"
#include "actors/controller/workload/revision.h"
#include "actors/controller/workload/template.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/apps.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/collection/map.h"
#include "runtime/base/hash.h"
#include "runtime/base/str.h"

#define BURST 250U /* upstream's burst */
#define FAILED_PAUSE_S \
	10 /* a pod that failed sooner than that after it was made is not replaced at once */
#define GENERATION STR("pod-template-generation")

/* A node and the DaemonSet's pods that are on it, or are meant for it. */
struct place {
	const struct core_node *node; /* NULL: there is none of that name */
	struct str name;
	const struct core_pod *pods[8]; /* oldest first; more than that are removed at once */
	uint32_t len;
	bool should_run, may_stay;
};

struct work {
	const struct world *world;
	struct plan *plan;
	const struct apps_daemon_set *set;
	struct revisions revisions;
	struct place *places;
	uint32_t len;
	uint32_t made, removed;
};

/* ---- which nodes -------------------------------------------------------------------------------------------- */

static void add_toleration(struct core_toleration_list *list, const char *key, const char *effect)
{
	list->at[list->len++] = (struct core_toleration){ .key = str_from(key),
							  .operator= STR("Exists"),
							  .effect = str_from(effect) };
}

/* A daemon stays where others are driven away. */
static struct core_toleration_list tolerations_of(struct arena *arena,
						  const struct core_pod_spec *spec)
{
	struct core_toleration_list list = {
		arena_array(arena, struct core_toleration, spec->tolerations.len + 8), 0
	};

	for (uint32_t i = 0; i < spec->tolerations.len; i++)
		list.at[list.len++] = spec->tolerations.at[i];
	add_toleration(&list, "node.kubernetes.io/not-ready", "NoExecute");
	add_toleration(&list, "node.kubernetes.io/unreachable", "NoExecute");
	add_toleration(&list, "node.kubernetes.io/disk-pressure", "NoSchedule");
	add_toleration(&list, "node.kubernetes.io/memory-pressure", "NoSchedule");
	add_toleration(&list, "node.kubernetes.io/pid-pressure", "NoSchedule");
	add_toleration(&list, "node.kubernetes.io/unschedulable", "NoSchedule");
	if (spec->host_network)
		add_toleration(&list, "node.kubernetes.io/network-unavailable", "NoSchedule");
	return list;
}

static bool tolerates(const struct core_node *node, const struct core_toleration_list *tolerations,
		      const char *effect)
{
	for (uint32_t i = 0; i < node->spec->taints.len; i++)
		if (str_is(node->spec->taints.at[i].effect, effect) &&
		    !taint_is_tolerated(&node->spec->taints.at[i], tolerations))
			return false;
	return true;
}

static void judge_node(const struct work *w, struct place *place)
{
	struct core_pod_spec *spec = w->set->spec->template->spec;
	struct core_pod like = { .spec = spec };
	struct core_toleration_list tolerations = tolerations_of(world_arena(w->world), spec);

	if (place->node == NULL || !node_selector_allows(&like, place->node) ||
	    (spec->node_name.len > 0 && !str_eq(spec->node_name, place->name)))
		return;
	place->may_stay = tolerates(place->node, &tolerations, "NoExecute");
	place->should_run = place->may_stay && tolerates(place->node, &tolerations, "NoSchedule");
}

/* ---- which pods --------------------------------------------------------------------------------------------- */

/* Where it is, or is meant for. */
static struct str node_of(const struct core_pod *pod)
{
	const struct core_affinity *affinity = pod->spec->affinity;
	const struct core_node_selector *required;

	if (pod->spec->node_name.len > 0 || affinity == NULL || affinity->node_affinity == NULL)
		return pod->spec->node_name;
	required = affinity->node_affinity->required_during_scheduling_ignored_during_execution;
	for (uint32_t i = 0; required != NULL && i < required->node_selector_terms.len; i++) {
		const struct core_node_selector_requirement_list *fields =
		    &required->node_selector_terms.at[i].match_fields;

		for (uint32_t f = 0; f < fields->len; f++)
			if (str_is(fields->at[f].key, "metadata.name") &&
			    fields->at[f].values.len == 1)
				return fields->at[f].values.at[0];
	}
	return STR_NONE;
}

static int by_age(const void *left, const void *right)
{
	const struct core_pod *a = *(const struct core_pod *const *)left;
	const struct core_pod *b = *(const struct core_pod *const *)right;
	bool is_bound = a->spec->node_name.len > 0;

	if (is_bound != (b->spec->node_name.len > 0))
		return is_bound ? -1 : 1;
	if (a->metadata->creation_timestamp.ns != b->metadata->creation_timestamp.ns)
		return a->metadata->creation_timestamp.ns < b->metadata->creation_timestamp.ns ? -1
											       : 1;
	return str_cmp(a->metadata->name, b->metadata->name);
}

static void remove_pod(struct work *w, const struct core_pod *pod)
{
	if (pod->metadata->has.deletion_timestamp || w->removed == BURST)
		return;
	w->removed++;
	plan_delete(w->plan, pod, core_pod);
	plan_event(w->plan, &apps_daemon_set_type, w->set->metadata, false, "SuccessfulDelete",
		   "Deleted pod: " STR_FMT, STR_ARG(pod->metadata->name));
}

static void place_pods(struct work *w, struct records pods, struct records nodes)
{
	const struct core_pod **sorted =
	    arena_array(world_arena(w->world), const struct core_pod *, pods.len + 1);
	struct map by_name = { 0 };

	w->places = arena_array(world_arena(w->world), struct place, nodes.len + pods.len + 1);
	for (uint32_t i = 0; i < nodes.len; i++) {
		const struct core_node *node = record_at(nodes, i, core_node);

		w->places[w->len] = (struct place){ .node = node, .name = node->metadata->name };
		map_put(&by_name, node->metadata->name, &w->places[w->len++]);
	}
	for (uint32_t i = 0; i < pods.len; i++)
		sorted[i] = record_at(pods, i, core_pod);
	qsort(sorted, pods.len, sizeof *sorted, by_age);
	for (uint32_t i = 0; i < pods.len; i++) {
		struct place *place = map_get(&by_name, node_of(sorted[i]));

		if (place ==
		    NULL) { /* the node is gone: one that was never bound nobody else removes */
			if (sorted[i]->spec->node_name.len == 0)
				remove_pod(w, sorted[i]);
			continue;
		}
		if (place->len < sizeof place->pods / sizeof place->pods[0])
			place->pods[place->len++] = sorted[i];
		else
			remove_pod(w, sorted[i]);
	}
	map_fini(&by_name);
	for (uint32_t i = 0; i < w->len; i++)
		judge_node(w, &w->places[i]);
}

static bool is_new(const struct work *w, const struct core_pod *pod)
{
	struct str hash = str_map_get(pod->metadata->labels, REVISION_HASH);

	return hash.len > 0 && str_eq(hash, w->revisions.current_hash);
}

static bool is_available(const struct work *w, const struct core_pod *pod)
{
	int64_t wait_ms;
	bool is_so =
	    pod_is_available(pod, w->set->spec->min_ready_seconds, world_now(w->world), &wait_ms);

	if (wait_ms > 0)
		plan_again(w->plan, wait_ms);
	return is_so;
}

/* ---- making ------------------------------------------------------------------------------------------------- */

static void bind_to(struct plan *plan, struct core_pod_spec *spec, struct str node)
{
	struct arena *arena = plan_arena(plan);
	struct core_node_affinity *affinity =
	    MAKE(MAKE(spec->affinity, arena)->node_affinity, arena);
	struct core_node_selector *selector = arena_new_of(arena, struct core_node_selector);
	struct core_node_selector_term *term = arena_new_of(arena, struct core_node_selector_term);
	struct core_node_selector_requirement *field =
	    arena_new_of(arena, struct core_node_selector_requirement);

	field->key = STR("metadata.name");
	field->operator= STR("In");
	field->values.at = arena_array(arena, struct str, 1);
	field->values.at[0] = arena_str(arena, node);
	field->values.len = 1;
	term->match_fields.at = field;
	term->match_fields.len = 1;
	selector->node_selector_terms.at = term;
	selector->node_selector_terms.len = 1;
	affinity->required_during_scheduling_ignored_during_execution = selector;
}

static void make_pod(struct work *w, const struct place *place)
{
	struct arena *arena = plan_arena(w->plan);
	struct core_pod *pod;

	if (w->made == BURST)
		return;
	pod = template_pod(w->world, w->plan, &apps_daemon_set_type, w->set->metadata,
			   w->set->spec->template,
			   hash_mix(hash_str(place->name), hash_str(w->revisions.current_hash)));
	w->made++;
	bind_to(w->plan, pod->spec, place->name);
	pod->spec->tolerations = tolerations_of(arena, pod->spec);
	str_map_put(&pod->metadata->labels, arena, REVISION_HASH,
		    arena_str(arena, w->revisions.current_hash));
	str_map_put(&pod->metadata->labels, arena, GENERATION,
		    arena_printf(arena, "%jd", (intmax_t)w->set->metadata->generation));
	plan_event(w->plan, &apps_daemon_set_type, w->set->metadata, false, "SuccessfulCreate",
		   "Created pod: " STR_FMT, STR_ARG(pod->metadata->name));
}

/* ---- keeping one a node --------------------------------------------------------------------------------------- */

/* It cannot run there; who makes another at once fights with the node. */
static void remove_failed(struct work *w, const struct core_pod *pod)
{
	bool has_succeeded = str_is(pod->status->phase, "Succeeded");
	int64_t age_ms = (world_now(w->world).ns - pod->metadata->creation_timestamp.ns) / TIME_MS;

	if (!has_succeeded && age_ms < FAILED_PAUSE_S * 1000) {
		plan_again(w->plan, FAILED_PAUSE_S * 1000 - age_ms);
		return;
	}
	plan_event(
	    w->plan, &apps_daemon_set_type, w->set->metadata, !has_succeeded,
	    has_succeeded ? "SucceededDaemonPod" : "FailedDaemonPod",
	    "Found %s daemon pod " STR_FMT "/" STR_FMT " on node " STR_FMT ", will try to %s it",
	    has_succeeded ? "succeeded" : "failed", STR_ARG(pod->metadata->namespace),
	    STR_ARG(pod->metadata->name), STR_ARG(node_of(pod)), has_succeeded ? "delete" : "kill");
	remove_pod(w, pod);
}

static int32_t surge_of(const struct work *w)
{
	const struct apps_daemon_set_update_strategy *strategy = w->set->spec->update_strategy;
	int32_t desired = 0;

	if (!str_is(strategy->type, "RollingUpdate") || strategy->rolling_update == NULL)
		return 0;
	for (uint32_t i = 0; i < w->len; i++)
		desired += w->places[i].should_run;
	return template_scaled(strategy->rolling_update->max_surge, desired, true);
}

/* Two may be there only while the old one serves and the new one does not yet. */
static void prune_surge(struct work *w, const struct core_pod **living, uint32_t len)
{
	const struct core_pod *old = NULL, *new = NULL;

	for (uint32_t i = 0; i < len; i++) {
		const struct core_pod **kept = is_new(w, living[i]) ? &new : &old;

		if (*kept == NULL)
			*kept = living[i];
		else
			remove_pod(w, living[i]);
	}
	if (old == NULL || new == NULL)
		return;
	if (is_available(w, new) || !pod_is_ready(old))
		remove_pod(w, old);
}

static void keep_one(struct work *w, const struct place *place, bool may_surge)
{
	const struct core_pod *living[8];
	uint32_t len = 0;

	for (uint32_t i = 0; i < place->len; i++) {
		if (place->pods[i]->metadata->has.deletion_timestamp)
			continue;
		if (pod_is_finished(place->pods[i]))
			remove_failed(w, place->pods[i]);
		else
			living[len++] = place->pods[i];
	}
	if (len > 1 && may_surge)
		prune_surge(w, living, len);
	for (uint32_t i = 1; i < len && !may_surge; i++)
		remove_pod(w, living[i]);
	if (len == 0 && may_surge && place->len > 0 && place->should_run)
		make_pod(w, place);
}

static void manage(struct work *w)
{
	bool may_surge = surge_of(w) > 0;

	for (uint32_t i = 0; i < w->len; i++) {
		const struct place *place = &w->places[i];

		if (place->should_run && place->len == 0)
			make_pod(w, place);
		else if (place->may_stay)
			keep_one(w, place, may_surge);
		for (uint32_t p = 0; !place->may_stay && p < place->len; p++)
			remove_pod(w, place->pods[p]);
	}
}

/* ---- updating --------------------------------------------------------------------------------------------------- */

/* False: there are two of a sort; keeping one a node comes first. */
static bool find_two(const struct work *w, const struct place *place, const struct core_pod **old,
		     const struct core_pod **new)
{
	*old = *new = NULL;
	for (uint32_t i = 0; i < place->len; i++) {
		const struct core_pod *pod = place->pods[i];
		const struct core_pod **found = is_new(w, pod) ? new : old;

		if (pod->metadata->has.deletion_timestamp)
			continue;
		if (*found != NULL)
			return false;
		*found = pod;
	}
	return true;
}

static void roll(struct work *w, int32_t max_unavailable)
{
	int32_t unavailable = 0;

	for (uint32_t i = 0; i < w->len; i++) {
		const struct core_pod *old, *new;

		if (w->places[i].len == 0 && !w->places[i].should_run)
			continue;
		if (!find_two(w, &w->places[i], &old, &new) || (old == NULL) == (new == NULL) ||
		    (new != NULL && !is_available(w, new)))
			unavailable++;
	}
	for (uint32_t i = 0; i < w->len; i++) {
		const struct core_pod *old, *new;

		if (!find_two(w, &w->places[i], &old, &new) || old == NULL || new != NULL)
			continue;
		/* One that does not serve is no loss. */
		if (is_available(w, old) && unavailable >= max_unavailable)
			continue;
		unavailable += is_available(w, old);
		remove_pod(w, old);
	}
}

static void surge(struct work *w, int32_t max_surge)
{
	int32_t under_way = 0;

	for (uint32_t i = 0; i < w->len; i++) {
		const struct core_pod *old, *new;

		if (!find_two(w, &w->places[i], &old, &new) ||
		    (old != NULL && new != NULL && !is_available(w, new)))
			under_way++;
	}
	for (uint32_t i = 0; i < w->len; i++) {
		const struct core_pod *old, *new;

		if (!find_two(w, &w->places[i], &old, &new) || old == NULL || new != NULL ||
		    !w->places[i].should_run)
			continue;
		if (is_available(w, old) && under_way >= max_surge)
			continue;
		under_way += is_available(w, old);
		make_pod(w, &w->places[i]);
	}
}

static void update(struct work *w)
{
	const struct apps_daemon_set_update_strategy *strategy = w->set->spec->update_strategy;
	int32_t desired = 0, max_surge = surge_of(w), max_unavailable;

	if (!str_is(strategy->type, "RollingUpdate") || strategy->rolling_update == NULL)
		return;
	for (uint32_t i = 0; i < w->len; i++)
		desired += w->places[i].should_run;
	max_unavailable = template_scaled(strategy->rolling_update->max_unavailable, desired, true);
	if (max_surge > 0)
		surge(w, max_surge);
	else
		roll(w, max_unavailable > 0 ? max_unavailable : 1);
}

/* ---- the whole ---------------------------------------------------------------------------------------------------- */

static void count(const struct work *w, const struct place *place,
		  struct apps_daemon_set_status *status)
{
	const struct core_pod *first = place->len > 0 ? place->pods[0] : NULL;

	if (!place->should_run) {
		status->number_misscheduled += first != NULL;
		return;
	}
	status->desired_number_scheduled++;
	if (first == NULL)
		return;
	status->current_number_scheduled++;
	for (uint32_t i = 0; i < place->len; i++) /* of two the one that serves */
		if (pod_is_ready(place->pods[i]) && !pod_is_ready(first))
			first = place->pods[i];
	status->number_ready += pod_is_ready(first);
	status->number_available += is_available(w, first);
	status->updated_number_scheduled += is_new(w, first);
}

static void report(const struct work *w, struct apps_daemon_set_status *status)
{
	SET(status, desired_number_scheduled, 0);
	SET(status, current_number_scheduled, 0);
	SET(status, number_misscheduled, 0);
	SET(status, number_ready, 0);
	SET(status, number_available, 0);
	SET(status, updated_number_scheduled, 0);
	for (uint32_t i = 0; i < w->len; i++)
		count(w, &w->places[i], status);
	SET(status, number_unavailable, status->desired_number_scheduled - status->number_available);
	SET(status, observed_generation, w->set->metadata->generation);
	if (w->revisions.has_collided)
		SET(status, collision_count, w->set->status->collision_count + 1);
}

static bool is_live(void *arg, const struct apps_controller_revision *revision)
{
	const struct work *w = arg;
	struct str hash = str_map_get(revision->metadata->labels, REVISION_HASH);

	for (uint32_t i = 0; i < w->len; i++)
		for (uint32_t p = 0; p < w->places[i].len; p++)
			if (str_eq(str_map_get(w->places[i].pods[p]->metadata->labels, REVISION_HASH),
				   hash))
				return true;
	return false;
}

static void report_failure(const struct work *w)
{
	const struct world_failure *failure = world_failure(w->world);

	if (failure != NULL && failure->type == &core_pod_type)
		plan_event(w->plan, &apps_daemon_set_type, w->set->metadata, true,
			   failure->is_create ? "FailedCreate" : "FailedDelete",
			   "Error %s: " STR_FMT, failure->is_create ? "creating" : "deleting",
			   STR_ARG(failure->message));
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct apps_daemon_set *set = world_get(world, key, apps_daemon_set);
	struct work *w = arena_new_of(world_arena(world), struct work);
	struct revision_owner owner;
	struct owner_claim claim;
	struct apps_daemon_set_status *status;

	if (set == NULL || set->metadata->has.deletion_timestamp)
		return OK;
	*w = (struct work){ .world = world, .plan = plan, .set = set };
	status = plan_status(plan, set, apps_daemon_set)->status;
	owner = (struct revision_owner){ &apps_daemon_set_type,        set->metadata,
					 set->spec->selector,          set->spec->template,
					 set->status->collision_count, REVISION_HASH };
	revision_look(world, plan, &owner, &w->revisions);
	claim = (struct owner_claim){ .owner_type = &apps_daemon_set_type,
				      .owner = set->metadata,
				      .selector = set->spec->selector,
				      .type = &core_pod_type };
	place_pods(w, owner_claim(world, plan, &claim), world_list(world, STR_NONE, core_node));
	report(w, status);
	report_failure(w);
	if (!w->revisions.has_collided) {
		manage(w);
		update(w);
	}
	revision_forget(plan, &w->revisions, set->spec->revision_history_limit, is_live, w);
	return OK;
}

static const struct meta_label_selector *selector_of(const void *set)
{
	return ((const struct apps_daemon_set *)set)->spec->selector;
}

static void pod_wakes(const struct world *world, const struct object *object,
		      const struct object *old, struct wake *to)
{
	const struct core_pod *pod = object->record;

	(void)old;
	owner_wake_adopters(world, pod->metadata, &apps_daemon_set_type, selector_of, to);
}

static bool has_same_face(const struct core_node *a, const struct core_node *b)
{
	bool is_same = a->spec->taints.len == b->spec->taints.len &&
		       a->metadata->labels.len == b->metadata->labels.len &&
		       a->spec->unschedulable == b->spec->unschedulable;

	for (uint32_t i = 0; is_same && i < a->spec->taints.len; i++)
		is_same = world_same(&a->spec->taints.at[i], &b->spec->taints.at[i], core_taint);
	for (uint32_t i = 0; is_same && i < a->metadata->labels.len; i++)
		is_same = str_eq(a->metadata->labels.at[i].key, b->metadata->labels.at[i].key) &&
			  str_eq(a->metadata->labels.at[i].value, b->metadata->labels.at[i].value);
	return is_same;
}

/* A node that only says it is well concerns no DaemonSet. */
static void node_wakes(const struct world *world, const struct object *object,
		       const struct object *old, struct wake *to)
{
	const struct core_node *node = object->record;
	struct key key = { STR(""), node->metadata->name };
	struct records sets;

	if (old != NULL && has_same_face(node, old->record) &&
	    world_get(world, key, core_node) != NULL)
		return;
	sets = world_list(world, STR_NONE, apps_daemon_set);
	for (uint32_t i = 0; i < sets.len; i++) {
		const struct apps_daemon_set *set = record_at(sets, i, apps_daemon_set);

		wake_key(to, set->metadata->namespace, set->metadata->name);
	}
}

const struct controller daemon_set_controller = {
	.name = "daemonset",
	.account = "daemon-set-controller",
	.reconciles = &apps_daemon_set_type,
	.owns = { &core_pod_type, &apps_controller_revision_type },
	.triggers = { { &core_pod_type, pod_wakes }, { &core_node_type, node_wakes } },
	.patches = { &core_pod_type },
	.workers = 2,
	.reconcile = reconcile,
};
