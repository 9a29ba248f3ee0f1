#include "actors/client/api.h"
#include "actors/client/request.h"
#include "actors/node/agent-private.h"
#include "actors/node/pod/pod-status.h"
#include "datastore/object/record.h"
#include "runtime/base/log.h"

/*
 * Reports: what the API server is told about pods. A pod stands in line at most once, and what is sent is made when its turn
 * comes, so many changes are one write. At most REPORTS_MAX are under way, one for a pod; the next one of a pod is made only from
 * an object that has its last one. When a pod is over and its status says so, it is deleted.
 */

#define REPORTS_MAX 32U
#define HOLD_MS \
	100U /* what is passed within this is not worth a write: a pod on its way to Running */
#define RETRY_MIN_MS 20U
#define RETRY_MAX_MS 5000U

struct reports_due {
	uint64_t pod;
};
static const ACT_TYPE(reports_due, .id = 0);

static uint64_t tag_of(const struct agent_pod *pod)
{
	return AGENT_TAG_POD | pod->machine->runtime.number;
}

/* ---- the line ------------------------------------------------------------------------------------------------------- */

static void hold(struct agent *agent, struct agent_pod *pod, uint64_t ms)
{
	if (pod->hold == 0)
		pod->hold = act_after(agent->act, ms, &reports_due_type,
				      &(struct reports_due){ pod->machine->runtime.number });
}

static void release(struct agent *agent, struct agent_pod *pod)
{
	if (pod->hold != 0)
		act_cancel(agent->act, pod->hold);
	pod->hold = 0;
}

static void stand_in_line(struct agent *agent, struct agent_pod *pod)
{
	if (list_is_empty(&pod->dirty))
		list_push(&agent->dirty, &pod->dirty);
}

static bool is_passing(const struct agent_pod *pod)
{
	enum pod_state state = pod->machine->state;

	return state == POD_NEW || state == POD_PREPARING ||
	       (state == POD_STOPPING && pod->machine->is_asked) ||
	       (state < POD_STOPPING && str_is(pod_machine_phase(pod->machine), "Pending"));
}

void reports_mark(struct agent *agent, struct agent_pod *pod)
{
	if (pod->is_asked) {
		pod->is_due = true;
		return;
	}
	if (pod->failures > 0 && pod->hold != 0)
		return;
	if (is_passing(pod)) {
		hold(agent, pod, HOLD_MS);
		return;
	}
	release(agent, pod);
	stand_in_line(agent, pod);
}

void reports_forget(struct agent *agent, struct agent_pod *pod)
{
	release(agent, pod);
	list_remove(&pod->dirty);
	if (pod->is_asked) {
		act_request_cancel(agent->act, tag_of(pod));
		agent->reports--;
	}
}

static void retry(struct agent *agent, struct agent_pod *pod)
{
	uint64_t most = (uint64_t)RETRY_MIN_MS << (pod->failures < 8 ? pod->failures : 8);

	if (most > RETRY_MAX_MS)
		most = RETRY_MAX_MS;
	pod->failures++;
	hold(agent, pod, most / 2 + act_random(agent->act) % (most / 2 + 1));
}

/* ---- what is sent ----------------------------------------------------------------------------------------------------- */

static struct api_call status_call(struct agent *agent, const struct core_pod *pod,
				   struct core_pod_status *status, struct arena *arena)
{
	struct core_pod changed = *pod;
	struct api_call call =
	    request_call("PUT",
			 request_path(arena, &core_pod_type, pod->metadata->namespace,
				      pod->metadata->name, "status"),
			 str_from(agent->user));

	changed.status = status;
	request_set_record(&call, &core_pod_type, &changed);
	return call;
}

static struct api_call delete_call(struct agent *agent, const struct core_pod *pod,
				   struct arena *arena)
{
	struct api_call call = request_call(
	    "DELETE",
	    request_path(arena, &core_pod_type, pod->metadata->namespace, pod->metadata->name, NULL),
	    str_from(agent->user));

	request_set_body(&call, API_TYPE_JSON,
			 arena_printf(arena,
				      "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\","
				      "\"gracePeriodSeconds\":0,"
				      "\"preconditions\":{\"uid\":\"" STR_FMT "\"}}",
				      STR_ARG(pod->metadata->uid)));
	return call;
}

/* True: there is something to be said, and it is in `out`. */
static bool make(struct agent *agent, struct agent_pod *pod, struct arena *arena,
		 struct api_call *out)
{
	const struct pod_machine *machine = pod->machine;
	const struct core_pod *record = pod_machine_pod(machine);
	struct core_pod_status *status;

	if (machine->is_vanished || (uint64_t)machine->object->revision < pod->written)
		return false;
	status =
	    pod_status_make(arena, machine, str_from(agent->args->address), act_wall(agent->act));
	if (!record_equal(&core_pod_status_type, status, record->status)) {
		pod->is_deleting = false;
		*out = status_call(agent, record, status, arena);
		return true;
	}
	if (machine->state != POD_ENDED || !record->metadata->has.deletion_timestamp ||
	    pod->is_deleting)
		return false;
	pod->is_deleting = true;
	*out = delete_call(agent, record, arena);
	return true;
}

static void report(struct agent *agent, struct agent_pod *pod)
{
	struct arena *arena = arena_new(0);
	struct api_call call;

	list_remove(&pod->dirty);
	if (make(agent, pod, arena, &call)) {
		pod->is_due = false;
		if (agent_call(agent, &call, tag_of(pod)) == OK) {
			pod->is_asked = true;
			agent->reports++;
		} else {
			pod->is_deleting = false;
			retry(agent, pod);
		}
	}
	arena_free(arena);
}

void reports_flush(struct agent *agent)
{
	while (agent->reports < REPORTS_MAX && !list_is_empty(&agent->dirty))
		report(agent, list_item(agent->dirty.next, struct agent_pod, dirty));
}

/* ---- answers ------------------------------------------------------------------------------------------------------------- */

static void written(struct agent *agent, struct agent_pod *pod, const struct api_answer *answer)
{
	const struct object *made = request_object(answer, &core_pod_type, NULL);

	pod->failures = 0;
	if (made != NULL && !pod->is_deleting)
		pod->written = (uint64_t)made->revision;
	object_unref(made);
	/* After the status of a pod that is over comes its deletion, when the informer has that status. */
	if (pod->is_due)
		reports_mark(agent, pod);
}

/* Gone, or another by now: the informer says so soon. */
static bool is_over(const struct agent_pod *pod, enum status outcome)
{
	return outcome == NOT_FOUND || (outcome == CONFLICT && pod->is_deleting);
}

static void answered(struct agent *agent, struct agent_pod *pod, const struct act_msg *msg)
{
	enum status outcome = msg->status;
	struct fault why = { 0 };

	pod->is_asked = false;
	agent->reports--;
	if (outcome == OK)
		outcome = request_outcome(msg->body, &why);
	if (outcome == OK) {
		written(agent, pod, msg->body);
		return;
	}
	if (is_over(pod, outcome))
		return;
	pod->is_deleting = false;
	if (outcome != CONFLICT && (pod->failures == 0 || pod->failures % 8 == 7))
		log_warn("node", "a pod's status cannot be written",
			 LOG_STR("namespace", object_namespace(pod->machine->object)),
			 LOG_STR("pod", object_name(pod->machine->object)), LOG_STATUS(outcome),
			 LOG_FAULT(&why));
	retry(agent, pod);
}

bool reports_receive(struct agent *agent, const struct act_msg *msg)
{
	struct agent_pod *pod;

	if (ACT_IS(msg, reports_due)) {
		pod = pods_find(agent, ACT_AS(msg, reports_due)->pod);
		if (pod != NULL) {
			pod->hold = 0;
			stand_in_line(agent, pod);
		}
		return true;
	}
	if (msg->kind != ACT_ANSWER || (msg->tag & AGENT_TAG_MASK) != AGENT_TAG_POD)
		return false;
	pod = pods_find(agent, msg->tag & ~AGENT_TAG_MASK);
	if (pod != NULL && pod->is_asked)
		answered(agent, pod, msg);
	return true;
}
