#include "actors/controller/run.h"

#include "actors/client/api.h"
#include "actors/client/request.h"
#include "datastore/object/json.h"
#include "datastore/object/patch/patch.h"
#include "datastore/object/record.h"
#include "datastore/schema/authorization.h"

#define CALL_MS 15000U
#define SETTLE_MS 5000 /* a cache that is further behind than this has lost its server */
#define BATCH_MAX 64U  /* requests of one key under way */
#define TAG_MARK 0x5000000000000000ULL
#define TAG_MARK_MASK 0xf000000000000000ULL

/* A tag: mark, slot (8 bits), number of the run (36 bits), write (16 bits). */
static uint64_t tag_of(const struct run *run, uint32_t slot, uint32_t write)
{
	return TAG_MARK | (uint64_t)slot << 52 | (run->number & 0xfffffffffULL) << 16 | write;
}

uint32_t run_slot_of(uint64_t tag)
{
	return (tag & TAG_MARK_MASK) == TAG_MARK ? (uint32_t)(tag >> 52 & 0xff) : UINT32_MAX;
}

/* ---- making calls ------------------------------------------------------------------------------------- */

static struct api_call record_call(const struct plan_write *w, const char *user)
{
	const struct meta_object_meta *meta = record_meta(w->type, w->record);
	bool is_create = w->verb == PLAN_CREATE;
	struct arena *arena = arena_new(0);
	struct str path = request_path(arena, w->type, meta->namespace,
				       is_create ? STR_NONE : meta->name, w->subresource);
	struct api_call call = request_call(is_create ? "POST" : "PUT", path, str_from(user));

	request_set_record(&call, w->type, w->record);
	arena_free(arena);
	return call;
}

/* Who takes nothing but protobuf is refused where there is none. NULL: the answer may be about any kind. */
static void accept_for(struct api_call *call, const struct type *type)
{
	if (type == NULL || (type->flags & TYPE_JSON_ONLY) != 0)
		call->accept = API_TYPE_JSON;
}

/* What differs, of this very version of the object. */
static struct api_call patch_call(const struct plan_write *w, const char *user)
{
	const struct meta_object_meta *meta = record_meta(w->type, w->record);
	struct arena *arena = arena_new(0);
	struct str path = request_path(arena, w->type, meta->namespace, meta->name, w->subresource);
	struct api_call call = request_call("PATCH", path, str_from(user));

	/* The version the patch is for must be in it, though it is the one that was read. */
	record_meta(w->type, w->before)->resource_version = STR_NONE;
	request_set_body(&call, STR("application/merge-patch+json"),
			 patch_between(w->type, w->before, w->record, arena));
	accept_for(&call, w->type);
	arena_free(arena);
	return call;
}

static struct api_call delete_call(const struct plan_write *w, const char *user)
{
	static const char *const policies[] = {
		[PLAN_BACKGROUND] = "Background", [PLAN_FOREGROUND] = "Foreground", [PLAN_ORPHAN] = "Orphan"
	};
	struct arena *arena = arena_new(0);
	struct api_call call = request_call(
	    "DELETE", request_path(arena, w->type, w->namespace, w->name, NULL), str_from(user));
	struct text body = text_in(call.arena, 4 * KIB);

	text_printf(
	    &body, "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\",\"propagationPolicy\":\"%s\"",
	    policies[w->how]);
	if (w->uid.len > 0)
		text_printf(&body, ",\"preconditions\":{\"uid\":\"" STR_FMT "\"}", STR_ARG(w->uid));
	if (w->grace_s >= 0)
		text_printf(&body, ",\"gracePeriodSeconds\":%jd", (intmax_t)w->grace_s);
	text_lit(&body, "}");
	call.content_type = API_TYPE_JSON;
	call.body = text_str(&body);
	accept_for(&call, w->type);
	arena_free(arena);
	return call;
}

static struct api_call raw_call(const struct plan_write *w, const char *user)
{
	struct api_call call = request_call(w->method, w->path, str_from(user));

	accept_for(&call, NULL);
	if (w->body.len > 0)
		request_set_body(&call, w->content_type, w->body);
	return call;
}

static struct api_call ask_call(const struct plan_write *w, const char *user)
{
	struct api_call call = request_call("GET", w->path, str_from(user));

	/* Who answers may be a program of others, which knows no protobuf. */
	call.accept = API_TYPE_JSON;
	return call;
}

static struct api_call call_of(const struct plan_write *w, const char *user)
{
	switch (w->verb) {
	case PLAN_DELETE: return delete_call(w, user);
	case PLAN_REQUEST: return raw_call(w, user);
	case PLAN_ASK: return ask_call(w, user);
	default: return w->before ? patch_call(w, user) : record_call(w, user);
	}
}

/* ---- sending ---------------------------------------------------------------------------------------------- */

static void fail(struct run *run, enum status outcome, const struct fault *why)
{
	if (run->outcome != OK)
		return;
	run->outcome = outcome;
	if (why != NULL)
		run->why = *why;
}

static void send_next(struct run *run, struct act *act, const struct run_sender *sender)
{
	uint32_t write = run->next++;
	bool is_create = run->plan.writes[write].verb == PLAN_CREATE;
	struct api_call call = call_of(&run->plan.writes[write], sender->user);
	enum status sent;

	call.term = sender->term;
	run->plan.writes[write].asked = act_now(act);
	run->plan.writes[write].asked_bytes = call.body.len;
	sent = act_request(act, act_named(act, sender->api), &api_call_type, &call, CALL_MS,
			   tag_of(run, sender->slot, write));
	if (sent == OK) {
		run->waiting++;
		run->batched += is_create;
		return;
	}
	api_call_free(&call);
	fail(run, sent, NULL);
}

/* Whether the next write may go while others are under way. */
static bool may_go(const struct run *run)
{
	const struct plan_write *next = &run->plan.writes[run->next], *before;

	if (run->waiting == 0)
		return true;
	before = &run->plan.writes[run->next - 1];
	if (next->verb == PLAN_ASK)
		return true;
	if (next->verb != before->verb || next->type != before->type)
		return false;
	if (next->verb == PLAN_CREATE)
		return run->batched < run->batch;
	return next->verb == PLAN_DELETE && run->waiting < BATCH_MAX;
}

static void wrote(struct run *run, const struct type *type, uint64_t revision)
{
	for (uint32_t i = 0; i < run->written_count; i++)
		if (run->written[i].type == type) {
			if (revision > run->written[i].revision)
				run->written[i].revision = revision;
			return;
		}
	if (run->written_count < RUN_TYPES_MAX)
		run->written[run->written_count++] = (struct run_seen){ type, revision };
}

/* Twice as many as the last one had, if all of those were made. */
static void next_batch(struct run *run)
{
	if (run->batched == 0)
		run->batch = 1;
	else if (run->batch < BATCH_MAX)
		run->batch *= 2;
	run->batched = 0;
}

static void finish(struct run *run, struct act *act)
{
	run->state = RUN_SETTLING;
	run->settle_until = (struct mono){ act_now(act).ns + SETTLE_MS * TIME_MS };
}

void run_go(struct run *run, struct act *act, const struct run_sender *sender)
{
	run->state = RUN_SENDING;
	if (run->waiting == 0)
		next_batch(run);
	while (run->outcome == OK && run->next < run->plan.write_count && may_go(run))
		send_next(run, act, sender);
	if (run->waiting == 0 && (run->outcome != OK || run->next == run->plan.write_count))
		finish(run, act);
}

/* ---- asking ------------------------------------------------------------------------------------------------- */

static void learn(struct run *run, const struct plan_write *asked, const struct api_answer *answer,
		  enum status outcome, struct fault *why)
{
	struct world_answer *new;
	const struct object *object = NULL;

	if (outcome == OK && (object = request_object(answer, asked->type, why)) == NULL)
		outcome = INTERNAL;
	run->answers = arena_grow(run->arena, run->answers, run->answer_count * sizeof *new,
				  (run->answer_count + 1) * sizeof *new);
	new = &run->answers[run->answer_count++];
	*new = (struct world_answer){ .path = asked->path, .status = outcome };
	if (object != NULL) {
		object_hold(run->arena, object);
		object_unref(object);
		new->record = object->record;
	} else {
		new->message = arena_str(run->arena, str_from(why->text));
	}
}

void run_give_up(struct run *run)
{
	run->state = RUN_FAILED;
	run->outcome = fault_set(&run->why, INTERNAL, "", "its plans ask for ever");
}

void run_again(struct run *run, uint64_t number)
{
	*run = (struct run){ .arena = run->arena,
			     .key = run->key,
			     .number = number,
			     .answers = run->answers,
			     .answer_count = run->answer_count,
			     .rounds = run->rounds + 1 };
}

/* ---- answers ------------------------------------------------------------------------------------------------ */

/* A later write of the same plan to the same object goes on from what this one made. */
static void pass_revision(struct run *run, uint32_t write, const struct object *made)
{
	const struct plan_write *done = &run->plan.writes[write];

	for (uint32_t i = write + 1; done->verb == PLAN_UPDATE && i < run->plan.write_count; i++) {
		const struct plan_write *later = &run->plan.writes[i];

		if (later->verb == PLAN_UPDATE && later->original == done->original)
			record_meta(later->type, later->record)->resource_version = arena_str(
			    run->arena,
			    object_meta((struct object *)(uintptr_t)made)->resource_version);
	}
}

static void count_made(struct run *run)
{
	while (run->made < run->plan.write_count && run->plan.writes[run->made].is_done)
		run->made++;
}

static void took(struct run *run, uint32_t write, const struct api_answer *answer)
{
	struct plan_write *w = &run->plan.writes[write];
	const struct object *made;

	w->is_done = true;
	count_made(run);
	if (w->type == NULL)
		return;
	made = request_object(answer, w->type, NULL);
	if (made == NULL) {
		/* A delete that was answered with a Status: the object is gone. */
		w->is_unwatched = w->verb == PLAN_DELETE;
		return;
	}
	wrote(run, w->type, (uint64_t)made->revision);
	pass_revision(run, write, made);
	object_unref(made);
}

/* What was to be deleted is gone: that is what was wanted. */
static bool is_fine(const struct plan_write *w, enum status outcome)
{
	return w->verb == PLAN_DELETE && outcome == NOT_FOUND;
}

/* A review that says no is a refusal. */
static enum status judged(const struct plan_write *w, const struct api_answer *answer,
			  enum status outcome, struct fault *why)
{
	const struct authorization_subject_access_review *asked = w->record, *review;
	const struct object *made;

	if (outcome != OK || w->type != &authorization_subject_access_review_type)
		return outcome;
	made = request_object(answer, w->type, NULL);
	review = made != NULL ? made->record : NULL;
	if (review == NULL || review->status == NULL || !review->status->allowed)
		outcome = fault_set(why, FORBIDDEN, "",
				    "subject access review was not approved: " STR_FMT,
				    STR_ARG(asked->spec->resource_attributes->subresource));
	object_unref(made);
	return outcome;
}

static void answered(struct run *run, uint32_t write, const struct api_answer *answer,
		     enum status outcome, const struct fault *why)
{
	struct plan_write *w = &run->plan.writes[write];

	if (outcome == OK) {
		took(run, write, answer);
	} else if (is_fine(w, outcome)) {
		w->is_done = w->is_unwatched = true;
		count_made(run);
	} else {
		if (run->outcome == OK)
			run->refused = w;
		fail(run, outcome, why);
	}
}

struct figures_call run_figure(const struct run *run, struct act *act, const struct act_msg *msg)
{
	uint32_t write = (uint32_t)(msg->tag & 0xffff);
	const struct api_answer *answer = msg->status == OK ? ACT_AS(msg, api_answer) : NULL;
	struct figures_call call = { .method = "PATCH" };
	const struct plan_write *w;

	if (answer != NULL)
		call = (struct figures_call){ call.method, answer->code, 0, 0, answer->body.len };
	if (run->state != RUN_SENDING || write >= run->plan.write_count)
		return call;
	w = &run->plan.writes[write];
	call.ns = act_now(act).ns - w->asked.ns;
	call.sent_bytes = w->asked_bytes;
	switch (w->verb) {
	case PLAN_CREATE:
	case PLAN_REQUEST: call.method = "POST"; break;
	case PLAN_DELETE: call.method = "DELETE"; break;
	case PLAN_ASK: call.method = "GET"; break;
	default: call.method = w->before != NULL ? "PATCH" : "PUT";
	}
	return call;
}

bool run_answered(struct run *run, struct act *act, const struct run_sender *sender,
		  const struct act_msg *msg)
{
	uint32_t write = (uint32_t)(msg->tag & 0xffff);
	struct fault why = { 0 };
	enum status outcome = msg->status;

	if (run->state != RUN_SENDING || msg->tag != tag_of(run, sender->slot, write))
		return false;
	assert(run->waiting > 0 && write < run->plan.write_count);
	run->waiting--;
	if (run->plan.writes[write].verb == PLAN_ASK) {
		if (outcome == OK)
			outcome = request_outcome(msg->body, &why);
		else
			fault_set(&why, outcome, "", "%s", status_text(outcome));
		learn(run, &run->plan.writes[write], msg->body, outcome, &why);
		run->plan.writes[write].is_done = true;
	} else if (outcome == OK) {
		outcome = judged(&run->plan.writes[write], msg->body,
				 request_outcome(msg->body, &why), &why);
		answered(run, write, msg->body, outcome, &why);
	} else {
		fail(run, outcome, NULL);
	}
	run_go(run, act, sender);
	return true;
}

/* ---- settling ------------------------------------------------------------------------------------------------- */

/* Whether the cache still shows it as if nobody had deleted it. */
static bool is_shown(const struct plan_write *w, struct caches *caches)
{
	const struct object *object = caches_take(caches, w->type, w->namespace, w->name);
	bool is_shown = object != NULL && str_eq(object_uid(object), w->uid) &&
			!object_meta(object)->has.deletion_timestamp;

	object_unref(object);
	return is_shown;
}

static bool is_behind(struct caches *caches, const struct type *type, uint64_t revision)
{
	return caches_revision(caches, type) < revision;
}

const struct type *run_lags(const struct run *run, struct caches *caches, uint32_t *at)
{
	const struct plan *plan = &run->plan;

	for (; *at < run->written_count; ++*at) {
		const struct run_seen *seen = &run->written[*at];

		if (is_behind(caches, seen->type, seen->revision))
			return ++*at, seen->type;
	}
	for (; *at < run->written_count + plan->await_count; ++*at) {
		const struct plan_await *await = &plan->awaits[*at - run->written_count];

		if (is_behind(caches, await->type, await->revision))
			return ++*at, await->type;
	}
	for (; *at < run->written_count + plan->await_count + plan->write_count; ++*at) {
		const struct plan_write *w =
		    &plan->writes[*at - run->written_count - plan->await_count];

		if (w->is_unwatched && is_shown(w, caches))
			return ++*at, w->type;
	}
	return NULL;
}

void run_settle(struct run *run, struct caches *caches, struct mono now)
{
	uint32_t at = 0;

	assert(run->state == RUN_SETTLING);
	run->is_late = now.ns >= run->settle_until.ns;
	if (run->is_late || run_lags(run, caches, &at) == NULL)
		run->state = run->outcome == OK ? RUN_DONE : RUN_FAILED;
}

const struct plan_event *run_event(struct run *run)
{
	const struct plan *plan = &run->plan;

	if (run->told == plan->event_count || plan->events[run->told].after > run->made)
		return NULL;
	return &plan->events[run->told++];
}
