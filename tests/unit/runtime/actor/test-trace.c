#include "runtime/base/log.h"
#include "tests/lib/test.h"
#include "tests/unit/runtime/actor/manual.h"

struct ball {
	uint32_t left; /* how often it is still passed on */
};
static ACT_TYPE(ball);

struct player {
	struct act_ref friend;
};

static enum act_verdict player_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct player *player = state;
	uint32_t left = ACT_AS(msg, ball)->left;

	if (left == 100)
		act_fail(act, "too much");
	if (left > 0)
		act_cast(act, player->friend, &ball_type, &(struct ball){ left - 1 });
	return ACT_OK;
}

static enum status player_init(struct act *act, void *state, const void *args)
{
	(void)act;
	((struct player *)state)->friend = *(const struct act_ref *)args;
	return OK;
}

static const struct act_class red = { .name = "red",
				      .state_size = sizeof(struct player),
				      .init = player_init,
				      .receive = player_receive };
static const struct act_class blue = { .name = "blue",
				       .state_size = sizeof(struct player),
				       .init = player_init,
				       .receive = player_receive };

struct seen {
	struct act_trace_entry at[64];
	uint32_t count;
};

static void see(void *arg, const struct act_trace_entry *entry)
{
	struct seen *seen = arg;

	CHECK(seen->count < 64);
	seen->at[seen->count++] = *entry;
}

struct game {
	struct manual manual;
	struct act_ref red, blue;
};

static void game_open(struct game *game)
{
	struct act_ref nobody = ACT_NIL;

	log_configure(&(struct log_config){ .level = LOG_ERROR + 1 });
	manual_open(&game->manual, NULL);
	game->blue = manual_spawn(&game->manual, &blue, &nobody);
	game->red = manual_spawn(&game->manual, &red, &game->blue);
}

TEST(the_trace_says_which_message_came_of_which)
{
	struct game game;
	struct seen seen = { .count = 0 };

	game_open(&game);
	act_host_trace_each(game.manual.host, ACT_NIL, see, &seen);
	CHECK_EQ(seen.count, 0); /* off */
	act_host_trace(game.manual.host, 16);
	manual_tell(&game.manual, game.red, ball, 1);
	manual_run(&game.manual, 0);
	act_host_trace_each(game.manual.host, ACT_NIL, see, &seen);
	CHECK_EQ(seen.count, 2);
	CHECK_EQ(seen.at[0].parent, 0);
	CHECK(act_ref_eq(seen.at[0].to, game.red));
	CHECK_EQ(seen.at[1].parent, seen.at[0].number);
	CHECK(act_ref_eq(seen.at[1].from, game.red));
	CHECK(act_ref_eq(seen.at[1].to, game.blue));
	CHECK_STR(str_from(seen.at[1].from_class), "red");
	CHECK_STR(str_from(seen.at[1].to_class), "blue");
	CHECK_STR(str_from(seen.at[1].type_name), "ball");
	CHECK(seen.at[1].is_begun && seen.at[1].is_done && !seen.at[1].is_out);
	/* Of one actor only. */
	seen.count = 0;
	act_host_trace_each(game.manual.host, game.blue, see, &seen);
	CHECK_EQ(seen.count, 1);
	act_host_trace(game.manual.host, 0);
	manual_tell(&game.manual, game.red, ball, 1);
	manual_run(&game.manual, 0);
	seen.count = 0;
	act_host_trace_each(game.manual.host, ACT_NIL, see, &seen);
	CHECK_EQ(seen.count, 0);
	manual_close(&game.manual);
}

TEST(the_trace_keeps_the_youngest_and_what_it_forgot_does_no_harm)
{
	struct game game;
	struct seen seen = { .count = 0 };

	game_open(&game);
	act_host_trace(game.manual.host, 10); /* 16 */
	/* More in mailboxes than there are entries. */
	for (uint32_t i = 0; i < 50; i++)
		manual_tell(&game.manual, game.red, ball, 1);
	manual_run(&game.manual, 0);
	act_host_trace_each(game.manual.host, ACT_NIL, see, &seen);
	CHECK_EQ(seen.count, 16);
	for (uint32_t i = 1; i < 16; i++)
		CHECK_EQ(seen.at[i].number, seen.at[0].number + i);
	CHECK_EQ(seen.at[15].number, 100);
	manual_close(&game.manual);
}

TEST(a_message_that_crashed_its_receiver_is_in_the_trace_and_those_behind_it_were_not_handled)
{
	struct game game;
	struct seen seen = { .count = 0 };

	game_open(&game);
	act_host_trace(game.manual.host, 16);
	manual_tell(&game.manual, game.red, ball, 100);
	manual_tell(&game.manual, game.red, ball, 0);
	manual_run(&game.manual, 0);
	act_host_trace_each(game.manual.host, game.red, see, &seen);
	CHECK_EQ(seen.count, 2);
	CHECK(seen.at[0].is_begun && seen.at[0].is_done);
	CHECK(!seen.at[1].is_begun && !seen.at[1].is_done);
	manual_close(&game.manual);
}

static void watch_there(struct act *act, void *state, void *arg)
{
	(void)state;
	act_monitor(act, *(struct act_ref *)arg);
}

TEST(what_leaves_the_host_is_in_the_trace_too)
{
	struct game game, other;
	struct seen seen = { .count = 0 };

	game_open(&game);
	game_open(&other);
	manual_join(&game.manual, &other.manual);
	act_host_trace(game.manual.host, 16);
	/* A monitor is a message of the runtime itself to the other host. */
	manual_enter(&game.manual, watch_there, &other.red);
	act_host_trace_each(game.manual.host, other.red, see, &seen);
	CHECK_EQ(seen.count, 1);
	CHECK(seen.at[0].is_out && seen.at[0].kind == ACT_SIGNAL);
	manual_close(&game.manual);
	manual_close(&other.manual);
}
