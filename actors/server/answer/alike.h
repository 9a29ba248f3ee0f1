/*
 * Two types that mean the same: what the fields of one say, in the fields of the other that have their names.
 *
 * For versions of a kind. Values are shared with `from`, which must not change under the result; messages and lists of messages whose types
 * differ are made anew, field by field. What the other type has no field for, or one of another kind, is left out. As deep as the types are.
 */
#ifndef ACTORS_SERVER_ANSWER_ALIKE_H
#define ACTORS_SERVER_ANSWER_ALIKE_H

#include "datastore/schema/type.h"
#include "runtime/base/arena.h"

/* One field under two JSON names; where the other type does not have the second, the same name counts. */
struct alike_name {
	const char *one, *other;
};
struct alike_names {
	const struct alike_name *at;
	uint32_t len;
};

/* Fields that `from` does not have keep in `to` what they had. */
void alike_take(const struct type *to_type, void *to, const struct type *from_type,
		const void *from, struct alike_names names, struct arena *arena);

#endif
