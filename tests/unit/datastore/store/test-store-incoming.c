/* What has come of a snapshot is gone on with after a start, if it is what was noted. */
#include "datastore/store/store-incoming.h"

#include "runtime/base/hash.h"
#include "tests/lib/fake-disk.h"
#include "tests/lib/test.h"

#define PLACE "/incoming.db"
#define NOTE "/incoming.db.note"
#define BYTES 10000U

static void put(const struct seams_files *files, const char *path, const void *at, size_t len)
{
	struct seams_file *file;
	CHECK_STATUS(
	    files->open(files->self, path, SEAMS_READ | SEAMS_WRITE | SEAMS_CREATE, 0600, &file),
	    OK);
	CHECK_STATUS(files->truncate(files->self, file, 0), OK);
	CHECK_STATUS(files->write(files->self, file, at, len, 0), OK);
	CHECK_STATUS(files->sync(files->self, file), OK);
	files->close(files->self, file);
}

static bool is_there(const struct seams_files *files, const char *path)
{
	struct seams_stat stat;
	return files->stat(files->self, path, &stat) == OK;
}

static uint64_t size_of(const struct seams_files *files, const char *path)
{
	struct seams_stat stat = { 0 };
	CHECK_STATUS(files->stat(files->self, path, &stat), OK);
	return stat.size_bytes;
}

/* A file of which all but the last 1,000 bytes are noted. */
static struct store_incoming make(const struct seams_files *files)
{
	static char data[BYTES];
	struct store_incoming incoming = {
		.token = 7, .index = 40, .size_bytes = 4 * BYTES, .offset = BYTES - 1000
	};
	for (uint32_t i = 0; i < BYTES; i++)
		data[i] = (char)(i * 7);
	incoming.sum = hash_crc32c(0, data, BYTES - 1000);
	put(files, PLACE, data, BYTES);
	CHECK_STATUS(store_incoming_note(files, PLACE, &incoming), OK);
	return incoming;
}

TEST(what_was_noted_is_found_and_what_came_behind_it_is_cut_off)
{
	struct fake_disk *disk = fake_disk_new(1);
	const struct seams_files *files = fake_disk_files(disk);
	struct store_incoming made = make(files), found;
	CHECK_STATUS(store_incoming_find(files, PLACE, &found), OK);
	CHECK_EQ(found.token, made.token);
	CHECK_EQ(found.index, made.index);
	CHECK_EQ(found.size_bytes, made.size_bytes);
	CHECK_EQ(found.offset, made.offset);
	CHECK_EQ(found.sum, made.sum);
	CHECK_STATUS(store_incoming_verify(files, PLACE, &found), OK);
	CHECK_EQ(size_of(files, PLACE), made.offset);
	CHECK_STATUS(store_incoming_find(files, PLACE, &found), OK);
	CHECK_EQ(found.offset, made.offset);
	CHECK_STATUS(store_incoming_drop(files, PLACE), OK);
	CHECK(!is_there(files, PLACE) && !is_there(files, NOTE));
	CHECK_STATUS(store_incoming_drop(files, PLACE), OK);
	fake_disk_free(disk);
}

TEST(what_is_not_what_was_noted_is_found_out)
{
	struct fake_disk *disk = fake_disk_new(2);
	const struct seams_files *files = fake_disk_files(disk);
	struct store_incoming made = make(files);
	fake_disk_damage(disk, PLACE, made.offset - 1);
	CHECK_STATUS(store_incoming_verify(files, PLACE, &made), CORRUPT);
	made = make(files);
	fake_disk_damage(disk, PLACE, made.offset); /* behind it */
	CHECK_STATUS(store_incoming_verify(files, PLACE, &made), OK);
	made.offset++; /* more than there is */
	CHECK_STATUS(store_incoming_verify(files, PLACE, &made), CORRUPT);
	fake_disk_free(disk);
}

/* Each: what is done to the note of a good file; then neither is there. */
enum harm {
	NO_NOTE,
	TORN,
	DAMAGED,
	OTHER_VERSION,
	LONGER_THAN_THE_FILE,
	LONGER_THAN_ALL,
	OF_NOTHING
};

static void do_harm(struct fake_disk *disk, struct store_incoming made, enum harm harm)
{
	const struct seams_files *files = fake_disk_files(disk);
	struct store_incoming other = made;
	switch (harm) {
	case NO_NOTE: store_incoming_unnote(files, PLACE); return;
	case TORN: put(files, NOTE, "\1\0\0\0", 4); return;
	case DAMAGED: fake_disk_damage(disk, NOTE, 20); return;
	case OTHER_VERSION: fake_disk_damage(disk, NOTE, 0); return;
	case LONGER_THAN_THE_FILE: other.offset = BYTES + 1; break;
	case LONGER_THAN_ALL: other.size_bytes = other.offset - 1; break;
	case OF_NOTHING: other.token = 0; break;
	}
	CHECK_STATUS(store_incoming_note(files, PLACE, &other), OK);
}

TEST(what_is_not_noted_well_goes)
{
	for (enum harm harm = NO_NOTE; harm <= OF_NOTHING; harm++) {
		struct fake_disk *disk = fake_disk_new(3);
		const struct seams_files *files = fake_disk_files(disk);
		struct store_incoming found;
		do_harm(disk, make(files), harm);
		CHECK_STATUS(store_incoming_find(files, PLACE, &found), OK);
		CHECK_EQ(found.token, 0);
		CHECK(!is_there(files, PLACE) && !is_there(files, NOTE));
		fake_disk_free(disk);
	}
}

TEST(a_note_without_its_file_goes_and_nothing_is_found_where_nothing_is)
{
	struct fake_disk *disk = fake_disk_new(4);
	const struct seams_files *files = fake_disk_files(disk);
	struct store_incoming found;
	CHECK_STATUS(store_incoming_find(files, PLACE, &found), OK);
	CHECK_EQ(found.token, 0);
	make(files);
	CHECK_STATUS(files->unlink(files->self, PLACE), OK);
	CHECK_STATUS(store_incoming_find(files, PLACE, &found), OK);
	CHECK_EQ(found.token, 0);
	CHECK(!is_there(files, NOTE));
	fake_disk_free(disk);
}

TEST(a_disk_that_fails_is_said_to)
{
	struct fake_disk *disk = fake_disk_new(5);
	const struct seams_files *files = fake_disk_files(disk);
	struct store_incoming made = make(files);
	fake_disk_fail_after(disk, 1);
	CHECK_STATUS(store_incoming_note(files, PLACE, &made), IO);
	CHECK_STATUS(store_incoming_verify(files, PLACE, &made), IO); /* it cannot be cut */
	CHECK_STATUS(store_incoming_drop(files, PLACE), IO);
	fake_disk_free(disk);
}
