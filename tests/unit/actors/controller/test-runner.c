#include <malloc.h>
#include <stdio.h>

#include "actors/controller/controller.h"
#include "actors/controller/plan-private.h"
#include "actors/controller/recorder.h"
#include "datastore/schema/authorization.h"
#include "tests/unit/actors/controller/desk.h"

/*
 * A controller that gives each config map as many secrets as it says (data.want), named by number. What it is asked is
 * written down; each test runs in a process of its own.
 */
static struct {
	uint32_t runs;         /* of all keys */
	struct act_host *host; /* whose activations are counted; NULL: they are not */
	uint64_t activation;
	uint32_t in_a_row, most_in_a_row; /* keys of one activation */
	uint32_t runs_of_a;
	char failure[64]; /* what the last turn was told of the one before */
	bool deletes, has_event, is_failing, awaits, reviews;
	uint64_t awaited;
	int64_t again_ms;
} maker;

static int64_t wanted_of(const struct core_config_map *map)
{
	int64_t want = 0;

	(void)!str_to_i64(str_map_get(map->data, STR("want")), &want);
	return want;
}

static void make_secrets(const struct world *world, struct plan *plan,
			 const struct core_config_map *map)
{
	for (int64_t i = 0; i < wanted_of(map); i++) {
		struct key key = { map->metadata->namespace,
				   arena_printf(plan_arena(plan), STR_FMT "-%jd",
						STR_ARG(map->metadata->name), (intmax_t)i) };

		if (world_get(world, key, core_secret) != NULL)
			continue;
		plan_new_child(plan, map, core_config_map, key.name, core_secret);
		if (maker.has_event)
			plan_event(plan, &core_config_map_type, map->metadata, false, "Made",
				   "made " STR_FMT, STR_ARG(key.name));
	}
}

static void look_at_failure(const struct world *world)
{
	const struct world_failure *failure = world_failure(world);

	if (failure == NULL)
		maker.failure[0] = '\0';
	else
		snprintf(maker.failure, sizeof maker.failure, "%s %s " STR_FMT,
			 failure->is_create ? "create" : "other", status_name(failure->status),
			 STR_ARG(failure->message));
}

static void review(struct plan *plan)
{
	struct authorization_resource_attributes attributes = { .subresource = STR("part") };
	struct authorization_subject_access_review_spec spec = { .user = STR("u"),
								 .resource_attributes =
								     &attributes };

	plan_review(plan, &spec);
}

static void count_in_a_row(void)
{
	struct act_host_stats stats;

	if (maker.host == NULL)
		return;
	act_host_stats(maker.host, &stats);
	maker.in_a_row = stats.activations == maker.activation ? maker.in_a_row + 1 : 1;
	maker.activation = stats.activations;
	if (maker.in_a_row > maker.most_in_a_row)
		maker.most_in_a_row = maker.in_a_row;
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct core_config_map *map = world_get(world, key, core_config_map);
	struct records secrets;

	maker.runs++;
	count_in_a_row();
	maker.runs_of_a += str_is(key.name, "a");
	look_at_failure(world);
	if (maker.is_failing)
		return INTERNAL;
	if (map == NULL)
		return OK;
	if (maker.reviews)
		review(plan);
	secrets = world_owned(world, map, core_secret);
	if (maker.deletes && secrets.len > wanted_of(map))
		plan_delete(plan, record_at(secrets, secrets.len - 1, core_secret), core_secret);
	make_secrets(world, plan, map);
	if (maker.again_ms > 0)
		plan_again(plan, maker.again_ms);
	if (maker.awaits)
		plan_has_seen(plan, world, &core_secret_type, maker.awaited);
	return OK;
}

static const struct controller maker_controller = { .name = "maker",
						    .account = "maker",
						    .reconciles = &core_config_map_type,
						    .owns = { &core_secret_type },
						    .workers = 4,
						    .reconcile = reconcile };
static const struct runner_args runner_args = { &maker_controller, "api", DESK_TERM, NULL };

static struct desk *make_desk(void)
{
	struct desk *desk = desk_open_runner(&runner_args);

	desk_run(desk, 100);
	return desk;
}

static void put_map(struct desk *desk, const char *name, int want)
{
	desk_put(desk, &core_config_map_type,
		 "{\"metadata\":{\"name\":\"%s\",\"namespace\":\"n\"},\"data\":{\"want\":\"%d\"}}",
		 name, want);
}

static void look_for_maker(struct act *act, void *state, void *arg)
{
	(void)state;
	*(bool *)arg = !act_ref_is_nil(act_whereis(act, "maker"));
}

static bool is_running(struct desk *desk)
{
	bool found = false;

	CHECK(act_host_enter(desk_host(desk), act_host_root(desk_host(desk)), look_for_maker,
			     &found));
	return found;
}

/* ---- keys --------------------------------------------------------------------------------------------------- */

TEST(what_a_controller_plans_is_written_once_with_its_term)
{
	struct desk *desk = make_desk();

	put_map(desk, "a", 3);
	put_map(desk, "b", 2);
	desk_run(desk, 1000);
	CHECK_EQ(desk_count(desk, &core_secret_type), 5);
	CHECK_EQ(desk_counts(desk).writes, 5);
	CHECK_EQ(desk_counts(desk).wrong_terms, 0);
	CHECK(desk_get(desk, &core_secret_type, "n", "a-2") != NULL);
	desk_run(desk, 60000);
	CHECK_EQ(desk_counts(desk).writes, 5);
	desk_close(desk);
}

TEST(a_list_that_comes_again_makes_nothing_twice)
{
	struct desk *desk = make_desk();

	put_map(desk, "a", 1);
	desk_run(desk, 500);
	desk_end_watches(desk, 410);
	desk_run(desk, 5000);
	CHECK_EQ(desk_counts(desk).creates, 1);
	desk_close(desk);
}

TEST(one_key_is_never_under_way_twice)
{
	struct desk *desk = make_desk();

	desk_hold_answers(desk, true);
	put_map(desk, "a", 1);
	desk_run(desk, 100);
	CHECK_EQ(maker.runs_of_a, 1);
	for (int i = 0; i < 10; i++)
		put_map(desk, "a", 2);
	put_map(desk, "b", 1);
	desk_run(desk, 1000);
	CHECK_EQ(maker.runs_of_a, 1);
	CHECK_EQ(desk_count(desk, &core_secret_type), 2); /* b was not held up */
	desk_hold_answers(desk, false);
	desk_run(desk, 1000);
	CHECK_EQ(desk_count(desk, &core_secret_type), 3);
	CHECK_EQ(desk_counts(desk).creates, 3);
	desk_close(desk);
}

TEST(a_key_waits_until_the_caches_have_seen_its_own_writes)
{
	struct desk *desk = make_desk();

	put_map(desk, "a", 2);
	desk_hold_events(desk, &core_secret_type);
	desk_run(desk, 4000);
	CHECK_EQ(desk_count(desk, &core_secret_type), 2);
	CHECK_EQ(maker.runs_of_a, 1);
	desk_hold_events(desk, NULL);
	desk_run(desk, 100);
	CHECK(maker.runs_of_a > 1);
	CHECK_EQ(desk_counts(desk).creates, 2);
	desk_close(desk);
}

TEST(a_cache_that_never_comes_is_not_waited_for_for_ever)
{
	struct desk *desk = make_desk();

	maker.again_ms = 100;
	put_map(desk, "a", 1);
	desk_hold_events(desk, &core_secret_type);
	desk_run(desk, 4900);
	CHECK_EQ(maker.runs_of_a, 1);
	desk_run(desk, 500);
	CHECK(maker.runs_of_a >= 2);
	CHECK(desk_counts(desk).progress >= 10); /* it was hurried meanwhile */
	CHECK_EQ(desk_count(desk, &core_secret_type), 1);
	desk_close(desk);
}

TEST(a_delete_that_is_answered_without_an_object_is_waited_for_too)
{
	struct desk *desk = make_desk();

	maker.deletes = true;
	put_map(desk, "a", 3);
	desk_run(desk, 500);
	desk_hold_events(desk, &core_secret_type);
	put_map(desk, "a", 1);
	desk_run(desk, 4000);
	CHECK_EQ(desk_counts(desk).deletes, 1);
	desk_hold_events(desk, NULL);
	desk_run(desk, 1000);
	CHECK_EQ(desk_counts(desk).deletes, 2);
	CHECK_EQ(desk_count(desk, &core_secret_type), 1);
	desk_close(desk);
}

TEST(a_key_is_looked_at_again_after_as_long_as_it_asked_for)
{
	struct desk *desk = make_desk();

	maker.again_ms = 10000;
	put_map(desk, "a", 0);
	desk_run(desk, 9000);
	CHECK_EQ(maker.runs_of_a, 1);
	desk_run(desk, 2000);
	CHECK_EQ(maker.runs_of_a, 2);
	desk_close(desk);
}

/* ---- failures -------------------------------------------------------------------------------------------------- */

TEST(a_conflict_is_tried_again_from_fresh_state_and_not_told)
{
	struct desk *desk = make_desk();

	desk_refuse(desk, "POST /api/v1/namespaces/n/secrets", 409, 1);
	put_map(desk, "a", 1);
	desk_run(desk, 1000);
	CHECK_EQ(desk_count(desk, &core_secret_type), 1);
	CHECK_EQ(desk_counts(desk).creates, 1);
	CHECK_STR(str_from(maker.failure), "");
	desk_close(desk);
}

TEST(a_refusal_is_told_to_the_next_turn_until_one_succeeds)
{
	struct desk *desk = make_desk();

	desk_refuse(desk, "POST /api/v1/namespaces/n/secrets", 403, 1000);
	put_map(desk, "a", 1);
	desk_run(desk, 1000);
	CHECK_STR(str_from(maker.failure), "create FORBIDDEN said so");
	desk_refuse(desk, "", 0, 0);
	desk_run(desk, 5000);
	CHECK_EQ(desk_count(desk, &core_secret_type), 1);
	put_map(desk, "a", 2);
	desk_run(desk, 1000);
	CHECK_STR(str_from(maker.failure), "");
	desk_close(desk);
}

TEST(what_somebody_may_not_do_is_not_done_for_them)
{
	struct desk *desk = make_desk();

	maker.reviews = true;
	put_map(desk, "a", 1);
	desk_run(desk, 1000);
	CHECK_STR(str_from(maker.failure),
		  "create FORBIDDEN subject access review was not approved: part");
	CHECK_EQ(desk_count(desk, &core_secret_type), 0);
	desk_close(desk);
}

TEST(failures_back_off)
{
	struct desk *desk = make_desk();
	uint32_t runs;

	maker.is_failing = true;
	put_map(desk, "a", 1);
	desk_run(desk, 1000);
	runs = maker.runs_of_a;
	CHECK(runs >= 5 && runs <= 12);
	desk_run(desk, 10000);
	CHECK(maker.runs_of_a - runs <= 5);
	maker.is_failing = false;
	desk_run(desk, 60000);
	CHECK_EQ(desk_count(desk, &core_secret_type), 1);
	desk_close(desk);
}

TEST(what_was_made_before_a_failure_is_not_made_again)
{
	struct desk *desk = make_desk();

	desk_hold_events(desk, &core_secret_type);
	desk_hold_answers(desk, true);
	put_map(desk, "a", 7);
	desk_run(desk, 10);
	for (int batch = 0; batch < 2; batch++) {
		/* One and two have been made; of the next four the first is refused. */
		if (batch == 1)
			desk_refuse(desk, "POST /api/v1/namespaces/n/secrets", 403, 1);
		desk_hold_answers(desk, false);
		desk_hold_answers(desk, true);
		desk_run(desk, 10);
	}
	desk_hold_answers(desk, false);
	desk_run(desk, 4000);
	CHECK_EQ(maker.runs_of_a, 1);
	CHECK_EQ(desk_counts(desk).writes, 7);
	CHECK_EQ(desk_count(desk, &core_secret_type), 6);
	desk_hold_events(desk, NULL);
	desk_run(desk, 1000);
	CHECK_EQ(desk_count(desk, &core_secret_type), 7);
	desk_close(desk);
}

TEST(creates_go_out_in_batches_that_double_and_stop_at_the_first_failure)
{
	struct desk *desk = make_desk();
	uint32_t expected[] = { 1, 2, 4, 8 };

	desk_hold_answers(desk, true);
	put_map(desk, "a", 15);
	desk_run(desk, 10);
	for (int i = 0; i < 4; i++) {
		CHECK_EQ(desk_counts(desk).under_way, expected[i]);
		if (i == 3)
			desk_refuse(desk, "POST", 403, 1000);
		desk_hold_answers(desk, false);
		desk_hold_answers(desk, true);
		desk_run(desk, 10);
	}
	desk_hold_answers(desk, false);
	desk_run(desk, 10);
	CHECK_EQ(desk_counts(desk).creates, 15);
	desk_close(desk);
}

TEST(a_batch_that_fails_is_the_last_one)
{
	struct desk *desk = make_desk();

	desk_refuse(desk, "POST", 403, 1000);
	desk_hold_answers(desk, true);
	put_map(desk, "a", 100);
	desk_run(desk, 10);
	CHECK_EQ(desk_counts(desk).writes, 1);
	desk_hold_answers(desk, false);
	desk_run(desk, 4); /* less than the first back-off */
	CHECK_EQ(desk_counts(desk).writes, 1);
	desk_close(desk);
}

TEST(a_plan_that_is_cut_goes_on_in_the_next_turn)
{
	struct desk *desk = make_desk();

	put_map(desk, "a", PLAN_WRITES_MAX + 100);
	desk_run(desk, 5000);
	CHECK_EQ(desk_count(desk, &core_secret_type), PLAN_WRITES_MAX + 100);
	CHECK_EQ(desk_counts(desk).creates, PLAN_WRITES_MAX + 100);
	CHECK(desk_counts(desk).most_under_way <= 64);
	desk_close(desk);
}

TEST(the_controller_of_a_leader_that_is_deposed_ends)
{
	struct desk *desk = make_desk();

	desk_refuse(desk, "POST", 410, 1);
	put_map(desk, "a", 1);
	desk_run(desk, 1000);
	CHECK(!is_running(desk));
	CHECK_EQ(desk_count(desk, &core_secret_type), 0);
	put_map(desk, "b", 1);
	desk_run(desk, 10000);
	CHECK_EQ(desk_counts(desk).writes, 1);
	desk_close(desk);
}

TEST(a_server_that_dies_in_the_middle_costs_a_retry)
{
	struct desk *desk = make_desk();

	desk_hold_answers(desk, true);
	put_map(desk, "a", 2);
	desk_run(desk, 100);
	CHECK_EQ(desk_counts(desk).writes, 1);
	desk_end_watches(desk, 0); /* the answer of the first never comes */
	desk_run(desk, 100);
	desk_hold_answers(desk, false);
	desk_run(desk, 20000);
	CHECK(is_running(desk));
	CHECK_EQ(desk_count(desk, &core_secret_type), 2);
	desk_close(desk);
}

static void kill_caches(struct act *act, void *state, void *arg)
{
	(void)state;
	(void)arg;
	act_kill(act, act_whereis(act, "caches"));
}

TEST(when_the_caches_end_the_controller_comes_back_with_the_next_ones)
{
	struct desk *desk = make_desk();

	put_map(desk, "a", 1);
	desk_run(desk, 1000);
	CHECK(act_host_enter(desk_host(desk), act_host_root(desk_host(desk)), kill_caches, NULL));
	desk_run(desk, 1000);
	put_map(desk, "b", 1);
	desk_run(desk, 5000);
	CHECK_EQ(desk_count(desk, &core_secret_type), 2);
	CHECK_EQ(desk_counts(desk).creates, 2);
	desk_close(desk);
}

/* ---- awaiting ---------------------------------------------------------------------------------------------------- */

TEST(what_has_to_be_known_of_a_quiet_kind_is_asked_for)
{
	struct desk *desk = make_desk();

	maker.awaits = true;
	desk_forget(desk); /* the revision goes on, and no secret changes */
	maker.awaited = desk_revision(desk);
	put_map(desk, "a", 0);
	desk_run(desk, 100);
	CHECK_EQ(desk_counts(desk).progress, 1);
	CHECK_EQ(maker.runs_of_a, 2);
	desk_run(desk, 10000);
	CHECK_EQ(maker.runs_of_a, 2);
	desk_close(desk);
}

/* ---- events ------------------------------------------------------------------------------------------------------- */

TEST(events_follow_the_writes_they_tell_of)
{
	struct desk *desk = make_desk();

	maker.has_event = true;
	desk_refuse(desk, "POST /api/v1/namespaces/n/secrets", 403, 1);
	put_map(desk, "a", 1);
	desk_run(desk, 2);
	CHECK_EQ(desk_events(desk, "Made"), 0);
	desk_run(desk, 1000);
	CHECK_EQ(desk_events(desk, "Made"), 1);
	CHECK_STR(desk_last_event(desk), "made a-0");
	desk_close(desk);
}

TEST(events_that_are_alike_are_joined_and_bounded)
{
	struct desk *desk = make_desk();

	maker.has_event = true;
	put_map(desk, "a", 100);
	desk_run(desk, 5000);
	CHECK_EQ(desk_count(desk, &core_secret_type), 100);
	/* Ten tell themselves, the others are counted on one; and 25 about one object are enough. */
	CHECK_EQ(desk_events(desk, "Made"), 11);
	CHECK_EQ(desk_counts(desk).events, 25);
	CHECK_STR(desk_last_event(desk), "(combined from similar events): made a-10");
	desk_close(desk);
}

TEST(of_more_events_than_are_remembered_the_oldest_is_told_anew)
{
	struct desk *desk = make_desk();
	char name[16];

	maker.has_event = true;
	for (uint32_t i = 0; i <= RECORDER_MAX; i++) {
		snprintf(name, sizeof name, "m%u", i);
		put_map(desk, name, 1);
		desk_run(desk, 100);
	}
	CHECK_EQ(desk_events(desk, "Made"), RECORDER_MAX + 1);
	snprintf(name, sizeof name, "m%u-0", RECORDER_MAX);
	/* The last is counted on the one that is there, the first has given up its place. */
	desk_remove(desk, &core_secret_type, "n", name);
	desk_run(desk, 1000);
	CHECK_EQ(desk_counts(desk).events, RECORDER_MAX + 2);
	CHECK_EQ(desk_events(desk, "Made"), RECORDER_MAX + 1);
	desk_remove(desk, &core_secret_type, "n", "m0-0");
	desk_run(desk, 1000);
	CHECK_EQ(desk_counts(desk).events, RECORDER_MAX + 3);
	CHECK_EQ(desk_events(desk, "Made"), RECORDER_MAX + 2);
	desk_close(desk);
}

/* ---- memory -------------------------------------------------------------------------------------------------------- */

/* All keys of a kind are looked at when its controller starts: where they have nothing to write none waits for an answer. */
TEST(of_many_keys_with_nothing_to_do_a_few_are_looked_at_in_one_activation)
{
	struct desk *desk = desk_open_runner(&runner_args);
	char name[16];

	maker.host = desk_host(desk);
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof name, "m%d", i);
		put_map(desk, name, 0);
	}
	desk_run(desk, 1000);
	CHECK(maker.runs >= 200);
	CHECK(maker.most_in_a_row <= 4);
	desk_close(desk);
}

TEST(nothing_is_kept_of_keys_that_are_done)
{
	struct desk *desk = make_desk();
	size_t before = 0;

	for (int round = 0; round < 40; round++) {
		for (int i = 0; i < 20; i++)
			put_map(desk, i % 2 ? "a" : "b", round % 3);
		desk_run(desk, 1000);
		if (round == 20)
			before = mallinfo2().uordblks;
	}
	CHECK(maker.runs > 100);
	CHECK(mallinfo2().uordblks <= before + 256 * KIB); /* the test's own arena grows a little */
	desk_close(desk);
}
