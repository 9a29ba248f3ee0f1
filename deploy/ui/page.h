/*
 * The page at /ui/, as the API server is given it.
 *
 * Its policy (CSP level 3) names the hashes of the one script and the one style in it, and lets it talk to this server alone.
 */
#ifndef DEPLOY_UI_PAGE_H
#define DEPLOY_UI_PAGE_H

#include "actors/server/server.h"

/* The strings are the arena's or constant. */
struct server_page page_tree(struct arena *arena);

#endif
