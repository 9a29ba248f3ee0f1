#include "actors/etcd/etcd-private.h"

/*
 * Maintenance: what the store says of itself, in etcd's words.
 *
 * Defragment is for the door's own member, as etcd's. Alarms are the store's: it raises them, and ends them when their
 * cause is gone. A hash is one over all keys and their past, equal on replicas that are equal.
 */

/* The API's version, for clients that ask which calls there are; the door speaks all of 3.6's but what it refuses. */
#define VERSION STR("3.6.0")

enum { ALARM_GET, ALARM_ACTIVATE, ALARM_DEACTIVATE };
enum { ALARM_NONE, ALARM_NOSPACE, ALARM_CORRUPT };

static const struct store_status *status_of(const struct act_msg *msg)
{
	return ACT_AS(msg, store_status);
}

/* True: there is a status to answer with; else the call has ended. */
static bool is_told(struct etcd_call *call, enum status status)
{
	if (status == OK)
		return true;
	etcd_call_fail_status(call, status);
	return false;
}

static void end_reply(struct etcd_call *call, struct proto_out *out, const struct act_msg *msg)
{
	const struct store_status *status = status_of(msg);
	struct etcd_header header = { call->etcd->config->cluster, status->id, status->revision,
				      status->term };

	etcd_saw_revision(call->etcd, status->revision);
	etcd_reply_header(out, &header);
	etcd_call_reply(call, out);
}

void etcd_plain_begin(struct etcd_call *call, struct str message)
{
	(void)message; /* nothing in it says more than the call's name */
	call->method->ask(call);
}

void etcd_status_ask(struct etcd_call *call)
{
	etcd_call_ask(call, &store_ask_status_type, &(struct store_ask_status){ 0 }, NULL);
}

/* ---- status ----------------------------------------------------------------------------------------------------- */

static bool is_out_of_space(const struct store_status *status)
{
	return (status->alarms & (STORE_ALARM_DISK | STORE_ALARM_TABLE)) != 0;
}

/* Field 8, repeated: what is wrong. */
static void reply_errors(struct proto_out *out, const struct store_status *status)
{
	if (is_out_of_space(status))
		etcd_reply_str(out, 8, STR("memberID alarm:NOSPACE"));
	if (status->leader == 0)
		etcd_reply_str(out, 8, etcd_fault(ETCD_NO_LEADER).words);
}

void etcd_status_answered(struct etcd_call *call, enum status status, const struct act_msg *msg)
{
	const struct store_status *store;
	struct proto_out out;

	if (!is_told(call, status))
		return;
	store = status_of(msg);
	out = etcd_reply_new();
	etcd_reply_str(&out, 11, VERSION);
	etcd_reply_bool(&out, 10, store->role != STORE_VOTER);
	etcd_reply_int(&out, 9, store->database_bytes);
	reply_errors(&out, store);
	etcd_reply_int(&out, 7, store->applied_index);
	etcd_reply_int(&out, 6, store->term);
	etcd_reply_int(&out, 5, store->commit_index);
	etcd_reply_int(&out, 4, store->leader);
	etcd_reply_int(&out, 3, store->database_bytes);
	etcd_reply_str(&out, 2, VERSION);
	end_reply(call, &out, msg);
}

/* {header, enabled, revision}: there are no users, and so there never was a change. */
void etcd_auth_answered(struct etcd_call *call, enum status status, const struct act_msg *msg)
{
	struct proto_out out;

	if (!is_told(call, status))
		return;
	out = etcd_reply_new();
	etcd_reply_int(&out, 3, 1);
	end_reply(call, &out, msg);
}

/* ---- alarms: {action, member, alarm} -> {header, alarms} ------------------------------------------------------------ */

void etcd_alarm_begin(struct etcd_call *call, struct str message)
{
	struct etcd_alarm *asked = arena_new_of(call->arena, struct etcd_alarm);

	call->state = asked;
	if (!etcd_message_alarm(message, asked))
		etcd_call_fail(call, ETCD_MALFORMED);
	else if (asked->action == ALARM_ACTIVATE)
		etcd_call_fail(call, ETCD_ALARM_RAISED);
	else
		etcd_status_ask(call);
}

/* Those that are raised; a request to end them ends none, for the cause does, and so names none. */
void etcd_alarm_answered(struct etcd_call *call, enum status status, const struct act_msg *msg)
{
	const struct etcd_alarm *asked = call->state;
	struct proto_out out;

	if (!is_told(call, status))
		return;
	out = etcd_reply_new();
	if (asked->action == ALARM_GET && is_out_of_space(status_of(msg)) &&
	    (asked->alarm == ALARM_NONE || asked->alarm == ALARM_NOSPACE)) {
		uint32_t before = proto_out_len(&out);

		etcd_reply_int(&out, 2, ALARM_NOSPACE);
		etcd_reply_int(&out, 1, status_of(msg)->id);
		proto_out_close(&out, 2, before);
	}
	end_reply(call, &out, msg);
}

/* ---- hashes ----------------------------------------------------------------------------------------------------------- */

void etcd_hash_ask(struct etcd_call *call)
{
	etcd_call_ask(call, &store_ask_status_type,
		      &(struct store_ask_status){ .wants_hash = true }, NULL);
}

static uint32_t fold(uint64_t hash)
{
	return (uint32_t)(hash ^ hash >> 32);
}

void etcd_hash_answered(struct etcd_call *call, enum status status, const struct act_msg *msg)
{
	struct proto_out out;

	if (!is_told(call, status))
		return;
	out = etcd_reply_new();
	etcd_reply_int(&out, 2, fold(status_of(msg)->hash));
	end_reply(call, &out, msg);
}

/* {revision} -> {header, hash, compact revision, hash revision} */
void etcd_hash_kv_begin(struct etcd_call *call, struct str message)
{
	struct etcd_pair *asked = arena_new_of(call->arena, struct etcd_pair);

	call->state = asked;
	if (etcd_message_pair(message, asked))
		etcd_hash_ask(call);
	else
		etcd_call_fail(call, ETCD_MALFORMED);
}

void etcd_hash_kv_answered(struct etcd_call *call, enum status status, const struct act_msg *msg)
{
	const struct etcd_pair *asked = call->state;
	uint64_t revision = asked->first > 0 ? (uint64_t)asked->first : 0;
	const struct store_status *store;
	struct proto_out out;

	if (!is_told(call, status))
		return;
	store = status_of(msg);
	if (revision > store->revision) {
		etcd_call_fail(call, ETCD_FUTURE_REVISION);
		return;
	}
	if (revision != 0 && revision < store->revision) {
		etcd_call_fail(call,
			       revision < store->compact_revision ? ETCD_COMPACTED : ETCD_OLD_HASH);
		return;
	}
	out = etcd_reply_new();
	etcd_reply_int(&out, 4, store->revision);
	etcd_reply_int(&out, 3, store->compact_revision);
	etcd_reply_int(&out, 2, fold(store->hash));
	end_reply(call, &out, msg);
}

/* ---- defragment: {} -> {header} ---------------------------------------------------------------------------------------- */

void etcd_defragment_ask(struct etcd_call *call)
{
	call->until =
	    (struct mono){ act_now(call->etcd->act).ns + (int64_t)LIMIT_REQUEST_MS * TIME_MS };
	etcd_call_ask(call, &store_defragment_type, &(struct store_defragment){ 0 }, NULL);
}

void etcd_defragment_answered(struct etcd_call *call, enum status status, const struct act_msg *msg)
{
	struct proto_out out;

	(void)msg;
	if (status == TOO_LARGE) {
		etcd_call_fail(call, ETCD_DEFRAGMENT);
		return;
	}
	if (!is_told(call, status))
		return;
	out = etcd_reply_new();
	etcd_call_reply(call, &out); /* etcd sends no header, either */
}
