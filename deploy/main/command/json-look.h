/*
 * A look into a JSON text that a node answered: one value by its path, or each element of a list. Pure; any thread.
 */
#ifndef DEPLOY_MAIN_COMMAND_JSON_LOOK_H
#define DEPLOY_MAIN_COMMAND_JSON_LOOK_H

#include "runtime/base/base.h"

/* The raw value under `path` ("status.leader"); absent: it is not there. Strings lose their quotes. */
struct str json_look(struct arena *arena, struct str text, const char *path);
bool json_look_bool(struct arena *arena, struct str text, const char *path);
/* 0: it is not there, or no number. */
int64_t json_look_i64(struct arena *arena, struct str text, const char *path);
/* Calls each(arg, element) for the list under `path`. */
void json_look_each(struct arena *arena, struct str text, const char *path,
		    void (*each)(void *arg, struct str element), void *arg);

#endif
