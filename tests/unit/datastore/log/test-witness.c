/*
 * Two members and a witness: whichever of the three is lost, the other two go on, and nothing that was acknowledged is lost. WITNESS_SEEDS
 * in the environment asks for more seeds than every run does, WITNESS_SEED for one alone.
 */
#include <stdio.h>
#include <stdlib.h>

#include "datastore/log/replica-private.h"
#include "tests/lib/test.h"
#include "tests/unit/datastore/log/quorum.h"

#define SEEDS 40U
#define WITNESS 2U

static uint64_t wanted; /* to be acknowledged */

static bool has_three_voters(struct quorum *quorum)
{
	int32_t leader = quorum_leader(quorum);
	struct replica_status status;
	if (leader < 0)
		return false;
	replica_status(quorum_replica(quorum, (uint32_t)leader), &status);
	return status.tolerance == 1 && !status.is_changing &&
	       members_count(replica_members(quorum_replica(quorum, (uint32_t)leader)),
			     MEMBER_VOTER) == 3;
}

static bool has_acknowledged(struct quorum *quorum)
{
	return quorum_acknowledged(quorum) >= wanted;
}

static struct quorum *make_pair(uint64_t seed, bool tells_losses)
{
	struct quorum *quorum = quorum_new(&(struct quorum_config){ .seed = seed,
								    .nodes = 3,
								    .delay_ms = 1 + seed % 4,
								    .disk_ms = 1 + seed % 5,
								    .kept_entries = 24,
								    .is_managing = true,
								    .witness = WITNESS,
								    .tells_losses = tells_losses });
	CHECK(quorum_join(quorum, 1, MEMBER_SPARE));
	CHECK(quorum_join(quorum, WITNESS, MEMBER_SPARE));
	CHECK(quorum_until(quorum, has_three_voters, 10000));
	return quorum;
}

/* So many writes one after another, by whoever leads; the milliseconds that the slowest took. */
static int64_t write_some(struct quorum *quorum, uint32_t count)
{
	int64_t slowest = 0;
	for (uint32_t i = 0; i < count; i++) {
		int64_t began = quorum_now(quorum).ns;
		enum status status = UNAVAILABLE;
		for (uint32_t tries = 0; status != OK && tries < 1000; tries++) {
			CHECK(quorum_until(quorum, quorum_has_leader, 5000));
			uint32_t leader = (uint32_t)quorum_leader(quorum);
			CHECK(leader != WITNESS);
			status = quorum_submit(quorum, leader, 100);
			wanted = core_last(quorum_replica(quorum, leader)->core);
			if (status != OK)
				quorum_run(quorum, 5);
		}
		CHECK(quorum_until(quorum, has_acknowledged, 5000));
		int64_t took = (quorum_now(quorum).ns - began) / TIME_MS;
		slowest = took > slowest ? took : slowest;
	}
	return slowest;
}

static uint32_t pick(struct quorum *quorum, uint32_t which)
{
	uint32_t leader = (uint32_t)quorum_leader(quorum);
	return which == 0 ? leader : which == 1 ? 1 - leader : WITNESS;
}

/* Each of the three is lost in turn while the others go on, and comes back. */
static int64_t lose_each(uint64_t seed, bool tells_losses)
{
	struct quorum *quorum = make_pair(seed, tells_losses);
	int64_t slowest = 0;
	for (uint32_t turn = 0; turn < 6; turn++) {
		write_some(quorum, 5 + dice_below(quorum_dice(quorum), 40));
		quorum_run(quorum, dice_below(quorum_dice(quorum), 300));
		CHECK(quorum_until(quorum, has_three_voters, 60000));
		uint32_t lost = pick(quorum, (turn + (uint32_t)seed) % 3);
		/* In the middle of something. */
		enum status status = quorum_submit(quorum, (uint32_t)quorum_leader(quorum), 50);
		CHECK_STATUS(status, OK);
		quorum_run(quorum, dice_below(quorum_dice(quorum), 6));
		quorum_crash(quorum, lost);
		int64_t took = write_some(quorum, 1);
		slowest = took > slowest ? took : slowest;
		write_some(quorum, 60); /* more than the log keeps */
		quorum_restart(quorum, lost);
		quorum_run(quorum, 500);
	}
	quorum_converge(quorum);
	quorum_free(quorum);
	return slowest;
}

static uint64_t seed_of(const char *text, uint64_t fallback)
{
	uint64_t seed = fallback;
	return text != NULL && str_to_u64(str_from(text), &seed) == OK ? seed : fallback;
}

TEST_SLOW(two_and_a_witness_go_on_whichever_is_lost, 3600)
{
	const char *one = getenv("WITNESS_SEED"), *many = getenv("WITNESS_SEEDS");
	uint64_t first = seed_of(one, 1), last = one ? first : seed_of(many, SEEDS);
	int64_t told = 0, silent = 0;
	for (uint64_t seed = first; seed <= last; seed++) {
		fprintf(stderr, "WITNESS_SEED=%llu\n", (unsigned long long)seed);
		int64_t took = lose_each(seed, seed % 2 == 0);
		if (seed % 2 == 0)
			told = took > told ? took : told;
		else
			silent = took > silent ? took : silent;
	}
	printf("without writes for at most %lld ms if the loss is told, %lld ms if not\n",
	       (long long)told, (long long)silent);
	CHECK(told <= 500);
	CHECK(silent <= 3000);
}

/* It says that it knows what is in none of them. */
TEST(a_witness_has_no_data)
{
	struct quorum *quorum = make_pair(3, true);
	write_some(quorum, 30);
	quorum_run(quorum, 500);
	const struct window *window = core_window(quorum_replica(quorum, WITNESS)->core);
	CHECK(window->len > 0);
	for (uint64_t index = window->base_index + 1; index <= window_last(window); index++) {
		const struct entry *entry = window_at(window, index);
		CHECK(entry->kind == ENTRY_MEMBERS || entry->len == 0);
	}
	CHECK_EQ(window_last(window),
		 core_last(quorum_replica(quorum, (uint32_t)quorum_leader(quorum))->core));
	quorum_free(quorum);
}

/* It is told where to go on instead of all that is between: that is on its disk before it says that it has it. */
TEST(a_witness_that_was_away_says_that_it_has_what_is_on_its_disk)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct quorum *quorum = make_pair(seed, true);
		write_some(quorum, 5);
		quorum_crash(quorum, WITNESS);
		write_some(quorum, 60); /* more than the log keeps */
		quorum_slow_disk(quorum, WITNESS, 300);
		quorum_restart(quorum, WITNESS);
		const struct core *core = quorum_replica(quorum, WITNESS)->core;
		uint64_t before = core_last(core);
		while (core_last(core) == before)
			quorum_run(quorum, 1);
		quorum_run(quorum, 100); /* it is asked again, and its disk has not done it */
		quorum_crash(quorum, WITNESS);
		quorum_slow_disk(quorum, WITNESS, 0);
		quorum_restart(quorum, WITNESS);
		quorum_run(quorum, 1000);
		quorum_converge(quorum);
		quorum_free(quorum);
	}
}
