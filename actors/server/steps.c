#include "actors/server/audit/audit.h"
#include "actors/server/outside/conversions.h"
#include "actors/server/proxy/proxy.h"
#include "actors/server/server-private.h"
#include "actors/server/verb/carry.h"
#include "runtime/base/log.h"

/*
 * The life of a request, top to bottom. What a verb does between decode and persist is its struct verb_steps; all else is the same
 * for everybody. There are two jumps: a failure goes forward to respond, a write that meets a newer object goes back to decode.
 */
#define VERB_STEP(name)                                                   \
	static enum next name(struct request *r)                          \
	{                                                                 \
		return r->steps->name != NULL ? r->steps->name(r) : NEXT; \
	}
VERB_STEP(decode)
VERB_STEP(validate)
VERB_STEP(persist)

/* What is live, or late, is looked at first, whatever is then done with it. */
static enum next read(struct request *r)
{
	enum next next = NEXT;

	audit_decoded(r);
	if (r->resource != NULL)
		next = r->resource->live != NULL ? live_refresh(r) : late_look(r);
	if (next != NEXT)
		return next;
	return r->steps->read != NULL ? r->steps->read(r) : NEXT;
}

static enum next admit(struct request *r)
{
	enum next next = r->steps->admit != NULL ? late_admit(r) : NEXT;

	return next == NEXT && r->steps->admit != NULL ? r->steps->admit(r) : next;
}

static const struct step {
	const char *name;
	enum next (*run)(struct request *r);
} steps[STEP_COUNT] = {
	[STEP_ROUTE] = { "route", enter_route },
	[STEP_AUTHENTICATE] = { "authenticate", access_authenticate },
	[STEP_AUDIT] = { "audit", audit_receive },
	[STEP_IMPERSONATE] = { "impersonate", impersonate },
	[STEP_AUTHORIZE] = { "authorize", enter_authorize },
	[STEP_DECODE] = { "decode", decode },
	[STEP_READ] = { "read", read },
	[STEP_ADMIT] = { "admit", admit },
	[STEP_VALIDATE] = { "validate", validate },
	[STEP_PERSIST] = { "persist", persist },
	[STEP_RESPOND] = { "respond", respond },
	[STEP_TELL] = { "tell", audit_answer },
};

static void finish(struct request *r);

void request_run(struct request *r)
{
	enum next next = NEXT;

	r->is_waiting = false;
	r->is_running = true;
	while (next == NEXT && r->step < STEP_COUNT) {
		r->started = r->step++;
		next = steps[r->started].run(r);
		if (next == DONE && r->started < STEP_RESPOND) {
			r->step = STEP_RESPOND;
			next = NEXT;
		}
	}
	r->store_answer = NULL;
	r->is_running = false;
	if (next == WAIT && !r->is_gone) {
		r->step = r->started;
		r->is_waiting = true;
		return;
	}
	finish(r);
}

void request_run_all(struct list *waiting)
{
	struct list ready;

	list_init(&ready);
	list_each (waiting, link) {
		list_remove(link);
		list_push(&ready, link);
	}
	while (!list_is_empty(&ready)) {
		struct request *r = list_item(ready.next, struct request, wait_link);

		list_remove(&r->wait_link);
		request_run(r);
	}
}

enum next request_jump(struct request *r, enum step_number step)
{
	r->step = step;
	return NEXT;
}

/* ---- the end ----------------------------------------------------------------------------------------------- */

static void leave(struct request *r)
{
	list_remove(&r->wait_link);
	carry_leave(r);
	conversion_drop(r->conversion);
	proxy_drop(r);
	r->conversion = NULL;
	if (r->mechanism.waiter.on_cancel != NULL)
		r->mechanism.waiter.on_cancel(r->mechanism.waiter.arg);
	r->mechanism.waiter.on_cancel = NULL;
}

/* The answer is handed over, or nobody wants it. */
static void release(struct request *r)
{
	const struct door *door = r->door;

	if (r->is_waiting || r->is_running)
		return;
	server_request_free(r);
	door->release(r);
}

static void finish(struct request *r)
{
	if (request_watch(r) != NULL && !r->is_gone) {
		watch_settle(request_watch(r)); /* it stands: watch.c ends it */
		return;
	}
	if (!r->is_gone && !r->is_answered) {
		r->is_answered = true;
		r->door->answer(r);
	}
	measure_answered(r);
	release(r);
}

void request_cancel(struct request *r)
{
	r->is_gone = true;
	leave(r);
	if (request_watch(r) != NULL)
		watch_gone(request_watch(r));
	if (r->is_at_store)
		act_request_cancel(r->server->act, r->tag);
	r->is_waiting = r->is_at_store = false;
	release(r);
}

void request_expire(struct request *r)
{
	if (r->is_answered || request_watch(r) != NULL)
		return;
	r->answer = (struct answer){
		.failure = failure_timeout(r->arena, 0,
					   "request did not complete within the allotted timeout"),
	};
	respond(r);
	audit_end(r);
	r->is_answered = true;
	measure_terminated(r, r->answer.code);
	measure_answered(r);
	r->door->answer(r);
	request_cancel(r);
}

/* A write that comes too late is an answer as any. */
static bool is_store_failure(const struct act_msg *msg)
{
	enum status status = store_outcome(msg);

	return status != OK && status != CONFLICT && status != NOT_FOUND;
}

void request_store_answered(struct request *r, const struct act_msg *msg)
{
	struct carried room;

	r->is_at_store = false;
	if (r->errand != NULL && !carry_answered(r, &msg, &room))
		return;
	r->errand = NULL;
	r->store_answer = msg;
	if (r->store_operation != NULL)
		measure_store(r, r->store_operation, is_store_failure(msg));
	r->store_operation = NULL;
	request_run(r);
}

/* The caches do not get where the asker wants them: as if it knew the future. */
static struct failure *too_large_version(struct request *r)
{
	struct failure *failure = failure_timeout(
	    r->arena, 1,
	    arena_cstr(r->arena,
		       request_printf(r, "Too large resource version: %ju, current: %ju",
				      (uintmax_t)r->wait_revision, (uintmax_t)request_shown(r))));

	failure_cause_add(failure, r->arena, STR("ResourceVersionTooLarge"),
			  STR("Too large resource version"), STR_NONE);
	return failure;
}

/* What people ask for while there is no majority is answered by what is here; who acts on it for the cluster has to know it is so. */
static bool is_answered_stale(struct request *r, enum status status)
{
	if (status != UNAVAILABLE || r->is_mutating || r->door->is_near ||
	    !feed_is_ready(r->server) || !feed_is_leaderless(r->server))
		return false;
	request_warn(r, STR("the datastore has no majority: this is what this node has, and may "
			    "not be the latest; nothing can be changed"));
	return true;
}

void request_revision_reached(struct request *r, enum status status)
{
	if (status == OK || is_answered_stale(r, status)) {
		request_run(r);
		return;
	}
	r->step = STEP_RESPOND;
	if (status == TIMEOUT)
		request_fail(r, too_large_version(r));
	else
		request_fail_status(r, status, NULL);
	request_run(r);
}
