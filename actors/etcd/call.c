#include <assert.h>

#include "actors/etcd/etcd-private.h"
#include "actors/etcd/event.h"

#define AGAIN_MS 50U /* between two tries while there is no leader */
#define READ_BYTES (16U * KIB)

ACT_TYPE(etcd_again);

/* ---- numbers ----------------------------------------------------------------------------------------------- */

/* A slot's place and generation: an answer to a call that has ended finds nobody. Never 0. */
static uint64_t number_of(uint32_t slot, uint32_t generation)
{
	return (uint64_t)generation << 32 | (slot + 1);
}

struct etcd_call *etcd_call_of(struct etcd *etcd, uint64_t number)
{
	uint32_t slot = (uint32_t)number - 1;

	if (slot >= etcd->slots.len || etcd->slots.at[slot].generation != number >> 32)
		return NULL;
	return etcd->slots.at[slot].call;
}

static void take_slot(struct etcd_call *call)
{
	struct etcd *etcd = call->etcd;
	uint32_t slot;

	if (etcd->free_slots.len > 0) {
		slot = vec_pop(&etcd->free_slots);
	} else {
		slot = etcd->slots.len;
		vec_push(&etcd->slots, (struct etcd_slot){ NULL, 0 });
	}
	etcd->slots.at[slot].call = call;
	call->number = number_of(slot, ++etcd->slots.at[slot].generation);
}

static void give_slot(struct etcd_call *call)
{
	uint32_t slot = (uint32_t)call->number - 1;

	call->etcd->slots.at[slot].call = NULL;
	vec_push(&call->etcd->free_slots, slot);
}

/* ---- life ---------------------------------------------------------------------------------------------------- */

static void set_deadline(struct etcd_call *call)
{
	uint64_t given_ms = grpc_timeout_ms(call->exchange);

	call->is_deadline =
	    call->method->stream == NULL && given_ms > 0 && given_ms < LIMIT_ETCD_ASK_MS;
	call->until =
	    (struct mono){ act_now(call->etcd->act).ns +
			   (int64_t)(call->is_deadline ? given_ms : LIMIT_ETCD_ASK_MS) * TIME_MS };
}

struct etcd_call *etcd_call_open(struct etcd *etcd, struct http_exchange *exchange,
				 const struct etcd_method *method)
{
	struct etcd_call *call;

	if (etcd->call_count >= LIMIT_ETCD_CALLS) {
		grpc_end(exchange, etcd_fault(ETCD_TOO_MANY_REQUESTS));
		http_done(exchange);
		return NULL;
	}
	call = arena_new_of(http_arena(exchange), struct etcd_call);
	*call = (struct etcd_call){
		.etcd = etcd, .method = method, .exchange = exchange, .arena = http_arena(exchange)
	};
	call->wants_leader = str_is(http_request_header(exchange, STR("hasleader")), "true");
	set_deadline(call);
	take_slot(call);
	list_push(&etcd->calls, &call->link);
	etcd->call_count++;
	http_set_user(exchange, call);
	if (method->stream != NULL)
		call->reader = grpc_reader_new(LIMIT_ETCD_MESSAGE_BYTES);
	return call;
}

/* The call lies in the exchange's arena and is no more after this. */
static void release(struct etcd_call *call)
{
	struct etcd *etcd = call->etcd;
	struct http_exchange *exchange = call->exchange;

	if (call->method->stream != NULL) {
		call->method->stream->close(call);
		grpc_reader_fini(&call->reader);
	}
	if (call->is_waiting)
		act_request_cancel(etcd->act, call->number);
	act_cancel(etcd->act, call->timer);
	give_slot(call);
	list_remove(&call->link);
	etcd->call_count--;
	http_set_user(exchange, NULL);
	http_done(exchange);
}

void etcd_call_drop(struct etcd_call *call)
{
	release(call);
}

void etcd_call_end(struct etcd_call *call, struct grpc_fault status)
{
	grpc_end(call->exchange, status);
	release(call);
}

void etcd_call_fail(struct etcd_call *call, enum etcd_fault fault)
{
	etcd_call_end(call, etcd_fault(fault));
}

void etcd_call_fail_status(struct etcd_call *call, enum status status)
{
	etcd_call_fail(call, etcd_fault_of(status));
}

/* ---- the store ------------------------------------------------------------------------------------------------- */

static int64_t left_ms(const struct etcd_call *call)
{
	return (call->until.ns - act_now(call->etcd->act).ns) / TIME_MS;
}

/* Nothing has happened: it may be asked again while there is time, as etcd waits for a leader. */
static void wait_or_fail(struct etcd_call *call)
{
	if (left_ms(call) > AGAIN_MS) {
		call->timer = act_after(call->etcd->act, AGAIN_MS, &etcd_again_type,
					&(struct etcd_again){ call->number });
		return;
	}
	etcd_call_fail(call, call->is_deadline ? ETCD_DEADLINE : ETCD_NO_LEADER);
}

void etcd_call_ask(struct etcd_call *call, const struct act_type *type, const void *body,
		   struct arena *arena)
{
	struct etcd *etcd = call->etcd;
	int64_t timeout_ms = left_ms(call);
	enum status status = act_request(etcd->act, etcd->store, type, body,
					 timeout_ms > 1 ? (uint32_t)timeout_ms : 1, call->number);

	call->is_waiting = status == OK;
	if (status == OK)
		return;
	arena_free(arena);
	if (status == BUSY)
		etcd_call_fail(call, ETCD_TOO_MANY_REQUESTS);
	else
		wait_or_fail(call); /* the store is starting */
}

void etcd_call_answered(struct etcd_call *call, const struct act_msg *msg)
{
	enum status status = store_outcome(msg);

	call->is_waiting = false;
	if (status == UNAVAILABLE)
		wait_or_fail(call);
	else if (status == TIMEOUT && call->is_deadline)
		etcd_call_fail(call, ETCD_DEADLINE);
	else
		call->method->answered(call, status, msg);
}

void etcd_call_again(struct etcd_call *call)
{
	call->timer = 0;
	call->method->ask(call);
}

static void free_arena(void *arena)
{
	arena_free(arena);
}

void etcd_call_keep(struct etcd_call *call, const struct act_msg *msg, struct arena *arena)
{
	struct arena *decoded = act_keep(call->etcd->act, msg);

	if (arena != NULL)
		arena_on_free(call->arena, free_arena, arena);
	if (decoded != NULL && decoded != arena)
		arena_on_free(call->arena, free_arena, decoded);
}

/* ---- to the caller ------------------------------------------------------------------------------------------------ */

bool etcd_call_send(struct etcd_call *call, struct proto_out *reply)
{
	uint8_t prefix[GRPC_PREFIX_BYTES];
	bool has_room;

	grpc_prefix(prefix, proto_out_len(reply));
	proto_out_bytes(reply, str_of(prefix, sizeof prefix));
	has_room = grpc_send(call->exchange, (struct http_bytes){ .data = proto_out_str(reply),
								  .release = mem_free,
								  .arg = reply->begin });
	call->is_full = call->is_full || !has_room;
	return has_room;
}

void etcd_call_send_headed(struct etcd_call *call, struct proto_out *front, struct etcd_event *event)
{
	struct str rest = etcd_event_str(event);
	uint8_t prefix[GRPC_PREFIX_BYTES];
	bool has_room;

	grpc_prefix(prefix, proto_out_len(front) + rest.len);
	proto_out_bytes(front, str_of(prefix, sizeof prefix));
	has_room = grpc_send_headed(
	    call->exchange, proto_out_str(front),
	    (struct http_bytes){ .data = rest, .release = etcd_event_unref, .arg = event });
	call->is_full = call->is_full || !has_room;
}

void etcd_call_reply(struct etcd_call *call, struct proto_out *reply)
{
	if (reply->is_cut) {
		proto_out_fini(reply);
		etcd_call_fail(call, ETCD_ANSWER_TOO_LARGE);
		return;
	}
	etcd_call_send(call, reply);
	etcd_call_end(call, (struct grpc_fault){ GRPC_OK, STR_NONE });
}

void etcd_call_reply_spread(struct etcd_call *call, struct etcd_spread *reply)
{
	uint8_t prefix[GRPC_PREFIX_BYTES];
	struct http_parts parts;
	struct str *at;

	grpc_prefix(prefix, proto_out_len(&reply->out) + reply->beside);
	proto_out_bytes(&reply->out, str_of(prefix, sizeof prefix));
	assert(!reply->out.is_cut);
	parts.count = etcd_spread_parts(reply, call->arena, &at);
	parts.at = at;
	vec_fini(&reply->gaps);
	arena_on_free(call->arena, mem_free, reply->out.begin);
	grpc_send_parts(call->exchange, parts);
	etcd_call_end(call, (struct grpc_fault){ GRPC_OK, STR_NONE });
}

/* ---- streams of requests --------------------------------------------------------------------------------------------- */

/* One request after the other: the next one only when the last was answered and the peer takes answers. */
static bool is_ready(const struct etcd_call *call)
{
	return !call->is_waiting && call->timer == 0 && !call->is_full;
}

static bool read_more(struct etcd_call *call)
{
	char bytes[READ_BYTES];
	bool has_ended = false;
	size_t len = http_read(call->exchange, bytes, sizeof bytes, &has_ended);

	if (len > 0)
		grpc_reader_feed(&call->reader, str_of(bytes, len));
	call->is_in_ended = call->is_in_ended || has_ended;
	return len > 0;
}

void etcd_call_read(struct etcd_call *call)
{
	struct etcd *etcd = call->etcd;
	uint64_t number = call->number;
	struct str message;

	while (is_ready(call)) {
		if (grpc_reader_next(&call->reader, &message)) {
			call->until = (struct mono){ act_now(etcd->act).ns +
						     (int64_t)LIMIT_ETCD_ASK_MS * TIME_MS };
			call->method->stream->came(call, message);
			if (etcd_call_of(etcd, number) != call)
				return; /* that ended it */
			continue;
		}
		if (call->reader.fault.code != GRPC_OK) {
			etcd_call_end(call, call->reader.fault);
			return;
		}
		if (read_more(call))
			continue;
		if (call->is_in_ended)
			call->method->stream->ended(call);
		return;
	}
}

void etcd_call_writable(struct etcd_call *call)
{
	struct etcd *etcd = call->etcd;
	uint64_t number = call->number;

	call->is_full = false;
	if (call->method->writable != NULL)
		call->method->writable(call);
	if (etcd_call_of(etcd, number) != call || call->method->stream == NULL)
		return;
	if (call->method->stream->writable != NULL)
		call->method->stream->writable(call);
	if (etcd_call_of(etcd, number) == call)
		etcd_call_read(call);
}
