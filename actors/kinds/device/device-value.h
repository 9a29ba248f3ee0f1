/*
 * Values of dynamic resource allocation: drivers, pools, taints, names of attributes.
 *
 * For the kinds of this room. Each says at its path what is wrong, in upstream's words. What a mark of the schema judges (formats, effects,
 * operators, sizes of lists) is left to it.
 */
#ifndef ACTORS_KINDS_DEVICE_DEVICE_VALUE_H
#define ACTORS_KINDS_DEVICE_DEVICE_VALUE_H

#include "actors/kinds/rule.h"
#include "datastore/schema/resource.h"

#define DEVICE_JSON_BYTES_MAX (10U * KIB) /* of what a driver is told or tells */

void device_check_driver(const struct path *at, struct str driver);
void device_check_pool(const struct path *at, struct str pool);
/* `id` or `domain/id`: the key of an attribute or a capacity. */
void device_check_qualified(const struct path *at, struct str name);
void device_check_taint(const struct path *at, const struct resource_device_taint *taint);
void device_check_tolerations(const struct path *at, struct resource_device_toleration_list list);
/* Conditions that are waited for and conditions that end the waiting, members of what stands at `at`. */
void device_check_bindings(const struct path *at, struct str_list conditions,
			   struct str_list failures);
/* An object in JSON. One that is stored already may be too long. */
void device_check_json(const struct path *at, struct str json, bool is_stored);
void device_check_configuration(const struct path *at,
				const struct resource_device_configuration *configuration,
				bool is_stored);
/* A key as paths show it: the middle of a long one is left out. */
struct str device_shown_key(const struct path *at, struct str key, uint32_t max);

#endif
