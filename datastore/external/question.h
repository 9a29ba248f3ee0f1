/*
 * What the store is asked, as etcd's v3 requests in protobuf. Pure.
 *
 * Each gives a message of its own, to be freed by proto_out_fini. etcd's api/etcdserverpb/rpc.proto has the numbers.
 */
#ifndef DATASTORE_EXTERNAL_QUESTION_H
#define DATASTORE_EXTERNAL_QUESTION_H

#include "datastore/store/store.h"
#include "transport/wire/proto.h"

/* `limit` in place of the range's own. */
struct proto_out question_range(const struct store_range *range, uint32_t limit);

/* What must not have changed for a write of a leader to be made: 0, none. */
struct question_guard {
	struct str key;
	uint64_t create_revision;
};

/*
 * The write as a transaction: the guard's comparison around all, then its compares, and around each branch what its operations expect, so
 * that `answer_write` can tell what was refused. False: it has a transaction within.
 */
bool question_write(const struct store_write *write, const struct question_guard *guard,
		    struct proto_out *out);

/* Of watches of one stream. */
struct proto_out question_watch(uint64_t id, const struct store_watch *watch, uint64_t from);
struct proto_out question_watch_cancel(uint64_t id);
struct proto_out question_watch_progress(void);

/* Of messages with numbers only: fields 1 and 2, left out where 0. */
struct proto_out question_numbers(uint64_t first, uint64_t second);

#endif
