#include "deploy/main/admin/chaos-measure.h"

#include "actors/client/api.h"
#include "actors/client/request.h"
#include "datastore/schema/apps.h"

#define USER STR("system:serviceaccount:kube-system:chaos-controller")
#define PULSE_KEY STR("/troupe/chaos-pulse")
#define PULSES "/apis/apps/v1/namespaces/kube-system/deployments"
#define ASK_MS 1000U /* a change that is not answered by then is tried again */

static const char *const measured_names[] = {
#define X(name, text) text,
	CHAOS_MEASURED_MAP(X)
#undef X
};

const char *chaos_measured_name(enum chaos_measured what)
{
	return measured_names[what];
}

struct chaos_measure chaos_measure_of(struct act *act, const struct process *process,
				      const struct object *plan, struct arena *arena)
{
	struct str uid = object_uid(plan);

	return (struct chaos_measure){
		.act = act,
		.process = process,
		.arena = arena,
		.plan_name = arena_str(arena, object_name(plan)),
		.plan_uid = arena_str(arena, uid),
		.pulse = arena_printf(arena, "chaos-" STR_FMT, STR_ARG(uid)),
	};
}

static void tried(const struct chaos_measure *measure, struct chaos_gap *gap, struct mono began,
		  bool is_success)
{
	int64_t ms;

	if (gap->since.ns == 0)
		gap->since = began;
	ms = (act_now(measure->act).ns - gap->since.ns) / TIME_MS;
	if (ms > gap->worst_ms)
		gap->worst_ms = ms;
	if (is_success)
		gap->since.ns = 0;
	gap->successes += is_success;
}

/* ---- writes and reads ----------------------------------------------------------------------------------------- */

static bool write_key(struct chaos_measure *measure)
{
	return admin_write(measure->act, PULSE_KEY, STR("1"), STORE_ANY_REVISION) == OK;
}

static bool read_key(struct chaos_measure *measure)
{
	uint64_t revision;
	struct str value;

	return admin_read(measure->act, PULSE_KEY, measure->arena, &value, &revision) == OK;
}

/* ---- controllers ---------------------------------------------------------------------------------------------- */

/* The answer's code; *out is the Deployment in it, if there is one. */
static int ask(struct chaos_measure *measure, const char *method, struct str path,
	       struct str content_type, struct str body, const struct object **out)
{
	struct api_call call = request_call(method, path, USER);
	struct admin_asked asked;
	const struct api_answer *answer;
	int code = 0;

	*out = NULL;
	if (body.len > 0)
		request_set_body(&call, content_type, body);
	call.agent = STR("troupe");
	asked = admin_ask(measure->act, process_api(measure->act, measure->process), &api_call_type,
			  &call, ASK_MS);
	answer = asked.msg->body;
	if (asked.status == OK)
		code = answer->code;
	if (code == 200 || code == 201)
		*out = request_object(answer, &apps_deployment_type, NULL);
	admin_asked_end(&asked);
	return code;
}

static struct str path_of_pulse(const struct chaos_measure *measure, struct arena *arena)
{
	return arena_printf(arena, PULSES "/" STR_FMT, STR_ARG(measure->pulse));
}

static const struct object *make_pulse(struct chaos_measure *measure, struct arena *arena)
{
	const struct object *made;
	struct str body = arena_printf(
	    arena,
	    "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"" STR_FMT
	    "\",\"ownerReferences\":[{\"apiVersion\":\"troupe.internal/v1\",\"kind\":\"ChaosPlan\","
	    "\"name\":\"" STR_FMT "\",\"uid\":\"" STR_FMT "\"}]},\"spec\":{\"replicas\":0,"
	    "\"selector\":{\"matchLabels\":{\"app\":\"" STR_FMT "\"}},\"template\":{\"metadata\":{"
	    "\"labels\":{\"app\":\"" STR_FMT "\"}},\"spec\":{\"containers\":[{\"name\":\"none\","
	    "\"image\":\"none\"}]}}}}",
	    STR_ARG(measure->pulse), STR_ARG(measure->plan_name), STR_ARG(measure->plan_uid),
	    STR_ARG(measure->pulse), STR_ARG(measure->pulse));

	(void)ask(measure, "POST", STR(PULSES), API_TYPE_JSON, body, &made);
	return made;
}

static const struct object *change_pulse(struct chaos_measure *measure, struct arena *arena)
{
	const struct object *changed;
	struct str body =
	    arena_printf(arena, "{\"spec\":{\"minReadySeconds\":%u}}", measure->turn++ % 2);
	int code = ask(measure, "PATCH", path_of_pulse(measure, arena),
		       STR("application/merge-patch+json"), body, &changed);

	return code == 404 ? make_pulse(measure, arena) : changed;
}

static bool has_noticed(struct chaos_measure *measure, struct arena *arena)
{
	const struct object *pulse;
	const struct apps_deployment *deployment;
	bool is_so = false;

	(void)ask(measure, "GET", path_of_pulse(measure, arena), STR_NONE, STR_NONE, &pulse);
	if (pulse == NULL)
		return false;
	deployment = pulse->record;
	is_so = deployment->status != NULL &&
		deployment->status->observed_generation >= measure->wanted;
	object_unref(pulse);
	return is_so;
}

static void try_controllers(struct chaos_measure *measure)
{
	struct chaos_gap *gap = &measure->gaps[CHAOS_CONTROLLERS];
	struct mono began = act_now(measure->act);
	struct admin_room room = admin_room(measure->act);
	bool is_success = false;

	if (measure->wanted == 0) {
		const struct object *changed = change_pulse(measure, room.arena);

		if (changed != NULL) {
			measure->wanted = object_meta(changed)->generation;
			object_unref(changed);
		}
	} else if (has_noticed(measure, room.arena)) {
		is_success = true;
		measure->wanted = 0;
	}
	tried(measure, gap, began, is_success);
	admin_room_end(measure->act, &room);
}

/* ---- all of them ------------------------------------------------------------------------------------------------ */

bool chaos_measure_once(struct chaos_measure *measure)
{
	struct mono began = act_now(measure->act);
	bool is_written = write_key(measure), is_read;

	tried(measure, &measure->gaps[CHAOS_WRITES], began, is_written);
	began = act_now(measure->act);
	is_read = read_key(measure);
	tried(measure, &measure->gaps[CHAOS_READS], began, is_read);
	try_controllers(measure);
	return is_written && is_read && measure->gaps[CHAOS_CONTROLLERS].since.ns == 0;
}

void chaos_measure_clean(struct chaos_measure *measure)
{
	struct admin_room room = admin_room(measure->act);
	const struct object *gone;

	(void)!admin_write(measure->act, PULSE_KEY, STR_NONE, STORE_ANY_REVISION);
	(void)ask(measure, "DELETE", path_of_pulse(measure, room.arena), STR_NONE, STR_NONE, &gone);
	if (gone != NULL)
		object_unref(gone);
	admin_room_end(measure->act, &room);
}
