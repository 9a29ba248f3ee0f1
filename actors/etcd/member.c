#include "actors/etcd/etcd-private.h"

/*
 * Members: the list, and what may be changed of it by hand.
 *
 * Nodes join and leave by themselves, and roles move by themselves; what is left to an operator of etcd's kind is to remove a
 * member that is dead and to make a voter of one that has all data.
 */
struct changing {
	uint64_t id;
	bool is_promotion, is_changed;
};

/* ---- the list -------------------------------------------------------------------------------------------------- */

static void reply_member(struct proto_out *out, const struct etcd *etcd,
			 const struct store_member *member, uint64_t own, struct arena *arena)
{
	uint32_t before = proto_out_len(out);

	etcd_reply_bool(out, 5, member->role != STORE_VOTER);
	/* Doors of others are theirs to tell. */
	if (member->id == own)
		etcd_reply_str(out, 4, etcd->config->client_url);
	etcd_reply_str(out, 3, arena_printf(arena, "https://" STR_FMT, STR_ARG(member->address)));
	etcd_reply_str(out, 2, member->name);
	etcd_reply_int(out, 1, member->id);
	proto_out_close(out, 2, before);
}

void etcd_members_answered(struct etcd_call *call, enum status status, const struct act_msg *msg)
{
	const struct store_status *store;
	struct proto_out out;

	if (status != OK) {
		etcd_call_fail_status(call, status);
		return;
	}
	store = ACT_AS(msg, store_status);
	struct etcd_header header = { call->etcd->config->cluster, store->id, store->revision,
				      store->term };

	out = etcd_reply_new();
	for (uint32_t i = store->member_count; i > 0; i--)
		reply_member(&out, call->etcd, &store->members[i - 1], store->id, call->arena);
	etcd_reply_header(&out, &header);
	etcd_call_reply(call, &out);
}

/* ---- remove and promote: {id} -> {header, members} ----------------------------------------------------------------- */

static void begin(struct etcd_call *call, struct str message, bool is_promotion)
{
	struct changing *changing = arena_new_of(call->arena, struct changing);
	struct etcd_pair asked;

	call->state = changing;
	if (!etcd_message_pair(message, &asked)) {
		etcd_call_fail(call, ETCD_MALFORMED);
		return;
	}
	*changing = (struct changing){ .id = (uint64_t)asked.first, .is_promotion = is_promotion };
	etcd_member_ask(call);
}

void etcd_remove_begin(struct etcd_call *call, struct str message)
{
	begin(call, message, false);
}

void etcd_promote_begin(struct etcd_call *call, struct str message)
{
	begin(call, message, true);
}

/* The change; then, for the answer, how the members are now. */
void etcd_member_ask(struct etcd_call *call)
{
	const struct changing *changing = call->state;

	if (changing->is_changed)
		etcd_status_ask(call);
	else if (changing->is_promotion)
		etcd_call_ask(
		    call, &store_member_promote_type,
		    &(struct store_member_promote){ .id = changing->id, .role = STORE_VOTER }, NULL);
	else
		etcd_call_ask(call, &store_member_remove_type,
			      &(struct store_member_remove){ .id = changing->id }, NULL);
}

static enum etcd_fault fault_of(const struct changing *changing, enum status status,
				const struct act_msg *msg)
{
	if (msg->status != OK)
		return etcd_fault_of(status);
	switch (status) {
	case NOT_FOUND: return ETCD_MEMBER_NOT_FOUND;
	case FORBIDDEN: return changing->is_promotion ? ETCD_LEARNER_NOT_READY : ETCD_MEMBER_ALIVE;
	case EXISTS: return ETCD_MEMBER_NOT_LEARNER;
	case CONFLICT:
		return changing->is_promotion ? ETCD_LEARNER_NOT_READY : ETCD_NOT_ENOUGH_STARTED;
	default: return etcd_fault_of(status);
	}
}

void etcd_member_answered(struct etcd_call *call, enum status status, const struct act_msg *msg)
{
	struct changing *changing = call->state;

	if (status != OK) {
		etcd_call_fail(call, fault_of(changing, status, msg));
	} else if (changing->is_changed) {
		etcd_members_answered(call, status, msg);
	} else {
		changing->is_changed = true;
		etcd_member_ask(call);
	}
}

/* ---- move the leader: {target} -> {header} ----------------------------------------------------------------------------- */

void etcd_move_begin(struct etcd_call *call, struct str message)
{
	struct etcd_pair *asked = arena_new_of(call->arena, struct etcd_pair);

	call->state = asked;
	if (!etcd_message_pair(message, asked))
		etcd_call_fail(call, ETCD_MALFORMED);
	else if (call->etcd->status.leader != call->etcd->status.id)
		etcd_call_fail(call, ETCD_NOT_LEADER);
	else if (asked->first == 0)
		etcd_call_fail(call, ETCD_BAD_TRANSFEREE);
	else
		etcd_move_ask(call);
}

void etcd_move_ask(struct etcd_call *call)
{
	const struct etcd_pair *asked = call->state;

	etcd_call_ask(call, &store_transfer_type,
		      &(struct store_transfer){ .id = (uint64_t)asked->first }, NULL);
}

void etcd_move_answered(struct etcd_call *call, enum status status, const struct act_msg *msg)
{
	struct proto_out out;

	if (status != OK) {
		etcd_call_fail(call,
			       msg->status == OK ? ETCD_BAD_TRANSFEREE : etcd_fault_of(status));
		return;
	}
	out = etcd_reply_new();
	etcd_call_reply(call, &out); /* etcd sends no header, either */
}
