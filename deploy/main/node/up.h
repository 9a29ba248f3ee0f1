/*
 * `troupe up`: the root process of a node. It settles who this node is, proves that its place and ports are free, and then keeps the
 * node's hosts alive until it is told to end.
 */
#ifndef DEPLOY_MAIN_NODE_UP_H
#define DEPLOY_MAIN_NODE_UP_H

#include "deploy/main/command/command.h"

int up_run(const struct command_line *line);

#endif
