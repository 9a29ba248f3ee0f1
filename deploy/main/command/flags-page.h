/*
 * Flags: the page /flagz, with which options this process runs, for people.
 *
 * All options of its command but those without a value. What is secret is never an option's value: those name files.
 */
#ifndef DEPLOY_MAIN_COMMAND_FLAGS_PAGE_H
#define DEPLOY_MAIN_COMMAND_FLAGS_PAGE_H

#include "actors/server/server.h"
#include "deploy/main/command/command.h"

/* In the arena. */
struct server_page flags_page(const struct command_line *line, struct arena *arena);

#endif
