#include "tests/lib/test.h"
#include "tests/unit/datastore/log/wal/wal-lab.h"

/*
 * The power goes at any moment: what was promised is there, and nothing else.
 */

TEST(a_crash_anywhere_loses_nothing_that_was_promised)
{
	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct wal_lab *log = wal_lab();
		struct dice dice = { seed };
		uint64_t safe = 0, base = 0, next = 1;
		CHECK_STATUS(wal_lab_open(log), OK);
		for (uint32_t life = 0; life < 4; life++) {
			uint32_t count = dice_below(&dice, 15);
			for (uint32_t i = 0; i < count; i++) {
				CHECK_STATUS(
				    wal_lab_write(log, next, next + 2, 1, dice_below(&dice, 6000)),
				    OK);
				next += 3;
			}
			safe = next - 1;
			disk_fail_after(log->disk, dice_below(&dice, 9), IO);
			if (dice_chance(&dice, 500) && safe > base + 2) {
				struct wal_work work = { .has_base = true };
				uint64_t to = base + dice_below(&dice, (uint32_t)(safe - base));
				work.base = (struct wal_base){ .index = to, .term = 1 };
				wal_run(log->wal, &work);
				if (work.status == OK)
					base = to;
			}
			enum status status = wal_lab_write(log, next, next + 1, 1, 3000);
			if (status == OK)
				safe = next + 1;
			disk_crash(log->disk);
			enum status opened = wal_lab_open(log);
			if (opened != OK)
				test_fail(__FILE__, __LINE__, "seed %u: %s", (unsigned)seed,
					  log->why.text);
			uint64_t last = log->found.base.index + log->found.entries.len;
			CHECK(log->found.base.index >= base);
			CHECK(last >= safe && last <= next + 1);
			base = log->found.base.index;
			next = last + 1;
		}
		wal_lab_free(log);
	}
}

/* What a run was told is durable. */
struct promised {
	uint64_t term, base, last;
	bool is_over; /* nothing failed */
};

static enum status trim_to(struct wal_lab *log, uint64_t index, uint64_t term)
{
	struct wal_work work = { .has_base = true, .base = { .index = index, .term = term } };

	wal_run(log->wal, &work);
	return work.status;
}

/* What follows `from` is replaced, so until that is done it is promised no more. */
static enum status replace(struct wal_lab *log, struct promised *promised, uint64_t from)
{
	uint64_t last = promised->last;

	promised->last = from - 1;
	TRY(wal_lab_write(log, from, last, promised->term, 100));
	promised->last = last;
	return OK;
}

/* Everything that a log does to its disk: made, filled over several segments, replaced, trimmed. */
static enum status live(struct wal_lab *log, struct promised *promised)
{
	TRY(wal_lab_open(log));
	for (uint64_t step = 0; step < 12; step++) {
		uint64_t next = promised->last + 1, term = 1 + step / 3;

		TRY(wal_lab_write(log, next, next + 2, term, 7000));
		promised->last = next + 2;
		promised->term = term;
		if (step % 4 == 2)
			TRY(replace(log, promised, next + 1));
		if (step % 5 != 4)
			continue;
		TRY(trim_to(log, next - 3, 1 + (step - 1) / 3));
		promised->base = next - 3;
	}
	promised->is_over = true;
	return OK;
}

static void check_promised(const struct wal_lab *log, const struct promised *promised, uint32_t cut)
{
	uint64_t last = log->found.base.index + log->found.entries.len;

	if (log->found.term < promised->term || log->found.base.index < promised->base ||
	    last < promised->last)
		test_fail(__FILE__, __LINE__, "cut before operation %u: %ju of %ju", cut,
			  (uintmax_t)last, (uintmax_t)promised->last);
	for (uint32_t i = 0; i < log->found.entries.len; i++) {
		const struct entry *entry = log->found.entries.at[i];

		CHECK_EQ(entry->index, log->found.base.index + 1 + i);
		for (uint32_t k = 0; k < entry->len; k++)
			CHECK_EQ((uint8_t)entry->bytes[k], (uint8_t)(entry->index + entry->term));
	}
}

/* Not at moments that chance picks but at all there are; and what is there afterwards can be gone on with. */
TEST(the_power_may_go_before_any_operation_of_a_run)
{
	uint32_t cuts = 0;

	for (uint64_t seed = 1; seed <= 4; seed++) {
		struct promised promised = { 0 };

		for (uint32_t cut = 1; !promised.is_over; cut++) {
			struct wal_lab *log = wal_lab();

			disk_free(log->disk);
			log->disk = disk_new(seed);
			log->files = disk_files(log->disk);
			promised = (struct promised){ 0 };
			disk_fail_after(log->disk, cut, IO);
			CHECK((live(log, &promised) == OK) == promised.is_over);
			disk_crash(log->disk);
			if (wal_lab_open(log) != OK)
				test_fail(__FILE__, __LINE__,
					  "seed %ju, cut before operation %u: %s", (uintmax_t)seed,
					  cut, log->why.text);
			check_promised(log, &promised, cut);
			promised.last = log->found.base.index + log->found.entries.len;
			CHECK_STATUS(
			    wal_lab_write(log, promised.last + 1, promised.last + 1, 9, 10), OK);
			CHECK_STATUS(wal_lab_open(log), OK);
			CHECK_EQ(log->found.base.index + log->found.entries.len, promised.last + 1);
			wal_lab_free(log);
			cuts++;
		}
	}
	CHECK(cuts > 4 * 40);
}
