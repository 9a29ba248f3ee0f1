/* What a log is refused for when it is opened: each time the words say which file, and nothing is repaired in silence. */
#include <stdio.h>

#include "datastore/log/wal/record.h"
#include "tests/lib/test.h"
#include "tests/unit/datastore/log/wal/wal-lab.h"

static const char *segment_path(uint64_t segment)
{
	return arena_printf(test_arena(), "d/log/segment-%016llx", (unsigned long long)segment).at;
}

static struct wal_lab *open_log(void)
{
	struct wal_lab *log = wal_lab();

	CHECK_STATUS(wal_lab_open(log), OK);
	return log;
}

/* Over four segments of which each has several writes. */
static struct wal_lab *long_log(void)
{
	struct wal_lab *log = open_log();

	for (uint64_t i = 1; i <= 50; i++)
		CHECK_STATUS(wal_lab_write(log, i, i, 1, 4000), OK);
	CHECK(disk_bytes(log->disk, segment_path(4)).at != NULL);
	wal_lab_forget(log);
	return log;
}

/* CORRUPT, and each of these words is said. */
static void refuse(struct wal_lab *log, const char *file, const char *words)
{
	CHECK_STATUS(wal_lab_open(log), CORRUPT);
	CHECK(str_find(str_from(log->why.text), str_from(file)) >= 0);
	CHECK(str_find(str_from(log->why.text), str_from(words)) >= 0);
	CHECK(str_find(str_from(log->why.text), STR("must return under a new id")) >= 0);
	CHECK_EQ(log->found.entries.len, 0);
	disk_free(log->disk);
}

TEST(a_log_without_one_of_its_segments_is_refused)
{
	for (uint64_t gone = 1; gone <= 3; gone++) {
		struct wal_lab *log = long_log();

		CHECK_STATUS(log->files.unlink(log->files.self, segment_path(gone)), OK);
		refuse(log, segment_path(gone + 1) + 6, "a segment is missing before it");
	}
}

TEST(a_segment_without_its_header_is_refused_unless_nothing_was_ever_in_it)
{
	for (uint64_t segment = 1; segment <= 4; segment++) {
		struct wal_lab *log = long_log();

		*disk_at(log->disk, segment_path(segment), 3) ^= 1;
		refuse(log, segment_path(segment) + 6, "has no header");
	}
	struct wal_lab *log = open_log();
	*disk_at(log->disk, segment_path(1), 3) ^= 1;
	CHECK_STATUS(wal_lab_open(log), OK);
	CHECK_STATUS(wal_lab_write(log, 1, 2, 1, 10), OK);
	CHECK_STATUS(wal_lab_open(log), OK);
	wal_lab_check(log, 1, 2, 1, 10);
	wal_lab_free(log);
}

TEST(a_segment_that_was_cut_short_is_refused)
{
	struct wal_lab *log = long_log();
	struct seams_file *file;

	CHECK_STATUS(log->files.open(log->files.self, segment_path(2), SEAMS_READ | SEAMS_WRITE,
				     0600, &file),
		     OK);
	CHECK_STATUS(log->files.truncate(log->files.self, file, 20), OK);
	log->files.close(log->files.self, file);
	refuse(log, segment_path(2) + 6, "has 20 bytes");
}

TEST(terms_that_go_back_are_refused)
{
	struct wal_lab *log = open_log();

	CHECK_STATUS(wal_lab_write(log, 1, 3, 5, 10), OK);
	CHECK_STATUS(wal_lab_write(log, 4, 4, 3, 10), OK);
	refuse(log, segment_path(1) + 6, "entry of term 3 follows one of term 5");

	log = open_log();
	struct wal_work work = { .has_base = true, .is_reset = true };
	work.base = (struct wal_base){ .index = 7, .term = 5, .members = STR("who") };
	wal_run(log->wal, &work);
	CHECK_STATUS(work.status, OK);
	CHECK_STATUS(wal_lab_write(log, 8, 8, 4, 10), OK);
	refuse(log, segment_path(2) + 6, "term 4 follows term 5");
}

/* It may keep what we would forget: nothing of it is touched. */
TEST(a_log_of_a_newer_release_is_left_alone)
{
	struct wal_lab *log = open_log();
	struct meta meta = { .sequence = 9, .id = 1, .term = 1, .first_segment = 1 };
	char slot[META_SLOT];

	CHECK_STATUS(wal_lab_write(log, 1, 3, 1, 10), OK);
	wal_lab_forget(log);
	(void)meta_encode(&meta, slot);
	slot[8] = WAL_VERSION + 1;
	/* The checksum is over all but itself. */
	memset(slot + 12, 0, 4);
	uint32_t crc = hash_crc32c(0, slot, 96);
	memcpy(slot + 12, &crc, 4);
	memcpy(disk_at(log->disk, "d/log/meta-1", 0), slot, 512);
	CHECK_STATUS(wal_lab_open(log), NOT_IMPLEMENTED);
	CHECK(str_find(str_from(log->why.text), STR("meta-1 was written by a newer version")) >= 0);
	CHECK_EQ(memcmp(disk_at(log->disk, "d/log/meta-1", 0), slot, 512), 0);
	disk_free(log->disk);
}
