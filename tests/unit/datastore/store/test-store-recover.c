/* A store whose majority is lost goes on alone. */
#include "datastore/store/store-recover.h"

#include "tests/lib/test.h"
#include "tests/unit/datastore/store/lab.h"

static struct store_place place_on(struct fake_disk *disk)
{
	return (struct store_place){ .files = fake_disk_files(disk),
				     .random = fake_disk_random(disk),
				     .folder = "/data" };
}

/* A member beside another one, which never comes; both vote if the time is given. */
static struct fake_disk *make_two(uint64_t seed, uint64_t *revision)
{
	struct fake_disk *disk = fake_disk_new(seed);
	struct lab *lab = lab_open(disk, 0);
	struct store_member_add add = {
		.arena = arena_new(0), .name = STR("n2"), .address = STR("a:1"), .id = 77
	};
	enum status status = OK;

	lab_wait_ready(lab);
	*revision = lab_put(lab, "/a", "1", STORE_ANY_REVISION)->revision;
	CHECK(lab_ask(lab, &store_member_add_type, &add, &status) != NULL);
	CHECK_EQ(lab_status(lab)->member_count, 2);
	*revision = lab_put(lab, "/b", "2", STORE_ANY_REVISION)->revision;
	lab_crash(lab);
	return disk;
}

TEST(what_remains_of_a_store_can_be_looked_at)
{
	uint64_t revision;
	struct fake_disk *disk = make_two(1, &revision);
	struct store_place place = place_on(disk);
	struct store_remains remains;

	CHECK_STATUS(store_examine(&place, test_arena(), &remains, NULL), OK);
	CHECK_EQ(remains.member_count, 2);
	CHECK(remains.id != 0);
	CHECK(remains.last_index >= 4);
	CHECK(remains.last_term > 0 && remains.last_term <= remains.term);
	CHECK(remains.revision <= revision);
	fake_disk_free(disk);
}

TEST(where_no_store_is_none_is_made)
{
	struct fake_disk *disk = fake_disk_new(2);
	struct store_place place = place_on(disk);
	struct store_remains remains;
	struct seams_stat stat;

	CHECK_STATUS(store_examine(&place, test_arena(), &remains, NULL), NOT_FOUND);
	CHECK_STATUS(store_recover(&place, 1, NULL), NOT_FOUND);
	CHECK_STATUS(place.files->stat(place.files->self, "/data/table.db", &stat), NOT_FOUND);
	fake_disk_free(disk);
}

TEST(a_recovered_store_is_the_only_member_has_its_log_and_gives_no_revision_twice)
{
	uint64_t revision;
	struct fake_disk *disk = make_two(3, &revision);
	struct store_place place = place_on(disk);
	struct store_watch watch = {
		.watch = 1, .key = STR("/"), .end = STR("0"), .from = revision + 5
	};
	struct store_watch_answer *refused;
	uint64_t id;

	CHECK_STATUS(store_recover(&place, 1000, NULL), OK);
	struct lab *lab = lab_open(disk, 0);
	lab_wait_ready(lab);
	id = lab_status(lab)->id;
	CHECK_EQ(lab_status(lab)->member_count, 1);
	CHECK_EQ(lab_status(lab)->role, STORE_VOTER);
	CHECK_STR(lab_print(lab_range(lab, "/b", NULL, 0)),
		  arena_printf(test_arena(), "/b=2@%ju ", (uintmax_t)revision).at);
	CHECK_EQ(lab_status(lab)->revision, revision + 1000);
	refused = lab_ask(lab, &store_watch_type, &watch, NULL);
	CHECK_STATUS(refused->status, EXPIRED);
	CHECK_EQ(lab_put(lab, "/c", "3", STORE_ANY_REVISION)->revision, revision + 1001);
	/* And it stays so, wherever power is lost. */
	for (uint64_t life = 0; life < 4; life++) {
		lab_run(lab, life * 20);
		lab_crash(lab);
		lab = lab_open(disk, 0);
		lab_wait_ready(lab);
		CHECK_EQ(lab_status(lab)->member_count, 1);
		CHECK_EQ(lab_status(lab)->id, id);
		CHECK_EQ(lab_put(lab, "/c", "3", STORE_ANY_REVISION)->revision,
			 revision + 1002 + life);
	}
	lab_close(lab);
	fake_disk_free(disk);
}

/* Each write of it may be the last before power is lost: then it happened, or it can be done again. */
TEST(a_recovery_that_is_cut_short_can_be_done_again)
{
	uint64_t revision;

	for (uint64_t cut = 1; cut < 12; cut++) {
		struct fake_disk *disk = make_two(100 + cut, &revision);
		struct store_place place = place_on(disk);
		struct lab *lab;

		fake_disk_fail_after(disk, cut);
		(void)!store_recover(&place, 1000, NULL);
		fake_disk_crash(disk);
		CHECK_STATUS(store_recover(&place, 1000, NULL), OK);
		lab = lab_open(disk, 0);
		lab_wait_ready(lab);
		CHECK_EQ(lab_status(lab)->member_count, 1);
		CHECK(lab_status(lab)->revision >= revision + 1000);
		CHECK_EQ(lab_range(lab, "/", "0", 0)->row_count, 2);
		lab_close(lab);
		fake_disk_free(disk);
	}
}
