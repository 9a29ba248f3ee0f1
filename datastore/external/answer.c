#include "datastore/external/answer.h"

#include "datastore/store/state/blob.h"
#include "transport/wire/proto.h"

bool answer_is_guarded(const struct store_op *ops, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (ops[i].expected != STORE_ANY_REVISION)
			return true;
	return false;
}

/* ---- parts ---- */

static uint64_t read_header(struct str bytes)
{
	struct proto in = proto_of(bytes);
	enum proto_wire wire;
	uint64_t revision = 0;
	uint32_t number;

	while (proto_field(&in, &number, &wire)) {
		if (number == 3 && wire == PROTO_VARINT)
			revision = proto_varint(&in);
		else
			proto_skip(&in, number, wire);
	}
	return in.is_bad ? 0 : revision;
}

uint64_t answer_revision(struct str message)
{
	struct proto in = proto_of(message);
	enum proto_wire wire;
	uint32_t number;

	while (proto_field(&in, &number, &wire)) {
		if (number == 1 && wire == PROTO_BYTES)
			return read_header(proto_bytes(&in));
		proto_skip(&in, number, wire);
	}
	return 0;
}

/* KeyValue */
static bool read_row(struct str bytes, struct arena *arena, struct store_row *row)
{
	struct proto in = proto_of(bytes);
	struct str value = STR_NONE;
	enum proto_wire wire;
	uint32_t number;

	*row = (struct store_row){ .key = STR("") };
	while (proto_field(&in, &number, &wire)) {
		if (number == 1 && wire == PROTO_BYTES)
			row->key = arena_str(arena, proto_bytes(&in));
		else if (number == 2 && wire == PROTO_VARINT)
			row->create_revision = proto_varint(&in);
		else if (number == 3 && wire == PROTO_VARINT)
			row->mod_revision = proto_varint(&in);
		else if (number == 4 && wire == PROTO_VARINT)
			row->version = proto_varint(&in);
		else if (number == 5 && wire == PROTO_BYTES)
			value = proto_bytes(&in);
		else if (number == 6 && wire == PROTO_VARINT)
			row->lease = proto_varint(&in);
		else
			proto_skip(&in, number, wire);
	}
	if (in.is_bad)
		return false;
	row->value = STR("");
	if (value.len > 0) {
		struct blob *blob = blob_new(value);

		row->blob = blob_hold(arena, blob);
		blob_unref(blob);
		row->value = blob_str(row->blob);
	}
	return true;
}

/* Repeated messages and strings of a field, counted first: their array is made once. */
static uint32_t count_of(struct str message, uint32_t wanted)
{
	struct proto in = proto_of(message);
	enum proto_wire wire;
	uint32_t number, count = 0;

	while (proto_field(&in, &number, &wire)) {
		count += number == wanted && wire == PROTO_BYTES;
		proto_skip(&in, number, wire);
	}
	return count;
}

/* ---- ranges ---- */

/* RangeResponse: header 1, kvs 2, more 3, count 4. */
enum status answer_range(struct str message, struct store_range_answer *answer)
{
	struct proto in = proto_of(message);
	enum proto_wire wire;
	uint32_t number;
	bool is_good = true;

	answer->rows = arena_array(answer->arena, struct store_row, count_of(message, 2));
	answer->row_count = 0;
	while (is_good && proto_field(&in, &number, &wire)) {
		if (number == 1 && wire == PROTO_BYTES)
			answer->latest = read_header(proto_bytes(&in));
		else if (number == 2 && wire == PROTO_BYTES)
			is_good = read_row(proto_bytes(&in), answer->arena,
					   &answer->rows[answer->row_count++]);
		else if (number == 3 && wire == PROTO_VARINT)
			answer->more = proto_varint(&in) != 0;
		else if (number == 4 && wire == PROTO_VARINT)
			answer->count = proto_varint(&in);
		else
			proto_skip(&in, number, wire);
	}
	answer->revision = answer->latest;
	return is_good && !in.is_bad ? OK : INVALID;
}

/* ---- writes ---- */

/* TxnResponse: header 1, succeeded 2, responses 3. */
struct txn {
	uint64_t revision;
	bool has_succeeded;
	struct str *responses;
	uint32_t count;
};

static bool read_txn(struct str message, struct arena *arena, struct txn *txn)
{
	struct proto in = proto_of(message);
	enum proto_wire wire;
	uint32_t number;

	*txn = (struct txn){ .responses = arena_array(arena, struct str, count_of(message, 3)) };
	while (proto_field(&in, &number, &wire)) {
		if (number == 1 && wire == PROTO_BYTES)
			txn->revision = read_header(proto_bytes(&in));
		else if (number == 2 && wire == PROTO_VARINT)
			txn->has_succeeded = proto_varint(&in) != 0;
		else if (number == 3 && wire == PROTO_BYTES)
			txn->responses[txn->count++] = proto_bytes(&in);
		else
			proto_skip(&in, number, wire);
	}
	return !in.is_bad;
}

/* ResponseOp: the one message in it, of the given kind: range 1, put 2, delete 3, transaction 4. */
static bool read_op(struct str response, uint32_t wanted, struct str *out)
{
	struct proto in = proto_of(response);
	enum proto_wire wire;
	uint32_t number;

	*out = STR_NONE;
	while (proto_field(&in, &number, &wire)) {
		if (number == wanted && wire == PROTO_BYTES)
			*out = proto_bytes(&in);
		else
			proto_skip(&in, number, wire);
	}
	return !in.is_bad && out->at != NULL;
}

/* PutResponse: prev_kv 2. DeleteRangeResponse: deleted 2, prev_kvs 3. */
static bool read_change(struct str message, uint32_t rows_field, struct arena *arena,
			struct store_result *result)
{
	struct proto in = proto_of(message);
	enum proto_wire wire;
	uint32_t number;
	bool is_good = true;

	result->rows = arena_array(arena, struct store_row, count_of(message, rows_field));
	while (is_good && proto_field(&in, &number, &wire)) {
		if (number == rows_field && wire == PROTO_BYTES)
			is_good =
			    read_row(proto_bytes(&in), arena, &result->rows[result->row_count++]);
		else if (number == 2 && wire == PROTO_VARINT)
			result->count = proto_varint(&in);
		else
			proto_skip(&in, number, wire);
	}
	return is_good && !in.is_bad;
}

static bool read_result(struct str response, const struct store_op *op, struct arena *arena,
			struct store_result *result)
{
	struct store_range_answer range = { .arena = arena };
	struct str message;

	switch (op->kind) {
	case STORE_PUT:
		result->count = 1;
		return read_op(response, 2, &message) && read_change(message, 2, arena, result);
	case STORE_DELETE:
		return read_op(response, 3, &message) && read_change(message, 3, arena, result);
	case STORE_GET:
		if (!read_op(response, 1, &message) || answer_range(message, &range) != OK)
			return false;
		*result = (struct store_result){ .rows = range.rows,
						 .row_count = range.row_count,
						 .more = range.more,
						 .count = range.count };
		return true;
	case STORE_TXN: break;
	}
	return false;
}

/* The first operation whose expectation does not hold by what was read. */
static enum status read_refusal(const struct txn *txn, const struct store_op *ops, uint32_t count,
				struct store_write_answer *answer)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct store_range_answer range = { .arena = answer->arena };
		struct str message;
		uint64_t found;

		if (ops[i].expected == STORE_ANY_REVISION)
			continue;
		if (at >= txn->count || !read_op(txn->responses[at++], 1, &message) ||
		    answer_range(message, &range) != OK)
			return INVALID;
		found = range.row_count > 0 ? range.rows[0].mod_revision : 0;
		if (found == ops[i].expected)
			continue;
		answer->refused_op = i;
		if (found == 0)
			return NOT_FOUND;
		answer->has_current = true;
		answer->current = range.rows[0];
		return ops[i].expected == 0 ? EXISTS : CONFLICT;
	}
	return INVALID;
}

static enum status read_results(const struct txn *txn, const struct store_op *ops, uint32_t count,
				struct store_write_answer *answer)
{
	if (txn->count != count)
		return INVALID;
	answer->results = arena_array(answer->arena, struct store_result, count);
	for (uint32_t i = 0; i < count; i++)
		if (!read_result(txn->responses[i], &ops[i], answer->arena, &answer->results[i]))
			return INVALID;
	answer->result_count = count;
	return OK;
}

static enum status read_expecting(const struct txn *txn, const struct store_op *ops, uint32_t count,
				  struct store_write_answer *answer)
{
	return txn->has_succeeded ? read_results(txn, ops, count, answer)
				  : read_refusal(txn, ops, count, answer);
}

static enum status read_branch(const struct txn *txn, const struct store_op *ops, uint32_t count,
			       struct store_write_answer *answer)
{
	struct txn inner;
	struct str message;

	if (!answer_is_guarded(ops, count))
		return read_results(txn, ops, count, answer);
	if (txn->count != 1 || !read_op(txn->responses[0], 4, &message) ||
	    !read_txn(message, answer->arena, &inner))
		return INVALID;
	return read_expecting(&inner, ops, count, answer);
}

enum status answer_write(struct str message, const struct store_write *write, bool has_guard,
			 struct store_write_answer *answer)
{
	struct txn txn;

	if (!read_txn(message, answer->arena, &txn))
		return INVALID;
	answer->revision = txn.revision;
	if (has_guard) {
		if (!txn.has_succeeded)
			return GONE;
		if (txn.count != 1 || !read_op(txn.responses[0], 4, &message) ||
		    !read_txn(message, answer->arena, &txn))
			return INVALID;
	}
	answer->is_success = write->compare_count == 0 || txn.has_succeeded;
	if (write->compare_count == 0)
		return read_expecting(&txn, write->success, write->success_count, answer);
	if (txn.has_succeeded)
		return read_branch(&txn, write->success, write->success_count, answer);
	return read_branch(&txn, write->failure, write->failure_count, answer);
}

/* ---- watches ---- */

/* Event: type 1 (1 is a delete), kv 2, prev_kv 3. */
static bool read_event(struct str bytes, struct arena *arena, struct store_event *event)
{
	struct proto in = proto_of(bytes);
	enum proto_wire wire;
	uint32_t number;
	bool is_good = true;

	while (is_good && proto_field(&in, &number, &wire)) {
		if (number == 1 && wire == PROTO_VARINT)
			event->is_delete = proto_varint(&in) == 1;
		else if (number == 2 && wire == PROTO_BYTES)
			is_good = read_row(proto_bytes(&in), arena, &event->row);
		else if (number == 3 && wire == PROTO_BYTES)
			is_good = read_row(proto_bytes(&in), arena, &event->prev);
		else
			proto_skip(&in, number, wire);
	}
	return is_good && !in.is_bad && event->row.key.len > 0;
}

/* WatchResponse: header 1, watch_id 2, created 3, canceled 4, compact_revision 5, cancel_reason 6, events 11. */
enum status answer_watch(struct str message, struct arena *arena, struct answer_watch *out)
{
	struct proto in = proto_of(message);
	enum proto_wire wire;
	uint32_t number;
	bool is_good = true;

	*out = (struct answer_watch){ .events = arena_array(arena, struct store_event,
							    count_of(message, 11)) };
	while (is_good && proto_field(&in, &number, &wire)) {
		if (number == 1 && wire == PROTO_BYTES) {
			out->revision = read_header(proto_bytes(&in));
		} else if (number == 2 && wire == PROTO_VARINT) {
			out->id = proto_varint(&in);
		} else if (number == 3 && wire == PROTO_VARINT) {
			out->is_created = proto_varint(&in) != 0;
		} else if (number == 4 && wire == PROTO_VARINT) {
			out->is_cancelled = proto_varint(&in) != 0;
		} else if (number == 5 && wire == PROTO_VARINT) {
			out->compact_revision = proto_varint(&in);
		} else if (number == 6 && wire == PROTO_BYTES) {
			out->reason = arena_str(arena, proto_bytes(&in));
		} else if (number == 11 && wire == PROTO_BYTES) {
			struct str bytes = proto_bytes(&in);

			out->bytes += bytes.len;
			is_good = read_event(bytes, arena, &out->events[out->count++]);
		} else {
			proto_skip(&in, number, wire);
		}
	}
	return is_good && !in.is_bad ? OK : INVALID;
}

/* ---- leases ---- */

enum status answer_one_lease(struct str message, struct arena *arena, struct answer_lease *out)
{
	struct proto in = proto_of(message);
	enum proto_wire wire;
	uint32_t number;

	*out = (struct answer_lease){ .keys = arena_array(arena, struct str, count_of(message, 5)) };
	while (proto_field(&in, &number, &wire)) {
		if (number == 1 && wire == PROTO_BYTES)
			out->revision = read_header(proto_bytes(&in));
		else if (number == 2 && wire == PROTO_VARINT)
			out->id = proto_varint(&in);
		else if (number == 3 && wire == PROTO_VARINT)
			out->ttl_s = (int64_t)proto_varint(&in);
		else if (number == 4 && wire == PROTO_VARINT)
			out->granted_s = proto_varint(&in);
		else if (number == 5 && wire == PROTO_BYTES)
			out->keys[out->key_count++] = arena_str(arena, proto_bytes(&in));
		else
			proto_skip(&in, number, wire);
	}
	return in.is_bad ? INVALID : OK;
}

static uint64_t read_lease_id(struct str bytes)
{
	struct proto in = proto_of(bytes);
	enum proto_wire wire;
	uint64_t id = 0;
	uint32_t number;

	while (proto_field(&in, &number, &wire)) {
		if (number == 1 && wire == PROTO_VARINT)
			id = proto_varint(&in);
		else
			proto_skip(&in, number, wire);
	}
	return id;
}

/* LeaseLeasesResponse: header 1, leases 2 of id 1. */
enum status answer_all_leases(struct str message, struct arena *arena,
			      struct store_lease_answer *out)
{
	struct proto in = proto_of(message);
	enum proto_wire wire;
	uint32_t number;

	out->ids = arena_array(arena, uint64_t, count_of(message, 2));
	while (proto_field(&in, &number, &wire)) {
		if (number == 2 && wire == PROTO_BYTES)
			out->ids[out->id_count++] = read_lease_id(proto_bytes(&in));
		else
			proto_skip(&in, number, wire);
	}
	out->revision = answer_revision(message);
	return in.is_bad ? INVALID : OK;
}
