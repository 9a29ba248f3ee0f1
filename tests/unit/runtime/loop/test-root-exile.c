/* Whom a root moves into a host of its own, and whom not: judged in virtual time, and no process is started. */
#include <stdio.h>
#include <string.h>

#include "runtime/loop/root-private.h"
#include "runtime/sim/sim.h"
#include "tests/lib/test.h"

#define HOUR_MS 3600000U
#define EXILE_FIRST 40U

/* A root with two hosts of the same actors. */
struct court {
	struct act_sim *sim;
	struct root root;
	struct root_spec spec;
	struct root_host hosts[2];
};

static const char *const argv[] = { "/bin/troupe", "host", NULL };
static const char *const movable[] = { "apple", "cherry", "fig", "pear", "plum", NULL };

static struct hosted *host_of(struct court *court, uint32_t at)
{
	return &court->root.hosts[at];
}

static void take_seat(struct act *act, void *state, void *arg)
{
	(void)state;
	((struct court *)arg)->root.act = act;
}

static struct court *make_court(void)
{
	static const struct act_host_config host = { .name = "root", .host = 1 };
	struct court *court = arena_new_of(test_arena(), struct court);
	struct act_host *seat;

	court->sim = act_sim_new(1);
	CHECK_STATUS(act_sim_host(court->sim, 1, &host), OK);
	seat = act_sim_host_of(court->sim, 1, 1);
	CHECK(act_host_enter(seat, act_host_root(seat), take_seat, court));
	for (uint32_t i = 0; i < 2; i++) {
		court->hosts[i] = (struct root_host){ .name = i ? "core" : "control",
						      .argv = argv,
						      .host = (uint16_t)(2 + i),
						      .movable = movable,
						      .without_option = "--without",
						      .only_option = "--only" };
		*host_of(court, i) =
		    (struct hosted){ .spec = &court->hosts[i], .root = &court->root };
		root_exile_plan(host_of(court, i));
	}
	court->spec =
	    (struct root_spec){ .hosts = court->hosts, .host_count = 2, .exile_first = EXILE_FIRST };
	court->root.spec = &court->spec;
	court->root.host_count = 2;
	return court;
}

static void nothing(void *arg)
{
	(void)arg;
}

/* Virtual time goes on only to what is due. */
static void wait_ms(struct court *court, uint64_t ms)
{
	uint64_t until_ms = act_sim_now_ms(court->sim) + ms;
	struct mono now = act_now(court->root.act);

	act_host_call_at(act_sim_host_of(court->sim, 1, 1),
			 (struct mono){ now.ns + (int64_t)ms * TIME_MS }, nothing, NULL);
	act_sim_run(court->sim, until_ms, NULL, NULL);
	CHECK_EQ(act_now(court->root.act).ns, now.ns + (int64_t)ms * TIME_MS);
}

/* The command line in one text. */
static struct str words_of(const struct hosted *host)
{
	struct text text = text_in(test_arena(), 1024);

	for (uint32_t i = 0; host->words[i] != NULL; i++)
		text_printf(&text, "%s%s", i ? " " : "", host->words[i]);
	return text_str(&text);
}

TEST(who_ran_at_two_deaths_of_a_host_gets_one_of_its_own)
{
	struct court *court = make_court();
	struct hosted *host = host_of(court, 0), *own = host_of(court, 2);

	root_exile_judge(host, "apple");
	CHECK_EQ(court->root.exile_count, 0);
	CHECK_STR(words_of(host), "/bin/troupe host");
	root_exile_judge(host, "apple");
	CHECK_EQ(court->root.exile_count, 1);
	CHECK_EQ(court->root.host_count, 3);
	CHECK_STR(words_of(host), "/bin/troupe host --without apple");
	CHECK_STR(words_of(own), "/bin/troupe host --only apple");
	CHECK_STR(str_from(own->spec->name), "control+apple");
	CHECK_EQ(own->spec->host, EXILE_FIRST);
	CHECK(own->is_exile);
	CHECK_STR(words_of(host_of(court, 1)), "/bin/troupe host");
	act_sim_free(court->sim);
}

TEST(one_death_each_of_several_actors_or_hosts_moves_nobody)
{
	struct court *court = make_court();

	for (uint32_t i = 0; movable[i] != NULL; i++)
		root_exile_judge(host_of(court, 0), movable[i]);
	/* Of the same name, but in another host: that is another actor. */
	root_exile_judge(host_of(court, 1), "apple");
	CHECK_EQ(court->root.exile_count, 0);
	root_exile_judge(host_of(court, 1), "apple");
	CHECK_STR(words_of(host_of(court, 0)), "/bin/troupe host");
	CHECK_STR(words_of(host_of(court, 1)), "/bin/troupe host --without apple");
	CHECK_STR(str_from(host_of(court, 2)->spec->name), "core+apple");
	act_sim_free(court->sim);
}

TEST(two_deaths_count_together_for_an_hour_and_no_longer)
{
	static const struct {
		uint64_t apart_ms;
		bool is_moved;
	} cases[] = {
		{ 0, true }, { HOUR_MS - 1, true }, { HOUR_MS, false }, { 3 * HOUR_MS, false }
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct court *court = make_court();

		root_exile_judge(host_of(court, 0), "apple");
		wait_ms(court, cases[i].apart_ms);
		root_exile_judge(host_of(court, 0), "apple");
		CHECK_EQ(court->root.exile_count, cases[i].is_moved);
		/* The second is then the first of two. */
		wait_ms(court, HOUR_MS - 1);
		if (!cases[i].is_moved)
			root_exile_judge(host_of(court, 0), "apple");
		CHECK_EQ(court->root.exile_count, 1);
		act_sim_free(court->sim);
	}
}

TEST(who_may_not_move_is_never_moved)
{
	static const char *const others[] = { "store", "", "appl", "apples" };
	struct court *court = make_court();

	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		for (uint32_t death = 0; death < 5; death++)
			root_exile_judge(host_of(court, 0), others[i]);
	CHECK_EQ(court->root.exile_count, 0);
	/* Who is alone takes nobody with it, however often it dies. */
	for (uint32_t death = 0; death < 2; death++)
		root_exile_judge(host_of(court, 0), "apple");
	for (uint32_t death = 0; death < 5; death++)
		root_exile_judge(host_of(court, 2), "apple");
	CHECK_EQ(court->root.exile_count, 1);
	court->hosts[1].movable = NULL;
	for (uint32_t death = 0; death < 5; death++)
		root_exile_judge(host_of(court, 1), "pear");
	CHECK_EQ(court->root.exile_count, 1);
	act_sim_free(court->sim);
}

TEST(as_many_move_as_there_are_hosts_for_and_the_next_one_stays)
{
	struct court *court = make_court();
	struct hosted *host = host_of(court, 0);

	for (uint32_t i = 0; movable[i] != NULL; i++)
		for (uint32_t death = 0; death < 2; death++)
			root_exile_judge(host, movable[i]);
	CHECK_EQ(court->root.exile_count, ROOT_EXILES_MAX);
	CHECK_STR(words_of(host), "/bin/troupe host --without apple,cherry,fig,pear");
	for (uint32_t i = 0; i < ROOT_EXILES_MAX; i++)
		CHECK_EQ(host_of(court, 2 + i)->spec->host, EXILE_FIRST + i);
	act_sim_free(court->sim);
}
