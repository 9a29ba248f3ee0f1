#include "actors/node/pod/pod-status.h"

#include "datastore/object/record.h"

#define CONDITIONS_OURS 4U

struct making {
	struct arena *arena;
	const struct pod_machine *machine;
	const struct core_pod *pod;
	struct core_pod_status *status;
	struct str phase;
	struct wall now;
};

static bool is_phase(const struct making *making, const char *phase)
{
	return str_is(making->phase, phase);
}

/* ---- containers --------------------------------------------------------------------------------------------------- */

static struct core_container_state *ended_state(struct arena *arena, const struct container_run *run)
{
	struct core_container_state *state = arena_new_of(arena, struct core_container_state);
	struct core_container_state_terminated *t =
	    arena_new_of(arena, struct core_container_state_terminated);

	SET(t, exit_code, run->exit_code);
	SET(t, started_at, run->started);
	SET(t, finished_at, run->finished);
	t->reason = str_from(run->reason);
	t->message = str_from(run->message);
	t->container_id = str_from(run->id);
	state->terminated = t;
	return state;
}

static struct str back_off_words(const struct making *making, const struct container *which,
				 const struct pod_container *c)
{
	const struct meta_object_meta *meta = making->pod->metadata;
	char wait[TIME_TEXT];

	return arena_printf(
	    making->arena,
	    "back-off " STR_FMT " restarting failed container=" STR_FMT " pod=" STR_FMT "_" STR_FMT
	    "(" STR_FMT ")",
	    STR_ARG(time_print_duration((int64_t)pod_machine_backoff_s(c->failures) * TIME_S, wait)),
	    STR_ARG(which->name), STR_ARG(meta->name), STR_ARG(meta->namespace), STR_ARG(meta->uid));
}

static struct core_container_state *waiting_state(const struct making *making,
						  const struct container *which,
						  const struct pod_container *c)
{
	struct core_container_state *state =
	    arena_new_of(making->arena, struct core_container_state);
	struct core_container_state_waiting *w =
	    arena_new_of(making->arena, struct core_container_state_waiting);

	w->reason = STR("ContainerCreating");
	if (making->machine->state < POD_RUNNING && making->pod->spec->init_containers.len > 0)
		w->reason = STR("PodInitializing");
	if (c->waits[0] != 0) {
		w->reason = str_from(c->waits);
		w->message = str_from(c->waits_message);
	} else if (pod_machine_backs_off(c)) {
		w->reason = STR("CrashLoopBackOff");
		w->message = back_off_words(making, which, c);
	}
	state->waiting = w;
	return state;
}

/* One that never ran in a pod that has ended. */
static struct core_container_state *never_state(struct arena *arena)
{
	static const struct container_run never = {
		.exit_code = 137,
		.reason = "ContainerStatusUnknown",
		.message = "The container could not be located when the pod was terminated"
	};

	return ended_state(arena, &never);
}

static struct core_container_state *
state_of(const struct making *making, const struct container *which, const struct pod_container *c)
{
	struct core_container_state *state;

	switch (c->state) {
	case CONTAINER_ENDED: return ended_state(making->arena, &c->run);
	case CONTAINER_RUNS:
	case CONTAINER_STOPS:
		state = arena_new_of(making->arena, struct core_container_state);
		state->running = arena_new_of(making->arena, struct core_container_state_running);
		SET(state->running, started_at, c->run.started);
		return state;
	default: break;
	}
	if (making->machine->state == POD_ENDED)
		return c->last ? ended_state(making->arena, c->last) : never_state(making->arena);
	/* Between its end and its next start a container shows how it ended, unless it has to wait. */
	if (c->last != NULL && c->waits[0] == 0 && !pod_machine_backs_off(c))
		return ended_state(making->arena, c->last);
	return waiting_state(making, which, c);
}

static bool is_running(const struct pod_container *c)
{
	return c->state == CONTAINER_RUNS || c->state == CONTAINER_STOPS;
}

static bool is_ready(const struct container *which, const struct pod_container *c)
{
	if (which->kind == CONTAINER_INIT)
		return c->state == CONTAINER_ENDED && c->run.exit_code == 0;
	return is_running(c) && c->is_ready;
}

static struct str_map clone_map(struct arena *arena, struct str_map map)
{
	if (map.len > 0)
		map.at = arena_copy(arena, map.at, map.len * sizeof *map.at);
	return map;
}

static void add_resources(struct arena *arena, struct core_container_status *status,
			  const struct container *which)
{
	if (which->resources == NULL || which->kind == CONTAINER_EPHEMERAL)
		return;
	status->resources = arena_new_of(arena, struct core_resource_requirements);
	status->resources->limits = clone_map(arena, which->resources->limits);
	status->resources->requests = clone_map(arena, which->resources->requests);
	status->allocated_resources = clone_map(arena, which->resources->requests);
}

static void add_mounts(struct arena *arena, struct core_container_status *status,
		       const struct container *which)
{
	struct core_volume_mount_status *mounts;

	if (which->mounts.len == 0)
		return;
	mounts = arena_array(arena, struct core_volume_mount_status, which->mounts.len);
	for (uint32_t i = 0; i < which->mounts.len; i++) {
		const struct core_volume_mount *mount = &which->mounts.at[i];

		mounts[i].name = mount->name;
		mounts[i].mount_path = mount->mount_path;
		if (mount->read_only) {
			SET(&mounts[i], read_only, true);
			mounts[i].recursive_read_only = STR("Disabled");
		}
	}
	status->volume_mounts = (struct core_volume_mount_status_list){ mounts, which->mounts.len };
}

static void fill_container(const struct making *making, const struct container *which,
			   const struct pod_container *c, struct core_container_status *out)
{
	bool has_run = c->run.id[0] != 0;

	out->name = which->name;
	out->image = which->image;
	out->image_id = str_from(c->image_id);
	out->state = state_of(making, which, c);
	out->last_state = arena_new_of(making->arena, struct core_container_state);
	if (c->last != NULL && (has_run || out->state->waiting != NULL))
		out->last_state = ended_state(making->arena, c->last);
	SET(out, restart_count, c->restarts);
	SET(out, ready, is_ready(which, c));
	SET(out, started, is_running(c) && c->is_started);
	if (has_run)
		out->container_id = str_from(c->run.id);
	else if (c->last != NULL)
		out->container_id = str_from(c->last->id);
	add_resources(making->arena, out, which);
	add_mounts(making->arena, out, which);
}

static struct core_container_status_list make_containers(const struct making *making, uint32_t from,
							 uint32_t count)
{
	struct core_container_status_list list = { NULL, count };

	if (count == 0)
		return list;
	list.at = arena_array(making->arena, struct core_container_status, count);
	for (uint32_t i = 0; i < count; i++) {
		struct container which = container_at(making->pod, from + i);

		fill_container(making, &which, &making->machine->containers[from + i], &list.at[i]);
	}
	return list;
}

/* ---- conditions ------------------------------------------------------------------------------------------------------ */

struct finding {
	bool is_true;
	struct str reason, message;
};

static const struct core_pod_condition *condition_of(const struct core_pod *pod, struct str type)
{
	for (uint32_t i = 0; pod->status != NULL && i < pod->status->conditions.len; i++)
		if (str_eq(pod->status->conditions.at[i].type, type))
			return &pod->status->conditions.at[i];
	return NULL;
}

/* "containers with unready status: [a b]" */
static struct finding lacking(const struct making *making, const char *reason, const char *words,
			      bool (*lacks)(const struct making *making, uint32_t place))
{
	struct finding finding = { .is_true = true };
	struct text names = text_in(making->arena, 64 * KIB);

	for (uint32_t i = 0; i < making->machine->count; i++) {
		if (!lacks(making, i))
			continue;
		if (names.len > 0)
			text_add_char(&names, ' ');
		text_add(&names, container_at(making->pod, i).name);
		finding.is_true = false;
	}
	if (finding.is_true)
		return finding;
	finding.reason = str_from(reason);
	finding.message =
	    arena_printf(making->arena, "%s: [" STR_FMT "]", words, STR_ARG(text_str(&names)));
	return finding;
}

static bool is_incomplete(const struct making *making, uint32_t place)
{
	const struct pod_container *c = &making->machine->containers[place];
	struct container which = container_at(making->pod, place);

	if (which.kind == CONTAINER_SIDECAR)
		return !is_running(c) || !c->is_started;
	return which.kind == CONTAINER_INIT && !is_ready(&which, c);
}

static bool has_started_any(const struct pod_machine *machine)
{
	for (uint32_t i = 0; i < machine->count; i++)
		if (container_at(pod_machine_pod(machine), i).kind == CONTAINER_REGULAR &&
		    (machine->containers[i].run.id[0] != 0 || machine->containers[i].last != NULL))
			return true;
	return false;
}

static struct finding initialized(const struct making *making)
{
	if (is_phase(making, "Succeeded"))
		return (struct finding){ true, STR("PodCompleted"), STR_NONE };
	if (has_started_any(making->machine))
		return (struct finding){ .is_true = true };
	return lacking(making, "ContainersNotInitialized", "containers with incomplete status",
		       is_incomplete);
}

static bool is_unready(const struct making *making, uint32_t place)
{
	struct container which = container_at(making->pod, place);

	return (which.kind == CONTAINER_REGULAR || which.kind == CONTAINER_SIDECAR) &&
	       !is_ready(&which, &making->machine->containers[place]);
}

static struct finding containers_ready(const struct making *making)
{
	if (is_phase(making, "Succeeded"))
		return (struct finding){ false, STR("PodCompleted"), STR_NONE };
	if (is_phase(making, "Failed"))
		return (struct finding){ false, STR("PodFailed"), STR_NONE };
	return lacking(making, "ContainersNotReady", "containers with unready status", is_unready);
}

static struct finding pod_ready(const struct making *making, struct finding containers)
{
	struct text words = text_in(making->arena, 16 * KIB);

	for (uint32_t i = 0; containers.is_true && i < making->pod->spec->readiness_gates.len; i++) {
		struct str gate = making->pod->spec->readiness_gates.at[i].condition_type;
		const struct core_pod_condition *at = condition_of(making->pod, gate);

		if (at != NULL && str_is(at->status, "True"))
			continue;
		if (words.len > 0)
			text_lit(&words, ", ");
		if (at == NULL)
			text_printf(&words,
				    "corresponding condition of pod readiness gate \"" STR_FMT
				    "\" does not exist.",
				    STR_ARG(gate));
		else
			text_printf(&words,
				    "the status of pod readiness gate \"" STR_FMT
				    "\" is not \"True\", but " STR_FMT,
				    STR_ARG(gate), STR_ARG(at->status));
	}
	if (words.len == 0)
		return containers;
	return (struct finding){ false, STR("ReadinessGatesNotReady"), text_str(&words) };
}

static void set_condition(const struct making *making, const char *type, struct finding finding)
{
	struct str status = finding.is_true ? STR("True") : STR("False");
	struct core_pod_condition_list *list = &making->status->conditions;
	struct core_pod_condition *at = NULL;

	for (uint32_t i = 0; i < list->len && at == NULL; i++)
		if (str_is(list->at[i].type, type))
			at = &list->at[i];
	if (at == NULL)
		at = &list->at[list->len++];
	if (!str_eq(at->status, status))
		SET(at, last_transition_time, making->now);
	at->type = str_from(type);
	at->status = status;
	at->reason = finding.reason;
	at->message = finding.message;
	if (making->pod->metadata->has.generation)
		SET(at, observed_generation, making->pod->metadata->generation);
}

static void set_conditions(const struct making *making)
{
	struct core_pod_condition_list *list = &making->status->conditions;
	struct core_pod_condition *grown =
	    arena_array(making->arena, struct core_pod_condition, list->len + CONDITIONS_OURS);
	struct finding containers = containers_ready(making);

	if (list->len > 0)
		memcpy(grown, list->at, list->len * sizeof *grown);
	list->at = grown;
	set_condition(making, "PodReadyToStartContainers",
		      (struct finding){ .is_true = making->machine->address[0] != 0 &&
						   making->machine->state != POD_ENDED });
	set_condition(making, "Initialized", initialized(making));
	set_condition(making, "Ready", pod_ready(making, containers));
	set_condition(making, "ContainersReady", containers);
}

/* ---- the status --------------------------------------------------------------------------------------------------------- */

static void set_addresses(const struct making *making, struct str host)
{
	struct core_pod_status *status = making->status;
	struct str address = str_from(making->machine->address);

	status->host_ip = host;
	status->host_ips =
	    (struct core_host_ip_list){ arena_new_of(making->arena, struct core_host_ip), 1 };
	status->host_ips.at[0].ip = host;
	if (address.len == 0)
		return;
	status->pod_ip = address;
	status->pod_ips =
	    (struct core_pod_ip_list){ arena_new_of(making->arena, struct core_pod_ip), 1 };
	status->pod_ips.at[0].ip = address;
}

static void set_containers(const struct making *making)
{
	const struct core_pod_spec *spec = making->pod->spec;
	struct core_pod_status *status = making->status;
	uint32_t init = spec->init_containers.len, regular = spec->containers.len;

	status->init_container_statuses = make_containers(making, 0, init);
	status->container_statuses = make_containers(making, init, regular);
	status->ephemeral_container_statuses =
	    make_containers(making, init + regular, spec->ephemeral_containers.len);
}

struct core_pod_status *pod_status_make(struct arena *arena, const struct pod_machine *machine,
					struct str host_address, struct wall now)
{
	const struct core_pod *pod = pod_machine_pod(machine);
	struct core_pod_status *status =
	    record_clone_shallow(&core_pod_status_type, pod->status, arena);
	struct making making = { .arena = arena, .machine = machine, .pod = pod };

	if (status == NULL)
		status = record_new(&core_pod_status_type, arena);
	making.status = status;
	making.now.ns = now.ns - now.ns % TIME_S; /* as it is kept */
	if (machine->is_settled)
		return status;
	making.phase = status->phase = pod_machine_phase(machine);
	/* Whoever overruled us has said why. */
	if (machine->overruled[0] == 0) {
		status->reason = str_from(machine->reason);
		status->message = str_from(machine->message);
	}
	SET(status, start_time, machine->started);
	if (pod->metadata->has.generation)
		SET(status, observed_generation, pod->metadata->generation);
	if (machine->is_refused)
		return status;
	set_addresses(&making, host_address);
	set_containers(&making);
	set_conditions(&making);
	return status;
}
