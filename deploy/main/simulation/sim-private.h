/*
 * What the files of `troupe sim` share: sim.c starts ordeals and judges them, sim-once.c is one.
 */
#ifndef DEPLOY_MAIN_SIMULATION_SIM_PRIVATE_H
#define DEPLOY_MAIN_SIMULATION_SIM_PRIVATE_H

#include "deploy/main/simulation/ordeal.h"
#include "deploy/main/simulation/sim.h"

/* From the options of either verb. False: `why` says what was expected. `only` is the caller's to free. */
bool sim_config(const struct command_line *line, struct ordeal_config *out, struct fault *why);

#endif
