/*
 * ValidatingAdmissionWebhook: programs of others that judge what is written, all at once (upstream: plugin/webhook/validating).
 *
 * Of several that are against it the first in the order of configurations decides what is answered.
 */
#include "actors/admission/plugins.h"
#include "actors/admission/webhook/hook-call.h"

struct round {
	struct hook_list hooks;
	uint32_t at; /* the first that is not matched yet */
	bool is_asked;
	struct hook_call *calls;
	uint32_t len, open;
	struct waiter *waiter;
	const struct admission *admission; /* while it waits */
};

static void answered(void *arg)
{
	struct round *round = arg;

	if (--round->open == 0)
		round->waiter->resume(round->waiter);
}

static void drop_all(void *arg)
{
	struct round *round = arg;

	for (uint32_t i = 0; i < round->len; i++)
		hook_call_drop(&round->calls[i], round->admission);
}

/* All that match, before any is asked: whether one matches may end the request. */
static enum check gather(struct round *round, struct admission *admission)
{
	for (; round->at < round->hooks.len; round->at++) {
		const struct hook *hook = &round->hooks.at[round->at];
		const struct admission *view;

		switch (hook_match(hook, admission, &view)) {
		case HOOK_PASSES: continue;
		case HOOK_REFUSES: return CHECK_DENY;
		case HOOK_WAITS: return CHECK_WAIT;
		case HOOK_MATCHES: break;
		}
		round->calls[round->len++] = (struct hook_call){ .hook = hook, .view = view };
	}
	return CHECK_PASS;
}

static enum check ask_all(struct round *round, struct admission *admission)
{
	round->is_asked = true;
	for (uint32_t i = 0; i < round->len; i++) {
		struct hook_call *call = &round->calls[i];

		hook_call_begin(call, call->hook, call->view, answered, round);
		round->open += !hook_call_is_done(call);
	}
	if (round->open == 0)
		return CHECK_PASS;
	round->admission = admission;
	round->waiter = admission->check.waiter;
	round->waiter->on_cancel = drop_all;
	round->waiter->arg = round;
	return CHECK_WAIT;
}

/* NULL: there are no webhooks. */
static struct round *begin(const struct admission *admission)
{
	struct hook_list hooks = hook_list_validating(admission);
	struct round *round;

	if (hooks.len == 0)
		return NULL;
	round = arena_new_of(admission->check.arena, struct round);
	round->hooks = hooks;
	round->calls = arena_array(admission->check.arena, struct hook_call, hooks.len);
	return round;
}

static enum check validate(struct admission *admission)
{
	struct round *round = admission->check.state;
	enum check check = CHECK_PASS;
	struct str patch;

	if (round == NULL)
		round = admission->check.state = begin(admission);
	if (round == NULL)
		return CHECK_PASS;
	if (!round->is_asked) {
		check = gather(round, admission);
		if (check == CHECK_PASS)
			check = ask_all(round, admission);
		if (check != CHECK_PASS)
			return check;
	}
	for (uint32_t i = 0; i < round->len; i++) {
		struct failure *first = admission->failure;
		enum check one = hook_call_end(&round->calls[i], admission, false, &patch);

		if (check == CHECK_DENY)
			admission->failure = first;
		else
			check = one;
	}
	return check;
}

const struct plugin admission_validating_webhook = {
	.name = "ValidatingAdmissionWebhook",
	.operations = ADMISSION_ALL,
	.validate = validate,
};
