/*
 * `troupe demo`: a cluster on loopback addresses of this machine, and its story: it forms, works, loses processes and a machine,
 * and heals, while somebody writes all the time. Everything that is printed was measured.
 */
#ifndef DEPLOY_MAIN_DRILL_DEMO_H
#define DEPLOY_MAIN_DRILL_DEMO_H

#include "deploy/main/command/command.h"

int demo_run(const struct command_line *line);

#endif
