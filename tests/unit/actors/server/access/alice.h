/*
 * A server that asks RBAC, and Alice, who may do what a test says and nothing else. A master may do everything. Only tests/ may include this.
 */
#ifndef TESTS_UNIT_ACTORS_SERVER_ACCESS_ALICE_H
#define TESTS_UNIT_ACTORS_SERVER_ACCESS_ALICE_H

#include "tests/unit/actors/server/rig.h"

/* `rules` of her ClusterRole `alice`, with ' for ", by commas. */
struct rig *alice_open(const char *rules);

#endif
