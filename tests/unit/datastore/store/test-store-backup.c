/* Copies of the database for whoever keeps them elsewhere. */
#include "datastore/table/table.h"
#include "tests/lib/test.h"
#include "tests/unit/datastore/store/lab.h"

#define COPY "/data/backup.db"

static struct store_backup_answer *back_up(struct lab *lab, const char *path, uint64_t min_revision,
					   enum status *status)
{
	struct store_backup ask = { .path = str_from(path), .min_revision = min_revision };

	return lab_ask(lab, &store_backup_type, &ask, status);
}

TEST(a_backup_has_what_was_acknowledged_before_and_the_store_goes_on)
{
	struct fake_disk *disk = fake_disk_new(1);
	struct lab *lab = lab_open(disk, 0);
	struct table_contents contents;
	struct store_backup_answer *answer;
	uint64_t revision;

	lab_wait_ready(lab);
	lab_put(lab, "/a", "1", STORE_ANY_REVISION);
	lab_put(lab, "/b", "2", STORE_ANY_REVISION);
	revision = lab_delete(lab, "/a", STORE_ANY_REVISION)->revision;
	lab_run(lab, 100);
	answer = back_up(lab, COPY, revision, NULL);
	CHECK_STATUS(answer->status, OK);
	CHECK_EQ(answer->revision, revision);
	CHECK_EQ(answer->keys, 1);
	CHECK_STATUS(table_examine(fake_disk_files(disk), fake_disk_random(disk), COPY,
				   test_arena(), &contents, NULL),
		     OK);
	CHECK_EQ(contents.keys, 1);
	CHECK_EQ(contents.mark.revision, revision);
	CHECK_STATUS(lab_put(lab, "/c", "3", STORE_ANY_REVISION)->status, OK);
	lab_close(lab);
	fake_disk_free(disk);
}

TEST(a_backup_of_what_is_not_written_yet_is_to_be_asked_for_again)
{
	struct fake_disk *disk = fake_disk_new(2);
	struct lab *lab = lab_open(disk, 0);
	enum status status = OK;
	uint64_t revision;

	lab_wait_ready(lab);
	revision = lab_put(lab, "/a", "1", STORE_ANY_REVISION)->revision;
	CHECK(back_up(lab, COPY, revision + 1, &status) == NULL);
	CHECK_STATUS(status, BUSY);
	CHECK(back_up(lab, "not/from/the/root", 0, &status) == NULL);
	CHECK_STATUS(status, BAD_REQUEST);
	for (int i = 0; i < 100 && status != OK; i++) {
		struct store_backup_answer *answer = back_up(lab, COPY, revision, &status);

		status = answer != NULL ? answer->status : BUSY;
		lab_run(lab, 10);
	}
	CHECK_STATUS(status, OK);
	lab_close(lab);
	fake_disk_free(disk);
}

TEST(a_backup_that_the_disk_refuses_leaves_no_file_and_says_why)
{
	struct fake_disk *disk = fake_disk_new(3);
	const struct seams_files *files = fake_disk_files(disk);
	struct lab *lab = lab_open(disk, 0);
	struct store_backup_answer *answer;
	struct seams_stat stat;

	lab_wait_ready(lab);
	lab_put(lab, "/a", "1", STORE_ANY_REVISION);
	lab_run(lab, 100);
	fake_disk_set_full(disk, true);
	answer = back_up(lab, COPY, 0, NULL);
	fake_disk_set_full(disk, false);
	CHECK_STATUS(answer->status, FULL);
	CHECK(answer->words.len > 0);
	CHECK_STATUS(files->stat(files->self, COPY, &stat), NOT_FOUND);
	CHECK_STATUS(lab_put(lab, "/b", "2", STORE_ANY_REVISION)->status, OK);
	lab_close(lab);
	fake_disk_free(disk);
}
