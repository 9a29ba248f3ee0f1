#include "datastore/table/table.h"

#include "datastore/table/table-private.h"
#include "tests/lib/fake-disk.h"
#include "tests/lib/test.h"

#define PATH "/data/table.db"
#define ID(revision) ((uint64_t)(revision) << TABLE_PLACE_BITS)
#define BEGIN_S \
	1000000 /* when revision 2 is made; each later one ten seconds after the one before */

struct world {
	struct fake_disk *disk;
	struct table *table;
	struct table_view *view;
	struct table_mark mark;
};

static void open_world(struct world *world)
{
	struct fault why = { 0 };
	CHECK_STATUS(table_open(fake_disk_files(world->disk), fake_disk_random(world->disk), PATH,
				test_arena(), &world->table, &world->mark, &why),
		     OK);
	world->view = table_view_new(world->table);
}

static void close_world(struct world *world)
{
	table_view_free(world->view);
	table_close(world->table);
}

static void put_of(struct world *world, uint64_t revision, uint64_t created, const char *key,
		   const char *value)
{
	struct table_row row = { .id = ID(revision),
				 .key = str_from(key),
				 .value = value ? str_from(value) : STR_NONE,
				 .create_revision = created,
				 .version = 1,
				 .is_delete = !value };
	world->mark.revision = revision;
	world->mark.applied_index++;
	struct table_group group = { .rows = &row,
				     .row_count = 1,
				     .mark = world->mark,
				     .now_s = BEGIN_S + ((int64_t)revision - 2) * 10 };
	CHECK_STATUS(table_write(world->table, &group, NULL), OK);
}

static void put(struct world *world, uint64_t revision, const char *key, const char *value)
{
	put_of(world, revision, revision, key, value);
}

/* a=1@2 b=1@3 a=2@4 (b deleted @5) c=1@6 b=2@7, all but the last compacted */
static struct world make_world(void)
{
	struct world world = { .disk = fake_disk_new(1) };
	const struct seams_files *files = fake_disk_files(world.disk);
	CHECK_STATUS(files->mkdir(files->self, "/data", 0700), OK);
	CHECK_STATUS(files->sync_folder(files->self, "/data"), OK);
	open_world(&world);
	put(&world, 2, "a", "1");
	put(&world, 3, "b", "1");
	put(&world, 4, "a", "2");
	put(&world, 5, "b", NULL);
	put(&world, 6, "c", "1");
	put(&world, 7, "b", "2");
	world.mark.compact_revision = 7;
	CHECK_STATUS(table_write(world.table, &(struct table_group){ .mark = world.mark }, NULL),
		     OK);
	return world;
}

static void free_world(struct world *world)
{
	close_world(world);
	fake_disk_free(world->disk);
}

static void sweep_keeping(struct world *world, const struct table_keep *keep)
{
	bool is_done = false;
	for (int i = 0; !is_done && i < 1000; i++)
		CHECK_STATUS(table_sweep(world->table, keep, 1, &is_done, NULL), OK);
	CHECK(is_done);
}

static void sweep(struct world *world, uint64_t max_bytes, int64_t since_s)
{
	sweep_keeping(world, &(struct table_keep){ .max_bytes = max_bytes, .since_s = since_s });
}

static void print_row(void *arg, const struct table_row *row)
{
	struct text *out = arg;
	text_add(out, row->key);
	text_add_char(out, row->is_delete ? '-' : '=');
	text_add(out, row->value);
	text_printf(out, "@%llu ", (unsigned long long)(row->id >> TABLE_PLACE_BITS));
}

static void print_past(void *arg, const struct table_row *row, int64_t at_s)
{
	print_row(arg, row);
	text_printf(arg, "%+lld ", (long long)(at_s ? at_s - BEGIN_S : -1));
}

static struct str range_of(struct world *world, const char *from, const char *end, uint64_t revision)
{
	struct text out = text_in(test_arena(), 4096);
	struct table_range range = { .from = str_from(from),
				     .end = str_from(end),
				     .revision = revision,
				     .max_bytes = 4096,
				     .is_past = true };
	bool more;
	uint64_t count;
	enum status status = table_range(world->view, &range, print_row, &out, &more, &count);
	return status == OK ? text_str(&out) : str_from(status_name(status));
}

static struct str range_at(struct world *world, uint64_t revision)
{
	return range_of(world, "a", "z", revision);
}

static struct str walk(struct world *world, const char *key, uint64_t below, uint32_t limit)
{
	struct text out = text_in(test_arena(), 4096);
	bool more;
	CHECK_STATUS(table_walk(world->view, str_from(key), below, limit, print_past, &out, &more),
		     OK);
	if (more)
		text_lit(&out, "...");
	return text_str(&out);
}

TEST(what_was_compacted_reads_as_it_was_as_long_as_it_is_kept)
{
	struct world world = make_world();
	struct table_past past;
	sweep(&world, 1U << 20, 0);
	CHECK_STR(range_at(&world, 2), "a=1@2 ");
	CHECK_STR(range_at(&world, 4), "a=2@4 b=1@3 ");
	CHECK_STR(range_at(&world, 5), "a=2@4 ");
	CHECK_STR(range_at(&world, 7), "a=2@4 b=2@7 c=1@6 ");
	CHECK_STATUS(table_past_look(world.view, STR("a"), STR("z"), &past), OK);
	CHECK_EQ(past.oldest, 1);
	CHECK_EQ(past.bytes, 2 * (1 + 1 + 64) + 2 + 128);
	CHECK_STR(walk(&world, "b", 0, 10), "b=2@7 +50 b-@5 +30 b=1@3 +10 ");
	CHECK_STR(walk(&world, "b", 0, 2), "b=2@7 +50 b-@5 +30 ...");
	CHECK_STR(walk(&world, "b", 5, 2), "b=1@3 +10 ");
	CHECK_STR(walk(&world, "nothing", 0, 2), "");
	free_world(&world);
}

TEST(what_is_too_old_goes_and_is_said_to_have_gone)
{
	struct world world = make_world();
	struct table_past past;
	sweep(&world, 1U << 20, BEGIN_S + 25); /* a=1 was superseded at 20 */
	CHECK_STR(range_at(&world, 3), "EXPIRED");
	CHECK_STR(range_at(&world, 4), "a=2@4 b=1@3 ");
	CHECK_STATUS(table_past_look(world.view, STR("a"), STR("z"), &past), OK);
	CHECK_EQ(past.oldest, 4);
	CHECK_EQ(past.since_s, BEGIN_S + 20);
	CHECK_STR(walk(&world, "a", 0, 10), "a=2@4 +20 ");
	sweep(&world, 1U << 20, BEGIN_S + 3600);
	CHECK_STR(range_at(&world, 6), "EXPIRED");
	CHECK_STR(range_at(&world, 7), "a=2@4 b=2@7 c=1@6 ");
	CHECK_STATUS(table_past_look(world.view, STR("a"), STR("z"), &past), OK);
	CHECK_EQ(past.bytes, 0);
	free_world(&world);
}

TEST(what_is_too_much_goes_oldest_first_and_no_more_than_that)
{
	struct world world = make_world();
	struct table_past past;
	sweep(&world, 200, 0);
	CHECK_STATUS(table_past_look(world.view, STR("a"), STR("z"), &past), OK);
	CHECK_EQ(past.bytes, 66 + 130); /* a=1 has gone */
	CHECK_EQ(past.oldest, 4);
	CHECK_STR(range_at(&world, 4), "a=2@4 b=1@3 ");
	sweep(&world, 0, 0);
	CHECK_STATUS(table_past_look(world.view, STR("a"), STR("z"), &past), OK);
	CHECK_EQ(past.bytes, 0);
	CHECK_EQ(past.oldest, 7);
	free_world(&world);
}

TEST(what_is_kept_and_its_weight_survive_a_restart)
{
	struct world world = make_world();
	struct table_past before, after;
	sweep(&world, 200, 0);
	CHECK_STATUS(table_past_look(world.view, STR("a"), STR("z"), &before), OK);
	close_world(&world);
	open_world(&world);
	CHECK_STR(range_at(&world, 4), "a=2@4 b=1@3 ");
	put(&world, 8, "c", NULL);
	world.mark.compact_revision = 8;
	CHECK_STATUS(table_write(world.table, &(struct table_group){ .mark = world.mark }, NULL),
		     OK);
	sweep(&world, 1U << 20, 0);
	CHECK_STATUS(table_past_look(world.view, STR("a"), STR("z"), &after), OK);
	CHECK_EQ(after.bytes, before.bytes + 66 + 130);
	free_world(&world);
}

/* An older release sweeps on and knows nothing of weights: those are taken anew. */
TEST(where_an_older_release_has_swept_the_weight_is_taken_anew)
{
	struct world world = make_world();
	struct table_past past;
	bool is_done;
	sweep(&world, 1U << 20, 0);
	close_world(&world);
	open_world(&world);
	CHECK_STATUS(table_sweep(world.table, NULL, 3, &is_done, NULL), OK); /* up to 4 */
	close_world(&world);
	/* As if `past` had been left alone: it says another swept_id than meta does. */
	open_world(&world);
	sweep(&world, 1U << 20, 0);
	CHECK_STATUS(table_past_look(world.view, STR("a"), STR("z"), &past), OK);
	CHECK_EQ(past.oldest, 4);
	CHECK_EQ(past.bytes, 66 + 130);
	free_world(&world);
}

TEST(a_moment_says_which_revision_was_the_latest)
{
	struct world world = make_world();
	uint64_t revision;
	CHECK_STATUS(table_revision_at(world.view, BEGIN_S - 1, &revision), OK);
	CHECK_EQ(revision, 0);
	CHECK_STATUS(table_revision_at(world.view, BEGIN_S + 25, &revision), OK);
	CHECK_EQ(revision, 4);
	CHECK_STATUS(table_revision_at(world.view, BEGIN_S + 9999, &revision), OK);
	CHECK_EQ(revision, 7);
	free_world(&world);
}

#define COPY "/data/copy.db"

static enum status rewind_copy(struct world *world, struct table_point point, uint64_t *out)
{
	struct table_mark mark;
	struct table_rewound rewound = { .revision = 0 };
	struct fault why = { 0 };
	CHECK_STATUS(table_copy(world->view, COPY, test_arena(), &mark, NULL), OK);
	enum status status =
	    table_rewind(fake_disk_files(world->disk), fake_disk_random(world->disk), COPY, &point,
			 test_arena(), &rewound, &why);
	*out = rewound.revision;
	CHECK(status == OK || why.text[0]);
	return status;
}

TEST(a_copy_is_taken_back_to_what_was)
{
	struct world world = make_world();
	struct table_contents contents;
	uint64_t revision;
	sweep(&world, 1U << 20, 0);
	CHECK_STATUS(rewind_copy(&world, (struct table_point){ .revision = 8 }, &revision),
		     BAD_REQUEST);
	CHECK_STATUS(rewind_copy(&world, (struct table_point){ .at_s = BEGIN_S - 5 }, &revision),
		     EXPIRED);
	CHECK_STATUS(rewind_copy(&world, (struct table_point){ .revision = 5 }, &revision), OK);
	CHECK_EQ(revision, 5);
	CHECK_STATUS(rewind_copy(&world, (struct table_point){ .at_s = BEGIN_S + 25 }, &revision),
		     OK);
	CHECK_EQ(revision, 4);
	CHECK_STATUS(table_examine(fake_disk_files(world.disk), fake_disk_random(world.disk), COPY,
				   test_arena(), &contents, NULL),
		     OK);
	CHECK_EQ(contents.keys, 2);
	CHECK_EQ(contents.rows, 3);
	CHECK_EQ(contents.mark.revision, 4);
	close_world(&world);
	const struct seams_files *files = fake_disk_files(world.disk);
	CHECK_STATUS(files->rename(files->self, COPY, PATH), OK);
	(void)files->unlink(files->self, PATH "-wal");
	open_world(&world);
	CHECK_STR(range_at(&world, 4), "a=2@4 b=1@3 ");
	CHECK_STR(range_at(&world, 2), "a=1@2 ");
	free_world(&world);
}

TEST(a_copy_is_not_taken_back_further_than_its_past_goes)
{
	struct world world = make_world();
	uint64_t revision;
	sweep(&world, 0, 0);
	CHECK_STATUS(rewind_copy(&world, (struct table_point){ .revision = 6 }, &revision), EXPIRED);
	CHECK_STATUS(rewind_copy(&world, (struct table_point){ .revision = 7 }, &revision), OK);
	free_world(&world);
}

/* ---- kinds ---- */

#define PODS "/registry/pods/"
#define SECRETS "/registry/secrets/"

static uint64_t count_rows(struct world *world)
{
	struct table_contents contents;
	struct table_mark mark;
	CHECK_STATUS(table_copy(world->view, COPY, test_arena(), &mark, NULL), OK);
	CHECK_STATUS(table_examine(fake_disk_files(world->disk), fake_disk_random(world->disk),
				   COPY, test_arena(), &contents, NULL),
		     OK);
	return contents.rows;
}

static void compact(struct world *world, uint64_t revision)
{
	world->mark.compact_revision = revision;
	CHECK_STATUS(table_write(world->table, &(struct table_group){ .mark = world->mark }, NULL),
		     OK);
}

/* pods/a=1@2, secrets/s=1@3, pods/a=2@4, secrets/s=2@5, secrets/t=1@6, (secrets/t deleted @7), pods/a=3@8, all compacted */
static struct world make_kinds(void)
{
	struct world world = { .disk = fake_disk_new(1) };
	const struct seams_files *files = fake_disk_files(world.disk);
	CHECK_STATUS(files->mkdir(files->self, "/data", 0700), OK);
	CHECK_STATUS(files->sync_folder(files->self, "/data"), OK);
	open_world(&world);
	put(&world, 2, PODS "a", "1");
	put(&world, 3, SECRETS "s", "1");
	put(&world, 4, PODS "a", "2");
	put_of(&world, 5, 3, SECRETS "s", "2");
	put(&world, 6, SECRETS "t", "1");
	put(&world, 7, SECRETS "t", NULL);
	put(&world, 8, PODS "a", "3");
	compact(&world, 8);
	return world;
}

static const struct str secrets = { SECRETS, sizeof SECRETS - 1 };

static void sweep_without_secrets(struct world *world, uint64_t max_bytes)
{
	sweep_keeping(world, &(struct table_keep){
				 .max_bytes = max_bytes, .without = &secrets, .without_count = 1 });
}

static struct str pods_at(struct world *world, uint64_t revision)
{
	return range_of(world, PODS, "/registry/pods0", revision);
}

static struct str secrets_at(struct world *world, uint64_t revision)
{
	return range_of(world, SECRETS, "/registry/secrets0", revision);
}

TEST(a_kind_is_the_first_parts_of_a_path)
{
	CHECK_STR(table_kind_of(STR("/registry/pods/default/a")), PODS);
	CHECK_STR(table_kind_of(STR("/registry/namespaces/a")), "/registry/namespaces/");
	CHECK_STR(table_kind_of(STR("/registry/example.com/widgets/default/a")),
		  "/registry/example.com/widgets/");
	CHECK_STR(table_kind_of(STR("/registry/example.com")), "");
	CHECK_STR(table_kind_of(STR("/registry/example.com/widgets")), "");
	CHECK_STR(table_kind_of(STR("/registry/")), "");
	CHECK_STR(table_kind_of(STR("foo/bar/x")), "");
	CHECK_STR(table_kind_of(STR("/")), "");
	CHECK_STR(table_kind_of(STR("")), "");
}

TEST(what_is_not_to_be_kept_is_gone_when_it_is_compacted_and_the_rest_is_not)
{
	struct world world = make_kinds();
	sweep_without_secrets(&world, 1U << 20);
	CHECK_STR(pods_at(&world, 2), PODS "a=1@2 ");
	CHECK_STR(pods_at(&world, 7), PODS "a=2@4 ");
	CHECK_STR(secrets_at(&world, 3), "EXPIRED");
	CHECK_STR(secrets_at(&world, 6), "EXPIRED");
	CHECK_STR(secrets_at(&world, 7), SECRETS "s=2@5 ");
	CHECK_STR(range_of(&world, "/registry/", "/registry0", 4), "EXPIRED");
	CHECK_STR(walk(&world, SECRETS "t", 0, 10), "");
	CHECK_STR(walk(&world, SECRETS "s", 0, 10), SECRETS "s=2@5 +30 ");
	CHECK_EQ(count_rows(&world), 4); /* three of the pod, one Secret */
	/* And it stays so over a restart, also when they are to be kept from now on. */
	close_world(&world);
	open_world(&world);
	sweep(&world, 1U << 20, 0);
	CHECK_STR(secrets_at(&world, 6), "EXPIRED");
	put(&world, 9, SECRETS "s", "3");
	compact(&world, 9);
	sweep(&world, 1U << 20, 0);
	CHECK_STR(secrets_at(&world, 8), SECRETS "s=2@5 ");
	CHECK_STR(secrets_at(&world, 6), "EXPIRED");
	free_world(&world);
}

TEST(what_was_kept_goes_when_it_is_not_to_be_kept_any_more)
{
	struct world world = make_kinds();
	sweep(&world, 1U << 20, 0);
	CHECK_STR(secrets_at(&world, 6), SECRETS "s=2@5 " SECRETS "t=1@6 ");
	CHECK_EQ(count_rows(&world), 7);
	sweep_without_secrets(&world, 1U << 20);
	CHECK_STR(secrets_at(&world, 6), "EXPIRED");
	CHECK_STR(pods_at(&world, 2), PODS "a=1@2 ");
	CHECK_EQ(count_rows(&world), 4);
	free_world(&world);
}

TEST(the_kind_that_has_most_gives_first)
{
	struct world world = make_kinds();
	struct table_past past;
	uint64_t revision = 9;
	for (; revision < 60; revision++)
		put(&world, revision, PODS "a", "a value that is longer than the others");
	compact(&world, revision - 1);
	sweep(&world, 1500, 0);
	CHECK_STATUS(table_past_look(world.view, STR_NONE, STR_NONE, &past), OK);
	CHECK(past.bytes <= 1500 && past.bytes > 1200);
	CHECK_STR(secrets_at(&world, 6), SECRETS "s=2@5 " SECRETS "t=1@6 ");
	CHECK_STR(pods_at(&world, 20), "EXPIRED");
	CHECK_STR(pods_at(&world, 58), PODS "a=a value that is longer than the others@58 ");
	CHECK_EQ(past.oldest, 1); /* of what nobody has taken from */
	/* Age takes from all, and what is left weighs nothing. */
	sweep(&world, 1500, BEGIN_S + 100000);
	CHECK_STATUS(table_past_look(world.view, STR_NONE, STR_NONE, &past), OK);
	CHECK_EQ(past.bytes, 0);
	CHECK_STR(secrets_at(&world, 6), "EXPIRED");
	CHECK_EQ(count_rows(&world), 2);
	free_world(&world);
}

TEST(more_kinds_than_can_be_told_apart_count_as_one)
{
	struct world world = make_kinds();
	struct table_past past;
	uint64_t revision = 9;
	for (int i = 0; i < 300; i++) {
		struct str key = arena_printf(test_arena(), "/registry/kind%d/a", i);
		put(&world, revision++, key.at, "1");
		put(&world, revision++, key.at, "2");
	}
	compact(&world, revision - 1);
	struct table_keep keep = { .max_bytes = 1U << 20 };
	bool is_done = false;
	for (int i = 0; !is_done && i < 100; i++)
		CHECK_STATUS(table_sweep(world.table, &keep, 100, &is_done, NULL), OK);
	CHECK(is_done);
	CHECK_STR(range_of(&world, "/registry/kind7/", "/registry/kind70", 9 + 14),
		  "/registry/kind7/a=1@23 ");
	CHECK_STR(range_of(&world, "/registry/kind299/", "/registry/kind2990", revision - 2),
		  arena_printf(test_arena(), "/registry/kind299/a=1@%d ", (int)revision - 2).at);
	CHECK_STATUS(table_past_look(world.view, STR("/registry/kind299/a"), STR_NONE, &past), OK);
	CHECK_EQ(past.oldest, 1);
	free_world(&world);
}

/* As an older release leaves it, which goes by meta alone and sweeps from there. */
TEST(where_an_older_release_went_on_nothing_is_read_that_it_took_and_nothing_is_left)
{
	struct world world = make_kinds();
	struct table_past past;
	bool is_done;
	sweep_without_secrets(&world, 1U << 20);
	put(&world, 9, PODS "a", "4");
	put(&world, 10, PODS "a", "5");
	compact(&world, 10);
	close_world(&world);
	open_world(&world);
	CHECK_EQ(sqlite3_exec(world.table->db,
			      "DELETE FROM hist WHERE id IN (SELECT prev FROM hist, meta"
			      " WHERE id > swept_id AND id <= 9 << 20);"
			      "UPDATE meta SET swept_id = 9 << 20",
			      NULL, NULL, NULL),
		 SQLITE_OK);
	close_world(&world);
	open_world(&world);
	CHECK_STATUS(table_past_look(world.view, STR(PODS), STR("/registry/pods0"), &past), OK);
	CHECK_EQ(past.oldest, 9);
	CHECK_STR(pods_at(&world, 7), "EXPIRED");
	CHECK_STR(pods_at(&world, 9), PODS "a=4@9 ");
	CHECK_STATUS(table_sweep(world.table, &(struct table_keep){ .max_bytes = 4096 }, 100,
				 &is_done, NULL),
		     OK);
	sweep(&world, 1U << 20, 0);
	CHECK_EQ(count_rows(&world), 3); /* two of the pod, one Secret */
	CHECK_STR(pods_at(&world, 9), PODS "a=4@9 ");
	free_world(&world);
}

TEST(a_copy_is_taken_back_and_says_of_which_kinds_it_could_not)
{
	struct world world = make_kinds();
	struct table_rewound rewound = { .revision = 0 };
	struct table_point point = { .revision = 4 };
	struct table_contents contents;
	struct table_mark mark;
	put(&world, 9, SECRETS "u", "1");
	compact(&world, 9);
	sweep_without_secrets(&world, 1U << 20);
	CHECK_STATUS(table_copy(world.view, COPY, test_arena(), &mark, NULL), OK);
	CHECK_STATUS(table_rewind(fake_disk_files(world.disk), fake_disk_random(world.disk), COPY,
				  &point, test_arena(), &rewound, NULL),
		     OK);
	CHECK_EQ(rewound.revision, 4);
	CHECK_STR(rewound.lost, SECRETS);
	CHECK_STATUS(table_examine(fake_disk_files(world.disk), fake_disk_random(world.disk), COPY,
				   test_arena(), &contents, NULL),
		     OK);
	close_world(&world);
	const struct seams_files *files = fake_disk_files(world.disk);
	CHECK_STATUS(files->rename(files->self, COPY, PATH), OK);
	(void)files->unlink(files->self, PATH "-wal");
	open_world(&world);
	CHECK_EQ(world.mark.revision, 4);
	/* Of the Secrets the one that was there then, as it is now; the one that was made since is gone. */
	CHECK_STR(range_of(&world, "/registry/", "/registry0", 4), PODS "a=2@4 " SECRETS "s=2@4 ");
	CHECK_STR(pods_at(&world, 2), PODS "a=1@2 ");
	put(&world, 5, SECRETS "s", "3");
	compact(&world, 5);
	sweep(&world, 1U << 20, 0);
	CHECK_STR(secrets_at(&world, 4), SECRETS "s=2@4 ");
	free_world(&world);
}
