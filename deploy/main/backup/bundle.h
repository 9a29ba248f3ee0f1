/*
 * A bundle: several files as one, checksummed and, with a passphrase, encrypted. What `troupe backup` writes.
 *
 *     header   64 bytes: "TROUPEBK", version, flags, scrypt's cost (log2 N, r, p), 0, salt of 32; numbers little-endian, u32
 *     chunks   u32: how many bytes it stands for, the highest bit in the last one; then these bytes as they are, or sealed with
 *              AES-256-GCM (crypto.h) under the key that scrypt (RFC 7914) makes of passphrase and salt; header, number and length
 *              are its context, so that none can be exchanged, left out or moved
 *     trailer  SHA-256 of all before it
 * Within the chunks, one behind the other: u16 length of a name, name, u64 size, bytes.
 *
 * Through the seam of files; it blocks. Memory: two chunks, and what scrypt takes (32 MiB) for a moment. Outcomes: NOT_FOUND, FORBIDDEN (also
 * a passphrase that is missing or wrong), FULL, IO; of what is read CORRUPT, INVALID (no bundle), NOT_IMPLEMENTED (a newer one); all with
 * words. A release reads what its predecessors wrote.
 */
#ifndef DEPLOY_MAIN_BACKUP_BUNDLE_H
#define DEPLOY_MAIN_BACKUP_BUNDLE_H

#include "runtime/actor/seams.h"
#include "runtime/base/base.h"

#define BUNDLE_VERSION 1
#define BUNDLE_NAME_MAX 255U

struct bundle_writer;
struct bundle_reader;

/* Makes the file (0600); what was there is replaced. `passphrase` absent: not encrypted. */
MUST_USE enum status bundle_create(const struct seams_files *files, const char *path,
				   struct str passphrase, struct bundle_writer **out,
				   struct fault *why);
/* Begins a file of so many bytes; bundle_add then gives exactly these. */
MUST_USE enum status bundle_begin(struct bundle_writer *writer, struct str name,
				  uint64_t size_bytes, struct fault *why);
MUST_USE enum status bundle_add(struct bundle_writer *writer, struct str bytes, struct fault *why);
/* The end; everything is durable under its path. Frees the writer either way. */
MUST_USE enum status bundle_finish(TAKE struct bundle_writer *writer, struct fault *why);
/* Gives up: the file stays, half written, for the caller to remove. */
void bundle_drop(TAKE struct bundle_writer *writer);

MUST_USE enum status bundle_open(const struct seams_files *files, const char *path,
				 struct str passphrase, struct bundle_reader **out,
				 struct fault *why);
/* The next file in it; the one before is skipped. NOT_FOUND without words: there are no more, and the checksum holds. */
MUST_USE enum status bundle_next(struct bundle_reader *reader, char name[BUNDLE_NAME_MAX + 1],
				 uint64_t *out_size_bytes, struct fault *why);
/* Some of that file's bytes; *out_len 0 at its end. */
MUST_USE enum status bundle_read(struct bundle_reader *reader, void *at, size_t len,
				 size_t *out_len, struct fault *why);
void bundle_close(TAKE struct bundle_reader *reader); /* NULL is fine */

/* Whether it is as it was written, as far as that can be said without the passphrase. */
MUST_USE enum status bundle_check(const struct seams_files *files, const char *path,
				  bool *out_is_encrypted, struct fault *why);

#endif
