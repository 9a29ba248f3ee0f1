/*
 * A lab for the log: one on a disk in memory, and what was last found in it.
 *
 * Lives in the arena of the running test; wal_lab_free() closes what is open. Only tests/ may include this.
 */
#ifndef TESTS_UNIT_DATASTORE_LOG_WAL_WAL_LAB_H
#define TESTS_UNIT_DATASTORE_LOG_WAL_WAL_LAB_H

#include "datastore/log/wal/wal.h"
#include "tests/unit/datastore/log/disk.h"

struct wal_lab {
	struct disk *disk;
	struct seams_files files;
	struct dice dice;
	struct seams_random random;
	struct wal_config config;
	struct wal *wal;
	struct wal_found found;
	struct fault why;
};

struct wal_lab *wal_lab(void); /* nothing is open yet */
void wal_lab_free(struct wal_lab *log);
/* Closes what is open, and forgets what was found. */
void wal_lab_forget(struct wal_lab *log);
MUST_USE enum status wal_lab_open(struct wal_lab *log); /* again */
/* Writes entries [from, to] of `term`, all in one work, each of `len` bytes that tell which it is. */
MUST_USE enum status wal_lab_write(struct wal_lab *log, uint64_t from, uint64_t to, uint64_t term,
				   uint32_t len);
/* Exactly those were found. */
void wal_lab_check(const struct wal_lab *log, uint64_t first, uint32_t count, uint64_t term,
		   uint32_t len);

#endif
