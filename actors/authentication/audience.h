/*
 * For whom a token is: audiences that it names, and those that are asked for.
 */
#ifndef ACTORS_AUTHENTICATION_AUDIENCE_H
#define ACTORS_AUTHENTICATION_AUDIENCE_H

#include "actors/authentication/authenticator.h"
#include "datastore/schema/type.h"

/* Keeps those of `named` that the request asks for, or, where it asks for none, that are the server's `own`; false: there are none. */
bool audience_match(struct authentication *a, struct str_list own, struct str_list named);

#endif
