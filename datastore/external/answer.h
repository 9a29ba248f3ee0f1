/*
 * What an etcd answers, out of protobuf, in the store's own words. Pure.
 *
 * Rows and keys are copied into the answer's arena. INVALID: it is no answer to that question.
 */
#ifndef DATASTORE_EXTERNAL_ANSWER_H
#define DATASTORE_EXTERNAL_ANSWER_H

#include "datastore/store/store.h"

/* Whether an operation of these demands a revision: then the branch was asked for as a transaction of its own. */
bool answer_is_guarded(const struct store_op *ops, uint32_t count);

/* `answer` has its arena; rows, counts and revisions are filled in. */
MUST_USE enum status answer_range(struct str message, struct store_range_answer *answer);

/*
 * Of what question_write made out of `write`; `answer` has its arena. OK, or why it was refused: EXISTS, NOT_FOUND and CONFLICT with
 * refused_op and current, GONE for the guard.
 */
MUST_USE enum status answer_write(struct str message, const struct store_write *write,
				  bool has_guard, struct store_write_answer *answer);

/* A message of a watch's stream. */
struct answer_watch {
	uint64_t revision;
	uint64_t id; /* ANSWER_ALL: how far all watches are */
	bool is_created, is_cancelled;
	uint64_t compact_revision; /* cancelled since it asked for what was compacted before that */
	struct str reason;
	struct store_event *events;
	uint32_t count;
	uint64_t bytes;
};

#define ANSWER_ALL UINT64_MAX

MUST_USE enum status answer_watch(struct str message, struct arena *arena, struct answer_watch *out);

/* LeaseGrant, LeaseKeepAlive, LeaseTimeToLive and LeaseLeases all number alike: id 2, ttl 3, granted 4, keys 5; leases 2 are told apart. */
struct answer_lease {
	uint64_t revision, id;
	int64_t ttl_s;
	uint64_t granted_s;
	struct str *keys;
	uint32_t key_count;
};

MUST_USE enum status answer_one_lease(struct str message, struct arena *arena,
				      struct answer_lease *out);
MUST_USE enum status answer_all_leases(struct str message, struct arena *arena,
				       struct store_lease_answer *out);

/* The header's revision of any answer; 0: there is none. */
uint64_t answer_revision(struct str message);

#endif
