#include "actors/etcd/etcd-private.h"
#include "actors/etcd/event.h"

#include "runtime/base/log.h"

#define GROUP "system:masters"
#define SUBSCRIBE_AGAIN_MS 100U
/* How long streams that want a leader (clients say `hasleader`) outlive the last one: etcd's, three elections. */
#define LEADERLESS_MS 3000U

struct etcd_subscribe {
	char nothing;
};
struct etcd_leaderless {
	uint64_t term;
};
ACT_TYPE_DECLARE(etcd_subscribe);
ACT_TYPE_DECLARE(etcd_leaderless);
ACT_TYPE(etcd_subscribe);
ACT_TYPE(etcd_leaderless);

/* ---- what the store tells ------------------------------------------------------------------------------------ */

void etcd_saw_revision(struct etcd *etcd, uint64_t revision)
{
	if (revision > etcd->revision)
		etcd->revision = revision;
}

struct etcd_header etcd_header(const struct etcd *etcd, uint64_t revision)
{
	return (struct etcd_header){ .cluster = etcd->config->cluster,
				     .member = etcd->status.id,
				     .revision = revision,
				     .term = etcd->status.term };
}

static void subscribe(struct etcd *etcd)
{
	struct act *act = etcd->act;

	etcd->monitor = act_monitor(act, etcd->store);
	if (act_tell(act, etcd->store, store_status_watch, .is_end = false) == OK)
		return;
	act_demonitor(act, etcd->monitor);
	etcd->monitor = 0;
	act_after(act, SUBSCRIBE_AGAIN_MS, &etcd_subscribe_type, &(struct etcd_subscribe){ 0 });
}

static void take_status(struct etcd *etcd, const struct act_msg *msg)
{
	const struct store_status *status = ACT_AS(msg, store_status);
	bool had_leader = etcd->status.leader != 0;

	etcd->status = *status;
	/* Only what has no strings is used later; those who want the members ask. */
	etcd->status.arena = NULL;
	etcd->status.name = etcd->status.leader_name = STR_NONE;
	etcd->status.members = NULL;
	etcd->status.member_count = 0;
	etcd_saw_revision(etcd, status->revision);
	if (had_leader && status->leader == 0)
		act_after(etcd->act, LEADERLESS_MS, &etcd_leaderless_type,
			  &(struct etcd_leaderless){ status->term });
}

/* No leader for as long as etcd would wait: clients that want one look for it elsewhere. */
static void end_leaderless(struct etcd *etcd)
{
	if (etcd->status.leader != 0)
		return;
	list_each (&etcd->calls, link) {
		struct etcd_call *call = list_item(link, struct etcd_call, link);

		if (call->wants_leader && call->method->stream != NULL)
			etcd_call_fail(call, ETCD_NO_LEADER);
	}
}

/* The store has ended, and with it its watches: their clients begin again where they were. */
static void lose_store(struct etcd *etcd)
{
	etcd->monitor = 0;
	etcd->status.leader = 0;
	list_each (&etcd->calls, link) {
		struct etcd_call *call = list_item(link, struct etcd_call, link);

		if (call->method->stream == &etcd_watch_stream)
			etcd_call_fail(call, ETCD_STOPPED);
	}
	act_after(etcd->act, SUBSCRIBE_AGAIN_MS, &etcd_subscribe_type,
		  &(struct etcd_subscribe){ 0 });
}

/* ---- calls ----------------------------------------------------------------------------------------------------- */

static bool is_master(const struct http_exchange *exchange)
{
	const struct certificate_info *who = http_peer_certificate(exchange);

	for (uint32_t i = 0; who != NULL && i < who->organizations_count; i++)
		if (str_is(who->organizations[i], GROUP))
			return true;
	return false;
}

static void end(struct http_exchange *exchange, struct grpc_fault status)
{
	grpc_end(exchange, status);
	http_done(exchange);
}

static void begin_stream(struct etcd_call *call)
{
	call->method->stream->open(call);
	etcd_call_read(call);
}

static void begin_only(struct etcd_call *call)
{
	struct grpc_fault why;
	struct str message;

	if (grpc_only(http_body(call->exchange), LIMIT_ETCD_MESSAGE_BYTES, &message, &why))
		call->method->begin(call, message);
	else
		etcd_call_end(call, why);
}

static void came(struct etcd *etcd, struct http_exchange *exchange)
{
	const struct etcd_method *method = etcd_method_find(http_path(exchange));
	struct etcd_call *call;

	if (http_is_done(exchange))
		return;
	if (!grpc_check(exchange)) {
		http_done(exchange);
		return;
	}
	if (!is_master(exchange)) {
		end(exchange, etcd_fault(ETCD_PERMISSION_DENIED));
		return;
	}
	if (method == NULL) {
		end(exchange, etcd_method_unknown(http_path(exchange), http_arena(exchange)));
		return;
	}
	call = etcd_call_open(etcd, exchange, method);
	if (call == NULL)
		return;
	if (call->wants_leader && etcd->status.id != 0 && etcd->status.leader == 0)
		etcd_call_fail(call, ETCD_NO_LEADER);
	else if (method->stream != NULL)
		begin_stream(call);
	else
		begin_only(call);
}

static struct etcd_call *call_at(struct http_exchange *exchange)
{
	return http_is_done(exchange) ? NULL : http_user(exchange);
}

static bool receive_http(struct etcd *etcd, const struct act_msg *msg)
{
	struct etcd_call *call;

	if (ACT_IS(msg, http_asked)) {
		came(etcd, ACT_AS(msg, http_asked)->exchange);
	} else if (ACT_IS(msg, http_readable)) {
		call = call_at(ACT_AS(msg, http_readable)->exchange);
		if (call != NULL)
			etcd_call_read(call);
	} else if (ACT_IS(msg, http_writable)) {
		call = call_at(ACT_AS(msg, http_writable)->exchange);
		if (call != NULL)
			etcd_call_writable(call);
	} else if (ACT_IS(msg, http_gone)) {
		call = call_at(ACT_AS(msg, http_gone)->exchange);
		if (call != NULL)
			etcd_call_drop(call);
	} else {
		return ACT_IS(msg, http_listening);
	}
	return true;
}

bool etcd_is_streamed(void *arg, const struct http_exchange *exchange)
{
	const struct etcd_method *method = etcd_method_find(http_path(exchange));

	(void)arg;
	return method != NULL && method->stream != NULL;
}

/* ---- the actor --------------------------------------------------------------------------------------------------- */

/* What is not in an arena of somebody else's, whatever ended the actor. */
static void release_etcd(void *arg)
{
	struct etcd *etcd = arg;
	struct str key;
	void *watch;

	for (uint32_t at = 0; map_next(&etcd->watches, &at, &key, &watch);)
		mem_free(watch);
	list_each (&etcd->calls, link) {
		struct etcd_call *call = list_item(link, struct etcd_call, link);

		if (call->method->stream != NULL)
			grpc_reader_fini(&call->reader);
	}
	etcd_event_unref(etcd->last);
	proto_out_fini(&etcd->front);
	vec_fini(&etcd->slots);
	vec_fini(&etcd->free_slots);
	map_fini(&etcd->watches);
}

static enum status etcd_init(struct act *act, void *state, const void *args)
{
	struct etcd *etcd = state;

	etcd->act = act;
	etcd->config = args;
	etcd->store = act_named(act, etcd->config->store);
	list_init(&etcd->calls);
	etcd->front = etcd_reply_new();
	act_own(act, release_etcd, etcd);
	subscribe(etcd);
	return OK;
}

/* In good order: the exchanges are given back, each with its arena. After a crash the HTTP server takes them back itself. */
static void etcd_stop(struct act *act, void *state, enum act_reason why)
{
	struct etcd *etcd = state;

	(void)why;
	etcd->act = act;
	list_each (&etcd->calls, link)
		etcd_call_drop(list_item(link, struct etcd_call, link));
}

static void answered(struct etcd *etcd, const struct act_msg *msg)
{
	struct etcd_call *call = etcd_call_of(etcd, msg->tag);

	if (call != NULL)
		etcd_call_answered(call, msg);
}

static void ask_again(struct etcd *etcd, const struct etcd_again *again)
{
	struct etcd_call *call = etcd_call_of(etcd, again->number);

	if (call != NULL)
		etcd_call_again(call);
}

static enum act_verdict etcd_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct etcd *etcd = state;

	etcd->act = act;
	if (msg->kind == ACT_ANSWER)
		answered(etcd, msg);
	else if (ACT_IS(msg, store_events))
		etcd_watch_events(etcd, ACT_AS(msg, store_events));
	else if (ACT_IS(msg, store_status))
		take_status(etcd, msg);
	else if (ACT_IS(msg, act_down))
		lose_store(etcd);
	else if (ACT_IS(msg, etcd_again))
		ask_again(etcd, ACT_AS(msg, etcd_again));
	else if (ACT_IS(msg, etcd_subscribe))
		subscribe(etcd);
	else if (ACT_IS(msg, etcd_leaderless))
		end_leaderless(etcd);
	else if (!receive_http(etcd, msg))
		return ACT_UNHANDLED;
	return ACT_OK;
}

const struct act_class etcd_class = {
	.name = "etcd",
	.state_size = sizeof(struct etcd),
	.init = etcd_init,
	.receive = etcd_receive,
	.stop = etcd_stop,
	.mailbox_max = LIMIT_ETCD_CALLS * 4,
};
