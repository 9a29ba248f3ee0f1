/*
 * Members: who takes part in the datastore, with what role and where. The one source of truth.
 *
 * A list of members is the payload of a configuration entry of the log, so it is agreed upon like any
 * other entry and every member holds the same. Everything about a member that must survive is here;
 * what is measured (alive, lag, latency) is liveness.h's. At most LIMIT_MEMBERS, asserted by its makers
 * and checked when decoded. The encoding carries a version; a decoder refuses what it does not know.
 */
#ifndef DATASTORE_LOG_ROLE_MEMBER_H
#define DATASTORE_LOG_ROLE_MEMBER_H

#include "runtime/base/base.h"

/* The numbers are on disk and on the wire. */
enum member_role {
	MEMBER_SPARE = 0,   /* known, gets nothing */
	MEMBER_STANDBY = 1, /* has all data, no vote */
	MEMBER_VOTER = 2,   /* has all data and a vote */
};

#define MEMBER_STRING_MAX 253U /* a DNS name fits, an address and port too */

struct member {
	uint64_t id; /* of this log, not of the node: a lost log returns under a new one; never 0, never reused */
	enum member_role role;
	bool is_witness; /* it votes at most: it keeps terms and indexes of entries, and never leads */
	uint32_t weight; /* lower is preferred, for operators; 0 is ordinary */
	struct str name, address,
	    domain; /* node name, where links reach it, failure domain ("" is none) */
};

struct members {
	struct member at[LIMIT_MEMBERS]; /* sorted by id */
	uint32_t len;
	uint64_t index; /* of the entry that made it; 0: nobody has said yet */
};

const char *member_role_name(enum member_role role); /* "voter" */

/* NULL: not among them. */
const struct member *members_find(const struct members *members, uint64_t id);
uint32_t members_count(const struct members *members, enum member_role role);
bool members_is_witness(const struct members *members, uint64_t id); /* false: not among them */
/* Puts in or replaces by id. BUSY at LIMIT_MEMBERS, INVALID: id 0 or a string too long. Strings are borrowed. */
MUST_USE enum status members_put(struct members *members, const struct member *member);
MUST_USE enum status members_remove(struct members *members, uint64_t id); /* NOT_FOUND */

/*
 * True if `next` differs from `now` in the vote of at most one member. Anything more could make two
 * majorities that do not overlap (Raft dissertation 4.1).
 */
bool members_is_one_step(const struct members *now, const struct members *next);

void members_encode(const struct members *members, struct text *out);
/* Strings point into `bytes`. CORRUPT with words for anything but what members_encode makes. */
MUST_USE enum status members_decode(struct str bytes, uint64_t index, struct members *out,
				    struct fault *why);

#endif
