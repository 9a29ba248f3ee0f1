#include "runtime/loop/calm/calm.h"

#include <sys/mman.h>
#include <unistd.h>

#include "runtime/base/mem.h"
#include "runtime/loop/loop.h"
#include "tests/lib/test.h"

static void turn_often(struct calm *calm, uint32_t turns)
{
	for (uint32_t i = 0; i < turns; i++)
		(void)calm_turn(calm);
}

TEST(a_look_is_asked_for_once_after_something_was_done)
{
	struct calm calm = { 0 };
	uint32_t asked = 0;

	for (uint32_t i = 0; i < 3 * CALM_TURNS; i++)
		asked += calm_turn(&calm) != 0 ? 1U : 0U;
	CHECK_EQ(asked, 1);
	CHECK_EQ(calm_look(&calm), 0);
	turn_often(&calm, CALM_TURNS - 1);
	CHECK_EQ(calm_turn(&calm), CALM_LOOK_MS);
}

TEST(a_busy_process_is_left_alone_and_looked_at_again)
{
	struct calm calm = { 0 };

	turn_often(&calm, CALM_TURNS + CALM_BUSY_TURNS);
	CHECK_EQ(calm_look(&calm), CALM_LOOK_MS);
	CHECK_EQ(calm.bytes, 0);
	CHECK_EQ(calm_look(&calm), 0);
	CHECK(calm.bytes > 0);
}

TEST(what_has_not_grown_is_not_given_back_twice)
{
	struct calm calm = { .bytes = UINT64_MAX - CALM_GROWN_BYTES,
			     .free = UINT64_MAX - CALM_GROWN_BYTES };

	CHECK_EQ(calm_look(&calm), 0);
	CHECK_EQ(calm.bytes, UINT64_MAX - CALM_GROWN_BYTES);
}

#define BLOCKS 2048U
#define BLOCK_BYTES 4000U /* too small for a mapping of its own */

TEST(what_was_in_use_when_the_process_gave_back_goes_when_it_is_free)
{
	struct calm calm = { 0 };
	void *blocks[BLOCKS], *last;
	uint64_t before;

	for (uint32_t i = 0; i < BLOCKS; i++) {
		blocks[i] = mem_alloc(BLOCK_BYTES);
		memset(blocks[i], 1, BLOCK_BYTES);
	}
	last = mem_alloc(BLOCK_BYTES); /* so that the heap does not end with them */
	CHECK_EQ(calm_look(&calm), 0);
	before = calm_resident_bytes();
	CHECK_EQ(calm_look(&calm), 0);
	for (uint32_t i = 0; i < BLOCKS; i++)
		mem_free(blocks[i]);
	CHECK_EQ(calm_look(&calm), 0);
	/* Elsewhere than in glibc's heap, a sanitizer's say, it is not known what is free. */
	if (calm.free > 0)
		CHECK(calm_resident_bytes() + (uint64_t)BLOCKS * BLOCK_BYTES / 2 < before);
	mem_free(last);
}

/* A probe or a debugger writes where the program may only read. */
static const char page_of_constants[3 * 65536] __attribute__((aligned(4096))) = { 1 };

TEST(pages_that_are_not_used_go_and_those_that_were_changed_stay)
{
	const volatile char *constants = page_of_constants;
	uint64_t before;

	for (size_t i = 0; i < sizeof page_of_constants; i += 4096)
		CHECK(constants[i] == (i == 0));
	before = calm_resident_bytes();
	CHECK(before > 0);
	calm_give_back();
	CHECK(calm_resident_bytes() + sizeof page_of_constants <= before);
	CHECK_EQ(constants[0], 1);

	CHECK_EQ(mprotect((void *)(uintptr_t)page_of_constants, 4096, PROT_READ | PROT_WRITE), 0);
	*(volatile char *)(uintptr_t)page_of_constants = 2;
	CHECK_EQ(mprotect((void *)(uintptr_t)page_of_constants, 4096, PROT_READ), 0);
	calm_give_back();
	CHECK_EQ(constants[0], 2);
	CHECK_EQ(constants[4096], 0);
}

static bool has_given_back(void *arg)
{
	return calm_resident_bytes() < *(const uint64_t *)arg;
}

/* Without a word from anybody: one that was busy and has nothing more to do. */
TEST(a_loop_that_becomes_calm_gives_back)
{
	const struct loop_config config = {
		.host = { .name = "test", .node = 1, .host = 1, .epoch = 1 }
	};
	const volatile char *constants = page_of_constants;
	struct loop *loop;
	uint64_t before;

	for (size_t i = 0; i < sizeof page_of_constants; i += 4096)
		CHECK(constants[i] == (i == 0));
	CHECK_STATUS(loop_open(&config, &loop), OK);
	for (uint32_t i = 0; i < 2 * CALM_TURNS; i++)
		loop_step(loop, 0);
	before = calm_resident_bytes() - sizeof page_of_constants;
	CHECK(loop_run_until(loop, has_given_back, &before, 10 * CALM_LOOK_MS));
	loop_close(loop);
}
