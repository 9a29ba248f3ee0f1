/*
 * troupe recover: when a majority of the voters is gone for good, the survivor that has most goes on alone.
 *
 * Gathers what this node and all others that answer have (their API's door, with the administrator's certificate), says what would be
 * lost, and changes nothing but with --yes, which wants the node of this directory to be stopped. It then has an id of its own for the
 * cluster first, by which no old member is heard any more, and a log with itself as the only member.
 */
#ifndef DEPLOY_MAIN_RECOVERY_VERB_RECOVER_H
#define DEPLOY_MAIN_RECOVERY_VERB_RECOVER_H

#include "deploy/main/command/command.h"

int verb_recover(const struct command_line *line);

#endif
