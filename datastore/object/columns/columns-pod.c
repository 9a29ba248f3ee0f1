#include "datastore/object/columns/columns-private.h"
#include "datastore/schema/core.h"

/*
 * Pods: what their containers' states add up to, as upstream's printer has it (internalversion.printPod).
 */

/* Upstream's words that are no reason of a container. */
#define NODE_LOST "NodeLost"
#define GATED "SchedulingGated"
#define INITIALIZING "PodInitializing"

struct restarts {
	int64_t count;
	struct wall last; /* when the latest ended */
};

struct summary {
	struct str reason;
	uint32_t ready, total;
	struct restarts restarts;
};

static const struct core_pod_spec *spec_of(const struct core_pod *pod)
{
	return COLUMNS_OR_EMPTY(core_pod_spec, pod->spec);
}

static const struct core_pod_status *status_of(const struct core_pod *pod)
{
	return COLUMNS_OR_EMPTY(core_pod_status, pod->status);
}

static void count_restarts(const struct core_container_status *container, struct restarts *restarts)
{
	const struct core_container_state_terminated *last =
	    COLUMNS_OR_EMPTY(core_container_state, container->last_state)->terminated;

	restarts->count += container->restart_count;
	if (last != NULL && last->finished_at.ns > restarts->last.ns)
		restarts->last = last->finished_at;
}

static bool is_sidecar(const struct core_container *container)
{
	return str_is(container->restart_policy, "Always");
}

static bool is_sidecar_named(const struct core_pod_spec *spec, struct str name)
{
	for (uint32_t i = 0; i < spec->init_containers.len; i++)
		if (str_eq(spec->init_containers.at[i].name, name))
			return is_sidecar(&spec->init_containers.at[i]);
	return false;
}

static struct str ended(struct cell *cell, const struct core_container_state_terminated *how)
{
	if (how->reason.len > 0)
		return how->reason;
	return how->signal != 0 ? arena_printf(cell->arena, "Signal:%d", how->signal)
				: arena_printf(cell->arena, "ExitCode:%d", how->exit_code);
}

/* Why an init container keeps the pod from going on; `done` are those before it. */
static struct str init_reason(struct cell *cell, const struct core_container_state *state,
			      uint32_t done, uint32_t all)
{
	if (state->terminated != NULL)
		return arena_printf(cell->arena, "Init:" STR_FMT,
				    STR_ARG(ended(cell, state->terminated)));
	if (state->waiting != NULL && state->waiting->reason.len > 0 &&
	    !str_is(state->waiting->reason, INITIALIZING))
		return arena_printf(cell->arena, "Init:" STR_FMT, STR_ARG(state->waiting->reason));
	return arena_printf(cell->arena, "Init:%u/%u", done, all);
}

/* Goes through init containers up to the first that is not done. False: all are; `sidecars` has the restarts of those that stay. */
static bool look_at_init(struct cell *cell, const struct core_pod *pod, struct summary *sum,
			 struct restarts *sidecars)
{
	const struct core_pod_spec *spec = spec_of(pod);
	const struct core_container_status_list all = status_of(pod)->init_container_statuses;

	for (uint32_t i = 0; i < all.len; i++) {
		const struct core_container_status *container = &all.at[i];
		const struct core_container_state *state =
		    COLUMNS_OR_EMPTY(core_container_state, container->state);
		bool stays = is_sidecar_named(spec, container->name);

		count_restarts(container, &sum->restarts);
		if (stays)
			count_restarts(container, sidecars);
		if (state->terminated != NULL && state->terminated->exit_code == 0)
			continue;
		if (stays && container->started) {
			sum->ready += container->ready;
			continue;
		}
		sum->reason = init_reason(cell, state, i, spec->init_containers.len);
		return true;
	}
	return false;
}

/* What the containers say, the first of them last so that its word counts most. */
struct mood {
	bool is_running;
	struct str error; /* why one failed */
};

static void look_at_container(struct cell *cell, const struct core_container_status *container,
			      struct summary *sum, struct mood *mood)
{
	const struct core_container_state *state =
	    COLUMNS_OR_EMPTY(core_container_state, container->state);

	count_restarts(container, &sum->restarts);
	if (state->waiting != NULL && state->waiting->reason.len > 0) {
		sum->reason = state->waiting->reason;
	} else if (state->terminated != NULL) {
		sum->reason = ended(cell, state->terminated);
		if (state->terminated->exit_code != 0)
			mood->error = sum->reason;
	} else if (container->ready && state->running != NULL) {
		mood->is_running = true;
		sum->ready++;
	}
}

static void look_at_containers(struct cell *cell, const struct core_pod *pod, struct summary *sum)
{
	const struct core_pod_status *status = status_of(pod);
	struct str ready = columns_condition(&core_pod_condition_type, &status->conditions, "Ready");
	struct mood mood = { 0 };

	for (uint32_t i = status->container_statuses.len; i > 0; i--)
		look_at_container(cell, &status->container_statuses.at[i - 1], sum, &mood);
	if (!str_is(sum->reason, "Completed"))
		return;
	/* One ended well and others go on: the pod is not completed. */
	if (mood.is_running && str_is(ready, "True"))
		sum->reason = STR("Running");
	else if (mood.error.len > 0)
		sum->reason = mood.error;
	else if (mood.is_running)
		sum->reason = STR("NotReady");
}

static struct str first_reason(const struct core_pod_status *status)
{
	for (uint32_t i = 0; i < status->conditions.len; i++)
		if (str_is(status->conditions.at[i].type, "PodScheduled") &&
		    str_is(status->conditions.at[i].reason, GATED))
			return STR(GATED);
	return columns_or(status->reason, status->phase);
}

static bool is_initialized(const struct core_pod_status *status)
{
	return str_is(
	    columns_condition(&core_pod_condition_type, &status->conditions, "Initialized"),
	    "True");
}

static void look_at_deletion(const struct core_pod *pod, struct summary *sum)
{
	const struct core_pod_status *status = status_of(pod);
	bool is_final = str_is(status->phase, "Succeeded") || str_is(status->phase, "Failed");

	if (!columns_is_deleting(pod->metadata))
		return;
	if (str_is(status->reason, NODE_LOST))
		sum->reason = STR("Unknown");
	else if (!is_final)
		sum->reason = STR("Terminating");
}

static struct summary sum_up(struct cell *cell, const struct core_pod *pod)
{
	const struct core_pod_spec *spec = spec_of(pod);
	struct summary sum = { .reason = first_reason(status_of(pod)),
			       .total = spec->containers.len };
	struct restarts sidecars = { 0 };

	for (uint32_t i = 0; i < spec->init_containers.len; i++)
		sum.total += is_sidecar(&spec->init_containers.at[i]);
	if (!look_at_init(cell, pod, &sum, &sidecars) || is_initialized(status_of(pod))) {
		sum.restarts = sidecars;
		look_at_containers(cell, pod, &sum);
	}
	look_at_deletion(pod, &sum);
	return sum;
}

void columns_pod_ready(struct cell *cell, const void *record)
{
	struct summary sum = sum_up(cell, record);

	columns_put_format(cell, "%u/%u", sum.ready, sum.total);
}

void columns_pod_status(struct cell *cell, const void *record)
{
	columns_put(cell, sum_up(cell, record).reason);
}

void columns_pod_restarts(struct cell *cell, const void *record)
{
	struct restarts restarts = sum_up(cell, record).restarts;

	if (restarts.count != 0 && restarts.last.ns != 0)
		columns_put_format(cell, "%jd (" STR_FMT " ago)", (intmax_t)restarts.count,
				   STR_ARG(columns_age(cell, restarts.last)));
	else
		columns_put_format(cell, "%jd", (intmax_t)restarts.count);
}

void columns_pod_gates(struct cell *cell, const void *record)
{
	const struct core_pod *pod = record;
	const struct core_pod_readiness_gate_list gates = spec_of(pod)->readiness_gates;
	uint32_t open = 0;

	for (uint32_t i = 0; i < gates.len; i++) {
		char *type = arena_cstr(cell->arena, gates.at[i].condition_type);

		open += str_is(
		    columns_condition(&core_pod_condition_type, &status_of(pod)->conditions, type),
		    "True");
	}
	if (gates.len == 0)
		columns_put(cell, COLUMNS_NONE);
	else
		columns_put_format(cell, "%u/%u", open, gates.len);
}
