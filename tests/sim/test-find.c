/*
 * A machine that was away while another one came, which leads when it is back: neither its log nor its records name that one, whose
 * links it does not let in, and nobody else has anything to say to it.
 */
#include <stdlib.h>

#include "datastore/log/wal/wal.h"
#include "deploy/main/simulation/country.h"
#include "runtime/sim/sim.h"
#include "tests/lib/test.h"

#define MACHINES 4U
#define LATE 4U
#define WAIT_MS 60000U

static bool is_voter(void *arg)
{
	return country_status(arg, LATE)->role == STORE_VOTER;
}

static bool leads(void *arg)
{
	return country_leader(arg) == LATE;
}

static bool is_led(void *arg)
{
	const struct store_status *status = country_status(arg, 1);

	return status->leader != 0 && status->leader == country_status(arg, LATE)->id;
}

static void await(struct country *country, bool (*claim)(void *arg))
{
	CHECK_EQ(act_sim_run_for(country_sim(country), WAIT_MS, claim, country), ACT_SIM_CLAIM);
}

static void damage(struct country *country, uint32_t machine)
{
	const struct wal_config config = { .files = act_sim_files(country_sim(country),
								  country_node(country, machine)),
					   .folder = "/data/store/log" };

	CHECK_STATUS(wal_damage(&config, NULL), OK);
}

/* The last machine leads; the first has not heard that there is such a machine, and is off. */
static struct country *open_without_first(uint64_t seed)
{
	struct country *country = country_open(&(struct country_config){
	    .seed = seed, .machines = MACHINES, .late = 1, .log_path = getenv("SIM_LOG") });

	CHECK_STATUS(country_transfer(country, 2), OK);
	country_run(country, 2000);
	CHECK_EQ(country_leader(country), 2);
	act_sim_crash(country_sim(country), country_node(country, 1));
	country_run(country, 10000);
	CHECK_STATUS(country_let_in(country, LATE), OK);
	await(country, is_voter);
	country_run(country, 2000);
	CHECK_STATUS(country_transfer(country, LATE), OK);
	await(country, leads);
	return country;
}

TEST(a_machine_that_was_away_finds_a_leader_that_came_meanwhile)
{
	struct country *country = open_without_first(1);

	act_sim_restart(country_sim(country), country_node(country, 1));
	await(country, is_led);
	CHECK(leads(country));
	country_close(country);
}

/* What it wrote down when it began anew does not name the leader either, and who let it in is not the one that speaks to it then. */
TEST(a_machine_whose_log_is_damaged_finds_a_leader_that_came_meanwhile)
{
	struct country *country = open_without_first(2);

	damage(country, 1);
	act_sim_restart(country_sim(country), country_node(country, 1));
	await(country, is_led);
	CHECK(leads(country));
	country_close(country);
}
