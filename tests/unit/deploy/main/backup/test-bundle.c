#include "deploy/main/backup/bundle.h"

#include "tests/lib/fake-disk.h"
#include "tests/lib/test.h"

#define PATH "/backup"
#define BIG (700U * KIB) /* more than two chunks */

static struct str big(void)
{
	char *at = arena_alloc(test_arena(), BIG);

	for (uint32_t i = 0; i < BIG; i++)
		at[i] = (char)(i * 31 + i / 1000);
	return str_of(at, BIG);
}

static enum status write_file(struct bundle_writer *writer, const char *name, struct str bytes,
			      struct fault *why)
{
	enum status status = bundle_begin(writer, str_from(name), bytes.len, why);

	return status == OK ? bundle_add(writer, bytes, why) : status;
}

static enum status write_all(struct fake_disk *disk, struct str passphrase, struct fault *why)
{
	struct bundle_writer *writer;
	enum status status = bundle_create(fake_disk_files(disk), PATH, passphrase, &writer, why);

	if (status != OK)
		return status;
	status = write_file(writer, "small", STR("seven"), why);
	if (status == OK)
		status = write_file(writer, "empty", STR(""), why);
	if (status == OK)
		status = write_file(writer, "big", big(), why);
	if (status == OK)
		return bundle_finish(writer, why);
	bundle_drop(writer);
	return status;
}

static enum status read_file(struct bundle_reader *reader, struct text *out, struct fault *why)
{
	char part[5000];
	size_t len = 1;
	enum status status = OK;

	while (status == OK && len > 0) {
		status = bundle_read(reader, part, sizeof part, &len, why);
		if (status == OK)
			text_add_bytes(out, part, (uint32_t)len);
	}
	return status;
}

/* The names, and how long what was read is; of the big one whether it is what was written. */
static enum status read_all(struct fake_disk *disk, struct str passphrase, struct text *out,
			    struct fault *why)
{
	struct bundle_reader *reader;
	char name[BUNDLE_NAME_MAX + 1];
	uint64_t size;
	enum status status = bundle_open(fake_disk_files(disk), PATH, passphrase, &reader, why);

	if (status != OK)
		return status;
	while ((status = bundle_next(reader, name, &size, why)) == OK) {
		struct text bytes = text_new(2 * BIG);

		status = read_file(reader, &bytes, why);
		text_printf(out, "%s=%u%s ", name, bytes.len,
			    str_eq(text_str(&bytes), big()) ? "!" : "");
		CHECK(status != OK || bytes.len == size);
		text_fini(&bytes);
		if (status != OK)
			break;
	}
	bundle_close(reader);
	return status;
}

static void check_read(struct fake_disk *disk, struct str passphrase)
{
	struct text out = text_in(test_arena(), 256);

	CHECK_STATUS(read_all(disk, passphrase, &out, NULL), NOT_FOUND);
	CHECK_STR(text_str(&out), "small=5 empty=0 big=716800! ");
}

TEST(what_was_put_into_a_bundle_comes_out_of_it)
{
	struct fake_disk *disk = fake_disk_new(1);
	bool is_encrypted = true;

	CHECK_STATUS(write_all(disk, STR_NONE, NULL), OK);
	check_read(disk, STR_NONE);
	CHECK_STATUS(bundle_check(fake_disk_files(disk), PATH, &is_encrypted, NULL), OK);
	CHECK(!is_encrypted);
	fake_disk_free(disk);
}

TEST(an_encrypted_bundle_opens_with_its_passphrase_only)
{
	struct fake_disk *disk = fake_disk_new(2);
	struct text out = text_in(test_arena(), 256);
	struct fault why = { 0 };
	bool is_encrypted = false;

	CHECK_STATUS(write_all(disk, STR("correct horse"), NULL), OK);
	check_read(disk, STR("correct horse"));
	CHECK_STATUS(read_all(disk, STR("battery staple"), &out, &why), FORBIDDEN);
	CHECK(str_find(str_from(why.text), STR("not the passphrase")) >= 0);
	CHECK_STATUS(read_all(disk, STR_NONE, &out, &why), FORBIDDEN);
	CHECK(str_find(str_from(why.text), STR("--passphrase-file")) >= 0);
	CHECK_STATUS(bundle_check(fake_disk_files(disk), PATH, &is_encrypted, NULL), OK);
	CHECK(is_encrypted);
	CHECK_EQ(out.len, 0);
	fake_disk_free(disk);
}

/* Every part of the file: header, first chunk, middle, last chunk, trailer. */
static void check_damage(struct str passphrase)
{
	struct fake_disk *disk = fake_disk_new(3);
	const struct seams_files *files = fake_disk_files(disk);
	struct seams_stat stat;

	CHECK_STATUS(write_all(disk, passphrase, NULL), OK);
	CHECK_STATUS(files->stat(files->self, PATH, &stat), OK);
	for (uint64_t at = 0; at < stat.size_bytes; at += at < 200 ? 7 : 60013) {
		struct text out = text_in(test_arena(), 256);
		struct fault why = { 0 };
		bool is_encrypted;

		fake_disk_damage(disk, PATH, at);
		CHECK(bundle_check(files, PATH, &is_encrypted, NULL) != OK);
		CHECK(read_all(disk, passphrase, &out, &why) != NOT_FOUND);
		CHECK(why.text[0] != '\0');
		fake_disk_damage(disk, PATH, at);
	}
	check_read(disk, passphrase);
	fake_disk_free(disk);
}

TEST(a_damaged_bundle_is_never_read_to_its_end)
{
	check_damage(STR_NONE);
	check_damage(STR("correct horse"));
}

TEST(a_bundle_that_is_cut_off_is_damaged)
{
	struct fake_disk *disk = fake_disk_new(4);
	const struct seams_files *files = fake_disk_files(disk);
	struct seams_stat stat;

	CHECK_STATUS(write_all(disk, STR_NONE, NULL), OK);
	CHECK_STATUS(files->stat(files->self, PATH, &stat), OK);
	for (uint64_t left = stat.size_bytes - 1; left > 0; left /= 3) {
		struct text out = text_in(test_arena(), 256);
		struct seams_file *file;

		CHECK_STATUS(files->open(files->self, PATH, SEAMS_READ | SEAMS_WRITE, 0, &file), OK);
		CHECK_STATUS(files->truncate(files->self, file, left), OK);
		files->close(files->self, file);
		CHECK(read_all(disk, STR_NONE, &out, NULL) != NOT_FOUND);
	}
	fake_disk_free(disk);
}

TEST(another_file_is_no_bundle_and_a_newer_one_is_not_understood)
{
	struct fake_disk *disk = fake_disk_new(5);
	const struct seams_files *files = fake_disk_files(disk);
	struct text out = text_in(test_arena(), 256);
	struct fault why = { 0 };
	struct seams_file *file;
	char zeros[4096] = { 0 };

	CHECK_STATUS(read_all(disk, STR_NONE, &out, &why), NOT_FOUND);
	CHECK(why.text[0] != '\0');
	CHECK_STATUS(files->open(files->self, PATH, SEAMS_WRITE | SEAMS_CREATE, 0600, &file), OK);
	CHECK_STATUS(files->write(files->self, file, zeros, sizeof zeros, 0), OK);
	files->close(files->self, file);
	CHECK_STATUS(read_all(disk, STR_NONE, &out, &why), INVALID);
	CHECK_STATUS(write_all(disk, STR_NONE, NULL), OK);
	fake_disk_damage(disk, PATH, 9); /* its version */
	CHECK_STATUS(read_all(disk, STR_NONE, &out, &why), NOT_IMPLEMENTED);
	fake_disk_free(disk);
}

TEST(a_disk_that_is_full_or_fails_is_said)
{
	struct fake_disk *disk = fake_disk_new(6);
	struct fault why = { 0 };
	uint64_t changes;

	fake_disk_set_full(disk, true);
	CHECK_STATUS(write_all(disk, STR_NONE, &why), FULL);
	CHECK(str_find(str_from(why.text), STR(PATH)) >= 0);
	fake_disk_set_full(disk, false);
	changes = fake_disk_changes(disk);
	CHECK_STATUS(write_all(disk, STR_NONE, &why), OK);
	changes = fake_disk_changes(disk) - changes;
	for (uint64_t i = 1; i <= changes; i++) {
		fake_disk_fail_after(disk, i);
		CHECK_STATUS(write_all(disk, STR_NONE, &why), IO);
		fake_disk_fail_after(disk, 0);
	}
	fake_disk_free(disk);
}
