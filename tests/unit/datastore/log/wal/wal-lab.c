#include "tests/unit/datastore/log/wal/wal-lab.h"

#include "tests/lib/test.h"

struct wal_lab *wal_lab(void)
{
	struct wal_lab *log = arena_new_of(test_arena(), struct wal_lab);
	log->disk = disk_new(7);
	log->files = disk_files(log->disk);
	log->dice.state = 42;
	log->random = dice_seam(&log->dice);
	log->config = (struct wal_config){ .files = &log->files,
					   .random = &log->random,
					   .folder = "d/log",
					   .segment_bytes = WAL_SEGMENT_MIN };
	return log;
}

void wal_lab_forget(struct wal_lab *log)
{
	for (uint32_t i = 0; i < log->found.entries.len; i++)
		entry_unref(log->found.entries.at[i]);
	vec_fini(&log->found.entries);
	wal_close(log->wal);
	log->wal = NULL;
}

enum status wal_lab_open(struct wal_lab *log)
{
	wal_lab_forget(log);
	return wal_open(&log->config, &log->wal, &log->found, &log->why);
}

void wal_lab_free(struct wal_lab *log)
{
	wal_lab_forget(log);
	disk_free(log->disk);
}

enum status wal_lab_write(struct wal_lab *log, uint64_t from, uint64_t to, uint64_t term,
			  uint32_t len)
{
	struct wal_work work = { .has_meta = true, .term = term };
	char payload[8192];
	for (uint64_t index = from; index <= to; index++) {
		memset(payload, (int)(index + term), sizeof payload);
		vec_push(&work.entries, entry_new(index, term, ENTRY_COMMAND, str_of(payload, len)));
	}
	wal_run(log->wal, &work);
	for (uint32_t i = 0; i < work.entries.len; i++)
		entry_unref(work.entries.at[i]);
	wal_work_fini(&work);
	log->why = work.why;
	return work.status;
}

void wal_lab_check(const struct wal_lab *log, uint64_t first, uint32_t count, uint64_t term,
		   uint32_t len)
{
	CHECK_EQ(log->found.entries.len, count);
	for (uint32_t i = 0; i < count; i++) {
		const struct entry *entry = log->found.entries.at[i];
		CHECK_EQ(entry->index, first + i);
		CHECK_EQ(entry->term, term);
		CHECK_EQ(entry->len, len);
		for (uint32_t k = 0; k < len; k++)
			CHECK_EQ((uint8_t)entry->bytes[k], (uint8_t)(entry->index + term));
	}
}
