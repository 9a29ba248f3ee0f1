/*
 * A machine that leaves a whole cluster, and what another one has to finish: the answer to the one that leaves is lost, the helper
 * ends between removing the member and deleting its Node.
 */
#include <stdio.h>

#include "deploy/main/admin/admin-private.h"
#include "deploy/main/host/process.h"
#include "deploy/main/simulation/country.h"
#include "runtime/sim/sim.h"
#include "tests/lib/test.h"

#define MACHINES 4U
#define LEAVER 3U

/* A page of a machine's administration, as a verb of the command line asks for it. */
struct visit {
	struct act_ref admin;
	void (*show)(struct act *act, void *admin, struct asked_page *page);
	struct asked_page page;
	bool is_over;
};

static void find_admin(struct act *act, void *state, void *arg)
{
	(void)state;
	((struct visit *)arg)->admin = act_whereis(act, "admin");
}

static void visit_task(struct act *act, void *state, void *arg)
{
	struct visit *visit = arg;

	visit->show(act, state, &visit->page);
	visit->is_over = true;
}

static void begin_task(struct act *act, void *state, void *arg)
{
	(void)state;
	CHECK_STATUS(act_task(act, visit_task, arg), OK);
}

static void begin(struct visit *visit, struct country *country, uint32_t machine)
{
	struct act_host *host =
	    act_sim_host_of(country_sim(country), country_node(country, machine), PROCESS_CORE);

	visit->page.arena = test_arena();
	CHECK(act_host_enter(host, act_host_root(host), find_admin, visit));
	CHECK(act_host_enter(host, visit->admin, begin_task, visit));
}

static bool is_over(void *arg)
{
	return ((struct visit *)arg)->is_over;
}

/* The code of the answer. */
static int await(struct visit *visit, struct country *country)
{
	CHECK_EQ(act_sim_run_for(country_sim(country), 60000, is_over, visit), ACT_SIM_CLAIM);
	return visit->page.code;
}

static int removed(struct country *country, uint32_t by, uint32_t machine)
{
	struct visit visit = { .show = admin_remove };

	visit.page.body = arena_printf(test_arena(), "n%u", machine);
	visit.page.query = STR("force=1"); /* nobody waits until it is seen to be dead */
	begin(&visit, country, by);
	return await(&visit, country);
}

static struct country *open_country(uint64_t seed)
{
	return country_open(&(struct country_config){ .seed = seed, .machines = MACHINES });
}

/* Another machine's store knows that the one that leaves is no member. */
static bool is_removed(void *arg)
{
	struct country *country = arg;
	uint32_t leader = country_leader(country);

	return leader != 0 && leader != LEAVER &&
	       country_status(country, leader)->member_count == MACHINES - 1;
}

static void run_until_removed(struct country *country)
{
	CHECK_EQ(act_sim_run_for(country_sim(country), 60000, is_removed, country), ACT_SIM_CLAIM);
}

static int32_t ask_for_node(struct country *country, uint32_t by)
{
	char path[32];

	snprintf(path, sizeof path, "/api/v1/nodes/n%u", LEAVER);
	return country_ask(country, by, "GET", path, NULL, test_arena(), NULL);
}

TEST(a_machine_that_leaves_is_told_so_and_nothing_of_it_stays)
{
	struct country *country = open_country(1);
	struct visit leave = { .show = admin_leave };

	begin(&leave, country, LEAVER);
	CHECK_EQ(await(&leave, country), 200);
	CHECK(is_removed(country));
	country_run(country, 2000);
	CHECK_EQ(ask_for_node(country, 1), 404);
	CHECK_EQ(removed(country, 1, LEAVER), 404);
	country_close(country);
}

/* And start again. */
static void crash_all_others(struct country *country)
{
	struct act_sim *sim = country_sim(country);

	for (uint32_t i = 1; i <= MACHINES; i++)
		if (i != LEAVER)
			act_sim_crash_host(sim, country_node(country, i), PROCESS_CORE);
	for (uint32_t i = 1; i <= MACHINES; i++)
		if (i != LEAVER)
			act_sim_restart(sim, country_node(country, i));
}

/* For longer than the helper takes for all the rest; it keeps the link until it knows that it was heard. */
TEST(a_machine_whose_leave_was_not_answered_is_told_when_it_can_be_reached_again)
{
	struct country *country = open_country(2);
	struct visit leave = { .show = admin_leave };

	begin(&leave, country, LEAVER);
	run_until_removed(country);
	for (uint32_t i = 1; i <= MACHINES; i++)
		if (i != LEAVER)
			act_sim_partition_one_way(country_sim(country), country_node(country, i),
						  country_node(country, LEAVER));
	country_run(country, 20000);
	CHECK(!leave.is_over);
	CHECK_EQ(ask_for_node(country, 1), 404);
	act_sim_heal(country_sim(country));
	CHECK_EQ(await(&leave, country), 200);
	country_run(country, 2000);
	CHECK_EQ(removed(country, 1, LEAVER), 404);
	country_close(country);
}

/* It hears of its removal by its store, from those that it is not cut off from. */
TEST(a_machine_that_has_left_does_not_ask_to_be_let_in_again)
{
	for (uint32_t i = 1; i <= MACHINES; i++) {
		struct country *country = open_country(i);
		struct visit leave = { .show = admin_leave };

		if (i == LEAVER)
			i++;
		begin(&leave, country, LEAVER);
		run_until_removed(country);
		act_sim_partition(country_sim(country), country_node(country, i),
				  country_node(country, LEAVER));
		CHECK_EQ(await(&leave, country), 200);
		country_run(country, 10000);
		act_sim_heal(country_sim(country));
		country_run(country, 10000);
		CHECK(is_removed(country));
		CHECK_EQ(ask_for_node(country, 1), 404);
		country_close(country);
	}
}

TEST(a_machine_whose_helper_ended_halfway_asks_another_one)
{
	struct country *country = open_country(3);
	struct visit leave = { .show = admin_leave };

	begin(&leave, country, LEAVER);
	run_until_removed(country);
	crash_all_others(country);
	CHECK_EQ(await(&leave, country), 200);
	country_run(country, 2000);
	CHECK_EQ(ask_for_node(country, 1), 404);
	CHECK_EQ(removed(country, 2, LEAVER), 404);
	country_close(country);
}

static bool has_leader(void *arg)
{
	return country_leader(arg) != 0;
}

/* Whether the machine was no member and its Node was there. */
static bool is_finished_after(uint32_t ms)
{
	struct country *country = open_country(4);
	struct visit leave = { .show = admin_leave };
	bool was_half_done;
	int code;

	begin(&leave, country, LEAVER);
	run_until_removed(country);
	country_run(country, ms);
	act_sim_bury(country_sim(country), country_node(country, LEAVER));
	crash_all_others(country);
	CHECK_EQ(act_sim_run_for(country_sim(country), 20000, has_leader, country), ACT_SIM_CLAIM);
	country_run(country, 5000); /* the API servers fill their caches */
	was_half_done = is_removed(country) && ask_for_node(country, 1) == 200;
	code = removed(country, 2, LEAVER);
	CHECK(code == 200 || (code == 404 && !was_half_done)); /* the record may be left, too */
	CHECK_EQ(ask_for_node(country, 1), 404);
	CHECK(is_removed(country));
	CHECK_EQ(removed(country, 2, LEAVER), 404);
	country_close(country);
	return was_half_done;
}

/*
 * The one that leaves is switched off, and all others end at any moment of its being forgotten: before it is agreed upon, between
 * removing the member and deleting its Node, behind that.
 */
TEST_SLOW(what_a_helper_left_half_done_is_finished_by_remove, 120)
{
	uint32_t half_done = 0;

	for (uint32_t ms = 0; ms < 24; ms += 2)
		half_done += is_finished_after(ms);
	CHECK(half_done > 0 && half_done < 12);
}
