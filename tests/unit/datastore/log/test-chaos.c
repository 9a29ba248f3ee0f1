/*
 * Whole clusters under everything that may go wrong at once, from seeds. LOG_SEEDS in the environment asks for
 * more than the few seconds' worth that every run does; LOG_SEED for one alone.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/test.h"
#include "tests/unit/datastore/log/quorum.h"

#define SEEDS 100U
#define ROUNDS 60U

static void do_something_bad(struct quorum *quorum, uint32_t nodes)
{
	struct dice *dice = quorum_dice(quorum);
	uint32_t node = dice_below(dice, nodes), other = dice_below(dice, nodes);
	switch (dice_below(dice, 8)) {
	case 0:
	case 1: quorum_crash(quorum, node); break;
	case 2:
	case 3: quorum_restart(quorum, node); break;
	case 4: quorum_cut(quorum, node, other, node != other); break;
	case 5: quorum_heal(quorum); break;
	case 6: quorum_slow_disk(quorum, node, dice_below(dice, 400)); break;
	case 7:
		for (uint32_t i = 0; i < nodes; i++)
			quorum_cut(quorum, node, i, i != node);
		break;
	}
}

static void move_leader(struct quorum *quorum)
{
	int32_t leader = quorum_leader(quorum);
	if (leader >= 0)
		quorum_transfer(quorum, (uint32_t)leader);
}

static void use(struct quorum *quorum, uint32_t nodes)
{
	struct dice *dice = quorum_dice(quorum);
	int32_t leader = quorum_leader(quorum);
	for (uint32_t i = dice_below(dice, 8); i > 0; i--) {
		/* Mostly on whoever leads, sometimes on one that only thinks so or never did. */
		uint32_t at = leader >= 0 && dice_chance(dice, 800) ? (uint32_t)leader
								    : dice_below(dice, nodes);
		enum status status = quorum_submit(quorum, at, dice_below(dice, 3000));
		CHECK(status == OK || status == UNAVAILABLE || status == BUSY);
	}
	for (uint32_t i = dice_below(dice, 3); i > 0; i--)
		quorum_read(quorum, dice_below(dice, nodes));
}

static void run_seed(uint64_t seed, uint64_t *commands, uint64_t *reads, uint64_t *snapshots)
{
	uint32_t nodes = seed % 3 == 0 ? 5 : 3;
	struct quorum *quorum =
	    quorum_new(&(struct quorum_config){ .seed = seed,
						.nodes = nodes,
						.delay_ms = 1 + seed % 10,
						.loss_per_mille = seed % 4 * 20,
						.disk_ms = 1 + seed % 7,
						.kept_entries = 24,
						.witness = seed % 6 == 1 ? 2 : 0,
						.is_managing = seed % 5 == 4 || seed % 6 == 1,
						.tells_losses = seed % 2 == 0 });
	for (uint32_t i = 1; i < nodes; i++)
		CHECK(quorum_join(quorum, i, i < 3 || seed % 2 ? MEMBER_VOTER : MEMBER_STANDBY));
	for (uint32_t round = 0; round < ROUNDS; round++) {
		struct dice *dice = quorum_dice(quorum);
		if (dice_chance(dice, 300))
			do_something_bad(quorum, nodes);
		if (dice_chance(dice, 60))
			move_leader(quorum);
		if (dice_chance(dice, 40))
			quorum_try_assign(quorum, dice_below(dice, nodes),
					  (enum member_role)dice_below(dice, 3));
		use(quorum, nodes);
		quorum_run(quorum, 1 + dice_below(dice, 120));
	}
	quorum_converge(quorum);
	*commands += quorum_acknowledged(quorum);
	*reads += quorum_reads(quorum);
	*snapshots += quorum_snapshots(quorum);
	quorum_free(quorum);
}

static uint64_t seed_of(const char *text, uint64_t fallback)
{
	uint64_t seed = fallback;

	return text != NULL && str_to_u64(str_from(text), &seed) == OK ? seed : fallback;
}

TEST_SLOW(nothing_acknowledged_is_lost_and_nothing_differs_whatever_happens, 3600)
{
	const char *one = getenv("LOG_SEED"), *many = getenv("LOG_SEEDS");
	uint64_t first = seed_of(one, 1), last = one ? first : seed_of(many, SEEDS);
	uint64_t commands = 0, reads = 0, snapshots = 0;
	for (uint64_t seed = first; seed <= last; seed++)
		run_seed(seed, &commands, &reads, &snapshots);
	/* That nothing went wrong means something only if something went on; one seed alone is looked at for what it does. */
	CHECK(one || commands > 20 * (last - first));
	CHECK(one || reads > 5 * (last - first));
	CHECK(one || snapshots > 0);
}
