/*
 * Selectors: expressions that say of a device whether it will do.
 *
 * For the rules of claims and classes. What is stored already is good for ever: only new expressions are read.
 */
#ifndef ACTORS_KINDS_DEVICE_DEVICE_SELECTOR_H
#define ACTORS_KINDS_DEVICE_DEVICE_SELECTOR_H

#include "actors/kinds/path.h"
#include "datastore/schema/resource.h"

void device_check_selectors(const struct path *at, struct resource_device_selector_list selectors,
			    bool is_stored);

#endif
