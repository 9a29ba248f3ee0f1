/*
 * The authorizers of this folder, each as a value for the server's configuration.
 */
#ifndef ACTORS_AUTHORIZATION_MECHANISMS_H
#define ACTORS_AUTHORIZATION_MECHANISMS_H

#include "actors/authorization/authorizer.h"

/* Roles and their bindings, as rbac.authorization.k8s.io has them. */
struct authorizer authorization_rbac(void);

/* What a node (system:node:<name> in system:nodes) may do: its own objects, and what its pods refer to. */
struct authorizer authorization_node(void);

#endif
