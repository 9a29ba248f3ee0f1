#include "datastore/table/table-kine.h"

#include "tests/lib/fake-disk.h"
#include "tests/lib/test.h"

/* Databases that kine did write are made and read by tests/wire/etcd/test-import.py: only datastore/table knows SQLite's calls. */

#define PATH "/data/state.db"

static struct fake_disk *make_disk(void)
{
	struct fake_disk *disk = fake_disk_new(1);
	const struct seams_files *files = fake_disk_files(disk);

	CHECK_STATUS(files->mkdir(files->self, "/data", 0700), OK);
	return disk;
}

static void write_file(struct fake_disk *disk, const char *path, struct str bytes)
{
	const struct seams_files *files = fake_disk_files(disk);
	struct seams_file *file;

	CHECK_STATUS(files->open(files->self, path, SEAMS_WRITE | SEAMS_CREATE | SEAMS_TRUNCATE,
				 0600, &file),
		     OK);
	CHECK_STATUS(files->write(files->self, file, bytes.at, bytes.len, 0), OK);
	files->close(files->self, file);
}

static void check_refused(struct fake_disk *disk, enum status expected, const char *words)
{
	struct table_kine *kine;
	struct fault why = { 0 };

	CHECK_STATUS(
	    table_kine_open(fake_disk_files(disk), fake_disk_random(disk), PATH, &kine, &why),
	    expected);
	if (str_find(str_from(why.text), str_from(words)) < 0)
		test_fail(__FILE__, __LINE__, "%s is not said in: %s", words, why.text);
}

TEST(what_is_no_database_of_kines_is_said_and_nothing_is_made)
{
	struct fake_disk *disk = make_disk();
	const struct seams_files *files = fake_disk_files(disk);
	struct table_mark mark;
	struct table *table;
	struct seams_stat stat;
	uint64_t changes;

	check_refused(disk, NOT_FOUND, PATH);
	CHECK_STATUS(files->stat(files->self, PATH, &stat), NOT_FOUND);
	write_file(disk, PATH, STR("something that somebody wrote, long enough to be looked at"));
	check_refused(disk, CORRUPT, "database");
	CHECK_STATUS(files->unlink(files->self, PATH), OK);
	CHECK_STATUS(
	    table_open(files, fake_disk_random(disk), PATH, test_arena(), &table, &mark, NULL), OK);
	table_close(table);
	changes = fake_disk_changes(disk);
	check_refused(disk, INVALID, "no table of kine's");
	CHECK_EQ(fake_disk_changes(disk), changes);
	fake_disk_free(disk);
}

TEST(a_database_whose_writer_did_not_end_is_refused)
{
	struct fake_disk *disk = make_disk();

	write_file(disk, PATH, STR("SQLite format 3"));
	write_file(disk, PATH "-journal", STR("pages as they were"));
	check_refused(disk, CORRUPT, "-journal is there");
	fake_disk_free(disk);
}
