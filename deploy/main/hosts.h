/*
 * The hosts of a node: the verbs by which the root starts this program again as one of them.
 */
#ifndef DEPLOY_MAIN_HOSTS_H
#define DEPLOY_MAIN_HOSTS_H

#include "deploy/main/command.h"

int hosts_core(const struct command_line *line);
int hosts_control(const struct command_line *line);
int hosts_node(const struct command_line *line);

#endif
