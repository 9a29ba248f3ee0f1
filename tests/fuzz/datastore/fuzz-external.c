/*
 * What an etcd answers to a node whose data it keeps. The first byte says which answer it is taken for; a write's is held against
 * one that has all kinds of operations, with expectations and without.
 */
#include "datastore/external/answer.h"
#include "runtime/base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static void check_rows(const struct store_row *rows, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		assert(rows[i].key.at != NULL && (rows[i].blob != NULL) == (rows[i].value.len > 0));
}

static void read_write(struct str bytes, struct arena *arena, uint8_t kind)
{
	const struct store_compare compare = { .key = STR("a") };
	const struct store_op ops[] = {
		{ .kind = STORE_PUT,
		  .key = STR("a"),
		  .expected = (kind & 4) ? 5 : STORE_ANY_REVISION },
		{ .kind = STORE_DELETE, .key = STR("b"), .expected = STORE_ANY_REVISION },
		{ .kind = STORE_GET, .key = STR("c"), .expected = STORE_ANY_REVISION },
	};
	const struct store_write write = { .compares = &compare,
					   .compare_count = (kind & 8) != 0,
					   .success = ops,
					   .success_count = 3,
					   .failure = ops,
					   .failure_count = 1 };
	struct store_write_answer answer = { .arena = arena };
	enum status status = answer_write(bytes, &write, (kind & 16) != 0, &answer);

	assert(status != OK || answer.result_count == (answer.is_success ? 3U : 1U));
	assert(!answer.has_current || status == EXISTS || status == CONFLICT);
	for (uint32_t i = 0; status == OK && i < answer.result_count; i++)
		check_rows(answer.results[i].rows, answer.results[i].row_count);
}

static void read_any(struct str bytes, struct arena *arena, uint8_t kind)
{
	struct store_range_answer range = { .arena = arena };
	struct store_lease_answer leases = { .arena = arena };
	struct answer_watch watch;
	struct answer_lease lease;

	switch (kind & 3) {
	case 0:
		if (answer_range(bytes, &range) == OK)
			check_rows(range.rows, range.row_count);
		break;
	case 1: read_write(bytes, arena, kind); break;
	case 2:
		if (answer_watch(bytes, arena, &watch) == OK)
			for (uint32_t i = 0; i < watch.count; i++)
				check_rows(&watch.events[i].row, 1);
		break;
	default:
		assert(answer_one_lease(bytes, arena, &lease) < STATUS_COUNT);
		assert(answer_all_leases(bytes, arena, &leases) < STATUS_COUNT);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct arena *arena;

	if (len == 0)
		return 0;
	arena = arena_new(0);
	read_any(str_of(at + 1, len - 1), arena, at[0]);
	arena_free(arena);
	return 0;
}
