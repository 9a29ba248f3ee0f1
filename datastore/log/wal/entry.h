/*
 * An entry of the log: frozen once made, counted, shared by the window in memory, the writer and the
 * messages that carry it.
 *
 * The count belongs to the actor's thread; the log lane reads entries that the actor holds for it.
 * Payload at most LIMIT_ENTRY_BYTES, of any length (0 and odd ones too).
 */
#ifndef DATASTORE_LOG_WAL_ENTRY_H
#define DATASTORE_LOG_WAL_ENTRY_H

#include "runtime/base/base.h"

/* The numbers are on disk and on the wire; libraft's own for the same things. */
enum entry_kind {
	ENTRY_COMMAND = 1, /* the store's; its meaning is not ours */
	ENTRY_NOTHING = 2, /* a new leader's first entry: commits what is before it */
	ENTRY_MEMBERS = 3, /* a list of members (member.h) */
};

struct entry {
	uint64_t index, term;
	enum entry_kind kind;
	uint32_t refs;
	uint32_t len;
	char bytes[];
};

GIVE struct entry *entry_new(uint64_t index, uint64_t term, enum entry_kind kind,
			     struct str payload);
GIVE struct entry *entry_ref(struct entry *entry);
void entry_unref(TAKE struct entry *entry);

static inline struct str entry_payload(const struct entry *entry)
{
	return (struct str){ entry->bytes, entry->len };
}

/*
 * A window: the entries (base_index, last] in memory, everything that a follower may still be sent.
 * All before it is in the state or in a snapshot. All zero is an empty one.
 */
struct window {
	struct entry **ring; /* a power of two */
	uint32_t cap, len;
	uint64_t base_index, base_term; /* of the last entry that is no longer here */
	uint64_t bytes;                 /* of payloads */
};

void window_fini(struct window *window);
void window_reset(struct window *window, uint64_t base_index, uint64_t base_term);
uint64_t window_last(const struct window *window);                    /* base_index when empty */
struct entry *window_at(const struct window *window, uint64_t index); /* borrowed; NULL: not here */
uint64_t window_term(const struct window *window, uint64_t index);    /* 0: not known */
/* Takes the entry, whose index must follow the last; drops what is at and after its index first. */
void window_put(struct window *window, TAKE struct entry *entry);
void window_trim(struct window *window, uint64_t to); /* drops `to` and what is before */

#endif
