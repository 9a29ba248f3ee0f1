/*
 * A machine whose log is damaged, in a whole cluster: it returns from the others under a new id, whoever it is, and nothing is lost.
 */
#include <stdlib.h>

#include "datastore/log/wal/wal.h"
#include "deploy/main/host/process.h"
#include "deploy/main/simulation/country.h"
#include "runtime/sim/sim.h"
#include "tests/lib/test.h"

#define MACHINES 3U
#define BLOCK_BYTES 6000 /* more than what a disk writes at once */

struct returning {
	struct country *country;
	uint32_t machine;
	uint64_t old_id;
};

static struct str path_of(uint32_t number)
{
	return arena_printf(test_arena(), "/api/v1/namespaces/r/configmaps/c%u", number);
}

static void write_named(struct country *country, uint32_t by, char kind, uint32_t number)
{
	struct str body = arena_printf(
	    test_arena(), "{\"metadata\":{\"name\":\"%c%u\"},\"data\":{\"a\":\"%0*u\"}}", kind,
	    number, BLOCK_BYTES, 0U);

	CHECK_EQ(country_ask(country, by, "POST", "/api/v1/namespaces/r/configmaps", body.at,
			     test_arena(), NULL),
		 201);
}

/* And another one: what is damaged has a later write behind it, in another block, however little of the cluster's own is in a log that began anew. */
static void write_one(struct country *country, uint32_t by, uint32_t number)
{
	write_named(country, by, 'c', number);
	write_named(country, by, 'd', number);
	country_run(country, 1000); /* all of them have it */
}

static void damage(struct country *country, uint32_t machine)
{
	uint32_t node = country_node(country, machine);
	struct wal_config config = { .files = act_sim_files(country_sim(country), node),
				     .folder = "/data/store/log" };

	CHECK_STATUS(wal_damage(&config, NULL), OK);
	act_sim_crash_host(country_sim(country), node, PROCESS_CORE);
	act_sim_restart(country_sim(country), node);
}

/* What is written meanwhile is on two disks. */
static void check_others(const struct returning *returning)
{
	for (uint32_t machine = 1; machine <= MACHINES; machine++) {
		const struct store_status *status = country_status(returning->country, machine);

		if (machine != returning->machine && status->id != 0)
			CHECK_EQ(status->role, STORE_VOTER);
	}
}

static bool has_returned(void *arg)
{
	const struct returning *returning = arg;
	const struct store_status *status = country_status(returning->country, returning->machine);

	check_others(returning);
	return status->id != 0 && status->id != returning->old_id && status->role == STORE_VOTER &&
	       status->member_count == MACHINES;
}

static void goes_and_comes(struct country *country, uint32_t machine, uint32_t number)
{
	struct returning returning = { country, machine, country_status(country, machine)->id };

	/* Apart: what is damaged has a later write behind it, also in a log that has just begun. */
	write_one(country, machine, 2 * number);
	country_run(country, 1000);
	write_one(country, machine, 2 * number + 1);
	damage(country, machine);
	CHECK_EQ(act_sim_run_for(country_sim(country), 60000, has_returned, &returning),
		 ACT_SIM_CLAIM);
	country_run(country, 10000); /* the API server fills its caches */
	for (uint32_t i = 0; i <= 2 * number + 1; i++)
		CHECK_EQ(
		    country_ask(country, machine, "GET", path_of(i).at, NULL, test_arena(), NULL),
		    200);
}

TEST(a_machine_whose_log_is_damaged_returns_under_a_new_id_whoever_it_is)
{
	struct country *country = country_open(&(struct country_config){
	    .seed = 1, .machines = MACHINES, .log_path = getenv("SIM_LOG") });
	uint32_t number = 0;

	/* The one that began the cluster, too: it must not begin another. */
	for (uint32_t machine = 1; machine <= MACHINES; machine++)
		goes_and_comes(country, machine, number++);
	goes_and_comes(country, country_leader(country), number);
	country_close(country);
}

/* One that is back from the dead has to stay half a minute to be chosen for anything; to let another one go it need only be there. */
TEST(a_machine_whose_log_is_damaged_does_not_wait_until_the_others_are_trusted_again)
{
	struct country *country = country_open(&(struct country_config){
	    .seed = 4, .machines = MACHINES, .log_path = getenv("SIM_LOG") });
	uint32_t leader = country_leader(country), away = leader % MACHINES + 1;
	struct returning returning = { .country = country, .machine = away % MACHINES + 1 };

	write_one(country, leader, 0);
	act_sim_crash(country_sim(country), country_node(country, away));
	country_run(country, 3000);
	act_sim_restart(country_sim(country), country_node(country, away));
	country_run(country, 3000);
	returning.old_id = country_status(country, returning.machine)->id;
	damage(country, returning.machine);
	CHECK_EQ(act_sim_run_for(country_sim(country), 8000, has_returned, &returning),
		 ACT_SIM_CLAIM);
	country_close(country);
}

/* All of them at once: nobody may let the others' old ids go, so they keep what they have and say so. */
TEST(a_majority_that_is_damaged_keeps_what_it_has)
{
	struct country *country =
	    country_open(&(struct country_config){ .seed = 2, .machines = MACHINES });
	uint32_t said;

	write_one(country, 1, 0);
	damage(country, 1);
	damage(country, 2);
	country_run(country, 30000);
	said = country_said(country, "admin: the store is damaged and cannot return yet");
	CHECK_EQ(said, 2);
	CHECK_EQ(country_leader(country), 0);
	country_close(country);
}
