/*
 * Commands: what is refused before it is agreed upon, and bytes that no command_pack made.
 */
#include "datastore/store/state/command.h"
#include "tests/lib/test.h"

static struct str of_bytes(uint32_t len)
{
	char *at = arena_alloc(test_arena(), len);

	memset(at, 'k', len);
	return str_of(at, len);
}

static struct command write_of(const struct store_op *ops, uint32_t count)
{
	return (struct command){ .kind = COMMAND_WRITE,
				 .write = { .success = ops, .success_count = count } };
}

/* `field` is what the fault is about. */
static void check_refused(const struct command *command, enum status status, const char *field)
{
	struct fault why = { 0 };

	CHECK_STATUS(command_check(command, &why), status);
	CHECK_STR(str_from(why.field), field);
	CHECK(why.text[0] != '\0');
}

TEST(an_op_that_cannot_be_agreed_upon_is_refused_with_its_field)
{
	const struct str long_key = of_bytes(LIMIT_KEY_BYTES + 1), key = STR("a");
	const struct {
		struct store_op op;
		enum status status;
		const char *field;
	} cases[] = {
		{ { .kind = STORE_PUT }, BAD_REQUEST, "key" },
		{ { .kind = STORE_DELETE, .key = long_key }, TOO_LARGE, "key" },
		{ { .kind = STORE_GET, .key = key, .end = long_key }, TOO_LARGE, "end" },
		{ { .kind = STORE_DELETE, .key = key, .end = STR("b"), .expected = 7 },
		  BAD_REQUEST,
		  "expected" },
		{ { .kind = STORE_PUT, .key = key, .end = STR("b") }, BAD_REQUEST, "end" },
		{ { .kind = STORE_PUT, .key = key, .value = of_bytes(LIMIT_OBJECT_BYTES + 1) },
		  TOO_LARGE,
		  "value" },
		{ { .kind = STORE_PUT, .key = key, .value = key, .keeps_value = true },
		  BAD_REQUEST,
		  "value" },
		{ { .kind = STORE_PUT, .key = key, .lease = 1, .keeps_lease = true },
		  BAD_REQUEST,
		  "value" },
		{ { .kind = STORE_TXN, .key = key }, BAD_REQUEST, "key" },
		{ { .kind = STORE_TXN, .value = STR("no transaction") }, BAD_REQUEST, "value" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct command command = write_of(&cases[i].op, 1);
		struct store_compare compare = { .key = key };
		struct command otherwise = { .kind = COMMAND_WRITE,
					     .write = { .compares = &compare,
							.compare_count = 1,
							.failure = &cases[i].op,
							.failure_count = 1 } };

		check_refused(&command, cases[i].status, cases[i].field);
		check_refused(&otherwise, cases[i].status, cases[i].field);
	}
}

TEST(a_write_is_refused_that_names_a_key_twice_has_too_many_ops_or_is_too_large)
{
	const struct store_op twice[] = { { .kind = STORE_PUT, .key = STR("b") },
					  { .kind = STORE_DELETE,
					    .key = STR("a"),
					    .end = STR("c"),
					    .expected = STORE_ANY_REVISION } };
	const struct store_op apart[] = { { .kind = STORE_PUT, .key = STR("c") }, twice[1] };
	struct store_op many[LIMIT_TXN_OPS + 1] = { 0 };
	struct command command = write_of(twice, 2);

	check_refused(&command, BAD_REQUEST, "key");
	command = write_of(apart, 2);
	CHECK_STATUS(command_check(&command, NULL), OK);
	for (uint32_t i = 0; i <= LIMIT_TXN_OPS; i++)
		many[i] = (struct store_op){ .kind = STORE_PUT,
					     .key = arena_printf(test_arena(), "%u", i) };
	command = write_of(many, LIMIT_TXN_OPS + 1);
	check_refused(&command, BAD_REQUEST, "ops");
	command = write_of(many, LIMIT_TXN_OPS);
	CHECK_STATUS(command_check(&command, NULL), OK);
	for (uint32_t i = 0; i < LIMIT_TXN_OPS; i++)
		many[i].value = of_bytes(LIMIT_STORE_COMMAND_BYTES / LIMIT_TXN_OPS);
	check_refused(&command, TOO_LARGE, "");
}

TEST(a_compare_needs_a_key_that_is_not_too_long)
{
	struct store_compare compares[] = { { .key = STR_NONE },
					    { .key = of_bytes(LIMIT_KEY_BYTES + 1) },
					    { .key = STR("a"),
					      .end = of_bytes(LIMIT_KEY_BYTES + 1) } };
	static const char *const fields[] = { "key", "key", "end" };

	for (uint32_t i = 0; i < 3; i++) {
		struct command command = { .kind = COMMAND_WRITE,
					   .write = { .compares = &compares[i],
						      .compare_count = 1 } };

		check_refused(&command, i == 0 ? BAD_REQUEST : TOO_LARGE, fields[i]);
	}
}

TEST(transactions_within_each_other_use_up_their_ops)
{
	struct store_op inner = { .kind = STORE_PUT, .key = STR("a") };
	struct store_write txn = { .success = &inner, .success_count = 1 };
	uint32_t depth = 1;
	struct command command;

	for (command = write_of(&inner, 1); command_check(&command, NULL) == OK; depth++) {
		inner = (struct store_op){ .kind = STORE_TXN,
					   .value = store_pack_txn(&txn, test_arena()) };
		CHECK(depth <= LIMIT_TXN_OPS);
	}
	CHECK_EQ(depth, LIMIT_TXN_OPS + 1);
}

TEST(leases_and_compactions_of_nothing_are_refused)
{
	const struct command commands[] = {
		{ .kind = COMMAND_LEASE_GRANT, .grant = { .id = 1, .ttl_s = 0 } },
		{ .kind = COMMAND_LEASE_GRANT, .grant = { .id = 0, .ttl_s = 1 } },
		{ .kind = COMMAND_LEASE_GRANT,
		  .grant = { .id = 1, .ttl_s = LIMIT_LEASE_TTL_S + 1 } },
		{ .kind = COMMAND_LEASE_REVOKE },
		{ .kind = COMMAND_COMPACT },
		{ .kind = COMMAND_RAISE },
		{ .kind = 99 },
	};

	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		CHECK_STATUS(command_check(&commands[i], NULL), BAD_REQUEST);
}

/* What an entry says of itself when it is read; the number of its commands if all are good. */
static enum status read_all(struct str entry, uint32_t *count)
{
	struct fixed in;
	struct command command;
	enum status status = command_open(entry, &in);

	for (*count = 0; status == OK && fixed_left(&in) > 0; *count += status == OK)
		status = command_next(&in, test_arena(), &command);
	return status;
}

TEST(an_entry_that_was_cut_or_changed_is_no_entry)
{
	const struct store_op op = { .kind = STORE_PUT, .key = STR("k"), .value = STR("v") };
	const struct command lease = { .kind = COMMAND_LEASE_GRANT,
				       .grant = { .id = 1, .ttl_s = 2 } };
	struct command command = write_of(&op, 1);
	struct text out = text_in(test_arena(), KIB);
	uint32_t count, first;

	command_begin(&out);
	command_pack(&out, &command);
	first = out.len;
	command_pack(&out, &lease);
	CHECK_STATUS(read_all(text_str(&out), &count), OK);
	CHECK_EQ(count, 2);
	for (uint32_t len = 0; len < out.len; len++) {
		enum status status = read_all(str_slice(text_str(&out), 0, len), &count);

		/* Cut between two commands it is an entry of fewer. */
		CHECK_STATUS(status, len == 1 || len == first ? OK : CORRUPT);
	}
	out.at[0] = COMMAND_VERSION + 1;
	CHECK_STATUS(read_all(text_str(&out), &count), CORRUPT);
	out.at[0] = COMMAND_VERSION;
	out.at[1] = 99;
	CHECK_STATUS(read_all(text_str(&out), &count), CORRUPT);
}
