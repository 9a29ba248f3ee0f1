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
				       .moved = now };
	return OK;
}

enum status transfers_move(struct transfers *transfers, uint64_t member, uint64_t token,
			   uint64_t offset, uint64_t len, struct mono now)
{
	struct transfer *transfer = find(transfers, member);
	if (!transfer || transfer->token != token)
		return NOT_FOUND;
	if (offset > transfer->size_bytes || len > transfer->size_bytes - offset)
		return INVALID;
	transfer->sent_bytes = offset + len; /* it may ask for a part again */
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
