/*
 * troupe backup FILE: everything that a cluster has to be made again from, as one file; --check looks at one.
 *
 * The node makes the copy of its database, this process packs and tries it: what is wrong with FILE is said by whoever named it.
 */
#ifndef DEPLOY_MAIN_RECOVERY_VERB_BACKUP_H
#define DEPLOY_MAIN_RECOVERY_VERB_BACKUP_H

#include "deploy/main/command/command.h"

int verb_backup(const struct command_line *line);

#endif
