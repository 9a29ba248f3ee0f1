#include "actors/server/audit/audit.h"

#include "actors/audit/audit-log.h"
#include "actors/server/audit/audit-event.h"
#include "actors/server/server-private.h"
#include "datastore/object/json.h"

#define ANSWER_MS 30000U /* a sink that does not say a word is like one that failed */

static const struct audit_options *options_of(const struct request *r)
{
	return r->server->config->audit;
}

/* ---- telling ---------------------------------------------------------------------------------------------- */

static bool is_told_of(const struct audit_state *state, enum audit_stage stage)
{
	return state->decision.level != AUDIT_NONE && !(state->decision.omitted & stage);
}

static struct audit_line new_line(struct request *r, const struct audit_state *state,
				  enum audit_stage stage)
{
	struct audit_line line = { .arena = arena_new(0) };

	line.text = audit_event_line(r, state, stage, line.arena);
	return line;
}

static bool blocks(const struct audit_sink *sink)
{
	return sink->mode != AUDIT_BATCH;
}

/* True: it is asked about, the step has to wait. One who does not take it counts it himself, unless he is not there. */
static bool send(struct request *r, const struct audit_sink *sink, struct audit_line line,
		 bool can_wait)
{
	struct act *act = r->server->act;
	struct act_ref to = act_whereis(act, sink->actor);
	enum status status;

	if (can_wait && blocks(sink)) {
		status = act_request(act, to, &audit_line_type, &line, ANSWER_MS, r->tag);
		r->is_at_store = status == OK;
	} else {
		status = act_send(act, to, &audit_line_type, &line);
	}
	if (status != OK) {
		arena_free(line.arena);
		metrics_add(r->server->counts.unaudited, 1);
	}
	return status == OK && can_wait && blocks(sink);
}

static void failed(struct request *r, const struct audit_sink *sink)
{
	if (sink->mode == AUDIT_STRICT)
		r->audit->has_failed = true;
}

/* One after the other, and each that blocks is waited for: true, and told goes on with the next. */
static bool tell_rest(struct request *r, enum audit_stage stage, bool can_wait)
{
	const struct audit_options *options = options_of(r);
	struct audit_state *state = r->audit;

	while (state->sink < options->sink_count) {
		const struct audit_sink *sink = &options->sinks[state->sink++];

		if (send(r, sink, new_line(r, state, stage), can_wait))
			return true;
		if (can_wait && blocks(sink))
			failed(r, sink); /* it does not take any */
	}
	return false;
}

static bool tell(struct request *r, enum audit_stage stage, bool can_wait)
{
	r->audit->sink = 0;
	r->audit->has_failed = false;
	metrics_add(r->server->counts.audited, 1);
	return tell_rest(r, stage, can_wait);
}

/* One that blocks has answered. True: another one is waited for. */
static bool told(struct request *r, enum audit_stage stage)
{
	if (r->store_answer->status != OK)
		failed(r, &options_of(r)->sinks[r->audit->sink - 1]);
	r->store_answer = NULL;
	return tell_rest(r, stage, true);
}

/* ---- the moments -------------------------------------------------------------------------------------------- */

static struct audit_state *decide(struct request *r, const struct user *user)
{
	struct audit_state *state = arena_new_of(r->arena, struct audit_state);
	struct attributes attributes = {
		.user = user,
		.verb = r->route.verb_name,
		.is_resource = r->route.is_resource,
		.group = r->route.group,
		.version = r->route.version,
		.resource = r->route.resource,
		.subresource = r->route.subresource,
		.namespace = r->route.namespace,
		.name = r->route.name,
		.path = r->asked.path,
	};

	state->decision = audit_policy_decide(options_of(r)->policy, &attributes);
	state->is_known = user != NULL;
	if (user != NULL)
		state->user = *user;
	state->received.ns =
	    act_wall(r->server->act).ns - (act_now(r->server->act).ns - r->began.ns);
	return state->decision.level == AUDIT_NONE ? NULL : state;
}

enum next audit_receive(struct request *r)
{
	if (options_of(r) == NULL)
		return NEXT;
	if (r->store_answer != NULL) {
		if (told(r, AUDIT_RECEIVED))
			return WAIT;
	} else {
		r->audit = decide(r, &r->user);
		if (r->audit == NULL || !is_told_of(r->audit, AUDIT_RECEIVED))
			return NEXT;
		if (tell(r, AUDIT_RECEIVED, true))
			return WAIT;
	}
	return !r->audit->has_failed
		   ? NEXT
		   : request_fail(r, failure_internal(r->arena, "the request cannot be audited"));
}

void audit_decoded(struct request *r)
{
	struct text out;

	if (r->audit == NULL || r->audit->decision.level < AUDIT_REQUEST || r->record == NULL ||
	    r->audit->request_object.at != NULL || str_is(r->asked.method, "PATCH"))
		return;
	out = text_in(r->arena, LIMIT_RECORD_BYTES);
	json_encode(r->type, r->record, &out);
	r->audit->request_object = text_str(&out);
}

enum next audit_answer(struct request *r)
{
	if (options_of(r) == NULL || r->is_gone || request_watch(r) != NULL)
		return NEXT;
	/* Refused before anybody was known: upstream tells of that at the stage at which it began to answer. */
	if (r->audit == NULL && r->user.name.len == 0 && r->answer.code == 401) {
		r->audit = decide(r, NULL);
		if (r->audit != NULL) {
			r->audit->is_told = true;
			if (is_told_of(r->audit, AUDIT_STARTED))
				tell(r, AUDIT_STARTED, false);
		}
		return NEXT;
	}
	if (r->audit != NULL && r->audit->is_telling) {
		r->audit->is_telling = told(r, AUDIT_COMPLETE);
		return r->audit->is_telling ? WAIT : NEXT;
	}
	if (r->audit == NULL || r->audit->is_told)
		return NEXT;
	r->audit->is_told = true;
	if (!is_told_of(r->audit, AUDIT_COMPLETE))
		return NEXT;
	r->audit->is_telling = tell(r, AUDIT_COMPLETE, true);
	return r->audit->is_telling ? WAIT : NEXT;
}

void audit_start(struct request *r)
{
	if (r->audit != NULL && is_told_of(r->audit, AUDIT_STARTED))
		tell(r, AUDIT_STARTED, false);
}

void audit_end(struct request *r)
{
	if (r->audit == NULL || r->audit->is_told)
		return;
	r->audit->is_told = true;
	if (is_told_of(r->audit, AUDIT_COMPLETE))
		tell(r, AUDIT_COMPLETE, false);
}
