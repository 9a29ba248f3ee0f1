/*
 * etcd's database, read: the keys that live in it, each with its latest value and revisions.
 *
 * In bbolt's bucket "key" each change stands under its revision (main and place within it, big-endian, then 't' if it deleted) as a
 * KeyValue of mvcc's protobuf; in "lease" each lease under its id. What others wrote is not trusted: CORRUPT with the place. Pure but for
 * where the bytes come from; one thread at a time. Memory: the keys, and what bolt-reader.h says.
 */
#ifndef ACTORS_ETCD_FILE_DATABASE_READER_H
#define ACTORS_ETCD_FILE_DATABASE_READER_H

#include "actors/etcd/file/bolt-reader.h"

#define DATABASE_PLACES (1U << 20) /* changes of one revision; etcd's transactions have 128 */

struct database_row {
	struct str key, value;
	uint64_t revision, create_revision, version, lease;
	uint32_t place; /* within the revision */
};

struct database_reader;

/* Reads all changes once. INVALID: this is no such file, or no database of etcd's v3. */
MUST_USE enum status database_reader_open(const struct bolt_bytes *bytes,
					  struct database_reader **out, struct fault *why);
void database_reader_close(TAKE struct database_reader *reader); /* NULL is fine */

uint64_t database_reader_bytes(const struct database_reader *reader);    /* as bolt_reader_bytes */
uint64_t database_reader_revision(const struct database_reader *reader); /* the latest */

/* Living keys in the order of their latest changes. Borrowed for the call; what is not OK ends it. */
typedef enum status database_each(void *arg, const struct database_row *row, struct fault *why);
MUST_USE enum status database_reader_each(struct database_reader *reader, database_each *each,
					  void *arg, struct fault *why);
typedef enum status database_lease(void *arg, uint64_t id, uint64_t ttl_s, struct fault *why);
MUST_USE enum status database_reader_leases(struct database_reader *reader, database_lease *each,
					    void *arg, struct fault *why);

#endif
