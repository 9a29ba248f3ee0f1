#include "datastore/table/table.h"
#include "tests/lib/fake-disk.h"
#include "tests/lib/test.h"

#define PATH "/data/table.db"
#define COPY "/data/copy.db"
#define ID(revision) ((uint64_t)(revision) << TABLE_PLACE_BITS)

static void put(struct table *table, uint64_t revision, const char *key, const char *value,
		struct table_mark *mark)
{
	struct table_row row = { .id = ID(revision),
				 .key = str_from(key),
				 .value = str_from(value),
				 .create_revision = revision,
				 .version = 1,
				 .request = 4711,
				 .is_delete = value == NULL };
	struct table_group group = { .rows = &row, .row_count = 1 };

	mark->revision = revision;
	mark->applied_index++;
	group.mark = *mark;
	CHECK_STATUS(table_write(table, &group, NULL), OK);
}

/* A copy of four changes that leave two keys. */
static struct fake_disk *make_copy(uint64_t seed)
{
	struct fake_disk *disk = fake_disk_new(seed);
	const struct seams_files *files = fake_disk_files(disk);
	struct table *table = NULL;
	struct table_view *view;
	struct table_mark mark;

	CHECK_STATUS(files->mkdir(files->self, "/data", 0700), OK);
	CHECK_STATUS(files->sync_folder(files->self, "/data"), OK);
	CHECK_STATUS(
	    table_open(files, fake_disk_random(disk), PATH, test_arena(), &table, &mark, NULL), OK);
	view = table_view_new(table);
	put(table, 2, "a", "1", &mark);
	put(table, 3, "b", "2", &mark);
	put(table, 4, "c", "3", &mark);
	put(table, 5, "b", NULL, &mark);
	CHECK_STATUS(table_copy(view, COPY, test_arena(), &mark, NULL), OK);
	table_view_free(view);
	table_close(table);
	return disk;
}

static enum status examine(struct fake_disk *disk, const char *path, struct table_contents *out,
			   struct fault *why)
{
	return table_examine(fake_disk_files(disk), fake_disk_random(disk), path, test_arena(), out,
			     why);
}

/* Counts what of the copy is written and not yet synced. */
static struct wary {
	const struct seams_files *under;
	struct seams_file *copy;
	uint64_t unsynced, most;
} wary;

static enum status wary_open(void *self, const char *path, uint32_t flags, uint32_t mode,
			     struct seams_file **out)
{
	enum status status = wary.under->open(self, path, flags, mode, out);

	if (status == OK && strcmp(path, COPY) == 0)
		wary.copy = *out;
	return status;
}

static enum status wary_write(void *self, struct seams_file *file, const void *at, size_t len,
			      uint64_t offset)
{
	if (file == wary.copy)
		wary.unsynced += len;
	if (wary.unsynced > wary.most)
		wary.most = wary.unsynced;
	return wary.under->write(self, file, at, len, offset);
}

static enum status wary_sync(void *self, struct seams_file *file)
{
	if (file == wary.copy)
		wary.unsynced = 0;
	return wary.under->sync(self, file);
}

TEST(a_large_copy_does_not_have_the_disk_wait_for_all_of_it_at_once)
{
	struct fake_disk *disk = fake_disk_new(1);
	struct seams_files files = *fake_disk_files(disk);
	struct table *table = NULL;
	struct table_view *view;
	struct table_mark mark;
	char *value = arena_zalloc(test_arena(), MIB + 1);

	wary.under = fake_disk_files(disk);
	files.open = wary_open;
	files.write = wary_write;
	files.sync = wary_sync;
	CHECK_STATUS(files.mkdir(files.self, "/data", 0700), OK);
	CHECK_STATUS(
	    table_open(&files, fake_disk_random(disk), PATH, test_arena(), &table, &mark, NULL), OK);
	memset(value, 'x', MIB);
	for (uint64_t i = 0; i < 16; i++)
		put(table, 2 + i, arena_printf(test_arena(), "k%ju", (uintmax_t)i).at, value, &mark);
	view = table_view_new(table);
	CHECK_STATUS(table_copy(view, COPY, test_arena(), &mark, NULL), OK);
	CHECK_EQ(mark.revision, 17);
	CHECK(wary.most > 128 * KIB);
	CHECK(wary.most < MIB);
	CHECK_EQ(wary.unsynced, 0);
	table_view_free(view);
	table_close(table);
	fake_disk_free(disk);
}

TEST(a_copy_says_what_is_in_it)
{
	struct fake_disk *disk = make_copy(1);
	struct table_contents contents;

	CHECK_STATUS(examine(disk, COPY, &contents, NULL), OK);
	CHECK_EQ(contents.keys, 2);
	CHECK_EQ(contents.rows, 4);
	CHECK_EQ(contents.mark.revision, 5);
	CHECK_EQ(contents.mark.applied_index, 4);
	fake_disk_free(disk);
}

TEST(what_is_not_there_is_not_made)
{
	struct fake_disk *disk = make_copy(2);
	struct table_contents contents;
	struct seams_stat stat;
	const struct seams_files *files = fake_disk_files(disk);

	CHECK_STATUS(examine(disk, "/data/other.db", &contents, NULL), NOT_FOUND);
	CHECK_STATUS(files->stat(files->self, "/data/other.db", &stat), NOT_FOUND);
	fake_disk_free(disk);
}

/* A bit of any page is either noticed or lies where nothing is kept. */
TEST(a_damaged_copy_is_never_taken_for_a_whole_one)
{
	struct fake_disk *disk = make_copy(3);
	const struct seams_files *files = fake_disk_files(disk);
	struct table_contents whole, contents;
	struct seams_stat stat;
	unsigned noticed = 0;

	CHECK_STATUS(examine(disk, COPY, &whole, NULL), OK);
	CHECK_STATUS(files->stat(files->self, COPY, &stat), OK);
	for (uint64_t page = 0; page < stat.size_bytes / 4096; page++) {
		struct fault why = { 0 };
		enum status status;

		fake_disk_damage(disk, COPY, page * 4096 + (page == 0 ? 100 : 0)); /* its kind */
		status = examine(disk, COPY, &contents, &why);
		noticed += status != OK;
		CHECK(status == OK || why.text[0] != '\0');
		fake_disk_damage(disk, COPY, page * 4096 + (page == 0 ? 100 : 0));
	}
	CHECK(noticed > 0);
	CHECK_STATUS(examine(disk, COPY, &contents, NULL), OK);
	CHECK_EQ(contents.keys, whole.keys);
	fake_disk_free(disk);
}

static void count_request(void *arg, uint64_t request, uint64_t revision, bool is_failure_branch)
{
	(void)request;
	(void)revision;
	(void)is_failure_branch;
	++*(unsigned *)arg;
}

static void count_key(void *arg, const struct table_row *row)
{
	(void)row;
	*(unsigned *)arg += 1000;
}

static void ignore_lease(void *arg, const struct table_lease *lease)
{
	(void)arg;
	(void)lease;
}

TEST(an_adopted_copy_stands_for_its_new_mark_even_after_a_power_failure)
{
	struct fake_disk *disk = make_copy(4);
	const struct seams_files *files = fake_disk_files(disk);
	struct table_mark mark = { .revision = 1000,
				   .compact_revision = 999,
				   .chain = 7,
				   .applied_index = 1,
				   .applied_term = 1,
				   .members_index = 1,
				   .members = STR("somebody") };
	struct table_contents contents;
	struct table *table = NULL;
	unsigned seen = 0;
	struct table_loader loader = {
		.arg = &seen, .lease = ignore_lease, .key = count_key, .request = count_request
	};

	CHECK_STATUS(files->sync_folder(files->self, "/data"), OK);
	CHECK_STATUS(table_adopt(files, fake_disk_random(disk), COPY, STR("a"), &mark, NULL), OK);
	fake_disk_crash(disk);
	CHECK_STATUS(examine(disk, COPY, &contents, NULL), OK);
	CHECK_EQ(contents.mark.revision, 1000);
	CHECK_EQ(contents.mark.compact_revision, 999);
	CHECK_EQ(contents.keys, 1);
	CHECK_STR(contents.mark.members, "somebody");
	CHECK_STATUS(
	    table_open(files, fake_disk_random(disk), COPY, test_arena(), &table, &mark, NULL), OK);
	CHECK_EQ(mark.applied_index, 1);
	CHECK_STATUS(table_load(table, &loader, 0, NULL), OK);
	CHECK_EQ(seen, 1000); /* one of two keys, and no request of the cluster that was */
	table_close(table);
	fake_disk_free(disk);
}
