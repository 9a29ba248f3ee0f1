/*
 * Rot: logs of a country's machines that are damaged on purpose, one at a time, and only where the others bring it back.
 *
 * What a simulation's ACT_SIM_CORRUPT does (runtime/sim/sim.h). A bit of what was durable long ago is flipped in a machine's log, and its
 * process `core` ends. It must then return under a new id (admin-return.c). Left out is who is needed: a voter without whom the other voters
 * that are not buried are no majority; and anybody until the one before votes again, or stands by, beside three voters.
 */
#ifndef DEPLOY_MAIN_SIMULATION_ROT_H
#define DEPLOY_MAIN_SIMULATION_ROT_H

#include "deploy/main/simulation/country.h"

struct rot {
	struct country *country;
	uint32_t machine; /* that was damaged and is not whole again; 0: none */
	uint64_t old_id;
};

/* From now on it may be asked for. It must live as long as the country's simulation runs. */
void rot_begin(struct rot *rot, struct country *country);

#endif
