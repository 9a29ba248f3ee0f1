/*
 * What stores say to each other, and each to itself; what others say to a store is in store.h. Private to this folder.
 */
#ifndef DATASTORE_STORE_STORE_MESSAGE_H
#define DATASTORE_STORE_STORE_MESSAGE_H

#include "datastore/store/store.h"

struct store_raft {
	struct arena *arena;
	uint64_t from;
	struct str bytes;
};
struct store_copy_open {
	uint64_t member, index; /* a copy of at least this index */
};
struct store_copy_opened {
	enum status status;
	uint64_t token, index, size_bytes;
};
struct store_copy_read {
	uint64_t member, token, offset;
};
struct store_copy_data {
	enum status status;
	struct arena *arena;
	struct str bytes;
};
/* From a member to the leader, when it has changed. */
struct store_report {
	uint64_t id;
	bool is_pressed;
	uint32_t sync_us;
};
/* From the leader to everybody. */
struct store_role_note {
	struct arena *arena;
	uint64_t id;
	enum store_role role;
	struct str reason;
	uint64_t changed_s;
	bool is_stopping, is_leaving; /* instead: it has asked to go, for a while or for good */
};
struct store_tick {
	char nothing;
};
struct store_flush_commands {
	char nothing;
};
struct store_flush_table {
	char nothing;
};
struct store_second {
	char nothing;
};
struct store_forward_again {
	char nothing;
};
struct store_fetch_again {
	uint64_t number;
};
struct store_peer_gone {
	uint64_t monitor;
};
ACT_TYPE_DECLARE(store_raft);
ACT_TYPE_DECLARE(store_copy_open);
ACT_TYPE_DECLARE(store_copy_opened);
ACT_TYPE_DECLARE(store_copy_read);
ACT_TYPE_DECLARE(store_copy_data);
ACT_TYPE_DECLARE(store_report);
ACT_TYPE_DECLARE(store_role_note);
ACT_TYPE_DECLARE(store_tick);
ACT_TYPE_DECLARE(store_flush_commands);
ACT_TYPE_DECLARE(store_flush_table);
ACT_TYPE_DECLARE(store_second);
ACT_TYPE_DECLARE(store_forward_again);
ACT_TYPE_DECLARE(store_fetch_again);
ACT_TYPE_DECLARE(store_peer_gone);

#endif
