#include "actors/etcd/message.h"

#include <stddef.h>

#include "runtime/base/limits.h"
#include "transport/wire/proto.h"

/* Each message is a struct and a table of its fields; numbers and types are the API's. */
enum form {
	FORM_END,
	FORM_BYTES,   /* struct str: bytes, string or a message */
	FORM_INT,     /* int64_t, also for uint64 and enums */
	FORM_BOOL,    /* bool */
	FORM_BITS,    /* uint32_t: of a repeated enum, bit n for the value n */
	FORM_MEMBERS, /* struct list_of: messages or strings, one after the other */
};

struct field {
	uint32_t number;
	enum form form;
	uint32_t at;
};

struct list_of {
	struct str *at;
	uint32_t count, cap;
};

#define NO_END STR_NONE

/* ---- the walker ------------------------------------------------------------------------------------------- */

static bool add_item(struct list_of *list, struct str item, struct arena *arena)
{
	if (list->count == LIMIT_ETCD_ITEMS)
		return false;
	if (list->count == list->cap) {
		uint32_t cap = list->cap > 0 ? 2 * list->cap : 8;

		list->at = arena_grow(arena, list->at, list->cap * sizeof *list->at,
				      cap * sizeof *list->at);
		list->cap = cap;
	}
	list->at[list->count++] = item;
	return true;
}

static void add_bit(uint32_t *bits, uint64_t value)
{
	if (value < 32)
		*bits |= 1U << value;
}

static void read_bits(struct proto *in, enum proto_wire wire, uint32_t *bits)
{
	if (wire == PROTO_VARINT) {
		add_bit(bits, proto_varint(in));
		return;
	}
	struct proto packed = proto_of(proto_bytes(in));

	while (packed.at < packed.end && !packed.is_bad)
		add_bit(bits, proto_varint(&packed));
	in->is_bad = in->is_bad || packed.is_bad;
}

static enum proto_wire wire_of(enum form form)
{
	return form == FORM_INT || form == FORM_BOOL ? PROTO_VARINT : PROTO_BYTES;
}

static bool read_field(struct proto *in, const struct field *field, enum proto_wire wire,
		       struct arena *arena, char *out)
{
	void *at = out + field->at;

	switch (field->form) {
	case FORM_END: break;
	case FORM_BYTES: *(struct str *)at = proto_bytes(in); break;
	case FORM_INT: *(int64_t *)at = (int64_t)proto_varint(in); break;
	case FORM_BOOL: *(bool *)at = proto_varint(in) != 0; break;
	case FORM_BITS: read_bits(in, wire, at); break;
	case FORM_MEMBERS: return add_item(at, proto_bytes(in), arena);
	}
	return true;
}

static const struct field *find_field(const struct field *fields, uint32_t number,
				      enum proto_wire wire)
{
	for (; fields->form != FORM_END; fields++) {
		if (fields->number != number)
			continue;
		bool fits = wire == wire_of(fields->form) ||
			    (fields->form == FORM_BITS && wire == PROTO_VARINT);
		return fits ? fields : NULL;
	}
	return NULL;
}

/* Fills the cleared struct that the table is about. False: it is no protobuf. */
static bool message_read(struct str message, const struct field *fields, struct arena *arena,
			 void *out)
{
	struct proto in = proto_of(message);
	uint32_t number;
	enum proto_wire wire;

	while (proto_field(&in, &number, &wire)) {
		const struct field *field = find_field(fields, number, wire);

		if (field == NULL)
			proto_skip(&in, number, wire);
		else if (!read_field(&in, field, wire, arena, out))
			return false;
	}
	return !in.is_bad;
}

#define FIELD(T, number, form, name)                       \
	{                                                  \
		(number), (form), offsetof(struct T, name) \
	}
#define FIELDS_END             \
	{                      \
		0, FORM_END, 0 \
	}

/* ---- ranges, puts and deletes ------------------------------------------------------------------------------ */

static const struct field range_fields[] = {
	FIELD(etcd_range, 1, FORM_BYTES, key),
	FIELD(etcd_range, 2, FORM_BYTES, end),
	FIELD(etcd_range, 3, FORM_INT, limit),
	FIELD(etcd_range, 4, FORM_INT, revision),
	FIELD(etcd_range, 5, FORM_INT, order),
	FIELD(etcd_range, 6, FORM_INT, target),
	FIELD(etcd_range, 7, FORM_BOOL, is_serializable),
	FIELD(etcd_range, 8, FORM_BOOL, is_keys_only),
	FIELD(etcd_range, 9, FORM_BOOL, is_count_only),
	FIELD(etcd_range, 10, FORM_INT, min_mod),
	FIELD(etcd_range, 11, FORM_INT, max_mod),
	FIELD(etcd_range, 12, FORM_INT, min_create),
	FIELD(etcd_range, 13, FORM_INT, max_create),
	FIELDS_END,
};

static const struct field put_fields[] = {
	FIELD(etcd_put, 1, FORM_BYTES, key),
	FIELD(etcd_put, 2, FORM_BYTES, value),
	FIELD(etcd_put, 3, FORM_INT, lease),
	FIELD(etcd_put, 4, FORM_BOOL, wants_prev),
	FIELD(etcd_put, 5, FORM_BOOL, keeps_value),
	FIELD(etcd_put, 6, FORM_BOOL, keeps_lease),
	FIELDS_END,
};

static const struct field delete_fields[] = {
	FIELD(etcd_delete, 1, FORM_BYTES, key),
	FIELD(etcd_delete, 2, FORM_BYTES, end),
	FIELD(etcd_delete, 3, FORM_BOOL, wants_prev),
	FIELDS_END,
};

static bool fail(enum etcd_fault *why, enum etcd_fault fault)
{
	*why = fault;
	return false;
}

/* An end of no bytes is none. */
static struct str end_of(struct str end)
{
	return end.len > 0 ? end : NO_END;
}

static bool is_key(struct str key, struct str end, enum etcd_fault *why)
{
	if (key.len == 0)
		return fail(why, ETCD_EMPTY_KEY);
	if (key.len > LIMIT_KEY_BYTES || end.len > LIMIT_KEY_BYTES)
		return fail(why, ETCD_KEY_TOO_LONG);
	return true;
}

bool etcd_message_range(struct str message, struct etcd_range *out, enum etcd_fault *why)
{
	*out = (struct etcd_range){ 0 };
	if (!message_read(message, range_fields, NULL, out))
		return fail(why, ETCD_MALFORMED);
	out->end = end_of(out->end);
	if (!is_key(out->key, out->end, why))
		return false;
	if (out->order < ETCD_UNSORTED || out->order > ETCD_DESCENDING ||
	    out->target < ETCD_BY_KEY || out->target > ETCD_BY_VALUE)
		return fail(why, ETCD_SORT_OPTION);
	return true;
}

bool etcd_message_put(struct str message, struct etcd_put *out, enum etcd_fault *why)
{
	*out = (struct etcd_put){ .value = STR("") };
	if (!message_read(message, put_fields, NULL, out))
		return fail(why, ETCD_MALFORMED);
	if (!is_key(out->key, STR_NONE, why))
		return false;
	if (out->keeps_value && out->value.len > 0)
		return fail(why, ETCD_VALUE_PROVIDED);
	if (out->keeps_lease && out->lease != 0)
		return fail(why, ETCD_LEASE_PROVIDED);
	return out->value.len <= LIMIT_OBJECT_BYTES || fail(why, ETCD_REQUEST_TOO_LARGE);
}

bool etcd_message_delete(struct str message, struct etcd_delete *out, enum etcd_fault *why)
{
	*out = (struct etcd_delete){ 0 };
	if (!message_read(message, delete_fields, NULL, out))
		return fail(why, ETCD_MALFORMED);
	out->end = end_of(out->end);
	return is_key(out->key, out->end, why);
}

/* ---- transactions -------------------------------------------------------------------------------------------- */

struct raw_txn {
	struct list_of compares, success, failure;
};

static const struct field txn_fields[] = {
	FIELD(raw_txn, 1, FORM_MEMBERS, compares),
	FIELD(raw_txn, 2, FORM_MEMBERS, success),
	FIELD(raw_txn, 3, FORM_MEMBERS, failure),
	FIELDS_END,
};

/* The fields of a comparison's value, in the order of enum store_compare_target; only that of the target counts. */
struct raw_compare {
	int64_t result, target;
	struct str key, end, value;
	int64_t numbers[9]; /* by field: 4 version, 5 create, 6 mod, 8 lease */
};

static const struct field compare_fields[] = {
	FIELD(raw_compare, 1, FORM_INT, result),     FIELD(raw_compare, 2, FORM_INT, target),
	FIELD(raw_compare, 3, FORM_BYTES, key),      FIELD(raw_compare, 4, FORM_INT, numbers[4]),
	FIELD(raw_compare, 5, FORM_INT, numbers[5]), FIELD(raw_compare, 6, FORM_INT, numbers[6]),
	FIELD(raw_compare, 7, FORM_BYTES, value),    FIELD(raw_compare, 8, FORM_INT, numbers[8]),
	FIELD(raw_compare, 64, FORM_BYTES, end),     FIELDS_END,
};

static bool read_compare(struct str message, struct store_compare *out, enum etcd_fault *why)
{
	static const struct {
		enum store_compare_target target;
		uint32_t field;
	} targets[] = { { STORE_COMPARE_VERSION, 4 },
			{ STORE_COMPARE_CREATE, 5 },
			{ STORE_COMPARE_MOD, 6 },
			{ STORE_COMPARE_VALUE, 7 },
			{ STORE_COMPARE_LEASE, 8 } };
	static const enum store_compare_result results[] = { STORE_COMPARE_EQUAL,
							     STORE_COMPARE_GREATER,
							     STORE_COMPARE_LESS,
							     STORE_COMPARE_NOT_EQUAL };
	struct raw_compare raw = { 0 };

	if (!message_read(message, compare_fields, NULL, &raw))
		return fail(why, ETCD_MALFORMED);
	if (!is_key(raw.key, raw.end, why))
		return false;
	if (raw.target < 0 || raw.target > 4 || raw.result < 0 || raw.result > 3)
		return fail(why, ETCD_COMPARISON);
	*out = (struct store_compare){ .target = targets[raw.target].target,
				       .result = results[raw.result],
				       .key = raw.key,
				       .end = end_of(raw.end) };
	if (out->target == STORE_COMPARE_VALUE)
		out->value = raw.value.at != NULL ? raw.value : STR("");
	else
		out->number = raw.numbers[targets[raw.target].field];
	return true;
}

/* The first kind that a RequestOp holds; it holds one. */
static bool read_op_kind(struct str message, uint32_t *kind, struct str *inner)
{
	struct proto in = proto_of(message);
	uint32_t number;
	enum proto_wire wire;

	*kind = ETCD_NOTHING;
	while (proto_field(&in, &number, &wire)) {
		if (number < ETCD_RANGE || number > ETCD_TXN || wire != PROTO_BYTES) {
			proto_skip(&in, number, wire);
			continue;
		}
		*kind = number; /* of several the last one counts, as in any oneof */
		*inner = proto_bytes(&in);
	}
	return !in.is_bad;
}

/* One transaction with all that are within it. */
struct reading {
	struct arena *arena;
	uint32_t ops; /* so far */
	enum etcd_fault *why;
};

static bool read_txn(struct reading *reading, struct str message, uint32_t most_ops,
		     struct etcd_txn *out);

static bool read_op(struct reading *reading, struct str message, uint32_t most_ops,
		    struct etcd_op *out)
{
	enum etcd_fault *why = reading->why;
	uint32_t kind;
	struct str inner = STR_NONE;
	struct etcd_txn *txn;

	if (!read_op_kind(message, &kind, &inner))
		return fail(why, ETCD_MALFORMED);
	if (++reading->ops > LIMIT_ETCD_ITEMS)
		return fail(why, ETCD_TOO_MANY_OPS);
	out->kind = (enum etcd_op_kind)kind;
	switch (out->kind) {
	case ETCD_NOTHING: return fail(why, ETCD_KEY_NOT_FOUND); /* etcd's words for it */
	case ETCD_RANGE:
		if (!etcd_message_range(inner, &out->range, why))
			return false;
		return out->range.revision <= 0 || fail(why, ETCD_TXN_RANGE_REVISION);
	case ETCD_PUT: return etcd_message_put(inner, &out->put, why);
	case ETCD_DELETE: return etcd_message_delete(inner, &out->delete, why);
	case ETCD_TXN: break;
	}
	txn = arena_new_of(reading->arena, struct etcd_txn);
	out->txn = txn;
	return read_txn(reading, inner, most_ops, txn);
}

static bool read_branch(struct reading *reading, const struct list_of *list, uint32_t most_ops,
			struct etcd_branch *out)
{
	struct etcd_op *ops = arena_array(reading->arena, struct etcd_op, list->count);

	for (uint32_t i = 0; i < list->count; i++)
		if (!read_op(reading, list->at[i], most_ops, &ops[i]))
			return false;
	*out = (struct etcd_branch){ ops, list->count };
	return true;
}

/* A level takes as many ops as its longest list has, and leaves the rest to those within: so their depth has an end. */
static bool read_txn(struct reading *reading, struct str message, uint32_t most_ops,
		     struct etcd_txn *out)
{
	struct arena *arena = reading->arena;
	enum etcd_fault *why = reading->why;
	struct raw_txn raw = { 0 };
	struct store_compare *compares;
	uint32_t used;

	if (!message_read(message, txn_fields, arena, &raw))
		return fail(why, ETCD_MALFORMED);
	used = raw.compares.count;
	used = used < raw.success.count ? raw.success.count : used;
	used = used < raw.failure.count ? raw.failure.count : used;
	if (used > most_ops)
		return fail(why, ETCD_TOO_MANY_OPS);
	compares = arena_array(arena, struct store_compare, raw.compares.count);
	for (uint32_t i = 0; i < raw.compares.count; i++)
		if (!read_compare(raw.compares.at[i], &compares[i], why))
			return false;
	out->compares = compares;
	out->compare_count = raw.compares.count;
	return read_branch(reading, &raw.success, most_ops - used, &out->success) &&
	       read_branch(reading, &raw.failure, most_ops - used, &out->failure);
}

bool etcd_message_txn(struct str message, struct arena *arena, struct etcd_txn *out,
		      enum etcd_fault *why)
{
	struct reading reading = { .arena = arena, .why = why };

	*out = (struct etcd_txn){ 0 };
	if (!read_txn(&reading, message, LIMIT_TXN_OPS, out))
		return false;
	if (!etcd_txn_is_disjoint(&out->success, arena) ||
	    !etcd_txn_is_disjoint(&out->failure, arena))
		return fail(why, ETCD_DUPLICATE_KEY);
	return true;
}

/* ---- the small ones ------------------------------------------------------------------------------------------ */

static const struct field pair_fields[] = {
	FIELD(etcd_pair, 1, FORM_INT, first),
	FIELD(etcd_pair, 2, FORM_INT, second),
	FIELDS_END,
};

bool etcd_message_pair(struct str message, struct etcd_pair *out)
{
	*out = (struct etcd_pair){ 0 };
	return message_read(message, pair_fields, NULL, out);
}

static const struct field alarm_fields[] = {
	FIELD(etcd_alarm, 1, FORM_INT, action),
	FIELD(etcd_alarm, 2, FORM_INT, member),
	FIELD(etcd_alarm, 3, FORM_INT, alarm),
	FIELDS_END,
};

bool etcd_message_alarm(struct str message, struct etcd_alarm *out)
{
	*out = (struct etcd_alarm){ 0 };
	return message_read(message, alarm_fields, NULL, out);
}

/* ---- watches --------------------------------------------------------------------------------------------------- */

static const struct field create_fields[] = {
	FIELD(etcd_watch, 1, FORM_BYTES, key),
	FIELD(etcd_watch, 2, FORM_BYTES, end),
	FIELD(etcd_watch, 3, FORM_INT, from),
	FIELD(etcd_watch, 4, FORM_BOOL, wants_progress),
	FIELD(etcd_watch, 5, FORM_BITS, filters),
	FIELD(etcd_watch, 6, FORM_BOOL, wants_prev),
	FIELD(etcd_watch, 7, FORM_INT, id),
	FIELD(etcd_watch, 8, FORM_BOOL, wants_fragments),
	FIELDS_END,
};

static const struct field cancel_fields[] = {
	FIELD(etcd_watch, 1, FORM_INT, id),
	FIELDS_END,
};

bool etcd_message_watch(struct str message, struct arena *arena, enum etcd_watch_kind *kind,
			struct etcd_watch *out)
{
	static const struct field nothing[] = { FIELDS_END };
	static const struct field *const kinds[] = { nothing, create_fields, cancel_fields,
						     nothing };
	struct proto in = proto_of(message);
	struct str inner = STR_NONE;
	uint32_t number;
	enum proto_wire wire;

	*kind = ETCD_WATCH_NOTHING;
	*out = (struct etcd_watch){ 0 };
	while (proto_field(&in, &number, &wire)) {
		if (number < ETCD_WATCH_CREATE || number > ETCD_WATCH_PROGRESS ||
		    wire != PROTO_BYTES) {
			proto_skip(&in, number, wire);
			continue;
		}
		*kind = (enum etcd_watch_kind)number;
		inner = proto_bytes(&in);
	}
	if (in.is_bad)
		return false;
	return inner.at == NULL || message_read(inner, kinds[*kind], arena, out);
}
