/*
 * The raft core of one member: events in, an update out; no I/O, no clock, no randomness of its own.
 *
 * The replica (replica.h) is its caller, tests and the fuzzer too. It is the only user of libraft, whose
 * pure raft_step() it wraps so that it can be replaced, and it keeps the rules that libraft leaves open:
 *   - a leader's first entry is ENTRY_NOTHING of its own term, always;
 *   - a sole voter that elects itself starts a new term, like any other leader;
 *   - a configuration entry is the first of what libraft is given at once;
 *   - a voter stops denying votes one election timeout after it last heard from its leader, and at once
 *     when told that the leader is gone (CORE_PEER_LOST), so the first candidate is not turned down;
 *   - a member that was away itself, whose CORE_TICK comes late, gives the others one more heartbeat to be heard in
 *     before it asks for votes or stops leading;
 *   - reads are safe only after a majority said, later than they were asked, that our term still holds;
 *   - a member whose log ends before what it has acknowledged to the leader of this term (its folder is an old copy, its disk lost what
 *     it had synced) is told so and says it, rather than be sent that again: what it promised others no longer holds;
 *   - snapshots are never installed inside libraft: the core is started anew on top of one;
 *   - a witness votes and acknowledges like any other, but is sent entries without what is in them, never stands for election, and
 *     is not told of an entry before those who hold it could do without one of them (core-witness.c).
 *
 * The caller's side of the contract: `term` and `vote` of an update are durable before any message of it
 * (or of a later one) leaves; entries are written in the order they are given, and CORE_PERSISTED is said
 * only when they are on disk; nothing is applied beyond min(commit, what is persisted).
 * Messages are authenticated by the link but not trusted: a malformed one is refused, never asserted.
 */
#ifndef DATASTORE_LOG_CORE_H
#define DATASTORE_LOG_CORE_H

#include "datastore/log/role/member.h"
#include "datastore/log/wal/entry.h"
#include "runtime/base/base.h"

struct core;

enum core_role { CORE_FOLLOWER, CORE_CANDIDATE, CORE_LEADER };

struct core_config {
	uint64_t id;
	uint32_t election_ms;  /* a follower waits 1 to 2 times as long */
	uint32_t heartbeat_ms; /* at most a third of it */
	uint32_t seed;         /* from the random seam: election timeouts */
	bool is_witness;
};

enum core_event_kind {
	CORE_START,     /* first event, and again after a snapshot was installed */
	CORE_RECEIVE,   /* a message came */
	CORE_PERSISTED, /* everything up to and including an entry given in `entries` is on disk */
	CORE_TICK,      /* core_wake_at() was reached; harmless earlier */
	CORE_SUBMIT,    /* leader: append an entry */
	CORE_CHANGE,    /* leader: a new list of members, one step from the last */
	CORE_TRIMMED,   /* entries up to index are in durable state and may be forgotten */
	CORE_TRANSFER,  /* leader: hand over to a voter; id 0 picks one */
	CORE_READ,      /* ask for a read index */
	CORE_PEER_LOST, /* the link to a member broke */
};

struct core_event {
	enum core_event_kind kind;
	struct mono now; /* never goes back; an earlier one counts as the last */
	union {
		struct {
			uint64_t term, vote;
			/* What the log stands on: index 0 is an empty log. Members as of base. */
			uint64_t base_index, base_term;
			const struct members *members;
			/* Follow each other from base_index + 1; the core takes a reference to each. */
			struct entry *const *entries;
			uint32_t count;
			uint64_t committed; /* of these, so far at least: given out without a leader */
		} start;
		struct {
			uint64_t from;
			struct str bytes;
		} receive;
		const struct entry *persisted; /* the last one of a finished write, as it was given */
		struct str submit;             /* at most LIMIT_ENTRY_BYTES; copied */
		const struct members *change;
		uint64_t trimmed;   /* index; not above the commit index */
		uint64_t transfer;  /* id */
		uint64_t read;      /* the asker's token, given back in core_read */
		uint64_t peer_lost; /* id */
	};
};

struct core_message {
	uint64_t to;
	struct str bytes; /* in the arena */
};

struct core_read {
	uint64_t token;
	enum status status; /* OK; UNAVAILABLE: no leader, or it changed: ask again */
	uint64_t index;     /* state that has applied up to here may answer */
};

/* A leader cannot help us with its log any more: fetch a snapshot from it, at `index` or later. */
struct core_offer {
	uint64_t from; /* 0: none */
	uint64_t index, term;
};

/* Witness: the log goes on behind this entry, which the leader says is committed; begin anew from there. */
struct core_base {
	uint64_t index, term; /* index 0: none */
	uint64_t members_index;
	struct str members; /* in the arena */
};

/* What to do after a step. Collects over several steps until core_update_clear. */
struct core_update {
	struct arena *arena;
	bool meta_changed;           /* term or vote: durable before any message leaves */
	VEC(struct entry *) entries; /* to be written, in this order; an index may come again */
	VEC(struct core_message) messages;
	VEC(struct core_read) reads;
	VEC(uint64_t)
	snapshot_wanted; /* leader: ids of members that our log cannot help any more */
	struct core_offer offer;
	struct core_base base;
	bool commit_changed, state_changed, members_changed;
	bool is_removed; /* the leader says that we are no longer a member */
	uint64_t missing; /* we have told our leader that this entry is on our disk, and it is not; 0: no such */
};

/* The arena is the caller's: what the messages point to lives as long. */
void core_update_init(struct core_update *update, struct arena *arena);
void core_update_clear(struct core_update *update);
void core_update_fini(struct core_update *update);

GIVE struct core *core_new(const struct core_config *config);
void core_free(TAKE struct core *core);

/*
 * One step. On any failure nothing was changed, except that a RECEIVE may have adopted a higher term first.
 *   UNAVAILABLE  SUBMIT, CHANGE, TRANSFER: not the leader, or it is just handing over
 *   CONFLICT     CHANGE: another change is not committed yet, or no entry of this term is
 *   INVALID      CHANGE: not one step; TRANSFER: not another voter; START: not a log
 *   BUSY         SUBMIT, READ: LIMIT_PROPOSALS in flight
 *   TOO_LARGE    SUBMIT
 *   CORRUPT      RECEIVE: malformed, or contradicts what is committed (`why` says which)
 */
MUST_USE enum status core_step(struct core *core, const struct core_event *event,
			       struct core_update *update, struct fault *why);

enum core_role core_role(const struct core *core);
uint64_t core_term(const struct core *core);
uint64_t core_vote(const struct core *core);
uint64_t core_leader(const struct core *core); /* id; 0: not known */
uint64_t core_commit(const struct core *core);
uint64_t core_persisted(const struct core *core);
uint64_t core_last(const struct core *core);       /* index of the last entry, written or not */
uint64_t core_transferee(const struct core *core); /* 0: no handing over in progress */
/* Leader: the highest entry known to be on that member's disk; 0: nothing known. */
uint64_t core_match(const struct core *core, uint64_t id);
const struct window *core_window(const struct core *core);
/* The newest list, committed or not; borrowed until the next step. */
const struct members *core_members(const struct core *core);
const struct members *core_members_committed(const struct core *core);
bool core_is_changing(const struct core *core); /* the newest list is not committed yet */
/* Leader: an entry of this term is committed, so its commit index is the newest there is. */
bool core_is_established(const struct core *core);
/* Leader: a member has passed on what somebody asked it, who waits for it to hear of what comes of that. */
void core_was_asked(struct core *core);
struct mono core_wake_at(const struct core *core); /* when the next CORE_TICK is due */

#endif
