#include <stdio.h>

#include "actors/node/agent-private.h"
#include "runtime/base/log.h"

/*
 * The pods of this node: each has a machine, which is asked what to do after everything that happens to it.
 */

struct pods_due {
	uint64_t pod;
};
static const ACT_TYPE(pods_due, .id = 0);

static struct str number_key(const uint64_t *number)
{
	return str_of(number, sizeof *number);
}

struct agent_pod *pods_find(const struct agent *agent, uint64_t number)
{
	return map_get(&agent->numbers, number_key(&number));
}

struct runtime_pod *pods_runtime(void *arg, uint64_t number)
{
	struct agent_pod *pod = pods_find(arg, number);

	return pod != NULL ? &pod->machine->runtime : NULL;
}

/* ---- what people are told ------------------------------------------------------------------------------------------- */

static void tell(struct agent *agent, const struct agent_pod *pod, struct str container,
		 bool is_warning, const char *reason, struct str message)
{
	struct events_about about = { &core_pod_type, pod_machine_pod(pod->machine)->metadata,
				      container };

	events_write(&agent->events, agent->act, &about, is_warning, reason, message);
}

static void tell_of(struct agent *agent, const struct agent_pod *pod, struct str container,
		    const char *reason, const char *format, struct str what)
{
	char words[512];
	int len = snprintf(words, sizeof words, format, STR_ARG(what));

	tell(agent, pod, container, false, reason,
	     str_of(words, len < (int)sizeof words ? (size_t)len : sizeof words - 1));
}

static void tell_back_off(struct agent *agent, const struct agent_pod *pod, struct str container)
{
	const struct meta_object_meta *meta = pod_machine_pod(pod->machine)->metadata;
	char words[768];
	int len = snprintf(words, sizeof words,
			   "Back-off restarting failed container " STR_FMT " in pod " STR_FMT
			   "_" STR_FMT "(" STR_FMT ")",
			   STR_ARG(container), STR_ARG(meta->name), STR_ARG(meta->namespace),
			   STR_ARG(meta->uid));

	tell(agent, pod, container, true, "BackOff",
	     str_of(words, len < (int)sizeof words ? (size_t)len : sizeof words - 1));
}

static void tell_event(struct agent *agent, const struct agent_pod *pod,
		       const struct runtime_event *event)
{
	struct container which = container_at(pod_machine_pod(pod->machine), event->place);

	switch (event->what) {
	case RUNTIME_SANDBOX_FAILED:
		tell(agent, pod, STR_NONE, true, "FailedCreatePodSandBox", event->message);
		break;
	case RUNTIME_CONTAINER_RUNS:
		tell_of(agent, pod, which.name, "Pulled", agent->runtime->image_note, which.image);
		tell(agent, pod, which.name, false, "Created", STR("Container created"));
		tell(agent, pod, which.name, false, "Started", STR("Container started"));
		break;
	case RUNTIME_CONTAINER_FAILED:
		tell(agent, pod, which.name, true, "Failed", event->message);
		break;
	case RUNTIME_CONTAINER_ENDED:
		if (pod_machine_backs_off(&pod->machine->containers[event->place]))
			tell_back_off(agent, pod, which.name);
		break;
	default: break;
	}
}

/* Nobody may take a simulated pod for a real one. */
static void warn_once(struct agent *agent, const struct agent_pod *pod)
{
	if (agent->has_warned || !agent->runtime->is_simulated)
		return;
	agent->has_warned = true;
	tell(agent, pod, STR_NONE, true, "HollowRuntime",
	     STR("Pods on this node are simulated: the hollow runtime gives them addresses and "
		 "turns "
		 "them Running, but runs no containers"));
}

/* ---- driving a machine --------------------------------------------------------------------------------------------- */

static void count(struct agent *agent, struct agent_pod *pod, bool is_counted)
{
	const struct core_node *node = agent_node(agent);

	if (pod->is_counted == is_counted || node == NULL)
		return;
	pod->is_counted = is_counted;
	if (is_counted)
		fit_add(&agent->use, node, pod_machine_pod(pod->machine));
	else
		fit_remove(&agent->use, node, pod_machine_pod(pod->machine));
}

static void forget(struct agent *agent, struct agent_pod *pod)
{
	count(agent, pod, false);
	reports_forget(agent, pod);
	if (pod->timer != 0)
		act_cancel(agent->act, pod->timer);
	map_remove(&agent->numbers, number_key(&pod->machine->runtime.number));
	map_remove(&agent->pods, object_uid(pod->machine->object));
	pod_machine_free(pod->machine);
	mem_free(pod);
}

static void do_step(struct agent *agent, struct agent_pod *pod, const struct pod_step *step)
{
	struct runtime *runtime = agent->runtime;
	struct runtime_pod *of = &pod->machine->runtime;
	struct str name;

	switch (step->kind) {
	case POD_SANDBOX_START:
		warn_once(agent, pod);
		runtime->sandbox_start(runtime, of);
		break;
	case POD_SANDBOX_STOP: runtime->sandbox_stop(runtime, of); break;
	case POD_CONTAINER_START: runtime->container_start(runtime, of, step->place); break;
	case POD_CONTAINER_STOP:
		name = container_at(of->pod, step->place).name;
		tell_of(agent, pod, name, "Killing", "Stopping container %.*s", name);
		runtime->container_stop(runtime, of, step->place, step->grace_ms);
		break;
	}
}

static void set_timer(struct agent *agent, struct agent_pod *pod)
{
	int64_t wait_ms = pod_machine_wait_ms(pod->machine, agent_now(agent));

	if (pod->timer != 0)
		act_cancel(agent->act, pod->timer);
	pod->timer = 0;
	if (wait_ms >= 0)
		pod->timer = act_after(agent->act, (uint64_t)wait_ms, &pods_due_type,
				       &(struct pods_due){ pod->machine->runtime.number });
}

/* The pod is gone afterwards if it is over and its object too. */
static void drive(struct agent *agent, struct agent_pod *pod)
{
	struct pod_step step;

	while (pod_machine_next(pod->machine, agent_now(agent), &step))
		do_step(agent, pod, &step);
	if (pod->machine->state == POD_ENDED)
		count(agent, pod, false);
	if (pod->machine->state == POD_ENDED && pod->machine->is_vanished) {
		forget(agent, pod);
		return;
	}
	set_timer(agent, pod);
	reports_mark(agent, pod);
}

void pods_happened(void *arg, const struct runtime_event *event)
{
	struct agent *agent = arg;
	struct agent_pod *pod = pods_find(agent, event->pod);

	if (pod == NULL)
		return;
	pod_machine_take(pod->machine, event, agent_now(agent));
	tell_event(agent, pod, event);
	drive(agent, pod);
}

/* ---- pods that come and go ----------------------------------------------------------------------------------------- */

static void admit(struct agent *agent, struct agent_pod *pod)
{
	const struct core_node *node = agent_node(agent);
	struct fit_refusal why = { .reason = STR_NONE };
	struct arena *arena;

	if (node == NULL)
		return;
	arena = arena_new(0);
	if (!fit_check(node, &agent->use, pod_machine_pod(pod->machine), arena, &why)) {
		pod_machine_refuse(pod->machine, why.reason, why.message);
		tell(agent, pod, STR_NONE, true, pod->machine->reason, why.message);
	}
	arena_free(arena);
}

static void add(struct agent *agent, const struct object *object)
{
	struct agent_pod *pod = mem_new(struct agent_pod);

	list_init(&pod->dirty);
	pod->machine = pod_machine_new(object, ++agent->next_number, agent_now(agent));
	map_put(&agent->pods, object_uid(object), pod);
	map_put(&agent->numbers, number_key(&pod->machine->runtime.number), pod);
	if (pod_machine_resume(pod->machine)) {
		if (!agent->runtime->adopt(agent->runtime, &pod->machine->runtime))
			pod_machine_lost(pod->machine, agent_now(agent));
	} else if (pod->machine->state == POD_NEW) {
		admit(agent, pod);
	}
	if (pod->machine->state != POD_ENDED)
		count(agent, pod, true);
	drive(agent, pod);
}

static void vanish(struct agent *agent, struct str uid)
{
	struct agent_pod *pod = map_get(&agent->pods, uid);

	if (pod == NULL)
		return;
	pod_machine_vanish(pod->machine);
	drive(agent, pod);
}

static void see(struct agent *agent, const struct object *object)
{
	struct agent_pod *pod = map_get(&agent->pods, object_uid(object));
	bool was_counted;

	if (pod == NULL) {
		add(agent, object);
		return;
	}
	/* What it asks for may have been resized. */
	was_counted = pod->is_counted;
	count(agent, pod, false);
	pod_machine_see(pod->machine, object);
	if (was_counted)
		count(agent, pod, true);
	drive(agent, pod);
}

static void changed(void *arg, enum informer_change change, const struct object *object,
		    const struct object *old)
{
	struct agent *agent = arg;

	if (change == INFORMER_DELETED) {
		vanish(agent, object_uid(object));
		return;
	}
	/* Deleted and made again under its name between two lists. */
	if (old != NULL && !str_eq(object_uid(old), object_uid(object)))
		vanish(agent, object_uid(old));
	see(agent, object);
}

/* ---- life ----------------------------------------------------------------------------------------------------------- */

void pods_start(struct agent *agent)
{
	if (agent->informer != NULL)
		return;
	agent->informer = informer_start(
	    agent->act, &(struct informer_config){
			    .type = &core_pod_type,
			    .field_selector = arena_printf(act_arena(agent->act),
							   "spec.nodeName=%s", agent->args->node),
			    .user = str_from(agent->user),
			    .api = agent->args->api,
			    .on_event = changed,
			    .arg = agent });
	act_own(agent->act, informer_release, agent->informer);
}

bool pods_receive(struct agent *agent, const struct act_msg *msg)
{
	struct agent_pod *pod;

	if (agent->informer != NULL && informer_receive(agent->informer, agent->act, msg))
		return true;
	if (!ACT_IS(msg, pods_due))
		return false;
	pod = pods_find(agent, ACT_AS(msg, pods_due)->pod);
	if (pod != NULL) {
		pod->timer = 0;
		drive(agent, pod);
	}
	return true;
}

/* The actor has ended: only memory is given back. */
void pods_release(void *arg)
{
	struct agent *agent = arg;
	struct str key;
	void *value;

	for (uint32_t at = 0; map_next(&agent->pods, &at, &key, &value);) {
		struct agent_pod *pod = value;

		agent->runtime->forget(agent->runtime, &pod->machine->runtime);
		pod_machine_free(pod->machine);
		mem_free(pod);
	}
	map_fini(&agent->pods);
	map_fini(&agent->numbers);
}
