/*
 * Digging in answers: values of a JSON text by the names on their way. Texts that are no JSON have none.
 */
#ifndef DEPLOY_SIM_DIG_H
#define DEPLOY_SIM_DIG_H

#include "runtime/base/base.h"

/* "spec.replicas" as text, strings without quotes; "" when it is not there. What is made lies in the arena. */
struct str dig(struct arena *arena, struct str json, const char *path);
uint64_t dig_number(struct arena *arena, struct str json, const char *path); /* 0 when it is none */
/* Calls each() with the text of every element of an array; returns how many there are. */
uint32_t dig_each(struct arena *arena, struct str json, const char *path,
		  void (*each)(void *arg, struct str element), void *arg);

#endif
