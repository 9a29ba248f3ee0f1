/*
 * Commands: what the store has the log agree upon; many in one entry.
 *
 * An entry's payload is a version byte and commands, each with its kind and length. The same bytes carry a write
 * from a follower to its leader. All replicas apply the same bytes, so nothing in a command depends on who reads
 * it. Decoders validate everything, and strings in what they give are borrowed from the bytes.
 */
#ifndef DATASTORE_STORE_STATE_COMMAND_H
#define DATASTORE_STORE_STATE_COMMAND_H

#include "datastore/store/state/fixed.h"
#include "datastore/store/store.h"
#include "runtime/base/fault.h"

#define COMMAND_VERSION 1

/* The numbers are on disk and on the wire. */
enum command_kind {
	COMMAND_WRITE = 1,
	COMMAND_LEASE_GRANT = 2,
	COMMAND_LEASE_REVOKE = 3,
	COMMAND_COMPACT = 4,
	COMMAND_RAISE = 5, /* store-recover.h: only in a log that lost its majority */
};

/* Revisions go on so much higher, and all before are compacted: others may have been told of some that this log does not have. */
struct command_raise {
	uint64_t by;
};
#define COMMAND_REVISION_MAX (UINT64_C(1) << 42) /* change ids have 20 bits of place above it */

struct command {
	enum command_kind kind;
	union {
		struct store_write write;
		struct store_lease_grant grant; /* the id is chosen already */
		struct store_lease_revoke revoke;
		struct store_compact compact;
		struct command_raise raise;
	};
};

/* Whether a command may be agreed upon at all: sizes, counts, a key named twice. Says what and why not. */
MUST_USE enum status command_check(const struct command *command, struct fault *why);

/* An entry begins with command_begin; then commands are added one by one. */
void command_begin(struct text *out);
void command_pack(struct text *out, const struct command *command);
uint32_t command_size(const struct command *command); /* bytes that command_pack adds, at most */

/* Begins to read an entry: CORRUPT if its version is not ours. Then command_next while fixed_left. */
MUST_USE enum status command_open(struct str payload, struct fixed *out);
/* What store_pack_txn made, as compares and ops; arrays in `arena`. CORRUPT for what it did not make. */
MUST_USE enum status command_unpack_txn(struct str packed, struct arena *arena,
					struct store_write *out);
/* The next command; arrays are made in `arena`. CORRUPT for what no command_pack made. */
MUST_USE enum status command_next(struct fixed *in, struct arena *arena, struct command *out);

#endif
