#include "datastore/store/store-private.h"

#include "runtime/base/base.h"
#include "tests/lib/test.h"
#include "tests/unit/datastore/store/lab.h"

static struct lab *make_store(struct fake_disk **disk, uint32_t history_s)
{
	*disk = fake_disk_new(1);
	struct lab *lab = lab_open(*disk, history_s);
	lab_wait_ready(lab);
	return lab;
}

static void free_store(struct lab *lab, struct fake_disk *disk)
{
	lab_close(lab);
	fake_disk_free(disk);
}

static struct str name(const char *format, unsigned n)
{
	return arena_printf(test_arena(), format, n);
}

TEST(a_written_row_is_read_back)
{
	struct fake_disk *disk;
	struct lab *lab = make_store(&disk, 0);
	struct store_write_answer *written = lab_put(lab, "/a", "one", 0);
	CHECK_STATUS(written->status, OK);
	CHECK_EQ(written->revision, 2);
	struct store_range_answer *answer = lab_range(lab, "/a", NULL, 0);
	CHECK_STATUS(answer->status, OK);
	CHECK_EQ(answer->revision, 2);
	CHECK_STR(lab_print(answer), "/a=one@2 ");
	CHECK_EQ(answer->rows[0].version, 1);
	free_store(lab, disk);
}

TEST(a_conflict_is_answered_with_the_row_that_is_there)
{
	struct fake_disk *disk;
	struct lab *lab = make_store(&disk, 0);
	lab_put(lab, "/a", "one", 0);
	struct store_write_answer *refused = lab_put(lab, "/a", "two", 0);
	CHECK_STATUS(refused->status, EXISTS);
	CHECK(refused->has_current);
	CHECK_STR(refused->current.value, "one");
	CHECK_STATUS(lab_put(lab, "/a", "two", 9)->status, CONFLICT);
	CHECK_STATUS(lab_delete(lab, "/b", 9)->status, NOT_FOUND);
	CHECK_STATUS(lab_delete(lab, "/a", 2)->status, OK);
	CHECK_EQ(lab_range(lab, "/a", NULL, 0)->row_count, 0);
	free_store(lab, disk);
}

TEST(a_bad_request_is_refused_before_it_is_agreed_upon)
{
	struct fake_disk *disk;
	struct lab *lab = make_store(&disk, 0);
	CHECK_STATUS(lab_put(lab, "", "one", 0)->status, BAD_REQUEST);
	CHECK_STATUS(lab_range(lab, "/a", NULL, 99)->status, BAD_REQUEST);
	CHECK_EQ(lab_status(lab)->revision, 1);
	free_store(lab, disk);
}

TEST(pages_at_a_revision_are_not_disturbed_by_later_writes)
{
	struct fake_disk *disk;
	struct lab *lab = make_store(&disk, 0);
	for (unsigned i = 0; i < 10; i++)
		lab_put(lab, name("/k%02u", i).at, "old", 0);
	struct store_range range = { .key = STR("/k"), .end = STR("/l"), .limit = 4 };
	struct store_range_answer *page = lab_ask(lab, &store_range_type, &range, NULL);
	CHECK_EQ(page->row_count, 4);
	CHECK(page->more);
	CHECK_EQ(page->count, 10);
	lab_put(lab, "/k05", "new", STORE_ANY_REVISION);
	lab_delete(lab, "/k06", STORE_ANY_REVISION);
	lab_put(lab, "/k07x", "new", 0);
	range.revision = page->revision;
	range.key = (struct str){ "/k03", 5 };
	page = lab_ask(lab, &store_range_type, &range, NULL);
	CHECK_STR(lab_print(page), "/k04=old@6 /k05=old@7 /k06=old@8 /k07=old@9 ");
	CHECK(page->more);
	free_store(lab, disk);
}

TEST(a_range_in_which_nothing_has_changed_since_is_read_from_memory)
{
	struct fake_disk *disk;
	struct lab *lab = make_store(&disk, 0);
	struct store_range range = { .key = STR("/a/"), .end = STR("/a0") };
	struct store_range_answer *answer;

	lab_put(lab, "/a/1", "old", 0);
	range.revision = lab_put(lab, "/a/2", "old", 0)->revision;
	lab_hold_table(lab, true);
	lab_put(lab, "/b/1", "new", 0);
	answer = lab_ask(lab, &store_range_type, &range, NULL);
	CHECK_STR(lab_print(answer), "/a/1=old@2 /a/2=old@3 ");
	CHECK_EQ(answer->revision, range.revision);
	lab_hold_table(lab, false);
	lab_delete(lab, "/a/1", STORE_ANY_REVISION);
	answer = lab_ask(lab, &store_range_type, &range, NULL);
	CHECK_STR(lab_print(answer), "/a/1=old@2 /a/2=old@3 ");
	free_store(lab, disk);
}

TEST(a_page_ends_by_bytes)
{
	struct fake_disk *disk;
	struct lab *lab = make_store(&disk, 0);
	char *big = arena_zalloc(test_arena(), 900 * KIB + 1);
	memset(big, 'x', 900 * KIB);
	for (unsigned i = 0; i < 4; i++)
		CHECK_STATUS(lab_put(lab, name("/k%u", i).at, big, 0)->status, OK);
	struct store_range_answer *page = lab_range(lab, "/", "0", 0);
	CHECK_EQ(page->row_count, 2);
	CHECK(page->more);
	CHECK_EQ(page->count, 4);
	free_store(lab, disk);
}

TEST(values_that_left_memory_are_read_from_the_table)
{
	struct fake_disk *disk;
	struct lab *lab = make_store(&disk, 0);
	char *big = arena_zalloc(test_arena(), 600 * KIB + 1);
	memset(big, 'x', 600 * KIB);
	for (unsigned i = 0; i < 10; i++)
		lab_put(lab, name("/k%u", i).at, big, 0);
	lab_run(lab, 1000);
	CHECK(lab_status(lab)->index_bytes < LIMIT_VALUE_CACHE_BYTES + 64U * KIB);
	for (unsigned i = 0; i < 10; i++) {
		struct store_range_answer *one = lab_range(lab, name("/k%u", i).at, NULL, 0);
		CHECK_STATUS(one->status, OK);
		CHECK_EQ(one->row_count, 1);
		CHECK_EQ(one->rows[0].value.len, 600 * KIB);
	}
	CHECK_STATUS(lab_put(lab, "/k0", "y", 0)->status, EXISTS);
	free_store(lab, disk);
}

TEST(what_is_read_by_who_comes_again_stays_in_memory_for_a_minute)
{
	struct fake_disk *disk;
	struct lab *lab = make_store(&disk, 0);
	char *big = arena_zalloc(test_arena(), 600 * KIB + 1);
	memset(big, 'x', 600 * KIB);
	for (unsigned i = 0; i < 20; i++)
		lab_put(lab, name("/k%u", i).at, big, 0);
	lab_run(lab, 1000);
	for (unsigned i = 0; i < 20; i++) {
		struct store_range range = { .key = name("/k%u", i), .is_kept = true };
		struct store_range_answer *one = lab_ask(lab, &store_range_type, &range, NULL);
		CHECK_EQ(one->rows[0].value.len, 600 * KIB);
	}
	CHECK(lab_status(lab)->index_bytes > 20 * 600 * KIB);
	lab_run(lab, 65000);
	CHECK(lab_status(lab)->index_bytes < LIMIT_VALUE_CACHE_BYTES + 64U * KIB);
	free_store(lab, disk);
}

static struct store_watch_answer *watch(struct lab *lab, uint64_t number, const char *key,
					const char *end, uint64_t from, bool wants_prev)
{
	struct store_watch ask = { .watch = number,
				   .key = str_from(key),
				   .end = str_from(end),
				   .from = from,
				   .wants_prev = wants_prev };
	return lab_ask(lab, &store_watch_type, &ask, NULL);
}

TEST(a_watch_tells_each_change_of_its_range_once_in_order)
{
	struct fake_disk *disk;
	struct lab *lab = make_store(&disk, 0);
	lab_put(lab, "/a/1", "x", 0);
	CHECK_STATUS(watch(lab, 1, "/a/", "/a0", 0, true)->status, OK);
	lab_put(lab, "/a/1", "y", 2);
	lab_put(lab, "/b/1", "y", 0);
	lab_delete(lab, "/a/1", 3);
	lab_put(lab, "/a/2", "z", 0);
	lab_run(lab, 100);
	CHECK_STR(lab_events(lab), "/a/1=y@3 was x@2 /a/1-@5 was y@3 /a/2=z@6 ");
	struct store_cancel cancel = { 1 };
	lab_send(lab, &store_cancel_type, &cancel);
	lab_put(lab, "/a/3", "z", 0);
	lab_run(lab, 100);
	CHECK_STR(lab_events(lab), "");
	free_store(lab, disk);
}

TEST(a_watch_from_the_past_begins_with_what_was_missed)
{
	struct fake_disk *disk;
	struct lab *lab = make_store(&disk, 0);
	lab_put(lab, "/a", "1", 0);
	lab_put(lab, "/a", "2", 2);
	lab_put(lab, "/a", "3", 3);
	lab_run(lab, 100);
	lab_close(lab); /* the history in memory is gone: the table has it */
	lab = lab_open(disk, 0);
	lab_wait_ready(lab);
	CHECK_STATUS(watch(lab, 1, "/a", NULL, 3, true)->status, OK);
	lab_put(lab, "/a", "4", 4);
	lab_run(lab, 100);
	CHECK_STR(lab_events(lab), "/a=2@3 was 1@2 /a=3@4 was 2@3 /a=4@5 was 3@4 ");
	free_store(lab, disk);
}

TEST(a_watch_of_the_future_begins_there)
{
	struct fake_disk *disk;
	struct lab *lab = make_store(&disk, 0);
	CHECK_STATUS(watch(lab, 1, "/a", NULL, 4, false)->status, OK);
	for (unsigned i = 0; i < 4; i++)
		lab_put(lab, "/a", "x", STORE_ANY_REVISION);
	lab_run(lab, 100);
	CHECK_STR(lab_events(lab), "/a=x@4 /a=x@5 ");
	free_store(lab, disk);
}

TEST(a_watcher_without_credit_waits_and_misses_nothing)
{
	struct fake_disk *disk;
	struct lab *lab = make_store(&disk, 0);
	lab_give_credit(lab, false);
	watch(lab, 1, "/k", "/l", 0, false);
	watch(lab, 2, "/other", NULL, 0, false);
	char *value = arena_zalloc(test_arena(), 64 * KIB + 1);
	memset(value, 'x', 64 * KIB);
	unsigned writes = 300; /* more than the window and than the history in memory */
	for (unsigned i = 0; i < writes; i++)
		lab_put(lab, "/k", value, STORE_ANY_REVISION);
	lab_run(lab, 5000);
	uint32_t told = lab_events(lab).len;
	CHECK(told > 0 && told <= LIMIT_WATCH_BYTES + MIB);
	uint64_t bytes = told;
	for (int i = 0; i < 100; i++) {
		struct store_watch_credit credit = { 1, LIMIT_WATCH_EVENTS, LIMIT_WATCH_BYTES };
		lab_send(lab, &store_watch_credit_type, &credit);
		lab_run(lab, 100);
		bytes += lab_events(lab).len;
	}
	CHECK(bytes > (uint64_t)writes * 64 * KIB);
	CHECK(bytes < (uint64_t)writes * (64 * KIB + 32));
	free_store(lab, disk);
}

TEST(progress_says_how_far_a_quiet_watch_is)
{
	struct fake_disk *disk;
	struct lab *lab = make_store(&disk, 0);
	watch(lab, 1, "/quiet", NULL, 0, false);
	lab_put(lab, "/a", "x", 0);
	struct store_progress progress = { 1 };
	lab_send(lab, &store_progress_type, &progress);
	lab_run(lab, 100);
	CHECK_STR(lab_events(lab), "..2 ");
	free_store(lab, disk);
}

TEST(what_was_compacted_is_expired)
{
	struct fake_disk *disk;
	struct lab *lab = make_store(&disk, 0);
	for (unsigned i = 0; i < 10; i++)
		lab_put(lab, "/a", "x", STORE_ANY_REVISION);
	struct store_compact compact = { .revision = 8 };
	struct store_compact_answer *answer = lab_ask(lab, &store_compact_type, &compact, NULL);
	CHECK_STATUS(answer->status, OK);
	CHECK_EQ(answer->compact_revision, 8);
	CHECK_STATUS(lab_range(lab, "/a", NULL, 7)->status, EXPIRED);
	CHECK_STR(lab_print(lab_range(lab, "/a", NULL, 8)), "/a=x@8 ");
	struct store_watch_answer *refused = watch(lab, 1, "/a", NULL, 8, false);
	CHECK_STATUS(refused->status, EXPIRED);
	CHECK_EQ(refused->revision, 8);
	CHECK_STATUS(watch(lab, 1, "/a", NULL, 9, false)->status, OK);
	answer = lab_ask(lab, &store_compact_type, &compact, NULL);
	CHECK_STATUS(answer->status, EXPIRED);
	free_store(lab, disk);
}

TEST(a_defragmented_database_is_smaller_and_has_everything_still)
{
	struct fake_disk *disk;
	struct lab *lab = make_store(&disk, 0);
	struct store_defragment ask = { 0 };
	char value[4096];

	memset(value, 'x', sizeof value - 1);
	value[sizeof value - 1] = '\0';
	for (unsigned i = 0; i < 300; i++)
		lab_put(lab, "/a", value, STORE_ANY_REVISION);
	lab_run(lab, 1000); /* all of it is in the table, and by this one in its file */
	struct store_defragment_answer *answer = lab_ask(lab, &store_defragment_type, &ask, NULL);
	CHECK_STATUS(answer->status, OK);
	CHECK(answer->after_bytes > 300 * sizeof value);
	struct store_compact compact = { .revision = 301 };
	struct store_compact_answer *compacted = lab_ask(lab, &store_compact_type, &compact, NULL);
	CHECK_STATUS(compacted->status, OK);
	lab_run(lab, 10000); /* and what was compacted is swept */
	answer = lab_ask(lab, &store_defragment_type, &ask, NULL);
	CHECK_STATUS(answer->status, OK);
	CHECK(answer->after_bytes < answer->before_bytes / 4);
	CHECK_EQ(lab_status(lab)->database_bytes, answer->after_bytes);
	CHECK_STATUS(lab_range(lab, "/a", NULL, 0)->status, OK);
	CHECK_EQ(lab_range(lab, "/a", NULL, 0)->rows[0].version, 300);
	lab_put(lab, "/b", "1", STORE_ANY_REVISION);
	CHECK_STR(lab_print(lab_range(lab, "/b", NULL, 0)), "/b=1@302 ");
	free_store(lab, disk);
}

/* A compaction that was agreed upon just before the second's tick, and is written only after it. */
TEST(what_is_compacted_at_any_moment_is_swept)
{
	struct fake_disk *disk;
	struct lab *lab = make_store(&disk, 0);
	struct store_defragment ask = { 0 };
	char value[16384];
	uint64_t revision = 1;

	memset(value, 'x', sizeof value - 1);
	value[sizeof value - 1] = '\0';
	for (unsigned round = 0; round < 60; round++) {
		for (unsigned i = 0; i < 20; i++)
			revision = lab_put(lab, "/a", value, STORE_ANY_REVISION)->revision;
		lab_run(lab, 1000 - round % 30); /* somewhere around the tick */
		struct store_compact compact = { .revision = revision };
		struct store_compact_answer *compacted =
		    lab_ask(lab, &store_compact_type, &compact, NULL);
		CHECK_STATUS(compacted->status, OK);
		lab_run(lab, 3000);
		struct store_defragment_answer *answer =
		    lab_ask(lab, &store_defragment_type, &ask, NULL);
		CHECK_STATUS(answer->status, OK);
		CHECK(answer->after_bytes < 5 * sizeof value);
	}
	free_store(lab, disk);
}

TEST(old_revisions_are_compacted_by_the_clock_and_an_idle_store_writes_nothing)
{
	struct fake_disk *disk;
	struct lab *lab = make_store(&disk, 60);
	for (unsigned i = 0; i < 10; i++)
		lab_put(lab, "/a", "x", STORE_ANY_REVISION);
	lab_run(lab, 600000);
	struct store_status *status = lab_status(lab);
	CHECK_EQ(status->compact_revision, status->revision);
	lab_run(lab, 600000);
	uint64_t written = fake_disk_written_bytes(disk);
	lab_run(lab, 3600000);
	CHECK_EQ(fake_disk_written_bytes(disk), written);
	free_store(lab, disk);
}

TEST(a_lease_that_is_not_kept_takes_its_keys_along)
{
	struct fake_disk *disk;
	struct lab *lab = make_store(&disk, 0);
	struct store_lease_grant grant = { .ttl_s = 10 };
	struct store_lease_answer *lease = lab_ask(lab, &store_lease_grant_type, &grant, NULL);
	CHECK_STATUS(lease->status, OK);
	CHECK(lease->id);
	struct store_op op = {
		.kind = STORE_PUT, .key = STR("/a"), .value = STR("x"), .lease = lease->id
	};
	struct store_write write = { .success = &op, .success_count = 1 };
	CHECK_STATUS(
	    ((struct store_write_answer *)lab_ask(lab, &store_write_type, &write, NULL))->status,
	    OK);
	struct store_lease_keep keep = { .id = lease->id };
	for (int i = 0; i < 5; i++) {
		lab_run(lab, 8000);
		struct store_lease_answer *kept = lab_ask(lab, &store_lease_keep_type, &keep, NULL);
		CHECK_STATUS(kept->status, OK);
	}
	CHECK_EQ(lab_range(lab, "/a", NULL, 0)->row_count, 1);
	lab_run(lab, 12000);
	CHECK_EQ(lab_range(lab, "/a", NULL, 0)->row_count, 0);
	CHECK_STATUS(
	    ((struct store_lease_answer *)lab_ask(lab, &store_lease_keep_type, &keep, NULL))->status,
	    NOT_FOUND);
	free_store(lab, disk);
}

TEST(a_repeated_request_is_applied_once_even_after_a_restart)
{
	struct fake_disk *disk;
	struct lab *lab = make_store(&disk, 0);
	struct store_op op = { .kind = STORE_PUT,
			       .key = STR("/a"),
			       .value = STR("x"),
			       .expected = STORE_ANY_REVISION };
	struct store_write write = { .success = &op, .success_count = 1, .request = 4711 };
	struct store_write_answer *first = lab_ask(lab, &store_write_type, &write, NULL);
	lab_crash(lab);
	lab = lab_open(disk, 0);
	lab_wait_ready(lab);
	struct store_write_answer *second = lab_ask(lab, &store_write_type, &write, NULL);
	CHECK_STATUS(second->status, OK);
	CHECK(second->is_repeat);
	CHECK_EQ(second->revision, first->revision);
	free_store(lab, disk);
}

static enum status pass_on(struct lab *lab, const char *key, uint64_t since, int term_off)
{
	struct store_op op = { .kind = STORE_PUT,
			       .key = str_from(key),
			       .value = STR("x"),
			       .expected = STORE_ANY_REVISION };
	struct store_write write = { .success = &op,
				     .success_count = 1,
				     .request = 4711,
				     .is_forwarded = true,
				     .for_term = lab_status(lab)->term + (uint64_t)term_off,
				     .since = since };
	return ((struct store_write_answer *)lab_ask(lab, &store_write_type, &write, NULL))->status;
}

TEST(a_further_try_is_taken_only_while_an_earlier_one_would_be_known)
{
	struct fake_disk *disk;
	struct lab *lab = make_store(&disk, 0);
	uint64_t since = lab_status(lab)->revision;
	CHECK_STATUS(pass_on(lab, "/a", 0, 0), OK);
	CHECK_STATUS(pass_on(lab, "/a", since, 0), OK);
	for (unsigned i = 0; lab_status(lab)->revision < since + LIMIT_STORE_REQUESTS - 1; i++)
		lab_put(lab, "/b", "x", STORE_ANY_REVISION);
	CHECK_STATUS(pass_on(lab, "/a", since, 0), OK);
	lab_put(lab, "/b", "x", STORE_ANY_REVISION);
	CHECK_STATUS(pass_on(lab, "/a", since, 0), TIMEOUT);
	lab_put(lab, "/b", "x", STORE_ANY_REVISION);
	CHECK_STATUS(pass_on(lab, "/a", since, 0), TIMEOUT);
	CHECK_EQ(lab_range(lab, "/a", NULL, 0)->rows[0].version, 1);
	free_store(lab, disk);
}

TEST(a_try_holds_only_for_the_term_that_it_was_made_in)
{
	struct fake_disk *disk;
	struct lab *lab = make_store(&disk, 0);
	CHECK_STATUS(pass_on(lab, "/a", 0, -1), UNAVAILABLE);
	CHECK_STATUS(pass_on(lab, "/a", 0, 1), UNAVAILABLE);
	CHECK_EQ(lab_range(lab, "/a", NULL, 0)->row_count, 0);
	CHECK_STATUS(pass_on(lab, "/a", 0, 0), OK);
	free_store(lab, disk);
}

TEST_SLOW(acknowledged_writes_survive_crashes_at_any_time, 60)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct fake_disk *disk = fake_disk_new(seed);
		struct lab *lab = lab_open(disk, 0);
		uint64_t revision = 1;
		for (int life = 0; life < 4; life++) {
			lab_wait_ready(lab);
			CHECK_EQ(lab_status(lab)->revision, revision);
			for (unsigned i = 0; i < 15 + seed; i++) {
				struct store_write_answer *answer =
				    lab_put(lab, name("/k%u", i % 7).at, name("v%u", i).at,
					    STORE_ANY_REVISION);
				CHECK_STATUS(answer->status, OK);
				CHECK_EQ(answer->revision, ++revision);
			}
			lab_run(lab, seed % 3 * 20);
			lab_crash(lab);
			lab = lab_open(disk, 0);
		}
		lab_wait_ready(lab);
		CHECK_EQ(lab_range(lab, "/", "0", 0)->row_count, 7);
		lab_close(lab);
		fake_disk_free(disk);
	}
}

TEST(what_comes_while_the_disk_has_an_entry_becomes_one_entry)
{
	struct fake_disk *disk;
	struct lab *lab = make_store(&disk, 0);
	struct store_op op = { .kind = STORE_PUT,
			       .key = STR("/k"),
			       .value = STR("v"),
			       .expected = STORE_ANY_REVISION };
	struct store_write write = { .success = &op, .success_count = 1 };
	struct store_status *before = lab_status(lab);

	lab_hold_jobs(lab, true);
	for (int i = 0; i < 5; i++) { /* one by one, so that they could be five */
		lab_send(lab, &store_write_type, &write);
		lab_run(lab, 1);
	}
	lab_hold_jobs(lab, false);
	lab_run(lab, 10);
	CHECK_EQ(lab_status(lab)->revision, before->revision + 5);
	CHECK_EQ(lab_status(lab)->last_index, before->last_index + 2);
	free_store(lab, disk);
}

/* What the table does not have is in memory. */
TEST(writes_wait_for_a_table_that_is_far_behind)
{
	struct fake_disk *disk;
	struct lab *lab = make_store(&disk, 0);
	char *value = mem_zalloc(MIB);
	struct store_op op = { .kind = STORE_PUT,
			       .key = STR("/k"),
			       .value = str_of(value, MIB),
			       .expected = STORE_ANY_REVISION };
	struct store_write write = { .success = &op, .success_count = 1 };
	uint64_t before = lab_status(lab)->revision;

	lab_hold_table(lab, true);
	for (int i = 0; i < 14; i++) {
		lab_send(lab, &store_write_type, &write);
		lab_run(lab, 1);
	}
	lab_run(lab, 1000);
	CHECK(lab_status(lab)->revision >= before + 8);
	CHECK(lab_status(lab)->revision <= before + 11);
	lab_hold_table(lab, false);
	lab_run(lab, 100);
	CHECK_EQ(lab_status(lab)->revision, before + 14);
	mem_free(value);
	free_store(lab, disk);
}

TEST(a_store_can_be_closed_while_its_log_is_being_written)
{
	struct fake_disk *disk = fake_disk_new(3);
	struct lab *lab = lab_open(disk, 0);
	struct store_op op = { .kind = STORE_PUT, .key = STR("/k"), .value = STR("v") };
	struct store_write write = { .success = &op, .success_count = 1 };

	lab_wait_ready(lab);
	lab_hold_jobs(lab, true);
	lab_send(lab, &store_write_type, &write);
	lab_run(lab, 0);
	lab_close(lab);
	fake_disk_free(disk);
}

/* ---- damage --------------------------------------------------------------------------------------------- */

TEST(a_store_that_is_damaged_says_so_and_takes_no_part)
{
	struct fake_disk *disk;
	struct lab *lab = make_store(&disk, 0);

	for (int i = 0; i < 8; i++)
		CHECK_STATUS(lab_put(lab, "/a", "x", STORE_ANY_REVISION)->status, OK);
	lab_crash(lab);
	fake_disk_damage(disk, "/data/log/segment-0000000000000001", 64 + 48);
	for (int life = 0; life < 2; life++) {
		enum status status = OK;
		struct store_range range = { .arena = arena_new(0), .key = STR("/a") };

		lab = lab_open(disk, 0);
		lab_run(lab, 5000);
		CHECK_EQ(lab_status(lab)->alarms, STORE_ALARM_DAMAGED | STORE_ALARM_NO_LEADER);
		CHECK_EQ(lab_status(lab)->member_count, 0);
		CHECK(lab_ask(lab, &store_range_type, &range, &status) == NULL);
		CHECK_STATUS(status, UNAVAILABLE);
		lab_close(lab);
	}
	/* Nothing was made of it: mended, it is what it was. */
	fake_disk_damage(disk, "/data/log/segment-0000000000000001", 64 + 48);
	lab = lab_open(disk, 0);
	lab_wait_ready(lab);
	CHECK_EQ(lab_range(lab, "/a", NULL, 0)->row_count, 1);
	free_store(lab, disk);
}
