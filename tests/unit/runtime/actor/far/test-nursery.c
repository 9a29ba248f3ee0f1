#include <stdio.h>

#include "runtime/actor/far/nursery.h"
#include "runtime/base/log.h"
#include "tests/lib/test.h"
#include "tests/unit/runtime/actor/manual.h"

/* What the far actor is told to be, as args, and what it is told to do. */
struct worth {
	uint32_t n;
};

static enum status worth_encode(const void *body, struct text *out)
{
	text_add_bytes(out, body, sizeof(struct worth));
	return OK;
}

static enum status worth_decode(struct str bytes, struct arena *arena, void *body)
{
	(void)arena;
	if (bytes.len != sizeof(struct worth))
		return CORRUPT;
	memcpy(body, bytes.at, bytes.len);
	return OK;
}

static ACT_TYPE(worth, .id = 77, .encode = worth_encode, .decode = worth_decode);
static const struct act_type *const types[] = { &worth_type };

enum { DO_NOTHING, DO_CRASH, DO_END };

/* ---- over there: what its lives were, as letters ----------------------------------------------------------- */

static char story[256];
static uint32_t init_fails, living, most_living;

static void tell_story(char letter)
{
	size_t len = strlen(story);

	CHECK(len + 1 < sizeof story);
	story[len] = letter;
}

static void bury(void *arg)
{
	(void)arg;
	living--;
}

static enum status worker_init(struct act *act, void *state, const void *args)
{
	const struct worth *worth = args;

	(void)state;
	if (init_fails > 0) {
		init_fails--;
		tell_story('!');
		act_fail(act, "not yet");
	}
	tell_story((char)('a' + worth->n));
	living++;
	most_living = living > most_living ? living : most_living;
	act_own(act, bury, NULL);
	return OK;
}

static enum act_verdict worker_receive(struct act *act, void *state, const struct act_msg *msg)
{
	uint32_t what = ACT_AS(msg, worth)->n;

	(void)state;
	if (what == DO_CRASH)
		act_fail(act, "told to");
	tell_story('.');
	if (msg->kind == ACT_REQUEST)
		act_reply(act, msg, &worth_type, &(struct worth){ 42 });
	return what == DO_END ? ACT_STOP : ACT_OK;
}

static void worker_stop(struct act *act, void *state, enum act_reason why)
{
	(void)act, (void)state, (void)why;
	tell_story('S');
}

static const struct act_class worker_class = {
	.name = "worker", .init = worker_init, .receive = worker_receive, .stop = worker_stop
};

/* Traps exits and does not care. */
static enum status stubborn_init(struct act *act, void *state, const void *args)
{
	act_trap_exits(act, true);
	return worker_init(act, state, args);
}

static enum act_verdict stubborn_receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)act, (void)state, (void)msg;
	return ACT_OK;
}

static const struct act_class stubborn_class = { .name = "stubborn",
						 .init = stubborn_init,
						 .receive = stubborn_receive };

static const struct act_offer offers[] = { { "worker", &worker_class, &worth_type },
					   { "stubborn", &stubborn_class, &worth_type },
					   { NULL, NULL, NULL } };

/* ---- two hosts: 0 supervises, 1 has the nursery ---------------------------------------------------------- */

struct world {
	struct manual here, there;
	struct act_ref nursery;
	struct act_far far[3];
	struct act_child children[3];
	struct act_supervisor spec;
	struct act_ref supervisor;
};

static const struct worth worths[] = { { 0 }, { 1 }, { 2 } };

static void spawn_nursery(struct act *act, void *state, void *arg)
{
	struct world *world = arg;

	(void)state;
	CHECK_STATUS(act_spawn(act, &act_nursery_class, offers, "nursery", &world->nursery), OK);
}

static void spawn_supervisor(struct act *act, void *state, void *arg)
{
	struct world *world = arg;

	(void)state;
	CHECK_STATUS(act_supervise(act, &world->spec, "sup", &world->supervisor), OK);
}

static void world_run(struct world *world, uint64_t ms)
{
	/* In small steps, so that the two clocks stay together. */
	for (uint64_t i = 0; i <= ms; i += 5) {
		for (int j = 0; j < 3; j++) {
			manual_run(&world->here, 0);
			manual_run(&world->there, 0);
		}
		manual_run(&world->here, ms ? 5 : 0);
		manual_run(&world->there, ms ? 5 : 0);
	}
}

static struct world *make_world(uint32_t count)
{
	static const char *const ids[] = { "a", "b", "c" };
	struct world *world = arena_new_of(test_arena(), struct world);

	log_configure(&(struct log_config){ .level = LOG_ERROR });
	memset(story, 0, sizeof story);
	init_fails = living = most_living = 0;
	manual_open(&world->here, NULL);
	manual_open(&world->there, NULL);
	struct act_host *hosts[] = { world->here.host, world->there.host };
	for (int i = 0; i < 2; i++) {
		CHECK_STATUS(act_host_add_types(hosts[i], types, 1), OK);
		CHECK_STATUS(
		    act_host_add_types(hosts[i], act_nursery_types, act_nursery_type_count), OK);
	}
	for (uint32_t i = 0; i < 3; i++) {
		world->far[i] = (struct act_far){
			.where = "n2", .class = "worker", .type = &worth_type, .args = &worths[i]
		};
		world->children[i] = (struct act_child){ .id = ids[i],
							 .class = &act_far_class,
							 .args = &world->far[i] };
	}
	world->spec = (struct act_supervisor){ .children = world->children, .child_count = count };
	return world;
}

static void begin(struct world *world)
{
	manual_join(&world->here, &world->there);
	manual_enter(&world->there, spawn_nursery, world);
	manual_enter(&world->here, spawn_supervisor, world);
	world_run(world, 0);
}

static void end(struct world *world)
{
	act_host_stop(world->here.host);
	world_run(world, 50);
	manual_close(&world->here);
	manual_run(&world->there, 0);
	manual_close(&world->there);
	CHECK_EQ(living, 0);
	CHECK(most_living <= world->spec.child_count);
}

static void say_in(struct act *act, void *state, void *arg)
{
	const char *what = arg;
	char name[2] = { what[0], 0 };

	(void)state;
	CHECK_STATUS(act_tell(act, act_named(act, name), worth, (uint32_t)(what[1] - '0')), OK);
}

static void say(struct world *world, const char *what)
{
	char copy[3] = { what[0], what[1], 0 };

	manual_enter(&world->here, say_in, copy);
	world_run(world, 0);
}

TEST(a_child_lives_elsewhere_and_hears_what_its_name_is_told)
{
	struct world *world = make_world(2);

	begin(world);
	CHECK_STR(str_from(story), "ab");
	say(world, "b0");
	CHECK_STR(str_from(story), "ab.");
	end(world);
	/* In reverse order, each after the one before has ended. */
	CHECK_STR(str_from(story), "ab.SS");
}

TEST(supervisors_do_with_far_children_what_they_do_with_near_ones)
{
	static const struct {
		enum act_strategy strategy;
		enum act_restart restart;
		const char *say, *story;
	} cases[] = {
		{ ACT_ONE_FOR_ONE, ACT_PERMANENT, "b1", "abcb" },
		{ ACT_ONE_FOR_ALL, ACT_PERMANENT, "b1", "abcSSabc" },
		{ ACT_REST_FOR_ONE, ACT_PERMANENT, "b1", "abcSbc" },
		{ ACT_ONE_FOR_ONE, ACT_PERMANENT, "b2", "abc.Sb" },
		{ ACT_ONE_FOR_ONE, ACT_TRANSIENT, "b1", "abcb" },
		{ ACT_ONE_FOR_ONE, ACT_TRANSIENT, "b2", "abc.S" },
		{ ACT_ONE_FOR_ONE, ACT_TEMPORARY, "b1", "abc" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct world *world = make_world(3);
		char where[16];

		world->spec.strategy = cases[i].strategy;
		snprintf(where, sizeof where, "n%zu", 2 * i + 2);
		for (int j = 0; j < 3; j++) {
			world->children[j].restart = cases[i].restart;
			world->far[j].where = where;
		}
		begin(world);
		say(world, cases[i].say);
		CHECK_STR(str_from(story), cases[i].story);
		end(world);
	}
}

TEST(a_lost_link_ends_both_ends_and_the_next_life_waits_for_it)
{
	struct world *world = make_world(1);
	struct act_host_stats stats;

	/* Being away for long is one restart, not many. */
	world->spec.max_restarts = 1;
	world->spec.within_ms = 3600000;
	begin(world);
	manual_cut(&world->here, &world->there);
	world_run(world, 30000);
	CHECK_STR(str_from(story), "aS");
	act_host_stats(world->here.host, &stats);
	CHECK_EQ(stats.restarts, 1);
	manual_join(&world->here, &world->there);
	world_run(world, 3000);
	CHECK_STR(str_from(story), "aSa");
	CHECK_EQ(most_living, 1);
	end(world);
}

TEST(a_new_life_begins_when_the_old_one_has_ended_though_that_takes_its_time)
{
	struct world *world = make_world(1);

	world->far[0].class = "stubborn";
	world->far[0].shutdown_ms = 1000;
	begin(world);
	CHECK_STR(str_from(story), "a");
	manual_cut(&world->here, &world->there);
	manual_join(&world->here, &world->there);
	world_run(world, 500);
	CHECK_STR(str_from(story), "a");
	CHECK_EQ(living, 1);
	world_run(world, 1000);
	CHECK_STR(str_from(story), "aa");
	CHECK_EQ(most_living, 1);
	end(world);
}

TEST(a_far_child_that_does_not_end_in_time_is_killed_and_takes_the_other_with_it)
{
	struct world *world = make_world(1);

	world->far[0].class = "stubborn";
	world->far[0].shutdown_ms = 100;
	world->children[0].shutdown_ms = 200;
	begin(world);
	act_host_stop(world->here.host);
	world_run(world, 150);
	CHECK(!act_host_is_done(world->here.host));
	world_run(world, 100);
	CHECK(act_host_is_done(world->here.host));
	world_run(world, 150);
	CHECK_EQ(living, 0);
	end(world);
}

TEST(a_nursery_that_is_not_there_yet_is_waited_for_and_messages_wait_too)
{
	struct world *world = make_world(1);

	manual_enter(&world->here, spawn_supervisor, world);
	world_run(world, 1000);
	say(world, "a0");
	CHECK_STR(str_from(story), "");
	manual_join(&world->here, &world->there);
	world_run(world, 1000);
	CHECK_STR(str_from(story), "");
	manual_enter(&world->there, spawn_nursery, world);
	world_run(world, 3000);
	CHECK_STR(str_from(story), "a.");
	end(world);
}

TEST(what_cannot_be_made_is_a_failure_of_the_child_with_the_words_from_there)
{
	struct world *world = make_world(1);
	world->spec.max_restarts = 5;
	world->spec.within_ms = 60000;
	begin(world);
	init_fails = 2;
	say(world, "a1");
	CHECK_STR(str_from(story), "a!!a");
	CHECK(!act_host_is_done(world->here.host));
	end(world);

	world = make_world(1);
	world->spec.max_restarts = 2;
	world->spec.within_ms = 60000;
	world->far[0].where = "n4";
	world->far[0].class = "unheard of";
	begin(world);
	world_run(world, 0);
	CHECK_STR(str_from(story), "");
	/* The supervisor gave up. */
	manual_close(&world->here);
	manual_close(&world->there);
}

/* The same host in an earlier life, as if what it once sent came only now. */
TEST(what_an_earlier_life_of_a_host_asks_for_is_refused)
{
	struct world *world = make_world(1), *old = make_world(1);

	manual_close(&world->here);
	manual_open_as(&world->here, 1, 2);
	CHECK_STATUS(act_host_add_types(world->here.host, types, 1), OK);
	CHECK_STATUS(
	    act_host_add_types(world->here.host, act_nursery_types, act_nursery_type_count), OK);
	begin(world);
	CHECK_STR(str_from(story), "a");
	manual_close(&old->here);
	manual_open_as(&old->here, 1, 1);
	CHECK_STATUS(act_host_add_types(old->here.host, types, 1), OK);
	CHECK_STATUS(act_host_add_types(old->here.host, act_nursery_types, act_nursery_type_count),
		     OK);
	old->here.peer = &world->there;
	manual_enter(&old->here, spawn_supervisor, old);
	world_run(world, 0);
	CHECK_STR(str_from(story), "a");
	CHECK_EQ(living, 1);
	old->here.peer = NULL;
	manual_close(&old->here);
	manual_close(&old->there);
	end(world);
}

static void stop_nursery(struct act *act, void *state, void *arg)
{
	(void)state;
	act_stop(act, *(struct act_ref *)arg);
}

TEST(the_end_of_the_nursery_is_the_end_of_its_children_and_they_come_back_with_it)
{
	struct world *world = make_world(1);

	begin(world);
	manual_enter(&world->there, stop_nursery, &world->nursery);
	world_run(world, 200);
	CHECK_STR(str_from(story), "aS");
	manual_enter(&world->there, spawn_nursery, world);
	world_run(world, 3000);
	CHECK_STR(str_from(story), "aSa");
	end(world);
}

TEST(damaged_orders_and_answers_are_refused_at_every_length)
{
	for (uint32_t i = 0; i < act_nursery_type_count; i++) {
		const struct act_type *type = act_nursery_types[i];
		void *body = arena_zalloc(test_arena(), type->size);
		struct text bytes = text_in(test_arena(), 1024);

		CHECK_STATUS(type->encode(body, &bytes), OK);
		CHECK_STATUS(type->decode(text_str(&bytes), test_arena(), body), OK);
		for (uint32_t len = 0; len < bytes.len; len++)
			CHECK(type->decode(str_of(bytes.at, len), test_arena(), body) != OK);
		text_add_char(&bytes, 0);
		CHECK(type->decode(text_str(&bytes), test_arena(), body) != OK);
		bytes.len--;
		bytes.at[0] = 9; /* another version */
		CHECK(type->decode(text_str(&bytes), test_arena(), body) != OK);
	}
}
