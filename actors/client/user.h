/*
 * Who asks: a user as authentication found it and authorization judges it.
 *
 * A plain value; its strings live in the arena of the request. Groups are complete: system:authenticated or
 * system:unauthenticated is among them.
 */
#ifndef ACTORS_CLIENT_USER_H
#define ACTORS_CLIENT_USER_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/str.h"

#define USER_ANONYMOUS STR("system:anonymous")
#define GROUP_AUTHENTICATED STR("system:authenticated")
#define GROUP_UNAUTHENTICATED STR("system:unauthenticated")
#define GROUP_MASTERS STR("system:masters")

struct user_extra {
	struct str key;
	const struct str *values;
	uint32_t value_count;
};

struct user {
	struct str name;
	struct str uid;
	const struct str *groups;
	uint32_t group_count;
	const struct user_extra *extra;
	uint32_t extra_count;
};

bool user_is_in(const struct user *user, struct str group);
struct arena;
struct user user_copy(struct arena *arena, const struct user *user); /* with all its strings */
struct authentication_user_info;
/* The same as others are told of; borrows its strings. */
struct authentication_user_info *user_record(struct arena *arena, const struct user *user);
/* Of system:node:<name> in system:nodes the name, which may be empty; absent: no node. */
struct str user_node(const struct user *user);

/* Under its key, one by one as headers bring them: the list has room for `most` keys, a new key gets room for as many values. */
void user_extra_add(struct user_extra *list, uint32_t *count, struct str key, struct str value,
		    uint32_t most, struct arena *arena);

#endif
