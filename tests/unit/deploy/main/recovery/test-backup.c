#include "deploy/main/backup/backup.h"

#include "datastore/table/table.h"
#include "deploy/main/recovery/restore.h"
#include "tests/lib/fake-disk.h"
#include "tests/lib/test.h"

#define TABLE "/data/table.db"
#define FILE_PATH "/data/b.troupe"
#define NEW "/new"
#define NOW ((struct wall){ INT64_C(1790000000) * TIME_S })

static const char *const keys[] = { "/registry/a", "/registry/b", "/troupe/nodes/n1" };

static void make_folder(const struct seams_files *files, const char *path)
{
	CHECK_STATUS(files->mkdir(files->self, path, 0700), OK);
	CHECK_STATUS(files->sync_folder(files->self, "/"), OK);
}

static struct fake_disk *make_disk(uint64_t seed)
{
	struct fake_disk *disk = fake_disk_new(seed);
	const struct seams_files *files = fake_disk_files(disk);
	struct table *table = NULL;
	struct table_mark mark;

	make_folder(files, "/data");
	make_folder(files, NEW);
	CHECK_STATUS(
	    table_open(files, fake_disk_random(disk), TABLE, test_arena(), &table, &mark, NULL), OK);
	for (uint64_t i = 0; i < 3; i++) {
		struct table_row row = { .id = (i + 2) << TABLE_PLACE_BITS,
					 .key = str_from(keys[i]),
					 .value = STR("value"),
					 .create_revision = i + 2,
					 .version = 1 };
		struct table_group group = { .rows = &row, .row_count = 1 };

		mark.revision = i + 2;
		group.mark = mark;
		CHECK_STATUS(table_write(table, &group, NULL), OK);
	}
	table_close(table);
	CHECK_STATUS(files->sync_folder(files->self, "/data"), OK);
	return disk;
}

static const struct pki *make_keys(void)
{
	struct pki *pki = arena_new_of(test_arena(), struct pki);

	CHECK_STATUS(pki_create(NOW, false, test_arena(), pki, NULL), OK);
	return pki;
}

static enum status write_backup(struct fake_disk *disk, const struct pki *pki, uint64_t keys_said,
				struct fault *why)
{
	struct backup_contents contents = {
		.cluster = "c", .node = "n1", .made = NOW, .revision = 4, .keys = keys_said
	};

	return backup_write(fake_disk_files(disk), FILE_PATH, STR_NONE, TABLE, pki, &contents, why);
}

static bool is_there(struct fake_disk *disk, const char *path)
{
	struct seams_stat stat;

	return fake_disk_files(disk)->stat(fake_disk_files(disk)->self, path, &stat) == OK;
}

TEST(a_backup_that_was_made_can_be_tried_and_says_what_it_is)
{
	struct fake_disk *disk = make_disk(1);
	struct backup_contents contents;

	CHECK_STATUS(write_backup(disk, make_keys(), 3, NULL), OK);
	CHECK_STATUS(backup_try(fake_disk_files(disk), FILE_PATH, STR_NONE, "/data/scratch",
				&contents, NULL),
		     OK);
	CHECK_EQ(contents.revision, 4);
	CHECK_EQ(contents.keys, 3);
	CHECK_STR(str_from(contents.cluster), "c");
	CHECK(contents.made.ns == NOW.ns);
	CHECK(!is_there(disk, "/data/scratch"));
	CHECK(!is_there(disk, FILE_PATH ".new"));
	CHECK(!is_there(disk, FILE_PATH ".trial"));
	fake_disk_free(disk);
}

TEST(a_backup_that_is_not_what_it_should_be_does_not_take_the_place_of_a_good_one)
{
	struct fake_disk *disk = make_disk(2);
	struct fault why = { 0 };
	struct pki without;

	CHECK_STATUS(write_backup(disk, make_keys(), 4, &why), CORRUPT);
	CHECK(str_find(str_from(why.text), STR("has 3 at 4")) >= 0);
	CHECK(!is_there(disk, FILE_PATH));
	without = *make_keys();
	without.service_account_key_pem = STR_NONE;
	CHECK_STATUS(write_backup(disk, &without, 3, &why), CORRUPT);
	CHECK(str_find(str_from(why.text), STR("service accounts")) >= 0);
	CHECK(!is_there(disk, FILE_PATH));
	CHECK(!is_there(disk, FILE_PATH ".new"));
	fake_disk_free(disk);
}

TEST(whatever_the_disk_refuses_the_backup_before_stays_as_it_was)
{
	struct fake_disk *disk = make_disk(3);
	const struct pki *pki = make_keys();
	struct backup_contents contents;
	struct fault why = { 0 };
	uint64_t changes;

	CHECK_STATUS(write_backup(disk, pki, 3, NULL), OK);
	changes = fake_disk_changes(disk);
	CHECK_STATUS(write_backup(disk, pki, 3, NULL), OK);
	changes = fake_disk_changes(disk) - changes;
	for (uint64_t i = 1; i <= changes; i++) {
		enum status status;

		fake_disk_fail_after(disk, i);
		status = write_backup(disk, pki, 3, &why);
		fake_disk_fail_after(disk, 0);
		CHECK(status != OK ||
		      i == changes); /* the last one removes what was tried, or syncs */
		CHECK(status == OK || why.text[0] != '\0');
		CHECK_STATUS(backup_try(fake_disk_files(disk), FILE_PATH, STR_NONE, "/data/scratch",
					&contents, NULL),
			     OK);
	}
	fake_disk_free(disk);
}

/* ---- restoring ---- */

static enum status restore(struct fake_disk *disk, struct restored *out, struct fault *why)
{
	return restore_run(fake_disk_files(disk), FILE_PATH, STR_NONE, NULL, NEW, out, why);
}

TEST(a_restored_directory_has_state_and_keys_of_a_new_cluster)
{
	struct fake_disk *disk = make_disk(4);
	const struct seams_files *files = fake_disk_files(disk);
	const struct pki *pki = make_keys();
	struct restored restored;
	struct table_contents contents;
	char cluster[RESTORE_CLUSTER_BYTES];
	struct pki loaded;

	CHECK_STATUS(restore_read(files, NEW, cluster, NULL), NOT_FOUND);
	CHECK_STATUS(write_backup(disk, pki, 3, NULL), OK);
	CHECK_STATUS(restore(disk, &restored, NULL), OK);
	CHECK_EQ(restored.revision, 4 + RESTORE_REVISIONS);
	CHECK_STATUS(restore_read(files, NEW, cluster, NULL), OK);
	CHECK_STR(str_from(cluster), restored.cluster);
	CHECK_STATUS(table_examine(files, fake_disk_random(disk), NEW "/store/table.db",
				   test_arena(), &contents, NULL),
		     OK);
	CHECK_EQ(contents.keys, 2); /* not what the old one knew of its machines */
	CHECK_EQ(contents.mark.revision, restored.revision);
	CHECK_EQ(contents.mark.compact_revision, restored.revision);
	CHECK_EQ(contents.mark.members_index, 0);
	CHECK_STATUS(pki_load(files, NEW "/pki", test_arena(), &loaded, NULL), OK);
	CHECK(str_eq(loaded.ca.key_pem, pki->ca.key_pem));
	CHECK(loaded.node.certificate_pem.at == NULL);
	fake_disk_free(disk);
}

TEST(a_directory_with_something_in_it_is_refused)
{
	struct fake_disk *disk = make_disk(5);
	const struct seams_files *files = fake_disk_files(disk);
	struct restored restored;
	struct fault why = { 0 };

	CHECK_STATUS(write_backup(disk, make_keys(), 3, NULL), OK);
	CHECK_STATUS(files->mkdir(files->self, NEW "/pki", 0700), OK);
	CHECK_STATUS(restore(disk, &restored, &why), CONFLICT);
	CHECK(str_find(str_from(why.text), STR("not empty (pki is in it)")) >= 0);
	CHECK(!is_there(disk, NEW "/restoring"));
	fake_disk_free(disk);
}

TEST(a_restore_that_is_cut_short_is_no_cluster_until_it_was_run_again)
{
	struct fake_disk *disk = make_disk(6);
	const struct seams_files *files = fake_disk_files(disk);
	char cluster[RESTORE_CLUSTER_BYTES];
	struct restored restored;
	uint64_t changes;

	CHECK_STATUS(write_backup(disk, make_keys(), 3, NULL), OK);
	changes = fake_disk_changes(disk);
	CHECK_STATUS(restore(disk, &restored, NULL), OK);
	changes = fake_disk_changes(disk) - changes;
	for (uint64_t i = 1; i < changes; i++) {
		struct fake_disk *again = make_disk(100 + i);

		files = fake_disk_files(again);
		CHECK_STATUS(write_backup(again, make_keys(), 3, NULL), OK);
		fake_disk_fail_after(again, i);
		CHECK(restore(again, &restored, NULL) != OK);
		fake_disk_crash(again);
		CHECK(restore_read(files, NEW, cluster, NULL) != OK);
		CHECK_STATUS(restore(again, &restored, NULL), OK);
		CHECK_STATUS(restore_read(files, NEW, cluster, NULL), OK);
		CHECK_STR(str_from(cluster), restored.cluster);
		fake_disk_free(again);
	}
	fake_disk_free(disk);
}
