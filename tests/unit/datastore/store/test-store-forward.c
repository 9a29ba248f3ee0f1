/* Commands that come while nobody leads: they wait for whoever will, within limits, and are told when nobody does. */
#include "datastore/store/store-forward.h"

#include "runtime/base/base.h"
#include "tests/lib/test.h"
#include "tests/unit/datastore/store/lab.h"

static struct lab *open_stranger(struct fake_disk **disk)
{
	*disk = fake_disk_new(1);
	struct lab *lab = lab_open_stranger(*disk);
	lab_run(lab, 1);
	CHECK_EQ(lab_status(lab)->leader, 0);
	return lab;
}

static void close_lab(struct lab *lab, struct fake_disk *disk)
{
	lab_close(lab);
	fake_disk_free(disk);
}

static void begin_writes(struct lab *lab, uint32_t count, uint32_t value_bytes)
{
	char *value = arena_zalloc(test_arena(), value_bytes + 1);
	for (uint32_t i = 0; i < count; i++) {
		struct arena *arena = arena_new(0);
		struct store_op *op = arena_new_of(arena, struct store_op);
		*op = (struct store_op){ .kind = STORE_PUT,
					 .key = STR("/k"),
					 .value = str_of(value, value_bytes),
					 .expected = STORE_ANY_REVISION };
		struct store_write write = { .arena = arena, .success = op, .success_count = 1 };
		lab_begin(lab, &store_write_type, &write);
	}
	lab_run(lab, 1);
}

static uint32_t all_ended(const struct lab *lab)
{
	uint32_t all = 0;
	for (uint32_t status = 0; status < STATUS_COUNT; status++)
		all += lab_ended(lab, status);
	return all;
}

TEST(so_many_bytes_of_what_waits_for_a_leader_are_kept)
{
	struct fake_disk *disk;
	struct lab *lab = open_stranger(&disk);
	begin_writes(lab, 20, MIB);
	CHECK_EQ(lab_ended(lab, UNAVAILABLE), 5); /* each is a little more than a MiB */
	CHECK_EQ(all_ended(lab), 5);
	begin_writes(lab, 3, 10); /* for smaller ones there is room */
	CHECK_EQ(all_ended(lab), 5);
	lab_run(lab, STORE_FORWARD_MS);
	CHECK_EQ(lab_ended(lab, UNAVAILABLE), 23);
	close_lab(lab, disk);
}

TEST(so_many_that_wait_for_a_leader_are_kept)
{
	struct fake_disk *disk;
	struct lab *lab = open_stranger(&disk);
	begin_writes(lab, LIMIT_PROPOSALS + 3, 10);
	CHECK_EQ(lab_ended(lab, UNAVAILABLE), 3);
	CHECK_EQ(all_ended(lab), 3);
	lab_run(lab, STORE_FORWARD_MS);
	CHECK_EQ(lab_ended(lab, UNAVAILABLE), LIMIT_PROPOSALS + 3);
	close_lab(lab, disk);
}

TEST(once_it_is_clear_that_nobody_leads_nothing_waits_any_more)
{
	struct fake_disk *disk;
	struct lab *lab = open_stranger(&disk);
	begin_writes(lab, 4, 10);
	CHECK_EQ(all_ended(lab), 0);
	lab_run(lab, STORE_FORWARD_MS);
	CHECK_EQ(lab_ended(lab, UNAVAILABLE), 4);
	begin_writes(lab, 1, 10);
	CHECK_EQ(lab_ended(lab, UNAVAILABLE), 5);
	close_lab(lab, disk);
}

TEST(a_store_ends_with_commands_that_wait_for_a_leader_and_opens_without_them)
{
	struct fake_disk *disk;
	struct lab *lab = open_stranger(&disk);
	begin_writes(lab, 4, 10);
	CHECK_EQ(all_ended(lab), 0);
	lab_close(lab);
	lab = lab_open(disk, 0);
	lab_wait_ready(lab);
	CHECK_EQ(lab_status(lab)->revision, 1);
	close_lab(lab, disk);
}

/* What was never tried is as good as new, whatever it is. */
TEST(all_commands_wait_for_a_leader_and_nothing_else_does)
{
	struct fake_disk *disk;
	struct lab *lab = open_stranger(&disk);
	struct store_lease_grant grant = { .id = 9, .ttl_s = 60 };
	struct store_lease_revoke revoke = { .id = 9 };
	struct store_compact compact = { .revision = 1 };
	struct store_member_promote promote = { .id = 77, .role = STORE_VOTER };
	struct store_transfer transfer = { .id = 77 };
	struct store_lease_show show = { .id = 9 };
	lab_begin(lab, &store_lease_grant_type, &grant);
	lab_begin(lab, &store_lease_revoke_type, &revoke);
	lab_begin(lab, &store_compact_type, &compact);
	lab_run(lab, 1);
	CHECK_EQ(all_ended(lab), 0);
	lab_begin(lab, &store_member_promote_type, &promote);
	lab_begin(lab, &store_transfer_type, &transfer);
	lab_begin(lab, &store_lease_show_type, &show);
	lab_run(lab, 1);
	CHECK_EQ(lab_ended(lab, UNAVAILABLE), 3);
	lab_run(lab, STORE_FORWARD_MS);
	CHECK_EQ(lab_ended(lab, UNAVAILABLE), 6);
	close_lab(lab, disk);
}
