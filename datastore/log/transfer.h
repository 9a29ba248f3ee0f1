/*
 * Transfers: which member is being sent which snapshot, how far it is, and for how long the log waits for it.
 *
 * Kept by the leader's store: it cuts a copy of its state, begins a transfer with a token of its own, tells of
 * progress as chunks are asked for, and ends it. A transfer pins the log behind its index, so that the member can go on from
 * there; it is resumed by asking again from `sent_bytes`, and given up after TRANSFER_IDLE_MS without progress, or if
 * it pins more than TRANSFER_PINNED_BYTES of log. One per member, LIMIT_MEMBERS in all.
 *
 * A snapshot shares the link, and the member's disk, with the log's messages, which wait for the piece that is on its way: so a piece is as
 * large as what the member has taken within TRANSFER_PIECE_MS, from one question to the next.
 */
#ifndef DATASTORE_LOG_TRANSFER_H
#define DATASTORE_LOG_TRANSFER_H

#include "runtime/base/base.h"

#define TRANSFER_IDLE_MS 30000
#define TRANSFER_PINNED_BYTES (192ULL * MIB) /* below CORE_WINDOW_BYTES: writes go on */

#define TRANSFER_PIECE_MS 50 /* a quarter of what a heartbeat may be late by before anybody minds */
#define TRANSFER_PIECE_MIN (16U * KIB)
#define TRANSFER_PIECE_FIRST (64U * KIB)
#define TRANSFER_PIECE_MAX (256U * KIB)

struct transfer {
	uint64_t member, token;
	uint64_t index; /* of the snapshot; the log is kept from the next one on */
	uint64_t size_bytes, sent_bytes;
	struct mono moved; /* last progress */
	uint32_t piece_bytes;
};

struct transfers {
	struct transfer at[LIMIT_MEMBERS];
	uint32_t len;
};

/* Begins, or replaces the member's last one. BUSY: LIMIT_MEMBERS. */
MUST_USE enum status transfers_begin(struct transfers *transfers, uint64_t member, uint64_t token,
				     uint64_t index, uint64_t size_bytes, struct mono now);
/* What comes at `offset` was asked for: how much of it to send, 0 at the end. NOT_FOUND: given up, or another token: begin
 * anew. INVALID: beyond its size. */
MUST_USE enum status transfers_move(struct transfers *transfers, uint64_t member, uint64_t token,
				    uint64_t offset, struct mono now, uint32_t *out_len);
void transfers_clear(struct transfers *transfers); /* no longer the leader */
/* Gives up idle ones; returns how many. */
uint32_t transfers_tick(struct transfers *transfers, struct mono now);
/* The lowest index that one of them needs; UINT64_MAX: none. */
uint64_t transfers_pinned(const struct transfers *transfers);

#endif
