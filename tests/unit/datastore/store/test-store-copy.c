/* Snapshots as the member that leads gives them away: who asks here is a member that needs one. */
#include "datastore/store/store-private.h"
#include "datastore/table/table.h"
#include "tests/lib/test.h"
#include "tests/unit/datastore/store/lab.h"

#define MEMBER 77U
#define COPY "/data/copy.db"
#define TAKEN "/data/taken.db"
#define VALUE_BYTES (200U * KIB)

static struct lab *make_leader(struct fake_disk *disk)
{
	struct lab *lab = lab_open(disk, 0);
	char *value = arena_zalloc(test_arena(), VALUE_BYTES + 1);

	lab_wait_ready(lab);
	memset(value, 'v', VALUE_BYTES);
	lab_put(lab, "/a", value, 0);
	lab_put(lab, "/b", value, 0);
	lab_put(lab, "/c", value, 0);
	lab_delete(lab, "/b", STORE_ANY_REVISION);
	lab_run(lab, 1000);
	return lab;
}

static struct store_copy_opened *open_copy(struct lab *lab, uint64_t member, uint64_t index)
{
	return lab_ask(lab, &store_copy_open_type, &(struct store_copy_open){ member, index }, NULL);
}

static void free_later(void *arena)
{
	arena_free(arena);
}

static struct store_copy_data *read_copy(struct lab *lab, uint64_t member, uint64_t token,
					 uint64_t offset)
{
	struct store_copy_read ask = { member, token, offset };
	struct store_copy_data *data = lab_ask(lab, &store_copy_read_type, &ask, NULL);

	if (data->arena)
		arena_on_free(test_arena(), free_later, data->arena);
	return data;
}

TEST(a_member_gets_the_whole_state_in_pieces)
{
	struct fake_disk *disk = fake_disk_new(1);
	const struct seams_files *files = fake_disk_files(disk);
	struct lab *lab = make_leader(disk);
	const struct store_copy_opened *opened = open_copy(lab, MEMBER, 1);
	struct table_contents contents;
	struct seams_file *file;
	uint64_t offset = 0;

	CHECK_STATUS(opened->status, OK);
	CHECK(opened->size_bytes > 2 * VALUE_BYTES);
	CHECK_STATUS(
	    files->open(files->self, TAKEN, SEAMS_READ | SEAMS_WRITE | SEAMS_CREATE, 0600, &file),
	    OK);
	while (offset < opened->size_bytes) {
		const struct store_copy_data *data = read_copy(lab, MEMBER, opened->token, offset);

		CHECK_STATUS(data->status, OK);
		CHECK(data->bytes.len > 0 && data->bytes.len <= TRANSFER_PIECE_MAX);
		CHECK_STATUS(
		    files->write(files->self, file, data->bytes.at, data->bytes.len, offset), OK);
		offset += data->bytes.len;
	}
	files->close(files->self, file);
	CHECK_STATUS(
	    table_examine(files, fake_disk_random(disk), TAKEN, test_arena(), &contents, NULL), OK);
	CHECK_EQ(contents.keys, 2);
	CHECK_EQ(contents.mark.revision, lab_status(lab)->revision);
	CHECK_EQ(contents.mark.applied_index, opened->index);
	lab_close(lab);
	fake_disk_free(disk);
}

TEST(a_piece_that_was_lost_is_asked_for_again)
{
	struct fake_disk *disk = fake_disk_new(2);
	struct lab *lab = make_leader(disk);
	const struct store_copy_opened *opened = open_copy(lab, MEMBER, 1);
	const struct store_copy_data *first = read_copy(lab, MEMBER, opened->token, 0), *again;

	read_copy(lab, MEMBER, opened->token, first->bytes.len);
	again = read_copy(lab, MEMBER, opened->token, 0);
	CHECK_STATUS(again->status, OK);
	CHECK(again->bytes.len > 0 && again->bytes.len <= first->bytes.len);
	CHECK(str_eq(str_slice(first->bytes, 0, again->bytes.len), again->bytes));
	lab_close(lab);
	fake_disk_free(disk);
}

/* The log's messages to it wait for a piece that is on its way. */
TEST(who_takes_long_for_a_piece_gets_smaller_ones)
{
	struct fake_disk *disk = fake_disk_new(8);
	struct lab *lab = make_leader(disk);
	const struct store_copy_opened *opened = open_copy(lab, MEMBER, 1);
	uint64_t offset = 0;
	uint32_t len = 0;

	for (uint32_t i = 0; i < 5; i++) {
		len = read_copy(lab, MEMBER, opened->token, offset)->bytes.len;
		offset += len;
		lab_run(lab, 4 * TRANSFER_PIECE_MS);
	}
	CHECK_EQ(len, TRANSFER_PIECE_MIN);
	lab_close(lab);
	fake_disk_free(disk);
}

TEST(what_nobody_may_ask_for_is_refused)
{
	struct fake_disk *disk = fake_disk_new(3);
	struct lab *lab = make_leader(disk);
	const struct store_copy_opened *opened;
	uint64_t token, size;

	CHECK_STATUS(read_copy(lab, MEMBER, 0, 0)->status, NOT_FOUND);   /* there is none yet */
	CHECK_STATUS(open_copy(lab, MEMBER, 1000)->status, UNAVAILABLE); /* not agreed upon yet */
	opened = open_copy(lab, MEMBER, 1);
	CHECK_STATUS(opened->status, OK);
	token = opened->token;
	size = opened->size_bytes;
	CHECK_STATUS(read_copy(lab, MEMBER, token + 1, 0)->status, NOT_FOUND);
	CHECK_STATUS(read_copy(lab, MEMBER + 1, token, 0)->status, NOT_FOUND);
	CHECK_STATUS(read_copy(lab, MEMBER, token, size + 1)->status, INVALID);
	CHECK_STATUS(read_copy(lab, MEMBER, token, UINT64_MAX)->status, INVALID);
	CHECK_EQ(read_copy(lab, MEMBER, token, size)->bytes.len, 0);
	CHECK_STATUS(read_copy(lab, MEMBER, token, 0)->status, OK);
	lab_close(lab);
	fake_disk_free(disk);
}

/* Two members share a copy as long as it reaches far enough; a new one waits until the first has all of it. */
TEST(one_copy_at_a_time_is_given_away)
{
	struct fake_disk *disk = fake_disk_new(4);
	struct lab *lab = make_leader(disk);
	const struct store_copy_opened *first = open_copy(lab, MEMBER, 1), *second, *third;

	second = open_copy(lab, MEMBER + 1, first->index);
	CHECK_STATUS(second->status, OK);
	CHECK_EQ(second->token, first->token);
	lab_put(lab, "/d", "1", 0);
	lab_run(lab, 1000);
	CHECK_STATUS(open_copy(lab, MEMBER + 2, first->index + 1)->status, BUSY);
	CHECK_STATUS(read_copy(lab, MEMBER, first->token, 0)->status, OK);
	lab_run(lab, 20000); /* neither asks any more */
	third = open_copy(lab, MEMBER + 2, first->index + 1);
	CHECK_STATUS(third->status, OK);
	CHECK(third->token != first->token);
	CHECK_STATUS(read_copy(lab, MEMBER, first->token, 0)->status, NOT_FOUND);
	CHECK_STATUS(read_copy(lab, MEMBER + 2, third->token, 0)->status, OK);
	lab_close(lab);
	fake_disk_free(disk);
}

TEST(a_copy_that_nobody_asks_for_any_more_goes)
{
	struct fake_disk *disk = fake_disk_new(5);
	const struct seams_files *files = fake_disk_files(disk);
	struct lab *lab = make_leader(disk);
	const struct store_copy_opened *opened = open_copy(lab, MEMBER, 1);
	struct seams_stat stat;

	CHECK_STATUS(files->stat(files->self, COPY, &stat), OK);
	CHECK_EQ(stat.size_bytes, opened->size_bytes);
	lab_run(lab, 20000);
	CHECK_STATUS(files->stat(files->self, COPY, &stat), NOT_FOUND);
	CHECK_STATUS(read_copy(lab, MEMBER, opened->token, 0)->status, NOT_FOUND);
	lab_close(lab);
	fake_disk_free(disk);
}

TEST(a_copy_for_which_there_is_no_room_leaves_no_part_of_it)
{
	struct fake_disk *disk = fake_disk_new(6);
	const struct seams_files *files = fake_disk_files(disk);
	struct lab *lab = make_leader(disk);
	struct seams_stat stat;

	fake_disk_set_full(disk, true);
	CHECK_STATUS(open_copy(lab, MEMBER, 1)->status, UNAVAILABLE);
	CHECK_STATUS(files->stat(files->self, COPY, &stat), NOT_FOUND);
	fake_disk_set_full(disk, false);
	CHECK_STATUS(lab_put(lab, "/d", "1", 0)->status, OK);
	CHECK_STATUS(open_copy(lab, MEMBER, 1)->status, OK);
	lab_close(lab);
	fake_disk_free(disk);
}

TEST(a_copy_that_cannot_be_read_any_more_is_said_to_be_so)
{
	struct fake_disk *disk = fake_disk_new(7);
	const struct seams_files *files = fake_disk_files(disk);
	struct lab *lab = make_leader(disk);
	const struct store_copy_opened *opened = open_copy(lab, MEMBER, 1);

	CHECK_STATUS(files->unlink(files->self, COPY), OK);
	CHECK_STATUS(read_copy(lab, MEMBER, opened->token, 0)->status, NOT_FOUND);
	CHECK_STATUS(lab_put(lab, "/d", "1", 0)->status, OK);
	lab_close(lab);
	fake_disk_free(disk);
}
