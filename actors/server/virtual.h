/*
 * Virtual resources: what can be read like any resource but is kept nowhere, such as `actors` and `members` of troupe.internal.
 *
 * Whoever has the facts registers a struct virtual_resource in the server's configuration. Get, list and watch, as Table, JSON
 * and in discovery, are the server's. Rows come from a function of the same host, called for each read, or from an actor that is asked.
 * A watch sends what changed between two looks, LIMIT_VIRTUAL_WATCH_MS apart. Bounded by LIMIT_VIRTUAL_ROWS.
 */
#ifndef ACTORS_SERVER_VIRTUAL_H
#define ACTORS_SERVER_VIRTUAL_H

#include "runtime/actor/act.h"
#include "runtime/base/base.h"

struct virtual_column {
	const char *name;
	const char *type; /* string, integer, date */
	int32_t priority; /* 1: in the wide form only */
	const char *help;
};

#define VIRTUAL_COLUMNS_MAX 16U

struct virtual_row {
	struct str name;                       /* unique; a path segment */
	struct str cells[VIRTUAL_COLUMNS_MAX]; /* by column; numbers for `integer`, RFC 3339 for `date`; absent: none */
};

struct virtual_rows {
	struct arena *arena; /* for what the rows point to */
	struct virtual_row *at;
	uint32_t len;
};
struct virtual_row *virtual_add(struct virtual_rows *rows); /* NULL past LIMIT_VIRTUAL_ROWS */

struct virtual_resource {
	const char *name, *singular, *kind; /* actors, actor, Actor: in group troupe.internal/v1 */
	const char *short_name;             /* or NULL */
	const struct virtual_column *columns; /* the first is Name */
	uint32_t column_count;
	/* Fills the rows at once. */
	void (*rows)(void *arg, struct act *act, struct virtual_rows *out);
	void *arg;
	/* Or, when `rows` is NULL: this actor ("store", "root@n2") is sent virtual_ask and replies virtual_reply. */
	const char *actor;
};

struct virtual_ask {
	char resource[64];
};
ACT_TYPE_DECLARE(virtual_ask);
struct virtual_reply {
	struct arena *arena; /* owns the rows; NULL when it came over a link */
	struct virtual_row *rows;
	uint32_t len;
};
ACT_TYPE_DECLARE(virtual_reply);

#endif
