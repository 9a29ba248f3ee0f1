/* SQLite's log in memory: whatever happens to the disk, what a checkpoint covered is there, whole, and so is what is found. */
#include "datastore/table/vfs-log.h"

#include "tests/lib/test.h"
#include "tests/unit/datastore/table/table-lab.h"

#define FOLDER "/data"
#define KEYS 40U
#define REVISIONS 400U
#define VALUE_MAX 9000U

static char letters[VALUE_MAX + 26];

static struct fake_disk *make_disk(uint64_t seed)
{
	for (uint32_t i = 0; i < sizeof letters; i++)
		letters[i] = (char)('a' + i % 26);
	return table_lab_disk(seed);
}

/* What happens at a revision follows from the seed, so that a crash may take back as much as it likes. */
static struct table_row row_at(uint64_t seed, uint64_t revision, struct str keys[KEYS])
{
	uint64_t chance = hash_mix(seed, revision);
	uint32_t len = (uint32_t)(chance >> 8) % (chance % 16 == 0 ? VALUE_MAX : 1500);
	bool is_delete = (chance >> 32) % 9 == 0;
	return (struct table_row){ .id = ID(revision),
				   .key = keys[(chance >> 40) % KEYS],
				   .value =
				       is_delete ? STR_NONE : str_of(letters + revision % 26, len),
				   .create_revision = revision,
				   .version = 1,
				   .is_delete = is_delete };
}

struct run {
	struct fake_disk *disk;
	uint64_t seed, durable, written;
	struct str keys[KEYS];
	struct table *table;
	struct table_view *view,
	    *other; /* the other one is held now and then, so that checkpoints cannot move everything */
	bool is_held;
	struct table_mark mark;
};

static enum status write_some(struct run *run, uint64_t chance)
{
	struct table_row rows[8];
	uint32_t count = 1 + (uint32_t)(chance % 8);
	for (uint32_t i = 0; i < count; i++)
		rows[i] = row_at(run->seed, run->written + 1 + i, run->keys);
	run->mark.revision += count;
	run->mark.applied_index += count;
	if (chance >> 8 & 1)
		run->mark.compact_revision = run->written / 2;
	struct table_group group = { .rows = rows, .row_count = count, .mark = run->mark };
	TRY(table_write(run->table, &group, NULL));
	run->written += count;
	return OK;
}

static void ignore(void *arg, const struct table_row *row)
{
	(void)arg;
	(void)row;
}

static enum status do_something(struct run *run, uint64_t chance)
{
	bool is_complete = false, is_done;
	uint64_t log_bytes;
	switch (chance >> 16 & 7) {
	case 0:
	case 1: TRY(table_checkpoint(run->view, &is_complete, &log_bytes, NULL)); break;
	case 2: TRY(table_empty_log(run->table, &is_complete, NULL)); break;
	case 3: return table_sweep(run->table, NULL, 40, &is_done, NULL);
	case 4:
		if (run->is_held)
			table_view_let_go(run->other);
		else
			TRY(table_view_hold(run->other));
		run->is_held = !run->is_held;
		if (run->is_held) {
			enum status status = table_get(run->other, ID(2), ignore, NULL);
			return status == NOT_FOUND ? OK : status;
		}
		return OK;
	default: return OK;
	}
	if (is_complete)
		run->durable = run->written;
	return OK;
}

/* OK: the disk lasted to the end. */
static enum status go(struct run *run)
{
	while (run->written < REVISIONS) {
		uint64_t chance = hash_mix(run->seed ^ 0x5eed, run->written);
		TRY(write_some(run, chance));
		TRY(do_something(run, chance));
	}
	return OK;
}

static void open_run(struct run *run)
{
	run->table = table_lab_open(run->disk, &run->mark);
	run->view = table_view_new(run->table);
	run->other = table_view_new(run->table);
	run->is_held = false;
	run->written = run->durable = run->mark.revision;
}

static void close_run(struct run *run)
{
	table_view_free(run->view);
	table_view_free(run->other);
	table_close(run->table);
}

struct found {
	struct str keys[KEYS];
	uint64_t revisions[KEYS];
	uint32_t lens[KEYS];
};

static void check_row(void *arg, const struct table_row *row)
{
	struct found *found = arg;
	uint64_t revision = row->id >> TABLE_PLACE_BITS;
	for (uint32_t i = 0; i < KEYS; i++) {
		if (!str_eq(found->keys[i], row->key))
			continue;
		found->revisions[i] = revision;
		found->lens[i] = row->value.len;
		CHECK(str_eq(row->value, str_of(letters + revision % 26, row->value.len)));
	}
}

/* Everything is as it was at the revision that the table says it is of. */
static void check_content(struct run *run)
{
	struct found found = { 0 }, wanted = { 0 };
	struct table_contents contents;
	bool more;
	uint64_t count;
	memcpy(found.keys, run->keys, sizeof found.keys);
	struct table_range range = { .from = STR("k"),
				     .end = STR("l"),
				     .revision = run->mark.revision,
				     .max_bytes = 100U * MIB };
	CHECK_STATUS(table_range(run->view, &range, check_row, &found, &more, &count), OK);
	for (uint64_t revision = 2; revision <= run->mark.revision; revision++) {
		struct table_row row = row_at(run->seed, revision, run->keys);
		for (uint32_t i = 0; i < KEYS; i++)
			if (str_eq(run->keys[i], row.key)) {
				wanted.revisions[i] = row.is_delete ? 0 : revision;
				wanted.lens[i] = row.value.len;
			}
	}
	for (uint32_t i = 0; i < KEYS; i++) {
		CHECK_EQ(found.revisions[i], wanted.revisions[i]);
		CHECK_EQ(found.lens[i], wanted.lens[i]);
	}
	close_run(run);
	CHECK_STATUS(table_examine(fake_disk_files(run->disk), fake_disk_random(run->disk), PATH,
				   test_arena(), &contents, NULL),
		     OK);
	CHECK_EQ(contents.mark.revision, run->mark.revision);
}

static void make_run(struct run *run, uint64_t seed)
{
	*run = (struct run){ .disk = make_disk(seed), .seed = seed };
	for (uint32_t i = 0; i < KEYS; i++)
		run->keys[i] = arena_printf(test_arena(), "k%02u", (unsigned)i);
}

/* At that change of the disk the power goes, twice. True: it has gone. */
static bool crash_at(uint64_t seed, uint64_t change)
{
	struct run run;
	bool has_failed = true;
	make_run(&run, seed);
	open_run(&run);
	for (uint32_t times = 0; times < 2 && has_failed; times++) {
		fake_disk_fail_after(run.disk, change);
		has_failed = go(&run) != OK;
		uint64_t durable = run.durable, written = run.written;
		fake_disk_crash(run.disk);
		close_run(&run);
		open_run(&run);
		CHECK(run.mark.revision >= durable);
		CHECK(run.mark.revision <= written + 8);
		CHECK_EQ(run.mark.applied_index, run.mark.revision - 1);
	}
	check_content(&run);
	fake_disk_free(run.disk);
	return has_failed;
}

TEST_SLOW(a_crash_at_any_change_of_the_disk_leaves_a_whole_database_with_what_was_checkpointed, 120)
{
	uint64_t crashes = 0;
	for (uint64_t seed = 1; seed <= 6; seed++)
		for (uint64_t change = seed; crash_at(seed, change); change += 5)
			crashes++;
	CHECK(crashes > 150);
}

TEST(what_does_not_fit_into_memory_lies_beside_the_database_until_it_is_emptied)
{
	struct run run;
	struct seams_stat stat;
	bool is_complete;
	make_run(&run, 1);
	open_run(&run);
	const struct seams_files *files = fake_disk_files(run.disk);
	CHECK_STATUS(table_view_hold(run.other), OK); /* the log cannot begin anew */
	CHECK_STATUS(table_get(run.other, ID(2), ignore, NULL), NOT_FOUND);
	for (uint32_t i = 0; i < 20; i++) {
		struct str value = str_of(mem_zalloc(MIB), MIB);
		struct table_row row = row_at(run.seed, ++run.written, run.keys);
		row.value = value;
		row.is_delete = false;
		run.mark.revision++;
		struct table_group group = { .rows = &row, .row_count = 1, .mark = run.mark };
		CHECK_STATUS(table_write(run.table, &group, NULL), OK);
		mem_free((char *)value.at);
	}
	CHECK_STATUS(files->stat(files->self, FOLDER "/table.db-spill", &stat), OK);
	CHECK(stat.size_bytes > 10U * MIB);
	table_view_let_go(run.other);
	CHECK_STATUS(table_empty_log(run.table, &is_complete, NULL), OK);
	CHECK(is_complete);
	CHECK_STATUS(files->stat(files->self, FOLDER "/table.db-spill", &stat), NOT_FOUND);
	fake_disk_crash(run.disk);
	close_run(&run);
	open_run(&run);
	CHECK_EQ(run.mark.revision, 21);
	close_run(&run);
	fake_disk_free(run.disk);
}

/* A log as every release before this one left it, and other databases have it: all frames, in a file. */
TEST(a_log_that_is_wholly_on_the_disk_is_read_and_gone_on_with)
{
	bool has_failed = true;
	uint32_t logs = 0;
	for (uint64_t change = 1; has_failed; change++) {
		struct run run;
		struct seams_stat stat;
		make_run(&run, change);
		const struct seams_files *files = fake_disk_files(run.disk);
		open_run(&run);
		while (run.written < 100)
			CHECK_STATUS(write_some(&run, 7), OK);
		close_run(&run);
		struct table_mark mark = run.mark;
		mark.cluster = 77;
		fake_disk_fail_after(run.disk, change);
		has_failed = table_adopt(files, fake_disk_random(run.disk), PATH, STR_NONE, &mark,
					 NULL) != OK ||
			     files->stat(files->self, PATH "-wal", &stat) == OK;
		fake_disk_crash(run.disk);
		logs += files->stat(files->self, PATH "-wal", &stat) == OK && stat.size_bytes > 0;
		open_run(&run);
		CHECK(run.mark.cluster == 0 || run.mark.cluster == 77);
		run.mark = mark;
		while (run.written < 200)
			CHECK_STATUS(write_some(&run, 7), OK);
		bool is_complete;
		uint64_t log_bytes;
		CHECK_STATUS(table_checkpoint(run.view, &is_complete, &log_bytes, NULL), OK);
		CHECK(is_complete);
		fake_disk_crash(run.disk);
		close_run(&run);
		open_run(&run);
		CHECK_EQ(run.mark.revision, run.written);
		CHECK_EQ(run.mark.cluster, 77);
		CHECK(run.written >= 200);
		check_content(&run);
		fake_disk_free(run.disk);
		CHECK(change < 500);
	}
	CHECK(logs > 3);
}

/* An appended page is written once; of a page that is written over there is one copy, in the log. */
TEST(a_checkpoint_writes_what_is_new_only_once)
{
	struct run run;
	bool is_complete;
	uint64_t log_bytes;
	make_run(&run, 1);
	open_run(&run);
	struct str value = str_of(letters, 3000);
	uint64_t before = fake_disk_written_bytes(run.disk);
	for (uint32_t i = 0; i < 200; i++) {
		struct table_row row = row_at(run.seed, ++run.written, run.keys);
		row.value = value;
		row.is_delete = false;
		run.mark.revision++;
		struct table_group group = { .rows = &row, .row_count = 1, .mark = run.mark };
		CHECK_STATUS(table_write(run.table, &group, NULL), OK);
	}
	CHECK_EQ(fake_disk_written_bytes(run.disk), before);
	CHECK_STATUS(table_checkpoint(run.view, &is_complete, &log_bytes, NULL), OK);
	CHECK(is_complete);
	CHECK(fake_disk_written_bytes(run.disk) - before < 200U * 4096 + 40U * 4096);
	close_run(&run);
	fake_disk_free(run.disk);
}
