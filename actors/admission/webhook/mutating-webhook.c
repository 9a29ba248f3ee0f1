/*
 * MutatingAdmissionWebhook: programs of others that change what is written, one after the other (upstream: plugin/webhook/mutating).
 *
 * Each sees what those before it have made of the object. When one has changed it, everybody who changes objects is asked once more;
 * in that round of the webhooks only those that want it are, and only if something has changed after their own turn.
 */
#include "actors/admission/plugins.h"
#include "actors/admission/policy-match.h"
#include "actors/admission/webhook/hook-call.h"
#include "datastore/custom/value-patch.h"
#include "datastore/custom/value.h"
#include "datastore/object/json.h"
#include "datastore/object/record.h"
#include "transport/wire/json.h"

/* Ids of webhooks. */
struct ids {
	struct str *at;
	uint32_t len;
};

/* Kept from the first round to the second. */
struct memory {
	struct ids asked;  /* in their turn; those among them that want to hear of later changes */
	struct ids again;  /* to be asked again */
	struct str output; /* the object as the first round has left it, as JSON */
};

struct round {
	struct memory *memory;
	struct hook_list hooks;
	uint32_t at;
	bool is_calling; /* the one `at` is being asked */
	bool is_taking;  /* what it has made of the object is being converted back */
	struct hook_call call;
	struct waiter *waiter;
	const struct admission *admission; /* while it waits */
};

/* ---- who is asked again ------------------------------------------------------------------------------------ */

static bool has(const struct ids *ids, struct str id)
{
	for (uint32_t i = 0; i < ids->len; i++)
		if (str_eq(ids->at[i], id))
			return true;
	return false;
}

static void put(struct arena *arena, struct ids *ids, struct str id)
{
	if (has(ids, id))
		return;
	ids->at = arena_grow(arena, ids->at, ids->len * sizeof id, (ids->len + 1) * sizeof id);
	ids->at[ids->len++] = id;
}

static void ask_again(struct arena *arena, struct memory *memory)
{
	for (uint32_t i = 0; i < memory->asked.len; i++)
		put(arena, &memory->again, memory->asked.at[i]);
	memory->asked.len = 0;
}

static struct str output_of(const struct admission *admission)
{
	return admission->object != NULL ? review_object(admission, admission->object) : STR("");
}

/* ---- patches ------------------------------------------------------------------------------------------------- */

static enum check internal(struct admission *admission, const char *words)
{
	admission->failure = failure_internal(admission->check.arena, "%s", words);
	return CHECK_DENY;
}

static bool is_empty(struct str patch, struct arena *arena)
{
	struct value value;

	return value_parse(patch, arena, &value) == OK && value.kind == VALUE_LIST && value.len == 0;
}

/* What the patch makes of the object, in the words in which the webhook was asked. */
static enum status patched(const struct admission *view, struct str patch, void **out,
			   struct fault *why)
{
	struct arena *arena = view->check.arena;
	struct text json = text_in(arena, LIMIT_RECORD_BYTES);
	struct value value;

	TRY(value_parse(review_object(view, view->object), arena, &value));
	TRY(value_patch_json(&value, patch, arena, why));
	value_write(&value, &json);
	if (json_decode(view->type, text_str(&json), arena, (struct json_options){ 0 }, out, why) !=
	    OK)
		return INVALID;
	record_default(view->type, *out, arena, view->check.now);
	return OK;
}

/* The new object in the place of the old one; true: it is another. */
static bool replace(struct admission *admission, const struct admission *view, void *record)
{
	const struct reader *reader = admission->check.reader;
	const void *own = record;

	policy_match_changed(admission, NULL);
	if (view->type != admission->type)
		own = reader->convert(reader->self, view->type, record, admission->type,
				      admission->check.arena);
	if (record_equal(admission->type, own, admission->object))
		return false;
	memcpy(admission->object, own, admission->type->size);
	return true;
}

/* For the audit log: who was asked, and whether that has changed anything. */
static void note(struct round *round, struct admission *admission, bool is_changed)
{
	const struct hook *hook = round->call.hook;
	struct arena *arena = admission->check.arena;
	struct text value = text_in(arena, 4 * KIB);

	text_lit(&value, "{\"configuration\":");
	json_write_string(&value, hook->configuration);
	text_lit(&value, ",\"webhook\":");
	json_write_string(&value, hook->name);
	text_printf(&value, ",\"mutated\":%s}", is_changed ? "true" : "false");
	admission_annotate(admission,
			   arena_printf(arena, "mutation.webhook.admission.k8s.io/round_%d_index_%u",
					admission->is_again, hook->index),
			   text_str(&value));
}

/* A new object is made where the request is about, whatever a patch says; of one that is there nobody can change it. */
static enum check check_namespace(struct admission *admission)
{
	struct meta_object_meta *meta = record_meta(admission->type, admission->object);
	bool is_inside = (admission->type->flags & TYPE_NAMESPACED) != 0;

	if (admission->operation != ADMISSION_CREATE || meta == NULL || !is_inside)
		return CHECK_PASS;
	if (meta->namespace.len == 0)
		meta->namespace = admission->namespace;
	if (str_eq(meta->namespace, admission->namespace))
		return CHECK_PASS;
	admission->failure = failure_bad_request(admission->check.arena,
						 "the namespace of the provided object does "
						 "not match the namespace sent on the request");
	return CHECK_DENY;
}

static enum check changed(struct round *round, struct admission *admission)
{
	note(round, admission, true);
	ask_again(admission->check.arena, round->memory);
	admission->wants_again = true;
	return check_namespace(admission);
}

/* The new object is in words that only a webhook of its definition makes those of the request. */
static enum check take(struct round *round, struct admission *admission)
{
	struct str failed = STR_NONE;
	enum check check = policy_match_take(admission, round->call.view, &failed);

	round->is_taking = check == CHECK_WAIT;
	if (check == CHECK_PASS)
		return changed(round, admission);
	if (check == CHECK_DENY)
		admission->failure =
		    failure_internal(admission->check.arena, STR_FMT, STR_ARG(failed));
	return check;
}

static enum check apply(struct round *round, struct admission *admission, struct str patch)
{
	const struct hook *hook = round->call.hook;
	const struct admission *view = round->call.view;
	struct arena *arena = admission->check.arena;
	struct fault why = { 0 };
	enum status status;
	void *record;

	if (patch.len == 0 || is_empty(patch, arena)) {
		note(round, admission, false);
		return CHECK_PASS;
	}
	if (admission->object == NULL) {
		admission->failure =
		    failure_internal(arena,
				     "admission webhook \"" STR_FMT
				     "\" attempted to modify the object, which is not "
				     "supported for this operation",
				     STR_ARG(hook->name));
		return CHECK_DENY;
	}
	status = patched(view, patch, &record, &why);
	if (status == BAD_REQUEST)
		return hook_call_failed(hook, admission,
					arena_printf(arena,
						     "received undecodable patch in webhook "
						     "response: %s",
						     why.text));
	if (status != OK)
		return internal(admission, why.text);
	if (view->type != admission->type && admission->type->set != NULL) {
		if (!record_equal(view->type, record, view->object)) {
			memcpy(view->object, record, view->type->size);
			return take(round, admission);
		}
	} else if (replace(admission, view, record)) {
		return changed(round, admission);
	}
	note(round, admission, false);
	return CHECK_PASS;
}

/* ---- a round -------------------------------------------------------------------------------------------------- */

static void answered(void *arg)
{
	struct round *round = arg;

	round->waiter->resume(round->waiter);
}

static void cancelled(void *arg)
{
	struct round *round = arg;

	hook_call_drop(&round->call, round->admission);
}

/* NULL: there are no webhooks. */
static struct round *begin(struct admission *admission)
{
	struct arena *arena = admission->check.arena;
	struct hook_list hooks = hook_list_mutating(admission);
	struct memory *memory = admission->memory;
	struct round *round;

	if (hooks.len == 0)
		return NULL;
	if (memory == NULL)
		memory = admission->memory = arena_new_of(arena, struct memory);
	round = arena_new_of(arena, struct round);
	round->memory = memory;
	round->hooks = hooks;
	if (admission->is_again && memory->asked.len > 0 &&
	    !str_eq(output_of(admission), memory->output))
		ask_again(arena, memory);
	return round;
}

/* PASS: it has done with this one. */
static enum check ask(struct round *round, struct admission *admission)
{
	const struct hook *hook = &round->hooks.at[round->at];
	bool is_asked = !admission->is_again || has(&round->memory->again, hook->id);
	const struct admission *view;

	/* Whether it matches may end the request even so, but nothing is converted for it. */
	if (!is_asked && hook->conditions.len == 0)
		return CHECK_PASS;
	switch (hook_match(hook, admission, &view)) {
	case HOOK_PASSES: return CHECK_PASS;
	case HOOK_REFUSES: return CHECK_DENY;
	case HOOK_WAITS: return CHECK_WAIT;
	case HOOK_MATCHES: break;
	}
	if (!is_asked)
		return CHECK_PASS;
	round->is_calling = true;
	hook_call_begin(&round->call, hook, view, answered, round);
	if (hook_call_is_done(&round->call))
		return CHECK_PASS;
	round->waiter = admission->check.waiter;
	round->admission = admission;
	round->waiter->on_cancel = cancelled;
	round->waiter->arg = round;
	return CHECK_WAIT;
}

static enum check take_answer(struct round *round, struct admission *admission)
{
	enum check check = CHECK_PASS;
	struct str patch;

	if (round->is_taking) {
		check = take(round, admission);
	} else {
		check = hook_call_end(&round->call, admission, true, &patch);
		if (check == CHECK_PASS)
			check = apply(round, admission, patch);
	}
	round->is_calling = check == CHECK_WAIT;
	if (check == CHECK_PASS && round->call.hook->wants_again)
		put(admission->check.arena, &round->memory->asked, round->call.hook->id);
	return check;
}

static enum check mutate(struct admission *admission)
{
	struct round *round = admission->check.state;
	enum check check = CHECK_PASS;

	if (round == NULL)
		round = admission->check.state = begin(admission);
	if (round == NULL)
		return CHECK_PASS;
	for (; check == CHECK_PASS && round->at < round->hooks.len; round->at++) {
		if (!round->is_calling)
			check = ask(round, admission);
		if (check == CHECK_WAIT)
			return CHECK_WAIT;
		if (check == CHECK_PASS && round->is_calling)
			check = take_answer(round, admission);
		if (check == CHECK_WAIT)
			return CHECK_WAIT;
	}
	if (check == CHECK_PASS && round->memory->asked.len > 0)
		round->memory->output = output_of(admission);
	return check;
}

const struct plugin admission_mutating_webhook = {
	.name = "MutatingAdmissionWebhook",
	.operations = ADMISSION_ALL,
	.mutate = mutate,
};
