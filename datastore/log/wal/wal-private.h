/*
 * What wal.c (writing) and wal-open.c (finding out what is there) share.
 */
#ifndef DATASTORE_LOG_WAL_WAL_PRIVATE_H
#define DATASTORE_LOG_WAL_WAL_PRIVATE_H

#include <inttypes.h>

#include "datastore/log/wal/record.h"
#include "datastore/log/wal/wal.h"

#define WAL_PATH 1024
#define WAL_WRITE_BYTES (8U * MIB) /* one write at most, or one entry: bounds the buffer */
#define WAL_ZEROS_BYTES (256U * KIB)
#define WAL_META_NAME "meta-%" PRIu64 /* only number 1: of its layout, WAL_VERSION */
#define WAL_SEGMENT_NAME "segment-%016" PRIx64
#define WAL_SPARE_NAME "spare-%" PRIu64

struct segment {
	uint64_t sequence, size_bytes;
	uint64_t last_index; /* the highest in it, replaced or not: it can go when all that is in the state */
};

struct wal {
	struct wal_config config;
	struct meta meta;
	char *members; /* meta.base.members points here */
	struct seams_file *meta_file;
	bool has_meta_room;           /* both slots are on the disk to their ends */
	VEC(struct segment) segments; /* the last one is written to */
	/* wal-append.c */
	struct seams_file *current;
	uint64_t committed; /* of the work under way */
	bool is_direct;     /* it is written in whole blocks, past the cache */
	uint64_t offset;    /* in the current segment; everything before is durable */
	uint64_t written;   /* up to here the disk has been given all of it once, if only zeros */
	char *buffer;       /* begins a block; direct: with what is durable of the last one */
	char *buffer_memory;
	uint64_t buffer_cap;

	uint64_t next_segment;
	VEC(uint32_t) spares;
	uint32_t next_spare; /* even; odd ones are made outside */
	bool is_failed;
};

/* `name` is the prefix and a number in that base, of lower case digits. */
bool wal_number_in(struct str name, const char *prefix, uint32_t base, uint64_t *out);
void wal_path(const struct wal_config *config, char out[WAL_PATH], const char *format,
	      uint64_t number);
MAY_IGNORE enum status wal_fault(struct fault *why, enum status status, const char *path,
				 const char *what);
/* Writes zeros and syncs. */
MUST_USE enum status wal_zero(const struct wal_config *config, struct seams_file *file,
			      uint64_t from, uint64_t to);
const char *wal_zeros(void); /* so many, at an address for SEAMS_DIRECT */
MUST_USE enum status wal_write_meta(struct wal *wal, struct fault *why);
/* Goes on in a new segment with room for `need` bytes, header included. */
MUST_USE enum status wal_roll(struct wal *wal, uint64_t need, struct fault *why);
MUST_USE enum status wal_recycle(struct wal *wal, uint64_t sequence);

/* ---- wal-append.c ---- */

/* This is the segment that is written to from now on, at `offset`. */
MUST_USE enum status wal_append_open(struct wal *wal, const struct segment *segment,
				     uint64_t offset, uint64_t written);
void wal_append_close(struct wal *wal); /* none is */
/* Where the next `bytes` are to be encoded; then they are written, and durable. */
char *wal_append_room(struct wal *wal, uint64_t bytes);
MUST_USE enum status wal_append(struct wal *wal, uint64_t bytes);

#endif
