#include "actors/etcd/etcd-private.h"

/*
 * Leases. Ids are the API's int64 and the store's uint64, with the same bits.
 *
 * A lease that is not there is an error to those who revoke it, and an answer to those who ask for it or keep it.
 */
#define LEAST_TTL_S 2 /* etcd's, with its usual election timeout */

static const struct store_lease_answer *lease_of(const struct act_msg *msg)
{
	return ACT_AS(msg, store_lease_answer);
}

static struct etcd_pair *read_pair(struct etcd_call *call, struct str message)
{
	struct etcd_pair *asked = arena_new_of(call->arena, struct etcd_pair);

	call->state = asked;
	if (etcd_message_pair(message, asked))
		return asked;
	etcd_call_fail(call, ETCD_MALFORMED);
	return NULL;
}

static void end_reply(struct etcd_call *call, struct proto_out *out, uint64_t revision)
{
	struct etcd_header header = etcd_header(call->etcd, revision);

	etcd_reply_header(out, &header);
}

/* ---- grant: {ttl, id} -> {header, id, ttl, error} ------------------------------------------------------------ */

void etcd_grant_begin(struct etcd_call *call, struct str message)
{
	struct etcd_pair *asked = read_pair(call, message);

	if (asked == NULL)
		return;
	if (asked->first < LEAST_TTL_S)
		asked->first = LEAST_TTL_S;
	if (asked->first > LIMIT_LEASE_TTL_S)
		etcd_call_fail(call, ETCD_LEASE_TTL);
	else
		etcd_grant_ask(call);
}

void etcd_grant_ask(struct etcd_call *call)
{
	const struct etcd_pair *asked = call->state;

	etcd_call_ask(call, &store_lease_grant_type,
		      &(struct store_lease_grant){ .id = (uint64_t)asked->second,
						   .ttl_s = (uint32_t)asked->first },
		      NULL);
}

void etcd_grant_answered(struct etcd_call *call, enum status status, const struct act_msg *msg)
{
	struct proto_out out;

	if (status == EXISTS) {
		etcd_call_fail(call, ETCD_LEASE_EXISTS);
		return;
	}
	if (status != OK) {
		etcd_call_fail_status(call, status);
		return;
	}
	out = etcd_reply_new();
	etcd_reply_int(&out, 3, lease_of(msg)->ttl_s);
	etcd_reply_int(&out, 2, lease_of(msg)->id);
	end_reply(call, &out, lease_of(msg)->revision);
	etcd_call_reply(call, &out);
}

/* ---- revoke: {id} -> {header} ---------------------------------------------------------------------------------- */

void etcd_revoke_begin(struct etcd_call *call, struct str message)
{
	const struct etcd_pair *asked = read_pair(call, message);

	if (asked == NULL)
		return;
	if (asked->first == 0)
		etcd_call_fail(call, ETCD_LEASE_NOT_FOUND);
	else
		etcd_revoke_ask(call);
}

void etcd_revoke_ask(struct etcd_call *call)
{
	const struct etcd_pair *asked = call->state;

	etcd_call_ask(call, &store_lease_revoke_type,
		      &(struct store_lease_revoke){ .id = (uint64_t)asked->first }, NULL);
}

void etcd_revoke_answered(struct etcd_call *call, enum status status, const struct act_msg *msg)
{
	struct proto_out out;

	if (status == NOT_FOUND && msg->status == OK) {
		etcd_call_fail(call, ETCD_LEASE_NOT_FOUND);
		return;
	}
	if (status != OK) {
		etcd_call_fail_status(call, status);
		return;
	}
	etcd_saw_revision(call->etcd, lease_of(msg)->revision);
	out = etcd_reply_new();
	end_reply(call, &out, lease_of(msg)->revision);
	etcd_call_reply(call, &out);
}

/* ---- time to live: {id, keys} -> {header, id, ttl, granted, keys} --------------------------------------------------- */

void etcd_live_begin(struct etcd_call *call, struct str message)
{
	if (read_pair(call, message) != NULL)
		etcd_live_ask(call);
}

void etcd_live_ask(struct etcd_call *call)
{
	const struct etcd_pair *asked = call->state;

	etcd_call_ask(call, &store_lease_show_type,
		      &(struct store_lease_show){ .id = (uint64_t)asked->first,
						  .wants_keys = asked->second != 0 },
		      NULL);
}

void etcd_live_answered(struct etcd_call *call, enum status status, const struct act_msg *msg)
{
	const struct etcd_pair *asked = call->state;
	bool is_there = status == OK && asked->first != 0;
	const struct store_lease_answer *lease;
	struct proto_out out;

	if (status != OK && !(status == NOT_FOUND && msg->status == OK)) {
		etcd_call_fail_status(call, status);
		return;
	}
	lease = lease_of(msg);
	out = etcd_reply_new();
	if (is_there) {
		for (uint32_t i = lease->key_count; i > 0; i--)
			proto_out_bytes_field(&out, 5, lease->keys[i - 1]);
		etcd_reply_int(&out, 4, lease->ttl_s);
	}
	etcd_reply_int(&out, 3, is_there ? lease->left_s : (uint64_t)-1);
	etcd_reply_int(&out, 2, (uint64_t)asked->first);
	end_reply(call, &out, lease->revision);
	etcd_call_reply(call, &out);
}

/* ---- leases: {} -> {header, leases} ------------------------------------------------------------------------------------ */

void etcd_leases_begin(struct etcd_call *call, struct str message)
{
	struct etcd_pair *asked = read_pair(call, message);

	if (asked == NULL)
		return;
	*asked = (struct etcd_pair){ 0 }; /* the store's way to ask for all */
	etcd_live_ask(call);
}

void etcd_leases_answered(struct etcd_call *call, enum status status, const struct act_msg *msg)
{
	struct proto_out out;

	if (status != OK) {
		etcd_call_fail_status(call, status);
		return;
	}
	out = etcd_reply_new();
	for (uint32_t i = lease_of(msg)->id_count; i > 0; i--) {
		uint32_t before = proto_out_len(&out);

		etcd_reply_int(&out, 1, lease_of(msg)->ids[i - 1]);
		proto_out_close(&out, 2, before);
	}
	end_reply(call, &out, lease_of(msg)->revision);
	etcd_call_reply(call, &out);
}

/* ---- keep alive: a stream of {id} -> {header, id, ttl} ------------------------------------------------------------------- */

struct keeping {
	uint64_t id;
};

static void keep_open(struct etcd_call *call)
{
	call->state = arena_new_of(call->arena, struct keeping);
}

static void keep_came(struct etcd_call *call, struct str message)
{
	struct keeping *keeping = call->state;
	struct etcd_pair asked;

	if (!etcd_message_pair(message, &asked)) {
		etcd_call_fail(call, ETCD_MALFORMED);
		return;
	}
	keeping->id = (uint64_t)asked.first;
	etcd_keep_ask(call);
}

void etcd_keep_ask(struct etcd_call *call)
{
	const struct keeping *keeping = call->state;

	etcd_call_ask(call, &store_lease_keep_type, &(struct store_lease_keep){ .id = keeping->id },
		      NULL);
}

void etcd_keep_answered(struct etcd_call *call, enum status status, const struct act_msg *msg)
{
	const struct keeping *keeping = call->state;
	struct proto_out out;

	/* A lease that is gone has no time left. */
	if (status != OK && !(status == NOT_FOUND && msg->status == OK)) {
		etcd_call_fail_status(call, status);
		return;
	}
	out = etcd_reply_new();
	etcd_reply_int(&out, 3, status == OK ? lease_of(msg)->ttl_s : 0);
	etcd_reply_int(&out, 2, keeping->id);
	end_reply(call, &out, lease_of(msg)->revision);
	etcd_call_send(call, &out);
	etcd_call_read(call);
}

static void keep_ended(struct etcd_call *call)
{
	etcd_call_end(call, (struct grpc_fault){ GRPC_OK, STR_NONE });
}

static void keep_close(struct etcd_call *call)
{
	call->state = NULL;
}

const struct etcd_stream etcd_keep_stream = {
	.open = keep_open,
	.came = keep_came,
	.ended = keep_ended,
	.close = keep_close,
};
