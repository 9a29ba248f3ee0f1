/*
 * Stores that nobody runs: what is in the folder of one, and how it goes on alone when the majority is lost for good.
 *
 * Blocking; whoever calls holds the folder, or log and database are damaged. Opening a log cuts its torn tail, as every start does.
 */
#ifndef DATASTORE_STORE_STORE_RECOVER_H
#define DATASTORE_STORE_STORE_RECOVER_H

#include "datastore/store/store.h"
#include "runtime/actor/seams.h"

struct store_place {
	const struct seams_files *files;
	const struct seams_random *random;
	const char *folder; /* struct store_config's */
};

struct store_remains {
	uint64_t id, term;
	uint64_t last_index, last_term; /* of its log */
	uint64_t applied_index;         /* of its database, and what that has: */
	uint64_t revision, keys;
	struct store_member
	    *members;    /* the newest list in the log; is_alive and lag_entries are not known */
	bool *witnesses; /* which of them are */
	uint32_t member_count;
};

/* Strings are the arena's. NOT_FOUND: there is no store; CORRUPT with words: it is damaged. */
MUST_USE enum status store_examine(const struct store_place *place, struct arena *arena,
				   struct store_remains *out, struct fault *why);

/*
 * Makes it the only member of its cluster when it is started next. All that is in its log is agreed upon then, also what never was; its
 * revisions go on `raise_by` higher, all compacted, since others may have been told of some that it does not have. Whether that is
 * right is for the caller to know: it asks nobody. As store_examine, and NOT_FOUND: it is no member; INVALID: it holds no data.
 */
MUST_USE enum status store_recover(const struct store_place *place, uint64_t raise_by,
				   struct fault *why);

#endif
