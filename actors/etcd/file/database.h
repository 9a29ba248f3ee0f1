/*
 * etcd's database, written: keys as they are at one revision, with all their revisions and versions, and nothing of their past; the file
 * says that everything before was compacted. Members are not in it: etcd takes those from who restores.
 *
 * Pure. database_plan asks for all rows once without their values, then bolt_write (bolt.h) for each again as its turn comes.
 */
#ifndef ACTORS_ETCD_FILE_DATABASE_H
#define ACTORS_ETCD_FILE_DATABASE_H

#include "actors/etcd/file/bolt.h"
#include "actors/etcd/file/database-reader.h"

#define DATABASE_VERSION STR("3.6.0") /* of the form; what etcd calls the storage version */

struct database_kept_lease {
	uint64_t id;
	uint32_t ttl_s;
};

struct database_contents {
	void *arg;
	/* In the order of revisions and places; without wants_value only the value's length counts. Borrowed until the next call. */
	struct database_row (*row)(void *arg, uint32_t at, bool wants_value);
	uint32_t row_count;
	const struct database_kept_lease *leases; /* by id */
	uint32_t lease_count;
	uint64_t revision, applied_index, term;
};

/* `contents` and the plan live as long as the arena. */
struct bolt *database_plan(const struct database_contents *contents, struct arena *arena);

#endif
