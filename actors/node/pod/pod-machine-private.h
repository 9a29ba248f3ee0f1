/*
 * What the machine of a pod (pod-machine.c) shares with its going on from a status (pod-resume.c).
 *
 * Private to them.
 */
#ifndef ACTORS_NODE_POD_POD_MACHINE_PRIVATE_H
#define ACTORS_NODE_POD_POD_MACHINE_PRIVATE_H

#include "actors/node/pod/container.h"
#include "actors/node/pod/pod-machine.h"

/* As much as fits, with its NUL. */
void pod_machine_copy(char *to, size_t size, struct str from);
struct container pod_machine_container(const struct pod_machine *m, uint32_t place);
/* A phase that no pod leaves. */
bool pod_machine_is_final(struct str phase);
/* Nothing is in the way of the regular containers any more. */
bool pod_machine_is_initialized(const struct pod_machine *m);
/* What ended goes to lastState only when the container runs again, so that people see how it ended until then. */
void pod_machine_keep_last(struct pod_machine *m, struct pod_container *c);

#endif
