/* Disks that are full, lose their power, or hold what is no table. */
#include "tests/lib/test.h"
#include "tests/unit/datastore/table/table-lab.h"

/* What memory has room for is written behind without a disk; a checkpoint is not, nor what is beyond that room. */
TEST(a_full_disk_is_said_and_the_group_is_tried_again_later)
{
	struct fake_disk *disk = table_lab_disk(1);
	struct table_mark mark;
	struct table *table = table_lab_history(disk, &mark);
	struct table_view *view = table_view_new(table);
	struct str large = arena_printf(test_arena(), "%*d", (int)(1U * MIB), 7);
	struct table_row row = table_lab_row(8, "d", large.at);
	bool is_complete = true;
	uint64_t log_bytes;
	fake_disk_set_full(disk, true);
	enum status status = OK;
	while (status == OK && row.id < ID(30)) {
		struct table_mark before = mark;
		status = table_lab_write(table, row, &mark);
		if (status != OK)
			mark = before;
		else
			row = table_lab_row((row.id >> TABLE_PLACE_BITS) + 1, "d", large.at);
	}
	CHECK_STATUS(status, FULL);
	CHECK(row.id >= ID(14));
	CHECK_STATUS(table_checkpoint(view, &is_complete, &log_bytes, NULL), FULL);
	fake_disk_set_full(disk, false);
	CHECK_STATUS(table_lab_write(table, row, &mark), OK);
	CHECK_STATUS(table_checkpoint(view, &is_complete, &log_bytes, NULL), OK);
	CHECK(is_complete);
	fake_disk_crash(disk);
	table_view_free(view);
	table_close(table);
	table = table_lab_open(disk, &mark);
	CHECK_EQ(mark.revision, row.id >> TABLE_PLACE_BITS);
	table_close(table);
	fake_disk_free(disk);
}

TEST(a_newer_format_is_refused_with_words)
{
	struct fake_disk *disk = table_lab_disk(1);
	struct table_mark mark;
	table_close(table_lab_open(disk, &mark));
	struct table *table = NULL;
	struct fault why;
	struct seams_file *file;
	const struct seams_files *files = fake_disk_files(disk);
	CHECK_STATUS(files->open(files->self, PATH, SEAMS_READ | SEAMS_WRITE, 0600, &file), OK);
	CHECK_STATUS(files->write(files->self, file, "not a database at all", 21, 0), OK);
	files->close(files->self, file);
	CHECK_STATUS(
	    table_open(files, fake_disk_random(disk), PATH, test_arena(), &table, &mark, &why),
	    CORRUPT);
	fake_disk_free(disk);
}

/* The write that fails is each of them in turn, so that every moment of a crash is seen. */
static bool crash_at(uint64_t change, uint64_t seed)
{
	struct fake_disk *disk = table_lab_disk(seed);
	struct table_mark mark;
	struct table *table = table_lab_open(disk, &mark);
	struct table_view *view = table_view_new(table);
	uint64_t durable = 1, written = 1;
	fake_disk_fail_after(disk, change);
	bool has_failed = false;
	for (uint64_t revision = 2; !has_failed && revision < 80; revision++) {
		struct str key = arena_printf(test_arena(), "k%u", (unsigned)(revision % 7));
		struct table_row row =
		    table_lab_row(revision, key.at, revision % 5 ? "a value" : NULL);
		has_failed = table_lab_write(table, row, &mark) != OK;
		if (!has_failed)
			written = revision;
		uint64_t log_bytes;
		bool is_complete = false;
		if (!has_failed && revision % 10 == 0) {
			has_failed = table_checkpoint(view, &is_complete, &log_bytes, NULL) != OK;
			durable = is_complete && !has_failed ? revision : durable;
		}
	}
	fake_disk_crash(disk);
	table_view_free(view);
	table_close(table);
	struct table_mark found;
	table = table_lab_open(disk, &found);
	CHECK(found.revision >= durable);
	CHECK(found.revision <= written + 1);
	CHECK_EQ(found.applied_index, found.revision - 1);
	view = table_view_new(table);
	table_lab_range(view, found.revision, "a", "z");
	table_view_free(view);
	table_close(table);
	fake_disk_free(disk);
	return has_failed;
}

TEST_SLOW(a_crash_at_any_point_leaves_whole_groups_and_all_that_was_checkpointed, 60)
{
	uint64_t change = 1;
	while (crash_at(change, change) && change < 400)
		change++;
	CHECK(change > 50);
}

TEST(a_crash_while_it_is_made_leaves_none_or_all_of_it)
{
	bool has_failed = true;

	for (uint64_t change = 0; has_failed; change++) {
		struct fake_disk *disk = table_lab_disk(change);
		struct table *table = NULL;
		struct table_mark mark;

		CHECK(change < 200);
		fake_disk_fail_after(disk, change);
		has_failed = table_open(fake_disk_files(disk), fake_disk_random(disk), PATH,
					test_arena(), &table, &mark, NULL) != OK;
		table_close(table);
		fake_disk_crash(disk);
		table = table_lab_open(disk, &mark);
		CHECK_EQ(mark.revision, 1);
		table_close(table);
		fake_disk_free(disk);
	}
}

TEST(what_an_earlier_release_left_without_its_tables_gets_them)
{
	struct fake_disk *disk = table_lab_disk(7);
	const struct seams_files *files = fake_disk_files(disk);
	struct table_mark mark;
	struct seams_file *file;

	CHECK_STATUS(
	    files->open(files->self, PATH, SEAMS_READ | SEAMS_WRITE | SEAMS_CREATE, 0600, &file),
	    OK);
	files->close(files->self, file);
	table_close(table_lab_open(disk, &mark));
	CHECK_EQ(mark.revision, 1);
	fake_disk_free(disk);
}
