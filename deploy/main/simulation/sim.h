/*
 * `troupe sim`: ordeals of a simulated cluster, each in a process of its own, and the shortest list of faults by which one fails.
 */
#ifndef DEPLOY_MAIN_SIMULATION_SIM_H
#define DEPLOY_MAIN_SIMULATION_SIM_H

#include "deploy/main/command/command.h"

int sim_run(const struct command_line *line);
/* One ordeal, in this process: what sim_run starts. */
int sim_once(const struct command_line *line);

#endif
