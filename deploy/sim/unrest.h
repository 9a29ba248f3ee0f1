/*
 * What is not yet as it should be once a cluster has come to rest, as the annals of a country have its objects:
 *   - every Node is ready and has no taint;
 *   - nothing is on its way out, and whatever has an owner has one that is there;
 *   - a Deployment's status is that of its newest spec; its pods are as many as it wants, on nodes that there are, ready, each with an
 *     address of its own; a pod belongs to one of them;
 *   - EndpointSlices and Endpoints of a Service are exactly its ready pods.
 * Pure.
 */
#ifndef DEPLOY_SIM_UNREST_H
#define DEPLOY_SIM_UNREST_H

#include "deploy/sim/annals.h"

/* What is wrong first, in words; absent: nothing. In the arena. */
struct str unrest(const struct annals *annals, uint32_t nodes, struct arena *arena);

#endif
