/*
 * A record in one piece of memory, exactly as large as what it holds: messages and lists first, then the bytes of its strings.
 *
 * Of object.c: measured, then copied by the same walk, which record-clone.c has. What an owner of fields
 * has written is long, and alike for all pods of a workload but for its time, which stands beside it: it may be had in common. Strings end in NUL as an arena's do.
 */
#ifndef DATASTORE_OBJECT_RECORD_PACK_H
#define DATASTORE_OBJECT_RECORD_PACK_H

#include "datastore/schema/type.h"
#include "runtime/base/collection/common.h"

struct record_pack {
	struct commons *commons; /* NULL: none; set by whoever measures */
	uint64_t block_bytes, text_bytes;
	uint32_t taken_count; /* references to what is in common */
	/* While it is copied: what is free. */
	char *block, *text;
	struct common **taken;
};

void record_pack_measure(struct record_pack *pack, const struct type *type, const void *record);
/* What was measured, into so many bytes at `at`, aligned to 8, and so many references at `taken`. */
void *record_pack_copy(struct record_pack *pack, const struct type *type, const void *record,
		       void *at, struct common **taken);

#endif
