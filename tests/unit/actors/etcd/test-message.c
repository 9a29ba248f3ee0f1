#include "actors/etcd/message.h"

#include "tests/lib/test.h"
#include "tests/unit/actors/etcd/wire-lab.h"

TEST(a_range_request_is_read_field_by_field)
{
	struct text in = wire_lab_range("a", "b");
	struct etcd_range range;
	enum etcd_fault why;

	wire_lab_int(&in, 3, 10);
	wire_lab_int(&in, 4, 7);
	wire_lab_int(&in, 5, ETCD_DESCENDING);
	wire_lab_int(&in, 6, ETCD_BY_MOD);
	wire_lab_int(&in, 7, 1);
	wire_lab_int(&in, 8, 1);
	wire_lab_int(&in, 9, 1);
	for (uint32_t number = 10; number <= 13; number++)
		wire_lab_int(&in, number, number);
	wire_lab_str(&in, 99, STR("of a later API"));
	CHECK(etcd_message_range(text_str(&in), &range, &why));
	CHECK_STR(range.key, "a");
	CHECK_STR(range.end, "b");
	CHECK_EQ(range.limit, 10);
	CHECK_EQ(range.revision, 7);
	CHECK_EQ(range.order, ETCD_DESCENDING);
	CHECK_EQ(range.target, ETCD_BY_MOD);
	CHECK(range.is_serializable && range.is_keys_only && range.is_count_only);
	CHECK_EQ(range.min_mod, 10);
	CHECK_EQ(range.max_mod, 11);
	CHECK_EQ(range.min_create, 12);
	CHECK_EQ(range.max_create, 13);
}

TEST(an_end_of_no_bytes_is_none_and_one_of_nul_is_endless)
{
	struct text in = wire_lab_range("a", "");
	struct etcd_range range;
	enum etcd_fault why;

	CHECK(etcd_message_range(text_str(&in), &range, &why));
	CHECK(range.end.at == NULL);
	in = wire_lab_range("a", NULL);
	wire_lab_str(&in, 2, str_of("\0", 1));
	CHECK(etcd_message_range(text_str(&in), &range, &why));
	CHECK(str_eq(range.end, STORE_NO_END));
}

TEST(what_is_wrong_with_a_request_is_said_in_etcds_words)
{
	struct text no_key = wire_lab_range("", "b"), order = wire_lab_range("a", NULL);
	struct text target = wire_lab_range("a", NULL), cut = wire_lab_range("abc", NULL);
	struct text value = wire_lab_put("a", "1"), lease = wire_lab_put("a", "1");
	struct text nobody = wire_lab_put("", "1"), long_key = wire_lab();
	char *key = arena_zalloc(test_arena(), LIMIT_KEY_BYTES + 1);
	struct etcd_range range;
	struct etcd_put put;
	enum etcd_fault why;

	wire_lab_int(&order, 5, 3);
	wire_lab_int(&target, 6, 5);
	wire_lab_int(&value, 5, 1);
	wire_lab_int(&lease, 3, 1);
	wire_lab_int(&lease, 6, 1);
	cut.len--;
	wire_lab_str(&long_key, 1, str_of(key, LIMIT_KEY_BYTES + 1));
	const struct {
		struct text *in;
		bool is_put;
		enum etcd_fault fault;
	} cases[] = {
		{ &no_key, false, ETCD_EMPTY_KEY },      { &order, false, ETCD_SORT_OPTION },
		{ &target, false, ETCD_SORT_OPTION },    { &cut, false, ETCD_MALFORMED },
		{ &long_key, false, ETCD_KEY_TOO_LONG }, { &value, true, ETCD_VALUE_PROVIDED },
		{ &lease, true, ETCD_LEASE_PROVIDED },   { &nobody, true, ETCD_EMPTY_KEY },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct str in = text_str(cases[i].in);

		CHECK(!(cases[i].is_put ? etcd_message_put(in, &put, &why)
					: etcd_message_range(in, &range, &why)));
		CHECK_EQ(why, cases[i].fault);
	}
}

static struct text compare(int64_t target, uint32_t field, int64_t number)
{
	struct text out = wire_lab();

	wire_lab_int(&out, 1, 2); /* less */
	wire_lab_int(&out, 2, target);
	wire_lab_str(&out, 3, STR("a"));
	wire_lab_int(&out, field, number);
	return out;
}

TEST(only_the_value_of_its_target_counts_in_a_comparison)
{
	static const struct {
		int64_t target;
		uint32_t field;
		int64_t expected;
	} cases[] = {
		{ 0, 4, -5 }, { 1, 5, -5 }, { 2, 6, -5 }, { 4, 8, -5 }, { 0, 6, 0 }, { 2, 5, 0 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct text in = wire_lab();
		struct etcd_txn txn;
		enum etcd_fault why;

		wire_lab_in(&in, 1, compare(cases[i].target, cases[i].field, -5));
		CHECK(etcd_message_txn(text_str(&in), test_arena(), &txn, &why));
		CHECK_EQ(txn.compare_count, 1);
		CHECK_EQ(txn.compares[0].result, STORE_COMPARE_LESS);
		CHECK_EQ(txn.compares[0].number, cases[i].expected);
	}
}

/* A transaction whose only op is this request. */
static struct text txn_of(uint32_t kind, struct text request)
{
	struct text out = wire_lab();

	wire_lab_in(&out, 2, wire_lab_op(kind, request));
	return out;
}

TEST(a_transaction_within_is_bounded_by_the_ops_around_it)
{
	struct text in = wire_lab_put("a", "1");
	struct etcd_txn txn;
	enum etcd_fault why;
	uint32_t kind = 2;

	for (uint32_t level = 1; level <= LIMIT_TXN_OPS; level++, kind = 4)
		in = txn_of(kind, in);
	CHECK(etcd_message_txn(text_str(&in), test_arena(), &txn, &why));
	in = txn_of(4, in);
	CHECK(!etcd_message_txn(text_str(&in), test_arena(), &txn, &why));
	CHECK_EQ(why, ETCD_TOO_MANY_OPS);
}

TEST(a_transaction_has_so_many_ops_and_no_empty_one)
{
	struct text in = wire_lab(), empty = wire_lab(), old = wire_lab_range("a", NULL);
	struct etcd_txn txn;
	enum etcd_fault why;

	for (uint32_t i = 0; i < LIMIT_TXN_OPS; i++)
		wire_lab_in(&in, 3, wire_lab_op(1, wire_lab_range("a", NULL)));
	CHECK(etcd_message_txn(text_str(&in), test_arena(), &txn, &why));
	CHECK_EQ(txn.failure.count, LIMIT_TXN_OPS);
	wire_lab_in(&in, 3, wire_lab_op(1, wire_lab_range("a", NULL)));
	CHECK(!etcd_message_txn(text_str(&in), test_arena(), &txn, &why));
	CHECK_EQ(why, ETCD_TOO_MANY_OPS);
	wire_lab_in(&empty, 2, wire_lab());
	CHECK(!etcd_message_txn(text_str(&empty), test_arena(), &txn, &why));
	CHECK_EQ(why, ETCD_KEY_NOT_FOUND);
	wire_lab_int(&old, 4, 7);
	in = txn_of(1, old);
	CHECK(!etcd_message_txn(text_str(&in), test_arena(), &txn, &why));
	CHECK_EQ(why, ETCD_TXN_RANGE_REVISION);
}

/* Ops as words: "+a" puts a, "-a" deletes a, "-a:c" a range, "(+a|+b)" is a transaction within with two branches. */
static const char *ops_of(const char *words, struct text *out, uint32_t field)
{
	while (*words != '\0' && *words != '|' && *words != ')') {
		char key[2] = { words[1], '\0' }, end[2] = { '\0', '\0' };

		if (*words == '(') {
			struct text txn = wire_lab();

			words = ops_of(words + 1, &txn, 2);
			words = ops_of(words + 1, &txn, 3);
			wire_lab_in(out, field, wire_lab_op(4, txn));
			words++;
			continue;
		}
		if (words[0] == '+') {
			wire_lab_in(out, field, wire_lab_op(2, wire_lab_put(key, "")));
			words += 2;
			continue;
		}
		bool is_range = words[2] == ':';

		end[0] = is_range ? words[3] : '\0';
		wire_lab_in(out, field, wire_lab_op(3, wire_lab_delete(key, is_range ? end : NULL)));
		words += is_range ? 4 : 2;
	}
	return words;
}

TEST(no_key_is_put_twice_nor_put_and_deleted)
{
	static const struct {
		const char *ops;
		bool is_disjoint;
	} cases[] = {
		{ "+a+b", true },           { "+a+a", false },         { "+a-a", false },
		{ "-a+a", false },          { "-a-a", true },          { "+a-b:d", true },
		{ "+b-a:c", false },        { "+c-a:c", true },        { "(+a|+a)", true },
		{ "+a(+a|)", false },       { "+a(|+a)", false },      { "(+a|)(+a|)", false },
		{ "(+a|+b)(+c|+d)", true }, { "(+a|)(|+a)", false },   { "-a(+a|)", false },
		{ "(-a|)+a", false },       { "(-a|)(+a|)", false },   { "((+a|+a)|+a)", true },
		{ "((+a|)+a|)", false },    { "((+a|+b)|)+b", false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct text in = wire_lab();
		struct etcd_txn txn;
		enum etcd_fault why;

		CHECK_EQ(*ops_of(cases[i].ops, &in, 2), '\0');
		CHECK_EQ(etcd_message_txn(text_str(&in), test_arena(), &txn, &why),
			 cases[i].is_disjoint);
		if (!cases[i].is_disjoint)
			CHECK_EQ(why, ETCD_DUPLICATE_KEY);
	}
}

TEST(a_watch_request_is_one_of_three_kinds)
{
	struct text create = wire_lab(), cancel = wire_lab(), in;
	struct etcd_watch watch;
	enum etcd_watch_kind kind;

	wire_lab_str(&create, 1, STR("a"));
	wire_lab_int(&create, 3, 9);
	wire_lab_int(&create, 4, 1);
	wire_lab_str(&create, 5, str_of("\0\1", 2)); /* packed: no puts, no deletes */
	wire_lab_int(&create, 6, 1);
	wire_lab_int(&create, 7, 5);
	wire_lab_int(&create, 8, 1);
	in = wire_lab_op(1, create);
	CHECK(etcd_message_watch(text_str(&in), test_arena(), &kind, &watch));
	CHECK_EQ(kind, ETCD_WATCH_CREATE);
	CHECK_STR(watch.key, "a");
	CHECK_EQ(watch.from, 9);
	CHECK_EQ(watch.id, 5);
	CHECK_EQ(watch.filters, 3);
	CHECK(watch.wants_progress && watch.wants_prev && watch.wants_fragments);
	wire_lab_int(&cancel, 1, 5);
	in = wire_lab_op(2, cancel);
	CHECK(etcd_message_watch(text_str(&in), test_arena(), &kind, &watch));
	CHECK_EQ(kind, ETCD_WATCH_CANCEL);
	CHECK_EQ(watch.id, 5);
	in = wire_lab_op(3, wire_lab());
	CHECK(etcd_message_watch(text_str(&in), test_arena(), &kind, &watch));
	CHECK_EQ(kind, ETCD_WATCH_PROGRESS);
	CHECK(etcd_message_watch(STR(""), test_arena(), &kind, &watch));
	CHECK_EQ(kind, ETCD_WATCH_NOTHING);
	CHECK(!etcd_message_watch(STR("\x0a\x05"), test_arena(), &kind, &watch));
}

TEST(errors_have_the_codes_and_words_that_clients_compare)
{
	static const struct {
		enum etcd_fault fault;
		enum grpc_code code;
		const char *words;
	} cases[] = {
		{ ETCD_COMPACTED, GRPC_OUT_OF_RANGE,
		  "etcdserver: mvcc: required revision has been compacted" },
		{ ETCD_FUTURE_REVISION, GRPC_OUT_OF_RANGE,
		  "etcdserver: mvcc: required revision is a future revision" },
		{ ETCD_EMPTY_KEY, GRPC_INVALID_ARGUMENT, "etcdserver: key is not provided" },
		{ ETCD_KEY_NOT_FOUND, GRPC_INVALID_ARGUMENT, "etcdserver: key not found" },
		{ ETCD_DUPLICATE_KEY, GRPC_INVALID_ARGUMENT,
		  "etcdserver: duplicate key given in txn request" },
		{ ETCD_TOO_MANY_OPS, GRPC_INVALID_ARGUMENT,
		  "etcdserver: too many operations in txn request" },
		{ ETCD_LEASE_NOT_FOUND, GRPC_NOT_FOUND, "etcdserver: requested lease not found" },
		{ ETCD_LEASE_EXISTS, GRPC_FAILED_PRECONDITION, "etcdserver: lease already exists" },
		{ ETCD_NO_SPACE, GRPC_RESOURCE_EXHAUSTED,
		  "etcdserver: mvcc: database space exceeded" },
		{ ETCD_TOO_MANY_REQUESTS, GRPC_RESOURCE_EXHAUSTED, "etcdserver: too many requests" },
		{ ETCD_NO_LEADER, GRPC_UNAVAILABLE, "etcdserver: no leader" },
		{ ETCD_TIMED_OUT, GRPC_UNAVAILABLE, "etcdserver: request timed out" },
		{ ETCD_PERMISSION_DENIED, GRPC_PERMISSION_DENIED, "etcdserver: permission denied" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CHECK_EQ(etcd_fault(cases[i].fault).code, cases[i].code);
		CHECK_STR(etcd_fault(cases[i].fault).words, cases[i].words);
	}
}
