#include "datastore/external/question.h"

#include "datastore/external/answer.h"

#include "runtime/base/limits.h"

/* Room for the largest write and what frames it; a message that is larger was refused before. */
#define QUESTION_BYTES (4U * MIB)

/* Fields are written last to first, as proto.h says. */

static void put_number(struct proto_out *out, uint32_t number, uint64_t value)
{
	if (value != 0)
		proto_out_varint_field(out, number, value);
}

static void put_bytes(struct proto_out *out, uint32_t number, struct str value)
{
	if (value.len > 0)
		proto_out_bytes_field(out, number, value);
}

/* ---- ranges ---- */

static void put_range(struct proto_out *out, const struct store_range *range, uint32_t limit)
{
	put_number(out, 9, range->is_count_only);
	put_number(out, 8, range->is_keys_only);
	/* A replica that is behind would not do for who has seen a later revision. */
	put_number(out, 7, range->is_serializable && range->min_revision == 0);
	put_number(out, 4, range->revision);
	put_number(out, 3, limit);
	put_bytes(out, 2, range->end);
	put_bytes(out, 1, range->key);
}

struct proto_out question_range(const struct store_range *range, uint32_t limit)
{
	struct proto_out out = proto_out_new(QUESTION_BYTES);

	put_range(&out, range, limit);
	return out;
}

/* ---- writes ---- */

enum { TXN_COMPARE = 1, TXN_SUCCESS = 2, TXN_FAILURE = 3 };
enum { OP_RANGE = 1, OP_PUT = 2, OP_DELETE = 3, OP_TXN = 4 };
enum { COMPARE_VERSION = 4, COMPARE_CREATE, COMPARE_MOD, COMPARE_VALUE, COMPARE_LEASE };

static void put_compare(struct proto_out *out, const struct store_compare *compare)
{
	uint32_t before = proto_out_len(out);

	put_bytes(out, 64, compare->end);
	/* One of them is always there: its number says what is compared. */
	if (compare->target == STORE_COMPARE_VALUE)
		proto_out_bytes_field(out, COMPARE_VALUE,
				      compare->value.at != NULL ? compare->value : STR(""));
	else
		proto_out_varint_field(out, COMPARE_VERSION + (uint32_t)compare->target,
				       (uint64_t)compare->number);
	put_bytes(out, 3, compare->key);
	put_number(out, 2, compare->target);
	put_number(out, 1, compare->result);
	proto_out_close(out, TXN_COMPARE, before);
}

static void put_put(struct proto_out *out, const struct store_op *op)
{
	uint32_t before = proto_out_len(out);

	put_number(out, 6, op->keeps_lease);
	put_number(out, 5, op->keeps_value);
	put_number(out, 4, op->wants_prev);
	put_number(out, 3, op->lease);
	if (!op->keeps_value)
		put_bytes(out, 2, op->value);
	put_bytes(out, 1, op->key);
	proto_out_close(out, OP_PUT, before);
}

static void put_delete(struct proto_out *out, const struct store_op *op)
{
	uint32_t before = proto_out_len(out);

	put_number(out, 3, op->wants_prev);
	put_bytes(out, 2, op->end);
	put_bytes(out, 1, op->key);
	proto_out_close(out, OP_DELETE, before);
}

static void put_get(struct proto_out *out, const struct store_op *op)
{
	struct store_range range = { .key = op->key,
				     .end = op->end,
				     .is_count_only = op->is_count_only,
				     .is_keys_only = op->is_keys_only };
	uint32_t before = proto_out_len(out);

	put_range(out, &range, op->limit);
	proto_out_close(out, OP_RANGE, before);
}

static void put_op(struct proto_out *out, uint32_t number, const struct store_op *op)
{
	uint32_t before = proto_out_len(out);

	switch (op->kind) {
	case STORE_PUT: put_put(out, op); break;
	case STORE_DELETE: put_delete(out, op); break;
	case STORE_GET: put_get(out, op); break;
	case STORE_TXN: break; /* question_write has refused it */
	}
	proto_out_close(out, number, before);
}

static void put_ops(struct proto_out *out, uint32_t number, const struct store_op *ops,
		    uint32_t count)
{
	for (uint32_t i = count; i > 0; i--)
		put_op(out, number, &ops[i - 1]);
}

/* If what they expect is there, the operations; else what is there in its place. */
static void put_expecting(struct proto_out *out, const struct store_op *ops, uint32_t count)
{
	for (uint32_t i = count; i > 0; i--)
		if (ops[i - 1].expected != STORE_ANY_REVISION)
			put_op(out, TXN_FAILURE,
			       &(struct store_op){ .kind = STORE_GET, .key = ops[i - 1].key });
	put_ops(out, TXN_SUCCESS, ops, count);
	for (uint32_t i = count; i > 0; i--)
		if (ops[i - 1].expected != STORE_ANY_REVISION)
			put_compare(
			    out, &(struct store_compare){ .target = STORE_COMPARE_MOD,
							  .key = ops[i - 1].key,
							  .number = (int64_t)ops[i - 1].expected });
}

static void put_branch(struct proto_out *out, uint32_t number, const struct store_op *ops,
		       uint32_t count)
{
	uint32_t op = proto_out_len(out);

	if (!answer_is_guarded(ops, count)) {
		put_ops(out, number, ops, count);
		return;
	}
	put_expecting(out, ops, count);
	proto_out_close(out, OP_TXN, op);
	proto_out_close(out, number, op);
}

static void put_write(struct proto_out *out, const struct store_write *write)
{
	if (write->compare_count == 0) {
		put_expecting(out, write->success, write->success_count);
		return;
	}
	put_branch(out, TXN_FAILURE, write->failure, write->failure_count);
	put_branch(out, TXN_SUCCESS, write->success, write->success_count);
	for (uint32_t i = write->compare_count; i > 0; i--)
		put_compare(out, &write->compares[i - 1]);
}

static bool has_txn(const struct store_op *ops, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (ops[i].kind == STORE_TXN)
			return true;
	return false;
}

bool question_write(const struct store_write *write, const struct question_guard *guard,
		    struct proto_out *out)
{
	uint32_t op;

	if (has_txn(write->success, write->success_count) ||
	    has_txn(write->failure, write->failure_count))
		return false;
	*out = proto_out_new(QUESTION_BYTES);
	op = proto_out_len(out);
	put_write(out, write);
	if (guard->create_revision == 0)
		return true;
	proto_out_close(out, OP_TXN, op);
	proto_out_close(out, TXN_SUCCESS, op);
	put_compare(out, &(struct store_compare){ .target = STORE_COMPARE_CREATE,
						  .key = guard->key,
						  .number = (int64_t)guard->create_revision });
	return true;
}

/* ---- watches ---- */

enum { WATCH_CREATE = 1, WATCH_CANCEL = 2, WATCH_PROGRESS = 3 };

struct proto_out question_watch(uint64_t id, const struct store_watch *watch, uint64_t from)
{
	struct proto_out out = proto_out_new(QUESTION_BYTES);

	proto_out_varint_field(&out, 7, id);
	put_number(&out, 6, watch->wants_prev);
	/* Not left out where it is 0: no puts. */
	if (watch->no_deletes)
		proto_out_varint_field(&out, 5, 1);
	if (watch->no_puts)
		proto_out_varint_field(&out, 5, 0);
	put_number(&out, 3, from);
	put_bytes(&out, 2, watch->end);
	put_bytes(&out, 1, watch->key);
	proto_out_close(&out, WATCH_CREATE, 0);
	return out;
}

struct proto_out question_watch_cancel(uint64_t id)
{
	struct proto_out out = proto_out_new(QUESTION_BYTES);

	put_number(&out, 1, id);
	proto_out_close(&out, WATCH_CANCEL, 0);
	return out;
}

struct proto_out question_watch_progress(void)
{
	struct proto_out out = proto_out_new(QUESTION_BYTES);

	proto_out_close(&out, WATCH_PROGRESS, 0);
	return out;
}

struct proto_out question_numbers(uint64_t first, uint64_t second)
{
	struct proto_out out = proto_out_new(QUESTION_BYTES);

	put_number(&out, 2, second);
	put_number(&out, 1, first);
	return out;
}
