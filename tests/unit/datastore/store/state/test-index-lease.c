/* A key's lease is where its value is, if that is in memory, and stays when the value goes. */
#include "datastore/store/state/index.h"
#include "tests/lib/test.h"

static void on_change(void *arg, struct change *change)
{
	(void)arg;
	change_free(change);
}

static void on_lease(void *arg, uint64_t id, uint32_t ttl_s)
{
	(void)arg;
	(void)id;
	(void)ttl_s;
}

static struct blob *on_load(void *arg, uint64_t id)
{
	(void)arg;
	(void)id;
	return blob_new(STR("1"));
}

static void apply(struct index *index, const struct command *command)
{
	struct index_answer answer;
	index_apply(index, command, 1, test_arena(), &answer);
	CHECK_STATUS(answer.status, OK);
	index_written(index, answer.revision); /* values beyond the budget go */
}

/* An index with a lease 5 and room for one value of one byte. */
static struct index *make_index_with_lease(void)
{
	struct index *index = index_new(
	    &(struct index_hooks){ .changed = on_change, .leased = on_lease, .load = on_load }, 1,
	    0);
	apply(index,
	      &(struct command){ .kind = COMMAND_LEASE_GRANT, .grant = { .id = 5, .ttl_s = 60 } });
	return index;
}

static void put(struct index *index, const char *key, uint64_t lease, bool keeps_lease)
{
	struct store_op op = { .kind = STORE_PUT,
			       .key = str_from(key),
			       .value = STR("1"),
			       .expected = STORE_ANY_REVISION,
			       .lease = lease,
			       .keeps_lease = keeps_lease };
	apply(index, &(struct command){ .kind = COMMAND_WRITE,
					.write = { .success = &op, .success_count = 1 } });
}

static uint64_t lease_of(struct index *index, const char *key, bool is_in_memory)
{
	struct index_range range = { .key = str_from(key) };
	struct index_page page;
	index_range(index, &range, test_arena(), &page);
	CHECK_EQ(page.row_count, 1);
	CHECK_EQ(page.missing_count, !is_in_memory);
	return page.rows[0].lease;
}

TEST(a_lease_stays_when_the_value_leaves_memory_and_when_it_comes_back)
{
	struct index *index = make_index_with_lease();
	struct blob *value = on_load(NULL, 0);
	put(index, "a", 5, false);
	CHECK_EQ(lease_of(index, "a", true), 5);
	put(index, "b", 0, false); /* has the room now */
	CHECK_EQ(lease_of(index, "a", false), 5);
	index_cache(index, STR("a"), change_id(2, 0), value, false);
	blob_unref(value);
	CHECK_EQ(lease_of(index, "a", true), 5);
	CHECK_EQ(lease_of(index, "b", false), 0);
	put(index, "a", 0, true);
	put(index, "b", 0, true);
	CHECK_EQ(lease_of(index, "a", false), 5);
	index_free(index);
}

TEST(a_lease_that_ends_or_is_left_is_nobodys)
{
	struct index *index = make_index_with_lease();
	put(index, "a", 5, false);
	put(index, "b", 5, false);
	put(index, "c", 5, false);
	put(index, "a", 0, false);
	CHECK_EQ(lease_of(index, "a", true), 0);
	put(index, "a", 5, false);
	put(index, "c", 0, false);
	CHECK_EQ(lease_of(index, "a", false), 5);
	apply(index, &(struct command){ .kind = COMMAND_LEASE_REVOKE, .revoke = { .id = 5 } });
	CHECK_EQ(index_keys(index), 1);
	put(index, "a", 0, false); /* in the place of one that had it */
	CHECK_EQ(lease_of(index, "a", true), 0);
	CHECK_EQ(lease_of(index, "c", false), 0);
	index_free(index);
}
