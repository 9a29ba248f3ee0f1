#include <assert.h>

#include "actors/etcd/etcd-private.h"

/*
 * Put, DeleteRange and Txn: each is one write of the store, at one revision.
 *
 * A put or a delete is a transaction of one op without comparisons. The store's results come as one list, those of a
 * transaction within right behind its own; what each answer's header says is found by walking that list.
 */
struct writing {
	struct etcd_txn txn;
	const struct etcd_method *method;
	enum { WRITING_PUT, WRITING_DELETE, WRITING_TXN } kind;
};

/* ---- requests ------------------------------------------------------------------------------------------------- */

static struct writing *open(struct etcd_call *call)
{
	struct writing *writing = arena_new_of(call->arena, struct writing);

	call->state = writing;
	return writing;
}

static void begin_op(struct etcd_call *call, const struct etcd_op *op)
{
	struct writing *writing = call->state;

	writing->kind = op->kind == ETCD_PUT ? WRITING_PUT : WRITING_DELETE;
	writing->txn.success = (struct etcd_branch){ op, 1 };
	etcd_write_ask(call);
}

static bool is_too_large(struct etcd_call *call, struct str message)
{
	if (message.len <= LIMIT_OBJECT_BYTES)
		return false;
	etcd_call_fail(call, ETCD_REQUEST_TOO_LARGE);
	return true;
}

void etcd_put_begin(struct etcd_call *call, struct str message)
{
	struct etcd_op *op = arena_new_of(call->arena, struct etcd_op);
	enum etcd_fault why;

	open(call);
	op->kind = ETCD_PUT;
	if (!etcd_message_put(message, &op->put, &why))
		etcd_call_fail(call, why);
	else if (!is_too_large(call, message))
		begin_op(call, op);
}

void etcd_delete_begin(struct etcd_call *call, struct str message)
{
	struct etcd_op *op = arena_new_of(call->arena, struct etcd_op);
	enum etcd_fault why;

	open(call);
	op->kind = ETCD_DELETE;
	if (etcd_message_delete(message, &op->delete, &why))
		begin_op(call, op);
	else
		etcd_call_fail(call, why);
}

void etcd_txn_begin(struct etcd_call *call, struct str message)
{
	struct writing *writing = open(call);
	enum etcd_fault why;

	writing->kind = WRITING_TXN;
	if (!etcd_message_txn(message, call->arena, &writing->txn, &why))
		etcd_call_fail(call, why);
	else if (!is_too_large(call, message))
		etcd_write_ask(call);
}

/* ---- to the store ------------------------------------------------------------------------------------------------ */

static struct store_write write_of(const struct etcd_txn *txn, struct arena *arena, uint32_t depth);

static struct store_op op_of(const struct etcd_op *op, struct arena *arena, uint32_t depth)
{
	struct store_op out = { .expected = STORE_ANY_REVISION };

	switch (op->kind) {
	case ETCD_NOTHING: break; /* refused when it was read */
	case ETCD_RANGE:
		out.kind = STORE_GET;
		out.key = arena_str(arena, op->range.key);
		out.end = arena_str(arena, op->range.end);
		out.limit = etcd_range_limit(&op->range);
		out.is_count_only = op->range.is_count_only;
		out.is_keys_only = op->range.is_keys_only && op->range.target != ETCD_BY_VALUE;
		break;
	case ETCD_PUT:
		out.kind = STORE_PUT;
		out.key = arena_str(arena, op->put.key);
		out.value = arena_str(arena, op->put.value);
		out.lease = (uint64_t)op->put.lease;
		out.wants_prev = op->put.wants_prev;
		out.keeps_value = op->put.keeps_value;
		out.keeps_lease = op->put.keeps_lease;
		break;
	case ETCD_DELETE:
		out.kind = STORE_DELETE;
		out.key = arena_str(arena, op->delete.key);
		out.end = arena_str(arena, op->delete.end);
		out.wants_prev = op->delete.wants_prev;
		break;
	case ETCD_TXN: {
		struct store_write inner = write_of(op->txn, arena, depth + 1);

		out.kind = STORE_TXN;
		out.value = store_pack_txn(&inner, arena);
		break;
	}
	}
	return out;
}

static const struct store_op *ops_of(const struct etcd_branch *branch, struct arena *arena,
				     uint32_t depth)
{
	struct store_op *ops = arena_array(arena, struct store_op, branch->count);

	for (uint32_t i = 0; i < branch->count; i++)
		ops[i] = op_of(&branch->ops[i], arena, depth);
	return ops;
}

static struct store_write write_of(const struct etcd_txn *txn, struct arena *arena, uint32_t depth)
{
	struct store_compare *compares =
	    arena_array(arena, struct store_compare, txn->compare_count);

	assert(depth <= LIMIT_TXN_OPS);
	for (uint32_t i = 0; i < txn->compare_count; i++) {
		compares[i] = txn->compares[i];
		compares[i].key = arena_str(arena, txn->compares[i].key);
		compares[i].end = arena_str(arena, txn->compares[i].end);
		compares[i].value = arena_str(arena, txn->compares[i].value);
	}
	return (struct store_write){ .compares = compares,
				     .compare_count = txn->compare_count,
				     .success = ops_of(&txn->success, arena, depth),
				     .success_count = txn->success.count,
				     .failure = ops_of(&txn->failure, arena, depth),
				     .failure_count = txn->failure.count };
}

/* The message has its own copy: the caller may go away before the store has read it. */
void etcd_write_ask(struct etcd_call *call)
{
	const struct writing *writing = call->state;
	struct arena *arena = arena_new(0);
	struct store_write write = write_of(&writing->txn, arena, 0);

	write.arena = arena;
	etcd_call_ask(call, &store_write_type, &write, arena);
}

/* ---- answers ------------------------------------------------------------------------------------------------------- */

/* One answer on the way out: the store's results, and which revision each of them has in its header. */
struct telling {
	const struct store_write_answer *answer;
	uint64_t *revisions; /* of each result */
	struct proto_out out;
	bool is_cut; /* a range gave more than a page */
};

static const struct etcd_branch *taken(const struct etcd_txn *txn, bool is_success)
{
	return is_success ? &txn->success : &txn->failure;
}

static bool has_changed(const struct etcd_op *op, const struct store_result *result)
{
	return op->kind == ETCD_PUT || (op->kind == ETCD_DELETE && result->count > 0);
}

/* Walks a branch and its results in order; *at is the next result. Until the first change all of it has the old revision. */
static void find_revisions(struct telling *telling, const struct etcd_branch *branch, uint32_t *at,
			   bool *is_changed)
{
	for (uint32_t i = 0; i < branch->count && *at < telling->answer->result_count; i++) {
		const struct store_result *result = &telling->answer->results[*at];
		uint32_t own = (*at)++;

		if (branch->ops[i].kind == ETCD_TXN)
			find_revisions(telling, taken(branch->ops[i].txn, result->more), at,
				       is_changed);
		*is_changed = *is_changed || has_changed(&branch->ops[i], result);
		telling->revisions[own] = *is_changed;
	}
}

static void set_revisions(struct telling *telling, const struct etcd_branch *branch)
{
	uint32_t at = 0;
	bool is_changed = false;
	uint64_t before;

	find_revisions(telling, branch, &at, &is_changed);
	before = telling->answer->revision - (is_changed ? 1 : 0);
	for (uint32_t i = 0; i < at; i++)
		telling->revisions[i] = before + (telling->revisions[i] ? 1 : 0);
}

static void tell_range(struct telling *telling, const struct etcd_range *range,
		       const struct store_result *result)
{
	uint32_t limit = etcd_range_limit(range), count = result->row_count;
	bool more = result->more && limit > 0 && count >= limit;

	telling->is_cut = telling->is_cut || (result->more && !more);
	etcd_range_shape(range, result->rows, &count, &more);
	etcd_reply_int(&telling->out, 4, result->count);
	etcd_reply_bool(&telling->out, 3, more);
	etcd_reply_rows(&telling->out, 2, result->rows, count);
}

static void tell_branch(struct telling *telling, const struct etcd_branch *branch, uint32_t first,
			struct arena *arena);

/* The fields of one op's answer but for its header. */
static void tell_fields(struct telling *telling, const struct etcd_op *op, uint32_t at,
			struct arena *arena)
{
	const struct store_result *result = &telling->answer->results[at];

	switch (op->kind) {
	case ETCD_NOTHING: break;
	case ETCD_RANGE: tell_range(telling, &op->range, result); break;
	case ETCD_PUT: etcd_reply_rows(&telling->out, 2, result->rows, result->row_count); break;
	case ETCD_DELETE:
		etcd_reply_rows(&telling->out, 3, result->rows, result->row_count);
		etcd_reply_int(&telling->out, 2, result->count);
		break;
	case ETCD_TXN:
		tell_branch(telling, taken(op->txn, result->more), at + 1, arena);
		etcd_reply_bool(&telling->out, 2, result->more);
		break;
	}
}

/* A ResponseOp; the header of a transaction within is empty, as etcd's. */
static void tell_op(struct telling *telling, const struct etcd_op *op, uint32_t at,
		    struct arena *arena)
{
	struct etcd_header header = { .revision = telling->revisions[at] };
	uint32_t before = proto_out_len(&telling->out);

	if (op->kind == ETCD_TXN)
		header.revision = 0;
	tell_fields(telling, op, at, arena);
	etcd_reply_header(&telling->out, &header);
	proto_out_close(&telling->out, op->kind, before);
	proto_out_close(&telling->out, 3, before);
}

/* The `responses` of a transaction, the last one first; `first` is the result of the branch's first op. */
static void tell_branch(struct telling *telling, const struct etcd_branch *branch, uint32_t first,
			struct arena *arena)
{
	uint32_t *places = arena_array(arena, uint32_t, branch->count);
	uint32_t at = first, count = 0;

	for (; count < branch->count && at < telling->answer->result_count; count++) {
		places[count] = at;
		at += 1 + (branch->ops[count].kind == ETCD_TXN
			       ? (uint32_t)telling->answer->results[at].count
			       : 0);
	}
	while (count-- > 0)
		tell_op(telling, &branch->ops[count], places[count], arena);
}

static void tell(struct etcd_call *call, const struct store_write_answer *answer)
{
	const struct writing *writing = call->state;
	const struct etcd_branch *branch = taken(&writing->txn, answer->is_success);
	struct etcd_header header = etcd_header(call->etcd, answer->revision);
	struct telling telling = { .answer = answer, .out = etcd_reply_new() };

	telling.revisions = arena_array(call->arena, uint64_t, answer->result_count);
	set_revisions(&telling, branch);
	if (writing->kind == WRITING_TXN) {
		tell_branch(&telling, branch, 0, call->arena);
		etcd_reply_bool(&telling.out, 2, answer->is_success);
	} else if (answer->result_count > 0) {
		tell_fields(&telling, &branch->ops[0], 0, call->arena);
	}
	etcd_reply_header(&telling.out, &header);
	if (!telling.is_cut) {
		etcd_call_reply(call, &telling.out);
		return;
	}
	proto_out_fini(&telling.out);
	etcd_call_fail(call, ETCD_TXN_RANGE_TOO_LARGE);
}

void etcd_write_answered(struct etcd_call *call, enum status status, const struct act_msg *msg)
{
	switch (status) {
	case OK:
		etcd_saw_revision(call->etcd, ACT_AS(msg, store_write_answer)->revision);
		tell(call, ACT_AS(msg, store_write_answer));
		break;
	case INVALID: etcd_call_fail(call, ETCD_LEASE_NOT_FOUND); break;
	case NOT_FOUND:
		etcd_call_fail(call, msg->status == OK ? ETCD_KEY_NOT_FOUND : ETCD_STOPPED);
		break;
	default: etcd_call_fail_status(call, status);
	}
}

/* ---- compaction --------------------------------------------------------------------------------------------------------- */

void etcd_compact_begin(struct etcd_call *call, struct str message)
{
	struct etcd_pair *asked = arena_new_of(call->arena, struct etcd_pair);

	call->state = asked;
	if (!etcd_message_pair(message, asked))
		etcd_call_fail(call, ETCD_MALFORMED);
	else if (asked->first <= 0)
		etcd_call_fail(call, ETCD_COMPACTED);
	else
		etcd_compact_ask(call);
}

void etcd_compact_ask(struct etcd_call *call)
{
	const struct etcd_pair *asked = call->state;

	etcd_call_ask(call, &store_compact_type,
		      &(struct store_compact){ .revision = (uint64_t)asked->first }, NULL);
}

void etcd_compact_answered(struct etcd_call *call, enum status status, const struct act_msg *msg)
{
	if (status == BAD_REQUEST) {
		etcd_call_fail(call, ETCD_FUTURE_REVISION);
	} else if (status != OK) {
		etcd_call_fail_status(call, status);
	} else {
		const struct store_compact_answer *answer = ACT_AS(msg, store_compact_answer);
		struct etcd_header header = etcd_header(call->etcd, answer->revision);
		struct proto_out out = etcd_reply_new();

		etcd_reply_header(&out, &header);
		etcd_call_reply(call, &out);
	}
}
