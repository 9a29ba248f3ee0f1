#include "actors/controller/workload/replicas.h"

#include <stdlib.h>

#include "actors/controller/workload/owner.h"
#include "actors/controller/workload/pod.h"
#include "actors/controller/workload/template.h"

#define BURST 500U /* creates or deletes of one call, upstream's burst */

/* ---- looking ------------------------------------------------------------------------------------------ */

static bool is_active(const void *pod)
{
	return pod_is_active(pod);
}

static bool has_template_labels(const struct replicas *r, const struct core_pod *pod)
{
	struct str_map wanted =
	    r->template->metadata ? r->template->metadata->labels : (struct str_map){ 0 };

	for (uint32_t i = 0; i < wanted.len; i++)
		if (!str_eq(str_map_get(pod->metadata->labels, wanted.at[i].key),
			    wanted.at[i].value))
			return false;
	return true;
}

static void count(const struct replicas *r, const struct world *world, struct plan *plan,
		  struct records pods, struct replica_counts *out)
{
	for (uint32_t i = 0; i < pods.len; i++) {
		const struct core_pod *pod = record_at(pods, i, core_pod);
		int64_t wait_ms;

		out->pods++;
		out->labelled += has_template_labels(r, pod);
		out->ready += pod_is_ready(pod);
		out->available +=
		    pod_is_available(pod, r->min_ready_seconds, world_now(world), &wait_ms);
		if (wait_ms > 0)
			plan_again(plan, wait_ms);
	}
}

static int32_t count_terminating(const struct replicas *r, const struct world *world)
{
	struct records owned = world_owned_(world, &core_pod_type, r->owner);
	int32_t terminating = 0;

	for (uint32_t i = 0; i < owned.len; i++) {
		const struct core_pod *pod = record_at(owned, i, core_pod);

		terminating += pod->metadata->has.deletion_timestamp && !pod_is_finished(pod);
	}
	return terminating;
}

/* The words of the failure that a status keeps until a turn has done all it wanted. */
static void note_failure(const struct replicas *r, const struct world *world, struct plan *plan,
			 struct records pods, struct replica_counts *out)
{
	const struct world_failure *failure = world_failure(world);
	int64_t missing = (int64_t)r->wanted - pods.len;

	if (failure == NULL || missing == 0 || failure->type != &core_pod_type)
		return;
	out->failure = missing > 0 ? "FailedCreate" : "FailedDelete";
	out->message = arena_str(plan_arena(plan), failure->message);
	plan_event(plan, r->type, r->owner, true, out->failure, "Error %s: " STR_FMT,
		   missing > 0 ? "creating" : "deleting", STR_ARG(failure->message));
}

struct records replicas_look(const struct replicas *r, const struct world *world, struct plan *plan,
			     struct replica_counts *out)
{
	struct owner_claim claim = { .owner_type = r->type,
				     .owner = r->owner,
				     .selector = r->selector,
				     .type = &core_pod_type,
				     .is_worth = is_active };
	struct records pods = owner_claim(world, plan, &claim);

	*out = (struct replica_counts){ .terminating = count_terminating(r, world) };
	count(r, world, plan, pods, out);
	if (!r->owner->has.deletion_timestamp)
		note_failure(r, world, plan, pods, out);
	return pods;
}

/* ---- which pods go first -------------------------------------------------------------------------------- */

/* A pod and what decides about it, all in the order of importance. */
struct ranked {
	const struct core_pod *pod;
	int assigned, phase, ready; /* lower goes first */
	int64_t cost;
	uint32_t neighbours;          /* more go first */
	int ready_rank, created_rank; /* by the logarithm of the age: lower goes first */
	int64_t restarts;
};

static int64_t restarts_of(const struct core_container_status_list *list)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < list->len; i++)
		sum += list->at[i].restart_count;
	return sum;
}

static int64_t cost_of(const struct core_pod *pod)
{
	int64_t cost = 0;

	(void)!str_to_i64(str_map_get(pod->metadata->annotations,
				      STR("controller.kubernetes.io/pod-deletion-cost")),
			  &cost);
	return cost;
}

static int phase_rank(struct str phase)
{
	return str_is(phase, "Pending") ? 0 : str_is(phase, "Unknown") ? 1 : 2;
}

/* Ages that differ by less than a factor of two are the same, so that no pod is always the one. Nothing is younger than never. */
static int age_rank(struct wall since, struct wall now)
{
	int64_t age = now.ns - since.ns;

	if (since.ns == 0)
		return -2;
	return age > 0 ? 63 - __builtin_clzll((uint64_t)age) : -1;
}

/* The pods of the sets that have the same owner, on the same nodes: where there are two, one can be spared. */
struct related {
	const struct core_pod **at;
	uint32_t len;
};

static void add_related(struct related *related, struct records pods)
{
	for (uint32_t i = 0; i < pods.len; i++)
		if (pod_is_active(record_at(pods, i, core_pod)))
			related->at[related->len++] = record_at(pods, i, core_pod);
}

static struct related related_of(const struct replicas *r, const struct world *world,
				 struct records pods)
{
	const struct meta_owner_reference *owner = owner_of(r->owner);
	struct meta_object_meta above = { .uid = owner ? owner->uid : STR_NONE };
	struct records sets = owner ? world_owned_(world, r->type, &above) : (struct records){ 0 };
	struct records *of = arena_array(world_arena(world), struct records, sets.len + 1);
	struct related related = { NULL, 0 };
	uint32_t most = pods.len;

	for (uint32_t i = 0; i < sets.len; i++) {
		of[i] = world_owned_(world, &core_pod_type, world_meta(r->type, sets.at[i]));
		most += of[i].len;
	}
	related.at = arena_array(world_arena(world), const struct core_pod *, most + 1);
	for (uint32_t i = 0; i < sets.len; i++)
		add_related(&related, of[i]);
	if (sets.len == 0)
		add_related(&related, pods);
	return related;
}

static uint32_t neighbours_of(const struct related *related, const struct core_pod *pod)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < related->len && pod->spec->node_name.len > 0; i++)
		count += str_eq(related->at[i]->spec->node_name, pod->spec->node_name);
	return count;
}

static struct ranked rank(const struct related *related, const struct core_pod *pod, struct wall now)
{
	const struct core_pod_condition *ready = pod_condition(pod, "Ready");
	bool is_ready = pod_is_ready(pod);

	return (struct ranked){ .pod = pod,
				.assigned = pod->spec->node_name.len > 0,
				.phase = phase_rank(pod->status->phase),
				.ready = is_ready,
				.cost = cost_of(pod),
				.neighbours = neighbours_of(related, pod),
				.ready_rank =
				    is_ready ? age_rank(ready->last_transition_time, now) : 0,
				.created_rank = age_rank(pod->metadata->creation_timestamp, now),
				.restarts = restarts_of(&pod->status->container_statuses) +
					    restarts_of(&pod->status->init_container_statuses) };
}

static int sign(int64_t difference)
{
	return (difference > 0) - (difference < 0);
}

static int by_rank(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;
	const int order[] = { sign(a->assigned - b->assigned),
			      sign(a->phase - b->phase),
			      sign(a->ready - b->ready),
			      sign(a->cost - b->cost),
			      sign((int64_t)b->neighbours - a->neighbours),
			      sign(a->ready_rank - b->ready_rank),
			      sign(b->restarts - a->restarts),
			      sign(a->created_rank - b->created_rank),
			      str_cmp(a->pod->metadata->uid, b->pod->metadata->uid) };

	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
		if (order[i] != 0)
			return order[i];
	return 0;
}

/* ---- moving ------------------------------------------------------------------------------------------------ */

static void remove_pods(const struct replicas *r, const struct world *world, struct plan *plan,
			struct records pods, uint32_t count)
{
	struct ranked *ranked = arena_array(world_arena(world), struct ranked, pods.len);
	struct related related = related_of(r, world, pods);

	for (uint32_t i = 0; i < pods.len; i++)
		ranked[i] = rank(&related, record_at(pods, i, core_pod), world_now(world));
	qsort(ranked, pods.len, sizeof *ranked, by_rank);
	for (uint32_t i = 0; i < count && i < BURST; i++) {
		plan_delete(plan, ranked[i].pod, core_pod);
		plan_event(plan, r->type, r->owner, false, "SuccessfulDelete",
			   "Deleted pod: " STR_FMT, STR_ARG(ranked[i].pod->metadata->name));
	}
}

static void create_pods(const struct replicas *r, const struct world *world, struct plan *plan,
			uint32_t have, uint32_t count)
{
	for (uint32_t i = 0; i < count && i < BURST; i++) {
		const struct core_pod *pod =
		    template_pod(world, plan, r->type, r->owner, r->template, have + i);

		plan_event(plan, r->type, r->owner, false, "SuccessfulCreate",
			   "Created pod: " STR_FMT, STR_ARG(pod->metadata->name));
	}
}

void replicas_move(const struct replicas *r, const struct world *world, struct plan *plan,
		   struct records pods)
{
	int64_t missing = (int64_t)r->wanted - pods.len;

	if (r->owner->has.deletion_timestamp)
		return;
	if (missing > 0)
		create_pods(r, world, plan, pods.len, (uint32_t)missing);
	else if (missing < 0)
		remove_pods(r, world, plan, pods, (uint32_t)-missing);
	if (missing > BURST || missing < -(int64_t)BURST)
		plan_again(plan, 0);
}
