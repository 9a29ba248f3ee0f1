#include "runtime/faulty/faulty.h"
#include "tests/lib/link-side.h"
#include "tests/lib/test.h"
#include "transport/peer/peer.h"

#define PATIENCE_MS 15000

/* Two hosts of one node; the frames of `a` may be hurt. */
struct pair {
	struct link_side a, b;
	struct link_side *both[2];
	struct faulty *faulty;
	struct seams seams;
	uint64_t wanted, chance;
};

static const struct seams_peer host_b = { 1, 2, 9 };

static void fill(void *self, void *at, size_t len)
{
	struct pair *pair = self;
	uint32_t draw;

	pair->chance = pair->chance * 6364136223846793005ULL + 1442695040888963407ULL;
	draw = (uint32_t)(pair->chance >> 33);
	memcpy(at, &draw, len < sizeof draw ? len : sizeof draw);
}

static struct pair *make_pair(void)
{
	struct pair *pair = arena_new_of(test_arena(), struct pair);
	struct peer_config a = link_side_config(1, 7), b = link_side_config(2, 9);

	*pair = (struct pair){ .both = { &pair->a, &pair->b }, .faulty = faulty_new(NULL) };
	pair->seams.clock = *loop_clock();
	pair->seams.files = *loop_files();
	pair->seams.random = (struct seams_random){ .self = pair, .fill = fill };
	faulty_lay(pair->faulty, &pair->seams);
	a.faulty = pair->faulty;
	CHECK_STATUS(link_side_open(&pair->a, a, NULL), OK);
	CHECK_STATUS(link_side_open(&pair->b, b, NULL), OK);
	return pair;
}

static void close_pair(struct pair *pair)
{
	link_side_close(&pair->a);
	link_side_close(&pair->b);
	faulty_free(pair->faulty);
}

static void order(struct pair *pair, enum faulty_kind kind, uint32_t for_ms, uint32_t per_million,
		  int64_t value)
{
	struct faulty_order order = { .kind = kind,
				      .for_ms = for_ms,
				      .per_million = per_million,
				      .value = value,
				      .node = 1,
				      .host = 2 };

	CHECK_STATUS(faulty_begin(pair->faulty, &order, NULL), OK);
}

static uint64_t struck(const struct pair *pair, enum faulty_kind kind)
{
	return faulty_look(pair->faulty, kind).struck;
}

static bool has_messages(void *arg)
{
	struct pair *pair = arg;

	return pair->b.messages >= pair->wanted;
}

static bool has_losses(void *arg)
{
	struct pair *pair = arg;

	return pair->a.losses.len >= pair->wanted && pair->b.losses.len >= pair->wanted;
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

static bool run(struct pair *pair, bool (*until)(void *arg), uint64_t wanted)
{
	pair->wanted = wanted;
	return link_side_run(pair->both, 2, until, pair, PATIENCE_MS);
}

static void run_for(struct pair *pair, uint32_t ms)
{
	(void)!link_side_run(pair->both, 2, never, pair, ms);
}

static void send(struct pair *pair, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		CHECK_STATUS(
		    link_side_send(&pair->a, host_b, arena_printf(test_arena(), "message %u", i)),
		    OK);
}

static int64_t now_ms(void)
{
	return loop_clock()->mono(NULL).ns / TIME_MS;
}

LINK_TEST(held_frames_come_later_and_in_order)
{
	struct pair *pair = make_pair();
	int64_t begun;

	send(pair, 0, 1);
	CHECK(run(pair, has_messages, 1));
	order(pair, FAULTY_DELAY, 60000, FAULTY_MILLION / 2, 80000);
	begun = now_ms();
	for (uint32_t i = 1; i < 40; i++) {
		send(pair, i, i + 1);
		run_for(pair, 1);
	}
	CHECK(run(pair, has_messages, 40));
	for (uint32_t i = 0; i < 40; i++)
		CHECK(str_eq(pair->b.bodies.at[i], arena_printf(test_arena(), "message %u", i)));
	CHECK(now_ms() - begun >= 80);
	CHECK(struck(pair, FAULTY_DELAY) > 0);
	CHECK_EQ(pair->a.losses.len + pair->b.losses.len, 0);
	/* Taken back: the next one is not late, though nobody says when it is due. */
	order(pair, FAULTY_DELAY, 0, 0, 0);
	send(pair, 40, 41);
	CHECK(run(pair, has_messages, 41));
	close_pair(pair);
}

LINK_TEST(a_dropped_frame_ends_the_session_and_both_are_told)
{
	struct pair *pair = make_pair();

	send(pair, 0, 1);
	CHECK(run(pair, has_messages, 1));
	order(pair, FAULTY_DROP, 60000, FAULTY_MILLION, 0);
	send(pair, 1, 2);
	CHECK_EQ(pair->a.losses.len, 0); /* not from within the send */
	CHECK(run(pair, has_losses, 1));
	CHECK(struck(pair, FAULTY_DROP) > 0);
	CHECK_EQ(pair->b.messages, 1);
	order(pair, FAULTY_DROP, 0, 0, 0);
	while (link_side_state(&pair->a, host_b) != PEER_OPEN) {
		(void)!link_side_send(&pair->a, host_b, STR("again"));
		run_for(pair, 1);
	}
	pair->b.messages = 0;
	send(pair, 2, 3);
	CHECK(run(pair, has_messages, 1));
	close_pair(pair);
}

LINK_TEST(a_doubled_frame_is_taken_once_and_ends_the_session)
{
	struct pair *pair = make_pair();

	send(pair, 0, 1);
	CHECK(run(pair, has_messages, 1));
	order(pair, FAULTY_DUPLICATE, 60000, FAULTY_MILLION, 0);
	send(pair, 1, 2);
	CHECK(run(pair, has_losses, 1));
	CHECK(struck(pair, FAULTY_DUPLICATE) > 0);
	CHECK_EQ(pair->b.messages, 2);
	CHECK(link_side_stats(&pair->b).bad_frames > 0);
	close_pair(pair);
}

/* At most once, in order within a session, a loss is announced: whatever happens to the frames. */
LINK_TEST(the_contract_holds_while_everything_happens_to_frames)
{
	struct pair *pair = make_pair();
	uint32_t sent = 0, last = 0;

	order(pair, FAULTY_DROP, 60000, FAULTY_MILLION / 20, 0);
	order(pair, FAULTY_DUPLICATE, 60000, FAULTY_MILLION / 20, 0);
	order(pair, FAULTY_DELAY, 60000, FAULTY_MILLION / 4, 3000);
	for (int round = 0; round < 1000; round++) {
		struct str body = arena_printf(test_arena(), "%u", sent + 1);

		if (link_side_send(&pair->a, host_b, body) == OK)
			sent++;
		run_for(pair, 1);
	}
	run_for(pair, 200);
	CHECK(struck(pair, FAULTY_DROP) > 0 && struck(pair, FAULTY_DUPLICATE) > 0);
	CHECK(pair->b.bodies.len > 0);
	for (uint32_t i = 0; i < pair->b.bodies.len; i++) {
		uint64_t number = 0;

		CHECK_STATUS(str_to_u64(pair->b.bodies.at[i], &number), OK);
		CHECK(number > last);
		last = (uint32_t)number;
	}
	CHECK(pair->a.losses.len > 0 || pair->b.bodies.len == sent);
	close_pair(pair);
}

LINK_TEST(frames_to_others_are_left_alone)
{
	struct pair *pair = make_pair();
	struct faulty_order elsewhere = { .kind = FAULTY_DROP,
					  .for_ms = 60000,
					  .per_million = FAULTY_MILLION,
					  .node = 1,
					  .host = 3 };

	CHECK_STATUS(faulty_begin(pair->faulty, &elsewhere, NULL), OK);
	send(pair, 0, 100);
	CHECK(run(pair, has_messages, 100));
	CHECK_EQ(struck(pair, FAULTY_DROP), 0);
	CHECK_EQ(pair->a.losses.len, 0);
	close_pair(pair);
}
