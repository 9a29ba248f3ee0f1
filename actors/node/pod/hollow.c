#include "actors/node/pod/hollow.h"

#include <stdio.h>

#include "actors/node/pod/addresses.h"
#include "actors/node/pod/container.h"
#include "actors/node/pod/hollow-script.h"

#define SCHEME "hollow://"
#define JITTER_MS 20U /* so that a thousand pods do not turn up in one turn of the loop */
#define NEVER HOLLOW_SCRIPT_NEVER
#define STOP_CODE 0

struct hollow {
	struct runtime face;
	struct runtime_config config;
	struct addresses addresses;
	struct list pods;
};

struct hollow_container {
	uint64_t timer; /* 0: none */
	bool runs;
};

struct hollow_pod {
	struct list link;
	uint64_t timer;   /* of the sandbox */
	bool has_address; /* of the range */
	char address[46];
	uint32_t count;
	struct hollow_container *containers;
};

/* What a timer does when it is due. */
enum stage { STAGE_SANDBOX, STAGE_GONE, STAGE_RUN, STAGE_READY, STAGE_EXIT, STAGE_STOP };

struct hollow_stage {
	uint64_t pod;
	uint32_t place;
	enum stage stage;
};
static const ACT_TYPE(hollow_stage, .id = 0);

static struct hollow *of(struct runtime *face)
{
	return (struct hollow *)(void *)face;
}

/* ---- events ------------------------------------------------------------------------------------------------------ */

static void tell(const struct hollow *hollow, const struct runtime_event *event)
{
	hollow->config.happened(hollow->config.arg, event);
}

static struct runtime_event event_of(const struct hollow *hollow, enum runtime_what what,
				     const struct runtime_pod *pod, uint32_t place)
{
	return (struct runtime_event){
		.what = what, .pod = pod->number, .place = place, .at = act_wall(hollow->config.act)
	};
}

static void tell_plain(const struct hollow *hollow, enum runtime_what what,
		       const struct runtime_pod *pod, uint32_t place)
{
	struct runtime_event event = event_of(hollow, what, pod, place);

	tell(hollow, &event);
}

static uint64_t later(const struct hollow *hollow, const struct runtime_pod *pod, uint32_t place,
		      enum stage stage, int64_t delay_ms)
{
	return act_after(hollow->config.act, (uint64_t)delay_ms, &hollow_stage_type,
			 &(struct hollow_stage){ pod->number, place, stage });
}

/* ---- sandboxes ------------------------------------------------------------------------------------------------------ */

static struct hollow_pod *made(struct hollow *hollow, struct runtime_pod *pod)
{
	struct hollow_pod *private = pod->private;

	if (private != NULL)
		return private;
	pod->private = private = mem_new(struct hollow_pod);
	list_push(&hollow->pods, &private->link);
	return private;
}

static struct hollow_container *slot(struct runtime_pod *pod, uint32_t place)
{
	struct hollow_pod *private = pod->private;
	uint32_t count = container_count(pod->pod);

	if (place >= private->count) {
		private->containers =
		    mem_resize(private->containers, count * sizeof *private->containers);
		memset(private->containers + private->count, 0,
		       (count - private->count) * sizeof *private->containers);
		private->count = count;
	}
	return &private->containers[place];
}

static void forget(struct runtime *self, struct runtime_pod *pod)
{
	struct hollow_pod *private = pod->private;

	if (private == NULL)
		return;
	list_remove(&private->link);
	mem_free(private->containers);
	mem_free(private);
	pod->private = NULL;
	(void)self;
}

/* Its timers and its address with it. */
static void drop(struct hollow *hollow, struct runtime_pod *pod)
{
	struct hollow_pod *private = pod->private;

	if (private == NULL)
		return;
	if (private->timer != 0)
		act_cancel(hollow->config.act, private->timer);
	for (uint32_t i = 0; i < private->count; i++)
		if (private->containers[i].timer != 0)
			act_cancel(hollow->config.act, private->containers[i].timer);
	if (private->has_address)
		addresses_give_back(&hollow->addresses, str_from(private->address));
	forget(&hollow->face, pod);
}

static void sandbox_start(struct runtime *self, struct runtime_pod *pod)
{
	struct hollow *hollow = of(self);

	made(hollow, pod)->timer = later(hollow, pod, 0, STAGE_SANDBOX,
					 (int64_t)(act_random(hollow->config.act) % JITTER_MS));
}

static void sandbox_stop(struct runtime *self, struct runtime_pod *pod)
{
	struct hollow *hollow = of(self);

	drop(hollow, pod);
	made(hollow, pod)->timer = later(hollow, pod, 0, STAGE_GONE, 0);
}

static void sandbox_due(struct hollow *hollow, struct runtime_pod *pod)
{
	struct runtime_event event = event_of(hollow, RUNTIME_SANDBOX_READY, pod, 0);
	struct hollow_pod *private = pod->private;
	enum status status = OK;

	private->timer = 0;
	if (pod->pod->spec->host_network) {
		event.address = hollow->config.host_address;
	} else if ((status = addresses_take(&hollow->addresses, private->address)) == OK) {
		private->has_address = true;
		event.address = str_from(private->address);
	}
	if (status != OK) {
		event.what = RUNTIME_SANDBOX_FAILED;
		event.reason = STR("FailedCreatePodSandBox");
		event.message = hollow->addresses.len == 0
				    ? STR("the node has no range of pod addresses yet")
				    : STR("no pod address is free on this node");
	}
	tell(hollow, &event);
}

static void gone_due(struct hollow *hollow, struct runtime_pod *pod)
{
	drop(hollow, pod);
	tell_plain(hollow, RUNTIME_SANDBOX_GONE, pod, 0);
}

/* ---- containers -------------------------------------------------------------------------------------------------------- */

static void container_start(struct runtime *self, struct runtime_pod *pod, uint32_t place)
{
	struct hollow *hollow = of(self);
	int64_t delay_ms = hollow_script_of(pod->pod, place).start_ms;

	if (pod->private != NULL && delay_ms != NEVER)
		slot(pod, place)->timer = later(hollow, pod, place, STAGE_RUN, delay_ms);
}

static void make_id(const struct hollow *hollow, char out[RUNTIME_ID_MAX])
{
	struct act *act = hollow->config.act;

	snprintf(out, RUNTIME_ID_MAX, SCHEME "%016jx%016jx%016jx%016jx", (uintmax_t)act_random(act),
		 (uintmax_t)act_random(act), (uintmax_t)act_random(act), (uintmax_t)act_random(act));
}

/* From when it is ready on its end is waited for. */
static void await_exit(struct hollow *hollow, struct runtime_pod *pod, uint32_t place,
		       int64_t ran_ms)
{
	int64_t exit_ms = hollow_script_of(pod->pod, place).exit_ms;

	if (exit_ms != NEVER)
		slot(pod, place)->timer =
		    later(hollow, pod, place, STAGE_EXIT, exit_ms > ran_ms ? exit_ms - ran_ms : 0);
}

/* Its readiness is waited for first, unless it ends before that. */
static void become_ready(struct hollow *hollow, struct runtime_pod *pod, uint32_t place)
{
	struct hollow_script script = hollow_script_of(pod->pod, place);
	bool ends_first = script.exit_ms != NEVER && script.exit_ms <= script.ready_ms;

	if (script.ready_ms == 0)
		tell_plain(hollow, RUNTIME_CONTAINER_READY, pod, place);
	if (script.ready_ms > 0 && !ends_first)
		slot(pod, place)->timer = later(hollow, pod, place, STAGE_READY, script.ready_ms);
	else
		await_exit(hollow, pod, place, 0);
}

static void run_due(struct hollow *hollow, struct runtime_pod *pod, uint32_t place)
{
	struct container which = container_at(pod->pod, place);
	struct runtime_event event = event_of(hollow, RUNTIME_CONTAINER_RUNS, pod, place);
	struct str failure = hollow_script_of(pod->pod, place).failure;
	char id[RUNTIME_ID_MAX], image[2 * RUNTIME_ID_MAX];

	if (failure.len > 0) {
		event.what = RUNTIME_CONTAINER_FAILED;
		event.reason = STR("RunContainerError");
		event.message = failure;
		tell(hollow, &event);
		return;
	}
	make_id(hollow, id);
	snprintf(image, sizeof image, SCHEME STR_FMT, STR_ARG(which.image));
	event.id = str_from(id);
	event.image_id = str_from(image);
	slot(pod, place)->runs = true;
	tell(hollow, &event);
	tell_plain(hollow, RUNTIME_CONTAINER_STARTED, pod, place);
	become_ready(hollow, pod, place);
}

static void ready_due(struct hollow *hollow, struct runtime_pod *pod, uint32_t place)
{
	tell_plain(hollow, RUNTIME_CONTAINER_READY, pod, place);
	await_exit(hollow, pod, place, hollow_script_of(pod->pod, place).ready_ms);
}

static void end(struct hollow *hollow, struct runtime_pod *pod, uint32_t place, int32_t code)
{
	struct runtime_event event = event_of(hollow, RUNTIME_CONTAINER_ENDED, pod, place);

	slot(pod, place)->runs = false;
	event.exit_code = code;
	event.reason = code == 0 ? STR("Completed") : STR("Error");
	tell(hollow, &event);
}

static void exit_due(struct hollow *hollow, struct runtime_pod *pod, uint32_t place)
{
	end(hollow, pod, place, hollow_script_of(pod->pod, place).exit_code);
}

/* One that takes longer than its grace is killed. */
static void stop_due(struct hollow *hollow, struct runtime_pod *pod, uint32_t place)
{
	end(hollow, pod, place, STOP_CODE);
}

static void container_stop(struct runtime *self, struct runtime_pod *pod, uint32_t place,
			   uint64_t grace_ms)
{
	struct hollow *hollow = of(self);
	struct hollow_container *container;
	int64_t takes_ms = hollow_script_of(pod->pod, place).stop_ms;

	if (pod->private == NULL || !slot(pod, place)->runs)
		return;
	container = slot(pod, place);
	if (container->timer != 0)
		act_cancel(hollow->config.act, container->timer);
	if (takes_ms == NEVER || (uint64_t)takes_ms > grace_ms)
		takes_ms = (int64_t)grace_ms;
	container->timer = later(hollow, pod, place, STAGE_STOP, takes_ms);
}

/* ---- after a restart ------------------------------------------------------------------------------------------------------ */

static bool adopt_address(struct hollow *hollow, struct runtime_pod *pod)
{
	struct hollow_pod *private = made(hollow, pod);
	struct str address = pod->pod->status->pod_ip;
	enum status status;

	if (pod->pod->spec->host_network)
		return true;
	status = addresses_claim(&hollow->addresses, address);
	private->has_address = status == OK;
	snprintf(private->address, sizeof private->address, STR_FMT, STR_ARG(address));
	/* One of an older range stays with its pod. */
	return status != EXISTS;
}

static void adopt_container(struct hollow *hollow, struct runtime_pod *pod, uint32_t place,
			    const struct core_container_status *status)
{
	int64_t ran_ms;

	if (status->state == NULL || status->state->running == NULL)
		return;
	ran_ms = (act_wall(hollow->config.act).ns - status->state->running->started_at.ns) / TIME_MS;
	slot(pod, place)->runs = true;
	await_exit(hollow, pod, place, ran_ms > 0 ? ran_ms : 0);
}

static bool adopt(struct runtime *self, struct runtime_pod *pod)
{
	struct hollow *hollow = of(self);
	const struct core_pod_status *status = pod->pod->status;
	const struct core_container_status_list lists[] = { status->init_container_statuses,
							    status->container_statuses,
							    status->ephemeral_container_statuses };

	if (!adopt_address(hollow, pod)) {
		drop(hollow, pod);
		return false;
	}
	for (size_t l = 0; l < sizeof lists / sizeof lists[0]; l++)
		for (uint32_t i = 0; i < lists[l].len; i++)
			for (uint32_t place = 0; place < container_count(pod->pod); place++)
				if (str_eq(container_at(pod->pod, place).name, lists[l].at[i].name))
					adopt_container(hollow, pod, place, &lists[l].at[i]);
	return true;
}

/* ---- the face --------------------------------------------------------------------------------------------------------------- */

static enum status set_range(struct runtime *self, struct str range)
{
	struct hollow *hollow = of(self);
	struct addresses fresh = { .len = 0 };

	TRY(addresses_init(&fresh, act_arena(hollow->config.act), range));
	if (fresh.base == hollow->addresses.base && fresh.len == hollow->addresses.len)
		return OK;
	addresses_begin(&fresh, act_random(hollow->config.act));
	hollow->addresses = fresh;
	/* Pods found before the range was known keep their addresses. */
	list_each (&hollow->pods, link) {
		struct hollow_pod *pod = list_item(link, struct hollow_pod, link);

		if (pod->address[0] != 0)
			pod->has_address =
			    addresses_claim(&hollow->addresses, str_from(pod->address)) == OK;
	}
	return OK;
}

static bool is_network_ready(const struct runtime *self, struct str *why)
{
	const struct hollow *hollow = (const struct hollow *)(const void *)self;

	if (hollow->addresses.len > 0)
		return true;
	*why = STR("the node has no range of pod addresses yet");
	return false;
}

static bool receive(struct runtime *self, const struct act_msg *msg)
{
	struct hollow *hollow = of(self);
	const struct hollow_stage *stage = msg->body;
	struct runtime_pod *pod;

	if (!ACT_IS(msg, hollow_stage))
		return false;
	pod = hollow->config.find(hollow->config.arg, stage->pod);
	if (pod == NULL || pod->private == NULL)
		return true;
	if (stage->stage >= STAGE_RUN)
		slot(pod, stage->place)->timer = 0;
	switch (stage->stage) {
	case STAGE_SANDBOX: sandbox_due(hollow, pod); break;
	case STAGE_GONE: gone_due(hollow, pod); break;
	case STAGE_RUN: run_due(hollow, pod, stage->place); break;
	case STAGE_READY: ready_due(hollow, pod, stage->place); break;
	case STAGE_EXIT: exit_due(hollow, pod, stage->place); break;
	case STAGE_STOP: stop_due(hollow, pod, stage->place); break;
	}
	return true;
}

struct runtime *hollow_new(const struct runtime_config *config)
{
	struct hollow *hollow = act_alloc(config->act, sizeof *hollow);

	hollow->config = *config;
	list_init(&hollow->pods);
	hollow->face = (struct runtime){
		.name = "hollow",
		.version = "1.0.0",
		.image_note =
		    "Container image \"%.*s\" is not pulled: the hollow runtime only pretends",
		.is_simulated = true,
		.set_range = set_range,
		.is_network_ready = is_network_ready,
		.sandbox_start = sandbox_start,
		.sandbox_stop = sandbox_stop,
		.container_start = container_start,
		.container_stop = container_stop,
		.adopt = adopt,
		.forget = forget,
		.receive = receive,
	};
	return &hollow->face;
}
