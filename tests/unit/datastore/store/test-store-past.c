/* What was compacted and is kept: read by name, for a while, and never by those who did not ask for it. */
#include "runtime/base/limits.h"
#include "tests/lib/test.h"
#include "tests/unit/datastore/store/lab.h"

static struct store_past_answer *ask_past(struct lab *lab, const struct store_past *ask)
{
	struct store_past_answer *answer = NULL;
	enum status status = BUSY;
	for (int i = 0; i < 100 && status == BUSY; i++) {
		answer = lab_ask(lab, &store_past_type, ask, &status);
		status = answer ? answer->status : status;
		lab_run(lab, 10);
	}
	CHECK_STATUS(status, OK);
	return answer;
}

/* "value@revision " each, "-@revision" for a delete. */
static struct str past_of(struct lab *lab, const char *key, uint64_t below, uint32_t limit)
{
	struct store_past ask = { .key = str_from(key), .below = below, .limit = limit };
	struct store_past_answer *answer = ask_past(lab, &ask);
	struct text out = text_in(test_arena(), 4096);
	for (uint32_t i = 0; i < answer->count; i++) {
		const struct store_past_change *change = &answer->changes[i];
		CHECK(change->at_s > 0);
		text_add(&out, change->is_delete ? STR("-") : change->row.value);
		text_printf(&out, "@%llu ", (unsigned long long)change->row.mod_revision);
	}
	if (answer->more)
		text_lit(&out, "...");
	return text_str(&out);
}

static struct str range_past(struct lab *lab, const char *from, const char *end, uint64_t revision)
{
	struct store_range range = {
		.key = str_from(from), .end = str_from(end), .revision = revision, .is_past = true
	};
	struct store_range_answer *answer = lab_ask(lab, &store_range_type, &range, NULL);
	return answer->status == OK ? lab_print(answer) : str_from(status_name(answer->status));
}

/* /a=1@2 /a=2@3 /b=1@4 (/a deleted @5) /a=3@6, all compacted */
static void fill(struct lab *lab)
{
	lab_wait_ready(lab);
	lab_put(lab, "/a", "1", 0);
	lab_put(lab, "/a", "2", STORE_ANY_REVISION);
	lab_put(lab, "/b", "1", 0);
	lab_delete(lab, "/a", STORE_ANY_REVISION);
	lab_put(lab, "/a", "3", 0);
	lab_ask(lab, &store_compact_type, &(struct store_compact){ .revision = 6 }, NULL);
	lab_run(lab, 5000);
}

TEST(who_asks_for_the_past_gets_it_and_everybody_else_is_told_that_it_expired)
{
	struct fake_disk *disk = fake_disk_new(1);
	struct lab *lab = lab_open_keeping(disk, MIB, 3600);
	fill(lab);
	CHECK_STATUS(lab_range(lab, "/", "0", 4)->status, EXPIRED);
	CHECK_STR(range_past(lab, "/", "0", 4), "/a=2@3 /b=1@4 ");
	CHECK_STR(range_past(lab, "/", "0", 2), "/a=1@2 ");
	CHECK_STR(range_past(lab, "/", "0", 5), "/b=1@4 ");
	CHECK_STR(range_past(lab, "/", "0", 6), "/a=3@6 /b=1@4 ");
	CHECK_STR(past_of(lab, "/a", 0, 0), "3@6 -@5 2@3 1@2 ");
	CHECK_STR(past_of(lab, "/a", 0, 3), "3@6 -@5 2@3 ...");
	CHECK_STR(past_of(lab, "/a", 3, 3), "1@2 ");
	struct store_watch watch = { .watch = 1, .key = STR("/"), .end = STR("0"), .from = 3 };
	struct store_watch_answer *refused = lab_ask(lab, &store_watch_type, &watch, NULL);
	CHECK_STATUS(refused->status, EXPIRED);
	lab_close(lab);
	lab = lab_open_keeping(disk, MIB, 3600);
	lab_wait_ready(lab);
	CHECK_STR(range_past(lab, "/", "0", 4), "/a=2@3 /b=1@4 ");
	CHECK_STR(past_of(lab, "/a", 0, 0), "3@6 -@5 2@3 1@2 ");
	lab_close(lab);
	fake_disk_free(disk);
}

TEST(what_is_too_old_goes_even_if_nothing_is_written_any_more)
{
	struct fake_disk *disk = fake_disk_new(1);
	struct lab *lab = lab_open_keeping(disk, MIB, 600);
	fill(lab);
	CHECK_STR(range_past(lab, "/", "0", 4), "/a=2@3 /b=1@4 ");
	lab_run(lab, 2 * 3600 * 1000);
	CHECK_STR(range_past(lab, "/", "0", 4), "EXPIRED");
	CHECK_STR(past_of(lab, "/a", 0, 0), "3@6 ");
	CHECK_EQ(ask_past(lab, &(struct store_past){ .limit = 1 })->oldest, 6);
	lab_close(lab);
	fake_disk_free(disk);
}

TEST(a_store_that_keeps_nothing_has_no_past)
{
	struct fake_disk *disk = fake_disk_new(1);
	struct lab *lab = lab_open_keeping(disk, 0, 0);
	fill(lab);
	CHECK_STR(range_past(lab, "/", "0", 4), "EXPIRED");
	CHECK_STR(past_of(lab, "/a", 0, 0), "3@6 ");
	lab_close(lab);
	fake_disk_free(disk);
}

TEST(a_page_of_the_past_ends_before_it_is_too_large)
{
	struct fake_disk *disk = fake_disk_new(1);
	struct lab *lab = lab_open_keeping(disk, 64 * MIB, 3600);
	char *large = arena_alloc(test_arena(), MIB + 1);
	memset(large, 'x', MIB);
	large[MIB] = '\0';
	lab_wait_ready(lab);
	for (int i = 0; i < 6; i++)
		lab_put(lab, "/a", large, STORE_ANY_REVISION);
	struct store_past ask = { .key = STR("/a") };
	struct store_past_answer *answer = ask_past(lab, &ask);
	CHECK(answer->more);
	CHECK(answer->count > 0 && (uint64_t)answer->count * MIB <= LIMIT_LIST_PAGE_BYTES);
	ask.below = answer->changes[answer->count - 1].row.mod_revision;
	CHECK_EQ(ask_past(lab, &ask)->changes[0].row.mod_revision, ask.below - 1);
	lab_close(lab);
	fake_disk_free(disk);
}
