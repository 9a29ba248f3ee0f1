#include "tests/lib/test.h"
#include "tests/unit/datastore/table/table-lab.h"

static void print_before(void *arg, const struct table_row *row)
{
	text_lit((struct text *)arg, "was ");
	table_lab_print(arg, row);
}

TEST(each_revision_reads_as_it_was_then)
{
	struct fake_disk *disk = table_lab_disk(1);
	struct table_mark mark;
	struct table *table = table_lab_history(disk, &mark);
	struct table_view *view = table_view_new(table);
	CHECK_STR(table_lab_range(view, 2, "a", "z"), "a=1@2 ");
	CHECK_STR(table_lab_range(view, 3, "a", "z"), "a=1@2 b=1@3 ");
	CHECK_STR(table_lab_range(view, 4, "a", "z"), "a=2@4 b=1@3 ");
	CHECK_STR(table_lab_range(view, 5, "a", "z"), "a=2@4 ");
	CHECK_STR(table_lab_range(view, 6, "b", "z"), "c=1@6 ");
	CHECK_STR(table_lab_range(view, 7, "a", "z"), "a=2@4 b=2@7 c=1@6 ");
	CHECK_STR(table_lab_range(view, 3, "b", NULL), "b=1@3 ");
	CHECK_STR(table_lab_range(view, 6, "b", NULL), "");
	table_view_free(view);
	table_close(table);
	fake_disk_free(disk);
}

TEST(a_page_ends_at_its_limit_and_counts_the_rest)
{
	struct fake_disk *disk = table_lab_disk(1);
	struct table_mark mark;
	struct table *table = table_lab_history(disk, &mark);
	struct table_view *view = table_view_new(table);
	struct text out = text_in(test_arena(), 1024);
	struct table_range range = { .from = STR("a"),
				     .end = { "", 1 },
				     .revision = 7,
				     .limit = 2,
				     .max_bytes = 1024,
				     .is_keys_only = true };
	bool more;
	uint64_t count;
	CHECK_STATUS(table_range(view, &range, table_lab_print, &out, &more, &count), OK);
	CHECK_STR(text_str(&out), "a=@4 b=@7 ");
	CHECK(more);
	CHECK_EQ(count, 3);
	table_view_free(view);
	table_close(table);
	fake_disk_free(disk);
}

TEST(history_is_told_in_order_with_what_was_before)
{
	struct fake_disk *disk = table_lab_disk(1);
	struct table_mark mark;
	struct table *table = table_lab_history(disk, &mark);
	struct table_view *view = table_view_new(table);
	struct text out = text_in(test_arena(), 1024);
	struct table_history history = { .from = STR("b"),
					 .end = STR("c"),
					 .after_revision = 2,
					 .upto_revision = 7,
					 .max_rows = 2,
					 .max_bytes = 65536,
					 .wants_before = true };
	uint64_t upto;
	CHECK_STATUS(table_history(view, &history, table_lab_print, print_before, &out, &upto), OK);
	CHECK_STR(text_str(&out), "b=1@3 b-@5 was b=1@3 ");
	CHECK_EQ(upto, 5);
	text_clear(&out);
	history.after_revision = upto;
	CHECK_STATUS(table_history(view, &history, table_lab_print, print_before, &out, &upto), OK);
	CHECK_STR(text_str(&out), "b=2@7 ");
	CHECK_EQ(upto, 7);
	table_view_free(view);
	table_close(table);
	fake_disk_free(disk);
}

static void sweep_all(struct table *table, struct table_mark *mark, uint64_t compact)
{
	mark->compact_revision = compact;
	CHECK_STATUS(table_write(table, &(struct table_group){ .mark = *mark }, NULL), OK);
	bool is_done = false;
	for (int i = 0; !is_done && i < 100; i++)
		CHECK_STATUS(table_sweep(table, NULL, 2, &is_done, NULL), OK);
	CHECK(is_done);
}

/* What comes back is what each revision showed, and what the next process finds, as if each row had been a group. */
TEST(a_key_that_changes_often_within_a_group_has_all_of_its_past)
{
	struct fake_disk *disk = table_lab_disk(1);
	struct table_mark mark;
	struct table *table = table_lab_open(disk, &mark);
	const struct table_row rows[] = {
		{ .id = ID(2), .key = STR("a"), .value = STR("1"), .create_revision = 2, .version = 1 },
		{ .id = ID(3), .key = STR("b"), .value = STR("1"), .create_revision = 3, .version = 1 },
		{ .id = ID(4), .key = STR("a"), .value = STR("2"), .create_revision = 2, .version = 2 },
		{ .id = ID(5), .key = STR("b"), .is_delete = true },
		{ .id = ID(6), .key = STR("a"), .value = STR("3"), .create_revision = 2, .version = 3 },
	};
	const struct table_row later[] = {
		{ .id = ID(7), .key = STR("b"), .value = STR("2"), .create_revision = 7, .version = 1 },
		{ .id = ID(8), .key = STR("b"), .value = STR("3"), .create_revision = 7, .version = 2 },
	};
	mark.revision = 6;
	CHECK_STATUS(table_write(table, &(struct table_group){ rows, 5, .mark = mark }, NULL), OK);
	mark.revision = 8;
	CHECK_STATUS(table_write(table, &(struct table_group){ later, 2, .mark = mark }, NULL), OK);
	struct table_view *view = table_view_new(table);
	CHECK_STR(table_lab_range(view, 2, "a", "z"), "a=1@2 ");
	CHECK_STR(table_lab_range(view, 3, "a", "z"), "a=1@2 b=1@3 ");
	CHECK_STR(table_lab_range(view, 4, "a", "z"), "a=2@4 b=1@3 ");
	CHECK_STR(table_lab_range(view, 5, "a", "z"), "a=2@4 ");
	CHECK_STR(table_lab_range(view, 6, "a", "z"), "a=3@6 ");
	CHECK_STR(table_lab_range(view, 7, "a", "z"), "a=3@6 b=2@7 ");
	CHECK_STR(table_lab_range(view, 8, "a", "z"), "a=3@6 b=3@8 ");
	table_view_free(view);
	sweep_all(table, &mark, 8);
	view = table_view_new(table);
	CHECK_STR(table_lab_range(view, 8, "a", "z"), "a=3@6 b=3@8 ");
	struct text out = text_in(test_arena(), 64);
	for (uint64_t gone = 2; gone < 6; gone++)
		CHECK_STATUS(table_get(view, ID(gone), table_lab_print, &out), NOT_FOUND);
	CHECK_STATUS(table_get(view, ID(7), table_lab_print, &out), NOT_FOUND);
	table_view_free(view);
	table_close(table);
	fake_disk_free(disk);
}

TEST(a_sweep_takes_what_was_superseded_and_nothing_else)
{
	struct fake_disk *disk = table_lab_disk(1);
	struct table_mark mark;
	struct table *table = table_lab_history(disk, &mark);
	sweep_all(table, &mark, 5);
	struct table_view *view = table_view_new(table);
	CHECK_STR(table_lab_range(view, 5, "a", "z"), "a=2@4 ");
	CHECK_STR(table_lab_range(view, 6, "a", "z"), "a=2@4 c=1@6 ");
	CHECK_STR(table_lab_range(view, 7, "a", "z"), "a=2@4 b=2@7 c=1@6 ");
	struct text out = text_in(test_arena(), 64);
	CHECK_STATUS(table_get(view, ID(2), table_lab_print, &out), NOT_FOUND);
	CHECK_STATUS(table_get(view, ID(3), table_lab_print, &out), NOT_FOUND);
	CHECK_STATUS(table_get(view, ID(5), table_lab_print, &out), NOT_FOUND);
	CHECK_STATUS(table_get(view, ID(4), table_lab_print, &out), OK);
	table_view_free(view);
	sweep_all(table, &mark, 7);
	view = table_view_new(table);
	CHECK_STR(table_lab_range(view, 7, "a", "z"), "a=2@4 b=2@7 c=1@6 ");
	table_view_free(view);
	table_close(table);
	fake_disk_free(disk);
}

/* Whether the bytes lie in the file. */
static bool is_on_disk(struct fake_disk *disk, const char *path, struct str word)
{
	const struct seams_files *files = fake_disk_files(disk);
	struct seams_stat stat = { 0 };
	struct seams_file *file;
	size_t len = 0;
	char *at;

	if (files->stat(files->self, path, &stat) != OK)
		return false;
	at = arena_alloc(test_arena(), stat.size_bytes + 1);
	CHECK_STATUS(files->open(files->self, path, SEAMS_READ, 0, &file), OK);
	CHECK_STATUS(files->read(files->self, file, at, stat.size_bytes, 0, &len), OK);
	files->close(files->self, file);
	return memmem(at, len, word.at, word.len) != NULL;
}

/* Small values and large ones, of which all but the last of each key go, and one key altogether, between others that stay. */
static void sweep_of(struct fake_disk *disk, const char *prefix)
{
	struct table_mark mark;
	struct table *table = table_lab_open(disk, &mark);
	char *large = arena_alloc(test_arena(), 20001);
	bool is_complete;

	memset(large, '.', 20000);
	large[20000] = '\0';
	for (uint64_t i = 0; i < 300; i++) {
		bool is_large = i % 10 == 0;
		const char *key =
		    arena_printf(test_arena(), "%sdefault/%c", prefix, (char)('a' + (int)(i % 3))).at;

		memcpy(large + 9000, i < 290 ? "a-word-that-went" : "a-word-that-stays", 17);
		CHECK_STATUS(
		    table_lab_write(
			table, table_lab_row(2 + 2 * i, key, large + (is_large ? 0 : 8990)), &mark),
		    OK);
		CHECK_STATUS(
		    table_lab_write(
			table,
			table_lab_row(3 + 2 * i,
				      arena_printf(test_arena(), "/registry/pods/p%d", (int)i).at,
				      "a pod"),
			&mark),
		    OK);
		memset(large + 9000, '.', 20);
		if (i % 50 == 0)
			CHECK_STATUS(table_empty_log(table, &is_complete, NULL), OK);
	}
	CHECK_STATUS(table_empty_log(table, &is_complete, NULL), OK);
	mark.compact_revision = mark.revision;
	CHECK_STATUS(table_write(table, &(struct table_group){ .mark = mark }, NULL), OK);
	for (bool is_done = false; !is_done;)
		CHECK_STATUS(table_sweep(table, NULL, 50, &is_done, NULL), OK);
	CHECK_STATUS(table_empty_log(table, &is_complete, NULL), OK);
	table_close(table);
}

TEST(values_that_were_swept_are_gone_from_the_disk)
{
	struct fake_disk *disk = table_lab_disk(1);

	sweep_of(disk, "/registry/secrets/");
	CHECK(!is_on_disk(disk, PATH, STR("a-word-that-went")));
	CHECK(!is_on_disk(disk, PATH "-wal", STR("a-word-that-went")));
	CHECK(is_on_disk(disk, PATH, STR("a-word-that-stays")));
	fake_disk_free(disk);
}

struct loaded {
	struct text text;
};

static void load_lease(void *arg, const struct table_lease *lease)
{
	text_printf(arg, "lease%llu:%u ", (unsigned long long)lease->id, lease->ttl_s);
}

static void load_request(void *arg, uint64_t request, uint64_t revision, bool is_failure)
{
	text_printf(arg, "r%llu@%llu%s ", (unsigned long long)request, (unsigned long long)revision,
		    is_failure ? "!" : "");
}

TEST(what_was_written_is_loaded_again)
{
	struct fake_disk *disk = table_lab_disk(1);
	struct table_mark mark;
	struct table *table = table_lab_open(disk, &mark);
	CHECK_EQ(mark.revision, 1);
	struct table_row rows[] = { table_lab_row(2, "a", "1"), table_lab_row(3, "b", "22") };
	rows[0].request = 77;
	rows[1].request = 78;
	rows[1].is_failure_branch = true;
	struct table_lease leases[] = { { 5, 60 }, { 6, 60 }, { 5, 0 } };
	mark = (struct table_mark){ .revision = 3,
				    .compact_revision = 1,
				    .chain = 0xfedcba9876543210ULL,
				    .applied_index = 9,
				    .applied_term = 4,
				    .members_index = 8,
				    .members = STR("them"),
				    .cluster = 42 };
	struct table_group group = {
		.rows = rows, .row_count = 2, .leases = leases, .lease_count = 3, .mark = mark
	};
	CHECK_STATUS(table_write(table, &group, NULL), OK);
	table_close(table);
	struct table_mark found;
	table = table_lab_open(disk, &found);
	CHECK_EQ(found.revision, 3);
	CHECK_EQ(found.chain, mark.chain);
	CHECK_EQ(found.applied_index, 9);
	CHECK_EQ(found.applied_term, 4);
	CHECK_STR(found.members, "them");
	CHECK_EQ(found.cluster, 42);
	struct text out = text_in(test_arena(), 1024);
	struct table_loader loader = {
		.arg = &out, .lease = load_lease, .key = table_lab_print, .request = load_request
	};
	CHECK_STATUS(table_load(table, &loader, 1, NULL), OK);
	CHECK_STR(text_str(&out), "lease6:60 a=@2 b=@3 r77@2 r78@3! ");
	text_clear(&out);
	CHECK_STATUS(table_load(table, &loader, 2, NULL), OK);
	CHECK_STR(text_str(&out), "lease6:60 a=@2 b=@3 r78@3! ");
	/* Compaction does not forget them, only who says so. */
	rows[0] = table_lab_row(4, "a", "3");
	mark.revision = 4;
	group = (struct table_group){ .rows = rows, .row_count = 1, .mark = mark };
	CHECK_STATUS(table_write(table, &group, NULL), OK);
	sweep_all(table, &mark, 4);
	text_clear(&out);
	CHECK_STATUS(table_load(table, &loader, 1, NULL), OK);
	CHECK_STR(text_str(&out), "lease6:60 a=@4 b=@3 r77@2 r78@3! ");
	group = (struct table_group){ .mark = mark, .forget_requests = 2 };
	CHECK_STATUS(table_write(table, &group, NULL), OK);
	text_clear(&out);
	CHECK_STATUS(table_load(table, &loader, 1, NULL), OK);
	CHECK_STR(text_str(&out), "lease6:60 a=@4 b=@3 r78@3! ");
	table_close(table);
	fake_disk_free(disk);
}

TEST(a_copy_is_the_table_at_one_moment)
{
	struct fake_disk *disk = table_lab_disk(1);
	struct table_mark mark, copied;
	struct table *table = table_lab_history(disk, &mark);
	struct table_view *view = table_view_new(table);
	CHECK_STATUS(table_copy(view, "/data/copy.db", test_arena(), &copied, NULL), OK);
	CHECK_EQ(copied.revision, 7);
	CHECK_STATUS(table_lab_write(table, table_lab_row(8, "d", "1"), &mark), OK);
	table_view_free(view);
	table_close(table);
	CHECK_STATUS(
	    fake_disk_files(disk)->rename(fake_disk_files(disk)->self, "/data/copy.db", PATH), OK);
	fake_disk_files(disk)->unlink(fake_disk_files(disk)->self, PATH "-wal");
	struct table_mark found;
	table = table_lab_open(disk, &found);
	CHECK_EQ(found.revision, 7);
	CHECK_EQ(found.applied_index, 6);
	view = table_view_new(table);
	CHECK_STR(table_lab_range(view, 7, "a", "z"), "a=2@4 b=2@7 c=1@6 ");
	table_view_free(view);
	table_close(table);
	fake_disk_free(disk);
}

/* Writes a new row as soon as it is told of the first value. */
struct gathering {
	struct text out;
	struct table *table;
	struct table_mark *mark;
};

static void print_value(void *arg, uint32_t tag, struct str value)
{
	struct gathering *gathering = arg;
	text_printf(&gathering->out, "%u=" STR_FMT " ", tag, STR_ARG(value));
	if (gathering->table == NULL)
		return;
	CHECK_STATUS(
	    table_lab_write(gathering->table, table_lab_row(100, "z", "new"), gathering->mark), OK);
	gathering->table = NULL;
}

TEST(values_are_gathered_in_the_order_of_their_ids_wherever_they_lie)
{
	struct fake_disk *disk = table_lab_disk(1);
	struct table_mark mark;
	struct table *table = table_lab_history(disk, &mark);
	struct table_view *view = table_view_new(table);
	struct gathering gathering = { .out = text_in(test_arena(), 256) };
	for (uint64_t revision = 8; revision <= 40; revision++)
		CHECK_STATUS(table_lab_write(table, table_lab_row(revision, "d", "x"), &mark), OK);
	CHECK_STATUS(table_lab_write(table, table_lab_row(41, "e", ""), &mark), OK);
	/* Next to each other, close, far, and empty. */
	struct table_want wanted[] = { { ID(41), 1 }, { ID(6), 2 },  { ID(3), 3 },
				       { ID(2), 4 },  { ID(30), 5 }, { ID(5), 6 } };
	CHECK_STATUS(table_gather(view, wanted, 6, print_value, &gathering), OK);
	CHECK_STR(text_str(&gathering.out), "4=1 3=1 6= 2=1 5=x 1= ");
	CHECK_STATUS(table_gather(view, wanted, 0, print_value, &gathering), OK);
	table_view_free(view);
	table_close(table);
	fake_disk_free(disk);
}

TEST(what_is_gathered_is_of_one_moment_and_ends_where_a_row_was_swept)
{
	struct fake_disk *disk = table_lab_disk(1);
	struct table_mark mark;
	struct table *table = table_lab_history(disk, &mark);
	struct table_view *view = table_view_new(table);
	struct gathering gathering = { text_in(test_arena(), 256), table, &mark };
	struct table_want wanted[] = { { ID(2), 1 }, { ID(4), 2 }, { ID(100), 3 } };
	CHECK_STATUS(table_gather(view, wanted, 3, print_value, &gathering), NOT_FOUND);
	CHECK_STR(text_str(&gathering.out), "1=1 2=2 ");
	text_clear(&gathering.out);
	CHECK_STATUS(table_gather(view, wanted, 3, print_value, &gathering), OK);
	CHECK_STR(text_str(&gathering.out), "1=1 2=2 3=new ");
	/* Between two that are there. */
	struct table_want gap[] = { { ID(2), 1 }, { ID(50), 2 }, { ID(100), 3 } };
	CHECK_STATUS(table_gather(view, gap, 3, print_value, &gathering), NOT_FOUND);
	table_view_free(view);
	table_close(table);
	fake_disk_free(disk);
}

TEST(a_view_that_cannot_connect_says_so_and_connects_when_it_can)
{
	struct fake_disk *disk = table_lab_disk(1);
	struct table_mark mark;
	struct table *table = table_lab_history(disk, &mark);
	struct table_view *durable = table_view_new(table), *view = table_view_new(table);
	struct text out = text_in(test_arena(), 64);
	bool is_complete;
	uint64_t log_bytes;
	CHECK_STATUS(table_checkpoint(durable, &is_complete, &log_bytes, NULL), OK);
	CHECK(is_complete);
	fake_disk_damage(disk, PATH, 0);
	CHECK_STATUS(table_get(view, ID(4), table_lab_print, &out), CORRUPT);
	fake_disk_damage(disk, PATH, 0);
	CHECK_STATUS(table_get(view, ID(4), table_lab_print, &out), OK);
	CHECK_STR(text_str(&out), "a=2@4 ");
	table_view_free(view);
	table_view_free(durable);
	table_close(table);
	fake_disk_free(disk);
}

static uint64_t log_size(struct fake_disk *disk)
{
	struct seams_stat stat = { 0 };
	const struct seams_files *files = fake_disk_files(disk);
	return files->stat(files->self, PATH "-wal", &stat) == OK ? stat.size_bytes : 0;
}

/* A checkpoint that never catches up with the writer leaves SQLite's log to grow: the writer itself has to wait for one. */
TEST(the_table_s_own_log_is_emptied_by_its_writer)
{
	struct fake_disk *disk = table_lab_disk(1);
	struct table_mark mark;
	struct table *table = table_lab_history(disk, &mark);
	struct table_view *view = table_view_new(table);
	bool is_complete = false;
	uint64_t log_bytes = 0;
	CHECK_STATUS(table_checkpoint(view, &is_complete, &log_bytes, NULL), OK);
	CHECK(is_complete);
	CHECK(log_bytes > 0 && log_size(disk) > 0);
	CHECK_STATUS(table_empty_log(table, &is_complete, NULL), OK);
	CHECK(is_complete);
	CHECK_EQ(table_log_bytes(table), 0);
	CHECK(log_size(disk) <= MIB);
	CHECK_STR(table_lab_range(view, 7, "a", "z"), "a=2@4 b=2@7 c=1@6 ");
	CHECK_STATUS(table_lab_write(table, table_lab_row(8, "d", "1"), &mark), OK);
	CHECK_STR(table_lab_range(view, 8, "d", NULL), "d=1@8 ");
	table_view_free(view);
	table_close(table);
	fake_disk_free(disk);
}
