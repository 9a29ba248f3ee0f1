/*
 * The verbs that ask a running node: each prints what the node says. And those that only hand on: kubectl, kubeconfig, version.
 */
#ifndef DEPLOY_MAIN_VERB_H
#define DEPLOY_MAIN_VERB_H

#include "deploy/main/command/command.h"

int verb_status(const struct command_line *line);
int verb_tree(const struct command_line *line);
int verb_members(const struct command_line *line);
int verb_inspect(const struct command_line *line);
int verb_history(const struct command_line *line);
int verb_undo(const struct command_line *line);
int verb_trace(const struct command_line *line);
int verb_kill(const struct command_line *line);
int verb_token(const struct command_line *line);
int verb_leave(const struct command_line *line);
int verb_remove(const struct command_line *line);
int verb_kubeconfig(const struct command_line *line);
int verb_kubectl(const struct command_line *line);
int verb_version(const struct command_line *line);

#endif
