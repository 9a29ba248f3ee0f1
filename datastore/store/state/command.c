#include "datastore/store/state/command.h"

#include <assert.h>

#define COMPARE_BYTES \
	22 /* the least that a packed compare or op takes: a count that cannot fit is refused early */
#define OP_BYTES 34

enum op_flag {
	FLAG_PREV = 1,
	FLAG_KEEP_VALUE = 2,
	FLAG_KEEP_LEASE = 4,
	FLAG_COUNT_ONLY = 8,
	FLAG_KEYS_ONLY = 16,
	FLAG_ALL = 31,
};

static uint8_t op_flags(const struct store_op *op)
{
	return (uint8_t)((op->wants_prev ? FLAG_PREV : 0) | (op->keeps_value ? FLAG_KEEP_VALUE : 0) |
			 (op->keeps_lease ? FLAG_KEEP_LEASE : 0) |
			 (op->is_count_only ? FLAG_COUNT_ONLY : 0) |
			 (op->is_keys_only ? FLAG_KEYS_ONLY : 0));
}

static void pack_op(struct text *out, const struct store_op *op)
{
	fixed_put_u8(out, (uint8_t)op->kind);
	fixed_put_u8(out, op_flags(op));
	fixed_put_str(out, op->key);
	fixed_put_str(out, op->end);
	fixed_put_str(out, op->value);
	fixed_put_u64(out, op->lease);
	fixed_put_u64(out, op->expected);
	fixed_put_u32(out, op->limit);
}

static void pack_ops(struct text *out, const struct store_op *ops, uint32_t count)
{
	fixed_put_u32(out, count);
	for (uint32_t i = 0; i < count; i++)
		pack_op(out, &ops[i]);
}

static void pack_txn(struct text *out, const struct store_write *write)
{
	fixed_put_u32(out, write->compare_count);
	for (uint32_t i = 0; i < write->compare_count; i++) {
		const struct store_compare *compare = &write->compares[i];
		fixed_put_u8(out, (uint8_t)compare->target);
		fixed_put_u8(out, (uint8_t)compare->result);
		fixed_put_str(out, compare->key);
		fixed_put_str(out, compare->end);
		fixed_put_u64(out, (uint64_t)compare->number);
		fixed_put_str(out, compare->value);
	}
	pack_ops(out, write->success, write->success_count);
	pack_ops(out, write->failure, write->failure_count);
}

static void pack_write(struct text *out, const struct store_write *write)
{
	fixed_put_u64(out, write->term);
	fixed_put_u64(out, write->request);
	pack_txn(out, write);
}

/* Cut when it is larger than any command may be: command_check refuses it then. */
struct str store_pack_txn(const struct store_write *txn, struct arena *arena)
{
	struct text out = text_in(arena, LIMIT_STORE_COMMAND_BYTES);

	pack_txn(&out, txn);
	return text_str(&out);
}

void command_begin(struct text *out)
{
	fixed_put_u8(out, COMMAND_VERSION);
}

void command_pack(struct text *out, const struct command *command)
{
	fixed_put_u8(out, (uint8_t)command->kind);
	uint32_t hole = fixed_hole(out);
	switch (command->kind) {
	case COMMAND_WRITE: pack_write(out, &command->write); break;
	case COMMAND_LEASE_GRANT:
		fixed_put_u64(out, command->grant.id);
		fixed_put_u32(out, command->grant.ttl_s);
		break;
	case COMMAND_LEASE_REVOKE: fixed_put_u64(out, command->revoke.id); break;
	case COMMAND_COMPACT: fixed_put_u64(out, command->compact.revision); break;
	case COMMAND_RAISE: fixed_put_u64(out, command->raise.by); break;
	}
	fixed_patch(out, hole);
}

static uint32_t ops_size(const struct store_op *ops, uint32_t count)
{
	uint32_t size = 4;
	for (uint32_t i = 0; i < count; i++)
		size += OP_BYTES + ops[i].key.len + ops[i].end.len + ops[i].value.len;
	return size;
}

uint32_t command_size(const struct command *command)
{
	if (command->kind != COMMAND_WRITE)
		return 32;
	const struct store_write *write = &command->write;
	uint32_t size = 32;
	for (uint32_t i = 0; i < write->compare_count; i++) {
		const struct store_compare *compare = &write->compares[i];
		size += COMPARE_BYTES + compare->key.len + compare->end.len + compare->value.len;
	}
	return size + ops_size(write->success, write->success_count) +
	       ops_size(write->failure, write->failure_count);
}

/* ---- reading ---- */

static void unpack_op(struct fixed *in, struct store_op *op)
{
	uint8_t kind = fixed_get_u8(in);
	uint8_t flags = fixed_get_u8(in);
	if (kind > STORE_TXN || (flags & ~FLAG_ALL) != 0) /* of a version that we do not know */
		in->is_bad = true;
	op->kind = kind;
	op->wants_prev = flags & FLAG_PREV;
	op->keeps_value = flags & FLAG_KEEP_VALUE;
	op->keeps_lease = flags & FLAG_KEEP_LEASE;
	op->is_count_only = flags & FLAG_COUNT_ONLY;
	op->is_keys_only = flags & FLAG_KEYS_ONLY;
	op->key = fixed_get_str(in);
	op->end = fixed_get_str(in);
	op->value = fixed_get_str(in);
	op->lease = fixed_get_u64(in);
	op->expected = fixed_get_u64(in);
	op->limit = fixed_get_u32(in);
}

static const struct store_op *unpack_ops(struct fixed *in, struct arena *arena, uint32_t *count)
{
	*count = fixed_count(in, OP_BYTES, LIMIT_TXN_OPS);
	struct store_op *ops = *count ? arena_array(arena, struct store_op, *count) : NULL;
	for (uint32_t i = 0; i < *count; i++)
		unpack_op(in, &ops[i]);
	return ops;
}

static void unpack_compare(struct fixed *in, struct store_compare *compare)
{
	uint8_t target = fixed_get_u8(in), result = fixed_get_u8(in);
	if (target > STORE_COMPARE_LEASE || result > STORE_COMPARE_NOT_EQUAL)
		in->is_bad = true;
	compare->target = target;
	compare->result = result;
	compare->key = fixed_get_str(in);
	compare->end = fixed_get_str(in);
	compare->number = (int64_t)fixed_get_u64(in);
	compare->value = fixed_get_str(in);
}

static void unpack_txn(struct fixed *in, struct arena *arena, struct store_write *write)
{
	write->compare_count = fixed_count(in, COMPARE_BYTES, LIMIT_TXN_OPS);
	struct store_compare *compares =
	    write->compare_count ? arena_array(arena, struct store_compare, write->compare_count)
				 : NULL;
	for (uint32_t i = 0; i < write->compare_count; i++)
		unpack_compare(in, &compares[i]);
	write->compares = compares;
	write->success = unpack_ops(in, arena, &write->success_count);
	write->failure = unpack_ops(in, arena, &write->failure_count);
}

static void unpack_write(struct fixed *in, struct arena *arena, struct store_write *write)
{
	write->term = fixed_get_u64(in);
	write->request = fixed_get_u64(in);
	unpack_txn(in, arena, write);
}

enum status command_unpack_txn(struct str packed, struct arena *arena, struct store_write *out)
{
	struct fixed in = fixed_of(packed);

	*out = (struct store_write){ 0 };
	unpack_txn(&in, arena, out);
	return fixed_is_done(&in) ? OK : CORRUPT;
}

enum status command_open(struct str payload, struct fixed *out)
{
	struct fixed in = fixed_of(payload);
	if (fixed_get_u8(&in) != COMMAND_VERSION)
		return CORRUPT;
	*out = in;
	return OK;
}

enum status command_next(struct fixed *in, struct arena *arena, struct command *out)
{
	struct command command = { .kind = fixed_get_u8(in) };
	struct fixed part = fixed_part(in);
	switch (command.kind) {
	case COMMAND_WRITE: unpack_write(&part, arena, &command.write); break;
	case COMMAND_LEASE_GRANT:
		command.grant.id = fixed_get_u64(&part);
		command.grant.ttl_s = fixed_get_u32(&part);
		break;
	case COMMAND_LEASE_REVOKE: command.revoke.id = fixed_get_u64(&part); break;
	case COMMAND_COMPACT: command.compact.revision = fixed_get_u64(&part); break;
	case COMMAND_RAISE: command.raise.by = fixed_get_u64(&part); break;
	default: return CORRUPT;
	}
	if (!fixed_is_done(&part) || command_check(&command, NULL) != OK)
		return CORRUPT;
	*out = command;
	return OK;
}

/* ---- checking ---- */

static enum status check_key(struct str key, struct fault *why)
{
	if (!key.len)
		return fault_set(why, BAD_REQUEST, "key", "a key is not empty");
	if (key.len > LIMIT_KEY_BYTES)
		return fault_set(why, TOO_LARGE, "key", "a key is at most %u bytes",
				 LIMIT_KEY_BYTES);
	return OK;
}

/* True if `key` is the one, or lies in [from, end) when there is an end. */
static bool is_within(struct str key, struct str from, struct str end)
{
	if (!end.at)
		return str_eq(key, from);
	return str_cmp(key, from) >= 0 && (str_eq(end, STORE_NO_END) || str_cmp(key, end) < 0);
}

/* etcd's rule: a put may share its key with no other put and no delete. 128 ops at most, so pairs are cheap. */
static bool is_named_twice(const struct store_op *ops, uint32_t count, uint32_t i)
{
	if (ops[i].kind != STORE_PUT)
		return false;
	for (uint32_t j = 0; j < count; j++) {
		if (j == i || ops[j].kind == STORE_GET || ops[j].kind == STORE_TXN)
			continue;
		if (is_within(ops[i].key, ops[j].key, ops[j].end))
			return true;
	}
	return false;
}

static enum status check_txn(const struct store_write *txn, uint32_t most_ops, struct fault *why);

static enum status check_nested(struct str packed, uint32_t most_ops, struct fault *why)
{
	struct arena *arena = arena_new(0);
	struct store_write txn;
	enum status status = command_unpack_txn(packed, arena, &txn);

	if (status != OK)
		status = fault_set(why, BAD_REQUEST, "value", "no transaction");
	else
		status = check_txn(&txn, most_ops, why);
	arena_free(arena);
	return status;
}

/* `most_ops`: what is left for the lists of a transaction within. */
static enum status check_op(const struct store_op *op, uint32_t most_ops, struct fault *why)
{
	if (op->kind == STORE_TXN)
		return op->key.at || op->end.at
			   ? fault_set(why, BAD_REQUEST, "key", "a transaction has none")
			   : check_nested(op->value, most_ops, why);
	TRY(check_key(op->key, why));
	if (op->end.len > LIMIT_KEY_BYTES)
		return fault_set(why, TOO_LARGE, "end", "longer than a key may be");
	if (op->kind != STORE_PUT)
		return op->end.at && op->expected != STORE_ANY_REVISION && op->kind == STORE_DELETE
			   ? fault_set(why, BAD_REQUEST, "expected", "a range has no one revision")
			   : OK;
	if (op->end.at)
		return fault_set(why, BAD_REQUEST, "end", "a put has one key");
	if (op->value.len > LIMIT_OBJECT_BYTES)
		return fault_set(why, TOO_LARGE, "value", "a value is at most %u bytes",
				 LIMIT_OBJECT_BYTES);
	if ((op->keeps_value && op->value.len) || (op->keeps_lease && op->lease))
		return fault_set(why, BAD_REQUEST, "value", "given and to be kept at once");
	return OK;
}

static enum status check_ops(const struct store_op *ops, uint32_t count, uint32_t most_ops,
			     struct fault *why)
{
	for (uint32_t i = 0; i < count; i++) {
		TRY(check_op(&ops[i], most_ops, why));
		if (is_named_twice(ops, count, i))
			return fault_set(why, BAD_REQUEST, "key", "named twice in one write");
	}
	return OK;
}

static uint32_t larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* etcd's rule, which also bounds the depth: a level uses up as many ops as its longest list has. */
static enum status check_txn(const struct store_write *write, uint32_t most_ops, struct fault *why)
{
	uint32_t used =
	    larger(write->compare_count, larger(write->success_count, write->failure_count));

	if (used > most_ops)
		return fault_set(why, BAD_REQUEST, "ops", "at most %u in one write", LIMIT_TXN_OPS);
	for (uint32_t i = 0; i < write->compare_count; i++) {
		TRY(check_key(write->compares[i].key, why));
		if (write->compares[i].end.len > LIMIT_KEY_BYTES)
			return fault_set(why, TOO_LARGE, "end", "longer than a key may be");
	}
	most_ops -= used; /* at least one less for each level within */
	TRY(check_ops(write->success, write->success_count, most_ops, why));
	return check_ops(write->failure, write->failure_count, most_ops, why);
}

enum status command_check(const struct command *command, struct fault *why)
{
	switch (command->kind) {
	case COMMAND_WRITE:
		TRY(check_txn(&command->write, LIMIT_TXN_OPS, why));
		if (command_size(command) > LIMIT_STORE_COMMAND_BYTES)
			return fault_set(why, TOO_LARGE, "", "a write is at most %u bytes",
					 LIMIT_STORE_COMMAND_BYTES);
		return OK;
	case COMMAND_LEASE_GRANT:
		if (!command->grant.id || !command->grant.ttl_s ||
		    command->grant.ttl_s > LIMIT_LEASE_TTL_S)
			return fault_set(why, BAD_REQUEST, "ttl", "a lease lives 1 to %u seconds",
					 LIMIT_LEASE_TTL_S);
		return OK;
	case COMMAND_LEASE_REVOKE: return command->revoke.id ? OK : BAD_REQUEST;
	case COMMAND_COMPACT: return command->compact.revision ? OK : BAD_REQUEST;
	case COMMAND_RAISE: return command->raise.by ? OK : BAD_REQUEST;
	}
	return BAD_REQUEST;
}
