/* troupe import FILE: import.h on the directory of --data-dir, which nobody may be running on; --dry-run only says what is in FILE. */
#ifndef DEPLOY_MAIN_MIGRATION_VERB_IMPORT_H
#define DEPLOY_MAIN_MIGRATION_VERB_IMPORT_H

#include "deploy/main/command/command.h"

int verb_import(const struct command_line *line);

#endif
