/*
 * The bytes of segments and of meta: pure encoders and decoders, for wal.c, its tests and its fuzzer.
 *
 * Little-endian, everything aligned to 8. A decoder trusts nothing; what it gives out points into its input.
 */
#ifndef DATASTORE_LOG_WAL_RECORD_H
#define DATASTORE_LOG_WAL_RECORD_H

#include "datastore/log/wal/wal.h"

#define RECORD_HEADER 48U
#define SEGMENT_HEADER 64U
#define META_SLOT (64U * KIB)

struct record {
	uint64_t segment; /* sequence of the segment it was written to */
	uint64_t index, term;
	enum entry_kind kind;
	uint32_t write_at; /* offset in the segment at which its write began */
	uint64_t committed; /* a hint: everything up to there was when this was written; 0: not said */
	struct str payload;
};

uint64_t record_size(uint64_t payload_len); /* with header and padding */
void record_encode(const struct record *record, uint32_t salt, char *out); /* record_size() bytes */
/* The record at the start of `bytes`: false if it is not whole and intact. */
bool record_decode(struct str bytes, uint32_t salt, struct record *out);

struct segment_header {
	uint64_t segment;
	uint64_t size_bytes;
};

void segment_header_encode(const struct segment_header *header, uint32_t salt,
			   char out[SEGMENT_HEADER]);
bool segment_header_decode(const char in[SEGMENT_HEADER], uint32_t salt, struct segment_header *out);

struct meta {
	uint64_t sequence; /* grows with each write */
	uint64_t id, term, vote;
	uint64_t first_segment; /* older ones are dead */
	struct wal_base base;
	uint32_t salt;
};

/* Returns the length used of META_SLOT bytes, a multiple of 512; the rest need not be written. */
uint32_t meta_encode(const struct meta *meta, char out[META_SLOT]);
/* CORRUPT, or NOT_IMPLEMENTED for another version. base.members points into `in`. */
MUST_USE enum status meta_decode(const char in[META_SLOT], struct meta *out);

/* Where its records seem to end by their lengths alone; beyond `bytes` when they do not hold the last one whole. */
uint64_t segment_reach(struct str bytes, uint64_t segment);
/*
 * Walks a segment's bytes. Gives each record in order to `each`; at the first place that holds none, decides:
 * OK and *out_end: the log ends there (torn or clean; *out_dirty: bytes behind it must be zeroed before writing);
 * CORRUPT: an intact record behind it belongs to a later write, so these bytes once were durable.
 */
MUST_USE enum status segment_walk(struct str bytes, uint64_t segment, uint32_t salt,
				  enum status (*each)(void *arg, const struct record *record),
				  void *arg, uint64_t *out_end, bool *out_dirty);

#endif
