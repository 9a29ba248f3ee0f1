#include "datastore/table/table.h"

#include "tests/lib/fake-disk.h"
#include "tests/lib/test.h"

#define PATH "/data/table.db"
#define ID(revision) ((uint64_t)(revision) << TABLE_PLACE_BITS)

static struct table *open_table(struct fake_disk *disk, struct table_mark *mark)
{
	struct table *table = NULL;
	struct fault why = { 0 };
	enum status status = table_open(fake_disk_files(disk), fake_disk_random(disk), PATH,
					test_arena(), &table, mark, &why);
	if (status != OK)
		test_fail(__FILE__, __LINE__, "table_open: %s: %s", status_name(status), why.text);
	return table;
}

static struct fake_disk *make_disk(uint64_t seed)
{
	struct fake_disk *disk = fake_disk_new(seed);
	CHECK_STATUS(fake_disk_files(disk)->mkdir(fake_disk_files(disk)->self, "/data", 0700), OK);
	CHECK_STATUS(fake_disk_files(disk)->sync_folder(fake_disk_files(disk)->self, "/data"), OK);
	return disk;
}

static struct table_row make_row(uint64_t revision, const char *key, const char *value)
{
	return (struct table_row){ .id = ID(revision),
				   .key = str_from(key),
				   .value = str_from(value),
				   .create_revision = revision,
				   .version = 1,
				   .is_delete = !value };
}

static enum status write_one(struct table *table, struct table_row row, struct table_mark *mark)
{
	mark->revision = row.id >> TABLE_PLACE_BITS;
	mark->applied_index++;
	struct table_group group = { .rows = &row, .row_count = 1, .mark = *mark };
	return table_write(table, &group, NULL);
}

/* Writes what a row says, as text: "key=value@revision " each; a delete is "key-@revision ". */
static void print_row(void *arg, const struct table_row *row)
{
	struct text *out = arg;
	text_add(out, row->key);
	text_add_char(out, row->is_delete ? '-' : '=');
	text_add(out, row->value);
	text_printf(out, "@%llu ", (unsigned long long)(row->id >> TABLE_PLACE_BITS));
}

static void print_before(void *arg, const struct table_row *row)
{
	text_lit((struct text *)arg, "was ");
	print_row(arg, row);
}

static struct str range_at(struct table_view *view, uint64_t revision, const char *from,
			   const char *end)
{
	struct text out = text_in(test_arena(), 65536);
	struct table_range range = { .from = str_from(from),
				     .end = str_from(end),
				     .revision = revision,
				     .max_bytes = 65536 };
	bool more;
	uint64_t count;
	CHECK_STATUS(table_range(view, &range, print_row, &out, &more, &count), OK);
	CHECK(!more);
	return text_str(&out);
}

/* a=1@2 b=1@3 a=2@4 (b deleted @5) c=1@6 b=2@7 */
static struct table *make_history(struct fake_disk *disk, struct table_mark *mark)
{
	struct table *table = open_table(disk, mark);
	const struct table_row rows[] = {
		make_row(2, "a", "1"),  make_row(3, "b", "1"), make_row(4, "a", "2"),
		make_row(5, "b", NULL), make_row(6, "c", "1"), make_row(7, "b", "2"),
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		CHECK_STATUS(write_one(table, rows[i], mark), OK);
	return table;
}

TEST(each_revision_reads_as_it_was_then)
{
	struct fake_disk *disk = make_disk(1);
	struct table_mark mark;
	struct table *table = make_history(disk, &mark);
	struct table_view *view = table_view_new(table);
	CHECK_STR(range_at(view, 2, "a", "z"), "a=1@2 ");
	CHECK_STR(range_at(view, 3, "a", "z"), "a=1@2 b=1@3 ");
	CHECK_STR(range_at(view, 4, "a", "z"), "a=2@4 b=1@3 ");
	CHECK_STR(range_at(view, 5, "a", "z"), "a=2@4 ");
	CHECK_STR(range_at(view, 6, "b", "z"), "c=1@6 ");
	CHECK_STR(range_at(view, 7, "a", "z"), "a=2@4 b=2@7 c=1@6 ");
	CHECK_STR(range_at(view, 3, "b", NULL), "b=1@3 ");
	CHECK_STR(range_at(view, 6, "b", NULL), "");
	table_view_free(view);
	table_close(table);
	fake_disk_free(disk);
}

TEST(a_page_ends_at_its_limit_and_counts_the_rest)
{
	struct fake_disk *disk = make_disk(1);
	struct table_mark mark;
	struct table *table = make_history(disk, &mark);
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
	CHECK_STATUS(table_range(view, &range, print_row, &out, &more, &count), OK);
	CHECK_STR(text_str(&out), "a=@4 b=@7 ");
	CHECK(more);
	CHECK_EQ(count, 3);
	table_view_free(view);
	table_close(table);
	fake_disk_free(disk);
}

TEST(history_is_told_in_order_with_what_was_before)
{
	struct fake_disk *disk = make_disk(1);
	struct table_mark mark;
	struct table *table = make_history(disk, &mark);
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
	CHECK_STATUS(table_history(view, &history, print_row, print_before, &out, &upto), OK);
	CHECK_STR(text_str(&out), "b=1@3 b-@5 was b=1@3 ");
	CHECK_EQ(upto, 5);
	text_clear(&out);
	history.after_revision = upto;
	CHECK_STATUS(table_history(view, &history, print_row, print_before, &out, &upto), OK);
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

TEST(a_sweep_takes_what_was_superseded_and_nothing_else)
{
	struct fake_disk *disk = make_disk(1);
	struct table_mark mark;
	struct table *table = make_history(disk, &mark);
	sweep_all(table, &mark, 5);
	struct table_view *view = table_view_new(table);
	CHECK_STR(range_at(view, 5, "a", "z"), "a=2@4 ");
	CHECK_STR(range_at(view, 6, "a", "z"), "a=2@4 c=1@6 ");
	CHECK_STR(range_at(view, 7, "a", "z"), "a=2@4 b=2@7 c=1@6 ");
	struct text out = text_in(test_arena(), 64);
	CHECK_STATUS(table_get(view, ID(2), print_row, &out), NOT_FOUND);
	CHECK_STATUS(table_get(view, ID(3), print_row, &out), NOT_FOUND);
	CHECK_STATUS(table_get(view, ID(5), print_row, &out), NOT_FOUND);
	CHECK_STATUS(table_get(view, ID(4), print_row, &out), OK);
	table_view_free(view);
	sweep_all(table, &mark, 7);
	view = table_view_new(table);
	CHECK_STR(range_at(view, 7, "a", "z"), "a=2@4 b=2@7 c=1@6 ");
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
	struct table *table = open_table(disk, &mark);
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
		    write_one(table, make_row(2 + 2 * i, key, large + (is_large ? 0 : 8990)), &mark),
		    OK);
		CHECK_STATUS(
		    write_one(table,
			      make_row(3 + 2 * i,
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
	struct fake_disk *disk = make_disk(1);

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
	struct fake_disk *disk = make_disk(1);
	struct table_mark mark;
	struct table *table = open_table(disk, &mark);
	CHECK_EQ(mark.revision, 1);
	struct table_row rows[] = { make_row(2, "a", "1"), make_row(3, "b", "22") };
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
	table = open_table(disk, &found);
	CHECK_EQ(found.revision, 3);
	CHECK_EQ(found.chain, mark.chain);
	CHECK_EQ(found.applied_index, 9);
	CHECK_EQ(found.applied_term, 4);
	CHECK_STR(found.members, "them");
	CHECK_EQ(found.cluster, 42);
	struct text out = text_in(test_arena(), 1024);
	struct table_loader loader = {
		.arg = &out, .lease = load_lease, .key = print_row, .request = load_request
	};
	CHECK_STATUS(table_load(table, &loader, 1, NULL), OK);
	CHECK_STR(text_str(&out), "lease6:60 a=@2 b=@3 r77@2 r78@3! ");
	text_clear(&out);
	CHECK_STATUS(table_load(table, &loader, 2, NULL), OK);
	CHECK_STR(text_str(&out), "lease6:60 a=@2 b=@3 r78@3! ");
	/* Compaction does not forget them, only who says so. */
	rows[0] = make_row(4, "a", "3");
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
	struct fake_disk *disk = make_disk(1);
	struct table_mark mark, copied;
	struct table *table = make_history(disk, &mark);
	struct table_view *view = table_view_new(table);
	CHECK_STATUS(table_copy(view, "/data/copy.db", test_arena(), &copied, NULL), OK);
	CHECK_EQ(copied.revision, 7);
	CHECK_STATUS(write_one(table, make_row(8, "d", "1"), &mark), OK);
	table_view_free(view);
	table_close(table);
	CHECK_STATUS(
	    fake_disk_files(disk)->rename(fake_disk_files(disk)->self, "/data/copy.db", PATH), OK);
	fake_disk_files(disk)->unlink(fake_disk_files(disk)->self, PATH "-wal");
	struct table_mark found;
	table = open_table(disk, &found);
	CHECK_EQ(found.revision, 7);
	CHECK_EQ(found.applied_index, 6);
	view = table_view_new(table);
	CHECK_STR(range_at(view, 7, "a", "z"), "a=2@4 b=2@7 c=1@6 ");
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
	CHECK_STATUS(write_one(gathering->table, make_row(100, "z", "new"), gathering->mark), OK);
	gathering->table = NULL;
}

TEST(values_are_gathered_in_the_order_of_their_ids_wherever_they_lie)
{
	struct fake_disk *disk = make_disk(1);
	struct table_mark mark;
	struct table *table = make_history(disk, &mark);
	struct table_view *view = table_view_new(table);
	struct gathering gathering = { .out = text_in(test_arena(), 256) };
	for (uint64_t revision = 8; revision <= 40; revision++)
		CHECK_STATUS(write_one(table, make_row(revision, "d", "x"), &mark), OK);
	CHECK_STATUS(write_one(table, make_row(41, "e", ""), &mark), OK);
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
	struct fake_disk *disk = make_disk(1);
	struct table_mark mark;
	struct table *table = make_history(disk, &mark);
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
	struct fake_disk *disk = make_disk(1);
	struct table_mark mark;
	struct table *table = make_history(disk, &mark);
	struct table_view *durable = table_view_new(table), *view = table_view_new(table);
	struct text out = text_in(test_arena(), 64);
	bool is_complete;
	uint64_t log_bytes;
	CHECK_STATUS(table_checkpoint(durable, &is_complete, &log_bytes, NULL), OK);
	CHECK(is_complete);
	fake_disk_damage(disk, PATH, 0);
	CHECK_STATUS(table_get(view, ID(4), print_row, &out), CORRUPT);
	fake_disk_damage(disk, PATH, 0);
	CHECK_STATUS(table_get(view, ID(4), print_row, &out), OK);
	CHECK_STR(text_str(&out), "a=2@4 ");
	table_view_free(view);
	table_view_free(durable);
	table_close(table);
	fake_disk_free(disk);
}

/* What memory has room for is written behind without a disk; a checkpoint is not, nor what is beyond that room. */
TEST(a_full_disk_is_said_and_the_group_is_tried_again_later)
{
	struct fake_disk *disk = make_disk(1);
	struct table_mark mark;
	struct table *table = make_history(disk, &mark);
	struct table_view *view = table_view_new(table);
	struct str large = arena_printf(test_arena(), "%*d", (int)(1U * MIB), 7);
	struct table_row row = make_row(8, "d", large.at);
	bool is_complete = true;
	uint64_t log_bytes;
	fake_disk_set_full(disk, true);
	enum status status = OK;
	while (status == OK && row.id < ID(30)) {
		struct table_mark before = mark;
		status = write_one(table, row, &mark);
		if (status != OK)
			mark = before;
		else
			row = make_row((row.id >> TABLE_PLACE_BITS) + 1, "d", large.at);
	}
	CHECK_STATUS(status, FULL);
	CHECK(row.id >= ID(14));
	CHECK_STATUS(table_checkpoint(view, &is_complete, &log_bytes, NULL), FULL);
	fake_disk_set_full(disk, false);
	CHECK_STATUS(write_one(table, row, &mark), OK);
	CHECK_STATUS(table_checkpoint(view, &is_complete, &log_bytes, NULL), OK);
	CHECK(is_complete);
	fake_disk_crash(disk);
	table_view_free(view);
	table_close(table);
	table = open_table(disk, &mark);
	CHECK_EQ(mark.revision, row.id >> TABLE_PLACE_BITS);
	table_close(table);
	fake_disk_free(disk);
}

TEST(a_newer_format_is_refused_with_words)
{
	struct fake_disk *disk = make_disk(1);
	struct table_mark mark;
	table_close(open_table(disk, &mark));
	struct table *table = NULL;
	struct fault why;
	struct seams_file *file;
	const struct seams_files *files = fake_disk_files(disk);
	CHECK_STATUS(files->open(files->self, PATH, SEAMS_READ | SEAMS_WRITE, 0600, &file), OK);
	CHECK_STATUS(files->write(files->self, file, "not a database at all", 21, 0), OK);
	files->close(files->self, file);
	CHECK_STATUS(
	    table_open(files, fake_disk_random(disk), PATH, test_arena(), &table, &mark, &why),
	    CORRUPT);
	fake_disk_free(disk);
}

/* The write that fails is each of them in turn, so that every moment of a crash is seen. */
static bool crash_at(uint64_t change, uint64_t seed)
{
	struct fake_disk *disk = make_disk(seed);
	struct table_mark mark;
	struct table *table = open_table(disk, &mark);
	struct table_view *view = table_view_new(table);
	uint64_t durable = 1, written = 1;
	fake_disk_fail_after(disk, change);
	bool has_failed = false;
	for (uint64_t revision = 2; !has_failed && revision < 80; revision++) {
		struct str key = arena_printf(test_arena(), "k%u", (unsigned)(revision % 7));
		struct table_row row = make_row(revision, key.at, revision % 5 ? "a value" : NULL);
		has_failed = write_one(table, row, &mark) != OK;
		if (!has_failed)
			written = revision;
		uint64_t log_bytes;
		bool is_complete = false;
		if (!has_failed && revision % 10 == 0) {
			has_failed = table_checkpoint(view, &is_complete, &log_bytes, NULL) != OK;
			durable = is_complete && !has_failed ? revision : durable;
		}
	}
	fake_disk_crash(disk);
	table_view_free(view);
	table_close(table);
	struct table_mark found;
	table = open_table(disk, &found);
	CHECK(found.revision >= durable);
	CHECK(found.revision <= written + 1);
	CHECK_EQ(found.applied_index, found.revision - 1);
	view = table_view_new(table);
	range_at(view, found.revision, "a", "z");
	table_view_free(view);
	table_close(table);
	fake_disk_free(disk);
	return has_failed;
}

TEST_SLOW(a_crash_at_any_point_leaves_whole_groups_and_all_that_was_checkpointed, 60)
{
	uint64_t change = 1;
	while (crash_at(change, change) && change < 400)
		change++;
	CHECK(change > 50);
}

TEST(a_crash_while_it_is_made_leaves_none_or_all_of_it)
{
	bool has_failed = true;

	for (uint64_t change = 0; has_failed; change++) {
		struct fake_disk *disk = make_disk(change);
		struct table *table = NULL;
		struct table_mark mark;

		CHECK(change < 200);
		fake_disk_fail_after(disk, change);
		has_failed = table_open(fake_disk_files(disk), fake_disk_random(disk), PATH,
					test_arena(), &table, &mark, NULL) != OK;
		table_close(table);
		fake_disk_crash(disk);
		table = open_table(disk, &mark);
		CHECK_EQ(mark.revision, 1);
		table_close(table);
		fake_disk_free(disk);
	}
}

TEST(what_an_earlier_release_left_without_its_tables_gets_them)
{
	struct fake_disk *disk = make_disk(7);
	const struct seams_files *files = fake_disk_files(disk);
	struct table_mark mark;
	struct seams_file *file;

	CHECK_STATUS(
	    files->open(files->self, PATH, SEAMS_READ | SEAMS_WRITE | SEAMS_CREATE, 0600, &file),
	    OK);
	files->close(files->self, file);
	table_close(open_table(disk, &mark));
	CHECK_EQ(mark.revision, 1);
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
	struct fake_disk *disk = make_disk(1);
	struct table_mark mark;
	struct table *table = make_history(disk, &mark);
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
	CHECK_STR(range_at(view, 7, "a", "z"), "a=2@4 b=2@7 c=1@6 ");
	CHECK_STATUS(write_one(table, make_row(8, "d", "1"), &mark), OK);
	CHECK_STR(range_at(view, 8, "d", NULL), "d=1@8 ");
	table_view_free(view);
	table_close(table);
	fake_disk_free(disk);
}
