#include "actors/audit/audit-webhook.h"

#include "actors/audit/audit-cut.h"
#include "runtime/actor/seams.h"
#include "runtime/base/collection/vec.h"
#include "runtime/base/log.h"
#include "transport/http/client.h"
#include "transport/http/engine/http.h"
#include "transport/http/url.h"
#include "transport/tls/context.h"

#define POST_MS 30000U /* upstream's client */
#define HEAD \
	"{\"kind\":\"EventList\",\"apiVersion\":\"audit.k8s.io/v1\",\"metadata\":{},\"items\":["
#define TAIL "]}"
#define KEPT_BYTES (1U * MIB) /* of a buffer that was larger once */
#define LIST_BYTES_MAX (AUDIT_LOG_LINE_MAX + AUDIT_WEBHOOK_BYTES_MAX)

/* There is something to look at: lines have waited, the rate allows one more, or a try is due. */
struct audit_webhook_due {
	char nothing;
};
static const ACT_TYPE(audit_webhook_due, .id = 0);

/* One line that waits. */
struct waiting {
	struct arena *arena;
	struct str text;
	struct mono came;
	bool is_asked; /* somebody waits for its answer */
	struct act_ticket ticket;
};

typedef VEC(struct waiting) lines;

/*
 *   IDLE ──> POSTING ──> IDLE        it was taken, or is given up
 *               └──> PAUSING ──> POSTING        it is tried again
 */
enum state { IDLE, POSTING, PAUSING };

struct audit_webhook {
	struct act *act; /* of the handler that runs */
	const struct audit_webhook_args *args;
	struct tls_context *tls;
	const char *place; /* its URL, and what that is made of */
	struct url url;
	struct act_ref client;
	enum state state;
	lines waiting, going; /* of the list under way */
	uint64_t bytes;       /* of those that wait */
	bool wants_now;       /* one of those that wait is asked about */
	struct text list;
	struct http_call *call;
	uint32_t tries;
	uint64_t last_tag;
	uint64_t timer; /* 0: none is set */
	struct mono timer_at, try_at;
	int64_t tokens_ns; /* of the rate, as time that was saved up */
	struct mono filled;
	bool has_failed;
	struct metrics_counter *dropped, *failed;
};

static void look(struct audit_webhook *hook);

/* ---- lines --------------------------------------------------------------------------------------------------- */

static void count(struct metrics_counter *counter, uint64_t n)
{
	if (counter != NULL)
		metrics_add(counter, n);
}

static void finish(struct audit_webhook *hook, lines *list, enum status status)
{
	for (uint32_t i = 0; i < list->len; i++) {
		struct waiting *one = &list->at[i];
		struct audit_kept kept = { 0 };

		if (one->is_asked && status == OK)
			act_answer(hook->act, one->ticket, &audit_kept_type, &kept);
		else if (one->is_asked)
			act_answer_status(hook->act, one->ticket, status);
		arena_free(one->arena);
	}
	vec_clear(list);
	if (hook->list.cap > KEPT_BYTES) {
		text_fini(&hook->list);
		hook->list = text_new(LIST_BYTES_MAX);
	}
}

static void refuse(struct audit_webhook *hook, const struct act_msg *msg)
{
	count(hook->dropped, 1);
	if (msg->kind == ACT_REQUEST)
		act_refuse(hook->act, msg, BUSY);
}

static void take(struct audit_webhook *hook, const struct act_msg *msg)
{
	struct audit_line *line = ACT_AS(msg, audit_line);
	struct waiting one = { .came = act_now(hook->act), .is_asked = msg->kind == ACT_REQUEST };

	one.text = hook->args->event_max > 0
		       ? audit_cut(line->text, hook->args->event_max, line->arena)
		       : line->text;
	if (one.text.at == NULL || hook->waiting.len >= hook->args->lines_max ||
	    hook->bytes + one.text.len > AUDIT_WEBHOOK_BYTES_MAX) {
		refuse(hook, msg);
		return;
	}
	one.arena = line->arena;
	(void)act_keep(hook->act, msg);
	if (one.is_asked)
		one.ticket = act_ticket(msg);
	hook->bytes += one.text.len;
	hook->wants_now |= one.is_asked || !hook->args->is_batching;
	vec_push(&hook->waiting, one);
	look(hook);
}

/* ---- a list ----------------------------------------------------------------------------------------------------- */

static bool fits(const struct audit_webhook *hook, uint32_t bytes)
{
	uint64_t max = hook->args->list_max > 0 ? hook->args->list_max : AUDIT_WEBHOOK_BYTES_MAX;

	return hook->list.len + (uint64_t)bytes + sizeof TAIL <= max;
}

/* The first of those that wait, as many as one list has; a line that fills a list alone goes alone. */
static void gather(struct audit_webhook *hook)
{
	uint32_t n = 0;

	text_clear(&hook->list);
	text_lit(&hook->list, HEAD);
	while (n < hook->waiting.len && n < hook->args->batch_max &&
	       (n == 0 || fits(hook, hook->waiting.at[n].text.len + 1))) {
		if (n > 0)
			text_add_char(&hook->list, ',');
		text_add(&hook->list, hook->waiting.at[n].text);
		hook->bytes -= hook->waiting.at[n].text.len;
		vec_push(&hook->going, hook->waiting.at[n]);
		n++;
	}
	text_lit(&hook->list, TAIL);
	memmove(hook->waiting.at, hook->waiting.at + n,
		(hook->waiting.len - n) * sizeof *hook->waiting.at);
	hook->waiting.len -= n;
	hook->wants_now = false;
	for (uint32_t i = 0; i < hook->waiting.len; i++)
		hook->wants_now |= hook->waiting.at[i].is_asked || !hook->args->is_batching;
}

static enum status find_client(struct audit_webhook *hook)
{
	struct http_client_config config = { .url = hook->place,
					     .tls = hook->tls,
					     .connections_max = 1 };

	return act_ref_is_nil(hook->client)
		   ? act_spawn(hook->act, &http_client_class, &config, NULL, &hook->client)
		   : OK;
}

static void settle(struct audit_webhook *hook, enum status status, struct str words);

static void post(struct audit_webhook *hook)
{
	static const struct http_header headers[] = {
		{ STR("content-type"), STR("application/json") },
		{ STR("accept"), STR("application/json") },
		{ STR("user-agent"), STR("kube-apiserver") }
	};
	const struct http_request request = {
		.method = STR("POST"),
		.path = hook->url.path,
		.headers = { headers, sizeof headers / sizeof headers[0] },
		.body = HTTP_BYTES(text_str(&hook->list)),
		.timeout_ms = POST_MS,
		.answer_max_bytes = 64U * KIB,
	};
	enum status status = find_client(hook);

	hook->state = POSTING;
	hook->tries++;
	if (status == OK)
		status = http_call(hook->act, hook->client, &request, ++hook->last_tag, &hook->call);
	if (status != OK)
		settle(hook, status, str_from(status_text(status)));
}

/* One that is due earlier stays: whoever is woken looks again. */
static void set_timer(struct audit_webhook *hook, uint64_t ms)
{
	struct mono at = { act_now(hook->act).ns + (int64_t)ms * TIME_MS };

	if (hook->timer != 0 && hook->timer_at.ns <= at.ns)
		return;
	if (hook->timer != 0)
		act_cancel(hook->act, hook->timer);
	hook->timer_at = at;
	hook->timer =
	    act_after(hook->act, ms, &audit_webhook_due_type, &(struct audit_webhook_due){ 0 });
}

static void give_up(struct audit_webhook *hook, enum status status, struct str words)
{
	struct fault why;

	fault_set(&why, status, "", STR_FMT, STR_ARG(words));
	/* Once, not for each list: who is away stays away. */
	if (!hook->has_failed)
		log_error("audit", "the webhook does not take the log", LOG_FAULT(&why));
	hook->has_failed = true;
	count(hook->failed, hook->going.len);
	finish(hook, &hook->going, status);
	hook->state = IDLE;
	look(hook);
}

/* Worth another try: what may be otherwise soon. */
static bool may_pass(enum status status)
{
	return status != UNAUTHORIZED && status != BAD_REQUEST && status != INVALID;
}

/* What came of a post that was not taken. */
static void settle(struct audit_webhook *hook, enum status status, struct str words)
{
	uint64_t pause = hook->args->backoff_ms;

	if (status == GONE || status == NOT_FOUND)
		hook->client = ACT_NIL;
	if (hook->tries >= AUDIT_WEBHOOK_TRIES || !may_pass(status)) {
		give_up(hook, status, words);
		return;
	}
	for (uint32_t i = 1; i < hook->tries; i++)
		pause += pause / 2;
	hook->state = PAUSING;
	hook->try_at.ns = act_now(hook->act).ns + (int64_t)pause * TIME_MS;
	set_timer(hook, pause);
}

static void answered(struct audit_webhook *hook, const struct act_msg *msg)
{
	struct http_call *call = hook->call;
	int code;

	if (call == NULL || msg->tag != hook->last_tag)
		return;
	hook->call = NULL;
	if (msg->status != OK) {
		settle(hook, msg->status, str_from(http_call_fault(call)->text));
	} else {
		code = http_call_code(call);
		if (code >= 200 && code <= 299) {
			hook->has_failed = false;
			finish(hook, &hook->going, OK);
			hook->state = IDLE;
			look(hook);
		} else {
			settle(hook, code == 429 || code >= 500 ? UNAVAILABLE : BAD_REQUEST,
			       http_code_text(code));
		}
	}
	http_call_close(call);
}

/* ---- when -------------------------------------------------------------------------------------------------------- */

/* 0: one more list may go now; else in so many ms. Time that passes is saved up, as much as a burst takes. */
static uint64_t rate_pause_ms(struct audit_webhook *hook)
{
	struct mono now = act_now(hook->act);
	int64_t each, most;

	if (hook->args->per_second == 0)
		return 0;
	each = TIME_S / hook->args->per_second;
	most = each * hook->args->burst;
	hook->tokens_ns += now.ns - hook->filled.ns;
	hook->filled = now;
	if (hook->tokens_ns > most)
		hook->tokens_ns = most;
	return hook->tokens_ns >= each ? 0 : (uint64_t)((each - hook->tokens_ns) / TIME_MS) + 1;
}

static uint64_t wait_ms(const struct audit_webhook *hook)
{
	int64_t waited;

	if (hook->wants_now || hook->waiting.len >= hook->args->batch_max)
		return 0;
	waited = (act_now(hook->act).ns - hook->waiting.at[0].came.ns) / TIME_MS;
	return waited >= hook->args->wait_ms ? 0 : hook->args->wait_ms - (uint64_t)waited;
}

static void look(struct audit_webhook *hook)
{
	uint64_t pause;

	if (hook->state != IDLE || hook->waiting.len == 0)
		return;
	pause = wait_ms(hook);
	/* Who is waited for waits for no rate. */
	if (pause == 0 && !hook->wants_now)
		pause = rate_pause_ms(hook);
	if (pause > 0) {
		set_timer(hook, pause);
		return;
	}
	if (hook->args->per_second > 0 && !hook->wants_now)
		hook->tokens_ns -= TIME_S / hook->args->per_second;
	gather(hook);
	hook->tries = 0;
	post(hook);
}

static void due(struct audit_webhook *hook)
{
	hook->timer = 0;
	if (hook->state == PAUSING && act_now(hook->act).ns >= hook->try_at.ns)
		post(hook);
	else if (hook->state == PAUSING)
		set_timer(hook, (uint64_t)((hook->try_at.ns - act_now(hook->act).ns) / TIME_MS) + 1);
	else
		look(hook);
}

/* ---- the actor ------------------------------------------------------------------------------------------------------ */

static void free_lines(lines *list)
{
	for (uint32_t i = 0; i < list->len; i++)
		arena_free(list->at[i].arena);
	vec_fini(list);
}

static void release(void *arg)
{
	struct audit_webhook *hook = arg;

	free_lines(&hook->waiting);
	free_lines(&hook->going);
	text_fini(&hook->list);
	tls_context_unref(hook->tls);
}

static struct metrics_counter *counter(const struct audit_webhook_args *args, const char *labels)
{
	return args->metrics == NULL ? NULL
				     : metrics_counter(args->metrics, "apiserver_audit_error_total",
						       "Audit events that were not kept.", labels);
}

static enum status init(struct act *act, void *state, const void *from)
{
	const struct audit_webhook_args *args = from;
	struct audit_webhook *hook = state;
	const struct seams_clock *clock = &act_seams(act)->clock;
	const struct tls_config config = { .authorities_pem = args->place.authorities,
					   .alpn = STR("http/1.1"),
					   .now = clock->wall,
					   .now_arg = clock->self };

	hook->act = act;
	hook->args = args;
	hook->place = arena_cstr(act_arena(act), args->place.url);
	TRY(url_parse(str_from(hook->place), &hook->url, NULL));
	TRY(tls_context_new(&config, &hook->tls, NULL));
	hook->list = text_new(LIST_BYTES_MAX);
	hook->filled = act_now(act);
	hook->tokens_ns = args->per_second > 0 ? TIME_S / args->per_second * args->burst : 0;
	act_own(act, release, hook);
	hook->dropped = counter(args, "plugin=\"webhook\",reason=\"full\"");
	hook->failed = counter(args, "plugin=\"webhook\",reason=\"write\"");
	return OK;
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct audit_webhook *hook = state;

	hook->act = act;
	if (msg->kind == ACT_ANSWER)
		answered(hook, msg);
	else if (ACT_IS(msg, audit_webhook_due))
		due(hook);
	else if (ACT_IS(msg, audit_line))
		take(hook, msg);
	else
		return ACT_UNHANDLED;
	return ACT_OK;
}

const struct act_class audit_webhook_class = {
	.name = "audit-webhook",
	.state_size = sizeof(struct audit_webhook),
	.init = init,
	.receive = receive,
};
