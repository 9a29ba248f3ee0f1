#include "datastore/log/wal/record.h"
#include "tests/lib/test.h"
#include "tests/unit/datastore/log/wal/wal-lab.h"

/*
 * A log on a disk that is full.
 */

TEST(a_full_disk_is_found_before_a_spare_is_promised)
{
	struct wal_lab *log = wal_lab();
	CHECK_STATUS(wal_lab_open(log), OK);
	disk_limit(log->disk, 150 * KIB);
	CHECK_STATUS(wal_make_spare(&log->config, wal_next_spare(log->wal)), FULL);
	disk_limit(log->disk, 0);
	CHECK_STATUS(wal_make_spare(&log->config, wal_next_spare(log->wal)), OK);
	CHECK_STATUS(wal_lab_open(log), OK);
	CHECK_EQ(wal_spare_count(log->wal), 1);
	wal_lab_free(log);
}

static enum status keep_term(struct wal_lab *log, uint64_t term, struct str members)
{
	struct wal_work work = { .has_meta = true, .term = term, .has_base = members.len > 0 };

	work.base =
	    (struct wal_base){ .index = 1, .term = 1, .members_index = 1, .members = members };
	wal_run(log->wal, &work);
	wal_work_fini(&work);
	return work.status;
}

/* Who gives the lead to another because its disk is full has to keep the other's term on that disk. */
TEST(a_term_and_members_are_kept_on_a_full_disk)
{
	struct wal_lab *log = wal_lab();
	char members[3000];

	memset(members, 'm', sizeof members);
	CHECK_STATUS(wal_lab_open(log), OK);
	CHECK_STATUS(wal_lab_write(log, 1, 3, 1, 600), OK);
	disk_limit(log->disk, 1);
	CHECK_STATUS(keep_term(log, 2, str_of(members, sizeof members)), OK);
	CHECK_STATUS(wal_lab_open(log), OK);
	CHECK_EQ(log->found.term, 2);
	CHECK_EQ(log->found.base.members.len, sizeof members);
	wal_lab_free(log);
}

/* Its copies of what is kept beside entries end where their words do. */
TEST(a_log_of_an_older_release_goes_on_on_a_full_disk)
{
	struct wal_lab *log = wal_lab();
	struct seams_file *file = NULL;

	CHECK_STATUS(wal_lab_open(log), OK);
	CHECK_STATUS(wal_lab_write(log, 1, 3, 1, 600), OK);
	wal_lab_forget(log);
	CHECK_STATUS(
	    log->files.open(log->files.self, "d/log/meta-1", SEAMS_READ | SEAMS_WRITE, 0600, &file),
	    OK);
	CHECK_STATUS(log->files.truncate(log->files.self, file, META_SLOT + 512), OK);
	log->files.close(log->files.self, file);
	CHECK_STATUS(wal_lab_open(log), OK);
	disk_limit(log->disk, 1);
	CHECK_STATUS(keep_term(log, 2, STR_NONE), OK);
	CHECK_STATUS(wal_lab_open(log), OK);
	CHECK_EQ(log->found.term, 2);
	disk_limit(log->disk, 0);
	CHECK_STATUS(keep_term(log, 3, STR_NONE), OK);
	disk_limit(log->disk, 1);
	CHECK_STATUS(keep_term(log, 4, STR_NONE), OK);
	wal_lab_free(log);
}
