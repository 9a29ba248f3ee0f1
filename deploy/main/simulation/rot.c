#include "deploy/main/simulation/rot.h"

#include "datastore/log/wal/wal.h"
#include "deploy/main/host/process.h"

#define VOTERS 3 /* that a cluster has when nothing is being changed */

static uint32_t lost_of(const struct country *country)
{
	uint32_t buried = country_buried(country);

	return buried ? 1U << buried : 0;
}

static bool has_returned(const struct rot *rot)
{
	const struct store_status *status = country_status(rot->country, rot->machine);
	uint32_t leader = country_leader(rot->country);

	return leader != 0 && status->id != 0 && status->id != rot->old_id &&
	       (status->role == STORE_VOTER || status->role == STORE_STANDBY) &&
	       __builtin_popcount(country_voters(rot->country, leader) & ~lost_of(rot->country)) >=
		   VOTERS;
}

static bool is_whole(void *arg)
{
	struct rot *rot = arg;

	if (rot->machine != 0 && has_returned(rot))
		rot->machine = 0;
	return rot->machine == 0;
}

/* By those who vote as the newest leader says: what is agreed upon without that machine is all that was ever acknowledged. */
static bool is_spared(const struct rot *rot, uint32_t machine)
{
	uint32_t leader = country_leader(rot->country);
	uint32_t voters = leader ? country_voters(rot->country, leader) : 0;
	uint32_t others = voters & ~(1U << machine) & ~lost_of(rot->country);

	return __builtin_popcount(others) <= __builtin_popcount(voters) / 2;
}

static uint32_t machine_of(const struct country *country, uint32_t node)
{
	uint32_t machine = COUNTRY_MACHINES;

	while (machine > 0 && country_node(country, machine) != node)
		machine--;
	return machine;
}

static bool corrupt(void *arg, uint32_t node)
{
	struct rot *rot = arg;
	uint32_t machine = machine_of(rot->country, node);
	struct act_sim *sim = country_sim(rot->country);
	const struct wal_config config = { .files = act_sim_files(sim, node),
					   .folder = "/data/store/log" };

	if (machine == 0 || !is_whole(rot) || country_status(rot->country, machine)->id == 0 ||
	    is_spared(rot, machine) || wal_damage(&config, NULL) != OK)
		return false;
	rot->machine = machine;
	rot->old_id = country_status(rot->country, machine)->id;
	act_sim_crash_host(sim, node, PROCESS_CORE);
	return true;
}

void rot_begin(struct rot *rot, struct country *country)
{
	const struct act_sim_rot faces = { rot, corrupt, is_whole };

	*rot = (struct rot){ .country = country };
	act_sim_rot(country_sim(country), &faces);
}
