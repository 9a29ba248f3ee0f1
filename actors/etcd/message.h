/*
 * Requests of etcd's v3 API, out of protobuf.
 *
 * Strings are slices of the message.
 * Fields that are not known are passed over, as protobuf's own readers do; what is no protobuf is refused. Pure.
 * Bounds: lists by LIMIT_ETCD_ITEMS; transactions by LIMIT_TXN_OPS, and with those within by LIMIT_ETCD_ITEMS.
 */
#ifndef ACTORS_ETCD_MESSAGE_H
#define ACTORS_ETCD_MESSAGE_H

#include "actors/etcd/fault.h"
#include "datastore/store/store.h"

enum etcd_order { ETCD_UNSORTED, ETCD_ASCENDING, ETCD_DESCENDING };
enum etcd_target {
	ETCD_BY_KEY,
	ETCD_BY_VERSION,
	ETCD_BY_CREATE,
	ETCD_BY_MOD,
	ETCD_BY_VALUE,
};

struct etcd_range {
	struct str key, end; /* end as the store has it: absent for none */
	int64_t limit, revision, order, target;
	bool is_serializable, is_keys_only, is_count_only;
	int64_t min_mod, max_mod, min_create, max_create; /* 0: no bound */
};

struct etcd_put {
	struct str key, value;
	int64_t lease;
	bool wants_prev, keeps_value, keeps_lease;
};

struct etcd_delete {
	struct str key, end;
	bool wants_prev;
};

enum etcd_op_kind { ETCD_NOTHING, ETCD_RANGE, ETCD_PUT, ETCD_DELETE, ETCD_TXN };

struct etcd_txn;

struct etcd_op {
	enum etcd_op_kind kind;
	union {
		struct etcd_range range;
		struct etcd_put put;
		struct etcd_delete delete;
		const struct etcd_txn *txn;
	};
};

struct etcd_branch {
	const struct etcd_op *ops;
	uint32_t count;
};

struct etcd_txn {
	const struct store_compare *compares;
	uint32_t compare_count;
	struct etcd_branch success, failure;
};

/* Fields 1 and 2 of requests that have no more: an id, a revision, a time; another one, or a flag. */
struct etcd_pair {
	int64_t first, second;
};

struct etcd_watch {
	struct str key, end;
	int64_t from, id;
	bool wants_progress, wants_prev, wants_fragments;
	uint32_t filters; /* bit 0: no puts, bit 1: no deletes */
};

struct etcd_alarm {
	int64_t action, member, alarm;
};

/* Reading and judging, in etcd's order. False: `why` says how the call ends. */
bool etcd_message_range(struct str message, struct etcd_range *out, enum etcd_fault *why);
bool etcd_message_put(struct str message, struct etcd_put *out, enum etcd_fault *why);
bool etcd_message_delete(struct str message, struct etcd_delete *out, enum etcd_fault *why);
bool etcd_message_txn(struct str message, struct arena *arena, struct etcd_txn *out,
		      enum etcd_fault *why);
bool etcd_message_pair(struct str message, struct etcd_pair *out);
bool etcd_message_alarm(struct str message, struct etcd_alarm *out);

/* Exactly one of a watch request's kinds. */
enum etcd_watch_kind {
	ETCD_WATCH_NOTHING,
	ETCD_WATCH_CREATE,
	ETCD_WATCH_CANCEL,
	ETCD_WATCH_PROGRESS
};
bool etcd_message_watch(struct str message, struct arena *arena, enum etcd_watch_kind *kind,
			struct etcd_watch *out);

/* The ranges and keys that a branch puts and deletes may not meet: etcd's rule, through all levels. */
bool etcd_txn_is_disjoint(const struct etcd_branch *branch, struct arena *arena);

#endif
