/* Watches that are refused, that want only some changes, and that end before who watches ends them. */
#include "runtime/base/base.h"
#include "tests/lib/test.h"
#include "tests/unit/datastore/store/lab.h"

static struct lab *open_lab(struct fake_disk **disk)
{
	*disk = fake_disk_new(1);
	struct lab *lab = lab_open(*disk, 0);
	lab_wait_ready(lab);
	return lab;
}

static void close_lab(struct lab *lab, struct fake_disk *disk)
{
	lab_close(lab);
	fake_disk_free(disk);
}

static enum status ask(struct lab *lab, struct store_watch watch)
{
	const struct store_watch_answer *answer = lab_ask(lab, &store_watch_type, &watch, NULL);
	CHECK(answer != NULL);
	CHECK_EQ(answer->watch, watch.watch);
	return answer->status;
}

TEST(a_watch_is_refused_whose_number_is_taken_or_that_has_no_range)
{
	struct fake_disk *disk;
	struct lab *lab = open_lab(&disk);
	struct store_cancel cancel = { 1 };
	char *key = arena_zalloc(test_arena(), LIMIT_KEY_BYTES + 2);
	memset(key, 'k', LIMIT_KEY_BYTES + 1);
	CHECK_STATUS(ask(lab, (struct store_watch){ .watch = 1, .key = STR("/a") }), OK);
	CHECK_STATUS(ask(lab, (struct store_watch){ .watch = 1, .key = STR("/b") }), EXISTS);
	CHECK_STATUS(ask(lab, (struct store_watch){ .watch = 2 }), BAD_REQUEST);
	CHECK_STATUS(ask(lab, (struct store_watch){ .watch = 2, .key = str_from(key) }),
		     BAD_REQUEST);
	CHECK_STATUS(
	    ask(lab, (struct store_watch){ .watch = 2, .key = STR("/a"), .end = str_from(key) }),
	    BAD_REQUEST);
	lab_put(lab, "/a", "1", 0);
	lab_put(lab, "/b", "1", 0);
	lab_run(lab, 100);
	CHECK_STR(lab_events(lab), "/a=1@2 "); /* the first one goes on, and no other */
	lab_send(lab, &store_cancel_type, &cancel);
	CHECK_STATUS(ask(lab, (struct store_watch){ .watch = 1, .key = STR("/b") }), OK);
	close_lab(lab, disk);
}

TEST(who_wants_no_puts_or_no_deletes_is_told_of_none_whatever_they_are_read_from)
{
	const struct store_watch watches[] = {
		{ .watch = 1, .key = STR("/"), .end = STR("0"), .from = 2, .no_puts = true },
		{ .watch = 1, .key = STR("/"), .end = STR("0"), .from = 2, .no_deletes = true },
	};
	const char *const told[] = { "/a-@4 ", "/a=1@2 /b=1@3 " };
	struct fake_disk *disk;
	struct lab *lab = open_lab(&disk);
	struct store_cancel cancel = { 1 };
	lab_put(lab, "/a", "1", 0);
	lab_put(lab, "/b", "1", 0);
	lab_delete(lab, "/a", 2);
	lab_run(lab, 1000);
	for (int life = 0; life < 2; life++) {
		for (size_t i = 0; i < 2; i++) {
			CHECK_STATUS(ask(lab, watches[i]), OK);
			lab_run(lab, 100);
			CHECK_STR(lab_events(lab), told[i]);
			lab_send(lab, &store_cancel_type, &cancel);
		}
		lab_close(lab); /* the history in memory is gone: the table has it */
		lab = lab_open(disk, 0);
		lab_wait_ready(lab);
	}
	close_lab(lab, disk);
}

/* It gives no credit, and what it has not seen is in the database alone when that forgets it. */
TEST(a_watcher_that_stands_still_until_what_it_missed_is_compacted_is_told_so_and_others_go_on)
{
	struct fake_disk *disk;
	struct lab *lab = open_lab(&disk);
	struct store_watch_credit credit = { 1, LIMIT_WATCH_EVENTS, LIMIT_WATCH_BYTES };
	struct store_compact compact = { 0 };
	char *value = arena_zalloc(test_arena(), 64 * KIB + 1);
	memset(value, 'x', 64 * KIB);
	lab_give_credit(lab, false);
	CHECK_STATUS(ask(lab, (struct store_watch){ .watch = 1, .key = STR("/k") }), OK);
	CHECK_STATUS(ask(lab, (struct store_watch){ .watch = 2, .key = STR("/other") }), OK);
	for (unsigned i = 0; i < 300; i++)
		compact.revision = lab_put(lab, "/k", value, STORE_ANY_REVISION)->revision;
	lab_run(lab, 5000);
	const struct store_compact_answer *compacted =
	    lab_ask(lab, &store_compact_type, &compact, NULL);
	CHECK_STATUS(compacted->status, OK);
	(void)lab_events(lab);
	lab_send(lab, &store_watch_credit_type, &credit);
	lab_run(lab, 1000);
	CHECK_STR(lab_events(lab), "!EXPIRED ");
	lab_put(lab, "/k", "y", STORE_ANY_REVISION);
	lab_put(lab, "/other", "y", 0);
	lab_run(lab, 100);
	CHECK_STR(lab_events(lab), "/other=y@303 ");
	close_lab(lab, disk);
}

TEST(a_watch_too_many_is_refused_until_another_one_ends)
{
	struct fake_disk *disk;
	struct lab *lab = open_lab(&disk);
	struct store_watch watch = { .key = STR("/a") };
	struct store_cancel cancel = { 3 };
	for (watch.watch = 1; watch.watch <= LIMIT_STORE_WATCHES; watch.watch++) {
		lab_begin(lab, &store_watch_type, &watch);
		if (watch.watch % 1000 == 0) /* a mailbox has room for so many */
			lab_run(lab, 1);
	}
	CHECK_EQ(lab_ended(lab, OK), LIMIT_STORE_WATCHES);
	CHECK_STATUS(ask(lab, watch), BUSY);
	lab_send(lab, &store_cancel_type, &cancel);
	CHECK_STATUS(ask(lab, watch), OK);
	CHECK_STATUS(ask(lab, (struct store_watch){ .watch = 3, .key = STR("/a") }), BUSY);
	close_lab(lab, disk);
}
