#include <stdio.h>

#include "datastore/log/wal/record.h"
#include "tests/lib/test.h"
#include "tests/unit/datastore/log/wal/wal-lab.h"

static char *byte_of(struct wal_lab *log, uint64_t segment, uint64_t offset)
{
	char path[64];
	snprintf(path, sizeof path, "d/log/segment-%016llx", (unsigned long long)segment);
	char *at = disk_at(log->disk, path, offset);
	CHECK(at);
	return at;
}

TEST(a_new_log_has_an_id_and_keeps_it)
{
	struct wal_lab *log = wal_lab();
	CHECK_STATUS(wal_lab_open(log), OK);
	CHECK(log->found.is_new);
	CHECK(log->found.id != 0);
	uint64_t id = log->found.id;
	CHECK_STATUS(wal_lab_open(log), OK);
	CHECK(!log->found.is_new);
	CHECK_EQ(log->found.id, id);
	wal_lab_free(log);
}

TEST(entries_of_any_length_are_found_again)
{
	static const uint32_t lengths[] = { 0, 1, 3, 7, 8, 13, 511, 512, 4097 };
	for (uint32_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		struct wal_lab *log = wal_lab();
		CHECK_STATUS(wal_lab_open(log), OK);
		CHECK_STATUS(wal_lab_write(log, 1, 3, 1, lengths[i]), OK);
		CHECK_STATUS(wal_lab_write(log, 4, 4, 1, lengths[i]), OK);
		disk_crash(log->disk);
		CHECK_STATUS(wal_lab_open(log), OK);
		wal_lab_check(log, 1, 4, 1, lengths[i]);
		wal_lab_free(log);
	}
}

TEST(all_that_waits_is_one_write_and_one_sync)
{
	struct wal_lab *log = wal_lab();
	CHECK_STATUS(wal_lab_open(log), OK);
	CHECK_STATUS(wal_lab_write(log, 1, 1, 1, 10), OK);
	struct wal_work work = { 0 };
	for (uint64_t index = 2; index <= 50; index++)
		vec_push(&work.entries, entry_new(index, 1, ENTRY_COMMAND, STR("x")));
	uint64_t before = disk_syncs(log->disk);
	wal_run(log->wal, &work);
	CHECK_EQ(work.status, OK);
	CHECK_EQ(disk_syncs(log->disk), before + 1);
	for (uint32_t i = 0; i < work.entries.len; i++)
		entry_unref(work.entries.at[i]);
	wal_work_fini(&work);
	wal_lab_free(log);
}

TEST(an_index_that_comes_again_replaces_what_followed)
{
	struct wal_lab *log = wal_lab();
	CHECK_STATUS(wal_lab_open(log), OK);
	CHECK_STATUS(wal_lab_write(log, 1, 9, 1, 20), OK);
	CHECK_STATUS(wal_lab_write(log, 4, 5, 2, 20), OK);
	CHECK_STATUS(wal_lab_open(log), OK);
	CHECK_EQ(log->found.entries.len, 5);
	CHECK_EQ(log->found.entries.at[2]->term, 1);
	CHECK_EQ(log->found.entries.at[3]->term, 2);
	CHECK_EQ(log->found.term, 2);
	wal_lab_free(log);
}

static void write_knowing(struct wal_lab *log, uint64_t index, uint64_t term, uint64_t committed)
{
	struct wal_work work = { .has_meta = true, .term = term, .committed = committed };
	vec_push(&work.entries, entry_new(index, term, ENTRY_COMMAND, STR("x")));
	wal_run(log->wal, &work);
	CHECK_STATUS(work.status, OK);
	entry_unref(work.entries.at[0]);
	wal_work_fini(&work);
}

TEST(what_was_committed_is_said_by_what_is_written_next)
{
	struct wal_lab *log = wal_lab();
	CHECK_STATUS(wal_lab_open(log), OK);
	CHECK_STATUS(wal_lab_write(log, 1, 3, 1, 20), OK);
	CHECK_STATUS(wal_lab_open(log), OK);
	CHECK_EQ(log->found.committed, 0);
	write_knowing(log, 4, 1, 2);
	write_knowing(log, 5, 1, 2);
	write_knowing(log, 4, 2, 3); /* replaces two that were not */
	CHECK_STATUS(wal_lab_open(log), OK);
	CHECK_EQ(log->found.committed, 3);
	CHECK_STATUS(wal_lab_write(log, 5, 5, 2, 20), OK); /* by one that knew nothing */
	CHECK_STATUS(wal_lab_open(log), OK);
	CHECK_EQ(log->found.committed, 3);
	/* Others have more of it than what a torn write left here. */
	write_knowing(log, 6, 2, 9);
	CHECK_STATUS(wal_lab_open(log), OK);
	CHECK_EQ(log->found.committed, 6);
	wal_lab_free(log);
}

TEST(the_log_goes_on_over_many_segments)
{
	struct wal_lab *log = wal_lab();
	CHECK_STATUS(wal_lab_open(log), OK);
	for (uint64_t i = 0; i < 100; i++)
		CHECK_STATUS(wal_lab_write(log, 1 + i * 5, 5 + i * 5, 3, 1000), OK);
	CHECK(disk_bytes(log->disk, "d/log/segment-0000000000000005").at);
	disk_crash(log->disk);
	CHECK_STATUS(wal_lab_open(log), OK);
	wal_lab_check(log, 1, 500, 3, 1000);
	wal_lab_free(log);
}

TEST(an_entry_larger_than_a_segment_gets_one_of_its_own)
{
	struct wal_lab *log = wal_lab();
	CHECK_STATUS(wal_lab_open(log), OK);
	char *big = arena_zalloc(test_arena(), 300000);
	struct wal_work work = { 0 };
	vec_push(&work.entries, entry_new(1, 1, ENTRY_COMMAND, str_of(big, 300000)));
	wal_run(log->wal, &work);
	CHECK_EQ(work.status, OK);
	entry_unref(work.entries.at[0]);
	wal_work_fini(&work);
	CHECK_STATUS(wal_lab_write(log, 2, 2, 1, 5), OK);
	CHECK_STATUS(wal_lab_open(log), OK);
	CHECK_EQ(log->found.entries.len, 2);
	CHECK_EQ(log->found.entries.at[0]->len, 300000);
	wal_lab_free(log);
}

TEST(a_torn_tail_is_cut_and_what_was_synced_before_stays)
{
	for (uint64_t seed = 0; seed < 200; seed++) {
		struct wal_lab *log = wal_lab();
		struct dice dice = { seed };
		CHECK_STATUS(wal_lab_open(log), OK);
		CHECK_STATUS(wal_lab_write(log, 1, 5, 1, 700), OK);
		disk_fail_after(log->disk, dice_below(&dice, 4), IO);
		enum status status = wal_lab_write(log, 6, 9, 1, 700);
		disk_crash(log->disk);
		CHECK_STATUS(wal_lab_open(log), OK);
		uint32_t found = log->found.entries.len;
		CHECK(found >= 5 && found <= 9);
		CHECK(status != OK || found == 9);
		/* Goes on from there, and what was cut does not come back. */
		CHECK_STATUS(wal_lab_write(log, found + 1, found + 1, 1, 40), OK);
		CHECK_STATUS(wal_lab_open(log), OK);
		CHECK_EQ(log->found.entries.len, found + 1);
		CHECK_EQ(log->found.entries.at[found]->len, 40);
		wal_lab_free(log);
	}
}

TEST(damage_with_a_later_write_behind_it_is_refused)
{
	struct wal_lab *log = wal_lab();
	CHECK_STATUS(wal_lab_open(log), OK);
	for (uint64_t i = 1; i <= 6; i++)
		CHECK_STATUS(wal_lab_write(log, i, i, 1, 100), OK);
	*byte_of(log, 1, SEGMENT_HEADER + 2 * record_size(100) + RECORD_HEADER + 50) ^= 1;
	CHECK_STATUS(wal_lab_open(log), CORRUPT);
	CHECK(strstr(log->why.text, "segment-0000000000000001") != NULL);
	CHECK(strstr(log->why.text, "new id") != NULL);
	disk_free(log->disk);
}

TEST(damage_on_purpose_is_refused_like_any_and_done_to_nothing_that_is_young)
{
	struct wal_lab *log = wal_lab();
	CHECK_STATUS(wal_lab_open(log), OK);
	CHECK_STATUS(wal_damage(&log->config, &log->why), NOT_FOUND);
	CHECK_STATUS(wal_lab_write(log, 1, 3, 1, 100), OK);
	CHECK_STATUS(wal_damage(&log->config, &log->why), NOT_FOUND);
	CHECK(strstr(log->why.text, "too little") != NULL);
	/* A later write in the same block would mend it. */
	CHECK_STATUS(wal_lab_write(log, 4, 4, 1, 4000), OK);
	CHECK_STATUS(wal_damage(&log->config, &log->why), NOT_FOUND);
	CHECK_STATUS(wal_lab_write(log, 5, 5, 1, 100), OK);
	/* Beside the log that is open, and goes on. */
	CHECK_STATUS(wal_damage(&log->config, &log->why), OK);
	CHECK_STATUS(wal_lab_write(log, 6, 6, 1, 100), OK);
	CHECK_STATUS(wal_lab_open(log), CORRUPT);
	CHECK(strstr(log->why.text, "new id") != NULL);
	CHECK_STATUS(wal_damage(&log->config, &log->why), NOT_FOUND); /* it is already */
	disk_free(log->disk);
}

TEST(a_segment_is_read_as_far_as_it_is_written)
{
	struct wal_lab *log = wal_lab();
	uint64_t before;
	log->config.segment_bytes = 64 * MIB;
	CHECK_STATUS(wal_lab_open(log), OK);
	for (uint64_t i = 0; i < 60; i++) /* 3 MiB in all: more than is read at once */
		CHECK_STATUS(wal_lab_write(log, 10 * i + 1, 10 * i + 10, 1, 5000), OK);
	before = disk_read_bytes(log->disk);
	CHECK_STATUS(wal_lab_open(log), OK);
	CHECK(disk_read_bytes(log->disk) - before < 24 * MIB);
	wal_lab_check(log, 1, 600, 1, 5000);
	/* Damage is found wherever it is, and by a later write that is intact. */
	*byte_of(log, 1, SEGMENT_HEADER + 415 * record_size(5000) + 100) ^= 1;
	CHECK_STATUS(wal_lab_open(log), CORRUPT);
	disk_free(log->disk);
}

TEST(damage_at_the_end_of_a_full_segment_is_refused)
{
	struct wal_lab *log = wal_lab();
	CHECK_STATUS(wal_lab_open(log), OK);
	for (uint64_t i = 1; i <= 30; i++)
		CHECK_STATUS(wal_lab_write(log, i, i, 1, 4000), OK);
	uint64_t per_segment = (WAL_SEGMENT_MIN - SEGMENT_HEADER) / record_size(4000);
	*byte_of(log, 1, SEGMENT_HEADER + (per_segment - 1) * record_size(4000) + 100) ^= 1;
	CHECK_STATUS(wal_lab_open(log), CORRUPT);
	disk_free(log->disk);
}

TEST(one_damaged_copy_of_meta_is_survived_and_two_are_not)
{
	for (uint64_t damaged = 0; damaged < 2; damaged++) {
		struct wal_lab *log = wal_lab();
		CHECK_STATUS(wal_lab_open(log), OK);
		CHECK_STATUS(wal_lab_write(log, 1, 1, 9, 1), OK);
		*disk_at(log->disk, "d/log/meta-1", damaged * META_SLOT + 40) ^= 1;
		CHECK_STATUS(wal_lab_open(log), OK);
		CHECK_EQ(log->found.term, 9);
		*disk_at(log->disk, "d/log/meta-1", 40) ^= 1;
		*disk_at(log->disk, "d/log/meta-1", META_SLOT + 41) ^= 1;
		*disk_at(log->disk, "d/log/meta-1", 41) ^= 1;
		CHECK_STATUS(wal_lab_open(log), CORRUPT);
		disk_free(log->disk);
	}
}

TEST(a_vote_is_durable_when_the_work_is_done)
{
	struct wal_lab *log = wal_lab();
	CHECK_STATUS(wal_lab_open(log), OK);
	struct wal_work work = { .has_meta = true, .term = 5, .vote = 77 };
	wal_run(log->wal, &work);
	CHECK_EQ(work.status, OK);
	disk_crash(log->disk);
	CHECK_STATUS(wal_lab_open(log), OK);
	CHECK_EQ(log->found.term, 5);
	CHECK_EQ(log->found.vote, 77);
	wal_lab_free(log);
}

static void trim(struct wal_lab *log, uint64_t index, uint64_t term, bool is_reset)
{
	struct wal_work work = { .has_base = true, .is_reset = is_reset };
	work.base = (struct wal_base){ .index = index, .term = term, .members = STR("who") };
	wal_run(log->wal, &work);
	CHECK_EQ(work.status, OK);
}

TEST(trimmed_segments_become_spares_and_are_written_again)
{
	struct wal_lab *log = wal_lab();
	CHECK_STATUS(wal_lab_open(log), OK);
	for (uint64_t i = 1; i <= 60; i++)
		CHECK_STATUS(wal_lab_write(log, i, i, 1, 4000), OK);
	CHECK_EQ(wal_spare_count(log->wal), 0);
	trim(log, 40, 1, false);
	CHECK_EQ(wal_spare_count(log->wal), 2);
	for (uint64_t i = 61; i <= 100; i++)
		CHECK_STATUS(wal_lab_write(log, i, i, 2, 4000), OK);
	CHECK_EQ(wal_spare_count(log->wal), 0);
	disk_crash(log->disk);
	CHECK_STATUS(wal_lab_open(log), OK);
	CHECK_EQ(log->found.base.index, 40);
	CHECK_STR(log->found.base.members, "who");
	CHECK_EQ(log->found.entries.len, 60);
	CHECK_EQ(log->found.entries.at[0]->index, 41);
	wal_lab_free(log);
}

TEST(a_log_begun_anew_forgets_its_entries)
{
	struct wal_lab *log = wal_lab();
	CHECK_STATUS(wal_lab_open(log), OK);
	CHECK_STATUS(wal_lab_write(log, 1, 20, 2, 100), OK);
	trim(log, 12, 3, true);
	CHECK_STATUS(wal_lab_open(log), OK);
	CHECK_EQ(log->found.entries.len, 0);
	CHECK_EQ(log->found.base.index, 12);
	CHECK_STATUS(wal_lab_write(log, 13, 14, 3, 100), OK);
	CHECK_STATUS(wal_lab_open(log), OK);
	wal_lab_check(log, 13, 2, 3, 100);
	wal_lab_free(log);
}

TEST(after_a_failed_write_nothing_is_written_any_more)
{
	struct wal_lab *log = wal_lab();
	CHECK_STATUS(wal_lab_open(log), OK);
	disk_fail_after(log->disk, 0, IO);
	CHECK_STATUS(wal_lab_write(log, 1, 1, 1, 10), IO);
	disk_fail_after(log->disk, 0, OK);
	CHECK_STATUS(wal_lab_write(log, 1, 1, 1, 10), IO);
	wal_lab_free(log);
}

TEST(the_zeros_of_a_spare_are_on_disk_slice_by_slice)
{
	struct wal_lab *log = wal_lab();
	log->config.segment_bytes = 4 * MIB;
	CHECK_STATUS(wal_lab_open(log), OK);
	uint64_t before = disk_syncs(log->disk);
	CHECK_STATUS(wal_make_spare(&log->config, wal_next_spare(log->wal)), OK);
	/* A sync of the log that comes meanwhile waits for one slice and not for all. */
	CHECK(disk_syncs(log->disk) - before >= 4);
	wal_lab_free(log);
}

/* The process ends between a write and its sync; the next one finds what the system still has in memory, and then the power goes. */
static void end_twice(uint64_t seed, uint32_t operations, bool is_writing)
{
	struct wal_lab *log = wal_lab();
	disk_free(log->disk);
	log->disk = disk_new(seed);
	log->files = disk_files(log->disk);
	CHECK_STATUS(wal_lab_open(log), OK);
	CHECK_STATUS(wal_lab_write(log, 1, 1, 1, 600), OK);
	disk_fail_after(log->disk, operations, IO);
	CHECK_STATUS(wal_lab_write(log, 2, 3, 2, 600), IO);
	disk_fail_after(log->disk, 0, OK);
	CHECK_STATUS(wal_lab_open(log), OK);
	uint32_t count = log->found.entries.len;
	uint64_t term = log->found.term;
	if (is_writing) {
		disk_fail_after(log->disk, 5, IO);
		CHECK_STATUS(wal_lab_write(log, count + 1, count + 1, 2, 600), IO);
	}
	disk_crash(log->disk);
	CHECK_STATUS(wal_lab_open(log), OK);
	CHECK(log->found.entries.len >= count);
	CHECK(log->found.term >= term);
	wal_lab_free(log);
}

TEST(what_was_found_is_durable_when_the_log_is_open)
{
	for (uint64_t seed = 1; seed <= 40; seed++) {
		for (uint32_t operations = 0; operations < 6; operations++) {
			end_twice(seed, operations, false);
			end_twice(seed, operations, true);
		}
	}
}

TEST(a_log_that_another_process_has_is_busy)
{
	struct wal_lab *log = wal_lab();
	CHECK_STATUS(wal_lab_open(log), OK);
	struct wal *other;
	struct wal_found found;
	CHECK_STATUS(wal_open(&log->config, &other, &found, &log->why), BUSY);
	wal_lab_free(log);
}
