/* When what a store has applied is moved into its database, which alone survives it beside the log. */
#include "runtime/base/base.h"
#include "tests/lib/test.h"
#include "tests/unit/datastore/store/lab.h"

/* Of the file, whatever SQLite's log has in memory. */
static bool database_has(struct fake_disk *disk, const char *value)
{
	const struct seams_files *files = fake_disk_files(disk);
	struct seams_file *file;
	uint64_t size;
	size_t len;
	CHECK_STATUS(files->open(files->self, "/data/table.db", SEAMS_READ, 0600, &file), OK);
	CHECK_STATUS(files->size(files->self, file, &size), OK);
	char *bytes = arena_alloc(test_arena(), size);
	CHECK_STATUS(files->read(files->self, file, bytes, size, 0, &len), OK);
	files->close(files->self, file);
	return str_find(str_of(bytes, len), str_from(value)) >= 0;
}

TEST(what_was_written_is_in_the_database_a_minute_later_however_little_it_is)
{
	struct fake_disk *disk = fake_disk_new(1);
	struct lab *lab = lab_open(disk, 0);
	lab_wait_ready(lab);
	lab_put(lab, "/a", "the first value", 0);
	lab_run(lab, 3000); /* an empty one gets its first at once */
	CHECK(database_has(disk, "the first value"));
	lab_run(lab, 100000);
	lab_put(lab, "/a", "the second value", STORE_ANY_REVISION);
	lab_run(lab, 57000);
	CHECK(!database_has(disk, "the second value"));
	lab_run(lab, 5000);
	CHECK(database_has(disk, "the second value"));
	lab_close(lab);
	fake_disk_free(disk);
}
