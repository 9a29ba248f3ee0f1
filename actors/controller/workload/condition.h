/*
 * Conditions of any kind: lists of `type`, `status`, `reason`, `message` and a time or two.
 *
 * Their structs differ in which times they have, so they are reached by their type's table. Pure functions over records
 * that are being made; strings of a condition are borrowed for as long as the record.
 */
#ifndef ACTORS_CONTROLLER_WORKLOAD_CONDITION_H
#define ACTORS_CONTROLLER_WORKLOAD_CONDITION_H

#include "datastore/schema/type.h"
#include "runtime/base/base.h"

struct condition {
	const char *type;
	const char *status; /* True, False, Unknown */
	const char *reason;
	struct str message;
};

/* The element of that type, or NULL. */
const void *condition_find_(const struct type *element, const void *list, const char *type);
/*
 * Adds it or changes the one of its type in its place; lastTransitionTime moves with the status only, lastUpdateTime always. False
 * and nothing changes if status, reason and message are as before.
 */
bool condition_set_(struct arena *arena, const struct type *element, void *list, struct wall now,
		    const struct condition *condition);
void condition_remove_(const struct type *element, void *list, const char *type);

/* `list` is the address of a list of T: &status->conditions. */
#define condition_find(list, type, T) ((const struct T *)condition_find_(&T##_type, (list), (type)))
#define condition_set(arena, list, now, T, ...) \
	condition_set_((arena), &T##_type, (list), (now), &(struct condition){ __VA_ARGS__ })
#define condition_remove(list, type, T) condition_remove_(&T##_type, (list), (type))

#endif
