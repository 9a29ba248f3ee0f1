#include "deploy/main/migration/export.h"
#include "deploy/main/migration/import.h"
#include "tests/lib/fake-disk.h"
#include "tests/lib/test.h"

#define TABLE "/data/table.db"
#define FILE_PATH "/data/old.db"
#define NEW "/new"
#define NOW ((struct wall){ INT64_C(1790000000) * TIME_S })

static const struct table_row rows[] = {
	{ .id = 2 << TABLE_PLACE_BITS, .key = { "/registry/a", 11 }, .value = { "a", 1 } },
	{ .id = 3 << TABLE_PLACE_BITS, .key = { "/registry/b", 11 }, .lease = 7 },
	{ .id = (3 << TABLE_PLACE_BITS) + 1, .key = { "/registry/c", 11 }, .lease = 8 },
	{ .id = 4 << TABLE_PLACE_BITS, .key = { "/troupe/nodes/n", 15 }, .value = { "n", 1 } },
	{ .id = 5 << TABLE_PLACE_BITS, .key = { "/registry/a", 11 }, .value = { "z", 1 } },
	{ .id = 6 << TABLE_PLACE_BITS, .key = { "/registry/d", 11 }, .value = { "d", 1 } },
	{ .id = 7 << TABLE_PLACE_BITS, .key = { "/registry/d", 11 }, .is_delete = true },
};
#define ROWS (sizeof rows / sizeof rows[0])

static void make_folder(const struct seams_files *files, const char *path)
{
	CHECK_STATUS(files->mkdir(files->self, path, 0700), OK);
	CHECK_STATUS(files->sync_folder(files->self, "/"), OK);
}

/* A table of two keys without a value of a byte, one of them large, with leases of which one has ended. */
static struct fake_disk *make_disk(uint64_t seed)
{
	struct fake_disk *disk = fake_disk_new(seed);
	const struct seams_files *files = fake_disk_files(disk);
	const struct table_lease lease = { 7, 60 };
	struct text large = text_in(test_arena(), 64 * KIB);
	struct table *table;
	struct table_mark mark;

	while (large.len < 20000)
		text_add_char(&large, (char)large.len);
	make_folder(files, "/data");
	make_folder(files, NEW);
	CHECK_STATUS(
	    table_open(files, fake_disk_random(disk), TABLE, test_arena(), &table, &mark, NULL), OK);
	for (uint32_t i = 0; i < ROWS; i++) {
		struct table_row row = rows[i];
		struct table_group group = { .rows = &row, .row_count = 1 };

		row.create_revision = row.id >> TABLE_PLACE_BITS;
		row.version = i + 1;
		if (row.lease == 8)
			row.value = text_str(&large);
		if (i == 0) {
			group.leases = &lease;
			group.lease_count = 1;
		}
		mark.revision = row.id >> TABLE_PLACE_BITS;
		group.mark = mark;
		CHECK_STATUS(table_write(table, &group, NULL), OK);
	}
	table_close(table);
	CHECK_STATUS(files->sync_folder(files->self, "/data"), OK);
	return disk;
}

static enum status write_export(struct fake_disk *disk, struct exported *out, struct fault *why)
{
	return export_write(fake_disk_files(disk), TABLE, FILE_PATH, out, why);
}

static bool is_there(struct fake_disk *disk, const char *path)
{
	struct seams_stat stat;

	return fake_disk_files(disk)->stat(fake_disk_files(disk)->self, path, &stat) == OK;
}

static struct source *open_source(struct fake_disk *disk)
{
	struct source *source;

	CHECK_STATUS(source_open(fake_disk_files(disk), FILE_PATH, NULL, &source, NULL), OK);
	return source;
}

static enum status tell(void *arg, const struct table_row *row, struct fault *why)
{
	(void)why;
	text_printf(arg, STR_FMT "@%ju/%u:%ju,%ju,%ju,%u ", STR_ARG(row->key),
		    (uintmax_t)(row->id >> TABLE_PLACE_BITS),
		    (unsigned)(row->id & ((1U << TABLE_PLACE_BITS) - 1)),
		    (uintmax_t)row->create_revision, (uintmax_t)row->version, (uintmax_t)row->lease,
		    row->value.len);
	return OK;
}

static struct str told(struct fake_disk *disk)
{
	struct source *source = open_source(disk);
	struct text out = text_in(test_arena(), 4 * KIB);

	CHECK_STATUS(source_each(source, tell, &out, NULL), OK);
	text_printf(&out, "until %ju", (uintmax_t)source_revision(source));
	CHECK_EQ(source_lease_ttl_s(source, 7), 60);
	CHECK_EQ(source_lease_ttl_s(source, 8), 0);
	source_close(source);
	return text_str(&out);
}

TEST(what_lives_in_a_table_is_exported_as_it_is)
{
	struct fake_disk *disk = make_disk(1);
	struct exported exported;

	CHECK_STATUS(write_export(disk, &exported, NULL), OK);
	CHECK_EQ(exported.keys, 3);
	CHECK_EQ(exported.revision, 7);
	CHECK_STR(told(disk), "/registry/b@3/0:3,2,7,0 /registry/c@3/1:3,3,8,20000 "
			      "/registry/a@5/0:5,5,0,1 until 7");
	CHECK(!is_there(disk, FILE_PATH ".new"));
	fake_disk_free(disk);
}

TEST(whatever_the_disk_refuses_the_export_before_stays_as_it_was)
{
	struct fake_disk *disk = make_disk(2);
	struct exported exported;
	struct str before;
	uint64_t changes;

	CHECK_STATUS(write_export(disk, &exported, NULL), OK);
	before = told(disk);
	changes = fake_disk_changes(disk);
	CHECK_STATUS(write_export(disk, &exported, NULL), OK);
	changes = fake_disk_changes(disk) - changes;
	CHECK(changes > 3);
	for (uint64_t i = 1; i <= changes; i++) {
		struct fault why = { 0 };
		enum status status;

		fake_disk_fail_after(disk, i);
		status = write_export(disk, &exported, &why);
		fake_disk_fail_after(disk, 0);
		CHECK(status == OK || why.text[0] != '\0');
		CHECK(str_eq(told(disk), before));
	}
	fake_disk_set_full(disk, true);
	CHECK(write_export(disk, &exported, NULL) != OK);
	fake_disk_set_full(disk, false);
	CHECK(str_eq(told(disk), before));
	fake_disk_free(disk);
}

/* ---- importing ---------------------------------------------------------------------------------------------------------- */

static const struct pki *make_keys(struct fake_disk *disk)
{
	struct pki *pki = arena_new_of(test_arena(), struct pki);

	CHECK_STATUS(import_keys(fake_disk_files(disk), NULL, NULL, NOW, test_arena(), pki, NULL),
		     OK);
	return pki;
}

static enum status import_file(struct fake_disk *disk, const struct pki *pki, struct imported *out,
			       struct fault *why)
{
	struct source *source = open_source(disk);
	enum status status = import_run(fake_disk_files(disk), source, pki, NEW, out, why);

	source_close(source);
	return status;
}

/* The new directory's table, exported again, is the same but for what the mark says. */
static void check_imported(struct fake_disk *disk, struct str before)
{
	struct exported exported;
	int64_t until = str_find(before, STR("until"));
	struct str after;

	CHECK_STATUS(
	    export_write(fake_disk_files(disk), NEW "/store/table.db", FILE_PATH, &exported, NULL),
	    OK);
	CHECK_EQ(exported.revision, 7 + RESTORE_REVISIONS);
	after = told(disk);
	/* The lease that had ended is gone from its key. */
	CHECK(str_find(after, STR("/registry/c@3/1:3,3,0,20000 ")) >= 0);
	CHECK(str_starts(after, STR("/registry/b@3/0:3,2,7,0 ")));
	CHECK(str_find(after, str_slice(before, (uint32_t)until - 24, (uint32_t)until)) >= 0);
}

TEST(what_was_exported_is_imported_as_it_was_in_spite_of_a_disk_that_failed_before)
{
	struct fake_disk *disk = make_disk(3);
	const struct pki *pki = make_keys(disk);
	struct exported exported;
	struct imported imported;
	struct fault why = { 0 };
	enum status status = IO;
	struct str before;
	uint64_t failed = 0;

	CHECK_STATUS(write_export(disk, &exported, NULL), OK);
	before = told(disk);
	for (uint64_t i = 1; status != OK; i += 3) {
		fake_disk_fail_after(disk, i);
		status = import_file(disk, pki, &imported, &why);
		fake_disk_fail_after(disk, 0);
		CHECK(status == OK || why.text[0] != '\0');
		CHECK(status == OK || is_there(disk, NEW "/restoring") ||
		      !is_there(disk, NEW "/restored") || i > 10);
		failed += status != OK;
		if (status != OK && is_there(disk, NEW "/restored"))
			break; /* all but the last sync of the folder */
	}
	CHECK(failed > 5);
	CHECK(is_there(disk, NEW "/restored") && !is_there(disk, NEW "/restoring"));
	check_imported(disk, before);
	CHECK_STATUS(import_file(disk, pki, &imported, &why), CONFLICT);
	fake_disk_free(disk);
}

TEST(the_old_clusters_keys_are_taken_over_if_they_are_keys)
{
	struct fake_disk *disk = make_disk(4);
	const struct seams_files *files = fake_disk_files(disk);
	const struct pki *old = make_keys(disk);
	struct fault why = { 0 };
	struct pki pki;

	CHECK_STATUS(pki_save(files, "/data/pki", old, NULL), OK);
	CHECK_STATUS(import_keys(files, "/data/pki/sa.key", NULL, NOW, test_arena(), &pki, NULL),
		     OK);
	CHECK(str_eq(pki.service_account_key_pem, old->service_account_key_pem));
	CHECK(!str_eq(pki.ca.key_pem, old->ca.key_pem));
	CHECK_STATUS(import_keys(files, NULL, "/data/pki", NOW, test_arena(), &pki, NULL), OK);
	CHECK(str_eq(pki.ca.key_pem, old->ca.key_pem));
	CHECK(str_eq(pki.front_proxy_ca.key_pem, old->front_proxy_ca.key_pem));
	CHECK(str_eq(pki.service_account_key_pem, old->service_account_key_pem));
	CHECK(import_keys(files, "/data/pki/ca.crt", NULL, NOW, test_arena(), &pki, &why) != OK);
	CHECK(str_find(str_from(why.text), STR("/data/pki/ca.crt")) >= 0);
	CHECK(import_keys(files, "/data/none", NULL, NOW, test_arena(), &pki, &why) != OK);
	CHECK_STATUS(files->unlink(files->self, "/data/pki/ca.key"), OK);
	CHECK_STATUS(import_keys(files, NULL, "/data/pki", NOW, test_arena(), &pki, &why), INVALID);
	CHECK(str_find(str_from(why.text), STR("ca.key")) >= 0);
	fake_disk_free(disk);
}

/* ---- what is in it ------------------------------------------------------------------------------------------------------ */

static struct str printed(const struct survey *survey)
{
	struct text out = text_in(test_arena(), 64 * KIB);

	survey_print(survey, &out);
	return text_str(&out);
}

TEST(what_is_in_a_cluster_is_counted_by_kind_and_by_whether_it_is_understood)
{
	static const struct {
		const char *key, *value;
	} cases[] = {
		{ "/registry/configmaps/default/a",
		  "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\"}" },
		{ "/registry/configmaps/default/b",
		  "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\"}" },
		{ "/registry/example.org/widgets/default/w",
		  "{\"apiVersion\":\"example.org/v1\",\"kind\":\"Widget\"}" },
		{ "/registry/apiextensions.k8s.io/customresourcedefinitions/widgets.example.org",
		  "{\"apiVersion\":\"apiextensions.k8s.io/v1\",\"kind\":"
		  "\"CustomResourceDefinition\"}" },
		{ "/registry/example.org/gears/default/g",
		  "{\"apiVersion\":\"example.org/v1\",\"kind\":\"Gear\"}" },
		{ "/registry/strange", "\x01\x02" },
		{ "/registry/broken", "{" },
		{ "/registry/", "x" },
		{ "/bootstrap/12", "x" },
		{ "/bootstrap/13", "x" },
		{ "compact_rev_key", "x" },
		{ "", "x" },
	};
	struct survey survey = survey_new(test_arena());

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		survey_add(&survey, str_from(cases[i].key), str_from(cases[i].value));
	CHECK_EQ(survey.keys, 7);
	CHECK_STR(printed(&survey), "taken over and served:\n"
				    "        2  v1 ConfigMap\n"
				    "        1  example.org/v1 Widget\n"
				    "        1  apiextensions.k8s.io/v1 CustomResourceDefinition\n"
				    "taken over as bytes, since this release does not know them:\n"
				    "        1  example.org/v1 Gear\n"
				    "        2  values without a kind\n"
				    "left out, since they are not of Kubernetes:\n"
				    "        1  /registry/\n"
				    "        2  /bootstrap/\n"
				    "        1  compact_rev_key\n"
				    "        1  \n");
	CHECK_STATUS(survey_judge(&survey, NULL), OK);
	survey_fini(&survey);
}

TEST(encrypted_values_are_refused_with_what_to_do)
{
	struct survey survey = survey_new(test_arena());
	struct fault why = { 0 };

	survey_add(&survey, STR("/registry/secrets/default/s"), STR("k8s:enc:secretbox:v1:k:x"));
	survey_add(&survey, STR("/registry/secrets/default/t"), STR("k8s:enc:secretbox:v1:k:y"));
	CHECK_STATUS(survey_judge(&survey, &why), INVALID);
	CHECK(str_find(str_from(why.text), STR("2 values are encrypted "
					       "(/registry/secrets/default/s)")) >= 0);
	CHECK(str_find(str_from(why.text), STR("take the file anew")) >= 0);
	survey_fini(&survey);
}
