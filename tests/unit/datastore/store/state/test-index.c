#include "datastore/store/state/index.h"

#include "runtime/base/collection/tree.h"
#include "tests/lib/test.h"

/* An index with a log of its changes as text and all values ever, as the table would have them. */
struct fixture {
	struct index *index;
	struct text said;
	struct tree *values; /* by the 8 bytes of the id */
};

static void on_change(void *arg, struct change *change)
{
	struct fixture *fixture = arg;
	text_add(&fixture->said, change_key(change));
	text_add_char(&fixture->said, change->is_delete ? '-' : '=');
	text_add(&fixture->said, blob_str(change->value));
	text_printf(&fixture->said, "@%llu.%u ", (unsigned long long)change_revision(change->id),
		    (unsigned)(change->id & (CHANGE_PLACES - 1)));
	if (change->value)
		tree_put(fixture->values, str_of(&change->id, 8), blob_ref(change->value));
	change_free(change);
}

static void on_lease(void *arg, uint64_t id, uint32_t ttl_s)
{
	text_printf(&((struct fixture *)arg)->said, "lease%llu:%u ", (unsigned long long)id, ttl_s);
}

static struct blob *on_load(void *arg, uint64_t id)
{
	return blob_ref(tree_get(((struct fixture *)arg)->values, str_of(&id, 8)));
}

static struct fixture *make_index(size_t budget)
{
	struct fixture *fixture = arena_new_of(test_arena(), struct fixture);
	fixture->said = text_in(test_arena(), 1U << 20);
	fixture->values = tree_new();
	fixture->index = index_new(
	    &(struct index_hooks){
		.arg = fixture, .changed = on_change, .leased = on_lease, .load = on_load },
	    budget, 2);
	return fixture;
}

static void free_index(struct fixture *fixture)
{
	index_free(fixture->index);
	struct str key;
	void *blob;
	struct tree_cursor cursor = tree_from(fixture->values, STR(""));
	while (tree_step(&cursor, &key, &blob))
		blob_unref(blob);
	tree_free(fixture->values);
}

static struct store_op put(const char *key, const char *value, uint64_t expected)
{
	return (struct store_op){ .kind = STORE_PUT,
				  .key = str_from(key),
				  .value = str_from(value),
				  .expected = expected };
}

static struct store_op del(const char *key, uint64_t expected)
{
	return (struct store_op){ .kind = STORE_DELETE, .key = str_from(key), .expected = expected };
}

/* Through the encoding, as every replica gets it. */
static struct index_answer apply(struct fixture *fixture, const struct command *command,
				 uint64_t term)
{
	struct text entry = text_in(test_arena(), 1U << 20);
	struct fixed in;
	struct command decoded;
	struct index_answer answer;
	command_begin(&entry);
	command_pack(&entry, command);
	CHECK(entry.len <= 1 + command_size(command));
	CHECK_STATUS(command_open(text_str(&entry), &in), OK);
	CHECK_STATUS(command_next(&in, test_arena(), &decoded), OK);
	CHECK(fixed_is_done(&in));
	index_apply(fixture->index, &decoded, term, test_arena(), &answer);
	return answer;
}

static struct index_answer write_ops(struct fixture *fixture, const struct store_op *ops,
				     uint32_t count)
{
	struct command command = { .kind = COMMAND_WRITE,
				   .write = { .success = ops, .success_count = count } };
	return apply(fixture, &command, 1);
}

static struct index_answer write_op(struct fixture *fixture, struct store_op op)
{
	return write_ops(fixture, &op, 1);
}

TEST(a_put_happens_only_if_the_key_is_as_expected)
{
	const struct {
		struct store_op op;
		enum status status;
		uint64_t revision;
	} cases[] = {
		{ put("a", "1", 0), OK, 2 },        { put("a", "2", 0), EXISTS, 2 },
		{ put("a", "2", 2), OK, 3 },        { put("a", "3", 2), CONFLICT, 3 },
		{ put("b", "1", 7), NOT_FOUND, 3 }, { put("a", "4", STORE_ANY_REVISION), OK, 4 },
		{ del("a", 3), CONFLICT, 4 },       { del("a", 4), OK, 5 },
		{ del("a", 4), NOT_FOUND, 5 },      { del("a", STORE_ANY_REVISION), OK, 5 },
		{ put("a", "5", 0), OK, 6 },
	};
	struct fixture *fixture = make_index(1U << 20);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct index_answer answer = write_op(fixture, cases[i].op);
		CHECK_STATUS(answer.status, cases[i].status);
		CHECK_EQ(answer.revision, cases[i].revision);
	}
	CHECK_STR(text_str(&fixture->said), "a=1@2.0 a=2@3.0 a=4@4.0 a-@5.0 a=5@6.0 ");
	free_index(fixture);
}

TEST(a_refused_write_shows_the_row_in_its_way)
{
	struct fixture *fixture = make_index(0);
	write_op(fixture, put("a", "1", 0));
	index_written(fixture->index, 2); /* its value leaves memory and is loaded */
	struct index_answer answer = write_op(fixture, put("a", "2", 0));
	CHECK_STATUS(answer.status, EXISTS);
	CHECK(answer.write.has_current);
	CHECK_STR(answer.write.current.value, "1");
	CHECK_EQ(answer.write.current.mod_revision, 2);
	free_index(fixture);
}

TEST(a_write_of_several_ops_happens_at_one_revision_or_not_at_all)
{
	struct fixture *fixture = make_index(1U << 20);
	write_op(fixture, put("a", "1", 0));
	struct store_op good[] = { put("b", "1", 0), put("c", "1", 0), del("a", 2) };
	CHECK_EQ(write_ops(fixture, good, 3).revision, 3);
	struct store_op bad[] = { put("d", "1", 0), put("b", "2", 9) };
	struct index_answer answer = write_ops(fixture, bad, 2);
	CHECK_STATUS(answer.status, CONFLICT);
	CHECK_EQ(answer.write.refused_op, 1);
	CHECK_STR(text_str(&fixture->said), "a=1@2.0 b=1@3.0 c=1@3.1 a-@3.2 ");
	free_index(fixture);
}

TEST(a_transaction_takes_the_branch_that_its_compares_say)
{
	struct fixture *fixture = make_index(1U << 20);
	write_op(fixture, put("a", "1", 0));
	struct store_compare is_two = { .target = STORE_COMPARE_MOD, .key = STR("a"), .number = 2 };
	struct store_op success = put("a", "2", STORE_ANY_REVISION);
	struct store_op failure = { .kind = STORE_GET,
				    .key = STR("a"),
				    .expected = STORE_ANY_REVISION };
	struct command command = { .kind = COMMAND_WRITE,
				   .write = { .compares = &is_two,
					      .compare_count = 1,
					      .success = &success,
					      .success_count = 1,
					      .failure = &failure,
					      .failure_count = 1 } };
	struct index_answer answer = apply(fixture, &command, 1);
	CHECK(answer.write.is_success);
	CHECK_EQ(answer.revision, 3);
	answer = apply(fixture, &command, 1);
	CHECK(!answer.write.is_success);
	CHECK_EQ(answer.revision, 3);
	CHECK_EQ(answer.write.result_count, 1);
	CHECK_STR(answer.write.results[0].rows[0].value, "2");
	free_index(fixture);
}

TEST(compares_know_version_create_mod_lease_and_value)
{
	struct fixture *fixture = make_index(1U << 20);
	write_op(fixture, put("a", "m", 0));
	write_op(fixture, put("a", "n", STORE_ANY_REVISION));
	const struct {
		struct store_compare compare;
		bool holds;
	} cases[] = {
		{ { STORE_COMPARE_VERSION, STORE_COMPARE_EQUAL, STR("a"), STR_NONE, 2, STR_NONE },
		  true },
		{ { STORE_COMPARE_CREATE, STORE_COMPARE_EQUAL, STR("a"), STR_NONE, 2, STR_NONE },
		  true },
		{ { STORE_COMPARE_MOD, STORE_COMPARE_LESS, STR("a"), STR_NONE, 3, STR_NONE },
		  false },
		{ { STORE_COMPARE_MOD, STORE_COMPARE_GREATER, STR("a"), STR_NONE, 2, STR_NONE },
		  true },
		{ { STORE_COMPARE_LEASE, STORE_COMPARE_NOT_EQUAL, STR("a"), STR_NONE, 0, STR_NONE },
		  false },
		{ { STORE_COMPARE_VALUE, STORE_COMPARE_GREATER, STR("a"), STR_NONE, 0, STR("m") },
		  true },
		{ { STORE_COMPARE_VALUE, STORE_COMPARE_EQUAL, STR("b"), STR_NONE, 0, STR("") },
		  false },
		{ { STORE_COMPARE_VERSION, STORE_COMPARE_EQUAL, STR("b"), STR_NONE, 0, STR_NONE },
		  true },
		{ { STORE_COMPARE_VERSION, STORE_COMPARE_LESS, STR("a"), STR("z"), 2, STR_NONE },
		  false },
		{ { STORE_COMPARE_VERSION, STORE_COMPARE_EQUAL, STR("b"), STR("z"), 0, STR_NONE },
		  true },
		{ { STORE_COMPARE_VERSION, STORE_COMPARE_EQUAL, STR("b"), STR("z"), 1, STR_NONE },
		  false },
		{ { STORE_COMPARE_VALUE, STORE_COMPARE_NOT_EQUAL, STR("b"), STR("z"), 0, STR("m") },
		  false },
		{ { STORE_COMPARE_VERSION, STORE_COMPARE_GREATER, STR("a"), STR_NONE, -1, STR_NONE },
		  true },
		{ { STORE_COMPARE_MOD, STORE_COMPARE_LESS, STR("a"), STR_NONE, -1, STR_NONE },
		  false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct command command = { .kind = COMMAND_WRITE,
					   .write = { .compares = &cases[i].compare,
						      .compare_count = 1 } };
		CHECK_EQ(apply(fixture, &command, 1).write.is_success, cases[i].holds);
	}
	free_index(fixture);
}

/* A transaction within: if `key` is at this version, then put it, else get it. */
static struct store_op within(const char *key, int64_t version, const char *value)
{
	struct store_compare *compare = arena_new_of(test_arena(), struct store_compare);
	struct store_op *ops = arena_array(test_arena(), struct store_op, 2);

	*compare = (struct store_compare){ .target = STORE_COMPARE_VERSION,
					   .key = str_from(key),
					   .number = version };
	ops[0] = put(key, value, STORE_ANY_REVISION);
	ops[1] = (struct store_op){ .kind = STORE_GET,
				    .key = str_from(key),
				    .expected = STORE_ANY_REVISION };
	struct store_write txn = { .compares = compare,
				   .compare_count = 1,
				   .success = &ops[0],
				   .success_count = 1,
				   .failure = &ops[1],
				   .failure_count = 1 };
	return (struct store_op){ .kind = STORE_TXN,
				  .value = store_pack_txn(&txn, test_arena()),
				  .expected = STORE_ANY_REVISION };
}

TEST(transactions_within_are_judged_by_what_was_there_before)
{
	struct fixture *fixture = make_index(1U << 20);
	struct store_op ops[] = { put("a", "1", STORE_ANY_REVISION), within("a", 0, "2"),
				  within("b", 0, "3"), within("c", 1, "4"),
				  put("d", "5", STORE_ANY_REVISION) };
	struct index_answer answer = write_ops(fixture, ops + 2, 3);
	const struct store_result *results = answer.write.results;

	CHECK_STATUS(answer.status, OK);
	CHECK_EQ(answer.revision, 2);
	CHECK_EQ(answer.write.result_count, 5);
	CHECK(results[0].more);
	CHECK_EQ(results[0].count, 1);
	CHECK_EQ(results[1].count, 1);
	CHECK(!results[2].more);
	CHECK_EQ(results[2].count, 1);
	CHECK_EQ(results[3].row_count, 0);
	/* The put of "a" comes before, but the comparison knows nothing of it. */
	answer = write_ops(fixture, ops, 2);
	CHECK(answer.write.results[1].more);
	CHECK_STR(text_str(&fixture->said), "b=3@2.0 d=5@2.1 a=1@3.0 a=2@3.1 ");
	free_index(fixture);
}

TEST(what_cannot_happen_within_refuses_the_whole_write)
{
	struct fixture *fixture = make_index(1U << 20);
	struct store_op inner = put("b", "2", STORE_ANY_REVISION);
	inner.lease = 7;
	struct store_write txn = { .success = &inner, .success_count = 1 };
	struct store_op ops[] = { put("a", "1", STORE_ANY_REVISION),
				  { .kind = STORE_TXN,
				    .value = store_pack_txn(&txn, test_arena()),
				    .expected = STORE_ANY_REVISION } };

	CHECK_STATUS(write_ops(fixture, ops, 2).status, INVALID);
	CHECK_STR(text_str(&fixture->said), "");
	free_index(fixture);
}

/* `levels` transactions, one within the other, each the only op of the one around it. */
static struct store_op nest(uint32_t levels)
{
	struct store_op op = put("a", "1", STORE_ANY_REVISION);

	for (uint32_t i = 0; i < levels; i++) {
		struct store_write txn = { .success = &op, .success_count = 1 };
		op = (struct store_op){ .kind = STORE_TXN,
					.value = store_pack_txn(&txn, test_arena()),
					.expected = STORE_ANY_REVISION };
	}
	return op;
}

TEST(transactions_are_nested_as_deep_as_their_ops_allow)
{
	struct fixture *fixture = make_index(1U << 20);
	struct store_op op = nest(LIMIT_TXN_OPS - 1);
	struct command command = { .kind = COMMAND_WRITE,
				   .write = { .success = &op, .success_count = 1 } };
	struct fault why;

	CHECK_EQ(write_op(fixture, op).write.result_count, LIMIT_TXN_OPS);
	CHECK_STR(text_str(&fixture->said), "a=1@2.0 ");
	op = nest(LIMIT_TXN_OPS);
	CHECK_STATUS(command_check(&command, &why), BAD_REQUEST);
	op = (struct store_op){ .kind = STORE_TXN, .value = STR("no transaction") };
	CHECK_STATUS(command_check(&command, &why), BAD_REQUEST);
	op = within("a", 0, "1");
	op.key = STR("a");
	CHECK_STATUS(command_check(&command, &why), BAD_REQUEST);
	free_index(fixture);
}

TEST(what_is_to_be_kept_must_be_there)
{
	struct fixture *fixture = make_index(1U << 20);
	struct store_op op = put("a", "", STORE_ANY_REVISION);

	op.keeps_value = true;
	CHECK_STATUS(write_op(fixture, op).status, NOT_FOUND);
	op = put("a", "1", STORE_ANY_REVISION);
	op.keeps_lease = true;
	CHECK_STATUS(write_op(fixture, op).status, NOT_FOUND);
	CHECK_STR(text_str(&fixture->said), "");
	free_index(fixture);
}

TEST(a_deposed_leaders_write_is_refused)
{
	struct fixture *fixture = make_index(1U << 20);
	struct store_op op = put("a", "1", 0);
	struct command command = { .kind = COMMAND_WRITE,
				   .write = { .success = &op, .success_count = 1, .term = 3 } };
	CHECK_STATUS(apply(fixture, &command, 4).status, GONE);
	CHECK_STATUS(apply(fixture, &command, 3).status, OK);
	free_index(fixture);
}

TEST(a_repeated_request_is_answered_and_not_applied)
{
	struct fixture *fixture = make_index(1U << 20);
	struct store_op op = put("a", "1", 0);
	struct command command = { .kind = COMMAND_WRITE,
				   .write = { .success = &op, .success_count = 1, .request = 9 } };
	CHECK_EQ(apply(fixture, &command, 1).revision, 2);
	write_op(fixture, put("b", "1", 0));
	struct command compact = { .kind = COMMAND_COMPACT, .compact = { .revision = 3 } };
	CHECK_STATUS(apply(fixture, &compact, 1).status, OK);
	struct index_answer answer = apply(fixture, &command, 2);
	CHECK_STATUS(answer.status, OK);
	CHECK(answer.write.is_repeat);
	CHECK_EQ(answer.write.revision, 2);
	for (uint32_t i = 0; i < LIMIT_STORE_REQUESTS; i++)
		write_op(fixture, put("b", "2", STORE_ANY_REVISION));
	CHECK_STATUS(apply(fixture, &command, 2).status, EXISTS);
	free_index(fixture);
}

TEST(a_try_that_was_refused_may_be_applied_later_unless_it_named_a_revision)
{
	struct fixture *fixture = make_index(1U << 20);
	struct store_op create = put("a", "1", 0), change = put("b", "1", 2);
	struct command tries[] = {
		{ .kind = COMMAND_WRITE,
		  .write = { .success = &create, .success_count = 1, .request = 9 } },
		{ .kind = COMMAND_WRITE,
		  .write = { .success = &change, .success_count = 1, .request = 11 } }
	};
	write_op(fixture, put("b", "0", 0)); /* at revision 2 */
	write_op(fixture, put("a", "0", 0));
	CHECK_STATUS(apply(fixture, &tries[0], 1).status, EXISTS);
	write_op(fixture, del("a", STORE_ANY_REVISION));
	CHECK_STATUS(apply(fixture, &tries[0], 1).status, OK);

	write_op(fixture, put("b", "0", 2));
	CHECK_STATUS(apply(fixture, &tries[1], 1).status, CONFLICT);
	write_op(fixture, del("b", STORE_ANY_REVISION));
	CHECK_STATUS(apply(fixture, &tries[1], 1).status, NOT_FOUND);
	write_op(fixture, put("b", "0", 0));
	CHECK_STATUS(apply(fixture, &tries[1], 1).status, CONFLICT);
	free_index(fixture);
}

TEST(a_leases_keys_go_with_it_at_one_revision)
{
	struct fixture *fixture = make_index(1U << 20);
	struct command grant = { .kind = COMMAND_LEASE_GRANT, .grant = { .id = 5, .ttl_s = 60 } };
	struct command revoke = { .kind = COMMAND_LEASE_REVOKE, .revoke = { .id = 5 } };
	CHECK_STATUS(apply(fixture, &grant, 1).status, OK);
	CHECK_STATUS(apply(fixture, &grant, 1).status, EXISTS);
	struct store_op op = put("a", "1", 0);
	op.lease = 6;
	CHECK_STATUS(write_op(fixture, op).status, INVALID);
	op.lease = 5;
	CHECK_STATUS(write_op(fixture, op).status, OK);
	op.key = STR("b");
	write_op(fixture, op);
	op.key = STR("c");
	write_op(fixture, op);
	write_op(fixture, put("b", "free", STORE_ANY_REVISION)); /* no longer on the lease */
	text_clear(&fixture->said);
	CHECK_EQ(apply(fixture, &revoke, 1).revision, 6);
	CHECK_STR(text_str(&fixture->said), "a-@6.0 c-@6.1 lease5:0 ");
	CHECK_STATUS(apply(fixture, &revoke, 1).status, NOT_FOUND);
	free_index(fixture);
}

TEST(compaction_only_goes_forward_and_never_beyond_now)
{
	struct fixture *fixture = make_index(1U << 20);
	write_op(fixture, put("a", "1", 0));
	write_op(fixture, put("a", "2", 2));
	struct command compact = { .kind = COMMAND_COMPACT, .compact = { .revision = 4 } };
	CHECK_STATUS(apply(fixture, &compact, 1).status, BAD_REQUEST);
	compact.compact.revision = 3;
	CHECK_STATUS(apply(fixture, &compact, 1).status, OK);
	CHECK_STATUS(apply(fixture, &compact, 1).status, EXPIRED);
	CHECK_EQ(index_compact_revision(fixture->index), 3);
	free_index(fixture);
}

TEST(a_page_names_the_values_that_are_not_in_memory)
{
	struct fixture *fixture = make_index(2);
	const char *keys[] = { "a", "b", "c", "d" };
	for (size_t i = 0; i < 4; i++)
		write_op(fixture, put(keys[i], "x", 0));
	index_written(fixture->index, 5);
	struct index_range range = { .key = STR("a"), .end = STR("d"), .limit = 2 };
	struct index_page page;
	index_range(fixture->index, &range, test_arena(), &page);
	CHECK_EQ(page.row_count, 2);
	CHECK_EQ(page.count, 3);
	CHECK(page.more);
	CHECK_EQ(page.missing_count, 2); /* the two latest values stayed */
	CHECK_EQ(change_revision(page.missing[0].id), 2);
	free_index(fixture);
}

/* Reads all keys, with what is not in memory from `values`. How many were not. */
static uint32_t read_all(struct fixture *fixture, bool is_kept)
{
	struct index_range range = { .key = STR("a"), .end = STR("z"), .is_kept = is_kept };
	struct index_page page;
	index_range(fixture->index, &range, test_arena(), &page);
	for (uint32_t i = 0; i < page.missing_count; i++) {
		uint64_t id = page.missing[i].id;
		struct blob *value = on_load(fixture, id);
		index_cache(fixture->index, page.rows[page.missing[i].row].key, id, value, is_kept);
		blob_unref(value);
	}
	return page.missing_count;
}

TEST(values_for_readers_who_come_again_stay_beyond_the_budget_until_they_are_forgotten)
{
	struct fixture *fixture = make_index(2); /* and two bytes for readers */
	const char *keys[] = { "a", "b", "c", "d", "e" };
	for (size_t i = 0; i < 5; i++)
		write_op(fixture, put(keys[i], "x", 0));
	index_written(fixture->index, 6);
	CHECK_EQ(read_all(fixture, false), 3);
	CHECK_EQ(read_all(fixture, false), 3); /* each took the place of one that was needed next */
	CHECK_EQ(read_all(fixture, true), 3);
	for (int i = 0; i < 6; i++)
		CHECK_EQ(read_all(fixture, true),
			 1); /* what finds no room leaves the others theirs */
	write_op(fixture, put("a", "y", STORE_ANY_REVISION));
	write_op(fixture, put("b", "y", STORE_ANY_REVISION));
	write_op(fixture, put("c", "y", STORE_ANY_REVISION));
	index_written(fixture->index, 9);
	CHECK(read_all(fixture, true) <= 2);
	index_forget_read(fixture->index);
	CHECK_EQ(read_all(fixture, false), 3);
	free_index(fixture);
}

TEST(of_many_values_that_find_no_room_one_comes_in)
{
	struct fixture *fixture = make_index(0);
	const char *keys[] = { "a", "b", "c", "d", "e" };
	uint32_t changed = 0;
	for (size_t i = 0; i < 5; i++)
		write_op(fixture, put(keys[i], "x", 0));
	index_written(fixture->index, 6);
	for (int i = 0; i < 50; i++) {
		struct index_range range = { .key = STR("e") };
		struct index_page page;
		read_all(fixture, true);
		index_range(fixture->index, &range, test_arena(), &page);
		changed += page.missing_count == 0;
	}
	CHECK(changed > 0 && changed < 50);
	free_index(fixture);
}

/* A random command out of a small world, so that keys meet often. */
static struct command random_command(uint64_t *state, struct store_op *op)
{
	static const char *const keys[] = { "a", "b", "c", "d", "e" };
	*state = hash_mix(*state, 7);
	uint64_t r = *state;
	if (r % 23 == 0)
		return (struct command){ .kind = COMMAND_LEASE_GRANT,
					 .grant = { .id = 1 + (r >> 8) % 3, .ttl_s = 9 } };
	if (r % 23 == 1)
		return (struct command){ .kind = COMMAND_LEASE_REVOKE,
					 .revoke = { .id = 1 + (r >> 8) % 3 } };
	if (r % 23 == 2)
		return (struct command){ .kind = COMMAND_COMPACT,
					 .compact = { .revision = 1 + (r >> 8) % 200 } };
	*op = (struct store_op){ .kind = r % 4 ? STORE_PUT : STORE_DELETE,
				 .key = str_from(keys[(r >> 8) % 5]),
				 .value = r % 4 ? str_from(keys[(r >> 16) % 5]) : STR_NONE,
				 .lease = r % 4 ? (r >> 24) % 4 : 0,
				 .expected = (r >> 32) % 2 ? STORE_ANY_REVISION : (r >> 40) % 40 };
	return (struct command){
		.kind = COMMAND_WRITE,
		.write = { .success = op, .success_count = 1, .request = (r >> 48) % 50 }
	};
}

TEST(replicas_that_apply_the_same_are_the_same_whatever_is_in_memory)
{
	struct fixture *big = make_index(1U << 20), *small = make_index(0);
	uint64_t state = 1;
	for (int i = 0; i < 3000; i++) {
		struct store_op op;
		struct command command = random_command(&state, &op);
		struct index_answer one = apply(big, &command, 1);
		index_apply(small->index, &command, 1, NULL, NULL);
		if (i % 7 == 0)
			index_written(small->index, index_revision(small->index));
		CHECK(one.revision == index_revision(small->index) || one.write.is_repeat);
	}
	CHECK(index_hash(big->index) == index_hash(small->index));
	CHECK(text_str(&big->said).len > 1000);
	CHECK(str_eq(text_str(&big->said), text_str(&small->said)));
	free_index(big);
	free_index(small);
}

TEST(commands_with_any_byte_changed_are_refused_or_harmless)
{
	struct store_op op = put("key", "value", 3);
	struct store_compare compare = { .target = STORE_COMPARE_VALUE,
					 .key = STR("a"),
					 .value = STR("b") };
	struct command command = { .kind = COMMAND_WRITE,
				   .write = { .compares = &compare,
					      .compare_count = 1,
					      .success = &op,
					      .success_count = 1 } };
	struct text entry = text_in(test_arena(), 4096);
	command_begin(&entry);
	command_pack(&entry, &command);
	for (uint32_t i = 0; i < entry.len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			struct fixture *fixture = make_index(0);
			struct fixed in;
			struct command decoded;
			entry.at[i] ^= (char)(1 << bit);
			if (command_open(text_str(&entry), &in) == OK &&
			    command_next(&in, test_arena(), &decoded) == OK)
				index_apply(fixture->index, &decoded, 1, NULL, NULL);
			entry.at[i] ^= (char)(1 << bit);
			free_index(fixture);
		}
	}
	for (uint32_t len = 1; len < entry.len; len++) {
		struct fixed in;
		struct command decoded;
		CHECK_STATUS(command_open((struct str){ entry.at, len }, &in), OK);
		CHECK_STATUS(command_next(&in, test_arena(), &decoded), CORRUPT);
	}
}
