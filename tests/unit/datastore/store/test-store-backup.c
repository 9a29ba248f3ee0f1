/* Copies of the database for whoever keeps them elsewhere. */
#include "datastore/table/table.h"
#include "tests/lib/test.h"
#include "tests/unit/datastore/store/lab.h"

#define COPY "/data/backup.db"

static struct store_backup_answer *back_up(struct lab *lab, const char *path, uint64_t min_revision,
					   enum status *status)
{
	struct store_backup ask = { .path = str_from(path), .min_revision = min_revision };

	return lab_ask(lab, &store_backup_type, &ask, status);
}

TEST(a_backup_has_what_was_acknowledged_before_and_the_store_goes_on)
{
	struct fake_disk *disk = fake_disk_new(1);
	struct lab *lab = lab_open(disk, 0);
	struct table_contents contents;
	struct store_backup_answer *answer;
	uint64_t revision;

	lab_wait_ready(lab);
	lab_put(lab, "/a", "1", STORE_ANY_REVISION);
	lab_put(lab, "/b", "2", STORE_ANY_REVISION);
	revision = lab_delete(lab, "/a", STORE_ANY_REVISION)->revision;
	lab_run(lab, 100);
	answer = back_up(lab, COPY, revision, NULL);
	CHECK_STATUS(answer->status, OK);
	CHECK_EQ(answer->revision, revision);
	CHECK_EQ(answer->keys, 1);
	CHECK_STATUS(table_examine(fake_disk_files(disk), fake_disk_random(disk), COPY,
				   test_arena(), &contents, NULL),
		     OK);
	CHECK_EQ(contents.keys, 1);
	CHECK_EQ(contents.mark.revision, revision);
	CHECK_STATUS(lab_put(lab, "/c", "3", STORE_ANY_REVISION)->status, OK);
	lab_close(lab);
	fake_disk_free(disk);
}

TEST(a_backup_of_what_is_not_written_yet_is_to_be_asked_for_again)
{
	struct fake_disk *disk = fake_disk_new(2);
	struct lab *lab = lab_open(disk, 0);
	enum status status = OK;
	uint64_t revision;

	lab_wait_ready(lab);
	revision = lab_put(lab, "/a", "1", STORE_ANY_REVISION)->revision;
	CHECK(back_up(lab, COPY, revision + 1, &status) == NULL);
	CHECK_STATUS(status, BUSY);
	CHECK(back_up(lab, "not/from/the/root", 0, &status) == NULL);
	CHECK_STATUS(status, BAD_REQUEST);
	for (int i = 0; i < 100 && status != OK; i++) {
		struct store_backup_answer *answer = back_up(lab, COPY, revision, &status);

		status = answer != NULL ? answer->status : BUSY;
		lab_run(lab, 10);
	}
	CHECK_STATUS(status, OK);
	lab_close(lab);
	fake_disk_free(disk);
}

TEST(a_backup_that_the_disk_refuses_leaves_no_file_and_says_why)
{
	struct fake_disk *disk = fake_disk_new(3);
	const struct seams_files *files = fake_disk_files(disk);
	struct lab *lab = lab_open(disk, 0);
	struct store_backup_answer *answer;
	struct seams_stat stat;

	lab_wait_ready(lab);
	lab_put(lab, "/a", "1", STORE_ANY_REVISION);
	lab_run(lab, 100);
	fake_disk_set_full(disk, true);
	answer = back_up(lab, COPY, 0, NULL);
	fake_disk_set_full(disk, false);
	CHECK_STATUS(answer->status, FULL);
	CHECK(answer->words.len > 0);
	CHECK_STATUS(files->stat(files->self, COPY, &stat), NOT_FOUND);
	CHECK_STATUS(lab_put(lab, "/b", "2", STORE_ANY_REVISION)->status, OK);
	lab_close(lab);
	fake_disk_free(disk);
}

static void move_file(struct fake_disk *from, const char *path, struct fake_disk *to, const char *as)
{
	const struct seams_files *in = fake_disk_files(from), *out = fake_disk_files(to);
	struct seams_file *source, *target;
	uint64_t size;
	size_t len;

	CHECK_STATUS(in->open(in->self, path, SEAMS_READ, 0, &source), OK);
	CHECK_STATUS(in->size(in->self, source, &size), OK);
	char *bytes = arena_alloc(test_arena(), size);
	CHECK_STATUS(in->read(in->self, source, bytes, size, 0, &len), OK);
	in->close(in->self, source);
	CHECK_STATUS(out->open(out->self, as, SEAMS_WRITE | SEAMS_CREATE, 0600, &target), OK);
	CHECK_STATUS(out->write(out->self, target, bytes, len, 0), OK);
	CHECK_STATUS(out->sync(out->self, target), OK);
	out->close(out->self, target);
}

/* A disk with nothing but the state of another store, at revision 1000. */
static struct fake_disk *make_restored(void)
{
	struct fake_disk *disk = fake_disk_new(4), *other = fake_disk_new(5);
	const struct seams_files *files = fake_disk_files(other);
	struct lab *lab = lab_open(disk, 0);
	struct table_mark mark = {
		.revision = 1000, .compact_revision = 1000, .applied_index = 1, .applied_term = 1
	};

	lab_wait_ready(lab);
	lab_put(lab, "/a", "1", STORE_ANY_REVISION);
	lab_put(lab, "/b", "2", STORE_ANY_REVISION);
	lab_run(lab, 100);
	CHECK_STATUS(back_up(lab, COPY, 0, NULL)->status, OK);
	CHECK_STATUS(files->mkdir(files->self, "/data", 0700), OK);
	CHECK_STATUS(files->sync_folder(files->self, "/"), OK);
	move_file(disk, COPY, other, "/data/table.db");
	CHECK_STATUS(
	    table_adopt(files, fake_disk_random(other), "/data/table.db", STR_NONE, &mark, NULL),
	    OK);
	CHECK_STATUS(files->sync_folder(files->self, "/data"), OK);
	lab_close(lab);
	fake_disk_free(disk);
	return other;
}

TEST(a_restored_state_is_that_of_a_new_cluster_whose_revisions_go_on_above)
{
	struct fake_disk *disk = make_restored();
	struct lab *lab = lab_open(disk, 0);

	lab_wait_ready(lab);
	CHECK_EQ(lab_status(lab)->member_count, 1);
	CHECK_EQ(lab_status(lab)->role, STORE_VOTER);
	CHECK_EQ(lab_status(lab)->revision, 1000);
	CHECK_EQ(lab_range(lab, "/", "0", 0)->row_count, 2);
	CHECK_STATUS(lab_range(lab, "/", "0", 3)->status, EXPIRED);
	struct store_watch watch = { .watch = 1, .key = STR("/"), .end = STR("0"), .from = 3 };
	struct store_watch_answer *refused = lab_ask(lab, &store_watch_type, &watch, NULL);
	CHECK_STATUS(refused->status, EXPIRED);
	watch.from = 1001;
	CHECK_STATUS(
	    ((struct store_watch_answer *)lab_ask(lab, &store_watch_type, &watch, NULL))->status,
	    OK);
	CHECK_EQ(lab_put(lab, "/c", "3", STORE_ANY_REVISION)->revision, 1001);
	lab_close(lab);
	fake_disk_free(disk);
}

/* Whenever its machine loses power it is the same cluster, and a copy for a member has the members in it. */
TEST(a_restored_store_stays_what_it_became)
{
	struct fake_disk *disk = make_restored();
	struct table_contents contents;
	uint64_t id = 0;

	for (uint64_t life = 0; life < 6; life++) {
		struct lab *lab = lab_open(disk, 0);

		lab_wait_ready(lab);
		CHECK(id == 0 || id == lab_status(lab)->id);
		id = lab_status(lab)->id;
		CHECK_EQ(lab_put(lab, "/c", "3", STORE_ANY_REVISION)->revision, 1001 + life);
		lab_run(lab, life * 15);
		lab_crash(lab);
	}
	struct lab *lab = lab_open(disk, 0);
	lab_wait_ready(lab);
	lab_run(lab, 1000);
	CHECK_STATUS(back_up(lab, COPY, 0, NULL)->status, OK);
	CHECK_STATUS(table_examine(fake_disk_files(disk), fake_disk_random(disk), COPY,
				   test_arena(), &contents, NULL),
		     OK);
	CHECK_EQ(contents.mark.members_index, 1);
	CHECK(contents.mark.members.len > 0);
	CHECK_EQ(contents.keys, 3);
	lab_close(lab);
	fake_disk_free(disk);
}
