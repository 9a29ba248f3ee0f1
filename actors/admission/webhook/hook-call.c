#include "actors/admission/webhook/hook-call.h"

#include "actors/admission/webhook/hook-measure.h"
#include "actors/client/uid.h"

#define PORT 443

static struct outside_place place_of(const struct hook *hook)
{
	const struct admissionregistration_webhook_client_config *client = hook->client;
	const struct admissionregistration_service_reference *service = client->service;
	struct outside_place place = { .authorities = client->ca_bundle.len > 0 ? client->ca_bundle
										: STR_NONE };

	if (service == NULL) {
		place.url = client->url;
		return place;
	}
	place.namespace = service->namespace;
	place.service = service->name;
	place.path = service->path;
	place.port = service->has.port ? service->port : PORT;
	return place;
}

static struct failure *no_dry_run(struct arena *arena, const struct hook *hook)
{
	return failure_bad_request(arena,
				   "admission webhook \"" STR_FMT "\" does not support dry run",
				   STR_ARG(hook->name));
}

void hook_call_begin(struct hook_call *call, const struct hook *hook, const struct admission *view,
		     void (*done)(void *arg), void *arg)
{
	const struct check_context *check = &view->check;
	struct outside_post post = { .answer_max_bytes = LIMIT_HOOK_ANSWER_BYTES,
				     .done = done,
				     .arg = arg };

	*call = (struct hook_call){ .hook = hook, .view = view };
	if (view->is_dry_run && !hook->has_no_side_effects) {
		call->refused = no_dry_run(check->arena, hook);
		return;
	}
	if (check->outside == NULL || hook->client == NULL) {
		call->wrong = STR("could not get REST client: there is none");
		return;
	}
	if (review_version_of(hook->versions, &call->version) != OK) {
		call->wrong = STR("could not create admission objects: webhook does not accept "
				  "known AdmissionReview versions (v1, v1beta1)");
		return;
	}
	call->uid = uid_new(check->act, check->arena);
	call->began = act_now(check->act);
	post.place = place_of(hook);
	post.body = review_ask(view, call->version, call->uid);
	post.timeout_ms = hook->timeout_ms < check->left_ms ? hook->timeout_ms : check->left_ms;
	call->outside = check->outside->post(check->outside->self, check->arena, &post);
}

bool hook_call_is_done(const struct hook_call *call)
{
	return call->outside == NULL || call->outside->is_done;
}

void hook_call_drop(struct hook_call *call, const struct admission *admission)
{
	const struct outside *outside = admission->check.outside;

	if (!hook_call_is_done(call))
		outside->drop(outside->self, call->outside);
}

/* ---- what comes of it ---------------------------------------------------------------------------------------- */

static enum check deny(struct admission *admission, struct failure *failure)
{
	admission->failure = failure;
	return CHECK_DENY;
}

enum check hook_call_failed(const struct hook *hook, struct admission *admission, struct str words)
{
	if (hook->ignores_failures) {
		admission_annotate(admission,
				   arena_printf(admission->check.arena,
						"failed-open.%s.webhook.admission.k8s.io/"
						"round_%d_index_%u",
						hook->is_mutating ? "mutation" : "validating",
						admission->is_again, hook->index),
				   hook->name);
		return CHECK_PASS;
	}
	return deny(admission, failure_internal(admission->check.arena,
						"failed calling webhook \"" STR_FMT "\": " STR_FMT,
						STR_ARG(hook->name), STR_ARG(words)));
}

/* Its own status, but one of a failure that says who has denied. */
static enum check denied(const struct hook *hook, struct admission *admission,
			 struct failure *failure)
{
	struct arena *arena = admission->check.arena;
	struct str why = failure->message.len > 0 ? failure->message : failure->reason;

	if (failure->code < 400)
		failure->code = 400;
	failure->message = why.len > 0 ? arena_printf(arena,
						      "admission webhook \"" STR_FMT
						      "\" denied the request: " STR_FMT,
						      STR_ARG(hook->name), STR_ARG(why))
				       : arena_printf(arena,
						      "admission webhook \"" STR_FMT
						      "\" denied the request without explanation",
						      STR_ARG(hook->name));
	return deny(admission, failure);
}

static struct str prefixed(struct arena *arena, const char *prefix, struct str words)
{
	return arena_printf(arena, "%s: " STR_FMT, prefix, STR_ARG(words));
}

/* What was asked of it has an answer, or never will; *is_answered says which. */
static enum check judge(const struct hook_call *call, struct admission *admission, bool is_mutating,
			struct str *patch, bool *is_answered)
{
	struct arena *arena = admission->check.arena;
	const struct outside_call *outside = call->outside;
	struct review_answer answer;
	struct fault why = { 0 };

	*patch = STR("");
	if (call->refused != NULL)
		return deny(admission, call->refused);
	if (outside == NULL)
		return hook_call_failed(call->hook, admission, call->wrong);
	if (outside->status != OK)
		return hook_call_failed(call->hook, admission,
					prefixed(arena,
						 outside->status == INVALID
						     ? "could not get REST client"
						     : "failed to call webhook",
						 outside->words));
	if (review_read(outside->body, arena, call->version, call->uid, is_mutating, &answer,
			&why) != OK)
		return hook_call_failed(
		    call->hook, admission,
		    prefixed(arena, "received invalid webhook response", str_from(why.text)));
	*is_answered = true;
	for (uint32_t i = 0; i < answer.warnings.len; i++)
		admission_warn(admission, answer.warnings.at[i]);
	for (uint32_t i = 0; i < answer.annotations.len; i++)
		admission_annotate(admission,
				   arena_printf(arena, STR_FMT "/" STR_FMT,
						STR_ARG(call->hook->name),
						STR_ARG(answer.annotations.at[i].key)),
				   answer.annotations.at[i].value);
	if (!answer.is_allowed)
		return denied(call->hook, admission, answer.denied);
	*patch = answer.patch;
	return CHECK_PASS;
}

enum check hook_call_end(const struct hook_call *call, struct admission *admission,
			 bool is_mutating, struct str *patch)
{
	bool is_answered = false;
	enum check check = judge(call, admission, is_mutating, patch, &is_answered);
	enum hook_outcome outcome = call->refused != NULL                ? HOOK_UNASKED
				    : is_answered && check == CHECK_PASS ? HOOK_PASSED
				    : is_answered                        ? HOOK_REFUSED
				    : check == CHECK_PASS                ? HOOK_OPEN
									 : HOOK_FAILED;

	hook_measure(admission, call->hook, outcome,
		     check == CHECK_DENY ? admission->failure->code : 200, call->began);
	return check;
}
