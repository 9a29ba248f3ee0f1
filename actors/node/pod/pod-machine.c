#include "actors/node/pod/pod-machine-private.h"

#include <stdio.h>

#define BACKOFF_FIRST_S 10U /* upstream's, as all below */
#define BACKOFF_MAX_S 300U
#define BACKOFF_FORGET_NS (600 * TIME_S)
#define SANDBOX_RETRY_MAX_MS 60000U
#define GRACE_DEFAULT_S 30
#define UNKNOWN_EXIT_CODE 137

void pod_machine_copy(char *to, size_t size, struct str from)
{
	snprintf(to, size, STR_FMT, STR_ARG(from));
}

/* Times in objects are whole seconds: what is finer would look like a change when it is read back. */
static struct wall whole(struct wall at)
{
	return (struct wall){ at.ns - at.ns % TIME_S };
}

/* ---- the pod's record ---------------------------------------------------------------------------------------- */

const struct core_pod *pod_machine_pod(const struct pod_machine *m)
{
	return m->object->record;
}

struct container pod_machine_container(const struct pod_machine *m, uint32_t place)
{
	return container_at(pod_machine_pod(m), place);
}

static bool is_deleted(const struct pod_machine *m)
{
	return pod_machine_pod(m)->metadata->has.deletion_timestamp;
}

/* Ephemeral containers may have been added: the places of the others stay. */
static void fit_containers(struct pod_machine *m)
{
	uint32_t count = container_count(pod_machine_pod(m));

	if (count > m->capacity) {
		struct pod_container *grown = arena_array(m->arena, struct pod_container, count);

		if (m->count > 0)
			memcpy(grown, m->containers, m->count * sizeof *grown);
		m->containers = grown;
		m->capacity = count;
	}
	if (count > m->count)
		m->count = count;
}

struct pod_machine *pod_machine_new(const struct object *object, uint64_t number, struct moment now)
{
	struct pod_machine *m = mem_new(struct pod_machine);

	m->arena = arena_new(0);
	m->object = object_ref(object);
	m->started = whole(now.wall);
	m->runtime = (struct runtime_pod){ .number = number, .pod = object->record };
	fit_containers(m);
	return m;
}

void pod_machine_free(struct pod_machine *m)
{
	object_unref(m->object);
	arena_free(m->arena);
	mem_free(m);
}

void pod_machine_see(struct pod_machine *m, const struct object *object)
{
	const struct object *old = m->object;
	const struct core_pod *pod = object->record;

	m->object = object_ref(object);
	m->runtime.pod = pod;
	object_unref(old);
	fit_containers(m);
	if (m->state != POD_ENDED && pod->status != NULL && pod_machine_is_final(pod->status->phase))
		pod_machine_copy(m->overruled, sizeof m->overruled, pod->status->phase);
}

void pod_machine_vanish(struct pod_machine *m)
{
	m->is_vanished = true;
}

void pod_machine_refuse(struct pod_machine *m, struct str reason, struct str message)
{
	assert(m->state == POD_NEW);
	pod_machine_copy(m->reason, sizeof m->reason, reason);
	pod_machine_copy(m->message, sizeof m->message, message);
	m->is_refused = true;
	m->state = POD_ENDED;
}

/* ---- containers ------------------------------------------------------------------------------------------------- */

void pod_machine_keep_last(struct pod_machine *m, struct pod_container *c)
{
	if (c->last == NULL)
		c->last = arena_new_of(m->arena, struct container_run);
	*c->last = c->run;
	c->run = (struct container_run){ .exit_code = 0 };
}

uint32_t pod_machine_backoff_s(uint32_t failures)
{
	uint32_t seconds = BACKOFF_FIRST_S;

	if (failures < 2)
		return 0;
	for (uint32_t i = 2; i < failures && seconds < BACKOFF_MAX_S; i++)
		seconds *= 2;
	return seconds < BACKOFF_MAX_S ? seconds : BACKOFF_MAX_S;
}

bool pod_machine_backs_off(const struct pod_container *c)
{
	return c->state == CONTAINER_WAITING && c->not_before.ns > 0 && c->waits[0] == 0 &&
	       c->failures > 1;
}

static void wait_again(struct pod_container *c, struct moment now)
{
	c->failures++;
	c->state = CONTAINER_WAITING;
	c->not_before.ns = now.mono.ns + (int64_t)pod_machine_backoff_s(c->failures) * TIME_S;
}

static void container_ended(struct pod_machine *m, uint32_t place,
			    const struct runtime_event *event, struct moment now)
{
	struct pod_container *c = &m->containers[place];
	struct container which = pod_machine_container(m, place);
	bool was_stopping = c->state == CONTAINER_STOPS || m->state == POD_STOPPING;

	if (c->state != CONTAINER_RUNS && c->state != CONTAINER_STOPS)
		return;
	c->state = CONTAINER_ENDED;
	c->is_ready = c->is_started = false;
	c->run.exit_code = event->exit_code;
	c->run.finished = whole(event->at);
	pod_machine_copy(c->run.reason, sizeof c->run.reason, event->reason);
	pod_machine_copy(c->run.message, sizeof c->run.message, event->message);
	if (was_stopping || !container_restarts(pod_machine_pod(m), &which, event->exit_code))
		return;
	if (event->at.ns - c->run.started.ns > BACKOFF_FORGET_NS)
		c->failures = 0;
	pod_machine_keep_last(m, c);
	wait_again(c, now);
}

static void container_runs(struct pod_container *c, const struct runtime_event *event)
{
	if (c->state != CONTAINER_STARTING)
		return;
	if (c->last != NULL)
		c->restarts++;
	c->state = CONTAINER_RUNS;
	c->is_ready = c->is_started = false;
	c->waits[0] = c->waits_message[0] = 0;
	c->run = (struct container_run){ .started = whole(event->at) };
	pod_machine_copy(c->run.id, sizeof c->run.id, event->id);
	pod_machine_copy(c->image_id, sizeof c->image_id, event->image_id);
}

static void container_failed(struct pod_container *c, const struct runtime_event *event,
			     struct moment now)
{
	if (c->state != CONTAINER_STARTING)
		return;
	pod_machine_copy(c->waits, sizeof c->waits, event->reason);
	pod_machine_copy(c->waits_message, sizeof c->waits_message, event->message);
	/* A start that failed was no run: the first time it waits already. */
	if (c->failures == 0)
		c->failures = 1;
	wait_again(c, now);
}

void pod_machine_lost(struct pod_machine *m, struct moment now)
{
	struct runtime_event ended = { .what = RUNTIME_CONTAINER_ENDED,
				       .exit_code = UNKNOWN_EXIT_CODE,
				       .at = now.wall,
				       .reason = STR("ContainerStatusUnknown"),
				       .message =
					   STR("The container could not be located after the "
					       "node agent was restarted") };

	for (uint32_t i = 0; i < m->count; i++) {
		if (m->containers[i].state == CONTAINER_STARTING)
			m->containers[i].state = CONTAINER_WAITING;
		container_ended(m, i, &ended, now);
	}
	m->address[0] = 0;
	m->is_asked = false;
	m->state = POD_PREPARING;
}

/* ---- what happened ------------------------------------------------------------------------------------------------ */

static void sandbox_gone(struct pod_machine *m, struct moment now)
{
	if (m->state == POD_STOPPING) {
		m->state = POD_ENDED;
		return;
	}
	/* It went by itself: what ran in it has ended, and a new one is made. */
	pod_machine_lost(m, now);
}

static void sandbox_ready(struct pod_machine *m, const struct runtime_event *event)
{
	pod_machine_copy(m->address, sizeof m->address, event->address);
	m->failures = 0;
	if (m->state == POD_PREPARING)
		m->state = POD_INITIALIZING;
}

static void sandbox_failed(struct pod_machine *m, struct moment now)
{
	uint64_t wait_ms = 1000ULL << (m->failures < 6 ? m->failures : 6);

	if (m->state != POD_PREPARING)
		return;
	if (wait_ms > SANDBOX_RETRY_MAX_MS)
		wait_ms = SANDBOX_RETRY_MAX_MS;
	m->failures++;
	m->is_asked = false;
	m->not_before.ns = now.mono.ns + (int64_t)wait_ms * TIME_MS;
}

void pod_machine_take(struct pod_machine *m, const struct runtime_event *event, struct moment now)
{
	struct pod_container *c =
	    event->what >= RUNTIME_CONTAINER_RUNS ? &m->containers[event->place] : NULL;

	assert(c == NULL || event->place < m->count);
	switch (event->what) {
	case RUNTIME_SANDBOX_READY: sandbox_ready(m, event); break;
	case RUNTIME_SANDBOX_FAILED: sandbox_failed(m, now); break;
	case RUNTIME_SANDBOX_GONE: sandbox_gone(m, now); break;
	case RUNTIME_CONTAINER_RUNS: container_runs(c, event); break;
	case RUNTIME_CONTAINER_FAILED: container_failed(c, event, now); break;
	case RUNTIME_CONTAINER_STARTED: c->is_started = c->state == CONTAINER_RUNS; break;
	case RUNTIME_CONTAINER_READY:
		c->is_ready = c->state == CONTAINER_RUNS && c->is_started;
		break;
	case RUNTIME_CONTAINER_UNREADY: c->is_ready = false; break;
	case RUNTIME_CONTAINER_ENDED: container_ended(m, event->place, event, now); break;
	}
}

/* ---- what is to be done ----------------------------------------------------------------------------------------- */

static int64_t deadline_left_ms(const struct pod_machine *m, struct moment now)
{
	const struct core_pod_spec *spec = pod_machine_pod(m)->spec;

	if (!spec->has.active_deadline_seconds)
		return INT64_MAX;
	return (m->started.ns + spec->active_deadline_seconds * TIME_S - now.wall.ns) / TIME_MS;
}

/* An init container that failed and is not started again fails the pod. */
static bool has_failed_init(const struct pod_machine *m)
{
	for (uint32_t i = 0; i < pod_machine_pod(m)->spec->init_containers.len; i++)
		if (m->containers[i].state == CONTAINER_ENDED &&
		    pod_machine_container(m, i).kind == CONTAINER_INIT &&
		    m->containers[i].run.exit_code != 0)
			return true;
	return false;
}

static bool has_finished(const struct pod_machine *m)
{
	for (uint32_t i = 0; i < m->count; i++)
		if (pod_machine_container(m, i).kind == CONTAINER_REGULAR &&
		    m->containers[i].state != CONTAINER_ENDED)
			return false;
	return true;
}

static bool must_stop(struct pod_machine *m, struct moment now)
{
	if (is_deleted(m) || m->is_vanished || m->overruled[0] != 0)
		return true;
	if (deadline_left_ms(m, now) <= 0) {
		pod_machine_copy(m->reason, sizeof m->reason, STR("DeadlineExceeded"));
		pod_machine_copy(
		    m->message, sizeof m->message,
		    STR("Pod was active on the node longer than the specified deadline"));
		return true;
	}
	return m->state == POD_INITIALIZING || m->state == POD_RUNNING
		   ? has_failed_init(m) || has_finished(m)
		   : false;
}

static uint64_t grace_ms(const struct pod_machine *m)
{
	const struct core_pod *pod = pod_machine_pod(m);
	int64_t seconds = pod->spec->has.termination_grace_period_seconds
			      ? pod->spec->termination_grace_period_seconds
			      : GRACE_DEFAULT_S;

	if (m->is_vanished)
		return 0;
	if (pod->metadata->has.deletion_grace_period_seconds)
		seconds = pod->metadata->deletion_grace_period_seconds;
	return seconds > 0 ? (uint64_t)seconds * 1000 : 0;
}

static bool start(struct pod_machine *m, uint32_t place, struct moment now, struct pod_step *out)
{
	struct pod_container *c = &m->containers[place];

	if (c->state != CONTAINER_WAITING || c->not_before.ns > now.mono.ns)
		return false;
	c->state = CONTAINER_STARTING;
	*out = (struct pod_step){ .kind = POD_CONTAINER_START, .place = place };
	return true;
}

/* Whether the init container in this place holds up those after it. */
static bool is_in_the_way(const struct pod_machine *m, uint32_t place)
{
	const struct pod_container *c = &m->containers[place];

	if (pod_machine_container(m, place).kind == CONTAINER_SIDECAR)
		return c->state != CONTAINER_RUNS || !c->is_started;
	return c->state != CONTAINER_ENDED;
}

bool pod_machine_is_initialized(const struct pod_machine *m)
{
	for (uint32_t i = 0; i < pod_machine_pod(m)->spec->init_containers.len; i++)
		if (is_in_the_way(m, i))
			return false;
	return true;
}

static bool next_init(struct pod_machine *m, struct moment now, struct pod_step *out)
{
	for (uint32_t i = 0; i < pod_machine_pod(m)->spec->init_containers.len; i++) {
		if (start(m, i, now, out))
			return true;
		if (is_in_the_way(m, i))
			return false;
	}
	m->state = POD_RUNNING;
	return pod_machine_next(m, now, out);
}

static bool next_running(struct pod_machine *m, struct moment now, struct pod_step *out)
{
	for (uint32_t i = 0; i < m->count; i++)
		if (pod_machine_container(m, i).kind != CONTAINER_INIT && start(m, i, now, out))
			return true;
	return false;
}

static bool is_alive(const struct pod_container *c)
{
	return c->state == CONTAINER_RUNS || c->state == CONTAINER_STOPS;
}

static bool stop(struct pod_machine *m, uint32_t place, struct pod_step *out)
{
	if (m->containers[place].state != CONTAINER_RUNS)
		return false;
	m->containers[place].state = CONTAINER_STOPS;
	*out = (struct pod_step){ POD_CONTAINER_STOP, place, m->grace_ms };
	return true;
}

/* First all others, then the sidecars from the last to the first (KEP 753), then the sandbox. */
static bool next_stop(struct pod_machine *m, struct pod_step *out)
{
	bool is_waiting = false;

	for (uint32_t i = 0; i < m->count; i++) {
		if (pod_machine_container(m, i).kind == CONTAINER_SIDECAR)
			continue;
		if (stop(m, i, out))
			return true;
		is_waiting = is_waiting || is_alive(&m->containers[i]);
	}
	for (uint32_t i = m->count; i-- > 0 && !is_waiting;) {
		if (pod_machine_container(m, i).kind == CONTAINER_SIDECAR && stop(m, i, out))
			return true;
		is_waiting = is_alive(&m->containers[i]);
	}
	if (is_waiting || m->is_asked)
		return false;
	m->is_asked = true;
	*out = (struct pod_step){ .kind = POD_SANDBOX_STOP };
	return true;
}

static void begin_stop(struct pod_machine *m)
{
	m->state = POD_STOPPING;
	m->is_asked = false;
	m->grace_ms = grace_ms(m);
}

/* A second deletion may leave less time: those that are stopping are told again. */
static void hasten(struct pod_machine *m)
{
	if (grace_ms(m) >= m->grace_ms)
		return;
	m->grace_ms = grace_ms(m);
	for (uint32_t i = 0; i < m->count; i++)
		if (m->containers[i].state == CONTAINER_STOPS)
			m->containers[i].state = CONTAINER_RUNS;
}

static bool next_sandbox(struct pod_machine *m, struct moment now, struct pod_step *out)
{
	m->state = POD_PREPARING;
	if (m->is_asked || m->not_before.ns > now.mono.ns)
		return false;
	m->is_asked = true;
	*out = (struct pod_step){ .kind = POD_SANDBOX_START };
	return true;
}

bool pod_machine_next(struct pod_machine *m, struct moment now, struct pod_step *out)
{
	if (m->state < POD_STOPPING && must_stop(m, now)) {
		if (m->state == POD_NEW)
			m->state = POD_ENDED;
		else
			begin_stop(m);
	}
	switch (m->state) {
	case POD_NEW:
	case POD_PREPARING: return next_sandbox(m, now, out);
	case POD_INITIALIZING: return next_init(m, now, out);
	case POD_RUNNING: return next_running(m, now, out);
	case POD_STOPPING: hasten(m); return next_stop(m, out);
	case POD_ENDED: break;
	}
	return false;
}

int64_t pod_machine_wait_ms(const struct pod_machine *m, struct moment now)
{
	int64_t wait = INT64_MAX;

	if (m->state >= POD_STOPPING)
		return -1;
	wait = deadline_left_ms(m, now);
	if (m->state == POD_PREPARING && !m->is_asked && m->not_before.ns > now.mono.ns)
		wait = (m->not_before.ns - now.mono.ns) / TIME_MS + 1;
	for (uint32_t i = 0; i < m->count; i++) {
		const struct pod_container *c = &m->containers[i];
		int64_t left = (c->not_before.ns - now.mono.ns) / TIME_MS + 1;

		if (c->state == CONTAINER_WAITING && c->not_before.ns > now.mono.ns && left < wait)
			wait = left;
	}
	if (wait == INT64_MAX)
		return -1;
	return wait > 0 ? wait : 0;
}

/* ---- the phase (kubelet's getPhase) -------------------------------------------------------------------------------- */

bool pod_machine_is_final(struct str phase)
{
	return str_is(phase, "Succeeded") || str_is(phase, "Failed");
}

static struct str final_phase(const struct pod_machine *m)
{
	bool is_good = m->reason[0] == 0;

	if (m->overruled[0] != 0)
		return str_from(m->overruled);
	for (uint32_t i = 0; i < m->count && is_good; i++) {
		const struct pod_container *c = &m->containers[i];
		enum container_kind kind = pod_machine_container(m, i).kind;

		if (kind == CONTAINER_INIT || kind == CONTAINER_REGULAR)
			is_good = c->state == CONTAINER_ENDED && c->run.exit_code == 0;
	}
	return is_good ? STR("Succeeded") : STR("Failed");
}

struct str pod_machine_phase(const struct pod_machine *m)
{
	uint32_t waiting = 0;

	if (m->state == POD_ENDED || m->overruled[0] != 0)
		return final_phase(m);
	for (uint32_t i = 0; i < m->count; i++) {
		const struct pod_container *c = &m->containers[i];
		enum container_kind kind = pod_machine_container(m, i).kind;

		if (kind == CONTAINER_REGULAR && c->state <= CONTAINER_STARTING && c->last == NULL)
			waiting++;
		if (kind == CONTAINER_INIT && c->state != CONTAINER_ENDED)
			waiting++;
	}
	return waiting > 0 ? STR("Pending") : STR("Running");
}
