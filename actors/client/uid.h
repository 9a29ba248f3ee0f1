/*
 * Random names for what nobody names: version 4 of RFC 9562, in its usual form.
 *
 * For any actor. Chance comes through the seams.
 */
#ifndef ACTORS_CLIENT_UID_H
#define ACTORS_CLIENT_UID_H

#include "runtime/actor/act.h"

struct str uid_new(struct act *act, struct arena *arena);

#endif
