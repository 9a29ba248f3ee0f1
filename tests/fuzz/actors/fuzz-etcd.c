/*
 * gRPC's frames and the messages of etcd's API. The first byte says which; frames give the same messages however they are cut,
 * and what is read of a message lies within it.
 */
#include "actors/etcd/message.h"
#include "runtime/base/base.h"
#include "transport/http/grpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

#define MESSAGE_MAX_BYTES 4096U

/* All messages of the bytes, cut into pieces, and how it ended. */
static struct str read_frames(struct str bytes, uint32_t piece, struct arena *arena)
{
	struct grpc_reader reader = grpc_reader_new(MESSAGE_MAX_BYTES);
	struct text out = text_in(arena, 4 * MIB);
	struct str message;

	for (uint32_t i = 0; i < bytes.len; i += piece) {
		grpc_reader_feed(&reader, str_slice(bytes, i, i + piece));
		while (grpc_reader_next(&reader, &message)) {
			assert(message.len <= MESSAGE_MAX_BYTES);
			text_printf(&out, "%u:", message.len);
			text_add(&out, message);
		}
		if (reader.fault.code != GRPC_OK)
			break;
	}
	text_printf(&out, "=%d %d", reader.fault.code, grpc_reader_is_whole(&reader));
	grpc_reader_fini(&reader);
	return text_str(&out);
}

static void check_frames(struct str bytes, struct arena *arena)
{
	struct str message;
	struct grpc_fault why = { 0 };
	struct str whole = read_frames(bytes, 1024, arena);

	for (uint32_t piece = 1; piece < 8; piece++)
		assert(str_eq(whole, read_frames(bytes, piece, arena)));
	if (!grpc_only(bytes, MESSAGE_MAX_BYTES, &message, &why))
		assert(why.code != GRPC_OK && why.words.len > 0);
}

static void check_within(struct str all, struct str part)
{
	assert(part.len == 0 || (part.at >= all.at && part.at + part.len <= all.at + all.len));
}

static void check_branch(struct str all, const struct etcd_branch *branch)
{
	for (uint32_t i = 0; i < branch->count; i++) {
		const struct etcd_op *op = &branch->ops[i];

		switch (op->kind) {
		case ETCD_NOTHING: assert(false); break;
		case ETCD_RANGE: check_within(all, op->range.key); break;
		case ETCD_PUT: check_within(all, op->put.value); break;
		case ETCD_DELETE: check_within(all, op->delete.key); break;
		case ETCD_TXN:
			check_branch(all, &op->txn->success);
			check_branch(all, &op->txn->failure);
			break;
		}
	}
}

static void check_txn(struct str bytes, struct arena *arena)
{
	struct etcd_txn txn;
	enum etcd_fault why;

	if (!etcd_message_txn(bytes, arena, &txn, &why))
		return;
	for (uint32_t i = 0; i < txn.compare_count; i++)
		assert(txn.compares[i].key.len > 0);
	check_branch(bytes, &txn.success);
	check_branch(bytes, &txn.failure);
}

static void check_small(uint32_t kind, struct str bytes, struct arena *arena)
{
	struct etcd_range range;
	struct etcd_put put;
	struct etcd_delete delete;
	struct etcd_pair pair;
	struct etcd_alarm alarm;
	struct etcd_watch watch;
	enum etcd_watch_kind watch_kind;
	enum etcd_fault why;

	switch (kind) {
	case 2:
		if (etcd_message_range(bytes, &range, &why))
			assert(range.key.len > 0 && range.order <= ETCD_DESCENDING);
		break;
	case 3:
		if (etcd_message_put(bytes, &put, &why))
			check_within(bytes, put.value);
		break;
	case 4:
		if (etcd_message_delete(bytes, &delete, &why))
			check_within(bytes, delete.end);
		break;
	case 5: (void)etcd_message_pair(bytes, &pair); break;
	case 6: (void)etcd_message_alarm(bytes, &alarm); break;
	default:
		if (etcd_message_watch(bytes, arena, &watch_kind, &watch))
			check_within(bytes, watch.key);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct arena *arena = arena_new(0);
	struct str bytes;

	if (len > 0) {
		bytes = str_of(at + 1, len - 1);
		switch (at[0] & 7) {
		case 0: check_frames(bytes, arena); break;
		case 1: check_txn(bytes, arena); break;
		default: check_small(at[0] & 7, bytes, arena);
		}
	}
	arena_free(arena);
	return 0;
}
