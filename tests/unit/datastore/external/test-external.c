#include "datastore/external/answer.h"
#include "datastore/external/external.h"
#include "datastore/external/question.h"
#include "tests/lib/test.h"

#define BYTES 65536U

/* ---- bytes by hand: fields last to first ---- */

static void put_row(struct proto_out *out, uint32_t number, const char *key, const char *value,
		    uint64_t revision)
{
	uint32_t before = proto_out_len(out);

	if (value[0] != '\0')
		proto_out_bytes_field(out, 5, str_from(value));
	proto_out_varint_field(out, 4, 1);
	proto_out_varint_field(out, 3, revision);
	proto_out_varint_field(out, 2, revision);
	proto_out_bytes_field(out, 1, str_from(key));
	proto_out_close(out, number, before);
}

static void put_header(struct proto_out *out, uint64_t revision)
{
	uint32_t before = proto_out_len(out);

	proto_out_varint_field(out, 3, revision);
	proto_out_close(out, 1, before);
}

/* A response of a transaction, of that kind, with a row if there is a key. */
static void put_response(struct proto_out *out, uint32_t kind, uint32_t rows_field, const char *key,
			 uint64_t revision)
{
	uint32_t before = proto_out_len(out);

	if (key != NULL)
		put_row(out, rows_field, key, "old", revision);
	proto_out_close(out, kind, before);
	proto_out_close(out, 3, before);
}

/* What was written since `before` becomes a transaction's answer within an answer. */
static void put_inner(struct proto_out *out, uint32_t before)
{
	proto_out_close(out, 4, before);
	proto_out_close(out, 3, before);
}

/* However it is cut, it is read within its bounds (the sanitizers see to that) and never taken for more than it is. */
static void check_cuts(struct str message,
		       enum status (*read)(struct str message, struct arena *arena))
{
	for (uint32_t len = 0; len < message.len; len++) {
		struct arena *arena = arena_new(0);
		char *copy = arena_copy(arena, message.at, len + 1);

		CHECK(read(str_of(copy, len), arena) < STATUS_COUNT);
		arena_free(arena);
	}
}

/* ---- where an etcd is ---- */

TEST(places_are_hosts_with_ports)
{
	static const char *const bad[] = { "http://a:1",   "etcd://",   "etcd://a", "etcd://a:",
					   "etcd://a:1,b", "etcd://:1", "" };
	struct arena *arena = arena_new(0);
	struct external_places places;
	struct fault why = { 0 };
	struct text many = text_in(arena, 1000);

	CHECK_STATUS(external_places_read(STR("etcd://10.0.0.1:2379,[fd00::1]:2379"), true, arena,
					  &places, &why),
		     OK);
	CHECK_EQ(places.count, 2);
	CHECK_STR(str_from(places.urls[0]), "https://10.0.0.1:2379");
	CHECK_STR(str_from(places.urls[1]), "https://[fd00::1]:2379");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK_STATUS(external_places_read(str_from(bad[i]), false, arena, &places, &why),
			     BAD_REQUEST);
	text_lit(&many, "etcd://");
	for (uint32_t i = 0; i <= EXTERNAL_PLACES; i++)
		text_printf(&many, "%sa:%u", i > 0 ? "," : "", i + 1);
	CHECK_STATUS(external_places_read(text_str(&many), false, arena, &places, &why),
		     BAD_REQUEST);
	arena_free(arena);
}

/* ---- ranges ---- */

static enum status read_range(struct str message, struct arena *arena)
{
	struct store_range_answer answer = { .arena = arena };

	return answer_range(message, &answer);
}

TEST(a_range_comes_back_as_rows)
{
	struct arena *arena = arena_new(0);
	struct store_range_answer answer = { .arena = arena };
	struct proto_out out = proto_out_new(BYTES);

	proto_out_varint_field(&out, 4, 7);
	proto_out_varint_field(&out, 3, 1);
	put_row(&out, 2, "b", "", 5);
	put_row(&out, 2, "a", "one", 4);
	put_header(&out, 9);
	CHECK_STATUS(answer_range(proto_out_str(&out), &answer), OK);
	CHECK_EQ(answer.latest, 9);
	CHECK_EQ(answer.count, 7);
	CHECK(answer.more);
	CHECK_EQ(answer.row_count, 2);
	CHECK_STR(answer.rows[0].key, "a");
	CHECK_STR(answer.rows[0].value, "one");
	CHECK(answer.rows[0].blob != NULL);
	CHECK_STR(answer.rows[1].value, "");
	CHECK(answer.rows[1].blob == NULL);
	CHECK_EQ(answer.rows[1].mod_revision, 5);
	check_cuts(proto_out_str(&out), read_range);
	CHECK_STATUS(answer_range(STR("\x12\x05"), &answer), INVALID);
	proto_out_fini(&out);
	arena_free(arena);
}

/* ---- writes ---- */

static const struct store_op create_op = {
	.kind = STORE_PUT, .key = { "a", 1 }, .value = { "v", 1 }, .expected = 0
};
static const struct store_op update_op = {
	.kind = STORE_PUT, .key = { "a", 1 }, .value = { "v", 1 }, .expected = 5
};
static const struct store_op plain_op = { .kind = STORE_DELETE,
					  .key = { "b", 1 },
					  .expected = STORE_ANY_REVISION };

static enum status read_create(struct str message, struct arena *arena)
{
	struct store_write write = { .success = &create_op, .success_count = 1 };
	struct store_write_answer answer = { .arena = arena };

	enum status plain = answer_write(message, &write, false, &answer);
	enum status guarded = answer_write(message, &write, true, &answer);

	return plain != OK ? plain : guarded;
}

/* What an etcd says to a write of one operation that expects a revision: what stands in the way, or that it was done. */
static enum status judge_one(const struct store_op *op, bool has_succeeded, const char *key,
			     uint64_t revision, struct store_write_answer *answer)
{
	struct store_write write = { .success = op, .success_count = 1 };
	struct proto_out out = proto_out_new(BYTES);
	enum status status;

	put_response(&out, has_succeeded ? 2 : 1, 2, key, revision);
	if (has_succeeded)
		proto_out_varint_field(&out, 2, 1);
	put_header(&out, 9);
	status = answer_write(proto_out_str(&out), &write, false, answer);
	check_cuts(proto_out_str(&out), read_create);
	proto_out_fini(&out);
	return status;
}

TEST(a_refused_write_says_what_stands_in_its_way)
{
	struct arena *arena = arena_new(0);
	struct store_write_answer answer = { .arena = arena };

	CHECK_STATUS(judge_one(&create_op, true, NULL, 0, &answer), OK);
	CHECK_EQ(answer.revision, 9);
	CHECK(answer.is_success);
	CHECK_EQ(answer.result_count, 1);
	CHECK_STATUS(judge_one(&create_op, false, "a", 4, &answer), EXISTS);
	CHECK(answer.has_current);
	CHECK_EQ(answer.current.mod_revision, 4);
	CHECK_STR(answer.current.value, "old");
	CHECK_STATUS(judge_one(&update_op, false, "a", 6, &answer), CONFLICT);
	CHECK_STATUS(judge_one(&update_op, false, NULL, 0, &answer), NOT_FOUND);
	/* It says no, and that all is as it was expected: then it says nothing. */
	CHECK_STATUS(judge_one(&update_op, false, "a", 5, &answer), INVALID);
	arena_free(arena);
}

TEST(a_guard_that_does_not_hold_is_gone_and_one_that_holds_is_looked_behind)
{
	struct arena *arena = arena_new(0);
	struct store_write write = { .success = &create_op, .success_count = 1, .term = 3 };
	struct store_write_answer answer = { .arena = arena };
	struct proto_out out = proto_out_new(BYTES);

	put_header(&out, 9);
	CHECK_STATUS(answer_write(proto_out_str(&out), &write, true, &answer), GONE);
	proto_out_fini(&out);
	out = proto_out_new(BYTES);
	put_response(&out, 1, 2, "a", 4);
	put_inner(&out, 0);
	proto_out_varint_field(&out, 2, 1);
	put_header(&out, 9);
	CHECK_STATUS(answer_write(proto_out_str(&out), &write, true, &answer), EXISTS);
	check_cuts(proto_out_str(&out), read_create);
	proto_out_fini(&out);
	arena_free(arena);
}

TEST(each_branch_has_its_own_expectations)
{
	struct store_compare compare = { .key = STR("x") };
	struct store_op ops[] = { plain_op, update_op };
	struct store_write write = { .compares = &compare,
				     .compare_count = 1,
				     .success = ops,
				     .success_count = 2,
				     .failure = &plain_op,
				     .failure_count = 1 };
	struct arena *arena = arena_new(0);
	struct store_write_answer answer = { .arena = arena };
	struct proto_out out = proto_out_new(BYTES);

	/* The compares hold, what the second operation expects does not. */
	put_response(&out, 1, 2, "a", 4);
	put_inner(&out, 0);
	proto_out_varint_field(&out, 2, 1);
	put_header(&out, 9);
	CHECK_STATUS(answer_write(proto_out_str(&out), &write, false, &answer), CONFLICT);
	CHECK_EQ(answer.refused_op, 1);
	proto_out_fini(&out);
	/* They do not hold: the other branch has none. */
	out = proto_out_new(BYTES);
	put_response(&out, 3, 3, "b", 2);
	put_header(&out, 9);
	answer = (struct store_write_answer){ .arena = arena };
	CHECK_STATUS(answer_write(proto_out_str(&out), &write, false, &answer), OK);
	CHECK(!answer.is_success);
	CHECK_EQ(answer.result_count, 1);
	CHECK_EQ(answer.results[0].row_count, 1);
	/* One answer too few. */
	write.failure_count = 0;
	CHECK_STATUS(answer_write(proto_out_str(&out), &write, false, &answer), INVALID);
	proto_out_fini(&out);
	arena_free(arena);
}

TEST(a_transaction_within_one_is_refused)
{
	struct store_op op = { .kind = STORE_TXN, .expected = STORE_ANY_REVISION };
	struct store_write write = { .success = &op, .success_count = 1 };
	struct question_guard guard = { .create_revision = 0 };
	struct proto_out out;

	CHECK(!question_write(&write, &guard, &out));
}

/* ---- watches and leases ---- */

static enum status read_watch(struct str message, struct arena *arena)
{
	struct answer_watch answer;
	struct answer_lease lease;
	struct store_lease_answer leases = { .arena = arena };

	TRY(answer_watch(message, arena, &answer));
	TRY(answer_one_lease(message, arena, &lease));
	return answer_all_leases(message, arena, &leases);
}

TEST(events_come_in_order_with_what_was_there_before)
{
	struct arena *arena = arena_new(0);
	struct answer_watch answer;
	struct proto_out out = proto_out_new(BYTES);
	uint32_t before;

	before = proto_out_len(&out);
	put_row(&out, 3, "a", "one", 4);
	put_row(&out, 2, "a", "", 5);
	proto_out_varint_field(&out, 1, 1);
	proto_out_close(&out, 11, before);
	before = proto_out_len(&out);
	put_row(&out, 2, "a", "one", 4);
	proto_out_close(&out, 11, before);
	proto_out_varint_field(&out, 2, 3);
	put_header(&out, 9);
	CHECK_STATUS(answer_watch(proto_out_str(&out), arena, &answer), OK);
	CHECK_EQ(answer.id, 3);
	CHECK_EQ(answer.count, 2);
	CHECK(!answer.events[0].is_delete);
	CHECK(answer.events[1].is_delete);
	CHECK_STR(answer.events[1].prev.value, "one");
	CHECK_EQ(answer.events[1].row.mod_revision, 5);
	check_cuts(proto_out_str(&out), read_watch);
	proto_out_fini(&out);
	/* An event of no key is none. */
	out = proto_out_new(BYTES);
	proto_out_varint_field(&out, 1, 1);
	proto_out_close(&out, 11, 0);
	CHECK_STATUS(answer_watch(proto_out_str(&out), arena, &answer), INVALID);
	proto_out_fini(&out);
	arena_free(arena);
}

TEST(a_lease_that_has_ended_has_less_than_no_time_left)
{
	struct arena *arena = arena_new(0);
	struct answer_lease lease;
	struct store_lease_answer leases = { .arena = arena };
	struct proto_out out = proto_out_new(BYTES);

	proto_out_varint_field(&out, 3, UINT64_MAX);
	proto_out_varint_field(&out, 2, 77);
	put_header(&out, 9);
	CHECK_STATUS(answer_one_lease(proto_out_str(&out), arena, &lease), OK);
	CHECK_EQ(lease.id, 77);
	CHECK(lease.ttl_s < 0);
	CHECK_EQ(lease.revision, 9);
	proto_out_fini(&out);
	out = proto_out_new(BYTES);
	for (uint64_t id = 3; id > 0; id--) {
		uint32_t before = proto_out_len(&out);

		proto_out_varint_field(&out, 1, id);
		proto_out_close(&out, 2, before);
	}
	CHECK_STATUS(answer_all_leases(proto_out_str(&out), arena, &leases), OK);
	CHECK_EQ(leases.id_count, 3);
	CHECK_EQ(leases.ids[2], 3);
	proto_out_fini(&out);
	arena_free(arena);
}
