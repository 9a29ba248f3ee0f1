#include "datastore/log/transfer.h"

/* NULL: none. */
static struct transfer *find(struct transfers *transfers, uint64_t member)
{
	for (uint32_t i = 0; i < transfers->len; i++)
		if (transfers->at[i].member == member)
			return &transfers->at[i];
	return NULL;
}

enum status transfers_begin(struct transfers *transfers, uint64_t member, uint64_t token,
			    uint64_t index, uint64_t size_bytes, struct mono now)
{
	struct transfer *transfer = find(transfers, member);
	if (!transfer) {
		if (transfers->len == LIMIT_MEMBERS)
			return BUSY;
		transfer = &transfers->at[transfers->len++];
	}
	*transfer = (struct transfer){ .member = member,
				       .token = token,
				       .index = index,
				       .size_bytes = size_bytes,
				       .moved = now,
				       .piece_bytes = TRANSFER_PIECE_FIRST };
	return OK;
}

/* One that is asked for again was lost, or late. */
static void pace(struct transfer *transfer, uint64_t offset, struct mono now)
{
	int64_t took_ms = (now.ns - transfer->moved.ns) / TIME_MS;
	bool is_next = transfer->sent_bytes > 0 && offset == transfer->sent_bytes;
	bool is_late = offset < transfer->sent_bytes || (is_next && took_ms > TRANSFER_PIECE_MS);
	if (is_late && transfer->piece_bytes > TRANSFER_PIECE_MIN)
		transfer->piece_bytes /= 2;
	else if (is_next && took_ms < TRANSFER_PIECE_MS / 4 &&
		 transfer->piece_bytes < TRANSFER_PIECE_MAX)
		transfer->piece_bytes *= 2;
}

enum status transfers_move(struct transfers *transfers, uint64_t member, uint64_t token,
			   uint64_t offset, struct mono now, uint32_t *out_len)
{
	struct transfer *transfer = find(transfers, member);
	if (!transfer || transfer->token != token)
		return NOT_FOUND;
	if (offset > transfer->size_bytes)
		return INVALID;
	uint64_t left = transfer->size_bytes - offset;
	pace(transfer, offset, now);
	*out_len = left < transfer->piece_bytes ? (uint32_t)left : transfer->piece_bytes;
	transfer->sent_bytes = offset + *out_len; /* it may ask for a part again */
	transfer->moved = now;
	return OK;
}

void transfers_clear(struct transfers *transfers)
{
	transfers->len = 0;
}

uint32_t transfers_tick(struct transfers *transfers, struct mono now)
{
	uint32_t given_up = 0;
	for (uint32_t i = 0; i < transfers->len;) {
		if (now.ns - transfers->at[i].moved.ns < TRANSFER_IDLE_MS * TIME_MS) {
			i++;
			continue;
		}
		transfers->at[i] = transfers->at[--transfers->len];
		given_up++;
	}
	return given_up;
}

uint64_t transfers_pinned(const struct transfers *transfers)
{
	uint64_t pinned = UINT64_MAX;
	for (uint32_t i = 0; i < transfers->len; i++)
		if (transfers->at[i].index < pinned)
			pinned = transfers->at[i].index;
	return pinned;
}
