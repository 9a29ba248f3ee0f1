/* What a store learns of another member by its words and by its link. */
#include "datastore/store/store-private.h"

#include "runtime/base/base.h"
#include "tests/lib/test.h"
#include "tests/unit/datastore/store/lab.h"

#define OTHER 77

static struct lab *make_pair(struct fake_disk **disk)
{
	struct store_member_add add = {
		.arena = arena_new(0), .name = STR("n2"), .address = STR("a:1"), .id = OTHER
	};
	enum status status;
	*disk = fake_disk_new(1);
	struct lab *lab = lab_open(*disk, 0);
	lab_wait_ready(lab);
	CHECK(lab_ask(lab, &store_member_add_type, &add, &status) != NULL);
	return lab;
}

static void send_word(struct lab *lab)
{
	struct store_raft raft = { .arena = arena_new(0),
				   .from = OTHER,
				   .bytes = STR("of no meaning") };
	lab_send(lab, &store_raft_type, &raft);
}

static void free_pair(struct lab *lab, struct fake_disk *disk)
{
	lab_close(lab);
	fake_disk_free(disk);
}

TEST(a_member_is_watched_as_soon_as_it_speaks)
{
	struct fake_disk *disk;
	struct lab *lab = make_pair(&disk);

	lab_run(lab, 2500);
	lab_know(lab, "n2");
	CHECK_EQ(lab_sent(lab), 0);
	send_word(lab);
	lab_run(lab, 1);
	/* Whoever asked once a second would learn of its next end by its silence only. */
	CHECK_EQ(lab_sent(lab), 1);
	free_pair(lab, disk);
}

static bool is_suspect(struct lab *lab)
{
	const struct store_status *status = lab_status(lab);

	for (uint32_t i = 0; i < status->member_count; i++)
		if (status->members[i].id == OTHER)
			return status->standings[i].is_suspect;
	test_fail(__FILE__, __LINE__, "it is no member");
}

/* The news of a broken link comes first: what waits in the mailbox by then was said before it. */
TEST(a_word_from_before_the_end_of_a_link_is_no_return)
{
	struct fake_disk *disk;
	struct lab *lab = make_pair(&disk);

	lab_know(lab, "n2");
	send_word(lab);
	lab_run(lab, 1);
	CHECK(!is_suspect(lab));
	send_word(lab);
	lab_lose(lab);
	lab_run(lab, 1);
	CHECK(is_suspect(lab));
	send_word(lab); /* over another link */
	lab_run(lab, 1);
	CHECK(!is_suspect(lab));
	free_pair(lab, disk);
}
