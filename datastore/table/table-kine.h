/*
 * A database of kine's (k3s, MicroK8s), read: the keys that live in it, each with its latest value and revisions.
 *
 * kine keeps each change as a row of one table, its id being the revision. It is opened for reading, with what its write-ahead log holds
 * beside it; neither is changed, and whoever wrote them must have stopped. Blocks; one thread at a time.
 * Outcomes as in table.h; INVALID: it is no such database.
 */
#ifndef DATASTORE_TABLE_TABLE_KINE_H
#define DATASTORE_TABLE_TABLE_KINE_H

#include "datastore/table/table.h"

struct table_kine;

/* Checks all its pages, so that what is read then can be believed. */
MUST_USE enum status table_kine_open(const struct seams_files *files,
				     const struct seams_random *random, const char *path,
				     struct table_kine **out, struct fault *why);
void table_kine_close(TAKE struct table_kine *kine); /* NULL is fine */

uint64_t table_kine_revision(const struct table_kine *kine); /* the latest */

/*
 * Living keys in the order of their latest changes; borrowed for the call; what is not OK ends it. kine counts no versions: they are 1. A
 * lease's number is how many seconds it lasts.
 */
typedef enum status table_kine_row(void *arg, const struct table_row *row, struct fault *why);
MUST_USE enum status table_kine_each(struct table_kine *kine, table_kine_row *each, void *arg,
				     struct fault *why);

#endif
