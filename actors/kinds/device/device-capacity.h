/*
 * What a device has: attributes, capacities and how much of each a claim may take, counters that it uses up.
 *
 * For the rules of ResourceSlice.
 */
#ifndef ACTORS_KINDS_DEVICE_DEVICE_CAPACITY_H
#define ACTORS_KINDS_DEVICE_DEVICE_CAPACITY_H

#include "actors/kinds/path.h"
#include "datastore/schema/resource.h"

#define DEVICE_COUNTERS_MAX 32U /* of one set */

void device_check_attributes(const struct path *at, struct resource_device_attribute_map map);
/* `shares`: several claims may have the device at once. */
void device_check_capacity(const struct path *at, struct resource_device_capacity_map map,
			   bool shares);

#endif
