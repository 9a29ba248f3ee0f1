/*
 * Which message of a lane has a key: for mailboxes that keep one of each.
 *
 * Finds by the message's type and its key in constant time, whatever the lane holds. It owns no messages: whoever takes one out of the lane
 * takes it out of the index. Bounded by the lane; grows by doubling and gives its memory back when it is empty.
 */
#ifndef RUNTIME_ACTOR_MAIL_LANE_INDEX_H
#define RUNTIME_ACTOR_MAIL_LANE_INDEX_H

#include <stdint.h>

struct act_type;
struct message;

/* All zero is an empty index. */
struct lane_index {
	struct message **at; /* open addressing, one step at a time; NULL: free */
	uint32_t cap, len;   /* cap is a power of two, at least half of it free */
};

void lane_index_fini(struct lane_index *index);
struct message *lane_index_find(const struct lane_index *index, const struct act_type *type,
				uint64_t key);
/* By its type and its key; there is none with both. */
void lane_index_add(struct lane_index *index, struct message *message);
void lane_index_remove(struct lane_index *index, const struct message *message); /* if it is in */

#endif
