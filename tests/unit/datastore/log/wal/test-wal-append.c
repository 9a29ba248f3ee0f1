#include "runtime/loop/loop.h"
#include "tests/lib/test.h"
#include "tests/unit/datastore/log/wal/wal-lab.h"

#define LONG_BYTES (64U * KIB) /* more than any write of these tests' entries */

/* A disk that counts, and for which blocks of SEAMS_DIRECT_BYTES may be too small. */
static struct {
	struct seams_files files; /* of the lab */
	struct seams_file *direct;
	bool is_coarse;
	uint32_t writes, direct_writes, long_writes;
} counted;

static enum status counted_open(void *self, const char *path, uint32_t flags, uint32_t mode,
				struct seams_file **out)
{
	TRY(counted.files.open(self, path, flags, mode, out));
	if (flags & SEAMS_DIRECT)
		counted.direct = *out;
	return OK;
}

static void counted_close(void *self, struct seams_file *file)
{
	if (file == counted.direct)
		counted.direct = NULL;
	counted.files.close(self, file);
}

static enum status counted_read(void *self, struct seams_file *file, void *at, size_t len,
				uint64_t offset, size_t *out_len)
{
	if (counted.is_coarse && file == counted.direct)
		return INVALID;
	return counted.files.read(self, file, at, len, offset, out_len);
}

static enum status counted_write(void *self, struct seams_file *file, const void *at, size_t len,
				 uint64_t offset)
{
	bool is_direct = file == counted.direct;
	if (counted.is_coarse && is_direct)
		return INVALID;
	if (is_direct) {
		CHECK_EQ((uintptr_t)at % SEAMS_DIRECT_BYTES, 0);
		CHECK_EQ(len % SEAMS_DIRECT_BYTES, 0);
		CHECK_EQ(offset % SEAMS_DIRECT_BYTES, 0);
	}
	counted.writes++;
	counted.direct_writes += is_direct;
	counted.long_writes += is_direct && len >= LONG_BYTES;
	return counted.files.write(self, file, at, len, offset);
}

static struct wal_lab *make_counted_lab(bool is_coarse, uint64_t segment_bytes)
{
	struct wal_lab *log = wal_lab();
	memset(&counted, 0, sizeof counted);
	counted.files = log->files;
	counted.is_coarse = is_coarse;
	log->files.open = counted_open;
	log->files.close = counted_close;
	log->files.read = counted_read;
	log->files.write = counted_write;
	log->config.segment_bytes = segment_bytes;
	return log;
}

/* Entries of each length one by one, opened anew after every third. */
static void write_and_reopen(struct wal_lab *log, uint32_t len, uint32_t count)
{
	CHECK_STATUS(wal_lab_open(log), OK);
	for (uint32_t i = 1; i <= count; i++) {
		CHECK_STATUS(wal_lab_write(log, i, i, 1, len), OK);
		if (i % 3 != 0)
			continue;
		CHECK_STATUS(wal_lab_open(log), OK);
		wal_lab_check(log, 1, i, 1, len);
	}
	CHECK_STATUS(wal_lab_open(log), OK);
	wal_lab_check(log, 1, count, 1, len);
}

static const uint32_t lengths[] = { 0, 1, 700, 3960, 4048, 4056, 8000 };

TEST(what_is_appended_leaves_in_whole_blocks_and_is_found_again)
{
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		struct wal_lab *log = make_counted_lab(false, WAL_SEGMENT_MIN);
		write_and_reopen(log, lengths[i], 25); /* the longest fill several segments */
		CHECK(counted.direct_writes > 25);
		wal_lab_free(log);
	}
}

TEST(a_disk_of_larger_blocks_gets_them_through_the_cache)
{
	struct wal_lab *log = make_counted_lab(true, WAL_SEGMENT_MIN);
	write_and_reopen(log, 3000, 40);
	CHECK_EQ(counted.direct_writes, 0);
	wal_lab_free(log);
}

TEST(a_segment_that_is_not_of_whole_blocks_gets_them_through_the_cache)
{
	struct wal_lab *log = make_counted_lab(false, WAL_SEGMENT_MIN + 8);
	write_and_reopen(log, 3000, 40);
	CHECK_EQ(counted.direct_writes, 0);
	wal_lab_free(log);
}

TEST(zeros_go_ahead_of_the_records_many_at_once_where_no_spare_was)
{
	struct wal_lab *log = make_counted_lab(false, MIB);
	struct wal_work work = { .has_meta = true, .term = 1 };
	CHECK_STATUS(wal_lab_open(log), OK);
	wal_run(log->wal, &work);
	uint32_t before = counted.writes;
	for (uint32_t i = 1; i <= 300; i++) {
		struct wal_work one = { 0 };
		vec_push(&one.entries, entry_new(i, 1, ENTRY_COMMAND,
						 str_of(arena_alloc(test_arena(), 1000), 1000)));
		wal_run(log->wal, &one);
		CHECK_STATUS(one.status, OK);
		entry_unref(one.entries.at[0]);
		wal_work_fini(&one);
	}
	CHECK_EQ(counted.long_writes, 2); /* of 307 KiB */
	CHECK_EQ(counted.writes - before, 302);
	wal_work_fini(&work);
	wal_lab_free(log);
}

TEST(a_log_on_the_machines_own_disk_is_found_again)
{
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		struct wal_lab *log = wal_lab();
		log->files = *loop_files();
		log->config.folder = arena_printf(test_arena(), "%s/log-%zu", test_folder(), i).at;
		write_and_reopen(log, lengths[i], 25);
		wal_lab_free(log);
	}
}
