/* troupe export FILE: export.h on a copy of the running node's database, or on that of one that is stopped. */
#ifndef DEPLOY_MAIN_MIGRATION_VERB_EXPORT_H
#define DEPLOY_MAIN_MIGRATION_VERB_EXPORT_H

#include "deploy/main/command/command.h"

int verb_export(const struct command_line *line);

#endif
