/*
 * What has come of a snapshot, kept across the end of its process: a file, and a note beside it of how much of it is there.
 *
 * Only for datastore/store/store*.c, which include it by way of store-private.h. Functions block: they are for jobs. The note is written once the
 * disk has what it speaks of, so it never says too much, and carries a checksum of all that: what a crash left otherwise is found out
 * before anything is built upon it. A note of another version, or a damaged one, is as good as none, and both files go.
 */
#ifndef DATASTORE_STORE_STORE_INCOMING_H
#define DATASTORE_STORE_STORE_INCOMING_H

#include "runtime/actor/seams.h"
#include "runtime/base/base.h"

#define STORE_INCOMING_VERSION 1U

struct store_incoming {
	uint64_t token; /* of the leader's copy; 0: nothing is there that could be gone on with */
	uint64_t index, size_bytes;
	uint64_t offset; /* so many bytes of it are there */
	uint32_t sum;    /* CRC-32C of those */
};

/* After a start. What is not noted well goes; not OK: it cannot. */
MUST_USE enum status store_incoming_find(const struct seams_files *files, const char *path,
					 struct store_incoming *out);
MUST_USE enum status store_incoming_note(const struct seams_files *files, const char *path,
					 const struct store_incoming *incoming);
/* Reads it all. CORRUPT: it is not what was noted. OK: nothing else is there, what came after the note is cut off. */
MUST_USE enum status store_incoming_verify(const struct seams_files *files, const char *path,
					   const struct store_incoming *incoming);
void store_incoming_unnote(const struct seams_files *files, const char *path);
/* Both files. OK also if there are none. */
MUST_USE enum status store_incoming_drop(const struct seams_files *files, const char *path);

#endif
