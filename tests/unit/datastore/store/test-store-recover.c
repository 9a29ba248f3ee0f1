/* A store whose majority is lost goes on alone. */
#include "datastore/store/store-recover.h"

#include "datastore/log/wal/wal.h"
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

/* Behind all that is in its log: the newest list has this of it, and another one who votes. */
static void write_list(struct fake_disk *disk, bool is_member, enum member_role role,
		       bool is_witness)
{
	const struct wal_config config = { .files = fake_disk_files(disk),
					   .random = fake_disk_random(disk),
					   .folder = "/data/log",
					   .segment_bytes = 256U * KIB };
	struct member self = {
		.role = role, .is_witness = is_witness, .name = STR("n1"), .address = STR("a:0")
	};
	const struct member other = {
		.id = 77, .role = MEMBER_VOTER, .name = STR("n2"), .address = STR("a:1")
	};
	struct members members = { 0 };
	struct wal_found found;
	struct wal_work work = { .has_meta = true };
	struct text list = text_in(test_arena(), 4096);
	struct wal *wal;

	CHECK_STATUS(wal_open(&config, &wal, &found, NULL), OK);
	self.id = found.id;
	if (is_member)
		CHECK_STATUS(members_put(&members, &self), OK);
	CHECK_STATUS(members_put(&members, &other), OK);
	members_encode(&members, &list);
	work.term = found.term;
	work.vote = found.vote;
	vec_push(&work.entries, entry_new(found.base.index + found.entries.len + 1, found.term,
					  ENTRY_MEMBERS, text_str(&list)));
	wal_run(wal, &work);
	CHECK_STATUS(work.status, OK);
	entry_unref(work.entries.at[0]);
	wal_work_fini(&work);
	for (uint32_t i = 0; i < found.entries.len; i++)
		entry_unref(found.entries.at[i]);
	vec_fini(&found.entries);
	wal_close(wal);
}

TEST(who_holds_no_data_or_is_no_member_does_not_go_on_alone)
{
	static const struct {
		bool is_member;
		enum member_role role;
		bool is_witness;
		enum status status;
		const char *words;
	} cases[] = {
		{ true, MEMBER_SPARE, false, INVALID, "is a spare" },
		{ true, MEMBER_VOTER, true, INVALID, "is a witness" },
		{ false, MEMBER_SPARE, false, NOT_FOUND, "no member of the cluster" },
		{ true, MEMBER_STANDBY, false, OK, "" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint64_t revision;
		struct fake_disk *disk = make_two(200 + i, &revision);
		struct store_place place = place_on(disk);
		struct store_remains before, after;
		struct fault why = { 0 };

		write_list(disk, cases[i].is_member, cases[i].role, cases[i].is_witness);
		CHECK_STATUS(store_examine(&place, test_arena(), &before, NULL), OK);
		CHECK_STATUS(store_recover(&place, 1000, &why), cases[i].status);
		CHECK(str_find(str_from(why.text), str_from(cases[i].words)) >= 0);
		/* Who was refused has the log that it had. */
		CHECK_STATUS(store_examine(&place, test_arena(), &after, NULL), OK);
		CHECK_EQ(after.last_index, before.last_index + (cases[i].status == OK ? 2 : 0));
		CHECK_EQ(after.term, before.term + (cases[i].status == OK ? 1 : 0));
		fake_disk_free(disk);
	}
}
