#include "actors/node/pod/pod-machine-private.h"

/*
 * Going on from a status: what a pod was before the agent started, as far as its object says.
 */

static const struct core_container_status *status_of(const struct core_pod_status *status,
						     struct container which)
{
	struct core_container_status_list list =
	    which.kind == CONTAINER_REGULAR     ? status->container_statuses
	    : which.kind == CONTAINER_EPHEMERAL ? status->ephemeral_container_statuses
						: status->init_container_statuses;

	for (uint32_t i = 0; i < list.len; i++)
		if (str_eq(list.at[i].name, which.name))
			return &list.at[i];
	return NULL;
}

static struct container_run ended_run(const struct core_container_state_terminated *terminated)
{
	struct container_run run = { .started = terminated->started_at,
				     .finished = terminated->finished_at,
				     .exit_code = terminated->exit_code };

	pod_machine_copy(run.id, sizeof run.id, terminated->container_id);
	pod_machine_copy(run.reason, sizeof run.reason, terminated->reason);
	pod_machine_copy(run.message, sizeof run.message, terminated->message);
	return run;
}

static void resume_container(struct pod_machine *m, uint32_t place,
			     const struct core_container_status *status)
{
	struct pod_container *c = &m->containers[place];
	const struct core_container_state *state = status->state, *last = status->last_state;

	c->restarts = status->restart_count;
	pod_machine_copy(c->image_id, sizeof c->image_id, status->image_id);
	if (last != NULL && last->terminated != NULL) {
		c->last = arena_new_of(m->arena, struct container_run);
		*c->last = ended_run(last->terminated);
		c->failures = 1;
	}
	if (state != NULL && state->running != NULL) {
		c->state = CONTAINER_RUNS;
		c->is_ready = status->ready;
		c->is_started = status->started;
		c->run = (struct container_run){ .started = state->running->started_at };
		pod_machine_copy(c->run.id, sizeof c->run.id, status->container_id);
	} else if (state != NULL && state->terminated != NULL) {
		struct container which = pod_machine_container(m, place);

		c->run = ended_run(state->terminated);
		c->state = CONTAINER_ENDED;
		if (!container_restarts(pod_machine_pod(m), &which, c->run.exit_code))
			return;
		pod_machine_keep_last(m, c);
		c->state = CONTAINER_WAITING;
		c->failures = 1;
	}
}

bool pod_machine_resume(struct pod_machine *m)
{
	const struct core_pod_status *status = pod_machine_pod(m)->status;

	if (status == NULL)
		return false;
	if (status->has.start_time)
		m->started = status->start_time;
	if (pod_machine_is_final(status->phase)) {
		m->state = POD_ENDED;
		m->is_settled = true;
		return false;
	}
	if (status->pod_ip.len == 0 || status->container_statuses.len == 0)
		return false;
	for (uint32_t i = 0; i < m->count; i++) {
		const struct core_container_status *found =
		    status_of(status, pod_machine_container(m, i));

		if (found != NULL)
			resume_container(m, i, found);
	}
	pod_machine_copy(m->address, sizeof m->address, status->pod_ip);
	m->state = pod_machine_is_initialized(m) ? POD_RUNNING : POD_INITIALIZING;
	return true;
}
