/* troupe restore FILE: restore.h on the directory of --data-dir, which nobody may be running on. */
#ifndef DEPLOY_MAIN_RECOVERY_VERB_RESTORE_H
#define DEPLOY_MAIN_RECOVERY_VERB_RESTORE_H

#include "deploy/main/command/command.h"

int verb_restore(const struct command_line *line);

#endif
