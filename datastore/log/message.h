/*
 * Messages between raft cores: what is said, and its bytes.
 *
 * Only core.c and the tests speak it. The link protects bytes, so there is no checksum; the sender's id
 * comes from the link as well and is never read from a message. Layout: version u8, kind u8, flags u8, zero u8,
 * term u64, then per kind; little-endian, fixed width. Unknown versions, kinds, lengths that do not
 * fit, indexes that contradict each other and trailing bytes are refused, so that what message_decode
 * gives out never breaks an assumption of libraft, whose own assertions are compiled out.
 */
#ifndef DATASTORE_LOG_MESSAGE_H
#define DATASTORE_LOG_MESSAGE_H

#include "datastore/log/wal/entry.h"
#include "runtime/base/base.h"

#define MESSAGE_VERSION 1

/* The numbers are on the wire. */
enum message_kind {
	MESSAGE_APPEND = 1,     /* leader: entries, or none as a heartbeat */
	MESSAGE_APPENDED = 2,   /* answer */
	MESSAGE_VOTE = 3,       /* candidate asks */
	MESSAGE_VOTED = 4,      /* answer */
	MESSAGE_OFFER = 5,      /* leader: take a snapshot instead */
	MESSAGE_TIMEOUT = 6,    /* leader: be my successor, now */
	MESSAGE_CONFIRM = 7,    /* leader: does my term still hold? */
	MESSAGE_CONFIRMED = 8,  /* answer */
	MESSAGE_READ = 9,       /* follower asks the leader for a read index */
	MESSAGE_READABLE = 10,  /* answer */
	MESSAGE_REMOVED = 11,   /* to one that is no longer a member */
	MESSAGE_COMMITTED = 12, /* leader: what you have is committed up to here */
	MESSAGE_BASE = 13,      /* leader to a witness: go on from this entry, which is committed */
	MESSAGE_HELD = 14,      /* leader: up to here you have told me that it is on your disk */
	MESSAGE_PATIENT = 15,   /* leader: your answers to entries may gather for a moment */
};

#define MESSAGE_ENTRIES \
	256U /* in one message; bounded in bytes by LIMIT_APPEND_BYTES or one entry */

struct message {
	enum message_kind kind;
	uint64_t term; /* the sender's (of a pre-vote: the one it would take) */
	union {
		struct {
			uint64_t prev_index, prev_term, commit;
			uint32_t count;
			struct entry *const *entries; /* follow each other from prev_index + 1 */
		} append;
		struct {
			uint64_t rejected; /* 0: accepted; else the previous index that did not match */
			uint64_t last;     /* accepted: on disk up to here; else a hint */
		} appended;
		struct {
			uint64_t last_index, last_term;
			bool is_pre, is_ordered; /* ordered by the leader: may disrupt it */
		} vote;
		struct {
			bool is_granted, is_pre;
		} voted;
		struct {
			uint64_t index, term;
		} offer;
		struct {
			uint64_t last_index, last_term;
		} timeout;
		struct {
			uint64_t index, term;
		} committed;
		struct {
			uint64_t index, term, members_index;
			struct str members; /* the newest list up to there */
		} base;
		struct {
			uint64_t index;
		} held;
		struct {
			uint64_t ms; /* so long from now on; 0: no longer */
		} patient;
		struct {
			uint64_t round; /* confirm, confirmed, read, readable: which of them */
			uint64_t index; /* readable: 0 is "cannot say" */
		} read;
	};
};

void message_encode(const struct message *message, struct text *out);
/* Entries are made new (one reference each, in an array of the arena): message_release gives them back. */
MUST_USE enum status message_decode(struct str bytes, struct arena *arena, struct message *out,
				    struct fault *why);
void message_release(struct message *message);

#endif
